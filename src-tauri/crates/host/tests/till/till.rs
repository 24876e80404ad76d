//! A till on a folder of its own, and the few things a test does with it.

use paydesk_console::contract::*;
use paydesk_host::{Host, HostOptions};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// The channels at which the demo's past has no sale.
pub(crate) const SILENT: [&str; 3] = ["btcpay", "stripe", "unionpay"];

/// The accounts of a day of the demo's past that have sales.
pub(crate) fn traded(accounts: &[AccountDayView]) -> impl Iterator<Item = &AccountDayView> {
    let has_sales = |day: &&AccountDayView| has_past(&day.account.channel);
    accounts.iter().filter(has_sales)
}

/// Whether the demo's past has sales at the channel.
pub(crate) fn has_past(channel: &str) -> bool {
    !SILENT.contains(&channel)
}

/// Longer than any result may take with a fault that stays on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

pub(crate) struct Till {
    pub(crate) host: Host,
    pub(crate) folder: PathBuf,
}

/// A trade in the sandbox's ledger, in fen.
#[derive(Debug)]
pub(crate) struct Trade {
    pub(crate) reference: String,
    pub(crate) total: i64,
    pub(crate) charged: i64,
    pub(crate) refunded: i64,
}

pub(crate) fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("paydesk-till-{}-{name}-{n}", std::process::id()));
    let _absent = std::fs::remove_dir_all(&folder);
    folder
}

impl Till {
    /// A demo shop, freshly set up.
    pub(crate) async fn demo(name: &str) -> Till {
        let options = HostOptions {
            data: Some(folder(name)),
            resolve: true,
            ..HostOptions::default()
        };
        Till::set_up(options).await
    }

    pub(crate) async fn set_up(options: HostOptions) -> Till {
        Till::set_up_with(options, 0).await
    }

    /// A demo shop with days behind it.
    pub(crate) async fn set_up_with(options: HostOptions, past_days: u8) -> Till {
        let folder = options.data.clone().unwrap();
        let till = Till {
            host: Host::open(options).await.unwrap(),
            folder,
        };
        let set_up = SetUp {
            currency: None,
            locale: Locale::ZhCn,
            mode: ModeView::Demo,
            store_name: "演示店".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            cutoff_hour: 0,
            past_days,
            passphrase: None,
        };
        let status: AppStatus = till.ask("set_up", set_up).await.unwrap();
        assert_eq!(status.stage, Stage::Ready);
        till
    }

    pub(crate) async fn open(folder: PathBuf) -> Till {
        let options = HostOptions {
            data: Some(folder.clone()),
            resolve: true,
            ..HostOptions::default()
        };
        Till {
            host: Host::open(options).await.unwrap(),
            folder,
        }
    }

