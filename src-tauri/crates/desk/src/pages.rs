//! Payments on a page of the channel, which the payer's own browser opens (ADR 32): nothing is sent from here, and
//! what becomes of them is told by notices and queries alone.

use crate::{
    Desk, DeskError,
    asked::{Asked, PartOf, Wish},
    driver::scope,
    ports::Scope,
    rhythm,
};
use paydesk_channels::{Channel, Cx, Page, PageCall, Pages, Schedule, Tender};
use paydesk_domain::{
    ChannelId, Memo, Money, NotNow, NotSent, Order, OrderNumber, PayerAction, PaymentState,
    TenderKind,
};
use std::{sync::Arc, time::Duration};

/// Send the payer to a page of the channel.
pub struct OpenPage {
    /// Made by the caller before the first try.
    pub intent: String,
    /// How much.
    pub amount: Money,
    /// Whose page.
    pub channel: ChannelId,
    /// A note.
    pub note: String,
    /// The earlier order that was shown in the repeat question.
    pub confirmed_repeat_of: Option<OrderNumber>,
    /// What it collects: all of a new order, or a part.
    pub part: PartOf,
}

/// How the payer is reached once the intent is durable.
pub(crate) enum Way {
    /// By a call that is sent from here.
    Send(Tender),
    /// By a page of the channel, which nothing here sends.
    Page(&'static dyn Pages),
}

impl Way {
    /// How long the payer has, as the channel is told.
    pub(crate) fn lives(&self, schedule: &Schedule) -> Duration {
        match self {
            Way::Page(pages) => pages.lives(),
            Way::Send(Tender::ShowCode) => schedule.shown_for,
            Way::Send(Tender::PayerCode(_) | Tender::Reader { .. }) => schedule.charge_for,
        }
    }

    /// What the attempt must remember from before the first byte.
    pub(crate) fn memo(&self, channel: &dyn Channel, subject: &str) -> Option<Memo> {
        match self {
            Way::Page(pages) => pages.memo(),
            Way::Send(tender) => channel.payments().before(tender, subject),
        }
    }

    pub(crate) fn first_look(&self, schedule: &Schedule) -> Duration {
        match self {
            Way::Page(_) => rhythm::PAGE_EVERY,
            Way::Send(_) => schedule.first,
        }
    }
}

impl Desk {
    /// Begins a payment on a page of the channel. Returns once the intent is durable; [`Desk::page`] makes the page.
    ///
    /// # Errors
    /// `DeskError`: nothing was begun.
    pub async fn open_page(self: &Arc<Self>, ask: OpenPage) -> Result<Order, DeskError> {
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
        let (channel, pages) = paydesk_channels::by_id(&ask.channel.0)
            .and_then(|channel| Some((channel, channel.pages()?)))
            .ok_or_else(|| DeskError::ChannelNotConnected(ask.channel.0.clone()))?;
        let now = self.now();
        let checked = self.check(asked.clone(), channel, TenderKind::Page, &ask.note)?;
        let repeat = self
            .ask_about_repeat(&checked, ask.confirmed_repeat_of.as_ref(), now)
            .await;
        if let Err(error) = repeat {
            return self.or_same_intent(&asked, Err(error)).await;
        }
        self.begin(checked, Way::Page(pages), now).await
    }

    /// The page on which an order is being paid, and where its account may send a browser. Made again whenever it is
    /// opened again; nothing of it is kept.
    ///
    /// # Errors
    /// `NotNow` where no page is waited for any more; `Unsendable` where the account cannot make one.
    pub async fn page(&self, number: &OrderNumber) -> Result<(Page, Scope), DeskError> {
        let order = self.order(number).await?;
        let shop = self.need_shop()?;
        let now = self.now();
        let waiting = order.latest().filter(|payment| {
            matches!(payment.state(), PaymentState::Awaiting { action: PayerAction::OpenPage, until, .. } if *until > now)
        });
        let payment = waiting.ok_or(NotNow)?;
        let (account, channel) = self.route(payment)?;
        let pages = channel.pages().ok_or(NotNow)?;
        let keys = self.ports.vault.keys(&account.id);
        let keys = keys.map_err(|_| DeskError::KeysLocked)?;
        let settings = account.settings();
        let cx = Cx {
            keys: keys.as_ref(),
            account: &settings,
            now,
            nonce: self.ports.ids.nonce(),
        };
        let call = PageCall {
            reference: payment.reference().clone(),
            amount: payment.plan().amount,
            sent_at: payment.begun_at(),
            expires: payment.plan().expires,
            subject: shop.store_name.clone(),
        };
        let page = pages.page(&call, &cx).map_err(|proof| match proof {
            NotSent::Unsendable { what } => DeskError::PageNotMade(what),
            NotSent::Cancelled | NotSent::KeysLocked | NotSent::Offline => DeskError::KeysLocked,
        })?;
        let scope = scope(&account, channel);
        Ok((page, scope))
    }
}
