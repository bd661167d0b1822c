//! What the life of a task means for its tickets, in the transaction in which it happens.

use tenure_model::{Assignee, ConnectionName, HumanTask, TaskKind, TaskTicket, TicketState};
use tenure_store::{StoreError, Tx, tickets};

use crate::cx::House;

/// A task is for somebody from now on: their ticket is wanted, and that of whoever had it before is
/// let go.
pub(crate) async fn hand_over(house: &House, tx: &mut Tx, task: &HumanTask) -> Result<(), StoreError> {
    let (place, now) = (place_of(house, task), house.clock.now());
    let before = tickets::of_task(tx, task.id).await?;
    let lives = |ticket: &TaskTicket| matches!(ticket.state, TicketState::Wanted | TicketState::Open);
    let stays = |ticket: &TaskTicket| lives(ticket) && Some(&ticket.connection) == place.as_ref();
    let stayed = before.iter().any(stays);
    for ticket in before.iter().filter(|ticket| lives(ticket) && !stays(ticket)) {
        let why = format!("This was given to {}, so nothing is to be done here any more.", task.assignee);
        must(tx, &ticket.clone().let_go(&why, now)).await?;
    }
    match place {
        Some(connection) if !stayed => {
            tickets::insert(tx, &TaskTicket::wanted(task.id, before.len() + 1, connection, now)).await
        }
        Some(_) | None => Ok(()),
    }
}

/// A task came to its end here, so its tickets are let go.
pub(crate) async fn let_go(house: &House, tx: &mut Tx, task: &HumanTask) -> Result<(), StoreError> {
    let Some(end) = task.state.end() else { return Ok(()) };
    let words = match (&end.outcome, &end.comment) {
        (Some(outcome), None) => format!("This came to its end in Tenure: {outcome}, says {}.", end.by),
        (Some(outcome), Some(said)) => format!("This came to its end in Tenure: {outcome}, says {}: {said}", end.by),
        (None, said) => {
            format!("This was withdrawn, nothing is to be done any more: {}.", said.as_deref().unwrap_or("no reason"))
        }
    };
    for ticket in tickets::of_task(tx, task.id).await? {
        let gone = ticket.clone().let_go(&words, house.clock.now());
        if gone != ticket {
            must(tx, &gone).await?;
        }
    }
    Ok(())
}

/// A task should be done by now, which whoever has the ticket is told.
pub(crate) async fn overdue(house: &House, tx: &mut Tx, task: &HumanTask) -> Result<(), StoreError> {
    let due = task.due_at.map(|due| due.to_string()).unwrap_or_default();
    let words = format!("This is overdue: it should have been done by {due}.");
    for ticket in tickets::of_task(tx, task.id).await? {
        let told = ticket.clone().reminded(&words, house.clock.now());
        if told != ticket {
            must(tx, &told).await?;
        }
    }
    Ok(())
}

/// Where those who are asked want to be asked.
fn place_of(house: &House, task: &HumanTask) -> Option<ConnectionName> {
    match (&task.assignee, task.kind) {
        (Assignee::Team(team), TaskKind::Work) if task.state.end().is_none() => {
            house.estate().tickets.get(team).cloned()
        }
        (Assignee::Team(_) | Assignee::Person(_) | Assignee::Role(_), _) => None,
    }
}

/// Writes it in the transaction in which it was read.
async fn must(tx: &mut Tx, ticket: &TaskTicket) -> Result<(), StoreError> {
    if tickets::update(tx, ticket).await? {
        return Ok(());
    }
    Err(StoreError::Conflict { table: "task_ticket", id: ticket.key.clone() })
}
