//! The fee audit, from the screen's side.

use crate::{
    Console,
    bills::{bill_account, bill_line, narrow},
    coded,
    contract::*,
    export::span,
    refused,
};
use paydesk_desk::{FeeFinding, FeeReview, shop::Account};

/// Findings in one answer.
const FINDINGS_MAX: usize = 500;

impl Console {
    pub(crate) async fn audit_fees(&self, args: FeesOf) -> Result<FeeAuditView, CommandError> {
        let (from, to) = span(&args.from, &args.to)?;
        let shop = self.desk.shop();
        let shop = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let wanted = |account: &&Account| {
            paydesk_desk::has_bills(&account.channel.0)
                && args
                    .account_id
                    .as_ref()
                    .is_none_or(|id| *id == account.id.0)
        };
        let mut accounts = Vec::new();
        for account in shop.accounts.iter().filter(wanted) {
            let review = self.desk.review_fees(&account.id, from, to).await;
            let mut review = review.map_err(coded)?;
            let mut findings = Vec::new();
            while let Some(found) = self.desk.review_more(&mut review).await.map_err(coded)? {
                let room = FINDINGS_MAX.saturating_sub(findings.len());
                findings.extend(found.iter().take(room).map(finding));
            }
            accounts.push(AccountFees {
                account: bill_account(account),
                rate_millionths: account.rate.map(|rate| rate.millionths()),
                rates: account
                    .rates
                    .rows()
                    .iter()
                    .map(crate::accounts::rate_row)
                    .collect(),
                totals: fee_totals(&review),
                findings,
            });
        }
        if accounts.is_empty() {
            return Err(refused(ErrorCode::AccountNotFound));
        }
        Ok(FeeAuditView { accounts })
    }
}

pub(crate) fn fee_totals(review: &FeeReview) -> FeeTotals {
    let audit = &review.audit;
    FeeTotals {
        days: review.days,
        audited: narrow(audit.audited),
        without_rate: narrow(audit.without_rate),
        lines_over: narrow(audit.lines_over),
        lines_under: narrow(audit.lines_under),
        charged: audit.charged.into(),
        contract: audit.contract.into(),
        overcharged: audit.overcharged.into(),
        undercharged: audit.undercharged.into(),
    }
}

fn finding(found: &FeeFinding) -> FeeFindingView {
    FeeFindingView {
        day: found.day.to_string(),
        line: bill_line(&found.line),
        contract: found.contract.into(),
        more: found.more.into(),
    }
}
