//! The list of orders: pages by key, jumps by position, totals from the day's counts where they can.
//!
//! The list's order is the key's: business day, then the order in which they came, newest first.

use crate::{
    SqliteStore,
    errors::fault,
    read::{ROW, int, order_row, text, unsigned},
    search,
};
use paydesk_desk::ports::{ListTotals, OrderFilter, OrderPage, OrderRow, StoreError, Tab, Totals};
use paydesk_domain::{BusinessDay, Currency, Money};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// Keys of one business day: [`first_key`] to one before that of the next day.
pub(crate) const KEYS_PER_DAY: i64 = 1_000_000_000;

/// The key before every order of a day.
pub(crate) fn first_key(day: BusinessDay) -> i64 {
    i64::from(day.0) * KEYS_PER_DAY
}

/// The filter without its search, as SQL; every value is bound.
pub(crate) fn conditions(query: &mut QueryBuilder<Sqlite>, filter: &OrderFilter, before: i64) {
    query.push(" WHERE o.id < ").push_bind(before);
    query.push(match filter.tab {
        Tab::All => "",
        Tab::Attention => " AND o.attention = 1",
        Tab::Paid => " AND o.taken_minor > 0",
        Tab::Refunds => " AND o.refunds > 0",
        Tab::Unpaid => " AND o.taken_minor = 0",
    });
    if let Some(day) = filter.day_from {
        query.push(" AND o.id >= ").push_bind(first_key(day));
    }
    if let Some(status) = filter.status {
        query
            .push(" AND o.status = ")
            .push_bind(status_word(status));
    }
    if let Some(channel) = &filter.channel {
        query.push(" AND o.channel = ").push_bind(channel.0.clone());
    }
}

pub(crate) fn status_word(status: paydesk_domain::OrderStatus) -> String {
    serde_json::to_value(status)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The key that no order of the filter reaches.
pub(crate) fn end_key(filter: &OrderFilter) -> i64 {
    filter
        .day_to
        .map_or(i64::MAX, |day| first_key(day).saturating_add(KEYS_PER_DAY))
}

/// What a tab counts of a day's row, and whether its sums stand there too.
fn counted(tab: Tab) -> (&'static str, bool) {
    match tab {
        Tab::All => ("orders", true),
        Tab::Attention => ("attention", false),
        Tab::Paid => ("paid", true),
        Tab::Refunds => ("refunds", false),
        Tab::Unpaid => ("orders - paid", false),
    }
}

/// The days' rows that the filter asks for.
fn of_days(query: &mut QueryBuilder<Sqlite>, filter: &OrderFilter) {
    query.push(" FROM day_stats WHERE 1 = 1");
    if let Some(day) = filter.day_from {
        query.push(" AND day >= ").push_bind(i64::from(day.0));
    }
    if let Some(day) = filter.day_to {
        query.push(" AND day <= ").push_bind(i64::from(day.0));
    }
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status_word(status));
    }
    if let Some(channel) = &filter.channel {
        query.push(" AND channel = ").push_bind(channel.0.clone());
    }
}

fn currency_of(row: &SqliteRow) -> Result<Currency, StoreError> {
    let currency = Currency::from_code(&text(row, 0)?);
    currency.ok_or_else(|| StoreError::Corrupt("currency".to_owned()))
}

/// Of one currency: its code, orders, those that were paid, taken, given back.
fn totals_of(row: &SqliteRow) -> Result<Totals, StoreError> {
    let currency = currency_of(row)?;
    Ok(Totals {
        count: unsigned(int(row, 1)?),
        paid_count: unsigned(int(row, 2)?),
        taken: Money::from_minor(int(row, 3)?, currency),
        refunded: Money::from_minor(int(row, 4)?, currency),
    })
}

