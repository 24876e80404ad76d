//! `paydesk-hostile`: what an enemy on the wire can send, and proof that none of it is taken for money.
//!
//! Named replies through each connector as the driver uses it, genuine answers changed in a million ways, whole
//! exchanges with a server that breaks HTTP, and bill archives made to harm. It sends nothing to anybody but
//! this machine, and signs with test keys alone.
#![allow(
    clippy::print_stdout,
    reason = "a program for a terminal speaks to the terminal"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it is about the machine's own time, memory and files"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test program: a broken fixture ends it"
)]

mod alipay;
mod archives;
mod btcpay;
mod case;
mod content;
mod json;
mod mutations;
mod peer;
mod random;
mod stripe;
mod unionpay;
mod verdict;
mod wechatpay;

use case::Tally;
use paydesk_tally::{Tally as Told, number};
use peer::Peer;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
usage: paydesk-hostile [suite] [--mutations N] [--archives N] [--seed N] [--tally FILE]

  suite            the named replies of each channel
  --mutations N    N changed answers of each channel
  --archives N     N harmful bill archives, each opened in a process of its own memory
  --seed N         another run of the same length (default 7)
  --tally FILE     writes what was counted, for the report

Without arguments: the suite, 10,000 changed answers of each channel and 350 archives.";

/// The named cases that each channel's suite must have at least.
const CASES_MIN: usize = 100;
/// Changed answers without a number of one's own.
const MUTATIONS: u64 = 10_000;
/// Archives without a number of one's own: ten of each kind.
const ARCHIVES: u64 = 350;

/// What was asked for.
struct Wish {
    suite: bool,
    mutations: u64,
    archives: u64,
    seed: u64,
    tally: Option<PathBuf>,
}

fn wish(words: &[String]) -> Option<Wish> {
    let is_all = words.is_empty() || matches!(words, [word, _] if word == "--tally");
    let mut wish = Wish {
        suite: is_all,
        mutations: if is_all { MUTATIONS } else { 0 },
        archives: if is_all { ARCHIVES } else { 0 },
        seed: 7,
        tally: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "suite" => wish.suite = true,
            "--mutations" => wish.mutations = words.next()?.parse().ok().filter(|n| *n > 0)?,
            "--archives" => wish.archives = words.next()?.parse().ok().filter(|n| *n > 0)?,
            "--seed" => wish.seed = words.next()?.parse().ok()?,
            "--tally" => wish.tally = Some(PathBuf::from(words.next()?)),
            _ => return None,
        }
    }
    (wish.suite || wish.mutations > 0 || wish.archives > 0).then_some(wish)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["read-archives"] {
        return match archives::read() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("paydesk-hostile: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let Some(wish) = wish(&words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let (mut passed, mut failed) = (0, 0);
    let began = Instant::now();
    let mut sum = Told::new("hostile", &said(&words));
    if wish.suite {
        for (name, tally) in [
            ("alipay", alipay::suite(&Peer::alipay())),
            ("btcpay", btcpay::suite(&Peer::btcpay())),
            ("stripe", stripe::suite(&Peer::stripe())),
            ("unionpay", unionpay::suite(&Peer::unionpay())),
            ("wechatpay", wechatpay::suite(&Peer::wechatpay())),
        ] {
            failed += u32::from(!told(name, &tally)) + tally.failed;
            passed += tally.passed();
            sum.row("named_cases", name, number(tally.names.len())).row(
                "named_accepted",
                name,
                number(tally.accepted),
            );
        }
    }
    if wish.mutations > 0 {
        for channel in mutations::CHANNELS {
            let run = mutations::run(channel, wish.mutations, wish.seed);
            let speed = run.changed as f64 / run.took.as_secs_f64();
            println!(
                "mutations {:<16}: {} changed answers, {} accepted, {} with the signed part untouched; {:.1} s, {speed:.0}/s",
                channel.name,
                run.changed,
                run.accepted,
                run.untouched,
                run.took.as_secs_f64(),
            );
            let held = run.accepted == 0 && run.changed == wish.mutations;
            sum.row("changed_answers", channel.name, number(run.changed))
                .row("changed_accepted", channel.name, number(run.accepted));
            passed += u32::from(held);
            failed += u32::from(!held);
        }
    }
    if wish.archives > 0 {
        let held = open_archives(wish.archives, wish.seed, &mut sum);
        passed += u32::from(held);
        failed += u32::from(!held);
    }
    println!("{passed} passed, {failed} failed");
    if let Some(file) = &wish.tally
        && let Err(error) = sum.end(began.elapsed(), failed == 0).write(file)
    {
        eprintln!("paydesk-hostile: {error}");
        return ExitCode::FAILURE;
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The command that counts the same again.
fn said(words: &[String]) -> String {
    let place = words.iter().position(|word| word == "--tally");
    let is_kept = |at: usize| place.is_none_or(|place| at != place && at != place + 1);
    let kept = words.iter().enumerate().filter(|(at, _)| is_kept(*at));
    let kept: Vec<&str> = kept.map(|(_, word)| word.as_str()).collect();
    format!("cargo xtask hostile {}", kept.join(" "))
        .trim_end()
        .to_owned()
}

fn told(channel: &str, tally: &Tally) -> bool {
    println!(
        "suite {channel:<9}: {} named cases in {} replies, {} accepted, {} came to something else; slowest {} ms",
        tally.names.len(),
        tally.replies,
        tally.accepted,
        tally.failed,
        tally.slowest.as_millis(),
    );
    tally.names.len() >= CASES_MIN
}

fn open_archives(count: u64, seed: u64, sum: &mut Told) -> bool {
    let run = match archives::run(count, seed) {
        Ok(run) => run,
        Err(error) => {
            eprintln!("paydesk-hostile: {error}");
            return false;
        }
    };
    println!(
        "archives           : {} opened, {} refused, {} read as the genuine bill in them, {} failed; peak {} MiB, slowest {} ms ({}), largest {} KiB; {}; {:.1} s",
        run.archives,
        run.refused,
        run.read,
        run.failed,
        run.peak >> 20,
        run.slowest.0.as_millis(),
        run.slowest.1,
        run.largest >> 10,
        if run.writes_counted {
            "nothing written, every write call counted"
        } else {
            "nothing written below the watched folder"
        },
        run.took.as_secs_f64(),
    );
    sum.count("archives", run.archives)
        .count("archives_refused", run.refused)
        .count("archives_read_as_genuine", run.read)
        .count("archives_failed", run.failed)
        .count("archives_peak_mib", run.peak >> 20)
        .figure("archives_slowest_ms", run.slowest.0.as_secs_f64() * 1_000.0);
    for (reason, count) in &run.reasons {
        println!("  {count:>6}  {reason}");
    }
    run.failed == 0 && run.archives == count && run.refused > 0
}
