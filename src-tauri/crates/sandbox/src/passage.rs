//! One call's way through the sandbox: its label, its fault, its effect, its answer when it is due.
//!
//! Waiting is data here: a call has its effect when it arrives, and says how long its answer has
//! to wait; whoever carries it, a listener or a simulation, lets that time pass. It must never
//! wait, and never speak HTTP.

use crate::exchange::{Call, Carriage, Dress, Label, Reply, channel_of};
use crate::faults::{FaultKind, Strike};
use crate::ledger::{Channel, TradeKey};
use crate::world::{Draft, World};

/// The largest body in the protocols is a refund with goods details, far below 64 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 65_536;

/// What the caller gets.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The whole answer.
    Answer(Reply),
    /// The connection closes without an answer.
    Cut,
    /// The connection closes in the middle of this answer.
    CutShort(Reply),
}

/// A call that has arrived and is not answered yet.
#[derive(Debug)]
pub(crate) struct Pending {
    world: World,
    seq: Option<u64>,
    wait_ms: u64,
    due: Due,
}

/// What the answer is made from when it is due.
#[derive(Debug)]
enum Due {
    /// A charge whose answer is what the trade is by then.
    Charge(Box<Exchange>, TradeKey),
    /// Nothing.
    Cut,
    /// What was decided when the call arrived.
    Draft(Box<Exchange>, Draft),
    /// Bytes that nobody signs, or that are signed already.
    Reply(Reply),
}

/// One call as faults and answers see it.
#[derive(Debug)]
struct Exchange {
    channel: Channel,
    call: Call,
    label: Label,
    strike: Option<Strike>,
}

/// Lets a call arrive; its effect has happened when this returns. Without a given strike the
/// switches decide.
pub(crate) fn arrive(
    world: &World,
    call: Call,
    arrived: crate::clock::Moment,
    given: Option<Strike>,
) -> Pending {
    let at_once = |reply| Pending {
        world: world.clone(),
        seq: None,
        wait_ms: 0,
        due: Due::Reply(reply),
    };
    if call.body.len() > BODY_BYTES_MAX {
        return at_once(Reply::bare(413));
    }
    let Some(channel) = channel_of(&call) else {
        return at_once(Reply::bare(404));
    };
    let is_download = call.path == crate::alipay::DOWNLOAD_PATH;
    let method = if is_download { "GET" } else { "POST" };
    let has_methods = matches!(
        channel,
        Channel::Btcpay | Channel::Stripe | Channel::Wechatpay
    );
    if !has_methods && call.method != method {
        return at_once(Reply::bare(405));
    }
    let world = match crate::wechatpay::caller_ms(&call) {
        Some(caller_ms) => world.for_caller_at(caller_ms),
        None => world.clone(),
    };
    let label = world.label(channel, &call);
    let seq = Some(world.log_arrival(channel, &label, arrived));
    // A call that is struck by its caller's wish is not answered by name: that waits for the next one.
    let named = match given {
        None => world.faults().take_named(channel, label.operation),
        Some(_) => None,
    };
    if let Some(named) = named {
        let reply = world.seal(&world.named(&call, &named), Dress::default());
        return Pending {
            world,
            seq,
            wait_ms: 0,
            due: Due::Reply(reply),
        };
    }
    let strike = given.or_else(|| world.faults().draw(channel, label.operation));
    if let (Some(strike), Some(seq)) = (strike, seq) {
        world.log_fault(seq, strike.kind);
    }
    let world = world.with_flaw(strike.and_then(|strike| strike.kind.bill_flaw()));
    let exchange = Exchange {
        channel,
        call,
        label,
        strike,
    };
    let (world, wait_ms, due) = exchange.run(world);
    Pending {
        world,
        seq,
        wait_ms,
        due,
    }
}

impl Pending {
    /// How long the answer has to wait.
    pub(crate) fn wait_ms(&self) -> u64 {
        self.wait_ms
    }

    /// The answer, made and signed now.
    pub(crate) fn finish(self) -> Outcome {
        let world = &self.world;
        let outcome = match self.due {
            Due::Charge(exchange, key) => {
                let draft = world.charge_answer(&exchange.call, &key);
                exchange.answer(world, draft)
            }
            Due::Cut => Outcome::Cut,
            Due::Draft(exchange, draft) => exchange.answer(world, draft),
            Due::Reply(reply) => Outcome::Answer(reply),
        };
        if let (Some(seq), Outcome::Answer(reply) | Outcome::CutShort(reply)) = (self.seq, &outcome)
        {
            world.log_answer(seq, reply.status);
        }
        outcome
    }
}

impl Exchange {
    fn is_struck_by(&self, kind: FaultKind) -> bool {
        self.strike.is_some_and(|strike| strike.kind == kind)
    }

