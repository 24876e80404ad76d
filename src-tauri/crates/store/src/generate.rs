//! Years of trade for measurements: every table a real shop fills, from the same values and states that
//! the desk writes, in statements of many rows. Never part of the product.

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    list::KEYS_PER_DAY,
    read::text,
    words,
    write::{BookedColumns, moved, status_text},
};
use jiff::civil::Date;
use paydesk_desk::ports::{Actor, EventKind, NewEvent, StoreError};
use paydesk_domain::{
    AccountId, Amount, BusinessDay, ChannelId, ChannelRef, ClosedWhy, Currency, Evidence, Fact,
    FeeRate, Heard, MerchantRef, Mode, Order, OrderNumber, OrderPlan, Paid, PaymentFact,
    PaymentPlan, RefundFact, RefundPlan, TenderKind, Timestamp,
};
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use serde_json::{Value, json};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Orders in one transaction; their log rows stay below SQLite's limit of values in a statement.
const AT_ONCE: u64 = 400;

/// The first day of the generated trade.
const FIRST_DAY: Date = jiff::civil::date(2023, 11, 1);

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const NOTES: [&str; 10] = [
    "生日蛋糕 6 寸",
    "桌 A12",
    "外卖 张先生",
    "会员 王女士",
    "公司团餐 发票",
    "奶茶 少冰",
    "退换货 补差价",
    "Table 7, no sugar",
    "预订 周六 晚餐",
    "老客户 李四",
];

/// One order with what the log says of it.
struct Made {
    order: Order,
    note: String,
    events: Vec<NewEvent>,
}

/// What every order has in common.
struct Maker {
    proof: Authentic,
    rate: Option<FeeRate>,
    device: String,
    epoch: u8,
    orders: u64,
    days: u64,
}

impl SqliteStore {
    /// Fills an empty store with this many orders over so many days; `told` hears how many are written.
    ///
    /// # Errors
    /// The store's.
    pub async fn generate(
        &self,
        orders: u64,
        days: u64,
        told: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        let maker = Maker {
            proof: proof()?,
            rate: FeeRate::from_millionths(6_000),
            device: self.device.id.clone(),
            epoch: self.device.epoch,
            orders,
            days: days.max(1),
        };
        let indices = self.without_indices().await?;
        let mut written = 0;
        while written < orders {
            let end = orders.min(written + AT_ONCE);
            let made = (written..end)
                .map(|n| maker.make(n))
                .collect::<Result<Vec<_>, _>>()?;
            self.write_made(written, &maker, &made).await?;
            written = end;
            told(written);
        }
        sqlx::query("INSERT INTO words(words) VALUES ('optimize')")
            .execute(&mut *self.writer.take().await?)
            .await
            .map_err(|error| self.writer.fault(error))?;
        for sql in indices {
            let made = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
            made.execute(&mut *self.writer.take().await?)
                .await
                .map_err(|error| self.writer.fault(error))?;
        }
        Ok(())
    }

    /// Drops every index that the schema names and gives how to make it again: made at the end they cost
    /// a tenth. The connection gets a cache that holds the others.
    async fn without_indices(&self) -> Result<Vec<String>, StoreError> {
        sqlx::raw_sql("PRAGMA cache_size = -524288")
            .execute(&mut *self.writer.take().await?)
            .await
            .map_err(|error| self.writer.fault(error))?;
        let rows = sqlx::query(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        )
        .fetch_all(&mut *self.writer.take().await?)
        .await
        .map_err(|error| self.writer.fault(error))?;
        let mut made = Vec::new();
        for row in &rows {
            let (name, sql) = (text(row, 0)?, text(row, 1)?);
            let dropped = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP INDEX {name}")));
            dropped
                .execute(&mut *self.writer.take().await?)
                .await
                .map_err(|error| self.writer.fault(error))?;
            made.push(sql);
        }
        Ok(made)
    }

    async fn write_made(&self, first: u64, maker: &Maker, made: &[Made]) -> Result<(), StoreError> {
        let mut writer = self.writer.take().await?;
        let mut transaction = self.writer.begin(&mut writer).await?;
        let keys: Vec<i64> = (first..).take(made.len()).map(|n| maker.key(n)).collect();
        write_orders(&mut transaction, &keys, made).await?;
        write_attempts(&mut transaction, &keys, made).await?;
        write_words(&mut transaction, &keys, made).await?;
        let events: Vec<NewEvent> = made.iter().flat_map(|made| made.events.clone()).collect();
        self.append_events(&mut transaction, &events).await?;
        transaction
            .commit()
            .await
            .map_err(|error| self.writer.fault(error))
    }
}

