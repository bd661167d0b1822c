//! The engine as it is served: a process with an HTTP door that answers when a run is durably over.
//!
//! `POST /http` runs three steps that each call the target over HTTP; `POST /inner/3` and
//! `POST /inner/12` run steps that do nothing; `POST /flood/N` starts N of the inner runs within
//! the process, 256 at a time, and answers when all are over, with the times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::json;
use tenure_app::flows::Flows;
use tenure_engine::journal::{Definition, RunRow, RunStatus, Urgency, private_lane};
use tenure_engine::message::{Busy, Start};
use tenure_engine::{Begin, Ended, Engine, Order, Parts, Performer};
use tenure_model::{Clock, Ending, Ids, RefusalClass, RunId, SystemClock, SystemIds, new_id};
use tenure_store::journal::{Attachment, StoreJournal, define};
use tenure_store::{Store, StoreError, runs};
use tokio::sync::{broadcast, oneshot};

use super::{Times, limits};
use crate::chaos::{Trouble, open};

/// What a request needs.
#[derive(Clone)]
struct Door {
    store: Store,
    engine: Engine<Attachment>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    waiting: Arc<Mutex<HashMap<RunId, oneshot::Sender<RunStatus>>>>,
}

/// Serves until its standard input closes. `ready` is told the port.
pub async fn serve(address: &str, target: String, ready: impl FnOnce(u16)) -> Result<(), Trouble> {
    let store = open(address).await?;
    let definitions =
        vec![line("http", "http/call", 3), line("inner-3", "do/nothing", 3), line("inner-12", "do/nothing", 12)];
    let defined: Result<(), StoreError> =
        store.write(move |tx| Box::pin(async move { define(tx, definitions).await })).await;
    defined?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::new(Arc::clone(&clock)));
    let parts = Parts {
        process: Arc::new(Flows),
        journal: Arc::new(StoreJournal::new(store.clone())),
        performer: Arc::new(Hand { client: reqwest::Client::builder().build()?, target }),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        lease: tenure_engine::limits::LEASE,
        loops: tenure_engine::loops(),
    };
    let (engine, work) = tenure_engine::start(parts);
    tokio::spawn(work);
    let door = Door { store, engine: engine.clone(), clock, ids, waiting: Arc::default() };
    tokio::spawn(tell(door.clone(), engine.changes()));
    let router = Router::new()
        .route("/http", post(|State(door): State<Door>| async move { answer(door.run("http").await) }))
        .route(
            "/inner/{steps}",
            post(|State(door): State<Door>, Path(steps): Path<String>| async move {
                answer(door.run(&format!("inner-{steps}")).await)
            }),
        )
        .route(
            "/flood/{count}",
            post(|State(door): State<Door>, Path(count): Path<usize>| async move {
                flood(door, count).await.map(|times| times.to_string()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
            }),
        )
        .with_state(door);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    ready(listener.local_addr()?.port());
    let (closed, close) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        std::io::stdin().lines().for_each(drop);
        closed.send(())
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { drop(close.await) });
    Ok(served.await?)
}

fn line(name: &str, action: &str, steps: usize) -> Definition {
    let steps: Vec<_> = (0..steps)
        .map(|step| match step {
            0 => json!({ "id": "s0", "use": action, "with": { "body": { "n": { "$": "/input/n" } } } }),
            _ => json!({ "id": format!("s{step}"), "use": action, "after": format!("s{}", step - 1) }),
        })
        .collect();
    let body = json!({ "name": name, "steps": steps }).to_string();
    Definition { hash: format!("bench-{name}"), name: name.to_owned(), body }
}

fn answer(ended: Option<RunStatus>) -> StatusCode {
    if ended == Some(RunStatus::Done) { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
}

impl Door {
    /// Starts a run and waits until it is over.
    async fn run(&self, name: &str) -> Option<RunStatus> {
        let run: RunId = new_id(self.ids.as_ref());
        let start = Start {
            lane: private_lane(run),
            definition: format!("bench-{name}"),
            name: name.to_owned(),
            urgency: Urgency::Normal,
            busy: Busy::Queue,
            input: json!({ "n": 1 }),
        };
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(run, tell);
        self.engine.begin(Begin { run, start, attachments: Vec::new() }).await.ok()?;
        told.await.ok()
    }

    fn over(&self, row: &RunRow) {
        if row.status.is_closed()
            && let Some(tell) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.id)
        {
            // Whoever asked may have gone, and then nobody needs to know.
            tell.send(row.status).ok();
        }
    }
}

/// Tells those who wait that their run is over.
async fn tell(door: Door, mut changes: broadcast::Receiver<Arc<RunRow>>) {
    loop {
        match changes.recv().await {
            Ok(row) => door.over(&row),
            Err(broadcast::error::RecvError::Closed) => return,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let all: Vec<RunId> =
                    door.waiting.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
                for run in all {
                    let found: Result<Option<RunRow>, StoreError> =
                        door.store.read(move |tx| Box::pin(async move { runs::get(tx, run).await })).await;
                    if let Ok(Some(row)) = found {
                        door.over(&row);
                    }
                }
            }
        }
    }
}

async fn flood(door: Door, count: usize) -> Result<Times, Trouble> {
    let begun = door.clock.elapsed();
    let workers = (0..limits::IN_FLIGHT).map(|worker| {
        let door = door.clone();
        let own = count / limits::IN_FLIGHT + usize::from(worker < count % limits::IN_FLIGHT);
        tokio::spawn(async move {
            let mut times: Vec<Duration> = Vec::with_capacity(own);
            for _ in 0..own {
                let before = door.clock.elapsed();
                door.run("inner-3").await.filter(|status| *status == RunStatus::Done)?;
                times.push(door.clock.elapsed().saturating_sub(before));
            }
            Some(times)
        })
    });
    let mut times = Vec::with_capacity(count);
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await?.ok_or("a run did not end well")?);
    }
    Ok(Times::new(times, door.clock.elapsed().saturating_sub(begun)))
}

struct Hand {
    client: reqwest::Client,
    target: String,
}

impl Performer for Hand {
    type Attachment = Attachment;

    async fn perform(&self, order: Order) -> Ended<Attachment> {
        if order.task.action != "http/call" {
            return Ending::Done { outcome: "done".to_owned(), output: serde_json::Value::Null }.into();
        }
        let request = self
            .client
            .post(&self.target)
            .header("idempotency-key", order.key.as_str())
            .header("tenure-generation", order.generation)
            .json(&order.task.with);
        let answer = match request.send().await {
            Ok(answer) if answer.status().is_success() => answer.json().await,
            Ok(answer) => {
                let message = format!("it answered {}", answer.status());
                return Ending::Refused { class: RefusalClass::Transient, message, retry_after_ms: None }.into();
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(output) => Ending::Done { outcome: "done".to_owned(), output }.into(),
            Err(error) => Ending::Unknown { message: error.without_url().to_string() }.into(),
        }
    }
}
