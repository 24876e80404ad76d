//! The files of a day: a shop, its bills with what is planted in them, and our orders in the form the peers like best.

use crate::Trouble;
use crate::orders::{open, shop, store};
use paydesk_desk::ports::{BookedRow, Store};
use paydesk_domain::{
    AccountId, BusinessDay, ChannelDay, LineKind, LineState, Mode, OrderNumber, Timestamp,
};
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Our rate of both demo accounts, millionths.
const RATE: i64 = 6_000;

const WECHAT_TITLES: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const ALIPAY_TITLES: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

/// The files of one channel's day.
pub(super) struct Files {
    pub(super) channel: &'static str,
    pub(super) shop: PathBuf,
    pub(super) bill: PathBuf,
    pub(super) orders: PathBuf,
    outs: PathBuf,
}

impl Files {
    fn is_wechat(&self) -> bool {
        self.channel == "wechatpay"
    }

    /// What is planted in the bill, as the product must find it.
    pub(super) fn expected(&self) -> PathBuf {
        self.bill.with_extension("expected")
    }

    pub(super) fn account(&self) -> String {
        format!("demo-{}", self.channel)
    }

    pub(super) fn out(&self, name: &str) -> String {
        let out = self.outs.join(format!("{}-said-{name}.csv", self.channel));
        out.display().to_string()
    }
}

/// A shop with so many payments of each channel on one day, the bills of that day, and our orders for the peers.
pub(super) fn made(
    channel: &'static str,
    lines: u64,
    is_hostile: bool,
    target: &Path,
) -> Result<Files, Trouble> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let outs = target.join("bench").join(format!("reconcile-{lines}"));
        fs::create_dir_all(&outs)?;
        let shop = filled(&outs.join("shop"), lines, target).await?;
        let name = if is_hostile { "hostile" } else { "plain" };
        let files = Files {
            channel,
            bill: outs.join(format!("{channel}-{name}.csv")),
            orders: outs.join(format!("{channel}.db")),
            shop,
            outs,
        };
        if !files.expected().is_file() || !files.bill.is_file() {
            let mut rows: Vec<BookedRow> = Vec::new();
            let store = store(&files.shop).await?;
            let account = AccountId(files.account());
            let mut each = |found: &[BookedRow]| rows.extend_from_slice(found);
            let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
            store.booked_rows(&account, from, to, &mut each).await?;
            store.close().await;
            if !files.orders.is_file() {
                write_orders(channel, &files.orders, &rows)?;
            }
            let ids = merchant(&files).await?;
            let first = rows.first().ok_or("the shop is empty")?.at;
            write_bill(&files, first, &rows, ids, is_hostile)?;
        }
        Ok(files)
    })
}

/// Alipay's bill of such a day without a single line: all of ours are missing on it.
pub(super) fn empty(lines: u64, target: &Path) -> Result<Files, Trouble> {
    let mut files = made("alipay", lines, false, target)?;
    let first: i64 = Connection::open(files.shop.join("paydesk.db"))?.query_row(
        "SELECT min(booked_at) FROM payments WHERE account = ?1",
        [files.account()],
        |row| row.get(0),
    )?;
    files.bill.set_file_name("alipay-empty.csv");
    let runtime = tokio::runtime::Runtime::new()?;
    let ids = runtime.block_on(merchant(&files))?;
    write_bill(&files, Timestamp(first), &[], ids, false)?;
    Ok(files)
}

