//! The listener: who may connect and for how long. What was begun is not broken off with its connection, because a
//! commit that is cut short is neither there nor not there.

use crate::{
    door::Door,
    limits::{CONNECTION_FOR, CONNECTIONS_MAX, HEADERS_WITHIN, LAST_ANSWER_WITHIN, STOP_WITHIN},
    orders,
};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use paydesk_console::{
    Console,
    contract::{CommandError, ErrorCode, InterfaceView},
    refused_with,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};

/// How long after a connection that could not be accepted the next one is.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A listener at work.
pub struct Serving {
    address: SocketAddr,
    door: Arc<Door>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more calls, and waits for those that were begun.
    pub async fn stop(self) {
        // Nobody listening means that it has ended already.
        let _told = self.stop.send(true).is_ok();
        if tokio::time::timeout(STOP_WITHIN, self.door.finish())
            .await
            .is_err()
        {
            tracing::warn!(
                "a call from outside did not end before the listener stopped; what is durable goes on"
            );
        }
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the listener ended badly");
        }
    }
}

/// Listens where the settings say.
///
/// # Errors
/// `PortTaken` when another program listens there, `ListenFailed` for whatever else the system says.
pub async fn serve(console: &Console) -> Result<Serving, CommandError> {
    let settings = console.interface_now();
    let address = address_of(&settings);
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|error| not_bound(&error, address))?;
    serve_on(console, listener).await
}

/// Listens with this listener; for tests, whose port the system chooses.
///
/// # Errors
/// `ListenFailed` when it has no address.
pub async fn serve_on(console: &Console, listener: TcpListener) -> Result<Serving, CommandError> {
    let address = listener
        .local_addr()
        .map_err(|error| not_bound(&error, address_of(&console.interface_now())))?;
    let (stop, stopped) = watch::channel(false);
    let door = Arc::new(Door::new(console.clone(), stopped.clone()));
    let router = orders::router(Arc::clone(&door));
    let task = tokio::spawn(accept(listener, router, stopped));
    tracing::info!(%address, "the interface listens");
    Ok(Serving {
        address,
        door,
        stop,
        task,
    })
}

fn address_of(settings: &InterfaceView) -> SocketAddr {
    let ip = if settings.beyond_this_machine {
        Ipv4Addr::UNSPECIFIED
    } else {
        Ipv4Addr::LOCALHOST
    };
    SocketAddr::new(IpAddr::V4(ip), settings.port)
}

fn not_bound(error: &io::Error, address: SocketAddr) -> CommandError {
    let code = match error.kind() {
        io::ErrorKind::AddrInUse => ErrorCode::PortTaken,
        _ => ErrorCode::ListenFailed,
    };
    let params = [
        ("port", address.port().to_string()),
        ("address", address.ip().to_string()),
    ];
    let coded = refused_with(code, &params);
    tracing::error!(incident = %coded.incident, %error, %address, "the interface cannot listen");
    coded
}

async fn accept(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        // Who comes when every place is taken waits in the system's queue, which is bounded too.
        let place = tokio::select! {
            _ = stop.changed() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let router = router.clone();
                    let stop = stop.clone();
                    connections.spawn(async move {
                        connection(stream, router, stop).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of descriptors, mostly: at once again would fail again and fill the log.
                    tracing::warn!(%error, "a connection could not be accepted");
                    if tokio::time::timeout(ACCEPT_AGAIN, stop.changed()).await.is_ok() {
                        break;
                    }
                }
            },
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(64)
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let used = async {
        tokio::select! {
            ended = served.as_mut() => Some(ended),
            _ = stop.changed() => None,
        }
    };
    let used = tokio::time::timeout(CONNECTION_FOR, used).await;
    let ended = match used.ok().flatten() {
        Some(ended) => ended,
        None => {
            // What is being answered is answered; an idle connection is closed.
            served.as_mut().graceful_shutdown();
            let within = if *stop.borrow() {
                STOP_WITHIN
            } else {
                LAST_ANSWER_WITHIN
            };
            let Ok(ended) = tokio::time::timeout(within, served).await else {
                tracing::warn!("a peer did not take its answer; the connection was cut");
                return;
            };
            ended
        }
    };
    if let Err(error) = ended {
        // A peer that was too slow, or sent no HTTP: seen in the log, and nothing else came of it.
        tracing::warn!(%error, "a connection from outside ended early");
    }
}
