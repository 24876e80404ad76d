//! A paid answer whose signature is no signature of UnionPay's over it: stripped, of other content, by other keys, by
//! other algorithms or methods.

use super::{MALFORMED, MONEY, NO_SIGNATURE, Sheet, WRONG, genuine, reply};
use crate::{
    case::{Case, case},
    peer::Peer,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use hmac::{Hmac, Mac as _};
use paydesk_signing::sha256_hex;
use sha2::Digest as _;

type Change = fn(&Peer, Sheet) -> Sheet;
type Bytes = fn(&Peer, &Sheet) -> Vec<u8>;

/// The signature that would be right.
fn good(peer: &Peer, sheet: &Sheet) -> Vec<u8> {
    over(peer, &sheet.text())
}

/// UnionPay's way, over any text.
fn over(peer: &Peer, text: &str) -> Vec<u8> {
    let digest = sha256_hex(text.as_bytes());
    peer.quick.sign(digest.as_bytes()).expect("a signature")
}

fn hexed(sheet: &Sheet) -> Vec<u8> {
    sha256_hex(sheet.text().as_bytes()).into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with(sheet: Sheet, signature: &str) -> Sheet {
    sheet.set("signature", signature)
}

/// Signatures that are none, and methods that are not ours. Each gets the whole sheet, not signed yet.
const STRIPPED: &[(&str, &str, Change)] = &[
    ("signature missing", NO_SIGNATURE, |_, s| s),
    ("signature empty", NO_SIGNATURE, |_, s| with(s, "")),
    ("signature blank", MALFORMED, |_, s| with(s, " ")),
    ("signature the word null", WRONG, |_, s| with(s, "null")),
    ("signature not base64", MALFORMED, |_, s| with(s, "%%%%")),
    ("signature in the url alphabet", "forged:", |p, s| {
        let bytes = [vec![0xfb, 0xff, 0xbf], good(p, &s)].concat();
        with(s, &URL_SAFE.encode(bytes))
    }),
    ("signature without padding", MALFORMED, |p, s| {
        let good = STANDARD_NO_PAD.encode(good(p, &s));
        with(s, &good)
    }),
    ("signature with line breaks", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        let (head, tail) = good.split_at(76);
        with(s, &format!("{head}\r\n{tail}"))
    }),
    ("signature behind a blank", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &format!(" {good}"))
    }),
    ("signature with a NUL behind it", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &format!("{good}\0"))
    }),
    ("signature with padding twice", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &format!("{good}=="))
    }),
    ("signature percent-encoded", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &good.replace('=', "%3D"))
    }),
    ("signature in hexadecimal", WRONG, |p, s| {
        let good = hex(&good(p, &s));
        with(s, &good)
    }),
    ("signature in base64 twice", WRONG, |p, s| {
        let good = STANDARD.encode(STANDARD.encode(good(p, &s)));
        with(s, &good)
    }),
    ("signature in braces", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &format!("{{{good}}}"))
    }),
    ("two signatures in one field", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &format!("AAAA,{good}"))
    }),
    ("signature twice, the good one first", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, &good).and("signature", "AAAA")
    }),
    ("signature twice, the good one last", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, "AAAA").and("signature", &good)
    }),
    ("signature twice, an empty one beside", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        with(s, "").and("signature", &good)
    }),
    ("signature under a capital", NO_SIGNATURE, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        s.set("Signature", &good)
    }),
    ("signature under sign", NO_SIGNATURE, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        s.set("sign", &good)
    }),
    ("signature under a name with a blank", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        s.set("signature ", &good)
    }),
    ("signature under a name in escapes", MALFORMED, |p, s| {
        let good = STANDARD.encode(good(p, &s));
        s.set("%73ignature", &good)
    }),
    ("method missing, signed", MALFORMED, |p, s| {
        s.without("signMethod").signed(p)
    }),
    ("method empty, signed", MALFORMED, |p, s| {
        s.set("signMethod", "").signed(p)
    }),
    ("method 02, signed", MALFORMED, |p, s| {
        s.set("signMethod", "02").signed(p)
    }),
    ("method 1, signed", MALFORMED, |p, s| {
        s.set("signMethod", "1").signed(p)
    }),
    ("method 001, signed", MALFORMED, |p, s| {
        s.set("signMethod", "001").signed(p)
    }),
    ("method none, signed", MALFORMED, |p, s| {
        s.set("signMethod", "none").signed(p)
    }),
    ("method in Arabic digits, signed", MALFORMED, |p, s| {
        s.set("signMethod", "٠١").signed(p)
    }),
    (
        "method 11 under the public key as its secret",
        MALFORMED,
        |p, s| {
            let s = s.set("signMethod", "11");
            let under = format!("{}&{}", s.text(), sha256_hex(p.public.as_bytes()));
            let tag = sha256_hex(under.as_bytes());
            with(s, &tag)
        },
    ),
    ("method 11 under no secret", MALFORMED, |_, s| {
        let s = s.set("signMethod", "11");
        let tag = sha256_hex(format!("{}&{}", s.text(), sha256_hex(b"")).as_bytes());
        with(s, &tag)
    }),
    ("method 12, signed by RSA", MALFORMED, |p, s| {
        s.set("signMethod", "12").signed(p)
    }),
    ("version 5.0.0 with its SHA-1", MALFORMED, |p, s| {
        let s = s.set("version", "5.0.0");
        let digest = hex(&sha1::Sha1::digest(s.text()));
        let signature = STANDARD.encode(p.channel.sha1(digest.as_bytes()));
        with(s, &signature)
    }),
    ("version 5.0.0, signed as 5.1.0", MALFORMED, |p, s| {
        s.set("version", "5.0.0").signed(p)
    }),
    ("version 5.1.1, signed", MALFORMED, |p, s| {
        s.set("version", "5.1.1").signed(p)
    }),
    ("version 5.1.0 with a blank, signed", MALFORMED, |p, s| {
        s.set("version", "5.1.0 ").signed(p)
    }),
    ("version missing, signed", MALFORMED, |p, s| {
        s.without("version").signed(p)
    }),
    ("version twice, ours last", MALFORMED, |p, s| {
        s.signed(p).in_front("version", "5.0.0")
    }),
];

