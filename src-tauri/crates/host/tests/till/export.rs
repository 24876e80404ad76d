//! The list as a file: what stands in it is what the shop took, and it is there whole or not at all.

use crate::till::{Till, folder};
use paydesk_console::contract::*;
use paydesk_desk::ports::{Actor, Commit, EventKind, FirstAttempt, NewEvent, NewOrder, Opened};
use paydesk_domain::{
    AccountId, Amount, ChannelId, Currency, Mode, Order, OrderPlan, PaymentPlan, TenderKind,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

fn everything() -> OrderQuery {
    OrderQuery {
        tab: OrderTab::All,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
    }
}

async fn export(
    till: &Till,
    query: OrderQuery,
    file: &Path,
    replace: bool,
) -> Result<ExportedFile, CommandError> {
    let file = file.to_str().unwrap().to_owned();
    let over: OrdersOver = match till.ask("order_totals", query.clone()).await {
        Ok(over) => over,
        Err(error) => return Err(error),
    };
    let args = ExportOrders {
        query,
        format: FileFormat::Csv,
        file,
        replace,
        seen: Some(over.totals),
    };
    till.ask("export_orders", args).await
}

/// The file's cells without its titles, read by another program's rules.
fn cells(file: &Path) -> Vec<Vec<String>> {
    let bytes = std::fs::read(file).unwrap();
    csv::ReaderBuilder::new()
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn outbox(name: &str) -> PathBuf {
    let outbox = folder(name);
    std::fs::create_dir_all(&outbox).unwrap();
    outbox
}

async fn paid(till: &Till, minor: i64, note: &str) -> String {
    let (alipay, _) = till.codes("00").await;
    let take = TakePayment {
        note: note.to_owned(),
        ..crate::till::take(&alipay, minor)
    };
    let view: PaymentView = till.ask("take_payment", take).await.unwrap();
    till.until(&view.order_id, "paid", |v| v.state == PayState::Paid)
        .await;
    view.order_id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_every_order_its_totals_and_nothing_that_runs() {
    let till = Till::demo("export").await;
    let out = outbox("export-out");
    let cake = paid(&till, 4_650, "=1+1,\"蛋糕\"\n🎂").await;
    let tea = paid(&till, 1_200, "").await;
    let (_, refused) = till.codes("03").await;
    let failed = till.charge(&refused, 990).await.unwrap().order_id;
    till.until(&failed, "failed", |v| v.state == PayState::Failed)
        .await;
    let dialog = crate::refunds::dialog(&till, &tea).await;
    let request = crate::refunds::request(&dialog, 200);
    let back: RefundView = till.ask("request_refund", request).await.unwrap();
    till.until_refund(&tea, &back.refund_id, "done", |r| {
        r.state == RefundStateView::Done
    })
    .await;
    let file = out.join("十一月.csv");
    let exported = export(&till, everything(), &file, false).await.unwrap();
    assert_eq!(
        (exported.rows, exported.file.as_str()),
        (3, file.to_str().unwrap())
    );
    let rows = cells(&file);
    let of = |order: &str| {
        let row = rows.iter().find(|row| row[0] == order).unwrap();
        [4, 5, 6, 7, 8, 11].map(|at| row[at].clone())
    };
    assert_eq!(
        of(&cake),
        [
            "已收款",
            "46.50",
            "46.50",
            "0.00",
            "46.50",
            "'=1+1,\"蛋糕\"\n🎂"
        ]
    );
    assert_eq!(
        of(&tea),
        ["部分退款", "12.00", "12.00", "2.00", "10.00", ""]
    );
    assert_eq!(of(&failed)[1..4], ["9.90", "0.00", "0.00"]);
    assert_eq!(rows[0][0], failed, "newest first");
    assert_eq!(rows[3].join("|"), "合计|笔数：3|||||58.50|2.00|56.50|CNY||");
    let over: OrdersOver = till.ask("order_totals", everything()).await.unwrap();
    assert_eq!(
        (
            over.totals.sums[0].taken.minor.as_str(),
            over.totals.sums[0].net.minor.as_str()
        ),
        ("5850", "5650"),
        "the list's own totals say the same"
    );
    let digest = paydesk_signing::sha256_hex(&std::fs::read(&file).unwrap());
    assert_eq!(exported.sha256, digest);
    let one = OrderQuery {
        search: "46.50".to_owned(),
        ..everything()
    };
    let exported = export(&till, one, &file, true).await.unwrap();
    assert_eq!(
        (exported.rows, cells(&file)[0][0].as_str()),
        (1, cake.as_str())
    );
    assert_eq!(
        names(&out),
        ["十一月.csv", "十一月.csv.sha256.json"],
        "nothing half-written stays"
    );
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_said_and_leaves_everything_as_it_was() {
    let till = Till::demo("export-refused").await;
    let out = outbox("export-refused-out");
    let there = out.join("there.csv");
    std::fs::write(&there, b"theirs").unwrap();
    std::fs::create_dir(out.join("folder.csv")).unwrap();
    let with = |change: fn(&mut OrderQuery)| {
        let mut query = everything();
        change(&mut query);
        query
    };
    let backwards = with(|query| {
        query.day_from = Some("2026-11-21".to_owned());
        query.day_to = Some("2026-11-20".to_owned());
    });
    let nobody = with(|query| query.channel = Some("nobody".to_owned()));
    for (query, file, replace, code) in [
        (
            everything(),
            there.clone(),
            false,
            ErrorCode::ExportFileExists,
        ),
        (
            everything(),
            out.join("absent").join("a.csv"),
            false,
            ErrorCode::ExportFolderMissing,
        ),
        (
            everything(),
            there.join("a.csv"),
            false,
            ErrorCode::ExportFolderMissing,
        ),
        (
            everything(),
            out.join("folder.csv"),
            true,
            ErrorCode::ExportNotAllowed,
        ),
        (
            everything(),
            out.join(format!("{}.csv", "长".repeat(200))),
            false,
            ErrorCode::ExportNameWrong,
        ),
        (
            everything(),
            PathBuf::from("a.csv"),
            false,
            ErrorCode::ExportNameWrong,
        ),
        (
            everything(),
            till.folder.join("paydesk.db"),
            true,
            ErrorCode::ExportNameWrong,
        ),
        (
            backwards,
            out.join("a.csv"),
            false,
            ErrorCode::InvalidArguments,
        ),
        (
            nobody,
            out.join("a.csv"),
            false,
            ErrorCode::InvalidArguments,
        ),
    ] {
        let error = export(&till, query, &file, replace).await.unwrap_err();
        assert_eq!(
            (error.code, error.money),
            (code, MoneyMark::NotMoved),
            "{file:?}"
        );
    }
    assert_eq!(std::fs::read(&there).unwrap(), b"theirs");
    assert_eq!(names(&out), ["folder.csv", "there.csv"]);
    let exported = export(&till, everything(), &there, true).await.unwrap();
    assert_eq!(exported.rows, 0);
    assert_eq!(cells(&there)[0][1], "笔数：0");
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

/// Opens orders in the store itself; their payments are begun and never sent.
async fn begun(till: &Till, which: std::ops::Range<u32>) -> BTreeSet<String> {
    let desk = till.host.console().desk();
    let now = desk.now();
    let day = desk.day_of(now).unwrap();
    let mut numbers = BTreeSet::new();
    for n in which {
        let total = Amount::from_minor(100, Currency::CNY).unwrap();
        let new = NewOrder {
            mode: Mode::Demo,
            draw: n,
            plan: OrderPlan {
                intent: format!("begun-{n:06}"),
                total,
                day,
                by: "收银员 1".to_owned(),
            },
            code: None,
            note: String::new(),
            now,
        };
        let first: FirstAttempt = Box::new(move |mut order: Order| {
            let plan = PaymentPlan {
                account: AccountId("demo-alipay".to_owned()),
                channel: ChannelId("alipay".to_owned()),
                amount: total,
                tender: TenderKind::PayerCode,
                expires: now.plus(Duration::from_secs(300)),
                watch_ms: 900_000,
                rate: None,
                intent: None,
            };
            let payment = order.begin_payment(plan, now)?.clone();
            let event = |kind, subject, after| NewEvent {
                kind,
                order: Some(order.number().clone()),
                subject,
                actor: Actor::Program,
                at: now,
                day,
                body: serde_json::json!({ "after": after }),
                evidence: None,
            };
            let opened = serde_json::json!({ "order": {
                "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at(),
            } });
            let reference = payment.reference().clone();
            let begun = serde_json::json!({ "payment": payment });
            let events = vec![
                event(EventKind::OrderOpened, None, opened),
                event(EventKind::PaymentBegun, Some(reference), begun),
            ];
            Ok(Commit {
                order,
                events,
                work: Vec::new(),
                sealed: Vec::new(),
                note: None,
            })
        });
        match desk.ports().store.open_order(new, first).await.unwrap() {
            Opened::New(order) => numbers.insert(order.number().to_string()),
            other => panic!("not opened: {other:?}"),
        };
    }
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_several_pages_is_written_without_gap_or_repeat() {
    let till = Till::demo("export-pages").await;
    let out = outbox("export-pages-out");
    let file = out.join("a.csv");
    // The store is asked for 1,000 at a time: exactly one page, then one order more.
    let mut numbers = begun(&till, 0..1_000).await;
    let exported = export(&till, everything(), &file, false).await.unwrap();
    assert_eq!(exported.rows, 1_000);
    numbers.extend(begun(&till, 1_000..1_001).await);
    let exported = export(&till, everything(), &file, true).await.unwrap();
    assert_eq!(exported.rows, 1_001);
    let rows = cells(&file);
    let orders = &rows[..1_001];
    assert!(orders.is_sorted_by(|newer, older| newer[0] > older[0]));
    let written: BTreeSet<String> = orders.iter().map(|row| row[0].clone()).collect();
    assert_eq!(written, numbers);
    assert_eq!(
        rows[1_001].join("|"),
        "合计|笔数：1001|||||0.00|0.00|0.00|CNY||"
    );
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

async fn shop_events(till: &Till, kind: &str) -> Vec<TimelineEvent> {
    let ask = ShopEventsOf {
        below: None,
        limit: 100,
    };
    let found: ShopEvents = till.ask("shop_events", ask).await.unwrap();
    let found = found.events.into_iter();
    found.filter(|event| event.kind == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_the_program_is_on_record_with_who_when_which_and_its_digest() {
    let till = Till::demo("export-record").await;
    let outbox = outbox("export-record-outbox");
    paid(&till, 4650, "蛋糕").await;
    let picked = PickOperator {
        name: "小林".to_owned(),
    };
    let _status: AppStatus = till.ask("pick_operator", picked).await.unwrap();
    let asked = OrderQuery {
        tab: OrderTab::Paid,
        search: "蛋糕".to_owned(),
        channel: Some("alipay".to_owned()),
        ..everything()
    };
    let file = outbox.join("paid.csv");
    let done = export(&till, asked, &file, false).await.unwrap();
    let events = shop_events(&till, "orders_exported").await;
    let [event] = events.as_slice() else {
        panic!("{events:#?}");
    };
    let said = |key: &str| event.params.get(key).map(String::as_str);
    assert_eq!(
        (event.actor.as_str(), event.source.as_str()),
        ("小林", "person")
    );
    assert_eq!(said("sha256"), Some(done.sha256.as_str()));
    assert_eq!((said("rows"), said("file")), (Some("1"), Some("paid.csv")));
    assert_eq!((said("tab"), said("search")), (Some("paid"), Some("蛋糕")));
    assert_eq!((said("channel"), said("day_from")), (Some("alipay"), None));
    // What never got its name is not said to have left; one that was refused changes nothing.
    let again = export(&till, everything(), &file, false).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::ExportFileExists);
    assert_eq!(shop_events(&till, "orders_exported").await.len(), 1);
    // Page by page, newest first, down to the beginning; the chain holds it.
    let mut below = None;
    let mut seen = Vec::new();
    loop {
        let ask = ShopEventsOf { below, limit: 1 };
        let page: ShopEvents = till.ask("shop_events", ask).await.unwrap();
        seen.extend(page.events.iter().map(|event| event.seq));
        below = seen.last().copied();
        if !page.more {
            break;
        }
    }
    assert!(
        seen.len() >= 3 && seen.is_sorted_by(|a, b| a > b),
        "{seen:?}"
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_the_program_while_it_cannot_be_put_on_record() {
    let keyring = crate::counter::keyring();
    let till = crate::counter::shop("export-locked", &keyring).await;
    let outbox = outbox("export-locked-outbox");
    let kept = till.folder.clone();
    till.host.close().await;
    keyring.set(paydesk_vault::stand_ins::Mood::Locked);
    let till = crate::counter::open(crate::counter::options(&kept, &keyring)).await;
    let refused = export(&till, everything(), &outbox.join("all.csv"), false).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::KeysLocked);
    assert_eq!(names(&outbox), [""; 0]);
    till.host.close().await;
    std::fs::remove_dir_all(kept).unwrap();
}

fn side_of(file: &Path) -> serde_json::Value {
    let beside = file.with_file_name(format!(
        "{}.sha256.json",
        file.file_name().unwrap().to_str().unwrap()
    ));
    let side: serde_json::Value = serde_json::from_slice(&std::fs::read(beside).unwrap()).unwrap();
    let digest = paydesk_signing::sha256_hex(&std::fs::read(file).unwrap());
    assert_eq!(side["sha256"], digest.as_str(), "{file:?}");
    side
}

/// A demo shop with a reconciled yesterday: its account, the day, and what the screen says of it.
async fn reconciled(name: &str) -> (Till, ReconciledDay) {
    let options = paydesk_host::HostOptions {
        data: Some(folder(name)),
        resolve: true,
        ..paydesk_host::HostOptions::default()
    };
    let till = Till::set_up_with(options, 3).await;
    let list: DayList = till
        .ask("reconcile_days", DaysOf { account_id: None })
        .await
        .unwrap();
    let day = list.days.iter().find(|day| day.missing).unwrap();
    let asked = DayOf {
        account_id: list.account_id.clone(),
        day: day.day.clone(),
    };
    let preview: BillPreview = till.ask("fetch_bill", asked).await.unwrap();
    let preview = PreviewId {
        preview: preview.preview,
    };
    let kept: ReconciledDay = till.ask("import_bill", preview).await.unwrap();
    assert!(kept.rows > 0);
    (till, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciled_day_leaves_as_report_lists_and_journal_with_the_screens_figures() {
    let (till, kept) = reconciled("export-day").await;
    let out = outbox("export-day-out");
    let of_day = |what, format: FileFormat, seen: Option<DayResult>| {
        let file = out.join(format!("{what:?}.{}", format.ending()));
        let args = ExportDay {
            account_id: kept.account_id.clone(),
            day: kept.day.clone(),
            what,
            format,
            file: file.to_str().unwrap().to_owned(),
            replace: true,
            seen,
        };
        (file, args)
    };
    for what in [DayExport::Differences, DayExport::Lines, DayExport::Report] {
        for format in [FileFormat::Csv, FileFormat::Xlsx] {
            let (file, args) = of_day(what, format, Some(kept.result.clone()));
            let once: ExportedFile = till.ask("export_day", args.clone()).await.unwrap();
            let again: ExportedFile = till.ask("export_day", args).await.unwrap();
            assert_eq!(once, again, "same bytes");
            let side = side_of(&file);
            assert_eq!(side["filter"]["account"], kept.account_id.as_str());
        }
    }
    let (file, args) = of_day(DayExport::Lines, FileFormat::Csv, None);
    let lines: ExportedFile = till.ask("export_day", args).await.unwrap();
    assert_eq!(lines.rows, kept.rows);
    assert_eq!(cells(&file).len(), usize::try_from(kept.rows).unwrap() + 1);
    // The sums of the report are those of the screen.
    let (file, args) = of_day(DayExport::Report, FileFormat::Csv, None);
    let _report: ExportedFile = till.ask("export_day", args).await.unwrap();
    let side = side_of(&file);
    let sums = &side["totals"][0]["sums"];
    let screen = |money: &MoneyView| {
        let minor: i64 = money.minor.parse().unwrap();
        paydesk_domain::Money::from_minor(minor, Currency::CNY).to_decimal()
    };
    assert_eq!(sums["bill_net"], screen(&kept.result.bill.net).as_str());
    assert_eq!(sums["books_paid"], screen(&kept.result.books.paid).as_str());
    // Figures that are not the screen's leave no file.
    let mut other = kept.result.clone();
    other.bill.paid.minor.push('0');
    let (file, args) = of_day(DayExport::Report, FileFormat::Xlsx, Some(other));
    std::fs::remove_file(&file).unwrap();
    let refused: Result<ExportedFile, _> = till.ask("export_day", args).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ExportTotalsDiffer);
    assert!(!file.exists());
    assert_eq!(shop_events(&till, "file_exported").await.len(), 14);
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_use_the_shops_accounts_and_pages_say_their_font() {
    let (till, kept) = reconciled("export-journal").await;
    let out = outbox("export-journal-out");
    let usual: LedgerAccounts = till.ask("ledger_accounts", NoArgs {}).await.unwrap();
    assert!(usual.is_usual);
    let mut changed = usual.accounts.clone();
    changed.iter_mut().find(|a| a.role == "fees").unwrap().code = "5603.01".to_owned();
    let change = |accounts| ChangeLedgerAccounts { accounts };
    let set: LedgerAccounts = till
        .ask("change_ledger_accounts", change(Some(changed.clone())))
        .await
        .unwrap();
    assert_eq!((set.accounts, set.is_usual), (changed.clone(), false));
    changed[0].code = "=1+1".to_owned();
    let refused: Result<LedgerAccounts, _> = till
        .ask("change_ledger_accounts", change(Some(changed)))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, ErrorCode::LedgerAccountWrong);
    assert_eq!(refused.params["role"], "bank");
    for (template, format) in [
        (JournalTemplateView::Beancount, FileFormat::Beancount),
        (JournalTemplateView::Generic, FileFormat::Csv),
        (JournalTemplateView::Kingdee, FileFormat::Xlsx),
        (JournalTemplateView::YonyouT, FileFormat::Xlsx),
        (JournalTemplateView::YonyouU8, FileFormat::Txt),
    ] {
        let file = out.join(format!("{template:?}.{}", format.ending()));
        let args = ExportJournal {
            account_id: None,
            from: kept.day.clone(),
            to: kept.day.clone(),
            template,
            format,
            file: file.to_str().unwrap().to_owned(),
            replace: false,
        };
        let exported: ExportedFile = till.ask("export_journal", args).await.unwrap();
        assert!(exported.rows >= 3);
        let side = side_of(&file);
        let sums = &side["totals"][0]["sums"];
        assert_eq!(sums["debit"], sums["credit"]);
    }
    let journal = std::fs::read_to_string(out.join("Generic.csv")).unwrap();
    assert!(journal.contains(",5603.01,"), "{journal}");
    let file = out.join("settled.pdf");
    let args = ExportSettled {
        account_id: kept.account_id.clone(),
        from: kept.day.clone(),
        to: kept.day.clone(),
        format: FileFormat::Pdf,
        file: file.to_str().unwrap().to_owned(),
        replace: false,
    };
    let exported: Result<ExportedFile, _> = till.ask("export_settled", args).await;
    match exported {
        Ok(_) => assert!(side_of(&file)["font"]["name"].is_string()),
        // A machine without such a font says which package brings one, and leaves nothing.
        Err(error) => {
            assert_eq!(error.code, ErrorCode::FontMissing);
            assert_eq!(error.params["package"], "fonts-noto-cjk");
            assert!(!file.exists());
        }
    }
    std::fs::remove_dir_all(out).unwrap();
    till.close().await;
}
