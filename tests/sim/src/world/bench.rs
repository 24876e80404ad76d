//! The auditor's bench: one auditor over all tills, an observer's connection into each database, and what
//! was found. An observer is a process of its own on the till's disk.

use super::{channels::Channels, keys::Keyring};
use crate::{
    disk::{Disk, DiskProcess, VFS, held},
    executor::db,
    machine::FILE,
};
use paydesk_auditor::{
    Auditor, Bill, Coverage, Invariant, Oracle, Sent, Standing, Trade, Unreadable, Violation,
    Witness, signed_text,
};
use paydesk_sandbox::{Moment, Offline};
use paydesk_signing::KeyId;
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use tokio::sync::Mutex as AsyncMutex;

/// One till's database, seen from outside.
struct Observer {
    connection: SqliteConnection,
    process: DiskProcess,
}

struct Seat {
    auditor: Auditor,
    observers: BTreeMap<usize, Observer>,
}

/// The auditor at work.
pub(crate) struct Bench {
    seat: AsyncMutex<Seat>,
    made: Mutex<Vec<(String, String)>>,
    audits: Mutex<u64>,
    found: Mutex<Vec<Violation>>,
}

/// What an audit asks of the auditor.
enum Question<'q> {
    Sent(&'q Sent),
    Committed,
    Reopened,
    Quiet,
}

impl Bench {
    /// A bench for this auditor.
    #[must_use]
    pub(crate) fn new(auditor: Auditor) -> Bench {
        Bench {
            seat: AsyncMutex::new(Seat {
                auditor,
                observers: BTreeMap::new(),
            }),
            made: Mutex::default(),
            audits: Mutex::new(0),
            found: Mutex::default(),
        }
    }

    /// Opens a till's database beside its process. One that cannot be opened on a living disk is a finding.
    pub(crate) async fn observe(&self, till: usize, disk: &Disk) {
        let process = disk.start_process().spared();
        let options = SqliteConnectOptions::new()
            .filename(process.path(FILE))
            .vfs(VFS)
            .busy_timeout(Duration::ZERO)
            .pragma("temp_store", "MEMORY")
            .pragma("query_only", "1")
            .disable_statement_logging();
        let opened = db(SqliteConnection::connect_with(&options)).await;
        let mut seat = self.seat.lock().await;
        match opened {
            Ok(connection) => {
                let observer = Observer {
                    connection,
                    process,
                };
                seat.observers.insert(till, observer);
            }
            Err(error) if !process.is_dead() => {
                self.keep(&mut seat.auditor, till, Some(error.into()));
            }
            Err(_) => {}
        }
    }

    /// Closes the observer of a till whose process ended.
    pub(crate) async fn look_away(&self, till: usize) {
        let observer = self.seat.lock().await.observers.remove(&till);
        if let Some(observer) = observer {
            // On a dead disk closing fails and everything is closed all the same.
            drop(observer.connection.close().await);
            observer.process.kill();
        }
    }

    /// The channel made this reply about this reference.
    pub(crate) fn made(&self, reference: &str, reply_sha256: &str) {
        held(&self.made).push((reference.to_owned(), reply_sha256.to_owned()));
    }

    /// A call leaves a till.
    pub(crate) async fn sent(&self, sent: &Sent) {
        self.ask(sent.till, Question::Sent(sent)).await;
    }

    /// What came back is handed to a till.
    pub(crate) async fn heard(&self, till: usize, reference: &str, says: &str) {
        self.seat.lock().await.auditor.heard(till, reference, says);
    }

    /// Which states met which events.
    pub(crate) async fn coverage(&self) -> Coverage {
        self.seat.lock().await.auditor.coverage().clone()
    }

    /// A till told its windows that something moved; they show what they read then.
    pub(crate) async fn told(&self, till: usize, number: &str, version: i64, paid: bool) {
        self.seat
            .lock()
            .await
            .auditor
            .told(till, number, version, paid);
    }

    /// A till committed something.
    pub(crate) async fn committed(&self, till: usize) {
        self.ask(till, Question::Committed).await;
    }

    /// A till's process came back after a death.
    pub(crate) async fn reopened(&self, till: usize) {
        self.ask(till, Question::Reopened).await;
    }

    /// The world healed and everything had its time.
    pub(crate) async fn quiet(&self, till: usize) {
        self.ask(till, Question::Quiet).await;
    }

    /// Looks for secrets in what stands somewhere.
    pub(crate) async fn scan(&self, till: usize, place: &str, bytes: &[u8], secrets: &[Vec<u8>]) {
        let mut seat = self.seat.lock().await;
        seat.auditor.scan(till, place, bytes, secrets);
        self.keep(&mut seat.auditor, till, None);
    }

    /// Whether every trade with money on it stands in somebody's books.
    pub(crate) async fn nothing_lost(&self) {
        let mut seat = self.seat.lock().await;
        let Seat { auditor, observers } = &mut *seat;
        let tills = observers
            .iter_mut()
            .map(|(till, observer)| (*till, &mut observer.connection));
        let asked = db(auditor.nothing_lost(&mut tills.collect::<Vec<_>>())).await;
        self.keep(auditor, 0, asked.err());
    }

    /// An older copy of a closed till's folder was put back.
    pub(crate) async fn put_back(&self, till: usize) {
        self.seat.lock().await.auditor.put_back(till);
    }

