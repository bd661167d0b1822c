//! The last look before the first write: too much at once, or the wrong people, and it waits for
//! a human.
//!
//! What would be taken away is counted, not rows of a feed, and a set is looked at as a whole before
//! anything of it is written. What gives goes on; only what a brake names is withheld. A set may be
//! one person: what was let go before, within a window, counts with it, so that a slow stream trips
//! the brake as a burst does. Limits are in [`limits`], facts of a feed in [`feed`].

pub mod feed;
mod limits;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tenure_model::{AccountId, ConnectionName, EngagementId, NativeId, Person, PersonId, Value};

pub use self::limits::{Admin, Bound, Limits, Protected, Window, share_of};
use crate::plan::{Action, Change, PersonFacts, Plan, Rules};

/// What kind of thing somebody would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The account, for as long as it is disabled.
    Account,
    /// Something that the account holds.
    Entitlement,
    /// A value that is overwritten or cleared.
    Attribute,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Account, Self::Entitlement, Self::Attribute];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Entitlement => "entitlement",
            Self::Attribute => "attribute",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something that somebody would lose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub connection: ConnectionName,
    /// What kind of thing.
    pub kind: Kind,
    /// On which account.
    pub account: AccountId,
    /// Which entitlement or attribute; nothing for the account itself.
    pub what: String,
    /// Whether it lets its holder rule over others.
    pub privileged: bool,
    /// Whether access must end at once, whatever the last day is.
    pub urgent: bool,
    /// Why nobody may take anything from them without being asked, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<String>,
    /// The native ids of what the account holds that administers the system, and would no longer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub administers: BTreeSet<NativeId>,
}

/// What must be known besides the set itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Background {
    /// How many accounts each connection has. One that is not here counts as having none, so that only
    /// the number of people counts there.
    pub population: BTreeMap<ConnectionName, u64>,
    /// How many people lost something before: by the place of a bound, of a window in it, and a connection.
    pub before: BTreeMap<(usize, usize, ConnectionName), u64>,
    /// Who can administer a system now, by what lets them.
    pub admins: BTreeMap<(ConnectionName, NativeId), BTreeSet<AccountId>>,
}

/// The family of the brake on workflows.
pub const STARTS: &str = "starts";

/// Which brake holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "brake", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Brake {
    /// Somebody or something is on the list of what nothing may be taken from.
    Protected {
        /// Who.
        person: PersonId,
        /// Why, as the list says it.
        because: String,
    },
    /// Nobody would be left who can administer the system.
    LastAdmin {
        /// The system.
        connection: ConnectionName,
        /// What lets somebody administer it.
        entitlement: NativeId,
    },
    /// Too many people at once.
    TooMany {
        /// The name of the bound.
        bound: String,
        /// The system.
        connection: ConnectionName,
        /// How many people would have lost something there.
        found: u64,
        /// How many may.
        limit: u64,
        /// Of how many accounts.
        population: u64,
        /// Within how many hours.
        hours: u32,
    },
    /// What a feed said cannot be right.
    Feed {
        /// The source.
        connection: ConnectionName,
        /// What is wrong with it.
        because: String,
    },
    /// A workflow would begin too often.
    Starts {
        /// Which.
        workflow: String,
        /// How often it may.
        limit: u64,
        /// Within how many minutes.
        minutes: u64,
    },
}

impl Brake {
    /// The family: removals that wait for the same reason wait together, and are told of once.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Protected { .. } => "protected",
            Self::LastAdmin { .. } => "last-admin",
            Self::TooMany { .. } => "too-many",
            Self::Feed { .. } => "feed",
            Self::Starts { .. } => STARTS,
        }
    }

    /// What waits together: removals of one family, and starts of one workflow.
    pub fn waits_as(&self) -> String {
        match self {
            Self::Protected { .. } | Self::LastAdmin { .. } | Self::TooMany { .. } | Self::Feed { .. } => {
                self.family().to_owned()
            }
            Self::Starts { workflow, .. } => format!("{STARTS}/{workflow}"),
        }
    }

    /// What it says, as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Protected { because, .. } => format!("somebody is protected, because {because}"),
            Self::LastAdmin { connection, entitlement } => {
                format!("nobody would be left at {connection} who holds {entitlement}, which administers it")
            }
            Self::TooMany { connection, found, limit, population, hours, .. } => format!(
                "{found} people would lose access at {connection} within {}, of {population} accounts; more than {limit} \
                 need a human's yes",
                if *hours == 1 { "an hour".to_owned() } else { format!("{hours} hours") }
            ),
            Self::Feed { connection, because } => format!("what {connection} says cannot be right: {because}"),
            Self::Starts { workflow, limit, minutes } => format!(
                "`{workflow}` would begin more than {limit} times within {}; what comes after that waits",
                match (minutes / 60, minutes % 60) {
                    (1, 0) => "an hour".to_owned(),
                    (hours, 0) if hours > 0 => format!("{hours} hours"),
                    (_, _) => format!("{minutes} minutes"),
                }
            ),
        }
    }
}

/// Removals that a brake withholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The brake.
    pub brake: Brake,
    /// Which removals, by their places in the set.
    pub removals: BTreeSet<usize>,
}

/// What would be taken away from somebody by a plan.
pub fn removals(facts: &PersonFacts, plan: &Plan, rules: &Rules, limits: &Limits) -> Vec<Removal> {
    let urgent = facts.engagements.iter().any(|known| known.cut_at.is_some() || is_urgent(&facts.urgent, known.id));
    let of = |change: &Change| removal(facts, change, rules, limits, urgent);
    plan.changes.iter().filter_map(of).collect()
}

