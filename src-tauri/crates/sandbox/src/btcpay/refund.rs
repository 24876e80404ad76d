//! Money back for an invoice: an offer, at one of five rates, that the customer has to claim.
//!
//! It must never say that anything was paid back: that is a payout's word.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::asked::Asked;
use super::{Caller, find_invoice, view};
use crate::exchange::Call;
use crate::ledger::unit;
use crate::ledger::{
    CoinFact, CoinMethod, Currency, Fen, Invoice, InvoiceExtra, PullPayment, Rate, Told, What,
};
use crate::world::World;

const APPROVES: &str = "btcpay.store.cancreatepullpayments";
/// One percent of it is this many of `subtractPercentage`'s smallest unit.
const PERCENT: i64 = 10_000;

/// What is offered.
struct Offer {
    currency: Currency,
    amount: Fen,
    /// The same in the invoice's currency.
    value: Fen,
    /// Whether a claim needs nobody's approval, where the key may say so.
    approves: bool,
}

pub(super) fn refund(
    world: &World,
    caller: &Caller,
    id: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    let mut asked = Asked::read(call)?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let invoice = find_invoice(&ledger, id)?.clone();
    if !invoice.is_refundable() {
        let message = "Cannot refund this invoice";
        return Err(Refusal::state("non-refundable", message));
    }
    let rate = ledger.coins().rate(invoice.currency);
    let wanted = offer(&mut asked, &invoice, rate);
    let percent = asked.scaled("subtractPercentage", 4, (0, 100 * PERCENT));
    let methods = methods(&mut asked, &invoice);
    let name = asked.text("name");
    let description = asked.text("description");
    let offer = wanted.and_then(|offer| less(offer, percent.unwrap_or(0)));
    if asked.wrong.is_empty() && offer.as_ref().is_none_or(|offer| offer.amount <= Fen::ZERO) {
        asked.blame(
            "refundVariant",
            "The amount to refund must be greater than 0",
        );
    }
    asked.checked()?;
    let Some(offer) = offer else {
        return Err(Refusal::field("refundVariant", "Nothing can be refunded"));
    };
    let pull = PullPayment {
        id: world.chance.base58(27),
        store_id: invoice.store_id.clone(),
        invoice_id: invoice.id.clone(),
        name: name.unwrap_or_else(|| format!("Refund {}", invoice.id)),
        description: description.unwrap_or_default(),
        currency: offer.currency,
        amount: offer.amount,
        value: offer.value,
        approves: offer.approves && caller.may(APPROVES),
        methods,
        is_archived: false,
        created_ms: now_ms,
    };
    let answer = view::pull_payment(&pull, &world.own_host(call));
    let told = CoinFact::Told(Box::new(Told {
        at_ms: now_ms,
        store_id: invoice.store_id.clone(),
        invoice_id: Some(invoice.id.clone()),
        metadata: invoice.terms.metadata.clone(),
        what: What::Refund {
            pull_id: pull.id.clone(),
        },
    }));
    ledger.keep_coins(vec![CoinFact::PullPayment(Box::new(pull)), told])?;
    Ok(Answer::ok(answer))
}

/// By the variant; `None` when something is wrong with it, which is noted then.
fn offer(asked: &mut Asked, invoice: &Invoice, rate: Option<Rate>) -> Option<Offer> {
    let paid = invoice.paid_sats();
    let worth = invoice.value(paid);
    let in_coins = |sats: i64, value: Fen| Offer {
        currency: Currency::BTC,
        amount: Fen::new(sats),
        value,
        approves: true,
    };
    let variant = asked.text("refundVariant");
    match variant.as_deref() {
        Some("RateThen") => Some(in_coins(paid, worth)),
        Some("CurrentRate") => match rate {
            Some(rate) => Some(in_coins(rate.sats_for(worth, invoice.currency)?, worth)),
            None => {
                asked.blame("refundVariant", "Impossible to fetch the current rate");
                None
            }
        },
        Some("Fiat") => Some(Offer {
            currency: invoice.currency,
            amount: worth,
            value: worth,
            approves: false,
        }),
        Some("OverpaidAmount") if invoice.extra == InvoiceExtra::PaidOver => {
            let over = paid.saturating_sub(invoice.sats);
            Some(in_coins(over, invoice.rate.value(over, invoice.currency)))
        }
        Some("OverpaidAmount") => {
            asked.blame("refundVariant", "Invoice is not overpaid");
            None
        }
        Some("Custom") => custom(asked, invoice),
        _ => {
            asked.blame("refundVariant", "`refundVariant` is mandatory");
            None
        }
    }
}