/// A shop with so many payments of each channel on one day: a small generated one, and the rows of its payments and
/// refunds again and again under other references. Its log does not know them, so nothing but bills is measured with it.
async fn filled(folder: &Path, lines: u64, target: &Path) -> Result<PathBuf, Trouble> {
    let made = folder.join("made");
    if made.is_file() {
        return Ok(folder.to_owned());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    // Enough for a refund of each channel.
    let small = shop(200, 1, target).await?;
    for entry in fs::read_dir(&small)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != "made" {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let mut database = Connection::open(folder.join("paydesk.db"))?;
    database.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144",
    )?;
    let indices: Vec<(String, String)> = {
        let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('payments', 'refunds')";
        let mut statement = database.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    for (name, _) in &indices {
        database.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    let writing = database.transaction()?;
    for channel in ["wechatpay", "alipay"] {
        for table in ["payments", "refunds"] {
            copies(&writing, channel, table, lines)?;
        }
    }
    writing.execute_batch("DELETE FROM refunds WHERE reference NOT LIKE '_BNCH%' AND reference NOT LIKE '_WECH%'; DELETE FROM payments WHERE reference NOT LIKE '_BNCH%' AND reference NOT LIKE '_WECH%'")?;
    writing.commit()?;
    for (_, sql) in &indices {
        database.execute_batch(sql)?;
    }
    drop(database);
    fs::write(made, b"")?;
    Ok(folder.to_owned())
}

/// Payments, or the refunds of one in thirty-three of them, with references, amounts and moments of their own.
fn copies(
    writing: &rusqlite::Transaction<'_>,
    channel: &str,
    table: &str,
    lines: u64,
) -> Result<(), Trouble> {
    let is_refund = table == "refunds";
    let account = format!("demo-{channel}");
    let sample = format!("SELECT value FROM {table} WHERE account = ?1 AND moved = 0 LIMIT 1");
    let sample: String = writing.query_row(&sample, [&account], |row| row.get(0))?;
    let sample: Value = serde_json::from_str(&sample)?;
    let day = BusinessDay(20_231_101);
    let begins = ChannelDay(day.0).bounds_of_china().ok_or("no day")?.0.0;
    let sql = if is_refund {
        "INSERT INTO refunds(reference, number, intent, begun_at, value, account, currency, amount_minor, booked_at, moved, paid_at) VALUES (?1, ?2, ?1, ?3, ?4, ?5, 'CNY', ?6, ?3, 0, ?3)"
    } else {
        "INSERT INTO payments(reference, number, channel, begun_at, value, account, currency, amount_minor, booked_at, moved, unknown, channel_ref, channel_reversed, paid_minor, reserved_minor, order_id) VALUES (?1, ?2, ?7, ?3, ?4, ?5, 'CNY', ?6, ?3, 0, 0, ?8, ?8, ?6, 0, 0)"
    };
    let mut insert = writing.prepare(sql)?;
    let device = if channel == "alipay" { "BNCH" } else { "WECH" };
    for n in 0..lines {
        if is_refund && n % 33 != 7 {
            continue;
        }
        let place = u32::try_from(n)?;
        let number = OrderNumber::compose(Mode::Demo, device, 0, day, place).ok_or("no number")?;
        let payment = number.attempt(1).ok_or("no reference")?;
        let reference = match is_refund {
            true => payment.refund(1).ok_or("no reference")?,
            false => payment,
        };
        let n = i64::try_from(n)?;
        let at = begins + n * 80_000_000 / i64::try_from(lines)?;
        let paid = 500 + n * 7_919 % 19_997;
        let minor = if is_refund { paid / 2 } else { paid };
        let transaction = format!("202311012200{n:016}");
        let mut value = sample.clone();
        let mut set = |pointer: &str, to: Value| {
            if let Some(place) = value.pointer_mut(pointer) {
                *place = to;
            }
        };
        set("/reference", reference.as_str().into());
        set("/begun_at", at.into());
        set("/plan/amount/minor", minor.to_string().into());
        set("/state/at", at.into());
        set("/state/paid/at", at.into());
        set("/state/paid/channel_ref", transaction.as_str().into());
        set("/state/paid/asked/minor", minor.to_string().into());
        set("/state/paid/received/minor", minor.to_string().into());
        let value = value.to_string();
        let (reference, number) = (reference.as_str(), number.as_str());
        if is_refund {
            insert.execute((reference, number, at, value, &account, minor))?;
        } else {
            insert.execute((
                reference,
                number,
                at,
                value,
                &account,
                minor,
                channel,
                transaction,
            ))?;
        }
    }
    Ok(())
}

async fn merchant(files: &Files) -> Result<(String, String), Trouble> {
    let host = open(&files.shop).await?;
    let shop = host.console().desk().shop().ok_or("no shop")?;
    let account = shop
        .account(&AccountId(files.account()))
        .ok_or("no account")?;
    let field = |name: &str| account.fields.get(name).cloned().unwrap_or_default();
    let known = match files.channel {
        "alipay" => (String::new(), field("seller_id")),
        _ => (field("appid"), field("mchid")),
    };
    host.close().await;
    Ok(known)
}

/// The fee of a movement. Alipay does not say whether it gives one back with a refund, so our books know none there.
fn fee_of(channel: &str, row: &BookedRow) -> i64 {
    let fee = (row.amount.minor() * RATE + 500_000) / 1_000_000;
    match row.kind {
        LineKind::Payment => fee,
        LineKind::Refund if channel == "alipay" => 0,
        LineKind::Refund => -fee,
    }
}

fn kind_name(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Payment => "payment",
        LineKind::Refund => "refund",
    }
}

/// Our orders as the peers like them best: plain columns, nothing else in the file.
fn write_orders(channel: &str, path: &Path, rows: &[BookedRow]) -> Result<(), Trouble> {
    let mut database = Connection::open(path)?;
    database.execute_batch("PRAGMA journal_mode = OFF; CREATE TABLE orders(kind TEXT, ref TEXT, amount INTEGER, fee INTEGER, state INTEGER, at INTEGER); CREATE TABLE day(starts INTEGER, ends INTEGER)")?;
    let writing = database.transaction()?;
    {
        let mut insert = writing.prepare("INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for row in rows {
            let state = match row.state {
                LineState::Done => 0,
                LineState::Pending => 1,
                LineState::Failed => 2,
            };
            let reference = std::str::from_utf8(row.reference())?;
            insert.execute((
                kind_name(row.kind),
                reference,
                row.amount.minor(),
                fee_of(channel, row),
                state,
                row.at.0,
            ))?;
        }
        let first = rows.first().ok_or("the shop is empty")?.at;
        let (starts, ends) = paydesk_desk::channel_day(first)
            .and_then(|day| day.bounds_of_china())
            .ok_or("no day")?;
        writing.execute("INSERT INTO day VALUES (?1, ?2)", (starts.0, ends.0))?;
    }
    writing.commit()?;
    Ok(())
}

/// What a line of the bill says.
struct Said<'r> {
    row: &'r BookedRow,
    reference: String,
    n: usize,
    amount: i64,
    fee: i64,
    name: &'static str,
}

/// What stands in a bill's last lines.
#[derive(Default)]
struct Sums {
    payments: i64,
    paid: i64,
    refunds: i64,
    refunded: i64,
    fee: i64,
}

/// A bill that is being written, with what is planted in it.
struct Bill<'f> {
    files: &'f Files,
    /// The merchant as the file names it: the application and the number.
    ids: (String, String),
    text: Vec<u8>,
    expected: String,
    sums: Sums,
}

