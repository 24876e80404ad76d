//! Card readers of the shop: which there are, and which of them this till uses.

use super::MoneyView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The card reader that a till uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChosenReader {
    /// The channel's number of it.
    pub id: String,
    /// Its name when it was chosen; its number where it had none.
    pub name: String,
}

/// A card reader of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReaderView {
    /// The channel's number of it.
    pub id: String,
    /// Its name; its number where it has none.
    pub name: String,
    /// The channel's word for the kind of machine; may be empty.
    pub model: String,
    /// Whether the channel reaches it now.
    pub online: bool,
    /// Whether this till uses it.
    pub chosen: bool,
}

/// The card readers of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReaderList {
    /// The readers, in the channel's order.
    pub readers: Vec<ReaderView>,
    /// The one this till uses, also where the channel does not know it any more.
    pub chosen: Option<ChosenReader>,
}

/// Chooses the card reader of this till.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChooseReader {
    /// Whose reader.
    pub account_id: String,
    /// The channel's number of it; null: none.
    pub reader: Option<String>,
}

/// What the demo customer does at the card reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CardAct {
    /// Puts down a card that its bank refuses.
    Decline,
    /// Presses the reader's own cancel button.
    Leave,
    /// Looks at it.
    Look,
    /// The reader loses its network.
    SwitchOff,
    /// It has it again.
    SwitchOn,
    /// Puts down a card that pays.
    Tap,
}

/// The demo customer does something at the card reader that the till uses.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReaderAct {
    /// What.
    pub act: CardAct,
}

/// What the demo's card reader shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReaderScreen {
    /// What the shop calls it.
    pub name: String,
    /// `idle`, `waiting`, `authorising`, `approved`, `declined`, `left`, `offline`; both catalogues hold
    /// `reader_state_<state>`.
    pub state: String,
    /// The sum it shows, or showed last.
    pub amount: Option<MoneyView>,
}
