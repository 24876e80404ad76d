//! A paid answer whose signature is no signature of Alipay's over it: stripped, of other content, by other keys,
//! by other algorithms.

use super::{genuine, node, reply};
use crate::{
    case::{Case, case},
    peer::{Ask, Peer},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use hmac::{Hmac, Mac as _};
use sha2::Digest as _;

/// What stands behind the node: raw text from the comma on.
type Tail = fn(&Peer, Ask, &str) -> String;
type Bytes = fn(&Peer, &str) -> Vec<u8>;

fn sign(raw: &str) -> String {
    format!(r#","sign":{raw}"#)
}

fn base64(bytes: &[u8]) -> String {
    sign(&format!("\"{}\"", STANDARD.encode(bytes)))
}

/// Signatures that are none.
const STRIPPED: &[(&str, &str, Tail)] = &[
    (
        "signature missing",
        "forged: the reply carries no",
        |_, _, _| String::new(),
    ),
    (
        "signature empty",
        "forged: the reply carries no",
        |_, _, _| sign("\"\""),
    ),
    ("signature null", "forged: the reply is not", |_, _, _| {
        sign("null")
    }),
    (
        "signature a number",
        "forged: the reply is not",
        |_, _, _| sign("0"),
    ),
    ("signature true", "forged: the reply is not", |_, _, _| {
        sign("true")
    }),
    (
        "signature an empty list",
        "forged: the reply is not",
        |_, _, _| sign("[]"),
    ),
    (
        "signature an object",
        "forged: the reply is not",
        |_, _, _| sign("{}"),
    ),
    (
        "signature in a list",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD.encode(peer.channel.sha256(text.as_bytes()));
            sign(&format!("[\"{good}\"]"))
        },
    ),
    ("signature blank", "forged: the reply is not", |_, _, _| {
        sign("\" \"")
    }),
    ("signature the word none", "forged:", |_, _, _| {
        sign("\"none\"")
    }),
    (
        "signature not base64",
        "forged: the reply is not",
        |_, _, _| sign("\"%%%%\""),
    ),
    (
        "signature under another name",
        "forged: the reply carries no",
        |peer, _, text| base64(&peer.channel.sha256(text.as_bytes())).replace("sign", "Sign"),
    ),
    (
        "signature under signature",
        "forged: the reply carries no",
        |peer, _, text| base64(&peer.channel.sha256(text.as_bytes())).replace("sign", "signature"),
    ),
    (
        "sign_type none and no signature",
        "forged: the reply carries no",
        |_, _, _| r#","sign_type":"none","sign":"""#.to_owned(),
    ),
    (
        "signature in the url alphabet",
        "forged:",
        |peer, _, text| {
            // An alphabet of its own is told apart only where its letters occur: they are put in front.
            let bytes = [vec![0xfb, 0xff, 0xbf], peer.channel.sha256(text.as_bytes())].concat();
            sign(&format!("\"{}\"", URL_SAFE.encode(bytes)))
        },
    ),
    (
        "signature without padding",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD_NO_PAD.encode(peer.channel.sha256(text.as_bytes()));
            sign(&format!("\"{good}\""))
        },
    ),
    (
        "signature with line breaks",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD.encode(peer.channel.sha256(text.as_bytes()));
            let (head, tail) = good.split_at(76);
            sign(&format!("\"{head}\\r\\n{tail}\""))
        },
    ),
    (
        "signature behind a blank",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD.encode(peer.channel.sha256(text.as_bytes()));
            sign(&format!("\" {good}\""))
        },
    ),
    (
        "signature with a NUL behind it",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD.encode(peer.channel.sha256(text.as_bytes()));
            sign(&format!("\"{good}\\u0000\""))
        },
    ),
    (
        "signature twice in one text",
        "forged: the reply is not",
        |peer, _, text| {
            let good = STANDARD.encode(peer.channel.sha256(text.as_bytes()));
            sign(&format!("\"{good}{good}\""))
        },
    ),
    ("signature in hexadecimal", "forged:", |peer, _, text| {
        let good = peer.channel.sha256(text.as_bytes());
        let hex: String = good.iter().map(|byte| format!("{byte:02x}")).collect();
        sign(&format!("\"{hex}\""))
    }),
    (
        "signature and another one",
        "forged: the reply is not",
        |peer, _, text| {
            let good = base64(&peer.channel.sha256(text.as_bytes()));
            format!("{}{good}", sign("\"\""))
        },
    ),
    (
        "signature and then none",
        "forged: the reply is not",
        |peer, _, text| {
            let good = base64(&peer.channel.sha256(text.as_bytes()));
            format!("{good}{}", sign("\"\""))
        },
    ),
    (
        "signature twice by an escaped name",
        "forged: the reply is not",
        |peer, _, text| {
            let good = base64(&peer.channel.sha256(text.as_bytes()));
            format!("{good}{}", sign("\"AA==\"").replace("sign", "s\\u0069gn"))
        },
    ),
    (
        "certificate named that is none, and no signature",
        "forged: the reply carries no",
        |_, _, _| r#","alipay_cert_sn":"0123456789abcdef0123456789abcdef""#.to_owned(),
    ),
    (
        "certificate name a number",
        "forged: the reply is not",
        |peer, _, text| {
            format!(
                r#","alipay_cert_sn":7{}"#,
                base64(&peer.channel.sha256(text.as_bytes()))
            )
        },
    ),
];

