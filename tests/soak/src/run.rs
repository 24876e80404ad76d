//! One soak: folder, sandbox, proxy and auditor on this side, the till on the other.

use crate::disk;
use crate::memory::{self, Growth, Sample};
use crate::till::{Ended, Says, Times};
use paydesk_host::{Host, HostOptions, serve_sandbox};
use paydesk_proxy::{Control, Judge, Proxy, Trouble, Weather};
use paydesk_tally::number;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Of a thousand calls so many are broken.
const BROKEN_PER_MILLE: u32 = 160;

/// How often the till's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The longest that doubts may take to be decided once nothing is broken any more.
const PEACE_PATIENCE: Duration = Duration::from_secs(240);

/// What was asked for.
pub(crate) struct Wish {
    pub(crate) length: Duration,
    pub(crate) rate: u32,
    pub(crate) seed: u64,
    /// Where the data folder is made.
    pub(crate) place: PathBuf,
    pub(crate) tally: Option<PathBuf>,
}

/// The till's process.
struct Till {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

/// Everything that is judged.
struct Outcome {
    ended: Ended,
    samples: Vec<Sample>,
    /// From the last broken call to the last decided doubt; none when doubts are left.
    decided_after: Option<Duration>,
    most_open: u32,
    calls: usize,
    struck: Vec<(&'static str, u64)>,
    violations: Vec<String>,
    file_system: String,
    fsync: Times,
}

/// Runs and judges; `false` when anything is not as promised.
pub(crate) async fn soak(wish: &Wish) -> Result<bool, Trouble> {
    let folder = wish
        .place
        .join(format!("paydesk-soak-{}", std::process::id()));
    let began = Instant::now();
    let lived = live(wish, &folder).await;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let outcome = lived?;
    let is_held = report(wish, &outcome);
    if let Some(file) = &wish.tally {
        written(wish, &outcome, began.elapsed(), is_held).write(file)?;
    }
    Ok(is_held)
}

async fn live(wish: &Wish, folder: &Path) -> Result<Outcome, Trouble> {
    set_up(folder).await?;
    let file_system = disk::file_system(folder)?;
    let mut fsync = disk::probe(folder)?;
    let sandbox = serve_sandbox(folder, 0).await?;
    let control = Control::of(folder)?;
    let proxy = Proxy::start(control.address(), wish.seed).await?;
    control.lead_to(proxy.address())?;
    let mut judge = Judge::open(folder, control)?;
    proxy.set_weather(Weather::PerMille(BROKEN_PER_MILLE));
    let mut till = Till::start(folder, wish)?;
    let mut samples = Vec::new();
    till.trade(&mut samples).await?;
    fsync.extend(disk::probe(folder)?);
    fsync.sort_unstable();
    let (calls, struck) = (proxy.count(), proxy.struck());
    proxy.set_weather(Weather::Clear);
    let healed = Instant::now();
    let (mut left, mut most_open) = (vec!["the doubts were not told".to_owned()], 0);
    let mut decided_after = None;
    while healed.elapsed() < PEACE_PATIENCE && !left.is_empty() {
        let open = till.doubts().await?;
        most_open = most_open.max(open);
        if open > 0 || proxy.under_way() > 0 {
            continue;
        }
        let decided = healed.elapsed();
        let found = judge.left_open(&proxy).await?;
        left = found.iter().map(ToString::to_string).collect();
        if left.is_empty() {
            decided_after = Some(decided);
        }
    }
    let ended = till.end().await?;
    judge.look(&proxy).await?;
    let mut violations: Vec<String> = judge.found().iter().map(ToString::to_string).collect();
    violations.extend(left);
    sandbox.stop().await;
    violations.extend(verified(folder).await?);
    Ok(Outcome {
        ended,
        samples,
        decided_after,
        most_open,
        calls,
        struck: struck
            .iter()
            .map(|(it, count)| (it.name(), *count))
            .collect(),
        violations,
        file_system,
        fsync: Times::of(&fsync),
    })
}

async fn open(folder: &Path) -> Result<Host, Trouble> {
    let options = HostOptions {
        data: Some(folder.to_owned()),
        ..HostOptions::default()
    };
    Ok(Host::open(options).await?)
}

async fn set_up(folder: &Path) -> Result<(), Trouble> {
    let host = open(folder).await?;
    let wish = json!({
        "locale": "en", "mode": "demo", "store_name": "Soak", "time_zone": "Asia/Shanghai",
        "cutoff_hour": 0, "past_days": 0, "passphrase": null,
    });
    let made = host.console().call("set_up", wish).await;
    host.close().await;
    made.map(drop).map_err(|error| format!("{error:?}").into())
}

/// The chain and the projections, by the product's own word; the auditor has walked the chain by then.
async fn verified(folder: &Path) -> Result<Vec<String>, Trouble> {
    let host = open(folder).await?;
    let verified = host.verify(true).await;
    host.close().await;
    let verified = verified?;
    Ok(verified
        .fault
        .into_iter()
        .chain(verified.differences)
        .collect())
}

impl Till {
    fn start(folder: &Path, wish: &Wish) -> Result<Self, Trouble> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("till")
            .arg(folder)
            .args([wish.rate.to_string(), wish.length.as_secs().to_string()])
            .arg(wish.seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = child.stdout.take().ok_or("the till has no output")?;
        Ok(Self {
            child,
            says: BufReader::new(out).lines(),
        })
    }

