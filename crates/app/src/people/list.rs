//! Who there is, by name.

use tenure_model::{Engagement, Person};
use tenure_policy::authz::{Action, Thing};
use tenure_store::people::PeopleCursor;
use tenure_store::{StoreError, engagements, people};

use crate::cx::Cx;
use crate::error::AppError;

/// People with their engagements, from after the cursor, perhaps only those whose name holds this.
pub async fn list(
    cx: &Cx,
    search: Option<String>,
    after: Option<PeopleCursor>,
    limit: usize,
) -> Result<Vec<(Person, Vec<Engagement>)>, AppError> {
    cx.allow(Action::ListPeople, &Thing::Person(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = Vec::new();
            for person in people::list(tx, search.as_deref(), after.as_ref(), limit).await? {
                let theirs = engagements::of_person(tx, person.id).await?;
                found.push((person, theirs));
            }
            Ok::<_, StoreError>(found)
        })
    });
    Ok(job.await?)
}
