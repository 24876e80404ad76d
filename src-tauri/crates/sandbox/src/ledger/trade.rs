//! One trade as the channel knows it: what was asked, charged, ended and given back.
//!
//! Values only; the rules of moving money are the ledger's, the names on the wire the channels'.

use serde::{Deserialize, Serialize};

use super::{Currency, Fen, StripeRefund, StripeTerms};
use crate::customers::Behaviour;

/// A channel that the sandbox speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Alipay's `gateway.do`.
    Alipay,
    /// BTCPay Server's Greenfield API.
    Btcpay,
    /// Stripe's API, version 1.
    Stripe,
    /// UnionPay's 全渠道 gateway, version 5.1.0.
    Unionpay,
    /// WeChat Pay API v3.
    Wechatpay,
}

impl Channel {
    /// Every channel, in the order in which the sandbox learnt them: lists keep it.
    pub const ALL: [Self; 5] = [
        Self::Alipay,
        Self::Wechatpay,
        Self::Unionpay,
        Self::Stripe,
        Self::Btcpay,
    ];

    /// Its name in the ledger, in the control's calls and among accounts.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Btcpay => "btcpay",
            Self::Stripe => "stripe",
            Self::Unionpay => "unionpay",
            Self::Wechatpay => "wechatpay",
        }
    }

    /// The rate of a contract that nobody has changed, in millionths: 0.60 %, at Stripe 2.90 %, and nothing where the
    /// merchant's own server takes the money.
    pub(crate) const fn usual_rate(self) -> u32 {
        match self {
            Self::Alipay | Self::Unionpay | Self::Wechatpay => usual_rate(),
            Self::Btcpay => 0,
            Self::Stripe => 29_000,
        }
    }
}

/// The merchant's number of a trade at a channel.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct TradeKey {
    /// The channel.
    pub channel: Channel,
    /// The merchant's own number.
    pub out_trade_no: String,
}

impl TradeKey {
    pub(crate) fn new(channel: Channel, out_trade_no: &str) -> Self {
        Self {
            channel,
            out_trade_no: out_trade_no.to_owned(),
        }
    }
}

/// How the payer came to the trade.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The till scanned the payer's code.
    Code,
    /// The payer's browser was sent to the channel's own page (UnionPay).
    Page,
    /// The payer scans a code that the till shows.
    Qr,
}

/// Who ended an unpaid trade.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The till, by cancel or reverse.
    Cancel,
    /// The till, by close.
    Close,
    /// The payer, who did not give the password.
    Payer,
    /// The time that the request had set.
    Timeout,
}

/// Where a trade stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "by")]
pub enum State {
    /// Ended without money.
    Ended(EndedBy),
    /// Charged; refunds are counted apart.
    Paid,
    /// Waiting for the payer.
    Waiting,
}

/// Money taken from the payer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Charge {
    /// When.
    pub at_ms: i64,
    /// How much.
    pub amount: Fen,
}

/// Who asked for money to go back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundCause {
    /// The payer's bank took it back (Stripe).
    Dispute,
    /// A refund with a number of its own.
    Refund,
    /// Cancel or reverse of a paid trade.
    Reversal,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundState {
    /// The payer's account cannot take it; the money is held.
    Abnormal,
    /// Failed; the money is the merchant's again.
    Closed,
    /// Accepted, on its way.
    Processing,
    /// With the payer.
    Success,
}

/// Money on its way back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refund {
    /// The merchant's number; empty for a reversal, unless UnionPay undid the payment by an order of its own.
    pub refund_no: String,
    /// The channel's number.
    pub refund_id: String,
    /// How much.
    pub amount: Fen,
    /// The reason given.
    pub reason: Option<String>,
    /// Who asked.
    pub cause: RefundCause,
    /// When it was accepted.
    pub accepted_ms: i64,
    /// When it will be settled.
    pub due_ms: i64,
    /// How it will be settled.
    pub ends_as: RefundState,
    /// When it was settled.
    pub settled_ms: Option<i64>,
    /// Where it stands.
    pub state: RefundState,
    /// What it was asked with (UnionPay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionpay: Option<UnionpayTerms>,
    /// What it was asked with, and what became of it (Stripe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripe: Option<Box<StripeRefund>>,
}

