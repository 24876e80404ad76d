//! The door: every call is asked where it wants to, where it comes from, who signs it, whether it came before, and
//! what it may. Only then somebody looks at what it wants.

use crate::{
    limits::{
        BODY_WITHIN, CLOCK_WINDOW_MS, CONNECTIONS_MAX, LOOKS_PER_MINUTE, NOTICES_PER_MINUTE,
        STRANGERS_LOGGED_PER_MINUTE,
    },
    memory::{Memory, NonceFault, Rate},
    refusal::Refusal,
    signature::{Signed, base_string, unhex},
};
use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use paydesk_console::{
    Console, KnownCaller,
    contract::{InterfaceView, RightView},
};
use sha2::{Digest, Sha256};
use std::{
    future::Future,
    sync::{Arc, Mutex},
};
use tokio::sync::{Semaphore, watch};

/// Work at once: as much as there are connections.
const WORK_MAX: usize = CONNECTIONS_MAX;

/// Names by which a loopback listener may always be called.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// What the listener holds: the console, and what it remembers of callers.
pub(crate) struct Door {
    pub(crate) console: Console,
    /// What was signed before is not taken: nonces from before the start are not remembered.
    started_ms: i64,
    memory: Mutex<Memory>,
    notices: Mutex<Rate>,
    looks: Mutex<Rate>,
    /// Refusals of strangers that were written to the log.
    strangers: Mutex<Rate>,
    work: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// A call whose caller has proved who it is.
pub(crate) struct Admitted {
    pub(crate) caller: KnownCaller,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Door {
    pub(crate) fn new(console: Console, stop: watch::Receiver<bool>) -> Door {
        Door {
            started_ms: console.now_ms(),
            console,
            memory: Mutex::default(),
            notices: Mutex::default(),
            looks: Mutex::default(),
            strangers: Mutex::default(),
            work: Arc::new(Semaphore::new(WORK_MAX)),
            stop,
        }
    }

    /// Ends when the listener is to stop: nobody need wait for news any longer.
    pub(crate) async fn stopping(&self) {
        let mut stop = self.stop.clone();
        // A listener that is gone has stopped too.
        let _gone = stop.wait_for(|is_stopped| *is_stopped).await.is_err();
    }

    /// Writes the refusal of somebody who is not known to the log, unless too many stand there already.
    pub(crate) fn log_stranger(&self, refusal: &Refusal, method: &str, path: &str) {
        let Ok(mut rate) = self.strangers.lock() else {
            return;
        };
        if rate
            .take(STRANGERS_LOGGED_PER_MINUTE, self.console.now_ms())
            .is_ok()
        {
            refusal.log(method, path, "");
        }
    }

    /// Waits until everything that was begun has ended; nothing new begins.
    pub(crate) async fn finish(&self) {
        let all = u32::try_from(WORK_MAX).unwrap_or(u32::MAX);
        if self.work.acquire_many(all).await.is_ok() {
            self.work.close();
        }
    }

    /// Does something in a task of its own: it ends although the caller hangs up.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Arc::clone(&self.work).acquire_owned().await;
        let place = place.map_err(|_| Refusal::stopping())?;
        let task = tokio::spawn(async move {
            let ended = work.await;
            drop(place);
            ended
        });
        task.await.unwrap_or_else(|_| Err(Refusal::stopping()))
    }

    /// The name by which the listener is called, and that no web page calls.
    pub(crate) fn look(
        &self,
        headers: &HeaderMap,
        settings: &InterfaceView,
    ) -> Result<(), Refusal> {
        self.named(headers, settings)?;
        let is_foreign_page = headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "same-origin" && site != "none");
        if headers.contains_key("origin") || is_foreign_page {
            return Err(Refusal::origin_not_allowed());
        }
        Ok(())
    }

    /// The name by which the listener is called.
    pub(crate) fn named(
        &self,
        headers: &HeaderMap,
        settings: &InterfaceView,
    ) -> Result<(), Refusal> {
        let host = one(headers, "host").ok_or_else(Refusal::host_not_allowed)?;
        let name = without_port(host);
        let is_ours = LOOPBACK.contains(&name) || settings.hosts.iter().any(|host| host == name);
        if !is_ours {
            return Err(Refusal::host_not_allowed());
        }
        Ok(())
    }

