//! The customer's wallet: sends coins to what it scanned, too few or too many, replaces what it sent, claims refunds.
//!
//! It must never ask the merchant's side: a chain takes whatever is sent.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Refusal};
use super::coin::{LightningTerms, address, lightning_invoice};
use super::create::destination;
use super::payout::{Claim, claim, find_pull, left_of};
use crate::ledger::unit;
use crate::ledger::{
    CoinMethod, CoinPayment, CoinState, Currency, Invoice, InvoiceStatus, JournalError, Ledger,
    id_of,
};
use crate::world::World;

/// What the customer does with what the wallet scanned.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletAct {
    /// Claims money back, by the link of a pull payment.
    Claim {
        /// Wants it by Lightning instead of on chain.
        #[serde(default)]
        by_lightning: bool,
    },
    /// Puts another transaction in the place of the last one that is not certain and may be replaced.
    Replace {
        /// What the other one pays, in satoshi; nothing when the customer pays himself.
        sats: i64,
    },
    /// Sends coins.
    Send {
        /// Instead of the sum that the QR names, in satoshi; Lightning takes no other.
        #[serde(default)]
        sats: Option<i64>,
        /// The transaction says that it may be replaced.
        #[serde(default)]
        is_replaceable: bool,
        /// The fee is so low that no block ever takes it.
        #[serde(default)]
        is_stuck: bool,
    },
}

impl WalletAct {
    /// Pays what the QR asks, like anybody.
    pub const PAY: Self = Self::Send {
        sats: None,
        is_replaceable: false,
        is_stuck: false,
    };
}

/// What the wallet shows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct WalletScreen {
    /// `sent`, `replaced`, `claimed`, `refused`, `unknown_code`.
    pub state: &'static str,
    /// Why it is refused.
    pub reason: Option<String>,
    /// Number of the payment or of the payout.
    pub id: Option<String>,
    /// How much, in satoshi.
    pub sats: Option<i64>,
    /// The invoice, where it was about one.
    pub invoice_id: Option<String>,
}

impl WalletScreen {
    fn refused(state: &'static str, reason: &str) -> Self {
        Self {
            state,
            reason: Some(reason.to_owned()),
            id: None,
            sats: None,
            invoice_id: None,
        }
    }

    fn done(state: &'static str, id: &str, sats: Option<i64>, invoice_id: Option<&str>) -> Self {
        Self {
            state,
            reason: None,
            id: Some(id.to_owned()),
            sats,
            invoice_id: invoice_id.map(str::to_owned),
        }
    }
}

/// What was scanned.
struct Scanned<'a> {
    method: CoinMethod,
    destination: &'a str,
    sats: Option<i64>,
}

fn scanned(qr: &str) -> Option<Scanned<'_>> {
    if let Some(destination) = qr.strip_prefix("lightning:") {
        return Some(Scanned {
            method: CoinMethod::Lightning,
            destination,
            sats: super::coin::lightning_sats(destination),
        });
    }
    let rest = qr.strip_prefix("bitcoin:")?;
    let (destination, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let amount = pairs.find(|(name, _)| *name == "amount");
    let read = |(_, text): (&str, &str)| unit::read(Currency::BTC, text).ok();
    Some(Scanned {
        method: CoinMethod::Chain,
        destination,
        sats: amount.and_then(read).map(|sats| sats.get()),
    })
}

/// The sum that a QR names, in satoshi.
pub(crate) fn asked_sats(qr: &str) -> Option<i64> {
    scanned(qr)?.sats
}

/// Whether a QR is one for this wallet.
pub(crate) fn is_mine(qr: &str) -> bool {
    scanned(qr).is_some() || pull_of(qr).is_some()
}

