"""One reconciliation by one program that people use: `one.py PROGRAM CHANNEL BILL ORDERS OUT`.

Reads the channel's bill and our orders from an SQLite file, and writes every difference as `code,reference,amount` and
the totals as JSON beside it. The same job for each: what is said is compared with the product's.
"""

import json
import os
import subprocess
import sys
import tempfile

PROGRAM, CHANNEL, BILL, ORDERS, OUT = sys.argv[1:]
WECHAT = CHANNEL == "wechatpay"


def in_utf8():
    """Alipay writes GBK; the conversion is part of the job."""
    if WECHAT:
        return BILL
    file = tempfile.NamedTemporaryFile(suffix=".csv", dir=os.path.dirname(OUT), delete=False)
    subprocess.run(["iconv", "-f", "GBK", "-t", "UTF-8", BILL], stdout=file, check=True)
    file.close()
    return file.name


def tell(totals):
    with open(OUT + ".json", "w", encoding="utf-8") as file:
        json.dump({name: int(value or 0) for name, value in totals.items()}, file)


def by_duckdb(path):
    import duckdb
    import duckdb_extension_sqlite_scanner as scanner

    db = duckdb.connect()
    folder = os.path.join(os.path.dirname(scanner.__file__), "extensions", "v1.5.5")
    db.execute(f"load '{folder}/sqlite_scanner.duckdb_extension'")
    db.execute(f"attach '{ORDERS}' as ours (type sqlite, read_only)")
    options = "header=true, all_varchar=true, quote='', escape='', delim=',', null_padding=true, strict_mode=false"
    if WECHAT:
        rows = f"""select ltrim("交易状态",'`') as state, ltrim("商户订单号",'`') as payment, ltrim("商户退款单号",'`') as refund,
          ltrim("订单金额",'`') as paid, ltrim("申请退款金额",'`') as back, ltrim("手续费",'`') as fee
          from read_csv('{path}', {options}) where "商户订单号" like '`T%'"""
        bill = f"""select case state when 'SUCCESS' then 'payment' else 'refund' end as kind,
          case state when 'SUCCESS' then payment else refund end as ref,
          (cast(case state when 'SUCCESS' then paid else back end as decimal(18,2)) * 100)::bigint as amount,
          (cast(fee as decimal(18,5)) * 100)::bigint as fee from ({rows})"""
    else:
        rows = f"""select "业务类型" as state, rtrim("商户订单号", chr(9)) as payment, rtrim("退款批次号/请求号", chr(9)) as refund,
          "订单金额（元）" as paid, "服务费（元）" as fee from read_csv('{path}', {options}, skip=4)
          where "业务类型" in ('交易', '退款')"""
        bill = f"""select case state when '交易' then 'payment' else 'refund' end as kind,
          case state when '交易' then payment else refund end as ref,
          abs((cast(paid as decimal(18,2)) * 100)::bigint) as amount, -(cast(fee as decimal(18,2)) * 100)::bigint as fee
          from ({rows})"""
    db.execute(f"create table bill as select row_number() over () as row, * from ({bill})")
    db.execute("""create table book as select kind, ref, amount, fee, state from ours.orders
      where "at" >= (select starts from ours.day) and "at" < (select ends from ours.day)""")
    db.execute("create table ranked as select *, row_number() over (partition by kind, ref order by row) as n from bill")
    db.execute("create table pairs as select b.*, o.amount as o_amount, o.fee as o_fee, o.state as o_state from ranked b left join book o using (kind, ref) where n = 1")
    db.execute("""create table said as
      select 'duplicate_channel' as code, ref, amount as sum from ranked where n > 1
      union all select case kind when 'payment' then 'missing_ours' else 'refund_extra' end, ref, amount from pairs where o_state is null
      union all select 'status', ref, amount from pairs where o_state > 0
      union all select case when amount > o_amount then 'amount_over' else 'amount_under' end, ref, amount - o_amount from pairs where o_state = 0 and amount <> o_amount
      union all select 'fee', ref, fee - o_fee from pairs where o_state = 0 and fee <> o_fee
      union all select case kind when 'payment' then 'missing_channel' else 'refund_missing' end, ref, -amount from book o
        where state = 0 and not exists (select 1 from bill b where b.kind = o.kind and b.ref = o.ref)""")
    db.execute(f"copy (select * from said) to '{OUT}' (header false)")
    names = ["paid", "refunded", "fee"]
    sums = "coalesce(sum(amount) filter (kind = 'payment'), 0), coalesce(sum(amount) filter (kind = 'refund'), 0), coalesce(sum(fee), 0)"
    bill = db.execute(f"select {sums} from bill").fetchone()
    book = db.execute(f"select {sums} from book where state = 0").fetchone()
    matched = db.execute("select count(*) from pairs where o_state = 0 and amount = o_amount and fee = o_fee").fetchone()[0]
    tell({"matched": matched, **dict(zip(["bill_" + n for n in names], bill)), **dict(zip(["books_" + n for n in names], book))})


