//! Generated days with planted differences: all are found, nothing else is, every line ends in one place,
//! and the order of the input changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test stops at the first surprise"
)]

use paydesk_domain::*;
use paydesk_recon::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DAY: ChannelDay = ChannelDay(20_261_120);

/// Nothing is planted.
const PLAIN: u8 = u8::MAX;

fn setting() -> Setting {
    let rate = FeeRate::from_millionths(6_000).unwrap();
    Setting::of(DAY, DayCut::MIDNIGHT, Some(ContractRate::always(rate))).unwrap()
}

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, Currency::CNY)
}

fn reference(n: u32, kind: LineKind) -> MerchantRef {
    let number = OrderNumber::compose(Mode::Demo, "7K2M", 0, BusinessDay(20_261_120), n).unwrap();
    let payment = number.attempt(1).unwrap();
    match kind {
        LineKind::Payment => payment,
        LineKind::Refund => payment.refund(1).unwrap(),
    }
}

/// A pair that agrees, at noon.
fn pair(n: u32, kind: LineKind, amount: i64) -> (BillLine, BookLine) {
    let own = reference(n, kind);
    let refund = match kind {
        LineKind::Payment => String::new(),
        LineKind::Refund => own.as_str().to_owned(),
    };
    let fee = (amount * 6_000 + 500_000) / 1_000_000;
    let at = Timestamp(setting().starts.0 + 43_200_000 + i64::from(n));
    let bill = BillLine {
        row: u64::from(n) + 2,
        kind,
        payment: own.payment().as_str().to_owned(),
        refund: refund.clone(),
        transaction: format!("42{n:08}"),
        amount: cny(amount),
        fee: cny(if kind == LineKind::Refund { -fee } else { fee }),
        at,
        state: LineState::Done,
    };
    let book = BookLine {
        kind,
        payment: bill.payment.clone(),
        refund,
        transaction: Some(bill.transaction.clone()),
        amount: bill.amount,
        fee: Some(bill.fee),
        at,
        day: DAY,
        state: LineState::Done,
    };
    (bill, book)
}

