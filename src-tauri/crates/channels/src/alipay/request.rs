//! Building Alipay requests: common parameters and signature in the query, `biz_content` as a form body.
//! Blank parameters are never sent, so every rule about blanks gives the same text.

use super::method_of;
use crate::{
    Create, Cx, Finish, Operation, Query, QueryRefund, RefundCall, Target, Tender, WireRequest,
    wire::{cut, form, time},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_domain::{Amount, BillKind, ChannelDay, End, NotSent};
use paydesk_signing::KeyError;
use serde::Serialize;

/// `subject`: at most 256 characters, without `/`, `=` and `&`.
const SUBJECT_CHARS_MAX: usize = 256;
/// `operator_id`, `store_id`, `terminal_id` in bytes.
const OPERATOR_BYTES_MAX: usize = 28;
/// `refund_reason` in bytes.
const REASON_BYTES_MAX: usize = 256;
/// `out_trade_no` and `out_request_no`.
const NUMBER_BYTES_MAX: usize = 64;

#[derive(Serialize)]
struct Pay<'a> {
    out_trade_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_code: Option<&'a str>,
    subject: &'a str,
    total_amount: &'a str,
    time_expire: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    seller_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    operator_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    store_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    terminal_id: &'a str,
}

#[derive(Serialize)]
struct Which<'a> {
    out_trade_no: &'a str,
}

#[derive(Serialize)]
struct GiveBack<'a> {
    out_trade_no: &'a str,
    refund_amount: &'a str,
    out_request_no: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    refund_reason: &'a str,
}

#[derive(Serialize)]
struct WhichRefund<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
    query_options: [&'a str; 1],
}

#[derive(Serialize)]
struct WhichCertificate<'a> {
    alipay_cert_sn: &'a str,
}

#[derive(Serialize)]
struct WhichBill<'a> {
    bill_type: &'a str,
    bill_date: &'a str,
}

