//! What a movement of the bank says of itself: who paid, and what its reference names.

use super::{PayingAccount, Reason};
use jiff::civil::Date;
use paydesk_domain::{BankLine, ChannelDay};

/// Shorter numbers stand in too many texts by chance.
const NUMBER_MIN: usize = 6;

/// The words of a movement, ready to be looked through.
#[derive(Clone)]
pub(super) struct Words {
    payer: String,
    all: String,
    dates: Vec<ChannelDay>,
}

impl Words {
    pub(super) fn of(line: &BankLine) -> Words {
        let mut all = vec![
            line.text.as_str(),
            &line.end_to_end,
            &line.our_reference,
            &line.bank_reference,
            &line.counterparty,
        ];
        for part in &line.parts {
            all.extend([part.text.as_str(), &part.end_to_end, &part.counterparty]);
            all.extend(part.references.iter().map(String::as_str));
        }
        let all = all.join("\n");
        // A bank that names no other side puts it into the text.
        let payer = if line.counterparty.is_empty() {
            &all
        } else {
            &line.counterparty
        };
        Words {
            payer: plain(payer),
            dates: dates(&all),
            all,
        }
    }

    /// What speaks for an account, whatever the days and the amount.
    pub(super) fn account(&self, account: &PayingAccount) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let merchant = |number: &String| names(&self.all, number);
        if account.merchants.iter().any(merchant) {
            reasons.push(Reason::MerchantNumber);
        }
        let payer = |name: &String| {
            let name = plain(name);
            !name.is_empty() && self.payer.contains(&name)
        };
        if account.names.iter().any(payer) {
            reasons.push(Reason::PayerName);
        }
        reasons
    }

    /// Whether it names a payout of the channel.
    pub(super) fn names(&self, number: &str) -> bool {
        names(&self.all, number)
    }

    /// The days it names.
    pub(super) fn days(&self) -> &[ChannelDay] {
        &self.dates
    }

    /// Whether it names exactly these days: the only one, or the first and the last.
    pub(super) fn period(&self, first: ChannelDay, last: ChannelDay) -> bool {
        match self.dates.as_slice() {
            [only] => *only == first && *only == last,
            [from, .., to] => *from == first && *to == last,
            [] => false,
        }
    }
}

/// Letters and figures alone, so that brackets and blanks do not matter.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

/// Whether a number stands in a text on its own, not as a part of a longer one.
fn names(text: &str, number: &str) -> bool {
    if number.len() < NUMBER_MIN {
        return false;
    }
    let is_part = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
    text.match_indices(number).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = at.checked_add(number.len()).and_then(|end| text.get(end..));
        !is_part(before) && !is_part(after.and_then(|text| text.chars().next()))
    })
}

/// Every date in a text, in its order: `20261120`, `2026-11-20`, `2026/11/20`, `2026年11月20日`.
fn dates(text: &str) -> Vec<ChannelDay> {
    let mut found = Vec::new();
    let mut figures: Vec<String> = vec![String::new()];
    for letter in text.chars().chain(['\n']) {
        match letter {
            '0'..='9' => figures
                .last_mut()
                .into_iter()
                .for_each(|run| run.push(letter)),
            '-' | '/' | '年' | '月' if figures.last().is_some_and(|run| !run.is_empty()) => {
                figures.push(String::new());
            }
            _ => {
                read_dates(&figures, &mut found);
                figures = vec![String::new()];
            }
        }
    }
    found
}

/// Dates in figures between separators: whole ones, or year, month and day.
fn read_dates(figures: &[String], found: &mut Vec<ChannelDay>) {
    let mut rest = figures;
    while let [first, tail @ ..] = rest {
        if first.len() == 8 {
            found.extend(first.parse().ok().map(ChannelDay).filter(is_day));
        } else if let ([month, day, after @ ..], 4) = (tail, first.len())
            && let Some(date) = civil(first, month, day)
        {
            found.push(date);
            rest = after;
            continue;
        }
        rest = tail;
    }
}

fn is_day(day: &ChannelDay) -> bool {
    day.date()
        .is_some_and(|date| (2000..2100).contains(&date.year()))
}

fn civil(year: &str, month: &str, day: &str) -> Option<ChannelDay> {
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(ChannelDay::from_date(date)).filter(is_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_as_banks_write_them() {
        for (text, expected) in [
            ("结算20261120-20261122", vec![20_261_120, 20_261_122]),
            ("2026-11-20至2026-11-22", vec![20_261_120, 20_261_122]),
            ("2026年11月20日货款", vec![20_261_120]),
            ("2026/1/2", vec![20_260_102]),
            ("订单2026112012345", vec![]),
            ("20261320 20261131 2026-13-01", vec![]),
            ("----", vec![]),
        ] {
            let expected: Vec<ChannelDay> = expected.into_iter().map(ChannelDay).collect();
            assert_eq!(dates(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_counts_only_on_its_own() {
        assert!(names("商户1900000109结算", "1900000109"));
        assert!(!names("商户21900000109结算", "1900000109"));
        assert!(!names("商户1900000109A", "1900000109"));
        assert!(!names("1900", "1900"));
    }
}
