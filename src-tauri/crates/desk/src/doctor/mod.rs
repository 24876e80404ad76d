//! The connection test: one line after the other, green or red, with what to do. Asks about a payment that
//! never was, and opens and closes a code that nobody can see; charges nothing and keeps nothing.

mod patient;
mod verdicts;

use crate::{
    Desk, DeskError, Draft, SKEW_LIMIT_MS,
    accounts::gateway_of,
    driver::{Exchanged, scope},
    health::{Contact, skew},
    ports::{KeyState, Reached},
    shop::Account,
};
use patient::Patient;
use paydesk_channels::{
    BillAnswer, Channel, Create, Cx, Examine, Finding, Finish, Query, SetUp, SignatureComplaint,
    Target, Tender,
};
use paydesk_domain::{
    AccountId, Amount, BillKind, ChannelId, Currency, Doubt, End, MerchantRef, Mode, Money,
    ORDER_PLACES, OrderNumber, Outcome, PLACE_MAX, RateTable, Refusal, Timestamp,
};
use paydesk_signing::Keys;
use std::{collections::BTreeMap, time::Duration};
use verdicts::{doubted, fields_line, key_line, signature_of};

/// A day back: channels have no bill for today.
const YESTERDAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate that runs out sooner is mentioned.
const SOON_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What is tested.
#[derive(Debug)]
pub enum Subject {
    /// An account with the key that signs.
    Account(AccountId),
    /// The form, before it is kept.
    Draft(Draft),
    /// An account with a key that waits.
    Key(AccountId, String),
}

/// The lines, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineName {
    /// The fields' form.
    Fields,
    /// Our key pair.
    KeyPair,
    /// Certificates' days.
    Expiry,
    /// The host answers.
    Reach,
    /// TLS.
    Tls,
    /// This machine's clock.
    Clock,
    /// Our signature is believed.
    Signature,
    /// The answer proves itself.
    Answer,
    /// The numbers belong together.
    Binding,
    /// The right to fetch bills.
    Bill,
}

/// Green, red, or not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineState {
    /// Red.
    Failed,
    /// Green.
    Ok,
    /// Not found out.
    Unknown,
    /// Works, and should be looked at.
    Warning,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which.
    pub name: LineName,
    /// How it stands.
    pub state: LineState,
    /// Key of the text.
    pub text: &'static str,
    /// Values for the text.
    pub params: BTreeMap<&'static str, String>,
    /// The channel's own words.
    pub evidence: Option<String>,
    /// The field to look at.
    pub field: Option<String>,
}

impl Line {
    fn new(name: LineName, state: LineState, text: &'static str) -> Line {
        Line {
            name,
            state,
            text,
            params: BTreeMap::new(),
            evidence: None,
            field: None,
        }
    }

    fn ok(name: LineName, text: &'static str) -> Line {
        Line::new(name, LineState::Ok, text)
    }

    fn failed(name: LineName, text: &'static str) -> Line {
        Line::new(name, LineState::Failed, text)
    }

    fn not_asked(name: LineName) -> Line {
        Line::new(name, LineState::Unknown, "doctor_not_asked")
    }

    fn no_word(name: LineName) -> Line {
        Line::new(name, LineState::Unknown, "doctor_no_word")
    }

    fn with(mut self, name: &'static str, value: String) -> Line {
        self.params.insert(name, value);
        self
    }

    fn saying(mut self, evidence: Option<String>) -> Line {
        self.evidence = evidence;
        self
    }

    fn of(mut self, field: Option<&str>) -> Line {
        self.field = field.map(str::to_owned);
        self
    }
}

/// What a first question brought.
struct Heard {
    lines: Vec<Line>,
    believed: bool,
}

