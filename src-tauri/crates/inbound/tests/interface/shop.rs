//! A demo shop whose interface is on, and a caller that signs with an HMAC of its own.

use crate::schema;
use hmac::{Hmac, Mac};
use paydesk_console::{AddCaller, contract::*};
use paydesk_host::{Host, HostOptions};
use paydesk_inbound::{ROUTES, Serving, serve_on};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::OnceCell,
};

/// Longer than any answer of the interface may take, a long poll included.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const ALL: [RightView; 5] = [
    RightView::Cancel,
    RightView::Create,
    RightView::List,
    RightView::Query,
    RightView::Refund,
];

pub(crate) struct Shop {
    pub(crate) host: Host,
    pub(crate) serving: Serving,
    pub(crate) folder: PathBuf,
}

/// A key as other software holds it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A request before it is signed.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: String,
    pub(crate) host: String,
    /// Seconds to add to the clock.
    pub(crate) late: i64,
    pub(crate) nonce: String,
    pub(crate) more: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

pub(crate) fn fresh(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{}-{n:08}", std::process::id())
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Call {
    pub(crate) fn new(method: &'static str, target: &str, body: &str) -> Call {
        Call {
            method,
            target: target.to_owned(),
            idempotency_key: None,
            body: body.to_owned(),
            host: "127.0.0.1".to_owned(),
            late: 0,
            nonce: fresh("nonce-0123456789"),
            more: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Call {
        Call::new("GET", target, "")
    }

    pub(crate) fn post(target: &str, idempotency_key: &str, body: &Value) -> Call {
        let mut call = Call::new("POST", target, &body.to_string());
        call.idempotency_key = Some(idempotency_key.to_owned());
        call.more
            .push(("Content-Type", "application/json".to_owned()));
        call
    }

    /// The headers with a signature, written down here a second time from the document's words.
    pub(crate) fn signed(&self, key: &Key) -> Vec<(String, String)> {
        let timestamp = (now() + self.late).to_string();
        let idempotency_key = self.idempotency_key.clone().unwrap_or_default();
        let text = format!(
            "PAYDESK-HMAC-SHA256-1\n{}\n{}\n{}\n{timestamp}\n{}\n{idempotency_key}\n{}",
            self.method,
            self.target,
            key.id,
            self.nonce,
            hex(&Sha256::digest(self.body.as_bytes())),
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            named("Paydesk-Key", &key.id),
            named("Paydesk-Timestamp", &timestamp),
            named("Paydesk-Nonce", &self.nonce),
            named("Paydesk-Signature", &hex(&mac.finalize().into_bytes())),
        ];
        if let Some(key) = &self.idempotency_key {
            headers.push(named("Idempotency-Key", key));
        }
        headers
    }

    pub(crate) fn bytes(&self, headers: &[(String, String)]) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.method,
            self.target,
            self.host,
            self.body.len(),
        );
        let more = self
            .more
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in headers.chain(more) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}

/// Sends bytes, and reads until the other side closes.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A peer that refuses early may close before everything is written.
    let _cut = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _cut = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("an answer in time");
    answer
}

pub(crate) fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}

/// Holds an answer against the document.
pub(crate) fn check(call: &Call, answer: &Answer) {
    let document: Value = serde_json::from_str(paydesk_inbound::OPENAPI).unwrap();
    let path = call.target.split('?').next().unwrap();
    let error = &document["components"]["schemas"]["Error"];
    let is_it = |template: &str| {
        let (parts, named) = (path.split('/'), template.split('/'));
        parts.clone().count() == named.clone().count()
            && parts
                .zip(named)
                .all(|(part, name)| part == name || name.starts_with('{'))
    };
    let route = ROUTES
        .iter()
        .find(|(method, template)| method.eq_ignore_ascii_case(call.method) && is_it(template));
    let status = answer.status.to_string();
    let schema = match route {
        Some((method, template)) => {
            let responses = &document["paths"][template][method]["responses"];
            let response = responses.get(&status);
            let response = response
                .unwrap_or_else(|| panic!("{status} of {template} is not described: {answer:?}"));
            &response["content"]["application/json"]["schema"]
        }
        None => error,
    };
    if schema.is_object() {
        let found = schema::faults(&document, schema, &answer.body, "");
        assert!(found.is_empty(), "{found:#?} in {answer:?}");
    }
}

impl Shop {
    pub(crate) async fn demo(name: &str) -> Shop {
        let folder = std::env::temp_dir().join(format!("paydesk-{}", fresh(name)));
        let _absent = std::fs::remove_dir_all(&folder);
        copy(TEMPLATE.get_or_init(template).await, &folder);
        let host = open(&folder).await;
        let serving = listen(&host).await;
        Shop {
            host,
            serving,
            folder,
        }
    }

