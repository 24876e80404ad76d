//! The interface for other software, and its keys.

use super::{CommandError, MoneyView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RightView {
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

/// A key of other software, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CallerView {
    /// Its id, as requests name it.
    pub id: String,
    /// The name under which a person knows it.
    pub label: String,
    /// What it may do.
    pub rights: Vec<RightView>,
    /// The most it may charge or refund in one call; null: whatever the channel takes.
    pub amount_max: Option<MoneyView>,
    /// Calls in a minute.
    pub per_minute: u32,
    /// When it was made, UTC milliseconds.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When it was revoked, UTC milliseconds.
    #[ts(type = "number | null")]
    pub revoked_at: Option<i64>,
}

/// Whether a program that is open here listens for the interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListeningView {
    /// Where, as `127.0.0.1:8317`; null while it does not.
    pub address: Option<String>,
    /// What stands in the way although it should.
    pub error: Option<CommandError>,
}

/// The interface for other software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InterfaceView {
    /// Whether it listens for other software.
    pub is_on: bool,
    /// Whether it listens for channels' notices.
    pub hears_notices: bool,
    /// Where.
    pub port: u16,
    /// Whether other machines reach it.
    pub beyond_this_machine: bool,
    /// Names by which it may be called, besides loopback's own.
    pub hosts: Vec<String>,
    /// The keys, oldest first.
    pub callers: Vec<CallerView>,
    /// What came of it in this process.
    pub listening: ListeningView,
}

/// What is given is changed, the rest stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangeInterface {
    /// Whether it listens for other software.
    #[serde(default)]
    #[ts(optional)]
    pub is_on: Option<bool>,
    /// Whether it listens for channels' notices.
    #[serde(default)]
    #[ts(optional)]
    pub hears_notices: Option<bool>,
    /// Where: 1 to 65535.
    #[serde(default)]
    #[ts(optional)]
    pub port: Option<u16>,
    /// Whether other machines reach it.
    #[serde(default)]
    #[ts(optional)]
    pub beyond_this_machine: Option<bool>,
    /// Names by which it may be called, without a port; at most 16.
    #[serde(default)]
    #[ts(optional)]
    pub hosts: Option<Vec<String>>,
}

/// Names a key of other software.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CallerOf {
    /// Its id.
    pub caller_id: String,
}
