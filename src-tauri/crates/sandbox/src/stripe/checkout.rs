//! Checkout Sessions and their page in the customer's browser.
//!
//! A session is paid once. It must never take money after it has expired or was ended.

use serde_json::Value;

use super::answer::Refusal;
use super::lists::{Member, only, page as list_page};
use super::objects::{self, session, terms_of};
use super::params::{Params, pairs};
use super::{Cx, Done, PAGE, currency, intents, is_of_stripe};
use crate::exchange::{Call, Carriage, Reply};
use crate::ledger::{
    Channel, Currency, EndedBy, Fen, Kind, Ledger, NewTrade, Origin, State, StripeSession,
    StripeTerms, Trade, TradeKey,
};
use crate::pages::{escaped, page as html};
use crate::world::World;

/// A session lives half an hour at least and a day at most (protocol reference, "Which flow").
const LIFE_MIN_MS: i64 = 30 * 60_000;
const LIFE_MAX_MS: i64 = 24 * 3_600_000;

pub(super) fn find<'a>(ledger: &'a Ledger, id: &str) -> Option<&'a Trade> {
    let found = ledger.find(&TradeKey::new(Channel::Stripe, id));
    found.filter(|trade| {
        trade
            .stripe
            .as_ref()
            .is_some_and(|terms| terms.session.is_some())
    })
}

/// The sum of the lines, in one currency.
fn sum(params: &Params) -> Result<(Currency, Fen, String), Refusal> {
    let lines = params.members("line_items")?;
    let (mut total, mut code, mut names) = (0_i64, None, Vec::new());
    for line in &lines {
        line.only(&[
            "adjustable_quantity",
            "price",
            "price_data",
            "quantity",
            "tax_rates",
        ])?;
        if let Some(price) = line.text("price")? {
            return Err(Refusal::no_such("price", price));
        }
        let price = line.below("price_data")?;
        price.only(&[
            "currency",
            "product",
            "product_data",
            "tax_behavior",
            "unit_amount",
            "unit_amount_decimal",
        ])?;
        let of_line = currency::read(price.need("currency")?)?;
        if code.is_some_and(|code| code != of_line) {
            let message = "All line items of a session must have the same currency.".to_owned();
            return Err(Refusal::invalid("line_items", message));
        }
        code = Some(of_line);
        price.need("unit_amount")?;
        let unit = price.number("unit_amount")?.unwrap_or_default();
        let quantity = line.number("quantity")?.unwrap_or(1);
        let product = price.below("product_data")?;
        product.only(&["description", "images", "metadata", "name"])?;
        names.push(product.need("name")?.to_owned());
        let whole = Some(unit).filter(|unit| *unit >= 0 && quantity >= 1);
        let whole = whole.and_then(|unit| unit.checked_mul(quantity)?.checked_add(total));
        let too_much = || Refusal::invalid("line_items", "Invalid amount or quantity.".to_owned());
        total = whole.ok_or_else(too_much)?;
    }
    let code = code.ok_or_else(|| Refusal::missing("line_items"))?;
    Ok((code, currency::check_charge(code, total)?, names.join(", ")))
}

/// What a new session and its intent are told to be.
fn terms(cx: &Cx<'_>, params: &Params) -> Result<StripeTerms, Refusal> {
    let data = params.below("payment_intent_data")?;
    data.only(&[
        "capture_method",
        "description",
        "metadata",
        "receipt_email",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ])?;
    let none = std::collections::BTreeMap::new();
    let is_automatic = !params.has("payment_method_types");
    let method_types = if is_automatic {
        vec![
            "card".to_owned(),
            "alipay".to_owned(),
            "wechat_pay".to_owned(),
        ]
    } else {
        intents::methods(params)?
    };
    let letters = |count| cx.world.chance.letters(count);
    let id = format!("cs_test_a1{}", letters(58));
    Ok(StripeTerms {
        intent: format!("pi_3{}", letters(23)),
        metadata: data.metadata("metadata", &none)?,
        description: data.limited("description", 1_000)?,
        receipt_email: data.limited("receipt_email", 800)?,
        statement_descriptor: data.limited("statement_descriptor", 22)?,
        statement_descriptor_suffix: data.limited("statement_descriptor_suffix", 22)?,
        method_types,
        is_automatic,
        capture_method: "automatic_async".to_owned(),
        session: Some(StripeSession {
            id: id.clone(),
            client_reference_id: params.limited("client_reference_id", 200)?,
            success_url: Some(params.need("success_url")?.to_owned()),
            cancel_url: params.owned("cancel_url")?,
            metadata: params.metadata("metadata", &none)?,
            ui_mode: params
                .choice("ui_mode", &["hosted_page"])?
                .unwrap_or_else(|| "hosted_page".to_owned()),
        }),
        ..StripeTerms::default()
    })
}

