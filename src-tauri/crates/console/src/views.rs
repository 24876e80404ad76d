//! From the domain's states to what the screen shows. No rule about money lives here.

use crate::coins;
use crate::contract::{
    CashView, FailureView, MoneyView, OfferView, OrderRow, PartView, PayState, PaymentView, QrView,
    RefundStateView, RefundView, SplitView, StatusView, WayView,
};
use paydesk_desk::ports;
use paydesk_domain::{
    Advice, Again, Amiss, ClosedWhy, Doubt, NotSent, Order, OrderStatus, PayerAction, Payment,
    PaymentState, Refund, RefundState, TenderKind, Timestamp,
};
use std::time::Duration;

/// From then on the screen is amber, whatever the state says (ARCHITECTURE, rhythm of a doubt).
const AMBER_AFTER: Duration = Duration::from_secs(15);

/// A status for the screen.
pub(crate) fn status(status: OrderStatus) -> StatusView {
    match status {
        OrderStatus::AwaitingPayment => StatusView::AwaitingPayment,
        OrderStatus::Closed => StatusView::Closed,
        OrderStatus::Ending => StatusView::Ending,
        OrderStatus::Failed => StatusView::Failed,
        OrderStatus::InProgress => StatusView::InProgress,
        OrderStatus::Paid => StatusView::Paid,
        OrderStatus::PaidLate => StatusView::PaidLate,
        OrderStatus::PaidOver => StatusView::PaidOver,
        OrderStatus::PaidShort => StatusView::PaidShort,
        OrderStatus::PartPaid => StatusView::PartPaid,
        OrderStatus::PartRefunded => StatusView::PartRefunded,
        OrderStatus::RefundFailed => StatusView::RefundFailed,
        OrderStatus::Refunded => StatusView::Refunded,
        OrderStatus::Refunding => StatusView::Refunding,
        OrderStatus::Reversed => StatusView::Reversed,
        OrderStatus::Unknown => StatusView::Unknown,
    }
}

/// A status back from the screen's filter.
pub(crate) fn status_from(view: StatusView) -> OrderStatus {
    match view {
        StatusView::AwaitingPayment => OrderStatus::AwaitingPayment,
        StatusView::Closed => OrderStatus::Closed,
        StatusView::Ending => OrderStatus::Ending,
        StatusView::Failed => OrderStatus::Failed,
        StatusView::InProgress => OrderStatus::InProgress,
        StatusView::Paid => OrderStatus::Paid,
        StatusView::PaidLate => OrderStatus::PaidLate,
        StatusView::PaidOver => OrderStatus::PaidOver,
        StatusView::PaidShort => OrderStatus::PaidShort,
        StatusView::PartPaid => OrderStatus::PartPaid,
        StatusView::PartRefunded => OrderStatus::PartRefunded,
        StatusView::RefundFailed => OrderStatus::RefundFailed,
        StatusView::Refunded => OrderStatus::Refunded,
        StatusView::Refunding => OrderStatus::Refunding,
        StatusView::Reversed => OrderStatus::Reversed,
        StatusView::Unknown => OrderStatus::Unknown,
    }
}

/// The key of a status in the catalogues.
pub(crate) fn status_key(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::AwaitingPayment => "awaiting_payment",
        OrderStatus::Closed => "closed",
        OrderStatus::Ending => "ending",
        OrderStatus::Failed => "failed",
        OrderStatus::InProgress => "in_progress",
        OrderStatus::Paid => "paid",
        OrderStatus::PaidLate => "paid_late",
        OrderStatus::PaidOver => "paid_over",
        OrderStatus::PaidShort => "paid_short",
        OrderStatus::PartPaid => "part_paid",
        OrderStatus::PartRefunded => "part_refunded",
        OrderStatus::RefundFailed => "refund_failed",
        OrderStatus::Refunded => "refunded",
        OrderStatus::Refunding => "refunding",
        OrderStatus::Reversed => "reversed",
        OrderStatus::Unknown => "unknown",
    }
}

