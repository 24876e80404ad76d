//! What must hold in every state, written from the list of invariants and not from the till's code.

use crate::{
    ledger::Return,
    till::{ATTEMPTS, Kind, RefundKind, Step, TOTAL, Till, View},
    world::World,
};

/// The first invariant that does not hold, in words.
#[must_use]
pub fn violation(till: &Till, world: &World) -> Option<String> {
    let view = till.view(world.till);
    reserved(view)
        .or_else(|| returned(world, view))
        .or_else(|| falsely_paid(world, view))
        .or_else(|| taken_twice(world, view))
}

/// INV5: refunds and reservations are not more than what was paid.
fn reserved(view: &View) -> Option<String> {
    for attempt in 0..view.kinds.len() {
        let sum: i64 = view
            .refunds
            .iter()
            .filter(|r| r.attempt == attempt && (r.reserves || r.kind == RefundKind::Done))
            .map(|r| r.amount)
            .sum();
        if sum > TOTAL {
            return Some(format!(
                "INV5: attempt {} reserves and has refunded {sum} of {TOTAL}",
                attempt + 1
            ));
        }
    }
    None
}

/// INV6 at any instant: no more goes back than people asked for, and each refund once.
fn returned(world: &World, view: &View) -> Option<String> {
    for attempt in 0..view.kinds.len() {
        let of = |asked: bool| -> i64 {
            view.refunds
                .iter()
                .enumerate()
                .filter(|(n, r)| {
                    r.attempt == attempt
                        && if asked {
                            wanted(r.kind, r.asked)
                        } else {
                            world.refunds[*n].counts()
                        }
                })
                .map(|(_, r)| r.amount)
                .sum()
        };
        let (asked, back) = (of(true), of(false));
        if back > asked {
            return Some(format!(
                "INV6: the channel gives back {back} of attempt {}, people asked for {asked}",
                attempt + 1
            ));
        }
    }
    None
}

/// A refund that a person asked for and that the till does not call off.
fn wanted(kind: RefundKind, asked: bool) -> bool {
    asked && kind != RefundKind::Cancelled
}

/// INV3: "paid" is shown only when the money is there.
fn falsely_paid(world: &World, view: &View) -> Option<String> {
    for (attempt, kind) in view.kinds.iter().enumerate() {
        let there = world.trades[attempt].is_paid();
        if matches!(kind, Kind::Paid | Kind::Kept) && !there {
            return Some(format!(
                "INV3: attempt {} is {kind:?} at the till and {:?} at the channel",
                attempt + 1,
                world.trades[attempt]
            ));
        }
    }
    None
}

/// INV1 at any instant: what the channel holds beyond the total stands on a list of the till.
fn taken_twice(world: &World, view: &View) -> Option<String> {
    let unlisted: i64 = (0..ATTEMPTS)
        .filter(|a| world.trades[*a].is_paid() && !is_listed(view, *a))
        .map(|a| TOTAL - back(world, view, a))
        .sum();
    (unlisted > TOTAL).then(|| {
        format!("INV1: {unlisted} of {TOTAL} is taken, and nothing is listed as late or in doubt")
    })
}

/// What the channel has given back of an attempt.
#[must_use]
pub fn back(world: &World, view: &View, attempt: usize) -> i64 {
    view.refunds
        .iter()
        .enumerate()
        .filter(|(n, r)| r.attempt == attempt && world.refunds[*n] == Return::Done)
        .map(|(_, r)| r.amount)
        .sum()
}

/// Whether an attempt is shown as late, watched or in doubt, or has a refund that runs or failed.
fn is_listed(view: &View, attempt: usize) -> bool {
    match view.kinds.get(attempt) {
        None => false,
        Some(Kind::Closed | Kind::Kept | Kind::Paid) => false,
        Some(Kind::Awaiting | Kind::Ending(_) | Kind::InDoubt | Kind::Late | Kind::Watching) => {
            true
        }
        Some(Kind::Returning) => view
            .refunds
            .iter()
            .any(|r| r.attempt == attempt && (r.runs || r.kind == RefundKind::Failed)),
    }
}

/// INV11: the edges of RELIABILITY 2.1 and no other; a settled row re-opens by evidence or a person only.
#[must_use]
pub fn forbidden_edge(from: &View, to: &View, step: Step) -> Option<String> {
    let evidence = matches!(step, Step::Hear(..));
    let person = matches!(
        step,
        Step::Keep(_) | Step::KeepAnyway(_) | Step::GiveBack(_) | Step::DecideReturn(_)
    );
    for (attempt, (a, b)) in from.kinds.iter().zip(&to.kinds).enumerate() {
        let ok = a == b
            || match (a, b) {
                // What the channel ended by itself is watched, too.
                (Kind::InDoubt | Kind::Awaiting, Kind::Watching) => evidence,
                (Kind::InDoubt, Kind::Awaiting | Kind::Paid) => evidence,
                (Kind::InDoubt, Kind::Closed) => evidence || matches!(step, Step::NotSent(_)),
                (Kind::Awaiting, Kind::Paid | Kind::Closed) => evidence,
                (Kind::InDoubt | Kind::Awaiting | Kind::Watching, Kind::Ending(false)) => {
                    matches!(step, Step::End(_) | Step::Cancel)
                }
                (Kind::Ending(false), Kind::Ending(true)) => evidence,
                (Kind::Ending(_), Kind::Watching | Kind::Late) => evidence,
                (Kind::Watching, Kind::Closed | Kind::Late) => evidence,
                (Kind::Closed, Kind::Late | Kind::Watching) => evidence,
                // The money went back by a reversal of ours: asked about again, and seen by a person
                // when the goods were handed over.
                (Kind::Late | Kind::Kept | Kind::Returning, Kind::Watching) => evidence,
                (Kind::Late, Kind::Kept | Kind::Returning) => person,
                _ => false,
            };
        if !ok {
            return Some(format!(
                "INV11: attempt {} went from {a:?} to {b:?} by {step:?}",
                attempt + 1
            ));
        }
    }
    for (refund, (a, b)) in from.refunds.iter().zip(&to.refunds).enumerate() {
        let (a, b) = (a.kind, b.kind);
        let evidence = matches!(step, Step::HearRefund(..));
        let ok = a == b
            || match (a, b) {
                (RefundKind::InDoubt, RefundKind::Cancelled) => {
                    matches!(step, Step::RefundNotSent(_))
                }
                // "Not now", and then refused in words that name nothing: asked about first.
                (RefundKind::Failed, RefundKind::InDoubt) => evidence,
                (RefundKind::InDoubt | RefundKind::Accepted | RefundKind::Failed, _) => {
                    evidence && b != RefundKind::InDoubt && b != RefundKind::Cancelled
                }
                (RefundKind::Done, RefundKind::Failed) => evidence,
                (RefundKind::Cancelled, RefundKind::Done | RefundKind::Failed) => evidence,
                _ => false,
            };
        if !ok {
            return Some(format!(
                "INV11: refund {} went from {a:?} to {b:?} by {step:?}",
                refund + 1
            ));
        }
    }
    let grows = to.kinds.len() >= from.kinds.len() && to.refunds.len() >= from.refunds.len();
    (!grows).then(|| format!("INV2: a row was lost by {step:?}"))
}
