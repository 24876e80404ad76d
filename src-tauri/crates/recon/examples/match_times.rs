//! Prints how long 100,000 bill lines against 100,000 of ours take, with the lines' making left out:
//! `cargo run --release -p paydesk-recon --example match_times [lines]`.
#![allow(clippy::print_stdout, reason = "it prints its one figure")]
#![allow(clippy::disallowed_methods, reason = "it measures")]

use paydesk_domain::{
    BillLine, BookLine, BusinessDay, ChannelDay, Currency, DayCut, LineKind, LineState, Mode,
    Money, OrderNumber, Timestamp,
};
use paydesk_recon::{BillSide, Setting};
use std::error::Error;
use std::time::Instant;

fn line(setting: &Setting, n: u32) -> Option<(BillLine, BookLine)> {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_120), n)?;
    let payment = number.attempt(1)?.as_str().to_owned();
    let amount = Money::from_minor(100 + i64::from(n % 9_000), Currency::CNY);
    let fee = Money::from_minor(i64::from(n % 50), Currency::CNY);
    let bill = BillLine {
        row: u64::from(n) + 6,
        kind: LineKind::Payment,
        payment,
        refund: String::new(),
        transaction: format!("42000000002026112{n:011}"),
        amount,
        fee,
        at: Timestamp(setting.starts.0 + i64::from(n)),
        state: LineState::Done,
    };
    let book = BookLine {
        kind: bill.kind,
        payment: bill.payment.clone(),
        refund: String::new(),
        transaction: Some(bill.transaction.clone()),
        amount,
        fee: Some(fee),
        at: bill.at,
        day: setting.day,
        state: bill.state,
    };
    Some((bill, book))
}

fn main() -> Result<(), Box<dyn Error>> {
    let lines: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 100_000,
    };
    let setting =
        Setting::of(ChannelDay(20_261_120), DayCut::MIDNIGHT, None).ok_or("no such day")?;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for n in 0..lines {
        // Both in an order that is not the numbers': the worst case for the sort.
        let n = u32::try_from(u64::from(n) * 7_919 % u64::from(lines))?;
        let (bill, book) = line(&setting, n).ok_or("a counter too large")?;
        theirs.push(bill);
        ours.push(book);
    }
    ours.reverse();
    let started = Instant::now();
    let mut bill = BillSide::new(setting);
    for line in theirs {
        bill.push(line)?;
    }
    let mut books = bill.close(None);
    for line in ours {
        books.push(line)?;
    }
    let summary = books.close()?.finish(&mut |_| {}, &mut |_| {})?;
    println!(
        "{lines} x {lines}: {} matched, {} differences, {} ms",
        summary.matched,
        summary.differences,
        started.elapsed().as_millis()
    );
    Ok(())
}
