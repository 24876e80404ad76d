//! The listener: loopback only, one task per connection, faults struck on the way.
//!
//! It carries calls between the wire and the world, and decides nothing about money.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::control::Control;
use crate::exchange::{Call, Reply};
use crate::passage::{self, BODY_BYTES_MAX, Outcome};
use crate::world::World;

/// The connection closes without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("connection cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// A body for the wire: whole, or half of it and then a closed connection.
#[derive(Debug)]
pub(crate) struct Wire {
    bytes: Option<Bytes>,
    is_cut: bool,
}

impl Body for Wire {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        Poll::Ready(self.is_cut.then_some(Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.is_cut
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, Bytes::len);
        match u64::try_from(length) {
            Ok(length) if !self.is_cut => SizeHint::with_exact(length),
            _ => SizeHint::default(),
        }
    }
}

/// Serves until told to stop, then closes every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    world: Arc<World>,
    control: Arc<Control>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            changed = stop.changed() => {
                if changed.is_err() || *stop.borrow() {
                    break;
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, world.clone(), control.clone()));
                }
                Err(error) => tracing::warn!(%error, "the sandbox could not accept a connection"),
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, world: Arc<World>, control: Arc<Control>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| answer(world.clone(), control.clone(), request));
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a sandbox connection ended");
    }
}

async fn answer(
    world: Arc<World>,
    control: Arc<Control>,
    request: Request<Incoming>,
) -> Result<Response<Wire>, Cut> {
    let arrived = world.machine_now();
    let Some(call) = read_call(request).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    if call.path.starts_with("/_sandbox/") {
        let reply = blocking(move || control.answer(&call)).await?;
        return Ok(response(reply, false));
    }
    let world = match control.played_at(&call) {
        Ok(Some(at_ms)) => world.at(at_ms),
        Ok(None) => World::clone(&world),
        Err(refused) => return Ok(response(refused, false)),
    };
    let pending = blocking(move || passage::arrive(&world, call, arrived, None)).await?;
    if pending.wait_ms() > 0 {
        pause(pending.wait_ms()).await;
    }
    match blocking(move || pending.finish()).await? {
        Outcome::Answer(reply) => Ok(response(reply, false)),
        Outcome::Cut => Err(Cut),
        Outcome::CutShort(reply) => Ok(response(reply, true)),
    }
}

async fn read_call(request: Request<Incoming>) -> Option<Call> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX)
        .collect()
        .await
        .ok()?
        .to_bytes();
    let headers = head.headers.iter().filter_map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    Some(Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

/// Disk and RSA take milliseconds, so they stay off the tasks that carry bytes.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Cut> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a sandbox call died");
        Cut
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the sandbox is the other side of the wire: its own time passes"
)]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn response(reply: Reply, is_cut: bool) -> Response<Wire> {
    let length = reply.body.len();
    let kept = if is_cut { length / 2 } else { length };
    let mut bytes = Bytes::from(reply.body);
    bytes.truncate(kept);
    let body = Wire {
        bytes: (!bytes.is_empty()).then_some(bytes),
        is_cut,
    };
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    if is_cut {
        builder = builder.header("content-length", length);
    }
    builder.body(body).unwrap_or_else(|error| {
        tracing::error!(%error, "a sandbox answer could not be written");
        plain(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

fn plain(status: StatusCode) -> Response<Wire> {
    let mut response = Response::new(Wire {
        bytes: None,
        is_cut: false,
    });
    *response.status_mut() = status;
    response
}