/// The text that is signed: every parameter but `sign`, sorted by name, raw values.
#[must_use]
pub fn text_to_sign(parameters: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = parameters
        .iter()
        .filter(|(name, _)| name != "sign")
        .collect();
    sorted.sort();
    sorted
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

pub(super) fn unsendable(what: &str) -> NotSent {
    NotSent::Unsendable {
        what: what.to_owned(),
    }
}

fn by_key(error: KeyError) -> NotSent {
    match error {
        KeyError::Locked => NotSent::KeysLocked,
        KeyError::Malformed | KeyError::Missing | KeyError::Wrong => unsendable("private_key"),
    }
}

fn yuan(amount: Amount) -> Result<String, NotSent> {
    let (low, high) = super::PROFILE.amount_minor;
    let minor = amount.money().minor();
    if !super::PROFILE.takes(amount.currency()) {
        return Err(unsendable("currency"));
    }
    if (low..=high).contains(&minor) {
        Ok(amount.money().to_decimal())
    } else {
        Err(unsendable("amount"))
    }
}

fn number(target: &Target) -> Result<&str, NotSent> {
    let text = target.reference.as_str();
    if text.len() <= NUMBER_BYTES_MAX {
        Ok(text)
    } else {
        Err(unsendable("out_trade_no"))
    }
}

fn build(
    operation: Operation,
    content: &impl Serialize,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let method = method_of(operation).ok_or_else(|| unsendable("method"))?;
    let app_id = cx.account.field("app_id");
    if app_id.is_empty() {
        return Err(unsendable("app_id"));
    }
    let plain = serde_json::to_string(content).map_err(|_| unsendable("biz_content"))?;
    // Sealed first, then signed. What is sealed is opened only when it is signed by a known key, which the
    // answer that brings a key cannot be.
    let sealed = match operation {
        Operation::Certificates => Err(KeyError::Missing),
        _ => cx.keys.seal_content(plain.as_bytes()),
    };
    let (biz_content, is_sealed) = match sealed {
        Ok(sealed) => (STANDARD.encode(sealed), true),
        Err(KeyError::Missing) => (plain, false),
        Err(error) => return Err(by_key(error)),
    };
    let mut query = vec![
        ("app_id".to_owned(), app_id.to_owned()),
        ("charset".to_owned(), "utf-8".to_owned()),
        ("format".to_owned(), "JSON".to_owned()),
        ("method".to_owned(), method.to_owned()),
        ("sign_type".to_owned(), "RSA2".to_owned()),
        ("timestamp".to_owned(), time::to_china(cx.now)),
        ("version".to_owned(), "1.0".to_owned()),
    ];
    if is_sealed {
        query.push(("encrypt_type".to_owned(), "AES".to_owned()));
    }
    // A root number means certificate mode; then our certificate is named too.
    match cx.keys.root_id() {
        Ok(root) => {
            query.push((
                "app_cert_sn".to_owned(),
                cx.keys.signing_id().map_err(by_key)?,
            ));
            query.push(("alipay_root_cert_sn".to_owned(), root));
        }
        Err(KeyError::Missing) => {}
        Err(error) => return Err(by_key(error)),
    }
    let mut signed = query.clone();
    signed.push(("biz_content".to_owned(), biz_content.clone()));
    let signature = cx
        .keys
        .sign(text_to_sign(&signed).as_bytes())
        .map_err(by_key)?;
    query.push(("sign".to_owned(), STANDARD.encode(signature)));
    let pairs = query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(WireRequest {
        method: "POST",
        url: format!("{}?{}", cx.account.gateway, form::encode(pairs)),
        headers: vec![
            (
                "Content-Type".to_owned(),
                "application/x-www-form-urlencoded;charset=utf-8".to_owned(),
            ),
            ("Accept".to_owned(), "application/json".to_owned()),
            ("User-Agent".to_owned(), crate::wire::USER_AGENT.to_owned()),
        ],
        body: form::encode([("biz_content", biz_content.as_str())]).into_bytes(),
        operation,
    })
}

pub(super) fn create(call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let (operation, scene, code) = match &call.tender {
        Tender::PayerCode(code) => {
            if !super::PROFILE
                .codes
                .iter()
                .any(|form| form.matches(code.expose()))
            {
                return Err(unsendable("auth_code"));
            }
            (
                Operation::Charge,
                Some("bar_code"),
                Some(code.expose().as_str()),
            )
        }
        Tender::Reader { .. } => return Err(unsendable("tender")),
        Tender::ShowCode => (Operation::ShowCode, None, None),
    };
    let subject: String = call
        .subject
        .chars()
        .map(|c| {
            if matches!(c, '/' | '=' | '&') || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .take(SUBJECT_CHARS_MAX)
        .collect();
    if subject.trim().is_empty() {
        return Err(unsendable("subject"));
    }
    let content = Pay {
        out_trade_no: call.reference.as_str(),
        scene,
        auth_code: code,
        subject: subject.trim(),
        total_amount: &yuan(call.amount)?,
        time_expire: &time::to_china(call.expires),
        seller_id: cx.account.field("seller_id"),
        operator_id: cut(&call.operator, OPERATOR_BYTES_MAX),
        store_id: cx.account.field("store_id"),
        terminal_id: cx.account.field("terminal_id"),
    };
    build(operation, &content, cx)
}

pub(super) fn query(call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    build(
        Operation::Query,
        &Which {
            out_trade_no: number(&call.of)?,
        },
        cx,
    )
}

pub(super) fn finish(call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    build(
        operation_of(call.how),
        &Which {
            out_trade_no: number(&call.of)?,
        },
        cx,
    )
}

pub(super) fn refund(call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let content = GiveBack {
        out_trade_no: number(&call.of)?,
        refund_amount: &yuan(call.amount)?,
        out_request_no: call.reference.as_str(),
        refund_reason: cut(call.reason.trim(), REASON_BYTES_MAX),
    };
    build(Operation::Refund, &content, cx)
}

pub(super) fn query_refund(call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let content = WhichRefund {
        out_trade_no: number(&call.of)?,
        out_request_no: call.refund.reference.as_str(),
        query_options: ["gmt_refund_pay"],
    };
    build(Operation::QueryRefund, &content, cx)
}

pub(super) fn bill_link(
    day: ChannelDay,
    kind: BillKind,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let bill_type = match kind {
        BillKind::Trade => "trade",
        BillKind::FundFlow => "signcustomer",
    };
    if day.date().is_none() {
        return Err(unsendable("bill_date"));
    }
    build(
        Operation::BillLink,
        &WhichBill {
            bill_type,
            bill_date: &day.to_string(),
        },
        cx,
    )
}

/// Asks for one of Alipay's certificates; there are some in certificate mode only.
pub(super) fn certificate(number: &str, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    cx.keys.root_id().map_err(|error| match error {
        KeyError::Missing => unsendable("alipay_root_cert"),
        other => by_key(other),
    })?;
    let content = WhichCertificate {
        alipay_cert_sn: number,
    };
    build(Operation::Certificates, &content, cx)
}

/// Reverse is Alipay's cancel: it closes the unpaid and returns the paid.
pub(super) fn operation_of(how: End) -> Operation {
    match how {
        End::Close => Operation::Close,
        End::Reverse => Operation::Reverse,
    }
}
