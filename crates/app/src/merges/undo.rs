//! Taking a merge or a split back, by its record.
//!
//! Both are as they were, but for what was heard since: that stays with whoever its source speaks
//! of. What was moved and has gone elsewhere since stays where it is.

use tenure_model::{MergeId, Person};
use tenure_policy::authz::{Action, Thing};
use tenure_store::merges::{self, Merge, MergeKind};
use tenure_store::{Tx, accounts, engagements, facts, names, people, values};

use super::{Merged, at_rest, note, realign};
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{hold, settle};

/// Takes a merge or a split back.
pub async fn undo(cx: &Cx, merge: MergeId) -> Result<Merged, AppError> {
    cx.allow(Action::MergePeople, &Thing::Person(None))?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| Box::pin(async move { settle(&own, tx, merge).await }));
    let undone = job.await?;
    cx.house.nudge();
    Ok(undone)
}

async fn settle(cx: &Cx, tx: &mut Tx, id: MergeId) -> Result<Merged, AppError> {
    let house = cx.house.as_ref();
    let now = house.clock.now();
    let merge = merges::get(tx, id).await?.ok_or_else(|| AppError::no("merge", id))?;
    if merge.undone.is_some() {
        return Err(AppError::Conflict(format!("`{id}` is undone already")));
    }
    let latest = merges::list(tx, Some(merge.kept), None, 1).await?;
    if let Some(later) = latest.first().filter(|later| later.id != id && later.undone.is_none()) {
        return Err(AppError::Conflict(format!("`{}` came after it; undo that first", later.id)));
    }
    at_rest(tx, merge.kept).await?;
    at_rest(tx, merge.other).await?;
    match merge.kind {
        MergeKind::Merge => part(cx, tx, &merge).await?,
        MergeKind::Split => join(cx, tx, &merge).await?,
    }
    merges::undo(tx, id, now, &cx.actor.name).await?;
    note(cx, tx, &merge, "person.merge-undone").await?;
    let whom: &[_] = match merge.kind {
        MergeKind::Merge => &[merge.kept, merge.other],
        MergeKind::Split => &[merge.kept],
    };
    let runs = realign(house, tx, id, whom).await?;
    let undone = Some((now, cx.actor.name.clone()));
    Ok(Merged { merge: Merge { undone, ..merge }, runs })
}

/// A merge is taken back: the other gets what was theirs, and what was told of it since.
async fn part(cx: &Cx, tx: &mut Tx, merge: &Merge) -> Result<(), AppError> {
    let record = &merge.record;
    merges::move_some(tx, &record.moved, merge.kept, merge.other).await?;
    facts::follow(tx, merge.kept, merge.other).await?;
    for (generator, name) in &record.names {
        names::hand_over_one(tx, generator, name, merge.kept, merge.other).await?;
    }
    restore(cx, tx, &record.kept_before).await?;
    restore(cx, tx, &record.other_before).await
}

/// A split is taken back: everything goes home.
async fn join(cx: &Cx, tx: &mut Tx, merge: &Merge) -> Result<(), AppError> {
    let record = &merge.record;
    merges::move_some(tx, &record.moved, merge.other, merge.kept).await?;
    facts::follow(tx, merge.other, merge.kept).await?;
    let left = engagements::of_person(tx, merge.other).await?.len() + accounts::of_person(tx, merge.other).await?.len();
    if left > 0 {
        let other = merge.other;
        return Err(AppError::Conflict(format!("`{other}` has more by now than was split off; merge the two instead")));
    }
    for (generator, _) in names::hand_over(tx, merge.other, merge.kept).await? {
        // Of two names of one generator the person keeps the one they had.
        let known = names::of_person(tx, merge.kept).await?;
        let own = known.iter().filter(|issued| issued.generator == generator).min_by_key(|issued| issued.issued_at);
        let now = cx.house.clock.now();
        names::release(tx, &generator, merge.kept, own.map(|issued| issued.name.as_str()), now).await?;
    }
    values::replace(tx, merge.other, &[]).await?;
    let empty = people::get(tx, merge.other).await?.ok_or_else(|| AppError::no("person", merge.other))?;
    let empty = Person { attributes: [].into(), version: empty.version + 1, ..empty };
    people::update(tx, &empty).await?;
    restore(cx, tx, &record.kept_before).await
}

/// A person as they were, and as what was told of them since has it.
async fn restore(cx: &Cx, tx: &mut Tx, before: &Person) -> Result<(), AppError> {
    let (house, estate) = (cx.house.as_ref(), cx.house.estate());
    let known = people::get(tx, before.id).await?.ok_or_else(|| AppError::no("person", before.id))?;
    let back = Person { version: known.version + 1, ..before.clone() };
    people::update(tx, &back).await?;
    let settled = settle::settle(house.ids.as_ref(), &estate, tx, back, house.clock.now()).await?;
    hold::tell_referrers(&estate, tx, &known.attributes, &settled.person).await
}
