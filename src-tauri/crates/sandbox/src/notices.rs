//! Carries notices of UnionPay, Stripe and BTCPay Server to the merchant's address, as often as the channel does.
//!
//! To loopback and in the clear only: whatever another address says, it is never called, and counts as one that did
//! not acknowledge. It must never decide whether a notice is due.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::world::World;

/// How often the sandbox looks whether something is to be told.
const LOOK_MS: u64 = 200;
/// How long the merchant may take to acknowledge (protocol reference, "Notification").
const PATIENCE: Duration = Duration::from_secs(10);

/// A notice that is to be sent by POST.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DueNotice {
    /// At UnionPay the number of the payment, the refund or the undo; at BTCPay Server that of the delivery.
    pub number: String,
    /// The merchant's address, as the transaction named it.
    pub url: String,
    /// Header names in small letters, and values: what the body is, and what signs it from outside.
    pub headers: Vec<(String, String)>,
    /// At UnionPay the signed fields, percent-encoded; else the event.
    pub body: String,
}

/// Sends what is due until told to stop. Nothing is sent twice at once: a round ends before the next begins.
pub(crate) async fn deliver(world: Arc<World>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            changed = stop.changed() => {
                if changed.is_err() || *stop.borrow() {
                    return;
                }
            }
            () = pause() => {}
        }
        let round = deliver_due(&world);
        tokio::select! {
            _ = stop.changed() => return,
            () = round => {}
        }
    }
}

async fn deliver_due(world: &Arc<World>) {
    let looking = world.clone();
    let due = match tokio::task::spawn_blocking(move || looking.due_notices()).await {
        Ok(Ok(due)) => due,
        Ok(Err(error)) => {
            return tracing::error!(%error, "the sandbox's ledger could not be written");
        }
        Err(error) => return tracing::error!(%error, "looking for notices died"),
    };
    let mut sending = JoinSet::new();
    for notice in due {
        let world = world.clone();
        sending.spawn(async move {
            let sent = tokio::time::timeout(PATIENCE, post(&notice)).await;
            let status = sent.ok().flatten();
            let number = notice.number;
            let kept = tokio::task::spawn_blocking(move || world.notice_sent(&number, status));
            if let Ok(Err(error)) = kept.await {
                tracing::error!(%error, "a notice could not be written down");
            }
        });
    }
    while sending.join_next().await.is_some() {}
}

/// The status that the merchant answers; `None` where nobody does, or nobody is asked.
async fn post(notice: &DueNotice) -> Option<u16> {
    let uri: Uri = notice.url.parse().ok()?;
    let address = loopback(&uri)?;
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .ok()?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::post(target).header("host", uri.authority()?.as_str());
    for (name, value) in &notice.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(notice.body.clone())))
        .ok()?;
    // It ends with its sender, when the answer is there or nobody waits any more.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the merchant ended");
        }
    });
    let answer = sender.send_request(request).await.ok()?;
    Some(answer.status().as_u16())
}

/// The address, where it is on loopback and in the clear.
fn loopback(uri: &Uri) -> Option<SocketAddr> {
    let is_plain = uri.scheme_str() == Some("http");
    let is_own = matches!(uri.host(), Some("127.0.0.1" | "localhost"));
    (is_plain && is_own)
        .then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, uri.port_u16().unwrap_or(80))))
}

#[allow(
    clippy::disallowed_methods,
    reason = "the sandbox is the other side of the wire: its own time passes"
)]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_loopback_in_the_clear_is_called() {
        let called = |url: &str| url.parse().ok().and_then(|uri| loopback(&uri));
        let own = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        assert_eq!(called("http://127.0.0.1:8080/n?a=1"), own(8080));
        assert_eq!(called("http://localhost/n"), own(80));
        for url in [
            "https://127.0.0.1/n",
            "http://relay.example/n",
            "http://127.0.0.1.example/n",
            "http://127.0.0.1@relay.example/n",
            "/n",
            "nonsense",
        ] {
            assert_eq!(called(url), None, "{url}");
        }
    }
}
