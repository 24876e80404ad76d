//! A bill's file as it is kept: in pieces of a megabyte, each packed and sealed by itself. It is written while it is
//! read and read without being held, however large it is.

use crate::{DataKey, SqliteStore, booked::Place as Database, errors::fault, read::int};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use paydesk_desk::ports::{
    BillFile, BillSource, HourSum, KeptLayout, Layout, NewBillFile, Place, ReadSeek, StoreError,
};
use paydesk_domain::{Currency, Money};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use sqlx::{Row, SqliteConnection};
use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};
use tokio::sync::mpsc;

const PIECE_BYTES: usize = 1 << 20;
/// Pieces that wait to be written.
const WAITING: usize = 3;

/// What a piece is sealed for.
pub(crate) fn place_of_piece(bill: i64, n: i64) -> String {
    format!("bill file {bill} piece {n}")
}

/// A piece as it comes from the thread that reads and packs.
struct Piece {
    offset: i64,
    length: i64,
    is_packed: bool,
    bytes: Vec<u8>,
}

impl SqliteStore {
    /// Writes a file piece by piece; answers its SHA-256.
    pub(crate) async fn write_pieces(
        &self,
        connection: &mut SqliteConnection,
        bill: i64,
        file: &NewBillFile,
    ) -> Result<String, StoreError> {
        let (send, mut pieces) = mpsc::channel(WAITING);
        let source = Arc::clone(&file.source);
        let packing = std::thread::spawn(move || pack(source.as_ref(), &send));
        let mut n = 0_i64;
        while let Some(piece) = pieces.recv().await {
            let sealed = self.seal(&place_of_piece(bill, n), &piece.bytes)?;
            sqlx::query("INSERT INTO bill_pieces(bill, n, offset, length, is_packed, sealed) VALUES ($1,$2,$3,$4,$5,$6)")
                .bind(bill)
                .bind(n)
                .bind(piece.offset)
                .bind(piece.length)
                .bind(i64::from(piece.is_packed))
                .bind(sealed)
                .execute(&mut *connection)
                .await
                .map_err(fault)?;
            n += 1;
        }
        let ended = || StoreError::Io("reading the bill's file was ended".to_owned());
        let packed = packing.join().map_err(|_| ended())?;
        let sha256 = packed.map_err(|error| StoreError::Io(error.to_string()))?;
        let version = file.source.version().map_err(|_| ended())?;
        if version != file.version {
            return Err(StoreError::Stale);
        }
        Ok(sha256)
    }

    pub(crate) async fn write_layout(
        &self,
        connection: &mut SqliteConnection,
        bill: i64,
        layout: &Layout,
    ) -> Result<(), StoreError> {
        let places: Vec<u8> = (layout.places.iter())
            .flat_map(|place| [place.row.to_le_bytes(), place.offset.to_le_bytes()].concat())
            .collect();
        let hours: Vec<(i64, &str, i64)> = (layout.hours.iter())
            .map(|sum| (sum.hour, sum.taken.currency().code(), sum.taken.minor()))
            .collect();
        sqlx::query("INSERT INTO bill_layouts(bill, lines, places, hours) VALUES ($1,$2,$3,$4)")
            .bind(bill)
            .bind(i64::try_from(layout.lines).unwrap_or(i64::MAX))
            .bind(places)
            .bind(crate::bills::json("hours of a bill", &hours)?)
            .execute(connection)
            .await
            .map_err(fault)?;
        Ok(())
    }

