//! The channel's keys while they change: an answer of a key nobody here knows asks for the channel's list,
//! or for the one certificate that the answer names.
//! Only what proves itself is learned, beside the keys that are trusted. It must never believe the answer
//! that asked for it, nor settle a payment: the next look does.

use crate::{
    Desk, DeskError,
    driver::scope,
    ports::{Actor, PeerKey},
    shop::Account,
};
use paydesk_channels::Cx;
use paydesk_domain::{AccountId, Timestamp};
use paydesk_signing::{Forged, KeyId};
use std::{sync::Arc, time::Duration};

/// Between two requests for one account's keys: whoever forges answers must not make this machine ask
/// without end.
const ASK_EVERY: Duration = Duration::from_secs(180);

/// What is known of one account's need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    /// An answer came that an unknown key signed.
    is_open: bool,
    /// The name of that key, as the answer wrote it.
    named: Option<KeyId>,
    /// When the channel was asked last.
    asked_at: Option<Timestamp>,
}

impl Need {
    fn may_ask(&self, now: Timestamp) -> bool {
        let waited = |at: Timestamp| now.since(at) >= ASK_EVERY || at > now;
        self.is_open && self.asked_at.is_none_or(waited)
    }
}

impl Desk {
    /// Notes why an answer is not believed; for an unknown key the channel is asked by the resolver.
    pub(crate) fn note_forged(&self, account: &AccountId, forged: Forged, named: Option<KeyId>) {
        let is_ours = self
            .shop()
            .is_some_and(|shop| shop.account(account).is_some());
        if forged != Forged::UnknownKey || !is_ours {
            return;
        }
        if let Ok(mut needs) = self.peer_keys.lock() {
            let need = needs.entry(account.clone()).or_default();
            need.is_open = true;
            need.named = named;
        }
        self.wake.notify_one();
    }

    /// Asks for the keys of every account that needs some, each on a task of its own.
    pub(crate) fn learn_keys(self: &Arc<Self>) {
        let Some(shop) = self.shop() else { return };
        if self.ports.vault.is_locked() {
            return;
        }
        let now = self.now();
        for account in shop.accounts {
            let due = self.peer_keys.lock().ok().and_then(|mut needs| {
                let need = needs.get_mut(&account.id);
                let need = need.filter(|need| need.may_ask(now))?;
                need.is_open = false;
                need.asked_at = Some(now);
                Some(need.named.take())
            });
            let Some(named) = due else {
                continue;
            };
            let desk = Arc::clone(self);
            self.ports.tasks.spawn(Box::pin(async move {
                match desk.learn_keys_of(&account, named.as_ref()).await {
                    Ok(learned) => tracing::info!(
                        account = %account.id.0,
                        ?learned,
                        "the channel's keys were asked for"
                    ),
                    Err(why) => tracing::warn!(
                        account = %account.id.0,
                        why,
                        "the channel's keys could not be learned; nothing was changed"
                    ),
                }
            }));
        }
    }

    /// Gives the names of what was learned.
    async fn learn_keys_of(
        &self,
        account: &Account,
        named: Option<&KeyId>,
    ) -> Result<Vec<String>, String> {
        let said = |error: DeskError| error.to_string();
        let channel = paydesk_channels::by_id(&account.channel.0)
            .ok_or_else(|| said(DeskError::ChannelNotConnected(account.channel.0.clone())))?;
        let Some(part) = channel.certificates() else {
            return Ok(Vec::new());
        };
        let keys = self
            .ports
            .vault
            .keys(&account.id)
            .map_err(|error| error.to_string())?;
        let settings = account.settings();
        let nonce = self.ports.ids.nonce();
        let cx = |now| Cx {
            keys: keys.as_ref(),
            account: &settings,
            now,
            nonce,
        };
        let request = part
            .encode(named, &cx(self.now()))
            .map_err(|proof| format!("{proof:?}"))?;
        let deadline = channel.profile().schedule.deadline;
        let sent = self
            .ports
            .network
            .send(request, scope(account, channel), deadline);
        let reply = sent.await.map_err(|cut| format!("{cut:?}"))?;
        let opened = part
            .open(named, &reply, &cx(self.now()))
            .map_err(|forged| forged.to_string())?;
        let mut learned = Vec::new();
        for (id, material) in opened {
            // A key that is trusted already says so by looking at the signature at all.
            let known = keys.verify(&KeyId(id.clone()), &[], &[]) != Err(Forged::UnknownKey);
            if known {
                continue;
            }
            let key = PeerKey {
                id: id.clone(),
                field: part.field().to_owned(),
                material,
            };
            let kept = self.ports.custody.learn(&account.id, key).await;
            kept.map_err(|error| error.to_string())?;
            let recorded = self.record_keys(account, "learned", Some(&id), Actor::Program);
            recorded.await.map_err(said)?;
            learned.push(id);
        }
        if !learned.is_empty() {
            self.tell_status();
        }
        Ok(learned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_asked_about_once_in_a_while_and_after_the_clock_was_set_back() {
        let at = Timestamp(1_732_586_400_000);
        let need = |is_open, asked_at| Need {
            is_open,
            named: None,
            asked_at,
        };
        assert!(!need(false, None).may_ask(at));
        assert!(need(true, None).may_ask(at));
        let asked = need(true, Some(at));
        assert!(!asked.may_ask(at.plus(Duration::from_secs(179))));
        assert!(asked.may_ask(at.plus(ASK_EVERY)));
        assert!(asked.may_ask(Timestamp(at.0 - 3_600_000)));
    }
}
