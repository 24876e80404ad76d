//! BTCPay Server's Greenfield API (server 2.4.1): invoices on chain and by Lightning, refunds that are claimed,
//! rates, keys and webhooks.
//!
//! The wire is described in the protocol reference of the workspace's design. It must never be used by the product,
//! nor use the product's connector.

mod answer;
mod asked;
mod bech32;
mod caller;
mod coin;
mod create;
mod hook;
mod invoice;
mod payout;
mod refund;
mod route;
mod signature;
mod store;
mod view;
mod wallet;

pub(crate) use answer::Answer;
pub(crate) use hook::notice;
pub(crate) use signature::of as signature;
pub use wallet::{WalletAct, WalletScreen};
pub(crate) use wallet::{act as wallet, asked_sats, is_mine};

use answer::Refusal;
use caller::{Caller, Store};

use crate::exchange::{Call, Carriage, Label, Operation};
use crate::faults::NamedAnswer;
use crate::ledger::{Invoice, Ledger};
use crate::world::{Draft, World};

/// What every path begins with.
pub(crate) const PATH: &str = "/api/v1/";

/// Lets a call have its effect.
pub(crate) fn handle(world: &World, call: &Call) -> (Draft, Carriage) {
    let answer = route::run(world, call).unwrap_or_else(Answer::from);
    (Draft::Btcpay(answer), Carriage::Prompt)
}

fn find_invoice<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a Invoice, Refusal> {
    let found = ledger.coins().invoice(id);
    found.ok_or_else(|| Refusal::not_found("invoice-not-found", "invoice"))
}

/// The merchant's number is the order's; a refund is named by its own name, or by its pull payment's number.
pub(crate) fn label(world: &World, call: &Call) -> Label {
    let parts = route::parts(&call.path);
    let parts = match parts.as_slice() {
        ["stores", _, rest @ ..] => rest,
        all => all,
    };
    let body = || serde_json::from_slice::<serde_json::Value>(&call.body).ok();
    let text = |pointer: &str| {
        let body = body()?;
        body.pointer(pointer)?.as_str().map(str::to_owned)
    };
    let order_of = |id: &str| {
        let ledger = world.ledger().ok()?;
        let invoice = ledger.coins().invoice(id)?;
        invoice.order_id().map(str::to_owned)
    };
    let (operation, out_trade_no, refund_no) = match (call.method.as_str(), parts) {
        ("POST", ["invoices"]) => (Operation::CreateQr, text("/metadata/orderId"), None),
        ("GET", ["invoices"]) => {
            let query = asked::Query::read(call);
            let order = query.one("orderId").map(str::to_owned);
            (Operation::Query, order, None)
        }
        ("POST", ["invoices", id, "refund"]) => (Operation::Refund, order_of(id), text("/name")),
        ("DELETE" | "POST", ["invoices", id, ..]) => (Operation::Close, order_of(id), None),
        (_, ["invoices", id, ..]) => (Operation::Query, order_of(id), None),
        (_, ["pull-payments" | "payouts", id, ..]) => {
            (Operation::RefundQuery, None, Some((*id).to_owned()))
        }
        (_, ["pull-payments" | "payouts"]) => (Operation::RefundQuery, None, None),
        _ => (Operation::Unknown, None, None),
    };
    Label {
        operation,
        out_trade_no,
        refund_no,
    }
}

/// The server's word for having failed itself. No document says more than the status.
pub(crate) fn system_error() -> Answer {
    Answer::problem(500, "generic-error", "The server failed")
}

/// What it says to strangers, said to a customer of its own.
pub(crate) fn unsigned_refusal() -> Answer {
    Refusal::unauthenticated().into()
}

pub(crate) fn named(named: &NamedAnswer) -> Answer {
    Answer::problem(named.status, &named.code, "Said as it was asked for")
}

/// Which store of this sandbox somebody else has.
pub(crate) fn to_other_store(world: &World, answer: &Answer) -> Option<Answer> {
    let own = &world.keys.merchant.btcpay;
    answer.to_other_store(&own.store_id, &own.other_store_id)
}
