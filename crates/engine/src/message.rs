//! What is written into the inbox for the engine: starts, and events for runs that are there.
//!
//! A use case writes these in its own transaction, so that a run exists exactly when the change
//! that asks for it does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::{RunEvent, RunId};

use crate::journal::{Letter, Urgency, partition_of};

/// A message in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "kebab-case")]
pub enum Message {
    /// Begin a run.
    Start(Start),
    /// Something happened to a run.
    Event {
        /// What.
        event: RunEvent,
    },
}

/// That a run is to begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Runs of a lane never act at the same time; usually the person.
    pub lane: String,
    /// The hash of the definition, which must be stored.
    pub definition: String,
    /// What people call that definition.
    pub name: String,
    /// How urgent.
    pub urgency: Urgency,
    /// What happens if the lane is taken.
    pub busy: Busy,
    /// What the run is given.
    pub input: Json,
}

/// What happens if another run of the lane is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Busy {
    /// Wait until it is over.
    Queue,
    /// Stop it and everything that waits, then begin: the newest word counts.
    Supersede,
}

/// The letter that begins a run. The same `(source, external)` for a run is taken once.
pub fn start(run: RunId, start: Start, source: &str, external: &str, at: Timestamp) -> Letter {
    let (partition, urgency) = (partition_of(&start.lane), start.urgency);
    letter(run, partition, urgency, &Message::Start(start), source, external, at)
}

/// The letter that tells a run what happened. It goes before runs that have not begun.
pub fn event(run: RunId, lane: &str, event: RunEvent, source: &str, external: &str, at: Timestamp) -> Letter {
    letter(run, partition_of(lane), Urgency::Urgent, &Message::Event { event }, source, external, at)
}

fn letter(
    run: RunId,
    partition: u16,
    urgency: Urgency,
    message: &Message,
    source: &str,
    external: &str,
    at: Timestamp,
) -> Letter {
    let body = serde_json::to_string(message).unwrap_or_default();
    Letter { run, partition, urgency, source: source.to_owned(), external: external.to_owned(), body, at }
}

/// The facts in a record, if it holds any, as the process wrote them.
pub fn facts_of(body: &str) -> Option<String> {
    match serde_json::from_str(body) {
        Ok(Entry::Facts(facts)) => Some(facts.get().to_owned()),
        Ok(Entry::Queued(_)) | Err(_) => None,
    }
}

/// The record of these facts, which are JSON already: [`Entry::Facts`] without reading them again.
pub(crate) fn facts_entry(facts: &str) -> String {
    format!("{{\"facts\":{facts}}}")
}

/// What one record of a run holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Entry<'a> {
    /// The run waits for its turn in the lane, with this input.
    Queued(Json),
    /// Facts of the process.
    #[serde(borrow)]
    Facts(std::borrow::Cow<'a, serde_json::value::RawValue>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_facts_reads_back_as_those_facts() {
        let facts = r#"[{"fact":"begun","input":{"a":"\"}"}}]"#;
        assert_eq!(facts_of(&facts_entry(facts)).as_deref(), Some(facts));
    }
}
