//! The few questions a command may ask its surroundings, and nothing more.

use crate::contract::{
    Act, CardAct, CommandError, DemoStatementOf, PhoneScreen, ReaderScreen, SampleCode,
    SandboxStatus,
};
use paydesk_desk::{
    Page,
    ports::{BoxFuture, Scope},
    shop::{Account, Shop},
};
use std::{
    io::{self, Write},
    path::Path,
};

/// What only the host knows: the demo's sandbox, the folder for saved files, the PC's zone.
pub trait Surroundings: Send + Sync {
    /// Starts the sandbox, keeps its test keys in the vault, and gives the demo's accounts.
    fn connect_demo(&self) -> BoxFuture<'_, Result<Vec<Account>, CommandError>>;
    /// The folder is one with real accounts from now on: the network reaches what they may talk to.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    fn became_real(&self) -> Result<(), CommandError>;
    /// The demo's faults and customers.
    fn sandbox_status(&self) -> BoxFuture<'_, Result<SandboxStatus, CommandError>>;
    /// Switches a fault.
    fn set_fault<'a>(&'a self, name: &'a str, on: bool) -> BoxFuture<'a, Result<(), CommandError>>;
    /// The customer's phone.
    fn phone<'a>(
        &'a self,
        qr: &'a str,
        act: Act,
    ) -> BoxFuture<'a, Result<PhoneScreen, CommandError>>;
    /// The customer at a card reader of the demo, by its number; at its first one without.
    fn card_reader<'a>(
        &'a self,
        reader: Option<&'a str>,
        act: CardAct,
    ) -> BoxFuture<'a, Result<ReaderScreen, CommandError>>;
    /// Has a browser of this PC post the form `page` of an order, where its account may send one.
    fn show_page<'a>(
        &'a self,
        order: &'a str,
        page: &'a Page,
        scope: Scope,
    ) -> BoxFuture<'a, Result<ShownPage, CommandError>>;
    /// Opens the shop on an earlier day and plays its trade until yesterday, with differences planted there.
    fn play_past(&self, shop: Shop, days: u8) -> BoxFuture<'_, Result<(), CommandError>>;
    /// Ends the demo's day: its bill can be fetched from then on.
    fn end_day(&self) -> BoxFuture<'_, Result<(), CommandError>>;
    /// A statement of the demo's bank: its name and bytes.
    fn bank_statement<'a>(
        &'a self,
        asked: &'a DemoStatementOf,
    ) -> BoxFuture<'a, Result<(String, Vec<u8>), CommandError>>;
    /// Sample payment codes, without their pictures.
    fn sample_codes(&self) -> BoxFuture<'_, Result<Vec<SampleCode>, CommandError>>;
    /// Saves a file for the user and gives its path.
    ///
    /// # Errors
    /// As a command error: full disk and the like.
    fn save(&self, name: &str, bytes: &[u8]) -> Result<String, CommandError>;
    /// Begins a file where a person wants it. Blocks, as its writing does: called off the runtime's threads.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` where there is one and `replace` is not asked for.
    fn begin_file(&self, file: &Path, replace: bool) -> io::Result<Box<dyn NewFile>>;
    /// The bytes of the first font of this PC that fits. Blocks: called off the runtime's threads.
    fn font(&self, fits: &dyn Fn(&[u8]) -> bool) -> Option<Vec<u8>>;
    /// The zone of this PC.
    fn time_zone(&self) -> String;
    /// Version of the program.
    fn version(&self) -> &'static str;
}

/// What became of a page that a browser was to show.
pub struct ShownPage {
    /// The file that leads a browser there.
    pub file: String,
    /// Whether a browser was started with it.
    pub opened: bool,
}

/// A file that is not there before it is whole: dropped without `keep`, nothing of it stays.
pub trait NewFile: Write + Send {
    /// Makes it durable and gives it its name.
    ///
    /// # Errors
    /// The system's; nothing of it is left then.
    fn keep(self: Box<Self>) -> io::Result<()>;
}
