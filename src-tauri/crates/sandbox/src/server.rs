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
use crate::exchange::{Call, Carriage, Dress, Label, Reply, channel_of};
use crate::faults::{FaultKind, Strike};
use crate::ledger::Channel;
use crate::world::{Draft, World};

/// The largest body in the protocols is a refund with goods details, far below 64 KiB.
const BODY_BYTES_MAX: usize = 65_536;

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
    let channel = channel_of(request.uri().path());
    let Some(call) = read_call(request).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    if call.path.starts_with("/_sandbox/") {
        let reply = blocking(move || control.answer(&call)).await?;
        return Ok(response(reply, false));
    }
    let Some(channel) = channel else {
        return Ok(plain(StatusCode::NOT_FOUND));
    };
    let is_download = call.path == crate::alipay::DOWNLOAD_PATH;
    let method = if is_download { "GET" } else { "POST" };
    if channel == Channel::Alipay && call.method != method {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED));
    }
    let world = match control.played_at(&call) {
        Ok(Some(at_ms)) => world.at(at_ms),
        Ok(None) => match crate::wechatpay::caller_ms(&call) {
            Some(caller_ms) => world.for_caller_at(caller_ms),
            None => World::clone(&world),
        },
        Err(refused) => return Ok(response(refused, false)),
    };
    let label = world.label(channel, &call);
    let seq = world.log_arrival(channel, &label, arrived);
    let named = world.faults().take_named(channel, label.operation);
    if let Some(named) = named {
        let own = world.clone();
        let reply = blocking(move || own.seal(&own.named(&call, &named), Dress::default()));
        let reply = reply.await?;
        world.log_answer(seq, reply.status);
        return Ok(response(reply, false));
    }
    let strike = world.faults().draw(channel, label.operation);
    if let Some(strike) = strike {
        world.log_fault(seq, strike.kind);
    }
    let world = world.with_flaw(strike.and_then(|strike| strike.kind.bill_flaw()));
    let exchange = Exchange {
        world: Arc::new(world.clone()),
        channel,
        call: Arc::new(call),
        label,
        strike,
    };
    let reply = exchange.run().await?;
    world.log_answer(seq, reply.status);
    Ok(response(reply, exchange.is_struck_by(FaultKind::Truncated)))
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

/// One call on its way through faults and effect.
struct Exchange {
    world: Arc<World>,
    channel: Channel,
    call: Arc<Call>,
    label: Label,
    strike: Option<Strike>,
}

impl Exchange {
    fn is_struck_by(&self, kind: FaultKind) -> bool {
        self.strike.is_some_and(|strike| strike.kind == kind)
    }

    async fn run(&self) -> Result<Reply, Cut> {
        if let Some(strike) = self.strike
            && let Some(reply) = self.before_effect(strike).await
        {
            return reply;
        }
        let (mut draft, carriage) = self.effect().await?;
        if self.is_struck_by(FaultKind::AnswerTwice) || carriage == Carriage::Twice {
            // What the second delivery is told is nobody's business any more.
            self.effect().await?;
        }
        match carriage {
            Carriage::Prompt | Carriage::Twice => {}
            Carriage::Silent => {
                self.wait(self.world.rhythm.silence_ms).await;
                return Err(Cut);
            }
            Carriage::Late(key) => {
                let late_ms = u64::try_from(self.world.rhythm.late_ms).unwrap_or(0);
                self.wait(late_ms).await;
                let by_ms = self.world.played_ms();
                let by_ms = by_ms.map(|at_ms| at_ms.saturating_add(self.world.rhythm.late_ms));
                let world = by_ms.map_or_else(|| World::clone(&self.world), |ms| self.world.at(ms));
                let call = self.call.clone();
                draft = blocking(move || world.charge_answer(&call, &key)).await?;
            }
        }
        self.after_effect(draft).await
    }

    /// In a play nobody waits.
    async fn wait(&self, milliseconds: u64) {
        if self.world.played_ms().is_none() {
            pause(milliseconds).await;
        }
    }

    async fn effect(&self) -> Result<(Draft, Carriage), Cut> {
        let (world, channel, call) = (self.world.clone(), self.channel, self.call.clone());
        blocking(move || world.handle(channel, &call)).await
    }

    /// Faults that keep the effect from happening.
    async fn before_effect(&self, strike: Strike) -> Option<Result<Reply, Cut>> {
        match strike.kind {
            FaultKind::RequestLost => Some(Err(Cut)),
            FaultKind::Garbage => Some(Ok(Reply::captive_portal())),
            FaultKind::ServerErrorBefore => Some(Ok(Reply::bad_gateway())),
            FaultKind::ServerError if !strike.has_effect => Some(Ok(Reply::bad_gateway())),
            FaultKind::SystemError | FaultKind::UnsignedRefusal if !strike.has_effect => {
                Some(self.refuse(strike.kind).await)
            }
            _ => None,
        }
    }

    /// Faults that strike the answer.
    async fn after_effect(&self, draft: Draft) -> Result<Reply, Cut> {
        let Some(strike) = self.strike else {
            return self.seal(draft, Dress::default()).await;
        };
        match strike.kind {
            FaultKind::ReplyLost => Err(Cut),
            FaultKind::ServerError | FaultKind::ServerErrorAfter => Ok(Reply::bad_gateway()),
            FaultKind::SystemError | FaultKind::UnsignedRefusal => self.refuse(strike.kind).await,
            FaultKind::BadSignature => {
                self.seal(
                    draft,
                    Dress {
                        bad_signature: true,
                        ..Dress::default()
                    },
                )
                .await
            }
            FaultKind::StaleTime => {
                self.seal(
                    draft,
                    Dress {
                        stale_time: true,
                        ..Dress::default()
                    },
                )
                .await
            }
            FaultKind::ForeignAnswer => {
                let foreign = self.world.foreign(draft, &self.label);
                self.seal(foreign, Dress::default()).await
            }
            FaultKind::Delay => {
                self.wait(self.world.rhythm.delay_ms).await;
                self.seal(draft, Dress::default()).await
            }
            FaultKind::AnswerTwice
            | FaultKind::BillDigestWrong
            | FaultKind::BillLinkExpired
            | FaultKind::BillNotAllowed
            | FaultKind::BillNotReady
            | FaultKind::BillTotalsWrong
            | FaultKind::BillTruncated
            | FaultKind::BillWrongDay
            | FaultKind::Garbage
            | FaultKind::RequestLost
            | FaultKind::ServerErrorBefore
            | FaultKind::Truncated => self.seal(draft, Dress::default()).await,
        }
    }

    async fn refuse(&self, kind: FaultKind) -> Result<Reply, Cut> {
        let draft = if kind == FaultKind::SystemError {
            self.world.system_error(self.channel, &self.call)
        } else {
            World::unsigned_refusal(self.channel, &self.call)
        };
        self.seal(draft, Dress::default()).await
    }

    async fn seal(&self, draft: Draft, dress: Dress) -> Result<Reply, Cut> {
        let world = self.world.clone();
        blocking(move || world.seal(&draft, dress)).await
    }
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