    pub(crate) async fn read_layout(&self, bill: i64) -> Result<Option<KeptLayout>, StoreError> {
        let row = sqlx::query("SELECT lines, places, hours FROM bill_layouts WHERE bill = $1")
            .bind(bill)
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let Some(row) = row else { return Ok(None) };
        let broken = || StoreError::Corrupt(format!("the layout of bill {bill}"));
        let places: Vec<u8> = row.try_get(1).map_err(fault)?;
        let (places, rest) = places.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(broken());
        }
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap_or(0);
        let place = |bytes: &[u8; 16]| {
            let (row, offset) = bytes.split_at(8);
            Place {
                row: number(row),
                offset: number(offset),
            }
        };
        let hours: Vec<(i64, String, i64)> =
            crate::bills::parsed("hours of a bill", &crate::read::text(&row, 2)?)?;
        let hour = |(hour, code, minor): (i64, String, i64)| {
            let currency = Currency::from_code(&code).ok_or_else(broken)?;
            Ok(HourSum {
                hour,
                taken: Money::from_minor(minor, currency),
            })
        };
        let layout = Layout {
            lines: u64::try_from(int(&row, 0)?).map_err(|_| broken())?,
            places: places.iter().map(place).collect(),
            hours: hours
                .into_iter()
                .map(hour)
                .collect::<Result<_, StoreError>>()?,
        };
        let mut reader = self.readers.take().await?;
        let source = self.pieces_of(&mut reader, bill).await?;
        Ok(Some((Arc::new(source.ok_or_else(broken)?), layout)))
    }

    /// A kept file, to be read piece by piece; none of one from before there were pieces.
    async fn pieces_of(
        &self,
        connection: &mut SqliteConnection,
        bill: i64,
    ) -> Result<Option<KeptSource>, StoreError> {
        let row = sqlx::query(
            "SELECT coalesce(max(offset + length), 0), count(*) FROM bill_pieces WHERE bill = $1",
        )
        .bind(bill)
        .fetch_one(connection)
        .await
        .map_err(fault)?;
        if int(&row, 1)? == 0 {
            return Ok(None);
        }
        Ok(Some(KeptSource {
            database: self.place.clone(),
            key: Arc::clone(&self.key),
            bill,
            length: u64::try_from(int(&row, 0)?).unwrap_or(0),
        }))
    }

    /// Whether the pieces are still the file that was kept.
    pub(crate) async fn whole_pieces(
        &self,
        connection: &mut SqliteConnection,
        bill: i64,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let gone = || StoreError::Corrupt(format!("the file of bill {bill}"));
        let Some(source) = self.pieces_of(connection, bill).await? else {
            return Err(gone());
        };
        let (mut digest, mut block) = (Sha256::new(), vec![0; PIECE_BYTES]);
        let mut file = source.open().map_err(|_| gone())?;
        loop {
            let count = file.read(&mut block).map_err(|_| gone())?;
            match block.get(..count) {
                Some(read) if count > 0 => digest.update(read),
                _ => break,
            }
        }
        match paydesk_signing::hex(&digest.finalize()) == sha256 {
            true => Ok(()),
            false => Err(gone()),
        }
    }

    /// The bytes of a file that is kept in pieces.
    pub(crate) async fn read_pieces(&self, bill: i64) -> Result<Vec<u8>, StoreError> {
        let gone = || StoreError::Corrupt(format!("the file of bill {bill}"));
        let mut reader = self.readers.take().await?;
        let source = self.pieces_of(&mut reader, bill).await?.ok_or_else(gone)?;
        drop(reader);
        let mut bytes = Vec::new();
        let read = source
            .open()
            .and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|_| gone())?;
        Ok(bytes)
    }
}

/// Reads a file and packs its pieces, unless it is packed already; answers its SHA-256.
fn pack(source: &dyn BillSource, send: &mpsc::Sender<Piece>) -> io::Result<String> {
    let (mut digest, mut offset) = (Sha256::new(), 0_i64);
    let mut file = source.open()?;
    let mut is_packed = false;
    loop {
        let mut plain = Vec::with_capacity(PIECE_BYTES);
        let most = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        (&mut file).take(most).read_to_end(&mut plain)?;
        if plain.is_empty() {
            return Ok(paydesk_signing::hex(&digest.finalize()));
        }
        digest.update(&plain);
        if offset == 0 {
            is_packed = plain.starts_with(b"PK") || plain.starts_with(&[0x1f, 0x8b]);
        }
        let length = i64::try_from(plain.len()).map_err(io::Error::other)?;
        let bytes = if is_packed {
            plain
        } else {
            let packed = Vec::with_capacity(plain.len() / 8);
            let mut packed = DeflateEncoder::new(packed, Compression::fast());
            packed.write_all(&plain)?;
            packed.finish()?
        };
        let piece = Piece {
            offset,
            length,
            is_packed: !is_packed,
            bytes,
        };
        if send.blocking_send(piece).is_err() {
            return Err(io::Error::other("nobody keeps it"));
        }
        offset += length;
    }
}

