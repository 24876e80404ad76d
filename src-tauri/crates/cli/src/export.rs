//! `export`: lists as files. The console writes them; here stand only the words of the command line.

use crate::{
    arguments::ExportOrdersArguments,
    commands::Desk,
    exit::{self, Exit},
};
use paydesk_console::{contract::*, refused, refused_with};

impl Desk {
    pub(crate) async fn export_orders(
        &self,
        arguments: ExportOrdersArguments,
    ) -> Result<Exit, CommandError> {
        let file = std::path::absolute(&arguments.out)
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
            .ok_or_else(|| refused(ErrorCode::ExportNameWrong))?;
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
        let export = ExportOrders {
            query,
            file,
            replace: arguments.replace,
        };
        let exported: ExportedFile = self.ask("export_orders", export).await?;
        self.print(&exported, || {
            format!("{}\t{}\t{}", exported.rows, exported.sha256, exported.file)
        });
        Ok(exit::DONE)
    }
}