    /// Lets the call have its effect, unless a fault is before it. In a play nobody waits.
    fn run(self, world: World) -> (World, u64, Due) {
        if let Some(due) = self
            .strike
            .and_then(|strike| self.before_effect(&world, strike))
        {
            return (world, 0, due);
        }
        let (draft, carriage) = world.handle(self.channel, &self.call);
        if self.is_struck_by(FaultKind::AnswerTwice) || carriage == Carriage::Twice {
            // What the second delivery is told is nobody's business any more.
            world.handle(self.channel, &self.call);
        }
        let is_played = world.played_ms().is_some();
        let waited = |milliseconds: u64| if is_played { 0 } else { milliseconds };
        let delay_ms = if self.is_struck_by(FaultKind::Delay) {
            world.rhythm.delay_ms
        } else {
            0
        };
        match carriage {
            Carriage::Prompt | Carriage::Twice => {
                let due = Due::Draft(Box::new(self), draft);
                (world, waited(delay_ms), due)
            }
            Carriage::Silent => {
                let silence_ms = world.rhythm.silence_ms;
                (world, waited(silence_ms), Due::Cut)
            }
            Carriage::Late(key) => {
                let late_ms = world.rhythm.late_ms;
                let by = world
                    .played_ms()
                    .map(|at_ms| world.at(at_ms.saturating_add(late_ms)));
                let wait_ms = u64::try_from(late_ms).unwrap_or(0).saturating_add(delay_ms);
                let due = Due::Charge(Box::new(self), key);
                (by.unwrap_or(world), waited(wait_ms), due)
            }
        }
    }

    /// Faults that keep the effect from happening.
    fn before_effect(&self, world: &World, strike: Strike) -> Option<Due> {
        Some(match strike.kind {
            FaultKind::RequestLost => Due::Cut,
            FaultKind::Garbage => Due::Reply(Reply::captive_portal()),
            FaultKind::RateLimited => Due::Reply(Reply::too_many_requests()),
            FaultKind::ServerErrorBefore => Due::Reply(Reply::bad_gateway()),
            FaultKind::ServerError if !strike.has_effect => Due::Reply(Reply::bad_gateway()),
            FaultKind::SystemError | FaultKind::UnsignedRefusal if !strike.has_effect => {
                Due::Reply(self.refuse(world, strike.kind))
            }
            _ => return None,
        })
    }

    /// The answer, as the fault leaves it.
    fn answer(&self, world: &World, draft: Draft) -> Outcome {
        let Some(strike) = self.strike else {
            let reply = world.seal(&draft, Dress::default());
            world.past().keep(self.channel, &self.label, &reply);
            return Outcome::Answer(reply);
        };
        let dressed = |dress| Outcome::Answer(world.seal(&draft, dress));
        match strike.kind {
            FaultKind::ReplyLost => Outcome::Cut,
            FaultKind::ServerError | FaultKind::ServerErrorAfter => {
                Outcome::Answer(Reply::bad_gateway())
            }
            FaultKind::SystemError | FaultKind::UnsignedRefusal => {
                Outcome::Answer(self.refuse(world, strike.kind))
            }
            FaultKind::BadSignature => dressed(Dress {
                bad_signature: true,
                ..Dress::default()
            }),
            FaultKind::UnknownKey => dressed(Dress {
                unknown_key: true,
                ..Dress::default()
            }),
            FaultKind::StaleTime => dressed(Dress {
                stale_time: true,
                ..Dress::default()
            }),
            FaultKind::ForeignAnswer => {
                let foreign = world.foreign(draft, &self.label);
                Outcome::Answer(world.seal(&foreign, Dress::default()))
            }
            FaultKind::ForeignMerchant => {
                let foreign = world.foreign_merchant(draft, &self.label);
                Outcome::Answer(world.seal(&foreign, Dress::default()))
            }
            FaultKind::Replayed => {
                let fresh = world.seal(&draft, Dress::default());
                let past = world.past();
                let old = past.find(self.channel, &self.label, &fresh).cloned();
                Outcome::Answer(old.unwrap_or(fresh))
            }
            FaultKind::Truncated => Outcome::CutShort(world.seal(&draft, Dress::default())),
            FaultKind::AnswerTwice
            | FaultKind::BillDigestWrong
            | FaultKind::BillLinkExpired
            | FaultKind::BillNotAllowed
            | FaultKind::BillNotReady
            | FaultKind::BillTotalsWrong
            | FaultKind::BillTruncated
            | FaultKind::BillWrongDay
            | FaultKind::Delay
            | FaultKind::Garbage
            | FaultKind::RateLimited
            | FaultKind::RequestLost
            | FaultKind::ServerErrorBefore => dressed(Dress::default()),
        }
    }

    fn refuse(&self, world: &World, kind: FaultKind) -> Reply {
        let draft = if kind == FaultKind::SystemError {
            world.system_error(self.channel, &self.call)
        } else {
            World::unsigned_refusal(self.channel, &self.call)
        };
        world.seal(&draft, Dress::default())
    }
}
