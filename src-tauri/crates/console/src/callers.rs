//! The interface for other software, from the side of who sets it up and of who listens.
//! A secret of a key leaves by [`Console::add_caller`] alone, which is no command of the window.

use crate::{Console, coded, contract::*, errors::caller_code, invalid, refused, refused_with};
use paydesk_desk::reports::{PayerPage, PayerState};
use paydesk_desk::{
    CALLER_LABEL_MAX, Caller, Delivery, Desk, DeskError, Interface, InterfaceChange, NewCaller,
    Right, Secret,
};
use paydesk_domain::{Mode, Money, OrderNumber};
use paydesk_texts::Language;
use std::{collections::BTreeSet, future::Future};

/// Names by which the interface may be called.
const HOSTS_MAX: usize = 16;

/// The longest name of a host (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// A key to make for other software.
#[derive(Clone, Debug)]
pub struct AddCaller {
    /// Its name, 1 to 40 characters.
    pub label: String,
    /// What it may do; at least one.
    pub rights: Vec<RightView>,
    /// The most it may charge or refund in one call, as a decimal in the shop's currency.
    pub amount_max: Option<String>,
    /// Calls in a minute.
    pub per_minute: u32,
}

/// Other software that has proved who it is.
#[derive(Clone, Debug)]
pub struct KnownCaller {
    /// The id of its key.
    pub id: String,
    /// The name of its key.
    pub label: String,
    /// Calls in a minute.
    pub per_minute: u32,
    rights: BTreeSet<Right>,
    amount_max: Option<Money>,
}

impl KnownCaller {
    /// Whether its key has this right.
    #[must_use]
    pub fn may(&self, right: RightView) -> bool {
        self.rights.contains(&right.into())
    }

    /// Whether so much is within its limit; an amount of another currency is not.
    #[must_use]
    pub fn may_move(&self, minor: i64, currency: &str) -> bool {
        let within = |most: Money| most.currency().code() == currency && minor <= most.minor();
        self.amount_max.is_none_or(within)
    }
}

/// What a channel's notice came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HeardNotice {
    /// The channel's short name.
    pub channel: String,
    /// The notice's number at the channel.
    pub notice_id: String,
    /// `asked`, `other` or `recorded`.
    pub came_to: &'static str,
    /// The order it is about.
    pub order_id: Option<String>,
    /// The HTTP status with which the channel wants it acknowledged.
    pub receipt_status: u16,
    /// The body with which the channel wants it acknowledged.
    pub receipt_body: &'static str,
}

/// What a payer is told of a payment.
fn payer_state(view: PaymentView) -> PayerState {
    match (view.state, view.qr) {
        (PayState::ShowingQr, Some(qr)) if qr.expires_at > view.now => PayerState::Scan {
            code: qr.text,
            svg: qr.svg,
            seconds: (qr.expires_at - view.now) / 1000,
        },
        (PayState::Paid, _) => PayerState::Paid,
        // The rest of an order in parts is taken at the till.
        (PayState::PaidLate | PayState::PaidOver | PayState::PaidShort | PayState::PartPaid, _) => {
            PayerState::Shop
        }
        (PayState::Closed | PayState::Failed | PayState::Reversed, _) => PayerState::Ended,
        (
            PayState::AtReader
            | PayState::Confirming
            | PayState::CustomerPaying
            | PayState::PageOpen
            | PayState::Waiting,
            _,
        ) => PayerState::Paying,
        (PayState::Ending | PayState::ShowingQr | PayState::Unknown, _) => PayerState::Asking,
    }
}

impl Console {
    pub(crate) async fn interface_settings(
        &self,
        _: NoArgs,
    ) -> Result<InterfaceView, CommandError> {
        Ok(self.interface_now())
    }

    /// The interface as it is set up.
    #[must_use]
    pub fn interface_now(&self) -> InterfaceView {
        self.seen(self.desk.interface())
    }

    /// Whoever listens says here what came of it; the window is told.
    pub fn note_listening(&self, listening: ListeningView) {
        if let Ok(mut kept) = self.listening.lock() {
            *kept = listening;
        }
        self.desk.tell_status();
    }

