//! Loaded before all other libraries into a server under test (`LD_PRELOAD`, Linux): its disk
//! forgets, fills up and fails, and its clock jumps, as the file `RUNG_FAULTS_CONTROL` says.
//! For the crash tests only; knows no other crate. Start at the functions of the C library below.
//!
//! The control file is 16 bytes that are shared memory: what fails (`u32`), unused (`u32`), and
//! milliseconds to add to the wall clock (`i64`). Before a file below `RUNG_FAULTS_DIRECTORY` is
//! written, what was there goes to `RUNG_FAULTS_UNDO`, so that the harness can undo what was not
//! synced when the process was killed.

#![cfg(target_os = "linux")]

mod real;
mod undo;

use std::ffi::{CStr, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use libc::{clockid_t, off_t, size_t, ssize_t, timespec};

/// What the first word of the control file says.
const DISK_FULL: u32 = 1;
const SYNC_FAILS: u32 = 2;
const WRITE_FAILS: u32 = 3;
/// Says that it synced, and did not: shows that the harness sees a loss.
const SYNC_LIES: u32 = 4;

const NANOS: i64 = 1_000_000_000;

#[repr(C)]
struct Control {
    fails: AtomicU32,
    _unused: AtomicU32,
    clock_ms: AtomicI64,
}

/// The mapped control file, if the process was given one.
fn control() -> Option<&'static Control> {
    static CONTROL: OnceLock<Option<&'static Control>> = OnceLock::new();
    *CONTROL.get_or_init(|| {
        let path = real::variable(c"RUNG_FAULTS_CONTROL")?;
        // SAFETY: the path ends with a zero; the mapping lives as long as the process, is as
        // long as a page that holds the structure, and is read by atomic loads only.
        unsafe {
            let file = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
            if file < 0 {
                return None;
            }
            let bytes = size_of::<Control>();
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let mapped = libc::mmap(std::ptr::null_mut(), bytes, access, libc::MAP_SHARED, file, 0);
            (mapped != libc::MAP_FAILED).then(|| &*mapped.cast::<Control>())
        }
    })
}

fn fails() -> u32 {
    control().map_or(0, |control| control.fails.load(Ordering::Relaxed))
}

fn refuse(error: c_int) -> ssize_t {
    // SAFETY: the address of this thread's own error number.
    unsafe { *libc::__errno_location() = error };
    -1
}

/// What a write to this file is answered before it is done.
fn refused(file: c_int) -> Option<c_int> {
    let error = match fails() {
        DISK_FULL => libc::ENOSPC,
        WRITE_FAILS => libc::EIO,
        _ => return None,
    };
    undo::is_watched(file).then_some(error)
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, from: *const c_void, bytes: size_t) -> ssize_t {
    // Pipes and sockets have no place.
    // SAFETY: asks only.
    let place = unsafe { libc::lseek(file, 0, libc::SEEK_CUR) };
    if place >= 0 {
        if let Some(error) = refused(file) {
            return refuse(error);
        }
        undo::before(file, place, bytes);
    }
    // SAFETY: passed on as it came.
    unsafe { real::write(file, from, bytes) }
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    file: c_int,
    from: *const c_void,
    bytes: size_t,
    place: off_t,
) -> ssize_t {
    if let Some(error) = refused(file) {
        return refuse(error);
    }
    undo::before(file, place, bytes);
    // SAFETY: passed on as it came.
    unsafe { real::pwrite(file, from, bytes, place) }
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    file: c_int,
    from: *const c_void,
    bytes: size_t,
    place: off_t,
) -> ssize_t {
    // SAFETY: the same function where files are of 64 bits.
    unsafe { pwrite(file, from, bytes, place) }
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(file: c_int, bytes: off_t) -> c_int {
    undo::before_cut(file, bytes);
    // SAFETY: passed on as it came.
    unsafe { real::ftruncate(file, bytes) }
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(file: c_int, bytes: off_t) -> c_int {
    // SAFETY: the same function where files are of 64 bits.
    unsafe { ftruncate(file, bytes) }
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(file: c_int) -> c_int {
    sync(file, c"fsync")
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    sync(file, c"fdatasync")
}

fn sync(file: c_int, name: &'static CStr) -> c_int {
    if fails() == SYNC_FAILS && undo::is_watched(file) {
        refuse(libc::EIO);
        return -1;
    }
    let done = real::sync(file, name);
    if done == 0 && fails() != SYNC_LIES {
        undo::synced(file);
    }
    done
}

/// # Safety
/// As the function of the same name in the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, into: *mut timespec) -> c_int {
    // SAFETY: passed on as it came.
    let done = unsafe { real::clock_gettime(clock, into) };
    let ahead = control().map_or(0, |control| control.clock_ms.load(Ordering::Relaxed));
    if done == 0 && clock == libc::CLOCK_REALTIME && ahead != 0 {
        // SAFETY: the call above has filled it.
        let told = unsafe { &mut *into };
        let nanos = told.tv_nsec + ahead % 1000 * 1_000_000;
        told.tv_sec += ahead / 1000 + nanos.div_euclid(NANOS);
        told.tv_nsec = nanos.rem_euclid(NANOS);
    }
    done
}
