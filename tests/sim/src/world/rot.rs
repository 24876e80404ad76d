//! A bit of a till's database turns while no program has it open. The product finds it, and the folder as it
//! was the moment before is put back, as from a shop's own copy; or everything that stands in the file stands
//! there as before. What is neither is silently different, and red.

use super::{Death, Outcome, World};
use crate::{
    disk::{Disk, Model, VFS},
    executor::SimIds,
    machine::FILE,
    rng::Rng,
};
use paydesk_domain::Timestamp;
use paydesk_store::{DataKey, SqliteStore, StoreOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::{collections::BTreeMap, sync::Arc};

/// Nobody found it, and nothing that stands in the file is another.
const NO_EFFECT: &str = "no effect";

/// What every table says, but for what the product plans anew and numbers that follow from others.
const LEFT_OUT: [(&str, &str); 4] = [
    // A row whose orders all moved on stays behind and says nothing.
    (
        "day_stats",
        "SELECT quote(day) || quote(channel) || quote(status) || orders || ';' || paid || ';' || attention || ';' || refunds || ';' || taken_minor || ';' || refunded_minor FROM day_stats WHERE (orders, paid, attention, refunds, taken_minor, refunded_minor) <> (0, 0, 0, 0, 0, 0)",
    ),
    // Leases and counts of looks only save work.
    ("work", "SELECT quote(reference) || quote(due_at) FROM work"),
    // Only the last day matters, and whether a later epoch is skipped.
    ("counter", "SELECT quote(max(day)) FROM counter"),
    ("meta", "SELECT quote(value) FROM meta WHERE key <> 'epoch'"),
];

const WORDS: &str = "CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, instance)";

/// Table by table, its rows as text in one order.
type Content = BTreeMap<String, Vec<String>>;

impl World {
    /// Lives its days, then turns so many bits, each in a copy of its own, in the databases of its tills.
    #[must_use]
    pub fn rot_after(mut self, bits: u64) -> Outcome {
        self.live_days();
        for till in &mut self.tills {
            till.shut_down(&mut self.executor);
        }
        let images: Vec<Model> = self
            .tills
            .iter()
            .map(|till| till.machine.disk().image())
            .collect();
        for turn in 0..bits {
            let number = usize::try_from(turn).unwrap_or(0) % self.tills.len().max(1);
            if let (Some(till), Some(image)) = (self.tills.get(number), images.get(number)) {
                till.machine.disk().put_back(image.clone());
            }
            let seed = self.rng.next();
            self.turn_a_bit(number, seed);
        }
        self.close()
    }

    /// A till ends, a bit turns, and it begins again.
    pub(super) fn rot(&mut self, number: usize, rng: &mut Rng, until: u64) {
        let death = if rng.happens(500_000) {
            Death::Quit
        } else {
            Death::PowerCut
        };
        self.end(number, death);
        self.turn_a_bit(number, rng.next());
        self.open(number);
        self.staff(number, until);
    }

    fn turn_a_bit(&mut self, number: usize, seed: u64) {
        let Some(till) = self.tills.get(number) else {
            return;
        };
        let disk = till.machine.disk();
        let before = disk.image();
        let Some((place, bit)) = disk.rot(FILE) else {
            return;
        };
        let rotten = disk.image();
        let (key, now) = (till.data_key(), self.clock.truth());
        let image = rotten.clone();
        let found = self
            .executor
            .outside(async move { examined(image, key, seed, now).await });
        let found = match found {
            Some(found) => {
                disk.put_back(before);
                found
            }
            None => {
                let differs = self.executor.outside(async move {
                    let (before, rotten) =
                        (content(before, seed).await, content(rotten, seed).await);
                    difference(before, rotten)
                });
                if let Some(what) = differs {
                    let why = format!(
                        "till {number}: bit {bit} of byte {place} of its database turned, nobody found it, and {what}"
                    );
                    self.outcome.violations.push(why);
                }
                NO_EFFECT
            }
        };
        *self.outcome.rot.entry(found.to_owned()).or_default() += 1;
    }
}

/// Who of the product finds damage in this file.
async fn examined(image: Model, key: DataKey, seed: u64, now: Timestamp) -> Option<&'static str> {
    let disk = Disk::of(image, seed);
    let process = disk.start_process();
    let options = StoreOptions {
        file: process.path(FILE),
        key,
        ids: Arc::new(SimIds::new(seed)),
        now,
        files: Arc::new(process.clone()),
        readers: 1,
    };
    let found = match SqliteStore::open(options).await {
        Err(_) => Some("found by opening"),
        Ok(store) => {
            let found = asked(&store).await;
            store.close().await;
            found
        }
    };
    process.die();
    process.closed().await;
    found
}

