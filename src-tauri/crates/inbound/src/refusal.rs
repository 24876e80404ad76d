//! A refusal as another program gets it: a code that stays, a sentence, whether money is affected, what to do.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use paydesk_console::contract::{CommandError, ErrorCode, MoneyMark};
use serde::Serialize;
use std::sync::atomic::{AtomicU32, Ordering};

/// As much of a path as the log gets: longer than any of the interface's.
const PATH_LOGGED_MAX: usize = 200;

/// What a caller can do about a refusal.
pub const NEXT_STEPS: &[&str] = &[
    "ask_the_shop",
    "change_the_request",
    "query_the_order",
    "repeat_later",
    "repeat_with_the_same_key",
];

/// The interface's own codes; besides them come the program's, as the commands give them.
pub const CODES: &[&str] = &[
    "amount_above_limit",
    "body_too_large",
    "body_too_slow",
    "cash_by_hand",
    "currency_not_taken",
    "host_not_allowed",
    "idempotency_key_wrong",
    "interface_off",
    "method_not_allowed",
    "nonce_used",
    "not_json",
    "origin_not_allowed",
    "path_unknown",
    "right_missing",
    "signature_missing",
    "stopping",
    "timestamp_outside",
    "too_many_calls",
];

/// A refused call.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
    money: MoneyMark,
    next: &'static str,
    incident: String,
    retry_after_ms: Option<i64>,
}

#[derive(Serialize)]
struct Outer<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
    money: MoneyMark,
    next: &'a str,
    incident: &'a str,
}

