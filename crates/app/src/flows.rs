//! Workflow graphs as a process that the engine can run: the seam between flow and engine.

use jiff::Timestamp;
use tenure_engine::journal::RunStatus;
use tenure_engine::{Decided, Process, Summary};
use tenure_flow::{Graph, Node, Record, RunState, Standing};
use tenure_model::{RunEvent, Task};

/// Workflow graphs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flows;

impl Process for Flows {
    type Graph = Graph;
    type State = RunState;

    fn parse(&self, body: &str) -> Result<Graph, String> {
        Graph::parse(body).map_err(|error| error.to_string())
    }

    fn decide(&self, graph: &Graph, state: &RunState, event: &RunEvent, now: Timestamp) -> Decided<RunState> {
        let decision = tracing::debug_span!("flow.decide").in_scope(|| tenure_flow::decide(graph, state, event, now));
        let facts = if decision.records.is_empty() { None } else { serde_json::to_string(&decision.records).ok() };
        Decided { facts, effects: decision.effects, next: decision.next }
    }

    fn fold(&self, state: &mut RunState, facts: &str) -> Result<(), String> {
        let records: Vec<Record> = serde_json::from_str(facts).map_err(|error| error.to_string())?;
        for record in &records {
            tenure_flow::evolve(state, record);
        }
        Ok(())
    }

    fn summary(&self, graph: &Graph, state: &RunState) -> Summary {
        let status = status(tenure_flow::standing(state));
        Summary { status, note: note(graph, state), output: state.output.clone() }
    }

    fn misfit(&self, from: &Graph, to: &Graph, state: &RunState) -> Option<String> {
        let reasons = tenure_flow::misfits(from, to, state);
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn under_way(&self, graph: &Graph, state: &RunState) -> Vec<Task> {
        let task = |id: &String, node: &Node| {
            let step = graph.step(id)?;
            let (attempt, with, action, undo) = match node {
                Node::Acting { attempt, with, .. } => (attempt, with, &step.action, false),
                Node::Undoing { attempt, with } => (attempt, with, &step.compensate.as_ref()?.action, true),
                _ => return None,
            };
            let (node, action, with) = (id.clone(), action.clone(), with.clone());
            Some(Task { node, attempt: *attempt, action, with, undo, edition: state.edition(id) })
        };
        state.nodes.iter().filter_map(|(id, node)| task(id, node)).collect()
    }
}

/// Where a run stands, in the words of the engine.
pub(crate) fn status(standing: Standing) -> RunStatus {
    match standing {
        Standing::Running => RunStatus::Running,
        Standing::Waiting => RunStatus::Waiting,
        Standing::Blocked => RunStatus::Blocked,
        Standing::Compensating => RunStatus::Compensating,
        Standing::Done => RunStatus::Done,
        Standing::Failed => RunStatus::Failed,
        Standing::Cancelled => RunStatus::Cancelled,
    }
}

/// The wait that matters most to whoever looks at a list: one that needs help, or the first.
fn note(graph: &Graph, state: &RunState) -> String {
    if let Some(stop) = &state.stop {
        return stop.reason.clone();
    }
    let waits = tenure_flow::waits(graph, state);
    let wait = waits.iter().find(|wait| wait.needs_help).or(waits.first());
    wait.map_or(String::new(), |wait| format!("{}: {}", wait.node, wait.reason))
}
