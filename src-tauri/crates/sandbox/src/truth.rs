//! The ledger as an auditor reads it: every trade and every movement of its money, as plain data.
//!
//! Whoever audits takes the JSON of [`Truth`] and needs no type of this crate: money is a whole
//! number of minor units (fen, where the currency is `CNY`), a time is milliseconds since 1970 in UTC, a name is lower-case text. It must
//! never leave a movement out, and never sum up instead of telling.

use serde::Serialize;

use crate::keys::MerchantCredentials;
use crate::ledger::{
    Balances, Channel, CoinMethod, CoinPayout, CoinState, Currency, EndedBy, Fen, Invoice,
    InvoiceExtra, InvoiceStatus, JournalError, Kind, Ledger, PayoutState, PullPayment, Refund,
    RefundCause, RefundState, State, Trade, TradeKey,
};
use crate::world::World;

/// Everything that is true about money at one moment, after everything that was due by then.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Truth {
    /// The moment.
    pub at_ms: i64,
    /// Every trade that was ever created, oldest first.
    pub trades: Vec<TrueTrade>,
    /// Where each channel's money of each currency is; `is_balanced` says whether the sums agree.
    pub balances: Vec<Balances>,
}

/// One trade and its money.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TrueTrade {
    /// `alipay`, `btcpay`, `stripe`, `unionpay` or `wechatpay`.
    pub channel: Channel,
    /// The merchant: Alipay's `seller_id`, BTCPay Server's `storeId`, Stripe's account, UnionPay's `merId`, WeChat Pay's
    /// `mchid`.
    pub merchant: String,
    /// The merchant's number; unique in the channel, but at BTCPay Server, where several invoices can carry it.
    pub out_trade_no: String,
    /// The channel's number.
    pub trade_no: String,
    /// `code` (the till scanned the payer), `qr` (the payer scanned the till) or `page` (the payer's browser was
    /// sent to the channel).
    pub kind: Kind,
    /// The payment code, or the text of the QR.
    pub code: String,
    /// What it is for.
    pub subject: String,
    /// `CNY` or another code, for every amount of the trade; at BTCPay Server the invoice's, by its locked rate.
    pub currency: Currency,
    /// What was asked for.
    pub asked: Fen,
    /// `waiting`, `paid` or `ended`. A trade that was ended and then paid after all is `paid`.
    pub state: &'static str,
    /// Who ended it, while it is `ended`: `cancel`, `close`, `payer` or `timeout`.
    pub ended_by: Option<EndedBy>,
    /// When it was ended without money, even if money came later.
    pub ended_ms: Option<i64>,
    /// When it was created.
    pub created_ms: i64,
    /// After this it cannot be paid.
    pub expires_ms: i64,
    /// Sum of the charges.
    pub charged: Fen,
    /// Sum of what is with the payer again.
    pub returned: Fen,
    /// Sum of what is on its way back, or held because the payer's account cannot take it.
    pub in_transit: Fen,
    /// What the merchant keeps: charged, less returned and in transit.
    pub kept: Fen,
    /// Every movement: the charges, then what went back, each in the order of their acceptance.
    pub movements: Vec<Movement>,
    /// What an invoice of BTCPay Server has besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coins: Option<TrueCoins>,
}

/// An invoice in coins.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TrueCoins {
    /// Where it stands.
    pub status: InvoiceStatus,
    /// What is special about that.
    pub extra: InvoiceExtra,
    /// Of one bitcoin, locked when it was made.
    pub rate: String,
    /// What is asked, in satoshi.
    pub asked_sats: i64,
    /// What came and was not replaced, in satoshi.
    pub paid_sats: i64,
}

/// One movement of money.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Movement {
    /// `charge`, `refund` or `reversal`.
    pub kind: MovementKind,
    /// The merchant's number of a refund, and of an undo at UnionPay; empty for charges and other reversals.
    pub number: String,
    /// The channel's number of a refund or reversal; empty for charges.
    pub channel_number: String,
    /// How much; always positive.
    pub amount: Fen,
    /// When the channel took it on.
    pub accepted_ms: i64,
    /// When it was done, or given up.
    pub settled_ms: Option<i64>,
    /// `success` (done), `processing` (under way), `abnormal` (held, the payer has nothing) or
    /// `closed` (given up, the merchant has the money again).
    pub state: RefundState,
    /// The same in satoshi, where that is what moved (BTCPay Server).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sats: Option<i64>,
}

/// Which way money moved, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MovementKind {
    /// From the payer to the merchant.
    Charge,
    /// Back to the payer, because the payer's bank wanted it.
    Dispute,
    /// Back to the payer, with a number of its own.
    Refund,
    /// Back to the payer, by cancel or reverse.
    Reversal,
}

/// Tells everything.
pub(crate) fn tell(world: &World) -> Result<Truth, JournalError> {
    let at_ms = world.now().wall_ms;
    let ledger = world.ledger()?;
    let merchant = &world.keys.merchant;
    Ok(Truth {
        at_ms,
        trades: trades(&ledger, merchant),
        balances: ledger.all_balances(),
    })
}

