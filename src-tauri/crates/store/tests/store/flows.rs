//! Fund-flow bills: kept once with their file, beside the trade bill of the day and never in its place; a signed day
//! takes none, and what is changed behind the program's back is found.

use crate::shop::{DAY, folder, open, tamper};
use paydesk_desk::ports::{
    Actor, BillFile, BillOrigin, EventKind, FlowMove, FlowSummary, NewClose, NewEvent, NewFlow,
    Reopened, StatementStore, Store, StoreError,
};
use paydesk_domain::{
    AccountId, ChannelDay, ChannelId, Currency, FlowSort, FlowSums, Money, Timestamp,
};
use serde_json::{Value, json};

const OF_DAY: ChannelDay = ChannelDay(20_261_120);

const SHA256: &str = "30b0ba6f57950c1a92893ecc51ae44a253388b26af83aee3d65e2343ac62fdbd";

fn yuan(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

fn event(kind: EventKind, body: Value) -> NewEvent {
    NewEvent {
        kind,
        order: None,
        subject: None,
        actor: Actor::Operator("会计 1".to_owned()),
        at: Timestamp(5),
        day: DAY,
        body,
        evidence: None,
    }
}

fn flow(content: &str) -> NewFlow {
    let mut sums = FlowSums::none(Currency::CNY);
    sums.add(FlowSort::Payment, yuan(10_000)).unwrap();
    sums.add(FlowSort::Payout, yuan(-9_000)).unwrap();
    NewFlow {
        account: AccountId("a1".to_owned()),
        channel: ChannelId("wechatpay".to_owned()),
        day: OF_DAY,
        content_sha256: content.to_owned(),
        origin: BillOrigin::Fetched,
        file: Some(BillFile {
            name: "flow.csv".to_owned(),
            // SHA-256 of "payer-138".
            sha256: SHA256.to_owned(),
            bytes: b"payer-138".as_slice().into(),
        }),
        moves: vec![FlowMove {
            row: 9,
            sort: FlowSort::Payout,
            entry: "100".to_owned(),
            business: "20261120200000000001".to_owned(),
            reference: String::new(),
            name: "提现".to_owned(),
            change: yuan(-9_000),
            balance: yuan(1_000),
            at: Timestamp(7),
        }],
        summary: FlowSummary {
            sums,
            closing: Some(yuan(1_000)),
        },
        event: event(
            EventKind::FlowImported,
            json!({ "account": "a1", "content_sha256": content }),
        ),
        by: "会计 1".to_owned(),
    }
}

fn close() -> NewClose {
    NewClose {
        day: OF_DAY,
        record: "{}".to_owned(),
        sha256: "0".repeat(64),
        by: "会计 1".to_owned(),
        event: event(EventKind::DaySigned, json!({})),
    }
}

async fn reopen(store: &dyn Store) {
    let why = Reopened {
        at: Timestamp(6),
        by: "会计 1".to_owned(),
        reason: "more came".to_owned(),
    };
    let event = event(EventKind::DayReopened, json!({}));
    store
        .worklist()
        .reopen_day(OF_DAY, why, event)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_fund_flow_bill_is_kept_with_its_file_and_is_no_trade_bill() {
    let folder = folder("flows");
    let store = open(&folder).await.unwrap();
    let first = store.flows().import_flow(flow("c1")).await.unwrap();
    let again = store.flows().import_flow(flow("c1")).await;
    assert!(again.is_err(), "the same content is kept once: {again:?}");
    let newest = store.flows().import_flow(flow("c2")).await.unwrap();
    let account = AccountId("a1".to_owned());
    let known = store.flows().flow_known(&account, "c1").await.unwrap();
    assert_eq!(known, Some(first.clone()));
    let kept = store.flows().kept_flows(&account, OF_DAY, OF_DAY).await;
    assert_eq!(kept.unwrap(), [newest], "the newest of the day");
    let bills = store.bills(&account, OF_DAY, OF_DAY).await.unwrap();
    assert!(bills.is_empty(), "a trade bill of the day is still missing");
    let moves = store.flows().flow_moves(first.id).await.unwrap();
    assert_eq!(moves, flow("c1").moves);
    assert_eq!(first.summary.sums.trade().unwrap(), yuan(10_000));
    let file = store.flows().flow_file(first.id).await.unwrap();
    assert_eq!(file, flow("c1").file);
    assert_eq!(store.examine().await.unwrap(), Vec::<String>::new());
    store.close().await;
    let database = std::fs::read(folder.join("paydesk.db")).unwrap();
    let payer = b"payer-138";
    assert!(!database.windows(payer.len()).any(|part| part == payer));
}

#[tokio::test]
async fn a_signed_day_takes_no_fund_flow_bill_and_no_decision_about_its_payout() {
    let store = open(&folder("flows-signed")).await.unwrap();
    let decided = || event(EventKind::PayoutDecided, json!({}));
    store.worklist().sign_day(close()).await.unwrap();
    let locked = store.flows().import_flow(flow("c1")).await;
    assert_eq!(locked, Err(StoreError::DayLocked));
    let days = vec![ChannelDay(20_261_119), OF_DAY];
    let locked = store.worklist().decide_payout(decided(), days.clone(), 0);
    assert_eq!(locked.await, Err(StoreError::DayLocked));
    let of_others = vec![ChannelDay(20_261_119)];
    let free = store.worklist().decide_payout(decided(), of_others, 0);
    assert_eq!(free.await, Ok(()));
    reopen(&store).await;
    let stale = store.worklist().decide_payout(decided(), days.clone(), 0);
    assert_eq!(stale.await, Err(StoreError::Stale), "one was made since");
    let fresh = store.worklist().decide_payout(decided(), days, 1).await;
    assert_eq!(fresh, Ok(()));
    assert!(store.flows().import_flow(flow("c1")).await.is_ok());
    assert_eq!(store.payout_decisions().await.unwrap().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_fund_flow_bill_that_was_changed_behind_the_program_is_found() {
    for (name, sql, found) in [
        (
            "flow-move",
            "UPDATE flow_moves SET change_minor = -8999",
            "fund flow 1",
        ),
        (
            "flow-summary",
            "UPDATE flows SET summary = replace(summary, '10000', '10001')",
            "fund flow 1",
        ),
        (
            "flow-file",
            "UPDATE flow_files SET packed = zeroblob(64)",
            "file of fund flow 1",
        ),
        (
            "no-flow",
            "DELETE FROM flow_files; DELETE FROM flow_moves; DELETE FROM flows",
            "a fund flow of a1 is gone",
        ),
    ] {
        let folder = folder(name);
        let store = open(&folder).await.unwrap();
        store.flows().import_flow(flow("c1")).await.unwrap();
        store.close().await;
        tamper(&folder, sql).await;
        let store = open(&folder).await.unwrap();
        let damage = store.examine().await.unwrap();
        assert!(damage.iter().any(|it| it == found), "{name}: {damage:?}");
        store.close().await;
    }
}
