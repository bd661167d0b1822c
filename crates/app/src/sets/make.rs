//! Asking for a set: it is written down, and a durable run looks who is in it. Starts nothing.

use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::{Map, Value as Json};
use tenure_flow::Formula;
use tenure_flow::language::Trigger;
use tenure_ledger::{DetailKey, Word};
use tenure_model::{Name, SetId, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::sets::{self, SetPerson, SetPersonState, SetRow, SetState};

use super::{letter, looking};
use crate::cx::{Cx, send};
use crate::error::AppError;
use crate::limits::{SET_GOOD_HOURS, SET_NAMES_MAX};
use crate::record;
use crate::runs::start::given;

/// Who is in a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Everybody of whom this holds.
    Where(String),
    /// These, by our id or by a key.
    Named(Vec<String>),
}

/// Asks for whom of these a workflow could be started, with what each run is given.
pub async fn make(cx: &Cx, workflow: Name, who: Who, input: Map<String, Json>) -> Result<SetRow, AppError> {
    cx.allow(Action::StartRun, &Thing::Run(None))?;
    let house = Arc::clone(&cx.house);
    let estate = house.estate();
    let known = estate.workflows.get(&workflow).ok_or_else(|| AppError::no("workflow", &workflow))?;
    if !known.triggers.iter().any(|trigger| matches!(trigger, Trigger::Demand { .. })) {
        return Err(AppError::Conflict(format!(
            "`{workflow}` is not started on demand; add `{{ demand: true }}` to its triggers if it may be"
        )));
    }
    let input = given(known, Json::Object(input))?;
    let (condition, people) = match who {
        Who::Where(text) => (Some(formula(&text)?.text().to_owned()), Vec::new()),
        Who::Named(names) => (None, people(names)?),
    };
    let now = house.clock.now();
    let id: SetId = new_id(house.ids.as_ref());
    let set = SetRow {
        id,
        state: SetState::Looking,
        workflow: workflow.to_string(),
        definition: known.definition.hash.clone(),
        input: input.to_string(),
        condition,
        made_by: cx.actor.name.clone(),
        made_at: now,
        good_until: now.checked_add(SET_GOOD_HOURS.hours()).unwrap_or(now),
        progress: None,
        looked_at: 0,
        unclear: 0,
        started_by: None,
        started_at: None,
        reason: None,
        note: None,
        version: 1,
    };
    let mut entry = record::entry(house.clock.as_ref(), &cx.actor, "set.made").about(id);
    entry = entry.with(DetailKey::Workflow, Word::or_hash(workflow.as_str()));
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            sets::insert(tx, &set).await?;
            sets::put(tx, id, &people).await?;
            tenure_store::journal::define(tx, vec![looking()]).await?;
            send(tx, letter(&house, id, looking(), 0)).await?;
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(set)
        })
    });
    let set = job.await?;
    cx.house.nudge();
    Ok(set)
}

/// The expression that says who is in a set. It speaks of the person and of the input, as there is
/// no run yet.
pub(crate) fn formula(text: &str) -> Result<Formula, AppError> {
    let bad = |reason: String| AppError::Invalid { pointer: "/where", reason };
    let formula = Formula::parse(text).map_err(|error| bad(error.to_string()))?;
    match formula.reads().iter().find(|read| matches!(read.root.as_str(), "steps" | "item")) {
        Some(read) => Err(bad(format!("`{read}` is known only within a run; speak of `person` and `input`"))),
        None => Ok(formula),
    }
}

fn people(names: Vec<String>) -> Result<Vec<SetPerson>, AppError> {
    if names.is_empty() || names.len() > SET_NAMES_MAX {
        let reason = format!(
            "{} people are named, and a set names 1 to {SET_NAMES_MAX}; name fewer, or describe them by `where`",
            names.len()
        );
        return Err(AppError::Invalid { pointer: "/people", reason });
    }
    let person =
        |(place, named)| SetPerson { place, named, person: None, state: SetPersonState::Named, why: None, run: None };
    Ok((1..).zip(names).map(person).collect())
}
