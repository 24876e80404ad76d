//! A demo shop with days behind it: what was played stands on both sides and agrees.

use crate::till::{Till, Trade, folder, has_past};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::time::Duration;

fn everything(tab: OrderTab) -> OrderQuery {
    OrderQuery {
        tab,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shop_opens_with_days_behind_it_that_both_sides_agree_on() {
    let options = HostOptions {
        data: Some(folder("past")),
        resolve: true,
        ..HostOptions::default()
    };
    let till = Till::set_up_with(options, 3).await;
    let over: OrdersOver = till
        .ask("order_totals", everything(OrderTab::All))
        .await
        .unwrap();
    assert!(over.totals.count >= 24, "{over:?}");
    assert_eq!(over.tab_counts["attention"], 0, "{over:?}");
    assert!(
        over.tab_counts["refunds"] > 0 || over.totals.count < 60,
        "{over:?}"
    );
    let page: OrderPage = till
        .ask(
            "list_orders",
            ListOrders {
                query: everything(OrderTab::All),
                cursor: None,
                position: None,
                limit: 200,
            },
        )
        .await
        .unwrap();
    let mut days: Vec<String> = page
        .rows
        .iter()
        .map(|row| row.order_id[6..12].to_owned())
        .collect();
    days.dedup();
    assert_eq!(days.len(), 3, "three business days: {days:?}");
    let found = till.host.verify(true).await.unwrap();
    assert_eq!((found.fault, found.differences), (None, Vec::new()));
    // Today's first sale comes after them.
    let (alipay, _) = till.codes("00").await;
    let sold = till.charge(&alipay, 4650).await.unwrap();
    assert!(sold.order_id > page.rows[0].order_id, "{}", sold.order_id);
}

/// Every line of a bill, in pages of this length.
async fn lines_of(
    till: &Till,
    of: &BillName,
    only_different: bool,
    limit: u32,
) -> Vec<BillRowView> {
    let mut lines = Vec::new();
    loop {
        let ask = BillRowsOf {
            of: of.clone(),
            only_different,
            from: u32::try_from(lines.len()).unwrap(),
            limit,
        };
        let page: BillRows = till.ask("bill_rows", ask).await.unwrap();
        assert!(page.rows.len() <= usize::try_from(limit).unwrap());
        if page.rows.is_empty() {
            assert_eq!(usize::try_from(page.total).unwrap(), lines.len());
            return lines;
        }
        lines.extend(page.rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_bills_show_exactly_what_was_planted() {
    let options = HostOptions {
        data: Some(folder("reconcile")),
        resolve: true,
        ..HostOptions::default()
    };
    let till = Till::set_up_with(options, 3).await;
    let days: DayList = till
        .ask("reconcile_days", DaysOf { account_id: None })
        .await
        .unwrap();
    assert_eq!(days.accounts.len(), 4, "{days:?}");
    let yesterday = days.days[1].day.clone();
    let before = days.days[2].day.clone();
    for account in days.accounts.iter().filter(|it| has_past(&it.channel)) {
        let of = |day: &str| DayOf {
            account_id: account.id.clone(),
            day: day.to_owned(),
        };
        let clean: BillPreview = till.ask("fetch_bill", of(&before)).await.unwrap();
        assert_eq!(clean.differences, [], "{}", account.channel);
        assert!(clean.result.matched >= 3, "{clean:?}");
        let preview: BillPreview = till.ask("fetch_bill", of(&yesterday)).await.unwrap();
        let mut codes: Vec<&str> = preview
            .differences
            .iter()
            .map(|d| d.code.as_str())
            .collect();
        codes.sort_unstable();
        assert_eq!(
            codes,
            ["amount_over", "fee", "missing_channel", "missing_ours"],
            "{}: {:#?}",
            account.channel,
            preview.differences
        );
        let nothing_kept = till
            .ask::<_, ReconciledDay>("reconciled_day", of(&yesterday))
            .await;
        assert_eq!(nothing_kept.unwrap_err().code, ErrorCode::BillEmpty);
        let import = PreviewId {
            preview: preview.preview.clone(),
        };
        let kept: ReconciledDay = till.ask("import_bill", import.clone()).await.unwrap();
        assert_eq!(kept.differences, preview.differences);
        // Kept with every line and its verdict, as the look at it said, page by page.
        let looked = BillName::LookedAt {
            preview: preview.preview.clone(),
        };
        let kept_lines = BillName::Kept {
            id: kept.bill.clone(),
        };
        for only_different in [false, true] {
            let expected = lines_of(&till, &looked, only_different, 200).await;
            let found = lines_of(&till, &kept_lines, only_different, 2).await;
            assert_eq!(found, expected, "{}", account.channel);
            let all = usize::try_from(kept.rows).unwrap();
            assert_eq!(found.len(), if only_different { 3 } else { all });
        }
        let again: BillPreview = till.ask("fetch_bill", of(&yesterday)).await.unwrap();
        assert!(again.known_since.is_some(), "the same bill is recognised");
        let twice: ReconciledDay = till.ask("import_bill", import).await.unwrap();
        assert_eq!(twice.result, kept.result, "and kept once");
    }
    let today = days.days[0].day.clone();
    let not_yet = DayOf {
        account_id: days.account_id.clone(),
        day: today,
    };
    let refused = till.ask::<_, BillPreview>("fetch_bill", not_yet).await;
    let code = refused.unwrap_err().code;
    assert!(
        matches!(
            code,
            ErrorCode::BillNotYet | ErrorCode::BillEmpty | ErrorCode::BillRefused
        ),
        "{code:?}"
    );
}

/// The money came, nobody knew, the till took it back: the bill has both ways, and neither is a difference.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_till_reversed_is_no_difference_on_the_bill() {
    let till = Till::demo("reversed_bill").await;
    till.fault("reply_lost", true).await;
    let (alipay, wechatpay) = till.codes("00").await;
    let orders = [
        till.charge(&alipay, 3001).await.unwrap().order_id,
        till.charge(&wechatpay, 3002).await.unwrap().order_id,
    ];
    let is_back = |trade: &Trade| trade.charged > 0 && trade.refunded == trade.charged;
    let moved_back = |books: &[Trade]| books.len() == 2 && books.iter().all(is_back);
    while !moved_back(&till.ledger().await) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    till.fault("reply_lost", false).await;
    for order in &orders {
        till.until(order, "reversed", |v| v.state == PayState::Reversed)
            .await;
    }
    let _ended: SandboxStatus = till.ask("sandbox_end_day", NoArgs {}).await.unwrap();
    let days: DayList = till
        .ask("reconcile_days", DaysOf { account_id: None })
        .await
        .unwrap();
    for account in days.accounts.iter().filter(|it| has_past(&it.channel)) {
        let of_today = DayOf {
            account_id: account.id.clone(),
            day: days.days[0].day.clone(),
        };
        let bill: BillPreview = till.ask("fetch_bill", of_today).await.unwrap();
        assert_eq!(bill.differences, [], "{}", account.channel);
        assert_eq!(bill.rows, 2, "there and back: {bill:?}");
    }
    till.close().await;
}
