//! What the till has committed: real orders of the domain, each different one kept once under a number.
//! Every step is made by the domain and remembered, so that exploring costs a look-up.

use crate::{
    explore::Mix,
    facts::{payment_fact, proof, refund_fact},
    ledger::{Answer, ReturnAnswer},
};
use paydesk_domain::{
    AccountId, Amount, Blocked, BusinessDay, Change, ChannelId, Currency, Doubt, End, Evidence,
    Fact, Heard, LateChoice, MerchantRef, Mode, NotSent, Order, OrderNumber, OrderPlan, Payment,
    PaymentPlan, PaymentState, Refund, RefundPlan, RefundState, TenderKind, Timestamp,
};
use paydesk_signing::Authentic;
use serde_json::json;
use std::{collections::HashMap, hash::BuildHasherDefault};

/// What is owed: two parts, so that a refund can be of one of them.
pub const TOTAL: i64 = 2;
/// The time at which everything happens, until …
pub(crate) const NOW: Timestamp = Timestamp(0);
/// … the watch after an ending is over.
const WATCH_MS: u64 = 10;
/// A time after every watch.
const OVER: Timestamp = Timestamp(20);
/// Attempts in one sale.
pub const ATTEMPTS: usize = 2;
/// Refunds in one sale, late returns included.
pub const REFUNDS: usize = 4;

/// A step of the till that is committed as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// A person takes (another) payment; the flag is a scanned code.
    Begin(bool),
    /// Planted: the same although an earlier attempt is not decided.
    BeginAnyway(bool),
    /// Evidence about an attempt: what, how it was heard, and when.
    Hear(usize, Answer, Heard, When),
    /// An ending is begun or repeated.
    End(usize),
    /// A person cancels the latest attempt.
    Cancel,
    /// Nothing was heard of a call about an attempt.
    Silence(usize),
    /// A charge provably never left.
    NotSent(usize),
    /// A person keeps late money.
    Keep(usize),
    /// Planted: the same although another attempt pays or may pay.
    KeepAnyway(usize),
    /// A person gives late money back.
    GiveBack(usize),
    /// Planted: only the decision to give back.
    DecideReturn(usize),
    /// Planted: the return of a decision that was committed before.
    BeginReturn(usize),
    /// A person asks for a refund of so much; which intent of theirs it is.
    Refund(i64, u8),
    /// Planted: the same with running refunds left out of the remainder.
    RefundAll(i64, u8),
    /// Evidence about a refund.
    HearRefund(usize, ReturnAnswer, Heard),
    /// Nothing was heard of a call about a refund.
    RefundSilence(usize),
    /// A refund is about to be sent once more.
    RefundAgain(usize),
    /// A refund's call provably never left.
    RefundNotSent(usize),
    /// Planted: a retry under a new number.
    RefundNewNumber(usize),
}

/// When evidence was asked for and heard, seen from the watch after an ending.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum When {
    /// Asked for and heard after it.
    AskedAfter,
    /// Heard before its end.
    Before,
    /// Asked for before its end, heard after it.
    HeardAfter,
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Done {
    /// The order after it.
    pub next: u32,
    /// What the evidence did.
    pub change: Change,
}

/// The kind of an attempt's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Waiting for the payer.
    Awaiting,
    /// Ended.
    Closed,
    /// Being ended; the flag says that it was refused.
    Ending(bool),
    /// In doubt.
    InDoubt,
    /// Kept after all.
    Kept,
    /// Late, undecided.
    Late,
    /// Paid.
    Paid,
    /// Late, going back.
    Returning,
    /// Ended and watched.
    Watching,
}

/// A refund as the checks see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefundView {
    /// Of which attempt.
    pub attempt: usize,
    /// How much.
    pub amount: i64,
    /// The state.
    pub kind: RefundKind,
    /// Whether it takes part of the remainder.
    pub reserves: bool,
    /// Whether the desk still works on it.
    pub runs: bool,
    /// Whether a person asked for it.
    pub asked: bool,
    /// Whether it gives late money back.
    pub late: bool,
}

/// The kind of a refund's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefundKind {
    /// Taken in.
    Accepted,
    /// Never left.
    Cancelled,
    /// Back with the payer.
    Done,
    /// Failed.
    Failed,
    /// In doubt.
    InDoubt,
}

/// What the moves and checks need to know of an order.
#[derive(Clone, Debug)]
pub struct View {
    /// The attempts' states.
    pub kinds: Vec<Kind>,
    /// Whether each was charged by a scanned code, which is reversed, not closed.
    pub scanned: Vec<bool>,
    /// The refunds.
    pub refunds: Vec<RefundView>,
}

