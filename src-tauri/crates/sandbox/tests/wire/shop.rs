//! A shop for tests: a sandbox in a folder of its own, and a client that signs with aws-lc-rs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paydesk_sandbox::{
    Behaviour, Channel, Clock, MerchantCredentials, Moment, Rhythm, Sandbox, SandboxConfig, Trade,
    sample_code,
};
use serde_json::{Value, json};

static COUNT: AtomicU64 = AtomicU64::new(1);

/// A number that no other test uses.
pub(crate) fn fresh() -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub(crate) struct StandingClock(AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> Moment {
        let wall_ms = self.0.load(Ordering::SeqCst);
        Moment {
            wall_ms,
            monotonic_ns: wall_ms as u64,
        }
    }
}

/// A folder that goes away with the test.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("paydesk-sandbox-test-{}-{}", std::process::id(), fresh());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Keys are made once for all tests: seven of them take a second.
async fn key_file() -> &'static [u8] {
    static KEYS: OnceLock<Vec<u8>> = OnceLock::new();
    static MAKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = MAKING.lock().await;
    if KEYS.get().is_none() {
        let folder = Folder::new();
        let sandbox = paydesk_sandbox::start(SandboxConfig::new(&folder.0, 0))
            .await
            .unwrap();
        sandbox.stop().await;
        KEYS.set(std::fs::read(folder.0.join("keys.json")).unwrap())
            .unwrap();
    }
    KEYS.get().unwrap()
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }
}

/// A sandbox and its till.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) folder: Arc<Folder>,
    pub(crate) client: reqwest::Client,
}

