//! What the engine runs: something that decides, and can be folded.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tenure_model::{Effect, RunEvent, Task};

use jiff::Timestamp;

use crate::journal::RunStatus;

/// A kind of process, such as workflow graphs. Pure: same in, same out.
pub trait Process: Send + Sync + 'static {
    /// A definition, read and checked.
    type Graph: Send + Sync + 'static;
    /// What a run knows of itself.
    type State: Clone + Default + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static;

    /// Reads a definition.
    fn parse(&self, body: &str) -> Result<Self::Graph, String>;

    /// What an event comes to.
    fn decide(
        &self,
        graph: &Self::Graph,
        state: &Self::State,
        event: &RunEvent,
        now: Timestamp,
    ) -> Decided<Self::State>;

    /// Takes the facts of one record into the state.
    fn fold(&self, state: &mut Self::State, facts: &str) -> Result<(), String>;

    /// Where the run stands, and what a child gives its parent when it closes.
    fn summary(&self, graph: &Self::Graph, state: &Self::State) -> Summary;

    /// Why a run that stands so cannot go on by another graph; none if it can.
    fn misfit(&self, from: &Self::Graph, to: &Self::Graph, state: &Self::State) -> Option<String>;

    /// Effects that were begun and whose end was not seen: what recovery carries on with.
    fn under_way(&self, graph: &Self::Graph, state: &Self::State) -> Vec<Task>;
}

/// What an event came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided<S> {
    /// The facts, which must be JSON: they are written as they come. None if the event changes nothing.
    pub facts: Option<String>,
    /// The effects, to be carried out after the facts are written.
    pub effects: Vec<Effect>,
    /// The state with the facts taken in.
    pub next: S,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// For lists and filters.
    pub status: RunStatus,
    /// What it waits for, or why it ended so.
    pub note: String,
    /// What it gives back, once closed.
    pub output: Json,
}
