//! Decisions about differences, as the log tells them. One method is one transaction; whether a decision fits is not
//! decided here, whether its day is signed is.

use crate::{
    SqliteStore,
    bills::{BILL, json, kept, parsed},
    closes::{closes_differ, refuse_signed},
    damage::bill_digest,
    errors::fault,
    read::{int, text},
};
use paydesk_desk::ports::{
    BoxFuture, ComparedAgain, DayClose, DayFacts, HourTaken, KeptBill, NewClose, NewEvent,
    NewTreatment, Reopened, StoreError, Taken, Takings, TakingsBy, WorkCounts, WorkFilter,
    WorkItem, Worklist,
};
use paydesk_domain::{
    AccountId, BusinessDay, ChannelDay, ChannelId, Currency, ItemName, ItemState, Money, Timestamp,
    Treatment,
};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeMap;

/// The differences of one bill with what was decided. A treatment of no decision is an open one.
const ITEMS: &str = "SELECT d.item, d.value, coalesce(t.value, '{}'), coalesce(t.seq, 0) FROM differences d LEFT JOIN treatments t ON t.account = ";

/// Hours are counted from the first moment of the day.
const HOURS: &str = "SELECT b.channel, (l.at - $2) / 3600000, l.currency, sum(l.amount_minor) FROM bills b JOIN bill_lines l ON l.bill = b.id WHERE b.id IN (SELECT max(id) FROM bills WHERE day = $1 GROUP BY account) AND l.kind = 'payment' AND l.state = 'done' AND b.id NOT IN (SELECT bill FROM bill_layouts) GROUP BY 1, 2, 3 \
 UNION ALL SELECT b.channel, json_extract(h.value, '$[0]') - $2 / 3600000, json_extract(h.value, '$[1]'), sum(json_extract(h.value, '$[2]')) FROM bills b JOIN bill_layouts l ON l.bill = b.id JOIN json_each(l.hours) h WHERE b.id IN (SELECT max(id) FROM bills WHERE day = $1 GROUP BY account) GROUP BY 1, 2, 3 ORDER BY 2, 1, 3";

const TREATED: &str = "SELECT body FROM log WHERE number IS NULL AND kind = 'difference_treated' AND seq > $1 ORDER BY seq LIMIT 1000";

fn item(row: &SqliteRow, bill: &KeptBill) -> Result<WorkItem, StoreError> {
    Ok(WorkItem {
        name: ItemName {
            account: bill.account.clone(),
            day: bill.day,
            item: text(row, 0)?,
        },
        channel: bill.channel.clone(),
        bill: bill.id,
        found_at: bill.imported_at,
        difference: parsed("difference", &text(row, 1)?)?,
        treatment: parsed("treatment", &text(row, 2)?)?,
        version: u64::try_from(int(row, 3)?).unwrap_or(0),
    })
}

/// Which of a bill's differences are asked for.
fn narrow(query: &mut QueryBuilder<Sqlite>, bill: &KeptBill, filter: &WorkFilter, state: bool) {
    query.push_bind(bill.account.0.clone());
    query.push(" AND t.day = ").push_bind(i64::from(bill.day.0));
    query
        .push(" AND t.item = d.item WHERE d.bill = ")
        .push_bind(bill.id);
    if let Some(code) = filter.code {
        query.push(" AND d.code = ").push_bind(code.name());
    }
    if let Some(owner) = &filter.owner {
        query
            .push(" AND coalesce(t.owner, '') = ")
            .push_bind(owner.clone());
    }
    if let Some(asked) = filter.state.filter(|_| state) {
        query
            .push(" AND coalesce(t.state, 'open') = ")
            .push_bind(asked.name());
    }
}

