//! The bodies: each asks the console, prints its answer, and gives an exit code.

use crate::{
    arguments::{Arguments, Command, LocaleArgument, ModeArgument, SandboxCommand, TabArgument},
    charge::ChargeArguments,
    exit::{self, Exit},
    interface::InterfaceCommand,
};
use paydesk_console::{contract::*, minor_units_like};
use paydesk_host::{Host, HostOptions, Secret};
use serde::{Serialize, de::DeserializeOwned};
use std::{io::Write, sync::Arc, time::Duration};

/// Between two looks while waiting for a result.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a round of looks at what is due may take.
const ROUND: Duration = Duration::from_secs(2);

/// An open folder and how to print.
pub(crate) struct Desk {
    pub(crate) host: Host,
    pub(crate) json: bool,
    pub(crate) passphrase: Option<Arc<Secret<String>>>,
}

/// Runs one command.
pub(crate) async fn run(arguments: Arguments) -> Exit {
    let resolve = matches!(
        &arguments.command,
        Command::Charge(ChargeArguments { wait: Some(_), .. })
            | Command::Refund { wait: Some(_), .. }
            | Command::Resolve { .. }
            | Command::Query { .. }
            | Command::Interface(InterfaceCommand::Serve)
            | Command::Notices(_)
    );
    if let Command::Sandbox {
        command: SandboxCommand::Serve { port },
    } = arguments.command
    {
        return serve(&arguments, port).await;
    }
    let passphrase = match crate::channels::passphrase(arguments.passphrase_fd) {
        Ok(passphrase) => passphrase,
        Err(error) => {
            print_error(&error, arguments.json);
            return exit::of_error(&error);
        }
    };
    let options = HostOptions {
        data: arguments.data.clone(),
        operator: arguments.operator.clone(),
        resolve,
        passphrase: passphrase.clone(),
        ..HostOptions::default()
    };
    let host = match Host::open(options).await {
        Ok(host) => host,
        Err(error) => {
            // The cause in full for whoever has to repair it; the code for whoever reads the output.
            eprintln!("paydesk-cli: {error}");
            let coded = CommandError::from(error);
            print_error(&coded, arguments.json);
            return exit::of_error(&coded);
        }
    };
    let desk = Desk {
        host,
        json: arguments.json,
        passphrase,
    };
    let ended = match desk.passphrase_fits(&arguments.command).await {
        Ok(()) => desk.run(arguments.command).await,
        Err(error) => Err(error),
    };
    desk.host.close().await;
    match ended {
        Ok(exit) => exit,
        Err(error) => {
            print_error(&error, arguments.json);
            exit::of_error(&error)
        }
    }
}

async fn serve(arguments: &Arguments, port: u16) -> Exit {
    let folder = arguments
        .data
        .clone()
        .unwrap_or_else(paydesk_host::default_folder);
    match paydesk_host::serve_sandbox(&folder, port).await {
        Ok(serving) => {
            say(&serving.address().to_string());
            if let Err(error) = tokio::signal::ctrl_c().await {
                eprintln!("paydesk-cli: {error}");
            }
            serving.stop().await;
            exit::DONE
        }
        Err(error) => {
            eprintln!("paydesk-cli: {error}");
            exit::ENVIRONMENT
        }
    }
}

fn print_error(error: &CommandError, json: bool) {
    if json {
        say(&serde_json::to_string(error).unwrap_or_default());
        return;
    }
    for sentence in paydesk_console::words(error) {
        eprintln!("paydesk-cli: {sentence}");
    }
    let code = serde_json::to_string(&error.code).unwrap_or_default();
    eprintln!("paydesk-cli: {} {}", code.trim_matches('"'), error.incident);
}

