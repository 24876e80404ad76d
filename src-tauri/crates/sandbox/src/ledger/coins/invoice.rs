//! One invoice of BTCPay Server: what is asked, at which rate, what came on chain or by Lightning.
//!
//! Values only; when they change is `watch.rs`'s business, their names on the wire the channel's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Rate;
use crate::ledger::{Currency, Fen};

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum InvoiceStatus {
    /// Waiting, or paid too little so far.
    New,
    /// Paid, not confirmed enough.
    Processing,
    /// Paid for good.
    Settled,
    /// Its time was over before it was paid.
    Expired,
    /// Never confirmed, or marked by hand.
    Invalid,
}

/// What is special about an invoice's state.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum InvoiceExtra {
    /// Nothing.
    None,
    /// Too little.
    PaidPartial,
    /// Too much.
    PaidOver,
    /// Enough, after its time.
    PaidLate,
    /// Somebody set the status by hand.
    Marked,
}

/// A way to pay an invoice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum CoinMethod {
    /// An address.
    #[serde(rename = "BTC-CHAIN")]
    Chain,
    /// A BOLT11 invoice.
    #[serde(rename = "BTC-LN")]
    Lightning,
}

impl CoinMethod {
    pub(crate) const ALL: [Self; 2] = [Self::Chain, Self::Lightning];

    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Chain => "BTC-CHAIN",
            Self::Lightning => "BTC-LN",
        }
    }

    /// By its id, or by the one that servers before 2.0 knew.
    pub(crate) fn named(id: &str) -> Option<Self> {
        match id {
            "BTC-CHAIN" | "BTC" | "BTC-OnChain" => Some(Self::Chain),
            "BTC-LN" | "BTC-LightningNetwork" => Some(Self::Lightning),
            _ => None,
        }
    }
}

/// How many blocks make a payment certain.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SpeedPolicy {
    /// None, but one when the transaction says that it may be replaced.
    HighSpeed,
    /// One.
    MediumSpeed,
    /// Two.
    LowMediumSpeed,
    /// Six.
    LowSpeed,
}

impl SpeedPolicy {
    pub(crate) fn blocks(self, is_replaceable: bool) -> i64 {
        match self {
            Self::HighSpeed => i64::from(is_replaceable),
            Self::MediumSpeed => 1,
            Self::LowMediumSpeed => 2,
            Self::LowSpeed => 6,
        }
    }
}

/// What the invoice was asked with and is told back as it was.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InvoiceTerms {
    /// Free; `orderId` in it is the merchant's number.
    pub metadata: Value,
    /// Found by a search.
    pub search_terms: Vec<String>,
    /// How certain a payment has to be.
    pub speed: SpeedPolicy,
    /// How much less than the price is enough, in millionths.
    pub tolerance_millionths: i64,
    /// Shown first.
    pub default_method: Option<CoinMethod>,
    /// Methods begin when somebody asks for them.
    pub is_lazy: bool,
    /// The rest of `checkout`.
    pub checkout: Value,
    /// `receipt`.
    pub receipt: Value,
}

/// One way to pay this invoice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InvoiceMethod {
    /// Which.
    pub method: CoinMethod,
    /// Address or BOLT11 invoice; none as long as it is not activated.
    pub destination: Option<String>,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum CoinState {
    /// Seen, not certain.
    Processing,
    /// Certain.
    Settled,
    /// Replaced by another transaction: nothing came.
    Invalid,
}

/// Coins that came, or seemed to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CoinPayment {
    /// `txid-vout`, or the payment hash.
    pub id: String,
    /// How.
    pub method: CoinMethod,
    /// Where to.
    pub destination: String,
    /// How much.
    pub sats: i64,
    /// When.
    pub received_ms: i64,
    /// When it will be certain; none if it never will.
    pub confirms_ms: Option<i64>,
    /// When it became certain, or was replaced.
    pub ended_ms: Option<i64>,
    /// The transaction says that it may be replaced.
    pub is_replaceable: bool,
    /// Where it stands.
    pub state: CoinState,
}

