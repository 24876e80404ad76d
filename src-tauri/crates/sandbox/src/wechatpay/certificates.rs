//! The download of the platform certificates, sealed with the merchant's APIv3 key.
//!
//! It must never send a certificate in the clear.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Outcome;
use super::answer::{Refusal, object};
use crate::exchange::Carriage;
use crate::world::World;

/// `GET /v3/certificates`.
pub(super) fn download(world: &World) -> Outcome {
    let key = world.keys.merchant.wechatpay.apiv3_key.as_bytes();
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| Refusal::system())?;
    let mut entries = Vec::new();
    for platform in world.keys.platforms() {
        let nonce = world.chance.letters(12);
        let payload = Payload {
            msg: platform.pem.as_bytes(),
            aad: b"certificate",
        };
        let sealed = cipher
            .encrypt(Nonce::from_slice(nonce.as_bytes()), payload)
            .map_err(|_| Refusal::system())?;
        let sealed = object()
            .text("algorithm", "AEAD_AES_256_GCM")
            .text("nonce", &nonce)
            .text("associated_data", "certificate")
            .text("ciphertext", &STANDARD.encode(sealed));
        entries.push(
            object()
                .text("serial_no", &platform.name)
                .text("effective_time", "2020-01-01T08:00:00+08:00")
                .text("expire_time", "2049-01-01T08:00:00+08:00")
                .object("encrypt_certificate", &sealed),
        );
    }
    let body = object().list("data", &entries).finish();
    Ok((200, body, Carriage::Prompt))
}
