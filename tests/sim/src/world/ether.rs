//! The network between tills and channels: every request takes its way through latency and weather to the
//! sandbox, and every call is told to the auditor before it leaves.
//!
//! What is on the wire belongs to no process: a till that dies does not call its request back.

use super::{
    bench::Bench,
    channels::Channels,
    says,
    secrets::Secrets,
    weather::{Ill, Weather},
    wire::{self, Reading},
};
use crate::{
    disk::held,
    executor::{SimClock, SimTasks},
    rng::Rng,
};
use paydesk_auditor::{Effect, Sent};
use paydesk_channels::WireRequest;
use paydesk_desk::ports::{BoxFuture, Clock, Cut, Network, Reached, Scope, Tasks};
use paydesk_sandbox::{
    Channel, Delivered, FaultKind, Moment, NamedAnswer, Offline, RefundState,
    Scope::Refund as RefundCalls, Strike, WireAnswer, WireCall,
};
use paydesk_signing::{Peer, WireReply, sha256_hex};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::oneshot;

/// Old answers that may be replayed, for each kind of call.
const KEPT_ANSWERS: usize = 32;

/// Everything between the tills and the channels.
pub(crate) struct Ether {
    offline: Arc<Offline>,
    clock: Arc<SimClock>,
    tasks: Arc<SimTasks>,
    bench: Arc<Bench>,
    weather: Mutex<Weather>,
    channels: Channels,
    secrets: Secrets,
    old: Mutex<BTreeMap<String, Vec<(String, WireAnswer)>>>,
    calls: Mutex<u64>,
    /// How often each row of RELIABILITY §2.2 was met.
    rows: Mutex<BTreeMap<&'static str, u64>>,
    /// Endings and refunds that were sent, to tell a second time from the first.
    sent: Mutex<BTreeSet<(Effect, String)>>,
}

/// What comes back to the till.
type Back = Result<WireAnswer, Cut>;

impl Ether {
    /// An ether over one sandbox. `tasks` belong to no till.
    #[must_use]
    pub(crate) fn new(
        offline: Arc<Offline>,
        clock: Arc<SimClock>,
        tasks: Arc<SimTasks>,
        bench: Arc<Bench>,
        weather: Weather,
        channels: Channels,
        secrets: Secrets,
    ) -> Ether {
        Ether {
            offline,
            clock,
            tasks,
            bench,
            weather: Mutex::new(weather),
            channels,
            secrets,
            old: Mutex::default(),
            calls: Mutex::new(0),
            rows: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    /// A row of RELIABILITY §2.2 was met.
    pub(crate) fn row(&self, row: &'static str) {
        *held(&self.rows).entry(row).or_default() += 1;
    }

    /// How often each was.
    pub(crate) fn rows(&self) -> BTreeMap<&'static str, u64> {
        held(&self.rows).clone()
    }

    fn count_rows(&self, reading: &Reading, said: &str) {
        let is_pay = reading.effect == Some(Effect::Pay);
        let row = match said {
            says::NO_REPLY if is_pay => "Q3",
            says::SERVER_FAULT => "Q4",
            says::WAITING if is_pay => "Q5",
            says::UNREADABLE => "Q6",
            says::UNAUTHENTICATED => "Q7",
            says::MISMATCH => "Q8",
            says::DUPLICATE => "Q9",
            says::REFUSED if is_pay => "Q10",
            says::NOT_FOUND => "Q11",
            _ => return,
        };
        self.row(row);
    }

    /// An ending that goes out again is Q12, a refund Q16.
    fn count_again(&self, effect: Effect, reference: &str) {
        let is_first = held(&self.sent).insert((effect, reference.to_owned()));
        match effect {
            Effect::End if !is_first => self.row("Q12"),
            Effect::Refund if !is_first => self.row("Q16"),
            Effect::End | Effect::Pay | Effect::Refund => {}
        }
    }

    /// The channels.
    #[must_use]
    pub(crate) fn offline(&self) -> &Arc<Offline> {
        &self.offline
    }

    /// What the shops take payments with.
    #[must_use]
    pub(crate) fn channels(&self) -> &Channels {
        &self.channels
    }

    /// What no till may keep.
    #[must_use]
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The true time, for the channels.
    #[must_use]
    pub(crate) fn moment(&self) -> Moment {
        moment_of(&self.clock)
    }

    /// The merchant's balance at a channel does not hold its next refund.
    pub(crate) fn run_short(&self, channel: Channel) {
        let (status, code, sub_code) = match channel {
            Channel::Alipay => (200, "40004", Some("ACQ.SELLER_BALANCE_NOT_ENOUGH")),
            // An offer is made whatever the wallet holds.
            Channel::Btcpay => (400, "non-refundable", None),
            Channel::Stripe => (400, "balance_insufficient", None),
            Channel::Unionpay => (200, "64", None),
            Channel::Wechatpay => (403, "NOT_ENOUGH", None),
        };
        self.offline.say_next(NamedAnswer {
            channel,
            scope: RefundCalls,
            status,
            code: code.to_owned(),
            sub_code: sub_code.map(str::to_owned),
        });
    }

    /// Whether refunds that are taken in from now on reach their payer, or come back to the merchant: at Stripe after
    /// they were done.
    pub(crate) fn refunds_end_well(&self, well: bool) {
        let ends_as = if well {
            RefundState::Success
        } else {
            RefundState::Closed
        };
        self.offline.set_refunds_end_as(None, ends_as);
    }

    /// How many exchanges in a million are struck from now on.
    pub(crate) fn set_weather(&self, parts: u32) {
        held(&self.weather).parts = parts;
    }

    /// How often each ill struck.
    #[must_use]
    pub(crate) fn struck(&self) -> BTreeMap<Ill, u64> {
        held(&self.weather).struck().clone()
    }

    /// How many calls tills sent.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        *held(&self.calls)
    }

