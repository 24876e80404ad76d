//! Other software that may order payments here: the interface it comes through, its keys, and what each may do.
//! The secret of a key goes to the vault and out once, to whoever made it; the settings hold the rest.

use crate::{Desk, DeskError, ports::Actor};
use paydesk_domain::{AccountId, Money, OrderNumber, Timestamp};
use paydesk_signing::{KeyError, Secret, hex, is_same};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

/// Of the tag of a payer's page: nobody guesses 128 bits.
const PAYER_TAG_BYTES: usize = 16;

/// What the vault keeps a caller's secret as.
pub const CALLER: &str = "caller";

/// The vault's field of a caller's secret.
pub const CALLER_SECRET: &str = "secret";

/// Keys of one shop, revoked ones apart: more programs than any counter has.
pub const CALLERS_MAX: usize = 32;

/// The longest name of a key, in characters.
pub const CALLER_LABEL_MAX: usize = 40;

/// Calls of one key in a minute at most; what a machine of two cores can make durable, with room.
pub const CALLS_PER_MINUTE_MAX: u32 = 60_000;

/// The port of the interface where nobody chose another: no service is registered for it.
pub const INTERFACE_PORT: u16 = 8317;

tokio::task_local! {
    /// Other software on whose behalf the running task writes events.
    static CALLER_AT_WORK: String;
}

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// End a waiting payment.
    Cancel,
    /// Take a payment.
    Create,
    /// List orders.
    List,
    /// Ask about one order.
    Query,
    /// Give money back.
    Refund,
}

/// A key of other software, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Caller {
    /// Its id, as requests name it.
    pub id: String,
    /// The name under which a person knows it; stands on everything that is done with it.
    pub label: String,
    /// What it may do.
    pub rights: BTreeSet<Right>,
    /// The most it may charge or refund in one call; in another currency it may nothing.
    pub amount_max: Option<Money>,
    /// Calls in a minute.
    pub per_minute: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// The interface for other software.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// Whether it listens for other software.
    pub is_on: bool,
    /// Whether it listens for channels' notices.
    #[serde(default)]
    pub hears_notices: bool,
    /// Where.
    pub port: u16,
    /// Whether other machines reach it: it listens on every address then.
    #[serde(default)]
    pub beyond_this_machine: bool,
    /// Names by which it may be called, besides loopback's own; `till.example` or `192.168.1.5`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The keys, oldest first.
    #[serde(default)]
    pub callers: Vec<Caller>,
}

impl Default for Interface {
    fn default() -> Interface {
        Interface {
            is_on: false,
            hears_notices: false,
            port: INTERFACE_PORT,
            beyond_this_machine: false,
            hosts: Vec::new(),
            callers: Vec::new(),
        }
    }
}

/// What is given is changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InterfaceChange {
    /// Whether it listens for other software.
    pub is_on: Option<bool>,
    /// Whether it listens for channels' notices.
    pub hears_notices: Option<bool>,
    /// Where.
    pub port: Option<u16>,
    /// Whether other machines reach it.
    pub beyond_this_machine: Option<bool>,
    /// Names by which it may be called.
    pub hosts: Option<Vec<String>>,
}

/// A key to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewCaller {
    /// Its name.
    pub label: String,
    /// What it may do.
    pub rights: BTreeSet<Right>,
    /// The most it may charge or refund in one call.
    pub amount_max: Option<Money>,
    /// Calls in a minute.
    pub per_minute: u32,
}

/// Why a key is not there to be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallerFault {
    /// The vault holds no secret for it.
    #[error("the vault holds no secret of this key")]
    SecretMissing,
    /// There are enough.
    #[error("there are {CALLERS_MAX} keys already")]
    TooMany,
    /// There is none, or it was revoked.
    #[error("there is no such key")]
    Unknown,
    /// The signature is not this key's.
    #[error("the signature is not this key's")]
    WrongSignature,
}

/// The name of a caller's secret in the vault.
fn vault_name(id: &str) -> AccountId {
    AccountId(format!("{CALLER}-{id}"))
}

impl Desk {
    /// The tag by which a payer's page of an order is reached: nobody without this folder's key can make one. None
    /// while the keys are locked.
    #[must_use]
    pub fn payer_tag(&self, number: &OrderNumber) -> Option<String> {
        let key = self.ports.vault.data_key().ok()?;
        let tag = key.mac("payer's page", number.to_string().as_bytes());
        tag.get(..PAYER_TAG_BYTES).map(hex)
    }

    /// Whether this is the tag of the order's page; compared in constant time.
    #[must_use]
    pub fn is_payer_tag(&self, number: &OrderNumber, tag: &str) -> bool {
        let own = self.payer_tag(number);
        own.is_some_and(|own| is_same(own.as_bytes(), tag.as_bytes()))
    }

    /// Runs `work` on behalf of other software: its name stands on every event it writes.
    pub async fn on_behalf_of<F: Future>(label: &str, work: F) -> F::Output {
        CALLER_AT_WORK.scope(label.to_owned(), work).await
    }

    /// The software on whose behalf this task runs, by the name of its key.
    #[must_use]
    pub fn caller_at_work() -> Option<String> {
        CALLER_AT_WORK.try_with(Clone::clone).ok()
    }

    /// The interface as it is set up.
    #[must_use]
    pub fn interface(&self) -> Interface {
        let shop = self.shop();
        shop.and_then(|shop| shop.interface).unwrap_or_default()
    }

