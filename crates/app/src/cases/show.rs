//! One case, with those whom it may be about.

use tenure_model::{CaseId, Engagement, Person};
use tenure_policy::authz::{Action, Thing};
use tenure_store::cases::{self, Case};
use tenure_store::{StoreError, Tx, engagements, people};

use crate::cx::Cx;
use crate::error::AppError;

/// A case, with those whom it may be about.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The case.
    pub case: Case,
    /// Whom it may be about.
    pub candidates: Vec<(Person, Vec<Engagement>)>,
}

/// Shows one case, answered or not.
pub async fn show(cx: &Cx, case: CaseId) -> Result<Shown, AppError> {
    cx.allow(Action::ListCases, &Thing::Case(Some(case)))?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { find(tx, case).await }));
    job.await
}

pub(super) async fn find(tx: &mut Tx, case: CaseId) -> Result<Shown, AppError> {
    let found = cases::get(tx, case).await?.ok_or_else(|| AppError::no("case", case))?;
    Ok(with_candidates(tx, found).await?)
}

pub(super) async fn with_candidates(tx: &mut Tx, case: Case) -> Result<Shown, StoreError> {
    let mut candidates = Vec::with_capacity(case.candidates.len());
    for id in &case.candidates {
        if let Some(person) = people::get(tx, *id).await? {
            candidates.push((person, engagements::of_person(tx, *id).await?));
        }
    }
    Ok(Shown { case, candidates })
}
