//! What humans are asked to do: opened by a step or a connector, seen and done by those whom it
//! is for, and told to the run that waits for its end. Start at [`open`].

pub mod add;
pub mod claim;
pub mod close;
pub mod list;
pub mod open;
pub mod reassign;
pub mod show;
pub mod tend;

use std::collections::BTreeMap;

use tenure_ledger::{DetailKey, Entry, Word};
use tenure_model::{Actor, ActorKind, Assignee, HumanTask, NoticeKind, TaskId};
use tenure_policy::authz::{Action, TaskThing, Thing};
use tenure_store::notices::Notice;
use tenure_store::{StoreError, Tx, notices, tasks};

use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::notices::write;
use crate::record;

/// A task as the policies see it.
pub(crate) fn thing(house: &House, task: &HumanTask) -> Thing {
    let (holders, role) = match &task.assignee {
        Assignee::Person(name) => ([name.clone()].into(), None),
        Assignee::Role(role) => ([].into(), Some(*role)),
        Assignee::Team(team) => (house.estate().teams.get(team).cloned().unwrap_or_default(), None),
    };
    Thing::Task(TaskThing { id: Some(task.id), kind: task.kind, holders, role, barred: task.barred.clone() })
}

/// The task, if whoever asks may do this to it. What they may not see is not there.
async fn find(cx: &Cx, tx: &mut Tx, task: TaskId, action: Action) -> Result<HumanTask, AppError> {
    let found = tasks::get(tx, task).await?;
    let found = found.filter(|found| cx.allow(Action::ReadTask, &thing(&cx.house, found)).is_ok());
    let found = found.ok_or_else(|| AppError::no("task", task))?;
    cx.allow(action, &thing(&cx.house, &found))?;
    Ok(found)
}

/// Whom a task can be for so that this actor sees it as their own.
fn own(cx: &Cx) -> Vec<String> {
    let mut own = vec![Assignee::Person(cx.actor.name.clone()).to_string()];
    if let ActorKind::Caller { roles, .. } = &cx.actor.kind {
        own.extend(roles.iter().map(|role| Assignee::Role(*role).to_string()));
    }
    let estate = cx.house.estate();
    let teams = estate.teams.iter().filter(|(_, members)| members.contains(&cx.actor.name));
    own.extend(teams.map(|(team, _)| Assignee::Team(team.clone()).to_string()));
    own
}

/// An entry of the ledger about a task.
pub(crate) fn entry(house: &House, actor: &Actor, what: &str, task: &HumanTask) -> Entry {
    let mut entry = record::entry(house.clock.as_ref(), actor, what).about(task.id);
    entry.system.clone_from(&task.connection);
    entry.run = task.waits;
    entry.with(DetailKey::StateAfter, Word::or_hash(task.state.word()))
}

/// Tells the outside about a task, in the transaction of what it tells of.
async fn tell(house: &House, tx: &mut Tx, kind: NoticeKind, task: &HumanTask) -> Result<(), StoreError> {
    for notice in notices_of(house, kind, task) {
        notices::insert(tx, &notice).await?;
    }
    Ok(())
}

/// The rows of the outbox about a task.
fn notices_of(house: &House, kind: NoticeKind, task: &HumanTask) -> Vec<Notice> {
    notices_with(house, kind, task, [])
}

/// The same, which say something more.
pub(crate) fn notices_with(
    house: &House,
    kind: NoticeKind,
    task: &HumanTask,
    more: impl IntoIterator<Item = (String, String)>,
) -> Vec<Notice> {
    let due = task.due_at.map(|due| due.to_string()).unwrap_or_default();
    let own = [
        ("task".to_owned(), task.id.to_string()),
        ("kind".to_owned(), task.kind.word().to_owned()),
        ("for".to_owned(), task.assignee.to_string()),
        ("due".to_owned(), due),
    ];
    let data: BTreeMap<String, String> = own.into_iter().chain(more).collect();
    write::of(house, kind, data, None)
}
