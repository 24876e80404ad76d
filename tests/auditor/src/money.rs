//! What books and ledger must say about one order, at every moment and in the end.

use crate::{
    Auditor, Invariant, Trade,
    books::{PaymentRow, RefundRow, Sale},
};
use paydesk_domain::{Currency, Money};

fn yuan(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

/// A sum that does not fit is more than anything.
fn add(one: Money, other: Money) -> Money {
    one.checked_add(other).unwrap_or(yuan(i64::MAX))
}

fn less(one: Money, other: Money) -> Money {
    one.checked_sub(other).unwrap_or(yuan(i64::MIN))
}

/// Whether people can see that this money is not settled.
fn is_listed(payment: &PaymentRow) -> bool {
    !matches!(payment.value.state.state.as_str(), "paid" | "closed")
}

fn is_unfinished(payment: &PaymentRow) -> bool {
    matches!(
        payment.value.state.state.as_str(),
        "awaiting" | "ending" | "held" | "in_doubt" | "processing"
    )
}

/// What came for a payment and what of it went back, as the channel says; of cash, as the drawer says.
struct Moved {
    charged: Money,
    returned: Money,
}

impl Moved {
    fn of(sale: &Sale, payment: &PaymentRow, trade: Option<&Trade>) -> Moved {
        let own = |name: &str| sale.drawer.get(name).copied().unwrap_or(yuan(0));
        let charged = if payment.value.plan.is_cash() {
            own(&payment.reference)
        } else {
            trade.map_or(yuan(0), Trade::charged)
        };
        let at_channel = trade.map_or(yuan(0), Trade::returned);
        let in_cash = of_payment(sale, &payment.reference).filter(|it| it.value.plan.in_cash);
        let returned = in_cash.fold(at_channel, |sum, refund| less(sum, own(&refund.reference)));
        Moved { charged, returned }
    }

    fn net(&self) -> Money {
        less(self.charged, self.returned)
    }
}

pub(crate) fn of_payment<'a>(
    sale: &'a Sale,
    reference: &'a str,
) -> impl Iterator<Item = &'a RefundRow> {
    let refunds = sale.refunds.iter();
    refunds.filter(move |refund| refund.reference.starts_with(reference))
}

impl Auditor {
    /// What holds at every commit.
    pub(crate) fn check_sale(&mut self, till: usize, sale: &Sale) {
        let number = &sale.order.number;
        let unfinished = sale.payments.iter().filter(|it| is_unfinished(it)).count();
        if unfinished > 1 {
            let found = format!("{number} has {unfinished} unfinished attempts");
            self.found(Invariant::Inv16, till, found);
        }
        let (mut net, mut listed) = (yuan(0), yuan(0));
        for payment in &sale.payments {
            let trade = self.oracle.trade(&payment.reference);
            self.check_payment(till, sale, payment, trade.as_ref());
            net = add(net, Moved::of(sale, payment, trade.as_ref()).net());
            if is_listed(payment) {
                listed = add(listed, payment.value.plan.amount);
            }
        }
        // What the books call paid and kept must fit into what is owed, part by part (A6).
        let stand = sale.payments.iter().filter(|it| it.value.state.stands());
        let stand = stand.fold(yuan(0), |sum, it| add(sum, it.value.plan.amount));
        if stand.minor() > sale.order.total_minor {
            let found = format!(
                "{number}: its parts come to {} minor units of {} owed",
                stand.minor(),
                sale.order.total_minor
            );
            self.found(Invariant::Inv1, till, found);
        }
        let excess = less(net, yuan(sale.order.total_minor));
        if excess.minor() > listed.minor() {
            let found = format!(
                "{number}: {} minor units more than owed, {} of them listed",
                excess.minor(),
                listed.minor()
            );
            self.found(Invariant::Inv1, till, found);
        }
    }

    fn check_payment(
        &mut self,
        till: usize,
        sale: &Sale,
        payment: &PaymentRow,
        trade: Option<&Trade>,
    ) {
        let reference = &payment.reference;
        let Moved { charged, returned } = Moved::of(sale, payment, trade);
        if trade.is_some_and(|trade| trade.charges() > 1) {
            let found = format!("{reference} was charged more than once");
            self.found(Invariant::Inv1, till, found);
        }
        if let Some(paid) = &payment.value.state.paid {
            let is_true = charged == paid.asked && charged == payment.value.plan.amount;
            if !is_true || payment.paid_minor != paid.received.minor() {
                let found = format!(
                    "{reference} is called paid with {} of {}, the channel took {}",
                    paid.received.minor(),
                    paid.asked.minor(),
                    charged.minor()
                );
                self.found(Invariant::Inv3, till, found);
            }
        }
        let reserved = of_payment(sale, reference)
            .filter(|refund| refund.value.reserves())
            .fold(yuan(0), |sum, refund| add(sum, refund.value.plan.amount));
        let paid = payment
            .value
            .state
            .paid
            .as_ref()
            .map_or(yuan(0), |paid| paid.received);
        if reserved.minor() > paid.minor() {
            let found = format!(
                "{reference}: {} refunded or reserved of {} paid",
                reserved.minor(),
                paid.minor()
            );
            self.found(Invariant::Inv5, till, found);
        }
        if returned.minor() > charged.minor() {
            let found = format!(
                "{reference}: {} went back of {} taken",
                returned.minor(),
                charged.minor()
            );
            self.found(Invariant::Inv5, till, found);
        }
    }

