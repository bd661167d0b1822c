//! Opening tickets, following them, and closing those that nobody needs any more.
//!
//! A ticket is looked for before it is opened, so an answer that was lost opens no second one.
//! Comments are said at least once. Whatever is in the way stays with the ticket, and what needs
//! somebody is told; nothing is ever taken for done because it cannot be seen.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tenure_connect::tickets::{NewTicket, Progress, SeenTicket, Tickets};
use tenure_connect::{AnyConnector, Refusal, RefusalClass, WriteFault};
use tenure_model::{Assignee, ConnectionName, HumanTask, TaskTicket, TicketState};
use tenure_store::{StoreError, tasks, tickets};

use super::settle;
use crate::cx::House;
use crate::error::AppError;
use crate::limits;

/// Why a ticket did not come further.
pub(super) struct Stuck {
    why: String,
    /// How long to wait at least.
    wait: Duration,
    /// Whether it may pass by itself.
    passes: bool,
}

/// The connections of which tickets are to be looked at.
pub async fn due_connections(house: &House) -> Result<Vec<ConnectionName>, StoreError> {
    let now = house.clock.now();
    house.store.read(move |tx| Box::pin(async move { tickets::due_connections(tx, now).await })).await
}

/// Sees to what is due in one connection. Says how many tickets were taken in hand; fewer than
/// [`limits::TICKET_BATCH`] means that nothing is left for now.
#[tracing::instrument(name = "app.tickets.follow", skip_all, fields(connection = %connection))]
pub async fn follow(house: &Arc<House>, connection: &ConnectionName) -> Result<usize, AppError> {
    let now = house.clock.now();
    let (own, until) = (connection.clone(), later(now, limits::TICKET_HOLD));
    let claim = house
        .store
        .write(move |tx| Box::pin(async move { tickets::claim(tx, &own, now, until, limits::TICKET_BATCH).await }));
    let due = claim.await?;
    let way = house.connector(connection);
    for ended in join_all(due.iter().map(|ticket| look_after(house, way.as_ref(), ticket))).await {
        ended?;
    }
    Ok(due.len())
}

async fn look_after(
    house: &Arc<House>,
    way: Option<&Arc<dyn AnyConnector>>,
    ticket: &TaskTicket,
) -> Result<(), AppError> {
    let id = ticket.task;
    let task = house.store.read(move |tx| Box::pin(async move { tasks::get(tx, id).await })).await?;
    let task = task.ok_or_else(|| AppError::no("task", id))?;
    let came = match way.and_then(|way| way.tickets()) {
        Some(there) => take_further(house, there, ticket, &task).await?,
        None => Err(Stuck::lasting(format!(
            "the estate has no connection `{}` that keeps tickets; add it, or end the task here",
            ticket.connection
        ))),
    };
    let Err(stuck) = came else { return Ok(()) };
    let delay = way.map(|way| way.describe().consistency_delay).unwrap_or_default();
    // What somebody must see to first is no more pressing than a ticket that is open.
    let least = if stuck.passes { delay } else { limits::TICKET_LOOK_MIN };
    let next = later(house.clock.now(), pause(ticket.tries, stuck.wait.saturating_add(least)));
    let tells = !stuck.passes || ticket.tries == limits::TICKET_TRIES_TOLD;
    tracing::warn!(task = %task.id, connection = %ticket.connection, tries = ticket.tries, why = stuck.why, "a ticket did not come further");
    settle::stuck(house, &task, ticket, stuck.why, next, tells).await
}

/// Whether a ticket came further.
pub(super) type Came = Result<(), Stuck>;

async fn take_further(
    house: &Arc<House>,
    there: &dyn Tickets,
    ticket: &TaskTicket,
    task: &HumanTask,
) -> Result<Came, AppError> {
    let found = match find_or_open(there, ticket, task).await {
        Ok(found) => found,
        Err(stuck) => return Ok(Err(stuck)),
    };
    match (ticket.state, found) {
        (TicketState::Closing, None) | (TicketState::Over, _) => settle::over(house, ticket).await.map(Ok),
        (TicketState::Closing, Some(seen)) => close(house, there, ticket, seen).await,
        (TicketState::Wanted | TicketState::Open, None) => Ok(Err(Stuck::lasting(format!(
            "the ticket `{}` is gone from `{}`; nobody said that it is done, so end the task here or have the ticket back",
            ticket.native_id.as_ref().map_or(ticket.key.as_str(), |id| id.as_str()),
            ticket.connection
        )))),
        (TicketState::Wanted | TicketState::Open, Some(seen)) => progress(house, there, ticket, task, seen).await,
    }
}

/// The ticket as it is now. One that is wanted is opened, unless it is there already.
async fn find_or_open(there: &dyn Tickets, ticket: &TaskTicket, task: &HumanTask) -> Result<Option<SeenTicket>, Stuck> {
    if let Some(id) = &ticket.native_id {
        return Ok(there.get(id).await?);
    }
    let found = there.find(&ticket.key).await?;
    if found.is_some() || ticket.state != TicketState::Wanted {
        return Ok(found);
    }
    let id = there.open(&new_ticket(ticket, task)).await?;
    let seen = there.get(&id).await?;
    seen.map(Some).ok_or_else(|| Stuck::passing(format!("the ticket `{id}` was opened and is not seen yet")))
}

