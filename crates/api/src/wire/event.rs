//! A fact from a source: the friendly form at the door, and what becomes of it.
//!
//! [`EventIn::parts`] turns the form into words of `model`, or into a list of everything that is
//! wrong with it. Which person is meant is decided later, by correlation, and not here.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tenure_model::{
    Attributes, CaseId, ConnectionName, Event, EventId, EventKind, IdentityKind, PersonId, PersonKey, RunId, Value,
    Zone,
};
use utoipa::ToSchema;

use super::value::AttributeMap;
use crate::codes::Code;
use crate::limits::EVENT_ID_BYTES_MAX;
use crate::problem::{FieldError, Problem, quoted};

/// The attribute by which a source names a person unless its connection says otherwise.
pub const PERSON_KEY: &str = "employeeId";

const TYPES: [&str; 3] = ["employment.started", "person.changed", "employment.ended"];

/// A fact from a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventIn {
    /// What the source calls it; the same id again is the same event.
    #[schema(examples("hr-991"))]
    pub id: String,
    /// employment.started, person.changed or employment.ended.
    #[serde(rename = "type")]
    #[schema(examples("employment.ended"))]
    pub kind_of_event: String,
    /// Whom it speaks of, by the key of the source, and what the source says of them.
    pub person: AttributeMap,
    /// employment.started: the first day, such as 2026-11-30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub first_day: Option<String>,
    /// employment.ended: the last day, such as 2026-11-30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub last_day: Option<String>,
    /// employment.ended: access ends now and not at the end of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<bool>,
    /// employment.started: employee (unless said otherwise), contractor, vendor, customer, service-account or ai-agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// employment.started: where the days begin and end, such as Europe/Berlin; UTC unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// An event in words of `model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventParts {
    /// What the source calls it.
    pub external_id: String,
    /// Whom it speaks of.
    pub subject: PersonKey,
    /// What happened.
    pub kind: EventKind,
}

/// An event was refused; nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is not acceptable in {} places", .errors.len())]
pub struct BadEvent {
    /// What is wrong, place by place.
    pub errors: Vec<FieldError>,
}

impl From<BadEvent> for Problem {
    fn from(bad: BadEvent) -> Self {
        let unknown_kind = bad.errors.iter().any(|error| error.pointer == "/type");
        let code = if unknown_kind { Code::UnknownKind } else { Code::BadBody };
        Self::new(code).errors(bad.errors)
    }
}

impl TryFrom<EventIn> for EventParts {
    type Error = BadEvent;
    fn try_from(event: EventIn) -> Result<Self, BadEvent> {
        event.parts(PERSON_KEY)
    }
}

impl EventIn {
    /// The event in words of `model`, where the source names people by this attribute.
    pub fn parts(self, key: &str) -> Result<EventParts, BadEvent> {
        let mut errors = Vec::new();
        check_id(&self.id, &mut errors);
        let attributes = self.person.read("/person").unwrap_or_else(|more| {
            errors.extend(more);
            Attributes::new()
        });
        let subject = if errors.is_empty() { subject(key, &attributes, &mut errors) } else { None };
        self.refuse_strays(&mut errors);
        let kind = match self.kind_of_event.as_str() {
            "employment.started" => self.started(attributes, &mut errors),
            "person.changed" => Some(EventKind::PersonChanged { attributes }),
            "employment.ended" => self.ended(key, &attributes, &mut errors),
            other => {
                let reason = format!("{} is not a type of event; use one of {}", quoted(other), TYPES.join(", "));
                errors.push(FieldError::new("/type", reason));
                None
            }
        };
        match (subject, kind) {
            (Some(subject), Some(kind)) if errors.is_empty() => Ok(EventParts { external_id: self.id, subject, kind }),
            _ => Err(BadEvent { errors }),
        }
    }

