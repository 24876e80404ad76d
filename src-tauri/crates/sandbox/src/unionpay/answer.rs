//! UnionPay's answer: fields, signed with the certificate among them, written raw.
//!
//! Values are not percent-encoded (protocol reference, "Request format"): a reader that decodes them reads another
//! signature. It must never decide what an answer says.

use std::collections::BTreeMap;

use super::request::{Form, digest_of, text_of};
use crate::exchange::{Dress, Reply, spoil};
use crate::keys::signature::Digest;
use crate::keys::{Keys, Signer};
use crate::ledger::JournalError;

/// A merchant of somebody else.
const OTHER_MERCHANT: &str = "898999999999999";

/// Fields in the order of their names.
pub(super) type Fields = BTreeMap<String, String>;

/// An answer before it is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(super) fields: Fields,
    /// Without it the answer goes out unsigned.
    pub(super) is_signed: bool,
}

impl Answer {
    /// The same answer with another order's number.
    pub(crate) fn about(mut self, own: &str, other: &str) -> Self {
        for value in self.fields.values_mut() {
            if value == own {
                other.clone_into(value);
            }
        }
        self
    }

    /// The same answer to another merchant, when it names one; else `None`.
    pub(crate) fn to_other_merchant(&self) -> Option<Self> {
        let own = self.fields.get("merId")?.clone();
        Some(self.clone().about(&own, OTHER_MERCHANT))
    }

    pub(crate) fn seal(&self, keys: &Keys, dress: Dress) -> Reply {
        let mut fields = self.fields.clone();
        if self.is_signed {
            let stranger = dress.unknown_key.then_some(&keys.unionpay.stranger);
            let signature = sign(&mut fields, stranger.unwrap_or(&keys.unionpay.gateway));
            let signature = if dress.bad_signature {
                spoil(&signature)
            } else {
                signature
            };
            fields.insert("signature".to_owned(), signature);
        }
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Reply {
            status: 200,
            headers: vec![("content-type", "text/html;charset=UTF-8".to_owned())],
            body: pairs.join("&").into_bytes(),
        }
    }
}

/// Adds the certificate, as it stands in the published vectors: lines end in CRLF, the last one in nothing. Answers
/// the signature over everything.
pub(super) fn sign(fields: &mut Fields, signer: &Signer) -> String {
    let certificate = signer.pem.trim_end().replace('\n', "\r\n");
    fields.insert("signPubKeyCert".to_owned(), certificate);
    let digest = digest_of(&text_of(fields));
    signer.key.sign(Digest::Sha256, digest.as_bytes())
}

/// Why a call is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    /// What it is about, behind the words.
    what: String,
}

impl Refusal {
    pub(super) fn of(code: &'static str) -> Self {
        Self {
            code,
            what: String::new(),
        }
    }

    pub(super) fn format(field: &str) -> Self {
        Self {
            code: "10",
            what: field.to_owned(),
        }
    }

    pub(super) fn missing(field: &str) -> Self {
        Self {
            code: "13",
            what: field.to_owned(),
        }
    }

    /// `报文格式错误[1000000] txnAmt`.
    pub(super) fn message(&self) -> String {
        let message = message_of(self.code);
        if self.what.is_empty() {
            message
        } else {
            format!("{message} {}", self.what)
        }
    }
}

/// What the ledger's disk refused has had no effect; the caller learns only that we failed.
impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the sandbox's ledger could not be written");
        Self::of("06")
    }
}

/// The words of a code and the detail code of seven digits behind them.
pub(super) fn message_of(code: &str) -> String {
    format!("{}[{code}00000]", words(code))
}

fn words(code: &str) -> &'static str {
    match code {
        "00" => "成功",
        "01" => "交易失败。详情请咨询95516",
        "02" => "系统未开放或暂时关闭，请稍后再试",
        "03" => "交易通讯超时，请发起查询交易",
        "04" => "交易状态未明，请查询对账结果",
        "05" => "交易已受理，请稍后查询交易结果",
        "06" => "系统繁忙，请稍后再试",
        "10" => "报文格式错误",
        "11" => "验证签名失败",
        "12" => "重复交易",
        "13" => "报文交易要素缺失",
        "30" => "交易未通过，请尝试使用其他银联卡支付或联系95516",
        "31" => "商户状态不正确",
        "32" => "无此交易权限",
        "34" => "查无此交易",
        "35" => "原交易不存在或状态不正确",
        "36" => "与原交易信息不符",
        "37" => "已超过最大查询次数或操作过于频繁",
        "39" => "交易不在受理时间范围内",
        "61" => "输入的卡号无效，请确认后输入",
        "64" => "您的银行卡余额不足",
        "65" => "输入的密码、有效期或CVN2有误，交易失败",
        "69" => "交易超时",
        "98" => "文件不存在",
        _ => "按要求返回的代码",
    }
}

/// What an answer repeats of its request.
const REPEATED: [&str; 13] = [
    "accessType",
    "bizType",
    "currencyCode",
    "encoding",
    "merId",
    "orderId",
    "reqReserved",
    "signMethod",
    "txnAmt",
    "txnSubType",
    "txnTime",
    "txnType",
    "version",
];

/// Whether a value would be read as something else in a raw answer.
pub(super) fn breaks_answers(value: &str) -> bool {
    value.contains(['&', '{', '}', '[', ']'])
}

/// The request's own fields and a code. What would break the answer is not repeated: nobody may put a field into it.
pub(super) fn repeated(form: &Form, code: &str, message: String) -> Fields {
    let told = REPEATED.iter().filter_map(|name| {
        let value = form.value(name).filter(|value| !breaks_answers(value))?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    let mut fields: Fields = told.collect();
    fields.insert("respCode".to_owned(), code.to_owned());
    fields.insert("respMsg".to_owned(), message);
    fields
}

/// "Accepted", which says nothing about money.
pub(super) fn accepted(form: &Form) -> Fields {
    repeated(form, "00", message_of("00"))
}

pub(super) fn put(fields: &mut Fields, name: &str, value: impl Into<String>) {
    fields.insert(name.to_owned(), value.into());
}
