//! A bit of a till's database turns while no program has it open. The product finds it, and the folder as it
//! was the moment before is put back, as from a shop's own copy; or everything that stands in the file stands
//! there as before. What is neither is silently different, and red.
//!
//! In the write-ahead log a turned bit ends the log there, as a power cut does: then the file has to be whole as it
//! was at an earlier commit, and it is counted whether the mark in the keyring tells that something is missing.

use super::{Death, Outcome, World};
use crate::{
    disk::{Disk, DiskProcess, Model, VFS},
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

/// The write-ahead log, which is there after a power cut.
const WAL: &str = "paydesk.db-wal";

/// Commits at the end of the log are gone, and the keyring remembers more.
const TOLD_BY_THE_MARK: &str = "ends the write-ahead log, told by the mark";

/// The same since the last mark: a log that ends there looks like one that was never longer.
const SHORTER: &str = "ends the write-ahead log behind the last mark";

/// What every table says, but for what the product plans anew and numbers that follow from others.
const LEFT_OUT: [(&str, &str); 4] = [
    // A row whose orders all moved on stays behind and says nothing.
    (
        "day_stats",
        "SELECT quote(day) || quote(channel) || quote(status) || quote(currency) || orders || ';' || paid || ';' || attention || ';' || refunds || ';' || taken_minor || ';' || refunded_minor FROM day_stats WHERE (orders, paid, attention, refunds, taken_minor, refunded_minor) <> (0, 0, 0, 0, 0, 0)",
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
        // As a power cut leaves a folder, with a write-ahead log, and as a person who quits does.
        let mut images: Vec<(usize, Model)> = Vec::new();
        for number in 0..self.tills.len() {
            for death in [Death::PowerCut, Death::Quit] {
                if self
                    .tills
                    .get(number)
                    .is_some_and(|till| till.open.is_empty())
                {
                    self.open_healed(number);
                }
                self.end(number, death);
                let till = self.tills.get(number);
                images.extend(till.map(|till| (number, till.machine.disk().image())));
            }
        }
        for (_, (number, image)) in (0..bits).zip(images.iter().cycle()) {
            if let Some(till) = self.tills.get(*number) {
                till.machine.disk().put_back(image.clone());
            }
            let seed = self.rng.next();
            self.turn_a_bit(*number, seed);
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
        let in_log = seed.is_multiple_of(2).then(|| disk.rot(WAL)).flatten();
        let (file, turned) = match in_log {
            Some(turned) => (WAL, Some(turned)),
            None => (FILE, disk.rot(FILE)),
        };
        let Some((place, bit)) = turned else {
            return;
        };
        let rotten = disk.image();
        let (key, now) = (till.data_key(), self.clock.truth());
        let image = rotten.clone();
        let mut found = self
            .executor
            .outside(async move { examined(image, key, seed, now).await });
        if found.is_none() {
            let (was, key) = (before.clone(), till.data_key());
            let (was, is) = self.executor.outside(async move {
                if file != WAL {
                    return (content(was, seed).await, content(rotten, seed).await);
                }
                // A log that ends in the first minute ends before there is a table: then the product makes them.
                let was = opened(was, Arc::clone(&key), seed, now).await;
                let is = opened(rotten, key, seed, now).await;
                (content(was, seed).await, content(is, seed).await)
            });
            found = ending(&was, &is, till.marked_events()).filter(|_| file == WAL);
            if found.is_none()
                && let Some(what) = difference(was, is)
            {
                let why = format!(
                    "till {number}: bit {bit} of byte {place} of {file} turned, nobody found it, and {what}"
                );
                self.outcome.violations.push(why);
            }
        }
        if found.is_some() {
            disk.put_back(before);
        }
        let found = found.unwrap_or(NO_EFFECT);
        *self.outcome.rot.entry(found.to_owned()).or_default() += 1;
    }
}

/// Whether a file is what it was at an earlier commit, and then who tells: its events are the first ones, or they
/// are all there and only looks are planned as before, which is written without an event and anew at every start.
fn ending(
    was: &Result<Content, sqlx::Error>,
    is: &Result<Content, sqlx::Error>,
    marked: u64,
) -> Option<&'static str> {
    let (was, is) = (was.as_ref().ok()?, is.as_ref().ok()?);
    let names = was.keys().chain(is.keys());
    let mut differ = names.filter(|name| was.get(*name) != is.get(*name));
    let first = differ.next()?;
    let (log, left) = (was.get("log")?, is.get("log")?);
    if log == left && !log.is_empty() {
        let is_work = first == "work" && differ.all(|name| name == "work");
        return is_work.then_some(SHORTER);
    }
    let place = |row: &String| {
        row.split(';')
            .next()
            .and_then(|seq| seq.parse::<u64>().ok())
    };
    let last = left.iter().filter_map(place).max().unwrap_or(0);
    let first = log.iter().filter(|row| place(row) <= Some(last));
    let is_beginning = first.eq(left.iter());
    is_beginning.then_some(if marked > last {
        TOLD_BY_THE_MARK
    } else {
        SHORTER
    })
}

/// Who of the product finds damage in this file.
async fn examined(image: Model, key: DataKey, seed: u64, now: Timestamp) -> Option<&'static str> {
    let disk = Disk::of(image, seed);
    let process = disk.start_process();
    let found = match SqliteStore::open(options(&process, key, seed, now)).await {
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

/// The disk after the product opened this file and closed it again.
async fn opened(image: Model, key: DataKey, seed: u64, now: Timestamp) -> Model {
    let disk = Disk::of(image, seed);
    let process = disk.start_process();
    if let Ok(store) = SqliteStore::open(options(&process, key, seed, now)).await {
        store.close().await;
    }
    process.die();
    process.closed().await;
    disk.image()
}

fn options(process: &DiskProcess, key: DataKey, seed: u64, now: Timestamp) -> StoreOptions {
    StoreOptions {
        file: process.path(FILE),
        key,
        ids: Arc::new(SimIds::new(seed)),
        now,
        files: Arc::new(process.clone()),
        readers: 1,
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn log(rows: &[&str]) -> Result<Content, sqlx::Error> {
        let mut rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        rows.sort();
        Ok(Content::from([("log".to_owned(), rows)]))
    }

    #[test]
    fn only_a_beginning_of_the_events_is_an_earlier_moment() {
        let rows: Vec<String> = (1..=12).map(|seq| format!("{seq};'event'")).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let was = log(&rows);
        let of = |is: &[&str], marked| ending(&was, &log(is), marked);
        assert_eq!(of(&rows[..11], 12), Some(TOLD_BY_THE_MARK));
        assert_eq!(of(&rows[..11], 11), Some(SHORTER));
        assert_eq!(of(&rows[..2], 11), Some(TOLD_BY_THE_MARK));
        assert_eq!(of(&[], 1), Some(TOLD_BY_THE_MARK));
        // A look was planned later than it says, and nothing else is another.
        let with = |table: &str, row: &str| {
            let mut content = log(&rows).unwrap();
            content.insert(table.to_owned(), vec![row.to_owned()]);
            Ok(content)
        };
        assert_eq!(
            ending(&with("work", "1"), &with("work", "2"), 12),
            Some(SHORTER)
        );
        assert_eq!(ending(&with("orders", "1"), &with("orders", "2"), 12), None);
        // Nothing is missing, one in the middle is, one is another.
        assert_eq!(of(&rows, 12), None);
        assert_eq!(of(&[rows[0], rows[2]], 12), None);
        assert_eq!(of(&["1;'event'", "2;'other'"], 12), None);
    }
}