    /// How a till's orders stand.
    pub(crate) async fn standing(&self, till: usize) -> Option<Standing> {
        let mut seat = self.seat.lock().await;
        let observer = seat.observers.get_mut(&till)?;
        db(Auditor::standing(&mut observer.connection)).await.ok()
    }

    /// A till looked at a bill and kept it.
    pub(crate) async fn billed(&self, till: usize, before: &Standing, bill: &Bill) {
        let mut seat = self.seat.lock().await;
        let Seat { auditor, observers } = &mut *seat;
        let Some(observer) = observers.get_mut(&till) else {
            return;
        };
        let asked = db(auditor.billed(&mut observer.connection, till, before, bill)).await;
        self.keep(auditor, till, asked.err());
    }

    /// Everything found so far.
    #[must_use]
    pub(crate) fn found(&self) -> Vec<Violation> {
        held(&self.found).clone()
    }

    /// How many audits there were.
    #[must_use]
    pub(crate) fn audits(&self) -> u64 {
        *held(&self.audits)
    }

    async fn ask(&self, till: usize, question: Question<'_>) {
        let mut seat = self.seat.lock().await;
        let Seat { auditor, observers } = &mut *seat;
        for (reference, reply) in std::mem::take(&mut *held(&self.made)) {
            auditor.made(&reference, &reply);
        }
        let Some(observer) = observers.get_mut(&till) else {
            // A closed till commits nothing; what is sent or called quiet unseen would pass unjudged.
            if matches!(question, Question::Sent(_) | Question::Quiet) {
                let unseen = Unreadable("nobody observes this till".to_owned());
                self.keep(auditor, till, Some(unseen));
            }
            return;
        };
        let connection = &mut observer.connection;
        let asked = db(async {
            match question {
                Question::Sent(sent) => auditor.sent(connection, sent).await,
                Question::Committed => auditor.committed(connection, till).await.map(drop),
                Question::Reopened => auditor.reopened(connection, till).await,
                Question::Quiet => auditor.quiet(connection, till).await,
            }
        })
        .await;
        *held(&self.audits) += 1;
        // On a dead machine nobody reads; the books are looked at when they are open again.
        let unreadable = asked.err().filter(|_| !observer.process.is_dead());
        self.keep(auditor, till, unreadable);
    }

    fn keep(&self, auditor: &mut Auditor, till: usize, unreadable: Option<Unreadable>) {
        let mut found = held(&self.found);
        found.extend(auditor.take_violations());
        found.extend(unreadable.map(|Unreadable(why)| Violation {
            invariant: Invariant::Inv17,
            till,
            found: format!("the books cannot be read: {why}"),
        }));
    }
}

/// What the auditor needs of keys: the shop's data key, and a channel's signature checked.
pub(crate) struct KeyWitness(pub Arc<Keyring>);

impl Witness for KeyWitness {
    fn unseal(&self, _till: usize, seq: i64, sealed: &[u8]) -> Option<Vec<u8>> {
        let place = format!("evidence|{seq}");
        self.0.data().open(place.as_bytes(), sealed).ok()
    }

    fn is_signed(&self, channel: &str, record: &Value) -> bool {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let by = KeyId(text("key").unwrap_or_default().to_owned());
        let signed = self.0.of_channel(channel).zip(signed_text(channel, record));
        signed.is_some_and(|(keys, signed)| {
            let (message, signature) = (signed.message.as_bytes(), signed.signature.as_slice());
            match signed.certificate {
                None => keys.verify(&by, message, signature).is_ok(),
                Some(certificate) => {
                    let now = self.0.made().0 / 1_000;
                    let found = keys.verify_sent(certificate.as_bytes(), now, message, signature);
                    found.is_ok_and(|found| found == by)
                }
            }
        })
    }
}

/// The sandbox's ledger, read as JSON. Told where it is once it is there: the ether comes after the bench.
#[derive(Default)]
pub(crate) struct LedgerOracle(OnceLock<LedgerOf>);

struct LedgerOf {
    offline: Arc<Offline>,
    moment: Box<dyn Fn() -> Moment + Send + Sync>,
}

impl LedgerOracle {
    /// Where the ledger is, and what time it is.
    pub(crate) fn is_at(
        &self,
        offline: Arc<Offline>,
        moment: impl Fn() -> Moment + Send + Sync + 'static,
    ) {
        let ledger = LedgerOf {
            offline,
            moment: Box::new(moment),
        };
        // Told once; a second time says the same.
        drop(self.0.set(ledger));
    }
}

fn read<T: serde::Serialize>(told: &T) -> Option<Trade> {
    serde_json::from_value(serde_json::to_value(told).ok()?).ok()
}

impl Oracle for LedgerOracle {
    fn trade(&self, out_trade_no: &str) -> Option<Trade> {
        let LedgerOf { offline, moment } = self.0.get()?;
        Channels::all()
            .each()
            .find_map(|channel| offline.truth_of(channel, out_trade_no, moment()).ok()?)
            .as_ref()
            .and_then(read)
    }

    fn trades(&self) -> Vec<Trade> {
        let truth = self
            .0
            .get()
            .map(|LedgerOf { offline, moment }| offline.truth(moment()));
        let trades = truth.and_then(Result::ok).map(|truth| truth.trades);
        trades.unwrap_or_default().iter().filter_map(read).collect()
    }
}
