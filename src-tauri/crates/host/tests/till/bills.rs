//! Bills by themselves: the missing days one after the other, progress, stopping, and what is kept of them.

use crate::till::{PATIENCE, Till, folder};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::time::{Duration, Instant};

const PAST_DAYS: u8 = 6;

async fn shop(name: &str) -> Till {
    let options = HostOptions {
        data: Some(folder(name)),
        resolve: true,
        ..HostOptions::default()
    };
    Till::set_up_with(options, PAST_DAYS).await
}

async fn days(till: &Till, account: Option<&str>) -> DayList {
    let account_id = account.map(ToOwned::to_owned);
    let asked = DaysOf { account_id };
    till.ask("reconcile_days", asked).await.unwrap()
}

fn missing(list: &DayList) -> Vec<String> {
    let missing = list.days.iter().filter(|day| day.missing);
    missing.map(|day| day.day.clone()).collect()
}

async fn run_is_over(till: &Till) -> BillRunView {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let status: BillRunStatus = till.ask("bill_run", NoArgs {}).await.unwrap();
        let run = status.run.expect("a run was begun");
        if run.is_over {
            return run;
        }
        assert!(Instant::now() < until, "{run:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn fetch_missing(till: &Till, account: &str) -> BillRunView {
    let account_id = account.to_owned();
    let asked = AccountOf { account_id };
    let begun: BillRunStatus = till.ask("fetch_missing_bills", asked).await.unwrap();
    begun.run.unwrap()
}

async fn orders(till: &Till) -> OrdersOver {
    let everything = OrderQuery {
        tab: OrderTab::All,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
    };
    till.ask("order_totals", everything).await.unwrap()
}

/// The demo's past may hold a doubt that is looked at as it opens.
async fn orders_at_rest(till: &Till) -> OrdersOver {
    let begun = Instant::now();
    loop {
        let seen = orders(till).await;
        if seen.tab_counts.get("attention") == Some(&0) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{seen:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_bills_come_one_after_the_other_and_move_no_order() {
    let till = shop("missing-bills").await;
    let none: BillRunStatus = till.ask("bill_run", NoArgs {}).await.unwrap();
    assert_eq!(none.run, None);
    let list = days(&till, None).await;
    assert!(!list.by_themselves, "a demo waits to be asked");
    let before = orders_at_rest(&till).await;
    let account = list.account_id.clone();
    let wanted = missing(&list);
    assert!(wanted.len() >= usize::from(PAST_DAYS) - 1, "{wanted:?}");

    let begun = fetch_missing(&till, &account).await;
    assert_eq!(usize::try_from(begun.total).unwrap(), wanted.len());
    let beside = fetch_missing(&till, &account).await;
    assert_eq!(beside.total, begun.total, "the same run goes on");
    let run = run_is_over(&till).await;
    assert_eq!((run.done, run.kept), (run.total, run.total), "{run:?}");
    assert_eq!((run.failed, run.day), (Vec::new(), None));

    let list = days(&till, Some(&account)).await;
    assert_eq!(missing(&list), Vec::<String>::new());
    let found = list.days.iter().filter_map(|day| day.result.as_ref());
    let found: u32 = found.map(|result| result.differences).sum();
    assert_eq!(found, run.differences);
    assert_eq!(orders(&till).await, before, "a bill moves nothing");
    let nothing = fetch_missing(&till, &account).await;
    assert_eq!((nothing.total, nothing.is_over), (0, true));
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_behind_the_bill_it_is_at() {
    let till = shop("stopped-bills").await;
    let account = days(&till, None).await.account_id;
    let begun = fetch_missing(&till, &account).await;
    let asked: BillRunStatus = till.ask("stop_bill_run", NoArgs {}).await.unwrap();
    assert!(asked.run.unwrap().is_stopped);
    let run = run_is_over(&till).await;
    assert!(run.done < begun.total, "{run:?}");
    assert_eq!(run.kept, run.done);
    // The rest is still there to be fetched.
    let left = missing(&days(&till, Some(&account)).await);
    assert_eq!(left.len(), usize::try_from(begun.total - run.kept).unwrap());
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bills_come_by_themselves_once_that_is_wished() {
    let till = shop("bills-by-themselves").await;
    let wish = ChangeSettings {
        bills_by_themselves: Some(true),
        ..ChangeSettings::default()
    };
    let _status: AppStatus = till.ask("change_settings", wish).await.unwrap();
    let folder = till.folder.clone();
    till.host.close().await;
    let till = Till::open(folder).await;
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let list = days(&till, None).await;
        assert!(list.by_themselves);
        let mut left = missing(&list).len();
        for account in &list.accounts {
            left += missing(&days(&till, Some(&account.id)).await).len();
        }
        if left == 0 {
            break;
        }
        assert!(Instant::now() < until, "{left} days are missing");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_fails_says_why_and_stays_missing() {
    let till = shop("failed-bills").await;
    let account = days(&till, None).await.account_id;
    let before = missing(&days(&till, Some(&account)).await);
    for (fault, code, tried) in [
        ("bill_not_ready", ErrorCode::BillNotYet, before.len()),
        // What cannot be believed now will not be believed for the next day either.
        ("bad_signature", ErrorCode::BillUnreachable, 1),
    ] {
        till.fault(fault, true).await;
        fetch_missing(&till, &account).await;
        let run = run_is_over(&till).await;
        till.fault(fault, false).await;
        assert_eq!((run.kept, run.failed.len()), (0, tried), "{fault}: {run:?}");
        assert!(
            run.failed.iter().all(|failed| failed.error.code == code),
            "{run:?}"
        );
        assert_eq!(missing(&days(&till, Some(&account)).await), before);
    }
    till.close().await;
}
