//! The engine at work: time, threads and channels around [`Core`].
//!
//! One loop decides and commits; effects run beside it and come back as arrivals. Memory is
//! bounded everywhere: the loop takes no new work while too much is under way, and what waits
//! waits in the database.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tenure_model::{Clock, Ending, Ids, RunId};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::arrival::Arrival;
use crate::core::{Core, TurnError, Turned};
use crate::handle::{Answer, Asked, BeginError, Engine, Gauges, Loop, loop_of};
use crate::journal::{InboxRow, Journal, PARTITIONS, RunRow, Urgency};
use crate::limits;
use crate::message::Message;
use crate::perform::{Ended, Order, Performer};
use crate::process::Process;

/// What the engine needs to work.
pub struct Parts<P, J, W> {
    /// What decides.
    pub process: Arc<P>,
    /// Where it is written.
    pub journal: Arc<J>,
    /// What acts in the world.
    pub performer: Arc<W>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names for nodes.
    pub ids: Arc<dyn Ids>,
    /// How long a partition is held without a sign of life.
    pub lease: Duration,
    /// How many loops share the partitions: one decides while another waits for its commit.
    /// [`loops`] is a good number.
    pub loops: usize,
}

/// As many loops as are of use on this machine.
pub fn loops() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).clamp(1, limits::LOOPS_MAX)
}

/// Starts an engine. The future ends when it was told to stop and has.
pub fn start<P, J, W>(parts: Parts<P, J, W>) -> (Engine<J::Attachment>, impl Future<Output = ()> + Send)
where
    P: Process,
    J: Journal,
    W: Performer<Attachment = J::Attachment>,
{
    let (changes, _) = broadcast::channel(limits::WATCH_BACKLOG);
    let (stop, stopped) = watch::channel(false);
    let count = parts.loops.clamp(1, limits::LOOPS_MAX);
    let (mut ways, mut runners) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for place in 0..count {
        let (begin, asked) = mpsc::channel(limits::BEGIN_BACKLOG);
        let (nudge, gauges) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Gauges::default())));
        ways.push(Loop { begin, nudge: Arc::clone(&nudge), gauges: Arc::clone(&gauges) });
        let (ended, arrivals) = mpsc::unbounded_channel();
        let (process, journal) = (Arc::clone(&parts.process), Arc::clone(&parts.journal));
        runners.push(Runner {
            core: Core::new(process, journal, Arc::clone(&parts.clock), parts.ids.as_ref()),
            performer: Arc::clone(&parts.performer),
            clock: Arc::clone(&parts.clock),
            lease: parts.lease,
            partitions: (0..PARTITIONS).filter(|partition| loop_of(*partition, count) == place).collect(),
            share: count,
            nudge,
            gauges,
            changes: changes.clone(),
            stopped: stopped.clone(),
            ended,
            arrivals,
            asked,
            begun: Vec::new(),
            batch: Vec::new(),
            waiting: BinaryHeap::new(),
            under_way: HashMap::new(),
            urgent_under_way: 0,
            queued_keys: HashSet::new(),
            order_count: 0,
            next_due: None,
            look: true,
            left: false,
        });
    }
    let engine = Engine { loops: ways.into(), stop: Arc::new(stop), changes };
    let work = async move {
        // They end with this future, whatever becomes of it.
        let mut loops: JoinSet<()> = runners.into_iter().map(Runner::run).collect();
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a loop of the engine broke down; others take its partitions when its lease runs out");
            }
        }
    };
    (engine, work)
}

type Back<A> = (Slot, Ended<A>);

/// One attempt at one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Slot {
    run: RunId,
    node: String,
    attempt: u32,
    undo: bool,
}

