//! The store's reads, its list, and the `Store` port itself.

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    write::{code_used, write_work},
};
use paydesk_desk::ports::{
    BillFile, BillRow, BillRowsPage, Booked, BookedAsk, BoxFuture, Commit, Counts, Device,
    DrawerBook, Due, EachBooked, FirstAttempt, Flows, KeptBill, KeptDifference, KeptLayout,
    ListTotals, NewBill, NewEvent, NewNote, NewOrder, Opened, OrderFilter, OrderPage, OrderRow,
    PayerCode, Pulse, Store, StoreError, StoredEvent, Work, Worklist,
};
use paydesk_domain::{
    AccountId, Amount, BusinessDay, ChannelDay, ChannelId, Currency, MerchantRef, Money, Order,
    OrderNumber, OrderPlan, Timestamp,
};
use paydesk_signing::mutants::{Mutant, planted};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use std::{sync::atomic::Ordering, time::Duration};

/// A row of the list; how its latest attempt reached the payer stands in the attempt alone.
pub(crate) const ROW: &str = "SELECT o.number, o.opened_at, o.channel, o.status, o.total_minor, o.currency, o.refunded_minor, o.note, o.by_name, o.attention, o.version, o.id, o.day, o.taken_minor, \
     (SELECT p.value ->> '$.plan.tender' FROM payments p WHERE p.number = o.number ORDER BY p.rowid DESC LIMIT 1) IS 'reader' \
     FROM orders o";

pub(crate) fn text(row: &SqliteRow, at: usize) -> Result<String, StoreError> {
    row.try_get(at).map_err(fault)
}

pub(crate) fn int(row: &SqliteRow, at: usize) -> Result<i64, StoreError> {
    row.try_get(at).map_err(fault)
}