    async fn hear(&mut self) -> Result<Says, Trouble> {
        let line = self.says.next_line().await?;
        let line = line.ok_or("the till ended by itself")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Waits for the last sale, with an eye on the memory.
    async fn trade(&mut self, samples: &mut Vec<Sample>) -> Result<(), Trouble> {
        let began = Instant::now();
        let process = self.child.id().ok_or("the till is gone")?;
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let mut said = 0;
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    let sample = memory::look(process, began.elapsed())?;
                    samples.push(sample);
                    let minute = sample.at.as_secs() / 60;
                    if minute > said {
                        said = minute;
                        eprintln!("minute {minute}: the till holds {:.1} MiB", sample.heap_kib / 1_024.0);
                    }
                }
                heard = self.hear() => match heard? {
                    Says::Over => return Ok(()),
                    Says::Doubts { .. } | Says::Ended(_) => return Err("the till ended too soon".into()),
                },
            }
        }
    }

    async fn doubts(&mut self) -> Result<u32, Trouble> {
        match self.hear().await? {
            Says::Doubts { open } => Ok(open),
            Says::Ended(_) | Says::Over => Err("the till ended too soon".into()),
        }
    }

    async fn end(&mut self) -> Result<Ended, Trouble> {
        drop(self.child.stdin.take());
        loop {
            if let Says::Ended(ended) = self.hear().await? {
                self.child.wait().await?;
                return Ok(*ended);
            }
        }
    }
}

fn ms(micros: u32) -> String {
    format!("{:.2} ms", f64::from(micros) / 1_000.0)
}

fn told(name: &str, times: &Times) {
    println!(
        "{name:38} p50 {}  p95 {}  p99 {}  slowest {}  of {}",
        ms(times.p50),
        ms(times.p95),
        ms(times.p99),
        ms(times.most),
        times.count
    );
}

fn share(outcome: &Outcome) -> f64 {
    let struck: u64 = outcome.struck.iter().map(|(_, count)| count).sum();
    100.0 * number(struck) / number(outcome.calls).max(1.0)
}