/// The pull payment that a link leads to.
fn pull_of(link: &str) -> Option<&str> {
    let (_, id) = link.rsplit_once("/pull-payments/")?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

pub(crate) fn act(world: &World, qr: &str, act: WalletAct) -> Result<WalletScreen, JournalError> {
    let unknown = || WalletScreen::refused("unknown_code", "nobody knows this code");
    if let WalletAct::Claim { by_lightning } = act {
        return match pull_of(qr) {
            Some(id) => Ok(claim_back(world, id, by_lightning)),
            None => Ok(unknown()),
        };
    }
    let Some(scanned) = scanned(qr) else {
        return Ok(unknown());
    };
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let Some(invoice) = ledger.coins().by_destination(scanned.destination).cloned() else {
        return Ok(unknown());
    };
    match act {
        WalletAct::Replace { sats } => replace(&mut ledger, invoice, sats, now_ms),
        WalletAct::Send {
            sats,
            is_replaceable,
            is_stuck,
        } => {
            let payment = match payment(&ledger, &invoice, &scanned, sats, now_ms) {
                Ok(payment) => CoinPayment {
                    is_replaceable: is_replaceable && scanned.method == CoinMethod::Chain,
                    ..payment
                },
                Err(reason) => return Ok(WalletScreen::refused("refused", reason)),
            };
            let payment = certain(&ledger, &invoice, payment, is_stuck, now_ms);
            send(&mut ledger, invoice, payment, now_ms)
        }
        WalletAct::Claim { .. } => Ok(unknown()),
    }
}

/// Coins on their way, where the network lets them go.
fn payment(
    ledger: &Ledger,
    invoice: &Invoice,
    scanned: &Scanned<'_>,
    wished: Option<i64>,
    now_ms: i64,
) -> Result<CoinPayment, &'static str> {
    let sats = wished.or(scanned.sats).ok_or("no sum is named")?;
    if sats <= 0 {
        return Err("nothing can be sent");
    }
    if !ledger.purse_holds(sats) {
        return Err("the purse is empty");
    }
    if scanned.method == CoinMethod::Lightning {
        let way = invoice.method(CoinMethod::Lightning);
        let current = way.and_then(|way| way.destination.as_deref());
        let is_current = current.is_some_and(|own| own.eq_ignore_ascii_case(scanned.destination));
        if !is_current || now_ms >= invoice.expires_ms || invoice.status != InvoiceStatus::New {
            return Err("the Lightning invoice is over");
        }
        if Some(sats) != scanned.sats {
            return Err("a Lightning invoice is paid as it is");
        }
    }
    let count = invoice.payments.len().to_string();
    let digest = id_hex(&[&invoice.id, scanned.destination, &count]);
    let id = match scanned.method {
        CoinMethod::Chain => format!("{digest}-0"),
        CoinMethod::Lightning => digest,
    };
    Ok(CoinPayment {
        id,
        method: scanned.method,
        destination: scanned.destination.to_owned(),
        sats,
        received_ms: now_ms,
        confirms_ms: None,
        ended_ms: None,
        is_replaceable: false,
        state: CoinState::Processing,
    })
}

/// When it will be certain: by Lightning and with nothing to wait for at once.
fn certain(
    ledger: &Ledger,
    invoice: &Invoice,
    payment: CoinPayment,
    is_stuck: bool,
    now_ms: i64,
) -> CoinPayment {
    let blocks = match payment.method {
        CoinMethod::Chain => invoice.terms.speed.blocks(payment.is_replaceable),
        CoinMethod::Lightning => 0,
    };
    let confirms_ms = match blocks {
        0 => Some(now_ms),
        _ if is_stuck => None,
        blocks => Some(ledger.payout_pace().block_after(now_ms, blocks)),
    };
    CoinPayment {
        confirms_ms,
        ..payment
    }
}

fn send(
    ledger: &mut Ledger,
    mut invoice: Invoice,
    payment: CoinPayment,
    now_ms: i64,
) -> Result<WalletScreen, JournalError> {
    let (id, sats) = (payment.id.clone(), payment.sats);
    let screen = WalletScreen::done("sent", &id, Some(sats), Some(&invoice.id));
    let told = invoice.receive(payment, now_ms);
    renew(&mut invoice, now_ms);
    ledger.keep_invoice(invoice, told, now_ms)?;
    Ok(screen)
}

