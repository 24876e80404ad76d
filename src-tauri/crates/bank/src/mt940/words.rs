//! Field `:86:`: free words, or one of the orders that banks agreed on where they live. Germany, Austria and Poland:
//! three digits and sub-fields `?20` (also `<20`, `~20`). The Netherlands: `/EREF/…/NAME/…/REMI/…`.
//! Lines are cut after 65 letters wherever that is, also inside of a sub-field's number.

use crate::text::{first, joined};
use paydesk_domain::BankLine;

/// A sub-field of the German order holds so many letters; a shorter one ended with its words.
const PART_LETTERS: usize = 27;

/// Keywords whose words are one reference.
const REFERENCES: [&str; 5] = ["CRED", "DEBT", "EREF", "KREF", "MREF"];

/// The words of the Dutch order.
const DUTCH: [&str; 18] = [
    "ACCW", "ADDR", "BENM", "BIC", "CNTP", "CSID", "EREF", "IBAN", "ISDT", "MARF", "NAME", "ORDP",
    "PREF", "REMI", "RTRN", "SVCL", "TRCD", "TRTP",
];

/// Adds what the field says to its movement.
pub(super) fn read(lines: &[&str], line: &mut BankLine) {
    let whole = lines.concat();
    let whole = whole.trim_start();
    let said = if let Some((code, separator)) = german(whole) {
        german_words(whole, code, separator, line)
    } else if whole.starts_with('/') && dutch(whole).len() > 1 {
        dutch_words(whole, line)
    } else {
        joined(lines.iter().copied())
    };
    // An account that stands alone behind the movement is the other side's.
    if line.counterparty_account.is_empty() && is_iban(&line.text) {
        line.counterparty_account = std::mem::take(&mut line.text);
    }
    line.text = joined([line.text.as_str(), said.as_str()]);
}

fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// The three digits, and what stands in front of each sub-field.
fn german(text: &str) -> Option<(&str, char)> {
    let (code, rest) = text.split_at_checked(3)?;
    let separator = rest
        .chars()
        .next()
        .filter(|letter| "?<~".contains(*letter))?;
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((code, separator))
}

fn german_words(text: &str, code: &str, separator: char, line: &mut BankLine) -> String {
    let mut name = String::new();
    let (mut bank_account, mut iban, mut kind) = ("", "", "");
    let mut purposes: Vec<(&str, String)> = vec![("", String::new())];
    // A separator that no number follows is a letter of the text.
    let mut fields: Vec<(u8, &str)> = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(separator) {
        let number = text
            .get(at + 1..at + 3)
            .and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            end_field(&mut fields, text, from, at);
            fields.push((number, ""));
            from = at + 3;
        }
    }
    end_field(&mut fields, text, from, text.len());
    for (number, words) in fields {
        match number {
            0 => kind = words,
            20..=29 | 60..=69 => {
                let (keyword, words) = keyword(words);
                match keyword {
                    Some(keyword) => purposes.push((keyword, words.to_owned())),
                    None => append(&mut purposes, words),
                }
            }
            31 => bank_account = words,
            32 | 33 => name.push_str(words),
            38 => iban = words,
            _ => {}
        }
    }
    let of = |wanted: &str| {
        let found = purposes.iter().find(|(keyword, _)| *keyword == wanted);
        found.map_or("", |(_, words)| words.trim())
    };
    line.end_to_end = first([line.end_to_end.as_str(), of("EREF")]);
    line.our_reference = first([line.our_reference.as_str(), of("KREF")]);
    line.counterparty = joined([name.as_str()]);
    line.counterparty_account = first([iban, bank_account]);
    line.code = joined([line.code.as_str(), code, kind]);
    let words = purposes
        .iter()
        .filter(|(keyword, _)| !REFERENCES.contains(keyword));
    joined(words.map(|(_, words)| words.as_str()))
}

fn end_field<'t>(fields: &mut [(u8, &'t str)], text: &'t str, from: usize, to: usize) {
    if let Some(field) = fields.last_mut() {
        field.1 = text.get(from..to).unwrap_or_default();
    }
}

/// `EREF+`, `SVWZ+` and their like at the beginning of a part (DFÜ agreement of German banks, appendix 3).
fn keyword(words: &str) -> (Option<&str>, &str) {
    match words.split_at_checked(4) {
        Some((keyword, rest))
            if rest.starts_with('+') && keyword.bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            (Some(keyword), rest.get(1..).unwrap_or_default())
        }
        _ => (None, words),
    }
}

/// A full part goes on in the next one, in the middle of a word; a shorter one ended with its word, and if it was a
/// reference, the reference ended too.
fn append(purposes: &mut Vec<(&str, String)>, words: &str) {
    if let Some((keyword, known)) = purposes.last_mut() {
        let keyword_letters = if keyword.is_empty() { 0 } else { 5 };
        let letters = known.chars().count() + keyword_letters;
        let is_full = letters > 0 && letters % PART_LETTERS == 0;
        if !is_full && REFERENCES.contains(keyword) {
            purposes.push(("", words.to_owned()));
            return;
        }
        if !is_full && !known.is_empty() {
            known.push(' ');
        }
        known.push_str(words);
    }
}

fn dutch(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for piece in text.split('/').skip(1) {
        if DUTCH.contains(&piece) {
            found.push((piece, String::new()));
        } else if let Some((_, words)) = found.last_mut() {
            if !words.is_empty() {
                words.push('/');
            }
            words.push_str(piece);
        }
    }
    found
}

fn dutch_words(text: &str, line: &mut BankLine) -> String {
    let found = dutch(text);
    let of = |wanted: &str| {
        let found = found.iter().find(|(word, _)| *word == wanted);
        found.map_or("", |(_, words)| words.trim())
    };
    line.end_to_end = first([line.end_to_end.as_str(), of("EREF")]);
    line.our_reference = first([line.our_reference.as_str(), of("PREF")]);
    line.counterparty = joined([of("NAME")]);
    line.counterparty_account = first([of("IBAN"), of("CNTP")]);
    joined([of("REMI"), of("TRTP"), of("RTRN")])
}
