//! A store on a disk in memory, used as the desk uses it, with everything noted that it was told.

use super::history::{Facts, History};
use crate::{
    disk::{Disk, DiskProcess, held},
    executor::SimIds,
    machine::{FILE, test_key},
};
use paydesk_desk::ports::*;
use paydesk_domain::*;
use paydesk_signing::{Authentic, KeyId, Peer, TagKeys, WireReply};
use paydesk_store::{SqliteStore, StoreOptions};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Why a scenario did not come to its end. It is the simulation's own mistake or the store's.
pub(crate) type Trouble = String;

pub(crate) const NOW: Timestamp = Timestamp(1_795_219_200_000);
pub(crate) const DAY: BusinessDay = BusinessDay(20_261_121);

/// Anything that says why.
pub(crate) fn trouble(what: impl std::fmt::Debug) -> Trouble {
    format!("{what:?}")
}

/// What a scenario has at hand.
pub(crate) struct Stage {
    pub(crate) disk: Disk,
    pub(crate) process: DiskProcess,
    history: Arc<Mutex<History>>,
    next: Mutex<u64>,
    seed: u64,
}

/// One open store of a stage; two of them are two processes.
#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) store: Arc<SqliteStore>,
    disk: Disk,
    history: Arc<Mutex<History>>,
}

/// Opens the production store of a process.
pub(crate) async fn open_store(
    process: &DiskProcess,
    file: &str,
    seed: u64,
) -> Result<Arc<SqliteStore>, StoreError> {
    let key = test_key().map_err(|_| StoreError::Locked)?;
    let options = StoreOptions {
        file: process.path(file),
        key,
        ids: Arc::new(SimIds::new(seed)),
        now: NOW,
        files: Arc::new(process.clone()),
        readers: 1,
    };
    SqliteStore::open(options).await.map(Arc::new)
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Stage {
        let disk = Disk::new(seed);
        Stage {
            process: disk.start_process(),
            disk,
            history: Arc::default(),
            next: Mutex::new(0),
            seed,
        }
    }

    /// What was sent so far.
    pub(super) fn history(&self) -> History {
        held(&self.history).clone()
    }

    /// A number that was not given before.
    pub(crate) fn fresh(&self) -> u64 {
        let mut next = held(&self.next);
        *next += 1;
        *next
    }

    pub(crate) async fn open(&self) -> Result<Till, Trouble> {
        self.open_file(FILE).await
    }

    pub(crate) async fn open_file(&self, file: &str) -> Result<Till, Trouble> {
        let seed = self.seed.wrapping_add(self.fresh());
        let store = open_store(&self.process, file, seed).await;
        Ok(Till {
            store: store.map_err(trouble)?,
            disk: self.disk.clone(),
            history: Arc::clone(&self.history),
        })
    }
}

impl Till {
    /// A call with what it changes; an answer that nothing was changed is noted as such.
    pub(crate) async fn told<T>(
        &self,
        facts: Vec<(String, String)>,
        events: u64,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let place = held(&self.history).send(facts, events, self.disk.steps());
        let answer = call.await;
        self.heard(place, &answer);
        answer
    }

    fn heard<T>(&self, place: usize, answer: &Result<T, StoreError>) {
        let mut history = held(&self.history);
        match answer {
            Ok(_) => history.acknowledge(place, self.disk.steps()),
            // Whether it is there is known after a restart only.
            Err(StoreError::Io(_)) => {}
            Err(_) => history.refuse(place),
        }
    }

    /// Opens an order with its first attempt, as the desk does.
    pub(crate) async fn charge(&self, intent: &str, note: &str) -> Result<Opened, StoreError> {
        let learned = Arc::new(Mutex::new((Vec::new(), 0)));
        let first = first_attempt(note, Arc::clone(&learned));
        let new = NewOrder {
            mode: Mode::Demo,
            draw: 0,
            plan: OrderPlan {
                intent: intent.to_owned(),
                total: amount(4650)?,
                day: DAY,
                by: "收银员 1".to_owned(),
            },
            code: Some(code(intent)),
            note: note.to_owned(),
            now: NOW,
        };
        let place = held(&self.history).send(Vec::new(), 0, self.disk.steps());
        let answer = self.store.open_order(new, first).await;
        let (facts, events) = held(&learned).clone();
        held(&self.history).learn(place, facts, events);
        self.heard(place, &answer);
        answer
    }

