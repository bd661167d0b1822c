//! `human/task`: asks a human to do something or to say yes, and ends as their task ends.
//!
//! The first time it opens the task, and is performed again when the task is over. Who may not do
//! it, how it can end and until when it should be done stand in its parameters.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::Order;
use tenure_flow::{Calendar, Span};
use tenure_model::{Actor, Assignee, Choice, Ending, HumanTask, Name, PersonId, TaskKind};

use tenure_store::tasks;

use super::{Done, done, not_now, read, refused};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{EDITIONS_MAX, TASK_INSTRUCTIONS_CHARS_MAX};
use crate::tasks::open::{Opening, open};
use crate::tasks::withdraw::withdraw;
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
    /// The things that are asked about, of which somebody chooses.
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    person: Option<PersonId>,
    /// The questions in whose place this one is asked, of the same run.
    #[serde(default)]
    instead: Vec<String>,
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
    let why = format!("{} is asked instead", asked.r#for);
    if let Some(task) = put_away_tasks(house, order, &asked.instead, &why).await?.pop() {
        // Somebody answered while the question was on its way to somebody else.
        return end_of(&task);
    }
    asked.instructions = shown(asked.instructions, &asked.shows)?;
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
    if let (false, Some(fields)) = (end.chosen.is_empty(), output.as_object_mut()) {
        fields.insert("chosen".to_owned(), json!(end.chosen));
    }
    Ok(done(outcome.as_str(), output))
}

/// Withdraws what questions of this run still ask of others, and gives back those that were answered.
async fn put_away_tasks(
    house: &Arc<House>,
    order: &Order,
    questions: &[String],
    why: &str,
) -> Result<Vec<HumanTask>, Ending> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    // A question that somebody had to put right has a key of its own.
    let editions =
        (0..=EDITIONS_MAX).map(|edition| if edition == 0 { String::new() } else { format!("/edition-{edition}") });
    let keys: Vec<String> = editions
        .flat_map(|edition| questions.iter().map(move |node| format!("{}/{node}{edition}", order.run)))
        .collect();
    let (own, why) = (Arc::clone(house), why.to_owned());
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let mut answered = Vec::new();
            for key in keys {
                let Some(task) = tasks::by_key(tx, &key).await? else { continue };
                if task.state.end().is_none() {
                    withdraw(&own, tx, &Actor::system("engine"), task, &why).await?;
                } else if task.state.end().is_some_and(|end| end.outcome.is_some()) {
                    answered.push(task);
                }
            }
            Ok::<_, AppError>(answered)
        })
    });
    job.await.map_err(refusal)
}

/// The same; what was answered is what the step of the question would have given.
pub(super) async fn put_away(
    house: &Arc<House>,
    order: &Order,
    questions: &[String],
    why: &str,
) -> Result<Option<Json>, Ending> {
    let answered = put_away_tasks(house, order, questions, why).await?;
    let given = |task: &HumanTask| match end_of(task) {
        Ok(tenure_engine::Ended { ending: Ending::Done { output, .. }, .. }) => Some(output),
        Ok(_) | Err(_) => None,
    };
    Ok(answered.iter().find_map(given))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Needless {
    questions: Vec<String>,
    why: String,
}

/// Withdraws what nobody needs to answer any more: it was decided without it, or its time is over. An
/// answer that came at the last moment changes nothing any more.
pub(super) async fn put_by(house: &Arc<House>, order: &Order) -> Done {
    let Needless { questions, why } = read(order)?;
    put_away_tasks(house, order, &questions, &why).await?;
    Ok(done("done", json!({})))
}

fn opening(house: &House, order: &Order, asked: Asked) -> Opening {
    let usual: &[&str] = match asked.kind {
        TaskKind::Work | TaskKind::Stuck => &["done", "refused"],
        TaskKind::Approval => &["approved", "rejected"],
        TaskKind::Review => &["keep", "change"],
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
        instructions: asked.instructions,
        assignee: asked.r#for,
        barred: asked.barred,
        outcomes,
        choices: asked.choices,
        about: person,
        connection: None,
        due_at: asked.due.or(from_now),
        waits: Some(order.run),
    }
}

/// The instructions with what it is about behind them. Nobody can say yes to what they are not shown.
fn shown(instructions: String, lines: &[String]) -> Result<String, Ending> {
    let own = Some(instructions).filter(|text| !text.is_empty());
    let text = own.into_iter().chain(lines.iter().map(|line| format!("- {line}"))).collect::<Vec<_>>().join("\n");
    if text.chars().count() > TASK_INSTRUCTIONS_CHARS_MAX {
        let count = lines.len();
        return Err(refused(format!(
            "the {count} things that somebody is to say yes to are too long to be shown in one question, which has \
             {TASK_INSTRUCTIONS_CHARS_MAX} characters; let them come one after the other"
        )));
    }
    Ok(text)
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
    fn what_cannot_be_shown_whole_is_not_asked_for() {
        let lines = ["a".to_owned(), "b".to_owned()];
        assert_eq!(shown("Look closely.".to_owned(), &lines).unwrap(), "Look closely.\n- a\n- b");
        assert_eq!(shown(String::new(), &lines[..1]).unwrap(), "- a");
        let long = ["é".repeat(TASK_INSTRUCTIONS_CHARS_MAX - 2), "b".to_owned()];
        assert!(shown(String::new(), &long[..1]).is_ok());
        assert!(
            matches!(shown(String::new(), &long), Err(Ending::Refused { message, .. }) if message.contains("2 things"))
        );
    }
}
