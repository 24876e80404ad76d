//! Three weeks of payouts: what each account owes by the day, what came to the bank, and what does not fit.

use crate::draw::Draw;
use crate::plant::{Code, moved, next};
use crate::world::{Channel, Exception, RATES, fee_of};
use jiff::civil::{Date, Weekday};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days before the day that is compared.
const DAYS_BEFORE: i64 = 19;

/// A day of an account.
#[derive(Clone, Debug, Serialize)]
pub struct DayTotals {
    /// The channel's day.
    pub day: i32,
    /// Payments.
    pub payments: u64,
    /// Their sum.
    pub paid: i64,
    /// Refunds.
    pub refunds: u64,
    /// Their sum.
    pub refunded: i64,
    /// Fees.
    pub fee: i64,
    /// Held back (negative) or released.
    pub reserve: i64,
}

impl DayTotals {
    fn net(&self) -> i64 {
        self.paid - self.refunded - self.fee + self.reserve
    }
}

/// A payout that the fund flow lists.
#[derive(Clone, Debug, Serialize)]
pub struct SentPayout {
    /// The channel's number.
    pub number: String,
    /// The day.
    pub day: i32,
    /// How much.
    pub amount: i64,
}

/// What one account owes, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Settling {
    /// The account.
    pub account: String,
    /// Names under which its money comes.
    pub names: Vec<String>,
    /// The merchant's numbers.
    pub merchants: Vec<String>,
    /// Its days.
    pub days: Vec<DayTotals>,
    /// What its fund flow lists.
    pub sent: Vec<SentPayout>,
    /// The bank's number of each movement that is a payout, and its last day.
    pub came: Vec<(u64, i32)>,
}

/// A movement of the bank.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) id: u64,
    pub(crate) booked: Date,
    pub(crate) amount: i64,
    pub(crate) payer: String,
    pub(crate) text: String,
}

/// What is wanted of the payouts of the day and of the next.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Wishes {
    pub(crate) day: Option<Code>,
    pub(crate) next_day: Option<Code>,
}

pub(crate) struct Settled {
    pub(crate) settling: Settling,
    pub(crate) movements: Vec<Movement>,
    pub(crate) expected: Vec<Exception>,
}

/// Weekends apart, banks work.
pub(crate) fn next_working_day(date: Date) -> Date {
    let mut date = date;
    loop {
        let Ok(next) = date.tomorrow() else {
            return date;
        };
        date = next;
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return date;
        }
    }
}

fn names(channel: Channel) -> [&'static str; 2] {
    match channel {
        Channel::Alipay => [
            "支付宝(中国)网络技术有限公司",
            "ALIPAY CHINA NETWORK TECHNOLOGY",
        ],
        Channel::Wechatpay => ["财付通支付科技有限公司", "TENPAY PAYMENT TECHNOLOGY"],
    }
}

fn merchant(channel: Channel) -> &'static str {
    match channel {
        Channel::Alipay => "2088021109625633",
        Channel::Wechatpay => crate::wechatpay::MERCHANT,
    }
}

