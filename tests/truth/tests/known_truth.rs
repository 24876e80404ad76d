//! Generated days are read from their files by the product's own parsers and compared by its engine: everything that
//! was planted is found, rightly named, with its amount, and nothing else is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test stops at the first surprise"
)]

mod product;

use paydesk_bank as bank;
use paydesk_domain::*;
use paydesk_recon::payouts::*;
use paydesk_truth::{Asked, CODES, Channel, Exception, PAIRS, Settling, Written, write};
use product::compared;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const SEEDS: u64 = 200;
/// A movement that is no payout, and one that was taken for another.
const FALSE_MATCH: &str = "false_match";

/// Per code: planted, found, and found without having been planted.
type Counts3 = BTreeMap<String, [u64; 3]>;

#[derive(Default)]
struct Seen {
    codes: Counts3,
    pairs: BTreeSet<(&'static str, &'static str)>,
    agreed: u64,
    additions: u64,
    orders: u64,
}

fn paying(it: &Settling) -> PayingAccount {
    let cny = |minor| Money::from_minor(minor, Currency::CNY);
    let day = |it: &paydesk_truth::DayTotals| OwedDay {
        day: ChannelDay(it.day),
        totals: Totals {
            payments: it.payments,
            paid: cny(it.paid),
            refunds: it.refunds,
            refunded: cny(it.refunded),
            fee: cny(it.fee),
        },
        reserve: cny(it.reserve),
        other: cny(0),
        near_end: Vec::new(),
        contract: None,
    };
    PayingAccount {
        account: AccountId(it.account.clone()),
        names: it.names.clone(),
        merchants: it.merchants.clone(),
        arrives_after: 1,
        days: it.days.iter().map(day).collect(),
        sent: (it.sent.iter())
            .map(|it| Sent {
                number: it.number.clone(),
                day: ChannelDay(it.day),
                amount: cny(it.amount),
            })
            .collect(),
    }
}

/// The bank's own number, from wherever the form of the file has it.
fn number_of(line: &BankLine) -> u64 {
    let all = format!("{} {} {}", line.bank_reference, line.end_to_end, line.text);
    let (_, rest) = all.split_once("BK").unwrap();
    rest[..6].parse().unwrap()
}

/// What the payouts say, and each match that is not the planted one.
fn paid_out(written: &Written) -> Vec<Exception> {
    let statements = bank::read(&fs::read(&written.statement).unwrap()).unwrap();
    let statements = statements.accept().unwrap();
    let lines: Vec<&BankLine> = statements.iter().flat_map(|it| &it.lines).collect();
    let entries: Vec<BankEntry<'_>> = (lines.iter())
        .map(|line| BankEntry {
            id: number_of(line),
            line,
        })
        .collect();
    let accounts: Vec<PayingAccount> = written.settling.iter().map(paying).collect();
    let calendar = BankCalendar::default();
    let found = match_payouts(&accounts, &entries, written.today, &calendar).unwrap();
    let mut said = Vec::new();
    let mut came: BTreeSet<(String, u64, i32)> = BTreeSet::new();
    for payout in &found.payouts {
        let part = &payout.parts[0];
        let (name, last) = (part.account.0.clone(), part.days.last().unwrap().0);
        let banks = payout.bank.iter();
        came.extend(banks.map(|bank| (name.clone(), *bank, last)));
        said.extend(payout.code().map(|code| Exception {
            account: name,
            code: code.name().to_owned(),
            reference: last.to_string(),
            amount: Some(payout.difference.minor()),
        }));
    }
    let truth: BTreeSet<(String, u64, i32)> = (written.settling.iter())
        .flat_map(|it| {
            it.came
                .iter()
                .map(|(id, day)| (it.account.clone(), *id, *day))
        })
        .collect();
    said.extend(
        came.symmetric_difference(&truth)
            .map(|(account, bank, _)| Exception {
                account: account.clone(),
                code: FALSE_MATCH.to_owned(),
                reference: bank.to_string(),
                amount: None,
            }),
    );
    said
}

fn count(
    seen: &mut Seen,
    seed: u64,
    expected: Vec<Exception>,
    found: Vec<Exception>,
    wrong: &Mutex<Vec<String>>,
) {
    let mut left: BTreeMap<Exception, i64> = BTreeMap::new();
    for it in &expected {
        *left.entry(it.clone()).or_default() += 1;
        seen.codes.entry(it.code.clone()).or_default()[0] += 1;
    }
    for it in &found {
        let entry = left.entry(it.clone()).or_default();
        *entry -= 1;
        let place = if *entry >= 0 { 1 } else { 2 };
        seen.codes.entry(it.code.clone()).or_default()[place] += 1;
    }
    let mut wrong = wrong.lock().unwrap();
    for (it, count) in left.into_iter().filter(|(_, count)| *count != 0) {
        let how = if count > 0 {
            "not found"
        } else {
            "not planted"
        };
        wrong.push(format!("seed {seed}: {how}: {it:?}"));
    }
}