pub(crate) fn quick() -> Rhythm {
    Rhythm {
        silence_ms: 50,
        delay_ms: 300,
        late_ms: 400,
        ..Rhythm::default()
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let folder = Arc::new(Folder::new());
        std::fs::write(folder.0.join("keys.json"), key_file().await).unwrap();
        let clock = Arc::new(StandingClock(AtomicI64::new(1_795_227_732_000)));
        Self::open_in(folder, clock).await
    }

    pub(crate) async fn open_in(folder: Arc<Folder>, clock: Arc<StandingClock>) -> Self {
        let mut config = SandboxConfig::new(&folder.0, 0);
        config.rhythm = quick();
        config.clock = clock.clone();
        let sandbox = paydesk_sandbox::start(config).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            sandbox,
            clock,
            folder,
            client,
        }
    }

    /// Stops and starts again on the same folder.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            sandbox,
            clock,
            folder,
            ..
        } = self;
        sandbox.stop().await;
        Self::open_in(folder, clock).await
    }

    pub(crate) fn merchant(&self) -> &MerchantCredentials {
        self.sandbox.merchant()
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.clock.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.sandbox.address())
    }

    pub(crate) fn trade(&self, channel: Channel, number: &str) -> Trade {
        let ledger = self.sandbox.ledger().unwrap();
        assert!(
            ledger.balances.iter().all(|balance| balance.is_balanced),
            "{:?}",
            ledger.balances
        );
        let mut found = ledger
            .trades
            .into_iter()
            .filter(|trade| trade.key.channel == channel && trade.key.out_trade_no == number);
        found.next().expect(number)
    }

    pub(crate) fn has_trade(&self, number: &str) -> bool {
        let ledger = self.sandbox.ledger().unwrap();
        ledger
            .trades
            .iter()
            .any(|trade| trade.key.out_trade_no == number)
    }

    pub(crate) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            body: response.text().await?,
        })
    }

    /// An Alipay call as query and form.
    pub(crate) fn alipay_form(&self, method: &str, content: &Value) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = [
            ("app_id", self.merchant().alipay.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-11-21 10:22:12"),
            ("version", "1.0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        form.push(("biz_content".to_owned(), content.to_string()));
        form
    }

    pub(crate) fn alipay_signed(&self, form: Vec<(String, String)>) -> Vec<(String, String)> {
        alipay_sign(form, &self.merchant().alipay.app_private_key_pem)
    }

    pub(crate) async fn alipay_send(
        &self,
        form: &[(String, String)],
    ) -> Result<Answer, reqwest::Error> {
        let (body, query): (Vec<_>, Vec<_>) =
            form.iter().partition(|(name, _)| name == "biz_content");
        let url = self.url(&format!("/gateway.do?{}", encode(&query)));
        let request = self
            .client
            .post(url)
            .header(
                "content-type",
                "application/x-www-form-urlencoded;charset=utf-8",
            )
            .body(encode(&body));
        self.send(request).await
    }

    pub(crate) async fn alipay_try(
        &self,
        method: &str,
        content: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let form = self.alipay_signed(self.alipay_form(method, content));
        self.alipay_send(&form).await
    }

    /// An Alipay call whose answer must be signed; its node.
    pub(crate) async fn alipay(&self, method: &str, content: Value) -> Value {
        let answer = self.alipay_try(method, &content).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/html"));
        let signed = signed_part(&answer.body, &node_of(method)).expect(&answer.body);
        assert!(
            self.alipay_verifies(signed, &answer.body),
            "{}",
            answer.body
        );
        serde_json::from_str(signed).unwrap()
    }

    pub(crate) fn alipay_verifies(&self, signed: &str, body: &str) -> bool {
        let whole: Value = serde_json::from_str(body).unwrap();
        let sign = whole["sign"].as_str().unwrap_or_default();
        verifies(
            &self.merchant().alipay.gateway_public_key_pem,
            signed.as_bytes(),
            sign,
        )
    }

    pub(crate) async fn alipay_pay(&self, number: &str, yuan: &str, customer: Behaviour) -> Value {
        let content = self.alipay_charge(number, yuan, customer);
        self.alipay("alipay.trade.pay", content).await
    }

    pub(crate) fn alipay_charge(&self, number: &str, yuan: &str, customer: Behaviour) -> Value {
        json!({
            "out_trade_no": number,
            "scene": "bar_code",
            "auth_code": sample_code(Channel::Alipay, customer, fresh()),
            "subject": "门店收款",
            "total_amount": yuan,
        })
    }

    /// The Authorization header of a WeChat Pay call.
    pub(crate) fn wechatpay_authorization(&self, method: &str, target: &str, body: &str) -> String {
        let seconds = self.clock.now().wall_ms / 1000;
        self.wechatpay_authorization_at(method, target, body, seconds)
    }

    pub(crate) fn wechatpay_authorization_at(
        &self,
        method: &str,
        target: &str,
        body: &str,
        seconds: i64,
    ) -> String {
        let own = &self.merchant().wechatpay;
        let nonce = format!("nonce{}", fresh());
        let message = format!("{method}\n{target}\n{seconds}\n{nonce}\n{body}\n");
        let signature = sign(&own.merchant_private_key_pem, message.as_bytes());
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",\
             signature=\"{signature}\",timestamp=\"{seconds}\",serial_no=\"{}\"",
            own.mchid, own.merchant_serial
        )
    }

    pub(crate) fn wechatpay_request(
        &self,
        method: &str,
        target: &str,
        body: &str,
        authorization: &str,
    ) -> reqwest::RequestBuilder {
        self.client
            .request(method.parse().unwrap(), self.url(target))
            .header("accept", "application/json")
            .header("user-agent", "till")
            .header("content-type", "application/json")
            .header("authorization", authorization)
            .body(body.to_owned())
    }

    pub(crate) async fn wechatpay_try(
        &self,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let authorization = self.wechatpay_authorization(method, target, &body);
        let request = self
            .wechatpay_request(method, target, &body, &authorization)
            .header("wechatpay-serial", &self.merchant().wechatpay.public_key_id);
        self.send(request).await
    }

    /// A WeChat Pay call whose answer must be signed by the public key asked for.
    pub(crate) async fn wechatpay(&self, method: &str, target: &str, body: Value) -> (u16, Value) {
        let answer = self.wechatpay_try(method, target, &body).await.unwrap();
        assert!(self.wechatpay_verifies(&answer), "{answer:?}");
        (answer.status, answer.json())
    }

    pub(crate) fn wechatpay_verifies(&self, answer: &Answer) -> bool {
        let own = &self.merchant().wechatpay;
        let message = format!(
            "{}\n{}\n{}\n",
            answer.header("wechatpay-timestamp"),
            answer.header("wechatpay-nonce"),
            answer.body
        );
        let now = self.clock.now().wall_ms / 1000;
        let at: i64 = answer.header("wechatpay-timestamp").parse().unwrap_or(0);
        let sign = answer.header("wechatpay-signature");
        answer.header("wechatpay-serial") == own.public_key_id
            && answer.header("wechatpay-signature-type") == "WECHATPAY2-SHA256-RSA2048"
            && (now - at).abs() < 300
            && verifies(&own.public_key_pem, message.as_bytes(), &sign)
    }

    pub(crate) fn wechatpay_charge(&self, number: &str, fen: i64, customer: Behaviour) -> Value {
        let own = &self.merchant().wechatpay;
        json!({
            "appid": own.appid,
            "mchid": own.mchid,
            "description": "门店收款",
            "out_trade_no": number,
            "amount": { "total": fen, "currency": "CNY" },
            "payer": { "auth_code": sample_code(Channel::Wechatpay, customer, fresh()) },
            "scene_info": { "store_info": { "id": "1" } },
        })
    }

    pub(crate) async fn wechatpay_pay(
        &self,
        number: &str,
        fen: i64,
        customer: Behaviour,
    ) -> (u16, Value) {
        let body = self.wechatpay_charge(number, fen, customer);
        self.wechatpay("POST", "/v3/pay/transactions/codepay", body)
            .await
    }

    pub(crate) async fn wechatpay_query(&self, number: &str) -> (u16, Value) {
        let mchid = self.merchant().wechatpay.mchid.clone();
        let target = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}");
        self.wechatpay("GET", &target, Value::Null).await
    }

    pub(crate) async fn wechatpay_reverse(&self, number: &str) -> (u16, Value) {
        let own = &self.merchant().wechatpay;
        let body = json!({ "appid": own.appid, "mchid": own.mchid });
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
        self.wechatpay("POST", &target, body).await
    }

    pub(crate) async fn wechatpay_refund(
        &self,
        number: &str,
        refund_no: &str,
        fen: i64,
        total: i64,
    ) -> (u16, Value) {
        let body = json!({
            "out_trade_no": number,
            "out_refund_no": refund_no,
            "amount": { "refund": fen, "total": total, "currency": "CNY" },
        });
        self.wechatpay("POST", "/v3/refund/domestic/refunds", body)
            .await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self
            .client
            .request(
                method.parse().unwrap(),
                self.url(&format!("/_sandbox/{path}")),
            )
            .header("x-sandbox-token", self.sandbox.control_token());
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = self.send(request).await.unwrap();
        (answer.status, answer.json())
    }
}

