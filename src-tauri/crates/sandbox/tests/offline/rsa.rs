//! Real RSA without a listener, and no stand-in with one.

use std::path::PathBuf;

use paydesk_sandbox::{Behaviour, Channel, OfflineKeys, Rhythm, Rotation, SandboxConfig};

use crate::till::{Ask, Till};

#[test]
fn real_keys_sign_without_a_listener() {
    let keys = OfflineKeys::rsa(5).unwrap();
    let till = Till::with(1, Rhythm::default(), &keys);
    for channel in [Channel::Alipay, Channel::Wechatpay] {
        let charge = Ask::charge(&till, channel, "RSA0001", 100, Behaviour::Pays);
        till.ask(channel, &charge).trusted();
        let (_, order) = till.ask(channel, &Ask::query("RSA0001")).trusted();
        assert_eq!(order["out_trade_no"], "RSA0001");
        assert_eq!(
            till.truth_of(channel, "RSA0001").unwrap().charged.get(),
            100
        );
    }
    // What one sandbox rotates is not known to another with the same keys.
    let rotated = till.sandbox.rotate(Rotation::PublicKey).unwrap();
    assert!(rotated.pem.contains("BEGIN PUBLIC KEY"));
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[tokio::test]
async fn a_sandbox_that_listens_takes_no_stand_in() {
    let name = format!("paydesk-stand-in-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    let config = || SandboxConfig::new(&folder.0, 0);
    paydesk_sandbox::start(config()).await.unwrap().stop().await;
    let path = folder.0.join("keys.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    assert!(!whole.contains("stand-in:"));
    let mut file: serde_json::Value = serde_json::from_str(&whole).unwrap();
    for field in [
        "alipay_gateway_private_key_pem",
        "wechatpay_platform_private_key_pem",
    ] {
        let text = format!("stand-in:{}", "ab".repeat(32));
        let real = std::mem::replace(&mut file[field], text.into());
        std::fs::write(&path, file.to_string()).unwrap();
        assert!(paydesk_sandbox::start(config()).await.is_err(), "{field}");
        file[field] = real;
    }
    std::fs::write(&path, file.to_string()).unwrap();
    paydesk_sandbox::start(config()).await.unwrap().stop().await;
}
