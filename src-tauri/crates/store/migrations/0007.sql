-- Statements of banks. Files and lines are sealed because they name who paid.
CREATE TABLE bank_files(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, encoding TEXT NOT NULL, packed BLOB NOT NULL
) STRICT;
CREATE TABLE bank_statements(
  id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES bank_files(id), account TEXT NOT NULL,
  currency TEXT NOT NULL, is_final INTEGER NOT NULL, day_from TEXT, day_to TEXT, content_sha256 TEXT NOT NULL UNIQUE,
  layout TEXT NOT NULL, head TEXT NOT NULL, lines_sha256 TEXT NOT NULL, imported_at INTEGER NOT NULL,
  by_name TEXT NOT NULL
) STRICT;
CREATE INDEX bank_statements_account ON bank_statements(account, currency);
-- A line that an earlier statement told is kept with the name of that one, and counts once.
CREATE TABLE bank_lines(
  statement INTEGER NOT NULL REFERENCES bank_statements(id), n INTEGER NOT NULL, booked TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, told_statement INTEGER, told_n INTEGER, sealed BLOB NOT NULL,
  PRIMARY KEY (statement, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX bank_lines_booked ON bank_lines(statement, booked);
PRAGMA user_version = 7;
