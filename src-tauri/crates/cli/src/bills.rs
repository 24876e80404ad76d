//! `bills` and `reconcile`: a channel's bill against our books. The console compares; here stand only the
//! words of the command line.

use crate::{
    arguments::{BillsCommand, ReconcileArguments},
    commands::{Desk, decimal},
    exit::{self, Exit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::{contract::*, refused};
use serde::Serialize;

/// What a bill came to.
#[derive(Serialize)]
struct Compared {
    account_id: String,
    day: String,
    kept: bool,
    result: DayResult,
    differences: Vec<DifferenceView>,
}

impl Desk {
    pub(crate) async fn bills(&self, command: BillsCommand) -> Result<Exit, CommandError> {
        let preview = match command {
            BillsCommand::Fetch { day, account } => {
                let account_id = self.account(account).await?;
                let ask = DayOf { account_id, day };
                self.ask::<_, BillPreview>("fetch_bill", ask).await?
            }
            BillsCommand::Import { file, account, day } => {
                let bytes = std::fs::read(&file).map_err(|error| {
                    eprintln!("paydesk-cli: {}: {error}", file.display());
                    refused(ErrorCode::BillUnreadable)
                })?;
                let name = file.file_name().map(|name| name.to_string_lossy());
                let ask = OpenBill {
                    account_id: self.account(account).await?,
                    day,
                    name: name.unwrap_or_default().into_owned(),
                    file: STANDARD.encode(bytes),
                };
                self.ask::<_, BillPreview>("open_bill", ask).await?
            }
        };
        let kept = self.keep(preview).await?;
        Ok(self.tell(&[kept]))
    }

    /// Fetches and compares a day of every account, or of one.
    pub(crate) async fn reconcile(
        &self,
        arguments: ReconcileArguments,
    ) -> Result<Exit, CommandError> {
        let accounts = match arguments.account {
            Some(account) => vec![account],
            None => {
                let days: DayList = self
                    .ask("reconcile_days", DaysOf { account_id: None })
                    .await?;
                days.accounts
                    .into_iter()
                    .map(|account| account.id)
                    .collect()
            }
        };
        let mut compared = Vec::new();
        for account_id in accounts {
            let day = arguments.date.clone();
            let preview: BillPreview = self.ask("fetch_bill", DayOf { account_id, day }).await?;
            compared.push(self.keep(preview).await?);
        }
        Ok(self.tell(&compared))
    }

    async fn account(&self, named: Option<String>) -> Result<String, CommandError> {
        let asked = DaysOf { account_id: named };
        let days: DayList = self.ask("reconcile_days", asked).await?;
        Ok(days.account_id)
    }

    async fn keep(&self, preview: BillPreview) -> Result<Compared, CommandError> {
        let ask = PreviewId {
            preview: preview.preview,
        };
        let kept: ReconciledDay = self.ask("import_bill", ask).await?;
        Ok(Compared {
            account_id: kept.account_id,
            day: kept.day,
            kept: preview.known_since.is_none(),
            result: kept.result,
            differences: kept.differences,
        })
    }

    fn tell(&self, compared: &[Compared]) -> Exit {
        self.print(&compared, || {
            compared.iter().map(lines).collect::<Vec<_>>().join("\n")
        });
        let is_clean = compared.iter().all(|day| day.differences.is_empty());
        if is_clean {
            exit::DONE
        } else {
            exit::DIFFERENCES
        }
    }
}

/// A head line, and one line for each difference: code, reference, the bill's amount, ours, why.
fn lines(compared: &Compared) -> String {
    let result = &compared.result;
    let head = format!(
        "{}\t{}\t{} matched\t{} differences\tbill {}\tbooks {}",
        compared.day,
        compared.account_id,
        result.matched,
        result.differences,
        decimal(&result.bill.net),
        decimal(&result.books.net),
    );
    let amount = |side: &Option<SideLine>| {
        side.as_ref()
            .map_or_else(|| "-".to_owned(), |line| decimal(&line.amount))
    };
    let each = compared.differences.iter().map(|difference| {
        let reference = difference
            .bill
            .as_ref()
            .or(difference.book.as_ref())
            .map_or("", |line| line.reference.as_str());
        format!(
            "  {}\t{reference}\t{}\t{}\t{}",
            difference.code,
            amount(&difference.bill),
            amount(&difference.book),
            difference.why
        )
    });
    std::iter::once(head)
        .chain(each)
        .collect::<Vec<_>>()
        .join("\n")
}
