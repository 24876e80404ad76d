//! The catalogues for what Rust prints: receipts and the command line.
//! One source for both sides: the same files the window's texts come from. Holds no logic.

use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// English.
    English,
    /// Chinese as used in China.
    Chinese,
}

impl Language {
    /// From a language tag; anything but English is Chinese, the base language.
    #[must_use]
    pub fn from_tag(tag: &str) -> Language {
        if tag.starts_with("en") {
            Language::English
        } else {
            Language::Chinese
        }
    }

    /// The language tag, for `lang` attributes.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }
}

const CHINESE: &str = include_str!("../../../../ui/messages/zh-CN.json");
const ENGLISH: &str = include_str!("../../../../ui/messages/en.json");

fn catalogue(language: Language) -> &'static Map<String, Value> {
    static CATALOGUES: OnceLock<(Map<String, Value>, Map<String, Value>)> = OnceLock::new();
    // A test reads both files, so an empty catalogue never ships.
    let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
    let (chinese, english) = CATALOGUES.get_or_init(|| (read(CHINESE), read(ENGLISH)));
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// The text of a key with `{name}` replaced by its value; the key itself where there is none.
#[must_use]
pub fn text(language: Language, key: &str, params: &[(&str, &str)]) -> String {
    let found = catalogue(language)
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or(key);
    params.iter().fold(found.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

/// Whether the catalogue has the key.
#[must_use]
pub fn has(language: Language, key: &str) -> bool {
    catalogue(language).contains_key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_are_there_with_the_same_keys() {
        let keys = |language| catalogue(language).keys().cloned().collect::<Vec<_>>();
        assert!(!keys(Language::Chinese).is_empty());
        assert_eq!(keys(Language::Chinese), keys(Language::English));
    }

    #[test]
    fn a_missing_key_shows_itself() {
        assert_eq!(text(Language::English, "no_such_key", &[]), "no_such_key");
        assert!(!has(Language::Chinese, "no_such_key"));
    }
}
