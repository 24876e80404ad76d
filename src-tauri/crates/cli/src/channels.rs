//! `channels`: accounts without a window. Keys come from files or standard input, never as an argument,
//! where every process of the machine could read them.

use crate::{
    arguments::Command,
    commands::Desk,
    exit::{self, Exit},
};
use clap::{Args, Subcommand};
use paydesk_console::{contract::*, refused, refused_with};
use paydesk_host::Secret;
use std::{collections::BTreeMap, io::Read, path::Path, sync::Arc};

/// What can be done with accounts.
#[derive(Subcommand)]
pub(crate) enum ChannelsCommand {
    /// Keeps an account: its keys in the keyring or the sealed vault.
    Add(AddChannel),
    /// Tests the connection line by line; exit code 3 when a line is red, 4 when one could not be told.
    Test {
        /// The account's id; the only one when not given.
        account: Option<String>,
    },
    /// Lists the accounts, without anything secret.
    List,
    /// Lists the card readers of an account, and chooses the one of this till.
    Readers {
        /// The account's id; the only one with card readers when not given.
        account: Option<String>,
        /// The channel's number of the reader that this till uses from now on.
        #[arg(long, value_name = "READER", conflicts_with = "none")]
        choose: Option<String>,
        /// This till uses no reader from now on.
        #[arg(long)]
        none: bool,
    },
    /// Forgets an account and its keys; refused while something of it is not known yet.
    Remove {
        /// The account's id.
        account: String,
    },
}

/// An account to keep.
#[derive(Args)]
pub(crate) struct AddChannel {
    /// alipay, btcpay, stripe, unionpay or wechatpay.
    pub(crate) channel: String,
    /// A field that may be seen, by the channel's own name: app_id=2021…
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(crate) fields: Vec<String>,
    /// A key, certificate or secret from a file; `-` reads it from standard input.
    #[arg(long = "file", value_name = "NAME=FILE")]
    pub(crate) files: Vec<String>,
    /// An account of a sandbox.
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// Where a sandbox account talks to.
    #[arg(long, value_name = "URL", requires = "sandbox")]
    pub(crate) gateway: Option<String>,
    /// The name under which a person knows it.
    #[arg(long, default_value = "")]
    pub(crate) label: String,
    /// Contract rate in millionths: 6000 is 0.6 %.
    #[arg(long, value_name = "MILLIONTHS")]
    pub(crate) rate: Option<u32>,
    /// Tests the connection first, and keeps nothing when a line is red; exit code 4 when one could not be told.
    #[arg(long)]
    pub(crate) test: bool,
}

/// More than any key, certificate bundle or passphrase.
const INPUT_MAX: u64 = 256 * 1024;

/// The passphrase from an open file, without the end of its line.
pub(crate) fn passphrase(fd: Option<u32>) -> Result<Option<Arc<Secret<String>>>, CommandError> {
    let Some(fd) = fd else { return Ok(None) };
    let wrong = || {
        refused_with(
            ErrorCode::InvalidArguments,
            &[("what", "passphrase_fd".to_owned())],
        )
    };
    let opened = std::fs::File::open(format!("/dev/fd/{fd}"));
    let mut text = read(opened.map_err(|_| wrong())?).map_err(|_| wrong())?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    Ok(Some(Arc::new(Secret::new(text))))
}

