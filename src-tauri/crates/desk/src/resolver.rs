//! The resolver: finds every attempt and refund that is due, in this process or left by a dead one,
//! asks the channel, ends what is past patience, and asks again after every ending.

use crate::{
    Desk, DeskError,
    ports::{Pulse, Work},
    rhythm,
    settle::Seen,
};
use paydesk_domain::{End, MerchantRef, Order, PaymentState, Refund, RefundState, Timestamp};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Looks at one time: 50 doubts at once must all be decided within half a minute.
const LOOKS_AT_ONCE: usize = 64;

/// A lease only saves double work; after a crash nobody waits longer than this.
const LEASE: Duration = Duration::from_secs(20);

/// The longest sleep: also how soon work of another process on the same folder is noticed.
const NAP_MAX: Duration = Duration::from_secs(1);

/// Smaller steps are the work of time services and need nothing.
const CLOCK_STEP: Duration = Duration::from_secs(2);

impl Desk {
    /// Runs until the process ends. Recovery at start is the same as every later round.
    pub async fn resolve_forever(self: Arc<Self>) {
        let room = Arc::new(Semaphore::new(LOOKS_AT_ONCE));
        let mut seen = 0;
        // Recovery: whatever a dead process or a wrong clock planned, everything open is asked about now.
        if let Err(error) = self.ports.store.plan_anew(self.now()).await {
            tracing::error!(%error, "the open payments could not be planned anew at the start");
        }
        loop {
            self.notice_clock().await;
            let nap = match self.round(&room).await {
                Ok(pulse) => {
                    self.notice_others(&mut seen, pulse.version).await;
                    self.nap(pulse.next_due)
                }
                Err(error) => {
                    tracing::error!(%error, "the list of open payments could not be read; trying again");
                    NAP_MAX
                }
            };
            self.learn_keys();
            self.leave_older_copy().await;
            // In this order and not by chance: the same history must come again from the same seed.
            tokio::select! {
                biased;
                () = self.ports.clock.sleep(nap) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Starts a look at everything that is due, and tells when the next one is.
    async fn round(self: &Arc<Self>, room: &Arc<Semaphore>) -> Result<Pulse, DeskError> {
        let pulse = self.ports.store.pulse().await?;
        let now = self.now();
        // Locked: nothing can be asked and no answer could be kept. Everything stays due.
        let is_able = self.shop().is_some() && !self.ports.vault.is_locked();
        let limit = u32::try_from(room.available_permits()).unwrap_or(0);
        if !is_able || limit == 0 || pulse.next_due.is_none_or(|due| due > now) {
            return Ok(pulse);
        }
        let due = self
            .ports
            .store
            .claim_due(now, now.plus(LEASE), limit)
            .await?;
        for due in due {
            let Ok(permit) = Arc::clone(room).acquire_owned().await else {
                break;
            };
            let desk = Arc::clone(self);
            self.ports.tasks.spawn(Box::pin(async move {
                desk.look(&due.reference).await;
                drop(permit);
                desk.wake.notify_one();
            }));
        }
        // What was claimed is leased now, and not due.
        Ok(self.ports.store.pulse().await?)
    }

    fn nap(&self, next_due: Option<Timestamp>) -> Duration {
        match next_due {
            Some(due) if !self.ports.vault.is_locked() => due
                .since(self.now())
                .clamp(Duration::from_millis(20), NAP_MAX),
            Some(_) | None => NAP_MAX,
        }
    }

    /// A clock that was set back leaves looks planned in its future: then everything is looked at now. It may have
    /// been ahead for less than one of the rounds here, so what counts is the latest moment anything asked for.
    async fn notice_clock(&self) {
        let now = self.now();
        let latest = Timestamp(self.latest.load(Ordering::Relaxed));
        if latest.since(now) > CLOCK_STEP {
            tracing::warn!(
                by_ms = latest.0 - now.0,
                "the clock was set back; looking at everything that is open"
            );
            if let Err(error) = self.ports.store.plan_anew(now).await {
                tracing::error!(%error, "the looks could not be planned anew");
                return;
            }
            self.latest.store(now.0, Ordering::Relaxed);
        }
    }

    async fn notice_others(&self, seen: &mut u64, version: u64) {
        if version == *seen {
            return;
        }
        *seen = version;
        if let Err(error) = self.take_over_settings().await {
            tracing::warn!(%error, "what another process changed could not be read");
        }
        self.tell_status();
    }

    /// One look at one attempt or refund. Errors leave the row where it is; it is due again soon.
    pub(crate) async fn look(&self, reference: &MerchantRef) {
        let looked = self.look_inner(reference).await;
        let again = match &looked {
            Ok(again) => *again,
            Err(error) => {
                tracing::warn!(%reference, %error, "a look at an open payment failed; looking again");
                Some(self.now().plus(Duration::from_secs(5)))
            }
        };
        if let Err(error) = self
            .ports
            .store
            .asked(Work {
                reference: reference.clone(),
                due: again,
            })
            .await
        {
            tracing::error!(%reference, %error, "the next look could not be planned; its lease runs out by itself");
        }
    }

    /// Looks, and says when to look again; `None` when there is nothing more to ask.
    async fn look_inner(&self, reference: &MerchantRef) -> Result<Option<Timestamp>, DeskError> {
        let Some(order) = self.ports.store.load(&reference.order()).await? else {
            return Ok(None);
        };
        let Some(payment) = order.payment(&reference.payment()) else {
            return Ok(None);
        };
        let is_done = |refund: &Refund| matches!(refund.state(), RefundState::Done { .. });
        let (_, channel) = match self.route(payment) {
            // The account is gone, and with it whoever could be asked whether its money came back.
            Err(DeskError::ChannelNotConnected(_))
                if order.refund(reference).is_some_and(is_done) =>
            {
                return Ok(None);
            }
            routed => routed?,
        };
        let schedule = &channel.profile().schedule;
        if reference == payment.reference() {
            let seen = self.look_at_payment(order, reference, schedule).await?;
            let next = seen.order.payment(reference).and_then(|payment| {
                let last = |at| rhythm::is_last_word(payment, at, schedule);
                let next = rhythm::next_look(payment, schedule, self.now());
                next.filter(|_| !seen.answered.is_some_and(last))
            });
            return Ok(next);
        }
        let doubted = order.refund(reference).map(Refund::contradictions);
        let seen = self.look_at_refund(order, reference).await?;
        Ok(seen.order.refund(reference).and_then(|refund| {
            let last = |at| rhythm::is_last_word_of_refund(refund, at, schedule);
            let next = rhythm::next_refund_look(refund, schedule, self.now());
            let next = next.filter(|_| !seen.answered.is_some_and(last));
            // Of a refund that is done gaps grow long; a look that learned nothing does not count as one.
            let learned = seen.answered.is_some() && doubted == Some(refund.contradictions());
            if is_done(refund) && !learned {
                return next.map(|next| next.min(self.now().plus(rhythm::DONE_GAP_MIN)));
            }
            next
        }))
    }

    async fn look_at_payment(
        &self,
        order: Order,
        reference: &MerchantRef,
        schedule: &'static paydesk_channels::Schedule,
    ) -> Result<Seen, DeskError> {
        let Some(payment) = order.payment(reference) else {
            return Ok(order.into());
        };
        let order = match payment.state() {
            // A reversal of ours may have been on its way when the money was seen.
            PaymentState::PaidLate { .. } => return self.ask(payment).await,
            PaymentState::Closed { .. } | PaymentState::Paid { .. } => order,
            PaymentState::Watching { .. } => self.watch(&order, reference).await?,
            PaymentState::Ending { how, refused, .. } => {
                let how = *how;
                if *refused {
                    // The ending was refused, so only a query can tell whether the money is there.
                    let order = self.query(payment).await?;
                    self.end_if_still_open(order, reference, how).await?
                } else if rhythm::may_end(payment, schedule, self.now()) {
                    self.end(payment, how).await?
                } else {
                    order
                }
            }
            PaymentState::Awaiting { .. }
            | PaymentState::Held { .. }
            | PaymentState::InDoubt { .. }
            | PaymentState::Processing { .. } => {
                let order = self.query(payment).await?;
                self.end_past_patience(order, reference, schedule).await?
            }
        };
        Ok(order.into())
    }

    /// The ending follows the last query without a pause (the channels' own rule).
    async fn end_past_patience(
        &self,
        order: Order,
        reference: &MerchantRef,
        schedule: &'static paydesk_channels::Schedule,
    ) -> Result<Order, DeskError> {
        let Some(payment) = order.payment(reference) else {
            return Ok(order);
        };
        let open = !payment.is_settled()
            && !matches!(
                payment.state(),
                PaymentState::Watching { .. } | PaymentState::Ending { .. }
            );
        if open && rhythm::is_past_patience(payment, schedule, self.now()) {
            let how = rhythm::ending_of(payment.plan().tender);
            let payment = payment.clone();
            return self.end(&payment, how).await;
        }
        Ok(order)
    }

    async fn end_if_still_open(
        &self,
        order: Order,
        reference: &MerchantRef,
        how: End,
    ) -> Result<Order, DeskError> {
        match order.payment(reference) {
            Some(payment) if matches!(payment.state(), PaymentState::Ending { .. }) => {
                let payment = payment.clone();
                self.end(&payment, how).await
            }
            _ => Ok(order),
        }
    }

    /// After an ending money could still come; a payment that came alive again is ended again (Q13).
    async fn watch(&self, order: &Order, reference: &MerchantRef) -> Result<Order, DeskError> {
        let Some(payment) = order.payment(reference) else {
            return Ok(order.clone());
        };
        let before = payment.contradictions();
        let after = self.query(payment).await?;
        let alive = after.payment(reference).is_some_and(|p| {
            p.contradictions() > before && matches!(p.state(), PaymentState::Watching { .. })
        });
        if alive && let Some(payment) = after.payment(reference).cloned() {
            let how = rhythm::ending_of(payment.plan().tender);
            return self.end(&payment, how).await;
        }
        Ok(after)
    }
}
