"""A day's bill against our books once more, in SQL: DuckDB reads the generated files and must come to the product's
totals, matches, and number and sum of the differences of each code.

It knows the formats and the meaning of each code, and nothing of the engine. Prints one JSON object per check.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile

import duckdb

GIVEN = json.load(sys.stdin)
SEEDS = GIVEN["seeds"]
ORDERS = GIVEN["orders"]
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
ALIPAY = re.compile(
    rf"^(\S*)\t,(.*?)\t,(交易|退款),.*?,{MOMENT},({MOMENT}),.*?\t,(-?[\d.]+),(?:[^,]*,){{9}}(.*?)\t,(-?[\d.]+),"
)


def check(name, work):
    failure = None
    try:
        work()
    except Exception as error:  # whatever it is, it is this check's failure
        failure = f"{type(error).__name__}: {error}"
    print(json.dumps({"name": name, "failure": failure}), flush=True)


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found} instead of {wanted}")


def fen(text):
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    if rest[2:].strip("0"):
        raise ValueError(text)
    return sign * (int(whole) * 100 + int(rest[:2].ljust(2, "0")))


def alipay(path):
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if "汇总" not in name)
        text = archive.read(name).decode("gbk")
    for line in text.split("\r\n"):
        if line.startswith("#") or line.startswith("支付宝交易号") or not line:
            continue
        number, order, kind, _, amount, request, fee = ALIPAY.match(line).groups()
        kind = "payment" if kind == "交易" else "refund"
        refund = request if kind == "refund" else ""
        yield [kind, order, refund, number, abs(fen(amount)), -fen(fee), "done"]


def wechatpay(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = file.read().split("\r\n")
    titles = lines[0].split(",")
    states = {"SUCCESS": "done", "": "done", "PROCESSING": "pending", "FAIL": "failed", "CHANGE": "failed"}
    for line in lines[1:]:
        if not line.startswith("`"):
            break
        row = dict(zip(titles, line[1:].split(",`"), strict=True))
        is_payment = row["交易状态"] == "SUCCESS"
        amount = fen(row["订单金额" if is_payment else "申请退款金额"])
        refund = "" if is_payment or row["商户退款单号"] == "0" else row["商户退款单号"]
        state = "done" if is_payment else states[row["退款状态"]]
        kind = "payment" if is_payment else "refund"
        yield [kind, row["商户订单号"], refund, row["微信订单号"], amount, fen(row["手续费"]), state]


READ = {"alipay": alipay, "wechatpay": wechatpay}

# One statement after the other; `day` is the day that is compared.
STEPS = r"""
create macro ours(ref) as regexp_full_match(ref, '[LT][0-9A-Z]{17}A[0-9A-Z](L|R[0-9A-Z]{1,3})?');
create macro moved(state, amount) as case when state = 'done' then amount else 0 end;
create macro ranked(state) as case state when 'done' then 0 when 'pending' then 1 else 2 end;
create macro left_of(ref) as upper(regexp_replace(ref, '[^0-9A-Za-z]', '', 'g'));
create macro is_number(ref) as regexp_full_match(ref, '[0-9](\.[0-9]+)?E\+[0-9]+');
create macro mangled(seen, ref) as seen <> '' and not ours(seen) and (
  left_of(seen) = ref
  or (length(left_of(seen)) >= 8 and (starts_with(ref, left_of(seen)) or ends_with(ref, left_of(seen)))));

create table bill as
  select *, case kind when 'payment' then payment else refund end as ref from bill_rows;
create table book as
  select *, case kind when 'payment' then payment else refund end as ref from book_rows;

create table held as select * exclude (n) from (
  select *, row_number() over (
    partition by kind, ref, case when ref = '' then row when ours(ref) then 0 else hash(transaction) end
    order by ranked(state), row) as n
  from bill where day = getvariable('day')) where n = 1;
create table own as select * exclude (n) from (
  select *, row_number() over (partition by kind, ref order by day <> getvariable('day'), ranked(state), at_ms) as n
  from book) where n = 1;

-- By reference, by the channel's number, by what is left of a reference.
create table met as
  select h.row, o.id from held h join own o on h.kind = o.kind and h.ref = o.ref and h.ref <> '';
