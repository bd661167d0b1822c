//! One held set: why, how much, and what was said of it.

use tenure_model::{HeldId, PersonId, RemovalId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::brakes::{Brake, STARTS};
use tenure_store::removals::{self, HeldAnswer, HeldSet, HeldSize, Removal};
use tenure_store::{StoreError, Tx, people, starts};

use crate::cx::Cx;
use crate::error::AppError;

/// A held set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The set.
    pub set: HeldSet,
    /// Why, as a sentence.
    pub because: String,
    /// How much it holds.
    pub size: HeldSize,
    /// What was said of it.
    pub answers: Vec<HeldAnswer>,
}

/// Shows one held set.
pub async fn show(cx: &Cx, held: HeldId) -> Result<Shown, AppError> {
    cx.allow(Action::ReadHeld, &Thing::Held)?;
    let job = cx.house.store.read(move |tx| Box::pin(async move { find(tx, held).await }));
    job.await
}

/// What a set holds, with the names of the people, from after the cursor.
pub async fn removals_of(
    cx: &Cx,
    held: HeldId,
    after: Option<(PersonId, RemovalId)>,
    limit: usize,
) -> Result<Vec<(Removal, String)>, AppError> {
    cx.allow(Action::ReadHeld, &Thing::Held)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            removals::set(tx, held).await?.ok_or_else(|| AppError::no("held set", held))?;
            let mut named = Vec::new();
            for row in removals::of_set(tx, held, after, limit).await? {
                let person = people::get(tx, row.person).await?;
                named.push((row, person.map(|person| person.display_name).unwrap_or_default()));
            }
            Ok(named)
        })
    });
    job.await
}

pub(super) async fn find(tx: &mut Tx, held: HeldId) -> Result<Shown, AppError> {
    let set = removals::set(tx, held).await?.ok_or_else(|| AppError::no("held set", held))?;
    Ok(whole(tx, set).await?)
}

pub(super) async fn whole(tx: &mut Tx, set: HeldSet) -> Result<Shown, StoreError> {
    let because = serde_json::from_str::<Brake>(&set.brake).map(|brake| brake.sentence()).unwrap_or_default();
    let size = if set.family == STARTS { starts::size(tx, set.id).await? } else { removals::size(tx, set.id).await? };
    let answers = removals::answers(tx, set.id).await?;
    Ok(Shown { set, because, size, answers })
}
