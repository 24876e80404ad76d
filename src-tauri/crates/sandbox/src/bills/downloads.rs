//! Links to bills: one token per file, good for as long as the channel says.
//!
//! Links live in memory: a new process knows none. It must never write a bill.

use std::collections::VecDeque;

use crate::ledger::Channel;

/// Links kept at once; a till asks for a handful and fetches each at once.
const LINKS_MAX: usize = 16;

/// A file to fetch.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) channel: Channel,
    pub(crate) expires_ms: i64,
    pub(crate) file_name: String,
    pub(crate) content_type: &'static str,
    pub(crate) content: Vec<u8>,
}

/// What a token leads to.
#[derive(Clone, Debug)]
pub(crate) enum Fetched {
    Expired,
    File(Download),
    Unknown,
}

/// The links of a process.
#[derive(Debug, Default)]
pub(crate) struct Downloads {
    links: VecDeque<(String, Download)>,
}

impl Downloads {
    /// Keeps a file under its token.
    pub(crate) fn keep(&mut self, token: String, download: Download) {
        if self.links.len() >= LINKS_MAX {
            self.links.pop_front();
        }
        self.links.push_back((token, download));
    }

    pub(crate) fn fetch(&self, channel: Channel, token: &str, now_ms: i64) -> Fetched {
        let found = self
            .links
            .iter()
            .find(|(known, file)| known == token && file.channel == channel);
        match found {
            None => Fetched::Unknown,
            Some((_, file)) if file.expires_ms <= now_ms => Fetched::Expired,
            Some((_, file)) => Fetched::File(file.clone()),
        }
    }
}
