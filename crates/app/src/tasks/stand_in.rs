//! Who may act on a task besides those whom it is for: their deputies, and what is barred to them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_model::{Assignee, Deputy, HumanTask, TaskKind, TaskState};
use tenure_policy::authz::{TaskThing, Thing};
use tenure_store::{StoreError, Tx, deputies};

use crate::cx::Cx;
use crate::people::show::{goes_by, named};

/// Those who stand in now for whom a task is for. Deputies are of people; nobody stands in for a
/// team or a role, and nobody for a deputy.
pub(super) async fn deputies_of(tx: &mut Tx, task: &HumanTask, now: Timestamp) -> Result<Vec<Deputy>, StoreError> {
    match &task.assignee {
        Assignee::Person(name) => deputies::of(tx, name, now).await,
        Assignee::Role(_) | Assignee::Team(_) => Ok(Vec::new()),
    }
}

/// A task as the policies see it when this actor asks.
pub(super) async fn thing(cx: &Cx, tx: &mut Tx, task: &HumanTask, deputies: &[Deputy]) -> Result<Thing, StoreError> {
    let mut barred = task.barred.clone();
    let (holders, role): (BTreeSet<String>, _) = match &task.assignee {
        Assignee::Person(name) => {
            if is_barred(tx, task, name).await? {
                barred.insert(name.clone());
            }
            ([name.clone()].into(), None)
        }
        Assignee::Role(role) => ([].into(), Some(*role)),
        Assignee::Team(team) => (cx.house.estate().teams.get(team).cloned().unwrap_or_default(), None),
    };
    let deputies: BTreeSet<String> = deputies.iter().map(|deputy| deputy.name.clone()).collect();
    let asker = cx.actor.name.as_str();
    // What somebody holds they do not look at themselves, whoever is asked.
    let own = deputies.contains(asker) || task.kind == TaskKind::Review;
    if is_barred(tx, task, asker).await? || (own && is_about(tx, task, asker).await?) {
        barred.insert(asker.to_owned());
    }
    Ok(Thing::Task(TaskThing { id: Some(task.id), kind: task.kind, holders, deputies, role, barred }))
}

/// Whether this deputy may do it in the place of whom they stand in for.
pub(super) async fn is_open_to(tx: &mut Tx, task: &HumanTask, deputy: &Deputy) -> Result<bool, StoreError> {
    let barred = is_barred(tx, task, &deputy.whom).await? || is_barred(tx, task, &deputy.name).await?;
    Ok(!barred && !is_about(tx, task, &deputy.name).await?)
}

/// Whether somebody may not do this: by this name, or by another one of the person who has it.
pub(super) async fn is_barred(tx: &mut Tx, task: &HumanTask, name: &str) -> Result<bool, StoreError> {
    if task.barred.is_empty() || task.barred.contains(name) {
        return Ok(task.barred.contains(name));
    }
    let person = named(tx, name).await?;
    Ok(person.is_some_and(|person| task.barred.iter().any(|barred| goes_by(&person, barred))))
}

/// Whether it needs the word of somebody else than this one, whom it is about.
async fn is_about(tx: &mut Tx, task: &HumanTask, name: &str) -> Result<bool, StoreError> {
    if task.kind == TaskKind::Work || task.about.is_none() {
        return Ok(false);
    }
    Ok(named(tx, name).await?.map(|person| person.id) == task.about)
}

/// The task for whoever acts on it: out of the hand of the one for whom they stand in, or of one who
/// stood in for them. In any other hand it stays.
pub(super) async fn taken_over(
    cx: &Cx,
    tx: &mut Tx,
    task: HumanTask,
    deputy: Option<&Deputy>,
) -> Result<HumanTask, StoreError> {
    let TaskState::Claimed { by } = &task.state else { return Ok(task) };
    let hand = by.clone();
    let own = task.assignee == Assignee::Person(cx.actor.name.clone());
    let is_theirs = deputy.is_some_and(|deputy| deputy.whom == hand);
    if is_theirs || (own && deputies::ever(tx, &cx.actor.name, &hand).await?) {
        Ok(task.out_of(&hand))
    } else {
        Ok(task)
    }
}
