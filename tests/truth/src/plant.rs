//! Each code planted on a movement of its own, or two on one order; and what that must be found as.

use crate::draw::Draw;
use crate::world::{BillRow, BookRow, Channel, DAY, Kind, SECOND, State, World};

/// What can be wrong: every code of a difference, and the two of the fee audit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "each is the code of that name")]
pub enum Code {
    MissingOurs,
    MissingChannel,
    AmountOver,
    AmountUnder,
    Status,
    Fee,
    Currency,
    DuplicateOurs,
    DuplicateChannel,
    NextDay,
    PreviousDay,
    RefundMissing,
    RefundExtra,
    ReferenceDamaged,
    Combined,
    PayoutShort,
    PayoutOver,
    Overcharged,
    Undercharged,
}

/// Every code.
pub const CODES: [Code; 19] = [
    Code::MissingOurs,
    Code::MissingChannel,
    Code::AmountOver,
    Code::AmountUnder,
    Code::Status,
    Code::Fee,
    Code::Currency,
    Code::DuplicateOurs,
    Code::DuplicateChannel,
    Code::NextDay,
    Code::PreviousDay,
    Code::RefundMissing,
    Code::RefundExtra,
    Code::ReferenceDamaged,
    Code::Combined,
    Code::PayoutShort,
    Code::PayoutOver,
    Code::Overcharged,
    Code::Undercharged,
];

/// How many pairs of two different codes there are.
pub const PAIRS: usize = CODES.len() * (CODES.len() - 1) / 2;

impl Code {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Code::MissingOurs => "missing_ours",
            Code::MissingChannel => "missing_channel",
            Code::AmountOver => "amount_over",
            Code::AmountUnder => "amount_under",
            Code::Status => "status",
            Code::Fee => "fee",
            Code::Currency => "currency",
            Code::DuplicateOurs => "duplicate_ours",
            Code::DuplicateChannel => "duplicate_channel",
            Code::NextDay => "next_day",
            Code::PreviousDay => "previous_day",
            Code::RefundMissing => "refund_missing",
            Code::RefundExtra => "refund_extra",
            Code::ReferenceDamaged => "reference_damaged",
            Code::Combined => "combined",
            Code::PayoutShort => "payout_short",
            Code::PayoutOver => "payout_over",
            Code::Overcharged => "overcharged",
            Code::Undercharged => "undercharged",
        }
    }

    pub(crate) fn is_payout(self) -> bool {
        matches!(self, Code::PayoutShort | Code::PayoutOver)
    }

    fn is_fee(self) -> bool {
        matches!(self, Code::Fee | Code::Overcharged | Code::Undercharged)
    }

    /// What may be wrong with a movement besides something else.
    fn rides_on(self, other: Code) -> bool {
        let amount = matches!(other, Code::AmountOver | Code::AmountUnder);
        match self {
            Code::Fee | Code::Overcharged | Code::Undercharged => amount,
            Code::ReferenceDamaged => {
                amount || other.is_fee() || matches!(other, Code::Status | Code::Currency)
            }
            _ => false,
        }
    }
}

/// All pairs in their order.
pub(crate) fn pair(number: usize) -> (Code, Code) {
    let mut left = number % PAIRS;
    for (at, first) in CODES.iter().enumerate() {
        let rest = CODES.len() - at - 1;
        if let (true, Some(second)) = (left < rest, CODES.get(at + 1 + left)) {
            return (*first, *second);
        }
        left = left.saturating_sub(rest);
    }
    (Code::MissingOurs, Code::MissingChannel)
}

/// Plants one code on an attempt of an order.
pub(crate) fn one(world: &mut World, code: Code, order: &str, attempt: u32) {
    match code {
        Code::MissingOurs => missing_ours(world, order, attempt),
        Code::MissingChannel => {
            let (bill, book) = world.payment(order, attempt);
            world.expect(code.name(), &bill.payment, Some(-bill.amount));
            world.books.push(book);
        }
        Code::RefundMissing | Code::RefundExtra => of_refund(world, code, order, attempt),
        Code::DuplicateOurs | Code::DuplicateChannel => twice(world, code, order, attempt),
        Code::NextDay | Code::PreviousDay => other_day(world, code, order, attempt),
        Code::Combined => combined(world, order, attempt),
        Code::PayoutShort | Code::PayoutOver => agreeing(world, order, attempt),
        Code::AmountOver
        | Code::AmountUnder
        | Code::Status
        | Code::Fee
        | Code::Currency
        | Code::ReferenceDamaged
        | Code::Overcharged
        | Code::Undercharged => on_pair(world, &[code], order, attempt),
    }
}

