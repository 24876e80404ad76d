//! A paid answer under a certificate that is not UnionPay's own: swapped, issued by others, run out, of another owner,
//! or put together as no authority would. Each is signed by whoever holds the key in it.

use super::{
    MALFORMED, MONEY, UNKNOWN_KEY, WRONG, genuine,
    issue::{
        CHAIN, Card, Digest, MIDDLE, OWNER, authority, gateway_card, labelled, pem, use_for, whole,
    },
    reply, verdict,
};
use crate::{
    case::{Case, case},
    peer::{Ask, Peer, Signer, recorded, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Who signs the answer.
type Key = fn(&Peer) -> &Signer;
type Made = fn(&Peer) -> String;

fn gateway(peer: &Peer) -> &Signer {
    &peer.channel
}

fn stranger(peer: &Peer) -> &Signer {
    &peer.stranger
}

fn shop(peer: &Peer) -> &Signer {
    &peer.shop
}

fn issued(card: &Card<'_>) -> String {
    pem(&card.issue(&CHAIN.gateway, &CHAIN.middle))
}

/// The gateway's certificate, but for what it says of its owner.
fn of_owner(owner: &str) -> String {
    issued(&Card {
        owners: vec![owner],
        ..gateway_card()
    })
}

/// As [`gateway_card`], with other extensions.
fn that_has(extensions: Vec<Vec<u8>>) -> String {
    issued(&Card {
        extensions,
        ..gateway_card()
    })
}

/// Valid between two moments, as `UTCTime`.
fn valid(from: &str, to: &str) -> String {
    issued(&Card {
        from,
        to,
        ..gateway_card()
    })
}

/// The gateway's certificate with other bytes behind its signed part.
fn bent(change: fn(&mut Vec<u8>)) -> String {
    let mut der = gateway_card().issue(&CHAIN.gateway, &CHAIN.middle);
    change(&mut der);
    pem(&der)
}

/// Certificates in the answer, who signs with them, and why nothing comes of it.
const SENT: &[(&str, &str, Key, Made)] = &[
    ("certificate missing", UNKNOWN_KEY, gateway, |_| {
        String::new()
    }),
    ("certificate a dash", MALFORMED, gateway, |_| "-".to_owned()),
    ("certificate without a body", MALFORMED, gateway, |_| {
        pem(b"")
    }),
    ("certificate of zeros", MALFORMED, gateway, |_| {
        pem(&[0; 900])
    }),
    ("certificate a public key", MALFORMED, gateway, |peer| {
        labelled("PUBLIC KEY", &peer.channel.spki())
    }),
    (
        "certificate a public key under its label",
        MALFORMED,
        gateway,
        |p| pem(&p.channel.spki()),
    ),
    (
        "certificate cut in the middle",
        MALFORMED,
        gateway,
        |peer| {
            let (half, _) = peer.certificate.split_at(peer.certificate.len() / 2);
            half.to_owned()
        },
    ),
    (
        "certificate without its last line",
        MALFORMED,
        gateway,
        |peer| peer.certificate.replace("-----END CERTIFICATE-----", ""),
    ),
    (
        "certificate under another end",
        MALFORMED,
        gateway,
        |peer| peer.certificate.replace("END CERTIFICATE", "END X509 CRL"),
    ),
    (
        "certificate with headers in it",
        MALFORMED,
        gateway,
        |peer| {
            let head = "-----BEGIN CERTIFICATE-----\r\n";
            let with = format!("{head}Proc-Type: 4,ENCRYPTED\r\n\r\n");
            peer.certificate.replace(head, &with)
        },
    ),
    ("certificate of a megabyte", MALFORMED, gateway, |peer| {
        format!("{}{}", " ".repeat(900_000), peer.certificate)
    }),
    ("certificate twice", MALFORMED, gateway, |peer| {
        format!("{0}\r\n{0}", peer.certificate)
    }),
    (
        "certificate and the one between behind it",
        MALFORMED,
        gateway,
        |p| format!("{}\r\n{}", p.certificate, super::pinned().0),
    ),
    (
        "certificate in front of a stranger's",
        MALFORMED,
        stranger,
        |p| {
            let foreign = gateway_card().issue(&p.stranger, &p.stranger);
            format!("{}\r\n{}", p.certificate, pem(&foreign))
        },
    ),
    (
        "certificate behind a stranger's",
        MALFORMED,
        stranger,
        |p| {
            let foreign = gateway_card().issue(&p.stranger, &p.stranger);
            format!("{}\r\n{}", pem(&foreign), p.certificate)
        },
    ),
    (
        "certificate beside one that cannot be read",
        MALFORMED,
        gateway,
        |p| {
            format!(
                "{}\r\n{}",
                p.certificate,
                pem(&[0x30, 0x03, 0x02, 0x01, 0x01])
            )
        },
    ),
    ("certificate behind a public key", MALFORMED, gateway, |p| {
        let key = labelled("PUBLIC KEY", &p.stranger.spki());
        format!("{key}\r\n{}", p.certificate)
    }),
    (
        "certificate with bytes behind its end",
        MALFORMED,
        gateway,
        |_| bent(|der| der.extend([0x05, 0x00])),
    ),
    (
        "our certificate, signed by a stranger",
        WRONG,
        stranger,
        |peer| peer.certificate.clone(),
    ),
    ("our certificate, signed by the shop", WRONG, shop, |peer| {
        peer.certificate.clone()
    }),
    (
        "a stranger's, signed by the gateway",
        UNKNOWN_KEY,
        gateway,
        |peer| pem(&gateway_card().issue(&peer.stranger, &peer.stranger)),
    ),
    (
        "signed by itself under its own name",
        UNKNOWN_KEY,
        stranger,
        |peer| {
            let card = Card {
                issuer: OWNER,
                ..gateway_card()
            };
            pem(&card.issue(&peer.stranger, &peer.stranger))
        },
    ),
    (
        "signed by itself under the middle's name",
        UNKNOWN_KEY,
        stranger,
        |p| pem(&gateway_card().issue(&p.stranger, &p.stranger)),
    ),
    (
        "signed by itself with the gateway's own key",
        UNKNOWN_KEY,
        gateway,
        |_| pem(&gateway_card().issue(&CHAIN.gateway, &CHAIN.gateway)),
    ),
    (
        "issued by an authority nobody pinned",
        UNKNOWN_KEY,
        stranger,
        |peer| {
            let card = Card {
                issuer: "Some CA",
                ..gateway_card()
            };
            pem(&card.issue(&peer.stranger, &CHAIN.other))
        },
    ),
    (
        "issued by another authority of the same name",
        UNKNOWN_KEY,
        stranger,
        |p| pem(&gateway_card().issue(&p.stranger, &CHAIN.other)),
    ),
    (
        "issued by the root's name and another's key",
        UNKNOWN_KEY,
        stranger,
        |p| {
            let card = Card {
                issuer: "Hostile CA",
                ..gateway_card()
            };
            pem(&card.issue(&p.stranger, &CHAIN.other))
        },
    ),
    (
        "issued by the middle's key under no name",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                issuer: "",
                ..gateway_card()
            })
        },
    ),
    (
        "issued under the middle's name in capitals",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                issuer: "HOSTILE OCA1",
                ..gateway_card()
            })
        },
    ),
    (
        "issued under the middle's name and a blank",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                issuer: "Hostile OCA1 ",
                ..gateway_card()
            })
        },
    ),
    (
        "issued by the gateway's own certificate",
        UNKNOWN_KEY,
        stranger,
        |peer| {
            let card = Card {
                issuer: OWNER,
                ..gateway_card()
            };
            pem(&card.issue(&peer.stranger, &CHAIN.gateway))
        },
    ),
    (
        "issued by the shop's own key",
        UNKNOWN_KEY,
        stranger,
        |peer| pem(&gateway_card().issue(&peer.stranger, &peer.shop)),
    ),
    ("run out a second ago", UNKNOWN_KEY, gateway, |_| {
        valid("240101000000Z", "261121022421Z")
    }),
    ("run out years ago", UNKNOWN_KEY, gateway, |_| {
        valid("200731000000Z", "250731000000Z")
    }),
    (
        "valid from the next second on",
        UNKNOWN_KEY,
        gateway,
        |_| valid("261121022423Z", "440101000000Z"),
    ),
    (
        "valid from the next century on",
        UNKNOWN_KEY,
        gateway,
        |_| valid("490101000000Z", "491231000000Z"),
    ),
    ("valid backwards", UNKNOWN_KEY, gateway, |_| {
        valid("440101000000Z", "240101000000Z")
    }),
    ("valid until a day that is none", "forged:", gateway, |_| {
        valid("240101000000Z", "441332000000Z")
    }),
    (
        "of a merchant under the same authority",
        UNKNOWN_KEY,
        shop,
        |peer| {
            let card = Card {
                owners: vec!["041@777290058167151@某商户@00000001"],
                ..gateway_card()
            };
            pem(&card.issue(&peer.shop, &CHAIN.middle))
        },
    ),
    ("of the shop, as it was issued", UNKNOWN_KEY, shop, |_| {
        let own = recorded("own_vectors/unionpay_own.json");
        let shop = text(&own["keys"], "merchant_cert_pem");
        shop.trim().replace('\n', "\r\n")
    }),
    ("of nobody", UNKNOWN_KEY, gateway, |_| of_owner("")),
    ("of an owner without parts", UNKNOWN_KEY, gateway, |_| {
        of_owner("中国银联股份有限公司")
    }),
    (
        "of an owner in the second part",
        UNKNOWN_KEY,
        gateway,
        |_| of_owner("041@中国银联股份有限公司@8310000000083040@00016495"),
    ),
    (
        "of an owner in the fourth part",
        UNKNOWN_KEY,
        gateway,
        |_| of_owner("041@8310000000083040@某商户@中国银联股份有限公司"),
    ),
    ("of an owner with a blank", UNKNOWN_KEY, gateway, |_| {
        of_owner("041@8310000000083040@中国银联股份有限公司 @00016495")
    }),
    ("of an owner with a NUL", UNKNOWN_KEY, gateway, |_| {
        of_owner("041@8310000000083040@中国银联股份有限公司\0@00016495")
    }),
    ("of an owner with a word more", UNKNOWN_KEY, gateway, |_| {
        of_owner("041@8310000000083040@中国银联股份有限公司北京分公司@00016495")
    }),
    ("of an owner with a word less", UNKNOWN_KEY, gateway, |_| {
        of_owner("041@8310000000083040@中国银联@00016495")
    }),
    (
        "of an owner in the other writing",
        UNKNOWN_KEY,
        gateway,
        |_| of_owner("041@8310000000083040@中國銀聯股份有限公司@00016495"),
    ),
    (
        "of an owner behind full-width signs",
        UNKNOWN_KEY,
        gateway,
        |_| of_owner("041＠8310000000083040＠中国银联股份有限公司＠00016495"),
    ),
    ("of UnionPay in English", UNKNOWN_KEY, gateway, |_| {
        of_owner("041@8310000000083040@China UnionPay Co., Ltd@00016495")
    }),
    ("of the test gateway", UNKNOWN_KEY, gateway, |_| {
        of_owner("00040000:SIGN")
    }),
    (
        "of an owner in the organisation",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                owners: vec!["041@777290058167151@某商户@00000001"],
                organisation: OWNER,
                ..gateway_card()
            })
        },
    ),
    (
        "of a merchant first and UnionPay second",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                owners: vec!["041@777290058167151@某商户@00000001", OWNER],
                ..gateway_card()
            })
        },
    ),
    (
        "of UnionPay first and a merchant second",
        UNKNOWN_KEY,
        gateway,
        |_| {
            issued(&Card {
                owners: vec![OWNER, "041@777290058167151@某商户@00000001"],
                ..gateway_card()
            })
        },
    ),
    ("an authority", UNKNOWN_KEY, gateway, |_| {
        that_has(vec![authority()])
    }),
    ("for sealing keys alone", UNKNOWN_KEY, gateway, |_| {
        that_has(vec![use_for(0x20)])
    }),
    (
        "for signing certificates alone",
        UNKNOWN_KEY,
        gateway,
        |_| that_has(vec![use_for(0x04)]),
    ),
    ("for two uses that contradict", UNKNOWN_KEY, gateway, |_| {
        that_has(vec![use_for(0x20), use_for(0xc0)])
    }),
    (
        "the pinned one between",
        UNKNOWN_KEY,
        |_| &CHAIN.middle,
        |_| super::pinned().0,
    ),
    (
        "the pinned root",
        UNKNOWN_KEY,
        |_| &CHAIN.root,
        |_| super::pinned().1,
    ),
    ("a link of MD5", UNKNOWN_KEY, gateway, |_| {
        issued(&Card {
            digest: Digest::Md5,
            ..gateway_card()
        })
    }),
    ("a link of two algorithms", UNKNOWN_KEY, gateway, |_| {
        let card = gateway_card();
        let body = card.body(&CHAIN.gateway.spki());
        let signature = CHAIN.middle.sha256(&body);
        pem(&whole(&body, &Digest::Sha256.name(), 0, &signature))
    }),
    (
        "a link with the wrong digest under its name",
        UNKNOWN_KEY,
        gateway,
        |_| {
            let body = gateway_card().body(&CHAIN.gateway.spki());
            let signature = CHAIN.middle.sha256(&body);
            pem(&whole(&body, &Digest::Sha1.name(), 0, &signature))
        },
    ),
    ("a link with unused bits", "forged:", gateway, |_| {
        let body = gateway_card().body(&CHAIN.gateway.spki());
        let signature = CHAIN.middle.sha1(&body);
        pem(&whole(&body, &Digest::Sha1.name(), 1, &signature))
    }),
    ("a link with loose padding", UNKNOWN_KEY, gateway, |_| {
        let card = Card {
            digest: Digest::Sha256,
            ..gateway_card()
        };
        let body = card.body(&CHAIN.gateway.spki());
        let signature = CHAIN.middle.loose_padding(&body);
        pem(&whole(&body, &Digest::Sha256.name(), 0, &signature))
    }),
    (
        "a link of another certificate",
        UNKNOWN_KEY,
        stranger,
        |peer| {
            let card = gateway_card();
            let genuine = card.body(&CHAIN.gateway.spki());
            let signature = CHAIN.middle.sha1(&genuine);
            let body = card.body(&peer.stranger.spki());
            pem(&whole(&body, &Digest::Sha1.name(), 0, &signature))
        },
    ),
    ("a link without a signature", "forged:", gateway, |_| {
        let body = gateway_card().body(&CHAIN.gateway.spki());
        pem(&whole(&body, &Digest::Sha1.name(), 0, b""))
    }),
    ("a link with one bit turned", UNKNOWN_KEY, gateway, |_| {
        bent(|der| *der.last_mut().expect("a byte") ^= 1)
    }),
    ("a key on another curve", "forged:", gateway, |_| {
        // SPKI of a point on P-256 (RFC 5480): the generator.
        let spki = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==").expect("base64");
        let body = gateway_card().body(&spki);
        let signature = CHAIN.middle.sha1(&body);
        pem(&whole(&body, &Digest::Sha1.name(), 0, &signature))
    }),
    ("a key that is none", "forged:", gateway, |_| {
        let body = gateway_card().body(&[0x30, 0x00]);
        let signature = CHAIN.middle.sha1(&body);
        pem(&whole(&body, &Digest::Sha1.name(), 0, &signature))
    }),
];

