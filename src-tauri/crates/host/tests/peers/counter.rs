//! A counter at a channel's simulator: the desk's part of every call, as `exchange_with` plays it.

use paydesk_channels::{
    AccountSettings, Answer, Call, Channel, Create, Cx, Exchange, Finish, Payments, Query,
    QueryRefund, RefundCall, Refunds, Target, Tender, WireRequest,
};
use paydesk_domain::{
    Amount, BusinessDay, ChannelRef, Currency, End, Memo, MerchantRef, Mode, Money, OrderNumber,
    Outcome, PaymentFact, RateChoice, RefundFact, RefundOffer, Timestamp,
};
use paydesk_sandbox::{
    Delivered, MerchantCredentials, Moment, Offline, OfflineKeys, Rhythm, Strike, WireAnswer,
    WireCall,
};
use paydesk_signing::{AccountKeys, Peer, WireReply};
use std::{cell::Cell, collections::BTreeMap};

/// 2026-11-21 10:22:12 in China.
pub(crate) const MORNING: Timestamp = Timestamp(1_795_227_732_000);
pub(crate) const HERE: &str = "http://127.0.0.1:4243";

/// One account at one simulator, with a clock of the test's own.
pub(crate) struct Counter<C> {
    connector: C,
    pub(crate) sandbox: Offline,
    pub(crate) settings: AccountSettings,
    keys: AccountKeys,
    now: Cell<i64>,
}

/// A payment as the desk keeps it.
pub(crate) struct Begun {
    pub(crate) reference: MerchantRef,
    pub(crate) amount: Amount,
    sent_at: Timestamp,
    pub(crate) memo: Option<Memo>,
    pub(crate) channel_ref: Option<ChannelRef>,
}

impl Begun {
    pub(crate) fn target(&self) -> Target {
        Target {
            reference: self.reference.clone(),
            sent_at: self.sent_at,
            amount: self.amount,
            channel_ref: self.channel_ref.clone(),
            memo: self.memo.clone(),
            told: None,
        }
    }

    /// A refund of it, begun at this moment.
    pub(crate) fn refund(&self, number: u32, minor: i64, sent_at: Timestamp) -> RefundCall {
        RefundCall {
            of: self.target(),
            paid: self.amount,
            others: Money::zero(self.amount.currency()),
            reference: self.reference.refund(number).unwrap(),
            sent_at,
            amount: Amount::from_minor(minor, self.amount.currency()).unwrap(),
            reason: "退货".to_owned(),
            rate: RateChoice::default(),
        }
    }
}

/// The question after a refund.
pub(crate) fn asked(call: &RefundCall) -> QueryRefund {
    QueryRefund {
        of: call.of.clone(),
        refund: Target {
            reference: call.reference.clone(),
            sent_at: call.sent_at,
            amount: call.amount,
            channel_ref: None,
            memo: None,
            told: None,
        },
        offer: None,
    }
}

/// The same once an offer is known.
pub(crate) fn asked_of(call: &RefundCall, offer: &RefundOffer) -> QueryRefund {
    QueryRefund {
        offer: Some(offer.clone()),
        ..asked(call)
    }
}

pub(crate) fn amount(code: &str, minor: i64) -> Amount {
    Amount::from_minor(minor, Currency::from_code(code).unwrap()).unwrap()
}

/// What a call came to.
pub(crate) struct Driven<F> {
    pub(crate) outcome: Outcome<Answer<F>>,
    /// What was to be made durable last.
    pub(crate) memo: Option<Memo>,
}

impl<F> Driven<F> {
    #[track_caller]
    pub(crate) fn fact(self) -> F {
        match self.outcome {
            Outcome::Done(answer) => answer.fact,
            Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
            Outcome::Unknown(doubt) => panic!("in doubt: {doubt:?}"),
        }
    }
}

