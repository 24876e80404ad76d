//! The customer's phone: scans the QR that the till shows, pays or declines.
//!
//! It must never pay a code payment; that customer stands at the till.

use serde::{Deserialize, Serialize};

use crate::ledger::{Channel, Currency, Fen, JournalError, Kind, State, Trade};
use crate::stripe;
use crate::world::World;

/// What the customer does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneAct {
    /// Declines; the order waits on.
    Decline,
    /// Pays, scanning first if need be.
    Pay,
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
    let Some(trade) = found else {
        return Ok(PhoneScreen {
            state: "unknown_code",
            payee: None,
            currency: None,
            amount: None,
            channel: None,
            out_trade_no: None,
        });
    };
    match trade.state {
        State::Paid => return Ok(screen(&trade, "paid")),
        State::Ended(_) if !old_qr_pays => return Ok(screen(&trade, "expired")),
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
        PhoneAct::Pay => "declined",
        PhoneAct::Scan => "scanned",
    };
    Ok(screen(&trade, state))
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