impl Desk {
    /// Tests a connection line by line.
    ///
    /// # Errors
    /// `AccountNotFound`, `GatewayNotAllowed`, `KeysLocked`: there was nothing to test.
    pub async fn test_account(&self, subject: Subject) -> Result<Vec<Line>, DeskError> {
        let patient = self.patient(subject).await?;
        let mut lines = vec![fields_line(&patient), key_line(&patient)];
        lines.push(self.expiry_line(&patient));
        let reached = self.reach_lines(&patient, &mut lines).await;
        let rest = [
            LineName::Clock,
            LineName::Signature,
            LineName::Answer,
            LineName::Binding,
            LineName::Bill,
        ];
        let (Some(keys), true) = (patient.keys.clone(), reached) else {
            lines.extend(rest.map(Line::not_asked));
            return Ok(lines);
        };
        let heard = self.ask_about_nothing(&patient, keys.as_ref()).await;
        lines.extend(heard.lines);
        if heard.believed {
            lines.push(self.binding_line(&patient, keys.as_ref()).await);
            lines.push(self.bill_line(&patient, keys.as_ref()).await);
        } else {
            lines.push(Line::not_asked(LineName::Binding));
            lines.push(Line::not_asked(LineName::Bill));
        }
        Ok(lines)
    }

    async fn patient(&self, subject: Subject) -> Result<Patient, DeskError> {
        let (id, key) = match subject {
            Subject::Draft(draft) => return self.patient_of(&draft),
            Subject::Account(id) => (id, None),
            Subject::Key(id, key) => (id, Some(key)),
        };
        let account = self.account(&id)?;
        let missing = || DeskError::ChannelNotConnected(account.channel.0.clone());
        let channel = paydesk_channels::by_id(&account.channel.0).ok_or_else(missing)?;
        if self.ports.vault.is_locked() {
            return Err(DeskError::KeysLocked);
        }
        let kept = self.kept(&id);
        let keys = match &key {
            Some(key) => Some(self.ports.custody.try_key(&id, key).await?),
            None => self.ports.vault.keys(&id).ok(),
        };
        let version = kept
            .iter()
            .flat_map(|kept| &kept.keys)
            .find(|version| match &key {
                Some(key) => version.id == *key,
                None => version.state == KeyState::Active,
            });
        Ok(Patient {
            expires: version.and_then(|version| version.expires_at),
            expiring: Some("private_key"),
            filled: self.kept_fields(&account),
            account,
            channel,
            keys,
            fields: None,
        })
    }

    fn patient_of(&self, draft: &Draft) -> Result<Patient, DeskError> {
        let lines = self.check_draft(draft, None)?;
        let missing = || DeskError::ChannelNotConnected(draft.channel.clone());
        let channel = paydesk_channels::by_id(&draft.channel).ok_or_else(missing)?;
        let profile = channel.profile();
        let plain = draft.fields.iter().filter(|(name, _)| {
            let field = profile.fields.iter().find(|field| field.name == **name);
            field.is_some_and(|field| !field.is_secret())
        });
        let account = Account {
            id: AccountId(String::new()),
            channel: ChannelId(profile.id.to_owned()),
            gateway: gateway_of(draft, profile)?,
            fields: plain
                .map(|(name, value)| (name.clone(), value.expose().trim().to_owned()))
                .collect(),
            rate: None,
            rates: RateTable::default(),
            sandbox: draft.sandbox,
            label: String::new(),
            charges: false,
            paused: false,
            reader: None,
            unused_fields: BTreeMap::new(),
        };
        let expiries = lines.iter().filter_map(|line| {
            let facts = line.seen.as_ref()?.certificate()?;
            Some((Timestamp(facts.valid_to.saturating_mul(1000)), line.field))
        });
        let (expires, expiring) = expiries.min().unzip();
        let filled = draft.fields.iter();
        let filled = filled.filter(|(_, value)| !value.expose().trim().is_empty());
        Ok(Patient {
            expires,
            expiring,
            filled: filled.map(|(name, _)| name.clone()).collect(),
            account,
            channel,
            keys: self.ports.custody.try_out(profile.id, &draft.fields).ok(),
            fields: Some(lines),
        })
    }