/// Tells one trade.
pub(crate) fn tell_one(world: &World, key: &TradeKey) -> Result<Option<TrueTrade>, JournalError> {
    let ledger = world.ledger()?;
    if key.channel == Channel::Btcpay {
        // Of several with the same number that one which got money, else the newest.
        let all: Vec<&Invoice> = ledger.coins().by_order(&key.out_trade_no).collect();
        let paid = all.iter().find(|invoice| invoice.paid_sats() > 0);
        let found = paid.or(all.last());
        return Ok(found.map(|invoice| told_invoice(&ledger, invoice)));
    }
    // Only Stripe's trades are kept under numbers that are not the merchant's.
    let by_order = || {
        if key.channel != Channel::Stripe {
            return None;
        }
        let mut trades = ledger
            .trades()
            .filter(|trade| trade.key.channel == key.channel);
        trades.find(|trade| number_of(trade) == key.out_trade_no)
    };
    let found = ledger.find(key).or_else(by_order);
    Ok(found.map(|trade| told(trade, &world.keys.merchant)))
}

/// The merchant's own number: Stripe's intents carry it among their words, where the merchant wrote one.
fn number_of(trade: &Trade) -> &str {
    let order = trade.stripe.as_ref().and_then(|terms| terms.order());
    order.unwrap_or(&trade.key.out_trade_no)
}

/// The merchant's own number of money that goes back. At Stripe it stands among the words as well, or is the key
/// under which it was asked for.
fn refund_number(refund: &Refund) -> &str {
    let own = refund.stripe.as_ref().and_then(|told| {
        let names = ["refund_id", "paydesk_refund"];
        let named = names.into_iter().find_map(|name| told.metadata.get(name));
        named.or(told.idempotency_key.as_ref())
    });
    own.unwrap_or(&refund.refund_no)
}

/// Trades of every channel in the order of their making; invoices are no trades of the ledger.
fn trades(ledger: &Ledger, merchant: &MerchantCredentials) -> Vec<TrueTrade> {
    let own = ledger.trades().map(|trade| told(trade, merchant));
    let invoices = ledger.coins().invoices();
    let invoices = invoices.map(|invoice| told_invoice(ledger, invoice));
    let mut all: Vec<TrueTrade> = own.chain(invoices).collect();
    all.sort_by_key(|trade| trade.created_ms);
    all
}

fn told(trade: &Trade, merchant: &MerchantCredentials) -> TrueTrade {
    let charges = trade.charges.iter().map(|charge| Movement {
        kind: MovementKind::Charge,
        number: String::new(),
        channel_number: String::new(),
        amount: charge.amount,
        accepted_ms: charge.at_ms,
        settled_ms: Some(charge.at_ms),
        state: RefundState::Success,
        sats: None,
    });
    let refunds = trade.refunds.iter().map(|refund| Movement {
        kind: match refund.cause {
            RefundCause::Dispute => MovementKind::Dispute,
            RefundCause::Refund => MovementKind::Refund,
            RefundCause::Reversal => MovementKind::Reversal,
        },
        number: refund_number(refund).to_owned(),
        channel_number: refund.refund_id.clone(),
        amount: refund.amount,
        accepted_ms: refund.accepted_ms,
        settled_ms: refund.settled_ms,
        state: refund.state,
        sats: None,
    });
    let going_back = |is_counted: fn(RefundState) -> bool| {
        let counted = trade.refunds.iter().filter(|back| is_counted(back.state));
        Fen::sum(counted.map(|back| back.amount)).unwrap_or(Fen::ZERO)
    };
    let charged = trade.charged();
    let (state, ended_by) = match trade.state {
        State::Ended(by) => ("ended", Some(by)),
        State::Paid => ("paid", None),
        State::Waiting => ("waiting", None),
    };
    TrueTrade {
        channel: trade.key.channel,
        merchant: match trade.key.channel {
            Channel::Alipay => merchant.alipay.seller_id.clone(),
            Channel::Btcpay => merchant.btcpay.store_id.clone(),
            Channel::Stripe => merchant.stripe.account.clone(),
            Channel::Unionpay => merchant.unionpay.mer_id.clone(),
            Channel::Wechatpay => merchant.wechatpay.mchid.clone(),
        },
        out_trade_no: number_of(trade).to_owned(),
        trade_no: trade.trade_no.clone(),
        kind: trade.kind,
        code: trade.code.clone(),
        subject: trade.subject.clone(),
        currency: trade.currency,
        asked: trade.total,
        state,
        ended_by,
        ended_ms: trade.ended_ms,
        created_ms: trade.created_ms,
        expires_ms: trade.expires_ms,
        charged,
        returned: going_back(|state| state == RefundState::Success),
        in_transit: going_back(|state| {
            matches!(state, RefundState::Processing | RefundState::Abnormal)
        }),
        kept: charged.minus(trade.refunded()).unwrap_or(Fen::ZERO),
        movements: charges.chain(refunds).collect(),
        coins: None,
    }
}

