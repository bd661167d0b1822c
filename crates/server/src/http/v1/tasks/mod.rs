//! What humans are asked to do.

pub(super) mod claim;
pub(super) mod close;
pub(super) mod comment;
pub(super) mod evidence;
pub(super) mod list;
pub(super) mod reassign;
pub(super) mod show;
pub(super) mod show_evidence;

use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_api::{ChoiceView, TaskEndView, TaskEntryView, TaskView, TicketView};
use tenure_model::{Choice, HumanTask, TaskState, TaskTicket};
use tenure_store::tasks::TaskEntry;

fn view(task: HumanTask, now: Timestamp) -> TaskView {
    let state = task.state.word().to_owned();
    let overdue = task.state.end().is_none() && task.due_at.is_some_and(|due| due < now);
    let (claimed_by, end) = match task.state {
        TaskState::Open => (None, None),
        TaskState::Claimed { by } => (Some(by), None),
        TaskState::Closed(end) => {
            let outcome = end.outcome.map_or_else(|| "withdrawn".to_owned(), String::from);
            (
                None,
                Some(TaskEndView {
                    outcome,
                    by: end.by,
                    via: end.via.map(String::from),
                    instead_of: end.instead_of,
                    at: end.at,
                    comment: end.comment,
                    chosen: end.chosen,
                }),
            )
        }
    };
    TaskView {
        id: task.id,
        kind: task.kind.word().to_owned(),
        state,
        title: task.title,
        instructions: task.instructions,
        assignee: task.assignee.to_string(),
        barred: task.barred.into_iter().collect(),
        outcomes: task.outcomes.into_iter().map(String::from).collect(),
        choices: task.choices.into_iter().map(|Choice { name, says }| ChoiceView { name, says }).collect(),
        person: task.about,
        connection: task.connection.map(String::from),
        run: task.waits,
        opened_at: task.opened_at,
        due_at: task.due_at,
        overdue,
        claimed_by,
        end,
    }
}

fn entry(entry: TaskEntry) -> TaskEntryView {
    TaskEntryView {
        id: entry.id,
        at: entry.at,
        by: entry.by,
        text: entry.body,
        sha256: entry.hash.map(|hash| digits(&hash)),
        media_type: entry.media_type,
        content: None,
    }
}

fn ticket(ticket: TaskTicket) -> TicketView {
    TicketView {
        connection: ticket.connection.into(),
        key: ticket.key,
        id: ticket.native_id.map(|id| id.to_string()),
        link: ticket.link,
        state: ticket.state.word().to_owned(),
        seen: ticket.seen,
        note: ticket.note,
        next_look_at: ticket.due_at,
    }
}

fn digits(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
