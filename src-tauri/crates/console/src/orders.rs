//! Orders, notes, late money, refunds.

use crate::{Console, coded, coins, contract::*, number, refused, timeline, views};
use paydesk_desk::{
    REASONS, RefundAsk,
    ports::{self, OrderFilter, Tab, Totals},
};
use paydesk_domain::{
    AccountId, Amount, BusinessDay, ChannelId, MerchantRef, Money, Order, Payment, RateChoice,
};

/// Rows on one page at most; the list never needs more at once.
const PAGE_MAX: u32 = 200;

/// The till's own latest payments.
const RECENT: u32 = 8;

/// Events of the shop in one answer.
const SHOP_EVENTS_MAX: u32 = 100;

impl Console {
    pub(crate) async fn recent_payments(&self, _: NoArgs) -> Result<RecentPayments, CommandError> {
        let day = self.desk.day_of(self.desk.now()).map_err(coded)?;
        let (all_of_today, all_open) = (
            self.filter(Tab::All, Some(day))?,
            self.filter(Tab::Attention, None)?,
        );
        let store = &self.desk.ports().store;
        let read = crate::store_error;
        let today = store
            .list(&all_of_today, None, RECENT)
            .await
            .map_err(read)?;
        let sums = store.totals(&all_of_today).await.map_err(read)?.totals;
        let open = store.list(&all_open, None, RECENT).await.map_err(read)?;
        Ok(RecentPayments {
            today_count: count(sums.iter().map(|it| it.paid_count).sum()),
            today_totals: self
                .own_first(sums)?
                .into_iter()
                .map(|it| it.taken.into())
                .collect(),
            rows: today.rows.into_iter().map(views::row).collect(),
            open: open.rows.into_iter().map(views::row).collect(),
        })
    }

    /// The shop's own currency first, also when nothing was taken in it; the others by code.
    fn own_first(&self, mut sums: Vec<Totals>) -> Result<Vec<Totals>, CommandError> {
        let shop = self.desk.shop();
        let own = shop.ok_or_else(|| refused(ErrorCode::NotSetUp))?.currency;
        if !sums.iter().any(|it| it.taken.currency() == own) {
            sums.push(Totals {
                count: 0,
                paid_count: 0,
                taken: Money::zero(own),
                refunded: Money::zero(own),
            });
        }
        sums.sort_by_key(|it| (it.taken.currency() != own, it.taken.currency().code()));
        Ok(sums)
    }

    fn filter(&self, tab: Tab, day: Option<BusinessDay>) -> Result<OrderFilter, CommandError> {
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        Ok(OrderFilter {
            tab,
            search: String::new(),
            day_from: day,
            day_to: day,
            status: None,
            channel: None,
            currencies: shop.all_currencies().collect(),
        })
    }

    /// The store's filter of what the screen asks for.
    pub(crate) fn filter_of(&self, query: OrderQuery) -> Result<OrderFilter, CommandError> {
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        Ok(OrderFilter {
            tab: tab(query.tab),
            search: query.search.trim().chars().take(100).collect(),
            day_from: query.day_from.as_deref().map(day).transpose()?,
            day_to: query.day_to.as_deref().map(day).transpose()?,
            status: query.status.map(views::status_from),
            channel: query.channel.map(ChannelId),
            currencies: shop.all_currencies().collect(),
        })
    }

    pub(crate) async fn list_orders(&self, args: ListOrders) -> Result<OrderPage, CommandError> {
        let filter = self.filter_of(args.query)?;
        // The store takes a cursor that it did not give for damage; from outside it is a wrong argument.
        let is_place = |cursor: &str| cursor.parse::<i64>().is_ok();
        if args.cursor.as_deref().is_some_and(|it| !is_place(it)) {
            return Err(crate::invalid("cursor"));
        }
        let limit = args.limit.clamp(1, PAGE_MAX);
        let store = &self.desk.ports().store;
        let page = match (args.cursor, args.position) {
            (None, Some(position)) => store.list_at(&filter, u64::from(position), limit).await,
            (cursor, _) => store.list(&filter, cursor.as_deref(), limit).await,
        };
        let page = page.map_err(crate::store_error)?;
        Ok(OrderPage {
            rows: page.rows.into_iter().map(views::row).collect(),
            next_cursor: page.next,
        })
    }

    pub(crate) async fn order_totals(&self, args: OrderQuery) -> Result<OrdersOver, CommandError> {
        let filter = self.filter_of(args)?;
        let store = &self.desk.ports().store;
        let over = store.totals(&filter).await.map_err(crate::store_error)?;
        let counted = over.totals.iter().map(|it| it.count).sum();
        let sums = self
            .own_first(over.totals)?
            .into_iter()
            .map(|it| OrderSums {
                net: it.taken.checked_sub(it.refunded).unwrap_or(it.taken).into(),
                taken: it.taken.into(),
                refunded: it.refunded.into(),
            });
        Ok(OrdersOver {
            totals: OrderTotals {
                count: count(counted),
                sums: sums.collect(),
            },
            tab_counts: over
                .tabs
                .into_iter()
                .map(|(tab, n)| (tab_key(tab).to_owned(), count(n)))
                .collect(),
        })
    }

