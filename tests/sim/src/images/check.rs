//! One image: opened by the production store, held against what is allowed, used and closed.

use super::{
    history::{Allowed, difference},
    stage::{NOW, open_store, read_back, trouble},
};
use crate::{
    disk::{Disk, DiskProcess, Model, Recording, VFS, pin_randomness},
    machine::FILE,
};
use paydesk_desk::ports::Store;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;

/// What an image said.
pub(super) struct Found {
    /// What stands in it.
    pub(super) state: Allowed,
    /// The steps of opening, reading, the first work and the end.
    pub(super) recording: Recording,
    /// How many of them opening took.
    pub(super) opening: usize,
}

/// Opens an image and holds it against the allowed states.
pub(super) async fn check(
    image: Model,
    allowed: &[Allowed],
    is_migration: bool,
    rebuilds: bool,
    seed: u64,
) -> Result<Found, String> {
    pin_randomness(seed);
    let disk = Disk::of(image, seed);
    let process = disk.start_process();
    disk.record();
    let before = disk.steps();
    let store = open_store(&process, FILE, seed).await;
    let store = store.map_err(|error| format!("it does not open: {error:?}"))?;
    let opening = usize::try_from(disk.steps() - before).unwrap_or(usize::MAX);
    is_whole(&process, FILE).await?;
    let verified = store.verify().await.map_err(trouble)?;
    if let Some(fault) = verified.fault {
        return Err(format!("the log is damaged: {fault}"));
    }
    let state = Allowed {
        facts: read_back(&store).await.map_err(trouble)?,
        events: verified.events,
    };
    if !allowed.contains(&state) {
        let wrong: Vec<String> = allowed.iter().map(|it| difference(&state, it)).collect();
        return Err(wrong.join("; or "));
    }
    if rebuilds {
        let report = store.rebuild().await.map_err(trouble)?;
        if let Some(found) = report.differences.first() {
            return Err(format!("rebuilt from the log it differs: {found}"));
        }
    }
    if is_migration {
        let image = disk.image();
        let copies = image
            .names()
            .filter(|name| name.starts_with("paydesk.before-v2") && name.ends_with(".db"));
        let newest = copies.max_by_key(|name| (name.len(), name.to_string()));
        is_whole(
            &process,
            newest.ok_or("the copy from before the migration is gone")?,
        )
        .await?;
    }
    // What the resolver does first.
    let later = NOW.plus(Duration::from_secs(5));
    store.plan_anew(later).await.map_err(trouble)?;
    store.close().await;
    process.die();
    process.closed().await;
    match disk.open_handles() {
        0 => Ok(Found {
            state,
            recording: disk.recorded(),
            opening,
        }),
        open => Err(format!("{open} files are still open")),
    }
}

async fn is_whole(process: &DiskProcess, file: &str) -> Result<(), String> {
    let options = SqliteConnectOptions::new()
        .filename(process.path(file))
        .vfs(VFS)
        .read_only(true);
    let opened = SqliteConnection::connect_with(&options).await;
    let mut connection = opened.map_err(|error| format!("{file} does not open: {error}"))?;
    let said: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA quick_check")
        .fetch_one(&mut connection)
        .await;
    connection.close().await.map_err(trouble)?;
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(format!("{file} is damaged: {said}")),
        Err(error) => Err(format!("{file} is damaged: {error}")),
    }
}