fn custom(asked: &mut Asked, invoice: &Invoice) -> Option<Offer> {
    let code = asked.text("customCurrency").unwrap_or_default();
    let Some(currency) = unit::known(&code) else {
        asked.blame("customCurrency", "Invalid currency");
        return None;
    };
    let amount = asked.amount("customAmount", currency);
    if amount.is_none_or(|amount| amount == Fen::ZERO) {
        asked.blame("customAmount", "Amount must be greater than 0");
    }
    let amount = amount?;
    let value = if currency == invoice.currency {
        amount
    } else {
        invoice.rate.value(amount.get(), invoice.currency)
    };
    // Only in coins or in the invoice's own currency can be said what it is worth.
    if currency != Currency::BTC && currency != invoice.currency {
        asked.blame("customCurrency", "Neither the invoice's currency nor BTC");
        return None;
    }
    let approves = currency == Currency::BTC;
    Some(Offer {
        currency,
        amount,
        value,
        approves,
    })
}

/// The same less a share of it; what is left is rounded down.
fn less(offer: Offer, percent: i64) -> Option<Offer> {
    let whole = 100 * PERCENT;
    let left = |amount: Fen| {
        let share = i128::from(whole.checked_sub(percent)?);
        let left = i128::from(amount.get()).checked_mul(share)?;
        let left = left.checked_div(i128::from(whole))?;
        i64::try_from(left).ok().map(Fen::new)
    };
    Some(Offer {
        amount: left(offer.amount)?,
        value: left(offer.value)?,
        ..offer
    })
}

/// By the list of today, or by one name as older servers took it; else as the invoice could be paid.
fn methods(asked: &mut Asked, invoice: &Invoice) -> Vec<CoinMethod> {
    let many = asked.texts("payoutMethods").filter(|ids| !ids.is_empty());
    let one = asked
        .text("payoutMethodId")
        .or_else(|| asked.text("paymentMethod"));
    let ids = many.or_else(|| one.map(|id| vec![id]));
    let Some(ids) = ids else {
        return invoice.methods.iter().map(|way| way.method).collect();
    };
    let mut methods = Vec::new();
    for id in &ids {
        match CoinMethod::named(id) {
            Some(method) => methods.push(method),
            None => asked.blame("payoutMethods", format!("Invalid payout method {id}")),
        }
    }
    methods
}

/// The amounts among which whoever gives back can choose.
pub(super) fn choices(world: &World, id: &str, method: &str) -> Result<Answer, Refusal> {
    let ledger = world.ledger()?;
    let invoice = find_invoice(&ledger, id)?;
    let way = CoinMethod::named(method).and_then(|method| invoice.method(method));
    if way.is_none() {
        return Err(Refusal::not_found(
            "payment-method-not-found",
            "payment method",
        ));
    }
    let paid = invoice.paid_sats();
    let worth = invoice.value(paid);
    let rate = ledger.coins().rate(invoice.currency);
    let now = rate.and_then(|rate| rate.sats_for(worth, invoice.currency));
    let over = paid.saturating_sub(invoice.sats);
    let over = (invoice.extra == InvoiceExtra::PaidOver).then(|| view::coins(over));
    let mut told = json!({
        "paymentAmountThen": view::coins(paid),
        "invoiceAmount": view::amount(invoice.currency, worth),
        "paymentCurrency": Currency::BTC,
        "paymentCurrencyDivisibility": unit::decimals(Currency::BTC),
        "invoiceCurrency": invoice.currency,
        "invoiceCurrencyDivisibility": unit::decimals(invoice.currency),
        "overpaidPaymentAmount": over,
    });
    if let (Some(fields), Some(now)) = (told.as_object_mut(), now) {
        fields.insert(
            "paymentAmountNow".to_owned(),
            Value::String(view::coins(now)),
        );
    }
    Ok(Answer::ok(told))
}
