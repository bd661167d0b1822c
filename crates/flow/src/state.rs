//! What a run knows of itself: the fold of its records, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{RunId, Signal};

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunState {
    /// How far it is.
    pub phase: Phase,
    /// What it was given.
    pub input: Json,
    /// Steps that something happened to. A step that is not here was not reached yet.
    pub nodes: BTreeMap<String, Node>,
    /// Steps whose effect may be in the world, in the order in which they began.
    pub order: Vec<String>,
    /// Signals that came before anybody listened.
    pub kept: Vec<Signal>,
    /// That it must stop, if somebody said so or a step demands it.
    pub stop: Option<Stop>,
    /// What it gave back, once it is over.
    #[serde(default)]
    pub output: Json,
    /// How many attempts of a step ended in waiting for somebody; they do not count as tries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waited: BTreeMap<String, u32>,
    /// How often a human changed what a step is done with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edited: BTreeMap<String, u32>,
    /// Until when a step must be over, for those that have a time-out and are not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deadlines: BTreeMap<String, Timestamp>,
}

impl RunState {
    /// Which edition of what a step does is the present one; 0 is the workflow's own.
    pub fn edition(&self, id: &str) -> u32 {
        self.edited.get(id).copied().unwrap_or_default()
    }

    /// Which try an attempt of a step is, without those that ended in waiting.
    pub fn tries(&self, id: &str, attempt: u32) -> u32 {
        attempt.saturating_sub(self.waited.get(id).copied().unwrap_or_default())
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not begun.
    #[default]
    New,
    /// Goes forward.
    Open,
    /// Takes back what was done.
    Undoing,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
}

/// That a run must stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// Who said so: a person, a newer run, or the step that failed.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Whether what was done is to be taken back.
    pub undo: bool,
    /// Whether it ends as failed; otherwise as cancelled.
    pub failed: bool,
}

/// Where one step stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Node {
    /// Its effect is under way.
    Acting {
        /// Which attempt.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// Whether an earlier attempt may have had an effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        doubtful: bool,
    },
    /// Its effect went wrong and is tried again.
    Retrying {
        /// The attempt that went wrong.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// When it is tried again.
        due: Timestamp,
        /// What went wrong.
        error: String,
        /// Whether an attempt may have had an effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        doubtful: bool,
    },
    /// Its effect is in the hands of somebody who has not said yet.
    Asked {
        /// The attempt that asked.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// Whether an attempt may have had an effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        doubtful: bool,
        /// The signal after which it is looked at again.
        signal: String,
        /// When it is looked at again at the latest.
        until: Option<Timestamp>,
        /// What is waited for.
        reason: String,
    },
    /// Waits for a time.
    Sleeping {
        /// Until when.
        until: Timestamp,
    },
    /// Waits for a signal.
    Listening {
        /// For which.
        signal: String,
        /// Until when at most.
        until: Option<Timestamp>,
    },
    /// Waits for children.
    Parent {
        /// How many there are to be.
        total: u32,
        /// How many were asked for.
        asked: u32,
        /// Those that are open: by iteration.
        open: BTreeSet<u32>,
        /// How many ended well.
        well: u32,
        /// How many ended badly.
        badly: u32,
        /// What each item is given; for one child, its input.
        items: Json,
        /// What the only child gave back.
        #[serde(default)]
        output: Json,
    },
    /// Cannot go on without a human.
    Blocked {
        /// Why.
        reason: String,
        /// The attempt that went wrong, if it was an effect.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// Whether an attempt may have had an effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        doubtful: bool,
    },
    /// Over.
    Done {
        /// With which outcome.
        outcome: String,
        /// What it gave back.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        output: Json,
    },
    /// No edge leads here any more.
    Unreached,
    /// Ended badly, with nobody to follow.
    Failed {
        /// Why.
        reason: String,
        /// Whether it may have had an effect all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        doubtful: bool,
    },
    /// Its effect is being taken back.
    Undoing {
        /// Which attempt.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
    },
    /// Taking back went wrong and is tried again.
    UndoRetrying {
        /// The attempt that went wrong.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// When it is tried again.
        due: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// Taking back is in the hands of somebody who has not said yet.
    UndoAsked {
        /// The attempt that asked.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
        /// The signal after which it is looked at again.
        signal: String,
        /// When it is looked at again at the latest.
        until: Option<Timestamp>,
        /// What is waited for.
        reason: String,
    },
    /// Taking back needs a human.
    UndoBlocked {
        /// Why.
        reason: String,
        /// The attempt that went wrong.
        attempt: u32,
        /// With what.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        with: Json,
    },
    /// Taken back.
    Undone,
    /// Was done and cannot be taken back, or nobody said how.
    Left {
        /// Why.
        reason: String,
    },
}

