//! The till as a process of its own: production desk, connectors, network and store, a cashier who never rests, and a
//! manager who decides about late money. It says on standard output how it goes, and ends when standard input does.

use crate::timed::{Timed, Watch};
use paydesk_desk::ports::{OrderFilter, Tab};
use paydesk_desk::{Charge, Desk, Ports, RefundAsk};
use paydesk_domain::{Currency, LateChoice, Money, OrderNumber, PaymentState};
use paydesk_host::{Host, HostOptions};
use paydesk_proxy::Trouble;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// After a sale its customer may want some of it back.
const BACK_AFTER: Duration = Duration::from_secs(8);

/// How often the manager looks.
const MANAGER_EVERY: Duration = Duration::from_secs(3);

/// What the till says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub(crate) enum Says {
    /// The last sale has begun.
    Over,
    /// So many results are unknown.
    Doubts {
        /// How many.
        open: u32,
    },
    /// The end.
    Ended(Box<Ended>),
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Ended {
    /// Sales whose intent became durable.
    pub(crate) sales: u64,
    /// Sales that the desk refused.
    pub(crate) refused: u64,
    /// Refunds that became durable.
    pub(crate) refunds: u64,
    /// Decisions about late money.
    pub(crate) decided: u64,
    /// The durable writes.
    pub(crate) begin: Times,
    /// Answers and endings kept.
    pub(crate) settle: Times,
    /// Looks planned.
    pub(crate) plan: Times,
}

/// How long one kind of write took, microseconds.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Times {
    /// How many.
    pub(crate) count: u64,
    /// Half of them took at most this.
    pub(crate) p50: u32,
    /// 95 of 100.
    pub(crate) p95: u32,
    /// 99 of 100.
    pub(crate) p99: u32,
    /// The slowest.
    pub(crate) most: u32,
}

impl Times {
    /// Percentiles of sorted durations.
    pub(crate) fn of(sorted: &[u32]) -> Self {
        let at = |percent: usize| {
            let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(place).copied().unwrap_or(0)
        };
        Self {
            count: u64::try_from(sorted.len()).unwrap_or(u64::MAX),
            p50: at(50),
            p95: at(95),
            p99: at(99),
            most: at(100),
        }
    }
}

/// What is counted on the way.
#[derive(Default)]
struct Counted {
    sales: AtomicU64,
    refused: AtomicU64,
    refunds: AtomicU64,
    decided: AtomicU64,
}

fn say(says: &Says) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(says)?)?;
    Ok(out.flush()?)
}

/// Trades for so long, then waits for the end.
pub(crate) async fn run(
    folder: &Path,
    rate: u32,
    length: Duration,
    seed: u64,
) -> Result<(), Trouble> {
    let host = Host::open(HostOptions {
        data: Some(folder.to_owned()),
        ..HostOptions::default()
    })
    .await?;
    let ports = host.console().desk().ports().clone();
    let timed = Arc::new(Timed::new(Arc::clone(&ports.store)));
    let desk = Desk::open(Ports {
        store: Arc::<Timed>::clone(&timed),
        ..ports
    })
    .await?;
    let counted = Arc::new(Counted::default());
    let resolving = tokio::spawn(Arc::clone(&desk).resolve_forever());
    let managing = tokio::spawn(manage(Arc::clone(&desk), Arc::clone(&counted)));
    trade(&desk, &counted, rate, length, seed).await;
    say(&Says::Over)?;
    let told = tokio::spawn(tell_doubts(Arc::clone(&desk)));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    for task in [resolving, managing, told] {
        task.abort();
    }
    let of = |watch: &Watch| Times::of(&watch.sorted());
    let load = |count: &AtomicU64| count.load(Ordering::SeqCst);
    say(&Says::Ended(Box::new(Ended {
        sales: load(&counted.sales),
        refused: load(&counted.refused),
        refunds: load(&counted.refunds),
        decided: load(&counted.decided),
        begin: of(&timed.begin),
        settle: of(&timed.settle),
        plan: of(&timed.plan),
    })))?;
    host.close().await;
    Ok(())
}

