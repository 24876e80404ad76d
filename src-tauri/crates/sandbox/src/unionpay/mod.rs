//! UnionPay's gateway (银联全渠道, version 5.1.0): codes scanned and shown, the front page, refunds, undos, queries,
//! settlement files and notices.
//!
//! The wire is described in the protocol reference of the workspace's design. It must never be used by the product,
//! nor use the product's connector.

mod answer;
mod file;
mod notice;
mod order;
mod page;
mod query;
mod refund;
mod request;
mod trade;

pub(crate) use answer::Answer;
pub(crate) use notice::notice;
pub(crate) use query::Queries;
pub(crate) use request::{Form, digest_of};

use crate::exchange::{Call, Carriage, Label, Operation};
use crate::faults::NamedAnswer;
use crate::ledger::{Channel, TradeKey};
use crate::world::{Draft, World};
use answer::{Fields, Refusal, message_of, put, repeated};

const BACK: &str = "/gateway/api/backTransReq.do";
const FRONT: &str = "/gateway/api/frontTransReq.do";
const QUERY: &str = "/gateway/api/queryTrans.do";
/// The root of the host of files.
const FILES: &str = "/";

/// The fields of a successful answer and how the wire carries it.
type Outcome = Result<(Fields, Carriage), Refusal>;

/// Lets a call have its effect.
pub(crate) fn handle(world: &World, call: &Call) -> (Draft, Carriage) {
    if let Some(token) = page::token_of(&call.path) {
        let page = page::choose(world, call, token);
        return (Draft::File(page), Carriage::Prompt);
    }
    let form = Form::read(call);
    if call.path == FRONT {
        let page = page::open(world, &form);
        return (Draft::File(page), Carriage::Prompt);
    }
    let refused = |refusal: Refusal, is_signed| {
        let fields = repeated(&form, refusal.code, refusal.message());
        Draft::Unionpay(Answer { fields, is_signed })
    };
    if let Err(refusal) = request::authenticate(&world.keys, &form) {
        return (refused(refusal, false), Carriage::Prompt);
    }
    match request::check_common(&form).and_then(|()| run(world, call, &form)) {
        Ok((fields, carriage)) => {
            let is_signed = true;
            (Draft::Unionpay(Answer { fields, is_signed }), carriage)
        }
        Err(refusal) => (refused(refusal, true), Carriage::Prompt),
    }
}

fn run(world: &World, call: &Call, form: &Form) -> Outcome {
    let prompt = |fields: Fields| (fields, Carriage::Prompt);
    match operation_of(&call.path, form) {
        Operation::BillQuery => file::fetch(world, form).map(prompt),
        Operation::Cancel => refund::undo(world, form).map(prompt),
        Operation::Charge => trade::charge(world, form),
        Operation::CreateQr => trade::open_qr(world, form).map(prompt),
        Operation::Query => query::query(world, form).map(prompt),
        Operation::Refund => refund::refund(world, form).map(prompt),
        Operation::Reverse => refund::reverse(world, form).map(prompt),
        Operation::BillDownload
        | Operation::Certificates
        | Operation::Close
        | Operation::Page
        | Operation::RefundQuery
        | Operation::Unknown => Err(Refusal::format("txnType")),
    }
}

fn operation_of(path: &str, form: &Form) -> Operation {
    let kind = (
        form.value("txnType").unwrap_or_default(),
        form.value("txnSubType").unwrap_or_default(),
    );
    match (path, kind) {
        (BACK, ("01", "06")) => Operation::Charge,
        (BACK, ("01", "07")) => Operation::CreateQr,
        (BACK, ("04", "00")) => Operation::Refund,
        (BACK, ("31", "00")) => Operation::Cancel,
        (BACK, ("99", "01")) => Operation::Reverse,
        (FILES, ("76", "01")) => Operation::BillQuery,
        (FRONT, _) => Operation::Page,
        (QUERY, ("00", _)) => Operation::Query,
        _ => Operation::Unknown,
    }
}

/// Refunds and undos have numbers of their own; what they are about is told by the original's.
pub(crate) fn label(world: &World, call: &Call) -> Label {
    let form = Form::read(call);
    let operation = match page::token_of(&call.path) {
        Some(_) => Operation::Page,
        None => operation_of(&call.path, &form),
    };
    let own = form.owned("orderId");
    let is_back = matches!(operation, Operation::Cancel | Operation::Refund);
    let original = || {
        let by_id = form.value("origQryId").and_then(|id| {
            let ledger = world.ledger().ok()?;
            let trade = ledger.find_by_trade_no(Channel::Unionpay, id)?;
            Some(trade.key.out_trade_no.clone())
        });
        by_id.or_else(|| form.owned("origOrderId"))
    };
    Label {
        operation,
        out_trade_no: if is_back { original() } else { own.clone() },
        refund_no: own.filter(|_| is_back),
    }
}

/// The answer to a payer's code, when the customer who pays late has paid: accepted, as ever.
pub(crate) fn charge_answer(world: &World, call: &Call, key: &TradeKey) -> Answer {
    let form = Form::read(call);
    let ledger = world.ledger();
    let found = ledger.as_ref().ok().and_then(|ledger| ledger.find(key));
    let fields = match found {
        Some(trade) => trade::accepted_charge(&form, trade),
        None => repeated(&form, "06", message_of("06")),
    };
    Answer {
        fields,
        is_signed: true,
    }
}

/// "State unknown": the channel's own word for not knowing itself.
pub(crate) fn system_error(call: &Call) -> Answer {
    Answer {
        fields: repeated(&Form::read(call), "04", message_of("04")),
        is_signed: true,
    }
}

/// One code of the documents, said to a customer of its own. To a query `sub_code` is the code of the order.
pub(crate) fn named(world: &World, call: &Call, named: &NamedAnswer) -> Answer {
    let form = Form::read(call);
    let mut fields = repeated(&form, &named.code, message_of(&named.code));
    if let Some(code) = &named.sub_code {
        if let Ok(ledger) = world.ledger()
            && let Some(order) = order::find(&ledger, &form)
        {
            fields = query::told(world, &form, order);
            put(&mut fields, "respCode", &named.code);
            put(&mut fields, "respMsg", message_of(&named.code));
        }
        put(&mut fields, "origRespCode", code);
        put(&mut fields, "origRespMsg", message_of(code));
    }
    Answer {
        fields,
        is_signed: true,
    }
}

/// What the gateway says to strangers, said to a customer of its own.
pub(crate) fn unsigned_refusal(call: &Call) -> Answer {
    Answer {
        fields: repeated(&Form::read(call), "11", message_of("11")),
        is_signed: false,
    }
}

fn key(number: &str) -> TradeKey {
    TradeKey::new(Channel::Unionpay, number)
}
