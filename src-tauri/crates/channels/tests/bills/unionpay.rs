//! UnionPay's settlement files: how they are packed and asked for, every field by its place, every damage named.
//! No file of the real channel is published: these are written from the layout alone, by its offsets.

use crate::support::zipped;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use paydesk_channels::{
    AccountSettings, BillAnswer, BillDigest, BillFault, BillLink, BillText, Bills, Channel as _,
    Cx, Operation, Span, unionpay,
};
use paydesk_domain::{BillKind, BillLine, ChannelDay, Doubt, NotSent, Outcome, Timestamp, Totals};
use paydesk_signing::{Authentic, Keys as _, Peer, TagKeys, WireReply, sha256_hex};
use std::io::{Cursor, Write as _};

/// 2026-11-21 10:24:22 in China.
const NOW: Timestamp = Timestamp(1_795_227_862_000);
const DAY: ChannelDay = ChannelDay(20_261_121);
const NAME: &str = "INN26112188ZM_777290058167151.txt";

fn bills() -> &'static dyn Bills {
    static CONNECTOR: unionpay::UnionPay = unionpay::CONNECTOR;
    CONNECTOR.bills().unwrap()
}

fn account() -> AccountSettings {
    AccountSettings {
        sandbox: false,
        gateway: "https://gateway.95516.com".to_owned(),
        fields: [("merId".to_owned(), "777290058167151".to_owned())].into(),
    }
}

/// One line of the detail by the offsets of the layout.
fn line(fields: &[(usize, &str)]) -> Vec<u8> {
    let common = [
        (0, "S22"),
        (4, "00012900"),
        (16, "00012900"),
        (28, "674028"),
        (35, "1121102423"),
        (46, "621626*********0018"),
        (66, "000000008888"),
        (79, "5411"),
        (84, "07"),
        (87, "782611211024226740281"),
        (112, "TA2B3061L000007XA1"),
        (166, "D000000000053"),
        (180, "C000000008835"),
        (215, "01"),
        (218, "06"),
        (221, "000000"),
        (293, "777290058167151"),
    ];
    let mut bytes = vec![b' '; 607];
    for (at, value) in common.iter().chain(fields) {
        bytes[*at..*at + value.len()].copy_from_slice(value.as_bytes());
    }
    bytes
}

fn file(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut file = lines.join(b"\r\n".as_slice());
    file.extend_from_slice(b"\r\n");
    file
}

fn whole() -> Vec<u8> {
    let gbk = encoding_rs::GBK.encode("门店一号").0.into_owned();
    let mut named = line(&[]);
    named[327..327 + gbk.len()].copy_from_slice(&gbk);
    file(&[
        named,
        line(&[
            (35, "1121102500"),
            (66, "000000000800"),
            (87, "782611211025006740283"),
            (112, "TA2B3061L000007XA1R1"),
            (166, "C000000000005"),
            (180, "D000000000795"),
            (215, "04"),
            (271, "782611211024226740281"),
            (476, "TA2B3061L000007XA1"),
        ]),
        // Of the last hour of the day before, which is this day to the channel.
        line(&[
            (35, "1120231500"),
            (87, "782611202315006740284"),
            (112, "TA2B3061L000008XA1"),
            (66, "000000000100"),
            (166, "D000000000000"),
        ]),
        line(&[
            (35, "1120231600"),
            (87, "782611202316006740285"),
            (112, "TA2B3061L000008XA1U1"),
            (66, "000000000100"),
            (166, "C000000000000"),
            (215, "31"),
            (271, "782611202315006740284"),
            (476, "TA2B3061L000008XA1"),
        ]),
    ])
}

/// As the channel packs it: the detail, the errors and the summary in a zip.
fn archive(detail: &[u8]) -> Vec<u8> {
    zipped(&[
        ("RNM26112188_777290058167151.txt", b"summary"),
        ("INN26112188ZME_777290058167151.txt", b""),
        (NAME, detail),
    ])
}

/// A field of an answer: base64 of zlib of the zip.
fn content(zip: &[u8]) -> String {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
    writer.write_all(zip).unwrap();
    STANDARD.encode(writer.finish().unwrap())
}

