//! Everything that can happen next: people, the desk's rules, the network, the payer, the channel, a crash.
//! What the desk may do is read from `pay`, `resolver`, `refunds` and `settle`; times are "may", not "when".

use crate::{
    ledger::{Answer, Return, ReturnAnswer, Trade},
    till::{ATTEMPTS, Done, Kind, REFUNDS, Step, TOTAL, Till, When},
    world::{Call, World},
};
use paydesk_domain::{Change, Heard};

/// How far the model goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// Attempts, at most two.
    pub attempts: usize,
    /// Refunds a person asks for; the return of late money is none of them.
    pub refunds: usize,
    /// Crashes.
    pub crashes: u8,
    /// Whether each attempt may be a scanned code or a shown one; else the first is scanned, the second shown.
    pub any_tender: bool,
    /// Whether a refund may be of a part or of all; else of a part.
    pub any_part: bool,
}

impl Bound {
    /// For every run of the tests: the refund with one attempt, and two attempts without it.
    pub const SMALL: [Bound; 2] = [
        Bound {
            attempts: 1,
            refunds: 1,
            crashes: 2,
            any_tender: true,
            any_part: true,
        },
        Bound {
            attempts: 2,
            refunds: 0,
            crashes: 1,
            any_tender: false,
            any_part: false,
        },
    ];
    /// For the report: all of it at once.
    pub const FULL: [Bound; 1] = [Bound {
        attempts: 2,
        refunds: 1,
        crashes: 2,
        any_tender: false,
        any_part: false,
    }];
}

/// A rule of the desk that is broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Late money is kept although another attempt pays or may pay the same order.
    KeepsBesideAnother,
    /// The decision to give back and the return are two commits.
    DecisionApart,
    /// Late money is decided about without asking the channel once more.
    DecidesUnasked,
    /// A trade is not asked about again after the return of its late money failed.
    FailedReturnUnasked,
    /// A new attempt after a time-out.
    NewReferenceAfterTimeout,
    /// A new number for a refund that is tried again.
    NewRefundNumber,
    /// Nothing is watched after an ending.
    NoWatch,
    /// An ending is "not found", and the attempt counts as gone.
    NotFoundIsFinal,
    /// An answer closes the watch by when it came, not by when it was asked for.
    OldQuestionEndsWatch,
    /// The remainder does not count running refunds.
    RemainderIgnoresRunning,
    /// A refund sent again is withdrawn when that send did not leave.
    ResendWithdraws,
    /// What a dead process left is not looked at.
    ResolverSkips,
    /// The charge leaves before its row is durable.
    SendBeforeCommit,
    /// A time-out of the charge counts as "not sent".
    TimeoutIsFailure,
    /// An unsigned "paid" is believed.
    Unsigned,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 15] = [
        Bug::DecidesUnasked,
        Bug::DecisionApart,
        Bug::FailedReturnUnasked,
        Bug::KeepsBesideAnother,
        Bug::NewReferenceAfterTimeout,
        Bug::NewRefundNumber,
        Bug::NoWatch,
        Bug::NotFoundIsFinal,
        Bug::OldQuestionEndsWatch,
        Bug::RemainderIgnoresRunning,
        Bug::ResendWithdraws,
        Bug::ResolverSkips,
        Bug::SendBeforeCommit,
        Bug::TimeoutIsFailure,
        Bug::Unsigned,
    ];
}

/// One move, in words that make a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the words of a trace, written out in `words`")]
pub enum Move {
    Begin(usize, bool),
    Cancel,
    ChannelRefund(usize, Return),
    ChargeArrives(usize, Trade),
    ChargeLeaves(usize),
    ChargeNotSent(usize),
    ChargeSilent(usize),
    Crash,
    CrashBeforeCommit,
    DecideReturn(usize),
    EndArrives(usize, Trade),
    EndSent(usize),
    Forged(usize),
    GiveBack(usize),
    Heard(usize, Answer, Heard),
    Keep(usize),
    NewNumber(usize),
    PayerEnds(usize),
    PayerPays(usize),
    QueryAnswered(usize, Answer),
    QueryRefundAnswered(usize, ReturnAnswer),
    RefundArrives(usize, Return),
    RefundAsked(i64),
    RefundHeard(usize, ReturnAnswer),
    RefundLeaves(usize),
    RefundNotSent(usize),
    RefundResendNotSent(usize),
    RefundSentAgain(usize),
    RefundSilent(usize),
    RequestsDie(usize),
    ReturnBegun(usize),
    Silent(usize),
    WatchOver(usize),
}

