//! The console over HTTP, for page tests in a browser: the same page, the same commands, no window.
//!
//! Binds loopback only, is not shipped, and holds no logic: `POST /api/<command>`, `GET /api/events`, and the built page under the policy of the window.
#![allow(
    clippy::print_stdout,
    reason = "a test reads the address from its first line"
)]

use std::convert::Infallible;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event as ServerEvent, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::{get, post};
use futures_util::{Stream, stream};
use paydesk_console::Console;
use paydesk_host::{Host, HostOptions};
use serde_json::Value;
use tokio::net::TcpListener;

const USAGE: &str = "usage: paydesk-e2e --data DIR --page DIR";

/// The window's own policy, so that what breaks under it breaks in the page tests too.
const WINDOW: &str = include_str!("../../../src-tauri/tauri.conf.json");

struct Served {
    console: Console,
    page: PathBuf,
    policy: String,
    /// The one name a browser may call this host by.
    authority: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paydesk-e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let (data, page) = folders().ok_or(USAGE)?;
    let host = Host::open(HostOptions {
        data: Some(data),
        operator: None,
        resolve: true,
        ..HostOptions::default()
    })
    .await?;
    let interface = paydesk_inbound::Keeper::start(host.console().clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let authority = listener.local_addr()?.to_string();
    let served = Arc::new(Served {
        console: host.console().clone(),
        page,
        policy: policy()?,
        authority: authority.clone(),
    });
    let router = Router::new()
        .route("/api/events", get(events))
        .route("/api/{command}", post(command))
        .fallback(get(file))
        // The window's own calls have no limit either; the page has one.
        .layer(DefaultBodyLimit::disable())
        .with_state(served);
    println!("http://{authority}/");
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            // A signal that cannot be listened for must not stop the host at once.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    interface.stop().await;
    host.close().await;
    Ok(())
}

fn folders() -> Option<(PathBuf, PathBuf)> {
    let (mut data, mut page) = (None, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let folder = PathBuf::from(arguments.next()?);
        match argument.to_str()? {
            "--data" => data = Some(folder),
            "--page" => page = Some(folder),
            _ => return None,
        }
    }
    Some((data?, page?))
}

/// The window's policy with this host in place of the window's own channel.
fn policy() -> Result<String, Box<dyn std::error::Error>> {
    let window: Value = serde_json::from_str(WINDOW)?;
    let policy = window
        .pointer("/app/security/csp")
        .and_then(Value::as_str)
        .ok_or("no policy")?;
    Ok(policy.replace(
        "connect-src ipc: http://ipc.localhost",
        "connect-src 'self'",
    ))
}

async fn command(
    State(served): State<Arc<Served>>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Another page in the same browser could call loopback: it cannot forge these two headers.
    let names_us = |header: &str, prefix: &str| {
        headers.get(header).is_none_or(|value| {
            value
                .to_str()
                .is_ok_and(|text| text.strip_prefix(prefix) == Some(&served.authority))
        })
    };
    if !names_us("host", "") || !names_us("origin", "http://") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let args = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match served.console.call(&name, args).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(error) => json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &serde_json::to_value(error).unwrap_or_default(),
        ),
    }
}

fn json(status: StatusCode, value: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}

async fn events(
    State(served): State<Arc<Served>>,
) -> Sse<impl Stream<Item = Result<ServerEvent, Infallible>>> {
    let events = stream::unfold(served.console.events(), |mut events| async {
        let event = events.next().await?;
        let payload = serde_json::to_value(event).unwrap_or_default();
        let name = payload
            .get("event")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        Some((
            Ok(ServerEvent::default().event(name).data(payload.to_string())),
            events,
        ))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn file(State(served): State<Arc<Served>>, uri: axum::http::Uri) -> Response {
    let asked = Path::new(uri.path().trim_start_matches('/'));
    if asked
        .components()
        .any(|part| !matches!(part, Component::Normal(_)))
    {
        return StatusCode::NOT_FOUND.into_response();
    }
    let name = if asked.as_os_str().is_empty() {
        Path::new("index.html")
    } else {
        asked
    };
    let Ok(bytes) = tokio::fs::read(served.page.join(name)).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.extension().and_then(|end| end.to_str()) {
        Some("css") => "text/css",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("wav") => "audio/wav",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, &served.policy),
    ];
    (headers, Body::from(bytes)).into_response()
}
