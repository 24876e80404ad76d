//! Reads what a call asks: the JSON of its body and the pairs of its query, with every fault of them at once.
//!
//! Amounts are decimals in texts or numbers (protocol reference, "Transport"). It must never guess.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::Refusal;
use crate::exchange::Call;
use crate::ledger::unit::{self, Misread};
use crate::ledger::{Currency, Fen};

/// A body's fields, and what is wrong with them so far.
#[derive(Debug)]
pub(super) struct Asked {
    fields: Map<String, Value>,
    /// In front of every path.
    place: &'static str,
    pub(super) wrong: Vec<(String, String)>,
}

impl Asked {
    /// An empty body is one without fields.
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let no_json = || Refusal::state("invalid-request", "The body is no JSON object");
        let fields = if call.body.is_empty() {
            Map::new()
        } else {
            match serde_json::from_slice(&call.body) {
                Ok(Value::Object(fields)) => fields,
                _ => return Err(no_json()),
            }
        };
        let (place, wrong) = ("", Vec::new());
        Ok(Self {
            fields,
            place,
            wrong,
        })
    }

    /// The object under a name; empty where there is none.
    pub(super) fn part(&mut self, name: &str, place: &'static str) -> Self {
        let fields = match self.value(name) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => {
                self.blame(name, "Must be an object");
                Map::new()
            }
        };
        let wrong = Vec::new();
        Self {
            fields,
            place,
            wrong,
        }
    }

    pub(super) fn blame(&mut self, name: &str, message: impl Into<String>) {
        let path = format!("{}{name}", self.place);
        self.wrong.push((path, message.into()));
    }

    /// What stands there and is not null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.blame(name, "Must be a text");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.blame(name, "Must be true or false");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = match self.value(name)? {
            Value::Array(values) => values.iter().map(text).collect(),
            _ => None,
        };
        if read.is_none() {
            self.blame(name, "Must be a list of texts");
        }
        read
    }

    /// A decimal as it was written, be it a text or a number.
    pub(super) fn decimal(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(plain(&number.to_string())),
            _ => {
                self.blame(name, "Must be a decimal");
                None
            }
        }
    }

    /// An amount of a currency; more decimals than it has are refused.
    pub(super) fn amount(&mut self, name: &str, currency: Currency) -> Option<Fen> {
        let text = self.decimal(name)?;
        let message = match unit::read(currency, &text) {
            Ok(amount) => return Some(amount),
            Err(Misread::NoNumber) => "The amount should be 0 or more.".to_owned(),
            Err(Misread::TooLarge) => "The amount is too large.".to_owned(),
            Err(Misread::TooPrecise) => {
                let (code, decimals) = (currency.code(), unit::decimals(currency));
                format!("{code} has {decimals} decimals.")
            }
        };
        self.blame(name, message);
        None
    }

    /// A number in the 10^-`decimals` of it, within bounds.
    pub(super) fn scaled(&mut self, name: &str, decimals: u32, bounds: (i64, i64)) -> Option<i64> {
        let text = self.decimal(name)?;
        let read = unit::read_decimal(&text, decimals).ok();
        let read = read.and_then(|units| i64::try_from(units).ok());
        let fits = read.filter(|units| (bounds.0..=bounds.1).contains(units));
        if fits.is_none() {
            self.blame(name, "The value is out of its range.");
        }
        fits
    }

    /// Everything that is wrong, if anything is.
    pub(super) fn checked(self) -> Result<(), Refusal> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self.wrong))
        }
    }
}

/// A small number without its exponent: `1.5e-5` is `0.000015`.
fn plain(number: &str) -> String {
    let small = number.split_once("e-").and_then(|(digits, places)| {
        let places: usize = places.parse().ok().filter(|places| *places <= 30)?;
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let zeros = "0".repeat(places.saturating_sub(whole.len()));
        Some(format!("0.{zeros}{whole}{rest}"))
    });
    small.unwrap_or_else(|| number.to_owned())
}

/// The decoded pairs of a query.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(call: &Call) -> Self {
        let decoded = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = call.query.split('&').filter(|pair| !pair.is_empty());
        let read = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(read.collect())
    }

    /// Every value of a name, but for empty ones.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter();
        pairs
            .filter(move |(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.one(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::field(name, "Must be true or false")),
        }
    }

    /// A whole number, not negative.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let read = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        match self.one(name) {
            None => Ok(None),
            Some(text) => match read(text) {
                Some(number) => Ok(Some(number)),
                None => Err(Refusal::field(name, "Must be a whole number")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_written_out() {
        for (number, text) in [
            ("1e-5", "0.00001"),
            ("1.5e-5", "0.000015"),
            ("5.5", "5.5"),
            ("1e21", "1e21"),
        ] {
            assert_eq!(plain(number), text);
        }
        assert!(unit::read(Currency::BTC, &plain("-1e-5")).is_err());
    }
}
