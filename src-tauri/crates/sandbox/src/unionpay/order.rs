//! One transaction of UnionPay as a query finds it: a payment, a refund or an undo, each by a number of its own.
//!
//! It must never change one.

use super::answer::{Fields, put};
use super::key;
use super::request::Form;
use crate::bills::bill_day;
use crate::clock::{compact_time, day_text};
use crate::ledger::{
    Channel, EndedBy, Fen, Kind, Ledger, Refund, RefundCause, RefundState, State, Trade,
    UnionpayTerms,
};

/// Everybody in the sandbox pays with this card.
pub(super) const CARD: &str = "6216***********0018";

/// A transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order<'a> {
    /// Money back.
    Back(&'a Refund),
    Payment(&'a Trade),
}

/// By the merchant's number, whatever it is of.
pub(super) fn by_number<'a>(ledger: &'a Ledger, number: &str) -> Option<Order<'a>> {
    if let Some(trade) = ledger.find(&key(number)) {
        return Some(Order::Payment(trade));
    }
    let (_, refund) = ledger.find_refund(Channel::Unionpay, number)?;
    Some(Order::Back(refund))
}

/// The order that a query names: by `queryId`, or by its number together with its time.
pub(super) fn find<'a>(ledger: &'a Ledger, form: &Form) -> Option<Order<'a>> {
    if form.value("txnSubType") == Some("02") {
        let id = form.value("queryId")?;
        if let Some(trade) = ledger.find_by_trade_no(Channel::Unionpay, id) {
            return Some(Order::Payment(trade));
        }
        let (_, refund) = ledger.find_refund_by_id(Channel::Unionpay, id)?;
        return Some(Order::Back(refund));
    }
    let order = by_number(ledger, form.value("orderId")?)?;
    let asked = form.value("txnTime")?;
    (order.txn_time() == asked).then_some(order)
}

impl<'a> Order<'a> {
    fn terms(self) -> Option<&'a UnionpayTerms> {
        match self {
            Self::Back(refund) => refund.unionpay.as_ref(),
            Self::Payment(trade) => trade.unionpay.as_ref(),
        }
    }

    pub(super) fn back_url(self) -> Option<&'a str> {
        self.terms()?.back_url.as_deref()
    }

    pub(super) fn number(self) -> &'a str {
        match self {
            Self::Back(refund) => &refund.refund_no,
            Self::Payment(trade) => &trade.key.out_trade_no,
        }
    }

    pub(super) fn query_id(self) -> &'a str {
        match self {
            Self::Back(refund) => &refund.refund_id,
            Self::Payment(trade) => &trade.trade_no,
        }
    }

    pub(super) fn made_ms(self) -> i64 {
        match self {
            Self::Back(refund) => refund.accepted_ms,
            Self::Payment(trade) => trade.created_ms,
        }
    }

    /// A payment that another till made names no time of its own.
    pub(super) fn txn_time(self) -> String {
        let told = self.terms().map(|terms| terms.txn_time.clone());
        told.unwrap_or_else(|| compact_time(self.made_ms()))
    }

    fn amount(self) -> Fen {
        match self {
            Self::Back(refund) => refund.amount,
            Self::Payment(trade) => trade.total,
        }
    }

    pub(super) fn kinds(self) -> (&'static str, &'a str) {
        let sub_type = self.terms().map(|terms| terms.sub_type.as_str());
        match self {
            Self::Back(refund) if refund.cause == RefundCause::Reversal => ("31", "00"),
            Self::Back(..) => ("04", "00"),
            Self::Payment(trade) => {
                let usual = match trade.kind {
                    Kind::Code => "06",
                    Kind::Page => "01",
                    Kind::Qr => "07",
                };
                ("01", sub_type.unwrap_or(usual))
            }
        }
    }

    /// When it was done, if it was.
    pub(super) fn done_ms(self) -> Option<i64> {
        match self {
            Self::Back(refund) => refund
                .settled_ms
                .filter(|_| refund.state == RefundState::Success),
            Self::Payment(trade) => trade.paid_ms(),
        }
    }

    /// The code of the order itself, the second level of a query.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Back(refund) => match refund.state {
                RefundState::Abnormal => "04",
                RefundState::Closed => "30",
                RefundState::Processing => "05",
                RefundState::Success => "00",
            },
            Self::Payment(trade) => match trade.state {
                State::Ended(EndedBy::Cancel | EndedBy::Close) => "30",
                State::Ended(EndedBy::Payer) => "65",
                State::Ended(EndedBy::Timeout) => "69",
                State::Paid if trade.is_voided() => "30",
                State::Paid => "00",
                State::Waiting => "05",
            },
        }
    }

    /// What queries and notices tell of it alike.
    pub(super) fn fields(self, mer_id: &str) -> Fields {
        let mut fields = Fields::new();
        let (txn_type, sub_type) = self.kinds();
        let biz_type = self.terms().map_or("000000", |terms| &terms.biz_type);
        let (id, amount) = (self.query_id(), self.amount().get().to_string());
        for (name, value) in [
            ("accessType", "0"),
            ("bizType", biz_type),
            ("currencyCode", "156"),
            ("encoding", "UTF-8"),
            ("merId", mer_id),
            ("orderId", self.number()),
            ("queryId", id),
            ("signMethod", "01"),
            // The number holds the trace: two digits, the time of twelve, the trace of six.
            ("traceNo", id.get(14..20).unwrap_or_default()),
            ("traceTime", id.get(4..14).unwrap_or_default()),
            ("txnAmt", &amount),
            ("txnSubType", sub_type),
            ("txnTime", &self.txn_time()),
            ("txnType", txn_type),
            ("version", "5.1.0"),
        ] {
            put(&mut fields, name, value);
        }
        if let Some(reserved) = self.terms().and_then(|terms| terms.reserved.as_ref()) {
            put(&mut fields, "reqReserved", reserved);
        }
        if let Some(done_ms) = self.done_ms() {
            put(&mut fields, "accNo", CARD);
            put(&mut fields, "settleAmt", amount);
            put(&mut fields, "settleCurrencyCode", "156");
            put(&mut fields, "settleDate", settle_date(done_ms));
        }
        fields
    }
}

/// `1121`: month and day of the settlement day.
pub(super) fn settle_date(at_ms: i64) -> String {
    let day = day_text(bill_day(Channel::Unionpay, at_ms)).replace('-', "");
    day.get(4..).unwrap_or_default().to_owned()
}
