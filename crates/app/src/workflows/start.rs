//! Which workflows something starts, and in whose lane.
//!
//! What changes somebody's access waits in the person's lane, where the newest word takes the
//! place of older ones; everything else has a lane of its own for each person and workflow, so
//! that a welcome that waits for a week holds up nobody.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_flow::language::{Lane, Trigger};
use tenure_model::{PersonId, RunEvent};
use tenure_policy::PersonFacts;
use tenure_store::{StoreError, Tx, runs};

use super::facts;
use crate::cx::{House, send};
use crate::estate::Workflow;

/// Something that happened to somebody, as far as workflows ask about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Happened {
    /// The kind of event.
    pub event: String,
    /// Which connection told it.
    pub source: Option<String>,
    /// The attributes that changed.
    pub changed: BTreeSet<String>,
    /// Whether access must end now.
    pub urgent: bool,
    /// What goes into the input of every run besides the person.
    pub input: serde_json::Map<String, Json>,
}

/// The workflows that this starts, each with what its run begins with. The newest word about
/// somebody takes the place of older ones; a second workflow of the same word waits for the first.
pub(crate) fn of(house: &House, person: PersonId, known: Option<&PersonFacts>, happened: &Happened) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    let estate = house.estate();
    for workflow in estate.workflows.values().filter(|workflow| starts_on(house, workflow, known, happened)) {
        let lane = lane(workflow, person);
        let second = starts.iter().any(|start| start.lane == lane);
        let mut input = happened.input.clone();
        input.insert("person".to_owned(), json!(person));
        input.insert("because".to_owned(), json!(happened.event));
        if !happened.changed.is_empty() {
            input.insert("changed".to_owned(), json!(happened.changed));
        }
        starts.push(Start {
            lane,
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: if happened.urgent { Urgency::Urgent } else { Urgency::Normal },
            busy: if second { Busy::Queue } else { Busy::Supersede },
            input: Json::Object(with_defaults(workflow, input)),
        });
    }
    starts
}

/// The lane of a workflow for somebody.
pub(crate) fn lane(workflow: &Workflow, person: PersonId) -> String {
    match workflow.lane {
        Lane::Person => person.to_string(),
        Lane::Own => format!("{person}/{}", workflow.name),
    }
}

/// What was not given and has a default.
pub(crate) fn with_defaults(
    workflow: &Workflow,
    mut input: serde_json::Map<String, Json>,
) -> serde_json::Map<String, Json> {
    for (name, known) in &workflow.inputs {
        if let (Some(default), false) = (&known.default, input.contains_key(name)) {
            input.insert(name.clone(), default.clone());
        }
    }
    input
}

fn starts_on(house: &House, workflow: &Workflow, known: Option<&PersonFacts>, happened: &Happened) -> bool {
    workflow.triggers.iter().any(|trigger| match trigger {
        Trigger::Event { event, source, changed, when } => {
            *event == happened.event
                && source.as_ref().is_none_or(|wanted| happened.source.as_ref() == Some(wanted))
                && (changed.is_empty() || changed.iter().any(|name| happened.changed.contains(name)))
                && when.as_ref().is_none_or(|when| holds(house, when, known))
        }
        Trigger::Date { .. } | Trigger::Schedule { .. } | Trigger::Demand => false,
    })
}

/// Whether this holds of somebody now. What makes no sense holds for nobody, and is told in the log.
pub(crate) fn holds(house: &House, when: &tenure_flow::Formula, known: Option<&PersonFacts>) -> bool {
    let Some(known) = known else { return false };
    let now = house.clock.now();
    let state = facts::as_state(known, now);
    facts::scope(&state, now).holds(when).unwrap_or_else(|reason| {
        tracing::warn!(person = %known.person.id, reason, "a trigger makes no sense for somebody, and starts nothing");
        false
    })
}

/// Whether somebody's attributes or standing decide what this starts.
pub(crate) fn asks_about_people(house: &House, event: &str) -> bool {
    house.estate().workflows.values().flat_map(|workflow| &workflow.triggers).any(|trigger| match trigger {
        Trigger::Event { event: wanted, when, changed, .. } => {
            wanted == event && (when.is_some() || !changed.is_empty())
        }
        Trigger::Date { .. } => true,
        Trigger::Schedule { .. } | Trigger::Demand => false,
    })
}

/// The workflows whose open runs this event ends.
pub(crate) fn ended_by(house: &House, event: &str) -> Vec<Workflow> {
    house.estate().workflows.values().filter(|workflow| workflow.cancel_on.contains(event)).cloned().collect()
}

/// Their lanes for somebody, each with the name of its workflow.
pub(crate) fn lanes(workflows: &[Workflow], person: PersonId) -> Vec<(String, String)> {
    workflows.iter().map(|workflow| (lane(workflow, person), workflow.name.to_string())).collect()
}

/// Tells the open runs of a workflow in a lane to stop, because of this event.
pub(crate) async fn stop_in(
    tx: &mut Tx,
    (lane, name): (&str, &str),
    event: &str,
    because: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let filter = runs::RunFilter { lane: Some(lane.to_owned()), ..runs::RunFilter::default() };
    for row in runs::list(tx, &filter, None, OPEN_RUNS_MAX).await? {
        if row.status.is_closed() || row.name != name {
            continue;
        }
        let word = RunEvent::Cancel { by: "tenure".to_owned(), reason: format!("{event} came"), undo: false };
        send(tx, message::event(row.id, &row.lane, word, "cancel", because, now)).await?;
    }
    Ok(())
}

/// Runs of one lane that are looked at when an event ends them.
const OPEN_RUNS_MAX: usize = 20;
