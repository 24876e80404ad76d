//! The query and its two levels: whether it could be answered, and what became of the order.
//!
//! It must never answer about an order whose time is another's.

use std::collections::{HashMap, VecDeque};

use super::answer::{Fields, Refusal, message_of, put};
use super::order::{self, Order};
use super::request::Form;
use crate::world::World;

/// The documents' own schedule asks after 1, 2, 4, 8, 16 and 32 s: six times in a minute. A seventh is too frequent.
const QUERIES_MAX: usize = 6;
const WINDOW_MS: i64 = 60_000;
/// Orders of the last minute; far more than a till has under way.
const ORDERS_MAX: usize = 4_096;

/// When which order was asked about.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    answered_ms: HashMap<String, VecDeque<i64>>,
}

impl Queries {
    /// Whether a query at this time may be answered; only then it counts.
    pub(crate) fn admits(&mut self, number: &str, now_ms: i64) -> bool {
        let is_recent = |at_ms: &i64| now_ms.abs_diff(*at_ms) < WINDOW_MS.unsigned_abs();
        if self.answered_ms.len() >= ORDERS_MAX {
            self.answered_ms
                .retain(|_, times| times.iter().any(is_recent));
        }
        let times = self.answered_ms.entry(number.to_owned()).or_default();
        times.retain(is_recent);
        let is_admitted = times.len() < QUERIES_MAX;
        if is_admitted {
            times.push_back(now_ms);
        }
        is_admitted
    }
}

/// `00`: by number and time, or by `queryId`.
pub(super) fn query(world: &World, form: &Form) -> Result<Fields, Refusal> {
    let asked = match form.need("txnSubType")? {
        "00" => {
            form.need("txnTime")?;
            form.number()?
        }
        "02" => form.need("queryId")?,
        _ => return Err(Refusal::format("txnSubType")),
    };
    if !world.admits_query(asked) {
        return Err(Refusal::of("37"));
    }
    let ledger = world.ledger()?;
    let order = order::find(&ledger, form).filter(|order| world.is_seen(order.made_ms()));
    order
        .map(|order| told(world, form, order))
        .ok_or_else(|| Refusal::of("34"))
}

/// Kind and times are those of the order, not of the query, as the published answer has them.
pub(super) fn told(world: &World, form: &Form, order: Order<'_>) -> Fields {
    let mut fields = order.fields(&world.keys.merchant.unionpay.mer_id);
    let code = order.code();
    put(
        &mut fields,
        "encoding",
        form.value("encoding").unwrap_or("UTF-8"),
    );
    put(&mut fields, "issuerIdentifyMode", "0");
    put(&mut fields, "origRespCode", code);
    put(&mut fields, "origRespMsg", message_of(code));
    put(&mut fields, "respCode", "00");
    put(&mut fields, "respMsg", message_of("00"));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seventh_query_in_a_minute_is_one_too_many() {
        let mut queries = Queries::default();
        for at_s in [0, 1, 3, 7, 15, 31] {
            assert!(queries.admits("N1", at_s * 1000), "{at_s}");
        }
        assert!(!queries.admits("N1", 59_999));
        assert!(queries.admits("N2", 59_999));
        assert!(queries.admits("N1", 60_000));
        assert!(!queries.admits("N1", 60_500));
    }
}