impl<C: Channel> Counter<C> {
    /// An account of the simulator's own merchant, made of these fields.
    pub(crate) fn open(
        connector: C,
        fields: impl FnOnce(&MerchantCredentials) -> Vec<(&'static str, String)>,
    ) -> Counter<C> {
        let keys = OfflineKeys::stand_in(7);
        let sandbox = Offline::new(1, Rhythm::default(), &keys);
        let fields = fields(sandbox.merchant()).into_iter();
        let fields: BTreeMap<String, String> = fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let checked = connector.check_fields(&fields, true, MORNING);
        let is_right = checked.iter().all(|line| line.problem.is_none());
        assert!(is_right, "{checked:?}");
        Counter {
            keys: connector.account_keys(&fields, MORNING).unwrap(),
            connector,
            settings: AccountSettings {
                gateway: HERE.to_owned(),
                sandbox: true,
                fields,
            },
            sandbox,
            now: Cell::new(MORNING.0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    pub(crate) fn moment(&self) -> Moment {
        let since_ms = u64::try_from(self.now.get() - MORNING.0).unwrap();
        Moment {
            wall_ms: self.now.get(),
            monotonic_ns: since_ms * 1_000_000,
        }
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.now.set(self.now.get() + milliseconds);
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        Cx {
            keys: &self.keys,
            account: &self.settings,
            now: self.now(),
            nonce: [7; 16],
        }
    }

    /// Over the wire and back; none where the answer was lost.
    pub(crate) fn send(&self, request: &WireRequest, strike: Option<Strike>) -> Option<WireReply> {
        let call = WireCall {
            method: request.method,
            url: &request.url,
            headers: &request.headers,
            body: &request.body,
        };
        let pending = self.sandbox.exchange(&call, strike, self.moment());
        self.pass(i64::try_from(pending.wait_ms()).unwrap());
        let Delivered::Answer(answer) = self.sandbox.finish(pending, self.moment()) else {
            return None;
        };
        let WireAnswer {
            status,
            headers,
            body,
        } = answer;
        Some(WireReply {
            status,
            headers,
            body,
            peer: Peer::SandboxHere,
        })
    }

    /// Drives a call to its end; `lost` is the exchange whose answer, counted from nought, does not arrive.
    pub(crate) fn drive_losing<K: Call>(
        &self,
        mut call: K,
        lost: Option<(usize, Strike)>,
    ) -> Result<Driven<K::Fact>, usize>
    where
        C: Exchange<K>,
    {
        let connector = &self.connector;
        let mut memo = None;
        for at in 0.. {
            assert!(at < 32, "a call has an end");
            let request = connector.encode(&call, &self.cx()).unwrap();
            let strike = lost
                .filter(|(which, _)| *which == at)
                .map(|(_, strike)| strike);
            let reply = self.send(&request, strike).ok_or(at)?;
            let proof = connector
                .authenticate(request.operation, reply, &self.cx())
                .unwrap();
            if let Some(further) = connector.further(&call, &proof, &self.cx()) {
                memo = further.learned.clone().or(memo);
                call.go_on(further);
                continue;
            }
            let outcome = connector.decode(&call, &proof, &self.cx());
            if let Outcome::Done(Answer {
                learned: Some(learned),
                ..
            }) = &outcome
            {
                memo = Some(learned.clone());
            }
            return Ok(Driven { outcome, memo });
        }
        unreachable!()
    }

    pub(crate) fn drive<K: Call>(&self, call: K) -> Driven<K::Fact>
    where
        C: Exchange<K>,
    {
        match self.drive_losing(call, None) {
            Ok(driven) => driven,
            Err(at) => panic!("no answer to exchange {at}"),
        }
    }
}

impl<C: Channel + Payments + Refunds> Counter<C> {
    pub(crate) fn create(&self, begun: &Begun, tender: Tender) -> Create {
        let lives = self.connector.profile().schedule.shown_for;
        Create {
            reference: begun.reference.clone(),
            amount: begun.amount,
            tender,
            sent_at: begun.sent_at,
            expires: begun.sent_at.plus(lives),
            subject: "门店".to_owned(),
            operator: "wang".to_owned(),
            memo: begun.memo.clone(),
        }
    }

    /// A payment that is durable, and of which nothing was sent.
    pub(crate) fn intend(&self, count: u32, amount: Amount, tender: &Tender) -> Begun {
        let day = BusinessDay(20_261_121);
        let number = OrderNumber::compose(Mode::Demo, "A2B3", 0, day, count).unwrap();
        Begun {
            reference: number.attempt(1).unwrap(),
            amount,
            sent_at: self.now(),
            memo: self.connector.before(tender, "门店"),
            channel_ref: None,
        }
    }

    /// Begins a payment, and what its answer said.
    pub(crate) fn begin(&self, count: u32, amount: Amount, tender: Tender) -> (Begun, PaymentFact) {
        let mut begun = self.intend(count, amount, &tender);
        let driven = self.drive(self.create(&begun, tender));
        begun.memo = driven.memo.clone().or(begun.memo);
        (begun, driven.fact())
    }

    /// The first request of a payment.
    pub(crate) fn encoded(&self, begun: &Begun, tender: Tender) -> WireRequest {
        let call = self.create(begun, tender);
        self.connector.encode(&call, &self.cx()).unwrap()
    }

    /// Begins a payment whose answers may be lost or refused: what was learned on the way.
    pub(crate) fn try_begin(&self, begun: &Begun, tender: Tender) -> Option<Memo> {
        let driven = self.drive_losing(self.create(begun, tender), None);
        driven.ok().and_then(|driven| driven.memo)
    }

    /// As [`Counter::begin`], but an answer is lost.
    pub(crate) fn begin_losing(
        &self,
        begun: &Begun,
        tender: Tender,
        lost: (usize, Strike),
    ) -> usize {
        let driven = self.drive_losing(self.create(begun, tender), Some(lost));
        driven.err().expect("its answer is lost")
    }

    pub(crate) fn query(&self, begun: &mut Begun) -> PaymentFact {
        let driven = self.drive(Query { of: begun.target() });
        begun.memo = driven.memo.clone().or(begun.memo.take());
        let fact = driven.fact();
        if let PaymentFact::Paid(paid) | PaymentFact::PaidAmiss(paid, _) = &fact {
            begun.channel_ref = Some(paid.channel_ref.clone());
        }
        fact
    }

    pub(crate) fn close(&self, begun: &Begun) -> PaymentFact {
        let how = End::Close;
        let of = begun.target();
        self.drive(Finish { of, how }).fact()
    }

    pub(crate) fn refund(&self, call: RefundCall) -> RefundFact {
        self.drive(call).fact()
    }
}
