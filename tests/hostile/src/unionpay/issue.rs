//! Certificates for UnionPay's chain, put together byte by byte, so that a case may say what no authority would.

use crate::peer::{Signer, recorded, text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::sync::LazyLock;

/// As UnionPay's own certificates name their owner.
pub(super) const OWNER: &str = "041@8310000000083040@中国银联股份有限公司@00016495";
pub(super) const MIDDLE: &str = "Hostile OCA1";
const ROOT: &str = "Hostile CA";

/// Who signs in the chain that the account pinned, and in the enemy's own.
pub(super) struct Chain {
    pub(super) root: Signer,
    pub(super) middle: Signer,
    pub(super) gateway: Signer,
    /// An authority that nobody pinned.
    pub(super) other: Signer,
}

pub(super) static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let alipay = recorded("vectors/alipay_sdk_recorded.json");
    let wechat = recorded("vectors/wechatpay_sdk_recorded.json");
    let own = recorded("own_vectors/unionpay_own.json");
    let read = |of: &serde_json::Value, name: &str| Signer::read(&text(&of["keys"], name));
    Chain {
        root: read(&alipay, "alipay_gateway_private_pkcs8_b64"),
        middle: read(&wechat, "platform_private_pkcs8_pem"),
        gateway: read(&own, "gateway_private_pkcs8_pem"),
        other: read(&wechat, "merchant_private_pkcs8_pem"),
    }
});

/// A digest under a certificate.
#[derive(Clone, Copy)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha256,
}

impl Digest {
    /// The algorithm's name, with its NULL (RFC 3279, RFC 4055).
    pub(super) fn name(self) -> Vec<u8> {
        let last = match self {
            Digest::Md5 => 0x04,
            Digest::Sha1 => 0x05,
            Digest::Sha256 => 0x0b,
        };
        let oid = [
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last,
        ];
        element(0x30, &[&oid, &[0x05, 0x00]])
    }

    fn sign(self, by: &Signer, text: &[u8]) -> Vec<u8> {
        match self {
            Digest::Md5 => by.md5(text),
            Digest::Sha1 => by.sha1(text),
            Digest::Sha256 => by.sha256(text),
        }
    }
}

/// What a certificate says.
#[derive(Clone)]
pub(super) struct Card<'a> {
    pub(super) issuer: &'a str,
    pub(super) owners: Vec<&'a str>,
    pub(super) organisation: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) extensions: Vec<Vec<u8>>,
    pub(super) digest: Digest,
}

/// The gateway's own, as the middle authority issues it.
pub(super) fn gateway_card<'a>() -> Card<'a> {
    Card {
        issuer: MIDDLE,
        owners: vec![OWNER],
        organisation: "Hostile",
        from: "240101000000Z",
        to: "440101000000Z",
        extensions: vec![use_for(0xc0)],
        digest: Digest::Sha1,
    }
}

fn authority_card<'a>(issuer: &'a str, owner: &'a str) -> Card<'a> {
    Card {
        issuer,
        owners: vec![owner],
        extensions: vec![authority(), use_for(0x06)],
        ..gateway_card()
    }
}

/// The pinned certificates: the one between, then the root.
pub(super) fn pinned() -> (String, String) {
    let middle = authority_card(ROOT, MIDDLE).issue(&CHAIN.middle, &CHAIN.root);
    let root = authority_card(ROOT, ROOT).issue(&CHAIN.root, &CHAIN.root);
    (pem(&middle), pem(&root))
}

/// The extension that makes an authority.
pub(super) fn authority() -> Vec<u8> {
    let says = element(0x30, &[&[0x01, 0x01, 0xff]]);
    extension(0x13, &says)
}

/// What the key may be used for, as bits from the left: signing is 0x80, not being able to deny 0x40, sealing keys 0x20.
pub(super) fn use_for(bits: u8) -> Vec<u8> {
    extension(0x0f, &element(0x03, &[&[0x00, bits]]))
}

fn extension(id: u8, says: &[u8]) -> Vec<u8> {
    let oid = [0x06, 0x03, 0x55, 0x1d, id];
    element(0x30, &[&oid, &[0x01, 0x01, 0xff], &element(0x04, &[says])])
}

impl Card<'_> {
    /// The part that is signed.
    pub(super) fn body(&self, spki: &[u8]) -> Vec<u8> {
        let common = self.owners.iter();
        let owner: Vec<Vec<u8>> = common.map(|owner| part(3, owner)).collect();
        let subject = [part(10, self.organisation), owner.concat()].concat();
        let issuer = [part(10, "Hostile"), part(3, self.issuer)].concat();
        let time = |text: &str| element(0x17, &[text.as_bytes()]);
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            let all = self.extensions.concat();
            element(0xa3, &[&element(0x30, &[&all])])
        };
        element(
            0x30,
            &[
                &[0xa0, 0x03, 0x02, 0x01, 0x02],
                &[0x02, 0x04, 0x3d, 0xf2, 0x96, 0xf6],
                &self.digest.name(),
                &element(0x30, &[&issuer]),
                &element(0x30, &[&time(self.from), &time(self.to)]),
                &element(0x30, &[&subject]),
                spki,
                &extensions,
            ],
        )
    }

    /// The whole of it, as DER.
    pub(super) fn issue(&self, key: &Signer, by: &Signer) -> Vec<u8> {
        let body = self.body(&key.spki());
        let signature = self.digest.sign(by, &body);
        whole(&body, &self.digest.name(), 0, &signature)
    }
}

/// A certificate of its parts, whether or not they fit.
pub(super) fn whole(body: &[u8], algorithm: &[u8], unused_bits: u8, signature: &[u8]) -> Vec<u8> {
    let bits = element(0x03, &[&[unused_bits], signature]);
    element(0x30, &[body, algorithm, &bits])
}

/// A part of a name.
fn part(id: u8, text: &str) -> Vec<u8> {
    let oid = [0x06, 0x03, 0x55, 0x04, id];
    let pair = element(0x30, &[&oid, &element(0x0c, &[text.as_bytes()])]);
    element(0x31, &[&pair])
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}

/// As answers carry it: lines with CR and LF, none behind the last.
pub(super) fn pem(der: &[u8]) -> String {
    labelled("CERTIFICATE", der)
}

pub(super) fn labelled(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64"))
        .collect();
    format!(
        "-----BEGIN {label}-----\r\n{}\r\n-----END {label}-----",
        lines.join("\r\n")
    )
}
