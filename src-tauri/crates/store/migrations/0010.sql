-- Fund-flow bills, in tables of their own: the newest trade bill of a day is found without telling kinds apart.
-- Movements that the trade bill tells, too, are kept as sums; the file holds every line, sealed because it names payers.
CREATE TABLE flows(
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, channel TEXT NOT NULL, day INTEGER NOT NULL,
  content_sha256 TEXT NOT NULL, origin TEXT NOT NULL, imported_at INTEGER NOT NULL, by_name TEXT NOT NULL,
  summary TEXT NOT NULL,
  UNIQUE (account, content_sha256)
) STRICT;
CREATE INDEX flows_day ON flows(account, day);
CREATE TABLE flow_moves(
  flow INTEGER NOT NULL REFERENCES flows(id), row INTEGER NOT NULL, sort TEXT NOT NULL, entry TEXT NOT NULL,
  business TEXT NOT NULL, reference TEXT NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL,
  change_minor INTEGER NOT NULL, balance_minor INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (flow, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE flow_files(
  flow INTEGER PRIMARY KEY REFERENCES flows(id), name TEXT NOT NULL, sha256 TEXT NOT NULL, packed BLOB NOT NULL
) STRICT;
PRAGMA user_version = 10;
