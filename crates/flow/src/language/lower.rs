//! What a workflow becomes: a graph whose steps the engine can run.
//!
//! A written step keeps its id; what is put in front of it is called after it (`wish-ID`,
//! `open-ID`, …). A step that reads what is known of the person gets it from a `person/look` that
//! is younger than every wait before it: an inserted one, `look-ID`, where the author wrote none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::fault::{FaultKind, Faults};
use super::read::{Each, Undo, Workflow, Written};
use super::values::{self, Place};
use super::{Known, act, align, ask, prove, review};
use crate::formula::Formula;
use crate::graph::{Compensate, Edge, GraphText, Join, Reversibility, Step, Then, When};
use crate::kinds::{ASKED, Form, How};
use crate::moment::{Moment, Span};

/// What one written step becomes.
pub(super) struct Lowered {
    /// The steps, the first of which follows what was written behind `after`.
    pub steps: Vec<Step>,
    /// Those besides the last whose failure is the failure of the step.
    pub inner: Vec<String>,
}

/// Turns a workflow into a graph.
pub(super) fn workflow(name: &str, written: &Workflow, known: &Known, faults: &mut Faults) -> GraphText {
    let mut lowered = BTreeMap::new();
    for step in &written.steps {
        lowered.entry(step.id.clone()).or_insert_with(|| one(step, written, known, faults));
    }
    let ancestors = prove::Ancestors::of(&written.steps);
    for step in &written.steps {
        if let Some(lowered) = lowered.get(&step.id) {
            prove::reads(step, lowered, written, &ancestors, faults);
        }
    }
    let mut inner: BTreeMap<String, Vec<String>> =
        lowered.iter().map(|(id, low)| (id.clone(), low.inner.clone())).collect();
    let mut facts = Facts { written: &written.steps, lowered: &lowered, after: BTreeMap::new(), open: BTreeSet::new() };
    // The look that each step rests on; one that finds none on every way to it has its own.
    let mut looks: BTreeMap<String, Option<String>> = BTreeMap::new();
    for step in &written.steps {
        if lowered.get(&step.id).is_some_and(|low| needs_person(&low.steps)) {
            let before = facts.before(step);
            if before.is_none() {
                inner.entry(step.id.clone()).or_default().push(look_of(&step.id));
            }
            looks.insert(step.id.clone(), before);
        }
    }
    let mut steps = Vec::new();
    for step in &written.steps {
        let Some(Lowered { steps: mut own, .. }) = lowered.remove(&step.id) else { continue };
        widen_failures(&mut own, &inner);
        if let Some(before) = looks.remove(&step.id) {
            let look = before.unwrap_or_else(|| insert_look(step, &mut own));
            for step in own.iter_mut().filter(|step| step.action != "person/look") {
                step.facts.get_or_insert_with(|| look.clone());
            }
        }
        steps.extend(own);
    }
    GraphText { name: name.to_owned(), steps, output: written.output.clone() }
}

/// What the look before a step is called.
fn look_of(id: &str) -> String {
    format!("look-{id}")
}

/// Puts a look in front, which goes wrong as the author wants it of the step; gives its name.
fn insert_look(step: &Written, own: &mut Vec<Step>) -> String {
    let name = look_of(&step.id);
    if let Some(first) = own.first_mut() {
        let edge = Edge { step: name.clone(), outcome: None };
        let after = std::mem::replace(&mut first.after, vec![edge]);
        let join = std::mem::take(&mut first.join);
        let with = json!({ "person": { "$": "/input/person" } });
        own.insert(0, Step { after, join, on_error: step.on_error.clone(), ..plain(&name, "person/look", with) });
    }
    name
}

