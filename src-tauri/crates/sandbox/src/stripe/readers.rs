//! Readers on the counter, driven by the server: process, cancel, present a card.
//!
//! The intent decides whether money moved, the reader only shows it. A reader does one thing at a time. It must never
//! call off a card that is being authorised.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Refusal, put};
use super::intents::{self, Fate, card_numbered, fate_by_amount};
use super::lists::{Member, only, page};
use super::objects::{self, terms_of};
use super::params::Params;
use super::{Cx, Done, is_busy};
use crate::customers::Behaviour;
use crate::exchange::Carriage;
use crate::ledger::{
    ActionEnd, Awaits, Currency, Decline, Fen, JournalError, Kind, Ledger, Plan, ReaderAction,
    State, StripeEvent, StripeLocation, StripeReader, Trade, TradeKey,
};
use crate::world::World;

/// Registration codes of simulated readers, and what they are.
const CODES: [(&str, &str); 3] = [
    ("simulated-wpe", "simulated_wisepos_e"),
    ("simulated-s700", "simulated_stripe_s700"),
    ("simulated-s710", "simulated_stripe_s710"),
];

/// The code of an action that the customer ended with the reader's own button.
const CUSTOMER_CANCELED: &str = "customer_canceled";

/// What the customer at a reader does, or whoever holds its plug.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReaderAct {
    /// Puts down a card that its bank refuses.
    Decline,
    /// Presses the reader's own cancel button.
    Leave,
    /// Looks at it.
    Look,
    /// The reader loses its network.
    SwitchOff,
    /// It has it again.
    SwitchOn,
    /// Puts down a card that pays.
    Tap,
}

/// What a reader shows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReaderScreen {
    /// Its number.
    pub reader: String,
    /// What the merchant calls it.
    pub label: String,
    /// `idle`, `waiting`, `authorising`, `approved`, `declined`, `left`, `offline`.
    pub state: &'static str,
    /// In which currency the sum is that it shows, or showed last.
    pub currency: Option<Currency>,
    /// How much, in its minor unit.
    pub amount: Option<Fen>,
}

/// The view of a call that nobody made: the control's.
pub(super) fn cx_of(world: &World) -> Cx<'_> {
    Cx {
        world,
        now_ms: world.now().wall_ms,
        host: String::new(),
        idempotency_key: None,
    }
}

pub(super) fn written(ledger: &Ledger, reader: &StripeReader, now_ms: i64) -> Value {
    let action = reader.action.as_ref().map(|action| {
        let (status, code, message) = match &action.ended {
            None => ("in_progress", None, None),
            Some(ActionEnd::Succeeded) => ("succeeded", None, None),
            Some(ActionEnd::Failed { code, message }) => ("failed", Some(code), Some(message)),
        };
        let mut told = json!({
            "api_error": null,
            "failure_code": code,
            "failure_message": message,
            "status": status,
            "type": action.kind,
        });
        let mut what = action.config.clone();
        if let Some(trade) = action
            .key
            .as_ref()
            .and_then(|key: &TradeKey| ledger.find(key))
        {
            put(&mut what, "payment_intent", json!(trade.trade_no));
        }
        put(&mut told, &action.kind, what);
        told
    });
    json!({
        "id": reader.id,
        "object": "terminal.reader",
        "action": action,
        "device_sw_version": "2.30.0.0",
        "device_type": reader.device_type,
        "ip_address": "192.168.1.20",
        "label": reader.label,
        // Milliseconds, unlike every other time.
        "last_seen_at": if reader.is_online { now_ms } else { reader.registered_ms },
        "livemode": false,
        "location": reader.location,
        "metadata": reader.metadata,
        "serial_number": format!("SANDBOX-{}", reader.id.trim_start_matches("tmr_")),
        "status": if reader.is_online { "online" } else { "offline" },
    })
}

