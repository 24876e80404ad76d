//! Reading Stripe's believed answers to a payment's calls, and what a call needs to ask further.
//!
//! What was made for a payment is found first: by its id, by the same request under the same key, or in a list. Then
//! its state decides. A reader says what it does; whether money moved, only the intent says.

use super::{
    PROFILE,
    envelope::{No, Said, page, said},
    known::{Known, Told, Way},
    objects::{self, AtReader, refusal},
    request::{Search, search},
};
use crate::{
    Answer, Create, Cx, Finish, Further, Query, Target,
    wire::{codes as table, codes::Sort, json::Json},
};
use paydesk_domain::{ClosedWhy, Doubt, Memo, Outcome, PayerAction, PaymentFact, Timestamp};
use paydesk_signing::Authentic;
use std::time::Duration;

/// A list that is the newest first is read no further than this before the payment began.
const LOOKED_BACK: Duration = Duration::from_secs(5 * 60);

fn done<F>(fact: F) -> Outcome<Answer<F>> {
    Outcome::Done(Answer::of(fact))
}

fn closed(why: ClosedWhy) -> Outcome<Answer<PaymentFact>> {
    done(PaymentFact::Closed(why))
}

fn told(told: &Told) -> Option<Further> {
    Some(Further {
        learned: None,
        told: Some(told.memo()),
    })
}

fn learned(memo: Memo) -> Option<Further> {
    Some(Further {
        learned: Some(memo),
        told: None,
    })
}

/// The payment of a call that begins it.
fn target(call: &Create) -> Target {
    Target {
        reference: call.reference.clone(),
        sent_at: call.sent_at,
        amount: call.amount,
        channel_ref: None,
        memo: call.memo.clone(),
        told: None,
    }
}

fn at_reader(reader: &str, until: Timestamp) -> PaymentFact {
    let action = PayerAction::UseReader {
        reader: reader.to_owned(),
    };
    PaymentFact::Awaiting(action, until)
}

/// After the intent of a reader was made, the reader is sent to it.
pub(super) fn create_further(call: &Create, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
    let known = Known::of_create(call)?;
    match (&known.way, &known.made, said(reply)) {
        (Way::Reader(_), None, Ok(Said::Object(object))) => {
            let number = objects::intent(&object, &target(call), cx).ok()?;
            learned(known.with(number).memo())
        }
        _ => None,
    }
}

pub(super) fn create(
    call: &Create,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let Some(known) = Known::of_create(call) else {
        return Outcome::Unknown(Doubt::Unreadable);
    };
    let object = match said(reply) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Said::No(no)) => return table::outcome(super::codes::row(&no.code), &no.code),
        Ok(Said::Object(object)) => object,
    };
    match &known.way {
        Way::Show { .. } => objects::state_of_session(&object, &target(call), &known, cx),
        Way::Reader(reader) => match objects::reader(&object, &known, cx) {
            Err(doubt) => Outcome::Unknown(doubt),
            Ok(AtReader::Busy | AtReader::Done) => done(at_reader(reader, call.expires)),
            Ok(AtReader::Failed(code)) => Outcome::Refused(refusal(&code)),
            // It was sent to this payment and answers with another.
            Ok(AtReader::Elsewhere) => Outcome::Unknown(Doubt::Mismatch),
        },
    }
}

/// What a search for what was made brought.
enum Found<'j> {
    /// This was made.
    This(&'j Json),
    /// Ask for this next.
    Next(Told),
    /// It is nowhere.
    Nowhere,
}

/// Reads an object or a page.
fn look<'j>(
    content: &'j Json,
    of: &Target,
    known: Option<&Known>,
    cx: &Cx<'_>,
) -> Result<Found<'j>, Doubt> {
    let how = search(of, known, cx);
    if matches!(how, Search::SameKey) {
        return Ok(Found::This(content));
    }
    let (rows, has_more) = page(content).ok_or(Doubt::Unreadable)?;
    let mut ours = rows.iter().filter(|row| objects::is_made_for(row, of));
    match (ours.next(), ours.next()) {
        (Some(one), None) => return Ok(Found::This(one)),
        // Two were made for one payment: no rule here says which of them counts.
        (Some(_), Some(_)) => return Err(Doubt::Mismatch),
        (None, _) => {}
    }
    let Some(last) = rows.last().filter(|_| has_more) else {
        return Ok(Found::Nowhere);
    };
    let is_before =
        objects::moment(last, "created").is_some_and(|at| of.sent_at.since(at) > LOOKED_BACK);
    if is_before && matches!(how, Search::Sessions) {
        return Ok(Found::Nowhere);
    }
    let last = last.text("id").and_then(|text| super::known::id(text, ""));
    let last = last.ok_or(Doubt::Unreadable)?;
    Ok(Found::Next(Told::After(last.to_owned())))
}

/// Whether the same request under the same key brought nothing that decides: the channel keeps its own faults, too.
fn is_lost(said: &Result<Said, Doubt>, status: u16) -> bool {
    match said {
        Err(_) => status >= 500,
        Ok(Said::No(no)) => no.code == super::codes::KEY_DIFFERS,
        Ok(Said::Object(_)) => false,
    }
}