    fn started(&self, attributes: Attributes, errors: &mut Vec<FieldError>) -> Option<EventKind> {
        let first_day = day("/firstDay", self.first_day.as_deref(), &self.kind_of_event, errors);
        let kind = match self.kind.as_deref() {
            None => Some(IdentityKind::Employee),
            Some(word) => IdentityKind::from_word(word).or_else(|| {
                let known: Vec<&str> = IdentityKind::ALL.into_iter().map(IdentityKind::word).collect();
                let reason = format!("{} is not a kind of identity; use one of {}", quoted(word), known.join(", "));
                errors.push(FieldError::new("/kind", reason));
                None
            }),
        };
        let zone = match self.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::from_str) {
            Ok(zone) => Some(zone),
            Err(error) => {
                errors.push(FieldError::new("/zone", error.to_string()));
                None
            }
        };
        Some(EventKind::EmploymentStarted { kind: kind?, first_day: first_day?, zone: zone?, attributes })
    }

    fn ended(&self, key: &str, attributes: &Attributes, errors: &mut Vec<FieldError>) -> Option<EventKind> {
        // An end carries no attributes; to drop them in silence would lose what the source said.
        for name in attributes.keys().filter(|name| *name != key) {
            let reason = format!("employment.ended takes only `{key}`; send the rest as person.changed");
            errors.push(FieldError::new(format!("/person/{name}"), reason));
        }
        let last_day = day("/lastDay", self.last_day.as_deref(), &self.kind_of_event, errors);
        Some(EventKind::EmploymentEnded { last_day: last_day?, urgent: self.urgent.unwrap_or(false) })
    }

    /// A member that another type of event takes is a mistake and not an ornament.
    fn refuse_strays(&self, errors: &mut Vec<FieldError>) {
        let members = [
            ("/firstDay", self.first_day.is_some(), "employment.started"),
            ("/kind", self.kind.is_some(), "employment.started"),
            ("/zone", self.zone.is_some(), "employment.started"),
            ("/lastDay", self.last_day.is_some(), "employment.ended"),
            ("/urgent", self.urgent.is_some(), "employment.ended"),
        ];
        let known = TYPES.contains(&self.kind_of_event.as_str());
        for (pointer, present, of) in members {
            if known && present && self.kind_of_event != of {
                errors.push(FieldError::new(pointer, format!("only {of} takes this")));
            }
        }
    }
}

fn check_id(id: &str, errors: &mut Vec<FieldError>) {
    if id.trim().is_empty() || id.len() > EVENT_ID_BYTES_MAX || id.chars().any(char::is_control) {
        let reason = format!("an id has 1 to {EVENT_ID_BYTES_MAX} bytes and no control characters");
        errors.push(FieldError::new("/id", reason));
    }
}

