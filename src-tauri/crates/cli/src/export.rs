//! `export`: lists as files. The console writes them; here stand only the words of the command line.

use crate::{
    arguments::{
        DayPart, ExportCommand, ExportDayArguments, ExportJournalArguments, ExportOrdersArguments,
        ExportSpanArguments, ExportTarget, FormatArgument, TemplateArgument,
    },
    commands::Desk,
    exit::{self, Exit},
};
use paydesk_console::{contract::*, refused_with};

impl Desk {
    pub(crate) async fn export(&self, command: ExportCommand) -> Result<Exit, CommandError> {
        match command {
            ExportCommand::Orders(arguments) => self.export_orders(arguments).await,
            ExportCommand::Day(arguments) => self.export_day(arguments).await,
            ExportCommand::Fees(arguments) => self.export_fees(arguments).await,
            ExportCommand::Settled(arguments) => self.export_settled(arguments).await,
            ExportCommand::Journal(arguments) => self.export_journal(arguments).await,
        }
    }

    async fn export_day(&self, arguments: ExportDayArguments) -> Result<Exit, CommandError> {
        let (file, format) = place(&arguments.target)?;
        let export = ExportDay {
            account_id: self.account_or_first(arguments.account).await?,
            day: arguments.date,
            what: match arguments.what {
                DayPart::Differences => DayExport::Differences,
                DayPart::Lines => DayExport::Lines,
                DayPart::Report => DayExport::Report,
            },
            format,
            file,
            replace: arguments.target.replace,
            seen: None,
        };
        let exported: ExportedFile = self.ask("export_day", export).await?;
        self.say_exported(&exported)
    }

    async fn export_settled(&self, arguments: ExportSpanArguments) -> Result<Exit, CommandError> {
        let (file, format) = place(&arguments.target)?;
        let export = ExportSettled {
            account_id: self.account_or_first(arguments.account).await?,
            to: arguments.to.unwrap_or_else(|| arguments.from.clone()),
            from: arguments.from,
            format,
            file,
            replace: arguments.target.replace,
        };
        let exported: ExportedFile = self.ask("export_settled", export).await?;
        self.say_exported(&exported)
    }

    async fn export_fees(&self, arguments: ExportSpanArguments) -> Result<Exit, CommandError> {
        let (file, format) = place(&arguments.target)?;
        let export = ExportFees {
            account_id: self.account_or_first(arguments.account).await?,
            to: arguments.to.unwrap_or_else(|| arguments.from.clone()),
            from: arguments.from,
            format,
            file,
            replace: arguments.target.replace,
            seen: None,
        };
        let exported: ExportedFile = self.ask("export_fees", export).await?;
        self.say_exported(&exported)
    }

    async fn export_journal(
        &self,
        arguments: ExportJournalArguments,
    ) -> Result<Exit, CommandError> {
        let span = arguments.span;
        let (file, format) = place(&span.target)?;
        let export = ExportJournal {
            account_id: span.account,
            to: span.to.unwrap_or_else(|| span.from.clone()),
            from: span.from,
            template: match arguments.template {
                TemplateArgument::Beancount => JournalTemplateView::Beancount,
                TemplateArgument::Generic => JournalTemplateView::Generic,
                TemplateArgument::Kingdee => JournalTemplateView::Kingdee,
                TemplateArgument::YonyouT => JournalTemplateView::YonyouT,
                TemplateArgument::YonyouU8 => JournalTemplateView::YonyouU8,
            },
            format,
            file,
            replace: span.target.replace,
        };
        let exported: ExportedFile = self.ask("export_journal", export).await?;
        self.say_exported(&exported)
    }

    async fn account_or_first(&self, account: Option<String>) -> Result<String, CommandError> {
        if let Some(account) = account {
            return Ok(account);
        }
        let days: DayList = self
            .ask("reconcile_days", DaysOf { account_id: None })
            .await?;
        Ok(days.account_id)
    }

    async fn export_orders(&self, arguments: ExportOrdersArguments) -> Result<Exit, CommandError> {
        let (file, format) = place(&arguments.target)?;
        let status = arguments.status.map(|word| {
            serde_json::from_value::<StatusView>(serde_json::Value::String(word)).map_err(|_| {
                refused_with(
                    ErrorCode::InvalidArguments,
                    &[("what", "status".to_owned())],
                )
            })
        });
        let query = OrderQuery {
            tab: OrderTab::All,
            search: arguments.search,
            day_from: arguments.from,
            day_to: arguments.to,
            status: status.transpose()?,
            channel: arguments.channel,
        };
        // What a screen would say over the list: the file must sum to it.
        let over: OrdersOver = self.ask("order_totals", query.clone()).await?;
        let export = ExportOrders {
            query,
            format,
            file,
            replace: arguments.target.replace,
            seen: Some(over.totals),
        };
        let exported: ExportedFile = self.ask("export_orders", export).await?;
        self.say_exported(&exported)
    }

    fn say_exported(&self, exported: &ExportedFile) -> Result<Exit, CommandError> {
        self.print(exported, || {
            format!("{}\t{}\t{}", exported.rows, exported.sha256, exported.file)
        });
        Ok(exit::DONE)
    }
}

/// The full path, and the format that was asked for or that the name's end says.
fn place(target: &ExportTarget) -> Result<(String, FileFormat), CommandError> {
    let wrong = || refused_with(ErrorCode::ExportNameWrong, &[("ending", ".csv".to_owned())]);
    let path = std::path::absolute(&target.out).map_err(|_| wrong())?;
    let ending = path.extension().map(|end| end.to_ascii_lowercase());
    let format = match (target.format, ending.as_ref().and_then(|end| end.to_str())) {
        (Some(FormatArgument::Beancount), _) | (None, Some("beancount")) => FileFormat::Beancount,
        (Some(FormatArgument::CsvPlain), _) => FileFormat::CsvPlain,
        (Some(FormatArgument::Pdf), _) | (None, Some("pdf")) => FileFormat::Pdf,
        (Some(FormatArgument::Txt), _) | (None, Some("txt")) => FileFormat::Txt,
        (Some(FormatArgument::Xlsx), _) | (None, Some("xlsx")) => FileFormat::Xlsx,
        (Some(FormatArgument::Csv), _) | (None, _) => FileFormat::Csv,
    };
    let file = path.into_os_string().into_string().map_err(|_| wrong())?;
    Ok((file, format))
}