/// Every order that was ever committed, and every step that was ever made.
pub struct Till {
    orders: Vec<Order>,
    views: Vec<View>,
    numbers: HashMap<String, u32>,
    steps: HashMap<(u32, Step), Option<Done>, BuildHasherDefault<Mix>>,
    proof: Authentic,
    /// No watch after an ending (planted).
    watch_ms: u64,
    /// Edges that no rule allows and versions that did not grow, as they were met.
    pub broken: Vec<(u32, u32, String)>,
}

impl Till {
    /// A till with an order that is opened and nothing else.
    #[must_use]
    pub fn new(watch: bool) -> Till {
        let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_121), 1)
            .expect("a number of the model");
        let plan = OrderPlan {
            intent: "sale".to_owned(),
            total: amount(TOTAL),
            day: BusinessDay(20_261_121),
            by: "till".to_owned(),
        };
        let mut till = Till {
            orders: Vec::new(),
            views: Vec::new(),
            numbers: HashMap::new(),
            steps: HashMap::default(),
            proof: proof(),
            watch_ms: if watch { WATCH_MS } else { 0 },
            broken: Vec::new(),
        };
        till.keep(Order::open(number, plan, NOW));
        till
    }

    /// The order under a number.
    #[must_use]
    pub fn order(&self, id: u32) -> &Order {
        &self.orders[id as usize]
    }

    /// What is to know of the order under a number.
    #[must_use]
    pub fn view(&self, id: u32) -> &View {
        &self.views[id as usize]
    }

    /// How many different orders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there is none; there always is one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// How many different steps were made by the domain.
    #[must_use]
    pub fn steps_made(&self) -> usize {
        self.steps.len()
    }

    /// Makes a step, or says that the domain does not allow it.
    pub fn step(&mut self, id: u32, step: Step) -> Option<Done> {
        if let Some(done) = self.steps.get(&(id, step)) {
            return *done;
        }
        let mut order = self.order(id).clone();
        let version = order.version();
        let done = self.make(&mut order, step).map(|change| {
            if order.version() != version {
                self.broken
                    .push((id, id, "the domain changed the version".to_owned()));
            }
            // The commit: it names the version it was computed from and stores the next one.
            let stored = Order::from_parts(
                order.number().clone(),
                order.plan().clone(),
                order.opened_at(),
                order.payments().to_vec(),
                order.refunds().to_vec(),
                version + 1,
            );
            let next = if change == Change::Same {
                id
            } else {
                self.keep(stored)
            };
            if let Some(edge) = crate::check::forbidden_edge(self.view(id), self.view(next), step) {
                self.broken.push((id, next, edge));
            }
            Done { next, change }
        });
        self.steps.insert((id, step), done);
        done
    }

    fn keep(&mut self, order: Order) -> u32 {
        let key = key(&order);
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        let id = u32::try_from(self.orders.len()).expect("fewer than 2^32 orders");
        self.views.push(view(&order));
        self.orders.push(order);
        self.numbers.insert(key, id);
        id
    }

    fn make(&self, order: &mut Order, step: Step) -> Option<Change> {
        let moved = |ok: bool| ok.then_some(Change::Moved);
        match step {
            Step::Begin(scanned) => moved(order.begin_payment(self.plan(scanned), NOW).is_ok()),
            Step::BeginAnyway(scanned) => moved(self.begin_anyway(order, scanned)),
            Step::Hear(attempt, answer, heard, when) => {
                let fact = Fact::Payment(payment_fact(attempt, answer)?);
                let (asked, seen) = match when {
                    When::AskedAfter => (OVER, OVER),
                    When::Before => (NOW, NOW),
                    When::HeardAfter => (NOW, OVER),
                };
                let evidence =
                    Evidence::from_channel(fact, &self.proof, heard, seen).asked_at(asked);
                let reference = reference(order, attempt)?;
                order.hear(&reference, &evidence)
            }
            Step::End(attempt) => {
                let reference = reference(order, attempt)?;
                let payment = order.payment_mut(&reference)?;
                let how = ending_of(payment);
                if !matches!(payment.state(), PaymentState::Ending { .. }) {
                    payment.begin_ending(how, NOW).ok()?;
                }
                moved(payment.begin_ending(how, NOW).is_ok())
            }
            Step::Cancel => {
                let reference = order.latest()?.reference().clone();
                let payment = order.payment_mut(&reference)?;
                if matches!(payment.state(), PaymentState::Ending { .. }) {
                    return None;
                }
                let how = ending_of(payment);
                moved(payment.begin_ending(how, NOW).is_ok())
            }
            Step::Silence(attempt) => {
                let reference = reference(order, attempt)?;
                Some(order.payment_mut(&reference)?.note_doubt(Doubt::NoReply))
            }
            Step::NotSent(attempt) => {
                let reference = reference(order, attempt)?;
                let payment = order.payment_mut(&reference)?;
                Some(change(payment.withdraw(NotSent::Offline).is_ok()))
            }
            Step::Keep(_)
            | Step::KeepAnyway(_)
            | Step::GiveBack(_)
            | Step::DecideReturn(_)
            | Step::BeginReturn(_)
            | Step::Refund(..)
            | Step::RefundAll(..) => moved(person(order, step)?),
            Step::HearRefund(refund, answer, heard) => {
                let fact = Fact::Refund(refund_fact(refund, answer, heard));
                let evidence = Evidence::from_channel(fact, &self.proof, heard, NOW);
                Some(refund_mut(order, refund)?.apply(&evidence))
            }
            Step::RefundSilence(refund) => {
                Some(refund_mut(order, refund)?.note_doubt(Doubt::NoReply))
            }
            Step::RefundAgain(refund) => {
                Some(refund_mut(order, refund)?.note_doubt(Doubt::NoReply))
            }
            Step::RefundNotSent(refund) => {
                let refund = refund_mut(order, refund)?;
                Some(change(refund.withdraw(NotSent::Offline).is_ok()))
            }
            Step::RefundNewNumber(refund) => moved(new_number(order, refund)?),
        }
    }

    fn plan(&self, scanned: bool) -> PaymentPlan {
        PaymentPlan {
            account: AccountId("model".to_owned()),
            channel: ChannelId("model".to_owned()),
            amount: amount(TOTAL),
            tender: if scanned {
                TenderKind::PayerCode
            } else {
                TenderKind::ShowCode
            },
            expires: NOW,
            watch_ms: self.watch_ms,
            rate: None,
            intent: None,
        }
    }

    /// What a desk would do that forgets the earlier attempts when it asks for a permit.
    fn begin_anyway(&self, order: &mut Order, scanned: bool) -> bool {
        let payments = order.payments().to_vec();
        let Some(reference) = u32::try_from(payments.len())
            .ok()
            .and_then(|n| order.number().attempt(n + 1))
        else {
            return false;
        };
        let mut all = payments;
        all.push(Payment::begin(reference, self.plan(scanned), NOW));
        *order = with(order, all, order.refunds().to_vec());
        true
    }
}

