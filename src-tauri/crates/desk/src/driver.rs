//! The driver: the one place that sends. It owns the deadline, authenticates before anything is read,
//! and turns whatever happens into an answer, a refusal, a doubt, or a proof that nothing was sent.

use crate::{Desk, health::Contact, ports::Cut, shop::Account};
use paydesk_channels::{AccountSettings, Answer, Call, Channel, Cx, Exchange, WireRequest};
use paydesk_domain::{Doubt, NotSent, Outcome, Refusal, Timestamp};
use paydesk_signing::{Authentic, KeyId, WireReply};
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
}

/// Kept of an answer's body: the largest genuine answer is a few KiB.
const KEPT_BODY_MAX: usize = 64 * 1024;

impl Record {
    fn of(request: &WireRequest) -> Record {
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
        let body = reply
            .body
            .get(..reply.body.len().min(KEPT_BODY_MAX))
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
        let settings = AccountSettings {
            gateway: account.gateway.clone(),
            fields: account.fields.clone(),
        };
        let nonce = self.ports.ids.nonce();
        let begun = self.ports.clock.now();
        let cx = |now: Timestamp| Cx {
            keys: keys.as_ref(),
            account: &settings,
            now,
            nonce,
        };
        let request = match part.encode(call, &cx(begun)) {
            Ok(request) => request,
            Err(proof) => return Exchanged::NotSent(proof),
        };
        let operation = request.operation;
        let mut record = Record::of(&request);
        let deadline = channel.profile().schedule.deadline;
        let sent = self.ports.network.send(request, deadline).await;
        let now = self.ports.clock.now();
        record.took_ms = u64::try_from(now.since(begun).as_millis()).unwrap_or(u64::MAX);
        let reply = match sent {
            Ok(reply) => reply,
            Err(cut) => return self.cut(account, cut, record, now),
        };
        record.note_reply(&reply);
        let date = reply.header("date").map(str::to_owned);
        let hint = channel.hint(&reply);
        let proof = match channel.authenticate(operation, reply, &cx(now)) {
            Ok(proof) => proof,
            Err(forged) => {
                self.note_contact(
                    &account.channel,
                    Contact::Unbelieved {
                        date,
                        took: Duration::from_millis(record.took_ms),
                    },
                    now,
                );
                let forged = (hint == Doubt::Unauthenticated).then(|| forged.to_string());
                return Exchanged::Doubt {
                    doubt: hint,
                    forged,
                    record,
                };
            }
        };
        record.key = proof.by().map(|KeyId(id)| id.clone());
        self.note_contact(
            &account.channel,
            Contact::Answered {
                date,
                took: Duration::from_millis(record.took_ms),
            },
            now,
        );
        match part.decode(call, &proof, &cx(now)) {
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
        }
    }

    fn cut<F>(&self, account: &Account, cut: Cut, record: Record, now: Timestamp) -> Exchanged<F> {
        match cut.proof() {
            Some(proof) => {
                self.note_contact(&account.channel, Contact::Unreachable, now);
                Exchanged::NotSent(proof)
            }
            None => {
                self.note_contact(&account.channel, Contact::Silent, now);
                Exchanged::Doubt {
                    doubt: Doubt::NoReply,
                    forged: None,
                    record,
                }
            }
        }
    }
}
