-- A channel's number leads to the place in the list without its order being read.
DROP INDEX payments_ref;
DROP INDEX payments_ref_reversed;
ALTER TABLE payments ADD COLUMN order_id INTEGER NOT NULL DEFAULT 0;
UPDATE payments SET order_id = (SELECT o.id FROM orders o WHERE o.number = payments.number);
CREATE INDEX payments_ref ON payments(channel_ref, order_id) WHERE channel_ref IS NOT NULL;
CREATE INDEX payments_ref_reversed ON payments(channel_reversed, order_id) WHERE channel_reversed IS NOT NULL;
PRAGMA user_version = 4;
