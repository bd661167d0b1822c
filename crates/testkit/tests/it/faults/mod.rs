//! What comes in the engine's way: a database that is full, read-only, locked, away, damaged or
//! stopped, and runs that are too much. Each fault has a name, nothing that was acknowledged is
//! lost, every effect is there once, memory stays bounded, and the engine goes on when the fault
//! is gone.

mod database;
mod postgres;
mod runs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_app::flows::Flows;
use tenure_engine::journal::{Definition, RunRow, RunStatus, Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_engine::{Ended, Engine, Order, Parts, Performer};
use tenure_model::{Clock, Ending, Ids, RefusalClass, RunEvent, RunId, Signal, SystemClock, SystemIds, new_id};
use tenure_store::journal::{Attachment, StoreJournal, define, send};
use tenure_store::{DatabaseUrl, Store, StoreError, StoreLimits, runs as stored};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);

/// The world outside: remembers each effect by its key, and holds everything up while its gate is
/// closed. It survives the engine.
#[derive(Clone)]
struct World {
    effects: Arc<Mutex<BTreeMap<String, usize>>>,
    gate: Arc<watch::Sender<bool>>,
}

impl World {
    fn new() -> Self {
        Self { effects: Arc::default(), gate: Arc::new(watch::channel(true).0) }
    }

    fn close(&self) {
        self.gate.send_replace(false);
    }

    fn open(&self) {
        self.gate.send_replace(true);
    }

    /// The effects of a run, and how often each was asked for.
    fn of(&self, run: RunId) -> Vec<usize> {
        let prefix = run.to_string();
        let effects = self.effects.lock().unwrap();
        effects.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(_, times)| *times).collect()
    }
}

impl Performer for World {
    type Attachment = Attachment;

    async fn perform(&self, order: Order) -> Ended<Attachment> {
        self.gate.subscribe().wait_for(|open| *open).await.unwrap();
        let done = |output| Ending::Done { outcome: "done".to_owned(), output };
        match order.task.action.as_str() {
            "do/effect" => {
                // The same key is the same effect: the target takes it once and says so.
                *self.effects.lock().unwrap().entry(order.key.as_str().to_owned()).or_default() += 1;
                done(Json::Null)
            }
            "do/never" => {
                let message = "the target says no".to_owned();
                Ending::Refused { class: RefusalClass::Transient, message, retry_after_ms: None }
            }
            "do/some" => done(json!("x".repeat(250_000))),
            "do/much" => done(json!("x".repeat(8 << 20))),
            other => panic!("nobody asked for {other}"),
        }
        .into()
    }
}

