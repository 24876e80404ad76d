//! Report runs and their files: itemised tables of the balance, in whole units with decimals.
//!
//! A file is written from the ledger when it is fetched, of the interval that was asked for. It must never tell of
//! what lies outside of the interval.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::balance::{description, names, payout_of, source_id};
use super::currency::major;
use super::lists::{Member, only, page};
use super::objects::{charge_id, method_of, seconds, terms_of};
use super::params::Params;
use super::{Cx, Done, is_of_stripe};
use crate::exchange::Carriage;
use crate::ledger::{
    BalanceLine, Currency, Ledger, LineSource, StripeEvent, StripePayout, StripeReport, Trade,
};

/// How long a file takes.
const WRITING_MS: i64 = 3_000;

const ACTIVITY: &str = "balance_change_from_activity.itemized.";
const RECONCILIATION: &str = "payout_reconciliation.itemized.";
const BY_PAYOUT: &str = "payout_reconciliation.by_id.itemized.";
const PAYOUTS: &str = "payouts.itemized.";

/// Columns without a wish of the caller's.
const USUAL: [&str; 9] = [
    "balance_transaction_id",
    "created_utc",
    "available_on_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "description",
];
const MORE: [&str; 17] = [
    "created",
    "available_on",
    "source_id",
    "customer_facing_amount",
    "customer_facing_currency",
    "automatic_payout_id",
    "automatic_payout_effective_at_utc",
    "automatic_payout_effective_at",
    "charge_id",
    "payment_intent_id",
    "charge_created_utc",
    "charge_created",
    "payment_method_type",
    "card_brand",
    "dispute_reason",
    "trace_id",
    "statement_descriptor",
];
const OF_PAYOUTS: [&str; 9] = [
    "payout_id",
    "effective_at_utc",
    "effective_at",
    "currency",
    "gross",
    "fee",
    "net",
    "payout_status",
    "trace_id",
];

/// Whether the versions of these tables are known here.
fn is_known(report_type: &str) -> bool {
    let version = |prefix: &str, most: u8| {
        let version = report_type
            .strip_prefix(prefix)
            .and_then(|text| text.parse::<u8>().ok());
        version.is_some_and(|version| (1..=most).contains(&version))
    };
    version(ACTIVITY, 6)
        || version(RECONCILIATION, 5)
        || version(BY_PAYOUT, 4)
        || version(PAYOUTS, 3)
}

/// An account is older than what is paid to it: a shop asks for the report of its first days too, on which nobody may
/// have paid by it.
const OPENED_DAYS_BEFORE: i64 = 30;

/// Reports begin when the account was opened.
fn data_from_ms(ledger: &Ledger) -> i64 {
    let mut trades = ledger.trades().filter(is_of_stripe);
    let first = trades.next().map_or(0, |trade| trade.created_ms);
    first
        .div_euclid(86_400_000)
        .saturating_sub(OPENED_DAYS_BEFORE)
        .max(0)
        .saturating_mul(86_400_000)
}

