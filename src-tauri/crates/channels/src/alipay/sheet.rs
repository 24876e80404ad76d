//! Reading Alipay's bill files: GBK, marks around the list, TAB after identifiers, totals behind it.
//! Lines are decoded one by one, where a look at their bytes is not enough; the file is never held.

use crate::{
    AccountSettings, BillEnd, BillFault, Brief, FlowLine, FlowTotals, Span,
    wire::{
        bill::{Each, Row, add, cut_off, disagrees, one_more, positive},
        stream::{Cells, Line, Stream, is_plain_gbk},
        table::{Column, Header, fine},
    },
};
use encoding_rs::GB18030;
use paydesk_domain::{
    BillKind, BillLine, ChannelDay, Currency, LineKind, LineState, Money, Totals,
};
use std::borrow::Cow;

/// Titles and marks stand within so many lines.
const LEAD_LINES_MAX: usize = 40;
/// Behind the merchant's 16 digits the account of a bill has four more.
const SELLER_DIGITS: usize = 16;

fn decoded(row: u64, line: &[u8]) -> Result<Cow<'_, str>, BillFault> {
    GB18030
        .decode_without_bom_handling_and_without_replacement(line)
        .ok_or(BillFault::Encoding(row))
}

/// What stands in front of the list.
struct Lead {
    account: String,
    day: ChannelDay,
}

/// Which bill it is, and of which day.
pub(super) fn recognise(lines: &mut Stream<'_>) -> Result<(BillKind, ChannelDay), BillFault> {
    let kind = first_line(lines)?;
    let lead = read_lead(lines)?;
    Ok((kind, lead.day))
}

fn first_line(lines: &mut Stream<'_>) -> Result<BillKind, BillFault> {
    let line = lines.next_line()?.ok_or(BillFault::Truncated)?;
    if let Ok(text) = std::str::from_utf8(line.bytes) {
        // The same words in another encoding: saved again by some tool.
        if text.starts_with("#支付宝") {
            return Err(BillFault::Encoding(line.row));
        }
        if !text.starts_with('#') {
            return Err(BillFault::WrongChannel);
        }
    }
    let text = decoded(line.row, line.bytes).map_err(|_| BillFault::WrongChannel)?;
    match text.trim_end_matches([',', '\t', ' ']) {
        "#支付宝业务明细查询" => return Ok(BillKind::Trade),
        "#支付宝账务明细查询" => return Ok(BillKind::FundFlow),
        "#支付宝业务汇总查询" | "#支付宝账务汇总查询" => {
            return Err(BillFault::WrongKind);
        }
        cut if !"#支付宝业务明细查询".starts_with(cut) => return Err(BillFault::WrongChannel),
        _ => {}
    }
    Err(match lines.is_at_end() {
        true => BillFault::Truncated,
        false => BillFault::WrongChannel,
    })
}

/// Reads to the mark of the list.
fn read_lead(lines: &mut Stream<'_>) -> Result<Lead, BillFault> {
    let (mut account, mut day) = (None, None);
    for _ in 0..LEAD_LINES_MAX {
        let Some(line) = lines.next_line()? else {
            break;
        };
        let line = decoded(line.row, line.bytes)?;
        if line.starts_with("#账号") {
            account = bracketed(&line).next().map(str::to_owned);
        }
        if line.starts_with("#起始日期") {
            let mut days = bracketed(&line).map(chinese_day);
            let from = days.next().flatten();
            let to = days.next().flatten();
            // A file of a month is not the bill of a day.
            if to.is_some() && to != from && to != from.and_then(ChannelDay::next) {
                return Err(BillFault::WrongKind);
            }
            day = from;
        }
        if is_mark(&line) {
            let (Some(account), Some(day)) = (account, day) else {
                return Err(BillFault::WrongChannel);
            };
            return Ok(Lead { account, day });
        }
    }
    Err(BillFault::Truncated)
}

fn is_mark(line: &str) -> bool {
    line.starts_with("#-") && line.contains("列表") && !line.contains("列表结束")
}

fn is_end(line: &str) -> bool {
    line.starts_with("#-") && line.contains("列表结束")
}

