//! When to look at an attempt or a refund again, and when to end or hand over.
//! Pure: from the state, the channel's schedule and the time to the next moment.

use paydesk_channels::Schedule;
use paydesk_domain::{
    End, PayerAction, Payment, PaymentState, Refund, RefundState, TenderKind, Timestamp,
};
use std::time::Duration;

/// Unresolved for this long, it goes on the human list; the program goes on asking.
pub const HAND_OVER_AFTER: Duration = Duration::from_secs(120);

/// The channel's own advice for endings: three tries, then in the background.
const QUICK_ENDINGS: u32 = 3;

/// How an attempt of this kind is ended.
#[must_use]
pub fn ending_of(tender: TenderKind) -> End {
    match tender {
        TenderKind::PayerCode => End::Reverse,
        TenderKind::Page | TenderKind::Reader | TenderKind::ShowCode => End::Close,
    }
}

/// When patience ends: after this an open attempt is ended.
#[must_use]
pub fn patience_ends(payment: &Payment, schedule: &Schedule) -> Timestamp {
    let begun = payment.begun_at();
    let by_state = match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode { .. } | PayerAction::OpenPage { .. },
            until,
        } => *until,
        PaymentState::Awaiting { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Held { .. } => begun.plus(schedule.end_awaiting_after),
        PaymentState::Closed { .. }
        | PaymentState::Ending { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Paid { .. }
        | PaymentState::PaidLate { .. }
        | PaymentState::Watching { .. } => begun.plus(schedule.end_doubt_after),
    };
    by_state.max(begun.plus(schedule.end_not_before))
}

/// When to look at a payment next; `None` when there is nothing more to ask.
#[must_use]
pub fn next_look(payment: &Payment, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    match payment.state() {
        PaymentState::Closed { .. } | PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => {
            None
        }
        PaymentState::InDoubt { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Held { .. } => Some(by_patience(payment, schedule, now, schedule.every)),
        PaymentState::Awaiting { action, .. } => {
            let every = match action {
                PayerAction::ShowCode { .. } | PayerAction::OpenPage { .. } => {
                    let age = now.since(payment.begun_at());
                    if age < schedule.shown_first_for {
                        schedule.shown_first
                    } else {
                        schedule.shown_every
                    }
                }
                PayerAction::EnterPassword | PayerAction::UseReader { .. } => schedule.every,
            };
            Some(by_patience(payment, schedule, now, every))
        }
        PaymentState::Ending {
            tries,
            since,
            refused,
            ..
        } => {
            let earliest = payment.begun_at().plus(schedule.end_not_before);
            let wait = if *refused || *tries < QUICK_ENDINGS {
                schedule.end_every
            } else {
                patience_with(now.since(*since))
            };
            let next = if *tries == 0 { now } else { now.plus(wait) };
            Some(next.max(earliest))
        }
        PaymentState::Watching { until, .. } => {
            // The gap doubles: soon after the ending often, later seldom, and once at the very end.
            let age = now.since(payment.begun_at());
            let gap = age.clamp(Duration::from_secs(5), Duration::from_secs(6 * 3600));
            let next = now.plus(gap);
            Some(if now >= *until {
                now.plus(gap)
            } else {
                next.min(*until)
            })
        }
    }
}

/// The next query, but never later than the end of patience.
fn by_patience(
    payment: &Payment,
    schedule: &Schedule,
    now: Timestamp,
    every: Duration,
) -> Timestamp {
    let ends = patience_ends(payment, schedule);
    let first = payment.begun_at().plus(schedule.first);
    let next = if now < first && !matches!(payment.state(), PaymentState::Awaiting { .. }) {
        first
    } else {
        now.plus(every)
    };
    if now >= ends {
        now.plus(every)
    } else {
        next.min(ends)
    }
}

/// Ten seconds for the first ten minutes, half a minute for the first hour, then five minutes.
fn patience_with(age: Duration) -> Duration {
    match age.as_secs() {
        0..600 => Duration::from_secs(10),
        600..3600 => Duration::from_secs(30),
        _ => Duration::from_secs(300),
    }
}

/// Whether an unresolved payment belongs on the human list by now.
#[must_use]
pub fn hand_over_due(payment: &Payment, now: Timestamp) -> bool {
    let waiting_for_payer = matches!(
        payment.state(),
        PaymentState::Awaiting { .. } | PaymentState::Watching { .. }
    );
    let since = match payment.state() {
        PaymentState::Ending { since, .. } => (*since).max(payment.begun_at()),
        PaymentState::Awaiting { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Held { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Paid { .. }
        | PaymentState::PaidLate { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Watching { .. } => payment.begun_at(),
    };
    let limit = if matches!(payment.state(), PaymentState::Ending { .. }) {
        HAND_OVER_AFTER / 2
    } else {
        HAND_OVER_AFTER
    };
    !payment.is_settled() && !waiting_for_payer && now.since(since) >= limit
}

/// When to look at a refund next.
#[must_use]
pub fn next_refund_look(refund: &Refund, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let age = now.since(refund.begun_at());
    match refund.state() {
        RefundState::Cancelled { .. } | RefundState::Done { .. } => None,
        RefundState::InDoubt { .. } => {
            let first = refund.begun_at().plus(schedule.first);
            Some(if now < first {
                first
            } else {
                now.plus(patience_with(age))
            })
        }
        RefundState::Accepted { .. } => {
            Some(now.plus(schedule.refund_first.max(patience_with(age) / 2)))
        }
        RefundState::Failed { .. } if refund.is_running() => {
            Some(now.plus(schedule.refund_spacing.max(Duration::from_secs(30))))
        }
        RefundState::Failed { .. } => None,
    }
}
