//! What the brakes must know besides the set that they look at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use tenure_model::{AccountId, ConnectionName, NativeId, PersonId};
use tenure_policy::brakes::{Background, Limits, Removal};
use tenure_store::removals::{Counting, accounts_since, count_people};
use tenure_store::{StoreError, Tx, accounts};

use crate::cx::House;

/// What must be known, read in a transaction of its own: for looking, not for acting.
pub(crate) async fn background(
    house: &House,
    set: &[Removal],
    limits: &Limits,
    but: Option<PersonId>,
) -> Result<Background, StoreError> {
    let (set, limits, now) = (set.to_vec(), limits.clone(), house.clock.now());
    let job = house.store.read(move |tx| Box::pin(async move { within(tx, &set, &limits, but, now).await }));
    job.await
}

/// The same within the transaction that acts on it. `but` is not counted among those of before.
pub(crate) async fn within(
    tx: &mut Tx,
    set: &[Removal],
    limits: &Limits,
    but: Option<PersonId>,
    now: jiff::Timestamp,
) -> Result<Background, StoreError> {
    let connections: BTreeSet<&ConnectionName> = set.iter().map(|removal| &removal.connection).collect();
    let mut known = Background::default();
    for connection in &connections {
        let population = accounts::count(tx, connection).await?;
        known.population.insert((*connection).clone(), population);
        for (bound_at, bound) in limits.bounds.iter().enumerate() {
            let about = |removal: &&Removal| removal.connection == **connection && bound.is_about(removal);
            if !set.iter().any(|removal| about(&removal)) {
                continue;
            }
            for (window_at, window) in bound.windows.iter().enumerate() {
                let counting = Counting {
                    connection,
                    kind: bound.kind.map(tenure_policy::brakes::Kind::word),
                    what: bound.what.as_deref(),
                    privileged: bound.privileged,
                    urgent: bound.urgent,
                    since: now.checked_sub(i64::from(window.hours).hours()).unwrap_or(now),
                    but,
                    most: window.limit(population).saturating_add(1),
                };
                let people = count_people(tx, counting).await?;
                known.before.insert((bound_at, window_at, (*connection).clone()), people);
            }
        }
    }
    known.admins = admins(tx, set, now).await?;
    Ok(known)
}

type Admins = BTreeMap<(ConnectionName, NativeId), BTreeSet<AccountId>>;

/// Who can administer what, without those from whom something was let go and who may not know it yet.
async fn admins(tx: &mut Tx, set: &[Removal], now: jiff::Timestamp) -> Result<Admins, StoreError> {
    let wanted: BTreeSet<(ConnectionName, NativeId)> = set
        .iter()
        .flat_map(|removal| removal.administers.iter().map(|id| (removal.connection.clone(), id.clone())))
        .collect();
    let mut found = Admins::new();
    for (connection, entitlement) in wanted {
        let going = accounts_since(tx, &connection, now.checked_sub(24.hours()).unwrap_or(now)).await?;
        let mut holders = accounts::active_holders(tx, &connection, &entitlement).await?;
        holders.retain(|account| !going.contains(account));
        found.insert((connection, entitlement), holders.into_iter().collect());
    }
    Ok(found)
}
