//! The fee audit through the contract: every fee worked out again here, by arithmetic of the test's own.

use crate::till::{Till, folder, has_past, traded};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;

async fn shop(name: &str) -> (Till, String) {
    let options = HostOptions {
        data: Some(folder(name)),
        resolve: false,
        ..HostOptions::default()
    };
    let till = Till::set_up_with(options, 3).await;
    let ask = CloseDayOf { day: None };
    let overview: DayOverview = till.ask("day_overview", ask).await.unwrap();
    for day in traded(&overview.accounts) {
        let ask = DayOf {
            account_id: day.account.id.clone(),
            day: overview.day.clone(),
        };
        let preview: BillPreview = till.ask("fetch_bill", ask).await.unwrap();
        let ask = PreviewId {
            preview: preview.preview,
        };
        let _kept: ReconciledDay = till.ask("import_bill", ask).await.unwrap();
    }
    (till, overview.day)
}

async fn audit(till: &Till, day: &str) -> Vec<AccountFees> {
    let ask = FeesOf {
        account_id: None,
        from: day.to_owned(),
        to: day.to_owned(),
    };
    let audit: FeeAuditView = till.ask("audit_fees", ask).await.unwrap();
    let accounts = audit.accounts.into_iter();
    accounts
        .filter(|it| has_past(&it.account.channel))
        .collect()
}

async fn lines(till: &Till, account: &str, day: &str) -> Vec<SideLine> {
    let ask = DayOf {
        account_id: account.to_owned(),
        day: day.to_owned(),
    };
    let kept: ReconciledDay = till.ask("reconciled_day", ask).await.unwrap();
    let ask = BillRowsOf {
        of: BillName::Kept { id: kept.bill },
        only_different: false,
        from: 0,
        limit: 200,
    };
    let rows: BillRows = till.ask("bill_rows", ask).await.unwrap();
    assert!(rows.total <= 200, "the test reads one page");
    rows.rows.into_iter().map(|row| row.line).collect()
}

fn minor(money: &MoneyView) -> i64 {
    money.minor.parse().unwrap()
}

/// Half a cent and more is a cent, and what a refund gives back is negative.
fn fee(line: &SideLine, millionths: i64) -> i64 {
    let share = (minor(&line.amount) * millionths + 500_000) / 1_000_000;
    if line.kind == "refund" { -share } else { share }
}

async fn set(till: &Till, account: &str, rates: Vec<RateRow>) -> Result<AccountView, CommandError> {
    let change = ChangeAccount {
        account_id: account.to_owned(),
        label: None,
        rate: None,
        rates: Some(rates),
        charges: None,
        paused: None,
        fields: None,
        key: None,
    };
    till.ask("change_account", change).await
}

