//! The driver: the one place that sends. It owns the deadline, authenticates before anything is read,
//! and turns whatever happens into an answer, a refusal, a doubt, or a proof that nothing was sent.

use crate::{
    Desk, DeskError,
    health::{Contact, moment_of},
    planted::is_taken_for_failure,
    ports::{Cut, Scope},
    shop::Account,
};
use paydesk_channels::{
    Answer, Call, Channel, Create, Cx, Examine, Exchange, Finish, Further, ListReaders, Query,
    QueryRefund, RefundCall, WireRequest,
};
use paydesk_domain::{Doubt, Memo, MerchantRef, NotSent, Outcome, Payment, Refusal, Timestamp};
use paydesk_signing::{
    Authentic, KeyId, Keys, WireReply,
    mutants::{Mutant, planted},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What one exchange came to.
pub(crate) enum Exchanged<F> {
    /// Money may or may not have moved.
    Doubt {
        doubt: Doubt,
        forged: Option<String>,
        record: Record,
    },
    /// An authenticated fact.
    Heard {
        answer: Answer<F>,
        proof: Authentic,
        record: Record,
    },
    /// No byte left this machine.
    NotSent(NotSent),
    /// An authenticated no.
    Refused {
        refusal: Refusal,
        proof: Authentic,
        record: Record,
    },
}

impl<F> Exchanged<F> {
    /// As of when the channel answered, if it did: no earlier than it was asked, no later than it says itself.
    pub(crate) fn answered(&self) -> Option<Timestamp> {
        match self {
            Exchanged::Heard { record, .. } => Some(
                record
                    .dated
                    .map_or(record.asked, |dated| dated.min(record.asked)),
            ),
            Exchanged::Doubt { .. } | Exchanged::NotSent(_) | Exchanged::Refused { .. } => None,
        }
    }
}

/// What is kept of an exchange: enough to verify the answer again, nothing secret.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Record {
    /// What was asked.
    pub operation: &'static str,
    /// Where, without the query.
    pub address: String,
    /// SHA-256 of the sent body, hex.
    pub sent_sha256: String,
    /// HTTP status, if an answer came.
    pub status: Option<u16>,
    /// Headers of the answer that the proof needs.
    pub headers: Vec<(String, String)>,
    /// The answer's body as text; anything that is not UTF-8 is replaced. At most 64 KiB.
    pub body: Option<String>,
    /// SHA-256 of the answer's body, hex.
    pub reply_sha256: Option<String>,
    /// The key that verified it.
    pub key: Option<String>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// When it was asked: the answer may be as old as that.
    #[serde(skip)]
    pub asked: Timestamp,
    /// When the channel made the answer, by its own clock.
    #[serde(skip)]
    pub dated: Option<Timestamp>,
}

/// Kept of an answer's body: the largest genuine answer is a few KiB.
const KEPT_BODY_MAX: usize = 64 * 1024;

impl Record {
    fn of(request: &WireRequest, asked: Timestamp) -> Record {
        let address = request.url.split('?').next().unwrap_or_default().to_owned();
        Record {
            operation: request.operation.name(),
            address,
            sent_sha256: hex(&Sha256::digest(&request.body)),
            status: None,
            headers: Vec::new(),
            body: None,
            reply_sha256: None,
            key: None,
            took_ms: 0,
            asked,
            dated: None,
        }
    }

    /// What is kept of a notice: nothing was sent, and it may be as old as `begun`.
    pub(crate) fn of_notice(reply: &WireReply, proof: &Authentic, begun: Timestamp) -> Record {
        let mut record = Record {
            operation: "notice",
            address: String::new(),
            sent_sha256: String::new(),
            status: None,
            headers: Vec::new(),
            body: None,
            reply_sha256: None,
            key: proof.by().map(|KeyId(id)| id.clone()),
            took_ms: 0,
            asked: begun,
            dated: None,
        };
        record.note_reply(reply);
        record
    }

