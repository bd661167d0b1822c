//! Finds out what has no owner who is there, what comes to a successor, and what somebody answers for
//! who works somewhere else by now.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_blueprint::diff::listed;
use tenure_model::{Assignee, Name, Person};
use tenure_store::estates::EstateVersion;
use tenure_store::{StoreError, Tx, estates};

use super::ask::{Because, Question};
use super::moved::{Move, last_move};
use super::succession::{self, Passing, Succession};
use super::things::{NOBODY, Since, Thing, Things, things};
use crate::cx::House;
use crate::estate::Estate;
use crate::people::show::named;
use crate::tasks::succeed::{fallback, has_gone};

/// What was found.
pub(super) struct Found {
    /// What is to be asked.
    pub(super) questions: Vec<Question>,
    /// What comes to a successor by rule: for each document the owner and whoever comes after them.
    pub(super) passed: BTreeMap<String, Passing>,
}

/// Whether an owner is there.
enum Owner {
    There(Option<Box<Person>>),
    /// Not there: in words, and who is asked instead.
    Gone(String, Assignee),
}

/// Which documents were in force at a moment.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// No versions are kept.
    NotKept,
    /// None yet.
    None,
    /// Those that are in force now.
    Now,
    /// Those of this version.
    Version(i64),
}

struct Finding<'a> {
    house: &'a House,
    estate: &'a Estate,
    now: Timestamp,
    /// What is known to have come to a successor.
    before: Succession,
    /// Which version is in force.
    version: i64,
    /// What each document said of its owner in older versions.
    owners_of: BTreeMap<i64, BTreeMap<String, String>>,
}

/// Finds all of it.
pub(super) async fn find(house: &House, tx: &mut Tx) -> Result<Found, StoreError> {
    let in_force = house.live.now();
    let (estate, now) = (&in_force.built.estate, house.clock.now());
    let before = succession::read(tx).await?;
    let version = in_force.version;
    let mut finding = Finding { house, estate, now, before, version, owners_of: BTreeMap::new() };
    let mut all = things(tx, estate, now).await?;
    finding.add_teams(tx, &mut all).await?;
    let mut found = Found { questions: Vec::new(), passed: BTreeMap::new() };
    let mut there: BTreeMap<String, (Box<Person>, BTreeSet<Thing>)> = BTreeMap::new();
    let mut handed: Vec<(String, Thing)> = Vec::new();
    for (owner, things) in all {
        match finding.look_at(tx, &owner).await? {
            Owner::There(None) => {}
            Owner::There(Some(person)) => {
                there.insert(owner, (person, things));
            }
            Owner::Gone(title, assignee) => {
                let left = finding.hand_over(tx, &owner, things, &mut found.passed, &mut handed).await?;
                if !left.is_empty() {
                    found.questions.push(Question { owner, title, assignee, lines: left, because: Because::Gone });
                }
            }
        }
    }
    for (to, thing) in handed {
        match there.get_mut(&to) {
            Some((_, things)) => {
                things.insert(thing);
            }
            None => {
                if let Owner::There(Some(person)) = finding.look_at(tx, &to).await? {
                    there.insert(to, (person, BTreeSet::from([thing])));
                }
            }
        }
    }
    for (owner, (person, things)) in there {
        found.questions.extend(finding.moved(tx, owner, &person, things).await?);
    }
    Ok(found)
}

