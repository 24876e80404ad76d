//! What the log holds: who did what, and when. Appended, never changed.

use paydesk_domain::{BusinessDay, MerchantRef, OrderNumber, Timestamp};
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "actor", content = "name", rename_all = "snake_case")]
pub enum Actor {
    /// A person, by the name picked in the footer.
    Operator(String),
    /// The program by itself: resolver, recovery.
    Program,
    /// Other software through the payment interface, by the name of its key.
    Software(String),
}

/// What kinds of facts the log holds. Each has a text `event_<kind>` in both catalogues.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A kept bill was compared with our books again.
    BillCompared,
    /// A channel's bill was compared with our books and kept.
    BillImported,
    /// A refund was given back in cash, on the word of whoever counted it.
    CashReturned,
    /// Cash was taken for an order, on the word of whoever counted it.
    CashTaken,
    /// A day that was signed is open again.
    DayReopened,
    /// A day was signed.
    DaySigned,
    /// Something was decided about a difference, or undone.
    DifferenceTreated,
    /// A drawer was opened without a payment or refund: counted, filled, emptied, or for a reason.
    DrawerMoved,
    /// An intent to close or reverse became durable.
    EndingBegun,
    /// A channel's fund-flow bill was kept.
    FlowImported,
    /// A reply that did not prove itself.
    ForgedReply,
    /// The keys of an account changed: names and fingerprints, never a key.
    KeysChanged,
    /// A person decided about late money.
    LateDecided,
    /// A note was added.
    NoteAdded,
    /// An order was opened.
    OrderOpened,
    /// A report, a list of a day or a journal was written to a file.
    FileExported,
    /// A list of orders was written to a file.
    OrdersExported,
    /// An attempt became durable, in doubt.
    PaymentBegun,
    /// An exchange left it unknown.
    PaymentDoubted,
    /// It was put on the human list.
    PaymentHandedOver,
    /// An authenticated fact about an attempt.
    PaymentHeard,
    /// No byte left this machine.
    PaymentWithdrawn,
    /// A person decided which movement of the bank a payout is, or is not.
    PayoutDecided,
    /// A receipt was printed or saved.
    ReceiptIssued,
    /// A refund became durable, in doubt.
    RefundBegun,
    /// An exchange left it unknown.
    RefundDoubted,
    /// It was put on the human list.
    RefundHandedOver,
    /// An authenticated fact about a refund.
    RefundHeard,
    /// No byte left this machine.
    RefundWithdrawn,
    /// Settings changed.
    SettingsChanged,
    /// The statements of a bank's file were kept.
    StatementImported,
}

impl EventKind {
    /// Its name in the log and in the catalogues.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::BillCompared => "bill_compared",
            EventKind::BillImported => "bill_imported",
            EventKind::CashReturned => "cash_returned",
            EventKind::CashTaken => "cash_taken",
            EventKind::DayReopened => "day_reopened",
            EventKind::DaySigned => "day_signed",
            EventKind::DifferenceTreated => "difference_treated",
            EventKind::DrawerMoved => "drawer_moved",
            EventKind::EndingBegun => "ending_begun",
            EventKind::FlowImported => "flow_imported",
            EventKind::ForgedReply => "forged_reply",
            EventKind::KeysChanged => "keys_changed",
            EventKind::LateDecided => "late_decided",
            EventKind::NoteAdded => "note_added",
            EventKind::OrderOpened => "order_opened",
            EventKind::FileExported => "file_exported",
            EventKind::OrdersExported => "orders_exported",
            EventKind::PaymentBegun => "payment_begun",
            EventKind::PaymentDoubted => "payment_doubted",
            EventKind::PaymentHandedOver => "payment_handed_over",
            EventKind::PaymentHeard => "payment_heard",
            EventKind::PaymentWithdrawn => "payment_withdrawn",
            EventKind::PayoutDecided => "payout_decided",
            EventKind::ReceiptIssued => "receipt_issued",
            EventKind::RefundBegun => "refund_begun",
            EventKind::RefundDoubted => "refund_doubted",
            EventKind::RefundHandedOver => "refund_handed_over",
            EventKind::RefundHeard => "refund_heard",
            EventKind::RefundWithdrawn => "refund_withdrawn",
            EventKind::SettingsChanged => "settings_changed",
            EventKind::StatementImported => "statement_imported",
        }
    }
}

/// A fact to append. The store adds its place, the hash before and its own hash.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What kind.
    pub kind: EventKind,
    /// The order it belongs to; settings belong to none.
    pub order: Option<OrderNumber>,
    /// The attempt or refund it is about.
    pub subject: Option<MerchantRef>,
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The business day, computed once (INV24).
    pub day: BusinessDay,
    /// The fact. `after` holds the whole order, attempt or refund when it moved, so that the
    /// projections can be rebuilt from the log: keys `order`, `payment`, `refund`, `settings`, `note`, `drawer`.
    /// Never a secret, never personal data.
    pub body: serde_json::Value,
    /// Bytes of the exchange, kept sealed; the body names their digest.
    pub evidence: Option<Vec<u8>>,
}
