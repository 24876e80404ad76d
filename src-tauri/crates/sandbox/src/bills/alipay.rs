//! Alipay's four bill files: titles, markers, TAB after identifiers, signs and totals.
//!
//! The layout is the one of files that were seen; nothing is quoted. It must never decide which
//! lines there are.

use std::collections::BTreeMap;

use super::Sheet;
use super::lines::{DAY_MS, Entry, EntryKind, Line, negative, sum};
use crate::clock::{alipay_time, chinese_time, day_start_ms, day_text};
use crate::ledger::Fen;

const DETAIL_HEAD: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const SUMMARY_HEAD: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";
const ACCOUNT_HEAD: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
const ACCOUNT_SUMMARY_HEAD: &str =
    "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）";

/// When the channel writes the file, the next morning at 05:46:49.
pub(super) fn exported_ms(day: i64) -> i64 {
    const MORNING_MS: i64 = (5 * 3600 + 46 * 60 + 49) * 1000;
    day_start_ms(day)
        .saturating_add(DAY_MS)
        .saturating_add(MORNING_MS)
}

/// `20880211096256330156_20241126`.
pub(super) fn file_stem(sheet: &Sheet<'_>) -> String {
    format!(
        "{}_{}",
        sheet.holder.account,
        day_text(sheet.day).replace('-', "")
    )
}

/// What the end marker of a list looks like: the detail of trades has it one dash further.
#[derive(Clone, Copy)]
struct Frame {
    query: &'static str,
    list: &'static str,
    dashes: [usize; 2],
}

fn framed(
    sheet: &Sheet<'_>,
    frame: Frame,
    head: &str,
    rows: &[String],
    totals: &[String],
) -> String {
    let Frame {
        query,
        list,
        dashes: [before, after],
    } = frame;
    let start = chinese_time(day_start_ms(sheet.day));
    let end = chinese_time(day_start_ms(sheet.day.saturating_add(1)));
    let mut text = vec![
        format!("#支付宝{query}查询"),
        format!("#账号：[{}]", sheet.holder.account),
        format!("#起始日期：[{start}]   终止日期：[{end}]"),
        format!("#{}{list}{}", "-".repeat(41), "-".repeat(40)),
        head.to_owned(),
    ];
    text.extend(rows.iter().cloned());
    text.push(format!(
        "#{}{list}结束{}",
        "-".repeat(before),
        "-".repeat(after)
    ));
    text.extend(totals.iter().cloned());
    text.push(format!(
        "#导出时间：[{}]",
        chinese_time(exported_ms(sheet.day))
    ));
    text.push(String::new());
    text.join("\r\n")
}

/// A text as a cell: lines do not break inside one.
fn plain(text: &str) -> String {
    text.replace(['\r', '\n', '\t'], " ")
}

/// Identifiers end with a TAB, blank ones too.
fn identifier(text: &str) -> String {
    format!("{}\t", plain(text))
}

/// The amount as the file signs it: refunds are negative.
fn signed_amount(line: &Line) -> Fen {
    if line.is_payment() {
        line.amount
    } else {
        negative(line.amount)
    }
}

/// The fee as the file signs it: a cost is negative, what comes back positive.
fn signed_fee(line: &Line) -> Fen {
    if line.is_payment() {
        negative(line.fee)
    } else {
        line.fee
    }
}

/// `业务明细`.
pub(super) fn trade_detail(sheet: &Sheet<'_>, lines: &[Line]) -> String {
    let rows: Vec<String> = lines.iter().map(detail_row).collect();
    let total = |is_payment: bool| {
        let of_kind = || {
            lines
                .iter()
                .filter(move |line| line.is_payment() == is_payment)
        };
        (of_kind().count(), sum(of_kind().map(signed_amount)))
    };
    let (paid_count, paid) = total(true);
    let (refund_count, refunded) = total(false);
    let paid = sum([paid, sheet.skew]).yuan();
    let refunded = refunded.yuan();
    let totals = [
        format!("#交易合计：{paid_count}笔，商家实收共{paid}元，商家优惠共0.00元"),
        format!("#退款合计：{refund_count}笔，商家实收退款共{refunded}元，商家优惠退款共0.00元"),
    ];
    let frame = Frame {
        query: "业务明细",
        list: "业务明细列表",
        dashes: [41, 36],
    };
    framed(sheet, frame, DETAIL_HEAD, &rows, &totals)
}

fn detail_row(line: &Line) -> String {
    let told = |text: &Option<String>| identifier(text.as_deref().unwrap_or_default());
    let amount = signed_amount(line).yuan();
    let (kind, request, note) = if line.is_payment() {
        ("交易", identifier(""), plain(&line.subject))
    } else {
        (
            "退款",
            identifier(&line.refund_no),
            plain(line.reason.as_deref().unwrap_or("正常退款")),
        )
    };
    let zero = || Fen::ZERO.yuan();
    [
        identifier(&line.trade_no),
        identifier(&line.out_trade_no),
        kind.to_owned(),
        plain(&line.subject),
        alipay_time(line.created_ms),
        alipay_time(line.at_ms),
        told(&line.origin.store_id),
        told(&line.origin.store_id),
        told(&line.origin.operator_id),
        told(&line.origin.terminal_id),
        identifier(&format!("{}({})", line.payer.name, line.payer.logon)),
        amount.clone(),
        amount,
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        String::new(),
        identifier(&zero()),
        zero(),
        request,
        signed_fee(line).yuan(),
        zero(),
        note,
    ]
    .join(",")
}

