//! Planted differences: what a bill says otherwise than the shop remembers, on purpose.
//!
//! Two of them really move money in the ledger, the others change what bills list. It must never
//! touch the shop's own books.

use serde::{Deserialize, Serialize};

use super::lines::{self, DAY_MS, Line};
use super::{bill_day, bill_day_start_ms};
use crate::clock::{day_start_ms, day_text, read_day};
use crate::ledger::{
    Channel, Currency, Fen, Kind, Ledger, NewTrade, Origin, State, Trade, TradeKey,
};

/// What can be planted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlantCode {
    /// The bill lists one yuan more than was paid.
    AmountOver,
    /// The bill lists less than was paid.
    AmountUnder,
    /// The bill lists a payment twice.
    DuplicateChannel,
    /// The fee of a line is one fen too high.
    Fee,
    /// The bill does not list a payment.
    MissingChannel,
    /// The channel has a payment that the shop never made.
    MissingOurs,
    /// A payment stands on the bill of the next day.
    NextDay,
    /// A payment stands on the bill of the day before.
    PreviousDay,
    /// A trade that ended unpaid was paid after all.
    Status,
}

/// One wish.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlantAsked {
    /// What.
    pub code: PlantCode,
    /// Where.
    pub channel: Channel,
    /// `2026-11-20`.
    pub day: String,
    /// On this payment; without it, on one that has no refund and no plant yet.
    #[serde(default)]
    pub out_trade_no: Option<String>,
}

/// What the journal keeps.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plant {
    pub(crate) code: PlantCode,
    pub(crate) key: TradeKey,
}

/// A plant and the money that it really moves.
#[derive(Clone, Debug)]
pub(crate) struct Sown {
    pub(crate) plant: Plant,
    pub(crate) money: SownMoney,
}

/// Money behind a plant.
#[derive(Clone, Debug)]
pub(crate) enum SownMoney {
    Late { at_ms: i64, amount: Fen },
    New(Box<NewTrade>, i64),
    None,
}

/// What was planted where: the truth beside what the bills say.
#[derive(Clone, Debug, Serialize)]
pub struct Planted {
    /// What.
    pub code: PlantCode,
    /// Where.
    pub channel: Channel,
    /// The day on which the money moved.
    pub day: String,
    /// The merchant's number of the payment.
    pub out_trade_no: String,
    /// The channel's number.
    pub trade_no: String,
    /// What was paid, in fen.
    pub amount: Fen,
    /// What each line of the bills says was paid, in fen.
    pub bill_amounts: Vec<Fen>,
    /// The fee by the contract, in fen.
    pub fee: Fen,
    /// The fee of each line, in fen.
    pub bill_fees: Vec<Fen>,
    /// The day of each line; none when the bills do not list it.
    pub bill_days: Vec<String>,
}

/// Why nothing was planted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PlantRefused {
    /// The day does not read as `2026-11-20`, or is not over.
    #[error("{day} is no past day")]
    Day {
        /// As given.
        day: String,
    },
    /// No payment of that day fits.
    #[error("{day} has no payment at {channel:?} for {code:?}")]
    NothingFits {
        /// What was asked for.
        code: PlantCode,
        /// Where.
        channel: Channel,
        /// When.
        day: String,
    },
}

/// Chooses a payment for every wish; all or none. `today` is the sandbox's day.
pub(crate) fn sow(
    ledger: &Ledger,
    asked: &[PlantAsked],
    today: i64,
) -> Result<Vec<Sown>, PlantRefused> {
    let mut sown: Vec<Sown> = Vec::new();
    for wish in asked {
        let day = read_day(&wish.day).filter(|day| *day < today);
        let day = day.ok_or_else(|| PlantRefused::Day {
            day: wish.day.clone(),
        })?;
        let one = match wish.code {
            // Stripe's files are written from its balance, which nobody changes.
            _ if wish.channel == Channel::Stripe => None,
            PlantCode::MissingOurs => unknown_trade(ledger, wish, day, sown.len()),
            PlantCode::Status => late_money(ledger, wish, day, &sown),
            _ => paid_trade(ledger, wish, day, &sown),
        };
        sown.push(one.ok_or_else(|| PlantRefused::NothingFits {
            code: wish.code,
            channel: wish.channel,
            day: wish.day.clone(),
        })?);
    }
    Ok(sown)
}

