//! SQLite's virtual file system over the disks: pointers in, plain calls out.
//!
//! The only module that may be unsafe. It owns no state but the registration; every decision is in
//! `calls`. A handle's `pMethods` stays null when opening failed, else SQLite would close it.
#![allow(unsafe_code, reason = "SQLite asks for a file system in C")]
#![allow(
    clippy::as_conversions,
    reason = "pointers between SQLite's types and ours"
)]

use super::calls::{self, Open, Wish};
use libsqlite3_sys as sqlite;
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    mem::size_of,
    ptr::null_mut,
    sync::Once,
};

/// Its name.
pub const VFS: &str = "simvfs";

/// 2026-11-21 00:00 UTC as SQLite counts: milliseconds since noon in Greenwich, 24 November 4714 BC.
/// A constant: the store binds its times from the clock port.
const NOW_JULIAN_MS: i64 = 1_795_219_200_000 + 210_866_760_000_000;

#[repr(C)]
struct File {
    base: sqlite::sqlite3_file,
    open: *mut Open,
}

/// Makes SQLite's own randomness (salts, nonces) the same for the same seed. It is one per process:
/// simulations side by side are processes.
pub fn pin_randomness(seed: u64) {
    register();
    let seed = c_int::try_from(seed & 0x3fff_ffff).unwrap_or(0) | 1;
    // SAFETY: the arguments are what this operation reads: an int and a connection or null.
    unsafe {
        sqlite::sqlite3_test_control(
            sqlite::SQLITE_TESTCTRL_PRNG_SEED,
            seed,
            null_mut::<sqlite::sqlite3>(),
        );
    }
}

/// Bytes SQLite has allocated.
#[must_use]
pub fn sqlite_memory() -> i64 {
    // SAFETY: reads a counter.
    unsafe { sqlite::sqlite3_memory_used() }
}

/// Registers the VFS, once.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let vfs = Box::leak(Box::new(sqlite::sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<File>()).unwrap_or(0),
            mxPathname: 512,
            pNext: null_mut(),
            zName: c"simvfs".as_ptr(),
            pAppData: null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: the VFS lives as long as the process.
        unsafe {
            sqlite::sqlite3_initialize();
            sqlite::sqlite3_vfs_register(vfs, 0);
        }
    });
}

static METHODS: sqlite::sqlite3_io_methods = sqlite::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// # Safety
/// `path` is null or a C string of SQLite's.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    if path.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(path) }.to_str().ok()
}

/// # Safety
/// `file` was opened by `open` and is not closed.
unsafe fn opened<'a>(file: *mut sqlite::sqlite3_file) -> &'a mut Open {
    // SAFETY: SQLite uses a handle from one thread at a time, so nobody else has this reference.
    unsafe { &mut *(*file.cast::<File>()).open }
}

