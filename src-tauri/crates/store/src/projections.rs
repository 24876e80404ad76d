//! Rebuilding the projections from the log and comparing them with the live ones (INV27).

use crate::{
    SqliteStore,
    errors::{fault, unreadable},
    write::status_text,
};
use paydesk_desk::ports::StoreError;
use paydesk_domain::{Order, OrderNumber, OrderPlan, Payment, Refund, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sqlx::Row;
use std::collections::BTreeMap;

/// What rebuilding found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RebuildReport {
    /// Orders rebuilt.
    pub orders: u64,
    /// Where live rows say something else than the log.
    pub differences: Vec<String>,
}

#[derive(Deserialize)]
struct Opened {
    plan: OrderPlan,
    opened_at: Timestamp,
}

#[derive(Default)]
struct Folded {
    opened: Option<Opened>,
    payments: BTreeMap<String, Value>,
    refunds: Vec<(String, Value)>,
    notes: u64,
}

impl SqliteStore {
    /// Folds the whole log and compares the result with the projections, row by row.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        let mut differences = Vec::new();
        let folded = self.fold(&mut differences).await?;
        let count = folded.len();
        for (number, order) in folded {
            self.compare(&number, order, &mut differences).await?;
        }
        let live = sqlx::query("SELECT count(*) FROM orders")
            .fetch_one(&self.readers)
            .await
            .map_err(fault)?;
        let live: i64 = live.try_get(0).map_err(fault)?;
        if usize::try_from(live).ok() != Some(count) {
            differences.push(format!("orders: {live} rows, {count} in the log"));
        }
        Ok(RebuildReport {
            orders: u64::try_from(count).unwrap_or(0),
            differences,
        })
    }

    async fn fold(
        &self,
        differences: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Folded>, StoreError> {
        let mut orders: BTreeMap<String, Folded> = BTreeMap::new();
        let mut settings = None;
        let mut last = 0_i64;
        loop {
            let rows = sqlx::query(
                "SELECT seq, number, subject, body FROM log WHERE seq > $1 ORDER BY seq LIMIT 1000",
            )
            .bind(last)
            .fetch_all(&self.readers)
            .await
            .map_err(fault)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                last = row.try_get(0).map_err(fault)?;
                let number: Option<String> = row.try_get(1).map_err(fault)?;
                let subject: Option<String> = row.try_get(2).map_err(fault)?;
                let body: String = row.try_get(3).map_err(fault)?;
                let mut body: Value =
                    serde_json::from_str(&body).map_err(unreadable("event body"))?;
                let Some(after) = body.get_mut("after").map(Value::take) else {
                    continue;
                };
                match number {
                    Some(number) => fold_order(orders.entry(number).or_default(), subject, after)?,
                    None => settings = after.get("settings").cloned().or(settings),
                }
            }
        }
        let live = sqlx::query("SELECT value FROM settings WHERE one = 1")
            .fetch_optional(&self.readers)
            .await
            .map_err(fault)?;
        let live: Option<String> = live.map(|r| r.try_get(0)).transpose().map_err(fault)?;
        if live != settings.map(|s| s.to_string()) {
            differences.push("settings".to_owned());
        }
        Ok(orders)
    }

    async fn compare(
        &self,
        number: &str,
        folded: Folded,
        differences: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let parsed =
            OrderNumber::parse(number).map_err(|_| StoreError::Corrupt(number.to_owned()))?;
        let Some(opened) = folded.opened else {
            differences.push(format!("order {number}: its opening is not in the log"));
            return Ok(());
        };
        let payments: Vec<Payment> = folded
            .payments
            .into_values()
            .map(|v| serde_json::from_value(v).map_err(unreadable("payment")))
            .collect::<Result<_, _>>()?;
        let refunds: Vec<Refund> = folded
            .refunds
            .into_iter()
            .map(|(_, v)| serde_json::from_value(v).map_err(unreadable("refund")))
            .collect::<Result<_, _>>()?;
        let Some(live) = self.read_order(&parsed).await? else {
            differences.push(format!("order {number}: no row"));
            return Ok(());
        };
        let rebuilt = Order::from_parts(
            parsed,
            opened.plan,
            opened.opened_at,
            payments,
            refunds,
            live.version(),
        );
        if json(&rebuilt)? != json(&live)? {
            differences.push(format!("order {number}: attempts or refunds differ"));
        }
        let row = sqlx::query("SELECT status, taken_minor, refunded_minor, attention, open_doubts, (SELECT count(*) FROM notes n WHERE n.number = o.number) FROM orders o WHERE number = $1")
            .bind(number.to_owned())
            .fetch_one(&self.readers)
            .await
            .map_err(fault)?;
        let int = |at: usize| row.try_get::<i64, _>(at).map_err(fault);
        let status: String = row.try_get(0).map_err(fault)?;
        let same = status == status_text(&rebuilt)
            && int(1)? == rebuilt.taken().minor()
            && int(2)? == rebuilt.refunded().minor()
            && int(3)? == i64::from(rebuilt.needs_attention())
            && int(4)? == i64::from(rebuilt.open_doubts())
            && u64::try_from(int(5)?).ok() == Some(folded.notes);
        if !same {
            differences.push(format!("order {number}: its row in the list differs"));
        }
        Ok(())
    }
}

fn json(order: &Order) -> Result<String, StoreError> {
    serde_json::to_string(order).map_err(unreadable("order"))
}

fn fold_order(
    order: &mut Folded,
    subject: Option<String>,
    mut after: Value,
) -> Result<(), StoreError> {
    if let Some(opened) = after.get_mut("order").map(Value::take) {
        order.opened = Some(serde_json::from_value(opened).map_err(unreadable("order"))?);
    }
    let subject = subject.unwrap_or_default();
    if let Some(payment) = after
        .get_mut("payment")
        .map(Value::take)
        .filter(|v| !v.is_null())
    {
        order.payments.insert(subject.clone(), payment);
    }
    if let Some(refund) = after
        .get_mut("refund")
        .map(Value::take)
        .filter(|v| !v.is_null())
    {
        match order
            .refunds
            .iter_mut()
            .find(|(reference, _)| *reference == subject)
        {
            Some((_, known)) => *known = refund,
            None => order.refunds.push((subject, refund)),
        }
    }
    if after.get("note").is_some_and(|n| !n.is_null()) {
        order.notes += 1;
    }
    Ok(())
}
