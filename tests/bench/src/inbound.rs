//! The payment interface: signed creates a second, durable, and a page of a hundred orders of a million; beside the
//! least that a listener can do, which is a plain handler with one insert and the same fsync.

use crate::Trouble;
use crate::figures::{Spread, Table};
use crate::orders::{made, open};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use paydesk_channels::WireRequest;
use paydesk_console::contract::{InterfaceView, Locale, ModeView, RightView, SetUp};
use paydesk_console::{AddCaller, Console};
use paydesk_desk::ports::{BoxFuture, Cut, Network, Reached, Scope};
use paydesk_desk::{Desk, Ports};
use paydesk_host::{Host, HostOptions};
use paydesk_inbound::{Signed, base_string, serve_on};
use paydesk_signing::{Mac, WireReply, hex};
use rusqlite::Connection;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections that call at once.
const CALLERS: usize = 16;

/// Rounds of each kind, one after the other in turn.
const ROUNDS: usize = 5;

/// Creates of one round.
const CREATES: usize = 1_200;

/// Questions for a page.
const PAGES: usize = 300;

const PER_SECOND: f64 = 300.0;
const CREATE_WITHIN: Duration = Duration::from_millis(100);
const PAGE_WITHIN: Duration = Duration::from_millis(20);

/// A network on which every call is under way for ever: what follows a create is not in the figure.
struct Silent;

impl Network for Silent {
    fn send(&self, _: WireRequest, _: Scope, _: Duration) -> BoxFuture<'_, Result<WireReply, Cut>> {
        Box::pin(std::future::pending())
    }

    fn reach<'a>(&'a self, _: &'a str, _: Scope) -> BoxFuture<'a, Reached> {
        Box::pin(async { Reached::Refused })
    }
}

/// Who calls.
#[derive(Clone)]
struct Caller {
    id: String,
    secret: String,
}

impl Caller {
    /// A signed request as it goes over the wire.
    fn request(
        &self,
        method: &str,
        target: &str,
        named: &str,
        body: &str,
    ) -> Result<Vec<u8>, Trouble> {
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .as_secs()
            .to_string();
        let nonce = format!("{named}-0123456789abcdef");
        let idempotency_key = if method == "POST" { named } else { "" };
        let text = base_string(&Signed {
            method,
            target,
            key: &self.id,
            timestamp: &timestamp,
            nonce: &nonce,
            idempotency_key,
            body: body.as_bytes(),
        });
        let mac = Mac::new(self.secret.as_bytes()).map_err(|error| error.to_string())?;
        let signature = hex(&mac.tag(text.as_bytes()));
        let idempotency = if method == "POST" {
            format!("Idempotency-Key: {named}\r\nContent-Type: application/json\r\n")
        } else {
            String::new()
        };
        Ok(format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nPaydesk-Key: {}\r\nPaydesk-Timestamp: {timestamp}\r\n\
             Paydesk-Nonce: {nonce}\r\nPaydesk-Signature: {signature}\r\n{idempotency}Content-Length: {}\r\n\r\n{body}",
            self.id,
            body.len(),
        )
        .into_bytes())
    }
}

/// One call on a connection that stays; gives the status.
async fn call(stream: &mut TcpStream, request: &[u8]) -> Result<u16, Trouble> {
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head =
            String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if answer.len() >= end + 4 + length.unwrap_or(0_usize) {
            let status = head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok());
            return status.ok_or_else(|| "no status".into());
        }
    }
}

/// A round: every connection calls one after the other.
async fn round(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    expected: u16,
) -> Result<(Duration, Vec<Duration>), Trouble> {
    let mut shares: Vec<Vec<Vec<u8>>> = (0..CALLERS).map(|_| Vec::new()).collect();
    for (place, request) in requests.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(place % CALLERS) {
            share.push(request);
        }
    }
    let begun = Instant::now();
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut took = Vec::with_capacity(share.len());
                for request in share {
                    let sent = Instant::now();
                    let status = call(&mut stream, &request).await?;
                    took.push(sent.elapsed());
                    if status != expected {
                        return Err(Trouble::from(format!("answered {status}")));
                    }
                }
                Ok(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    Ok((begun.elapsed(), took))
}

