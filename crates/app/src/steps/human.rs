//! `human/task`: asks a human to do something or to say yes, and ends as their task ends.
//!
//! The first time it opens the task, and is performed again when the task is over. Who may not do
//! it, how it can end and until when it should be done stand in its parameters.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tenure_engine::Order;
use tenure_flow::{Calendar, Span};
use tenure_model::{Assignee, Ending, HumanTask, Name, PersonId, RunId, TaskKind};

use super::{Done, done, not_now, read, refused};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{SHOWN_REST_CHARS, TASK_INSTRUCTIONS_CHARS_MAX};
use crate::tasks::open::{Opening, open};
use crate::workflows::facts;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    #[serde(default = "work")]
    kind: TaskKind,
    title: String,
    #[serde(default)]
    instructions: String,
    /// What it is about, line by line, behind the instructions.
    #[serde(default)]
    shows: Vec<String>,
    r#for: Assignee,
    #[serde(default)]
    barred: BTreeSet<String>,
    #[serde(default)]
    outcomes: Vec<Name>,
    #[serde(default)]
    person: Option<PersonId>,
    /// Until when it should be done: a moment, or how long from when it is asked.
    #[serde(default)]
    due: Option<Timestamp>,
    #[serde(default)]
    within_ms: Option<u64>,
    /// The same in words; working time by the calendar.
    #[serde(default)]
    within: Option<Span>,
    #[serde(default)]
    calendar: Option<Calendar>,
}

fn work() -> TaskKind {
    TaskKind::Work
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let mut asked: Asked = read(order)?;
    if asked.kind == TaskKind::Stuck {
        return Err(refused("a step asks for work, an approval or a look; `stuck` is asked for runs".to_owned()));
    }
    if let Some(within) = asked.within {
        let due = within.after(house.clock.now(), &zone(house, order).await, asked.calendar.as_ref());
        asked.due = Some(due.map_err(|bad| refused(bad.to_string()))?);
    }
    let opening = opening(house, order, asked);
    let own = Arc::clone(house);
    let job = house.store.write(move |tx| Box::pin(async move { open(&own, tx, opening).await }));
    let task = job.await.map_err(refusal)?;
    house.nudge();
    end_of(&task)
}

/// Where the person works whom it is about, so that a day is one of theirs.
pub(super) async fn zone(house: &House, order: &Order) -> TimeZone {
    let person = order.task.with.get("person").and_then(|id| id.as_str()?.parse::<PersonId>().ok());
    let Some(person) = person else { return TimeZone::UTC };
    let Ok(known) = super::align::load(house, person).await else { return TimeZone::UTC };
    let now = house.clock.now();
    let state = facts::as_state(&known, now);
    facts::scope(&state, now).zone()
}

/// How the step ends by how its task stands.
fn end_of(task: &HumanTask) -> Done {
    let Some(end) = task.state.end() else {
        let message = format!("waits for {}: {} (`{}`)", task.assignee, task.title, task.id);
        return Err(Ending::Asked { signal: task.id.to_string(), message, until: None });
    };
    let Some(outcome) = &end.outcome else {
        return Err(refused(format!("task `{}` was withdrawn by {}", task.id, end.by)));
    };
    let mut output = json!({ "task": task.id, "by": end.by, "at": end.at, "comment": end.comment });
    if let (Some(whom), Some(fields)) = (&end.instead_of, output.as_object_mut()) {
        fields.insert("insteadOf".to_owned(), whom.as_str().into());
    }
    Ok(done(outcome.as_str(), output))
}

fn opening(house: &House, order: &Order, asked: Asked) -> Opening {
    let usual: &[&str] = match asked.kind {
        TaskKind::Work | TaskKind::Stuck => &["done", "refused"],
        TaskKind::Approval => &["approved", "rejected"],
        TaskKind::Look => &["seen", "not-so"],
    };
    let outcomes = if asked.outcomes.is_empty() {
        usual.iter().filter_map(|word| word.parse().ok()).collect()
    } else {
        asked.outcomes
    };
    let within = asked.within_ms.map(|span| SignedDuration::from_millis(i64::try_from(span).unwrap_or(i64::MAX)));
    let from_now = within.and_then(|span| house.clock.now().checked_add(span).ok());
    let person = asked.person.or_else(|| order.task.with.get("person").and_then(|id| id.as_str()?.parse().ok()));
    Opening {
        key: order.key.as_str().to_owned(),
        kind: asked.kind,
        title: asked.title,
        instructions: shown(asked.instructions, &asked.shows, order.run),
        assignee: asked.r#for,
        barred: asked.barred,
        outcomes,
        about: person,
        connection: None,
        due_at: asked.due.or(from_now),
        waits: Some(order.run),
    }
}

/// The instructions with what it is about behind them, as much as there is room for.
fn shown(instructions: String, lines: &[String], run: RunId) -> String {
    let room = TASK_INSTRUCTIONS_CHARS_MAX.saturating_sub(SHOWN_REST_CHARS);
    let mut left = room.saturating_sub(instructions.chars().count());
    let mut parts: Vec<String> = Some(instructions).filter(|text| !text.is_empty()).into_iter().collect();
    for (place, line) in lines.iter().enumerate() {
        let line = format!("- {line}");
        let Some(rest) = left.checked_sub(line.chars().count() + 1) else {
            let more = lines.len() - place;
            parts.push(format!("- and {more} more: `tenure runs show {run}` has all of them"));
            break;
        };
        left = rest;
        parts.push(line);
    }
    parts.join("\n")
}

/// What was asked cannot be asked so: a fault of the workflow. The database is not the world.
fn refusal(error: AppError) -> Ending {
    match error {
        AppError::Store(cause) => not_now(format!("the database refused: {cause}")),
        other => refused(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_counted_and_nothing_is_cut() {
        let run: RunId = "run_00000000000000000000000001".parse().unwrap();
        let lines: Vec<String> = (0..300).map(|number| format!("{number} {}", "é".repeat(95))).collect();
        let text = shown("Look closely.".to_owned(), &lines, run);
        assert!(text.chars().count() <= TASK_INSTRUCTIONS_CHARS_MAX);
        let told: Vec<&str> = text.lines().collect();
        let kept = told.len() - 2;
        assert_eq!(told[0], "Look closely.");
        assert_eq!(told[kept], format!("- {}", lines[kept - 1]));
        assert!(told[kept + 1].contains(&format!("and {} more", 300 - kept)), "{}", told[kept + 1]);
        assert_eq!(shown(String::new(), &lines[..1], run), format!("- {}", lines[0]));
    }
}
