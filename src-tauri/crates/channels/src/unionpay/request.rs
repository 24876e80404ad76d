//! Building UnionPay requests: fields sorted by name, signed as text, posted as a form. Empty fields are never sent.
//!
//! `orderId` and `txnTime` together name an order, and both come from what was durable before anything was sent: our
//! reference and the moment its intent was made, in China time. So a query after a restart names the same order.

use super::{
    PROFILE,
    envelope::Fields,
    undo::{Step, Undo},
};
use crate::{
    Create, Cx, Finish, Operation, Page, PageCall, Query, QueryRefund, RefundCall, Target, Tender,
    WireRequest,
    wire::{form, time},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::{Amount, BillKind, ChannelDay, End, NotSent, Timestamp};
use paydesk_signing::{KeyError, sha256_hex};

/// Payments, undos and refunds.
const BACK: &str = "/gateway/api/backTransReq.do";
/// Every question about one of them.
const QUERY: &str = "/gateway/api/queryTrans.do";
/// Where settlement files are: a host of their own, at its root.
pub(super) const FILES: &str = "https://filedownload.95516.com/";
/// The same of the channel's own place for trying out.
const TEST_FILES: &str = "https://filedownload.test.95516.com/";
/// `orderId`: letters and digits.
const ORDER_CHARS: std::ops::RangeInclusive<usize> = 8..=40;
/// The longest `backUrl` and `frontUrl`.
pub(super) const URL_BYTES_MAX: usize = 256;
/// Where the payer's browser goes.
const FRONT: &str = "/gateway/api/frontTransReq.do";

/// Name and value of a field.
type Field = (&'static str, String);

pub(super) fn unsendable(what: &str) -> NotSent {
    NotSent::Unsendable {
        what: what.to_owned(),
    }
}

fn by_key(error: KeyError, what: &str) -> NotSent {
    match error {
        KeyError::Locked => NotSent::KeysLocked,
        KeyError::Malformed | KeyError::Missing | KeyError::Wrong => unsendable(what),
    }
}

/// The text that is signed, and its digest in hexadecimal, which is what the key signs.
#[must_use]
pub fn text_to_sign(fields: &[(String, String)]) -> Option<(String, String)> {
    let pairs = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let text = Fields::of(pairs)?.text_to_sign();
    let digest = sha256_hex(text.as_bytes());
    Some((text, digest))
}

/// Which order: its number and its moment.
fn order(number: &str, at: Timestamp) -> Result<Vec<Field>, NotSent> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain || !ORDER_CHARS.contains(&number.len()) {
        return Err(unsendable("orderId"));
    }
    Ok(vec![
        ("orderId", number.to_owned()),
        ("txnTime", time::to_compact(at)),
    ])
}

fn fen(amount: Amount) -> Result<String, NotSent> {
    let (low, high) = PROFILE.amount_minor;
    if !PROFILE.takes(amount.currency()) {
        return Err(unsendable("currencyCode"));
    }
    if (low..=high).contains(&amount.minor()) {
        Ok(amount.minor().to_string())
    } else {
        Err(unsendable("txnAmt"))
    }
}

/// What an attempt remembers whose payer was sent to a page.
pub(super) const OF_PAGE: &str = "page";

/// By which product a payment came about: whatever follows it names the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    /// A code, shown or scanned.
    Code,
    /// The page of online banking, for persons.
    Page,
}

impl Product {
    fn of(payment: &Target) -> Product {
        match &payment.memo {
            Some(memo) if memo.0 == OF_PAGE => Product::Page,
            Some(_) | None => Product::Code,
        }
    }

    fn biz_type(self) -> Field {
        let biz_type = match self {
            Product::Code => "000000",
            Product::Page => "000201",
        };
        ("bizType", biz_type.to_owned())
    }
}

/// The address to notify, which the channel asks for even where nobody listens.
fn back_url(cx: &Cx<'_>) -> Result<Field, NotSent> {
    let back_url = cx.account.field("backUrl");
    if back_url.is_empty() || back_url.len() > URL_BYTES_MAX {
        return Err(unsendable("backUrl"));
    }
    Ok(("backUrl", back_url.to_owned()))
}

