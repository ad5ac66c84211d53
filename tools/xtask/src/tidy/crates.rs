//! Rooms and the arrows between them: `pure ← foundations ← storage, services ← server`; tools
//! may see everything. A wing depends on no other wing.

use std::collections::BTreeMap;

use super::{Finding, Source};

/// The crates a room may lean on, by their room.
fn allowed(room: &str) -> &'static [&'static str] {
    match room {
        "pure" => &["pure"],
        "foundations" | "storage" | "services" => &["pure", "foundations"],
        "server" => &["pure", "foundations", "storage", "services", "server"],
        "tools" => &["pure", "foundations", "storage", "services", "server", "tools"],
        _ => &[],
    }
}

struct Manifest<'a> {
    source: &'a Source,
    room: String,
    folder: String,
}

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let manifests: Vec<Manifest<'_>> = sources.iter().filter_map(manifest).collect();
    let rooms: BTreeMap<&str, &str> =
        manifests.iter().map(|found| (found.folder.as_str(), found.room.as_str())).collect();
    for manifest in &manifests {
        name_is_folder(manifest, findings);
        lints_are_ours(manifest, findings);
        arrows(manifest, &rooms, findings);
    }
}

fn manifest(source: &Source) -> Option<Manifest<'_>> {
    let mut parts = source.path.iter().map(|part| part.to_string_lossy().into_owned());
    let (room, folder, file) = (parts.next()?, parts.next()?, parts.next()?);
    (file == "Cargo.toml").then_some(Manifest { source, room, folder })
}

fn name_is_folder(manifest: &Manifest<'_>, findings: &mut Vec<Finding>) {
    let wanted = format!("name = \"{}\"", manifest.folder);
    if !manifest.source.text.lines().any(|line| line.trim() == wanted) {
        let message = format!("the crate is not named like its folder, `{}`", manifest.folder);
        findings.push(Finding::new(&manifest.source.path, 0, message));
    }
}

fn lints_are_ours(manifest: &Manifest<'_>, findings: &mut Vec<Finding>) {
    // It replaces functions of the C library, which the workspace's lints forbid.
    if manifest.folder == "faults" {
        return;
    }
    if !manifest.source.text.contains("[lints]\nworkspace = true") {
        let message = "without `[lints] workspace = true` the lints do not reach this crate";
        findings.push(Finding::new(&manifest.source.path, 0, message));
    }
}

fn arrows(manifest: &Manifest<'_>, rooms: &BTreeMap<&str, &str>, findings: &mut Vec<Finding>) {
    for (line, dependency) in dependencies(&manifest.source.text) {
        let Some(room) = rooms.get(dependency) else { continue };
        if !allowed(&manifest.room).contains(room) {
            let message = format!(
                "`{}` ({}) may not depend on `{dependency}` ({room})",
                manifest.folder, manifest.room
            );
            findings.push(Finding::new(&manifest.source.path, line, message));
        }
    }
}

/// The name and line of every dependency in a manifest.
pub(super) fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header.ends_with("dependencies");
            if let Some((_, name)) = header.split_once("dependencies.") {
                found.push((index + 1, name));
            }
        } else if inside
            && !line.starts_with('#')
            && let Some(name) = line.split(['.', '=', ' ']).next()
            && !name.is_empty()
        {
            found.push((index + 1, name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Finding, Source, check};

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, rest)| {
                let folder = path.split('/').nth(1).unwrap();
                let text = format!(
                    "[package]\nname = \"{folder}\"\n[lints]\nworkspace = true\n\
                     [dependencies]\n{rest}"
                );
                Source { path: path.into(), text }
            })
            .collect();
        let mut found: Vec<Finding> = Vec::new();
        check(&sources, &mut found);
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn arrows_go_one_way() {
        let tree = |room: &'static str, dependency: &'static str| {
            findings(&[
                ("pure/asl/Cargo.toml", ""),
                ("foundations/store/Cargo.toml", ""),
                ("storage/sqlite/Cargo.toml", ""),
                ("services/functions/Cargo.toml", ""),
                (room, dependency),
            ])
        };
        let rows = [
            ("pure/workflow/Cargo.toml", "asl.workspace = true", true),
            ("pure/workflow/Cargo.toml", "store.workspace = true", false),
            ("foundations/wire/Cargo.toml", "store = { path = \"x\" }", true),
            ("foundations/wire/Cargo.toml", "sqlite.workspace = true", false),
            ("services/stepfunctions/Cargo.toml", "functions.workspace = true", false),
            ("services/stepfunctions/Cargo.toml", "[dev-dependencies]\nsqlite = \"1\"", false),
            ("services/stepfunctions/Cargo.toml", "[dependencies.functions]", false),
            ("server/rung/Cargo.toml", "functions.workspace = true", true),
            ("tools/bench/Cargo.toml", "sqlite.workspace = true", true),
        ];
        for (manifest, dependency, fine) in rows {
            let found = tree(manifest, dependency);
            assert_eq!(found.is_empty(), fine, "{manifest} {dependency}: {found:?}");
        }
    }
}
