//! What would be done for a person now, without doing it.

use std::sync::Arc;

use tenure_model::PersonId;
use tenure_policy::Plan;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{facts, show};

/// Plans for one person. Nothing is written anywhere.
pub async fn plan(cx: &Cx, name: String) -> Result<(PersonId, Plan), AppError> {
    cx.allow(Action::PlanPerson, &Thing::Person(None))?;
    let rules = cx.house.rules();
    let own = Arc::clone(&rules);
    let facts = cx.house.store.read(move |tx| {
        Box::pin(async move {
            match show::find(tx, &name).await? {
                Some(person) => facts::load_for(tx, person, &own).await,
                None => Ok::<_, StoreError>(None),
            }
        })
    });
    let facts = facts.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })?;
    let plan = tenure_policy::plan(&facts, &rules, cx.house.clock.now());
    Ok((facts.person.id, plan))
}