/// What every movement of money carries. A code has a terminal; a browser has none.
fn movement(product: Product, amount: Amount, cx: &Cx<'_>) -> Result<Vec<Field>, NotSent> {
    let (channel_type, terminal) = match product {
        Product::Code => ("08", cx.account.field("termId")),
        Product::Page => ("07", ""),
    };
    if product == Product::Code && terminal.is_empty() {
        return Err(unsendable("termId"));
    }
    Ok(vec![
        back_url(cx)?,
        product.biz_type(),
        ("channelType", channel_type.to_owned()),
        ("currencyCode", "156".to_owned()),
        ("termId", terminal.to_owned()),
        ("txnAmt", fen(amount)?),
    ])
}

fn kind(txn_type: &str, sub_type: &str) -> Vec<Field> {
    vec![
        ("txnSubType", sub_type.to_owned()),
        ("txnType", txn_type.to_owned()),
    ]
}

/// The fields of a request with its signature, sorted.
fn signed(parts: Vec<Vec<Field>>, cx: &Cx<'_>) -> Result<Vec<(String, String)>, NotSent> {
    let merchant = cx.account.field("merId");
    if merchant.is_empty() {
        return Err(unsendable("merId"));
    }
    let common = [
        ("accessType", "0".to_owned()),
        (
            "certId",
            cx.keys
                .signing_id()
                .map_err(|error| by_key(error, "sign_cert"))?,
        ),
        ("encoding", "UTF-8".to_owned()),
        ("merId", merchant.to_owned()),
        ("signMethod", "01".to_owned()),
        ("version", "5.1.0".to_owned()),
    ];
    let mut fields: Vec<(String, String)> = common
        .into_iter()
        .chain(parts.into_iter().flatten())
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.sort();
    let (_, digest) = text_to_sign(&fields).ok_or_else(|| unsendable("fields"))?;
    let signature = cx
        .keys
        .sign(digest.as_bytes())
        .map_err(|error| by_key(error, "private_key"))?;
    fields.push(("signature".to_owned(), STANDARD.encode(signature)));
    Ok(fields)
}

fn build(
    operation: Operation,
    url: String,
    parts: Vec<Vec<Field>>,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let fields = signed(parts, cx)?;
    let pairs = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(WireRequest {
        method: "POST",
        url,
        headers: vec![
            (
                "Content-Type".to_owned(),
                "application/x-www-form-urlencoded;charset=UTF-8".to_owned(),
            ),
            ("User-Agent".to_owned(), crate::wire::USER_AGENT.to_owned()),
        ],
        body: form::encode(pairs).into_bytes(),
        operation,
    })
}

fn gateway(path: &str, cx: &Cx<'_>) -> String {
    format!("{}{path}", cx.account.gateway.trim_end_matches('/'))
}

pub(super) fn create(call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let named = order(call.reference.as_str(), call.sent_at)?;
    let money = movement(Product::Code, call.amount, cx)?;
    let (operation, kind, way) = match &call.tender {
        Tender::PayerCode(code) => {
            if !PROFILE.codes.iter().any(|form| form.matches(code.expose())) {
                return Err(unsendable("qrNo"));
            }
            let code = vec![("qrNo", code.expose().clone())];
            (Operation::Charge, kind("01", "06"), code)
        }
        Tender::Reader { .. } => return Err(unsendable("tender")),
        Tender::ShowCode => {
            let end = vec![("payTimeout", time::to_compact(call.expires))];
            (Operation::ShowCode, kind("01", "07"), end)
        }
    };
    let parts = vec![named, money, kind, way];
    build(operation, gateway(BACK, cx), parts, cx)
}

/// The page of online banking (网银, 01/01) as a form that the payer's browser posts.
pub(super) fn page(call: &PageCall, cx: &Cx<'_>) -> Result<Page, NotSent> {
    let (_, back_url) = back_url(cx)?;
    // Where no other page of the shop is named, the browser ends at the one that is notified.
    let front_url = match cx.account.field("frontUrl") {
        "" => back_url,
        named if named.len() > URL_BYTES_MAX => return Err(unsendable("frontUrl")),
        named => named.to_owned(),
    };
    let parts = vec![
        order(call.reference.as_str(), call.sent_at)?,
        movement(Product::Page, call.amount, cx)?,
        kind("01", "01"),
        vec![
            ("frontUrl", front_url),
            ("orderDesc", described(&call.subject)),
            ("payTimeout", time::to_compact(call.expires)),
        ],
    ];
    Ok(Page {
        url: gateway(FRONT, cx),
        fields: signed(parts, cx)?,
    })
}

