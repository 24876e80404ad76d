//! A channel's bill against our books, from the screen's side.

use crate::{Console, coded, contract::*, invalid, refused, store_error};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_desk::{
    BillRun, Preview, ReadSoFar,
    ports::{
        BillOrigin, BillRow, BillSource, BytesSource, DaySummary, KeptBill, KeptDifference,
        ReadSeek, Verdict,
    },
    shop::Account,
};
use paydesk_domain::{
    AccountId, BillKind, BillLine, BookLine, ChannelDay, Counts, Explanation, LineKind, LineState,
    MerchantRef, Money, Totals,
};
use std::{fs, io, path::PathBuf, sync::Arc};

/// Differences and lines in one answer.
const ROWS_MAX: u32 = 200;

/// The largest file taken by what is in it; one that is named by its place may be larger.
const FILE_MAX: usize = 96 << 20;

impl Console {
    pub(crate) async fn reconcile_days(&self, args: DaysOf) -> Result<DayList, CommandError> {
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let accounts: Vec<BillAccount> = shop
            .accounts
            .iter()
            .filter(|account| paydesk_desk::has_bills(&account.channel.0))
            .map(bill_account)
            .collect();
        let account = args
            .account_id
            .or_else(|| accounts.first().map(|account| account.id.clone()))
            .ok_or_else(|| refused(ErrorCode::ChannelNotConnected))?;
        let today = paydesk_desk::channel_day(self.desk.now()).ok_or_else(|| invalid("day"))?;
        let days: Vec<ChannelDay> = std::iter::successors(Some(today), |day| day.previous())
            .take(usize::from(paydesk_desk::BILL_DAYS_MAX))
            .collect();
        let from = days.last().copied().unwrap_or(today);
        let kept = self
            .desk
            .ports()
            .store
            .bills(&AccountId(account.clone()), from, today)
            .await
            .map_err(store_error)?;
        let missing = self.desk.missing_bills(&AccountId(account.clone())).await;
        let missing = missing.map_err(coded)?;
        let of_account = AccountId(account.clone());
        let no_flow = self.desk.missing_flows(&of_account).await.map_err(coded)?;
        let flows = self.desk.ports().store.flows();
        let flows = flows.kept_flows(&of_account, from, today).await;
        let flows = flows.map_err(store_error)?;
        let days = days
            .into_iter()
            .map(|day| DayRow {
                day: day.to_string(),
                result: kept.iter().find(|bill| bill.day == day).map(kept_result),
                missing: missing.contains(&day),
                flow: flows.iter().any(|flow| flow.day == day),
                flow_missing: no_flow.contains(&day),
            })
            .collect();
        Ok(DayList {
            accounts,
            account_id: account,
            days,
            by_themselves: shop.fetches_bills(),
        })
    }

    pub(crate) async fn fetch_missing_bills(
        &self,
        args: AccountOf,
    ) -> Result<BillRunStatus, CommandError> {
        let account = AccountId(args.account_id);
        let run = self.desk.fetch_missing_bills(&account).await;
        let run = run.map_err(coded)?;
        Ok(BillRunStatus {
            run: Some(run_view(run)),
        })
    }

    pub(crate) async fn bill_run(&self, _args: NoArgs) -> Result<BillRunStatus, CommandError> {
        Ok(BillRunStatus {
            run: self.desk.bill_run().map(run_view),
        })
    }

    pub(crate) async fn stop_bill_run(&self, args: NoArgs) -> Result<BillRunStatus, CommandError> {
        self.desk.stop_bill_run();
        self.bill_run(args).await
    }

    pub(crate) async fn fetch_bill(&self, args: DayOf) -> Result<BillPreview, CommandError> {
        let day = channel_day(&args.day)?;
        let preview = self.desk.fetch_bill(&AccountId(args.account_id), day).await;
        Ok(preview_view(&*preview.map_err(coded)?))
    }

    pub(crate) async fn recognise_bill(
        &self,
        args: DroppedBill,
    ) -> Result<LookedFile, CommandError> {
        let (name, file) = given(args.file)?;
        let looked = self.desk.recognise_bill(&name, file).await;
        self.looked_file(&looked.map_err(coded)?).await
    }

    pub(crate) async fn open_bill(&self, args: OpenBill) -> Result<LookedFile, CommandError> {
        let day = args.day.as_deref().map(channel_day).transpose()?;
        let (name, file) = given(args.file)?;
        let account = AccountId(args.account_id);
        let looked = self.desk.open_bill(&account, day, &name, file).await;
        self.looked_file(&looked.map_err(coded)?).await
    }

    pub(crate) async fn bill_reading(&self, _args: NoArgs) -> Result<BillReading, CommandError> {
        let part = |it: ReadSoFar| ReadingView {
            permille: permille(it.bytes, it.of),
        };
        Ok(BillReading {
            reading: self.desk.bill_reading().map(part),
        })
    }

    pub(crate) async fn stop_bill_reading(
        &self,
        args: NoArgs,
    ) -> Result<BillReading, CommandError> {
        self.desk.stop_bill_reading();
        self.bill_reading(args).await
    }

