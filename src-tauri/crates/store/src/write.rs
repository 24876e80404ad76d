//! The store's writes: each one transaction.

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    list::{KEYS_PER_DAY, status_word},
    parts, words,
};
use paydesk_desk::ports::{
    Commit, FirstAttempt, NewEvent, NewNote, NewOrder, Opened, PayerCode, SealedField, StoreError,
    Work,
};
use paydesk_domain::{
    Amount, BusinessDay, CASH, ChannelId, Doubt, LineState, ORDER_PLACES, Order, OrderNumber,
    Payment, PaymentState, Refund,
};
use paydesk_signing::mutants::{Mutant, planted};
use sqlx::{Row, SqliteConnection};
use std::sync::atomic::Ordering;

impl SqliteStore {
    pub(crate) async fn write_open(
        &self,
        new: NewOrder,
        first: FirstAttempt,
    ) -> Result<Opened, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        let known = sqlx::query("SELECT number FROM orders WHERE intent = $1")
            .bind(new.plan.intent.clone())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(fault)?;
        if let Some(row) = known {
            let number: String = row.try_get(0).map_err(fault)?;
            transaction.rollback().await.map_err(fault)?;
            let number = OrderNumber::parse(&number).map_err(|_| StoreError::Corrupt(number))?;
            let order = self.read_order(&number).await?;
            return order.map(Opened::Existing).ok_or(StoreError::Stale);
        }
        if let Some(code) = &new.code
            && code_used(&mut transaction, code).await?
        {
            transaction.rollback().await.map_err(fault)?;
            return Ok(Opened::CodeUsed);
        }
        let number = self.draw_number(&mut transaction, &new).await?;
        let order = Order::open(number, new.plan, new.now);
        let commit = first(order)?;
        let order = self
            .write_all(&mut transaction, commit, new.code.map(|code| code.tag))
            .await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(Opened::New(order))
    }

    /// The first free number at or behind the drawn place.
    async fn draw_number(
        &self,
        connection: &mut SqliteConnection,
        new: &NewOrder,
    ) -> Result<OrderNumber, StoreError> {
        let (day, epoch) = day_and_epoch(connection, new.plan.day).await?;
        for step in 0..ORDER_PLACES {
            let place = (new.draw % ORDER_PLACES + step) % ORDER_PLACES;
            let number = OrderNumber::compose(new.mode, &self.device.id, epoch, day, place)
                .ok_or_else(|| StoreError::Corrupt("device".to_owned()))?;
            let taken = sqlx::query("SELECT 1 FROM orders WHERE number = $1")
                .bind(number.as_str())
                .fetch_optional(&mut *connection)
                .await
                .map_err(fault)?;
            if taken.is_none() {
                return Ok(number);
            }
        }
        Err(StoreError::Corrupt(
            "the order numbers of this day are used up".to_owned(),
        ))
    }

    /// Begins an epoch, if it is a later one.
    pub(crate) async fn write_epoch(&self, epoch: u8) -> Result<(), StoreError> {
        if planted(Mutant::EpochNotBegun) {
            return Ok(());
        }
        sqlx::query(
            "UPDATE meta SET value = $1 WHERE key = 'epoch' AND CAST(value AS INTEGER) < $2",
        )
        .bind(epoch.to_string())
        .bind(i64::from(epoch))
        .execute(&mut *self.writer.take().await?)
        .await
        .map_err(|error| self.writer.fault(error))?;
        self.epoch.fetch_max(epoch, Ordering::AcqRel);
        Ok(())
    }

    pub(crate) async fn write_commit(&self, commit: Commit) -> Result<Order, StoreError> {
        match self.write_part(commit, None).await? {
            Opened::Existing(order) | Opened::New(order) => Ok(order),
            // Without a code there is none that was used.
            Opened::CodeUsed => Err(StoreError::Stale),
        }
    }

    /// Commits against the version the order was loaded with; a scanned code is charged once.
    pub(crate) async fn write_part(
        &self,
        mut commit: Commit,
        code: Option<PayerCode>,
    ) -> Result<Opened, StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        if let Some(code) = &code
            && code_used(&mut transaction, code).await?
        {
            transaction.rollback().await.map_err(fault)?;
            return Ok(Opened::CodeUsed);
        }
        let row = sqlx::query("SELECT version FROM orders WHERE number = $1")
            .bind(commit.order.number().to_string())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(fault)?;
        let version: Option<i64> = row.map(|r| r.try_get(0)).transpose().map_err(fault)?;
        if version != i64::try_from(commit.order.version()).ok()
            && !planted(Mutant::VersionCheckOff)
        {
            return Err(StoreError::Stale);
        }
        let apart = planted(Mutant::EventsApart).then(|| std::mem::take(&mut commit.events));
        let tag = code.map(|code| code.tag);
        let order = self.write_all(&mut transaction, commit, tag).await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))?;
        if let Some(events) = apart {
            drop(writer);
            self.write_events(events).await?;
        }
        Ok(Opened::New(order))
    }

    async fn write_all(
        &self,
        connection: &mut SqliteConnection,
        mut commit: Commit,
        tag: Option<[u8; 32]>,
    ) -> Result<Order, StoreError> {
        let order = Order::from_parts(
            commit.order.number().clone(),
            commit.order.plan().clone(),
            commit.order.opened_at(),
            commit.order.payments().to_vec(),
            commit.order.refunds().to_vec(),
            commit.order.version() + u64::from(!planted(Mutant::VersionStands)),
        );
        write_order(connection, &order, commit.note.as_ref()).await?;
        write_payments(connection, &order, tag).await?;
        write_refunds(connection, &order).await?;
        parts::write(connection, &order).await?;
        for work in &commit.work {
            write_work(connection, work).await?;
        }
        for field in &commit.sealed {
            self.write_sealed(connection, field).await?;
        }
        if let Some(note) = &commit.note {
            write_note(connection, &order, note).await?;
        }
        if commit.note.is_some() || commit.order.version() == 0 {
            words::index(connection, order.number().as_str()).await?;
        }
        for event in &mut commit.events {
            if let Some(body) = event.body.as_object_mut() {
                body.insert("version".to_owned(), order.version().into());
            }
        }
        self.append_events(connection, &commit.events).await?;
        Ok(order)
    }

    async fn write_sealed(
        &self,
        connection: &mut SqliteConnection,
        field: &SealedField,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(
            &format!("sealed|{}|{}", field.subject, field.name),
            field.value.as_bytes(),
        )?;
        sqlx::query("INSERT INTO sealed(subject, name, sealed) VALUES ($1, $2, $3) ON CONFLICT(subject, name) DO UPDATE SET sealed = $3")
            .bind(field.subject.to_string())
            .bind(field.name)
            .bind(sealed)
            .execute(connection)
            .await
            .map_err(fault)?;
        Ok(())
    }

    pub(crate) async fn write_events(&self, events: Vec<NewEvent>) -> Result<(), StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        for event in &events {
            let settings = event.body.get("after").and_then(|a| a.get("settings"));
            if let Some(settings) = settings {
                sqlx::query("INSERT INTO settings(one, value) VALUES (1, $1) ON CONFLICT(one) DO UPDATE SET value = $1")
                    .bind(settings.to_string())
                    .execute(&mut *transaction)
                    .await
                    .map_err(fault)?;
            }
        }
        self.append_events(&mut transaction, &events).await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }
}