    pub(crate) async fn ask<A: Serialize, R: DeserializeOwned>(
        &self,
        name: &str,
        args: A,
    ) -> Result<R, CommandError> {
        let answer = self
            .host
            .console()
            .call(name, serde_json::to_value(args).unwrap())
            .await?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    /// The codes of a customer at Alipay and at WeChat Pay.
    pub(crate) async fn codes(&self, digits: &str) -> (String, String) {
        let mut codes = self.codes_by_channel(digits).await;
        let mut code = |channel| codes.remove(channel).unwrap();
        (code("alipay"), code("wechatpay"))
    }

    /// The code of a customer at every channel.
    pub(crate) async fn codes_by_channel(&self, digits: &str) -> BTreeMap<String, String> {
        let status: SandboxStatus = self.ask("sandbox_status", NoArgs {}).await.unwrap();
        let customer = status
            .customers
            .into_iter()
            .find(|c| c.digits == digits)
            .unwrap();
        let codes = customer.codes.into_iter();
        codes.map(|shown| (shown.channel, shown.code)).collect()
    }

    pub(crate) async fn fault(&self, name: &str, on: bool) {
        let set = SetFault {
            name: name.to_owned(),
            on,
        };
        let _status: SandboxStatus = self.ask("sandbox_set_fault", set).await.unwrap();
    }

    pub(crate) async fn charge(&self, code: &str, minor: i64) -> Result<PaymentView, CommandError> {
        self.ask("take_payment", take(code, minor)).await
    }

    /// A payment by a code that is shown.
    pub(crate) async fn show(&self, channel: &str, minor: i64) -> PaymentView {
        self.ask("show_qr", show(channel, minor)).await.unwrap()
    }

    /// The customer's phone.
    pub(crate) async fn phone(&self, qr: &str, act: Act) -> PhoneScreen {
        let act = PhoneAct {
            qr: qr.to_owned(),
            act,
        };
        self.ask("sandbox_phone", act).await.unwrap()
    }

    /// A payment that its customer made by phone; the order.
    pub(crate) async fn paid_by_phone(&self, channel: &str, minor: i64) -> String {
        let order = self.show(channel, minor).await.order_id;
        let shown = self.until(&order, "shown", |v| v.qr.is_some()).await;
        for act in [Act::Scan, Act::Pay] {
            self.phone(&shown.qr.as_ref().unwrap().text, act).await;
        }
        self.until(&order, "paid", |v| v.state == PayState::Paid)
            .await;
        order
    }

    pub(crate) async fn view(&self, order: &str) -> PaymentView {
        self.ask(
            "payment_view",
            OrderId {
                order_id: order.to_owned(),
            },
        )
        .await
        .unwrap()
    }

    pub(crate) async fn detail(&self, order: &str) -> OrderDetail {
        self.ask(
            "order_detail",
            OrderId {
                order_id: order.to_owned(),
            },
        )
        .await
        .unwrap()
    }

    /// Waits until the view fits; the failure says what it was instead.
    pub(crate) async fn until(
        &self,
        order: &str,
        what: &str,
        fits: impl Fn(&PaymentView) -> bool,
    ) -> PaymentView {
        let begun = Instant::now();
        loop {
            let view = self.view(order).await;
            if fits(&view) {
                return view;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what}: {view:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn until_refund(
        &self,
        order: &str,
        refund: &str,
        what: &str,
        fits: impl Fn(&RefundView) -> bool,
    ) -> RefundView {
        let begun = Instant::now();
        loop {
            let detail = self.detail(order).await;
            let view = detail
                .refunds
                .into_iter()
                .find(|r| r.refund_id == refund)
                .unwrap();
            if fits(&view) {
                return view;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what}: {view:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the sandbox's own ledger says: the truth of the demo's money.
    pub(crate) async fn ledger(&self) -> Vec<Trade> {
        let ledger = self.host.sandbox_ledger().await.unwrap();
        let sum = |rows: &Value| -> i64 {
            let rows = rows.as_array().unwrap().iter();
            rows.filter(|r| r["state"] != "closed")
                .map(|r| r["amount"].as_i64().unwrap())
                .sum()
        };
        let number = |trade: &Value| -> String {
            // Stripe's objects have numbers of their own, and carry the merchant's among their words.
            let word = &trade["stripe"]["metadata"]["paydesk_payment"];
            let number = word.as_str().or(trade["out_trade_no"].as_str());
            number.unwrap().to_owned()
        };
        let trade = |trade: &Value| Trade {
            reference: number(trade),
            total: trade["total"].as_i64().unwrap(),
            charged: sum(&trade["charges"]),
            refunded: sum(&trade["refunds"]),
        };
        ledger["trades"]
            .as_array()
            .unwrap()
            .iter()
            .map(trade)
            .collect()
    }

    /// No double charge, nothing paid lost: what the till says is what the channel's ledger says.
    pub(crate) async fn agrees_with_the_ledger(&self) {
        for trade in self.ledger().await {
            assert!(trade.charged <= trade.total, "charged twice: {trade:?}");
            let view = self.view(&trade.reference[..18]).await;
            let says_paid = matches!(view.state, PayState::Paid | PayState::PaidLate);
            assert_eq!(
                says_paid,
                trade.charged > trade.refunded,
                "{trade:?} {view:#?}"
            );
        }
    }

    /// Ends it; what it kept stays.
    pub(crate) async fn close_keeping_folder(self) {
        self.host.close().await;
    }

    pub(crate) async fn close(self) {
        let folder = self.folder.clone();
        let report = self.host.verify(true).await.unwrap();
        assert!(
            report.fault.is_none() && report.differences.is_empty(),
            "{report:#?}"
        );
        self.host.close().await;
        std::fs::remove_dir_all(folder).unwrap();
    }
}

pub(crate) fn intent() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!(
        "test-intent-{:08}-{:08}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

pub(crate) fn take(code: &str, minor: i64) -> TakePayment {
    TakePayment {
        currency: None,
        intent_id: intent(),
        amount_minor: minor.to_string(),
        code: code.to_owned(),
        note: String::new(),
        confirmed_repeat_of: None,
        part: None,
    }
}

pub(crate) fn show(channel: &str, minor: i64) -> ShowQr {
    ShowQr {
        currency: None,
        intent_id: intent(),
        amount_minor: minor.to_string(),
        channel: channel.to_owned(),
        note: "A12 桌".to_owned(),
        confirmed_repeat_of: None,
        part: None,
    }
}
