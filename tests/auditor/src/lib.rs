//! The auditor: holds a till's books against the channel's ledger, the wire and what screens said.
//!
//! It reads the database with SQL of its own and shares nothing with the product but `Money`; the numbers of
//! its findings are those of RELIABILITY §2.4. It must never repair, decide or write.

mod bills;
mod books;
mod cash;
mod chain;
mod coverage;
mod edges;
mod history;
mod ledger;
mod money;
mod numbers;
mod paid;
mod put_back;
mod signed;

pub use bills::{Bill, Shown, Standing};
pub use books::Unreadable;
pub use coverage::{Cells, Coverage};
pub use history::{Effect, Sent};
pub use ledger::{Movement, Oracle, Trade};
pub use signed::{Signed, signed_text};

use books::{PaymentRow, RefundRow, Sale};
use chain::GENESIS;
use edges::cause_of;
use history::{History, Misuse};
use numbers::Numbers;
use serde_json::Value;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A promise of RELIABILITY §2.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Invariant {
    /// No part of a sale is taken twice.
    Inv1,
    /// Every paid channel order has a row.
    Inv2,
    /// Paid rows have evidence that verifies and fits.
    Inv3,
    /// "Paid" is told after the commit.
    Inv4,
    /// Refunds and reservations never exceed what was paid.
    Inv5,
    /// Refunds agree with the channel.
    Inv6,
    /// Every doubt is decided once the world heals.
    Inv7,
    /// Nothing is sent before it is durable.
    Inv8,
    /// One reference, one meaning.
    Inv9,
    /// Numbers are unique.
    Inv10,
    /// States move along allowed edges, versions grow.
    Inv11,
    /// The chain verifies.
    Inv13,
    /// The order of answers does not matter: books and ledger say the same in the end.
    Inv14,
    /// Unproven answers change nothing.
    Inv15,
    /// No two unfinished attempts of one order.
    Inv16,
    /// A commit that was told survives, the file is sound.
    Inv17,
    /// No secret in what is kept.
    Inv18,
    /// What is shown of a bill is what differs; RELIABILITY has no number for it.
    Recon,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{self:?}");
        f.write_str(&name.to_uppercase())
    }
}

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Of which till.
    pub till: usize,
    /// What was found, in words.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            till,
            found,
        } = self;
        write!(f, "{invariant} (till {till}): {found}")
    }
}

/// What the auditor cannot do by itself: open sealed bytes, and check a channel's signature.
pub trait Witness: Send + Sync {
    /// The bytes of an exchange, unsealed.
    fn unseal(&self, till: usize, seq: i64, sealed: &[u8]) -> Option<Vec<u8>>;
    /// Whether the channel's key made the signature of this recorded reply.
    fn is_signed(&self, channel: &str, record: &Value) -> bool;
}

/// What the auditor remembers of one till.
#[derive(Clone, Debug)]
struct Till {
    seq: i64,
    hash: Vec<u8>,
    versions: BTreeMap<String, i64>,
    /// The last state of each payment and refund, by the log.
    states: BTreeMap<String, String>,
    /// The same with what a person decided.
    shown: BTreeMap<String, String>,
}

impl Default for Till {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: GENESIS.to_vec(),
            versions: BTreeMap::new(),
            states: BTreeMap::new(),
            shown: BTreeMap::new(),
        }
    }
}

/// The auditor of one world: its tills and one ledger.
pub struct Auditor {
    witness: Arc<dyn Witness>,
    oracle: Arc<dyn Oracle>,
    history: History,
    tills: BTreeMap<usize, Till>,
    /// Tills whose folder is an older copy that nobody has looked into yet.
    put_back: BTreeSet<usize>,
    /// What a till's folder forgot with an older copy: the bill alone tells of it (Q24).
    forgotten: BTreeSet<String>,
    numbers: Numbers,
    violations: Vec<Violation>,
    coverage: Coverage,
}

/// `T` or `L`, device, epoch, day, place, check character, and the attempt.
const PAYMENT_REFERENCE: usize = 20;

type Audited = Result<(), Unreadable>;

