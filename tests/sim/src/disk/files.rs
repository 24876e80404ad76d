//! What the store asks of a simulated disk itself, beside SQLite.

use super::{
    DiskProcess,
    calls::{self, Wish},
    vfs::VFS,
};
use libsqlite3_sys as sqlite;
use paydesk_store::Files;
use std::{
    ffi::c_int,
    io::{Error, ErrorKind},
    path::Path,
};

/// As much as the system's own is asked for at once.
const BLOCK: usize = 64 * 1024;

impl Files for DiskProcess {
    fn vfs(&self) -> Option<&str> {
        Some(VFS)
    }

    fn write_again(&self, file: &Path) -> Result<(), Error> {
        let path = file.to_str().ok_or(ErrorKind::InvalidInput)?;
        if calls::exists(path).map_err(failed)? {
            let wish = Wish {
                creates: false,
                is_exclusive: false,
                deletes_on_close: false,
                is_journal: false,
            };
            let open = calls::open(path, &wish).map_err(failed)?;
            let written = same_again(&open);
            open.close();
            written?;
        }
        done(calls::sync_directory(path))
    }
}

fn same_again(open: &calls::Open) -> Result<(), Error> {
    let length = open.size().map_err(failed)?;
    for at in (0..length).step_by(BLOCK) {
        let mut block = vec![0; BLOCK.min(length - at)];
        done(open.read(at, &mut block))?;
        done(open.write(at, &block))?;
    }
    done(open.sync())
}

fn done(code: c_int) -> Result<(), Error> {
    match code {
        sqlite::SQLITE_OK => Ok(()),
        code => Err(failed(code)),
    }
}

fn failed(code: c_int) -> Error {
    match code {
        sqlite::SQLITE_FULL => Error::from(ErrorKind::StorageFull),
        code => Error::other(format!("SQLite's code {code}")),
    }
}
