//! What is left of a reference of ours that came through other tools: cut, marked, or written as a number.
//! A remainder proves nothing by itself; the channel's number of the payment must say the same.

use crate::judge;
use paydesk_domain::{BillLine, BookLine, Damage};

/// Fewer characters are left of too many references.
const REMAINDER_MIN: usize = 8;

/// What happened to `ours` on its way to `seen`; `None` where it is whole, or something else.
pub(crate) fn of(seen: &str, ours: &str) -> Option<Damage> {
    // A whole reference of another movement is no remainder of this one.
    if seen == ours || seen.is_empty() || ours.is_empty() || judge::is_ours(seen) {
        return None;
    }
    if is_scientific(seen) {
        return Some(Damage::Scientific);
    }
    let left: String = (seen.chars())
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    if left == ours {
        return Some(Damage::Marked);
    }
    if left.len() < REMAINDER_MIN {
        return None;
    }
    if ours.starts_with(&left) {
        return Some(Damage::Cut);
    }
    ours.ends_with(&left).then_some(Damage::LeadingLost)
}

/// `1.23457E+27`, as spreadsheets write long numbers.
fn is_scientific(text: &str) -> bool {
    let Some((figures, power)) = text.split_once("E+") else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = figures.split_once('.').unwrap_or((figures, "0"));
    digits(power) && digits(fraction) && whole.len() == 1 && digits(whole)
}

/// Whether the channel's number says that they are the same. A number of a spreadsheet says nothing of the reference
/// it was, so there the amount must agree too.
pub(crate) fn is_proven(damage: Damage, bill: &BillLine, book: &BookLine) -> bool {
    !bill.transaction.is_empty()
        && book.transaction.as_deref() == Some(bill.transaction.as_str())
        && (damage != Damage::Scientific || bill.amount == book.amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_damage_is_told_apart() {
        let ours = "T7K2M0261120000019A1R2";
        for (seen, expected) in [
            (ours, None),
            ("", None),
            ("T7K2M0261120000", Some(Damage::Cut)),
            ("2M0261120000019A1R2", Some(Damage::LeadingLost)),
            ("`T7K2M0261120000019A1R2", Some(Damage::Marked)),
            ("T7K2M 0261120 000019A1R2", Some(Damage::Marked)),
            ("t7k2m0261120000019a1r2", Some(Damage::Marked)),
            ("'T7K2M02611", Some(Damage::Cut)),
            ("2.02611E+21", Some(Damage::Scientific)),
            ("2E+21", Some(Damage::Scientific)),
            ("22.02611E+21", None),
            ("E+21", None),
            ("T7K2M02", None),
            ("POS-1", None),
            ("T7K2M0261120000018A1R2", None),
        ] {
            assert_eq!(of(seen, ours), expected, "{seen}");
        }
    }
}
