//! Access brought in line with policy: the plan, the brakes, the changes one behind the other, and
//! the look whether all of it is so.
//!
//! Where somebody is asked first, they are shown the changes, and only those are made. What turns
//! out to be another thing once they have said yes is shown and asked for again, so many times; what
//! has become less needs no second word.

use serde_json::{Value as Json, json};

use super::ask::{self, AGREE, End};
use super::lower::{CHANGES, Lowered, SETTLE, edge, plain, write_of};
use super::read::Written;
use crate::formula::Formula;
use crate::graph::{Edge, GraphText, Step, When};
use crate::limits::APPROVALS_MAX;

/// Lowers a step that aligns.
pub(super) fn align(step: &Written, with: &Json) -> Lowered {
    if step.needs_approval() { Aligned { step, with }.approved() } else { Aligned { step, with }.at_once() }
}

/// A step that aligns, and what it was given.
struct Aligned<'a> {
    step: &'a Written,
    with: &'a Json,
}

impl Aligned<'_> {
    fn person(&self) -> Json {
        json!({ "person": self.with.get("person") })
    }

    fn part(&self, name: &str, action: &str, with: Json, after: Vec<Edge>) -> Step {
        Step { after, on_error: self.step.on_error.clone(), ..plain(name, action, with) }
    }

    fn changes(&self, name: &str, over: &Json, after: Vec<Edge>) -> Step {
        let graph = GraphText { name: "change".to_owned(), steps: vec![write_of(self.step)], output: None };
        self.part(name, "core/each", json!({ "graph": graph, "over": over, "atOnce": 1 }), after)
    }

    fn at_once(&self) -> Lowered {
        let id = &self.step.id;
        let (plan, each, again) = (format!("align-{id}"), format!("{CHANGES}{id}"), format!("again-{id}"));
        let steps = vec![
            self.part(&plan, "access/align", self.person(), Vec::new()),
            self.changes(&each, &changes_of(&plan), vec![edge(&plan, Some("changes"))]),
            self.part(&again, "access/again", self.person(), vec![edge(id, Some("done"))]),
            self.part(id, "access/settle", self.person(), vec![edge(&plan, Some("nothing")), edge(&each, None)]),
        ];
        Lowered { steps, inner: vec![plan, each] }
    }

    fn approved(&self) -> Lowered {
        let id = &self.step.id;
        let (each, settle, again) = (format!("{CHANGES}{id}"), format!("{SETTLE}{id}"), format!("again-{id}"));
        let (mut steps, mut inner, mut end) = (Vec::new(), vec![each.clone(), settle.clone()], End::default());
        let (mut over, mut changing, mut settling) = (Json::Array(Vec::new()), Vec::new(), Vec::new());
        end.add("done", &settle, "done");
        let mut before = None;
        for round in 1..=APPROVALS_MAX {
            let one = self.round(round, before.take());
            settling.push(edge(&one.plan, Some("nothing")));
            changing.push(edge(&one.plan, Some("changes")));
            over = json!({ "$": format!("/steps/{}/output/changes", one.plan), "else": over });
            end.add("denied", &one.agree, "denied");
            end.add("timeout", &one.agree, "timeout");
            inner.extend(one.inner);
            steps.extend(one.steps);
            before = Some(one.plan);
        }
        settling.push(edge(&each, None));
        steps.push(self.changes(&each, &over, changing));
        steps.push(self.part(&settle, "access/settle", self.person(), settling));
        // Also who gets nothing has dates to come.
        steps.push(self.part(&again, "access/again", self.person(), vec![edge(id, None)]));
        // Where nothing would change nobody was asked, and there was no request.
        let asked = format!("steps[\"{AGREE}-{id}\"].outcome == \"approved\" || steps[\"{id}\"].outcome != \"done\"");
        let when = Formula::parse(&asked).ok().map(|formula| When::Formula { formula });
        steps.push(ask::told(self.step, self.with, &end, when));
        steps.push(end.step(id, "denied"));
        Lowered { steps, inner }
    }

    /// What would change, who says yes to it, and the plan that goes no further.
    fn round(&self, round: usize, before: Option<String>) -> Round {
        let id = &self.step.id;
        let count = if round == 1 { String::new() } else { round.to_string() };
        let named = |word: &str| format!("{word}{count}-{id}");
        let (look, foresee, plan) = (named("look"), named("foresee"), named("align"));
        let agree = Written { id: named(AGREE), ..self.step.clone() };
        let mut asked = self.with.clone();
        if let Some(fields) = asked.as_object_mut() {
            let title = json!({ "{{": "May the access of {{ person.displayName }} change so?" });
            fields.entry("title").or_insert(title);
            fields.insert("shows".to_owned(), json!({ "$": format!("/steps/{foresee}/output/shows") }));
        }
        let mut question = ask::human(&agree, &asked);
        if let Some(first) = question.steps.first_mut() {
            first.after = vec![edge(&foresee, Some("changes"))];
        }
        let mut own = vec![self.part(&foresee, "access/foresee", self.person(), Vec::new())];
        own.extend(question.steps);
        let within = json!({
            "person": self.with.get("person"), "asks": true, "last": round == APPROVALS_MAX,
            "approved": { "$": format!("/steps/{foresee}/output/each") },
        });
        // Where nothing changes there is nothing to say yes to, and yet there may be something to keep.
        let after = vec![edge(&agree.id, Some("approved")), edge(&foresee, Some("nothing"))];
        own.push(self.part(&plan, "access/align", within, after));
        let mut inner = vec![foresee.clone(), plan.clone()];
        inner.extend(question.inner);
        // Who is asked, and what their name is, may have changed since the round before.
        if let Some(before) = before {
            for step in &mut own {
                step.facts = Some(look.clone());
            }
            if let Some(first) = own.first_mut() {
                first.after = vec![edge(&look, Some("done"))];
            }
            own.insert(0, self.part(&look, "person/look", self.person(), vec![edge(&before, Some("other"))]));
            inner.push(look);
        }
        Round { steps: own, inner, agree: agree.id, plan }
    }
}

/// One question, with what comes before and behind it.
struct Round {
    steps: Vec<Step>,
    inner: Vec<String>,
    agree: String,
    plan: String,
}

fn changes_of(plan: &str) -> Json {
    json!({ "$": format!("/steps/{plan}/output/changes") })
}
