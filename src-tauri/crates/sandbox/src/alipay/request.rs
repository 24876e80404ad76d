//! Alipay's request: the merged parameters, who sent them, and whether the signature says so.
//!
//! The order of the checks is the gateway's: the application before the signature, the signature
//! before the method. It must never touch the ledger.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::answer::{Refusal, Signing};
use crate::clock::read_alipay_time;
use crate::exchange::Call;
use crate::keys::signature::{Digest, PublicKey};
use crate::keys::{Keys, content};

/// Parameters of a call, query and body merged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    /// A name came twice: what was signed and what would be read may differ.
    is_ambiguous: bool,
    is_utf8: bool,
}

impl Parameters {
    pub(crate) fn read(call: &Call) -> Self {
        let mut parameters = Self {
            is_utf8: true,
            ..Self::default()
        };
        parameters.add(&call.query);
        match std::str::from_utf8(&call.body) {
            Ok(body) => parameters.add(body),
            Err(_) => parameters.is_utf8 = false,
        }
        parameters
    }

    fn add(&mut self, form: &str) {
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => {
                    self.is_ambiguous |= self.values.insert(name, value).is_some();
                }
                _ => self.is_utf8 = false,
            }
        }
    }

    /// The value, when it is not blank.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The text that the caller signed, blank values dropped or kept.
    pub(crate) fn text_to_sign(&self, keeps_blanks: bool) -> String {
        let signed = self.values.iter().filter(|(name, value)| {
            name.as_str() != "sign" && !name.is_empty() && (keeps_blanks || !value.is_empty())
        });
        let pairs: Vec<String> = signed
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    /// Whether the signature speaks for these parameters. The rule drops blank values; two
    /// official clients keep those that the caller passes, so both texts are tried.
    pub(crate) fn is_signed_by(&self, key: &PublicKey, digest: Digest) -> bool {
        let Some(sign) = self.value("sign") else {
            return false;
        };
        [false, true].into_iter().any(|keeps_blanks| {
            key.accepts(digest, self.text_to_sign(keeps_blanks).as_bytes(), sign)
        })
    }

    /// The answer's node; without a readable method it is the gateway's own.
    pub(super) fn node(&self) -> String {
        let method = self.value("method").filter(|method| {
            method
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_')
        });
        method.map_or_else(
            || "error_response".to_owned(),
            |method| format!("{}_response", method.replace('.', "_")),
        )
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|text| text.into_owned())
}

/// An authenticated call.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) biz_content: String,
    pub(super) signing: Signing,
}

/// Runs the gateway's checks in the gateway's order.
pub(super) fn authenticate(keys: &Keys, parameters: &Parameters) -> Result<Request, Refusal> {
    if !parameters.is_utf8 {
        return Err(Refusal::invalid("isv.invalid-encoding", "编码错误"));
    }
    if parameters.is_ambiguous {
        return Err(Refusal::invalid("isv.suspected-attack", "可疑的攻击请求"));
    }
    let app_id = parameters
        .value("app_id")
        .ok_or_else(|| Refusal::missing("isv.missing-app-id", "缺少appId参数"))?;
    let is_public_mode = app_id == keys.merchant.alipay.app_id;
    if !is_public_mode && app_id != keys.merchant.alipay_certificate.app_id {
        return Err(Refusal::invalid("isv.invalid-app-id", "无效的AppID参数"));
    }
    let method = parameters
        .value("method")
        .ok_or_else(|| Refusal::missing("isv.missing-method", "缺少方法名参数"))?;
    let digest = check_common(parameters)?;
    let (key, certificate) = if is_public_mode {
        (keys.alipay_app(), None)
    } else {
        check_certificates(keys, parameters)?;
        let answered_by = keys.alipay_certificates().pop();
        let answered_by = answered_by.map(|signer| signer.name.clone());
        (keys.alipay_certificate_app.clone(), answered_by)
    };
    if !parameters.is_signed_by(&key, digest) {
        let text = parameters.text_to_sign(false).replace('&', "&amp;");
        return Err(Refusal::invalid(
            "isv.invalid-signature",
            &format!(
                "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{text}"
            ),
        ));
    }
    let biz_content = biz_content(keys, parameters)?;
    let seal_with = parameters
        .value("encrypt_type")
        .and_then(|_| content_key(keys, parameters))
        .map(str::to_owned);
    Ok(Request {
        method: method.to_owned(),
        biz_content,
        signing: Signing {
            digest,
            certificate,
            seal_with,
        },
    })
}

