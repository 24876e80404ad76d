//! Alipay face-to-face payment over `gateway.do`: trade.pay, precreate, query, cancel, close, refund
//! and refund query, signed with RSA2. A pure codec; see README.md beside this file for the sources.

mod answers;
mod bills;
mod certificates;
mod check;
mod codes;
mod envelope;
mod notices;
mod request;
mod sheet;

pub use request::text_to_sign;

use crate::{
    Answer, Bills, Certificates, Channel, CodeMeaning, CodePattern, Create, Cx, Exchange, Field, FieldCheck, FieldKind,
    Finish, Notices, Operation, Payments, Profile, Query, QueryRefund, RefundCall, Refunds,
    Schedule, SignatureComplaint, WireRequest,
};
use paydesk_domain::{Doubt, NotSent, Outcome, PaymentFact, RefundFact, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// The connector.
#[derive(Debug)]
pub struct Alipay;

/// The one connector of this channel; it has no state.
pub const CONNECTOR: Alipay = Alipay;

const fn field(name: &'static str, kind: FieldKind, optional: bool) -> Field {
    Field {
        name,
        kind,
        optional,
        way: None,
    }
}

/// A field of one of the two ways; needed there, empty in the other.
const fn only(way: &'static str, name: &'static str, kind: FieldKind) -> Field {
    Field {
        name,
        kind,
        optional: true,
        way: Some(way),
    }
}

static PROFILE: Profile = Profile {
    id: "alipay",
    gateway: "https://openapi.alipay.com/gateway.do",
    hosts: &["openapi.alipay.com", "dwbillcenter.alipay.com"],
    sandbox_gateway: Some("https://openapi-sandbox.dl.alipaydev.com/gateway.do"),
    currencies: &["CNY"],
    fields: &[
        field("app_id", FieldKind::Text, false),
        field("private_key", FieldKind::PrivateKey, false),
        // Compared with the private key, and used for nothing else.
        field("app_public_key", FieldKind::PublicKey, true),
        only("public_key", "alipay_public_key", FieldKind::PublicKey),
        only("certificates", "app_cert", FieldKind::Certificate),
        only("certificates", "alipay_cert", FieldKind::Certificate),
        only("certificates", "alipay_root_cert", FieldKind::Certificate),
        field("aes_key", FieldKind::Secret, true),
        field("seller_id", FieldKind::Text, true),
        field("store_id", FieldKind::Text, true),
        field("terminal_id", FieldKind::Text, true),
    ],
    peer_fields: &["alipay_public_key", "alipay_cert"],
    key_name_field: "app_cert",
    codes: &[CodePattern {
        prefix: (25, 30),
        digits: (16, 24),
    }],
    shows_code: true,
    // The fee of a refunded payment goes back by contract.
    refund_returns_fee: None,
    // 0.01 to 100000000.00 yuan.
    amount_minor: (1, 10_000_000_000),
    schedule: Schedule {
        deadline: Duration::from_secs(14),
        first: Duration::from_secs(5),
        every: Duration::from_secs(5),
        end_doubt_after: Duration::from_secs(20),
        end_awaiting_after: Duration::from_secs(60),
        end_not_before: Duration::from_secs(5),
        end_every: Duration::from_secs(2),
        shown_first: Duration::from_secs(2),
        shown_first_for: Duration::from_secs(30),
        shown_every: Duration::from_secs(5),
        shown_for: Duration::from_secs(300),
        // Five minutes is the shortest life Alipay advises for a trade.
        charge_for: Duration::from_secs(300),
        // A request that was late at the gateway cannot outlive the trade's own expiry by much.
        watch_for: Duration::from_secs(900),
        // The refund query asks for ten seconds after the refund.
        refund_first: Duration::from_secs(10),
        refund_spacing: Duration::from_secs(3),
        refund_may_fail_for: Duration::ZERO,
    },
};

/// The gateway's method name of an operation.
fn method_of(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::Account
        | Operation::AskReader
        | Operation::BillFile
        | Operation::ListReaders
        | Operation::Prepare
        | Operation::ReadCard
        | Operation::StopReader => None,
        Operation::Certificates => Some("alipay.open.app.alipaycert.download"),
        Operation::BillLink => Some("alipay.data.dataservice.bill.downloadurl.query"),
        Operation::Charge => Some("alipay.trade.pay"),
        Operation::Close => Some("alipay.trade.close"),
        Operation::Query => Some("alipay.trade.query"),
        Operation::QueryRefund => Some("alipay.trade.fastpay.refund.query"),
        Operation::Refund => Some("alipay.trade.refund"),
        Operation::Reverse => Some("alipay.trade.cancel"),
        Operation::ShowCode => Some("alipay.trade.precreate"),
    }
}

/// The account's keys from its filled-in fields, secret ones included. Certificate mode when a root
/// bundle is given, otherwise the Alipay public key.
///
/// # Errors
/// `Missing` for an empty required field, `Malformed` or `Wrong` for keys that do not fit.
pub fn account_keys(
    fields: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<AccountKeys, KeyError> {
    let given = |name: &str| {
        fields
            .get(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    };
    let needed = |name: &str| given(name).map(str::as_bytes).ok_or(KeyError::Missing);
    let mut keys = AccountKeys::builder().private_key(needed("private_key")?)?;
    if let Some(key) = given("aes_key") {
        keys = keys.content_key(key.as_bytes())?;
    }
    if given("alipay_root_cert").is_some() {
        let (ours, theirs, roots) = (
            needed("app_cert")?,
            needed("alipay_cert")?,
            needed("alipay_root_cert")?,
        );
        return Ok(keys
            .certificate_mode(ours, theirs, roots, now.0.div_euclid(1000))?
            .build());
    }
    Ok(keys.trust_unnamed(needed("alipay_public_key")?)?.build())
}

impl Channel for Alipay {
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

    fn signature_complaint(&self, body: &[u8]) -> Option<SignatureComplaint> {
        envelope::signature_complaint(body)
    }

    fn payments(&self) -> &dyn Payments {
        self
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }

    fn certificates(&self) -> Option<&dyn Certificates> {
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
        _sandbox: bool,
        now: Timestamp,
    ) -> Vec<FieldCheck> {
        check::fields(fields, now)
    }

    fn account_keys(
        &self,
        fields: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<AccountKeys, KeyError> {
        account_keys(fields, now)
    }

    fn meaning(&self, code: &str) -> Option<&'static CodeMeaning> {
        codes::row(&codes::canonical(code)).map(|row| &row.meaning)
    }
}

impl Payments for Alipay {}
impl Refunds for Alipay {}

impl Exchange<Create> for Alipay {
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

impl Exchange<Query> for Alipay {
    fn encode(&self, call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query(call, cx)
    }
    fn decode(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        answers::query(call, reply, cx)
    }
}

impl Exchange<Finish> for Alipay {
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

impl Exchange<RefundCall> for Alipay {
    fn encode(&self, call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::refund(call, cx)
    }
    fn decode(
        &self,
        call: &RefundCall,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        answers::refund(call, reply, cx)
    }
}

impl Exchange<QueryRefund> for Alipay {
    fn encode(&self, call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query_refund(call, cx)
    }
    fn decode(
        &self,
        call: &QueryRefund,
        reply: &Authentic,
        cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        answers::query_refund(call, reply, cx)
    }
}
