//! What a bill lists: payments and refunds as lines, and the movements of the account with them.
//!
//! It decides day, fee and balance, never a layout.

use super::{bank::payouts, plants};
use crate::clock::day_start_ms;
use crate::ledger::{
    Channel, Charge, Currency, Fen, Kind, Ledger, Origin, Refund, RefundCause, RefundState, Trade,
    UnionpayTerms,
};

pub(super) const DAY_MS: i64 = 86_400_000;

/// What a line is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LineKind {
    Payment,
    Refund,
    /// A paid trade given back whole by cancel or reverse.
    Reversal,
}

/// The payer as bills show one, masked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payer {
    pub(super) name: &'static str,
    pub(super) logon: &'static str,
}

/// Everybody in the sandbox is this customer on paper.
const CUSTOMER: Payer = Payer {
    name: "*客",
    logon: "159****5620",
};

/// One line of a trade bill.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) kind: LineKind,
    pub(super) out_trade_no: String,
    pub(super) trade_no: String,
    pub(super) subject: String,
    pub(super) attach: Option<String>,
    pub(super) origin: Origin,
    pub(super) paid_by: Kind,
    pub(super) payer: Payer,
    pub(super) created_ms: i64,
    /// When the channel took a refund on; of a payment, when it was made.
    pub(super) accepted_ms: i64,
    /// When the money moved: the day of the line.
    pub(super) at_ms: i64,
    pub(super) amount: Fen,
    /// What the channel keeps, or gives back with a refund; never negative.
    pub(super) fee: Fen,
    /// In millionths.
    pub(super) rate: u32,
    pub(super) refund_no: String,
    pub(super) refund_id: String,
    pub(super) reason: Option<String>,
    pub(super) refund_state: RefundState,
    /// What the line's own transaction was asked with (UnionPay).
    pub(super) unionpay: Option<UnionpayTerms>,
}

impl Line {
    pub(super) fn is_payment(&self) -> bool {
        self.kind == LineKind::Payment
    }

    /// The same line at another time.
    pub(super) fn move_by(&mut self, by_ms: i64) {
        self.created_ms = self.created_ms.saturating_add(by_ms);
        self.accepted_ms = self.accepted_ms.saturating_add(by_ms);
        self.at_ms = self.at_ms.saturating_add(by_ms);
    }
}

/// Half up, to whole fen; an amount of 10^10 fen times a million fits.
pub(super) fn fee_of(amount: Fen, rate: u32) -> Fen {
    let product = amount.get().saturating_mul(i64::from(rate));
    Fen::new(product.saturating_add(500_000).div_euclid(1_000_000))
}

/// Sums stay far below the range, as everywhere in the ledger.
pub(super) fn sum(amounts: impl IntoIterator<Item = Fen>) -> Fen {
    Fen::sum(amounts).unwrap_or(Fen::ZERO)
}

pub(super) fn less(amount: Fen, other: Fen) -> Fen {
    amount.minus(other).unwrap_or(Fen::ZERO)
}

pub(super) fn negative(amount: Fen) -> Fen {
    less(Fen::ZERO, amount)
}

/// Every line of a channel in the order of its time, as the bill shows it.
pub(super) fn of_channel(ledger: &Ledger, channel: Channel) -> Vec<Line> {
    let mut lines = plants::change(true_lines(ledger, channel), ledger, channel);
    lines.sort_by_key(|line| line.at_ms);
    lines
}

/// Every line of a channel as it really was.
pub(super) fn true_lines(ledger: &Ledger, channel: Channel) -> Vec<Line> {
    ledger
        .trades()
        .filter(|trade| trade.key.channel == channel)
        .flat_map(of_trade)
        .collect()
}

/// The lines of one trade: its charge, and every refund whose money left the merchant for good.
fn of_trade(trade: &Trade) -> Vec<Line> {
    let mut lines: Vec<Line> = trade
        .charges
        .iter()
        .map(|charge| payment(trade, charge))
        .collect();
    let mut fee_left = sum(lines.iter().map(|line| line.fee));
    for refund in &trade.refunds {
        let has_left = matches!(refund.state, RefundState::Success | RefundState::Abnormal);
        if let Some(at_ms) = refund.settled_ms.filter(|_| has_left) {
            // What rounding made too much in the parts is not given back twice.
            let fee = fee_of(refund.amount, trade.fee_rate).min(fee_left);
            fee_left = less(fee_left, fee);
            lines.push(refund_line(trade, refund, fee, at_ms));
        }
    }
    lines
}

fn payment(trade: &Trade, charge: &Charge) -> Line {
    Line {
        kind: LineKind::Payment,
        out_trade_no: trade.key.out_trade_no.clone(),
        trade_no: trade.trade_no.clone(),
        subject: trade.subject.clone(),
        attach: trade.attach.clone(),
        origin: trade.origin.clone(),
        paid_by: trade.kind,
        payer: CUSTOMER,
        created_ms: trade.created_ms,
        accepted_ms: charge.at_ms,
        at_ms: charge.at_ms,
        amount: charge.amount,
        fee: fee_of(charge.amount, trade.fee_rate),
        rate: trade.fee_rate,
        refund_no: String::new(),
        refund_id: String::new(),
        reason: None,
        refund_state: RefundState::Success,
        unionpay: trade.unionpay.clone(),
    }
}

