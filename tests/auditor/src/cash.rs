//! Cash has no channel to ask: what the log says of it must hold by itself.

use crate::{
    Auditor, Invariant,
    chain::Row,
    edges::{Cause, cause_of},
};
use serde_json::Value;

impl Auditor {
    /// Cash is paid and given back by the word of a named person alone, that word speaks of nothing else, and the drawer
    /// moves by the same amount (INV3).
    pub(crate) fn check_cash(&mut self, till: usize, row: &Row, body: &Value) {
        let part = |name: &str| body.pointer(&format!("/after/{name}"));
        let of_cash = part("payment").is_some_and(|it| it.pointer("/plan/tender/cash").is_some())
            || part("refund").is_some_and(|it| it.pointer("/plan/in_cash").is_some());
        let word = cause_of(&row.kind, body) == Cause::Cash;
        if of_cash != word && (word || part("payment").is_some() || part("refund").is_some()) {
            let found = format!(
                "event {}: {} speaks of what is not its own",
                row.seq, row.kind
            );
            self.found(Invariant::Inv3, till, found);
        }
        if !word {
            return;
        }
        let minor = |of: Option<&Value>| {
            let minor = of
                .and_then(|it| it.pointer("/minor"))
                .and_then(Value::as_str);
            minor.and_then(|minor| minor.parse::<i64>().ok())
        };
        let (payment, refund) = (part("payment"), part("refund"));
        let amount = minor(payment.or(refund).and_then(|it| it.pointer("/plan/amount")));
        let drawer = minor(part("drawer").and_then(|it| it.get("amount")));
        let handed = payment.and_then(|it| it.pointer("/plan/tender/cash"));
        let kept = match (
            minor(handed.and_then(|it| it.get("received"))),
            minor(handed.and_then(|it| it.get("change"))),
        ) {
            (Some(received), Some(change)) if change >= 0 => received.checked_sub(change),
            _ => amount.and_then(i64::checked_neg),
        };
        let is_named = row.actor.contains("\"operator\"");
        if amount.is_none() || drawer != kept || !is_named {
            let found = format!(
                "event {}: {amount:?} in cash, the drawer moved by {drawer:?}, the word is of {}",
                row.seq, row.actor
            );
            self.found(Invariant::Inv3, till, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Oracle, Trade, Witness, chain::GENESIS};
    use serde_json::json;
    use std::sync::Arc;

    struct Nobody;

    impl Witness for Nobody {
        fn unseal(&self, _: usize, _: i64, _: &[u8]) -> Option<Vec<u8>> {
            None
        }

        fn is_signed(&self, _: &str, _: &Value) -> bool {
            false
        }
    }

    impl Oracle for Nobody {
        fn trade(&self, _: &str) -> Option<Trade> {
            None
        }

        fn trades(&self) -> Vec<Trade> {
            Vec::new()
        }
    }

    fn found(kind: &str, actor: &str, after: Value) -> usize {
        let mut auditor = Auditor::new(Arc::new(Nobody), Arc::new(Nobody));
        let row = Row {
            seq: 7,
            kind: kind.to_owned(),
            number: None,
            subject: None,
            actor: actor.to_owned(),
            at: 0,
            day: 0,
            body: String::new(),
            evidence: None,
            prev: GENESIS.to_vec(),
            hash: GENESIS.to_vec(),
        };
        auditor.check_cash(0, &row, &json!({ "after": after }));
        auditor.take_violations().len()
    }

    fn money(minor: i64) -> Value {
        json!({ "minor": minor.to_string(), "currency": "CNY" })
    }

    fn taken(received: i64, change: i64, drawer: i64) -> Value {
        json!({
            "payment": { "plan": { "amount": money(4_650), "tender": { "cash": {
                "received": money(received), "change": money(change),
            } } } },
            "drawer": { "kind": "taken", "amount": money(drawer) },
        })
    }

    const WHO: &str = r#"{"actor":"operator","name":"1"}"#;

    #[test]
    fn a_word_about_cash_holds_by_itself() {
        assert_eq!(found("cash_taken", WHO, taken(5_000, 350, 4_650)), 0);
        let given = |drawer| {
            json!({
                "refund": { "plan": { "amount": money(650), "in_cash": true } },
                "drawer": { "kind": "returned", "amount": money(drawer) },
            })
        };
        assert_eq!(found("cash_returned", WHO, given(-650)), 0);
        assert_eq!(found("cash_returned", WHO, given(650)), 1);
        // Change too large, a drawer that got something else, and nobody who says so.
        assert_eq!(found("cash_taken", WHO, taken(5_000, 400, 4_650)), 1);
        assert_eq!(found("cash_taken", WHO, taken(5_000, 350, 5_000)), 1);
        let program = r#"{"actor":"program"}"#;
        assert_eq!(found("cash_taken", program, taken(5_000, 350, 4_650)), 1);
    }

    #[test]
    fn no_other_word_pays_cash_and_this_one_pays_nothing_else() {
        assert_eq!(found("payment_heard", WHO, taken(5_000, 350, 4_650)), 1);
        let channel = json!({
            "payment": { "plan": { "amount": money(4_650), "tender": "payer_code" } },
            "drawer": { "kind": "taken", "amount": money(4_650) },
        });
        assert!(found("cash_taken", WHO, channel.clone()) > 0);
        assert_eq!(found("payment_heard", WHO, channel), 0);
        assert_eq!(found("settings_changed", WHO, json!({})), 0);
    }
}
