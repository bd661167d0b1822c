//! What of somebody's removals may go on now: counted and noted in one transaction, so that two runs
//! at the same moment do not both take the last place of a window.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_model::{Actor, HeldId, PersonId, RemovalId};
use tenure_policy::brakes::{self, Limits, Removal};
use tenure_store::{StoreError, Tx, removals};

use super::background::within;
use super::{Fate, hold, row, same};
use crate::cx::House;

/// Which of these removals are withheld, by their places, each with the set that holds it. Asked again
/// by the same step it gives the same answer.
pub(crate) async fn reserve(
    house: &Arc<House>,
    person: PersonId,
    set: Vec<Removal>,
    step: String,
) -> Result<BTreeMap<usize, HeldId>, StoreError> {
    if set.is_empty() {
        return Ok(BTreeMap::new());
    }
    let own = Arc::clone(house);
    let limits = house.estate().brakes.clone();
    let job =
        house.store.write(move |tx| Box::pin(async move { in_turn(&own, tx, person, &set, &step, &limits).await }));
    job.await
}

async fn in_turn(
    house: &House,
    tx: &mut Tx,
    person: PersonId,
    set: &[Removal],
    step: &str,
    limits: &Limits,
) -> Result<BTreeMap<usize, HeldId>, StoreError> {
    let now = house.clock.now();
    let connections: Vec<_> = set.iter().map(|removal| removal.connection.clone()).collect();
    removals::take_turn(tx, &connections).await?;
    let known = removals::of_person(tx, person, step, now).await?;
    let (mut held, mut taken, mut fresh) = (BTreeMap::new(), Vec::<RemovalId>::new(), Vec::<usize>::new());
    for (place, removal) in set.iter().enumerate() {
        let mut rows = known.iter().filter(|row| same(row, removal));
        // What was let go comes before what is held: a yes may be younger than the no.
        match rows.clone().find(|row| row.let_at.is_some()).or_else(|| rows.next()) {
            Some(row) if row.taken_by.is_some() => {}
            Some(row) if row.let_at.is_some() => taken.push(row.id),
            Some(row) => {
                held.extend(row.held.map(|set| (place, set)));
            }
            None => fresh.push(place),
        }
    }
    removals::taken(tx, &taken, step).await?;
    let new: Vec<Removal> = fresh.iter().filter_map(|place| set.get(*place)).cloned().collect();
    let seen = within(tx, &new, limits, Some(person), now).await?;
    let found = brakes::check(&new, limits, &seen);
    let mut rows = Vec::new();
    let mut waiting: BTreeSet<usize> = BTreeSet::new();
    for brake in &found {
        let id = hold(house, tx, &brake.brake, None, &Actor::system("engine")).await?;
        for place in brake.removals.iter().filter(|place| !waiting.contains(*place)) {
            rows.extend(new.get(*place).map(|removal| row(house, removal, Fate::Held(id))));
            held.extend(fresh.get(*place).map(|at| (*at, id)));
        }
        waiting.extend(&brake.removals);
    }
    let goes = new.iter().enumerate().filter(|(place, _)| !waiting.contains(place));
    rows.extend(goes.map(|(_, removal)| row(house, removal, Fate::Taken(step))));
    removals::insert(tx, &rows).await?;
    Ok(held)
}
