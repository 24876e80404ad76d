-- What happened to drawers, one row for each entry that the log tells of: kept by the transaction that appends the event,
-- so that what should be in a drawer is a sum over columns, however long it was not counted.
CREATE TABLE drawer(
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  expected_minor INTEGER, reason TEXT NOT NULL, intent TEXT UNIQUE, reference TEXT, at INTEGER NOT NULL,
  day INTEGER NOT NULL, by_name TEXT NOT NULL
) STRICT;
CREATE INDEX drawer_kind ON drawer(currency, kind, seq);
CREATE INDEX drawer_day ON drawer(day, seq);
-- The entries as rows, from the log: what the table must say.
CREATE VIEW drawer_told AS
SELECT seq, json_extract(body, '$.after.drawer.kind') AS kind,
  json_extract(body, '$.after.drawer.amount.currency') AS currency,
  CAST(json_extract(body, '$.after.drawer.amount.minor') AS INTEGER) AS amount_minor,
  CAST(json_extract(body, '$.after.drawer.expected.minor') AS INTEGER) AS expected_minor,
  coalesce(json_extract(body, '$.after.drawer.reason'), '') AS reason,
  json_extract(body, '$.after.drawer.intent') AS intent, subject AS reference, at, day,
  coalesce(json_extract(actor, '$.name'), '') AS by_name
FROM log WHERE kind IN ('cash_taken', 'cash_returned', 'drawer_moved');
CREATE TRIGGER drawer_kept AFTER INSERT ON log
WHEN new.kind IN ('cash_taken', 'cash_returned', 'drawer_moved') BEGIN
  INSERT INTO drawer SELECT * FROM drawer_told WHERE seq = new.seq;
END;
PRAGMA user_version = 12;
