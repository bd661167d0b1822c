//! What those who ask something of a running engine hold in their hands.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

use crate::arrival::Begin;
use crate::journal::{RunRow, partition_of};

/// Where whoever brought a run hears what became of it.
pub(crate) type Answer<A> = oneshot::Sender<Result<(), BeginError<A>>>;

/// A running engine, for those who ask it something.
#[derive(Debug)]
pub struct Engine<A> {
    pub(crate) loops: Arc<[Loop<A>]>,
    pub(crate) stop: Arc<watch::Sender<bool>>,
    pub(crate) changes: broadcast::Sender<Arc<RunRow>>,
}

/// Which of so many loops may have a partition.
pub(crate) fn loop_of(partition: u16, loops: usize) -> usize {
    usize::from(partition) % loops.max(1)
}

/// The way to one of its loops.
#[derive(Debug)]
pub(crate) struct Loop<A> {
    pub begin: mpsc::Sender<Asked<A>>,
    pub nudge: Arc<Notify>,
    pub gauges: Arc<Mutex<Gauges>>,
}

impl<A> Clone for Engine<A> {
    fn clone(&self) -> Self {
        Self { loops: Arc::clone(&self.loops), stop: Arc::clone(&self.stop), changes: self.changes.clone() }
    }
}

/// A run that somebody waits to see begun.
#[derive(Debug)]
pub(crate) struct Asked<A> {
    pub begin: Box<Begin<A>>,
    pub answer: Answer<A>,
}

/// Why a run was not begun by hand.
#[derive(Debug, thiserror::Error)]
pub enum BeginError<A> {
    /// Nothing happened: another node has the lane, or this one is about to stop. It goes through
    /// the inbox, from where whoever has the lane takes it.
    #[error("this node does not have the lane")]
    Elsewhere(Box<Begin<A>>),
    /// What was to be written with it was refused. Nothing happened.
    #[error("what belongs to the run was refused: {0}")]
    Refused(String),
    /// The database did not answer: the run may have begun or not. Look for it by its id.
    #[error("the database did not answer; whether the run began is not known")]
    Unknown,
}

impl<A> Engine<A> {
    /// Begins a run, and answers when that is written: one commit instead of a letter and its
    /// taking in. Waits while the engine has more to do than it takes in.
    pub async fn begin(&self, begin: Begin<A>) -> Result<(), BeginError<A>> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { begin: Box::new(begin), answer };
        let partition = partition_of(&asked.begin.start.lane);
        let Some(one) = self.loops.get(loop_of(partition, self.loops.len())) else {
            return Err(BeginError::Elsewhere(asked.begin));
        };
        if let Err(mpsc::error::SendError(asked)) = one.begin.send(asked).await {
            return Err(BeginError::Elsewhere(asked.begin));
        }
        answered.await.unwrap_or(Err(BeginError::Unknown))
    }

    /// Says that something was written to the inbox. Cheap; may be called for nothing.
    pub fn nudge(&self) {
        self.loops.iter().for_each(|one| one.nudge.notify_one());
    }

    /// Every change of a run from now on, as written. A slow listener is told that it missed some.
    pub fn changes(&self) -> broadcast::Receiver<Arc<RunRow>> {
        self.changes.subscribe()
    }

    /// How the engine is doing, all its loops together.
    pub fn gauges(&self) -> Gauges {
        let all = self.loops.iter().map(|one| *one.gauges.lock().unwrap_or_else(PoisonError::into_inner));
        all.reduce(Gauges::and).unwrap_or_default()
    }

    /// Asks the engine to take nothing new, finish what is under way, and give its partitions back.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        self.nudge();
    }
}

/// How the engine is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Partitions that are ours.
    pub partitions: usize,
    /// Effects under way.
    pub under_way: usize,
    /// Effects that wait for a free place.
    pub waiting: usize,
    /// Commits so far.
    pub commits: u64,
    /// Arrivals taken in so far.
    pub arrivals: u64,
    /// Effects ended so far.
    pub effects: u64,
    /// Whether the last attempt to reach the journal succeeded.
    pub journal_answers: bool,
}

impl Gauges {
    fn and(self, other: Self) -> Self {
        Self {
            partitions: self.partitions + other.partitions,
            under_way: self.under_way + other.under_way,
            waiting: self.waiting + other.waiting,
            commits: self.commits + other.commits,
            arrivals: self.arrivals + other.arrivals,
            effects: self.effects + other.effects,
            journal_answers: self.journal_answers && other.journal_answers,
        }
    }
}
