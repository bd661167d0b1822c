//! Workflows that a schedule starts, once for each period and person.
//!
//! A period begins in the transaction that starts a run for it, so one period begins once, however
//! many nodes look and whoever dies. The run goes through everybody, a page at a time, and starts
//! the workflow for those of whom the condition holds; the runs are named after the period and the
//! person, so that a page that is gone through twice starts nothing twice. Of the periods that
//! passed while nobody looked only the last one begins, and a schedule that is new begins with its
//! next period.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tenure_engine::journal::{Definition, Letter, Urgency};
use tenure_engine::message::{Busy, Start};
use tenure_flow::Formula;
use tenure_flow::language::Trigger;
use tenure_model::PersonId;
use tenure_policy::PersonFacts;
use tenure_store::schedules::{self, Begun};
use tenure_store::{StoreError, Tx, journal, merges, runs};

use super::begin::{self, Beginning, Cause, Names};
use super::start::{holds, lane, with_defaults};
use crate::cx::{House, send};
use crate::estate::{Workflow, definition};
use crate::limits::{PLAN_STEP_TIME, SCHEDULE_PAGE};
use crate::people::facts;
use crate::runs::alone;

/// One period of a schedule, and how far everybody was gone through in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Round {
    /// Of which workflow.
    workflow: String,
    /// The schedule, as it is written.
    schedule: String,
    /// When the period began.
    at: Timestamp,
    /// Whom this part begins after.
    after: Option<PersonId>,
}

/// Looks whether a period has begun, and begins it. Says how many.
pub async fn look(house: &Arc<House>) -> Result<usize, StoreError> {
    let (estate, now) = (house.estate(), house.clock.now());
    let mut wanted: Vec<Begun> = Vec::new();
    for workflow in estate.workflows.values() {
        for trigger in &workflow.triggers {
            let Trigger::Schedule { schedule, .. } = trigger else { continue };
            let (name, text) = (workflow.name.to_string(), schedule.to_string());
            wanted.push(Begun { workflow: name, schedule: text, at: schedule.begun(now) });
        }
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    let known = house.store.read(|tx| Box::pin(async move { schedules::all(tx).await })).await?;
    let same = |one: &Begun, other: &Begun| (&one.workflow, &one.schedule) == (&other.workflow, &other.schedule);
    wanted.retain(|begun| known.iter().find(|known| same(known, begun)).is_none_or(|known| known.at < begun.at));
    if wanted.is_empty() {
        return Ok(0);
    }
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let mut count = 0;
            for begun in wanted {
                if !known.iter().any(|known| same(known, &begun)) {
                    schedules::remember(tx, &begun).await?;
                } else if schedules::begin(tx, &begun).await? {
                    let Begun { workflow, schedule, at } = begun;
                    journal::define(tx, vec![graph()]).await?;
                    send(tx, letter(&Round { workflow, schedule, at, after: None }, now)).await?;
                    count += 1;
                }
            }
            Ok::<_, StoreError>(count)
        })
    });
    let count = job.await?;
    house.nudge();
    Ok(count)
}

/// The graph that goes through everybody.
fn graph() -> Definition {
    let graph = json!({ "name": "schedule", "steps": [
        { "id": "round", "use": "lifecycle/round", "with": { "$": "/input" }, "onError": { "retry": 20 } }
    ]});
    definition("schedule", &graph).unwrap_or_else(|_| Definition {
        hash: String::new(),
        name: "schedule".to_owned(),
        body: graph.to_string(),
    })
}

fn letter(round: &Round, now: Timestamp) -> Letter {
    let from = round.after.map(|person| person.to_string()).unwrap_or_default();
    let run = alone::named(&format!("schedule/{}/{}/{}/{from}", round.workflow, round.schedule, round.at));
    alone::letter(run, graph(), json!(round), "schedule", now)
}

