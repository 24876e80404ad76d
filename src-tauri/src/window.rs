//! The one window: made hidden, shown when its page is there, closed only after the page was asked.
//!
//! Never navigates anywhere but to the page embedded in the program.

use std::path::{Path, PathBuf};

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
    let mut context = tauri::generate_context!();
    let instance = instance_id(&context.config().identifier, &folder);
    if cfg!(not(target_os = "linux")) {
        // There the plugin names its lock after the identifier of the configuration and nothing else: the mutex on
        // Windows, the socket in /tmp on macOS. The web view's own profile is then the folder's own as well.
        context.config_mut().identifier.clone_from(&instance);
    }
    tauri::Builder::default()
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .dbus_id(instance)
                .callback(|app, _arguments, _folder| bring_forward(app))
                .build(),
        )
        .plugin(tauri_plugin_dialog::init())
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
        .run(context)
}

/// One running window per data folder: the program's identifier with the folder's own number.
///
/// The same folder by another path (relative, through a link) is the same one. The number is FNV-1a, because it must
/// be the same in every build that may run beside this one; it protects nothing.
fn instance_id(identifier: &str, folder: &Path) -> String {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let resolved = std::fs::canonicalize(folder)
        .or_else(|_| std::path::absolute(folder))
        .unwrap_or_else(|_| folder.to_owned());
    let number = resolved
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(OFFSET_BASIS, |number, byte| {
            (number ^ u64::from(*byte)).wrapping_mul(PRIME)
        });
    // A part of a bus name may not begin with a digit.
    format!("{identifier}.folder-{number:016x}")
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
/// An open folder that cannot say how many asks too: something may be running in it.
fn ask_to_quit(window: &Window) {
    let (app, shop) = (
        window.app_handle().clone(),
        window.state::<Shop>().inner().clone(),
    );
    spawn(async move {
        let answer = shop
            .call("quit_check", Value::Object(serde_json::Map::new()))
            .await;
        if let Err(error) = &answer {
            tracing::warn!(?error, "nobody can say what quitting leaves open");
        }
        let open_doubts = doubts_to_ask_about(answer.ok().as_ref(), shop.is_open());
        if open_doubts > 0 {
            tell(&app, &Event::QuitAsked { open_doubts });
        } else {
            shop.close().await;
            app.exit(0);
        }
    });
}

/// How many open doubts the question names; 0 is no question.
fn doubts_to_ask_about(answer: Option<&Value>, is_open: bool) -> u32 {
    answer
        .and_then(|check| check.get("open_doubts"))
        .and_then(Value::as_u64)
        .map_or_else(
            // Unknown is never none; a folder that did not open has nothing running that could be lost.
            || u32::from(is_open),
            |count| u32::try_from(count).unwrap_or(u32::MAX),
        )
}

/// Only the embedded page: the address a page script could choose is refused before it loads.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // The receipt's frame: its content comes from the page itself, under the page's policy and without scripts.
        "about" => url.path() == "srcdoc",
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

    #[test]
    fn every_folder_has_an_instance_of_its_own() {
        let here = instance_id("net.example.till", Path::new("."));
        let again = instance_id("net.example.till", &std::env::current_dir().unwrap());
        assert_eq!(here, again, "two ways to one folder");
        assert_ne!(here, instance_id("net.example.till", Path::new("..")));
        let missing = |name: &str| instance_id("net.example.till", Path::new(name));
        assert_ne!(missing("not-there-a"), missing("not-there-b"));
        assert_eq!(
            instance_id("a", Path::new("/not-there/till")),
            "a.folder-a9dd5b14402c9fb2"
        );
    }

    #[test]
    fn an_open_folder_that_cannot_count_is_asked_about() {
        let answer = serde_json::json!({ "open_doubts": 3 });
        assert_eq!(doubts_to_ask_about(Some(&answer), true), 3);
        let none = serde_json::json!({ "open_doubts": 0 });
        assert_eq!(doubts_to_ask_about(Some(&none), true), 0);
        assert_eq!(doubts_to_ask_about(None, true), 1, "unknown is not none");
        assert_eq!(doubts_to_ask_about(Some(&Value::Null), true), 1);
        assert_eq!(doubts_to_ask_about(None, false), 0, "nothing is running");
    }

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
        check("about:srcdoc", true);
        check("about:blank", false);
        check("tauri://elsewhere/", false);
        check("https://example.com/", false);
        check("http://127.0.0.1:1420/", false);
        check("http://tauri.localhost/", cfg!(windows));
        check("file:///etc/passwd", false);
        check("data:text/html,hello", false);
        check("javascript:alert(1)", false);
    }
}
