//! Receipts: to look at, print or save. Unknown never prints as paid.

use crate::{Console, coded, contract::*, demo::barcode, number, refused};
use paydesk_domain::{MerchantRef, Mode, Order, OrderStatus, Refund, RefundState};
use paydesk_reports::{Receipt as ReceiptPage, ReceiptKind, Stamp};
use paydesk_texts::Language;

impl Console {
    pub(crate) async fn receipt(&self, args: ReceiptOf) -> Result<Receipt, CommandError> {
        let number = number(&args.order_id)?;
        let order = self.desk.order(&number).await.map_err(coded)?;
        let reference = args
            .refund_id
            .as_deref()
            .map(MerchantRef::parse)
            .transpose()
            .map_err(|_| refused(ErrorCode::OrderNotFound))?;
        let refund = match &reference {
            Some(reference) => Some(
                order
                    .refund(reference)
                    .ok_or_else(|| refused(ErrorCode::OrderNotFound))?,
            ),
            None => None,
        };
        let issued = self
            .desk
            .receipts_issued(&number, reference.as_ref())
            .await
            .map_err(coded)?;
        let copy = match args.action {
            ReceiptAction::Preview => issued.saturating_add(1),
            ReceiptAction::Print => self
                .desk
                .count_receipt(&number, reference.as_ref(), "print")
                .await
                .map_err(coded)?,
            ReceiptAction::Save => self
                .desk
                .count_receipt(&number, reference.as_ref(), "save")
                .await
                .map_err(coded)?,
        };
        let html = self.receipt_html(&order, refund, copy).await?;
        let saved_path = match args.action {
            ReceiptAction::Save => {
                let name = format!(
                    "{}-{copy}.html",
                    reference
                        .as_ref()
                        .map_or(number.as_str(), MerchantRef::as_str)
                );
                Some(self.surroundings.save(&name, html.as_bytes())?)
            }
            ReceiptAction::Preview | ReceiptAction::Print => None,
        };
        Ok(Receipt {
            html,
            copy,
            saved_path,
        })
    }

    async fn receipt_html(
        &self,
        order: &Order,
        refund: Option<&Refund>,
        copy: u32,
    ) -> Result<String, CommandError> {
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let payment = order
            .latest()
            .ok_or_else(|| refused(ErrorCode::OrderNotFound))?;
        let payer = self
            .desk
            .ports()
            .store
            .sealed(payment.reference(), "payer")
            .await
            .map_err(crate::store_error)?;
        let notes = self
            .desk
            .ports()
            .store
            .notes(order.number())
            .await
            .map_err(crate::store_error)?;
        let zone = paydesk_desk::shop::zone(&shop.time_zone);
        let local = |at: paydesk_domain::Timestamp| match &zone {
            Some(zone) => at
                .to_jiff()
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string(),
            None => at.to_jiff().to_string(),
        };
        let paid = payment.paid();
        let at = refund.map_or(paid.map_or(payment.begun_at(), |p| p.at), Refund::begun_at);
        let mut stamps = Vec::new();
        if shop.mode == Mode::Demo {
            stamps.push(Stamp::Demo);
        }
        if copy > 1 {
            stamps.push(Stamp::Copy(copy));
        }
        if refund.is_some() {
            stamps.push(Stamp::Refund);
        }
        let page = ReceiptPage {
            store: shop.store_name.clone(),
            number: order.number().to_string(),
            reference: refund.map_or(payment.reference().to_string(), |r| {
                r.reference().to_string()
            }),
            barcode_svg: barcode(order.number().as_str()).unwrap_or_default(),
            at: local(at),
            operator: refund.map_or(order.plan().by.clone(), |r| r.plan().by.clone()),
            device: self.desk.ports().store.device().id,
            channel: payment.plan().channel.0.clone(),
            channel_number: paid.map(|p| p.channel_ref.0.clone()),
            payer,
            note: notes.first().map(|n| n.text.clone()).unwrap_or_default(),
            amount: refund.map_or(payment.plan().amount.money(), |r| r.plan().amount.money()),
            paid: order.taken(),
            refunded: order.refunded(),
            kind: kind(order, refund),
            stamps,
        };
        Ok(page.html(Language::from_tag(&shop.preferences.locale)))
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
