//! Alipay's bills: asking for the link, the unsigned download, and which file it is.
//! Reading the lines stands in `sheet.rs`. A bill never moves a payment.

use super::{PROFILE, codes, request, sheet};
use crate::{
    AccountSettings, BillAnswer, BillCalendar, BillEnd, BillFault, BillLink, BillText, Bills, Cx, EachBrief,
    FlowLine, FlowTotals, Operation, Span, WireRequest,
    bills::is_reserve,
    wire::{
        USER_AGENT,
        archive::{self, ReadSeek, STREAMED},
        bill::{Each, explained, repeated, repeated_in},
        json::Json,
        link, safe_code,
        stream::{ByReading, Stream, content_sha256},
    },
};
use paydesk_domain::{DayCut, BillKind, BillLine, ChannelDay, Doubt, FlowSort, NotSent, Outcome, Totals};
use paydesk_signing::Authentic;

/// The file exists and says that nothing happened.
const EMPTY_FILE: &str = "EMPTY_DATA_WITH_BILL_FILE";

/// Which entry of an archive is the bill: the list of trades before that of the account, never a summary.
fn rank(name: &str) -> u8 {
    match name {
        _ if name.contains("汇总") => 0,
        _ if name.contains("业务明细") => 3,
        _ if name.contains("账务明细") => 2,
        _ if name.ends_with(".csv") => 1,
        _ => 0,
    }
}

impl Bills for super::Alipay {
    fn kinds(&self) -> &'static [BillKind] {
        &[BillKind::Trade, BillKind::FundFlow]
    }

    /// Daily bills since 2016; ready about nine (alipay.data.dataservice.bill.downloadurl.query, `bill_date`).
    fn calendar(&self) -> BillCalendar {
        BillCalendar {
            ready_hour: 9,
            kept_days: None,
            cut: DayCut::MIDNIGHT,
        }
    }

    fn payers(&self) -> &'static [&'static str] {
        &["支付宝", "Alipay"]
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
        let Ok(content) = Json::read(reply.believed()) else {
            return Outcome::Unknown(Doubt::Unreadable);
        };
        let sub = content.text("sub_code").and_then(safe_code);
        match (content.text("code"), sub) {
            (Some("10000"), _) => ready(&content),
            (Some(code), sub) => refused(safe_code(code), sub),
            (None, _) => Outcome::Unknown(Doubt::Unreadable),
        }
    }

    fn encode_file(&self, link: &BillLink, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        let url = link::fetchable(&link.url, cx.account, &PROFILE);
        Ok(WireRequest {
            method: "GET",
            url: url.ok_or_else(|| request::unsendable("bill_download_url"))?,
            headers: vec![("User-Agent".to_owned(), USER_AGENT.to_owned())],
            body: Vec::new(),
            operation: Operation::BillFile,
        })
    }

    fn open(&self, file: &[u8], _link: Option<&BillLink>) -> Result<BillText, BillFault> {
        let bytes = archive::unpack(file, rank)?;
        let (kind, day) = sheet::recognise(&mut Stream::new(&mut ByReading(bytes.as_slice())))?;
        Ok(BillText {
            kind,
            day: Some(day),
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
        _link: Option<&BillLink>,
        account: &AccountSettings,
        each: EachBrief<'_>,
    ) -> Result<BillEnd, BillFault> {
        let mut end = None;
        let read = archive::open(file, STREAMED, rank, &mut |unpacked| {
            let lines = Stream::new(unpacked).with_digest();
            end = Some(sheet::read(lines, account, Each::Brief(&mut *each))?);
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
        account: &AccountSettings,
        each: &mut dyn FnMut(FlowLine),
    ) -> Result<FlowTotals, BillFault> {
        let bytes = || ByReading(text.bytes.as_slice());
        let read = sheet::read_flow(Stream::new(&mut bytes()), account, each);
        explained(read, || repeated(&mut bytes()))
    }

    /// The names that were seen (账务明细, column 业务类型); `退费` is not verified against production.
    fn sort_of(&self, line: &FlowLine) -> FlowSort {
        let came_in = line.change.minor() > 0;
        match (line.name.as_str(), came_in) {
            ("在线支付" | "交易付款", true) => FlowSort::Payment,
            ("交易退款", false) => FlowSort::Refund,
            ("收费", false) => FlowSort::Fee,
            ("退费" | "收费", true) => FlowSort::FeeReturn,
            (name, _) if is_reserve(name) => FlowSort::Reserve,
            (name, _) if name.contains("提现") => FlowSort::Payout,
            _ => FlowSort::Other,
        }
    }
}

fn ready(content: &Json) -> Outcome<BillAnswer> {
    if content.text("bill_file_code") == Some(EMPTY_FILE) {
        return Outcome::Done(BillAnswer::Empty);
    }
    match content
        .text("bill_download_url")
        .filter(|url| !url.is_empty())
    {
        Some(url) => Outcome::Done(BillAnswer::Ready(BillLink {
            url: url.to_owned(),
            digest: None,
        })),
        None => Outcome::Unknown(Doubt::Unreadable),
    }
}

/// "No bill" is said of a day without trades and of a day whose bill is not made yet, in the same words:
/// it can only mean "ask again".
fn refused(code: Option<&str>, sub: Option<&str>) -> Outcome<BillAnswer> {
    let sub = sub.map(codes::canonical);
    let said = sub.as_deref().or(code).unwrap_or_default();
    let bare = said.rsplit('.').next().unwrap_or_default();
    match bare.to_ascii_uppercase().as_str() {
        "" => Outcome::Unknown(Doubt::Unreadable),
        "BILL_NOT_EXIST" => Outcome::Done(BillAnswer::NotYet),
        "NO_BILL_DATA" => Outcome::Done(BillAnswer::Empty),
        "20000" | "SYSTEM_ERROR" | "UNKNOW-ERROR" => Outcome::Unknown(Doubt::ServerFault {
            code: said.to_owned(),
        }),
        _ => Outcome::Done(BillAnswer::Refused(said.to_owned())),
    }
}