#[derive(Default, Clone, Debug)]
struct Day {
    bill: Vec<BillLine>,
    books: Vec<BookLine>,
    others: Vec<(ChannelDay, BillLine)>,
    expected: Vec<(String, BreakCode, &'static str)>,
    agreeing: u64,
    failed: u64,
    reversed: Vec<BillLine>,
}

/// Plants the difference numbered `what` on movement `n`.
fn plant(day: &mut Day, what: u8, n: u32, kind: LineKind, amount: i64) {
    use BreakCode as B;
    let (mut bill, mut book) = pair(n, kind, amount);
    let own = bill.reference().to_owned();
    let (extra, missing) = match kind {
        LineKind::Payment => (B::MissingOurs, B::MissingChannel),
        LineKind::Refund => (B::RefundExtra, B::RefundMissing),
    };
    let mut expect = |code, why| day.expected.push((own.clone(), code, why));
    match what {
        0 => {
            expect(extra, "unexplained");
            return day.bill.push(bill);
        }
        1 => {
            expect(missing, "unexplained");
            return day.books.push(book);
        }
        2 => {
            bill.amount = cny(amount + 1);
            expect(B::AmountOver, "unexplained");
        }
        3 => {
            book.amount = cny(amount + 1);
            book.fee = Some(cny(bill.fee.minor() + 900));
            expect(B::AmountUnder, "unexplained");
            expect(B::Fee, "unexplained");
        }
        4 => {
            book.state = LineState::Pending;
            expect(B::Status, "in_doubt_when_cut");
        }
        5 => {
            bill.state = LineState::Failed;
            expect(B::Status, "unexplained");
        }
        6 => {
            bill.amount = cny(100_000);
            book.amount = cny(100_000);
            bill.fee = cny(380);
            expect(B::Fee, "fee_rate_differs");
        }
        7 => {
            book.amount = Money::from_minor(amount, Currency::from_code("HKD").unwrap());
            book.fee = None;
            expect(B::Currency, "unexplained");
        }
        8 => {
            day.books.push(book.clone());
            expect(B::DuplicateOurs, "unexplained");
            day.agreeing += 1;
        }
        9 => {
            let mut again = bill.clone();
            again.row += 1_000_000;
            day.bill.push(again);
            expect(B::DuplicateChannel, "repeated_row");
            day.agreeing += 1;
        }
        10 => {
            bill.at = Timestamp(setting().ends.0 - 5_000);
            book.day = DAY.next().unwrap();
            expect(B::NextDay, "happened_near_midnight");
        }
        11 => {
            book.day = DAY.previous().unwrap();
            expect(B::PreviousDay, "unexplained");
        }
        12 => {
            book.at = Timestamp(setting().ends.0 - 5_000);
            day.others.push((DAY.next().unwrap(), bill));
            expect(B::NextDay, "happened_near_midnight");
            return day.books.push(book);
        }
        13 => {
            book.state = LineState::Failed;
            day.failed += 1;
            return day.books.push(book);
        }
        14 => not_ours(day, &mut bill, n),
        15 if kind == LineKind::Payment => {
            book.state = LineState::Failed;
            reverse(day, &bill);
        }
        16..=18 => references(day, what, (&mut bill, &mut book), n, amount),
        _ => day.agreeing += 1,
    }
    day.bill.push(bill);
    day.books.push(book);
}

/// The bill has a reference of another till.
fn not_ours(day: &mut Day, bill: &mut BillLine, n: u32) {
    use BreakCode as B;
    let (own, kind) = (bill.reference().to_owned(), bill.kind);
    let (extra, missing) = (B::RefundExtra, B::RefundMissing);
    bill.payment = format!("POS-{n}");
    bill.refund = match kind {
        LineKind::Payment => String::new(),
        LineKind::Refund => format!("BACK-{n}"),
    };
    let theirs = bill.reference().to_owned();
    if kind == LineKind::Payment {
        // The transaction number is the second way, for payments only.
        day.agreeing += 1;
    } else {
        day.expected.push((theirs, extra, "not_a_paydesk_number"));
        day.expected.push((own, missing, "unexplained"));
    }
}

/// Plants what is wrong with the references and what is in parts.
fn references(
    day: &mut Day,
    what: u8,
    (bill, book): (&mut BillLine, &mut BookLine),
    n: u32,
    amount: i64,
) {
    use BreakCode as B;
    let (own, kind) = (bill.reference().to_owned(), bill.kind);
    let mut expect = |code, why| day.expected.push((own.clone(), code, why));
    match what {
        16 => {
            let cut = own[..own.len() - 3].to_owned();
            let mangled = [
                cut,
                own[3..].to_owned(),
                format!("`{own}"),
                "2.61E+21".to_owned(),
            ];
            let mangled = mangled[n as usize % 4].clone();
            match kind {
                LineKind::Payment => bill.payment = mangled,
                LineKind::Refund => bill.refund = mangled,
            }
            expect(B::ReferenceDamaged, "reference_mangled");
        }
        // One line of the bill is this one of ours and another.
        17 => {
            let (second, mut other) = pair(n + 500_000, kind, 2_000);
            other.transaction = book.transaction.clone();
            bill.amount = cny(amount + second.amount.minor());
            expect(B::Combined, "sum_of_several");
            let second = other.reference().to_owned();
            day.expected.push((second, B::Combined, "sum_of_several"));
            day.books.push(other);
        }
        // One line of ours is this one of the bill and another.
        18 => {
            let (mut other, _) = pair(n + 500_000, kind, 2_000);
            other.transaction.clone_from(&bill.transaction);
            book.amount = cny(amount + 2_000);
            expect(B::Combined, "sum_of_several");
            expect(B::Combined, "sum_of_several");
            day.bill.push(other);
        }
        _ => {}
    }
}

/// It came, and the till took it back without a refund: the bill's second line.
fn reverse(day: &mut Day, came: &BillLine) {
    let back = BillLine {
        row: came.row + 2_000_000,
        kind: LineKind::Refund,
        fee: cny(-came.fee.minor()),
        ..came.clone()
    };
    day.reversed.extend([came.clone(), back.clone()]);
    day.bill.push(back);
}

struct Outcome {
    matched: Vec<(u64, String)>,
    found: Vec<Difference>,
    summary: Summary,
}

fn run(day: &Day) -> Outcome {
    let mut bill = BillSide::new(setting());
    for line in &day.bill {
        bill.push(line.clone()).unwrap();
    }
    let mut books = bill.close(None);
    for line in &day.books {
        books.push(line.clone()).unwrap();
    }
    let mut others = books.close().unwrap();
    for (other, line) in &day.others {
        others.push(*other, line).unwrap();
    }
    let (mut matched, mut found) = (Vec::new(), Vec::new());
    let summary = others
        .finish(
            &mut |m| matched.push((m.row, m.reference.to_owned())),
            &mut |d| found.push(d),
        )
        .unwrap();
    Outcome {
        matched,
        found,
        summary,
    }
}

/// The same with what agrees beyond doubt settled first; every line's place is its row and ten times that.
fn run_settled(day: &Day) -> (Outcome, u64) {
    let brief = |kind, amount, fee, state| {
        move |reference| BriefLine {
            kind,
            reference,
            amount,
            fee,
            state,
        }
    };
    let mut bill = PlainBill::default();
    for line in &day.bill {
        let of = brief(line.kind, line.amount, Some(line.fee), line.state);
        bill.push(&of(line.reference().as_bytes()), line.row, line.row * 10);
    }
    let mut plain = bill.close();
    let met: Vec<Met> = (day.books.iter())
        .map(|line| {
            let of = brief(line.kind, line.amount, line.fee, line.state);
            let is_ours = MerchantRef::parse(line.reference()).is_ok();
            plain.push(&of(line.reference().as_bytes()), is_ours, line.day == DAY)
        })
        .collect();
    let rows: Vec<u64> = plain.left().map(|(row, _)| row).collect();
    assert!(plain.left().all(|(row, offset)| offset == row * 10));
    let bill: Vec<BillLine> = (day.bill.iter())
        .filter(|line| rows.contains(&line.row))
        .cloned()
        .collect();
    let wanted = |line: &BookLine| {
        bill.iter().any(|it| {
            MerchantRef::parse(it.reference()).is_err()
                && Some(&it.transaction) == line.transaction.as_ref()
        })
    };
    let again = |line: &BookLine| plain.again().iter().any(|it| it == line.reference());
    let books = (day.books.iter().zip(&met))
        .filter(|(line, met)| match met {
            Met::Agrees => again(line),
            Met::Left => true,
            Met::Elsewhere => wanted(line),
        })
        .map(|(line, _)| line.clone());
    let rest = Day {
        books: books.collect(),
        others: day.others.clone(),
        bill: bill.clone(),
        ..Day::default()
    };
    let mut outcome = run(&rest);
    let settled = plain.settled().unwrap();
    outcome.summary = settled.with(outcome.summary).unwrap();
    (outcome, settled.matched)
}

/// Paid, refunded and fee of the lines that moved, in CNY, as a check of its own.
fn sum<'a>(lines: impl Iterator<Item = (&'a LineKind, LineState, Money, Money)>) -> [i64; 3] {
    let mut sums = [0; 3];
    for (kind, state, amount, fee) in lines {
        if state == LineState::Done && amount.currency() == Currency::CNY {
            sums[usize::from(*kind == LineKind::Refund)] += amount.minor();
            sums[2] += fee.minor();
        }
    }
    sums
}