def by_polars(path):
    import sqlite3

    import polars as pl

    options = dict(quote_char=None, infer_schema=False, truncate_ragged_lines=True)
    fen = lambda column, places=2: (
        pl.col(column).str.strip_chars("`\t").cast(pl.Decimal(18, 5)) * 100
    ).cast(pl.Int64)
    if WECHAT:
        rows = pl.scan_csv(path, **options).filter(pl.col("商户订单号").str.starts_with("`T"))
        is_payment = pl.col("交易状态") == "`SUCCESS"
        bill = rows.select(
            pl.when(is_payment).then(pl.lit("payment")).otherwise(pl.lit("refund")).alias("kind"),
            pl.when(is_payment).then(pl.col("商户订单号")).otherwise(pl.col("商户退款单号")).str.strip_chars("`").alias("ref"),
            pl.when(is_payment).then(fen("订单金额")).otherwise(fen("申请退款金额")).alias("amount"),
            fen("手续费").alias("fee"),
        )
    else:
        rows = pl.scan_csv(path, skip_rows=4, **options).filter(pl.col("业务类型").is_in(["交易", "退款"]))
        is_payment = pl.col("业务类型") == "交易"
        bill = rows.select(
            pl.when(is_payment).then(pl.lit("payment")).otherwise(pl.lit("refund")).alias("kind"),
            pl.when(is_payment).then(pl.col("商户订单号")).otherwise(pl.col("退款批次号/请求号")).str.strip_chars("\t").alias("ref"),
            fen("订单金额（元）").abs().alias("amount"),
            (-fen("服务费（元）")).alias("fee"),
        )
    bill = bill.with_row_index("row").collect()
    ours = sqlite3.connect(ORDERS)
    book = pl.read_database("select kind, ref, amount as o_amount, fee as o_fee, state from orders where at >= (select starts from day) and at < (select ends from day)", ours)
    first = bill.unique(["kind", "ref"], keep="first", maintain_order=True)
    again = bill.join(first.select("row"), on="row", how="anti")
    both = first.join(book, on=["kind", "ref"], how="left")
    agree = pl.col("state") == 0
    named = lambda frame, code, sum: frame.select(code.alias("code"), pl.col("ref"), sum.alias("sum"))
    kinds = lambda payment, refund: pl.when(pl.col("kind") == "payment").then(pl.lit(payment)).otherwise(pl.lit(refund))
    gone = book.filter(agree).join(first, on=["kind", "ref"], how="anti")
    said = pl.concat([
        named(again, pl.lit("duplicate_channel"), pl.col("amount")),
        named(both.filter(pl.col("state").is_null()), kinds("missing_ours", "refund_extra"), pl.col("amount")),
        named(both.filter(pl.col("state") > 0), pl.lit("status"), pl.col("amount")),
        named(
            both.filter(agree & (pl.col("amount") != pl.col("o_amount"))),
            pl.when(pl.col("amount") > pl.col("o_amount")).then(pl.lit("amount_over")).otherwise(pl.lit("amount_under")),
            pl.col("amount") - pl.col("o_amount"),
        ),
        named(both.filter(agree & (pl.col("fee") != pl.col("o_fee"))), pl.lit("fee"), pl.col("fee") - pl.col("o_fee")),
        named(gone, kinds("missing_channel", "refund_missing"), -pl.col("o_amount")),
    ])
    said.write_csv(OUT, include_header=False)
    sums = lambda frame, amount, fee: [
        frame.filter(pl.col("kind") == "payment")[amount].sum(),
        frame.filter(pl.col("kind") == "refund")[amount].sum(),
        frame[fee].sum(),
    ]
    names = ["paid", "refunded", "fee"]
    matched = both.filter(agree & (pl.col("amount") == pl.col("o_amount")) & (pl.col("fee") == pl.col("o_fee"))).height
    tell({
        "matched": matched,
        **dict(zip(["bill_" + n for n in names], sums(bill, "amount", "fee"))),
        **dict(zip(["books_" + n for n in names], sums(book.filter(agree), "o_amount", "o_fee"))),
    })