/// What stands in brackets.
fn bracketed(line: &str) -> impl Iterator<Item = &str> {
    line.split('[')
        .skip(1)
        .filter_map(|part| part.split_once(']'))
        .map(|(inside, _)| inside.trim())
}

/// `2024年11月26日 00:00:00`.
fn chinese_day(text: &str) -> Option<ChannelDay> {
    let (year, rest) = text.split_once('年')?;
    let (month, rest) = rest.split_once('月')?;
    let (day, _) = rest.split_once('日')?;
    let number = |text: &str| text.parse::<u16>().ok().map(i32::from);
    let day = ChannelDay(number(year)? * 10_000 + number(month)? * 100 + number(day)?);
    day.date().map(|_| day)
}

/// The list between its marks, line by line; then what follows it.
struct List<'s> {
    lines: Stream<'s>,
    day: ChannelDay,
    titles: u64,
    header: Header,
}

impl<'s> List<'s> {
    fn open(
        mut lines: Stream<'s>,
        kind: BillKind,
        account: Option<&AccountSettings>,
        column: fn(&str) -> Column,
    ) -> Result<List<'s>, BillFault> {
        let found = first_line(&mut lines)?;
        let lead = read_lead(&mut lines)?;
        if found != kind {
            return Err(BillFault::WrongKind);
        }
        let seller = account.map_or("", |account| account.field("seller_id"));
        let said = lead.account.get(..SELLER_DIGITS).unwrap_or(&lead.account);
        if !seller.is_empty() && said != seller {
            return Err(BillFault::WrongMerchant);
        }
        let line = lines.next_line()?.ok_or(BillFault::Truncated)?;
        let titles = line.row;
        let header = Header::read(&decoded(titles, line.bytes)?, column);
        Ok(List {
            lines,
            day: lead.day,
            titles,
            header,
        })
    }

    fn place(&mut self, titles: &[&str]) -> Result<usize, BillFault> {
        let missing = || BillFault::Cell {
            row: self.titles,
            column: titles.first().copied().unwrap_or_default().to_owned(),
        };
        let found = self.header.place(titles).ok_or_else(missing);
        found.map_err(|fault| cut_off(fault, &mut self.lines))
    }

    /// Hands out every line of a row up to the end mark.
    fn rows(
        &mut self,
        each: &mut dyn FnMut(Line<'_>, &Header) -> Result<(), BillFault>,
    ) -> Result<(), BillFault> {
        while let Some(line) = self.lines.next_line()? {
            let is_row = line
                .bytes
                .first()
                .is_some_and(|byte| byte.is_ascii_alphanumeric());
            let mut read = || -> Result<bool, BillFault> {
                if !is_row {
                    let text = decoded(line.row, line.bytes)?;
                    if text.starts_with('#') {
                        return Ok(is_end(&text));
                    }
                    if text.trim().is_empty() {
                        return Ok(false);
                    }
                }
                each(line, &self.header).map(|()| false)
            };
            if read().map_err(|fault| cut_off(fault, &mut self.lines))? {
                return Ok(());
            }
        }
        Err(BillFault::Truncated)
    }

    /// The lines of totals behind the list; nothing else may stand there.
    fn totals(&mut self) -> Result<Vec<String>, BillFault> {
        let mut found = Vec::new();
        while let Some(line) = self.lines.next_line()? {
            let row = line.row;
            let line = decoded(row, line.bytes)?;
            let line = line.trim_end_matches([',', '\t', ' ']);
            if line.is_empty() {
                continue;
            }
            if line.starts_with('#') && (line.contains("列表") || line.contains("明细查询")) {
                return Err(BillFault::Doubled(row));
            }
            if !line.starts_with('#') || found.len() > LEAD_LINES_MAX {
                return Err(BillFault::GoesOn(row));
            }
            if line.contains("合计") {
                found.push(line.to_owned());
            }
        }
        Ok(found)
    }
}

