//! Receipts: to look at, print or save. Unknown never prints as paid.

use crate::{Console, coded, contract::*, number, refused};
use paydesk_domain::MerchantRef;
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
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let page = self
            .desk
            .receipt(&order, refund, copy)
            .await
            .map_err(coded)?;
        let html = page.html(Language::from_tag(&shop.preferences.locale));
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
}
