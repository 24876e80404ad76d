//! The canonical ways in which a store is used. What stands before `ready` is not crashed; every step
//! after it is.

use super::migrations::{migration_of_a_shop, migration_of_an_empty_shop};
use super::stage::{
    DAY, NOW, Stage, Till, Trouble, account, alipay, bill_fact, event, everything, latest, moved,
    proved, trouble,
};
use crate::{disk::ErrorKind, machine::FILE};
use paydesk_desk::ports::*;
use paydesk_domain::{Totals as BillTotals, *};
use serde_json::json;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{pin::Pin, sync::Arc, time::Duration};

type Played<'a> = Pin<Box<dyn Future<Output = Result<(), Trouble>> + 'a>>;

/// One way.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) play: for<'a> fn(&'a Stage) -> Played<'a>,
}

macro_rules! scenarios {
    ($($name:ident,)*) => {
        /// All of them.
        pub(super) const SCENARIOS: &[Scenario] = &[
            $(Scenario { name: stringify!($name), play: |stage| Box::pin($name(stage)) },)*
        ];
    };
}

scenarios! {
    first_boot,
    open_order,
    open_and_settle,
    settle_with_large_evidence,
    refund_with_reservation,
    two_partial_refunds,
    ending,
    notes,
    settings,
    large_settings,
    migration_of_an_empty_shop,
    migration_of_a_shop,
    rebuild_between_commits,
    bill_import,
    kept_receipt,
    epoch,
    leases,
    open_snapshot,
    two_processes,
    export_between_commits,
    end_and_restart,
    log_restarts,
    two_at_once,
    refused_and_repeated,
    full_disk,
    failed_sync,
    day_of_trade,
}

impl Stage {
    /// From here on every step is crashed.
    pub(super) fn ready(&self) {
        self.disk.record();
    }

    async fn shop(&self) -> Result<(Till, Order), Trouble> {
        let till = self.open().await?;
        let order = till.charged("before", "蛋糕").await?;
        let order = till.pay(&order, 200).await?;
        Ok((till, order))
    }

    pub(super) async fn raw(&self, file: &str, creates: bool) -> Result<SqliteConnection, Trouble> {
        let options = SqliteConnectOptions::new()
            .filename(self.process.path(file))
            .vfs(crate::disk::VFS)
            .journal_mode(SqliteJournalMode::Wal)
            .create_if_missing(creates);
        SqliteConnection::connect_with(&options)
            .await
            .map_err(trouble)
    }
}

async fn first_boot(stage: &Stage) -> Result<(), Trouble> {
    stage.ready();
    stage.open().await?.store.close().await;
    Ok(())
}

async fn open_order(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    till.charged("new", "桌 A12").await?;
    till.store.close().await;
    Ok(())
}

async fn open_and_settle(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for n in 0..3 {
        let order = till.charged(&format!("order {n}"), "").await?;
        till.pay(&order, 300).await?;
    }
    till.store.close().await;
    Ok(())
}

async fn settle_with_large_evidence(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    let order = till.charged("large", "").await?;
    stage.ready();
    till.pay(&order, 60_000).await?;
    till.store.close().await;
    Ok(())
}

async fn refund_with_reservation(stage: &Stage) -> Result<(), Trouble> {
    let (till, order) = stage.shop().await?;
    stage.ready();
    let (order, reference) = till.refund(&order, 4650, "refund").await?;
    till.refund_done(&order, &reference).await?;
    till.store.close().await;
    Ok(())
}

async fn two_partial_refunds(stage: &Stage) -> Result<(), Trouble> {
    let (till, order) = stage.shop().await?;
    stage.ready();
    let (order, first) = till.refund(&order, 1000, "refund 1").await?;
    let order = till.refund_done(&order, &first).await?;
    let (order, second) = till.refund(&order, 3650, "refund 2").await?;
    let too_much = order.refundable(&latest(&order)?).map_err(trouble)?;
    if too_much.minor() != 0 {
        return Err(trouble(too_much));
    }
    till.refund_done(&order, &second).await?;
    Ok(())
}

