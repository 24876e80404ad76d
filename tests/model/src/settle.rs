//! The healed world: what was on the wire is lost, the resolver runs to its end, people decide.
//! Then nothing may be in doubt and the till and the channel must say the same (INV2, INV6, INV7, INV14).

use crate::{
    check,
    ledger::{Answer, Return, Trade},
    moves::{Bug, Model},
    till::{ATTEMPTS, Kind, REFUNDS, RefundKind, Step, TOTAL, When},
    world::{Call, World},
};
use paydesk_domain::Heard;

/// Rounds after which a world that still moves never settles.
const ROUNDS: usize = 60;

impl Model {
    /// The world as it is healed from: only what is durable, and the channel.
    #[must_use]
    pub fn durable(&self, world: &World) -> World {
        let mut healed = *world;
        let half = healed.half;
        healed.lose_calls();
        healed.half = half;
        healed.wire = 0;
        healed.late = 0;
        healed
    }

    /// Lets a healed world settle; what is wrong then, in words.
    pub fn settle(&mut self, durable: &World) -> Option<String> {
        let mut world = *durable;
        for _ in 0..ROUNDS {
            let before = world;
            self.settle_people(&mut world);
            for attempt in 0..self.till.view(world.till).kinds.len() {
                self.settle_attempt(&mut world, attempt);
            }
            for refund in 0..self.till.view(world.till).refunds.len().min(REFUNDS) {
                self.settle_refund(&mut world, refund);
            }
            if world == before {
                return self.settled(&world);
            }
        }
        Some("INV7: the till never comes to rest".to_owned())
    }

    fn make(&mut self, world: &mut World, step: Step) -> bool {
        match self.till.step(world.till, step) {
            Some(done) => {
                let moved = done.next != world.till;
                world.till = done.next;
                moved
            }
            None => false,
        }
    }

    fn settle_people(&mut self, world: &mut World) {
        if world.half != 0 {
            let attempt = usize::from(world.half) - 1;
            self.make(world, Step::BeginReturn(attempt));
            world.half = 0;
        }
        for attempt in 0..self.till.view(world.till).kinds.len() {
            // The trade is asked about while nobody has decided.
            if self.till.view(world.till).kinds[attempt] == Kind::Late {
                self.ask(world, attempt, false);
            }
            if self.till.view(world.till).kinds[attempt] == Kind::Late {
                self.make(world, Step::GiveBack(attempt));
            }
        }
    }

    fn ask(&mut self, world: &mut World, attempt: usize, over: bool) {
        let answer = world.trades[attempt].told();
        let when = if over { When::AskedAfter } else { When::Before };
        self.make(world, Step::Hear(attempt, answer, Heard::Query, when));
    }

    fn settle_attempt(&mut self, world: &mut World, attempt: usize) {
        if self.bug == Some(Bug::ResolverSkips) && world.crashes > 0 {
            return;
        }
        match self.till.view(world.till).kinds[attempt] {
            Kind::Awaiting | Kind::InDoubt => {
                self.ask(world, attempt, false);
                let kind = self.till.view(world.till).kinds[attempt];
                if matches!(kind, Kind::Awaiting | Kind::InDoubt) {
                    self.make(world, Step::End(attempt));
                }
            }
            Kind::Ending(refused) => {
                if refused {
                    self.ask(world, attempt, false);
                }
                self.end(world, attempt);
            }
            Kind::Watching => {
                self.ask(world, attempt, true);
                if world.trades[attempt] == Trade::Waiting {
                    self.make(world, Step::End(attempt));
                }
            }
            Kind::Returning if self.bug != Some(Bug::FailedReturnUnasked) => {
                self.ask(world, attempt, false);
            }
            Kind::Closed | Kind::Kept | Kind::Late | Kind::Paid | Kind::Returning => {}
        }
    }