fn row(from: Option<&str>, to: Option<&str>, rate_millionths: u32) -> RateRow {
    RateRow {
        from: from.map(ToOwned::to_owned),
        to: to.map(ToOwned::to_owned),
        rate_millionths,
        rounding: "half_up".to_owned(),
        minimum: None,
        maximum: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fee_is_worked_out_again_and_what_was_taken_too_much_is_summed() {
    let (till, day) = shop("fees").await;
    let mut found = 0;
    for fees in audit(&till, &day).await {
        let rate = i64::from(fees.rate_millionths.unwrap());
        let lines = lines(&till, &fees.account.id, &day).await;
        let moved: Vec<_> = lines.iter().filter(|line| line.state == "done").collect();
        assert_eq!(usize::try_from(fees.totals.audited).unwrap(), moved.len());
        let taken = |line: &SideLine| minor(line.fee.as_ref().unwrap());
        let more: Vec<_> = moved
            .iter()
            .map(|line| (line.row, taken(line) - fee(line, rate)))
            .filter(|(_, more)| *more != 0)
            .collect();
        let said: Vec<_> = fees
            .findings
            .iter()
            .map(|it| (it.line.row, minor(&it.more)))
            .collect();
        assert_eq!(said, more);
        let over = more.iter().map(|(_, more)| (*more).max(0)).sum::<i64>();
        let under = more.iter().map(|(_, more)| (-more).max(0)).sum::<i64>();
        assert_eq!(minor(&fees.totals.overcharged), over);
        assert_eq!(minor(&fees.totals.undercharged), under);
        assert_eq!(
            minor(&fees.totals.charged),
            moved.iter().map(|line| taken(line)).sum::<i64>()
        );
        assert_eq!(
            minor(&fees.totals.charged) - minor(&fees.totals.contract),
            over - under
        );
        found += more.len();
    }
    assert!(
        found > 0,
        "the demo plants a fee that is not the contract's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_of_the_day_decides_and_rows_of_one_day_are_refused() {
    let (till, day) = shop("contract").await;
    let account = audit(&till, &day).await.remove(0).account.id;

    // A contract without a fee on this day, and with one on all days before.
    let before = row(None, Some("2020-01-01"), 6_000);
    let free = row(Some(&day), Some(&day), 0);
    set(&till, &account, vec![before.clone(), free.clone()])
        .await
        .unwrap();
    let fees = audit(&till, &day).await.remove(0);
    assert_eq!(fees.rates, [before.clone(), free.clone()]);
    let refunds_of_days_before = fees.findings.iter().any(|it| minor(&it.contract) != 0);
    assert!(!refunds_of_days_before, "{fees:?}");
    assert_eq!(minor(&fees.totals.contract), 0);
    assert_eq!(
        minor(&fees.totals.charged),
        minor(&fees.totals.overcharged) - minor(&fees.totals.undercharged)
    );

    // A minimum of 1.00, a maximum of 1.00: each payment costs exactly that, however much it was.
    let flat = RateRow {
        minimum: Some(100),
        maximum: Some(100),
        ..row(Some(&day), None, 6_000)
    };
    set(&till, &account, vec![flat]).await.unwrap();
    let fees = audit(&till, &day).await.remove(0);
    let dear = |it: &&FeeFindingView| minor(&it.line.amount) >= 100 && it.line.kind == "payment";
    assert!(
        fees.findings
            .iter()
            .filter(dear)
            .all(|it| minor(&it.contract) == 100)
    );

    let kept = set(&till, &account, vec![free.clone()])
        .await
        .unwrap()
        .rates;
    for (rates, code, row_named) in [
        (
            vec![row(None, Some(&day), 1), free.clone()],
            ErrorCode::RatesOverlap,
            "1",
        ),
        (
            vec![before.clone(), free.clone(), free.clone()],
            ErrorCode::RatesOverlap,
            "2",
        ),
        (
            vec![before, row(Some("2026-02-02"), Some("2026-02-01"), 1)],
            ErrorCode::RateEndsEarly,
            "2",
        ),
        (
            vec![RateRow {
                minimum: Some(2),
                maximum: Some(1),
                ..free
            }],
            ErrorCode::RateLimits,
            "1",
        ),
    ] {
        let error = set(&till, &account, rates).await.unwrap_err();
        assert_eq!((error.code, error.money), (code, MoneyMark::NotMoved));
        assert_eq!(error.params["row"], row_named, "{error:?}");
        assert_eq!(audit(&till, &day).await.remove(0).rates, kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_an_audit_has_every_finding_or_is_not_there() {
    let (till, day) = shop("fee-file").await;
    let of_account = audit(&till, &day).await;
    let fees = of_account
        .into_iter()
        .find(|it| !it.findings.is_empty())
        .unwrap();
    let file = folder("fee-file-out").join("fees.csv");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let export = |seen: FeeTotals| ExportFees {
        account_id: fees.account.id.clone(),
        from: day.clone(),
        to: day.clone(),
        format: FileFormat::Csv,
        file: file.to_str().unwrap().to_owned(),
        replace: false,
        seen: Some(seen),
    };
    let other = FeeTotals {
        lines_over: fees.totals.lines_over + 1,
        ..fees.totals.clone()
    };
    let refused = till
        .ask::<_, ExportedFile>("export_fees", export(other))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::ExportTotalsDiffer);
    assert!(!file.exists());

    let exported: ExportedFile = till
        .ask("export_fees", export(fees.totals.clone()))
        .await
        .unwrap();
    assert_eq!(
        exported.rows,
        fees.totals.lines_over + fees.totals.lines_under
    );
    let text = std::fs::read_to_string(&file).unwrap();
    for found in &fees.findings {
        assert!(text.contains(&found.line.transaction), "{text}");
    }
    let again = till
        .ask::<_, ExportedFile>("export_fees", export(fees.totals))
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::ExportFileExists);
}
