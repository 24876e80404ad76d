//! `interface`: other software orders payments here. The secret of a key is printed once, when it is made.

use crate::{
    commands::Desk,
    exit::{self, Exit},
};
use clap::{Args, Subcommand, ValueEnum};
use paydesk_console::{AddCaller, contract::*, refused};
use serde::Serialize;

/// What can be done with the interface.
#[derive(Subcommand)]
pub(crate) enum InterfaceCommand {
    /// The keys of other software.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Listens until it is ended; prints the address first.
    Serve,
    /// Changes what is given.
    Set(SetInterface),
    /// Prints how it is set up.
    Show,
}

/// What is to change.
#[derive(Args)]
pub(crate) struct SetInterface {
    /// Whether other software may call.
    #[arg(long, value_enum, value_name = "ON|OFF")]
    payments: Option<Switch>,
    /// Whether channels' notices are heard.
    #[arg(long, value_enum, value_name = "ON|OFF")]
    notices: Option<Switch>,
    /// The port.
    #[arg(long)]
    port: Option<u16>,
    /// Whether other machines reach it; loopback alone while it is off.
    #[arg(long, value_enum, value_name = "ON|OFF")]
    other_machines: Option<Switch>,
    /// A name by which it may be called, besides loopback's own; all of them take the place of those before.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Off.
    Off,
    /// On.
    On,
}

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key and prints its id and, this once, its secret.
    Add(AddKey),
    /// Lists the keys, without their secrets.
    List,
    /// Takes no more calls with a key. What was ordered with it goes on.
    Revoke {
        /// The key's id.
        key: String,
    },
}

/// A key to make.
#[derive(Args)]
pub(crate) struct AddKey {
    /// The name under which a person knows it; stands on everything that is done with it.
    #[arg(long)]
    label: String,
    /// What it may do.
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    rights: Vec<RightArgument>,
    /// The most it may charge or refund in one call, as a decimal: 500.00.
    #[arg(long, value_name = "AMOUNT")]
    amount_max: Option<String>,
    /// Calls in a minute.
    #[arg(long, default_value_t = 600)]
    per_minute: u32,
}

/// A right, as it is written.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RightArgument {
    /// End a waiting payment.
    Cancel,
    /// Take a payment.
    Create,
    /// List orders.
    List,
    /// Ask about one order.
    Query,
    /// Give money back.
    Refund,
}

impl From<RightArgument> for RightView {
    fn from(right: RightArgument) -> RightView {
        match right {
            RightArgument::Cancel => RightView::Cancel,
            RightArgument::Create => RightView::Create,
            RightArgument::List => RightView::List,
            RightArgument::Query => RightView::Query,
            RightArgument::Refund => RightView::Refund,
        }
    }
}

#[derive(Serialize)]
struct MadeKey<'a> {
    key: &'a CallerView,
    secret: &'a str,
}

impl Desk {
    pub(crate) async fn interface(&self, command: InterfaceCommand) -> Result<Exit, CommandError> {
        match command {
            InterfaceCommand::Keys(command) => self.interface_keys(command).await,
            InterfaceCommand::Serve => self.serve_interface().await,
            InterfaceCommand::Set(set) => {
                let is_on = |switch: Switch| switch == Switch::On;
                let change = ChangeInterface {
                    is_on: set.payments.map(is_on),
                    hears_notices: set.notices.map(is_on),
                    port: set.port,
                    beyond_this_machine: set.other_machines.map(is_on),
                    hosts: (!set.hosts.is_empty()).then_some(set.hosts),
                };
                let changed: InterfaceView = self.ask("change_interface", change).await?;
                self.print(&changed, || outline(&changed));
                Ok(exit::DONE)
            }
            InterfaceCommand::Show => {
                let shown: InterfaceView = self.ask("interface_settings", NoArgs {}).await?;
                self.print(&shown, || outline(&shown));
                Ok(exit::DONE)
            }
        }
    }

    async fn interface_keys(&self, command: KeysCommand) -> Result<Exit, CommandError> {
        let left: InterfaceView = match command {
            KeysCommand::Add(add) => {
                let add = AddCaller {
                    label: add.label,
                    rights: add.rights.into_iter().map(RightView::from).collect(),
                    amount_max: add.amount_max,
                    per_minute: add.per_minute,
                };
                let (key, secret) = self.host.console().add_caller(add).await?;
                let made = MadeKey {
                    key: &key,
                    secret: secret.expose(),
                };
                self.print(&made, || format!("{}\n{}", key.id, secret.expose()));
                return Ok(exit::DONE);
            }
            KeysCommand::List => self.ask("interface_settings", NoArgs {}).await?,
            KeysCommand::Revoke { key } => {
                self.ask("revoke_caller", CallerOf { caller_id: key })
                    .await?
            }
        };
        self.print(&left.callers, || rows(&left.callers));
        Ok(exit::DONE)
    }

    async fn serve_interface(&self) -> Result<Exit, CommandError> {
        let _log = paydesk_host::logs::start(self.host.folder());
        let settings: InterfaceView = self.ask("interface_settings", NoArgs {}).await?;
        if !settings.is_on && !settings.hears_notices {
            return Err(refused(ErrorCode::InterfaceOff));
        }
        let serving = paydesk_inbound::serve(self.host.console()).await?;
        let address = serving.address().to_string();
        self.print(&address, || address.clone());
        if let Err(error) = tokio::signal::ctrl_c().await {
            eprintln!("paydesk-cli: {error}");
        }
        serving.stop().await;
        Ok(exit::DONE)
    }
}

fn outline(view: &InterfaceView) -> String {
    let word = |is_on: bool| if is_on { "on" } else { "off" };
    format!(
        "payments\t{}\nnotices\t{}\nport\t{}\nother machines\t{}\nhosts\t{}",
        word(view.is_on),
        word(view.hears_notices),
        view.port,
        word(view.beyond_this_machine),
        view.hosts.join(" "),
    )
}

fn rows(callers: &[CallerView]) -> String {
    let lines = callers.iter().map(|caller| {
        let rights: Vec<String> = caller
            .rights
            .iter()
            .map(|right| format!("{right:?}").to_lowercase())
            .collect();
        let most = caller.amount_max.as_ref();
        let most = most.map_or_else(
            || "-".to_owned(),
            |most| format!("{} {}", most.minor, most.currency),
        );
        let state = if caller.revoked_at.is_some() {
            "revoked"
        } else {
            "in use"
        };
        format!(
            "{}\t{}\t{state}\t{}\t{most}\t{}/min",
            caller.id,
            caller.label,
            rights.join(","),
            caller.per_minute,
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