/// A row of a list.
pub(crate) fn row(row: ports::OrderRow) -> OrderRow {
    OrderRow {
        order_id: row.number.to_string(),
        at: row.opened_at.0,
        channel: row.channel.0,
        at_reader: row.at_reader,
        status: status(row.status),
        amount: row.total.money().into(),
        paid: (row.taken.minor() > 0 && row.taken != row.total.money()).then(|| row.taken.into()),
        refunded: (row.refunded.minor() > 0).then(|| row.refunded.into()),
        note: row.note,
        operator: row.by,
        attention: row.attention,
    }
}

/// The latest attempt for the stage.
pub(crate) fn payment(order: &Order, payment: &Payment, asked: u32, now: Timestamp) -> PaymentView {
    let (doubt, hint, doubt_text) = doubt_of(payment);
    let paid = payment.paid();
    let fee = payment.expected_fee();
    let net = fee.and_then(|fee| payment.plan().amount.money().checked_sub(fee).ok());
    PaymentView {
        order_id: order.number().to_string(),
        amount: payment.plan().amount.money().into(),
        channel: payment.plan().channel.0.clone(),
        way: way(payment.plan().tender),
        state: match pay_state(payment, now) {
            PayState::Paid if order.owed().minor() > 0 => PayState::PartPaid,
            state => state,
        },
        since: payment.begun_at().0,
        now: now.0,
        asked,
        doubt,
        doubt_text,
        hint,
        handed_over: payment.handed_over_at().is_some(),
        qr: qr_of(payment),
        coins: coins::of(payment),
        page_until: page_until(payment),
        // Its name stands in the settings.
        reader: None,
        failure: failure_of(payment),
        fee: fee.map(MoneyView::from),
        net: net.map(MoneyView::from),
        // Nobody else gave cash a number.
        channel_no: paid
            .filter(|_| !payment.is_cash())
            .map(|p| p.channel_ref.0.clone()),
        cash: payment.handed().map(|handed| CashView {
            received: handed.received().money().into(),
            change: handed.change().into(),
        }),
        paid_at: paid.map(|p| p.at.0),
        split: order.is_split().then(|| split(order, now)),
        can_cancel: can_cancel(payment),
        version: u32::try_from(order.version()).unwrap_or(u32::MAX),
    }
}

/// The parts of an order.
fn split(order: &Order, now: Timestamp) -> SplitView {
    SplitView {
        total: order.plan().total.money().into(),
        paid: order.covered().into(),
        left: order.owed().into(),
        can_go_on: order.takes_more(),
        parts: order
            .payments()
            .iter()
            .map(|it| part(order, it, now))
            .collect(),
    }
}

fn part(order: &Order, payment: &Payment, now: Timestamp) -> PartView {
    let left = order.refundable(payment.reference()).ok();
    let paid = payment.paid().map(|paid| paid.asked.money());
    let returned = paid
        .zip(left)
        .and_then(|(paid, left)| paid.checked_sub(left).ok());
    PartView {
        reference: payment.reference().to_string(),
        channel: payment.plan().channel.0.clone(),
        way: way(payment.plan().tender),
        amount: payment.plan().amount.money().into(),
        state: pay_state(payment, now),
        returned: returned.filter(|it| it.minor() > 0).map(MoneyView::from),
    }
}

fn way(tender: TenderKind) -> WayView {
    match tender {
        TenderKind::Cash(_) => WayView::Cash,
        TenderKind::Page => WayView::Page,
        TenderKind::PayerCode => WayView::PayerCode,
        TenderKind::Reader => WayView::Reader,
        TenderKind::ShowCode => WayView::ShowCode,
    }
}

fn pay_state(payment: &Payment, now: Timestamp) -> PayState {
    match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode { .. },
            ..
        } => PayState::ShowingQr,
        PaymentState::Awaiting {
            action: PayerAction::OpenPage,
            ..
        } => PayState::PageOpen,
        PaymentState::Awaiting {
            action: PayerAction::UseReader { .. },
            ..
        } => PayState::AtReader,
        PaymentState::Processing {
            confirmations: Some(_),
            ..
        } => PayState::Confirming,
        PaymentState::Awaiting { .. }
        | PaymentState::Held { .. }
        | PaymentState::Processing { .. } => PayState::CustomerPaying,
        PaymentState::InDoubt {
            doubt: Doubt::Interrupted,
            ..
        } if now.since(payment.begun_at()) < AMBER_AFTER => PayState::Waiting,
        PaymentState::InDoubt { .. } => PayState::Unknown,
        PaymentState::Ending { .. } => PayState::Ending,
        PaymentState::Paid { .. } => PayState::Paid,
        PaymentState::PaidLate { amiss, .. } => match amiss {
            Amiss::Late => PayState::PaidLate,
            Amiss::Over => PayState::PaidOver,
            Amiss::Short => PayState::PaidShort,
        },
        PaymentState::Watching { ended: why, .. } | PaymentState::Closed { why } => match why {
            ClosedWhy::Closed | ClosedWhy::Expired => PayState::Closed,
            ClosedWhy::NeverExisted | ClosedWhy::Reversed => PayState::Reversed,
            ClosedWhy::NotSent { .. } | ClosedWhy::Refused { .. } => PayState::Failed,
        },
    }
}

