//! Stripe's answers: JSON with its headers, and refusals in the shape of the API's errors.
//!
//! Nothing is signed here: what an answer is worth, the connection says. It must never decide what an answer says.

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::exchange::Reply;
use crate::ledger::JournalError;

/// The one version that is spoken.
pub(super) const VERSION: &str = "2026-10-28.endive";

/// What goes out behind the headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    File(Vec<u8>),
    Json(Value),
}

/// An answer before it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    /// Repeated where the call had one.
    pub(super) idempotency_key: Option<String>,
    pub(super) is_replayed: bool,
    pub(super) should_retry: Option<bool>,
    /// Whether it carries the headers of the API; what is in between has none.
    pub(super) is_own: bool,
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Body::Json(body),
            idempotency_key: None,
            is_replayed: false,
            should_retry: None,
            is_own: true,
        }
    }

    /// The same answer with another number wherever this one stands.
    pub(crate) fn about(mut self, own: &str, other: &str) -> Self {
        if let Body::Json(body) = &mut self.body {
            exchange(body, own, other);
        }
        self
    }

    pub(crate) fn seal(&self, chance: &Chance) -> Reply {
        let mut headers = Vec::new();
        let (kind, body) = match &self.body {
            Body::File(bytes) => ("text/csv; charset=utf-8", bytes.clone()),
            Body::Json(value) => ("application/json", value.to_string().into_bytes()),
        };
        headers.push(("content-type", kind.to_owned()));
        headers.push(("cache-control", "no-store".to_owned()));
        if self.is_own {
            headers.push(("request-id", format!("req_{}", chance.letters(14))));
            headers.push(("stripe-version", VERSION.to_owned()));
        }
        if let Some(key) = &self.idempotency_key {
            headers.push(("idempotency-key", key.clone()));
        }
        if self.is_replayed {
            headers.push(("idempotent-replayed", "true".to_owned()));
        }
        if let Some(should) = self.should_retry {
            headers.push(("stripe-should-retry", should.to_string()));
        }
        Reply {
            status: self.status,
            headers,
            body,
        }
    }
}

fn exchange(value: &mut Value, own: &str, other: &str) {
    match value {
        Value::String(text) if text == own => other.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| exchange(item, own, other)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| exchange(field, own, other)),
        _ => {}
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    code: Option<Box<str>>,
    decline_code: Option<Box<str>>,
    message: String,
    param: Option<Box<str>>,
    /// What belongs to it: the intent, the charge.
    more: Vec<(&'static str, Value)>,
    /// Whether it is given again under the same key: the work had begun.
    pub(super) is_kept: bool,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: String) -> Self {
        Self {
            status,
            kind,
            code: None,
            decline_code: None,
            message,
            param: None,
            more: Vec::new(),
            is_kept: false,
        }
    }

    /// A parameter is wrong.
    pub(super) fn invalid(param: &str, message: String) -> Self {
        let mut refusal = Self::new(400, "invalid_request_error", message);
        refusal.param = (!param.is_empty()).then(|| param.into());
        refusal
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::invalid(param, format!("Missing required param: {param}."))
            .with_code("parameter_missing")
    }

    pub(super) fn unknown_param(param: &str) -> Self {
        Self::invalid(param, format!("Received unknown parameter: {param}"))
            .with_code("parameter_unknown")
    }

    /// There is no such thing.
    pub(super) fn no_such(what: &str, id: &str) -> Self {
        let mut refusal =
            Self::invalid("id", format!("No such {what}: '{id}'")).with_code("resource_missing");
        refusal.status = 404;
        refusal
    }

    /// Nothing answers at this address.
    pub(super) fn no_such_url(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        let mut refusal = Self::invalid("", message);
        refusal.status = 404;
        refusal
    }

    /// The thing is not in the state for it. The work had begun.
    pub(super) fn state(code: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::invalid("", message.into()).with_code(code);
        refusal.is_kept = true;
        refusal
    }

    pub(super) fn unauthorized(code: Option<&str>, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(401, "invalid_request_error", message.into());
        refusal.code = code.map(Box::from);
        refusal
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "invalid_request_error", message.into())
    }

    /// The same key with something else.
    pub(super) fn other_content(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. \
             Try using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    /// The same key while its first call is under way.
    pub(super) fn in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key: {key}"
        );
        Self::new(409, "invalid_request_error", message).with_code("idempotency_key_in_use")
    }

    /// The issuer said no.
    pub(super) fn declined(
        code: &str,
        decline_code: &str,
        more: Vec<(&'static str, Value)>,
    ) -> Self {
        let mut refusal =
            Self::new(402, "card_error", words(decline_code).to_owned()).with_code(code);
        refusal.decline_code = Some(decline_code.into());
        refusal.more = more;
        refusal.is_kept = true;
        refusal
    }

    /// Something went wrong here.
    pub(super) fn internal() -> Self {
        Self::new(500, "api_error", "An unknown error occurred.".to_owned())
    }

    /// Any code of the documents.
    pub(super) fn named(status: u16, code: &str, decline_code: Option<&str>) -> Self {
        let kind = match status {
            402 => "card_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let mut refusal =
            Self::new(status, kind, format!("As it was asked for: {code}.")).with_code(code);
        refusal.decline_code = decline_code.map(Box::from);
        refusal
    }

    pub(super) fn with_code(mut self, code: &str) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(super) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    pub(super) fn answer(&self) -> Answer {
        let mut error = json!({ "type": self.kind, "message": self.message });
        let texts = [
            ("code", &self.code),
            ("decline_code", &self.decline_code),
            ("param", &self.param),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                put(&mut error, name, json!(text));
            }
        }
        if let Some(code) = &self.code {
            let doc = format!(
                "https://stripe.com/docs/error-codes/{}",
                code.replace('_', "-")
            );
            put(&mut error, "doc_url", json!(doc));
        }
        for (name, value) in &self.more {
            put(&mut error, name, value.clone());
        }
        let mut answer = Answer::json(self.status, json!({ "error": error }));
        // What is kept would be answered again: whoever repeats it learns nothing new.
        answer.should_retry = match self.status {
            409 => Some(true),
            500.. => Some(false),
            _ => None,
        };
        answer
    }
}

/// What the ledger's disk refused has had no effect; the caller learns only that we failed.
impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the sandbox's ledger could not be written");
        Self::internal()
    }
}

pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

/// What Stripe says of a decline.
pub(super) fn words(decline_code: &str) -> &'static str {
    match decline_code {
        "expired_card" => "Your card has expired.",
        "incorrect_cvc" => "Your card's security code is incorrect.",
        "incorrect_pin" => "Your card's PIN is incorrect.",
        "insufficient_funds" => "Your card has insufficient funds.",
        "processing_error" => {
            "An error occurred while processing your card. Try again in a little bit."
        }
        _ => "Your card was declined.",
    }
}
