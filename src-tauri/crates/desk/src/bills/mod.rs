//! A channel's bill against our books: fetched or given as a file, looked at, then imported.
//!
//! A bill never moves a payment: what differs is shown, and asked of the channel. Nothing is kept before
//! the import.

mod compare;
mod flows;
mod lines;
mod looked;
mod opened;
mod reading;
mod runs;

pub use flows::FlowPreview;
pub(crate) use flows::FlowPreviews;
pub use opened::LookedAt;
pub use reading::ReadSoFar;
pub(crate) use reading::Reading;
pub use runs::{BILL_DAYS_MAX, BillRun, FailedBill};

use crate::{
    Desk, DeskError,
    ports::{
        Actor, BillFile, BillOrigin, BillRow, BillSource, BytesSource, ComparedAgain, DaySummary,
        EventKind, KeptBill, KeptDifference, Layout, NewBill, NewBillFile,
    },
    shop::Account,
};
use lines::Lines;
use looked::working;
use paydesk_channels::{
    BillAnswer, BillFault, BillLink, BillText, Bills, Channel, Cx, NextAction, WireRequest,
};
use paydesk_domain::{
    AccountId, BillKind, ChannelDay, ChannelId, DayCut, LineState, Outcome, Timestamp, Totals,
};
use paydesk_recon::Setting;
use paydesk_signing::WireReply;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

/// Exchanges of one question for a bill: what there is, what is to be made, and how far it is.
const LINK_EXCHANGES_MAX: usize = 4;

/// A bill of a busy day takes its time.
const FETCH_DEADLINE: Duration = Duration::from_secs(120);

/// A bill of which more lines than this do not agree beyond doubt is no bill of these books; each of them is held while
/// it is compared.
const LEFT_MAX: usize = 1_000_000;

/// Bills that were looked at and can be imported, at one time.
const PREVIEWS_MAX: usize = 16;

/// The bills that were looked at lately.
pub(crate) type Previews = VecDeque<Arc<Preview>>;

/// A bill that was read and compared, and not kept yet.
pub struct Preview {
    /// Whose bill.
    pub account: Account,
    /// Of which day.
    pub day: ChannelDay,
    /// Which file.
    pub kind: BillKind,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// What it was read from; none where the channel has no bill.
    pub file: Option<NewBillFile>,
    /// The same bill, if it was imported before.
    pub known: Option<KeptBill>,
    /// Its lines, which stand in the file.
    lines: Lines,
    /// Where they stand.
    pub layout: Layout,
    /// Those that took a second thought.
    pub rows: Vec<BillRow>,
    /// What differs, our lines without a line on the bill too.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.account.id.0, self.day, self.content_sha256
        )
    }
}

/// How a bill came, and the bytes it came as.
struct Came {
    origin: BillOrigin,
    name: String,
    source: Arc<dyn BillSource>,
    link: Option<BillLink>,
}

