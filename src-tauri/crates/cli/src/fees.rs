//! `fees`: the fees of kept bills against the contract, and the contract's rows.

use crate::{
    arguments::{FeesAuditArguments, FeesCommand, FeesContractArguments},
    commands::{Desk, decimal},
    exit::{self, Exit},
};
use paydesk_console::{contract::*, refused, refused_with};
use std::path::Path;

impl Desk {
    pub(crate) async fn fees(&self, command: FeesCommand) -> Result<Exit, CommandError> {
        match command {
            FeesCommand::Audit(arguments) => self.audit_fees(arguments).await,
            FeesCommand::Contract(arguments) => self.contract(arguments).await,
        }
    }

    async fn audit_fees(&self, arguments: FeesAuditArguments) -> Result<Exit, CommandError> {
        let ask = FeesOf {
            account_id: arguments.account,
            to: arguments.to.unwrap_or_else(|| arguments.from.clone()),
            from: arguments.from,
        };
        let audit: FeeAuditView = self.ask("audit_fees", ask).await?;
        self.print(&audit, || {
            let accounts = audit.accounts.iter();
            accounts.map(said).collect::<Vec<_>>().join("\n")
        });
        let agrees = |fees: &AccountFees| fees.totals.lines_over + fees.totals.lines_under == 0;
        Ok(if audit.accounts.iter().all(agrees) {
            exit::DONE
        } else {
            exit::DIFFERENCES
        })
    }

    /// Shows the rows of a contract, or sets them from a JSON file of the same form.
    async fn contract(&self, arguments: FeesContractArguments) -> Result<Exit, CommandError> {
        let account_id = self.account(arguments.account).await?;
        let account: AccountView = match arguments.set {
            Some(file) => {
                let change = ChangeAccount {
                    account_id,
                    label: None,
                    rate: None,
                    rates: Some(rows_of(&file)?),
                    charges: None,
                    paused: None,
                    fields: None,
                    key: None,
                };
                self.ask("change_account", change).await?
            }
            None => {
                let list: AccountList = self.ask("list_accounts", NoArgs {}).await?;
                let mut accounts = list.accounts.into_iter();
                let account = accounts.find(|account| account.id == account_id);
                account.ok_or_else(|| refused(ErrorCode::AccountNotFound))?
            }
        };
        self.print(&account.rates, || {
            let rows = account.rates.iter();
            rows.map(row).collect::<Vec<_>>().join("\n")
        });
        Ok(exit::DONE)
    }
}

fn rows_of(file: &Path) -> Result<Vec<RateRow>, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| {
        eprintln!("{}: {}: {error}", crate::NAME, file.display());
        let what = [("what", "rates".to_owned())];
        refused_with(ErrorCode::InvalidArguments, &what)
    };
    let text = std::fs::read(file).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&error))
}

/// The account in a line, then each finding.
fn said(fees: &AccountFees) -> String {
    let totals = &fees.totals;
    let head = format!(
        "{}\tlines {}\tcharged {}\tcontract {}\tovercharged {} ({})\tundercharged {} ({})\twithout rate {}",
        fees.account.id,
        totals.audited,
        decimal(&totals.charged),
        decimal(&totals.contract),
        decimal(&totals.overcharged),
        totals.lines_over,
        decimal(&totals.undercharged),
        totals.lines_under,
        totals.without_rate,
    );
    let findings = fees.findings.iter().map(|found| {
        [
            found.day.clone(),
            found.line.reference.clone(),
            decimal(&found.line.amount),
            found.line.fee.as_ref().map_or_else(String::new, decimal),
            decimal(&found.contract),
            decimal(&found.more),
        ]
        .join("\t")
    });
    std::iter::once(head)
        .chain(findings)
        .collect::<Vec<_>>()
        .join("\n")
}

fn row(row: &RateRow) -> String {
    let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "-".to_owned());
    let limit = |limit: Option<u32>| limit.map_or_else(|| "-".to_owned(), |it| it.to_string());
    [
        day(&row.from),
        day(&row.to),
        row.rate_millionths.to_string(),
        row.rounding.clone(),
        limit(row.minimum),
        limit(row.maximum),
    ]
    .join("\t")
}
