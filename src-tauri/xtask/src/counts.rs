//! Reads how many tests a runner ran from the runner's own closing lines.
//!
//! Never counts a test that no runner reported.

use std::ops::AddAssign;

/// Tests by how they ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Adds up the closing lines of cargo test, nextest, Vitest, node's runner and our own programs.
pub(crate) fn read(output: &str) -> Counts {
    let mut total = Counts::default();
    for line in output.lines() {
        if let Some(counts) = closing_line(&without_colours(line)) {
            total += counts;
        }
    }
    total
}

fn closing_line(line: &str) -> Option<Counts> {
    let line = line.trim();
    // node: `ℹ pass 5` and `ℹ fail 0`, one line each.
    if let Some(rest) = line.strip_prefix("ℹ pass ") {
        return Some(Counts {
            passed: rest.parse().ok()?,
            failed: 0,
        });
    }
    if let Some(rest) = line.strip_prefix("ℹ fail ") {
        return Some(Counts {
            passed: 0,
            failed: rest.parse().ok()?,
        });
    }
    let is_cargo = line.starts_with("test result:");
    let is_nextest = line.starts_with("Summary [");
    // Vitest: `Tests  1 failed | 12 passed (13)`; its `Test Files` line counts files.
    let is_vitest = line.starts_with("Tests ") && line.ends_with(')');
    let is_plain = line.split(", ").all(|part| {
        matches!(part.split_once(' '), Some((count, "passed" | "failed" | "skipped")) if count.parse::<u64>().is_ok())
    });
    (is_cargo || is_nextest || is_vitest || is_plain).then(|| Counts {
        passed: before(line, "passed"),
        failed: before(line, "failed"),
    })
}

/// The number that stands before a word, 0 where the word is missing.
fn before(line: &str, word: &str) -> u64 {
    let mut previous = "";
    for part in line
        .split([' ', ',', ';', '|', '('])
        .filter(|part| !part.is_empty())
    {
        if part == word {
            return previous.parse().unwrap_or(0);
        }
        previous = part;
    }
    0
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // An escape sequence of colours ends at its first letter.
            for escaped in letters.by_ref() {
                if escaped.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, passed: u64, failed: u64) {
        assert_eq!(read(line), Counts { passed, failed }, "{line}");
    }

    #[test]
    fn each_runner_is_read_by_its_own_closing_line() {
        check(
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            12,
            0,
        );
        check(
            "     Summary [   0.512s] 30 tests run: 29 passed, 1 failed, 0 skipped",
            29,
            1,
        );
        check(
            "     Summary [   0.512s] 2/30 tests run: 1 passed (1 slow), 1 failed, 0 skipped",
            1,
            1,
        );
        check(
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m | \u{1b}[32m12 passed\u{1b}[39m (13)",
            12,
            1,
        );
        check("ℹ pass 5\nℹ fail 2", 5, 2);
        check("7 passed, 1 failed", 7, 1);
    }

    #[test]
    fn other_lines_count_nothing() {
        check(" Test Files  2 passed (2)", 0, 0);
        check("test payments::paid_twice ... ok", 0, 0);
        check("3 passed the gate", 0, 0);
        check("", 0, 0);
    }
}
