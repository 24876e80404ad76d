-- Orders get a key that sorts as the list does: the business day, then the order in which they came.
-- Every filter of the list has an index that ends in that key, so a page is a range of one index.
CREATE TABLE orders2(
  id INTEGER PRIMARY KEY, -- business day * 10^9 + position in the day
  number TEXT NOT NULL UNIQUE, intent TEXT NOT NULL UNIQUE, plan TEXT NOT NULL, opened_at INTEGER NOT NULL,
  total_minor INTEGER NOT NULL, currency TEXT NOT NULL, day INTEGER NOT NULL, by_name TEXT NOT NULL,
  channel TEXT NOT NULL, status TEXT NOT NULL, taken_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  refunds INTEGER NOT NULL, attention INTEGER NOT NULL, open_doubts INTEGER NOT NULL, note TEXT NOT NULL,
  reversed TEXT NOT NULL, -- the number backwards: its last digits are the beginning here
  version INTEGER NOT NULL,
  CHECK (refunded_minor <= taken_minor)
) STRICT;
CREATE TABLE payments2(
  reference TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES orders2(number), channel TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, begun_at INTEGER NOT NULL, unknown INTEGER NOT NULL,
  channel_ref TEXT, channel_reversed TEXT,
  code_tag BLOB, paid_minor INTEGER NOT NULL, reserved_minor INTEGER NOT NULL, value TEXT NOT NULL,
  CHECK (reserved_minor <= paid_minor OR paid_minor = 0 AND reserved_minor = 0)
) STRICT;
CREATE TABLE refunds2(
  reference TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES orders2(number), intent TEXT NOT NULL UNIQUE,
  begun_at INTEGER NOT NULL, value TEXT NOT NULL
) STRICT;
CREATE TABLE notes2(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES orders2(number), at INTEGER NOT NULL,
  by_name TEXT NOT NULL, text TEXT NOT NULL
) STRICT;

INSERT INTO orders2
SELECT o.day * 1000000000 + row_number() OVER (PARTITION BY o.day ORDER BY o.opened_at, o.number),
  o.number, o.intent, o.plan, o.opened_at, o.total_minor, o.currency, o.day, o.by_name, o.channel, o.status,
  o.taken_minor, o.refunded_minor, (SELECT count(*) FROM refunds r WHERE r.number = o.number), o.attention,
  o.open_doubts, o.note,
  (WITH RECURSIVE backwards(at, letters) AS (
    SELECT length(o.number), '' UNION ALL
    SELECT at - 1, letters || substr(o.number, at, 1) FROM backwards WHERE at > 0
  ) SELECT letters FROM backwards WHERE at = 0),
  o.version
FROM orders o;
INSERT INTO payments2
SELECT p.reference, p.number, p.channel, p.amount_minor, p.begun_at, p.unknown, p.channel_ref,
  CASE WHEN p.channel_ref IS NULL THEN NULL ELSE
  (WITH RECURSIVE backwards(at, letters) AS (
    SELECT length(p.channel_ref), '' UNION ALL
    SELECT at - 1, letters || substr(p.channel_ref, at, 1) FROM backwards WHERE at > 0
  ) SELECT letters FROM backwards WHERE at = 0) END,
  p.code_tag, p.paid_minor, p.reserved_minor, p.value
FROM payments p;
INSERT INTO refunds2 SELECT reference, number, intent, begun_at, value FROM refunds ORDER BY rowid;
INSERT INTO notes2 SELECT id, number, at, by_name, text FROM notes;
DROP TABLE notes;
DROP TABLE refunds;
DROP TABLE payments;
DROP TABLE orders;
ALTER TABLE orders2 RENAME TO orders;
ALTER TABLE payments2 RENAME TO payments;
ALTER TABLE refunds2 RENAME TO refunds;
ALTER TABLE notes2 RENAME TO notes;

-- The row's key stands at the end of every index by itself.
CREATE INDEX orders_channel ON orders(channel);
CREATE INDEX orders_status ON orders(status);
CREATE INDEX orders_channel_status ON orders(channel, status);
CREATE INDEX orders_amount ON orders(total_minor);
CREATE INDEX orders_reversed ON orders(reversed);
CREATE INDEX orders_attention ON orders(attention) WHERE attention = 1;
CREATE INDEX orders_refunds ON orders(id, taken_minor, refunded_minor) WHERE refunds > 0;
CREATE INDEX orders_unpaid ON orders(id) WHERE taken_minor = 0;
CREATE INDEX orders_doubts ON orders(open_doubts) WHERE open_doubts > 0;
CREATE INDEX payments_number ON payments(number);
CREATE INDEX payments_again ON payments(channel, amount_minor, begun_at);
CREATE INDEX payments_unknown ON payments(amount_minor, begun_at) WHERE unknown = 1;
CREATE INDEX payments_ref ON payments(channel_ref) WHERE channel_ref IS NOT NULL;
CREATE INDEX payments_ref_reversed ON payments(channel_reversed) WHERE channel_reversed IS NOT NULL;
CREATE INDEX payments_tag ON payments(code_tag) WHERE code_tag IS NOT NULL;
CREATE INDEX refunds_number ON refunds(number);
CREATE INDEX notes_number ON notes(number, id);

-- What the tabs count and the totals sum, by day: kept by the same transaction that moves an order.
CREATE TABLE day_stats(
  day INTEGER NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL,
  orders INTEGER NOT NULL, paid INTEGER NOT NULL, attention INTEGER NOT NULL, refunds INTEGER NOT NULL,
  taken_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  PRIMARY KEY (day, channel, status)
) STRICT, WITHOUT ROWID;
INSERT INTO day_stats
SELECT day, channel, status, count(*), sum(taken_minor > 0), sum(attention), sum(refunds > 0), sum(taken_minor), sum(refunded_minor)
FROM orders GROUP BY day, channel, status;
CREATE TRIGGER orders_counted AFTER INSERT ON orders BEGIN
  INSERT INTO day_stats VALUES (new.day, new.channel, new.status, 1, new.taken_minor > 0, new.attention, new.refunds > 0, new.taken_minor, new.refunded_minor)
  ON CONFLICT (day, channel, status) DO UPDATE SET orders = orders + 1, paid = paid + excluded.paid,
    attention = attention + excluded.attention, refunds = refunds + excluded.refunds,
    taken_minor = taken_minor + excluded.taken_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;
CREATE TRIGGER orders_counted_again AFTER UPDATE ON orders BEGIN
  UPDATE day_stats SET orders = orders - 1, paid = paid - (old.taken_minor > 0), attention = attention - old.attention,
    refunds = refunds - (old.refunds > 0), taken_minor = taken_minor - old.taken_minor, refunded_minor = refunded_minor - old.refunded_minor
  WHERE day = old.day AND channel = old.channel AND status = old.status;
  INSERT INTO day_stats VALUES (new.day, new.channel, new.status, 1, new.taken_minor > 0, new.attention, new.refunds > 0, new.taken_minor, new.refunded_minor)
  ON CONFLICT (day, channel, status) DO UPDATE SET orders = orders + 1, paid = paid + excluded.paid,
    attention = attention + excluded.attention, refunds = refunds + excluded.refunds,
    taken_minor = taken_minor + excluded.taken_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;

-- Notes and names, cut into pairs of characters by the store: two-character Chinese words are found too.
CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, detail=none, prefix='1 2');
PRAGMA user_version = 2;
