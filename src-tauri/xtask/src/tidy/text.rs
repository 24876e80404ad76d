//! What stands in the files: module headers, lengths, leftovers, impure calls, addresses of one machine.
//!
//! Reads line by line and relies on rustfmt's layout; it is no parser.

use std::fs;

use super::Findings;
use crate::Outcome;
use crate::workspace::Workspace;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 100;

/// Written by a program, so no rule about its shape applies.
const GENERATED: [&str; 4] = [
    "Cargo.lock",
    "package-lock.json",
    "ui/src/lib/api/contract.ts",
    "tests/fixtures/",
];

/// Crates whose sources may not reach outside, tests apart.
const PURE_FOLDERS: [&str; 6] = ["bank", "channels", "domain", "reports", "signing", "texts"];
const IMPURE_CALLS: [&str; 13] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "OsRng",
    "thread_rng",
    "SystemRandom",
    "tokio::",
];

pub(super) fn check(files: &[String], workspace: &Workspace) -> Outcome<Findings> {
    let mut findings = Findings::new();
    for file in files {
        if GENERATED.iter().any(|generated| file.contains(generated)) || is_binary(file) {
            continue;
        }
        let Ok(text) = fs::read_to_string(workspace.path(file)) else {
            findings.push(format!("{file}: is not text"));
            continue;
        };
        findings.extend(lengths(file, &text));
        findings.extend(leftovers(file, &text));
        if file.ends_with(".rs") {
            findings.extend(rust(file, &text));
        }
    }
    Ok(findings)
}

fn is_binary(file: &str) -> bool {
    [
        ".png", ".ico", ".woff2", ".wav", ".ogg", ".db", ".zip", ".gz", ".der", ".p12",
    ]
    .iter()
    .any(|end| file.ends_with(end))
}

fn lengths(file: &str, text: &str) -> Findings {
    let is_code = [".rs", ".ts", ".svelte", ".mjs", ".css", ".py"]
        .iter()
        .any(|end| file.ends_with(end));
    let count = text.lines().count();
    if is_code && count > FILE_LINES_MAX {
        return vec![format!(
            "{file}: {count} lines, {FILE_LINES_MAX} are allowed"
        )];
    }
    Findings::new()
}

/// The words are put together here so that this file does not find itself.
fn leftovers(file: &str, text: &str) -> Findings {
    let machine = ["/wo", "rk/"].concat();
    let home = ["/ro", "ot/"].concat();
    let words = [
        ["FIX", "ME"].concat(),
        ["XX", "X:"].concat(),
        ["#[ig", "nore"].concat(),
        ["should_", "panic"].concat(),
    ];
    let only = [
        ["it.on", "ly("].concat(),
        ["test.on", "ly("].concat(),
        ["describe.on", "ly("].concat(),
    ];
    let mut findings = Findings::new();
    for (index, line) in text.lines().enumerate() {
        let at = index + 1;
        for word in &words {
            if line.contains(word.as_str()) {
                findings.push(format!("{file}:{at}: `{word}` is left over"));
            }
        }
        if only.iter().any(|word| line.contains(word.as_str())) {
            findings.push(format!(
                "{file}:{at}: one test keeps the others from running"
            ));
        }
        if line.contains(&machine) || line.contains(&home) {
            findings.push(format!("{file}:{at}: names a folder of one machine"));
        }
    }
    findings
}

fn rust(file: &str, text: &str) -> Findings {
    let mut findings = Findings::new();
    if !text.starts_with("//!") {
        findings.push(format!("{file}: does not begin with `//!`"));
    }
    findings.extend(functions(file, text));
    let is_pure = PURE_FOLDERS
        .iter()
        .any(|folder| file.starts_with(&format!("src-tauri/crates/{folder}/src/")));
    if is_pure && !file.ends_with("tests.rs") && !file.contains("/tests/") {
        findings.extend(impure_calls(file, text, &IMPURE_CALLS));
    }
    // The other side of the wire takes fresh keys from the library the product signs with, and nothing done with keys.
    if file.starts_with("src-tauri/crates/sandbox/src/") {
        for (index, line) in text.lines().enumerate() {
            if line.contains("aws_lc_rs::")
                && !line.contains("aws_lc_rs::rsa::{KeyPair, KeySize}")
                && !line.contains("aws_lc_rs::encoding")
            {
                findings.push(format!(
                    "{file}:{}: the sandbox signs with another library than the product",
                    index + 1
                ));
            }
        }
    }
    findings
}

