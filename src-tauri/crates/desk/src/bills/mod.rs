//! A channel's bill against our books: fetched or given as a file, looked at, then imported.
//!
//! A bill never moves a payment: what differs is shown, and asked of the channel. Nothing is kept before
//! the import.

mod compare;
mod flows;
mod opened;
mod runs;

pub use flows::FlowPreview;
pub(crate) use flows::FlowPreviews;
pub use opened::LookedAt;
pub use runs::{BILL_DAYS_MAX, BillRun, FailedBill};

use crate::{
    Desk, DeskError,
    ports::{
        Actor, BillFile, BillOrigin, BillRow, Booked, ComparedAgain, DaySummary, EventKind,
        KeptBill, KeptDifference, NewBill,
    },
    shop::Account,
};
use compare::{Compared, book_lines, compare, day_of_bill};
use paydesk_channels::{
    AccountSettings, BillAnswer, BillFault, BillLink, BillText, Bills, Channel, Cx, NextAction,
    WireRequest,
};
use paydesk_domain::{
    AccountId, BillKind, BillLine, ChannelDay, MerchantRef, Outcome, Payment, Timestamp, Totals,
};
use paydesk_recon::Setting;
use paydesk_signing::WireReply;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

/// A payment that began so long before the day may still have been paid on it.
const BEFORE: i64 = 24 * 60 * 60 * 1000;

/// A bill of a busy day takes its time.
const FETCH_DEADLINE: Duration = Duration::from_secs(120);

/// Rows of a neighbouring bill that are read at once.
const PAGE_ROWS: u32 = 20_000;

/// Bills that were looked at and can be imported, at one time.
const PREVIEWS_MAX: usize = 16;

/// The bills that were looked at lately.
pub(crate) type Previews = VecDeque<Arc<Preview>>;

