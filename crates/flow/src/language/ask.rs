//! Steps that wait for a human: a task, or an approval of several stages.
//!
//! Whoever is asked has a task in the inbox, and the step ends as the task ends. What is not
//! answered in time goes to somebody else; several who are asked at once are counted. All of it
//! is steps that anybody can follow in a run; the answer is the outcome of the author's own step.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::approval::{Approval, Need, Stage};
use super::lower::{Lowered, edge, plain};
use super::read::Written;
use crate::formula::{Formula, ROOTS};
use crate::graph::{Edge, Join, OnError, Step, Then, When};
use crate::moment::{Calendar, Span};

/// Lowers a step that asks a human.
pub(super) fn human(step: &Written, with: &Json) -> Lowered {
    let asking = Asking { step, with };
    if step.kind.name == "human/task" { asking.task() } else { asking.approval() }
}

/// The question which of several things somebody is to keep, put to one person or team, in the place
/// of whoever was asked before.
pub(super) fn choice(step: &Written, id: &str, who: &Json, with: &Json, (held, before): (&str, &[String])) -> Step {
    let mut asked = with.clone();
    if let Some(fields) = asked.as_object_mut() {
        let title = json!({ "{{": "Which access does {{ person.displayName }} still need?" });
        fields.entry("title").or_insert(title);
    }
    let asking = Asking { step, with: &asked };
    let within = asking.span("within");
    let more = json!({
        "kind": "review", "outcomes": ["keep", "change"], "instead": before,
        "choices": { "$": format!("/steps/{held}/output/choices") },
    });
    let mut question = asking.question(id, &first(who).unwrap_or(Json::Null), within, more);
    (question.timeout, question.calendar) = (within, asking.calendar());
    question
}

/// Whether a step of a graph is the written one of this name, or one by which it asks somebody.
pub fn asks_for(step: &str, written: &str) -> bool {
    let Some(asked) = ["ask-", "late-"].iter().find_map(|head| step.strip_prefix(head)) else {
        return step == written;
    };
    let bound = asked.strip_prefix(AGREE).and_then(|rest| rest.trim_start_matches(is_digit).strip_prefix('-'));
    let rest = [Some(asked), bound].into_iter().flatten().find_map(|text| text.strip_prefix(written));
    let number = |rest: &str| rest.split('-').skip(1).all(|word| word.chars().all(is_digit));
    step == written || rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('-')) && number(rest))
}

fn is_digit(one: char) -> bool {
    one.is_ascii_digit()
}

/// What the question is called by which access must be approved, before the name of its step.
pub(super) const AGREE: &str = "agree";

/// A step that asks, and what it was given.
struct Asking<'a> {
    step: &'a Written,
    with: &'a Json,
}

