//! A signed day that leads to the bank: what came and what is on its way, a record that a copy gives again byte by byte,
//! decisions that a signed day refuses, journals and reports with the bank in them, and the bank's holidays.

use crate::{
    statements::{import, open},
    till::{Till, folder},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::path::Path;

const PAST_DAYS: u8 = 12;

/// A demo with every bill and the bank's statement kept.
async fn shop(name: &str) -> Till {
    let options = HostOptions {
        data: Some(folder(name)),
        resolve: true,
        ..HostOptions::default()
    };
    let till = Till::set_up_with(options, PAST_DAYS).await;
    for account in ["demo-alipay", "demo-wechatpay"] {
        let asked = AccountOf {
            account_id: account.to_owned(),
        };
        let mut status: BillRunStatus = till.ask("fetch_missing_bills", asked).await.unwrap();
        while !status.run.as_ref().unwrap().is_over {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            status = till.ask("bill_run", NoArgs {}).await.unwrap();
        }
        let run = status.run.unwrap();
        assert_eq!((run.kept, run.flows), (run.total, run.total), "{run:?}");
        keep_yesterday(&till, account).await;
    }
    let ask = DemoStatementOf {
        form: "csv".to_owned(),
        from: None,
        to: None,
    };
    let csv: DemoStatement = till.ask("sandbox_bank_statement", ask).await.unwrap();
    let file = STANDARD.decode(csv.file).unwrap();
    let looked = open(&till, &csv.name, &file).await.unwrap();
    import(&till, &looked.preview).await.unwrap();
    till
}

/// Yesterday's bills, whose money is on its way: the sandbox gives them at any hour, while a run asks for them from
/// the channel's hour on only.
async fn keep_yesterday(till: &Till, account: &str) {
    let asked = DaysOf {
        account_id: Some(account.to_owned()),
    };
    let list: DayList = till.ask("reconcile_days", asked).await.unwrap();
    let yesterday = &list.days[1];
    let of = || DayOf {
        account_id: account.to_owned(),
        day: yesterday.day.clone(),
    };
    if yesterday.result.is_none() {
        let BillPreview { preview, .. } = till.ask("fetch_bill", of()).await.unwrap();
        let keep = PreviewId { preview };
        let _kept: ReconciledDay = till.ask("import_bill", keep).await.unwrap();
    }
    if !yesterday.flow {
        let FlowPreviewView { preview, .. } = till.ask("fetch_flow", of()).await.unwrap();
        let keep = PreviewId { preview };
        let _kept: KeptFlowView = till.ask("import_flow", keep).await.unwrap();
    }
}

fn minor(money: &MoneyView) -> i64 {
    money.minor.parse().unwrap()
}

async fn list(till: &Till) -> PayoutList {
    till.ask("payouts", NoArgs {}).await.unwrap()
}

async fn overview(till: &Till, day: &str) -> DayOverview {
    let day = Some(day.to_owned());
    till.ask("day_overview", CloseDayOf { day }).await.unwrap()
}

async fn sign(till: &Till, day: &str) -> Result<DayOverview, CommandError> {
    let day = day.to_owned();
    till.ask("sign_day", SignDay { day, checked: true }).await
}

async fn reopen(till: &Till, day: &str) {
    let ask = ReopenDay {
        day: day.to_owned(),
        reason: "再看一遍".to_owned(),
    };
    let _opened: DayOverview = till.ask("reopen_day", ask).await.unwrap();
}

/// Both halves of the addition hold, to the cent.
fn adds_up(day: &DayOverview) {
    for bridge in &day.bridges {
        let steps: i64 = bridge.steps.iter().map(|it| minor(&it.amount)).sum();
        let bill = minor(&bridge.books.net) + steps + minor(&bridge.rest);
        assert_eq!(bill, minor(&bridge.bill.net), "{bridge:?}");
        let explained: i64 = bridge.explained.iter().map(|it| minor(&it.amount)).sum();
        let owed = bill + minor(&bridge.reserve) + explained + minor(&bridge.difference);
        let at_bank = minor(&bridge.arrived) + minor(&bridge.in_transit);
        assert_eq!(owed, at_bank, "{bridge:?}");
    }
}

/// The days of the payouts that came, the earliest first.
fn came(list: &PayoutList) -> Vec<String> {
    let arrived = list.payouts.iter().filter(|it| it.arrival == "arrived");
    let parts = arrived.flat_map(|it| &it.parts);
    let mut days: Vec<String> = parts.flat_map(|part| part.days.clone()).collect();
    days.sort();
    days.dedup();
    days
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_payouts_in_parts_reserves_and_what_is_on_its_way() {
    let till = shop("bank-side-demo").await;
    let found = list(&till).await;
    assert_eq!(found.flows, found.days, "a fund-flow bill beside each bill");
    let has = |name: &str| {
        let mut reasons = found.payouts.iter().flat_map(|it| &it.reasons);
        reasons.any(|reason| reason.name == name)
    };
    assert!(has("payout_number"), "the fund flow names the payouts");
    assert!(has("in_parts"), "a large one came in parts");
    let mut terms = found.payouts.iter().flat_map(|it| &it.terms);
    let held: Vec<i64> = (terms.by_ref())
        .filter(|term| term.name == "reserve")
        .map(|term| minor(&term.amount))
        .collect();
    assert!(held.contains(&-5_000) && held.contains(&5_000), "{held:?}");
    assert!(found.payouts.iter().all(|it| it.difference.is_none()));
    // The parts of all days are what came to the bank, to the cent.
    let arrived: i64 = (found.payouts.iter().flat_map(|it| &it.lines))
        .map(|line| minor(&line.amount))
        .sum();
    let mut of_days = 0;
    let mut days: Vec<String> = (found.payouts.iter().flat_map(|it| &it.parts))
        .flat_map(|part| part.days.clone())
        .collect();
    days.sort();
    days.dedup();
    for day in &days {
        let day = overview(&till, day).await;
        adds_up(&day);
        of_days += day.bridges.iter().map(|it| minor(&it.arrived)).sum::<i64>();
    }
    assert_eq!(of_days, arrived);
    let newest = overview(&till, days.last().unwrap()).await;
    let waiting: i64 = newest.bridges.iter().map(|it| minor(&it.in_transit)).sum();
    assert!(waiting > 0, "yesterday's money is on its way");
    assert!(newest.payouts.iter().any(|it| it.arrival == "expected"));
    till.close().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_record_leads_to_the_bank_and_a_copy_gives_the_same_bytes() {
    let till = shop("bank-side-record").await;
    let day = came(&list(&till).await)[0].clone();
    let before = overview(&till, &day).await;
    assert_eq!(before.hindrances, [], "nothing differs on that day");
    let signed = sign(&till, &day).await.unwrap();
    let close = &signed.closes[0];
    let record: serde_json::Value = serde_json::from_str(&close.record).unwrap();
    assert_eq!(record["format"], 2);
    let bridge = &record["bridges"]["CNY"];
    assert_eq!(bridge["in_transit"]["minor"], "0", "{bridge}");
    let payouts = record["payouts"].as_array().unwrap();
    assert!(!payouts.is_empty());
    for payout in payouts {
        assert_eq!(payout["state"], "arrived");
        let lines = payout["bank"].as_array().unwrap();
        let of_lines = |it: &serde_json::Value| {
            it["amount"]["minor"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        };
        let sum: i64 = lines.iter().map(of_lines).sum();
        assert_eq!(
            sum,
            of_lines(&serde_json::json!({ "amount": payout["net"] }))
        );
        assert_eq!(lines[0]["statement_sha256"].as_str().unwrap().len(), 64);
    }
    let flow = &record["accounts"][0]["flow"];
    assert_eq!(flow["sha256"].as_str().unwrap().len(), 64);
    assert!(!close.record.contains("overdue"), "no clock in the record");

    let (folder_of, first) = (till.folder.clone(), close.clone());
    till.close_keeping_folder().await;
    let copied = folder("bank-side-copy");
    copy(&folder_of, &copied);
    let other = Till::open(copied).await;
    reopen(&other, &day).await;
    let again = sign(&other, &day).await.unwrap();
    assert_eq!(again.closes[0].version, 2);
    assert_eq!(again.closes[0].record, first.record, "the same bytes");
    assert_eq!(again.closes[0].sha256, first.sha256);
    other.close().await;
    std::fs::remove_dir_all(folder_of).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_touches_a_signed_day_is_refused_until_it_is_reopened() {
    let till = shop("bank-side-lock").await;
    let found = list(&till).await;
    let day = came(&found)[0].clone();
    let is_of = |it: &&PayoutView| it.parts.iter().any(|part| part.days.contains(&day));
    let payout = found.payouts.iter().find(is_of).unwrap().clone();
    let decide = |ruling: &str| DecidePayout {
        ruling: ruling.to_owned(),
        lines: (payout.lines.iter())
            .map(|line| BankLineRef {
                statement: line.statement.clone(),
                place: line.place,
            })
            .collect(),
        parts: (payout.parts.iter())
            .map(|part| DecidedDays {
                account_id: part.account_id.clone(),
                days: part.days.clone(),
            })
            .collect(),
        remark: "银行回单".to_owned(),
    };
    let ask = async |it: DecidePayout| till.ask::<_, PayoutList>("decide_payout", it).await;
    sign(&till, &day).await.unwrap();
    for ruling in ["rejected", "accepted"] {
        let refused = ask(decide(ruling)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::DayLocked, "{ruling}");
    }
    assert_eq!(list(&till).await, found, "nothing was decided");
    reopen(&till, &day).await;
    ask(decide("rejected")).await.unwrap();
    let open = overview(&till, &day).await;
    let waiting: i64 = open.bridges.iter().map(|it| minor(&it.in_transit)).sum();
    assert!(waiting > 0, "its money is on its way again");
    // Signed as it stands now: undoing the decision would change it, so it waits for the next reopening.
    sign(&till, &day).await.unwrap();
    let refused = ask(decide("undone")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::DayLocked);
    reopen(&till, &day).await;
    assert_eq!(ask(decide("undone")).await.unwrap(), found);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_and_reports_hold_what_came_to_the_bank() {
    let till = shop("bank-side-export").await;
    let found = list(&till).await;
    let days = came(&found);
    let out = folder("bank-side-out");
    std::fs::create_dir_all(&out).unwrap();
    let file = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let args = ExportJournal {
        account_id: None,
        from: days[0].clone(),
        to: days.last().unwrap().clone(),
        template: JournalTemplateView::Generic,
        format: FileFormat::CsvPlain,
        file: file("journal.csv"),
        replace: false,
    };
    let _written: ExportedFile = till.ask("export_journal", args).await.unwrap();
    let journal = std::fs::read_to_string(out.join("journal.csv")).unwrap();
    // What the entries put into the bank is what stands on its statement.
    let mut banked = 0_i64;
    for line in journal.lines().filter(|line| line.contains(",1002,")) {
        let cells: Vec<&str> = line.split(',').collect();
        let cent = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(0);
        let at = cells.iter().position(|cell| *cell == "1002").unwrap();
        banked += cent(cells[at + 2]) - cent(cells[at + 3]);
    }
    let arrived: i64 = (found.payouts.iter().flat_map(|it| &it.lines))
        .map(|line| minor(&line.amount))
        .sum();
    assert_eq!(banked, arrived, "{journal}");
    assert!(journal.contains("渠道冻结"), "what was held back is booked");

    let day = &days[0];
    let report = ExportDay {
        account_id: "demo-wechatpay".to_owned(),
        day: day.clone(),
        what: DayExport::Report,
        format: FileFormat::CsvPlain,
        file: file("report.csv"),
        replace: false,
        seen: None,
    };
    let written: ExportedFile = till.ask("export_day", report).await.unwrap();
    let text = std::fs::read_to_string(out.join("report.csv")).unwrap();
    for words in ["账单净额", "已到银行", "在途", "6222000188880000421"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(written.rows > 0);
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holiday_of_the_bank_moves_what_is_expected() {
    let till = shop("bank-side-holidays").await;
    let expected = |list: &PayoutList| {
        let mut waiting = list.payouts.iter().filter(|it| it.arrival == "expected");
        waiting.next().unwrap().expected_on.clone()
    };
    let before = expected(&list(&till).await);
    let table = format!("日期,类型\n{before},休\n");
    let file = BankDaysFile {
        file: STANDARD.encode(&table),
    };
    let read: BankDayTable = till.ask("read_bank_days", file).await.unwrap();
    let none: BankDayTable = till.ask("bank_days", NoArgs {}).await.unwrap();
    assert_eq!(none.days, [], "looking keeps nothing");
    let change = ChangeBankDays { days: read.days };
    let kept: BankDayTable = till.ask("change_bank_days", change).await.unwrap();
    assert_eq!(
        (kept.days[0].day.as_str(), kept.days[0].works),
        (before.as_str(), false)
    );
    let after = expected(&list(&till).await);
    assert!(after > before, "{after} is behind the holiday");
    let file = BankDaysFile {
        file: STANDARD.encode("2026-10-01,休\n2026-10-02,vielleicht\n"),
    };
    let refused: Result<BankDayTable, _> = till.ask("read_bank_days", file).await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.code, refused.params["row"].as_str()),
        (ErrorCode::BankDaysRow, "2")
    );
    till.close().await;
}