/// Only what is open can be given up; what is unknown is being asked and ends by itself. What a chain has seen can not
/// be taken back by anybody here.
fn can_cancel(payment: &Payment) -> bool {
    matches!(
        payment.state(),
        PaymentState::Awaiting { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing {
                confirmations: None,
                ..
            }
    )
}

/// The key of a doubt in the catalogues, and the words of an unsigned refusal.
pub(crate) fn doubt_key(doubt: &Doubt) -> (&'static str, Option<String>) {
    match doubt {
        Doubt::Duplicate { code } => ("duplicate", Some(code.clone())),
        Doubt::Interrupted => ("interrupted", None),
        Doubt::Mismatch => ("mismatch", None),
        Doubt::NoReply => ("no_reply", None),
        Doubt::RefusalUnconfirmed { refusal, .. } => {
            ("refusal_unconfirmed", Some(refusal.code.clone()))
        }
        Doubt::ServerFault { code } => ("server_fault", Some(code.clone())),
        Doubt::Unauthenticated => ("unauthenticated", None),
        Doubt::Unreadable => ("unreadable", None),
        Doubt::UnsignedRefusal { code } => ("unsigned_refusal", Some(code.clone())),
    }
}

/// The text key of a doubt: what a signed code of the channel means, where it is one.
fn doubt_text(channel: &str, doubt: &Doubt) -> String {
    let meaning = match doubt {
        Doubt::Duplicate { code } | Doubt::ServerFault { code } => {
            paydesk_desk::meaning(channel, code)
        }
        Doubt::Interrupted
        | Doubt::Mismatch
        | Doubt::NoReply
        | Doubt::RefusalUnconfirmed { .. }
        | Doubt::Unauthenticated
        | Doubt::Unreadable
        | Doubt::UnsignedRefusal { .. } => None,
    };
    meaning.map_or_else(
        || format!("doubt_{}", doubt_key(doubt).0),
        |meaning| meaning.text.to_owned(),
    )
}

/// The channel's code where its own text is shown, else the key of the doubt.
fn doubt_word(channel: Option<&str>, doubt: &Doubt) -> String {
    let (key, said) = doubt_key(doubt);
    let is_general = channel.is_none_or(|it| doubt_text(it, doubt).starts_with("doubt_"));
    said.filter(|_| !is_general)
        .unwrap_or_else(|| key.to_owned())
}

/// Key, words of the other side, and key of the text.
fn doubt_of(payment: &Payment) -> (Option<String>, Option<String>, Option<String>) {
    match payment.state() {
        PaymentState::InDoubt { doubt, .. } => {
            let (key, hint) = doubt_key(doubt);
            let text = doubt_text(&payment.plan().channel.0, doubt);
            (Some(key.to_owned()), hint, Some(text))
        }
        PaymentState::Awaiting { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Ending { .. }
        | PaymentState::Held { .. }
        | PaymentState::Paid { .. }
        | PaymentState::PaidLate { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Watching { .. } => (None, None, None),
    }
}

fn page_until(payment: &Payment) -> Option<i64> {
    match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::OpenPage,
            until,
            ..
        } => Some(until.0),
        _ => None,
    }
}

fn qr_of(payment: &Payment) -> Option<QrView> {
    match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode { text, .. },
            until,
            ..
        } => Some(QrView {
            svg: coins::svg(text)?,
            text: text.clone(),
            expires_at: until.0,
        }),
        _ => None,
    }
}

