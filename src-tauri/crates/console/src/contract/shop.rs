//! The shop, its settings, and the state of the program.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where the program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Language, mode and shop are not chosen yet.
    FirstRun,
    /// Ready for work.
    Ready,
}

/// What the folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ModeView {
    /// Simulated channels.
    Demo,
    /// Real accounts.
    Real,
}

/// The languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum Locale {
    /// English.
    #[serde(rename = "en")]
    En,
    /// Chinese as used in China.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// As the desktop says.
    System,
}

/// How a channel is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChannelHealth {
    /// Answers came, but not all could be believed.
    Degraded,
    /// The account that charges has no keys that can be used.
    NoKeys,
    /// No account that takes payments.
    NotConnected,
    /// No connection.
    Offline,
    /// Fine, or not used yet.
    Ok,
}

/// A channel in the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelView {
    /// Its short name, `alipay`.
    pub id: String,
    /// How it is doing.
    pub state: ChannelHealth,
    /// Last authenticated answer, UTC milliseconds.
    #[ts(type = "number | null")]
    pub last_success_at: Option<i64>,
    /// This PC's clock minus the channel's, milliseconds.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
    /// Contract rate in millionths; none is set: null.
    pub rate_millionths: Option<u32>,
    /// Which of the shop's currencies it takes.
    pub currencies: Vec<String>,
    /// Whether it has a code to show.
    pub shows_code: bool,
    /// Whether it has a page on which customers pay.
    pub has_page: bool,
    /// Whether it drives card readers of the shop.
    pub has_readers: bool,
    /// The card reader that this till uses at the account that charges; null: none was chosen.
    pub reader: Option<super::ChosenReader>,
    /// The account that charges; null: none.
    pub account_id: Option<String>,
    /// The account that charges is one of a sandbox: no money moves on it.
    pub sandbox: bool,
}

/// Sound settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sound {
    /// No sound at all.
    pub muted: bool,
    /// 0 to 100.
    pub volume: u8,
}

/// How amounts are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AmountEntry {
    /// 4 6 5 0 is 46.50.
    FromTheRight,
    /// With a decimal point.
    WithPoint,
}

/// Which row of the keypad is on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Keypad {
    /// 1 2 3 as on a phone.
    OneOnTop,
    /// 7 8 9 as on a calculator.
    SevenOnTop,
}

/// Everything the frame of the window needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppStatus {
    /// First run or ready.
    pub stage: Stage,
    /// Demo or real.
    pub mode: ModeView,
    /// The shop's name.
    pub store_name: String,
    /// The language; null before it is chosen.
    pub locale: Option<Locale>,
    /// Light or dark.
    pub theme: Theme,
    /// IANA name.
    pub time_zone: String,
    /// Hour at which the business day ends.
    pub cutoff_hour: u8,
    /// The shop's currency.
    pub currency: String,
    /// Decimal digits of the currency.
    pub exponent: u8,
    /// Every currency the till may ask for, the shop's own first.
    pub currencies: Vec<CurrencyView>,
    /// Who is working.
    pub operator: Option<String>,
    /// Who can be picked.
    pub operators: Vec<String>,
    /// Sound.
    pub sound: Sound,
    /// How amounts are typed.
    pub amount_entry: AmountEntry,
    /// Keypad order.
    pub keypad: Keypad,
    /// Longest gap between two characters of a scan, milliseconds.
    pub scanner_gap_ms: u16,
    /// The channels.
    pub channels: Vec<ChannelView>,
    /// No channel can be reached.
    pub offline: bool,
    /// The largest skew seen, milliseconds.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
    /// Payments and refunds that are not known yet.
    pub open_doubts: u32,
    /// Orders that need a person.
    pub attention: u32,
    /// How it stands with the keys.
    pub keys: super::KeysState,
    /// This folder is an older copy that was put back: read only until its open payments are asked about.
    pub older_copy: bool,
    /// The database does not say any more what was written into it: found by looking through all of it.
    pub damaged: bool,
    /// This device's four characters.
    pub device: String,
    /// Version of the program.
    pub version: String,
    /// Today's business day, `2026-11-21`.
    pub business_day: String,
    /// The zone of this PC, a proposal for the first run.
    pub pc_time_zone: String,
}

/// First start.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// The language.
    pub locale: Locale,
    /// Demo or real.
    pub mode: ModeView,
    /// The shop's name.
    pub store_name: String,
    /// IANA name.
    pub time_zone: String,
    /// Hour at which the business day ends.
    pub cutoff_hour: u8,
    /// The currency of its books, ISO 4217; yuan when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// Days of trade before today that a demo shop opens with.
    pub past_days: u8,
    /// Seals the keys of a real folder where there is no keyring.
    #[serde(default)]
    #[ts(optional)]
    pub passphrase: Option<super::Pasted>,
}

/// A contract rate to set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetRate {
    /// Which channel.
    pub channel: String,
    /// Millionths; null: none shown.
    pub rate_millionths: Option<u32>,
}

/// What is given is changed, the rest stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
#[ts(optional_fields)]
pub struct ChangeSettings {
    /// The language.
    pub locale: Option<Locale>,
    /// Light or dark.
    pub theme: Option<Theme>,
    /// The shop's name.
    pub store_name: Option<String>,
    /// Sound.
    pub sound: Option<Sound>,
    /// How amounts are typed.
    pub amount_entry: Option<AmountEntry>,
    /// Keypad order.
    pub keypad: Option<Keypad>,
    /// Scanner gap, 15 to 100.
    pub scanner_gap_ms: Option<u16>,
    /// Names that can be picked.
    pub operators: Option<Vec<String>>,
    /// A contract rate.
    pub rate: Option<SetRate>,
    /// Whether bills are fetched without being asked for.
    pub bills_by_themselves: Option<bool>,
    /// The currencies the till may ask for beside the shop's own.
    pub currencies: Option<Vec<String>>,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CurrencyView {
    /// ISO 4217 code.
    pub code: String,
    /// Decimal digits.
    pub exponent: u8,
}

/// A currency that some channel takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CurrencyChoice {
    /// ISO 4217 code.
    pub code: String,
    /// Decimal digits.
    pub exponent: u8,
    /// The channels that take it, connected or not.
    pub channels: Vec<String>,
}

/// Every currency that some channel takes, by code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CurrencyChoices {
    /// They.
    pub choices: Vec<CurrencyChoice>,
}

/// Who is working.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PickOperator {
    /// A name; a new one is added to the list.
    pub name: String,
}

/// What quitting now would leave open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuitCheck {
    /// Payments and refunds that are not known yet.
    pub open_doubts: u32,
}
