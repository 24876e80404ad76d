//! A shop at Stripe's simulator.

use crate::counter::Counter;
use paydesk_channels::{Channel as _, Tender, stripe};
use paydesk_domain::{BillKind, BillLine, ChannelDay, Outcome, Totals};
use std::ops::Deref;

const CONNECTOR: stripe::Stripe = stripe::CONNECTOR;

pub(crate) struct Shop(Counter<stripe::Stripe>);

impl Deref for Shop {
    type Target = Counter<stripe::Stripe>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Shop {
    pub(crate) fn open() -> Shop {
        let counter = Counter::open(CONNECTOR, |merchant| {
            let own = merchant.stripe.clone();
            vec![
                ("account", own.account),
                ("reader", own.reader),
                ("secret_key", own.secret_key),
                ("webhook_secret", own.webhook_secret),
            ]
        });
        let endpoint = Some("https://relay.example/stripe");
        counter
            .sandbox
            .set_stripe_endpoint(endpoint, counter.moment())
            .unwrap();
        Shop(counter)
    }

    pub(crate) fn at_reader(&self) -> Tender {
        Tender::Reader {
            id: self.settings.field("reader").to_owned(),
        }
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