    pub(crate) async fn shop_events(&self, args: ShopEventsOf) -> Result<ShopEvents, CommandError> {
        let limit = args.limit.min(SHOP_EVENTS_MAX);
        let store = &self.desk.ports().store;
        let below = args.below.map(u64::from);
        let mut events = store
            .shop_events(below, limit.saturating_add(1))
            .await
            .map_err(crate::store_error)?;
        let shown = usize::try_from(limit).unwrap_or(0);
        let more = events.len() > shown;
        events.truncate(shown);
        Ok(ShopEvents {
            events: crate::timeline::of_shop(events),
            more,
        })
    }

    pub(crate) async fn order_detail(&self, args: OrderId) -> Result<OrderDetail, CommandError> {
        let order = self
            .desk
            .order(&number(&args.order_id)?)
            .await
            .map_err(coded)?;
        self.detail(&order).await
    }

    pub(crate) fn account_name(&self, id: &AccountId) -> String {
        let shop = self.desk.shop();
        let account = shop.as_ref().and_then(|shop| shop.account(id));
        account.map_or_else(String::new, |account| account.name().to_owned())
    }

    pub(crate) async fn detail(&self, order: &Order) -> Result<OrderDetail, CommandError> {
        let store = &self.desk.ports().store;
        let read = crate::store_error;
        let row = store
            .row(order.number())
            .await
            .map_err(read)?
            .ok_or_else(|| refused(ErrorCode::OrderNotFound))?;
        let payment = order
            .latest()
            .ok_or_else(|| refused(ErrorCode::OrderNotFound))?;
        let payer = store
            .sealed(payment.reference(), "payer")
            .await
            .map_err(read)?;
        let events = store.timeline(order.number()).await.map_err(read)?;
        let notes = store.notes(order.number()).await.map_err(read)?;
        let asked = store.times_asked(payment.reference()).await.map_err(read)?;
        let receipts = events
            .iter()
            .filter(|e| e.kind == ports::EventKind::ReceiptIssued)
            .count();
        Ok(OrderDetail {
            row: views::row(row),
            payment: self.view(order).await?,
            reference: payment.reference().to_string(),
            account: self.account_name(&payment.plan().account),
            business_day: order.plan().day.to_string(),
            payer,
            device: store.device().id,
            rate_millionths: payment.plan().rate.map(paydesk_domain::FeeRate::millionths),
            refundable: refundable(order).map(MoneyView::from),
            refunds: order
                .refunds()
                .iter()
                .map(|r| views::refund(order, r))
                .collect(),
            notes: notes
                .into_iter()
                .map(|n| NoteView {
                    at: n.at.0,
                    by: n.by,
                    text: n.text,
                })
                .collect(),
            timeline: timeline::of(events, asked),
            late_undecided: order.payments().iter().any(Payment::is_late_undecided),
            late_rates: {
                let mut late = order.payments().iter().filter(|it| it.is_late_undecided());
                late.next().map(coins::rates).unwrap_or_default()
            },
            receipts: u32::try_from(receipts).unwrap_or(u32::MAX),
        })
    }

    pub(crate) async fn add_note(&self, args: AddNote) -> Result<OrderDetail, CommandError> {
        let order = self
            .desk
            .add_note(&number(&args.order_id)?, &args.text)
            .await
            .map_err(coded)?;
        self.detail(&order).await
    }

    pub(crate) async fn decide_late(&self, args: DecideLate) -> Result<OrderDetail, CommandError> {
        let rate = coins::choice(args.rate);
        let give_back = (args.decision == LateDecision::Return).then_some(rate);
        let number = number(&args.order_id)?;
        if rate != RateChoice::Amount {
            let order = self.desk.order(&number).await.map_err(coded)?;
            let mut late = order.payments().iter().filter(|it| it.is_late_undecided());
            if late.any(|it| coins::rates(it).is_empty()) {
                return Err(crate::invalid("rate"));
            }
        }
        let order = self
            .desk
            .decide_late(&number, give_back, &args.reason)
            .await
            .map_err(coded)?;
        self.detail(&order).await
    }

    pub(crate) async fn prepare_refund(
        &self,
        args: PrepareRefund,
    ) -> Result<RefundDialog, CommandError> {
        let order = self
            .desk
            .order(&number(&args.order_id)?)
            .await
            .map_err(coded)?;
        let part = reference(args.reference.as_deref())?;
        let payment = match &part {
            Some(part) => order.payment(part).filter(|it| it.paid().is_some()),
            None => order.to_refund(),
        };
        let payment = payment.ok_or_else(|| refused(ErrorCode::RefundNothingPaid))?;
        let refundable = order
            .refundable(payment.reference())
            .map_err(|e| coded(e.into()))?;
        let paid = payment
            .money_in()
            .map_or(Money::zero(refundable.currency()), Amount::money);
        let gone = paid.checked_sub(refundable).unwrap_or(paid);
        let channel = paydesk_desk::channel(&payment.plan().channel.0);
        let nonce = self.desk.ports().ids.nonce();
        Ok(RefundDialog {
            refund_intent: nonce.iter().map(|b| format!("{b:02x}")).collect(),
            order_id: order.number().to_string(),
            reference: payment.reference().to_string(),
            parts: parts_to_refund(&order),
            paid: paid.into(),
            refunded_or_running: gone.into(),
            refundable: refundable.into(),
            reasons: REASONS.iter().map(|r| (*r).to_owned()).collect(),
            fee_returned: channel.and_then(|c| c.profile().refund_returns_fee),
            fee: payment.expected_fee().map(MoneyView::from),
            in_cash: payment.is_cash(),
            rates: coins::rates(payment),
        })
    }

