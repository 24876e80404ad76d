//! Accounts at the channels: the set-up form, the checks before anything is sent, the connection test.
//!
//! What a person pastes goes in and never comes back: no answer here has a field that could hold a key.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A pasted value or a passphrase: goes in, is wiped when it is dropped, and is never shown.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct Pasted(String);

impl Pasted {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: String) -> Pasted {
        Pasted(text)
    }

    /// Looks at it. Every caller of this is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pasted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Drop for Pasted {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What a field of the form holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldKindView {
    /// One certificate or several, dropped or pasted.
    Certificate,
    /// Our private key: goes to the vault and is never shown again.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// A secret of a fixed form: goes to the vault and is never shown again.
    Secret,
    /// A number or a word.
    Text,
}

/// A field of the form. Label `field_<channel>_<name>`, help `field_<channel>_<name>_help`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelField {
    /// The channel's own name of it.
    pub name: String,
    /// What it holds.
    pub kind: FieldKindView,
    /// Whether it is never shown again.
    pub secret: bool,
    /// Whether it may stay empty; within a way, see [`ChannelForm::ways`].
    pub optional: bool,
    /// The way it belongs to; null: to every way.
    pub way: Option<String>,
}

/// The form of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelForm {
    /// Its short name.
    pub id: String,
    /// Its fields, in the order of the form.
    pub fields: Vec<ChannelField>,
    /// The ways to prove the channel's answers, the usual one first; label `way_<channel>_<way>`. The
    /// fields of the way that is not chosen stay empty.
    pub ways: Vec<String>,
    /// Where live accounts talk to; it cannot be changed.
    pub gateway: String,
    /// The channel's own gateway for trying out, a proposal for sandbox accounts; null: it runs none.
    pub sandbox_gateway: Option<String>,
}

/// Every channel that can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelForms {
    /// The forms.
    pub channels: Vec<ChannelForm>,
}

/// What stands in the form.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AccountDraft {
    /// The channel.
    pub channel: String,
    /// An account of a sandbox; marked so for ever.
    pub sandbox: bool,
    /// Where a sandbox account talks to; a live account must not say.
    #[serde(default)]
    #[ts(optional)]
    pub gateway: Option<String>,
    /// What was typed, pasted or dropped, by the channel's own names.
    pub fields: BTreeMap<String, Pasted>,
}

/// Looks at what was pasted; sends nothing, keeps nothing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CheckAccount {
    /// The form.
    pub draft: AccountDraft,
    /// The account that is changed: what is not typed again is taken from it.
    #[serde(default)]
    #[ts(optional)]
    pub account_id: Option<String>,
}

/// What is to be said of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldVerdict {
    /// Which field.
    pub field: String,
    /// Key of what is wrong, `check_…`; null: nothing.
    pub problem: Option<String>,
    /// Keys of what else should be known: converted, expires soon.
    pub notes: Vec<String>,
    /// Values for both texts: `at`, `from`, `owner`, `found`. Never of a secret.
    pub params: BTreeMap<String, String>,
    /// The form that was recognised: `pkcs1`, `pkcs8`, `spki`, `x509`; null for plain fields.
    pub form: Option<String>,
    /// How it was written: `pem`, `der`, `base64`.
    pub encoding: Option<String>,
    /// Bits of the key.
    pub bits: Option<u32>,
    /// SHA-256 of the public half, hex in groups of four.
    pub fingerprint: Option<String>,
    /// When the certificate runs out, UTC milliseconds.
    #[ts(type = "number | null")]
    pub expires_at: Option<i64>,
}

/// The form, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountCheck {
    /// A line for every field that is asked for or filled in, in the order of the form.
    pub fields: Vec<FieldVerdict>,
    /// Nothing is wrong: it can be tested and kept.
    pub ready: bool,
}

/// What is tested. One of the two.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TestSubject {
    /// An account that is kept, with the key that signs.
    Account(String),
    /// The form, before it is kept.
    Draft(AccountDraft),
    /// An account that is kept, with a key that waits.
    Key {
        /// The account.
        account_id: String,
        /// The key.
        key_id: String,
    },
}

