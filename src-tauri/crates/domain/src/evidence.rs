//! What we know of a payment or refund and why we believe it.
//! Evidence has no public constructor but three: authenticated bytes of a channel, a named person with a reason, or
//! the person who counted cash, who can speak of nothing else.

use crate::{
    coins::{Amiss, CoinOffer, CoinsPaid, Confirmations, RefundOffer},
    money::{Amount, Money},
    number::MerchantRef,
    time::Timestamp,
};
use paydesk_signing::{Authentic, KeyId};
use serde::{Deserialize, Serialize};

/// The outcome of one exchange with a channel. There is no fourth case and no `Err`.
#[must_use = "settle it in the store; Unknown is a state of the payment, not an error"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome<T> {
    /// An authenticated answer with a fact.
    Done(T),
    /// An authenticated "no". The reference is spent.
    Refused(Refusal),
    /// Anything else: money may or may not have moved.
    Unknown(Doubt),
}

/// An authenticated "no" of a channel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// The channel's own code, `ACQ.PAYMENT_AUTH_CODE_INVALID`.
    pub code: String,
    /// What the till should do next.
    pub advice: Advice,
}

/// What to do after a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The customer can mend it: another code, another means, more balance.
    AskPayer,
    /// The merchant's set-up or contract is at fault.
    FixSetup,
    /// It will not work for this order.
    GiveUp,
    /// The same again may work a little later.
    TryAgain,
}

/// Why an outcome is unknown. Every arm means: ask the channel, do not charge again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Doubt {
    /// The channel says our number is known to it: it was our own earlier send (Q9).
    Duplicate {
        /// The channel's code.
        code: String,
    },
    /// Durable before the send; no answer has been recorded (Q2).
    Interrupted,
    /// An authentic answer about another amount, currency, merchant or number (Q8).
    Mismatch,
    /// Time-out or a connection lost after the first byte (Q3).
    NoReply,
    /// Refused in words that name no refund, so they may have been about another: the channel is asked whether
    /// it knows this one.
    RefusalUnconfirmed {
        /// The channel's words.
        refusal: Refusal,
        /// How to go on once it is confirmed.
        again: Again,
    },
    /// The channel's own fault: 5xx, system error (Q4).
    ServerFault {
        /// HTTP status or the channel's code.
        code: String,
    },
    /// Signature missing, wrong, or of an unknown key (Q7).
    Unauthenticated,
    /// Not what the protocol says: HTML, cut off, too large (Q6).
    Unreadable,
    /// A refusal without a signature: a hint, shown, settled by a query.
    UnsignedRefusal {
        /// The words of whoever answered.
        code: String,
    },
}

/// Proof that no byte left this machine, so the reference was never seen by anybody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotSent {
    /// Stopped by the person before it was sent.
    Cancelled,
    /// The key cannot be used now.
    KeysLocked,
    /// No connection could be opened.
    Offline,
    /// The call cannot be put into the channel's form.
    Unsendable {
        /// Which limit or field is in the way; no secrets.
        what: String,
    },
}

/// The channel's own number of a payment or refund.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelRef(pub String);

/// What a channel says of a paid payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Paid {
    /// What we asked for.
    pub asked: Amount,
    /// What counts as received for the merchant, discounts of the channel included.
    pub received: Amount,
    /// What left the payer's pocket, if the channel says.
    pub payer_paid: Option<Money>,
    /// The channel's number.
    pub channel_ref: ChannelRef,
    /// When the channel says it happened.
    pub at: Timestamp,
    /// The payer as the channel masks it, `159****5620`. Personal data: it never enters a stored
    /// state or the log, the store keeps it as a sealed field of its own.
    #[serde(skip)]
    pub payer: Option<String>,
    /// What came in coins, with the rates that were locked; empty where money is money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coins: Vec<CoinsPaid>,
}

/// What the payer has to do, or is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum PayerAction {
    /// Confirm or type a password on the phone.
    EnterPassword,
    /// Pay on a page of the channel, which is made again from the call whenever it is opened.
    OpenPage,
    /// Scan this text as a QR code.
    ShowCode {
        /// The text of the code.
        text: String,
        /// What is to be paid in coins; the code then changes with what is still due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coins: Option<CoinOffer>,
    },
    /// Use the card reader.
    UseReader {
        /// Which one.
        reader: String,
    },
}

/// Why a payment ended unpaid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "closed", rename_all = "snake_case")]
pub enum ClosedWhy {
    /// Closed at the channel.
    Closed,
    /// The shown code ran out.
    Expired,
    /// The channel never saw it.
    NeverExisted,
    /// Nothing left this machine.
    NotSent {
        /// What stood in the way.
        proof: NotSent,
    },
    /// The channel refused it.
    Refused {
        /// Its words.
        refusal: Refusal,
    },
    /// Reversed: money that had moved went back.
    Reversed,
}

