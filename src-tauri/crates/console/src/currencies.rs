//! The currencies of a shop: the one its books are kept in, and others that its till may ask for.

use crate::{Console, contract::*, refused, refused_with};
use paydesk_desk::{channels, shop::Shop};
use paydesk_domain::{Currency, Money};

/// So many a till can be quick with; more are a list to search in.
const CURRENCIES_MAX: usize = 12;

impl Console {
    /// A typed decimal, `46.50`, as minor units of a currency; the shop's own when none is named.
    ///
    /// # Errors
    /// `AmountNotANumber` for anything else, more decimals than the currency has included; `CurrencyNotTaken`,
    /// `NotSetUp`.
    pub fn minor_units(
        &self,
        decimal: &str,
        currency: Option<&str>,
    ) -> Result<String, CommandError> {
        let money = Money::parse(decimal, self.currency(currency)?);
        money
            .map(|m| m.minor().to_string())
            .map_err(|_| refused(ErrorCode::AmountNotANumber))
    }

    /// Minor units as text, in the shop's own currency.
    pub(crate) fn money(&self, minor: &str) -> Result<Money, CommandError> {
        self.money_in(minor, None)
    }

    /// Minor units as text, in a currency of the shop; its own when none is named.
    pub(crate) fn money_in(
        &self,
        minor: &str,
        currency: Option<&str>,
    ) -> Result<Money, CommandError> {
        let currency = self.currency(currency)?;
        let minor = minor.parse::<i64>();
        let minor = minor.map_err(|_| refused(ErrorCode::AmountNotANumber))?;
        Ok(Money::from_minor(minor, currency))
    }

    fn currency(&self, code: Option<&str>) -> Result<Currency, CommandError> {
        let shop = self.desk.shop();
        let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let Some(code) = code else {
            return Ok(shop.currency);
        };
        let known = shop.all_currencies().find(|it| it.code() == code);
        known.ok_or_else(|| not_taken(code))
    }

    /// The codes of the shop's currencies, its own first; none before it is set up.
    #[must_use]
    pub fn currency_codes(&self) -> Vec<String> {
        let shop = self.desk.shop();
        shop.map_or_else(Vec::new, |shop| codes(&shop))
    }

    pub(crate) async fn currency_choices(
        &self,
        _: NoArgs,
    ) -> Result<CurrencyChoices, CommandError> {
        let mut choices = std::collections::BTreeMap::<&str, Vec<String>>::new();
        for channel in channels() {
            let profile = channel.profile();
            for code in profile.currencies {
                choices.entry(code).or_default().push(profile.id.to_owned());
            }
        }
        let choices = choices.into_iter().filter_map(|(code, channels)| {
            let currency = Currency::from_code(code)?;
            Some(CurrencyChoice {
                code: code.to_owned(),
                exponent: currency.exponent(),
                channels,
            })
        });
        Ok(CurrencyChoices {
            choices: choices.collect(),
        })
    }
}

/// A typed decimal as minor units of the currency that an amount has.
///
/// # Errors
/// `AmountNotANumber`.
pub fn minor_units_like(decimal: &str, like: &MoneyView) -> Result<String, CommandError> {
    let money = Money::parse(decimal, named(&like.currency)?);
    money
        .map(|m| m.minor().to_string())
        .map_err(|_| refused(ErrorCode::AmountNotANumber))
}

/// The codes of a shop's currencies, its own first.
pub(crate) fn codes(shop: &Shop) -> Vec<String> {
    let codes = shop.all_currencies().map(|it| it.code().to_owned());
    codes.collect()
}

/// The same with their decimals.
pub(crate) fn views(shop: &Shop) -> Vec<CurrencyView> {
    let view = |currency: Currency| CurrencyView {
        code: currency.code().to_owned(),
        exponent: currency.exponent(),
    };
    shop.all_currencies().map(view).collect()
}

/// A code as a currency.
pub(crate) fn named(code: &str) -> Result<Currency, CommandError> {
    Currency::from_code(code).ok_or_else(|| not_taken(code))
}

/// The currencies beside the shop's own, each once, in the order in which they were named.
pub(crate) fn others(own: Currency, codes: &[String]) -> Result<Vec<Currency>, CommandError> {
    let mut others = Vec::new();
    for code in codes {
        let currency = named(code)?;
        if currency != own && !others.contains(&currency) {
            others.push(currency);
        }
    }
    if others.len() >= CURRENCIES_MAX {
        return Err(crate::invalid("currencies"));
    }
    Ok(others)
}

/// What is asked in this currency is refused.
pub(crate) fn not_taken(code: &str) -> CommandError {
    // As much of it as could be a code; the rest is not repeated in a sentence.
    let letters = code.chars().filter(|c| c.is_ascii_alphanumeric()).take(3);
    let code = Some(letters.collect::<String>()).filter(|code| !code.is_empty());
    let code = code.unwrap_or_else(|| "?".to_owned());
    refused_with(ErrorCode::CurrencyNotTaken, &[("currency", code)])
}
