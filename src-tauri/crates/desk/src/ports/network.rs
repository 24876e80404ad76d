//! The network as the desk sees it: one send, never repeated, and where an account may go.

use super::BoxFuture;
use paydesk_channels::WireRequest;
use paydesk_domain::NotSent;
use paydesk_signing::WireReply;
use std::time::Duration;

/// Where a send failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// After the first byte may have left: a doubt.
    AfterSend,
    /// Provably before any byte left: proof that it was not sent.
    BeforeSend,
}

impl Cut {
    /// The proof, if it is one.
    #[must_use]
    pub fn proof(self) -> Option<NotSent> {
        match self {
            Cut::AfterSend => None,
            Cut::BeforeSend => Some(NotSent::Offline),
        }
    }
}

/// Where an account may talk to. Goes with every request, so that no request of a sandbox account can
/// reach a live gateway, nor one of a live account anything else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The channel's own hosts, over TLS.
    Live(&'static [&'static str]),
    /// A server of the merchant's own, over TLS, and nothing else.
    Own {
        /// Its address, as the account has it.
        gateway: String,
    },
    /// The gateway of a sandbox account and nothing else.
    Sandbox {
        /// Its address, as the account has it.
        gateway: String,
    },
}

/// How far a connection without any request came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// The host has no address.
    NoAddress,
    /// This folder must not go there.
    NotAllowed,
    /// Connected, without TLS, on this machine.
    Plain,
    /// No connection.
    Refused,
    /// Connected, and the certificate is believed.
    Tls,
    /// Connected, but no TLS that can be believed.
    TlsWrong,
}

/// The network. Never repeats, never follows a redirect.
pub trait Network: Send + Sync {
    /// Sends and waits at most `deadline`.
    fn send(
        &self,
        request: WireRequest,
        scope: Scope,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<WireReply, Cut>>;

    /// Opens a connection and says how far it came; sends nothing of ours.
    fn reach<'a>(&'a self, url: &'a str, scope: Scope) -> BoxFuture<'a, Reached>;
}
