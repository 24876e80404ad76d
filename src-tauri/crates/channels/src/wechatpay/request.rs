//! Building WeChat Pay requests: JSON bodies, whole fen, the raw target signed as it is sent.

use super::{PROFILE, envelope::authorization};
use crate::{
    Create, Cx, Finish, Operation, Query, QueryRefund, RefundCall, Tender, WireRequest,
    wire::{USER_AGENT, cut, form, link::Address, time},
};
use paydesk_domain::{Amount, BillKind, ChannelDay, End, MerchantRef, NotSent};
use serde::Serialize;

/// `description` in bytes.
const DESCRIPTION_BYTES_MAX: usize = 127;
/// `reason` of a refund in bytes.
const REASON_BYTES_MAX: usize = 80;
/// `out_trade_no` and `out_refund_no`, as the documents give them.
const TRADE_NUMBER_BYTES: std::ops::RangeInclusive<usize> = 6..=32;
const REFUND_NUMBER_BYTES_MAX: usize = 64;
/// A native order must name an address for notices. Paydesk asks instead of waiting to be told, so without
/// one of the merchant's own the reserved name of RFC 2606 goes out, where nobody can listen.
const NOTIFY_NOBODY: &str = "https://notify.invalid/wechatpay";

#[derive(Serialize)]
struct Total<'a> {
    total: i64,
    currency: &'a str,
}

#[derive(Serialize)]
struct Payer<'a> {
    auth_code: &'a str,
}

#[derive(Serialize)]
struct Scene<'a> {
    store_info: Store<'a>,
}

#[derive(Serialize)]
struct Store<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    out_id: &'a str,
}

#[derive(Serialize)]
struct CodePay<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    payer: Payer<'a>,
    amount: Total<'a>,
    scene_info: Scene<'a>,
}

#[derive(Serialize)]
struct Native<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: &'a str,
    notify_url: &'a str,
    amount: Total<'a>,
}

#[derive(Serialize)]
struct Ending<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a str>,
    mchid: &'a str,
}

#[derive(Serialize)]
struct RefundAmount<'a> {
    refund: i64,
    total: i64,
    currency: &'a str,
}

#[derive(Serialize)]
struct GiveBack<'a> {
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    amount: RefundAmount<'a>,
}

pub(super) fn unsendable(what: &str) -> NotSent {
    NotSent::Unsendable {
        what: what.to_owned(),
    }
}

fn fen(amount: Amount) -> Result<i64, NotSent> {
    let (low, high) = PROFILE.amount_minor;
    if !PROFILE.takes(amount.currency()) {
        return Err(unsendable("currency"));
    }
    let minor = amount.minor();
    if (low..=high).contains(&minor) {
        Ok(minor)
    } else {
        Err(unsendable("amount"))
    }
}

fn trade_number(reference: &MerchantRef) -> Result<&str, NotSent> {
    let text = reference.as_str();
    if TRADE_NUMBER_BYTES.contains(&text.len()) {
        Ok(text)
    } else {
        Err(unsendable("out_trade_no"))
    }
}

fn refund_number(reference: &MerchantRef) -> Result<&str, NotSent> {
    let text = reference.as_str();
    if text.len() <= REFUND_NUMBER_BYTES_MAX {
        Ok(text)
    } else {
        Err(unsendable("out_refund_no"))
    }
}

fn field<'a>(cx: &Cx<'a>, name: &str) -> Result<&'a str, NotSent> {
    let value = cx.account.field(name);
    if value.is_empty() {
        Err(unsendable(name))
    } else {
        Ok(value)
    }
}

/// Path in front of `/v3`, if the gateway of a sandbox has one: it is part of the signed target.
fn target_prefix(gateway: &str) -> &str {
    let after_scheme = gateway.find("://").map_or(0, |at| at + 3);
    let host_and_path = gateway.get(after_scheme..).unwrap_or_default();
    let path = host_and_path
        .find('/')
        .and_then(|at| host_and_path.get(at..))
        .unwrap_or_default();
    path.trim_end_matches('/')
}

fn build(
    method: &'static str,
    path: &str,
    body: Option<String>,
    operation: Operation,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    let gateway = cx.account.gateway.trim_end_matches('/');
    let target = format!("{}{path}", target_prefix(gateway));
    let text = body.as_deref().unwrap_or_default();
    let mut headers = vec![
        (
            "Authorization".to_owned(),
            authorization(method, &target, text, cx)?,
        ),
        ("Accept".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), USER_AGENT.to_owned()),
    ];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    // In public-key mode this asks for answers signed with that key.
    if let Some(peer) = cx
        .keys
        .peer_id()
        .filter(|peer| peer.0.starts_with("PUB_KEY_ID_"))
    {
        headers.push(("Wechatpay-Serial".to_owned(), peer.0));
    }
    Ok(WireRequest {
        method,
        url: format!("{gateway}{path}"),
        headers,
        body: body.unwrap_or_default().into_bytes(),
        operation,
    })
}

fn json(content: &impl Serialize) -> Result<Option<String>, NotSent> {
    serde_json::to_string(content)
        .map(Some)
        .map_err(|_| unsendable("body"))
}

