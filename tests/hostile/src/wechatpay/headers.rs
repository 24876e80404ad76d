//! A paid answer whose headers are not WeChat Pay's over it: stripped, doubled, smuggled, of another time, by other
//! keys, by other algorithms, or over another body.

use super::{NONCE, answer, framed, genuine, seconds, signed, under};
use crate::{
    case::{Case, case},
    json::{broken, not_json},
    peer::{Ask, NOW, Peer},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use hmac::{Hmac, Mac as _};
use paydesk_signing::WireReply;
use sha2::Digest as _;

type Change = fn(&Peer, WireReply) -> WireReply;
type Bytes = fn(&Peer, &[u8]) -> Vec<u8>;

fn set(mut reply: WireReply, name: &str, value: &str) -> WireReply {
    for (known, held) in &mut reply.headers {
        if known == name {
            value.clone_into(held);
        }
    }
    reply
}

fn without(mut reply: WireReply, name: &str) -> WireReply {
    reply.headers.retain(|(known, _)| known != name);
    reply
}

fn add(mut reply: WireReply, name: &str, value: &str) -> WireReply {
    reply.headers.push((name.to_owned(), value.to_owned()));
    reply
}

fn in_front(mut reply: WireReply, name: &str, value: &str) -> WireReply {
    reply.headers.insert(0, (name.to_owned(), value.to_owned()));
    reply
}

fn header(reply: &WireReply, name: &str) -> String {
    reply.header(name).unwrap_or_default().to_owned()
}

const SIGNATURE: &str = "Wechatpay-Signature";
const STAMP: &str = "Wechatpay-Timestamp";
const SERIAL: &str = "Wechatpay-Serial";
const NONCE_HEADER: &str = "Wechatpay-Nonce";
const KIND: &str = "Wechatpay-Signature-Type";

/// Headers that are not as WeChat Pay sends them.
const HEADERS: &[(&str, &str, Change)] = &[
    (
        "no headers at all",
        "forged: the reply carries no",
        |_, mut r| {
            r.headers.clear();
            r
        },
    ),
    (
        "signature missing",
        "forged: the reply carries no",
        |_, r| without(r, SIGNATURE),
    ),
    (
        "time stamp missing",
        "forged: the reply carries no",
        |_, r| without(r, STAMP),
    ),
    ("nonce missing", "forged: the reply carries no", |_, r| {
        without(r, NONCE_HEADER)
    }),
    ("serial missing", "forged: the reply carries no", |_, r| {
        without(r, SERIAL)
    }),
    ("signature empty", "forged: the reply carries no", |_, r| {
        set(r, SIGNATURE, "")
    }),
    (
        "time stamp empty",
        "forged: the reply carries no",
        |_, r| set(r, STAMP, ""),
    ),
    ("nonce empty", "forged: the reply carries no", |_, r| {
        set(r, NONCE_HEADER, "")
    }),
    ("serial empty", "forged: the reply carries no", |_, r| {
        set(r, SERIAL, "")
    }),
    ("signature blank", "forged: the reply is not", |_, r| {
        set(r, SIGNATURE, " ")
    }),
    (
        "signature not base64",
        "forged: the reply is not",
        |_, r| set(r, SIGNATURE, "%%%%"),
    ),
    (
        "signature a probe",
        "forged: the signature is wrong",
        |_, r| {
            let probe = format!("WECHATPAY/SIGNTEST/{}", header(&r, SIGNATURE));
            set(r, SIGNATURE, &probe)
        },
    ),
    (
        "signature without padding",
        "forged: the reply is not",
        |_, r| {
            let bare = header(&r, SIGNATURE).trim_end_matches('=').to_owned();
            set(r, SIGNATURE, &bare)
        },
    ),
    (
        "signature with a blank behind",
        "forged: the reply is not",
        |_, r| {
            let long = format!("{} ", header(&r, SIGNATURE));
            set(r, SIGNATURE, &long)
        },
    ),
    (
        "signature folded over two lines",
        "forged: the reply is not",
        |_, r| {
            let folded = header(&r, SIGNATURE).replacen('A', "A\r\n ", 1);
            set(r, SIGNATURE, &format!("{folded}\r\n"))
        },
    ),
    (
        "signature and another in one header",
        "forged: the reply is not",
        |_, r| {
            let two = format!("{0}, {0}", header(&r, SIGNATURE));
            set(r, SIGNATURE, &two)
        },
    ),
    (
        "signature twice, the good one first",
        "forged: the reply is not",
        |_, r| add(r, SIGNATURE, "AAAA"),
    ),
    (
        "signature twice, the good one last",
        "forged: the reply is not",
        |_, r| in_front(r, SIGNATURE, "AAAA"),
    ),
    (
        "signature twice, both good",
        "forged: the reply is not",
        |_, r| {
            let good = header(&r, SIGNATURE);
            add(r, SIGNATURE, &good)
        },
    ),
    (
        "signature twice, one empty",
        "forged: the reply is not",
        |_, r| in_front(r, SIGNATURE, ""),
    ),
    (
        "signature twice, in small letters",
        "forged: the reply is not",
        |_, r| add(r, "wechatpay-signature", "AAAA"),
    ),
    ("serial twice", "forged: the reply is not", |_, r| {
        add(r, SERIAL, "0")
    }),
    (
        "serial twice, in capitals",
        "forged: the reply is not",
        |_, r| in_front(r, "WECHATPAY-SERIAL", "0"),
    ),
    ("nonce twice", "forged: the reply is not", |_, r| {
        add(r, NONCE_HEADER, "x")
    }),
    (
        "nonce twice, in mixed letters",
        "forged: the reply is not",
        |_, r| in_front(r, "wechatPay-nonce", NONCE),
    ),
    ("time stamp twice", "forged: the reply is not", |_, r| {
        add(r, STAMP, "0")
    }),
    (
        "time stamp twice, both good",
        "forged: the reply is not",
        |_, r| {
            let good = header(&r, STAMP);
            add(r, STAMP, &good)
        },
    ),
    (
        "signature kind twice",
        "forged: the reply is not",
        |_, r| add(r, KIND, "none"),
    ),
    ("signature kind none", "forged: the reply is not", |_, r| {
        set(r, KIND, "none")
    }),
    (
        "signature kind of SM2",
        "forged: the reply is not",
        |_, r| set(r, KIND, "WECHATPAY2-SM2-WITH-SM3"),
    ),
    (
        "signature kind of SHA-1",
        "forged: the reply is not",
        |_, r| set(r, KIND, "WECHATPAY2-SHA1-RSA2048"),
    ),
    ("signature kind HMAC", "forged: the reply is not", |_, r| {
        set(r, KIND, "HMAC-SHA256")
    }),
    (
        "signature kind in small letters",
        "forged: the reply is not",
        |_, r| set(r, KIND, "wechatpay2-sha256-rsa2048"),
    ),
    (
        "serial of nobody",
        "forged: the signing key is unknown",
        |_, r| set(r, SERIAL, "PUB_KEY_ID_0"),
    ),
    (
        "serial of the other key in small letters",
        "forged: the signing key is unknown",
        |_, r| {
            let small = header(&r, SERIAL).to_lowercase();
            set(r, SERIAL, &small)
        },
    ),
    (
        "serial with a blank",
        "forged: the signing key is unknown",
        |_, r| {
            let long = format!("{} ", header(&r, SERIAL));
            set(r, SERIAL, &long)
        },
    ),
    (
        "serial all zeros",
        "forged: the signing key is unknown",
        |_, r| set(r, SERIAL, "0000000000"),
    ),
    (
        "serial of the merchant's certificate",
        "forged: the signing key is unknown",
        |peer, r| {
            use paydesk_signing::Keys as _;
            let ours = peer.keys.signing_id().unwrap_or_default();
            set(r, SERIAL, &ours)
        },
    ),
    ("nonce changed", "forged: the signature is wrong", |_, r| {
        set(r, NONCE_HEADER, "respnonce0002")
    }),
    (
        "nonce in capitals",
        "forged: the signature is wrong",
        |_, r| set(r, NONCE_HEADER, "RESPNONCE0001"),
    ),
    (
        "nonce with a blank",
        "forged: the signature is wrong",
        |_, r| set(r, NONCE_HEADER, "respnonce0001 "),
    ),
    (
        "nonce with a return",
        "forged: the signature is wrong",
        |_, r| set(r, NONCE_HEADER, "respnonce0001\r"),
    ),
    (
        "nonce of a megabyte",
        "forged: the signature is wrong",
        |_, r| set(r, NONCE_HEADER, &"n".repeat(1 << 20)),
    ),
    (
        "time stamp a second later",
        "forged: the signature is wrong",
        |_, r| {
            let later = (NOW.0 / 1000 + 1).to_string();
            set(r, STAMP, &later)
        },
    ),
    (
        "time stamp with a plus",
        "forged: the signature is wrong",
        |_, r| {
            let plus = format!("+{}", header(&r, STAMP));
            set(r, STAMP, &plus)
        },
    ),
    (
        "time stamp with zeros in front",
        "forged: the signature is wrong",
        |_, r| {
            let long = format!("000{}", header(&r, STAMP));
            set(r, STAMP, &long)
        },
    ),
    (
        "time stamp with a fraction",
        "forged: the reply is not",
        |_, r| {
            let long = format!("{}.0", header(&r, STAMP));
            set(r, STAMP, &long)
        },
    ),
    (
        "time stamp with a blank",
        "forged: the reply is not",
        |_, r| {
            let long = format!(" {}", header(&r, STAMP));
            set(r, STAMP, &long)
        },
    ),
    (
        "time stamp in full-width digits",
        "forged: the reply is not",
        |_, r| set(r, STAMP, "１７９５２２７８６２"),
    ),
    ("time stamp a word", "forged: the reply is not", |_, r| {
        set(r, STAMP, "now")
    }),
    (
        "time stamp beyond 64 bits",
        "forged: the reply is not",
        |_, r| set(r, STAMP, "99999999999999999999"),
    ),
    (
        "time stamp the smallest number",
        "forged: the signed time",
        |_, r| set(r, STAMP, "-9223372036854775808"),
    ),
    (
        "time stamp the largest number",
        "forged: the signed time",
        |_, r| set(r, STAMP, "9223372036854775807"),
    ),
    (
        "the line between nonce and body moved up",
        "forged: the",
        |_, mut r| {
            let head = r.body.split_off(0);
            set(
                r,
                NONCE_HEADER,
                &format!("{NONCE}\n{}", String::from_utf8_lossy(&head)),
            )
        },
    ),
    (
        "a body that begins with another nonce",
        "forged: the signature is wrong",
        |_, mut r| {
            r.body = [b"other\n".as_slice(), &r.body].concat();
            r
        },
    ),
];

/// Bytes that some reader takes for a signature of the text.
const WRONG: &[(&str, Bytes)] = &[
    ("signature by a stranger", |p, t| p.stranger.sha256(t)),
    ("signature by the shop itself", |p, t| p.shop.sha256(t)),
    ("algorithm: SHA-1", |p, t| p.channel.sha1(t)),
    ("algorithm: SHA-512", |p, t| p.channel.sha512(t)),
    ("algorithm: MD5", |p, t| p.channel.md5(t)),
    ("algorithm: PSS", |p, t| p.channel.pss(t)),
    ("algorithm: the digest without its name", |p, t| {
        p.channel.unnamed(t)
    }),
    ("algorithm: loose padding", |p, t| {
        p.channel.loose_padding(t)
    }),
    ("algorithm: a number beyond the modulus", |p, t| {
        p.channel.beyond_the_modulus(t)
    }),
    ("algorithm: HMAC with the public key", |p, t| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(p.public.as_bytes()).expect("any key");
        mac.update(t);
        mac.finalize().into_bytes().to_vec()
    }),
    ("algorithm: the digest for a signature", |_, t| {
        sha2::Sha256::digest(t).to_vec()
    }),
    ("number zero", |_, _| vec![0; 256]),
    ("number one", |_, _| [vec![0; 255], vec![1]].concat()),
    ("number of all ones", |_, _| vec![0xff; 256]),
    ("number: the modulus", |p, _| p.channel.modulus()),
    ("a byte of the signature missing", |p, t| {
        p.channel.sha256(t).split_off(1)
    }),
    ("a zero in front of the signature", |p, t| {
        [vec![0], p.channel.sha256(t)].concat()
    }),
    ("a zero behind the signature", |p, t| {
        [p.channel.sha256(t), vec![0]].concat()
    }),
    ("one bit of the signature", |p, t| {
        let mut good = p.channel.sha256(t);
        *good.last_mut().expect("a byte") ^= 0x80;
        good
    }),
    ("signature backwards", |p, t| {
        let mut good = p.channel.sha256(t);
        good.reverse();
        good
    }),
    ("signature over nothing", |p, _| p.channel.sha256(b"")),
    ("signature over the text without its last line", |p, t| {
        p.channel.sha256(t.strip_suffix(b"\n").unwrap_or(t))
    }),
    ("signature over the text with CRLF", |p, t| {
        p.channel
            .sha256(String::from_utf8_lossy(t).replace('\n', "\r\n").as_bytes())
    }),
    ("signature over an empty body, as for 204", |p, _| {
        p.channel.sha256(&under(&seconds(), NONCE, b""))
    }),
    ("signature over another amount", |p, t| {
        let text = String::from_utf8_lossy(t)
            .replace("8888", "1")
            .replace("800", "1");
        p.channel.sha256(text.as_bytes())
    }),
    ("signature as our requests have it", |p, t| {
        let text = [b"POST\n/v3/pay/transactions/codepay\n".as_slice(), t].concat();
        p.channel.sha256(&text)
    }),
    ("signature over the body in blanks", |p, t| {
        p.channel
            .sha256(String::from_utf8_lossy(t).replace(':', ": ").as_bytes())
    }),
];

