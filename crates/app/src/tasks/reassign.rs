//! Giving a task to somebody else.

use std::sync::Arc;

use tenure_ledger::{DetailKey, Hash};
use tenure_model::{Assignee, HumanTask, NoticeKind, TaskEntryId, TaskId, TaskKind, new_id};
use tenure_policy::authz::Action;
use tenure_store::tasks::{self, TaskEntry};
use tenure_store::{StoreError, Tx};

use super::stand_in::deputies_of;
use super::{entry, find, tell};
use crate::cx::Cx;
use crate::error::AppError;
use crate::tickets::want::hand_over;
use crate::{reason, record};

/// Gives a task to somebody else, and takes it out of the hand of whoever has it.
pub async fn reassign(cx: &Cx, task: TaskId, to: Assignee, reason: String) -> Result<HumanTask, AppError> {
    check(cx, &to, &reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let found = find(&own, tx, task, Action::ReassignTask).await?.task;
            let given = found.reassigned(to)?;
            if given.kind != TaskKind::Work && comes_back(&own, tx, &given).await? {
                let said = "whoever gives an approval or a look to somebody cannot give it to themselves, nor to \
                            somebody for whom they stand in";
                return Err(AppError::Conflict(said.to_owned()));
            }
            tasks::update(tx, &given).await?;
            let id: TaskEntryId = new_id(house.ids.as_ref());
            let (at, by) = (house.clock.now(), own.actor.name.clone());
            let body = format!("given to {}: {reason}", given.assignee);
            tasks::add(tx, &TaskEntry { id, task, at, by, body, hash: None, media_type: None }, None).await?;
            let entry = entry(&house, &own.actor, "task.reassigned", &given);
            let entry = entry.with(DetailKey::Payload, Hash::of(reason.as_bytes()));
            record::write(tx, house.ids.as_ref(), &entry).await?;
            tell(&house, tx, NoticeKind::TaskOpened, &given).await?;
            hand_over(&house, tx, &given).await?;
            Ok(given)
        })
    });
    job.await
}

/// Whether a task that was given to somebody is one's own by that.
async fn comes_back(cx: &Cx, tx: &mut Tx, given: &HumanTask) -> Result<bool, StoreError> {
    let deputies = deputies_of(tx, given, cx.house.clock.now()).await?;
    let to_deputy = deputies.iter().any(|deputy| deputy.name == cx.actor.name);
    Ok(to_deputy || given.assignee == Assignee::Person(cx.actor.name.clone()))
}

fn check(cx: &Cx, to: &Assignee, reason: &str) -> Result<(), AppError> {
    reason::said(reason)?;
    if let Assignee::Team(team) = to
        && !cx.house.estate().teams.contains_key(team)
    {
        return Err(AppError::Invalid { pointer: "/to", reason: format!("there is no team `{team}`") });
    }
    Ok(())
}