    fn note_reply(&mut self, reply: &WireReply) {
        self.status = Some(reply.status);
        let kept = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("wechatpay-")
                || matches!(
                    name.as_str(),
                    "date" | "content-type" | "request-id" | "trace_id"
                )
        };
        self.headers = reply
            .headers
            .iter()
            .filter(|(name, _)| kept(name))
            .cloned()
            .collect();
        let most = if planted(Mutant::EvidenceCut) {
            64
        } else {
            KEPT_BODY_MAX
        };
        let body = reply
            .body
            .get(..reply.body.len().min(most))
            .unwrap_or_default();
        self.body = Some(String::from_utf8_lossy(body).into_owned());
        self.reply_sha256 = Some(hex(&Sha256::digest(&reply.body)));
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A call, and where what its exchanges teach is kept.
pub(crate) trait Driven: Call + Send + Sync {
    /// The attempt that remembers it; none where nothing is remembered beyond the call.
    fn attempt(&self) -> Option<&MerchantRef>;

    /// What the attempt remembered as the next exchange is made.
    fn knew(&self) -> Option<&Memo>;

    /// Whether its further exchanges may charge somebody: then none is sent once the attempt is being ended.
    const CHARGES: bool;
}

impl Driven for Create {
    const CHARGES: bool = true;

    fn attempt(&self) -> Option<&MerchantRef> {
        Some(&self.reference)
    }

    fn knew(&self) -> Option<&Memo> {
        self.memo.as_ref()
    }
}

impl Driven for Query {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        Some(&self.of.reference)
    }

    fn knew(&self) -> Option<&Memo> {
        self.of.memo.as_ref()
    }
}

impl Driven for Finish {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        Some(&self.of.reference)
    }

    fn knew(&self) -> Option<&Memo> {
        self.of.memo.as_ref()
    }
}

impl Driven for RefundCall {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        None
    }

    fn knew(&self) -> Option<&Memo> {
        None
    }
}

impl Driven for QueryRefund {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        None
    }

    fn knew(&self) -> Option<&Memo> {
        None
    }
}

impl Driven for ListReaders {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        None
    }

    fn knew(&self) -> Option<&Memo> {
        None
    }
}

impl Driven for Examine {
    const CHARGES: bool = false;

    fn attempt(&self) -> Option<&MerchantRef> {
        None
    }

    fn knew(&self) -> Option<&Memo> {
        None
    }
}

/// Exchanges of one call: more would be a list without end. At a hundred rows a page this is more than any shop makes
/// within the hour that is looked through.
const EXCHANGES_MAX: usize = 32;

/// What is left of a call's deadline for a later exchange, at least.
const LATER_DEADLINE_MIN: Duration = Duration::from_secs(4);

/// What one of a call's exchanges came to.
enum One<F> {
    /// The call goes on.
    Further {
        further: Further,
        proof: Authentic,
        record: Record,
    },
    /// The call is over.
    Last(Exchanged<F>),
}

impl Desk {
    /// Makes one call and waits for its answer, once. What its exchanges teach is durable before the next one.
    pub(crate) async fn exchange<C: Driven>(
        &self,
        account: &Account,
        channel: &'static dyn Channel,
        call: &mut C,
        part: &dyn Exchange<C>,
    ) -> Exchanged<C::Fact> {
        let keys = match self.ports.vault.keys(&account.id) {
            Ok(keys) => keys,
            Err(_) => return Exchanged::NotSent(NotSent::KeysLocked),
        };
        let (exchanged, contact) = self
            .exchanges(account, keys.as_ref(), channel, call, part, true)
            .await;
        if let Some(contact) = contact {
            self.note_contact(&account.channel, contact, self.now());
        }
        exchanged
    }

