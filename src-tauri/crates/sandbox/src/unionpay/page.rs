//! The front transaction: a page of UnionPay's in the payer's browser, where the payer pays or goes away.
//!
//! Everything that a request says is escaped. It must never pay without the payer's choice.

use super::answer::Refusal;
use super::order::{self, Order};
use super::request::{self, Form};
use super::trade::check_payment;
use super::{key, notice};
use crate::exchange::{Call, Reply};
use crate::ledger::{Channel, Kind, State, Trade};
use crate::pages::{escaped, page};
use crate::world::World;

/// Where the payer's choice goes: the path names the order by a token that nobody can guess.
const CHOICE: &str = "/gateway/front/";

/// The token of a payer's choice.
pub(super) fn token_of(path: &str) -> Option<&str> {
    path.strip_prefix(CHOICE)
}

/// 01/01: the browser arrives with the till's form.
pub(super) fn open(world: &World, form: &Form) -> Reply {
    match opened(world, form) {
        Ok(trade) => asked(&trade),
        Err(refusal) => page(400, "交易失败", &paragraph(&refusal.message())),
    }
}

fn opened(world: &World, form: &Form) -> Result<Trade, Refusal> {
    request::authenticate(&world.keys, form)?;
    request::check_common(form)?;
    if (form.need("txnType")?, form.need("txnSubType")?) != ("01", "01") {
        return Err(Refusal::format("txnType"));
    }
    let now_ms = world.now().wall_ms;
    let token = world.chance.letters(32);
    let mut ledger = world.ledger()?;
    let mut new = check_payment(world, &ledger, form, Kind::Page)?;
    new.code = format!("{CHOICE}{token}");
    let number = new.key.out_trade_no.clone();
    ledger.open_qr(new, now_ms)?;
    let trade = ledger.find(&key(&number));
    trade.cloned().ok_or_else(|| Refusal::of("06"))
}

/// The payer pays, or goes away; whoever went away can still come back and pay.
pub(super) fn choose(world: &World, call: &Call, token: &str) -> Reply {
    let form = Form::read(call);
    let found = chosen(world, token, form.value("act").unwrap_or_default());
    match found {
        Ok(Some(trade)) => outcome(world, &trade),
        Ok(None) => page(404, "页面不存在", ""),
        Err(refusal) => page(500, "交易失败", &paragraph(&refusal.message())),
    }
}

fn chosen(world: &World, token: &str, act: &str) -> Result<Option<Trade>, Refusal> {
    let now_ms = world.now().wall_ms;
    let code = format!("{CHOICE}{token}");
    let mut ledger = world.ledger()?;
    let found = ledger.find_by_code(Channel::Unionpay, &code);
    let Some(trade) = found.filter(|trade| trade.kind == Kind::Page).cloned() else {
        return Ok(None);
    };
    if trade.state == State::Waiting {
        match act {
            "pay" => {
                ledger.scan(&trade.key, now_ms)?;
                ledger.charge(&trade.key, now_ms)?;
            }
            _ => ledger.decline(&trade.key, now_ms)?,
        }
    }
    Ok(ledger.find(&trade.key).cloned())
}

/// What is asked, and the choice.
fn asked(trade: &Trade) -> Reply {
    let path = escaped(&trade.code);
    let button = |act: &str, text: &str| {
        format!(
            "<form method=\"post\" action=\"{path}\"><input type=\"hidden\" name=\"act\" value=\"{act}\">\
             <button>{text}</button></form>"
        )
    };
    let content = format!(
        "{}<p class=\"sum\">¥ {}</p>{}{}",
        order_line(trade),
        trade.total.yuan(),
        button("pay", "确认付款"),
        button("leave", "取消并返回"),
    );
    page(200, "银联在线支付（沙箱）", &content)
}

/// What became of it, and the way back to the merchant: after a payment with the signed fields, else with nothing.
fn outcome(world: &World, trade: &Trade) -> Reply {
    let (title, told) = match trade.state {
        State::Paid => {
            let fields = notice::told(&world.keys, Order::Payment(trade));
            ("付款成功", Some(fields))
        }
        State::Ended(_) => ("订单已关闭", None),
        State::Waiting => ("尚未付款", None),
    };
    let mut content = order_line(trade);
    let terms = trade.unionpay.as_ref();
    let front_url = terms.and_then(|terms| terms.front_url.as_deref());
    // Nothing but an address of the web is made a target.
    let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    if let Some(front_url) = front_url.filter(is_web) {
        let method = if told.is_some() { "post" } else { "get" };
        let hidden: Vec<String> = told
            .unwrap_or_default()
            .iter()
            .map(|(name, value)| {
                let (name, value) = (escaped(name), escaped(value));
                format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
            })
            .collect();
        content += &format!(
            "<form method=\"{method}\" action=\"{}\">{}<button>返回商户</button></form>",
            escaped(front_url),
            hidden.concat()
        );
    }
    page(200, title, &content)
}

fn order_line(trade: &Trade) -> String {
    let number = order::Order::Payment(trade).number();
    paragraph(&format!("{}，订单号 {number}", trade.subject))
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}
