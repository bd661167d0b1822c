//! Everything that is known of one person, and when it will come to something else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use tenure_model::{Person, PersonId};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::{StoreError, Tx, accounts, engagements, grants, people};

/// Everything that is known of one person.
pub async fn load(tx: &mut Tx, person: PersonId) -> Result<Option<PersonFacts>, StoreError> {
    let Some(found) = people::get(tx, person).await? else { return Ok(None) };
    Ok(Some(PersonFacts {
        person: found,
        engagements: engagements::of_person(tx, person).await?,
        urgent: BTreeSet::new(),
        accounts: accounts::of_person(tx, person).await?,
        grants: grants::of_person(tx, person).await?,
    }))
}

/// Everything that is known of some people, by their ids, from after the cursor: of these, or of everybody.
pub async fn page(
    tx: &mut Tx,
    only: &[PersonId],
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<PersonFacts>, StoreError> {
    if !only.is_empty() {
        let mut found = Vec::new();
        for person in only.iter().filter(|person| after.is_none_or(|after| **person > after)).take(limit) {
            found.extend(load(tx, *person).await?);
        }
        return Ok(found);
    }
    let people = people::by_id(tx, after, limit).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let mut engagements = grouped(engagements::of_people(tx, &ids).await?, |known| Some(known.person));
    let mut accounts = grouped(accounts::of_people(tx, &ids).await?, |known| known.person);
    let mut grants = grouped(grants::of_people(tx, &ids).await?, |known| Some(known.person));
    let whole = |person: Person| PersonFacts {
        engagements: engagements.remove(&person.id).unwrap_or_default(),
        urgent: BTreeSet::new(),
        accounts: accounts.remove(&person.id).unwrap_or_default(),
        grants: grants.remove(&person.id).unwrap_or_default(),
        person,
    };
    Ok(people.into_iter().map(whole).collect())
}

fn grouped<T>(rows: Vec<T>, owner: impl Fn(&T) -> Option<PersonId>) -> BTreeMap<PersonId, Vec<T>> {
    let mut groups: BTreeMap<PersonId, Vec<T>> = BTreeMap::new();
    for row in rows {
        if let Some(person) = owner(&row) {
            groups.entry(person).or_default().push(row);
        }
    }
    groups
}

/// A moment at which the same facts come to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The event whose workflows are to run then.
    pub event: &'static str,
}

/// The next such moment, as far as what is written tells it.
pub fn next_turn(facts: &PersonFacts, rules: &Rules, now: Timestamp) -> Option<Turn> {
    next_turns(facts, rules, &[], now, now).pop_first()
}

/// The next such moment, and those that came since another one; `told` are those at which a fact
/// begins to count. Timers follow from facts: whoever changes a fact asks again.
pub fn next_turns(
    facts: &PersonFacts,
    rules: &Rules,
    told: &[Timestamp],
    since: Timestamp,
    now: Timestamp,
) -> BTreeSet<Turn> {
    let leads: BTreeSet<u16> =
        rules.roles.iter().filter_map(|role| role.birthright.as_ref()).map(|right| right.lead_days).collect();
    let changed = |at| Turn { at, event: "person.changed" };
    let mut turns = Vec::new();
    for engagement in facts.engagements.iter().filter(|engagement| !engagement.rescinded) {
        turns.extend(engagement.ends_at().map(|at| Turn { at, event: "employment.ended" }));
        for days in leads.iter().copied().chain([0]) {
            let day = engagement.first_day.checked_sub(i64::from(days).days()).unwrap_or(engagement.first_day);
            turns.push(changed(engagement.zone.start_of(day)));
        }
        for leave in &engagement.leaves {
            let from = engagement.zone.start_of(leave.from);
            let until = leave.until.map(|day| engagement.zone.end_of(day));
            turns.extend([Some(from), until].into_iter().flatten().map(changed));
        }
        turns.extend(engagement.handed_over_at().map(changed));
    }
    turns.extend(told.iter().copied().map(changed));
    turns.extend(facts.grants.iter().filter_map(|grant| grant.valid_until).map(changed));
    let next = turns.iter().filter(|turn| turn.at > now).min().copied();
    turns.into_iter().filter(|turn| since < turn.at && turn.at <= now).chain(next).collect()
}
