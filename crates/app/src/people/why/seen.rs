//! What else is kept about a person and explains what they have: what sources said, how accounts
//! were read, what others changed, which decisions and runs there were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_model::{AccountId, Drift, Event, GrantId, NativeId, Observation};
use tenure_policy::{PersonFacts, Role};
use tenure_store::decisions::Decision;
use tenure_store::runs::RunFilter;
use tenure_store::{StoreError, Tx, decisions, drifts, events, ledger, observations, runs};

use crate::owners::succession::{self, Succession};

/// Events of each engagement that are looked at.
const EVENTS: usize = 50;
/// Runs of the person that are looked at.
const RUNS: usize = 20;

/// A decision and its place in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) place: Option<i64>,
}

/// What else is kept about a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// What sources said, the newest first.
    pub(super) events: Vec<Event>,
    /// How each account was last read.
    pub(super) accounts: BTreeMap<AccountId, Observation>,
    /// What others changed, the newest first.
    pub(super) drifts: Vec<Drift>,
    /// The decision that each grant came from.
    pub(super) decided: BTreeMap<GrantId, Decided>,
    /// Runs that wait for somebody.
    pub(super) waiting: Vec<RunRow>,
    /// What has come to the successors of its owners.
    pub(super) succession: Succession,
}

impl Seen {
    /// Who answers for a role, in words: whoever it says, or who has come after them.
    pub(super) fn owner(&self, role: &Role) -> String {
        match self.succession.get(&format!("role {}", role.name)) {
            Some(passed) if passed.passing.owner == role.owner => {
                format!("owner {}, who comes after {}", passed.passing.to, role.owner)
            }
            Some(_) | None => format!("owner {}", role.owner),
        }
    }

    /// The same as far as it was there at this moment.
    pub(super) fn until(&self, at: Timestamp) -> Self {
        let mut then = self.clone();
        then.events.retain(|event| event.received_at <= at);
        then.accounts.retain(|_, seen| seen.seen_at <= at);
        then.drifts.retain(|drift| drift.found_at <= at);
        then.waiting.clear();
        then.succession.retain(|_, passed| passed.since <= at);
        then
    }
}

pub(super) async fn load(tx: &mut Tx, facts: &PersonFacts) -> Result<Seen, StoreError> {
    let mut seen = Seen::default();
    for engagement in &facts.engagements {
        seen.events.extend(events::of_subject(tx, &engagement.source, &engagement.key, EVENTS).await?);
    }
    seen.events.sort_by_key(|event| std::cmp::Reverse(event.received_at));
    for account in &facts.accounts {
        let Some(native) = account.native_id.clone() else { continue };
        let natives: [NativeId; 1] = [native];
        let found = observations::get_many(tx, &account.connection, &natives).await?.pop();
        seen.accounts.extend(found.map(|found| (account.id, found)));
    }
    seen.drifts = drifts::of_person(tx, facts.person.id).await?;
    for grant in &facts.grants {
        let Some(decision) = decisions::first(tx, facts.person.id, grant.valid_from).await? else { continue };
        let place = ledger::place_of(tx, decision.id).await?;
        seen.decided.insert(grant.id, Decided { decision, place });
    }
    seen.succession = succession::read(tx).await?;
    let filter = RunFilter { lane: Some(facts.person.id.to_string()), ..RunFilter::default() };
    let open = |row: &RunRow| matches!(row.status, RunStatus::Waiting | RunStatus::Blocked);
    seen.waiting = runs::list(tx, &filter, None, RUNS).await?.into_iter().filter(open).collect();
    Ok(seen)
}
