//! Everything that is known of one person, and when it will come to something else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tenure_model::{Name, Person, PersonId, Value};
use tenure_policy::day::{Day, Edge};
use tenure_policy::plan::Besides;
use tenure_policy::{Birthright, Deletion, Holding, PersonFacts, Role, Rules, Says, role, rule};
use tenure_store::{StoreError, Tx, accounts, engagements, exceptions, grants, observations, people};

use crate::estate::Estate;

/// Everything that is known of one person.
pub async fn load(tx: &mut Tx, person: PersonId) -> Result<Option<PersonFacts>, StoreError> {
    let Some(found) = people::get(tx, person).await? else { return Ok(None) };
    Ok(Some(PersonFacts {
        person: found,
        engagements: engagements::of_person(tx, person).await?,
        urgent: BTreeSet::new(),
        accounts: accounts::of_person(tx, person).await?,
        grants: grants::of_person(tx, person).await?,
        besides: Besides {
            seen: accounts::attributes_of_person(tx, person).await?,
            exceptions: exceptions::of_person(tx, person).await?,
            ..Besides::default()
        },
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
        let mut page: Vec<PersonId> = only.iter().copied().filter(|id| after.is_none_or(|after| *id > after)).collect();
        page.truncate(limit);
        let mut found = of_people(tx, &page).await?;
        found.sort_by_key(|facts| facts.person.id);
        return Ok(found);
    }
    let people = people::by_id(tx, after, limit).await?;
    all_of(tx, people).await
}

/// Everything that is known of these people, by their ids. Whoever is not there is left out.
pub async fn of_people(tx: &mut Tx, wanted: &[PersonId]) -> Result<Vec<PersonFacts>, StoreError> {
    let people = people::of_ids(tx, wanted).await?;
    all_of(tx, people).await
}

async fn all_of(tx: &mut Tx, people: Vec<Person>) -> Result<Vec<PersonFacts>, StoreError> {
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let mut engagements = grouped(engagements::of_people(tx, &ids).await?, |known| Some(known.person));
    let mut accounts = grouped(accounts::of_people(tx, &ids).await?, |known| known.person);
    let mut grants = grouped(grants::of_people(tx, &ids).await?, |known| Some(known.person));
    let mut seen = accounts::attributes_of_people(tx, &ids).await?;
    let mut exceptions = grouped(exceptions::of_people(tx, &ids).await?, |known| Some(known.person));
    let whole = |person: Person| PersonFacts {
        engagements: engagements.remove(&person.id).unwrap_or_default(),
        urgent: BTreeSet::new(),
        accounts: accounts.remove(&person.id).unwrap_or_default(),
        grants: grants.remove(&person.id).unwrap_or_default(),
        besides: Besides {
            seen: seen.remove(&person.id).unwrap_or_default(),
            exceptions: exceptions.remove(&person.id).unwrap_or_default(),
            ..Besides::default()
        },
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

/// Adds when each of these people was last seen to have signed in, where a connection says how it tells.
pub(crate) async fn add_sign_ins(tx: &mut Tx, estate: &Estate, known: &mut [PersonFacts]) -> Result<(), StoreError> {
    for (connection, about) in &estate.connections {
        let Some(attribute) = &about.watching.last_sign_in else { continue };
        let people: Vec<PersonId> = known.iter().map(|facts| facts.person.id).collect();
        let mut newest: BTreeMap<PersonId, Timestamp> = BTreeMap::new();
        for (person, attributes) in observations::of_people(tx, connection, &people).await? {
            if let Some(at) = attributes.get(attribute).and_then(moment) {
                newest.entry(person).and_modify(|known| *known = at.max(*known)).or_insert(at);
            }
        }
        for facts in known.iter_mut() {
            facts.besides.last_sign_in = facts.besides.last_sign_in.max(newest.get(&facts.person.id).copied());
        }
    }
    Ok(())
}

pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Instant(at) => Some(*at),
        Value::Date(day) => day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp()),
        Value::Text(text) => text.parse().ok(),
        Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Cleared => None,
    }
}

/// Everything that is known of one person, with what the rules ask about others.
pub async fn load_for(tx: &mut Tx, person: PersonId, rules: &Rules) -> Result<Option<PersonFacts>, StoreError> {
    let Some(mut facts) = load(tx, person).await? else { return Ok(None) };
    facts.besides.holders = holders(tx, rules).await?;
    Ok(Some(facts))
}

/// For each rule that limits the number of holders: the earliest ones, as many as there may be.
pub async fn holders(tx: &mut Tx, rules: &Rules) -> Result<BTreeMap<Name, Vec<PersonId>>, StoreError> {
    let mut all = BTreeMap::new();
    for rule in &rules.rules {
        let Says::Limit { of, holders_max } = &rule.says else { continue };
        let max = usize::try_from(*holders_max).unwrap_or(usize::MAX);
        let mut found = match of {
            Holding::Entitlement { connection, entitlement } => {
                grants::earliest_holders(tx, connection, entitlement, None, max).await?
            }
            Holding::Role(name) => holders_of_role(tx, rules, name, max).await?,
        };
        found.sort();
        let mut holders: Vec<PersonId> = Vec::new();
        for (_, person) in found {
            if !holders.contains(&person) {
                holders.push(person);
            }
        }
        holders.truncate(max);
        all.insert(rule.name.clone(), holders);
    }
    Ok(all)
}

/// Whoever holds a role holds the first thing that it gives, for the reason of that role or of one
/// that it stands inside.
async fn holders_of_role(
    tx: &mut Tx,
    rules: &Rules,
    name: &Name,
    max: usize,
) -> Result<Vec<(Timestamp, PersonId)>, StoreError> {
    let of_role = |role: &&Role| role.name == *name;
    let Some(role) = rules.roles.iter().find(of_role) else { return Ok(Vec::new()) };
    let given = role::given(role, &rules.roles);
    let always = given.iter().find(|given| given.grant.when.is_none() && given.grant.entitlement.plain().is_some());
    let Some(grant) = always.map(|given| given.grant) else { return Ok(Vec::new()) };
    let this = Holding::Role(name.clone());
    let mut found = Vec::new();
    for outer in rules.roles.iter().filter(|outer| rule::holds(outer, &this, &rules.roles)) {
        let entitlement = grant.entitlement.text();
        found.extend(grants::earliest_holders(tx, &grant.connection, entitlement, Some(&outer.name), max).await?);
    }
    Ok(found)
}

/// A moment at which the same facts come to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The event whose workflows are to run then.
    pub event: &'static str,
}

/// The day after which an account is deleted.
fn deletion_day(deletion: &Deletion) -> Day {
    Day { edge: Edge::LastDay, days: i16::try_from(deletion.after_days).unwrap_or(i16::MAX) }
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
    let rights: Vec<&Birthright> = rules.roles.iter().filter_map(|role| role.birthright.as_ref()).collect();
    let starts: BTreeSet<Day> = rights.iter().map(|right| right.from).chain([Day::FIRST]).collect();
    let mut ends: BTreeSet<Day> = rights.iter().map(|right| right.until).filter(|day| *day != Day::LAST).collect();
    ends.extend(rules.targets.values().filter_map(|target| target.deletion.as_ref()).map(deletion_day));
    let changed = |at| Turn { at, event: "person.changed" };
    let mut turns = Vec::new();
    for engagement in facts.engagements.iter().filter(|engagement| !engagement.rescinded) {
        turns.extend(engagement.ends_at().map(|at| Turn { at, event: "employment.ended" }));
        turns.extend(starts.iter().filter_map(|day| day.begins(engagement)).map(changed));
        turns.extend(ends.iter().filter_map(|day| day.is_over_at(engagement)).map(changed));
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
