//! Idempotency keys: the first answer under a key is given again, for a day (protocol reference, "Idempotency").
//!
//! Effect and kept answer are one transaction of the ledger. It must never keep a refusal of a call that did not begin.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, Body, Refusal};
use super::params::Params;
use super::{act, cx, readers};
use crate::exchange::{Call, Carriage};
use crate::ledger::{KeptAnswer, Ledger, StripeEvent};
use crate::world::World;

const KEY_MAX: usize = 255;

/// What the call is, so that another one under the same key is told apart.
fn fingerprint(call: &Call, params: &Params) -> String {
    let text = format!("{} {} {}", call.method, call.path, params.canonical());
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A call that acts, once under its key.
pub(super) fn acted(world: &World, call: &Call) -> (Answer, Carriage) {
    let key = call.header("idempotency-key").filter(|key| !key.is_empty());
    let mut done = once(world, call, key);
    if let Ok((answer, _)) = &mut done {
        answer.idempotency_key = key.map(str::to_owned);
    }
    done.unwrap_or_else(|refusal| {
        let mut answer = refusal.answer();
        answer.idempotency_key = key.map(str::to_owned);
        (answer, Carriage::Prompt)
    })
}

fn once(world: &World, call: &Call, key: Option<&str>) -> Result<(Answer, Carriage), Refusal> {
    let params = Params::read(call)?;
    let own = cx(world, call);
    let mut ledger = world.ledger()?;
    let now_ms = own.now_ms;
    if let Some(key) = key {
        if key.chars().count() > KEY_MAX {
            return Err(Refusal::invalid(
                "Idempotency-Key",
                "Idempotency keys have up to 255 characters.".to_owned(),
            ));
        }
        if world
            .flights()
            .get(key)
            .is_some_and(|until_ms| now_ms < *until_ms)
        {
            return Err(Refusal::in_use(key));
        }
        if let Some(kept) = ledger.stripe().kept(key, now_ms) {
            return replayed(kept, key, &fingerprint(call, &params))
                .map(|answer| (answer, Carriage::Prompt));
        }
    }
    let done = ledger.together(|ledger| {
        let done = act(&own, ledger, &call.path, &params);
        let (answer, carriage, is_kept) = match done {
            Ok((value, carriage)) => (Answer::json(200, value), carriage, true),
            Err(refusal) => (refusal.answer(), Carriage::Prompt, refusal.is_kept),
        };
        let is_late = matches!(carriage, Carriage::Late(_));
        if let Some(key) = key.filter(|_| is_kept && !is_late) {
            keep(ledger, now_ms, key, call, &answer);
        }
        Ok((answer, carriage))
    })?;
    if let (Some(key), Carriage::Late(_)) = (key, &done.1) {
        let until_ms = now_ms.saturating_add(world.rhythm.late_ms);
        world.flights().insert(key.to_owned(), until_ms);
    }
    Ok(done)
}

fn replayed(kept: &KeptAnswer, key: &str, fingerprint: &str) -> Result<Answer, Refusal> {
    if kept.fingerprint != fingerprint {
        return Err(Refusal::other_content(key));
    }
    let mut answer = Answer::json(kept.status, kept.body.clone());
    answer.is_replayed = true;
    answer.should_retry = (kept.status >= 500).then_some(false);
    Ok(answer)
}

/// Keeps an answer under its key.
pub(super) fn keep(ledger: &mut Ledger, at_ms: i64, key: &str, call: &Call, answer: &Answer) {
    let Body::Json(body) = &answer.body else {
        return;
    };
    let params = Params::read(call).unwrap_or_default();
    let answer = KeptAnswer {
        fingerprint: fingerprint(call, &params),
        status: answer.status,
        body: body.clone(),
        at_ms,
    };
    if let Err(error) = ledger.tell_stripe(StripeEvent::Kept {
        name: key.to_owned(),
        answer,
    }) {
        tracing::error!(%error, "an answer could not be kept");
    }
}

/// The answer to a call that was worked on until now.
pub(super) fn late(world: &World, call: &Call) -> Answer {
    let own = cx(world, call);
    let Ok(mut ledger) = world.ledger() else {
        return Refusal::internal().answer();
    };
    let id = call.path.split('/').nth(4).unwrap_or_default();
    let told = readers::find(&own, &ledger, id);
    let body = told.map_or(Value::Null, |reader| {
        readers::written(&ledger, &reader, own.now_ms)
    });
    let mut answer = Answer::json(200, body);
    if let Some(key) = own.idempotency_key {
        world.flights().remove(key);
        keep(&mut ledger, own.now_ms, key, call, &answer);
        answer.idempotency_key = Some(key.to_owned());
    }
    answer
}
