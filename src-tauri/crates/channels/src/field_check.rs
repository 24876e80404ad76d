//! What is wrong with an account's fields, line by line, before anything is sent.
//! Says names, sizes, numbers and days; never a byte of a key.

use paydesk_domain::Timestamp;
use paydesk_signing::{
    CertificateFacts, ChainFault, Encoding, InspectError, Inspected, KeyForm, MaterialKind, inspect,
};
use std::collections::BTreeMap;

/// A key that runs out sooner than this is mentioned.
const SOON_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Why a field cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldProblem {
    /// A certificate where a private key is asked for.
    CertificateWherePrivate,
    /// A certificate where a plain public key is asked for.
    CertificateWherePublic,
    /// The certificate does not lead to the given roots.
    Chain(ChainFault),
    /// The certificate ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The certificate is another merchant's or application's.
    ForeignCertificate {
        /// Whose, as it says.
        owner: String,
    },
    /// Not in the form in which the channel gives it.
    Form,
    /// A key where a certificate is asked for.
    KeyWhereCertificate,
    /// Nothing stands there, and it is needed.
    Missing,
    /// The certificate is not valid yet: or the clock of this machine is wrong.
    NotYetValid {
        /// From when on.
        from: Timestamp,
    },
    /// A key for real money in an account of a sandbox, or the other way round.
    OtherMode,
    /// Our own key or certificate where the channel's is asked for.
    OwnKey,
    /// The serial of the channel's certificate where that of ours is asked for.
    PeerSerial,
    /// A private key where a public one or a certificate is asked for.
    PrivateWherePublic,
    /// A public key where the private one is asked for.
    PublicWherePrivate,
    /// The serial is not that of the certificate.
    UnknownSerial {
        /// What the certificate says.
        found: String,
    },
    /// It cannot be read as a key.
    Unreadable(InspectError),
    /// It does not belong to the private key.
    WrongPair,
}

impl FieldProblem {
    /// The key of its text in both catalogues.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self {
            FieldProblem::CertificateWherePrivate => "check_certificate_where_private",
            FieldProblem::CertificateWherePublic => "check_certificate_where_public",
            FieldProblem::Chain(ChainFault::Expired) => "check_chain_expired",
            FieldProblem::Chain(_) => "check_chain",
            FieldProblem::Expired { .. } => "check_expired",
            FieldProblem::ForeignCertificate { .. } => "check_foreign_certificate",
            FieldProblem::Form => "check_form",
            FieldProblem::KeyWhereCertificate => "check_key_where_certificate",
            FieldProblem::Missing => "check_missing",
            FieldProblem::NotYetValid { .. } => "check_not_yet_valid",
            FieldProblem::OtherMode => "check_other_mode",
            FieldProblem::OwnKey => "check_own_key",
            FieldProblem::PeerSerial => "check_peer_serial",
            FieldProblem::PrivateWherePublic => "check_private_where_public",
            FieldProblem::PublicWherePrivate => "check_public_where_private",
            FieldProblem::UnknownSerial { .. } => "check_unknown_serial",
            FieldProblem::Unreadable(InspectError::Empty) => "check_missing",
            FieldProblem::Unreadable(InspectError::Encrypted) => "check_encrypted",
            FieldProblem::Unreadable(InspectError::NotAKey) => "check_not_a_key",
            FieldProblem::Unreadable(InspectError::NotRsa) => "check_not_rsa",
            FieldProblem::Unreadable(InspectError::Request) => "check_request",
            FieldProblem::Unreadable(InspectError::TooShort { .. }) => "check_too_short",
            FieldProblem::WrongPair => "check_wrong_pair",
        }
    }
}

/// What a person should know of a field that can be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldNote {
    /// It was written in the older form and is kept in the usual one.
    ConvertedFromPkcs1,
    /// It was bare base64 or bytes and is kept as PEM.
    ConvertedToPem,
    /// The certificate runs out within thirty days.
    ExpiresSoon {
        /// When.
        at: Timestamp,
    },
    /// It is there, and the account's mode does not need it.
    NotUsed,
}

impl FieldNote {
    /// The key of its text in both catalogues.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self {
            FieldNote::ConvertedFromPkcs1 => "check_converted_from_pkcs1",
            FieldNote::ConvertedToPem => "check_converted_to_pem",
            FieldNote::ExpiresSoon { .. } => "check_expires_soon",
            FieldNote::NotUsed => "check_not_used",
        }
    }
}

/// One line: a field and what is to be said of it.
#[derive(Debug)]
pub struct FieldCheck {
    /// The channel's own name of it.
    pub field: &'static str,
    /// What is wrong; nothing when the line is green.
    pub problem: Option<FieldProblem>,
    /// What else should be known.
    pub notes: Vec<FieldNote>,
    /// The key that stands there: size, fingerprint, certificates, and the form in which it is kept.
    pub seen: Option<Inspected>,
}

/// The lines of one account while they are made.
pub(crate) struct Checks<'f> {
    fields: &'f BTreeMap<String, String>,
    now: i64,
    lines: Vec<FieldCheck>,
}

