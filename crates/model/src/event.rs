//! A fact that came in from a source.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::engagement::{Leave, Zone};
use crate::ids::EventId;
use crate::name::{ConnectionName, Name};
use crate::person::IdentityKind;
use crate::value::{Attributes, Value};

/// How a source names a person: one of its own keys and its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonKey {
    /// Which attribute, such as `employeeId`.
    pub attribute: String,
    /// Its value.
    pub value: String,
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.attribute, self.value)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// Somebody is or will be engaged.
    #[serde(rename = "employment.started")]
    EmploymentStarted {
        /// As what.
        kind: IdentityKind,
        /// The first day.
        first_day: Date,
        /// Where that day begins.
        zone: Zone,
        /// What the source says of the person.
        attributes: Attributes,
    },
    /// What the source says of the person changed.
    #[serde(rename = "person.changed")]
    PersonChanged {
        /// Only what the source speaks of; [`Value::Cleared`](crate::Value::Cleared) takes away.
        attributes: Attributes,
    },
    /// An engagement ends or has ended.
    #[serde(rename = "employment.ended")]
    EmploymentEnded {
        /// The last day.
        last_day: Date,
        /// Access ends now, not at the end of the last day.
        urgent: bool,
    },
    /// What a source says of an engagement as it stands now: a correction, or a row of a feed.
    #[serde(rename = "employment.stated")]
    EmploymentStated {
        /// Only what the source speaks of.
        terms: Box<Terms>,
        /// What the source says of the person.
        attributes: Attributes,
    },
    /// An engagement was withdrawn: the person never came.
    #[serde(rename = "employment.rescinded")]
    EmploymentRescinded,
    /// An engagement ends and another one begins on the next day, such as when a contractor is
    /// employed. Between the two there is no gap.
    #[serde(rename = "employment.converted")]
    EmploymentConverted {
        /// As what they go on.
        kind: IdentityKind,
        /// The first day of the new one.
        first_day: Date,
        /// What the source calls the new one, if not the same.
        new_key: Option<String>,
        /// Where its days begin, if not where they did.
        zone: Option<Zone>,
    },
    /// Somebody is or will be away.
    #[serde(rename = "leave.started")]
    LeaveStarted {
        /// The first day away.
        from: Date,
        /// The last day away, if it is known.
        until: Option<Date>,
    },
    /// A leave ends or has ended.
    #[serde(rename = "leave.ended")]
    LeaveEnded {
        /// The last day away; one before the first day means that the leave was never taken.
        last_day: Date,
    },
    /// What the source says of the person changes with a day.
    #[serde(rename = "person.transferred")]
    PersonTransferred {
        /// What is so from that day on.
        attributes: Attributes,
        /// The day, which may be long ago or to come.
        from: Date,
        /// What the old place gave is kept until the end of this day.
        keep_until: Option<Date>,
    },
    /// Something of the source's own, or a word about risk. It changes nothing of what is known, and
    /// starts what waits for it.
    #[serde(rename = "custom")]
    Custom {
        /// Its name, such as `custom.badge-lost` or `risk.raised`.
        event: CustomEvent,
        /// What the source says of it.
        attributes: Attributes,
    },
}

/// What stands before the name of an event of a source's own, so that nobody takes it for one of ours.
const CUSTOM: &str = "custom.";

/// Somebody, or one of their accounts, is in danger, or is a danger.
const RISK_RAISED: &str = "risk.raised";

/// How high the risk is, under this name beside the person.
const RISK_LEVEL: &str = "level";

/// The level at which nothing waits.
const RISK_HIGH: &str = "high";

/// The levels of a risk that was raised.
const RISK_LEVELS: [&str; 3] = ["low", "medium", RISK_HIGH];

/// What is said about risk.
const OF_RISK: [&str; 2] = [RISK_RAISED, "risk.cleared"];

/// The name of an event that changes nothing of what is known: one of a source's own, `custom.` and a
/// name, or a word about risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomEvent(String);

/// Why a text is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no event of your own; write `custom.` and a name, such as `custom.badge-lost`, or risk.raised or risk.cleared"
)]
pub struct NotCustom(String);

impl FromStr for CustomEvent {
    type Err = NotCustom;
    fn from_str(text: &str) -> Result<Self, NotCustom> {
        if OF_RISK.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        match text.strip_prefix(CUSTOM).map(Name::from_str) {
            Some(Ok(_)) => Ok(Self(text.to_owned())),
            Some(Err(_)) | None => Err(NotCustom(text.chars().take(64).collect())),
        }
    }
}

impl CustomEvent {
    /// What is missing or wrong in what is said with it: the name of a member, and what should stand there.
    pub fn lacks(&self, said: &Attributes) -> Option<(&'static str, String)> {
        if self.0 != RISK_RAISED {
            return None;
        }
        let level = said.get(RISK_LEVEL).and_then(Value::as_text);
        let is_known = level.is_some_and(|level| RISK_LEVELS.contains(&level));
        (!is_known).then(|| (RISK_LEVEL, format!("{RISK_RAISED} says how high; use one of {}", RISK_LEVELS.join(", "))))
    }
}

