//! Cash at the till: taken once, given back once, the drawer counted, the day signed with it.

use crate::{
    shop::WrongClock,
    till::{Till, folder, intent},
};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::sync::{Arc, atomic::Ordering};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn ask(minor: i64, received: i64) -> TakeCash {
    TakeCash {
        currency: None,
        intent_id: intent(),
        amount_minor: minor.to_string(),
        received_minor: received.to_string(),
        note: String::new(),
        confirmed_repeat_of: None,
        part: None,
    }
}

async fn taken(till: &Till, minor: i64, received: i64) -> PaymentView {
    till.ask("take_cash", ask(minor, received)).await.unwrap()
}

fn act(act: DrawerDo, minor: Option<i64>, reason: &str) -> MoveDrawer {
    MoveDrawer {
        intent_id: intent(),
        act,
        amount_minor: minor.map(|minor| minor.to_string()),
        reason: reason.to_owned(),
    }
}

async fn moved(till: &Till, what: MoveDrawer) -> DrawerView {
    till.ask("move_drawer", what).await.unwrap()
}

fn sign(day: &str) -> SignDay {
    SignDay {
        day: day.to_owned(),
        checked: true,
    }
}

async fn refused(till: &Till, what: MoveDrawer) -> ErrorCode {
    let error = till.ask::<_, DrawerView>("move_drawer", what).await;
    let error = error.unwrap_err();
    assert_eq!(error.money, MoneyMark::NotMoved);
    error.code
}

