//! A file of the first version of the store, brought up to today.

use super::stage::{Stage, Trouble, trouble};
use crate::machine::FILE;
use serde_json::json;
use sqlx::Connection;

const FIRST_SCHEMA: &str = include_str!("../../../../src-tauri/crates/store/migrations/0001.sql");

/// The rows of a shop of today in the tables of the first version.
const INTO_FIRST_SCHEMA: &str = "
INSERT INTO meta SELECT * FROM today.meta;
INSERT INTO counter SELECT * FROM today.counter;
INSERT INTO orders SELECT number, intent, plan, opened_at, total_minor, currency, day, by_name, channel, status,
  taken_minor, refunded_minor, attention, open_doubts, note, substr(number, -6), version FROM today.orders;
INSERT INTO payments SELECT reference, number, channel, amount_minor, begun_at, unknown, channel_ref,
  substr(channel_ref, -6), code_tag, paid_minor, reserved_minor, value FROM today.payments;
INSERT INTO refunds SELECT reference, number, intent, begun_at, value FROM today.refunds;
INSERT INTO work SELECT reference, due_at, lease_until, asked FROM today.work;
INSERT INTO log SELECT * FROM today.log;
INSERT INTO head SELECT * FROM today.head;
INSERT INTO evidence SELECT * FROM today.evidence;
INSERT INTO sealed SELECT * FROM today.sealed;
INSERT INTO notes SELECT id, number, at, by_name, text FROM today.notes;
INSERT INTO settings SELECT * FROM today.settings;";

pub(super) async fn migration_of_an_empty_shop(stage: &Stage) -> Result<(), Trouble> {
    let mut old = stage.raw(FILE, true).await?;
    sqlx::raw_sql(FIRST_SCHEMA)
        .execute(&mut old)
        .await
        .map_err(trouble)?;
    old.close().await.map_err(trouble)?;
    stage.ready();
    stage.open().await?.store.close().await;
    Ok(())
}

pub(super) async fn migration_of_a_shop(stage: &Stage) -> Result<(), Trouble> {
    let today = stage.open_file("today.db").await?;
    let mut order = today.charged("before", "蛋糕").await?;
    order = today.pay(&order, 100).await?;
    let (order, _) = today.refund(&order, 650, "refund").await?;
    today.note(&order, "会员 王女士").await?;
    today.charged("open", "").await?;
    today
        .append(json!({ "name": "shop" }))
        .await
        .map_err(trouble)?;
    today.store.close().await;
    let mut old = stage.raw(FILE, true).await?;
    sqlx::raw_sql(FIRST_SCHEMA)
        .execute(&mut old)
        .await
        .map_err(trouble)?;
    let path = stage.process.path("today.db");
    sqlx::query("ATTACH $1 AS today")
        .bind(path.to_string_lossy().into_owned())
        .execute(&mut old)
        .await
        .map_err(trouble)?;
    sqlx::raw_sql(INTO_FIRST_SCHEMA)
        .execute(&mut old)
        .await
        .map_err(trouble)?;
    old.close().await.map_err(trouble)?;
    stage.ready();
    let till = stage.open().await?;
    till.charged("after", "").await?;
    till.store.close().await;
    Ok(())
}
