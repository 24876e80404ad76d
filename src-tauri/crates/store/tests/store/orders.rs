//! Orders come back as they were, however many write at once.

use crate::shop::*;
use paydesk_desk::ports::*;
use paydesk_domain::*;
use serde_json::json;

#[tokio::test]
async fn an_order_comes_back_as_it_was_and_the_same_intent_opens_nothing_new() {
    let folder = folder("round");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "A12 桌").await;
    assert_eq!(order.version(), 1);
    let paid = store.commit(paid(&order, "2026112122001")).await.unwrap();
    assert_eq!(store.load(order.number()).await.unwrap().unwrap(), paid);
    let again = opened(&store, "intent-1", 4650, "").await;
    assert_eq!(again.number(), order.number());
    assert_eq!(
        store.by_intent("intent-1").await.unwrap().unwrap().number(),
        order.number()
    );
    let used = code("intent-1");
    let later = PayerCode {
        since: Timestamp(1_001),
        ..used.clone()
    };
    assert!(store.code_used(used).await.unwrap());
    assert!(!store.code_used(later).await.unwrap());
    let reference = order.latest().unwrap().reference();
    assert_eq!(
        store.sealed(reference, "payer").await.unwrap().as_deref(),
        Some("PAYER-CANARY")
    );
    let timeline = store.timeline(order.number()).await.unwrap();
    assert_eq!(
        timeline.last().unwrap().evidence.as_deref(),
        Some(b"EVIDENCE-CANARY".as_slice())
    );
    assert_eq!(store.verify().await.unwrap().fault, None);
    assert_eq!(
        store.rebuild().await.unwrap().differences,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_is_written_while_the_projections_are_compared_is_no_difference() {
    let folder = folder("compared");
    let (shop, examiner) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let writing = async {
        for n in 0..60 {
            let order = opened(&shop, &format!("intent-{n}"), 4650, "A12 桌").await;
            let code = format!("20261121220{n:02}");
            let _paid = shop.commit(paid(&order, &code)).await.unwrap();
        }
    };
    let comparing = async {
        let mut seen = Vec::new();
        while seen.last() != Some(&60) {
            let report = examiner.rebuild().await.unwrap();
            assert_eq!(report.differences, [""; 0]);
            seen.push(report.orders);
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, comparing);
    assert!(
        seen.iter().any(|orders| (1..60).contains(orders)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn two_processes_never_both_commit_on_one_version() {
    let folder = folder("race");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let order = opened(&one, "intent-1", 4650, "").await;
    let (a, b) = tokio::join!(
        one.commit(paid(&order, "c1")),
        two.commit(paid(&order, "c1"))
    );
    let stale = [&a, &b]
        .into_iter()
        .filter(|r| matches!(r, Err(StoreError::Stale)))
        .count();
    assert_eq!((stale, a.is_ok() || b.is_ok()), (1, true), "{a:?} {b:?}");
}

#[tokio::test]
async fn numbers_are_unique_across_processes_and_when_the_clock_steps_back() {
    let folder = folder("numbers");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let mut numbers = std::collections::BTreeSet::new();
    for n in 0..20 {
        let day = if n % 3 == 0 {
            BusinessDay(20_261_120)
        } else {
            DAY
        };
        let (new_a, first_a) = new_order(&format!("a{n}"), 100, day, "");
        let (new_b, first_b) = new_order(&format!("b{n}"), 100, DAY, "");
        let (a, b) = tokio::join!(
            one.open_order(new_a, first_a),
            two.open_order(new_b, first_b)
        );
        for opened in [a.unwrap(), b.unwrap()] {
            let (Opened::New(order) | Opened::Existing(order)) = opened else {
                panic!("its code is used");
            };
            assert!(numbers.insert(order.number().clone()), "{}", order.number());
        }
    }
    let same = format!("same-{}", 1);
    let (new_a, first_a) = new_order(&same, 100, DAY, "");
    let (new_b, first_b) = new_order(&same, 100, DAY, "");
    let (a, b) = tokio::join!(
        one.open_order(new_a, first_a),
        two.open_order(new_b, first_b)
    );
    let number = |o: Opened| match o {
        Opened::New(order) | Opened::Existing(order) => order.number().clone(),
        Opened::CodeUsed => panic!("the same intent is the same order"),
    };
    assert_eq!(number(a.unwrap()), number(b.unwrap()));
}

#[tokio::test]
async fn one_payment_code_opens_one_order_however_many_ask_at_once() {
    let folder = folder("code");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let with_code = |intent: &str| {
        let (mut new, first) = new_order(intent, 100, DAY, "");
        new.code = Some(code("the same"));
        (new, first)
    };
    let ((new_a, first_a), (new_b, first_b)) = (with_code("a"), with_code("b"));
    let (a, b) = tokio::join!(
        one.open_order(new_a, first_a),
        two.open_order(new_b, first_b)
    );
    let refused = [a.unwrap(), b.unwrap()]
        .iter()
        .filter(|opened| matches!(opened, Opened::CodeUsed))
        .count();
    assert_eq!(refused, 1);
    assert_eq!(
        one.totals(&every(Tab::All)).await.unwrap().totals[0].count,
        1
    );
}

#[tokio::test]
async fn due_work_is_leased_once_and_comes_back_when_the_lease_runs_out() {
    let folder = folder("lease");
    let (one, two) = (open(&folder).await.unwrap(), open(&folder).await.unwrap());
    let order = opened(&one, "intent-1", 4650, "").await;
    let reference = order.latest().unwrap().reference().clone();
    assert!(
        one.claim_due(Timestamp(5_999), Timestamp(30_000), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        one.claim_due(Timestamp(6_000), Timestamp(26_000), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        two.claim_due(Timestamp(7_000), Timestamp(27_000), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        two.claim_due(Timestamp(26_000), Timestamp(46_000), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    two.asked(Work {
        reference: reference.clone(),
        due: Some(Timestamp(50_000)),
    })
    .await
    .unwrap();
    assert_eq!(one.pulse().await.unwrap().next_due, Some(Timestamp(50_000)));
    assert_eq!(one.times_asked(&reference).await.unwrap(), 1);
}

#[tokio::test]
async fn personal_data_and_evidence_are_not_readable_in_the_files() {
    let folder = folder("canary");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    store.commit(paid(&order, "c1")).await.unwrap();
    for file in ["paydesk.db", "paydesk.db-wal"] {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        for canary in [b"PAYER-CANARY".as_slice(), b"EVIDENCE-CANARY"] {
            assert!(!bytes.windows(canary.len()).any(|w| w == canary), "{file}");
        }
    }
}

#[tokio::test]
async fn a_refund_that_is_done_is_no_open_matter_and_keeps_its_time_at_a_start() {
    let folder = folder("done-refund");
    let store = open(&folder).await.unwrap();
    let order = opened(&store, "intent-1", 4650, "").await;
    let mut order = store.commit(paid(&order, "c1")).await.unwrap();
    let payment = order.latest().unwrap().reference().clone();
    let plan = RefundPlan {
        intent: "refund-1".to_owned(),
        amount: order.plan().total,
        reason: "goods_returned".to_owned(),
        note: String::new(),
        by: "主管".to_owned(),
        in_cash: false,
        rate: RateChoice::default(),
    };
    let at = Timestamp(3_000);
    let reference = order.begin_refund(&payment, plan, at).unwrap();
    let done = Fact::Refund(RefundFact::Done {
        channel_ref: None,
        at: Some(at),
    });
    let (who, why) = ("主管".to_owned(), "slip".to_owned());
    let told = Evidence::from_operator(done, who, why, at);
    order.refund_mut(&reference).unwrap().apply(&told);
    let body = json!({ "after": { "refund": order.refund(&reference) } });
    let begun = event(&order, Some(&reference), EventKind::RefundBegun, body);
    let planned = |due| Work {
        reference: reference.clone(),
        due: Some(due),
    };
    let soon = Timestamp(3_600_000);
    let commit = Commit {
        order,
        events: vec![begun],
        work: vec![planned(soon)],
        sealed: Vec::new(),
        note: None,
    };
    let _refunded = store.commit(commit).await.unwrap();
    assert_eq!(store.open_work().await.unwrap(), []);
    let next = async || store.pulse().await.unwrap().next_due;
    let start = Timestamp(10_000);
    store.plan_anew(start).await.unwrap();
    assert_eq!(next().await, Some(soon));
    // No look is planned ten days ahead: a clock that was wrong did it.
    store.asked(planned(Timestamp(864_000_000))).await.unwrap();
    store.plan_anew(start).await.unwrap();
    assert_eq!(next().await, Some(start));
    store.close().await;
}