/// What is as good as the gateway's own is believed: else the lines above would prove nothing.
pub(super) fn check_genuine(peer: &Peer) {
    for (what, certificate) in [
        (
            "with SHA-256",
            issued(&Card {
                digest: Digest::Sha256,
                ..gateway_card()
            }),
        ),
        ("without a use", that_has(Vec::new())),
        ("to sign with", that_has(vec![use_for(0x80)])),
        ("up to this second", valid("240101000000Z", "261121022422Z")),
        (
            "from this second on",
            valid("261121022422Z", "440101000000Z"),
        ),
        (
            "under the middle's full name",
            issued(&Card {
                issuer: MIDDLE,
                ..gateway_card()
            }),
        ),
    ] {
        let sheet = genuine(peer, Ask::Query).set("signPubKeyCert", &certificate);
        let found = verdict(peer, Ask::Query, super::signed(peer, sheet));
        assert_eq!(found.words, "paid", "a genuine certificate {what}");
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ask in MONEY {
        for (name, expect, key, made) in SENT {
            cases.push(case(*name, ask, expect, move |peer| {
                let sheet = genuine(peer, ask).set("signPubKeyCert", &made(peer));
                reply(sheet.signed_by(|digest| key(peer).sha256(digest)).raw())
            }));
        }
        // The certificate is a part of what is signed: it cannot be put in the place of another.
        for (name, made) in [
            (
                "another genuine certificate, not the one that was signed",
                valid("240101000000Z", "430101000000Z"),
            ),
            (
                "the certificate with other line ends than were signed",
                String::new(),
            ),
        ] {
            cases.push(case(name, ask, WRONG, move |peer| {
                let whole = genuine(peer, ask).signed(peer);
                let other = match made.is_empty() {
                    true => peer.certificate.replace('\r', ""),
                    false => made.clone(),
                };
                reply(whole.set("signPubKeyCert", &other).raw())
            }));
        }
        cases.push(case(
            "certificate twice in the form",
            ask,
            MALFORMED,
            move |peer| {
                let whole = genuine(peer, ask).signed(peer);
                let foreign = pem(&gateway_card().issue(&peer.stranger, &peer.stranger));
                reply(whole.in_front("signPubKeyCert", &foreign).raw())
            },
        ));
    }
    cases
}
