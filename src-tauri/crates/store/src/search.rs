//! One box for every number, amount, note and name.
//!
//! Each way to be found is an arm with an index of its own. An arm that finds few is sorted; one that
//! finds many is walked along the list itself, where the next hit is never far.

use crate::{SqliteStore, errors::fault, list::conditions, read::int, words};
use paydesk_desk::ports::{OrderFilter, StoreError, Tab};
use paydesk_domain::{Currency, MerchantRef, Money};
use sqlx::{QueryBuilder, Sqlite};

/// An arm with no more hits than this is sorted as a whole.
const FEW: i64 = 1_000;

/// Shorter ends of numbers say nothing.
const TAIL_MIN: usize = 4;

/// One way in which an order is found by what was typed.
enum Arm {
    /// Its amount, both ends included.
    Amount(i64, i64),
    /// The beginning of its number.
    Number(String),
    /// Its number as a whole.
    Reference(String),
    /// The beginning of its number read backwards.
    Reversed(String),
    /// The beginning of the channel's number.
    ChannelNumber(String),
    /// The beginning of the channel's number read backwards.
    ChannelReversed(String),
    /// Words of its notes and names, as a question to the index, and the words as they were typed.
    Words(String, String),
}

fn arms(filter: &OrderFilter) -> Vec<Arm> {
    let typed = filter.search.trim();
    let upper = typed.to_ascii_uppercase();
    let mut arms = Vec::new();
    if let Some((low, high)) = amounts(typed, filter.currency) {
        arms.push(Arm::Amount(low, high));
    }
    if !upper.is_empty() && upper.bytes().all(|b| b.is_ascii_alphanumeric()) {
        arms.push(Arm::Number(upper.clone()));
        if let Ok(reference) = MerchantRef::parse(&upper) {
            arms.push(Arm::Reference(reference.order().to_string()));
        }
        if upper.len() >= TAIL_MIN {
            let backwards = |text: &str| text.chars().rev().collect::<String>();
            arms.push(Arm::Reversed(backwards(&upper)));
            arms.push(Arm::ChannelNumber(typed.to_owned()));
            arms.push(Arm::ChannelReversed(backwards(typed)));
        }
    }
    if let Some(question) = words::question(typed) {
        arms.push(Arm::Words(question, typed.to_owned()));
    }
    arms
}

/// `46.5` or `40-60` as minor units, both ends included.
fn amounts(typed: &str, currency: Currency) -> Option<(i64, i64)> {
    let minor = |text: &str| Money::parse(text.trim(), currency).ok().map(Money::minor);
    match typed.split_once('-') {
        Some((low, high)) if !low.is_empty() => Some((minor(low)?, minor(high)?)),
        _ => minor(typed).map(|m| (m, m)),
    }
}

fn begins(query: &mut QueryBuilder<Sqlite>, column: &'static str, text: &str) {
    query.push(column).push(" >= ").push_bind(text.to_owned());
    query
        .push(" AND ")
        .push(column)
        .push(" < ")
        .push_bind(format!("{text}~"));
}

fn between(query: &mut QueryBuilder<Sqlite>, column: &'static str, low: i64, high: i64) {
    query.push(column).push(" BETWEEN ").push_bind(low);
    query.push(" AND ").push_bind(high);
}

impl Arm {
    /// What its hits must fulfil, seen from the order's row.
    fn holds(&self, query: &mut QueryBuilder<Sqlite>) {
        match self {
            Arm::Amount(low, high) => between(query, "o.total_minor", *low, *high),
            Arm::Number(text) => begins(query, "o.number", text),
            Arm::Reference(number) => {
                query.push("o.number = ").push_bind(number.clone());
            }
            Arm::Reversed(text) => begins(query, "o.reversed", text),
            Arm::ChannelNumber(text) => {
                query.push("o.number IN (SELECT p.number FROM payments p WHERE ");
                begins(query, "p.channel_ref", text);
                query.push(")");
            }
            Arm::ChannelReversed(text) => {
                query.push("o.number IN (SELECT p.number FROM payments p WHERE ");
                begins(query, "p.channel_reversed", text);
                query.push(")");
            }
            Arm::Words(question, typed) => {
                query.push("o.id IN (SELECT rowid FROM words WHERE words MATCH ");
                query.push_bind(question.clone()).push(") AND ");
                stands_there(query, typed);
            }
        }
    }

    /// The same, asked of each order on the way along the list: by a `+` its own index is left aside, for
    /// the one that the filter has.
    fn holds_on_the_way(&self, query: &mut QueryBuilder<Sqlite>) {
        let mut with_payment = |column, text: &str| {
            query.push("EXISTS (SELECT 1 FROM payments p WHERE p.number = o.number AND ");
            begins(query, column, text);
            query.push(")");
        };
        match self {
            Arm::ChannelNumber(text) => with_payment("p.channel_ref", text),
            Arm::ChannelReversed(text) => with_payment("p.channel_reversed", text),
            Arm::Amount(low, high) => between(query, "+o.total_minor", *low, *high),
            Arm::Number(text) => begins(query, "+o.number", text),
            Arm::Reversed(text) => begins(query, "+o.reversed", text),
            Arm::Words(_, typed) => stands_there(query, typed),
            Arm::Reference(_) => self.holds(query),
        }
    }

