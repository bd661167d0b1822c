//! The words in which a process and its runner speak: events go in, effects come out.
//!
//! A process (a workflow graph, a sign-in journey) decides; the engine performs. Both know these
//! words and neither knows the other. Everything here is data and can be written down.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::ids::RunId;

/// What happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RunEvent {
    /// It may begin.
    Started {
        /// What it was given.
        input: Json,
    },
    /// An effect came to an end.
    Ended {
        /// Of which node.
        node: String,
        /// Which attempt. An ending of an earlier attempt is old news.
        attempt: u32,
        /// Whether it took back what the node did.
        undo: bool,
        /// How.
        ending: Ending,
    },
    /// A timer fired.
    Due {
        /// Which node set it.
        node: String,
    },
    /// Somebody outside sent word.
    Signalled(Signal),
    /// A child run closed.
    ChildClosed {
        /// Which node waits for it, with its iteration.
        node: String,
        /// Which run.
        child: RunId,
        /// Whether it ended well.
        well: bool,
        /// What it gave back.
        output: Json,
    },
    /// Somebody, or a newer run of the lane, wants it to stop.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Whether what was done is to be taken back.
        undo: bool,
    },
    /// A human says: try again what is blocked.
    Retry {
        /// Who.
        by: String,
    },
    /// A human says: try a node that is stuck again, with this instead.
    Edit {
        /// Which node.
        node: String,
        /// With what.
        with: Json,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A human says: go on by another version of the process.
    Move {
        /// Its definition.
        definition: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// What the run did so far does not fit the version that it should go on by.
    Stay {
        /// Who wanted it.
        by: String,
        /// Why it stays.
        reason: String,
    },
    /// A human says: go on as if a blocked node had ended so.
    Skip {
        /// Which node.
        node: String,
        /// With which outcome.
        outcome: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// The caller's own rows of a result were refused by the database.
    Rejected {
        /// The node whose result it was.
        node: String,
        /// Why.
        message: String,
    },
}

/// Word from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signal {
    /// Its name; a node waits for a name.
    pub name: String,
    /// Who sent it.
    pub by: String,
    /// What came with it.
    pub body: Json,
}

/// What a process wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Effect {
    /// Do something in the world.
    Perform(Task),
    /// Wake this node then.
    SetTimer {
        /// Which node.
        node: String,
        /// When.
        due: Timestamp,
    },
    /// Do not wake this node any more.
    ClearTimer {
        /// Which node.
        node: String,
    },
    /// Start a run and tell this node when it closes.
    StartChild {
        /// Which node, with its iteration.
        node: String,
        /// The graph of the child, as JSON.
        graph: Json,
        /// What it is given.
        input: Json,
    },
    /// Tell an open child to stop.
    CancelChild {
        /// The node that waits for it, with its iteration.
        node: String,
        /// Why.
        reason: String,
        /// Whether what it did is to be taken back.
        undo: bool,
    },
}

/// Something to be done in the world, as a process sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Which node wants it, with its iteration.
    pub node: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What to do, such as `accounts/disable`.
    pub action: String,
    /// With what.
    pub with: Json,
    /// Whether this takes back what the node did.
    pub undo: bool,
    /// How often a human changed what it is done with: each time it is another effect.
    #[serde(default)]
    pub edition: u32,
}

/// How an effect ended. There are three ends and no fourth; [`Ending::Asked`] says that there is
/// none yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Ending {
    /// Done, and read back where there is something to read.
    Done {
        /// Which of the outcomes of this kind of step.
        outcome: String,
        /// What it gave back.
        output: Json,
    },
    /// Refused: nothing was changed.
    Refused {
        /// Whether asking again may help.
        class: RefusalClass,
        /// Why, in words.
        message: String,
        /// Not before this many milliseconds, if the other side said so.
        retry_after_ms: Option<u64>,
    },
    /// No answer: it may have happened or not. Whoever tries again looks first.
    Unknown {
        /// What is known, in words.
        message: String,
    },
    /// It is in the hands of somebody who has not said yet, such as a human. The same effect is
    /// performed again, under the same key, when the signal comes; that is no further attempt.
    Asked {
        /// The name of the signal.
        signal: String,
        /// What is waited for, in words.
        message: String,
        /// When to look at the latest, signal or none.
        until: Option<Timestamp>,
    },
}

/// What kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalClass {
    /// Network, rate limit, maintenance: asking again may help.
    Transient,
    /// Asking the same again gives the same answer.
    Permanent,
}