/// What a channel can say about a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PaymentFact {
    /// The payer is asked to act, at most until then.
    Awaiting(PayerAction, Timestamp),
    /// It ended unpaid.
    Closed(ClosedWhy),
    /// The whole sum was seen and a chain is confirming it, or a part that came when it was over.
    Confirming(Option<Amount>, Confirmations),
    /// The ending we asked for was refused; whether it is paid must be asked.
    EndRefused(Refusal),
    /// Authorised, not captured.
    Held(Amount),
    /// The channel does not know our number (not yet final, Q11).
    NotFound,
    /// Paid.
    Paid(Paid),
    /// Money came for good, and not as it was asked for.
    PaidAmiss(Paid, Amiss),
    /// A bank or chain is at work; part received.
    Processing(Option<Amount>),
}

/// What a channel can say about a refund.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefundFact {
    /// Taken in, money not yet back ("accepted" is not "done").
    Accepted,
    /// The money is with the payer.
    Done {
        /// The channel's number of the refund.
        channel_ref: Option<ChannelRef>,
        /// When the channel says so.
        at: Option<Timestamp>,
    },
    /// It failed, and how to go on: said of this refund by name.
    Failed(Refusal, Again),
    /// The channel does not know this refund.
    NotFound,
    /// Set aside for the payer, who must claim it: money not yet back.
    Offered(RefundOffer),
    /// Refused, and how to go on, in words that name no refund.
    Refused(Refusal, Again),
}

/// How a failed refund can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// By hand, in the channel's own console.
    ByHand,
    /// As a new refund with a new reference.
    NewReference,
    /// The same reference again, later.
    SameReference,
}

/// A fact about a payment or a refund.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Of a payment.
    Payment(PaymentFact),
    /// Of a refund.
    Refund(RefundFact),
}

/// How we came to hear it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// The channel told us by itself.
    Notice,
    /// We asked.
    Query,
    /// The answer to the call itself.
    Reply,
}

/// Whose word it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Source {
    /// The channel's own, authenticated.
    Channel {
        /// How we heard it.
        heard: Heard,
        /// The key that verified it; `None` when the TLS peer vouches.
        key: Option<String>,
    },
    /// The named person's who counted cash over the counter.
    Cash {
        /// Who.
        who: String,
    },
    /// A named person's, with a reason.
    Operator {
        /// Who.
        who: String,
        /// Why.
        reason: String,
    },
}

/// What a person can say about cash. It says nothing else, so that no such word ever speaks of a channel's money.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CashFact {
    /// It went back to the payer.
    GivenBack,
    /// This much went into the drawer for this payment.
    Taken(Amount, MerchantRef),
}

/// A fact and why we believe it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evidence {
    fact: Fact,
    source: Source,
    seen: Timestamp,
    asked: Timestamp,
}

impl Evidence {
    /// From bytes that proved to be the channel's.
    #[must_use]
    pub fn from_channel(fact: Fact, proof: &Authentic, heard: Heard, seen: Timestamp) -> Evidence {
        let key = proof.by().map(|KeyId(id)| id.clone());
        Evidence {
            fact,
            source: Source::Channel { heard, key },
            seen,
            asked: seen,
        }
    }

    /// When the question was asked, if the answer took its time: it may be as old as the question.
    #[must_use]
    pub fn asked_at(self, asked: Timestamp) -> Evidence {
        Evidence {
            asked: asked.min(self.seen),
            ..self
        }
    }

    /// From the named person who counted it over the counter: the only evidence that cash has.
    #[must_use]
    pub fn of_cash(fact: CashFact, who: String, seen: Timestamp) -> Evidence {
        let fact = match fact {
            CashFact::GivenBack => Fact::Refund(RefundFact::Done {
                channel_ref: None,
                at: Some(seen),
            }),
            CashFact::Taken(asked, reference) => Fact::Payment(PaymentFact::Paid(Paid {
                asked,
                received: asked,
                payer_paid: Some(asked.money()),
                // Nobody else gave it a number.
                channel_ref: ChannelRef(reference.to_string()),
                at: seen,
                payer: None,
                coins: Vec::new(),
            })),
        };
        Evidence {
            fact,
            source: Source::Cash { who },
            seen,
            asked: seen,
        }
    }

    /// Whether it is a person's word about cash.
    #[must_use]
    pub fn is_of_cash(&self) -> bool {
        matches!(self.source, Source::Cash { .. })
    }

    /// From a named person who gives a reason.
    #[must_use]
    pub fn from_operator(fact: Fact, who: String, reason: String, seen: Timestamp) -> Evidence {
        Evidence {
            fact,
            source: Source::Operator { who, reason },
            seen,
            asked: seen,
        }
    }

    /// The fact.
    #[must_use]
    pub fn fact(&self) -> &Fact {
        &self.fact
    }

    /// Whose word it is.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// When we heard it.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        self.seen
    }

    /// Since when it may have been true: the channel computed it no earlier than it was asked.
    #[must_use]
    pub fn asked(&self) -> Timestamp {
        self.asked
    }

    /// Whether it answers a question of ours. A reply to the charge and a notice say how it was once;
    /// they may have been overtaken by an ending.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        match &self.source {
            Source::Channel { heard, .. } => *heard == Heard::Query,
            Source::Cash { .. } | Source::Operator { .. } => true,
        }
    }
}

/// What a piece of evidence did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It cannot be true together with what we know; kept, shown to a person.
    Contradicted,
    /// The state moved.
    Moved,
    /// Nothing new.
    Same,
}