fn impossible(what: &str) -> StoreError {
    StoreError::Corrupt(format!("a generated {what} is impossible"))
}

/// A proof by the stand-in keys of the tests: the generated money is nobody's.
fn proof() -> Result<Authentic, StoreError> {
    let keys = TagKeys::new("generated");
    let body = b"generated".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let key = KeyId("stand-in-generated".to_owned());
    Authentic::signed(reply, 0..body.len(), &body, key, &signature, &keys)
        .map_err(|_| impossible("proof"))
}

impl Maker {
    /// The day of an order, its position in the day, and the moment.
    fn place(&self, n: u64) -> (BusinessDay, u64, Timestamp) {
        let day = n * self.days / self.orders.max(1);
        let first_of_day = (day * self.orders).div_ceil(self.days);
        let in_day = n - first_of_day.min(n);
        let date =
            FIRST_DAY.saturating_add(jiff::Span::new().days(i64::try_from(day).unwrap_or(0)));
        let per_day = (self.orders / self.days).max(1);
        let start = i64::try_from(day).unwrap_or(0) * DAY_MS + 1_698_768_000_000;
        let at = start + i64::try_from(in_day * 50_000_000 / per_day.max(in_day + 1)).unwrap_or(0);
        (BusinessDay::from_date(date), in_day + 1, Timestamp(at))
    }

    fn key(&self, n: u64) -> i64 {
        let (day, in_day, _) = self.place(n);
        i64::from(day.0) * KEYS_PER_DAY + i64::try_from(in_day).unwrap_or(0)
    }

    fn make(&self, n: u64) -> Result<Made, StoreError> {
        let (day, in_day, at) = self.place(n);
        let counter = u32::try_from(in_day).unwrap_or(u32::MAX);
        let number = OrderNumber::compose(Mode::Demo, &self.device, self.epoch, day, counter)
            .ok_or_else(|| impossible("number"))?;
        let plan = OrderPlan {
            intent: format!("generated-{n}"),
            total: amount(500 + i64::try_from(n * 7_919 % 19_997).unwrap_or(0))?,
            day,
            by: format!("收银员 {}", n % 3 + 1),
        };
        let mut made = Made {
            order: Order::open(number, plan, at),
            note: note_of(n),
            events: Vec::new(),
        };
        let opened =
            json!({ "number": made.order.number(), "plan": made.order.plan(), "opened_at": at });
        made.tell(
            EventKind::OrderOpened,
            None,
            json!({ "after": { "order": opened } }),
        );
        let reference = self.begin(&mut made, n)?;
        if !made.note.is_empty() {
            let note = json!({ "at": at, "by": made.order.plan().by, "text": made.note });
            made.tell(
                EventKind::NoteAdded,
                None,
                json!({ "after": { "note": note } }),
            );
        }
        let is_paid = self.hear(&mut made, n, &reference);
        if is_paid && n % 33 == 7 {
            self.give_back(&mut made, n, &reference)?;
        }
        Ok(made)
    }

    fn begin(&self, made: &mut Made, n: u64) -> Result<MerchantRef, StoreError> {
        let at = made.order.opened_at();
        let channel = if n.is_multiple_of(2) {
            "alipay"
        } else {
            "wechatpay"
        };
        let plan = PaymentPlan {
            account: AccountId(format!("demo-{channel}")),
            channel: ChannelId(channel.to_owned()),
            amount: made.order.plan().total,
            tender: TenderKind::PayerCode,
            expires: at.plus(std::time::Duration::from_secs(300)),
            watch_ms: 900_000,
            rate: self.rate,
            intent: None,
        };
        let begun = made.order.begin_payment(plan, at);
        let reference = begun
            .map_err(|_| impossible("payment"))?
            .reference()
            .clone();
        let after = json!({ "after": { "payment": made.order.payment(&reference) } });
        made.tell(EventKind::PaymentBegun, Some(&reference), after);
        Ok(reference)
    }

