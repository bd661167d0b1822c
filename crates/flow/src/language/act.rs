//! What a system does for an account besides keeping it: the look that is kept, and then the act.
//!
//! What stood there before is in the records of the run before anything is done, so that it can be
//! put back also where nobody knows how the act ended.

use serde_json::{Map, Value as Json, json};

use super::fault::{FaultKind, Faults};
use super::lower::{Lowered, edge, plain, write_as};
use super::read::Written;
use crate::graph::{Compensate, GraphText, Reversibility, Step};
use crate::kinds::{Form, How};

/// How the part is called that looks, before the name of the step.
pub(super) const BEFORE: &str = "before-";

/// What both kinds of step hand to the part that acts.
const ACT: &str = "connector/do";

/// Lowers a step that lets a system do something.
pub(super) fn act(step: &Written, with: Json) -> Lowered {
    let id = &step.id;
    let before = format!("{BEFORE}{id}");
    let look = Step { on_error: step.on_error.clone(), ..plain(&before, "connector/look", asked(step, with)) };
    let class = step.kind.changes.unwrap_or(Reversibility::Irreversible);
    let undo = json!({ "acts": { "$": format!("/steps/{before}/output/undo") } });
    let how = Compensate { class, action: "connector/undo".to_owned(), with: undo };
    let each = each(step, json!({ "$": format!("/steps/{before}/output/acts") }));
    let acts = Step { after: vec![edge(&before, Some("done"))], compensate: Some(how), ..each };
    Lowered { steps: vec![look, acts], inner: vec![before] }
}

/// What is asked for, with the parameters of the action apart.
fn asked(step: &Written, with: Json) -> Json {
    let mut own = Map::new();
    let (mut asked, mut given) = (Map::new(), Map::new());
    if let Json::Object(fields) = with {
        own = fields;
    }
    for (name, value) in own {
        match name.as_str() {
            "person" | "system" | "action" => drop(asked.insert(name, value)),
            "with" if step.kind.name == "connector/act" => given.extend(value.as_object().cloned().unwrap_or_default()),
            _ => drop(given.insert(name, value)),
        }
    }
    asked.entry("action").or_insert_with(|| step.kind.name.into());
    asked.insert("with".to_owned(), Json::Object(given));
    Json::Object(asked)
}

fn each(step: &Written, over: Json) -> Step {
    let graph = GraphText { name: step.kind.name.to_owned(), steps: vec![write_as(step, ACT)], output: None };
    let with = json!({ "graph": graph, "over": over, "atOnce": 1 });
    Step { on_error: step.on_error.clone(), ..plain(&step.id, "core/each", with) }
}

/// Lowers a step that takes back what an earlier one did.
pub(super) fn take_back(step: &Written, with: &Json, steps: &[Written], faults: &mut Faults) -> Lowered {
    let earlier = with.get("step").and_then(Json::as_str).unwrap_or_default();
    let is_act = |known: &&Written| known.id == earlier && known.kind.how == How::Act && known.each.is_none();
    if !steps.iter().any(|known| is_act(&known)) {
        let reason = format!("`{earlier}` is no step that lets a system do something");
        let hint = format!("name one, such as a `mailbox/forward`: {}", super::form_word(Form::Text));
        faults.add(&format!("{}/with/step", step.at), FaultKind::NamesNothing, reason, hint);
    }
    let over = json!({ "$": format!("/steps/{BEFORE}{earlier}/output/undo"), "else": [] });
    Lowered { steps: vec![each(step, over)], inner: Vec::new() }
}