/// Plants two codes on one order: on one movement where both can be, else on two.
pub(crate) fn two(world: &mut World, first: Code, second: Code, order: &str) {
    let together = first.rides_on(second) || second.rides_on(first);
    if together && world.draw.happens(50) {
        on_pair(world, &[first, second], order, 1);
    } else {
        one(world, first, order, 1);
        one(world, second, order, 2);
    }
}

/// A payment, now and then with a refund: both sides agree.
pub(crate) fn agreeing(world: &mut World, order: &str, attempt: u32) {
    let (bill, book) = world.payment(order, attempt);
    if world.draw.happens(12) {
        let (back, book) = world.refund(&bill, 1);
        world.put_bill(back);
        world.books.push(book);
    }
    world.books.push(book);
    world.put_bill(bill);
}

/// A movement for a code that any kind of movement can have.
fn movement(world: &mut World, order: &str, attempt: u32) -> (BillRow, BookRow) {
    let (bill, book) = world.payment(order, attempt);
    if world.draw.happens(70) {
        return (bill, book);
    }
    let refund = world.refund(&bill, 1);
    world.put_bill(bill);
    world.books.push(book);
    refund
}

fn missing_ours(world: &mut World, order: &str, attempt: u32) {
    let (mut bill, _) = world.payment(order, attempt);
    if world.draw.happens(50) {
        bill.payment = format!("POS-2-{:08}", world.serial());
    }
    world.expect("missing_ours", &bill.payment, Some(bill.amount));
    world.put_bill(bill);
}

fn of_refund(world: &mut World, code: Code, order: &str, attempt: u32) {
    let (bill, book) = world.payment(order, attempt);
    let (mut back, back_book) = world.refund(&bill, 1);
    world.put_bill(bill);
    world.books.push(book);
    if code == Code::RefundMissing {
        world.expect(code.name(), &back.refund, Some(-back.amount));
        world.books.push(back_book);
        return;
    }
    if world.draw.happens(50) {
        back.refund = format!("BACK-{:08}", world.serial());
    }
    world.expect(code.name(), &back.refund, Some(back.amount));
    world.put_bill(back);
}

fn twice(world: &mut World, code: Code, order: &str, attempt: u32) {
    let (bill, book) = movement(world, order, attempt);
    if code == Code::DuplicateOurs {
        let mut again = book.clone();
        again.at += 900;
        world.expect(code.name(), book.reference(), Some(-book.amount));
        world.books.push(again);
    } else {
        world.expect(code.name(), bill.reference(), Some(bill.amount));
        world.put_bill(bill.clone());
    }
    world.put_bill(bill);
    world.books.push(book);
}

/// Seconds before and after midnight, on either side.
fn other_day(world: &mut World, code: Code, order: &str, attempt: u32) {
    let (mut bill, mut book) = movement(world, order, attempt);
    let (other, before, after) = match code {
        Code::NextDay => (
            next(world.day),
            world.starts + DAY - SECOND,
            world.starts + DAY + 400,
        ),
        _ => (
            previous(world.day),
            world.starts + SECOND,
            world.starts - 600,
        ),
    };
    if world.draw.happens(50) {
        // The bill has it here, we have it there.
        bill.at = before;
        (book.at, book.day) = (after, other);
        world.expect(code.name(), book.reference(), Some(bill.amount));
        world.put_bill(bill);
    } else {
        bill.at = after.div_euclid(SECOND) * SECOND;
        book.at = before;
        world.expect(code.name(), book.reference(), Some(-book.amount));
        world.put_bill_on(other, bill);
    }
    world.books.push(book);
}

pub(crate) fn next(day: i32) -> i32 {
    moved(day, 1)
}

fn previous(day: i32) -> i32 {
    moved(day, -1)
}

