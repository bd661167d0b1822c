//! A fact from a source: the friendly form at the door.
//!
//! [`EventIn::parts`] turns the form into words of `model`, or into a list of everything that is
//! wrong with it. Which person is meant is decided later, by correlation, and not here.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use tenure_model::{Attributes, CustomEvent, EventKind, IdentityKind, Leave, PersonKey, Terms, Value, Zone};
use utoipa::ToSchema;

use super::event::PERSON_KEY;
use super::value::AttributeMap;
use crate::codes::Code;
use crate::limits::EVENT_ID_BYTES_MAX;
use crate::problem::{FieldError, Problem, quoted};

/// The types of events that there are, and the members that each takes besides `id`, `person`,
/// `asOf`, `sequence` and `engagement`.
pub const TAKES: [(&str, &[&str]); 9] = [
    ("employment.started", &["firstDay", "kind", "zone"]),
    ("employment.stated", &["firstDay", "lastDay", "kind", "zone", "from", "until", "primary"]),
    ("employment.ended", &["lastDay", "urgent"]),
    ("employment.rescinded", &[]),
    ("employment.converted", &["firstDay", "kind", "zone", "newKey"]),
    ("leave.started", &["from", "until"]),
    ("leave.ended", &["lastDay"]),
    ("person.changed", &[]),
    ("person.transferred", &["from", "keepUntil"]),
];

/// A fact from a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventIn {
    /// What the source calls it; the same id again is the same event.
    #[schema(examples("hr-991"))]
    pub id: String,
    /// employment.started, .stated, .ended, .rescinded or .converted, leave.started or .ended, person.changed or
    /// .transferred; risk.raised (with `level` low, medium or high beside the person) or .cleared; or one of the source's
    /// own, custom.NAME. The last two change nothing that is known, and start what waits for them.
    #[serde(rename = "type")]
    #[schema(examples("employment.ended"))]
    pub kind_of_event: String,
    /// Whom it speaks of, by the key of the source, and what the source says of them.
    pub person: AttributeMap,
    /// When it was so for the source. What was so later counts, in whatever order events arrive; the moment of arrival
    /// unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub as_of: Option<String>,
    /// A number that goes up with every event of the source: instead of asOf, or for events of one moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// What the source calls the engagement, if somebody has several; otherwise as it calls the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<String>,
    /// employment.started, .stated, .converted: the first day, such as 2026-11-30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub first_day: Option<String>,
    /// employment.ended, leave.ended: the last day, such as 2026-11-30. employment.stated: the same, or null if none is
    /// known any more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    #[schema(value_type = Option<String>, format = Date)]
    pub last_day: Option<Option<String>>,
    /// employment.ended: access ends now and not at the end of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<bool>,
    /// employment.started, .stated, .converted: employee (unless said otherwise), contractor, vendor, customer,
    /// service-account or ai-agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// employment.started, .stated, .converted: where the days begin and end, such as Europe/Berlin; UTC unless said
    /// otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// leave.started: the first day away. employment.stated: the same, or null if there is no leave.
    /// person.transferred: the first day in the new place.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Option<String>>,
    /// leave.started, employment.stated: the last day away, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub until: Option<String>,
    /// person.transferred: the last day on which what the old place gave is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub keep_until: Option<String>,
    /// employment.converted: what the source calls the new engagement, if not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_key: Option<String>,
    /// employment.stated: whether this engagement counts first when several run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// A member that is there is `Some`, also when it is `null`.
#[expect(clippy::option_option, reason = "absent, null and a text are three things")]
fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
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
    /// When it was so for the source.
    pub as_of: Option<Timestamp>,
    /// The number that the source gave it.
    pub sequence: Option<i64>,
    /// What the source calls the engagement.
    pub engagement: Option<String>,
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

type Errors = Vec<FieldError>;

