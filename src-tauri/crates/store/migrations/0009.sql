-- Our side of a bill in one index for payments and one for refunds: whose, when, by which reference, how much, how far
-- the money came (0 it moved, 1 it may still, 2 it will not). A day of a million is stepped through without a row of a
-- table being read.
ALTER TABLE payments ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN booked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN moved INTEGER NOT NULL DEFAULT 1;
UPDATE payments SET
  account = coalesce(json_extract(value, '$.plan.account'), ''),
  currency = coalesce(json_extract(value, '$.plan.amount.currency'), ''),
  booked_at = coalesce(json_extract(value, '$.state.paid.at'), begun_at),
  moved = CASE json_extract(value, '$.state.state')
    WHEN 'paid' THEN 0 WHEN 'paid_late' THEN 0 WHEN 'closed' THEN 2 WHEN 'watching' THEN 2 ELSE 1 END;
DROP INDEX payments_begun;
CREATE INDEX payments_booked ON payments(account, booked_at, reference, amount_minor, moved, currency);
-- What comes back of a fee is by the rate of the day of the payment.
ALTER TABLE refunds ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN amount_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN booked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN moved INTEGER NOT NULL DEFAULT 1;
ALTER TABLE refunds ADD COLUMN paid_at INTEGER;
-- A refund's reference begins with its payment's twenty characters.
UPDATE refunds SET
  account = coalesce((SELECT p.account FROM payments p WHERE p.reference = substr(refunds.reference, 1, 20)), ''),
  paid_at = (SELECT json_extract(p.value, '$.state.paid.at') FROM payments p WHERE p.reference = substr(refunds.reference, 1, 20)),
  currency = coalesce(json_extract(value, '$.plan.amount.currency'), ''),
  amount_minor = coalesce(CAST(json_extract(value, '$.plan.amount.minor') AS INTEGER), 0),
  booked_at = coalesce(json_extract(value, '$.state.at'), begun_at),
  moved = CASE json_extract(value, '$.state.state')
    WHEN 'done' THEN 0 WHEN 'cancelled' THEN 2 WHEN 'failed' THEN 2 ELSE 1 END;
DROP INDEX refunds_begun;
CREATE INDEX refunds_booked ON refunds(account, booked_at, reference, amount_minor, moved, currency, paid_at);
-- A bill's file in pieces, each packed and sealed by itself, so that a page in the middle is read without the rest.
CREATE TABLE bill_pieces(
  bill INTEGER NOT NULL REFERENCES bills(id), n INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
  is_packed INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (bill, n)
) STRICT;
-- Where the lines stand in the file. Of a bill with a layout only those lines are rows that took a second thought; every
-- other one agrees by its own reference.
CREATE TABLE bill_layouts(
  bill INTEGER PRIMARY KEY REFERENCES bills(id), lines INTEGER NOT NULL, places BLOB NOT NULL, hours TEXT NOT NULL
) STRICT;
PRAGMA user_version = 9;