    /// Lets a call in whose caller has this right.
    pub(crate) async fn admit(
        &self,
        request: Request,
        right: RightView,
        body_max: usize,
    ) -> Result<Admitted, Refusal> {
        let (parts, body) = request.into_parts();
        let settings = self.console.interface_now();
        self.look(&parts.headers, &settings)?;
        if !settings.is_on {
            return Err(Refusal::interface_off());
        }
        let headers = &parts.headers;
        let header =
            |name: &'static str| one(headers, name).ok_or(Refusal::signature_missing(name));
        let (key, timestamp) = (header("paydesk-key")?, header("paydesk-timestamp")?);
        let (nonce, signature) = (header("paydesk-nonce")?, header("paydesk-signature")?);
        let signature = unhex(signature).ok_or(Refusal::signature_missing("paydesk-signature"))?;
        if !is_nonce(nonce) {
            return Err(Refusal::signature_missing("paydesk-nonce"));
        }
        let now = self.console.now_ms();
        self.in_window(timestamp, now)?;
        let body = read(body, body_max).await?;
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let text = base_string(&Signed {
            method: parts.method.as_str(),
            target,
            key,
            timestamp,
            nonce,
            idempotency_key: one(headers, "idempotency-key").unwrap_or_default(),
            body: &body,
        });
        let caller = self.console.caller(key, text.as_bytes(), &signature)?;
        self.remember(&caller, nonce, now)?;
        if !caller.may(right) {
            return Err(Refusal::right_missing());
        }
        Ok(Admitted {
            caller,
            parts,
            body,
        })
    }

    fn in_window(&self, timestamp: &str, now: i64) -> Result<(), Refusal> {
        let is_plain = (1..=12).contains(&timestamp.len())
            && timestamp.bytes().all(|digit| digit.is_ascii_digit());
        let seconds = timestamp.parse::<i64>().ok().filter(|_| is_plain);
        let signed = seconds.ok_or(Refusal::signature_missing("paydesk-timestamp"))?;
        let signed = signed.saturating_mul(1000);
        // Whole seconds: what was signed in the second of the start is new.
        let is_before = signed < self.started_ms.div_euclid(1000).saturating_mul(1000);
        if (signed - now).abs() > CLOCK_WINDOW_MS || is_before {
            return Err(Refusal::timestamp_outside(now));
        }
        Ok(())
    }

    /// Only who has signed rightly is remembered, so nobody else can fill the memory.
    fn remember(&self, caller: &KnownCaller, nonce: &str, now: i64) -> Result<(), Refusal> {
        let digest = Sha256::digest(nonce.as_bytes());
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(digest) {
            *to = from;
        }
        let Ok(mut memory) = self.memory.lock() else {
            return Err(Refusal::stopping());
        };
        let known = memory.entry(caller.id.clone()).or_default();
        match known.nonces.take(short, now) {
            Ok(()) => {}
            Err(NonceFault::Used) => return Err(Refusal::nonce_used()),
            Err(NonceFault::Full) => return Err(Refusal::too_many_calls(CLOCK_WINDOW_MS)),
        }
        let taken = known.rate.take(caller.per_minute, now);
        taken.map_err(Refusal::too_many_calls)
    }

    /// One more notice, or not yet.
    pub(crate) fn take_notice(&self) -> Result<(), Refusal> {
        self.take(&self.notices, NOTICES_PER_MINUTE)
    }

    /// One more look of a payer, or not yet.
    pub(crate) fn take_look(&self) -> Result<(), Refusal> {
        self.take(&self.looks, LOOKS_PER_MINUTE)
    }

    fn take(&self, rate: &Mutex<Rate>, per_minute: u32) -> Result<(), Refusal> {
        let Ok(mut rate) = rate.lock() else {
            return Err(Refusal::stopping());
        };
        let taken = rate.take(per_minute, self.console.now_ms());
        taken.map_err(Refusal::too_many_calls)
    }
}

/// A header that is there once, in visible ASCII.
pub(crate) fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    only.to_str().ok()
}

fn without_port(host: &str) -> &str {
    if let Some(end) = host.find(']') {
        return host.get(..=end).unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

fn is_nonce(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (16..=64).contains(&text.len()) && text.bytes().all(plain)
}

/// The whole body, within its size and its time.
pub(crate) async fn read(body: Body, max: usize) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, max).collect();
    let read = tokio::time::timeout(BODY_WITHIN, whole).await;
    match read {
        Err(_) => Err(Refusal::body_too_slow()),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::body_too_large(max)),
        Ok(Err(error)) => Err(Refusal::not_json(&error.to_string())),
    }
}
