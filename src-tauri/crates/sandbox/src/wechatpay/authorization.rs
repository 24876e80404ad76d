//! WeChat Pay's request: the Authorization header over method, target, time, nonce and raw body.
//!
//! The messages are those that the gateway was seen to send; 401s go out unsigned. It must never
//! touch the ledger.

use super::answer::Refusal;
use crate::exchange::Call;
use crate::keys::signature::{Digest, PublicKey};
use crate::keys::{Keys, WechatpayCredentials};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// Five minutes, both ways.
const SKEW_SECONDS_MAX: i64 = 300;

/// The five fields of the header.
#[derive(Debug, Default)]
pub(crate) struct Authorization {
    mchid: String,
    nonce: String,
    serial: String,
    signature: String,
    timestamp: String,
}

impl Authorization {
    /// Exactly five `key="value"` pairs, commas between them, in any order.
    pub(crate) fn read(fields: &str) -> Option<Self> {
        let mut read = Self::default();
        let mut seen = 0_u8;
        for pair in fields.split(',') {
            let (name, quoted) = pair.split_once('=')?;
            let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
            let slot = match name {
                "mchid" => &mut read.mchid,
                "nonce_str" => &mut read.nonce,
                "serial_no" => &mut read.serial,
                "signature" => &mut read.signature,
                "timestamp" => &mut read.timestamp,
                _ => return None,
            };
            if value.is_empty() || value.contains('"') || !slot.is_empty() {
                return None;
            }
            value.clone_into(slot);
            seen = seen.saturating_add(1);
        }
        (seen == 5).then_some(read)
    }

    fn message(&self, call: &Call) -> Vec<u8> {
        let (method, target) = (&call.method, call.target());
        let head = format!("{method}\n{target}\n{}\n{}\n", self.timestamp, self.nonce);
        let mut message = head.into_bytes();
        message.extend_from_slice(&call.body);
        message.push(b'\n');
        message
    }

    /// Whether the signature speaks for this call.
    pub(crate) fn is_signed_by(&self, key: &PublicKey, call: &Call) -> bool {
        key.accepts(Digest::Sha256, &self.message(call), &self.signature)
    }
}

/// What the caller's clock says, as far as the header can be read; never trusted, only used to
/// tell whether the caller followed when a day was ended.
pub(crate) fn caller_ms(call: &Call) -> Option<i64> {
    let (_, fields) = call.header("authorization")?.split_once(' ')?;
    let seconds: i64 = Authorization::read(fields)?.timestamp.parse().ok()?;
    seconds.checked_mul(1000)
}

/// Runs the gateway's checks in its order: headers, form, scheme, clock, merchant, serial,
/// signature.
pub(super) fn authenticate(keys: &Keys, call: &Call, now_ms: i64) -> Result<(), Refusal> {
    let present = |name| {
        call.header(name)
            .is_some_and(|value| !value.trim().is_empty())
    };
    if !present("accept") || !present("user-agent") {
        return Err(Refusal::request("Http头缺少Accept或User-Agent"));
    }
    let authorization = read_header(call)?;
    let own: &WechatpayCredentials = &keys.merchant.wechatpay;
    let seconds: i64 = authorization.timestamp.parse().map_err(|_| garbled(call))?;
    if now_ms.div_euclid(1000).abs_diff(seconds) > SKEW_SECONDS_MAX.unsigned_abs() {
        return Err(sign_error(
            "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
        ));
    }
    if authorization.mchid != own.mchid {
        return Err(sign_error("商户号不存在"));
    }
    let Some(key) = keys.wechatpay_merchant(&authorization.serial) else {
        return Err(sign_error(
            "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
        ));
    };
    if !authorization.is_signed_by(&key, call) {
        return Err(sign_error("签名错误"));
    }
    Ok(())
}

fn read_header(call: &Call) -> Result<Authorization, Refusal> {
    let header = call.header("authorization").ok_or_else(|| garbled(call))?;
    let (scheme, fields) = header.split_once(' ').ok_or_else(|| garbled(call))?;
    if scheme != SCHEME {
        return Err(sign_error("HTTP头Authorization认证类型不正确"));
    }
    Authorization::read(fields).ok_or_else(|| garbled(call))
}

/// The text for a header that cannot be read depends on the path.
fn garbled(call: &Call) -> Refusal {
    if call.path.starts_with("/v3/pay/transactions") {
        sign_error("签名信息错误，验签失败")
    } else {
        sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    }
}

fn sign_error(message: &str) -> Refusal {
    Refusal::new(401, "SIGN_ERROR", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_needs_its_five_fields_once_each() {
        let whole = r#"mchid="1",nonce_str="n",signature="s=",timestamp="5",serial_no="A""#;
        assert!(Authorization::read(whole).is_some());
        for wrong in [
            "",
            r#"mchid="1""#,
            r#"mchid="1",mchid="1",nonce_str="n",signature="s",timestamp="5",serial_no="A""#,
            r#"mchid="1", nonce_str="n",signature="s",timestamp="5",serial_no="A""#,
            r#"mchid=1,nonce_str="n",signature="s",timestamp="5",serial_no="A""#,
            r#"mchid="",nonce_str="n",signature="s",timestamp="5",serial_no="A""#,
        ] {
            assert!(Authorization::read(wrong).is_none(), "{wrong}");
        }
    }
}
