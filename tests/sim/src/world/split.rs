//! A cashier who takes a sale in parts: cash, scanned and shown codes one after the other, until all of it is paid, the
//! customer walks away, or the till dies in between; and one who finds such an order on the list.

use super::people::Cashier;
use paydesk_desk::{
    PartOf, RefundAsk, TakeCash,
    ports::{OrderFilter, Tab},
};
use paydesk_domain::{Currency, Money, Order, OrderNumber, OrderStatus};

/// Turns that a customer has the patience for.
const TURNS_MAX: u64 = 6;

fn yuan(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

impl Cashier {
    /// Takes a sale in parts.
    pub(super) async fn sell_in_parts(&mut self, intent: &str, total: Money) {
        let begun = self.next_part(intent, PartOf::New { total }, total).await;
        let Some(order) = begun else { return };
        let number = order.number().clone();
        // Sometimes the customer is gone after the first part, and nobody thinks of it.
        if !self.chance(15) {
            self.take_the_rest(intent, &number).await;
        }
        if self.chance(25) {
            self.give_back(&number).await;
        }
        if self.chance(40) {
            self.look_for_parts(intent).await;
        }
    }

    async fn take_the_rest(&mut self, intent: &str, number: &OrderNumber) {
        for turn in 0..TURNS_MAX {
            self.wait(1_000, 20_000).await;
            let Ok(order) = self.desk.order(number).await else {
                return;
            };
            let owed = order.owed();
            if order.status() == OrderStatus::Paid {
                self.note(|notes| notes.split += 1);
            }
            if order.status() == OrderStatus::Paid && owed.minor() <= 0 {
                return;
            }
            if self.chance(5) {
                // Too late is an answer too.
                drop(self.desk.cancel(number).await);
                continue;
            }
            let part = PartOf::Order(number.clone());
            let intent = format!("{intent}-{turn}");
            // What cannot be taken now is tried again: an attempt is open, or a code was refused.
            drop(self.next_part(&intent, part, owed).await);
        }
    }

    /// Takes some of what is owed, or all of it; by mistake sometimes more.
    async fn next_part(&mut self, intent: &str, part: PartOf, owed: Money) -> Option<Order> {
        let owed = owed.minor().max(1);
        let amount = match self.rng.below(10) {
            0..5 => 1 + i64::try_from(self.rng.below(owed.unsigned_abs())).unwrap_or(0),
            5..9 => owed,
            _ => owed.saturating_add(1),
        };
        self.note(|notes| notes.parts += 1);
        let amount = yuan(amount);
        match self.rng.below(10) {
            0..4 => {
                let take = || TakeCash {
                    intent: intent.to_owned(),
                    amount,
                    received: amount,
                    note: String::new(),
                    confirmed_repeat_of: None,
                    part: part.clone(),
                };
                let taken = self.desk.take_cash(take()).await;
                if self.chance(10) {
                    // A double click: the same intent is the same part.
                    drop(self.desk.take_cash(take()).await);
                }
                taken.ok()
            }
            4..8 if self.can_scan() => self.scan(intent, amount, part).await,
            _ => self.show(intent, amount, part).await,
        }
    }

    /// Goes through what is paid in part and still waits: takes the rest, or gives every part back.
    async fn look_for_parts(&mut self, intent: &str) {
        let filter = OrderFilter {
            tab: Tab::Attention,
            search: String::new(),
            day_from: None,
            day_to: None,
            status: Some(OrderStatus::PartPaid),
            channel: None,
            currencies: vec![Currency::CNY],
        };
        let page = self.desk.ports().store.list(&filter, None, 3).await;
        for row in page.map(|page| page.rows).unwrap_or_default() {
            if self.chance(60) {
                let intent = format!("{intent}-of-{}", row.number);
                self.take_the_rest(&intent, &row.number).await;
            } else {
                self.give_parts_back(&row.number).await;
            }
        }
    }

    async fn give_parts_back(&mut self, number: &OrderNumber) {
        let Ok(order) = self.desk.order(number).await else {
            return;
        };
        for payment in order.standing() {
            let Ok(left) = order.refundable(payment.reference()) else {
                continue;
            };
            let ask = RefundAsk {
                intent: format!("parts-{}", payment.reference()),
                number: number.clone(),
                payment: Some(payment.reference().clone()),
                amount: left,
                reason: "customer_cancelled".to_owned(),
                note: String::new(),
                in_cash: false,
                rate: paydesk_domain::RateChoice::default(),
            };
            self.note(|notes| notes.refunds += 1);
            if self.desk.refund(ask).await.is_err() {
                self.note(|notes| notes.refunds_refused += 1);
            }
            self.wait(100, 3_000).await;
        }
    }
}