insert into met
  with lost as (select * from held where kind = 'payment' and not ours(ref)
      and transaction in (select transaction from held where kind = 'payment' and not ours(ref)
                          group by transaction having count(*) = 1)),
  free as (select * from own where kind = 'payment' and transaction is not null
      and id not in (select id from met)),
  lone as (select transaction, arg_min(id, day <> getvariable('day')) as id from free group by transaction
      having count(*) filter (day = getvariable('day')) = 1
          or (count(*) filter (day = getvariable('day')) = 0 and count(*) = 1))
  select lost.row, lone.id from lost join lone using (transaction)
  where lost.row not in (select row from met);
create macro remains(with_amount) as table
  with pairs as (
    select h.row, o.id from held h join own o using (kind, transaction)
    where kind = 'refund' and h.row not in (select row from met) and o.id not in (select id from met)
      and o.day = getvariable('day')
      and (h.amount = o.amount or not with_amount)
      and (mangled(h.ref, o.ref) or (is_number(h.ref) and h.amount = o.amount)))
  select row, id from pairs
  where row in (select row from pairs group by row having count(*) = 1)
    and id in (select id from pairs group by id having count(*) = 1);
insert into met select * from remains(true);
insert into met select * from remains(false);

-- One line of one side is all that is left of the other under one number.
create table open_bill as
  select h.*, m.id as met_id from held h left join met m using (row) left join own o on o.id = m.id
  where h.transaction <> '' and (m.id is null or o.amount <> h.amount);
create table open_book as
  select * from own where (day = getvariable('day') and transaction is not null
      and id not in (select id from met))
    or id in (select met_id from open_bill);
create table together as
  with b as (select kind, transaction, count(*) as bills, sum(amount) as bill, bool_and(state = 'done') as bill_done
             from open_bill group by all),
  o as (select kind, coalesce(x.transaction, y.transaction) as transaction, count(*) as books, sum(x.amount) as book,
               bool_and(x.state = 'done' and x.day = getvariable('day') and x.currency = 'CNY') as book_done
        from open_book x left join (select met_id, transaction from open_bill) y on y.met_id = x.id group by all)
  select kind, transaction, bills, books, bill, book from b join o using (kind, transaction)
  where bill = book and bill_done and book_done
    and ((bills = 1 and books > 1) or (books = 1 and bills > 1));
create table in_together as
  select row, met_id as id from open_bill semi join together using (kind, transaction);
create table own_together as
  select id from open_book semi join together using (kind, transaction)
  union select id from in_together where id is not null;

-- Came and went back by a reversal, and failed in our books.
create table reversed as
  select back.row as back, came.row as came, m.id from held back
  join held came on came.kind = 'payment' and came.ref = back.payment and came.state = 'done'
    and came.amount = back.amount
  join met m on m.row = came.row join own o on o.id = m.id and o.state = 'failed'
  where back.kind = 'refund' and back.ref = '' and back.state = 'done';

create table pairs as
  select h.*, o.amount as o_amount, o.fee as o_fee, o.state as o_state, o.day as o_day, o.currency, o.ref as o_ref,
    o.transaction as o_transaction, o.day = getvariable('day') as here
  from held h join met m using (row) join own o on o.id = m.id
  where h.row not in (select row from in_together) and h.row not in (select came from reversed);
create table said as
  select row, case when currency <> 'CNY' then 'currency' when state <> o_state then 'status'
      when state <> 'done' then null when amount > o_amount then 'amount_over'
      when amount < o_amount then 'amount_under'
      when o_day > getvariable('day') then 'next_day' when not here then 'previous_day' end as code,
    case when currency <> 'CNY' then 0
      when state <> o_state then moved(state, amount) - case when here then moved(o_state, o_amount) else 0 end
      when amount <> o_amount then amount - o_amount else amount end as sum
  from pairs;
insert into said
  select row, 'fee', fee - o_fee from pairs
  where currency = 'CNY' and state = 'done' and o_state = 'done' and here and fee <> o_fee;
insert into said
  select row, 'reference_damaged', 0 from pairs
  where transaction = o_transaction and (mangled(ref, o_ref) or (is_number(ref) and amount = o_amount and currency = 'CNY'));

