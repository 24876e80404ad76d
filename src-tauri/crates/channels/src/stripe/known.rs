//! What an attempt remembers, and what one exchange of a call tells the next.
//!
//! Before anything is sent the attempt remembers how it is made, so that the same request can be made again for the
//! same idempotency key, after a restart too; then the ids that answers brought. All of it is durable before it is used.

use crate::{Create, Target, Tender, wire::form};
use paydesk_domain::{Memo, Timestamp};
use std::time::Duration;

/// Past this the channel may have forgotten an idempotency key, and the same key would make a second payment: then
/// things are only looked up. It keeps keys for 24 hours at least.
const KEY_LIVES: Duration = Duration::from_secs(23 * 3600);
/// An object id has at most this many characters.
const ID_CHARS_MAX: usize = 255;
/// The longest name of what is paid for.
const NAME_BYTES_MAX: usize = 120;

/// How the payer is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// A card reader, by its id.
    Reader(String),
    /// A hosted page, as a code.
    Show {
        /// What the payer reads.
        name: String,
    },
}

/// What an attempt remembers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) way: Way,
    /// The Checkout Session, or the PaymentIntent of a reader: what was made for this attempt.
    pub(super) made: Option<String>,
}

/// An id fit to stand in a path.
pub(super) fn id<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_long = (prefix.len() + 1..=ID_CHARS_MAX).contains(&text.len());
    (is_plain && is_long && text.starts_with(prefix)).then_some(text)
}

impl Known {
    /// Of a payment that is about to begin.
    pub(super) fn of_tender(tender: &Tender, subject: &str) -> Option<Known> {
        let way = match tender {
            Tender::PayerCode(_) => return None,
            Tender::Reader { id: reader } => Way::Reader(id(reader, "tmr_")?.to_owned()),
            Tender::ShowCode => Way::Show {
                name: name_of(subject),
            },
        };
        Some(Known { way, made: None })
    }

    /// Of a payment that begins: as it was remembered, or as it will be.
    pub(super) fn of_create(call: &Create) -> Option<Known> {
        match &call.memo {
            Some(memo) => Known::read(memo),
            None => Known::of_tender(&call.tender, &call.subject),
        }
    }

    /// Of a payment that is asked about or ended.
    pub(super) fn of_target(of: &Target) -> Option<Known> {
        Known::read(of.memo.as_ref()?)
    }

    fn read(memo: &Memo) -> Option<Known> {
        let pairs = form::decode(memo.0.as_bytes())?;
        let get = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name.as_bytes());
            found.and_then(|(_, value)| String::from_utf8(value.clone()).ok())
        };
        let (way, prefix) = match get("reader") {
            Some(reader) => (Way::Reader(id(&reader, "tmr_")?.to_owned()), "pi_"),
            None => (Way::Show { name: get("name")? }, "cs_"),
        };
        let made = match get("made") {
            Some(made) => Some(id(&made, prefix)?.to_owned()),
            None => None,
        };
        Some(Known { way, made })
    }

    pub(super) fn memo(&self) -> Memo {
        let way = match &self.way {
            Way::Reader(reader) => ("reader", reader.as_str()),
            Way::Show { name } => ("name", name.as_str()),
        };
        let made = self.made.as_deref().map(|made| ("made", made));
        Memo(form::encode([way].into_iter().chain(made)))
    }

    /// The same with what was made for it.
    pub(super) fn with(&self, made: &str) -> Known {
        Known {
            made: Some(made.to_owned()),
            ..self.clone()
        }
    }
}

/// The name of what is paid for: the channel refuses an empty one.
fn name_of(subject: &str) -> String {
    let plain: String = subject.chars().filter(|c| !c.is_control()).collect();
    match crate::wire::cut(plain.trim(), NAME_BYTES_MAX).trim() {
        "" => "Paydesk".to_owned(),
        name => name.to_owned(),
    }
}

/// Whether the key of what was begun then may be used once more.
pub(super) fn is_key_alive(sent_at: Timestamp, now: Timestamp) -> bool {
    // A clock that was set back makes every age unknown.
    now.since(sent_at) < KEY_LIVES && sent_at.since(now) < KEY_LIVES
}

/// What an earlier exchange of the same call told. It is forgotten with the call, so that no answer of one call is
/// taken for news in another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The list has no such object so far, and goes on behind this one.
    After(String),
    /// The intent waits for a card; its last one was refused with this code, if there was one.
    Idle(Option<String>),
    /// The request under the old key decides nothing: the channel's own fault is kept under it.
    Lost,
    /// The ending was refused with this code.
    Refused(String),
    /// The reader is at this payment.
    Busy,
    /// The reader is not, or no longer, at this payment.
    Free,
}

impl Told {
    pub(super) fn of(target: &Target) -> Option<Told> {
        let text = &target.told.as_ref()?.0;
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match word {
            "after" => Told::After(id(rest, "")?.to_owned()),
            "busy" => Told::Busy,
            "free" => Told::Free,
            "idle" => Told::Idle((!rest.is_empty()).then(|| rest.to_owned())),
            "lost" => Told::Lost,
            "refused" => Told::Refused(rest.to_owned()),
            _ => return None,
        })
    }

    pub(super) fn memo(&self) -> Memo {
        Memo(match self {
            Told::After(id) => format!("after {id}"),
            Told::Busy => "busy".to_owned(),
            Told::Free => "free".to_owned(),
            Told::Idle(None) => "idle".to_owned(),
            Told::Idle(Some(code)) => format!("idle {code}"),
            Told::Lost => "lost".to_owned(),
            Told::Refused(code) => format!("refused {code}"),
        })
    }
}
