//! The file beside an export: its digest, what was asked for, its totals, and with what it was made.
//! It says nothing of when or by whom, so that the same export has the same file beside it.

use crate::model::{Exported, Heading};
use paydesk_texts::Language;
use serde::Serialize;

/// What follows the export's own name.
pub const SIDE_FILE_ENDING: &str = ".sha256.json";

/// The font whose outlines stand in a PDF.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FontUsed {
    /// Its full name.
    pub name: String,
    /// SHA-256 of the font's file, as lower-case hex.
    pub sha256: String,
}

#[derive(Serialize)]
struct Sums {
    currency: String,
    rows: u64,
    sums: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct SideFile<'a> {
    file: &'a str,
    sha256: &'a str,
    what: &'a str,
    title: &'a str,
    shop: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    account: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<[String; 2]>,
    filter: serde_json::Map<String, serde_json::Value>,
    rows: u64,
    totals: Vec<Sums>,
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    font: Option<&'a FontUsed>,
    program: &'a str,
}

/// The bytes of the file beside an export of this name. `what` is the documented name of its kind.
#[must_use]
pub fn side_file(
    file: &str,
    what: &str,
    heading: &Heading,
    language: Language,
    exported: &Exported,
    font: Option<&FontUsed>,
) -> Vec<u8> {
    let filter = heading.filter.iter();
    let filter = filter.map(|(name, value)| (name.clone(), value.as_str().into()));
    let totals = exported.totals.iter().map(|totals| Sums {
        currency: totals.currency.clone(),
        rows: totals.rows,
        sums: totals
            .sums
            .iter()
            .map(|(name, sum)| ((*name).to_owned(), sum.to_decimal().into()))
            .collect(),
    });
    let side = SideFile {
        file,
        sha256: &exported.sha256,
        what,
        title: &heading.title,
        shop: &heading.shop,
        account: &heading.account,
        days: heading
            .days
            .map(|(first, last)| [first.to_string(), last.to_string()]),
        filter: filter.collect(),
        rows: exported.rows,
        totals: totals.collect(),
        language: language.tag(),
        font,
        program: &heading.program,
    };
    let mut bytes = serde_json::to_vec_pretty(&side).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
