//! A channel's page in the payer's browser: a file of our own that posts itself there (ADR 32).
//!
//! It holds a signed form and no secret. A browser is the user's own program: this window never shows a bank's page,
//! so it never sees a password.

use paydesk_desk::Page;
use paydesk_domain::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// Starts the user's browser with a file.
pub type Browser = Arc<dyn Fn(&Path) -> io::Result<()> + Send + Sync>;

/// No page can be paid for as long.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// The whole script of the file.
const SCRIPT: &str = "document.forms[0].submit()";

/// The browser that the user has chosen in the system.
#[must_use]
pub fn system_browser() -> Browser {
    Arc::new(|file| open::that_detached(file))
}

/// Writes the file of an order's page among those of `folder`, for this user alone, and sweeps away the old ones.
pub(crate) fn write(
    folder: &Path,
    order: &str,
    page: &Page,
    now: Timestamp,
) -> io::Result<PathBuf> {
    let folder = folder.join("pages");
    fs::create_dir_all(&folder)?;
    sweep(&folder, now);
    let file = folder.join(format!("{order}.html"));
    write_for_user(&file, html(order, page).as_bytes())?;
    Ok(file)
}

#[cfg(unix)]
fn write_for_user(file: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file)?.write_all(bytes)
}

#[cfg(not(unix))]
fn write_for_user(file: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(file, bytes)
}

/// What cannot be swept away now is swept away another time.
fn sweep(folder: &Path, now: Timestamp) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let written = entry.metadata().and_then(|data| data.modified());
        let written = written
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written = written.and_then(|at| i64::try_from(at.as_millis()).ok());
        if written.is_some_and(|at| now.since(Timestamp(at)) > KEPT_FOR) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// The file: a form with a button, and one line of script that presses it. The policy lets nothing else happen.
fn html(order: &str, page: &Page) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let script = STANDARD.encode(Sha256::digest(SCRIPT));
    let inputs: String = page
        .fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    let (order, url) = (escaped(order), escaped(&page.url));
    format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{script}'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>Paydesk {order}</title>\n\
         <form method=\"post\" action=\"{url}\" accept-charset=\"utf-8\">\n{inputs}\
         <button>前往付款页面 / Go to the payment page</button>\n</form>\n\
         <script>{SCRIPT}</script>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_says_stays_inside_of_it() {
        let page = Page {
            url: "https://gateway.example/front?a=1&b=\"2\"".to_owned(),
            fields: vec![("orderDesc".to_owned(), "</form><b>'茶'".to_owned())],
        };
        let html = html("D1<", &page);
        assert!(html.contains("action=\"https://gateway.example/front?a=1&amp;b=&quot;2&quot;\""));
        assert!(html.contains("value=\"&lt;/form&gt;&lt;b&gt;&#39;茶&#39;\""));
        assert!(html.contains("<title>Paydesk D1&lt;</title>"));
        assert_eq!(html.matches("<script>").count(), 1);
    }

    #[test]
    fn an_old_file_is_swept_away_and_a_new_one_is_the_users_alone() {
        let folder = std::env::temp_dir().join(format!("paydesk-pages-{}", std::process::id()));
        let page = Page {
            url: "https://gateway.example/front".to_owned(),
            fields: Vec::new(),
        };
        let now = |file: &Path| {
            let written = fs::metadata(file).unwrap().modified().unwrap();
            let written = written.duration_since(UNIX_EPOCH).unwrap().as_millis();
            Timestamp(i64::try_from(written).unwrap())
        };
        let first = write(&folder, "D1", &page, Timestamp(0)).unwrap();
        let later = now(&first).plus(KEPT_FOR / 2);
        let second = write(&folder, "D2", &page, later).unwrap();
        assert!(first.exists() && second.exists());
        let much_later = now(&first).plus(2 * KEPT_FOR);
        let third = write(&folder, "D3", &page, much_later).unwrap();
        assert!(!first.exists() && !second.exists() && third.exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&third).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
