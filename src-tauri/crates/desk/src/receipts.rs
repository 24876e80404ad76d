//! What a receipt says: paid only on the channel's own word, unknown never as paid.

use crate::{Desk, DeskError, shop};
use paydesk_domain::{
    Amiss, CASH, Order, OrderStatus, Payment, Refund, RefundState, TenderKind, Timestamp,
};
use paydesk_reports::{Receipt, ReceiptKind, ReceiptPart, Stamp, barcode};

impl Desk {
    /// The receipt of an order's payment or of one of its refunds; `copy` is 1 for the original.
    ///
    /// # Errors
    /// `NotSetUp`, `OrderNotFound`, the store's.
    pub async fn receipt(
        &self,
        order: &Order,
        refund: Option<&Refund>,
        copy: u32,
    ) -> Result<Receipt, DeskError> {
        let shop = self.need_shop()?;
        // A refund speaks of the part it is of; a payment of the one that stands last, or else was tried last.
        let payment = match refund {
            Some(refund) => order.payment(&refund.reference().payment()),
            None => order.standing().last().or(order.latest()),
        };
        let payment = payment.ok_or(DeskError::OrderNotFound)?;
        let is_split = refund.is_none() && order.is_split();
        let payer = self
            .ports
            .store
            .sealed(payment.reference(), "payer")
            .await?;
        let notes = self.ports.store.notes(order.number()).await?;
        let zone = shop::zone(&shop.time_zone).ok_or(DeskError::NotSetUp)?;
        let local = |at: Timestamp| {
            at.to_jiff()
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        };
        let paid = payment.paid();
        let at = refund.map_or(paid.map_or(payment.begun_at(), |p| p.at), Refund::begun_at);
        let mut stamps = Vec::new();
        if order.number().is_test() {
            stamps.push(Stamp::Demo);
        }
        if copy > 1 {
            stamps.push(Stamp::Copy(copy));
        }
        if refund.is_some() {
            stamps.push(Stamp::Refund);
        }
        Ok(Receipt {
            store: shop.store_name.clone(),
            number: order.number().to_string(),
            reference: refund.map_or(payment.reference().to_string(), |r| {
                r.reference().to_string()
            }),
            barcode_svg: barcode(order.number().as_str()).unwrap_or_default(),
            at: local(at),
            operator: refund.map_or(order.plan().by.clone(), |r| r.plan().by.clone()),
            device: self.ports.store.device().id,
            channel: if refund.is_some_and(|it| it.plan().in_cash) {
                CASH.to_owned()
            } else {
                payment.plan().channel.0.clone()
            },
            at_reader: is_at_reader(payment) && !refund.is_some_and(|it| it.plan().in_cash),
            channel_number: paid
                .filter(|_| !payment.is_cash() && !is_split)
                .map(|p| p.channel_ref.0.clone()),
            handed: payment
                .handed()
                .filter(|_| refund.is_none() && !is_split)
                .map(|handed| (handed.received().money(), handed.change())),
            payer,
            note: notes.first().map(|n| n.text.clone()).unwrap_or_default(),
            amount: match refund {
                Some(refund) => refund.plan().amount.money(),
                None if is_split => order.plan().total.money(),
                None => payment.plan().amount.money(),
            },
            parts: if is_split { parts(order) } else { Vec::new() },
            owed: order.owed(),
            paid: order.taken(),
            refunded: order.refunded(),
            kind: kind(order, refund),
            stamps,
        })
    }
}

/// What stands of each channel, oldest first, with what changed hands.
fn parts(order: &Order) -> Vec<ReceiptPart> {
    let part = |payment: &Payment| ReceiptPart {
        channel: payment.plan().channel.0.clone(),
        at_reader: is_at_reader(payment),
        channel_number: payment
            .paid()
            .filter(|_| !payment.is_cash())
            .map(|paid| paid.channel_ref.0.clone()),
        amount: payment.plan().amount.money(),
        handed: payment
            .handed()
            .map(|handed| (handed.received().money(), handed.change())),
    };
    order.standing().map(part).collect()
}

fn is_at_reader(payment: &Payment) -> bool {
    payment.plan().tender == TenderKind::Reader
}

/// What the receipt may claim: paid only on the channel's own word.
fn kind(order: &Order, refund: Option<&Refund>) -> ReceiptKind {
    if let Some(refund) = refund {
        return match refund.state() {
            RefundState::Done { .. } => ReceiptKind::RefundDone,
            RefundState::Accepted { .. } => ReceiptKind::RefundAccepted,
            RefundState::InDoubt { .. } => ReceiptKind::Unknown,
            RefundState::Cancelled { .. } | RefundState::Failed { .. } => ReceiptKind::RefundFailed,
        };
    }
    // Less than was asked for is no payment, whatever became of it.
    let is_short = |payment: &Payment| payment.amiss() == Some(Amiss::Short);
    if order.payments().iter().any(is_short) {
        return ReceiptKind::Unknown;
    }
    match order.status() {
        OrderStatus::Paid
        | OrderStatus::PaidLate
        | OrderStatus::PaidOver
        | OrderStatus::PartRefunded
        | OrderStatus::RefundFailed
        | OrderStatus::Refunded
        | OrderStatus::Refunding => ReceiptKind::Paid,
        OrderStatus::Ending
        | OrderStatus::InProgress
        | OrderStatus::PaidShort
        | OrderStatus::Unknown => ReceiptKind::Unknown,
        OrderStatus::PartPaid => ReceiptKind::PartPaid,
        OrderStatus::AwaitingPayment
        | OrderStatus::Closed
        | OrderStatus::Failed
        | OrderStatus::Reversed => ReceiptKind::NotPaid,
    }
}