    fn expiry_line(&self, patient: &Patient) -> Line {
        let now = self.now().0;
        match patient.expires {
            None => Line::ok(LineName::Expiry, "doctor_expiry_none"),
            Some(at) if at.0 <= now => Line::failed(LineName::Expiry, "doctor_expiry_expired")
                .with("at", at.0.to_string())
                .of(patient.expiring),
            Some(at) if at.0 - now < SOON_MS => {
                Line::new(LineName::Expiry, LineState::Warning, "doctor_expiry_soon")
                    .with("at", at.0.to_string())
                    .of(patient.expiring)
            }
            Some(at) => Line::ok(LineName::Expiry, "doctor_expiry_ok").with("at", at.0.to_string()),
        }
    }

    async fn reach_lines(&self, patient: &Patient, lines: &mut Vec<Line>) -> bool {
        let own = patient.channel.own_gateway(&patient.account.fields);
        let own = own.filter(|_| !patient.account.sandbox);
        let gateway = own.as_ref().unwrap_or(&patient.account.gateway);
        let host = gateway.split('/').nth(2).unwrap_or_default().to_owned();
        let scope = scope(&patient.account, patient.channel);
        let reached = self.ports.network.reach(gateway, scope).await;
        let reach = match reached {
            Reached::NoAddress => Line::failed(LineName::Reach, "doctor_reach_no_address"),
            Reached::NotAllowed => Line::failed(LineName::Reach, "doctor_reach_not_allowed"),
            Reached::Refused => Line::failed(LineName::Reach, "doctor_reach_refused"),
            Reached::Plain | Reached::Tls | Reached::TlsWrong => {
                Line::ok(LineName::Reach, "doctor_reach_ok")
            }
        };
        let suspect = (reach.state == LineState::Failed).then(|| patient.gateway_field());
        lines.push(reach.with("host", host).of(suspect.flatten()));
        lines.push(match reached {
            Reached::Plain => Line::ok(LineName::Tls, "doctor_tls_loopback"),
            Reached::Tls => Line::ok(LineName::Tls, "doctor_tls_ok"),
            Reached::TlsWrong => Line::failed(LineName::Tls, "doctor_tls_wrong"),
            Reached::NoAddress | Reached::NotAllowed | Reached::Refused => {
                Line::not_asked(LineName::Tls)
            }
        });
        matches!(reached, Reached::Plain | Reached::Tls)
    }

    /// Asks about a payment that never was: a genuine "no such payment" proves both signatures.
    async fn ask_about_nothing(&self, patient: &Patient, keys: &dyn Keys) -> Heard {
        let smallest = smallest(patient.channel, self.shop_currency());
        let Some(target) = smallest.and_then(|amount| self.never_used(amount)) else {
            let rest = [LineName::Clock, LineName::Signature, LineName::Answer];
            return Heard {
                lines: rest.map(Line::not_asked).to_vec(),
                believed: false,
            };
        };
        let channel = patient.channel;
        let mut query = Query { of: target };
        let (exchanged, contact) = self
            .exchange_with(
                &patient.account,
                keys,
                channel,
                &mut query,
                channel.payments(),
            )
            .await;
        let clock = self.clock_line(contact.as_ref());
        let is_late = clock.state == LineState::Failed;
        let (signature, answer, believed) = match exchanged {
            Exchanged::Heard { .. } => (
                Line::ok(
                    LineName::Signature,
                    patient.told("doctor_signature_ok", "doctor_signature_known"),
                ),
                Line::ok(
                    LineName::Answer,
                    patient.told("doctor_answer_ok", "doctor_answer_host"),
                ),
                true,
            ),
            Exchanged::Refused { refusal, .. } => {
                let (line, believed) = signature_of(patient, &refusal.code, None);
                let said = patient.told("doctor_answer_ok", "doctor_answer_host");
                (line, Line::ok(LineName::Answer, said), believed)
            }
            Exchanged::Doubt {
                doubt,
                forged,
                record,
            } => {
                let body = record.body.unwrap_or_default();
                let complaint = channel.signature_complaint(body.as_bytes());
                let is_late = is_late || complaint == Some(SignatureComplaint::Time);
                let (signature, answer) = doubted(patient, &doubt, complaint, forged, is_late);
                (signature, answer, false)
            }
            Exchanged::NotSent(_) => (
                Line::not_asked(LineName::Signature),
                Line::not_asked(LineName::Answer),
                false,
            ),
        };
        Heard {
            lines: vec![clock, signature, answer],
            believed,
        }
    }