/// An invoice, with everything that came for it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Invoice {
    /// The channel's number.
    pub id: String,
    /// Whose.
    pub store_id: String,
    /// Of the price.
    pub currency: Currency,
    /// What is asked; for a top-up what came first, and nothing before.
    pub price: Fen,
    /// Any sum settles it.
    pub is_top_up: bool,
    /// Locked when the invoice was made.
    pub rate: Rate,
    /// What is asked, in satoshi.
    pub sats: i64,
    /// What it was asked with.
    pub terms: InvoiceTerms,
    /// When it was made.
    pub created_ms: i64,
    /// Until then it can be paid.
    pub expires_ms: i64,
    /// Until then a payment may confirm.
    pub monitored_ms: i64,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// What is special about that.
    pub extra: InvoiceExtra,
    /// Hidden from lists.
    pub is_archived: bool,
    /// How it can be paid.
    pub methods: Vec<InvoiceMethod>,
    /// What came.
    pub payments: Vec<CoinPayment>,
}

impl Invoice {
    /// The merchant's number, which several invoices can carry.
    #[must_use]
    pub fn order_id(&self) -> Option<&str> {
        self.terms.metadata.get("orderId").and_then(Value::as_str)
    }

    /// What came and was not replaced.
    pub(crate) fn standing(&self) -> impl Iterator<Item = &CoinPayment> {
        let payments = self.payments.iter();
        payments.filter(|payment| payment.state != CoinState::Invalid)
    }

    /// Satoshi that came.
    #[must_use]
    pub fn paid_sats(&self) -> i64 {
        total(self.standing())
    }

    pub(crate) fn confirmed_sats(&self) -> i64 {
        let certain = self.payments.iter();
        total(certain.filter(|payment| payment.state == CoinState::Settled))
    }

    /// Satoshi that are still missing.
    #[must_use]
    pub fn due_sats(&self) -> i64 {
        self.sats.saturating_sub(self.paid_sats()).max(0)
    }

    pub(crate) fn is_covered_by(&self, sats: i64) -> bool {
        if self.is_top_up {
            return sats > 0;
        }
        let share = 1_000_000_i128.saturating_sub(self.terms.tolerance_millionths.into());
        let least = i128::from(self.sats).saturating_mul(share);
        i128::from(sats).saturating_mul(1_000_000) >= least
    }

    pub(crate) fn is_overpaid(&self) -> bool {
        !self.is_top_up && self.paid_sats() > self.sats
    }

    /// What so many satoshi of it are worth by the locked rate, in the invoice's currency.
    pub(crate) fn value(&self, sats: i64) -> Fen {
        if sats == self.sats {
            return self.price;
        }
        self.rate.value(sats, self.currency)
    }

    pub(crate) fn method(&self, method: CoinMethod) -> Option<&InvoiceMethod> {
        self.methods.iter().find(|known| known.method == method)
    }

    /// Whether somebody set the status by hand; then nothing else changes it.
    pub(crate) fn is_marked(&self) -> bool {
        self.extra == InvoiceExtra::Marked
    }

    /// What it can be marked as.
    pub(crate) fn markable(&self) -> Vec<InvoiceStatus> {
        use InvoiceStatus::{Expired, Invalid, New, Processing, Settled};
        let open = matches!(self.status, New | Processing | Expired);
        let may = |to: InvoiceStatus, otherwise: bool| {
            (otherwise || (self.is_marked() && self.status != to)).then_some(to)
        };
        let settled = may(Settled, open || self.status == Invalid);
        let invalid = may(Invalid, open);
        [settled, invalid].into_iter().flatten().collect()
    }

    /// Whether its money can go back.
    pub(crate) fn is_refundable(&self) -> bool {
        match self.status {
            InvoiceStatus::Settled | InvoiceStatus::Invalid => true,
            InvoiceStatus::Expired => self.extra != InvoiceExtra::None,
            InvoiceStatus::New | InvoiceStatus::Processing => false,
        }
    }
}

fn total<'a>(payments: impl Iterator<Item = &'a CoinPayment>) -> i64 {
    payments.fold(0_i64, |sum, payment| sum.saturating_add(payment.sats))
}