pub(crate) fn moved(day: i32, by: i64) -> i32 {
    let date = crate::files::date(day);
    let date = date.checked_add(jiff::Span::new().days(by)).unwrap_or(date);
    crate::files::number(date)
}

/// One line of one side is two or three of the other.
fn combined(world: &mut World, order: &str, attempt: u32) {
    let parts = world.draw.between(2, 3);
    match world.draw.between(0, 2) {
        0 => combined_on_bill(world, order, attempt, parts),
        1 => combined_in_books(world, order, attempt, parts),
        _ => combined_refunds(world, order, attempt),
    }
}

/// The bill has one payment for several of ours.
fn combined_on_bill(world: &mut World, order: &str, attempt: u32, parts: i64) {
    let (mut whole, first) = world.payment(order, attempt);
    let mut books = vec![first];
    for part in 1..parts {
        let attempt = attempt + 10 * u32::try_from(part).unwrap_or(1);
        let (_, mut other) = world.payment(order, attempt);
        other.transaction = Some(whole.transaction.clone());
        books.push(other);
    }
    whole.amount = books.iter().map(|book| book.amount).sum();
    whole.fee = world.contract(whole.amount);
    if world.draw.happens(50) {
        whole.payment = format!("ALL-{:08}", world.serial());
    }
    for (n, book) in books.into_iter().enumerate() {
        let plus = if n == 0 { whole.amount } else { 0 };
        world.expect("combined", &book.payment, Some(plus - book.amount));
        world.books.push(book);
    }
    world.put_bill(whole);
}

/// Our books have one payment, the bill has it in parts.
fn combined_in_books(world: &mut World, order: &str, attempt: u32, parts: i64) {
    let (bill, mut book) = world.payment(order, attempt);
    let serial = world.serial();
    let mut rows = Vec::new();
    for part in 1..=parts {
        let amount = world.draw.between(1, 50_000);
        rows.push(BillRow {
            payment: format!("PART-{serial:08}-{part}"),
            amount,
            fee: world.contract(amount),
            ..bill.clone()
        });
    }
    book.amount = rows.iter().map(|row| row.amount).sum();
    book.fee = world.contract(book.amount);
    for (n, row) in rows.into_iter().enumerate() {
        let minus = if n == 0 { book.amount } else { 0 };
        world.expect("combined", &book.payment, Some(row.amount - minus));
        world.put_bill(row);
    }
    world.books.push(book);
}

/// The channel gave back two refunds of a payment in one.
fn combined_refunds(world: &mut World, order: &str, attempt: u32) {
    let (mut bill, mut book) = world.payment(order, attempt);
    if bill.amount < 2 {
        bill.amount = 2;
        book.amount = 2;
        bill.fee = world.contract(2);
        book.fee = bill.fee;
    }
    let half = BillRow {
        amount: bill.amount / 2,
        ..bill.clone()
    };
    let (mut whole, first) = world.refund(&half, 1);
    let (_, second) = world.refund(&half, 2);
    world.put_bill(bill);
    world.books.push(book);
    whole.amount = first.amount + second.amount;
    whole.fee = -world.contract(whole.amount);
    if world.draw.happens(50) {
        whole.refund = format!("BACK-{:08}", world.serial());
    }
    world.expect("combined", &first.refund, Some(whole.amount - first.amount));
    world.expect("combined", &second.refund, Some(-second.amount));
    world.put_bill(whole);
    world.books.extend([first, second]);
}

