//! The recorded cases and real definitions, which live beside the repository, not in it.

use std::path::PathBuf;

use anyhow::bail;

/// Names another place for them.
const PLACE: &str = "RUNG_SHARED";
/// Set where their absence is a failure.
const REQUIRED: &str = "RUNG_REQUIRE_SHARED";

/// The folder, or `None` (said in one line) where it may be absent and is.
pub(crate) fn folder() -> anyhow::Result<Option<PathBuf>> {
    let place = match std::env::var_os(PLACE) {
        Some(place) => PathBuf::from(place),
        None => crate::tree::root().join("../shared"),
    };
    if place.join("conformance/step-functions/run_sfn_cases.py").is_file() {
        return Ok(Some(place.canonicalize()?));
    }
    if std::env::var_os(REQUIRED).is_some_and(|value| value != "0" && !value.is_empty()) {
        bail!("no recorded cases at {} and {REQUIRED} is set", place.display());
    }
    println!("skipped: no recorded cases at {} ({PLACE} names another place)", place.display());
    Ok(None)
}
