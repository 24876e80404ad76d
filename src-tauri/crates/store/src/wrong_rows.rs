//! One wrong row in each projection, to be planted in a generated store and taken out again: what a rebuild
//! must find among millions. Never part of the product.

use crate::SqliteStore;
use paydesk_desk::ports::StoreError;

/// A row that is made to differ from the log.
#[derive(Clone, Copy, Debug)]
pub struct WrongRow {
    /// The projection.
    pub table: &'static str,
    /// How a rebuild begins to tell of it.
    pub told: &'static str,
    make: &'static str,
    undo: &'static str,
}

/// One for each projection, somewhere in the middle of it.
pub const WRONG_ROWS: [WrongRow; 6] = [
    WrongRow {
        table: "orders",
        told: "order ",
        make: "UPDATE orders SET note = note || '~' WHERE id = (SELECT id FROM orders ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM orders))",
        undo: "UPDATE orders SET note = substr(note, 1, length(note) - 1) WHERE id = (SELECT id FROM orders ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM orders))",
    },
    WrongRow {
        table: "payments",
        told: "order ",
        make: "UPDATE payments SET paid_minor = paid_minor + 1 WHERE rowid = (SELECT rowid FROM payments ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 3 FROM payments))",
        undo: "UPDATE payments SET paid_minor = paid_minor - 1 WHERE rowid = (SELECT rowid FROM payments ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 3 FROM payments))",
    },
    WrongRow {
        table: "refunds",
        told: "order ",
        make: "UPDATE refunds SET value = value || ' ' WHERE rowid = (SELECT rowid FROM refunds ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM refunds))",
        undo: "UPDATE refunds SET value = rtrim(value) WHERE rowid = (SELECT rowid FROM refunds ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 2 FROM refunds))",
    },
    WrongRow {
        table: "notes",
        told: "order ",
        make: "UPDATE notes SET text = text || '~' WHERE id = (SELECT id FROM notes ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 3 FROM notes))",
        undo: "UPDATE notes SET text = substr(text, 1, length(text) - 1) WHERE id = (SELECT id FROM notes ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 3 FROM notes))",
    },
    WrongRow {
        table: "day_stats",
        told: "day ",
        make: "UPDATE day_stats SET taken_minor = taken_minor + 1 WHERE (day, channel, status, currency) = (SELECT day, channel, status, currency FROM day_stats LIMIT 1 OFFSET (SELECT count(*) / 2 FROM day_stats))",
        undo: "UPDATE day_stats SET taken_minor = taken_minor - 1 WHERE (day, channel, status, currency) = (SELECT day, channel, status, currency FROM day_stats LIMIT 1 OFFSET (SELECT count(*) / 2 FROM day_stats))",
    },
    WrongRow {
        table: "words",
        told: "words: planted",
        make: "INSERT INTO words(rowid, text) VALUES (9000000000000000000, 'planted')",
        undo: "DELETE FROM words WHERE rowid = 9000000000000000000",
    },
];

impl SqliteStore {
    /// Makes the row wrong.
    ///
    /// # Errors
    /// The store's; `Corrupt` when the projection is empty.
    pub async fn plant(&self, row: &WrongRow) -> Result<(), StoreError> {
        self.one_row(row.make, row.table).await
    }

    /// Makes it right again.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_out(&self, row: &WrongRow) -> Result<(), StoreError> {
        self.one_row(row.undo, row.table).await
    }

    async fn one_row(&self, sql: &'static str, table: &str) -> Result<(), StoreError> {
        let done = sqlx::query(sql)
            .execute(&mut *self.writer.take().await?)
            .await
            .map_err(|error| self.writer.fault(error))?;
        match done.rows_affected() {
            1 => Ok(()),
            rows => Err(StoreError::Corrupt(format!(
                "{table}: {rows} rows were touched"
            ))),
        }
    }
}
