//! Cases about tickets, for systems that keep them.

use tenure_model::NativeId;

use super::cases;
use super::steps::{Bench, Step, failed, not_run, same, words};
use crate::outcome::WriteFault;
use crate::tickets::{NewTicket, Progress, SeenTicket, Tickets};

cases![a_ticket_is_opened_found_told_and_closed, a_ticket_that_is_not_there_is_none];

fn tickets<'a>(bench: &Bench<'a>) -> Step<&'a dyn Tickets> {
    match bench.connector.tickets() {
        Some(tickets) => Ok(tickets),
        None => not_run("no tickets are described"),
    }
}

fn written<T>(what: &str, done: Result<T, WriteFault>) -> Step<T> {
    match done {
        Ok(done) => Ok(done),
        Err(WriteFault::Refused(refusal)) => failed(format!("{what} was refused: {refusal}")),
        Err(WriteFault::Doubt(doubt)) => failed(format!("nobody knows the end of {what}: {}", doubt.message)),
    }
}

async fn seen(tickets: &dyn Tickets, id: &NativeId) -> Step<SeenTicket> {
    match tickets.get(id).await.map_err(words("get"))? {
        Some(seen) => Ok(seen),
        None => failed(format!("the ticket `{id}` was opened and is not there")),
    }
}

async fn a_ticket_is_opened_found_told_and_closed(bench: &Bench<'_>) -> Step {
    let tickets = tickets(bench)?;
    let key = bench.name("ticket");
    same("the ticket of a new key", &tickets.find(&key).await.map_err(words("find"))?, &None)?;
    let ticket = NewTicket {
        key: key.clone(),
        title: "Tenure tries out whether tickets can be opened; nothing is to be done".to_owned(),
        text: "Nothing is to be done. \"Quotes\", {braces} and\nlines are part of the trial.".to_owned(),
        team: "tenure".parse().map_err(|bad| format!("{bad}"))?,
        due_at: None,
    };
    let id = written("opening", tickets.open(&ticket).await)?;
    same("what a new ticket means", &seen(tickets, &id).await?.progress, &Progress::Open)?;
    let found = tickets.find(&key).await.map_err(words("find"))?;
    same("the ticket with the key", &found.map(|found| found.id), &Some(id.clone()))?;
    // Another key that this one is a part of, or that is a part of it, is another ticket's.
    for other in [format!("{key}.2"), key.chars().skip(1).collect()] {
        same("the ticket of another key", &tickets.find(&other).await.map_err(words("find"))?, &None)?;
    }
    written("a comment", tickets.comment(&id, "This is a {comment}.\nIt has \"two\" lines.").await)?;
    same("what a ticket with a comment means", &seen(tickets, &id).await?.progress, &Progress::Open)?;
    written("closing", tickets.close(&id).await)?;
    if seen(tickets, &id).await?.progress == Progress::Open {
        return failed("expected a ticket that is closed to be seen so, and it is open");
    }
    Ok(())
}

async fn a_ticket_that_is_not_there_is_none(bench: &Bench<'_>) -> Step {
    let tickets = tickets(bench)?;
    for id in ["999999999", "..", "no-such-ticket"] {
        match tickets.get(&NativeId::new(id)).await {
            Ok(None) => {}
            // Some services find an id of another form wrong.
            Err(refusal) if !refusal.retry() => {}
            Ok(Some(seen)) => return failed(format!("asked for `{id}`, came `{}`", seen.id)),
            Err(refusal) => return failed(format!("asked for `{id}`: {refusal}")),
        }
    }
    Ok(())
}
