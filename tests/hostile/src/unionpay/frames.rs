//! The form, spoilt after UnionPay signed it: fields doubled, hidden in others or escaped, bytes around it, bodies that
//! were never a form, another status, and what stands in the headers.

use super::{MALFORMED, MONEY, NO_SIGNATURE, Sheet, WRONG, genuine, reply, signed};
use crate::{
    case::{Case, case},
    json::{gzip, not_json},
    peer::{Ask, Peer},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_signing::WireReply;

type Change = fn(&Peer, Sheet) -> Sheet;
type Spoil = fn(Vec<u8>) -> Vec<u8>;
type Body = fn() -> Vec<u8>;

/// A genuine answer that pays nothing, and the paid word put into it.
const SMUGGLED: &[(&str, &str, Change)] = &[
    (
        "paid in front of the word that was signed",
        MALFORMED,
        |_, s| s.in_front("origRespCode", "00"),
    ),
    ("paid behind the word that was signed", MALFORMED, |_, s| {
        s.and("origRespCode", "00")
    }),
    ("paid instead of the word that was signed", WRONG, |_, s| {
        s.set("origRespCode", "00")
    }),
    ("paid under a name in capitals", WRONG, |_, s| {
        s.without("origRespCode").set("ORIGRESPCODE", "00")
    }),
    ("paid under a name in escapes", MALFORMED, |_, s| {
        s.and("orig%52espCode", "00")
    }),
    ("paid under a name with a blank", MALFORMED, |_, s| {
        s.and("origRespCode ", "00")
    }),
    ("paid under a name with a tab", MALFORMED, |_, s| {
        s.and("\torigRespCode", "00")
    }),
    (
        "paid under a name with a line in front",
        MALFORMED,
        |_, s| s.and("\r\norigRespCode", "00"),
    ),
    ("paid under a name with a NUL", MALFORMED, |_, s| {
        s.and("origRespCode\0", "00")
    }),
    ("paid under a name with a BOM", MALFORMED, |_, s| {
        s.and("\u{feff}origRespCode", "00")
    }),
    ("paid under a name of wide letters", MALFORMED, |_, s| {
        s.and("ｏｒｉｇRespCode", "00")
    }),
    ("paid under a name in brackets", MALFORMED, |_, s| {
        s.and("origRespCode[]", "00")
    }),
    ("paid as a list", MALFORMED, |_, s| {
        s.and("origRespCode[0]", "00").and("origRespCode[1]", "03")
    }),
    ("paid inside of a group", WRONG, |_, s| {
        s.and("reserved", "{origRespCode=00&respCode=00}")
    }),
    ("paid inside of a value", MALFORMED, |_, s| {
        s.set("respMsg", "成功&origRespCode=00")
    }),
    (
        "the word that was signed hidden in a group",
        WRONG,
        |_, s| s.set("origRespCode", "{03}").and("a", "00"),
    ),
    ("the word that was signed emptied", WRONG, |_, s| {
        s.set("origRespCode", "")
    }),
    ("the word that was signed taken away", WRONG, |_, s| {
        s.without("origRespCode")
    }),
    ("an empty word in front of it", MALFORMED, |_, s| {
        s.in_front("origRespCode", "")
    }),
    ("a field more", WRONG, |_, s| s.and("zzz", "1")),
    ("a field less", WRONG, |_, s| s.without("queryId")),
    ("two values swapped", WRONG, |_, s| {
        s.set("traceNo", "1121").set("settleDate", "674028")
    }),
    ("two fields made one by braces", "forged:", |_, s| {
        let joined = format!("{{{}&currencyCode=156}}", s.get("bizType"));
        s.without("currencyCode").set("bizType", &joined)
    }),
    ("a blank behind a value", WRONG, |_, s| {
        s.set("txnAmt", "8888 ")
    }),
    ("a value percent-encoded", WRONG, |_, s| {
        s.set("respCode", "%30%30")
    }),
    ("a name of nothing", MALFORMED, |_, s| s.and("", "00")),
    ("a name without a value", MALFORMED, |_, s| {
        s.in_front("x", "1&origRespCode")
    }),
    ("a name of seventy letters", MALFORMED, |_, s| {
        s.and(&"n".repeat(70), "00")
    }),
    ("a name in Chinese", MALFORMED, |_, s| s.and("应答码", "00")),
];

/// The whole of a paid body, spoilt on the way.
const SPOILT: &[(&str, Spoil)] = &[
    ("form behind a BOM", |b| around("\u{feff}", b, "")),
    ("form behind a blank", |b| around(" ", b, "")),
    ("form behind a line", |b| around("\r\n", b, "")),
    ("form behind a separator", |b| around("&", b, "")),
    ("form behind a question mark", |b| around("?", b, "")),
    ("form behind an empty pair", |b| around("=&", b, "")),
    ("form twice", |b| {
        let again = b.clone();
        [b, b"&".to_vec(), again].concat()
    }),
    ("form and a separator", |b| around("", b, "&")),
    ("form and two separators", |b| around("", b, "&&")),
    ("form and an equals sign", |b| around("", b, "=")),
    ("form and a NUL", |b| around("", b, "\0")),
    ("form and a line", |b| around("", b, "\r\n")),
    ("form and a brace", |b| around("", b, "}")),
    ("form and an open brace", |b| around("", b, "&a={")),
    ("form and a bracket closed by a brace", |b| {
        around("", b, "&a=[}")
    }),
    ("form and a fragment", |b| around("", b, "#ok")),
    ("form and a word more", |b| around("", b, "&ok")),
    ("form and two hundred fields", |b| {
        let more: String = (0..200).map(|n| format!("&f{n}=1")).collect();
        around("", b, &more)
    }),
    ("form in braces", |b| around("{", b, "}")),
    ("form in brackets", |b| around("[", b, "]")),
    ("form in quotes", |b| around("\"", b, "\"")),
    ("form in base64", |b| STANDARD.encode(b).into_bytes()),
    ("form with semicolons", |b| swapped(b, "&", ";")),
    ("form with lines", |b| swapped(b, "&", "\n")),
    ("form with colons", |b| swapped(b, "=", ":")),
    ("form with the separator escaped", |b| {
        swapped(b, "&", "%26")
    }),
    ("form with the separator of a page", |b| {
        swapped(b, "&", "&amp;")
    }),
    ("form percent-encoded", |b| {
        let text: String = b.iter().map(|byte| format!("%{byte:02X}")).collect();
        text.into_bytes()
    }),
    ("form with its values percent-encoded", |b| {
        swapped(swapped(b, "+", "%2B"), "\r\n", "%0D%0A")
    }),
    ("form with blanks for plus signs", |b| swapped(b, "+", " ")),
    ("form with other line ends", |b| swapped(b, "\r\n", "\n")),
    ("form without its last byte", |mut b| {
        b.pop();
        b
    }),
    ("form without its first byte", |b| b[1..].to_vec()),
    ("form cut in the middle", |mut b| {
        b.truncate(b.len() / 2);
        b
    }),
    ("form cut before the signature ends", |mut b| {
        b.truncate(b.len() - 40);
        b
    }),
    ("form in UTF-16", |b| {
        let text = String::from_utf8_lossy(&b);
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    ("form in GBK", |b| {
        let text = String::from_utf8_lossy(&b);
        encoding_rs::GBK.encode(&text).0.into_owned()
    }),
    ("form packed by gzip", |b| gzip(&b)),
    ("form with a byte that is no UTF-8", |mut b| {
        b.insert(0, 0xff);
        b
    }),
    ("form with an overlong slash", |b| {
        [b"a=\xc0\xaf&".to_vec(), b].concat()
    }),
    ("form of a megabyte and a byte", |b| {
        let long = "x".repeat((1 << 20) + 1 - b.len());
        around("a=", b, &format!("&b={long}"))
    }),
    ("form in front of another form's head", |b| {
        around("", b, "&HTTP/1.1 200 OK\r\n\r\norigRespCode=00")
    }),
    ("form as JSON", |b| {
        let text = String::from_utf8_lossy(&b);
        let members: Vec<String> = text
            .split('&')
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| format!("{name:?}:{value:?}"))
            .collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    }),
];

fn around(before: &str, bytes: Vec<u8>, after: &str) -> Vec<u8> {
    [before.as_bytes(), &bytes, after.as_bytes()].concat()
}

fn swapped(bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(&bytes)
        .replace(from, to)
        .into_bytes()
}

/// Bodies that were never a form.
fn never() -> Vec<(&'static str, Body)> {
    let mut all = not_json();
    let forms: [(&'static str, Body); 10] = [
        ("ten thousand separators", || vec![b'&'; 10_000]),
        ("a million separators", || vec![b'&'; 1_000_000]),
        ("a million equals signs", || vec![b'='; 1_000_000]),
        ("braces half a million deep", || {
            ["a=", &"{".repeat(500_000), &"}".repeat(500_000)]
                .concat()
                .into_bytes()
        }),
        ("braces and brackets that cross", || b"a={[}]".to_vec()),
        ("a group without an end", || b"a={b=1&c=2".to_vec()),
        ("a hundred thousand fields", || {
            let all: Vec<String> = (0..100_000).map(|n| format!("f{n}=1")).collect();
            all.join("&").into_bytes()
        }),
        ("a paid form without a signature", || {
            b"version=5.1.0&signMethod=01&respCode=00&origRespCode=00".to_vec()
        }),
        ("a refusal without a signature", || {
            "version=5.1.0&respCode=11&respMsg=验证签名失败[9100004]"
                .as_bytes()
                .to_vec()
        }),
        ("the word respCode", || b"respCode".to_vec()),
    ];
    all.extend(forms);
    all
}

/// What stands in the headers is nobody's word, whatever it is.
const HEADERS: [(&str, &str); 6] = [
    ("signature", "AAAA"),
    ("origRespCode", "00"),
    ("X-Original-Status", "200"),
    ("Content-Encoding", "gzip"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "4"),
];

fn running(peer: &Peer, ask: Ask) -> Sheet {
    genuine(peer, ask).set("origRespCode", "05").signed(peer)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in MONEY {
        for (name, expect, change) in SMUGGLED {
            cases.push(case(*name, ask, expect, move |peer| {
                reply(change(peer, running(peer, ask)).raw())
            }));
        }
        for (name, spoil) in SPOILT {
            cases.push(case(*name, ask, "forged:", move |peer| {
                let mut whole = signed(peer, genuine(peer, ask));
                whole.body = spoil(whole.body);
                whole
            }));
        }
    }
    for (name, body) in never() {
        cases.push(case(name, Ask::Query, "forged:", move |_| reply(body())));
    }
    for status in [
        100, 101, 103, 201, 202, 203, 204, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400,
        401, 403, 404, 407, 418, 429, 451, 500, 501, 502, 503, 504, 511, 599,
    ] {
        cases.push(case(
            format!("a paid answer with the status {status}"),
            Ask::Query,
            MALFORMED,
            move |peer| WireReply {
                status,
                ..signed(peer, genuine(peer, Ask::Query))
            },
        ));
    }
    for (name, value) in HEADERS {
        cases.push(case(
            format!("a header {name} beside an answer that pays nothing"),
            Ask::Query,
            "awaiting",
            move |peer| {
                let mut reply = reply(running(peer, Ask::Query).raw());
                reply.headers.push((name.to_owned(), value.to_owned()));
                reply
            },
        ));
        cases.push(case(
            format!("a header {name} beside a paid answer without a signature"),
            Ask::Query,
            NO_SIGNATURE,
            move |peer| {
                let good = genuine(peer, Ask::Query).signed(peer);
                let value = match name {
                    "signature" => good.get("signature").to_owned(),
                    _ => value.to_owned(),
                };
                let mut reply = reply(good.without("signature").raw());
                reply.headers.push((name.to_owned(), value));
                reply
            },
        ));
    }
    cases
}
