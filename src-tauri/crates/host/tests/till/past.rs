//! A demo shop with days behind it: what was played stands on both sides and agrees.

use crate::till::{Till, folder};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;

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
    assert!(over.totals.count >= 30, "{over:?}");
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
