//! What the shop took, for its charts: by hour, day and month, and the money that has not come to the bank yet.

use crate::{
    Desk, DeskError, channel_day,
    payouts::{Arrival, Payout},
    ports::{Taken, Takings, TakingsBy},
};
use paydesk_domain::{BusinessDay, ChannelDay, ChannelId, Money, Timestamp};
use std::collections::BTreeMap;

/// The first day of each step of age.
const AGES: [u32; 5] = [0, 2, 4, 8, 15];

const HOUR_MS: i64 = 3_600_000;

/// Money on its way to the bank, as old as this, through one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InTransit {
    /// Days since the newest day of the payout, at least.
    pub from_days: u32,
    /// And at most; without an end: `None`.
    pub to_days: Option<u32>,
    /// The channel of the payout's first account.
    pub channel: ChannelId,
    /// Payouts.
    pub payouts: u64,
    /// What they come to.
    pub net: Money,
}

impl Desk {
    /// What was taken from one day to another, by our books and by the bills.
    ///
    /// # Errors
    /// The store's.
    pub async fn takings(
        &self,
        from: BusinessDay,
        to: BusinessDay,
        by: TakingsBy,
    ) -> Result<Takings, DeskError> {
        Ok(self.ports.store.worklist().takings(from, to, by).await?)
    }

    /// What was taken in each hour of a day, by the shop's clock: 0 to 23.
    ///
    /// # Errors
    /// `NotSetUp`, the store's.
    pub async fn takings_of_day(&self, day: BusinessDay) -> Result<Vec<Taken>, DeskError> {
        let zone = crate::shop::zone(&self.need_shop()?.time_zone).ok_or(DeskError::NotSetUp)?;
        let told = self.ports.store.worklist().takings_of_day(day).await?;
        let mut hours: BTreeMap<(i64, ChannelId, &str), Taken> = BTreeMap::new();
        for hour in told {
            let begins = Timestamp(hour.at.saturating_mul(HOUR_MS)).to_jiff();
            let local = i64::from(begins.to_zoned(zone.clone()).hour());
            let none = Money::zero(hour.taken.currency());
            let key = (local, hour.channel.clone(), none.currency().code());
            let sum = hours.entry(key).or_insert_with(|| Taken {
                at: local,
                channel: hour.channel.clone(),
                orders: 0,
                paid: 0,
                taken: none,
                refunded: none,
            });
            // An hour that is there twice, when clocks go back, is one hour here.
            sum.orders += hour.orders;
            sum.paid += hour.paid;
            sum.taken = sum.taken.checked_add(hour.taken)?;
            sum.refunded = sum.refunded.checked_add(hour.refunded)?;
        }
        Ok(hours.into_values().collect())
    }

    /// The money that channels owe and that has not come to the bank, by the age of its newest day.
    ///
    /// # Errors
    /// As for `payouts`; a sum left 64 bits.
    pub async fn money_in_transit(&self) -> Result<Vec<InTransit>, DeskError> {
        let book = self.payouts().await?;
        let shop = self.need_shop()?;
        let today = channel_day(self.now()).ok_or(DeskError::NotSetUp)?;
        let mut found: BTreeMap<(usize, ChannelId, &str), InTransit> = BTreeMap::new();
        for payout in &book.found.payouts {
            if !matches!(payout.arrival, Arrival::Expected | Arrival::Overdue { .. }) {
                continue;
            }
            let account = payout
                .parts
                .first()
                .and_then(|part| shop.account(&part.account));
            let (Some(account), Some(days)) = (account, age(payout, today)) else {
                continue;
            };
            let step = AGES.iter().rposition(|from| *from <= days).unwrap_or(0);
            let none = Money::zero(payout.net.currency());
            let key = (step, account.channel.clone(), none.currency().code());
            let sum = found.entry(key).or_insert_with(|| InTransit {
                from_days: AGES.get(step).copied().unwrap_or(0),
                to_days: AGES.get(step + 1).map(|next| next - 1),
                channel: account.channel.clone(),
                payouts: 0,
                net: none,
            });
            sum.payouts += 1;
            sum.net = sum.net.checked_add(payout.net)?;
        }
        Ok(found.into_values().collect())
    }
}

/// Days since the newest day of a payout.
fn age(payout: &Payout, today: ChannelDay) -> Option<u32> {
    let newest = payout.parts.iter().flat_map(|part| &part.days).max()?;
    let (newest, today) = (newest.date()?, today.date()?);
    let days = today.since((jiff::Unit::Day, newest)).ok()?.get_days();
    u32::try_from(days).ok()
}
