//! Taking a payment: the intent is durable before the first byte leaves; the answer comes later.

use crate::{
    Desk, DeskError, SKEW_LIMIT_MS,
    asked::{Asked, PartOf, Wish, part_fits},
    driver::Exchanged,
    opening::Opening,
    pages::Way,
    planted::{is_no_reply, rounded_up},
    ports::{Actor, EventKind, FirstAttempt, NewOrder, Opened, OrderRow, PayerCode},
    rhythm,
    settle::Seen,
    shop::Account,
};
use paydesk_channels::{Channel, Create, Finish, Query, Target, Tender};
use paydesk_domain::{
    Amount, Change, ChannelId, End, Heard, Mode, Money, NotSent, Order, OrderNumber, OrderPlan,
    Payment, PaymentPlan, PaymentState, TenderKind, Timestamp,
};
use paydesk_signing::{
    Secret,
    mutants::{Mutant, planted},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// The same amount on the same channel within this time is asked about once (A12).
const REPEAT_WINDOW: Duration = Duration::from_secs(60);

/// The same payment code within this time is refused: codes are single use.
const CODE_WINDOW: Duration = Duration::from_secs(5 * 60);

/// The longest note.
pub(crate) const NOTE_MAX: usize = 500;

/// Charge a scanned payment code.
pub struct Charge {
    /// Made by the caller before the first try.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// The scanned code: a secret; the desk wraps it before anything else.
    pub code: String,
    /// A note.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<OrderNumber>,
    /// What it collects: all of a new order, or a part.
    pub part: PartOf,
}

/// Show a code.
pub struct ShowCode {
    /// Made by the caller before the first try.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// Whose code.
    pub channel: ChannelId,
    /// A note.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<OrderNumber>,
    /// What it collects: all of a new order, or a part.
    pub part: PartOf,
}

/// The earlier order of the repeat question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// The earlier order.
    pub earlier: OrderRow,
}

/// What both ways of charging have in common, checked.
pub(crate) struct Checked {
    asked: Asked,
    amount: Amount,
    account: Account,
    channel: &'static dyn Channel,
    tender: TenderKind,
    note: String,
    code: Option<PayerCode>,
}

impl Checked {
    /// The account that collects.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }
}

impl Desk {
    /// Charges a scanned code. Returns once the intent is durable; the sending goes on by itself.
    ///
    /// # Errors
    /// `DeskError`: nothing was sent.
    pub async fn charge(self: &Arc<Self>, ask: Charge) -> Result<Order, DeskError> {
        let wish = Wish {
            amount: ask.amount,
            channel: None,
            note: &ask.note,
            code: Some(&ask.code),
            at_reader: false,
        };
        let asked = Asked {
            digest: self.digest_of(&wish, &ask.part),
            intent: ask.intent,
            amount: ask.amount,
            part: ask.part,
        };
        if let Some(order) = self.begun_before(&asked).await? {
            return Ok(order);
        }
        let (code, repeat_of) = (Secret::new(ask.code), ask.confirmed_repeat_of);
        let begun = self.charge_anew(asked.clone(), code, &ask.note, repeat_of);
        self.or_same_intent(&asked, begun.await).await
    }

    /// A double click races itself: the slower call finds the faster one's code and amount "used".
    pub(crate) async fn or_same_intent(
        &self,
        asked: &Asked,
        begun: Result<Order, DeskError>,
    ) -> Result<Order, DeskError> {
        match begun {
            Err(error @ (DeskError::CodeUsed | DeskError::Repeat(_))) => {
                self.begun_before(asked).await?.ok_or(error)
            }
            other => other,
        }
    }

    async fn charge_anew(
        self: &Arc<Self>,
        asked: Asked,
        code: Secret<String>,
        note: &str,
        repeat_of: Option<OrderNumber>,
    ) -> Result<Order, DeskError> {
        let channel =
            paydesk_channels::by_payment_code(code.expose()).ok_or(DeskError::UnknownCode)?;
        let tag = self
            .ports
            .vault
            .data_key()
            .map_err(|_| DeskError::KeysLocked)?
            .mac("payment code", code.expose().as_bytes());
        let now = self.now();
        let since = Timestamp(now.0 - i64::try_from(CODE_WINDOW.as_millis()).unwrap_or(0));
        let note = if planted(Mutant::CodeInNote) {
            code.expose()
        } else {
            note
        };
        let mut checked = self.check(asked, channel, TenderKind::PayerCode, note)?;
        let payer_code = PayerCode { tag, since };
        if self.ports.store.code_used(payer_code.clone()).await? {
            return Err(DeskError::CodeUsed);
        }
        checked.code = Some(payer_code);
        self.ask_about_repeat(&checked, repeat_of.as_ref(), now)
            .await?;
        self.begin(checked, Way::Send(Tender::PayerCode(code)), now)
            .await
    }