struct Runner<P: Process, J: Journal, W> {
    core: Core<P, J>,
    performer: Arc<W>,
    clock: Arc<dyn Clock>,
    lease: Duration,
    /// The partitions that this loop may have.
    partitions: Vec<u16>,
    /// How many loops share what may be under way.
    share: usize,
    nudge: Arc<Notify>,
    gauges: Arc<Mutex<Gauges>>,
    changes: broadcast::Sender<Arc<RunRow>>,
    stopped: watch::Receiver<bool>,
    /// Unbounded, but never longer than what is under way: each effect sends once.
    ended: mpsc::UnboundedSender<Back<J::Attachment>>,
    arrivals: mpsc::UnboundedReceiver<Back<J::Attachment>>,
    /// Runs that somebody waits to see begun.
    asked: mpsc::Receiver<Asked<J::Attachment>>,
    /// Of those in the batch, who waits.
    begun: Vec<(RunId, Answer<J::Attachment>)>,
    batch: Vec<Arrival<J::Attachment>>,
    waiting: BinaryHeap<Queued>,
    under_way: HashMap<Slot, (Urgency, u16, AbortHandle)>,
    urgent_under_way: usize,
    queued_keys: HashSet<Slot>,
    order_count: u64,
    next_due: Option<Timestamp>,
    /// Whether the inbox and the timers are to be looked at now.
    look: bool,
    /// Whether the last look left something behind for want of room.
    left: bool,
}

/// An order that waits for a free place: urgent first, then in the order of arrival.
#[derive(Debug)]
struct Queued {
    rank: (i64, u64),
    order: Order,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.rank.cmp(&self.rank)
    }
}

