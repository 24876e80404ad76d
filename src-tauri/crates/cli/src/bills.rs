//! `bills` and `reconcile`: a channel's bill against our books. The console compares; here stand only the
//! words of the command line.

use crate::{
    arguments::{BillsCommand, ReconcileArguments},
    commands::{Desk, LOOK_EVERY, decimal, pause},
    exit::{self, Exit},
};
use paydesk_console::{contract::*, refused, words};
use serde::Serialize;

/// What a bill came to.
#[derive(Serialize)]
struct Compared {
    account_id: String,
    day: String,
    kept: bool,
    result: DayResult,
    differences: Vec<DifferenceView>,
    /// The fund-flow bill beside it; `null` where it did not come.
    flow: Option<FlowView>,
    flow_error: Option<CommandError>,
}

/// A fund-flow bill that came as a file.
#[derive(Serialize)]
struct ImportedFlow {
    account_id: String,
    day: String,
    kept: bool,
    flow: FlowView,
}

/// What became of a missing day.
#[derive(Serialize)]
struct FetchedDay {
    account_id: String,
    day: String,
    /// The day in numbers; `null` where its bill did not come.
    result: Option<DayResult>,
    error: Option<CommandError>,
    /// Its fund-flow bill is kept.
    flow: bool,
    flow_error: Option<CommandError>,
}

impl Desk {
    pub(crate) async fn bills(&self, command: BillsCommand) -> Result<Exit, CommandError> {
        let looked = match command {
            BillsCommand::Fetch {
                day: None, account, ..
            } => return self.fetch_missing(account).await,
            BillsCommand::Save { day, account, to } => {
                let account_id = self.account(account).await?;
                let kept: ReconciledDay = self
                    .ask("reconciled_day", DayOf { account_id, day })
                    .await?;
                return self
                    .save_kept(KeptFileName::Bill { id: kept.bill }, &to)
                    .await;
            }
            BillsCommand::Fetch {
                day: Some(day),
                account,
                ..
            } => {
                let account_id = self.account(account).await?;
                let kept = self.fetch_day(account_id, day).await?;
                return Ok(self.tell(&[kept]));
            }
            BillsCommand::Import { file, account, day } => {
                let path = std::fs::canonicalize(&file).map_err(|error| {
                    eprintln!("paydesk-cli: {}: {error}", file.display());
                    refused(ErrorCode::BillUnreadable)
                })?;
                let path = path.to_string_lossy().into_owned();
                let ask = OpenBill {
                    account_id: self.account(account).await?,
                    day,
                    file: GivenFile::Path { path },
                };
                self.ask::<_, LookedFile>("open_bill", ask).await?
            }
        };
        match looked {
            LookedFile::FundFlow(preview) => {
                let known = preview.known_since;
                let kept = self.keep_flow(preview.preview).await?;
                let all = [ImportedFlow {
                    account_id: kept.account_id,
                    day: kept.day,
                    kept: known.is_none(),
                    flow: kept.flow,
                }];
                let [it] = &all;
                self.print(&all, || {
                    let said = flow_words(&it.flow);
                    format!("{}\t{}\t{said}", it.day, it.account_id)
                });
                Ok(exit::DONE)
            }
            LookedFile::Trade(preview) => {
                let kept = self.keep(*preview).await?;
                Ok(self.tell(&[kept]))
            }
        }
    }

    /// The trade bill of a day and the fund-flow bill beside it. What keeps the second away is said, and does not keep
    /// away the first.
    async fn fetch_day(&self, account_id: String, day: String) -> Result<Compared, CommandError> {
        let ask = DayOf { account_id, day };
        let preview: BillPreview = self.ask("fetch_bill", ask.clone()).await?;
        let mut kept = self.keep(preview).await?;
        match self.fetch_flow(ask).await {
            Ok(flow) => kept.flow = Some(flow.flow),
            // Kept before its day was signed, or never: a signed day wants none any more.
            Err(error) if error.code == ErrorCode::DayLocked => {}
            Err(error) => kept.flow_error = Some(error),
        }
        Ok(kept)
    }

    async fn fetch_flow(&self, ask: DayOf) -> Result<KeptFlowView, CommandError> {
        let preview: FlowPreviewView = self.ask("fetch_flow", ask).await?;
        self.keep_flow(preview.preview).await
    }

    async fn keep_flow(&self, preview: String) -> Result<KeptFlowView, CommandError> {
        self.ask("import_flow", PreviewId { preview }).await
    }

