//! Workflow graphs under the engine's simulator: what a seed is, and what it tries.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tenure_app::flows::Flows;
use tenure_engine::journal::Definition;
use tenure_engine::sim::{Plan, Report, Simulation};
use tenure_engine::{Decided, Plant, Process, Summary};
use tenure_flow::{Graph, Phase, RunState};
use tenure_model::{RunEvent, Task};

/// A defect to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// One of the engine's own.
    Engine(Plant),
    /// What was done is taken back in the order in which it was done.
    UndoForwards,
}

/// Runs one seed, with a defect or without.
pub fn run_seed(seed: u64, defect: Option<Defect>) -> Report {
    let plan = Plan { seed, steps: 200, runs: 12, definitions: definitions(), lanes: 4 };
    match defect {
        Some(Defect::UndoForwards) => Simulation::new(Arc::new(UndoForwards), plan, None).run(),
        Some(Defect::Engine(plant)) => Simulation::new(Arc::new(Flows), plan, Some(plant)).run(),
        None => Simulation::new(Arc::new(Flows), plan, None).run(),
    }
}

fn definitions() -> Vec<Definition> {
    let graphs = [sequence(), parallel(), waiting(), nested(), saga()];
    graphs
        .into_iter()
        .map(|graph| {
            let name = graph.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
            Definition { hash: format!("hash-{name}"), name, body: graph.to_string() }
        })
        .collect()
}

fn sequence() -> Json {
    json!({ "name": "sequence", "steps": [
        { "id": "a", "use": "do/a", "onError": { "retry": 3, "pauseMs": 500 } },
        { "id": "b", "use": "do/b", "after": "a", "with": { "n": { "$": "/input/n" } } },
        { "id": "c", "use": "do/c", "after": "b", "onError": { "retry": 0, "then": "skip" } }
    ]})
}

fn parallel() -> Json {
    json!({ "name": "parallel", "steps": [
        { "id": "which", "use": "core/decide", "with": { "cases": { "few": { "less": ["/input/n", 2] } }, "else": "many" } },
        { "id": "left", "use": "do/left", "after": "which.few" },
        { "id": "right", "use": "do/right", "after": "which.many" },
        { "id": "both", "use": "do/both" },
        { "id": "rescue", "use": "do/rescue", "after": "both.failed" },
        { "id": "join", "use": "do/join", "after": ["left", "right", "both", "rescue"] }
    ]})
}

fn waiting() -> Json {
    json!({ "name": "waiting", "steps": [
        { "id": "nap", "use": "core/wait-until", "with": { "forMs": 7000 } },
        { "id": "word", "use": "core/wait-for", "after": "nap", "with": { "signal": "go", "timeoutMs": 3_600_000 } },
        { "id": "went", "use": "do/went", "after": "word.received" },
        { "id": "late", "use": "do/late", "after": "word.timeout" }
    ]})
}

fn nested() -> Json {
    let child = json!({ "name": "child", "steps": [
        { "id": "one", "use": "do/one", "onError": { "retry": 2, "pauseMs": 100, "then": "fail" } },
        { "id": "two", "use": "do/two", "after": "one" }
    ]});
    json!({ "name": "nested", "steps": [
        { "id": "all", "use": "core/each", "with": { "over": { "$": "/input/items" }, "atOnce": 2, "graph": child, "failuresMax": 1 } },
        { "id": "sub", "use": "core/run", "after": "all", "with": { "graph": child, "input": { "n": 1 }, "failuresMax": 1 } }
    ]})
}

fn saga() -> Json {
    let step = |id: &str, after: Option<&str>| {
        let mut step = json!({ "id": id, "use": format!("do/{id}"), "onError": { "retry": 2, "pauseMs": 100, "then": "compensate" },
            "compensate": { "use": format!("undo/{id}") } });
        if let (Some(after), Some(fields)) = (after, step.as_object_mut()) {
            fields.insert("after".to_owned(), json!(after));
        }
        step
    };
    json!({ "name": "saga", "steps": [
        step("ordered-1", None), step("ordered-2", Some("ordered-1")), step("ordered-3", Some("ordered-2")),
        { "id": "sure", "use": "core/fail", "after": "ordered-3",
          "when": { "less": ["/input/n", 2] }, "with": { "reason": "as planned", "undo": true } }
    ]})
}

/// The defect [`Defect::UndoForwards`]: whoever decides believes that the order was the other one.
#[derive(Debug)]
struct UndoForwards;

impl Process for UndoForwards {
    type Graph = Graph;
    type State = RunState;

    fn parse(&self, body: &str) -> Result<Graph, String> {
        Flows.parse(body)
    }

    fn decide(&self, graph: &Graph, state: &RunState, event: &RunEvent, now: Timestamp) -> Decided<RunState> {
        let mut believed = state.clone();
        believed.order.reverse();
        let mut decided = Flows.decide(graph, &believed, event, now);
        if state.phase != Phase::New {
            decided.next.order.reverse();
        }
        decided
    }

    fn fold(&self, state: &mut RunState, facts: &str) -> Result<(), String> {
        Flows.fold(state, facts)
    }

    fn summary(&self, graph: &Graph, state: &RunState) -> Summary {
        Flows.summary(graph, state)
    }

    fn misfit(&self, from: &Graph, to: &Graph, state: &RunState) -> Option<String> {
        Flows.misfit(from, to, state)
    }

    fn under_way(&self, graph: &Graph, state: &RunState) -> Vec<Task> {
        Flows.under_way(graph, state)
    }
}
