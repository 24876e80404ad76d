-- Each line of a kept bill says what was found of it: the name of its difference, or nothing where it agrees.
ALTER TABLE bill_lines ADD COLUMN differs TEXT;
UPDATE bill_lines SET differs = named.code
FROM (
  -- Of several differences of one line the first is the one it shows.
  SELECT bill, json_extract(value, '$.found.bill.row') AS row, code, min(n)
  FROM differences GROUP BY 1, 2
) AS named
WHERE named.bill = bill_lines.bill AND named.row = bill_lines.row;
CREATE INDEX bill_lines_differ ON bill_lines(bill, row) WHERE differs IS NOT NULL;
PRAGMA user_version = 5;
