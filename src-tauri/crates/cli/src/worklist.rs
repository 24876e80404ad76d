//! `worklist` and `close`: differences with what was decided, and days signed.

use crate::{
    arguments::{CloseArguments, WorklistArguments},
    commands::{Desk, decimal},
    exit::{self, Exit},
};
use paydesk_console::contract::*;

/// Differences asked for at a time.
const PAGE: u32 = 200;

impl Desk {
    pub(crate) async fn worklist(&self, args: WorklistArguments) -> Result<Exit, CommandError> {
        let query = WorkQuery {
            day_to: args.to.unwrap_or_else(|| args.from.clone()),
            day_from: args.from,
            account_id: args.account,
            code: None,
            state: args.state,
            owner: None,
        };
        let mut items: Vec<WorkItemView> = Vec::new();
        let counts = loop {
            let ask = WorkPageOf {
                query: query.clone(),
                from: u32::try_from(items.len()).unwrap_or(u32::MAX),
                limit: PAGE,
            };
            let page: WorkPageView = self.ask("worklist", ask).await?;
            let is_last = page.items.len() < usize::try_from(PAGE).unwrap_or(0);
            items.extend(page.items);
            if is_last {
                break page.counts;
            }
        };
        self.print(&items, || {
            items.iter().map(line).collect::<Vec<_>>().join("\n")
        });
        Ok(if counts.open == 0 {
            exit::DONE
        } else {
            exit::DIFFERENCES
        })
    }

    pub(crate) async fn close(&self, args: CloseArguments) -> Result<Exit, CommandError> {
        let day = args.date;
        let overview: DayOverview = match args.reopen {
            Some(reason) => self.ask("reopen_day", ReopenDay { day, reason }).await?,
            None => {
                let ask = CloseDayOf {
                    day: Some(day.clone()),
                };
                let now: DayOverview = self.ask("day_overview", ask).await?;
                if now.hindrances.iter().any(|why| why.why == "open") {
                    self.print(&now, || hindrances(&now));
                    return Ok(exit::DIFFERENCES);
                }
                let checked = true;
                self.ask("sign_day", SignDay { day, checked }).await?
            }
        };
        self.print(&overview, || match overview.closes.first() {
            Some(close) if overview.signed => {
                let signed = format!(
                    "{}\tsigned\tversion {}\t{}",
                    overview.day, close.version, close.sha256
                );
                std::iter::once(signed)
                    .chain(overview.bridges.iter().map(bank_line))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            _ => format!("{}\topen", overview.day),
        });
        Ok(exit::DONE)
    }
}

/// From the bill to the bank: net, reserve, what is in the bank, what is on its way.
fn bank_line(bridge: &BridgeView) -> String {
    format!(
        "  bill {}\treserve {}\tin the bank {}\ton its way {}",
        decimal(&bridge.bill.net),
        decimal(&bridge.reserve),
        decimal(&bridge.arrived),
        decimal(&bridge.in_transit),
    )
}

/// Day, account, code, reference, sum, state, decision, owner.
fn line(item: &WorkItemView) -> String {
    let sides = [&item.difference.bill, &item.difference.book];
    let reference = sides.into_iter().flatten().next();
    [
        item.day.clone(),
        item.account_id.clone(),
        item.difference.code.clone(),
        reference.map_or_else(String::new, |line| line.reference.clone()),
        item.difference
            .difference
            .as_ref()
            .map_or_else(|| "-".to_owned(), decimal),
        item.state.clone(),
        item.act.clone().unwrap_or_default(),
        item.owner.clone(),
    ]
    .join("\t")
}

fn hindrances(overview: &DayOverview) -> String {
    let lines = overview.hindrances.iter().map(|why| {
        let account = why.account_id.as_deref().unwrap_or_default();
        format!("{}\t{}\t{account}\t{}", overview.day, why.why, why.count)
    });
    lines.collect::<Vec<_>>().join("\n")
}
