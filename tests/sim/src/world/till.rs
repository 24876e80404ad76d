//! One till of a simulated shop: a machine, and on it the production desk on its production store.
//! It boots, dies and boots again; what it knows it has from its disk and its keyring alone.

use super::{
    bench::Bench,
    channels::Channels,
    ether::{Ether, SimNetwork},
    keys::{Keyring, account_id, owned},
};
use crate::{
    disk::{Cut, Disk},
    executor::Executor,
    machine::{BootError, Machine, Process},
};
use paydesk_desk::{
    Desk, DeskError, Ports, Told,
    shop::{Account, Preferences, Shop},
};
use paydesk_domain::{ChannelId, Currency, FeeRate, Mode, Order, RateTable, Timestamp};
use paydesk_sandbox::{Channel, MerchantCredentials};
use paydesk_store::{DataKey, at_hand};
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::sync::broadcast::error::RecvError;

/// A gateway that exists in the simulation only.
const GATEWAY: &str = "http://127.0.0.1:9";

/// A till that is open.
#[derive(Clone)]
pub(crate) struct Open {
    /// The process.
    pub(crate) process: Process,
    /// The desk in it.
    pub(crate) desk: Arc<Desk>,
}

/// A till.
pub(crate) struct Till {
    /// Its place in the world.
    pub(crate) number: usize,
    /// Its machine.
    pub(crate) machine: Machine,
    keyring: Arc<Keyring>,
    ether: Arc<Ether>,
    bench: Arc<Bench>,
    shop: Shop,
    /// Open processes: one, or two on one store.
    pub(crate) open: Vec<Open>,
}

/// Why a till does not open.
#[derive(Debug)]
pub(crate) enum NotOpen {
    /// The machine: it died, or the store says no.
    Boot(BootError),
    /// The desk says no.
    Desk(DeskError),
    /// It died while it opened.
    Died,
}

impl fmt::Display for NotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOpen::Boot(error) => write!(f, "{error:?}"),
            NotOpen::Desk(error) => write!(f, "{error}"),
            NotOpen::Died => f.write_str("it died while it opened"),
        }
    }
}

impl Till {
    /// A till with an empty disk.
    #[must_use]
    pub(crate) fn new(
        number: usize,
        executor: &Executor,
        seed: u64,
        keyring: Arc<Keyring>,
        issued: &MerchantCredentials,
        ether: Arc<Ether>,
        bench: Arc<Bench>,
    ) -> Till {
        let key = at_hand(Arc::clone(keyring.data()));
        Till {
            number,
            machine: Machine::with(executor, seed, Disk::new(seed), key),
            keyring,
            shop: shop(number, ether.channels(), issued),
            ether,
            bench,
            open: Vec::new(),
        }
    }

    /// Starts the program, as far as it comes.
    ///
    /// # Errors
    /// See `NotOpen`.
    pub(crate) fn boot(&mut self, executor: &mut Executor) -> Result<Open, NotOpen> {
        let process = self.machine.boot(executor).map_err(NotOpen::Boot)?;
        let ports = Ports {
            clock: process.clock.clone(),
            custody: self.keyring.clone(),
            ids: process.ids.clone(),
            network: Arc::new(SimNetwork::new(Arc::clone(&self.ether), self.number)),
            store: process.store.clone(),
            tasks: process.tasks.clone(),
            vault: self.keyring.clone(),
        };
        let shop = self.shop.clone();
        let opening = async move {
            let desk = Desk::open(ports).await?;
            if desk.shop().is_none() {
                desk.change_shop(shop).await?;
            }
            desk.compare_with_mark().await?;
            desk.act_as("收银员 1");
            Ok(desk)
        };
        let desk = match executor.finish(process.id, opening) {
            Ok(Ok(desk)) => desk,
            Ok(Err(error)) => {
                self.machine.kill(executor, process.id);
                return Err(NotOpen::Desk(error));
            }
            Err(_) => return Err(NotOpen::Died),
        };
        self.watch(executor, &process, &desk)?;
        executor.spawn(process.id, Arc::clone(&desk).resolve_forever());
        let open = Open { process, desk };
        self.open.push(open.clone());
        Ok(open)
    }

