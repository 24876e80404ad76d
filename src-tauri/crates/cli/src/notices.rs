//! `notices`: what a channel told, delivered as a file. It is believed by its signature, like one that came by itself.

use crate::{
    commands::Desk,
    exit::{self, Exit},
};
use clap::Subcommand;
use paydesk_console::{contract::*, refused_with};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// More than any notice.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What can be done with notices.
#[derive(Subcommand)]
pub(crate) enum NoticesCommand {
    /// Takes a notice: its HTTP headers, an empty line, its body, exactly as they came. Exit code 4 when it said
    /// nothing that can be used, so that the channel is asked.
    Deliver {
        /// The file.
        file: PathBuf,
        /// The account's id; whichever the notice proves to be for when not given.
        #[arg(long)]
        account: Option<String>,
    },
}

/// Headers and body of an HTTP message, its first line apart.
struct Message {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Desk {
    pub(crate) async fn notices(&self, command: NoticesCommand) -> Result<Exit, CommandError> {
        let NoticesCommand::Deliver { file, account } = command;
        let Message { headers, body } = read(&file)?;
        let console = self.host.console();
        let heard = console
            .hear_notice(account.as_deref(), headers, body)
            .await?;
        self.print(&heard, || {
            let order = heard.order_id.as_deref().unwrap_or("-");
            format!(
                "{}\t{}\t{}\t{order}",
                heard.channel, heard.notice_id, heard.came_to
            )
        });
        Ok(match heard.came_to {
            "asked" => exit::UNKNOWN,
            _ => exit::DONE,
        })
    }
}

fn read(file: &Path) -> Result<Message, CommandError> {
    let wrong = || refused_with(ErrorCode::InvalidArguments, &[("what", "file".to_owned())]);
    let opened = std::fs::File::open(file).map_err(|error| {
        eprintln!("paydesk-cli: {}: {error}", file.display());
        wrong()
    })?;
    let mut bytes = Vec::new();
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|read| read <= FILE_BYTES_MAX);
    if read.is_err() || !is_whole {
        return Err(wrong());
    }
    message(&bytes).ok_or_else(wrong)
}

/// Splits at the empty line, whichever line ends the file has above it; the body stays as it is.
fn message(bytes: &[u8]) -> Option<Message> {
    let mut headers = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = (rest.get(..end)?, rest.get(end + 1..)?);
        rest = after;
        let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
        if line.is_empty() {
            break;
        }
        let is_first = headers.is_empty() && line.contains(" HTTP/1.");
        if is_first {
            continue;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Some(Message {
        headers,
        body: rest.to_vec(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_its_headers_and_its_body_as_it_came() {
        for (bytes, headers, body) in [
            ("POST /n HTTP/1.1\r\nA: b\r\nC:d\r\n\r\nx\r\ny", 2, "x\r\ny"),
            ("Content-Type: a/b\n\nk=v&l=w", 1, "k=v&l=w"),
            ("\nbody", 0, "body"),
        ] {
            let message = message(bytes.as_bytes()).unwrap();
            assert_eq!(
                (message.headers.len(), message.body),
                (headers, body.as_bytes().to_vec())
            );
        }
        for bad in ["", "no end of headers", "A: b\nno colon\n\n", "A: b\n"] {
            assert!(message(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