async fn ending(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    let order = till.charged("ends", "").await?;
    stage.ready();
    let reference = latest(&order)?;
    let mut ended = order.clone();
    if let Some(payment) = ended.payment_mut(&reference) {
        payment.begin_ending(End::Reverse, NOW).map_err(trouble)?;
    }
    let begun = moved(ended, &reference, EventKind::EndingBegun, true, None);
    let mut ended = till.commit(begun).await.map_err(trouble)?;
    let fact = proved(Fact::Payment(PaymentFact::Closed(ClosedWhy::Closed)))?;
    if let Some(payment) = ended.payment_mut(&reference) {
        payment.apply(&fact);
    }
    let heard = moved(
        ended,
        &reference,
        EventKind::PaymentHeard,
        true,
        Some(vec![1; 90]),
    );
    till.commit(heard).await.map_err(trouble)?;
    till.store.close().await;
    Ok(())
}

async fn notes(stage: &Stage) -> Result<(), Trouble> {
    let (till, mut order) = stage.shop().await?;
    stage.ready();
    for text in [
        "生日蛋糕 6 寸",
        "Table 7, no sugar",
        "给下一班: 退换货补差价",
    ] {
        order = till.note(&order, text).await?;
    }
    till.store.close().await;
    Ok(())
}

async fn settings(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for n in 0..5 {
        till.append(json!({ "name": format!("shop {n}") }))
            .await
            .map_err(trouble)?;
    }
    till.store.close().await;
    Ok(())
}

async fn large_settings(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for filler in ["x".repeat(40_000), "y".repeat(10), "z".repeat(25_000)] {
        till.append(json!({ "filler": filler }))
            .await
            .map_err(trouble)?;
    }
    till.store.close().await;
    Ok(())
}

async fn rebuild_between_commits(stage: &Stage) -> Result<(), Trouble> {
    let (till, mut order) = stage.shop().await?;
    stage.ready();
    for n in 0..3 {
        let report = till.store.rebuild().await.map_err(trouble)?;
        if !report.differences.is_empty() {
            return Err(trouble(report));
        }
        order = till.note(&order, &format!("note {n}")).await?;
    }
    till.store.close().await;
    Ok(())
}

async fn import(till: &Till, day: i32, lines: u64) -> Result<(), StoreError> {
    let summary = DaySummary {
        matched: lines,
        differences: 1,
        bill: BillTotals::zero(Currency::CNY),
        books: BillTotals::zero(Currency::CNY),
    };
    let line = |row: u64| BillLine {
        row,
        kind: LineKind::Payment,
        payment: format!("TABCD1261121{row:08}A1"),
        refund: String::new(),
        transaction: format!("202611212200{row:016}"),
        amount: Money::zero(Currency::CNY),
        fee: Money::zero(Currency::CNY),
        at: NOW,
        state: LineState::Done,
    };
    let row = |row: u64| BillRow {
        line: line(row),
        matched: (row > 1).then(|| line(row).payment),
        verdict: match row {
            1 => Verdict::Differs(BreakCode::MissingOurs),
            _ => Verdict::Agrees,
        },
    };
    let sha256 = format!("{day:064}");
    let bill = NewBill {
        file: Some(NewBillFile {
            name: "账单.csv".to_owned(),
            source: Arc::new(BytesSource([7; 900].as_slice().into())),
            version: String::new(),
        }),
        layout: None,
        account: account(),
        channel: alipay(),
        day: ChannelDay(day),
        kind: BillKind::Trade,
        content_sha256: sha256.clone(),
        origin: BillOrigin::Fetched,
        rows: (1..=lines).map(row).collect(),
        differences: vec![KeptDifference {
            found: Break {
                code: BreakCode::MissingOurs,
                bill: Some(line(1)),
                book: None,
                difference: None,
            },
            explanation: Explanation::NotAPaydeskNumber,
            counts_bill: true,
            counts_book: false,
        }],
        summary: summary.clone(),
        event: event(None, None, EventKind::BillImported, json!({ "day": day })),
        by: "收银员 1".to_owned(),
    };
    let fact = bill_fact(&sha256, &summary, lines, 1);
    till.told(vec![fact], 1, till.store.import_bill(bill))
        .await?;
    Ok(())
}

async fn bill_import(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    import(&till, 20_261_119, 3).await.map_err(trouble)?;
    import(&till, 20_261_120, 700).await.map_err(trouble)?;
    till.store.close().await;
    Ok(())
}

