//! What channels owe for their days against what came to the bank: kept bills on one side, the movements of kept
//! statements on the other. It asks nothing of a channel and writes nothing.

use crate::{Desk, DeskError, bills, ports::KeptLine, shop::Account, statements};
use paydesk_domain::{Currency, Money};
use paydesk_recon::payouts::{
    BankCalendar, BankEntry, OwedDay, PayingAccount, Payouts, match_payouts,
};
use std::collections::BTreeMap;

/// A payout may come so many days after its last day, holidays included.
const LATEST_DAYS: i64 = 20;

/// Both channels pay on the next working day.
const ARRIVES_AFTER: u8 = 1;

/// Payouts with the movements they are matched with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutBook {
    /// What came out; a movement is named by its place in `lines`.
    pub found: Payouts,
    /// The movements of the bank.
    pub lines: Vec<KeptLine>,
    /// Days whose bill is kept.
    pub days: usize,
    /// Kept statements.
    pub statements: usize,
}

impl PayoutBook {
    /// A movement by its number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<&KeptLine> {
        self.lines.get(usize::try_from(number).ok()?)
    }
}

impl Desk {
    /// Matches every kept day of the last months with the bank's movements.
    ///
    /// # Errors
    /// `NotSetUp`, and the store's.
    pub async fn payouts(&self) -> Result<PayoutBook, DeskError> {
        let shop = self.need_shop()?;
        let today = bills::channel_day(self.now()).ok_or(DeskError::NotSetUp)?;
        let day_of_today = today.date().ok_or(DeskError::NotSetUp)?;
        let span = i64::from(bills::BILL_DAYS_MAX);
        let first = day_of_today.checked_sub(jiff::Span::new().days(span));
        let first = first.map_err(|_| DeskError::NotSetUp)?;
        let mut accounts = Vec::new();
        for account in &shop.accounts {
            if let Some(paying) = self.paying(account, first, day_of_today).await? {
                accounts.push(paying);
            }
        }
        let days = accounts.iter().map(|account| account.days.len()).sum();
        let kept = self.ports.store.statements().await?;
        let of_bank: BTreeMap<(String, &str), Currency> = kept
            .iter()
            .map(|it| {
                let currency = it.head.currency;
                ((it.account.clone(), currency.code()), currency)
            })
            .collect();
        let last = day_of_today.checked_add(jiff::Span::new().days(LATEST_DAYS));
        let last = last.map_err(|_| DeskError::NotSetUp)?;
        let mut lines = Vec::new();
        for ((account, _), currency) in of_bank {
            let store = self.ports.store.as_ref();
            lines.extend(statements::movements(store, &account, currency, first, last).await?);
        }
        let entries: Vec<BankEntry<'_>> = (0..)
            .zip(&lines)
            .map(|(id, kept)| BankEntry {
                id,
                line: &kept.line,
            })
            .collect();
        let calendar = BankCalendar::default();
        let found = match_payouts(&accounts, &entries, day_of_today, &calendar);
        let found = found.map_err(|error| {
            DeskError::Store(crate::ports::StoreError::Corrupt(error.to_string()))
        })?;
        Ok(PayoutBook {
            found,
            lines,
            days,
            statements: kept.len(),
        })
    }

    /// An account with the sums of its kept days; `None` where its channel has no bills.
    async fn paying(
        &self,
        account: &Account,
        from: jiff::civil::Date,
        to: jiff::civil::Date,
    ) -> Result<Option<PayingAccount>, DeskError> {
        let channel = paydesk_channels::by_id(&account.channel.0);
        let Some((channel, bills)) = channel.and_then(|it| Some((it, it.bills()?))) else {
            return Ok(None);
        };
        let from = paydesk_domain::ChannelDay::from_date(from);
        let to = paydesk_domain::ChannelDay::from_date(to);
        let kept = self.ports.store.bills(&account.id, from, to).await?;
        let days = kept.into_iter().map(|bill| OwedDay {
            day: bill.day,
            reserve: Money::zero(bill.summary.bill.paid.currency()),
            totals: bill.summary.bill,
            near_end: Vec::new(),
            contract: account.contract_on(bill.day),
        });
        let fields = channel.profile().fields.iter();
        let numbers = fields.filter(|field| !field.makes_keys());
        let numbers = numbers.filter_map(|field| account.fields.get(field.name).cloned());
        Ok(Some(PayingAccount {
            account: account.id.clone(),
            names: bills
                .payers()
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            merchants: numbers.filter(|number| !number.is_empty()).collect(),
            arrives_after: ARRIVES_AFTER,
            days: days.collect(),
            sent: Vec::new(),
        }))
    }
}
