//! Access of everybody together: who has something, what would explain it, and what another rule
//! would change.

pub mod mine;
pub mod what_if;
pub mod who;

use std::collections::{BTreeSet, HashMap};

use tenure_model::PersonId;
use tenure_policy::columns::EntitlementName;
use tenure_store::{StoreError, grants};

use crate::cx::House;
use crate::error::AppError;
use crate::limits::POPULATION_PAGE;

/// Somebody, for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Who.
    pub person: PersonId,
    /// What to call them.
    pub display_name: String,
}

impl Named {
    fn of(person: PersonId, names: &HashMap<PersonId, String>) -> Self {
        Self { person, display_name: names.get(&person).cloned().unwrap_or_default() }
    }
}

/// Everybody who holds this by a grant that was read back.
async fn holders(house: &House, name: &EntitlementName) -> Result<BTreeSet<PersonId>, AppError> {
    let mut all = BTreeSet::new();
    let mut after = None;
    loop {
        let name = name.clone();
        let read = house.store.read(move |tx| {
            Box::pin(
                async move { grants::holders(tx, &name.connection, &name.entitlement, after, POPULATION_PAGE).await },
            )
        });
        let found: Result<Vec<PersonId>, StoreError> = read.await;
        let found = found?;
        after = found.last().copied();
        all.extend(found);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// An entitlement that some target knows, or a refusal that names it.
fn known(house: &House, name: &EntitlementName) -> Result<(), AppError> {
    let estate = house.estate();
    let target = estate.rules.targets.get(&name.connection);
    let target = target.ok_or_else(|| AppError::no("target", &name.connection))?;
    if target.entitlements.contains_key(&name.entitlement) {
        Ok(())
    } else {
        Err(AppError::NotFound { what: format!("entitlement `{}` at `{}`", name.entitlement, name.connection) })
    }
}
