//! What the engine asks of the world: one effect at a time, by key, with three ends.

use tenure_model::{Ending, RunId, Task};

use crate::journal::Urgency;

/// An effect to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// For which run.
    pub run: RunId,
    /// Of which lane.
    pub lane: String,
    /// Newer generations of a lane win over older ones.
    pub generation: i64,
    /// How urgent.
    pub urgency: Urgency,
    /// The same for every attempt at the same node of the same run.
    pub key: OperationKey,
    /// Whether an earlier attempt may already have had its effect: look first, then act.
    pub look_first: bool,
    /// What to do.
    pub task: Task,
}

/// The name of one intended effect. It never carries the attempt: two attempts at one thing have
/// one key, so that a target, or our own look before the write, can tell that it is one thing.
/// What a human changed is another thing, and has another key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationKey(String);

impl OperationKey {
    /// The key of what a node of a run does, or of taking it back.
    pub fn new(run: RunId, task: &Task) -> Self {
        let undo = if task.undo { "/undo" } else { "" };
        let edition = if task.edition > 0 { format!("/edition-{}", task.edition) } else { String::new() };
        Self(format!("{run}/{}{undo}{edition}", task.node))
    }

    /// The defect of [`crate::Plant::KeyWithAttempt`].
    pub(crate) fn with_attempt(run: RunId, task: &Task) -> Self {
        Self(format!("{run}/{}/{}", task.node, task.attempt))
    }

    /// The text to hand to a target.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How an effect ended, and what is to be written together with that.
#[derive(Debug)]
pub struct Ended<A> {
    /// How.
    pub ending: Ending,
    /// Rows of the performer's own that commit with the result: all or none.
    pub attachments: Vec<A>,
}

impl<A> From<Ending> for Ended<A> {
    fn from(ending: Ending) -> Self {
        Self { ending, attachments: Vec::new() }
    }
}

/// Carries out effects.
pub trait Performer: Send + Sync + 'static {
    /// Rows that commit with a result.
    type Attachment: Send + 'static;

    /// Carries out one effect. It may be called again for the same key at any time, also after it
    /// succeeded: whoever implements this makes sure that the effect is there once.
    fn perform(&self, order: Order) -> impl Future<Output = Ended<Self::Attachment>> + Send;
}
