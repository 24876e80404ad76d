//! The list of events, and the notices of them with their signature.
//!
//! An event shows its object as it was then. It must never be told of before it happened.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::{Refusal, VERSION};
use super::lists::{Member, only, page};
use super::objects::{self, as_of, charges, seconds};
use super::params::Params;
use super::{Cx, balance, disputes, readers, reports};
use crate::ledger::{FactSubject, Ledger, Notice, StripeFact, TradeKey};
use crate::notices::DueNotice;
use crate::world::World;

/// Events are listed for thirty days.
const KEPT_MS: i64 = 30 * 86_400_000;

/// The object as it was when it happened.
fn object(cx: &Cx<'_>, ledger: &Ledger, fact: &StripeFact) -> Option<Value> {
    let at = |key: &TradeKey| ledger.find(key).map(|trade| as_of(trade, fact.at_ms));
    let then = Cx {
        world: cx.world,
        now_ms: fact.at_ms,
        host: cx.host.clone(),
        idempotency_key: None,
    };
    match &fact.subject {
        FactSubject::Charge(key) => {
            let trade = at(key)?;
            let attempt = charges(&trade).last().copied()?;
            Some(objects::charge(&trade, attempt))
        }
        FactSubject::Dispute(key, id) => {
            let trade = at(key)?;
            let own = trade.refunds.iter().find(|it| it.refund_no == *id)?;
            Some(disputes::dispute(ledger, &trade, own))
        }
        FactSubject::Intent(key) => Some(objects::intent(&at(key)?)),
        FactSubject::Payout(id) => balance::payout_by_id(&then, ledger, id),
        FactSubject::Reader(id) => readers::find(&then, ledger, id)
            .map(|reader| readers::written(ledger, &reader, fact.at_ms)),
        FactSubject::Refund(key, id) => {
            let trade = at(key)?;
            let own = trade.refunds.iter().find(|it| it.refund_no == *id)?;
            Some(objects::refund(&trade, own))
        }
        FactSubject::Report(id) => reports::one(&then, ledger, id),
        FactSubject::Session(key) => Some(objects::session(&at(key)?, &cx.host)),
    }
}

fn written(cx: &Cx<'_>, ledger: &Ledger, fact: &StripeFact) -> Value {
    json!({
        "id": fact.id,
        "object": "event",
        "api_version": VERSION,
        "created": seconds(fact.at_ms),
        "data": { "object": object(cx, ledger, fact).unwrap_or_else(|| json!({})) },
        "livemode": false,
        "pending_webhooks": u8::from(ledger.stripe().endpoint().is_some()),
        "request": { "id": null, "idempotency_key": null },
        "type": fact.kind,
    })
}

fn is_listed(cx: &Cx<'_>, fact: &StripeFact) -> bool {
    fact.at_ms <= cx.now_ms && cx.now_ms.saturating_sub(fact.at_ms) < KEPT_MS
}

pub(super) fn one(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    let fact = ledger
        .stripe()
        .facts()
        .iter()
        .find(|fact| fact.id == id && is_listed(cx, fact))?;
    Some(written(cx, ledger, fact))
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &["delivery_success", "type", "types"])?;
    let (kind, kinds) = (params.text("type")?, params.texts("types")?);
    let is_meant = |fact: &&StripeFact| {
        let wild = |asked: &str| {
            let start = asked.strip_suffix('*');
            start.map_or(asked == fact.kind, |start| fact.kind.starts_with(start))
        };
        is_listed(cx, fact)
            && kind.is_none_or(wild)
            && (kinds.is_empty() || kinds.iter().any(|asked| wild(asked)))
    };
    let facts = ledger.stripe().facts().iter().filter(is_meant);
    let mut members: Vec<Member<'_>> = facts
        .map(|fact| -> Member<'_> {
            (
                fact.id.clone(),
                fact.at_ms,
                Box::new(move || written(cx, ledger, fact)),
            )
        })
        .collect();
    members.reverse();
    members.sort_by_key(|member| std::cmp::Reverse(member.1));
    page("/v1/events", params, members)
}

/// HMAC-SHA-256 under the whole secret, in lower-case hexadecimal digits.
fn tag(secret: &str, signed: &[u8]) -> String {
    let mut key = [0_u8; 64];
    let secret = secret.as_bytes();
    let hashed = Sha256::digest(secret);
    let short = if secret.len() > key.len() {
        hashed.as_slice()
    } else {
        secret
    };
    for (place, byte) in key.iter_mut().zip(short) {
        *place = *byte;
    }
    let inner = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x36))
        .chain_update(signed)
        .finalize();
    let outer = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `Stripe-Signature` of a body at a time in seconds.
pub(super) fn signature(secret: &str, at: i64, body: &str) -> String {
    format!(
        "t={at},v1={}",
        tag(secret, format!("{at}.{body}").as_bytes())
    )
}

/// The notice as it goes out now; `None` where nobody is told, or it has not happened yet.
pub(crate) fn notice(world: &World, ledger: &Ledger, notice: &Notice) -> Option<DueNotice> {
    let cx = readers::cx_of(world);
    let url = ledger.stripe().endpoint()?.to_owned();
    let body = one(&cx, ledger, &notice.number)?.to_string();
    let secret = &world.keys.merchant.stripe.webhook_secret;
    let signature = signature(secret, seconds(world.now().wall_ms), &body);
    Some(DueNotice {
        number: notice.number.clone(),
        url,
        headers: vec![
            (
                "content-type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            ),
            ("stripe-signature".to_owned(), signature),
        ],
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231's second case.
    #[test]
    fn the_tag_is_hmac_sha_256() {
        assert_eq!(
            tag("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