    /// Changes where and whether it listens.
    ///
    /// # Errors
    /// `NotSetUp`, the store's.
    pub async fn change_interface(&self, change: InterfaceChange) -> Result<Interface, DeskError> {
        let mut interface = self.interface();
        let to = &mut interface;
        to.is_on = change.is_on.unwrap_or(to.is_on);
        to.hears_notices = change.hears_notices.unwrap_or(to.hears_notices);
        to.port = change.port.unwrap_or(to.port);
        to.beyond_this_machine = change.beyond_this_machine.unwrap_or(to.beyond_this_machine);
        if let Some(hosts) = change.hosts {
            to.hosts = hosts;
        }
        self.keep_interface(interface).await
    }

    async fn keep_interface(&self, interface: Interface) -> Result<Interface, DeskError> {
        let mut shop = self.need_shop()?;
        shop.interface = Some(interface.clone());
        self.change_shop(shop).await?;
        Ok(interface)
    }

    /// Makes a key. Its secret is given out here and never again.
    ///
    /// # Errors
    /// `Caller(TooMany)`, the vault's: then nothing was made.
    pub async fn add_caller(&self, new: NewCaller) -> Result<(Caller, Secret<String>), DeskError> {
        self.need_shop()?;
        let in_use = |caller: &&Caller| caller.revoked_at.is_none();
        if self.interface().callers.iter().filter(in_use).count() >= CALLERS_MAX {
            return Err(CallerFault::TooMany.into());
        }
        let ids = &self.ports.ids;
        let [a, b, c, d, ..] = ids.nonce();
        let caller = Caller {
            id: format!("pk_{}", hex(&[a, b, c, d])),
            label: new.label,
            rights: new.rights,
            amount_max: new.amount_max,
            per_minute: new.per_minute.clamp(1, CALLS_PER_MINUTE_MAX),
            created_at: self.now(),
            revoked_at: None,
        };
        let secret = format!("sk_{}{}", hex(&ids.nonce()), hex(&ids.nonce()));
        let name = vault_name(&caller.id);
        let field = (CALLER_SECRET.to_owned(), Secret::new(secret.clone()));
        let custody = &self.ports.custody;
        custody.keep(&name, CALLER, BTreeMap::from([field])).await?;
        let mut interface = self.interface();
        interface.callers.push(caller.clone());
        if let Err(error) = self.keep_interface(interface).await {
            if let Err(left) = custody.forget(&name).await {
                tracing::warn!(error = %left, "the secret of a key that could not be made is still in the vault");
            }
            return Err(error);
        }
        Ok((caller, Secret::new(secret)))
    }

    /// Revokes a key: no call with it is taken from now on. What was ordered with it goes on.
    ///
    /// # Errors
    /// `Caller(Unknown)`, the store's, the vault's.
    pub async fn revoke_caller(&self, id: &str) -> Result<Interface, DeskError> {
        let mut interface = self.interface();
        let is_it = |caller: &&mut Caller| caller.id == id && caller.revoked_at.is_none();
        let caller = interface.callers.iter_mut().find(is_it);
        caller.ok_or(CallerFault::Unknown)?.revoked_at = Some(self.now());
        // The settings first: a key without its secret would be refused with the wrong reason.
        let interface = self.keep_interface(interface).await?;
        self.ports.custody.forget(&vault_name(id)).await?;
        Ok(interface)
    }

    /// Who signed `input`: a key that may be used, when the signature is its own.
    ///
    /// # Errors
    /// `Caller(Unknown)`, `Caller(WrongSignature)`, `Caller(SecretMissing)`, `KeysLocked`.
    pub fn caller(&self, id: &str, input: &[u8], signature: &[u8]) -> Result<Caller, DeskError> {
        let caller = self.caller_named(id)?;
        let tag = self.ports.vault.keys(&vault_name(id));
        let tag = tag.and_then(|keys| keys.mac(input));
        match tag {
            Ok(tag) if paydesk_signing::is_same(&tag, signature) => Ok(caller),
            Ok(_) => Err(CallerFault::WrongSignature.into()),
            Err(KeyError::Locked) => Err(DeskError::KeysLocked),
            Err(_) => Err(CallerFault::SecretMissing.into()),
        }
    }

    fn caller_named(&self, id: &str) -> Result<Caller, CallerFault> {
        let shop = self.shop.read().map_err(|_| CallerFault::Unknown)?;
        let interface = shop.as_ref().and_then(|shop| shop.interface.as_ref());
        let known = interface.and_then(|it| it.callers.iter().find(|caller| caller.id == id));
        let in_use = known.filter(|caller| caller.revoked_at.is_none());
        in_use.cloned().ok_or(CallerFault::Unknown)
    }

    /// A link that cannot be guessed, to what an order shows its payer; the same for as long as the folder has its key.
    ///
    /// # Errors
    /// `KeysLocked`.
    pub fn link_tag(&self, order: &str) -> Result<String, DeskError> {
        let key = self.ports.vault.data_key();
        let key = key.map_err(|_| DeskError::KeysLocked)?;
        let tag = key.mac("payer's page", order.as_bytes());
        // 128 of its bits: no one can try that many.
        Ok(hex(tag.get(..16).unwrap_or(&tag)))
    }

    pub(crate) fn actor(&self) -> Actor {
        if let Some(caller) = Desk::caller_at_work() {
            return Actor::Software(caller);
        }
        self.operator().map_or(Actor::Program, Actor::Operator)
    }

    pub(crate) fn operator_name(&self) -> String {
        let caller = Desk::caller_at_work();
        caller.or_else(|| self.operator()).unwrap_or_default()
    }
}