fn of_bill(l: &BillLine) -> (&LineKind, LineState, Money, Money) {
    (&l.kind, l.state, l.amount, l.fee)
}

fn of_book(l: &BookLine) -> (&LineKind, LineState, Money, Money) {
    (&l.kind, l.state, l.amount, l.fee.unwrap_or(cny(0)))
}

fn check(day: &Day) -> Result<(), TestCaseError> {
    let Outcome {
        matched,
        found,
        summary,
    } = run(day);
    let mut expected = day.expected.clone();
    let mut got: Vec<_> = found
        .iter()
        .map(|d| {
            let book = d.found.book.as_ref().map(|b| b.reference().to_owned());
            let bill = d.found.bill.as_ref().map(|b| b.reference().to_owned());
            (book.or(bill).unwrap(), d.found.code, d.explanation.name())
        })
        .collect();
    expected.sort();
    got.sort();
    prop_assert_eq!(got, expected);
    prop_assert_eq!(summary.matched, day.agreeing);
    let reversed = day.reversed.len() as u64;
    prop_assert_eq!(matched.len() as u64, day.agreeing + reversed);
    prop_assert_eq!(summary.failed_ours, day.failed + reversed / 2);
    prop_assert_eq!(summary.reversed, reversed / 2);

    for difference in &found {
        let terms = difference.arithmetic();
        prop_assert_eq!(
            terms.is_empty(),
            difference.explanation == Explanation::Unexplained
                || (difference.found.code == BreakCode::ReferenceDamaged
                    && !difference.counts.bill)
        );
        if let Some(sum) = total(&terms).unwrap() {
            prop_assert_eq!(Some(sum), difference.found.difference, "{:?}", difference);
        }
    }

    // Every line in exactly one place: rows and references, counted.
    let rows: BTreeMap<u64, &BillLine> = day.bill.iter().map(|l| (l.row, l)).collect();
    let mut placed: Vec<u64> = matched.iter().map(|(row, _)| *row).collect();
    placed.extend(
        (found.iter().filter(|d| d.counts.bill)).map(|d| d.found.bill.as_ref().unwrap().row),
    );
    placed.sort_unstable();
    prop_assert_eq!(placed, rows.keys().copied().collect::<Vec<_>>());
    let here = |l: &&BookLine| l.day == DAY;
    let counted = found.iter().filter(|d| d.counts.book).count() as u64;
    let ours = day.books.iter().filter(here).count() as u64;
    prop_assert_eq!(summary.matched + counted + summary.failed_ours, ours);

    // Sums: a side is what matched plus its differences.
    let agreed = matched.iter().map(|(row, _)| of_bill(rows[row]));
    let breaks = found.iter().filter(|d| d.counts.bill);
    let breaks = breaks.map(|d| of_bill(d.found.bill.as_ref().unwrap()));
    let bill = sum(agreed.chain(breaks));
    prop_assert_eq!(bill, sum(day.bill.iter().map(of_bill)));
    let total = summary.bill_in(Currency::CNY);
    prop_assert_eq!(
        bill,
        [
            total.paid.minor(),
            total.refunded.minor(),
            total.fee.minor()
        ]
    );
    let agreed = matched
        .iter()
        .map(|(_, own)| of_book(day.books.iter().find(|l| l.reference() == own).unwrap()));
    let breaks = found.iter().filter(|d| d.counts.book);
    let breaks = breaks.map(|d| of_book(d.found.book.as_ref().unwrap()));
    let books = sum(agreed.chain(breaks));
    prop_assert_eq!(books, sum(day.books.iter().filter(here).map(of_book)));
    let both_ways = sum(day.reversed.iter().map(of_bill));
    let books = [0, 1, 2].map(|n| books[n] + both_ways[n]);
    let total = summary.books_in(Currency::CNY);
    prop_assert_eq!(
        books,
        [
            total.paid.minor(),
            total.refunded.minor(),
            total.fee.minor()
        ]
    );
    Ok(())
}

