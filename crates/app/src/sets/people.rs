//! Who is in a set, what becomes of each, and why it cannot begin for some.

use std::collections::BTreeMap;

use tenure_model::{PersonId, SetId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::people as rows;
use tenure_store::sets::{self, SetPerson, SetPersonState};

use super::get;
use crate::cx::Cx;
use crate::error::AppError;

/// People of a set with their names, by their places, from after the cursor; perhaps only those who
/// stand so.
pub async fn people(
    cx: &Cx,
    id: SetId,
    state: Option<SetPersonState>,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<(SetPerson, Option<String>)>, AppError> {
    cx.allow(Action::ListPeople, &Thing::Person(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            get(tx, id).await?;
            let people = sets::people(tx, id, state, after.unwrap_or(0), limit).await?;
            let ids: Vec<PersonId> = people.iter().filter_map(|one| one.person).collect();
            let found = rows::of_ids(tx, &ids).await?;
            let names: BTreeMap<PersonId, String> =
                found.into_iter().map(|person| (person.id, person.display_name)).collect();
            let named = |one: SetPerson| {
                let name = one.person.and_then(|person| names.get(&person).cloned());
                (one, name)
            };
            Ok(people.into_iter().map(named).collect())
        })
    });
    job.await
}
