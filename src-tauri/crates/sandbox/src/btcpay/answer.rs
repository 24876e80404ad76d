//! An answer of the Greenfield API: JSON, a problem, or a list of what is wrong with a request.
//!
//! Nothing is signed; whoever reads it believes the connection. It must never decide what an answer says.

use serde_json::{Value, json};

use crate::exchange::Reply;
use crate::ledger::JournalError;

/// An answer before the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    /// Nothing stands for an empty body.
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body: Some(body),
        }
    }

    /// Done, and nothing to say.
    pub(super) fn empty() -> Self {
        Self {
            status: 200,
            body: None,
        }
    }

    pub(super) fn problem(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            body: Some(json!({ "code": code, "message": message })),
        }
    }

    /// The same answer with another order's number, and about another invoice.
    pub(crate) fn about(mut self, own: &str, other: &str) -> Self {
        if let Some(body) = &mut self.body {
            put_instead(body, &|text| text == own, other);
            let id = crate::ledger::id_of(&[other]);
            let mut told = body.get_mut("id");
            if let Some(known) = told.as_mut() {
                **known = Value::String(id);
            }
        }
        self
    }

    /// The same answer about another store, when it names one; else `None`.
    pub(crate) fn to_other_store(&self, own: &str, other: &str) -> Option<Self> {
        let mut answer = self.clone();
        let body = answer.body.as_mut()?;
        (put_instead(body, &|text| text == own, other) > 0).then_some(answer)
    }

    pub(crate) fn seal(&self) -> Reply {
        let body = self.body.as_ref();
        let headers = body.map(|_| ("content-type", "application/json; charset=utf-8".to_owned()));
        Reply {
            status: self.status,
            headers: headers.into_iter().collect(),
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
        }
    }
}

/// Puts another text in the place of every one that is meant; answers how many there were.
fn put_instead(value: &mut Value, is_meant: &dyn Fn(&str) -> bool, other: &str) -> usize {
    let mut put_in = |value: &mut Value| put_instead(value, is_meant, other);
    match value {
        Value::String(text) if is_meant(text) => {
            other.clone_into(text);
            1
        }
        Value::Array(values) => values.iter_mut().map(&mut put_in).sum(),
        Value::Object(fields) => fields.values_mut().map(&mut put_in).sum(),
        _ => 0,
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// 422: every field that is wrong, and how.
    Invalid(Vec<(String, String)>),
    /// One code with its status.
    Problem(u16, &'static str, String),
}

impl Refusal {
    pub(super) fn unauthenticated() -> Self {
        let message = "Authentication is required for accessing this endpoint";
        Self::Problem(401, "unauthenticated", message.to_owned())
    }

    pub(super) fn missing_permission(permission: &str) -> Self {
        let message = format!(
            "Insufficient API Permissions. Please use an API key with permission: {permission}"
        );
        Self::Problem(403, "missing-permission", message)
    }

    /// `invoice-not-found` and its like.
    pub(super) fn not_found(code: &'static str, what: &str) -> Self {
        Self::Problem(404, code, format!("The {what} was not found"))
    }

    pub(super) fn state(code: &'static str, message: &str) -> Self {
        Self::Problem(400, code, message.to_owned())
    }

    pub(super) fn field(path: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![(path.to_owned(), message.into())])
    }
}

/// What the ledger's disk refused has had no effect; the caller learns only that we failed.
impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the sandbox's ledger could not be written");
        Self::Problem(500, "generic-error", "The server failed".to_owned())
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(fields) => {
                let row = |(path, message)| json!({ "path": path, "message": message });
                Self {
                    status: 422,
                    body: Some(fields.into_iter().map(row).collect()),
                }
            }
            Refusal::Problem(status, code, message) => Self::problem(status, code, &message),
        }
    }
}