/// One or two codes on a movement that both sides have.
fn on_pair(world: &mut World, codes: &[Code], order: &str, attempt: u32) {
    let (mut bill, mut book) = if codes.contains(&Code::Currency) {
        world.payment(order, attempt)
    } else {
        movement(world, order, attempt)
    };
    let has_fee = codes.iter().any(|code| code.is_fee());
    let changes = codes.iter().any(|code| {
        matches!(
            code,
            Code::AmountOver | Code::AmountUnder | Code::Currency | Code::Status
        )
    });
    let ours = book.reference().to_owned();
    for code in codes {
        match code {
            Code::AmountOver | Code::AmountUnder => {
                amount(world, *code, has_fee, &mut bill, &mut book)
            }
            Code::Status => status(world, &mut bill, &mut book),
            Code::Currency => {
                book.currency = "HKD";
                world.expect("currency", &ours, None);
            }
            _ => {}
        }
    }
    for code in codes.iter().filter(|code| code.is_fee()) {
        let more = match code {
            Code::Overcharged => world.draw.between(1, 90),
            Code::Undercharged => -world.draw.between(1, 90),
            _ if world.draw.happens(50) => world.draw.between(1, 90),
            _ => -world.draw.between(1, 90),
        };
        bill.fee = book.fee + more;
        // Beside another amount the fee of the contract is another, too.
        let sign = if bill.kind == Kind::Refund { -1 } else { 1 };
        let contract = sign * world.contract(bill.amount);
        if (bill.fee - contract).signum() != more.signum() {
            bill.fee = contract + more + (contract - book.fee).abs() * more.signum();
        }
        world.expect("fee", &ours, Some(bill.fee - book.fee));
    }
    if codes.contains(&Code::ReferenceDamaged) {
        let damaged = damaged(&mut world.draw, world.channel, &ours, changes);
        match bill.kind {
            Kind::Payment => bill.payment = damaged,
            Kind::Refund => bill.refund = damaged,
        }
        world.expect("reference_damaged", &ours, Some(0));
    }
    world.put_bill(bill);
    world.books.push(book);
}

/// Another amount. Without a fee of its own the fee stays what it is, so that only the amount differs.
fn amount(world: &mut World, code: Code, has_fee: bool, bill: &mut BillRow, book: &mut BookRow) {
    let room = if has_fee { 4_000 } else { 40 };
    let more = world.draw.between(1, room);
    // The lower amount must not be nothing, and no refund is more than its payment, which nobody checks here.
    if bill.amount <= more {
        bill.amount += 5_000;
        book.amount = bill.amount;
    }
    match code {
        Code::AmountOver => bill.amount += more,
        _ => bill.amount -= more,
    }
    let sign = if bill.kind == Kind::Refund { -1 } else { 1 };
    // Both sides hold the fee of the bill's amount; the audit goes by that.
    bill.fee = sign * world.contract(bill.amount);
    book.fee = if has_fee {
        sign * world.contract(book.amount)
    } else {
        bill.fee
    };
    world.expect(
        code.name(),
        book.reference(),
        Some(bill.amount - book.amount),
    );
}

/// One side says that the money moved.
fn status(world: &mut World, bill: &mut BillRow, book: &mut BookRow) {
    let on_bill = bill.kind == Kind::Refund && world.channel == Channel::Wechatpay;
    if on_bill && world.draw.happens(50) {
        bill.state = if world.draw.happens(50) {
            State::Pending
        } else {
            State::Failed
        };
        world.expect("status", book.reference(), Some(-book.amount));
        return;
    }
    // Our books know the channel's number of what is in doubt, if anything.
    book.state = if world.draw.happens(50) {
        State::Pending
    } else {
        State::Failed
    };
    world.expect("status", book.reference(), Some(bill.amount));
}

/// What other programs make of a reference. Where more is wrong than the reference, something of it must be left.
fn damaged(draw: &mut Draw, channel: Channel, ours: &str, changes: bool) -> String {
    let length = i64::try_from(ours.len()).unwrap_or(20);
    let part = |from: i64, to: i64| {
        let (from, to) = (
            usize::try_from(from).unwrap_or(0),
            usize::try_from(to).unwrap_or(0),
        );
        ours.get(from..to).unwrap_or(ours).to_owned()
    };
    match draw.between(0, if changes { 4 } else { 5 }) {
        // Never at the end of the number, which is a reference of its own.
        0 => part(0, draw.between(9, 17)),
        1 => part(draw.between(1, length - 9), length),
        2 => {
            let at = draw.between(3, length - 3);
            format!("{} {}", part(0, at), part(at, length))
        }
        3 if channel == Channel::Wechatpay => format!("`{ours}"),
        3 => format!("'{ours}"),
        4 => ours.to_lowercase(),
        _ => format!(
            "{}.{:05}E+{}",
            draw.between(1, 9),
            draw.between(0, 99_999),
            draw.between(15, 27)
        ),
    }
}