/// An edge to the failure of a step is one to the failure of each of its parts.
fn widen_failures(own: &mut [Step], inner: &BTreeMap<String, Vec<String>>) {
    for step in own {
        let more: Vec<Edge> = step
            .after
            .iter()
            .filter(|edge| edge.outcome.as_deref() == Some("failed"))
            .flat_map(|edge| inner.get(&edge.step).into_iter().flatten())
            .map(|part| Edge { step: part.clone(), outcome: Some("failed".to_owned()) })
            .collect();
        step.after.extend(more);
    }
}

/// A step with nothing but its action.
pub(crate) fn plain(id: &str, action: &str, with: Json) -> Step {
    Step {
        id: id.to_owned(),
        action: action.to_owned(),
        after: Vec::new(),
        join: Join::default(),
        when: None,
        facts: None,
        timeout: None,
        calendar: None,
        ends: BTreeSet::new(),
        moot_after: Vec::new(),
        with,
        on_error: crate::graph::OnError::default(),
        compensate: None,
    }
}

/// An edge to this step.
pub(crate) fn edge(step: &str, outcome: Option<&str>) -> Edge {
    Edge { step: step.to_owned(), outcome: outcome.map(ToOwned::to_owned) }
}

fn one(step: &Written, written: &Workflow, known: &Known, faults: &mut Faults) -> Lowered {
    let mut lowered = match &step.each {
        Some(each) => for_each(step, each, written, known, faults),
        None => bare(step, written, known, faults),
    };
    // What is passed over at its first part is passed over as a whole; what nobody foresaw of a
    // question is no answer.
    let skipped = lowered.steps.len() > 1 && (step.when.is_some() || !matches!(step.kind.how, How::Human));
    let head = lowered.steps.first().map(|head| head.id.clone()).unwrap_or_default();
    if let Some(first) = lowered.steps.first_mut() {
        first.after.clone_from(&step.after);
        first.join = step.join;
        first.when = step.when.as_ref().and_then(|when| condition(&format!("{}/when", step.at), when, faults));
    }
    if let Some(last) = lowered.steps.last_mut() {
        last.timeout = step.timeout.or(last.timeout);
        last.ends.clone_from(&step.ends);
        match &step.compensate {
            Undo::Usual => {}
            Undo::Nothing => last.compensate = None,
            Undo::By(how) => last.compensate = Some(how.clone()),
        }
        if skipped {
            last.after.push(edge(&head, Some("skipped")));
            last.when = passed_over(&head);
        }
    }
    lowered.steps.extend(ask::late(step));
    lowered
}

/// That the first part was not passed over.
fn passed_over(head: &str) -> Option<When> {
    let formula = Formula::parse(&format!("steps[\"{head}\"].outcome != \"skipped\"")).ok()?;
    Some(When::Formula { formula })
}

fn condition(at: &str, when: &Json, faults: &mut Faults) -> Option<When> {
    match when {
        Json::String(text) => match Formula::parse(text) {
            Ok(formula) => Some(When::Formula { formula }),
            Err(bad) => {
                faults.add(at, FaultKind::BadExpression, bad.reason, bad.hint);
                None
            }
        },
        other => {
            let read = serde_json::from_value(other.clone()).ok();
            if read.is_none() {
                let hint = "write one such as `person.department == \"Finance\"`";
                faults.add(at, FaultKind::WrongType, "`when` is no expression", hint);
            }
            read
        }
    }
}

fn for_each(step: &Written, each: &Each, written: &Workflow, known: &Known, faults: &mut Faults) -> Lowered {
    let single =
        Written { each: None, when: None, after: Vec::new(), join: Join::default(), timeout: None, ..step.clone() };
    let inner = Workflow {
        triggers: Vec::new(),
        lane: None,
        inputs: written.inputs.clone(),
        output: None,
        cancel_on: BTreeSet::new(),
        breaker: None,
        calendar: written.calendar.clone(),
        steps: vec![single],
    };
    let graph = workflow(&step.id, &inner, known, faults);
    let with = json!({
        "graph": graph, "over": each.over, "atOnce": each.at_once, "failuresMax": each.failures_max,
        "share": { "$": "/input" },
    });
    let steps = vec![Step { on_error: step.on_error.clone(), ..plain(&step.id, "core/each", with) }];
    Lowered { steps, inner: Vec::new() }
}

