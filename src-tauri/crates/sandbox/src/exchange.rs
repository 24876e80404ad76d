//! One call of a channel: what came in, what will go out, and how the wire carries it.
//!
//! Neutral between the channels; it must never know a code of any.

use crate::faults::Scope;
use crate::ledger::{Channel, TradeKey};

/// What a call asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    BillDownload,
    BillQuery,
    Cancel,
    Certificates,
    Charge,
    Close,
    CreateQr,
    Page,
    Query,
    Refund,
    RefundQuery,
    Reverse,
    Unknown,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BillDownload => "bill_download",
            Self::BillQuery => "bill_query",
            Self::Cancel => "cancel",
            Self::Certificates => "certificates",
            Self::Charge => "charge",
            Self::Close => "close",
            Self::CreateQr => "create_qr",
            Self::Page => "page",
            Self::Query => "query",
            Self::Refund => "refund",
            Self::RefundQuery => "refund_query",
            Self::Reverse => "reverse",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::BillDownload | Self::BillQuery => Scope::Bill,
            Self::Cancel | Self::Close | Self::Reverse => Scope::End,
            Self::Charge | Self::CreateQr | Self::Page => Scope::Pay,
            Self::Refund => Scope::Refund,
            Self::Certificates | Self::Query | Self::RefundQuery | Self::Unknown => Scope::Query,
        }
    }
}

/// A call as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path, still percent-encoded.
    pub(crate) path: String,
    /// Query, still percent-encoded.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// The header's value; `None` when it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Path and query exactly as sent.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }
}

/// What a call is about, as far as can be told before it is authenticated.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Label {
    pub(crate) operation: Operation,
    pub(crate) out_trade_no: Option<String>,
    pub(crate) refund_no: Option<String>,
}

impl Label {
    /// The number that the till follows: of the refund, else of the payment.
    pub(crate) fn reference(&self) -> Option<&str> {
        match self.operation {
            Operation::Refund | Operation::RefundQuery => self.refund_no.as_deref(),
            _ => self.out_trade_no.as_deref(),
        }
    }
}

/// How the wire carries the answer, by the customer's nature.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Carriage {
    /// Waits, then answers with what the trade is by then.
    Late(TradeKey),
    /// At once.
    #[default]
    Prompt,
    /// Holds the connection open, then closes it.
    Silent,
    /// Delivers the request again; the first answer is sent.
    Twice,
}

/// Which key and clock an answer is signed with, on purpose or by a fault.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dress {
    pub(crate) bad_signature: bool,
    pub(crate) stale_time: bool,
    /// Names a key that nobody has, and signs with it.
    pub(crate) unknown_key: bool,
}

/// Bytes for the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A status and nothing else.
    pub(crate) fn bare(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// What a gateway in between answers when the channel is not reachable.
    pub(crate) fn bad_gateway() -> Self {
        Self {
            status: 502,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<html><head><title>502 Bad Gateway</title></head><body></body></html>".to_vec(),
        }
    }

    /// What a gateway in front answers to whoever asks too often.
    pub(crate) fn too_many_requests() -> Self {
        let page = "<html><head><title>429 Too Many Requests</title></head><body></body></html>";
        Self {
            status: 429,
            headers: vec![
                ("content-type", "text/html".to_owned()),
                ("retry-after", "1".to_owned()),
            ],
            body: page.as_bytes().to_vec(),
        }
    }

    /// What a captive portal answers to everything.
    pub(crate) fn captive_portal() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Welcome to the guest network</title></head>\
            <body><form action=\"/login\"><button>Accept</button></form></body></html>";
        Self {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: page.as_bytes().to_vec(),
        }
    }
}

/// The channel of a call, by its path; UnionPay's files are asked for at the root of their host.
pub(crate) fn channel_of(call: &Call) -> Option<Channel> {
    match call.path.as_str() {
        "/gateway.do" | crate::alipay::DOWNLOAD_PATH => Some(Channel::Alipay),
        path if path.starts_with(crate::btcpay::PATH) => Some(Channel::Btcpay),
        path if path.starts_with("/v1/") => Some(Channel::Stripe),
        path if path.starts_with(crate::stripe::PAGE) => Some(Channel::Stripe),
        path if path.starts_with("/v3/") => Some(Channel::Wechatpay),
        "/" if call.method == "POST" => Some(Channel::Unionpay),
        path if path.starts_with("/gateway/") => Some(Channel::Unionpay),
        _ => None,
    }
}

/// Changes one digit of the base64 text, so that it still reads as a signature and never verifies.
pub(crate) fn spoil(signature: &str) -> String {
    let mut characters: Vec<char> = signature.chars().collect();
    if let Some(first) = characters.first_mut() {
        *first = if *first == 'A' { 'B' } else { 'A' };
    }
    characters.into_iter().collect()
}
