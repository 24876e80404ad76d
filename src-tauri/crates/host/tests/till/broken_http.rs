//! HTTP that is broken itself, in front of a channel that did its work: whatever the till makes of it, it says
//! neither paid nor failed, and once the line is whole again it learns what happened.

use crate::counter::{Street, add, code_of, keyring, shop};
use paydesk_console::contract::*;
use paydesk_sandbox::{Behaviour, Channel};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A message of HTTP, taken apart.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    async fn read(stream: &mut TcpStream) -> Option<Message> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let body = bytes.split_off(end);
        let head = String::from_utf8(bytes).ok()?;
        let mut message = Message { head, body };
        let length = message
            .header("content-length")
            .and_then(|text| text.parse().ok());
        while message.body.len() < length.unwrap_or(0_usize) {
            if stream.read_buf(&mut message.body).await.ok()? == 0 {
                return None;
            }
        }
        Some(message)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .head
            .split("\r\n")
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }

    /// The same body under another first line and with other headers in front.
    fn under(&self, first: &str, headers: &str) -> Vec<u8> {
        let rest = self.head.split_once("\r\n").map_or("", |(_, rest)| rest);
        [format!("{first}\r\n{headers}{rest}").as_bytes(), &self.body].concat()
    }

    fn without_length(&self) -> String {
        let lines = self.head.trim_end().split("\r\n");
        let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
        kept.collect::<Vec<_>>().join("\r\n")
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn packed(genuine: &Message, body: &[u8]) -> Vec<u8> {
    let head = genuine.without_length();
    let head = format!(
        "{head}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

type Break = fn(&Message) -> Vec<u8>;

/// What comes instead of the genuine answer; the connection ends behind it.
const BREAKS: [(&str, Break); 14] = [
    ("a redirect to where the answer is", |it| {
        it.under(
            "HTTP/1.1 302 Found",
            "location: http://127.0.0.1:9/gateway.do\r\n",
        )
    }),
    ("a redirect that keeps the body", |it| {
        it.under(
            "HTTP/1.1 307 Temporary Redirect",
            "location: /gateway.do\r\n",
        )
    }),
    ("another protocol", |it| {
        it.under("HTTP/1.1 101 Switching Protocols", "upgrade: h2c\r\n")
    }),
    ("hints and no answer", |_| {
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec()
    }),
    ("a part of the content", |it| {
        it.under(
            "HTTP/1.1 206 Partial Content",
            "content-range: bytes 0-1/2\r\n",
        )
    }),
    ("no content with content", |it| {
        it.under("HTTP/1.1 204 No Content", "")
    }),
    ("a server error over a paid answer", |it| {
        it.under("HTTP/1.1 502 Bad Gateway", "")
    }),
    ("an answer packed by somebody", |it| {
        packed(it, &gzip(&it.body))
    }),
    ("a bomb", |it| packed(it, &gzip(&vec![b' '; 48 << 20]))),
    ("a byte less than there is", |it| {
        let head = it.without_length();
        let length = it.body.len().saturating_sub(1);
        [
            format!("{head}\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
            &it.body,
        ]
        .concat()
    }),
    ("a byte more than there is", |it| {
        let head = it.without_length();
        let length = it.body.len() + 1;
        [
            format!("{head}\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
            &it.body,
        ]
        .concat()
    }),
    ("a body larger than any answer", |it| {
        let head = it.without_length();
        let blanks = vec![b' '; 3 << 20];
        let length = it.body.len() + blanks.len();
        [
            format!("{head}\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
            &blanks,
            &it.body,
        ]
        .concat()
    }),
    ("headers larger than any answer", |it| {
        it.under(
            "HTTP/1.1 200 OK",
            &"x-filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(40_000),
        )
    }),
    ("no headers at all", |it| it.body.clone()),
];

/// Hands everything on to the channel, and breaks what comes back while it is told to.
struct Line {
    address: SocketAddr,
    is_broken: Arc<AtomicBool>,
}

impl Line {
    async fn to(channel: SocketAddr, breaks: Break) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_broken = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&is_broken);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let told = Arc::clone(&told);
                tokio::spawn(async move {
                    let asked = Message::read(&mut near).await?;
                    let mut far = TcpStream::connect(channel).await.ok()?;
                    far.write_all(&asked.bytes()).await.ok()?;
                    let answer = Message::read(&mut far).await?;
                    let bytes = if told.load(Ordering::SeqCst) {
                        breaks(&answer)
                    } else {
                        answer.bytes()
                    };
                    // The till may hang up in the middle; that is its right.
                    near.write_all(&bytes).await.ok()?;
                    near.shutdown().await.ok()
                });
            }
        });
        Line { address, is_broken }
    }
}

fn decided(view: &PaymentView) -> bool {
    matches!(
        view.state,
        PayState::Paid | PayState::Reversed | PayState::Closed | PayState::PaidLate
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_http_is_a_doubt_and_nothing_else() {
    let strikes = BREAKS.map(|(name, breaks)| tokio::spawn(strike(name, breaks)));
    for strike in strikes {
        strike.await.unwrap();
    }
}

async fn strike(name: &'static str, breaks: Break) {
    let folder = name.replace(' ', "-");
    let (street, keyring) = (Street::open(&folder).await, keyring());
    let line = Line::to(street.sandbox.address(), breaks).await;
    let till = shop(&folder, &keyring).await;
    for (mut draft, path) in [(street.alipay(), "/gateway.do"), (street.wechatpay(), "")] {
        draft.gateway = Some(format!("http://{}{path}", line.address));
        add(&till, draft).await.unwrap();
    }
    let begun = Instant::now();
    let mut orders = Vec::new();
    for (channel, minor) in [(Channel::Alipay, 3_001), (Channel::Wechatpay, 3_002)] {
        let code = code_of(channel, Behaviour::Pays);
        orders.push(till.charge(&code, minor).await.unwrap().order_id);
    }
    for order in &orders {
        let view = till
            .until(order, "in doubt", |view| view.state == PayState::Unknown)
            .await;
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{name}: {view:?}"
        );
    }
    // Queries break as the charge did: it stays a doubt.
    tokio::time::sleep(Duration::from_secs(7)).await;
    for order in &orders {
        let view = till.view(order).await;
        let is_guess = matches!(
            view.state,
            PayState::Paid | PayState::Failed | PayState::Closed | PayState::Reversed
        );
        assert!(!is_guess, "{name}: {view:#?}");
    }
    line.is_broken.store(false, Ordering::SeqCst);
    for order in &orders {
        till.until(order, "decided", decided).await;
    }
    till.close().await;
    street.close().await;
}
