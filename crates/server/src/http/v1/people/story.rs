//! `GET /v1/people/{person}/story`: what was told of a person, and what it comes to.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use tenure_api::wire::value::AttributeMap;
use tenure_api::{EngagementView, FactView, SaidView, StoryView};
use tenure_app::people::story::story;
use tenure_model::{EventKind, Fact};

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Query, Refusal};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    at: Option<Timestamp>,
    known_at: Option<Timestamp>,
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
    Query(asked): Query<Asked>,
) -> Result<Answer<StoryView>, Refusal> {
    let told = story(&doors.cx(actor), person, asked.at, asked.known_at).await?;
    let said = told.said.into_iter().map(|(attribute, said)| SaidView {
        attribute,
        value: said.value.to_string(),
        since: said.since,
        source: said.source,
    });
    Ok(Answer(StoryView {
        person: told.person.id,
        at: told.at,
        known_at: told.known_at,
        stage: told.stage.word().to_owned(),
        engagements: told.engagements.iter().map(|known| EngagementView::of(known, told.at)).collect(),
        said: said.collect(),
        facts: told.facts.iter().map(fact).collect(),
    }))
}

fn fact(fact: &Fact) -> FactView {
    FactView {
        event: fact.event,
        as_of: fact.as_of,
        sequence: fact.sequence,
        learnt_at: fact.learnt_at,
        source: fact.source.clone(),
        engagement: fact.key.clone(),
        kind: fact.kind.word().to_owned(),
        says: says(&fact.kind),
        person: fact.kind.attributes().map(AttributeMap::show).unwrap_or_default(),
    }
}

/// What a fact says of the engagement, in words.
fn says(kind: &EventKind) -> String {
    match kind {
        EventKind::EmploymentStarted { kind, first_day, zone, .. } => {
            format!("{} from {first_day} in {zone}", kind.word())
        }
        EventKind::EmploymentStated { terms, .. } => {
            let mut said = Vec::new();
            said.extend(terms.kind.map(|kind| kind.word().to_owned()));
            said.extend(terms.first_day.map(|day| format!("from {day}")));
            said.extend(terms.last_day.map(|day| day.map_or("no end".to_owned(), |day| format!("until {day}"))));
            said.extend(terms.zone.as_ref().map(|zone| format!("in {zone}")));
            said.extend(terms.leave.as_ref().map(|leave| match leave {
                None => "not away".to_owned(),
                Some(leave) => away(leave.from, leave.until),
            }));
            said.join(", ")
        }
        EventKind::EmploymentEnded { last_day, urgent: true } => format!("ends at once; the last day is {last_day}"),
        EventKind::EmploymentEnded { last_day, urgent: false } => format!("the last day is {last_day}"),
        EventKind::EmploymentRescinded => "never came".to_owned(),
        EventKind::EmploymentConverted { kind, first_day, new_key, .. } => {
            let key = new_key.as_ref().map(|key| format!(" as {key}")).unwrap_or_default();
            format!("{} from {first_day}{key}", kind.word())
        }
        EventKind::LeaveStarted { from, until } => away(*from, *until),
        EventKind::LeaveEnded { last_day } => format!("the last day away is {last_day}"),
        EventKind::PersonChanged { .. } | EventKind::Custom { .. } => String::new(),
        EventKind::PersonTransferred { from, keep_until, .. } => match keep_until {
            Some(day) => format!("from {from}; what was is kept until {day}"),
            None => format!("from {from}"),
        },
    }
}

fn away(from: jiff::civil::Date, until: Option<jiff::civil::Date>) -> String {
    until.map_or_else(|| format!("away from {from}"), |until| format!("away from {from} until {until}"))
}
