//! Stripe's reports as bills: looking for the run of a day, having it made, fetching its file. Reading the lines stands
//! in `sheet.rs`. A bill never moves a payment.

use super::{
    PROFILE, Stripe, codes,
    envelope::{Said, page, said},
    known::id,
    request::{self, PAYMENT_KEY, REFUND_KEY},
    sheet,
};
use crate::{
    AccountSettings, BillAnswer, BillCalendar, BillEnd, BillFault, BillLink, BillText, Bills, Cx,
    EachBrief, FlowLine, FlowTotals, Operation, Span, WireRequest,
    wire::{
        archive::{self, ReadSeek, STREAMED},
        bill::Each,
        json::Json,
        link,
        stream::{ByReading, Stream, content_sha256},
    },
};
use paydesk_domain::{
    BillKind, BillLine, ChannelDay, DayCut, Doubt, FlowSort, Memo, NotSent, Outcome, Totals,
};
use paydesk_signing::Authentic;

/// The report that lists every movement of the balance but payouts.
const REPORT: &str = "balance_change_from_activity.itemized.3";
/// In front of the number of a run that was found.
const FOUND: &str = "run ";
/// Said where no run of the day is there yet.
const NONE: &str = "none";

/// What is asked for beside [`sheet::NEEDED`].
const FURTHER: [&str; 3] = ["available_on_utc", "charge_id", "payment_intent_id"];

/// A file from the channel's site may be zipped.
fn rank(name: &str) -> u8 {
    u8::from(name.ends_with(".csv"))
}

/// The moments a day begins and ends, in seconds.
fn bounds(day: ChannelDay) -> Option<(i64, i64)> {
    let (from, to) = day.bounds_of_china()?;
    Some((from.0.div_euclid(1000), to.0.div_euclid(1000)))
}

/// Whether a run is of this day's report.
fn is_of(run: &Json, (from, to): (i64, i64)) -> bool {
    let parameters = run.get("parameters");
    let moment = |name: &str| parameters.and_then(|all| all.integer(name));
    run.text("report_type") == Some(REPORT)
        && moment("interval_start") == Some(from)
        && moment("interval_end") == Some(to)
}

fn pair(name: String, value: impl Into<String>) -> (String, String) {
    (name, value.into())
}