impl Desk {
    async fn run(&self, command: Command) -> Result<Exit, CommandError> {
        match command {
            Command::Init {
                mode,
                store_name,
                time_zone,
                cutoff_hour,
                past_days,
                currency,
                also_currency,
                locale,
            } => {
                let set_up = SetUp {
                    currency: Some(currency),
                    locale: match locale {
                        LocaleArgument::En => Locale::En,
                        LocaleArgument::ZhCn => Locale::ZhCn,
                    },
                    mode: match mode {
                        ModeArgument::Demo => ModeView::Demo,
                        ModeArgument::Real => ModeView::Real,
                    },
                    store_name,
                    time_zone,
                    cutoff_hour,
                    past_days,
                    passphrase: self
                        .passphrase
                        .as_ref()
                        .map(|text| Pasted::new(text.expose().clone())),
                };
                self.init(set_up, also_currency).await
            }
            Command::Charge(arguments) => self.charge(arguments).await,
            Command::Cash { command } => self.cash(command).await,
            Command::Query { order } => self.query(order).await,
            Command::Resolve { watch } => self.resolve(watch).await,
            Command::Refund {
                order,
                amount,
                reason,
                note,
                intent,
                wait,
            } => {
                let request = RequestRefund {
                    currency: None,
                    refund_intent: intent.unwrap_or_default(),
                    order_id: order,
                    reference: None,
                    amount_minor: String::new(),
                    reason,
                    note,
                    in_cash: false,
                    rate: None,
                };
                self.refund(request, amount, wait).await
            }
            Command::Orders {
                tab,
                search,
                day,
                limit,
            } => self.orders(tab, search, day, limit).await,
            Command::Export { command } => self.export(command).await,
            Command::Channels { command } => self.channels(command).await,
            Command::Bills { command } => self.bills(command).await,
            Command::Statements { command } => self.statements(command).await,
            Command::BankDays { command } => self.bank_days(command).await,
            Command::Reconcile(arguments) => self.reconcile(arguments).await,
            Command::Fees(command) => self.fees(command).await,
            Command::Interface(command) => self.interface(command).await,
            Command::Notices(command) => self.notices(command).await,
            Command::Worklist(arguments) => self.worklist(arguments).await,
            Command::Close(arguments) => self.close(arguments).await,
            Command::Verify { rebuild } => self.verify(rebuild).await,
            Command::Sandbox { .. } => {
                let codes: SampleCodes = self.ask("sample_codes", NoArgs {}).await?;
                let lines = codes
                    .codes
                    .iter()
                    .map(|c| format!("{}\t{}\t{}\t{}", c.channel, c.digits, c.code, c.key));
                self.print(&codes, || lines.collect::<Vec<_>>().join("\n"));
                Ok(exit::DONE)
            }
        }
    }

    pub(crate) fn console(&self) -> &paydesk_console::Console {
        self.host.console()
    }

    pub(crate) async fn ask<A: Serialize, R: DeserializeOwned>(
        &self,
        name: &str,
        args: A,
    ) -> Result<R, CommandError> {
        let internal = |_| paydesk_console::refused(ErrorCode::Internal);
        let args = serde_json::to_value(args).map_err(internal)?;
        let answer = self.host.console().call(name, args).await?;
        serde_json::from_value(answer).map_err(internal)
    }

    pub(crate) fn print<T: Serialize>(&self, value: &T, words: impl FnOnce() -> String) {
        say(&if self.json {
            serde_json::to_string(value).unwrap_or_default()
        } else {
            words()
        });
    }

    async fn init(&self, set_up: SetUp, also: Vec<String>) -> Result<Exit, CommandError> {
        let mut status: AppStatus = self.ask("set_up", set_up).await?;
        if !also.is_empty() {
            let change = ChangeSettings {
                currencies: Some(also),
                ..ChangeSettings::default()
            };
            status = self.ask("change_settings", change).await?;
        }
        self.print(&status, || status.store_name.clone());
        Ok(exit::DONE)
    }

    async fn query(&self, order: String) -> Result<Exit, CommandError> {
        let mut view: PaymentView = self.ask("check_now", OrderId { order_id: order }).await?;
        let asked = view.asked;
        for _ in 0..100 {
            let known = matches!(
                view.state,
                PayState::Paid
                    | PayState::PaidLate
                    | PayState::PaidOver
                    | PayState::PaidShort
                    | PayState::PartPaid
                    | PayState::Closed
                    | PayState::Failed
                    | PayState::Reversed
            );
            if known || view.asked > asked {
                break;
            }
            pause(LOOK_EVERY).await;
            view = self
                .ask(
                    "payment_view",
                    OrderId {
                        order_id: view.order_id.clone(),
                    },
                )
                .await?;
        }
        self.print(&view, || format!("{} {:?}", view.order_id, view.state));
        Ok(payment_exit(&view))
    }

    /// One round at least: what is no doubt but not over either, such as a refund that the channel has accepted,
    /// is asked about as well.
    async fn resolve(&self, watch: bool) -> Result<Exit, CommandError> {
        if self.host.open_work().await.unwrap_or(1) > 0 {
            pause(ROUND).await;
        }
        loop {
            let left: QuitCheck = self.ask("quit_check", NoArgs {}).await?;
            if left.open_doubts == 0 || !watch {
                // Without --watch the rest stays for whoever resolves next.
                self.print(&left, || left.open_doubts.to_string());
                return Ok(if left.open_doubts == 0 {
                    exit::DONE
                } else {
                    exit::UNKNOWN
                });
            }
            pause(LOOK_EVERY).await;
        }
    }

