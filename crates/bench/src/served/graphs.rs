//! The graphs that the measurements run.

use serde_json::{Value as Json, json};
use tenure_engine::journal::Definition;

/// Three steps that call over HTTP, one after the other.
pub(crate) const HTTP: &str = "http";
/// Waits for the signal `go`, then is over.
pub(crate) const LISTEN: &str = "listen";
/// Sleeps until the moment it is given, then says how late it is.
pub(crate) const SLEEP: &str = "sleep";

/// The action that calls over HTTP.
pub(super) const CALL: &str = "http/call";
/// The action that says how late it is.
pub(super) const LATE: &str = "bench/late";

/// The name of the graph with so many steps that do nothing; there are 3 and 12.
pub(crate) fn inner(steps: usize) -> String {
    format!("inner-{steps}")
}

/// What a graph is called in the database.
pub(super) fn hash(name: &str) -> String {
    format!("bench-{name}")
}

/// All of them.
pub(super) fn all() -> Vec<Definition> {
    let mut all = vec![
        line(HTTP, 3, (CALL, |step| json!({ "step": step, "n": { "$": "/input/n" } }))),
        define(LISTEN, &json!([{ "id": "ask", "use": "core/wait-for", "with": { "signal": "go" } }])),
        define(
            SLEEP,
            &json!([
                { "id": "sleep", "use": "core/wait-until", "with": { "until": { "$": "/input/until" } } },
                { "id": "late", "use": LATE, "after": "sleep", "with": { "until": { "$": "/input/until" } } },
            ]),
        ),
    ];
    all.extend([3, 12].map(|steps| line(&inner(steps), steps, ("do/nothing", |_| Json::Null))));
    all
}

/// A graph whose steps follow one another.
fn line(name: &str, steps: usize, step: (&str, impl Fn(usize) -> Json)) -> Definition {
    let whole = |number| {
        let mut whole = json!({ "id": format!("s{number}"), "use": step.0, "with": step.1(number) });
        if let (2.., Some(whole)) = (number, whole.as_object_mut()) {
            whole.insert("after".to_owned(), json!(format!("s{}", number - 1)));
        }
        whole
    };
    define(name, &(1..=steps).map(whole).collect())
}

fn define(name: &str, steps: &Json) -> Definition {
    let body = json!({ "name": name, "steps": steps }).to_string();
    Definition { hash: hash(name), name: name.to_owned(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_engine::Process as _;

    #[test]
    fn every_graph_can_be_run() {
        let all = all();
        assert_eq!(all.len(), 5);
        for graph in all {
            tenure_app::flows::Flows.parse(&graph.body).unwrap();
        }
    }
}
