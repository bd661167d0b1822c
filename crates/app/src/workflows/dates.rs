//! Workflows that a date of a person starts: some days before, on, or after it.
//!
//! The moment follows from facts, as every timer does: whoever changes a fact asks again, which
//! sets a timer for each moment that is not set yet. A moment that is past already starts its
//! workflow at once, unless it is longer past than the trigger allows. When a timer is due, the
//! facts are asked once more: if they have come to another moment since, it starts nothing.

use jiff::Timestamp;
use tenure_engine::journal::Letter;
use tenure_flow::language::Trigger;
use tenure_model::Name;
use tenure_policy::PersonFacts;

use super::facts;
use super::start::holds;
use crate::cx::House;
use crate::estate::Workflow;
use crate::runs::alone;

/// What stands before the name of a workflow in the event of a timer.
pub(crate) const EVENT: &str = "workflow/";

/// The timers that these facts come to.
pub(crate) fn timers(house: &House, known: &PersonFacts) -> Vec<Letter> {
    let now = house.clock.now();
    let mut letters = Vec::new();
    for workflow in house.estate().workflows.values() {
        let Some(at) = moment(workflow, known, now) else { continue };
        let event = format!("{EVENT}{}", workflow.name);
        letters.push(alone::timer_at(known.person.id, at, &event, now));
    }
    letters
}

/// The workflows that a date to come starts by these facts, and when.
pub(crate) fn ahead(house: &House, known: &PersonFacts) -> Vec<(Name, Timestamp)> {
    let now = house.clock.now();
    let estate = house.estate();
    let found =
        estate.workflows.values().filter_map(|workflow| Some((workflow.name.clone(), moment(workflow, known, now)?)));
    found.filter(|(_, at)| *at > now).collect()
}

/// When a date starts this workflow for somebody, if any does. Nothing that was too long ago.
fn moment(workflow: &Workflow, known: &PersonFacts, now: Timestamp) -> Option<Timestamp> {
    let state = facts::as_state(known, now);
    let scope = facts::scope(&state, now);
    workflow.triggers.iter().find_map(|trigger| {
        let Trigger::Date { moment, missed, .. } = trigger else { return None };
        // A date that is not known starts nothing.
        let at = moment.at(&scope, None).ok()?;
        let latest = missed.after(at, &scope.zone(), None).ok()?;
        (now <= latest).then_some(at)
    })
}

/// The workflow whose moment has come for somebody, if the facts still come to it.
pub(crate) fn due(house: &House, known: &PersonFacts, event: &str, at: Timestamp) -> Option<Workflow> {
    let name = event.strip_prefix(EVENT)?;
    let workflow = house.estate().workflows.values().find(|workflow| workflow.name.as_str() == name)?.clone();
    let now = house.clock.now();
    let input = [("because".to_owned(), "date".into())].into_iter().collect();
    let goes = workflow.triggers.iter().any(|trigger| match trigger {
        Trigger::Date { when, .. } => when.as_ref().is_none_or(|when| holds(when, Some(known), &input, now)),
        Trigger::Event { .. } | Trigger::Schedule { .. } | Trigger::Demand { .. } => false,
    });
    (goes && moment(&workflow, known, now) == Some(at)).then_some(workflow)
}
