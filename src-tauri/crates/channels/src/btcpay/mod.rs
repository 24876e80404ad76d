//! BTCPay Server (Greenfield API): invoices in coins shown as a code, their states, refunds that the payer claims, and
//! webhooks. The server is the merchant's own. A pure codec; see README.md beside this file for the sources.

mod answers;
mod check;
mod codes;
mod envelope;
mod invoice;
mod notices;
mod refunds;
mod request;
mod set_up;

use crate::{
    Answer, Channel, CodeMeaning, Create, Cx, Examine, Exchange, Field, FieldCheck, FieldKind,
    Finding, Finish, Further, Notices, Operation, Payments, Profile, Query, QueryRefund,
    RefundCall, Refunds, Schedule, SetUp, SignatureComplaint, WireRequest,
};
use paydesk_domain::{Doubt, NotSent, Outcome, PaymentFact, RefundFact, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, Secret, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// The connector.
#[derive(Debug)]
pub struct BtcPay;

/// The one connector of this channel; it has no state.
pub const CONNECTOR: BtcPay = BtcPay;

/// For how long the server goes on looking for money behind an invoice that is over: sent with every invoice.
const MONITORING: Duration = Duration::from_secs(24 * 3600);

const fn field(name: &'static str, kind: FieldKind, optional: bool) -> Field {
    Field {
        name,
        kind,
        optional,
        way: None,
    }
}

static PROFILE: Profile = Profile {
    id: "btcpay",
    // The server is the merchant's own: its address is a field of the account.
    gateway: "",
    hosts: &[],
    sandbox_gateway: None,
    // Currencies for which the server's usual sources know a rate.
    currencies: &[
        "AED", "AUD", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD",
        "HUF", "IDR", "ILS", "INR", "JPY", "KRW", "KWD", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN",
        "SEK", "SGD", "THB", "TRY", "TWD", "USD", "VND", "ZAR",
    ],
    fields: &[
        field("base_url", FieldKind::Text, false),
        field("store_id", FieldKind::Text, false),
        field("api_key", FieldKind::Secret, false),
        field("webhook_secret", FieldKind::Secret, true),
        field("payment_methods", FieldKind::Text, true),
        field("payout_methods", FieldKind::Text, true),
        field("speed_policy", FieldKind::Text, true),
    ],
    // Answers are believed by the server's certificate, which no field holds.
    peer_fields: &["base_url"],
    key_name_field: "api_key",
    codes: &[],
    shows_code: true,
    // A server of one's own keeps no fee; the network's fees are the payer's.
    refund_returns_fee: None,
    amount_minor: (1, 999_999_999_999),
    schedule: Schedule {
        deadline: Duration::from_secs(14),
        first: Duration::from_secs(2),
        every: Duration::from_secs(5),
        // A create whose answer was lost is found by its order number; nothing is charged by asking longer.
        end_doubt_after: Duration::from_secs(60),
        end_awaiting_after: Duration::from_secs(900),
        end_not_before: Duration::from_secs(0),
        end_every: Duration::from_secs(5),
        shown_first: Duration::from_secs(2),
        shown_first_for: Duration::from_secs(120),
        shown_every: Duration::from_secs(3),
        // The server's own default: for so long the rate is locked.
        shown_for: Duration::from_secs(900),
        charge_for: Duration::from_secs(900),
        watch_for: MONITORING,
        refund_first: Duration::from_secs(10),
        refund_spacing: Duration::from_secs(3),
        refund_may_fail_for: Duration::ZERO,
    },
};

/// The account's keys from its filled-in fields, secret ones included.
///
/// # Errors
/// `Missing` without an API key, `Malformed` for an empty webhook secret.
pub fn account_keys(fields: &BTreeMap<String, String>) -> Result<AccountKeys, KeyError> {
    let given = |name: &str| {
        let value = fields.get(name).map(|text| text.trim());
        value.filter(|text| !text.is_empty())
    };
    let token = given("api_key").ok_or(KeyError::Missing)?;
    let mut keys = AccountKeys::builder().token("token", Secret::new(token.to_owned()));
    if let Some(secret) = given("webhook_secret") {
        keys = keys.mac_secret(secret.as_bytes())?;
    }
    Ok(keys.build())
}

impl Channel for BtcPay {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_gateway(&self, fields: &BTreeMap<String, String>) -> Option<String> {
        Some(envelope::trimmed(fields.get("base_url").map_or("", String::as_str)).to_owned())
    }

    fn authenticate(
        &self,
        _operation: Operation,
        reply: WireReply,
        cx: &Cx<'_>,
    ) -> Result<Authentic, Forged> {
        envelope::authenticate(reply, cx)
    }

    fn hint(&self, reply: &WireReply) -> Doubt {
        envelope::hint(reply)
    }

    fn signature_complaint(&self, body: &[u8]) -> Option<SignatureComplaint> {
        envelope::complaint(body)
    }

    fn payments(&self) -> &dyn Payments {
        self
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn set_up(&self) -> Option<&dyn SetUp> {
        Some(self)
    }

    fn notices(&self) -> Option<&dyn Notices> {
        Some(self)
    }

    fn check_fields(
        &self,
        fields: &BTreeMap<String, String>,
        _sandbox: bool,
        now: Timestamp,
    ) -> Vec<FieldCheck> {
        check::fields(fields, now)
    }

    fn account_keys(
        &self,
        fields: &BTreeMap<String, String>,
        _now: Timestamp,
    ) -> Result<AccountKeys, KeyError> {
        account_keys(fields)
    }

    fn meaning(&self, code: &str) -> Option<&'static CodeMeaning> {
        codes::row(code).map(|row| &row.meaning)
    }
}

impl Payments for BtcPay {}
impl Refunds for BtcPay {}

impl SetUp for BtcPay {
    fn questions(&self) -> u8 {
        set_up::QUESTIONS
    }
}

impl Exchange<Examine> for BtcPay {
    fn encode(&self, call: &Examine, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        set_up::encode(call, cx)
    }
    fn decode(
        &self,
        call: &Examine,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<Vec<Finding>>> {
        set_up::decode(call, reply, cx)
    }
}

impl Exchange<Create> for BtcPay {
    fn encode(&self, call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::create(call, cx)
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

impl Exchange<Query> for BtcPay {
    fn encode(&self, call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query(call, cx)
    }
    fn decode(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        answers::query(call, reply, cx)
    }
}

impl Exchange<Finish> for BtcPay {
    fn encode(&self, call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::finish(call, cx)
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

impl Exchange<RefundCall> for BtcPay {
    fn encode(&self, call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        refunds::encode(call, cx)
    }
    fn decode(
        &self,
        call: &RefundCall,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        refunds::decode(call, reply, cx)
    }
}

impl Exchange<QueryRefund> for BtcPay {
    fn encode(&self, call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        refunds::encode_query(call, cx)
    }
    fn further(&self, call: &QueryRefund, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
        refunds::further(call, reply, cx)
    }
    fn decode(
        &self,
        call: &QueryRefund,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        refunds::decode_query(call, reply, cx)
    }
}
