//! A real folder with the sandbox as the channels' side: accounts of a sandbox in a shop that is no demo.

use crate::till::{Till, folder, intent};
use paydesk_console::contract::*;
use paydesk_host::{Host, HostOptions};
use paydesk_sandbox::{
    Behaviour, Channel, MerchantCredentials, Rhythm, Sandbox, SandboxConfig, sample_code,
};
use paydesk_vault::stand_ins::StandIn;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// Longer than any call of a keyring in memory, and short enough for a test of one that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_millis(700);

pub(crate) const PASSPHRASE: &str = "correct horse battery";

/// The channels' side, and what it issued to the merchant.
pub(crate) struct Street {
    pub(crate) sandbox: Sandbox,
    pub(crate) merchant: MerchantCredentials,
    folder: PathBuf,
}

impl Street {
    pub(crate) async fn open(name: &str) -> Street {
        Street::open_at(name, Rhythm::default()).await
    }

    pub(crate) async fn open_at(name: &str, rhythm: Rhythm) -> Street {
        let folder = folder(&format!("{name}-street"));
        let config = SandboxConfig {
            rhythm,
            ..SandboxConfig::new(folder.clone(), 0)
        };
        let sandbox = paydesk_sandbox::start(config).await.unwrap();
        let merchant = MerchantCredentials::read(&folder).unwrap();
        Street {
            sandbox,
            merchant,
            folder,
        }
    }

    pub(crate) fn at(&self) -> String {
        format!("http://{}", self.sandbox.address())
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    pub(crate) fn alipay(&self) -> AccountDraft {
        let given = &self.merchant.alipay;
        self.draft(
            "alipay",
            "/gateway.do",
            &[
                ("app_id", &given.app_id),
                ("seller_id", &given.seller_id),
                ("private_key", &given.app_private_key_pem),
                ("alipay_public_key", &given.gateway_public_key_pem),
            ],
        )
    }

    pub(crate) fn wechatpay(&self) -> AccountDraft {
        let given = &self.merchant.wechatpay;
        self.draft(
            "wechatpay",
            "",
            &[
                ("appid", &given.appid),
                ("mchid", &given.mchid),
                ("merchant_serial", &given.merchant_serial),
                ("private_key", &given.merchant_private_key_pem),
                ("apiv3_key", &given.apiv3_key),
                ("public_key_id", &given.public_key_id),
                ("public_key", &given.public_key_pem),
                ("store_id", "1"),
                ("notify_url", "https://notify.example.com/wechatpay"),
            ],
        )
    }

    pub(crate) fn unionpay(&self) -> AccountDraft {
        let given = &self.merchant.unionpay;
        self.draft(
            "unionpay",
            "",
            &[
                ("merId", &given.mer_id),
                ("private_key", &given.merchant_private_key_pem),
                ("sign_cert", &given.merchant_certificate_pem),
                ("middle_cert", &given.middle_certificate_pem),
                ("root_cert", &given.root_certificate_pem),
                ("backUrl", "https://notify.example.com/unionpay"),
                ("termId", "00000001"),
            ],
        )
    }

    pub(crate) fn stripe(&self) -> AccountDraft {
        let given = &self.merchant.stripe;
        self.draft(
            "stripe",
            "",
            &[
                ("account", &given.account),
                ("secret_key", &given.secret_key),
                ("webhook_secret", &given.webhook_secret),
                ("reader", &given.reader),
            ],
        )
    }

    pub(crate) fn btcpay(&self) -> AccountDraft {
        let given = &self.merchant.btcpay;
        self.draft(
            "btcpay",
            "",
            &[
                ("base_url", "https://pay.example.com"),
                ("store_id", &given.store_id),
                ("api_key", &given.api_key),
            ],
        )
    }

    fn draft(&self, channel: &str, path: &str, fields: &[(&str, &str)]) -> AccountDraft {
        AccountDraft {
            channel: channel.to_owned(),
            sandbox: true,
            gateway: Some(format!("{}{path}", self.at())),
            fields: pasted(fields),
        }
    }

    pub(crate) async fn close(self) {
        self.sandbox.stop().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

pub(crate) fn pasted(fields: &[(&str, &str)]) -> BTreeMap<String, Pasted> {
    let pairs = fields.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), Pasted::new((*value).to_owned())))
        .collect()
}

pub(crate) fn with(mut draft: AccountDraft, name: &str, value: &str) -> AccountDraft {
    draft
        .fields
        .insert(name.to_owned(), Pasted::new(value.to_owned()));
    draft
}

pub(crate) fn without(mut draft: AccountDraft, names: &[&str]) -> AccountDraft {
    draft
        .fields
        .retain(|name, _| !names.contains(&name.as_str()));
    draft
}

pub(crate) fn options(folder: &std::path::Path, keyring: &StandIn) -> HostOptions {
    HostOptions {
        data: Some(folder.to_owned()),
        resolve: true,
        keyring: Some(keyring.keyring(PATIENCE)),
        ..HostOptions::default()
    }
}

pub(crate) fn real(passphrase: Option<&str>) -> SetUp {
    SetUp {
        currency: None,
        locale: Locale::En,
        mode: ModeView::Real,
        store_name: "Corner shop".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        cutoff_hour: 4,
        past_days: 0,
        passphrase: passphrase.map(|text| Pasted::new(text.to_owned())),
    }
}

/// Opens a folder again, as another start of the program.
pub(crate) async fn open(options: HostOptions) -> Till {
    let folder = options.data.clone().unwrap();
    Till {
        host: Host::open(options).await.unwrap(),
        folder,
    }
}

/// A shop that is no demo, in a folder of its own, set up.
pub(crate) async fn shop(name: &str, keyring: &StandIn) -> Till {
    let till = open(options(&folder(name), keyring)).await;
    let _status: AppStatus = till.ask("set_up", real(None)).await.unwrap();
    till
}

pub(crate) async fn add(till: &Till, draft: AccountDraft) -> Result<AccountView, CommandError> {
    let add = AddAccount {
        draft,
        label: "前台".to_owned(),
        rate_millionths: Some(6_000),
    };
    till.ask("add_account", add).await
}

/// A fresh code of a customer.
pub(crate) fn code_of(channel: Channel, behaviour: Behaviour) -> String {
    let random = intent().bytes().fold(17_u64, |sum, byte| {
        sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte)
    });
    sample_code(channel, behaviour, random)
}

/// Charges and waits until it is paid.
pub(crate) async fn charge_paid(till: &Till, channel: Channel, minor: i64) -> PaymentView {
    let order = till
        .charge(&code_of(channel, Behaviour::Pays), minor)
        .await
        .unwrap()
        .order_id;
    till.until(&order, "paid", |view| view.state == PayState::Paid)
        .await
}

pub(crate) fn keyring() -> Arc<StandIn> {
    Arc::new(StandIn::new().unwrap())
}