/// A file that is kept.
struct KeptSource {
    database: Database,
    key: DataKey,
    bill: i64,
    length: u64,
}

impl BillSource for KeptSource {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        let connection = crate::booked::open(&self.database).map_err(io::Error::other)?;
        Ok(Box::new(KeptFile {
            connection,
            key: Arc::clone(&self.key),
            bill: self.bill,
            length: self.length,
            at: 0,
            piece: Vec::new(),
            piece_from: 0,
        }))
    }

    fn version(&self) -> io::Result<String> {
        Ok(String::new())
    }
}

/// An open one, with the piece that was read last.
struct KeptFile {
    connection: Connection,
    key: DataKey,
    bill: i64,
    length: u64,
    at: u64,
    piece: Vec<u8>,
    piece_from: u64,
}

impl KeptFile {
    fn load(&mut self) -> io::Result<()> {
        const PIECE: &str =
            "SELECT n, offset, is_packed, sealed FROM bill_pieces WHERE bill = ?1 AND n = ?2";
        let piece_bytes = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        let n = i64::try_from(self.at / piece_bytes).map_err(io::Error::other)?;
        let (offset, is_packed, sealed) = self
            .connection
            .query_row(PIECE, (self.bill, n), |row| {
                let sealed: Vec<u8> = row.get(3)?;
                Ok((row.get::<_, i64>(1)?, row.get::<_, bool>(2)?, sealed))
            })
            .map_err(io::Error::other)?;
        let key = (self.key)().map_err(io::Error::other)?;
        let place = place_of_piece(self.bill, n);
        let plain = key
            .open(place.as_bytes(), &sealed)
            .map_err(io::Error::other)?;
        self.piece.clear();
        if is_packed {
            DeflateDecoder::new(plain.as_slice()).read_to_end(&mut self.piece)?;
        } else {
            self.piece = plain;
        }
        self.piece_from = u64::try_from(offset).map_err(io::Error::other)?;
        Ok(())
    }

    fn here(&self) -> Option<&[u8]> {
        let from = usize::try_from(self.at.checked_sub(self.piece_from)?).ok()?;
        self.piece.get(from..).filter(|rest| !rest.is_empty())
    }
}

impl Read for KeptFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || into.is_empty() {
            return Ok(0);
        }
        if self.here().is_none() {
            self.load()?;
        }
        let mut rest = self.here().ok_or(io::ErrorKind::InvalidData)?;
        let count = rest.read(into)?;
        self.at += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }
}

impl Seek for KeptFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl SqliteStore {
    /// What of a bill's file stands beside its pieces.
    pub(crate) async fn write_bill_file(
        &self,
        connection: &mut SqliteConnection,
        bill: i64,
        file: &NewBillFile,
    ) -> Result<(), StoreError> {
        let sha256 = self.write_pieces(&mut *connection, bill, file).await?;
        sqlx::query("INSERT INTO bill_files(bill, name, sha256, packed) VALUES ($1, $2, $3, x'')")
            .bind(bill)
            .bind(file.name.clone())
            .bind(sha256)
            .execute(connection)
            .await
            .map_err(fault)?;
        Ok(())
    }

    pub(crate) async fn read_bill_file(&self, bill: i64) -> Result<Option<BillFile>, StoreError> {
        let row = sqlx::query("SELECT name, sha256, packed FROM bill_files WHERE bill = $1")
            .bind(bill)
            .fetch_optional(&mut *self.readers.take().await?)
            .await
            .map_err(fault)?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get(2).map_err(fault)?;
        let bytes = if sealed.is_empty() {
            self.read_pieces(bill).await?
        } else {
            let packed = self.unseal(&crate::bills::place_of_file(bill), &sealed)?;
            crate::bills::unpacked(&packed)?
        };
        Ok(Some(BillFile {
            name: crate::read::text(&row, 0)?,
            sha256: crate::read::text(&row, 1)?,
            bytes: bytes.into(),
        }))
    }
}
