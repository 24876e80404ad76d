//! Fund-flow bills: what moved on the account at the channel. Fetched beside the trade bill or given as a file, looked
//! at, then imported; they say what was held back and which payouts were sent, and move no payment.

use super::{PREVIEWS_MAX, bill_file, channel_day, compare::day_or_first, ending_of};
use crate::{
    Desk, DeskError,
    ports::{Actor, BillFile, BillOrigin, EventKind, FlowMove, FlowSummary, KeptFlow, NewFlow},
    shop::Account,
};
use paydesk_channels::{BillText, Bills};
use paydesk_domain::{AccountId, BillKind, ChannelDay, FlowSums};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{collections::VecDeque, sync::Arc};

/// The fund-flow bills that were looked at lately.
pub(crate) type FlowPreviews = VecDeque<Arc<FlowPreview>>;

/// A fund-flow bill that was read, and not kept yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowPreview {
    /// Whose bill.
    pub account: Account,
    /// Of which day.
    pub day: ChannelDay,
    /// What makes it the same bill again.
    pub content_sha256: String,
    /// How it came.
    pub origin: BillOrigin,
    /// What it was read from; none where the channel has no bill.
    pub file: Option<BillFile>,
    /// The same bill, if it was imported before.
    pub known: Option<KeptFlow>,
    /// Every movement of it.
    pub moves: Vec<FlowMove>,
    /// The day in numbers.
    pub summary: FlowSummary,
}

impl Desk {
    /// Whether a channel has fund-flow bills.
    fn has_flows(bills: &dyn Bills) -> bool {
        bills.kinds().contains(&BillKind::FundFlow)
    }