    /// Fetches what is missing, a line for each day. What does not come says why, and gives the exit code.
    async fn fetch_missing(&self, account: Option<String>) -> Result<Exit, CommandError> {
        let mut all = Vec::new();
        for account_id in self.accounts(account).await? {
            let list = self.days_of(&account_id).await?;
            let is_wanted = |day: &DayRow| day.missing || day.flow_missing;
            let missing = list.days.into_iter().filter(is_wanted);
            let wanted: Vec<String> = missing.map(|day| day.day).collect();
            let asked = AccountOf {
                account_id: account_id.clone(),
            };
            let mut status: BillRunStatus = self.ask("fetch_missing_bills", asked).await?;
            while status.run.as_ref().is_some_and(|run| !run.is_over) {
                pause(LOOK_EVERY).await;
                status = self.ask("bill_run", NoArgs {}).await?;
            }
            let failed = status.run.map(|run| run.failed).unwrap_or_default();
            let now = self.days_of(&account_id).await?;
            for day in wanted.into_iter().rev() {
                let here = now.days.iter().find(|row| row.day == day);
                let error = |kind: &str| {
                    let mut of_day = failed.iter().filter(|it| it.day == day);
                    let failed = of_day.find(|it| it.kind == kind);
                    failed.map(|failed| failed.error.clone())
                };
                all.push(FetchedDay {
                    account_id: account_id.clone(),
                    result: here.and_then(|row| row.result.clone()),
                    error: error("trade"),
                    flow: here.is_some_and(|row| row.flow),
                    flow_error: error("fund_flow"),
                    day,
                });
            }
        }
        self.print(&all, || {
            all.iter().map(day_line).collect::<Vec<_>>().join("\n")
        });
        let mut errors = (all.iter()).flat_map(|day| [&day.error, &day.flow_error]);
        if let Some(error) = errors.find_map(Option::as_ref) {
            return Ok(exit::of_error(error));
        }
        let differs = |day: &FetchedDay| day.result.as_ref().is_some_and(|it| it.differences > 0);
        Ok(if all.iter().any(differs) {
            exit::DIFFERENCES
        } else {
            exit::DONE
        })
    }

    async fn days_of(&self, account_id: &str) -> Result<DayList, CommandError> {
        let asked = DaysOf {
            account_id: Some(account_id.to_owned()),
        };
        self.ask("reconcile_days", asked).await
    }

    async fn accounts(&self, named: Option<String>) -> Result<Vec<String>, CommandError> {
        if let Some(account) = named {
            return Ok(vec![account]);
        }
        let asked = DaysOf { account_id: None };
        let days: DayList = self.ask("reconcile_days", asked).await?;
        Ok(days.accounts.into_iter().map(|it| it.id).collect())
    }

    /// Fetches and compares a day of every account, or of one.
    pub(crate) async fn reconcile(
        &self,
        arguments: ReconcileArguments,
    ) -> Result<Exit, CommandError> {
        let accounts = self.accounts(arguments.account).await?;
        let mut compared = Vec::new();
        for account_id in accounts {
            let day = arguments.date.clone();
            compared.push(self.fetch_day(account_id, day).await?);
        }
        Ok(self.tell(&compared))
    }

    pub(crate) async fn account(&self, named: Option<String>) -> Result<String, CommandError> {
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
            flow: None,
            flow_error: None,
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

fn day_line(day: &FetchedDay) -> String {
    let said = match (&day.result, &day.error) {
        (Some(result), _) if result.is_empty => "nothing was traded".to_owned(),
        (Some(result), _) => format!(
            "{} matched\t{} differences\tbill {}\tbooks {}",
            result.matched,
            result.differences,
            decimal(&result.bill.net),
            decimal(&result.books.net),
        ),
        (None, Some(error)) => {
            let [_, english] = words(error);
            format!("refused\t{english}")
        }
        (None, None) => "not fetched".to_owned(),
    };
    let flow = match (day.flow, &day.flow_error) {
        (true, _) => "\tfund flow kept".to_owned(),
        (false, Some(error)) => {
            let [_, english] = words(error);
            format!("\tfund flow refused: {english}")
        }
        (false, None) => String::new(),
    };
    format!("{}\t{}\t{said}{flow}", day.day, day.account_id)
}

/// The sorts of movements with their sums.
fn flow_words(flow: &FlowView) -> String {
    let sums = flow.sums.iter();
    let sums: Vec<String> = sums
        .map(|it| format!("{} {}", it.sort, decimal(&it.sum)))
        .collect();
    if sums.is_empty() {
        return "fund flow\tnothing moved".to_owned();
    }
    format!("fund flow\t{}", sums.join("\t"))
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
    let flow = compared.flow.iter().map(flow_words);
    let missing = compared.flow_error.iter().map(|error| {
        let [_, english] = words(error);
        format!("fund flow refused\t{english}")
    });
    let beside = flow.chain(missing).map(|said| format!("  {said}"));
    std::iter::once(head)
        .chain(beside)
        .chain(each)
        .collect::<Vec<_>>()
        .join("\n")
}