/// What people decide.
fn person(order: &mut Order, step: Step) -> Option<bool> {
    let by = || "person".to_owned();
    match step {
        Step::Keep(attempt) => {
            let reference = reference(order, attempt)?;
            Some(order.keep_late(&reference, by()).is_ok())
        }
        Step::KeepAnyway(attempt) => {
            let reference = reference(order, attempt)?;
            let payment = order.payment_mut(&reference)?;
            Some(
                payment
                    .decide_late(LateChoice::Accepted { by: by() })
                    .is_ok(),
            )
        }
        Step::GiveBack(attempt) => {
            let reference = reference(order, attempt)?;
            let plan = refund_plan(format!("late {attempt}"), TOTAL, "paid_late");
            Some(order.give_back_late(&reference, plan, NOW).is_ok())
        }
        Step::DecideReturn(attempt) => {
            let reference = reference(order, attempt)?;
            let payment = order.payment_mut(&reference)?;
            Some(
                payment
                    .decide_late(LateChoice::Returning { by: by() })
                    .is_ok(),
            )
        }
        Step::BeginReturn(attempt) => {
            let reference = reference(order, attempt)?;
            let before = order.refunds().len();
            let plan = refund_plan(format!("late {attempt}"), TOTAL, "paid_late");
            let begun = order.begin_late_return(&reference, plan, NOW);
            Some(begun.is_ok() && order.refunds().len() > before)
        }
        Step::Refund(part, intent) => {
            let reference = refunded_payment(order)?;
            let before = order.refunds().len();
            let plan = refund_plan(format!("refund {intent}"), part, "asked");
            let begun: Result<MerchantRef, Blocked> = order.begin_refund(&reference, plan, NOW);
            Some(begun.is_ok() && order.refunds().len() > before)
        }
        Step::RefundAll(part, intent) => {
            let reference = refunded_payment(order)?;
            let n = u32::try_from(order.refunds().len()).ok()? + 1;
            let plan = refund_plan(format!("refund {intent}"), part, "asked");
            let mut all = order.refunds().to_vec();
            all.push(Refund::begin(reference.refund(n)?, plan, NOW));
            *order = with(order, order.payments().to_vec(), all);
            Some(true)
        }
        _ => None,
    }
}

/// Which attempt a refund is taken from, as the desk chooses.
fn refunded_payment(order: &Order) -> Option<MerchantRef> {
    order.to_refund().map(|p| p.reference().clone())
}