    fn seen(&self, interface: Interface) -> InterfaceView {
        let listening = self.listening.lock();
        InterfaceView {
            is_on: interface.is_on,
            hears_notices: interface.hears_notices,
            port: interface.port,
            beyond_this_machine: interface.beyond_this_machine,
            hosts: interface.hosts,
            callers: interface
                .callers
                .into_iter()
                .map(CallerView::from)
                .collect(),
            listening: listening.map(|it| it.clone()).unwrap_or_default(),
        }
    }

    /// The path under which a payer sees an order's payment in a browser; none while the keys are locked.
    #[must_use]
    pub fn payer_path(&self, order_id: &str) -> Option<String> {
        let number = OrderNumber::parse(order_id).ok()?;
        let tag = self.desk.payer_tag(&number)?;
        Some(format!("/pay/{number}/{tag}"))
    }

    /// The page under that path, in a language, and the policy it is served under.
    ///
    /// # Errors
    /// `OrderNotFound`, also where the tag is not the order's.
    pub async fn payer_page(
        &self,
        order_id: &str,
        tag: &str,
        language: &str,
    ) -> Result<(String, String), CommandError> {
        let unknown = || refused(ErrorCode::OrderNotFound);
        let number = OrderNumber::parse(order_id).map_err(|_| unknown())?;
        if !self.desk.is_payer_tag(&number, tag) {
            return Err(unknown());
        }
        let shop = self.desk.shop().ok_or_else(unknown)?;
        let order = self.desk.order(&number).await.map_err(coded)?;
        let amount = order.latest().map(|it| it.plan().amount.money());
        let view = self.view(&order).await?;
        let page = PayerPage {
            store: shop.store_name.clone(),
            order: view.order_id.clone(),
            channel: view.channel.clone(),
            amount: amount.ok_or_else(unknown)?,
            is_demo: shop.mode == Mode::Demo,
            state: payer_state(view),
        };
        let language = Language::from_tag(language);
        Ok((page.html(language), PayerPage::policy()))
    }