/// A reader by its number; the first one was issued with the keys.
pub(super) fn find(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<StripeReader> {
    let own = &cx.world.keys.merchant.stripe;
    let issued = || StripeReader {
        id: own.reader.clone(),
        label: "Counter".to_owned(),
        device_type: "simulated_wisepos_e".to_owned(),
        location: Some(own.location.clone()),
        metadata: Default::default(),
        registered_ms: 1_700_000_000_000,
        is_online: true,
        customer: None,
        action: None,
    };
    let known = ledger.stripe().reader(id).cloned();
    known.or_else(|| (id == own.reader).then(issued))
}

fn known(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Result<StripeReader, Refusal> {
    find(cx, ledger, id).ok_or_else(|| Refusal::no_such("terminal.reader", id))
}

fn save(ledger: &mut Ledger, reader: StripeReader, at_ms: i64) -> Result<(), Refusal> {
    Ok(ledger.tell_stripe(StripeEvent::Reader {
        reader: Box::new(reader),
        at_ms,
    })?)
}

fn answer(cx: &Cx<'_>, ledger: &Ledger, id: &str, carriage: Carriage) -> Done {
    Ok((
        written(ledger, &known(cx, ledger, id)?, cx.now_ms),
        carriage,
    ))
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(
        params,
        &["device_type", "location", "serial_number", "status"],
    )?;
    let first = find(cx, ledger, &cx.world.keys.merchant.stripe.reader);
    let others = ledger.stripe().readers().cloned();
    let mut all: Vec<StripeReader> = first.into_iter().chain(others).collect();
    all.sort_by(|one, other| (other.registered_ms, &one.id).cmp(&(one.registered_ms, &other.id)));
    all.dedup_by(|one, other| one.id == other.id);
    let mut members: Vec<Member<'_>> = Vec::new();
    for reader in all {
        let told = written(ledger, &reader, cx.now_ms);
        let mut is_meant = true;
        for name in ["device_type", "location", "serial_number", "status"] {
            is_meant &= params
                .text(name)?
                .is_none_or(|asked| told.get(name).is_some_and(|it| it == asked));
        }
        if is_meant {
            members.push((
                reader.id.clone(),
                reader.registered_ms,
                Box::new(move || told.clone()),
            ));
        }
    }
    page("/v1/terminal/readers", params, members)
}

pub(super) fn register(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&[
        "expand",
        "label",
        "location",
        "metadata",
        "registration_code",
    ])?;
    let code = params.need("registration_code")?;
    let device = CODES.iter().find(|(known, _)| *known == code);
    let (_, device_type) = device.ok_or_else(|| {
        Refusal::invalid(
            "registration_code",
            "No such reader; the sandbox has simulated ones only.".to_owned(),
        )
    })?;
    let id = format!("tmr_F{}", cx.world.chance.letters(13));
    let reader = StripeReader {
        id: id.clone(),
        label: params.owned("label")?.unwrap_or_else(|| id.clone()),
        device_type: (*device_type).to_owned(),
        location: params.owned("location")?,
        metadata: params.metadata("metadata", &Default::default())?,
        registered_ms: cx.now_ms,
        is_online: true,
        customer: None,
        action: None,
    };
    save(ledger, reader, cx.now_ms)?;
    answer(cx, ledger, &id, Carriage::Prompt)
}

fn location(told: &StripeLocation) -> Value {
    let line = |name: &str| told.address.get(name);
    json!({
        "id": told.id,
        "object": "terminal.location",
        "address": {
            "city": line("city"), "country": line("country"), "line1": line("line1"), "line2": line("line2"),
            "postal_code": line("postal_code"), "state": line("state"),
        },
        "display_name": told.display_name,
        "livemode": false,
        "metadata": told.metadata,
    })
}

pub(super) fn locations(ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &[])?;
    let all = ledger.stripe().locations();
    let members =
        all.map(|told| -> Member<'_> { (told.id.clone(), 0, Box::new(move || location(told))) });
    page("/v1/terminal/locations", params, members.collect())
}

pub(super) fn create_location(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&[
        "address",
        "configuration_overrides",
        "display_name",
        "expand",
        "metadata",
    ])?;
    let told = params.below("address")?;
    let names = ["city", "country", "line1", "line2", "postal_code", "state"];
    told.only(&names)?;
    told.need("country")?;
    let mut address = std::collections::BTreeMap::new();
    for name in names {
        if let Some(text) = told.owned(name)? {
            address.insert(name.to_owned(), text);
        }
    }
    let new = StripeLocation {
        id: format!("tml_F{}", cx.world.chance.letters(13)),
        display_name: params.need("display_name")?.to_owned(),
        address,
        metadata: params.metadata("metadata", &Default::default())?,
    };
    let body = location(&new);
    ledger.tell_stripe(StripeEvent::Location(new))?;
    Ok((body, Carriage::Prompt))
}

pub(super) fn act(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, what: &str, params: &Params) -> Done {
    match what {
        "cancel_action" => cancel(cx, ledger, id, params),
        "process_payment_intent" => process(cx, ledger, id, params),
        _ => Err(Refusal::no_such_url(
            "POST",
            &format!("/v1/terminal/readers/{id}/{what}"),
        )),
    }
}

