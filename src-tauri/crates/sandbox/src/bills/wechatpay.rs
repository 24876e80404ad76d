//! WeChat Pay's bill files: UTF-8 with BOM, CRLF, a backtick before every value, sums at the end.
//!
//! It must never decide which lines there are.

use super::Sheet;
use super::lines::{Entry, EntryKind, Line, LineKind, negative, sum};
use crate::clock::alipay_time;
use crate::ledger::{Fen, Kind, RefundState};

/// The payer's number under the application; everybody in the sandbox has this one.
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

/// Which lines of the trade bill are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    All,
    Refund,
    Success,
}

impl Part {
    pub(super) fn holds(self, line: &Line) -> bool {
        match self {
            Self::All => true,
            Self::Refund => !line.is_payment(),
            Self::Success => line.is_payment(),
        }
    }

    fn has_refund_cells(self) -> bool {
        self != Self::Success
    }
}

/// The first fourteen columns, equal in all three files.
const COMMON: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";
const REFUND_TIMES: &str = "退款申请时间,退款成功时间";
const REFUND_CELLS: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";
const GOODS: &str = "商品名称,商户数据包,手续费,费率,订单金额";
const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const FLOW: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const FLOW_SUMMARY: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

fn file(head: &str, rows: Vec<String>, summary: &str, totals: &[String]) -> String {
    let mut text = vec![format!("\u{feff}{head}")];
    text.extend(rows);
    text.push(summary.to_owned());
    text.push(row(totals));
    text.push(String::new());
    text.join("\r\n")
}

fn row(cells: &[String]) -> String {
    let marked: Vec<String> = cells.iter().map(|cell| format!("`{cell}")).collect();
    marked.join(",")
}

/// A text as a cell: a comma is written as `\ `, and what would end the cell as a blank.
fn plain(text: &str) -> String {
    text.replace(',', "\\ ")
        .replace(['\r', '\n', '\t', '`'], " ")
}

/// Fees have five decimals.
fn fee_text(fee: Fen) -> String {
    format!("{}000", fee.yuan())
}

/// `0.60%`; a rate finer than that shows four decimals.
fn rate_text(rate: u32) -> String {
    let (whole, rest) = (rate / 10_000, rate % 10_000);
    if rest.is_multiple_of(100) {
        format!("{whole}.{:02}%", rest / 100)
    } else {
        format!("{whole}.{rest:04}%")
    }
}

/// What the channel keeps is positive, what it gives back negative.
fn signed_fee(line: &Line) -> Fen {
    if line.is_payment() {
        line.fee
    } else {
        negative(line.fee)
    }
}

fn paid(line: &Line) -> Fen {
    if line.is_payment() {
        line.amount
    } else {
        Fen::ZERO
    }
}

fn refunded(line: &Line) -> Fen {
    if line.is_payment() {
        Fen::ZERO
    } else {
        line.amount
    }
}

/// The trade bill, one of its three files.
pub(super) fn trade(sheet: &Sheet<'_>, part: Part, lines: &[Line]) -> String {
    let mut head = vec![COMMON];
    if part == Part::Refund {
        head.push(REFUND_TIMES);
    }
    if part.has_refund_cells() {
        head.push(REFUND_CELLS);
    }
    head.push(GOODS);
    if part.has_refund_cells() {
        head.push("申请退款金额");
    }
    head.push("费率备注");
    let rows = lines
        .iter()
        .map(|line| row(&trade_cells(sheet, part, line)));
    let total = |of: fn(&Line) -> Fen| sum(lines.iter().map(of));
    let sums = [
        lines.len().to_string(),
        sum([total(paid), sheet.skew]).yuan(),
        total(refunded).yuan(),
        Fen::ZERO.yuan(),
        fee_text(total(signed_fee)),
        total(paid).yuan(),
        total(refunded).yuan(),
    ];
    file(&head.join(","), rows.collect(), SUMMARY, &sums)
}

