//! What the runs of a trial are: five graphs, and the effects that each must have.

use serde_json::{Value as Json, json};
use tenure_engine::journal::{Definition, RunStatus};

/// The graphs, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Three steps in a row.
    Line,
    /// Two at the same time between two others.
    Fan,
    /// A short sleep between two steps.
    Nap,
    /// A run for each of three things, then a step.
    Brood,
    /// Two steps, taken back.
    Saga,
}

impl Kind {
    /// The graph of the run of this number.
    pub fn of(number: usize) -> Self {
        match number % 5 {
            0 => Self::Line,
            1 => Self::Fan,
            2 => Self::Nap,
            3 => Self::Brood,
            _ => Self::Saga,
        }
    }

    /// What its definition is called; also its hash.
    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "chaos-line",
            Self::Fan => "chaos-fan",
            Self::Nap => "chaos-nap",
            Self::Brood => "chaos-brood",
            Self::Saga => "chaos-saga",
        }
    }

    /// The effects of one run, each with its stage: an effect of a later stage comes later.
    pub fn effects(self) -> &'static [(&'static str, u8)] {
        match self {
            Self::Line => &[("a", 0), ("b", 1), ("c", 2)],
            Self::Fan => &[("a", 0), ("b", 1), ("c", 1), ("d", 2)],
            Self::Nap => &[("a", 0), ("b", 1)],
            Self::Brood => &[("x0", 0), ("x1", 0), ("x2", 0), ("z", 1)],
            Self::Saga => &[("a", 0), ("b", 1), ("undo-b", 2), ("undo-a", 3)],
        }
    }

    /// The stage of an effect.
    pub fn stage(self, what: &str) -> Option<u8> {
        self.effects().iter().find(|(name, _)| *name == what).map(|(_, stage)| *stage)
    }

    /// How its runs end.
    pub fn end(self) -> RunStatus {
        match self {
            Self::Saga => RunStatus::Failed,
            Self::Line | Self::Fan | Self::Nap | Self::Brood => RunStatus::Done,
        }
    }
}

/// What a run is given.
pub fn input(number: usize) -> Json {
    let items: Vec<Json> = (0..3).map(|item| json!({ "n": number, "what": format!("x{item}") })).collect();
    json!({ "n": number, "items": items })
}

/// The definitions of all graphs.
pub fn definitions() -> Vec<Definition> {
    let line = json!([put("a", &[]), put("b", &["a"]), put("c", &["b"])]);
    let fan = json!([put("a", &[]), put("b", &["a"]), put("c", &["a"]), put("d", &["b", "c"])]);
    let nap = json!([
        put("a", &[]),
        { "id": "nap", "use": "core/wait-until", "after": "a", "with": { "forMs": 15 } },
        put("b", &["nap"])
    ]);
    let child = json!({ "name": "chaos-item", "steps": [{
        "id": "one", "use": "chaos/put", "onError": on_error(),
        "with": { "n": { "$": "/input/n" }, "what": { "$": "/input/what" } }
    }]});
    let brood = json!([
        { "id": "all", "use": "core/each", "with": { "over": { "$": "/input/items" }, "atOnce": 2, "graph": child } },
        put("z", &["all"])
    ]);
    let fail =
        json!({ "id": "sure", "use": "core/fail", "after": "b", "with": { "reason": "as planned", "undo": true } });
    let saga = json!([undone("a", &[]), undone("b", &["a"]), fail]);
    let all = [(Kind::Line, line), (Kind::Fan, fan), (Kind::Nap, nap), (Kind::Brood, brood), (Kind::Saga, saga)];
    all.into_iter()
        .map(|(kind, steps)| Definition {
            hash: kind.word().to_owned(),
            name: kind.word().to_owned(),
            body: json!({ "name": kind.word(), "steps": steps }).to_string(),
        })
        .collect()
}

fn on_error() -> Json {
    json!({ "retry": 30, "pauseMs": 5, "pauseMsMax": 50 })
}

fn put(id: &str, after: &[&str]) -> Json {
    json!({
        "id": id, "use": "chaos/put", "after": after, "onError": on_error(),
        "with": { "n": { "$": "/input/n" }, "what": id }
    })
}

fn undone(id: &str, after: &[&str]) -> Json {
    let mut step = put(id, after);
    if let Some(fields) = step.as_object_mut() {
        let with = json!({ "n": { "$": "/input/n" }, "what": format!("undo-{id}") });
        fields.insert("compensate".to_owned(), json!({ "use": "chaos/put", "with": with }));
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_graph_is_one() {
        for definition in definitions() {
            tenure_flow::Graph::parse(&definition.body).unwrap();
        }
        assert_eq!(
            (0..5).map(|number| Kind::of(number).word()).collect::<Vec<_>>(),
            definitions().iter().map(|d| d.hash.as_str()).collect::<Vec<_>>()
        );
    }
}