impl Refusal {
    fn own(status: StatusCode, code: &str, next: &'static str, message: &str) -> Refusal {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Refusal {
            status,
            code: code.to_owned(),
            message: format!("{message} No money moved by this call."),
            money: MoneyMark::NotMoved,
            next,
            incident: format!("I{:05}", NEXT.fetch_add(1, Ordering::Relaxed)),
            retry_after_ms: None,
        }
    }

    fn wrong(status: StatusCode, code: &str, message: &str) -> Refusal {
        Refusal::own(status, code, "change_the_request", message)
    }

    pub(crate) fn amount_above_limit() -> Refusal {
        let message = "The amount is above what this key may move in one call, or in another currency. Ask the shop to raise the key's limit.";
        Refusal::own(
            StatusCode::FORBIDDEN,
            "amount_above_limit",
            "ask_the_shop",
            message,
        )
    }

    pub(crate) fn body_too_large(max: usize) -> Refusal {
        let message = format!("The body is larger than {max} bytes. Send less.");
        Refusal::wrong(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", &message)
    }

    pub(crate) fn body_too_slow() -> Refusal {
        let message = "The body did not come whole within 5 seconds. Send it again.";
        Refusal::own(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "repeat_with_the_same_key",
            message,
        )
    }

    pub(crate) fn cash_by_hand() -> Refusal {
        let message = "Cash is counted by a person at the till: no program takes it or gives it back. Ask the shop to do it there.";
        Refusal::own(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cash_by_hand",
            "ask_the_shop",
            message,
        )
    }

    pub(crate) fn currency_not_taken(taken: &str) -> Refusal {
        let message = format!("This shop takes {taken}. Send the amount in a currency it takes.");
        Refusal::wrong(
            StatusCode::UNPROCESSABLE_ENTITY,
            "currency_not_taken",
            &message,
        )
    }

    pub(crate) fn host_not_allowed() -> Refusal {
        let message = "The Host header names a host that is not set up for this interface. Ask the shop to add it.";
        Refusal::own(
            StatusCode::MISDIRECTED_REQUEST,
            "host_not_allowed",
            "ask_the_shop",
            message,
        )
    }

    pub(crate) fn idempotency_key_wrong() -> Refusal {
        let message = "The Idempotency-Key header must be there once, 1 to 200 visible ASCII characters. Choose one for each order or refund and keep it.";
        Refusal::wrong(StatusCode::BAD_REQUEST, "idempotency_key_wrong", message)
    }

    pub(crate) fn interface_off() -> Refusal {
        let message = "The shop has switched this off. Ask the shop.";
        Refusal::own(
            StatusCode::SERVICE_UNAVAILABLE,
            "interface_off",
            "ask_the_shop",
            message,
        )
    }

    pub(crate) fn method_not_allowed() -> Refusal {
        let message = "This path does not know the method. See /openapi.json.";
        Refusal::wrong(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    pub(crate) fn nonce_used() -> Refusal {
        let message = "A request with this nonce was taken already. Sign again with a new nonce; keep the Idempotency-Key if the same order is meant.";
        Refusal::own(
            StatusCode::UNAUTHORIZED,
            "nonce_used",
            "repeat_with_the_same_key",
            message,
        )
    }

    pub(crate) fn not_json(why: &str) -> Refusal {
        let message = format!("The request cannot be read: {why}. See /openapi.json.");
        Refusal::wrong(StatusCode::BAD_REQUEST, "not_json", &message)
    }

    pub(crate) fn origin_not_allowed() -> Refusal {
        let message = "A web page may not call this interface: a key does not belong into a browser. Call it from a server.";
        Refusal::wrong(StatusCode::FORBIDDEN, "origin_not_allowed", message)
    }

    pub(crate) fn path_unknown() -> Refusal {
        let message = "There is nothing at this path. See /openapi.json.";
        Refusal::wrong(StatusCode::NOT_FOUND, "path_unknown", message)
    }

    pub(crate) fn right_missing() -> Refusal {
        let message = "This key may not do that. Ask the shop for a key with this right.";
        Refusal::own(
            StatusCode::FORBIDDEN,
            "right_missing",
            "ask_the_shop",
            message,
        )
    }

    pub(crate) fn signature_missing(what: &str) -> Refusal {
        let message = format!(
            "The header {what} is missing, there twice, or not in its form. Sign every request."
        );
        Refusal::wrong(StatusCode::UNAUTHORIZED, "signature_missing", &message)
    }

    pub(crate) fn stopping() -> Refusal {
        let message = "The program is stopping.";
        Refusal::own(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "repeat_with_the_same_key",
            message,
        )
    }

    pub(crate) fn timestamp_outside(now_ms: i64) -> Refusal {
        let now = now_ms.div_euclid(1000);
        let message = format!(
            "The time stamp is more than 120 seconds from this PC's clock, {now}, or from before the interface was started. Set the clock and sign again."
        );
        Refusal::own(
            StatusCode::UNAUTHORIZED,
            "timestamp_outside",
            "repeat_with_the_same_key",
            &message,
        )
    }

    pub(crate) fn too_many_calls(wait_ms: i64) -> Refusal {
        let message =
            "More calls than this key may make in a minute. Wait as long as Retry-After says.";
        let refusal = Refusal::own(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_calls",
            "repeat_later",
            message,
        );
        Refusal {
            retry_after_ms: Some(wait_ms),
            ..refusal
        }
    }

    /// For the log.
    pub(crate) fn log(&self, method: &str, path: &str, key: &str) {
        let path: String = path.chars().take(PATH_LOGGED_MAX).collect();
        tracing::warn!(incident = %self.incident, code = %self.code, method, path, key, "a call from outside was refused");
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Refusal {
        // Software has no cashier to name: whose word is missed here is a person's.
        if error.code == ErrorCode::OperatorRequired {
            let incident = error.incident;
            return Refusal {
                incident,
                ..Refusal::cash_by_hand()
            };
        }
        let [_, message] = paydesk_console::words(&error);
        let code = serde_json::to_value(error.code).ok();
        let code = code.as_ref().and_then(serde_json::Value::as_str);
        let (status, next) = handled(&error);
        Refusal {
            status,
            code: code.unwrap_or("internal").to_owned(),
            message,
            money: error.money,
            next,
            incident: error.incident,
            retry_after_ms: None,
        }
    }
}

/// How a program that calls should take an error of the commands.
fn handled(error: &CommandError) -> (StatusCode, &'static str) {
    let status = match error.code {
        ErrorCode::CallerUnknown | ErrorCode::CallerSignature => StatusCode::UNAUTHORIZED,
        ErrorCode::NoticeForged => StatusCode::FORBIDDEN,
        ErrorCode::InvalidArguments | ErrorCode::AmountNotANumber => StatusCode::BAD_REQUEST,
        ErrorCode::OrderNotFound | ErrorCode::NoticeNoAccount | ErrorCode::NoticeNotOurs => {
            StatusCode::NOT_FOUND
        }
        ErrorCode::AttemptOpen
        | ErrorCode::CodeUsed
        | ErrorCode::IntentReused
        | ErrorCode::NotNow
        | ErrorCode::PartGoingBack => StatusCode::CONFLICT,
        ErrorCode::CallerSecretMissing
        | ErrorCode::ClockWrong
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::DiskFull
        | ErrorCode::KeysLocked
        | ErrorCode::NotSetUp
        | ErrorCode::Offline
        | ErrorCode::OlderCopy
        | ErrorCode::SandboxGone => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let next = match error.code {
        _ if error.money == MoneyMark::Unknown => "query_the_order",
        ErrorCode::DatabaseBusy | ErrorCode::Offline | ErrorCode::SandboxGone => {
            "repeat_with_the_same_key"
        }
        ErrorCode::AttemptOpen | ErrorCode::NotNow => "query_the_order",
        _ if status == StatusCode::SERVICE_UNAVAILABLE
            || status == StatusCode::INTERNAL_SERVER_ERROR =>
        {
            "ask_the_shop"
        }
        ErrorCode::CallerUnknown | ErrorCode::ChannelNotConnected => "ask_the_shop",
        _ => "change_the_request",
    };
    (status, next)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Outer {
            error: Inner {
                code: &self.code,
                message: &self.message,
                money: self.money,
                next: self.next,
                incident: &self.incident,
            },
        };
        let mut response = json(self.status, &body);
        if let Some(wait) = self.retry_after_ms {
            let seconds = wait.div_euclid(1000) + 1;
            if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
        }
        response
    }
}

/// An answer that nothing on its way may keep.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Body::from(body)).into_response()
}