impl Asking<'_> {
    fn given(&self, name: &str) -> Json {
        self.with.get(name).cloned().unwrap_or(Json::Null)
    }

    fn span(&self, name: &str) -> Option<Span> {
        self.with.get(name)?.as_str()?.parse().ok()
    }

    fn calendar(&self) -> Option<Calendar> {
        serde_json::from_value(self.given("calendar")).ok()
    }

    /// One question to one person or team.
    fn question(&self, id: &str, who: &Json, within: Option<Span>, more: Json) -> Step {
        let mut with = Map::new();
        for name in ["person", "title", "instructions", "calendar", "shows"] {
            with.insert(name.to_owned(), self.given(name));
        }
        with.insert("for".to_owned(), assignee(who));
        with.insert("within".to_owned(), json!(within));
        with.extend(more.as_object().cloned().unwrap_or_default());
        with.retain(|_, value| !value.is_null());
        Step { on_error: self.step.on_error.clone(), ..plain(id, "human/task", Json::Object(with)) }
    }

    fn task(&self) -> Lowered {
        let id = &self.step.id;
        let outcomes = super::values::plain_words(&self.given("outcomes"));
        let usual = usual(self.given("kind").as_str()).map(ToOwned::to_owned);
        let outcomes = if outcomes.is_empty() { usual.to_vec() } else { outcomes };
        let more = json!({ "outcomes": outcomes, "kind": self.given("kind"), "barred": self.given("barred") });
        let (due, escalate) = (self.span("due"), first(&self.given("escalate")));
        let who = first(&self.given("for")).unwrap_or(Json::Null);
        let Some(escalate) = escalate else {
            return Lowered { steps: vec![self.question(id, &who, due, more)], inner: Vec::new() };
        };
        let (ask, late) = (format!("ask-{id}"), format!("late-{id}"));
        let mut asked = self.question(&ask, &who, due, more.clone());
        (asked.timeout, asked.calendar) = (due, self.calendar());
        let instead = json!({ "instead": [ask] });
        let mut handed_on = self.question(&late, &escalate, None, merged(more, instead));
        handed_on.after = vec![edge(&ask, Some("timeout"))];
        let mut end = End::default();
        for outcome in &outcomes {
            end.add(outcome, &ask, outcome);
            end.add(outcome, &late, outcome);
        }
        let otherwise = outcomes.last().map_or("refused", String::as_str).to_owned();
        Lowered { steps: vec![asked, handed_on, end.step(id, &otherwise)], inner: vec![ask, late] }
    }

    fn approval(&self) -> Lowered {
        let id = &self.step.id;
        let approval = self.stages();
        let (mut steps, mut inner, mut end) = (Vec::new(), Vec::new(), End::default());
        let mut before: Vec<Edge> = Vec::new();
        if let Some(auto) = &approval.auto {
            let name = format!("auto-{id}");
            let choose = json!({ "choose": [{ "outcome": "approved", "when": auto }], "else": "ask" });
            steps.push(plain(&name, "core/decide", choose));
            end.add("approved", &name, "approved");
            before.push(edge(&name, Some("ask")));
        } else {
            // Whoever is asked at once is asked from here, and not from the beginning of the run.
            let name = format!("begin-{id}");
            steps.push(plain(&name, "core/set", json!({})));
            before.push(edge(&name, Some("done")));
        }
        let count = approval.steps.len();
        for (place, stage) in approval.steps.iter().enumerate() {
            let parts = self.stage(place + 1, stage, &before);
            parts.denied.iter().for_each(|(step, word)| end.add("denied", step, word));
            parts.late.iter().for_each(|(step, word)| end.add("timeout", step, word));
            before = parts.passed.iter().map(|(step, word)| edge(step, Some(word))).collect();
            if place + 1 == count {
                parts.passed.iter().for_each(|(step, word)| end.add("approved", step, word));
            }
            inner.extend(parts.steps.iter().filter(|step| step.action == "human/task").map(|step| step.id.clone()));
            steps.extend(parts.steps);
        }
        if self.step.kind.name == "approval/ask" {
            steps.push(told(self.step, self.with, &end, None));
        }
        // What nobody foresaw is not an approval.
        steps.push(end.step(id, "denied"));
        Lowered { steps, inner }
    }

    /// The stages of an approval: those of a document, or the one that the step itself describes.
    fn stages(&self) -> Approval {
        if let Ok(found) = serde_json::from_value(self.given("approval")) {
            return found;
        }
        let need = self.given("quorum").as_u64().and_then(|count| u32::try_from(count).ok());
        let stage = Stage {
            ask: Vec::new(),
            need: need.map_or(Need::Any, Need::Quorum),
            within: self.span("within"),
            otherwise: Vec::new(),
            when: None,
        };
        Approval { auto: None, steps: vec![stage], calendar: None }
    }

    /// The steps of one stage, and how it can end.
    fn stage(&self, number: usize, stage: &Stage, before: &[Edge]) -> Parts {
        let name = format!("{}-{number}", self.step.id);
        let spoken = |names: &[String]| names.iter().map(|name| spoken(name)).collect::<Vec<Json>>();
        let ask = if stage.ask.is_empty() { all(&self.given("by")) } else { spoken(&stage.ask) };
        let when = stage.when.as_ref().and_then(|text| Formula::parse(text).ok());
        let when = when.map(|formula| When::Formula { formula });
        let mut parts = self.group("ask", &name, &ask, stage, before);
        for step in parts.steps.iter_mut().filter(|step| step.action == "human/task") {
            step.when.clone_from(&when);
        }
        if when.is_some()
            && let Some(first) = parts.steps.first().map(|step| step.id.clone())
        {
            parts.passed.push((first, "skipped".to_owned()));
        }
        if !stage.otherwise.is_empty() {
            let late: Vec<Edge> = parts.late.drain(..).map(|(step, word)| edge(&step, Some(&word))).collect();
            let next = self.group("late", &name, &spoken(&stage.otherwise), stage, &late);
            parts.steps.extend(next.steps);
            parts.passed.extend(next.passed);
            parts.denied.extend(next.denied);
            parts.late = next.late;
        }
        parts
    }

    /// Everybody who is asked at once, and how their answers are counted.
    fn group(&self, word: &str, name: &str, who: &[Json], stage: &Stage, before: &[Edge]) -> Parts {
        let more = json!({
            "kind": "approval", "outcomes": ["approved", "denied"], "barred": [{ "=": "person.employeeId" }],
        });
        let mut parts = Parts::default();
        let away = if word == "ask" { format!("away-{name}") } else { format!("gone-{name}") };
        let single = who.len() == 1;
        let mut ids = Vec::new();
        for (place, who) in who.iter().enumerate() {
            let id = if single { format!("{word}-{name}") } else { format!("{word}-{name}-{}", place + 1) };
            let mut asked = self.question(&id, who, stage.within, more.clone());
            (asked.timeout, asked.calendar) = (stage.within, self.calendar());
            asked.after = before.to_vec();
            parts.steps.push(asked);
            ids.push(id);
        }
        if let (true, Some(id)) = (single, ids.first()) {
            parts.passed.push((id.clone(), "approved".to_owned()));
            parts.denied.push((id.clone(), "denied".to_owned()));
            if stage.within.is_some() {
                parts.late.push((id.clone(), "timeout".to_owned()));
                parts.steps.push(put_away(self.step, &away, &ids, vec![edge(id, Some("timeout"))], LATE));
            }
            return parts;
        }
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let needed = match stage.need {
            Need::Any => 1,
            Need::All => count,
            Need::Quorum(needed) => needed.clamp(1, count.max(1)),
        };
        let edges = |words: &[&str]| {
            ids.iter().flat_map(|id| words.iter().map(|word| edge(id, Some(word)))).collect::<Vec<Edge>>()
        };
        let no: &[&str] = if stage.within.is_some() { &["denied", "timeout"] } else { &["denied"] };
        let (enough, never) = (format!("yes-{word}-{name}"), format!("no-{word}-{name}"));
        let counted = |id: &str, after: Vec<Edge>, least: u32| Step {
            after,
            join: Join::AtLeast(least.max(1)),
            ..plain(id, "core/set", json!({}))
        };
        parts.steps.push(counted(&enough, edges(&["approved"]), needed));
        parts.steps.push(counted(&never, edges(no), count.saturating_sub(needed) + 1));
        let decided = vec![edge(&enough, Some("done")), edge(&never, Some("done"))];
        for asked in parts.steps.iter_mut().filter(|step| ids.contains(&step.id)) {
            asked.moot_after.clone_from(&decided);
        }
        let over = ids.iter().map(|id| edge(id, None)).collect();
        parts.steps.push(put_away(self.step, &away, &ids, over, "it was decided without this answer"));
        parts.passed.push((enough, "done".to_owned()));
        parts.denied.push((never, "done".to_owned()));
        parts
    }
}

