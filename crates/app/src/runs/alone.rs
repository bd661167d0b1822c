//! Runs that nobody starts by hand: each has a lane of its own and a name that follows from what
//! it is for, so that however often it is asked for, there is one.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tenure_engine::journal::{Definition, Letter, Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, RunId};
use uuid::Uuid;

use crate::estate::{definition, timer};

/// The run of these words: the same words are the same run.
pub(crate) fn named(words: &str) -> RunId {
    let hash = Sha256::digest(words.as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| hash.get(place).copied().unwrap_or(0));
    let marks: u128 = (0xf << 76) | (0b11 << 62);
    let number = (u128::from_be_bytes(bytes) & !marks) | (7 << 76) | (0b10 << 62);
    RunId::from_uuid(Uuid::from_u128(number))
}

/// A graph of one step, which is given what the run is.
pub(crate) fn one_step(name: &str, action: &str) -> Definition {
    let graph = json!({ "name": name, "steps": [
        { "id": "work", "use": action, "with": { "$": "/input" }, "onError": { "retry": 5 } }
    ]});
    definition(name, &graph).unwrap_or_else(|_| Definition {
        hash: String::new(),
        name: name.to_owned(),
        body: graph.to_string(),
    })
}

/// The letter that begins a run in a lane of its own.
pub(crate) fn letter(run: RunId, definition: Definition, input: Json, source: &str, now: Timestamp) -> Letter {
    let start = Start {
        lane: private_lane(run),
        definition: definition.hash,
        name: definition.name,
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input,
    };
    message::start(run, start, source, "start", now)
}

/// The letter that sets the timer for a moment of somebody, at which this event happens.
pub(crate) fn timer_at(person: PersonId, at: Timestamp, event: &str, now: Timestamp) -> Letter {
    let run = named(&format!("{person}/{at}/{event}"));
    letter(run, timer(), json!({ "person": person, "at": at, "event": event }), "timer", now)
}
