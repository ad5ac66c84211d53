//! The functions that ours stand in front of, found once each.

use std::ffi::{CStr, c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{clockid_t, off_t, size_t, ssize_t, timespec};

/// A variable of the process's environment, as it was given.
pub(crate) fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: the name ends with a zero, and a server does not change its environment.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

fn next(name: &CStr, found: &AtomicPtr<c_void>) -> *mut c_void {
    let known = found.load(Ordering::Relaxed);
    if !known.is_null() {
        return known;
    }
    // SAFETY: the name ends with a zero; all of them are in every C library of Linux.
    let symbol = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if symbol.is_null() {
        std::process::abort();
    }
    found.store(symbol, Ordering::Relaxed);
    symbol
}

macro_rules! real {
    ($name:literal, $type:ty) => {{
        static FOUND: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
        // SAFETY: the C library's function of this name has this type.
        unsafe { std::mem::transmute::<*mut c_void, $type>(next($name, &FOUND)) }
    }};
}

/// # Safety
/// As in the C library.
pub(crate) unsafe fn write(file: c_int, from: *const c_void, bytes: size_t) -> ssize_t {
    let real = real!(c"write", unsafe extern "C" fn(c_int, *const c_void, size_t) -> ssize_t);
    // SAFETY: the caller's.
    unsafe { real(file, from, bytes) }
}

/// # Safety
/// As in the C library.
pub(crate) unsafe fn pwrite(
    file: c_int,
    from: *const c_void,
    bytes: size_t,
    place: off_t,
) -> ssize_t {
    type Pwrite = unsafe extern "C" fn(c_int, *const c_void, size_t, off_t) -> ssize_t;
    let real = real!(c"pwrite64", Pwrite);
    // SAFETY: the caller's.
    unsafe { real(file, from, bytes, place) }
}

/// # Safety
/// As in the C library.
pub(crate) unsafe fn ftruncate(file: c_int, bytes: off_t) -> c_int {
    let real = real!(c"ftruncate64", unsafe extern "C" fn(c_int, off_t) -> c_int);
    // SAFETY: the caller's.
    unsafe { real(file, bytes) }
}

pub(crate) fn sync(file: c_int, name: &'static CStr) -> c_int {
    type Sync = unsafe extern "C" fn(c_int) -> c_int;
    let real = if name == c"fsync" { real!(c"fsync", Sync) } else { real!(c"fdatasync", Sync) };
    // SAFETY: any number may be given; one that is no file is refused.
    unsafe { real(file) }
}

/// # Safety
/// As in the C library.
pub(crate) unsafe fn clock_gettime(clock: clockid_t, into: *mut timespec) -> c_int {
    let real = real!(c"clock_gettime", unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int);
    // SAFETY: the caller's.
    unsafe { real(clock, into) }
}
