//! The merchant's bank: what each channel pays out of what was really traded, and the bank's statements of it.
//!
//! Banks work from Monday to Friday here. What was traded on a day is paid on the next working day, in one sum with
//! the days since the last: what stands on Friday, Saturday and Sunday comes on Monday. A large sum comes in parts that
//! name the same payout. What the channel holds back is not in it until it is released. It knows no planted
//! difference: the channel's bill may be wrong, its money is not.

use super::{
    bill_day, gbk,
    lines::{self, LineKind, less, negative, sum},
};
use crate::clock::day_text;
use crate::ledger::{Channel, Currency, Fen, Ledger};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was on the account before the first payout.
const OPENING: Fen = Fen::new(5_000_000);

/// What goes to the bank in one movement at most: a larger payout comes in parts.
const PART_MAX: Fen = Fen::new(60_000);

/// What the bank takes for the account at the first working day of a month.
const ACCOUNT_FEE: Fen = Fen::new(1_000);

const ACCOUNT: &str = "6222000188880000421";

const HOLDER: &str = "演示店";

/// How the bank writes a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// A table in GB18030.
    Csv,
    /// ISO 20022.
    Camt053,
}

/// The merchant's numbers at the channels, as references name them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payee<'a> {
    pub(crate) alipay: &'a str,
    pub(crate) unionpay: &'a str,
    pub(crate) wechatpay: &'a str,
}

/// One movement of the bank account.
struct Movement {
    day: i64,
    change: Fen,
    balance: Fen,
    from: &'static str,
    number: String,
    text: String,
}

/// Monday is nought; 1 January 1970 was a Thursday.
fn weekday(day: i64) -> i64 {
    day.saturating_add(3).rem_euclid(7)
}

fn is_working(day: i64) -> bool {
    weekday(day) < 5
}

/// The working day after a day.
fn paid_on(day: i64) -> i64 {
    let mut next = day.saturating_add(1);
    while !is_working(next) {
        next = next.saturating_add(1);
    }
    next
}

fn payer(channel: Channel) -> &'static str {
    match channel {
        Channel::Alipay => "支付宝（中国）网络技术有限公司",
        // Coins stay in the merchant's own wallet.
        Channel::Btcpay => "",
        Channel::Stripe => "STRIPE",
        Channel::Unionpay => "中国银联股份有限公司",
        Channel::Wechatpay => "财付通支付科技有限公司",
    }
}

/// A payout of a channel to the bank.
pub(super) struct Payout {
    pub(super) paid_on: i64,
    /// The channel's number, which its fund flow names too.
    pub(super) number: String,
    /// First and last day of trade in it.
    days: (i64, i64),
    pub(super) sum: Fen,
}

/// What is left of each day's trade: takings less refunds less fees, and less what the channel holds back.
fn left_of_days(ledger: &Ledger, channel: Channel) -> BTreeMap<i64, Fen> {
    let mut days: BTreeMap<i64, Vec<Fen>> = BTreeMap::new();
    for line in lines::true_lines(ledger, channel) {
        let left = less(line.amount, line.fee);
        let change = match line.kind {
            LineKind::Payment => left,
            LineKind::Refund | LineKind::Reversal => negative(left),
        };
        days.entry(bill_day(channel, line.at_ms))
            .or_default()
            .push(change);
    }
    let reserves = ledger.reserves().iter();
    for reserve in reserves.filter(|it| (it.channel, it.currency) == (channel, Currency::CNY)) {
        let of_day = days.entry(bill_day(channel, reserve.at_ms)).or_default();
        of_day.push(negative(reserve.held));
    }
    days.into_iter()
        .map(|(day, changes)| (day, sum(changes)))
        .collect()
}

