//! What is still looked at, and when.

use crate::{SqliteStore, errors::fault, read::text};
use paydesk_desk::ports::StoreError;
use paydesk_domain::{MerchantRef, Timestamp};
use std::time::Duration;

/// No lease is longer: one that ends later was taken under another clock, or is damaged.
const LEASE_MAX: Duration = Duration::from_secs(60);

/// No look is planned further ahead: a later one was planned under another clock, or is damaged.
const GAP_MAX: Duration = Duration::from_secs(25 * 3600);

/// A refund that is done is looked at now and then, should its money come back: nothing of it is open.
const OPEN_WORK: &str = "SELECT reference FROM work WHERE due_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.reference = work.reference AND r.value ->> '$.state.state' = 'done') ORDER BY reference";
/// Its looks keep their times, unless a wrong clock made them.
const PLAN_ANEW: &str = "UPDATE work SET due_at = min(due_at, $1), lease_until = 0 WHERE (due_at > $1 AND (due_at > $3 OR NOT EXISTS (SELECT 1 FROM refunds r WHERE r.reference = work.reference AND r.value ->> '$.state.state' = 'done'))) OR (due_at IS NOT NULL AND lease_until > $2)";

impl SqliteStore {
    pub(crate) async fn write_plan_anew(&self, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(PLAN_ANEW)
            .bind(now.0)
            .bind(now.plus(LEASE_MAX).0)
            .bind(now.plus(GAP_MAX).0)
            .execute(&mut *self.writer.take().await?)
            .await
            .map_err(|error| self.writer.fault(error))?;
        Ok(())
    }

    pub(crate) async fn read_open_work(&self) -> Result<Vec<MerchantRef>, StoreError> {
        let rows = sqlx::query(OPEN_WORK)
            .fetch_all(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let references = rows.iter().map(|row| {
            let reference = text(row, 0)?;
            MerchantRef::parse(&reference).map_err(|_| StoreError::Corrupt(reference))
        });
        references.collect()
    }
}
