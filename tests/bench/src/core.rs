//! The store and the desk without a window: one intent made durable, and one request ready to leave.
//!
//! The disk is asked about itself between every two measurements, so that the figures can be compared with it.

use crate::Trouble;
use crate::figures::{Spread, Table, ms};
use paydesk_channels::WireRequest;
use paydesk_console::contract::{Locale, ModeView, SetUp};
use paydesk_desk::ports::{
    Actor, BoxFuture, Commit, Cut, EventKind, Network, NewEvent, NewOrder, Opened, PayerCode,
    Reached, Scope, Store, Tasks, Work,
};
use paydesk_desk::{Charge, Desk, Ports};
use paydesk_domain::{Amount, ChannelId, Money, OrderPlan, PaymentPlan, TenderKind, Timestamp};
use paydesk_host::{Host, HostOptions};
use paydesk_signing::WireReply;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Measurements of each kind.
const ROUNDS: u32 = 400;

/// Rounds before them that are not counted: caches, the statement cache, the first pages of the file.
const WARM_UP: u32 = 30;

/// What a durable intent may cost above one fsync.
const INTENT_ABOVE_FSYNC: Duration = Duration::from_micros(400);

/// What preparing a request may cost in all.
const REQUEST_READY: Duration = Duration::from_micros(2_500);

/// A network that notes when it is asked to send, and loses every answer.
#[derive(Default)]
struct Stamped(Mutex<Option<Instant>>);

impl Network for Stamped {
    fn send(&self, _: WireRequest, _: Scope, _: Duration) -> BoxFuture<'_, Result<WireReply, Cut>> {
        let now = Instant::now();
        if let Ok(mut stamp) = self.0.lock() {
            *stamp = Some(now);
        }
        Box::pin(async { Err(Cut::AfterSend) })
    }

    fn reach<'a>(&'a self, _: &'a str, _: Scope) -> BoxFuture<'a, Reached> {
        Box::pin(async { Reached::Refused })
    }
}

/// Tasks that can be waited for, so that one round never runs into the next.
#[derive(Default)]
struct Awaited(Mutex<Vec<JoinHandle<()>>>);

impl Tasks for Awaited {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let handle = tokio::spawn(task);
        if let Ok(mut running) = self.0.lock() {
            running.push(handle);
        }
    }
}

impl Awaited {
    async fn wait(&self) -> Result<(), Trouble> {
        let running = self
            .0
            .lock()
            .map(|mut it| std::mem::take(&mut *it))
            .unwrap_or_default();
        for task in running {
            task.await?;
        }
        Ok(())
    }
}