pub(super) fn create(call: &Create, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let subject: String = call
        .subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let description = cut(subject.trim(), DESCRIPTION_BYTES_MAX);
    if description.is_empty() {
        return Err(unsendable("description"));
    }
    let (appid, mchid) = (field(cx, "appid")?, field(cx, "mchid")?);
    let out_trade_no = trade_number(&call.reference)?;
    let amount = Total {
        total: fen(call.amount)?,
        currency: call.amount.currency().code(),
    };
    match &call.tender {
        Tender::PayerCode(code) => {
            let auth_code = code.expose().as_str();
            if !PROFILE.codes.iter().any(|form| form.matches(auth_code)) {
                return Err(unsendable("auth_code"));
            }
            let id = cx.account.field("store_id");
            let own = cx.account.field("store_out_id");
            // Exactly one of both; the merchant's own defaults to the first shop.
            let out_id = match (id.is_empty(), own.is_empty()) {
                (false, _) => "",
                (true, false) => own,
                (true, true) => "1",
            };
            let scene_info = Scene {
                store_info: Store { id, out_id },
            };
            let payer = Payer { auth_code };
            let body = json(&CodePay {
                appid,
                mchid,
                description,
                out_trade_no,
                payer,
                amount,
                scene_info,
            })?;
            build(
                "POST",
                "/v3/pay/transactions/codepay",
                body,
                Operation::Charge,
                cx,
            )
        }
        Tender::Reader { .. } => Err(unsendable("tender")),
        Tender::ShowCode => {
            let time_expire = time::to_rfc3339(call.expires);
            let notify = cx.account.field("notify_url");
            let notify_url = if notify.is_empty() {
                NOTIFY_NOBODY
            } else {
                notify
            };
            let order = Native {
                appid,
                mchid,
                description,
                out_trade_no,
                time_expire: &time_expire,
                notify_url,
                amount,
            };
            build(
                "POST",
                "/v3/pay/transactions/native",
                json(&order)?,
                Operation::ShowCode,
                cx,
            )
        }
    }
}

pub(super) fn query(call: &Query, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let number = form::segment(trade_number(&call.of.reference)?);
    let mchid = form::segment(field(cx, "mchid")?);
    let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}");
    build("GET", &path, None, Operation::Query, cx)
}

pub(super) fn finish(call: &Finish, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let number = form::segment(trade_number(&call.of.reference)?);
    let mchid = field(cx, "mchid")?;
    let (verb, appid, operation) = match call.how {
        End::Close => ("close", None, Operation::Close),
        End::Reverse => ("reverse", Some(field(cx, "appid")?), Operation::Reverse),
    };
    let path = format!("/v3/pay/transactions/out-trade-no/{number}/{verb}");
    build(
        "POST",
        &path,
        json(&Ending { appid, mchid })?,
        operation,
        cx,
    )
}

pub(super) fn refund(call: &RefundCall, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    if call.amount.currency() != call.paid.currency() {
        return Err(unsendable("currency"));
    }
    let content = GiveBack {
        out_trade_no: trade_number(&call.of.reference)?,
        out_refund_no: refund_number(&call.reference)?,
        reason: cut(call.reason.trim(), REASON_BYTES_MAX),
        amount: RefundAmount {
            refund: fen(call.amount)?,
            // The order's total as it was asked, whatever discounts the payer had.
            total: fen(call.of.amount)?,
            currency: call.amount.currency().code(),
        },
    };
    build(
        "POST",
        "/v3/refund/domestic/refunds",
        json(&content)?,
        Operation::Refund,
        cx,
    )
}

pub(super) fn query_refund(call: &QueryRefund, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let number = form::segment(refund_number(&call.refund.reference)?);
    let path = format!("/v3/refund/domestic/refunds/{number}");
    build("GET", &path, None, Operation::QueryRefund, cx)
}

pub(super) fn certificates(cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    build("GET", "/v3/certificates", None, Operation::Certificates, cx)
}

pub(super) fn bill_link(
    day: ChannelDay,
    kind: BillKind,
    cx: &Cx<'_>,
) -> Result<WireRequest, NotSent> {
    if day.date().is_none() {
        return Err(unsendable("bill_date"));
    }
    let path = match kind {
        BillKind::Trade => {
            format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP")
        }
        BillKind::FundFlow => {
            format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP")
        }
    };
    build("GET", &path, None, Operation::BillLink, cx)
}

/// The file behind a link: path and query as the link has them are what is signed.
pub(super) fn bill_file(url: String, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
    let target = Address::read(&url)
        .ok_or_else(|| unsendable("download_url"))?
        .target;
    let signature = authorization("GET", target, "", cx)?;
    Ok(WireRequest {
        method: "GET",
        headers: vec![
            ("Authorization".to_owned(), signature),
            ("Accept".to_owned(), "*/*".to_owned()),
            ("User-Agent".to_owned(), USER_AGENT.to_owned()),
        ],
        url,
        body: Vec::new(),
        operation: Operation::BillFile,
    })
}