fn order_number(row: &SqliteRow) -> Result<OrderNumber, StoreError> {
    let number = text(row, 0)?;
    OrderNumber::parse(&number).map_err(|_| StoreError::Corrupt(number))
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn order_row(row: &SqliteRow) -> Result<OrderRow, StoreError> {
    let number = text(row, 0)?;
    let damaged = |what: &str| StoreError::Corrupt(format!("order {number}: {what}"));
    let currency = Currency::from_code(&text(row, 5)?).ok_or_else(|| damaged("currency"))?;
    Ok(OrderRow {
        number: OrderNumber::parse(&number).map_err(|_| damaged("number"))?,
        day: BusinessDay(i32::try_from(int(row, 12)?).map_err(|_| damaged("day"))?),
        opened_at: Timestamp(int(row, 1)?),
        channel: ChannelId(text(row, 2)?),
        status: serde_json::from_value(serde_json::Value::String(text(row, 3)?))
            .map_err(unreadable("status"))?,
        total: Amount::from_minor(int(row, 4)?, currency).map_err(|_| damaged("total"))?,
        taken: Money::from_minor(int(row, 13)?, currency),
        refunded: Money::from_minor(int(row, 6)?, currency),
        note: text(row, 7)?,
        by: text(row, 8)?,
        attention: int(row, 9)? == 1,
        at_reader: int(row, 14)? == 1,
        version: unsigned(int(row, 10)?),
    })
}

/// One order with all that belongs to it, in one statement: one snapshot, one round trip. The order first,
/// its payments by their numbers, its refunds as they came.
const ORDER: &str = "SELECT 0 AS part, plan, opened_at, version, number AS place FROM orders WHERE number = $1 \
     UNION ALL SELECT 1, value, 0, 0, reference FROM payments WHERE number = $1 \
     UNION ALL SELECT 2, value, 0, 0, rowid FROM refunds WHERE number = $1 ORDER BY part, place";

impl SqliteStore {
    pub(crate) async fn read_order(
        &self,
        number: &OrderNumber,
    ) -> Result<Option<Order>, StoreError> {
        let rows = sqlx::query(ORDER)
            .bind(number.to_string())
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let Some((first, rest)) = rows.split_first() else {
            return Ok(None);
        };
        let plan: OrderPlan =
            serde_json::from_str(&text(first, 1)?).map_err(unreadable("order plan"))?;
        let (mut payments, mut refunds) = (Vec::new(), Vec::new());
        for row in rest {
            let value = text(row, 1)?;
            if int(row, 0)? == 1 {
                payments.push(serde_json::from_str(&value).map_err(unreadable("payment"))?);
            } else {
                refunds.push(serde_json::from_str(&value).map_err(unreadable("refund"))?);
            }
        }
        let order = Order::from_parts(
            number.clone(),
            plan,
            Timestamp(int(first, 2)?),
            payments,
            refunds,
            unsigned(int(first, 3)?),
        );
        Ok(Some(order))
    }

    async fn one(&self, sql: &'static str) -> Result<i64, StoreError> {
        let row = sqlx::query(sql)
            .fetch_one(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        int(&row, 0)
    }
}

/// Never: whatever is due is looked at (Q2).
fn is_skipped(reference: &MerchantRef) -> bool {
    let number = reference.order();
    let is_even = || number.as_str().ends_with(['0', '2', '4', '6', '8']);
    planted(Mutant::ResolverSkipsRows) && is_even()
}

/// A range of the index of the log by order, backwards.
const SHOP_EVENTS: &str = "SELECT l.seq, l.kind, l.subject, l.actor, l.at, l.body, e.sealed FROM log l LEFT JOIN evidence e ON e.seq = l.seq WHERE l.number IS NULL AND l.seq < $1 ORDER BY l.seq DESC LIMIT $2";

impl Store for SqliteStore {
    fn open_order(
        &self,
        new: NewOrder,
        first: FirstAttempt,
    ) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(self.write_open(new, first))
    }

    fn begin_part(
        &self,
        commit: Commit,
        code: Option<PayerCode>,
    ) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(self.write_part(commit, code))
    }

    fn load<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Option<Order>, StoreError>> {
        Box::pin(self.read_order(number))
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Order, StoreError>> {
        Box::pin(self.write_commit(commit))
    }

    fn append(&self, events: Vec<NewEvent>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_events(events))
    }

    fn claim_due(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Due>, StoreError>> {
        Box::pin(async move {
            // `+ 0`: for a bare parameter behind LIMIT, SQLite prepares the statement anew at every use.
            let rows = sqlx::query(
                "UPDATE work SET lease_until = $2 WHERE reference IN \
                 (SELECT reference FROM work WHERE due_at <= $1 AND lease_until <= $1 ORDER BY due_at LIMIT $3 + 0) RETURNING reference, asked",
            )
            .bind(now.0)
            .bind(lease_until.0)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.writer.take().await?)
            .await
            .map_err(|error| self.writer.fault(error))?;
            let due = |row: &SqliteRow| {
                let reference = text(row, 0)?;
                let reference =
                    MerchantRef::parse(&reference).map_err(|_| StoreError::Corrupt(reference))?;
                Ok(Due {
                    reference,
                    asked: u32::try_from(int(row, 1)?).unwrap_or(u32::MAX),
                })
            };
            if planted(Mutant::ClaimForgets) {
                sqlx::query("UPDATE work SET due_at = NULL WHERE lease_until = $1")
                    .bind(lease_until.0)
                    .execute(&mut *self.writer.take().await?)
                    .await
                    .map_err(fault)?;
            }
            let mut due: Vec<Due> = rows.iter().map(due).collect::<Result<_, StoreError>>()?;
            due.retain(|due| !is_skipped(&due.reference));
            Ok(due)
        })
    }

    fn asked(&self, work: Work) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            sqlx::query("UPDATE work SET due_at = $2, lease_until = 0, asked = asked + 1 WHERE reference = $1")
                .bind(work.reference.to_string())
                .bind(work.due.map(|d| d.0))
                .execute(&mut *self.writer.take().await?)
                .await
                .map_err(|error| self.writer.fault(error))?;
            Ok(())
        })
    }

    fn hurry<'a>(
        &'a self,
        reference: &'a MerchantRef,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut connection = self.writer.take().await?;
            write_work(
                &mut connection,
                &Work {
                    reference: reference.clone(),
                    due: Some(now),
                },
            )
            .await
        })
    }

    fn plan_anew(&self, now: Timestamp) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_plan_anew(now))
    }

    fn pulse(&self) -> BoxFuture<'_, Result<Pulse, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query(
                "SELECT (SELECT min(max(due_at, lease_until)) FROM work WHERE due_at IS NOT NULL), \
                 (SELECT coalesce(max(seq), 0) FROM log)",
            )
            .fetch_one(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
            let due: Option<i64> = row.try_get(0).map_err(fault)?;
            Ok(Pulse {
                next_due: due.map(Timestamp),
                version: unsigned(int(&row, 1)?),
            })
        })
    }

    fn times_asked<'a>(
        &'a self,
        reference: &'a MerchantRef,
    ) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT asked FROM work WHERE reference = $1")
                .bind(reference.to_string())
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let asked = row.map(|r| int(&r, 0)).transpose()?.unwrap_or(0);
            Ok(u32::try_from(asked).unwrap_or(u32::MAX))
        })
    }

    fn open_work(&self) -> BoxFuture<'_, Result<Vec<MerchantRef>, StoreError>> {
        Box::pin(self.read_open_work())
    }

    fn begin_epoch(&self, epoch: u8) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write_epoch(epoch))
    }

    fn same_again<'a>(
        &'a self,
        channel: &'a ChannelId,
        amount: Amount,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Option<OrderRow>, StoreError>> {
        Box::pin(async move {
            let found = sqlx::query(
                // What failed took no money: the next try of its customer is no second charge.
                "SELECT number FROM (\
                 SELECT p.number, p.begun_at FROM payments p JOIN orders o ON o.number = p.number \
                 WHERE p.channel = $1 AND p.amount_minor = $2 AND p.begun_at >= $3 AND p.currency = $4 AND o.status <> 'failed' \
                 UNION ALL SELECT number, begun_at FROM payments WHERE unknown = 1 AND amount_minor = $2 AND currency = $4) ORDER BY begun_at DESC LIMIT 1",
            )
            .bind(channel.0.clone())
            .bind(amount.minor())
            .bind(since.0)
            .bind(amount.currency().code())
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
            let Some(row) = found else { return Ok(None) };
            let number = order_number(&row)?;
            self.row(&number).await
        })
    }

    fn shown_code_times<'a>(
        &'a self,
        channel: &'a ChannelId,
        among: u32,
    ) -> BoxFuture<'a, Result<Vec<Duration>, StoreError>> {
        Box::pin(self.read_shown_code_times(channel, among))
    }

    fn by_intent<'a>(
        &'a self,
        intent: &'a str,
    ) -> BoxFuture<'a, Result<Option<Order>, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT number FROM orders WHERE intent = $1")
                .bind(intent.to_owned())
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let Some(row) = row else { return Ok(None) };
            let number = order_number(&row)?;
            self.read_order(&number).await
        })
    }

    fn code_used(&self, code: PayerCode) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut connection = self.readers.take().await?;
            code_used(&mut connection, &code).await
        })
    }

    fn list<'a>(
        &'a self,
        filter: &'a OrderFilter,
        cursor: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<OrderPage, StoreError>> {
        Box::pin(self.read_list(filter, cursor, limit))
    }

    fn list_at<'a>(
        &'a self,
        filter: &'a OrderFilter,
        position: u64,
        limit: u32,
    ) -> BoxFuture<'a, Result<OrderPage, StoreError>> {
        Box::pin(self.read_list_at(filter, position, limit))
    }

    fn totals<'a>(
        &'a self,
        filter: &'a OrderFilter,
    ) -> BoxFuture<'a, Result<ListTotals, StoreError>> {
        Box::pin(self.read_totals(filter))
    }

    fn booked_rows<'a>(
        &'a self,
        account: &'a AccountId,
        from: Timestamp,
        to: Timestamp,
        each: EachBooked<'a>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.step_booked(account, from, to, each))
    }

    fn booked(&self, ask: BookedAsk) -> BoxFuture<'_, Result<Booked, StoreError>> {
        Box::pin(self.read_booked(ask))
    }

    fn import_bill(&self, bill: NewBill) -> BoxFuture<'_, Result<KeptBill, StoreError>> {
        Box::pin(self.write_bill(bill))
    }

    fn bill_file(&self, bill: i64) -> BoxFuture<'_, Result<Option<BillFile>, StoreError>> {
        Box::pin(self.read_bill_file(bill))
    }

    fn bill_layout(&self, bill: i64) -> BoxFuture<'_, Result<Option<KeptLayout>, StoreError>> {
        Box::pin(self.read_layout(bill))
    }

    fn kept_bill(&self, bill: i64) -> BoxFuture<'_, Result<Option<KeptBill>, StoreError>> {
        Box::pin(self.read_kept_bill(bill))
    }

    fn bill_marks(
        &self,
        bill: i64,
        first: u64,
        last: u64,
    ) -> BoxFuture<'_, Result<Vec<BillRow>, StoreError>> {
        Box::pin(self.read_bill_marks(bill, first, last))
    }

    fn first_booked<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.read_first_booked(account))
    }

    fn bill_known<'a>(
        &'a self,
        account: &'a AccountId,
        content_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptBill>, StoreError>> {
        Box::pin(self.read_bill_known(account, content_sha256))
    }

    fn bills<'a>(
        &'a self,
        account: &'a AccountId,
        from: ChannelDay,
        to: ChannelDay,
    ) -> BoxFuture<'a, Result<Vec<KeptBill>, StoreError>> {
        Box::pin(self.read_bills(account, from, to))
    }

    fn differences(&self, bill: i64) -> BoxFuture<'_, Result<Vec<KeptDifference>, StoreError>> {
        Box::pin(self.read_differences(bill))
    }

    fn bill_rows(
        &self,
        bill: i64,
        only_different: bool,
        from: u32,
        limit: u32,
    ) -> BoxFuture<'_, Result<BillRowsPage, StoreError>> {
        Box::pin(self.read_bill_rows(bill, only_different, from, limit))
    }

    fn worklist(&self) -> &dyn Worklist {
        self
    }

    fn drawers(&self) -> &dyn DrawerBook {
        self
    }

    fn flows(&self) -> &dyn Flows {
        self
    }

    fn row<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Option<OrderRow>, StoreError>> {
        Box::pin(async move {
            let mut query = QueryBuilder::<Sqlite>::new(ROW);
            query
                .push(" WHERE o.number = ")
                .push_bind(number.to_string());
            let row = query
                .build()
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            row.as_ref().map(order_row).transpose()
        })
    }

    fn timeline<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT l.seq, l.kind, l.subject, l.actor, l.at, l.body, e.sealed FROM log l LEFT JOIN evidence e ON e.seq = l.seq WHERE l.number = $1 ORDER BY l.seq",
            )
            .bind(number.to_string())
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
            rows.iter().map(|row| self.stored_event(row)).collect()
        })
    }

    fn shop_events(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<StoredEvent>, StoreError>> {
        Box::pin(async move {
            let rows = sqlx::query(SHOP_EVENTS)
                .bind(
                    below
                        .and_then(|seq| i64::try_from(seq).ok())
                        .unwrap_or(i64::MAX),
                )
                .bind(i64::from(limit))
                .fetch_all(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            rows.iter().map(|row| self.stored_event(row)).collect()
        })
    }

    fn notes<'a>(
        &'a self,
        number: &'a OrderNumber,
    ) -> BoxFuture<'a, Result<Vec<NewNote>, StoreError>> {
        Box::pin(async move {
            let rows =
                sqlx::query("SELECT at, by_name, text FROM notes WHERE number = $1 ORDER BY id")
                    .bind(number.to_string())
                    .fetch_all(&mut *self.readers.take().await?)
                    .await
                    .map_err(fault)?;
            rows.iter()
                .map(|r| {
                    Ok(NewNote {
                        at: Timestamp(int(r, 0)?),
                        by: text(r, 1)?,
                        text: text(r, 2)?,
                    })
                })
                .collect()
        })
    }

    fn sealed<'a>(
        &'a self,
        subject: &'a MerchantRef,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT sealed FROM sealed WHERE subject = $1 AND name = $2")
                .bind(subject.to_string())
                .bind(name.to_owned())
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            let Some(row) = row else { return Ok(None) };
            let sealed: Vec<u8> = row.try_get(0).map_err(fault)?;
            match self.unseal(&format!("sealed|{subject}|{name}"), &sealed) {
                Err(StoreError::Locked) => Ok(None),
                plain => Ok(String::from_utf8(plain?).ok()),
            }
        })
    }

    fn counts(&self) -> BoxFuture<'_, Result<Counts, StoreError>> {
        Box::pin(async move {
            let narrow = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
            Ok(Counts {
                open_doubts: narrow(
                    self.one(
                        "SELECT coalesce(sum(open_doubts), 0) FROM orders WHERE open_doubts > 0",
                    )
                    .await?,
                ),
                attention: narrow(
                    self.one("SELECT count(*) FROM orders WHERE attention = 1")
                        .await?,
                ),
            })
        })
    }

    fn settings(&self) -> BoxFuture<'_, Result<Option<serde_json::Value>, StoreError>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT value FROM settings WHERE one = 1")
                .fetch_optional(&mut *self.readers.take().await?)
                .await
                .map_err(fault)?;
            row.map(|r| serde_json::from_str(&text(&r, 0)?).map_err(unreadable("settings")))
                .transpose()
        })
    }

    fn device(&self) -> Device {
        let mut device = self.device.clone();
        device.epoch = device.epoch.max(self.epoch.load(Ordering::Acquire));
        device
    }

    fn data_version(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            Ok(unsigned(
                self.one("SELECT coalesce(max(seq), 0) FROM log").await?,
            ))
        })
    }
}
