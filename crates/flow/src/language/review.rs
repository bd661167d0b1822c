//! What somebody holds, looked at by somebody else: what there is to look at, the question, what is
//! taken away by the answer, and the end, which waits until that is gone.
//!
//! Nothing that a rule gives is taken away by an answer: the rule is what would have to change, and
//! an objection says so.

use serde_json::{Value as Json, json};

use super::ask;
use super::fault::{FaultKind, Faults};
use super::lower::{CHANGES, Lowered, edge, plain, write_of};
use super::read::{Undo, Written};
use crate::graph::{Compensate, Edge, GraphText, Reversibility, Step};

/// Lowers a step that reviews.
pub(super) fn review(step: &Written, with: &Json, faults: &mut Faults) -> Lowered {
    check(step, with, faults);
    Review { step, with }.lowered()
}

/// Where a question can be left unanswered, it must be said what that comes to.
fn check(step: &Written, with: &Json, faults: &mut Faults) {
    let at = format!("{}/with", step.at);
    let (within, silence) = (with.get("within"), with.get("noAnswer"));
    if !silence.is_none_or(|word| word == "keep" || word == "remove") {
        let reason = "`noAnswer` says what becomes of what nobody answers";
        faults.add(&format!("{at}/noAnswer"), FaultKind::BadValue, reason, "write `keep` or `remove`");
    }
    if within.is_some() && silence.is_none() && with.get("escalate").is_none() {
        let reason = "nobody might answer `within` this time, and it does not say what comes then";
        faults.add(&at, FaultKind::MissingKey, reason, "add `noAnswer: keep` or `remove`, or `escalate: TEAM`");
    }
    if silence.is_some() && within.is_none() {
        let reason = "`noAnswer` never comes, because the question has no end";
        faults.add(&format!("{at}/noAnswer"), FaultKind::Unsound, reason, "add `within: 10d`");
    }
    if within.is_some_and(|within| !within.is_string()) {
        let reason = "how long somebody has is not known before the question is asked";
        faults.add(&format!("{at}/within"), FaultKind::WrongType, reason, "write it as text, such as `10d`");
    }
    for name in ["by", "escalate"] {
        if with.get(name).and_then(Json::as_array).is_some_and(|names| names.len() > 1) {
            let reason = format!("`{name}` names several, and one is asked");
            faults.add(&format!("{at}/{name}"), FaultKind::BadValue, reason, "make a team of them and name it");
        }
    }
}

struct Review<'a> {
    step: &'a Written,
    with: &'a Json,
}

impl Review<'_> {
    fn part(&self, name: &str, action: &str, with: Json, after: Vec<Edge>) -> Step {
        Step { after, on_error: self.step.on_error.clone(), ..plain(name, action, with) }
    }

    /// What is looked at.
    fn scope(&self) -> Json {
        let given = |name: &&str| self.with.get(*name).map(|value| ((*name).to_owned(), value.clone()));
        ["person", "systems", "byRule"].iter().filter_map(given).collect()
    }

    fn lowered(&self) -> Lowered {
        let id = &self.step.id;
        let named = |word: &str| format!("{word}-{id}");
        let (held, take, begin, each) = (named("held"), named("take"), named("begin"), format!("{CHANGES}{id}"));
        let mut steps = vec![self.part(&held, "review/list", self.scope(), Vec::new())];
        let (mut kept, mut asked, mut answers) = (vec![edge(&held, Some("nothing"))], Vec::new(), Vec::new());
        let mut late = vec![edge(&held, Some("some"))];
        let mut changed = Vec::new();
        let whom = |(word, whom): (&str, &str)| Some((named(word), self.with.get(whom)?));
        let mut questions = [("ask", "by"), ("late", "escalate")].into_iter().filter_map(whom).peekable();
        while let Some((name, whom)) = questions.next() {
            let mut question = ask::choice(self.step, &name, whom, self.with, (&held, &asked));
            question.after = late;
            late = vec![edge(&name, Some("timeout"))];
            // Whoever is asked last has no end unless the author says what comes then.
            if self.with.get("noAnswer").is_none() && questions.peek().is_none() {
                (question.timeout, late) = (None, Vec::new());
            }
            kept.push(edge(&name, Some("keep")));
            changed.push(edge(&name, Some("change")));
            answers.push(json!({ "$": format!("/steps/{name}/output"), "else": null }));
            asked.push(name);
            steps.push(question);
        }
        // An answer that came with the end of the time counts, so silence is looked at there too.
        let is_late = late.first().map(|edge| json!({ "$": format!("/steps/{}/outcome", edge.step), "else": null }));
        changed.extend(late);
        let items = json!({ "$": format!("/steps/{held}/output/items") });
        let person = self.with.get("person");
        let taking = json!({
            "person": person,
            "items": items, "answers": answers, "asked": asked, "last": is_late,
            "silence": self.with.get("noAnswer"),
        });
        let undo = json!({ "undo": { "$": format!("/steps/{take}/output/undo"), "else": null } });
        steps.push(self.taken_back("access/grant", undo, self.part(&take, "review/take", taking, changed)));
        let beginning = json!({ "person": person, "grants": { "$": format!("/steps/{take}/output/grants") } });
        steps.push(self.part(&begin, "review/begin", beginning, vec![edge(&take, Some("done"))]));
        steps.push(self.changes(&each, &take, &begin));
        kept.push(edge(&each, None));
        let of_take = json!({ "$": format!("/steps/{take}/output"), "else": null });
        let close = json!({ "person": person, "items": items, "answers": answers, "took": of_take });
        steps.push(self.part(id, "review/close", close, kept));
        Lowered { steps, inner: asked.into_iter().chain([held, take, begin, each]).collect() }
    }

    /// What nobody decided is taken away here, each thing in a run of its own.
    fn changes(&self, name: &str, take: &str, after: &str) -> Step {
        let graph = GraphText { name: "change".to_owned(), steps: vec![write_of(self.step)], output: None };
        let over = json!({ "$": format!("/steps/{take}/output/wishes") });
        let with = json!({ "graph": graph, "over": over, "atOnce": 1 });
        let undo = json!({ "wishes": { "$": format!("/steps/{take}/output/back"), "else": [] } });
        self.taken_back("access/restore", undo, self.part(name, "core/each", with, vec![edge(after, Some("done"))]))
    }

    /// A part that this takes back, unless the author says otherwise of the step.
    fn taken_back(&self, action: &str, with: Json, part: Step) -> Step {
        let how = Compensate { class: Reversibility::Exact, action: action.to_owned(), with };
        Step { compensate: matches!(self.step.compensate, Undo::Usual).then_some(how), ..part }
    }
}
