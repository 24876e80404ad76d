//! The demo's accounts: what its sandbox issued to the shop, one for each channel.

use crate::network::SANDBOX_GATEWAY;
use paydesk_desk::shop::{Account, NamedReader};
use paydesk_domain::{AccountId, ChannelId, FeeRate, RateTable};
use paydesk_sandbox::MerchantCredentials;
use paydesk_signing::Secret;
use paydesk_vault::{AccountSecrets, SecretFields};
use std::collections::BTreeMap;

/// The usual rate for small shops at Alipay, UnionPay and WeChat Pay, 0.60 %: a start for the demo, set in Settings.
const DEMO_RATE_MILLIONTHS: u32 = 6_000;

/// Every account with its secrets.
pub(crate) fn issued(credentials: &MerchantCredentials) -> Vec<(Account, AccountSecrets)> {
    vec![
        alipay_account(credentials),
        btcpay_account(credentials),
        stripe_account(credentials),
        unionpay_account(credentials),
        wechatpay_account(credentials),
    ]
}

fn account(channel: &str, gateway: String, fields: BTreeMap<String, String>) -> Account {
    Account {
        id: AccountId(format!("demo-{channel}")),
        channel: ChannelId(channel.to_owned()),
        gateway,
        fields,
        rate: FeeRate::from_millionths(DEMO_RATE_MILLIONTHS),
        rates: RateTable::default(),
        sandbox: true,
        label: String::new(),
        charges: true,
        paused: false,
        reader: None,
        unused_fields: BTreeMap::new(),
    }
}

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn secret_fields(pairs: &[(&str, &str)]) -> SecretFields {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())))
        .collect()
}

fn alipay_account(credentials: &MerchantCredentials) -> (Account, AccountSecrets) {
    let alipay = &credentials.alipay;
    let keys = secret_fields(&[
        ("private_key", &alipay.app_private_key_pem),
        ("alipay_public_key", &alipay.gateway_public_key_pem),
    ]);
    let shown = fields(&[("app_id", &alipay.app_id), ("seller_id", &alipay.seller_id)]);
    (
        account("alipay", format!("{SANDBOX_GATEWAY}/gateway.do"), shown),
        AccountSecrets {
            channel: "alipay".to_owned(),
            fields: keys,
        },
    )
}

fn btcpay_account(credentials: &MerchantCredentials) -> (Account, AccountSecrets) {
    let btcpay = &credentials.btcpay;
    let keys = secret_fields(&[("api_key", &btcpay.api_key)]);
    let shown = fields(&[
        // Nothing is sent there: an account of a sandbox talks to its gateway.
        ("base_url", "https://btcpay.example.com"),
        ("store_id", &btcpay.store_id),
    ]);
    let account = Account {
        // A server of one's own keeps nothing; the network's fee is the payer's.
        rate: None,
        ..account("btcpay", SANDBOX_GATEWAY.to_owned(), shown)
    };
    (
        account,
        AccountSecrets {
            channel: "btcpay".to_owned(),
            fields: keys,
        },
    )
}

fn wechatpay_account(credentials: &MerchantCredentials) -> (Account, AccountSecrets) {
    let wechatpay = &credentials.wechatpay;
    let keys = secret_fields(&[
        ("private_key", &wechatpay.merchant_private_key_pem),
        ("merchant_serial", &wechatpay.merchant_serial),
        ("public_key_id", &wechatpay.public_key_id),
        ("public_key", &wechatpay.public_key_pem),
        ("platform_certificates", &wechatpay.platform_certificate_pem),
        ("apiv3_key", &wechatpay.apiv3_key),
    ]);
    let shown = fields(&[
        ("appid", &wechatpay.appid),
        ("mchid", &wechatpay.mchid),
        ("store_id", "1"),
        ("notify_url", "https://notify.example.com/wechatpay"),
    ]);
    (
        account("wechatpay", SANDBOX_GATEWAY.to_owned(), shown),
        AccountSecrets {
            channel: "wechatpay".to_owned(),
            fields: keys,
        },
    )
}

fn stripe_account(credentials: &MerchantCredentials) -> (Account, AccountSecrets) {
    let stripe = &credentials.stripe;
    let keys = secret_fields(&[
        ("secret_key", &stripe.secret_key),
        ("webhook_secret", &stripe.webhook_secret),
    ]);
    let shown = fields(&[("account", &stripe.account), ("reader", &stripe.reader)]);
    let account = Account {
        // A part of Stripe's fee is the same for every payment, which no rate says.
        rate: None,
        // As the sandbox calls it.
        reader: Some(NamedReader {
            id: stripe.reader.clone(),
            name: "Counter".to_owned(),
        }),
        ..account("stripe", SANDBOX_GATEWAY.to_owned(), shown)
    };
    (
        account,
        AccountSecrets {
            channel: "stripe".to_owned(),
            fields: keys,
        },
    )
}

fn unionpay_account(credentials: &MerchantCredentials) -> (Account, AccountSecrets) {
    let unionpay = &credentials.unionpay;
    let keys = secret_fields(&[
        ("private_key", &unionpay.merchant_private_key_pem),
        ("sign_cert", &unionpay.merchant_certificate_pem),
        ("middle_cert", &unionpay.middle_certificate_pem),
        ("root_cert", &unionpay.root_certificate_pem),
    ]);
    let shown = fields(&[
        ("merId", &unionpay.mer_id),
        ("backUrl", "https://notify.example.com/unionpay"),
        ("termId", "00000001"),
    ]);
    (
        account("unionpay", SANDBOX_GATEWAY.to_owned(), shown),
        AccountSecrets {
            channel: "unionpay".to_owned(),
            fields: keys,
        },
    )
}