fn body(zip: &[u8]) -> Vec<u8> {
    let file = content(zip);
    format!("fileContent={file}&fileName=777290058167151_20261121.zip&respCode=00&txnType=76")
        .into_bytes()
}

/// The answer with stand-in keys: their certificate is their name.
fn proof(fields: &[(&str, &str)]) -> Authentic {
    let keys = TagKeys::new("bills");
    let name = keys.peer_id().unwrap().0;
    let mut all = vec![
        ("merId", "777290058167151"),
        ("signMethod", "01"),
        ("signPubKeyCert", name.as_str()),
        ("txnType", "76"),
        ("version", "5.1.0"),
    ];
    all.extend(fields);
    all.sort_unstable();
    let text: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let digest = sha256_hex(text.join("&").as_bytes());
    let signature = STANDARD.encode(keys.sign_as_peer(digest.as_bytes()));
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: format!("{}&signature={signature}", text.join("&")).into_bytes(),
        peer: Peer::Unknown,
    };
    let account = account();
    let cx = Cx {
        keys: &keys,
        account: &account,
        now: NOW,
        nonce: [0; 16],
    };
    unionpay::CONNECTOR
        .authenticate(Operation::BillFile, reply, &cx)
        .unwrap()
}

fn read(text: &BillText) -> Result<(Vec<BillLine>, Totals), BillFault> {
    let mut lines = Vec::new();
    let totals = bills().read(text, &account(), &mut |line| lines.push(line))?;
    Ok((lines, totals))
}

fn opened(file: &[u8]) -> Result<(BillText, Vec<BillLine>, Totals), BillFault> {
    let text = bills().open(file, None)?;
    let (lines, totals) = read(&text)?;
    Ok((text, lines, totals))
}

#[test]
fn every_field_is_found_by_its_place() {
    let (text, lines, totals) = opened(&whole()).unwrap();
    assert_eq!((text.kind, text.day), (BillKind::Trade, Some(DAY)));
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                "{} {:?} {}/{} {} {} fee {} at {}",
                line.row,
                line.kind,
                line.payment,
                line.refund,
                line.transaction,
                line.amount.minor(),
                line.fee.minor(),
                line.at.0
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "1 Payment TA2B3061L000007XA1/ 782611211024226740281 8888 fee 53 at 1795227863000",
            "2 Refund TA2B3061L000007XA1/TA2B3061L000007XA1R1 782611211024226740281 800 fee -5 at 1795227900000",
            "3 Payment TA2B3061L000008XA1/ 782611202315006740284 100 fee 0 at 1795187700000",
            "4 Refund TA2B3061L000008XA1/ 782611202315006740284 100 fee 0 at 1795187760000",
        ]
    );
    assert_eq!((totals.payments, totals.paid.minor()), (2, 8988));
    assert_eq!((totals.refunds, totals.refunded.minor()), (2, 900));
    assert_eq!(totals.fee.minor(), 48);
}