async fn kept_receipt(stage: &Stage) -> Result<(), Trouble> {
    let (till, mut order) = stage.shop().await?;
    stage.ready();
    for copy in 1..=3 {
        let body = json!({ "copy": copy });
        let reference = latest(&order)?;
        let issued = event(
            Some(&order),
            Some(&reference),
            EventKind::ReceiptIssued,
            body,
        );
        let commit = Commit {
            order,
            events: vec![issued],
            work: Vec::new(),
            sealed: Vec::new(),
            note: None,
        };
        order = till.commit(commit).await.map_err(trouble)?;
    }
    till.store.close().await;
    Ok(())
}

async fn epoch(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for epoch in [1, 2] {
        let fact = ("epoch".to_owned(), epoch.to_string());
        let begun = till.store.begin_epoch(epoch);
        till.told(vec![fact], 0, begun).await.map_err(trouble)?;
        till.charged(&format!("in epoch {epoch}"), "").await?;
    }
    till.store.close().await;
    Ok(())
}

async fn leases(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    till.charged("one", "").await?;
    till.charged("two", "").await?;
    stage.ready();
    for round in 1..=3_u32 {
        let now = NOW.plus(Duration::from_secs(60 * u64::from(round)));
        let until = now.plus(Duration::from_secs(20));
        let due = till
            .store
            .claim_due(now, until, 64)
            .await
            .map_err(trouble)?;
        if due.len() != 2 {
            return Err(trouble(due));
        }
        for due in due {
            let fact = (
                format!("asked {}", due.reference),
                (due.asked + 1).to_string(),
            );
            let work = Work {
                reference: due.reference.clone(),
                due: Some(now),
            };
            till.told(vec![fact], 0, till.store.asked(work))
                .await
                .map_err(trouble)?;
            till.store
                .hurry(&due.reference, now)
                .await
                .map_err(trouble)?;
        }
        till.store.plan_anew(now).await.map_err(trouble)?;
    }
    till.store.close().await;
    Ok(())
}

async fn count(reader: &mut SqliteConnection) -> Result<i64, Trouble> {
    let counted = sqlx::query_scalar("SELECT count(*) FROM log");
    counted.fetch_one(reader).await.map_err(trouble)
}

/// Another program reads with a snapshot of its own while commits go on; the log cannot be restarted
/// under it.
async fn open_snapshot(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    let mut reader = stage.raw(FILE, false).await?;
    stage.ready();
    sqlx::raw_sql("BEGIN")
        .execute(&mut reader)
        .await
        .map_err(trouble)?;
    let before = count(&mut reader).await?;
    for n in 0..3 {
        let order = till.charged(&format!("beside {n}"), "").await?;
        till.pay(&order, 100).await?;
        if count(&mut reader).await? != before {
            return Err(trouble("the snapshot moved"));
        }
    }
    sqlx::raw_sql("COMMIT")
        .execute(&mut reader)
        .await
        .map_err(trouble)?;
    if count(&mut reader).await? == before {
        return Err(trouble("the snapshot stayed"));
    }
    till.charged("last", "").await?;
    reader.close().await.map_err(trouble)?;
    till.store.close().await;
    Ok(())
}

async fn two_processes(stage: &Stage) -> Result<(), Trouble> {
    let (one, order) = stage.shop().await?;
    let two = stage.open().await?;
    stage.ready();
    let open = one.charged("of one", "").await?;
    let (order, refund) = two.refund(&order, 50, "refund of two").await?;
    two.pay(&open, 50).await?;
    one.refund_done(&order, &refund).await?;
    match one.note(&open, "stale").await {
        Err(stale) if stale.contains("Stale") => {}
        other => return Err(trouble(other)),
    }
    one.store.close().await;
    two.charged("of two", "").await?;
    two.store.close().await;
    Ok(())
}

async fn export_between_commits(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    let (every, whose) = (everything(), account());
    for n in 0..3 {
        let order = till.charged(&format!("order {n}"), "").await?;
        let page = till.store.list(&every, None, 1).await.map_err(trouble)?;
        till.pay(&order, 100).await?;
        let rest = till.store.list(&every, page.next.as_deref(), 100);
        let rest = rest.await.map_err(trouble)?;
        let totals = till.store.totals(&every).await.map_err(trouble)?;
        let mut booked = 0;
        let mut each = |rows: &[BookedRow]| booked += rows.len();
        let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
        let stepped = till.store.booked_rows(&whose, from, to, &mut each);
        stepped.await.map_err(trouble)?;
        let orders = n + 2;
        if (rest.rows.len(), booked) != (orders - 1, orders)
            || usize::try_from(totals.totals.iter().map(|it| it.count).sum::<u64>()) != Ok(orders)
        {
            return Err(trouble((rest, totals)));
        }
    }
    till.store.close().await;
    Ok(())
}