/// Three weeks of an account; `known` are the sums of the day that is compared.
pub(crate) fn settle(
    channel: Channel,
    known: DayTotals,
    wishes: Wishes,
    is_latin: bool,
    draw: &mut Draw,
    first_id: u64,
) -> Settled {
    let day = known.day;
    let mut days: Vec<DayTotals> = (1..=DAYS_BEFORE)
        .map(|back| random_day(moved(day, back - DAYS_BEFORE - 1), draw))
        .collect();
    days.push(known);
    days.push(random_day(next(day), draw));
    let mut groups: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (at, totals) in days.iter().enumerate() {
        let expected = next_working_day(crate::files::date(totals.day));
        groups.entry(expected).or_default().push(at);
    }
    let mut settled = Settled {
        settling: Settling {
            account: channel.name().to_owned(),
            names: names(channel).map(str::to_owned).to_vec(),
            merchants: vec![merchant(channel).to_owned()],
            days: days.clone(),
            sent: Vec::new(),
            came: Vec::new(),
        },
        movements: Vec::new(),
        expected: Vec::new(),
    };
    let [chinese, latin] = names(channel);
    let payer = if is_latin { latin } else { chinese };
    for (n, (expected, group)) in (0_u64..).zip(groups) {
        let its: Vec<&DayTotals> = group.iter().filter_map(|at| days.get(*at)).collect();
        let (Some(first), Some(last)) = (its.first(), its.last()) else {
            continue;
        };
        let asked = match last.day {
            it if it == day => wishes.day,
            it if it == next(day) => wishes.next_day,
            _ => None,
        };
        let fate = match (n, asked) {
            (_, Some(code)) => Some(code),
            (0 | 3, None) => Some(Code::PayoutShort),
            (1 | 4, None) => Some(Code::PayoutOver),
            _ => None,
        };
        let net: i64 = its.iter().map(|totals| totals.net()).sum();
        let more = fate.map_or(0, |code| unexplained(code, &its, &days, draw));
        // One in the middle never comes; something else of its amount does.
        let is_lost = n == 2 && asked.is_none();
        let id = first_id + n;
        let (payer, words) = if is_lost {
            ("GUEST TRADING", "GOODS".to_owned())
        } else {
            let days = (first.day, last.day);
            let sent = &mut settled.settling.sent;
            (payer, words(channel, days, sent, net, n, is_latin))
        };
        settled.movements.push(Movement {
            id,
            booked: expected,
            amount: net + more,
            payer: payer.to_owned(),
            text: format!("BK{id:06} {words}"),
        });
        if is_lost {
            continue;
        }
        settled.settling.came.push((id, last.day));
        if let Some(code) = fate {
            settled.expected.push(Exception {
                account: channel.name().to_owned(),
                code: code.name().to_owned(),
                reference: last.day.to_string(),
                amount: Some(more),
            });
        }
    }
    settled
}

/// A difference that no addition explains: more than any rounding, no fee and no refund.
fn unexplained(code: Code, its: &[&DayTotals], days: &[DayTotals], draw: &mut Draw) -> i64 {
    let fees: i64 = its.iter().map(|totals| totals.fee).sum();
    let lines: u64 = (its.iter())
        .map(|totals| totals.payments + totals.refunds)
        .sum();
    let last = its.last().map_or(0, |totals| totals.day);
    let later = days.iter().find(|totals| totals.day > last);
    let later = later.map_or(0, |totals| totals.refunded);
    let mut more = draw.between(1, 9_000) + i64::try_from(lines).unwrap_or(0);
    while more == fees || more == later {
        more += 1;
    }
    match code {
        Code::PayoutShort => -more,
        _ => more,
    }
}

/// Alipay's payouts have a number of their own, WeChat Pay's name merchant and days.
fn words(
    channel: Channel,
    (first, last): (i32, i32),
    sent: &mut Vec<SentPayout>,
    net: i64,
    n: u64,
    is_latin: bool,
) -> String {
    match channel {
        Channel::Alipay => {
            let number = format!("{last}0004100{n:05}");
            sent.push(SentPayout {
                number: number.clone(),
                day: last,
                amount: net,
            });
            format!("{} {number}", if is_latin { "WITHDRAWAL" } else { "提现" })
        }
        Channel::Wechatpay => {
            let merchant = merchant(channel);
            let word = if is_latin { "SETTLEMENT" } else { "结算" };
            format!("{word} {merchant} {first}-{last}")
        }
    }
}

fn random_day(day: i32, draw: &mut Draw) -> DayTotals {
    let payments = draw.between(20, 400);
    let paid = payments * draw.between(2_000, 9_000) + draw.between(0, 99);
    let refunds = draw.between(0, 9);
    let refunded = refunds * draw.between(100, 2_000);
    let reserve = if draw.happens(15) {
        draw.between(-9_000, 9_000)
    } else {
        0
    };
    DayTotals {
        day,
        payments: payments.unsigned_abs(),
        paid,
        refunds: refunds.unsigned_abs(),
        refunded,
        fee: fee_of(paid, RATES[0]) - fee_of(refunded, RATES[0]),
        reserve,
    }
}
