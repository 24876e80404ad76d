//! Fund-flow bills, from the screen's side.

use crate::{
    Console,
    bills::{channel_day, narrow, preview_view, side},
    coded,
    contract::*,
    invalid, refused, store_error,
};
use paydesk_desk::{
    FlowPreview, LookedAt,
    ports::{BillOrigin, FlowMove, FlowSummary, KeptFlow},
};
use paydesk_domain::{AccountId, ChannelDay, FlowSort};

/// Lines in one answer.
const ROWS_MAX: u32 = 200;

impl Console {
    pub(crate) async fn fetch_flow(&self, args: DayOf) -> Result<FlowPreviewView, CommandError> {
        let day = channel_day(&args.day)?;
        let preview = self.desk.fetch_flow(&AccountId(args.account_id), day).await;
        self.flow_preview(&*preview.map_err(coded)?).await
    }

    pub(crate) async fn import_flow(&self, args: PreviewId) -> Result<KeptFlowView, CommandError> {
        let kept = self.desk.import_flow(&args.preview).await.map_err(coded)?;
        self.kept_flow_view(&kept).await
    }

    pub(crate) async fn kept_flow(&self, args: DayOf) -> Result<KeptFlowView, CommandError> {
        let kept = self.flow_of(&args.account_id, &args.day).await?;
        self.kept_flow_view(&kept).await
    }

    pub(crate) async fn flow_moves(&self, args: FlowMovesOf) -> Result<FlowMoves, CommandError> {
        let sort = |name: &String| FlowSort::named(name).ok_or_else(|| invalid("sort"));
        let sort = args.sort.as_ref().map(sort).transpose()?;
        let moves = match &args.of {
            FlowName::LookedAt { preview } => {
                let preview = self.desk.flow_preview(preview).map_err(coded)?;
                preview.moves.clone()
            }
            FlowName::Kept { account_id, day } => {
                let kept = self.flow_of(account_id, day).await?;
                self.desk.all_moves(&kept).await.map_err(coded)?
            }
        };
        let wanted = || {
            let of_sort = move |it: &&FlowMove| sort.is_none_or(|sort| it.sort == sort);
            moves.iter().filter(of_sort)
        };
        let limit = args.limit.min(ROWS_MAX);
        Ok(FlowMoves {
            total: narrow(wanted().count()),
            moves: wanted()
                .skip(usize::try_from(args.from).unwrap_or(usize::MAX))
                .take(usize::try_from(limit).unwrap_or(0))
                .map(flow_move)
                .collect(),
        })
    }

    pub(crate) async fn looked_file(&self, looked: &LookedAt) -> Result<LookedFile, CommandError> {
        Ok(match looked {
            LookedAt::Flow(preview) => {
                LookedFile::FundFlow(Box::new(self.flow_preview(preview).await?))
            }
            LookedAt::Trade(preview) => LookedFile::Trade(Box::new(preview_view(preview))),
        })
    }

    async fn flow_of(&self, account: &str, day: &str) -> Result<KeptFlow, CommandError> {
        let (account, day) = (AccountId(account.to_owned()), channel_day(day)?);
        let flows = self.desk.ports().store.flows();
        let kept = flows.kept_flows(&account, day, day);
        let kept = kept.await.map_err(store_error)?.into_iter().next();
        kept.ok_or_else(|| refused(ErrorCode::BillEmpty))
    }

    async fn flow_preview(&self, preview: &FlowPreview) -> Result<FlowPreviewView, CommandError> {
        let account = &preview.account.id;
        let came = (None, String::new(), &preview.origin);
        let named = (account, preview.day);
        Ok(FlowPreviewView {
            preview: preview.content_sha256.clone(),
            account_id: account.0.clone(),
            day: preview.day.to_string(),
            rows: narrow(preview.moves.len()),
            known_since: preview.known.as_ref().map(|known| known.imported_at.0),
            flow: self.flow_view(named, &preview.summary, came).await?,
        })
    }

    pub(crate) async fn kept_flow_view(
        &self,
        kept: &KeptFlow,
    ) -> Result<KeptFlowView, CommandError> {
        let moves = self.desk.ports().store.flows().flow_moves(kept.id).await;
        let came = (Some(kept.imported_at.0), kept.by.clone(), &kept.origin);
        let named = (&kept.account, kept.day);
        Ok(KeptFlowView {
            account_id: kept.account.0.clone(),
            day: kept.day.to_string(),
            id: kept.id.to_string(),
            flow: self.flow_view(named, &kept.summary, came).await?,
            moves: moves.map_err(store_error)?.iter().map(flow_move).collect(),
        })
    }

    async fn flow_view(
        &self,
        (account, day): (&AccountId, ChannelDay),
        summary: &FlowSummary,
        (imported_at, by, origin): (Option<i64>, String, &BillOrigin),
    ) -> Result<FlowView, CommandError> {
        let bills = self.desk.ports().store.bills(account, day, day).await;
        let bill = bills.map_err(store_error)?.into_iter().next();
        let trade = summary.sums.trade();
        let sums = FlowSort::ALL
            .into_iter()
            .map(|sort| (sort, summary.sums.of(sort)));
        Ok(FlowView {
            sums: sums
                .filter(|(_, sum)| sum.lines > 0)
                .map(|(sort, sum)| FlowSumView {
                    sort: sort.name().to_owned(),
                    lines: narrow(sum.lines),
                    sum: sum.sum.into(),
                })
                .collect(),
            trade: trade.map_err(|e| crate::internal(&e.to_string()))?.into(),
            bill_net: bill.map(|bill| side(&bill.summary.bill).net),
            closing: summary.closing.map(MoneyView::from),
            imported_at,
            by,
            file: match origin {
                BillOrigin::Empty | BillOrigin::Fetched => String::new(),
                BillOrigin::File { name } => name.clone(),
            },
            is_empty: *origin == BillOrigin::Empty,
        })
    }
}

pub(crate) fn flow_move(it: &FlowMove) -> FlowMoveView {
    FlowMoveView {
        row: narrow(it.row),
        sort: it.sort.name().to_owned(),
        name: it.name.clone(),
        entry: it.entry.clone(),
        business: it.business.clone(),
        reference: it.reference.clone(),
        change: it.change.into(),
        balance: it.balance.into(),
        at: it.at.0,
    }
}