/// Why a question is taken back whose time is over.
const LATE: &str = "the time for it is over";

/// Takes questions back that nobody needs to answer any more. That it goes wrong changes nothing of
/// what was decided.
fn put_away(step: &Written, id: &str, questions: &[String], after: Vec<Edge>, why: &str) -> Step {
    let on_error = OnError { then: Then::Skip, ..step.on_error.clone() };
    Step { after, on_error, ..plain(id, "human/withdraw", json!({ "questions": questions, "why": why })) }
}

/// The same for a task that is given up after the time that the author says.
pub(super) fn late(step: &Written) -> Option<Step> {
    let is_one = step.kind.name == "human/task" && step.each.is_none() && step.with.get("escalate").is_none();
    let (id, after) = (format!("withdraw-{}", step.id), vec![edge(&step.id, Some("timeout"))]);
    (is_one && step.timeout.is_some()).then(|| put_away(step, &id, std::slice::from_ref(&step.id), after, LATE))
}

/// Lets others know how it was decided. That they are not told, and that it is about nobody, changes
/// nothing of it.
pub(super) fn told(step: &Written, with: &Json, end: &End, when: Option<When>) -> Step {
    let id = &step.id;
    let mut person = with.get("person").cloned().unwrap_or(Json::Null);
    if let Some(fields) = person.as_object_mut().filter(|fields| fields.contains_key("$")) {
        fields.insert("else".to_owned(), Json::Null);
    }
    let outcome = json!({ "$": format!("/steps/{id}/outcome") });
    let with = json!({ "person": person, "step": id, "outcome": outcome });
    let on_error = OnError { then: Then::Skip, ..step.on_error.clone() };
    let after = end.outcomes().into_iter().map(|outcome| edge(id, Some(outcome))).collect();
    Step { after, when, on_error, ..plain(&format!("told-{id}"), "approval/tell", with) }
}

