//! Reads the codes out of the wire references' tables; both this crate's tests and those of the whole
//! stack ask for them. It must never hold a list of its own.

use std::{collections::BTreeSet, path::PathBuf};

pub(crate) fn protocol(name: &str) -> Option<String> {
    shared_file("protocols", name)
}

#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "asks its caller where the shared folder is"
)]
pub(crate) fn shared_file(folder: &str, name: &str) -> Option<String> {
    let asked = std::env::var("PAYDESK_SHARED").ok();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = asked
        .as_ref()
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    let text = std::fs::read_to_string(shared.join(folder).join(name)).ok();
    if text.is_none() {
        assert!(
            asked.is_none(),
            "PAYDESK_SHARED is set, but {name} is not there"
        );
        eprintln!("skipped: no shared data ({name})");
    }
    text
}

/// The rows of the tables whose first title is `title`, as cells.
pub(crate) fn rows<'t>(text: &'t str, title: &str) -> Vec<Vec<&'t str>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(line) = line.strip_prefix('|') else {
            inside = false;
            continue;
        };
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells[0].split(' ').next() == Some(title) {
            inside = true;
        } else if inside && !cells[0].starts_with("---") {
            found.push(cells);
        }
    }
    found
}

/// Words of capitals with `_`, or of eight capitals and more; what is left out of a code is filled in from
/// the one before it: `BEYOND_X (`_DAY_`)`, `A_DAY_LIMIT, …_MONTH_LIMIT`.
fn capitals(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '…')));
    for word in words {
        let bare = word.trim_start_matches('…');
        let capital = bare
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
        let long = bare.contains('_') || bare.len() >= 8;
        if !capital || !long || !bare.bytes().any(|b| b.is_ascii_uppercase()) {
            continue;
        }
        let before = found.last().cloned().unwrap_or_default();
        if bare.starts_with('_') && bare.ends_with('_') {
            let base = before.replace("_DAY_", "_");
            let (head, tail) = base.rsplit_once('_').unwrap();
            found.push(format!("{head}{bare}{tail}"));
        } else if word.starts_with('…') {
            let parts: Vec<&str> = before.split('_').collect();
            let kept = parts.len() - bare.matches('_').count();
            found.push(format!("{}{bare}", parts[..kept].join("_")));
        } else {
            found.push(bare.to_owned());
        }
    }
    found
}

/// Codes with a lower-case prefix, and those after them that only name what is different: `-app-id`.
fn dotted(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
    for word in words {
        let known = ["isv.", "isp.", "aop."]
            .iter()
            .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len());
        if known && !word.contains("ACQ") {
            found.push(word.trim_end_matches('.').to_owned());
        } else if word.starts_with('-') && word.len() > 2 && !word.starts_with("--") {
            // `-signature` after `isv.missing-method`.
            let before = found.last().cloned().unwrap_or_default();
            if let Some((head, _)) = before.split_once('-') {
                found.push(format!("{head}{word}"));
            }
        }
    }
    found
}

pub(crate) fn alipay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for row in rows(text, "code") {
        codes.insert(row[0].to_owned());
        codes.extend(dotted(row[2]));
    }
    for row in rows(text, "sub_code") {
        codes.extend(capitals(row[0]));
    }
    for line in text.lines() {
        if let Some((_, codes_of_call)) = line.split_once("Errors: ") {
            codes.extend(capitals(codes_of_call));
        }
        if let Some((_, of_bills)) = line.split_once("Sub codes seen live: ") {
            codes.extend(dotted(of_bills));
            let documented = of_bills.split_once("documented: ").unwrap().1;
            codes.extend(capitals(documented.split_once("Sandbox").unwrap().0));
        }
        if line.starts_with("Cert-mode errors") || line.contains("isv.missing-encrypt-type") {
            codes.extend(dotted(line));
        }
        for (at, _) in line.match_indices("`ACQ.") {
            let code = line[at + 5..].split(['`', ' ']).next().unwrap();
            if !code.ends_with('*') && !code.is_empty() {
                codes.insert(code.to_owned());
            }
        }
    }
    // The reference's own mark for what is not proved.
    codes.remove("UNVERIFIED");
    codes
}

/// Stripe's codes: words in small letters with `_`. The table of errors has them behind `code` and its like, in
/// brackets; refund reasons stand in the row of `failed`; the declines in a table of their own.
pub(crate) fn stripe(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
            .filter(|word| word.len() > 4)
            .map(str::to_owned)
            .collect()
    };
    let section = |title: &str| {
        let from = text.find(title).unwrap();
        let rest = &text[from + title.len()..];
        &rest[..rest.find("\n## ").unwrap_or(rest.len())]
    };
    let errors = section("## 5. Errors");
    for line in errors.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells[1] == "HTTP" || cells[2].is_empty() {
            continue;
        }
        // What is said of a code in plain words is none.
        let plain = [
            "external",
            "dependency",
            "failed",
            "permission",
            "restricted",
            "expired",
        ];
        let found = words(cells[2]);
        codes.extend(found.into_iter().filter(|word| {
            (word.contains('_') || word.as_str() == "incorrect") && !plain.contains(&word.as_str())
        }));
    }
    for title in ["`type` values:", "Refund-related codes:", "Terminal codes:"] {
        let rest = &errors[errors.find(title).unwrap() + title.len()..];
        codes.extend(words(rest.split('.').next().unwrap()));
    }
    codes.remove("decline_code");
    let refunds = section("## 9. Refunds");
    let failed = refunds
        .lines()
        .find(|line| line.starts_with("| failed"))
        .unwrap();
    let reasons = failed.split_once("`failure_reason` ").unwrap().1;
    let reasons = reasons.split(';').next().unwrap();
    codes.extend(
        words(reasons)
            .into_iter()
            .map(|word| format!("refund.{word}")),
    );
    for line in section("## 17. Decline handling").lines() {
        let first = line.trim_start_matches('|').split('|').next().unwrap();
        if line.starts_with("| ") && !first.contains("decline_code") {
            codes.extend(words(first));
        }
    }
    codes
}

/// Two columns of codes side by side, some as `61-66` or `98 / 99`.
pub(crate) fn unionpay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let is_code = |word: &&str| word.len() == 2 && word.ends_with(|c: char| c.is_ascii_digit());
    let columns = rows(text, "code").into_iter();
    for row in columns.filter(|row| row.len() == 5) {
        for cell in [row[0], row[2]] {
            for part in cell.split(" / ") {
                match part.split_once('-') {
                    Some((first, last)) => {
                        let (first, last): (u8, u8) =
                            (first.parse().unwrap(), last.parse().unwrap());
                        codes.extend((first..=last).map(|code| format!("{code:02}")));
                    }
                    None => codes.extend(part.split([' ', '(']).filter(is_code).map(str::to_owned)),
                }
            }
        }
    }
    codes
}

pub(crate) fn wechatpay(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for row in rows(text, "HTTP") {
        codes.extend(capitals(row[1]));
    }
    for row in rows(text, "Item") {
        if row[0] == "err_code" {
            codes.extend(capitals(row[1]));
        }
    }
    for line in text.lines() {
        if let Some((_, codes_of_call)) = line.split_once("Errors: ") {
            codes.extend(capitals(codes_of_call));
        }
    }
    // The older spelling that the table gives as an example.
    codes.insert("ORDERPAID".to_owned());
    codes
}