impl Bills for Stripe {
    fn kinds(&self) -> &'static [BillKind] {
        &[BillKind::Trade]
    }

    /// A day's movements are in the reports half a day later; how long runs are kept is not said.
    fn calendar(&self) -> BillCalendar {
        BillCalendar {
            cut: DayCut::MIDNIGHT,
            ready_hour: 14,
            kept_days: None,
        }
    }

    fn payers(&self) -> &'static [&'static str] {
        &["STRIPE"]
    }

    /// The runs that are there, the newest first.
    fn encode_link(
        &self,
        day: ChannelDay,
        kind: BillKind,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent> {
        if kind != BillKind::Trade || bounds(day).is_none() {
            return Err(request::unsendable("report_type"));
        }
        let query = [pair("limit".to_owned(), "100")];
        request::get(Operation::BillLink, "/v1/reporting/report_runs", &query, cx)
    }

    /// The run of the day, or that there is none.
    fn further_link(
        &self,
        day: ChannelDay,
        _kind: BillKind,
        told: Option<&Memo>,
        reply: &Authentic,
    ) -> Option<Memo> {
        let (None, Ok(Said::Object(content))) = (told, said(reply)) else {
            return None;
        };
        let (rows, _) = page(&content)?;
        let bounds = bounds(day)?;
        // A run that failed is not asked about again: another one is made.
        let is_usable = |run: &&Json| is_of(run, bounds) && run.text("status") != Some("failed");
        let run = rows.iter().find(is_usable);
        let number = run.and_then(|run| run.text("id"));
        Some(Memo(match number.and_then(|number| id(number, "frr_")) {
            Some(number) => format!("{FOUND}{number}"),
            None => NONE.to_owned(),
        }))
    }

    /// Asks about the run that was found, or has one made: it costs nothing, and none is lost where two are.
    fn encode_further(
        &self,
        day: ChannelDay,
        _kind: BillKind,
        told: &Memo,
        cx: &Cx<'_>,
    ) -> Result<WireRequest, NotSent> {
        if let Some(run) = told.0.strip_prefix(FOUND) {
            let path = format!("/v1/reporting/report_runs/{run}");
            return request::get(Operation::BillLink, &path, &[], cx);
        }
        let (from, to) = bounds(day).ok_or_else(|| request::unsendable("interval_start"))?;
        let mut fields = vec![
            pair("report_type".to_owned(), REPORT),
            pair("parameters[interval_start]".to_owned(), from.to_string()),
            pair("parameters[interval_end]".to_owned(), to.to_string()),
        ];
        let payment = format!("payment_metadata[{PAYMENT_KEY}]");
        let refund = format!("refund_metadata[{REFUND_KEY}]");
        let columns = sheet::NEEDED.iter().chain(&FURTHER).copied();
        let columns = columns.chain([payment.as_str(), refund.as_str()]);
        for (at, column) in columns.enumerate() {
            fields.push(pair(format!("parameters[columns][{at}]"), column));
        }
        request::post(
            Operation::BillLink,
            "/v1/reporting/report_runs",
            &fields,
            None,
            cx,
        )
    }

    fn decode_link(&self, reply: &Authentic) -> Outcome<BillAnswer> {
        let content = match said(reply) {
            Err(doubt) => return Outcome::Unknown(doubt),
            Ok(Said::No(no)) => {
                return match codes::row(&no.code) {
                    Some(_) => Outcome::Done(BillAnswer::Refused(no.code)),
                    None => Outcome::Unknown(no.doubt()),
                };
            }
            Ok(Said::Object(content)) => content,
        };
        match (content.text("object"), content.text("status")) {
            // What runs there are says nothing of the file.
            (Some("list"), _) | (Some("reporting.report_run"), Some("pending")) => {
                Outcome::Done(BillAnswer::NotYet)
            }
            (Some("reporting.report_run"), Some("succeeded")) => {
                let url = content.get("result").and_then(|file| file.text("url"));
                match url.filter(|url| !url.is_empty()) {
                    Some(url) => Outcome::Done(BillAnswer::Ready(BillLink {
                        url: url.to_owned(),
                        digest: None,
                    })),
                    None => Outcome::Unknown(Doubt::Unreadable),
                }
            }
            (Some("reporting.report_run"), Some("failed")) => {
                Outcome::Done(BillAnswer::Refused(codes::REPORT_FAILED.to_owned()))
            }
            _ => Outcome::Unknown(Doubt::Unreadable),
        }
    }

    fn encode_file(&self, link: &BillLink, cx: &Cx<'_>) -> Result<WireRequest, NotSent> {
        let url = link::fetchable(&link.url, cx.account, &PROFILE);
        let url = url.ok_or_else(|| request::unsendable("url"))?;
        request::file(url, cx)
    }

    fn open(&self, file: &[u8], _link: Option<&BillLink>) -> Result<BillText, BillFault> {
        let bytes = archive::unpack(file, rank)?;
        let day = sheet::recognise(&mut Stream::new(&mut ByReading(bytes.as_slice())))?;
        Ok(BillText {
            kind: BillKind::Trade,
            day,
            content_sha256: content_sha256(&bytes),
            bytes,
        })
    }

    fn read(
        &self,
        text: &BillText,
        _account: &AccountSettings,
        each: &mut dyn FnMut(BillLine),
    ) -> Result<Totals, BillFault> {
        let mut file = ByReading(text.bytes.as_slice());
        Ok(sheet::read(Stream::new(&mut file), Each::Whole(each))?.totals)
    }

    fn stream(
        &self,
        file: &mut dyn ReadSeek,
        _link: Option<&BillLink>,
        _account: &AccountSettings,
        each: EachBrief<'_>,
    ) -> Result<BillEnd, BillFault> {
        let mut end = None;
        archive::open(file, STREAMED, rank, &mut |unpacked| {
            let lines = Stream::new(unpacked).with_digest();
            end = Some(sheet::read(lines, Each::Brief(&mut *each))?);
            Ok(())
        })?;
        end.ok_or(BillFault::Truncated)
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

    /// Its reports tell no balance after a movement, and a fund-flow bill is one of balances.
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
