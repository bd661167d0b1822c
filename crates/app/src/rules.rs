//! The rules in force, with every entitlement under the name that its system gave it.
//!
//! Documents name entitlements for people; systems name them for themselves. What a name means
//! is asked of the system once and kept. A name that the system does not know stays unresolved:
//! the plan says so as a finding and gives nothing for it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use sha2::{Digest as _, Sha256};
use tenure_connect::{AnyConnector, Description, ObjectClass, Page, Query, Refusal, SeenEntitlement, Verb};
use tenure_model::NativeId;
use tenure_policy::Rules;
use tenure_policy::plan::Reach;
use tenure_store::decisions::Kept;

use crate::cx::House;
use crate::live::{Built, InForce};

impl House {
    /// The rules as far as they are resolved; for looking, not for acting.
    pub fn rules(&self) -> Arc<Rules> {
        let now = self.live.now();
        let known = now.resolved.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.unwrap_or_else(|| Arc::new(now.built.estate.rules.clone()))
    }

    /// The rules with every name resolved that its system knows. Asks the systems the first time.
    pub async fn resolved_rules(&self) -> Result<Arc<Rules>, Refusal> {
        self.live.now().resolved_rules().await
    }
}

impl InForce {
    /// The hash of these rules, and their JSON until they are kept.
    pub(crate) fn kept(&self, rules: &Arc<Rules>) -> Kept {
        let known = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((last, hash)) = known
            && Arc::ptr_eq(&last, rules)
        {
            return Kept { hash, body: None };
        }
        let body = serde_json::to_string(rules.as_ref()).unwrap_or_default();
        Kept { hash: Sha256::digest(body.as_bytes()).into(), body: Some(body) }
    }

    /// These rules are in the database.
    pub(crate) fn keep(&self, rules: &Arc<Rules>, hash: [u8; 32]) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(rules), hash));
    }

    /// The rules with every name resolved that its system knows. Asks the systems the first time.
    pub async fn resolved_rules(&self) -> Result<Arc<Rules>, Refusal> {
        if let Some(known) = self.resolved.read().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(known);
        }
        let rules = Arc::new(self.built.resolved_rules().await?);
        *self.resolved.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rules));
        Ok(rules)
    }
}

impl Built {
    /// The rules with every name resolved that its system knows. Asks the systems, and writes nothing there.
    pub async fn resolved_rules(&self) -> Result<Rules, Refusal> {
        let mut rules = self.estate.rules.clone();
        for (connection, target) in &mut rules.targets {
            let Some(connector) = self.connectors.get(connection) else { continue };
            target.reach = reach(connector.describe());
            if target.entitlements.is_empty() {
                continue;
            }
            let seen = entitlements(connector.as_ref()).await?;
            target.entitlements = resolve(&target.entitlements, &seen);
        }
        Ok(rules)
    }
}

/// What a connector can do beyond what every one can. The attribute that names an account is as
/// good as one that says where it is: others know the account by it.
fn reach(description: &Description) -> Reach {
    let account = description.class(ObjectClass::Account);
    let placing = account.into_iter().flat_map(|class| {
        let rules = class.attributes.iter().filter(|rule| rule.placing).map(|rule| rule.name.clone());
        rules.chain([class.naming_attribute.clone()])
    });
    Reach {
        placing: placing.collect(),
        restores: description.verbs.contains_key(&Verb::Restore),
        deletes: description.verbs.contains_key(&Verb::Delete),
    }
}

/// By the name that documents use, what the system calls it. What it does not know is left out.
fn resolve(wanted: &BTreeMap<String, NativeId>, seen: &[SeenEntitlement]) -> BTreeMap<String, NativeId> {
    let find = |name: &NativeId| {
        let fits = |one: &&SeenEntitlement| one.native_id == *name || one.name == name.as_str();
        seen.iter().find(fits).map(|one| one.native_id.clone())
    };
    wanted.iter().filter_map(|(document, name)| Some((document.clone(), find(name)?))).collect()
}

async fn entitlements(connector: &dyn AnyConnector) -> Result<Vec<SeenEntitlement>, Refusal> {
    let (query, mut page) = (Query::entitlements(), Page::first());
    let mut all = Vec::new();
    loop {
        let batch = connector.read(&query, &page).await?;
        all.extend(batch.objects.into_iter().filter_map(|seen| seen.entitlement().cloned()));
        match batch.next {
            Some(token) => page = page.then(token),
            None => return Ok(all),
        }
    }
}
