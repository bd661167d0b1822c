//! The desk at which connectors ask humans: their requests become tasks, and what was said is kept.

use std::sync::{Arc, OnceLock, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use tenure_connect::desk::{Answer, Attestation, Desk, Request, Said};
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::{ConnectionName, HumanTask, Name, NativeId, RunId, TaskId, TaskKind};
use tenure_store::attestations::{self, Attested};
use tenure_store::{StoreError, tasks};

use crate::cx::House;
use crate::error::AppError;
use crate::limits::{ATTESTATIONS_OF_ACCOUNT_MAX, ATTESTATIONS_OF_CONNECTION_MAX};
use crate::tasks::open::{Opening, open};

/// The desk of a house. It is made before the house, because connectors are.
#[derive(Debug, Default)]
pub struct HouseDesk {
    house: OnceLock<Weak<House>>,
}

impl HouseDesk {
    /// A desk that stands nowhere yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The desk stands in this house from now on.
    pub fn stand_in(&self, house: &Arc<House>) {
        // A house is opened once; a second one for the same desk would be a mistake of ours.
        drop(self.house.set(Arc::downgrade(house)));
    }

    fn house(&self) -> Result<Arc<House>, Refusal> {
        let house = self.house.get().and_then(Weak::upgrade);
        house.ok_or_else(|| Refusal::new(RefusalClass::Maintenance, "nobody can be asked before Tenure has started"))
    }
}

impl Desk for HouseDesk {
    fn ask<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, Refusal>> {
        async move {
            let house = self.house()?;
            let (own, opening) = (Arc::clone(&house), opening(&house, request));
            let job = house.store.write(move |tx| Box::pin(async move { open(&own, tx, opening).await }));
            Ok(answer(job.await.map_err(refusal)?))
        }
        .boxed()
    }

    fn attest(&self, attestation: Attestation) -> BoxFuture<'_, Result<(), Refusal>> {
        async move {
            let house = self.house()?;
            let body = serde_json::to_string(&attestation.write).map_err(|error| unreadable(&error))?;
            let Attestation { key, connection, account, by, at, .. } = attestation;
            let attested = Attested { id: house.ids.uuid(), key, connection, account, body, by, at };
            let job =
                house.store.write(move |tx| Box::pin(async move { attestations::insert_once(tx, &attested).await }));
            job.await.map_err(|error: StoreError| refusal(error.into()))
        }
        .boxed()
    }

    fn attested<'a>(
        &'a self,
        connection: &'a ConnectionName,
        account: Option<&'a NativeId>,
    ) -> BoxFuture<'a, Result<Vec<Attestation>, Refusal>> {
        async move {
            let house = self.house()?;
            let (connection, account) = (connection.clone(), account.cloned());
            let most = if account.is_some() { ATTESTATIONS_OF_ACCOUNT_MAX } else { ATTESTATIONS_OF_CONNECTION_MAX };
            let job = house.store.read(move |tx| {
                Box::pin(async move {
                    match &account {
                        Some(account) => attestations::of_account(tx, &connection, account, most + 1).await,
                        None => attestations::of_connection(tx, &connection, most + 1).await,
                    }
                })
            });
            let found = job.await.map_err(|error: StoreError| refusal(error.into()))?;
            if found.len() > most {
                // Half of what was said would be taken for all of it.
                let said = format!("more than {most} things were attested, which is more than is read at once");
                return Err(Refusal::new(RefusalClass::Unsupported, said));
            }
            found.into_iter().map(attestation).collect()
        }
        .boxed()
    }
}

/// Notes that a run waits for a task that it was told of. False if the task is over already.
pub(crate) async fn wait(house: &House, run: RunId, task: &str) -> Result<bool, AppError> {
    let id: TaskId = task.parse().map_err(|_| AppError::no("task", task))?;
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let found = tasks::get(tx, id).await?.ok_or_else(|| AppError::no("task", id))?;
            if found.state.end().is_some() {
                return Ok(false);
            }
            if found.waits != Some(run) {
                tasks::update(tx, &found.awaited(run)).await?;
            }
            Ok::<_, AppError>(true)
        })
    });
    job.await
}

fn opening(house: &House, request: &Request) -> Opening {
    let words: &[&str] = match request.kind {
        TaskKind::Work | TaskKind::Approval | TaskKind::Stuck | TaskKind::Review => &["done", "refused"],
        TaskKind::Look => &["seen", "not-so"],
    };
    let outcomes: Vec<Name> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let within = request.within.and_then(|span| SignedDuration::try_from(span).ok());
    Opening {
        key: format!("{}/{}", request.connection, request.key),
        kind: request.kind,
        title: request.title.clone(),
        instructions: request.instructions.clone(),
        assignee: request.assignee.clone(),
        barred: request.barred.clone(),
        outcomes,
        choices: Vec::new(),
        about: None,
        connection: Some(request.connection.clone()),
        due_at: within.and_then(|span| house.clock.now().checked_add(span).ok()),
        waits: None,
    }
}

fn answer(task: HumanTask) -> Answer {
    let yes = task.ended_well();
    match task.state.end() {
        None => Answer::Asked { task: task.id.to_string() },
        Some(end) => Answer::Said(Said {
            task: task.id.to_string(),
            yes,
            by: end.by.clone(),
            via: end.via.clone(),
            at: end.at,
            comment: end.comment.clone(),
        }),
    }
}

fn attestation(attested: Attested) -> Result<Attestation, Refusal> {
    let Attested { key, connection, account, body, by, at, .. } = attested;
    let write = serde_json::from_str(&body).map_err(|error| unreadable(&error))?;
    Ok(Attestation { key, connection, account, write, by, at })
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    Refusal::new(RefusalClass::Invalid, format!("what was attested cannot be read or written: {error}"))
}

/// Why nobody could be asked.
fn refusal(error: AppError) -> Refusal {
    match error {
        AppError::Store(cause) => {
            Refusal::new(RefusalClass::Maintenance, "the database did not answer, so nobody could be asked")
                .because(cause)
        }
        other => Refusal::new(RefusalClass::Invalid, format!("nobody can be asked: {other}")),
    }
}