fn impure_calls(file: &str, text: &str, calls: &[&str]) -> Findings {
    let product = text
        .find("#[cfg(test)]")
        .and_then(|end| text.get(..end))
        .unwrap_or(text);
    let mut findings = Findings::new();
    for (index, line) in product.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for call in calls {
            // An RSA signature by PKCS #1 v1.5 draws nothing; the library asks for a source all the same.
            let is_signature = file.contains("/signing/") && *call == "SystemRandom";
            if code.contains(call) && !is_signature {
                findings.push(format!("{file}:{}: `{call}` in a pure crate", index + 1));
            }
        }
    }
    findings
}

/// rustfmt closes a function on a line of its own, as far in as it began.
fn functions(file: &str, text: &str) -> Findings {
    let mut findings = Findings::new();
    let mut open: Option<(usize, String, String)> = None;
    for (index, line) in text.lines().enumerate() {
        if let Some((start, close, name)) = &open {
            // Only a signature without a body ends its parameters with a semicolon.
            if line.ends_with(';') && line.starts_with(&format!("{})", close.trim_end_matches('}')))
            {
                open = None;
            } else if line == close {
                let count = index - start + 1;
                if count > FUNCTION_LINES_MAX {
                    findings.push(format!(
                        "{file}:{}: {name} has {count} lines, {FUNCTION_LINES_MAX} are allowed",
                        start + 1
                    ));
                }
                open = None;
            }
            continue;
        }
        if let Some(name) = function_name(line)
            && !line.ends_with('}')
            && !line.ends_with(';')
        {
            let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
            open = Some((index, format!("{indent}}}"), name));
        }
    }
    findings
}

fn function_name(line: &str) -> Option<String> {
    let code = line.trim_start();
    let (before, after) = code.split_once("fn ")?;
    let is_start = before.split_whitespace().all(|word| {
        matches!(word, "async" | "const" | "extern" | "pub" | "unsafe") || word.starts_with("pub(")
    });
    is_start.then(|| {
        after
            .split(['(', '<'])
            .next()
            .unwrap_or_default()
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_function_is_found_and_a_long_file_too() {
        let body = "        call();\n".repeat(FUNCTION_LINES_MAX);
        let text = format!(
            "impl X {{\n    pub(crate) async fn long(\n        &self,\n    ) {{\n{body}    }}\n}}\n"
        );
        assert_eq!(functions("x.rs", &text).len(), 1);
        assert_eq!(
            functions("x.rs", "fn short() {\n    call();\n}\nfn next() {}\n").len(),
            0
        );
        assert_eq!(lengths("x.rs", &"a\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
        assert_eq!(lengths("x.md", &"a\n".repeat(FILE_LINES_MAX + 1)).len(), 0);
    }

    #[test]
    fn a_module_without_its_header_is_found() {
        assert_eq!(rust("a.rs", "use x;\n").len(), 1);
        assert_eq!(rust("a.rs", "//! Owns x.\nuse x;\n").len(), 0);
    }

    #[test]
    fn a_pure_crate_that_asks_for_the_time_is_found() {
        let file = "src-tauri/crates/domain/src/a.rs";
        assert_eq!(rust(file, "//! A.\nfn a() { Instant::now(); }\n").len(), 1);
        assert_eq!(
            rust(
                file,
                "//! A.\n// never Instant::now\n#[cfg(test)]\nmod t { use std::fs; }\n"
            )
            .len(),
            0
        );
        assert_eq!(
            rust("src-tauri/crates/host/src/a.rs", "//! A.\nuse std::fs;\n").len(),
            0
        );
    }

    #[test]
    fn the_sandbox_may_not_sign_with_the_products_library() {
        let file = "src-tauri/crates/sandbox/src/a.rs";
        assert_eq!(rust(file, "//! A.\nuse aws_lc_rs::signature;\n").len(), 1);
        let fresh = "//! A.\nuse aws_lc_rs::rsa::{KeyPair, KeySize};\n";
        assert_eq!(rust(file, fresh).len(), 0);
    }

    #[test]
    fn a_leftover_is_found() {
        let line = ["#[ig", "nore]"].concat();
        assert_eq!(leftovers("a.rs", &line).len(), 1);
        assert_eq!(leftovers("a.ts", &["it.on", "ly('x')"].concat()).len(), 1);
        assert_eq!(leftovers("a.md", &["see /wo", "rk/x"].concat()).len(), 1);
        assert_eq!(leftovers("a.md", "fine").len(), 0);
    }
}