/// `业务明细(汇总)`.
pub(super) fn trade_summary(sheet: &Sheet<'_>, lines: &[Line]) -> String {
    let mut stores: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let store = line.origin.store_id.as_deref().unwrap_or_default();
        stores.entry(store).or_default().push(line);
    }
    let none = Fen::ZERO;
    let mut rows: Vec<String> = stores
        .iter()
        .map(|(store, lines)| summary_row(store, store, lines, none))
        .collect();
    let all: Vec<&Line> = lines.iter().collect();
    rows.push(summary_row("合计", "", &all, sheet.skew));
    let frame = Frame {
        query: "业务汇总",
        list: "业务汇总列表",
        dashes: [40, 37],
    };
    framed(sheet, frame, SUMMARY_HEAD, &rows, &[])
}

fn summary_row(number: &str, name: &str, lines: &[&Line], skew: Fen) -> String {
    let payments = lines.iter().filter(|line| line.is_payment()).count();
    let amount = sum(lines.iter().map(|line| signed_amount(line)).chain([skew]));
    let fee = sum(lines.iter().map(|line| signed_fee(line)));
    let zero = Fen::ZERO.yuan();
    [
        identifier(number),
        identifier(name),
        payments.to_string(),
        lines.len().saturating_sub(payments).to_string(),
        amount.yuan(),
        amount.yuan(),
        zero.clone(),
        zero.clone(),
        zero.clone(),
        fee.yuan(),
        zero,
        sum([amount, fee]).yuan(),
    ]
    .join(",")
}

fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Payment => "在线支付",
        EntryKind::Fee => "收费",
        EntryKind::Refund => "交易退款",
        EntryKind::FeeReturn => "退费",
        EntryKind::Reserve => "保证金",
        EntryKind::Withdrawal => "提现",
    }
}

/// What came in or went out, with how many movements.
fn sides<'a>(entries: impl Iterator<Item = &'a Entry<'a>> + Clone) -> [(usize, Fen); 2] {
    let side = |is_income: bool| {
        let of_side = entries
            .clone()
            .filter(move |entry| (entry.change > Fen::ZERO) == is_income);
        (
            of_side.clone().count(),
            sum(of_side.map(|entry| entry.change)),
        )
    };
    [side(true), side(false)]
}

/// `账务明细`.
pub(super) fn account_detail(sheet: &Sheet<'_>, entries: &[Entry<'_>]) -> String {
    let rows: Vec<String> = entries.iter().map(account_row).collect();
    let [(in_count, income), (out_count, expense)] = sides(entries.iter());
    let income = sum([income, sheet.skew]).yuan();
    let expense = expense.yuan();
    let totals = [
        format!("#支出合计：{out_count}笔，共{expense}元"),
        format!("#收入合计：{in_count}笔，共{income}元"),
    ];
    let frame = Frame {
        query: "账务明细",
        list: "账务明细列表",
        dashes: [40, 37],
    };
    framed(sheet, frame, ACCOUNT_HEAD, &rows, &totals)
}

fn account_row(entry: &Entry<'_>) -> String {
    let of_line = |text: fn(&Line) -> &str| entry.line.map(text).unwrap_or_default();
    let trade_no = of_line(|line| &line.trade_no);
    let (title, note, payer) = match entry.kind {
        EntryKind::Payment => (
            of_line(|line| &line.subject).to_owned(),
            of_line(|line| &line.subject),
            of_line(|line| line.payer.logon),
        ),
        EntryKind::Refund => (
            of_line(|line| &line.subject).to_owned(),
            of_line(|line| line.reason.as_deref().unwrap_or("正常退款")),
            of_line(|line| line.payer.logon),
        ),
        EntryKind::Fee => (format!("服务费[{trade_no}]"), "服务费", ""),
        EntryKind::FeeReturn => (format!("服务费退回[{trade_no}]"), "服务费退回", ""),
        EntryKind::Reserve => ("保证金".to_owned(), "保证金", ""),
        EntryKind::Withdrawal => ("提现".to_owned(), "提现", ""),
    };
    let [income, expense] = if entry.change > Fen::ZERO {
        [entry.change, Fen::ZERO]
    } else {
        [Fen::ZERO, entry.change]
    };
    [
        identifier(&format!("3{:014}", entry.number)),
        identifier(entry.payout.as_deref().unwrap_or(trade_no)),
        identifier(of_line(|line| &line.out_trade_no)),
        identifier(&title),
        alipay_time(entry.at_ms),
        identifier(payer),
        income.yuan(),
        expense.yuan(),
        entry.balance.yuan(),
        identifier("支付宝"),
        identifier(kind_name(entry.kind)),
        plain(note),
    ]
    .join(",")
}

/// `账务明细(汇总)`.
pub(super) fn account_summary(sheet: &Sheet<'_>, entries: &[Entry<'_>]) -> String {
    let mut kinds: BTreeMap<EntryKind, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        kinds.entry(entry.kind).or_default().push(entry);
    }
    let row = |name: &str, [(in_count, income), (out_count, expense)]: [(usize, Fen); 2]| {
        let total = sum([income, expense]);
        format!(
            "{name},{in_count},{},{out_count},{},{}",
            income.yuan(),
            expense.yuan(),
            total.yuan()
        )
    };
    let mut rows: Vec<String> = kinds
        .iter()
        .map(|(kind, entries)| row(kind_name(*kind), sides(entries.iter().copied())))
        .collect();
    let [(in_count, income), out] = sides(entries.iter());
    rows.push(row("合计", [(in_count, sum([income, sheet.skew])), out]));
    let frame = Frame {
        query: "账务汇总",
        list: "账务汇总列表",
        dashes: [40, 37],
    };
    framed(sheet, frame, ACCOUNT_SUMMARY_HEAD, &rows, &[])
}