impl Finding<'_> {
    /// A team of which nobody is left is asked about even where it answers for nothing: it may have to
    /// agree to something.
    async fn add_teams(&self, tx: &mut Tx, all: &mut Things) -> Result<(), StoreError> {
        for (team, members) in &self.estate.teams {
            let itself = format!("team {team}");
            let is_listed = all.get(team.as_str()).is_some_and(|things| things.iter().any(|one| one.says == itself));
            if is_listed || !are_gone(tx, members, self.now).await? {
                continue;
            }
            let says = format!("{itself}, of which nobody is left to do its tasks");
            all.entry(team.to_string()).or_default().insert(Thing { says, since: Since::Named });
        }
        Ok(())
    }

    /// Whether an owner is there. A team is there as long as one of its members is.
    async fn look_at(&self, tx: &mut Tx, owner: &str) -> Result<Owner, StoreError> {
        if owner == NOBODY {
            let title = "Nobody is named who answers for".to_owned();
            return Ok(Owner::Gone(title, fallback(self.house)));
        }
        if let Some(members) = self.team(owner) {
            if !are_gone(tx, members, self.now).await? {
                return Ok(Owner::There(None));
            }
            let title = format!("Nobody of the team `{owner}` is there, which answers for");
            return Ok(Owner::Gone(title, fallback(self.house)));
        }
        let Some(person) = named(tx, owner).await? else { return Ok(Owner::There(None)) };
        if !has_gone(tx, &person, self.now).await? {
            return Ok(Owner::There(Some(Box::new(person))));
        }
        // Whoever comes after somebody who left is found as for every task.
        let title = format!("`{owner}` has left, who answers for");
        Ok(Owner::Gone(title, Assignee::Person(owner.to_owned())))
    }

    fn team(&self, owner: &str) -> Option<&BTreeSet<String>> {
        self.estate.teams.get(&owner.parse::<Name>().ok()?)
    }

    /// What documents say comes after an owner who is gone takes their place. Gives what nobody comes after
    /// who is there.
    async fn hand_over(
        &self,
        tx: &mut Tx,
        owner: &str,
        things: BTreeSet<Thing>,
        passed: &mut BTreeMap<String, Passing>,
        handed: &mut Vec<(String, Thing)>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut left = BTreeSet::new();
        for Thing { says, .. } in things {
            let Some(to) = self.estate.successors.get(&says) else {
                left.insert(says);
                continue;
            };
            match self.look_at(tx, to).await? {
                Owner::Gone(..) => {
                    left.insert(format!("{says}, and its successor `{to}` is not there either"));
                }
                Owner::There(_) => {
                    let passing = Passing { owner: owner.to_owned(), to: to.clone() };
                    let known = self.before.get(&says).filter(|known| known.passing == passing);
                    let since = Since::At(known.map_or(self.now, |known| known.since));
                    passed.insert(says.clone(), passing);
                    handed.push((to.clone(), Thing { says, since }));
                }
            }
        }
        Ok(left)
    }

    /// What somebody is asked about who has moved since they answer for it.
    async fn moved(
        &mut self,
        tx: &mut Tx,
        owner: String,
        person: &Person,
        things: BTreeSet<Thing>,
    ) -> Result<Option<Question>, StoreError> {
        let Some(moved) = last_move(self.house, tx, self.estate, person).await? else { return Ok(None) };
        let then = self.then(tx, &moved).await?;
        let mut lines = BTreeSet::new();
        for thing in things {
            if !self.was_theirs(&owner, &thing, &moved, then) {
                continue;
            }
            lines.insert(match self.estate.successors.get(&thing.says).filter(|to| **to != owner) {
                Some(to) => format!("{}, for which `{to}` is named to come after", thing.says),
                None => thing.says,
            });
        }
        let title = format!("`{owner}` works somewhere else now, who answers for");
        let assignee = Assignee::Person(owner.clone());
        let because = Because::Moved(moved);
        Ok((!lines.is_empty()).then_some(Question { owner, title, assignee, lines, because }))
    }

    /// Which documents were in force when somebody moved; their owners are looked up.
    async fn then(&mut self, tx: &mut Tx, moved: &Move) -> Result<Then, StoreError> {
        let Some(EstateVersion { version, .. }) = estates::at(tx, moved.at).await? else {
            return Ok(if estates::newest(tx).await?.is_none() { Then::NotKept } else { Then::None });
        };
        if version == self.version {
            return Ok(Then::Now);
        }
        if let Entry::Vacant(place) = self.owners_of.entry(version) {
            let files = estates::files(tx, version).await?;
            let files: Vec<(String, String)> = files.into_iter().map(|file| (file.path, file.text)).collect();
            let owners = listed(&files)
                .into_iter()
                .filter_map(|one| Some((format!("{} {}", one.kind.to_lowercase(), one.name), one.owner?)));
            place.insert(owners.collect());
        }
        Ok(Then::Version(version))
    }

    /// Whether somebody answered for something before they moved. Who named them later knew where they work.
    fn was_theirs(&self, owner: &str, thing: &Thing, moved: &Move, then: Then) -> bool {
        match (thing.since, then) {
            (Since::At(since), _) => since < moved.at,
            // Where no versions are kept nothing tells when somebody was named.
            (Since::Named, Then::NotKept | Then::Now) => true,
            (Since::Named, Then::None) => false,
            (Since::Named, Then::Version(version)) => {
                let named = self.owners_of.get(&version).and_then(|owners| owners.get(&thing.says));
                named.is_some_and(|named| named == owner)
            }
        }
    }
}

async fn are_gone(tx: &mut Tx, members: &BTreeSet<String>, now: Timestamp) -> Result<bool, StoreError> {
    for member in members {
        match named(tx, member).await? {
            Some(person) if has_gone(tx, &person, now).await? => {}
            Some(_) | None => return Ok(false),
        }
    }
    Ok(true)
}
