//! Writing down what was seen of a ticket, and what follows from it for its task.
//!
//! Whoever was faster wins: what was let go meanwhile is not written over, and the next look
//! begins from there.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_connect::tickets::{Progress, SeenTicket};
use tenure_ledger::{DetailKey, Hash};
use tenure_model::{Actor, HumanTask, Name, NoticeKind, TaskEnd, TaskTicket, new_id};
use tenure_store::tasks::{self, TaskEntry};
use tenure_store::tickets;

use super::follow::{Came, Stuck};
use crate::cx::House;
use crate::error::AppError;
use crate::notices::write;
use crate::tasks::close::conclude;
use crate::tasks::{data, entry};
use crate::{limits, record};

/// By this name it is told what becomes of tickets.
const WHO: &str = "tickets";

/// The ticket was seen, and nothing follows from it yet.
pub(super) async fn seen(
    house: &Arc<House>,
    ticket: &TaskTicket,
    seen: SeenTicket,
    next: Timestamp,
) -> Result<(), AppError> {
    let is_new = ticket.native_id.is_none();
    let ticket = ticket.clone().seen(seen.id, seen.link, seen.state, next);
    let (own, id) = (Arc::clone(house), ticket.task);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            if tickets::update(tx, &ticket).await?
                && is_new
                && let Some(task) = tasks::get(tx, id).await?
            {
                let told = entry(&own, &Actor::system(WHO), "task.ticket-opened", &task);
                let place = ticket.link.as_deref().unwrap_or(&ticket.key);
                let told = told.with(DetailKey::Payload, Hash::of(place.as_bytes()));
                record::write(tx, own.ids.as_ref(), &told).await?;
            }
            Ok::<_, AppError>(())
        })
    });
    job.await
}

/// Nothing is to be done about the ticket any more.
pub(super) async fn over(house: &Arc<House>, ticket: &TaskTicket) -> Result<(), AppError> {
    let ticket = ticket.clone().over();
    let job = house
        .store
        .write(move |tx| Box::pin(async move { tickets::update(tx, &ticket).await.map(drop).map_err(AppError::from) }));
    job.await
}

/// The ticket came to its end there, so its task comes to its end here; or not, and this is why.
pub(super) async fn end(
    house: &Arc<House>,
    ticket: &TaskTicket,
    task: &HumanTask,
    seen: &SeenTicket,
) -> Result<Came, AppError> {
    let closed = match end_of(house, ticket, task, seen).map(|end| task.clone().closed(end)) {
        Err(why) => return Ok(Err(Stuck::lasting(why))),
        Ok(Err(taken)) => {
            let why = format!("the ticket `{}` ended as `{}`, and {taken}; end the task here", seen.id, seen.state);
            return Ok(Err(Stuck::lasting(why)));
        }
        Ok(Ok(closed)) => closed,
    };
    let ticket = ticket.clone().ended(seen.id.clone(), seen.link.clone(), seen.state.clone());
    let own = Arc::clone(house);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let found = tasks::get(tx, closed.id).await?;
            let is_same = found.is_some_and(|found| found.version + 1 == closed.version);
            if !is_same || !tickets::update(tx, &ticket).await? {
                return Ok::<_, AppError>(false);
            }
            conclude(&own, tx, &Actor::system(WHO), &closed, None).await?;
            Ok(true)
        })
    });
    if !job.await? {
        return Ok(Err(Stuck::passing("the task changed while its ticket was looked at".to_owned())));
    }
    house.nudge();
    Ok(Ok(()))
}

/// How the task ends by the word of the ticket system.
fn end_of(house: &House, ticket: &TaskTicket, task: &HumanTask, seen: &SeenTicket) -> Result<TaskEnd, String> {
    let by = seen.by.clone().unwrap_or_else(|| ticket.connection.to_string());
    if task.barred.contains(&by) {
        return Err(format!("`{}` says that `{by}` did it, who may not; end the task here", ticket.connection));
    }
    let hoped = seen.progress == Progress::Done;
    let outcome = if hoped { task.outcomes.first() } else { no_of(&task.outcomes) };
    let Some(outcome) = outcome else {
        let known = task.outcomes.iter().map(Name::as_str).collect::<Vec<_>>().join("`, `");
        return Err(format!(
            "the ticket `{}` ended as `{}`, and which of `{known}` that is cannot be told; end the task here",
            seen.id, seen.state
        ));
    };
    let words = seen.words.as_deref().map(|words| words.chars().take(limits::REASON_CHARS_MAX).collect());
    // An end that was not hoped for is never without a reason.
    let comment = words.or_else(|| (!hoped).then(|| format!("`{}` in `{}`", seen.state, ticket.connection)));
    let via = Some(ticket.connection.clone());
    let (outcome, at, chosen) = (Some(outcome.clone()), house.clock.now(), Vec::new());
    Ok(TaskEnd { outcome, by, via, instead_of: None, at, comment, chosen })
}

/// The outcome that says no, where that is plain.
fn no_of(outcomes: &[Name]) -> Option<&Name> {
    let refused = outcomes.iter().skip(1).find(|outcome| outcome.as_str() == "refused");
    match outcomes {
        [_, other] => refused.or(Some(other)),
        _ => refused,
    }
}

/// Something is in the way. Where it needs somebody, they are told, once.
pub(super) async fn stuck(
    house: &Arc<House>,
    task: &HumanTask,
    ticket: &TaskTicket,
    why: String,
    next: Timestamp,
    tells: bool,
) -> Result<(), AppError> {
    let is_news = ticket.note.as_ref() != Some(&why);
    let stuck = ticket.clone().stuck(why.clone(), next);
    let (actor, at, ids) = (Actor::system(WHO), house.clock.now(), house.ids.clone());
    let data = data(task, [("connection".to_owned(), ticket.connection.to_string())]);
    let notices = write::of(house, NoticeKind::TaskTicket, data, None);
    let told = entry(house, &actor, NoticeKind::TaskTicket.word(), task);
    let told = told.with(DetailKey::Payload, Hash::of(why.as_bytes()));
    let body = why.chars().take(limits::TASK_ENTRY_CHARS_MAX).collect();
    let said =
        TaskEntry { id: new_id(ids.as_ref()), task: task.id, at, by: actor.name, body, hash: None, media_type: None };
    let tells = tells && is_news;
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            if !tickets::update(tx, &stuck).await? || !tells {
                return Ok(());
            }
            if tasks::count_entries(tx, said.task).await? < limits::TASK_ENTRIES_MAX {
                tasks::add(tx, &said, None).await?;
            }
            for notice in &notices {
                tenure_store::notices::insert(tx, notice).await?;
            }
            record::write(tx, ids.as_ref(), &told).await?;
            Ok::<_, AppError>(())
        })
    });
    job.await
}
