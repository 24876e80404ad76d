//! Charging, asking and ending at WeChat Pay: codepay, native, query, reverse, close.
//!
//! Rules of the wire over the ledger's facts; it must never move money except through the ledger.

use serde::Deserialize;

use super::answer::{Refusal, object};
use super::{Outcome, check_appid, check_merchant, key, read};
use crate::clock::{read_rfc3339_time, rfc3339_time};
use crate::exchange::{Call, Carriage};
use crate::json::Object;
use crate::ledger::{
    Channel, CodeRefusal, CodeStart, Currency, EndedBy, Fen, Kind, Ledger, NewRefund, NewTrade,
    Origin, RefundCause, RefundState, State, Trade,
};
use crate::world::{World, carriage_of};

/// An order without `time_expire` closes after seven days.
const ORDER_LIFE_MS: i64 = 7 * 86_400_000;

#[derive(Debug, Deserialize)]
struct NewPayment {
    appid: Option<String>,
    mchid: Option<String>,
    description: Option<String>,
    out_trade_no: Option<String>,
    notify_url: Option<String>,
    time_expire: Option<String>,
    attach: Option<String>,
    amount: Option<Amount>,
    payer: Option<Payer>,
    scene_info: Option<Scene>,
}

#[derive(Debug, Deserialize)]
struct Amount {
    total: Option<i64>,
    currency: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Payer {
    auth_code: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Scene {
    device_id: Option<String>,
    store_info: Option<Store>,
}

impl Scene {
    fn origin(self) -> Origin {
        let store_id = self.store_info.and_then(|store| store.id.or(store.out_id));
        Origin {
            store_id,
            operator_id: None,
            terminal_id: self.device_id.filter(|text| !text.is_empty()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Store {
    id: Option<String>,
    out_id: Option<String>,
}

/// What a new order must say, checked.
struct Asked {
    out_trade_no: String,
    subject: String,
    total: Fen,
    attach: Option<String>,
    origin: Origin,
    expires_ms: i64,
}

fn check_new(world: &World, new: NewPayment, now_ms: i64) -> Result<Asked, Refusal> {
    check_appid(world, new.appid.as_deref())?;
    check_merchant(world, new.mchid.as_deref())?;
    let out_trade_no = new.out_trade_no.unwrap_or_default();
    if !is_number(&out_trade_no, 6, 32, b"_-|*") {
        return Err(Refusal::parameter("out_trade_no"));
    }
    let subject = new.description.unwrap_or_default();
    if subject.is_empty() || subject.len() > 127 {
        return Err(Refusal::parameter("description"));
    }
    let amount = new.amount.ok_or_else(|| Refusal::parameter("amount"))?;
    if amount.currency.is_some_and(|currency| currency != "CNY") {
        return Err(Refusal::parameter("amount.currency"));
    }
    let total = amount
        .total
        .map(Fen::new)
        .filter(|total| *total > Fen::ZERO && *total <= Fen::TRADE_MAX)
        .ok_or_else(|| Refusal::parameter("amount.total"))?;
    if new.attach.as_ref().is_some_and(|attach| attach.len() > 128) {
        return Err(Refusal::parameter("attach"));
    }
    let expires_ms = match new.time_expire.as_deref() {
        None => now_ms.saturating_add(ORDER_LIFE_MS),
        Some(text) => read_rfc3339_time(text)
            .filter(|expires_ms| *expires_ms > now_ms)
            .ok_or_else(|| Refusal::parameter("time_expire"))?,
    };
    Ok(Asked {
        out_trade_no,
        subject,
        total,
        attach: new.attach,
        origin: new.scene_info.map(Scene::origin).unwrap_or_default(),
        expires_ms,
    })
}

pub(super) fn is_number(text: &str, least: usize, most: usize, others: &[u8]) -> bool {
    (least..=most).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

/// Whether a number that exists may be used again.
fn check_repeat(trade: &Trade, asked: &Asked) -> Result<(), Refusal> {
    if trade.total != asked.total || trade.subject != asked.subject {
        return Err(Refusal::request("请求重入时，参数与首次请求时不一致"));
    }
    match trade.state {
        State::Waiting => Ok(()),
        State::Paid if trade.is_reversed() => Err(order_reversed()),
        State::Paid => Err(Refusal::new(400, "ORDER_PAID", "该订单已支付")),
        State::Ended(EndedBy::Cancel) => Err(order_reversed()),
        State::Ended(_) => Err(Refusal::new(400, "ORDER_CLOSED", "该订单已关闭")),
    }
}

fn order_reversed() -> Refusal {
    Refusal::new(400, "ORDER_REVERSED", "该订单已撤销")
}

/// `POST /v3/pay/transactions/codepay`.
pub(super) fn codepay(world: &World, call: &Call) -> Outcome {
    let new: NewPayment = read(&call.body)?;
    let now_ms = world.now().wall_ms;
    let code = new
        .payer
        .as_ref()
        .and_then(|payer| payer.auth_code.clone())
        .unwrap_or_default();
    let store = new
        .scene_info
        .as_ref()
        .and_then(|scene| scene.store_info.as_ref());
    let names_store = store.is_some_and(|store| store.id.is_some() != store.out_id.is_some());
    if !names_store {
        return Err(Refusal::parameter("scene_info.store_info"));
    }
    let asked = check_new(world, new, now_ms)?;
    let key = key(&asked.out_trade_no);
    let mut ledger = world.ledger()?;
    if let Some(trade) = ledger.find(&key) {
        check_repeat(trade, &asked)?;
        return Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"));
    }
    if !is_payment_code(&code) {
        return Err(Refusal::new(
            400,
            "AUTH_CODE_INVALID",
            "付款码无效，请扫描付款码",
        ));
    }
    let started = ledger.charge_code(
        NewTrade {
            key: key.clone(),
            kind: Kind::Code,
            currency: Currency::CNY,
            total: asked.total,
            subject: asked.subject,
            attach: asked.attach,
            origin: asked.origin,
            code,
            expires_ms: asked.expires_ms,
            unionpay: None,
            stripe: None,
        },
        now_ms,
    )?;
    match started {
        CodeStart::CodeRefused(CodeRefusal::Expired) => Err(Refusal::new(
            403,
            "AUTH_CODE_EXPIRE",
            "付款码已过期，请刷新后重试",
        )),
        CodeStart::CodeRefused(CodeRefusal::Used) => {
            Err(Refusal::new(400, "AUTH_CODE_INVALID", "付款码已使用"))
        }
        CodeStart::NoBalance => Err(Refusal::new(403, "NOT_ENOUGH", "用户余额不足")),
        CodeStart::Paid | CodeStart::Waiting => {
            let trade = ledger.find(&key).ok_or_else(Refusal::system)?;
            let (status, body) = charge_body(world, trade)?;
            Ok((status, body, carriage_of(trade)))
        }
    }
}

/// 18 digits that begin with 10 to 15.
fn is_payment_code(code: &str) -> bool {
    let prefix = code.get(..2).and_then(|prefix| prefix.parse::<u8>().ok());
    code.len() == 18
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && prefix.is_some_and(|prefix| (10..=15).contains(&prefix))
}

/// The answer to a charge: the paid order, 202 while the payer types, or what ended it.
///
/// The 202 has two bodies in the field; the channel's own numbers are dealt out in turns, so both
/// are met.
pub(super) fn charge_body(world: &World, trade: &Trade) -> Result<(u16, String), Refusal> {
    match trade.state {
        State::Paid => Ok((200, order_body(world, trade))),
        State::Waiting if trade.trade_no.ends_with(['1', '3', '5', '7', '9']) => {
            let body = object()
                .text("code", "USERPAYING")
                .text("message", "需要用户输入支付密码");
            Ok((202, body.finish()))
        }
        State::Waiting => Ok((202, order_body(world, trade))),
        State::Ended(EndedBy::Payer) => Err(Refusal::new(403, "TRADE_ERROR", "用户未完成支付")),
        State::Ended(EndedBy::Cancel) => Err(order_reversed()),
        State::Ended(_) => Err(Refusal::new(400, "ORDER_CLOSED", "该订单已关闭")),
    }
}

/// `POST /v3/pay/transactions/native`.
pub(super) fn native(world: &World, call: &Call) -> Outcome {
    let new: NewPayment = read(&call.body)?;
    let now_ms = world.now().wall_ms;
    let notify = new.notify_url.as_deref().unwrap_or_default();
    if !notify.starts_with("https://") || notify.contains('?') || notify.len() > 255 {
        return Err(Refusal::parameter("notify_url"));
    }
    let asked = check_new(world, new, now_ms)?;
    let key = key(&asked.out_trade_no);
    let mut ledger = world.ledger()?;
    if let Some(trade) = ledger.find(&key) {
        check_repeat(trade, &asked)?;
        if trade.kind == Kind::Code {
            return Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"));
        }
    } else {
        let count = ledger.trade_count().saturating_add(1);
        let opened = NewTrade {
            key: key.clone(),
            kind: Kind::Qr,
            currency: Currency::CNY,
            total: asked.total,
            subject: asked.subject,
            attach: asked.attach,
            origin: asked.origin,
            code: format!("weixin://wxpay/bizpayurl?pr=sbx{count:08}"),
            expires_ms: asked.expires_ms,
            unionpay: None,
            stripe: None,
        };
        ledger.open_qr(opened, now_ms)?;
    }
    let trade = ledger.find(&key).ok_or_else(Refusal::system)?;
    Ok((
        200,
        object().text("code_url", &trade.code).finish(),
        Carriage::Prompt,
    ))
}

/// `GET /v3/pay/transactions/out-trade-no/{number}?mchid=`.
pub(super) fn query(world: &World, call: &Call, out_trade_no: &str) -> Outcome {
    check_query_merchant(world, call)?;
    let ledger = world.ledger()?;
    let trade = ledger
        .find(&key(out_trade_no))
        .filter(|trade| world.is_seen(trade.created_ms))
        .ok_or_else(not_found)?;
    Ok((200, order_body(world, trade), Carriage::Prompt))
}

/// `GET /v3/pay/transactions/id/{number}?mchid=`: paid orders only.
pub(super) fn query_by_id(world: &World, call: &Call, transaction_id: &str) -> Outcome {
    check_query_merchant(world, call)?;
    let ledger = world.ledger()?;
    let trade = ledger
        .find_by_trade_no(Channel::Wechatpay, transaction_id)
        .filter(|trade| !trade.charges.is_empty() && world.is_seen(trade.created_ms))
        .ok_or_else(not_found)?;
    Ok((200, order_body(world, trade), Carriage::Prompt))
}

fn check_query_merchant(world: &World, call: &Call) -> Result<(), Refusal> {
    let mchid = call
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("mchid="));
    check_merchant(world, mchid)
}

pub(super) fn not_found() -> Refusal {
    Refusal::new(404, "ORDER_NOT_EXIST", "订单不存在")
}

/// The order as query and charge show it; unpaid orders carry few fields.
fn order_body(world: &World, trade: &Trade) -> String {
    let own = &world.keys.merchant.wechatpay;
    let (state, words) = state_of(trade);
    let order = object()
        .text("appid", &own.appid)
        .text("mchid", &own.mchid)
        .text("out_trade_no", &trade.key.out_trade_no);
    let Some(paid_ms) = trade.paid_ms() else {
        return order
            .text("trade_state", state)
            .text("trade_state_desc", words)
            .finish();
    };
    let trade_type = if trade.kind == Kind::Code {
        "MICROPAY"
    } else {
        "NATIVE"
    };
    order
        .text("transaction_id", &trade.trade_no)
        .text("trade_type", trade_type)
        .text("trade_state", state)
        .text("trade_state_desc", words)
        .text("bank_type", "OTHERS")
        .text_if("attach", trade.attach.as_deref())
        .text("success_time", &rfc3339_time(paid_ms))
        .object(
            "payer",
            &object().text("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        )
        .object("amount", &amount(trade.total))
        .finish()
}

fn amount(total: Fen) -> Object {
    object()
        .number("total", total.get())
        .number("payer_total", total.get())
        .text("currency", "CNY")
        .text("payer_currency", "CNY")
}

fn state_of(trade: &Trade) -> (&'static str, &'static str) {
    match (trade.state, trade.kind) {
        (State::Ended(EndedBy::Cancel), _) => ("REVOKED", "订单已撤销"),
        (State::Ended(EndedBy::Payer), _) => ("PAYERROR", "支付失败，用户未完成支付"),
        (State::Ended(_), _) => ("CLOSED", "订单已关闭"),
        (State::Paid, _) if trade.is_reversed() => ("REVOKED", "订单已撤销"),
        (State::Paid, _) if trade.refunded() > Fen::ZERO => ("REFUND", "订单发生过退款"),
        (State::Paid, _) => ("SUCCESS", "支付成功"),
        (State::Waiting, Kind::Code) => ("USERPAYING", "需要用户输入支付密码"),
        (State::Waiting, Kind::Page | Kind::Qr) => ("NOTPAY", "订单未支付"),
    }
}

#[derive(Debug, Deserialize)]
struct Ending {
    appid: Option<String>,
    mchid: Option<String>,
}

/// `POST …/reverse`: code payments; unpaid is closed, paid is given back whole.
pub(super) fn reverse(world: &World, call: &Call, out_trade_no: &str) -> Outcome {
    let ending: Ending = read(&call.body)?;
    check_appid(world, ending.appid.as_deref())?;
    check_merchant(world, ending.mchid.as_deref())?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let trade = ledger
        .find(&key(out_trade_no))
        .cloned()
        .ok_or_else(not_found)?;
    if trade.kind == Kind::Qr {
        return Err(Refusal::request("该订单不支持撤销，请调用关单"));
    }
    if now_ms.saturating_sub(trade.created_ms) < world.rhythm.reverse_wait_ms {
        return Err(Refusal::request("支付后15秒内不允许撤销，请稍后再试"));
    }
    match trade.state {
        State::Waiting => ledger.end(&trade.key, EndedBy::Cancel, now_ms)?,
        State::Paid => give_back(&mut ledger, &trade, now_ms)?,
        State::Ended(EndedBy::Cancel | EndedBy::Payer) => {}
        State::Ended(_) => return Err(Refusal::new(400, "ORDER_CLOSED", "该订单已关闭")),
    }
    let own = &world.keys.merchant.wechatpay;
    let body = object()
        .text("appid", &own.appid)
        .text("mchid", &own.mchid)
        .text("out_trade_no", out_trade_no);
    Ok((200, body.finish(), Carriage::Prompt))
}

fn give_back(ledger: &mut Ledger, trade: &Trade, now_ms: i64) -> Result<(), Refusal> {
    let left = trade.charged().minus(trade.refunded()).unwrap_or(Fen::ZERO);
    if trade.is_reversed() {
        return Ok(());
    }
    if trade.refunded() > Fen::ZERO || left <= Fen::ZERO {
        return Err(Refusal::new(
            403,
            "TRADE_ERROR",
            "订单已发生退款，不允许撤销",
        ));
    }
    if ledger.merchant_balance(Channel::Wechatpay, Currency::CNY) < left {
        return Err(Refusal::new(403, "NOT_ENOUGH", "商户余额不足"));
    }
    let refund = NewRefund {
        key: trade.key.clone(),
        refund_no: String::new(),
        amount: left,
        reason: None,
        cause: RefundCause::Reversal,
        ends_as: RefundState::Success,
        unionpay: None,
        stripe: None,
        is_prompt: false,
    };
    Ok(ledger.refund(refund, now_ms)?)
}

/// `POST …/close`: 204, and again 204.
pub(super) fn close(world: &World, call: &Call, out_trade_no: &str) -> Outcome {
    let ending: Ending = read(&call.body)?;
    check_merchant(world, ending.mchid.as_deref())?;
    let now_ms = world.now().wall_ms;
    let mut ledger = world.ledger()?;
    let trade = ledger
        .find(&key(out_trade_no))
        .cloned()
        .ok_or_else(not_found)?;
    match trade.state {
        State::Waiting if trade.kind == Kind::Code => {
            return Err(Refusal::request("付款码订单请调用撤销"));
        }
        State::Waiting => ledger.end(&trade.key, EndedBy::Close, now_ms)?,
        State::Paid => return Err(Refusal::new(400, "ORDER_PAID", "该订单已支付")),
        State::Ended(_) => {}
    }
    Ok((204, String::new(), Carriage::Prompt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_codes_are_18_digits_from_10_to_15() {
        for (code, is_code) in [
            ("130000000000000000", true),
            ("100000000000000000", true),
            ("150000000000000000", true),
            ("160000000000000000", false),
            ("13000000000000000", false),
            ("1300000000000000000", false),
            ("13000000000000000x", false),
        ] {
            assert_eq!(is_payment_code(code), is_code, "{code}");
        }
    }
}
