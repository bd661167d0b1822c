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
pub(super) fn act(step: &Written, with: Json, steps: &[Written], faults: &mut Faults) -> Lowered {
    one_is_named(step, &with, faults);
    let id = &step.id;
    let before = format!("{BEFORE}{id}");
    let look = Step { on_error: step.on_error.clone(), ..plain(&before, "connector/look", asked(step, with)) };
    let class = step.kind.changes.unwrap_or(Reversibility::Irreversible);
    let takes_back =
        |other: &&Written| other.kind.how == How::TakeBack && other.with.get("step").and_then(Json::as_str) == Some(id);
    let already: Vec<Json> = steps
        .iter()
        .filter(takes_back)
        .map(|other| json!({ "$": format!("/steps/{}/outcome", other.id), "else": null }))
        .collect();
    let undo = json!({ "acts": { "$": format!("/steps/{before}/output/undo") }, "already": already });
    let how = Compensate { class, action: "connector/undo".to_owned(), with: undo };
    let each = each(step, json!({ "$": format!("/steps/{before}/output/acts") }));
    let acts = Step { after: vec![edge(&before, Some("done"))], compensate: Some(how), ..each };
    Lowered { steps: vec![look, acts], inner: vec![before] }
}

/// Whoever something is handed to is one.
fn one_is_named(step: &Written, with: &Json, faults: &mut Faults) {
    for (name, value) in with.as_object().into_iter().flatten() {
        if step.kind.takes(name).is_some_and(|takes| takes.form == Form::Names)
            && value.as_array().is_some_and(|names| names.len() != 1)
        {
            let at = format!("{}/with/{name}", step.at);
            faults.add(&at, FaultKind::BadValue, format!("`{name}` is to name one"), "name whoever it is handed to");
        }
    }
}

/// A watch ends at some time.
pub(super) fn watch(step: &Written, with: &Json, faults: &mut Faults) {
    if with.get("for").is_none() && with.get("until").is_none() {
        let reason = "`session/watch` does not say for how long";
        faults.add(&step.at, FaultKind::MissingKey, reason, "add `for: 2h`, or `until: person.lastDay 18:00`");
    }
}

/// What is asked for, with the parameters of the action apart.
fn asked(step: &Written, with: Json) -> Json {
    let Json::Object(own) = with else { return Json::Null };
    let (mut asked, mut given) = (Map::new(), Map::new());
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
    let known = steps.iter().find(|known| known.id == earlier && known.kind.how == How::Act);
    if known.is_none_or(|known| known.each.is_some()) {
        let reason = match known {
            Some(_) => format!("`{earlier}` is done for each of several, and only the run as a whole takes that back"),
            None => format!("`{earlier}` is no step that lets a system do something"),
        };
        let hint = "name a step that does one thing, such as a `mailbox/forward`";
        faults.add(&format!("{}/with/step", step.at), FaultKind::NamesNothing, reason, hint);
    }
    let over = json!({ "$": format!("/steps/{BEFORE}{earlier}/output/undo"), "else": [] });
    Lowered { steps: vec![each(step, over)], inner: Vec::new() }
}
