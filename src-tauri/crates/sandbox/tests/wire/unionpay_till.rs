//! A till of UnionPay for tests: signs forms, reads raw answers, believes a certificate only under its chain.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::Offset;
use paydesk_sandbox::{Behaviour, Channel, Clock as _, sample_code};
use x509_parser::pem::parse_x509_pem;

use crate::shop::{Answer, Shop, encode, fresh, sign};

pub(crate) const BACK: &str = "/gateway/api/backTransReq.do";
pub(crate) const FRONT: &str = "/gateway/api/frontTransReq.do";
pub(crate) const QUERY: &str = "/gateway/api/queryTrans.do";

/// Fields of a request or an answer.
pub(crate) type Fields = BTreeMap<String, String>;

/// What an order is asked about by: its number and its time.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) time: String,
    pub(crate) id: String,
}

/// The text that is signed: sorted, raw, without the signature and empty values.
pub(crate) fn text_of(fields: &Fields) -> String {
    let signed = fields
        .iter()
        .filter(|(name, value)| *name != "signature" && !value.is_empty());
    let pairs: Vec<String> = signed
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

pub(crate) fn digest_of(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the certificate was signed by the owner of the other one.
fn is_issued_by(certificate: &str, issuer: &str) -> bool {
    let parsed = |pem: &str| parse_x509_pem(pem.as_bytes()).unwrap().1;
    let (own, above) = (parsed(certificate), parsed(issuer));
    let (own, above) = (own.parse_x509().unwrap(), above.parse_x509().unwrap());
    let key = ParsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        above.public_key().raw,
    );
    own.issuer() == above.subject()
        && above.is_ca()
        && key
            .unwrap()
            .verify_sig(own.tbs_certificate.as_ref(), &own.signature_value.data)
            .is_ok()
}

impl Shop {
    /// What a form says today.
    pub(crate) fn unionpay_form(&self, own: &[(&str, &str)]) -> Fields {
        let issued = &self.merchant().unionpay;
        let now = self.unionpay_time();
        let common = [
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("accessType", "0"),
            ("bizType", "000000"),
            ("merId", &issued.mer_id),
            ("certId", &issued.cert_id),
            ("txnTime", &now),
        ];
        let all = common.iter().chain(own);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    pub(crate) fn unionpay_time(&self) -> String {
        let instant = Timestamp::from_millisecond(self.clock.now().wall_ms).unwrap();
        let local = Offset::constant(8).to_datetime(instant);
        local.strftime("%Y%m%d%H%M%S").to_string()
    }

    pub(crate) fn unionpay_signed(&self, mut form: Fields) -> Fields {
        let digest = digest_of(&text_of(&form));
        let key = &self.merchant().unionpay.merchant_private_key_pem;
        form.insert("signature".to_owned(), sign(key, digest.as_bytes()));
        form
    }

    pub(crate) async fn unionpay_send(
        &self,
        path: &str,
        form: &Fields,
    ) -> Result<Answer, reqwest::Error> {
        let pairs: Vec<(String, String)> = form.clone().into_iter().collect();
        let request = self
            .client
            .post(self.url(path))
            .header(
                "content-type",
                "application/x-www-form-urlencoded;charset=UTF-8",
            )
            .body(encode(&pairs.iter().collect::<Vec<_>>()));
        self.send(request).await
    }

    /// A signed call as it is answered, believed or not.
    pub(crate) async fn unionpay_try(
        &self,
        path: &str,
        own: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let form = self.unionpay_signed(self.unionpay_form(own));
        self.unionpay_send(path, &form).await
    }

    /// A call whose answer must be the gateway's.
    pub(crate) async fn unionpay(&self, path: &str, own: &[(&str, &str)]) -> Fields {
        let answer = self.unionpay_try(path, own).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let fields = raw(&answer.body);
        assert!(self.unionpay_believes(&fields), "{}", answer.body);
        fields
    }

    /// Whether the fields are signed by a certificate of UnionPay under the installed chain.
    pub(crate) fn unionpay_believes(&self, fields: &Fields) -> bool {
        let (Some(certificate), Some(signature)) =
            (fields.get("signPubKeyCert"), fields.get("signature"))
        else {
            return false;
        };
        assert!(certificate.contains("\r\n") && !certificate.ends_with('\n'));
        let issued = &self.merchant().unionpay;
        let (_, pem) = parse_x509_pem(certificate.as_bytes()).unwrap();
        let parsed = pem.parse_x509().unwrap();
        let common = parsed.subject().iter_common_name().next().unwrap();
        let owner = common.as_str().unwrap().split('@').nth(2);
        let is_signed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, parsed.public_key().raw)
            .unwrap()
            .verify_sig(
                digest_of(&text_of(fields)).as_bytes(),
                &STANDARD.decode(signature).unwrap(),
            )
            .is_ok();
        owner == Some("中国银联股份有限公司")
            && is_issued_by(certificate, &issued.middle_certificate_pem)
            && is_issued_by(&issued.middle_certificate_pem, &issued.root_certificate_pem)
            && is_issued_by(&issued.root_certificate_pem, &issued.root_certificate_pem)
            && is_signed
    }

    /// What every charge says.
    pub(crate) fn unionpay_money<'a>(
        &self,
        number: &'a str,
        fen: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        vec![
            ("orderId", number),
            ("txnAmt", fen),
            ("currencyCode", "156"),
            ("channelType", "08"),
            ("termId", "00000001"),
            ("backUrl", "http://relay.example/n"),
        ]
    }

    /// 01/06.
    pub(crate) async fn unionpay_pay(
        &self,
        number: &str,
        fen: &str,
        customer: Behaviour,
    ) -> (Order, Fields) {
        let code = sample_code(Channel::Unionpay, customer, fresh());
        let mut own = self.unionpay_money(number, fen);
        own.extend([("txnType", "01"), ("txnSubType", "06"), ("qrNo", &code)]);
        let fields = self.unionpay(BACK, &own).await;
        (self.unionpay_order(number, &fields), fields)
    }

    /// 01/07.
    pub(crate) async fn unionpay_show(&self, number: &str, fen: &str) -> (Order, Fields) {
        let mut own = self.unionpay_money(number, fen);
        own.extend([("txnType", "01"), ("txnSubType", "07")]);
        let fields = self.unionpay(BACK, &own).await;
        (self.unionpay_order(number, &fields), fields)
    }

    pub(crate) fn unionpay_order(&self, number: &str, fields: &Fields) -> Order {
        Order {
            number: number.to_owned(),
            time: self.unionpay_time(),
            id: fields.get("queryId").cloned().unwrap_or_default(),
        }
    }

    /// 04 or 31.
    pub(crate) async fn unionpay_back(
        &self,
        kind: &str,
        of: &Order,
        number: &str,
        fen: &str,
    ) -> (Order, Fields) {
        let own = [
            ("txnType", kind),
            ("txnSubType", "00"),
            ("orderId", number),
            ("txnAmt", fen),
            ("channelType", "08"),
            ("backUrl", "http://relay.example/n"),
            ("origQryId", &of.id),
        ];
        let fields = self.unionpay(BACK, &own).await;
        (self.unionpay_order(number, &fields), fields)
    }

    /// 00/00.
    pub(crate) async fn unionpay_query(&self, order: &Order) -> Fields {
        let own = [
            ("txnType", "00"),
            ("txnSubType", "00"),
            ("orderId", order.number.as_str()),
            ("txnTime", order.time.as_str()),
        ];
        self.unionpay(QUERY, &own).await
    }

    /// The two levels of a query; the second is empty where the order is unknown.
    pub(crate) async fn unionpay_levels(&self, order: &Order) -> (String, String) {
        let fields = self.unionpay_query(order).await;
        let level = |name: &str| fields.get(name).cloned().unwrap_or_default();
        (level("respCode"), level("origRespCode"))
    }
}

/// Splits a raw answer: pairs at `&`, each at its first `=`, nothing decoded.
pub(crate) fn raw(body: &str) -> Fields {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Splits a form and decodes it.
pub(crate) fn decoded(body: &str) -> Fields {
    let text = |part: &str| {
        let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
        decoded.unwrap().into_owned()
    };
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
