//! What listens follows the settings: on and off, another port, a port that is taken.

use crate::shop::{Shop, ask};
use paydesk_console::contract::*;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::{TcpListener, TcpStream};

/// Longer than a change may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_where_and_while_the_settings_want_it() {
    let shop = Shop::demo("keeper").await;
    let change = async |change: ChangeInterface| {
        let _seen: InterfaceView = ask(&shop.host, "change_interface", change).await.unwrap();
    };
    let listening = async |fits: fn(&ListeningView) -> bool| {
        let begun = Instant::now();
        loop {
            let seen = shop.host.console().interface_now().listening;
            if fits(&seen) {
                return seen;
            }
            assert!(begun.elapsed() < SOON, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = |listener: &TcpListener| Some(listener.local_addr().unwrap().port());
    let (taken_port, free_port) = (port(&taken), port(&free));
    drop(free);
    let to = |port| ChangeInterface {
        port,
        ..ChangeInterface::default()
    };
    change(to(taken_port)).await;
    let keeper = paydesk_inbound::Keeper::start(shop.host.console().clone());
    let seen = listening(|it| it.error.is_some()).await;
    assert_eq!(seen.error.unwrap().code, ErrorCode::PortTaken);
    assert_eq!(seen.address, None);

    change(to(free_port)).await;
    let seen = listening(|it| it.address.is_some()).await;
    assert_eq!(seen.error, None);
    let address: SocketAddr = seen.address.unwrap().parse().unwrap();
    assert_eq!(Some(address.port()), free_port);
    assert!(TcpStream::connect(address).await.is_ok());

    let off = ChangeInterface {
        is_on: Some(false),
        hears_notices: Some(false),
        ..ChangeInterface::default()
    };
    change(off).await;
    listening(|it| *it == ListeningView::default()).await;
    assert!(TcpStream::connect(address).await.is_err());

    let on = ChangeInterface {
        is_on: Some(true),
        ..ChangeInterface::default()
    };
    change(on).await;
    listening(|it| it.address.is_some()).await;
    keeper.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    shop.close().await;
}
