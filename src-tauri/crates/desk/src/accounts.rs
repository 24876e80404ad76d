//! Accounts at the channels: looked at, kept, changed, removed. Their keys go to the vault and nowhere else;
//! the settings hold what may be shown. Live and sandbox are told apart here, and never change.

use crate::{
    Desk, DeskError,
    ports::{AccountStatus, Actor, EventKind, KeyState, SecretFields},
    shop::{Account, Shop},
};
use paydesk_channels::{Channel, Field, FieldCheck, FieldKind, FieldProblem, Profile};
use paydesk_domain::{AccountId, ChannelId, FeeRate, MerchantRef, Mode, RateTable};
use paydesk_signing::{Secret, hex};
use serde_json::json;
use std::collections::BTreeMap;

/// A name a person gives an account, in characters.
const LABEL_MAX: usize = 40;

/// The longest text that is shown, an address; shorter than any key.
const SHOWN_BYTES_MAX: usize = 256;

/// More than anybody pastes into one field.
const FIELD_BYTES_MAX: usize = 256 * 1024;

/// What stands in the set-up form.
#[derive(Debug)]
pub struct Draft {
    /// The connector's short name.
    pub channel: String,
    /// An account of a sandbox.
    pub sandbox: bool,
    /// Where a sandbox account talks to.
    pub gateway: Option<String>,
    /// What was typed or pasted, by the connector's own names.
    pub fields: SecretFields,
}

/// A step of changing our own key.
#[derive(Debug)]
pub enum KeyStep {
    /// The waiting key signs from now on.
    Activate(String),
    /// A new key is kept beside the active one.
    Add(SecretFields),
    /// A key that does not sign is forgotten.
    Retire(String),
}

/// What is given is changed.
#[derive(Debug, Default)]
pub struct AccountChange {
    /// Its name.
    pub label: Option<String>,
    /// Its contract rate; the inner `None`: none is set.
    pub rate: Option<Option<FeeRate>>,
    /// The rows of its contract with dates.
    pub rates: Option<RateTable>,
    /// Charges of its channel go to it from now on.
    pub charges: bool,
    /// Whether it takes no payments until further notice.
    pub paused: Option<bool>,
    /// Fields that stay the same from one key of ours to the next.
    pub fields: Option<SecretFields>,
    /// A step of changing our own key.
    pub key: Option<KeyStep>,
}

/// Fields in plain, for the moment in which a connector looks at them; wiped afterwards.
struct Plain(BTreeMap<String, String>);

impl Plain {
    fn of(fields: &SecretFields) -> Plain {
        let pairs = fields.iter();
        Plain(
            pairs
                .map(|(name, value)| (name.clone(), value.expose().clone()))
                .collect(),
        )
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        for value in std::mem::take(&mut self.0).into_values() {
            // Handing it to `Secret` wipes it.
            drop(Secret::new(value));
        }
    }
}

impl Desk {
    /// Looks at pasted fields. With an account, what it keeps already need not be filled in again.
    ///
    /// # Errors
    /// `ChannelNotConnected` for an unknown channel, `AccountNotFound`, `GatewayNotAllowed`.
    pub fn check_draft(
        &self,
        draft: &Draft,
        account: Option<&AccountId>,
    ) -> Result<Vec<FieldCheck>, DeskError> {
        let channel = connector(&draft.channel)?;
        let kept = match account {
            Some(id) => self.kept_fields(&self.account(id)?),
            None => {
                gateway_of(draft, channel.profile())?;
                Vec::new()
            }
        };
        let mut lines =
            channel.check_fields(&Plain::of(&draft.fields).0, draft.sandbox, self.now());
        lines.retain(|line| {
            line.problem != Some(FieldProblem::Missing)
                || !kept.iter().any(|name| name == line.field)
        });
        Ok(lines)
    }

