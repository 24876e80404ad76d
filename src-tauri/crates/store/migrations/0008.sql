-- What people decided about differences, and the days that were signed: both as the log tells them.
-- The name under which a difference is found again when its day is compared anew: code, kind, reference; the row
-- where no reference names it.
ALTER TABLE differences ADD COLUMN item TEXT GENERATED ALWAYS AS (
  code || '|' || coalesce(json_extract(value, '$.found.book.kind'), json_extract(value, '$.found.bill.kind'), '')
  || '|' || coalesce(
    nullif(json_extract(value, '$.found.book.refund'), ''), json_extract(value, '$.found.book.payment'),
    nullif(json_extract(value, '$.found.bill.refund'), ''), json_extract(value, '$.found.bill.payment'), '')
  || CASE
    WHEN json_extract(value, '$.found.book.kind') IS NOT NULL THEN ''
    WHEN code <> 'duplicate_channel' AND json_extract(value, '$.found.bill.kind') = 'payment'
      AND json_extract(value, '$.found.bill.payment') <> '' THEN ''
    WHEN code <> 'duplicate_channel' AND json_extract(value, '$.found.bill.refund') <> '' THEN ''
    ELSE '|' || coalesce(json_extract(value, '$.found.bill.row'), n) END
) VIRTUAL;
CREATE INDEX differences_item ON differences(bill, item);
CREATE INDEX bills_by_day ON bills(day, account);
CREATE TABLE treatments(
  account TEXT NOT NULL, day INTEGER NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
  value TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (account, day, item)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_closes(
  day INTEGER NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL, sha256 TEXT NOT NULL, at INTEGER NOT NULL,
  by_name TEXT NOT NULL, head TEXT NOT NULL, reopened TEXT,
  PRIMARY KEY (day, version)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 8;