/// Decodes a row and reads it as strictly as every column asks.
fn with_row<T>(
    line: Line<'_>,
    header: &Header,
    read: impl FnOnce(&Row<'_>) -> Result<T, BillFault>,
) -> Result<T, BillFault> {
    let text = decoded(line.row, line.bytes)?;
    let cells = header.cells(&text, ",").ok_or_else(|| BillFault::Cell {
        row: line.row,
        column: header.title(0).to_owned(),
    })?;
    read(&Row {
        number: line.row,
        cells,
        header,
    })
}

/// The number behind `word` in a line of totals.
fn said(line: &str, word: &str) -> Option<i64> {
    let (_, rest) = line.split_once(word)?;
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-')))
        .unwrap_or(rest.len());
    fine(rest.get(..end)?)
}

/// Compares one line of totals: how many, and named sums in hundred-thousandths.
fn compare(
    totals: &[String],
    title: &str,
    count: u64,
    sums: &[(&str, i64)],
) -> Result<(), BillFault> {
    let line = totals
        .iter()
        .find(|line| line.trim_start_matches('#').starts_with(title));
    let line = line.ok_or(BillFault::Truncated)?;
    let told = said(line, "：").or_else(|| said(line, ":"));
    let found = i64::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(100_000));
    if told.is_none() || told != found {
        return Err(disagrees(title, line, count));
    }
    for (word, sum) in sums {
        match said(line, word) {
            Some(told) if told == *sum => {}
            Some(told) => return Err(disagrees(word, told, sum)),
            None => return Err(BillFault::Truncated),
        }
    }
    Ok(())
}

fn trade_column(title: &str) -> Column {
    match title {
        "支付宝交易号" | "商户订单号" | "退款批次号/请求号" => Column::Name,
        "创建时间" | "完成时间" => Column::Moment,
        "订单金额"
        | "商家实收"
        | "支付宝红包"
        | "集分宝"
        | "支付宝优惠"
        | "商家优惠"
        | "券核销金额"
        | "商家红包消费金额"
        | "卡消费金额"
        | "服务费"
        | "分润" => Column::Amount,
        _ => Column::Text,
    }
}

/// Sums of one kind of line, as the file writes them.
#[derive(Default)]
struct Sums {
    count: u64,
    received: i64,
    discount: i64,
}

fn overflow() -> BillFault {
    BillFault::Totals("the sum is beyond any bill".to_owned())
}

/// `交易` and `退款`.
const PAYMENT_IN_GBK: &[u8] = &[0xbd, 0xbb, 0xd2, 0xd7];
const REFUND_IN_GBK: &[u8] = &[0xcd, 0xcb, 0xbf, 0xee];

/// What is added up while the rows of a trade bill are read.
struct Adding {
    totals: Totals,
    lines: u64,
    paid: Sums,
    refunded: Sums,
}

impl Adding {
    fn add(&mut self, line: &Brief<'_>, received: i64, discount: i64) -> Result<(), BillFault> {
        let sums = match line.kind {
            LineKind::Payment => &mut self.paid,
            LineKind::Refund => &mut self.refunded,
        };
        one_more(&mut self.lines)?;
        sums.count += 1;
        sums.received = sums.received.checked_add(received).ok_or_else(overflow)?;
        sums.discount = sums.discount.checked_add(discount).ok_or_else(overflow)?;
        add(&mut self.totals, line).map_err(|_| overflow())
    }
}

/// Reads a trade bill.
pub(super) fn read(
    lines: Stream<'_>,
    account: &AccountSettings,
    mut each: Each<'_>,
) -> Result<BillEnd, BillFault> {
    let mut list = List::open(lines, BillKind::Trade, Some(account), trade_column)?;
    let places = Places::find(&mut list)?;
    let mut adding = Adding {
        totals: Totals::zero(Currency::CNY),
        lines: 0,
        paid: Sums::default(),
        refunded: Sums::default(),
    };
    let mut cells = Cells::default();
    list.rows(&mut |line, header| {
        if let Each::Brief(each) = &mut each
            && cells.cut_at_commas(line.bytes) == header.width()
            && is_plain_gbk(line.bytes)
            && let Some((brief, received, discount)) = places.brief(line, &cells)
        {
            adding.add(&brief, received, discount)?;
            return each(brief);
        }
        let (read, received, discount) = with_row(line, header, |row| {
            let read = places.line(row)?;
            Ok((
                read,
                row.fine(Some(places.received))?,
                row.fine(places.discount)?,
            ))
        })?;
        adding.add(&Brief::of(&read, line.offset), received, discount)?;
        each.whole(read, line.offset)
    })?;
    let said = list.totals()?;
    let with_discount = |sums: &Sums, received, discount| {
        let mut named = vec![(received, sums.received)];
        if places.discount.is_some() {
            named.push((discount, sums.discount));
        }
        named
    };
    let (paid, refunded) = (&adding.paid, &adding.refunded);
    let named = with_discount(paid, "商家实收共", "商家优惠共");
    compare(&said, "交易合计", paid.count, &named)?;
    let named = with_discount(refunded, "商家实收退款共", "商家优惠退款共");
    compare(&said, "退款合计", refunded.count, &named)?;
    Ok(BillEnd {
        day: Some(list.day),
        content_sha256: list.lines.content_sha256().unwrap_or_default(),
        totals: adding.totals,
    })
}