    fn clock_line(&self, contact: Option<&Contact>) -> Line {
        let (Some(Contact::Answered { date, took }) | Some(Contact::Unbelieved { date, took })) =
            contact
        else {
            return Line::no_word(LineName::Clock);
        };
        let skew = date
            .as_deref()
            .and_then(|date| skew(date, self.now(), *took));
        let Some(skew) = skew else {
            return Line::no_word(LineName::Clock);
        };
        let line = if skew.abs() > 5 * SKEW_LIMIT_MS {
            Line::failed(LineName::Clock, "doctor_clock_wrong")
        } else if skew.abs() > SKEW_LIMIT_MS {
            Line::new(LineName::Clock, LineState::Warning, "doctor_clock_off")
        } else {
            Line::ok(LineName::Clock, "doctor_clock_ok")
        };
        line.with("seconds", (skew.abs() / 1000).to_string())
    }

    /// Opens a code for the smallest amount, shows it to nobody, and closes it. No intent of it is kept: the
    /// code is dropped with the answer, so that nobody can pay it, and it expires by itself (ADR 14).
    async fn binding_line(&self, patient: &Patient, keys: &dyn Keys) -> Line {
        let channel = patient.channel;
        if let Some(set_up) = channel.set_up() {
            return self.set_up_line(patient, keys, set_up).await;
        }
        let profile = channel.profile();
        let smallest = smallest(channel, self.shop_currency());
        let target = smallest.and_then(|amount| self.never_used(amount));
        let Some(mut target) = target else {
            return Line::not_asked(LineName::Binding);
        };
        let mut create = Create {
            reference: target.reference.clone(),
            amount: target.amount,
            tender: Tender::ShowCode,
            sent_at: target.sent_at,
            expires: self.now().plus(profile.schedule.shown_for),
            subject: "Paydesk".to_owned(),
            operator: String::new(),
            memo: None,
        };
        let (account, payments) = (&patient.account, channel.payments());
        let (created, _) = self
            .exchange_with(account, keys, channel, &mut create, payments)
            .await;
        if let Exchanged::Heard { answer, .. } = &created {
            target.memo = answer.learned.clone();
        }
        let line = match created {
            Exchanged::Heard { .. } => Line::ok(
                LineName::Binding,
                patient.told("doctor_binding_ok", "doctor_binding_page"),
            ),
            Exchanged::Refused {
                refusal: Refusal { code, .. },
                ..
            }
            | Exchanged::Doubt {
                doubt: Doubt::UnsignedRefusal { code },
                ..
            } => Line::failed(LineName::Binding, "doctor_binding_wrong")
                .saying(Some(code))
                .of(patient.number_field()),
            Exchanged::Doubt { .. } | Exchanged::NotSent(_) => Line::no_word(LineName::Binding),
        };
        let mut finish = Finish {
            of: target,
            how: End::Close,
        };
        // Nobody saw the code, and it expires by itself: whether the close is heard changes nothing.
        let _closed = self
            .exchange_with(account, keys, channel, &mut finish, payments)
            .await;
        line
    }

