//! A bill of a hundred thousand lines: read, compared with as many orders, and kept.

use crate::Trouble;
use crate::figures::Table;
use crate::orders::{ask, open, shop, store};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_desk::ports::Store;
use paydesk_domain::{ChannelId, FeeRate, Money, Timestamp};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Two orders for each line of one channel's bill.
const ORDERS: u64 = 200_000;

/// From the file's bytes to the last row kept.
const WITHIN: Duration = Duration::from_secs(5);

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";

/// Measures one day's bill from the file to the store.
pub(crate) fn measure(table: &mut Table, target: &Path) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let folder = shop(ORDERS, 1, target).await?;
        let (lines, file) = bill(&folder).await?;
        let host = open(&folder).await?;
        let begun = Instant::now();
        let args = json!({ "account_id": "demo-wechatpay", "day": null, "name": "bench.csv", "file": STANDARD.encode(file) });
        let preview = ask(&host, "open_bill", args).await?;
        let looked = begun.elapsed();
        let differences = preview.pointer("/result/differences").and_then(Value::as_u64);
        let known = preview.get("known_since").is_some_and(|since| !since.is_null());
        let args = json!({ "preview": preview.get("preview") });
        ask(&host, "import_bill", args).await?;
        let kept = begun.elapsed();
        table.report("bill: lines", lines.to_string());
        table.report("bill: differences", format!("{differences:?}"));
        table.report("bill: read and compared", format!("{:.2} s", looked.as_secs_f64()));
        if known {
            table.report("bill: kept", "an earlier run keeps it already".to_owned());
        } else {
            table.judge_time("bill: read, compared and kept", kept, WITHIN);
        }
        host.close().await;
        Ok(())
    })
}

/// The day's bill as the channel would write it, with one amount that differs.
async fn bill(folder: &Path) -> Result<(usize, Vec<u8>), Trouble> {
    let host = open(folder).await?;
    let shop = host.console().desk().shop().ok_or("no shop")?;
    let account = shop
        .account_for(&ChannelId("wechatpay".to_owned()))
        .ok_or("no account")?
        .clone();
    host.close().await;
    let store = store(folder).await?;
    let booked = store
        .booked(&account.channel, Timestamp(0), Timestamp(i64::MAX))
        .await?;
    store.close().await;
    let rate = FeeRate::from_millionths(6_000).ok_or("no rate")?;
    let mut text = String::from(HEADER);
    let (mut lines, mut paid_minor, mut fee_minor) = (0_usize, 0_i64, 0_i64);
    for payment in &booked.payments {
        let Some(paid) = payment.paid() else { continue };
        let amount = paid.asked.money();
        let minor = amount.minor() + i64::from(lines == 77);
        let fee = rate.fee_on(paid.asked).minor();
        let (at, china) = (
            paid.at.to_jiff(),
            jiff::tz::Offset::constant(8).to_time_zone(),
        );
        let shown = Money::from_minor(minor, amount.currency()).to_decimal();
        write!(
            text,
            "`{},`{},`{},`0,`,`{},`{},`o1,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`{shown},`0.00,`0,`0,`0.00,`0.00,`,`,`Bench,`,`{}.{:02}000,`0.60%,`{shown},`0.00,`\r\n",
            at.to_zoned(china).strftime("%Y-%m-%d %H:%M:%S"),
            account.fields.get("appid").map_or("", String::as_str),
            account.fields.get("mchid").map_or("", String::as_str),
            paid.channel_ref.0,
            payment.reference(),
            fee / 100,
            fee % 100,
        )?;
        lines += 1;
        paid_minor += minor;
        fee_minor += fee;
    }
    let decimal = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    write!(
        text,
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`{lines},`{0},`0.00,`0.00,`{1}000,`{0},`0.00\r\n",
        decimal(paid_minor),
        decimal(fee_minor),
    )?;
    Ok((lines, text.into_bytes()))
}
