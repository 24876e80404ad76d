//! Which movements of a statement were told before. Two files may overlap; no movement counts twice, and none that
//! was told once is lost because another looks like it.

use crate::ports::{KeptLine, KeptStatement, LineName};
use jiff::civil::Date;
use paydesk_domain::{BankLine, BankStatement};
use std::collections::{BTreeMap, HashMap};

/// What is said of one line of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineVerdict {
    /// A movement of a running day: a final statement tells it again and counts then.
    Running,
    /// A movement that no statement told before.
    New,
    /// An earlier statement told the same movement.
    ToldBefore(LineName),
    /// A movement of a running day that a final statement tells.
    ToldFinally(i64),
}

impl LineVerdict {
    /// The line that told it before.
    #[must_use]
    pub fn told_before(self) -> Option<LineName> {
        match self {
            LineVerdict::ToldBefore(name) => Some(name),
            LineVerdict::Running | LineVerdict::New | LineVerdict::ToldFinally(_) => None,
        }
    }
}

/// What is known of an account when a statement of it comes.
pub(super) struct Known<'k> {
    /// Every kept statement of the account in the statement's currency.
    pub statements: BTreeMap<i64, &'k KeptStatement>,
    /// Their lines of its days.
    pub lines: &'k [KeptLine],
}

impl Known<'_> {
    /// The final statement that tells this day.
    pub(super) fn told_finally(&self, day: Date) -> Option<i64> {
        let finals = self.statements.values();
        let mut finals = finals.filter(|it| it.head.format.is_final() && covers(&it.head, day));
        finals.next().map(|it| it.id)
    }
}

/// Whether a day is one of the statement's.
pub(super) fn covers(statement: &BankStatement, day: Date) -> bool {
    matches!((statement.from, statement.to), (Some(from), Some(to)) if from <= day && day <= to)
}

/// Two lines that may be one movement.
struct Pair<'p> {
    line: &'p BankLine,
    kept: &'p BankLine,
    /// Whether both were read by the same columns of the same kind of file.
    is_alike: bool,
}

/// Of each line of `statement`, what is said of it.
pub(super) fn verdicts(
    statement: &BankStatement,
    layout: &str,
    known: &Known<'_>,
) -> Vec<LineVerdict> {
    let is_final = statement.format.is_final();
    let mut found = told_before(statement, layout, known);
    for (line, found) in statement.lines.iter().zip(&mut found) {
        if *found == LineVerdict::New && !is_final {
            let finally = known.told_finally(line.booked);
            *found = finally.map_or(LineVerdict::Running, LineVerdict::ToldFinally);
        }
    }
    found
}

fn told_before(statement: &BankStatement, layout: &str, known: &Known<'_>) -> Vec<LineVerdict> {
    let mut verdicts = vec![LineVerdict::New; statement.lines.len()];
    // Of one day and amount; each kept line is taken once, so the same twice in one file stays two.
    let mut free: HashMap<(Date, i64), Vec<&KeptLine>> = HashMap::new();
    let kept = known.lines.iter().filter(|kept| {
        let of = known.statements.get(&kept.name.statement);
        kept.told_before.is_none() && of.is_some_and(|of| may_overlap(statement, &of.head))
    });
    for kept in kept {
        let key = (kept.line.booked, kept.line.amount.minor());
        free.entry(key).or_default().push(kept);
    }
    let is_alike = |kept: &KeptLine| {
        let of = known.statements.get(&kept.name.statement);
        of.is_some_and(|of| of.head.format == statement.format && of.layout == layout)
    };
    // What is surest is taken first.
    for is_same in [same_words, same_number, same_elsewhere] {
        for (line, verdict) in statement.lines.iter().zip(&mut verdicts) {
            if *verdict != LineVerdict::New {
                continue;
            }
            let key = (line.booked, line.amount.minor());
            let Some(candidates) = free.get_mut(&key) else {
                continue;
            };
            let at = candidates.iter().position(|kept| {
                is_same(&Pair {
                    line,
                    kept: &kept.line,
                    is_alike: is_alike(kept),
                })
            });
            if let Some(at) = at {
                *verdict = LineVerdict::ToldBefore(candidates.swap_remove(at).name);
            }
        }
    }
    verdicts
}

/// Statements of a running day are held against each other, final ones too. Two numbered final statements of one
/// kind and different numbers follow each other: a bank tells no movement in both.
fn may_overlap(statement: &BankStatement, kept: &BankStatement) -> bool {
    let is_numbered = statement.format.is_final()
        && statement.format == kept.format
        && !statement.sequence.is_empty()
        && !kept.sequence.is_empty();
    statement.format.is_final() == kept.format.is_final()
        && !(is_numbered && statement.sequence != kept.sequence)
}

/// Everything that is said is said alike.
fn same_words(pair: &Pair<'_>) -> bool {
    let plain = |line: &BankLine| BankLine {
        row: 0,
        ..line.clone()
    };
    plain(pair.line) == plain(pair.kept)
}

/// The bank's own number, and nothing that speaks against it.
fn same_number(pair: &Pair<'_>) -> bool {
    let (line, kept) = (&pair.line.bank_reference, &pair.kept.bank_reference);
    !line.is_empty() && line == kept && !speaks_against(pair)
}

/// Another kind of file, or a table read by other columns, has other words for the same movement.
fn same_elsewhere(pair: &Pair<'_>) -> bool {
    let (line, kept) = (&pair.line.bank_reference, &pair.kept.bank_reference);
    // MT940 cuts references at sixteen characters.
    let is_other = !line.is_empty()
        && !kept.is_empty()
        && !line.starts_with(kept.as_str())
        && !kept.starts_with(line.as_str());
    !pair.is_alike && !is_other && !speaks_against(pair)
}

/// What both say, and say differently.
fn speaks_against(pair: &Pair<'_>) -> bool {
    let (line, kept) = (pair.line, pair.kept);
    let differs = |line: &str, kept: &str| !line.is_empty() && !kept.is_empty() && line != kept;
    let balance = line.balance.zip(kept.balance);
    let time = line.time.zip(kept.time);
    balance.is_some_and(|(line, kept)| line != kept)
        || time.is_some_and(|(line, kept)| line != kept)
        || differs(&line.end_to_end, &kept.end_to_end)
}