impl SqliteStore {
    /// The newest bill of each account and day, the newest day first.
    async fn newest_bills(
        &self,
        from: ChannelDay,
        to: ChannelDay,
        account: Option<&AccountId>,
    ) -> Result<Vec<KeptBill>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(BILL);
        query.push(" WHERE id IN (SELECT max(id) FROM bills WHERE day >= ");
        query.push_bind(i64::from(from.0));
        query.push(" AND day <= ").push_bind(i64::from(to.0));
        if let Some(account) = account {
            query.push(" AND account = ").push_bind(account.0.clone());
        }
        query.push(" GROUP BY day, account) ORDER BY day DESC, account");
        let rows = query
            .build()
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        rows.iter().map(kept).collect()
    }

    async fn read_work_items(
        &self,
        filter: &WorkFilter,
        from: u32,
        limit: u32,
    ) -> Result<Vec<WorkItem>, StoreError> {
        let account = filter.account.as_ref();
        let bills = self.newest_bills(filter.from, filter.to, account).await?;
        let mut skip = usize::try_from(from).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for bill in bills.iter().filter(|bill| bill.summary.differences > 0) {
            let left = usize::try_from(limit)
                .unwrap_or(0)
                .saturating_sub(found.len());
            if left == 0 {
                break;
            }
            let mut query = QueryBuilder::<Sqlite>::new(ITEMS);
            narrow(&mut query, bill, filter, true);
            query.push(" ORDER BY d.n LIMIT ");
            query.push_bind(i64::try_from(skip.saturating_add(left)).unwrap_or(i64::MAX));
            let rows = query
                .build()
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            for row in rows.iter().skip(skip) {
                found.push(item(row, bill)?);
            }
            skip = skip.saturating_sub(rows.len());
        }
        Ok(found)
    }

    async fn read_work_counts(&self, filter: &WorkFilter) -> Result<WorkCounts, StoreError> {
        const COUNT: &str = "SELECT coalesce(t.state, 'open'), count(*) FROM differences d LEFT JOIN treatments t ON t.account = ";
        let account = filter.account.as_ref();
        let bills = self.newest_bills(filter.from, filter.to, account).await?;
        let mut counts = WorkCounts::default();
        for bill in bills.iter().filter(|bill| bill.summary.differences > 0) {
            let mut query = QueryBuilder::<Sqlite>::new(COUNT);
            narrow(&mut query, bill, filter, false);
            query.push(" GROUP BY 1");
            let rows = query
                .build()
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            for row in &rows {
                let count = u64::try_from(int(row, 1)?).unwrap_or(0);
                match ItemState::named(&text(row, 0)?) {
                    Some(ItemState::Open) => counts.open += count,
                    Some(ItemState::Exception) => counts.exceptions += count,
                    Some(ItemState::Settled) => counts.settled += count,
                    None => return Err(StoreError::Corrupt("treatment".to_owned())),
                }
            }
        }
        Ok(counts)
    }

    async fn read_work_item(&self, name: &ItemName) -> Result<Option<WorkItem>, StoreError> {
        let bills = self
            .newest_bills(name.day, name.day, Some(&name.account))
            .await?;
        let Some(bill) = bills.first() else {
            return Ok(None);
        };
        let all = WorkFilter::of_day(name.day);
        let mut query = QueryBuilder::<Sqlite>::new(ITEMS);
        narrow(&mut query, bill, &all, false);
        query.push(" AND d.item = ").push_bind(name.item.clone());
        query.push(" ORDER BY d.n LIMIT 1");
        let row = query
            .build()
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        row.as_ref().map(|row| item(row, bill)).transpose()
    }

    async fn write_treatments(&self, treatments: Vec<NewTreatment>) -> Result<(), StoreError> {
        const NOW: &str =
            "SELECT seq FROM treatments WHERE account = $1 AND day = $2 AND item = $3";
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        for new in treatments {
            refuse_signed(&mut transaction, new.name.day).await?;
            let now = sqlx::query(NOW)
                .bind(new.name.account.0.clone())
                .bind(i64::from(new.name.day.0))
                .bind(new.name.item.clone())
                .fetch_optional(&mut *transaction)
                .await
                .map_err(fault)?;
            let now = now.map_or(Ok(0), |row| int(&row, 0))?;
            if u64::try_from(now).unwrap_or(0) != new.version {
                return Err(StoreError::Stale);
            }
            self.append_events(&mut transaction, std::slice::from_ref(&new.event))
                .await?;
            let told = self.head(&mut transaction).await?;
            sqlx::query("INSERT OR REPLACE INTO treatments(account, day, item, state, owner, value, seq) VALUES ($1, $2, $3, $4, $5, $6, $7)")
                .bind(new.name.account.0)
                .bind(i64::from(new.name.day.0))
                .bind(new.name.item)
                .bind(new.treatment.state().name())
                .bind(new.treatment.owner.clone())
                .bind(json("treatment", &new.treatment)?)
                .bind(told.map_or(0, |(head, _)| head.count))
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
        }
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }

    async fn read_day_facts(&self, day: ChannelDay) -> Result<DayFacts, StoreError> {
        let bills = self.newest_bills(day, day, None).await?;
        let items = self
            .read_work_items(&WorkFilter::of_day(day), 0, u32::MAX)
            .await?;
        Ok(DayFacts { bills, items })
    }

    async fn read_hours(
        &self,
        day: ChannelDay,
        starts: Timestamp,
    ) -> Result<Vec<HourTaken>, StoreError> {
        let rows = sqlx::query(HOURS)
            .bind(i64::from(day.0))
            .bind(starts.0)
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let hour = |row: &SqliteRow| {
            let currency = Currency::from_code(&text(row, 2)?);
            let currency = currency.ok_or_else(|| StoreError::Corrupt("bill line".to_owned()))?;
            Ok(HourTaken {
                channel: ChannelId(text(row, 0)?),
                hour: u8::try_from(int(row, 1)?.clamp(0, 23)).unwrap_or(0),
                taken: Money::from_minor(int(row, 3)?, currency),
            })
        };
        rows.iter().map(hour).collect()
    }

    async fn write_compared(&self, mut again: ComparedAgain) -> Result<(), StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        refuse_signed(&mut transaction, again.day).await?;
        sqlx::query("UPDATE bills SET summary = $2 WHERE id = $1")
            .bind(again.bill)
            .bind(json("day summary", &again.summary)?)
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        for what in [
            "DELETE FROM bill_lines WHERE bill = $1",
            "DELETE FROM differences WHERE bill = $1",
        ] {
            sqlx::query(what)
                .bind(again.bill)
                .execute(&mut *transaction)
                .await
                .map_err(fault)?;
        }
        let rows = (again.rows.as_slice(), again.differences.as_slice());
        crate::bills::write_compared(&mut transaction, again.bill, rows).await?;
        if let Some(body) = again.event.body.as_object_mut() {
            let kept = bill_digest(&mut transaction, again.bill).await?;
            body.insert("kept_sha256".to_owned(), Value::String(kept));
        }
        self.append_events(&mut transaction, std::slice::from_ref(&again.event))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }
}