pub(super) fn create(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&[
        "after_expiration",
        "allow_promotion_codes",
        "billing_address_collection",
        "cancel_url",
        "client_reference_id",
        "currency",
        "customer",
        "customer_email",
        "expand",
        "expires_at",
        "line_items",
        "locale",
        "metadata",
        "mode",
        "payment_intent_data",
        "payment_method_collection",
        "payment_method_options",
        "payment_method_types",
        "submit_type",
        "success_url",
        "ui_mode",
    ])?;
    if params
        .choice("mode", &["payment", "setup", "subscription"])?
        .as_deref()
        != Some("payment")
    {
        return Err(Refusal::invalid(
            "mode",
            "The sandbox takes mode=payment only.".to_owned(),
        ));
    }
    let (code, total, subject) = sum(params)?;
    let life_ms = match params.number("expires_at")? {
        None => LIFE_MAX_MS,
        Some(at) => at.saturating_mul(1000).saturating_sub(cx.now_ms),
    };
    // A whole second is not exact about the middle of one.
    if !(LIFE_MIN_MS.saturating_sub(1000)..=LIFE_MAX_MS).contains(&life_ms) {
        let message =
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now."
                .to_owned();
        return Err(Refusal::invalid("expires_at", message));
    }
    let terms = terms(cx, params)?;
    let id = terms
        .session
        .as_ref()
        .map(|own| own.id.clone())
        .unwrap_or_default();
    let key = TradeKey::new(Channel::Stripe, &id);
    let new = NewTrade {
        key: key.clone(),
        kind: Kind::Qr,
        currency: code,
        total,
        subject,
        attach: None,
        origin: Origin::default(),
        code: format!("{PAGE}{id}"),
        expires_ms: cx.now_ms.saturating_add(life_ms),
        unionpay: None,
        stripe: Some(Box::new(terms)),
    };
    ledger.open_qr(new, cx.now_ms)?;
    answer(cx, ledger, &id)
}

pub(super) fn expire(cx: &Cx<'_>, ledger: &mut Ledger, id: &str, params: &Params) -> Done {
    params.only(&["expand"])?;
    let trade = find(ledger, id)
        .cloned()
        .ok_or_else(|| Refusal::no_such("checkout.session", id))?;
    if trade.state != State::Waiting {
        let status = if trade.state == State::Paid {
            "complete"
        } else {
            "expired"
        };
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {status}."
        );
        let mut refusal = Refusal::invalid("", message);
        refusal.is_kept = true;
        return Err(refusal);
    }
    ledger.end(&trade.key, EndedBy::Close, cx.now_ms)?;
    answer(cx, ledger, id)
}