fn new_ticket(ticket: &TaskTicket, task: &HumanTask) -> NewTicket {
    let due = task.due_at.map(|due| format!("To be done by {due}.\n\n")).unwrap_or_default();
    let team = match &task.assignee {
        Assignee::Team(team) => team.clone(),
        // Only teams have tickets; whoever was given the task meanwhile is named in its end.
        Assignee::Person(_) | Assignee::Role(_) => ticket.connection.clone(),
    };
    NewTicket {
        key: ticket.key.clone(),
        title: task.title.clone(),
        text: format!("{}\n\n{due}Tenure follows this ticket as {}.", task.instructions, ticket.key),
        team,
        due_at: task.due_at,
    }
}

/// What an open ticket's state means for its task.
async fn progress(
    house: &Arc<House>,
    there: &dyn Tickets,
    ticket: &TaskTicket,
    task: &HumanTask,
    seen: SeenTicket,
) -> Result<Came, AppError> {
    match seen.progress {
        Progress::Open => {
            let mut now = ticket.clone();
            if let Some(words) = &ticket.say {
                if let Err(fault) = there.comment(&seen.id, words).await {
                    return Ok(Err(fault.into()));
                }
                now = now.told();
            }
            let next = next_look(ticket.wanted_at, house.clock.now());
            settle::seen(house, &now, seen, next).await.map(Ok)
        }
        Progress::Done | Progress::Refused => settle::end(house, ticket, task, &seen).await,
        Progress::Unclear => Ok(Err(Stuck::lasting(format!(
            "the ticket `{}` is in the state `{}`, which the pack of `{}` does not describe, so it means nothing; describe it, or end the task here",
            seen.id, seen.state, ticket.connection
        )))),
    }
}

/// Closes a ticket that nobody needs any more; it is over once it is seen to be closed.
async fn close(
    house: &Arc<House>,
    there: &dyn Tickets,
    ticket: &TaskTicket,
    seen: SeenTicket,
) -> Result<Came, AppError> {
    if seen.progress != Progress::Open {
        return settle::over(house, ticket).await.map(Ok);
    }
    let id = seen.id.clone();
    if let Some(words) = &ticket.say {
        if let Err(fault) = there.comment(&id, words).await {
            return Ok(Err(fault.into()));
        }
        let told = ticket.clone().told();
        return settle::seen(house, &told, seen, house.clock.now()).await.map(Ok);
    }
    if let Err(fault) = there.close(&id).await {
        return Ok(Err(fault.into()));
    }
    settle::seen(house, ticket, seen, house.clock.now()).await.map(Ok)
}

impl Stuck {
    /// It does not pass before somebody does something.
    pub(super) fn lasting(why: String) -> Self {
        Self { why, wait: Duration::ZERO, passes: false }
    }

    pub(super) fn passing(why: String) -> Self {
        Self { why, wait: Duration::ZERO, passes: true }
    }
}

impl From<Refusal> for Stuck {
    fn from(refusal: Refusal) -> Self {
        let passes = refusal.retry() || refusal.class == RefusalClass::Stale;
        Self { wait: refusal.retry_after.unwrap_or_default(), passes, why: refusal.message }
    }
}

impl From<WriteFault> for Stuck {
    fn from(fault: WriteFault) -> Self {
        match fault {
            WriteFault::Refused(refusal) => refusal.into(),
            WriteFault::Doubt(doubt) => Self::passing(doubt.message),
        }
    }
}

/// The longer something takes, the less often it is looked at.
fn next_look(wanted_at: Timestamp, now: Timestamp) -> Timestamp {
    let age: Duration = now.duration_since(wanted_at).try_into().unwrap_or_default();
    later(now, (age / 10).clamp(limits::TICKET_LOOK_MIN, limits::TICKET_LOOK_MAX))
}

/// The pause doubles with each try, up to a limit.
fn pause(tries: i64, asked: Duration) -> Duration {
    let usual = Duration::from_secs(1 << tries.clamp(1, 12)).min(limits::TICKET_PAUSE_MAX);
    usual.max(asked.min(limits::TICKET_PAUSE_ASKED_MAX))
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(SignedDuration::try_from(pause).unwrap_or_default()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_young_ticket_is_looked_at_often_and_an_old_one_seldom() {
        let begun = Timestamp::UNIX_EPOCH;
        let after = |seconds: i64| {
            let now = Timestamp::from_second(seconds).unwrap();
            next_look(begun, now).duration_since(now).as_secs()
        };
        assert_eq!([after(0), after(600), after(86_400)], [30, 60, 900]);
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_heed_what_is_asked() {
        let pauses: Vec<u64> = (1..=12).map(|tries| pause(tries, Duration::ZERO).as_secs()).collect();
        assert_eq!((pauses[..3].to_vec(), pauses[11]), (vec![2, 4, 8], 1_800));
        assert!(pauses.is_sorted());
        assert_eq!(pause(1, Duration::from_mins(5)), Duration::from_mins(5));
    }
}
