//! What a line says, from what was seen or heard. Asks nobody anything.

use super::{Line, LineName, LineState, Patient};
use paydesk_channels::{FieldProblem, SignatureComplaint};
use paydesk_domain::Doubt;

pub(super) fn fields_line(patient: &Patient) -> Line {
    let wrong = patient
        .fields
        .iter()
        .flatten()
        .filter(|line| line.problem.is_some());
    let count = wrong.clone().count();
    if count == 0 {
        return Line::ok(LineName::Fields, "doctor_fields_ok");
    }
    let first = wrong.map(|line| line.field).next();
    Line::failed(LineName::Fields, "doctor_fields_wrong")
        .with("count", count.to_string())
        .of(first)
}

/// Signs with it, and compares the pair as far as its other half was filled in.
pub(super) fn key_line(patient: &Patient) -> Line {
    let fields = patient.fields.iter().flatten();
    let pair = fields.clone().find(|line| {
        matches!(
            line.problem,
            Some(FieldProblem::WrongPair | FieldProblem::OwnKey)
        )
    });
    if let Some(line) = pair {
        return Line::failed(LineName::KeyPair, "doctor_key_pair_wrong").of(Some(line.field));
    }
    let unusable = |field| {
        let text = if patient.signs() {
            "doctor_key_pair_unusable"
        } else {
            "doctor_key_unusable"
        };
        Line::failed(LineName::KeyPair, text).of(field)
    };
    let own = patient.own_key_field();
    if let Some(line) = fields
        .clone()
        .find(|l| l.field == own && l.problem.is_some())
    {
        return unusable(Some(line.field));
    }
    let works = patient.keys.as_ref().map(|keys| {
        if patient.signs() {
            keys.sign(b"paydesk").is_ok()
        } else {
            keys.authorize(&mut Vec::new()).is_ok()
        }
    });
    match works {
        Some(true) if patient.signs() => Line::ok(LineName::KeyPair, "doctor_key_pair_ok"),
        Some(true) => Line::ok(LineName::KeyPair, "doctor_key_there"),
        Some(false) => unusable(Some(own)),
        // A key of the channel is wrong, not ours: its own line says so.
        None if fields.clone().any(|line| line.problem.is_some()) => {
            Line::not_asked(LineName::KeyPair)
        }
        None => unusable(None),
    }
}

/// What a refusal says of our signature: whatever is not about it means that it was believed.
pub(super) fn signature_of(
    patient: &Patient,
    code: &str,
    complaint: Option<SignatureComplaint>,
) -> (Line, bool) {
    let meaning = patient.channel.meaning(code);
    let text = meaning.map_or("", |meaning| meaning.text);
    let said = Some(code.to_owned());
    let refused = match complaint {
        Some(SignatureComplaint::Key) => Some(("doctor_signature_key", "private_key")),
        Some(SignatureComplaint::Serial) => {
            let named = patient.channel.profile().key_name_field;
            Some(("doctor_signature_serial", named))
        }
        Some(SignatureComplaint::Time) | None if text == "code_signature" => {
            Some(("doctor_signature_refused", "private_key"))
        }
        None if text == "code_api_key" => {
            Some(("doctor_signature_unknown", patient.own_key_field()))
        }
        None if text == "code_permission" => {
            Some(("doctor_signature_rights", patient.own_key_field()))
        }
        Some(SignatureComplaint::Time) | None => None,
    };
    if let Some((refused, field)) = refused {
        let line = Line::failed(LineName::Signature, refused).of(Some(field));
        return (line.saying(said), false);
    }
    if text == "code_setup" {
        let line = Line::failed(LineName::Signature, "doctor_signature_setup");
        return (line.saying(said).of(patient.number_field()), false);
    }
    let line = Line::ok(LineName::Signature, "doctor_signature_ok");
    (line.saying(said), true)
}

pub(super) fn doubted(
    patient: &Patient,
    doubt: &Doubt,
    complaint: Option<SignatureComplaint>,
    forged: Option<String>,
    is_late: bool,
) -> (Line, Line) {
    let not_asked = || Line::not_asked(LineName::Answer);
    match doubt {
        // A signature over a wrong time is refused like a wrong one: the clock's line says what to do.
        Doubt::UnsignedRefusal { code } if is_late => (
            Line::no_word(LineName::Signature).saying(Some(code.clone())),
            not_asked(),
        ),
        Doubt::UnsignedRefusal { code } => {
            let (mut signature, _) = signature_of(patient, code, complaint);
            if signature.state == LineState::Ok {
                signature = Line::no_word(LineName::Signature).saying(Some(code.clone()));
            }
            (signature, not_asked())
        }
        Doubt::Unauthenticated => {
            let answer =
                Line::failed(LineName::Answer, "doctor_answer_unbelieved").of(patient.peer_field());
            let answer = if is_late {
                Line::no_word(LineName::Answer)
            } else {
                answer
            };
            (Line::no_word(LineName::Signature), answer.saying(forged))
        }
        // What a channel says of a key that is sent along says nothing of the payment that was asked about.
        Doubt::ServerFault { code } => {
            let (signature, _) = signature_of(patient, code, complaint);
            let signature = match signature.state {
                LineState::Failed => signature,
                _ => Line::no_word(LineName::Signature).saying(Some(code.clone())),
            };
            (signature, not_asked())
        }
        _ => (Line::no_word(LineName::Signature), not_asked()),
    }
}
