//! The rows of both sides, as plain numbers, and what is wrong with them.

use crate::draw::Draw;
use crate::reference;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A second and a day in milliseconds.
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// Whose bill.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    /// GBK in a zip.
    Alipay,
    /// UTF-8 with back-ticks.
    Wechatpay,
}

impl Channel {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Channel::Alipay => "alipay",
            Channel::Wechatpay => "wechatpay",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Payment,
    Refund,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Done,
    Failed,
    Pending,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "failed",
            State::Pending => "pending",
        }
    }
}

/// One line of a bill.
#[derive(Clone, Debug)]
pub(crate) struct BillRow {
    pub(crate) kind: Kind,
    pub(crate) payment: String,
    pub(crate) refund: String,
    pub(crate) transaction: String,
    pub(crate) amount: i64,
    /// What the channel keeps; negative where it gives back.
    pub(crate) fee: i64,
    pub(crate) at: i64,
    pub(crate) state: State,
    pub(crate) subject: String,
}

impl BillRow {
    pub(crate) fn reference(&self) -> &str {
        match self.kind {
            Kind::Payment => &self.payment,
            Kind::Refund => &self.refund,
        }
    }
}

/// One line of our books.
#[derive(Clone, Debug)]
pub struct BookRow {
    pub(crate) kind: Kind,
    pub(crate) payment: String,
    pub(crate) refund: String,
    pub(crate) transaction: Option<String>,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    pub(crate) currency: &'static str,
    pub(crate) at: i64,
    pub(crate) day: i32,
    pub(crate) state: State,
}

impl BookRow {
    pub(crate) fn reference(&self) -> &str {
        match self.kind {
            Kind::Payment => &self.payment,
            Kind::Refund => &self.refund,
        }
    }

    /// As one line of a file.
    #[must_use]
    pub fn json(&self) -> Value {
        let money = |minor: i64| json!({ "minor": minor.to_string(), "currency": self.currency });
        json!({
            "kind": match self.kind { Kind::Payment => "payment", Kind::Refund => "refund" },
            "payment": self.payment,
            "refund": self.refund,
            "transaction": self.transaction,
            "amount": money(self.amount),
            "fee": money(self.fee),
            "at": self.at,
            "day": self.day,
            "state": self.state.name(),
        })
    }
}

/// Something that is wrong: what must be found, and nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Exception {
    /// Whose day.
    pub account: String,
    /// Its code.
    pub code: String,
    /// Our reference; the bill's where there is none of ours; a payout's last day.
    pub reference: String,
    /// In minor units; none where two currencies cannot be subtracted.
    pub amount: Option<i64>,
}

/// One channel's days.
pub(crate) struct World {
    pub(crate) channel: Channel,
    pub(crate) day: i32,
    pub(crate) starts: i64,
    pub(crate) draw: Draw,
    pub(crate) bills: BTreeMap<i32, Vec<BillRow>>,
    pub(crate) books: Vec<BookRow>,
    pub(crate) expected: Vec<Exception>,
    pub(crate) audited: Vec<Exception>,
    place: u32,
    serial: u64,
}

/// In millionths: before the day, and from it on.
pub(crate) const RATES: [u32; 2] = [6_000, 3_800];

/// Half up.
pub(crate) fn fee_of(amount: i64, rate: u32) -> i64 {
    let exact = i128::from(amount) * i128::from(rate);
    i64::try_from((exact + 500_000) / 1_000_000).unwrap_or(0)
}

impl World {
    pub(crate) fn new(channel: Channel, day: i32, starts: i64, seed: u64) -> World {
        World {
            channel,
            day,
            starts,
            draw: Draw::new(seed),
            bills: BTreeMap::from([(day, Vec::new())]),
            books: Vec::new(),
            expected: Vec::new(),
            audited: Vec::new(),
            place: 0,
            serial: 0,
        }
    }

    pub(crate) fn next_order(&mut self) -> String {
        self.place += 1;
        reference::order("7K2M", self.day, self.place)
    }

