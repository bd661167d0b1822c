//! What policy intends against what a connected system was last seen to enforce, in both
//! directions: decided and not there, and there though nobody decided it.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{Account, ConnectionName, GrantState, NativeId, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::{PersonFacts, Rules};
use tenure_store::people::PeopleCursor;
use tenure_store::{StoreError, people};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::facts;

/// People that are looked at for one answer, at most.
pub const PEOPLE_AT_ONCE: usize = 500;

/// One difference between intent and truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose.
    pub person: PersonId,
    /// What to call them on a screen.
    pub name: String,
    /// The account, if there is one.
    pub account: Option<String>,
    /// What it is about: an entitlement by the name of documents or of the system, or `account`.
    pub what: String,
    /// In which direction.
    pub direction: Direction,
    /// Why, as a sentence.
    pub why: String,
}

/// In which direction intent and truth differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It was decided, and the system does not have it.
    NotThere,
    /// The system has it, and nobody decided it.
    NotDecided,
}

impl Direction {
    /// The word for it on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotThere => "not-there",
            Self::NotDecided => "not-decided",
        }
    }
}

/// A page of gaps, and the person after whom the next one goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The gaps.
    pub gaps: Vec<Gap>,
    /// Where to go on, if there are more people.
    pub next: Option<PersonId>,
}

/// Compares for a page of people. Nothing is written anywhere.
pub async fn compare(
    cx: &Cx,
    connection: ConnectionName,
    after: Option<PersonId>,
    people_max: usize,
) -> Result<Compared, AppError> {
    cx.allow(Action::ListDrift, &Thing::Connection(Some(connection.clone())))?;
    if !cx.house.estate().connections.contains_key(&connection) {
        return Err(AppError::no("connection", &connection));
    }
    let count = people_max.clamp(1, PEOPLE_AT_ONCE);
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let after = match after {
                Some(id) => people::get(tx, id).await?.as_ref().map(PeopleCursor::after),
                None => None,
            };
            let page = people::list(tx, None, after.as_ref(), count).await?;
            let next = page.last().map(|last| last.id).filter(|_| page.len() == count);
            let mut all = Vec::with_capacity(page.len());
            for person in page {
                all.extend(facts::load(tx, person.id).await?);
            }
            Ok::<_, StoreError>((all, next))
        })
    });
    let (people, next) = job.await?;
    let (rules, now) = (cx.house.rules(), cx.house.clock.now());
    let gaps = people.iter().flat_map(|facts| gaps(facts, &rules, &connection, now)).collect();
    Ok(Compared { gaps, next })
}

/// Where intent and truth differ for one person.
pub(crate) fn gaps(facts: &PersonFacts, rules: &Rules, connection: &ConnectionName, now: jiff::Timestamp) -> Vec<Gap> {
    let plan = tenure_policy::plan(facts, rules, now);
    let gap = |account: Option<&Account>, what: String, direction, why: String| Gap {
        person: facts.person.id,
        name: facts.person.display_name.clone(),
        account: account.map(|account| account.name.clone()),
        what,
        direction,
        why,
    };
    let mut found = Vec::new();
    for change in plan.changes.iter().filter(|change| change.connection == *connection) {
        found.push(gap(None, change.action.word().to_owned(), Direction::NotThere, change.why.join("; ")));
    }
    let names: BTreeMap<&NativeId, &str> = rules.targets.get(connection).map_or_else(BTreeMap::new, |target| {
        target.entitlements.iter().map(|(name, native)| (native, name.as_str())).collect()
    });
    let decided: BTreeSet<&str> = facts
        .grants
        .iter()
        .filter(|grant| grant.connection == *connection && grant.state != GrantState::Revoked)
        .map(|grant| grant.entitlement.as_str())
        .chain(plan.desired.iter().filter(|wish| wish.connection == *connection).map(|wish| wish.entitlement.as_str()))
        .collect();
    let usable = |account: &&Account| account.connection == *connection && account.state.may_be_usable();
    for account in facts.accounts.iter().filter(usable) {
        for held in &account.holds {
            let name = names.get(held).copied();
            if name.is_none_or(|name| !decided.contains(name)) {
                let what = name.map_or_else(|| held.to_string(), ToOwned::to_owned);
                found.push(gap(Some(account), what, Direction::NotDecided, "nobody decided this".to_owned()));
            }
        }
    }
    found
}
