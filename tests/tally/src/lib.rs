//! What one run of one proof came to, as a JSON file: numbers with names, and nothing that was not counted.
//!
//! Every proof takes `--tally FILE`; `cargo xtask report` puts the files together. The commit is told by whoever
//! started the run through `PAYDESK_COMMIT`; it is never guessed.
#![allow(
    clippy::disallowed_methods,
    reason = "the date of a run is part of what it says"
)]

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The format of these files.
const FORMAT: u32 = 1;

/// Where the commit of a run is told.
pub const COMMIT_VARIABLE: &str = "PAYDESK_COMMIT";

/// One run of one proof.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Tally {
    /// The version of this format.
    pub format: u32,
    /// `days`, `images`, `mutants`, `model`, `hostile`, `fuzz`, `kills`, `soak`, `restart`.
    pub part: String,
    /// What to type to repeat it.
    pub command: String,
    /// The commit it was built from, `unknown` where nobody told.
    pub commit: String,
    /// UTC, `2026-11-21`.
    pub date: String,
    /// How long it ran.
    pub seconds: f64,
    /// Whether nothing was violated and no goal was missed.
    pub passed: bool,
    /// Single numbers: `kills`, `calls`, `p99_begin_ms`.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
    /// Numbers by name: `by_phase`, `by_fault`.
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, f64>>,
    /// Numbers by two names: a state and an event, a phase and a fault.
    #[serde(default)]
    pub grids: BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>,
    /// What cannot be said by one number, by name.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// What was violated, in words.
    #[serde(default)]
    pub violations: Vec<String>,
}

/// A whole number as JSON's only kind; exact below 2^53.
#[must_use]
#[allow(clippy::as_conversions, reason = "no count here comes near 2^53")]
pub fn number(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

impl Tally {
    /// A run of this part that has counted nothing yet.
    #[must_use]
    pub fn new(part: &str, command: &str) -> Self {
        let commit = std::env::var(COMMIT_VARIABLE);
        Self {
            format: FORMAT,
            part: part.to_owned(),
            command: command.to_owned(),
            commit: commit.unwrap_or_else(|_| "unknown".to_owned()),
            date: date_of(SystemTime::now()),
            ..Self::default()
        }
    }

    /// With a single number.
    pub fn figure(&mut self, name: &str, figure: f64) -> &mut Self {
        self.figures.insert(name.to_owned(), figure);
        self
    }

    /// With a single whole number.
    pub fn count(&mut self, name: &str, count: impl TryInto<u64>) -> &mut Self {
        self.figure(name, number(count))
    }

    /// With one number of a table.
    pub fn row(&mut self, table: &str, name: &str, figure: f64) -> &mut Self {
        let rows = self.tables.entry(table.to_owned()).or_default();
        rows.insert(name.to_owned(), figure);
        self
    }

    /// With one number of a grid.
    pub fn cell(&mut self, grid: &str, row: &str, column: &str, figure: f64) -> &mut Self {
        let rows = self.grids.entry(grid.to_owned()).or_default();
        let cells = rows.entry(row.to_owned()).or_default();
        cells.insert(column.to_owned(), figure);
        self
    }

    /// Closes the run.
    pub fn end(&mut self, took: Duration, passed: bool) -> &mut Self {
        self.seconds = took.as_secs_f64();
        self.passed = passed;
        self
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it cannot be read, or is of another format.
    pub fn read(file: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let tally: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if tally.format == FORMAT {
            Ok(tally)
        } else {
            Err(wrong(format!("is of format {}", tally.format)))
        }
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| wrong(&error))?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
        }
        let new = file.with_extension("new");
        std::fs::write(&new, text + "\n").map_err(|error| wrong(&error))?;
        std::fs::rename(&new, file).map_err(|error| wrong(&error))
    }
}

/// The UTC day of a moment (Howard Hinnant's `civil_from_days`).
fn date_of(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_219_200, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date_of(UNIX_EPOCH + Duration::from_secs(seconds)), day);
        }
    }

    #[test]
    fn a_tally_comes_back_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("paydesk-tally-{}", std::process::id()));
        let file = folder.join("kills.json");
        let mut tally = Tally::new("kills", "cargo xtask kills");
        tally
            .count("kills", 200_u32)
            .row("by_phase", "before begin", 30.0)
            .cell("by_phase_and_fault", "before begin", "none", 3.0)
            .end(Duration::from_millis(1_500), true);
        tally.write(&file).unwrap();
        assert_eq!(Tally::read(&file).unwrap(), tally);
        std::fs::write(&file, r#"{"format":9}"#).unwrap();
        assert!(Tally::read(&file).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
