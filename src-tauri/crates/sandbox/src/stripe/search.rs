//! Searches intents: `metadata['order_id']:'X' AND status:'succeeded'`.
//!
//! What is new is found a minute later only (protocol reference, "Pagination and polling"): a search answers no doubt.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::lists::limit;
use super::objects::{intent, intent_status, seconds, terms_of};
use super::params::Params;
use super::{Cx, is_of_stripe};
use crate::ledger::{Ledger, State, Trade};

/// For so long a search does not see what is new.
const LAG_MS: i64 = 60_000;

/// One comparison.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Clause {
    is_not: bool,
    field: String,
    operator: String,
    /// Without one: the field is absent.
    value: Option<String>,
}

fn wrong(query: &str) -> Refusal {
    Refusal::invalid(
        "query",
        format!("We were unable to parse the search query: {query}"),
    )
}

/// Reads clauses that are joined by AND or by OR, not both.
fn read(query: &str) -> Result<(Vec<Clause>, bool), Refusal> {
    let mut rest = query.trim();
    let mut clauses = Vec::new();
    let mut joined: Option<bool> = None;
    loop {
        let (clause, left) = clause(rest).ok_or_else(|| wrong(query))?;
        clauses.push(clause);
        let left = left.trim_start();
        if left.is_empty() {
            return Ok((clauses, joined == Some(true)));
        }
        let or = left.strip_prefix("OR ");
        let next = or.or_else(|| left.strip_prefix("AND ")).unwrap_or(left);
        if joined.is_some_and(|is_or| is_or != or.is_some()) {
            return Err(wrong(query));
        }
        joined = Some(or.is_some());
        rest = next.trim_start();
    }
}

fn clause(text: &str) -> Option<(Clause, &str)> {
    let (is_not, text) = text
        .strip_prefix('-')
        .map_or((false, text), |text| (true, text));
    let end = text.find([':', '~', '>', '<'])?;
    // A key of the merchant's own words may hold anything but brackets.
    let end = match text.strip_prefix("metadata[") {
        Some(inner) => "metadata["
            .len()
            .checked_add(inner.find(']')?)?
            .checked_add(1)?,
        None => end,
    };
    let (field, rest) = text.split_at_checked(end)?;
    let operator = [">=", "<=", ":", "~", ">", "<"]
        .into_iter()
        .find(|it| rest.starts_with(it))?;
    let rest = rest.get(operator.len()..)?;
    let (value, rest) = if let Some(rest) = rest.strip_prefix("null") {
        (None, rest)
    } else {
        let quote = rest.chars().next()?;
        if matches!(quote, '\'' | '"') {
            let inner = rest.get(1..)?;
            let end = inner.find(quote)?;
            (
                Some(inner.get(..end)?.to_owned()),
                inner.get(end.checked_add(1)?..)?,
            )
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            let (value, rest) = rest.split_at_checked(end)?;
            value.parse::<i64>().ok()?;
            (Some(value.to_owned()), rest)
        }
    };
    let field = field.trim().replace('"', "'");
    Some((
        Clause {
            is_not,
            field,
            operator: operator.to_owned(),
            value,
        },
        rest,
    ))
}

fn holds(clause: &Clause, trade: &Trade) -> Option<bool> {
    let terms = terms_of(trade);
    let key = clause
        .field
        .strip_prefix("metadata['")
        .and_then(|key| key.strip_suffix("']"));
    let own = match (clause.field.as_str(), key) {
        (_, Some(key)) => terms.metadata.get(key).cloned(),
        ("amount", _) => Some(trade.total.get().to_string()),
        ("created", _) => Some(seconds(trade.created_ms).to_string()),
        ("currency", _) => Some(trade.currency.code().to_lowercase()),
        ("customer", _) => None,
        ("status", _) => Some(intent_status(trade, &terms).to_owned()),
        _ => return None,
    };
    let is_number = matches!(clause.field.as_str(), "amount" | "created");
    let Some(value) = &clause.value else {
        return Some(own.is_none() != clause.is_not);
    };
    let compared = || -> Option<std::cmp::Ordering> {
        let own: i64 = own.as_ref()?.parse().ok()?;
        Some(own.cmp(&value.parse().ok()?))
    };
    let is_so = match clause.operator.as_str() {
        ":" if is_number => compared().is_some_and(|it| it.is_eq()),
        ":" => own
            .as_ref()
            .is_some_and(|own| own.eq_ignore_ascii_case(value)),
        "~" if value.chars().count() >= 3 => {
            own.as_ref().is_some_and(|own| own.contains(value.as_str()))
        }
        ">" if is_number => compared().is_some_and(|it| it.is_gt()),
        "<" if is_number => compared().is_some_and(|it| it.is_lt()),
        ">=" if is_number => compared().is_some_and(|it| it.is_ge()),
        "<=" if is_number => compared().is_some_and(|it| it.is_le()),
        _ => return None,
    };
    Some(is_so != clause.is_not)
}

pub(super) fn intents(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    params.only(&["expand", "limit", "page", "query"])?;
    let query = params.need("query")?;
    let (clauses, is_or) = read(query)?;
    let limit = limit(params)?;
    let page = params
        .text("page")?
        .map_or(Ok(0), |page| page.parse::<usize>());
    let page = page.map_err(|_| Refusal::invalid("page", "Invalid page.".to_owned()))?;
    let mut found = Vec::new();
    for trade in ledger.trades().rev().filter(is_of_stripe) {
        let terms = terms_of(trade);
        let is_there =
            terms.session.is_none() || trade.state == State::Paid || !terms.attempts.is_empty();
        if !is_there || trade.created_ms.saturating_add(LAG_MS) > cx.now_ms {
            continue;
        }
        let held: Option<Vec<bool>> = clauses.iter().map(|clause| holds(clause, trade)).collect();
        let held = held.ok_or_else(|| wrong(query))?;
        if if is_or {
            held.contains(&true)
        } else {
            !held.contains(&false)
        } {
            found.push(trade);
        }
    }
    let (from, to) = (
        page.saturating_mul(limit),
        page.saturating_add(1).saturating_mul(limit),
    );
    let data: Vec<Value> = found
        .iter()
        .skip(from)
        .take(limit)
        .map(|trade| intent(trade))
        .collect();
    let has_more = found.len() > to;
    Ok(json!({
        "object": "search_result",
        "data": data,
        "has_more": has_more,
        "next_page": has_more.then(|| page.saturating_add(1).to_string()),
        "url": "/v1/payment_intents/search",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_joined_one_way() {
        let (clauses, is_or) =
            read("metadata['order_id']:'A B' AND -status:'canceled' AND amount>100").unwrap();
        assert_eq!((clauses.len(), is_or), (3, false));
        assert_eq!(clauses[0].field, "metadata['order_id']");
        assert_eq!(clauses[0].value.as_deref(), Some("A B"));
        assert!(clauses[1].is_not);
        assert!(read("status:\"a\" OR metadata[\"k\"]:null").unwrap().1);
        for text in [
            "",
            "status",
            "status:'a",
            "status:'a' AND b:'c' OR d:'e'",
            "amount>x",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
