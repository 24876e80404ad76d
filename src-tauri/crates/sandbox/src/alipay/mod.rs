//! Alipay's gateway: `gateway.do` with RSA2, for payments face to face and by QR.
//!
//! The wire is described in Alipay's open platform documents (公共请求参数, alipay.trade.*). It
//! must never be used by the product, nor use the product's connector.

mod answer;
mod bill;
mod certificate;
mod refund;
mod request;
mod trade;

use serde::Deserialize;

pub(crate) use answer::Answer;
pub(crate) use bill::{DOWNLOAD_PATH, download};
pub(crate) use request::Parameters;

use crate::exchange::{Call, Carriage, Label, Operation};
use crate::faults::NamedAnswer;
use crate::json::{Object, Solidus};
use crate::keys::Keys;
use crate::ledger::{Channel, TradeKey};
use crate::world::World;
use answer::{Refusal, Signing};
use request::Request;

/// A successful content and how the wire carries it.
type Outcome = Result<(String, Carriage), Refusal>;

/// Lets a call have its effect.
pub(crate) fn handle(world: &World, call: &Call) -> (Answer, Carriage) {
    let parameters = Parameters::read(call);
    let node = parameters.node();
    let request = match request::authenticate(&world.keys, &parameters) {
        Ok(request) => request,
        // Whoever is not known yet gets no signature.
        Err(refusal) => {
            let content = refusal.content();
            return (
                Answer {
                    node,
                    content,
                    signing: None,
                },
                Carriage::Prompt,
            );
        }
    };
    let (content, carriage) = match run(world, call, &request) {
        Ok(outcome) => outcome,
        Err(refusal) => (refusal.content(), Carriage::Prompt),
    };
    (
        Answer {
            node,
            content,
            signing: Some(request.signing),
        },
        carriage,
    )
}

fn run(world: &World, call: &Call, request: &Request) -> Outcome {
    let prompt = |content: String| (content, Carriage::Prompt);
    match operation_of(&request.method) {
        Operation::BillQuery => bill::query(world, call, &request.biz_content).map(prompt),
        Operation::Certificates => certificate::download(
            world,
            request.signing.is_by_certificate(),
            &request.biz_content,
        )
        .map(prompt),
        Operation::Charge => trade::pay(world, &request.biz_content),
        Operation::CreateQr => trade::precreate(world, &request.biz_content).map(prompt),
        Operation::Query => trade::query(world, &request.biz_content).map(prompt),
        Operation::Cancel => trade::cancel(world, &request.biz_content).map(prompt),
        Operation::Close => trade::close(world, &request.biz_content).map(prompt),
        Operation::Refund => refund::refund(world, &request.biz_content).map(prompt),
        Operation::RefundQuery => refund::query(world, &request.biz_content).map(prompt),
        Operation::BillDownload | Operation::Page | Operation::Reverse | Operation::Unknown => {
            Err(Refusal::invalid("isv.invalid-method", "不存在的方法名"))
        }
    }
}

fn operation_of(method: &str) -> Operation {
    match method {
        "alipay.data.dataservice.bill.downloadurl.query" => Operation::BillQuery,
        "alipay.open.app.alipaycert.download" => Operation::Certificates,
        "alipay.trade.cancel" => Operation::Cancel,
        "alipay.trade.close" => Operation::Close,
        "alipay.trade.fastpay.refund.query" => Operation::RefundQuery,
        "alipay.trade.pay" => Operation::Charge,
        "alipay.trade.precreate" => Operation::CreateQr,
        "alipay.trade.query" => Operation::Query,
        "alipay.trade.refund" => Operation::Refund,
        _ => Operation::Unknown,
    }
}

/// The two numbers by which a call names a trade.
#[derive(Debug, Default, Deserialize)]
struct Numbers {
    out_trade_no: Option<String>,
    out_request_no: Option<String>,
}

pub(crate) fn label(keys: &Keys, call: &Call) -> Label {
    let parameters = Parameters::read(call);
    if call.path == DOWNLOAD_PATH {
        return Label {
            operation: Operation::BillDownload,
            out_trade_no: None,
            refund_no: None,
        };
    }
    let numbers: Numbers = request::biz_content(keys, &parameters)
        .ok()
        .and_then(|content| serde_json::from_str(&content).ok())
        .unwrap_or_default();
    Label {
        operation: parameters
            .value("method")
            .map_or(Operation::Unknown, operation_of),
        out_trade_no: numbers.out_trade_no,
        refund_no: numbers.out_request_no,
    }
}

/// The answer to a charge by what the trade is now, for the customer who pays late.
pub(crate) fn charge_answer(world: &World, call: &Call, key: &TradeKey) -> Answer {
    signed(world, call, || {
        let ledger = world.ledger()?;
        let trade = ledger.find(key).ok_or_else(Refusal::system)?;
        trade::pay_content(trade)
    })
}

pub(crate) fn system_error(world: &World, call: &Call) -> Answer {
    signed(world, call, || Err(Refusal::system()))
}

fn signed(world: &World, call: &Call, content: impl FnOnce() -> Result<String, Refusal>) -> Answer {
    let parameters = Parameters::read(call);
    let signing: Option<Signing> = request::authenticate(&world.keys, &parameters)
        .ok()
        .map(|request| request.signing);
    let content = content().unwrap_or_else(|refusal| refusal.content());
    Answer {
        node: parameters.node(),
        content,
        signing,
    }
}

/// One code of the documents, said to a customer of its own.
pub(crate) fn named(world: &World, call: &Call, named: &NamedAnswer) -> Answer {
    let content = Object::new(Solidus::Escaped)
        .text("code", &named.code)
        .text("msg", "As asked")
        .text_if("sub_code", named.sub_code.as_deref())
        .text_if(
            "sub_msg",
            named.sub_code.as_ref().map(|_| "按要求返回的代码"),
        )
        .finish();
    signed(world, call, || Ok(content))
}

/// What the gateway says to strangers, said to a customer of its own.
pub(crate) fn unsigned_refusal(call: &Call) -> Answer {
    let refusal = Refusal::invalid("isv.invalid-app-id", "无效的AppID参数");
    Answer {
        node: Parameters::read(call).node(),
        content: refusal.content(),
        signing: None,
    }
}

fn key(out_trade_no: &str) -> TradeKey {
    TradeKey::new(Channel::Alipay, out_trade_no)
}

/// Reads `biz_content`; a field that comes twice is refused by the derived readers.
fn read<'a, T: Deserialize<'a>>(content: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(content).map_err(|error| {
        if error.is_data() {
            Refusal::business("ACQ.INVALID_PARAMETER", &format!("参数无效: {error}"))
        } else {
            Refusal::invalid("isv.illegal-json", "JSON格式错误")
        }
    })
}

fn invalid(what: &str) -> Refusal {
    Refusal::business("ACQ.INVALID_PARAMETER", &format!("参数无效: {what}"))
}

fn not_found(out_trade_no: Option<&str>) -> Refusal {
    let refusal = Refusal::business("ACQ.TRADE_NOT_EXIST", "交易不存在");
    match out_trade_no {
        Some(out_trade_no) => refusal.of_trade(out_trade_no),
        None => refusal,
    }
}
