//! Cash: taken and given back in one commit, on the word of the person who counted it; and what the drawer holds.
//!
//! Nothing of cash is ever sent, so nothing of it is ever in doubt (Q23): a crash before the commit leaves nothing,
//! one after it leaves the whole sale.

use crate::{
    Desk, DeskError,
    asked::{Asked, PartOf, part_fits},
    opening::Opening,
    pay::NOTE_MAX,
    ports::{Commit, DrawerState, EventKind, FirstAttempt, NewOrder, Opened, StoreError, Work},
    refunds::same_refund,
    settle::Step,
};
use paydesk_domain::{
    Amount, Blocked, CASH, CashFault, ChannelId, Currency, Drawer, DrawerEntry, DrawerKind, Handed,
    MerchantRef, Mode, Money, Order, OrderNumber, OrderPlan, Payment, Refund, RefundPlan,
    Timestamp,
};
use serde_json::{Value, json};

/// The most that can be taken, moved or counted at once, in minor units: as many digits as a till has keys for.
pub const CASH_MAX_MINOR: i64 = 9_999_999_999;

/// Another window's entry is met at most this often before the person is asked to try again.
const RACES_MAX: u32 = 20;

/// Take cash.
pub struct TakeCash {
    /// Made by the caller before the first try.
    pub intent: String,
    /// What is taken.
    pub amount: Money,
    /// What was handed over.
    pub received: Money,
    /// A note.
    pub note: String,
    /// The earlier order, not known yet, that was shown in the repeat question.
    pub confirmed_repeat_of: Option<OrderNumber>,
    /// What it collects: all of a new order, or a part.
    pub part: PartOf,
}

/// What a person does to a drawer beside payments and refunds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DrawerAct {
    /// Counts it at the end.
    Count {
        /// What is there.
        counted: Money,
        /// Why it is counted again; of the first count a remark, or nothing.
        reason: String,
    },
    /// Opens it without a sale.
    NoSale {
        /// Why.
        reason: String,
    },
    /// Counts the float at the beginning.
    Open {
        /// What is there.
        float: Money,
    },
    /// Puts money in that is no payment.
    PayIn {
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
    },
    /// Takes money out that is no refund.
    PayOut {
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
    },
}

impl Desk {
    /// What goes back of what was handed over.
    ///
    /// # Errors
    /// `CashShort` with what is missing; `Money`, `TooLarge`.
    pub fn change_of(&self, amount: Money, received: Money) -> Result<Handed, DeskError> {
        let (amount, received) = (cash_amount(amount)?, cash_amount(received)?);
        Handed::over(amount, received).map_err(|fault| match fault {
            CashFault::Money(money) => money.into(),
            CashFault::TooLittle { short } => DeskError::CashShort(short),
        })
    }

    /// Takes cash for a new order or a part of one: durable and paid when it returns, or nothing at all.
    ///
    /// # Errors
    /// `DeskError`: nothing was taken, by the books.
    pub async fn take_cash(&self, ask: TakeCash) -> Result<Order, DeskError> {
        let asked = Asked {
            intent: ask.intent,
            amount: ask.amount,
            part: ask.part,
            digest: None,
        };
        if let Some(order) = self.begun_before(&asked).await? {
            return Ok(order);
        }
        self.not_older_copy()?;
        let shop = self.need_shop()?;
        let by = self.named_operator()?;
        if ask.note.chars().count() > NOTE_MAX {
            return Err(DeskError::TextTooLong(NOTE_MAX));
        }
        let handed = self.change_of(ask.amount, ask.received)?;
        let (amount, now) = (cash_amount(ask.amount)?, self.now());
        part_fits(amount, &asked)?;
        let total = cash_amount(asked.total())?;
        let repeat = self.ask_about_unknown(amount, ask.confirmed_repeat_of.as_ref(), now);
        repeat.await?;
        let day = self.day_of(now)?;
        let opening = Opening {
            day,
            actor: self.actor(),
            by: by.clone(),
            note: ask.note.clone(),
            asked: None,
            now,
        };
        let opened = match &asked.part {
            PartOf::Order(number) => {
                let intent = &asked.intent;
                let begin = |order| {
                    let part = Some(intent.clone());
                    opening.clone().cash(order, amount, handed, part)
                };
                let is_test = shop.mode == Mode::Demo;
                self.begin_part((number, intent), None, is_test, begin)
                    .await?
            }
            PartOf::New { .. } | PartOf::Whole => {
                let new = NewOrder {
                    mode: shop.mode,
                    draw: self.draw(),
                    plan: OrderPlan {
                        intent: asked.intent.clone(),
                        total,
                        day,
                        by,
                    },
                    code: None,
                    note: ask.note,
                    now,
                };
                let first: FirstAttempt =
                    Box::new(move |order| opening.cash(order, amount, handed, None));
                self.ports.store.open_order(new, first).await?
            }
        };
        let order = match opened {
            Opened::CodeUsed => return Err(DeskError::CodeUsed),
            Opened::Existing(order) => return self.same_wish(order, &asked).await,
            Opened::New(order) => order,
        };
        self.tell_order(order.number(), order.version());
        Ok(order)
    }

