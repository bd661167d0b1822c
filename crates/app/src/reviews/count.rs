//! Counting the questions of a campaign: pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_flow::{Graph, Node, RunState};
use tenure_model::{HumanTask, RunId, TaskEnd};

use super::{CLOSE, TAKE};

/// How far questions are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Questions {
    /// How many were asked.
    pub asked: i64,
    /// How many were answered.
    pub decided: i64,
    /// How many wait for an answer.
    pub open: i64,
    /// How many of those are late.
    pub overdue: i64,
    /// Of how many of those somebody was reminded.
    pub reminded: i64,
    /// How many nobody answered in time, so that they went on to somebody else or were taken back.
    pub unanswered: i64,
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// For whom the questions are or were, such as `person:E2` or `team:bosses`.
    pub whom: String,
    /// How far they are.
    pub questions: Questions,
    /// How many things they said are still needed.
    pub kept: i64,
    /// How many are not.
    pub chosen: i64,
    /// When they last answered.
    pub last_at: Option<Timestamp>,
}

/// What became of the things that were asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Things {
    /// How many were shown, each person's once.
    pub shown: i64,
    /// Those that nobody has decided yet.
    pub undecided: i64,
    /// Those that stay.
    pub kept: i64,
    /// Those that are being taken away.
    pub going: i64,
    /// Those that were taken away and read back as gone.
    pub gone: i64,
    /// Those that a rule gives, and somebody objects to.
    pub objected: i64,
    /// Those that a brake withholds.
    pub withheld: i64,
}

/// A campaign as it is being counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub people: i64,
    pub more: bool,
    pub runs: BTreeMap<RunStatus, i64>,
    pub questions: Questions,
    pub reviewers: BTreeMap<String, Reviewer>,
    pub things: Things,
    /// Runs whose records say what became of the things, each with how many were shown.
    pub open: Vec<(RunId, i64)>,
}

impl Counted {
    /// Takes in runs with their questions.
    pub fn add(&mut self, runs: &[RunRow], asked: Vec<HumanTask>, now: Timestamp) {
        let mut last: BTreeMap<RunId, HumanTask> = BTreeMap::new();
        for task in asked {
            self.question(&task, now);
            // Ids sort by the time at which they were asked.
            if let Some(run) = task.waits
                && last.get(&run).is_none_or(|known| known.id < task.id)
            {
                last.insert(run, task);
            }
        }
        for run in runs {
            self.people += 1;
            *self.runs.entry(run.status).or_default() += 1;
            let Some(task) = last.get(&run.id) else { continue };
            let shown = count(task.choices.len());
            self.things.shown += shown;
            match task.state.end() {
                None => self.things.undecided += shown,
                Some(end) if is_kept(task, end) => self.things.kept += shown,
                Some(_) => self.open.push((run.id, shown)),
            }
        }
    }

    fn question(&mut self, task: &HumanTask, now: Timestamp) {
        let whom = task.assignee.to_string();
        let reviewer = self.reviewers.entry(whom.clone()).or_insert_with(|| Reviewer {
            whom,
            questions: Questions::default(),
            kept: 0,
            chosen: 0,
            last_at: None,
        });
        for counts in [&mut self.questions, &mut reviewer.questions] {
            counts.add(task, now);
        }
        if let Some(end) = task.state.end().filter(|end| end.outcome.is_some()) {
            let chosen = count(end.chosen.len());
            reviewer.chosen += chosen;
            reviewer.kept += count(task.choices.len()) - chosen;
            reviewer.last_at = reviewer.last_at.max(Some(end.at));
        }
    }
}

impl Questions {
    fn add(&mut self, task: &HumanTask, now: Timestamp) {
        self.asked += 1;
        match task.state.end() {
            Some(TaskEnd { outcome: Some(_), .. }) => self.decided += 1,
            Some(_) => self.unanswered += 1,
            None => {
                self.open += 1;
                self.overdue += i64::from(task.due_at.is_some_and(|due| due <= now));
                // The first reminder puts the next one to the end of the time.
                let reminded = task.due_at.is_some() && (task.remind_at.is_none() || task.remind_at == task.due_at);
                self.reminded += i64::from(reminded);
            }
        }
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Whether whoever answered keeps all of it.
fn is_kept(task: &HumanTask, end: &TaskEnd) -> bool {
    end.outcome.is_some() && end.outcome.as_ref() == task.outcomes.first()
}

/// What was taken, as the step wrote it down.
#[derive(Debug, Default, Deserialize)]
struct Took {
    #[serde(default)]
    taken: Vec<Json>,
    #[serde(default)]
    objected: Vec<Json>,
    #[serde(default)]
    withheld: Vec<Json>,
}

impl Things {
    /// Takes in what became of the things of one run, of which so many were shown.
    pub fn add(&mut self, graph: &Graph, state: &RunState, shown: i64) {
        let output = |action: &str| {
            graph.in_order().filter(|step| step.action == action).find_map(|step| match state.nodes.get(&step.id) {
                Some(Node::Done { output, .. }) => Some(output.clone()),
                _ => None,
            })
        };
        let is_over = output(CLOSE).is_some();
        // What was put back since then is not taken.
        let Some(took) = output(TAKE) else {
            *(if is_over { &mut self.kept } else { &mut self.undecided }) += shown;
            return;
        };
        let took = Took::deserialize(took).unwrap_or_default();
        let (taken, objected, withheld) =
            (count(took.taken.len()), count(took.objected.len()), count(took.withheld.len()));
        *(if is_over { &mut self.gone } else { &mut self.going }) += taken;
        self.objected += objected;
        self.withheld += withheld;
        self.kept += shown - taken - objected - withheld;
    }
}
