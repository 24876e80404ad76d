//! Stripe: a hosted page as a code, card readers driven by the server, refunds, reports and notices. Answers are
//! believed by the TLS peer. A pure codec; see README.md beside this file for the sources.

mod answers;
mod bills;
mod check;
mod codes;
mod envelope;
mod known;
mod money;
mod notices;
mod objects;
mod readers;
mod refunds;
mod request;
mod sheet;

use crate::{
    Answer, Bills, CardReaders, Channel, CodeMeaning, Create, Cx, Exchange, Field, FieldCheck,
    FieldKind, Finish, Further, ListReaders, Notices, Operation, Payments, Profile, Query,
    QueryRefund, ReaderPage, RefundCall, Refunds, Schedule, Tender, WireRequest,
};
use paydesk_domain::{Doubt, Memo, NotSent, Outcome, PaymentFact, RefundFact, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, Secret, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// The connector.
#[derive(Debug)]
pub struct Stripe;

/// The one connector of this channel; it has no state.
pub const CONNECTOR: Stripe = Stripe;

/// The version every request names, and every event must have.
const VERSION: &str = "2026-10-28.endive";

/// The account field with the reader on the counter.
const READER_FIELD: &str = "reader";

const fn field(name: &'static str, kind: FieldKind, optional: bool) -> Field {
    Field {
        name,
        kind,
        optional,
        way: None,
    }
}

static PROFILE: Profile = Profile {
    id: "stripe",
    gateway: "https://api.stripe.com",
    hosts: &[Stripe::HOST, envelope::FILES_HOST],
    // Trying out is done at the same host: the key tells the two apart, and every object says which it is of.
    sandbox_gateway: Some("https://api.stripe.com"),
    currencies: money::CURRENCIES,
    fields: &[
        field("account", FieldKind::Text, false),
        field("secret_key", FieldKind::Secret, false),
        field("webhook_secret", FieldKind::Secret, true),
        field(READER_FIELD, FieldKind::Text, true),
        field("success_url", FieldKind::Text, true),
    ],
    peer_fields: &[],
    key_name_field: "account",
    codes: &[],
    shows_code: true,
    // The fees of a payment stay with the channel.
    refund_returns_fee: Some(false),
    // Half a unit of the larger currencies to eight digits.
    amount_minor: (50, 99_999_999),
    schedule: Schedule {
        deadline: Duration::from_secs(14),
        first: Duration::from_secs(5),
        every: Duration::from_secs(5),
        end_doubt_after: Duration::from_secs(20),
        // A card is looked for, put in, and its PIN typed.
        end_awaiting_after: Duration::from_secs(120),
        end_not_before: Duration::from_secs(5),
        end_every: Duration::from_secs(5),
        shown_first: Duration::from_secs(2),
        shown_first_for: Duration::from_secs(30),
        shown_every: Duration::from_secs(5),
        // The till ends a page after five minutes; at the channel none lives shorter than half an hour.
        shown_for: Duration::from_secs(300),
        charge_for: Duration::from_secs(300),
        // Longer than the page lives, should its ending be lost.
        watch_for: Duration::from_secs(40 * 60),
        refund_first: Duration::from_secs(10),
        refund_spacing: Duration::from_secs(3),
        // A bank that cannot pay a refund out gives it back within thirty days.
        refund_may_fail_for: Duration::from_secs(30 * 86_400),
    },
};

/// The account's keys from its filled-in fields, secret ones included.
///
/// # Errors
/// `Missing` without a secret key, `Malformed` for one that is none, such as a publishable one.
pub fn account_keys(
    fields: &BTreeMap<String, String>,
    _now: Timestamp,
) -> Result<AccountKeys, KeyError> {
    let given = |name: &str| {
        let text = fields.get(name).map(|text| text.trim());
        text.filter(|text| !text.is_empty())
    };
    let key = given("secret_key").ok_or(KeyError::Missing)?;
    if !check::is_key(key) {
        return Err(KeyError::Malformed);
    }
    let keys = AccountKeys::builder().bearer(Secret::new(key.to_owned()));
    Ok(match given("webhook_secret") {
        None => keys.build(),
        Some(secret) if check::is_notice_secret(secret) => {
            keys.mac_secret(secret.as_bytes())?.build()
        }
        Some(_) => return Err(KeyError::Malformed),
    })
}

impl Channel for Stripe {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn authenticate(
        &self,
        operation: Operation,
        reply: WireReply,
        cx: &Cx<'_>,
    ) -> Result<Authentic, Forged> {
        envelope::authenticate(operation, reply, cx)
    }

    fn hint(&self, reply: &WireReply) -> Doubt {
        envelope::hint(reply)
    }

    fn payments(&self) -> &dyn Payments {
        self
    }

    fn card_readers(&self) -> Option<&dyn CardReaders> {
        Some(self)
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn bills(&self) -> Option<&dyn Bills> {
        Some(self)
    }

    fn notices(&self) -> Option<&dyn Notices> {
        Some(self)
    }

    fn check_fields(
        &self,
        fields: &BTreeMap<String, String>,
        sandbox: bool,
        now: Timestamp,
    ) -> Vec<FieldCheck> {
        check::fields(fields, sandbox, now)
    }

    fn account_keys(
        &self,
        fields: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<AccountKeys, KeyError> {
        account_keys(fields, now)
    }

    fn meaning(&self, code: &str) -> Option<&'static CodeMeaning> {
        codes::row(code).map(|row| &row.meaning)
    }
}

impl Payments for Stripe {
    fn before(&self, tender: &Tender, subject: &str) -> Option<Memo> {
        known::Known::of_tender(tender, subject).map(|known| known.memo())
    }
}

impl Refunds for Stripe {}

impl CardReaders for Stripe {
    fn field(&self) -> &'static str {
        READER_FIELD
    }
}

impl Exchange<ListReaders> for Stripe {
    fn encode(&self, call: &ListReaders, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        readers::encode(call, cx)
    }
    fn decode(
        &self,
        _: &ListReaders,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<ReaderPage>> {
        readers::decode(reply, cx)
    }
}

impl Exchange<Create> for Stripe {
    fn encode(&self, call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::create(call, cx)
    }
    fn further(&self, call: &Create, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
        answers::create_further(call, reply, cx)
    }
    fn decode(
        &self,
        call: &Create,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<PaymentFact>> {
        answers::create(call, reply, cx)
    }
}

impl Exchange<Query> for Stripe {
    fn encode(&self, call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query(call, cx)
    }
    fn further(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
        answers::query_further(call, reply, cx)
    }
    fn decode(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        answers::query(call, reply, cx)
    }
}

impl Exchange<Finish> for Stripe {
    fn encode(&self, call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::finish(call, cx)
    }
    fn further(&self, call: &Finish, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
        answers::finish_further(call, reply, cx)
    }
    fn decode(
        &self,
        call: &Finish,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<PaymentFact>> {
        answers::finish(call, reply, cx)
    }
}

impl Exchange<RefundCall> for Stripe {
    fn encode(&self, call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::refund(call, cx)
    }
    fn decode(
        &self,
        call: &RefundCall,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        refunds::refund(call, reply, cx)
    }
}

impl Exchange<QueryRefund> for Stripe {
    fn encode(&self, call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query_refund(call, cx)
    }
    fn further(&self, call: &QueryRefund, reply: &Authentic, _: &Cx<'_>) -> Option<Further> {
        refunds::query_further(call, reply)
    }
    fn decode(
        &self,
        call: &QueryRefund,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        refunds::query(call, reply, cx)
    }
}
