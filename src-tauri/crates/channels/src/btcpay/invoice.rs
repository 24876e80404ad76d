//! An invoice as the server writes it, bound to what was asked for.

use super::envelope::is_own_link;
use crate::{Cx, wire::json::Json};
use paydesk_domain::{Amount, CoinWay, CoinsPaid, Decimal, Doubt, MerchantRef, Money, Timestamp};

/// The longest text a payer scans: an invoice of the Lightning network has some 300 characters, with hints 1,000.
const CODE_CHARS_MAX: usize = 2048;

/// An id fit to stand in an address and in a memo: base58-like.
pub(super) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Where an invoice stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Expired,
    Invalid,
    New,
    Processing,
    Settled,
}

/// What else is to be said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extra {
    Late,
    Marked,
    Nothing,
    Over,
    Partial,
}

/// A way to pay it, and what came by it.
pub(super) struct Method {
    way: Option<CoinWay>,
    paid: Option<CoinsPaid>,
    /// Whether some of it is not confirmed.
    is_open: bool,
    /// When the last of it came.
    last_at: Option<Timestamp>,
}

/// An invoice that is about the right order, store, sum and currency.
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) extra: Extra,
    /// What it counts as paid, in the order's currency, to any fraction.
    pub(super) paid: Decimal,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) monitored: Timestamp,
    pub(super) page: String,
    /// Confirmations that its speed policy asks for.
    pub(super) needed: u32,
    /// None where the answer does not tell them.
    pub(super) methods: Option<Vec<Method>>,
}

/// The order an invoice must be of.
pub(super) struct Asked<'a> {
    pub(super) reference: &'a MerchantRef,
    pub(super) amount: Amount,
}

fn seconds(of: &Json, name: &str) -> Result<Timestamp, Doubt> {
    let seconds = of.integer(name).and_then(|it| it.checked_mul(1000));
    seconds.map(Timestamp).ok_or(Doubt::Unreadable)
}

fn decimal(of: &Json, name: &str) -> Result<Decimal, Doubt> {
    let text = of.text(name).ok_or(Doubt::Unreadable)?;
    Decimal::parse(text).map_err(|_| Doubt::Unreadable)
}

impl Invoice {
    /// Reads and binds one.
    pub(super) fn read(of: &Json, asked: &Asked<'_>, cx: &Cx<'_>) -> Result<Invoice, Doubt> {
        let text = |name: &str| of.text(name).ok_or(Doubt::Unreadable);
        let order = of.get("metadata").and_then(|it| it.text("orderId"));
        let is_meant = text("storeId")? == cx.account.field("store_id")
            && order == Some(asked.reference.as_str())
            && text("currency")? == asked.amount.currency().code()
            && text("type")? == "Standard"
            && Money::parse(text("amount")?, asked.amount.currency()) == Ok(asked.amount.money());
        if !is_meant || !is_without_tolerance(of) {
            return Err(Doubt::Mismatch);
        }
        let id = text("id")?;
        let page = text("checkoutLink")?;
        if !is_id(id) || !is_own_link(page, cx) {
            return Err(Doubt::Unreadable);
        }
        let methods = match of.get("paymentMethods") {
            None | Some(Json::Null) => None,
            Some(Json::Array(methods)) => {
                let read = methods.iter().map(|method| Method::read(method, cx));
                Some(read.collect::<Result<_, _>>()?)
            }
            Some(_) => return Err(Doubt::Unreadable),
        };
        Ok(Invoice {
            id: id.to_owned(),
            status: status(text("status")?)?,
            extra: extra(text("additionalStatus")?)?,
            paid: decimal(of, "paidAmount")?,
            created: seconds(of, "createdTime")?,
            expires: seconds(of, "expirationTime")?,
            monitored: seconds(of, "monitoringExpiration")?,
            page: page.to_owned(),
            needed: confirmations(of.get("checkout").and_then(|it| it.text("speedPolicy"))),
            methods,
        })
    }

    /// The ways in which it can still be paid.
    pub(super) fn ways(&self) -> Vec<CoinWay> {
        let methods = self.methods.iter().flatten();
        methods.filter_map(|method| method.way.clone()).collect()
    }

    /// What came in coins.
    pub(super) fn coins(&self) -> Vec<CoinsPaid> {
        let methods = self.methods.iter().flatten();
        methods.filter_map(|method| method.paid.clone()).collect()
    }

    /// Whether some of what came is not confirmed.
    pub(super) fn is_open(&self) -> bool {
        self.methods.iter().flatten().any(|method| method.is_open)
    }

    /// When the last of the money came.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        let methods = self.methods.iter().flatten();
        methods.filter_map(|method| method.last_at).max()
    }
}