impl Auditor {
    /// An auditor who has seen nothing yet.
    #[must_use]
    pub fn new(witness: Arc<dyn Witness>, oracle: Arc<dyn Oracle>) -> Self {
        Self {
            witness,
            oracle,
            history: History::default(),
            tills: BTreeMap::new(),
            put_back: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            numbers: Numbers::default(),
            violations: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    /// Which states met which events.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// An answer, or what came in its place, is handed to a till. `says` is what it says, by the letter.
    pub fn heard(&mut self, till: usize, reference: &str, says: &str) {
        let known = self.tills.get(&till);
        let Some(state) = known.and_then(|till| till.shown.get(reference)) else {
            return;
        };
        // A refund's reference is longer than its payment's.
        let is_refund = reference.len() > PAYMENT_REFERENCE;
        self.coverage.met(is_refund, state, says);
    }

    /// What was found since the last call.
    #[must_use]
    pub fn take_violations(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.violations)
    }

    fn found(&mut self, invariant: Invariant, till: usize, found: impl Into<String>) {
        self.violations.push(Violation {
            invariant,
            till,
            found: found.into(),
        });
    }

    /// A call leaves a till: its intent must stand in the books, and mean what it always meant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sent(&mut self, connection: &mut SqliteConnection, sent: &Sent) -> Audited {
        let reference = &sent.reference;
        match self.history.sent(sent) {
            None => {}
            Some(Misuse::OtherMeaning) => {
                let found = format!("{reference} was sent with two contents");
                self.found(Invariant::Inv9, sent.till, found);
            }
            Some(Misuse::TwoTills) => {
                let found = format!("{reference} was sent by two tills");
                self.found(Invariant::Inv10, sent.till, found);
            }
        }
        if sent.effect == Effect::Pay
            && let Some(found) = self.numbers.used(sent.till, reference)
        {
            self.found(Invariant::Inv10, sent.till, found);
        }
        let kept = books::state_of(connection, reference).await?;
        let state = kept.map(|(state, _)| state);
        let is_durable = match (sent.effect, state.as_deref()) {
            (_, None) => false,
            (Effect::End, Some(state)) => matches!(state, "ending" | "watching" | "closed"),
            // What was taken back is given away by other means: it must not go out after that.
            (Effect::Refund, Some(state)) => state != "cancelled",
            (Effect::Pay, Some(_)) => true,
        };
        if !is_durable {
            let found = format!(
                "{reference}: {:?} was sent while the books said {state:?}",
                sent.effect
            );
            self.found(Invariant::Inv8, sent.till, found);
        }
        Ok(())
    }

    /// The channel made and signed a reply about this reference. What arrives may be something else.
    pub fn made(&mut self, reference: &str, reply_sha256: &str) {
        self.history.made(reference, reply_sha256);
    }

    /// A screen showed an order in this version.
    pub fn told(&mut self, till: usize, number: &str, version: i64, paid: bool) {
        self.history.told(till, number, version, paid);
    }

