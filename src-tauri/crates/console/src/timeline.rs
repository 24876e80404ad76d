//! From the log's events to the timeline of an order: newest first, repeats folded.

use crate::contract::{ProofView, TimelineEvent};
use paydesk_desk::ports::{Actor, EventKind, StoredEvent};
use serde_json::Value;
use std::collections::BTreeMap;

/// The timeline. `asked` questions that moved nothing are not in the log; they are folded into the newest doubt or wait.
pub(crate) fn of(events: Vec<StoredEvent>, asked: u32) -> Vec<TimelineEvent> {
    let mut folded: Vec<TimelineEvent> = Vec::with_capacity(events.len());
    for event in events {
        let next = view(event);
        match folded.last_mut() {
            Some(last)
                if last.kind == next.kind
                    && last.params == next.params
                    && last.proof.is_none()
                    && next.proof.is_none() =>
            {
                last.repeated = last.repeated.saturating_add(1);
                last.at = next.at;
                last.seq = next.seq;
                last.technical = next.technical;
            }
            _ => folded.push(next),
        }
    }
    if asked > 0
        && let Some(last) = folded.last_mut()
    {
        last.params.insert("asked".to_owned(), asked.to_string());
    }
    folded.reverse();
    folded
}

/// Events of the shop itself, newest first as they come; nothing is folded, each stands for itself.
pub(crate) fn of_shop(events: Vec<StoredEvent>) -> Vec<TimelineEvent> {
    events.into_iter().map(shop_view).collect()
}

fn shop_view(event: StoredEvent) -> TimelineEvent {
    let body = event.body.clone();
    let mut view = view(event);
    let filter = body.get("filter");
    for key in [
        "account",
        "label",
        "key",
        "fingerprint",
        "file",
        "rows",
        "sha256",
        "day",
        "content_sha256",
    ] {
        view.take(key, body.get(key));
    }
    for key in ["tab", "search", "day_from", "day_to", "status", "channel"] {
        view.take(key, filter.and_then(|filter| filter.get(key)));
    }
    view
}

impl TimelineEvent {
    /// Takes over a text or a number of the body; nothing and empty texts are left out.
    fn take(&mut self, key: &str, value: Option<&Value>) {
        let text = match value {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        self.params.insert(key.to_owned(), text);
    }
}

fn view(event: StoredEvent) -> TimelineEvent {
    let body = &event.body;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = match event.kind {
        EventKind::PaymentHeard => format!(
            "payment_{}",
            text("fact").unwrap_or_else(|| "heard".to_owned())
        ),
        EventKind::RefundHeard => format!(
            "refund_{}",
            text("fact").unwrap_or_else(|| "heard".to_owned())
        ),
        other => other.name().to_owned(),
    };
    let source = match (text("heard").as_deref(), &event.actor) {
        (Some("notice"), _) => "channel_notice",
        (Some("query"), _) => "channel_query",
        (Some("reply"), _) => "channel_reply",
        (_, Actor::Operator(_)) => "person",
        (_, Actor::Program) => "us",
        (_, Actor::Software(_)) => "software",
    };
    let mut params = BTreeMap::new();
    for key in [
        "operation",
        "code",
        "channel_ref",
        "tender",
        "channel",
        "reason",
        "decision",
        "how",
        "change",
        "forged",
    ] {
        if let Some(value) = text(key) {
            params.insert(key.to_owned(), value);
        }
    }
    if let Some(copy) = body.get("copy").and_then(Value::as_u64) {
        params.insert("copy".to_owned(), copy.to_string());
    }
    if let Some(amount) = body.get("amount") {
        for key in ["minor", "currency"] {
            if let Some(value) = amount.get(key).and_then(Value::as_str) {
                params.insert(format!("amount_{key}"), value.to_owned());
            }
        }
    }
    if let Some(why) = body
        .get("doubt")
        .and_then(|d| d.get("why"))
        .and_then(Value::as_str)
    {
        params.insert("doubt".to_owned(), why.to_owned());
    }
    if let Some(note) = body
        .get("after")
        .and_then(|a| a.get("note"))
        .and_then(|n| n.get("text"))
        .and_then(Value::as_str)
    {
        params.insert("note".to_owned(), note.to_owned());
    }
    if let Some(subject) = &event.subject {
        params.insert("reference".to_owned(), subject.to_string());
    }
    TimelineEvent {
        seq: u32::try_from(event.seq).unwrap_or(u32::MAX),
        at: event.at.0,
        kind,
        params,
        actor: match &event.actor {
            Actor::Operator(name) | Actor::Software(name) => name.clone(),
            Actor::Program => "program".to_owned(),
        },
        source: source.to_owned(),
        proof: proof(body),
        technical: event.evidence.map(|bytes| pretty(&bytes)),
        repeated: 1,
    }
}

fn proof(body: &Value) -> Option<ProofView> {
    if let Some(proof) = body
        .get("proof")
        .filter(|p| p.get("believed_sha256").is_some())
    {
        let text = |key: &str| proof.get(key).and_then(Value::as_str).map(str::to_owned);
        let (by, key) = match text("key") {
            Some(key) => ("signature", key),
            None => ("host", text("host").unwrap_or_default()),
        };
        return Some(ProofView {
            by: by.to_owned(),
            key,
            digest: text("believed_sha256"),
        });
    }
    let who = body
        .get("source")
        .and_then(|s| s.get("who"))
        .and_then(Value::as_str)?;
    Some(ProofView {
        by: "operator".to_owned(),
        key: who.to_owned(),
        digest: None,
    })
}

/// The kept exchange for people to read; it holds no secret by the way it is kept.
fn pretty(bytes: &[u8]) -> String {
    serde_json::from_slice::<Value>(bytes)
        .and_then(|v| serde_json::to_string_pretty(&v))
        .unwrap_or_default()
}
