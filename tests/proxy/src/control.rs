//! The sandbox of a data folder, as whoever holds its token sees it: the ledger, and where it listens.
//!
//! One short loopback connection for each question. It must never touch the channels' own addresses.

use crate::Trouble;
use crate::http::Message;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpStream;

/// Longer than any answer of the control interface takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The way to one sandbox.
#[derive(Clone, Debug)]
pub struct Control {
    address: SocketAddr,
    token: String,
    card: PathBuf,
}

impl Control {
    /// Reads address and token of the sandbox of a data folder.
    ///
    /// # Errors
    /// When no sandbox serves it.
    pub fn of(folder: &Path) -> Result<Self, Trouble> {
        let card = folder.join("sandbox").join("sandbox.json");
        let note: Value = serde_json::from_str(&std::fs::read_to_string(&card)?)?;
        let port = note.get("port").and_then(Value::as_u64);
        let token = note.get("control_token").and_then(Value::as_str);
        Ok(Self {
            address: SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                u16::try_from(port.ok_or("sandbox.json names no port")?)?,
            )),
            token: token
                .ok_or("sandbox.json holds no control_token")?
                .to_owned(),
            card,
        })
    }

    /// Where the sandbox itself listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on tills of this folder are led here.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn lead_to(&self, address: SocketAddr) -> Result<(), Trouble> {
        let mut note: Value = serde_json::from_str(&std::fs::read_to_string(&self.card)?)?;
        if let Some(port) = note.get_mut("port") {
            *port = address.port().into();
        }
        let new = self.card.with_extension("led");
        std::fs::write(&new, note.to_string())?;
        Ok(std::fs::rename(new, &self.card)?)
    }

    /// Asks.
    ///
    /// # Errors
    /// When the sandbox refuses or is gone.
    pub async fn get(&self, path: &str) -> Result<Value, Trouble> {
        let asked = tokio::time::timeout(PATIENCE, self.call("GET", path, ""));
        Ok(serde_json::from_slice(&asked.await??)?)
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>, Trouble> {
        let mut stream = TcpStream::connect(self.address).await?;
        let (address, token, length) = (self.address, &self.token, body.len());
        let request = Message {
            head: format!(
                "{method} {path} HTTP/1.1\r\nHost: {address}\r\nX-Sandbox-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            ),
            body: body.as_bytes().to_vec(),
        };
        request.write(&mut stream).await?;
        let answer = Message::read(&mut stream).await?;
        let answer = answer.ok_or("the sandbox closed without an answer")?;
        let status = answer.head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            let words = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("{method} {path}: {status}: {words}").into());
        }
        Ok(answer.body)
    }
}
