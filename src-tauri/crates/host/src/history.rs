//! The demo's past: days that are played against the sandbox before the shop opens, by the same desk that
//! will take today's payments, with a clock that stands in the past. Nothing is written by hand.

use paydesk_channels::WireRequest;
use paydesk_desk::{
    Charge, Desk, DeskError, Ports, RefundAsk, TakeCash, Told,
    ports::{BoxFuture, Clock, Cut, Network, Reached, Scope},
    shop::Shop,
};
use paydesk_domain::{ChannelDay, Money, Order, OrderStatus, Timestamp};
use paydesk_sandbox::{CUSTOMERS, Channel, NOW_HEADER, TOKEN_HEADER, sample_code};
use paydesk_signing::WireReply;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The first sale of a day, by UTC+8.
const OPENS_MINUTE: i64 = 9 * 60;

/// Minutes from the first sale of a day to its last.
const OPEN_MINUTES: i64 = 12 * 60;

/// Sales of a day; half as many again on two days of the week.
const SALES: i64 = 6;

/// Sales of yesterday: enough that every difference finds one to be planted on.
const SALES_YESTERDAY: i64 = 12;

/// The sandbox answers at once; longer means it is gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the shop sells, in minor units, with the note a cashier would type.
const SALES_LIST: [(i64, &str); 12] = [
    (1_800, ""),
    (4_650, "桌 A12"),
    (2_600, ""),
    (12_800, "生日蛋糕 6 寸"),
    (3_300, "外卖"),
    (990, ""),
    (6_880, "桌 B03"),
    (2_150, ""),
    (26_800, "公司团餐"),
    (5_400, "桌 A07"),
    (1_550, ""),
    (8_920, "会员 王女士"),
];

/// A clock that stands where it is put.
struct PastClock(AtomicI64);

impl Clock for PastClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "waits in real time for the sandbox"
    )]
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// The network, telling the sandbox what time it is played at.
struct PastNetwork {
    network: Arc<dyn Network>,
    clock: Arc<PastClock>,
    token: String,
}

