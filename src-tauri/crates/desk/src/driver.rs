//! The driver: the one place that sends. It owns the deadline, authenticates before anything is read,
//! and turns whatever happens into an answer, a refusal, a doubt, or a proof that nothing was sent.

use crate::{
    Desk,
    health::{Contact, moment_of},
    planted::is_taken_for_failure,
    ports::{Cut, Scope},
    shop::Account,
};
use paydesk_channels::{AccountSettings, Answer, Call, Channel, Cx, Exchange, WireRequest};
use paydesk_domain::{Doubt, NotSent, Outcome, Refusal, Timestamp};
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

impl Desk {
    /// Sends one call and waits for its answer, once.
    pub(crate) async fn exchange<C: Call + Sync>(
        &self,
        account: &Account,
        channel: &'static dyn Channel,
        call: &C,
        part: &dyn Exchange<C>,
    ) -> Exchanged<C::Fact> {
        let keys = match self.ports.vault.keys(&account.id) {
            Ok(keys) => keys,
            Err(_) => return Exchanged::NotSent(NotSent::KeysLocked),
        };
        let (exchanged, contact) = self
            .exchange_with(account, keys.as_ref(), channel, call, part)
            .await;
        if let Some(contact) = contact {
            self.note_contact(&account.channel, contact, self.now());
        }
        exchanged
    }

    /// The same with keys at hand, which need not be the account's own: for the connection test. Says how
    /// the contact went and notes nothing.
    pub(crate) async fn exchange_with<C: Call + Sync>(
        &self,
        account: &Account,
        keys: &dyn Keys,
        channel: &'static dyn Channel,
        call: &C,
        part: &dyn Exchange<C>,
    ) -> (Exchanged<C::Fact>, Option<Contact>) {
        let settings = AccountSettings {
            gateway: account.gateway.clone(),
            sandbox: account.sandbox,
            fields: account.fields.clone(),
        };
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
            Err(proof) => return (Exchanged::NotSent(proof), None),
        };
        let operation = request.operation;
        let mut record = Record::of(&request, begun);
        let deadline = channel.profile().schedule.deadline;
        let sent = self
            .ports
            .network
            .send(request, scope(account, channel), deadline)
            .await;
        let now = self.ports.clock.now();
        record.took_ms = u64::try_from(now.since(begun).as_millis()).unwrap_or(u64::MAX);
        let reply = match sent {
            Ok(reply) => reply,
            Err(cut) => return cut_off(cut, record),
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
                    return (Exchanged::NotSent(NotSent::Offline), None);
                }
                let forged = (hint == Doubt::Unauthenticated).then(|| forged.to_string());
                let doubt = Exchanged::Doubt {
                    doubt: hint,
                    forged,
                    record,
                };
                return (doubt, Some(Contact::Unbelieved { date, took }));
            }
        };
        record.key = proof.by().map(|KeyId(id)| id.clone());
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
        (exchanged, Some(Contact::Answered { date, took }))
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

/// Where an account may talk to: a live one to its channel's hosts, a sandbox one to its own gateway.
pub(crate) fn scope(account: &Account, channel: &dyn Channel) -> Scope {
    if account.sandbox {
        Scope::Sandbox {
            gateway: account.gateway.clone(),
        }
    } else {
        Scope::Live(channel.profile().hosts)
    }
}
