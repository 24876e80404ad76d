//! Taking a payment.

use super::{CashView, CoinsView, MoneyView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A scanned text to look at.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ClassifyScan {
    /// The text; may be a payment code, so it is never logged.
    pub text: String,
}

/// What a scanned text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scanned {
    /// A QR that shops show, or a web address: the customer opened the wrong page.
    CollectionQr,
    /// A goods barcode.
    Goods,
    /// One of our orders.
    Order {
        /// Its number.
        order_id: String,
        /// Whether it is in this folder.
        known: bool,
    },
    /// A payment code of this channel.
    PaymentCode {
        /// The channel's short name.
        channel: String,
        /// Whether it is connected.
        connected: bool,
    },
    /// Something else.
    Unknown {
        /// Its last four characters.
        last4: String,
    },
}

/// What a payment collects where it is not all of a new order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum PartOf {
    /// The first part of a new order.
    NewOrder {
        /// What is owed in all, in minor units.
        total_minor: String,
    },
    /// A further part of an order, at most what is still owed.
    Order {
        /// Its number.
        order_id: String,
    },
}

/// Charge a scanned payment code.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TakePayment {
    /// A UUID made before the first try; a repeat returns the same order.
    pub intent_id: String,
    /// Minor units.
    pub amount_minor: String,
    /// ISO 4217; the shop's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// The scanned code: a secret.
    pub code: String,
    /// A note on the order.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<String>,
    /// What it collects; all of a new order when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub part: Option<PartOf>,
}

/// Show a code.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ShowQr {
    /// A UUID made before the first try.
    pub intent_id: String,
    /// Minor units.
    pub amount_minor: String,
    /// ISO 4217; the shop's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// The channel's short name.
    pub channel: String,
    /// A note on the order.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<String>,
    /// What it collects; all of a new order when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub part: Option<PartOf>,
}

/// A page of the channel that a customer pays on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PageOpened {
    /// The payment.
    pub view: PaymentView,
    /// The file on this PC that leads a browser to the page.
    pub file: String,
    /// Whether a browser was started with it; else a person opens the file.
    pub opened: bool,
}

/// What the stage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PayState {
    /// The card reader waits for a card, or reads one.
    AtReader,
    /// Closed unpaid.
    Closed,
    /// Money was seen on a chain and is not certain yet.
    Confirming,
    /// The customer confirms on the phone.
    CustomerPaying,
    /// Being reversed or closed.
    Ending,
    /// Refused or not sent: not charged.
    Failed,
    /// The customer pays on a page of the channel.
    PageOpen,
    /// Paid.
    Paid,
    /// Money came after the end.
    PaidLate,
    /// More came than was asked for; a person decides.
    PaidOver,
    /// Less came than was asked for; a person decides.
    PaidShort,
    /// The attempt is paid, and of the order something is still owed.
    PartPaid,
    /// Reversed: the customer is not charged.
    Reversed,
    /// The code is shown.
    ShowingQr,
    /// Amber: not confirmed, do not charge again.
    Unknown,
    /// Sent, no answer yet.
    Waiting,
}

/// How the payer is reached. Both catalogues hold `way_of_<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WayView {
    /// Notes and coins over the counter.
    Cash,
    /// A page of the channel in a browser.
    Page,
    /// The payer's own code, scanned.
    PayerCode,
    /// A card reader of the shop.
    Reader,
    /// A code that the payer scans.
    ShowCode,
}

/// A code to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QrView {
    /// The picture.
    pub svg: String,
    /// What it says.
    pub text: String,
    /// Dead from then on, as the channel was told; UTC milliseconds.
    #[ts(type = "number")]
    pub expires_at: i64,
}

/// Why it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FailureView {
    /// The channel's code, or ours for what was not sent (`offline`, `keys_locked`, `cancelled`, `unsendable`).
    pub code: String,
    /// Key of the text in both catalogues: meaning and next step.
    pub text: String,
    /// What to do: `ask_payer`, `fix_setup`, `give_up`, `try_again`.
    pub advice: String,
}

/// The state of an order's latest attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PaymentView {
    /// The order's number.
    pub order_id: String,
    /// What is charged.
    pub amount: MoneyView,
    /// The channel's short name.
    pub channel: String,
    /// How the payer is reached.
    pub way: WayView,
    /// What the stage shows.
    pub state: PayState,
    /// When the attempt began, UTC milliseconds.
    #[ts(type = "number")]
    pub since: i64,
    /// Now by the core's clock, UTC milliseconds: seconds shown are differences to it.
    #[ts(type = "number")]
    pub now: i64,
    /// How often the channel was asked.
    pub asked: u32,
    /// Why it is unknown: key of the text (`no_reply`, `server_fault`, `unauthenticated`, …).
    pub doubt: Option<String>,
    /// Key of the text that says why: what a signed code means, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub doubt_text: Option<String>,
    /// The other side's code or words, if it said any; of an unsigned refusal a hint only.
    pub hint: Option<String>,
    /// The program gave it to a person's list and goes on asking.
    pub handed_over: bool,
    /// The shown code.
    pub qr: Option<QrView>,
    /// The coins, where it is paid in some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub coins: Option<CoinsView>,
    /// Until when the channel's page can be paid, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub page_until: Option<i64>,
    /// The name of the reader that waits for a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reader: Option<String>,
    /// Why it failed.
    pub failure: Option<FailureView>,
    /// Fee by the contract rate.
    pub fee: Option<MoneyView>,
    /// What is left for the shop.
    pub net: Option<MoneyView>,
    /// The channel's number once paid.
    pub channel_no: Option<String>,
    /// When the channel says it was paid.
    #[ts(type = "number | null")]
    pub paid_at: Option<i64>,
    /// What changed hands, of cash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cash: Option<CashView>,
    /// The parts, of an order that is collected in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub split: Option<SplitView>,
    /// Whether cancelling makes sense now.
    pub can_cancel: bool,
    /// The order's version.
    pub version: u32,
}

/// An order that is collected in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SplitView {
    /// What is owed in all.
    pub total: MoneyView,
    /// What is paid of it.
    pub paid: MoneyView,
    /// What is left to pay.
    pub left: MoneyView,
    /// Whether another part can be taken now: something is left, nothing is open, and nothing goes back.
    pub can_go_on: bool,
    /// Every attempt, oldest first.
    pub parts: Vec<PartView>,
}

/// One attempt of an order that is collected in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartView {
    /// Our reference at the channel.
    pub reference: String,
    /// The channel's short name.
    pub channel: String,
    /// How the payer was reached.
    pub way: WayView,
    /// How much.
    pub amount: MoneyView,
    /// How far it came; `paid`, also while the order is not.
    pub state: PayState,
    /// What went back of it, or is on its way.
    pub returned: Option<MoneyView>,
}

/// Fee and net before charging.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFeeOf {
    /// Minor units.
    pub amount_minor: String,
    /// ISO 4217; the shop's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub currency: Option<String>,
    /// The channel's short name.
    pub channel: String,
}

/// Fee and net by the contract rate; all null when none is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExpectedFee {
    /// The fee, rounded half up.
    pub fee: Option<MoneyView>,
    /// What is left.
    pub net: Option<MoneyView>,
    /// The rate in millionths.
    pub rate_millionths: Option<u32>,
}
