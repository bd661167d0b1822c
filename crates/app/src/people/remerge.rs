//! Working out anew what holds of everybody, because the documents say otherwise whose word counts.
//!
//! Only what is known of people changes. What follows for their access is decided when the next run
//! looks at them, or by whoever put the documents into force.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tenure_model::Strength;
use tenure_policy::Mapping;
use tenure_store::people::PeopleCursor;
use tenure_store::{StoreError, people, settings};

use crate::cx::House;
use crate::error::AppError;
use crate::estate::hex;
use crate::people::settle::settle;

/// Under which name the documents in force are noted.
const NOTED: &str = "authority";
/// People who are looked at in one transaction.
const AT_ONCE: usize = 50;

/// Looks at everybody again if other documents are in force than the last time. Says how many
/// people are another way now; none if the documents are the same.
#[tracing::instrument(name = "app.people.remerge", skip_all)]
pub async fn remerge(house: &Arc<House>) -> Result<Option<u64>, AppError> {
    let mark = mark(house);
    let before = house.store.read(|tx| Box::pin(async move { settings::get(tx, NOTED).await }));
    if before.await.map_err(|error: StoreError| AppError::from(error))?.as_ref() == Some(&mark) {
        return Ok(None);
    }
    let mut changed = 0;
    let mut after: Option<PeopleCursor> = None;
    loop {
        let (own, estate) = (Arc::clone(house), house.estate());
        let from = after.clone();
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                let page = people::list(tx, None, from.as_ref(), AT_ONCE).await?;
                let (last, mut changed) = (page.last().map(PeopleCursor::after), 0);
                for known in page {
                    let version = known.version;
                    let settled = settle(own.ids.as_ref(), &estate, tx, known, own.clock.now()).await?;
                    changed += u64::from(settled.person.version != version);
                }
                Ok::<_, AppError>((last, changed))
            })
        });
        let (last, more) = job.await?;
        changed += more;
        if last.is_none() {
            break;
        }
        after = last;
    }
    let job = house.store.write(move |tx| Box::pin(async move { settings::put(tx, NOTED, &mark).await }));
    job.await.map_err(|error: StoreError| AppError::from(error))?;
    Ok(Some(changed))
}

/// The documents in force, as a hash of what they say.
fn mark(house: &House) -> String {
    let estate = house.estate();
    let how: Vec<_> = estate.mappings.values().map(firmness).collect();
    hex(&Sha256::digest(format!("{:?} {:?} {how:?}", estate.authorities, estate.generators)))
}

/// How firmly a mapping says what, and of what: this counts for what its source told before, too.
pub(crate) fn firmness(mapping: &Mapping) -> Vec<Firmness<'_>> {
    let set = mapping.set.iter();
    set.map(|(name, one)| (name.as_str(), one.strength, one.refers_by.as_deref())).collect()
}

/// An attribute, how firmly it is said, and of what attribute of another person it is a value.
pub(crate) type Firmness<'m> = (&'m str, Strength, Option<&'m str>);
