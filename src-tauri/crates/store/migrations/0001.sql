CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counter(day INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;
CREATE TABLE orders(
  number TEXT PRIMARY KEY, intent TEXT NOT NULL UNIQUE, plan TEXT NOT NULL, opened_at INTEGER NOT NULL,
  total_minor INTEGER NOT NULL, currency TEXT NOT NULL, day INTEGER NOT NULL, by_name TEXT NOT NULL,
  channel TEXT NOT NULL, status TEXT NOT NULL, taken_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  attention INTEGER NOT NULL, open_doubts INTEGER NOT NULL, note TEXT NOT NULL, tail TEXT NOT NULL,
  version INTEGER NOT NULL,
  CHECK (refunded_minor <= taken_minor)
) STRICT;
CREATE INDEX orders_opened ON orders(opened_at, number);
CREATE INDEX orders_day ON orders(day, opened_at, number);
CREATE INDEX orders_amount ON orders(total_minor, opened_at, number);
CREATE INDEX orders_tail ON orders(tail, opened_at);
CREATE INDEX orders_attention ON orders(attention, opened_at) WHERE attention = 1;
CREATE INDEX orders_doubts ON orders(open_doubts) WHERE open_doubts > 0;
CREATE TABLE payments(
  reference TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES orders(number), channel TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, begun_at INTEGER NOT NULL, unknown INTEGER NOT NULL, channel_ref TEXT, channel_tail TEXT,
  code_tag BLOB, paid_minor INTEGER NOT NULL, reserved_minor INTEGER NOT NULL, value TEXT NOT NULL,
  CHECK (reserved_minor <= paid_minor OR paid_minor = 0 AND reserved_minor = 0)
) STRICT;
CREATE INDEX payments_number ON payments(number);
CREATE INDEX payments_amount ON payments(channel, amount_minor, begun_at);
CREATE INDEX payments_ref ON payments(channel_ref) WHERE channel_ref IS NOT NULL;
CREATE INDEX payments_ref_tail ON payments(channel_tail) WHERE channel_tail IS NOT NULL;
CREATE INDEX payments_tag ON payments(code_tag) WHERE code_tag IS NOT NULL;
CREATE TABLE refunds(
  reference TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES orders(number), intent TEXT NOT NULL UNIQUE,
  begun_at INTEGER NOT NULL, value TEXT NOT NULL
) STRICT;
CREATE INDEX refunds_number ON refunds(number);
CREATE TABLE work(
  reference TEXT PRIMARY KEY, due_at INTEGER, lease_until INTEGER NOT NULL DEFAULT 0, asked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX work_due ON work(due_at) WHERE due_at IS NOT NULL;
CREATE TABLE log(
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, number TEXT, subject TEXT, actor TEXT NOT NULL, at INTEGER NOT NULL,
  day INTEGER NOT NULL, body TEXT NOT NULL, evidence BLOB, prev BLOB NOT NULL, hash BLOB NOT NULL UNIQUE
) STRICT;
CREATE INDEX log_number ON log(number, seq);
CREATE TABLE head(one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL, hash BLOB NOT NULL, mac BLOB NOT NULL) STRICT;
CREATE TABLE evidence(seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE sealed(subject TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (subject, name)) STRICT, WITHOUT ROWID;
CREATE TABLE notes(id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES orders(number), at INTEGER NOT NULL, by_name TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX notes_number ON notes(number, id);
CREATE TABLE settings(one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