/// One seed; `spoil` may change the files before they are read.
fn one_seed(
    seed: u64,
    folder: &Path,
    wrong: &Mutex<Vec<String>>,
    spoil: &dyn Fn(&Written),
) -> Seen {
    let mut seen = Seen::default();
    let asked = Asked::of(seed);
    let written = write(&asked, folder).unwrap();
    spoil(&written);
    seen.orders = u64::from(asked.orders);
    seen.pairs = (written.pairs.iter())
        .map(|(a, b)| (a.name(), b.name()))
        .collect();
    let (mut found, mut fees) = (paid_out(&written), Vec::new());
    for channel in [Channel::Alipay, Channel::Wechatpay] {
        let said = compared(&written, channel);
        seen.agreed += said.summary.matched;
        seen.additions += said.additions;
        found.extend(said.found);
        fees.extend(said.audited);
    }
    for code in CODES {
        let all = written.exceptions.iter().chain(&written.audited);
        let planted = all.filter(|it| it.code == code.name()).count();
        assert!(planted >= 3, "seed {seed}: {planted} of {}", code.name());
    }
    count(&mut seen, seed, written.exceptions, found, wrong);
    count(&mut seen, seed, written.audited, fees, wrong);
    fs::remove_dir_all(folder).unwrap();
    seen
}

/// Past the capture of the test runner: these numbers are to be seen.
fn tell(all: &Seen, orders: u64, agreed: u64, additions: u64) {
    let mut text = format!(
        "\n{:18} {:>8} {:>8} {:>10} {:>8}\n",
        "code", "planted", "found", "precision", "recall"
    );
    for (code, [planted, found, extra]) in &all.codes {
        let percent = |of: u64| match of {
            0 => 100.0,
            of => *found as f64 * 100.0 / of as f64,
        };
        let (precision, recall) = (percent(found + extra), percent(*planted));
        text.push_str(&format!(
            "{code:18} {planted:>8} {found:>8} {precision:>9.3}% {recall:>7.3}%\n"
        ));
    }
    let pairs = all.pairs.len();
    text.push_str(&format!(
        "{SEEDS} seeds, {orders} orders, {agreed} lines agreed, {additions} additions done again, {pairs} pairs\n"
    ));
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

#[test]
fn everything_planted_is_found_and_nothing_else() {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("known_truth");
    let wrong = Mutex::new(Vec::new());
    let half = |offset: u64| {
        let mut sum = Seen::default();
        for seed in (offset..SEEDS).step_by(2) {
            let seen = one_seed(seed, &root.join(seed.to_string()), &wrong, &|_| {});
            for (code, counts) in seen.codes {
                let of_code = sum.codes.entry(code).or_default();
                (0..3).for_each(|n| of_code[n] += counts[n]);
            }
            sum.pairs.extend(seen.pairs);
            sum.agreed += seen.agreed;
            sum.additions += seen.additions;
            sum.orders += seen.orders;
        }
        sum
    };
    let (mut all, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        (half(0), other.join().unwrap())
    });
    for (code, counts) in other.codes {
        let of_code = all.codes.entry(code).or_default();
        (0..3).for_each(|n| of_code[n] += counts[n]);
    }
    all.pairs.extend(other.pairs);
    tell(
        &all,
        all.orders + other.orders,
        all.agreed + other.agreed,
        all.additions + other.additions,
    );
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    assert_eq!(all.pairs.len(), PAIRS);
    assert!(all.orders + other.orders >= SEEDS * 2_000);
}

/// A line that is taken out of our books, and an amount that another program changed, do not go by.
#[test]
fn what_was_not_planted_is_noticed() {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("spoiled_truth");
    for amount in [false, true] {
        let wrong = Mutex::new(Vec::new());
        let spoil = |written: &Written| {
            let (_, path) = &written.books[0];
            let text = fs::read_to_string(path).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let day = format!("\"day\":{}", written.day);
            let is_its = |line: &String| line.contains(&day) && line.contains("\"done\"");
            let at = lines.iter().rposition(is_its).unwrap();
            if amount {
                lines[at] = lines[at].replacen("\"minor\":\"", "\"minor\":\"9", 1);
            } else {
                lines.remove(at);
            }
            fs::write(path, lines.join("\n")).unwrap();
        };
        one_seed(7, &root.join(amount.to_string()), &wrong, &spoil);
        assert!(!wrong.into_inner().unwrap().is_empty(), "it went by");
    }
}