/// What would be taken away by one change, if anything.
fn removal(facts: &PersonFacts, change: &Change, rules: &Rules, limits: &Limits, urgent: bool) -> Option<Removal> {
    let (kind, account, what, native) = match &change.action {
        Action::DisableAccount { account } | Action::DeleteAccount { account, .. } => {
            (Kind::Account, *account, String::new(), None)
        }
        Action::RemoveEntitlement { account, entitlement, native_id } => {
            (Kind::Entitlement, *account, entitlement.clone(), Some(native_id))
        }
        Action::CreateAccount { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. }
        | Action::SetAttributes { .. }
        | Action::AddEntitlement { .. } => return None,
    };
    let known = facts.accounts.iter().find(|known| known.id == account);
    let holds = known.map(|known| &known.holds);
    let lost = |id: &NativeId| native.map_or_else(|| holds.is_some_and(|holds| holds.contains(id)), |lost| lost == id);
    let named = |name: &String| rules.targets.get(&change.connection)?.entitlements.get(name).filter(|id| lost(id));
    let admins = limits.admins.iter().filter(|admin| admin.connection == change.connection);
    let administers = admins.filter_map(|admin| named(&admin.entitlement)).cloned().collect();
    // What cannot be taken back is asked for each time.
    let for_good = match &change.action {
        Action::DeleteAccount { approval, .. } => Some(format!("a deletion needs the approval `{approval}`")),
        _ => None,
    };
    let protected = for_good.or_else(|| limits.protected.because(&facts.person, known));
    let mut ruling = limits.privileged.iter().filter(|(connection, _)| *connection == change.connection);
    let privileged = ruling.any(|(_, name)| named(name).is_some());
    Some(Removal {
        person: facts.person.id,
        connection: change.connection.clone(),
        kind,
        account,
        what,
        privileged,
        urgent,
        protected,
        administers,
    })
}

fn is_urgent(urgent: &BTreeSet<EngagementId>, engagement: EngagementId) -> bool {
    urgent.contains(&engagement)
}

/// Looks at a whole set at once. A removal may be withheld by several brakes.
pub fn check(set: &[Removal], limits: &Limits, background: &Background) -> Vec<Held> {
    let mut held = protected(set);
    held.extend(last_admins(set, background));
    held.extend(too_many(set, limits, background));
    held
}

fn protected(set: &[Removal]) -> Vec<Held> {
    let mut held: BTreeMap<Brake, BTreeSet<usize>> = BTreeMap::new();
    for (place, removal) in set.iter().enumerate() {
        if let Some(because) = &removal.protected {
            let brake = Brake::Protected { person: removal.person, because: because.clone() };
            held.entry(brake).or_default().insert(place);
        }
    }
    held.into_iter().map(|(brake, removals)| Held { brake, removals }).collect()
}

/// Holds every removal of a set that together would leave nobody: whom to spare is a human's choice.
fn last_admins(set: &[Removal], background: &Background) -> Vec<Held> {
    let mut losing: BTreeMap<(&ConnectionName, &NativeId), BTreeSet<usize>> = BTreeMap::new();
    for (place, removal) in set.iter().enumerate() {
        for entitlement in &removal.administers {
            losing.entry((&removal.connection, entitlement)).or_default().insert(place);
        }
    }
    let nobody = |(connection, entitlement): &(&ConnectionName, &NativeId), places: &BTreeSet<usize>| {
        let holders = background.admins.get(&((*connection).clone(), (*entitlement).clone()));
        let lost: BTreeSet<AccountId> =
            places.iter().filter_map(|place| set.get(*place)).map(|one| one.account).collect();
        holders.is_none_or(|holders| holders.is_subset(&lost))
    };
    let last = losing.into_iter().filter(|(what, places)| nobody(what, places));
    last.map(|((connection, entitlement), removals)| Held {
        brake: Brake::LastAdmin { connection: connection.clone(), entitlement: entitlement.clone() },
        removals,
    })
    .collect()
}

fn too_many(set: &[Removal], limits: &Limits, background: &Background) -> Vec<Held> {
    let mut held = Vec::new();
    for (bound_at, bound) in limits.bounds.iter().enumerate() {
        let mut places: BTreeMap<&ConnectionName, BTreeSet<usize>> = BTreeMap::new();
        for (place, removal) in set.iter().enumerate().filter(|(_, removal)| bound.is_about(removal)) {
            places.entry(&removal.connection).or_default().insert(place);
        }
        for (connection, removals) in places {
            let people: BTreeSet<PersonId> =
                removals.iter().filter_map(|place| set.get(*place)).map(|removal| removal.person).collect();
            let population = background.population.get(connection).copied().unwrap_or(0);
            let found = |window_at: usize| {
                let before = background.before.get(&(bound_at, window_at, connection.clone())).copied().unwrap_or(0);
                before.saturating_add(people.len() as u64)
            };
            let over = bound.windows.iter().enumerate().find(|(at, window)| found(*at) > window.limit(population));
            if let Some((at, window)) = over {
                let brake = Brake::TooMany {
                    bound: bound.name.clone(),
                    connection: connection.clone(),
                    found: found(at),
                    limit: window.limit(population),
                    population,
                    hours: window.hours,
                };
                held.push(Held { brake, removals });
            }
        }
    }
    held
}

/// Every text by which somebody can be meant: their id and what sources call them.
pub(crate) fn names(person: &Person) -> BTreeSet<String> {
    let texts = person.attributes.values().filter_map(Value::as_text).map(fold);
    texts.chain([person.id.to_string()]).filter(|text| !text.is_empty()).collect()
}

pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