impl Bill<'_> {
    fn put(&mut self, text: &str) -> Result<(), Trouble> {
        if self.files.is_wechat() {
            self.text.extend(text.bytes());
            return Ok(());
        }
        let (bytes, _, is_lossy) = encoding_rs::GBK.encode(text);
        if is_lossy {
            return Err("a name that GBK does not hold".into());
        }
        self.text.extend_from_slice(&bytes);
        Ok(())
    }

    fn begin(&mut self, day: ChannelDay) -> Result<(), Trouble> {
        if self.files.is_wechat() {
            return self.put(&format!("\u{feff}{WECHAT_TITLES}\r\n"));
        }
        let date = |day: ChannelDay| {
            day.date()
                .map(|date| date.strftime("%Y年%m月%d日 00:00:00").to_string())
        };
        let (from, to) = (date(day), day.next().and_then(date));
        let (from, to) = from.zip(to).ok_or("no day")?;
        let seller = self.ids.1.clone();
        self.put(&format!("#支付宝业务明细查询\r\n#账号：[{seller}0156]\r\n#起始日期：[{from}]   终止日期：[{to}]\r\n#-----------------------------------------业务明细列表----------------------------------------\r\n{ALIPAY_TITLES}\r\n"))
    }

    fn tell(&mut self, code: &str, reference: &str, sum: i64) {
        self.expected
            .push_str(&format!("{code},{reference},{sum}\n"));
    }

    /// Writes the line of a movement; of two thousand some are changed, doubled or left out.
    fn movement(&mut self, mut said: Said<'_>) -> Result<(), Trouble> {
        let own = said.reference.clone();
        let is_payment = said.row.kind == LineKind::Payment;
        let [missing, extra] = if is_payment {
            ["missing_channel", "missing_ours"]
        } else {
            ["refund_missing", "refund_extra"]
        };
        let mut times = 1;
        match said.n % 2_000 {
            7 => {
                said.amount += 1;
                self.tell("amount_over", &own, 1);
            }
            107 if is_payment || self.files.is_wechat() => {
                said.fee += 1;
                self.tell("fee", &own, 1);
            }
            207 => {
                times = 0;
                self.tell(missing, &own, -said.amount);
            }
            307 => {
                times = 2;
                self.tell("duplicate_channel", &own, said.amount);
            }
            407 => {
                said.reference = format!("T{own}");
                self.tell(extra, &said.reference, said.amount);
                self.tell(missing, &own, -said.amount);
            }
            507 => {
                said.amount -= 1;
                self.tell("amount_under", &own, -1);
            }
            _ => {}
        }
        for _ in 0..times {
            let line = if self.files.is_wechat() {
                wechat_line(&said, &self.ids)
            } else {
                alipay_line(&said)
            };
            self.put(&line)?;
            self.sums.fee += said.fee;
            if is_payment {
                self.sums.payments += 1;
                self.sums.paid += said.amount;
            } else {
                self.sums.refunds += 1;
                self.sums.refunded += said.amount;
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Trouble> {
        let Sums {
            payments,
            paid,
            refunds,
            refunded,
            fee,
        } = self.sums;
        let end = if self.files.is_wechat() {
            let titles = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
            let (paid, back) = (yuan(paid), yuan(refunded));
            format!(
                "{titles}\r\n`{},`{paid},`{back},`0.00,`{}000,`{paid},`{back}\r\n",
                payments + refunds,
                yuan(fee)
            )
        } else {
            format!(
                "#-----------------------------------------业务明细列表结束------------------------------------\r\n#交易合计：{payments}笔，商家实收共{}元，商家优惠共0.00元\r\n#退款合计：{refunds}笔，商家实收退款共{}元，商家优惠退款共0.00元\r\n",
                yuan(paid),
                yuan(-refunded)
            )
        };
        self.put(&end)?;
        fs::write(&self.files.bill, &self.text)?;
        fs::write(self.files.expected(), &self.expected)?;
        Ok(())
    }
}

fn write_bill(
    files: &Files,
    first: Timestamp,
    rows: &[BookedRow],
    ids: (String, String),
    is_hostile: bool,
) -> Result<(), Trouble> {
    let mut bill = Bill {
        files,
        ids,
        text: Vec::new(),
        expected: String::new(),
        sums: Sums::default(),
    };
    bill.begin(paydesk_desk::channel_day(first).ok_or("no day")?)?;
    let done = rows.iter().filter(|row| row.state == LineState::Done);
    for (n, row) in done.enumerate() {
        bill.movement(Said {
            reference: std::str::from_utf8(row.reference())?.to_owned(),
            n,
            amount: row.amount.minor(),
            fee: fee_of(files.channel, row),
            name: product(n, is_hostile),
            row,
        })?;
    }
    bill.end()
}

/// One of a hundred hostile names holds what separates cells, unquoted.
fn product(n: usize, is_hostile: bool) -> &'static str {
    const NAMES: [&str; 5] = [
        "拿铁咖啡 大杯",
        "生日蛋糕 6 寸",
        "矿泉水 550ml",
        "公司团餐",
        "停车费 2 小时",
    ];
    const HOSTILE: [&str; 4] = ["茶,大杯,少冰", "\"特价\" 面包", "a`b,c", "折扣\",\"套餐,`"];
    if is_hostile && n % 100 == 13 {
        return HOSTILE.get(n / 100 % 4).copied().unwrap_or_default();
    }
    NAMES.get(n % 5).copied().unwrap_or_default()
}

fn at_china(at: Timestamp) -> String {
    let china = jiff::tz::Offset::constant(8);
    china
        .to_datetime(at.to_jiff())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn yuan(minor: i64) -> String {
    format!(
        "{}{}.{:02}",
        if minor < 0 { "-" } else { "" },
        minor.abs() / 100,
        minor.abs() % 100
    )
}

fn wechat_line(said: &Said<'_>, (appid, merchant): &(String, String)) -> String {
    let is_payment = said.row.kind == LineKind::Payment;
    let (paid, back) = if is_payment {
        (said.amount, 0)
    } else {
        (0, said.amount)
    };
    let payment = said
        .reference
        .get(..20.min(said.reference.len()))
        .unwrap_or_default();
    let payment = if is_payment {
        said.reference.as_str()
    } else {
        payment
    };
    let refund = if is_payment {
        "`0,`0,`0.00,`0.00,`,`".to_owned()
    } else {
        format!(
            "`5030{:024},`{},`{},`0.00,`ORIGINAL,`SUCCESS",
            said.n,
            said.reference,
            yuan(back)
        )
    };
    let (time, shown) = (at_china(said.row.at), yuan(paid));
    format!(
        "`{time},`{appid},`{merchant},`0,`POS-{},`42000{:023},`{payment},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`MICROPAY,`{},`OTHERS,`CNY,`{shown},`0.00,{refund},`{},`,`{}000,`0.60%,`{shown},`{},`\r\n",
        said.n % 7,
        said.n,
        if is_payment { "SUCCESS" } else { "REFUND" },
        said.name,
        yuan(said.fee),
        yuan(back),
    )
}

fn alipay_line(said: &Said<'_>) -> String {
    let is_payment = said.row.kind == LineKind::Payment;
    let amount = yuan(if is_payment {
        said.amount
    } else {
        -said.amount
    });
    let payment = if is_payment {
        said.reference.as_str()
    } else {
        said.reference.get(..20).unwrap_or_default()
    };
    let request = if is_payment {
        ""
    } else {
        said.reference.as_str()
    };
    let time = at_china(said.row.at);
    format!(
        "20231101220014{:014}\t,{payment}\t,{},{},{time},{time},NJ_001\t,南京路店\t,op1\t,T{}\t,*客(159****5620)\t,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{request}\t,{},0.00,\r\n",
        said.n,
        if is_payment { "交易" } else { "退款" },
        said.name,
        said.n % 7,
        yuan(-said.fee),
    )
}
