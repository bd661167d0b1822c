//! Whom a plan touches, and how.

use tenure_model::{PersonId, PlanId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::plans;

use crate::cx::Cx;
use crate::error::AppError;
use crate::limits::PLAN_PAGE;
use crate::plans::outcome::Outcome;

/// People whom a plan touches, by their ids, from after the cursor; perhaps only those about whom
/// this text says something: a role, a system, an entitlement, or a name.
pub async fn people(
    cx: &Cx,
    plan: PlanId,
    about: Option<String>,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<Outcome>, AppError> {
    cx.allow(Action::ReadPlan, &Thing::Plan)?;
    let known = cx.house.store.read(move |tx| Box::pin(async move { plans::get(tx, plan).await }));
    known.await.map_err(|error: StoreError| AppError::from(error))?.ok_or_else(|| AppError::no("plan", plan))?;
    let about = about.map(|about| about.trim().to_lowercase());
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let job =
            cx.house.store.read(move |tx| Box::pin(async move { plans::people(tx, plan, after, PLAN_PAGE).await }));
        let page = job.await.map_err(|error: StoreError| AppError::from(error))?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.person);
        for one in &page {
            let outcome: Outcome =
                serde_json::from_str(&one.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
            if about.as_ref().is_none_or(|about| speaks_of(&outcome, about)) {
                found.push(outcome);
            }
            if found.len() >= limit {
                return Ok(found);
            }
        }
    }
}

fn speaks_of(outcome: &Outcome, about: &str) -> bool {
    let is = |text: &str| text.to_lowercase() == about;
    let write = |write: &crate::plans::outcome::Write| {
        is(write.connection.as_str())
            || write.entitlements.iter().any(|entitlement| is(entitlement))
            || write.roles.iter().any(|role| is(role.as_str()))
    };
    let end = |end: &crate::plans::outcome::End| {
        is(&end.entitlement) || end.role.as_ref().is_some_and(|role| is(role.as_str()))
    };
    let value = |value: &crate::plans::values::ValueChange| {
        is(&value.attribute) || value.by.as_ref().is_some_and(|by| is(by.as_str()))
    };
    outcome.values.iter().any(value)
        || outcome.name.to_lowercase().contains(about)
        || is(&outcome.person.to_string())
        || outcome.changes.iter().any(write)
        || outcome.ends.iter().any(end)
}