/// The day and the epoch that go into a number: the day never steps back, even when the clock does; the epoch is
/// read where it is used, because another process may have begun a later one. Days alone are counted: the other
/// column of `counter` is from before numbers were drawn.
async fn day_and_epoch(
    connection: &mut SqliteConnection,
    day: BusinessDay,
) -> Result<(BusinessDay, u8), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT coalesce(max(day), 0) FROM counter), value FROM meta WHERE key = 'epoch'",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(fault)?;
    let last: i64 = row.try_get(0).map_err(fault)?;
    let epoch: String = row.try_get(1).map_err(fault)?;
    let epoch = epoch
        .parse()
        .map_err(|_| StoreError::Corrupt("epoch".to_owned()))?;
    if last >= i64::from(day.0) {
        let last = i32::try_from(last).map_err(|_| StoreError::Corrupt("counter".to_owned()))?;
        return Ok((BusinessDay(last), epoch));
    }
    sqlx::query("INSERT INTO counter(day, next) VALUES ($1, 0)")
        .bind(i64::from(day.0))
        .execute(connection)
        .await
        .map_err(fault)?;
    Ok((day, epoch))
}

/// Whether a payment code was charged lately: asked in the transaction that charges it, so that two
/// tills with the same code at the same moment cannot both go on.
pub(crate) async fn code_used(
    connection: &mut SqliteConnection,
    code: &PayerCode,
) -> Result<bool, StoreError> {
    let found =
        sqlx::query("SELECT 1 FROM payments WHERE code_tag = $1 AND begun_at >= $2 LIMIT 1")
            .bind(code.tag.to_vec())
            .bind(code.since.0)
            .fetch_optional(connection)
            .await
            .map_err(fault)?;
    Ok(found.is_some())
}