    /// Keeps an account: its keys in the vault first, then the rest in the settings.
    ///
    /// # Errors
    /// `RealOnly` in a demo, `GatewayNotAllowed`, `AccountField`, `AccountExists`, the vault's.
    pub async fn add_account(
        &self,
        draft: Draft,
        label: &str,
        rate: Option<FeeRate>,
    ) -> Result<Account, DeskError> {
        let shop = self.real_shop()?;
        let channel = connector(&draft.channel)?;
        let profile = channel.profile();
        let (secret, shown) = self.sorted(channel, &draft)?;
        let account = Account {
            id: AccountId(format!("{}-{}", profile.id, short(self.ports.ids.nonce()))),
            channel: ChannelId(profile.id.to_owned()),
            gateway: gateway_of(&draft, profile)?,
            fields: shown,
            rate,
            rates: RateTable::default(),
            sandbox: draft.sandbox,
            label: label_of(label)?,
            charges: !shop.accounts.iter().any(|a| a.channel.0 == profile.id),
            paused: false,
            reader: None,
            unused_fields: BTreeMap::new(),
        };
        if shop.accounts.iter().any(|known| is_same(known, &account)) {
            return Err(DeskError::AccountExists);
        }
        let custody = &self.ports.custody;
        custody.keep(&account.id, profile.id, secret).await?;
        let mut shop = self.real_shop()?;
        shop.accounts.push(account.clone());
        if let Err(error) = self.change_shop(shop).await {
            // Keys that no account names would only lie about.
            if let Err(left) = custody.forget(&account.id).await {
                tracing::warn!(error = %left, "keys of an account that could not be added are still in the vault");
            }
            return Err(error);
        }
        self.record_keys(&account, "account_added", None, self.actor())
            .await?;
        Ok(account)
    }

    /// Puts on record what happened to keys, by name and fingerprint. `key` names the version or the channel's
    /// key; without it, the one that signs.
    pub(crate) async fn record_keys(
        &self,
        account: &Account,
        how: &str,
        key: Option<&str>,
        actor: Actor,
    ) -> Result<(), DeskError> {
        let kept = self.kept(&account.id);
        self.record_keys_of(kept, account, how, key, actor).await
    }

