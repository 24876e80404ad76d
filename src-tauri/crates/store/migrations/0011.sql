-- What each channel's newest bill of a day sums to: kept by the same transaction that keeps or compares a bill, so
-- that a year of charts reads no bill.
CREATE TABLE bill_days(
  day INTEGER NOT NULL, account TEXT NOT NULL, channel TEXT NOT NULL, bill INTEGER NOT NULL, currency TEXT NOT NULL,
  payments INTEGER NOT NULL, paid_minor INTEGER NOT NULL, refunds INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  fee_minor INTEGER NOT NULL,
  PRIMARY KEY (day, account)
) STRICT, WITHOUT ROWID;
-- The sums as rows, from the summaries: what the table must say.
CREATE VIEW bill_days_told AS
SELECT day, account, channel, id AS bill, json_extract(summary, '$.bill.paid.currency') AS currency,
  json_extract(summary, '$.bill.payments') AS payments,
  CAST(json_extract(summary, '$.bill.paid.minor') AS INTEGER) AS paid_minor,
  json_extract(summary, '$.bill.refunds') AS refunds,
  CAST(json_extract(summary, '$.bill.refunded.minor') AS INTEGER) AS refunded_minor,
  CAST(json_extract(summary, '$.bill.fee.minor') AS INTEGER) AS fee_minor
FROM bills WHERE json_extract(summary, '$.bill.fee.minor') IS NOT NULL AND id IN (SELECT max(id) FROM bills WHERE kind = '"trade"' GROUP BY day, account);
INSERT INTO bill_days SELECT * FROM bill_days_told;
CREATE TRIGGER bills_summed AFTER INSERT ON bills WHEN new.kind = '"trade"' BEGIN
  INSERT OR REPLACE INTO bill_days SELECT * FROM bill_days_told WHERE bill = new.id;
END;
CREATE TRIGGER bills_summed_again AFTER UPDATE OF summary ON bills WHEN new.kind = '"trade"' BEGIN
  INSERT OR REPLACE INTO bill_days SELECT * FROM bill_days_told WHERE bill = new.id;
END;
PRAGMA user_version = 11;
