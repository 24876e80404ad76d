//! What a channel tells by itself, through a relay, a tunnel or a file. It is believed as little as an answer, and
//! goes the way an answer goes: the same evidence, the same reducer, whichever comes first. A notice that cannot be
//! used makes the program ask.

use crate::{
    Desk, DeskError,
    driver::{Exchanged, Record},
    pay::target,
    refunds::{parts, question},
    shop::Account,
};
use paydesk_channels::{Answer, Channel, Cx, NoticeAbout, Notices, Query};
use paydesk_domain::{
    ChannelId, Heard, MerchantRef, Order, OrderNumber, Outcome, Payment, RefundFact, RefundState,
    Timestamp,
};
use paydesk_signing::{Authentic, Forged, Keys, Peer, WireReply};
use std::sync::Arc;

/// Why a notice was not taken. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoticeFault {
    /// It does not prove to be the channel's.
    #[error("the notice is not genuine: {0}")]
    Forged(Forged),
    /// No account of this folder hears notices under this name.
    #[error("no account here hears these notices")]
    NoAccount,
    /// It is genuine, and about another merchant's or another till's payment.
    #[error("the notice is about a payment that is not in this folder")]
    NotOurs,
    /// It is genuine, and cannot be read.
    #[error("the notice cannot be read")]
    Unreadable,
}

/// What a genuine notice came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It said nothing that can be used: the channel is asked now.
    Asked(OrderNumber),
    /// It is about something else than payments and refunds; by the channel's own name.
    Other(String),
    /// It stands in the order's history, or stood there before and changed nothing.
    Recorded(OrderNumber),
}

/// A notice that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// Whose.
    pub channel: ChannelId,
    /// Its number at the channel.
    pub id: String,
    /// What it came to.
    pub delivery: Delivery,
    /// Status and body with which the channel wants it acknowledged.
    pub receipt: (u16, &'static str),
}

/// An account that hears notices, and what it hears with.
struct Ear {
    account: Account,
    channel: &'static dyn Channel,
    notices: &'static dyn Notices,
    keys: Arc<dyn Keys>,
}