/// An error is an answer too.
async fn asked(store: &SqliteStore) -> Option<&'static str> {
    let verified = store.verify().await;
    if verified.map_or(true, |it| it.fault.is_some()) {
        return Some("found by walking the log");
    }
    let examined = store.examine().await;
    if examined.map_or(true, |damage| !damage.is_empty()) {
        return Some("found by examining the file");
    }
    let rebuilt = store.rebuild().await;
    let is_found = rebuilt.map_or(true, |it| !it.differences.is_empty());
    is_found.then_some("found by rebuilding")
}

/// Everything that stands in a file.
async fn content(image: Model, seed: u64) -> Result<Content, sqlx::Error> {
    let disk = Disk::of(image, seed);
    let process = disk.start_process();
    let options = SqliteConnectOptions::new()
        .filename(process.path(FILE))
        .vfs(VFS)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let content = match SqliteConnection::connect_with(&options).await {
        Ok(mut connection) => {
            let content = tables(&mut connection).await;
            drop(connection.close().await);
            content
        }
        Err(error) => Err(error),
    };
    process.die();
    process.closed().await;
    content
}

async fn tables(connection: &mut SqliteConnection) -> Result<Content, sqlx::Error> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'words*' AND name NOT GLOB 'sqlite_*' ORDER BY name";
    const COLUMNS: &str =
        "SELECT group_concat('quote(' || name || ')', '||'';''||') FROM pragma_table_info($1)";
    let mut content = Content::new();
    let names: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(&mut *connection)
        .await?;
    for name in names {
        let special = LEFT_OUT.iter().find(|(table, _)| *table == name);
        let sql = match special {
            Some((_, sql)) => (*sql).to_owned(),
            None => {
                let columns: String = sqlx::query_scalar(COLUMNS)
                    .bind(&name)
                    .fetch_one(&mut *connection)
                    .await?;
                format!("SELECT {columns} FROM {name} NOT INDEXED")
            }
        };
        content.insert(name, sorted(connection, sql).await?);
    }
    sqlx::query(WORDS).execute(&mut *connection).await?;
    let words = sorted(
        connection,
        "SELECT term || ' ' || doc FROM temp.said".to_owned(),
    )
    .await?;
    content.insert("words".to_owned(), words);
    Ok(content)
}

async fn sorted(
    connection: &mut SqliteConnection,
    sql: String,
) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query_scalar(AssertSqlSafe(sql));
    let mut rows: Vec<String> = rows.fetch_all(connection).await?;
    rows.sort();
    Ok(rows)
}

/// Where two contents differ; a file that cannot be read differs.
fn difference(
    before: Result<Content, sqlx::Error>,
    rotten: Result<Content, sqlx::Error>,
) -> Option<String> {
    let (before, rotten) = match (before, rotten) {
        (Ok(before), Ok(rotten)) => (before, rotten),
        (Err(error), _) => return Some(format!("it could not be read before: {error}")),
        (_, Err(error)) => return Some(format!("it cannot be read: {error}")),
    };
    let names = before.keys().chain(rotten.keys());
    let mut differ = names.filter(|name| before.get(*name) != rotten.get(*name));
    let name = differ.next()?;
    let rows = |of: &Content| of.get(name).cloned().unwrap_or_default();
    let (was, is) = (rows(&before), rows(&rotten));
    let gone = was.iter().find(|row| !is.contains(row));
    let new = is.iter().find(|row| !was.contains(row));
    Some(format!("{name} says {new:?} instead of {gone:?}"))
}
