//! Bodies that are no answer, and the ways to spoil one: for both channels alike.

use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;

type Spoil = fn(Vec<u8>) -> Vec<u8>;
type Body = fn() -> Vec<u8>;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn wide(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn around(before: &str, bytes: Vec<u8>, after: &str) -> Vec<u8> {
    [before.as_bytes(), &bytes, after.as_bytes()].concat()
}

/// A whole body, spoilt on the way.
pub(crate) fn broken() -> Vec<(&'static str, Spoil)> {
    vec![
        ("body behind a BOM", |b| around("\u{feff}", b, "")),
        ("body twice", |b| [b.clone(), b].concat()),
        ("body and a brace", |b| around("", b, "}")),
        ("body and a comma", |b| around("", b, ",")),
        ("body and a NUL", |b| around("", b, "\0")),
        ("body and a comment", |b| around("", b, "// ok")),
        ("body behind a comment", |b| around("/* ok */", b, "")),
        ("body behind a guard", |b| around(")]}',\n", b, "")),
        ("body in a call", |b| around("callback(", b, ")")),
        ("body in a list", |b| around("[", b, "]")),
        ("body in quotes", |b| {
            let text = String::from_utf8_lossy(&b).replace('"', "\\\"");
            format!("\"{text}\"").into_bytes()
        }),
        ("body with a comma too many", |mut b| {
            b.pop();
            around("", b, ",}")
        }),
        ("body in single quotes", |b| {
            String::from_utf8_lossy(&b).replace('"', "'").into_bytes()
        }),
        ("body without its last byte", |mut b| {
            b.pop();
            b
        }),
        ("body without its first byte", |b| {
            b.get(1..).unwrap_or_default().to_vec()
        }),
        ("body cut in the middle", |mut b| {
            b.truncate(b.len() / 2);
            b
        }),
        ("body cut before the signature ends", |mut b| {
            b.truncate(b.len().saturating_sub(40));
            b
        }),
        ("body with a form feed", |b| around("\u{c}", b, "")),
        ("body with a blank that is none", |b| {
            around("\u{a0}", b, "")
        }),
        ("body in UTF-16", |b| wide(&b)),
        ("body in base64", |b| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD
                .encode(b)
                .into_bytes()
        }),
        ("body packed by gzip", |b| gzip(&b)),
        ("body packed by deflate", |b| deflate(&b)),
        ("body with a byte that is no UTF-8", |mut b| {
            if let Some(at) = b.iter().position(|byte| *byte == b'S') {
                b.insert(at, 0xff);
            }
            b
        }),
        ("body with an overlong slash", |mut b| {
            if let Some(at) = b.iter().position(|byte| *byte == b'S') {
                b.splice(at..at, [0xc0, 0xaf]);
            }
            b
        }),
        ("body with a raw line break in a text", |b| {
            String::from_utf8_lossy(&b)
                .replacen("out_trade_no", "out_\ntrade_no", 1)
                .into_bytes()
        }),
        ("body with a lone surrogate", |b| {
            String::from_utf8_lossy(&b)
                .replacen("out_trade_no", "out_\\ud800trade_no", 1)
                .into_bytes()
        }),
        ("body with an escape that is none", |b| {
            String::from_utf8_lossy(&b)
                .replacen("out_trade_no", "out_\\xtrade_no", 1)
                .into_bytes()
        }),
        ("body of a megabyte and a byte", |b| {
            let blanks = " ".repeat((1 << 20) + 1 - b.len());
            around(&blanks, b, "")
        }),
    ]
}

fn names(count: u32) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|n| format!("\"{n:x}\":0")).collect();
    format!("{{{}}}", names.join(",")).into_bytes()
}

/// Bodies that were never an answer.
pub(crate) fn not_json() -> Vec<(&'static str, Body)> {
    vec![
        ("nothing", Vec::new),
        ("a blank", || b" ".to_vec()),
        ("a NUL", || vec![0]),
        ("the word success", || b"success".to_vec()),
        ("the word true", || b"true".to_vec()),
        ("null", || b"null".to_vec()),
        ("an empty object", || b"{}".to_vec()),
        ("an empty list", || b"[]".to_vec()),
        ("a number", || b"10000".to_vec()),
        ("a number that is none", || b"NaN".to_vec()),
        ("a number of a million digits", || vec![b'9'; 1_000_000]),
        ("a text of a million letters", || {
            [b"\"".to_vec(), vec![b'a'; 1_000_000], b"\"".to_vec()].concat()
        }),
        ("a text that never ends", || {
            [b"\"".to_vec(), vec![b'\\'; 1_000_000]].concat()
        }),
        ("lists a million deep", || vec![b'['; 1_000_000]),
        ("lists 34 deep", || {
            ["[".repeat(34), "]".repeat(34)].concat().into_bytes()
        }),
        ("objects two hundred thousand deep", || {
            "{\"a\":".repeat(200_000).into_bytes()
        }),
        ("a hundred thousand names", || names(100_000)),
        ("three hundred names", || names(300)),
        ("two hundred thousand empty lists", || {
            format!("[{}[]]", "[],".repeat(200_000)).into_bytes()
        }),
        ("a portal's page", || {
            b"<!DOCTYPE html><html><title>Sign in</title><body>10000 Success</body></html>".to_vec()
        }),
        ("an XML answer", || {
            b"<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code></xml>"
                .to_vec()
        }),
        ("an XML bomb", || {
            b"<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><xml>&b;</xml>".to_vec()
        }),
        ("a form", || {
            b"code=10000&trade_status=TRADE_SUCCESS&sign=AAAA".to_vec()
        }),
        ("a gzip bomb", || gzip(&vec![b' '; 32 << 20])),
        ("a picture", || b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("four megabytes of noise", || {
            let mut state = 7_u32;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            };
            (0..4 << 20).map(|_| next()).collect()
        }),
    ]
}
