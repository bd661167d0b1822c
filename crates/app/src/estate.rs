//! What is configured, ready for use: rules, sources, and workflows as definitions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_engine::journal::Definition;
use tenure_flow::graph::GraphText;
use tenure_flow::language::{Breaker, Input, Known, Lane, Trigger};
use tenure_flow::{Fault, Graph};
use tenure_model::{ConnectionName, Name};
use tenure_policy::brakes::Limits;
use tenure_policy::drift::Watching;
use tenure_policy::{Authorities, Generator, Mapping, Rules, Telling};

use crate::limits::{STARTS_MAX, STARTS_WITHIN};
use crate::sources::Feed;

/// What is configured.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    /// Roles, and what each connection can take.
    pub rules: Rules,
    /// Workflows by name.
    pub workflows: BTreeMap<Name, Workflow>,
    /// Every connection, with what it is for.
    pub connections: BTreeMap<ConnectionName, Connection>,
    /// The names of those who are of each team.
    pub teams: BTreeMap<Name, BTreeSet<String>>,
    /// In which connection the work of a team is a ticket, where it wants that.
    pub tickets: BTreeMap<Name, ConnectionName>,
    /// What is told by which channel.
    pub notices: BTreeMap<Name, Telling>,
    /// How the records of each source become what is said of people.
    pub mappings: BTreeMap<ConnectionName, Mapping>,
    /// Whose word counts.
    pub authorities: Authorities,
    /// How names are made.
    pub generators: BTreeMap<Name, Generator>,
    /// The attributes by which mappings refer to people, such as a manager's number.
    pub refers_by: BTreeSet<String>,
    /// What needs a human first.
    pub brakes: Limits,
    /// What each owner answers for: the documents that name them, such as `role finance`.
    pub owners: BTreeMap<String, BTreeSet<String>>,
    /// Who answers for a document once its owner has left, by the document.
    pub successors: BTreeMap<String, String>,
}

/// A connection, for lists and for the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// What to call it on a screen.
    pub title: String,
    /// Which connector.
    pub connector: String,
    /// Whether facts come from it.
    pub is_source: bool,
    /// Whether accounts are made in it.
    pub is_target: bool,
    /// The attribute by which it names people, if it is a source.
    pub person_key: String,
    /// How it is read, and what is done about what others changed there.
    pub watching: Watching,
    /// How it is read, if it is a source that can be.
    pub feed: Feed,
}

/// A workflow, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub name: Name,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// With whom its runs queue up.
    pub lane: Lane,
    /// What it must be given, besides the person.
    pub inputs: BTreeMap<String, Input>,
    /// Events that end an open run of it.
    pub cancel_on: BTreeSet<String>,
    /// How often it may begin before a human is asked.
    pub breaker: Breaker,
    /// The graph, named by its content.
    pub definition: Definition,
}

impl Workflow {
    /// Compiles the body of a workflow document; gives its graph too, for those that run it.
    pub fn compile(name: &Name, spec: &Json, known: &Known) -> Result<(Self, GraphText), Vec<Fault>> {
        let compiled = tenure_flow::compile(name.as_str(), spec, known)?;
        // What was compiled can be written as text.
        let graph = serde_json::to_value(&compiled.graph).unwrap_or_default();
        let workflow = Self {
            name: name.clone(),
            triggers: compiled.triggers,
            lane: compiled.lane,
            inputs: compiled.inputs,
            cancel_on: compiled.cancel_on,
            breaker: compiled.breaker.unwrap_or(Breaker { starts: STARTS_MAX, within: STARTS_WITHIN }),
            definition: hashed(name.as_str(), &graph),
        };
        Ok((workflow, compiled.graph))
    }
}

/// A graph as a definition, named by the hash of its content.
pub fn definition(name: &str, graph: &Json) -> Result<Definition, String> {
    Graph::parse(&graph.to_string()).map_err(|error| error.to_string())?;
    Ok(hashed(name, graph))
}

fn hashed(name: &str, graph: &Json) -> Definition {
    let body = graph.to_string();
    Definition { hash: hex(&Sha256::digest(body.as_bytes())), name: name.to_owned(), body }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

impl Estate {
    /// Takes the documents about what people are.
    #[must_use]
    pub fn with_people(
        self,
        mappings: impl IntoIterator<Item = Mapping>,
        authorities: Authorities,
        generators: BTreeMap<Name, Generator>,
    ) -> Self {
        let mappings: BTreeMap<ConnectionName, Mapping> =
            mappings.into_iter().map(|mapping| (mapping.connection.clone(), mapping)).collect();
        let set = mappings.values().flat_map(|mapping| mapping.set.values());
        let refers_by = set.filter_map(|assignment| assignment.refers_by.clone()).collect();
        Self { mappings, authorities, generators, refers_by, ..self }
    }

    /// Every definition that a run may be started with.
    pub fn definitions(&self) -> Vec<Definition> {
        let own = self.workflows.values().map(|workflow| workflow.definition.clone());
        own.chain([timer(), restoring(), disabling()]).collect()
    }
}

/// The graph that waits for a moment and then starts a workflow: how a date becomes an event.
pub fn timer() -> Definition {
    let graph = json!({ "name": "timer", "steps": [
        { "id": "wait", "use": "core/wait-until", "with": { "until": { "$": "/input/at" } } },
        { "id": "fire", "use": "lifecycle/trigger", "after": "wait", "with": { "$": "/input" } }
    ]});
    fixed("timer", &graph)
}

/// The graph that takes back what somebody else changed on one account.
pub fn restoring() -> Definition {
    let write =
        json!({ "name": "change", "steps": [{ "id": "write", "use": "access/change", "with": { "$": "/input" } }] });
    let graph = json!({ "name": "restore", "steps": [
        { "id": "plan", "use": "drift/plan", "with": { "$": "/input" } },
        { "id": "changes", "use": "core/each", "after": "plan.changes", "with": {
            "over": { "$": "/steps/plan/output/changes" }, "atOnce": 1, "graph": write
        } }
    ]});
    fixed("restore", &graph)
}

/// The graph that disables an account of nobody.
pub fn disabling() -> Definition {
    let graph = json!({ "name": "disable", "steps": [
        { "id": "disable", "use": "drift/disable", "with": { "$": "/input" } }
    ]});
    fixed("disable", &graph)
}

/// A graph of ours, which a test holds to be good.
fn fixed(name: &str, graph: &Json) -> Definition {
    definition(name, graph).unwrap_or_else(|_| Definition {
        hash: String::new(),
        name: name.to_owned(),
        body: graph.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_graph_of_ours_is_good() {
        for definition in [timer(), restoring(), disabling()] {
            assert!(!definition.hash.is_empty(), "{}", definition.name);
        }
    }
}
