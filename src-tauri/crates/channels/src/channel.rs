//! The `Channel` trait: what a connector must say, and what it may be asked.
//! Connectors are pure codecs. One driver in `desk` owns sockets, time and retries.

use crate::{
    Bills, Call, Create, Examine, FieldCheck, Finish, Further, ListReaders, Notices, Page,
    PageCall, Query, QueryRefund, RefundCall, Tender,
};
use paydesk_domain::{Again, Currency, Doubt, Memo, NotSent, Outcome, Timestamp};
use paydesk_signing::{AccountKeys, Authentic, Forged, KeyError, KeyId, Keys, WireReply};
use std::{collections::BTreeMap, time::Duration};

/// What a request does at the channel. The answer is authenticated and read against it, so that a
/// genuine answer to one operation can never pass for an answer to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// Ask about the account itself.
    Account,
    /// Ask what a card reader does.
    AskReader,
    /// Ask where a bill can be fetched.
    BillLink,
    /// Fetch the bill's file.
    BillFile,
    /// Fetch the channel's certificates.
    Certificates,
    /// Charge the scanned payment code.
    Charge,
    /// Close unpaid.
    Close,
    /// Ask which card readers there are.
    ListReaders,
    /// Make a payment known to the channel; nobody is charged by it.
    Prepare,
    /// Ask for the state of a payment.
    Query,
    /// Ask for the state of a refund.
    QueryRefund,
    /// Have a card reader take a payment that was prepared.
    ReadCard,
    /// Give money back.
    Refund,
    /// Undo whatever it is.
    Reverse,
    /// Get a code for the payer to scan.
    ShowCode,
    /// Have a card reader stop what it does.
    StopReader,
}

impl Operation {
    /// A short name for logs and the timeline.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operation::Account => "account",
            Operation::AskReader => "ask_reader",
            Operation::BillLink => "bill_link",
            Operation::BillFile => "bill_file",
            Operation::Certificates => "certificates",
            Operation::Charge => "charge",
            Operation::Close => "close",
            Operation::ListReaders => "list_readers",
            Operation::Prepare => "prepare",
            Operation::Query => "query",
            Operation::QueryRefund => "query_refund",
            Operation::ReadCard => "read_card",
            Operation::Refund => "refund",
            Operation::Reverse => "reverse",
            Operation::ShowCode => "show_code",
            Operation::StopReader => "stop_reader",
        }
    }
}

/// A request ready to be sent.
pub struct WireRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What it does.
    pub operation: Operation,
}

/// One merchant account, without its secrets.
#[derive(Clone, Default, Debug)]
pub struct AccountSettings {
    /// Address of the channel; only sandbox accounts may differ from the connector's own.
    pub gateway: String,
    /// Whether it is an account of a sandbox, whose money is none.
    pub sandbox: bool,
    /// The channel's field names and values: `app_id`, `mchid` and so on, as [`Profile::fields`] lists them.
    pub fields: BTreeMap<String, String>,
}

impl AccountSettings {
    /// A field's value; empty when it is not set.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Everything a codec may know besides the call itself.
pub struct Cx<'a> {
    /// The account's abilities.
    pub keys: &'a dyn Keys,
    /// The account.
    pub account: &'a AccountSettings,
    /// Now, for time stamps and windows.
    pub now: Timestamp,
    /// Fresh random bytes for this one request.
    pub nonce: [u8; 16],
}

/// A fact and what the connector wants to remember.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer<F> {
    /// The fact.
    pub fact: F,
    /// To be stored with the attempt and handed back in [`Target::memo`].
    pub learned: Option<Memo>,
}

impl<F> Answer<F> {
    /// A fact and nothing to remember.
    pub fn of(fact: F) -> Answer<F> {
        Answer {
            fact,
            learned: None,
        }
    }
}

