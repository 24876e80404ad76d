//! Bills by themselves: each channel at its own hour, and the days that are missing, one after the other.
//!
//! It never moves a payment. What a bill says otherwise is asked of the channel, whose word decides.

use super::{Preview, channel_day};
use crate::{
    Desk, DeskError,
    ports::{Actor, KeptBill, KeptFlow},
};
use paydesk_domain::{
    AccountId, BillKind, BillLine, BookLine, BreakCode, ChannelDay, MerchantRef, Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Missing days are looked for so far back, and no further than the channel keeps them.
pub const BILL_DAYS_MAX: u16 = 93;

/// Between two bills: channels count calls (fund-flow bills at WeChat Pay: three a second).
const PAUSE: Duration = Duration::from_millis(400);

/// How often it is looked whether a bill is due.
const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// A day that failed is tried again by itself after this.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Differences of one bill that are asked about.
const QUESTIONS_MAX: usize = 100;

/// Where a run through missing days stands.
#[derive(Clone, Debug)]
pub struct BillRun {
    /// Whose bills.
    pub account: AccountId,
    /// Days to fetch.
    pub total: usize,
    /// Days that are done, one way or the other.
    pub done: usize,
    /// Trade bills that were kept.
    pub kept: usize,
    /// Differences in them.
    pub differences: u64,
    /// Fund-flow bills that were kept.
    pub flows: usize,
    /// The day that is being fetched.
    pub day: Option<ChannelDay>,
    /// Bills that did not come.
    pub failed: Vec<FailedBill>,
    /// A person asked it to stop.
    pub is_stopped: bool,
    /// It has ended.
    pub is_over: bool,
}

/// A bill that did not come.
#[derive(Clone, Debug)]
pub struct FailedBill {
    /// Of which day.
    pub day: ChannelDay,
    /// Which file.
    pub kind: BillKind,
    /// Why.
    pub error: DeskError,
}

/// What of an account's day can be fetched and is not kept.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    day: ChannelDay,
    trade: bool,
    flow: bool,
}

impl Desk {
    /// The days of an account whose bills can be fetched by now and are not kept, the newest first; none before
    /// its channel's first payment.
    ///
    /// # Errors
    /// `ChannelNotConnected`, and the store's.
    pub async fn missing_bills(&self, account: &AccountId) -> Result<Vec<ChannelDay>, DeskError> {
        let wanted = self.missing(account).await?;
        let trade = wanted.into_iter().filter(|it| it.trade);
        Ok(trade.map(|it| it.day).collect())
    }

    /// The days of an account whose fund-flow bills can be fetched by now and are not kept, the newest first; a
    /// signed day wants none any more.
    ///
    /// # Errors
    /// As [`Desk::missing_bills`].
    pub async fn missing_flows(&self, account: &AccountId) -> Result<Vec<ChannelDay>, DeskError> {
        let wanted = self.missing(account).await?;
        let flow = wanted.into_iter().filter(|it| it.flow);
        Ok(flow.map(|it| it.day).collect())
    }