async fn end_and_restart(stage: &Stage) -> Result<(), Trouble> {
    let (mut till, _) = stage.shop().await?;
    stage.ready();
    for n in 0..2 {
        till.charged(&format!("life {n}"), "").await?;
        till.store.close().await;
        till = stage.open().await?;
    }
    till.store.close().await;
    Ok(())
}

/// So many frames that the log is written into the database by itself and begins anew.
async fn log_restarts(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    let filler = "x".repeat(3_600_000);
    till.append(json!({ "filler": filler }))
        .await
        .map_err(trouble)?;
    stage.ready();
    for n in 0..3 {
        till.append(json!({ "name": format!("shop {n}") }))
            .await
            .map_err(trouble)?;
        till.charged(&format!("order {n}"), "").await?;
    }
    Ok(())
}

async fn two_at_once(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for n in 0..2 {
        let (one, two) = (format!("left {n}"), format!("right {n}"));
        let (one, two) = tokio::join!(till.charged(&one, ""), till.charged(&two, ""));
        let (one, two) = (one?, two?);
        let (one, two) = tokio::join!(till.pay(&one, 100), till.pay(&two, 100));
        one?;
        two?;
    }
    till.store.close().await;
    Ok(())
}

async fn refused_and_repeated(stage: &Stage) -> Result<(), Trouble> {
    let (till, order) = stage.shop().await?;
    stage.ready();
    for _ in 0..2 {
        match till.charge("before", "").await.map_err(trouble)? {
            Opened::Existing(same) if same == order => {}
            other => return Err(trouble(other)),
        }
        let mut stale = moved(
            order.clone(),
            &latest(&order)?,
            EventKind::PaymentHeard,
            true,
            None,
        );
        stale.order = Order::from_parts(
            order.number().clone(),
            order.plan().clone(),
            order.opened_at(),
            order.payments().to_vec(),
            order.refunds().to_vec(),
            order.version() + 7,
        );
        match till.commit(stale).await {
            Err(StoreError::Stale) => {}
            other => return Err(trouble(other)),
        }
        till.append(json!({ "n": stage.fresh() }))
            .await
            .map_err(trouble)?;
    }
    till.store.close().await;
    Ok(())
}

async fn full_disk(stage: &Stage) -> Result<(), Trouble> {
    let (till, order) = stage.shop().await?;
    stage.ready();
    stage.disk.fail_at(ErrorKind::Full, 5);
    let large = json!({ "filler": "x".repeat(100_000) });
    match till.append(large).await {
        Err(StoreError::Full) => {}
        other => return Err(trouble(other)),
    }
    let order = till.note(&order, "there is room again").await?;
    till.refund(&order, 100, "refund").await?;
    till.store.close().await;
    Ok(())
}

async fn failed_sync(stage: &Stage) -> Result<(), Trouble> {
    let (till, order) = stage.shop().await?;
    stage.ready();
    stage.disk.fail_at(ErrorKind::Sync, 1);
    match till.append(json!({ "name": "lost?" })).await {
        Err(StoreError::Io(_)) => {}
        // A planted store asks for no sync, and is found out by the images.
        Ok(()) if stage.disk.counters().injected_sync == 0 => stage.disk.heal(),
        other => return Err(trouble(other)),
    }
    // As the product does: what became of it is read after a restart.
    till.store.close().await;
    let till = stage.open().await?;
    till.note(&order, "after").await?;
    till.store.close().await;
    Ok(())
}

async fn day_of_trade(stage: &Stage) -> Result<(), Trouble> {
    let (till, _) = stage.shop().await?;
    stage.ready();
    for n in 0..6 {
        let order = till
            .charged(&format!("sale {n}"), if n % 2 == 0 { "奶茶" } else { "" })
            .await?;
        let order = till.pay(&order, 400).await?;
        if n % 3 == 0 {
            let (order, refund) = till.refund(&order, 100, &format!("back {n}")).await?;
            till.refund_done(&order, &refund).await?;
        }
    }
    import(&till, 20_261_120, 40).await.map_err(trouble)?;
    if till.store.device().id.len() != 4 || DAY.0 == 0 {
        return Err(trouble(till.store.device()));
    }
    till.store.close().await;
    Ok(())
}
