//! Which path does what, and which permission it needs.
//!
//! Servers before 2.0 know every invoice, payout and webhook under its store only, newer ones without it as well
//! (protocol reference, "Endpoints"): both are spoken. It must never change anything itself.

use super::answer::{Answer, Refusal};
use super::caller::{
    ARCHIVE_PULLS, CREATE_INVOICE, Caller, MANAGE_PAYOUTS, MODIFY_INVOICES, MODIFY_WEBHOOKS,
    OFFER_REFUND, VIEW_INVOICES, VIEW_PAYOUTS, VIEW_PULLS, VIEW_SETTINGS, store,
};
use super::{PATH, create, find_invoice, hook, invoice, payout, refund, store as shop};
use crate::exchange::Call;
use crate::world::World;

type Outcome = Result<Answer, Refusal>;

/// One call with its caller, and the store that its path names, if it names one.
struct Asking<'a> {
    world: &'a World,
    call: &'a Call,
    caller: Caller,
    store_id: Option<&'a str>,
}

pub(super) fn parts(path: &str) -> Vec<&str> {
    let path = path.strip_prefix(PATH).unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty()).collect()
}

pub(super) fn run(world: &World, call: &Call) -> Outcome {
    let parts = parts(&call.path);
    let open = match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["health"]) => Some(Ok(shop::health())),
        ("GET", ["pull-payments", id]) => Some(payout::get_pull(world, id, call)),
        ("GET", ["pull-payments", id, "payouts"]) => Some(payout::of_pull(world, id, call)),
        ("POST", ["pull-payments", id, "payouts"]) => Some(payout::claim_asked(world, id, call)),
        _ => None,
    };
    if let Some(outcome) = open {
        return outcome;
    }
    let mut asking = Asking {
        world,
        call,
        caller: Caller::read(&world.keys, call)?,
        store_id: None,
    };
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["server", "info"]) => Ok(shop::server_info()),
        ("GET", ["api-keys", "current"]) => Ok(shop::key(&asking.caller)),
        (_, ["stores", id, rest @ ..]) => {
            asking.store_id = Some(id);
            asking.of_store(id, rest)
        }
        (_, rest) => asking.of_thing(rest),
    }
}

/// No such path.
fn nowhere() -> Outcome {
    Ok(Answer {
        status: 404,
        body: None,
    })
}