/// A trade that carries no plant yet, and is the one asked for if one is.
fn is_free(ledger: &Ledger, sown: &[Sown], wish: &PlantAsked, trade: &Trade) -> bool {
    let is_wanted = wish
        .out_trade_no
        .as_ref()
        .is_none_or(|wanted| *wanted == trade.key.out_trade_no);
    is_wanted
        && trade.key.channel == wish.channel
        && ledger.plants().iter().all(|plant| plant.key != trade.key)
        && sown.iter().all(|sown| sown.plant.key != trade.key)
}

/// One of several, spread over the day so that differences do not stand side by side.
fn spread<'a>(fitting: &[&'a Trade], count: usize) -> Option<&'a Trade> {
    let place = count.saturating_mul(7).saturating_add(3) % fitting.len().max(1);
    fitting.get(place).copied()
}

fn plant_on(wish: &PlantAsked, trade: &Trade, money: SownMoney) -> Sown {
    Sown {
        plant: Plant {
            code: wish.code,
            key: trade.key.clone(),
        },
        money,
    }
}

fn paid_trade(ledger: &Ledger, wish: &PlantAsked, day: i64, sown: &[Sown]) -> Option<Sown> {
    let least = match wish.code {
        PlantCode::AmountUnder => 2,
        _ => 1,
    };
    let is_of_day =
        |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| bill_day(wish.channel, at_ms) == day);
    let fitting: Vec<&Trade> = ledger
        .trades()
        .filter(|trade| is_free(ledger, sown, wish, trade))
        .filter(|trade| trade.refunds.is_empty() && trade.charges.len() == 1)
        .filter(|trade| trade.total.get() >= least)
        .filter(|trade| is_of_day(trade.paid_ms()))
        .collect();
    let count = ledger.plants().len().saturating_add(sown.len());
    spread(&fitting, count).map(|trade| plant_on(wish, trade, SownMoney::None))
}

/// A trade that ended unpaid gets its money a minute later, still on its day.
fn late_money(ledger: &Ledger, wish: &PlantAsked, day: i64, sown: &[Sown]) -> Option<Sown> {
    let is_of_day =
        |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| bill_day(wish.channel, at_ms) == day);
    let fitting: Vec<&Trade> = ledger
        .trades()
        .filter(|trade| is_free(ledger, sown, wish, trade) && trade.is_visible())
        .filter(|trade| matches!(trade.state, State::Ended(_)) && trade.plan.is_none())
        .filter(|trade| is_of_day(trade.ended_ms))
        .collect();
    let trade = fitting.first().copied()?;
    let next_ms = bill_day_start_ms(wish.channel, day.saturating_add(1));
    let day_end_ms = next_ms.saturating_sub(1000);
    let late = SownMoney::Late {
        at_ms: trade.ended_ms?.saturating_add(60_000).min(day_end_ms),
        amount: trade.total,
    };
    Some(plant_on(wish, trade, late))
}