    /// Gets a code to show. Returns once the intent is durable; the code comes with the answer.
    ///
    /// # Errors
    /// `DeskError`: nothing was sent.
    pub async fn show_code(self: &Arc<Self>, ask: ShowCode) -> Result<Order, DeskError> {
        let wish = Wish {
            amount: ask.amount,
            channel: Some(&ask.channel.0),
            note: &ask.note,
            code: None,
            at_reader: false,
        };
        let asked = Asked {
            digest: self.digest_of(&wish, &ask.part),
            intent: ask.intent,
            amount: ask.amount,
            part: ask.part,
        };
        if let Some(order) = self.begun_before(&asked).await? {
            return Ok(order);
        }
        let missing = || DeskError::ChannelNotConnected(ask.channel.0.clone());
        let channel = paydesk_channels::by_id(&ask.channel.0)
            .filter(|c| c.profile().shows_code)
            .ok_or_else(missing)?;
        let now = self.now();
        let checked = self.check(asked.clone(), channel, TenderKind::ShowCode, &ask.note)?;
        let repeat = self
            .ask_about_repeat(&checked, ask.confirmed_repeat_of.as_ref(), now)
            .await;
        if let Err(error) = repeat {
            return self.or_same_intent(&asked, Err(error)).await;
        }
        self.begin(checked, Way::Send(Tender::ShowCode), now).await
    }

    pub(crate) fn check(
        &self,
        asked: Asked,
        channel: &'static dyn Channel,
        tender: TenderKind,
        note: &str,
    ) -> Result<Checked, DeskError> {
        self.not_older_copy()?;
        let shop = self.need_shop()?;
        let profile = channel.profile();
        let id = ChannelId(profile.id.to_owned());
        let amount = Amount::new(asked.amount)?;
        part_fits(amount, &asked)?;
        let (_, max_minor) = profile.amount_minor;
        if amount.minor() > max_minor {
            return Err(DeskError::TooLarge { max_minor });
        }
        if note.chars().count() > NOTE_MAX {
            return Err(DeskError::TextTooLong(NOTE_MAX));
        }
        let account = shop
            .account_for(&id)
            .cloned()
            .ok_or_else(|| DeskError::ChannelNotConnected(id.0.clone()))?;
        if !profile.takes(amount.currency()) {
            return Err(DeskError::CurrencyNotTaken {
                channel: id.0,
                currency: amount.currency().code(),
            });
        }
        if self.ports.vault.keys(&account.id).is_err() {
            return Err(DeskError::KeysLocked);
        }
        // A wrong clock makes every signed time stamp wrong (Q18).
        if let Some(skew) = self
            .health(&id)
            .skew_ms
            .filter(|s| s.abs() > 5 * SKEW_LIMIT_MS)
        {
            return Err(DeskError::ClockWrong(skew));
        }
        Ok(Checked {
            asked,
            amount,
            account,
            channel,
            tender,
            note: note.to_owned(),
            code: None,
        })
    }