    /// As `charge`, where nothing else than a new order may come of it.
    pub(crate) async fn charged(&self, intent: &str, note: &str) -> Result<Order, Trouble> {
        match self.charge(intent, note).await.map_err(trouble)? {
            Opened::New(order) => Ok(order),
            other => Err(trouble(other)),
        }
    }

    /// Commits and notes what it changes.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<Order, StoreError> {
        let (facts, events) = facts_of(&commit);
        self.told(facts, events, self.store.commit(commit)).await
    }

    pub(crate) async fn append(&self, settings: Value) -> Result<(), StoreError> {
        let fact = ("settings".to_owned(), settings.to_string());
        let body = json!({ "after": { "settings": settings } });
        let event = event(None, None, EventKind::SettingsChanged, body);
        self.told(vec![fact], 1, self.store.append(vec![event]))
            .await
    }
}

/// What a commit changes of what can be read back, and how many events it adds.
fn facts_of(commit: &Commit) -> (Vec<(String, String)>, u64) {
    let intent = commit.order.plan().intent.clone();
    let after = Order::from_parts(
        commit.order.number().clone(),
        commit.order.plan().clone(),
        commit.order.opened_at(),
        commit.order.payments().to_vec(),
        commit.order.refunds().to_vec(),
        commit.order.version() + 1,
    );
    let mut facts = vec![(format!("order {intent}"), text(&after))];
    for work in &commit.work {
        let state = if work.due.is_some() {
            "open"
        } else {
            "settled"
        };
        facts.push((format!("work {}", work.reference), state.to_owned()));
    }
    for field in &commit.sealed {
        facts.push((format!("sealed {}", field.subject), field.value.clone()));
    }
    if let Some(note) = &commit.note {
        facts.push((format!("note {intent} {}", note.text), "there".to_owned()));
    }
    for event in &commit.events {
        if let Some(evidence) = &event.evidence {
            facts.push(evidence_fact(&intent, event.kind, evidence));
        }
    }
    (facts, u64::try_from(commit.events.len()).unwrap_or(0))
}

