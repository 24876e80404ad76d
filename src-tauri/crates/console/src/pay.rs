//! Taking a payment, from the screen's side.

use crate::{Console, coded, contract::*, number, refused, refused_with, views};
use paydesk_desk::{Charge, Desk, OpenPage, ShowCode, Told};
use paydesk_domain::{Amount, ChannelId, Order, OrderNumber};
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// A channel that answers within this time is heard in the command's own answer: the window then paints
/// the result and never the waiting before it.
const QUICK_ANSWER: Duration = Duration::from_millis(100);

impl Console {
    pub(crate) async fn classify_scan(&self, args: ClassifyScan) -> Result<Scanned, CommandError> {
        let text = args.text.trim();
        if let Ok(order) = OrderNumber::parse(text) {
            let known = self
                .desk
                .ports()
                .store
                .row(&order)
                .await
                .map_err(crate::store_error)?
                .is_some();
            return Ok(Scanned::Order {
                order_id: order.to_string(),
                known,
            });
        }
        if let Some(channel) = paydesk_desk::channel_of_code(text) {
            let id = ChannelId(channel.profile().id.to_owned());
            let connected = self
                .desk
                .shop()
                .is_some_and(|s| s.account_for(&id).is_some());
            return Ok(Scanned::PaymentCode {
                channel: id.0,
                connected,
            });
        }
        if is_goods_code(text) {
            return Ok(Scanned::Goods);
        }
        let address = text.contains("://") || text.to_ascii_lowercase().starts_with("wxp:");
        if address {
            return Ok(Scanned::CollectionQr);
        }
        let last4: String = text
            .chars()
            .rev()
            .take(4)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        Ok(Scanned::Unknown { last4 })
    }

    pub(crate) async fn take_payment(
        &self,
        args: TakePayment,
    ) -> Result<PaymentView, CommandError> {
        let currency = args.currency.as_deref();
        let amount = self.money_in(&args.amount_minor, currency)?;
        intent(&args.intent_id)?;
        match self
            .classify_scan(ClassifyScan {
                text: args.code.clone(),
            })
            .await?
        {
            Scanned::PaymentCode { .. } => {}
            Scanned::Order { .. } => return Err(refused(ErrorCode::OwnReceipt)),
            Scanned::Goods => return Err(refused(ErrorCode::GoodsCode)),
            Scanned::CollectionQr => {
                return Err(refused_with(
                    ErrorCode::UnknownCode,
                    &[("last4", String::new())],
                ));
            }
            Scanned::Unknown { last4 } => {
                return Err(refused_with(ErrorCode::UnknownCode, &[("last4", last4)]));
            }
        }
        let charge = Charge {
            intent: args.intent_id,
            amount,
            code: args.code.trim().to_owned(),
            note: args.note.trim().to_owned(),
            confirmed_repeat_of: confirmed(args.confirmed_repeat_of.as_deref())?,
            part: self.part_of(args.part, currency)?,
        };
        let told = self.desk.listen();
        let order = self.desk.charge(charge).await.map_err(coded)?;
        let order = self.after_a_quick_answer(order, told).await;
        self.view(&order).await
    }

