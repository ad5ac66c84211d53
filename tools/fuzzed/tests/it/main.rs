//! Every input that ever broke something, and the seeds: replayed without a fuzzer.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuzzed::{TARGETS, Target};

/// Some times what the slowest body may take, on a machine that does much else.
const ONE_INPUT_MAX: Duration = Duration::from_secs(60);

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Runs the files of a target and gives those that broke.
fn broken(kind: &str, target: &Target) -> Vec<PathBuf> {
    let fails = |file: &PathBuf| {
        let data = std::fs::read(file).expect("a file that was listed");
        let begin = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&data)));
        outcome.is_err() || begin.elapsed() > ONE_INPUT_MAX
    };
    files(&folder(kind).join(target.name)).into_iter().filter(fails).collect()
}

#[test]
fn what_once_broke_holds() {
    let broken: Vec<_> = TARGETS.iter().flat_map(|target| broken("regressions", target)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn seeds_run() {
    let broken: Vec<_> = TARGETS.iter().flat_map(|target| broken("seeds", target)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A folder or a binary that no target has would be forgotten; so would a target without them.
#[test]
fn folders_and_binaries_are_those_of_targets() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let stems = |folder: &Path| -> BTreeSet<String> {
        let files = files(folder);
        files.iter().map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(stems(&folder("seeds")), names);
    assert_eq!(stems(&folder("../fuzz/fuzz_targets")), names);
    assert!(stems(&folder("regressions")).is_subset(&names));
}
