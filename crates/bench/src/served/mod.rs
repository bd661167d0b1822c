//! The engine as it is served: a process with an HTTP door that answers when a run is durably over.
//!
//! `POST /run {"n": N}` is what `bench/peers` asks of every system: three steps that each call
//! `STEPS/step/K` with `{"n": N}`, and the answer when the run is over. `POST /inner/K` runs K steps
//! that do nothing; `POST /flood/N` starts N runs of three such steps within the process and
//! answers with their times. What makes crowds of runs that wait is in [`crowd`].

pub(crate) mod crowd;
pub(crate) mod graphs;
mod hand;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tenure_app::flows::Flows;
use tenure_engine::journal::{Letter, RunRow, RunStatus, Urgency, private_lane};
use tenure_engine::message::{Busy, Start};
use tenure_engine::{Begin, Engine, Parts};
use tenure_model::{Clock, Ids, RunId, SystemClock, SystemIds, new_id};
use tenure_services::hook::Guard;
use tenure_services::web::HttpCaller;
use tenure_store::journal::{Attachment, StoreJournal, define, send};
use tenure_store::{DatabaseUrl, Store, StoreError, StoreLimits, runs};
use tokio::sync::{broadcast, oneshot};

use crate::limits;
use crate::times::{Summary, Times};
use crate::trouble::{Because, Trouble};

/// What the process is to do.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What the steps of `/run` call: `STEPS/step/1` and so on.
    pub steps: String,
    /// `sqlite:PATH` or `postgres://…`; the schema is made if it is not there.
    pub database: String,
}

/// What a request needs.
#[derive(Clone)]
pub(crate) struct Door {
    store: Store,
    engine: Engine<Attachment>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    waiting: Arc<Mutex<HashMap<RunId, oneshot::Sender<RunStatus>>>>,
    late: Arc<Mutex<Vec<Duration>>>,
}

/// What a handler answers: a value, or a status with the reason.
pub(crate) type Answer<T> = Result<Json<T>, (StatusCode, String)>;

/// Serves until it is told to stop, then lets what is under way come to its end. `ready` is told
/// the address. A provider of TLS must be installed, as for every call over HTTP.
pub async fn serve(
    serving: Serving,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Trouble> {
    let store = open(&serving.database).await?;
    let defined: Result<(), StoreError> =
        store.write(move |tx| Box::pin(async move { define(tx, graphs::all()).await })).await;
    defined.because(|| "cannot write the graphs of the measurements".to_owned())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::new(Arc::clone(&clock)));
    let late: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let caller =
        HttpCaller::new(Guard::with_this_machine()).because(|| "cannot make the client of the steps".to_owned())?;
    let performer = hand::Hand { caller, steps: serving.steps, clock: Arc::clone(&clock), late: Arc::clone(&late) };
    let parts = Parts {
        process: Arc::new(Flows),
        journal: Arc::new(StoreJournal::new(store.clone())),
        performer: Arc::new(performer),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        lease: tenure_engine::limits::LEASE,
        loops: tenure_engine::loops(),
    };
    let (engine, work) = tenure_engine::start(parts);
    let work = tokio::spawn(work);
    let door = Door { store, engine: engine.clone(), clock, ids, waiting: Arc::default(), late };
    tokio::spawn(tell(door.clone(), engine.changes()));
    let cannot = || format!("cannot listen on `{}`; choose another address", serving.listen);
    let listener = tokio::net::TcpListener::bind(serving.listen).await.because(cannot)?;
    ready(listener.local_addr().because(cannot)?);
    // Without this every answer on a kept connection may wait for the acknowledgement before it.
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
    let served = axum::serve(listener, router(door)).with_graceful_shutdown(stop).await;
    engine.stop();
    work.await.because(|| "the engine broke down".to_owned())?;
    served.because(|| "the door broke down".to_owned())
}

/// Opens a database and gives it the tables that this version needs.
pub(crate) async fn open(database: &str) -> Result<Store, Trouble> {
    let address: DatabaseUrl = database.parse().because(|| "the database cannot be used".to_owned())?;
    let cannot = || format!("cannot use `{address}`");
    let store = Store::open(&address, StoreLimits::default()).await.because(cannot)?;
    store.migrate().await.because(cannot)?;
    Ok(store)
}

