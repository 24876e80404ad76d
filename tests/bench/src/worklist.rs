//! Ten thousand differences on one day, through the contract: the first page, one in the middle, and what may be the
//! other side of one of them. The page asks for that behind J and K, which do not wait for it.

use crate::Trouble;
use crate::figures::{Spread, Table};
use crate::orders::{ask, open};
use crate::reconcile::{forget, without_lines};
use paydesk_host::Host;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Differences.
const COUNT: u64 = 10_000;

/// Questions of each kind.
const ROUNDS: usize = 200;

const FIRST_ROWS: Duration = Duration::from_millis(50);

/// Measures them.
pub(crate) fn measure(table: &mut Table, target: &Path) -> Result<(), Trouble> {
    let day = without_lines(COUNT, target)?;
    forget(&day.shop)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let host = open(&day.shop).await?;
        let file = json!({ "given": "path", "path": day.bill });
        let opening = json!({ "account_id": day.account, "day": null, "file": file });
        let looked = ask(&host, "open_bill", opening).await?;
        let preview = json!({ "preview": looked.get("preview") });
        let kept = ask(&host, "import_bill", preview).await?;
        let of = kept.get("day");
        let query = json!({
            "day_from": of, "day_to": of,
            "account_id": null, "code": null, "state": null, "owner": null,
        });
        let page = |from: u64| json!({ "query": query, "from": from, "limit": 200 });
        let first = ask(&host, "worklist", page(0)).await?;
        let open = first.pointer("/counts/open").and_then(Value::as_u64);
        let open = open.unwrap_or(0);
        table.judge(
            "the worklist holds",
            format!("{open} differences"),
            format!(">= {COUNT}"),
            open >= COUNT,
        );
        for (name, from) in [("first", 0), ("middle", COUNT / 2)] {
            let spread = asked(&host, "worklist", |_| page(from)).await?;
            let name = format!("worklist, the {name} 200 of {open}");
            table.judge_time(&format!("{name}, p95"), spread.percentile(95), FIRST_ROWS);
            table.report_spread(&name, &spread);
        }
        let names: Vec<Value> = first
            .get("items")
            .and_then(Value::as_array)
            .ok_or("no page")?
            .iter()
            .map(|it| json!({ "account_id": it["account_id"], "day": it["day"], "item": it["item"] }))
            .collect();
        let named = |round: usize| names.iter().cycle().nth(round).cloned().unwrap_or_default();
        let spread = asked(&host, "candidates", named).await?;
        table.report_spread("worklist, the next one's candidates", &spread);
        host.close().await;
        Ok(())
    })
}

async fn asked(
    host: &Host,
    command: &str,
    args: impl Fn(usize) -> Value,
) -> Result<Spread, Trouble> {
    let mut measured = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let args = args(round);
        let begun = Instant::now();
        ask(host, command, args).await?;
        measured.push(begun.elapsed());
    }
    Ok(Spread::of(measured))
}