/// An invoice that counts less than the whole as paid is none of ours: every one of ours was made without tolerance.
fn is_without_tolerance(of: &Json) -> bool {
    let tolerance = of.get("checkout").and_then(|it| it.get("paymentTolerance"));
    match tolerance {
        None | Some(Json::Null) => true,
        Some(Json::Number(number) | Json::Text(number)) => {
            Decimal::parse(number).is_ok_and(Decimal::is_zero)
        }
        Some(_) => false,
    }
}

fn status(text: &str) -> Result<Status, Doubt> {
    Ok(match text {
        "Expired" => Status::Expired,
        "Invalid" => Status::Invalid,
        "New" => Status::New,
        "Processing" => Status::Processing,
        "Settled" => Status::Settled,
        _ => return Err(Doubt::Unreadable),
    })
}

fn extra(text: &str) -> Result<Extra, Doubt> {
    Ok(match text {
        "Marked" => Extra::Marked,
        // The document lists Invalid here too; the server never says so.
        "None" | "Invalid" => Extra::Nothing,
        "PaidLate" => Extra::Late,
        "PaidOver" => Extra::Over,
        "PaidPartial" => Extra::Partial,
        _ => return Err(Doubt::Unreadable),
    })
}

/// Confirmations that a policy asks for.
pub(super) fn confirmations(policy: Option<&str>) -> u32 {
    match policy {
        // One where the transaction may be replaced, which the answer does not tell.
        Some("HighSpeed") => 0,
        Some("LowMediumSpeed") => 2,
        Some("LowSpeed") => 6,
        _ => 1,
    }
}

impl Method {
    fn read(of: &Json, cx: &Cx<'_>) -> Result<Method, Doubt> {
        let text = |name: &str| of.text(name).ok_or(Doubt::Unreadable);
        let name = text("paymentMethodId")?;
        let payments = match of.get("payments") {
            None | Some(Json::Null) => &[][..],
            Some(Json::Array(payments)) => payments.as_slice(),
            Some(_) => return Err(Doubt::Unreadable),
        };
        let mut method = Method {
            way: None,
            paid: None,
            is_open: false,
            last_at: None,
        };
        for payment in payments {
            match payment.text("status") {
                // Taken back by the chain: it is in no sum.
                Some("Invalid") => continue,
                Some("Processing") => method.is_open = true,
                Some("Settled") => {}
                _ => return Err(Doubt::Unreadable),
            }
            method.last_at = method.last_at.max(Some(seconds(payment, "receivedDate")?));
        }
        // A way that nobody has asked for yet has neither an address nor a rate.
        if of.get("activated") == Some(&Json::Bool(false)) {
            return Ok(method);
        }
        let (coin, rate) = (text("currency")?, decimal(of, "rate")?);
        let paid = decimal(of, "paymentMethodPaid")?;
        if !paid.is_zero() {
            method.paid = Some(CoinsPaid {
                method: name.to_owned(),
                coin: coin.to_owned(),
                amount: paid,
                rate,
                source: super::envelope::base(cx).to_owned(),
            });
        }
        // The sum that is due may be below zero, and then nothing is.
        let due = of.text("due").and_then(|due| Decimal::parse(due).ok());
        let due = due.filter(|due| !due.is_zero());
        let link = of.text("paymentLink").zip(of.text("destination"));
        if let (Some(due), Some((link, to))) = (due, link)
            && is_payable(link, to, due)
        {
            method.way = Some(CoinWay {
                method: name.to_owned(),
                coin: coin.to_owned(),
                due,
                rate,
                text: link.to_owned(),
            });
        }
        Ok(method)
    }
}

/// Whether a payer who scans the link pays what is due to where it is due: `bitcoin:<address>?amount=<due>`, or an
/// invoice of the Lightning network, which says its sum itself.
fn is_payable(link: &str, destination: &str, due: Decimal) -> bool {
    let is_plain = link.len() <= CODE_CHARS_MAX && link.bytes().all(|byte| byte.is_ascii_graphic());
    let Some((scheme, rest)) = link.split_once(':') else {
        return false;
    };
    let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_for = |wanted: &str| to.eq_ignore_ascii_case(wanted);
    let mut amounts = query.split('&').filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("amount").then_some(value)
    });
    let amount = amounts.next();
    let is_one = amounts.next().is_none();
    let says_due = amount.is_some_and(|amount| Decimal::parse(amount) == Ok(due));
    let is_lightning = matches!(scheme.to_ascii_lowercase().as_str(), "lightning" | "lnurlp");
    let is_web = matches!(
        scheme.to_ascii_lowercase().as_str(),
        "data" | "file" | "http" | "https" | "javascript"
    );
    if is_lightning {
        return is_plain && !to.is_empty() && amount.is_none();
    }
    is_plain && !is_web && is_for(destination) && !destination.is_empty() && is_one && says_due
}