    async fn refund(
        &self,
        mut request: RequestRefund,
        amount: Option<String>,
        wait: Option<u64>,
    ) -> Result<Exit, CommandError> {
        let dialog: RefundDialog = self
            .ask(
                "prepare_refund",
                OrderId {
                    order_id: request.order_id.clone(),
                },
            )
            .await?;
        request.amount_minor = match amount {
            Some(amount) => minor_units_like(&amount, &dialog.refundable)?,
            None => dialog.refundable.minor,
        };
        if request.refund_intent.is_empty() {
            request.refund_intent = dialog.refund_intent;
        }
        let mut view: RefundView = self.ask("request_refund", request).await?;
        let mut left = Duration::from_secs(wait.unwrap_or(16));
        while left > Duration::ZERO
            && exit::of_refund(view.state) == exit::UNKNOWN
            && (wait.is_some() || view.state == RefundStateView::Unknown)
        {
            pause(LOOK_EVERY).await;
            left = left.saturating_sub(LOOK_EVERY);
            let detail: OrderDetail = self
                .ask(
                    "order_detail",
                    OrderId {
                        order_id: view.order_id.clone(),
                    },
                )
                .await?;
            if let Some(now) = detail
                .refunds
                .into_iter()
                .find(|r| r.refund_id == view.refund_id)
            {
                view = now;
            }
        }
        self.print(&view, || format!("{} {:?}", view.refund_id, view.state));
        Ok(exit::of_refund(view.state))
    }

    async fn orders(
        &self,
        tab: TabArgument,
        search: String,
        day: Option<String>,
        limit: u32,
    ) -> Result<Exit, CommandError> {
        let query = OrderQuery {
            tab: match tab {
                TabArgument::All => OrderTab::All,
                TabArgument::Attention => OrderTab::Attention,
                TabArgument::Paid => OrderTab::Paid,
                TabArgument::Refunds => OrderTab::Refunds,
                TabArgument::Unpaid => OrderTab::Unpaid,
            },
            search,
            day_from: day.clone(),
            day_to: day,
            status: None,
            channel: None,
        };
        let list = ListOrders {
            query,
            cursor: None,
            position: None,
            limit,
        };
        let page: OrderPage = self.ask("list_orders", list).await?;
        let lines = page.rows.iter().map(|r| {
            format!(
                "{}\t{}\t{:?}\t{}\t{}",
                r.order_id,
                r.channel,
                r.status,
                decimal(&r.amount),
                r.note
            )
        });
        self.print(&page, || lines.collect::<Vec<_>>().join("\n"));
        Ok(exit::DONE)
    }

    async fn verify(&self, rebuild: bool) -> Result<Exit, CommandError> {
        let report = self
            .host
            .verify(rebuild)
            .await
            .map_err(paydesk_console::store_error)?;
        self.print(&report, || match &report.fault {
            Some(fault) => fault.clone(),
            None if !report.differences.is_empty() => report.differences.join("\n"),
            None => format!("{} events, chain complete", report.events),
        });
        Ok(match report.fault {
            Some(_) => exit::REFUSED,
            None if !report.differences.is_empty() => exit::DIFFERENCES,
            None => exit::DONE,
        })
    }

    pub(crate) fn fresh_intent(&self) -> String {
        let nonce = self.host.console().desk().ports().ids.nonce();
        nonce.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Prints a line; a reader that went away (`| head`) is no fault of the command.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

pub(crate) fn payment_exit(view: &PaymentView) -> Exit {
    let why = view.failure.as_ref().map(|failure| failure.text.as_str());
    exit::of_payment(
        view.state,
        why.and_then(|text| text.strip_prefix("not_sent_")),
    )
}

/// Minor units as a plain decimal, without arithmetic: the point goes in from the right.
pub(crate) fn decimal(money: &MoneyView) -> String {
    let exponent = usize::from(money.exponent);
    let digits = format!("{:0>width$}", money.minor, width = exponent + 1);
    match digits.split_at_checked(digits.len() - exponent) {
        Some((whole, fraction)) if exponent > 0 => format!("{whole}.{fraction}"),
        _ => digits,
    }
}

pub(crate) fn read_line() -> Result<String, CommandError> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|_| paydesk_console::refused(ErrorCode::InvalidArguments))?;
    Ok(line.trim().to_owned())
}

#[allow(
    clippy::disallowed_methods,
    reason = "the command line waits for a person's result"
)]
pub(crate) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}