fn subject(key: &str, attributes: &Attributes, errors: &mut Vec<FieldError>) -> Option<PersonKey> {
    let value = match attributes.get(key) {
        Some(Value::Text(text)) if !text.trim().is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(
            Value::Text(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::List(_) | Value::Cleared,
        )
        | None => None,
    };
    if value.is_none() {
        let reason = format!("say whom it is about: `{key}` with a text or a number");
        errors.push(FieldError::new(format!("/person/{key}"), reason));
    }
    value.map(|value| PersonKey { attribute: key.to_owned(), value })
}

fn day(pointer: &str, text: Option<&str>, of: &str, errors: &mut Vec<FieldError>) -> Option<Date> {
    let reason = match text {
        None => format!("{of} needs a day such as `2026-11-30`"),
        // Exactly this form: a time or a zone behind the day would be dropped in silence.
        Some(text) => match text.parse::<Date>() {
            Ok(day) if day.to_string() == text && (1900..=2999).contains(&day.year()) => return Some(day),
            Ok(_) | Err(_) => format!("{} is not a day of the years 1900 to 2999 such as `2026-11-30`", quoted(text)),
        },
    };
    errors.push(FieldError::new(pointer, reason));
    None
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventStatus {
    /// It is stored, and what follows from it has begun.
    Accepted,
    /// It was sent before; this is the answer of then.
    Repeated,
    /// It is stored and waits for a human, see `case`.
    Held,
}

/// The answer to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventAnswer {
    /// What we call it.
    #[schema(value_type = String)]
    pub event: EventId,
    /// What became of it.
    pub status: EventStatus,
    /// Whom it turned out to be about.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The runs that it started.
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
    /// The question that a human has to answer first.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: EventId,
    /// Which source.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What the source calls it.
    pub external_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whom it speaks of, such as `employeeId E1042`.
    pub subject: String,
    /// When it reached us.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// What was answered, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<EventAnswer>,
}

impl EventView {
    /// A stored event with what was answered.
    pub fn of(event: &Event, answer: Option<EventAnswer>) -> Self {
        Self {
            id: event.id,
            connection: event.connection.clone(),
            external_id: event.external_id.clone(),
            kind: event.kind.word().to_owned(),
            subject: event.subject.to_string(),
            received_at: event.received_at,
            answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(json: &str) -> Result<EventParts, Vec<(String, String)>> {
        let event: EventIn = serde_json::from_str(json).unwrap();
        EventParts::try_from(event)
            .map_err(|bad| bad.errors.into_iter().map(|error| (error.pointer, error.reason)).collect())
    }

    fn places(json: &str) -> Vec<String> {
        parts(json).unwrap_err().into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn the_leaver_of_the_walk_is_understood() {
        let json =
            r#"{"id":"hr-991","type":"employment.ended","person":{"employeeId":"E1042"},"lastDay":"2026-11-30"}"#;
        let leaver = parts(json).unwrap();
        assert_eq!(leaver.external_id, "hr-991");
        assert_eq!(leaver.subject.to_string(), "employeeId E1042");
        let last_day = jiff::civil::date(2026, 11, 30);
        assert_eq!(leaver.kind, EventKind::EmploymentEnded { last_day, urgent: false });
    }

    #[test]
    fn the_joiner_brings_attributes_and_an_employee_in_utc_is_the_default() {
        let json = r#"{"id":"1","type":"employment.started","person":{"employeeId":7,"givenName":"Ada"},"firstDay":"2026-12-01"}"#;
        let EventKind::EmploymentStarted { kind, zone, attributes, .. } = parts(json).unwrap().kind else {
            panic!("not a start")
        };
        assert_eq!((kind, zone), (IdentityKind::Employee, Zone::utc()));
        assert_eq!(attributes.len(), 2);
    }

    #[test]
    fn everything_wrong_is_named_with_its_place() {
        let json = r#"{"id":"","type":"employment.started","person":{"employeeId":"E1"},"lastDay":"2026-01-01","kind":"boss","zone":"Mars/Base"}"#;
        assert_eq!(places(json), ["/id", "/lastDay", "/firstDay", "/kind", "/zone"]);
    }

    #[test]
    fn an_unknown_type_lists_the_known_ones() {
        let bad = parts(r#"{"id":"1","type":"employment.end","person":{"employeeId":"E1"}}"#).unwrap_err();
        assert!(bad[0].1.contains("`employment.end` is not a type of event; use one of employment.started"), "{bad:?}");
    }

    #[test]
    fn days_are_days_and_nothing_else() {
        for day in ["2026-02-30", "30.11.2026", "2026-11-30T10:00:00", "20261130", "1899-12-31", "+012026-11-30", ""] {
            let json =
                format!(r#"{{"id":"1","type":"employment.ended","person":{{"employeeId":"E1"}},"lastDay":"{day}"}}"#);
            assert_eq!(places(&json), ["/lastDay"], "{day}");
        }
    }

    #[test]
    fn nobody_in_particular_is_refused() {
        for person in ["{}", r#"{"employeeId":""}"#, r#"{"employeeId":null}"#, r#"{"employeeId":["E1"]}"#] {
            let json = format!(r#"{{"id":"1","type":"person.changed","person":{person}}}"#);
            assert_eq!(places(&json), ["/person/employeeId"], "{person}");
        }
    }

    #[test]
    fn what_an_end_cannot_carry_is_not_lost_in_silence() {
        let json =
            r#"{"id":"1","type":"employment.ended","person":{"employeeId":"E1","room":7},"lastDay":"2026-01-01"}"#;
        assert_eq!(places(json), ["/person/room"]);
    }

    #[test]
    fn a_member_that_does_not_exist_is_refused() {
        let error = serde_json::from_str::<EventIn>(r#"{"id":"1","type":"x","person":{},"lastday":"x"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `lastday`"), "{error}");
    }
}
