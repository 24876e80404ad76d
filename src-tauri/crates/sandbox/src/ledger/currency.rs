//! The currency of a trade: three letters, and nothing about how many decimals it has.
//!
//! How many minor units make a whole one is the channel's business: not all of them count alike. It must never
//! convert.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency by its code of three capital letters, `CNY`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The yuan, in which every trade of the Chinese channels is.
    pub const CNY: Self = Self(*b"CNY");
    /// Bitcoin, whose smallest unit is the satoshi: in its coins BTCPay Server keeps the merchant's money.
    pub const BTC: Self = Self(*b"BTC");

    /// Reads three letters in either case; `None` for anything else.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        let are_letters = letters.iter().all(u8::is_ascii_alphabetic);
        are_letters.then_some(Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// `CNY`.
    #[must_use]
    pub fn code(&self) -> &str {
        // Made of ASCII letters only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for Currency {
    /// What a journal of before there were others means.
    fn default() -> Self {
        Self::CNY
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::read(&code).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{code:?} is no code of three letters"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_three_letters() {
        assert_eq!(Currency::read("cny"), Some(Currency::CNY));
        assert_eq!(
            Currency::read("Jpy").map(|it| it.to_string()),
            Some("JPY".to_owned())
        );
        for text in ["", "CN", "CNYX", "C1Y", "人"] {
            assert_eq!(Currency::read(text), None, "{text}");
        }
    }
}