/// An invoice as a trade: worth what it was worth by its locked rate.
fn told_invoice(ledger: &Ledger, invoice: &Invoice) -> TrueTrade {
    let mut movements = charges(invoice);
    for pull in ledger.coins().pulls_of(&invoice.id) {
        let payouts = ledger.coins().payouts_of(&pull.id);
        movements.extend(payouts.map(|payout| given_back(pull, payout)));
    }
    let charged = invoice.value(invoice.paid_sats());
    let going_back = |state: RefundState| {
        let backs = movements.iter();
        let backs = backs.filter(|back| back.kind == MovementKind::Refund && back.state == state);
        Fen::sum(backs.map(|back| back.amount)).unwrap_or(Fen::ZERO)
    };
    let (returned, in_transit) = (
        going_back(RefundState::Success),
        going_back(RefundState::Processing),
    );
    let gone = returned.plus(in_transit).unwrap_or(Fen::ZERO);
    let is_late = invoice.extra == InvoiceExtra::PaidLate;
    let (state, ended_by) = match invoice.status {
        InvoiceStatus::New => ("waiting", None),
        InvoiceStatus::Processing | InvoiceStatus::Settled => ("paid", None),
        InvoiceStatus::Expired if is_late => ("paid", None),
        InvoiceStatus::Invalid if invoice.is_marked() => ("ended", Some(EndedBy::Close)),
        InvoiceStatus::Expired | InvoiceStatus::Invalid => ("ended", Some(EndedBy::Timeout)),
    };
    let has_expired = invoice.status == InvoiceStatus::Expired;
    let way = invoice.method(CoinMethod::Chain);
    let way = way.or(invoice.methods.first());
    let item = invoice.terms.metadata.get("itemDesc");
    TrueTrade {
        channel: Channel::Btcpay,
        merchant: invoice.store_id.clone(),
        out_trade_no: invoice.order_id().unwrap_or_default().to_owned(),
        trade_no: invoice.id.clone(),
        kind: Kind::Qr,
        code: way
            .and_then(|way| way.destination.clone())
            .unwrap_or_default(),
        subject: item
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        currency: invoice.currency,
        asked: invoice.price,
        state,
        ended_by,
        ended_ms: has_expired.then_some(invoice.expires_ms),
        created_ms: invoice.created_ms,
        expires_ms: invoice.expires_ms,
        charged,
        returned,
        in_transit,
        kept: charged.minus(gone).unwrap_or(Fen::ZERO),
        movements,
        coins: Some(TrueCoins {
            status: invoice.status,
            extra: invoice.extra,
            rate: invoice.rate.write(),
            asked_sats: invoice.sats,
            paid_sats: invoice.paid_sats(),
        }),
    }
}

/// What came. Each is worth what it added, so that the sum is worth what all of it is.
fn charges(invoice: &Invoice) -> Vec<Movement> {
    let mut sats = 0_i64;
    let payments = invoice.payments.iter();
    let told = payments.map(|payment| {
        let (amount, state) = match payment.state {
            CoinState::Invalid => (invoice.value(payment.sats), RefundState::Closed),
            CoinState::Processing | CoinState::Settled => {
                let before = invoice.value(sats);
                sats = sats.saturating_add(payment.sats);
                let added = invoice.value(sats).minus(before).unwrap_or(Fen::ZERO);
                let is_certain = payment.state == CoinState::Settled;
                let state = if is_certain {
                    RefundState::Success
                } else {
                    RefundState::Processing
                };
                (added, state)
            }
        };
        Movement {
            kind: MovementKind::Charge,
            number: String::new(),
            channel_number: payment.id.clone(),
            amount,
            accepted_ms: payment.received_ms,
            settled_ms: payment.ended_ms,
            state,
            sats: Some(payment.sats),
        }
    });
    told.collect()
}

/// A claim, worth its part of what was offered.
fn given_back(pull: &PullPayment, payout: &CoinPayout) -> Movement {
    let parts = i128::from(pull.value.get()).saturating_mul(payout.amount.get().into());
    let worth = parts.checked_div(pull.amount.get().into()).unwrap_or(0);
    Movement {
        kind: MovementKind::Refund,
        number: pull.name.clone(),
        channel_number: payout.id.clone(),
        amount: Fen::new(i64::try_from(worth).unwrap_or(i64::MAX)),
        accepted_ms: payout.created_ms,
        settled_ms: payout.ended_ms,
        state: match payout.state {
            PayoutState::Completed => RefundState::Success,
            PayoutState::Cancelled => RefundState::Closed,
            PayoutState::AwaitingApproval
            | PayoutState::AwaitingPayment
            | PayoutState::InProgress => RefundState::Processing,
        },
        sats: payout.sats,
    }
}