    pub(crate) async fn request_refund(
        &self,
        args: RequestRefund,
    ) -> Result<RefundView, CommandError> {
        let number = number(&args.order_id)?;
        let of = self.desk.order(&number).await.map_err(coded)?;
        let currency = of.plan().total.currency();
        if let Some(named) = args.currency.filter(|named| *named != currency.code()) {
            return Err(crate::currencies::not_taken(&named));
        }
        let minor = args.amount_minor.parse::<i64>();
        let minor = minor.map_err(|_| refused(ErrorCode::AmountNotANumber))?;
        let ask = RefundAsk {
            intent: args.refund_intent,
            number,
            payment: reference(args.reference.as_deref())?,
            amount: Money::from_minor(minor, currency),
            reason: args.reason,
            note: args.note.trim().to_owned(),
            in_cash: args.in_cash,
            rate: coins::choice(args.rate),
        };
        self.check_rate(&ask).await?;
        let (order, reference) = self.desk.refund(ask).await.map_err(coded)?;
        let refund = order
            .refund(&reference)
            .ok_or_else(|| refused(ErrorCode::OrderNotFound))?;
        Ok(views::refund(&order, refund))
    }
}

impl Console {
    /// A rate is chosen for coins alone, and every one but the plain sum for all of them alone: the channel knows no
    /// part at such a rate, and a refund that it cannot send is not begun.
    async fn check_rate(&self, ask: &RefundAsk) -> Result<(), CommandError> {
        if ask.rate == RateChoice::Amount {
            return Ok(());
        }
        let order = self.desk.order(&ask.number).await.map_err(coded)?;
        let known = order
            .refunds()
            .iter()
            .find(|it| it.plan().intent == ask.intent);
        let payment = match (&ask.payment, known) {
            (Some(part), _) => order.payment(part),
            (None, Some(known)) => order.payment(&known.reference().payment()),
            (None, None) => order.to_refund(),
        };
        let fits = payment.is_some_and(|it| {
            let whole = it.money_in().map(Amount::money);
            whole == Some(ask.amount) && !coins::rates(it).is_empty()
        });
        if fits && !ask.in_cash {
            Ok(())
        } else {
            Err(crate::invalid("rate"))
        }
    }
}

/// The reference of a part.
fn reference(text: Option<&str>) -> Result<Option<MerchantRef>, CommandError> {
    let parsed = text.map(MerchantRef::parse).transpose();
    parsed.map_err(|_| crate::invalid("reference"))
}

/// What may still be refunded of everything that is paid; none when nothing is.
fn refundable(order: &Order) -> Option<Money> {
    let payments = order.payments().iter();
    let left = payments.filter_map(|it| order.refundable(it.reference()).ok());
    left.reduce(|sum, left| sum.checked_add(left).unwrap_or(sum))
}

/// The payments of which something is left.
fn parts_to_refund(order: &Order) -> Vec<RefundPart> {
    let left = |it: &Payment| {
        let left = order.refundable(it.reference()).ok();
        left.filter(|left| left.minor() > 0 && !it.is_late_undecided())
    };
    let payments = order.payments().iter();
    payments
        .filter_map(|it| {
            Some(RefundPart {
                reference: it.reference().to_string(),
                channel: it.plan().channel.0.clone(),
                refundable: left(it)?.into(),
            })
        })
        .collect()
}

fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A day as `2026-11-21`.
fn day(text: &str) -> Result<BusinessDay, CommandError> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let valid = text.len() == 10 && digits.len() == 8;
    digits
        .parse()
        .ok()
        .filter(|_| valid)
        .map(BusinessDay)
        .ok_or_else(|| crate::invalid("day"))
}

fn tab(view: OrderTab) -> Tab {
    match view {
        OrderTab::All => Tab::All,
        OrderTab::Attention => Tab::Attention,
        OrderTab::Paid => Tab::Paid,
        OrderTab::Refunds => Tab::Refunds,
        OrderTab::Unpaid => Tab::Unpaid,
    }
}

fn tab_key(tab: Tab) -> &'static str {
    match tab {
        Tab::All => "all",
        Tab::Attention => "attention",
        Tab::Paid => "paid",
        Tab::Refunds => "refunds",
        Tab::Unpaid => "unpaid",
    }
}
