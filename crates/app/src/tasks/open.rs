//! Asking a human to do something, once however often it is asked.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{
    Actor, Assignee, Choice, ConnectionName, HumanTask, Name, NoticeKind, PersonId, RunId, TaskKind, TaskState, new_id,
};
use tenure_store::{Tx, tasks};

use super::succeed::pass_on;
use super::{entry, tell};
use crate::cx::House;
use crate::error::AppError;
use crate::tickets::want::hand_over;
use crate::{limits, record};

/// What is asked, of whom, and how it can end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Names what is asked; the same on every try, such as the key of an operation.
    pub key: String,
    /// What kind of thing.
    pub kind: TaskKind,
    /// What, in a line.
    pub title: String,
    /// How it is done. It must hold no secret.
    pub instructions: String,
    /// Of whom.
    pub assignee: Assignee,
    /// Who may not do it.
    pub barred: BTreeSet<String>,
    /// How it can end: first as is hoped for. The others need a reason.
    pub outcomes: Vec<Name>,
    /// The things that are asked about, if there are several; all other outcomes are about some of them.
    pub choices: Vec<Choice>,
    /// Whom it is about.
    pub about: Option<PersonId>,
    /// In which system.
    pub connection: Option<ConnectionName>,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
    /// Which run waits for its end, and is sent the signal that is the id of the task.
    pub waits: Option<RunId>,
}

/// Opens a task in the transaction of what asks for it. When there is one of that key already, it
/// is given back as it stands, with nothing changed but the run that waits for it.
pub async fn open(house: &House, tx: &mut Tx, opening: Opening) -> Result<HumanTask, AppError> {
    check(house, &opening)?;
    let (now, waits) = (house.clock.now(), opening.waits);
    let (found, is_new) = tasks::insert_once(tx, &task(house, opening, now)).await?;
    if !is_new {
        return wait(tx, found, waits).await;
    }
    let opened = entry(house, &Actor::system("engine"), "task.opened", &found);
    let opened = opened.with(DetailKey::Payload, tenure_ledger::Hash::of(asked(&found).as_bytes()));
    let opened = match found.due_at {
        Some(due) => opened.with(DetailKey::Until, due),
        None => opened,
    };
    record::write(tx, house.ids.as_ref(), &with_kind(opened, found.kind)).await?;
    let found = pass_on(house, tx, &found).await?.unwrap_or(found);
    // Where a thousand runs are stuck at one step, the first one says so.
    if found.kind != TaskKind::Stuck || !tasks::is_asked_alike(tx, &found).await? {
        tell(house, tx, NoticeKind::TaskOpened, &found).await?;
    }
    hand_over(house, tx, &found).await?;
    Ok(found)
}

/// Notes which run waits for a task, unless it is over: then whoever asks sees its end right away.
async fn wait(tx: &mut Tx, found: HumanTask, run: Option<RunId>) -> Result<HumanTask, AppError> {
    match run {
        Some(run) if found.waits != Some(run) && found.state.end().is_none() => {
            let found = found.awaited(run);
            tasks::update(tx, &found).await?;
            Ok(found)
        }
        Some(_) | None => Ok(found),
    }
}

/// Everything that whoever is asked is shown.
fn asked(task: &HumanTask) -> String {
    let choices = task.choices.iter().map(|choice| format!("\n{}: {}", choice.name, choice.says));
    std::iter::once(task.instructions.clone()).chain(choices).collect()
}

fn with_kind(mut entry: tenure_ledger::Entry, kind: TaskKind) -> tenure_ledger::Entry {
    entry.effect = Some(Word::or_hash(kind.word()));
    entry
}

fn task(house: &House, opening: Opening, now: Timestamp) -> HumanTask {
    HumanTask {
        id: new_id(house.ids.as_ref()),
        key: opening.key,
        kind: opening.kind,
        title: opening.title,
        instructions: opening.instructions,
        assignee: opening.assignee,
        barred: opening.barred,
        outcomes: opening.outcomes,
        choices: opening.choices,
        about: opening.about,
        connection: opening.connection,
        waits: opening.waits,
        opened_at: now,
        due_at: opening.due_at,
        remind_at: opening.due_at.map(|due| remind_at(now, due)),
        state: TaskState::Open,
        version: 1,
    }
}

/// Three quarters of the time that there is.
fn remind_at(now: Timestamp, due: Timestamp) -> Timestamp {
    let span = due.duration_since(now).max(SignedDuration::ZERO);
    now.checked_add(span / 4 * 3).unwrap_or(due)
}

fn check(house: &House, opening: &Opening) -> Result<(), AppError> {
    let invalid = |pointer, reason: String| Err(AppError::Invalid { pointer, reason });
    let long = |text: &str, most: usize| text.chars().count() > most;
    if opening.title.trim().is_empty() || long(&opening.title, limits::TASK_TITLE_CHARS_MAX) {
        return invalid("/title", format!("say what is asked, in 1 to {} characters", limits::TASK_TITLE_CHARS_MAX));
    }
    if long(&opening.instructions, limits::TASK_INSTRUCTIONS_CHARS_MAX) {
        let most = limits::TASK_INSTRUCTIONS_CHARS_MAX;
        return invalid("/instructions", format!("instructions have at most {most} characters"));
    }
    let distinct: BTreeSet<&Name> = opening.outcomes.iter().collect();
    let count = opening.outcomes.len();
    if count == 0 || count > limits::TASK_OUTCOMES_MAX || distinct.len() != count {
        let most = limits::TASK_OUTCOMES_MAX;
        return invalid("/outcomes", format!("name 1 to {most} ways in which it can end, each once"));
    }
    let names: BTreeSet<&str> = opening.choices.iter().map(|choice| choice.name.as_str()).collect();
    if opening.choices.len() > limits::TASK_CHOICES_MAX || names.len() != opening.choices.len() {
        let most = limits::TASK_CHOICES_MAX;
        return invalid("/choices", format!("ask about at most {most} things at once, each by a name of its own"));
    }
    if (opening.kind == TaskKind::Review) == opening.choices.is_empty() {
        let reason = "a review asks about several things, and nothing else does";
        return invalid("/choices", reason.to_owned());
    }
    match &opening.assignee {
        Assignee::Team(team) if !house.estate().teams.contains_key(team) => {
            let reason = format!("there is no team `{team}`; add a document of kind Team with this name");
            invalid("/for", reason)
        }
        Assignee::Team(_) | Assignee::Person(_) | Assignee::Role(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_reminded_when_a_quarter_of_the_time_is_left() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, due) = (at("2026-11-27T08:00:00Z"), at("2026-11-27T16:00:00Z"));
        assert_eq!(remind_at(now, due), at("2026-11-27T14:00:00Z"));
        assert_eq!(remind_at(due, now), due, "what is late already is told at once");
    }
}