fn days() -> impl Strategy<Value = Day> {
    let movement = (0_u8..27, any::<bool>(), 1_000_i64..10_000_000);
    prop::collection::vec(movement, 0..60).prop_map(|movements| {
        let mut day = Day::default();
        for (n, (what, is_refund, amount)) in (0_u32..).zip(movements) {
            // Amounts whose fee is a whole fen, so that a planted amount difference of one fen changes no fee.
            let amount = amount / 1_000 * 1_000;
            let kind = match is_refund && what != 6 && what != 3 {
                true => LineKind::Refund,
                false => LineKind::Payment,
            };
            plant(&mut day, what, n, kind, amount);
        }
        day
    })
}

proptest! {
    #[test]
    fn planted_differences_are_all_found_and_nothing_else(day in days()) {
        check(&day)?;
    }

    #[test]
    fn what_agrees_beyond_doubt_changes_nothing_of_the_rest(day in days(), plain in 0_u32..40) {
        let mut day = day;
        for n in 0..plain {
            let kind = if n % 7 == 0 { LineKind::Refund } else { LineKind::Payment };
            plant(&mut day, PLAIN, 5_000 + n, kind, 1_000 * i64::from(n + 1));
        }
        let whole = run(&day);
        let (rest, settled) = run_settled(&day);
        prop_assert!(settled >= u64::from(plain), "{settled} of {plain}");
        prop_assert_eq!(rest.found, whole.found);
        prop_assert_eq!(rest.summary, whole.summary);
        // Of the pairs that agree only those are told that took a second thought.
        prop_assert!(rest.matched.iter().all(|pair| whole.matched.contains(pair)));
        prop_assert_eq!(rest.matched.len() as u64 + settled, whole.matched.len() as u64);
    }

    #[test]
    fn the_order_of_the_input_changes_nothing(day in days(), seed in any::<u64>()) {
        let first = run(&day);
        let mut shuffled = day.clone();
        let mix = |n: u64| (n ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        shuffled.bill.sort_by_key(|l| mix(l.row));
        shuffled.books.sort_by_key(|l| mix(l.at.0.unsigned_abs()));
        shuffled.books.reverse();
        shuffled.others.reverse();
        let second = run(&shuffled);
        prop_assert_eq!(first.found, second.found);
        prop_assert_eq!(first.matched, second.matched);
        prop_assert_eq!(first.summary, second.summary);
    }
}

#[test]
fn a_sum_beyond_64_bits_is_an_error_and_no_wrong_number() {
    let mut bill = BillSide::new(setting());
    for n in 1..=2 {
        let (mut line, _) = pair(n, LineKind::Payment, 1);
        line.amount = cny(i64::MAX);
        let pushed = bill.push(line);
        assert_eq!(pushed.is_err(), n == 2, "{pushed:?}");
    }
}

#[test]
fn a_line_of_a_far_day_is_refused() {
    let mut books = BillSide::new(setting()).close(None);
    let (_, mut line) = pair(1, LineKind::Payment, 100);
    line.day = ChannelDay(20_261_122);
    assert!(matches!(books.push(line), Err(ReconError::OtherDay { .. })));
}

#[test]
fn equal_amounts_alone_match_nothing() {
    let mut day = Day::default();
    let (bill, _) = pair(1, LineKind::Payment, 4_650);
    let (_, book) = pair(2, LineKind::Payment, 4_650);
    day.bill.push(bill);
    day.books.push(book);
    let codes: Vec<_> = run(&day).found.iter().map(|d| d.found.code).collect();
    assert_eq!(codes, [BreakCode::MissingOurs, BreakCode::MissingChannel]);
}

#[test]
fn one_transaction_number_twice_is_no_second_way() {
    let mut day = Day::default();
    let (mut bill, mut book) = pair(1, LineKind::Payment, 4_650);
    bill.payment = "POS-1".to_owned();
    day.bill.push(bill);
    day.books.push(book.clone());
    book.payment = reference(2, LineKind::Payment).as_str().to_owned();
    day.books.push(book);
    assert_eq!(run(&day).summary.matched, 0);
}

#[test]
fn a_file_that_disagrees_with_its_lines_is_told() {
    let (line, _) = pair(1, LineKind::Payment, 4_650);
    let mut bill = BillSide::new(setting());
    bill.push(line).unwrap();
    let claimed = Totals {
        payments: 2,
        ..Totals::zero(Currency::CNY)
    };
    let others = bill.close(Some(claimed)).close().unwrap();
    let summary = others.finish(&mut |_| {}, &mut |_| {}).unwrap();
    assert_eq!(summary.file_agrees(), Some(false));
}
