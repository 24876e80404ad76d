//! One box for every number, amount, note and name; and the list's filters, as SQL.

use paydesk_desk::ports::{OrderFilter, Tab};
use paydesk_domain::{Currency, MerchantRef, Money};
use sqlx::{QueryBuilder, Sqlite};

/// The filter as SQL; every value is bound, never written into the text.
pub(crate) fn conditions(query: &mut QueryBuilder<Sqlite>, filter: &OrderFilter, with_tab: bool) {
    query.push(" WHERE 1 = 1");
    if with_tab {
        query.push(match filter.tab {
            Tab::All => "",
            Tab::Attention => " AND o.attention = 1",
            Tab::Paid => " AND o.taken_minor > 0",
            Tab::Refunds => " AND EXISTS (SELECT 1 FROM refunds r WHERE r.number = o.number)",
            Tab::Unpaid => " AND o.taken_minor = 0",
        });
    }
    if let Some(day) = filter.day_from {
        query.push(" AND o.day >= ").push_bind(i64::from(day.0));
    }
    if let Some(day) = filter.day_to {
        query.push(" AND o.day <= ").push_bind(i64::from(day.0));
    }
    if let Some(status) = filter.status {
        let text = serde_json::to_value(status)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        query.push(" AND o.status = ").push_bind(text);
    }
    if let Some(channel) = &filter.channel {
        query.push(" AND o.channel = ").push_bind(channel.0.clone());
    }
    if !filter.search.is_empty() {
        search(query, filter);
    }
}

fn search(query: &mut QueryBuilder<Sqlite>, filter: &OrderFilter) {
    let typed = filter.search.trim().to_owned();
    query.push(" AND (");
    if let Some((low, high)) = amounts(&typed, filter.currency) {
        query
            .push("o.total_minor BETWEEN ")
            .push_bind(low)
            .push(" AND ")
            .push_bind(high)
            .push(" OR ");
    }
    let upper = typed.to_ascii_uppercase();
    let end = format!("{upper}~");
    query
        .push("(o.number >= ")
        .push_bind(upper.clone())
        .push(" AND o.number < ")
        .push_bind(end.clone())
        .push(")");
    if let Ok(reference) = MerchantRef::parse(&upper) {
        query
            .push(" OR o.number = ")
            .push_bind(reference.order().to_string());
    }
    if upper.len() >= 4 && upper.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let tail: String = upper
            .chars()
            .rev()
            .take(6)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let pattern = format!("%{tail}");
        query.push(" OR o.tail LIKE ").push_bind(pattern.clone());
        query
            .push(" OR o.number IN (SELECT p.number FROM payments p WHERE p.channel_tail LIKE ")
            .push_bind(pattern);
        query
            .push(" AND p.channel_ref LIKE ")
            .push_bind(format!("%{typed}"))
            .push(")");
        query
            .push(" OR o.number IN (SELECT p.number FROM payments p WHERE p.channel_ref >= ")
            .push_bind(typed.clone());
        query
            .push(" AND p.channel_ref < ")
            .push_bind(format!("{typed}~"))
            .push(")");
    }
    let words = format!(
        "%{}%",
        typed
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    );
    query
        .push(" OR o.by_name LIKE ")
        .push_bind(words.clone())
        .push(" ESCAPE '\\'");
    query
        .push(" OR o.number IN (SELECT n.number FROM notes n WHERE n.text LIKE ")
        .push_bind(words)
        .push(" ESCAPE '\\'))");
}

/// `46.5` or `40-60` as minor units, both ends included.
fn amounts(typed: &str, currency: Currency) -> Option<(i64, i64)> {
    let minor = |text: &str| Money::parse(text.trim(), currency).ok().map(Money::minor);
    match typed.split_once('-') {
        Some((low, high)) if !low.is_empty() => Some((minor(low)?, minor(high)?)),
        _ => minor(typed).map(|m| (m, m)),
    }
}
