//! `access/align`: what must change so that one person has what policy says. Reads only.
//!
//! Its result is the plan: it is recorded before the first write, shown by a simulation and by
//! `why`, and held back by the brakes. The grants that it decides on are written with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_connect::{Desired, Locator};
use tenure_engine::{Ended, Order};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{Account, AccountId, ConnectionName, Grant, GrantState, NativeId, PersonId, new_id};
use tenure_policy::brakes::{self, Verdict};
use tenure_policy::{Action, Change, PersonFacts, Plan};
use tenure_store::StoreError;
use tenure_store::journal::Attachment;

use super::{Done, OfPerson, done, entry, ledger, no, read, refused, store_refused};
use crate::cx::House;
use crate::people::facts;

/// One change, as it is handed to `access/change`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    /// For whom.
    pub person: PersonId,
    /// Where.
    pub connection: ConnectionName,
    /// Our account, if there is one already.
    pub account: Option<AccountId>,
    /// What it should be.
    pub desired: Desired,
    /// What is done, in a word.
    pub action: String,
    /// Why, each a sentence.
    pub why: Vec<String>,
}

pub(super) async fn perform(house: &House, order: &Order) -> Done {
    let OfPerson { person } = read(order)?;
    let facts = load(house, person).await?;
    let now = house.clock.now();
    let rules = house.resolved_rules().await.map_err(no)?;
    let plan = tracing::info_span!("policy.plan").in_scope(|| tenure_policy::plan(&facts, &rules, now));
    let wishes: Vec<Wish> = plan.changes.iter().map(|change| wish(house, &facts, change)).collect::<Result<_, _>>()?;
    let verdict = brakes::check(&[(person, plan.clone())].into(), &house.estate().brakes, &BTreeMap::new());
    let (outcome, held) = match verdict {
        Verdict::Hold { sentence, .. } => ("held", Some(sentence)),
        Verdict::Go if wishes.is_empty() => ("nothing", None),
        Verdict::Go => ("changes", None),
    };
    let findings: Vec<String> = plan.findings.iter().map(ToString::to_string).collect();
    let output = json!({
        "changes": wishes, "closing": plan.closing, "presence": plan.presence, "findings": findings, "held": held,
    });
    let mut attachments = grants(house, &facts, &plan);
    let mut record = entry(house, order, "plan.made").about(person);
    record.decision = Some(Word::or_hash(outcome));
    record = record.with(DetailKey::Count, i64::try_from(wishes.len()).unwrap_or(i64::MAX));
    attachments.push(ledger(house, &record));
    Ok(Ended { attachments, ..done(outcome, output) })
}

pub(super) async fn load(house: &House, person: PersonId) -> Result<PersonFacts, tenure_model::Ending> {
    let found = house
        .store
        .read(move |tx| Box::pin(async move { facts::load(tx, person).await }))
        .await
        .map_err(|error: StoreError| store_refused(error))?;
    found.ok_or_else(|| refused(format!("there is no person `{person}`")))
}

/// Grants that the plan decides on and that are not written yet, or have another end now.
fn grants(house: &House, facts: &PersonFacts, plan: &Plan) -> Vec<Attachment> {
    let now = house.clock.now();
    let mut rows = Vec::new();
    for desired in &plan.desired {
        let known = desired.grant.and_then(|id| facts.grants.iter().find(|grant| grant.id == id));
        match known {
            None => rows.push(Grant {
                id: new_id(house.ids.as_ref()),
                person: facts.person.id,
                connection: desired.connection.clone(),
                entitlement: desired.entitlement.clone(),
                reason: desired.reason.clone(),
                valid_from: now,
                valid_until: desired.until,
                state: GrantState::Pending,
                version: 1,
            }),
            Some(known) if known.valid_until != desired.until => {
                rows.push(Grant { valid_until: desired.until, version: known.version + 1, ..known.clone() });
            }
            Some(_) => {}
        }
    }
    rows.into_iter().map(|grant| Attachment::Grant(Box::new(grant))).collect()
}

pub(super) fn wish(house: &House, facts: &PersonFacts, change: &Change) -> Result<Wish, tenure_model::Ending> {
    let native = |id: &NativeId| Locator::Native(id.clone());
    let (account, desired) = match &change.action {
        Action::CreateAccount { attributes, entitlements } => {
            let estate = house.estate();
            let target = estate.rules.targets.get(&change.connection);
            let by = target.and_then(|target| target.template.matched_by.clone());
            let by = by.ok_or_else(|| {
                refused(format!("connection `{}` does not say how it knows its accounts", change.connection))
            })?;
            let value = attributes.get(&by).map(ToString::to_string).filter(|value| !value.is_empty());
            let value = value
                .ok_or_else(|| refused(format!("a new account at `{}` would have no `{by}`", change.connection)))?;
            let hold = entitlements.values().map(native).collect();
            (None, Desired::Present { account: Locator::attribute(by, value), attributes: attributes.clone(), hold })
        }
        Action::DisableAccount { account } => {
            (Some(*account), Desired::Disabled { account: locator(facts, *account)? })
        }
        Action::EnableAccount { account } => (Some(*account), Desired::Enabled { account: locator(facts, *account)? }),
        Action::AddEntitlement { account, native_id, .. } => {
            let (add, remove) = ([native(native_id)].into(), [].into());
            (Some(*account), Desired::Entitlements { account: locator(facts, *account)?, add, remove })
        }
        Action::RemoveEntitlement { account, native_id, .. } => {
            let (add, remove) = ([].into(), [native(native_id)].into());
            (Some(*account), Desired::Entitlements { account: locator(facts, *account)?, add, remove })
        }
    };
    Ok(Wish {
        person: facts.person.id,
        connection: change.connection.clone(),
        account,
        desired,
        action: change.action.word().to_owned(),
        why: change.why.clone(),
    })
}

fn locator(facts: &PersonFacts, id: AccountId) -> Result<Locator, tenure_model::Ending> {
    let account: Option<&Account> = facts.accounts.iter().find(|account| account.id == id);
    let native = account.and_then(|account| account.native_id.clone());
    native.map(Locator::Native).ok_or_else(|| refused(format!("account `{id}` was never seen")))
}