/// Tests the connection, line by line.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TestAccount {
    /// What.
    pub subject: TestSubject,
}

/// The lines of the connection test, in this order. Label `doctor_<line>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TestLineName {
    /// The fields have the right form.
    Fields,
    /// Our own key pair belongs together and signs.
    KeyPair,
    /// No certificate ran out or runs out soon.
    Expiry,
    /// The channel's host has an address and answers.
    Reach,
    /// The connection is encrypted and the host is who it says.
    Tls,
    /// The clock of this PC.
    Clock,
    /// The channel knows our key and believes our signature.
    Signature,
    /// The channel's answer proves itself with the key that was filled in.
    Answer,
    /// The account numbers belong together and to this key.
    Binding,
    /// The account may fetch its bills.
    Bill,
}

/// Green, red, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TestState {
    /// Wrong: it must be mended before the account can work.
    Failed,
    /// As it should be.
    Ok,
    /// Could not be found out, because an earlier line failed or the channel did not say.
    Unknown,
    /// Works, and should be looked at: runs out soon.
    Warning,
}

/// One line of the connection test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TestLine {
    /// Which.
    pub line: TestLineName,
    /// How it stands.
    pub state: TestState,
    /// Key of what was found and what to do.
    pub text: String,
    /// Values for the text.
    pub params: BTreeMap<String, String>,
    /// The channel's own words, its code in front; null: none.
    pub evidence: Option<String>,
    /// The field to look at; null: none in particular.
    pub field: Option<String>,
}

/// The connection, tested. Nothing was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountTest {
    /// The lines.
    pub lines: Vec<TestLine>,
    /// No line is red.
    pub passed: bool,
    /// When, UTC milliseconds.
    #[ts(type = "number")]
    pub at: i64,
}

/// Keeps an account: its keys in the vault, the rest in the settings.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AddAccount {
    /// The form.
    pub draft: AccountDraft,
    /// The name under which a person knows it; empty: the channel and its number.
    pub label: String,
    /// Contract rate in millionths; null: none is set.
    pub rate_millionths: Option<u32>,
}

/// What is given is changed, the rest stays.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// Which.
    pub account_id: String,
    /// Its name.
    #[serde(default)]
    #[ts(optional)]
    pub label: Option<String>,
    /// Its contract rate.
    #[serde(default)]
    #[ts(optional)]
    pub rate: Option<AccountRate>,
    /// The rows of its contract with dates, all of them; a day that none names has `rate`.
    #[serde(default)]
    #[ts(optional)]
    pub rates: Option<Vec<RateRow>>,
    /// Charges of its channel go to it from now on; only `true` changes anything.
    #[serde(default)]
    #[ts(optional)]
    pub charges: Option<bool>,
    /// Whether it takes no payments for now. What is open on it goes on, and so do refunds and bills.
    #[serde(default)]
    #[ts(optional)]
    pub paused: Option<bool>,
    /// Fields that change without a new key of ours: the channel's key, the AES key, a store id. An empty
    /// text empties an optional field. The channel, its merchant numbers and live or sandbox never change.
    #[serde(default)]
    #[ts(optional)]
    pub fields: Option<BTreeMap<String, Pasted>>,
    /// A step of changing our own key.
    #[serde(default)]
    #[ts(optional)]
    pub key: Option<KeyStep>,
}

/// One row of a contract: what the channel may keep of each payment, from one day to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RateRow {
    /// The first day, `2026-11-20`; null: from the beginning.
    pub from: Option<String>,
    /// The last day; null: without an end.
    pub to: Option<String>,
    /// Millionths.
    pub rate_millionths: u32,
    /// `half_up`, `half_even`, `up` or `down`; both catalogues hold `rounding_<name>`.
    pub rounding: String,
    /// The least that is kept of a payment, in minor units.
    pub minimum: Option<u32>,
    /// The most that is kept of a payment, in minor units.
    pub maximum: Option<u32>,
}

