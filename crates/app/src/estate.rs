//! What is configured, ready for use: rules, sources, and workflows as definitions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_engine::journal::Definition;
use tenure_flow::Graph;
use tenure_model::{ConnectionName, Name};
use tenure_policy::brakes::Limits;
use tenure_policy::{Authorities, Generator, Mapping, Rules, Telling};

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
    /// How it is read, if it is a source that can be.
    pub feed: Feed,
}

/// A workflow, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub name: Name,
    /// Which event starts it.
    pub event: Option<String>,
    /// The graph, named by its content.
    pub definition: Definition,
}

/// Why a workflow cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: workflow `{name}`: {reason}")]
pub struct BadEstate {
    /// In which file.
    pub file: String,
    /// Which workflow.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

impl Workflow {
    /// Compiles the body of a workflow document: a trigger and steps.
    pub fn compile(name: &Name, file: &str, spec: &Json) -> Result<Self, BadEstate> {
        let bad = |reason: String| BadEstate { file: file.to_owned(), name: name.to_string(), reason };
        let steps = spec.get("steps").ok_or_else(|| bad("it has no `steps`".to_owned()))?;
        let mut graph = json!({ "name": name, "steps": steps });
        if let (Some(output), Some(fields)) = (spec.get("output"), graph.as_object_mut()) {
            fields.insert("output".to_owned(), output.clone());
        }
        let event = match spec.get("trigger") {
            None => None,
            Some(trigger) => match trigger.get("event").and_then(Json::as_str) {
                Some(event) => Some(event.to_owned()),
                None => return Err(bad("its `trigger` names no `event`".to_owned())),
            },
        };
        Ok(Self { name: name.clone(), event, definition: definition(name.as_str(), &graph).map_err(bad)? })
    }
}

/// A graph as a definition, named by the hash of its content.
pub fn definition(name: &str, graph: &Json) -> Result<Definition, String> {
    let body = graph.to_string();
    Graph::parse(&body).map_err(|error| error.to_string())?;
    Ok(Definition { hash: hex(&Sha256::digest(body.as_bytes())), name: name.to_owned(), body })
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

    /// Workflows that an event starts.
    pub fn started_by<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Workflow> {
        self.workflows.values().filter(move |workflow| workflow.event.as_deref() == Some(event))
    }

    /// Every definition that a run may be started with.
    pub fn definitions(&self) -> Vec<Definition> {
        let own = self.workflows.values().map(|workflow| workflow.definition.clone());
        own.chain([timer()]).collect()
    }
}

/// The graph that waits for a moment and then starts a workflow: how a date becomes an event.
pub fn timer() -> Definition {
    let graph = json!({ "name": "timer", "steps": [
        { "id": "wait", "use": "core/wait-until", "with": { "until": { "$": "/input/at" } } },
        { "id": "fire", "use": "lifecycle/trigger", "after": "wait", "with": { "$": "/input" } }
    ]});
    definition("timer", &graph).unwrap_or_else(|_| Definition {
        hash: String::new(),
        name: "timer".to_owned(),
        body: graph.to_string(),
    })
}