/// `orderDesc`: at most 32 characters, without those that the channel's own texts are cut at.
fn described(subject: &str) -> String {
    let plain = subject
        .chars()
        .filter(|it| !it.is_control() && !matches!(it, '&' | '=' | '{' | '}' | '[' | ']'));
    plain.take(32).collect()
}

/// Asks about the order with this number and moment.
fn ask(
    operation: Operation,
    product: Product,
    (number, at): (&str, Timestamp),
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let parts = vec![order(number, at)?, kind("00", "00"), vec![product.biz_type()]];
    build(operation, gateway(QUERY, cx), parts, cx)
}

/// A payment whose undo may have gone out is asked about by that undo: of the payment itself the channel goes on
/// saying that it went through.
pub(super) fn query(call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    match Undo::open(&call.of) {
        Some(undo) => of_undo(Operation::Query, &call.of, undo, cx),
        None => payment(Operation::Query, &call.of, cx),
    }
}

fn payment(operation: Operation, of: &Target, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let named = (of.reference.as_str(), of.sent_at);
    ask(operation, Product::of(of), named, cx)
}

fn of_undo(
    operation: Operation,
    of: &Target,
    undo: Undo,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    ask(operation, Product::Code, (&undo.order(of), undo.at), cx)
}

/// There is no call that closes a code or a page: it ends by itself at its `payTimeout`, and a question tells how.
pub(super) fn finish(call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let of = &call.of;
    match (call.how, Undo::step(of, cx.now)) {
        (End::Close, _) => payment(Operation::Close, of, cx),
        (End::Reverse, Step::AskPayment) => payment(Operation::Reverse, of, cx),
        (End::Reverse, Step::AskUndo(undo)) => of_undo(Operation::Reverse, of, undo, cx),
        (End::Reverse, Step::Send(undo)) => {
            let parts = vec![
                order(&undo.order(of), undo.at)?,
                movement(Product::Code, of.amount, cx)?,
                kind("31", "00"),
                original(of),
            ];
            build(Operation::Reverse, gateway(BACK, cx), parts, cx)
        }
    }
}

/// The order that is given back: by the channel's number once it said one, else by ours and its moment. Never both.
fn original(of: &Target) -> Vec<Field> {
    match &of.channel_ref {
        Some(number) => vec![("origQryId", number.0.clone())],
        None => vec![
            ("origOrderId", of.reference.as_str().to_owned()),
            ("origTxnTime", time::to_compact(of.sent_at)),
        ],
    }
}

pub(super) fn refund(call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let parts = vec![
        order(call.reference.as_str(), call.sent_at)?,
        movement(Product::of(&call.of), call.amount, cx)?,
        kind("04", "00"),
        original(&call.of),
    ];
    build(Operation::Refund, gateway(BACK, cx), parts, cx)
}

pub(super) fn query_refund(call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let named = (call.refund.reference.as_str(), call.refund.sent_at);
    ask(Operation::QueryRefund, Product::of(&call.of), named, cx)
}

/// Where this account's settlement files are.
fn file_host(cx: &Cx<'_>) -> String {
    let gateway = cx.account.gateway.trim_end_matches('/');
    if gateway == PROFILE.gateway {
        FILES.to_owned()
    } else if Some(gateway) == PROFILE.sandbox_gateway {
        TEST_FILES.to_owned()
    } else {
        format!("{gateway}/")
    }
}

/// Asks for a day's settlement file, which comes with the answer.
pub(super) fn settlement_file(
    operation: Operation,
    day: ChannelDay,
    kind_of_bill: BillKind,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    if kind_of_bill != BillKind::Trade {
        return Err(unsendable("fileType"));
    }
    let date = day.date().ok_or_else(|| unsendable("settleDate"))?;
    let file = vec![
        ("bizType", "000000".to_owned()),
        ("fileType", "00".to_owned()),
        (
            "settleDate",
            format!("{:02}{:02}", date.month(), date.day()),
        ),
        ("txnTime", time::to_compact(cx.now)),
    ];
    build(operation, file_host(cx), vec![kind("76", "01"), file], cx)
}
