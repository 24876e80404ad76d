//! What the connectors say of pasted fields, as the page gets it: forms, fingerprints, days, text keys.
//! Never a byte of a key.

use crate::contract::{AccountCheck, ChannelField, ChannelForm, FieldKindView, FieldVerdict};
use paydesk_desk::{
    Encoding, FieldCheck, FieldKind, FieldNote, FieldProblem, Inspected, KeyForm, Profile,
};
use std::collections::BTreeMap;

/// The form of a channel.
pub(crate) fn form(profile: &Profile) -> ChannelForm {
    let field = |field: &paydesk_desk::Field| ChannelField {
        name: field.name.to_owned(),
        kind: match field.kind {
            FieldKind::Certificate => FieldKindView::Certificate,
            FieldKind::Detail | FieldKind::KeyName | FieldKind::Text => FieldKindView::Text,
            FieldKind::PrivateKey => FieldKindView::PrivateKey,
            FieldKind::PublicKey => FieldKindView::PublicKey,
            FieldKind::Secret => FieldKindView::Secret,
        },
        secret: field.is_secret(),
        optional: field.optional,
        way: field.way.map(str::to_owned),
    };
    let mut ways: Vec<String> = Vec::new();
    for way in profile.fields.iter().filter_map(|field| field.way) {
        if !ways.iter().any(|known| known == way) {
            ways.push(way.to_owned());
        }
    }
    ChannelForm {
        id: profile.id.to_owned(),
        fields: profile.fields.iter().map(field).collect(),
        ways,
        gateway: profile.gateway.to_owned(),
        sandbox_gateway: profile.sandbox_gateway.map(str::to_owned),
    }
}

/// The lines of a look at the fields.
pub(crate) fn check(lines: &[FieldCheck]) -> AccountCheck {
    AccountCheck {
        fields: lines.iter().map(verdict).collect(),
        ready: lines.iter().all(|line| line.problem.is_none()),
    }
}

fn verdict(line: &FieldCheck) -> FieldVerdict {
    let mut params = BTreeMap::new();
    if let Some(problem) = &line.problem {
        problem_params(problem, &mut params);
    }
    for note in &line.notes {
        if let FieldNote::ExpiresSoon { at } = note {
            params.insert("at".to_owned(), at.0.to_string());
        }
    }
    let seen = line.seen.as_ref();
    FieldVerdict {
        field: line.field.to_owned(),
        problem: line
            .problem
            .as_ref()
            .map(|problem| problem.text().to_owned()),
        notes: line
            .notes
            .iter()
            .map(|note| note.text().to_owned())
            .collect(),
        params,
        form: seen.map(|seen| form_name(seen.form).to_owned()),
        encoding: seen.map(|seen| encoding_name(seen.encoding).to_owned()),
        bits: seen.and_then(|seen| u32::try_from(seen.bits).ok()),
        fingerprint: seen.map(|seen| grouped(&seen.fingerprint)),
        expires_at: seen
            .and_then(Inspected::certificate)
            .map(|facts| facts.valid_to.saturating_mul(1000)),
    }
}

/// The values of a problem's text.
pub(crate) fn problem_params(problem: &FieldProblem, params: &mut BTreeMap<String, String>) {
    let mut put = |name: &str, value: String| drop(params.insert(name.to_owned(), value));
    match problem {
        FieldProblem::Expired { at } => put("at", at.0.to_string()),
        FieldProblem::NotYetValid { from } => put("from", from.0.to_string()),
        FieldProblem::ForeignCertificate { owner } => put("owner", owner.clone()),
        FieldProblem::UnknownSerial { found } => put("found", found.clone()),
        _ => {}
    }
}

fn form_name(form: KeyForm) -> &'static str {
    match form {
        KeyForm::Pkcs1 => "pkcs1",
        KeyForm::Pkcs8 => "pkcs8",
        KeyForm::Spki => "spki",
        KeyForm::X509 => "x509",
    }
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Base64 => "base64",
        Encoding::Der => "der",
        Encoding::Pem => "pem",
    }
}

/// Hex as people compare it: groups of four.
fn grouped(hex: &str) -> String {
    let mut text = String::with_capacity(hex.len() + hex.len() / 4);
    for (at, character) in hex.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}
