//! Asking for a bill and fetching it: what is sent where, and what the answers mean.

use crate::support::bills;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paydesk_channels::{
    AccountSettings, BillAnswer, BillDigest, BillLink, Cx, Operation, WireRequest, alipay, by_id,
    wechatpay,
};
use paydesk_domain::{BillKind, ChannelDay, NotSent, Outcome, Timestamp};
use paydesk_signing::{AccountKeys, KeyId, Peer, PrivateKey, PublicKey, WireReply};
use serde_json::Value;
use std::path::PathBuf;

const NOW: Timestamp = Timestamp(1_795_227_862_000);
const DAY: ChannelDay = ChannelDay(20_261_120);

struct Shop {
    id: &'static str,
    keys: AccountKeys,
    settings: AccountSettings,
    ours: PrivateKey,
    theirs: PrivateKey,
}

fn recorded(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/fixtures/vectors")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn shop(id: &'static str) -> Shop {
    let (file, private, theirs, private_key) = match id {
        "alipay" => (
            "alipay_sdk_recorded.json",
            "app_private_pkcs1_b64",
            "alipay_gateway_public_spki_b64",
            "alipay_gateway_private_pkcs8_b64",
        ),
        _ => (
            "wechatpay_sdk_recorded.json",
            "merchant_private_pkcs8_pem",
            "platform_public_pem",
            "platform_private_pkcs8_pem",
        ),
    };
    let recorded = recorded(file);
    let key = |name: &str| recorded["keys"][name].as_str().unwrap().to_owned();
    let builder = AccountKeys::builder()
        .private_key(key(private).as_bytes())
        .unwrap();
    let keys = if id == "alipay" {
        builder.trust_unnamed(key(theirs).as_bytes()).unwrap()
    } else {
        let serial = KeyId("PUB_KEY_ID_1".to_owned());
        builder
            .signing_id("AB12")
            .trust(serial.clone(), key(theirs).as_bytes())
            .unwrap()
            .answers_with(serial)
            .unwrap()
    };
    let fields: &[(&str, &str)] = match id {
        "alipay" => &[("app_id", "2021000000000001")],
        _ => &[("appid", "wx1"), ("mchid", "1900000001")],
    };
    Shop {
        id,
        keys: keys.build(),
        settings: AccountSettings {
            sandbox: false,
            gateway: by_id(id).unwrap().profile().gateway.to_owned(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        },
        ours: PrivateKey::read(key(private).as_bytes()).unwrap(),
        theirs: PrivateKey::read(key(private_key).as_bytes()).unwrap(),
    }
}

impl Shop {
    fn cx(&self) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now: NOW,
            nonce: [0xAB; 16],
        }
    }

    fn answer(&self, status: u16, content: &str) -> String {
        let (body, headers) = if self.id == "alipay" {
            let sign = STANDARD.encode(self.theirs.sign(content.as_bytes()).unwrap());
            let node = "alipay_data_dataservice_bill_downloadurl_query_response";
            (format!(r#"{{"{node}":{content},"sign":"{sign}"}}"#), vec![])
        } else {
            let seconds = (NOW.0 / 1000).to_string();
            let text = format!("{seconds}\nn\n{content}\n");
            let sign = STANDARD.encode(self.theirs.sign(text.as_bytes()).unwrap());
            let headers = vec![
                ("Wechatpay-Timestamp".to_owned(), seconds),
                ("Wechatpay-Nonce".to_owned(), "n".to_owned()),
                ("Wechatpay-Serial".to_owned(), "PUB_KEY_ID_1".to_owned()),
                ("Wechatpay-Signature".to_owned(), sign),
            ];
            (content.to_owned(), headers)
        };
        let reply = WireReply {
            status,
            headers,
            body: body.into_bytes(),
            peer: Peer::Unknown,
        };
        let channel = by_id(self.id).unwrap();
        let proof = channel
            .authenticate(Operation::BillLink, reply, &self.cx())
            .unwrap();
        match bills(self.id).decode_link(&proof) {
            Outcome::Done(BillAnswer::Ready(link)) => format!("ready {}", link.url),
            Outcome::Done(BillAnswer::Refused(code)) => format!("refused {code}"),
            Outcome::Done(answer) => format!("{answer:?}"),
            Outcome::Refused(refusal) => format!("no {}", refusal.code),
            Outcome::Unknown(doubt) => format!("unknown {doubt:?}"),
        }
    }

    fn link(&self, kind: BillKind) -> WireRequest {
        bills(self.id).encode_link(DAY, kind, &self.cx()).unwrap()
    }

    fn file(&self, url: &str) -> Result<WireRequest, NotSent> {
        let link = BillLink {
            url: url.to_owned(),
            digest: None,
        };
        bills(self.id).encode_file(&link, &self.cx())
    }
}

fn header<'a>(request: &'a WireRequest, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

#[test]
fn alipay_is_asked_by_a_signed_call() {
    let shop = shop("alipay");
    for (kind, name) in [
        (BillKind::Trade, "trade"),
        (BillKind::FundFlow, "signcustomer"),
    ] {
        let request = shop.link(kind);
        assert_eq!(
            (request.method, request.operation),
            ("POST", Operation::BillLink)
        );
        assert!(
            request
                .url
                .contains("method=alipay.data.dataservice.bill.downloadurl.query")
        );
        let body = String::from_utf8(request.body.clone()).unwrap();
        let body = percent_encoding::percent_decode_str(&body)
            .decode_utf8()
            .unwrap();
        assert_eq!(
            body,
            format!(r#"biz_content={{"bill_type":"{name}","bill_date":"2026-11-20"}}"#)
        );
    }
    let no_day = bills("alipay").encode_link(ChannelDay(20_260_230), BillKind::Trade, &shop.cx());
    assert!(no_day.is_err());
}

#[test]
fn the_recorded_call_for_a_bill_is_built_alike() {
    let recorded = recorded("alipay_sdk_recorded.json");
    let vectors = recorded["vectors"].as_array().unwrap();
    let bill = vectors
        .iter()
        .find(|vector| vector["id"] == "node-bill")
        .unwrap();
    let content: Value =
        serde_json::from_str(bill["decoded_params"]["biz_content"].as_str().unwrap()).unwrap();
    let names: Vec<&String> = content.as_object().unwrap().keys().collect();
    assert_eq!(names, ["bill_date", "bill_type"]);
    assert_eq!(content["bill_type"], "trade");
    // And the recorded answer is understood.
    let shop = shop("alipay");
    let reply = WireReply {
        status: 200,
        headers: vec![],
        body: bill["response_body"].as_str().unwrap().as_bytes().to_vec(),
        peer: Peer::Unknown,
    };
    let proof = alipay::CONNECTOR;
    let proof =
        paydesk_channels::Channel::authenticate(&proof, Operation::BillLink, reply, &shop.cx());
    assert!(matches!(
        bills("alipay").decode_link(&proof.unwrap()),
        Outcome::Done(BillAnswer::Ready(_))
    ));
}

#[test]
fn alipays_answers_are_told_apart() {
    let shop = shop("alipay");
    let no = |code: &str, sub: &str| format!(r#"{{"code":"{code}","msg":"x","sub_code":"{sub}"}}"#);
    for (content, expected) in [
        (
            r#"{"code":"10000","bill_download_url":"http://dwbillcenter.alipay.com/x?a=1"}"#.to_owned(),
            "ready http://dwbillcenter.alipay.com/x?a=1",
        ),
        (
            r#"{"code":"10000","bill_download_url":"http://x/y","bill_file_code":"EMPTY_DATA_WITH_BILL_FILE"}"#.to_owned(),
            "Empty",
        ),
        (r#"{"code":"10000"}"#.to_owned(), "unknown Unreadable"),
        (no("40004", "isp.bill_not_exist"), "NotYet"),
        (no("40004", "BILL_NOT_EXIST"), "NotYet"),
        (no("40004", "NO_BILL_DATA"), "Empty"),
        (no("40004", "isv.invalid_arguments"), "refused isv.invalid_arguments"),
        (no("40004", "BILL_DATE_BEFORE_REGISTRATION"), "refused ACQ.BILL_DATE_BEFORE_REGISTRATION"),
        (no("40006", "isv.insufficient-isv-permissions"), "refused isv.insufficient-isv-permissions"),
        (no("20000", "isp.unknow-error"), "unknown ServerFault { code: \"isp.unknow-error\" }"),
        (r#"{"code":"40006"}"#.to_owned(), "refused 40006"),
        (r#"{"msg":"x"}"#.to_owned(), "unknown Unreadable"),
    ] {
        assert_eq!(shop.answer(200, &content), expected, "{content}");
    }
}

#[test]
fn alipays_file_is_fetched_unsigned_from_its_own_host() {
    let shop = shop("alipay");
    let request = shop
        .file("http://dwbillcenter.alipay.com/downloadBillFile.resource?a=1")
        .unwrap();
    assert_eq!(
        (request.method, request.operation),
        ("GET", Operation::BillFile)
    );
    assert_eq!(
        request.url,
        "https://dwbillcenter.alipay.com/downloadBillFile.resource?a=1"
    );
    assert!(request.headers.iter().all(|(name, _)| name == "User-Agent"));
    for url in ["http://example.com/x", "http://127.0.0.1/x", "x"] {
        assert!(shop.file(url).is_err(), "{url}");
    }
}

#[test]
fn wechat_pay_is_asked_by_a_signed_target() {
    let shop = shop("wechatpay");
    for (kind, target) in [
        (
            BillKind::Trade,
            "/v3/bill/tradebill?bill_date=2026-11-20&bill_type=ALL&tar_type=GZIP",
        ),
        (
            BillKind::FundFlow,
            "/v3/bill/fundflowbill?bill_date=2026-11-20&account_type=BASIC&tar_type=GZIP",
        ),
    ] {
        let request = shop.link(kind);
        assert_eq!(
            (request.method, request.operation),
            ("GET", Operation::BillLink)
        );
        assert_eq!(
            request.url,
            format!("https://api.mch.weixin.qq.com{target}")
        );
        assert!(header(&request, "Authorization").contains("mchid=\"1900000001\""));
    }
}

#[test]
fn wechat_pays_answers_are_told_apart() {
    let shop = shop("wechatpay");
    let digest = "84dd065c5e1a6fd806e04259f0989f3854a09ba1";
    let ready = |kind: &str, digest: &str| {
        format!(
            r#"{{"hash_type":"{kind}","hash_value":"{digest}","download_url":"https://api.mch.weixin.qq.com/v3/billdownload/file?token=t"}}"#
        )
    };
    let no = |code: &str| format!(r#"{{"code":"{code}","message":"x"}}"#);
    for (status, content, expected) in [
        (
            200,
            ready("SHA1", digest),
            "ready https://api.mch.weixin.qq.com/v3/billdownload/file?token=t",
        ),
        (200, ready("MD5", digest), "unknown Unreadable"),
        (200, ready("SHA1", "84dd"), "unknown Unreadable"),
        (200, "{}".to_owned(), "unknown Unreadable"),
        (400, no("NO_STATEMENT_EXIST"), "Empty"),
        (400, no("STATEMENT_CREATING"), "NotYet"),
        (403, no("NO_AUTH"), "refused NO_AUTH"),
        (429, no("FREQUENCY_LIMITED"), "refused FREQUENCY_LIMITED"),
        (
            500,
            no("SYSTEM_ERROR"),
            "unknown ServerFault { code: \"500\" }",
        ),
        (400, "{}".to_owned(), "unknown Unreadable"),
    ] {
        assert_eq!(shop.answer(status, &content), expected, "{content}");
    }
}

#[test]
fn wechat_pays_file_is_fetched_signed_over_path_and_query() {
    let shop = shop("wechatpay");
    let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Bb";
    let request = shop.file(url).unwrap();
    assert_eq!(
        (request.url.as_str(), request.operation),
        (url, Operation::BillFile)
    );
    let said = header(&request, "Authorization");
    let part = |name: &str| {
        let (_, rest) = said.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let text = wechatpay::text_to_sign(
        "GET",
        "/v3/billdownload/file?token=a%2Bb",
        &part("timestamp"),
        &part("nonce_str"),
        "",
    );
    let public: PublicKey = shop.ours.public().unwrap();
    let signature = STANDARD.decode(part("signature")).unwrap();
    assert!(public.verify(text.as_bytes(), &signature).is_ok());
    for url in [
        "https://example.com/v3/billdownload/file?token=a",
        "http://127.0.0.1/x",
        "",
    ] {
        assert!(shop.file(url).is_err(), "{url}");
    }
}

#[test]
fn a_digest_is_part_of_the_link() {
    let shop = shop("wechatpay");
    let reply = format!(
        r#"{{"hash_type":"SHA1","hash_value":"{}","download_url":"https://x/y"}}"#,
        "a".repeat(40)
    );
    let seconds = (NOW.0 / 1000).to_string();
    let text = format!("{seconds}\nn\n{reply}\n");
    let sign = STANDARD.encode(shop.theirs.sign(text.as_bytes()).unwrap());
    let reply = WireReply {
        status: 200,
        headers: vec![
            ("Wechatpay-Timestamp".to_owned(), seconds),
            ("Wechatpay-Nonce".to_owned(), "n".to_owned()),
            ("Wechatpay-Serial".to_owned(), "PUB_KEY_ID_1".to_owned()),
            ("Wechatpay-Signature".to_owned(), sign),
        ],
        body: reply.into_bytes(),
        peer: Peer::Unknown,
    };
    let channel = by_id("wechatpay").unwrap();
    let proof = channel
        .authenticate(Operation::BillLink, reply, &shop.cx())
        .unwrap();
    let Outcome::Done(BillAnswer::Ready(link)) = bills("wechatpay").decode_link(&proof) else {
        panic!("no link");
    };
    assert_eq!(link.digest, Some(BillDigest::Sha1("a".repeat(40))));
}