fn answer(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Done {
    let trade = find(ledger, id).ok_or_else(Refusal::internal)?;
    Ok((session(trade, &cx.host), Carriage::Prompt))
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(
        params,
        &[
            "customer",
            "customer_details",
            "payment_intent",
            "payment_link",
            "status",
            "subscription",
        ],
    )?;
    let (intent, status) = (params.text("payment_intent")?, params.text("status")?);
    let mut members: Vec<Member<'_>> = Vec::new();
    for trade in ledger.trades().rev().filter(is_of_stripe) {
        let Some(own) = trade
            .stripe
            .as_ref()
            .and_then(|terms| terms.session.as_ref())
        else {
            continue;
        };
        let told = session(trade, &cx.host);
        let says = |name: &str, asked: &str| told.get(name).is_some_and(|it| it == asked);
        let is_meant = intent.is_none_or(|intent| says("payment_intent", intent))
            && status.is_none_or(|status| says("status", status))
            && cx.world.is_seen(trade.created_ms);
        if is_meant {
            members.push((
                own.id.clone(),
                trade.created_ms,
                Box::new(move || told.clone()),
            ));
        }
    }
    list_page("/v1/checkout/sessions", params, members)
}

/// The customer's page: shows what is asked, and takes a card or a wallet.
pub(super) fn page(world: &World, call: &Call, id: &str) -> Reply {
    let done = world
        .ledger()
        .map_err(Refusal::from)
        .and_then(|mut ledger| {
            let Some(trade) = find(&ledger, id).cloned() else {
                return Ok(html(404, "Page not found", ""));
            };
            if call.method == "POST" && trade.state == State::Waiting {
                chosen(world, call, &mut ledger, &trade)?;
            }
            Ok(shown(find(&ledger, id).unwrap_or(&trade)))
        });
    done.unwrap_or_else(|_| html(500, "Something went wrong", ""))
}

fn chosen(world: &World, call: &Call, ledger: &mut Ledger, trade: &Trade) -> Result<(), Refusal> {
    let body = String::from_utf8_lossy(&call.body);
    let pairs = pairs(&body)?;
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let (now_ms, terms) = (world.now().wall_ms, terms_of(trade));
    match value("method") {
        Some("card") => {
            let number = value("number").unwrap_or_default().replace(' ', "");
            if let Some((method, fate)) = intents::card_numbered(&terms.intent, "card", &number) {
                ledger.together(|ledger| {
                    Ok(intents::pay(ledger, &trade.key, &method, fate, now_ms))
                })??;
            }
            Ok(())
        }
        Some(kind)
            if terms.method_types.iter().any(|known| known == kind) && kind != "card_present" =>
        {
            let method = objects::method(&terms.intent, kind, "", "");
            Ok(ledger.together(|ledger| {
                Ok(intents::pay(
                    ledger,
                    &trade.key,
                    &method,
                    intents::Fate::Pays,
                    now_ms,
                ))
            })??)
        }
        _ => Ok(ledger.decline(&trade.key, now_ms)?),
    }
}

fn shown(trade: &Trade) -> Reply {
    let terms = terms_of(trade);
    let sum = format!(
        "{} {}",
        trade.currency,
        currency::major(trade.currency, trade.total)
    );
    let head = format!(
        "<p>{}</p><p class=\"sum\">{}</p>",
        escaped(&trade.subject),
        escaped(&sum)
    );
    let own = terms.session.as_ref();
    let way = |url: Option<&String>, text: &str| {
        // Nothing but an address of the web is made a target.
        let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        url.map_or(String::new(), |url| {
            let url = url.replace("{CHECKOUT_SESSION_ID}", &trade.key.out_trade_no);
            format!("<p><a href=\"{}\">{text}</a></p>", escaped(&url))
        })
    };
    match trade.state {
        State::Paid => html(
            200,
            "Paid",
            &(head
                + &way(
                    own.and_then(|it| it.success_url.as_ref()),
                    "Back to the shop",
                )),
        ),
        State::Ended(_) => html(
            200,
            "This page has expired",
            &way(
                own.and_then(|it| it.cancel_url.as_ref()),
                "Back to the shop",
            ),
        ),
        State::Waiting => {
            let button = |fields: &str, text: &str| {
                format!(
                    "<form method=\"post\" action=\"{}\">{fields}<button>{text}</button></form>",
                    escaped(&trade.code)
                )
            };
            let hidden = |name: &str, value: &str| {
                format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
            };
            let mut ways = String::new();
            for kind in &terms.method_types {
                ways += &match kind.as_str() {
                    "card" => button(
                        &format!(
                            "{}<input name=\"number\" value=\"4242 4242 4242 4242\" inputmode=\"numeric\">",
                            hidden("method", "card")
                        ),
                        "Pay by card",
                    ),
                    "alipay" => button(&hidden("method", "alipay"), "Alipay"),
                    "wechat_pay" => button(&hidden("method", "wechat_pay"), "WeChat Pay"),
                    _ => String::new(),
                };
            }
            let declined = terms.attempts.last().map_or(String::new(), |attempt| {
                format!(
                    "<p>{}</p>",
                    super::answer::words(&attempt.decline.decline_code)
                )
            });
            let back = way(own.and_then(|it| it.cancel_url.as_ref()), "Back");
            html(
                200,
                "Stripe Checkout (sandbox)",
                &format!("{head}{declined}{ways}{back}"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_two_currencies_are_no_session() {
        let line = |at: u8, code: &str| {
            format!(
                "line_items[{at}][price_data][currency]={code}&line_items[{at}][price_data][unit_amount]=500&line_items[{at}][price_data][product_data][name]=tea&line_items[{at}][quantity]=2"
            )
        };
        let one = Params::parse(&line(0, "jpy")).unwrap();
        assert_eq!(sum(&one).unwrap().1, Fen::new(1_000));
        let two = Params::parse(&format!("{}&{}", line(0, "jpy"), line(1, "usd"))).unwrap();
        assert!(sum(&two).is_err());
        assert_eq!(json!(sum(&one).unwrap().0), "JPY");
    }
}
