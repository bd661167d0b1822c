//! What humans are asked to do: opened by a step or a connector, seen and done by those whom it
//! is for, and told to the run that waits for its end. Start at [`open`].

pub mod add;
pub mod claim;
pub mod close;
pub mod list;
pub mod open;
pub mod reassign;
pub mod show;
mod stand_in;
mod stuck;
pub mod succeed;
pub mod tend;
pub(crate) mod withdraw;

use std::collections::BTreeMap;

use tenure_ledger::{DetailKey, Entry, Reference, Word};
use tenure_model::{Actor, ActorKind, Assignee, Deputy, HumanTask, NoticeKind, TaskId};
use tenure_policy::authz::Action;
use tenure_store::notices::Notice;
use tenure_store::{StoreError, Tx, deputies, tasks};

use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::notices::write;
use crate::people::show::named;
use crate::record;

/// A task that somebody acts on, and by virtue of whom, if not of themselves.
struct Found {
    task: HumanTask,
    /// They stand in for whom it is for.
    deputy: Option<Deputy>,
}

/// The task, if whoever asks may do this to it. What they may not see is not there.
async fn find(cx: &Cx, tx: &mut Tx, task: TaskId, action: Action) -> Result<Found, AppError> {
    let absent = || AppError::no("task", task);
    let found = tasks::get(tx, task).await?.ok_or_else(absent)?;
    let deputies = stand_in::deputies_of(tx, &found, cx.house.clock.now()).await?;
    let thing = stand_in::thing(cx, tx, &found, &deputies).await?;
    cx.allow(Action::ReadTask, &thing).map_err(|_| absent())?;
    cx.allow(action, &thing)?;
    let deputy = deputies.into_iter().find(|deputy| deputy.name == cx.actor.name);
    Ok(Found { task: found, deputy })
}

/// Whom a task can be for so that this actor sees it as their own.
async fn own(cx: &Cx, tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let mut own = vec![Assignee::Person(cx.actor.name.clone()).to_string()];
    if let ActorKind::Caller { roles, .. } = &cx.actor.kind {
        own.extend(roles.iter().map(|role| Assignee::Role(*role).to_string()));
    }
    let estate = cx.house.estate();
    let teams = estate.teams.iter().filter(|(_, members)| members.contains(&cx.actor.name));
    own.extend(teams.map(|(team, _)| Assignee::Team(team.clone()).to_string()));
    let stood_in = deputies::held_by(tx, &cx.actor.name, cx.house.clock.now()).await?;
    own.extend(stood_in.into_iter().map(|deputy| Assignee::Person(deputy.whom).to_string()));
    Ok(own)
}

/// An entry of the ledger about a task.
pub(crate) fn entry(house: &House, actor: &Actor, what: &str, task: &HumanTask) -> Entry {
    let mut entry = record::entry(house.clock.as_ref(), actor, what).about(task.id);
    entry.system.clone_from(&task.connection);
    entry.run = task.waits;
    entry.with(DetailKey::StateAfter, Word::or_hash(task.state.word()))
}

/// The same about what somebody did, who perhaps stood in for somebody else.
fn entry_by(cx: &Cx, what: &str, task: &HumanTask, deputy: Option<&Deputy>) -> Entry {
    let entry = entry(&cx.house, &cx.actor, what, task);
    match deputy {
        Some(deputy) => entry.with(DetailKey::Deputy, Reference::from(deputy.id)),
        None => entry,
    }
}

/// Tells the outside about a task, in the transaction of what it tells of.
async fn tell(house: &House, tx: &mut Tx, kind: NoticeKind, task: &HumanTask) -> Result<(), StoreError> {
    let mut told = notices(house, tx, kind, task, String::new()).await?;
    // Whoever stands in is asked as well, unless it is barred to them.
    for deputy in stand_in::deputies_of(tx, task, house.clock.now()).await? {
        if stand_in::is_open_to(tx, task, &deputy).await? {
            let asked = HumanTask { assignee: Assignee::Person(deputy.name), ..task.clone() };
            told.extend(notices(house, tx, kind, &asked, deputy.whom).await?);
        }
    }
    for notice in told {
        tenure_store::notices::insert(tx, &notice).await?;
    }
    Ok(())
}

/// The rows of the outbox for whom a task is for; they stand in for somebody else, perhaps.
async fn notices(
    house: &House,
    tx: &mut Tx,
    kind: NoticeKind,
    task: &HumanTask,
    instead_of: String,
) -> Result<Vec<Notice>, StoreError> {
    let asked = match &task.assignee {
        Assignee::Person(name) => named(tx, name).await?.map(|person| person.id),
        Assignee::Role(_) | Assignee::Team(_) => None,
    };
    let link =
        if house.public_url.is_empty() { String::new() } else { format!("{}/tasks/{}", house.public_url, task.id) };
    let more = [("insteadOf".to_owned(), instead_of), ("link".to_owned(), link)];
    Ok(write::of(house, kind, data(task, more), asked))
}

/// What a notice says of a task.
pub(crate) fn data(task: &HumanTask, more: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let due = task.due_at.map(|due| due.to_string()).unwrap_or_default();
    let own = [
        ("task".to_owned(), task.id.to_string()),
        ("kind".to_owned(), task.kind.word().to_owned()),
        ("for".to_owned(), task.assignee.to_string()),
        ("due".to_owned(), due),
    ];
    own.into_iter().chain(more).collect()
}
