//! One box for every number, amount, note and name.
//!
//! Each way to be found is an arm with an index of its own, which also tells the place in the list. An arm
//! with few hits is sorted by place. One with many is walked along the list itself, where the next hit is not
//! far; when there is none near the top, the index says where the newest one stands.

use crate::{SqliteStore, errors::fault, list::conditions, read::int, words};
use paydesk_desk::ports::{OrderFilter, StoreError, Tab};
use paydesk_domain::{Currency, MerchantRef, Money};
use sqlx::{QueryBuilder, Row, Sqlite};

// In tests the limits are small, so that a short list goes every way.

/// An arm with no more hits than this is sorted as a whole.
const FEW: i64 = if cfg!(test) { 20 } else { 20_000 };

/// Rows of the list that are walked before the index is asked where the next hit stands.
const NEAR: i64 = if cfg!(test) { 30 } else { 2_000 };

/// Shorter ends of numbers say nothing.
const TAIL_MIN: usize = 4;

/// One way in which an order is found by what was typed.
enum Arm {
    /// Its amount, both ends included; of this currency only where the shop takes several.
    Amount(i64, i64, Option<Currency>),
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
    let several = filter.currencies.len() > 1;
    for currency in &filter.currencies {
        if let Some((low, high)) = amounts(typed, *currency) {
            arms.push(Arm::Amount(low, high, several.then_some(*currency)));
        }
    }
    if !upper.is_empty() && upper.bytes().all(|b| b.is_ascii_alphanumeric()) {
        arms.push(Arm::Number(upper.clone()));
        if let Ok(reference) = MerchantRef::parse(&upper) {
            arms.push(Arm::Reference(reference.order().to_string()));
        }
        if upper.len() >= TAIL_MIN {
            let backwards = |text: &str| text.chars().rev().collect::<String>();
            arms.push(Arm::Reversed(backwards(&upper)));
            // The channel's number is kept with the money: an order without any has none.
            if filter.tab != Tab::Unpaid {
                arms.push(Arm::ChannelNumber(typed.to_owned()));
                arms.push(Arm::ChannelReversed(backwards(typed)));
            }
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

fn of_currency(query: &mut QueryBuilder<Sqlite>, currency: Option<Currency>) {
    if let Some(currency) = currency {
        query.push(" AND o.currency = ").push_bind(currency.code());
    }
}

impl Arm {
    /// What its hits must fulfil, seen from the order's row.
    fn holds(&self, query: &mut QueryBuilder<Sqlite>) {
        match self {
            Arm::Amount(low, high, currency) => {
                between(query, "o.total_minor", *low, *high);
                of_currency(query, *currency);
            }
            Arm::Number(text) => begins(query, "o.number", text),
            Arm::Reference(number) => {
                query.push("o.number = ").push_bind(number.clone());
            }
            Arm::Reversed(text) => begins(query, "o.reversed", text),
            Arm::ChannelNumber(_) | Arm::ChannelReversed(_) => {
                query.push("o.id IN (");
                self.places(query);
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
            Arm::Amount(low, high, currency) => {
                between(query, "+o.total_minor", *low, *high);
                of_currency(query, *currency);
            }
            Arm::Number(text) => begins(query, "+o.number", text),
            Arm::Reversed(text) => begins(query, "+o.reversed", text),
            // What stands inside a longer word is none of its hits.
            Arm::Words(question, typed) => {
                stands_there(query, typed);
                query.push(
                    " AND EXISTS (SELECT 1 FROM words w WHERE w.rowid = o.id AND words MATCH ",
                );
                query.push_bind(question.clone()).push(")");
            }
            Arm::Reference(_) => self.holds(query),
        }
    }

    /// The places of its hits in the list as `place`, out of its index alone; an order may stand there twice.
    fn places(&self, query: &mut QueryBuilder<Sqlite>) {
        match self {
            Arm::ChannelNumber(text) => {
                query.push("SELECT p.order_id AS place FROM payments p WHERE ");
                begins(query, "p.channel_ref", text);
            }
            Arm::ChannelReversed(text) => {
                query.push("SELECT p.order_id AS place FROM payments p WHERE ");
                begins(query, "p.channel_reversed", text);
            }
            Arm::Words(question, _) => {
                query.push("SELECT w.rowid AS place FROM words w WHERE words MATCH ");
                query.push_bind(question.clone());
            }
            Arm::Amount(..) | Arm::Number(_) | Arm::Reference(_) | Arm::Reversed(_) => {
                query.push("SELECT o.id AS place FROM orders o WHERE ");
                self.holds(query);
            }
        }
    }

    /// Whether it has more hits than this.
    async fn has_more_than(&self, store: &SqliteStore, count: i64) -> Result<bool, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM (");
        self.places(&mut query);
        query.push(" LIMIT ").push_bind(count + 1).push(")");
        Ok(one(store, query).await?.unwrap_or(0) > count)
    }

    async fn is_large(&self, store: &SqliteStore) -> Result<bool, StoreError> {
        match self {
            // One, or in the list's own order already.
            Arm::Reference(_) | Arm::Words(..) => Ok(false),
            Arm::Amount(low, high, _) if low == high => Ok(false),
            _ => self.has_more_than(store, FEW).await,
        }
    }

    /// Its newest hits below a key that the filter lets through.
    async fn newest(
        &self,
        store: &SqliteStore,
        filter: &OrderFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        // What waits for a person is few: quicker looked through than any index of the search.
        if filter.tab == Tab::Attention {
            return self.walked(store, filter, i64::MIN, before, limit).await;
        }
        if !self.is_large(store).await? {
            let mut query = QueryBuilder::<Sqlite>::new("");
            self.ask_sorted(&mut query, filter, before, limit);
            return all(store, query).await;
        }
        let Some(floor) = near(store, before).await? else {
            return self.walked(store, filter, i64::MIN, before, limit).await;
        };
        let mut found = self.walked(store, filter, floor, before, limit).await?;
        let left = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        if left > 0
            && let Some(place) = self.newest_place(store, floor).await?
        {
            let below = place.saturating_add(1);
            found.extend(self.walked(store, filter, i64::MIN, below, left).await?);
        }
        Ok(found)
    }

    /// Where its newest hit below a key stands, whatever the filter says.
    async fn newest_place(
        &self,
        store: &SqliteStore,
        before: i64,
    ) -> Result<Option<i64>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT max(place) FROM (");
        self.places(&mut query);
        query.push(") WHERE place < ").push_bind(before);
        one(store, query).await
    }

    async fn walked(
        &self,
        store: &SqliteStore,
        filter: &OrderFilter,
        from: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("");
        self.ask_along(&mut query, filter, from, before, limit);
        all(store, query).await
    }

    /// Hits between two keys, along the list.
    fn ask_along(
        &self,
        query: &mut QueryBuilder<Sqlite>,
        filter: &OrderFilter,
        from: i64,
        before: i64,
        limit: i64,
    ) {
        query.push("SELECT o.id FROM orders o");
        conditions(query, filter, before);
        query.push(" AND o.id >= ").push_bind(from).push(" AND ");
        self.holds_on_the_way(query);
        query.push(" ORDER BY o.id DESC LIMIT ").push_bind(limit);
    }

    /// Hits below a key out of the arm's index, sorted by their places.
    fn ask_sorted(
        &self,
        query: &mut QueryBuilder<Sqlite>,
        filter: &OrderFilter,
        before: i64,
        limit: i64,
    ) {
        if let Arm::Words(question, typed) = self {
            // The index of words is in the order of the list by itself; a short tab's own index says of each
            // hit whether it stands there, before its order is read.
            query.push("SELECT o.id FROM words w CROSS JOIN orders o");
            query.push(match filter.tab {
                Tab::Refunds => " INDEXED BY orders_refunds",
                Tab::Unpaid => " INDEXED BY orders_unpaid",
                Tab::All | Tab::Attention | Tab::Paid => "",
            });
            query.push(" ON o.id = w.rowid");
            conditions(query, filter, before);
            query.push(" AND words MATCH ").push_bind(question.clone());
            query
                .push(" AND w.rowid < ")
                .push_bind(before)
                .push(" AND ");
            stands_there(query, typed);
            query.push(" ORDER BY w.rowid DESC LIMIT ").push_bind(limit);
            return;
        }
        query.push("SELECT o.id FROM (SELECT DISTINCT place FROM (");
        self.places(query);
        query.push(") WHERE place < ").push_bind(before);
        query.push(" ORDER BY place DESC) hit CROSS JOIN orders o ON o.id = hit.place");
        conditions(query, filter, before);
        query
            .push(" ORDER BY hit.place DESC LIMIT ")
            .push_bind(limit);
    }
}

/// The key of the row that is [`NEAR`] below; `None` where the list ends sooner.
async fn near(store: &SqliteStore, before: i64) -> Result<Option<i64>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM orders WHERE id < ");
    query.push_bind(before);
    query
        .push(" ORDER BY id DESC LIMIT 1 OFFSET ")
        .push_bind(NEAR);
    Ok(all(store, query).await?.first().copied())
}

async fn all(store: &SqliteStore, mut query: QueryBuilder<Sqlite>) -> Result<Vec<i64>, StoreError> {
    let rows = query
        .build()
        .fetch_all(&mut *store.readers.take().await?)
        .await
        .map_err(fault)?;
    rows.iter().map(|row| int(row, 0)).collect()
}

/// The one number that was asked for; `None` where it is null.
async fn one(
    store: &SqliteStore,
    mut query: QueryBuilder<Sqlite>,
) -> Result<Option<i64>, StoreError> {
    let row = query
        .build()
        .fetch_one(&mut *store.readers.take().await?)
        .await
        .map_err(fault)?;
    row.try_get(0).map_err(fault)
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
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        arm.ask_sorted(&mut query, filter, i64::MAX, 50);
        plans.extend(crate::testing::plan(store, query).await);
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        arm.ask_along(&mut query, filter, i64::MIN, i64::MAX, 50);
        plans.extend(crate::testing::plan(store, query).await);
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        arm.places(&mut query);
        plans.extend(crate::testing::plan(store, query).await);
    }
    plans
}

#[cfg(all(test, feature = "generate"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{list::end_key, testing};

    /// What the search must find, asked without any of its ways.
    async fn plainly(store: &SqliteStore, filter: &OrderFilter, before: i64) -> Vec<i64> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT o.id FROM orders o");
        conditions(&mut query, filter, before);
        query.push(" AND (");
        any_arm(&mut query, filter);
        query.push(") ORDER BY o.id DESC LIMIT 51");
        all(store, query).await.unwrap()
    }