pub(super) fn report_type(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Result<Value, Refusal> {
    if !is_known(id) {
        return Err(Refusal::no_such("reporting.report_type", id));
    }
    let version = id
        .rsplit('.')
        .next()
        .and_then(|text| text.parse::<u8>().ok());
    Ok(json!({
        "id": id,
        "object": "reporting.report_type",
        "data_available_end": seconds(cx.now_ms),
        "data_available_start": seconds(data_from_ms(ledger)),
        "default_columns": if id.starts_with(PAYOUTS) { &OF_PAYOUTS[..] } else { &USUAL[..] },
        "livemode": false,
        "name": id.rsplit_once('.').map_or(id, |(name, _)| name).replace(['.', '_'], " "),
        "updated": seconds(cx.now_ms),
        "version": version,
    }))
}

pub(super) fn run(cx: &Cx<'_>, ledger: &mut Ledger, params: &Params) -> Done {
    params.only(&["expand", "parameters", "report_type"])?;
    let report_type = params.need("report_type")?.to_owned();
    if !is_known(&report_type) {
        return Err(Refusal::invalid(
            "report_type",
            format!("Unrecognized report type: {report_type}."),
        ));
    }
    let told = params.below("parameters")?;
    told.only(&[
        "columns",
        "connected_account",
        "currency",
        "interval_end",
        "interval_start",
        "payout",
        "reporting_category",
        "timezone",
    ])?;
    let mut parameters = json!({});
    let mut keep = |name: &str, value: Value| super::answer::put(&mut parameters, name, value);
    let columns = told.texts("columns")?;
    let known: &[&str] = if report_type.starts_with(PAYOUTS) {
        &OF_PAYOUTS
    } else {
        &USUAL
    };
    let is_column = |name: &String| {
        let name = name.as_str();
        let is_more = !report_type.starts_with(PAYOUTS)
            && (MORE.contains(&name)
                || name.starts_with("payment_metadata[")
                || name.starts_with("refund_metadata["));
        known.contains(&name) || is_more
    };
    if let Some(strange) = columns.iter().find(|name| !is_column(name)) {
        return Err(Refusal::invalid(
            "parameters[columns]",
            format!("Invalid column: {strange}."),
        ));
    }
    if !columns.is_empty() {
        keep("columns", json!(columns));
    }
    if let Some(zone) = told.text("timezone")? {
        TimeZone::get(zone).map_err(|_| {
            Refusal::invalid("parameters[timezone]", format!("Invalid timezone: {zone}."))
        })?;
        keep("timezone", json!(zone));
    }
    for name in ["currency", "payout", "reporting_category"] {
        if let Some(text) = told.text(name)? {
            keep(name, json!(text));
        }
    }
    if report_type.starts_with(BY_PAYOUT) {
        let id = told.need("payout")?;
        if !ledger
            .stripe()
            .payouts()
            .iter()
            .any(|payout| payout.id == id)
        {
            return Err(Refusal::no_such("payout", id));
        }
    } else {
        told.need("interval_start")?;
        told.need("interval_end")?;
        let (from, to) = (
            told.number("interval_start")?.unwrap_or(0),
            told.number("interval_end")?.unwrap_or(0),
        );
        let has_data = from >= seconds(data_from_ms(ledger)) && to <= seconds(cx.now_ms);
        if from >= to || !has_data {
            let message = format!(
                "The interval must begin before it ends and lie between {} and {}.",
                seconds(data_from_ms(ledger)),
                seconds(cx.now_ms)
            );
            return Err(Refusal::invalid("parameters[interval_start]", message));
        }
        keep("interval_start", json!(from));
        keep("interval_end", json!(to));
    }
    let tail = cx.world.chance.letters(23);
    let report = StripeReport {
        id: format!("frr_1{tail}"),
        file: format!("file_1{tail}"),
        report_type,
        parameters,
        created_ms: cx.now_ms,
        ready_ms: cx.now_ms.saturating_add(WRITING_MS),
    };
    let body = written(cx, ledger, &report);
    ledger.tell_stripe(StripeEvent::Report(report))?;
    Ok((body, Carriage::Prompt))
}

fn written(cx: &Cx<'_>, ledger: &Ledger, report: &StripeReport) -> Value {
    let is_ready = report.ready_ms <= cx.now_ms;
    json!({
        "id": report.id,
        "object": "reporting.report_run",
        "created": seconds(report.created_ms),
        "error": null,
        "livemode": false,
        "parameters": report.parameters,
        "report_type": report.report_type,
        "result": is_ready.then(|| file(cx, ledger, report)),
        "status": if is_ready { "succeeded" } else { "pending" },
        "succeeded_at": is_ready.then(|| seconds(report.ready_ms)),
    })
}

fn file(cx: &Cx<'_>, ledger: &Ledger, report: &StripeReport) -> Value {
    json!({
        "id": report.file,
        "object": "file",
        "created": seconds(report.ready_ms),
        "expires_at": seconds(report.ready_ms.saturating_add(365 * 86_400_000)),
        "filename": format!("{}.csv", report.id),
        "links": { "object": "list", "data": [], "has_more": false, "url": format!("/v1/file_links?file={}", report.file) },
        "purpose": "finance_report_run",
        "size": table(cx, ledger, report).len(),
        "title": format!("FinanceReportRun {}", report.id),
        "type": "csv",
        "url": format!("http://{}/v1/files/{}/contents", cx.host, report.file),
    })
}

fn ready<'a>(
    cx: &Cx<'_>,
    ledger: &'a Ledger,
    is_it: impl Fn(&StripeReport) -> bool,
) -> Option<&'a StripeReport> {
    let mut reports = ledger.stripe().reports().iter();
    reports.find(|report| is_it(report) && report.ready_ms <= cx.now_ms)
}