/// A payment through another till, shortly after noon.
fn unknown_trade(ledger: &Ledger, wish: &PlantAsked, day: i64, already: usize) -> Option<Sown> {
    const NOON_MS: i64 = 12 * 3_600_000 + 754_000;
    let count = ledger
        .trade_count()
        .saturating_add(already)
        .saturating_add(1);
    let made = format!("SBX{}{count:06}", day_text(day).replace('-', ""));
    let number = wish.out_trade_no.clone().unwrap_or(made);
    let key = TradeKey::new(wish.channel, &number);
    if ledger.find(&key).is_some() {
        return None;
    }
    let new = NewTrade {
        key: key.clone(),
        kind: Kind::Code,
        currency: Currency::CNY,
        total: Fen::new(1888),
        subject: "另一台收银机".to_owned(),
        attach: None,
        origin: Origin::default(),
        code: format!("planted-{number}"),
        expires_ms: day_start_ms(day.saturating_add(1)),
        unionpay: None,
        stripe: None,
    };
    let at_ms = day_start_ms(day).saturating_add(NOON_MS);
    Some(Sown {
        plant: Plant {
            code: wish.code,
            key,
        },
        money: SownMoney::New(Box::new(new), at_ms),
    })
}

/// The lines as the bills show them.
pub(super) fn change(lines: Vec<Line>, ledger: &Ledger, channel: Channel) -> Vec<Line> {
    let planted: Vec<&Plant> = ledger
        .plants()
        .iter()
        .filter(|plant| plant.key.channel == channel)
        .collect();
    if planted.is_empty() {
        return lines;
    }
    let code_of = |line: &Line| {
        let of_line = planted
            .iter()
            .find(|plant| plant.key.out_trade_no == line.out_trade_no);
        of_line
            .filter(|_| line.is_payment())
            .map(|plant| plant.code)
    };
    lines
        .into_iter()
        .flat_map(|line| changed(channel, code_of(&line), line))
        .collect()
}

/// One line under its plant. Times leave the day by a second or so, as late bookings do.
fn changed(channel: Channel, code: Option<PlantCode>, mut line: Line) -> Vec<Line> {
    let day_ms = bill_day_start_ms(channel, bill_day(channel, line.at_ms));
    match code {
        None | Some(PlantCode::MissingOurs | PlantCode::Status) => {}
        Some(PlantCode::MissingChannel) => return Vec::new(),
        Some(PlantCode::DuplicateChannel) => return vec![line.clone(), line],
        Some(PlantCode::AmountOver) => line.amount = lines::sum([line.amount, Fen::new(100)]),
        Some(PlantCode::AmountUnder) => {
            let off = if line.amount.get() > 100 { 100 } else { 1 };
            line.amount = lines::less(line.amount, Fen::new(off));
        }
        Some(PlantCode::Fee) => line.fee = lines::sum([line.fee, Fen::new(1)]),
        Some(PlantCode::NextDay) => line.at_ms = day_ms.saturating_add(DAY_MS + 7_000),
        Some(PlantCode::PreviousDay) => line.at_ms = day_ms.saturating_sub(7_000),
    }
    vec![line]
}

/// Tells what is planted, the truth beside the bills.
pub(crate) fn told(ledger: &Ledger, plants: &[Plant]) -> Vec<Planted> {
    let every = Channel::ALL.map(|channel| {
        let listed = lines::of_channel(ledger, channel);
        (channel, lines::true_lines(ledger, channel), listed)
    });
    let tell = |plant: &Plant| {
        let (channel, truth, listed) = every.iter().find(|(of, ..)| *of == plant.key.channel)?;
        let of_plant =
            |line: &&Line| line.is_payment() && line.out_trade_no == plant.key.out_trade_no;
        let line = truth.iter().find(of_plant)?;
        let listed = || listed.iter().filter(of_plant);
        Some(Planted {
            code: plant.code,
            channel: *channel,
            day: day_text(bill_day(*channel, line.at_ms)),
            out_trade_no: line.out_trade_no.clone(),
            trade_no: line.trade_no.clone(),
            amount: line.amount,
            bill_amounts: listed().map(|line| line.amount).collect(),
            fee: line.fee,
            bill_fees: listed().map(|line| line.fee).collect(),
            bill_days: listed()
                .map(|line| day_text(bill_day(*channel, line.at_ms)))
                .collect(),
        })
    };
    plants.iter().filter_map(tell).collect()
}
