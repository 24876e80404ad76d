//! Licences and sources of what is built in, and the lock files.
//!
//! The answer is read from the packages' own manifests; a licence that is not on the list needs a person.

use std::fs;

use serde_json::Value;

use super::{Findings, items_of, text_of};
use crate::Outcome;
use crate::workspace::Workspace;

const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Zlib",
];

/// The one place Rust packages come from.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(metadata: &Value, workspace: &Workspace) -> Outcome<Findings> {
    let mut findings = Findings::new();
    for package in items_of(metadata, "packages") {
        let name = text_of(package, "name");
        let source = text_of(package, "source");
        if !source.is_empty() && source != SOURCE {
            findings.push(format!("{name}: comes from {source}"));
        }
        let licence = text_of(package, "license");
        if !is_allowed(licence) {
            findings.push(format!("{name}: licence `{licence}` is not on the list"));
        }
    }
    let lock = fs::read_to_string(workspace.path("Cargo.lock"))?;
    for line in lock.lines() {
        if let Some(source) = line.strip_prefix("source = ")
            && source.trim_matches('"') != SOURCE
        {
            findings.push(format!("Cargo.lock: {line}"));
        }
    }
    for folder in ["ui", "tests/e2e", "tests/conformance"] {
        findings.extend(npm_lock(workspace, folder));
    }
    Ok(findings)
}

/// An npm lock names versions and digests, never the address of one download.
fn npm_lock(workspace: &Workspace, folder: &str) -> Findings {
    let path = format!("{folder}/package-lock.json");
    let Ok(lock) = fs::read_to_string(workspace.path(&path)) else {
        return Findings::new();
    };
    lock.lines()
        .enumerate()
        .filter(|(_, line)| line.contains("\"resolved\"") || line.contains("git+"))
        .map(|(index, _)| format!("{path}:{}: names a download address", index + 1))
        .collect()
}

/// Whether an SPDX expression can be met with licences of the list. `/` is the old way to write OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest) && rest.is_empty()
}

fn either(words: &mut &[&str]) -> bool {
    let mut holds = both(words);
    while take(words, "OR") {
        let other = both(words);
        holds = holds || other;
    }
    holds
}

fn both(words: &mut &[&str]) -> bool {
    let mut holds = one(words);
    while take(words, "AND") {
        let other = one(words);
        holds = holds && other;
    }
    holds
}

fn one(words: &mut &[&str]) -> bool {
    if take(words, "(") {
        let holds = either(words);
        return take(words, ")") && holds;
    }
    let Some((name, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    let mut licence = (*name).to_owned();
    if take(words, "WITH")
        && let Some((exception, rest)) = words.split_first()
    {
        licence = format!("{licence} WITH {exception}");
        *words = rest;
    }
    ALLOWED.contains(&licence.as_str())
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: bool) {
        assert_eq!(is_allowed(expression), expected, "{expression}");
    }

    #[test]
    fn an_expression_holds_when_some_choice_is_on_the_list() {
        check("MIT OR Apache-2.0", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0 OR MIT", true);
        check("GPL-3.0 AND MIT", false);
        check("ISC AND (Apache-2.0 OR ISC) AND OpenSSL", true);
        check("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true);
        check("Apache-2.0 WITH Other-exception", false);
        check("", false);
        check("(MIT", false);
    }
}