/// A contract rate; null: none is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AccountRate {
    /// Millionths.
    pub rate_millionths: Option<u32>,
}

/// Changing our own key without a pause: add, test, activate; retire the old one later.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyStep {
    /// The waiting key signs from now on; the one before still verifies and opens.
    Activate {
        /// The key.
        key_id: String,
    },
    /// A new key is kept beside the one that signs.
    Add {
        /// The private key and what comes with it: its certificate, its serial.
        fields: BTreeMap<String, Pasted>,
    },
    /// A key that does not sign is forgotten.
    Retire {
        /// The key.
        key_id: String,
    },
}

/// Names an account.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AccountOf {
    /// Its id in this folder.
    pub account_id: String,
}

/// Where a key of ours stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyStateView {
    /// Signs.
    Active,
    /// Signed before; still verifies and opens.
    Old,
    /// Kept, not used yet.
    Waiting,
}

/// What may be shown of a key of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyView {
    /// Its name here.
    pub id: String,
    /// Where it stands.
    pub state: KeyStateView,
    /// SHA-256 of the public half, hex in groups of four.
    pub fingerprint: Option<String>,
    /// When it was kept, UTC milliseconds.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When the first certificate that came with it runs out, UTC milliseconds.
    #[ts(type = "number | null")]
    pub expires_at: Option<i64>,
}

/// What may be shown of a key of the channel that came later than the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PeerKeyView {
    /// Its name at the channel.
    pub id: String,
    /// SHA-256 of the key, hex in groups of four.
    pub fingerprint: Option<String>,
    /// When it was learned, UTC milliseconds.
    #[ts(type = "number")]
    pub learned_at: i64,
    /// When its certificate runs out, UTC milliseconds.
    #[ts(type = "number | null")]
    pub expires_at: Option<i64>,
}

/// How it stands with an account. Text `account_state_<state>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// A certificate ran out.
    Expired,
    /// A certificate runs out within thirty days.
    ExpiresSoon,
    /// The vault is locked: nothing can be sent.
    KeysLocked,
    /// The vault has no keys of this account: fill them in again.
    KeysMissing,
    /// The keys in the vault cannot be used: fill them in again.
    KeysUnusable,
    /// Ready.
    Ready,
}

/// An account, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountView {
    /// Its id in this folder.
    pub id: String,
    /// Its channel.
    pub channel: String,
    /// The name under which a person knows it.
    pub label: String,
    /// An account of a sandbox: no money moves on it.
    pub sandbox: bool,
    /// Charges of its channel go to it.
    pub charges: bool,
    /// It takes no payments until a person says so.
    pub paused: bool,
    /// Its channel drives card readers of the shop.
    pub has_readers: bool,
    /// The card reader that this till uses; null: none was chosen.
    pub reader: Option<super::ChosenReader>,
    /// Where it talks to.
    pub gateway: String,
    /// Fields that may be shown, by the channel's own names: merchant numbers, serials, store ids.
    pub shown: BTreeMap<String, String>,
    /// Names of the fields that the vault keeps; never their values.
    pub kept: Vec<String>,
    /// Contract rate in millionths; none is set: null.
    pub rate_millionths: Option<u32>,
    /// The rows of the contract with dates, in the order of their days.
    pub rates: Vec<RateRow>,
    /// Our keys, oldest first; empty while the vault is locked.
    pub keys: Vec<KeyView>,
    /// Keys of the channel that came later.
    pub peers: Vec<PeerKeyView>,
    /// When the first certificate in use runs out, UTC milliseconds.
    #[ts(type = "number | null")]
    pub expires_at: Option<i64>,
    /// How it stands.
    pub state: AccountState,
    /// Payments and refunds of it that are not known yet; it cannot be removed before they are.
    pub open_doubts: u32,
}

/// Every account, and how it stands with the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountList {
    /// The accounts, in the order in which they were added.
    pub accounts: Vec<AccountView>,
    /// The vault.
    pub keys: super::KeysStatus,
}