    async fn missing(&self, account: &AccountId) -> Result<Vec<Wanted>, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        let store = &self.ports.store;
        let first = store.first_booked(&account.id).await?;
        let Some(first) = first.and_then(channel_day) else {
            return Ok(Vec::new());
        };
        let calendar = bills.calendar();
        let Some(newest) = newest_bill(self.now(), calendar.ready_hour) else {
            return Ok(Vec::new());
        };
        let span = calendar
            .kept_days
            .unwrap_or(BILL_DAYS_MAX)
            .min(BILL_DAYS_MAX);
        let days: Vec<ChannelDay> = std::iter::successors(Some(newest), |day| day.previous())
            .take(usize::from(span))
            .take_while(|day| *day >= first)
            .collect();
        let oldest = days.last().copied().unwrap_or(newest);
        let kept = store.bills(&account.id, oldest, newest).await?;
        let kept: BTreeSet<ChannelDay> = kept.iter().map(|bill| bill.day).collect();
        let flows = self.without_flow(&account.id, bills, &days).await?;
        let wanted = days.into_iter().map(|day| Wanted {
            day,
            trade: !kept.contains(&day),
            flow: flows.contains(&day),
        });
        Ok(wanted.filter(|it| it.trade || it.flow).collect())
    }

    /// The run that is under way, or the last one.
    #[must_use]
    pub fn bill_run(&self) -> Option<BillRun> {
        self.bill_run.lock().ok().and_then(|run| run.clone())
    }

    /// Asks the run to stop; the bill that is being fetched is still kept or not.
    pub fn stop_bill_run(&self) {
        self.change_run(|run| run.is_stopped = true);
    }

    /// Begins to fetch every missing bill of an account, in the name of whoever works here. While a run is under
    /// way it goes on.
    ///
    /// # Errors
    /// `ChannelNotConnected`, and the store's.
    pub async fn fetch_missing_bills(
        self: &Arc<Self>,
        account: &AccountId,
    ) -> Result<BillRun, DeskError> {
        let days = self.missing(account).await?;
        if let Some(begun) = self.begin_run(account, days.len()) {
            if begun.is_over {
                // Nothing to fetch: a task that only ended it could end the next account's run.
                return Ok(begun);
            }
            let desk = Arc::clone(self);
            let (account, actor, by) = (account.clone(), self.actor(), self.operator_name());
            self.ports.tasks.spawn(Box::pin(async move {
                desk.run_through(&account, &days, (actor, by)).await;
            }));
            return Ok(begun);
        }
        self.bill_run().ok_or(DeskError::BillUnreachable)
    }

    /// Fetches what is due, again and again, until the process ends. A day that fails is tried again an hour later.
    pub async fn fetch_bills_forever(self: Arc<Self>) {
        let mut tried: BTreeMap<(AccountId, ChannelDay), Timestamp> = BTreeMap::new();
        loop {
            for account in self.accounts_with_bills() {
                let now = self.now();
                let days = self.missing(&account).await.unwrap_or_default();
                let is_due = |wanted: &Wanted| {
                    let tried = tried.get(&(account.clone(), wanted.day));
                    tried.is_none_or(|at| {
                        now.since(*at) >= AGAIN_AFTER || at.since(now) >= AGAIN_AFTER
                    })
                };
                let days: Vec<Wanted> = days.into_iter().filter(is_due).collect();
                if days.is_empty() || self.begin_run(&account, days.len()).is_none() {
                    continue;
                }
                self.run_through(&account, &days, (Actor::Program, String::new()))
                    .await;
                tried.extend(days.iter().map(|it| ((account.clone(), it.day), now)));
            }
            self.ports.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// Whose bills come by themselves: none while they are switched off or the keys are locked.
    fn accounts_with_bills(&self) -> Vec<AccountId> {
        let shop = self.shop().filter(|shop| shop.fetches_bills());
        let shop = shop.filter(|_| !self.ports.vault.is_locked());
        let accounts = shop.into_iter().flat_map(|shop| shop.accounts);
        accounts
            .map(|account| account.id)
            .filter(|id| self.bills_of(id).is_ok())
            .collect()
    }

    /// `None` while another run is under way.
    fn begin_run(&self, account: &AccountId, total: usize) -> Option<BillRun> {
        let mut run = self.bill_run.lock().ok()?;
        if run.as_ref().is_some_and(|run| !run.is_over) {
            return None;
        }
        let begun = BillRun {
            account: account.clone(),
            total,
            done: 0,
            kept: 0,
            differences: 0,
            flows: 0,
            day: None,
            failed: Vec::new(),
            is_stopped: false,
            is_over: total == 0,
        };
        *run = Some(begun.clone());
        Some(begun)
    }

    fn change_run(&self, change: impl FnOnce(&mut BillRun)) {
        if let Ok(mut run) = self.bill_run.lock()
            && let Some(run) = run.as_mut()
        {
            change(run);
        }
    }

    async fn run_through(
        self: &Arc<Self>,
        account: &AccountId,
        days: &[Wanted],
        (actor, by): (Actor, String),
    ) {
        let mut asks_for_flows = true;
        for wanted in days {
            if self.bill_run().is_none_or(|run| run.is_stopped) {
                break;
            }
            let day = wanted.day;
            self.change_run(|run| run.day = Some(day));
            let (mut is_hopeless, mut has_trade) = (false, true);
            if wanted.trade {
                let hand = (actor.clone(), by.clone());
                let kept = self.fetch_and_keep(account, day, hand).await;
                is_hopeless = kept.as_ref().is_err_and(is_for_every_day);
                has_trade = kept.is_ok();
                self.change_run(|run| match kept {
                    Ok(kept) => {
                        run.kept += 1;
                        run.differences += kept.summary.differences;
                    }
                    Err(error) => run.fail(day, BillKind::Trade, error),
                });
            }
            // Where the trade bill is not made yet, the one beside it is not either.
            if wanted.flow && asks_for_flows && has_trade {
                let hand = (actor.clone(), by.clone());
                let kept = self.fetch_and_keep_flow(account, day, hand).await;
                is_hopeless = kept.as_ref().is_err_and(is_for_every_day);
                // Not every merchant may ask for fund-flow bills; a refusal of one is a refusal of all.
                asks_for_flows = !matches!(kept, Err(DeskError::BillRefused(_)));
                self.change_run(|run| match kept {
                    Ok(_) => run.flows += 1,
                    Err(error) => run.fail(day, BillKind::FundFlow, error),
                });
            }
            self.change_run(|run| run.done += 1);
            if is_hopeless {
                break;
            }
            self.ports.clock.sleep(PAUSE).await;
        }
        self.change_run(|run| {
            run.day = None;
            run.is_over = true;
        });
    }

    async fn fetch_and_keep_flow(
        &self,
        account: &AccountId,
        day: ChannelDay,
        (actor, by): (Actor, String),
    ) -> Result<KeptFlow, DeskError> {
        let preview = self.flow_if_any(account, day).await?;
        self.keep_flow(&preview, actor, by).await
    }

    async fn fetch_and_keep(
        self: &Arc<Self>,
        account: &AccountId,
        day: ChannelDay,
        (actor, by): (Actor, String),
    ) -> Result<KeptBill, DeskError> {
        let preview = match self.fetch_if_any(account, day).await {
            Err(DeskError::BillEmpty) => self.look_at_nothing(account, day).await?,
            fetched => fetched?,
        };
        let kept = self.keep_bill(&preview, actor, by).await?;
        self.ask_about(&preview);
        Ok(kept)
    }

    /// Asks the channel about the payments and refunds of which a bill says something else. Its answer is evidence
    /// like every other; the bill is none.
    pub fn ask_about(self: &Arc<Self>, preview: &Preview) {
        let asked: BTreeSet<MerchantRef> = preview
            .differences
            .iter()
            .filter(|it| is_about_money(it.found.code))
            .filter_map(|it| {
                let book = it.found.book.as_ref().map(BookLine::reference);
                book.or(it.found.bill.as_ref().map(BillLine::reference))
            })
            .filter_map(|reference| MerchantRef::parse(reference).ok())
            .take(QUESTIONS_MAX)
            .collect();
        if asked.is_empty() {
            return;
        }
        let desk = Arc::clone(self);
        self.ports.tasks.spawn(Box::pin(async move {
            for reference in asked {
                if let Err(error) = desk.ask_once(&reference).await {
                    tracing::info!(%reference, %error, "a difference could not be asked about");
                }
            }
        }));
    }

    async fn ask_once(&self, reference: &MerchantRef) -> Result<(), DeskError> {
        let Some(order) = self.ports.store.load(&reference.order()).await? else {
            return Ok(());
        };
        if order.refund(reference).is_some() {
            self.query_refund(&order, reference).await?;
        } else if let Some(payment) = order.payment(reference) {
            self.query(payment).await?;
        }
        Ok(())
    }
}

impl BillRun {
    fn fail(&mut self, day: ChannelDay, kind: BillKind, error: DeskError) {
        self.failed.push(FailedBill { day, kind, error });
    }
}

/// What goes wrong with one day would go wrong with the next.
fn is_for_every_day(error: &DeskError) -> bool {
    matches!(
        error,
        DeskError::BillUnreachable | DeskError::KeysLocked | DeskError::Store(_)
    )
}

/// Whether a difference says that money moved otherwise; a fee or a day needs no question.
fn is_about_money(code: BreakCode) -> bool {
    match code {
        BreakCode::AmountOver
        | BreakCode::AmountUnder
        | BreakCode::Currency
        | BreakCode::MissingChannel
        | BreakCode::MissingOurs
        | BreakCode::RefundExtra
        | BreakCode::RefundMissing
        | BreakCode::Status => true,
        BreakCode::Combined
        | BreakCode::DuplicateChannel
        | BreakCode::DuplicateOurs
        | BreakCode::Fee
        | BreakCode::NextDay
        | BreakCode::PayoutOver
        | BreakCode::PayoutShort
        | BreakCode::PreviousDay
        | BreakCode::ReferenceDamaged => false,
    }
}

/// The newest day whose bill is there at a moment: yesterday, from the channel's hour on.
pub(super) fn newest_bill(now: Timestamp, ready_hour: u8) -> Option<ChannelDay> {
    let early = Duration::from_secs(u64::from(ready_hour) * 3600);
    let early = i64::try_from(early.as_millis()).ok()?;
    channel_day(Timestamp(now.0.checked_sub(early)?))?.previous()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_there_from_its_channels_hour_on() {
        // 2026-11-21 in China, at these hours of the clock there.
        let at =
            |hour: i64, minute: i64| Timestamp(1_795_190_400_000 + (hour * 60 + minute) * 60_000);
        assert_eq!(channel_day(at(0, 0)), Some(ChannelDay(20_261_121)));
        assert_eq!(newest_bill(at(9, 59), 10), Some(ChannelDay(20_261_119)));
        assert_eq!(newest_bill(at(10, 0), 10), Some(ChannelDay(20_261_120)));
        assert_eq!(newest_bill(at(23, 59), 10), Some(ChannelDay(20_261_120)));
        assert_eq!(newest_bill(at(0, 0), 9), Some(ChannelDay(20_261_119)));
    }
}