/// Building the request of a call and reading its answer.
///
/// A call may take several exchanges, each with an operation and an authenticated answer of its own, each safe to send
/// twice. Whoever drives it makes durable what one taught before the next is sent, and sends no further one that would
/// charge once the attempt is being ended. A call that broke off between two of them is not taken up again: a query
/// finds out how far it came.
pub trait Exchange<C: Call>: Send + Sync {
    /// Puts the call into the channel's form and signs it.
    ///
    /// # Errors
    /// `NotSent`: nothing was built, so nothing can have been sent.
    fn encode(&self, call: &C, cx: &Cx<'_>) -> Result<WireRequest, NotSent>;

    /// What the call needs before its next exchange; nothing where this answer is the last, which
    /// [`Exchange::decode`] reads then.
    fn further(&self, call: &C, reply: &Authentic, cx: &Cx<'_>) -> Option<Further> {
        let _ = (call, reply, cx);
        None
    }

    /// Reads an authenticated answer and binds it: number, amount, currency and merchant must be
    /// those of the call, or the outcome is `Unknown(Mismatch)`.
    fn decode(&self, call: &C, reply: &Authentic, cx: &Cx<'_>) -> Outcome<Answer<C::Fact>>;
}

/// Collecting. A query is mandatory: no channel without one.
pub trait Payments: Exchange<Create> + Exchange<Query> + Exchange<Finish> {
    /// What an attempt must remember from before anything is sent, so that its first request can be made again as it
    /// was; nothing where the call itself says it all.
    fn before(&self, tender: &Tender, subject: &str) -> Option<Memo> {
        let _ = (tender, subject);
        None
    }
}

/// Pages of the channel on which its payers pay (ADR 32). Nothing is sent from here and nothing is answered: what
/// becomes of the payment is told by a notice or a query.
pub trait Pages: Send + Sync {
    /// How long a page can be paid: sent to the channel.
    fn lives(&self) -> Duration;

    /// What the attempt must remember, so that queries and refunds know that its payer was sent to a page.
    fn memo(&self) -> Option<Memo>;

    /// The form, signed. The same call makes the same form.
    ///
    /// # Errors
    /// `NotSent`: nothing was built, so nothing can have been sent.
    fn page(&self, call: &PageCall, cx: &Cx<'_>) -> Result<Page, NotSent>;
}

/// Giving back.
pub trait Refunds: Exchange<RefundCall> + Exchange<QueryRefund> {}

/// The shop's own card readers, which the channel's server drives (ADR 40). A payment at one is charged by
/// [`Create`] with [`Tender::Reader`]; here they are only named.
pub trait CardReaders: Exchange<ListReaders> {
    /// The account field that holds the channel's number of the reader a till uses.
    fn field(&self) -> &'static str;
}

/// Asking about the account itself, when it is connected.
pub trait SetUp: Exchange<Examine> {
    /// How many questions there are.
    fn questions(&self) -> u8;
}

/// Fetching the keys that the channel signs with.
pub trait Certificates: Send + Sync {
    /// The key that a reply names as its signer, where the channel hands out keys one by one. Anybody can
    /// write a name; it says what to ask for, never what to believe.
    fn named(&self, reply: &WireReply) -> Option<KeyId> {
        let _ = reply;
        None
    }

    /// The request for them; for `wanted` where the channel hands them out one by one.
    ///
    /// # Errors
    /// `NotSent` when it cannot be built.
    fn encode(&self, wanted: Option<&KeyId>, cx: &Cx<'_>) -> Result<WireRequest, NotSent>;

    /// Opens and verifies them: key id and PEM of each.
    ///
    /// # Errors
    /// `Forged` when the answer does not prove itself, or is not the one that was wanted.
    fn open(
        &self,
        wanted: Option<&KeyId>,
        reply: &WireReply,
        cx: &Cx<'_>,
    ) -> Result<Vec<(String, String)>, Forged>;

    /// The account field they add to, beside what stands in it.
    fn field(&self) -> &'static str;
}

/// What a channel says is wrong with our signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignatureComplaint {
    /// It knows the key's name, and the signature is of another key.
    Key,
    /// It does not know the key's name.
    Serial,
    /// The signed time is too far from its own.
    Time,
}

/// A connector. A capability is the presence of a part, so none can be claimed that is not there.
pub trait Channel: Send + Sync {
    /// What the channel is.
    fn profile(&self) -> &'static Profile;

    /// Where this account's channel is, when it runs on a machine of the merchant's own and no profile can name its
    /// host: an `https` address without a slash at its end.
    fn own_gateway(&self, fields: &BTreeMap<String, String>) -> Option<String> {
        let _ = fields;
        None
    }

    /// Decides whether a reply may be believed as the answer to `operation`.
    ///
    /// # Errors
    /// `Forged` with the reason; the reply is then a doubt, whatever it says.
    fn authenticate(
        &self,
        operation: Operation,
        reply: WireReply,
        cx: &Cx<'_>,
    ) -> Result<Authentic, Forged>;

    /// What an unauthenticated reply seems to say: shown to people as a hint, never acted on.
    fn hint(&self, reply: &WireReply) -> Doubt;

    /// What a refusal of our signature complains about, where the channel says more than its code. Unsigned
    /// words of a reply's body: shown to whoever sets up the account, never acted on.
    fn signature_complaint(&self, body: &[u8]) -> Option<SignatureComplaint> {
        let _ = body;
        None
    }

    /// Collecting.
    fn payments(&self) -> &dyn Payments;

    /// Sending payers to a page of its own, if it has one.
    fn pages(&self) -> Option<&dyn Pages> {
        None
    }

    /// Card readers of the shop, if the channel drives some.
    fn card_readers(&self) -> Option<&dyn CardReaders> {
        None
    }

    /// Giving back, if the channel can.
    fn refunds(&self) -> Option<&dyn Refunds> {
        None
    }

    /// Fetching its keys, if they change.
    fn certificates(&self) -> Option<&dyn Certificates> {
        None
    }

    /// Fetching and reading bills, if the channel issues them.
    fn bills(&self) -> Option<&dyn Bills> {
        None
    }

    /// Asking about the account itself, if the channel can say more than that a payment works.
    fn set_up(&self) -> Option<&dyn SetUp> {
        None
    }

    /// Reading what the channel tells by itself, if it does.
    fn notices(&self) -> Option<&dyn Notices> {
        None
    }

    /// Looks at an account's filled-in fields, secret ones included, before anything is sent: one line
    /// per field that is asked for or given, in the profile's order. `sandbox`: whether the account is one of a sandbox,
    /// for channels whose keys say which money they move.
    fn check_fields(
        &self,
        fields: &BTreeMap<String, String>,
        sandbox: bool,
        now: Timestamp,
    ) -> Vec<FieldCheck>;

    /// The account's keys from its filled-in fields, secret ones included.
    ///
    /// # Errors
    /// `Missing` for an empty required field, `Malformed` or `Wrong` for keys that do not fit.
    fn account_keys(
        &self,
        fields: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<AccountKeys, KeyError>;

    /// What a code of the channel means.
    fn meaning(&self, code: &str) -> Option<&'static CodeMeaning>;
}

/// What a person pastes into a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// One certificate or several, PEM.
    Certificate,
    /// A text that the channel asks for besides; with another one the merchant stays the same.
    Detail,
    /// The name of a key: no secret, and the keys cannot be made without it.
    KeyName,
    /// Our private key.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// A secret of a fixed form.
    Secret,
    /// A number or a word.
    Text,
}

/// A field of the account that a person must fill in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The channel's own name of it.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it may stay empty.
    pub optional: bool,
    /// The way of proving the channel's answers that it belongs to; none when it belongs to all of them.
    pub way: Option<&'static str>,
}

impl Field {
    /// Whether it is never shown again.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::PrivateKey | FieldKind::Secret)
    }

    /// Whether the channel knows the merchant by it.
    #[must_use]
    pub fn names_merchant(&self) -> bool {
        self.kind == FieldKind::Text && !self.optional
    }

    /// Whether the account's keys are made from it: then it is kept in the vault.
    #[must_use]
    pub fn makes_keys(&self) -> bool {
        !matches!(self.kind, FieldKind::Detail | FieldKind::Text)
    }
}

/// A form of payment code that this channel's payers show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodePattern {
    /// The two digits in front, inclusive range: `(10, 15)`.
    pub prefix: (u8, u8),
    /// The number of digits, inclusive range.
    pub digits: (usize, usize),
}