impl EventIn {
    /// The event in words of `model`, where the source names people by this attribute.
    pub fn parts(self, key: &str) -> Result<EventParts, BadEvent> {
        let mut errors = Vec::new();
        check_name("/id", Some(&self.id), &mut errors);
        check_name("/engagement", self.engagement.as_ref(), &mut errors);
        check_name("/newKey", self.new_key.as_ref(), &mut errors);
        let attributes = self.person.read("/person").unwrap_or_else(|more| {
            errors.extend(more);
            Attributes::new()
        });
        let subject = if errors.is_empty() { subject(key, &attributes, &mut errors) } else { None };
        self.refuse_strays(&mut errors);
        let as_of = self.as_of.as_deref().and_then(|text| moment(text, &mut errors));
        let kind = self.kind(key, attributes, &mut errors);
        match (subject, kind) {
            (Some(subject), Some(kind)) if errors.is_empty() => Ok(EventParts {
                external_id: self.id,
                subject,
                kind,
                as_of,
                sequence: self.sequence,
                engagement: self.engagement,
            }),
            _ => Err(BadEvent { errors }),
        }
    }

    fn kind(&self, key: &str, attributes: Attributes, errors: &mut Errors) -> Option<EventKind> {
        let last_day = self.last_day.as_ref().and_then(Option::as_deref);
        let from = self.from.as_ref().and_then(Option::as_deref);
        match self.kind_of_event.as_str() {
            "employment.started" => self.started(attributes, errors),
            "employment.stated" => Some(self.stated(attributes, errors)),
            "person.changed" => Some(EventKind::PersonChanged { attributes }),
            "person.transferred" => Some(EventKind::PersonTransferred {
                attributes,
                from: self.day("/from", from, errors)?,
                keep_until: self.opt_day("/keepUntil", self.keep_until.as_deref(), errors),
            }),
            "employment.ended" => {
                self.only_key(key, &attributes, errors);
                let last_day = self.day("/lastDay", last_day, errors)?;
                Some(EventKind::EmploymentEnded { last_day, urgent: self.urgent.unwrap_or(false) })
            }
            "employment.rescinded" => {
                self.only_key(key, &attributes, errors);
                Some(EventKind::EmploymentRescinded)
            }
            "employment.converted" => {
                self.only_key(key, &attributes, errors);
                let first_day = self.day("/firstDay", self.first_day.as_deref(), errors);
                let (kind, zone) = (self.identity(errors), self.zone(errors));
                let kind = kind.unwrap_or(IdentityKind::Employee);
                Some(EventKind::EmploymentConverted {
                    kind,
                    first_day: first_day?,
                    new_key: self.new_key.clone(),
                    zone,
                })
            }
            "leave.started" => {
                self.only_key(key, &attributes, errors);
                let from = self.day("/from", from, errors);
                let until = self.opt_day("/until", self.until.as_deref(), errors);
                leave(from?, until, errors).map(|Leave { from, until }| EventKind::LeaveStarted { from, until })
            }
            "leave.ended" => {
                self.only_key(key, &attributes, errors);
                Some(EventKind::LeaveEnded { last_day: self.day("/lastDay", last_day, errors)? })
            }
            other => custom(other, key, attributes, errors),
        }
    }

    fn started(&self, attributes: Attributes, errors: &mut Errors) -> Option<EventKind> {
        let first_day = self.day("/firstDay", self.first_day.as_deref(), errors);
        let kind = self.identity(errors).unwrap_or(IdentityKind::Employee);
        let zone = self.zone(errors).unwrap_or_else(Zone::utc);
        Some(EventKind::EmploymentStarted { kind, first_day: first_day?, zone, attributes })
    }

    fn stated(&self, attributes: Attributes, errors: &mut Errors) -> EventKind {
        let day = |text: &Option<String>, place, errors: &mut Errors| match text {
            Some(text) => self.day(place, Some(text), errors).map(Some),
            None => Some(None),
        };
        let last_day = self.last_day.as_ref().and_then(|text| day(text, "/lastDay", errors));
        let until = self.opt_day("/until", self.until.as_deref(), errors);
        let from = self.from.as_ref().and_then(|text| day(text, "/from", errors));
        if until.is_some() && !matches!(from, Some(Some(_))) {
            errors.push(FieldError::new("/until", "a leave needs its first day too, as `from`"));
        }
        let leave = from.map(|from| from.and_then(|from| leave(from, until, errors)));
        let terms = Terms {
            kind: self.identity(errors),
            zone: self.zone(errors),
            first_day: self.opt_day("/firstDay", self.first_day.as_deref(), errors),
            last_day,
            leave,
            primary: self.primary,
        };
        EventKind::EmploymentStated { terms: Box::new(terms), attributes }
    }

