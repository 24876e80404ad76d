//! `alipay.open.app.alipaycert.download`: one of the gateway's certificates by its number.
//!
//! It must never hand out a certificate that the gateway does not sign with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::answer::{Refusal, success};
use super::read;
use crate::world::World;

#[derive(Debug, Deserialize)]
struct Asked {
    alipay_cert_sn: Option<String>,
}

/// The certificate's text in base64, to whoever calls in certificate mode.
pub(super) fn download(
    world: &World,
    is_by_certificate: bool,
    content: &str,
) -> Result<String, Refusal> {
    let asked: Asked = read(content)?;
    let number = asked.alipay_cert_sn.unwrap_or_default();
    let found = world.keys.alipay_certificates().into_iter();
    let found = found
        .filter(|_| is_by_certificate)
        .find(|signer| signer.name == number);
    let found = found
        .ok_or_else(|| Refusal::invalid("isv.alipay-cert-not-exist", "支付宝公钥证书不存在"))?;
    let text = STANDARD.encode(found.pem.as_bytes());
    Ok(success().text("alipay_cert_content", &text).finish())
}