pub(super) fn one(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    let found = ledger
        .stripe()
        .reports()
        .iter()
        .find(|report| report.id == id)?;
    Some(written(cx, ledger, found))
}

pub(super) fn file_of(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Option<Value> {
    ready(cx, ledger, |report| report.file == id).map(|report| file(cx, ledger, report))
}

pub(super) fn contents(cx: &Cx<'_>, ledger: &Ledger, id: &str) -> Result<Vec<u8>, Refusal> {
    let found = ready(cx, ledger, |report| report.file == id);
    let report = found.ok_or_else(|| Refusal::no_such("file", id))?;
    Ok(table(cx, ledger, report).into_bytes())
}

pub(super) fn list(cx: &Cx<'_>, ledger: &Ledger, params: &Params) -> Result<Value, Refusal> {
    only(params, &[])?;
    let reports = ledger.stripe().reports().iter().rev();
    let members = reports.map(|report| -> Member<'_> {
        (
            report.id.clone(),
            report.created_ms,
            Box::new(move || written(cx, ledger, report)),
        )
    });
    page("/v1/reporting/report_runs", params, members.collect())
}

fn text_of<'a>(report: &'a StripeReport, name: &str) -> Option<&'a str> {
    report.parameters.get(name)?.as_str()
}

/// The file: a line of names, then one for each movement; quotes as in RFC 4180.
fn table(cx: &Cx<'_>, ledger: &Ledger, report: &StripeReport) -> String {
    let asked = report.parameters.get("columns").and_then(Value::as_array);
    let asked = asked.map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    let of_payouts = report.report_type.starts_with(PAYOUTS);
    let usual = || {
        if of_payouts {
            OF_PAYOUTS.to_vec()
        } else {
            USUAL.to_vec()
        }
    };
    let columns = asked.unwrap_or_else(usual);
    let zone = text_of(report, "timezone")
        .and_then(|name| TimeZone::get(name).ok())
        .unwrap_or(TimeZone::UTC);
    let row = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        cells.join(",") + "\n"
    };
    let mut text = row(columns.iter().map(|name| (*name).to_owned()).collect());
    if of_payouts {
        for payout in ledger
            .stripe()
            .payouts()
            .iter()
            .filter(|it| is_within(report, it.created_ms, it.currency))
        {
            text += &row(columns
                .iter()
                .map(|name| cell_of_payout(cx, payout, name, &zone))
                .collect());
        }
        return text;
    }
    for line in lines_of(ledger, report, cx.now_ms) {
        text += &row(columns
            .iter()
            .map(|name| cell(ledger, &line, name, &zone))
            .collect());
    }
    text
}

fn is_within(report: &StripeReport, at_ms: i64, currency: Currency) -> bool {
    let limit = |name: &str| report.parameters.get(name).and_then(Value::as_i64);
    let at = seconds(at_ms);
    limit("interval_start").is_none_or(|from| at >= from)
        && limit("interval_end").is_none_or(|to| at < to)
        && text_of(report, "currency").is_none_or(|code| code.eq_ignore_ascii_case(currency.code()))
}

fn lines_of(ledger: &Ledger, report: &StripeReport, now_ms: i64) -> Vec<BalanceLine> {
    let category = text_of(report, "reporting_category");
    let payout = text_of(report, "payout");
    let mut lines = ledger.balance_lines();
    lines.retain(|line| {
        if line.at_ms > now_ms || category.is_some_and(|category| names(ledger, line).1 != category)
        {
            return false;
        }
        let is_payout = matches!(
            line.source,
            LineSource::Payout(_) | LineSource::PayoutFailed(_)
        );
        if report.report_type.starts_with(ACTIVITY) {
            return !is_payout && is_within(report, line.at_ms, line.currency);
        }
        // What is in payouts, by the day of the payout.
        let is_own = matches!(line.source, LineSource::Payout(_));
        let own = payout_of(ledger, line).filter(|_| !is_own);
        own.is_some_and(|own| {
            payout.is_none_or(|id| own.id == id) && is_within(report, own.created_ms, line.currency)
        })
    });
    lines
}

fn moment(at_ms: i64, zone: &TimeZone) -> String {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    instant
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn trade_of<'a>(ledger: &'a Ledger, line: &BalanceLine) -> Option<&'a Trade> {
    match &line.source {
        LineSource::Charge(key)
        | LineSource::Dispute(key, _)
        | LineSource::DisputeBack(key, _)
        | LineSource::Refund(key, _)
        | LineSource::RefundFailed(key, _) => ledger.find(key),
        LineSource::Payout(_) | LineSource::PayoutFailed(_) => None,
    }
}