/// Fields with more of them.
fn merged(mut fields: Json, more: Json) -> Json {
    if let (Json::Object(fields), Json::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    fields
}

/// How a task of this kind ends unless it is said otherwise; first as is hoped for.
pub(super) fn usual(kind: Option<&str>) -> [&'static str; 2] {
    match kind {
        Some("approval") => ["approved", "rejected"],
        Some("look") => ["seen", "not-so"],
        Some("review") => ["keep", "change"],
        Some(_) | None => ["done", "refused"],
    }
}

/// The steps of a stage, and the outcomes by which it ends.
#[derive(Default)]
struct Parts {
    steps: Vec<Step>,
    passed: Vec<(String, String)>,
    denied: Vec<(String, String)>,
    late: Vec<(String, String)>,
}

/// The end of several ways: the step of the author's name, with the outcome of the one that came.
#[derive(Default)]
pub(super) struct End {
    choose: Vec<Json>,
    after: Vec<Edge>,
}

impl End {
    pub(super) fn add(&mut self, outcome: &str, step: &str, said: &str) {
        let when = format!("steps[\"{step}\"].outcome == \"{said}\"");
        self.choose.push(json!({ "outcome": outcome, "when": when }));
        self.after.push(edge(step, Some(said)));
    }

    fn outcomes(&self) -> BTreeSet<&str> {
        self.choose.iter().filter_map(|one| one.get("outcome")?.as_str()).collect()
    }

    pub(super) fn step(self, id: &str, otherwise: &str) -> Step {
        let with = json!({ "choose": self.choose, "else": otherwise });
        Step { after: self.after, ..plain(id, "core/decide", with) }
    }
}

fn all(names: &Json) -> Vec<Json> {
    match names {
        Json::Array(items) => items.clone(),
        Json::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn first(names: &Json) -> Option<Json> {
    all(names).into_iter().next()
}

/// A name of a document, or the place where it stands.
fn spoken(name: &str) -> Json {
    let root = name.split('.').next().unwrap_or_default();
    if ROOTS.contains(&root) && name.contains('.') { json!({ "=": name }) } else { name.into() }
}

/// For whom a task is: a place gives a person, a plain word is a team.
fn assignee(who: &Json) -> Json {
    match (who.get("=").and_then(Json::as_str), who.as_str()) {
        (Some(formula), _) => json!({ "=": format!("\"person:\" + {formula}") }),
        (None, Some(word)) if !word.contains(':') => format!("team:{word}").into(),
        (None, _) => who.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::asks_for;

    #[test]
    fn a_question_is_known_by_the_step_as_it_was_written() {
        for (step, written) in [
            ("desk", "desk"),
            ("ask-desk", "ask-desk"),
            ("ask-desk", "desk"),
            ("ask-agree-1", "agree"),
            ("late-agree-2-1", "agree"),
            ("ask-agree-give-1", "give"),
            ("late-agree3-give-1-2", "give"),
        ] {
            assert!(asks_for(step, written), "{step}");
        }
        for (step, written) in [
            ("ask-agreed-1", "agree"),
            ("ask-agree-two", "agree"),
            ("no-agree-1", "agree"),
            ("ask-agree-given-1", "give"),
            ("ask-agreed-give-1", "give"),
        ] {
            assert!(!asks_for(step, written), "{step}");
        }
    }
}
