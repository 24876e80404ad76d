//! A shop at Stripe's simulator: the desk's part of every call, as `exchange_with` plays it.

use paydesk_channels::{
    AccountSettings, Answer, Call, Channel as _, Create, Cx, Exchange, Finish, Further,
    Payments as _, Query, QueryRefund, RefundCall, Target, Tender, WireRequest, stripe,
};
use paydesk_domain::{
    Amount, BillKind, BillLine, BusinessDay, ChannelDay, ChannelRef, Currency, End, Memo,
    MerchantRef, Mode, Money, OrderNumber, Outcome, PaymentFact, RefundFact, Timestamp, Totals,
};
use paydesk_sandbox::{
    Delivered, Moment, Offline, OfflineKeys, Rhythm, Strike, WireAnswer, WireCall,
};
use paydesk_signing::{AccountKeys, Peer, WireReply};
use std::cell::Cell;

/// 2026-11-21 10:22:12 in China.
pub(crate) const MORNING: Timestamp = Timestamp(1_795_227_732_000);
pub(crate) const HERE: &str = "http://127.0.0.1:4243";

const CONNECTOR: stripe::Stripe = stripe::CONNECTOR;

pub(crate) struct Shop {
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

impl Shop {
    pub(crate) fn open() -> Shop {
        let keys = OfflineKeys::stand_in(7);
        let sandbox = Offline::new(1, Rhythm::default(), &keys);
        let own = sandbox.merchant().stripe.clone();
        let fields = [
            ("account", own.account),
            ("reader", own.reader),
            ("secret_key", own.secret_key),
            ("webhook_secret", own.webhook_secret),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        let checked = CONNECTOR.check_fields(&fields, MORNING);
        let is_right = checked.iter().all(|line| line.problem.is_none());
        assert!(is_right, "{checked:?}");
        let shop = Shop {
            keys: CONNECTOR.account_keys(&fields, MORNING).unwrap(),
            settings: AccountSettings {
                gateway: HERE.to_owned(),
                sandbox: true,
                fields,
            },
            sandbox,
            now: Cell::new(MORNING.0),
        };
        let endpoint = Some("https://relay.example/stripe");
        shop.sandbox
            .set_stripe_endpoint(endpoint, shop.moment())
            .unwrap();
        shop
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
    pub(crate) fn drive_losing<C: Call>(
        &self,
        mut call: C,
        lost: Option<(usize, Strike)>,
    ) -> Result<Driven<C::Fact>, usize>
    where
        stripe::Stripe: Exchange<C>,
    {
        let mut memo = None;
        for at in 0.. {
            assert!(at < 32, "a call has an end");
            let request = CONNECTOR.encode(&call, &self.cx()).unwrap();
            let strike = lost
                .filter(|(which, _)| *which == at)
                .map(|(_, strike)| strike);
            let reply = self.send(&request, strike).ok_or(at)?;
            let proof = CONNECTOR
                .authenticate(request.operation, reply, &self.cx())
                .unwrap();
            if let Some(further) = CONNECTOR.further(&call, &proof, &self.cx()) {
                let Further { learned, .. } = &further;
                memo = learned.clone().or(memo);
                call.go_on(further);
                continue;
            }
            let outcome = CONNECTOR.decode(&call, &proof, &self.cx());
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

    pub(crate) fn drive<C: Call>(&self, call: C) -> Driven<C::Fact>
    where
        stripe::Stripe: Exchange<C>,
    {
        match self.drive_losing(call, None) {
            Ok(driven) => driven,
            Err(at) => panic!("no answer to exchange {at}"),
        }
    }

    fn create(&self, begun: &Begun, tender: Tender) -> Create {
        Create {
            reference: begun.reference.clone(),
            amount: begun.amount,
            tender,
            sent_at: begun.sent_at,
            expires: Timestamp(begun.sent_at.0 + 300_000),
            subject: "门店".to_owned(),
            operator: "wang".to_owned(),
            memo: begun.memo.clone(),
        }
    }

    pub(crate) fn at_reader(&self) -> Tender {
        Tender::Reader {
            id: self.settings.field("reader").to_owned(),
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
            memo: CONNECTOR.before(tender, "门店"),
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
        CONNECTOR.encode(&call, &self.cx()).unwrap()
    }

    /// Begins a payment whose answers may be lost or refused: what was learned on the way.
    pub(crate) fn try_begin(&self, begun: &Begun, tender: Tender) -> Option<Memo> {
        let driven = self.drive_losing(self.create(begun, tender), None);
        driven.ok().and_then(|driven| driven.memo)
    }

    /// As [`Shop::begin`], but an answer is lost.
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
        if let PaymentFact::Paid(paid) = &fact {
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

    /// The bill of a day, asked for until it is there, fetched and read.
    pub(crate) fn bill(&self, day: ChannelDay) -> (Vec<BillLine>, Totals) {
        use paydesk_channels::BillAnswer;
        let bills = CONNECTOR.bills().unwrap();
        for _ in 0..4 {
            let mut told = None;
            let answer = loop {
                let request = match &told {
                    None => bills.encode_link(day, BillKind::Trade, &self.cx()),
                    Some(told) => bills.encode_further(day, BillKind::Trade, told, &self.cx()),
                };
                let request = request.unwrap();
                let reply = self.send(&request, None).unwrap();
                let proof = CONNECTOR
                    .authenticate(request.operation, reply, &self.cx())
                    .unwrap();
                match bills.further_link(day, BillKind::Trade, told.as_ref(), &proof) {
                    Some(further) => told = Some(further),
                    None => break bills.decode_link(&proof),
                }
            };
            let link = match answer {
                Outcome::Done(BillAnswer::Ready(link)) => link,
                Outcome::Done(BillAnswer::NotYet) => {
                    self.pass(60_000);
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let request = bills.encode_file(&link, &self.cx()).unwrap();
            let reply = self.send(&request, None).unwrap();
            assert_eq!(reply.status, 200);
            let text = bills.open(&reply.body, Some(&link)).unwrap();
            let mut lines = Vec::new();
            let totals = bills.read(&text, &self.settings, &mut |line| lines.push(line));
            return (lines, totals.unwrap());
        }
        panic!("the bill never came");
    }
}
