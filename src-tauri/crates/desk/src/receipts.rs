//! What a receipt says: paid only on the channel's own word, unknown never as paid.

use crate::{Desk, DeskError, shop};
use paydesk_domain::{CASH, Order, OrderStatus, Refund, RefundState, Timestamp};
use paydesk_reports::{Receipt, ReceiptKind, Stamp, barcode};

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
        let payment = order.latest().ok_or(DeskError::OrderNotFound)?;
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
            channel_number: paid
                .filter(|_| !payment.is_cash())
                .map(|p| p.channel_ref.0.clone()),
            handed: payment
                .handed()
                .filter(|_| refund.is_none())
                .map(|handed| (handed.received().money(), handed.change())),
            payer,
            note: notes.first().map(|n| n.text.clone()).unwrap_or_default(),
            amount: refund.map_or(payment.plan().amount.money(), |r| r.plan().amount.money()),
            paid: order.taken(),
            refunded: order.refunded(),
            kind: kind(order, refund),
            stamps,
        })
    }
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
    match order.status() {
        OrderStatus::Paid
        | OrderStatus::PaidLate
        | OrderStatus::PartRefunded
        | OrderStatus::RefundFailed
        | OrderStatus::Refunded
        | OrderStatus::Refunding => ReceiptKind::Paid,
        OrderStatus::Ending | OrderStatus::InProgress | OrderStatus::Unknown => {
            ReceiptKind::Unknown
        }
        OrderStatus::AwaitingPayment
        | OrderStatus::Closed
        | OrderStatus::Failed
        | OrderStatus::Reversed => ReceiptKind::NotPaid,
    }
}