impl SqliteStore {
    /// A page after the one whose `next` is `cursor`, from the top without.
    pub(crate) async fn read_list(
        &self,
        filter: &OrderFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<OrderPage, StoreError> {
        let cursor = cursor.map(str::parse::<i64>).transpose();
        let cursor = cursor.map_err(|_| StoreError::Corrupt("cursor".to_owned()))?;
        let before = cursor.unwrap_or(i64::MAX).min(end_key(filter));
        self.page(filter, before, 0, limit).await
    }

    /// A page that begins at a position of the list, counted from 0.
    pub(crate) async fn read_list_at(
        &self,
        filter: &OrderFilter,
        position: u64,
        limit: u32,
    ) -> Result<OrderPage, StoreError> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        if !filter.search.is_empty() {
            return self.page(filter, end_key(filter), position, limit).await;
        }
        // The days' counts lead to the day; only inside it rows are stepped over.
        let mut query = QueryBuilder::<Sqlite>::new("SELECT day, sum(");
        query.push(counted(filter.tab).0).push(")");
        of_days(&mut query, filter);
        query.push(" GROUP BY day ORDER BY day DESC");
        let days = query
            .build()
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let mut left = position;
        for row in &days {
            let (day, count) = (int(row, 0)?, int(row, 1)?);
            if left < count {
                let end = day.saturating_add(1).saturating_mul(KEYS_PER_DAY);
                return self
                    .page(filter, end.min(end_key(filter)), left, limit)
                    .await;
            }
            left -= count;
        }
        Ok(OrderPage {
            rows: Vec::new(),
            next: None,
        })
    }

