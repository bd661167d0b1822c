//! How old what we believe of each connected system is.

use jiff::Timestamp;
use tenure_connect::{ChangeFeed, ObjectClass};
use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};
use tenure_store::readings::{self, Reading};
use tenure_store::{StoreError, drifts, observations};

use crate::cx::{Cx, House};
use crate::error::AppError;

/// How far the readings of a connection came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What is kept of it.
    pub reading: Reading,
    /// Since when everything that is kept of the system was true there; nothing if it was never
    /// read.
    pub true_since: Option<Timestamp>,
}

/// Every target.
pub async fn list(cx: &Cx) -> Result<Vec<Shown>, AppError> {
    cx.allow(Action::ListDrift, &Thing::Connection(None))?;
    all(&cx.house).await
}

/// One of them.
pub async fn show(cx: &Cx, connection: &ConnectionName) -> Result<Shown, AppError> {
    cx.allow(Action::ListDrift, &Thing::Connection(Some(connection.clone())))?;
    let all = all(&cx.house).await?;
    let found = all.into_iter().find(|shown| shown.reading.connection == *connection);
    found.ok_or_else(|| AppError::no("connection that is read", connection))
}

/// Every target, for whoever is not asked who they are.
pub async fn all(house: &House) -> Result<Vec<Shown>, AppError> {
    let known: Vec<Reading> = house
        .store
        .read(|tx| Box::pin(async move { readings::all(tx).await }))
        .await
        .map_err(|error: StoreError| AppError::from(error))?;
    let estate = house.estate();
    let targets = estate.connections.iter().filter(|(name, known)| known.is_target && house.connector(name).is_some());
    let of = |name: &ConnectionName| known.iter().find(|reading| reading.connection == *name).cloned();
    Ok(targets.map(|(name, _)| shown(house, name.clone(), of(name))).collect())
}

pub(super) fn shown(house: &House, connection: ConnectionName, reading: Option<Reading>) -> Shown {
    let feed = house.connector(&connection).map(|connector| connector.describe().feed(ObjectClass::Account));
    let reading = reading.unwrap_or_else(|| Reading::never(connection));
    // A list of changes that leaves out what vanished says nothing about what is still there.
    let followed = reading.followed_at.filter(|_| feed == Some(ChangeFeed::Precise));
    let true_since = reading.whole_at.map(|whole| followed.map_or(whole, |followed| followed.max(whole)));
    Shown { reading, true_since }
}

/// Numbers for the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Of every target that was ever read: how many seconds old what we believe is.
    pub age_seconds: Vec<(ConnectionName, i64)>,
    /// Accounts of nobody.
    pub orphans: Vec<(ConnectionName, i64)>,
    /// What is open.
    pub open: Vec<drifts::Count>,
}

/// Numbers for the metrics.
pub async fn freshness(house: &House) -> Result<Freshness, AppError> {
    let now = house.clock.now();
    let mut freshness = Freshness::default();
    for shown in all(house).await? {
        let name = shown.reading.connection.clone();
        let Some(since) = shown.true_since else { continue };
        freshness.age_seconds.push((name.clone(), now.duration_since(since).as_secs()));
        freshness.orphans.push((name, i64::try_from(shown.reading.tally.orphans).unwrap_or(i64::MAX)));
    }
    let job = house.store.read(|tx| Box::pin(async move { drifts::count_open(tx).await }));
    freshness.open = job.await.map_err(|error: StoreError| AppError::from(error))?;
    Ok(freshness)
}

/// Accounts of nobody in a connected system, from after this one.
pub async fn orphans(
    cx: &Cx,
    connection: &ConnectionName,
    after: Option<tenure_model::NativeId>,
    limit: usize,
) -> Result<Vec<tenure_model::Observation>, AppError> {
    cx.allow(Action::ListDrift, &Thing::Connection(Some(connection.clone())))?;
    if !cx.house.estate().connections.contains_key(connection) {
        return Err(AppError::no("connection", connection));
    }
    let name = connection.clone();
    let job = cx
        .house
        .store
        .read(move |tx| Box::pin(async move { observations::orphans(tx, &name, after.as_ref(), limit).await }));
    job.await.map_err(|error: StoreError| AppError::from(error))
}