fn trade_cells(sheet: &Sheet<'_>, part: Part, line: &Line) -> Vec<String> {
    let state = match line.kind {
        LineKind::Payment => "SUCCESS",
        LineKind::Refund => "REFUND",
        LineKind::Reversal => "REVOKED",
    };
    let mut cells: Vec<String> = [
        alipay_time(line.at_ms).as_str(),
        sheet.holder.appid,
        sheet.holder.account,
        "0",
        &plain(line.origin.terminal_id.as_deref().unwrap_or_default()),
        &line.trade_no,
        &line.out_trade_no,
        OPENID,
        match line.paid_by {
            Kind::Code => "MICROPAY",
            Kind::Page | Kind::Qr => "NATIVE",
        },
        state,
        "OTHERS",
        "CNY",
        &paid(line).yuan(),
        "0.00",
    ]
    .map(str::to_owned)
    .into();
    if part == Part::Refund {
        cells.extend([line.accepted_ms, line.at_ms].map(alipay_time));
    }
    if part.has_refund_cells() {
        cells.extend(refund_cells(line));
    }
    cells.extend([
        plain(&line.subject),
        plain(line.attach.as_deref().unwrap_or_default()),
        fee_text(signed_fee(line)),
        rate_text(line.rate),
        paid(line).yuan(),
    ]);
    if part.has_refund_cells() {
        cells.push(refunded(line).yuan());
    }
    cells.push(String::new());
    cells
}

fn refund_cells(line: &Line) -> [String; 6] {
    if line.is_payment() {
        return ["0", "0", "0.00", "0.00", "", ""].map(str::to_owned);
    }
    let number = if line.refund_no.is_empty() {
        "0"
    } else {
        &line.refund_no
    };
    let state = match line.refund_state {
        RefundState::Success => "SUCCESS",
        RefundState::Abnormal => "CHANGE",
        RefundState::Processing => "PROCESSING",
        RefundState::Closed => "FAIL",
    };
    [
        line.refund_id.clone(),
        number.to_owned(),
        line.amount.yuan(),
        Fen::ZERO.yuan(),
        "ORIGINAL".to_owned(),
        state.to_owned(),
    ]
}

/// The fund flow of the basic account.
pub(super) fn fund_flow(sheet: &Sheet<'_>, entries: &[Entry<'_>]) -> String {
    let side = |is_income: bool| {
        let of_side = || {
            entries
                .iter()
                .filter(move |entry| (entry.change > Fen::ZERO) == is_income)
        };
        let moved = sum(of_side().map(|entry| entry.change));
        (of_side().count(), moved)
    };
    let ((in_count, income), (out_count, expense)) = (side(true), side(false));
    let sums = [
        entries.len().to_string(),
        in_count.to_string(),
        sum([income, sheet.skew]).yuan(),
        out_count.to_string(),
        negative(expense).yuan(),
    ];
    let rows = entries.iter().map(|entry| row(&flow_cells(sheet, entry)));
    file(FLOW, rows.collect(), FLOW_SUMMARY, &sums)
}

fn flow_cells(sheet: &Sheet<'_>, entry: &Entry<'_>) -> [String; 11] {
    let of_line = |text: fn(&Line) -> &str| entry.line.map(text).unwrap_or_default();
    let trade_no = of_line(|line| &line.trade_no);
    let applicant = format!("{}API", sheet.holder.account);
    let (number, name, applicant, note, voucher) = match entry.kind {
        EntryKind::Payment => (trade_no, "交易", "system", String::new(), trade_no),
        EntryKind::Fee | EntryKind::FeeReturn => (
            trade_no,
            "扣除交易手续费",
            "system",
            String::new(),
            trade_no,
        ),
        EntryKind::Refund => {
            let back = entry.line.map(|line| (line.amount.yuan(), line.fee.yuan()));
            let (amount, fee) = back.unwrap_or_default();
            (
                of_line(|line| &line.refund_id),
                "退款",
                applicant.as_str(),
                format!("退款总金额{amount}元;含手续费{fee}元"),
                of_line(|line| {
                    if line.refund_no.is_empty() {
                        &line.refund_id
                    } else {
                        &line.refund_no
                    }
                }),
            )
        }
        EntryKind::Reserve if entry.change > Fen::ZERO => ("", "解冻", "system", String::new(), ""),
        EntryKind::Reserve => ("", "冻结", "system", String::new(), ""),
        EntryKind::Withdrawal => {
            let number = entry.payout.as_deref().unwrap_or_default();
            (number, "提现", applicant.as_str(), String::new(), number)
        }
    };
    let (way, moved) = if entry.change > Fen::ZERO {
        ("收入", entry.change)
    } else {
        ("支出", negative(entry.change))
    };
    [
        alipay_time(entry.at_ms),
        number.to_owned(),
        format!("10099{:014}", entry.number),
        name.to_owned(),
        name.to_owned(),
        way.to_owned(),
        moved.yuan(),
        entry.balance.yuan(),
        applicant.to_owned(),
        note,
        voucher.to_owned(),
    ]
}