    /// The same with keys at hand, which need not be the account's own: for the connection test. Says how
    /// the contact went, and notes and keeps nothing.
    pub(crate) async fn exchange_with<C: Driven>(
        &self,
        account: &Account,
        keys: &dyn Keys,
        channel: &'static dyn Channel,
        call: &mut C,
        part: &dyn Exchange<C>,
    ) -> (Exchanged<C::Fact>, Option<Contact>) {
        self.exchanges(account, keys, channel, call, part, false)
            .await
    }

    async fn exchanges<C: Driven>(
        &self,
        account: &Account,
        keys: &dyn Keys,
        channel: &'static dyn Channel,
        call: &mut C,
        part: &dyn Exchange<C>,
        keeps: bool,
    ) -> (Exchanged<C::Fact>, Option<Contact>) {
        let deadline = channel.profile().schedule.deadline;
        let begun = self.ports.clock.now();
        let mut before: Option<(Record, Option<Contact>)> = None;
        for _ in 0..EXCHANGES_MAX {
            let left = match &before {
                None => deadline,
                Some(_) => deadline
                    .saturating_sub(self.ports.clock.now().since(begun))
                    .max(LATER_DEADLINE_MIN),
            };
            let (one, contact) = self
                .exchange_once(account, keys, channel, (&*call, part), left)
                .await;
            let (further, proof, record) = match (one, before.take()) {
                // An earlier exchange of it was sent, so that nothing of the call is proved by this one.
                (One::Last(Exchanged::NotSent(_)), Some((record, earlier))) => {
                    return (interrupted(record, Doubt::NoReply), contact.or(earlier));
                }
                (One::Last(exchanged), _) => return (exchanged, contact),
                (
                    One::Further {
                        further,
                        proof,
                        record,
                    },
                    _,
                ) => (further, proof, record),
            };
            if keeps && !self.keep(call, &further, &proof, &record, channel).await {
                return (interrupted(record, Doubt::Interrupted), contact);
            }
            call.go_on(further);
            before = Some((record, contact));
        }
        match before {
            Some((record, contact)) => (interrupted(record, Doubt::Unreadable), contact),
            None => (Exchanged::NotSent(NotSent::Offline), None),
        }
    }

    /// Makes durable what an exchange taught; whether the call may go on.
    async fn keep<C: Driven>(
        &self,
        call: &C,
        further: &Further,
        proof: &Authentic,
        record: &Record,
        channel: &'static dyn Channel,
    ) -> bool {
        let Some(reference) = call.attempt() else {
            return true;
        };
        let kept = match &further.learned {
            Some(memo) => {
                let schedule = &channel.profile().schedule;
                self.settle_step(reference, (memo, call.knew()), (proof, record), schedule)
                    .await
            }
            None if C::CHARGES => {
                let loaded = self.ports.store.load(&reference.order()).await;
                loaded
                    .map_err(DeskError::from)
                    .and_then(|order| order.ok_or(DeskError::OrderNotFound))
            }
            None => return true,
        };
        match kept {
            Ok(order) => {
                // What another exchange has overtaken is not durable, and no call goes on by it.
                let is_kept = |payment: &Payment| {
                    further.learned.is_none() || payment.memo() == further.learned.as_ref()
                };
                order.payment(reference).is_some_and(|payment| {
                    is_kept(payment) && (!C::CHARGES || payment.may_be_charged())
                })
            }
            Err(error) => {
                tracing::error!(%reference, %error, "what an answer taught could not be recorded; the call goes no further");
                false
            }
        }
    }

