//! What was merged and split.

use tenure_model::MergeId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::merges::{self, Merge};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::show;

/// Merges and splits, the newest first, perhaps only of one person.
pub async fn list(
    cx: &Cx,
    person: Option<String>,
    before: Option<MergeId>,
    limit: usize,
) -> Result<Vec<Merge>, AppError> {
    cx.allow(Action::ListPeople, &Thing::Person(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let person = match &person {
                None => None,
                Some(name) => Some(show::find(tx, name).await?.ok_or_else(|| AppError::no("person", name))?),
            };
            Ok::<_, AppError>(merges::list(tx, person, before, limit).await?)
        })
    });
    job.await
}