    /// The same price in cash is every day's business; a payment of it that nobody knows the end of is asked about.
    async fn ask_about_unknown(
        &self,
        amount: Amount,
        confirmed: Option<&OrderNumber>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        let cash = ChannelId(CASH.to_owned());
        // Nothing begins after now: what is left are the unknown ones.
        let after = Timestamp(now.0.saturating_add(1));
        let store = &self.ports.store;
        match store.same_again(&cash, amount, after).await? {
            Some(earlier) if confirmed != Some(&earlier.number) => {
                Err(DeskError::Repeat(Box::new(crate::Repeat { earlier })))
            }
            _ => Ok(()),
        }
    }

    /// Gives money back in cash: begun and done in one commit.
    pub(crate) async fn refund_in_cash(
        &self,
        number: &OrderNumber,
        payment: &MerchantRef,
        plan: RefundPlan,
    ) -> Result<(Order, MerchantRef), DeskError> {
        let by = self.named_operator()?;
        let (mut made, now) = (None, self.now());
        let order = self
            .change(number, |mut order| {
                let before = order.refunds().len();
                let reference = order.give_back_cash(payment, plan.clone(), now)?;
                made = Some(reference.clone());
                if order.refunds().len() == before {
                    return same_refund(&order, &reference, &plan);
                }
                let mut step = Step::of(order);
                let refund = step.order.refund(&reference);
                let refund = refund.ok_or(DeskError::OrderNotFound)?;
                let body = returned_body(refund, &by)?;
                let event = self.event(
                    EventKind::CashReturned,
                    &step.order,
                    &reference,
                    self.actor(),
                    body,
                )?;
                step.events.push(event);
                step.work.push(settled(reference));
                Ok(Some(step))
            })
            .await?;
        Ok((order, made.ok_or(DeskError::OrderNotFound)?))
    }

    /// The drawer as it stands, in the shop's currency.
    ///
    /// # Errors
    /// `NotSetUp`, the store's.
    pub async fn drawer(&self) -> Result<Option<Drawer>, DeskError> {
        let currency = self.need_shop()?.currency;
        Ok(self.ports.store.drawers().drawer(currency).await?.drawer)
    }

