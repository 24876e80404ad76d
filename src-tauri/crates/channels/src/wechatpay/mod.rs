//! WeChat Pay API v3 for direct merchants: codepay, native, query, reverse, close, refund and refund query,
//! signed with `WECHATPAY2-SHA256-RSA2048`. A pure codec; see README.md beside this file for the sources.

mod answers;
mod bills;
mod check;
mod codes;
mod envelope;
mod notices;
mod platform;
mod request;
mod sheet;

pub use envelope::text_to_sign;

use crate::{
    Answer, Bills, Certificates, Channel, CodeMeaning, CodePattern, Create, Cx, Exchange, Field,
    FieldCheck, FieldKind, Finish, Notices, Operation, Payments, Profile, Query, QueryRefund, RefundCall,
    Refunds, Schedule, SignatureComplaint, WireRequest,
};
use paydesk_domain::{Doubt, NotSent, Outcome, PaymentFact, RefundFact, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, KeyId, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// The connector.
#[derive(Debug)]
pub struct WechatPay;

/// The one connector of this channel; it has no state.
pub const CONNECTOR: WechatPay = WechatPay;

const fn field(name: &'static str, kind: FieldKind, optional: bool) -> Field {
    Field {
        name,
        kind,
        optional,
        way: None,
    }
}

/// A field of one of the two ways; both may be filled in while a merchant moves over.
const fn only(way: &'static str, name: &'static str, kind: FieldKind) -> Field {
    Field {
        name,
        kind,
        optional: true,
        way: Some(way),
    }
}

static PROFILE: Profile = Profile {
    id: "wechatpay",
    gateway: "https://api.mch.weixin.qq.com",
    hosts: &["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"],
    sandbox_gateway: None,
    currencies: &["CNY"],
    fields: &[
        field("appid", FieldKind::Text, false),
        field("mchid", FieldKind::Text, false),
        field("merchant_serial", FieldKind::KeyName, false),
        field("private_key", FieldKind::PrivateKey, false),
        field("merchant_certificate", FieldKind::Certificate, true),
        field("apiv3_key", FieldKind::Secret, true),
        only("public_key", "public_key_id", FieldKind::KeyName),
        only("public_key", "public_key", FieldKind::PublicKey),
        only("certificates", "platform_certificates", FieldKind::Certificate),
        field("store_id", FieldKind::Text, true),
        field("store_out_id", FieldKind::Text, true),
        field("notify_url", FieldKind::Text, true),
    ],
    peer_fields: &["public_key", "platform_certificates"],
    key_name_field: "merchant_serial",
    codes: &[CodePattern {
        prefix: (10, 15),
        digits: (18, 18),
    }],
    shows_code: true,
    // Bills return the fee on refund rows.
    refund_returns_fee: Some(true),
    // One fen to ten million yuan; the documents name no upper bound.
    amount_minor: (1, 1_000_000_000),
    schedule: Schedule {
        deadline: Duration::from_secs(14),
        first: Duration::from_secs(5),
        every: Duration::from_secs(5),
        end_doubt_after: Duration::from_secs(20),
        end_awaiting_after: Duration::from_secs(30),
        // A reversal within 15 seconds of the charge is refused.
        end_not_before: Duration::from_secs(15),
        end_every: Duration::from_secs(3),
        shown_first: Duration::from_secs(2),
        shown_first_for: Duration::from_secs(30),
        shown_every: Duration::from_secs(5),
        shown_for: Duration::from_secs(300),
        charge_for: Duration::from_secs(120),
        watch_for: Duration::from_secs(900),
        // The documents advise a minute; wallet refunds are done in seconds and 300 queries a second are allowed.
        refund_first: Duration::from_secs(10),
        refund_spacing: Duration::from_secs(60),
        refund_may_fail_for: Duration::ZERO,
    },
};

/// The account's keys from its filled-in fields, secret ones included: public-key mode, platform
/// certificates (a PEM bundle), or both while a merchant moves over.
///
/// # Errors
/// `Missing` for an empty required field, `Malformed` or `Wrong` for keys that do not fit.
pub fn account_keys(fields: &BTreeMap<String, String>) -> Result<AccountKeys, KeyError> {
    let given = |name: &str| {
        fields
            .get(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    };
    let needed = |name: &str| given(name).ok_or(KeyError::Missing);
    let mut keys = AccountKeys::builder()
        .private_key(needed("private_key")?.as_bytes())?
        .signing_id(needed("merchant_serial")?);
    if let Some(certificate) = given("merchant_certificate") {
        keys = keys.merchant_certificate(certificate.as_bytes())?;
    }
    if let Some(key) = given("apiv3_key") {
        keys = keys.resource_key(key.as_bytes())?;
    }
    if let Some(bundle) = given("platform_certificates") {
        for certificate in paydesk_signing::Certificate::read_all(bundle.as_bytes())? {
            keys = keys.trust_certificate(&certificate)?;
        }
    }
    if let Some(id) = given("public_key_id") {
        let id = KeyId(id.to_owned());
        keys = keys
            .trust(id.clone(), needed("public_key")?.as_bytes())?
            .answers_with(id)?;
    }
    Ok(keys.build())
}

impl Channel for WechatPay {
    fn profile(&self) -> &'static Profile {
        &PROFILE
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
        _now: Timestamp,
    ) -> Result<AccountKeys, KeyError> {
        account_keys(fields)
    }

    fn meaning(&self, code: &str) -> Option<&'static CodeMeaning> {
        codes::row(codes::canonical(code)).map(|row| &row.meaning)
    }
}

impl Payments for WechatPay {}
impl Refunds for WechatPay {}

impl Exchange<Create> for WechatPay {
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

impl Exchange<Query> for WechatPay {
    fn encode(&self, call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query(call, cx)
    }
    fn decode(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        answers::query(call, reply, cx)
    }
}

impl Exchange<Finish> for WechatPay {
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

impl Exchange<RefundCall> for WechatPay {
    fn encode(&self, call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::refund(call, cx)
    }
    fn decode(
        &self,
        call: &RefundCall,
        reply: &Authentic,
        _cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        answers::refund(call, reply)
    }
}

impl Exchange<QueryRefund> for WechatPay {
    fn encode(&self, call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query_refund(call, cx)
    }
    fn decode(
        &self,
        call: &QueryRefund,
        reply: &Authentic,
        _cx: &Cx<'_>,
    ) -> Outcome<Answer<RefundFact>> {
        answers::query_refund(call, reply)
    }
}