    pub(crate) async fn ask_about_repeat(
        &self,
        checked: &Checked,
        confirmed: Option<&OrderNumber>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        // Software numbers its wishes: another number is another wish, and nobody is there to be asked.
        if Desk::caller_at_work().is_some() {
            return Ok(());
        }
        let since = Timestamp(now.0 - i64::try_from(REPEAT_WINDOW.as_millis()).unwrap_or(0));
        let earlier = self
            .ports
            .store
            .same_again(&checked.account.channel, checked.amount, since)
            .await?;
        match earlier {
            // Two equal parts of one order are no mistake.
            Some(earlier)
                if confirmed != Some(&earlier.number)
                    && !checked.asked.is_part_of(&earlier.number) =>
            {
                Err(DeskError::Repeat(Box::new(Repeat { earlier })))
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn begin(
        self: &Arc<Self>,
        checked: Checked,
        way: Way,
        now: Timestamp,
    ) -> Result<Order, DeskError> {
        let shop = self.need_shop()?;
        let payment = plan_of(&checked, &way, now)?;
        let Asked {
            intent,
            part,
            digest,
            ..
        } = checked.asked.clone();
        // The number itself says that no money moved: sandbox accounts in a real folder are tests.
        let mode = if checked.account.sandbox {
            Mode::Demo
        } else {
            shop.mode
        };
        let by = self.operator_name();
        let day = self.day_of(now)?;
        let opening = Opening {
            day,
            actor: self.actor(),
            by: by.clone(),
            note: checked.note.clone(),
            asked: digest,
            now,
        };
        let before = way.memo(checked.channel, &shop.store_name);
        let first_look = way.first_look(&checked.channel.profile().schedule);
        let opened = match part {
            PartOf::Order(number) => {
                let begin = |order| {
                    let opening = opening.clone();
                    opening.attempt(order, payment.clone(), before.clone(), first_look)
                };
                let is_test = mode == Mode::Demo;
                self.begin_part((&number, &intent), checked.code, is_test, begin)
                    .await?
            }
            PartOf::New { .. } | PartOf::Whole => {
                let new = NewOrder {
                    mode,
                    draw: self.draw(),
                    plan: OrderPlan {
                        intent,
                        total: Amount::new(checked.asked.total())?,
                        day,
                        by: by.clone(),
                    },
                    code: checked.code,
                    note: checked.note.clone(),
                    now,
                };
                let first: FirstAttempt =
                    Box::new(move |order| opening.attempt(order, payment, before, first_look));
                self.ports.store.open_order(new, first).await?
            }
        };
        let order = match opened {
            Opened::CodeUsed => return Err(DeskError::CodeUsed),
            Opened::Existing(order) => return self.same_wish(order, &checked.asked).await,
            Opened::New(order) => order,
        };
        self.tell_order(order.number(), order.version());
        if let (Some(payment), Way::Send(tender)) = (order.latest(), way) {
            let create = Create {
                reference: payment.reference().clone(),
                amount: payment.plan().amount,
                tender,
                sent_at: payment.begun_at(),
                expires: payment.plan().expires,
                subject: shop.store_name.clone(),
                operator: by,
                memo: payment.memo().cloned(),
            };
            let desk = Arc::clone(self);
            let (account, channel) = (checked.account, checked.channel);
            self.ports.tasks.spawn(Box::pin(async move {
                desk.send_create(account, channel, create).await
            }));
        }
        Ok(order)
    }

    /// The one send of a charge. Whatever happens here, the row is durable and the resolver finds it.
    async fn send_create(
        self: Arc<Self>,
        account: Account,
        channel: &'static dyn Channel,
        mut create: Create,
    ) {
        let mut exchanged = self
            .exchange(&account, channel, &mut create, channel.payments())
            .await;
        let schedule = &channel.profile().schedule;
        if is_no_reply(&exchanged)
            && planted(Mutant::NewNumberAfterTimeout)
            && let Ok(reference) = self.next_attempt(&create.reference).await
        {
            create.reference = reference;
            let payments = channel.payments();
            exchanged = self
                .exchange(&account, channel, &mut create, payments)
                .await;
        }
        let knew = create.memo.as_ref();
        let settled = self
            .settle_payment(&create.reference, exchanged, Heard::Reply, knew, schedule)
            .await;
        if let Err(error) = settled {
            if planted(Mutant::StoreFaultIsFailure) {
                let not_sent = Exchanged::NotSent(NotSent::Offline);
                let failed =
                    self.settle_payment(&create.reference, not_sent, Heard::Reply, knew, schedule);
                drop(failed.await);
            }
            // Q21: not "failed". The row stays in doubt and the resolver asks again.
            tracing::error!(reference = %create.reference, %error, "an answer could not be recorded; the payment stays in doubt");
        }
        self.wake.notify_one();
    }

    /// Asks the channel about a payment and records the answer.
    pub(crate) async fn query(&self, payment: &Payment) -> Result<Order, DeskError> {
        Ok(self.ask(payment).await?.order)
    }

    /// As [`Desk::query`], and says as of when an answer came that can be believed.
    pub(crate) async fn ask(&self, payment: &Payment) -> Result<Seen, DeskError> {
        let (account, channel) = self.route(payment)?;
        let mut query = Query {
            of: target(payment),
        };
        let exchanged = self
            .exchange(&account, channel, &mut query, channel.payments())
            .await;
        let answered = exchanged.answered();
        let reference = payment.reference();
        let schedule = &channel.profile().schedule;
        let settled = self
            .settle_payment(
                reference,
                exchanged,
                Heard::Query,
                query.of.memo.as_ref(),
                schedule,
            )
            .await;
        let order = settled.inspect_err(|error| {
            tracing::error!(%reference, %error, "the answer to a query could not be recorded");
        })?;
        Ok(Seen { order, answered })
    }

    /// Makes the intent to end durable, then sends the ending once.
    pub(crate) async fn end(&self, payment: &Payment, how: End) -> Result<Order, DeskError> {
        let (account, channel) = self.route(payment)?;
        let schedule = &channel.profile().schedule;
        let reference = payment.reference().clone();
        let now = self.now();
        let order = self
            .change(&reference.order(), |mut order| {
                let Some(payment) = order.payment_mut(&reference) else {
                    return Err(DeskError::OrderNotFound);
                };
                let fresh = !matches!(payment.state(), PaymentState::Ending { .. });
                if fresh {
                    payment.begin_ending(how, now)?;
                }
                payment.begin_ending(how, now)?;
                self.step::<Payment>(order, &reference, Change::Moved, schedule, |step| {
                    let mut event = self.event_about::<Payment>(
                        EventKind::EndingBegun,
                        step,
                        &reference,
                        json!({ "how": how }),
                    )?;
                    event.actor = Actor::Program;
                    step.events.push(event);
                    Ok(())
                })
            })
            .await?;
        let Some(payment) = order.payment(&reference) else {
            return Err(DeskError::OrderNotFound);
        };
        let mut finish = Finish {
            of: target(payment),
            how,
        };
        let exchanged = self
            .exchange(&account, channel, &mut finish, channel.payments())
            .await;
        self.settle_payment(
            &reference,
            exchanged,
            Heard::Query,
            finish.of.memo.as_ref(),
            schedule,
        )
        .await
    }

    /// The cashier gives up waiting: the intent to end is durable at once, the sending follows the channel's rhythm.
    ///
    /// # Errors
    /// `NotNow` when it is settled already.
    pub async fn cancel(&self, number: &OrderNumber) -> Result<Order, DeskError> {
        let now = self.now();
        let order = self
            .change(number, |mut order| {
                let reference = order
                    .latest()
                    .map(|p| p.reference().clone())
                    .ok_or(DeskError::OrderNotFound)?;
                let Some(payment) = order.payment_mut(&reference) else {
                    return Err(DeskError::OrderNotFound);
                };
                if matches!(payment.state(), PaymentState::Ending { .. }) {
                    return Ok(None);
                }
                let how = rhythm::ending_of(payment.plan().tender);
                payment.begin_ending(how, now)?;
                let (_, channel) = self.route(payment)?;
                self.step::<Payment>(
                    order,
                    &reference,
                    Change::Moved,
                    &channel.profile().schedule,
                    |step| {
                        step.events.push(self.event_about::<Payment>(
                            EventKind::EndingBegun,
                            step,
                            &reference,
                            json!({ "how": how }),
                        )?);
                        Ok(())
                    },
                )
            })
            .await?;
        self.wake.notify_one();
        Ok(order)
    }

    /// Looks at an order now instead of at its next time.
    ///
    /// # Errors
    /// The store's.
    pub async fn check_now(self: &Arc<Self>, number: &OrderNumber) -> Result<Order, DeskError> {
        let order = self
            .ports
            .store
            .load(number)
            .await?
            .ok_or(DeskError::OrderNotFound)?;
        for payment in order.payments().iter().filter(|p| !p.is_settled()) {
            self.ports
                .store
                .hurry(payment.reference(), self.now())
                .await?;
        }
        for refund in order.refunds().iter().filter(|r| r.is_running()) {
            self.ports
                .store
                .hurry(refund.reference(), self.now())
                .await?;
        }
        self.wake.notify_one();
        Ok(order)
    }
}

/// What is fixed of the attempt when it begins.
fn plan_of(checked: &Checked, way: &Way, now: Timestamp) -> Result<PaymentPlan, DeskError> {
    let schedule = &checked.channel.profile().schedule;
    let lives = way.lives(schedule);
    let Asked { intent, part, .. } = &checked.asked;
    Ok(PaymentPlan {
        account: checked.account.id.clone(),
        channel: checked.account.channel.clone(),
        amount: if planted(Mutant::RoundedUp) {
            rounded_up(checked.amount)?
        } else {
            checked.amount
        },
        tender: checked.tender,
        expires: now.plus(lives),
        watch_ms: u64::try_from(schedule.watch_for.as_millis()).unwrap_or(u64::MAX),
        rate: super::channel_day(now)
            .and_then(|day| checked.account.contract_on(day))
            .map(|row| row.rate),
        intent: matches!(part, PartOf::Order(_)).then(|| intent.clone()),
    })
}

/// What the channel needs to be told about a payment.
pub(crate) fn target(payment: &Payment) -> Target {
    Target {
        reference: payment.reference().clone(),
        sent_at: payment.begun_at(),
        amount: payment.plan().amount,
        channel_ref: payment.paid().map(|p| p.channel_ref.clone()),
        memo: payment.memo().cloned(),
        told: None,
    }
}
