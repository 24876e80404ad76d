//! What this program knows of the sandbox: its faults, its ledger, its log.
//!
//! Only through the control interface. It must never read the sandbox's memory or trust the product's word for it.

use crate::audit::Trade;
use crate::control::{Control, Trouble};
use crate::phase::{Exchange, Operation};
use serde::Deserialize;
use serde_json::json;

/// What goes wrong on the way or at the channel.
pub(crate) const FAULTS: &[&str] = &[
    "request_lost",
    "reply_lost",
    "server_error",
    "bad_signature",
    "unsigned_refusal",
    "garbage",
    "delay",
    "system_error",
    "truncated",
    "answer_twice",
];

/// Faults that let an answer come, whatever it is worth.
pub(crate) const ANSWERING: &[&str] = &[
    "server_error",
    "bad_signature",
    "unsigned_refusal",
    "system_error",
    "answer_twice",
];

/// Which calls a fault strikes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// Reversals, cancellations, closings.
    End,
    /// Queries.
    Query,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::End => "end",
            Self::Query => "query",
        }
    }
}

/// Replaces all faults by one, or by none.
pub(crate) fn set_fault(control: &Control, fault: Option<(&str, Scope)>) -> Result<(), Trouble> {
    let on = fault.map(|(name, scope)| json!({ "name": name, "scope": scope.name() }));
    let faults: Vec<_> = on.into_iter().collect();
    control.put("/_sandbox/faults", &json!({ "faults": faults }))
}

#[derive(Deserialize)]
struct Ledger {
    trades: Vec<Trade>,
}

/// Every trade the channels know.
pub(crate) fn ledger(control: &Control) -> Result<Vec<Trade>, Trouble> {
    Ok(control.get::<Ledger>("/_sandbox/ledger")?.trades)
}

#[derive(Deserialize)]
struct Log {
    requests: Vec<Logged>,
}

#[derive(Deserialize)]
struct Logged {
    seq: u64,
    reference: Option<String>,
    operation: String,
    received_ns: u64,
    answered_ns: Option<u64>,
}

/// The place of the log's newest entry, at or after a place that is known.
pub(crate) fn log_end(control: &Control, known: u64) -> Result<u64, Trouble> {
    let log: Log = control.get(&format!("/_sandbox/requests?since={known}"))?;
    Ok(log.requests.iter().map(|it| it.seq).max().unwrap_or(known))
}

/// What was logged after that place.
pub(crate) fn log_since(control: &Control, since: u64) -> Result<Vec<Exchange>, Trouble> {
    let log: Log = control.get(&format!("/_sandbox/requests?since={since}"))?;
    let entries = log.requests.into_iter().filter(|it| it.seq > since);
    Ok(entries
        .filter_map(|it| {
            Some(Exchange {
                reference: it.reference?,
                operation: operation_of(&it.operation)?,
                received_ns: it.received_ns,
                answered_ns: it.answered_ns,
            })
        })
        .collect())
}

fn operation_of(name: &str) -> Option<Operation> {
    match name {
        "charge" | "refund" => Some(Operation::Send),
        "query" | "refund_query" => Some(Operation::Query),
        "cancel" | "reverse" | "close" => Some(Operation::End),
        _ => None,
    }
}
