//! What was known and a whole reading did not meet: each is looked for once more by itself before
//! it is called gone.

use std::sync::Arc;

use tenure_connect::{AnyConnector, Locator};
use tenure_model::{AccountState, ConnectionName, NativeId, Observation, Observed};
use tenure_store::{StoreError, observations};

use super::judge::{self, Judged};
use super::known::Known;
use super::turn::Hold;
use super::{Sighting, observation};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::JUDGED_AT_ONCE;

/// Looks for each of them, and judges what was found.
pub(super) async fn conclude(
    house: &Arc<House>,
    connection: &ConnectionName,
    connector: &dyn AnyConnector,
    known: &Known,
    hold: &mut Hold<'_>,
) -> Result<Judged, AppError> {
    let mut judged = Judged::default();
    let mut after: Option<NativeId> = None;
    loop {
        let (name, from) = (connection.clone(), after.take());
        let page =
            house.store.read(move |tx| Box::pin(async move { observations::hashes(tx, &name, from.as_ref()).await }));
        let page: Vec<observations::Hashed> = page.await.map_err(|error: StoreError| AppError::from(error))?;
        let Some((last, _)) = page.last() else { return Ok(judged) };
        after = Some(last.clone());
        let missing: Vec<NativeId> =
            page.into_iter().map(|(native, _)| native).filter(|native| known.is_missing(native)).collect();
        for part in missing.chunks(JUDGED_AT_ONCE) {
            hold.renew().await?;
            judged.add(look_for(house, connection, connector, part.to_vec()).await?);
        }
    }
}

/// Looks for each of these by itself, and judges what was found.
pub(super) async fn look_for(
    house: &Arc<House>,
    connection: &ConnectionName,
    connector: &dyn AnyConnector,
    missing: Vec<NativeId>,
) -> Result<Judged, AppError> {
    if missing.is_empty() {
        return Ok(Judged::default());
    }
    let (name, wanted) = (connection.clone(), missing);
    let before = house.store.read(move |tx| Box::pin(async move { observations::get_many(tx, &name, &wanted).await }));
    let before: Vec<Observation> = before.await.map_err(|error: StoreError| AppError::from(error))?;
    let mut sightings = Vec::with_capacity(before.len());
    for known in before {
        let asked_at = house.clock.now();
        let found = connector.get(&Locator::Native(known.native_id.clone())).await.map_err(AppError::Target)?;
        let seen = match found {
            Some(seen) => observation(house, connection, None, &seen),
            None => observation(house, connection, None, &gone(&known, asked_at)),
        };
        sightings.extend(seen.map(|seen| Sighting { seen, asked_at }));
    }
    judge::judge(house, connection, sightings).await
}

fn gone(known: &Observation, at: jiff::Timestamp) -> Observed {
    Observed {
        native_id: Some(known.native_id.clone()),
        name: known.name.clone(),
        state: AccountState::Gone,
        holds: [].into(),
        attributes: known.attributes.clone(),
        at,
    }
}
