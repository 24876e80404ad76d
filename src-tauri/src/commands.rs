//! The contract's commands as Tauri commands: one each, all async, none with a body of its own.
//!
//! One command per name, not one for all: the capability file says which the window may call.
#![allow(
    clippy::let_underscore_must_use,
    reason = "written by the command macro"
)]

use paydesk_console::contract::CommandError;
use serde_json::Value;
use tauri::ipc::Invoke;
use tauri::{AppHandle, State, WebviewWindow, Wry};
use tauri_plugin_dialog::DialogExt;

use crate::shop::Shop;

macro_rules! hand_through {
    ($($(#[$doc:meta])* $name:ident: $args:ty => $answer:ty,)+) => {
        $(
            $(#[$doc])*
            #[tauri::command]
            async fn $name(shop: State<'_, Shop>, args: Value) -> Result<Value, CommandError> {
                shop.call(stringify!($name), args).await
            }
        )+

        /// What answers the page.
        pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name,)+ choose_bill_files, choose_export_file, confirm_quit]
        }
    };
}
paydesk_console::with_commands!(hand_through);

/// Asks a person where an export is to be written, in the system's own dialog. `None`: they thought better of it.
///
/// It only names a file: what is written there is the contract's command, which looks at the name again.
#[tauri::command]
async fn choose_export_file(window: WebviewWindow, args: ChooseFile) -> Result<Option<String>, ()> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let ending = args.name.rsplit('.').next().unwrap_or_default().to_owned();
    window
        .dialog()
        .file()
        .set_parent(&window)
        .set_file_name(args.name)
        .add_filter(ending.to_uppercase(), &[&ending])
        .save_file(move |chosen| drop(tell.send(chosen)));
    let chosen = told.await.ok().flatten();
    let path = chosen.and_then(|path| path.into_path().ok());
    Ok(path.and_then(|path| path.to_str().map(str::to_owned)))
}

/// Asks a person for bills' files, in the system's own dialog. None: they thought better of it.
///
/// It only names files: they are read by the contract's command, piece by piece.
#[tauri::command]
async fn choose_bill_files(window: WebviewWindow) -> Result<Vec<String>, ()> {
    let (tell, told) = tokio::sync::oneshot::channel();
    window
        .dialog()
        .file()
        .set_parent(&window)
        .add_filter("CSV, ZIP, GZ", &["csv", "zip", "gz", "txt"])
        .pick_files(move |chosen| drop(tell.send(chosen)));
    let chosen = told.await.ok().flatten().unwrap_or_default();
    let paths = chosen.into_iter().filter_map(|path| path.into_path().ok());
    Ok(paths
        .filter_map(|path| path.to_str().map(str::to_owned))
        .collect())
}

/// What the dialog starts with.
#[derive(serde::Deserialize)]
struct ChooseFile {
    /// A proposal for the name, without a folder.
    name: String,
}

/// Ends the program although results are open; they are asked about at the next start.
#[tauri::command]
async fn confirm_quit(app: AppHandle, shop: State<'_, Shop>) -> Result<(), CommandError> {
    shop.close().await;
    app.exit(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    #[test]
    fn the_window_may_call_exactly_the_contract_and_may_listen() {
        let capability: Value =
            serde_json::from_str(include_str!("../capabilities/main.json")).unwrap_or_default();
        let granted: BTreeSet<&str> = capability
            .get("permissions")
            .and_then(Value::as_array)
            .map(|permissions| permissions.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let contract: Vec<String> = paydesk_console::COMMANDS
            .iter()
            .chain(&["choose_bill_files", "choose_export_file", "confirm_quit"])
            .map(|name| format!("allow-{}", name.replace('_', "-")))
            .collect();
        let mut expected: BTreeSet<&str> = contract.iter().map(String::as_str).collect();
        expected.extend(["core:event:allow-listen", "core:event:allow-unlisten"]);
        assert_eq!(granted, expected);
    }
}
