//! A channel whose signature costs nothing, so that contents are read and not only refused. Stand-in keys alone.

use paydesk_channels::{
    AccountSettings, Create, Cx, Finish, Query, QueryRefund, RefundCall, Target, Tender,
};
use paydesk_domain::{
    Amount, BusinessDay, Currency, End, MerchantRef, Mode, Money, OrderNumber, Timestamp,
};
use paydesk_signing::{Forged, KeyError, KeyId, Keys, Secret, TagKeys};

/// 2026-11-21 10:24:22 in China.
pub(crate) const NOW: Timestamp = Timestamp(1_795_227_862_000);

/// Stand-in keys; what is sealed is its own content.
pub(crate) struct OpenKeys(TagKeys);

impl Keys for OpenKeys {
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.sign(input)
    }

    fn verify(&self, by: &KeyId, input: &[u8], signature: &[u8]) -> Result<(), Forged> {
        self.0.verify(by, input, signature)
    }

    fn verify_sent(
        &self,
        certificate: &[u8],
        unix_seconds: i64,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, Forged> {
        self.0
            .verify_sent(certificate, unix_seconds, input, signature)
    }

    fn mac(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.mac(input)
    }

    fn open(&self, _nonce: &[u8], _aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(sealed.to_vec())
    }

    fn seal_field(&self, plain: &str) -> Result<String, KeyError> {
        self.0.seal_field(plain)
    }

    fn open_content(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(sealed.to_vec())
    }

    fn authorize(&self, headers: &mut Vec<(String, String)>) -> Result<(), KeyError> {
        self.0.authorize(headers)
    }

    fn signing_id(&self) -> Result<String, KeyError> {
        self.0.signing_id()
    }

    fn root_id(&self) -> Result<String, KeyError> {
        self.0.root_id()
    }

    fn peer_id(&self) -> Option<KeyId> {
        self.0.peer_id()
    }
}

/// One account.
pub(crate) struct Peer {
    pub(crate) keys: OpenKeys,
    pub(crate) settings: AccountSettings,
}

impl Peer {
    pub(crate) fn of(channel: &str) -> Peer {
        let fields: &[(&str, &str)] = match channel {
            "alipay" => &[
                ("app_id", "2021000000000001"),
                ("seller_id", "2088021109625633"),
            ],
            "btcpay" => &[
                ("base_url", "https://pay.example.com"),
                ("store_id", "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776"),
            ],
            "stripe" => &[("account", "acct_1")],
            "unionpay" => &[("merId", "777290058167151")],
            _ => &[("appid", "wx1"), ("mchid", "1900000001")],
        };
        let gateway = paydesk_channels::by_id(channel).map_or("", |it| it.profile().gateway);
        let fields = fields.iter();
        Peer {
            keys: OpenKeys(TagKeys::new("fuzz")),
            settings: AccountSettings {
                sandbox: false,
                gateway: gateway.to_owned(),
                fields: fields
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            },
        }
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now: NOW,
            nonce: [7; 16],
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.keys.0.sign_as_peer(text)
    }

    pub(crate) fn key_name(&self) -> String {
        self.keys.peer_id().map(|id| id.0).unwrap_or_default()
    }
}

pub(crate) fn reference() -> MerchantRef {
    OrderNumber::compose(Mode::Demo, "A2B3", 0, BusinessDay(20_261_121), 7)
        .and_then(|number| number.attempt(1))
        .expect("a number")
}

pub(crate) fn refund_reference() -> MerchantRef {
    reference().refund(1).expect("a number")
}

fn cny(minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).expect("an amount")
}

fn target() -> Target {
    Target {
        reference: reference(),
        sent_at: NOW,
        amount: cny(8888),
        channel_ref: None,
        memo: None,
        told: None,
    }
}

pub(crate) fn create(shown: bool) -> Create {
    let code = Secret::new("281234567890123456".to_owned());
    Create {
        reference: reference(),
        amount: cny(8888),
        tender: if shown {
            Tender::ShowCode
        } else {
            Tender::PayerCode(code)
        },
        sent_at: NOW,
        expires: Timestamp(NOW.0 + 300_000),
        subject: "店".to_owned(),
        operator: "wang".to_owned(),
        memo: None,
    }
}

pub(crate) fn query() -> Query {
    Query { of: target() }
}

pub(crate) fn finish(how: End) -> Finish {
    Finish { of: target(), how }
}

pub(crate) fn refund() -> RefundCall {
    RefundCall {
        of: target(),
        paid: cny(8888),
        others: Money::zero(Currency::CNY),
        reference: refund_reference(),
        sent_at: NOW,
        amount: cny(800),
        reason: "退货".to_owned(),
        rate: paydesk_domain::RateChoice::default(),
    }
}

pub(crate) fn query_refund() -> QueryRefund {
    QueryRefund {
        of: target(),
        refund: Target {
            reference: refund_reference(),
            amount: cny(800),
            ..target()
        },
        offer: None,
    }
}
