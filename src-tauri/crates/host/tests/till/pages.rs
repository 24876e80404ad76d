//! A payment on UnionPay's own page: the file that leads a browser there, the payer's choice, and what the till learns.

use crate::refunds::{dialog, request};
use crate::till::{Till, folder, intent};
use paydesk_console::contract::*;
use paydesk_host::HostOptions;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

/// A browser that a test drives: it keeps the files it was started with.
#[derive(Clone, Default)]
struct Started(Arc<Mutex<Vec<String>>>);

impl Started {
    fn options(&self, name: &str) -> HostOptions {
        let kept = self.clone();
        HostOptions {
            data: Some(folder(name)),
            resolve: true,
            browser: Some(Arc::new(move |file: &Path| {
                kept.0.lock().unwrap().push(file.display().to_string());
                Ok(())
            })),
            ..HostOptions::default()
        }
    }

    fn files(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// The value of every such attribute, as a browser reads it.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let mark = format!(" {name}=\"");
    let values = html.split(&mark).skip(1);
    values
        .filter_map(|rest| rest.split('"').next())
        .map(|value| {
            let plain = value.replace("&quot;", "\"").replace("&#39;", "'");
            plain
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}

/// What the browser does with the file: it posts the form there. Answers the channel's page.
async fn browse(file: &str) -> (String, u16, String) {
    let html = std::fs::read_to_string(file).unwrap();
    let url = attributes(&html, "action").remove(0);
    let inputs = html.split("<input ").skip(1);
    let fields: BTreeMap<String, String> = inputs
        .map(|input| {
            let input = format!(" {input}");
            let of = |name| attributes(&input, name).remove(0);
            (of("name"), of("value"))
        })
        .collect();
    let (status, page) = post(&url, &fields).await;
    (url, status, page)
}

#[allow(clippy::disallowed_methods, reason = "the payer's browser")]
async fn post(url: &str, fields: &BTreeMap<String, String>) -> (u16, String) {
    let part = |text: &str| {
        let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
        bytes.collect::<String>()
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", part(name), part(value)))
        .collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.join("&"));
    let answer = sent.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The payer presses a button of the channel's page.
async fn choose(url: &str, page: &str, act: &str) -> String {
    let host = url.split("/gateway/").next().unwrap();
    let target = attributes(page, "action").remove(0);
    let fields = BTreeMap::from([("act".to_owned(), act.to_owned())]);
    post(&format!("{host}{target}"), &fields).await.1
}

fn ask(minor: i64) -> ShowQr {
    ShowQr {
        currency: None,
        intent_id: intent(),
        amount_minor: minor.to_string(),
        channel: "unionpay".to_owned(),
        note: String::new(),
        confirmed_repeat_of: None,
        part: None,
    }
}

fn id(order_id: &str) -> OrderId {
    OrderId {
        order_id: order_id.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_pays_on_the_page_and_gets_money_back() {
    let browser = Started::default();
    let till = Till::set_up(browser.options("page")).await;
    let shown: PageOpened = till.ask("open_page", ask(12_345)).await.unwrap();
    let order = shown.view.order_id.clone();
    assert!(shown.opened && browser.files() == [shown.file.clone()]);
    assert_eq!(shown.view.state, PayState::PageOpen);
    assert!(shown.view.page_until.unwrap() > shown.view.now);
    let (url, status, page) = browse(&shown.file).await;
    assert_eq!(status, 200);
    assert!(page.contains("123.45"), "{page}");

    // Whoever goes away can still come back: nothing is concluded from it.
    choose(&url, &page, "leave").await;
    let view: PaymentView = till.ask("check_now", id(&order)).await.unwrap();
    assert_eq!(view.state, PayState::PageOpen);
    choose(&url, &page, "pay").await;
    let _view: PaymentView = till.ask("check_now", id(&order)).await.unwrap();
    till.until(&order, "paid", |v| v.state == PayState::Paid)
        .await;
    let over = till.ask::<_, PageOpened>("reopen_page", id(&order)).await;
    assert_eq!(over.unwrap_err().code, ErrorCode::NotNow);

    let ask = request(&dialog(&till, &order).await, 2_345);
    let back: RefundView = till.ask("request_refund", ask).await.unwrap();
    let done = |it: &RefundView| it.state == RefundStateView::Done;
    till.until_refund(&order, &back.refund_id, "given back", done)
        .await;
    let ledger = till.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].charged, ledger[0].refunded), (12_345, 2_345));
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_survives_the_program_and_is_the_same_again() {
    let browser = Started::default();
    let options = browser.options("page-again");
    let till = Till::set_up(options.clone()).await;
    let wish = ask(500);
    let shown: PageOpened = till.ask("open_page", wish.clone()).await.unwrap();
    let order = shown.view.order_id.clone();
    let first = std::fs::read_to_string(&shown.file).unwrap();
    // The same intent is the same order, and the same form.
    let again: PageOpened = till.ask("open_page", wish).await.unwrap();
    assert_eq!((&again.view.order_id, &again.file), (&order, &shown.file));
    let folder = till.folder.clone();
    till.close_keeping_folder().await;

    let till = Till::open(folder).await;
    let reopened: PageOpened = till.ask("reopen_page", id(&order)).await.unwrap();
    assert!(!reopened.opened, "nobody sits before this one");
    let second = std::fs::read_to_string(&reopened.file).unwrap();
    let fields = |html: &str| html.split_once("<input").unwrap().1.to_owned();
    assert_eq!(fields(&first), fields(&second));
    let (url, _, page) = browse(&reopened.file).await;
    choose(&url, &page, "pay").await;
    let _view: PaymentView = till.ask("check_now", id(&order)).await.unwrap();
    till.until(&order, "paid", |v| v.state == PayState::Paid)
        .await;
    assert_eq!(till.ledger().await.len(), 1);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_given_up_and_paid_all_the_same_waits_for_a_person() {
    let browser = Started::default();
    let till = Till::set_up(browser.options("page-late")).await;
    let shown: PageOpened = till.ask("open_page", ask(700)).await.unwrap();
    let order = shown.view.order_id.clone();
    // Nobody has seen the page: the channel knows nothing of it, and it is watched.
    let _view: PaymentView = till.ask("cancel_payment", id(&order)).await.unwrap();
    till.until(&order, "given up", |v| v.state == PayState::Reversed)
        .await;
    let (url, _, page) = browse(&shown.file).await;
    choose(&url, &page, "pay").await;
    till.until(&order, "paid late", |v| v.state == PayState::PaidLate)
        .await;
    assert_eq!(till.ledger().await[0].charged, 700);
    till.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_without_pages_opens_none() {
    let till = Till::demo("no-page").await;
    let asked = ShowQr {
        channel: "alipay".to_owned(),
        ..ask(100)
    };
    let refused = till.ask::<_, PageOpened>("open_page", asked).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ChannelNotConnected);
    assert!(till.ledger().await.is_empty());
    till.close().await;
}
