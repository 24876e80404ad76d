//! Coins for the screen: what is due, what came, what the payer claims. No rule about money lives here.

use crate::contract::{
    CoinWayView, CoinsCameView, CoinsView, ConfirmationsView, MoneyView, OfferStageView, OfferView,
    RateView,
};
use paydesk_domain::{
    Amount, CoinWay, Confirmations, OfferStage, PayerAction, Payment, PaymentState, RateChoice,
    RefundOffer,
};

/// A code as a picture; none when the text is longer than a code can hold.
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = qrcode::QrCode::new(text.as_bytes()).ok()?;
    let picture = code
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(220, 220)
        .build();
    Some(picture)
}

/// The coins of a payment; none where it has nothing to do with any.
pub(crate) fn of(payment: &Payment) -> Option<CoinsView> {
    let mut view = CoinsView {
        ways: Vec::new(),
        received: None,
        confirmations: None,
        came: came(payment),
    };
    match payment.state() {
        PaymentState::Awaiting {
            action: PayerAction::ShowCode {
                coins: Some(offer), ..
            },
            ..
        } => {
            view.ways = offer.ways.iter().filter_map(way).collect();
            view.received = offer.received.map(money);
        }
        PaymentState::Processing {
            received,
            confirmations: Some(confirmations),
            ..
        } => {
            view.received = received.map(money);
            view.confirmations = Some(confirmed(*confirmations));
        }
        PaymentState::PaidLate { .. } if !view.came.is_empty() => {
            view.received = payment.money_in().map(money);
        }
        _ if view.came.is_empty() => return None,
        _ => {}
    }
    Some(view)
}

fn money(amount: Amount) -> MoneyView {
    amount.money().into()
}

fn way(way: &CoinWay) -> Option<CoinWayView> {
    Some(CoinWayView {
        method: way.method.clone(),
        coin: way.coin.clone(),
        due: way.due.to_string(),
        rate: way.rate.to_string(),
        svg: svg(&way.text)?,
        text: way.text.clone(),
    })
}

fn confirmed(confirmations: Confirmations) -> ConfirmationsView {
    ConfirmationsView {
        needed: confirmations.needed,
        seen: confirmations.seen,
    }
}

fn came(payment: &Payment) -> Vec<CoinsCameView> {
    let coins = payment.paid().into_iter().flat_map(|paid| &paid.coins);
    coins
        .map(|it| CoinsCameView {
            method: it.method.clone(),
            coin: it.coin.clone(),
            amount: it.amount.to_string(),
            rate: it.rate.to_string(),
            source: it.source.clone(),
        })
        .collect()
}

/// What the payer of a refund claims.
pub(crate) fn offer(offer: &RefundOffer) -> OfferView {
    OfferView {
        link: offer.link.clone(),
        svg: svg(&offer.link).unwrap_or_default(),
        sum: offer.sum.to_string(),
        unit: offer.unit.clone(),
        stage: match offer.stage {
            OfferStage::Claimed => OfferStageView::Claimed,
            OfferStage::Paying => OfferStageView::Paying,
            OfferStage::Unclaimed => OfferStageView::Unclaimed,
            OfferStage::Withdrawn => OfferStageView::Withdrawn,
        },
    }
}

/// The rates at which it can go back; none where no coins came.
pub(crate) fn rates(payment: &Payment) -> Vec<RateView> {
    if came(payment).is_empty() {
        return Vec::new();
    }
    vec![RateView::Amount, RateView::Now, RateView::Then]
}

pub(crate) fn choice(rate: Option<RateView>) -> RateChoice {
    match rate.unwrap_or_default() {
        RateView::Amount => RateChoice::Amount,
        RateView::Now => RateChoice::Now,
        RateView::Then => RateChoice::Then,
    }
}