fn read(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(INPUT_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// `name=value`, both of them.
fn pair(text: &str) -> Result<(&str, &str), CommandError> {
    let what = || refused_with(ErrorCode::InvalidArguments, &[("what", "field".to_owned())]);
    text.split_once('=').ok_or_else(what)
}

impl Desk {
    /// A passphrase that was given must open what there is; a first set-up has nothing to open.
    pub(crate) async fn passphrase_fits(&self, command: &Command) -> Result<(), CommandError> {
        if self.passphrase.is_none() || matches!(command, Command::Init { .. }) {
            return Ok(());
        }
        let status: KeysStatus = self.ask("keys_status", NoArgs {}).await?;
        if status.state != KeysState::Locked || status.kept_in != Some(KeysKept::Sealed) {
            return Ok(());
        }
        let seconds = status.wait_seconds.to_string();
        Err(refused_with(
            ErrorCode::PassphraseWrong,
            &[("seconds", seconds)],
        ))
    }

    pub(crate) async fn channels(&self, command: ChannelsCommand) -> Result<Exit, CommandError> {
        match command {
            ChannelsCommand::Add(add) => self.add_channel(add).await,
            ChannelsCommand::List => {
                let list: AccountList = self.ask("list_accounts", NoArgs {}).await?;
                self.print(&list, || rows(&list));
                Ok(exit::DONE)
            }
            ChannelsCommand::Readers {
                account,
                choose,
                none,
            } => {
                let account_id = match account {
                    Some(account) => account,
                    None => self.account_with_readers().await?,
                };
                if none || choose.is_some() {
                    let choose = ChooseReader {
                        account_id: account_id.clone(),
                        reader: choose,
                    };
                    let _changed: AccountView = self.ask("choose_reader", choose).await?;
                }
                let readers: ReaderList =
                    self.ask("list_readers", AccountOf { account_id }).await?;
                self.print(&readers, || reader_rows(&readers));
                Ok(exit::DONE)
            }
            ChannelsCommand::Remove { account } => {
                let named = AccountOf {
                    account_id: account,
                };
                let left: AccountList = self.ask("remove_account", named).await?;
                self.print(&left, || rows(&left));
                Ok(exit::DONE)
            }
            ChannelsCommand::Test { account } => {
                let account = match account {
                    Some(account) => account,
                    None => self.only_account().await?,
                };
                self.test_channel(TestSubject::Account(account)).await
            }
        }
    }

    async fn only_account(&self) -> Result<String, CommandError> {
        let list: AccountList = self.ask("list_accounts", NoArgs {}).await?;
        match list.accounts.as_slice() {
            [only] => Ok(only.id.clone()),
            _ => Err(refused(ErrorCode::AccountNotFound)),
        }
    }

    async fn account_with_readers(&self) -> Result<String, CommandError> {
        let list: AccountList = self.ask("list_accounts", NoArgs {}).await?;
        let mut with_readers = list.accounts.into_iter().filter(|it| it.has_readers);
        match (with_readers.next(), with_readers.next()) {
            (Some(only), None) => Ok(only.id),
            _ => Err(refused(ErrorCode::AccountNotFound)),
        }
    }

    async fn test_channel(&self, subject: TestSubject) -> Result<Exit, CommandError> {
        let tested: AccountTest = self.ask("test_account", TestAccount { subject }).await?;
        self.print(&tested, || {
            let lines = tested.lines.iter().map(|line| {
                let said = line.evidence.as_deref().unwrap_or_default();
                format!(
                    "{:?}\t{:?}\t{}\t{said}",
                    line.line,
                    line.state,
                    sentence(line)
                )
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        let is_open = |line: &TestLine| line.state == TestState::Unknown;
        Ok(match tested.passed {
            false => exit::REFUSED,
            true if tested.lines.iter().any(is_open) => exit::UNKNOWN,
            true => exit::DONE,
        })
    }

    async fn add_channel(&self, add: AddChannel) -> Result<Exit, CommandError> {
        let forms: ChannelForms = self.ask("list_channels", NoArgs {}).await?;
        let form = forms.channels.iter().find(|form| form.id == add.channel);
        let form = form.ok_or_else(|| refused(ErrorCode::ChannelNotConnected))?;
        let draft = AccountDraft {
            channel: add.channel.clone(),
            sandbox: add.sandbox,
            gateway: add.gateway.clone(),
            fields: gather(&add, form)?,
        };
        let check = CheckAccount {
            draft: draft.clone(),
            account_id: None,
        };
        let checked: AccountCheck = self.ask("check_account", check).await?;
        for line in checked.fields.iter().filter(|line| line.problem.is_some()) {
            let problem = line.problem.as_deref().unwrap_or_default();
            eprintln!(
                "paydesk-cli: {}: {}",
                line.field,
                words(problem, &line.params)
            );
        }
        let mut ended = exit::DONE;
        if add.test && checked.ready {
            ended = self.test_channel(TestSubject::Draft(draft.clone())).await?;
            if ended == exit::REFUSED {
                return Ok(ended);
            }
        }
        let keep = AddAccount {
            draft,
            label: add.label,
            rate_millionths: add.rate,
        };
        let added: AccountView = self.ask("add_account", keep).await?;
        self.print(&added, || added.id.clone());
        Ok(ended)
    }
}

/// What was given, by name. A secret as an argument is refused: it would be seen in the list of processes.
fn gather(add: &AddChannel, form: &ChannelForm) -> Result<BTreeMap<String, Pasted>, CommandError> {
    let mut fields = BTreeMap::new();
    for text in &add.fields {
        let (name, value) = pair(text)?;
        let is_secret = form
            .fields
            .iter()
            .any(|field| field.name == name && field.secret);
        if is_secret {
            eprintln!("paydesk-cli: {name}: --file {name}=FILE");
            return Err(refused_with(
                ErrorCode::InvalidArguments,
                &[("what", name.to_owned())],
            ));
        }
        fields.insert(name.to_owned(), Pasted::new(value.to_owned()));
    }
    for text in &add.files {
        let (name, path) = pair(text)?;
        let text = if path == "-" {
            read(std::io::stdin().lock())
        } else {
            std::fs::File::open(Path::new(path)).and_then(read)
        };
        let text = text.map_err(|error| {
            eprintln!("paydesk-cli: {path}: {error}");
            refused_with(ErrorCode::InvalidArguments, &[("what", name.to_owned())])
        })?;
        fields.insert(name.to_owned(), Pasted::new(text));
    }
    Ok(fields)
}

fn rows(list: &AccountList) -> String {
    let lines = list.accounts.iter().map(|account| {
        let kind = if account.sandbox { "sandbox" } else { "live" };
        let charges = if account.charges { "charges" } else { "-" };
        let numbers: Vec<&str> = account.shown.values().map(String::as_str).collect();
        let fingerprint = account
            .keys
            .iter()
            .find(|key| key.state == KeyStateView::Active)
            .and_then(|key| key.fingerprint.clone())
            .unwrap_or_default();
        format!(
            "{}\t{}\t{kind}\t{charges}\t{:?}\t{}\t{}\t{fingerprint}",
            account.id,
            account.channel,
            account.state,
            account.label,
            numbers.join(" "),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn reader_rows(list: &ReaderList) -> String {
    let lines = list.readers.iter().map(|reader| {
        let online = if reader.online { "online" } else { "offline" };
        let chosen = if reader.chosen { "chosen" } else { "-" };
        let ReaderView {
            id, name, model, ..
        } = reader;
        format!("{id}\t{online}\t{chosen}\t{model}\t{name}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sentence(line: &TestLine) -> String {
    words(&line.text, &line.params)
}

fn words(key: &str, params: &BTreeMap<String, String>) -> String {
    paydesk_console::sentence(key, params)
}