fn new_number(order: &mut Order, refund: usize) -> Option<bool> {
    let old = order.refunds().get(refund)?.clone();
    let n = u32::try_from(order.refunds().len()).ok()? + 1;
    let reference = old.reference().payment().refund(n)?;
    let plan = refund_plan(format!("retry {n}"), old.plan().amount.minor(), "retry");
    let mut all = order.refunds().to_vec();
    all.push(Refund::begin(reference, plan, NOW));
    *order = with(order, order.payments().to_vec(), all);
    Some(true)
}

fn with(order: &Order, payments: Vec<Payment>, refunds: Vec<Refund>) -> Order {
    Order::from_parts(
        order.number().clone(),
        order.plan().clone(),
        order.opened_at(),
        payments,
        refunds,
        order.version(),
    )
}

fn refund_plan(intent: String, minor: i64, reason: &str) -> RefundPlan {
    RefundPlan {
        intent,
        amount: amount(minor),
        reason: reason.to_owned(),
        note: String::new(),
        by: "person".to_owned(),
        in_cash: false,
        rate: paydesk_domain::RateChoice::default(),
    }
}

fn change(moved: bool) -> Change {
    if moved { Change::Moved } else { Change::Same }
}

pub(crate) fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).expect("an amount of the model")
}

fn reference(order: &Order, attempt: usize) -> Option<MerchantRef> {
    order.payments().get(attempt).map(|p| p.reference().clone())
}

fn refund_mut(order: &mut Order, refund: usize) -> Option<&mut Refund> {
    let reference = order.refunds().get(refund)?.reference().clone();
    order.refund_mut(&reference)
}

fn ending_of(payment: &Payment) -> End {
    match payment.plan().tender {
        TenderKind::PayerCode => End::Reverse,
        TenderKind::Cash(_) | TenderKind::Page | TenderKind::Reader | TenderKind::ShowCode => {
            End::Close
        }
    }
}

/// What makes an order another one: all but counters that only grow and words that decide nothing.
fn key(order: &Order) -> String {
    let mut payments = serde_json::to_value(order.payments()).expect("payments are plain data");
    let mut refunds = serde_json::to_value(order.refunds()).expect("refunds are plain data");
    for row in [&mut payments, &mut refunds] {
        for item in row.as_array_mut().into_iter().flatten() {
            for counted in [
                "/contradictions",
                "/state/tries",
                "/state/ended",
                "/state/why",
            ] {
                if let Some(value) = item.pointer_mut(counted) {
                    *value = serde_json::Value::Null;
                }
            }
            // How long decided money is asked about is a matter of rhythm; no fact goes by it.
            if item.pointer("/state/state") == Some(&json!("paid_late"))
                && let Some(until) = item.pointer_mut("/state/until")
            {
                *until = serde_json::Value::Null;
            }
        }
    }
    format!("{payments}{refunds}")
}

fn kind(state: &PaymentState) -> Kind {
    match state {
        PaymentState::Awaiting { .. }
        | PaymentState::Held { .. }
        | PaymentState::Processing { .. } => Kind::Awaiting,
        PaymentState::Closed { .. } => Kind::Closed,
        PaymentState::Ending { refused, .. } => Kind::Ending(*refused),
        PaymentState::InDoubt { .. } => Kind::InDoubt,
        PaymentState::Paid { .. } => Kind::Paid,
        PaymentState::PaidLate { choice, .. } => match choice {
            LateChoice::Accepted { .. } => Kind::Kept,
            LateChoice::Returning { .. } => Kind::Returning,
            LateChoice::Undecided => Kind::Late,
        },
        PaymentState::Watching { .. } => Kind::Watching,
    }
}

fn view(order: &Order) -> View {
    let place = |refund: &Refund| {
        let of = refund.reference().payment();
        order.payments().iter().position(|p| *p.reference() == of)
    };
    View {
        kinds: order.payments().iter().map(|p| kind(p.state())).collect(),
        scanned: order
            .payments()
            .iter()
            .map(|p| p.plan().tender == TenderKind::PayerCode)
            .collect(),
        refunds: order
            .refunds()
            .iter()
            .map(|refund| RefundView {
                attempt: place(refund).expect("a refund of an attempt"),
                amount: refund.plan().amount.minor(),
                kind: match refund.state() {
                    RefundState::Accepted { .. } => RefundKind::Accepted,
                    RefundState::Cancelled { .. } => RefundKind::Cancelled,
                    RefundState::Done { .. } => RefundKind::Done,
                    RefundState::Failed { .. } => RefundKind::Failed,
                    RefundState::InDoubt { .. } => RefundKind::InDoubt,
                },
                reserves: refund.reserves(),
                runs: refund.is_running(),
                asked: refund.plan().reason != "retry",
                late: refund.reference().as_str().ends_with('L'),
            })
            .collect(),
    }
}