/// Measures both figures in one run.
pub(crate) fn measure(table: &mut Table) -> Result<(), Trouble> {
    let folder = std::env::temp_dir().join(format!("paydesk-bench-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(measure_in(&folder, table));
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_in(folder: &Path, table: &mut Table) -> Result<(), Trouble> {
    let host = Host::open(HostOptions {
        data: Some(folder.to_owned()),
        operator: None,
        resolve: false,
        ..HostOptions::default()
    })
    .await?;
    let set_up = SetUp {
        currency: None,
        locale: Locale::En,
        mode: ModeView::Demo,
        store_name: "Bench".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 0,
        past_days: 0,
        passphrase: None,
    };
    host.console()
        .call("set_up", serde_json::to_value(set_up)?)
        .await
        .map_err(|it| format!("{it:?}"))?;
    let (network, tasks) = (Arc::new(Stamped::default()), Arc::new(Awaited::default()));
    let ports = Ports {
        network: Arc::<Stamped>::clone(&network),
        tasks: Arc::<Awaited>::clone(&tasks),
        ..host.console().desk().ports().clone()
    };
    let desk = Desk::open(ports).await?;
    let mut probe = File::create(folder.join("fsync.probe"))?;
    let (mut fsyncs, mut intents, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let fsync = fsync_once(&mut probe)?;
        let intent = open_once(&desk, round).await?;
        let request = charge_once(&desk, &network, round).await?;
        tasks.wait().await?;
        if round >= WARM_UP {
            fsyncs.push(fsync);
            intents.push(intent);
            requests.push(request);
        }
    }
    host.close().await;
    judge(
        table,
        Spread::of(fsyncs),
        Spread::of(intents),
        Spread::of(requests),
    );
    Ok(())
}

fn judge(table: &mut Table, fsync: Spread, intent: Spread, request: Spread) {
    table.report_spread("append 4 KiB and fsync, plain file", &fsync);
    table.report_spread("one intent durable", &intent);
    let (disk, durable) = (fsync.percentile(50), intent.percentile(50));
    let ratio = durable.as_secs_f64() / disk.as_secs_f64().max(f64::EPSILON);
    table.judge(
        "one intent durable, p50",
        format!("{} ({ratio:.2} of one fsync)", ms(durable)),
        format!("<= fsync + {}", ms(INTENT_ABOVE_FSYNC)),
        durable <= disk + INTENT_ABOVE_FSYNC,
    );
    table.report_spread("request ready: validated, durable, signed", &request);
    table.judge_time("request ready, p50", request.percentile(50), REQUEST_READY);
}

/// What the disk takes for one page of a log, the least that a durable commit can cost.
fn fsync_once(probe: &mut File) -> Result<Duration, Trouble> {
    let page = [7; 4096];
    let began = Instant::now();
    probe.write_all(&page)?;
    probe.sync_data()?;
    Ok(began.elapsed())
}

/// One `Store::open_order`, as the desk calls it.
async fn open_once(desk: &Desk, round: u32) -> Result<Duration, Trouble> {
    let shop = desk.shop().ok_or("the shop is not set up")?;
    let channel = ChannelId("alipay".to_owned());
    let account = shop.account_for(&channel).ok_or("no account")?.clone();
    let now = desk.now();
    let amount = Amount::from_minor(i64::from(round) + 1, shop.currency)?;
    let day = desk.day_of(now)?;
    let plan = OrderPlan {
        intent: format!("open {round}"),
        total: amount,
        day,
        by: String::new(),
    };
    let new = NewOrder {
        mode: shop.mode,
        draw: round,
        plan,
        code: Some(PayerCode {
            tag: tag(round),
            since: Timestamp(0),
        }),
        note: String::new(),
        now,
    };
    let payment = PaymentPlan {
        account: account.id,
        channel,
        amount,
        tender: TenderKind::PayerCode,
        expires: now.plus(Duration::from_secs(300)),
        watch_ms: 900_000,
        rate: account.rate,
        intent: None,
    };
    let first = Box::new(move |order| first_attempt(order, payment, day, now));
    let store: &Arc<dyn Store> = &desk.ports().store;
    let began = Instant::now();
    let opened = store.open_order(new, first).await?;
    let took = began.elapsed();
    match opened {
        Opened::New(_) => Ok(took),
        Opened::CodeUsed | Opened::Existing(_) => Err("nothing was written".into()),
    }
}

fn first_attempt(
    mut order: paydesk_domain::Order,
    plan: PaymentPlan,
    day: paydesk_domain::BusinessDay,
    now: Timestamp,
) -> Result<Commit, paydesk_domain::Blocked> {
    let opened = serde_json::json!({ "after": { "order": {
        "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at(),
    } } });
    let payment = order.begin_payment(plan, now)?.clone();
    let reference = payment.reference().clone();
    let event = |kind, subject, body| NewEvent {
        kind,
        order: Some(order.number().clone()),
        subject,
        actor: Actor::Program,
        at: now,
        day,
        body,
        evidence: None,
    };
    let begun =
        serde_json::json!({ "tender": payment.plan().tender, "after": { "payment": payment } });
    let events = vec![
        event(EventKind::OrderOpened, None, opened),
        event(EventKind::PaymentBegun, Some(reference.clone()), begun),
    ];
    let work = vec![Work {
        reference,
        due: Some(now.plus(Duration::from_secs(5))),
    }];
    Ok(Commit {
        order,
        events,
        work,
        sealed: Vec::new(),
        note: None,
    })
}

/// From the scan's arrival at the desk to the moment the network is asked to send.
async fn charge_once(desk: &Arc<Desk>, network: &Stamped, round: u32) -> Result<Duration, Trouble> {
    let shop = desk.shop().ok_or("the shop is not set up")?;
    // No amount twice: a second one would be asked about instead of charged.
    let ask = Charge {
        intent: format!("charge {round}"),
        amount: Money::from_minor(i64::from(round) + 1_000_000, shop.currency),
        code: format!("28{:014}00", u64::from(round)),
        note: String::new(),
        confirmed_repeat_of: None,
        part: paydesk_desk::PartOf::Whole,
    };
    if let Ok(mut stamp) = network.0.lock() {
        *stamp = None;
    }
    let began = Instant::now();
    desk.charge(ask).await?;
    for _ in 0..10_000 {
        if let Some(sent) = network.0.lock().ok().and_then(|it| *it) {
            return Ok(sent.duration_since(began));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err("the request never left".into())
}

fn tag(round: u32) -> [u8; 32] {
    let mut tag = [0; 32];
    for (slot, byte) in tag.iter_mut().zip(round.to_be_bytes()) {
        *slot = byte;
    }
    tag
}