impl Desk {
    /// Takes a notice: headers and body as they came, for the account with this id or whichever it proves to be for.
    ///
    /// # Errors
    /// `Notice`, `KeysLocked`, the store's: nothing was changed, and the channel may repeat it.
    pub async fn hear_notice(
        &self,
        account: Option<&str>,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Delivered, DeskError> {
        let reply = WireReply {
            status: 200,
            headers,
            body,
            peer: Peer::Unknown,
        };
        let mut refused = NoticeFault::NoAccount;
        for ear in self.ears(account)? {
            match self.hear_with(&ear, &reply).await {
                Err(DeskError::Notice(fault)) => refused = worse(refused, fault),
                settled => return settled,
            }
        }
        Err(refused.into())
    }

    /// Who may be meant. Locked keys are told apart from none at all, so that the channel repeats.
    fn ears(&self, account: Option<&str>) -> Result<Vec<Ear>, DeskError> {
        let shop = self.need_shop()?;
        let mut ears = Vec::new();
        let mut is_locked = false;
        for known in shop.accounts {
            if account.is_some_and(|id| known.id.0 != id) {
                continue;
            }
            let channel = paydesk_channels::by_id(&known.channel.0);
            let Some((channel, notices)) = channel.and_then(|it| Some((it, it.notices()?))) else {
                continue;
            };
            match self.ports.vault.keys(&known.id) {
                Ok(keys) => ears.push(Ear {
                    account: known,
                    channel,
                    notices,
                    keys,
                }),
                Err(_) => is_locked = true,
            }
        }
        if ears.is_empty() && is_locked {
            return Err(DeskError::KeysLocked);
        }
        Ok(ears)
    }

    async fn hear_with(&self, ear: &Ear, reply: &WireReply) -> Result<Delivered, DeskError> {
        let settings = ear.account.settings();
        let cx = Cx {
            keys: ear.keys.as_ref(),
            account: &settings,
            now: self.now(),
            nonce: self.ports.ids.nonce(),
        };
        let proof = ear.notices.authenticate(reply.clone(), &cx);
        let proof = proof.map_err(NoticeFault::Forged)?;
        let notice = ear.notices.read(&proof, &cx);
        let notice = notice.map_err(|doubt| match doubt {
            paydesk_domain::Doubt::Mismatch => NoticeFault::NotOurs,
            _ => NoticeFault::Unreadable,
        })?;
        let delivery = match notice.about {
            NoticeAbout::Other { event } => {
                tracing::info!(channel = %ear.account.channel.0, event, "a notice about something else");
                Delivery::Other(event)
            }
            NoticeAbout::Payment { reference } => {
                self.hear_payment(ear, &reference, &proof, reply, &cx)
                    .await?
            }
            NoticeAbout::Refund { reference, .. } => {
                self.hear_refund(ear, &reference, &proof, reply, &cx)
                    .await?
            }
        };
        Ok(Delivered {
            channel: ear.account.channel.clone(),
            id: notice.id,
            delivery,
            receipt: ear.notices.receipt(),
        })
    }

    async fn hear_payment(
        &self,
        ear: &Ear,
        reference: &str,
        proof: &Authentic,
        reply: &WireReply,
        cx: &Cx<'_>,
    ) -> Result<Delivery, DeskError> {
        let reference = MerchantRef::parse(reference).map_err(|_| NoticeFault::NotOurs)?;
        let order = self.ours(ear, &reference).await?;
        let payment = order.payment(&reference).ok_or(NoticeFault::NotOurs)?;
        let query = Query {
            of: target(payment),
        };
        let outcome = ear.notices.payment(&query, proof, cx);
        let heard = usable(outcome, proof, reply, payment.begun_at());
        let Some(exchanged) = heard else {
            return self.ask_instead(&reference).await;
        };
        if !self.was_heard(&order, proof).await? {
            let schedule = &ear.channel.profile().schedule;
            let knew = query.of.memo.as_ref();
            self.settle_payment(&reference, exchanged, Heard::Notice, knew, schedule)
                .await?;
            self.wake.notify_one();
        }
        Ok(Delivery::Recorded(order.number().clone()))
    }

    async fn hear_refund(
        &self,
        ear: &Ear,
        reference: &str,
        proof: &Authentic,
        reply: &WireReply,
        cx: &Cx<'_>,
    ) -> Result<Delivery, DeskError> {
        let reference = MerchantRef::parse(reference).map_err(|_| NoticeFault::NotOurs)?;
        let order = self.ours(ear, &reference).await?;
        let (payment, refund) = parts(&order, &reference).map_err(|_| NoticeFault::NotOurs)?;
        let outcome = ear.notices.refund(&question(payment, refund), proof, cx);
        let heard = usable(outcome, proof, reply, refund.begun_at());
        let Some(exchanged) = heard else {
            return self.ask_instead(&reference).await;
        };
        // A notice may be older than what is known, so money that comes back after it was given is believed of an
        // answer alone.
        let is_done = matches!(refund.state(), RefundState::Done { .. });
        if is_done && says_failed(&exchanged) {
            return self.ask_instead(&reference).await;
        }
        if !self.was_heard(&order, proof).await? {
            self.settle_refund(&reference, exchanged, Heard::Notice, ear.channel)
                .await?;
            self.wake.notify_one();
        }
        Ok(Delivery::Recorded(order.number().clone()))
    }

    /// The order, if the attempt of it went through this account.
    async fn ours(&self, ear: &Ear, reference: &MerchantRef) -> Result<Order, DeskError> {
        let order = self.ports.store.load(&reference.order()).await?;
        let is_ours = |order: &Order| {
            let payment = order.payment(&reference.payment());
            payment.is_some_and(|payment: &Payment| payment.plan().account == ear.account.id)
        };
        order
            .filter(is_ours)
            .ok_or(DeskError::Notice(NoticeFault::NotOurs))
    }

    /// Whether these very bytes stand in the order's history: a notice that comes again adds nothing to it.
    async fn was_heard(&self, order: &Order, proof: &Authentic) -> Result<bool, DeskError> {
        let digest = paydesk_signing::sha256_hex(proof.believed());
        let events = self.ports.store.timeline(order.number()).await?;
        Ok(events.iter().any(|event| {
            let known = event.body.pointer("/proof/believed_sha256");
            known.and_then(|known| known.as_str()) == Some(digest.as_str())
        }))
    }

    /// The channel has something to say of it, and did not say it so that it can be used.
    async fn ask_instead(&self, reference: &MerchantRef) -> Result<Delivery, DeskError> {
        self.ports.store.hurry(reference, self.now()).await?;
        self.wake.notify_one();
        Ok(Delivery::Asked(reference.order()))
    }
}

/// The reason that tells most: a forgery for one account may be another account's own notice.
fn worse(one: NoticeFault, other: NoticeFault) -> NoticeFault {
    let weight = |fault: &NoticeFault| match fault {
        NoticeFault::NoAccount => 0,
        NoticeFault::Forged(_) => 1,
        NoticeFault::Unreadable => 2,
        NoticeFault::NotOurs => 3,
    };
    if weight(&other) > weight(&one) {
        other
    } else {
        one
    }
}

fn says_failed(exchanged: &Exchanged<RefundFact>) -> bool {
    matches!(
        exchanged,
        Exchanged::Heard { answer, .. } if matches!(answer.fact, RefundFact::Failed(..))
    )
}

/// The fact of a notice as an exchange that nobody asked for. A refusal or a doubt in a notice says nothing of money.
/// It may be as old as the attempt itself: relays keep notices for days.
fn usable<F>(
    outcome: Outcome<Answer<F>>,
    proof: &Authentic,
    reply: &WireReply,
    begun: Timestamp,
) -> Option<Exchanged<F>> {
    match outcome {
        Outcome::Done(answer) => Some(Exchanged::Heard {
            answer,
            proof: proof.clone(),
            record: Record::of_notice(reply, proof, begun),
        }),
        Outcome::Refused(_) | Outcome::Unknown(_) => None,
    }
}