    /// The same for keys as the vault knew them.
    async fn record_keys_of(
        &self,
        kept: Option<AccountStatus>,
        account: &Account,
        how: &str,
        key: Option<&str>,
        actor: Actor,
    ) -> Result<(), DeskError> {
        let kept = kept.as_ref();
        let own = kept.into_iter().flat_map(|kept| &kept.keys);
        let own = own.map(|it| (it.id.as_str(), it.fingerprint.as_deref(), it.state));
        let theirs = kept.into_iter().flat_map(|kept| &kept.peers);
        let theirs = theirs.map(|it| (it.id.as_str(), it.fingerprint.as_deref(), KeyState::Old));
        let found = own.chain(theirs).find(|(id, _, state)| match key {
            Some(key) => *id == key,
            None => *state == KeyState::Active,
        });
        let body = json!({
            "account": account.id,
            "channel": account.channel,
            "label": account.label,
            "how": how,
            "key": key.or(found.map(|(id, _, _)| id)),
            "fingerprint": found.and_then(|(_, fingerprint, _)| fingerprint),
        });
        let event = self.shop_event(EventKind::KeysChanged, actor, body)?;
        Ok(self.ports.store.append(vec![event]).await?)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// `AccountNotFound`, `AccountField`, `RealOnly`, the vault's.
    pub async fn change_account(
        &self,
        id: &AccountId,
        change: AccountChange,
    ) -> Result<Account, DeskError> {
        self.not_older_copy()?;
        let mut account = self.account(id)?;
        let channel = connector(&account.channel.0)?;
        let custody = &self.ports.custody;
        if change.fields.is_some() || change.key.is_some() {
            self.real_shop()?;
        }
        if let Some(fields) = change.fields {
            let (secret, shown) = self.amended(channel, &account, fields)?;
            if !secret.is_empty() {
                custody.amend(id, secret).await?;
                self.record_keys(&account, "amended", None, self.actor())
                    .await?;
            }
            for (name, value) in shown {
                if value.is_empty() {
                    account.fields.remove(&name);
                } else {
                    account.fields.insert(name, value);
                }
            }
        }
        match change.key {
            Some(KeyStep::Activate(key)) => {
                let before = self.kept(id).and_then(|kept| signing_key(&kept));
                custody.activate(id, &key).await?;
                account.show_fields_of(&key, before.as_deref());
                self.record_keys(&account, "activated", Some(&key), self.actor())
                    .await?;
            }
            Some(KeyStep::Add(fields)) => {
                let (secret, shown) = self.amended(channel, &account, fields)?;
                let added = custody.add_key(id, secret).await?;
                self.record_keys(&account, "added", Some(&added), self.actor())
                    .await?;
                account.unused_fields.insert(added, shown);
            }
            Some(KeyStep::Retire(key)) => {
                let before = self.kept(id);
                custody.retire(id, &key).await?;
                account.unused_fields.remove(&key);
                self.record_keys_of(before, &account, "retired", Some(&key), self.actor())
                    .await?;
            }
            None => {}
        }
        if let Some(label) = change.label {
            account.label = label_of(&label)?;
        }
        if let Some(rate) = change.rate {
            account.rate = rate;
        }
        if let Some(rates) = change.rates {
            account.rates = rates;
        }
        // Whoever wants payments on it does not want it paused.
        account.paused = !change.charges && change.paused.unwrap_or(account.paused);
        let mut shop = self.need_shop()?;
        for known in &mut shop.accounts {
            if change.charges && known.channel == account.channel {
                known.charges = known.id == *id;
            }
            if known.id == *id {
                account.charges = known.charges;
                *known = account.clone();
            }
        }
        if account.paused && account.charges {
            account.charges = !pass_on_charges(&mut shop, &account);
        }
        self.change_shop(shop).await?;
        Ok(account)
    }

    /// Forgets an account and its keys.
    ///
    /// # Errors
    /// `AccountInDoubt` while something of it is not known yet; then nothing was changed.
    pub async fn remove_account(&self, id: &AccountId) -> Result<(), DeskError> {
        let mut shop = self.real_shop()?;
        let account = self.account(id)?;
        let open = self.open_of(id).await?.len();
        if open > 0 {
            return Err(DeskError::AccountInDoubt(open));
        }
        shop.accounts.retain(|known| known.id != *id);
        if account.charges {
            pass_on_charges(&mut shop, &account);
        }
        // The settings first: an account without keys would be offered and fail.
        self.change_shop(shop).await?;
        self.record_keys(&account, "account_removed", None, self.actor())
            .await?;
        Ok(self.ports.custody.forget(id).await?)
    }

    /// The attempts and refunds of an account that are still looked at.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_of(&self, id: &AccountId) -> Result<Vec<MerchantRef>, DeskError> {
        let mut open = Vec::new();
        for reference in self.ports.store.open_work().await? {
            let order = self.ports.store.load(&reference.order()).await?;
            let payment = order.as_ref().and_then(|o| o.payment(&reference.payment()));
            if payment.is_some_and(|payment| payment.plan().account == *id) {
                open.push(reference);
            }
        }
        Ok(open)
    }

    /// What the vault says of an account; none while it is locked or has nothing.
    #[must_use]
    pub fn kept(&self, id: &AccountId) -> Option<AccountStatus> {
        self.ports.custody.account(id)
    }

    pub(crate) fn account(&self, id: &AccountId) -> Result<Account, DeskError> {
        let account = self.need_shop()?.account(id).cloned();
        account.ok_or(DeskError::AccountNotFound)
    }

    pub(crate) fn kept_fields(&self, account: &Account) -> Vec<String> {
        let mut kept = self.kept(&account.id).map_or_else(Vec::new, |s| s.fields);
        kept.extend(account.fields.keys().cloned());
        kept
    }

