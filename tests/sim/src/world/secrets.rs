//! What must never be found: the codes that payers showed, and the keys; neither on a till's disk nor in what
//! the program logs (INV18).

use super::World;
use crate::disk::held;
use paydesk_sandbox::MerchantCredentials;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, Once},
};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

/// What the program logged since it was looked at last.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Listener;

impl io::Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        held(&LOG).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Listener {
    type Writer = Listener;

    fn make_writer(&'a self) -> Listener {
        Listener
    }
}

/// Listens to what the program logs, from now on.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let listening = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(LevelFilter::INFO)
            .with_writer(Listener)
            .without_time()
            .try_init();
        // Refused where somebody listens already.
        drop(listening);
    });
    held(&LOG).clear();
}

/// The secrets of a world, noted where they are made.
#[derive(Default)]
pub(crate) struct Secrets {
    codes: Mutex<BTreeMap<usize, Vec<Vec<u8>>>>,
    keys: Vec<Vec<u8>>,
}

/// A key as it is written, and what is in it: a line from the middle of a PEM, a stand-in's digits and bytes.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec()];
    if let Some(digits) = text.strip_prefix("stand-in:") {
        let bytes = digits.as_bytes().chunks_exact(2).map_while(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        forms.push(bytes.collect());
        forms.push(digits.as_bytes().to_vec());
    }
    forms.extend(text.lines().nth(3).map(|line| line.as_bytes().to_vec()));
    forms
}

impl Secrets {
    /// Those of a shop: its own keys, and the key of its data.
    pub(crate) fn of_shop(issued: &MerchantCredentials, data: &[u8; 32]) -> Secrets {
        let keys = [
            &issued.alipay.app_private_key_pem,
            &issued.stripe.secret_key,
            &issued.stripe.webhook_secret,
            &issued.unionpay.merchant_private_key_pem,
            &issued.wechatpay.merchant_private_key_pem,
            &issued.wechatpay.apiv3_key,
        ];
        let mut keys: Vec<Vec<u8>> = keys.into_iter().flat_map(|key| forms(key)).collect();
        let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        keys.extend([data.to_vec(), digits.into_bytes()]);
        Secrets {
            codes: Mutex::default(),
            keys,
        }
    }

    /// A payer showed this code at a till.
    pub(crate) fn shown(&self, till: usize, code: &str) {
        let mut codes = held(&self.codes);
        codes
            .entry(till)
            .or_default()
            .push(code.as_bytes().to_vec());
    }

    /// The keys, and the codes shown at a till since it was asked last.
    fn at(&self, till: usize) -> Vec<Vec<u8>> {
        let codes = held(&self.codes).remove(&till).unwrap_or_default();
        self.keys.iter().cloned().chain(codes).collect()
    }
}

impl World {
    /// Looks through every file of every till, and through the log.
    pub(super) fn look_for_secrets(&mut self) {
        let log = std::mem::take(&mut *held(&LOG));
        self.outcome.logged += u64::try_from(log.len()).unwrap_or(0);
        for till in &self.tills {
            let secrets = self.ether.secrets().at(till.number);
            self.outcome.secrets += u64::try_from(secrets.len()).unwrap_or(0);
            let image = till.machine.disk().image();
            for name in image.names() {
                let content = image.find(name).and_then(|file| image.content(file));
                let (bench, bytes) = (Arc::clone(&self.bench), content.unwrap_or_default());
                self.executor
                    .outside(bench.scan(till.number, name, bytes, &secrets));
            }
            self.executor
                .outside(self.bench.scan(till.number, "the log", &log, &secrets));
        }
    }
}