impl Asking<'_> {
    fn method(&self) -> &str {
        &self.call.method
    }

    fn of_store(&self, id: &str, rest: &[&str]) -> Outcome {
        let (world, call) = (self.world, self.call);
        let store = store(&world.keys, id)?;
        let need = |permission| self.caller.need(id, permission);
        match (self.method(), rest) {
            ("GET", []) => need(VIEW_SETTINGS).map(|()| shop::settings(store)),
            ("GET", ["invoices"]) => {
                need(VIEW_INVOICES)?;
                invoice::list(world, store, call)
            }
            ("POST", ["invoices"]) => {
                need(CREATE_INVOICE)?;
                create::create(world, store, call)
            }
            ("GET", ["payment-methods"]) => {
                need(VIEW_SETTINGS)?;
                shop::methods(call)
            }
            ("GET", ["rates"]) => {
                need(VIEW_SETTINGS)?;
                shop::rates(world, store, call)
            }
            ("GET", ["pull-payments"]) => {
                need(VIEW_PULLS)?;
                payout::list_pulls(world, store, call)
            }
            ("GET", ["payouts"]) => {
                need(VIEW_PAYOUTS)?;
                payout::of_store(world, store, call)
            }
            ("GET", ["webhooks"]) => {
                need(MODIFY_WEBHOOKS)?;
                hook::list(world, store)
            }
            ("POST", ["webhooks"]) => {
                need(MODIFY_WEBHOOKS)?;
                hook::create(world, store, call)
            }
            _ => self.of_thing(rest),
        }
    }

    fn of_thing(&self, parts: &[&str]) -> Outcome {
        match parts {
            ["invoices", id, rest @ ..] => self.of_invoice(id, rest),
            ["pull-payments", id] => self.of_pull(id),
            ["payouts", id, rest @ ..] => self.of_payout(id, rest),
            ["webhooks", id, rest @ ..] => self.of_hook(id, rest),
            _ => nowhere(),
        }
    }

    /// The permission in the store that the thing belongs to; a path under another store does not find it.
    fn need(&self, owner: &str, permission: &str, missing: Refusal) -> Result<(), Refusal> {
        if self.store_id.is_some_and(|named| named != owner) {
            self.caller
                .need(self.store_id.unwrap_or_default(), permission)?;
            return Err(missing);
        }
        self.caller.need(owner, permission)
    }

    fn of_invoice(&self, id: &str, rest: &[&str]) -> Outcome {
        let (world, call) = (self.world, self.call);
        let owner = find_invoice(&*world.ledger()?, id)?.store_id.clone();
        let need = |permission| {
            let missing = Refusal::not_found("invoice-not-found", "invoice");
            self.need(&owner, permission, missing)
        };
        match (self.method(), rest) {
            ("GET", []) => {
                need(VIEW_INVOICES)?;
                invoice::get(world, id, call)
            }
            ("PUT", []) => {
                need(MODIFY_INVOICES)?;
                invoice::update(world, id, call)
            }
            ("DELETE", []) => {
                need(MODIFY_INVOICES)?;
                invoice::archive(world, id, call)
            }
            ("POST", ["unarchive"]) => {
                need(MODIFY_INVOICES)?;
                invoice::unarchive(world, id, call)
            }
            ("POST", ["status"]) => {
                need(MODIFY_INVOICES)?;
                invoice::mark(world, id, call)
            }
            ("GET", ["payment-methods"]) => {
                need(VIEW_INVOICES)?;
                invoice::methods(world, id, call)
            }
            ("POST", ["payment-methods", method, "activate"]) => {
                need(VIEW_INVOICES)?;
                invoice::activate(world, id, method)
            }
            ("POST", ["refund"]) => {
                need(OFFER_REFUND)?;
                refund::refund(world, &self.caller, id, call)
            }
            ("GET", ["refund", method]) => {
                need(OFFER_REFUND)?;
                refund::choices(world, id, method)
            }
            _ => nowhere(),
        }
    }

    fn of_pull(&self, id: &str) -> Outcome {
        let owner = payout::find_pull(&*self.world.ledger()?, id)?
            .store_id
            .clone();
        let missing = Refusal::not_found("pullpayment-not-found", "pull payment");
        match self.method() {
            "GET" => payout::get_pull(self.world, id, self.call),
            "DELETE" => {
                self.need(&owner, ARCHIVE_PULLS, missing)?;
                payout::archive_pull(self.world, id)
            }
            _ => nowhere(),
        }
    }

    fn of_payout(&self, id: &str, rest: &[&str]) -> Outcome {
        let missing = || Refusal::not_found("payout-not-found", "payout");
        let ledger = self.world.ledger()?;
        let owner = ledger
            .coins()
            .payout(id)
            .ok_or_else(missing)?
            .store_id
            .clone();
        drop(ledger);
        let need = |permission| self.need(&owner, permission, missing());
        match (self.method(), rest) {
            ("GET", []) => {
                need(VIEW_PAYOUTS)?;
                payout::get(self.world, id)
            }
            ("POST", []) => {
                need(MANAGE_PAYOUTS)?;
                payout::approve(self.world, id, self.call)
            }
            ("DELETE", []) => {
                need(MANAGE_PAYOUTS)?;
                payout::cancel(self.world, id)
            }
            ("POST", ["mark-paid"]) => {
                need(MANAGE_PAYOUTS)?;
                payout::mark_paid(self.world, id)
            }
            _ => nowhere(),
        }
    }

    fn of_hook(&self, id: &str, rest: &[&str]) -> Outcome {
        let owner = hook::find(&*self.world.ledger()?, id)?.store_id.clone();
        let missing = Refusal::not_found("webhook-not-found", "webhook");
        self.need(&owner, MODIFY_WEBHOOKS, missing)?;
        match (self.method(), rest) {
            ("GET", []) => hook::get(self.world, id),
            ("PUT", []) => hook::update(self.world, id, self.call),
            ("DELETE", []) => hook::delete(self.world, id),
            ("GET", ["deliveries"]) => hook::deliveries(self.world, id, self.call),
            ("POST", ["deliveries", delivery, "redeliver"]) => {
                hook::redeliver(self.world, id, delivery)
            }
            _ => nowhere(),
        }
    }
}