    fn real_shop(&self) -> Result<Shop, DeskError> {
        self.not_older_copy()?;
        let shop = self.need_shop()?;
        if shop.mode == Mode::Demo {
            return Err(DeskError::RealOnly);
        }
        Ok(shop)
    }

    /// Checks every field and sorts them: what makes keys to the vault, in the usual form, the rest to the
    /// settings. The names of keys go to both.
    pub(crate) fn sorted(
        &self,
        channel: &dyn Channel,
        draft: &Draft,
    ) -> Result<(SecretFields, BTreeMap<String, String>), DeskError> {
        let lines = channel.check_fields(&Plain::of(&draft.fields).0, draft.sandbox, self.now());
        first_problem(&lines)?;
        sort(channel.profile(), &draft.fields, &lines)
    }

    fn amended(
        &self,
        channel: &dyn Channel,
        account: &Account,
        fields: SecretFields,
    ) -> Result<(SecretFields, BTreeMap<String, String>), DeskError> {
        // What names the merchant is what makes it this account.
        if let Some(name) = fields
            .keys()
            .find(|name| names_merchant(channel.profile(), name))
        {
            return Err(DeskError::AccountField {
                field: name.clone(),
                problem: "check_fixed",
            });
        }
        let mut plain = Plain::of(&fields);
        for (name, value) in &account.fields {
            let known = plain.0.entry(name.clone());
            known.or_insert_with(|| value.clone());
        }
        let lines = channel.check_fields(&plain.0, account.sandbox, self.now());
        let typed: Vec<FieldCheck> = lines
            .into_iter()
            .filter(|line| {
                let value = fields.get(line.field);
                value.is_some_and(|value| !value.expose().trim().is_empty())
            })
            .collect();
        first_problem(&typed)?;
        let (mut secret, shown) = sort(channel.profile(), &fields, &typed)?;
        // What is emptied goes; the vault refuses when the keys cannot be made without it.
        for field in channel
            .profile()
            .fields
            .iter()
            .filter(|field| field.makes_keys())
        {
            let value = fields.get(field.name);
            if value.is_some_and(|value| value.expose().trim().is_empty()) {
                secret.insert(field.name.to_owned(), Secret::new(String::new()));
            }
        }
        Ok((secret, shown))
    }
}

/// Lets the first account of the same channel that can charge take over; false when there is none, and
/// then nothing changed.
fn pass_on_charges(shop: &mut Shop, from: &Account) -> bool {
    let others = shop.accounts.iter_mut();
    let mut others = others.filter(|other| other.channel == from.channel && other.id != from.id);
    let Some(next) = others.find(|other| !other.paused) else {
        return false;
    };
    next.charges = true;
    for known in &mut shop.accounts {
        if known.id == from.id {
            known.charges = false;
        }
    }
    true
}

pub(crate) fn connector(id: &str) -> Result<&'static dyn Channel, DeskError> {
    paydesk_channels::by_id(id).ok_or_else(|| DeskError::ChannelNotConnected(id.to_owned()))
}

fn first_problem(lines: &[FieldCheck]) -> Result<(), DeskError> {
    let wrong = lines
        .iter()
        .find_map(|line| Some((line.field, line.problem.as_ref()?)));
    match wrong {
        Some((field, problem)) => Err(DeskError::AccountField {
            field: field.to_owned(),
            problem: problem.text(),
        }),
        None => Ok(()),
    }
}

