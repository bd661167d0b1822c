//! What a workflow knows of a person: one object of plain values, for its expressions.
//!
//! It is read by `person/look`, and by whoever must tell whether a trigger holds. What Tenure
//! itself knows comes last, so that no source can say otherwise.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use tenure_flow::condition::Scope;
use tenure_flow::{Node, RunState};
use tenure_model::{Attributes, Engagement, EngagementState, Leave, Standing, Value, standing};
use tenure_policy::PersonFacts;

/// What is known of somebody at this moment.
pub fn of(facts: &PersonFacts, now: Timestamp) -> Json {
    let mut known = Map::new();
    for (name, value) in &facts.person.attributes {
        known.insert(name.clone(), plain(value));
    }
    let person = &facts.person;
    known.insert("id".into(), person.id.to_string().into());
    known.insert("kind".into(), person.kind.word().into());
    known.insert("displayName".into(), person.display_name.clone().into());
    known.insert("standing".into(), word(standing(&facts.engagements, now)).into());
    if let Some(sponsor) = person.sponsor {
        known.insert("sponsor".into(), sponsor.to_string().into());
    }
    if let Some(engagement) = that_counts(&facts.engagements, now) {
        known.insert("firstDay".into(), engagement.first_day.to_string().into());
        known.insert("zone".into(), engagement.zone.to_string().into());
        known.insert("engagement".into(), engagement.key.clone().into());
        if let Some(day) = engagement.last_day {
            known.insert("lastDay".into(), day.to_string().into());
        }
        if let Some(at) = engagement.ends_at() {
            known.insert("endsAt".into(), at.to_string().into());
        }
        let goes_on = |leave: &&Leave| leave.until.is_none_or(|day| now < engagement.zone.end_of(day));
        if let Some(leave) = engagement.leaves.iter().find(goes_on).or(engagement.leaves.last()) {
            known.insert("leaveFrom".into(), leave.from.to_string().into());
            known.insert("leaveUntil".into(), json!(leave.until.map(|day| day.to_string())));
        }
    }
    if let Some(at) = facts.besides.last_sign_in {
        known.insert("lastSignIn".into(), at.to_string().into());
        known.insert("daysSinceSignIn".into(), (now.duration_since(at).as_hours() / 24).into());
    }
    let systems: Vec<String> = facts
        .accounts
        .iter()
        .filter(|account| account.state.may_be_usable())
        .map(|account| account.connection.to_string())
        .collect();
    known.insert("systems".into(), json!(systems));
    Json::Object(known)
}

/// The engagement that counts: one that runs, else the next, else the last.
fn that_counts(engagements: &[Engagement], now: Timestamp) -> Option<&Engagement> {
    let rank = |engagement: &Engagement| match engagement.state_at(now) {
        EngagementState::Active => 0,
        EngagementState::OnLeave => 1,
        EngagementState::Planned => 2,
        EngagementState::Ended => 3,
        EngagementState::Rescinded => 4,
    };
    engagements.iter().min_by_key(|known| (rank(known), !known.primary, std::cmp::Reverse(known.last_day), known.id))
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Planned => "planned",
        Standing::Active => "active",
        Standing::OnLeave => "on-leave",
        Standing::Left => "left",
        Standing::None => "none",
    }
}

/// What a source says, as plain values.
pub(crate) fn plain_of(attributes: &Attributes) -> Json {
    attributes.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) => (*number).into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Cleared => Json::Null,
        Value::Text(_) | Value::Date(_) | Value::Instant(_) => value.to_string().into(),
    }
}

/// A run that knows this of somebody and nothing else, for what is asked before there is a run.
pub(crate) fn as_state(facts: &PersonFacts, now: Timestamp) -> RunState {
    let mut state = RunState::default();
    state.nodes.insert(LOOK.to_owned(), Node::Done { outcome: "done".to_owned(), output: of(facts, now) });
    state
}

/// What expressions can see of such a run.
pub(crate) fn scope(state: &RunState, now: Timestamp) -> Scope<'_> {
    Scope::of(state, now).with_facts(Some(LOOK))
}

const LOOK: &str = "look";