fn size(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

unsafe extern "C" fn open(
    _vfs: *mut sqlite::sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let file = file.cast::<File>();
    // SAFETY: SQLite gives `szOsFile` bytes for the handle.
    unsafe { (*file).base.pMethods = std::ptr::null() };
    let has = |flag: c_int| flags & flag != 0;
    let wish = Wish {
        creates: has(sqlite::SQLITE_OPEN_CREATE),
        is_exclusive: has(sqlite::SQLITE_OPEN_EXCLUSIVE),
        deletes_on_close: has(sqlite::SQLITE_OPEN_DELETEONCLOSE),
        is_journal: has(sqlite::SQLITE_OPEN_MAIN_JOURNAL
            | sqlite::SQLITE_OPEN_SUPER_JOURNAL
            | sqlite::SQLITE_OPEN_WAL),
    };
    // SAFETY: a path of SQLite's. Without one it wants a temporary file, which no disk has: the store
    // keeps them in memory.
    let Some(path) = (unsafe { text(path) }) else {
        return sqlite::SQLITE_CANTOPEN;
    };
    match calls::open(path, &wish) {
        Ok(open) => {
            // SAFETY: the handle is ours, and `flags_out` is null or an int.
            unsafe {
                (*file).open = Box::into_raw(Box::new(open));
                (*file).base.pMethods = &raw const METHODS;
                if !flags_out.is_null() {
                    *flags_out = flags;
                }
            }
            sqlite::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn delete(
    _vfs: *mut sqlite::sqlite3_vfs,
    path: *const c_char,
    syncs: c_int,
) -> c_int {
    // SAFETY: a path of SQLite's.
    let path = unsafe { text(path) };
    path.map_or(sqlite::SQLITE_IOERR_DELETE, |path| {
        calls::delete(path, syncs & 1 != 0)
    })
}

unsafe extern "C" fn access(
    _vfs: *mut sqlite::sqlite3_vfs,
    path: *const c_char,
    _flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: a path of SQLite's.
    let path = unsafe { text(path) };
    match path.map_or(Ok(false), calls::exists) {
        Ok(is_there) => {
            // SAFETY: an int to fill.
            unsafe { *answer = c_int::from(is_there) };
            sqlite::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut sqlite::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    to: *mut c_char,
) -> c_int {
    // SAFETY: a path of SQLite's.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if bytes.len() > size(i64::from(room)) {
        return sqlite::SQLITE_CANTOPEN;
    }
    // SAFETY: `to` has `room` bytes, and the path fits.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), to, bytes.len()) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn randomness(
    _vfs: *mut sqlite::sqlite3_vfs,
    count: c_int,
    to: *mut c_char,
) -> c_int {
    // SAFETY: `to` has `count` bytes. Only the default VFS is ever asked; a constant is right here.
    unsafe { std::ptr::write_bytes(to, 7, size(i64::from(count))) };
    count
}

unsafe extern "C" fn sleep(_vfs: *mut sqlite::sqlite3_vfs, us: c_int) -> c_int {
    calls::slept(u64::from(us.unsigned_abs()));
    us
}

unsafe extern "C" fn current_time(_vfs: *mut sqlite::sqlite3_vfs, days: *mut f64) -> c_int {
    // SAFETY: a double to fill.
    unsafe { *days = NOW_JULIAN_MS as f64 / 86_400_000.0 };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn current_time_int64(_vfs: *mut sqlite::sqlite3_vfs, ms: *mut i64) -> c_int {
    // SAFETY: an integer to fill.
    unsafe { *ms = NOW_JULIAN_MS };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn last_error(
    _vfs: *mut sqlite::sqlite3_vfs,
    _room: c_int,
    _to: *mut c_char,
) -> c_int {
    0
}

unsafe extern "C" fn close(file: *mut sqlite::sqlite3_file) -> c_int {
    let file = file.cast::<File>();
    // SAFETY: SQLite closes a handle once; it is ours to drop.
    let open = unsafe { Box::from_raw((*file).open) };
    open.close();
    // SAFETY: the handle's memory is SQLite's and still there.
    unsafe { (*file).base.pMethods = std::ptr::null() };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut sqlite::sqlite3_file,
    to: *mut c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: `to` has `count` bytes.
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), size(i64::from(count))) };
    // SAFETY: an open handle.
    unsafe { opened(file) }.read(size(offset), to)
}

unsafe extern "C" fn write(
    file: *mut sqlite::sqlite3_file,
    from: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: `from` has `count` bytes.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), size(i64::from(count))) };
    // SAFETY: an open handle.
    unsafe { opened(file) }.write(size(offset), from)
}

unsafe extern "C" fn truncate(file: *mut sqlite::sqlite3_file, length: i64) -> c_int {
    // SAFETY: an open handle.
    unsafe { opened(file) }.truncate(size(length))
}

unsafe extern "C" fn sync(file: *mut sqlite::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open handle.
    unsafe { opened(file) }.sync()
}

unsafe extern "C" fn file_size(file: *mut sqlite::sqlite3_file, answer: *mut i64) -> c_int {
    // SAFETY: an open handle.
    match unsafe { opened(file) }.size() {
        Ok(length) => {
            // SAFETY: an integer to fill.
            unsafe { *answer = i64::try_from(length).unwrap_or(i64::MAX) };
            sqlite::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn lock(file: *mut sqlite::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open handle.
    unsafe { opened(file) }.lock(level)
}

unsafe extern "C" fn unlock(file: *mut sqlite::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open handle.
    unsafe { opened(file) }.unlock(level);
    sqlite::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut sqlite::sqlite3_file,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: an open handle.
    match unsafe { opened(file) }.is_reserved() {
        Ok(is_reserved) => {
            // SAFETY: an int to fill.
            unsafe { *answer = c_int::from(is_reserved) };
            sqlite::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn file_control(
    _file: *mut sqlite::sqlite3_file,
    _what: c_int,
    _argument: *mut c_void,
) -> c_int {
    sqlite::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut sqlite::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn device_characteristics(_file: *mut sqlite::sqlite3_file) -> c_int {
    sqlite::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite::sqlite3_file,
    page: c_int,
    bytes: c_int,
    extends: c_int,
    answer: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open handle.
    let open = unsafe { opened(file) };
    let (page, bytes) = (size(i64::from(page)), size(i64::from(bytes)));
    let (place, code) = match open.map(page, bytes, extends != 0) {
        Ok(Some(page)) => (page.as_ptr().cast_mut().cast(), sqlite::SQLITE_OK),
        Ok(None) => (null_mut(), sqlite::SQLITE_OK),
        Err(code) => (null_mut(), code),
    };
    // SAFETY: a pointer to fill. The page is made of atomics and kept by the handle.
    unsafe { *answer = place };
    code
}

unsafe extern "C" fn shm_lock(
    file: *mut sqlite::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let takes = flags & sqlite::SQLITE_SHM_LOCK != 0;
    let is_exclusive = flags & sqlite::SQLITE_SHM_EXCLUSIVE != 0;
    // SAFETY: an open handle.
    unsafe { opened(file) }.slots(first, count, takes, is_exclusive)
}

unsafe extern "C" fn shm_barrier(_file: *mut sqlite::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite::sqlite3_file, _deletes: c_int) -> c_int {
    // SAFETY: an open handle.
    unsafe { opened(file) }.unmap();
    sqlite::SQLITE_OK
}
