//! Cash without a window: taken for an order, and the drawer.

use crate::{
    commands::{Desk, decimal, payment_exit},
    exit::{self, Exit},
};
use clap::Subcommand;
use paydesk_console::contract::*;

/// What is done with cash. Whoever does it is named by --operator, or worked at the till last.
#[derive(Subcommand)]
pub(crate) enum CashCommand {
    /// Takes cash for a new order and says the change.
    Take {
        /// What is owed, as a decimal: 46.50.
        #[arg(long)]
        amount: String,
        /// What was handed over; the exact amount when not given.
        #[arg(long)]
        received: Option<String>,
        /// A note on the order.
        #[arg(long, default_value = "")]
        note: String,
        /// A name for this payment: the same name again is the same payment.
        #[arg(long)]
        intent: Option<String>,
        /// Takes it although a payment of the same amount, in this order, is not known yet.
        #[arg(long, value_name = "ORDER")]
        repeat_of: Option<String>,
    },
    /// The float, and what the last count found.
    Drawer,
    /// Counts the float at the beginning.
    Float {
        /// What is there, as a decimal.
        counted: String,
    },
    /// Puts money in that is no payment.
    In {
        /// As a decimal.
        amount: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Takes money out that is no refund.
    Out {
        /// As a decimal.
        amount: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Opens the drawer without a sale.
    Open {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Counts the drawer at the end; exit code 6 when it is short or over.
    Count {
        /// What is there, as a decimal.
        counted: String,
        /// A remark; required when it is counted again.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

impl Desk {
    pub(crate) async fn cash(&self, command: CashCommand) -> Result<Exit, CommandError> {
        match command {
            CashCommand::Take {
                amount,
                received,
                note,
                intent,
                repeat_of,
            } => {
                let received = received.as_deref().unwrap_or(&amount);
                let take = TakeCash {
                    currency: None,
                    intent_id: intent.unwrap_or_else(|| self.fresh_intent()),
                    amount_minor: self.minor(&amount)?,
                    received_minor: self.minor(received)?,
                    note,
                    confirmed_repeat_of: repeat_of,
                    part: None,
                };
                let view: PaymentView = self.ask("take_cash", take).await?;
                self.print(&view, || {
                    let change = view.cash.as_ref().map(|cash| decimal(&cash.change));
                    format!(
                        "{} {:?} {}",
                        view.order_id,
                        view.state,
                        change.unwrap_or_default()
                    )
                });
                Ok(payment_exit(&view))
            }
            CashCommand::Drawer => {
                let view: DrawerView = self.ask("drawer", NoArgs {}).await?;
                self.print(&view, || drawer(&view));
                Ok(exit::DONE)
            }
            CashCommand::Float { counted } => {
                self.move_drawer(DrawerDo::Open, Some(counted), String::new())
                    .await
            }
            CashCommand::In { amount, reason } => {
                self.move_drawer(DrawerDo::PayIn, Some(amount), reason)
                    .await
            }
            CashCommand::Out { amount, reason } => {
                self.move_drawer(DrawerDo::PayOut, Some(amount), reason)
                    .await
            }
            CashCommand::Open { reason } => self.move_drawer(DrawerDo::NoSale, None, reason).await,
            CashCommand::Count { counted, reason } => {
                self.move_drawer(DrawerDo::Count, Some(counted), reason)
                    .await
            }
        }
    }

    fn minor(&self, decimal: &str) -> Result<String, CommandError> {
        self.console().minor_units(decimal, None)
    }

    async fn move_drawer(
        &self,
        act: DrawerDo,
        amount: Option<String>,
        reason: String,
    ) -> Result<Exit, CommandError> {
        let amount_minor = amount.as_deref().map(|text| self.minor(text)).transpose()?;
        let ask = MoveDrawer {
            intent_id: self.fresh_intent(),
            act,
            amount_minor,
            reason,
        };
        let view: DrawerView = self.ask("move_drawer", ask).await?;
        self.print(&view, || drawer(&view));
        let differs = view.count.as_ref().filter(|_| act == DrawerDo::Count);
        Ok(match differs {
            Some(count) if count.verdict != "exact" => exit::DIFFERENCES,
            _ => exit::DONE,
        })
    }
}

/// The float, and once it is counted: expected, counted, and the difference by its name.
fn drawer(view: &DrawerView) -> String {
    let float = view.float.as_ref().map_or_else(String::new, decimal);
    match &view.count {
        None => format!("{:?} {float}", view.stage),
        Some(count) => format!(
            "{:?} {float} {} {} {} {}",
            view.stage,
            decimal(&count.expected),
            decimal(&count.counted),
            count.verdict,
            decimal_signed(&count.difference)
        ),
    }
}

fn decimal_signed(money: &MoneyView) -> String {
    match money.minor.strip_prefix('-') {
        None => decimal(money),
        Some(minor) => {
            let positive = MoneyView {
                minor: minor.to_owned(),
                ..money.clone()
            };
            format!("-{}", decimal(&positive))
        }
    }
}