    /// Every trade of an order, as the ledger tells it.
    pub(crate) fn trade(&self, number: &str) -> String {
        let truth = self.offline.truth(self.moment()).map(|truth| truth.trades);
        let its = truth.unwrap_or_default().into_iter();
        let its = its.filter(|trade| trade.out_trade_no.starts_with(number));
        its.map(|trade| serde_json::to_string(&trade).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The merchant's number of what Stripe names by a number of its own.
    fn number_of(&self, reference: String) -> Option<String> {
        if !["cs_", "pi_"]
            .iter()
            .any(|start| reference.starts_with(start))
        {
            return Some(reference);
        }
        let truth = self
            .offline
            .truth_of(Channel::Stripe, &reference, self.moment());
        Some(truth.ok()??.out_trade_no)
    }

    fn draw<T>(&self, from: impl FnOnce(&mut Rng) -> T) -> T {
        from(held(&self.weather).rng())
    }

    fn between(&self, least_ms: u64, most_ms: u64) -> Duration {
        let ms = self.draw(|rng| least_ms + rng.below(most_ms - least_ms + 1));
        Duration::from_millis(ms)
    }

    /// A moment on the way. Now and then the way is long.
    fn latency(&self) -> Duration {
        if self.draw(|rng| rng.happens(30_000)) {
            return self.between(300, 4_000);
        }
        self.between(15, 90)
    }

    /// Something that moves money leaves a till, by the wire or by a payer's browser.
    pub(crate) async fn leaves(&self, till: usize, reading: &Reading) {
        if let (Some(effect), Some(reference)) = (reading.effect, &reading.reference) {
            let sent = Sent {
                till,
                effect,
                reference: reference.clone(),
                meaning: reading.meaning.clone(),
                moment: reading.moment.clone(),
            };
            self.bench.sent(&sent).await;
            self.count_again(effect, reference);
        }
    }

    async fn wait(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// One delivery: effect at the arrival, answer when it is due.
    async fn deliver(&self, request: &WireRequest, strike: Option<Strike>) -> Delivered {
        let call = WireCall {
            method: request.method,
            url: &request.url,
            headers: &request.headers,
            body: &request.body,
        };
        let pending = self.offline.exchange(&call, strike, self.moment());
        self.wait(Duration::from_millis(pending.wait_ms())).await;
        match self.offline.finish(pending, self.moment()) {
            Delivered::Answer(answer) => Delivered::Answer(dated(answer, self.moment())),
            cut => cut,
        }
    }

    /// The way of one request and its answer through the weather.
    async fn carry(&self, request: &WireRequest, reading: &Reading, ill: Option<Ill>) -> Back {
        self.wait(self.latency()).await;
        let back = match ill {
            None => self.answered(request, reading, None).await,
            Some(ill) => self.struck_by(ill, request, reading).await,
        };
        self.wait(self.latency()).await;
        back
    }

    /// An answer as the channel made it, which the auditor may believe later.
    async fn answered(
        &self,
        request: &WireRequest,
        reading: &Reading,
        strike: Option<Strike>,
    ) -> Back {
        let delivered = self.deliver(request, strike).await;
        self.genuine(reading, delivered)
    }

    fn genuine(&self, reading: &Reading, delivered: Delivered) -> Back {
        let Delivered::Answer(answer) = delivered else {
            return Err(Cut::AfterSend);
        };
        // What Stripe says of many payments at once, or of a refund by its payment, names none.
        if reading.channel == "stripe" {
            let reference = reading.reference.as_deref().unwrap_or_default();
            self.bench.made(reference, &sha256_hex(&answer.body));
            return Ok(answer);
        }
        if let Some(reference) = &reading.reference {
            self.bench.made(reference, &sha256_hex(&answer.body));
            let mut old = held(&self.old);
            let kept = old.entry(kind_of(reading)).or_default();
            kept.push((reference.clone(), answer.clone()));
            if kept.len() > KEPT_ANSWERS {
                kept.remove(0);
            }
        }
        Ok(answer)
    }

    async fn struck_by(&self, ill: Ill, request: &WireRequest, reading: &Reading) -> Back {
        held(&self.weather).count(ill);
        if reading.channel == "stripe" && is_of_the_way(ill) {
            // Whoever changes bytes or answers in another's name breaks TLS, which is all that Stripe's answers have:
            // the till sees a connection that ends.
            if ill != Ill::UnsignedRefusal && ill != Ill::Portal {
                drop(self.answered(request, reading, None).await);
            }
            return Err(Cut::AfterSend);
        }
        match ill {
            Ill::NoConnection => Err(Cut::BeforeSend),
            Ill::RequestLost => Err(Cut::AfterSend),
            Ill::RequestLate => {
                self.wait(self.between(5_000, 280_000)).await;
                self.answered(request, reading, None).await
            }
            Ill::DoubledFirst | Ill::DoubledSecond => {
                let first = self.answered(request, reading, None).await;
                self.wait(self.between(1, 3_000)).await;
                let second = self.answered(request, reading, None).await;
                if ill == Ill::DoubledFirst {
                    first
                } else {
                    second
                }
            }
            Ill::ReplyLost => {
                drop(self.answered(request, reading, None).await);
                Err(Cut::AfterSend)
            }
            Ill::ReplyLate => {
                let answer = self.answered(request, reading, None).await;
                self.wait(self.between(5_000, 200_000)).await;
                answer
            }
            Ill::SlowBody => {
                let answer = self.answered(request, reading, None).await;
                self.wait(Duration::from_secs(60)).await;
                answer
            }
            Ill::Truncated => {
                let answer = self.answered(request, reading, None).await?;
                let kept = self.draw(|rng| rng.place(answer.body.len()));
                Ok(answer.truncated(kept))
            }
            Ill::BitFlipped => {
                let answer = self.answered(request, reading, None).await?;
                let bit = self.draw(|rng| rng.place(answer.body.len().saturating_mul(8)));
                Ok(answer.flipped(bit))
            }
            Ill::Replayed => {
                let fresh = self.answered(request, reading, None).await;
                self.replayed(reading).map_or(fresh, Ok)
            }
            Ill::Gateway500 => Ok(WireAnswer::of_gateway(500)),
            Ill::Gateway503 => Ok(WireAnswer::of_gateway(503)),
            Ill::RateLimited => Ok(WireAnswer::of_gateway(429)),
            Ill::Portal => Ok(WireAnswer::captive_portal()),
            Ill::Gateway502 | Ill::Gateway504 => {
                drop(self.answered(request, reading, None).await);
                let status = if ill == Ill::Gateway502 { 502 } else { 504 };
                Ok(WireAnswer::of_gateway(status))
            }
            Ill::SystemError | Ill::SystemErrorAfter => {
                let strike = strike(FaultKind::SystemError, ill == Ill::SystemErrorAfter);
                self.answered(request, reading, Some(strike)).await
            }
            Ill::OtherOrder => {
                self.foreign(FaultKind::ForeignAnswer, request, reading)
                    .await
            }
            Ill::OtherMerchant => {
                self.foreign(FaultKind::ForeignMerchant, request, reading)
                    .await
            }
            Ill::UnsignedRefusal => {
                self.tampered(FaultKind::UnsignedRefusal, false, request)
                    .await
            }
            Ill::UnsignedRefusalAfter => {
                self.tampered(FaultKind::UnsignedRefusal, true, request)
                    .await
            }
            Ill::BadSignature => self.tampered(FaultKind::BadSignature, true, request).await,
            Ill::UnknownKey => self.tampered(FaultKind::UnknownKey, true, request).await,
            Ill::StaleTime => {
                // Only WeChat Pay's answers carry the time of their signature: nothing of the others is stale.
                let strike = strike(FaultKind::StaleTime, true);
                self.answered(request, reading, Some(strike)).await
            }
        }
    }

    /// An answer that the channel did not make for this call: nothing may come of it.
    async fn tampered(&self, kind: FaultKind, has_effect: bool, request: &WireRequest) -> Back {
        match self.deliver(request, Some(strike(kind, has_effect))).await {
            Delivered::Answer(answer) => Ok(answer),
            Delivered::Cut | Delivered::CutShort(_) => Err(Cut::AfterSend),
        }
    }

    /// A valid answer about something else; one that names no trade has nothing to swap and is genuine.
    async fn foreign(&self, kind: FaultKind, request: &WireRequest, reading: &Reading) -> Back {
        let delivered = self.deliver(request, Some(strike(kind, true))).await;
        let names_a_trade = |answer: &WireAnswer| {
            let body = String::from_utf8_lossy(&answer.body);
            ["out_trade_no", "out_refund_no", "orderId="]
                .iter()
                .any(|name| body.contains(name))
        };
        match delivered {
            Delivered::Answer(answer) if names_a_trade(&answer) => Ok(answer),
            genuine => self.genuine(reading, genuine),
        }
    }

    /// An old answer to the same kind of call: about the same reference if there is one, else any.
    fn replayed(&self, reading: &Reading) -> Option<WireAnswer> {
        let old = held(&self.old);
        let kept = old.get(&kind_of(reading))?;
        let its = |(of, _): &&(String, WireAnswer)| Some(of) == reading.reference.as_ref();
        let any = || kept.get(self.draw(|rng| rng.place(kept.len())));
        Some(kept.iter().find(its).or_else(any)?.1.clone())
    }
}

/// Whether somebody on the way did it, and no channel.
fn is_of_the_way(ill: Ill) -> bool {
    matches!(
        ill,
        Ill::BadSignature
            | Ill::BitFlipped
            | Ill::OtherMerchant
            | Ill::OtherOrder
            | Ill::Portal
            | Ill::Replayed
            | Ill::Truncated
            | Ill::UnknownKey
            | Ill::UnsignedRefusal
            | Ill::UnsignedRefusalAfter
    )
}

/// As every server does, the channel's says when it answered.
fn dated(mut answer: WireAnswer, at: Moment) -> WireAnswer {
    let moment = jiff::Timestamp::from_millisecond(at.wall_ms).unwrap_or_default();
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    if !answer.headers.iter().any(|(name, _)| name == "date")
        && let Ok(date) = printer.timestamp_to_rfc9110_string(&moment)
    {
        answer.headers.push(("date".to_owned(), date));
    }
    answer
}

/// What a right clock shows, for the channels.
#[must_use]
pub(crate) fn moment_of(clock: &SimClock) -> Moment {
    let wall_ms = clock.truth().0;
    let wall_ns = u64::try_from(wall_ms).unwrap_or(0);
    Moment {
        wall_ms,
        monotonic_ns: wall_ns.saturating_mul(1_000_000),
    }
}

fn kind_of(reading: &Reading) -> String {
    format!("{} {}", reading.channel, reading.operation)
}

fn strike(kind: FaultKind, has_effect: bool) -> Strike {
    Strike { kind, has_effect }
}

/// The network of one till's process.
pub(crate) struct SimNetwork {
    ether: Arc<Ether>,
    till: usize,
}

impl SimNetwork {
    /// The wire of this till.
    #[must_use]
    pub(crate) fn new(ether: Arc<Ether>, till: usize) -> SimNetwork {
        SimNetwork { ether, till }
    }
}

impl Network for SimNetwork {
    fn send(
        &self,
        request: WireRequest,
        _scope: Scope,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<WireReply, Cut>> {
        Box::pin(async move {
            let ether = &self.ether;
            *held(&ether.calls) += 1;
            let mut reading = wire::read(&request);
            if reading.channel == "stripe" {
                reading.reference = reading.reference.and_then(|it| ether.number_of(it));
            }
            ether.leaves(self.till, &reading).await;
            let ill = held(&ether.weather).strike();
            if ill == Some(Ill::NoConnection) {
                held(&ether.weather).count(Ill::NoConnection);
                if let Some(reference) = &reading.reference {
                    ether
                        .bench
                        .heard(self.till, reference, says::NO_CONNECTION)
                        .await;
                }
                ether.row("Q2");
                ether.wait(ether.latency()).await;
                return Err(Cut::BeforeSend);
            }
            let asked = reading.clone();
            let (tell, told) = oneshot::channel();
            let carrier = Arc::clone(ether);
            ether.tasks.spawn(Box::pin(async move {
                let back = carrier.carry(&request, &reading, ill).await;
                // Nobody may be waiting any more.
                drop(tell.send(back));
            }));
            let answered = tokio::select! {
                biased;
                told = told => told.unwrap_or(Err(Cut::AfterSend)),
                () = ether.clock.sleep(deadline) => Err(Cut::AfterSend),
            };
            if let Some(reference) = &asked.reference {
                let said = says::says(&asked, ill, answered.as_ref());
                ether.bench.heard(self.till, reference, said).await;
                ether.count_rows(&asked, said);
            }
            answered.map(|answer| WireReply {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                // Only an account of a sandbox, and only Stripe's, believes it for this.
                peer: Peer::SandboxHere,
            })
        })
    }

    fn reach<'a>(&'a self, _url: &'a str, _scope: Scope) -> BoxFuture<'a, Reached> {
        Box::pin(async { Reached::Plain })
    }
}