/// Payouts of a channel until a day. What would be negative waits for more.
pub(super) fn payouts(ledger: &Ledger, channel: Channel, until: i64) -> Vec<Payout> {
    let mut payouts: Vec<Payout> = Vec::new();
    let mut waiting: Option<(i64, i64, Fen)> = None;
    let days = left_of_days(ledger, channel);
    let all: Vec<(i64, Fen)> = days.into_iter().collect();
    for (at, (day, left)) in all.iter().enumerate() {
        let (first, sum) = waiting.map_or((*day, *left), |(first, _, before)| {
            (first, lines::sum([before, *left]))
        });
        waiting = Some((first, *day, sum));
        let goes_on = all
            .get(at + 1)
            .is_some_and(|(next, _)| paid_on(*next) == paid_on(*day));
        let paid_on = paid_on(*day);
        if !goes_on && sum > Fen::ZERO && paid_on <= until {
            let channel = match channel {
                Channel::Alipay => 1,
                Channel::Wechatpay => 2,
                Channel::Unionpay => 3,
                Channel::Stripe => 4,
                Channel::Btcpay => 5,
            };
            let date = day_text(paid_on).replace('-', "");
            payouts.push(Payout {
                paid_on,
                number: format!("{date}{channel}{:011}", payouts.len() + 1),
                days: (first, *day),
                sum,
            });
            waiting = None;
        }
    }
    payouts
}

/// The parts in which a sum comes to the bank.
fn parts(sum: Fen) -> Vec<Fen> {
    let mut parts = Vec::new();
    let mut left = sum;
    while left > PART_MAX {
        parts.push(PART_MAX);
        left = less(left, PART_MAX);
    }
    parts.push(left);
    parts
}

/// Every movement until a day, in its order.
fn movements(ledger: &Ledger, payee: Payee<'_>, until: i64) -> Vec<Movement> {
    let mut all: Vec<Movement> = Vec::new();
    let mut add = |day, change, from, text: String| {
        all.push(Movement {
            day,
            change,
            balance: Fen::ZERO,
            from,
            number: String::new(),
            text,
        });
    };
    // Stripe pays out by itself, in several currencies, and to another account.
    let domestic = Channel::ALL.into_iter().filter(|it| *it != Channel::Stripe);
    for channel in domestic {
        let merchant = match channel {
            Channel::Alipay => payee.alipay,
            Channel::Btcpay | Channel::Stripe => "",
            Channel::Unionpay => payee.unionpay,
            Channel::Wechatpay => payee.wechatpay,
        };
        for payout in payouts(ledger, channel, until) {
            let (first, last) = (day_text(payout.days.0), day_text(payout.days.1));
            let days = if first == last {
                first
            } else {
                format!("{first}至{last}")
            };
            let parts = parts(payout.sum);
            for (at, part) in parts.iter().enumerate() {
                let mut text = format!("商户号{merchant} {days}结算款 单号{}", payout.number);
                if parts.len() > 1 {
                    // Writing to a String cannot fail.
                    let _always = write!(text, " 第{}笔共{}笔", at + 1, parts.len());
                }
                add(payout.paid_on, *part, payer(channel), text);
            }
        }
    }
    let first = all.iter().map(|it| it.day).min().unwrap_or(until);
    let is_month_begun = |day: &i64| {
        let month = |day: i64| day_text(day).get(..7).map(str::to_owned);
        let mut before = day.saturating_sub(1);
        while !is_working(before) {
            before = before.saturating_sub(1);
        }
        is_working(*day) && month(before) != month(*day)
    };
    for day in (first..=until).filter(is_month_begun) {
        all.push(Movement {
            day,
            change: negative(ACCOUNT_FEE),
            balance: Fen::ZERO,
            from: "",
            number: String::new(),
            text: "账户管理费".to_owned(),
        });
    }
    all.sort_by_key(|it| it.day);
    let mut balance = OPENING;
    for (at, movement) in all.iter_mut().enumerate() {
        balance = sum([balance, movement.change]);
        movement.balance = balance;
        let day = day_text(movement.day).replace('-', "");
        movement.number = format!("{day}{:06}", at + 1);
    }
    all
}