fn json<T: serde::Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unreadable(what))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn status_text(order: &Order) -> String {
    status_word(order.status())
}

async fn write_order(
    connection: &mut SqliteConnection,
    order: &Order,
    note: Option<&NewNote>,
) -> Result<(), StoreError> {
    let channel = order
        .latest()
        .map_or(ChannelId(String::new()), |p| p.plan().channel.clone());
    let number = order.number().to_string();
    let reversed: String = number.chars().rev().collect();
    let day = i64::from(order.plan().day.0);
    sqlx::query(
        "INSERT INTO orders(id, number, intent, plan, opened_at, total_minor, currency, day, by_name, channel, status, taken_minor, refunded_minor, attention, open_doubts, note, reversed, version, refunds) \
         VALUES ((SELECT coalesce(max(id), $18) + 1 FROM orders WHERE id >= $18 AND id < $19),$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$20) \
         ON CONFLICT(number) DO UPDATE SET channel = $9, status = $10, taken_minor = $11, refunded_minor = $12, attention = $13, open_doubts = $14, \
         note = CASE WHEN $15 = '' THEN note ELSE $15 END, version = $17, refunds = $20",
    )
    .bind(number)
    .bind(order.plan().intent.clone())
    .bind(json("order plan", order.plan())?)
    .bind(order.opened_at().0)
    .bind(order.plan().total.minor())
    .bind(order.plan().total.currency().code())
    .bind(day)
    .bind(order.plan().by.clone())
    .bind(channel.0)
    .bind(status_text(order))
    .bind(order.taken().minor())
    .bind(order.refunded().minor())
    .bind(i64::from(order.needs_attention()))
    .bind(i64::from(order.open_doubts()))
    .bind(note.map(|n| n.text.clone()).unwrap_or_default())
    .bind(reversed)
    .bind(signed(order.version()))
    .bind(day * KEYS_PER_DAY)
    .bind((day + 1) * KEYS_PER_DAY)
    .bind(i64::try_from(order.refunds().len()).unwrap_or(i64::MAX))
    .execute(connection)
    .await
    .map_err(fault)?;
    Ok(())
}

/// A payment's columns beside its value: what it is looked for by.
pub(crate) struct PaymentColumns {
    unknown: bool,
    channel_ref: Option<String>,
    channel_reversed: Option<String>,
    paid_minor: i64,
    reserved_minor: i64,
    booked: BookedColumns,
}

