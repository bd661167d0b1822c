//! Taking back what was done: in reverse order, one step at a time, as far as each step allows.
//!
//! This is compensation, not rollback: the world has seen what was done. A step that nobody said
//! how to take back, or that cannot be, is left as it is and named.

use serde_json::Value as Json;
use tenure_model::{Effect, Ending, RefusalClass, Task};

use crate::condition::{Scope, resolve};
use crate::decide::{Mind, chance, short};
use crate::graph::{Compensate, Graph, Reversibility, Step};
use crate::state::{Node, Phase, RunState};

/// Takes back the next step, or closes the run when there is none left.
pub(crate) fn advance(mind: &mut Mind<'_>) {
    loop {
        let busy = mind.state.nodes.values().any(|node| {
            matches!(
                node,
                Node::Undoing { .. } | Node::UndoRetrying { .. } | Node::UndoAsked { .. } | Node::UndoBlocked { .. }
            )
        });
        if busy {
            return;
        }
        let Some(id) = next(mind) else { break };
        begin(mind, &id);
    }
    let (phase, reason) = match &mind.state.stop {
        Some(stop) if stop.failed => (Phase::Failed, stop.reason.clone()),
        Some(stop) => (Phase::Cancelled, stop.reason.clone()),
        None => (Phase::Failed, String::new()),
    };
    mind.close(phase, reason);
}

/// The latest step whose effect may still be in the world.
fn next(mind: &Mind<'_>) -> Option<String> {
    mind.state.order.iter().rev().find(|id| may_have_effect(mind.graph, &mind.state, id)).cloned()
}

/// Whether a step may have done something. Of several runs that a step started, some may have gone well
/// also where it counts as failed or as passed over.
pub(crate) fn may_have_effect(graph: &Graph, state: &RunState, id: &str) -> bool {
    match state.nodes.get(id) {
        Some(Node::Done { outcome, output }) if outcome == "failed" || outcome == "skipped" => {
            output.get("badly").is_some() && graph.step(id).is_some_and(|step| step.compensate.is_some())
        }
        Some(Node::Done { .. }) => true,
        Some(Node::Failed { doubtful, .. }) => *doubtful,
        _ => false,
    }
}

/// Why a step stays as it is that nothing takes back.
pub(crate) const UNSAID: &str = "nobody said how to take it back";
/// Why one stays whose effect is final.
pub(crate) const IRREVERSIBLE: &str = "it cannot be taken back";

/// How a step can be taken back, if it can.
pub(crate) enum Way<'a> {
    /// So, with this.
    By(&'a Compensate, Json),
    /// Nobody said how.
    Unsaid,
    /// Not at all.
    Irreversible,
    /// It is said how, and what that needs is not there.
    Unknown(String),
}

impl<'a> Way<'a> {
    /// Of this step, in a run that knows so much.
    pub(crate) fn of(step: &'a Step, scope: Scope<'_>) -> Self {
        match &step.compensate {
            None => Self::Unsaid,
            Some(how) if how.class == Reversibility::Irreversible => Self::Irreversible,
            Some(how) => resolve(&how.with, scope).map_or_else(Self::Unknown, |with| Self::By(how, with)),
        }
    }
}

fn begin(mind: &mut Mind<'_>, id: &str) {
    let Some(step) = mind.graph.step(id) else { return };
    let left = |reason: &str| Node::Left { reason: reason.to_owned() };
    match Way::of(step, mind.scope(step)) {
        Way::By(_, with) => act(mind, id, 1, with),
        Way::Unsaid => mind.node(id, left(UNSAID)),
        Way::Irreversible => mind.node(id, left(IRREVERSIBLE)),
        Way::Unknown(why) => block(mind, id, &why, 0, Json::Null),
    }
}

/// Sets the taking back of a step under way.
pub(crate) fn act(mind: &mut Mind<'_>, id: &str, attempt: u32, with: Json) {
    let Some(how) = mind.graph.step(id).and_then(|step| step.compensate.as_ref()) else { return };
    mind.effects.push(Effect::Perform(Task {
        node: id.to_owned(),
        attempt,
        action: how.action.clone(),
        with: with.clone(),
        undo: true,
        edition: mind.state.edition(id),
    }));
    mind.node(id, Node::Undoing { attempt, with });
}

/// The taking back of a step came to an end.
pub(crate) fn ended(mind: &mut Mind<'_>, id: &str, attempt: u32, ending: &Ending) {
    let Some(Node::Undoing { attempt: current, with }) = mind.state.nodes.get(id).cloned() else { return };
    if current != attempt {
        return;
    }
    let (message, again, not_before_ms) = match ending {
        Ending::Done { .. } => return mind.node(id, Node::Undone),
        Ending::Unknown { message } => (message, true, None),
        Ending::Asked { signal, message, until } => {
            let (signal, until, reason) = (signal.clone(), *until, short(message));
            return mind.asked(id, Node::UndoAsked { attempt, with, signal, until, reason });
        }
        Ending::Refused { class, message, retry_after_ms } => {
            (message, *class == RefusalClass::Transient, *retry_after_ms)
        }
    };
    let on_error = mind.graph.step(id).map(|step| step.on_error.clone()).unwrap_or_default();
    let tries = mind.state.tries(id, attempt);
    if again && tries <= on_error.retry {
        let due = mind.pause(on_error.pause(tries + 1, chance(id, attempt)), not_before_ms);
        mind.node(id, Node::UndoRetrying { attempt, with, due, error: short(message) });
    } else {
        block(mind, id, message, attempt, with);
    }
}

/// Taking a step back needs a human.
pub(crate) fn block(mind: &mut Mind<'_>, id: &str, why: &str, attempt: u32, with: Json) {
    let reason = mind.graph.step(id).map_or_else(|| short(why), |step| step.on_error.asked(why));
    mind.node(id, Node::UndoBlocked { reason, attempt, with });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a step that ended so may have done something, if it can be taken back, and if not.
    fn may(node: &Json) -> (bool, bool) {
        let graph = |compensate: Json| {
            let step = json!({ "id": "a", "use": "access/grant", "compensate": compensate });
            Graph::parse(&json!({ "name": "g", "steps": [step] }).to_string()).unwrap()
        };
        let node: Node = serde_json::from_value(node.clone()).unwrap();
        let state = RunState { nodes: [("a".to_owned(), node)].into(), ..RunState::default() };
        let asked = |compensate: Json| may_have_effect(&graph(compensate), &state, "a");
        (asked(json!({ "use": "access/revoke" })), asked(Json::Null))
    }

    #[test]
    fn what_failed_may_have_done_something_all_the_same() {
        let failed = |doubtful: bool| json!({ "is": "failed", "reason": "no answer", "doubtful": doubtful });
        assert_eq!((may(&failed(true)), may(&failed(false))), ((true, true), (false, false)));
        for outcome in ["failed", "skipped"] {
            let done = |output: Json| json!({ "is": "done", "outcome": outcome, "output": output });
            // Of several runs one went wrong, and others did not.
            assert_eq!(may(&done(json!({ "well": 1, "badly": 1 }))), (true, false), "{outcome}");
            assert_eq!(may(&done(json!("no"))), (false, false), "{outcome}");
        }
        let done = json!({ "is": "done", "outcome": "done", "output": null });
        assert_eq!(may(&done), (true, true));
        assert_eq!(may(&json!({ "is": "unreached" })), (false, false));
    }
}
