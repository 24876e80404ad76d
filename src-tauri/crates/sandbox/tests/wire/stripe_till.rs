//! A till of Stripe for tests: forms with brackets, and the answers as JSON.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::shop::{Answer, Shop, fresh};

/// `a[b]=1` and so on, as the SDKs write a body.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", part(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn fresh_key() -> String {
    format!("key-{}", fresh())
}

impl Shop {
    fn stripe_request(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let key = &self.merchant().stripe.secret_key;
        request
            .header("authorization", format!("Bearer {key}"))
            .header("stripe-version", "2026-10-28.endive")
    }

    pub(crate) async fn stripe_try(
        &self,
        path: &str,
        pairs: &[(&str, &str)],
        key: &str,
    ) -> Result<Answer, reqwest::Error> {
        let request = self
            .stripe_request(self.client.post(self.url(path)))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", key)
            .body(form(pairs));
        self.send(request).await
    }

    /// An act under a fresh key: status and body.
    pub(crate) async fn stripe_post(&self, path: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.stripe_try(path, pairs, &fresh_key()).await.unwrap();
        (answer.status, answer.json())
    }

    /// An act that succeeds.
    pub(crate) async fn stripe_do(&self, path: &str, pairs: &[(&str, &str)]) -> Value {
        let (status, body) = self.stripe_post(path, pairs).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The code of a refusal, with its status.
    pub(crate) async fn stripe_refused(&self, path: &str, pairs: &[(&str, &str)]) -> (u16, String) {
        let (status, body) = self.stripe_post(path, pairs).await;
        let code = body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (status, code)
    }

    pub(crate) async fn stripe_ask(&self, target: &str) -> Answer {
        let request = self.stripe_request(self.client.get(self.url(target)));
        self.send(request).await.unwrap()
    }

    pub(crate) async fn stripe_get(&self, target: &str) -> Value {
        let answer = self.stripe_ask(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.json()
    }

    /// An intent of so much, paid by card at once.
    pub(crate) async fn stripe_paid(&self, order: &str, amount: &str, currency: &str) -> Value {
        let pairs = [
            ("amount", amount),
            ("currency", currency),
            ("payment_method_types[0]", "card"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("metadata[order_id]", order),
        ];
        self.stripe_do("/v1/payment_intents", &pairs).await
    }

    /// An intent for a reader.
    pub(crate) async fn stripe_for_reader(&self, order: &str, amount: &str) -> String {
        let pairs = [
            ("amount", amount),
            ("currency", "hkd"),
            ("payment_method_types[0]", "card_present"),
            ("metadata[order_id]", order),
        ];
        let intent = self.stripe_do("/v1/payment_intents", &pairs).await;
        intent["id"].as_str().unwrap().to_owned()
    }

    /// A session of one line.
    pub(crate) async fn stripe_session(&self, order: &str, amount: &str) -> Value {
        let pairs = [
            ("mode", "payment"),
            ("line_items[0][price_data][currency]", "usd"),
            ("line_items[0][price_data][unit_amount]", amount),
            (
                "line_items[0][price_data][product_data][name]",
                "Tea & cake",
            ),
            ("line_items[0][quantity]", "2"),
            (
                "success_url",
                "https://shop.example/ok?s={CHECKOUT_SESSION_ID}",
            ),
            ("metadata[order_id]", order),
            ("payment_intent_data[metadata][order_id]", order),
        ];
        self.stripe_do("/v1/checkout/sessions", &pairs).await
    }

    pub(crate) fn stripe_reader(&self) -> String {
        format!("/v1/terminal/readers/{}", self.merchant().stripe.reader)
    }

    /// The amounts of the merchant's sheet of a currency; it must balance.
    pub(crate) fn stripe_balance(&self, currency: &str) -> i64 {
        let ledger = self.sandbox.ledger().unwrap();
        assert!(
            ledger.balances.iter().all(|sheet| sheet.is_balanced),
            "{:?}",
            ledger.balances
        );
        let mut sheets = ledger.balances.into_iter();
        let sheet = sheets.find(|it| {
            it.channel == paydesk_sandbox::Channel::Stripe && it.currency.code() == currency
        });
        sheet.map_or(0, |sheet| sheet.merchant.get())
    }
}