/// What a bill is held against, of a payment or a refund.
pub(crate) struct BookedColumns {
    pub(crate) account: String,
    pub(crate) currency: &'static str,
    pub(crate) amount_minor: i64,
    pub(crate) booked_at: i64,
    pub(crate) moved: i64,
    /// When the payment was paid that a refund is of.
    pub(crate) paid_at: Option<i64>,
}

/// How far the money came, as it stands in a column.
pub(crate) fn moved(state: LineState) -> i64 {
    match state {
        LineState::Done => 0,
        LineState::Pending => 1,
        LineState::Failed => 2,
    }
}

impl BookedColumns {
    pub(crate) fn of_payment(payment: &Payment) -> BookedColumns {
        let amount = payment.plan().amount;
        BookedColumns {
            account: payment.plan().account.0.clone(),
            currency: amount.currency().code(),
            amount_minor: amount.minor(),
            booked_at: payment.booked_at().0,
            moved: moved(payment.line_state()),
            paid_at: None,
        }
    }

    pub(crate) fn of_refund(order: &Order, refund: &Refund) -> BookedColumns {
        let payment = order.payment(&refund.reference().payment());
        let amount = refund.plan().amount;
        BookedColumns {
            // What goes out of the drawer stands on no channel's bill.
            account: match payment {
                _ if refund.plan().in_cash => CASH.to_owned(),
                Some(payment) => payment.plan().account.0.clone(),
                None => String::new(),
            },
            currency: amount.currency().code(),
            amount_minor: amount.minor(),
            booked_at: refund.booked_at().0,
            moved: moved(refund.line_state()),
            paid_at: payment.and_then(Payment::paid).map(|paid| paid.at.0),
        }
    }

    /// As [`PAYMENT_AS_TEXT`] and [`REFUND_AS_TEXT`] read them.
    pub(crate) fn as_text(&self) -> String {
        format!(
            "{} {} {} {} {} {}",
            self.account,
            self.currency,
            self.amount_minor,
            self.booked_at,
            self.moved,
            self.paid_at.map_or_else(String::new, |at| at.to_string())
        )
    }
}

impl PaymentColumns {
    pub(crate) fn of(order: &Order, payment: &Payment) -> PaymentColumns {
        let channel_ref = payment.paid().map(|p| p.channel_ref.0.clone());
        PaymentColumns {
            unknown: matches!(
                payment.state(),
                PaymentState::InDoubt {
                    doubt: Doubt::NoReply
                        | Doubt::Interrupted
                        | Doubt::Mismatch
                        | Doubt::Unauthenticated
                        | Doubt::Unreadable
                        | Doubt::RefusalUnconfirmed { .. }
                        | Doubt::ServerFault { .. }
                        | Doubt::UnsignedRefusal { .. }
                        | Doubt::Duplicate { .. },
                    ..
                } | PaymentState::Ending { .. }
            ),
            channel_reversed: channel_ref.as_ref().map(|r| r.chars().rev().collect()),
            channel_ref,
            paid_minor: payment.money_in().map_or(0, Amount::minor),
            reserved_minor: order
                .refunds_of(payment.reference())
                .filter(|r| r.reserves())
                .map(|r| r.plan().amount.minor())
                .sum(),
            booked: BookedColumns::of_payment(payment),
        }
    }

    /// As [`PAYMENT_AS_TEXT`] reads them.
    pub(crate) fn as_text(&self, payment: &Payment, order_id: i64) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        format!(
            "{} {} {} {} {} {} {} {order_id} {}",
            payment.plan().channel.0,
            payment.begun_at().0,
            i64::from(self.unknown),
            text(&self.channel_ref),
            text(&self.channel_reversed),
            self.paid_minor,
            self.reserved_minor,
            self.booked.as_text(),
        )
    }
}

