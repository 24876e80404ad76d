-- Bills of the channels as they were imported, and the days compared with them.
CREATE TABLE bills(
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, channel TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL,
  content_sha256 TEXT NOT NULL, origin TEXT NOT NULL, imported_at INTEGER NOT NULL, by_name TEXT NOT NULL,
  summary TEXT NOT NULL,
  UNIQUE (account, kind, content_sha256)
) STRICT;
CREATE INDEX bills_day ON bills(account, day);
CREATE TABLE bill_lines(
  bill INTEGER NOT NULL REFERENCES bills(id), row INTEGER NOT NULL, kind TEXT NOT NULL, payment TEXT NOT NULL,
  refund TEXT NOT NULL, channel_ref TEXT NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  fee_minor INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, matched TEXT,
  PRIMARY KEY (bill, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE differences(
  bill INTEGER NOT NULL REFERENCES bills(id), n INTEGER NOT NULL, code TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (bill, n)
) STRICT, WITHOUT ROWID;
-- Our side of a day is read by time.
CREATE INDEX payments_begun ON payments(channel, begun_at);
CREATE INDEX refunds_begun ON refunds(begun_at);
PRAGMA user_version = 3;