/// A search that goes on; `None` where it has come to an end.
fn search_further(
    of: &Target,
    known: Option<&Known>,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Option<Further> {
    let said = said(reply);
    if matches!(search(of, known, cx), Search::SameKey) && is_lost(&said, reply.status()) {
        return told(&Told::Lost);
    }
    match look(object_of(&said)?, of, known, cx) {
        Ok(Found::Next(next)) => told(&next),
        Ok(Found::This(_) | Found::Nowhere) | Err(_) => None,
    }
}

fn object_of(said: &Result<Said, Doubt>) -> Option<&Json> {
    match said {
        Ok(Said::Object(object)) => Some(object),
        Ok(Said::No(_)) | Err(_) => None,
    }
}

/// What was made for a payment that is still looked for, as it is to be remembered.
fn made(content: &Json, of: &Target, known: &Known, cx: &Cx<'_>) -> Option<Memo> {
    let Ok(Found::This(object)) = look(content, of, Some(known), cx) else {
        return None;
    };
    let number = match (&known.way, object.text("object")) {
        (Way::Show { .. }, Some("checkout.session")) => objects::session(object, of, cx),
        (Way::Reader(_), _) => objects::intent(object, of, cx),
        // The intent of a page that ended long ago: there is nothing to be done about the page.
        (Way::Show { .. }, _) => return None,
    };
    number.ok().map(|number| known.with(number).memo())
}

pub(super) fn query_further(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
    let of = &call.of;
    let known = Known::of_target(of);
    let Some(known) = known.filter(|known| known.made.is_some()) else {
        let known = Known::of_target(of);
        if of.channel_ref.is_some() && known.is_none() {
            return None;
        }
        let further = search_further(of, known.as_ref(), reply, cx);
        return further.or_else(|| {
            let known = known.filter(|known| matches!(known.way, Way::Reader(_)))?;
            learned(made(object_of(&said(reply))?, of, &known, cx)?)
        });
    };
    // What the reader does is asked only while the intent waits.
    match (&known.way, Told::of(of), said(reply)) {
        (Way::Reader(_), None, Ok(Said::Object(object))) => {
            let is_ours = objects::intent(&object, of, cx).ok() == known.made.as_deref();
            match objects::state_of_intent(&object, of, cx) {
                Ok(None) if is_ours => {
                    told(&Told::Idle(objects::declined(&object).map(str::to_owned)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

pub(super) fn query(call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
    let of = &call.of;
    let known = Known::of_target(of);
    match known.as_ref().filter(|known| known.made.is_some()) {
        None => searched(of, known.as_ref(), reply, cx, PaymentFact::NotFound),
        Some(known) => made_says(of, known, reply, cx),
    }
}

/// What the end of a search says of the payment.
fn searched(
    of: &Target,
    known: Option<&Known>,
    reply: &Authentic,
    cx: &Cx<'_>,
    nowhere: PaymentFact,
) -> Outcome<Answer<PaymentFact>> {
    let content = match said(reply) {
        Err(doubt) => return Outcome::Unknown(doubt),
        Ok(Said::No(no)) => return never_made(of, known, no, cx),
        Ok(Said::Object(content)) => content,
    };
    // By its own number at the channel, where nothing else is remembered.
    let found = match (&of.channel_ref, known) {
        (Some(number), None) if content.text("id") == Some(&number.0) => Found::This(&content),
        (Some(_), None) => return Outcome::Unknown(Doubt::Mismatch),
        _ => match look(&content, of, known, cx) {
            Ok(found) => found,
            Err(doubt) => return Outcome::Unknown(doubt),
        },
    };
    match (found, known) {
        (Found::Nowhere, _) => done(nowhere),
        (Found::Next(_), _) => Outcome::Unknown(Doubt::Unreadable),
        (Found::This(object), Some(known)) if object.text("object") == Some("checkout.session") => {
            objects::state_of_session(object, of, known, cx)
        }
        (Found::This(object), _) => match objects::state_of_intent(object, of, cx) {
            Err(doubt) => Outcome::Unknown(doubt),
            Ok(Some(fact)) => done(fact),
            // It is looked for in lists only long after its page has ended.
            Ok(None) => closed(ClosedWhy::Expired),
        },
    }
}

/// A no to the very request that makes it: under its key nothing was made, and nothing will be.
fn never_made(
    of: &Target,
    known: Option<&Known>,
    no: No,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let is_refusal =
        super::codes::row(&no.code).is_some_and(|row| matches!(row.sort, Sort::Refusal(_)));
    let is_about_it = matches!(search(of, known, cx), Search::SameKey) && no.is_of_the_request();
    if is_refusal && is_about_it {
        return closed(ClosedWhy::Refused {
            refusal: refusal(&no.code),
        });
    }
    Outcome::Unknown(no.doubt())
}

/// What was made for the payment says how it stands.
fn made_says(
    of: &Target,
    known: &Known,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let until = of.sent_at.plus(PROFILE.schedule.end_awaiting_after);
    match (&known.way, Told::of(of), said(reply)) {
        (_, _, Err(doubt)) => Outcome::Unknown(doubt),
        (Way::Reader(reader), Some(Told::Idle(declined)), answer) => {
            let reader_says = match answer {
                Ok(Said::Object(object)) => objects::reader(&object, known, cx),
                // A reader that is gone says nothing; the intent did.
                _ => Ok(AtReader::Elsewhere),
            };
            let code = match (reader_says, declined) {
                (Err(doubt), _) => return Outcome::Unknown(doubt),
                (Ok(AtReader::Busy), _) => return done(at_reader(reader, until)),
                (Ok(AtReader::Done), _) => return done(PaymentFact::Processing(None)),
                // A reader says no more than that the card was refused; the intent says why.
                (Ok(AtReader::Failed(code)), Some(why)) if code == super::codes::DECLINED => why,
                (Ok(AtReader::Failed(code)), _) | (Ok(AtReader::Elsewhere), Some(code)) => code,
                // The reader was never sent to it, or forgot: nobody is waited for, and nothing is charged. Not the
                // last word, for what sends the reader may still be on its way.
                (Ok(AtReader::Elsewhere), None) => return done(PaymentFact::NotFound),
            };
            closed(ClosedWhy::Refused {
                refusal: refusal(&code),
            })
        }
        (_, _, Ok(Said::No(no))) => {
            let row = super::codes::row(&no.code);
            match row.map(|row| row.sort) {
                Some(Sort::NotFound) => done(PaymentFact::NotFound),
                _ => Outcome::Unknown(no.doubt()),
            }
        }
        (Way::Show { .. }, _, Ok(Said::Object(object))) => {
            objects::state_of_session(&object, of, known, cx)
        }
        (Way::Reader(reader), _, Ok(Said::Object(object))) => {
            let number = objects::intent(&object, of, cx);
            match (number, objects::state_of_intent(&object, of, cx)) {
                (Ok(number), Ok(fact)) if known.made.as_deref() == Some(number) => {
                    done(fact.unwrap_or_else(|| at_reader(reader, until)))
                }
                (Ok(_), Ok(_)) => Outcome::Unknown(Doubt::Mismatch),
                (Err(doubt), _) | (_, Err(doubt)) => Outcome::Unknown(doubt),
            }
        }
    }
}

pub(super) fn finish_further(call: &Finish, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
    let of = &call.of;
    let known = Known::of_target(of);
    let Some(known) = known.filter(|known| known.made.is_some()) else {
        let known = Known::of_target(of);
        let further = search_further(of, known.as_ref(), reply, cx);
        return further.or_else(|| learned(made(object_of(&said(reply))?, of, &known?, cx)?));
    };
    let refused = |answer: Result<Said, Doubt>| match answer {
        Ok(Said::No(no)) if no.is_of_the_request() => told(&Told::Refused(no.code)),
        _ => None,
    };
    match (&known.way, Told::of(of)) {
        (Way::Show { .. }, None) => refused(said(reply)),
        (Way::Reader(_), None) => match said(reply) {
            Ok(Said::Object(object)) => match objects::reader(&object, &known, cx) {
                Ok(AtReader::Busy) => told(&Told::Busy),
                _ => told(&Told::Free),
            },
            _ => told(&Told::Free),
        },
        // Whether the reader let go or not: what keeps money from moving is the end of the intent.
        (Way::Reader(_), Some(Told::Busy)) => told(&Told::Free),
        (Way::Reader(_), Some(Told::Free)) => refused(said(reply)),
        _ => None,
    }
}

pub(super) fn finish(
    call: &Finish,
    reply: &Authentic,
    cx: &Cx<'_>,
) -> Outcome<Answer<PaymentFact>> {
    let of = &call.of;
    let known = Known::of_target(of);
    let Some(known) = known.as_ref().filter(|known| known.made.is_some()) else {
        let never = PaymentFact::Closed(ClosedWhy::NeverExisted);
        return searched(of, known.as_ref(), reply, cx, never);
    };
    let is_again = matches!(Told::of(of), Some(Told::Refused(_)));
    match (made_says(of, known, reply, cx), Told::of(of)) {
        // It would not end, and is not over either.
        (
            Outcome::Done(Answer {
                fact: PaymentFact::Awaiting(..) | PaymentFact::Processing(_) | PaymentFact::NotFound,
                learned,
            }),
            Some(Told::Refused(code)),
        ) => Outcome::Done(Answer {
            fact: PaymentFact::EndRefused(refusal(&code)),
            learned,
        }),
        // What was asked to end and answers that it goes on is no answer to an ending.
        (
            Outcome::Done(Answer {
                fact: PaymentFact::Awaiting(..) | PaymentFact::NotFound,
                ..
            }),
            _,
        ) if !is_again => Outcome::Unknown(Doubt::Mismatch),
        (outcome, _) => outcome,
    }
}
