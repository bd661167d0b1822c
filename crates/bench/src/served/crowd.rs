//! Crowds of runs that wait: for a signal, for a moment near by, for one a year away.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_engine::journal::{Letter, RunStatus, private_lane};
use tenure_engine::message;
use tenure_model::{RunEvent, RunId, Signal};
use tenure_store::{StoreError, runs};

use super::{Answer, Door, broken, graphs};
use crate::limits;
use crate::times::{Summary, Times, count};

/// A prime, so that neighbours in the crowd are far apart in time.
const SCATTER: usize = 7_919;

/// Which runs are wanted, and how many.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Crowd {
    /// What they wait for.
    pub waits: Waits,
    /// How many.
    pub count: usize,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Waits {
    /// The signal `go`.
    ForSignal,
    /// Moments spread evenly over a time.
    Until {
        /// The first of them.
        first: Timestamp,
        /// How far the last one is from it, in ms.
        within_ms: u64,
    },
}

/// Which runs are to be told `go`, and how many at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signals {
    /// Which.
    pub runs: Vec<RunId>,
    /// How many at a time.
    pub at_once: usize,
}

/// Starts a crowd and answers when all of it waits.
pub(super) async fn gather(State(door): State<Door>, Json(crowd): Json<Crowd>) -> Answer<Summary> {
    let begun = door.clock.elapsed();
    let wanted = door.waiting_runs().await? + crowd.count;
    let next = AtomicUsize::new(0);
    let batches = crowd.count.div_ceil(limits::CROWD_BATCH);
    let senders = (0..limits::CROWD_AT_ONCE).map(async |_| {
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= batches {
                return Ok(());
            }
            let from = batch * limits::CROWD_BATCH;
            let to = (from + limits::CROWD_BATCH).min(crowd.count);
            let letters = (from..to).map(|number| door.start_waiting(&crowd, number)).collect();
            door.send(letters).await?;
        }
    });
    let sent: Vec<Result<(), (StatusCode, String)>> = join_all(senders).await;
    sent.into_iter().collect::<Result<(), _>>()?;
    door.until_waiting(wanted).await?;
    let took = door.clock.elapsed().saturating_sub(begun);
    Ok(Json(Summary { count: crowd.count, ..Times::new(Vec::new(), took).summary() }))
}

/// How late the timers were that fired so far.
pub(super) async fn late(State(door): State<Door>) -> Json<Summary> {
    let times = door.late.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Json(Times::new(times, Duration::ZERO).summary())
}

/// Tells runs `go`, and how long it took each until that was taken in.
pub(super) async fn signals(State(door): State<Door>, Json(signals): Json<Signals>) -> Answer<Summary> {
    let begun = door.clock.elapsed();
    let next = AtomicUsize::new(0);
    let senders = (0..signals.at_once.max(1)).map(async |_| {
        let mut times: Vec<Duration> = Vec::new();
        while let Some(run) = signals.runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let before = door.clock.elapsed();
            let signal = Signal { name: "go".to_owned(), by: "bench".to_owned(), body: Value::Null };
            let lane = private_lane(*run);
            let event = RunEvent::Signalled(signal);
            door.tell(*run, message::event(*run, &lane, event, "bench", "go", door.clock.now())).await?;
            times.push(door.clock.elapsed().saturating_sub(before));
        }
        Ok::<_, (StatusCode, String)>(times)
    });
    let mut times = Vec::with_capacity(signals.runs.len());
    for theirs in join_all(senders).await {
        times.extend(theirs?);
    }
    Ok(Json(Times::new(times, door.clock.elapsed().saturating_sub(begun)).summary()))
}

impl Door {
    fn start_waiting(&self, crowd: &Crowd, number: usize) -> Letter {
        match crowd.waits {
            Waits::ForSignal => self.letter(graphs::LISTEN, Value::Null),
            Waits::Until { first, within_ms } => {
                let place = count(number * SCATTER % crowd.count.max(1)) / count(crowd.count.max(1));
                let after = Duration::from_millis(within_ms).mul_f64(place);
                let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::ZERO);
                let until = first.checked_add(after).unwrap_or(first);
                self.letter(graphs::SLEEP, json!({ "until": until }))
            }
        }
    }

    fn letter(&self, name: &str, input: Value) -> Letter {
        let (run, start) = self.start(name, input);
        message::start(run, start, "bench", "start", self.clock.now())
    }

    async fn waiting_runs(&self) -> Result<usize, (StatusCode, String)> {
        let counts: Result<_, StoreError> =
            self.store.read(|tx| Box::pin(async move { runs::counts_by_status(tx).await })).await;
        let waiting = counts.map_err(broken)?.get(&RunStatus::Waiting).copied().unwrap_or(0);
        Ok(usize::try_from(waiting).unwrap_or(0))
    }

    async fn until_waiting(&self, wanted: usize) -> Result<(), (StatusCode, String)> {
        let (mut most, mut moved) = (0, self.clock.elapsed());
        loop {
            let waiting = self.waiting_runs().await?;
            if waiting >= wanted {
                return Ok(());
            }
            if waiting > most {
                (most, moved) = (waiting, self.clock.elapsed());
            } else if self.clock.elapsed().saturating_sub(moved) > limits::CROWD_STILL_MAX {
                return Err(broken(format!("{waiting} runs wait and no more come; {wanted} should")));
            }
            tokio::time::sleep(limits::CROWD_LOOK).await;
        }
    }
}
