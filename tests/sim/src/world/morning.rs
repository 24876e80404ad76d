//! The next morning: every till fetches its channels' bills of the days that are over and keeps them. What
//! it shows is held against the ledger, and against what was planted.

use super::World;
use super::keys::account_id;
use paydesk_auditor::{Bill, Shown};
use paydesk_desk::{Desk, DeskError, Preview, channel_day};
use paydesk_domain::{Break, BreakCode, ChannelDay, DayCut, Explanation};
use paydesk_sandbox::{Channel, PlantAsked, PlantCode, Planted};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// What a bill may lie about without moving money.
const LIES: [PlantCode; 5] = [
    PlantCode::AmountOver,
    PlantCode::AmountUnder,
    PlantCode::DuplicateChannel,
    PlantCode::Fee,
    PlantCode::MissingChannel,
];

/// Longer than the sandbox takes to write one of Stripe's reports.
const REPORT_IS_WRITTEN: Duration = Duration::from_secs(5);

fn code_of(code: PlantCode) -> &'static str {
    match code {
        PlantCode::AmountOver => "amount_over",
        PlantCode::AmountUnder => "amount_under",
        PlantCode::DuplicateChannel => "duplicate_channel",
        PlantCode::Fee => "fee",
        PlantCode::MissingChannel => "missing_channel",
        PlantCode::MissingOurs => "missing_ours",
        PlantCode::NextDay => "next_day",
        PlantCode::PreviousDay => "previous_day",
        PlantCode::Status => "status",
    }
}

fn shown_of(found: &Break) -> Shown {
    let bill = found.bill.as_ref().map(|line| &line.payment);
    let book = found.book.as_ref().map(|line| &line.payment);
    // What was planted and the ledger speak of payments; a refund is shown under its payment's name.
    let code = match found.code {
        BreakCode::RefundExtra => BreakCode::MissingOurs,
        BreakCode::RefundMissing => BreakCode::MissingChannel,
        code => code,
    };
    Shown {
        code: code.name().to_owned(),
        payment: book.or(bill).cloned().unwrap_or_default(),
    }
}

/// What it shows, but for fees that are off by the rounding of one line and that nobody planted.
fn shown_on(preview: &Preview, planted: &BTreeSet<Shown>) -> BTreeSet<Shown> {
    let shown = preview.differences.iter().map(|it| {
        let is_rounding = matches!(it.explanation, Explanation::RoundingPerLine { .. });
        (shown_of(&it.found), is_rounding)
    });
    shown
        .filter(|(shown, is_rounding)| !is_rounding || planted.contains(shown))
        .map(|(shown, _)| shown)
        .collect()
}

/// When a channel's day begins, by its own documents.
fn cut_of(channel: Channel) -> DayCut {
    match channel {
        Channel::Alipay | Channel::Btcpay | Channel::Stripe | Channel::Wechatpay => {
            DayCut::MIDNIGHT
        }
        Channel::Unionpay => DayCut::before_midnight(1),
    }
}

impl World {
    /// Bills of the days since the last morning.
    pub(super) fn morning(&mut self) {
        let now = self.clock.truth();
        let (Some(mut day), Some(today)) = (self.unbilled, channel_day(now)) else {
            return;
        };
        while day < today {
            for channel in self.plan.channels.clone().each() {
                let planted = self.plant_on(channel, day);
                for till in 0..self.tills.len() {
                    self.compare(till, channel, day, &planted);
                }
            }
            let Some(next) = day.next() else { break };
            day = next;
        }
        self.unbilled = Some(today);
    }

    /// Now and then a bill lies.
    fn plant_on(&mut self, channel: Channel, day: ChannelDay) -> Vec<Planted> {
        let code = LIES.get(self.rng.place(LIES.len())).copied();
        let (true, Some(code)) = (self.rng.happens(300_000), code) else {
            return Vec::new();
        };
        let wish = PlantAsked {
            code,
            channel,
            day: day.to_string(),
            out_trade_no: None,
        };
        let planted = self.ether.offline().plant(&[wish], self.ether.moment());
        // Nothing fits on a day without trade.
        planted.unwrap_or_default()
    }

    fn compare(&mut self, number: usize, channel: Channel, day: ChannelDay, planted: &[Planted]) {
        let Some(open) = self.tills.get(number).and_then(|till| till.open.first()) else {
            return;
        };
        let (id, desk, bench) = (
            open.process.id,
            Arc::clone(&open.desk),
            Arc::clone(&self.bench),
        );
        let standing = self.executor.outside(bench.standing(number));
        let name = channel.id();
        let planted: BTreeSet<Shown> = planted
            .iter()
            .map(|planted| Shown {
                code: code_of(planted.code).to_owned(),
                payment: planted.out_trade_no.clone(),
            })
            .collect();
        let lies = planted.clone();
        let fetching = async move { fetch_and_keep(&desk, name, day, &lies).await };
        let fetched = match self.executor.finish(id, fetching) {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(error)) => {
                let why =
                    format!("till {number}: the {name} bill of {day} cannot be fetched: {error}");
                self.outcome.violations.push(why);
                return;
            }
            Err(stopped) => {
                let why = format!("till {number}: the {name} bill of {day}: {stopped:?}");
                self.outcome.violations.push(why);
                return;
            }
        };
        let is_there = fetched.is_some();
        let fetched = fetched.unwrap_or_default();
        self.outcome.bills += u64::from(is_there);
        self.outcome.bill_differences += u64::try_from(fetched.len()).unwrap_or(0);
        let (Some(standing), Some((starts, ends))) = (standing, cut_of(channel).bounds(day)) else {
            return;
        };
        let bill = Bill {
            channel: name.to_owned(),
            starts_ms: starts.0,
            ends_ms: ends.0,
            is_there,
            shown: fetched,
            planted,
        };
        let bench = Arc::clone(&self.bench);
        self.executor
            .outside(async move { bench.billed(number, &standing, &bill).await });
    }
}

/// Fetches a bill, looks at it and keeps it; `None` where the channel has none because nothing was traded.
async fn fetch_and_keep(
    desk: &Desk,
    channel: &str,
    day: ChannelDay,
    planted: &BTreeSet<Shown>,
) -> Result<Option<BTreeSet<Shown>>, DeskError> {
    let mut fetched = desk.fetch_bill(&account_id(channel), day).await;
    // Stripe writes a report once it is asked for: it is there a little later.
    for _ in 0..3 {
        if channel != Channel::Stripe.id() || !matches!(fetched, Err(DeskError::BillNotYet)) {
            break;
        }
        desk.ports().clock.sleep(REPORT_IS_WRITTEN).await;
        fetched = desk.fetch_bill(&account_id(channel), day).await;
    }
    let preview = match fetched {
        Ok(preview) => preview,
        // Of a day without trade Alipay says what it says of a bill that is not made yet.
        Err(DeskError::BillEmpty | DeskError::BillNotYet) => return Ok(None),
        Err(error) => return Err(error),
    };
    desk.import_bill(&preview.content_sha256).await?;
    Ok(Some(shown_on(&preview, planted)))
}