fn replace(
    ledger: &mut Ledger,
    mut invoice: Invoice,
    sats: i64,
    now_ms: i64,
) -> Result<WalletScreen, JournalError> {
    let mut payments = invoice.payments.iter().rev();
    let last =
        payments.find(|payment| payment.is_replaceable && payment.state == CoinState::Processing);
    let Some(last) = last.cloned() else {
        let reason = "no transaction can be replaced";
        return Ok(WalletScreen::refused("refused", reason));
    };
    let count = invoice.payments.len().to_string();
    let other = CoinPayment {
        id: format!("{}-0", id_hex(&[&invoice.id, &last.destination, &count])),
        sats,
        received_ms: now_ms,
        confirms_ms: None,
        ..last.clone()
    };
    let other = (sats > 0).then(|| certain(ledger, &invoice, other, false, now_ms));
    let id = other.as_ref().map_or(&last.id, |other| &other.id).clone();
    let screen = WalletScreen::done("replaced", &id, Some(sats), Some(&invoice.id));
    let told = invoice.replace(&last.id, other, now_ms);
    renew(&mut invoice, now_ms);
    ledger.keep_invoice(invoice, told, now_ms)?;
    Ok(screen)
}

/// A Lightning invoice names its sum: another sum is another invoice, and the old one is over.
fn renew(invoice: &mut Invoice, now_ms: i64) {
    if invoice.status != InvoiceStatus::New || invoice.due_sats() == 0 {
        return;
    }
    let fresh = destination(invoice, CoinMethod::Lightning, now_ms);
    let mut ways = invoice.methods.iter_mut();
    let way = ways.find(|way| way.method == CoinMethod::Lightning);
    if let Some(own) = way.and_then(|way| way.destination.as_mut()) {
        *own = fresh;
    }
}

fn claim_back(world: &World, id: &str, by_lightning: bool) -> WalletScreen {
    let claimed = world
        .ledger()
        .map_err(Refusal::from)
        .and_then(|mut ledger| {
            let pull = find_pull(&ledger, id)?.clone();
            let count = ledger.coins().claims(id).count();
            let seed = format!("{id}\n{count}\ncustomer");
            let left = left_of(&ledger, &pull);
            let rate = ledger.coins().rate(pull.currency);
            let sats = rate.and_then(|rate| rate.sats_for(left, pull.currency));
            let now_s = super::view::seconds(world.now().wall_ms);
            let (method, destination) = match sats.filter(|_| by_lightning) {
                None => (CoinMethod::Chain, address(&seed)),
                Some(sats) => {
                    let terms = LightningTerms {
                        seed: &seed,
                        sats,
                        made_s: now_s,
                        lives_s: 2_592_000,
                        description: &pull.name,
                    };
                    (CoinMethod::Lightning, lightning_invoice(terms))
                }
            };
            let amount = None;
            let wanted = Claim {
                destination,
                amount,
                method,
            };
            let payout = claim(world, &mut ledger, &pull, wanted)?;
            let invoice_id = Some(pull.invoice_id.as_str());
            Ok(WalletScreen::done(
                "claimed",
                &payout.id,
                payout.sats,
                invoice_id,
            ))
        });
    claimed.unwrap_or_else(|refusal| {
        let answer = Answer::from(refusal);
        let reason = answer.body.map(|body| body.to_string());
        WalletScreen::refused("refused", &reason.unwrap_or_default())
    })
}

/// 64 hexadecimal digits, as transactions and payments are named.
fn id_hex(parts: &[&str]) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(id_of(parts));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_by_their_scheme() {
        let seen = scanned("bitcoin:bcrt1qx?amount=0.00012345&pj=x").expect("an address");
        assert_eq!((seen.destination, seen.sats), ("bcrt1qx", Some(12_345)));
        assert_eq!(scanned("bitcoin:bcrt1qx").and_then(|seen| seen.sats), None);
        assert!(scanned("https://qr.alipay.com/x").is_none());
        assert_eq!(pull_of("http://h/pull-payments/3c"), Some("3c"));
        assert_eq!(pull_of("http://h/pull-payments/"), None);
    }
}