impl Network for PastNetwork {
    fn send(
        &self,
        mut request: WireRequest,
        scope: Scope,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<WireReply, Cut>> {
        let now = self.clock.now().0.to_string();
        request.headers.push((NOW_HEADER.to_owned(), now));
        request
            .headers
            .push((TOKEN_HEADER.to_owned(), self.token.clone()));
        Box::pin(async move {
            let mut reply = self.network.send(request, scope, deadline).await?;
            // The web server's own date is today's; the signed times are those that are played.
            reply
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
            Ok(reply)
        })
    }

    fn reach<'a>(&'a self, url: &'a str, scope: Scope) -> BoxFuture<'a, Reached> {
        self.network.reach(url, scope)
    }
}

/// Opens the shop `days` days ago and plays every day until yesterday.
///
/// # Errors
/// The desk's, when the sandbox or the store gives up; what was played stays.
pub(crate) async fn play(
    ports: Ports,
    token: String,
    shop: Shop,
    days: u8,
) -> Result<ChannelDay, DeskError> {
    let today = ports.clock.now();
    let first_midnight = china_midnight(today) - i64::from(days) * DAY;
    let opened = first_midnight + (OPENS_MINUTE - 1) * MINUTE;
    let clock = Arc::new(PastClock(AtomicI64::new(opened)));
    let network = PastNetwork {
        network: Arc::clone(&ports.network),
        clock: Arc::clone(&clock),
        token,
    };
    let past = Ports {
        clock: Arc::<PastClock>::clone(&clock),
        network: Arc::new(network),
        ..ports
    };
    let desk = Desk::open(past).await?;
    desk.change_shop(shop).await?;
    let mut sale = 0_usize;
    for ago in (1..=i64::from(days)).rev() {
        let midnight = china_midnight(today) - ago * DAY;
        let is_busy = (midnight / DAY) % 7 < 2;
        let sales = match (ago, is_busy) {
            (1, _) => SALES_YESTERDAY,
            (_, true) => SALES * 3 / 2,
            (_, false) => SALES,
        };
        for at in 0..sales {
            sale += 1;
            let minute = at * OPEN_MINUTES / sales;
            let jitter = i64::try_from(sale * 7919 % 41).unwrap_or(0) * 1_000;
            let now = midnight + (OPENS_MINUTE + minute) * MINUTE + jitter;
            clock.0.store(now, Ordering::Release);
            sell(&desk, &clock, sale).await?;
        }
    }
    let yesterday = Timestamp(china_midnight(today) - DAY / 2);
    paydesk_desk::channel_day(yesterday).ok_or(DeskError::NotSetUp)
}

/// What is planted on a day, at both channels: one of each difference a bill can show.
pub(crate) fn plants(day: ChannelDay) -> Value {
    let planted: Vec<Value> = ["alipay", "wechatpay"]
        .iter()
        .flat_map(|channel| {
            ["missing_ours", "missing_channel", "amount_over", "fee"]
                .map(|code| json!({ "code": code, "channel": channel, "day": day.to_string() }))
        })
        .collect();
    json!({ "plants": planted })
}

/// Days before yesterday on which money is held back, and released again.
const HELD_AGO: i64 = 8;
const RELEASED_AGO: i64 = 4;

/// What WeChat Pay holds back for some days, in fen: less than a day takes.
const HELD_FEN: i64 = 5_000;

/// What is held back of a past that is long enough, and released again, at six in the evening.
pub(crate) fn reserves(yesterday: ChannelDay, days: u8) -> Vec<Value> {
    if i64::from(days) <= HELD_AGO {
        return Vec::new();
    }
    let starts = yesterday.bounds_of_china().map(|(starts, _)| starts.0);
    let reserve = |ago: i64, fen: i64| {
        let at_ms = starts? - ago * DAY + 18 * 60 * MINUTE;
        Some(json!({ "channel": "wechatpay", "reserve_fen": fen, "at_ms": at_ms }))
    };
    let both = [
        reserve(HELD_AGO, HELD_FEN),
        reserve(RELEASED_AGO, -HELD_FEN),
    ];
    both.into_iter().flatten().collect()
}

/// The last midnight of UTC+8.
fn china_midnight(now: Timestamp) -> i64 {
    const OFFSET: i64 = 8 * 60 * MINUTE;
    (now.0 + OFFSET).div_euclid(DAY) * DAY - OFFSET
}

async fn sell(desk: &Arc<Desk>, clock: &PastClock, sale: usize) -> Result<(), DeskError> {
    let Some(shop) = desk.shop() else {
        return Ok(());
    };
    let (minor, note) = SALES_LIST
        .get(sale * 5 % SALES_LIST.len())
        .copied()
        .unwrap_or((1_000, ""));
    if let Some(name) = shop.operators.get(sale / 7 % shop.operators.len().max(1)) {
        desk.act_as(name);
    }
    // Of forty customers one has no money on the account, as the table of customers says.
    let key = if sale.is_multiple_of(40) {
        "no_balance"
    } else {
        "pays"
    };
    let Some(customer) = CUSTOMERS.iter().find(|customer| customer.key == key) else {
        return Ok(());
    };
    let channel = if sale.is_multiple_of(2) {
        Channel::Alipay
    } else {
        Channel::Wechatpay
    };
    let seed = u64::try_from(sale).unwrap_or(0);
    let intent = format!("demo-past-{sale}");
    // Played before, when the past was broken off.
    if desk.ports().store.by_intent(&intent).await?.is_some() {
        return Ok(());
    }
    let amount = Money::from_minor(
        minor + i64::try_from(sale % 97).unwrap_or(0) * 10,
        shop.currency,
    );
    let taken_by =
        |id: &str| paydesk_desk::channel(id).is_some_and(|it| it.profile().takes(shop.currency));
    if !taken_by("alipay") || !taken_by("wechatpay") {
        // The wallets of these customers hold nothing of this currency; their purses do.
        let cash = TakeCash {
            intent,
            amount,
            received: amount,
            note: note.to_owned(),
            confirmed_repeat_of: None,
            part: paydesk_desk::PartOf::Whole,
        };
        return desk.take_cash(cash).await.map(drop);
    }
    let charge = Charge {
        intent,
        amount,
        code: sample_code(channel, customer.behaviour, seed),
        note: note.to_owned(),
        confirmed_repeat_of: None,
        part: paydesk_desk::PartOf::Whole,
    };
    let told = desk.listen();
    let order = desk.charge(charge).await?;
    let order = settled(desk, order, told).await?;
    let is_returned = sale % 29 == 3 && order.status() == OrderStatus::Paid;
    if is_returned {
        clock.0.fetch_add(11 * MINUTE, Ordering::AcqRel);
        give_back(desk, &order, sale).await?;
    }
    Ok(())
}

async fn give_back(desk: &Arc<Desk>, order: &Order, sale: usize) -> Result<(), DeskError> {
    // Alipay's money is back at once; others take their time, which has not passed yet in the past.
    let is_alipay = order
        .latest()
        .is_some_and(|payment| payment.plan().channel.0 == "alipay");
    if !is_alipay {
        return Ok(());
    }
    let whole = order.taken();
    let part = if sale.is_multiple_of(2) {
        whole.minor()
    } else {
        whole.minor() / 2
    };
    let told = desk.listen();
    let (order, _) = desk
        .refund(RefundAsk {
            intent: format!("demo-past-refund-{sale}"),
            number: order.number().clone(),
            payment: None,
            amount: Money::from_minor(part, whole.currency()),
            reason: "customer_cancelled".to_owned(),
            note: String::new(),
            in_cash: false,
            rate: paydesk_domain::RateChoice::default(),
        })
        .await?;
    settled(desk, order, told).await.map(drop)
}

/// The order once it moved.
async fn settled(
    desk: &Desk,
    order: Order,
    mut told: tokio::sync::broadcast::Receiver<Told>,
) -> Result<Order, DeskError> {
    use tokio::sync::broadcast::error::RecvError;
    let moved = async {
        loop {
            match told.recv().await {
                Ok(Told::Order { number, version })
                    if &number == order.number() && version > order.version() =>
                {
                    break;
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
    };
    // What did not move in time is found by the resolver, like every doubt.
    if tokio::time::timeout(PATIENCE, moved).await.is_err() {
        return Ok(order);
    }
    desk.order(order.number()).await
}
