-- The days' counts by currency too: no sum mixes two.
DROP TRIGGER orders_counted;
DROP TRIGGER orders_counted_again;
DROP TABLE day_stats;
CREATE TABLE day_stats(
  day INTEGER NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, currency TEXT NOT NULL,
  orders INTEGER NOT NULL, paid INTEGER NOT NULL, attention INTEGER NOT NULL, refunds INTEGER NOT NULL,
  taken_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  PRIMARY KEY (day, channel, status, currency)
) STRICT, WITHOUT ROWID;
INSERT INTO day_stats
SELECT day, channel, status, currency, count(*), sum(taken_minor > 0), sum(attention), sum(refunds > 0), sum(taken_minor), sum(refunded_minor)
FROM orders GROUP BY day, channel, status, currency;
CREATE TRIGGER orders_counted AFTER INSERT ON orders BEGIN
  INSERT INTO day_stats VALUES (new.day, new.channel, new.status, new.currency, 1, new.taken_minor > 0, new.attention, new.refunds > 0, new.taken_minor, new.refunded_minor)
  ON CONFLICT (day, channel, status, currency) DO UPDATE SET orders = orders + 1, paid = paid + excluded.paid,
    attention = attention + excluded.attention, refunds = refunds + excluded.refunds,
    taken_minor = taken_minor + excluded.taken_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;
CREATE TRIGGER orders_counted_again AFTER UPDATE ON orders BEGIN
  UPDATE day_stats SET orders = orders - 1, paid = paid - (old.taken_minor > 0), attention = attention - old.attention,
    refunds = refunds - (old.refunds > 0), taken_minor = taken_minor - old.taken_minor, refunded_minor = refunded_minor - old.refunded_minor
  WHERE day = old.day AND channel = old.channel AND status = old.status AND currency = old.currency;
  INSERT INTO day_stats VALUES (new.day, new.channel, new.status, new.currency, 1, new.taken_minor > 0, new.attention, new.refunds > 0, new.taken_minor, new.refunded_minor)
  ON CONFLICT (day, channel, status, currency) DO UPDATE SET orders = orders + 1, paid = paid + excluded.paid,
    attention = attention + excluded.attention, refunds = refunds + excluded.refunds,
    taken_minor = taken_minor + excluded.taken_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;
PRAGMA user_version = 14;
