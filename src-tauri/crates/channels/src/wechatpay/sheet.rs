//! Reading WeChat Pay's bill files: UTF-8, a back-tick before every cell, sums in the last line.
//! Lines are read one by one; the file is never copied.
//!
//! Fees are written with five decimals. A line's fee is rounded to whole fen, half away from zero, and the
//! total is the sum of those; the file's own total is compared with the exact sum.

use crate::{
    AccountSettings, BillFault, BillText, FlowLine, FlowTotals,
    wire::{
        bill::{Row, add, cut_off, disagrees, one_more, positive},
        table::{Column, Header, Lines, fine, to_fen},
        time::from_china_cell,
    },
};
use encoding_rs::GB18030;
use jiff::tz::Offset;
use paydesk_domain::{
    BillKind, BillLine, ChannelDay, Currency, LineKind, LineState, Money, Timestamp, Totals,
};

/// Sums of a trade bill and the columns they are of; older files have other titles.
const TRADE_SUMS: &[(&str, &str)] = &[
    ("应结订单总金额", "应结订单金额"),
    ("退款总金额", "退款金额"),
    ("充值券退款总金额", "充值券退款金额"),
    ("手续费总金额", "手续费"),
    ("订单总金额", "订单金额"),
    ("申请退款总金额", "申请退款金额"),
    ("总交易额", "总金额"),
    ("总退款金额", "退款金额"),
    ("总代金券或立减优惠退款金额", "代金券或立减优惠退款金额"),
];

fn decoded(row: u64, line: &[u8]) -> Result<&str, BillFault> {
    std::str::from_utf8(line).map_err(|_| BillFault::Encoding(row))
}

fn kind_of(titles: &str) -> Option<BillKind> {
    match titles
        .split(',')
        .next()
        .map(|cell| cell.trim_matches(['`', '"', ' ']))
    {
        Some("交易时间") => Some(BillKind::Trade),
        Some("记账时间") => Some(BillKind::FundFlow),
        _ => None,
    }
}

/// Which bill it is, and the day of its first line: the file itself names none.
pub(super) fn recognise(bytes: &[u8]) -> Result<(BillKind, Option<ChannelDay>), BillFault> {
    // UTF-16, as spreadsheets save it.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(BillFault::Encoding(1));
    }
    let mut lines = Lines::new(bytes);
    let kind = first_line(&mut lines)?;
    let first = lines.next();
    let day = first
        .and_then(|(row, line)| decoded(row, line).ok())
        .and_then(|line| line.strip_prefix('`'))
        .and_then(|line| line.split(",`").next())
        .and_then(from_china_cell)
        .map(day_of);
    Ok((kind, day))
}

fn first_line(lines: &mut Lines<'_>) -> Result<BillKind, BillFault> {
    let (row, line) = lines.next().ok_or(BillFault::Truncated)?;
    match std::str::from_utf8(line) {
        Ok(text) => match kind_of(text) {
            Some(kind) => Ok(kind),
            None if !text.is_empty() && "交易时间".starts_with(text) && lines.is_at_end() => {
                Err(BillFault::Truncated)
            }
            None => Err(BillFault::WrongChannel),
        },
        Err(_) => {
            let other = GB18030.decode_without_bom_handling_and_without_replacement(line);
            match other.as_deref().and_then(kind_of) {
                Some(_) => Err(BillFault::Encoding(row)),
                None => Err(BillFault::WrongChannel),
            }
        }
    }
}

fn day_of(at: Timestamp) -> ChannelDay {
    ChannelDay::from_date(Offset::constant(8).to_datetime(at.to_jiff()).date())
}

/// The rows of a file up to its sums.
struct List<'a> {
    lines: Lines<'a>,
    titles: u64,
    header: Header,
}