impl Node {
    /// Whether something is under way in the world for this node right now.
    pub fn is_acting(&self) -> bool {
        matches!(self, Self::Acting { .. } | Self::Undoing { .. })
    }

    /// Whether nothing more happens to it on the way forward.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Unreached | Self::Failed { .. } | Self::Undone | Self::Left { .. })
    }

    /// Whether a timer stands for this node.
    pub fn timer(&self) -> Option<Timestamp> {
        match self {
            Self::Retrying { due, .. } | Self::UndoRetrying { due, .. } => Some(*due),
            Self::Sleeping { until } => Some(*until),
            Self::Listening { until, .. } | Self::Asked { until, .. } | Self::UndoAsked { until, .. } => *until,
            Self::Acting { .. }
            | Self::Parent { .. }
            | Self::Blocked { .. }
            | Self::Done { .. }
            | Self::Unreached
            | Self::Failed { .. }
            | Self::Undoing { .. }
            | Self::UndoBlocked { .. }
            | Self::Undone
            | Self::Left { .. } => None,
        }
    }
}

/// A fact about a run. Folding all of them in order gives the state: [`crate::evolve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Record {
    /// The run began.
    Begun {
        /// With this.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        input: Json,
    },
    /// A step came to stand so.
    Node {
        /// Which.
        id: String,
        /// How.
        now: Node,
    },
    /// A child was asked for.
    ChildAsked {
        /// By which step.
        id: String,
        /// Which iteration.
        iteration: u32,
    },
    /// A child closed.
    ChildClosed {
        /// Of which step.
        id: String,
        /// Which iteration.
        iteration: u32,
        /// Which run.
        child: RunId,
        /// Whether it ended well.
        well: bool,
        /// What it gave back, if it is the only one.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        output: Json,
    },
    /// A step must be over by then.
    Deadline {
        /// Which.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// A signal came that nobody listens for yet.
    SignalKept(Signal),
    /// A kept signal was used.
    SignalUsed {
        /// Its place among the kept ones.
        place: usize,
    },
    /// The run must stop.
    Stopping(Stop),
    /// Taking back begins.
    UndoBegun,
    /// A human changed what a step is done with.
    Edited {
        /// Of which step.
        id: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A human decided something.
    Decided {
        /// Who.
        by: String,
        /// What, in words.
        what: String,
    },
    /// The run is over.
    Closed {
        /// How: done, failed or cancelled.
        phase: Phase,
        /// What it gives back.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        output: Json,
        /// Why it ended so, if not well.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

/// Takes a fact into the state. Total: a fact that makes no sense changes nothing.
pub fn evolve(state: &mut RunState, record: &Record) {
    match record {
        Record::Begun { input } => {
            state.phase = Phase::Open;
            state.input = input.clone();
        }
        Record::Node { id, now } => {
            let begins = matches!(now, Node::Acting { attempt: 1, .. } | Node::Parent { asked: 0, .. });
            if begins && !state.order.contains(id) {
                state.order.push(id.clone());
            }
            if matches!(now, Node::Asked { .. } | Node::UndoAsked { .. }) {
                *state.waited.entry(id.clone()).or_default() += 1;
            }
            if now.is_over() {
                state.deadlines.remove(id);
            }
            state.nodes.insert(id.clone(), now.clone());
        }
        Record::ChildAsked { id, iteration } => {
            if let Some(Node::Parent { asked, open, .. }) = state.nodes.get_mut(id) {
                *asked = (*asked).max(iteration + 1);
                open.insert(*iteration);
            }
        }
        Record::ChildClosed { id, iteration, well, output, .. } => {
            if let Some(Node::Parent { open, well: good, badly, output: given, .. }) = state.nodes.get_mut(id)
                && open.remove(iteration)
            {
                *(if *well { good } else { badly }) += 1;
                *given = output.clone();
            }
        }
        Record::Deadline { id, at } => {
            state.deadlines.insert(id.clone(), *at);
        }
        Record::SignalKept(signal) => state.kept.push(signal.clone()),
        Record::SignalUsed { place } => {
            if *place < state.kept.len() {
                state.kept.remove(*place);
            }
        }
        Record::Stopping(stop) => state.stop = Some(stop.clone()),
        Record::UndoBegun => state.phase = Phase::Undoing,
        Record::Edited { id, .. } => *state.edited.entry(id.clone()).or_default() += 1,
        Record::Decided { .. } => {}
        Record::Closed { phase, output, .. } => {
            state.phase = *phase;
            state.output = output.clone();
        }
    }
}