    /// A person opens the drawer for something else than a payment or a refund. The same intent again does nothing new.
    ///
    /// # Errors
    /// `FloatOpen`, `FloatNotOpen`, `DrawerShort`, `ReasonRequired`, `TextTooLong`, `OperatorRequired`; nothing is
    /// recorded then.
    pub async fn move_drawer(&self, intent: &str, act: &DrawerAct) -> Result<(), DeskError> {
        self.not_older_copy()?;
        let currency = self.need_shop()?.currency;
        self.named_operator()?;
        let book = self.ports.store.drawers();
        for _ in 0..RACES_MAX {
            if book.drawer_intent(intent).await? {
                return Ok(());
            }
            let state = book.drawer(currency).await?;
            let mut entry = match entry_of(&state, act, currency) {
                Ok(entry) => entry,
                // The drawer was read after another call of this intent had moved it.
                Err(_) if book.drawer_intent(intent).await? => return Ok(()),
                Err(error) => return Err(error),
            };
            entry.intent = Some(intent.to_owned());
            let body = json!({
                "how": entry.kind, "reason": entry.reason, "amount": entry.amount,
                "after": { "drawer": entry },
            });
            let event = self.shop_event(EventKind::DrawerMoved, self.actor(), body)?;
            // A count at the end stands in the record of the day on which its float was counted.
            let day = state.drawer.as_ref().map(|drawer| drawer.opened.day);
            let changes = day.filter(|_| matches!(act, DrawerAct::Count { .. }));
            match book.move_drawer(event, changes, state.seq).await {
                Ok(()) => {
                    self.tell_status();
                    return Ok(());
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DeskError::Store(StoreError::Stale))
    }

    /// Whose word about cash is believed must have a name and be a person: software has counted nothing.
    fn named_operator(&self) -> Result<String, DeskError> {
        if Desk::caller_at_work().is_some() {
            return Err(DeskError::OperatorRequired);
        }
        let name = self.operator().filter(|name| !name.trim().is_empty());
        name.ok_or(DeskError::OperatorRequired)
    }
}

impl Opening {
    /// Takes cash in one step.
    fn cash(
        self,
        mut order: Order,
        amount: Amount,
        handed: Handed,
        part: Option<String>,
    ) -> Result<Commit, Blocked> {
        let payment = order.take_cash(amount, handed, part, self.by.clone(), self.now)?;
        let taken = taken_body(payment, &self.by);
        let taken = (payment.reference().clone(), EventKind::CashTaken, taken);
        // Paid in the same step: there is nothing to look at.
        Ok(self.commit(order, taken, None))
    }
}

/// Paid in the same step: there is nothing to look at.
fn settled(reference: MerchantRef) -> Work {
    Work {
        reference,
        due: None,
    }
}

fn cash_amount(money: Money) -> Result<Amount, DeskError> {
    at_most(money)?;
    Ok(Amount::new(money)?)
}

fn at_most(money: Money) -> Result<(), DeskError> {
    if money.minor() > CASH_MAX_MINOR {
        return Err(DeskError::TooLarge {
            max_minor: CASH_MAX_MINOR,
        });
    }
    Ok(())
}

/// What the log keeps of cash that was taken: whose word it is, what changed hands, and that the drawer was opened.
fn taken_body(payment: &Payment, by: &str) -> Value {
    let handed = payment.handed();
    json!({
        "source": { "source": "cash", "who": by },
        "amount": payment.plan().amount,
        "received": handed.map(|it| it.received()),
        "change": handed.map(|it| it.change()),
        "after": {
            "payment": payment,
            "drawer": DrawerEntry {
                kind: DrawerKind::Taken,
                amount: payment.plan().amount.money(),
                expected: None,
                reason: String::new(),
                intent: None,
            },
        },
    })
}

fn returned_body(refund: &Refund, by: &str) -> Result<Value, DeskError> {
    let amount = refund.plan().amount.money();
    Ok(json!({
        "source": { "source": "cash", "who": by },
        "amount": amount,
        "reason": refund.plan().reason,
        "after": {
            "refund": refund,
            "drawer": DrawerEntry {
                kind: DrawerKind::Returned,
                amount: Money::zero(amount.currency()).checked_sub(amount)?,
                expected: None,
                reason: String::new(),
                intent: None,
            },
        },
    }))
}

/// The entry that an act makes of a drawer as it stands.
fn entry_of(
    state: &DrawerState,
    act: &DrawerAct,
    currency: Currency,
) -> Result<DrawerEntry, DeskError> {
    let drawer = state.drawer.as_ref();
    let open = drawer.filter(|drawer| drawer.is_open());
    let none = Money::zero(currency);
    let (kind, amount, reason) = match act {
        DrawerAct::Count { counted, reason } => (DrawerKind::Counted, *counted, reason.as_str()),
        DrawerAct::NoSale { reason } => (DrawerKind::NoSale, none, required(reason)?),
        DrawerAct::Open { float } => (DrawerKind::Opened, *float, ""),
        DrawerAct::PayIn { amount, reason } => (
            DrawerKind::PaidIn,
            cash_amount(*amount)?.money(),
            required(reason)?,
        ),
        DrawerAct::PayOut { amount, reason } => (
            DrawerKind::PaidOut,
            none.checked_sub(cash_amount(*amount)?.money())?,
            required(reason)?,
        ),
    };
    if reason.chars().count() > NOTE_MAX {
        return Err(DeskError::TextTooLong(NOTE_MAX));
    }
    let mut expected = None;
    match kind {
        DrawerKind::Opened | DrawerKind::Counted => {
            at_most(amount)?;
            if amount.minor() < 0 {
                return Err(paydesk_domain::MoneyError::NotPositive.into());
            }
        }
        DrawerKind::NoSale
        | DrawerKind::PaidIn
        | DrawerKind::PaidOut
        | DrawerKind::Returned
        | DrawerKind::Taken => {}
    }
    match kind {
        DrawerKind::Opened if open.is_some() => return Err(DeskError::FloatOpen),
        DrawerKind::Counted => {
            let drawer = drawer.ok_or(DeskError::FloatNotOpen)?;
            if !drawer.is_open() {
                required(reason)?;
            }
            expected = Some(drawer.expected()?);
        }
        DrawerKind::PaidIn | DrawerKind::PaidOut => {
            let there = open.ok_or(DeskError::FloatNotOpen)?.expected()?;
            if there.checked_add(amount)?.minor() < 0 {
                return Err(DeskError::DrawerShort(there));
            }
        }
        DrawerKind::NoSale | DrawerKind::Opened | DrawerKind::Returned | DrawerKind::Taken => {}
    }
    Ok(DrawerEntry {
        kind,
        amount,
        expected,
        reason: reason.trim().to_owned(),
        intent: None,
    })
}

fn required(reason: &str) -> Result<&str, DeskError> {
    if reason.trim().is_empty() {
        return Err(DeskError::ReasonRequired);
    }
    Ok(reason)
}
