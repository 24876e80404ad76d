//! What an invoice does by itself: expires, is paid, settles, becomes invalid (protocol reference, "States").
//!
//! A function of the invoice and a moment, and of nothing else. It must never read a clock.

use super::invoice::{CoinPayment, CoinState, Invoice, InvoiceExtra, InvoiceStatus};
use super::told::What;

impl Invoice {
    /// When it changes next by itself.
    pub(super) fn next_ms(&self) -> Option<i64> {
        let waiting = self.payments.iter();
        let waiting = waiting.filter(|payment| payment.state == CoinState::Processing);
        let confirmed = waiting.filter_map(|payment| payment.confirms_ms).min();
        let own = match self.status {
            InvoiceStatus::New => Some(self.expires_ms),
            InvoiceStatus::Processing => Some(self.monitored_ms),
            InvoiceStatus::Settled | InvoiceStatus::Expired | InvoiceStatus::Invalid => None,
        };
        confirmed.into_iter().chain(own).min()
    }

    /// Lives through everything that is due by then; answers what is told of it.
    pub(crate) fn live(&mut self, at_ms: i64) -> Vec<What> {
        let mut told = Vec::new();
        let expires_ms = self.expires_ms;
        for payment in &mut self.payments {
            let is_certain = payment.confirms_ms.is_some_and(|due_ms| due_ms <= at_ms);
            if payment.state == CoinState::Processing && is_certain {
                payment.state = CoinState::Settled;
                payment.ended_ms = payment.confirms_ms;
                told.push(What::PaymentSettled {
                    is_late: payment.received_ms >= expires_ms,
                    payment: payment.clone(),
                });
            }
        }
        self.update(at_ms, &mut told);
        told
    }

    /// Coins came.
    pub(crate) fn receive(&mut self, payment: CoinPayment, at_ms: i64) -> Vec<What> {
        if self.is_top_up && self.sats == 0 {
            self.sats = payment.sats;
            self.price = self.rate.value(payment.sats, self.currency);
        }
        let mut told = vec![What::ReceivedPayment {
            is_late: at_ms >= self.expires_ms,
            payment: payment.clone(),
        }];
        self.payments.push(payment);
        told.extend(self.live(at_ms));
        told
    }

    /// A payment was replaced by another transaction of the payer, which may pay as well.
    pub(crate) fn replace(&mut self, id: &str, by: Option<CoinPayment>, at_ms: i64) -> Vec<What> {
        let mut payments = self.payments.iter_mut();
        if let Some(payment) = payments.find(|payment| payment.id == id) {
            payment.state = CoinState::Invalid;
            payment.ended_ms = Some(at_ms);
        }
        match by {
            Some(payment) => self.receive(payment, at_ms),
            None => self.live(at_ms),
        }
    }

    /// Somebody sets the status by hand; the caller has checked that it is allowed.
    pub(crate) fn mark(&mut self, status: InvoiceStatus) -> Vec<What> {
        self.status = status;
        self.extra = InvoiceExtra::Marked;
        let is_marked = true;
        vec![if status == InvoiceStatus::Settled {
            let is_over = false;
            What::Settled { is_marked, is_over }
        } else {
            What::Invalid { is_marked }
        }]
    }

    fn update(&mut self, at_ms: i64, told: &mut Vec<What>) {
        if self.is_marked() {
            return;
        }
        self.expire(at_ms, told);
        if matches!(self.status, InvoiceStatus::New | InvoiceStatus::Expired) {
            self.count(told);
        }
        if self.status == InvoiceStatus::Processing && !self.is_covered_by(self.paid_sats()) {
            // A replaced transaction took value away.
            self.status = InvoiceStatus::New;
            self.extra = self.partly();
            self.expire(at_ms, told);
        }
        if matches!(
            self.status,
            InvoiceStatus::Processing | InvoiceStatus::Settled
        ) {
            self.extra = self.over();
        }
        if self.status == InvoiceStatus::Processing {
            if self.is_covered_by(self.confirmed_sats()) {
                self.status = InvoiceStatus::Settled;
                told.push(What::Settled {
                    is_marked: false,
                    is_over: self.is_overpaid(),
                });
            } else if at_ms >= self.monitored_ms {
                self.status = InvoiceStatus::Invalid;
                told.push(What::Invalid { is_marked: false });
            }
        }
    }

    fn expire(&mut self, at_ms: i64, told: &mut Vec<What>) {
        if self.status != InvoiceStatus::New || at_ms < self.expires_ms {
            return;
        }
        // What is enough was seen when it came, so only a part can be there.
        self.status = InvoiceStatus::Expired;
        let is_partly = self.extra == InvoiceExtra::PaidPartial;
        told.push(What::Expired { is_partly });
        if is_partly {
            told.push(What::ExpiredPaidPartial);
        }
    }

    /// What came before or after the end of its time.
    fn count(&mut self, told: &mut Vec<What>) {
        if !self.is_covered_by(self.paid_sats()) {
            self.extra = self.partly();
        } else if self.status == InvoiceStatus::New {
            self.status = InvoiceStatus::Processing;
            self.extra = self.over();
            let is_over = self.is_overpaid();
            told.push(What::Processing { is_over });
        } else if self.extra != InvoiceExtra::PaidLate {
            self.extra = InvoiceExtra::PaidLate;
            told.push(What::PaidAfterExpiration);
        }
    }

    fn partly(&self) -> InvoiceExtra {
        if self.paid_sats() > 0 {
            InvoiceExtra::PaidPartial
        } else {
            InvoiceExtra::None
        }
    }

    fn over(&self) -> InvoiceExtra {
        if self.is_overpaid() {
            InvoiceExtra::PaidOver
        } else {
            InvoiceExtra::None
        }
    }
}
