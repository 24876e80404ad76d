//! A till of BTCPay Server for tests: plain HTTP, a key, and the customer's wallet.

use paydesk_sandbox::{WalletAct, WalletScreen};
use serde_json::{Value, json};

use crate::shop::{Answer, Shop};

impl Shop {
    /// One call with a key; `stores/` in front of a path means the merchant's own store.
    pub(crate) async fn btcpay_as(
        &self,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let url = self.url(&format!("/api/v1/{path}"));
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(key) = key {
            request = request.header("authorization", format!("token {key}"));
        }
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        self.send(request).await.unwrap()
    }

    /// The same with the shop's key; anything but 200 fails.
    pub(crate) async fn btcpay(&self, method: &str, path: &str, body: Value) -> Value {
        let key = self.merchant().btcpay.api_key.clone();
        let answer = self.btcpay_as(Some(&key), method, path, &body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json()
    }

    /// The same where it has to be refused: status and body.
    pub(crate) async fn btcpay_refused(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let key = self.merchant().btcpay.api_key.clone();
        let answer = self.btcpay_as(Some(&key), method, path, &body).await;
        (answer.status, answer.json())
    }

    pub(crate) fn btcpay_store(&self, rest: &str) -> String {
        format!("stores/{}/{rest}", self.merchant().btcpay.store_id)
    }

    /// An invoice of so much, as the till makes them.
    pub(crate) async fn invoice(&self, order_id: &str, amount: &str, currency: &str) -> Value {
        let asked = json!({
            "amount": amount,
            "currency": currency,
            "metadata": { "orderId": order_id, "itemDesc": "tea" },
        });
        self.btcpay("POST", &self.btcpay_store("invoices"), asked)
            .await
    }

    /// The same with a policy.
    pub(crate) async fn invoice_with(&self, order_id: &str, checkout: Value) -> Value {
        let asked = json!({
            "amount": "5.00",
            "currency": "USD",
            "metadata": { "orderId": order_id },
            "checkout": checkout,
        });
        self.btcpay("POST", &self.btcpay_store("invoices"), asked)
            .await
    }

    pub(crate) async fn invoice_now(&self, invoice: &Value) -> Value {
        let id = invoice["id"].as_str().unwrap();
        self.btcpay("GET", &format!("invoices/{id}"), Value::Null)
            .await
    }

    /// Status and additional status, joined.
    pub(crate) async fn state(&self, invoice: &Value) -> String {
        let now = self.invoice_now(invoice).await;
        let text = |name: &str| now[name].as_str().unwrap().to_owned();
        format!("{}/{}", text("status"), text("additionalStatus"))
    }

    pub(crate) async fn ways(&self, invoice: &Value) -> Value {
        let id = invoice["id"].as_str().unwrap();
        let path = format!("invoices/{id}/payment-methods");
        self.btcpay("GET", &path, Value::Null).await
    }

    /// One way to pay it.
    pub(crate) async fn way(&self, invoice: &Value, method: &str) -> Value {
        let ways = self.ways(invoice).await;
        let mut ways = ways.as_array().unwrap().iter();
        let way = ways.find(|way| way["paymentMethodId"] == method);
        way.expect(method).clone()
    }

    pub(crate) async fn link(&self, invoice: &Value, method: &str) -> String {
        let way = self.way(invoice, method).await;
        way["paymentLink"].as_str().unwrap().to_owned()
    }

    pub(crate) fn wallet(&self, qr: &str, act: WalletAct) -> WalletScreen {
        self.sandbox.wallet(qr, act).unwrap()
    }

    /// Sends so many satoshi on chain; what is asked where none are named.
    pub(crate) async fn send_coins(&self, invoice: &Value, sats: Option<i64>) {
        let link = self.link(invoice, "BTC-CHAIN").await;
        let act = WalletAct::Send {
            sats,
            is_replaceable: false,
            is_stuck: false,
        };
        let screen = self.wallet(&link, act);
        assert_eq!(screen.state, "sent", "{screen:?}");
    }

    /// Every balance adds up; the merchant's satoshi.
    pub(crate) fn sats(&self) -> i64 {
        let ledger = self.sandbox.ledger().unwrap();
        let mut balances = ledger.balances.into_iter();
        assert!(balances.clone().all(|balance| balance.is_balanced));
        let own = balances.find(|balance| balance.currency.code() == "BTC");
        own.unwrap().merchant.get()
    }
}

/// Satoshi of a decimal that the API told, without a float.
pub(crate) fn sats_of(value: &Value) -> i64 {
    let text = value.as_str().expect("decimals are texts");
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    assert!(rest.len() <= 8, "{text}");
    format!("{whole}{rest:0<8}").parse().unwrap()
}