fn process(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand", "payment_intent", "process_config"])?;
    let config = params.below("process_config")?;
    config.only(&[
        "allow_redisplay",
        "enable_customer_cancellation",
        "return_url",
        "skip_tipping",
        "tipping",
    ])?;
    let mut reader = known(cx, ledger, id)?;
    let trade = intents::find(ledger, params.need("payment_intent")?)?.clone();
    check_processable(&trade)?;
    if !reader.is_online {
        let message = "Reader is currently offline, please ensure the reader is powered on and connected to the internet.";
        return Err(Refusal::state("terminal_reader_offline", message));
    }
    if is_busy(reader.action.as_ref()) {
        let message = "Reader is currently busy processing another request.";
        return Err(Refusal::state("terminal_reader_busy", message));
    }
    let customer = reader.customer;
    let plan = customer.and_then(|customer| plan_of(cx, customer));
    let mut told = json!({});
    if let Some(skip) = config.flag("skip_tipping")? {
        put(&mut told, "skip_tipping", json!(skip));
    }
    let tipping = config.below("tipping")?;
    if let Some(eligible) = tipping.number("amount_eligible")? {
        put(&mut told, "tipping", json!({ "amount_eligible": eligible }));
    }
    reader.action = Some(ReaderAction {
        kind: "process_payment_intent".to_owned(),
        key: Some(trade.key.clone()),
        config: json!({ "process_config": told }),
        started_ms: cx.now_ms,
        is_authorising: plan.is_some(),
        ended: None,
    });
    save(ledger, reader, cx.now_ms)?;
    let Some(customer) = customer else {
        return answer(cx, ledger, id, Carriage::Prompt);
    };
    ledger.expect(&trade.key, customer, plan)?;
    let number = "4242424242424242";
    let card = |fate| {
        card_numbered(&trade.trade_no, "card_present", number).map(|(method, _)| (method, fate))
    };
    let declined = |code: &str, decline_code: &str| {
        Fate::Declined(Decline {
            code: code.to_owned(),
            decline_code: decline_code.to_owned(),
        })
    };
    let at_once = match customer {
        Behaviour::Pays | Behaviour::NoAnswerPaid | Behaviour::AnswersTwice => card(Fate::Pays),
        Behaviour::NoBalance => card(declined("card_declined", "insufficient_funds")),
        Behaviour::ExpiredCode => card(declined("expired_card", "expired_card")),
        _ => None,
    };
    if let Some((method, fate)) = at_once {
        intents::pay(ledger, &trade.key, &method, fate, cx.now_ms)?;
    }
    let carriage = match customer {
        Behaviour::AnswersTwice => Carriage::Twice,
        Behaviour::NoAnswerPaid | Behaviour::NoAnswerUnpaid | Behaviour::PaysAfterReverse => {
            Carriage::Silent
        }
        Behaviour::PaysLate => Carriage::Late(trade.key.clone()),
        _ => Carriage::Prompt,
    };
    answer(cx, ledger, id, carriage)
}

fn check_processable(trade: &Trade) -> Result<(), Refusal> {
    let terms = terms_of(trade);
    if !terms.method_types.iter().any(|kind| kind == "card_present") || trade.kind == Kind::Page {
        let message = "The PaymentIntent's payment_method_types must contain card_present to be processed by a reader.";
        return Err(Refusal::invalid("payment_intent", message.to_owned()));
    }
    if trade.state != State::Waiting || terms.awaits == Awaits::Capture {
        let status = objects::intent_status(trade, &terms);
        let message =
            format!("The PaymentIntent cannot be processed because it has a status of {status}.");
        return Err(Refusal::state("intent_invalid_state", message));
    }
    Ok(())
}

/// What the customer is going to do after some time.
fn plan_of(cx: &Cx<'_>, customer: Behaviour) -> Option<Plan> {
    let rhythm = cx.world.rhythm;
    let (delay_ms, pays) = match customer {
        Behaviour::PaysAfterPassword => (rhythm.password_ms, true),
        Behaviour::RefusesPassword => (rhythm.password_ms, false),
        Behaviour::PaysLate => (rhythm.late_ms, true),
        _ => return None,
    };
    Some(Plan {
        at_ms: cx.now_ms.saturating_add(delay_ms),
        pays,
    })
}

/// Calls off what the reader waits for. The customer who pays after all puts the card down just then.
fn cancel(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand"])?;
    let mut reader = known(cx, ledger, id)?;
    if !reader.is_online {
        return Err(Refusal::state(
            "terminal_reader_offline",
            "Reader is currently offline.",
        ));
    }
    let busy = || {
        Refusal::state(
            "terminal_reader_busy",
            "Reader is currently authorising a card; its action cannot be canceled.",
        )
    };
    if let Some(action) = reader
        .action
        .as_mut()
        .filter(|action| action.ended.is_none())
    {
        if action.is_authorising {
            return Err(busy());
        }
        let key = action.key.clone();
        let trade = key.as_ref().and_then(|key| ledger.find(key)).cloned();
        if let Some(trade) = trade.filter(|trade| trade.behaviour == Behaviour::PaysAfterReverse) {
            action.is_authorising = true;
            let at_ms = cx.now_ms.saturating_add(cx.world.rhythm.after_reverse_ms);
            ledger.expect(
                &trade.key,
                trade.behaviour,
                Some(Plan { at_ms, pays: true }),
            )?;
            save(ledger, reader, cx.now_ms)?;
            return Err(busy());
        }
    }
    reader.action = None;
    reader.customer = None;
    save(ledger, reader, cx.now_ms)?;
    answer(cx, ledger, id, Carriage::Prompt)
}