fn router(door: Door) -> Router {
    Router::new()
        .route("/run", post(run))
        .route("/inner/{steps}", post(inner))
        .route("/flood/{count}", post(flood))
        .route("/crowd", post(crowd::gather))
        .route("/late", post(crowd::late))
        .route("/signals", post(crowd::signals))
        .with_state(door)
}

async fn run(State(door): State<Door>, Json(body): Json<Value>) -> Answer<Value> {
    let n = body.get("n").cloned().unwrap_or(Value::Null);
    door.run(graphs::HTTP, json!({ "n": n })).await?;
    Ok(Json(json!({ "n": n })))
}

async fn inner(State(door): State<Door>, Path(steps): Path<usize>, Json(body): Json<Value>) -> Answer<Value> {
    door.run(&graphs::inner(steps), body).await?;
    Ok(Json(Value::Null))
}

async fn flood(State(door): State<Door>, Path(count): Path<usize>) -> Answer<Summary> {
    let begun = door.clock.elapsed();
    let workers = (0..limits::IN_FLIGHT).map(|worker| {
        let door = door.clone();
        let own = count / limits::IN_FLIGHT + usize::from(worker < count % limits::IN_FLIGHT);
        tokio::spawn(async move {
            let mut times: Vec<Duration> = Vec::with_capacity(own);
            for _ in 0..own {
                let before = door.clock.elapsed();
                door.run(&graphs::inner(3), Value::Null).await?;
                times.push(door.clock.elapsed().saturating_sub(before));
            }
            Ok::<_, (StatusCode, String)>(times)
        })
    });
    let mut times = Vec::with_capacity(count);
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await.map_err(broken)??);
    }
    Ok(Json(Times::new(times, door.clock.elapsed().saturating_sub(begun)).summary()))
}

impl Door {
    /// Starts a run, as the product starts one by hand, and waits until it is over.
    async fn run(&self, name: &str, input: Value) -> Result<(), (StatusCode, String)> {
        let (run, start) = self.start(name, input);
        let told = self.listen(run);
        let begun = self.engine.begin(Begin { run, start, attachments: Vec::new() }).await;
        begun.map_err(|refused| broken(refused.to_string()))?;
        until_over(run, told).await
    }

    /// A new run, which nothing knows of yet.
    fn start(&self, name: &str, input: Value) -> (RunId, Start) {
        let run: RunId = new_id(self.ids.as_ref());
        let start = Start {
            lane: private_lane(run),
            definition: graphs::hash(name),
            name: name.to_owned(),
            urgency: Urgency::Normal,
            busy: Busy::Queue,
            input,
        };
        (run, start)
    }

    fn listen(&self, run: RunId) -> oneshot::Receiver<RunStatus> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(run, tell);
        told
    }

    /// Sends a letter after which the run will end well, and waits until it has.
    async fn tell(&self, run: RunId, letter: Letter) -> Result<(), (StatusCode, String)> {
        let told = self.listen(run);
        self.send(vec![letter]).await?;
        until_over(run, told).await
    }

    async fn send(&self, letters: Vec<Letter>) -> Result<(), (StatusCode, String)> {
        let sent: Result<_, StoreError> =
            self.store.write(move |tx| Box::pin(async move { send(tx, &letters).await })).await;
        sent.map_err(broken)?;
        self.engine.nudge();
        Ok(())
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

async fn until_over(run: RunId, told: oneshot::Receiver<RunStatus>) -> Result<(), (StatusCode, String)> {
    match tokio::time::timeout(limits::RUN_TIME_MAX, told).await {
        Ok(Ok(RunStatus::Done)) => Ok(()),
        Ok(Ok(other)) => Err(broken(format!("run `{run}` ended {}", other.word()))),
        Ok(Err(_)) | Err(_) => Err(broken(format!("nobody heard of run `{run}` in time"))),
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

/// Whatever goes wrong here is a mistake of ours or of the machine.
fn broken(reason: impl ToString) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, reason.to_string())
}
