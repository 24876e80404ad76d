//! What a reply is, and the proof that it may be believed.
//! [`Authentic`] has private fields and few ways in: a verified signature or tag, a TLS peer the network vouches for,
//! or, for an account of a sandbox, this very machine.

use crate::{
    digest::{hex, sha256_hex},
    keys::Keys,
    material,
    mutants::{Mutant, planted},
};
use std::{fmt, ops::Range};

/// Names a verifying key: a certificate number, a serial, a public-key id. Opaque.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyId(pub String);

impl KeyId {
    /// The id of a certificate by its serial in hexadecimal. A serial is a number: some write leading
    /// zeros, some do not, and it is the same key.
    #[must_use]
    pub fn of_serial(serial: &str) -> KeyId {
        KeyId(serial.trim_start_matches('0').to_ascii_uppercase())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a reply is not believed. Says nothing of its content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Forged {
    /// The frame around the signature is not what the protocol says.
    #[error("the reply is not in the protocol's form")]
    Malformed,
    /// There is no signature.
    #[error("the reply carries no signature")]
    NoSignature,
    /// The signed text does not hold the part that would be believed.
    #[error("the signature does not speak for this part")]
    NotTheSignedPart,
    /// The signed time is too far from ours.
    #[error("the signed time is out of the window")]
    StaleTime,
    /// Signed by a key we do not know.
    #[error("the signing key is unknown")]
    UnknownKey,
    /// The reply came from another host than the one that may be believed.
    #[error("the reply comes from another peer")]
    WrongPeer,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    WrongSignature,
}

/// Who was on the other side of the connection. Set by the network only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// This machine, asked without TLS for an account of a sandbox: never anybody a live account may believe.
    SandboxHere,
    /// The TLS certificate of this host was verified, and the host is one that this account may talk to.
    TlsHost(String),
    /// Nothing is known.
    Unknown,
}

/// A reply as it came off the wire, believed by nobody yet.
#[derive(Clone, PartialEq, Eq)]
pub struct WireReply {
    /// HTTP status.
    pub status: u16,
    /// Header names and values as received.
    pub headers: Vec<(String, String)>,
    /// The body, bytes as received.
    pub body: Vec<u8>,
    /// The other side.
    pub peer: Peer,
}

impl WireReply {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for WireReply {
    // Replies hold payer data: only the outline is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireReply")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("peer", &self.peer)
            .finish()
    }
}

/// A reply we may believe. Connectors decode `believed()` and the status, nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Authentic {
    reply: WireReply,
    believed: Range<usize>,
    /// What is believed where it is no part of the body: what a sealed part holds, or the text that was signed.
    opened: Option<Vec<u8>>,
    by: Option<KeyId>,
}

impl fmt::Debug for Authentic {
    // Opened contents hold payer data: only the outline is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentic")
            .field("reply", &self.reply)
            .field("believed", &self.believed)
            .field("apart", &self.opened.is_some())
            .field("by", &self.by)
            .finish()
    }
}

impl Authentic {
    /// A reply whose channel signed `text`, which holds `part` of the body.
    /// Alipay signs the part itself, WeChat Pay the body between time stamp and nonce.
    ///
    /// # Errors
    /// `Forged` when the signature does not fit or `text` does not hold the part.
    pub fn signed(
        reply: WireReply,
        part: Range<usize>,
        text: &[u8],
        by: KeyId,
        signature: &[u8],
        keys: &dyn Keys,
    ) -> Result<Authentic, Forged> {
        // The signature first: an unsigned text of any size is not worth searching through.
        match keys.verify(&by, text, signature) {
            Err(Forged::WrongSignature)
                if signature.is_empty() && planted(Mutant::UnsignedBelieved) => {}
            Err(Forged::WrongSignature) if planted(Mutant::WrongSignatureBelieved) => {}
            Err(Forged::UnknownKey) if planted(Mutant::UnknownKeyBelieved) => {}
            verified => verified?,
        }
        let believed = reply
            .body
            .get(part.clone())
            .ok_or(Forged::NotTheSignedPart)?;
        if !holds(text, believed) {
            return Err(Forged::NotTheSignedPart);
        }
        Ok(Authentic {
            reply,
            believed: part,
            opened: None,
            by: Some(by),
        })
    }