    /// Now by the injected clock, UTC milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.desk.now().0
    }

    /// Waits by the injected clock.
    pub async fn wait(&self, time: std::time::Duration) {
        self.desk.ports().clock.sleep(time).await;
    }

    pub(crate) async fn change_interface(
        &self,
        args: ChangeInterface,
    ) -> Result<InterfaceView, CommandError> {
        if args.port == Some(0) {
            return Err(invalid("port"));
        }
        if let Some(hosts) = &args.hosts
            && (hosts.len() > HOSTS_MAX || !hosts.iter().all(|host| is_host(host)))
        {
            return Err(invalid("hosts"));
        }
        let change = InterfaceChange {
            is_on: args.is_on,
            hears_notices: args.hears_notices,
            port: args.port,
            beyond_this_machine: args.beyond_this_machine,
            hosts: args.hosts,
        };
        let changed = self.desk.change_interface(change).await;
        changed.map(|it| self.seen(it)).map_err(coded)
    }

    pub(crate) async fn revoke_caller(
        &self,
        args: CallerOf,
    ) -> Result<InterfaceView, CommandError> {
        let left = self.desk.revoke_caller(&args.caller_id).await;
        left.map(|it| self.seen(it)).map_err(coded)
    }

    /// Makes a key for other software. Its secret is given out here and never again.
    ///
    /// # Errors
    /// `InvalidArguments`, `TextTooLong`, `CallersTooMany`, `KeysLocked`: nothing was made.
    pub async fn add_caller(
        &self,
        add: AddCaller,
    ) -> Result<(CallerView, Secret<String>), CommandError> {
        let label = add.label.trim();
        if label.is_empty() || label.chars().any(char::is_control) {
            return Err(invalid("label"));
        }
        if label.chars().count() > CALLER_LABEL_MAX {
            let max = CALLER_LABEL_MAX.to_string();
            return Err(refused_with(ErrorCode::TextTooLong, &[("max", max)]));
        }
        if add.rights.is_empty() {
            return Err(invalid("rights"));
        }
        let amount_max = match add.amount_max {
            Some(decimal) => Some(self.money(&self.minor_units(&decimal, None)?)?),
            None => None,
        };
        let new = NewCaller {
            label: label.to_owned(),
            rights: add.rights.into_iter().map(Right::from).collect(),
            amount_max,
            per_minute: add.per_minute,
        };
        let (caller, secret) = self.desk.add_caller(new).await.map_err(coded)?;
        Ok((caller.into(), secret))
    }

    /// Who signed `input`: a key that may be used, when the signature is its own. Compared in constant time.
    ///
    /// # Errors
    /// `CallerUnknown`, `CallerSignature`, `CallerSecretMissing`, `KeysLocked`.
    pub fn caller(
        &self,
        id: &str,
        input: &[u8],
        signature: &[u8],
    ) -> Result<KnownCaller, CommandError> {
        let caller = self.desk.caller(id, input, signature);
        let caller = caller.map_err(|error| match error {
            // Whoever listens writes it to the log, and no more of them than it must.
            DeskError::Caller(fault) => refused(caller_code(fault)),
            other => coded(other),
        })?;
        Ok(KnownCaller {
            id: caller.id,
            label: caller.label,
            per_minute: caller.per_minute,
            rights: caller.rights,
            amount_max: caller.amount_max,
        })
    }

    /// Runs commands on behalf of other software: its name stands on every event, the same amount is not asked
    /// about again, and what is durable is told without waiting for the channel.
    pub async fn on_behalf_of<F: Future>(label: &str, work: F) -> F::Output {
        Desk::on_behalf_of(label, work).await
    }

    /// The part of a payer's link that cannot be guessed.
    ///
    /// # Errors
    /// `KeysLocked`.
    pub fn link_tag(&self, order_id: &str) -> Result<String, CommandError> {
        self.desk.link_tag(order_id).map_err(coded)
    }

    /// Takes a channel's notice, as it came; for the account of this id, or whichever it proves to be for.
    ///
    /// # Errors
    /// `NoticeForged`, `NoticeNoAccount`, `NoticeNotOurs`, `NoticeUnreadable`, `KeysLocked`, the store's.
    pub async fn hear_notice(
        &self,
        account: Option<&str>,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<HeardNotice, CommandError> {
        let heard = self.desk.hear_notice(account, headers, body).await;
        let heard = heard.map_err(coded)?;
        let (came_to, order) = match heard.delivery {
            Delivery::Asked(order) => ("asked", Some(order)),
            Delivery::Other(_) => ("other", None),
            Delivery::Recorded(order) => ("recorded", Some(order)),
        };
        Ok(HeardNotice {
            channel: heard.channel.0,
            notice_id: heard.id,
            came_to,
            order_id: order.map(|order| order.to_string()),
            receipt_status: heard.receipt.0,
            receipt_body: heard.receipt.1,
        })
    }
}

/// A name or address without a port, as it stands in a `Host` header.
fn is_host(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    let is_address = text.starts_with('[') && text.ends_with(']');
    (1..=HOST_BYTES_MAX).contains(&text.len())
        && text.bytes().all(plain)
        && (is_address || !text.contains([':', '[', ']']))
}

impl From<RightView> for Right {
    fn from(right: RightView) -> Right {
        match right {
            RightView::Cancel => Right::Cancel,
            RightView::Create => Right::Create,
            RightView::List => Right::List,
            RightView::Query => Right::Query,
            RightView::Refund => Right::Refund,
        }
    }
}

impl From<Right> for RightView {
    fn from(right: Right) -> RightView {
        match right {
            Right::Cancel => RightView::Cancel,
            Right::Create => RightView::Create,
            Right::List => RightView::List,
            Right::Query => RightView::Query,
            Right::Refund => RightView::Refund,
        }
    }
}

impl From<Caller> for CallerView {
    fn from(caller: Caller) -> CallerView {
        CallerView {
            id: caller.id,
            label: caller.label,
            rights: caller.rights.into_iter().map(RightView::from).collect(),
            amount_max: caller.amount_max.map(MoneyView::from),
            per_minute: caller.per_minute,
            created_at: caller.created_at.0,
            revoked_at: caller.revoked_at.map(|at| at.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_without_a_port() {
        for good in ["till.example", "192.168.1.5", "[::1]", "kasse-2"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "till.example:80",
            "http://till",
            "a b",
            "::1",
            "a/b",
            &"x".repeat(254),
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