fn bare(step: &Written, written: &Workflow, known: &Known, faults: &mut Faults) -> Lowered {
    let alone = |with: Json, action: &str| {
        let only = Step { on_error: step.on_error.clone(), compensate: undo_of(step), ..plain(&step.id, action, with) };
        Lowered { steps: vec![only], inner: Vec::new() }
    };
    let at = format!("{}/with", step.at);
    match step.kind.how {
        How::Graph => match step.kind.name {
            "core/decide" => alone(values::decide(&at, &step.with, faults), "core/decide"),
            "core/set" => alone(values::parameter(&at, Form::Any, &step.with, known, faults), "core/set"),
            "core/each" => alone(step.with.clone(), "core/each"),
            "core/run" => alone(run(&at, step, known, faults), "core/run"),
            "core/wait-until" => {
                let mut with = parameters(step, written, known, faults);
                if let Some(fields) = with.as_object_mut()
                    && let Some(Json::String(_)) = fields.get("until")
                    && let Some(moment) = fields.remove("until")
                {
                    fields.insert("moment".to_owned(), moment);
                }
                alone(with, "core/wait-until")
            }
            action => alone(parameters(step, written, known, faults), action),
        },
        How::Effect if step.with.get("$").is_some() => alone(step.with.clone(), step.kind.name),
        How::Effect => {
            let with = parameters(step, written, known, faults);
            if step.kind.name == "session/watch" {
                act::watch(step, &with, faults);
            }
            alone(with, step.kind.name)
        }
        How::Changes(verb) => changes(step, verb, parameters(step, written, known, faults)),
        How::Act => {
            let with = parameters(step, written, known, faults);
            act::act(step, with, &written.steps, faults)
        }
        How::TakeBack => {
            let with = parameters(step, written, known, faults);
            act::take_back(step, &with, &written.steps, faults)
        }
        How::Align => align::align(step, &parameters(step, written, known, faults)),
        How::Human => ask::human(step, &parameters(step, written, known, faults)),
        How::Review => {
            let with = parameters(step, written, known, faults);
            review::review(step, &with, faults)
        }
    }
}

/// Every parameter as a value of the graph.
fn parameters(step: &Written, written: &Workflow, known: &Known, faults: &mut Faults) -> Json {
    let at = format!("{}/with", step.at);
    let mut with = Map::new();
    match &step.with {
        Json::Null => {}
        Json::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}/{name}");
                match step.kind.takes(name) {
                    Some(takes) if name == "person" => {
                        let named =
                            value.as_str().map_or_else(|| value.clone(), |text| values::formula(&at, text, faults));
                        with.insert(name.clone(), values::parameter(&at, takes.form, &named, known, faults));
                    }
                    Some(takes) => {
                        with.insert(name.clone(), values::parameter(&at, takes.form, value, known, faults));
                    }
                    None => prove::unknown_parameter(&at, name, step.kind, faults),
                }
            }
        }
        _ => faults.add(&at, FaultKind::WrongType, "`with` is not keys and values", "write `with: { … }`"),
    }
    for needed in step.kind.takes.iter().filter(|takes| takes.needed && !with.contains_key(takes.name)) {
        let hint = format!("add `{}: …`: {}", needed.name, super::form_word(needed.form));
        faults.add(&step.at, FaultKind::MissingKey, format!("`{}` needs `{}`", step.kind.name, needed.name), hint);
    }
    if step.kind.how == How::Align && !step.needs_approval() {
        for name in ASKED.iter().map(|takes| takes.name).filter(|name| with.contains_key(*name)) {
            let reason = format!("`{name}` says how somebody is asked, and nobody is");
            faults.add(&format!("{at}/{name}"), FaultKind::Unsound, reason, "add `approval: NAME` or `by: …`");
        }
    }
    if step.kind.takes("person").is_some() || step.kind.how == How::Review {
        // A human can be asked for something that is about nobody; all else is done to somebody.
        let about = match step.kind.name {
            "human/task" => json!({ "$": "/input/person", "else": null }),
            _ => json!({ "$": "/input/person" }),
        };
        with.entry("person").or_insert(about);
    }
    let of_work = with.values().filter_map(Json::as_str).any(|text| text.parse().is_ok_and(Span::is_of_work));
    if step.kind.takes("calendar").is_some() && of_work && !with.contains_key("calendar") {
        match &written.calendar {
            Some(name) => {
                let calendar = values::parameter("/calendar", Form::Calendar, &json!(name), known, faults);
                with.insert("calendar".to_owned(), calendar);
            }
            None => faults.add(
                &at,
                FaultKind::MissingKey,
                "working time needs a calendar",
                "add `calendar: NAME` here or to the workflow",
            ),
        }
    }
    Json::Object(with)
}