/// The content key of the application that calls.
fn content_key<'a>(keys: &'a Keys, parameters: &Parameters) -> Option<&'a str> {
    let merchant = &keys.merchant;
    let app_id = parameters.value("app_id")?;
    if app_id == merchant.alipay.app_id {
        Some(&merchant.alipay.aes_key)
    } else if app_id == merchant.alipay_certificate.app_id {
        Some(&merchant.alipay_certificate.aes_key)
    } else {
        None
    }
}

/// What the call asks for, opened when it says that it is sealed.
pub(super) fn biz_content(keys: &Keys, parameters: &Parameters) -> Result<String, Refusal> {
    let given = parameters.value("biz_content");
    match parameters.value("encrypt_type") {
        None => Ok(given.unwrap_or("{}").to_owned()),
        Some("AES") => content_key(keys, parameters)
            .zip(given)
            .and_then(|(key, sealed)| content::open(key, sealed))
            .ok_or_else(Refusal::not_opened),
        Some(_) => Err(Refusal::invalid(
            "isv.invalid-encrypt-type",
            "无效的加密类型",
        )),
    }
}

fn check_common(parameters: &Parameters) -> Result<Digest, Refusal> {
    let need = |name: &str, sub_code: &str| {
        parameters
            .value(name)
            .ok_or_else(|| Refusal::missing(sub_code, &format!("缺少{name}参数")))
    };
    let charset = need("charset", "isv.missing-charset")?;
    if !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("utf8") {
        return Err(Refusal::invalid("isv.invalid-charset", "字符集错误"));
    }
    if parameters
        .value("format")
        .is_some_and(|format| !format.eq_ignore_ascii_case("json"))
    {
        return Err(Refusal::invalid("isv.invalid-format", "无效的数据格式"));
    }
    let digest = match need("sign_type", "isv.missing-signature-type")? {
        "RSA2" => Digest::Sha256,
        "RSA" => Digest::Sha1,
        _ => {
            return Err(Refusal::invalid(
                "isv.invalid-signature-type",
                "无效的签名类型",
            ));
        }
    };
    need("sign", "isv.missing-signature")?;
    let timestamp = need("timestamp", "isv.missing-timestamp")?;
    if read_alipay_time(timestamp).is_none() {
        return Err(Refusal::invalid(
            "isv.invalid-timestamp",
            "非法的时间戳参数",
        ));
    }
    if need("version", "isv.missing-version")? != "1.0" {
        return Err(Refusal::invalid("isv.invalid-version", "无效的版本参数"));
    }
    Ok(digest)
}

fn check_certificates(keys: &Keys, parameters: &Parameters) -> Result<(), Refusal> {
    let own = &keys.merchant.alipay_certificate;
    let app = parameters
        .value("app_cert_sn")
        .ok_or_else(|| Refusal::invalid("isv.missing-app-cert-sn", "缺少应用公钥证书SN"))?;
    let root = parameters
        .value("alipay_root_cert_sn")
        .ok_or_else(|| Refusal::invalid("isv.missing-alipay-root-cert-sn", "缺少根证书SN"))?;
    if app != own.app_cert_sn {
        return Err(Refusal::invalid(
            "isv.app-cert-not-exist",
            "应用公钥证书不存在",
        ));
    }
    if root != own.alipay_root_cert_sn {
        return Err(Refusal::invalid(
            "isv.invalid-alipay-root-cert-sn",
            "根证书SN不正确",
        ));
    }
    Ok(())
}