fn refund_line(trade: &Trade, refund: &Refund, fee: Fen, at_ms: i64) -> Line {
    let charge = Charge {
        at_ms,
        amount: refund.amount,
    };
    Line {
        kind: match refund.cause {
            RefundCause::Dispute | RefundCause::Refund => LineKind::Refund,
            RefundCause::Reversal => LineKind::Reversal,
        },
        accepted_ms: refund.accepted_ms,
        fee,
        refund_no: refund.refund_no.clone(),
        refund_id: refund.refund_id.clone(),
        reason: refund.reason.clone(),
        refund_state: refund.state,
        unionpay: refund.unionpay.clone(),
        ..payment(trade, &charge)
    }
}

/// Why the account moved.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum EntryKind {
    Payment,
    Fee,
    Refund,
    FeeReturn,
    /// Held back: what is released comes in.
    Reserve,
    Withdrawal,
}

/// One movement of the merchant's account.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: EntryKind,
    pub(super) at_ms: i64,
    /// Positive comes in.
    pub(super) change: Fen,
    pub(super) balance: Fen,
    /// Counts all movements of the account from one.
    pub(super) number: u64,
    /// The payment or refund behind it.
    pub(super) line: Option<&'a Line>,
    /// The channel's number of a payout to the bank.
    pub(super) payout: Option<String>,
}

/// A payout leaves the account at two in the night of its day.
const PAYOUT_MS: i64 = 2 * 3_600_000;

/// Every movement that the lines, reserves, payouts and withdrawals make, with the balance after it.
pub(super) fn entries<'a>(lines: &'a [Line], ledger: &Ledger, channel: Channel) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'_>> = lines
        .iter()
        .flat_map(|line| movements(line, channel))
        .collect();
    let taken = ledger.withdrawals().iter();
    for withdrawal in taken.filter(|it| (it.channel, it.currency) == (channel, Currency::CNY)) {
        entries.push(entry(
            EntryKind::Withdrawal,
            withdrawal.at_ms,
            negative(withdrawal.amount),
            None,
        ));
    }
    let reserves = ledger.reserves().iter();
    for reserve in reserves.filter(|it| (it.channel, it.currency) == (channel, Currency::CNY)) {
        let change = negative(reserve.held);
        entries.push(entry(EntryKind::Reserve, reserve.at_ms, change, None));
    }
    for payout in payouts(ledger, channel, i64::MAX) {
        let at_ms = day_start_ms(payout.paid_on).saturating_add(PAYOUT_MS);
        entries.push(Entry {
            payout: Some(payout.number),
            ..entry(EntryKind::Withdrawal, at_ms, negative(payout.sum), None)
        });
    }
    entries.sort_by_key(|entry| entry.at_ms);
    let (mut balance, mut number) = (Fen::ZERO, 0_u64);
    for entry in &mut entries {
        balance = sum([balance, entry.change]);
        number = number.saturating_add(1);
        (entry.balance, entry.number) = (balance, number);
    }
    entries
}

/// A refund of WeChat Pay or UnionPay is one movement less the fee that comes back with it.
fn movements(line: &Line, channel: Channel) -> Vec<Entry<'_>> {
    let of = |kind, change| entry(kind, line.at_ms, change, Some(line));
    let mut entries = match (line.is_payment(), channel) {
        (true, _) => vec![
            of(EntryKind::Payment, line.amount),
            of(EntryKind::Fee, negative(line.fee)),
        ],
        (false, Channel::Alipay) => vec![
            of(EntryKind::Refund, negative(line.amount)),
            of(EntryKind::FeeReturn, line.fee),
        ],
        (false, Channel::Btcpay | Channel::Stripe | Channel::Unionpay | Channel::Wechatpay) => {
            vec![of(EntryKind::Refund, less(line.fee, line.amount))]
        }
    };
    entries.retain(|entry| entry.change != Fen::ZERO);
    entries
}

fn entry(kind: EntryKind, at_ms: i64, change: Fen, line: Option<&Line>) -> Entry<'_> {
    Entry {
        kind,
        at_ms,
        change,
        balance: Fen::ZERO,
        number: 0,
        line,
        payout: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_half_up() {
        for (fen, rate, fee) in [
            (8888, 6_000, 53),
            (1000, 6_000, 6),
            (2000, 6_000, 12),
            (83, 6_000, 0),
            (84, 6_000, 1),
            (250, 6_000, 2),
            (10_000, 3_850, 39),
            (100, 0, 0),
        ] {
            assert_eq!(
                fee_of(Fen::new(fen), rate),
                Fen::new(fee),
                "{fen} at {rate}"
            );
        }
    }
}
