//! Workflows that a date of a person starts: some days before, on, or after it.
//!
//! The moment follows from facts, as every timer does: whoever changes a fact asks again, which
//! sets a timer for each moment that is not set yet. A moment that is past already starts its
//! workflow at once, unless it is longer past than the trigger allows. When a timer is due, the
//! facts are asked once more: if they have come to another moment since, it starts nothing.

use jiff::Timestamp;
use tenure_engine::journal::Letter;
use tenure_flow::language::Trigger;
use tenure_model::{Name, PersonId};
use tenure_policy::PersonFacts;

use super::facts;
use super::start::holds;
use crate::cx::House;
use crate::estate::{Estate, Workflow};
use crate::runs::alone;

/// What stands before the name of a workflow in the event of a timer.
pub(crate) const EVENT: &str = "workflow/";

/// The workflows that a date starts by these facts, and when.
pub(crate) fn moments(estate: &Estate, known: &PersonFacts, now: Timestamp) -> Vec<(Name, Timestamp)> {
    let moment = |workflow: &Workflow| Some((workflow.name.clone(), moment(workflow, known, now)?));
    estate.workflows.values().filter_map(moment).collect()
}

/// The timer of a workflow that a date starts for somebody.
pub(crate) fn timer(person: PersonId, (workflow, at): &(Name, Timestamp), now: Timestamp) -> Letter {
    alone::timer_at(person, *at, &format!("{EVENT}{workflow}"), now)
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
