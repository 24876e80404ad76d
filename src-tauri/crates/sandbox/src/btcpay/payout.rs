//! Claims on offers of money back: who may claim what, and what the owner does with it.
//!
//! It must never let more be claimed than was offered.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::asked::{Asked, Query};
use super::coin::{is_address, lightning_sats};
use super::{Store, view};
use crate::exchange::Call;
use crate::ledger::{
    Channel, CoinFact, CoinMethod, CoinPayout, Currency, Fen, Ledger, PayoutState, PullPayment,
    What,
};
use crate::world::World;

pub(super) fn find_pull<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a PullPayment, Refusal> {
    let found = ledger.coins().pull(id);
    found.ok_or_else(|| Refusal::not_found("pullpayment-not-found", "pull payment"))
}

fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<(&'a CoinPayout, &'a PullPayment), Refusal> {
    let found = ledger.coins().payout(id);
    let pull = found.and_then(|payout| ledger.coins().pull(&payout.pull_id));
    found
        .zip(pull)
        .ok_or_else(|| Refusal::not_found("payout-not-found", "payout"))
}

pub(super) fn get_pull(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    let pull = find_pull(&ledger, id)?;
    Ok(Answer::ok(view::pull_payment(pull, &world.own_host(call))))
}

pub(super) fn list_pulls(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let with_archived = Query::read(call).flag("includeArchived")?.unwrap_or(false);
    let ledger = world.ledger()?;
    let own = ledger
        .coins()
        .pulls()
        .filter(|pull| pull.store_id == store.id && (with_archived || !pull.is_archived));
    let host = world.own_host(call);
    let rows: Vec<Value> = own.map(|pull| view::pull_payment(pull, &host)).collect();
    Ok(Answer::ok(json!(rows)))
}

/// Nothing can be claimed any more; claims that nobody has begun to pay are given up.
pub(super) fn archive_pull(world: &World, id: &str) -> Result<Answer, Refusal> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut pull = find_pull(&ledger, id)?.clone();
    let open = ledger.coins().claims(id).filter(|payout| !payout.is_out());
    let open: Vec<CoinPayout> = open.cloned().collect();
    pull.is_archived = true;
    ledger.keep_coins(vec![CoinFact::PullPayment(Box::new(pull))])?;
    for mut payout in open {
        payout.end(PayoutState::Cancelled, now_ms);
        let what = payout.updated();
        ledger.keep_payout(payout, Some(what), now_ms)?;
    }
    Ok(Answer::empty())
}

fn rows(
    ledger: &Ledger,
    call: &Call,
    is_asked: impl Fn(&CoinPayout) -> bool,
) -> Result<Answer, Refusal> {
    let with_cancelled = Query::read(call).flag("includeCancelled")?.unwrap_or(false);
    let payouts = ledger.coins().payouts().filter(|payout| {
        is_asked(payout) && (with_cancelled || payout.state != PayoutState::Cancelled)
    });
    let told = payouts.filter_map(|payout| {
        let pull = ledger.coins().pull(&payout.pull_id)?;
        Some(view::payout(payout, pull))
    });
    Ok(Answer::ok(told.collect()))
}

pub(super) fn of_pull(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    find_pull(&ledger, id)?;
    rows(&ledger, call, |payout| payout.pull_id == id)
}

pub(super) fn of_store(world: &World, store: Store<'_>, call: &Call) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    rows(&ledger, call, |payout| payout.store_id == store.id)
}

pub(super) fn get(world: &World, id: &str) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    let (payout, pull) = find(&ledger, id)?;
    Ok(Answer::ok(view::payout(payout, pull)))
}

/// The customer claims, by whatever page or program.
pub(super) fn claim_asked(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let mut asked = Asked::read(call)?;
    let mut ledger = world.ledger()?;
    let pull = find_pull(&ledger, id)?.clone();
    let destination = asked.text("destination").unwrap_or_default();
    let amount = asked.amount("amount", pull.currency);
    let method = asked
        .text("payoutMethodId")
        .or_else(|| asked.text("paymentMethod"));
    let method = method.and_then(|id| CoinMethod::named(&id));
    let Some(method) = method.filter(|method| pull.methods.contains(method)) else {
        asked.blame("payoutMethodId", "Invalid payout method");
        return Err(Refusal::Invalid(asked.wrong));
    };
    asked.checked()?;
    let claim = Claim {
        destination,
        amount,
        method,
    };
    let payout = self::claim(world, &mut ledger, &pull, claim)?;
    Ok(Answer::ok(view::payout(&payout, &pull)))
}

/// What somebody wants.
pub(super) struct Claim {
    pub(super) destination: String,
    /// All that is left, where no sum is named.
    pub(super) amount: Option<Fen>,
    pub(super) method: CoinMethod,
}

/// Satoshi at the rate of now, where the pull payment is not in them already.
fn sats_of(ledger: &Ledger, currency: Currency, amount: Fen) -> Option<i64> {
    let rate = ledger.coins().rate(currency);
    rate.and_then(|rate| rate.sats_for(amount, currency))
}

pub(super) fn left_of(ledger: &Ledger, pull: &PullPayment) -> Fen {
    let claims = ledger.coins().claims(&pull.id).map(|claim| claim.amount);
    let taken = Fen::sum(claims).unwrap_or(pull.amount);
    pull.amount.minus(taken).unwrap_or(Fen::ZERO)
}