/// Goes through everybody for as long as a step may, and leaves the rest to the next run. Says for
/// how many it began, and whether everybody was looked at.
pub(crate) async fn go_through(house: &Arc<House>, round: Round) -> Result<(usize, bool), StoreError> {
    let (estate, began) = (house.estate(), house.clock.now());
    let found = estate.workflows.values().find(|workflow| workflow.name.as_str() == round.workflow);
    // Whoever took it away meanwhile does not want it any more.
    let Some(workflow) = found else { return Ok((0, true)) };
    let conditions = conditions(workflow, &round.schedule);
    let (mut round, mut count) = (round, 0);
    loop {
        let (after, own) = (round.after, Arc::clone(&estate));
        let job = house.store.read(move |tx| {
            Box::pin(async move {
                let mut page = facts::page(tx, &[], after, SCHEDULE_PAGE).await?;
                facts::add_sign_ins(tx, &own, &mut page).await?;
                Ok(page)
            })
        });
        let page: Vec<PersonFacts> = job.await?;
        let Some(last) = page.last().map(|facts| facts.person.id) else { return Ok((count, true)) };
        let input = input(&round);
        let is_meant = |facts: &&PersonFacts| conditions.iter().any(|when| holds(when, Some(facts), &input, began));
        let meant: Vec<PersonId> = page.iter().filter(is_meant).map(|facts| facts.person.id).collect();
        if !meant.is_empty() {
            let (own, workflow, at) = (Arc::clone(house), workflow.clone(), round.clone());
            let job =
                house.store.write(move |tx| Box::pin(async move { one_page(&own, tx, &workflow, &at, meant).await }));
            count += job.await?;
            house.nudge();
        }
        round.after = Some(last);
        if house.clock.now().duration_since(began).unsigned_abs() > PLAN_STEP_TIME {
            let letter = letter(&round, house.clock.now());
            house.store.write(move |tx| Box::pin(async move { send(tx, letter).await })).await?;
            house.nudge();
            return Ok((count, false));
        }
    }
}

/// For whom a schedule of this workflow starts it.
fn conditions<'w>(workflow: &'w Workflow, text: &str) -> Vec<&'w Formula> {
    let of = |trigger: &'w Trigger| match trigger {
        Trigger::Schedule { schedule, when } => (schedule.to_string() == text).then_some(when),
        Trigger::Event { .. } | Trigger::Date { .. } | Trigger::Demand { .. } => None,
    };
    workflow.triggers.iter().filter_map(of).collect()
}

fn input(round: &Round) -> Map<String, Json> {
    [("because".to_owned(), json!("schedule")), ("at".to_owned(), json!(round.at))].into_iter().collect()
}

/// Begins for these people, unless the run of an earlier period is not over for them.
async fn one_page(
    house: &House,
    tx: &mut Tx,
    workflow: &Workflow,
    round: &Round,
    people: Vec<PersonId>,
) -> Result<usize, StoreError> {
    let lanes: Vec<String> = people.iter().map(|person| lane(workflow, *person)).collect();
    let open: BTreeSet<String> = runs::open_in(tx, workflow.name.as_str(), &lanes).await?.into_iter().collect();
    let words = format!("schedule/{}/{}", round.schedule, round.at);
    let cause = Cause { source: "schedule", external: "period", names: Names::After(&words) };
    let mut beginnings: Vec<Beginning> = Vec::new();
    for (person, lane) in people.into_iter().zip(lanes).filter(|(_, lane)| !open.contains(lane)) {
        if merges::merged_into(tx, person).await?.is_some() {
            continue;
        }
        let mut input = input(round);
        input.insert("person".to_owned(), json!(person));
        let start = Start {
            lane,
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: Urgency::Bulk,
            // A time of day says nothing about somebody that would make older words void.
            busy: Busy::Queue,
            input: Json::Object(with_defaults(workflow, input)),
        };
        beginnings.push(begin::beginning(house, person, start, cause.names));
    }
    Ok(begin::send(house, tx, beginnings, cause).await?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_is_good() {
        assert!(!graph().hash.is_empty());
    }
}
