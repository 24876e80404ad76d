//! A payer's browser: it posts the till's form to the channel, shows what comes, and presses a button of it.

use super::{
    ether::Ether,
    wire::{self, Reading},
};
use crate::{executor::SimClock, rng::Rng};
use paydesk_channels::{Operation, WireRequest};
use paydesk_desk::{Page, ports::Clock};
use paydesk_sandbox::{Delivered, WireCall};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{sync::Arc, time::Duration};

/// What a payer will do with a page.
pub(crate) struct Payer {
    opens_after_ms: u64,
    /// The button and when it is pressed.
    presses: Option<(&'static str, u64)>,
}

impl Payer {
    /// Most pay; some take their time, some go away, and some never open the page.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Payer> {
        let presses = match rng.below(100) {
            0..55 => Some(("pay", 8_000 + rng.below(90_000))),
            55..72 => Some(("pay", 100_000 + rng.below(700_000))),
            72..82 => Some(("leave", 4_000 + rng.below(60_000))),
            82..90 => None,
            _ => return None,
        };
        let opens_after_ms = 500 + rng.below(4_000);
        Some(Payer {
            opens_after_ms,
            presses,
        })
    }

    /// Does it, in the payer's own time.
    pub(crate) async fn browse(self, form: Form, ether: Arc<Ether>, clock: Arc<SimClock>) {
        clock
            .sleep(Duration::from_millis(self.opens_after_ms))
            .await;
        let Some(shown) = form.post(&ether) else {
            return;
        };
        let Some((button, after_ms)) = self.presses else {
            return;
        };
        // The page names the payer's order by a path that nobody can guess.
        let path = shown
            .split_once("action=\"")
            .and_then(|(_, rest)| rest.split_once('"'));
        let host = form.0.url.split("/gateway/").next();
        let (Some((path, _)), Some(host)) = (path, host) else {
            return;
        };
        let choice = Form::of(Page {
            url: format!("{host}{path}"),
            fields: vec![("act".to_owned(), button.to_owned())],
        });
        clock.sleep(Duration::from_millis(after_ms)).await;
        // What it shows then is the payer's business; the ledger says what happened.
        drop(choice.post(&ether));
    }
}

/// A form as a browser posts it.
pub(crate) struct Form(WireRequest);

impl Form {
    pub(crate) fn of(page: Page) -> Form {
        let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = page
            .fields
            .iter()
            .map(|(name, value)| format!("{}={}", part(name), part(value)))
            .collect();
        Form(WireRequest {
            method: "POST",
            url: page.url,
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: pairs.join("&").into_bytes(),
            // A browser knows no operations; nobody reads its answer but the payer.
            operation: Operation::Prepare,
        })
    }

    /// What it says it is.
    pub(crate) fn reading(&self) -> Reading {
        wire::read(&self.0)
    }

    /// The page that answers it; none where no page came.
    fn post(&self, ether: &Ether) -> Option<String> {
        let call = WireCall {
            method: self.0.method,
            url: &self.0.url,
            headers: &self.0.headers,
            body: &self.0.body,
        };
        let offline = ether.offline();
        let pending = offline.exchange(&call, None, ether.moment());
        match offline.finish(pending, ether.moment()) {
            Delivered::Answer(answer) => String::from_utf8(answer.body).ok(),
            _ => None,
        }
    }
}
