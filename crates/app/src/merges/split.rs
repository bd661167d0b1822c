//! One person is two: some of what they have goes to somebody new.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{AccountId, Attributes, ConnectionName, Id as _, IdentityKind, Person, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::merges::{self, Merge, MergeKind, MergeRecord};
use tenure_store::{Tx, accounts, engagements, facts, grants, people, values};

use super::{Merged, at_rest, note, realign, reason, there, word};
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{hold, settle};

/// What goes to somebody new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// The keys of engagements, as their sources call them. At least one.
    pub engagements: Vec<String>,
    /// Accounts.
    pub accounts: Vec<AccountId>,
}

/// Splits a person in two.
pub async fn split(cx: &Cx, person: String, parted: Parted, why: String) -> Result<Merged, AppError> {
    cx.allow(Action::SplitPerson, &Thing::Person(None))?;
    reason(&why)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| Box::pin(async move { settle(&own, tx, &person, &parted, why).await }));
    let merged = job.await?;
    cx.house.nudge();
    Ok(merged)
}

async fn settle(cx: &Cx, tx: &mut Tx, person: &str, parted: &Parted, why: String) -> Result<Merged, AppError> {
    let house = cx.house.as_ref();
    let now = house.clock.now();
    let known = there(tx, person).await?;
    at_rest(tx, known.id).await?;
    let estate = house.estate();
    let going = going(tx, &known, parted).await?;
    let said = values::of_person(tx, known.id).await?;
    let newcomer = Person {
        id: new_id(house.ids.as_ref()),
        kind: going.kind,
        display_name: known.display_name.clone(),
        attributes: Attributes::new(),
        sponsor: None,
        version: 1,
        since: now,
    };
    people::insert(tx, &newcomer).await?;
    let other = newcomer.id;
    merges::move_some(tx, &going.moved, known.id, other).await?;
    let newcomer = settle::settle(house.ids.as_ref(), &estate, tx, newcomer, now).await?.person;
    // What a source said of them is theirs as long as one of theirs says it.
    let mut rest = known.clone();
    rest.attributes.retain(|name, _| !said.iter().any(|said| said.attribute == *name));
    rest.version = known.version + 1;
    people::update(tx, &rest).await?;
    let rest = settle::settle(house.ids.as_ref(), &estate, tx, rest, now).await?.person;
    hold::tell_referrers(&estate, tx, &known.attributes, &rest).await?;
    let merge = Merge {
        id: new_id(house.ids.as_ref()),
        kind: MergeKind::Split,
        kept: known.id,
        other,
        at: now,
        by: cx.actor.name.clone(),
        reason: why,
        record: MergeRecord { kept_before: known, other_before: newcomer, moved: going.moved, names: Vec::new() },
        undone: None,
    };
    merges::insert(tx, &merge).await?;
    note(cx, tx, &merge, word(merge.kind)).await?;
    let runs = realign(house, tx, merge.id, &[merge.kept, merge.other]).await?;
    Ok(Merged { merge, runs })
}

struct Going {
    /// As what the newcomer is there.
    kind: IdentityKind,
    moved: BTreeMap<String, Vec<uuid::Uuid>>,
}

/// What goes, if all of it is there and something is left.
async fn going(tx: &mut Tx, known: &Person, parted: &Parted) -> Result<Going, AppError> {
    let invalid = |pointer, reason: String| AppError::Invalid { pointer, reason };
    let all = engagements::of_person(tx, known.id).await?;
    if let Some(strange) = parted.engagements.iter().find(|key| !all.iter().any(|row| row.key == **key)) {
        let has: Vec<&str> = all.iter().map(|row| row.key.as_str()).collect();
        return Err(invalid(
            "/engagements",
            format!("there is no engagement `{strange}`; there are {}", has.join(", ")),
        ));
    }
    let (engagements, stay): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| parted.engagements.contains(&row.key));
    if engagements.is_empty() || stay.is_empty() {
        let reason = "name some of the engagements: at least one must go and one must stay".to_owned();
        return Err(invalid("/engagements", reason));
    }
    let owned = accounts::of_person(tx, known.id).await?;
    if let Some(strange) = parted.accounts.iter().find(|id| !owned.iter().any(|account| account.id == **id)) {
        return Err(invalid("/accounts", format!("`{strange}` is no account of theirs")));
    }
    let (leaving, left): (Vec<_>, Vec<_>) =
        owned.into_iter().partition(|account| parted.accounts.contains(&account.id));
    // What is held in a system goes with the only account there.
    let goes = |connection: &ConnectionName| {
        leaving.iter().any(|account| account.connection == *connection)
            && !left.iter().any(|account| account.connection == *connection)
    };
    let held = grants::of_person(tx, known.id).await?;
    let held = held.iter().filter(|grant| goes(&grant.connection)).map(|grant| grant.id.uuid()).collect();
    let mut told = Vec::new();
    for (source, key) in engagements.iter().map(|row| (&row.source, &row.key)).collect::<BTreeSet<_>>() {
        told.extend(facts::under(tx, known.id, source, key).await?.into_iter().map(tenure_model::Id::uuid));
    }
    let kind = engagements.first().map_or(known.kind, |row| row.kind);
    let moved = [
        ("fact".to_owned(), told),
        ("engagement_spell".to_owned(), engagements.iter().map(|row| row.id.uuid()).collect()),
        ("account".to_owned(), leaving.iter().map(|account| account.id.uuid()).collect()),
        ("access_grant".to_owned(), held),
    ];
    Ok(Going { kind, moved: moved.into() })
}