/// Reads some lines of a trade bill again.
pub(super) fn lines_at(
    lines: Stream<'_>,
    spans: &mut dyn Iterator<Item = Span>,
    each: &mut dyn FnMut(BillLine),
) -> Result<(), BillFault> {
    let mut list = List::open(lines, BillKind::Trade, None, trade_column)?;
    let places = Places::find(&mut list)?;
    for span in spans {
        list.lines.go_to(span.row, span.offset)?;
        let mut left = span.lines;
        while left > 0 {
            let line = list.lines.next_line()?.ok_or(BillFault::Truncated)?;
            match line.bytes.trim_ascii_start().first() {
                None => continue,
                // The mark behind the last line, or one between them.
                Some(b'#') if is_end(&decoded(line.row, line.bytes)?) => return Ok(()),
                Some(b'#') => continue,
                Some(_) => each(with_row(line, &list.header, |row| places.line(row))?),
            }
            left -= 1;
        }
    }
    Ok(())
}

/// Where the cells of a trade stand.
struct Places {
    transaction: usize,
    payment: usize,
    kind: usize,
    at: usize,
    amount: usize,
    received: usize,
    discount: Option<usize>,
    refund: Option<usize>,
    fee: usize,
}

impl Places {
    fn find(list: &mut List<'_>) -> Result<Places, BillFault> {
        Ok(Places {
            transaction: list.place(&["支付宝交易号"])?,
            payment: list.place(&["商户订单号"])?,
            kind: list.place(&["业务类型"])?,
            at: list.place(&["完成时间"])?,
            amount: list.place(&["订单金额"])?,
            received: list.place(&["商家实收"])?,
            discount: list.header.place(&["商家优惠"]),
            refund: list.header.place(&["退款批次号/请求号"]),
            fee: list.place(&["服务费"])?,
        })
    }

    /// The same as [`Places::line`] says, of a row where every cell is as the channel writes it; `None` where one is
    /// not. With it what the payer paid and what was given as a discount.
    fn brief<'l>(&self, line: Line<'l>, cells: &Cells) -> Option<(Brief<'l>, i64, i64)> {
        let bytes = line.bytes;
        let kind = match cells.get(bytes, self.kind) {
            PAYMENT_IN_GBK => LineKind::Payment,
            REFUND_IN_GBK => LineKind::Refund,
            _ => return None,
        };
        cells.word(bytes, self.transaction)?;
        let payment = cells.reference(bytes, self.payment)?;
        let signed = cells.fine(bytes, self.amount)?;
        let fee = cells.fine(bytes, self.fee)?;
        if signed % 1000 != 0 || fee % 1000 != 0 {
            return None;
        }
        let (minor, reference) = match kind {
            LineKind::Payment => (signed / 1000, payment),
            LineKind::Refund => (-(signed / 1000), cells.reference(bytes, self.refund?)?),
        };
        let brief = Brief {
            row: line.row,
            offset: line.offset,
            kind,
            reference,
            amount: positive(minor, Currency::CNY)?,
            fee: Money::from_minor(-(fee / 1000), Currency::CNY),
            at: cells.moment(bytes, self.at)?,
            state: LineState::Done,
        };
        let received = cells.fine(bytes, self.received)?;
        Some((brief, received, cells.fine_or_none(bytes, self.discount)?))
    }

    fn line(&self, row: &Row<'_>) -> Result<BillLine, BillFault> {
        let kind = match row.text(Some(self.kind)) {
            "交易" => LineKind::Payment,
            "退款" => LineKind::Refund,
            _ => return Err(row.fault(self.kind)),
        };
        let signed = row.minor(Some(self.amount))?;
        let (minor, refund) = match kind {
            LineKind::Payment => (signed, ""),
            LineKind::Refund => (signed.saturating_neg(), row.text(self.refund)),
        };
        let transaction = row.text(Some(self.transaction));
        if transaction.is_empty() {
            return Err(row.fault(self.transaction));
        }
        // The file writes a cost as negative.
        let fee = row.minor(Some(self.fee))?.saturating_neg();
        Ok(BillLine {
            row: row.number,
            kind,
            payment: row.text(Some(self.payment)).to_owned(),
            refund: refund.to_owned(),
            transaction: transaction.to_owned(),
            amount: positive(minor, Currency::CNY).ok_or_else(|| row.fault(self.amount))?,
            fee: Money::from_minor(fee, Currency::CNY),
            at: row.moment(self.at)?,
            state: LineState::Done,
        })
    }
}