impl TryFrom<String> for CustomEvent {
    type Error = NotCustom;
    fn try_from(text: String) -> Result<Self, NotCustom> {
        text.parse()
    }
}

impl From<CustomEvent> for String {
    fn from(event: CustomEvent) -> Self {
        event.0
    }
}

/// What a source says of an engagement, member by member. What is absent it does not speak of;
/// `Some(None)` says that there is none any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// As what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IdentityKind>,
    /// Where its days begin and end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<Date>,
    /// The last day, or that none is known any more.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "or_none")]
    pub last_day: Option<Option<Date>>,
    /// The present or next leave, or that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "or_none")]
    pub leave: Option<Option<Leave>>,
    /// Whether it is the one that counts when several run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

impl Terms {
    /// Whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A member that is there and `null` is another thing than one that is absent.
mod or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::option_option, clippy::ref_option, reason = "absent, none and some are three things here")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }

    #[expect(clippy::option_option, reason = "absent, none and some are three things here")]
    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(from).map(Some)
    }
}

impl EventKind {
    /// The word for it in documents and at the door.
    pub fn word(&self) -> &str {
        match self {
            Self::EmploymentStarted { .. } => "employment.started",
            Self::PersonChanged { .. } => "person.changed",
            Self::EmploymentEnded { .. } => "employment.ended",
            Self::EmploymentStated { .. } => "employment.stated",
            Self::EmploymentRescinded => "employment.rescinded",
            Self::EmploymentConverted { .. } => "employment.converted",
            Self::LeaveStarted { .. } => "leave.started",
            Self::LeaveEnded { .. } => "leave.ended",
            Self::PersonTransferred { .. } => "person.transferred",
            Self::Custom { event, .. } => &event.0,
        }
    }

    /// What the source says of the person by it.
    pub fn attributes(&self) -> Option<&Attributes> {
        match self {
            Self::EmploymentStarted { attributes, .. }
            | Self::EmploymentStated { attributes, .. }
            | Self::PersonChanged { attributes }
            | Self::PersonTransferred { attributes, .. } => Some(attributes),
            Self::EmploymentEnded { .. }
            | Self::EmploymentRescinded
            | Self::EmploymentConverted { .. }
            | Self::LeaveStarted { .. }
            | Self::LeaveEnded { .. }
            | Self::Custom { .. } => None,
        }
    }

    /// Whether somebody who is not known yet may begin with it.
    pub fn introduces(&self) -> bool {
        match self {
            Self::EmploymentStarted { .. } => true,
            Self::EmploymentStated { terms, .. } => terms.first_day.is_some(),
            Self::PersonChanged { .. }
            | Self::PersonTransferred { .. }
            | Self::EmploymentEnded { .. }
            | Self::EmploymentRescinded
            | Self::EmploymentConverted { .. }
            | Self::LeaveStarted { .. }
            | Self::LeaveEnded { .. }
            | Self::Custom { .. } => false,
        }
    }

    /// Whether what follows from it cannot wait: access must end now, or the risk is high.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::EmploymentEnded { urgent, .. } => *urgent,
            Self::Custom { event, attributes } => {
                event.0 == RISK_RAISED && attributes.get(RISK_LEVEL).and_then(Value::as_text) == Some(RISK_HIGH)
            }
            Self::EmploymentStarted { .. }
            | Self::EmploymentStated { .. }
            | Self::EmploymentRescinded
            | Self::EmploymentConverted { .. }
            | Self::LeaveStarted { .. }
            | Self::LeaveEnded { .. }
            | Self::PersonChanged { .. }
            | Self::PersonTransferred { .. } => false,
        }
    }

    /// Whether it speaks of an engagement, and not only of the person.
    pub fn is_of_engagement(&self) -> bool {
        match self {
            Self::EmploymentStated { terms, .. } => !terms.is_empty(),
            Self::EmploymentStarted { .. }
            | Self::EmploymentEnded { .. }
            | Self::EmploymentRescinded
            | Self::EmploymentConverted { .. }
            | Self::LeaveStarted { .. }
            | Self::LeaveEnded { .. } => true,
            Self::PersonChanged { .. } | Self::PersonTransferred { .. } | Self::Custom { .. } => false,
        }
    }
}

/// A fact that came in from a source, stored once however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Ours.
    pub id: EventId,
    /// Which source.
    pub connection: ConnectionName,
    /// What the source calls it; the same id again is the same event.
    pub external_id: String,
    /// Whom it speaks of.
    pub subject: PersonKey,
    /// What happened.
    pub kind: EventKind,
    /// When it reached us.
    pub received_at: Timestamp,
}
