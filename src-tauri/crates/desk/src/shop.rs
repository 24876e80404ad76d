//! The shop and its settings: one document, every change an event.

use crate::{bank_days::BankDays, callers::Interface, statements::SavedTemplate};
use paydesk_channels::{AccountSettings, Channel};
use paydesk_domain::{
    AccountId, ChannelDay, ChannelId, ContractRate, Currency, FeeRate, Mode, RateTable,
    ShopCalendar,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A merchant account, without its secrets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its id in this folder.
    pub id: AccountId,
    /// Its channel.
    pub channel: ChannelId,
    /// Where it talks to.
    pub gateway: String,
    /// The channel's fields.
    pub fields: BTreeMap<String, String>,
    /// The contract rate of days that no row of `rates` names, if one is set.
    pub rate: Option<FeeRate>,
    /// Rows of the contract with their dates.
    #[serde(default, skip_serializing_if = "RateTable::is_empty")]
    pub rates: RateTable,
    /// Whether it is an account of a sandbox.
    pub sandbox: bool,
    /// The name under which a person knows it; empty: its channel's.
    #[serde(default)]
    pub label: String,
    /// Whether charges of its channel go to it, where there are several.
    #[serde(default)]
    pub charges: bool,
    /// Whether it takes no payments for now; what is open on it goes on, and so do refunds and bills.
    #[serde(default)]
    pub paused: bool,
    /// The card reader of this till as it was called when it was chosen; its number stands in `fields`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<NamedReader>,
    /// The fields that came with versions of our keys that do not sign now, by the version's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unused_fields: BTreeMap<String, BTreeMap<String, String>>,
}

impl Account {
    /// What a connector may know of it.
    #[must_use]
    pub fn settings(&self) -> AccountSettings {
        AccountSettings {
            gateway: self.gateway.clone(),
            sandbox: self.sandbox,
            fields: self.fields.clone(),
        }
    }

    /// The contract's row of a day of the channel.
    #[must_use]
    pub fn contract_on(&self, day: ChannelDay) -> Option<ContractRate> {
        let dated = self.rates.on(day);
        dated.or_else(|| self.rate.map(ContractRate::always))
    }

    /// The name a person gave it, else the number the channel knows it by.
    #[must_use]
    pub fn name(&self) -> &str {
        if !self.label.is_empty() {
            return &self.label;
        }
        let profile = paydesk_channels::by_id(&self.channel.0).map(Channel::profile);
        let fields = profile.into_iter().flat_map(|profile| profile.fields);
        let mut numbers = fields
            .filter(|field| field.names_merchant())
            .filter_map(|field| self.fields.get(field.name));
        // The application's number, where there is one, stands before the merchant's.
        numbers.next_back().unwrap_or(&self.id.0)
    }

    /// A version of our keys begins to sign: its fields are shown, those of the one before are put by.
    pub(crate) fn show_fields_of(&mut self, key: &str, before: Option<&str>) {
        let Some(now) = self.unused_fields.remove(key) else {
            return;
        };
        let mut put_by = BTreeMap::new();
        for (name, value) in now {
            if let Some(old) = self.fields.insert(name.clone(), value) {
                put_by.insert(name, old);
            }
        }
        if let Some(before) = before {
            self.unused_fields.insert(before.to_owned(), put_by);
        }
    }
}

/// A card reader by its number at the channel, with the name a person knows it by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedReader {
    /// The channel's number of it.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// How the window looks and behaves: remembered choices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preferences {
    /// `zh-CN` or `en`.
    pub locale: String,
    /// `light`, `dark` or `system`.
    pub theme: String,
    /// No sound at all.
    pub muted: bool,
    /// 0 to 100.
    pub volume: u8,
    /// `from_the_right` or `with_point`.
    pub amount_entry: String,
    /// `one_on_top` or `seven_on_top`.
    pub keypad: String,
    /// Longest gap between two characters of a scan.
    pub scanner_gap_ms: u16,
}

impl Default for Preferences {
    fn default() -> Preferences {
        Preferences {
            locale: "zh-CN".to_owned(),
            theme: "system".to_owned(),
            muted: false,
            volume: 60,
            amount_entry: "from_the_right".to_owned(),
            keypad: "one_on_top".to_owned(),
            scanner_gap_ms: 35,
        }
    }
}

/// Everything that is set up once and changed now and then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shop {
    /// Demo or real; never changes.
    pub mode: Mode,
    /// The name on receipts and on the payer's phone.
    pub store_name: String,
    /// IANA name.
    pub time_zone: String,
    /// Hour at which the business day ends.
    pub cutoff_hour: u8,
    /// The currency its books are kept in; never changes.
    pub currency: Currency,
    /// What the till may ask for besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_currencies: Vec<Currency>,
    /// Names that can be picked.
    pub operators: Vec<String>,
    /// Who was picked last.
    pub operator: Option<String>,
    /// Accounts at the channels.
    pub accounts: Vec<Account>,
    /// Remembered choices.
    pub preferences: Preferences,
    /// Whether bills are fetched without being asked for; when nobody chose, in a real shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bills_by_themselves: Option<bool>,
    /// Which column is which in the tables of banks, the one used first at the top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bank_templates: Vec<SavedTemplate>,
    /// Days on which banks work otherwise than from Monday to Friday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_days: Option<BankDays>,
    /// Which ledger account each figure of a journal goes to; the usual ones when nobody chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_accounts: Option<paydesk_reports::AccountMap>,
    /// The most that may be written off in one difference, in minor units; when nobody chose, 1.00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_off_max: Option<i64>,
    /// The interface for other software; off when nobody set it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<Interface>,
}

impl Shop {
    /// Every currency the till may ask for, the shop's own first.
    pub fn all_currencies(&self) -> impl Iterator<Item = Currency> {
        std::iter::once(self.currency).chain(self.other_currencies.iter().copied())
    }

    /// Whether bills are fetched without being asked for.
    #[must_use]
    pub fn fetches_bills(&self) -> bool {
        self.bills_by_themselves.unwrap_or(self.mode == Mode::Real)
    }

    /// The shop's calendar; `None` when the zone is not in the built-in time zone database.
    #[must_use]
    pub fn calendar(&self) -> Option<ShopCalendar> {
        ShopCalendar::new(zone(&self.time_zone)?, self.cutoff_hour)
    }

    /// The account that collects for a channel; none when all of them are paused.
    #[must_use]
    pub fn account_for(&self, channel: &ChannelId) -> Option<&Account> {
        let of_channel = self.accounts.iter();
        let mut of_channel = of_channel.filter(|a| a.channel == *channel && !a.paused);
        let first = of_channel.clone().next();
        of_channel.find(|a| a.charges).or(first)
    }

    /// The account with this id.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|a| a.id == *id)
    }
}

/// A zone of the database that is compiled in, so that the same binary gives the same days everywhere.
#[must_use]
pub fn zone(name: &str) -> Option<jiff::tz::TimeZone> {
    jiff::tz::db().get(name).ok()
}