fn run(at: &str, step: &Written, known: &Known, faults: &mut Faults) -> Json {
    let Some(fields) = step.with.as_object() else {
        faults.add(at, FaultKind::MissingKey, "`core/run` needs `workflow`", "name the workflow");
        return Json::Null;
    };
    if fields.contains_key("graph") {
        return step.with.clone();
    }
    let name = fields.get("workflow").cloned().unwrap_or(Json::Null);
    let graph = values::parameter(&format!("{at}/workflow"), Form::Workflow, &name, known, faults);
    let mut input = match fields
        .get("input")
        .map(|input| values::parameter(&format!("{at}/input"), Form::Any, input, known, faults))
    {
        Some(Json::Object(fields)) => fields,
        _ => Map::new(),
    };
    input.entry("person").or_insert_with(|| json!({ "$": "/input/person" }));
    json!({ "graph": graph, "input": input })
}

/// One effect that finds out what must change, and a child for each change.
fn changes(step: &Written, verb: &str, with: Json) -> Lowered {
    let id = &step.id;
    let wish = format!("wish-{id}");
    let mut wanted = with;
    if let Some(fields) = wanted.as_object_mut() {
        fields.insert("verb".to_owned(), verb.into());
        let kind = step.kind.name.split('/').next().unwrap_or_default();
        fields.insert("of".to_owned(), kind.into());
    }
    let graph = GraphText { name: step.kind.name.to_owned(), steps: vec![write_of(step)], output: None };
    let each = json!({
        "graph": graph, "over": { "$": format!("/steps/{wish}/output/wishes") }, "atOnce": CHANGES_AT_ONCE,
    });
    let class = step.kind.changes.unwrap_or(Reversibility::Irreversible);
    let undo = json!({ "wishes": { "$": format!("/steps/{wish}/output/undo") } });
    let compensate = Compensate { class, action: "access/restore".to_owned(), with: undo };
    let first = Step { on_error: step.on_error.clone(), ..plain(&wish, "access/wish", wanted) };
    let second = Step {
        after: vec![edge(&wish, Some("done"))],
        on_error: step.on_error.clone(),
        compensate: Some(compensate),
        ..plain(id, "core/each", each)
    };
    Lowered { steps: vec![first, second], inner: vec![wish] }
}

/// One write, in a run of its own. Where it goes wrong for good and nobody is to be asked, that run
/// fails, and the author's step goes on as the author says.
pub(super) fn write_of(step: &Written) -> Step {
    write_as(step, "access/change")
}

/// The same by another action.
pub(super) fn write_as(step: &Written, action: &str) -> Step {
    let mut on_error = step.on_error.clone();
    if on_error.then != Then::Ask {
        on_error.then = Then::Fail;
    }
    Step { on_error, ..plain("write", action, json!({ "$": "/input" })) }
}