    /// Whether it has more hits than can be sorted at once.
    async fn is_large(&self, store: &SqliteStore) -> Result<bool, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM (SELECT 1 FROM ");
        match self {
            // These come in the list's own order or are a single one.
            Arm::Words(..) | Arm::Reference(_) => return Ok(false),
            Arm::Amount(low, high) if low == high => return Ok(false),
            Arm::Amount(..) | Arm::Number(_) | Arm::Reversed(_) => {
                query.push("orders o WHERE ");
                self.holds(&mut query);
            }
            Arm::ChannelNumber(text) => {
                query.push("payments p WHERE ");
                begins(&mut query, "p.channel_ref", text);
            }
            Arm::ChannelReversed(text) => {
                query.push("payments p WHERE ");
                begins(&mut query, "p.channel_reversed", text);
            }
        }
        query.push(" LIMIT ").push_bind(FEW + 1).push(")");
        let row = query
            .build()
            .fetch_one(&store.readers)
            .await
            .map_err(fault)?;
        Ok(int(&row, 0)? > FEW)
    }

    /// Its newest hits below a key that the filter lets through.
    async fn newest(
        &self,
        store: &SqliteStore,
        filter: &OrderFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let is_large = self.is_large(store).await?;
        let mut query = QueryBuilder::<Sqlite>::new("");
        self.ask(&mut query, filter, before, limit, is_large);
        let rows = query
            .build()
            .fetch_all(&store.readers)
            .await
            .map_err(fault)?;
        rows.iter().map(|row| int(row, 0)).collect()
    }

    fn ask(
        &self,
        query: &mut QueryBuilder<Sqlite>,
        filter: &OrderFilter,
        before: i64,
        limit: i64,
        is_large: bool,
    ) {
        query.push("SELECT o.id FROM ");
        // What waits for a person is few: quicker looked through than the index of words.
        let few = filter.tab == Tab::Attention;
        if let Arm::Words(question, typed) = self
            && !few
        {
            query.push("words w CROSS JOIN orders o ON o.id = w.rowid");
            conditions(query, filter, before);
            query.push(" AND words MATCH ").push_bind(question.clone());
            query
                .push(" AND w.rowid < ")
                .push_bind(before)
                .push(" AND ");
            stands_there(query, typed);
            query.push(" ORDER BY w.rowid DESC LIMIT ").push_bind(limit);
        } else {
            query.push("orders o");
            conditions(query, filter, before);
            query.push(" AND ");
            if is_large || few {
                self.holds_on_the_way(query);
            } else {
                self.holds(query);
            }
            query.push(" ORDER BY o.id DESC LIMIT ").push_bind(limit);
        }
    }
}

/// The words themselves: the index knows pairs of characters, not their order.
fn stands_there(query: &mut QueryBuilder<Sqlite>, typed: &str) {
    let pattern = typed
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let pattern = format!("%{pattern}%");
    query.push("(o.note LIKE ").push_bind(pattern.clone());
    query
        .push(" ESCAPE '\\' OR o.by_name LIKE ")
        .push_bind(pattern.clone());
    query
        .push(" ESCAPE '\\' OR EXISTS (SELECT 1 FROM notes n WHERE n.number = o.number AND n.text LIKE ")
        .push_bind(pattern)
        .push(" ESCAPE '\\'))");
}

/// The newest hits below a key, whichever arm found them.
pub(crate) async fn keys(
    store: &SqliteStore,
    filter: &OrderFilter,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut found = Vec::new();
    for arm in arms(filter) {
        found.extend(arm.newest(store, filter, before, limit).await?);
    }
    found.sort_unstable_by(|left, right| right.cmp(left));
    found.dedup();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Every arm, as one condition.
pub(crate) fn any_arm(query: &mut QueryBuilder<Sqlite>, filter: &OrderFilter) {
    query.push("0");
    for arm in arms(filter) {
        query.push(" OR (");
        arm.holds(query);
        query.push(")");
    }
}

/// How SQLite would answer every arm, few hits and many.
#[cfg(test)]
pub(crate) async fn plans(store: &SqliteStore, filter: &OrderFilter) -> Vec<String> {
    let mut plans = Vec::new();
    for arm in arms(filter) {
        for is_large in [false, true] {
            let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
            arm.ask(&mut query, filter, i64::MAX, 50, is_large);
            plans.extend(crate::testing::plan(store, query).await);
        }
    }
    plans
}