/// A plain listener: one insert, committed with the same fsync.
async fn floor(folder: &Path) -> Result<SocketAddr, Trouble> {
    let database = Connection::open(folder.join("floor.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE orders(id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    )?;
    let database = Arc::new(Mutex::new(database));
    let router = Router::new().route("/", post(insert)).with_state(database);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn insert(State(database): State<Arc<Mutex<Connection>>>, body: String) -> StatusCode {
    let inserted = tokio::task::spawn_blocking(move || {
        let database = database.lock().ok()?;
        database
            .execute("INSERT INTO orders(body) VALUES (?1)", [body])
            .ok()
    });
    match inserted.await {
        Ok(Some(1)) => StatusCode::CREATED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn caller_of(console: &Console) -> Result<Caller, Trouble> {
    let add = AddCaller {
        label: "bench".to_owned(),
        rights: vec![RightView::Create, RightView::List],
        amount_max: None,
        per_minute: 60_000,
    };
    let (view, secret) = console
        .add_caller(add)
        .await
        .map_err(|it| format!("{it:?}"))?;
    let on = json!({ "is_on": true });
    let on = console.call("change_interface", on).await;
    let _on: InterfaceView = serde_json::from_value(on.map_err(|it| format!("{it:?}"))?)?;
    Ok(Caller {
        id: view.id,
        secret: secret.expose().clone(),
    })
}

/// Measures creates and pages.
pub(crate) fn measure(table: &mut Table, orders: u64, target: &Path) -> Result<(), Trouble> {
    let shop = made(orders, target)?;
    let folder = std::env::temp_dir().join(format!("paydesk-bench-inbound-{}", std::process::id()));
    let runtime = tokio::runtime::Runtime::new()?;
    let measured = runtime.block_on(async {
        creates(table, &folder).await?;
        pages(table, orders, &shop).await
    });
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn creates(table: &mut Table, folder: &Path) -> Result<(), Trouble> {
    let host = Host::open(HostOptions {
        data: Some(folder.to_owned()),
        ..HostOptions::default()
    })
    .await?;
    let set_up = SetUp {
        currency: None,
        locale: Locale::En,
        mode: ModeView::Demo,
        store_name: "Bench".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 0,
        past_days: 0,
        passphrase: None,
    };
    let ready = host
        .console()
        .call("set_up", serde_json::to_value(set_up)?)
        .await;
    ready.map_err(|it| format!("{it:?}"))?;
    let ports = Ports {
        network: Arc::new(Silent),
        ..host.console().desk().ports().clone()
    };
    let console = host.console().over(Desk::open(ports).await?);
    let caller = caller_of(&console).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let serving = serve_on(&console, listener)
        .await
        .map_err(|it| format!("{it:?}"))?;
    let plain = floor(folder).await?;
    let (mut ours, mut least, mut took) = (Duration::ZERO, Duration::ZERO, Vec::new());
    for turn in 0..ROUNDS {
        let body = |n: usize| {
            format!(
                r#"{{"amount_minor":{},"currency":"CNY","channel":"alipay"}}"#,
                n + 1
            )
        };
        let signed: Result<Vec<_>, Trouble> = (0..CREATES)
            .map(|n| caller.request("POST", "/v1/orders", &format!("bench-{turn}-{n}"), &body(n)))
            .collect();
        let bare = (0..CREATES).map(|n| {
            let body = body(n);
            let head = format!(
                "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            [head, body].concat().into_bytes()
        });
        least += round(plain, bare.collect(), 201).await?.0;
        let (whole, each) = round(serving.address(), signed?, 201).await?;
        ours += whole;
        took.extend(each);
    }
    serving.stop().await;
    host.close().await;
    let all = f64::from(u32::try_from(ROUNDS * CREATES)?);
    let (ours, least) = (all / ours.as_secs_f64(), all / least.as_secs_f64());
    table.report(
        "plain axum + SQLite insert, same fsync",
        format!("{least:.0} a second"),
    );
    table.judge(
        "signed creates, durable",
        format!(
            "{ours:.0} a second ({:.2} of the plain insert)",
            ours / least
        ),
        format!(">= {PER_SECOND:.0} a second"),
        ours >= PER_SECOND,
    );
    let took = Spread::of(took);
    table.judge_time("a signed create, p99", took.percentile(99), CREATE_WITHIN);
    table.report_spread("a signed create", &took);
    Ok(())
}

async fn pages(table: &mut Table, orders: u64, shop: &Path) -> Result<(), Trouble> {
    let host = open(shop).await?;
    let caller = caller_of(host.console()).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let serving = serve_on(host.console(), listener)
        .await
        .map_err(|it| format!("{it:?}"))?;
    let mut stream = TcpStream::connect(serving.address()).await?;
    let mut took = Vec::with_capacity(PAGES);
    for n in 0..PAGES {
        let request = caller.request("GET", "/v1/orders?limit=100", &format!("page-{n}"), "")?;
        let sent = Instant::now();
        let status = call(&mut stream, &request).await?;
        took.push(sent.elapsed());
        if status != 200 {
            return Err(format!("a page was answered {status}").into());
        }
    }
    drop(stream);
    serving.stop().await;
    host.close().await;
    let took = Spread::of(took);
    let name = format!("a page of 100 of {orders} orders by the interface");
    table.judge_time(&format!("{name}, p99"), took.percentile(99), PAGE_WITHIN);
    table.report_spread(&name, &took);
    Ok(())
}