/// Accounts of one person that are changed at the same time.
const CHANGES_AT_ONCE: u32 = 8;

/// What the part of an alignment that makes its changes is called, before the name of the step.
pub(crate) const CHANGES: &str = "changes-";

/// What the part is called that looks at the end, where the step itself says what was answered.
pub(crate) const SETTLE: &str = "settle-";

/// How an effect is taken back unless the author says otherwise.
fn undo_of(step: &Written) -> Option<Compensate> {
    let class = step.kind.changes?;
    let with = json!({ "undo": { "$": format!("/steps/{}/output/undo", step.id) } });
    let action = match step.kind.name {
        "access/grant" => "access/revoke",
        "access/revoke" => "access/grant",
        "sponsor/transfer" => "sponsor/transfer",
        _ => {
            return Some(Compensate {
                class: Reversibility::Irreversible,
                action: "access/restore".to_owned(),
                with: Json::Null,
            });
        }
    };
    Some(Compensate { class, action: action.to_owned(), with })
}

/// Every place that the steps read.
pub(super) fn places(steps: &[Step]) -> BTreeSet<Place> {
    let mut found = BTreeSet::new();
    for step in steps {
        values::places(&step.with, &mut found);
        if let Some(When::Formula { formula }) = &step.when {
            found.extend(formula.reads().iter().map(|read| (read.root.clone(), read.names.clone())));
        }
    }
    found
}

/// Whether something in the steps depends on what is known of the person.
fn needs_person(steps: &[Step]) -> bool {
    let reads = places(steps).iter().any(|(root, _)| root == "person" || root == "today");
    reads || steps.iter().any(wants_zone)
}

/// Whether a wait is counted where the person works.
fn wants_zone(step: &Step) -> bool {
    let of_days = |text: &str| text.parse().is_ok_and(|span: Span| !matches!(span, Span::Exact(_)));
    let words = |name: &str| step.with.get(name).and_then(Json::as_str);
    let moment = words("moment").and_then(|text| text.parse::<Moment>().ok());
    let place = moment.as_ref().and_then(Moment::place).is_some_and(|place| place.starts_with("/person"));
    place
        || words("for").is_some_and(of_days)
        || words("within").is_some_and(of_days)
        || step.timeout.is_some_and(|span| matches!(span, Span::Days(_)))
}

/// Which look is still fresh where.
struct Facts<'a> {
    written: &'a [Written],
    lowered: &'a BTreeMap<String, Lowered>,
    after: BTreeMap<String, Option<String>>,
    open: BTreeSet<String>,
}

impl Facts<'_> {
    /// The look whose result is fresh before this step, on every way to it.
    fn before(&mut self, step: &Written) -> Option<String> {
        let mut edges = step.after.iter();
        let first = self.after(&edges.next()?.step)?;
        edges.all(|edge| self.after(&edge.step).as_ref() == Some(&first)).then_some(first)
    }

    fn after(&mut self, id: &str) -> Option<String> {
        if let Some(known) = self.after.get(id) {
            return known.clone();
        }
        // Steps that wait for each other are refused elsewhere.
        if !self.open.insert(id.to_owned()) {
            return None;
        }
        let step = self.written.iter().find(|step| step.id == id)?;
        let found = if step.kind.name == "person/look" && step.when.is_none() && !may_be_skipped(step) {
            Some(id.to_owned())
        } else if step.waits() || may_be_skipped(step) {
            None
        } else {
            let needs = self.lowered.get(id).is_some_and(|lowered| needs_person(&lowered.steps));
            self.before(step).or_else(|| needs.then(|| look_of(id)))
        };
        self.after.insert(id.to_owned(), found.clone());
        found
    }
}

/// Whether a step goes on without its look when that goes wrong, so that nobody else can rest on it.
fn may_be_skipped(step: &Written) -> bool {
    step.on_error.then == Then::Skip
}
