//! A code that was scanned, or a card at the reader: one payment, and how far its result is waited for.

use crate::{
    commands::{Desk, LOOK_EVERY, pause, payment_exit, read_line},
    exit::Exit,
};
use clap::Args;
use paydesk_console::contract::*;
use std::time::Duration;

/// What is charged, and how.
#[derive(Args)]
pub(crate) struct ChargeArguments {
    /// As a decimal: 46.50.
    #[arg(long)]
    pub(crate) amount: String,
    /// The scanned code; `-` reads it from standard input.
    #[arg(long, required_unless_present = "reader", conflicts_with = "reader")]
    pub(crate) code: Option<String>,
    /// Has the chosen card reader of a channel take it, `stripe` when none is named.
    #[arg(long, value_name = "CHANNEL", num_args = 0..=1, default_missing_value = "stripe")]
    pub(crate) reader: Option<String>,
    /// A note on the order.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    /// Waits until the result is known, at most this many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "120")]
    pub(crate) wait: Option<u64>,
    /// A name for this charge: the same name again is the same charge.
    #[arg(long)]
    pub(crate) intent: Option<String>,
    /// Charges although the same amount was just charged in this order.
    #[arg(long, value_name = "ORDER")]
    pub(crate) repeat_of: Option<String>,
}

impl Desk {
    pub(crate) async fn charge(&self, charge: ChargeArguments) -> Result<Exit, CommandError> {
        let amount_minor = self.host.console().minor_units(&charge.amount, None)?;
        let intent_id = charge.intent.unwrap_or_else(|| self.fresh_intent());
        let mut view: PaymentView = match charge.code {
            None => {
                let ask = ShowQr {
                    intent_id,
                    amount_minor,
                    currency: None,
                    channel: charge.reader.unwrap_or_default(),
                    note: charge.note,
                    confirmed_repeat_of: charge.repeat_of,
                    part: None,
                };
                self.ask("use_reader", ask).await?
            }
            Some(code) => {
                let take = TakePayment {
                    intent_id,
                    amount_minor,
                    currency: None,
                    code: if code == "-" { read_line()? } else { code },
                    note: charge.note,
                    confirmed_repeat_of: charge.repeat_of,
                    part: None,
                };
                self.ask("take_payment", take).await?
            }
        };
        // Without --wait the send itself is still waited for, so that the process does not end under it.
        let mut left = Duration::from_secs(charge.wait.unwrap_or(16));
        while left > Duration::ZERO && goes_on(&view, charge.wait.is_some()) {
            pause(LOOK_EVERY).await;
            left = left.saturating_sub(LOOK_EVERY);
            let order_id = view.order_id.clone();
            view = self.ask("payment_view", OrderId { order_id }).await?;
        }
        self.print(&view, || format!("{} {:?}", view.order_id, view.state));
        Ok(payment_exit(&view))
    }
}

fn goes_on(view: &PaymentView, until_known: bool) -> bool {
    match view.state {
        PayState::Waiting => true,
        PayState::AtReader
        | PayState::Confirming
        | PayState::CustomerPaying
        | PayState::Ending
        | PayState::PageOpen
        | PayState::ShowingQr
        | PayState::Unknown => until_known,
        PayState::Closed
        | PayState::Failed
        | PayState::Paid
        | PayState::PaidLate
        | PayState::PaidOver
        | PayState::PaidShort
        | PayState::PartPaid
        | PayState::Reversed => false,
    }
}