    fn identity(&self, errors: &mut Errors) -> Option<IdentityKind> {
        let word = self.kind.as_deref()?;
        let kind = IdentityKind::from_word(word);
        if kind.is_none() {
            let known: Vec<&str> = IdentityKind::ALL.into_iter().map(IdentityKind::word).collect();
            let reason = format!("{} is not a kind of identity; use one of {}", quoted(word), known.join(", "));
            errors.push(FieldError::new("/kind", reason));
        }
        kind
    }

    fn zone(&self, errors: &mut Errors) -> Option<Zone> {
        let zone = Zone::from_str(self.zone.as_deref()?);
        zone.inspect_err(|error| errors.push(FieldError::new("/zone", error.to_string()))).ok()
    }

    /// To drop attributes in silence would lose what the source said.
    fn only_key(&self, key: &str, attributes: &Attributes, errors: &mut Errors) {
        for name in attributes.keys().filter(|name| *name != key) {
            let reason = format!("{} takes only `{key}`; send the rest as person.changed", self.kind_of_event);
            errors.push(FieldError::new(format!("/person/{name}"), reason));
        }
    }

    /// A member that another type of event takes is a mistake and not an ornament.
    fn refuse_strays(&self, errors: &mut Errors) {
        let known = TAKES.iter().find(|(name, _)| *name == self.kind_of_event).map(|(_, takes)| *takes);
        let own = self.kind_of_event.parse::<CustomEvent>().ok().map(|_| [].as_slice());
        let Some(takes) = known.or(own) else { return };
        let members = [
            ("firstDay", self.first_day.is_some()),
            ("kind", self.kind.is_some()),
            ("zone", self.zone.is_some()),
            ("lastDay", self.last_day.is_some()),
            ("urgent", self.urgent.is_some()),
            ("from", self.from.is_some()),
            ("until", self.until.is_some()),
            ("keepUntil", self.keep_until.is_some()),
            ("newKey", self.new_key.is_some()),
            ("primary", self.primary.is_some()),
        ];
        for (member, _) in members.into_iter().filter(|(member, present)| *present && !takes.contains(member)) {
            let of: Vec<&str> =
                TAKES.iter().filter(|(_, takes)| takes.contains(&member)).map(|(name, _)| *name).collect();
            errors.push(FieldError::new(format!("/{member}"), format!("only {} takes this", of.join(" or "))));
        }
    }

    fn opt_day(&self, pointer: &str, text: Option<&str>, errors: &mut Errors) -> Option<Date> {
        text.and_then(|text| self.day(pointer, Some(text), errors))
    }

    fn day(&self, pointer: &str, text: Option<&str>, errors: &mut Errors) -> Option<Date> {
        let reason = match text {
            None => format!("{} needs a day such as `2026-11-30`", self.kind_of_event),
            // Exactly this form: a time or a zone behind the day would be dropped in silence.
            Some(text) => match text.parse::<Date>() {
                Ok(day) if day.to_string() == text && (1900..=2999).contains(&day.year()) => return Some(day),
                Ok(_) | Err(_) => {
                    format!("{} is not a day of the years 1900 to 2999 such as `2026-11-30`", quoted(text))
                }
            },
        };
        errors.push(FieldError::new(pointer, reason));
        None
    }
}

/// An event of the source's own, or a word about risk.
fn custom(word: &str, key: &str, attributes: Attributes, errors: &mut Errors) -> Option<EventKind> {
    let Ok(event) = word.parse::<CustomEvent>() else {
        let known = TAKES.map(|(name, _)| name).join(", ");
        let reason = format!(
            "{} is not a type of event; use one of {known}, risk.raised, risk.cleared, or one of your own such as \
             `custom.badge-lost`",
            quoted(word)
        );
        errors.push(FieldError::new("/type", reason));
        return None;
    };
    let attributes: Attributes = attributes.into_iter().filter(|(name, _)| name != key).collect();
    if let Some((member, reason)) = event.lacks(&attributes) {
        errors.push(FieldError::new(format!("/person/{member}"), reason));
        return None;
    }
    Some(EventKind::Custom { event, attributes })
}

