//! People: cashiers who are in a hurry, customers who pay, pay twice, pay an old picture or never, and a
//! manager who decides what became late.

use super::{
    browser::{Form, Payer},
    ether::Ether,
};
use crate::{disk::held, executor::SimClock, rng::Rng};
use paydesk_desk::{
    Charge, Desk, DeskError, OpenPage, PartOf, RefundAsk, ShowCode,
    ports::{Clock, OrderFilter, Tab, Tasks},
};
use paydesk_domain::{
    ChannelId, Currency, LateChoice, Money, Order, OrderNumber, PayerAction, Payment, PaymentState,
};
use paydesk_sandbox::{Behaviour, Channel, PhoneAct, sample_code};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What one cashier did and met; kept outside every process.
#[derive(Clone, Default, Debug)]
pub(crate) struct Notes {
    /// Sales begun.
    pub(crate) sales: u64,
    /// Sales that were refused before anything was sent.
    pub(crate) refused: u64,
    /// The charge that was asked for and is not answered.
    pub(crate) in_flight: Option<String>,
    /// Charges that were tried again after an error of the store.
    pub(crate) tried_again: u64,
    /// Refunds asked for.
    pub(crate) refunds: u64,
    /// Refunds that the till refused, because more was asked than is there.
    pub(crate) refunds_refused: u64,
    /// Double clicks.
    pub(crate) double_clicks: u64,
    /// Old pictures that were scanned.
    pub(crate) old_pictures: u64,
    /// Pages of the channel that were opened for a payer.
    pub(crate) pages: u64,
    /// Late money that was decided about.
    pub(crate) decided: u64,
    /// Parts of orders that were begun.
    pub(crate) parts: u64,
    /// Orders that were paid in parts, all of them.
    pub(crate) split: u64,
}

/// A cashier at one till. The work list outlives the program: after a crash the next sale goes on.
pub(crate) struct Cashier {
    pub(super) desk: Arc<Desk>,
    other_window: Option<Arc<Desk>>,
    ether: Arc<Ether>,
    outside: Arc<dyn Tasks>,
    clock: Arc<SimClock>,
    pub(super) rng: Rng,
    till: usize,
    splits: u32,
    notes: Arc<Mutex<Notes>>,
}

/// What a cashier stands on.
pub(crate) struct Counter {
    /// The till's desk.
    pub(crate) desk: Arc<Desk>,
    /// A second program on the same store.
    pub(crate) other_window: Option<Arc<Desk>>,
    /// The way to the customers' phones.
    pub(crate) ether: Arc<Ether>,
    /// Tasks that no till's death ends.
    pub(crate) outside: Arc<dyn Tasks>,
    /// True time.
    pub(crate) clock: Arc<SimClock>,
    /// Which till.
    pub(crate) till: usize,
    /// Sales of a hundred that are taken in parts.
    pub(crate) splits: u32,
    /// What is written down.
    pub(crate) notes: Arc<Mutex<Notes>>,
}