fn flow_column(title: &str) -> Column {
    match title {
        "账务流水号" | "业务流水号" | "商户订单号" => Column::Name,
        "发生时间" => Column::Moment,
        "收入金额" | "支出金额" | "账户余额" => Column::Amount,
        _ => Column::Text,
    }
}

/// Reads a fund-flow bill.
pub(super) fn read_flow(
    lines: Stream<'_>,
    account: &AccountSettings,
    each: &mut dyn FnMut(FlowLine),
) -> Result<FlowTotals, BillFault> {
    let mut list = List::open(lines, BillKind::FundFlow, Some(account), flow_column)?;
    let (entry, at) = (list.place(&["账务流水号"])?, list.place(&["发生时间"])?);
    let (income, expense) = (list.place(&["收入金额"])?, list.place(&["支出金额"])?);
    let balance = list.place(&["账户余额"])?;
    let optional = |title: &str| list.header.place(&[title]);
    let (business, payment) = (optional("业务流水号"), optional("商户订单号"));
    let (name, note) = (optional("业务类型"), optional("备注"));
    let (mut incomes, mut came, mut expenses, mut went) = (0_u64, 0_i64, 0_u64, 0_i64);
    let mut count = 0;
    let mut movement = |row: &Row<'_>| {
        one_more(&mut count)?;
        let inwards = row.minor(Some(income))?;
        // An expense is written as negative, or without a sign.
        let outwards = row.minor(Some(expense))?.saturating_abs();
        if inwards != 0 || outwards == 0 {
            incomes += 1;
            came = came.checked_add(inwards).ok_or_else(overflow)?;
        }
        if outwards != 0 {
            expenses += 1;
            went = went.checked_add(outwards).ok_or_else(overflow)?;
        }
        let money = |minor| Money::from_minor(minor, Currency::CNY);
        each(FlowLine {
            row: row.number,
            entry: row.text(Some(entry)).to_owned(),
            business: row.text(business).to_owned(),
            reference: row.text(payment).to_owned(),
            name: row.text(name).to_owned(),
            change: money(inwards.checked_sub(outwards).ok_or_else(overflow)?),
            balance: money(row.minor(Some(balance))?),
            at: row.moment(at)?,
            note: row.text(note).to_owned(),
        });
        Ok(())
    };
    list.rows(&mut |line, header| with_row(line, header, &mut movement))?;
    let said = list.totals()?;
    let fine = |minor: i64| minor.checked_mul(1000).ok_or_else(overflow);
    compare(&said, "收入合计", incomes, &[("，共", fine(came)?)])?;
    let signed = fine(went)?;
    let written_plain = compare(&said, "支出合计", expenses, &[("，共", signed)]);
    written_plain.or_else(|_| compare(&said, "支出合计", expenses, &[("，共", -signed)]))?;
    let money = |minor| Money::from_minor(minor, Currency::CNY);
    Ok(FlowTotals {
        incomes,
        income: money(came),
        expenses,
        expense: money(went),
    })
}