    /// A reply whose channel signed `part` itself, a sealed content as a JSON string with its quotes.
    /// What is believed is what it holds.
    ///
    /// # Errors
    /// `Forged` as for [`Authentic::signed`]; `Malformed` when the part does not open.
    pub fn sealed(
        reply: WireReply,
        part: Range<usize>,
        by: KeyId,
        signature: &[u8],
        keys: &dyn Keys,
    ) -> Result<Authentic, Forged> {
        let text = reply.body.get(part.clone()).ok_or(Forged::Malformed)?;
        let text = text.to_vec();
        let proof = Authentic::signed(reply, part, &text, by, signature, keys)?;
        let inside = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\""));
        let inside = inside.and_then(|inside| std::str::from_utf8(inside).ok());
        // JSON may escape the slashes of base64.
        let sealed = inside.ok_or(Forged::Malformed)?.replace("\\/", "/");
        let sealed = material::decode(&sealed).map_err(|_| Forged::Malformed)?;
        let opened = keys.open_content(&sealed).map_err(|_| Forged::Malformed)?;
        Ok(Authentic {
            opened: Some(opened),
            ..proof
        })
    }

    /// A reply of fields, whose channel signed a text made of them and sends its certificate along (UnionPay): the
    /// signature is over the SHA-256 of the text, written in hexadecimal. What is believed is the text.
    ///
    /// # Errors
    /// `Forged` as [`Keys::verify_sent`] says.
    pub fn attested(
        reply: WireReply,
        text: Vec<u8>,
        certificate: &[u8],
        signature: &[u8],
        unix_seconds: i64,
        keys: &dyn Keys,
    ) -> Result<Authentic, Forged> {
        let digest = sha256_hex(&text);
        let by = keys.verify_sent(certificate, unix_seconds, digest.as_bytes(), signature)?;
        Ok(Authentic {
            reply,
            believed: 0..0,
            opened: Some(text),
            by: Some(by),
        })
    }

    /// A notice whose channel put an HMAC-SHA-256 over `before` and the body, in lower-case hexadecimal. One of `tags`
    /// must fit: while a shared secret changes, a channel sends one for each.
    ///
    /// # Errors
    /// `UnknownKey` without the shared secret, `WrongSignature` when none fits.
    pub fn tagged(
        notice: WireReply,
        before: &[u8],
        tags: &[String],
        keys: &dyn Keys,
    ) -> Result<Authentic, Forged> {
        let text = [before, &notice.body].concat();
        let expected = hex(&keys.mac(&text).map_err(|_| Forged::UnknownKey)?);
        // Every tag is compared to its end, so that the time says nothing of which part of one was right.
        let fits = tags.iter().fold(false, |fits, tag| {
            fits | is_same_tag(tag.as_bytes(), expected.as_bytes())
        });
        match fits {
            true => Ok(Authentic {
                by: Some(KeyId("hmac-sha256".to_owned())),
                ..Authentic::whole(notice)
            }),
            false => Err(Forged::WrongSignature),
        }
    }

    /// A reply whose whole body is believed because of the TLS peer it came from.
    ///
    /// # Errors
    /// `WrongPeer` when the driver does not vouch for `host`.
    pub fn from_peer(reply: WireReply, host: &str) -> Result<Authentic, Forged> {
        match &reply.peer {
            Peer::TlsHost(peer) if peer == host => Ok(Authentic::whole(reply)),
            Peer::SandboxHere | Peer::TlsHost(_) | Peer::Unknown => Err(Forged::WrongPeer),
        }
    }

    /// A reply whose whole body is believed because a sandbox on this machine sent it. Only for an account of a
    /// sandbox: whoever calls this has made sure of that, and the network marks no reply to a live account so.
    ///
    /// # Errors
    /// `WrongPeer` when it came from anywhere else.
    pub fn from_sandbox(reply: WireReply) -> Result<Authentic, Forged> {
        match &reply.peer {
            Peer::SandboxHere => Ok(Authentic::whole(reply)),
            Peer::TlsHost(_) | Peer::Unknown => Err(Forged::WrongPeer),
        }
    }

    fn whole(reply: WireReply) -> Authentic {
        let believed = 0..reply.body.len();
        Authentic {
            reply,
            believed,
            opened: None,
            by: None,
        }
    }

    /// The bytes that are believed.
    #[must_use]
    pub fn believed(&self) -> &[u8] {
        match &self.opened {
            Some(opened) => opened,
            None => self
                .reply
                .body
                .get(self.believed.clone())
                .unwrap_or_default(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.reply.status
    }

    /// The key that signed; `None` when the TLS peer vouches.
    #[must_use]
    pub fn by(&self) -> Option<&KeyId> {
        self.by.as_ref()
    }

    /// The whole reply, to be kept as evidence.
    #[must_use]
    pub fn reply(&self) -> &WireReply {
        &self.reply
    }
}

/// Compares in a time that depends on the lengths alone.
fn is_same_tag(tag: &[u8], expected: &[u8]) -> bool {
    let differs = tag
        .iter()
        .zip(expected)
        .fold(0, |differs, (one, other)| differs | (one ^ other));
    tag.len() == expected.len() && std::hint::black_box(differs) == 0
}

/// Whether `text` holds `part` as one run of bytes.
fn holds(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text == part || text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::TagKeys;

    fn reply(body: &[u8]) -> WireReply {
        WireReply {
            status: 200,
            headers: vec![("X-Sign".into(), "a".into())],
            body: body.to_vec(),
            peer: Peer::Unknown,
        }
    }

    #[test]
    fn only_a_text_that_holds_the_part_speaks_for_it() {
        let keys = TagKeys::new("a");
        let by = keys.peer_id().unwrap();
        let tag = |text: &[u8]| keys.sign_as_peer(text);
        let ok = Authentic::signed(
            reply(b"x{1}y"),
            1..4,
            b"{1}",
            by.clone(),
            &tag(b"{1}"),
            &keys,
        )
        .unwrap();
        assert_eq!(ok.believed(), b"{1}");
        assert_eq!(ok.by(), Some(&by));
        let around = Authentic::signed(
            reply(b"{1}"),
            0..3,
            b"5\n{1}\n",
            by.clone(),
            &tag(b"5\n{1}\n"),
            &keys,
        );
        assert_eq!(around.unwrap().believed(), b"{1}");
        let other = Authentic::signed(reply(b"{2}"), 0..3, b"{1}", by.clone(), &tag(b"{1}"), &keys);
        assert_eq!(other.unwrap_err(), Forged::NotTheSignedPart);
        let outside =
            Authentic::signed(reply(b"{1}"), 0..9, b"{1}", by.clone(), &tag(b"{1}"), &keys);
        assert_eq!(outside.unwrap_err(), Forged::NotTheSignedPart);
        let wrong = Authentic::signed(reply(b"{1}"), 0..3, b"{1}", by, &tag(b"{2}"), &keys);
        assert_eq!(wrong.unwrap_err(), Forged::WrongSignature);
        let unknown = Authentic::signed(
            reply(b"{1}"),
            0..3,
            b"{1}",
            KeyId("b".into()),
            &tag(b"{1}"),
            &keys,
        );
        assert_eq!(unknown.unwrap_err(), Forged::UnknownKey);
    }

    #[test]
    fn a_peer_is_believed_only_when_the_driver_vouches_for_it() {
        assert_eq!(
            Authentic::from_peer(reply(b"{}"), "api.example.com").unwrap_err(),
            Forged::WrongPeer
        );
        let vouched = WireReply {
            peer: Peer::TlsHost("api.example.com".to_owned()),
            ..reply(b"{}")
        };
        assert_eq!(
            Authentic::from_peer(vouched.clone(), "api.example.com")
                .unwrap()
                .believed(),
            b"{}"
        );
        assert_eq!(
            Authentic::from_peer(vouched.clone(), "api.example.org").unwrap_err(),
            Forged::WrongPeer
        );
        // A sandbox is no TLS peer, and a TLS peer is no sandbox.
        let here = WireReply {
            peer: Peer::SandboxHere,
            ..reply(b"{}")
        };
        let believed = Authentic::from_sandbox(here.clone()).unwrap();
        assert_eq!((believed.believed(), believed.by()), (&b"{}"[..], None));
        let elsewhere = Authentic::from_peer(here, "api.example.com");
        assert_eq!(elsewhere.unwrap_err(), Forged::WrongPeer);
        for other in [vouched, reply(b"{}")] {
            let taken = Authentic::from_sandbox(other);
            assert_eq!(taken.unwrap_err(), Forged::WrongPeer);
        }
    }

    #[test]
    fn a_notice_is_believed_when_one_of_its_tags_fits() {
        let keys = crate::AccountKeys::builder();
        let keys = keys.mac_secret(b"whsec_test_secret").unwrap().build();
        let right = hex(&keys.mac(b"5.{1}").unwrap());
        let tagged = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            Authentic::tagged(reply(b"{1}"), b"5.", &tags, &keys)
        };
        let zeros = "0".repeat(64);
        assert_eq!(tagged(&[&zeros, &right]).unwrap().believed(), b"{1}");
        let (upper, short) = (right.to_uppercase(), &right[..62]);
        for wrong in [
            &[][..],
            &[zeros.as_str()],
            &[upper.as_str()],
            &[short],
            &[""],
        ] {
            assert_eq!(tagged(wrong).unwrap_err(), Forged::WrongSignature);
        }
        let without = crate::AccountKeys::builder().build();
        let unknown = Authentic::tagged(reply(b"{1}"), b"5.", &[right], &without);
        assert_eq!(unknown.unwrap_err(), Forged::UnknownKey);
    }

    #[test]
    fn a_reply_prints_no_content() {
        let printed = format!("{:?}", reply(b"159****5620"));
        assert!(
            !printed.contains("159") && printed.contains("body_bytes: 11"),
            "{printed}"
        );
        assert_eq!(reply(b"").header("x-sIgn"), Some("a"));
    }
}
