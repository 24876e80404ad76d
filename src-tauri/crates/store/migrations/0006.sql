-- The file a bill was read from: packed, and sealed because it names payers.
CREATE TABLE bill_files(
  bill INTEGER PRIMARY KEY REFERENCES bills(id), name TEXT NOT NULL, sha256 TEXT NOT NULL, packed BLOB NOT NULL
) STRICT;
PRAGMA user_version = 6;