def by_pandas(path):
    import sqlite3

    import pandas as pd

    if WECHAT:
        columns = ["交易状态", "商户订单号", "商户退款单号", "订单金额", "申请退款金额", "手续费"]
        bill = pd.read_csv(path, dtype=str, quoting=3, usecols=columns, encoding="utf-8-sig")
        bill = bill[bill["商户订单号"].str.startswith("`T", na=False)]
        for column in columns:
            bill[column] = bill[column].str.lstrip("`")
        is_payment = bill["交易状态"] == "SUCCESS"
        ref = bill["商户订单号"].where(is_payment, bill["商户退款单号"])
        amount = bill["订单金额"].where(is_payment, bill["申请退款金额"])
        fee = bill["手续费"].str[:-3]
        sign = 1
    else:
        columns = ["业务类型", "商户订单号", "退款批次号/请求号", "订单金额（元）", "服务费（元）"]
        bill = pd.read_csv(path, dtype=str, quoting=3, usecols=columns, skiprows=4)
        bill = bill[bill["业务类型"].isin(["交易", "退款"])]
        is_payment = bill["业务类型"] == "交易"
        ref = bill["商户订单号"].where(is_payment, bill["退款批次号/请求号"]).str.rstrip("\t")
        amount = bill["订单金额（元）"].str.lstrip("-")
        fee = bill["服务费（元）"]
        sign = -1
    fen = lambda text: text.str.replace(".", "", n=1, regex=False).astype("int64")
    kind = is_payment.map({True: "payment", False: "refund"})
    bill = pd.DataFrame({"kind": kind, "ref": ref, "amount": fen(amount), "fee": sign * fen(fee)})
    ours = sqlite3.connect(ORDERS)
    book = pd.read_sql("select kind, ref, amount as o_amount, fee as o_fee, state from orders where at >= (select starts from day) and at < (select ends from day)", ours)
    again = bill.duplicated(["kind", "ref"])
    first = bill[~again]
    both = first.merge(book, on=["kind", "ref"], how="left")
    gone = book[book["state"] == 0].merge(first[["kind", "ref"]], on=["kind", "ref"], how="left", indicator=True)
    gone = gone[gone["_merge"] == "left_only"]
    agree = both["state"] == 0
    named = lambda frame, code, sum: pd.DataFrame({"code": code, "ref": frame["ref"], "sum": sum.astype("int64")})
    kinds = lambda frame, payment, refund: frame["kind"].map({"payment": payment, "refund": refund})
    alone, failed = both[both["state"].isna()], both[both["state"] > 0]
    other = both[agree & (both["amount"] != both["o_amount"])]
    over = (other["amount"] > other["o_amount"]).map({True: "amount_over", False: "amount_under"})
    fees = both[agree & (both["fee"] != both["o_fee"])]
    twice = bill[again]
    said = pd.concat([
        named(twice, "duplicate_channel", twice["amount"]),
        named(alone, kinds(alone, "missing_ours", "refund_extra"), alone["amount"]),
        named(failed, "status", failed["amount"]),
        named(other, over, other["amount"] - other["o_amount"]),
        named(fees, "fee", fees["fee"] - fees["o_fee"]),
        named(gone, kinds(gone, "missing_channel", "refund_missing"), -gone["o_amount"]),
    ])
    said.to_csv(OUT, header=False, index=False)
    sums = lambda frame, amount, fee: [
        frame.loc[frame["kind"] == "payment", amount].sum(),
        frame.loc[frame["kind"] == "refund", amount].sum(),
        frame[fee].sum(),
    ]
    names = ["paid", "refunded", "fee"]
    matched = int((agree & (both["amount"] == both["o_amount"]) & (both["fee"] == both["o_fee"])).sum())
    tell({
        "matched": matched,
        **dict(zip(["bill_" + n for n in names], sums(bill, "amount", "fee"))),
        **dict(zip(["books_" + n for n in names], sums(book[book["state"] == 0], "o_amount", "o_fee"))),
    })


path = in_utf8()
try:
    {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas}[PROGRAM](path)
finally:
    if path != BILL:
        os.unlink(path)
