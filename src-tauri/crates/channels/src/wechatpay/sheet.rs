//! Reading WeChat Pay's bill files: UTF-8, a back-tick before every cell, sums in the last line.
//! Lines are read one by one; the file is never copied.
//!
//! Fees are written with five decimals. A line's fee is rounded to whole fen, half away from zero, and the
//! total is the sum of those; the file's own total is compared with the exact sum.

use crate::{
    AccountSettings, BillEnd, BillFault, Brief, FlowLine, FlowTotals, Span,
    wire::{
        bill::{Each, Row, add, cut_off, disagrees, one_more, positive},
        stream::{Cells, Line, Stream},
        table::{Column, Header, fine, to_fen},
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
pub(super) fn recognise(
    lines: &mut Stream<'_>,
) -> Result<(BillKind, Option<ChannelDay>), BillFault> {
    let kind = first_line(lines)?.0;
    let day = lines.next_line()?.and_then(|line| day_of_line(line.bytes));
    Ok((kind, day))
}

fn day_of_line(line: &[u8]) -> Option<ChannelDay> {
    let cells = std::str::from_utf8(line).ok()?.strip_prefix('`')?;
    from_china_cell(cells.split(",`").next()?).map(day_of)
}

/// Which bill it is, with its titles.
fn first_line(lines: &mut Stream<'_>) -> Result<(BillKind, String), BillFault> {
    let line = lines.next_line()?.ok_or(BillFault::Truncated)?;
    let (row, bytes) = (line.row, line.bytes);
    // UTF-16, as spreadsheets save it.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(BillFault::Encoding(1));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        let other = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
        return match other.as_deref().and_then(kind_of) {
            Some(_) => Err(BillFault::Encoding(row)),
            None => Err(BillFault::WrongChannel),
        };
    };
    match kind_of(text) {
        Some(kind) => Ok((kind, text.to_owned())),
        None => {
            let is_cut = !text.is_empty() && "交易时间".starts_with(text);
            if is_cut && lines.is_at_end() {
                return Err(BillFault::Truncated);
            }
            Err(BillFault::WrongChannel)
        }
    }
}

fn day_of(at: Timestamp) -> ChannelDay {
    ChannelDay::from_date(Offset::constant(8).to_datetime(at.to_jiff()).date())
}

/// The rows of a file up to its sums.
struct List<'s> {
    lines: Stream<'s>,
    header: Header,
}

/// What a line of the list is.
enum Met {
    Row,
    Sums(String),
    /// The titles once more: another file was put behind this one.
    Titles,
    Strange,
}

impl<'s> List<'s> {
    fn open(
        mut lines: Stream<'s>,
        kind: BillKind,
        column: fn(&str) -> Column,
    ) -> Result<List<'s>, BillFault> {
        let (found, titles) = first_line(&mut lines)?;
        if found != kind {
            return Err(BillFault::WrongKind);
        }
        let header = Header::read(&titles, column);
        Ok(List { lines, header })
    }

    fn place(&mut self, titles: &[&str]) -> Result<usize, BillFault> {
        let missing = || BillFault::Cell {
            row: 1,
            column: titles.first().copied().unwrap_or_default().to_owned(),
        };
        let found = self.header.place(titles).ok_or_else(missing);
        found.map_err(|fault| cut_off(fault, &mut self.lines))
    }

    /// Hands out every line of a row, and answers the sums with their titles.
    fn rows(
        mut self,
        first_sum: &str,
        each: &mut dyn FnMut(Line<'_>, &Header) -> Result<(), BillFault>,
    ) -> Result<Sums<'s>, BillFault> {
        while let Some(line) = self.lines.next_line()? {
            let number = line.row;
            let met = if line.bytes.first() == Some(&b'`') {
                each(line, &self.header).map(|()| Met::Row)
            } else {
                decoded(number, line.bytes).map(|text| match text {
                    blank if blank.trim().is_empty() => Met::Row,
                    sums if sums.starts_with(first_sum) => Met::Sums(sums.to_owned()),
                    titles if kind_of(titles).is_some() => Met::Titles,
                    _ => Met::Strange,
                })
            };
            match met.map_err(|fault| cut_off(fault, &mut self.lines))? {
                Met::Row => {}
                Met::Sums(titles) => return self.sums(&titles),
                Met::Titles | Met::Strange if self.lines.is_at_end() => {
                    return Err(BillFault::Truncated);
                }
                Met::Titles => return Err(BillFault::Doubled(number)),
                Met::Strange => {
                    return Err(BillFault::Cell {
                        row: number,
                        column: self.header.title(0).to_owned(),
                    });
                }
            }
        }
        Err(BillFault::Truncated)
    }

    fn sums(mut self, titles: &str) -> Result<Sums<'s>, BillFault> {
        let line = self.lines.next_line()?.ok_or(BillFault::Truncated)?;
        let values = decoded(line.row, line.bytes).map(str::to_owned);
        let values = values.map_err(|fault| cut_off(fault, &mut self.lines))?;
        let values = values.strip_prefix('`').ok_or(BillFault::Truncated)?;
        let header = Header::read(titles, |_| Column::Text);
        let cells = header.cells(values, ",`").ok_or(BillFault::Truncated)?;
        let cells = cells
            .into_iter()
            .map(|cell| cell.trim().to_owned())
            .collect();
        while let Some(line) = self.lines.next_line()? {
            if line.bytes.trim_ascii().is_empty() {
                continue;
            }
            let titles = decoded(line.row, line.bytes);
            let titles = titles.map(|line| line.trim_start_matches('\u{feff}'));
            return Err(match titles.ok().and_then(kind_of) {
                Some(_) => BillFault::Doubled(line.row),
                None => BillFault::GoesOn(line.row),
            });
        }
        Ok(Sums {
            header,
            cells,
            lines: self.lines,
        })
    }
}