pub(crate) fn node_of(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// The node's exact bytes; the sandbox writes it first and a signature or certificate next.
pub(crate) fn signed_part<'a>(body: &'a str, node: &str) -> Option<&'a str> {
    let inner = body.strip_prefix(&format!("{{\"{node}\":"))?;
    let end = inner
        .find(",\"alipay_cert_sn\":\"")
        .or_else(|| inner.rfind(",\"sign\":\""))?;
    Some(&inner[..end])
}

pub(crate) fn alipay_sign(mut form: Vec<(String, String)>, key: &str) -> Vec<(String, String)> {
    let mut sorted: Vec<_> = form
        .iter()
        .filter(|(name, value)| name != "sign" && !value.is_empty())
        .collect();
    sorted.sort();
    let text: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    form.push(("sign".to_owned(), sign(key, text.join("&").as_bytes())));
    form
}

pub(crate) fn encode(pairs: &[&(String, String)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let written: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", part(name), part(value)))
        .collect();
    written.join("&")
}

pub(crate) fn der(pem: &str) -> Vec<u8> {
    let text: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(text).unwrap()
}

pub(crate) fn sign(pem: &str, message: &[u8]) -> String {
    let key = RsaKeyPair::from_pkcs8(&der(pem)).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
        .unwrap();
    STANDARD.encode(signature)
}

pub(crate) fn verifies(public_pem: &str, message: &[u8], signature: &str) -> bool {
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der(public_pem)).unwrap();
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    key.verify_sig(message, &signature).is_ok()
}
