//! Several currencies at one till: each by itself, with its own decimals, from the screen to the channel's ledger.

use crate::{
    refunds::{dialog, request},
    till::{Till, folder, show, take},
};
use paydesk_console::contract::*;
use paydesk_host::{Host, HostOptions};

/// Minor units of each, as they stand in the channel's ledger.
const SALES: [(&str, i64); 4] = [("CNY", 4_650), ("JPY", 500), ("KWD", 12_340), ("USD", 500)];

async fn takes(till: &Till, codes: &[&str]) -> Result<AppStatus, CommandError> {
    let change = ChangeSettings {
        currencies: Some(codes.iter().map(|code| (*code).to_owned()).collect()),
        ..ChangeSettings::default()
    };
    till.ask("change_settings", change).await
}

fn at_stripe(currency: &str, minor: i64) -> ShowQr {
    ShowQr {
        currency: Some(currency.to_owned()),
        ..show("stripe", minor)
    }
}

async fn paid(till: &Till, currency: &str, minor: i64) -> PaymentView {
    let asked: PaymentView = till
        .ask("show_qr", at_stripe(currency, minor))
        .await
        .unwrap();
    let shown = till
        .until(&asked.order_id, "shown", |v| v.qr.is_some())
        .await;
    till.phone(&shown.qr.unwrap().text, Act::Pay).await;
    let is_paid = |view: &PaymentView| view.state == PayState::Paid;
    till.until(&asked.order_id, "paid", is_paid).await
}