    /// Nothing is open any more (INV7).
    pub(crate) fn check_decided(&mut self, till: usize, sale: &Sale) {
        self.check_known(till, sale);
        for payment in &sale.payments {
            let state = &payment.value.state;
            let is_undecided = state
                .choice
                .as_ref()
                .is_some_and(|it| it.choice == "undecided");
            if state.state == "watching" || is_undecided {
                let found = format!("{} is still {}", payment.reference, state.state);
                self.found(Invariant::Inv7, till, found);
            }
            let goes_back = state
                .choice
                .as_ref()
                .is_some_and(|it| it.choice == "returning");
            let its_return = format!("{}L", payment.reference);
            let is_on_its_way =
                |it: &RefundRow| it.reference == its_return && it.value.state.state != "cancelled";
            if goes_back && !sale.refunds.iter().any(is_on_its_way) {
                let found = format!("{} should go back and nobody does it", payment.reference);
                self.found(Invariant::Inv7, till, found);
            }
        }
    }

    /// No result is unknown any more; only time or a person can still change what is known (INV7).
    pub(crate) fn check_known(&mut self, till: usize, sale: &Sale) {
        let nobody_knows = self.beyond_knowing(sale);
        let is_asked = |reference: &str| !nobody_knows.contains(&reference);
        let unfinished = sale.payments.iter().filter(|it| is_unfinished(it));
        for payment in unfinished.filter(|it| is_asked(&it.reference)) {
            let state = &payment.value.state.state;
            let found = format!("{} is still {state}", payment.reference);
            self.found(Invariant::Inv7, till, found);
        }
        let running = sale.refunds.iter().filter(|it| it.value.is_running());
        for refund in running.filter(|it| is_asked(&it.reference)) {
            let found = format!("{} is still {}", refund.reference, refund.value.state.state);
            self.found(Invariant::Inv7, till, found);
        }
    }

    /// Refunds and undos that a till forgot and decided about again, at a channel that names them by number and moment
    /// (UnionPay): it has one under this number, and nothing but a bill tells at which moment. A person has them.
    pub(crate) fn beyond_knowing<'s>(&self, sale: &'s Sale) -> Vec<&'s str> {
        let is_by_moment = |trade: Trade| trade.channel == "unionpay";
        let mut found = Vec::new();
        for payment in &sale.payments {
            let reference = payment.reference.as_str();
            let is_half = self.is_half_forgotten(reference)
                && self.oracle.trade(reference).is_some_and(is_by_moment);
            if !is_half {
                continue;
            }
            if payment.value.state.state == "ending" && payment.value.handed_over_at.is_some() {
                found.push(reference);
            }
            let with_a_person =
                |it: &&RefundRow| it.value.is_running() && it.value.handed_over_at.is_some();
            let refunds = of_payment(sale, reference).filter(with_a_person);
            found.extend(refunds.map(|it| it.reference.as_str()));
        }
        found
    }

    /// Books and ledger say the same of every payment and every refund (INV6, INV14).
    pub(crate) fn check_agreement(&mut self, till: usize, sale: &Sale) {
        for payment in &sale.payments {
            let reference = &payment.reference;
            if self.is_half_forgotten(reference) {
                continue;
            }
            let trade = self.oracle.trade(reference);
            let moved = Moved::of(sale, payment, trade.as_ref());
            let mut returned = yuan(0);
            for refund in of_payment(sale, reference) {
                let amount = refund.value.plan.amount;
                let at_channel = if refund.value.plan.in_cash {
                    let out = sale.drawer.get(&refund.reference);
                    less(yuan(0), out.copied().unwrap_or(yuan(0)))
                } else {
                    let under = |trade: &Trade| trade.returned_under(&refund.reference);
                    trade.as_ref().map_or(yuan(0), under)
                };
                let here = if refund.value.state.state == "done" {
                    amount
                } else {
                    yuan(0)
                };
                returned = add(returned, here);
                if here != at_channel {
                    let found = format!(
                        "{}: the books say {} went back, the channel {}",
                        refund.reference,
                        here.minor(),
                        at_channel.minor()
                    );
                    self.found(Invariant::Inv6, till, found);
                }
            }
            let paid = payment
                .value
                .state
                .paid
                .as_ref()
                .map_or(yuan(0), |paid| paid.received);
            let (here, at_channel) = (less(paid, returned), moved.net());
            if here != at_channel {
                let found = format!(
                    "{reference} ({}): the books hold {}, the channel {}",
                    payment.value.state.state,
                    here.minor(),
                    at_channel.minor()
                );
                self.found(Invariant::Inv14, till, found);
            }
        }
    }
}
