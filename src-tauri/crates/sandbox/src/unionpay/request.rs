//! UnionPay's request: a form of fields, who sent it, and whether the signature says so.
//!
//! Protocol reference, "Request format" and "Signature" (version 5.1.0, `signMethod` 01). It must never touch the
//! ledger.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

use super::answer::{Refusal, breaks_answers};
use crate::clock::read_compact_time;
use crate::exchange::Call;
use crate::keys::Keys;
use crate::keys::signature::{Digest, PublicKey};
use crate::ledger::Fen;
use crate::world::World;

/// "Must be now" without a figure: as long as a slow till and its clock may need.
const AGE_MAX_MS: u64 = 10 * 60_000;
/// Numbers of orders have 8 to 40 letters and digits.
const NUMBER_MIN: usize = 8;
const NUMBER_MAX: usize = 40;
/// Bytes of `reqReserved`.
const RESERVED_MAX: usize = 1024;

/// Fields of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    values: BTreeMap<String, String>,
    /// A name came twice, or something is not UTF-8: what was signed and what would be read may differ.
    is_ambiguous: bool,
}

impl Form {
    pub(crate) fn read(call: &Call) -> Self {
        let mut form = Self::default();
        let Ok(body) = std::str::from_utf8(&call.body) else {
            form.is_ambiguous = true;
            return form;
        };
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => {
                    form.is_ambiguous |= form.values.insert(name, value).is_some();
                }
                _ => form.is_ambiguous = true,
            }
        }
        form
    }

    /// The value, when it is not empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let value = self.values.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name).ok_or_else(|| Refusal::missing(name))
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    /// Every field that is not empty, but for the signature: sorted by bytes, raw.
    pub(crate) fn text_to_sign(&self) -> String {
        text_of(&self.values)
    }

    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Some(signature) = self.value("signature") else {
            return false;
        };
        let digest = digest_of(&self.text_to_sign());
        key.accepts(Digest::Sha256, digest.as_bytes(), signature)
    }

    /// The number of the request's own order.
    pub(super) fn number(&self) -> Result<&str, Refusal> {
        let number = self.need("orderId")?;
        let is_number = (NUMBER_MIN..=NUMBER_MAX).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_number {
            Ok(number)
        } else {
            Err(Refusal::format("orderId"))
        }
    }

    /// `txnTime`, which has to be now by the sandbox's clock, or by the machine's where ended days moved the former.
    pub(super) fn fresh_time(&self, world: &World) -> Result<&str, Refusal> {
        let text = self.need("txnTime")?;
        let at_ms = read_compact_time(text).ok_or_else(|| Refusal::format("txnTime"))?;
        let now_ms = world.for_caller_at(at_ms).wire_ms();
        if now_ms.abs_diff(at_ms) > AGE_MAX_MS {
            return Err(Refusal::format("txnTime"));
        }
        Ok(text)
    }

    /// `txnAmt`: whole fen.
    pub(super) fn amount(&self) -> Result<Fen, Refusal> {
        let text = self.need("txnAmt")?;
        let is_whole = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.parse().ok().filter(|_| is_whole).map(Fen::new);
        amount
            .filter(|amount| *amount > Fen::ZERO && *amount <= Fen::TRADE_MAX)
            .ok_or_else(|| Refusal::format("txnAmt"))
    }

    /// What would break the raw answer that repeats it is refused; `=` ends the padding of base64 and may stand.
    pub(super) fn reserved(&self) -> Result<Option<String>, Refusal> {
        let Some(text) = self.value("reqReserved") else {
            return Ok(None);
        };
        if text.len() > RESERVED_MAX || breaks_answers(text) {
            return Err(Refusal::format("reqReserved"));
        }
        Ok(Some(text.to_owned()))
    }
}

/// In a form a blank is a plus.
fn decode(text: &str) -> Option<String> {
    let blanks = text.replace('+', " ");
    let decoded = percent_decode_str(&blanks).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Sorted by bytes, joined as they are, without the signature and empty values.
pub(super) fn text_of(fields: &BTreeMap<String, String>) -> String {
    let signed = fields
        .iter()
        .filter(|(name, value)| name.as_str() != "signature" && !value.is_empty());
    let pairs: Vec<String> = signed
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The 64 hexadecimal digits that are signed in the text's place.
pub(crate) fn digest_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the gateway knows who calls. Whoever is not known gets an answer that nobody signed.
pub(super) fn authenticate(keys: &Keys, form: &Form) -> Result<(), Refusal> {
    if form.is_ambiguous {
        return Err(Refusal::format("form"));
    }
    if form.need("merId")? != keys.merchant.unionpay.mer_id {
        return Err(Refusal::of("31"));
    }
    let key = keys.unionpay_merchant(form.need("certId")?);
    let key = key.ok_or_else(|| Refusal::of("11"))?;
    if form.need("signMethod")? != "01" || !form.is_signed_by(&key) {
        return Err(Refusal::of("11"));
    }
    Ok(())
}

/// What every request says, once it is known who sends it.
pub(super) fn check_common(form: &Form) -> Result<(), Refusal> {
    if form.need("version")? != "5.1.0" {
        return Err(Refusal::format("version"));
    }
    if !form.need("encoding")?.eq_ignore_ascii_case("utf-8") {
        return Err(Refusal::format("encoding"));
    }
    if form.need("accessType")? != "0" {
        return Err(Refusal::format("accessType"));
    }
    Ok(())
}