/// Prints everything; each judgement is one test.
fn report(wish: &Wish, outcome: &Outcome) -> bool {
    let Outcome { ended, .. } = outcome;
    let seconds = wish.length.as_secs_f64();
    println!(
        "{} sales in {seconds:.0} s, {} refunds, {} decisions about late money, {} refused; seed {}",
        ended.sales, ended.refunds, ended.decided, ended.refused, wish.seed
    );
    println!(
        "{} calls, {:.1} % of them broken",
        outcome.calls,
        share(outcome)
    );
    for (name, count) in &outcome.struck {
        println!("  {name:36} {count}");
    }
    told("append 4 KiB and fsync, plain file", &outcome.fsync);
    told("begin: an order with its intent", &ended.begin);
    told("settle: an answer or an ending", &ended.settle);
    told("plan: a look leased or planned", &ended.plan);
    let mut judged = Vec::new();
    let enough = 0.95 * f64::from(wish.rate) * seconds;
    judged.push((
        "the rate was kept",
        number(ended.sales) >= enough && ended.refused == 0,
    ));
    judged.push((
        "calls were broken",
        share(outcome) > 10.0 && share(outcome) < 22.0,
    ));
    println!("the books lie on {}", outcome.file_system);
    judged.push(("a real disk", disk::is_real(&outcome.file_system)));
    match Growth::of(&outcome.samples) {
        Some(growth) => {
            let mib = |kib: f64| kib / 1_024.0;
            println!(
                "heap: {:.1} MiB when the second half began, {:.1} MiB in the last, at most {:.1} MiB, {:+.2} MiB a minute; resident at the end {:.1} MiB",
                mib(growth.begin_kib),
                mib(growth.end_kib),
                mib(growth.most_kib),
                mib(growth.kib_a_minute),
                mib(growth.resident_kib)
            );
            println!(
                "  flat: medians of those minutes within 4 MiB or a tenth, least squares below 0.5 MiB a minute"
            );
            judged.push(("memory is flat", growth.is_flat()));
        }
        None => println!("heap: too short a run to judge"),
    }
    match outcome.decided_after {
        Some(after) => println!(
            "{} results open when the faults ended, none {:.1} s later",
            outcome.most_open,
            after.as_secs_f64()
        ),
        None => println!(
            "doubts are left {} s after the faults",
            PEACE_PATIENCE.as_secs()
        ),
    }
    judged.push(("every doubt decided", outcome.decided_after.is_some()));
    for violation in &outcome.violations {
        println!("WRONG {violation}");
    }
    judged.push(("no violation", outcome.violations.is_empty()));
    for (name, _) in judged.iter().filter(|(_, is_met)| !is_met) {
        println!("MISSED {name}");
    }
    let failed = judged.iter().filter(|(_, is_met)| !is_met).count();
    println!("{} passed, {failed} failed", judged.len() - failed);
    failed == 0
}

fn written(wish: &Wish, outcome: &Outcome, took: Duration, is_held: bool) -> paydesk_tally::Tally {
    let seconds = wish.length.as_secs();
    let command = if seconds.is_multiple_of(60) {
        format!("cargo xtask soak --minutes {}", seconds / 60)
    } else {
        format!("cargo xtask soak --seconds {seconds}")
    };
    let mut tally = paydesk_tally::Tally::new("soak", &command);
    let Outcome { ended, .. } = outcome;
    tally
        .count("sales", ended.sales)
        .count("refunds", ended.refunds)
        .count("late_decided", ended.decided)
        .count("rate", wish.rate)
        .count("trade_seconds", seconds)
        .count("calls", outcome.calls)
        .count(
            "struck",
            outcome.struck.iter().map(|(_, count)| count).sum::<u64>(),
        )
        .count("open_at_heal", outcome.most_open)
        .count("violations", outcome.violations.len());
    for (name, times) in [
        ("begin", &ended.begin),
        ("fsync", &outcome.fsync),
        ("settle", &ended.settle),
    ] {
        for (part, micros) in [
            ("p50", times.p50),
            ("p95", times.p95),
            ("p99", times.p99),
            ("most", times.most),
        ] {
            tally.figure(&format!("{name}_{part}_ms"), f64::from(micros) / 1_000.0);
        }
        tally.count(&format!("{name}_count"), times.count);
    }
    if let Some(after) = outcome.decided_after {
        tally.figure("decided_after_s", after.as_secs_f64());
    }
    if let Some(growth) = Growth::of(&outcome.samples) {
        tally
            .figure("heap_begin_mib", growth.begin_kib / 1_024.0)
            .figure("heap_end_mib", growth.end_kib / 1_024.0)
            .figure("heap_mib_a_minute", growth.kib_a_minute / 1_024.0);
    }
    for (name, count) in &outcome.struck {
        tally.row("by_fault", name, number(*count));
    }
    for sample in &outcome.samples {
        let at = format!("{:06.0}", sample.at.as_secs_f64());
        tally.row("heap_mib_by_second", &at, sample.heap_kib / 1_024.0);
    }
    tally.violations.clone_from(&outcome.violations);
    tally.end(took, is_held);
    tally
}