    /// After a commit: the new events, and every order they touch.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn committed(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
    ) -> Result<Vec<String>, Unreadable> {
        let touched = self.catch_up(connection, till).await?;
        Ok(touched.into_iter().collect())
    }

    /// The events since the last look, and every order they touch.
    async fn catch_up(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
    ) -> Result<BTreeSet<String>, Unreadable> {
        let mut state = self.tills.remove(&till).unwrap_or_default();
        let read = books::news(connection, state.seq).await;
        let walked = read.and_then(|news| {
            let touched = self.walk_log(till, &mut state, &news.log)?;
            Ok((touched, news.sales))
        });
        self.tills.insert(till, state);
        let (touched, sales) = walked?;
        for number in &touched {
            self.look_at(till, number, sales.get(number));
        }
        Ok(touched)
    }

    fn walk_log(
        &mut self,
        till: usize,
        state: &mut Till,
        log: &[(chain::Row, Option<Vec<u8>>)],
    ) -> Result<BTreeSet<String>, Unreadable> {
        let mut touched = BTreeSet::new();
        for (row, sealed) in log {
            if row.seq != state.seq.saturating_add(1)
                || row.prev != state.hash
                || chain::hash_of(row) != row.hash
            {
                let found = format!("event {} does not follow the chain", row.seq);
                self.found(Invariant::Inv13, till, found);
            }
            let body: Value = serde_json::from_str(&row.body)?;
            self.check_move(till, state, row, &body);
            self.check_cash(till, row, &body);
            if row.kind.ends_with("_heard") {
                self.check_heard(till, row, &body, sealed.as_deref());
            }
            state.seq = row.seq;
            state.hash.clone_from(&row.hash);
            touched.extend(row.number.clone());
        }
        Ok(touched)
    }

    /// One event moved one payment or refund: was that way open? (INV11)
    fn check_move(&mut self, till: usize, state: &mut Till, row: &chain::Row, body: &Value) {
        let Some(subject) = row.subject.clone() else {
            return;
        };
        let rules: [(&str, edges::MayGo); 2] = [
            ("payment", edges::payment_may),
            ("refund", edges::refund_may),
        ];
        for (part, may) in rules {
            let at = format!("/after/{part}/state/state");
            let Some(to) = body.pointer(&at).and_then(Value::as_str) else {
                continue;
            };
            let from = state.states.get(&subject).map(String::as_str);
            if !may(from, to, cause_of(&row.kind, body)) {
                let found = format!("{subject} went from {from:?} to {to} by {}", row.kind);
                self.found(Invariant::Inv11, till, found);
            }
            let before = state.shown.get(&subject).map(String::as_str);
            let shown = coverage::state_name(body, part, to);
            self.coverage.logged(part, before, &shown, row, body);
            state.shown.insert(subject.clone(), shown);
            state.states.insert(subject.clone(), to.to_owned());
        }
    }

    /// What is recorded as the channel's word must be a reply that the channel made (INV15), and one that
    /// says "paid" must still prove it (INV3).
    fn check_heard(&mut self, till: usize, row: &chain::Row, body: &Value, sealed: Option<&[u8]>) {
        let Some(subject) = &row.subject else {
            return;
        };
        let plain = sealed.and_then(|sealed| self.witness.unseal(till, row.seq, sealed));
        let record = plain.and_then(|plain| serde_json::from_slice::<Value>(&plain).ok());
        let Some(record) = record else {
            let found = format!("event {} about {subject} has no readable evidence", row.seq);
            self.found(Invariant::Inv3, till, found);
            return;
        };
        let reply = record.get("reply_sha256").and_then(Value::as_str);
        let reply = reply.unwrap_or_default();
        let is_made = self.history.is_authentic(subject, reply)
            || (!names_a_payment(&record) && self.history.is_of_the_channel(reply));
        if !is_made {
            let found = format!(
                "event {}: {subject} heard a reply {reply} that the channel never made",
                row.seq
            );
            self.found(Invariant::Inv15, till, found);
        }
        if body.get("fact").and_then(Value::as_str) == Some("paid") {
            self.check_paid(till, row.seq, subject, &record);
        }
    }

    /// One order as it stands now.
    fn look_at(&mut self, till: usize, number: &str, sale: Option<&Sale>) {
        let Some(sale) = sale else {
            let found = format!("events tell of {number}, and there is no such order");
            self.found(Invariant::Inv13, till, found);
            return;
        };
        let state = self.tills.entry(till).or_default();
        let before = state.versions.insert(number.to_owned(), sale.order.version);
        // It is looked at because of an event, and every commit with events is a version of its own.
        if before.is_some_and(|before| sale.order.version <= before) {
            let found = format!(
                "{number} went from version {before:?} to {}",
                sale.order.version
            );
            self.found(Invariant::Inv11, till, found);
        }
        self.check_told(till, sale);
        self.check_sale(till, sale);
    }

    /// An older copy of a till's folder was put back. What it forgot, only the channel and the auditor know;
    /// its numbers must never be used again.
    pub fn put_back(&mut self, till: usize) {
        self.tills.remove(&till);
        self.put_back.insert(till);
    }

    /// Every row says what the last event about it says: no state changes without its event (INV13).
    fn check_told(&mut self, till: usize, sale: &Sale) {
        let payments = sale.payments.iter();
        let payments = payments.map(|it| (&it.reference, &it.value.state.state));
        let refunds = sale.refunds.iter();
        let refunds = refunds.map(|it| (&it.reference, &it.value.state.state));
        let told = self.tills.get(&till).map(|till| &till.states);
        let silent: Vec<String> = payments
            .chain(refunds)
            .map(|(reference, here)| (reference, here, told.and_then(|told| told.get(reference))))
            .filter(|(_, here, told)| *told != Some(*here))
            .map(|(reference, here, told)| {
                format!("{reference} is {here}, its events say {told:?}")
            })
            .collect();
        for found in silent {
            self.found(Invariant::Inv13, till, found);
        }
    }

    /// After a crash and a recovery: whatever was acknowledged, shown or sent must still be there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reopened(&mut self, connection: &mut SqliteConnection, till: usize) -> Audited {
        let said = books::quick_check(connection).await?;
        if said != "ok" {
            self.found(Invariant::Inv17, till, format!("quick_check: {said}"));
        }
        let state = self.tills.get(&till).cloned().unwrap_or_default();
        if state.seq > 0 && books::hash_at(connection, state.seq).await? != Some(state.hash) {
            let found = format!("event {} was committed and is gone", state.seq);
            self.found(Invariant::Inv17, till, found);
        }
        let versions = books::versions(connection).await?;
        let known = books::references(connection).await?;
        if self.put_back.remove(&till) {
            self.forget(connection, till, &versions, &known).await?;
        }
        let told: Vec<_> = self
            .history
            .told_by(till)
            .map(|(number, told)| (number.clone(), *told))
            .collect();
        for (number, told) in told {
            let version = versions.get(&number).copied().unwrap_or(-1);
            if version < told.version {
                let found = format!(
                    "{number} was shown in version {}, the books have {version}",
                    told.version
                );
                self.found(Invariant::Inv4, till, found);
            }
        }
        let sent: Vec<_> = self.history.sent_by(till).cloned().collect();
        for reference in sent.iter().filter(|sent| !known.contains(*sent)) {
            let found = format!("{reference} was sent and is not in the books");
            self.found(Invariant::Inv8, till, found);
        }
        Ok(())
    }

    /// After the world healed and everything had its time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn quiet(&mut self, connection: &mut SqliteConnection, till: usize) -> Audited {
        let sales = sales(connection).await?;
        let nobody_knows = sales.iter().map(|sale| self.beyond_knowing(sale).len());
        let nobody_knows: usize = nobody_knows.sum();
        let work = books::open_work(connection).await?;
        if work.len() > nobody_knows {
            let found = format!(
                "{} payments or refunds are still looked at: {}",
                work.len(),
                work.join(" ")
            );
            self.found(Invariant::Inv7, till, found);
        }
        self.every_sale(connection, till, Auditor::check_decided)
            .await
    }

    /// After the world healed, in real time: no result is unknown, and books and ledger agree. What was ended may
    /// still be watched, and late money may still wait for a person.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn settled(&mut self, connection: &mut SqliteConnection, till: usize) -> Audited {
        self.every_sale(connection, till, Auditor::check_known)
            .await
    }

    async fn every_sale(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
        check: fn(&mut Auditor, usize, &Sale),
    ) -> Audited {
        books::at_one_moment(connection).await?;
        let looked = self.look_at_every_sale(connection, till, check).await;
        books::moment_over(connection).await?;
        looked
    }

    async fn look_at_every_sale(
        &mut self,
        connection: &mut SqliteConnection,
        till: usize,
        check: fn(&mut Auditor, usize, &Sale),
    ) -> Audited {
        self.catch_up(connection, till).await?;
        for sale in sales(connection).await? {
            self.check_told(till, &sale);
            self.check_sale(till, &sale);
            check(self, till, &sale);
            self.check_agreement(till, &sale);
        }
        Ok(())
    }

    /// Every trade with money on it stands in the books of one of the tills (INV2).
    ///
    /// # Errors
    /// A database cannot be read.
    pub async fn nothing_lost(&mut self, tills: &mut [(usize, &mut SqliteConnection)]) -> Audited {
        let mut known = BTreeSet::new();
        for (_, connection) in &mut *tills {
            known.extend(books::references(connection).await?);
        }
        for trade in self.oracle.trades() {
            let payment = &trade.out_trade_no;
            let is_known = known.contains(payment) || self.forgotten.contains(payment);
            if trade.charges() > 0 && !is_known {
                let found = format!("{} is paid and in no books", trade.out_trade_no);
                self.found(Invariant::Inv2, 0, found);
            }
        }
        Ok(())
    }

    /// None of these secrets stands anywhere in these bytes (INV18).
    pub fn scan(&mut self, till: usize, place: &str, bytes: &[u8], secrets: &[Vec<u8>]) {
        for (at, secret) in secrets.iter().enumerate() {
            if !secret.is_empty() && memchr::memmem::find(bytes, secret).is_some() {
                let found = format!("secret {at} stands in {place}");
                self.found(Invariant::Inv18, till, found);
            }
        }
    }
}