    /// The same folder in a new process, as far as the program can tell.
    pub(crate) async fn opened_again(self) -> Shop {
        self.serving.stop().await;
        self.host.close().await;
        let host = open(&self.folder).await;
        let serving = listen(&host).await;
        Shop {
            host,
            serving,
            folder: self.folder,
        }
    }

    /// The listener ended, and another one for what is left of a test.
    pub(crate) async fn serving_stopped(self) -> Shop {
        self.serving.stop().await;
        let serving = listen(&self.host).await;
        Shop {
            host: self.host,
            serving,
            folder: self.folder,
        }
    }

    pub(crate) async fn key(&self, rights: &[RightView]) -> Key {
        self.limited(rights, None, 6_000).await
    }

    pub(crate) async fn limited(
        &self,
        rights: &[RightView],
        most: Option<&str>,
        per_minute: u32,
    ) -> Key {
        let add = AddCaller {
            label: "web shop".to_owned(),
            rights: rights.to_vec(),
            amount_max: most.map(str::to_owned),
            per_minute,
        };
        let (view, secret) = self.host.console().add_caller(add).await.unwrap();
        Key {
            id: view.id,
            secret: secret.expose().clone(),
        }
    }

    pub(crate) async fn send(&self, call: &Call, headers: &[(String, String)]) -> Answer {
        let bytes = exchange(self.serving.address(), &call.bytes(headers)).await;
        let answer = parse(&bytes);
        check(call, &answer);
        answer
    }

    pub(crate) async fn call(&self, key: &Key, call: Call) -> Answer {
        self.send(&call, &call.signed(key)).await
    }

    /// Creates an order whose code is shown; another amount each time is not needed.
    pub(crate) async fn create(&self, key: &Key, idempotency_key: &str, minor: i64) -> Answer {
        let body =
            serde_json::json!({ "amount_minor": minor, "currency": "CNY", "channel": "alipay" });
        self.call(key, Call::post("/v1/orders", idempotency_key, &body))
            .await
    }

    /// Asks until the order fits.
    pub(crate) async fn until(
        &self,
        key: &Key,
        order: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut version = 0;
        for _ in 0..60 {
            let target = format!("/v1/orders/{order}?wait_ms=2000&past_version={version}");
            let answer = self.call(key, Call::get(&target)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if fits(&answer.body) {
                return answer.body;
            }
            version = answer.body["version"].as_u64().unwrap();
        }
        panic!("{order} did not come so far");
    }

    /// The codes of a customer, by the channels' short names.
    pub(crate) async fn codes(&self, digits: &str) -> BTreeMap<String, String> {
        let status: SandboxStatus = ask(&self.host, "sandbox_status", NoArgs {}).await.unwrap();
        let customer = status.customers.into_iter().find(|c| c.digits == digits);
        let codes = customer.unwrap().codes.into_iter();
        codes.map(|shown| (shown.channel, shown.code)).collect()
    }

    pub(crate) async fn code(&self, digits: &str) -> String {
        self.codes(digits).await.remove("alipay").unwrap()
    }

    pub(crate) async fn close(self) {
        self.serving.stop().await;
        let report = self.host.verify(true).await.unwrap();
        assert!(
            report.fault.is_none() && report.differences.is_empty(),
            "{report:#?}"
        );
        self.host.close().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

pub(crate) async fn ask<A: Serialize, R: DeserializeOwned>(
    host: &Host,
    name: &str,
    args: A,
) -> Result<R, CommandError> {
    let args = serde_json::to_value(args).unwrap();
    let answer = host.console().call(name, args).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

/// A shop whose interface is on, made once: new keys of a sandbox take a debug build many seconds.
static TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();

async fn template() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-{}", fresh("template")));
    let _absent = std::fs::remove_dir_all(&folder);
    let host = open(&folder).await;
    let set_up = SetUp {
        currency: None,
        locale: Locale::En,
        mode: ModeView::Demo,
        store_name: "Demo".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 0,
        past_days: 0,
        passphrase: None,
    };
    let _status: AppStatus = ask(&host, "set_up", set_up).await.unwrap();
    let on = ChangeInterface {
        is_on: Some(true),
        ..ChangeInterface::default()
    };
    let _on: InterfaceView = ask(&host, "change_interface", on).await.unwrap();
    host.close().await;
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

async fn open(folder: &Path) -> Host {
    let options = HostOptions {
        data: Some(folder.to_owned()),
        resolve: true,
        ..HostOptions::default()
    };
    Host::open(options).await.unwrap()
}

async fn listen(host: &Host) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve_on(host.console(), listener).await.unwrap()
}