    pub(crate) async fn bill_rows(&self, args: BillRowsOf) -> Result<BillRows, CommandError> {
        let limit = args.limit.min(ROWS_MAX);
        let (only, from) = (args.only_different, args.from);
        let page = match &args.of {
            BillName::LookedAt { preview } => self.desk.preview_rows(preview, only, from, limit),
            BillName::Kept { id } => {
                let id = id.parse().map_err(|_| invalid("id"))?;
                self.desk.kept_rows(id, only, from, limit).await
            }
        };
        let page = page.map_err(coded)?;
        Ok(BillRows {
            total: narrow(page.total),
            rows: page.rows.iter().map(bill_row).collect(),
        })
    }

    pub(crate) async fn import_bill(&self, args: PreviewId) -> Result<ReconciledDay, CommandError> {
        let preview = self.desk.preview(&args.preview).map_err(coded)?;
        let kept = self.desk.import_bill(&args.preview).await.map_err(coded)?;
        self.desk.ask_about(&preview);
        self.reconciled(&kept).await
    }

    pub(crate) async fn reconciled_day(&self, args: DayOf) -> Result<ReconciledDay, CommandError> {
        let day = channel_day(&args.day)?;
        let store = &self.desk.ports().store;
        let kept = store
            .bills(&AccountId(args.account_id), day, day)
            .await
            .map_err(store_error)?;
        let kept = kept.first().ok_or_else(|| refused(ErrorCode::BillEmpty))?;
        self.reconciled(kept).await
    }

    async fn reconciled(&self, kept: &KeptBill) -> Result<ReconciledDay, CommandError> {
        let store = &self.desk.ports().store;
        let differences = store.differences(kept.id).await.map_err(store_error)?;
        let lines = self.desk.kept_rows(kept.id, false, 0, 0);
        Ok(ReconciledDay {
            account_id: kept.account.0.clone(),
            day: kept.day.to_string(),
            bill: kept.id.to_string(),
            rows: narrow(lines.await.map_err(coded)?.total),
            result: kept_result(kept),
            differences: differences.iter().map(difference).collect(),
        })
    }
}

pub(crate) fn bill_account(account: &Account) -> BillAccount {
    BillAccount {
        id: account.id.0.clone(),
        channel: account.channel.0.clone(),
        name: account.name().to_owned(),
    }
}

/// A given file with its name.
fn given(file: GivenFile) -> Result<(String, Arc<dyn BillSource>), CommandError> {
    match file {
        GivenFile::Content { name, base64 } => {
            let bytes = file_of(&base64, ErrorCode::BillDropTooLarge)?;
            Ok((name, Arc::new(BytesSource(bytes.into()))))
        }
        GivenFile::Path { path } => {
            let path = PathBuf::from(path);
            let is_there = path.is_absolute() && path.is_file();
            let name = path.file_name().filter(|_| is_there);
            let name = name.ok_or_else(|| refused(ErrorCode::BillUnreadable))?;
            let name = name.to_string_lossy().into_owned();
            Ok((name, Arc::new(FileAt(path))))
        }
    }
}

/// How much of it was read; nothing of nothing is nothing.
fn permille(bytes: u64, of: u64) -> u16 {
    let part = bytes.saturating_mul(1000).checked_div(of).unwrap_or(0);
    u16::try_from(part.min(1000)).unwrap_or(1000)
}

/// A file on this machine.
struct FileAt(PathBuf);

impl BillSource for FileAt {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        Ok(Box::new(fs::File::open(&self.0)?))
    }

    fn version(&self) -> io::Result<String> {
        let about = fs::metadata(&self.0)?;
        Ok(format!("{} {:?}", about.len(), about.modified()?))
    }
}

pub(crate) fn channel_day(text: &str) -> Result<ChannelDay, CommandError> {
    let date: jiff::civil::Date = text.parse().map_err(|_| invalid("day"))?;
    Ok(ChannelDay::from_date(date))
}

pub(crate) fn narrow<N: TryInto<u32>>(count: N) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

pub(crate) fn file_of(base64: &str, too_large: ErrorCode) -> Result<Vec<u8>, CommandError> {
    if base64.len() > FILE_MAX / 3 * 4 {
        return Err(refused(too_large));
    }
    STANDARD.decode(base64).map_err(|_| invalid("file"))
}

fn run_view(run: BillRun) -> BillRunView {
    BillRunView {
        account_id: run.account.0,
        total: narrow(run.total),
        done: narrow(run.done),
        kept: narrow(run.kept),
        differences: narrow(run.differences),
        flows: narrow(run.flows),
        day: run.day.map(|day| day.to_string()),
        failed: run
            .failed
            .into_iter()
            .map(|failed| FailedBill {
                day: failed.day.to_string(),
                kind: match failed.kind {
                    BillKind::FundFlow => "fund_flow".to_owned(),
                    BillKind::Trade => "trade".to_owned(),
                },
                error: coded(failed.error),
            })
            .collect(),
        is_stopped: run.is_stopped,
        is_over: run.is_over,
    }
}

