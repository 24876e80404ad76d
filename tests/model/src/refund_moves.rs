//! What can happen next to a refund: its first send, the resolver's looks, the channel.
//! The same rules as in `moves`; a refund's number never changes, whatever happens to its calls.

use crate::{
    ledger::ReturnAnswer,
    moves::{Bug, Model, Move, Moves},
    till::{REFUNDS, RefundKind, Step, TOTAL},
    world::{Call, World},
};
use paydesk_domain::Heard;

impl Model {
    pub(crate) fn refund_send(&mut self, world: &World, refund: usize, out: &mut Moves) {
        let mut idle = *world;
        idle.sends[refund] = Call::Idle;
        match world.sends[refund] {
            Call::Idle => {}
            Call::Begun => {
                let mut next = *world;
                next.sends[refund] = Call::Sent;
                next.wire |= World::refund_bit(refund);
                out.push((Move::RefundLeaves(refund), next));
                if let Some((next, _)) = self.after(&idle, Step::RefundNotSent(refund)) {
                    out.push((Move::RefundNotSent(refund), next));
                }
            }
            Call::Sent => self.refund_silent(&idle, refund, out),
            Call::Answered(answer) => {
                self.refund_silent(&idle, refund, out);
                let step = Step::HearRefund(refund, answer, Heard::Reply);
                if let Some((next, _)) = self.after(&idle, step) {
                    out.push((Move::RefundHeard(refund, answer), next));
                }
            }
        }
    }

    fn refund_silent(&mut self, idle: &World, refund: usize, out: &mut Moves) {
        if let Some((next, _)) = self.after(idle, Step::RefundSilence(refund)) {
            out.push((Move::RefundSilent(refund), next));
        }
    }

    /// Whether the channel has so much left of the payment.
    #[must_use]
    pub fn fits(&self, world: &World, refund: usize) -> bool {
        let refunds = &self.till.view(world.till).refunds;
        let this = refunds[refund];
        let spent: i64 = refunds
            .iter()
            .enumerate()
            .filter(|(n, r)| r.attempt == this.attempt && world.refunds[*n].counts())
            .map(|(_, r)| r.amount)
            .sum();
        world.trades[this.attempt].is_paid() && spent + this.amount <= TOTAL
    }

    pub(crate) fn refund_channel(&mut self, world: &World, refund: usize, out: &mut Moves) {
        let known = world.refunds[refund];
        if world.wire & World::refund_bit(refund) != 0 {
            for (to, answer) in known.sent(self.fits(world, refund)) {
                let mut next = *world;
                next.refunds[refund] = to;
                out.push((Move::RefundArrives(refund, to), next));
                if world.sends[refund] == Call::Sent {
                    let mut next = next;
                    next.sends[refund] = Call::Answered(answer);
                    out.push((Move::RefundArrives(refund, to), next));
                }
                if world.refund_asks[refund] == Call::Sent {
                    next.refund_asks[refund] = Call::Answered(answer);
                    out.push((Move::RefundArrives(refund, to), next));
                }
            }
        }
        for to in known.later() {
            let mut next = *world;
            next.refunds[refund] = *to;
            out.push((Move::ChannelRefund(refund, *to), next));
        }
    }

    pub(crate) fn refund_resolver(&mut self, world: &World, refund: usize, out: &mut Moves) {
        let view = self.till.view(world.till).refunds[refund];
        let mut idle = *world;
        idle.refund_asks[refund] = Call::Idle;
        match world.refund_asks[refund] {
            Call::Idle => {
                let is_asked = matches!(view.kind, RefundKind::InDoubt | RefundKind::Accepted)
                    || (view.kind == RefundKind::Failed && view.runs);
                if is_asked {
                    let mut answers = vec![world.refunds[refund].told(), ReturnAnswer::NotFound];
                    answers.dedup();
                    for answer in answers {
                        let mut next = *world;
                        next.refund_asks[refund] = Call::Answered(answer);
                        out.push((Move::QueryRefundAnswered(refund, answer), next));
                    }
                }
                if view.kind == RefundKind::InDoubt
                    || (view.kind == RefundKind::Failed && view.runs)
                {
                    self.send_again(world, refund, out);
                }
            }
            Call::Begun => {}
            Call::Sent => self.refund_silent(&idle, refund, out),
            Call::Answered(answer) => {
                self.refund_silent(&idle, refund, out);
                let step = Step::HearRefund(refund, answer, Heard::Query);
                if let Some((next, _)) = self.after(&idle, step) {
                    out.push((Move::RefundHeard(refund, answer), next));
                }
            }
        }
    }

    /// The same number goes out again; from then on nothing proves that it never left (Q16).
    fn send_again(&mut self, world: &World, refund: usize, out: &mut Moves) {
        if self.has(Bug::NewRefundNumber) {
            let room = self.till.view(world.till).refunds.len() < REFUNDS - 2;
            if room && let Some((mut next, _)) = self.after(world, Step::RefundNewNumber(refund)) {
                self.new_refund(&mut next);
                out.push((Move::NewNumber(refund), next));
            }
            return;
        }
        let noted = if self.has(Bug::ResendWithdraws) {
            Some(*world)
        } else {
            self.after(world, Step::RefundAgain(refund))
                .map(|(next, _)| next)
        };
        let Some(noted) = noted else { return };
        let mut next = noted;
        next.refund_asks[refund] = Call::Sent;
        next.wire |= World::refund_bit(refund);
        out.push((Move::RefundSentAgain(refund), next));
        if let Some((next, _)) = self.after(&noted, Step::RefundNotSent(refund)) {
            out.push((Move::RefundResendNotSent(refund), next));
        }
    }
}