impl<P, J, W> Runner<P, J, W>
where
    P: Process,
    J: Journal,
    W: Performer<Attachment = J::Attachment>,
{
    async fn run(mut self) {
        let mut renewed = None;
        let mut pause = limits::JOURNAL_PAUSE;
        loop {
            let stopping = *self.stopped.borrow();
            if stopping && self.under_way.is_empty() && self.batch.is_empty() {
                break;
            }
            let outcome = self.once(stopping, &mut renewed).await;
            let answers = outcome.is_ok();
            self.gauge(answers);
            match outcome {
                Ok(()) => pause = limits::JOURNAL_PAUSE,
                Err(error) => {
                    tracing::warn!(error = %crate::core::chain(error.as_ref()), "the journal does not answer; trying again");
                    self.sleep(pause).await;
                    pause = (pause * 2).min(limits::JOURNAL_PAUSE_MAX);
                }
            }
        }
        if let Err(error) = self.core.release().await {
            tracing::warn!(%error, "the partitions could not be given back; their lease will run out");
        }
    }

    async fn once(
        &mut self,
        stopping: bool,
        renewed: &mut Option<Duration>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let elapsed = self.clock.elapsed();
        // A short lease is renewed more often: what is lost for want of renewal is lost for nothing.
        let period = limits::LEASE_RENEWAL.min(self.lease / limits::RENEWALS_PER_LEASE);
        if !stopping && renewed.is_none_or(|last| elapsed.saturating_sub(last) >= period) {
            self.claim().await?;
            *renewed = Some(elapsed);
        }
        if self.batch.is_empty() {
            self.wait(stopping, period).await;
            if self.look && !stopping {
                self.gather().await?;
            }
            self.take_asked(stopping);
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        let taken = self.batch.len() as u64;
        match self.core.turn(&mut self.batch).await {
            Ok(turned) => self.turned(turned, taken),
            Err(TurnError::Fenced(partition)) => self.lost(partition),
            Err(TurnError::Unavailable(source)) => {
                // Whoever waits to see a run begun hears that nobody knows.
                self.begun.clear();
                // Nobody knows whether it was written: start again from what is.
                self.keep_endings();
                self.core.forget_all();
                *renewed = None;
                return Err(source);
            }
        }
        self.dispatch();
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let before: HashSet<u16> = self.core.partitions().into_iter().collect();
        let orders = self.core.claim(self.partitions.clone(), self.lease).await?;
        let now: HashSet<u16> = self.core.partitions().into_iter().collect();
        for partition in before.difference(&now) {
            self.let_go(*partition);
        }
        if now.difference(&before).next().is_some() {
            self.look = true;
        }
        for order in orders {
            self.enqueue(order);
        }
        self.next_due = self.core.next_due().await?;
        self.dispatch();
        Ok(())
    }

    /// Waits until there is something to do, and takes what effects brought back.
    async fn wait(&mut self, stopping: bool, longest: Duration) {
        let sleep = self.until_due().min(limits::POLL).min(longest);
        let nothing_known = !self.look || stopping;
        let room = self.room() > 0;
        if nothing_known && self.arrivals.is_empty() && (!room || self.asked.is_empty()) {
            let nudge = Arc::clone(&self.nudge);
            tokio::select! {
                back = self.arrivals.recv() => if let Some(back) = back { self.back(back) },
                asked = self.asked.recv(), if room => if let Some(asked) = asked { self.take(asked, stopping) },
                () = nudge.notified() => self.look = true,
                () = tokio::time::sleep(sleep) => self.look = true,
            }
        }
        while self.batch.len() < limits::BATCH_MAX {
            match self.arrivals.try_recv() {
                Ok(back) => self.back(back),
                Err(_) => break,
            }
        }
        if self.until_due().is_zero() {
            self.look = true;
        }
    }

    fn under_way_max(&self) -> usize {
        limits::UNDER_WAY_MAX / self.share
    }

    fn urgent_under_way_max(&self) -> usize {
        limits::URGENT_UNDER_WAY_MAX / self.share
    }

    /// How many more effects may be set under way, as far as that is known.
    fn room(&self) -> usize {
        let busy = self.under_way.len() - self.urgent_under_way + self.waiting.len() + self.begun.len();
        let batch = limits::BATCH_MAX - self.batch.len().min(limits::BATCH_MAX);
        self.under_way_max().saturating_sub(busy).min(batch)
    }

    /// Takes in runs that somebody waits to see begun, as far as there is room.
    fn take_asked(&mut self, stopping: bool) {
        while stopping || self.room() > 0 {
            match self.asked.try_recv() {
                Ok(asked) => self.take(asked, stopping),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, Asked { begin, answer }: Asked<J::Attachment>, stopping: bool) {
        if stopping || !self.core.owns(&begin.start.lane) {
            // Whoever asked may have gone.
            drop(answer.send(Err(BeginError::Elsewhere(begin))));
            return;
        }
        self.begun.push((begin.run, answer));
        self.batch.push(Arrival::Begin(begin));
    }

    fn until_due(&self) -> Duration {
        let Some(due) = self.next_due else { return limits::POLL };
        Duration::try_from(due.duration_since(self.clock.now())).unwrap_or(Duration::ZERO)
    }

    async fn gather(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let room = self.room();
        let timers_due = self.until_due().is_zero();
        // Without room only what is urgent or concerns a run that is there is taken in.
        let letters = if room > 0 { room } else { self.urgent_under_way_max() };
        let (mut arrivals, more) = self.core.gather(letters, if timers_due { room } else { 0 }).await?;
        if room == 0 {
            arrivals.retain(|arrival| matches!(arrival, Arrival::Letter(row) if goes_first(row)));
        }
        if timers_due && room > 0 {
            let timers = arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Timer(_))).count();
            // With a full page there are more of them, due already.
            self.next_due = if timers == room { self.next_due } else { self.core.next_due().await? };
        }
        // With a full page there may be more; so is it when only those who go first were let in.
        self.left = more || room == 0;
        self.look = more && room > 0;
        self.batch.extend(arrivals);
        Ok(())
    }

    fn back(&mut self, (slot, ended): Back<J::Attachment>) {
        let Some((urgency, _, _)) = self.under_way.remove(&slot) else { return };
        if urgency == Urgency::Urgent {
            self.urgent_under_way -= 1;
        }
        // A place is free: whoever was left waiting in the inbox may be let in.
        self.look |= self.left;
        self.with_gauges(|gauges| gauges.effects += 1);
        self.batch.push(Arrival::Ended {
            run: slot.run,
            node: slot.node,
            attempt: slot.attempt,
            undo: slot.undo,
            ending: ended.ending,
            attachments: ended.attachments,
        });
    }

    fn turned(&mut self, turned: Turned, taken: u64) {
        for (run, answer) in self.begun.drain(..) {
            let refused = turned.refused.iter().find(|(id, _)| *id == run);
            let told = refused.map_or(Ok(()), |(_, reason)| Err(BeginError::Refused(reason.clone())));
            // Whoever asked may have gone.
            drop(answer.send(told));
        }
        for order in turned.orders {
            self.enqueue(order);
        }
        if self.changes.receiver_count() > 0 {
            for row in turned.changed {
                // Nobody listening is fine.
                drop(self.changes.send(row));
            }
        }
        if let Some(due) = turned.next_due {
            self.next_due = Some(self.next_due.map_or(due, |next| next.min(due)));
        }
        self.with_gauges(|gauges| {
            gauges.commits += 1;
            gauges.arrivals += taken;
        });
    }

    fn lost(&mut self, partition: u16) {
        tracing::warn!(partition, "another node took over; letting go");
        self.core.forget(partition);
        self.let_go(partition);
        self.keep_endings();
        self.look = true;
    }

    /// Letters and timers are still in the database and are read anew, and whoever brought a run
    /// brings it elsewhere; only endings are nowhere else. An ending that is brought twice, or too late, changes nothing.
    fn keep_endings(&mut self) {
        let mut waiting: HashMap<RunId, Answer<J::Attachment>> = self.begun.drain(..).collect();
        for arrival in std::mem::take(&mut self.batch) {
            match arrival {
                Arrival::Ended { .. } => self.batch.push(arrival),
                Arrival::Begin(begin) => {
                    if let Some(answer) = waiting.remove(&begin.run) {
                        drop(answer.send(Err(BeginError::Elsewhere(begin))));
                    }
                }
                Arrival::Letter(_) | Arrival::Timer(_) => {}
            }
        }
    }

    fn let_go(&mut self, partition: u16) {
        let urgent = &mut self.urgent_under_way;
        self.under_way.retain(|_, (urgency, theirs, task)| {
            let keep = *theirs != partition;
            if !keep {
                task.abort();
                if *urgency == Urgency::Urgent {
                    *urgent -= 1;
                }
            }
            keep
        });
        self.waiting.retain(|queued| crate::journal::partition_of(&queued.order.lane) != partition);
        self.queued_keys = self.waiting.iter().map(|queued| slot(&queued.order)).collect();
    }

    fn enqueue(&mut self, order: Order) {
        let slot = slot(&order);
        if self.under_way.contains_key(&slot) || !self.queued_keys.insert(slot) {
            return;
        }
        self.order_count += 1;
        self.waiting.push(Queued { rank: (order.urgency.rank(), self.order_count), order });
    }

    /// Sets effects under way as far as there are places.
    fn dispatch(&mut self) {
        while let Some(next) = self.waiting.peek() {
            let urgent = next.order.urgency == Urgency::Urgent;
            let free = if urgent {
                self.urgent_under_way < self.urgent_under_way_max()
            } else {
                self.under_way.len() - self.urgent_under_way < self.under_way_max()
            };
            if !free {
                return;
            }
            let Some(Queued { order, .. }) = self.waiting.pop() else { return };
            self.perform(order);
        }
    }

    fn perform(&mut self, order: Order) {
        let slot = slot(&order);
        self.queued_keys.remove(&slot);
        let (urgency, partition) = (order.urgency, crate::journal::partition_of(&order.lane));
        let performer = Arc::clone(&self.performer);
        let ended = self.ended.clone();
        let answer = slot.clone();
        let work = tokio::spawn(async move {
            // A panic is an end like any other; nothing of ours is shared with what panicked.
            // Kept apart: such a future is large, and it would be copied with everything around it.
            let effect = AssertUnwindSafe(performer.perform(order).boxed()).catch_unwind();
            let outcome = match tokio::time::timeout(limits::EFFECT_TIME_MAX, effect).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => unknown("the step broke down".to_owned()),
                Err(_) => unknown(format!("no answer within {} seconds", limits::EFFECT_TIME_MAX.as_secs())),
            };
            drop(ended.send((answer, outcome)));
        });
        if urgency == Urgency::Urgent {
            self.urgent_under_way += 1;
        }
        self.under_way.insert(slot, (urgency, partition, work.abort_handle()));
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    fn gauge(&self, journal_answers: bool) {
        let (partitions, under_way, waiting) = (self.core.partitions().len(), self.under_way.len(), self.waiting.len());
        self.with_gauges(|gauges| {
            *gauges = Gauges { partitions, under_way, waiting, journal_answers, ..*gauges };
        });
    }

    fn with_gauges(&self, change: impl FnOnce(&mut Gauges)) {
        change(&mut self.gauges.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn slot(order: &Order) -> Slot {
    Slot { run: order.run, node: order.task.node.clone(), attempt: order.task.attempt, undo: order.task.undo }
}

fn unknown<A>(message: String) -> Ended<A> {
    Ending::Unknown { message }.into()
}

/// Whether a letter is taken in even when there is no room for more work.
fn goes_first(row: &InboxRow) -> bool {
    row.urgency == Urgency::Urgent || !matches!(serde_json::from_str(&row.body), Ok(Message::Start(_)))
}
