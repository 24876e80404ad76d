//! Alipay's trade bill: GBK, CRLF, lines with `#` around the list, a TAB behind identifiers, two lines of totals; in a
//! zip with the summary beside it (产品文档 下载对账单, 业务明细).

use crate::files::{china_time, yuan};
use crate::world::{BillRow, DAY, Kind};
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The merchant's number with four more digits.
pub(crate) const ACCOUNT: &str = "20880211096256330156";
const TITLES: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

pub(crate) fn file(day: i32, starts: i64, rows: &[BillRow]) -> Result<Vec<u8>, String> {
    let text = list(starts, rows);
    let (bytes, _, is_lossy) = encoding_rs::GBK.encode(&text);
    if is_lossy {
        return Err("a name that GBK does not hold".to_owned());
    }
    let broken = |error: zip::result::ZipError| error.to_string();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, content) in [("业务明细(汇总)", None), ("业务明细", Some(&bytes))] {
        let name = format!("{ACCOUNT}_{day}_{name}.csv");
        archive.start_file(name, options).map_err(broken)?;
        let content = content.map_or(&b"#\r\n"[..], |bytes| bytes);
        archive
            .write_all(content)
            .map_err(|error| error.to_string())?;
    }
    Ok(archive.finish().map_err(broken)?.into_inner())
}

fn list(starts: i64, rows: &[BillRow]) -> String {
    let date = |at: i64| {
        let text = china_time(at);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        format!("{}年{}月{}日 00:00:00", part(0, 4), part(5, 7), part(8, 10))
    };
    let mut lines = vec![
        "#支付宝业务明细查询".to_owned(),
        format!("#账号：[{ACCOUNT}]"),
        format!(
            "#起始日期：[{}]   终止日期：[{}]",
            date(starts),
            date(starts + DAY)
        ),
        format!("#{}业务明细列表{}", "-".repeat(41), "-".repeat(40)),
        TITLES.to_owned(),
    ];
    lines.extend(rows.iter().map(row));
    let total = |kind: Kind| {
        let of_kind = rows.iter().filter(|row| row.kind == kind);
        (
            of_kind.clone().count(),
            of_kind.map(|row| row.amount).sum::<i64>(),
        )
    };
    let ((paid_count, paid), (back_count, back)) = (total(Kind::Payment), total(Kind::Refund));
    lines.push(format!(
        "#{}业务明细列表结束{}",
        "-".repeat(41),
        "-".repeat(36)
    ));
    lines.push(format!(
        "#交易合计：{paid_count}笔，商家实收共{}元，商家优惠共0.00元",
        yuan(paid)
    ));
    lines.push(format!(
        "#退款合计：{back_count}笔，商家实收退款共{}元，商家优惠退款共0.00元",
        yuan(-back)
    ));
    lines.push(format!("#导出时间：[{}]", date(starts + DAY)));
    lines.push(String::new());
    lines.join("\r\n")
}

fn row(row: &BillRow) -> String {
    let (kind, sign, request) = match row.kind {
        Kind::Payment => ("交易", 1, ""),
        Kind::Refund => ("退款", -1, row.refund.as_str()),
    };
    let amount = yuan(sign * row.amount);
    let time = china_time(row.at);
    [
        format!("{}\t", row.transaction),
        format!("{}\t", row.payment),
        kind.to_owned(),
        row.subject.clone(),
        china_time(row.at - 3_000),
        time,
        "NJ_001\t".to_owned(),
        "NJ_001\t".to_owned(),
        "op1\t".to_owned(),
        "T1\t".to_owned(),
        "*客(159****5620)\t".to_owned(),
        amount.clone(),
        amount,
        "0.00".to_owned(),
        "0.00".to_owned(),
        "0.00".to_owned(),
        "0.00".to_owned(),
        "0.00".to_owned(),
        String::new(),
        "0.00\t".to_owned(),
        "0.00".to_owned(),
        format!("{request}\t"),
        yuan(-row.fee),
        "0.00".to_owned(),
        row.subject.clone(),
    ]
    .join(",")
}