    #[tokio::test]
    async fn few_hits_many_near_and_many_far_down_are_the_same_as_asked_plainly() {
        let store = testing::store("search-ways").await;
        store.generate(2_000, 800, &mut |_| ()).await.unwrap();
        let middle = all(
            &store,
            QueryBuilder::new("SELECT id FROM orders LIMIT 1 OFFSET 1000"),
        );
        let middle = *middle.await.unwrap().first().unwrap();
        let (mut hits, mut far) = (0, 0);
        for search in [
            "2024", "2025", "42000", "T", "46.50", "40-60", "1-9999", "蛋糕", "李四", "火锅",
            "0000", "a",
        ] {
            for tab in [
                Tab::All,
                Tab::Attention,
                Tab::Paid,
                Tab::Refunds,
                Tab::Unpaid,
            ] {
                let filter = OrderFilter {
                    tab,
                    search: search.to_owned(),
                    day_from: None,
                    day_to: None,
                    status: None,
                    channel: None,
                    currencies: vec![Currency::CNY],
                };
                for before in [end_key(&filter), middle] {
                    let found = keys(&store, &filter, before, 51).await.unwrap();
                    let plain = plainly(&store, &filter, before).await;
                    assert_eq!(found, plain, "{search} {tab:?} {before}");
                    hits += found.len();
                    let floor = near(&store, before).await.unwrap().unwrap();
                    far += usize::from(found.first().is_some_and(|first| *first < floor));
                }
            }
        }
        assert!(
            hits > 1_000 && far > 5,
            "{hits} hits, {far} of them only far down"
        );
    }
}
