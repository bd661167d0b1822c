//! An event through the mapping of its source: what it says of a person, and by which further keys
//! that person may be found. A source without a mapping is taken at its word.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tenure_model::{Attributes, ConnectionName, EventKind, PersonKey, Value};
use tenure_policy::expression::Session;
use tenure_policy::mapping::{Mapped, map};

use crate::error::AppError;
use crate::estate::Estate;

/// An event as its mapping has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Through {
    /// Of whom it speaks.
    pub subject: PersonKey,
    /// The other keys by which the source knows them. They only help to find the person.
    pub also: Vec<PersonKey>,
    /// What the source calls the engagement, if the mapping says so.
    pub engagement: Option<String>,
    /// What happened.
    pub kind: EventKind,
}

/// Takes what a source sent as a record of its mapping, if there is one.
pub(crate) fn through(
    estate: &Estate,
    connection: &ConnectionName,
    subject: PersonKey,
    kind: EventKind,
    now: Timestamp,
) -> Result<Through, AppError> {
    let mapping = estate.mappings.get(connection);
    let (Some(mapping), Some(attributes)) = (mapping, kind.attributes()) else {
        return Ok(Through { subject, also: Vec::new(), engagement: None, kind });
    };
    let mut record = attributes.clone();
    record.entry(subject.attribute).or_insert(Value::Text(subject.value));
    let today = now.to_zoned(TimeZone::UTC).date();
    let mapped = map(mapping, &record, &mut Session::new(), today);
    let mapped = mapped.map_err(|out| AppError::Invalid { pointer: "/person", reason: out.to_string() })?;
    let Mapped { key, subject, also, attributes } = mapped;
    let engagement = mapping.key.is_some().then_some(key);
    Ok(Through { subject, also, engagement, kind: with(kind, attributes) })
}

/// The same event with other attributes.
pub(crate) fn with(kind: EventKind, attributes: Attributes) -> EventKind {
    match kind {
        EventKind::EmploymentStarted { kind, first_day, zone, .. } => {
            EventKind::EmploymentStarted { kind, first_day, zone, attributes }
        }
        EventKind::EmploymentStated { terms, .. } => EventKind::EmploymentStated { terms, attributes },
        EventKind::PersonChanged { .. } => EventKind::PersonChanged { attributes },
        EventKind::PersonTransferred { from, keep_until, .. } => {
            EventKind::PersonTransferred { attributes, from, keep_until }
        }
        other @ (EventKind::EmploymentEnded { .. }
        | EventKind::EmploymentRescinded
        | EventKind::EmploymentConverted { .. }
        | EventKind::LeaveStarted { .. }
        | EventKind::LeaveEnded { .. }
        | EventKind::Custom { .. }) => other,
    }
}