/// Bytes that some reader takes for a signature.
const WRONG: &[(&str, Bytes)] = &[
    ("signature by a stranger", |peer, text| {
        peer.stranger.sha256(text.as_bytes())
    }),
    ("signature by the shop itself", |peer, text| {
        peer.shop.sha256(text.as_bytes())
    }),
    ("algorithm: SHA-1, the old RSA", |peer, text| {
        peer.channel.sha1(text.as_bytes())
    }),
    ("algorithm: SHA-512", |peer, text| {
        peer.channel.sha512(text.as_bytes())
    }),
    ("algorithm: MD5", |peer, text| {
        peer.channel.md5(text.as_bytes())
    }),
    ("algorithm: PSS", |peer, text| {
        peer.channel.pss(text.as_bytes())
    }),
    ("algorithm: the digest without its name", |peer, text| {
        peer.channel.unnamed(text.as_bytes())
    }),
    ("algorithm: loose padding", |peer, text| {
        peer.channel.loose_padding(text.as_bytes())
    }),
    ("algorithm: a number beyond the modulus", |peer, text| {
        peer.channel.beyond_the_modulus(text.as_bytes())
    }),
    ("algorithm: HMAC with the public key", |peer, text| {
        let mut mac =
            Hmac::<sha2::Sha256>::new_from_slice(peer.public.as_bytes()).expect("any key");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }),
    ("algorithm: HMAC with the application's id", |peer, text| {
        let key = peer.settings.field("app_id");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any key");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }),
    ("algorithm: the digest for a signature", |_, text| {
        sha2::Sha256::digest(text).to_vec()
    }),
    ("algorithm: the MD5 digest for a signature", |_, text| {
        md5::Md5::digest(text).to_vec()
    }),
    ("algorithm: the text for a signature", |_, text| {
        text.as_bytes().to_vec()
    }),
    ("number zero", |_, _| vec![0; 256]),
    ("number one", |_, _| [vec![0; 255], vec![1]].concat()),
    ("number of all ones", |_, _| vec![0xff; 256]),
    ("number: the modulus", |peer, _| peer.channel.modulus()),
    ("number: the modulus less one", |peer, _| {
        let mut number = peer.channel.modulus();
        *number.last_mut().expect("a byte") -= 1;
        number
    }),
    ("a byte of the signature missing in front", |peer, text| {
        peer.channel.sha256(text.as_bytes()).split_off(1)
    }),
    ("a byte of the signature missing behind", |peer, text| {
        let mut good = peer.channel.sha256(text.as_bytes());
        good.pop();
        good
    }),
    ("a zero in front of the signature", |peer, text| {
        [vec![0], peer.channel.sha256(text.as_bytes())].concat()
    }),
    ("a zero behind the signature", |peer, text| {
        [peer.channel.sha256(text.as_bytes()), vec![0]].concat()
    }),
    ("signature backwards", |peer, text| {
        let mut good = peer.channel.sha256(text.as_bytes());
        good.reverse();
        good
    }),
    ("one bit of the signature", |peer, text| {
        let mut good = peer.channel.sha256(text.as_bytes());
        *good.last_mut().expect("a byte") ^= 1;
        good
    }),
    ("signature over nothing", |peer, _| peer.channel.sha256(b"")),
    ("signature over an empty object", |peer, _| {
        peer.channel.sha256(b"{}")
    }),
    ("signature over the digest", |peer, text| {
        peer.channel.sha256(&sha2::Sha256::digest(text))
    }),
    (
        "signature over the content with a line behind it",
        |peer, text| peer.channel.sha256(format!("{text}\n").as_bytes()),
    ),
    ("signature over the content behind a BOM", |peer, text| {
        peer.channel.sha256(format!("\u{feff}{text}").as_bytes())
    }),
    (
        "signature over the content without its braces",
        |peer, text| {
            peer.channel
                .sha256(text.trim_matches(['{', '}']).as_bytes())
        },
    ),
    ("signature over the content in quotes", |peer, text| {
        peer.channel.sha256(format!("\"{text}\"").as_bytes())
    }),
    ("signature over the content with its name", |peer, text| {
        peer.channel
            .sha256(format!("{{\"response\":{text}}}").as_bytes())
    }),
    ("signature over the content in UTF-16", |peer, text| {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        peer.channel.sha256(&wide)
    }),
    ("signature over the content in capitals", |peer, text| {
        peer.channel.sha256(text.to_ascii_uppercase().as_bytes())
    }),
    ("signature over the content with blanks", |peer, text| {
        peer.channel.sha256(text.replace(':', ": ").as_bytes())
    }),
    (
        "signature over the content without what pays",
        |peer, text| {
            peer.channel
                .sha256(text.replace("10000", "40004").as_bytes())
        },
    ),
    ("signature over another amount", |peer, text| {
        peer.channel.sha256(
            text.replace("88.88", "0.01")
                .replace("16.00", "0.01")
                .replace("8.00", "0.01")
                .as_bytes(),
        )
    }),
    ("signature over another number", |peer, text| {
        peer.channel.sha256(text.replace("A1", "A2").as_bytes())
    }),
    ("signature of our own request", |peer, _| {
        peer.shop
            .sha256(b"app_id=2021000000000001&method=alipay.trade.pay")
    }),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in Ask::MONEY {
        for (name, expect, tail) in STRIPPED {
            cases.push(case(*name, ask, expect, move |peer| {
                let text = genuine(ask).text();
                let tail = tail(peer, ask, &text);
                reply(format!(r#"{{"{}":{text}{tail}}}"#, node(ask)))
            }));
        }
        for (name, bytes) in WRONG {
            let expect = "forged: the signature is wrong";
            cases.push(case(*name, ask, expect, move |peer| {
                let text = genuine(ask).text();
                super::framed(node(ask), &text, &bytes(peer, &text))
            }));
            // The same, with a word for the algorithm in the frame: it is nobody's business but ours.
            for kind in ["RSA", "MD5", "HMAC", "none", "SM2"] {
                if !name.starts_with("algorithm") || ask != Ask::Charge {
                    continue;
                }
                cases.push(case(
                    format!("{name}, said to be {kind}"),
                    ask,
                    expect,
                    move |peer| {
                        let text = genuine(ask).text();
                        let sign = STANDARD.encode(bytes(peer, &text));
                        let node = node(ask);
                        reply(format!(
                            r#"{{"{node}":{text},"sign_type":"{kind}","sign":"{sign}"}}"#
                        ))
                    },
                ));
            }
        }
    }
    cases
}