    async fn exchange_once<C: Driven>(
        &self,
        account: &Account,
        keys: &dyn Keys,
        channel: &'static dyn Channel,
        (call, part): (&C, &dyn Exchange<C>),
        deadline: Duration,
    ) -> (One<C::Fact>, Option<Contact>) {
        let settings = account.settings();
        let nonce = self.ports.ids.nonce();
        let begun = self.ports.clock.now();
        let cx = |now: Timestamp| Cx {
            keys,
            account: &settings,
            now,
            nonce,
        };
        let request = match part.encode(call, &cx(begun)) {
            Ok(request) => request,
            Err(proof) => return (One::Last(Exchanged::NotSent(proof)), None),
        };
        let operation = request.operation;
        let mut record = Record::of(&request, begun);
        let sent = self
            .ports
            .network
            .send(request, scope(account, channel), deadline)
            .await;
        let now = self.ports.clock.now();
        record.took_ms = u64::try_from(now.since(begun).as_millis()).unwrap_or(u64::MAX);
        let reply = match sent {
            Ok(reply) => reply,
            Err(cut) => {
                let (exchanged, contact) = cut_off(cut, record);
                return (One::Last(exchanged), contact);
            }
        };
        record.note_reply(&reply);
        let date = reply.header("date").map(str::to_owned);
        record.dated = date.as_deref().and_then(moment_of);
        let hint = channel.hint(&reply);
        let took = Duration::from_millis(record.took_ms);
        let named = named_key(channel, &reply);
        let proof = match channel.authenticate(operation, reply, &cx(now)) {
            Ok(proof) => proof,
            Err(forged) => {
                self.note_forged(&account.id, forged, named);
                if is_taken_for_failure(&hint) {
                    let not_sent = Exchanged::NotSent(NotSent::Offline);
                    return (One::Last(not_sent), None);
                }
                let forged = (hint == Doubt::Unauthenticated).then(|| forged.to_string());
                let doubt = Exchanged::Doubt {
                    doubt: hint,
                    forged,
                    record,
                };
                return (One::Last(doubt), Some(Contact::Unbelieved { date, took }));
            }
        };
        record.key = proof.by().map(|KeyId(id)| id.clone());
        let contact = Some(Contact::Answered { date, took });
        if let Some(further) = part.further(call, &proof, &cx(now)) {
            let further = One::Further {
                further,
                proof,
                record,
            };
            return (further, contact);
        }
        let exchanged = match part.decode(call, &proof, &cx(now)) {
            Outcome::Done(answer) => Exchanged::Heard {
                answer,
                proof,
                record,
            },
            Outcome::Refused(refusal) => Exchanged::Refused {
                refusal,
                proof,
                record,
            },
            Outcome::Unknown(doubt) => Exchanged::Doubt {
                doubt,
                forged: None,
                record,
            },
        };
        (One::Last(exchanged), contact)
    }
}

/// A call that broke off after an exchange: what came of it is asked about.
fn interrupted<F>(record: Record, doubt: Doubt) -> Exchanged<F> {
    Exchanged::Doubt {
        doubt,
        forged: None,
        record,
    }
}

/// The key a reply names as its signer, to ask for it where it is not known.
pub(crate) fn named_key(channel: &dyn Channel, reply: &WireReply) -> Option<KeyId> {
    channel.certificates().and_then(|part| part.named(reply))
}

fn cut_off<F>(cut: Cut, record: Record) -> (Exchanged<F>, Option<Contact>) {
    match cut.proof() {
        None if planted(Mutant::TimeoutIsFailure) => (Exchanged::NotSent(NotSent::Offline), None),
        Some(proof) => (Exchanged::NotSent(proof), Some(Contact::Unreachable)),
        None => {
            let doubt = Exchanged::Doubt {
                doubt: Doubt::NoReply,
                forged: None,
                record,
            };
            (doubt, Some(Contact::Silent))
        }
    }
}

/// Where an account may talk to: a live one to its channel's hosts or to the server that its owner named, a sandbox
/// one to its own gateway.
pub(crate) fn scope(account: &Account, channel: &dyn Channel) -> Scope {
    if account.sandbox {
        return Scope::Sandbox {
            gateway: account.gateway.clone(),
        };
    }
    match channel.own_gateway(&account.fields) {
        Some(gateway) => Scope::Own { gateway },
        None => Scope::Live(channel.profile().hosts),
    }
}