fn value<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(crate::errors::unreadable(what))
}

impl Worklist for SqliteStore {
    fn compare_again(&self, bill: ComparedAgain) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_compared(bill))
    }

    fn work_items<'a>(
        &'a self,
        filter: &'a WorkFilter,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<WorkItem>, StoreError>> {
        Box::pin(self.read_work_items(filter, from, limit))
    }

    fn work_counts<'a>(
        &'a self,
        filter: &'a WorkFilter,
    ) -> BoxFuture<'a, Result<WorkCounts, StoreError>> {
        Box::pin(self.read_work_counts(filter))
    }

    fn work_item<'a>(
        &'a self,
        name: &'a ItemName,
    ) -> BoxFuture<'a, Result<Option<WorkItem>, StoreError>> {
        Box::pin(self.read_work_item(name))
    }

    fn treat(&self, treatments: Vec<NewTreatment>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_treatments(treatments))
    }

    fn day_facts(&self, day: ChannelDay) -> BoxFuture<'_, Result<DayFacts, StoreError>> {
        Box::pin(self.read_day_facts(day))
    }

    fn hours_taken(
        &self,
        day: ChannelDay,
        starts: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<HourTaken>, StoreError>> {
        Box::pin(self.read_hours(day, starts))
    }

    fn decide_payout(
        &self,
        event: NewEvent,
        days: Vec<ChannelDay>,
        seen: u64,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_payout_decision(event, days, seen))
    }

    fn takings(
        &self,
        from: BusinessDay,
        to: BusinessDay,
        by: TakingsBy,
    ) -> BoxFuture<'_, Result<Takings, StoreError>> {
        Box::pin(self.read_takings(from, to, by))
    }

    fn takings_of_day(&self, day: BusinessDay) -> BoxFuture<'_, Result<Vec<Taken>, StoreError>> {
        Box::pin(self.read_takings_of_day(day))
    }

    fn sign_day(&self, close: NewClose) -> BoxFuture<'_, Result<DayClose, StoreError>> {
        Box::pin(self.write_close(close))
    }

    fn reopen_day(
        &self,
        day: ChannelDay,
        reopened: Reopened,
        event: NewEvent,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_reopened(day, reopened, event))
    }

    fn day_closes(
        &self,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'_, Result<Vec<DayClose>, StoreError>> {
        Box::pin(self.read_closes(from, to))
    }
}