    /// The channel's answer; whether it says that the payment is paid.
    fn hear(&self, made: &mut Made, n: u64, reference: &MerchantRef) -> bool {
        let (at, total) = (made.order.opened_at(), made.order.plan().total);
        let fact = if n.is_multiple_of(25) {
            PaymentFact::Closed(ClosedWhy::Closed)
        } else {
            let tail = n * 1_000_003 % 10_000_000_000_000_000;
            PaymentFact::Paid(Paid {
                asked: total,
                received: total,
                payer_paid: None,
                channel_ref: ChannelRef(format!("{}2200{tail:016}", made.order.plan().day.0)),
                at,
                payer: None,
                coins: Vec::new(),
            })
        };
        let is_paid = matches!(fact, PaymentFact::Paid(_));
        let evidence = Evidence::from_channel(Fact::Payment(fact), &self.proof, Heard::Reply, at);
        if let Some(payment) = made.order.payment_mut(reference) {
            payment.apply(&evidence);
        }
        let after = json!({ "payment": made.order.payment(reference) });
        let body = json!({ "source": evidence.source(), "after": after });
        made.tell(EventKind::PaymentHeard, Some(reference), body);
        if let Some(heard) = made.events.last_mut() {
            let kept = format!("{{\"generated\":{n},\"status\":200,\"body\":\"{n:0200}\"}}");
            heard.evidence = Some(kept.into_bytes());
        }
        is_paid
    }

    fn give_back(&self, made: &mut Made, n: u64, payment: &MerchantRef) -> Result<(), StoreError> {
        let at = made.order.opened_at();
        let plan = RefundPlan {
            intent: format!("generated-refund-{n}"),
            amount: amount(made.order.plan().total.minor() / 2)?,
            reason: "goods_returned".to_owned(),
            note: String::new(),
            by: made.order.plan().by.clone(),
            in_cash: false,
            rate: paydesk_domain::RateChoice::default(),
        };
        let begun = made.order.begin_refund(payment, plan, at);
        let reference = begun.map_err(|_| impossible("refund"))?;
        let after = json!({ "after": { "refund": made.order.refund(&reference) } });
        made.tell(EventKind::RefundBegun, Some(&reference), after);
        let done = RefundFact::Done {
            channel_ref: None,
            at: Some(at),
        };
        let evidence = Evidence::from_channel(Fact::Refund(done), &self.proof, Heard::Reply, at);
        if let Some(refund) = made.order.refund_mut(&reference) {
            refund.apply(&evidence);
        }
        let after = json!({ "refund": made.order.refund(&reference) });
        let body = json!({ "source": evidence.source(), "after": after });
        made.tell(EventKind::RefundHeard, Some(&reference), body);
        Ok(())
    }
}

impl Made {
    fn tell(&mut self, kind: EventKind, subject: Option<&MerchantRef>, body: Value) {
        let plan = self.order.plan();
        self.events.push(NewEvent {
            kind,
            order: Some(self.order.number().clone()),
            subject: subject.cloned(),
            actor: Actor::Operator(plan.by.clone()),
            at: self.order.opened_at(),
            day: plan.day,
            body,
            evidence: None,
        });
    }
}

fn amount(minor: i64) -> Result<Amount, StoreError> {
    Amount::from_minor(minor, Currency::CNY).map_err(|_| impossible("amount"))
}

fn note_of(n: u64) -> String {
    if !n.is_multiple_of(5) {
        return String::new();
    }
    let at = usize::try_from(n / 5).unwrap_or(0) % NOTES.len();
    NOTES.get(at).copied().unwrap_or_default().to_owned()
}

fn value<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unreadable("generated value"))
}