fn yuan(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

impl Cashier {
    /// A cashier whose moods come from this generator.
    #[must_use]
    pub(crate) fn new(counter: Counter, rng: Rng) -> Cashier {
        let Counter {
            desk,
            other_window,
            ether,
            outside,
            clock,
            till,
            splits,
            notes,
        } = counter;
        Cashier {
            desk,
            other_window,
            ether,
            outside,
            clock,
            rng,
            till,
            splits,
            notes,
        }
    }

    pub(super) fn note(&self, write: impl FnOnce(&mut Notes)) {
        write(&mut held(&self.notes));
    }

    pub(super) async fn wait(&mut self, least_ms: u64, most_ms: u64) {
        let ms = least_ms + self.rng.below(most_ms - least_ms + 1);
        self.clock.sleep(Duration::from_millis(ms)).await;
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.happens(percent * 10_000)
    }

    /// Sells until this many sales of the day are begun.
    pub(crate) async fn work(mut self, until: u64) {
        while held(&self.notes).sales < until {
            self.wait(500, 16_000).await;
            self.sell().await;
        }
    }

    async fn sell(&mut self) {
        let sale = {
            let mut notes = held(&self.notes);
            notes.sales += 1;
            notes.sales
        };
        let intent = format!("sim-{}-{sale}-{:08x}", self.till, self.rng.below(1 << 32));
        let amount = yuan(1 + i64::try_from(self.rng.below(50_000)).unwrap_or(0));
        // No draw where nobody splits, so that the days of such worlds stay what they were.
        if self.splits > 0 && self.chance(self.splits) {
            return self.sell_in_parts(&intent, amount).await;
        }
        let order = if self.can_scan() && self.chance(70) {
            self.scan(&intent, amount, PartOf::Whole).await
        } else {
            self.show(&intent, amount, PartOf::Whole).await
        };
        let Some(order) = order else { return };
        let number = order.number().clone();
        if self.chance(8) {
            self.wait(1_000, 12_000).await;
            // Too late is an answer too.
            drop(self.desk.cancel(&number).await);
        }
        if self.chance(12) {
            self.check_and_check(&number).await;
        }
        if self.chance(5) {
            drop(self.desk.add_note(&number, "备注").await);
        }
        if self.chance(25) {
            self.wait(2_000, 40_000).await;
            self.give_back(&number).await;
        }
        if self.chance(30) {
            self.decide(&number).await;
        }
        // A manager looks over the list in the middle of everything.
        if self.chance(20) {
            let give_back = self.chance(50);
            let decided = decide_all(&self.desk, give_back).await;
            self.note(|notes| notes.decided += decided);
        }
    }

    /// Presses "check now" again and again, in whichever window is in front: looks cross each other.
    async fn check_and_check(&mut self, number: &OrderNumber) {
        for _ in 0..1 + self.rng.below(4) {
            let window = match &self.other_window {
                Some(other) if self.rng.happens(500_000) => Arc::clone(other),
                _ => Arc::clone(&self.desk),
            };
            drop(window.check_now(number).await);
            self.wait(5, 180).await;
        }
    }

    /// Cancels while the charge is still on its way, or asks what became of it.
    fn think_again(&mut self, intent: &str) {
        let ms = 200 + self.rng.below(3_000);
        let cancels = self.chance(50);
        let (desk, clock, intent) = (
            Arc::clone(&self.desk),
            Arc::clone(&self.clock),
            intent.to_owned(),
        );
        beside(&self.desk, async move {
            clock.sleep(Duration::from_millis(ms)).await;
            let begun = desk.ports().store.by_intent(&intent).await;
            let Ok(Some(order)) = begun else { return };
            // Too late is an answer too.
            if cancels {
                drop(desk.cancel(order.number()).await);
                return;
            }
            for _ in 0..3 {
                drop(desk.check_now(order.number()).await);
                clock.sleep(Duration::from_millis(ms / 8)).await;
            }
        });
    }

    fn charge(
        intent: &str,
        (amount, part): (Money, &PartOf),
        code: &str,
        repeat_of: Option<OrderNumber>,
    ) -> Charge {
        Charge {
            intent: intent.to_owned(),
            amount,
            code: code.to_owned(),
            note: String::new(),
            confirmed_repeat_of: repeat_of,
            part: part.clone(),
        }
    }

    /// Whether there is a channel whose payers show codes.
    pub(super) fn can_scan(&self) -> bool {
        self.ether.channels().with_codes().is_some()
    }

    pub(super) async fn scan(
        &mut self,
        intent: &str,
        amount: Money,
        part: PartOf,
    ) -> Option<Order> {
        let channel = self.ether.channels().with_codes()?.draw(&mut self.rng);
        let behaviour = self.behaviour();
        let code = sample_code(channel, behaviour, self.rng.next());
        self.ether.secrets().shown(self.till, &code);
        self.note(|notes| notes.in_flight = Some(intent.to_owned()));
        if self.chance(6) {
            let order = self.double_click(intent, (amount, &part), &code).await;
            self.note(|notes| notes.in_flight = None);
            return order;
        }
        if self.chance(15) {
            self.think_again(intent);
        }
        let mut charged = self
            .desk
            .charge(Self::charge(intent, (amount, &part), &code, None))
            .await;
        if let Err(DeskError::Repeat(repeat)) = &charged {
            let earlier = Some(repeat.earlier.number.clone());
            let again = Self::charge(intent, (amount, &part), &code, earlier);
            charged = self.desk.charge(again).await;
        }
        // The page keeps its intent: the same again is the same sale, whatever became of the first (Q21).
        for _ in 0..3 {
            if !matches!(charged, Err(DeskError::Store(_))) {
                break;
            }
            self.note(|notes| notes.tried_again += 1);
            self.wait(500, 4_000).await;
            let again = Self::charge(intent, (amount, &part), &code, None);
            charged = self.desk.charge(again).await;
        }
        self.note(|notes| {
            notes.in_flight = None;
            notes.refused += u64::from(charged.is_err());
        });
        charged.ok()
    }

    /// Twice at once, in this window or in two: one sale.
    async fn double_click(
        &mut self,
        intent: &str,
        what: (Money, &PartOf),
        code: &str,
    ) -> Option<Order> {
        self.note(|notes| notes.double_clicks += 1);
        let other = self.other_window.clone().unwrap_or(self.desk.clone());
        let (twin, ask) = (other.clone(), Self::charge(intent, what, code, None));
        beside(&other, async move { drop(twin.charge(ask).await) });
        let ask = Self::charge(intent, what, code, None);
        self.desk.charge(ask).await.ok()
    }

    pub(super) async fn show(
        &mut self,
        intent: &str,
        amount: Money,
        part: PartOf,
    ) -> Option<Order> {
        let channel = self.ether.channels().draw(&mut self.rng);
        if channel == Channel::Unionpay && self.chance(40) {
            return self.open_page(intent, amount, part).await;
        }
        let ask = |repeat: Option<OrderNumber>| ShowCode {
            intent: intent.to_owned(),
            amount,
            channel: ChannelId(channel.id().to_owned()),
            note: String::new(),
            confirmed_repeat_of: repeat,
            part: part.clone(),
        };
        let mut shown = self.desk.show_code(ask(None)).await;
        if let Err(DeskError::Repeat(repeat)) = &shown {
            shown = self
                .desk
                .show_code(ask(Some(repeat.earlier.number.clone())))
                .await;
        }
        let order = shown.ok()?;
        let number = order.number().clone();
        // The customer looks at the screen until a code stands there.
        for _ in 0..8 {
            self.wait(200, 1_500).await;
            let seen = self.desk.order(&number).await.ok()?;
            if let Some(content) = seen.latest().and_then(code_shown) {
                self.customer_scans(content);
                break;
            }
        }
        Some(order)
    }

    /// Online banking: nothing is sent from the till, and the payer's own browser goes to the channel.
    async fn open_page(&mut self, intent: &str, amount: Money, part: PartOf) -> Option<Order> {
        self.note(|notes| notes.pages += 1);
        let ask = |repeat: Option<OrderNumber>| OpenPage {
            intent: intent.to_owned(),
            amount,
            channel: ChannelId(Channel::Unionpay.id().to_owned()),
            note: String::new(),
            confirmed_repeat_of: repeat,
            part: part.clone(),
        };
        let mut begun = self.desk.open_page(ask(None)).await;
        if let Err(DeskError::Repeat(repeat)) = &begun {
            let earlier = repeat.earlier.number.clone();
            begun = self.desk.open_page(ask(Some(earlier))).await;
        }
        let order = begun.ok()?;
        let (page, _) = self.desk.page(order.number()).await.ok()?;
        let form = Form::of(page);
        self.ether.leaves(self.till, &form.reading()).await;
        if let Some(payer) = Payer::draw(&mut self.rng) {
            let (ether, clock) = (Arc::clone(&self.ether), Arc::clone(&self.clock));
            self.outside
                .spawn(Box::pin(payer.browse(form, ether, clock)));
        }
        Some(order)
    }

    /// A customer with a phone: pays, pays later, declines, pays an old picture, or goes away.
    fn customer_scans(&mut self, content: String) {
        let mood = self.rng.below(100);
        let (delay_ms, is_old) = match mood {
            0..60 => (1_000 + self.rng.below(15_000), false),
            60..72 => (20_000 + self.rng.below(270_000), false),
            72..82 => (20_000 + self.rng.below(600_000), true),
            82..90 => (1_000 + self.rng.below(5_000), false),
            _ => return,
        };
        if is_old {
            self.note(|notes| notes.old_pictures += 1);
        }
        let act = if (82..90).contains(&mood) {
            PhoneAct::Decline
        } else {
            PhoneAct::Pay
        };
        let (ether, clock) = (Arc::clone(&self.ether), Arc::clone(&self.clock));
        self.outside.spawn(Box::pin(async move {
            clock.sleep(Duration::from_millis(delay_ms)).await;
            let (phone, now) = (ether.offline(), ether.moment());
            // What the phone shows is the customer's business; the ledger says what happened.
            drop(if is_old {
                phone.phone_with_old_picture(&content, act, now)
            } else {
                phone.phone(&content, act, now)
            });
        }));
    }

    fn behaviour(&mut self) -> Behaviour {
        match self.rng.below(100) {
            0..48 => Behaviour::Pays,
            48..58 => Behaviour::PaysAfterPassword,
            58..64 => Behaviour::RefusesPassword,
            64..69 => Behaviour::NoBalance,
            69..73 => Behaviour::ExpiredCode,
            73..79 => Behaviour::NoAnswerPaid,
            79..84 => Behaviour::NoAnswerUnpaid,
            84..89 => Behaviour::AnswersTwice,
            89..94 => Behaviour::PaysLate,
            _ => Behaviour::PaysAfterReverse,
        }
    }

    /// Gives back some, all, or more than there is; sometimes twice at once.
    pub(super) async fn give_back(&mut self, number: &OrderNumber) {
        let Ok(order) = self.desk.order(number).await else {
            return;
        };
        let Some(paid) = order.payments().iter().find_map(Payment::paid) else {
            return;
        };
        let all = paid.received.minor();
        for turn in 0..=self.rng.below(3) {
            let part = match self.rng.below(10) {
                0..4 => all,
                4..8 => {
                    1 + i64::try_from(self.rng.below(u64::try_from(all).unwrap_or(1))).unwrap_or(0)
                }
                _ => all.saturating_add(1),
            };
            let ask = || RefundAsk {
                intent: format!("refund-{number}-{turn}"),
                number: number.clone(),
                payment: None,
                amount: yuan(part),
                reason: "goods_returned".to_owned(),
                note: String::new(),
                in_cash: false,
                rate: paydesk_domain::RateChoice::default(),
            };
            self.note(|notes| notes.refunds += 1);
            let asked = if self.chance(20) {
                let other = self.other_window.clone().unwrap_or(self.desk.clone());
                let (twin, again) = (other.clone(), ask());
                beside(&other, async move { drop(twin.refund(again).await) });
                self.desk.refund(ask()).await
            } else {
                self.desk.refund(ask()).await
            };
            if asked.is_err() {
                self.note(|notes| notes.refunds_refused += 1);
            } else if self.chance(30) {
                self.check_and_check(number).await;
            }
            self.wait(100, 8_000).await;
        }
    }

    async fn decide(&mut self, number: &OrderNumber) {
        let give_back = self.chance(50);
        if decide_one(&self.desk, number, give_back).await {
            self.note(|notes| notes.decided += 1);
        }
    }
}

/// Does it at the same time as what follows, as a task of its own: a task has one store call at a time.
fn beside(desk: &Desk, act: impl Future<Output = ()> + Send + 'static) {
    desk.ports().tasks.spawn(Box::pin(act));
}

/// The text of the code that an attempt shows.
fn code_shown(payment: &Payment) -> Option<String> {
    match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode { text, .. },
            ..
        } => Some(text.clone()),
        _ => None,
    }
}