    async fn page(
        &self,
        filter: &OrderFilter,
        before: i64,
        skip: i64,
        limit: u32,
    ) -> Result<OrderPage, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut query = QueryBuilder::<Sqlite>::new(ROW);
        if filter.search.is_empty() {
            conditions(&mut query, filter, before);
            query
                .push(" ORDER BY o.id DESC LIMIT ")
                .push_bind(i64::from(limit) + 1);
            query.push(" OFFSET ").push_bind(skip);
        } else {
            let found = search::keys(self, filter, before, i64::from(limit) + 1 + skip).await?;
            query.push(" WHERE o.id IN (");
            let mut ids = query.separated(", ");
            for id in found
                .iter()
                .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            {
                ids.push_bind(*id);
            }
            query.push(") ORDER BY o.id DESC");
        }
        let found = query
            .build()
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let next = (found.len() > wanted)
            .then(|| wanted.checked_sub(1).and_then(|last| found.get(last)))
            .flatten()
            .map(|row| int(row, 11))
            .transpose()?;
        let rows: Vec<OrderRow> = found
            .iter()
            .take(wanted)
            .map(order_row)
            .collect::<Result<_, _>>()?;
        Ok(OrderPage {
            rows,
            next: next.map(|id| id.to_string()),
        })
    }

    /// The sums of a filter, each currency by itself, and the counts of every tab.
    pub(crate) async fn read_totals(&self, filter: &OrderFilter) -> Result<ListTotals, StoreError> {
        let (count, has_sums) = counted(filter.tab);
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
        if filter.search.is_empty() && has_sums {
            query.push("currency, sum(").push(count).push(
                "), coalesce(sum(paid), 0), coalesce(sum(taken_minor), 0), coalesce(sum(refunded_minor), 0)",
            );
            of_days(&mut query, filter);
            query.push(" GROUP BY currency ORDER BY currency");
        } else {
            // Sorting a million hits by the only currency there is would take longer than finding them.
            let (several, currency) = self.currencies().await?;
            query.push(currency).push(
                ", count(*), coalesce(sum(o.taken_minor > 0), 0), coalesce(sum(o.taken_minor), 0), coalesce(sum(o.refunded_minor), 0) FROM orders o",
            );
            conditions(&mut query, filter, end_key(filter));
            if !filter.search.is_empty() {
                query.push(" AND (");
                search::any_arm(&mut query, filter);
                query.push(")");
            }
            if several {
                query.push(" GROUP BY o.currency ORDER BY o.currency");
            }
        }
        let rows = query
            .build()
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let mut totals = Vec::new();
        for row in &rows {
            let found = totals_of(row)?;
            if found.count > 0 {
                totals.push(found);
            }
        }
        Ok(ListTotals {
            totals,
            tabs: self.tabs().await?,
        })
    }

    /// Whether there are orders in several currencies, and which column or which one it is.
    async fn currencies(&self) -> Result<(bool, String), StoreError> {
        let rows = sqlx::query("SELECT DISTINCT currency FROM day_stats LIMIT 2")
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        match rows.as_slice() {
            [only] => Ok((false, format!("'{}'", currency_of(only)?.code()))),
            _ => Ok((true, "o.currency".to_owned())),
        }
    }

    async fn tabs(&self) -> Result<BTreeMap<Tab, u64>, StoreError> {
        let row = sqlx::query(
            "SELECT coalesce(sum(orders), 0), coalesce(sum(attention), 0), coalesce(sum(paid), 0), coalesce(sum(refunds), 0), coalesce(sum(orders - paid), 0) FROM day_stats",
        )
        .fetch_one(&mut *self.readers.take().await?)
        .await
        .map_err(fault)?;
        let tabs = [
            Tab::All,
            Tab::Attention,
            Tab::Paid,
            Tab::Refunds,
            Tab::Unpaid,
        ];
        tabs.into_iter()
            .enumerate()
            .map(|(at, tab)| {
                let count: i64 = row.try_get(at).map_err(fault)?;
                Ok((tab, unsigned(count)))
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing;
    use paydesk_domain::{ChannelId, OrderStatus};

    fn filters() -> Vec<OrderFilter> {
        let tabs = [
            Tab::All,
            Tab::Attention,
            Tab::Paid,
            Tab::Refunds,
            Tab::Unpaid,
        ];
        let mut filters = Vec::new();
        for tab in tabs {
            for status in [None, Some(OrderStatus::Paid)] {
                for channel in [None, Some(ChannelId("alipay".to_owned()))] {
                    for day in [None, Some(BusinessDay(20_261_121))] {
                        filters.push(OrderFilter {
                            tab,
                            search: String::new(),
                            day_from: day,
                            day_to: day,
                            status,
                            channel: channel.clone(),
                            currencies: vec![Currency::CNY],
                        });
                    }
                }
            }
        }
        filters
    }

    #[tokio::test]
    async fn every_page_is_a_range_of_one_index_in_the_order_of_the_list() {
        let store = testing::store("plans").await;
        for filter in filters() {
            let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
            query.push(ROW);
            conditions(&mut query, &filter, end_key(&filter));
            query.push(" ORDER BY o.id DESC LIMIT 50");
            for line in testing::plan(&store, query).await {
                let is_range = line.starts_with("SEARCH o USING");
                // How a row's latest attempt reached the payer: the end of that order's own attempts, not sorted.
                let is_attempt = line.starts_with("CORRELATED SCALAR SUBQUERY")
                    || line == "SEARCH p USING INDEX payments_number (number=?)";
                assert!(is_range || is_attempt, "{filter:?}: {line}");
            }
        }
    }

    #[tokio::test]
    async fn every_way_to_be_found_has_its_index() {
        let store = testing::store("search-plans").await;
        let searches = ["46.50", "40-60", "TABCD126112100001X", "9876", "蛋糕", "a"];
        for search in searches {
            let mut filter = filters().swap_remove(0);
            filter.search = search.to_owned();
            for line in search::plans(&store, &filter).await {
                // What the index gave, in the order in which it is needed, is walked.
                let is_walked = line == "SCAN hit" || line.contains("VIRTUAL TABLE INDEX");
                let has_index = !line.starts_with("SCAN") || is_walked;
                assert!(has_index, "{search}: {line}");
            }
        }
    }
}
