//! WeChat Pay's bills: asking for the link, the signed download, the digest, and which file it is.
//! Reading the lines stands in `sheet.rs`. A bill never moves a payment.

use super::{PROFILE, codes, request, sheet};
use crate::{
    AccountSettings, BillAnswer, BillCalendar, BillDigest, BillEnd, BillFault, BillLink, BillText, Bills, Cx,
    EachBrief, FlowLine, FlowTotals, Span, WireRequest,
    bills::is_reserve,
    wire::{
        archive::{self, ReadSeek, STREAMED},
        bill::{Each, explained, repeated, repeated_in},
        json::Json,
        link, safe_code,
        stream::{ByReading, Digested, Stream, content_sha256},
    },
};
use paydesk_domain::{DayCut, BillKind, BillLine, ChannelDay, Doubt, FlowSort, NotSent, Outcome, Totals};
use paydesk_signing::{Authentic, sha1_hex};

/// SHA-1 in hexadecimal.
const DIGEST_CHARS: usize = 40;

/// A bill from the merchant's site may be zipped; a summary is no bill.
fn rank(name: &str) -> u8 {
    match name {
        _ if name.contains("汇总") => 0,
        _ if name.ends_with(".csv") || name.ends_with(".txt") => 1,
        _ => 0,
    }
}

impl Bills for super::WechatPay {
    fn kinds(&self) -> &'static [BillKind] {
        &[BillKind::Trade, BillKind::FundFlow]
    }

    /// Bills of the last three months; ready between nine and ten (the bill APIs' own notes).
    fn calendar(&self) -> BillCalendar {
        BillCalendar {
            ready_hour: 10,
            kept_days: Some(89),
            cut: DayCut::MIDNIGHT,
        }
    }

    fn payers(&self) -> &'static [&'static str] {
        &["财付通", "Tenpay"]
    }

    fn encode_link(
        &self,
        day: ChannelDay,
        kind: BillKind,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent> {
        request::bill_link(day, kind, cx)
    }

    fn decode_link(&self, reply: &Authentic) -> Outcome<BillAnswer> {
        let status = reply.status();
        let fault = |code: String| Outcome::Unknown(Doubt::ServerFault { code });
        if status >= 500 {
            return fault(status.to_string());
        }
        let Ok(content) = Json::read(reply.believed()) else {
            return Outcome::Unknown(Doubt::Unreadable);
        };
        if status == 200 {
            return ready(&content);
        }
        match content
            .text("code")
            .and_then(safe_code)
            .map(codes::canonical)
        {
            Some("NO_STATEMENT_EXIST") => Outcome::Done(BillAnswer::Empty),
            Some("STATEMENT_CREATING") => Outcome::Done(BillAnswer::NotYet),
            Some(code @ ("SYSTEM_ERROR" | "BANK_ERROR")) => fault(code.to_owned()),
            Some(code) => Outcome::Done(BillAnswer::Refused(code.to_owned())),
            None => Outcome::Unknown(Doubt::Unreadable),
        }
    }

    fn encode_file(&self, link: &BillLink, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        let url = link::fetchable(&link.url, cx.account, &PROFILE);
        let url = url.ok_or_else(|| request::unsendable("download_url"))?;
        request::bill_file(url, cx)
    }

    fn open(&self, file: &[u8], link: Option<&BillLink>) -> Result<BillText, BillFault> {
        let bytes = archive::unpack(file, rank)?;
        // The digest is of the file before it was packed.
        if let Some(BillDigest::Sha1(expected)) = link.and_then(|link| link.digest.as_ref())
            && !sha1_hex(&bytes).eq_ignore_ascii_case(expected)
        {
            return Err(BillFault::Digest);
        }
        let (kind, day) = sheet::recognise(&mut Stream::new(&mut ByReading(bytes.as_slice())))?;
        Ok(BillText {
            kind,
            day,
            content_sha256: content_sha256(&bytes),
            bytes,
        })
    }

    fn read(
        &self,
        text: &BillText,
        account: &AccountSettings,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<Totals, BillFault> {
        let bytes = || ByReading(text.bytes.as_slice());
        let mut file = bytes();
        let read = sheet::read(Stream::new(&mut file), account, Each::Whole(each));
        Ok(explained(read, || repeated(&mut bytes()))?.totals)
    }

    fn stream(
        &self,
        file: &mut dyn ReadSeek,
        link: Option<&BillLink>,
        account: &AccountSettings,
        each: EachBrief<'_>,
    ) -> Result<BillEnd, BillFault> {
        let expected = link.and_then(|link| link.digest.as_ref());
        let mut end = None;
        let read = archive::open(file, STREAMED, rank, &mut |unpacked| {
            let mut file = Digested::new(unpacked, expected.is_some());
            let lines = Stream::new(&mut file).with_digest();
            let read = sheet::read(lines, account, Each::Brief(&mut *each));
            // The digest is of the file before it was packed, and what it is not of is not to be looked at.
            if let Some(BillDigest::Sha1(expected)) = expected
                && !file.finish()?.eq_ignore_ascii_case(expected)
            {
                return Err(BillFault::Digest);
            }
            end = Some(read?);
            Ok(())
        });
        let read = read.and_then(|()| end.ok_or(BillFault::Truncated));
        explained(read, || repeated_in(file, rank))
    }

    fn lines_at(
        &self,
        file: &mut dyn ReadSeek,
        spans: &mut dyn Iterator<Item = Span>,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<(), BillFault> {
        archive::open(file, STREAMED, rank, &mut |unpacked| {
            sheet::lines_at(Stream::new(unpacked), spans, each)
        })
    }

    fn read_flow(
        &self,
        text: &BillText,
        _account: &AccountSettings,
        each: &mut dyn FnMut(FlowLine),
    ) -> Result<FlowTotals, BillFault> {
        let bytes = || ByReading(text.bytes.as_slice());
        let read = sheet::read_flow(Stream::new(&mut bytes()), each);
        explained(read, || repeated(&mut bytes()))
    }

    /// The names that were seen (资金账单, column 业务类型). A refund is one movement with the fee that comes back in it.
    fn sort_of(&self, line: &FlowLine) -> FlowSort {
        let came_in = line.change.minor() > 0;
        match (line.name.as_str(), came_in) {
            ("交易", true) => FlowSort::Payment,
            ("退款", false) => FlowSort::Refund,
            ("扣除交易手续费", false) => FlowSort::Fee,
            ("扣除交易手续费", true) => FlowSort::FeeReturn,
            (name, _) if is_reserve(name) => FlowSort::Reserve,
            (name, _) if name.contains("提现") => FlowSort::Payout,
            _ => FlowSort::Other,
        }
    }
}

/// A link without the digest that goes with it is not one to follow.
fn ready(content: &Json) -> Outcome<BillAnswer> {
    let digest = content
        .text("hash_value")
        .filter(|hash| hash.len() == DIGEST_CHARS && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    let url = content.text("download_url").filter(|url| !url.is_empty());
    match (content.text("hash_type"), digest, url) {
        (Some("SHA1"), Some(digest), Some(url)) => Outcome::Done(BillAnswer::Ready(BillLink {
            url: url.to_owned(),
            digest: Some(BillDigest::Sha1(digest.to_owned())),
        })),
        _ => Outcome::Unknown(Doubt::Unreadable),
    }
}