create table found as
  select code, sum from said where code is not null
  union all select 'duplicate_channel', moved(state, amount) from bill
    where day = getvariable('day') and row not in (select row from held)
  union all select 'duplicate_ours', -moved(state, amount) from book
    where day = getvariable('day') and id not in (select id from own)
  union all select case kind when 'payment' then 'missing_ours' else 'refund_extra' end, moved(state, amount)
    from held where row not in (select row from met) and row not in (select row from in_together)
      and row not in (select back from reversed)
  union all select case when e.day > getvariable('day') then 'next_day' when e.day is not null then 'previous_day'
      when o.kind = 'payment' then 'missing_channel' else 'refund_missing' end, -moved(o.state, o.amount)
    from own o left join (select kind, ref, min(day) as day from bill where day <> getvariable('day') group by all) e
      using (kind, ref)
    where o.day = getvariable('day') and o.state <> 'failed'
      and o.id not in (select id from met) and o.id not in (select id from own_together)
  union all select 'combined', null from together, range(greatest(bills, books));

create table audited as
  with fees as (select fee - case kind when 'payment' then 1 else -1 end * ((amount * 3800 + 500000) // 1000000) as more
                from bill where day = getvariable('day') and state = 'done')
  select case when more > 0 then 'overcharged' else 'undercharged' end as code, abs(more) as sum
  from fees where more <> 0;
"""

TOTALS = """
select count(*) filter (kind = 'payment'), coalesce(sum(amount) filter (kind = 'payment'), 0),
  count(*) filter (kind = 'refund'), coalesce(sum(amount) filter (kind = 'refund'), 0), coalesce(sum(fee), 0)
from {} where state = 'done' and {}
"""
NAMES = ["payments", "paid", "refunds", "refunded", "fee"]


def compared(folder, day, channel):
    """The day in DuckDB."""
    bills = []
    for name in sorted(os.listdir(folder)):
        if match := re.fullmatch(rf"{channel}-(\d{{8}})\.(zip|csv)", name):
            its = int(match[1])
            bills += [[its, *row] for row in READ[channel](os.path.join(folder, name))]
    table = os.path.join(folder, "rows.tsv")
    with open(table, "w", encoding="utf-8") as file:
        for n, row in enumerate(bills, 1):
            file.write("\t".join(map(str, [n, *row])) + "\n")
    db = duckdb.connect()
    db.execute(
        """create table bill_rows as select * from read_csv(?, delim='\t', header=false, quote='', escape='',
        nullstr='\\N', columns={'row':'bigint','day':'int','kind':'text','payment':'text','refund':'text',
        'transaction':'text','amount':'bigint','fee':'bigint','state':'text'})""",
        [table],
    )
    db.execute(
        """create table book_rows as select row_number() over () as id, kind, payment, refund, "transaction",
        amount.minor::bigint as amount, fee.minor::bigint as fee, amount.currency as currency, "at" as at_ms, day, state
        from read_json(?, format='newline_delimited', columns={'kind':'text','payment':'text','refund':'text',
        'transaction':'text','amount':'struct(minor text, currency text)','fee':'struct(minor text, currency text)',
        'at':'bigint','day':'int','state':'text'})""",
        [os.path.join(folder, f"{channel}-books.jsonl")],
    )
    db.execute(f"set variable day = {int(day)}")
    db.execute(STEPS)
    total = lambda of, where: dict(zip(NAMES, map(int, db.execute(TOTALS.format(of, where)).fetchone())))
    bill = total("bill", "day = getvariable('day')")
    books = total("book", "day = getvariable('day') and currency = 'CNY'")
    both = total("held", "row in (select came from reversed union select back from reversed)")
    books = {name: books[name] + both[name] for name in NAMES}
    codes = lambda of: {
        code: [count, int(sum)]
        for code, count, sum in db.execute(f"select code, count(*), coalesce(sum(sum), 0) from {of} group by code").fetchall()
    }
    matched = db.execute(
        "select count(*) from pairs where row not in (select row from said where code is not null)"
    ).fetchone()[0]
    return {"matched": matched, "bill": bill, "books": books, "differences": codes("found"), "audited": codes("audited")}


for seed in SEEDS:
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run(
            [GIVEN["program"], str(seed), str(ORDERS), folder], check=True, capture_output=True, text=True
        )
        product = json.loads(printed.stdout)
        for channel, said in product["said"].items():
            theirs = {}
            check(
                f"seed {seed}: {channel} in DuckDB",
                lambda: theirs.update(compared(folder, product["day"], channel)),
            )
            said.pop("additions")
            for name, value in said.items():
                check(f"seed {seed}: {channel}: {name}", lambda: same(theirs.get(name), value))