/// A bill that was read and compared, and not kept yet.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    pub file: Option<BillFile>,
    /// The same bill, if it was imported before.
    pub known: Option<KeptBill>,
    /// Its lines.
    pub rows: Vec<BillRow>,
    /// What differs, our lines without a line on the bill too.
    pub differences: Vec<KeptDifference>,
    /// The day in numbers.
    pub summary: DaySummary,
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
        let (text, bytes) = self.fetched(&account, day, BillKind::Trade).await?;
        let ending = ending_of(&bytes);
        let file = bill_file(format!("{}-{day}.{ending}", account.channel.0), &bytes);
        self.look_at(account, bills, Some(day), text, (BillOrigin::Fetched, file))
            .await
    }

    /// A bill's file from its channel, with what it was unpacked to.
    async fn fetched(
        &self,
        account: &Account,
        day: ChannelDay,
        kind: BillKind,
    ) -> Result<(BillText, Vec<u8>), DeskError> {
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
        let text = bills.open(&reply.body, Some(&link))?;
        text.expect_kind(kind)?;
        Ok((text, reply.body))
    }

    /// A day of which the channel has no bill, against our books.
    pub(crate) async fn look_at_nothing(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<Preview>, DeskError> {
        let (account, ..) = self.bills_of(account)?;
        let currency = self.need_shop()?.currency;
        let compared = self
            .compared(&account, day, Vec::new(), Totals::zero(currency))
            .await?;
        let nothing = format!("{} {day}: nothing", account.id.0);
        let content_sha256 = crate::driver::hex(&Sha256::digest(nothing));
        self.previewed(
            account,
            day,
            BillKind::Trade,
            content_sha256,
            (BillOrigin::Empty, None),
            compared,
        )
        .await
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
    /// `PreviewGone`, and the store's: then nothing was kept.
    pub async fn import_bill(&self, content_sha256: &str) -> Result<KeptBill, DeskError> {
        let preview = self.preview(content_sha256)?;
        self.keep_bill(&preview, self.actor(), self.operator_name())
            .await
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
        let rows = store.bill_rows(kept.id, false, 0, u32::MAX).await?.rows;
        let lines = rows.into_iter().map(|row| row.line).collect();
        let file = kept.summary.bill;
        let compared = self.compared(&account, day, lines, file).await?;
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

    /// Whether our books have anything of an account on a day.
    pub(crate) async fn has_trade(
        &self,
        account: &Account,
        day: ChannelDay,
    ) -> Result<bool, DeskError> {
        let none = Totals::zero(self.need_shop()?.currency);
        let compared = self.compared(account, day, Vec::new(), none).await?;
        Ok(!compared.differences.is_empty())
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
            account: &settings(account),
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
        let request = self.with_keys(account, |cx| {
            bills
                .encode_link(day, kind, cx)
                .map_err(|_| DeskError::BillUnreachable)
        })?;
        let operation = request.operation;
        let reply = self.fetch(account, channel, request).await?;
        let answer = self.with_keys(account, |cx| {
            let named = crate::driver::named_key(channel, &reply);
            let proof = channel
                .authenticate(operation, reply, cx)
                .map_err(|forged| {
                    self.note_forged(&account.id, forged, named);
                    DeskError::BillUnreachable
                })?;
            Ok(bills.decode_link(&proof))
        })?;
        match answer {
            Outcome::Done(BillAnswer::Ready(link)) => Ok(link),
            Outcome::Done(BillAnswer::Empty) => Err(DeskError::BillEmpty),
            Outcome::Done(BillAnswer::NotYet) => Err(DeskError::BillNotYet),
            Outcome::Done(BillAnswer::Refused(code)) => Err(bill_refused(channel, code)),
            Outcome::Refused(refusal) => Err(bill_refused(channel, refusal.code)),
            Outcome::Unknown(_) => Err(DeskError::BillUnreachable),
        }
    }

    async fn look_at(
        &self,
        account: Account,
        bills: &'static dyn Bills,
        asked: Option<ChannelDay>,
        text: BillText,
        came: (BillOrigin, Option<BillFile>),
    ) -> Result<Arc<Preview>, DeskError> {
        text.expect_kind(BillKind::Trade)?;
        let mut lines = Vec::new();
        let file = bills.read(&text, &settings(&account), &mut |line| lines.push(line))?;
        let day = day_of_bill(asked, text.day, &lines)?;
        let compared = self.compared(&account, day, lines, file).await?;
        self.previewed(account, day, text.kind, text.content_sha256, came, compared)
            .await
    }

    /// The lines of a bill against our books of its day.
    async fn compared(
        &self,
        account: &Account,
        day: ChannelDay,
        lines: Vec<BillLine>,
        file: Totals,
    ) -> Result<Compared, DeskError> {
        let contract = account.contract_on(day);
        let setting = Setting::of_china(day, contract).ok_or(BillFault::WrongDay(day))?;
        let from = Timestamp(setting.starts.0 - 2 * BEFORE);
        let to = Timestamp(setting.ends.0 + BEFORE);
        let mut booked = self.ports.store.booked(&account.channel, from, to).await?;
        self.add_named(&mut booked, &lines).await?;
        let returns_fee = paydesk_channels::by_id(&account.channel.0)
            .and_then(|channel| channel.profile().refund_returns_fee);
        let books = book_lines(&booked, account, returns_fee, &setting);
        let found = compare(setting, lines, books.clone(), file, &[])?;
        if !found.misses_ours() {
            return Ok(found);
        }
        let others = self.neighbours(account, &setting).await?;
        if others.is_empty() {
            return Ok(found);
        }
        let lines = found.rows.into_iter().map(|row| row.line).collect();
        compare(setting, lines, books, file, &others)
    }

    /// The lines of the kept bills of the day before and of the day after.
    async fn neighbours(
        &self,
        account: &Account,
        setting: &Setting,
    ) -> Result<Vec<(ChannelDay, BillLine)>, DeskError> {
        let mut lines = Vec::new();
        let beside = [setting.day.previous(), setting.day.next()];
        for day in beside.into_iter().flatten() {
            let kept = self.ports.store.bills(&account.id, day, day).await?;
            for bill in kept {
                let mut from = 0;
                loop {
                    let page = self.ports.store.bill_rows(bill.id, false, from, PAGE_ROWS);
                    let rows = page.await?.rows;
                    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                    lines.extend(rows.into_iter().map(|row| (day, row.line)));
                    if count < PAGE_ROWS {
                        break;
                    }
                    from = from.saturating_add(count);
                }
            }
        }
        Ok(lines)
    }

    async fn previewed(
        &self,
        account: Account,
        day: ChannelDay,
        kind: BillKind,
        content_sha256: String,
        (origin, file): (BillOrigin, Option<BillFile>),
        compared: Compared,
    ) -> Result<Arc<Preview>, DeskError> {
        let known = self
            .ports
            .store
            .bill_known(&account.id, &content_sha256)
            .await?;
        Ok(Arc::new(Preview {
            account,
            day,
            kind,
            content_sha256,
            origin,
            file,
            known,
            rows: compared.rows,
            differences: compared.differences,
            summary: compared.summary,
        }))
    }
}

impl Desk {
    /// Our side of lines that name a payment of this device and that no time of ours led to: it was begun
    /// while this machine's clock was wrong.
    async fn add_named(&self, booked: &mut Booked, lines: &[BillLine]) -> Result<(), DeskError> {
        let device = self.ports.store.device().id;
        let refunds = booked.refunds.iter().map(|(refund, _)| refund.reference());
        let payments = booked.payments.iter().map(Payment::reference);
        let known: BTreeSet<MerchantRef> = payments.chain(refunds).cloned().collect();
        let is_known = |reference: &MerchantRef| known.contains(reference);
        let named: BTreeSet<MerchantRef> = lines
            .iter()
            .filter(|line| {
                let named = MerchantRef::parse(line.reference());
                !named.is_ok_and(|named| is_known(&named))
            })
            .filter_map(|line| MerchantRef::parse(&line.payment).ok())
            .filter(|reference| reference.order().device() == device)
            .collect();
        for reference in named {
            let Some(order) = self.ports.store.load(&reference.order()).await? else {
                continue;
            };
            let Some(payment) = order.payment(&reference) else {
                continue;
            };
            let refunds = order.refunds_of(&reference);
            let refunds = refunds.filter(|refund| !is_known(refund.reference()));
            booked
                .refunds
                .extend(refunds.map(|refund| (refund.clone(), payment.clone())));
            if !is_known(&reference) {
                booked.payments.push(payment.clone());
            }
        }
        Ok(())
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

fn settings(account: &Account) -> AccountSettings {
    AccountSettings {
        gateway: account.gateway.clone(),
        fields: account.fields.clone(),
    }
}

/// The day by the channels' clock, UTC+8.
#[must_use]
pub fn channel_day(at: Timestamp) -> Option<ChannelDay> {
    let china = jiff::tz::Offset::constant(8).to_time_zone();
    Some(ChannelDay::from_date(at.to_jiff().to_zoned(china).date()))
}
