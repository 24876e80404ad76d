//! Orders whose attempts went through several channels: what each took and gave back, beside the order's one row.
//! Written by the transaction that moves the order.

use crate::errors::fault;
use paydesk_desk::ports::StoreError;
use paydesk_domain::{ChannelId, Order, RefundState};
use sqlx::{Row, SqliteConnection};
use std::collections::BTreeMap;

/// What was taken and what went back, in minor units.
type Sums = (i64, i64);

/// Channel by channel; empty for an order that went through one.
fn of(order: &Order) -> BTreeMap<&ChannelId, Sums> {
    let mut parts: BTreeMap<&ChannelId, Sums> = BTreeMap::new();
    for payment in order.payments() {
        let (taken, refunded) = parts.entry(&payment.plan().channel).or_default();
        let paid = payment.paid().map_or(0, |paid| paid.asked.minor());
        *taken = taken.saturating_add(paid);
        for refund in order.refunds_of(payment.reference()) {
            if matches!(refund.state(), RefundState::Done { .. }) {
                *refunded = refunded.saturating_add(refund.plan().amount.minor());
            }
        }
    }
    if parts.len() < 2 {
        parts.clear();
    }
    parts
}

/// The rows of an order as text, to be compared.
pub(crate) fn as_text(order: &Order) -> Vec<String> {
    let rows = of(order).into_iter();
    rows.map(|(channel, (taken, refunded))| format!("{} {taken} {refunded}", channel.0))
        .collect()
}

pub(crate) async fn write(
    connection: &mut SqliteConnection,
    order: &Order,
) -> Result<(), StoreError> {
    for (channel, (taken, refunded)) in of(order) {
        sqlx::query(
            "INSERT INTO order_parts(order_id, channel, taken_minor, refunded_minor) \
             VALUES ((SELECT id FROM orders WHERE number = $1), $2, $3, $4) \
             ON CONFLICT(order_id, channel) DO UPDATE SET taken_minor = $3, refunded_minor = $4",
        )
        .bind(order.number().to_string())
        .bind(channel.0.clone())
        .bind(taken)
        .bind(refunded)
        .execute(&mut *connection)
        .await
        .map_err(fault)?;
    }
    Ok(())
}

/// The live rows of the orders between two numbers, the order's number first.
pub(crate) async fn live(
    moment: &mut SqliteConnection,
    after: &str,
    end: Option<&str>,
) -> Result<Vec<(String, String)>, StoreError> {
    const PARTS: &str = "SELECT o.number, p.channel || ' ' || p.taken_minor || ' ' || p.refunded_minor FROM order_parts p JOIN orders o ON o.id = p.order_id WHERE o.number > $1 AND o.number <= $2 ORDER BY o.number, p.channel";
    let rows = sqlx::query(PARTS)
        .bind(after.to_owned())
        .bind(end.unwrap_or("~").to_owned())
        .fetch_all(moment)
        .await
        .map_err(fault)?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0).map_err(fault)?,
                row.try_get(1).map_err(fault)?,
            ))
        })
        .collect()
}