/// A payment's columns in one text, to be compared.
pub(crate) const PAYMENT_AS_TEXT: &str = "channel || ' ' || begun_at || ' ' || unknown || ' ' || coalesce(channel_ref, '') || ' ' || coalesce(channel_reversed, '') || ' ' || paid_minor || ' ' || reserved_minor || ' ' || order_id || ' ' || account || ' ' || currency || ' ' || amount_minor || ' ' || booked_at || ' ' || moved || ' '";

/// A refund's columns in one text, to be compared.
pub(crate) const REFUND_AS_TEXT: &str = "intent || ' ' || begun_at || ' ' || account || ' ' || currency || ' ' || amount_minor || ' ' || booked_at || ' ' || moved || ' ' || coalesce(paid_at, '')";

async fn write_payments(
    connection: &mut SqliteConnection,
    order: &Order,
    tag: Option<[u8; 32]>,
) -> Result<(), StoreError> {
    for payment in order.payments() {
        let columns = PaymentColumns::of(order, payment);
        sqlx::query(
            "INSERT INTO payments(reference, number, channel, amount_minor, begun_at, unknown, channel_ref, channel_reversed, code_tag, paid_minor, reserved_minor, value, account, currency, booked_at, moved, order_id) \
             VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,(SELECT o.id FROM orders o WHERE o.number = $2)) \
             ON CONFLICT(reference) DO UPDATE SET unknown = $6, channel_ref = $7, channel_reversed = $8, paid_minor = $10, reserved_minor = $11, value = $12, booked_at = $15, moved = $16",
        )
        .bind(payment.reference().to_string())
        .bind(order.number().to_string())
        .bind(payment.plan().channel.0.clone())
        .bind(payment.plan().amount.minor())
        .bind(payment.begun_at().0)
        .bind(i64::from(columns.unknown))
        .bind(columns.channel_ref)
        .bind(columns.channel_reversed)
        .bind(tag.map(|t| t.to_vec()))
        .bind(columns.paid_minor)
        .bind(columns.reserved_minor)
        .bind(json("payment", payment)?)
        .bind(columns.booked.account)
        .bind(columns.booked.currency)
        .bind(columns.booked.booked_at)
        .bind(columns.booked.moved)
        .execute(&mut *connection)
        .await
        .map_err(fault)?;
    }
    Ok(())
}

async fn write_refunds(connection: &mut SqliteConnection, order: &Order) -> Result<(), StoreError> {
    for refund in order.refunds() {
        let booked = BookedColumns::of_refund(order, refund);
        sqlx::query(
            "INSERT INTO refunds(reference, number, intent, begun_at, value, account, currency, amount_minor, booked_at, moved, paid_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) \
             ON CONFLICT(reference) DO UPDATE SET value = $5, booked_at = $9, moved = $10, paid_at = $11",
        )
            .bind(refund.reference().to_string())
            .bind(order.number().to_string())
            .bind(refund.plan().intent.clone())
            .bind(refund.begun_at().0)
            .bind(json("refund", refund)?)
            .bind(booked.account)
            .bind(booked.currency)
            .bind(booked.amount_minor)
            .bind(booked.booked_at)
            .bind(booked.moved)
            .bind(booked.paid_at)
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

async fn write_note(
    connection: &mut SqliteConnection,
    order: &Order,
    note: &NewNote,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO notes(number, at, by_name, text) VALUES ($1,$2,$3,$4)")
        .bind(order.number().to_string())
        .bind(note.at.0)
        .bind(note.by.clone())
        .bind(note.text.clone())
        .execute(connection)
        .await
        .map_err(fault)?;
    Ok(())
}

pub(crate) async fn write_work(
    connection: &mut SqliteConnection,
    work: &Work,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO work(reference, due_at) VALUES ($1, $2) ON CONFLICT(reference) DO UPDATE SET due_at = $2, lease_until = 0")
        .bind(work.reference.to_string())
        .bind(work.due.map(|d| d.0))
        .execute(connection)
        .await
        .map_err(fault)?;
    Ok(())
}
