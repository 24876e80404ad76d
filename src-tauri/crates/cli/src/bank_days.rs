//! `bank-days`: the table of days on which banks work otherwise. The console reads and keeps it.

use crate::{
    arguments::BankDaysCommand,
    commands::Desk,
    exit::{self, Exit},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::{contract::*, refused};

impl Desk {
    pub(crate) async fn bank_days(
        &self,
        command: Option<BankDaysCommand>,
    ) -> Result<Exit, CommandError> {
        let table: BankDayTable = match command {
            None => self.ask("bank_days", NoArgs {}).await?,
            Some(BankDaysCommand::Clear) => {
                let none = ChangeBankDays { days: Vec::new() };
                self.ask("change_bank_days", none).await?
            }
            Some(BankDaysCommand::Import { file }) => {
                let bytes = std::fs::read(&file).map_err(|error| {
                    eprintln!("paydesk-cli: {}: {error}", file.display());
                    refused(ErrorCode::BillUnreadable)
                })?;
                let file = STANDARD.encode(bytes);
                let read: BankDayTable = self.ask("read_bank_days", BankDaysFile { file }).await?;
                let days = ChangeBankDays { days: read.days };
                self.ask("change_bank_days", days).await?
            }
        };
        self.print(&table, || {
            let lines = table.days.iter().map(|it| {
                let kind = if it.works { "workday" } else { "holiday" };
                format!("{}\t{kind}", it.day)
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        Ok(exit::DONE)
    }
}
