-- What each channel took and gave back of an order whose attempts went through several of them: an order has one channel
-- in its row, so that takings by channel take such orders from here.
CREATE TABLE order_parts(
  order_id INTEGER NOT NULL REFERENCES orders(id), channel TEXT NOT NULL,
  taken_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL,
  PRIMARY KEY (order_id, channel),
  CHECK (refunded_minor <= taken_minor)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 13;
