//! The fee audit of an account: the lines of its kept bills, each fee worked out again from the contract. Read a page
//! at a time, so that a year takes no more memory than a day.

use crate::{
    Desk, DeskError, channel_day,
    ports::{KeptBill, StoreError},
    shop::Account,
};
use paydesk_domain::{AccountId, BillLine, ChannelDay, LineKind, MerchantRef};
use paydesk_recon::{FeeAudit, FeeFinding, FeeTerms, ReconError};
use std::collections::{BTreeMap, VecDeque};

/// Lines per question to the store.
const PAGE: u32 = 1_000;

/// An audit that is under way.
pub struct FeeReview {
    account: Account,
    returns_fee: Option<bool>,
    /// Those still to be read, the oldest day first.
    bills: VecDeque<KeptBill>,
    /// The next line of the first of them.
    from: u32,
    /// Days whose bill is audited.
    pub days: u32,
    /// What it came to so far.
    pub audit: FeeAudit,
}

impl Desk {
    /// Begins to audit the kept bills of some days, the newest of each.
    ///
    /// # Errors
    /// `AccountNotFound`, `NotSetUp`, the store's.
    pub async fn review_fees(
        &self,
        account: &AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> Result<FeeReview, DeskError> {
        let account = self.account(account)?;
        let currency = self.need_shop()?.currency;
        let mut bills = self.ports.store.bills(&account.id, from, to).await?;
        // Those of one day stand together, the newest first.
        bills.dedup_by_key(|bill| bill.day);
        bills.reverse();
        let profile = paydesk_channels::by_id(&account.channel.0).map(|it| it.profile());
        Ok(FeeReview {
            returns_fee: profile.and_then(|profile| profile.refund_returns_fee),
            account,
            days: u32::try_from(bills.len()).unwrap_or(u32::MAX),
            bills: bills.into(),
            from: 0,
            audit: FeeAudit::begin(currency),
        })
    }

    /// Audits the next lines; what was found among them, `None` when there are none left.
    ///
    /// # Errors
    /// The store's; `Store(Corrupt)` where a sum leaves 64 bits.
    pub async fn review_more(
        &self,
        review: &mut FeeReview,
    ) -> Result<Option<Vec<FeeFinding>>, DeskError> {
        let Some(bill) = review.bills.front() else {
            return Ok(None);
        };
        let (id, day) = (bill.id, bill.day);
        let page = self.kept_rows(id, false, review.from, PAGE);
        let page = page.await?;
        let read = u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
        review.from = review.from.saturating_add(read);
        if read == 0 || u64::from(review.from) >= page.total {
            review.bills.pop_front();
            review.from = 0;
        }
        let lines: Vec<BillLine> = page.rows.into_iter().map(|row| row.line).collect();
        let paid_on = self.days_of_payments(review, &lines).await?;
        let FeeReview {
            account,
            returns_fee,
            audit,
            ..
        } = review;
        let terms = FeeTerms {
            contract: &|day| account.contract_on(day),
            returns_fee: *returns_fee,
            paid_on: &|line| paid_on.get(line.payment.as_str()).copied(),
        };
        let mut findings = Vec::new();
        for line in &lines {
            findings.extend(audit.line(day, line, &terms).map_err(too_much)?);
        }
        Ok(Some(findings))
    }

    /// When the payments of these refunds were made: only asked where the contract has dates.
    async fn days_of_payments(
        &self,
        review: &FeeReview,
        lines: &[BillLine],
    ) -> Result<BTreeMap<String, ChannelDay>, DeskError> {
        let mut days = BTreeMap::new();
        if review.account.rates.is_empty() || review.returns_fee != Some(true) {
            return Ok(days);
        }
        let refunds = lines.iter().filter(|line| line.kind == LineKind::Refund);
        for line in refunds {
            let Ok(reference) = MerchantRef::parse(&line.payment) else {
                continue;
            };
            let order = self.ports.store.load(&reference.order()).await?;
            let payment = order.as_ref().and_then(|order| order.payment(&reference));
            let paid = payment.and_then(|payment| payment.paid());
            if let Some(day) = paid.and_then(|paid| channel_day(paid.at)) {
                days.insert(line.payment.clone(), day);
            }
        }
        Ok(days)
    }
}

fn too_much(error: ReconError) -> DeskError {
    DeskError::Store(StoreError::Corrupt(error.to_string()))
}