pub(crate) fn preview_view(preview: &Preview) -> BillPreview {
    let limit = usize::try_from(ROWS_MAX).unwrap_or(0);
    BillPreview {
        preview: preview.content_sha256.clone(),
        account_id: preview.account.id.0.clone(),
        day: preview.day.to_string(),
        rows: narrow(preview.layout.lines),
        known_since: preview.known.as_ref().map(|known| known.imported_at.0),
        result: result(&preview.summary, None, String::new(), &preview.origin),
        differences: preview
            .differences
            .iter()
            .take(limit)
            .map(difference)
            .collect(),
    }
}

pub(crate) fn kept_result(kept: &KeptBill) -> DayResult {
    result(
        &kept.summary,
        Some(kept.imported_at.0),
        kept.by.clone(),
        &kept.origin,
    )
}

fn result(
    summary: &DaySummary,
    imported_at: Option<i64>,
    by: String,
    origin: &BillOrigin,
) -> DayResult {
    DayResult {
        matched: narrow(summary.matched),
        differences: narrow(summary.differences),
        bill: side(&summary.bill),
        books: side(&summary.books),
        imported_at,
        by,
        file: match origin {
            BillOrigin::Empty | BillOrigin::Fetched => String::new(),
            BillOrigin::File { name } => name.clone(),
        },
        is_empty: *origin == BillOrigin::Empty,
    }
}

pub(crate) fn side(totals: &Totals) -> SideTotals {
    let net = totals
        .paid
        .checked_sub(totals.refunded)
        .and_then(|left| left.checked_sub(totals.fee))
        .unwrap_or(totals.paid);
    SideTotals {
        payments: narrow(totals.payments),
        paid: totals.paid.into(),
        refunds: narrow(totals.refunds),
        refunded: totals.refunded.into(),
        fee: totals.fee.into(),
        net: net.into(),
    }
}

pub(crate) fn difference(kept: &KeptDifference) -> DifferenceView {
    let value = match &kept.explanation {
        Explanation::FeeRateDiffers { implied, .. } => implied.millionths().to_string(),
        Explanation::HappenedNearMidnight { seconds } => seconds.to_string(),
        Explanation::RepeatedRow { first_row } => first_row.to_string(),
        Explanation::ReferenceMangled { damage } => damage.name().to_owned(),
        Explanation::SumOfSeveral { lines, .. } => lines.to_string(),
        Explanation::FeeFollowsAmount { .. }
        | Explanation::InDoubtWhenCut
        | Explanation::NotAPaydeskNumber
        | Explanation::RoundingPerLine { .. }
        | Explanation::Unexplained => String::new(),
    };
    DifferenceView {
        code: kept.found.code.name().to_owned(),
        why: kept.explanation.name().to_owned(),
        value,
        bill: kept.found.bill.as_ref().map(bill_line),
        book: kept.found.book.as_ref().map(book_line),
        difference: kept.found.difference.map(MoneyView::from),
        terms: terms(kept),
    }
}

fn terms(kept: &KeptDifference) -> Vec<TermView> {
    let counts = Counts {
        bill: kept.counts_bill,
        book: kept.counts_book,
    };
    let terms = kept.explanation.arithmetic(&kept.found, counts);
    (terms.into_iter())
        .map(|term| TermView {
            name: term.name.name().to_owned(),
            amount: term.amount.into(),
            base: term.fee.map(|fee| fee.base.into()),
            rate_millionths: term.fee.map(|fee| fee.rate.millionths()),
            rounding: (term.fee).map_or_else(String::new, |fee| fee.rounding.name().to_owned()),
        })
        .collect()
}

fn bill_row(row: &BillRow) -> BillRowView {
    BillRowView {
        line: bill_line(&row.line),
        verdict: match row.verdict {
            Verdict::Agrees => "agrees".to_owned(),
            Verdict::Differs(code) => code.name().to_owned(),
        },
    }
}

fn order_of(reference: &str) -> Option<String> {
    let reference = MerchantRef::parse(reference).ok()?;
    Some(reference.order().to_string())
}

fn kind(kind: LineKind) -> String {
    match kind {
        LineKind::Payment => "payment".to_owned(),
        LineKind::Refund => "refund".to_owned(),
    }
}

fn state(state: LineState) -> String {
    match state {
        LineState::Done => "done".to_owned(),
        LineState::Failed => "failed".to_owned(),
        LineState::Pending => "pending".to_owned(),
    }
}

pub(crate) fn bill_line(line: &BillLine) -> SideLine {
    SideLine {
        row: narrow(line.row),
        kind: kind(line.kind),
        reference: line.reference().to_owned(),
        order_id: order_of(&line.payment),
        transaction: line.transaction.clone(),
        amount: line.amount.into(),
        fee: Some(line.fee.into()),
        at: line.at.0,
        state: state(line.state),
    }
}

fn book_line(line: &BookLine) -> SideLine {
    SideLine {
        row: 0,
        kind: kind(line.kind),
        reference: line.reference().to_owned(),
        order_id: order_of(&line.payment),
        transaction: line.transaction.clone().unwrap_or_default(),
        amount: line.amount.into(),
        fee: line.fee.map(|fee: Money| fee.into()),
        at: line.at.0,
        state: state(line.state),
    }
}