    fn end(&mut self, world: &mut World, attempt: usize) {
        let view = self.till.view(world.till);
        if !matches!(view.kinds[attempt], Kind::Ending(_)) {
            return;
        }
        let scanned = view.scanned[attempt];
        let ended = world.trades[attempt].ended(scanned, check::back(world, view, attempt) > 0);
        let (to, answer) = ended
            .first()
            .copied()
            .unwrap_or((Trade::Absent, Answer::Doubt));
        self.make(world, Step::End(attempt));
        world.trades[attempt] = to;
        self.make(
            world,
            Step::Hear(attempt, answer, Heard::Query, When::Before),
        );
    }

    fn settle_refund(&mut self, world: &mut World, refund: usize) {
        let view = self.till.view(world.till).refunds[refund];
        if !view.runs {
            return;
        }
        if view.kind == RefundKind::InDoubt || view.kind == RefundKind::Failed {
            let told = world.refunds[refund].told();
            if self.make(world, Step::HearRefund(refund, told, Heard::Query)) {
                return;
            }
            self.make(world, Step::RefundAgain(refund));
            let sent = world.refunds[refund].sent(self.fits(world, refund));
            if let Some((to, answer)) = sent.first() {
                world.refunds[refund] = *to;
                self.make(world, Step::HearRefund(refund, *answer, Heard::Reply));
            }
        } else {
            if world.refunds[refund] == Return::Accepted {
                world.refunds[refund] = Return::Done;
            }
            let answer = world.refunds[refund].told();
            self.make(world, Step::HearRefund(refund, answer, Heard::Query));
        }
    }

    /// What must hold when everything has come to rest.
    fn settled(&self, world: &World) -> Option<String> {
        let view = self.till.view(world.till);
        let mut taken = 0;
        for attempt in 0..ATTEMPTS {
            let name = attempt + 1;
            let trade = world.trades[attempt];
            let Some(kind) = view.kinds.get(attempt) else {
                if trade != Trade::Absent {
                    return Some(format!(
                        "INV2: the channel has attempt {name}, the till has no row of it"
                    ));
                }
                continue;
            };
            let settled = matches!(
                kind,
                Kind::Closed | Kind::Kept | Kind::Paid | Kind::Returning
            );
            if !settled {
                return Some(format!(
                    "INV7: attempt {name} stays {kind:?}; the channel says {trade:?}"
                ));
            }
            if trade.is_paid() != matches!(kind, Kind::Kept | Kind::Paid | Kind::Returning) {
                return Some(format!(
                    "INV14: at rest attempt {name} is {kind:?} and the channel's trade {trade:?}"
                ));
            }
            let back = check::back(world, view, attempt);
            let failed = view
                .refunds
                .iter()
                .any(|r| r.attempt == attempt && r.kind == RefundKind::Failed);
            if *kind == Kind::Returning && back < TOTAL && !failed {
                return Some(format!(
                    "INV1: attempt {name} was to be given back, {back} of {TOTAL} went back, and nothing runs"
                ));
            }
            if trade.is_paid() && !(*kind == Kind::Returning && failed) {
                taken += TOTAL - back;
            }
        }
        if taken > TOTAL {
            return Some(format!("INV1: at rest {taken} of {TOTAL} is taken"));
        }
        self.refunds_agree(world)
    }

    fn refunds_agree(&self, world: &World) -> Option<String> {
        let view = self.till.view(world.till);
        for (n, refund) in view.refunds.iter().enumerate() {
            let name = n + 1;
            if refund.runs {
                return Some(format!("INV7: refund {name} never ends"));
            }
            let done = refund.kind == RefundKind::Done;
            if done != (world.refunds[n] == Return::Done) {
                return Some(format!(
                    "INV6: at rest refund {name} is {:?} and the channel's {:?}",
                    refund.kind, world.refunds[n]
                ));
            }
        }
        None
    }

    /// The call slots that a settled world has no use for.
    #[must_use]
    pub fn is_quiet(&self, world: &World) -> bool {
        world
            .asks
            .iter()
            .chain(&world.charges)
            .all(|c| *c == Call::Idle)
    }
}