impl<'a> List<'a> {
    fn open(text: &'a BillText, column: fn(&str) -> Column) -> Result<List<'a>, BillFault> {
        let mut lines = Lines::new(&text.bytes);
        first_line(&mut lines)?;
        let mut lines = Lines::new(&text.bytes);
        let (row, titles) = lines.next().ok_or(BillFault::Truncated)?;
        let header = Header::read(decoded(row, titles)?, column);
        Ok(List {
            lines,
            titles: row,
            header,
        })
    }

    fn place(&self, titles: &[&str]) -> Result<usize, BillFault> {
        let missing = || BillFault::Cell {
            row: self.titles,
            column: titles.first().copied().unwrap_or_default().to_owned(),
        };
        let found = self.header.place(titles).ok_or_else(missing);
        found.map_err(|fault| cut_off(fault, &self.lines))
    }

    /// Hands out every row, and answers the sums with their titles.
    fn rows(
        mut self,
        first_sum: &str,
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), BillFault>,
    ) -> Result<Sums, BillFault> {
        while let Some((number, line)) = self.lines.next() {
            let mut read = || -> Result<Option<&str>, BillFault> {
                let line = decoded(number, line)?;
                let Some(cells) = line.strip_prefix('`') else {
                    return Ok(Some(line));
                };
                let header = &self.header;
                let cells = header.cells(cells, ",`").ok_or_else(|| BillFault::Cell {
                    row: number,
                    column: header.title(0).to_owned(),
                })?;
                each(&Row {
                    number,
                    cells,
                    header,
                })?;
                Ok(None)
            };
            match read().map_err(|fault| cut_off(fault, &self.lines))? {
                None => {}
                Some(line) if line.trim().is_empty() => {}
                Some(line) if line.starts_with(first_sum) => return self.sums(line),
                Some(_) if self.lines.is_at_end() => return Err(BillFault::Truncated),
                // Titles once more: another file was put behind this one.
                Some(line) if kind_of(line).is_some() => return Err(BillFault::Doubled(number)),
                Some(_) => {
                    return Err(BillFault::Cell {
                        row: number,
                        column: self.header.title(0).to_owned(),
                    });
                }
            }
        }
        Err(BillFault::Truncated)
    }

    fn sums(mut self, titles: &str) -> Result<Sums, BillFault> {
        let (row, values) = self.lines.next().ok_or(BillFault::Truncated)?;
        let values = decoded(row, values).map_err(|fault| cut_off(fault, &self.lines))?;
        let values = values.strip_prefix('`').ok_or(BillFault::Truncated)?;
        let header = Header::read(titles, |_| Column::Text);
        let cells = header.cells(values, ",`").ok_or(BillFault::Truncated)?;
        let cells = cells
            .into_iter()
            .map(|cell| cell.trim().to_owned())
            .collect();
        if let Some((row, line)) = self.lines.find(|(_, line)| !line.trim_ascii().is_empty()) {
            let titles = decoded(row, line).map(|line| line.trim_start_matches('\u{feff}'));
            return Err(match titles.ok().and_then(kind_of) {
                Some(_) => BillFault::Doubled(row),
                None => BillFault::GoesOn(row),
            });
        }
        Ok(Sums { header, cells })
    }
}

/// The last two lines of a file.
struct Sums {
    header: Header,
    cells: Vec<String>,
}

impl Sums {
    /// Compares one sum, where the file has it. A last line that was cut in a number disagrees.
    fn compare(&self, title: &str, found: i64) -> Result<bool, BillFault> {
        let Some(at) = self.header.place(&[title]) else {
            return Ok(false);
        };
        let said = self.cells.get(at).map_or("", String::as_str);
        if fine(said) == Some(found) {
            Ok(true)
        } else {
            Err(disagrees(title, said, found))
        }
    }

    /// Compares how many; a file without that number has no end.
    fn count(&self, title: &str, found: u64) -> Result<(), BillFault> {
        let found = i64::try_from(found)
            .ok()
            .and_then(|count| count.checked_mul(100_000));
        match self.compare(title, found.ok_or_else(overflow)?)? {
            true => Ok(()),
            false => Err(BillFault::Truncated),
        }
    }
}

fn overflow() -> BillFault {
    BillFault::Totals("the sum is beyond any bill".to_owned())
}