impl CodePattern {
    /// Whether `text` has this form.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let all_digits = text.bytes().all(|b| b.is_ascii_digit());
        let prefix = text.get(..2).and_then(|two| two.parse::<u8>().ok());
        all_digits
            && (self.digits.0..=self.digits.1).contains(&text.len())
            && prefix.is_some_and(|p| (self.prefix.0..=self.prefix.1).contains(&p))
    }
}

/// What a connector is.
#[derive(Debug)]
pub struct Profile {
    /// Its short name, `alipay`.
    pub id: &'static str,
    /// Where its production gateway is.
    pub gateway: &'static str,
    /// Every host that a live account may talk to.
    pub hosts: &'static [&'static str],
    /// The channel's own gateway for trying out, if it runs one.
    pub sandbox_gateway: Option<&'static str>,
    /// Currencies it takes.
    pub currencies: &'static [&'static str],
    /// Account fields, drawn by the set-up form.
    pub fields: &'static [Field],
    /// Those of them that prove the channel's answers, of every way.
    pub peer_fields: &'static [&'static str],
    /// The one that names our key to the channel.
    pub key_name_field: &'static str,
    /// Payment codes of its payers.
    pub codes: &'static [CodePattern],
    /// Whether it has a code to show (precreate, native).
    pub shows_code: bool,
    /// Whether a refund returns the fee; `None` when the contract decides.
    pub refund_returns_fee: Option<bool>,
    /// The smallest and largest amount of one payment, minor units.
    pub amount_minor: (i64, i64),
    /// Its rhythm.
    pub schedule: Schedule,
}

