//! A person with everything that hangs on them, for the wire.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tenure_model::{
    ConnectionName, Engagement, EngagementId, EngagementState, Grant, GrantId, GrantState, IdentityKind, Leave, Person,
    PersonId, Standing, Statement, Value, Zone, standing,
};
use utoipa::ToSchema;

use super::account::AccountView;
use super::value::{AttributeMap, show};

/// A person, a service account or an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: PersonId,
    /// employee, contractor, vendor, customer, service-account or ai-agent.
    #[schema(value_type = String)]
    pub kind: IdentityKind,
    /// What to call them on a screen.
    pub display_name: String,
    /// planned, active, on-leave, left or none.
    #[schema(value_type = String)]
    pub standing: Standing,
    /// What the sources say.
    pub attributes: AttributeMap,
    /// Who answers for a service account or an agent.
    #[schema(value_type = Option<String>)]
    pub sponsor: Option<PersonId>,
    /// When Tenure first heard of them.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Goes up with every change.
    pub version: i64,
}

impl PersonView {
    /// A person as they stand at this moment.
    pub fn of(person: &Person, engagements: &[Engagement], now: Timestamp) -> Self {
        Self {
            id: person.id,
            kind: person.kind,
            display_name: person.display_name.clone(),
            standing: standing(engagements, now),
            attributes: AttributeMap::show(&person.attributes),
            sponsor: person.sponsor,
            since: person.since,
            version: person.version,
        }
    }
}

/// A person with engagements, accounts and grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonDetail {
    /// The person.
    #[serde(flatten)]
    pub person: PersonView,
    /// What they are or were engaged for.
    pub engagements: Vec<EngagementView>,
    /// Their accounts in connected systems.
    pub accounts: Vec<AccountView>,
    /// What they should hold, and why.
    pub grants: Vec<GrantView>,
    /// What is said of them, by whom and since when.
    #[serde(default)]
    pub values: Vec<ValueView>,
}

/// What is said of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueView {
    /// Which.
    pub attribute: String,
    /// What holds; `null` if nothing does.
    #[schema(value_type = Option<serde_json::Value>)]
    pub value: Option<serde_json::Value>,
    /// Whose word that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source: Option<ConnectionName>,
    /// authority, default or initial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<String>,
    /// Since when the source has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Why this word counts, as a sentence.
    pub why: String,
    /// What others say, each as a sentence; empty if nobody says otherwise.
    pub otherwise: Vec<String>,
}

impl ValueView {
    /// What is said of one attribute, by what holds and who says otherwise.
    pub fn of(attribute: &str, held: Option<&Statement>, others: &[Statement], why: &str) -> Self {
        let holds = held.map(|said| &said.value);
        let sentence = |said: &Statement| {
            let words = match &said.value {
                Value::Cleared => "nothing".to_owned(),
                value => format!("`{value}`"),
            };
            format!("{} says {words} since {}", said.source, said.seen_at)
        };
        Self {
            attribute: attribute.to_owned(),
            value: holds.filter(|value| **value != Value::Cleared).map(show),
            source: held.map(|said| said.source.clone()),
            strength: held.map(|said| said.strength.word().to_owned()),
            since: held.map(|said| said.seen_at),
            why: why.to_owned(),
            otherwise: others.iter().filter(|said| Some(&said.value) != holds).map(sentence).collect(),
        }
    }
}

/// One employment, contract or assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngagementView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: EngagementId,
    /// As what.
    #[schema(value_type = String)]
    pub kind: IdentityKind,
    /// The source that says so.
    #[schema(value_type = String)]
    pub source: ConnectionName,
    /// What that source calls it.
    pub key: String,
    /// Where the days begin and end.
    #[schema(value_type = String)]
    pub zone: Zone,
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// The last day, if one is known.
    #[schema(value_type = Option<String>, format = Date)]
    pub last_day: Option<Date>,
    /// Which of the spells under this key, from 1.
    pub spell: i64,
    /// The leaves that are known, in the order of their days.
    pub leaves: Vec<LeaveView>,
    /// After a transfer, the last day on which what the old place gave is kept.
    #[schema(value_type = Option<String>, format = Date)]
    pub handover: Option<Date>,
    /// Whether it counts first when several run.
    pub primary: bool,
    /// planned, active, on-leave, ended or rescinded.
    #[schema(value_type = String)]
    pub state: EngagementState,
    /// Goes up with every change.
    pub version: i64,
}

impl EngagementView {
    /// An engagement as it stands at this moment.
    pub fn of(engagement: &Engagement, now: Timestamp) -> Self {
        Self {
            id: engagement.id,
            kind: engagement.kind,
            source: engagement.source.clone(),
            key: engagement.key.clone(),
            zone: engagement.zone.clone(),
            first_day: engagement.first_day,
            last_day: engagement.last_day,
            spell: engagement.spell,
            leaves: engagement.leaves.iter().map(LeaveView::from).collect(),
            handover: engagement.handover,
            primary: engagement.primary,
            state: engagement.state_at(now),
            version: engagement.version,
        }
    }
}

/// A leave, from a day, until a day or open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaveView {
    /// The first day away.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day away.
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
}

impl From<&Leave> for LeaveView {
    fn from(leave: &Leave) -> Self {
        Self { from: leave.from, until: leave.until }
    }
}

/// That somebody should hold something, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: GrantId,
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// Why, as a sentence.
    pub reason: String,
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    pub valid_from: Timestamp,
    /// Until when, if there is an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// pending, held, leaving or revoked.
    #[schema(value_type = String)]
    pub state: GrantState,
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id,
            person: grant.person,
            connection: grant.connection.clone(),
            entitlement: grant.entitlement.clone(),
            reason: grant.reason.to_string(),
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
            state: grant.state,
        }
    }
}

/// What somebody should hold, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantWish {
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// Why, as a sentence.
    pub reason: String,
    /// Until when, if there is an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}