/// Every sale of a till.
async fn sales(connection: &mut SqliteConnection) -> Result<Vec<Sale>, Unreadable> {
    let orders = books::orders(connection).await?;
    let mut payments: BTreeMap<String, Vec<PaymentRow>> = BTreeMap::new();
    for (number, row) in books::all_payments(connection).await? {
        payments.entry(number).or_default().push(row);
    }
    let mut refunds: BTreeMap<String, Vec<RefundRow>> = BTreeMap::new();
    for (number, row) in books::all_refunds(connection).await? {
        refunds.entry(number).or_default().push(row);
    }
    let mut drawer = books::all_of_drawer(connection).await?;
    let sales = orders.into_iter().map(|order| Sale {
        drawer: drawer.remove(&order.number).unwrap_or_default(),
        payments: payments.remove(&order.number).unwrap_or_default(),
        refunds: refunds.remove(&order.number).unwrap_or_default(),
        order,
    });
    Ok(sales.collect())
}

/// A refusal or "not found" of either channel names nothing, so it could be the answer to any call (ADR 16).
fn names_a_payment(record: &Value) -> bool {
    let body = record
        .get("body")
        .and_then(Value::as_str)
        .unwrap_or_default();
    body.contains("out_trade_no") || body.contains("out_refund_no")
}
