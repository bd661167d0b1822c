//! Two people are one: everything of the one goes to the other.

use tenure_model::{Attributes, Person, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::merges::{self, Merge, MergeKind, MergeRecord};
use tenure_store::{Tx, names, people, values};

use super::{Merged, at_rest, note, realign, reason, there, word};
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{hold, settle};

/// Merges the second person into the first.
pub async fn merge(cx: &Cx, kept: String, other: String, why: String) -> Result<Merged, AppError> {
    cx.allow(Action::MergePeople, &Thing::Person(None))?;
    reason(&why)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| Box::pin(async move { settle(&own, tx, &kept, &other, why).await }));
    let merged = job.await?;
    cx.house.nudge();
    Ok(merged)
}

async fn settle(cx: &Cx, tx: &mut Tx, kept: &str, other: &str, why: String) -> Result<Merged, AppError> {
    let house = cx.house.as_ref();
    let now = house.clock.now();
    let kept = there(tx, kept).await?;
    let other = there(tx, other).await?;
    if kept.id == other.id {
        return Err(AppError::Conflict(format!("`{}` is one person already", kept.id)));
    }
    at_rest(tx, kept.id).await?;
    at_rest(tx, other.id).await?;
    let estate = house.estate();
    values::replace(tx, other.id, &[]).await?;
    let moved = merges::move_all(tx, other.id, kept.id).await?;
    let handed = names::hand_over(tx, other.id, kept.id).await?;
    let empty = Person { attributes: Attributes::new(), version: other.version + 1, ..other.clone() };
    people::update(tx, &empty).await?;
    // A person who sponsors themselves would answer for themselves.
    let sponsor = kept.sponsor.filter(|sponsor| *sponsor != other.id);
    let whole = Person { attributes: union(&kept, &other), sponsor, version: kept.version + 1, ..kept.clone() };
    people::update(tx, &whole).await?;
    let whole = settle::settle(house.ids.as_ref(), &estate, tx, whole, now).await?.person;
    hold::tell_referrers(&estate, tx, &other.attributes, &whole).await?;
    let merge = Merge {
        id: new_id(house.ids.as_ref()),
        kind: MergeKind::Merge,
        kept: kept.id,
        other: other.id,
        at: now,
        by: cx.actor.name.clone(),
        reason: why,
        record: MergeRecord { kept_before: kept, other_before: other, moved, names: handed },
        undone: None,
    };
    merges::insert(tx, &merge).await?;
    note(cx, tx, &merge, word(merge.kind)).await?;
    let runs = realign(house, tx, merge.id, &[merge.kept]).await?;
    Ok(Merged { merge, runs })
}

/// What both have; where both have something, what the one has who stays.
fn union(kept: &Person, other: &Person) -> Attributes {
    other.attributes.iter().chain(&kept.attributes).map(|(name, value)| (name.clone(), value.clone())).collect()
}
