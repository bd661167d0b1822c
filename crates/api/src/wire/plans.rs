//! Plans for a set of people, what-ifs, and what the brakes hold, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{HeldId, PersonId, PlanId, RunId};
use utoipa::ToSchema;

use super::estate::EstateFileView;
use super::value::AttributeMap;

/// What a plan is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanIn {
    /// The documents, whole; those in force if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<EstateFileView>>,
    /// Only these people, by id or key; everybody if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// The moment that it shows; now, if none is named. One that shows a later moment cannot be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
    /// It is not to be applied if it touches more people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_max: Option<u64>,
    /// It is not to be applied if it makes more writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes_max: Option<u64>,
}

/// Why a plan is put into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplyIn {
    /// Why, for the list of versions and the ledger.
    pub reason: String,
}

/// A plan for a set of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetPlanView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: PlanId,
    /// making, ready, failed, applying, applied or moved.
    pub state: String,
    /// Who asked for it.
    pub made_by: String,
    /// When.
    #[schema(value_type = String)]
    pub made_at: Timestamp,
    /// Until when it can be applied.
    #[schema(value_type = String)]
    pub good_until: Timestamp,
    /// The version of the estate that was in force.
    pub base: i64,
    /// How many people were looked at so far.
    pub looked_at: i64,
    /// The hash of everything that it would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Who put it into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<String>,
    /// As which version of the estate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Why it failed or moved, or why it was put into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it comes to, in the form that its `schema` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub report: Option<serde_json::Value>,
}

/// What would be otherwise about a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonWhatIfIn {
    /// Values that would be others; `null` for one that would be gone.
    #[serde(default)]
    pub set: AttributeMap,
    /// Whether they would leave now.
    #[serde(default)]
    pub leave: bool,
    /// Until when it is looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
}

/// What a plan has for one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeView {
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// here, coming, over or unheard.
    pub presence: String,
    /// What else would be known: attribute, before, after, from whose word to whose, and why.
    #[schema(value_type = Vec<Object>)]
    pub values: serde_json::Value,
    /// What would be written, in order: connection, change, entitlements, roles and why.
    #[schema(value_type = Vec<Object>)]
    pub changes: serde_json::Value,
    /// What is kept until another moment than it would be.
    #[schema(value_type = Vec<Object>)]
    pub ends: serde_json::Value,
    /// What else would happen: questions, waits, notices, timers.
    #[schema(value_type = Vec<Object>)]
    pub happens: serde_json::Value,
    /// What a human should know, each a sentence.
    pub findings: Vec<String>,
}

/// Removals that wait together for a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: HeldId,
    /// open, approved or refused.
    pub state: String,
    /// Which brake: protected, last-admin, too-many, feed or starts.
    pub brake: String,
    /// Why, as a sentence.
    pub because: String,
    /// How many people would lose something, or are waited for by a workflow.
    pub people: i64,
    /// How many things would be taken away, or how many starts of a workflow wait: what an approval must name.
    pub removals: i64,
    /// The plan that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<PlanId>,
    /// Who asked for what is held.
    pub asked_by: String,
    /// Since when it waits.
    #[schema(value_type = String)]
    pub opened_at: Timestamp,
    /// How many different people must say yes.
    pub yes_needed: u16,
    /// What was said of it.
    pub answers: Vec<HeldAnswerView>,
}

/// What somebody said of a held set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldAnswerView {
    /// Who.
    pub by: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// yes or no.
    pub answer: String,
    /// How many removals or starts they saw.
    pub size: i64,
    /// Why.
    pub reason: String,
}

/// Something that a held set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovalView {
    /// Who would lose it.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// Where.
    pub connection: String,
    /// account, entitlement or attribute.
    pub kind: String,
    /// Which entitlement or attribute.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// Since when it waits.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// When it was let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub let_at: Option<Timestamp>,
}

/// A start of a workflow that a held set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartView {
    /// The run that it would be, or is.
    #[schema(value_type = String)]
    pub run: RunId,
    /// For whom.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// What to call them.
    pub name: String,
    /// Which workflow.
    pub workflow: String,
    /// Since when it waits.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// waiting, begun, dropped, or overtaken by a newer word about the person.
    pub state: String,
}

/// A yes to what a brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproveIn {
    /// How many removals or starts were looked at; it must be as many as are held.
    pub removals: i64,
    /// Why.
    pub reason: String,
}

/// A no to what a brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefuseIn {
    /// Why.
    pub reason: String,
}