    /// The order once it moved, or as it is when the channel takes its time.
    /// Other software is told at once: it has an intent that is durable, and asks for the rest.
    pub(crate) async fn after_a_quick_answer(
        &self,
        order: Order,
        mut told: Receiver<Told>,
    ) -> Order {
        if Desk::caller_at_work().is_some() {
            return order;
        }
        let moved = async {
            loop {
                match told.recv().await {
                    Ok(Told::Order { number, version })
                        if &number == order.number() && version > order.version() =>
                    {
                        break;
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_) | RecvError::Closed) => break,
                }
            }
        };
        if tokio::time::timeout(QUICK_ANSWER, moved).await.is_err() {
            return order;
        }
        self.desk.order(order.number()).await.unwrap_or(order)
    }

    pub(crate) async fn show_qr(&self, args: ShowQr) -> Result<PaymentView, CommandError> {
        let currency = args.currency.as_deref();
        let amount = self.money_in(&args.amount_minor, currency)?;
        intent(&args.intent_id)?;
        let ask = ShowCode {
            intent: args.intent_id,
            amount,
            channel: ChannelId(args.channel),
            note: args.note.trim().to_owned(),
            confirmed_repeat_of: confirmed(args.confirmed_repeat_of.as_deref())?,
            part: self.part_of(args.part, currency)?,
        };
        let told = self.desk.listen();
        let order = self.desk.show_code(ask).await.map_err(coded)?;
        let order = self.after_a_quick_answer(order, told).await;
        self.view(&order).await
    }

    pub(crate) async fn open_page(&self, args: ShowQr) -> Result<PageOpened, CommandError> {
        let currency = args.currency.as_deref();
        let amount = self.money_in(&args.amount_minor, currency)?;
        intent(&args.intent_id)?;
        let ask = OpenPage {
            intent: args.intent_id,
            amount,
            channel: ChannelId(args.channel),
            note: args.note.trim().to_owned(),
            confirmed_repeat_of: confirmed(args.confirmed_repeat_of.as_deref())?,
            part: self.part_of(args.part, currency)?,
        };
        let order = self.desk.open_page(ask).await.map_err(coded)?;
        self.opened(order.number()).await
    }

    pub(crate) async fn reopen_page(&self, args: OrderId) -> Result<PageOpened, CommandError> {
        self.opened(&number(&args.order_id)?).await
    }

    async fn opened(&self, number: &OrderNumber) -> Result<PageOpened, CommandError> {
        let (page, scope) = self.desk.page(number).await.map_err(coded)?;
        let name = number.to_string();
        let shown = self.surroundings.show_page(&name, &page, scope).await?;
        let order = self.desk.order(number).await.map_err(coded)?;
        Ok(PageOpened {
            view: self.view(&order).await?,
            file: shown.file,
            opened: shown.opened,
        })
    }

    /// What is collected.
    pub(crate) fn part_of(
        &self,
        part: Option<PartOf>,
        currency: Option<&str>,
    ) -> Result<paydesk_desk::PartOf, CommandError> {
        Ok(match part {
            None => paydesk_desk::PartOf::Whole,
            Some(PartOf::NewOrder { total_minor }) => paydesk_desk::PartOf::New {
                total: self.money_in(&total_minor, currency)?,
            },
            Some(PartOf::Order { order_id }) => paydesk_desk::PartOf::Order(number(&order_id)?),
        })
    }

    pub(crate) async fn payment_view(&self, args: OrderId) -> Result<PaymentView, CommandError> {
        let order = self
            .desk
            .order(&number(&args.order_id)?)
            .await
            .map_err(coded)?;
        self.view(&order).await
    }

    pub(crate) async fn check_now(&self, args: OrderId) -> Result<PaymentView, CommandError> {
        let order = self
            .desk
            .check_now(&number(&args.order_id)?)
            .await
            .map_err(coded)?;
        self.view(&order).await
    }

    pub(crate) async fn cancel_payment(&self, args: OrderId) -> Result<PaymentView, CommandError> {
        let order = self
            .desk
            .cancel(&number(&args.order_id)?)
            .await
            .map_err(coded)?;
        self.view(&order).await
    }

    pub(crate) async fn expected_fee(
        &self,
        args: ExpectedFeeOf,
    ) -> Result<ExpectedFee, CommandError> {
        let money = self.money_in(&args.amount_minor, args.currency.as_deref())?;
        let shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let today = paydesk_desk::channel_day(self.desk.now());
        let contract = shop
            .account_for(&ChannelId(args.channel))
            .and_then(|account| account.contract_on(today?));
        let fee = contract
            .zip(Amount::new(money).ok())
            .map(|(contract, amount)| contract.fee_on(amount));
        let net = fee.and_then(|fee| money.checked_sub(fee).ok());
        Ok(ExpectedFee {
            fee: fee.map(MoneyView::from),
            net: net.map(MoneyView::from),
            rate_millionths: contract.map(|contract| contract.rate.millionths()),
        })
    }

    /// The latest attempt of an order for the stage.
    pub(crate) async fn view(&self, order: &Order) -> Result<PaymentView, CommandError> {
        let payment = order
            .latest()
            .ok_or_else(|| refused(ErrorCode::OrderNotFound))?;
        let asked = self
            .desk
            .ports()
            .store
            .times_asked(payment.reference())
            .await
            .map_err(crate::store_error)?;
        let view = views::payment(order, payment, asked, self.desk.now());
        Ok(PaymentView {
            reader: self.reader_at(payment),
            ..view
        })
    }
}

/// An intent is made by the caller; an empty or endless one would make two sales one.
pub(crate) fn intent(id: &str) -> Result<(), CommandError> {
    if (16..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(());
    }
    Err(crate::invalid("intent_id"))
}

pub(crate) fn confirmed(order: Option<&str>) -> Result<Option<OrderNumber>, CommandError> {
    order.map(number).transpose()
}

/// 8, 12, 13 or 14 digits with a valid GS1 check digit (GS1 General Specifications, 7.9).
fn is_goods_code(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|d| matches!(d.len(), 8 | 12 | 13 | 14)) else {
        return false;
    };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { d * 3 } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_codes_have_a_valid_check_digit() {
        for good in [
            "6901234567892",
            "4006381333931",
            "73513537",
            "036000291452",
            "10614141543219",
        ] {
            assert!(is_goods_code(good), "{good}");
        }
        for other in [
            "6901234567893",
            "289999999999999999",
            "123",
            "",
            "69012345678９2",
        ] {
            assert!(!is_goods_code(other), "{other}");
        }
    }

    #[test]
    fn an_intent_is_a_made_up_name_of_fitting_length() {
        assert!(intent("3f0d9e1c-7b1a-4f9e-a5f4-000000000001").is_ok());
        for bad in ["", "short", "with space and more", &"x".repeat(65)] {
            assert!(intent(bad).is_err(), "{bad}");
        }
    }
}
