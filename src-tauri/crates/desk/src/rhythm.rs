//! When to look at an attempt or a refund again, and when to end or hand over.
//! Pure: from the state, the channel's schedule and the time to the next moment.

use paydesk_channels::Schedule;
use paydesk_domain::{
    End, LateChoice, PayerAction, Payment, PaymentState, Refund, RefundState, TenderKind, Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
use std::time::Duration;

/// Unresolved for this long, it goes on the human list; the program goes on asking.
pub const HAND_OVER_AFTER: Duration = Duration::from_secs(120);

/// The channel's own advice for endings: three tries, then in the background.
const QUICK_ENDINGS: u32 = 3;

/// A clock that was set back by more than this makes every age unknown.
const SET_BACK: Duration = Duration::from_secs(5);

/// How long ago something began. After the clock was set back nobody can tell, so it counts as long ago:
/// asking and ending early is safe, waiting for a time that comes again is not (Q18).
fn age(begun: Timestamp, now: Timestamp) -> Duration {
    if begun.since(now) > SET_BACK {
        return Duration::from_secs(24 * 3600);
    }
    now.since(begun)
}

/// Between two questions about an open page: typing a card's number and a password takes minutes, and channels
/// answer so many questions and no more.
pub(crate) const PAGE_EVERY: Duration = Duration::from_secs(30);

/// First gap of the watch after an ending …
const WATCH_GAP_MIN: Duration = Duration::from_secs(5);
/// … and the longest.
const WATCH_GAP_MAX: Duration = Duration::from_secs(6 * 3600);

/// First gap between two looks at a refund that is done and may come back …
pub(crate) const DONE_GAP_MIN: Duration = Duration::from_secs(600);
/// … and the longest: some forty questions in thirty days.
const DONE_GAP_MAX: Duration = Duration::from_secs(24 * 3600);

/// How an attempt of this kind is ended.
#[must_use]
pub fn ending_of(tender: TenderKind) -> End {
    match tender {
        TenderKind::PayerCode => End::Reverse,
        // Cash is paid in the step that begins it: nothing of it is ever open to be ended.
        TenderKind::Cash(_) | TenderKind::Page | TenderKind::Reader | TenderKind::ShowCode => {
            End::Close
        }
    }
}

/// Whether patience has ended: an open attempt is then ended.
#[must_use]
pub fn is_past_patience(payment: &Payment, schedule: &Schedule, now: Timestamp) -> bool {
    age(payment.begun_at(), now) >= patience(payment, schedule)
        && !planted(Mutant::PatienceNeverEnds)
}

/// How long after its beginning an open attempt is ended.
fn patience(payment: &Payment, schedule: &Schedule) -> Duration {
    let by_state = match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode { .. } | PayerAction::OpenPage,
            until,
            ..
        } => until.since(payment.begun_at()),
        // Nobody can hurry a chain, and money that it has seen is not given up.
        PaymentState::Processing {
            confirmations: Some(_),
            ..
        } => Duration::from_millis(payment.plan().watch_ms),
        PaymentState::Awaiting { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Held { .. } => schedule.end_awaiting_after,
        PaymentState::Closed { .. }
        | PaymentState::Ending { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Paid { .. }
        | PaymentState::PaidLate { .. }
        | PaymentState::Watching { .. } => schedule.end_doubt_after,
    };
    by_state.max(schedule.end_not_before)
}

/// When the channel allows an ending of this attempt.
#[must_use]
pub fn may_end(payment: &Payment, schedule: &Schedule, now: Timestamp) -> bool {
    age(payment.begun_at(), now) >= schedule.end_not_before
}

/// When to look at a payment next; `None` when there is nothing more to ask.
#[must_use]
pub fn next_look(payment: &Payment, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    match payment.state() {
        PaymentState::PaidLate {
            choice: LateChoice::Undecided,
            ..
        } => Some(now.plus(patience_with(age(payment.begun_at(), now)))),
        // A reversal of ours may still be on its way when the goods are handed over, or when the return fails.
        PaymentState::PaidLate {
            choice: LateChoice::Accepted { .. } | LateChoice::Returning { .. },
            ..
        } => Some(once_more(payment.begun_at(), now)),
        PaymentState::Closed { .. } | PaymentState::Paid { .. } => None,
        PaymentState::Processing {
            confirmations: Some(_),
            ..
        } => {
            let every = patience_with(age(payment.begun_at(), now));
            Some(by_patience(payment, schedule, now, every))
        }
        PaymentState::InDoubt { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Held { .. } => Some(by_patience(payment, schedule, now, schedule.every)),
        PaymentState::Awaiting { action, .. } => {
            let every = match action {
                PayerAction::OpenPage => PAGE_EVERY,
                PayerAction::ShowCode { .. } => {
                    let age = age(payment.begun_at(), now);
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
        PaymentState::Ending { tries, .. } if *tries > 0 && planted(Mutant::EndingSentOnce) => None,
        PaymentState::Ending {
            tries,
            since,
            refused,
            ..
        } => {
            let young = schedule
                .end_not_before
                .saturating_sub(age(payment.begun_at(), now));
            let earliest = now.plus(young);
            let wait = if *refused || *tries < QUICK_ENDINGS {
                schedule.end_every
            } else {
                patience_with(age(*since, now))
            };
            let next = if *tries == 0 { now } else { now.plus(wait) };
            Some(next.max(earliest))
        }
        PaymentState::Watching { until, .. } => {
            // The gap doubles: soon after the ending often, later seldom, and once at the very end.
            let watch = i64::try_from(payment.plan().watch_ms).unwrap_or(i64::MAX);
            let ended = Timestamp(until.0.saturating_sub(watch));
            let gap = age(ended, now).clamp(WATCH_GAP_MIN, WATCH_GAP_MAX);
            let next = now.plus(gap);
            Some(if now >= *until {
                next
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
    let age = age(payment.begun_at(), now);
    let waiting = matches!(payment.state(), PaymentState::Awaiting { .. });
    let next = if age < schedule.first && !waiting {
        schedule.first - age
    } else {
        every
    };
    let left = patience(payment, schedule).saturating_sub(age);
    now.plus(if left.is_zero() {
        every
    } else {
        next.min(left)
    })
}

/// The next look at what is decided, until an answer is the last word. A clock that was set back a little makes it
/// neither shorter nor longer.
fn once_more(begun: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(patience_with(begun.since(now).max(now.since(begun))))
}

/// Whether an answer as of then is the last word about a payment that is settled: nothing that was sent before can
/// still arrive. No answer is no word, however late it is.
#[must_use]
pub fn is_last_word(payment: &Payment, answered: Timestamp, schedule: &Schedule) -> bool {
    match payment.state() {
        PaymentState::PaidLate { choice, until, .. } => {
            // An end that far ahead was set by a clock that was years off.
            *choice != LateChoice::Undecided
                && (answered >= *until || until.since(answered) > 2 * schedule.watch_for)
        }
        PaymentState::Closed { .. } | PaymentState::Paid { .. } => true,
        PaymentState::Awaiting { .. }
        | PaymentState::Ending { .. }
        | PaymentState::Held { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Processing { .. }
        | PaymentState::Watching { .. } => false,
    }
}

/// The same of a refund. A clock that was years off at its beginning makes any answer the last.
#[must_use]
pub fn is_last_word_of_refund(refund: &Refund, answered: Timestamp, schedule: &Schedule) -> bool {
    let begun = refund.begun_at();
    let (since, limit) = match (refund.state(), watch_of_done(refund, schedule)) {
        (RefundState::Done { at, .. }, Some(watch)) => (*at, watch),
        _ => (begun, 2 * schedule.watch_for),
    };
    !refund.is_running() && since.since(answered).max(answered.since(since)) >= limit
}

/// For how long a refund that is done may still come back: nothing else tells of it for certain, as a notice can be
/// lost. Cash that was handed over does not.
fn watch_of_done(refund: &Refund, schedule: &Schedule) -> Option<Duration> {
    let may_fail = !schedule.refund_may_fail_for.is_zero() && !refund.plan().in_cash;
    let is_asked = !planted(Mutant::DoneRefundNotAsked);
    (may_fail && is_asked).then_some(schedule.refund_may_fail_for)
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
    let is_waiting = matches!(
        payment.state(),
        PaymentState::Awaiting { .. }
            // A chain takes its time, and nothing is unclear about it.
            | PaymentState::Processing {
                confirmations: Some(_),
                ..
            }
            | PaymentState::Watching { .. }
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
    !payment.is_settled() && !is_waiting && age(since, now) >= limit
}

/// When to look at a refund next.
#[must_use]
pub fn next_refund_look(refund: &Refund, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let age = age(refund.begun_at(), now);
    match refund.state() {
        RefundState::Cancelled { .. } => None,
        RefundState::Done { at, .. } => {
            let is_watched = watch_of_done(refund, schedule).is_some();
            // The gap doubles: a refund that comes back mostly does so soon.
            let apart = at.since(now).max(now.since(*at));
            let gap = apart.clamp(DONE_GAP_MIN, DONE_GAP_MAX);
            is_watched.then(|| now.plus(gap))
        }
        RefundState::InDoubt { .. } => Some(now.plus(if age < schedule.first {
            schedule.first - age
        } else {
            patience_with(age)
        })),
        RefundState::Accepted { .. } => {
            Some(now.plus(schedule.refund_first.max(patience_with(age) / 2)))
        }
        RefundState::Failed { .. } if refund.is_running() => {
            Some(now.plus(schedule.refund_spacing.max(Duration::from_secs(30))))
        }
        // What is said to have failed and arrives all the same is heard of.
        RefundState::Failed { .. } => Some(once_more(refund.begun_at(), now)),
    }
}
