//! The auditor's seat over one data folder: its database read-only, the sandbox's ledger, and the proxy's log.
//!
//! The database is opened for each look and closed again, so that the next process finds the files as the last one
//! left them.

use crate::witness::FolderWitness;
use crate::{Call, Control, Kind, Proxy, Trouble};
use paydesk_auditor::{Auditor, Oracle, Sent, Trade, Violation};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The one till of a folder.
const TILL: usize = 0;

/// The ledger as it was last asked for.
#[derive(Default)]
struct Snapshot(Mutex<BTreeMap<String, Trade>>);

impl Oracle for Snapshot {
    fn trade(&self, out_trade_no: &str) -> Option<Trade> {
        let trades = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trades.get(out_trade_no).cloned()
    }

    fn trades(&self) -> Vec<Trade> {
        let trades = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trades.values().cloned().collect()
    }
}

/// An auditor over one folder.
pub struct Judge {
    auditor: Auditor,
    snapshot: Arc<Snapshot>,
    control: Control,
    database: PathBuf,
    /// Calls of the proxy's log that were judged.
    judged: usize,
    found: Vec<Violation>,
}

impl Judge {
    /// Takes the seat; the folder is set up and its sandbox runs.
    ///
    /// # Errors
    /// When its keys cannot be read.
    pub fn open(folder: &Path, control: Control) -> Result<Judge, Trouble> {
        let witness = Arc::new(FolderWitness::open(folder)?);
        let snapshot = Arc::new(Snapshot::default());
        Ok(Judge {
            auditor: Auditor::new(witness, Arc::<Snapshot>::clone(&snapshot)),
            snapshot,
            control,
            database: folder.join("paydesk.db"),
            judged: 0,
            found: Vec::new(),
        })
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> &[Violation] {
        &self.found
    }

    /// While no till runs, or in between: every new event, every order it touches, and every call that left.
    ///
    /// # Errors
    /// When database or sandbox cannot be read.
    pub async fn look(&mut self, proxy: &Proxy) -> Result<(), Trouble> {
        // Whoever replied before the books were read may be believed by them.
        let mut connection = connect(&self.database).await?;
        let looked = self.look_with(&mut connection, proxy).await;
        connection.close().await?;
        looked
    }

    async fn look_with(
        &mut self,
        connection: &mut SqliteConnection,
        proxy: &Proxy,
    ) -> Result<(), Trouble> {
        for (reference, digest) in proxy.take_made() {
            self.auditor.made(&reference, &digest);
        }
        self.take_snapshot().await?;
        self.auditor
            .committed(connection, TILL)
            .await
            .map_err(|error| error.0)?;
        let passed = proxy.passed_since(self.judged);
        self.judged += passed.len();
        for call in passed.iter().map(|passed| &passed.call) {
            if let Some(sent) = sent(call) {
                let judged = self.auditor.sent(connection, &sent).await;
                judged.map_err(|error| error.0)?;
            }
        }
        self.found.extend(self.auditor.take_violations());
        Ok(())
    }

    /// After a death: the above, and whatever was acknowledged, shown or sent must still be there.
    ///
    /// # Errors
    /// When database or sandbox cannot be read.
    pub async fn after_death(&mut self, proxy: &Proxy) -> Result<(), Trouble> {
        let mut connection = connect(&self.database).await?;
        let looked = self.look_with(&mut connection, proxy).await;
        let reopened = self.auditor.reopened(&mut connection, TILL).await;
        connection.close().await?;
        self.found.extend(self.auditor.take_violations());
        reopened.map_err(|error| error.0)?;
        looked
    }

    /// When every fault is off and everything had its time: what still is not as it must be in the end. It may be
    /// asked again; only safety is kept as found.
    ///
    /// # Errors
    /// When database or sandbox cannot be read.
    pub async fn left_open(&mut self, proxy: &Proxy) -> Result<Vec<Violation>, Trouble> {
        self.look(proxy).await?;
        let mut connection = connect(&self.database).await?;
        let settled = self.auditor.settled(&mut connection, TILL).await;
        let mut tills = [(TILL, &mut connection)];
        let lost = self.auditor.nothing_lost(&mut tills).await;
        connection.close().await?;
        settled.and(lost).map_err(|error| error.0)?;
        Ok(self.auditor.take_violations())
    }

    async fn take_snapshot(&self) -> Result<(), Trouble> {
        let truth = self.control.get("/_sandbox/truth").await?;
        let trades = truth.get("trades").and_then(Value::as_array);
        let trades = trades.ok_or("the sandbox tells no trades")?;
        let mut told = BTreeMap::new();
        for trade in trades {
            let trade: Trade = serde_json::from_value(trade.clone())?;
            told.insert(trade.out_trade_no.clone(), trade);
        }
        let mut snapshot = (self.snapshot.0.lock()).unwrap_or_else(PoisonError::into_inner);
        *snapshot = told;
        Ok(())
    }
}

/// Charges and refunds: that their intent stands in the books is judged afterwards, and an ending's state may have
/// gone on by then.
fn sent(call: &Call) -> Option<Sent> {
    if !matches!(call.kind, Kind::Pay | Kind::Refund) {
        return None;
    }
    Some(Sent {
        till: TILL,
        effect: call.effect()?,
        reference: call.reference.clone()?,
        meaning: call.meaning.clone(),
        moment: String::new(),
    })
}

async fn connect(database: &Path) -> Result<SqliteConnection, Trouble> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .busy_timeout(std::time::Duration::from_secs(10))
        .disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options).await?)
}