/// What the merchant wrote to the refund that a line is about.
fn refund_told(trade: Option<&Trade>, line: &BalanceLine, key: &str) -> Option<String> {
    let (LineSource::Refund(_, number) | LineSource::RefundFailed(_, number)) = &line.source else {
        return None;
    };
    let refund = trade?.refunds.iter().find(|it| it.refund_no == *number)?;
    refund.stripe.as_ref()?.metadata.get(key).cloned()
}

fn cell(ledger: &Ledger, line: &BalanceLine, name: &str, zone: &TimeZone) -> String {
    let utc = TimeZone::UTC;
    let trade = trade_of(ledger, line);
    let terms = trade.map(terms_of);
    let method = trade
        .zip(terms.as_ref())
        .map(|(trade, terms)| method_of(trade, terms));
    let paid_ms = trade.and_then(|trade| trade.paid_ms());
    let payout = payout_of(ledger, line);
    if let Some(key) = name
        .strip_prefix("payment_metadata[")
        .and_then(|key| key.strip_suffix(']'))
    {
        return terms
            .and_then(|terms| terms.metadata.get(key).cloned())
            .unwrap_or_default();
    }
    if let Some(key) = name
        .strip_prefix("refund_metadata[")
        .and_then(|key| key.strip_suffix(']'))
    {
        return refund_told(trade, line, key).unwrap_or_default();
    }
    let code = || line.currency.code().to_lowercase();
    match name {
        "automatic_payout_effective_at" => payout.map(|it| moment(it.arrival_ms, zone)),
        "automatic_payout_effective_at_utc" => payout.map(|it| moment(it.arrival_ms, &utc)),
        "automatic_payout_id" => payout.map(|it| it.id.clone()),
        "available_on" => Some(moment(line.available_ms, zone)),
        "available_on_utc" => Some(moment(line.available_ms, &utc)),
        "balance_transaction_id" => Some(line.id.clone()),
        "card_brand" => method.map(|method| method.brand),
        "charge_created" => paid_ms.map(|at_ms| moment(at_ms, zone)),
        "charge_created_utc" => paid_ms.map(|at_ms| moment(at_ms, &utc)),
        "charge_id" => trade.map(|trade| charge_id(trade, None)),
        "created" => Some(moment(line.at_ms, zone)),
        "created_utc" => Some(moment(line.at_ms, &utc)),
        "currency" | "customer_facing_currency" => Some(code()),
        "customer_facing_amount" | "gross" => Some(major(line.currency, line.amount)),
        "description" => Some(description(ledger, line)),
        "dispute_reason" => match &line.source {
            LineSource::Dispute(_, id) | LineSource::DisputeBack(_, id) => trade
                .and_then(|trade| trade.refunds.iter().find(|it| it.refund_no == *id))
                .and_then(|it| it.reason.clone()),
            _ => None,
        },
        "fee" => Some(major(line.currency, line.fee)),
        "net" => Some(major(line.currency, line.net())),
        "payment_intent_id" => trade.map(|trade| trade.trade_no.clone()),
        "payment_method_type" => method.map(|method| method.kind),
        "reporting_category" => Some(names(ledger, line).1.to_owned()),
        "source_id" => Some(source_id(ledger, line)),
        "statement_descriptor" => terms.and_then(|terms| terms.statement_descriptor),
        _ => None,
    }
    .unwrap_or_default()
}

fn cell_of_payout(cx: &Cx<'_>, payout: &StripePayout, name: &str, zone: &TimeZone) -> String {
    match name {
        "currency" => payout.currency.code().to_lowercase(),
        "effective_at" => moment(payout.arrival_ms, zone),
        "effective_at_utc" => moment(payout.arrival_ms, &TimeZone::UTC),
        "fee" => major(payout.currency, crate::ledger::Fen::ZERO),
        "gross" | "net" => major(payout.currency, payout.amount),
        "payout_id" => payout.id.clone(),
        "payout_status" => super::balance::payout_status(cx, payout).to_owned(),
        "trace_id" => {
            let told = super::balance::payout(cx, payout);
            told.pointer("/trace_id/value")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        }
        _ => String::new(),
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