/// Folds decisions and signed days from the log and compares them with the live rows.
pub(crate) async fn worklist_differs(
    moment: &mut SqliteConnection,
) -> Result<Vec<String>, StoreError> {
    let mut differences = treatments_differ(moment).await?;
    differences.extend(closes_differ(moment).await?);
    Ok(differences)
}

async fn treatments_differ(moment: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut told: BTreeMap<(String, i64, String), Treatment> = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = sqlx::query(TREATED)
            .bind(after)
            .fetch_all(&mut *moment)
            .await
            .map_err(fault)?;
        for row in &rows {
            let mut body: Value = parsed("event body", &text(row, 0)?)?;
            let part = |body: &mut Value, name| body.get_mut(name).map_or(Value::Null, Value::take);
            let name: ItemName = value("item", part(&mut body, "item"))?;
            let treatment = value("treatment", part(&mut body, "treatment"))?;
            told.insert(
                (name.account.0, i64::from(name.day.0), name.item),
                treatment,
            );
        }
        let last = i64::try_from(rows.len()).unwrap_or(0);
        if last < 1_000 {
            break;
        }
        after = seq_behind(moment, after, last).await?;
    }
    let live = sqlx::query("SELECT account, day, item, state, owner, value FROM treatments")
        .fetch_all(&mut *moment)
        .await
        .map_err(fault)?;
    let mut differences = Vec::new();
    for row in &live {
        let key = (text(row, 0)?, int(row, 1)?, text(row, 2)?);
        let agrees = told.remove(&key).is_some_and(|treatment| {
            let columns = (text(row, 3).ok(), text(row, 4).ok(), text(row, 5).ok());
            let state = treatment.state().name().to_owned();
            let value = json("treatment", &treatment).ok();
            columns == (Some(state), Some(treatment.owner), value)
        });
        if !agrees {
            differences.push(format!("decision about {} of {}", key.2, key.1));
        }
    }
    let missing = told.keys();
    differences.extend(missing.map(|key| format!("decision about {} of {}: no row", key.2, key.1)));
    Ok(differences)
}

async fn seq_behind(
    moment: &mut SqliteConnection,
    after: i64,
    rows: i64,
) -> Result<i64, StoreError> {
    const LAST: &str = "SELECT max(seq) FROM (SELECT seq FROM log WHERE number IS NULL AND kind = 'difference_treated' AND seq > $1 ORDER BY seq LIMIT $2)";
    let row = sqlx::query(LAST)
        .bind(after)
        .bind(rows)
        .fetch_one(&mut *moment)
        .await
        .map_err(fault)?;
    int(&row, 0)
}