fn failure_of(payment: &Payment) -> Option<FailureView> {
    let why = match payment.state() {
        PaymentState::Closed { why } | PaymentState::Watching { ended: why, .. } => why,
        _ => return None,
    };
    match why {
        ClosedWhy::Refused { refusal } => {
            let channel = code_text(&payment.plan().channel.0, &refusal.code);
            Some(FailureView {
                code: refusal.code.clone(),
                text: channel,
                advice: advice_key(refusal.advice).to_owned(),
            })
        }
        ClosedWhy::NotSent { proof } => {
            let (code, advice) = match proof {
                NotSent::Cancelled => ("cancelled", "try_again"),
                NotSent::KeysLocked => ("keys_locked", "fix_setup"),
                NotSent::Offline => ("offline", "try_again"),
                NotSent::Unsendable { .. } => ("unsendable", "fix_setup"),
            };
            Some(FailureView {
                code: code.to_owned(),
                text: format!("not_sent_{code}"),
                advice: advice.to_owned(),
            })
        }
        ClosedWhy::Closed | ClosedWhy::Expired | ClosedWhy::NeverExisted | ClosedWhy::Reversed => {
            None
        }
    }
}

/// The text key of a channel's code; a general one where the table has none.
fn code_text(channel: &str, code: &str) -> String {
    paydesk_desk::meaning(channel, code)
        .map_or_else(|| "code_other".to_owned(), |m| m.text.to_owned())
}

fn advice_key(advice: Advice) -> &'static str {
    match advice {
        Advice::AskPayer => "ask_payer",
        Advice::FixSetup => "fix_setup",
        Advice::GiveUp => "give_up",
        Advice::TryAgain => "try_again",
    }
}

/// A refund for the screen.
pub(crate) fn refund(order: &Order, refund: &Refund) -> RefundView {
    let channel = order.payment(&refund.reference().payment());
    let channel = channel.map(|payment| payment.plan().channel.0.as_str());
    let (state, why, again, done_at) = match refund.state() {
        RefundState::Accepted { .. } => (RefundStateView::Accepted, None, None, None),
        RefundState::Cancelled { .. } => (RefundStateView::Cancelled, None, None, None),
        RefundState::Done { at, .. } => (RefundStateView::Done, None, None, Some(at.0)),
        RefundState::Failed { refusal, again } => {
            let state = if *again == Again::SameReference {
                RefundStateView::WaitingForBalance
            } else {
                RefundStateView::Failed
            };
            (
                state,
                Some(refusal.code.clone()),
                Some(again_key(*again).to_owned()),
                None,
            )
        }
        RefundState::InDoubt { doubt, .. } => (
            RefundStateView::Unknown,
            Some(doubt_word(channel, doubt)),
            None,
            None,
        ),
    };
    let why_text = match refund.state() {
        RefundState::Failed { refusal, .. } => Some(
            channel
                .and_then(|channel| paydesk_desk::meaning(channel, &refusal.code))
                .map_or("refund_why_other", |meaning| meaning.text)
                .to_owned(),
        ),
        RefundState::InDoubt { doubt, .. } => Some(channel.map_or_else(
            || format!("doubt_{}", doubt_key(doubt).0),
            |channel| doubt_text(channel, doubt),
        )),
        _ => None,
    };
    let plan = refund.plan();
    RefundView {
        refund_id: refund.reference().to_string(),
        order_id: order.number().to_string(),
        amount: plan.amount.money().into(),
        state,
        reason: plan.reason.clone(),
        note: plan.note.clone(),
        by: plan.by.clone(),
        at: refund.begun_at().0,
        done_at,
        why,
        why_text,
        again,
        late_return: refund.reference().as_str().ends_with('L'),
        in_cash: plan.in_cash,
        offer: offer_of(refund),
    }
}

fn offer_of(refund: &Refund) -> Option<OfferView> {
    match refund.state() {
        RefundState::Accepted { offer, .. } => offer.as_ref().map(coins::offer),
        RefundState::Cancelled { .. }
        | RefundState::Done { .. }
        | RefundState::Failed { .. }
        | RefundState::InDoubt { .. } => None,
    }
}

fn again_key(again: Again) -> &'static str {
    match again {
        Again::ByHand => "by_hand",
        Again::NewReference => "new_reference",
        Again::SameReference => "same_reference",
    }
}