impl Desk {
    /// Fetches the bill of a day from its channel and compares it. A day without a bill is compared like an empty
    /// one, unless our books have nothing of it either.
    ///
    /// # Errors
    /// `BillEmpty`, `BillNotYet`, `BillTooEarly`, `BillBusy`, `BillRefused`, `BillUnreachable`, `Bill`; nothing was kept.
    pub async fn fetch_bill(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<Preview>, DeskError> {
        match self.fetch_if_any(account, day).await {
            Err(DeskError::BillEmpty) => {
                let preview = self.look_at_nothing(account, day).await?;
                if preview.differences.is_empty() {
                    return Err(DeskError::BillEmpty);
                }
                Ok(self.remember(preview))
            }
            fetched => fetched.map(|preview| self.remember(preview)),
        }
    }

    async fn fetch_if_any(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<Preview>, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        let (link, body) = self.fetched_file(&account, day, BillKind::Trade).await?;
        let ending = ending_of(&body);
        let came = Came {
            origin: BillOrigin::Fetched,
            name: format!("{}-{day}.{ending}", account.channel.0),
            source: Arc::new(BytesSource(body.into())),
            link: Some(link),
        };
        self.look_at(account, bills, Some(day), came).await
    }

    /// A bill's file from its channel, with what it was unpacked to.
    async fn fetched(
        &self,
        account: &Account,
        day: ChannelDay,
        kind: BillKind,
    ) -> Result<(BillText, Vec<u8>), DeskError> {
        let (_, _, bills) = self.bills_of(&account.id)?;
        let (link, body) = self.fetched_file(account, day, kind).await?;
        let text = bills.open(&body, Some(&link))?;
        text.expect_kind(kind)?;
        Ok((text, body))
    }

    async fn fetched_file(
        &self,
        account: &Account,
        day: ChannelDay,
        kind: BillKind,
    ) -> Result<(BillLink, Vec<u8>), DeskError> {
        let (_, channel, bills) = self.bills_of(&account.id)?;
        let link = self.bill_link(account, channel, bills, (day, kind)).await?;
        let request = self.with_keys(account, |cx| {
            bills
                .encode_file(&link, cx)
                .map_err(|_| DeskError::BillUnreachable)
        })?;
        let reply = self.fetch(account, channel, request).await?;
        if reply.status != 200 {
            return Err(DeskError::BillRefused(reply.status.to_string()));
        }
        Ok((link, reply.body))
    }

    /// A day of which the channel has no bill, against our books.
    pub(crate) async fn look_at_nothing(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<Preview>, DeskError> {
        let (account, ..) = self.bills_of(account)?;
        let currency = self.need_shop()?.currency;
        let lines = Lines::Held(Arc::new([]), Totals::zero(currency));
        let mut streamed = lines.streamed()?;
        let layout = std::mem::take(&mut streamed.layout);
        let compared = self.compared(&account, day, &lines, streamed).await?;
        let nothing = format!("{} {day}: nothing", account.id.0);
        let content_sha256 = crate::driver::hex(&Sha256::digest(nothing));
        let known = self.ports.store.bill_known(&account.id, &content_sha256);
        Ok(Arc::new(Preview {
            known: known.await?,
            account,
            day,
            kind: BillKind::Trade,
            content_sha256,
            origin: BillOrigin::Empty,
            file: None,
            lines,
            layout,
            rows: compared.rows,
            differences: compared.differences,
            summary: compared.summary,
        }))
    }

    /// A bill that was looked at lately.
    ///
    /// # Errors
    /// `PreviewGone` when too many others were looked at since.
    pub fn preview(&self, content_sha256: &str) -> Result<Arc<Preview>, DeskError> {
        let previews = self.previews.lock().map_err(|_| DeskError::PreviewGone)?;
        let mut newest_first = previews.iter().rev();
        newest_first
            .find(|preview| preview.content_sha256 == content_sha256)
            .cloned()
            .ok_or(DeskError::PreviewGone)
    }

    fn remember(&self, preview: Arc<Preview>) -> Arc<Preview> {
        if let Ok(mut previews) = self.previews.lock() {
            previews.retain(|it: &Arc<Preview>| it.content_sha256 != preview.content_sha256);
            previews.push_back(Arc::clone(&preview));
            while previews.len() > PREVIEWS_MAX {
                previews.pop_front();
            }
        }
        preview
    }

    /// Keeps the bill that was looked at. The same bill again is the one that is kept already.
    ///
    /// # Errors
    /// `PreviewGone`, `BillStopped`, and the store's: then nothing was kept.
    pub async fn import_bill(&self, content_sha256: &str) -> Result<KeptBill, DeskError> {
        let preview = self.preview(content_sha256)?;
        let reading = self.begin_reading();
        let kept = self.keep_bill(&preview, self.actor(), self.operator_name());
        reading.verdict(kept.await)
    }

    /// Keeps a bill that was compared, in somebody's name.
    pub(crate) async fn keep_bill(
        &self,
        preview: &Preview,
        actor: Actor,
        by: String,
    ) -> Result<KeptBill, DeskError> {
        let store = &self.ports.store;
        let known = store
            .bill_known(&preview.account.id, &preview.content_sha256)
            .await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let body = json!({
            "account": preview.account.id,
            "channel": preview.account.channel,
            "day": preview.day,
            "content_sha256": preview.content_sha256,
            "origin": preview.origin,
            "summary": preview.summary,
        });
        let event = self.shop_event(EventKind::BillImported, actor, body)?;
        let bill = NewBill {
            account: preview.account.id.clone(),
            channel: preview.account.channel.clone(),
            day: preview.day,
            kind: preview.kind,
            content_sha256: preview.content_sha256.clone(),
            origin: preview.origin.clone(),
            layout: preview.file.is_some().then(|| preview.layout.clone()),
            file: preview.file.clone(),
            rows: preview.rows.clone(),
            differences: preview.differences.clone(),
            summary: preview.summary.clone(),
            event,
            by,
        };
        let kept = store.import_bill(bill).await?;
        self.tell_status();
        Ok(kept)
    }

    /// Compares a kept bill with our books as they are now: the channel may have said more since.
    ///
    /// # Errors
    /// `BillEmpty` when no bill of that day is kept; the store's: then the comparison before stands.
    pub async fn compare_again(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<KeptBill, DeskError> {
        let (account, ..) = self.bills_of(account)?;
        let store = &self.ports.store;
        let kept = store.bills(&account.id, day, day).await?;
        let mut kept = kept.into_iter().next().ok_or(DeskError::BillEmpty)?;
        let lines = self.kept_lines(&kept).await?.0;
        let streamed = working(|| lines.streamed())?;
        let compared = self.compared(&account, day, &lines, streamed).await?;
        let body = json!({
            "account": kept.account,
            "channel": kept.channel,
            "day": day,
            "content_sha256": kept.content_sha256,
            "summary": compared.summary,
        });
        kept.summary = compared.summary.clone();
        let again = ComparedAgain {
            bill: kept.id,
            day,
            rows: compared.rows,
            differences: compared.differences,
            summary: compared.summary,
            event: self.shop_event(EventKind::BillCompared, self.actor(), body)?,
        };
        store.worklist().compare_again(again).await?;
        self.tell_status();
        Ok(kept)
    }

    /// Whether a bill that is not there will never come: another day's is due by now, and our books have nothing of
    /// this one.
    async fn is_nothing(
        &self,
        account: &Account,
        bills: &dyn Bills,
        (day, kind): (ChannelDay, BillKind),
    ) -> Result<bool, DeskError> {
        let newest = runs::newest_bill(self.now(), bills.calendar().ready_hour);
        let is_overdue = kind == BillKind::Trade && newest.is_some_and(|newest| newest > day);
        Ok(is_overdue && !self.has_trade(account, day).await?)
    }

    /// Whether our books have anything of an account on a day.
    pub(crate) async fn has_trade(
        &self,
        account: &Account,
        day: ChannelDay,
    ) -> Result<bool, DeskError> {
        let setting =
            Setting::of(day, cut_of(&account.channel), None).ok_or(BillFault::WrongDay(day))?;
        let mut has_any = false;
        let mut each = |rows: &[crate::ports::BookedRow]| {
            has_any |= rows.iter().any(|row| row.state != LineState::Failed);
        };
        let store = &self.ports.store;
        store
            .booked_rows(&account.id, setting.starts, setting.ends, &mut each)
            .await?;
        Ok(has_any)
    }

    fn bills_of(
        &self,
        account: &AccountId,
    ) -> Result<(Account, &'static dyn Channel, &'static dyn Bills), DeskError> {
        let missing = || DeskError::ChannelNotConnected(account.0.clone());
        let account = self
            .need_shop()?
            .account(account)
            .cloned()
            .ok_or_else(missing)?;
        let channel = paydesk_channels::by_id(&account.channel.0).ok_or_else(missing)?;
        let bills = channel.bills().ok_or_else(missing)?;
        Ok((account, channel, bills))
    }

    fn with_keys<T>(
        &self,
        account: &Account,
        act: impl FnOnce(&Cx<'_>) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let keys = self.ports.vault.keys(&account.id);
        let keys = keys.map_err(|_| DeskError::KeysLocked)?;
        act(&Cx {
            keys: keys.as_ref(),
            account: &account.settings(),
            now: self.now(),
            nonce: self.ports.ids.nonce(),
        })
    }

    async fn fetch(
        &self,
        account: &Account,
        channel: &dyn Channel,
        request: WireRequest,
    ) -> Result<WireReply, DeskError> {
        let scope = crate::driver::scope(account, channel);
        let sent = self
            .ports
            .network
            .send(request, scope, FETCH_DEADLINE)
            .await;
        sent.map_err(|_| DeskError::BillUnreachable)
    }

    async fn bill_link(
        &self,
        account: &Account,
        channel: &'static dyn Channel,
        bills: &'static dyn Bills,
        (day, kind): (ChannelDay, BillKind),
    ) -> Result<BillLink, DeskError> {
        let mut told = None;
        for _ in 0..LINK_EXCHANGES_MAX {
            let request = self.with_keys(account, |cx| {
                match &told {
                    None => bills.encode_link(day, kind, cx),
                    Some(told) => bills.encode_further(day, kind, told, cx),
                }
                .map_err(|_| DeskError::BillUnreachable)
            })?;
            let operation = request.operation;
            let reply = self.fetch(account, channel, request).await?;
            let proof = self.with_keys(account, |cx| {
                let named = crate::driver::named_key(channel, &reply);
                channel
                    .authenticate(operation, reply, cx)
                    .map_err(|forged| {
                        self.note_forged(&account.id, forged, named);
                        DeskError::BillUnreachable
                    })
            })?;
            match bills.further_link(day, kind, told.as_ref(), &proof) {
                Some(further) => told = Some(further),
                None => {
                    let question = (bills, (day, kind));
                    return self
                        .link_of(account, channel, question, bills.decode_link(&proof))
                        .await;
                }
            }
        }
        Err(DeskError::BillUnreachable)
    }

    /// The link that an answer gives.
    async fn link_of(
        &self,
        account: &Account,
        channel: &dyn Channel,
        (bills, about): (&'static dyn Bills, (ChannelDay, BillKind)),
        answer: Outcome<BillAnswer>,
    ) -> Result<BillLink, DeskError> {
        match answer {
            Outcome::Done(BillAnswer::Ready(link)) => Ok(link),
            Outcome::Done(BillAnswer::Empty) => Err(DeskError::BillEmpty),
            Outcome::Done(BillAnswer::Absent) if self.is_nothing(account, bills, about).await? => {
                Err(DeskError::BillEmpty)
            }
            Outcome::Done(BillAnswer::Absent | BillAnswer::NotYet) => Err(DeskError::BillNotYet),
            Outcome::Done(BillAnswer::Refused(code)) => Err(bill_refused(channel, code)),
            Outcome::Refused(refusal) => Err(bill_refused(channel, refusal.code)),
            Outcome::Unknown(_) => Err(DeskError::BillUnreachable),
        }
    }
}

/// What a file is called behind its dot, by its first bytes.
fn ending_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'P', b'K', ..] => "zip",
        [0x1f, 0x8b, ..] => "gz",
        _ => "csv",
    }
}

fn bill_file(name: String, bytes: &[u8]) -> Option<BillFile> {
    Some(BillFile {
        name,
        sha256: crate::driver::hex(&Sha256::digest(bytes)),
        bytes: bytes.into(),
    })
}

/// What a code about a bill asks for next.
fn bill_refused(channel: &dyn Channel, code: String) -> DeskError {
    match channel.meaning(&code).map(|meaning| meaning.next) {
        Some(NextAction::AskLater) => DeskError::BillNotYet,
        Some(NextAction::Nothing) => DeskError::BillEmpty,
        Some(NextAction::GiveUp) => DeskError::BillTooEarly,
        Some(NextAction::Query | NextAction::TryAgain | NextAction::Wait) => {
            DeskError::BillBusy(code)
        }
        Some(NextAction::AskPayer | NextAction::FixSetup) | None => DeskError::BillRefused(code),
    }
}

/// The day by the channels' clock, UTC+8.
#[must_use]
pub fn channel_day(at: Timestamp) -> Option<ChannelDay> {
    DayCut::MIDNIGHT.day_of(at)
}

/// When the days of a channel's bills begin; at midnight where there are none.
fn cut_of(channel: &ChannelId) -> DayCut {
    let channel = paydesk_channels::by_id(&channel.0);
    let bills = channel.and_then(paydesk_channels::Channel::bills);
    bills.map_or(DayCut::MIDNIGHT, |bills| bills.calendar().cut)
}
