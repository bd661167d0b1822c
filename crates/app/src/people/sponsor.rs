//! Who answers for an agent, an account of a service or a guest: somebody who is there, and not itself.

use std::sync::Arc;

use tenure_ledger::{DetailKey, Hash};
use tenure_model::{Person, PersonId, Standing};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{Tx, engagements, people};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::show;
use crate::{reason, record};

/// Says who answers for somebody or something from now on, and why.
pub async fn sponsor(cx: &Cx, person: String, to: String, reason: String) -> Result<Person, AppError> {
    cx.allow(Action::SponsorPerson, &Thing::Person(None))?;
    reason::said(&reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let id = show::find(tx, &person).await?.ok_or_else(|| AppError::no("person", &person))?;
            let to = show::find(tx, &to).await?.ok_or_else(|| AppError::no("person", &to))?;
            let known = people::get(tx, id).await?.ok_or_else(|| AppError::no("person", id))?;
            if to == id {
                return Err(AppError::Conflict("nobody is their own sponsor".to_owned()));
            }
            must_be_there(&own, tx, to).await?;
            if known.sponsor == Some(to) {
                return Ok(known);
            }
            let person = Person { sponsor: Some(to), version: known.version + 1, ..known };
            people::update(tx, &person).await?;
            let house = Arc::clone(&own.house);
            let entry = record::entry(house.clock.as_ref(), &own.actor, "sponsor.changed").about(id);
            let entry = entry.with(DetailKey::Payload, Hash::of(reason.as_bytes()));
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(person)
        })
    });
    job.await
}

/// Whoever answers for something must be there.
pub(crate) async fn must_be_there(cx: &Cx, tx: &mut Tx, sponsor: PersonId) -> Result<(), AppError> {
    let known = people::get(tx, sponsor).await?.ok_or_else(|| AppError::no("person", sponsor))?;
    let theirs = engagements::of_person(tx, sponsor).await?;
    match tenure_model::standing(&theirs, cx.house.clock.now()) {
        Standing::Active | Standing::OnLeave => Ok(()),
        Standing::Planned | Standing::Left | Standing::None => {
            let reason = format!("{} does not work here now, so cannot answer for an account", known.display_name);
            Err(AppError::Conflict(reason))
        }
    }
}
