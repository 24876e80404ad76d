//! WeChat Pay API v3 for a direct merchant: code payments, native QR, refunds, certificates.
//!
//! The wire is described in the merchant documents of API v3. It must never be used by the
//! product, nor use the product's connector.

mod answer;
mod authorization;
mod bill;
mod certificates;
mod refund;
mod trade;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

pub(crate) use answer::Answer;
pub(crate) use authorization::{Authorization, caller_ms};
pub(crate) use bill::download;

use crate::exchange::{Call, Carriage, Label, Operation};
use crate::faults::NamedAnswer;
use crate::ledger::{Channel, TradeKey};
use crate::world::World;
use answer::{Refusal, SignedBy};

/// Status, body, and how the wire carries them.
type Outcome = Result<(u16, String, Carriage), Refusal>;

/// A route and what its path names.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Route {
    BillDownload,
    FundFlowBill,
    TradeBill,
    Certificates,
    Close(String),
    Codepay,
    Native,
    Query(String),
    QueryById(String),
    Refund,
    RefundQuery(String),
    Reverse(String),
}

fn route(call: &Call) -> Option<Route> {
    let parts: Vec<String> = call
        .path
        .split('/')
        .skip(1)
        .map(|part| {
            percent_decode_str(part)
                .decode_utf8()
                .ok()
                .map(|text| text.into_owned())
        })
        .collect::<Option<_>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let owned = |number: &&str| (*number).to_owned();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["v3", "bill", "fundflowbill"]) => Some(Route::FundFlowBill),
        ("GET", ["v3", "bill", "tradebill"]) => Some(Route::TradeBill),
        ("GET", ["v3", "billdownload", "file"]) => Some(Route::BillDownload),
        ("GET", ["v3", "certificates"]) => Some(Route::Certificates),
        ("POST", ["v3", "pay", "transactions", "codepay"]) => Some(Route::Codepay),
        ("POST", ["v3", "pay", "transactions", "native"]) => Some(Route::Native),
        ("GET", ["v3", "pay", "transactions", "out-trade-no", number]) => {
            Some(Route::Query(owned(number)))
        }
        ("GET", ["v3", "pay", "transactions", "id", number]) => {
            Some(Route::QueryById(owned(number)))
        }
        (
            "POST",
            [
                "v3",
                "pay",
                "transactions",
                "out-trade-no",
                number,
                "reverse",
            ],
        ) => Some(Route::Reverse(owned(number))),
        ("POST", ["v3", "pay", "transactions", "out-trade-no", number, "close"]) => {
            Some(Route::Close(owned(number)))
        }
        ("POST", ["v3", "refund", "domestic", "refunds"]) => Some(Route::Refund),
        ("GET", ["v3", "refund", "domestic", "refunds", number]) => {
            Some(Route::RefundQuery(owned(number)))
        }
        _ => None,
    }
}

/// The numbers that a body may name.
#[derive(Debug, Default, Deserialize)]
struct Numbers {
    out_trade_no: Option<String>,
    out_refund_no: Option<String>,
}

pub(crate) fn label(call: &Call) -> Label {
    let numbers: Numbers = serde_json::from_slice(&call.body).unwrap_or_default();
    let of = |operation, out_trade_no, refund_no| Label {
        operation,
        out_trade_no,
        refund_no,
    };
    match route(call) {
        Some(Route::BillDownload) => of(Operation::BillDownload, None, None),
        Some(Route::FundFlowBill | Route::TradeBill) => of(Operation::BillQuery, None, None),
        Some(Route::Certificates) => of(Operation::Certificates, None, None),
        Some(Route::Close(number)) => of(Operation::Close, Some(number), None),
        Some(Route::Codepay) => of(Operation::Charge, numbers.out_trade_no, None),
        Some(Route::Native) => of(Operation::CreateQr, numbers.out_trade_no, None),
        Some(Route::Query(number)) => of(Operation::Query, Some(number), None),
        Some(Route::QueryById(_)) => of(Operation::Query, None, None),
        Some(Route::Refund) => of(
            Operation::Refund,
            numbers.out_trade_no,
            numbers.out_refund_no,
        ),
        Some(Route::RefundQuery(number)) => of(Operation::RefundQuery, None, Some(number)),
        Some(Route::Reverse(number)) => of(Operation::Reverse, Some(number), None),
        None => of(Operation::Unknown, None, None),
    }
}

