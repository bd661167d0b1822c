//! The runs that work a plan out and put it into force: each step works for a while and, if there is
//! more, begins the next run. Their names follow from the plan, so that none is begun twice.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenure_engine::journal::{Definition, Letter, Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{Id as _, PersonId, PlanId, RunId};
use uuid::Uuid;

use crate::cx::House;
use crate::estate::definition;

/// The graph that works a plan out.
pub(crate) fn making() -> Definition {
    one_step("plan-make", "estate/plan")
}

/// The graph that puts a plan into force.
pub(crate) fn applying() -> Definition {
    one_step("plan-apply", "estate/apply")
}

fn one_step(name: &str, action: &str) -> Definition {
    let graph = json!({ "name": name, "steps": [
        { "id": "work", "use": action, "with": { "$": "/input" }, "onError": { "retry": 5 } }
    ]});
    definition(name, &graph).unwrap_or_else(|_| Definition {
        hash: String::new(),
        name: name.to_owned(),
        body: graph.to_string(),
    })
}

/// The letter that begins the part of this number.
pub(crate) fn letter(house: &House, plan: PlanId, definition: Definition, part: u64) -> Letter {
    let run = named(&[&plan.to_string(), &definition.name, &part.to_string()]);
    let start = Start {
        lane: private_lane(run),
        definition: definition.hash,
        name: definition.name,
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input: json!({ "plan": plan, "part": part }),
    };
    message::start(run, start, "plan", "start", house.clock.now())
}

/// The run that does for somebody what a plan, or a yes, lets be done.
pub(crate) fn run_for(cause: &str, person: PersonId, workflow: &str) -> RunId {
    named(&[cause, &person.to_string(), workflow])
}

/// A run whose id follows from words: the same words are the same run.
fn named(words: &[&str]) -> RunId {
    let hash = Sha256::digest(words.join("/").as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| hash.get(place).copied().unwrap_or(0));
    let marks: u128 = (0xf << 76) | (0b11 << 62);
    let number = (u128::from_be_bytes(bytes) & !marks) | (7 << 76) | (0b10 << 62);
    RunId::from_uuid(Uuid::from_u128(number))
}
