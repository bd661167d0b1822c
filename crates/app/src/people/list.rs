//! Who there is, by name.

use tenure_model::{Engagement, Person, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::people::PeopleCursor;
use tenure_store::{engagements, people};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::show;

/// People with their engagements, from after this one, perhaps only those whose name holds this text, or
/// whose key it is.
pub async fn list(
    cx: &Cx,
    search: Option<String>,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<(Person, Vec<Engagement>)>, AppError> {
    cx.allow(Action::ListPeople, &Thing::Person(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            // The place in the list is looked up by the id, so that no name gets into a cursor.
            let after = match after {
                None => None,
                Some(id) => Some(people::get(tx, id).await?.ok_or_else(|| AppError::no("person", id))?),
            };
            let after = after.as_ref().map(PeopleCursor::after);
            let mut people = people::list(tx, search.as_deref(), after.as_ref(), limit).await?;
            // Whoever types a key means its one owner, whose name need not hold it.
            if after.is_none()
                && people.is_empty()
                && let Some(key) = &search
            {
                let owner = show::find(tx, key).await?;
                people.extend(match owner {
                    Some(id) => people::get(tx, id).await?,
                    None => None,
                });
            }
            let mut found = Vec::new();
            for person in people {
                let theirs = engagements::of_person(tx, person.id).await?;
                found.push((person, theirs));
            }
            Ok(found)
        })
    });
    job.await
}