/// Bytes that are no signature of the gateway's over the fields.
const WRONG_BYTES: &[(&str, Bytes)] = &[
    ("algorithm: digested once only", |p, s| {
        p.channel.sha256(s.text().as_bytes())
    }),
    ("algorithm: the digest in capitals", |p, s| {
        let digest = sha256_hex(s.text().as_bytes()).to_uppercase();
        p.channel.sha256(digest.as_bytes())
    }),
    ("algorithm: the digest as bytes", |p, s| {
        p.channel.sha256(&sha2::Sha256::digest(s.text()))
    }),
    ("algorithm: digested three times", |p, s| {
        p.channel.sha256(sha256_hex(&hexed(s)).as_bytes())
    }),
    ("algorithm: the older version's SHA-1", |p, s| {
        let digest = hex(&sha1::Sha1::digest(s.text()));
        p.channel.sha1(digest.as_bytes())
    }),
    ("algorithm: SHA-1 over the digest", |p, s| {
        p.channel.sha1(&hexed(s))
    }),
    ("algorithm: SHA-512 over the digest", |p, s| {
        p.channel.sha512(&hexed(s))
    }),
    ("algorithm: MD5 over the digest", |p, s| {
        p.channel.md5(&hexed(s))
    }),
    ("algorithm: a digest without its name", |p, s| {
        p.channel.unnamed(&hexed(s))
    }),
    ("algorithm: PSS", |p, s| p.channel.pss(&hexed(s))),
    ("algorithm: loose padding", |p, s| {
        p.channel.loose_padding(&hexed(s))
    }),
    ("algorithm: beyond the modulus", |p, s| {
        p.channel.beyond_the_modulus(&hexed(s))
    }),
    ("algorithm: a tag under the public key", |p, s| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(p.public.as_bytes()).expect("a key");
        mac.update(&hexed(s));
        mac.finalize().into_bytes().to_vec()
    }),
    ("algorithm: a tag under the certificate", |p, s| {
        let key = p.certificate.as_bytes();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key");
        mac.update(&hexed(s));
        mac.finalize().into_bytes().to_vec()
    }),
    ("algorithm: the digest itself", |_, s| hexed(s)),
    ("signature of zeros", |_, _| vec![0; 256]),
    ("signature of ones", |_, _| vec![0xff; 256]),
    ("signature one", |_, _| [vec![0; 255], vec![1]].concat()),
    ("signature the modulus", |p, _| p.channel.modulus()),
    ("signature of a megabyte", |_, _| vec![0x5a; 700_000]),
    ("signature by a stranger", |p, s| {
        p.stranger.sha256(&hexed(s))
    }),
    ("signature by the shop itself", |p, s| {
        p.shop.sha256(&hexed(s))
    }),
    ("signature by the authority between", |_, s| {
        super::CHAIN.middle.sha256(&hexed(s))
    }),
    ("signature by the root", |_, s| {
        super::CHAIN.root.sha256(&hexed(s))
    }),
    ("signature backwards", |p, s| {
        let mut good = good(p, s);
        good.reverse();
        good
    }),
    ("one bit of the signature", |p, s| {
        let mut good = good(p, s);
        *good.last_mut().expect("a byte") ^= 1;
        good
    }),
    ("a byte of the signature missing in front", |p, s| {
        good(p, s).split_off(1)
    }),
    ("a byte of the signature missing behind", |p, s| {
        let mut good = good(p, s);
        good.pop();
        good
    }),
    ("a zero in front of the signature", |p, s| {
        [vec![0], good(p, s)].concat()
    }),
    ("a zero behind the signature", |p, s| {
        [good(p, s), vec![0]].concat()
    }),
    ("signature over nothing", |p, _| over(p, "")),
    ("signature over the fields unsorted", |p, s| {
        over(p, &s.raw())
    }),
    ("signature over the fields backwards", |p, s| {
        let text = s.text();
        let mut parts: Vec<&str> = text.split('&').collect();
        parts.reverse();
        over(p, &parts.join("&"))
    }),
    ("signature without the certificate", |p, s| {
        over(p, &s.clone().without("signPubKeyCert").text())
    }),
    ("signature over empty fields too", |p, s| {
        over(p, &format!("a=&{}", s.text()))
    }),
    ("signature over the encoded form", |p, s| over(p, &s.form())),
    ("signature over the text with an end", |p, s| {
        over(p, &format!("{}&", s.text()))
    }),
    ("signature over the text with a line", |p, s| {
        over(p, &format!("{}\n", s.text()))
    }),
    ("signature over the text behind a BOM", |p, s| {
        over(p, &format!("\u{feff}{}", s.text()))
    }),
    ("signature over the text in capitals", |p, s| {
        over(p, &s.text().to_ascii_uppercase())
    }),
    ("signature over the text in GBK", |p, s| {
        let text = s.text();
        let (gbk, ..) = encoding_rs::GBK.encode(&text);
        let digest = sha256_hex(&gbk);
        p.quick.sign(digest.as_bytes()).expect("a signature")
    }),
    ("signature over values without their names", |p, s| {
        let values: Vec<&str> = s.0.iter().map(|(_, value)| value.as_str()).collect();
        over(p, &values.concat())
    }),
    ("signature over another amount", |p, s| {
        over(p, &s.clone().set("txnAmt", "1").text())
    }),
    ("signature over another order", |p, s| {
        over(p, &s.clone().set("orderId", "POS20261121").text())
    }),
    ("signature over another merchant", |p, s| {
        over(p, &s.clone().set("merId", "777290058167152").text())
    }),
    ("signature over another moment", |p, s| {
        over(p, &s.clone().set("txnTime", "20261120102422").text())
    }),
    ("signature over another outcome", |p, s| {
        over(p, &s.clone().set("origRespCode", "64").text())
    }),
    ("signature over the answer to the movement", |p, s| {
        over(p, &s.clone().without("origRespCode").text())
    }),
    (
        "signature over a certificate without its line ends",
        |p, s| {
            let certificate = s.get("signPubKeyCert").replace('\r', "");
            over(p, &s.clone().set("signPubKeyCert", &certificate).text())
        },
    ),
    ("signature of our own request", |p, s| {
        p.shop
            .sha256(sha256_hex(format!("certId=69903319369&{}", s.text()).as_bytes()).as_bytes())
    }),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in MONEY {
        for (name, expect, change) in STRIPPED {
            cases.push(case(*name, ask, expect, move |peer| {
                reply(change(peer, genuine(peer, ask)).raw())
            }));
        }
        for (name, bytes) in WRONG_BYTES {
            cases.push(case(*name, ask, WRONG, move |peer| {
                let sheet = genuine(peer, ask);
                let signature = STANDARD.encode(bytes(peer, &sheet));
                reply(with(sheet, &signature).raw())
            }));
        }
    }
    cases
}
