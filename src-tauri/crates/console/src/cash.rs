//! Cash, from the screen's side.

use crate::{
    Console,
    bills::narrow,
    coded,
    contract::*,
    invalid,
    pay::{confirmed, intent},
};
use paydesk_desk::{CashDay, CashDrawer, DeskError, DrawerAct};
use paydesk_domain::{Amount, Drawer, DrawerKind, DrawerMove, Money, MoneyError, quick_amounts};

/// Times the drawer was opened that a screen shows.
const MOVES_SHOWN: u32 = 50;

impl Console {
    pub(crate) async fn take_cash(&self, args: TakeCash) -> Result<PaymentView, CommandError> {
        intent(&args.intent_id)?;
        if let Some(code) = args.currency.as_deref()
            && self.currency_codes().first().is_some_and(|own| own != code)
        {
            return Err(crate::currencies::not_taken(code));
        }
        let ask = paydesk_desk::TakeCash {
            amount: self.money(&args.amount_minor)?,
            received: self.money(&args.received_minor)?,
            intent: args.intent_id,
            note: args.note.trim().to_owned(),
            confirmed_repeat_of: confirmed(args.confirmed_repeat_of.as_deref())?,
            // Only in the currency that the drawer is counted in.
            part: self.part_of(args.part, None)?,
        };
        let order = self.desk.take_cash(ask).await.map_err(coded)?;
        self.view(&order).await
    }

    pub(crate) async fn cash_due(&self, args: CashDueOf) -> Result<CashDue, CommandError> {
        let due = self.money(&args.amount_minor)?;
        let amount = Amount::new(due).map_err(|error| coded(error.into()))?;
        let quick = quick_amounts(amount).into_iter();
        let quick = quick.map(|amount| amount.money().into()).collect();
        let (mut change, mut short) = (None, None);
        if let Some(received) = args.received_minor {
            match self.desk.change_of(due, self.money(&received)?) {
                Ok(handed) => change = Some(handed.change().into()),
                Err(DeskError::CashShort(missing)) => short = Some(missing.into()),
                Err(DeskError::Money(MoneyError::NotPositive)) => short = Some(due.into()),
                Err(error) => return Err(coded(error)),
            }
        }
        Ok(CashDue {
            quick,
            change,
            short,
        })
    }

    pub(crate) async fn drawer(&self, _: NoArgs) -> Result<DrawerView, CommandError> {
        let drawer = self.desk.drawer().await.map_err(coded)?;
        let book = self.desk.ports().store.drawers();
        let moves = book.drawer_moves(None, MOVES_SHOWN).await;
        let moves = moves.map_err(crate::store_error)?;
        let stage = match &drawer {
            None => DrawerStage::Never,
            Some(drawer) if drawer.is_open() => DrawerStage::Open,
            Some(_) => DrawerStage::Counted,
        };
        let opened = drawer.as_ref().map(|drawer| &drawer.opened);
        Ok(DrawerView {
            stage,
            float: opened.map(|it| it.entry.amount.into()),
            opened_by: opened.map_or_else(String::new, |it| it.by.clone()),
            opened_at: opened.map(|it| it.at.0),
            no_sales: drawer.as_ref().map_or(0, |it| narrow(it.sums.no_sales)),
            count: drawer.as_ref().and_then(count),
            moves: moves.iter().map(drawer_move).collect(),
        })
    }

    pub(crate) async fn move_drawer(&self, args: MoveDrawer) -> Result<DrawerView, CommandError> {
        intent(&args.intent_id)?;
        let reason = args.reason.trim().to_owned();
        let amount = args.amount_minor.as_deref().map(|minor| self.money(minor));
        let amount = amount.transpose()?;
        let needed = || amount.ok_or_else(|| invalid("amount_minor"));
        let act = match args.act {
            DrawerDo::Count => DrawerAct::Count {
                counted: needed()?,
                reason,
            },
            DrawerDo::NoSale => DrawerAct::NoSale { reason },
            DrawerDo::Open => DrawerAct::Open { float: needed()? },
            DrawerDo::PayIn => DrawerAct::PayIn {
                amount: needed()?,
                reason,
            },
            DrawerDo::PayOut => DrawerAct::PayOut {
                amount: needed()?,
                reason,
            },
        };
        let moved = self.desk.move_drawer(&args.intent_id, &act).await;
        moved.map_err(coded)?;
        self.drawer(NoArgs {}).await
    }
}

/// The name of a difference.
fn verdict(difference: Money) -> &'static str {
    match difference.minor() {
        0 => "exact",
        over if over > 0 => "over",
        _ => "short",
    }
}

fn count(drawer: &Drawer) -> Option<DrawerCount> {
    let counted = drawer.counted.as_ref()?;
    let difference = counted.entry.difference()?;
    let sums = &drawer.sums;
    Some(DrawerCount {
        by: counted.by.clone(),
        at: counted.at.0,
        expected: counted.entry.expected?.into(),
        counted: counted.entry.amount.into(),
        difference: difference.into(),
        verdict: verdict(difference).to_owned(),
        remark: counted.entry.reason.clone(),
        float: drawer.opened.entry.amount.into(),
        taken: sums.taken.sum.into(),
        returned: sums.returned.sum.into(),
        paid_in: sums.paid_in.sum.into(),
        paid_out: sums.paid_out.sum.into(),
    })
}

fn drawer_move(it: &DrawerMove) -> DrawerMoveView {
    let moved = it.entry.kind != DrawerKind::NoSale;
    DrawerMoveView {
        seq: narrow(it.seq),
        at: it.at.0,
        by: it.by.clone(),
        kind: it.entry.kind.name().to_owned(),
        amount: moved.then(|| it.entry.amount.into()),
        reason: it.entry.reason.clone(),
        order_id: it.reference.as_ref().map(|it| it.order().to_string()),
    }
}

/// A day's cash for the screen of its signature.
pub(crate) fn cash_day(day: &CashDay) -> CashDayView {
    CashDayView {
        payments: narrow(day.payments),
        taken: day.taken.into(),
        refunds: narrow(day.refunds),
        returned: day.returned.into(),
        paid_in: day.paid_in.into(),
        paid_out: day.paid_out.into(),
        no_sales: narrow(day.no_sales),
        drawers: day.drawers.iter().map(cash_drawer).collect(),
    }
}

fn cash_drawer(drawer: &CashDrawer) -> CashDrawerView {
    let named = drawer.difference.map_or("", verdict);
    CashDrawerView {
        float: drawer.float.into(),
        opened_by: drawer.opened_by.clone(),
        expected: drawer.expected.map(MoneyView::from),
        counted: drawer.counted.map(MoneyView::from),
        difference: drawer.difference.map(MoneyView::from),
        verdict: named.to_owned(),
        counted_by: drawer.counted_by.clone().unwrap_or_default(),
        remark: drawer.remark.clone(),
    }
}
