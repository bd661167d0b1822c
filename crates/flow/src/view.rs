//! What a run looks like from outside: its status, and every wait with its reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::graph::Graph;
use crate::state::{Node, Phase, RunState};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// An effect is under way.
    Running,
    /// Waits for a time, a signal or a child.
    Waiting,
    /// Needs a human.
    Blocked,
    /// Takes back what was done.
    Compensating,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
}

/// Why a run does not go on right now, for one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// The step.
    pub node: String,
    /// In words.
    pub reason: String,
    /// When it goes on by itself, if it does.
    pub until: Option<Timestamp>,
    /// Whether a human must help.
    pub needs_help: bool,
}

/// Where a run stands.
pub fn standing(state: &RunState) -> Standing {
    match state.phase {
        Phase::Done => return Standing::Done,
        Phase::Failed => return Standing::Failed,
        Phase::Cancelled => return Standing::Cancelled,
        Phase::New | Phase::Open | Phase::Undoing => {}
    }
    let acting = state.nodes.values().any(Node::is_acting);
    let blocked = state.nodes.values().any(|node| matches!(node, Node::Blocked { .. } | Node::UndoBlocked { .. }));
    match (acting, blocked, state.phase) {
        (false, true, _) => Standing::Blocked,
        (_, _, Phase::Undoing) => Standing::Compensating,
        (true, _, _) => Standing::Running,
        (false, false, _) => Standing::Waiting,
    }
}

/// Everything the run waits for, each with its reason.
pub fn waits(graph: &Graph, state: &RunState) -> Vec<Wait> {
    graph.in_order().filter_map(|step| wait(&step.id, state.nodes.get(&step.id)?)).collect()
}

fn wait(id: &str, node: &Node) -> Option<Wait> {
    let (reason, until, needs_help) = match node {
        Node::Acting { attempt, .. } => (format!("under way, attempt {attempt}"), None, false),
        Node::Undoing { attempt, .. } => (format!("being taken back, attempt {attempt}"), None, false),
        Node::Retrying { attempt, due, error, .. } => {
            (format!("attempt {attempt} went wrong: {error}"), Some(*due), false)
        }
        Node::UndoRetrying { attempt, due, error, .. } => {
            (format!("taking back, attempt {attempt} went wrong: {error}"), Some(*due), false)
        }
        Node::Asked { reason, until, .. } | Node::UndoAsked { reason, until, .. } => (reason.clone(), *until, false),
        Node::Sleeping { until } => ("waits for its time".to_owned(), Some(*until), false),
        Node::Listening { signal, until } => (format!("waits for the signal `{signal}`"), *until, false),
        Node::Parent { total, well, badly, .. } => (format!("{} of {total} runs are over", well + badly), None, false),
        Node::Blocked { reason, .. } => (reason.clone(), None, true),
        Node::UndoBlocked { reason, .. } => (format!("cannot be taken back yet: {reason}"), None, true),
        Node::Done { .. } | Node::Unreached | Node::Failed { .. } | Node::Undone | Node::Left { .. } => return None,
    };
    Some(Wait { node: id.to_owned(), reason, until, needs_help })
}
