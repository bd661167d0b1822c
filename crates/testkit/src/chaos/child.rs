//! The child: a real engine that is told over its standard input what to start, and that acts in
//! the referee's world. It knows nothing of what will be done to it.
//!
//! It reads `RUN NUMBER LANE BUSY` and answers `ack NUMBER` once the start is committed; it
//! says `holds COUNT` whenever the number of its partitions changes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tenure_app::flows::Flows;
use tenure_engine::journal::{Urgency, partition_of, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_engine::{Begin, BeginError, Ended, Engine, Order, Parts, Performer};
use tenure_model::{Clock, Ending, NodeId, RefusalClass, RunId, SeededIds, SystemClock, new_id};
use tenure_store::journal::{Attachment, StoreJournal, send};
use tenure_store::{Param, Store, StoreError, runs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::target::Put;
use super::work::{self, Kind};
use super::{Plant, Trouble, limits, open};

/// How a child is to live.
#[derive(Debug, Clone)]
pub struct Life {
    /// Where the target listens.
    pub socket: PathBuf,
    /// How long it holds a partition without a sign of life.
    pub lease: Duration,
    /// How long an effect takes.
    pub think: Duration,
    /// Its defect.
    pub plant: Plant,
    /// The how-manieth child it is: the seed of its ids.
    pub number: u64,
}

/// Lives until its standard input closes, or until it is killed.
pub async fn live(address: &str, life: Life) -> Result<(), Trouble> {
    let store = open(address).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    // The same seed twice: so it knows the names under which the engine will hold its leases.
    let names = SeededIds::new(life.number);
    let nodes: Vec<NodeId> = (0..tenure_engine::loops()).map(|_| new_id(&names)).collect();
    let performer = Hand { life: life.clone(), store: store.clone(), clock: Arc::clone(&clock), nodes };
    let parts = Parts {
        process: Arc::new(Flows),
        journal: Arc::new(StoreJournal::new(store.clone())),
        performer: Arc::new(performer),
        clock: Arc::clone(&clock),
        ids: Arc::new(SeededIds::new(life.number)),
        lease: life.lease,
        loops: tenure_engine::loops(),
    };
    let (engine, work) = tenure_engine::start(parts);
    tokio::spawn(work);
    let (say, mut said) = mpsc::unbounded_channel::<String>();
    tokio::spawn(watch(engine.clone(), say.clone()));
    std::thread::spawn(move || {
        let mut out = std::io::stdout();
        while let Some(line) = said.blocking_recv() {
            if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
                return;
            }
        }
    });
    let (hear, mut heard) = mpsc::unbounded_channel::<String>();
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| hear.send(line)));
    while let Some(line) = heard.recv().await {
        tokio::spawn(begin(line, store.clone(), engine.clone(), Arc::clone(&clock), say.clone()));
    }
    Ok(())
}

async fn watch(engine: Engine<Attachment>, say: mpsc::UnboundedSender<String>) {
    let mut before = usize::MAX;
    loop {
        let holds = engine.gauges().partitions;
        if holds != before {
            before = holds;
            drop(say.send(format!("holds {holds}\n")));
        }
        tokio::time::sleep(limits::LOOK).await;
    }
}

async fn begin(
    line: String,
    store: Store,
    engine: Engine<Attachment>,
    clock: Arc<dyn Clock>,
    say: mpsc::UnboundedSender<String>,
) -> Option<()> {
    let mut words = line.split_whitespace();
    let run: RunId = words.next()?.parse().ok()?;
    let number: usize = words.next()?.parse().ok()?;
    let lane = words.next().filter(|lane| *lane != "-").map_or_else(|| private_lane(run), str::to_owned);
    let busy = if words.next() == Some("supersede") { Busy::Supersede } else { Busy::Queue };
    let kind = Kind::of(number).word().to_owned();
    let input = work::input(number);
    let start = Start { lane, definition: kind.clone(), name: kind, urgency: Urgency::Normal, busy, input };
    // Half of them by hand, half by letter. Nothing is said of a start that failed: the referee
    // asks again, and then it may be there already.
    if number.is_multiple_of(2) && !is_there(&store, run).await? {
        match engine.begin(Begin { run, start: start.clone(), attachments: Vec::new() }).await {
            Ok(()) => return say.send(format!("ack {number}\n")).ok(),
            Err(BeginError::Elsewhere(_)) => {}
            Err(BeginError::Refused(_) | BeginError::Unknown) => return None,
        }
    }
    let letter = message::start(run, start, "referee", "start", clock.now());
    let written: Result<Vec<bool>, StoreError> =
        store.write(move |tx| Box::pin(async move { send(tx, &[letter]).await })).await;
    written.ok()?;
    engine.nudge();
    say.send(format!("ack {number}\n")).ok()
}

