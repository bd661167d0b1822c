//! Everything that is known of one person, and when it will come to something else.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _};
use tenure_model::PersonId;
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

/// A moment at which the same facts come to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The event whose workflows are to run then.
    pub event: &'static str,
}

/// The next such moment; `told` is the next at which a fact begins to count. Timers follow from
/// facts: whoever changes a fact asks again.
pub fn next_turn(facts: &PersonFacts, rules: &Rules, told: Option<Timestamp>, now: Timestamp) -> Option<Turn> {
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
    turns.extend(told.map(changed));
    turns.extend(facts.grants.iter().filter_map(|grant| grant.valid_until).map(changed));
    turns.into_iter().filter(|turn| turn.at > now).min()
}