#[test]
fn a_file_is_the_same_however_it_is_packed() {
    let (plain, lines, totals) = opened(&whole()).unwrap();
    let zip = archive(&whole());
    let link = BillLink {
        url: "https://filedownload.95516.com/?settleDate=20261121".to_owned(),
        digest: Some(BillDigest::Content(plain.content_sha256.clone())),
    };
    for packed in [zip.clone(), body(&zip), whole()] {
        let text = bills().open(&packed, Some(&link)).unwrap();
        assert_eq!(text.content_sha256, plain.content_sha256);
        assert_eq!(text.day, Some(DAY));
        assert_eq!(read(&text).unwrap(), (lines.clone(), totals));
        let mut spans = Vec::new();
        let end = bills()
            .stream(
                &mut Cursor::new(packed.as_slice()),
                Some(&link),
                &account(),
                &mut |brief| {
                    spans.push(Span {
                        row: brief.row,
                        offset: brief.offset,
                        lines: 1,
                    });
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!((end.day, end.totals), (Some(DAY), totals));
        assert_eq!(end.content_sha256, plain.content_sha256);
        let mut again = Vec::new();
        bills()
            .lines_at(
                &mut Cursor::new(packed.as_slice()),
                &mut spans.into_iter(),
                &mut |line| {
                    again.push(line);
                },
            )
            .unwrap();
        assert_eq!(again, lines);
        let other = BillLink {
            digest: Some(BillDigest::Content("0".repeat(64))),
            ..link.clone()
        };
        assert_eq!(
            bills().open(&packed, Some(&other)).unwrap_err(),
            BillFault::Digest
        );
        let streamed = bills().stream(
            &mut Cursor::new(packed.as_slice()),
            Some(&other),
            &account(),
            &mut |_| Ok(()),
        );
        assert_eq!(streamed.unwrap_err(), BillFault::Digest);
    }
}

#[test]
fn every_damage_is_named() {
    let fault = |file: &[u8]| opened(file).err();
    let cell = |row: u64, column: &str| {
        Some(BillFault::Cell {
            row,
            column: column.to_owned(),
        })
    };
    let second = |fields: &[(usize, &str)]| fault(&file(&[line(&[]), line(fields), line(&[])]));
    assert_eq!(second(&[]), None);
    assert_eq!(second(&[(66, "00000000888x")]), cell(2, "交易金额"));
    assert_eq!(second(&[(66, "      008888")]), cell(2, "交易金额"));
    assert_eq!(second(&[(166, "0000000000053")]), cell(2, "商户手续费"));
    assert_eq!(second(&[(166, "E000000000053")]), cell(2, "商户手续费"));
    assert_eq!(second(&[(35, "1321102423")]), cell(2, "交易传输时间"));
    assert_eq!(second(&[(215, "02")]), cell(2, "交易类型"));
    assert_eq!(
        second(&[(112, "                                ")]),
        cell(2, "商户订单号")
    );
    assert_eq!(
        second(&[(87, "                     ")]),
        cell(2, "交易查询流水号")
    );
    assert_eq!(second(&[(3, "x")]), cell(2, "字段宽度"));
    assert_eq!(
        second(&[(293, "777290058167152")]),
        Some(BillFault::WrongMerchant)
    );
    let mut foreign = line(&[]);
    foreign[112] = 0xc3;
    assert_eq!(fault(&file(&[line(&[]), foreign])), cell(2, "商户订单号"));

    let whole = whole();
    assert_eq!(
        fault(&whole[..whole.len() - 100]),
        Some(BillFault::Truncated)
    );
    assert_eq!(fault(&whole[..1300]), Some(BillFault::Truncated));
    assert_eq!(fault(b"hello\r\n"), Some(BillFault::WrongChannel));
    assert_eq!(fault(&vec![b'0'; 339]), Some(BillFault::WrongKind));
    let mut longer = line(&[]);
    longer.push(b'0');
    assert_eq!(
        fault(&file(&[line(&[]), longer, line(&[])])),
        cell(2, "字段宽度")
    );
    let wide = file(&[vec![b' '; 608]]);
    assert_eq!(fault(&wide), None, "a line of blanks is no line");
    assert_eq!(
        fault(&file(&[vec![b'0'; 608]])),
        Some(BillFault::WrongChannel)
    );
}

#[test]
fn archives_that_are_no_file_of_the_channel_are_refused() {
    let fault = |file: &[u8]| opened(file).err();
    let two = zipped(&[
        (NAME, &whole()),
        ("INN26112189ZM_777290058167151.txt", &whole()),
    ]);
    assert_eq!(fault(&two), Some(BillFault::Several));
    let none = zipped(&[("a.txt", b"a"), ("b.txt", b"b")]);
    assert_eq!(fault(&none), Some(BillFault::WrongChannel));
    let answer =
        |content: &str| format!("respCode=00&fileName=a_20261121.zip&fileContent={content}");
    let damaged = Some(BillFault::Archive("it is damaged"));
    assert_eq!(fault(answer("?").as_bytes()), damaged);
    assert_eq!(fault(answer("AAAA").as_bytes()), damaged);
    assert_eq!(
        fault(b"respCode=00&fileName=a_20261121.zip"),
        Some(BillFault::WrongChannel)
    );
    let bomb = content(&vec![0; (64 << 20) + 1]);
    assert_eq!(fault(answer(&bomb).as_bytes()), Some(BillFault::Bomb));
    // A day without trades is an empty detail.
    let text = bills().open(&body(&archive(b"")), None).unwrap();
    assert_eq!(text.day, Some(DAY));
    assert_eq!(read(&text).unwrap().0, []);
}

#[test]
fn the_year_comes_with_the_file_or_from_the_line() {
    let new_year = file(&[line(&[(35, "1231231500"), (87, "782612312315006740284")])]);
    let link = |day: &str| BillLink {
        url: format!("https://filedownload.95516.com/?settleDate={day}"),
        digest: None,
    };
    let at = |link: Option<&BillLink>| {
        let text = bills().open(&new_year, link).unwrap();
        (text.day, read(&text).unwrap().0[0].at)
    };
    let day = Some(ChannelDay(20_270_101));
    assert_eq!(at(None), (day, Timestamp(1_798_730_100_000)));
    assert_eq!(
        at(Some(&link("20270101"))),
        (day, Timestamp(1_798_730_100_000))
    );
}

#[test]
fn the_file_comes_with_the_answer_and_is_asked_for_again() {
    let decode = |fields: &[(&str, &str)]| bills().decode_link(&proof(fields));
    let zip = archive(&whole());
    let file = content(&zip);
    let ready = [
        ("respCode", "00"),
        ("fileName", "777290058167151_20261121.zip"),
        ("fileContent", file.as_str()),
    ];
    let Outcome::Done(BillAnswer::Ready(link)) = decode(&ready) else {
        panic!()
    };
    let plain = bills().open(&whole(), None).unwrap();
    assert_eq!(link.digest, Some(BillDigest::Content(plain.content_sha256)));
    let keys = TagKeys::new("bills");
    let asked = |gateway: &str| {
        let account = AccountSettings {
            gateway: gateway.to_owned(),
            ..account()
        };
        let cx = Cx {
            keys: &keys,
            account: &account,
            now: NOW,
            nonce: [0; 16],
        };
        let first = bills().encode_link(DAY, BillKind::Trade, &cx).unwrap();
        let again = bills().encode_file(&link, &cx).unwrap();
        assert!(first.url == again.url && first.body == again.body);
        assert_eq!(first.operation, Operation::BillFile);
        assert!(bills().encode_link(DAY, BillKind::FundFlow, &cx).is_err());
        let nowhere = BillLink {
            url: "https://filedownload.95516.com/".to_owned(),
            digest: None,
        };
        assert!(matches!(
            bills().encode_file(&nowhere, &cx),
            Err(NotSent::Unsendable { .. })
        ));
        (first.url, String::from_utf8(first.body).unwrap())
    };
    let (url, body) = asked("https://gateway.95516.com");
    assert_eq!(url, "https://filedownload.95516.com/");
    for part in [
        "settleDate=1121&",
        "fileType=00&",
        "txnType=76&",
        "txnSubType=01&",
        "txnTime=20261121102422&",
    ] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(
        asked("https://gateway.test.95516.com").0,
        "https://filedownload.test.95516.com/"
    );
    assert_eq!(
        asked("http://127.0.0.1:4040/up").0,
        "http://127.0.0.1:4040/up/"
    );

    assert_eq!(
        decode(&[("respCode", "98")]),
        Outcome::Done(BillAnswer::Absent)
    );
    assert_eq!(
        decode(&[("respCode", "41")]),
        Outcome::Done(BillAnswer::NotYet)
    );
    let refused = BillAnswer::Refused("32".to_owned());
    assert_eq!(decode(&[("respCode", "32")]), Outcome::Done(refused));
    for open in ["06", "99", "ZZ"] {
        let doubt = Doubt::ServerFault {
            code: open.to_owned(),
        };
        assert_eq!(decode(&[("respCode", open)]), Outcome::Unknown(doubt));
    }
    let unreadable = Outcome::Unknown(Doubt::Unreadable);
    assert_eq!(decode(&ready[..2]), unreadable);
    assert_eq!(
        decode(&[ready[0], ready[2], ("fileName", "777290058167151.zip")]),
        unreadable
    );
    assert_eq!(decode(&[]), unreadable);
    assert_eq!(bills().kinds(), [BillKind::Trade]);
    let none = bills().read_flow(
        &bills().open(&whole(), None).unwrap(),
        &account(),
        &mut |_| {},
    );
    assert_eq!(none.unwrap_err(), BillFault::WrongKind);
}