/// A row that is read as strictly as every column asks.
fn row<'r>(line: Line<'r>, header: &'r Header) -> Result<Row<'r>, BillFault> {
    let text = decoded(line.row, line.bytes)?;
    let cells = text.strip_prefix('`').unwrap_or(text);
    let cells = header.cells(cells, ",`").ok_or_else(|| BillFault::Cell {
        row: line.row,
        column: header.title(0).to_owned(),
    })?;
    Ok(Row {
        number: line.row,
        cells,
        header,
    })
}

/// The last two lines of a file.
struct Sums<'s> {
    header: Header,
    cells: Vec<String>,
    lines: Stream<'s>,
}

impl Sums<'_> {
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
    fn find(list: &mut List<'_>) -> Result<Places, BillFault> {
        let at = list.place(&["交易时间"])?;
        let merchant = list.place(&["商户号"])?;
        let transaction = list.place(&["微信订单号"])?;
        let payment = list.place(&["商户订单号"])?;
        let state = list.place(&["交易状态"])?;
        let fee = list.place(&["手续费"])?;
        let optional = |titles: &[&str]| list.header.place(titles);
        Ok(Places {
            at,
            refunded_at: optional(&["退款成功时间"]),
            merchant,
            transaction,
            payment,
            state,
            currency: optional(&["货币种类"]),
            // What was ordered and what was asked back; older files have one column for each.
            amount: optional(&["订单金额", "总金额"]),
            refund: optional(&["商户退款单号"]),
            refund_amount: optional(&["申请退款金额", "退款金额"]),
            refund_state: optional(&["退款状态"]),
            fee,
        })
    }

    /// The same as [`Places::line`] says, of a row where every cell is as the channel writes it; `None` where one is
    /// not, or is not worth a second thought here.
    fn brief<'l>(&self, line: Line<'l>, bytes: &'l [u8], cells: &Cells) -> Option<Brief<'l>> {
        let text = |at: Option<usize>| at.map_or(Some(&b""[..]), |at| cells.word(bytes, at));
        let kind = match cells.get(bytes, self.state) {
            b"SUCCESS" => LineKind::Payment,
            b"REFUND" => LineKind::Refund,
            _ => return None,
        };
        if self.currency.is_some() && text(self.currency) != Some(b"CNY") {
            return None;
        }
        cells.word(bytes, self.transaction)?;
        let payment = cells.reference(bytes, self.payment)?;
        let (amount, reference) = match kind {
            LineKind::Payment => (self.amount?, payment),
            LineKind::Refund => {
                let number = cells.reference(bytes, self.refund?)?;
                let is_done = text(self.refund_state) == Some(b"SUCCESS");
                if number == b"0" || !is_done || self.refunded_at.is_some() {
                    return None;
                }
                (self.refund_amount?, number)
            }
        };
        let minor = cells.fine(bytes, amount).filter(|fine| fine % 1000 == 0)? / 1000;
        Some(Brief {
            row: line.row,
            offset: line.offset,
            kind,
            reference,
            amount: positive(minor, Currency::CNY)?,
            fee: to_fen(cells.fine(bytes, self.fee)?),
            at: cells.moment(bytes, self.at)?,
            state: LineState::Done,
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

/// What is added up while the rows of a trade bill are read.
struct Adding {
    totals: Totals,
    count: u64,
    /// Title, column and sum so far.
    sums: Vec<(&'static str, Option<usize>, i64)>,
}

impl Adding {
    fn new(header: &Header) -> Adding {
        let sum = |(title, column): &(&'static str, &str)| (*title, header.place(&[column]), 0);
        Adding {
            totals: Totals::zero(Currency::CNY),
            count: 0,
            sums: TRADE_SUMS.iter().map(sum).collect(),
        }
    }

    fn add(
        &mut self,
        line: &Brief<'_>,
        fine: &dyn Fn(Option<usize>) -> Result<i64, BillFault>,
    ) -> Result<(), BillFault> {
        one_more(&mut self.count)?;
        for (_, at, sum) in &mut self.sums {
            *sum = sum.checked_add(fine(*at)?).ok_or_else(overflow)?;
        }
        add(&mut self.totals, line).map_err(|_| overflow())
    }

    /// Whether every sum of a row can be read at once.
    fn is_plain(&self, bytes: &[u8], cells: &Cells) -> bool {
        let mut sums = self.sums.iter();
        sums.all(|(_, at, _)| cells.fine_or_none(bytes, *at).is_some())
    }
}

/// Reads a trade bill.
pub(super) fn read(
    lines: Stream<'_>,
    account: &AccountSettings,
    mut each: Each<'_>,
) -> Result<BillEnd, BillFault> {
    let mut list = List::open(lines, BillKind::Trade, trade_column)?;
    let places = Places::find(&mut list)?;
    let mchid = account.field("mchid");
    let mut adding = Adding::new(&list.header);
    let (mut cells, mut day) = (Cells::default(), None);
    let mut said = list.rows("总交易单数", &mut |line, header| {
        if line.row == 2 {
            day = day_of_line(line.bytes);
        }
        if let Each::Brief(each) = &mut each
            && let Some(bytes) = line.bytes.strip_prefix(b"`")
            && cells.cut_at_marks(bytes) == header.width()
            && simdutf8::basic::from_utf8(line.bytes).is_ok()
            && (mchid.is_empty() || cells.get(bytes, places.merchant) == mchid.as_bytes())
            && let Some(brief) = places.brief(line, bytes, &cells)
            && adding.is_plain(bytes, &cells)
        {
            adding.add(&brief, &|at| {
                Ok(cells.fine_or_none(bytes, at).unwrap_or(0))
            })?;
            return each(brief);
        }
        let row = row(line, header)?;
        if !mchid.is_empty() && row.text(Some(places.merchant)) != mchid {
            return Err(BillFault::WrongMerchant);
        }
        let read = places.line(&row)?;
        adding.add(&Brief::of(&read, line.offset), &|at| row.fine(at))?;
        each.whole(read, line.offset)
    })?;
    said.count("总交易单数", adding.count)?;
    // A file of payments alone has sums of refunds, all nothing; one of another age has other titles.
    for (title, _, sum) in adding.sums {
        said.compare(title, sum)?;
    }
    Ok(BillEnd {
        day,
        content_sha256: said.lines.content_sha256().unwrap_or_default(),
        totals: adding.totals,
    })
}

/// Reads some lines of a trade bill again.
pub(super) fn lines_at(
    lines: Stream<'_>,
    spans: &mut dyn Iterator<Item = Span>,
    each: &mut dyn FnMut(BillLine),
) -> Result<(), BillFault> {
    let mut list = List::open(lines, BillKind::Trade, trade_column)?;
    let places = Places::find(&mut list)?;
    for span in spans {
        list.lines.go_to(span.row, span.offset)?;
        let mut left = span.lines;
        while left > 0 {
            let line = list.lines.next_line()?.ok_or(BillFault::Truncated)?;
            match line.bytes.first() {
                Some(b'`') => each(places.line(&row(line, &list.header)?)?),
                // Blank lines count as none; behind the last stand the sums.
                _ if line.bytes.trim_ascii().is_empty() => continue,
                _ => return Ok(()),
            }
            left -= 1;
        }
    }
    Ok(())
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
    lines: Stream<'_>,
    each: &mut dyn FnMut(FlowLine),
) -> Result<FlowTotals, BillFault> {
    let mut list = List::open(lines, BillKind::FundFlow, flow_column)?;
    let (at, entry) = (list.place(&["记账时间"])?, list.place(&["资金流水单号"])?);
    let (way, amount) = (list.place(&["收支类型"])?, list.place(&["收支金额"])?);
    let optional = |title: &str| list.header.place(&[title]);
    let (business, name) = (optional("微信支付业务单号"), optional("业务类型"));
    let (voucher, note) = (optional("业务凭证号"), optional("备注"));
    let balance = optional("账户结余");
    let (mut incomes, mut came, mut expenses, mut went) = (0_u64, 0_i64, 0_u64, 0_i64);
    let mut count = 0;
    let said = list.rows("资金流水总笔数", &mut |line, header| {
        let row = row(line, header)?;
        one_more(&mut count)?;
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