async fn is_there(store: &Store, run: RunId) -> Option<bool> {
    let found: Result<_, StoreError> = store.read(move |tx| Box::pin(async move { runs::get(tx, run).await })).await;
    found.ok().map(|found| found.is_some())
}

/// Acts in the referee's world.
struct Hand {
    life: Life,
    store: Store,
    clock: Arc<dyn Clock>,
    nodes: Vec<NodeId>,
}

impl Performer for Hand {
    type Attachment = Attachment;

    async fn perform(&self, order: Order) -> Ended<Attachment> {
        let Some(put) = put_of(&order) else {
            return refused(RefusalClass::Permanent, "these are no parameters");
        };
        match self.life.plant {
            Plant::None => self.act(put).await,
            Plant::EffectThenRecord => self.act(Put { key: None, ..put }).await,
            Plant::RecordThenEffect => {
                let socket = self.life.socket.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(limits::AFTER_RECORD).await;
                    for _ in 0..limits::OPEN_MAX {
                        if ask(&socket, &put).await.is_ok_and(|answer| answer == "done") {
                            return;
                        }
                    }
                });
                done()
            }
            Plant::LeaseCheckOnly => {
                if !self.holds(&put.lane).await {
                    return Ending::Unknown { message: "the lease ran out".to_owned() }.into();
                }
                self.act(Put { key: None, generation: None, ..put }).await
            }
        }
    }
}

impl Hand {
    async fn act(&self, put: Put) -> Ended<Attachment> {
        tokio::time::sleep(self.life.think).await;
        match ask(&self.life.socket, &put).await.as_deref() {
            Ok("done") => done(),
            Ok("later") => refused(RefusalClass::Transient, "not now"),
            Ok("stale") => refused(RefusalClass::Permanent, "a newer generation was here"),
            Ok(_) | Err(_) => Ending::Unknown { message: "no answer".to_owned() }.into(),
        }
    }

    /// Whether the lease is ours by what the database says right now.
    async fn holds(&self, lane: &str) -> bool {
        let (partition, now) = (partition_of(lane), self.clock.now());
        let job = self.store.read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT owner, lease_until FROM partition_owner WHERE partition = $1";
                let row = tx.query_one(sql, &[Param::from(partition)]).await?;
                let row = row.of("partition_owner");
                Ok((row.opt_id::<NodeId>("owner")?, row.time("lease_until")?))
            })
        });
        let found: Result<_, StoreError> = job.await;
        found.is_ok_and(|(owner, until)| owner.is_some_and(|owner| self.nodes.contains(&owner)) && until > now)
    }
}

fn put_of(order: &Order) -> Option<Put> {
    let with = &order.task.with;
    Some(Put {
        lane: order.lane.clone(),
        generation: Some(order.generation),
        key: Some(order.key.as_str().to_owned()),
        number: usize::try_from(with.get("n")?.as_u64()?).ok()?,
        what: with.get("what")?.as_str()?.to_owned(),
    })
}

async fn ask(socket: &Path, put: &Put) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(put.line().as_bytes()).await?;
    let mut answer = [0u8; 6];
    let mut length = 0;
    while !answer.contains(&b'\n') {
        let free = answer.get_mut(length..).unwrap_or_default();
        match stream.read(free).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => length += read,
        }
    }
    Ok(String::from_utf8_lossy(&answer).trim_matches(['\n', '\0']).to_owned())
}

fn done() -> Ended<Attachment> {
    Ending::Done { outcome: "done".to_owned(), output: serde_json::Value::Null }.into()
}

fn refused(class: RefusalClass, message: &str) -> Ended<Attachment> {
    Ending::Refused { class, message: message.to_owned(), retry_after_ms: None }.into()
}
