//! The demo: faults, customers, the customer's phone.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A fault of the demo's channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaultView {
    /// Its name; both catalogues hold `fault_<name>`.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
}

/// A demo customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CustomerView {
    /// The last two digits of the payment code.
    pub digits: String,
    /// Both catalogues hold `customer_<key>`.
    pub key: String,
    /// A fresh code of this customer at every channel whose payers show one.
    pub codes: Vec<CustomerCode>,
}

/// What a customer shows at the till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CustomerCode {
    /// The channel.
    pub channel: String,
    /// The payment code.
    pub code: String,
}

/// The demo's faults and customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SandboxStatus {
    /// Where it listens.
    pub address: String,
    /// The faults.
    pub faults: Vec<FaultView>,
    /// The customers.
    pub customers: Vec<CustomerView>,
    /// The day at the demo's channels; ahead of this PC's once a day was ended.
    pub day: String,
}

/// Switches a fault.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetFault {
    /// Its name; `all` switches everything off.
    pub name: String,
    /// On or off.
    pub on: bool,
}

/// A statement of the demo's bank.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DemoStatementOf {
    /// `csv` as a Chinese bank writes it, in GB18030, or `camt053`.
    pub form: String,
    /// The first day; the first of the demo's trade when not given.
    pub from: Option<String>,
    /// The last day; the demo's yesterday when not given.
    pub to: Option<String>,
}

/// A file of the demo's bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DemoStatement {
    /// Its name.
    pub name: String,
    /// The file, base64.
    pub file: String,
}

/// What the customer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Claims a refund in coins, by its link.
    Claim,
    /// Declines.
    Decline,
    /// Pays.
    Pay,
    /// Sends twice the coins that the code asks for.
    PayDouble,
    /// Sends half of them.
    PayHalf,
    /// Scans the code.
    Scan,
}

/// The customer's phone does something with a shown code.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PhoneAct {
    /// The text of the code.
    pub qr: String,
    /// What.
    pub act: Act,
}

/// What the customer's phone shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhoneScreen {
    /// `scanned`, `paid`, `claimed`, `declined`, `expired`, `unknown_code`.
    pub state: String,
    /// The shop's name as the payer sees it.
    pub payee: Option<String>,
    /// How much.
    pub amount: Option<MoneyView>,
    /// How much in coins, with the coin's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub coins: Option<String>,
}

/// A sample payment code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SampleCode {
    /// The channel's short name.
    pub channel: String,
    /// The last two digits.
    pub digits: String,
    /// Both catalogues hold `customer_<key>`.
    pub key: String,
    /// The code.
    pub code: String,
    /// As a barcode.
    pub svg: String,
}

/// Sample payment codes for a printed sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SampleCodes {
    /// The codes.
    pub codes: Vec<SampleCode>,
}
