//! Which states met which events: counted from what the channel's answers said when they were handed over,
//! and from the log where the program or a person moved something.

use crate::chain::Row;
use serde_json::Value;
use std::collections::BTreeMap;

/// Counts by state, then by event.
pub type Cells = BTreeMap<String, BTreeMap<String, u64>>;

/// What was met so far.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    /// Of payments.
    pub payments: Cells,
    /// Of refunds.
    pub refunds: Cells,
    /// Moves of the log, `payment in_doubt -> paid`.
    pub moves: BTreeMap<String, u64>,
}

impl Coverage {
    fn cells(&mut self, is_refund: bool) -> &mut Cells {
        if is_refund {
            &mut self.refunds
        } else {
            &mut self.payments
        }
    }

    pub(crate) fn met(&mut self, is_refund: bool, state: &str, event: &str) {
        let events = self.cells(is_refund).entry(state.to_owned()).or_default();
        *events.entry(event.to_owned()).or_default() += 1;
    }

    /// What the log says the program or a person did. What was heard is counted where it arrives.
    pub(crate) fn logged(
        &mut self,
        part: &str,
        from: Option<&str>,
        to: &str,
        row: &Row,
        body: &Value,
    ) {
        let from = from.unwrap_or("none");
        *self
            .moves
            .entry(format!("{part} {from} -> {to}"))
            .or_default() += 1;
        let event = match row.kind.as_str() {
            "ending_begun" => "ended by us",
            "payment_handed_over" | "refund_handed_over" => "handed over",
            "payment_withdrawn" | "refund_withdrawn" => "not sent",
            "late_decided" => match body.get("decision").and_then(Value::as_str) {
                Some("accept") => "kept by a person",
                _ => "given back by a person",
            },
            "payment_begun" | "refund_begun" => "begun",
            _ => return,
        };
        self.met(part == "refund", from, event);
    }
}

/// The name of a state, with what a person decided of late money.
pub(crate) fn state_name(body: &Value, part: &str, to: &str) -> String {
    let choice = body.pointer(&format!("/after/{part}/state/choice/choice"));
    match choice.and_then(Value::as_str) {
        Some(choice) => format!("{to} {choice}"),
        None => to.to_owned(),
    }
}
