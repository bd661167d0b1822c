//! Which workflows something starts, and in whose lane.
//!
//! What changes somebody's access waits in the person's lane, where the newest word takes the
//! place of older ones; everything else has a lane of its own for each person and workflow, so
//! that a welcome that waits for a week holds up nobody. How they begin is in [`super::begin`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_flow::language::{Lane, Trigger};
use tenure_model::{PersonId, RunEvent};
use tenure_policy::PersonFacts;
use tenure_store::{StoreError, Tx, runs, starts};

use super::facts;
use crate::cx::{House, send};
use crate::estate::{Estate, Workflow};

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
    /// What becomes of runs that older words began in the same lane.
    pub older: Older,
    /// What goes into the input of every run besides the person.
    pub input: serde_json::Map<String, Json>,
}

impl Happened {
    /// What was said with it.
    pub fn body(&self) -> &Json {
        self.input.get("body").unwrap_or(&Json::Null)
    }
}

/// What becomes of runs that older words about somebody began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Older {
    /// They stop: this is news of the person, and the newest word counts.
    #[default]
    Stop,
    /// They come to their end first: this says nothing that makes them void.
    GoOn,
}

/// The workflows that this starts, each with what its run begins with. The newest word about
/// somebody takes the place of older ones; a second workflow of the same word waits for the first.
pub(crate) fn of(
    estate: &Estate,
    person: PersonId,
    known: Option<&PersonFacts>,
    happened: &Happened,
    now: Timestamp,
) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    for workflow in meant(estate, known, happened, now) {
        let lane = lane(workflow, person);
        let second = starts.iter().any(|start| start.lane == lane);
        let mut input = happened.input.clone();
        input.insert("person".to_owned(), json!(person));
        input.entry("because").or_insert_with(|| json!(happened.event));
        if !happened.changed.is_empty() {
            input.insert("changed".to_owned(), json!(happened.changed));
        }
        starts.push(Start {
            lane,
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: if happened.urgent { Urgency::Urgent } else { Urgency::Normal },
            busy: if second || happened.older == Older::GoOn { Busy::Queue } else { Busy::Supersede },
            input: Json::Object(with_defaults(workflow, input)),
        });
    }
    starts
}

/// The workflows that this starts.
pub(crate) fn meant<'a>(
    estate: &'a Estate,
    known: Option<&'a PersonFacts>,
    happened: &'a Happened,
    now: Timestamp,
) -> impl Iterator<Item = &'a Workflow> {
    estate.workflows.values().filter(move |workflow| starts_on(workflow, known, happened, now))
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

fn starts_on(workflow: &Workflow, known: Option<&PersonFacts>, happened: &Happened, now: Timestamp) -> bool {
    workflow.triggers.iter().any(|trigger| match trigger {
        Trigger::Event { event, source, changed, when } => {
            *event == happened.event
                && !is_own_word(workflow, happened)
                && source.as_ref().is_none_or(|wanted| happened.source.as_ref() == Some(wanted))
                && (changed.is_empty() || changed.iter().any(|name| happened.changed.contains(name)))
                && when.as_ref().is_none_or(|when| holds(when, known, &happened.input, now))
        }
        Trigger::Date { .. } | Trigger::Schedule { .. } | Trigger::Demand { .. } => false,
    })
}

/// Whether it is the answer to what this workflow itself asked for, or what it saw itself: it would
/// begin by its own word for ever.
pub(crate) fn is_own_word(workflow: &Workflow, happened: &Happened) -> bool {
    let name = Some(workflow.name.as_str());
    let seen_by = happened.input.get("body").and_then(|body| body.get("workflow")).and_then(Json::as_str);
    (happened.event.starts_with(REQUEST) && happened.source.as_deref() == name)
        || (happened.event == SESSION_OPENED && seen_by == name)
}

/// That somebody opened a session while they were watched.
pub(crate) const SESSION_OPENED: &str = "session.opened";

/// What stands before how a request was decided.
const REQUEST: &str = "request.";

/// Whether this holds of somebody now, and of what happened. What makes no sense holds for nobody,
/// and is told in the log.
pub(crate) fn holds(
    when: &tenure_flow::Formula,
    known: Option<&PersonFacts>,
    input: &serde_json::Map<String, Json>,
    now: Timestamp,
) -> bool {
    let Some(known) = known else { return false };
    tells(when, known, input, now).unwrap_or_else(|reason| {
        tracing::warn!(person = %known.person.id, reason, "a trigger makes no sense for somebody, and starts nothing");
        false
    })
}

/// The same, where somebody is there who is told why it makes no sense.
pub(crate) fn tells(
    when: &tenure_flow::Formula,
    known: &PersonFacts,
    input: &serde_json::Map<String, Json>,
    now: Timestamp,
) -> Result<bool, String> {
    let mut state = facts::as_state(known, now);
    state.input = Json::Object(input.clone());
    facts::scope(&state, now).holds(when)
}

/// Whether a workflow waits for this event.
pub(crate) fn is_awaited(estate: &Estate, event: &str) -> bool {
    triggers(estate).any(|trigger| matches!(trigger, Trigger::Event { event: wanted, .. } if wanted == event))
}

/// Whether what is known of somebody decides what this event starts for them.
pub(crate) fn asks_about_people(estate: &Estate, event: &str) -> bool {
    triggers(estate)
        .any(|trigger| matches!(trigger, Trigger::Event { event: wanted, when: Some(_), .. } if wanted == event))
}

/// Whether a date of somebody starts anything.
pub(crate) fn asks_about_dates(estate: &Estate) -> bool {
    triggers(estate).any(|trigger| matches!(trigger, Trigger::Date { .. }))
}

fn triggers(estate: &Estate) -> impl Iterator<Item = &Trigger> {
    estate.workflows.values().flat_map(|workflow| &workflow.triggers)
}

/// The workflows whose open runs this event ends.
pub(crate) fn ended_by(house: &House, event: &str) -> Vec<Workflow> {
    house.estate().workflows.values().filter(|workflow| workflow.cancel_on.contains(event)).cloned().collect()
}

/// Their lanes for somebody, each with the name of its workflow.
pub(crate) fn lanes(workflows: &[Workflow], person: PersonId) -> Vec<(String, String)> {
    workflows.iter().map(|workflow| (lane(workflow, person), workflow.name.to_string())).collect()
}

/// Tells the open runs of a workflow in a lane to stop, because of this event; those that wait to
/// begin do not.
pub(crate) async fn stop_in(
    tx: &mut Tx,
    (lane, name): (&str, &str),
    event: &str,
    because: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    starts::stop(tx, lane, name).await?;
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