    /// A number of the channel, used once.
    pub(crate) fn transaction(&mut self) -> String {
        self.serial += 1;
        match self.channel {
            Channel::Alipay => format!("{}2200140000{:010}", self.day, self.serial),
            Channel::Wechatpay => format!("4200000920{}{:010}", self.day, self.serial),
        }
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn amount(&mut self) -> i64 {
        if self.draw.happens(80) {
            self.draw.between(100, 20_000)
        } else {
            self.draw.between(1, 1_000_000)
        }
    }

    fn subject(&mut self) -> String {
        const NAMES: [&str; 8] = [
            "拿铁咖啡大杯",
            "茶叶 250g",
            "会员充值",
            "T-shirt, blue",
            "6\" 披萨",
            "`特价`面包",
            "鲜花",
            "墒情仪",
        ];
        self.draw
            .one_of(&NAMES)
            .copied()
            .unwrap_or("商品")
            .to_owned()
    }

    /// A payment on which both sides agree.
    pub(crate) fn payment(&mut self, order: &str, attempt: u32) -> (BillRow, BookRow) {
        // Two seconds at each end stay free, so that only what is moved lies on another day.
        let at = self.starts + self.draw.between(2, 86_397) * SECOND;
        let bill = BillRow {
            kind: Kind::Payment,
            payment: reference::attempt(order, attempt),
            refund: String::new(),
            transaction: self.transaction(),
            amount: self.amount(),
            fee: 0,
            at,
            state: State::Done,
            subject: self.subject(),
        };
        self.agreeing(bill)
    }

    /// A refund on which both sides agree, of a payment that is there.
    pub(crate) fn refund(&mut self, of: &BillRow, n: u32) -> (BillRow, BookRow) {
        let amount = self.draw.between(1, of.amount.max(1));
        let bill = BillRow {
            kind: Kind::Refund,
            refund: reference::refund(&of.payment, n),
            amount,
            at: self.starts + self.draw.between(2, 86_397) * SECOND,
            ..of.clone()
        };
        self.agreeing(bill)
    }

    fn agreeing(&self, mut bill: BillRow) -> (BillRow, BookRow) {
        let fee = self.contract(bill.amount);
        bill.fee = if bill.kind == Kind::Refund { -fee } else { fee };
        let book = BookRow {
            kind: bill.kind,
            payment: bill.payment.clone(),
            refund: bill.refund.clone(),
            transaction: Some(bill.transaction.clone()),
            amount: bill.amount,
            fee: bill.fee,
            currency: "CNY",
            at: bill.at + 137,
            day: self.day,
            state: State::Done,
        };
        (bill, book)
    }

    /// The contract's fee on the day.
    pub(crate) fn contract(&self, amount: i64) -> i64 {
        fee_of(amount, RATES[1])
    }

    pub(crate) fn put_bill(&mut self, bill: BillRow) {
        let day = self.day;
        self.put_bill_on(day, bill);
    }

    pub(crate) fn put_bill_on(&mut self, day: i32, bill: BillRow) {
        if day == self.day && bill.state == State::Done {
            let contract = self.contract(bill.amount);
            let contract = if bill.kind == Kind::Refund {
                -contract
            } else {
                contract
            };
            let more = bill.fee - contract;
            if more != 0 {
                let code = if more > 0 {
                    "overcharged"
                } else {
                    "undercharged"
                };
                let account = self.channel.name().to_owned();
                self.audited.push(Exception {
                    account,
                    code: code.to_owned(),
                    reference: bill.reference().to_owned(),
                    amount: Some(more.abs()),
                });
            }
        }
        self.bills.entry(day).or_default().push(bill);
    }

    pub(crate) fn expect(&mut self, code: &str, reference: &str, amount: Option<i64>) {
        self.expected.push(Exception {
            account: self.channel.name().to_owned(),
            code: code.to_owned(),
            reference: reference.to_owned(),
            amount,
        });
    }
}