fn everything(search: &str) -> OrderQuery {
    OrderQuery {
        tab: OrderTab::All,
        search: search.to_owned(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
    }
}

async fn sums(till: &Till, search: &str) -> Vec<(String, String, String)> {
    let over: OrdersOver = till.ask("order_totals", everything(search)).await.unwrap();
    let sums = over.totals.sums.into_iter();
    sums.map(|it| (it.taken.currency, it.taken.minor, it.net.minor))
        .collect()
}

fn sum(currency: &str, taken: &str, net: &str) -> (String, String, String) {
    (currency.to_owned(), taken.to_owned(), net.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_currency_is_charged_listed_reported_and_given_back_by_itself() {
    let till = Till::demo("currencies").await;
    let status = takes(&till, &["JPY", "KWD", "USD", "JPY", "CNY"])
        .await
        .unwrap();
    let known: Vec<(&str, u8)> = status
        .currencies
        .iter()
        .map(|it| (it.code.as_str(), it.exponent))
        .collect();
    assert_eq!(known, [("CNY", 2), ("JPY", 0), ("KWD", 3), ("USD", 2)]);
    let alipay = status.channels.iter().find(|it| it.id == "alipay").unwrap();
    assert_eq!(alipay.currencies, ["CNY"]);

    let mut orders = Vec::new();
    for (currency, minor) in SALES {
        let view = paid(&till, currency, minor).await;
        assert_eq!(view.amount.currency, currency);
        assert_eq!(view.amount.minor, minor.to_string());
        orders.push(view.order_id);
    }
    let mut at_channel: Vec<i64> = till.ledger().await.iter().map(|it| it.charged).collect();
    at_channel.sort_unstable();
    assert_eq!(at_channel, [500, 500, 4_650, 12_340]);

    // Five hundred yen and five dollars are the same figures and not the same money.
    assert_eq!(
        sums(&till, "5").await,
        [sum("CNY", "0", "0"), sum("USD", "500", "500")]
    );
    assert_eq!(
        sums(&till, "500").await,
        [sum("CNY", "0", "0"), sum("JPY", "500", "500")]
    );

    let yen = orders.get(1).unwrap();
    let wrong = RequestRefund {
        currency: Some("USD".to_owned()),
        ..request(&dialog(&till, yen).await, 120)
    };
    let wrong = till.ask::<_, RefundView>("request_refund", wrong).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::CurrencyNotTaken);
    let right = request(&dialog(&till, yen).await, 120);
    let begun: RefundView = till.ask("request_refund", right).await.unwrap();
    assert_eq!(begun.amount.currency, "JPY");
    let done = |it: &RefundView| it.state == RefundStateView::Done;
    till.until_refund(yen, &begun.refund_id, "done", done).await;
    assert_eq!(
        sums(&till, "").await,
        [
            sum("CNY", "4650", "4650"),
            sum("JPY", "500", "380"),
            sum("KWD", "12340", "12340"),
            sum("USD", "500", "500"),
        ]
    );
    reported(&till, &status.business_day).await;
    till.agrees_with_the_ledger().await;
    till.close().await;
}

async fn reported(till: &Till, day: &str) {
    for (currency, expected) in [(None, "4650"), (Some("JPY"), "500"), (Some("EUR"), "0")] {
        let ask = TakingsOf {
            from: day.to_owned(),
            to: day.to_owned(),
            by: TakingsStep::Hour,
            currency: currency.map(str::to_owned),
        };
        let told: Takings = till.ask("takings", ask).await.unwrap();
        assert_eq!(told.currency, currency.unwrap_or("CNY"));
        assert_eq!(told.totals.taken.minor, expected, "{currency:?}");
        assert_eq!(told.currencies, ["CNY", "JPY", "KWD", "USD"]);
    }
    let recent: RecentPayments = till.ask("recent_payments", NoArgs {}).await.unwrap();
    let today: Vec<&str> = recent
        .today_totals
        .iter()
        .map(|it| it.minor.as_str())
        .collect();
    assert_eq!(
        (today, recent.today_count),
        (vec!["4650", "500", "12340", "500"], 4)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_or_the_shop_does_not_take_is_refused_before_anything_is_recorded() {
    let till = Till::demo("currencies-refused").await;
    takes(&till, &["USD"]).await.unwrap();
    for code in ["usd", "XYZ", "", "¥"] {
        let error = takes(&till, &["USD", code]).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::CurrencyNotTaken, "{code}");
    }
    let not_of_the_shop = till
        .ask::<_, PaymentView>("show_qr", at_stripe("EUR", 500))
        .await
        .unwrap_err();
    let at_alipay = ShowQr {
        currency: Some("USD".to_owned()),
        ..show("alipay", 500)
    };
    let not_of_the_channel = till
        .ask::<_, PaymentView>("show_qr", at_alipay)
        .await
        .unwrap_err();
    let (alipay, _) = till.codes("00").await;
    let scanned = TakePayment {
        currency: Some("USD".to_owned()),
        ..take(&alipay, 500)
    };
    let not_by_scan = till
        .ask::<_, PaymentView>("take_payment", scanned)
        .await
        .unwrap_err();
    for error in [not_of_the_shop, not_of_the_channel, not_by_scan] {
        assert_eq!(
            (error.code, error.money),
            (ErrorCode::CurrencyNotTaken, MoneyMark::NotMoved)
        );
    }
    let over: OrdersOver = till.ask("order_totals", everything("")).await.unwrap();
    assert_eq!((over.totals.count, till.ledger().await.len()), (0, 0));
    // What was taken in a currency can still be given back when the till does not ask for it any more.
    let order = paid(&till, "USD", 500).await.order_id;
    takes(&till, &[]).await.unwrap();
    let back = request(&dialog(&till, &order).await, 500);
    let begun: RefundView = till.ask("request_refund", back).await.unwrap();
    let done = |it: &RefundView| it.state == RefundStateView::Done;
    till.until_refund(&order, &begun.refund_id, "done", done)
        .await;
    assert_eq!(
        sums(&till, "").await,
        [sum("CNY", "0", "0"), sum("USD", "500", "0")]
    );
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_a_shop_may_be_in_yen_with_a_past_in_cash() {
    let options = HostOptions {
        data: Some(folder("books-in-yen")),
        resolve: true,
        ..HostOptions::default()
    };
    let till = Till {
        folder: options.data.clone().unwrap(),
        host: Host::open(options).await.unwrap(),
    };
    let set_up = |currency: &str| SetUp {
        locale: Locale::En,
        mode: ModeView::Demo,
        store_name: "Kissaten".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        cutoff_hour: 0,
        currency: Some(currency.to_owned()),
        past_days: 2,
        passphrase: None,
    };
    let unknown = till.ask::<_, AppStatus>("set_up", set_up("YEN")).await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::CurrencyNotTaken);
    let status: AppStatus = till.ask("set_up", set_up("JPY")).await.unwrap();
    assert_eq!((status.currency.as_str(), status.exponent), ("JPY", 0));
    let past: OrdersOver = till.ask("order_totals", everything("")).await.unwrap();
    assert!(past.totals.count > 10, "{past:?}");
    assert!(past.totals.sums.iter().all(|it| it.taken.currency == "JPY"));
    let view = paid(&till, "JPY", 1_280).await;
    assert_eq!(
        (view.amount.minor.as_str(), view.amount.exponent),
        ("1280", 0)
    );
    till.close().await;
}