impl<'f> Checks<'f> {
    pub(crate) fn new(fields: &'f BTreeMap<String, String>, now: Timestamp) -> Checks<'f> {
        Checks {
            fields,
            now: now.0.div_euclid(1000),
            lines: Vec::new(),
        }
    }

    /// The trimmed value, if there is one.
    pub(crate) fn given(&self, field: &str) -> Option<&'f str> {
        let value = self.fields.get(field)?.trim();
        (!value.is_empty()).then_some(value)
    }

    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    pub(crate) fn done(self) -> Vec<FieldCheck> {
        self.lines
    }

    fn push(&mut self, field: &'static str, problem: Option<FieldProblem>) {
        self.lines.push(FieldCheck {
            field,
            problem,
            notes: Vec::new(),
            seen: None,
        });
    }

    /// A plain value that must have a form.
    pub(crate) fn plain(&mut self, field: &'static str, needed: bool, fits: fn(&str) -> bool) {
        match self.given(field) {
            Some(value) => self.push(field, (!fits(value)).then_some(FieldProblem::Form)),
            None if needed => self.push(field, Some(FieldProblem::Missing)),
            None => {}
        }
    }

    /// A key of one kind; its line is there afterwards, its problem too.
    pub(crate) fn key(&mut self, field: &'static str, wanted: MaterialKind, needed: bool) {
        self.material(field, wanted, needed, false);
    }

    /// Certificates side by side: one of them must be valid.
    pub(crate) fn certificates(&mut self, field: &'static str) {
        self.material(field, MaterialKind::Certificate, false, true);
    }

    fn material(&mut self, field: &'static str, wanted: MaterialKind, needed: bool, any: bool) {
        let Some(value) = self.given(field) else {
            if needed {
                self.push(field, Some(FieldProblem::Missing));
            }
            return;
        };
        let seen = match inspect(value.as_bytes()) {
            Ok(seen) => seen,
            Err(error) => return self.push(field, Some(FieldProblem::Unreadable(error))),
        };
        let mut notes = Vec::new();
        if seen.form == KeyForm::Pkcs1 {
            notes.push(FieldNote::ConvertedFromPkcs1);
        } else if seen.encoding != Encoding::Pem {
            notes.push(FieldNote::ConvertedToPem);
        }
        let problem = misplaced(seen.kind, wanted).or_else(|| self.dates(&seen, any, &mut notes));
        self.lines.push(FieldCheck {
            field,
            problem,
            notes,
            seen: Some(seen),
        });
    }

    /// The days of the first certificate, or of the one that lasts longest.
    fn dates(
        &self,
        seen: &Inspected,
        any: bool,
        notes: &mut Vec<FieldNote>,
    ) -> Option<FieldProblem> {
        let longest = seen.certificates.iter().max_by_key(|facts| facts.valid_to);
        let facts = if any { longest } else { seen.certificate() }?;
        let at = Timestamp(facts.valid_to.saturating_mul(1000));
        if self.now > facts.valid_to {
            return Some(FieldProblem::Expired { at });
        }
        if self.now < facts.valid_from {
            let from = Timestamp(facts.valid_from.saturating_mul(1000));
            return Some(FieldProblem::NotYetValid { from });
        }
        if facts.valid_to.saturating_sub(self.now) < SOON_SECONDS {
            notes.push(FieldNote::ExpiresSoon { at });
        }
        None
    }

    /// The key of a line that is green so far.
    pub(crate) fn seen(&self, field: &str) -> Option<&Inspected> {
        let line = self.lines.iter().find(|line| line.field == field)?;
        line.seen.as_ref().filter(|_| line.problem.is_none())
    }

    /// The first certificate of a line that is green so far.
    pub(crate) fn certificate(&self, field: &str) -> Option<&CertificateFacts> {
        self.seen(field).and_then(Inspected::certificate)
    }

    /// Whether two green lines hold the same key; `None` while one of them does not.
    pub(crate) fn same_key(&self, one: &str, other: &str) -> Option<bool> {
        Some(self.seen(one)?.fingerprint == self.seen(other)?.fingerprint)
    }

    /// Turns a green line red.
    pub(crate) fn refuse(&mut self, field: &str, problem: FieldProblem) {
        let line = self.lines.iter_mut().find(|line| line.field == field);
        if let Some(line) = line.filter(|line| line.problem.is_none()) {
            line.problem = Some(problem);
        }
    }

    /// Adds a note to a line.
    pub(crate) fn note(&mut self, field: &str, note: FieldNote) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.field == field) {
            line.notes.push(note);
        }
    }
}

fn misplaced(found: MaterialKind, wanted: MaterialKind) -> Option<FieldProblem> {
    use MaterialKind::{Certificate, PrivateKey, PublicKey};
    match (found, wanted) {
        (Certificate, Certificate) | (PrivateKey, PrivateKey) | (PublicKey, PublicKey) => None,
        (PublicKey, PrivateKey) => Some(FieldProblem::PublicWherePrivate),
        (Certificate, PrivateKey) => Some(FieldProblem::CertificateWherePrivate),
        (PrivateKey, PublicKey | Certificate) => Some(FieldProblem::PrivateWherePublic),
        (Certificate, PublicKey) => Some(FieldProblem::CertificateWherePublic),
        (PublicKey, Certificate) => Some(FieldProblem::KeyWhereCertificate),
    }
}

/// Nothing but digits, so many of them.
pub(crate) fn digits(value: &str, count: std::ops::RangeInclusive<usize>) -> bool {
    count.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}