/// The statement of some days: its name and bytes. `None` when nothing happened until then.
pub(crate) fn statement(
    ledger: &Ledger,
    payee: Payee<'_>,
    form: Form,
    (from, to): (Option<i64>, i64),
) -> Option<(String, Vec<u8>)> {
    let all = movements(ledger, payee, to);
    let from = from.or_else(|| all.first().map(|it| it.day))?;
    let before = all.iter().rev().find(|it| it.day < from);
    let opening = before.map_or(OPENING, |it| it.balance);
    let of_days: Vec<&Movement> = all.iter().filter(|it| it.day >= from).collect();
    if of_days.is_empty() {
        return None;
    }
    let stem = format!("{ACCOUNT}_{}_{}", day_text(from), day_text(to)).replace('-', "");
    Some(match form {
        Form::Csv => (
            format!("{stem}.csv"),
            gbk::encode(&table(&of_days, (from, to))),
        ),
        Form::Camt053 => (
            format!("{stem}.xml"),
            camt(&of_days, opening, (from, to)).into_bytes(),
        ),
    })
}

/// As corporate online banking writes it: what comes in and what goes out in a column each.
fn table(movements: &[&Movement], (from, to): (i64, i64)) -> String {
    let mut text = format!(
        "账户明细查询\r\n账号：{ACCOUNT},户名：{HOLDER},币种：人民币\r\n起止日期：{}至{}\r\n",
        day_text(from),
        day_text(to)
    );
    text.push_str("记账日期,收入金额,支出金额,余额,对方户名,流水号,摘要\r\n");
    for it in movements {
        let (money_in, money_out) = if it.change < Fen::ZERO {
            (String::new(), negative(it.change).yuan())
        } else {
            (it.change.yuan(), String::new())
        };
        let row = [
            &day_text(it.day),
            &money_in,
            &money_out,
            &it.balance.yuan(),
            it.from,
            &it.number,
            it.text.as_str(),
        ];
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

fn camt(movements: &[&Movement], opening: Fen, (from, to): (i64, i64)) -> String {
    let closing = movements.last().map_or(opening, |it| it.balance);
    let sign = |amount: Fen| {
        if amount < Fen::ZERO {
            ("DBIT", negative(amount).yuan())
        } else {
            ("CRDT", amount.yuan())
        }
    };
    let balance = |kind: &str, amount: Fen, day: i64| {
        let (way, amount) = sign(amount);
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>{}</Dt></Dt></Bal>\n",
            day_text(day)
        )
    };
    let (first, last) = (day_text(from), day_text(to));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><GrpHdr><MsgId>DEMO-{last}</MsgId><CreDtTm>{last}T23:59:59</CreDtTm></GrpHdr>\n<Stmt><Id>{first}-{last}</Id><CreDtTm>{last}T23:59:59</CreDtTm><FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>CNY</Ccy><Ownr><Nm>{HOLDER}</Nm></Ownr></Acct>\n"
    );
    text += &balance("OPBD", opening, from);
    text += &balance("CLBD", closing, to);
    for it in movements {
        let (way, amount) = sign(it.change);
        let day = day_text(it.day);
        // Writing to a String cannot fail.
        let _always = writeln!(
            text,
            "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>{}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            it.number, it.from, it.text
        );
    }
    text + "</Stmt></BkToCstmrStmt></Document>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::read_day;

    #[test]
    fn a_large_payout_comes_in_parts_that_add_up() {
        for (sum, count) in [(59_999, 1), (60_000, 1), (60_001, 2), (180_500, 4)] {
            let parts = parts(Fen::new(sum));
            assert_eq!(parts.len(), count, "{sum}");
            assert_eq!(super::sum(parts), Fen::new(sum));
        }
    }

    #[test]
    fn weekends_are_paid_together_on_monday() {
        for (day, paid) in [
            ("2026-11-19", "2026-11-20"),
            ("2026-11-20", "2026-11-23"),
            ("2026-11-21", "2026-11-23"),
            ("2026-11-22", "2026-11-23"),
            ("2026-11-23", "2026-11-24"),
        ] {
            assert_eq!(read_day(day).map(paid_on), read_day(paid), "{day}");
        }
    }
}
