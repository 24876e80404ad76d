//! A channel's bill against our books: fetched or given as a file, looked at, then imported.
//!
//! A bill never moves a payment: what differs is shown, and asked of the channel. Nothing is kept before
//! the import.

use crate::{
    Desk, DeskError,
    ports::{
        BillOrigin, BillRow, Booked, DaySummary, EventKind, KeptBill, KeptDifference, NewBill,
        Verdict,
    },
    shop::Account,
};
use paydesk_channels::{
    AccountSettings, BillAnswer, BillFault, BillLink, BillText, Bills, Channel, Cx, NextAction,
    WireRequest,
};
use paydesk_domain::{
    AccountId, BillKind, BillLine, BookLine, BreakCode, ChannelDay, LineKind, LineState,
    MerchantRef, Money, Outcome, Payment, PaymentState, Refund, RefundState, Timestamp, Totals,
};
use paydesk_recon::{BillSide, Setting};
use paydesk_signing::WireReply;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// A payment that began so long before the day may still have been paid on it.
const BEFORE: i64 = 24 * 60 * 60 * 1000;

/// A bill of a busy day takes its time.
const FETCH_DEADLINE: Duration = Duration::from_secs(120);

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
    /// Fetches the bill of a day from its channel and compares it.
    ///
    /// # Errors
    /// `BillEmpty`, `BillNotYet`, `BillTooEarly`, `BillBusy`, `BillRefused`, `BillUnreachable`, `Bill`; nothing was kept.
    pub async fn fetch_bill(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<Preview>, DeskError> {
        let (account, channel, bills) = self.bills_of(account)?;
        let link = self.bill_link(&account, channel, bills, day).await?;
        let request = self.with_keys(&account, |cx| {
            bills
                .encode_file(&link, cx)
                .map_err(|_| DeskError::BillUnreachable)
        })?;
        let reply = self.fetch(&account, channel, request).await?;
        if reply.status != 200 {
            return Err(DeskError::BillRefused(reply.status.to_string()));
        }
        let text = bills.open(&reply.body, Some(&link))?;
        self.look_at(account, bills, Some(day), text, BillOrigin::Fetched)
            .await
    }

    /// Reads a bill's file as the channel writes it, and compares it.
    ///
    /// # Errors
    /// `Bill` says what is wrong with the file; nothing was kept.
    pub async fn open_bill(
        &self,
        account: &AccountId,
        day: Option<ChannelDay>,
        name: &str,
        file: &[u8],
    ) -> Result<Arc<Preview>, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        let text = bills.open(file, None)?;
        let origin = BillOrigin::File {
            name: name.to_owned(),
        };
        self.look_at(account, bills, day, text, origin).await
    }

    /// The bill that was looked at last.
    ///
    /// # Errors
    /// `PreviewGone` when another one was looked at since.
    pub fn preview(&self, content_sha256: &str) -> Result<Arc<Preview>, DeskError> {
        self.preview
            .lock()
            .ok()
            .and_then(|preview| preview.clone())
            .filter(|preview| preview.content_sha256 == content_sha256)
            .ok_or(DeskError::PreviewGone)
    }

    /// Keeps the bill that was looked at. The same bill again is the one that is kept already.
    ///
    /// # Errors
    /// `PreviewGone`, and the store's: then nothing was kept.
    pub async fn import_bill(&self, content_sha256: &str) -> Result<KeptBill, DeskError> {
        let preview = self.preview(content_sha256)?;
        let store = &self.ports.store;
        let known = store
            .bill_known(&preview.account.id, content_sha256)
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
        let event = self.shop_event(EventKind::BillImported, self.actor(), body)?;
        let bill = NewBill {
            account: preview.account.id.clone(),
            channel: preview.account.channel.clone(),
            day: preview.day,
            kind: preview.kind,
            content_sha256: preview.content_sha256.clone(),
            origin: preview.origin.clone(),
            rows: preview.rows.clone(),
            differences: preview.differences.clone(),
            summary: preview.summary.clone(),
            event,
            by: self.operator_name(),
        };
        let kept = store.import_bill(bill).await?;
        self.tell_status();
        Ok(kept)
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
        day: ChannelDay,
    ) -> Result<BillLink, DeskError> {
        let request = self.with_keys(account, |cx| {
            bills
                .encode_link(day, BillKind::Trade, cx)
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
        origin: BillOrigin,
    ) -> Result<Arc<Preview>, DeskError> {
        text.expect_kind(BillKind::Trade)?;
        let mut lines = Vec::new();
        let file = bills.read(&text, &settings(&account), &mut |line| lines.push(line))?;
        let day = day_of_bill(asked, text.day, &lines)?;
        let contract = account.rate;
        let setting = Setting::of_china(day, contract).ok_or(BillFault::WrongDay(day))?;
        let from = Timestamp(setting.starts.0 - 2 * BEFORE);
        let to = Timestamp(setting.ends.0 + BEFORE);
        let mut booked = self.ports.store.booked(&account.channel, from, to).await?;
        self.add_named(&mut booked, &lines).await?;
        let returns_fee = paydesk_channels::by_id(&account.channel.0)
            .and_then(|channel| channel.profile().refund_returns_fee);
        let books = book_lines(&booked, &account, returns_fee, &setting);
        let compared = compare(setting, lines, books, file)?;
        let known = self
            .ports
            .store
            .bill_known(&account.id, &text.content_sha256)
            .await?;
        let preview = Arc::new(Preview {
            account,
            day,
            kind: text.kind,
            content_sha256: text.content_sha256,
            origin,
            known,
            rows: compared.rows,
            differences: compared.differences,
            summary: compared.summary,
        });
        if let Ok(mut last) = self.preview.lock() {
            *last = Some(Arc::clone(&preview));
        }
        Ok(preview)
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

/// The day the file says, which must be the one that was asked for; without either, that of its lines.
fn day_of_bill(
    asked: Option<ChannelDay>,
    said: Option<ChannelDay>,
    lines: &[BillLine],
) -> Result<ChannelDay, DeskError> {
    let of_line = || lines.first().and_then(|line| channel_day(line.at));
    match (asked, said.or_else(of_line)) {
        (Some(asked), Some(found)) if asked != found => Err(BillFault::WrongDay(found).into()),
        (Some(asked), _) => Ok(asked),
        (None, Some(found)) => Ok(found),
        // Neither a title nor a line names a day.
        (None, None) => Err(BillFault::Truncated.into()),
    }
}

/// The day by the channels' clock, UTC+8.
#[must_use]
pub fn channel_day(at: Timestamp) -> Option<ChannelDay> {
    let china = jiff::tz::Offset::constant(8).to_time_zone();
    Some(ChannelDay::from_date(at.to_jiff().to_zoned(china).date()))
}

/// Our side: what was paid or given back around the day, and what is still open.
fn book_lines(
    booked: &Booked,
    account: &Account,
    returns_fee: Option<bool>,
    setting: &Setting,
) -> Vec<BookLine> {
    let near = |day: ChannelDay| {
        day == setting.day || Some(day) == setting.day.next() || Some(day) == setting.day.previous()
    };
    let payments = booked
        .payments
        .iter()
        .filter(|payment| payment.plan().account == account.id)
        .filter_map(|payment| payment_line(payment, account));
    let refunds = booked
        .refunds
        .iter()
        .filter(|(_, payment)| payment.plan().account == account.id)
        .filter_map(|(refund, payment)| refund_line(refund, payment, account, returns_fee));
    payments
        .chain(refunds)
        .filter(|line| near(line.day))
        .collect()
}

fn payment_line(payment: &Payment, account: &Account) -> Option<BookLine> {
    let paid = payment.paid();
    let state = match payment.state() {
        PaymentState::Paid { .. } | PaymentState::PaidLate { .. } => LineState::Done,
        PaymentState::Closed { .. } | PaymentState::Watching { .. } => LineState::Failed,
        PaymentState::Awaiting { .. }
        | PaymentState::Ending { .. }
        | PaymentState::Held { .. }
        | PaymentState::InDoubt { .. }
        | PaymentState::Processing { .. } => LineState::Pending,
    };
    let at = paid.map_or(payment.begun_at(), |paid| paid.at);
    let amount = payment.plan().amount;
    Some(BookLine {
        kind: LineKind::Payment,
        payment: payment.reference().to_string(),
        refund: String::new(),
        transaction: paid.map(|paid| paid.channel_ref.0.clone()),
        amount: amount.money(),
        fee: account.rate.map(|rate| rate.fee_on(amount)),
        at,
        day: channel_day(at)?,
        state,
    })
}

fn refund_line(
    refund: &Refund,
    payment: &Payment,
    account: &Account,
    returns_fee: Option<bool>,
) -> Option<BookLine> {
    let (state, at) = match refund.state() {
        RefundState::Done { at, .. } => (LineState::Done, *at),
        RefundState::Cancelled { .. } | RefundState::Failed { .. } => {
            (LineState::Failed, refund.begun_at())
        }
        RefundState::Accepted { .. } | RefundState::InDoubt { .. } => {
            (LineState::Pending, refund.begun_at())
        }
    };
    let amount = refund.plan().amount;
    let fee = match (account.rate, returns_fee) {
        (Some(rate), Some(true)) => {
            let kept = rate.fee_on(amount);
            Some(Money::from_minor(
                kept.minor().checked_neg()?,
                kept.currency(),
            ))
        }
        (Some(_), Some(false)) => Some(Money::zero(amount.currency())),
        (None, _) | (_, None) => None,
    };
    Some(BookLine {
        kind: LineKind::Refund,
        payment: payment.reference().to_string(),
        refund: refund.reference().to_string(),
        transaction: payment.paid().map(|paid| paid.channel_ref.0.clone()),
        amount: amount.money(),
        fee,
        at,
        day: channel_day(at)?,
        state,
    })
}

struct Compared {
    rows: Vec<BillRow>,
    differences: Vec<KeptDifference>,
    summary: DaySummary,
}

fn compare(
    setting: Setting,
    lines: Vec<BillLine>,
    books: Vec<BookLine>,
    file: Totals,
) -> Result<Compared, DeskError> {
    let broken = |error: paydesk_recon::ReconError| {
        tracing::warn!(%error, "a bill could not be compared");
        DeskError::Bill(BillFault::Totals(error.to_string()))
    };
    let currency = file.paid.currency();
    let mut bill = BillSide::new(setting);
    for line in &lines {
        bill.push(line.clone()).map_err(broken)?;
    }
    let mut ours = bill.close(Some(file));
    for line in books {
        ours.push(line).map_err(broken)?;
    }
    let mut matched = BTreeMap::new();
    let mut differences = Vec::new();
    let summary = ours
        .close()
        .finish(
            &mut |pair| {
                matched.insert(pair.row, pair.reference.to_owned());
            },
            &mut |difference| {
                differences.push(KeptDifference {
                    found: difference.found,
                    explanation: difference.explanation,
                    counts_bill: difference.counts.bill,
                    counts_book: difference.counts.book,
                });
            },
        )
        .map_err(broken)?;
    let named: BTreeMap<u64, BreakCode> = differences
        .iter()
        .rev()
        .filter_map(|it| Some((it.found.bill.as_ref()?.row, it.found.code)))
        .collect();
    let rows = lines
        .into_iter()
        .map(|line| {
            let verdict = named
                .get(&line.row)
                .map_or(Verdict::Agrees, |code| Verdict::Differs(*code));
            BillRow {
                matched: matched.remove(&line.row),
                verdict,
                line,
            }
        })
        .collect();
    Ok(Compared {
        rows,
        differences,
        summary: DaySummary {
            matched: summary.matched,
            differences: summary.differences,
            bill: summary.bill_in(currency),
            books: summary.books_in(currency),
        },
    })
}