/// A card is presented to a simulated reader: a number decides, without one the amount does.
pub(super) fn present(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&[
        "amount_tip",
        "card",
        "card_present",
        "expand",
        "interac_present",
        "type",
    ])?;
    params.choice("type", &["card_present"])?;
    let told = params.below("card_present")?;
    told.only(&["number"])?;
    let reader = known(cx, ledger, id)?;
    let trade = waits_for(ledger, &reader).ok_or_else(|| {
        Refusal::invalid(
            "",
            "The reader does not wait for a payment method.".to_owned(),
        )
    })?;
    let number = told.text("number")?;
    let card = card_numbered(
        &trade.trade_no,
        "card_present",
        number.unwrap_or("4242424242424242"),
    );
    let (method, of_number) = card.ok_or_else(|| {
        Refusal::invalid(
            "card_present[number]",
            "The sandbox does not know this test card.".to_owned(),
        )
    })?;
    let fate = if number.is_some() {
        of_number
    } else {
        fate_by_amount(trade.total)
    };
    intents::pay(ledger, &trade.key, &method, fate, cx.now_ms)?;
    answer(cx, ledger, id, Carriage::Prompt)
}

/// The trade for which a reader waits for a card; none while one is being authorised, either.
fn waits_for(ledger: &Ledger, reader: &StripeReader) -> Option<Trade> {
    let action = reader.action.as_ref();
    let action = action.filter(|action| action.ended.is_none() && !action.is_authorising)?;
    ledger.find(action.key.as_ref()?).cloned()
}

/// What the customer at the counter does. Where the reader waits for no card, nothing happens.
pub(super) fn serve(
    cx: &Cx<'_>,
    ledger: &mut Ledger,
    mut reader: StripeReader,
    act: ReaderAct,
) -> Result<ReaderScreen, JournalError> {
    let waiting = waits_for(ledger, &reader).filter(|_| reader.is_online);
    let number = match act {
        ReaderAct::Decline => "4000000000009995",
        _ => "4242424242424242",
    };
    match (act, waiting) {
        (ReaderAct::Decline | ReaderAct::Tap, Some(trade)) => {
            if let Some((method, fate)) = card_numbered(&trade.trade_no, "card_present", number) {
                // A trade that was found is there; what its disk refuses is told by the next look.
                drop(intents::pay(ledger, &trade.key, &method, fate, cx.now_ms));
            }
        }
        (ReaderAct::Leave, Some(_)) => {
            if let Some(action) = reader.action.as_mut() {
                action.ended = Some(ActionEnd::Failed {
                    code: CUSTOMER_CANCELED.to_owned(),
                    message: "The customer canceled at the reader.".to_owned(),
                });
            }
            tell(ledger, reader.clone(), cx.now_ms)?;
        }
        (ReaderAct::SwitchOff | ReaderAct::SwitchOn, _) => {
            reader.is_online = act == ReaderAct::SwitchOn;
            tell(ledger, reader.clone(), cx.now_ms)?;
        }
        (ReaderAct::Decline | ReaderAct::Leave | ReaderAct::Look | ReaderAct::Tap, _) => {}
    }
    let seen = find(cx, ledger, &reader.id).unwrap_or(reader);
    Ok(screen(ledger, &seen))
}

fn tell(ledger: &mut Ledger, reader: StripeReader, at_ms: i64) -> Result<(), JournalError> {
    ledger.tell_stripe(StripeEvent::Reader {
        reader: Box::new(reader),
        at_ms,
    })
}

fn screen(ledger: &Ledger, reader: &StripeReader) -> ReaderScreen {
    let action = reader.action.as_ref();
    let state = match action.map(|action| (&action.ended, action.is_authorising)) {
        _ if !reader.is_online => "offline",
        None => "idle",
        Some((None, true)) => "authorising",
        Some((None, false)) => "waiting",
        Some((Some(ActionEnd::Succeeded), _)) => "approved",
        Some((Some(ActionEnd::Failed { code, .. }), _)) if code == CUSTOMER_CANCELED => "left",
        Some((Some(ActionEnd::Failed { .. }), _)) => "declined",
    };
    let trade = action.and_then(|action| ledger.find(action.key.as_ref()?));
    ReaderScreen {
        reader: reader.id.clone(),
        label: reader.label.clone(),
        state,
        currency: trade.map(|trade| trade.currency),
        amount: trade.map(|trade| trade.total),
    }
}