    /// The observer at its database, and the screens that show what the desk tells.
    fn watch(
        &self,
        executor: &mut Executor,
        process: &Process,
        desk: &Arc<Desk>,
    ) -> Result<(), NotOpen> {
        let (bench, number) = (Arc::clone(&self.bench), self.number);
        let is_first = self.open.is_empty();
        let disk = self.machine.disk().clone();
        let looked = executor.finish(process.id, async move {
            if is_first {
                bench.observe(number, &disk).await;
                bench.reopened(number).await;
                bench.committed(number).await;
            }
        });
        looked.map_err(|_| NotOpen::Died)?;
        let (bench, desk) = (Arc::clone(&self.bench), Arc::clone(desk));
        let mut told = desk.listen();
        executor.spawn(process.id, async move {
            loop {
                match told.recv().await {
                    Ok(Told::Order {
                        number: order,
                        version,
                    }) => {
                        bench.committed(number).await;
                        // A screen asks again for what it shows.
                        if let Ok(shown) = desk.order(&order).await {
                            let version = i64::try_from(version.min(shown.version()));
                            bench
                                .told(
                                    number,
                                    order.as_str(),
                                    version.unwrap_or(0),
                                    is_paid(&shown),
                                )
                                .await;
                        }
                    }
                    Ok(Told::Status) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Ok(())
    }

    /// The key of its database.
    pub(crate) fn data_key(&self) -> DataKey {
        at_hand(Arc::clone(self.keyring.data()))
    }

    /// How many events the mark in its keyring counts.
    pub(crate) fn marked_events(&self) -> u64 {
        self.keyring.known_mark().events
    }

    /// The program ends at once, whatever it was doing.
    pub(crate) fn kill(&mut self, executor: &mut Executor) {
        executor.outside(self.bench.look_away(self.number));
        for open in std::mem::take(&mut self.open) {
            self.machine.kill(executor, open.process.id);
        }
        for left in self.machine.running() {
            self.machine.kill(executor, left);
        }
    }

    /// The power goes.
    pub(crate) fn power_cut(&mut self, executor: &mut Executor) -> Cut {
        executor.outside(self.bench.look_away(self.number));
        self.open.clear();
        self.machine.power_cut(executor)
    }

    /// A person quits the program.
    pub(crate) fn shut_down(&mut self, executor: &mut Executor) {
        for open in &self.open {
            let desk = Arc::clone(&open.desk);
            // As the program does when it is quit; it may still send something meanwhile.
            drop(executor.finish(open.process.id, async move { desk.mark_past().await }));
        }
        executor.outside(self.bench.look_away(self.number));
        for open in std::mem::take(&mut self.open) {
            drop(open.desk);
            self.machine.shut_down(executor, open.process.id);
        }
    }
}

fn is_paid(order: &Order) -> bool {
    order
        .payments()
        .iter()
        .any(|payment| payment.paid().is_some())
}

/// Where a channel's account calls, and what of it is no secret.
fn public_side(
    channel: Channel,
    issued: &MerchantCredentials,
) -> (String, BTreeMap<String, String>) {
    let MerchantCredentials {
        alipay,
        btcpay,
        stripe,
        unionpay,
        wechatpay,
        ..
    } = issued;
    match channel {
        Channel::Alipay => (
            format!("{GATEWAY}/gateway.do"),
            owned(&[("app_id", &alipay.app_id), ("seller_id", &alipay.seller_id)]),
        ),
        // Whoever plays it here plays it from this machine; the account's own address is for a live one.
        Channel::Btcpay => (
            GATEWAY.to_owned(),
            owned(&[
                ("base_url", "https://pay.example.com"),
                ("store_id", &btcpay.store_id),
            ]),
        ),
        Channel::Stripe => (
            GATEWAY.to_owned(),
            owned(&[("account", &stripe.account), ("reader", &stripe.reader)]),
        ),
        Channel::Unionpay => (
            GATEWAY.to_owned(),
            owned(&[
                ("merId", &unionpay.mer_id),
                ("termId", "00000001"),
                ("backUrl", "https://notify.example.com/unionpay"),
            ]),
        ),
        Channel::Wechatpay => (
            GATEWAY.to_owned(),
            owned(&[
                ("appid", &wechatpay.appid),
                ("mchid", &wechatpay.mchid),
                ("store_id", "1"),
                ("notify_url", "https://notify.example.com/wechatpay"),
            ]),
        ),
    }
}

fn shop(number: usize, channels: &Channels, issued: &MerchantCredentials) -> Shop {
    let account = |channel: Channel| {
        let (gateway, fields) = public_side(channel, issued);
        Account {
            id: account_id(channel.id()),
            channel: ChannelId(channel.id().to_owned()),
            gateway,
            fields,
            // A part of Stripe's fee is the same for every payment, which no rate says.
            rate: FeeRate::from_millionths(6_000).filter(|_| channel != Channel::Stripe),
            sandbox: true,
            label: String::new(),
            charges: true,
            paused: false,
            reader: None,
            unused_fields: BTreeMap::new(),
            rates: RateTable::default(),
        }
    };
    Shop {
        mode: Mode::Demo,
        store_name: format!("Shop {number}"),
        time_zone: "Europe/Berlin".to_owned(),
        cutoff_hour: 0,
        currency: Currency::CNY,
        other_currencies: Vec::new(),
        operators: vec!["收银员 1".to_owned()],
        operator: Some("收银员 1".to_owned()),
        accounts: channels.each().map(account).collect(),
        preferences: Preferences::default(),
        bills_by_themselves: None,
        bank_templates: Vec::new(),
        bank_days: None,
        ledger_accounts: None,
        write_off_max: None,
        interface: None,
    }
}

/// When simulated worlds begin: on plain days, in the hour in which summer time ends or begins in Berlin, just
/// before the end of a month and of a year there, and just before the 29th of February in China.
const BEGINNINGS: [Timestamp; 8] = [
    Timestamp(1_792_735_200_000), // 2026-10-23 06:00 UTC
    Timestamp(1_792_889_400_000), // 2026-10-25 00:50, summer time ends at 01:00
    Timestamp(1_792_735_200_000),
    Timestamp(1_806_195_000_000), // 2027-03-28 00:50, summer time begins at 01:00
    Timestamp(1_793_487_000_000), // 2026-10-31 22:50, November begins at 23:00
    Timestamp(1_798_757_400_000), // 2026-12-31 22:50, the year ends at 23:00
    Timestamp(1_792_735_200_000),
    Timestamp(1_835_365_800_000), // 2028-02-28 15:50, the next day of the channels begins at 16:00
];

/// The first moment of a world.
pub(crate) fn beginning(seed: u64) -> Timestamp {
    let place = usize::try_from(seed % 8).unwrap_or(0);
    BEGINNINGS.get(place).copied().unwrap_or(Timestamp(0))
}