/// Whatever is open is looked at more often than anybody needs: looks cross each other.
pub(crate) async fn check_everything(desk: &Desk, mut rng: Rng) {
    let ports = desk.ports();
    for _ in 0..3 {
        // What cannot be read now is looked at by the resolver.
        for reference in ports.store.open_work().await.unwrap_or_default() {
            drop(ports.store.hurry(&reference, ports.clock.now()).await);
        }
        let ms = 20 + rng.below(400);
        ports.clock.sleep(Duration::from_millis(ms)).await;
    }
}

fn is_undecided(order: &Order) -> bool {
    order.payments().iter().any(|payment| {
        matches!(
            payment.state(),
            PaymentState::PaidLate {
                choice: LateChoice::Undecided,
                ..
            }
        )
    })
}

/// Decides about all late money on the list. How often.
pub(crate) async fn decide_all(desk: &Arc<Desk>, give_back: bool) -> u64 {
    let filter = OrderFilter {
        tab: Tab::Attention,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    };
    let mut decided = 0;
    let page = desk.ports().store.list(&filter, None, 500).await;
    for row in page.map(|page| page.rows).unwrap_or_default() {
        decided += u64::from(decide_one(desk, &row.number, give_back).await);
    }
    decided
}

/// Decides about late money of one order, if there is any. Whether it did.
pub(crate) async fn decide_one(desk: &Arc<Desk>, number: &OrderNumber, give_back: bool) -> bool {
    let give_back = give_back.then(paydesk_domain::RateChoice::default);
    match desk.order(number).await {
        Ok(order) if is_undecided(&order) => desk
            .decide_late(number, give_back, "customer asked")
            .await
            .is_ok(),
        _ => false,
    }
}