fn evidence_fact(intent: &str, kind: EventKind, evidence: &[u8]) -> (String, String) {
    let sum = evidence.iter().fold(17_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    let name = format!("evidence {intent} {} {sum:016x}", kind.name());
    (name, evidence.len().to_string())
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Everything that can be read back of a store.
pub(crate) async fn read_back(store: &SqliteStore) -> Result<Facts, StoreError> {
    let mut facts = Facts::from([("epoch".to_owned(), store.device().epoch.to_string())]);
    if let Some(settings) = store.settings().await? {
        facts.insert("settings".to_owned(), settings.to_string());
    }
    let open = store.open_work().await?;
    let page = store.list(&everything(), None, 500).await?;
    for row in &page.rows {
        let missing = || StoreError::Corrupt(format!("{} is in the list alone", row.number));
        let order = store.load(&row.number).await?.ok_or_else(missing)?;
        let intent = order.plan().intent.clone();
        let payments = order.payments().iter().map(Payment::reference);
        for reference in payments.chain(order.refunds().iter().map(Refund::reference)) {
            let state = if open.contains(reference) {
                "open"
            } else {
                "settled"
            };
            facts.insert(format!("work {reference}"), state.to_owned());
            if let Some(payer) = store.sealed(reference, "payer").await? {
                facts.insert(format!("sealed {reference}"), payer);
            }
            let asked = store.times_asked(reference).await?;
            if asked > 0 {
                facts.insert(format!("asked {reference}"), asked.to_string());
            }
        }
        for note in store.notes(&row.number).await? {
            facts.insert(format!("note {intent} {}", note.text), "there".to_owned());
        }
        for event in store.timeline(&row.number).await? {
            if let Some(evidence) = &event.evidence {
                facts.extend([evidence_fact(&intent, event.kind, evidence)]);
            }
        }
        facts.insert(format!("order {intent}"), text(&order));
    }
    let (first, last) = (ChannelDay(20_260_101), ChannelDay(20_271_231));
    for bill in store.bills(&account(), first, last).await? {
        let (name, value) = bill_fact(
            &bill.content_sha256,
            &bill.summary,
            store.bill_rows(bill.id, false, 0, 1).await?.total,
            store.differences(bill.id).await?.len(),
        );
        facts.insert(name, value);
    }
    Ok(facts)
}

pub(crate) fn bill_fact(
    sha256: &str,
    summary: &DaySummary,
    lines: u64,
    differences: usize,
) -> (String, String) {
    let value = format!("{} {lines} lines {differences} differences", text(summary));
    (format!("bill {sha256}"), value)
}

pub(crate) fn account() -> AccountId {
    AccountId("demo-alipay".to_owned())
}

pub(crate) fn alipay() -> ChannelId {
    ChannelId("alipay".to_owned())
}

pub(crate) fn everything() -> OrderFilter {
    OrderFilter {
        tab: Tab::All,
        search: String::new(),
        day_from: None,
        day_to: None,
        status: None,
        channel: None,
        currencies: vec![Currency::CNY],
    }
}

fn amount(minor: i64) -> Result<Amount, StoreError> {
    Amount::from_minor(minor, Currency::CNY).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// Every intent has a payment code of its own.
fn code(intent: &str) -> PayerCode {
    let mut tag = [9; 32];
    for (to, from) in tag.iter_mut().zip(intent.bytes()) {
        *to = from;
    }
    PayerCode {
        tag,
        since: Timestamp(0),
    }
}

pub(crate) fn event(
    order: Option<&Order>,
    subject: Option<&MerchantRef>,
    kind: EventKind,
    body: Value,
) -> NewEvent {
    NewEvent {
        kind,
        order: order.map(|order| order.number().clone()),
        subject: subject.cloned(),
        actor: Actor::Operator("收银员 1".to_owned()),
        at: NOW,
        day: DAY,
        body,
        evidence: None,
    }
}

type Learned = Arc<Mutex<(Vec<(String, String)>, u64)>>;

fn first_attempt(note: &str, learned: Learned) -> FirstAttempt {
    let note = (!note.is_empty()).then(|| NewNote {
        at: NOW,
        by: "收银员 1".to_owned(),
        text: note.to_owned(),
    });
    Box::new(move |mut order: Order| {
        let plan = PaymentPlan {
            account: account(),
            channel: alipay(),
            amount: order.plan().total,
            tender: TenderKind::PayerCode,
            expires: NOW.plus(std::time::Duration::from_secs(300)),
            watch_ms: 900_000,
            rate: None,
            intent: None,
        };
        let opened = json!({ "after": { "order": { "number": order.number(), "plan": order.plan(), "opened_at": order.opened_at() } } });
        let payment = order.begin_payment(plan, NOW)?.clone();
        let reference = payment.reference().clone();
        let begun = json!({ "after": { "payment": payment } });
        let mut events = vec![
            event(Some(&order), None, EventKind::OrderOpened, opened),
            event(
                Some(&order),
                Some(&reference),
                EventKind::PaymentBegun,
                begun,
            ),
        ];
        if let Some(note) = &note {
            let body = json!({ "after": { "note": note } });
            events.push(event(Some(&order), None, EventKind::NoteAdded, body));
        }
        let commit = Commit {
            order,
            events,
            work: vec![Work {
                reference,
                due: Some(NOW),
            }],
            sealed: Vec::new(),
            note,
        };
        *held(&learned) = facts_of(&commit);
        Ok(commit)
    })
}

/// A commit that moves an attempt or refund: what happened, and whether it is still looked at.
pub(crate) fn moved(
    order: Order,
    subject: &MerchantRef,
    kind: EventKind,
    is_open: bool,
    evidence: Option<Vec<u8>>,
) -> Commit {
    let after = match (order.payment(subject), order.refund(subject)) {
        (Some(payment), _) => json!({ "payment": payment }),
        (None, refund) => json!({ "refund": refund }),
    };
    let mut happened = event(Some(&order), Some(subject), kind, json!({ "after": after }));
    happened.evidence = evidence;
    Commit {
        order,
        events: vec![happened],
        work: vec![Work {
            reference: subject.clone(),
            due: is_open.then_some(NOW),
        }],
        sealed: Vec::new(),
        note: None,
    }
}

/// The channel's word, proved by the stand-in keys of the tests.
pub(crate) fn proved(fact: Fact) -> Result<Evidence, Trouble> {
    let keys = TagKeys::new("images");
    let body = b"signed".to_vec();
    let signature = keys.sign_as_peer(&body);
    let reply = WireReply {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        peer: Peer::Unknown,
    };
    let key = KeyId("stand-in-images".to_owned());
    let proof = Authentic::signed(reply, 0..body.len(), &body, key, &signature, &keys);
    let proof = proof.map_err(trouble)?;
    Ok(Evidence::from_channel(fact, &proof, Heard::Reply, NOW))
}

/// The latest attempt's reference.
pub(crate) fn latest(order: &Order) -> Result<MerchantRef, Trouble> {
    let payment = order.latest().ok_or_else(|| trouble("no attempt"))?;
    Ok(payment.reference().clone())
}

impl Till {
    /// The channel says that it is paid.
    pub(crate) async fn pay(&self, order: &Order, evidence: usize) -> Result<Order, Trouble> {
        let total = order.plan().total;
        let fact = PaymentFact::Paid(Paid {
            asked: total,
            received: total,
            payer_paid: None,
            channel_ref: ChannelRef(format!("20261121-{}", order.plan().intent)),
            at: NOW,
            payer: None,
            coins: Vec::new(),
        });
        let (mut order, reference) = (order.clone(), latest(order)?);
        let evidence_of_fact = proved(Fact::Payment(fact))?;
        if let Some(payment) = order.payment_mut(&reference) {
            payment.apply(&evidence_of_fact);
        }
        let bytes = vec![b'e'; evidence];
        let mut commit = moved(
            order,
            &reference,
            EventKind::PaymentHeard,
            false,
            Some(bytes),
        );
        commit.sealed.push(SealedField {
            subject: reference,
            name: "payer",
            value: "PAYER".to_owned(),
        });
        self.commit(commit).await.map_err(trouble)
    }

    /// A refund becomes durable, in doubt, with its amount reserved.
    pub(crate) async fn refund(
        &self,
        order: &Order,
        minor: i64,
        intent: &str,
    ) -> Result<(Order, MerchantRef), Trouble> {
        let (mut order, payment) = (order.clone(), latest(order)?);
        let plan = RefundPlan {
            intent: intent.to_owned(),
            amount: amount(minor).map_err(trouble)?,
            reason: "goods_returned".to_owned(),
            note: String::new(),
            by: "收银员 1".to_owned(),
            in_cash: false,
            rate: RateChoice::default(),
        };
        let reference = order.begin_refund(&payment, plan, NOW).map_err(trouble)?;
        let commit = moved(order, &reference, EventKind::RefundBegun, true, None);
        Ok((self.commit(commit).await.map_err(trouble)?, reference))
    }

    /// The channel says that the refund is done.
    pub(crate) async fn refund_done(
        &self,
        order: &Order,
        reference: &MerchantRef,
    ) -> Result<Order, Trouble> {
        let done = RefundFact::Done {
            channel_ref: None,
            at: Some(NOW),
        };
        let (mut order, evidence) = (order.clone(), proved(Fact::Refund(done))?);
        if let Some(refund) = order.refund_mut(reference) {
            refund.apply(&evidence);
        }
        let bytes = Some(b"refund".to_vec());
        let commit = moved(order, reference, EventKind::RefundHeard, false, bytes);
        self.commit(commit).await.map_err(trouble)
    }

    /// A note on an order.
    pub(crate) async fn note(&self, order: &Order, text: &str) -> Result<Order, Trouble> {
        let note = NewNote {
            at: NOW,
            by: "收银员 1".to_owned(),
            text: text.to_owned(),
        };
        let body = json!({ "after": { "note": note } });
        let commit = Commit {
            order: order.clone(),
            events: vec![event(Some(order), None, EventKind::NoteAdded, body)],
            work: Vec::new(),
            sealed: Vec::new(),
            note: Some(note),
        };
        self.commit(commit).await.map_err(trouble)
    }
}