async fn trade(desk: &Arc<Desk>, counted: &Arc<Counted>, rate: u32, length: Duration, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut tick = interval(Duration::from_secs(1) / rate.max(1));
    // A slow moment is made up for: the number of sales is what was promised.
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    let mut number = 0_u32;
    while began.elapsed() < length {
        tick.tick().await;
        number += 1;
        let ask = charge(number, &mut random);
        let is_back = random.gen_bool(0.04);
        tokio::spawn(serve(Arc::clone(desk), Arc::clone(counted), ask, is_back));
    }
}

/// A customer of the sandbox's table: most pay at once, the others wait, refuse, stay silent, or pay after the end.
fn charge(number: u32, random: &mut StdRng) -> Charge {
    let customer = match random.gen_range(0..100) {
        0..80 => "00",
        80..84 => "01",
        84..86 => "02",
        86..89 => "03",
        89..91 => "04",
        91..94 => "05",
        94..96 => "06",
        96..98 => "07",
        _ => "09",
    };
    let channel = if random.gen_bool(0.5) { "28" } else { "13" };
    let code = random.gen_range(0..100_000_000_000_000_u64);
    Charge {
        intent: format!("soak {number}"),
        // No amount twice: a second one would be asked about instead of charged.
        amount: Money::from_minor(1_000 + i64::from(number), Currency::CNY),
        code: format!("{channel}{code:014}{customer}"),
        note: String::new(),
        confirmed_repeat_of: None,
        part: paydesk_desk::PartOf::Whole,
    }
}

async fn serve(desk: Arc<Desk>, counted: Arc<Counted>, ask: Charge, is_back: bool) {
    let intent = ask.intent.clone();
    let order = match desk.charge(ask).await {
        Ok(order) => order,
        Err(error) => {
            counted.refused.fetch_add(1, Ordering::SeqCst);
            eprintln!("soak: a sale was refused: {error}");
            return;
        }
    };
    counted.sales.fetch_add(1, Ordering::SeqCst);
    if !is_back {
        return;
    }
    sleep(BACK_AFTER).await;
    let back = RefundAsk {
        intent: format!("{intent} back"),
        number: order.number().clone(),
        payment: None,
        amount: Money::from_minor(250, Currency::CNY),
        reason: "overcharged".to_owned(),
        note: String::new(),
        in_cash: false,
        rate: paydesk_domain::RateChoice::default(),
    };
    // What is not paid by then has nothing to give back.
    if desk.refund(back).await.is_ok() {
        counted.refunds.fetch_add(1, Ordering::SeqCst);
    }
}

async fn manage(desk: Arc<Desk>, counted: Arc<Counted>) {
    let filter = OrderFilter {
        tab: Tab::Attention,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    };
    loop {
        sleep(MANAGER_EVERY).await;
        let Ok(page) = desk.ports().store.list(&filter, None, 100).await else {
            continue;
        };
        for row in page.rows {
            let is_decided = decide(&desk, &row.number).await;
            counted
                .decided
                .fetch_add(u64::from(is_decided), Ordering::SeqCst);
        }
    }
}

/// Every other late payment is handed over, the rest is given back.
async fn decide(desk: &Arc<Desk>, number: &OrderNumber) -> bool {
    let Ok(order) = desk.order(number).await else {
        return false;
    };
    let is_undecided = order.payments().iter().any(|payment| {
        let PaymentState::PaidLate { choice, .. } = payment.state() else {
            return false;
        };
        matches!(choice, LateChoice::Undecided)
    });
    let gives_back = number.to_string().bytes().fold(0_u8, u8::wrapping_add) % 2 == 0;
    let gives_back = gives_back.then(paydesk_domain::RateChoice::default);
    is_undecided
        && desk
            .decide_late(number, gives_back, "as the manager says")
            .await
            .is_ok()
}

async fn tell_doubts(desk: Arc<Desk>) {
    loop {
        if let Ok(counts) = desk.ports().store.counts().await {
            let open = counts.open_doubts;
            if say(&Says::Doubts { open }).is_err() {
                return;
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measurements() {
        let sorted: Vec<u32> = (1..=200).collect();
        let times = Times::of(&sorted);
        assert_eq!((times.p50, times.p99, times.most), (100, 198, 200));
        assert_eq!(Times::of(&[]).most, 0);
    }
}
