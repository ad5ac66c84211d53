//! Test files: those that are named, and those in folders.

use std::path::{Path, PathBuf};

use crate::trouble::Trouble;

const ENDINGS: [&str; 3] = [".test.yaml", ".test.yml", ".test.json"];
/// AWS's name for its mock configuration.
const MOCK_CONFIG: &str = "MockConfigFile.json";
/// Folders that hold what is installed or built.
const SKIPPED: [&str; 3] = ["node_modules", "target", "__pycache__"];
const DEPTH_MAX: usize = 12;
const ENTRIES_MAX: usize = 100_000;

/// The files to run, in order; none is an error.
pub(super) fn files(places: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let mut found = Vec::new();
    let mut entries = 0;
    for place in places {
        if place.is_dir() {
            walk(place, 0, &mut entries, &mut found)?;
        } else if place.is_file() {
            found.push(place.clone());
        } else {
            return Err(Trouble::new(format!("there is no `{}`", place.display())));
        }
    }
    if found.is_empty() {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        return Err(Trouble::new(format!("no test files in {}", places.join(", "))).remedy(
            "write one named like `orders.test.yaml`; docs/how-to/test-a-workflow.md shows how",
        ));
    }
    found.dedup();
    Ok(found)
}

fn walk(
    folder: &Path,
    depth: usize,
    entries: &mut usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), Trouble> {
    let refuse = |error: std::io::Error| {
        Trouble::new(format!("cannot read the folder `{}`: {error}", folder.display()))
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refuse)? {
        paths.push(entry.map_err(refuse)?.path());
        *entries += 1;
        if *entries > ENTRIES_MAX {
            return Err(Trouble::new(format!("more than {ENTRIES_MAX} files to look at"))
                .remedy("name a folder with tests, or the test files themselves"));
        }
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if path.is_dir() && !path.is_symlink() {
            if depth < DEPTH_MAX && !name.starts_with('.') && !SKIPPED.contains(&name) {
                walk(&path, depth + 1, entries, found)?;
            }
        } else if is_suite(&path) || name == MOCK_CONFIG {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file's name is that of a test file of ours.
pub(super) fn is_suite(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