fn trade_column(title: &str) -> Column {
    match title {
        "交易时间" | "退款申请时间" | "退款成功时间" => Column::Moment,
        "公众账号ID" | "商户号" | "特约商户号" | "微信订单号" | "商户订单号" | "用户标识"
        | "交易类型" | "交易状态" | "货币种类" | "微信退款单号" | "商户退款单号" | "退款类型"
        | "退款状态" => Column::Name,
        "应结订单金额"
        | "代金券金额"
        | "退款金额"
        | "充值券退款金额"
        | "手续费"
        | "订单金额"
        | "申请退款金额"
        | "总金额"
        | "代金券或立减优惠金额"
        | "代金券或立减优惠退款金额" => Column::Amount,
        _ => Column::Text,
    }
}

/// Where the cells of a trade stand.
struct Places {
    at: usize,
    refunded_at: Option<usize>,
    merchant: usize,
    transaction: usize,
    payment: usize,
    state: usize,
    currency: Option<usize>,
    amount: Option<usize>,
    refund: Option<usize>,
    refund_amount: Option<usize>,
    refund_state: Option<usize>,
    fee: usize,
}

impl Places {
    fn find(list: &List<'_>) -> Result<Places, BillFault> {
        let optional = |titles: &[&str]| list.header.place(titles);
        Ok(Places {
            at: list.place(&["交易时间"])?,
            refunded_at: optional(&["退款成功时间"]),
            merchant: list.place(&["商户号"])?,
            transaction: list.place(&["微信订单号"])?,
            payment: list.place(&["商户订单号"])?,
            state: list.place(&["交易状态"])?,
            currency: optional(&["货币种类"]),
            // What was ordered and what was asked back; older files have one column for each.
            amount: optional(&["订单金额", "总金额"]),
            refund: optional(&["商户退款单号"]),
            refund_amount: optional(&["申请退款金额", "退款金额"]),
            refund_state: optional(&["退款状态"]),
            fee: list.place(&["手续费"])?,
        })
    }

    fn line(&self, row: &Row<'_>) -> Result<BillLine, BillFault> {
        let kind = match row.text(Some(self.state)) {
            "SUCCESS" => LineKind::Payment,
            // A reversal gives back a payment that had come through.
            "REFUND" | "REVOKED" => LineKind::Refund,
            _ => return Err(row.fault(self.state)),
        };
        if self.currency.is_some() && row.text(self.currency) != "CNY" {
            return Err(row.fault(self.currency.unwrap_or_default()));
        }
        let transaction = row.text(Some(self.transaction));
        if transaction.is_empty() {
            return Err(row.fault(self.transaction));
        }
        let (amount, refund, state, at) = match kind {
            LineKind::Payment => (self.amount, "", LineState::Done, row.moment(self.at)?),
            LineKind::Refund => {
                // Without a number of ours the file writes zero.
                let number = Some(row.text(self.refund)).filter(|number| *number != "0");
                let done = self
                    .refunded_at
                    .filter(|at| !row.text(Some(*at)).is_empty());
                let at = row.moment(done.unwrap_or(self.at))?;
                (
                    self.refund_amount,
                    number.unwrap_or_default(),
                    self.refund_state(row)?,
                    at,
                )
            }
        };
        let place = amount.ok_or_else(|| row.fault(self.state))?;
        let minor = row.minor(Some(place))?;
        Ok(BillLine {
            row: row.number,
            kind,
            payment: row.text(Some(self.payment)).to_owned(),
            refund: refund.to_owned(),
            transaction: transaction.to_owned(),
            amount: positive(minor, Currency::CNY).ok_or_else(|| row.fault(place))?,
            fee: to_fen(row.fine(Some(self.fee))?),
            at,
            state,
        })
    }

    fn refund_state(&self, row: &Row<'_>) -> Result<LineState, BillFault> {
        Ok(match row.text(self.refund_state) {
            // Reversals carry no state of their own.
            "SUCCESS" | "" => LineState::Done,
            "PROCESSING" => LineState::Pending,
            // Changed: the payer's account could not take it, the money lies with the merchant again.
            "FAIL" | "CHANGE" => LineState::Failed,
            _ => return Err(row.fault(self.refund_state.unwrap_or_default())),
        })
    }
}

