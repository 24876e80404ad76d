//! Talking to the sandbox's control interface: faults, ledger, request log.
//!
//! One short loopback connection per question. It must never touch the channels' own addresses.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// Longer than any answer of the control interface takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a question was not answered.
pub(crate) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// The way to one sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    address: SocketAddr,
    token: String,
}

impl Control {
    /// Reads address and token of the sandbox of a data folder.
    pub(crate) fn of(folder: &Path) -> Result<Self, Trouble> {
        let text = std::fs::read_to_string(folder.join("sandbox").join("sandbox.json"))?;
        let card: Value = serde_json::from_str(&text)?;
        let port = card
            .get("port")
            .and_then(Value::as_u64)
            .ok_or("sandbox.json names no port")?;
        let token = card
            .get("control_token")
            .and_then(Value::as_str)
            .ok_or("sandbox.json holds no control_token")?;
        Ok(Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port)?)),
            token: token.to_owned(),
        })
    }

    /// Asks.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        Ok(serde_json::from_slice(&self.call("GET", path, "")?)?)
    }

    /// Tells.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<(), Trouble> {
        self.call("PUT", path, &body.to_string()).map(drop)
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>, Trouble> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nX-Sandbox-Token: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.address, self.token,
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let (head, body) = split(&answer).ok_or("an answer without a head")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            return Err(format!(
                "{method} {path}: {status}: {}",
                String::from_utf8_lossy(&body)
            )
            .into());
        }
        Ok(body)
    }
}

/// Head and body; a chunked body is put together.
fn split(answer: &[u8]) -> Option<(String, Vec<u8>)> {
    let at = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(answer.get(..at)?).into_owned();
    let body = answer.get(at + 4..)?;
    let is_chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    Some((
        head,
        if is_chunked {
            unchunked(body)?
        } else {
            body.to_vec()
        },
    ))
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = rest.windows(2).position(|it| it == b"\r\n")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(rest.get(..line)?).ok()?.trim(), 16).ok()?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_chunked_answers_are_read() {
        let plain = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        for answer in [&plain[..], &chunked[..]] {
            let (head, body) = split(answer).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"));
            assert_eq!(body, b"{}");
        }
    }
}