/// Lets a call have its effect.
pub(crate) fn handle(world: &World, call: &Call) -> (Answer, Carriage) {
    let Some(route) = route(call) else {
        let answer = Answer {
            status: 404,
            body: String::new(),
            signed_by: SignedBy::Nobody,
        };
        return (answer, Carriage::Prompt);
    };
    if let Err(refusal) = authorization::authenticate(&world.keys, call, world.wire_ms()) {
        let (status, body) = (refusal.status, refusal.body());
        return (
            Answer {
                status,
                body,
                signed_by: SignedBy::Nobody,
            },
            Carriage::Prompt,
        );
    }
    let outcome = match route {
        Route::BillDownload => Err(Refusal::system()),
        Route::FundFlowBill => bill::fund_flow(world, call),
        Route::TradeBill => bill::trade(world, call),
        Route::Certificates => certificates::download(world),
        Route::Close(number) => trade::close(world, call, &number),
        Route::Codepay => trade::codepay(world, call),
        Route::Native => trade::native(world, call),
        Route::Query(number) => trade::query(world, call, &number),
        Route::QueryById(number) => trade::query_by_id(world, call, &number),
        Route::Refund => refund::refund(world, call),
        Route::RefundQuery(number) => refund::query(world, &number),
        Route::Reverse(number) => trade::reverse(world, call, &number),
    };
    let (status, body, carriage) =
        outcome.unwrap_or_else(|refusal| (refusal.status, refusal.body(), Carriage::Prompt));
    (
        Answer {
            status,
            body,
            signed_by: signer(world, call),
        },
        carriage,
    )
}

/// A request that names the public key's id asks for answers signed with that key.
fn signer(world: &World, call: &Call) -> SignedBy {
    match call.header("wechatpay-serial") {
        Some(id) if world.keys.public_key(id).is_some() => SignedBy::PublicKey(id.to_owned()),
        _ => SignedBy::Certificate,
    }
}

/// The answer to a charge by what the trade is now, for the customer who pays late.
pub(crate) fn charge_answer(world: &World, call: &Call, key: &TradeKey) -> Answer {
    let found = world.ledger().map_err(Refusal::from).and_then(|ledger| {
        let trade = ledger.find(key).ok_or_else(Refusal::system)?;
        trade::charge_body(world, trade)
    });
    let (status, body) = found.unwrap_or_else(|refusal| (refusal.status, refusal.body()));
    Answer {
        status,
        body,
        signed_by: signer(world, call),
    }
}

pub(crate) fn system_error(world: &World, call: &Call) -> Answer {
    let refusal = Refusal::system();
    Answer {
        status: refusal.status,
        body: refusal.body(),
        signed_by: signer(world, call),
    }
}

/// One code of the documents, said to a customer of its own.
pub(crate) fn named(world: &World, call: &Call, named: &NamedAnswer) -> Answer {
    Answer {
        status: named.status,
        body: answer::object()
            .text("code", &named.code)
            .text("message", "按要求返回的代码")
            .finish(),
        signed_by: signer(world, call),
    }
}

/// What the gateway says to strangers, said to a customer of its own.
pub(crate) fn unsigned_refusal() -> Answer {
    let refusal = Refusal::new(401, "SIGN_ERROR", "签名错误");
    Answer {
        status: refusal.status,
        body: refusal.body(),
        signed_by: SignedBy::Nobody,
    }
}

fn key(out_trade_no: &str) -> TradeKey {
    TradeKey::new(Channel::Wechatpay, out_trade_no)
}

/// Reads a body; a field that comes twice is refused by the derived readers.
fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::parameter(&error.to_string()))
}

/// The body names the merchant that signed.
fn check_merchant(world: &World, mchid: Option<&str>) -> Result<(), Refusal> {
    match mchid {
        Some(mchid) if mchid == world.keys.merchant.wechatpay.mchid => Ok(()),
        Some(_) => Err(Refusal::parameter("mchid与Authorization中的商户号不一致")),
        None => Err(Refusal::parameter("mchid")),
    }
}

fn check_appid(world: &World, appid: Option<&str>) -> Result<(), Refusal> {
    match appid {
        Some(appid) if appid == world.keys.merchant.wechatpay.appid => Ok(()),
        Some(_) => Err(Refusal::new(
            400,
            "APPID_MCHID_NOT_MATCH",
            "appid和mch_id不匹配",
        )),
        None => Err(Refusal::parameter("appid")),
    }
}
