//! The one window: made hidden, shown when its page is there, closed only after the page was asked.
//!
//! Never navigates anywhere but to the page embedded in the program.

use std::path::PathBuf;

use paydesk_console::contract::Event;
use serde_json::Value;
use tauri::async_runtime::spawn;
use tauri::webview::PageLoadEvent;
use tauri::{
    AppHandle, Emitter, Manager, Url, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent,
};

use crate::commands;
use crate::renderer;
use crate::shop::Shop;

/// The window's label in the configuration and in its capability file.
const MAIN: &str = "main";

/// Opens the window over a data folder and runs until it is closed.
pub(crate) fn open(folder: PathBuf) -> tauri::Result<()> {
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(
            |app, _arguments, _folder| bring_forward(app),
        ))
        .manage(Shop::new(folder))
        .invoke_handler(commands::handler())
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                api.prevent_close();
                ask_to_quit(window);
            }
        })
        .setup(|app| {
            hand_on_events(app.handle());
            make(app.handle())?;
            Ok(())
        })
        .run(tauri::generate_context!())
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    for description in app
        .config()
        .app
        .windows
        .iter()
        .filter(|window| window.label == MAIN)
    {
        let window = WebviewWindowBuilder::from_config(app, description)?
            .on_navigation(is_own_page)
            .on_new_window(|_url, _features| tauri::webview::NewWindowResponse::Deny)
            .on_page_load(|window, payload| {
                if payload.event() == PageLoadEvent::Finished {
                    show(&window);
                }
            })
            .build()?;
        renderer::scroll_at_once(&window)?;
    }
    Ok(())
}

/// Opens the data folder while the page loads, then tells the page what moves.
fn hand_on_events(app: &AppHandle) {
    let (app, shop) = (app.clone(), app.state::<Shop>().inner().clone());
    spawn(async move { shop.listen(|event| tell(&app, event)).await });
}

fn tell(app: &AppHandle, event: &Event) {
    let payload = serde_json::to_value(event).unwrap_or_default();
    let name = payload
        .get("event")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if let Err(error) = app.emit_to(MAIN, &name, payload) {
        tracing::warn!(name, %error, "the page was not told");
    }
}

/// With open doubts the page asks the person; without any the program ends.
fn ask_to_quit(window: &Window) {
    let (app, shop) = (
        window.app_handle().clone(),
        window.state::<Shop>().inner().clone(),
    );
    spawn(async move {
        let answer = shop
            .call("quit_check", Value::Object(serde_json::Map::new()))
            .await;
        let open_doubts = answer
            .ok()
            .and_then(|check| check.get("open_doubts").and_then(Value::as_u64))
            .and_then(|count| u32::try_from(count).ok())
            // A folder that did not open has nothing running that could be lost.
            .unwrap_or(0);
        if open_doubts > 0 {
            tell(&app, &Event::QuitAsked { open_doubts });
        } else {
            shop.close().await;
            app.exit(0);
        }
    });
}

/// Only the embedded page: the address a page script could choose is refused before it loads.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows serves the embedded page under this name; there is no server behind it.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// A second start of the same program shows the window that is already open.
fn bring_forward(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        show(&window);
    }
}

fn show(window: &WebviewWindow) {
    for (step, outcome) in [
        ("show", window.show()),
        ("unminimize", window.unminimize()),
        ("focus", window.set_focus()),
    ] {
        if let Err(error) = outcome {
            tracing::warn!(step, %error, "the window did not come forward");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn check(address: &str, expected: bool) {
        assert_eq!(
            is_own_page(&Url::parse(address).unwrap()),
            expected,
            "{address}"
        );
    }

    #[test]
    fn only_the_embedded_page_may_be_loaded() {
        check("tauri://localhost/index.html#/pay", true);
        check("tauri://elsewhere/", false);
        check("https://example.com/", false);
        check("http://127.0.0.1:1420/", false);
        check("http://tauri.localhost/", cfg!(windows));
        check("file:///etc/passwd", false);
        check("data:text/html,hello", false);
        check("javascript:alert(1)", false);
    }
}
