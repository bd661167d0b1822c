//! Ending a task: it was done, or refused, or whatever else it can come to. What follows from it is
//! the same whoever says so ([`conclude`]).

use std::sync::Arc;

use serde_json::json;
use tenure_ledger::{DetailKey, Hash, Reference, Word};
use tenure_model::{Actor, Deputy, HumanTask, Name, RunEvent, Signal, TaskEnd, TaskId, TaskKind};
use tenure_policy::authz::Action;
use tenure_store::{Tx, tasks};

use super::stand_in::taken_over;
use super::{Found, entry, find, stuck};
use crate::cx::{Cx, House, send_to};
use crate::error::AppError;
use crate::tickets::want::let_go;
use crate::{limits, record};

/// What somebody answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// One of the outcomes of the task; with none, as was hoped for. Any other needs a reason.
    pub outcome: Option<Name>,
    /// Why, and what is to be known of it.
    pub comment: Option<String>,
    /// Which of the things that were asked about, by name, where it is another outcome than was hoped for.
    pub chosen: Vec<String>,
}

/// Ends a task with one of its outcomes; with none, as was hoped for. Any other needs a reason.
pub async fn close(
    cx: &Cx,
    task: TaskId,
    outcome: Option<Name>,
    comment: Option<String>,
) -> Result<HumanTask, AppError> {
    answer(cx, task, Answer { outcome, comment, chosen: Vec::new() }).await
}

/// Ends a task as somebody answers. The run that waits for it is told in the same transaction.
pub async fn answer(cx: &Cx, task: TaskId, answer: Answer) -> Result<HumanTask, AppError> {
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let Found { task: found, deputy } = find(&own, tx, task, Action::WorkTask).await?;
            let Answer { outcome, comment, chosen } = answer;
            let outcome = choose(&found, outcome, comment.as_deref())?;
            let chosen = which(&found, &outcome, chosen)?;
            let free = taken_over(&own, tx, found, deputy.as_ref()).await?;
            let (by, at) = (own.actor.name.clone(), house.clock.now());
            let instead_of = deputy.as_ref().map(|deputy| deputy.whom.clone());
            let closed =
                free.closed(TaskEnd { outcome: Some(outcome), by, via: None, instead_of, at, comment, chosen })?;
            conclude(&house, tx, &own.actor, &closed, deputy.as_ref()).await?;
            Ok::<_, AppError>(closed)
        })
    });
    let closed = job.await?;
    cx.house.nudge();
    Ok(closed)
}

/// Writes a task that came to its end, with all that follows: the run that waits for it is told, its
/// tickets are let go, and the ledger says so.
pub(crate) async fn conclude(
    house: &House,
    tx: &mut Tx,
    actor: &Actor,
    closed: &HumanTask,
    deputy: Option<&Deputy>,
) -> Result<(), AppError> {
    tasks::update(tx, closed).await?;
    if closed.kind == TaskKind::Stuck {
        stuck::answer(house, tx, actor, closed).await?;
    } else {
        signal(house, tx, closed).await?;
    }
    let_go(house, tx, closed).await?;
    let mut entry = entry(house, actor, "task.closed", closed);
    entry.effect = Some(Word::or_hash(closed.kind.word()));
    if let Some(end) = closed.state.end() {
        entry.decision = end.outcome.as_ref().map(|outcome| Word::or_hash(outcome.as_str()));
        if let Some(said) = &end.comment {
            entry = entry.with(DetailKey::Payload, Hash::of(said.as_bytes()));
        }
        if !end.chosen.is_empty() {
            entry = entry.with(DetailKey::Count, i64::try_from(end.chosen.len()).unwrap_or(i64::MAX));
        }
        if end.via.is_some() {
            entry = entry.with(DetailKey::EvidenceKind, Word::or_hash("said-by-ticket-system"));
        }
    }
    if let Some(deputy) = deputy {
        entry = entry.with(DetailKey::Deputy, Reference::from(deputy.id));
    }
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(())
}

/// The outcome that is meant, if the task has it and the reason that it needs was given.
fn choose(task: &HumanTask, outcome: Option<Name>, comment: Option<&str>) -> Result<Name, AppError> {
    let hoped = task.outcomes.first();
    let outcome = outcome.or_else(|| hoped.cloned());
    let Some(outcome) = outcome.filter(|outcome| task.outcomes.contains(outcome)) else {
        let known = task.outcomes.iter().map(Name::as_str).collect::<Vec<_>>().join("`, `");
        return Err(AppError::Invalid { pointer: "/outcome", reason: format!("this task can end as `{known}`") });
    };
    let said = comment.unwrap_or_default();
    let needs_reason = hoped != Some(&outcome);
    if (needs_reason && said.trim().is_empty()) || said.chars().count() > limits::REASON_CHARS_MAX {
        let reason = format!("to end it as `{outcome}`, say why, in 1 to {} characters", limits::REASON_CHARS_MAX);
        return Err(AppError::Invalid { pointer: "/comment", reason });
    }
    Ok(outcome)
}

/// The things that are meant, each once and in the order in which they were asked about. Where it ends
/// as was hoped for they are none.
fn which(task: &HumanTask, outcome: &Name, chosen: Vec<String>) -> Result<Vec<String>, AppError> {
    let invalid = |reason: String| Err(AppError::Invalid { pointer: "/chosen", reason });
    let known = || task.choices.iter().map(|choice| choice.name.as_str());
    if let Some(unknown) = chosen.iter().find(|name| !known().any(|known| known == name.as_str())) {
        let asked = known().collect::<Vec<_>>().join("`, `");
        let unknown: String = unknown.chars().take(limits::SHOWN_VALUE_CHARS_MAX).collect();
        let asked = if asked.is_empty() { "nothing".to_owned() } else { format!("`{asked}`") };
        return invalid(format!("`{unknown}` is nothing that this task asks about; it asks about {asked}"));
    }
    let is_hoped = task.outcomes.first() == Some(outcome);
    match (is_hoped, chosen.is_empty()) {
        (true, false) => invalid(format!("to end it as `{outcome}`, choose nothing")),
        (false, true) if !task.choices.is_empty() => {
            invalid(format!("to end it as `{outcome}`, choose at least one of the things that it asks about"))
        }
        _ => Ok(known().filter(|name| chosen.iter().any(|one| one == name)).map(ToOwned::to_owned).collect()),
    }
}

/// Tells the run that waits for a task how it ended, if there is one and it is open.
async fn signal(house: &House, tx: &mut Tx, task: &HumanTask) -> Result<(), AppError> {
    let (Some(run), Some(end)) = (task.waits, task.state.end()) else { return Ok(()) };
    let mut body =
        json!({ "task": task.id, "outcome": end.outcome, "via": end.via, "comment": end.comment, "at": end.at });
    if let (false, Some(fields)) = (end.chosen.is_empty(), body.as_object_mut()) {
        fields.insert("chosen".to_owned(), json!(end.chosen));
    }
    if let (Some(whom), Some(fields)) = (&end.instead_of, body.as_object_mut()) {
        fields.insert("insteadOf".to_owned(), whom.as_str().into());
    }
    let name = task.id.to_string();
    let signal = RunEvent::Signalled(Signal { name: name.clone(), by: end.by.clone(), body });
    send_to(house, tx, run, signal, ("task", &name)).await?;
    Ok(())
}
