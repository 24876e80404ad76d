//! The customer's phone: scans the QR that the till shows, pays or declines.
//!
//! It must never pay a code payment; that customer stands at the till.

use serde::{Deserialize, Serialize};

use crate::btcpay::{self, WalletAct};
use crate::ledger::{Channel, Currency, Fen, JournalError, Kind, State, Trade};
use crate::stripe;
use crate::world::World;

/// What the customer does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneAct {
    /// Claims money back, by the link of a refund in coins.
    Claim,
    /// Declines; the order waits on.
    Decline,
    /// Pays, scanning first if need be.
    Pay,
    /// Sends twice the coins that the code asks for; wallets on a chain alone do that.
    PayDouble,
    /// Sends half of them; wallets on a chain alone do that.
    PayHalf,
    /// Points the camera at the QR.
    Scan,
}

/// What the phone shows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PhoneScreen {
    /// `scanned`, `paid`, `declined`, `expired`, `unknown_code`.
    pub state: &'static str,
    /// What the payment is for.
    pub payee: Option<String>,
    /// In which currency.
    pub currency: Option<Currency>,
    /// How much, in its minor unit.
    pub amount: Option<Fen>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The merchant's number.
    pub out_trade_no: Option<String>,
}

pub(super) fn act(world: &World, qr: &str, act: PhoneAct) -> Result<PhoneScreen, JournalError> {
    if btcpay::is_mine(qr) {
        return by_wallet(world, qr, act);
    }
    let old_qr_pays = world.faults().old_qr_pays;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let found = Channel::ALL
        .into_iter()
        .find_map(|channel| match channel {
            Channel::Stripe => ledger.find_by_code(channel, stripe::code_of(qr)),
            _ => ledger.find_by_code(channel, qr),
        })
        .filter(|trade| trade.kind == Kind::Qr && stripe::is_open_to_phones(trade))
        .cloned();
    let is_wallets = matches!(
        act,
        PhoneAct::Claim | PhoneAct::PayDouble | PhoneAct::PayHalf
    );
    let Some(trade) = found.filter(|_| !is_wallets) else {
        return Ok(unknown());
    };
    match trade.state {
        State::Paid => return Ok(screen(&trade, "paid")),
        // A page that has expired asks nobody for money any more.
        State::Ended(_) if !old_qr_pays || trade.key.channel == Channel::Stripe => {
            return Ok(screen(&trade, "expired"));
        }
        State::Ended(_) | State::Waiting => {}
    }
    if !trade.scanned || act == PhoneAct::Scan {
        ledger.scan(&trade.key, now_ms)?;
    }
    let state = match act {
        PhoneAct::Decline => {
            ledger.decline(&trade.key, now_ms)?;
            "declined"
        }
        PhoneAct::Pay if ledger.charge(&trade.key, now_ms)? => "paid",
        PhoneAct::Claim | PhoneAct::Pay | PhoneAct::PayDouble | PhoneAct::PayHalf => "declined",
        PhoneAct::Scan => "scanned",
    };
    Ok(screen(&trade, state))
}

fn unknown() -> PhoneScreen {
    PhoneScreen {
        state: "unknown_code",
        payee: None,
        currency: None,
        amount: None,
        channel: None,
        out_trade_no: None,
    }
}

/// A wallet pays what the QR asks, or another sum where a chain takes it, or claims a refund. There is nothing to
/// decline, and a look changes nothing.
fn by_wallet(world: &World, qr: &str, act: PhoneAct) -> Result<PhoneScreen, JournalError> {
    let asked = btcpay::asked_sats(qr);
    let sending = |sats: Option<i64>| WalletAct::Send {
        sats,
        is_replaceable: false,
        is_stuck: false,
    };
    let seen = match act {
        PhoneAct::Decline | PhoneAct::Scan => None,
        PhoneAct::Claim => Some(WalletAct::Claim {
            by_lightning: false,
        }),
        PhoneAct::Pay => Some(WalletAct::PAY),
        PhoneAct::PayDouble => Some(sending(asked.map(|sats| sats.saturating_mul(2)))),
        PhoneAct::PayHalf => Some(sending(asked.map(|sats| sats / 2))),
    };
    let seen = match seen {
        Some(act) => Some(btcpay::wallet(world, qr, act)?),
        None => None,
    };
    let state = match (act, seen.as_ref().map(|seen| seen.state)) {
        (PhoneAct::Decline, _) => "declined",
        (_, None) => "scanned",
        (_, Some("sent")) => "paid",
        (_, Some("refused")) => "expired",
        (_, Some(other)) => other,
    };
    Ok(PhoneScreen {
        state,
        payee: None,
        currency: Some(Currency::BTC),
        amount: seen.and_then(|seen| seen.sats).or(asked).map(Fen::new),
        channel: Some(Channel::Btcpay),
        out_trade_no: None,
    })
}

fn screen(trade: &Trade, state: &'static str) -> PhoneScreen {
    PhoneScreen {
        state,
        payee: Some(trade.subject.clone()),
        currency: Some(trade.currency),
        amount: Some(trade.total),
        channel: Some(trade.key.channel),
        out_trade_no: Some(trade.key.out_trade_no.clone()),
    }
}
