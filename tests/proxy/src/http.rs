//! HTTP/1.1 messages as bytes: a head and a body, whole, half, or in drops.
//!
//! It must never interpret a message beyond where it ends.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Far above what a till or a sandbox sends, bills included.
const MOST: usize = 128 << 20;

/// One request or reply.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Start line and headers, with the empty line.
    pub(crate) head: String,
    /// Whatever follows.
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads one; `None` when the other side closed before it began.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Message>> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
            if bytes.len() > 1 << 16 {
                return Err(io::Error::other("a head without an end"));
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return if bytes.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        };
        let mut body = bytes.split_off(head_end);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let length = header(&head, "content-length").and_then(|it| it.parse::<usize>().ok());
        let is_request = !head.starts_with("HTTP/");
        match length {
            Some(length) if length <= MOST => {
                while body.len() < length {
                    if stream.read_buf(&mut body).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                // Neither side sends a second message before the first is answered.
                body.truncate(length);
            }
            Some(_) => return Err(io::Error::other("a body too large")),
            None if is_request => {}
            None => {
                stream.read_to_end(&mut body).await?;
            }
        }
        Ok(Some(Message { head, body }))
    }

    /// A reply of nobody in particular.
    pub(crate) fn reply(status: &str, kind: &str, body: &str) -> Message {
        let length = body.len();
        Message {
            head: format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
            ),
            body: body.as_bytes().to_vec(),
        }
    }

    /// As it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }

    /// Writes all of it.
    pub(crate) async fn write(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        stream.write_all(&self.bytes()).await?;
        stream.flush().await
    }

    /// With one bit of the body changed.
    pub(crate) fn flipped(mut self, draw: u64) -> Message {
        let bits = u64::try_from(self.body.len()).unwrap_or(0) * 8;
        let at = draw.checked_rem(bits).unwrap_or(0);
        let byte = usize::try_from(at / 8).unwrap_or(0);
        if let Some(byte) = self.body.get_mut(byte) {
            *byte ^= 1 << (at % 8);
        }
        self
    }

    /// With another signature of the same length: WeChat Pay's stands in the head, Alipay's in the body.
    pub(crate) fn forged(mut self) -> Message {
        let lines = self.head.split("\r\n").map(|line| {
            let name = line.split(':').next().unwrap_or_default();
            if name.eq_ignore_ascii_case("wechatpay-signature") {
                let value = line.get(name.len() + 1..).unwrap_or_default().trim();
                format!("{name}: {}", other_letters(value))
            } else {
                line.to_owned()
            }
        });
        self.head = lines.collect::<Vec<_>>().join("\r\n");
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let mark = "\"sign\":\"";
        if let Some(at) = text.find(mark) {
            let (before, rest) = text.split_at(at + mark.len());
            let (sign, after) = rest.split_once('"').unwrap_or((rest, ""));
            self.body = format!("{before}{}\"{after}", other_letters(sign)).into_bytes();
        }
        self
    }
}

/// Base64 of the same length that says something else.
fn other_letters(text: &str) -> String {
    let other = |letter| match letter {
        'A'..='Y' | 'a'..='y' | '0'..='8' => char::from_u32(u32::from(letter) + 1),
        'Z' | 'z' => Some('A'),
        '9' => Some('0'),
        _ => Some(letter),
    };
    text.chars().filter_map(other).collect()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(its, _)| its.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_end_where_their_length_says() {
        let mut bytes: &[u8] =
            b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\n\r\n";
        let first = Message::read(&mut bytes).await.unwrap().unwrap();
        assert_eq!(first.body, b"{}");
        let mut half: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}";
        assert!(Message::read(&mut half).await.is_err());
        let mut nothing: &[u8] = b"";
        assert!(Message::read(&mut nothing).await.unwrap().is_none());
    }

    #[test]
    fn a_forged_reply_differs_in_its_signature_alone() {
        let wechat = Message {
            head: "HTTP/1.1 200 OK\r\nWechatpay-Signature: abc+Z9/==\r\n\r\n".to_owned(),
            body: b"{}".to_vec(),
        };
        assert!(
            wechat
                .forged()
                .head
                .contains("Wechatpay-Signature: bcd+A0/==\r\n")
        );
        let alipay = Message::reply(
            "200 OK",
            "text/html",
            r#"{"r":{"code":"10000"},"sign":"aZ"}"#,
        );
        let forged = alipay.clone().forged();
        assert_eq!(forged.body, br#"{"r":{"code":"10000"},"sign":"bA"}"#);
        assert_ne!(alipay.clone().flipped(77).body, alipay.body);
    }
}