pub(super) fn claim(
    world: &World,
    ledger: &mut Ledger,
    pull: &PullPayment,
    claim: Claim,
) -> Result<CoinPayout, Refusal> {
    if pull.is_archived {
        return Err(Refusal::state(
            "archived",
            "This pull payment has been archived",
        ));
    }
    let left = left_of(ledger, pull);
    let amount = claim.amount.unwrap_or(left);
    if amount > left || left == Fen::ZERO {
        let message = "The payout amount would exceed the pull payment's limit";
        return Err(Refusal::state("overdraft", message));
    }
    let is_good = match claim.method {
        CoinMethod::Chain => is_address(&claim.destination),
        // An invoice names its sum; a satoshi between two roundings is nobody's.
        CoinMethod::Lightning => lightning_sats(&claim.destination)
            .zip(sats_of(ledger, pull.currency, amount))
            .is_some_and(|(named, sats)| named.abs_diff(sats) <= 1),
    };
    if !is_good {
        return Err(Refusal::field("destination", "Invalid destination"));
    }
    if amount == Fen::ZERO {
        return Err(Refusal::state(
            "amount-too-low",
            "The payout amount is too small",
        ));
    }
    let is_used = {
        let mut others = ledger.coins().payouts();
        let is_open = |payout: &CoinPayout| payout.state != PayoutState::Cancelled;
        others.any(|other| other.destination == claim.destination && is_open(other))
    };
    if is_used {
        let message = "This destination is used by another payout";
        return Err(Refusal::state("duplicate-destination", message));
    }
    let now_ms = world.now().wall_ms;
    let owner = world.refunds_end_as(Channel::Btcpay);
    let pace = ledger.payout_pace();
    let mut payout = CoinPayout {
        id: world.chance.base58(27),
        store_id: pull.store_id.clone(),
        pull_id: pull.id.clone(),
        method: claim.method,
        destination: claim.destination,
        amount,
        sats: None,
        state: PayoutState::AwaitingApproval,
        revision: 0,
        created_ms: now_ms,
        ended_ms: None,
        next_ms: Some(now_ms.saturating_add(pace.owner_ms)),
        owner,
    };
    if let Some(sats) = sats_of(ledger, pull.currency, amount).filter(|_| pull.approves) {
        payout.approve(sats, now_ms, pace);
        if owner == crate::ledger::RefundState::Closed {
            payout.next_ms = Some(now_ms.saturating_add(pace.owner_ms));
        }
    }
    let what = payout.told(|payout_id, pull_id, state| What::PayoutCreated {
        payout_id,
        pull_id,
        state,
    });
    ledger.keep_payout(payout.clone(), Some(what), now_ms)?;
    Ok(payout)
}

/// The owner approves at the rate of now.
pub(super) fn approve(world: &World, id: &str, call: &Call) -> Result<Answer, Refusal> {
    let mut asked = Asked::read(call)?;
    let revision = asked.scaled("revision", 0, (0, i64::MAX));
    asked.checked()?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let (payout, pull) = find(&ledger, id)?;
    let (mut payout, pull) = (payout.clone(), pull.clone());
    if revision.is_some_and(|revision| revision != payout.revision) {
        return Err(Refusal::state(
            "old-revision",
            "The payout has been changed since",
        ));
    }
    if payout.state != PayoutState::AwaitingApproval {
        let message = "The payout is not in a state that allows approval";
        return Err(Refusal::state("invalid-state", message));
    }
    let Some(sats) = sats_of(&ledger, pull.currency, payout.amount) else {
        return Err(Refusal::state(
            "rate-unavailable",
            "No rate could be fetched",
        ));
    };
    payout.approve(sats, now_ms, ledger.payout_pace());
    let what = payout.told(|payout_id, pull_id, state| What::PayoutApproved {
        payout_id,
        pull_id,
        state,
    });
    ledger.keep_payout(payout.clone(), Some(what), now_ms)?;
    Ok(Answer::ok(view::payout(&payout, &pull)))
}

/// The owner gives it up; what is on its way cannot be stopped.
pub(super) fn cancel(world: &World, id: &str) -> Result<Answer, Refusal> {
    use PayoutState::{AwaitingApproval, AwaitingPayment};
    end(world, id, PayoutState::Cancelled, |state| {
        matches!(state, AwaitingApproval | AwaitingPayment)
    })
}

/// The owner has paid it by hand.
pub(super) fn mark_paid(world: &World, id: &str) -> Result<Answer, Refusal> {
    use PayoutState::{AwaitingPayment, InProgress};
    end(world, id, PayoutState::Completed, |state| {
        matches!(state, AwaitingPayment | InProgress)
    })
}

fn end(
    world: &World,
    id: &str,
    state: PayoutState,
    is_allowed: impl Fn(PayoutState) -> bool,
) -> Result<Answer, Refusal> {
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let mut payout = find(&ledger, id)?.0.clone();
    if !is_allowed(payout.state) {
        let message = "The payout is not in a state that allows this";
        return Err(Refusal::state("invalid-state", message));
    }
    payout.end(state, now_ms);
    let what = payout.updated();
    ledger.keep_payout(payout, Some(what), now_ms)?;
    Ok(Answer::empty())
}