/// An engine at work on a database.
struct Works {
    store: Store,
    engine: Engine<Attachment>,
    work: JoinHandle<()>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Works {
    async fn start(url: &DatabaseUrl, limits: StoreLimits, world: &World) -> Self {
        let store = Store::open(url, limits).await.unwrap();
        store.migrate().await.unwrap();
        let defined: Result<(), StoreError> =
            store.write(|tx| Box::pin(async move { define(tx, definitions()).await })).await;
        defined.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::new(Arc::clone(&clock)));
        let parts = Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(store.clone())),
            performer: Arc::new(world.clone()),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            lease: Duration::from_secs(2),
            loops: tenure_engine::loops(),
        };
        let (engine, work) = tenure_engine::start(parts);
        Self { store, engine, work: tokio::spawn(work), clock, ids }
    }

    /// Starts a run; from here on an answer `Ok` is a promise.
    async fn begin(&self, name: &str, input: Json) -> Result<RunId, StoreError> {
        let run: RunId = new_id(self.ids.as_ref());
        let start = Start {
            lane: private_lane(run),
            definition: name.to_owned(),
            name: name.to_owned(),
            urgency: Urgency::Normal,
            busy: Busy::Queue,
            input,
        };
        let letter = message::start(run, start, "test", "start", self.clock.now());
        self.store.write(move |tx| Box::pin(async move { send(tx, &[letter]).await.map(drop) })).await?;
        self.engine.nudge();
        Ok(run)
    }

    async fn signal(&self, run: RunId, name: &str, numbers: std::ops::Range<usize>) -> Result<(), StoreError> {
        let letter = |number| {
            let signal = Signal { name: name.to_owned(), by: "ada".to_owned(), body: json!(number) };
            let (lane, external) = (private_lane(run), format!("{name}-{number}"));
            message::event(run, &lane, RunEvent::Signalled(signal), "test", &external, self.clock.now())
        };
        let letters: Vec<_> = numbers.map(letter).collect();
        self.store.write(move |tx| Box::pin(async move { send(tx, &letters).await.map(drop) })).await?;
        self.engine.nudge();
        Ok(())
    }

    async fn tell(&self, run: RunId, event: RunEvent) {
        let letter = message::event(run, &private_lane(run), event, "test", "told", self.clock.now());
        let sent: Result<_, StoreError> =
            self.store.write(move |tx| Box::pin(async move { send(tx, &[letter]).await })).await;
        assert_eq!(sent.unwrap(), [true]);
        self.engine.nudge();
    }

    async fn row(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        self.store.read(move |tx| Box::pin(async move { stored::get(tx, run).await })).await
    }

    async fn until(&self, run: RunId, status: RunStatus) -> RunRow {
        let mut last = None;
        for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
            last = self.row(run).await.ok().flatten();
            if let Some(row) = last.take_if(|row| row.status == status) {
                return row;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{run} did not come to {status:?}: {last:?}, {:?}", self.engine.gauges());
    }

    /// Waits until the engine sees that its journal answers, or that it does not.
    async fn until_answers(&self, answers: bool) {
        for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
            if self.engine.gauges().journal_answers == answers {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{:?}", self.engine.gauges());
    }

    /// Every promise was kept: each of these runs ends well with its three effects, each there
    /// once, and nothing is left in memory.
    async fn keeps(&self, runs: &[RunId], world: &World) {
        for run in runs {
            self.until(*run, RunStatus::Done).await;
            assert_eq!(world.of(*run).len(), 3, "{run}");
        }
        // The gauges are read once a loop has gone round.
        for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
            let gauges = self.engine.gauges();
            if gauges.under_way + gauges.waiting == 0 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("something is left over: {:?}", self.engine.gauges());
    }

    /// Stops in order.
    async fn stop(self) {
        self.engine.stop();
        self.work.await.unwrap();
    }
}

fn definitions() -> Vec<Definition> {
    let step = |id: &str, action: &str, after: Json| json!({ "id": id, "use": action, "after": after, "onError": { "retry": 1, "pauseMs": 10 } });
    let line = json!([
        step("a", "do/effect", json!([])),
        step("b", "do/effect", json!("a")),
        step("c", "do/effect", json!("b"))
    ]);
    let listen = json!([step("a", "do/effect", json!([])), { "id": "ask", "use": "core/wait-for", "after": "a", "with": { "signal": "go" } }]);
    let after = |number: usize| if number == 0 { json!([]) } else { json!(format!("s{}", number - 1)) };
    let grow = (0..200).map(|number| step(&format!("s{number}"), "do/some", after(number)));
    let all = [
        ("line", line),
        ("grow", grow.collect()),
        ("listen", listen),
        ("never", json!([step("a", "do/never", json!([]))])),
        ("much", json!([step("a", "do/much", json!([]))])),
        ("loop", json!([step("a", "do/effect", json!("b")), step("b", "do/effect", json!("a"))])),
    ];
    let define = |(name, steps): (&str, Json)| Definition {
        hash: name.to_owned(),
        name: name.to_owned(),
        body: json!({ "name": name, "steps": steps }).to_string(),
    };
    all.map(define).into()
}

/// A file of a test's own.
fn file(folder: &tempfile::TempDir) -> DatabaseUrl {
    DatabaseUrl::SqliteFile(folder.path().join("tenure.db"))
}

/// So that a fault is seen soon.
fn impatient() -> StoreLimits {
    StoreLimits { lock_wait: Duration::from_millis(200), ..StoreLimits::default() }
}
