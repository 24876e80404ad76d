//! UnionPay (银联全渠道, version 5.1.0): code scan, shown code, query, undo, refund, notices and settlement files, signed
//! with RSA. A pure codec; see README.md beside this file for the sources.

mod answers;
mod bills;
mod check;
mod codes;
mod envelope;
mod notices;
mod request;
mod sheet;
mod undo;

pub use request::text_to_sign;

use crate::{
    Answer, Bills, Channel, CodeMeaning, CodePattern, Create, Cx, Exchange, Field, FieldCheck,
    FieldKind, Finish, Notices, Operation, Page, PageCall, Pages, Payments, Profile, Query,
    QueryRefund, RefundCall, Refunds, Schedule, SignatureComplaint, WireRequest,
};
use paydesk_domain::{DayCut, Doubt, Memo, NotSent, Outcome, PaymentFact, RefundFact, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// The connector.
#[derive(Debug)]
pub struct UnionPay;

/// The one connector of this channel; it has no state.
pub const CONNECTOR: UnionPay = UnionPay;

/// Past this a `txnTime` may be refused as stale.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// As long as the gateway itself gives a payer on its page (protocol reference, `payTimeout`).
const PAGE_LIVES: Duration = Duration::from_secs(15 * 60);
/// The settlement day ends at 23:00 (protocol reference, "Settlement file").
const DAY_CUT: DayCut = DayCut::before_midnight(1);
/// The third part of the owner that UnionPay's own certificates name:
/// `041@8310000000083040@中国银联股份有限公司@00016495`.
const OWNER: &str = "中国银联股份有限公司";

const fn field(name: &'static str, kind: FieldKind, optional: bool) -> Field {
    Field {
        name,
        kind,
        optional,
        way: None,
    }
}

static PROFILE: Profile = Profile {
    id: "unionpay",
    gateway: "https://gateway.95516.com",
    hosts: &["gateway.95516.com", "filedownload.95516.com"],
    sandbox_gateway: Some("https://gateway.test.95516.com"),
    currencies: &["CNY"],
    fields: &[
        field("merId", FieldKind::Text, false),
        field("private_key", FieldKind::PrivateKey, false),
        field("sign_cert", FieldKind::Certificate, false),
        field("middle_cert", FieldKind::Certificate, false),
        field("root_cert", FieldKind::Certificate, false),
        field("backUrl", FieldKind::Detail, false),
        field("termId", FieldKind::Detail, false),
        field("frontUrl", FieldKind::Detail, true),
    ],
    peer_fields: &["middle_cert", "root_cert"],
    key_name_field: "sign_cert",
    codes: &[CodePattern {
        prefix: (62, 62),
        digits: (19, 19),
    }],
    shows_code: true,
    // By contract.
    refund_returns_fee: None,
    // One fen to the twelve digits of the settlement file.
    amount_minor: (1, 999_999_999_999),
    schedule: Schedule {
        deadline: Duration::from_secs(14),
        first: Duration::from_secs(5),
        every: Duration::from_secs(5),
        end_doubt_after: Duration::from_secs(20),
        end_awaiting_after: Duration::from_secs(60),
        end_not_before: Duration::from_secs(5),
        end_every: Duration::from_secs(5),
        // About six quick queries are allowed, and 37 answers more; a notice may be faster.
        shown_first: Duration::from_secs(5),
        shown_first_for: Duration::from_secs(30),
        shown_every: Duration::from_secs(10),
        shown_for: Duration::from_secs(300),
        // A charge carries no expiry of its own.
        charge_for: Duration::from_secs(300),
        watch_for: Duration::from_secs(900),
        refund_first: Duration::from_secs(10),
        refund_spacing: Duration::from_secs(3),
        refund_may_fail_for: Duration::ZERO,
    },
};

/// Whether a certificate's owner is UnionPay: merchants' certificates stand under the same authority.
fn is_channel(owner: &str) -> bool {
    owner.split('@').nth(2) == Some(OWNER)
}

/// The account's keys from its filled-in fields, secret ones included.
///
/// # Errors
/// `Missing` for an empty required field, `Malformed` or `Wrong` for keys that do not fit.
pub fn account_keys(
    fields: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<AccountKeys, KeyError> {
    let needed = |name: &str| {
        let given = fields.get(name).map(|text| text.trim().as_bytes());
        given
            .filter(|text| !text.is_empty())
            .ok_or(KeyError::Missing)
    };
    let keys = AccountKeys::builder()
        .private_key(needed("private_key")?)?
        .numbered_certificate(needed("sign_cert")?)?
        .sent_certificates(
            needed("middle_cert")?,
            needed("root_cert")?,
            is_channel,
            now.0.div_euclid(1000),
        )?;
    Ok(keys.build())
}

impl Channel for UnionPay {
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

    fn pages(&self) -> Option<&dyn Pages> {
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
        codes::row(code).map(|row| &row.meaning)
    }
}

impl Payments for UnionPay {}

impl Pages for UnionPay {
    fn lives(&self) -> Duration {
        PAGE_LIVES
    }

    fn memo(&self) -> Option<Memo> {
        Some(Memo(request::OF_PAGE.to_owned()))
    }

    fn page(&self, call: &PageCall, cx: &Cx<'_>) -> Result<Page, NotSent> {
        request::page(call, cx)
    }
}

impl Refunds for UnionPay {}

impl Exchange<Create> for UnionPay {
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

impl Exchange<Query> for UnionPay {
    fn encode(&self, call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        request::query(call, cx)
    }
    fn decode(&self, call: &Query, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<PaymentFact>> {
        answers::query(call, reply, cx)
    }
}

impl Exchange<Finish> for UnionPay {
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

impl Exchange<RefundCall> for UnionPay {
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

impl Exchange<QueryRefund> for UnionPay {
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