/// Where moves are collected.
pub type Moves = Vec<(Move, World)>;

/// The model: the till's memory, the bound, and the planted bug if there is one.
pub struct Model {
    /// The till's orders.
    pub till: Till,
    /// How far.
    pub bound: Bound,
    /// What is broken on purpose.
    pub bug: Option<Bug>,
}

impl Model {
    /// A model within a bound.
    #[must_use]
    pub fn new(bound: Bound, bug: Option<Bug>) -> Model {
        Model {
            till: Till::new(bug != Some(Bug::NoWatch)),
            bound,
            bug,
        }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Every move that can be made now and where it leads.
    pub fn moves(&mut self, world: &World, out: &mut Moves) {
        out.clear();
        self.people(world, out);
        for attempt in 0..ATTEMPTS {
            self.charge(world, attempt, out);
            self.trade(world, attempt, out);
            self.resolver(world, attempt, out);
        }
        for refund in 0..self.till.view(world.till).refunds.len() {
            self.refund_send(world, refund, out);
            self.refund_channel(world, refund, out);
            self.refund_resolver(world, refund, out);
        }
        if world.crashes < self.bound.crashes && world.has_calls() {
            let mut next = *world;
            next.lose_calls();
            next.crashes += 1;
            out.push((Move::Crash, next));
        }
        for (_, next) in out.iter_mut() {
            self.tidy(next);
        }
    }

    /// Drops what can have no effect any more, so that equal futures are equal states.
    fn tidy(&self, world: &mut World) {
        let view = self.till.view(world.till);
        for attempt in 0..ATTEMPTS {
            if view.kinds.get(attempt) != Some(&Kind::Watching) {
                world.set_over(attempt, false);
            }
            let kind = view.kinds.get(attempt);
            // No answer moves these any more; `forbidden_edge` holds the domain to it.
            if matches!(kind, Some(Kind::Kept | Kind::Paid | Kind::Returning)) {
                world.charges[attempt] = Call::Idle;
            }
            // A return that failed is asked about when an earlier reversal has arrived.
            let is_asked = kind == Some(&Kind::Returning)
                && !matches!(world.trades[attempt], Trade::Paid { .. });
            if matches!(kind, Some(Kind::Kept | Kind::Paid | Kind::Returning)) && !is_asked {
                world.asks[attempt] = Call::Idle;
            }
            if world.asks[attempt] == Call::Idle {
                world.set_asked_late(attempt, false);
            }
            if world.trades[attempt] != Trade::Absent && world.charges[attempt] != Call::Sent {
                world.wire &= !World::charge_bit(attempt);
            }
            let ended = matches!(
                world.trades[attempt],
                Trade::Closed | Trade::Refused | Trade::Returned | Trade::Paid { fixed: true }
            );
            if ended && world.asks[attempt] != Call::Sent {
                world.wire &= !World::end_bit(attempt);
            }
        }
        for refund in 0..REFUNDS {
            let over = matches!(
                world.refunds[refund],
                Return::Done | Return::FailedNew | Return::Refused
            );
            let waits =
                world.sends[refund] == Call::Sent || world.refund_asks[refund] == Call::Sent;
            if over && !waits {
                world.wire &= !World::refund_bit(refund);
            }
        }
    }

    /// The world after a step of the till, if the domain allows it.
    pub(crate) fn after(&mut self, world: &World, step: Step) -> Option<(World, Done)> {
        let done = self.till.step(world.till, step)?;
        let mut next = *world;
        next.till = done.next;
        Some((next, done))
    }

    fn people(&mut self, world: &World, out: &mut Moves) {
        let attempt = self.till.view(world.till).kinds.len();
        if attempt < self.bound.attempts {
            let tenders: &[bool] = match (self.bound.any_tender, attempt) {
                (true, _) => &[true, false],
                (false, 0) => &[true],
                (false, _) => &[false],
            };
            for scanned in tenders {
                let anyway = self.has(Bug::NewReferenceAfterTimeout)
                    && attempt == 1
                    && self.till.view(world.till).kinds[0] == Kind::InDoubt
                    && world.charges[0] == Call::Idle;
                let step = if anyway {
                    Step::BeginAnyway(*scanned)
                } else {
                    Step::Begin(*scanned)
                };
                if let Some((mut next, _)) = self.after(world, step) {
                    next.charges[attempt] = Call::Begun;
                    out.push((Move::Begin(attempt, *scanned), next));
                }
            }
            if self.has(Bug::SendBeforeCommit) && world.crashes < self.bound.crashes {
                let mut next = *world;
                next.lose_calls();
                next.wire |= World::charge_bit(attempt);
                next.crashes += 1;
                out.push((Move::CrashBeforeCommit, next));
            }
        }
        if attempt > 0
            && let Some((next, _)) = self.after(world, Step::Cancel)
        {
            out.push((Move::Cancel, next));
        }
        self.late_money(world, out);
        self.ask_refund(world, out);
    }

    fn late_money(&mut self, world: &World, out: &mut Moves) {
        for attempt in 0..self.till.view(world.till).kinds.len() {
            if self.till.view(world.till).kinds[attempt] != Kind::Late {
                continue;
            }
            let keep = if self.has(Bug::KeepsBesideAnother) {
                Step::KeepAnyway(attempt)
            } else {
                Step::Keep(attempt)
            };
            // The desk asks before a decision is taken.
            let unasked = self.has(Bug::DecidesUnasked);
            if !world.trades[attempt].is_paid() && !unasked {
                continue;
            }
            // By the time it is kept, no ending of ours is on its way.
            let may_keep = world.wire & World::end_bit(attempt) == 0 || unasked;
            if may_keep && let Some((next, _)) = self.after(world, keep) {
                out.push((Move::Keep(attempt), next));
            }
            if self.has(Bug::DecisionApart) {
                if let Some((mut next, _)) = self.after(world, Step::DecideReturn(attempt)) {
                    next.half = if attempt == 0 { 1 } else { 2 };
                    out.push((Move::DecideReturn(attempt), next));
                }
            } else if let Some((mut next, _)) = self.after(world, Step::GiveBack(attempt)) {
                self.new_refund(&mut next);
                out.push((Move::GiveBack(attempt), next));
            }
        }
        if world.half != 0 {
            let attempt = usize::from(world.half) - 1;
            if let Some((mut next, _)) = self.after(world, Step::BeginReturn(attempt)) {
                next.half = 0;
                self.new_refund(&mut next);
                out.push((Move::ReturnBegun(attempt), next));
            }
        }
    }

    fn ask_refund(&mut self, world: &World, out: &mut Moves) {
        let view = self.till.view(world.till);
        let asked = view.refunds.iter().filter(|r| !r.late).count();
        // Two places stay free for the late returns.
        let most = if self.has(Bug::RemainderIgnoresRunning) {
            2
        } else {
            self.bound.refunds
        };
        if asked >= most {
            return;
        }
        let intent = if asked == 0 { 0 } else { 1 };
        let parts: &[i64] = if self.bound.any_part {
            &[1, TOTAL]
        } else {
            &[1]
        };
        let parts = if self.has(Bug::RemainderIgnoresRunning) {
            &[1, TOTAL]
        } else {
            parts
        };
        for part in parts {
            let step = if self.has(Bug::RemainderIgnoresRunning) {
                Step::RefundAll(*part, intent)
            } else {
                Step::Refund(*part, intent)
            };
            if let Some((mut next, _)) = self.after(world, step) {
                self.new_refund(&mut next);
                out.push((Move::RefundAsked(*part), next));
            }
        }
    }

    /// The task that sends a refund that was just begun.
    pub(crate) fn new_refund(&self, next: &mut World) {
        let refund = self.till.view(next.till).refunds.len() - 1;
        next.sends[refund] = Call::Begun;
    }

    fn charge(&mut self, world: &World, attempt: usize, out: &mut Moves) {
        let call = world.charges[attempt];
        let mut idle = *world;
        idle.charges[attempt] = Call::Idle;
        match call {
            Call::Idle => {}
            Call::Begun => {
                let mut next = *world;
                next.charges[attempt] = Call::Sent;
                next.wire |= World::charge_bit(attempt);
                out.push((Move::ChargeLeaves(attempt), next));
                if let Some((next, _)) = self.after(&idle, Step::NotSent(attempt)) {
                    out.push((Move::ChargeNotSent(attempt), next));
                }
            }
            Call::Sent | Call::Answered(_) => {
                if let Call::Answered(answer) = call {
                    let step = self.hear(attempt, answer, Heard::Reply, When::Before);
                    if let Some((next, _)) = self.after(&idle, step) {
                        out.push((Move::Heard(attempt, answer, Heard::Reply), next));
                    }
                }
                let step = if self.has(Bug::TimeoutIsFailure) {
                    Step::NotSent(attempt)
                } else {
                    Step::Silence(attempt)
                };
                if let Some((next, _)) = self.after(&idle, step) {
                    out.push((Move::ChargeSilent(attempt), next));
                }
            }
        }
        if self.has(Bug::Unsigned)
            && call == Call::Sent
            && let Some((next, _)) = self.after(
                &idle,
                Step::Hear(attempt, Answer::Paid, Heard::Reply, When::Before),
            )
        {
            out.push((Move::Forged(attempt), next));
        }
    }

    fn hear(&self, attempt: usize, answer: Answer, heard: Heard, when: When) -> Step {
        match answer {
            Answer::Doubt => Step::Silence(attempt),
            Answer::NotFound if self.has(Bug::NotFoundIsFinal) => Step::NotSent(attempt),
            _ => Step::Hear(attempt, answer, heard, when),
        }
    }

    fn trade(&mut self, world: &World, attempt: usize, out: &mut Moves) {
        let view = self.till.view(world.till);
        let known = attempt < view.kinds.len();
        let scanned = view.scanned.get(attempt).copied().unwrap_or(true);
        let trade = world.trades[attempt];
        if world.wire & World::charge_bit(attempt) != 0 {
            for (to, answer) in trade.charged(scanned) {
                let mut next = *world;
                next.trades[attempt] = to;
                if world.charges[attempt] == Call::Sent {
                    next.charges[attempt] = Call::Answered(answer);
                }
                out.push((Move::ChargeArrives(attempt, to), next));
            }
        }
        if world.wire & World::end_bit(attempt) != 0 {
            let refunds = self.till.view(world.till).refunds.iter().enumerate();
            let has_refunds = refunds
                .filter(|(n, r)| r.attempt == attempt && world.refunds[*n].counts())
                .count()
                > 0;
            for (to, answer) in trade.ended(scanned, has_refunds) {
                let mut next = *world;
                next.trades[attempt] = to;
                // An older copy of the request: its answer goes nowhere.
                out.push((Move::EndArrives(attempt, to), next));
                if world.asks[attempt] == Call::Sent {
                    next.asks[attempt] = Call::Answered(answer);
                    out.push((Move::EndArrives(attempt, to), next));
                }
            }
        }
        if trade == Trade::Waiting {
            let mut next = *world;
            next.trades[attempt] = Trade::Paid { fixed: false };
            out.push((Move::PayerPays(attempt), next));
            next.trades[attempt] = Trade::Closed;
            out.push((Move::PayerEnds(attempt), next));
        }
        if known {
            for answer in trade.notices() {
                let step = self.hear(attempt, *answer, Heard::Notice, When::Before);
                if let Some((next, _)) = self.after(world, step) {
                    out.push((Move::Heard(attempt, *answer, Heard::Notice), next));
                }
            }
        }
    }

    fn resolver(&mut self, world: &World, attempt: usize, out: &mut Moves) {
        let view = self.till.view(world.till);
        let Some(kind) = view.kinds.get(attempt).copied() else {
            return;
        };
        let skips = self.has(Bug::ResolverSkips) && world.crashes > 0;
        let mut idle = *world;
        idle.asks[attempt] = Call::Idle;
        match world.asks[attempt] {
            Call::Idle if skips => {}
            Call::Idle => self.look(world, attempt, kind, out),
            Call::Begun => {}
            Call::Sent => self.silent(&idle, attempt, out),
            Call::Answered(answer) => {
                self.silent(&idle, attempt, out);
                let when = match (world.is_over(attempt), world.asked_late(attempt)) {
                    (true, true) => When::AskedAfter,
                    (true, false) if self.has(Bug::OldQuestionEndsWatch) => When::AskedAfter,
                    (true, false) => When::HeardAfter,
                    (false, _) => When::Before,
                };
                let step = self.hear(attempt, answer, Heard::Query, when);
                if let Some((mut next, done)) = self.after(&idle, step) {
                    // It came alive after its end: it is ended once more (Q13).
                    if kind == Kind::Watching
                        && done.change == Change::Contradicted
                        && let Some((again, _)) = self.after(&next, Step::End(attempt))
                    {
                        next = again;
                        next.asks[attempt] = Call::Sent;
                        next.wire |= World::end_bit(attempt);
                    }
                    out.push((Move::Heard(attempt, answer, Heard::Query), next));
                }
            }
        }
        let under_way = World::charge_bit(attempt) | World::end_bit(attempt);
        if kind == Kind::Late && world.wire & under_way != 0 {
            let mut next = *world;
            next.wire &= !under_way;
            out.push((Move::RequestsDie(attempt), next));
        }
        if kind == Kind::Watching && !world.is_over(attempt) {
            // The channel's margin: what was sent before has arrived or never will.
            let mut next = *world;
            next.set_over(attempt, true);
            next.wire &= !under_way;
            next.charges[attempt] = Call::Idle;
            out.push((Move::WatchOver(attempt), next));
        }
    }

    fn silent(&mut self, idle: &World, attempt: usize, out: &mut Moves) {
        if let Some((next, _)) = self.after(idle, Step::Silence(attempt)) {
            out.push((Move::Silent(attempt), next));
        }
    }

    /// The resolver's look at an attempt about which nothing is under way.
    fn look(&mut self, world: &World, attempt: usize, kind: Kind, out: &mut Moves) {
        let (may_ask, may_end) = match kind {
            Kind::Awaiting | Kind::InDoubt | Kind::Ending(true) => (true, true),
            Kind::Ending(false) => (false, true),
            Kind::Watching => (true, false),
            // Late money stays asked about until a person decides: a reversal of ours may still arrive.
            Kind::Late => (true, false),
            // The same of money whose return failed. A question whose answer is "paid" changes nothing.
            Kind::Returning => (
                !world.trades[attempt].is_paid() && !self.has(Bug::FailedReturnUnasked),
                false,
            ),
            Kind::Closed | Kind::Kept | Kind::Paid => (false, false),
        };
        if may_ask {
            // A question has no effect, so it is asked at the moment it is answered; the answer takes its time.
            let trade = world.trades[attempt];
            let mut answers = vec![trade.told()];
            if !world.is_over(attempt) {
                // Replicas lag: behind the charge, or behind the payer.
                answers.push(Answer::NotFound);
                if trade.is_paid() {
                    answers.push(Answer::Awaiting);
                }
            }
            answers.dedup();
            for answer in answers {
                let mut next = *world;
                next.asks[attempt] = Call::Answered(answer);
                next.set_asked_late(attempt, world.is_over(attempt));
                out.push((Move::QueryAnswered(attempt, answer), next));
            }
        }
        if may_end && let Some((mut next, _)) = self.after(world, Step::End(attempt)) {
            next.asks[attempt] = Call::Sent;
            next.wire |= World::end_bit(attempt);
            out.push((Move::EndSent(attempt), next));
        }
    }
}
