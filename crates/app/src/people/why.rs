//! Why somebody has what they have, or does not.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_model::{Account, GrantState, Person, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::{PersonFacts, Plan};
use tenure_store::StoreError;

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{facts, show};

/// One answer, from the fact to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// What it is about, such as `ldap group/staff`.
    pub access: String,
    /// Where it stands, such as `held`.
    pub state: String,
    /// The chain of reasons, each a sentence, the outermost first.
    pub chain: Vec<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// The answers for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// Who.
    pub person: Person,
    /// The answers.
    pub because: Vec<Because>,
}

/// Explains what a person has, perhaps only what bears this name.
pub async fn why(cx: &Cx, name: String, access: Option<String>) -> Result<Why, AppError> {
    cx.allow(Action::ReadWhy, &Thing::Person(None))?;
    let rules = cx.house.rules();
    let own = Arc::clone(&rules);
    let found = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(person) = show::find(tx, &name).await? else { return Ok::<_, StoreError>(None) };
            facts::load_for(tx, person, &own).await
        })
    });
    let facts = found.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })?;
    let now = cx.house.clock.now();
    let plan = tenure_policy::plan(&facts, &rules, now);
    let mut because = accounts(&facts);
    because.extend(grants(&facts));
    because.extend(missing(&facts, &plan));
    if let Some(wanted) = access {
        because.retain(|answer| answer.access.contains(&wanted));
    }
    Ok(Why { person: facts.person, because })
}

fn accounts(facts: &PersonFacts) -> Vec<Because> {
    facts.accounts.iter().map(|account| account_answer(facts, account)).collect()
}

fn account_answer(facts: &PersonFacts, account: &Account) -> Because {
    let roles = facts
        .grants
        .iter()
        .filter(|grant| grant.connection == account.connection && grant.state != GrantState::Revoked)
        .map(|grant| format!("{} needs it: {}", grant.entitlement, grant.reason));
    let mut chain: Vec<String> = engagement_chain(facts);
    chain.extend(roles);
    chain.push(match account.seen_at {
        Some(at) => format!("seen as {} at {at}", account.state),
        None => "never seen".to_owned(),
    });
    Because {
        access: format!("{} account {}", account.connection, account.name),
        state: account.state.to_string(),
        chain,
        since: account.seen_at,
    }
}

fn grants(facts: &PersonFacts) -> Vec<Because> {
    facts
        .grants
        .iter()
        .map(|grant| {
            let mut chain = engagement_chain(facts);
            chain.push(grant.reason.to_string());
            chain.extend(grant.valid_until.map(|until| format!("until {until}")));
            Because {
                access: format!("{} {}", grant.connection, grant.entitlement),
                state: grant.state.to_string(),
                chain,
                since: Some(grant.valid_from),
            }
        })
        .collect()
}

fn missing(facts: &PersonFacts, plan: &Plan) -> Vec<Because> {
    let open = plan.changes.iter().map(|change| Because {
        access: change.connection.to_string(),
        state: format!("to do: {}", change.action.word()),
        chain: change.why.clone(),
        since: None,
    });
    let not = plan.findings.iter().map(|finding| Because {
        access: "not given".to_owned(),
        state: "absent".to_owned(),
        chain: engagement_chain(facts).into_iter().chain([finding.to_string()]).collect(),
        since: None,
    });
    open.chain(not).collect()
}

fn engagement_chain(facts: &PersonFacts) -> Vec<String> {
    facts
        .engagements
        .iter()
        .map(|engagement| {
            let until = engagement.last_day.map_or_else(|| "no end known".to_owned(), |day| format!("last day {day}"));
            let (source, key, first) = (&engagement.source, &engagement.key, engagement.first_day);
            format!("{source} says: engagement {key} as {}, first day {first}, {until}", engagement.kind.word())
        })
        .collect()
}

/// The id of whoever this answer is about.
impl Why {
    /// Whom it is about.
    pub fn id(&self) -> PersonId {
        self.person.id
    }
}