    /// Asks the channel about the account itself, where it can tell: no code has to be opened then.
    async fn set_up_line(&self, patient: &Patient, keys: &dyn Keys, set_up: &dyn SetUp) -> Line {
        let mut currency = None;
        for question in 0..set_up.questions() {
            let mut ask = Examine { question };
            let (exchanged, _) = self
                .exchange_with(&patient.account, keys, patient.channel, &mut ask, set_up)
                .await;
            let findings = match exchanged {
                Exchanged::Heard { answer, .. } => answer.fact,
                Exchanged::Refused { refusal, .. } => {
                    return Line::failed(LineName::Binding, "doctor_binding_wrong")
                        .saying(Some(refusal.code))
                        .of(patient.number_field());
                }
                Exchanged::Doubt { .. } | Exchanged::NotSent(_) => {
                    return Line::no_word(LineName::Binding);
                }
            };
            for finding in findings {
                match finding {
                    Finding::NotAllowed(right) => {
                        return Line::failed(LineName::Binding, "doctor_right_missing")
                            .saying(Some(right))
                            .of(Some(patient.channel.profile().key_name_field));
                    }
                    Finding::Currency(code) => currency = Some(code),
                }
            }
        }
        match currency.filter(|code| code != self.shop_currency().code()) {
            Some(code) => Line::new(
                LineName::Binding,
                LineState::Warning,
                "doctor_other_currency",
            )
            .with("currency", code),
            None => Line::ok(LineName::Binding, "doctor_binding_ok"),
        }
    }

    async fn bill_line(&self, patient: &Patient, keys: &dyn Keys) -> Line {
        let Some(bills) = patient.channel.bills() else {
            return Line::ok(LineName::Bill, "doctor_bill_none");
        };
        let settings = patient.account.settings();
        let nonce = self.ports.ids.nonce();
        let cx = |now| Cx {
            keys,
            account: &settings,
            now,
            nonce,
        };
        let now = self.now();
        let yesterday = Timestamp(now.0 - i64::try_from(YESTERDAY.as_millis()).unwrap_or(0));
        let day = crate::channel_day(yesterday);
        let request = day.and_then(|day| bills.encode_link(day, BillKind::Trade, &cx(now)).ok());
        let Some(request) = request else {
            return Line::no_word(LineName::Bill);
        };
        let operation = request.operation;
        let scope = scope(&patient.account, patient.channel);
        let deadline = patient.channel.profile().schedule.deadline;
        let Ok(reply) = self.ports.network.send(request, scope, deadline).await else {
            return Line::no_word(LineName::Bill);
        };
        let refused = |code| Line::failed(LineName::Bill, "doctor_bill_refused").saying(Some(code));
        let hint = patient.channel.hint(&reply);
        let cx = cx(self.now());
        match patient.channel.authenticate(operation, reply, &cx) {
            Ok(proof) => match bills.decode_link(&proof) {
                Outcome::Done(BillAnswer::Refused(code)) => refused(code),
                Outcome::Done(_) => Line::ok(LineName::Bill, "doctor_bill_ok"),
                Outcome::Refused(refusal) => refused(refusal.code),
                Outcome::Unknown(_) => Line::no_word(LineName::Bill),
            },
            Err(_) => match hint {
                Doubt::UnsignedRefusal { code } => refused(code),
                _ => Line::no_word(LineName::Bill),
            },
        }
    }

    /// The shop's currency; the default one before it is set up.
    fn shop_currency(&self) -> Currency {
        self.shop().map_or(Currency::CNY, |shop| shop.currency)
    }

    /// A test number where no order ever stands.
    fn never_used(&self, amount: Amount) -> Option<Target> {
        let device = self.ports.store.device();
        let place = ORDER_PLACES + self.draw() % (PLACE_MAX - ORDER_PLACES);
        let day = self.day_of(self.now()).ok()?;
        let number = OrderNumber::compose(Mode::Demo, &device.id, device.epoch, day, place)?;
        let reference: MerchantRef = number.attempt(1)?;
        Some(Target {
            reference,
            sent_at: self.now(),
            amount,
            channel_ref: None,
            memo: None,
            told: None,
        })
    }
}

/// The smallest amount that the channel takes.
fn smallest(channel: &dyn Channel, currency: Currency) -> Option<Amount> {
    let (minor, _) = channel.profile().amount_minor;
    Amount::new(Money::from_minor(minor, currency)).ok()
}