fn leave(from: Date, until: Option<Date>, errors: &mut Errors) -> Option<Leave> {
    if until.is_some_and(|until| until < from) {
        errors.push(FieldError::new("/until", "a leave ends no earlier than it begins"));
        return None;
    }
    Some(Leave { from, until })
}

fn moment(text: &str, errors: &mut Errors) -> Option<Timestamp> {
    let moment = text.parse();
    if moment.is_err() {
        let reason = format!("{} is not a moment with its zone such as `2026-11-30T08:00:00Z`", quoted(text));
        errors.push(FieldError::new("/asOf", reason));
    }
    moment.ok()
}

fn check_name(pointer: &str, name: Option<&String>, errors: &mut Errors) {
    let fits = |name: &String| {
        !name.trim().is_empty() && name.len() <= EVENT_ID_BYTES_MAX && !name.chars().any(char::is_control)
    };
    if !name.is_none_or(fits) {
        let reason = format!("it has 1 to {EVENT_ID_BYTES_MAX} bytes and no control characters");
        errors.push(FieldError::new(pointer, reason));
    }
}

fn subject(key: &str, attributes: &Attributes, errors: &mut Errors) -> Option<PersonKey> {
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
    fn absent_null_and_a_day_are_three_things() {
        let said = |rest: &str| {
            let json = format!(r#"{{"id":"1","type":"employment.stated","person":{{"employeeId":"E1"}}{rest}}}"#);
            let EventKind::EmploymentStated { terms, .. } = parts(&json).unwrap().kind else { panic!("not stated") };
            (terms.last_day, terms.leave)
        };
        let day = jiff::civil::date(2026, 11, 30);
        assert_eq!(said(""), (None, None));
        assert_eq!(said(r#","lastDay":null,"from":null"#), (Some(None), Some(None)));
        let leave = Leave { from: day, until: Some(day) };
        let all = said(r#","lastDay":"2026-11-30","from":"2026-11-30","until":"2026-11-30""#);
        assert_eq!(all, (Some(Some(day)), Some(Some(leave))));
    }

    #[test]
    fn each_type_takes_what_it_needs_and_nothing_else() {
        for (kind, rest, wrong) in [
            ("leave.started", r#""from":"2026-01-05""#, None),
            ("leave.started", r#""from":"2026-01-05","until":"2026-01-04""#, Some("/until")),
            ("leave.started", r#""until":"2026-01-05""#, Some("/from")),
            ("leave.ended", r#""lastDay":"2026-01-05""#, None),
            ("employment.rescinded", r#""sequence":7"#, None),
            ("employment.rescinded", r#""lastDay":"2026-01-05""#, Some("/lastDay")),
            ("employment.converted", r#""firstDay":"2026-01-05","newKey":"E2""#, None),
            ("employment.converted", r#""firstDay":"2026-01-05","newKey":" ""#, Some("/newKey")),
            ("person.transferred", r#""from":"2026-01-05","keepUntil":"2026-02-05""#, None),
            ("person.changed", r#""keepUntil":"2026-02-05""#, Some("/keepUntil")),
            ("person.changed", r#""asOf":"2026-02-05T08:00:00+01:00""#, None),
            ("person.changed", r#""asOf":"2026-02-05""#, Some("/asOf")),
            ("employment.stated", r#""until":"2026-02-05""#, Some("/until")),
        ] {
            let json = format!(r#"{{"id":"1","type":"{kind}","person":{{"employeeId":"E1"}},{rest}}}"#);
            let found = parts(&json).err().map(|errors| errors.into_iter().map(|(pointer, _)| pointer).collect());
            assert_eq!(found, wrong.map(|place| vec![place.to_owned()]), "{json}");
        }
    }

    #[test]
    fn a_member_that_does_not_exist_is_refused() {
        let error = serde_json::from_str::<EventIn>(r#"{"id":"1","type":"x","person":{},"lastday":"x"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `lastday`"), "{error}");
    }
}
