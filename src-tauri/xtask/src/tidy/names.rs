//! Which files may lie where: the fixed top level, a README per crate, provenance per fixture folder.
//!
//! Reads names only, never contents.

use std::collections::BTreeSet;

use super::Findings;
use crate::Outcome;
use crate::workspace::Workspace;

/// What the top level holds; everything else there must begin with a dot.
const TOP_LEVEL: [&str; 9] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "icons",
    "src-tauri",
    "tests",
    "ui",
];

pub(super) fn check(files: &[String], workspace: &Workspace) -> Outcome<Findings> {
    let mut findings = top_level(files);
    findings.extend(fixtures(files));
    for file in files {
        if let Some(folder) = file.strip_suffix("/Cargo.toml")
            && folder.starts_with("src-tauri/crates/")
            && !workspace.path(&format!("{folder}/README.md")).is_file()
        {
            findings.push(format!("{folder}: has no README.md"));
        }
    }
    Ok(findings)
}

fn top_level(files: &[String]) -> Findings {
    let names: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.split('/').next())
        .collect();
    names
        .into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .map(|name| format!("{name}: does not belong to the top level"))
        .collect()
}

fn fixtures(files: &[String]) -> Findings {
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.strip_prefix("tests/fixtures/"))
        .filter_map(|file| file.split_once('/').map(|(folder, _)| folder))
        .collect();
    folders
        .into_iter()
        .filter(|folder| {
            !files
                .iter()
                .any(|file| *file == format!("tests/fixtures/{folder}/PROVENANCE.md"))
        })
        .map(|folder| format!("tests/fixtures/{folder}: has no PROVENANCE.md"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_stranger_at_the_top_level_is_found() {
        assert!(top_level(&owned(&["README.md", "ui/src/main.ts", ".ci/run"])).is_empty());
        assert_eq!(top_level(&owned(&["notes.md"])).len(), 1);
    }

    #[test]
    fn a_fixture_folder_says_where_it_comes_from() {
        assert!(
            fixtures(&owned(&[
                "tests/fixtures/a/x.json",
                "tests/fixtures/a/PROVENANCE.md"
            ]))
            .is_empty()
        );
        assert_eq!(fixtures(&owned(&["tests/fixtures/a/x.json"])).len(), 1);
    }
}