async fn back(till: &Till, order: &str, minor: i64) -> Result<RefundView, CommandError> {
    let order = OrderId {
        order_id: order.to_owned(),
    };
    let dialog: RefundDialog = till.ask("prepare_refund", order).await.unwrap();
    assert!(dialog.in_cash);
    let request = RequestRefund {
        currency: None,
        refund_intent: dialog.refund_intent,
        order_id: dialog.order_id,
        reference: None,
        amount_minor: minor.to_string(),
        reason: "goods_returned".to_owned(),
        note: String::new(),
        in_cash: false,
        rate: None,
    };
    let first = till.ask("request_refund", request.clone()).await?;
    let again: RefundView = till.ask("request_refund", request).await.unwrap();
    assert_eq!(first, again, "a double click is one refund");
    Ok(first)
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_is_taken_once_with_its_change_and_is_found_everywhere() {
    let till = Till::demo("cash").await;
    let due = CashDueOf {
        amount_minor: "4650".to_owned(),
        received_minor: Some("4600".to_owned()),
    };
    let due: CashDue = till.ask("cash_due", due).await.unwrap();
    assert_eq!(due.quick.first().unwrap().minor, "4650");
    assert_eq!(
        (due.change, due.short.unwrap().minor.as_str()),
        (None, "50")
    );

    let short = till
        .ask::<_, PaymentView>("take_cash", ask(4650, 4649))
        .await;
    let short = short.unwrap_err();
    assert_eq!(short.code, ErrorCode::CashShort);
    assert_eq!(short.params["short"], "0.01");

    let twice = ask(4650, 5000);
    let (one, other) = tokio::join!(
        till.ask::<_, PaymentView>("take_cash", twice.clone()),
        till.ask::<_, PaymentView>("take_cash", twice),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.order_id, other.order_id, "a double click is one sale");
    assert_eq!(one.state, PayState::Paid);
    let cash = one.cash.unwrap();
    assert_eq!(
        (cash.received.minor.as_str(), cash.change.minor.as_str()),
        ("5000", "350")
    );
    assert_eq!(one.channel_no, None);

    let detail = till.detail(&one.order_id).await;
    let event = detail.timeline.iter().find(|it| it.kind == "cash_taken");
    let event = event.unwrap();
    assert!(
        event
            .proof
            .as_ref()
            .is_some_and(|it| it.by == "operator" && !it.key.is_empty()),
        "whose word it is stands in the log: {event:?}"
    );
    let query = OrderQuery {
        tab: OrderTab::All,
        search: one.order_id[13..].to_owned(),
        day_from: None,
        day_to: None,
        status: None,
        channel: Some("cash".to_owned()),
    };
    let over: OrdersOver = till.ask("order_totals", query).await.unwrap();
    assert_eq!(
        (over.totals.count, over.totals.sums[0].net.minor.as_str()),
        (1, "4650")
    );
    let recent: RecentPayments = till.ask("recent_payments", NoArgs {}).await.unwrap();
    assert_eq!(recent.today_totals[0].minor, "4650");
    let receipt = ReceiptOf {
        order_id: one.order_id.clone(),
        refund_id: None,
        action: ReceiptAction::Preview,
    };
    let receipt: Receipt = till.ask("receipt", receipt).await.unwrap();
    assert!(receipt.html.contains("CNY 50.00") && receipt.html.contains("CNY 3.50"));

    // The same price again is another customer's: nobody is asked.
    let next = taken(&till, 4650, 4650).await;
    assert_ne!(next.order_id, one.order_id);

    let part = back(&till, &one.order_id, 1_650).await.unwrap();
    assert_eq!((part.state, part.in_cash), (RefundStateView::Done, true));
    let too_much = back(&till, &one.order_id, 3_001).await.unwrap_err();
    assert_eq!(too_much.code, ErrorCode::RefundExceeds);
    let detail = till.detail(&one.order_id).await;
    assert_eq!(detail.refundable.unwrap().minor, "3000");
    let sent: SandboxStatus = till.ask("sandbox_status", NoArgs {}).await.unwrap();
    drop(sent);
    assert!(till.ledger().await.is_empty(), "nothing of cash is sent");
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_there_after_a_crash_and_is_not_taken_again() {
    let till = Till::demo("cash-crash").await;
    let sale = ask(1_200, 2_000);
    let view: PaymentView = till.ask("take_cash", sale.clone()).await.unwrap();
    let folder = till.folder.clone();
    till.close_keeping_folder().await;
    let till = Till::open(folder).await;
    let again: PaymentView = till.ask("take_cash", sale).await.unwrap();
    assert_eq!(
        (again.order_id, again.version),
        (view.order_id, view.version)
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_nobody_knows_the_end_of_is_asked_about_before_cash_is_taken() {
    let till = Till::demo("cash-doubt").await;
    till.fault("reply_lost", true).await;
    let (alipay, _) = till.codes("00").await;
    let open = till.charge(&alipay, 4_650).await.unwrap();
    till.until(&open.order_id, "in doubt", |v| v.doubt.is_some())
        .await;
    let mut sale = ask(4_650, 5_000);
    let question = till.ask::<_, PaymentView>("take_cash", sale.clone()).await;
    let question = question.unwrap_err();
    assert_eq!(question.code, ErrorCode::RepeatQuestion);
    sale.confirmed_repeat_of = Some(question.params["earlier_order_id"].clone());
    let view: PaymentView = till.ask("take_cash", sale).await.unwrap();
    assert_eq!(view.state, PayState::Paid);
    till.fault("reply_lost", false).await;
    let known = |v: &PaymentView| v.state != PayState::Unknown && v.doubt.is_none();
    till.until(&open.order_id, "known", known).await;
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawer_is_counted_before_anybody_knows_what_should_be_in_it() {
    let till = Till::demo("drawer").await;
    let empty: DrawerView = till.ask("drawer", NoArgs {}).await.unwrap();
    assert_eq!(empty.stage, DrawerStage::Never);
    let early = refused(&till, act(DrawerDo::PayIn, Some(100), "from the safe")).await;
    assert_eq!(early, ErrorCode::FloatNotOpen);

    let open = act(DrawerDo::Open, Some(20_000), "");
    let (one, other) = tokio::join!(moved(&till, open.clone()), moved(&till, open));
    assert_eq!(
        (one.stage, other.stage),
        (DrawerStage::Open, DrawerStage::Open)
    );
    let twice = refused(&till, act(DrawerDo::Open, Some(1), "")).await;
    assert_eq!(twice, ErrorCode::FloatOpen);

    let order = taken(&till, 4_650, 5_000).await.order_id;
    back(&till, &order, 650).await.unwrap();
    moved(&till, act(DrawerDo::PayIn, Some(5_000), "零钱")).await;
    moved(&till, act(DrawerDo::PayOut, Some(10_000), "存银行")).await;
    let no_reason = refused(&till, act(DrawerDo::NoSale, None, " ")).await;
    assert_eq!(no_reason, ErrorCode::ReasonRequired);
    let view = moved(&till, act(DrawerDo::NoSale, None, "换零钱")).await;
    assert_eq!((view.no_sales, view.count), (1, None));
    let kinds: Vec<&str> = view.moves.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "no_sale", "paid_out", "paid_in", "returned", "taken", "opened"
        ]
    );
    assert_eq!(view.moves[4].order_id.as_deref(), Some(order.as_str()));
    assert_eq!(view.moves[0].reason, "换零钱");
    assert!(
        view.moves.iter().all(|it| !it.by.is_empty()),
        "who opened it"
    );

    // 200.00 + 46.50 - 6.50 + 50.00 - 100.00
    let too_much = refused(&till, act(DrawerDo::PayOut, Some(19_001), "x")).await;
    assert_eq!(too_much, ErrorCode::DrawerShort);
    let counted = moved(&till, act(DrawerDo::Count, Some(18_950), "")).await;
    let count = counted.count.unwrap();
    assert_eq!(counted.stage, DrawerStage::Counted);
    assert_eq!(
        (
            count.expected.minor.as_str(),
            count.difference.minor.as_str(),
            count.verdict.as_str()
        ),
        ("19000", "-50", "short")
    );
    // Counting again needs a reason, and stands beside the first.
    let silent = refused(&till, act(DrawerDo::Count, Some(19_000), "")).await;
    assert_eq!(silent, ErrorCode::ReasonRequired);
    let again = moved(&till, act(DrawerDo::Count, Some(19_000), "硬币卡在角落")).await;
    let count = again.count.unwrap();
    assert_eq!(
        (count.verdict.as_str(), count.remark.as_str()),
        ("exact", "硬币卡在角落")
    );
    let counts = again.moves.iter().filter(|it| it.kind == "counted").count();
    assert_eq!(counts, 2);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_signed_with_its_cash_and_booked_to_an_account_for_cash() {
    let clock = Arc::new(WrongClock { off_ms: 0.into() });
    let options = HostOptions {
        data: Some(folder("cash-day")),
        clock: Some(Arc::<WrongClock>::clone(&clock)),
        ..HostOptions::default()
    };
    let till = Till::set_up(options).await;
    moved(&till, act(DrawerDo::Open, Some(20_000), "")).await;
    let order = taken(&till, 4_650, 10_000).await.order_id;
    back(&till, &order, 150).await.unwrap();
    let status: AppStatus = till.ask("app_status", NoArgs {}).await.unwrap();
    let day = status.business_day;
    let overview = |day: String| {
        let ask = CloseDayOf { day: Some(day) };
        till.ask::<_, DayOverview>("day_overview", ask)
    };
    clock.off_ms.store(DAY_MS, Ordering::Relaxed);
    let open = overview(day.clone()).await.unwrap();
    let why: Vec<&str> = open.hindrances.iter().map(|it| it.why.as_str()).collect();
    assert_eq!(why, ["drawer_open"], "a drawer that nobody counted");
    let refused_to = till.ask::<_, DayOverview>("sign_day", sign(&day)).await;
    assert_eq!(refused_to.unwrap_err().code, ErrorCode::DayOpen);

    moved(&till, act(DrawerDo::Count, Some(24_600), "")).await;
    let signed: DayOverview = till.ask("sign_day", sign(&day)).await.unwrap();
    let cash = &signed.cash[0];
    assert_eq!((cash.payments, cash.taken.minor.as_str()), (1, "4650"));
    assert_eq!((cash.refunds, cash.returned.minor.as_str()), (1, "150"));
    let drawer = &cash.drawers[0];
    assert_eq!(
        (drawer.float.minor.as_str(), drawer.verdict.as_str()),
        ("20000", "over")
    );
    assert_eq!(drawer.difference.as_ref().unwrap().minor, "100");
    let record: serde_json::Value = serde_json::from_str(&signed.closes[0].record).unwrap();
    assert_eq!(record["format"], 3);
    assert_eq!(
        record["cash"][0]["drawers"][0]["difference"]["minor"],
        "100"
    );
    // The record stands: it cannot be counted again under a signature.
    let again = refused(&till, act(DrawerDo::Count, Some(24_500), "again")).await;
    assert_eq!(again, ErrorCode::DayLocked);

    let takings = TakingsOf {
        currency: None,
        from: day.clone(),
        to: day.clone(),
        by: TakingsStep::Day,
    };
    let takings: Takings = till.ask("takings", takings).await.unwrap();
    let of_cash = takings.taken.iter().find(|it| it.channel == "cash");
    assert_eq!(of_cash.unwrap().taken.minor, "4650");
    till.close().await;
}