/// What a transaction of UnionPay was asked with, as answers, queries and notices repeat it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UnionpayTerms {
    /// `txnTime`: only together with it does the order's number name the transaction.
    pub txn_time: String,
    /// `txnSubType`.
    pub sub_type: String,
    /// `bizType`.
    pub biz_type: String,
    /// `channelType`.
    pub channel_type: String,
    /// `backUrl`: where a success is told.
    pub back_url: Option<String>,
    /// `frontUrl`: where the payer's browser goes on.
    pub front_url: Option<String>,
    /// `reqReserved`.
    pub reserved: Option<String>,
}

/// What the payer is going to do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Plan {
    /// When.
    pub at_ms: i64,
    /// Pays, or gives up.
    pub pays: bool,
}

/// Where the shop says that a trade came from.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Origin {
    /// The shop's own number of the place.
    pub store_id: Option<String>,
    /// Who served.
    pub operator_id: Option<String>,
    /// The till.
    pub terminal_id: Option<String>,
}

/// The Chinese channels' usual rate, in millionths.
const fn usual_rate() -> u32 {
    6_000
}

/// A trade, with every fact that ever moved money on it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Trade {
    /// Channel and merchant's number.
    #[serde(flatten)]
    pub key: TradeKey,
    /// The channel's number.
    pub trade_no: String,
    /// Code or QR.
    pub kind: Kind,
    /// The currency of every amount of it.
    #[serde(default)]
    pub currency: Currency,
    /// What is asked.
    pub total: Fen,
    /// What it is for.
    pub subject: String,
    /// Text that comes back with the payment (WeChat Pay).
    pub attach: Option<String>,
    /// Store, operator and till.
    #[serde(default)]
    pub origin: Origin,
    /// The contract's rate when the trade was created, in millionths.
    #[serde(default = "usual_rate")]
    pub fee_rate: u32,
    /// The payment code shown, or the URL of the QR.
    pub code: String,
    /// The payer.
    pub behaviour: Behaviour,
    /// When it was created.
    pub created_ms: i64,
    /// After this it cannot be paid.
    pub expires_ms: i64,
    /// A payer has scanned the QR.
    pub scanned: bool,
    /// The payer declined on the phone.
    pub declined: bool,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
    /// What the payer will do.
    pub plan: Option<Plan>,
    /// When it was ended without money, even if money came later.
    pub ended_ms: Option<i64>,
    /// Money taken; more than one entry would be a double charge.
    pub charges: Vec<Charge>,
    /// Money given back.
    pub refunds: Vec<Refund>,
    /// What it was asked with (UnionPay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionpay: Option<UnionpayTerms>,
    /// What it was asked with, and what is known of it (Stripe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripe: Option<Box<StripeTerms>>,
}

impl Trade {
    /// Whether the channel admits that the trade exists: Alipay knows a QR trade after its scan.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.key.channel != Channel::Alipay || self.kind == Kind::Code || self.scanned
    }

    /// Money taken in all.
    #[must_use]
    pub fn charged(&self) -> Fen {
        Fen::sum(self.charges.iter().map(|charge| charge.amount)).unwrap_or(Fen::ZERO)
    }

    /// Money given back or on its way back.
    #[must_use]
    pub fn refunded(&self) -> Fen {
        let standing = self
            .refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Closed);
        Fen::sum(standing.map(|refund| refund.amount)).unwrap_or(Fen::ZERO)
    }

    /// Whether a cancel or reverse gave the money back.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        self.refunds
            .iter()
            .any(|refund| refund.cause == RefundCause::Reversal)
    }

    /// When the money was taken.
    #[must_use]
    pub fn paid_ms(&self) -> Option<i64> {
        self.charges.first().map(|charge| charge.at_ms)
    }

    /// Whether the money was given back as though it had never been taken, without an order of its own.
    #[must_use]
    pub fn is_voided(&self) -> bool {
        let mut refunds = self.refunds.iter();
        refunds.any(|back| back.cause == RefundCause::Reversal && back.refund_no.is_empty())
    }

    pub(crate) fn refund(&self, refund_no: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.cause == RefundCause::Refund && refund.refund_no == refund_no)
    }
}
