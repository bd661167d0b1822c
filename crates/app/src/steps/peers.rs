//! What others in the same place hold, beside each question of a review: how many of the same
//! department, with the same job and with the same manager hold the same.
//!
//! Only those who are there are counted, so many of each at most, and nobody is named. It is a reason
//! to look closer and decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_model::{ConnectionName, Ending, PersonId, Standing, Value, standing};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::{StoreError, people};

use super::review::{counts, of_nobody};
use super::store_refused;
use crate::cx::House;
use crate::limits::PEERS_MAX;
use crate::people::facts;

/// The attributes by which others are in the same place, and how that is said.
const ALIKE: [(&str, &str); 4] = [
    ("department", "in the same department"),
    ("title", "with the same title"),
    ("jobTitle", "with the same job"),
    ("manager", "with the same manager"),
];

/// What somebody holds, by connection and name.
type Holds = BTreeSet<(ConnectionName, String)>;

/// Others in the same place, as groups that may overlap.
#[derive(Debug, Default)]
pub(super) struct Peers {
    groups: Vec<(&'static str, Vec<PersonId>)>,
    holds: BTreeMap<PersonId, Holds>,
}

impl Peers {
    /// Those of somebody.
    pub async fn of(house: &House, whose: &PersonFacts, rules: &Rules, now: Timestamp) -> Result<Self, Ending> {
        let value = |name: &str| match whose.person.attributes.get(name) {
            Some(Value::Text(text)) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        };
        let alike: Vec<_> = ALIKE.iter().filter_map(|(name, says)| Some((*name, *says, value(name)?))).collect();
        let own = whose.person.id;
        let job = house.store.read(move |tx| {
            Box::pin(async move {
                let (mut groups, mut all) = (Vec::new(), BTreeSet::new());
                for (attribute, says, value) in alike {
                    let mut found = people::ids_by_key(tx, attribute, &value, PEERS_MAX + 1).await?;
                    found.retain(|person| *person != own);
                    all.extend(found.iter().copied());
                    groups.push((says, found));
                }
                let all: Vec<PersonId> = all.into_iter().collect();
                Ok((groups, facts::of_people(tx, &all).await?))
            })
        });
        let (groups, known) = job.await.map_err(|error: StoreError| store_refused(error))?;
        let there =
            known.iter().filter(|one| matches!(standing(&one.engagements, now), Standing::Active | Standing::OnLeave));
        let holds = there.map(|one| (one.person.id, held(one, rules, now))).collect();
        Ok(Self { groups, holds })
    }

    /// How many of them hold this, in a line; nothing where there is nobody to compare with.
    pub fn says(&self, connection: &ConnectionName, entitlement: &str) -> Option<String> {
        let wanted = (connection.clone(), entitlement.to_owned());
        let said: Vec<String> = self
            .groups
            .iter()
            .filter_map(|(says, people)| {
                let others: Vec<&Holds> = people.iter().filter_map(|person| self.holds.get(person)).collect();
                let hold = others.iter().filter(|holds| holds.contains(&wanted)).count();
                (!others.is_empty()).then(|| format!("{hold} of {} others {says}", others.len()))
            })
            .collect();
        (!said.is_empty()).then(|| format!("held by {}", said.join(", ")))
    }
}

fn held(facts: &PersonFacts, rules: &Rules, now: Timestamp) -> Holds {
    let decided = facts.grants.iter().filter(|grant| counts(grant, now));
    let decided = decided.map(|grant| (grant.connection.clone(), grant.entitlement.clone()));
    let besides = of_nobody(facts, rules).into_iter().map(|(account, _, name)| (account.connection.clone(), name));
    decided.chain(besides).collect()
}
