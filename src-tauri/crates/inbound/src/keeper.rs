//! Listening for as long as the settings want it, where they say, while a program with the shop's folder is open.

use crate::server::{Serving, serve};
use paydesk_console::{
    Console,
    contract::{InterfaceView, ListeningView},
};
use std::time::Duration;
use tokio::{sync::oneshot, task::JoinHandle};

/// How soon a port that was taken is tried again by itself; a change of the settings is tried at once.
const AGAIN: Duration = Duration::from_secs(60);

/// Where the settings want it: the port, and whether other machines reach it.
type Place = (u16, bool);

/// What listens when it should.
pub struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Begins; nothing listens while the settings do not want it.
    #[must_use]
    pub fn start(console: Console) -> Keeper {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(keep(console, stopped));
        Keeper { stop, task }
    }

    /// Takes no more calls, and waits for those that were begun.
    pub async fn stop(self) {
        // Nobody listening means that it has ended already.
        let _told = self.stop.send(()).is_ok();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the interface ended badly");
        }
    }
}

async fn keep(console: Console, mut stop: oneshot::Receiver<()>) {
    let mut events = console.events();
    let mut place = None;
    let mut serving: Option<Serving> = None;
    let mut is_again = false;
    loop {
        let wanted = wanted(&console.interface_now());
        if wanted != place || is_again {
            place = wanted;
            serving = moved(&console, serving, place).await;
        }
        let is_missed = serving.is_none() && place.is_some();
        is_again = tokio::select! {
            _ = &mut stop => break,
            event = events.next() => {
                if event.is_none() {
                    break;
                }
                false
            }
            () = console.wait(AGAIN), if is_missed => true,
        };
    }
    if let Some(serving) = serving {
        serving.stop().await;
    }
}

fn wanted(settings: &InterfaceView) -> Option<Place> {
    let is_wanted = settings.is_on || settings.hears_notices;
    is_wanted.then_some((settings.port, settings.beyond_this_machine))
}

async fn moved(console: &Console, from: Option<Serving>, to: Option<Place>) -> Option<Serving> {
    if let Some(serving) = from {
        serving.stop().await;
    }
    let mut listening = ListeningView::default();
    let mut serving = None;
    if to.is_some() {
        match serve(console).await {
            Ok(begun) => {
                listening.address = Some(begun.address().to_string());
                serving = Some(begun);
            }
            Err(error) => listening.error = Some(error),
        }
    }
    if console.interface_now().listening != listening {
        console.note_listening(listening);
    }
    serving
}