fn body_of(ask: Ask) -> Vec<u8> {
    genuine(ask).text().into_bytes()
}

fn stale() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, away) in [
        ("301 seconds old", -301),
        ("301 seconds ahead", 301),
        ("a day old", -86_400),
        ("a year old", -31_536_000),
        ("of the year 1970", -(NOW.0 / 1000)),
        ("in milliseconds", NOW.0 - NOW.0 / 1000),
    ] {
        for ask in Ask::MONEY {
            let expect = "forged: the signed time";
            cases.push(case(format!("signed {name}"), ask, expect, move |peer| {
                let at = (NOW.0 / 1000 + away).to_string();
                let text = under(&at, NONCE, &body_of(ask));
                let signature = STANDARD.encode(peer.channel.sha256(&text));
                framed(200, &at, &peer.key_name, &signature, body_of(ask))
            }));
        }
    }
    cases
}

fn spoilt() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, spoil) in broken() {
        for ask in [Ask::Charge, Ask::Refund] {
            cases.push(case(name, ask, "forged: the", move |peer| {
                let mut reply = answer(peer, ask);
                reply.body = spoil(reply.body);
                reply
            }));
            // WeChat Pay itself sent nonsense: still nothing is paid.
            let expect = "doubt: unreadable|doubt: mismatch|forged: the reply is not";
            if name == "body behind a BOM" || !name.contains("byte") {
                cases.push(case(format!("{name}, signed"), ask, expect, move |peer| {
                    signed(peer, 200, spoil(body_of(ask)))
                }));
            }
        }
    }
    for (name, body) in not_json() {
        for ask in [Ask::Charge, Ask::QueryRefund] {
            let expect = "doubt: unreadable|doubt: mismatch|forged: the reply is not";
            cases.push(case(format!("{name}, signed"), ask, expect, move |peer| {
                signed(peer, 200, body())
            }));
        }
    }
    cases
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in Ask::MONEY {
        for (name, expect, change) in HEADERS {
            cases.push(case(*name, ask, expect, move |peer| {
                change(peer, answer(peer, ask))
            }));
        }
        for (name, bytes) in WRONG {
            let expect = "forged: the signature is wrong";
            cases.push(case(*name, ask, expect, move |peer| {
                let text = under(&seconds(), NONCE, &body_of(ask));
                let signature = STANDARD.encode(bytes(peer, &text));
                framed(200, &seconds(), &peer.key_name, &signature, body_of(ask))
            }));
        }
    }
    let bare = "signature with its padding cut to nothing";
    cases.push(case(
        bare,
        Ask::Charge,
        "forged: the reply is not",
        |peer| {
            let text = under(&seconds(), NONCE, &body_of(Ask::Charge));
            let signature = STANDARD_NO_PAD.encode(peer.channel.sha256(&text));
            framed(
                200,
                &seconds(),
                &peer.key_name,
                &signature,
                body_of(Ask::Charge),
            )
        },
    ));
    cases.extend(stale());
    cases.extend(spoilt());
    cases
}
