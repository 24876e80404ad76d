//! UnionPay's settlement files: asking for a day's, and how it is packed. The answer holds the file itself.
//! Reading the lines stands in `sheet.rs`. A bill never moves a payment.

use super::{codes, envelope, request, sheet};
use crate::{
    AccountSettings, BillAnswer, BillCalendar, BillDigest, BillEnd, BillFault, BillLink, BillText,
    Bills, Cx, EachBrief, FlowLine, FlowTotals, MoneyMoved, Operation, Span, WireRequest,
    wire::{
        archive::{self, ReadSeek, STREAMED, UNPACKED_BYTES_MAX},
        bill::Each,
        safe_code,
        stream::{ByReading, Stream, content_sha256},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use paydesk_domain::{BillKind, BillLine, ChannelDay, Doubt, FlowSort, NotSent, Outcome, Totals};
use paydesk_signing::Authentic;
use std::io::{Cursor, Read as _, SeekFrom};

/// How every answer begins that has a file in it: with a name and an equals sign, where a zip and a line of the
/// detail have none within so many bytes.
const NAME_BYTES: usize = 32;
/// The day in the address of a file.
const DAY: &str = "?settleDate=";

/// Which entry of an archive is the detail: `INN20112188ZM_<merId>.txt`, never the errors (`ZME_`) or the summary.
fn rank(name: &str) -> u8 {
    u8::from(name.contains("ZM_"))
}

/// A file out of an answer, still zipped.
struct Packed {
    zip: Vec<u8>,
    day: Option<ChannelDay>,
}

/// The file in an answer's fields: base64 of a zlib stream of a zip.
fn packed(content: &str, name: &str) -> Result<Packed, BillFault> {
    let damaged = || BillFault::Archive("it is damaged");
    let squeezed = STANDARD.decode(content).map_err(|_| damaged())?;
    let mut zip = Vec::new();
    // A zip does not shrink: what grows in here is no file of the channel.
    ZlibDecoder::new(squeezed.as_slice())
        .take(UNPACKED_BYTES_MAX + 1)
        .read_to_end(&mut zip)
        .map_err(|_| damaged())?;
    if u64::try_from(zip.len()).is_ok_and(|bytes| bytes > UNPACKED_BYTES_MAX) {
        return Err(BillFault::Bomb);
    }
    Ok(Packed {
        zip,
        day: day_named(name),
    })
}

/// The day in `<merId>_YYYYMMDD.zip`.
fn day_named(name: &str) -> Option<ChannelDay> {
    let (_, tail) = name.rsplit_once('_')?;
    let digits = tail.strip_suffix(".zip").filter(|day| day.len() == 8)?;
    let is_day = digits.bytes().all(|byte| byte.is_ascii_digit());
    let day = ChannelDay(digits.parse().ok().filter(|_| is_day)?);
    day.date().map(|_| day)
}

fn day_of_link(link: Option<&BillLink>) -> Option<ChannelDay> {
    let (_, day) = link?.url.rsplit_once(DAY)?;
    let day = ChannelDay(day.parse().ok()?);
    day.date().map(|_| day)
}

/// Whether the file is an answer as it came.
fn is_answer(start: &[u8]) -> bool {
    let name = start.split(|byte| *byte == b'=').next().unwrap_or(start);
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric);
    is_name && name.len() < start.len()
}

/// What is done with a file and the day that came with it.
type Act<'a> = &'a mut dyn FnMut(&mut dyn ReadSeek, Option<ChannelDay>) -> Result<(), BillFault>;

/// Hands out the file behind an answer, or the file itself, with the day that the answer names.
fn with_file(file: &mut dyn ReadSeek, act: Act<'_>) -> Result<(), BillFault> {
    let unreadable = |_| BillFault::Archive("it cannot be read");
    let mut start = Vec::new();
    file.rewind().map_err(unreadable)?;
    (&mut *file)
        .take(u64::try_from(NAME_BYTES).unwrap_or(0))
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if !is_answer(&start) {
        return act(file, None);
    }
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if length > UNPACKED_BYTES_MAX {
        return Err(BillFault::TooLarge);
    }
    file.rewind().map_err(unreadable)?;
    let mut body = Vec::new();
    file.read_to_end(&mut body).map_err(unreadable)?;
    let text = std::str::from_utf8(&body).map_err(|_| BillFault::WrongChannel)?;
    let fields = envelope::Fields::read(text).ok_or(BillFault::WrongChannel)?;
    let (content, name) = (fields.get("fileContent"), fields.get("fileName"));
    let packed = packed(
        content.ok_or(BillFault::WrongChannel)?,
        name.unwrap_or_default(),
    )?;
    act(&mut Cursor::new(packed.zip.as_slice()), packed.day)
}

/// Compares the content with what a signed answer said of it.
fn compare(link: Option<&BillLink>, content_sha256: &str) -> Result<(), BillFault> {
    match link.and_then(|link| link.digest.as_ref()) {
        Some(BillDigest::Content(expected)) if expected != content_sha256 => Err(BillFault::Digest),
        _ => Ok(()),
    }
}

impl Bills for super::UnionPay {
    fn kinds(&self) -> &'static [BillKind] {
        &[BillKind::Trade]
    }

    /// The samples fetch between ten and a quarter to eleven; how long a file is kept is not documented.
    fn calendar(&self) -> BillCalendar {
        BillCalendar {
            ready_hour: 10,
            kept_days: None,
            cut: super::DAY_CUT,
        }
    }

    fn payers(&self) -> &'static [&'static str] {
        &["银联", "UnionPay"]
    }

    /// The whole file comes with this answer, signed. Its content's digest goes with the link, and the file that is
    /// kept is fetched once more and compared: what is read has been signed for.
    fn encode_link(
        &self,
        day: ChannelDay,
        kind: BillKind,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent> {
        request::settlement_file(Operation::BillFile, day, kind, cx)
    }

    fn decode_link(&self, reply: &Authentic) -> Outcome<BillAnswer> {
        let fields = match envelope::content(reply) {
            Ok(fields) => fields,
            Err(doubt) => return Outcome::Unknown(doubt),
        };
        match fields.get("respCode").and_then(safe_code) {
            Some(envelope::ACCEPTED) => ready(&fields),
            Some("98") => Outcome::Done(BillAnswer::Absent),
            Some("41") => Outcome::Done(BillAnswer::NotYet),
            Some(code) if is_open(code) => Outcome::Unknown(Doubt::ServerFault {
                code: code.to_owned(),
            }),
            Some(code) => Outcome::Done(BillAnswer::Refused(code.to_owned())),
            None => Outcome::Unknown(Doubt::Unreadable),
        }
    }

    fn encode_file(&self, link: &BillLink, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        let day = day_of_link(Some(link)).ok_or_else(|| request::unsendable("settleDate"))?;
        request::settlement_file(Operation::BillFile, day, BillKind::Trade, cx)
    }

    fn open(&self, file: &[u8], link: Option<&BillLink>) -> Result<BillText, BillFault> {
        let mut opened = None;
        with_file(&mut Cursor::new(file), &mut |file, named| {
            let mut packed = Vec::new();
            file.read_to_end(&mut packed)
                .map_err(|_| BillFault::Archive("it cannot be read"))?;
            let bytes = archive::unpack(&packed, rank)?;
            let day = named.or_else(|| day_of_link(link));
            let day = sheet::recognise(&mut Stream::new(&mut ByReading(bytes.as_slice())), day)?;
            let content_sha256 = content_sha256(&bytes);
            compare(link, &content_sha256)?;
            opened = Some(BillText {
                kind: BillKind::Trade,
                day,
                content_sha256,
                bytes,
            });
            Ok(())
        })?;
        opened.ok_or(BillFault::Truncated)
    }

    fn read(
        &self,
        text: &BillText,
        account: &AccountSettings,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<Totals, BillFault> {
        let mut file = ByReading(text.bytes.as_slice());
        let lines = Stream::new(&mut file);
        let merchant = account.field("merId");
        Ok(sheet::read(lines, text.day, merchant, Each::Whole(each))?.totals)
    }

    fn stream(
        &self,
        file: &mut dyn ReadSeek,
        link: Option<&BillLink>,
        account: &AccountSettings,
        each: EachBrief<'_>,
    ) -> Result<BillEnd, BillFault> {
        let mut end = None;
        with_file(file, &mut |file, named| {
            let day = named.or_else(|| day_of_link(link));
            archive::open(file, STREAMED, rank, &mut |unpacked| {
                let lines = Stream::new(unpacked).with_digest();
                let merchant = account.field("merId");
                end = Some(sheet::read(lines, day, merchant, Each::Brief(&mut *each))?);
                Ok(())
            })
        })?;
        let end = end.ok_or(BillFault::Truncated)?;
        compare(link, &end.content_sha256)?;
        Ok(end)
    }

    fn lines_at(
        &self,
        file: &mut dyn ReadSeek,
        spans: &mut dyn Iterator<Item = Span>,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<(), BillFault> {
        with_file(file, &mut |file, day| {
            archive::open(file, STREAMED, rank, &mut |unpacked| {
                sheet::lines_at(Stream::new(unpacked), day, spans, each)
            })
        })
    }

    /// There is none.
    fn read_flow(
        &self,
        _text: &BillText,
        _account: &AccountSettings,
        _each: &mut dyn FnMut(FlowLine),
    ) -> Result<FlowTotals, BillFault> {
        Err(BillFault::WrongKind)
    }

    fn sort_of(&self, _line: &FlowLine) -> FlowSort {
        FlowSort::Other
    }
}

/// Whether a code leaves open what becomes of the file.
fn is_open(code: &str) -> bool {
    codes::row(code).is_none_or(|row| row.meaning.money == MoneyMoved::Unknown)
}

/// The file in the answer, as a link to it: its day, and the digest of what it unpacks to.
fn ready(fields: &envelope::Fields) -> Outcome<BillAnswer> {
    let unreadable = || Outcome::Unknown(Doubt::Unreadable);
    let (Some(content), Some(name)) = (fields.get("fileContent"), fields.get("fileName")) else {
        return unreadable();
    };
    let Ok(packed) = packed(content, name) else {
        return unreadable();
    };
    match (archive::unpack(&packed.zip, rank), packed.day) {
        (Ok(bytes), Some(day)) => Outcome::Done(BillAnswer::Ready(BillLink {
            url: format!("{}{DAY}{}", request::FILES, day.0),
            digest: Some(BillDigest::Content(content_sha256(&bytes))),
        })),
        _ => unreadable(),
    }
}
