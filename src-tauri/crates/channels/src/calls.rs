//! The calls a connector may be asked: with what each comes, and how a call of several exchanges goes on.

use paydesk_domain::{
    Amount, ChannelRef, End, Memo, MerchantRef, Money, PaymentFact, RateChoice, RefundFact,
    RefundOffer, Timestamp,
};
use paydesk_signing::Secret;

/// Which payment or refund, as the channel needs to be told.
#[derive(Clone, Debug)]
pub struct Target {
    /// Our reference.
    pub reference: MerchantRef,
    /// When the intent was made.
    pub sent_at: Timestamp,
    /// What was asked.
    pub amount: Amount,
    /// The channel's number, once known.
    pub channel_ref: Option<ChannelRef>,
    /// What the connector remembers.
    pub memo: Option<Memo>,
    /// What an earlier exchange of the same call told; nothing at its first.
    pub told: Option<Memo>,
}

impl Target {
    fn go_on(&mut self, further: Further) {
        self.memo = further.learned.or_else(|| self.memo.take());
        self.told = further.told;
    }
}

/// How the payer is reached, with what is needed for it.
pub enum Tender {
    /// The scanned payment code: a secret, used for one request, never stored.
    PayerCode(Secret<String>),
    /// A card reader of the shop.
    Reader {
        /// The channel's number of it.
        id: String,
    },
    /// A code for the payer to scan.
    ShowCode,
}

/// Collect money.
pub struct Create {
    /// Our reference: the idempotency key.
    pub reference: MerchantRef,
    /// How much.
    pub amount: Amount,
    /// How.
    pub tender: Tender,
    /// When the intent was made, as [`Target::sent_at`] says later: it names the payment beside its reference where
    /// the channel asks for both.
    pub sent_at: Timestamp,
    /// The expiry to send to the channel.
    pub expires: Timestamp,
    /// What the payer reads: the shop's name.
    pub subject: String,
    /// Who took it, for the channel's operator field.
    pub operator: String,
    /// What the attempt remembers: what [`Payments::before`] said, and then what the exchanges of this call taught.
    pub memo: Option<Memo>,
}

/// A payment whose payer is sent to a page of the channel.
pub struct PageCall {
    /// Our reference: the idempotency key.
    pub reference: MerchantRef,
    /// How much.
    pub amount: Amount,
    /// When the intent was made, as [`Target::sent_at`] says later.
    pub sent_at: Timestamp,
    /// The expiry to send to the channel.
    pub expires: Timestamp,
    /// What the payer reads: the shop's name.
    pub subject: String,
}

/// A form that the payer's browser posts to the channel; its answer is the page on which the payer pays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Where it is posted.
    pub url: String,
    /// Names and values, signed.
    pub fields: Vec<(String, String)>,
}

/// Ask for the state of a payment.
pub struct Query {
    /// Which.
    pub of: Target,
}

/// End a payment.
pub struct Finish {
    /// Which.
    pub of: Target,
    /// How.
    pub how: End,
}

/// Give money back. The same reference and amount again is the same refund.
pub struct RefundCall {
    /// The payment.
    pub of: Target,
    /// What was paid in total.
    pub paid: Amount,
    /// What the payment's other refunds gave back, or may have given back: some channels answer with the
    /// total, and name no refund.
    pub others: Money,
    /// The refund's own reference.
    pub reference: MerchantRef,
    /// When the intent to it was made: the same whenever it is sent.
    pub sent_at: Timestamp,
    /// How much.
    pub amount: Amount,
    /// The reason shown to the payer.
    pub reason: String,
    /// At which rate, where coins go back.
    pub rate: RateChoice,
}

/// Ask for the state of a refund.
pub struct QueryRefund {
    /// The payment.
    pub of: Target,
    /// The refund.
    pub refund: Target,
    /// What the payer must claim, once the channel said so.
    pub offer: Option<RefundOffer>,
}

/// One of the questions about the account itself that a connector has.
pub struct Examine {
    /// Which, from 0.
    pub question: u8,
}

/// One page of the card readers that an account has.
pub struct ListReaders {
    /// The number of the last one on the page before; nothing for the first page.
    pub after: Option<String>,
}

/// A card reader of the shop, as the channel knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardReader {
    /// The channel's number of it.
    pub id: String,
    /// The name that the shop gave it; its number where it has none.
    pub name: String,
    /// The channel's word for the kind of machine.
    pub model: String,
    /// Whether the channel reaches it now.
    pub is_online: bool,
}

/// A page of card readers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaderPage {
    /// Those on it.
    pub readers: Vec<CardReader>,
    /// Behind which one the list goes on; nothing where it ends.
    pub after: Option<String>,
}

/// What a channel says about the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Its own currency, where it has one: orders may be in another.
    Currency(String),
    /// The key may not do this, by the channel's own name of the right.
    NotAllowed(String),
}

/// What a call needs before its next exchange: nothing is concluded about money yet.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Further {
    /// To be made durable with the attempt before the next exchange; a call about a refund keeps it to its end.
    pub learned: Option<Memo>,
    /// For the next exchange of this call alone: no other call may take it for news.
    pub told: Option<Memo>,
}

/// A call and the kind of fact its answer holds.
pub trait Call {
    /// What the answer tells.
    type Fact;

    /// Takes in what an exchange of it told, for the next one.
    fn go_on(&mut self, further: Further);
}
impl Call for Create {
    type Fact = PaymentFact;

    fn go_on(&mut self, further: Further) {
        self.memo = further.learned.or_else(|| self.memo.take());
    }
}
impl Call for Query {
    type Fact = PaymentFact;

    fn go_on(&mut self, further: Further) {
        self.of.go_on(further);
    }
}
impl Call for Finish {
    type Fact = PaymentFact;

    fn go_on(&mut self, further: Further) {
        self.of.go_on(further);
    }
}
impl Call for RefundCall {
    type Fact = RefundFact;

    fn go_on(&mut self, further: Further) {
        self.of.go_on(further);
    }
}
impl Call for QueryRefund {
    type Fact = RefundFact;

    fn go_on(&mut self, further: Further) {
        self.refund.go_on(further);
    }
}
impl Call for ListReaders {
    type Fact = ReaderPage;

    /// Each page is one exchange, and whoever asks turns them.
    fn go_on(&mut self, _: Further) {}
}
impl Call for Examine {
    type Fact = Vec<Finding>;

    /// Each question is one exchange.
    fn go_on(&mut self, _: Further) {}
}