    /// Fetches the fund-flow bill of a day from its channel.
    ///
    /// # Errors
    /// As [`Desk::fetch_bill`]; nothing was kept.
    pub async fn fetch_flow(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<FlowPreview>, DeskError> {
        let preview = self.flow_if_any(account, day).await?;
        Ok(self.remember_flow(preview))
    }

    /// The fund-flow bill of a day; one without movements where the channel has none.
    pub(super) async fn flow_if_any(
        &self,
        account: &AccountId,
        day: ChannelDay,
    ) -> Result<Arc<FlowPreview>, DeskError> {
        let (account, _, bills) = self.bills_of(account)?;
        if !Desk::has_flows(bills) {
            return Err(DeskError::BillEmpty);
        }
        let fetched = self.fetched(&account, day, BillKind::FundFlow).await;
        let (text, file) = match fetched {
            Err(DeskError::BillEmpty) => return self.no_flow(account, day).await,
            fetched => fetched?,
        };
        let name = format!("{}-{day}-flow.{}", account.channel.0, ending_of(&file));
        let came = (BillOrigin::Fetched, bill_file(name, &file));
        self.look_at_flow(account, bills, Some(day), text, came)
            .await
    }

    async fn no_flow(
        &self,
        account: Account,
        day: ChannelDay,
    ) -> Result<Arc<FlowPreview>, DeskError> {
        let currency = self.need_shop()?.currency;
        let nothing = format!("{} {day}: no fund flow", account.id.0);
        let content_sha256 = crate::driver::hex(&Sha256::digest(nothing));
        let summary = FlowSummary {
            sums: FlowSums::none(currency),
            closing: None,
        };
        let store = self.ports.store.flows();
        Ok(Arc::new(FlowPreview {
            known: store.flow_known(&account.id, &content_sha256).await?,
            account,
            day,
            content_sha256,
            origin: BillOrigin::Empty,
            file: None,
            moves: Vec::new(),
            summary,
        }))
    }

    /// Reads every line, and what each is.
    pub(super) async fn look_at_flow(
        &self,
        account: Account,
        bills: &'static dyn Bills,
        asked: Option<ChannelDay>,
        text: BillText,
        (origin, file): (BillOrigin, Option<BillFile>),
    ) -> Result<Arc<FlowPreview>, DeskError> {
        let mut moves = Vec::new();
        bills.read_flow(&text, &account.settings(), &mut |line| {
            let sort = bills.sort_of(&line);
            moves.push(FlowMove {
                row: line.row,
                sort,
                entry: line.entry,
                business: line.business,
                reference: line.reference,
                name: line.name,
                change: line.change,
                balance: line.balance,
                at: line.at,
            });
        })?;
        let first = moves.first().and_then(|it| channel_day(it.at));
        let day = day_or_first(asked, text.day, first)?;
        let currency = self.need_shop()?.currency;
        let of_lines = moves.first().map(|it| it.change.currency());
        let mut sums = FlowSums::none(of_lines.unwrap_or(currency));
        for it in &moves {
            sums.add(it.sort, it.change)?;
        }
        let summary = FlowSummary {
            sums,
            closing: moves.last().map(|it| it.balance),
        };
        let store = self.ports.store.flows();
        let known = store.flow_known(&account.id, &text.content_sha256).await?;
        Ok(Arc::new(FlowPreview {
            account,
            day,
            content_sha256: text.content_sha256,
            origin,
            file,
            known,
            moves,
            summary,
        }))
    }

    pub(super) fn remember_flow(&self, preview: Arc<FlowPreview>) -> Arc<FlowPreview> {
        if let Ok(mut previews) = self.flow_previews.lock() {
            let is_other = |it: &Arc<FlowPreview>| {
                it.content_sha256 != preview.content_sha256 || it.account.id != preview.account.id
            };
            previews.retain(is_other);
            previews.push_back(Arc::clone(&preview));
            while previews.len() > PREVIEWS_MAX {
                previews.pop_front();
            }
        }
        preview
    }

    /// A fund-flow bill that was looked at lately.
    ///
    /// # Errors
    /// `PreviewGone` when too many others were looked at since.
    pub fn flow_preview(&self, content_sha256: &str) -> Result<Arc<FlowPreview>, DeskError> {
        let previews = self.flow_previews.lock();
        let previews = previews.map_err(|_| DeskError::PreviewGone)?;
        let mut newest_first = previews.iter().rev();
        newest_first
            .find(|preview| preview.content_sha256 == content_sha256)
            .cloned()
            .ok_or(DeskError::PreviewGone)
    }

    /// Keeps the fund-flow bill that was looked at. The same again is the one that is kept already.
    ///
    /// # Errors
    /// `PreviewGone`, `DayLocked`, and the store's: then nothing was kept.
    pub async fn import_flow(&self, content_sha256: &str) -> Result<KeptFlow, DeskError> {
        let preview = self.flow_preview(content_sha256)?;
        self.keep_flow(&preview, self.actor(), self.operator_name())
            .await
    }

    /// Keeps a fund-flow bill in somebody's name.
    pub(super) async fn keep_flow(
        &self,
        preview: &FlowPreview,
        actor: Actor,
        by: String,
    ) -> Result<KeptFlow, DeskError> {
        let store = self.ports.store.flows();
        let account = &preview.account;
        let known = store.flow_known(&account.id, &preview.content_sha256);
        if let Some(known) = known.await? {
            return Ok(known);
        }
        let body = json!({
            "account": account.id,
            "channel": account.channel,
            "day": preview.day,
            "content_sha256": preview.content_sha256,
            "origin": preview.origin,
            "summary": preview.summary,
        });
        let untold = preview.moves.iter().filter(|it| !it.sort.is_trade());
        let flow = NewFlow {
            account: account.id.clone(),
            channel: account.channel.clone(),
            day: preview.day,
            content_sha256: preview.content_sha256.clone(),
            origin: preview.origin.clone(),
            file: preview.file.clone(),
            moves: untold.cloned().collect(),
            summary: preview.summary.clone(),
            event: self.shop_event(EventKind::FlowImported, actor, body)?,
            by,
        };
        let kept = store.import_flow(flow).await?;
        self.tell_status();
        Ok(kept)
    }

    /// Which of several accounts a fund-flow bill is of, where the file names none: the one whose kept trade bill of
    /// that day comes to the same.
    pub(super) async fn account_of_flow(
        &self,
        found: Vec<Arc<FlowPreview>>,
    ) -> Result<Arc<FlowPreview>, DeskError> {
        let mut found = found;
        if found.len() > 1 {
            let mut fits = Vec::new();
            for preview in found {
                let trade = preview.summary.sums.trade()?;
                let day = preview.day;
                let bills = self.ports.store.bills(&preview.account.id, day, day);
                let bill = bills.await?.into_iter().next();
                let net = bill.map(|bill| crate::close::net(&bill.summary.bill));
                if net.transpose()? == Some(trade) {
                    fits.push(preview);
                }
            }
            found = fits;
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(DeskError::FlowAccount),
        }
    }

    /// Days of these whose fund-flow bill is neither kept nor locked by a signed day.
    pub(super) async fn without_flow(
        &self,
        account: &AccountId,
        bills: &dyn Bills,
        days: &[ChannelDay],
    ) -> Result<Vec<ChannelDay>, DeskError> {
        let (Some(newest), Some(oldest)) = (days.first(), days.last()) else {
            return Ok(Vec::new());
        };
        if !Desk::has_flows(bills) {
            return Ok(Vec::new());
        }
        let store = &self.ports.store;
        let kept = store.flows().kept_flows(account, *oldest, *newest).await?;
        let closes = store.worklist().day_closes(*oldest, *newest).await?;
        let is_signed = |day: &ChannelDay| {
            let mut of_day = closes.iter().filter(|close| close.day == *day);
            of_day.any(|close| close.reopened.is_none())
        };
        let is_missing =
            |day: &ChannelDay| !kept.iter().any(|flow| flow.day == *day) && !is_signed(day);
        Ok(days.iter().copied().filter(is_missing).collect())
    }

    /// Every movement of a kept fund-flow bill: read again from its file.
    ///
    /// # Errors
    /// `BillEmpty` when none of that day is kept; `Bill` when its file cannot be read any more; the store's.
    pub async fn all_moves(&self, kept: &KeptFlow) -> Result<Vec<FlowMove>, DeskError> {
        let Some(file) = self.ports.store.flows().flow_file(kept.id).await? else {
            return Ok(Vec::new());
        };
        let (account, _, bills) = self.bills_of(&kept.account)?;
        let text = bills.open(&file.bytes, None)?;
        let came = (kept.origin.clone(), None);
        let looked = self.look_at_flow(account, bills, Some(kept.day), text, came);
        Ok(looked.await?.moves.clone())
    }
}