impl Profile {
    /// Whether it takes this currency.
    #[must_use]
    pub fn takes(&self, currency: Currency) -> bool {
        self.currencies.contains(&currency.code())
    }
}

/// The channel's own rhythm as data; `desk` obeys it.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Deadline of one HTTP exchange: a second short of the 15 after which a person must know.
    pub deadline: Duration,
    /// First query after the send of a charge.
    pub first: Duration,
    /// Between queries.
    pub every: Duration,
    /// A charge in doubt is ended after this.
    pub end_doubt_after: Duration,
    /// A payer who does not confirm is given up after this.
    pub end_awaiting_after: Duration,
    /// No ending before this.
    pub end_not_before: Duration,
    /// Between two sends of an ending, the first few times.
    pub end_every: Duration,
    /// A shown code is polled this fast at first …
    pub shown_first: Duration,
    /// … for this long …
    pub shown_first_for: Duration,
    /// … and then this fast.
    pub shown_every: Duration,
    /// How long a shown code lives: sent to the channel.
    pub shown_for: Duration,
    /// How long a scanned code's trade may live at the channel: sent to the channel.
    pub charge_for: Duration,
    /// How long money may still come after an ending.
    pub watch_for: Duration,
    /// First query of a refund.
    pub refund_first: Duration,
    /// Between two refunds of one payment.
    pub refund_spacing: Duration,
    /// How long after a refund was done its money may still come back to the shop; nothing where the channel's word
    /// that it is done is the last. A refund is asked about for so long.
    pub refund_may_fail_for: Duration,
}

/// Whether money moved, by a code of the channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoneyMoved {
    /// It did not.
    No,
    /// Only a query can tell.
    Unknown,
    /// It did.
    Yes,
}

/// What should happen next, by a code of the channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextAction {
    /// What is asked for is not made yet: ask again in half an hour.
    AskLater,
    /// The customer: another code, another means, more balance.
    AskPayer,
    /// The owner: set-up, contract, keys, balance, clock.
    FixSetup,
    /// Nothing more at the till: by hand in the channel's own console, or not at all.
    GiveUp,
    /// Nothing: it is as it should be.
    Nothing,
    /// A query decides; it is asked without anybody's help.
    Query,
    /// The same again, a little later.
    TryAgain,
    /// The payer is at it.
    Wait,
}

/// One row of a connector's code table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeMeaning {
    /// The channel's code.
    pub code: &'static str,
    /// Did money move?
    pub money: MoneyMoved,
    /// What next.
    pub next: NextAction,
    /// Key of the text in both catalogues: meaning and next step. Codes that share one share the answer
    /// to "did money move" and the next action too.
    pub text: &'static str,
    /// What a failed refund with this code allows.
    pub again: Option<Again>,
}
