//! What the server's invoices are taken to mean. Store, order number, sum and currency must be those of the call, or
//! nothing is concluded; money that was seen is never answered with an end.

use super::{
    codes::BY_HAND,
    envelope::{Said, read, refused},
    invoice::{Asked, Extra, Invoice, Status},
    request::{INVOICES_MAX, Known},
};
use crate::{Answer, Create, Cx, Finish, Query, Target, wire::json::Json};
use paydesk_domain::{
    Advice, Amiss, Amount, ChannelRef, ClosedWhy, CoinOffer, Confirmations, Decimal, Doubt,
    Outcome, Paid, PayerAction, PaymentFact, Refusal,
};
use paydesk_signing::Authentic;

/// A fact about the invoice, and which one it is.
fn done(fact: PaymentFact, invoice: &Invoice) -> Outcome<Answer<PaymentFact>> {
    Outcome::Done(Answer {
        fact,
        learned: Some(Known::new(invoice).memo()),
    })
}

/// The answer to a create: one invoice, new.
pub(super) fn create(
    call: &Create,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let asked = Asked {
        reference: &call.reference,
        amount: call.amount,
    };
    let content = match read(reply) {
        Said::Content(content) => content,
        Said::No(code) => return refused(&code),
        Said::Unclear(doubt) => return Outcome::Unknown(doubt),
    };
    match Invoice::read(&content, &asked, cx) {
        Ok(invoice) => conclude(&invoice, &asked, cx),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

/// The answer to a question by order number.
pub(super) fn query(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    by_order(&call.of, reply, PaymentFact::NotFound, cx)
}

/// The answer to an ending: the invoice as it is marked now, or a list. Which of the two was asked for depends on the
/// moment, so the answer's own form tells.
pub(super) fn finish(
    call: &Finish,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let marked = match read(reply) {
        Said::Content(content) => Some(content).filter(Json::is_object),
        Said::No(_) | Said::Unclear(_) => None,
    };
    let Some(content) = marked else {
        // The create may still be on its way, so it is watched.
        let never = PaymentFact::Closed(ClosedWhy::NeverExisted);
        return by_order(&call.of, reply, never, cx);
    };
    let asked = asked(&call.of);
    match Invoice::read(&content, &asked, cx) {
        Ok(invoice) if Known::of(&call.of).is_some_and(|known| known.id != invoice.id) => {
            Outcome::Unknown(Doubt::Mismatch)
        }
        Ok(invoice) => conclude(&invoice, &asked, cx),
        Err(doubt) => Outcome::Unknown(doubt),
    }
}

fn asked(of: &Target) -> Asked<'_> {
    Asked {
        reference: &of.reference,
        amount: of.amount,
    }
}

/// Reads every invoice of the order number and speaks of one.
fn by_order(
    of: &Target,
    reply: &Authentic,
    nothing: PaymentFact,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let asked = asked(of);
    let found = match read(reply) {
        Said::Content(Json::Array(found)) => found,
        Said::Content(_) => return Outcome::Unknown(Doubt::Unreadable),
        Said::No(code) => return refused(&code),
        Said::Unclear(doubt) => return Outcome::Unknown(doubt),
    };
    let invoices: Result<Vec<Invoice>, Doubt> = found
        .iter()
        .map(|invoice| Invoice::read(invoice, &asked, cx))
        .collect();
    match invoices {
        Err(doubt) => Outcome::Unknown(doubt),
        Ok(invoices) if invoices.len() > INVOICES_MAX => Outcome::Unknown(Doubt::Mismatch),
        Ok(invoices) if invoices.is_empty() => Outcome::Done(Answer::of(nothing)),
        Ok(invoices) => match the_one(invoices, of) {
            Some(invoice) => conclude(&invoice, &asked, cx),
            None => Outcome::Unknown(Doubt::Mismatch),
        },
    }
}

/// The invoice that is ours: the one that was shown, else the older. A second one was made by a create that arrived
/// twice; nobody ever saw it and it expires by itself. Should money be on it all the same, a person must look.
fn the_one(mut invoices: Vec<Invoice>, of: &Target) -> Option<Invoice> {
    invoices.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let at = match Known::of(of) {
        Some(known) => invoices.iter().position(|it| it.id == known.id)?,
        None => 0,
    };
    let ours = invoices.remove(at);
    let is_untouched = |other: &Invoice| {
        other.paid.is_zero()
            && matches!(
                other.status,
                Status::New | Status::Expired | Status::Invalid
            )
    };
    invoices.iter().all(is_untouched).then_some(ours)
}

/// What an invoice says.
fn conclude(invoice: &Invoice, asked: &Asked<'_>, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    let received = whole_units(invoice.paid, asked.amount);
    let is_seen = received.is_some() || invoice.is_open();
    let may_confirm = invoice.is_open() && cx.now < invoice.monitored;
    let fact = match invoice.status {
        Status::New => awaiting(invoice, received),
        Status::Processing => confirming(invoice, received),
        // How much of it is confirmed is told by the payments, and this answer has none.
        Status::Expired | Status::Invalid | Status::Settled
            if is_seen && invoice.methods.is_none() =>
        {
            PaymentFact::Processing(None)
        }
        Status::Settled if is_whole(invoice, asked) && invoice.extra != Extra::Late => {
            match received.filter(|sum| is_over(invoice, *sum, asked)) {
                Some(_) if may_confirm => confirming(invoice, received),
                Some(sum) => PaymentFact::PaidAmiss(paid(invoice, sum, asked, cx), Amiss::Over),
                None => PaymentFact::Paid(paid(invoice, asked.amount, asked, cx)),
            }
        }
        Status::Settled | Status::Expired | Status::Invalid if may_confirm => {
            confirming(invoice, received)
        }
        // Never confirmed for as long as the server looks.
        Status::Invalid if invoice.is_open() => closed_with("Invalid", Advice::AskPayer),
        Status::Settled | Status::Expired | Status::Invalid => match received {
            Some(sum) => {
                let amiss = amiss(invoice, sum, asked);
                PaymentFact::PaidAmiss(paid(invoice, sum, asked, cx), amiss)
            }
            None => ended(invoice),
        },
    };
    done(fact, invoice)
}

/// The end of an invoice on which there is nothing.
fn ended(invoice: &Invoice) -> PaymentFact {
    match (invoice.status, invoice.extra) {
        (Status::Expired, _) => PaymentFact::Closed(ClosedWhy::Expired),
        (Status::Settled, _) => closed_with(BY_HAND, Advice::AskPayer),
        (_, Extra::Marked) => PaymentFact::Closed(ClosedWhy::Closed),
        (_, _) => closed_with("Invalid", Advice::AskPayer),
    }
}

fn closed_with(code: &str, advice: Advice) -> PaymentFact {
    let refusal = Refusal {
        code: code.to_owned(),
        advice,
    };
    PaymentFact::Closed(ClosedWhy::Refused { refusal })
}

/// The whole minor units of what the server counts; what is less than one of them is in no book.
fn whole_units(paid: Decimal, asked: Amount) -> Option<Amount> {
    let money = paid.whole_minor_units(asked.currency())?;
    Amount::new(money).ok()
}

/// Whether what came covers the sum, to the last fraction.
fn is_whole(invoice: &Invoice, asked: &Asked<'_>) -> bool {
    Decimal::of(asked.amount.money()).is_some_and(|sum| invoice.paid >= sum)
}

/// Whether more came by the server's own word: the smallest coin may be worth more than the smallest money.
fn is_over(invoice: &Invoice, received: Amount, asked: &Asked<'_>) -> bool {
    invoice.extra == Extra::Over && received.minor() > asked.amount.minor()
}

fn amiss(invoice: &Invoice, received: Amount, asked: &Asked<'_>) -> Amiss {
    if !is_whole(invoice, asked) {
        Amiss::Short
    } else if is_over(invoice, received, asked) {
        Amiss::Over
    } else {
        Amiss::Late
    }
}

fn paid(invoice: &Invoice, received: Amount, asked: &Asked<'_>, cx: &Cx<'_>) -> Paid {
    Paid {
        asked: asked.amount,
        received,
        payer_paid: None,
        channel_ref: ChannelRef(invoice.id.clone()),
        at: invoice.last_at().unwrap_or(cx.now),
        payer: None,
        coins: invoice.coins(),
    }
}

fn confirming(invoice: &Invoice, received: Option<Amount>) -> PaymentFact {
    let confirmations = Confirmations {
        needed: invoice.needed,
        // The server counts them for itself and does not tell.
        seen: None,
    };
    PaymentFact::Confirming(received, confirmations)
}

/// What the payer is shown: the first way with the sum that is still due, else the page with all of them.
fn awaiting(invoice: &Invoice, received: Option<Amount>) -> PaymentFact {
    let ways = invoice.ways();
    let text = ways.first().map_or(&invoice.page, |way| &way.text).clone();
    let coins = CoinOffer {
        ways,
        page: invoice.page.clone(),
        received,
    };
    let action = PayerAction::ShowCode {
        text,
        coins: Some(coins),
    };
    PaymentFact::Awaiting(action, invoice.expires)
}