/// Reads a trade bill.
pub(super) fn read(
    text: &BillText,
    account: &AccountSettings,
    each: &mut dyn FnMut(BillLine),
) -> Result<Totals, BillFault> {
    let list = List::open(text, trade_column)?;
    let places = Places::find(&list)?;
    let mchid = account.field("mchid");
    let mut totals = Totals::zero(Currency::CNY);
    let mut count = 0_u64;
    let mut sums: Vec<(&str, Option<usize>, i64)> = TRADE_SUMS
        .iter()
        .map(|(title, column)| (*title, list.header.place(&[column]), 0))
        .collect();
    let said = list.rows("总交易单数", &mut |row| {
        if !mchid.is_empty() && row.text(Some(places.merchant)) != mchid {
            return Err(BillFault::WrongMerchant);
        }
        let line = places.line(row)?;
        one_more(&mut count)?;
        for (_, at, sum) in &mut sums {
            *sum = sum.checked_add(row.fine(*at)?).ok_or_else(overflow)?;
        }
        add(&mut totals, &line).map_err(|_| overflow())?;
        each(line);
        Ok(())
    })?;
    said.count("总交易单数", count)?;
    // A file of payments alone has sums of refunds, all nothing; one of another age has other titles.
    for (title, _, sum) in sums {
        said.compare(title, sum)?;
    }
    Ok(totals)
}

fn flow_column(title: &str) -> Column {
    match title {
        "记账时间" => Column::Moment,
        "微信支付业务单号" | "资金流水单号" | "业务凭证号" => Column::Name,
        "收支金额" | "账户结余" => Column::Amount,
        _ => Column::Text,
    }
}

/// Reads a fund-flow bill. It names no merchant.
pub(super) fn read_flow(
    text: &BillText,
    _account: &AccountSettings,
    each: &mut dyn FnMut(FlowLine),
) -> Result<FlowTotals, BillFault> {
    let list = List::open(text, flow_column)?;
    let (at, entry) = (list.place(&["记账时间"])?, list.place(&["资金流水单号"])?);
    let (way, amount) = (list.place(&["收支类型"])?, list.place(&["收支金额"])?);
    let optional = |title: &str| list.header.place(&[title]);
    let (business, name) = (optional("微信支付业务单号"), optional("业务类型"));
    let (voucher, note) = (optional("业务凭证号"), optional("备注"));
    let balance = optional("账户结余");
    let (mut incomes, mut came, mut expenses, mut went) = (0_u64, 0_i64, 0_u64, 0_i64);
    let mut lines = 0;
    let said = list.rows("资金流水总笔数", &mut |row| {
        one_more(&mut lines)?;
        let moved = row.minor(Some(amount))?;
        let (count, sum, change) = match row.text(Some(way)) {
            "收入" => (&mut incomes, &mut came, moved),
            "支出" => (&mut expenses, &mut went, moved.saturating_neg()),
            _ => return Err(row.fault(way)),
        };
        *count += 1;
        *sum = sum.checked_add(moved).ok_or_else(overflow)?;
        let money = |minor| Money::from_minor(minor, Currency::CNY);
        each(FlowLine {
            row: row.number,
            entry: row.text(Some(entry)).to_owned(),
            business: row.text(business).to_owned(),
            reference: row.text(voucher).to_owned(),
            name: row.text(name).to_owned(),
            change: money(change),
            balance: money(row.minor(balance)?),
            at: row.moment(at)?,
            note: row.text(note).to_owned(),
        });
        Ok(())
    })?;
    let fine = |minor: i64| minor.checked_mul(1000).ok_or_else(overflow);
    said.count("资金流水总笔数", incomes + expenses)?;
    said.count("收入笔数", incomes)?;
    said.count("支出笔数", expenses)?;
    if !said.compare("收入金额", fine(came)?)? || !said.compare("支出金额", fine(went)?)? {
        return Err(BillFault::Truncated);
    }
    let money = |minor| Money::from_minor(minor, Currency::CNY);
    Ok(FlowTotals {
        incomes,
        income: money(came),
        expenses,
        expense: money(went),
    })
}