async fn write_orders(
    connection: &mut SqliteConnection,
    keys: &[i64],
    made: &[Made],
) -> Result<(), StoreError> {
    let plans = made
        .iter()
        .map(|made| value(made.order.plan()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO orders(id, number, intent, plan, opened_at, total_minor, currency, day, by_name, channel, status, taken_minor, refunded_minor, refunds, attention, open_doubts, note, reversed, version) ",
    );
    query.push_values(
        keys.iter().zip(made).zip(plans),
        |mut row, ((key, made), plan)| {
            let order = &made.order;
            let channel = order
                .latest()
                .map_or(String::new(), |p| p.plan().channel.0.clone());
            row.push_bind(*key)
                .push_bind(order.number().to_string())
                .push_bind(order.plan().intent.clone())
                .push_bind(plan)
                .push_bind(order.opened_at().0)
                .push_bind(order.plan().total.minor())
                .push_bind("CNY")
                .push_bind(i64::from(order.plan().day.0))
                .push_bind(order.plan().by.clone())
                .push_bind(channel)
                .push_bind(status_text(order))
                .push_bind(order.taken().minor())
                .push_bind(order.refunded().minor())
                .push_bind(i64::try_from(order.refunds().len()).unwrap_or(0))
                .push_bind(i64::from(order.needs_attention()))
                .push_bind(i64::from(order.open_doubts()))
                .push_bind(made.note.clone())
                .push_bind(order.number().as_str().chars().rev().collect::<String>())
                .push_bind(3_i64);
        },
    );
    query
        .build()
        .execute(&mut *connection)
        .await
        .map_err(fault)?;
    for made in made {
        sqlx::query("INSERT OR IGNORE INTO counter(day, next) VALUES ($1, 0)")
            .bind(i64::from(made.order.plan().day.0))
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

async fn write_attempts(
    connection: &mut SqliteConnection,
    keys: &[i64],
    made: &[Made],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO payments(reference, number, channel, amount_minor, begun_at, unknown, channel_ref, channel_reversed, code_tag, paid_minor, reserved_minor, value, order_id, account, currency, booked_at, moved) ",
    );
    let payments = keys
        .iter()
        .zip(made)
        .flat_map(|(key, made)| {
            let payments = made.order.payments().iter();
            payments.map(move |payment| (*key, &made.order, payment))
        })
        .map(|(key, order, payment)| Ok((key, order, payment, value(payment)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    query.push_values(payments, |mut row, (key, order, payment, value)| {
        let channel_ref = payment.paid().map(|p| p.channel_ref.0.clone());
        let reserved: i64 = order
            .refunds_of(payment.reference())
            .map(|refund| refund.plan().amount.minor())
            .sum();
        row.push_bind(payment.reference().to_string())
            .push_bind(order.number().to_string())
            .push_bind(payment.plan().channel.0.clone())
            .push_bind(payment.plan().amount.minor())
            .push_bind(payment.begun_at().0)
            .push_bind(0_i64)
            .push_bind(channel_ref.clone())
            .push_bind(channel_ref.map(|text| text.chars().rev().collect::<String>()))
            .push_bind(order.number().as_str().as_bytes().to_vec())
            .push_bind(payment.money_in().map_or(0, Amount::minor))
            .push_bind(reserved)
            .push_bind(value)
            .push_bind(key)
            .push_bind(payment.plan().account.0.clone())
            .push_bind(payment.plan().amount.currency().code())
            .push_bind(payment.booked_at().0)
            .push_bind(moved(payment.line_state()));
    });
    query
        .build()
        .execute(&mut *connection)
        .await
        .map_err(fault)?;
    for made in made {
        for refund in made.order.refunds() {
            let booked = BookedColumns::of_refund(&made.order, refund);
            sqlx::query("INSERT INTO refunds(reference, number, intent, begun_at, value, account, currency, amount_minor, booked_at, moved, paid_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)")
                .bind(refund.reference().to_string())
                .bind(made.order.number().to_string())
                .bind(refund.plan().intent.clone())
                .bind(refund.begun_at().0)
                .bind(value(refund)?)
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
        if !made.note.is_empty() {
            sqlx::query("INSERT INTO notes(number, at, by_name, text) VALUES ($1,$2,$3,$4)")
                .bind(made.order.number().to_string())
                .bind(made.order.opened_at().0)
                .bind(made.order.plan().by.clone())
                .bind(made.note.clone())
                .execute(&mut *connection)
                .await
                .map_err(fault)?;
        }
    }
    Ok(())
}

async fn write_words(
    connection: &mut SqliteConnection,
    keys: &[i64],
    made: &[Made],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO words(rowid, text) ");
    query.push_values(keys.iter().zip(made), |mut row, (key, made)| {
        let text = format!("{} {}", made.order.plan().by, made.note);
        row.push_bind(*key).push_bind(words::cut(&text));
    });
    query.build().execute(connection).await.map_err(fault)?;
    Ok(())
}