fn sort(
    profile: &Profile,
    fields: &SecretFields,
    lines: &[FieldCheck],
) -> Result<(SecretFields, BTreeMap<String, String>), DeskError> {
    let (mut secret, mut shown) = (SecretFields::new(), BTreeMap::new());
    for (name, value) in fields {
        let known = profile.fields.iter().find(|field| field.name == name);
        let field = known.filter(|_| value.expose().len() <= FIELD_BYTES_MAX);
        let field = field.ok_or_else(|| DeskError::AccountField {
            field: name.chars().take(40).collect(),
            problem: "check_form",
        })?;
        let text = value.expose().trim();
        if field.makes_keys() && !text.is_empty() {
            let seen = lines.iter().find(|line| line.field == name);
            let seen = seen.and_then(|line| line.seen.as_ref());
            let usual = seen.map_or(text, |seen| seen.normalised().expose().as_str());
            secret.insert(name.clone(), Secret::new(usual.to_owned()));
        }
        if matches!(
            field.kind,
            FieldKind::Detail | FieldKind::KeyName | FieldKind::Text
        ) {
            may_be_shown(profile, fields, name, text)?;
            shown.insert(name.clone(), text.to_owned());
        }
    }
    Ok((secret, shown))
}

/// A field that is shown must not hold what is secret: a key in the wrong place is refused, not kept in
/// the settings for everybody to read.
fn may_be_shown(
    profile: &Profile,
    fields: &SecretFields,
    name: &str,
    text: &str,
) -> Result<(), DeskError> {
    let mut secrets = profile.fields.iter().filter(|field| field.is_secret());
    let is_secret = !text.is_empty()
        && secrets.any(|field| {
            let secret = fields.get(field.name);
            secret.is_some_and(|secret| secret.expose().trim() == text)
        });
    if is_secret || text.len() > SHOWN_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(DeskError::AccountField {
            field: name.to_owned(),
            problem: "check_form",
        });
    }
    Ok(())
}

/// Where an account talks to: a live one to its channel, a sandbox one to the channel's own sandbox or to
/// this machine. There is no third kind, so that test and live cannot be mixed up.
pub(crate) fn gateway_of(draft: &Draft, profile: &Profile) -> Result<String, DeskError> {
    let given = draft
        .gateway
        .as_deref()
        .map(str::trim)
        .filter(|g| !g.is_empty());
    if !draft.sandbox {
        return match given {
            None => Ok(profile.gateway.to_owned()),
            Some(_) => Err(DeskError::GatewayNotAllowed),
        };
    }
    let gateway = given
        .or(profile.sandbox_gateway)
        .ok_or(DeskError::GatewayNotAllowed)?;
    if profile.sandbox_gateway == Some(gateway) || is_this_machine(gateway) {
        return Ok(gateway.trim_end_matches('/').to_owned());
    }
    Err(DeskError::GatewayNotAllowed)
}

/// `http://127.0.0.1:4242/…`, `http://localhost:4242/…`, `http://[::1]:4242/…`: an address and a path, no more.
#[must_use]
pub fn is_this_machine(gateway: &str) -> bool {
    let Some(rest) = gateway.strip_prefix("http://") else {
        return false;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, port),
        None => (host, "80"),
    };
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
}

fn label_of(text: &str) -> Result<String, DeskError> {
    let text = text.trim();
    if text.chars().count() > LABEL_MAX || text.chars().any(char::is_control) {
        return Err(DeskError::TextTooLong(LABEL_MAX));
    }
    Ok(text.to_owned())
}

/// The required plain fields of a channel: its merchant numbers.
fn names_merchant(profile: &Profile, name: &str) -> bool {
    let field = profile.fields.iter().find(|field| field.name == name);
    field.is_some_and(Field::names_merchant)
}

/// The version of our keys that signs.
fn signing_key(kept: &AccountStatus) -> Option<String> {
    let mut keys = kept.keys.iter();
    keys.find(|key| key.state == KeyState::Active)
        .map(|key| key.id.clone())
}

fn is_same(one: &Account, other: &Account) -> bool {
    let numbers = |account: &Account| {
        let profile = paydesk_channels::by_id(&account.channel.0).map(Channel::profile);
        let fields = account.fields.iter();
        fields
            .filter(|(name, _)| profile.is_some_and(|profile| names_merchant(profile, name)))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    one.channel == other.channel && one.sandbox == other.sandbox && numbers(one) == numbers(other)
}

fn short(nonce: [u8; 16]) -> String {
    hex(nonce.get(..4).unwrap_or_default())
}
