//! A graph as data: steps, and the edges that say what follows what.
//!
//! A graph is read from JSON, checked once by [`Graph::compile`] and never changed. There are no
//! coordinates and no order but the edges. What each core step means stands in [`crate::start`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::condition::{Condition, Scope};
use crate::decide::short;
use crate::formula::{self, Formula};
use crate::limits;
use crate::moment::{Calendar, Span};
use crate::state::RunState;

/// A graph as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GraphText {
    /// What people call it.
    pub name: String,
    /// The steps, in any order.
    pub steps: Vec<Step>,
    /// What the run gives back: a value with references, resolved when it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Its name within the graph.
    pub id: String,
    /// What it does, such as `core/wait-until` or `accounts/disable`.
    #[serde(rename = "use")]
    pub action: String,
    /// What it follows. Nothing means that it begins at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub after: Vec<Edge>,
    /// How several edges come together.
    #[serde(default, skip_serializing_if = "Join::is_default")]
    pub join: Join,
    /// Done only if this holds; otherwise passed over with the outcome `skipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The step whose output is what expressions call `person`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// With the outcome `timeout` after this, however far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// By which working time is counted in the time-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// Outcomes that lead nowhere on purpose.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ends: BTreeSet<String>,
    /// Once one of these came, nobody needs its end any more: if it still waits then, it is over as
    /// `withdrawn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moot_after: Vec<Edge>,
    /// Its parameters; `{"$": "/input/x"}` refers to the input or to an earlier step.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub with: Json,
    /// What happens when it goes wrong.
    #[serde(default)]
    pub on_error: OnError,
    /// How it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Compensate>,
}

/// What must hold for a step to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum When {
    /// An expression, written `{"=": "…"}`.
    Formula {
        /// The expression.
        #[serde(rename = "=")]
        formula: Formula,
    },
    /// A condition as data.
    Condition(Condition),
}

/// An edge: a step, and the outcome of it that leads here. Written `step` or `step.outcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Edge {
    /// The step before.
    pub step: String,
    /// Only this outcome of it; none means any but `failed`.
    pub outcome: Option<String>,
}

impl TryFrom<String> for Edge {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let (step, outcome) = match text.split_once('.') {
            Some((step, outcome)) => (step, Some(outcome)),
            None => (text.as_str(), None),
        };
        let plain = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if plain(step) && outcome.is_none_or(plain) {
            Ok(Self { step: step.to_owned(), outcome: outcome.map(str::to_owned) })
        } else {
            Err(format!("`{text}` is not an edge; write `step` or `step.outcome`"))
        }
    }
}

impl From<Edge> for String {
    fn from(edge: Edge) -> Self {
        match edge.outcome {
            Some(outcome) => format!("{}.{outcome}", edge.step),
            None => edge.step,
        }
    }
}

/// How several edges into a step come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// Waits until each edge was taken or can no longer be, and needs at least one.
    #[default]
    AllThatCome,
    /// Needs every edge; one that can no longer be taken skips the step.
    All,
    /// Goes with the first edge that is taken.
    Any,
    /// Goes when this many edges are taken.
    AtLeast(u32),
}

impl Join {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_default(&self) -> bool {
        *self == Self::AllThatCome
    }
}

/// What happens when a step goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OnError {
    /// How often it is tried again when that may help.
    pub retry: u32,
    /// The first pause, in milliseconds; each further one is twice as long.
    pub pause_ms: u64,
    /// The longest pause, in milliseconds.
    pub pause_ms_max: u64,
    /// What then.
    pub then: Then,
    /// Who is to be asked where nothing of that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
}

impl Default for OnError {
    fn default() -> Self {
        Self { retry: 8, pause_ms: 1_000, pause_ms_max: 300_000, then: Then::Ask, ask: None }
    }
}

/// What happens when trying again did not help. A step with an edge `.failed` goes there instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Stop here until a human says how to go on.
    Ask,
    /// Go on as if the step had been passed over.
    Skip,
    /// Take back what was done, then end as failed.
    Compensate,
    /// End as failed.
    Fail,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compensate {
    /// How far it can be taken back at all.
    #[serde(default)]
    pub class: Reversibility,
    /// The action that does it.
    #[serde(rename = "use")]
    pub action: String,
    /// Its parameters; may refer to the step's own output.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub with: Json,
}

/// How far something can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    /// Exactly.
    #[default]
    Exact,
    /// Exactly, within a time.
    Window,
    /// With losses.
    Lossy,
    /// Not at all.
    Irreversible,
}

impl Reversibility {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Window => "window",
            Self::Lossy => "lossy",
            Self::Irreversible => "irreversible",
        }
    }
}

/// A checked graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    text: GraphText,
    by_id: BTreeMap<String, usize>,
    order: Vec<usize>,
    /// Outcomes that have an edge of their own, by step.
    wired: BTreeSet<(String, String)>,
    formulas: BTreeMap<String, Formula>,
}

/// Why a graph cannot be run: the step and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGraph {
    /// Not the JSON of a graph.
    #[error("this is not a graph: {0}")]
    Unreadable(String),
    /// Over a limit.
    #[error("the graph has {what}; at most {limit} are allowed")]
    TooLarge {
        /// Of what, and how much.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// Two steps with one name.
    #[error("two steps are called `{0}`; rename one")]
    Twice(String),
    /// An edge from nowhere.
    #[error("step `{step}` comes after `{missing}`, and there is no such step")]
    Nowhere {
        /// The step.
        step: String,
        /// What it names.
        missing: String,
    },
    /// Steps that wait for each other.
    #[error("these steps wait for each other and none can begin: {}", .0.join(" → "))]
    Loop(Vec<String>),
    /// A step whose own words are wrong.
    #[error("step `{step}`: {reason}")]
    Step {
        /// The step.
        step: String,
        /// What is wrong.
        reason: String,
    },
}

impl Graph {
    /// Reads and checks a graph.
    pub fn parse(json: &str) -> Result<Self, BadGraph> {
        if json.len() > limits::GRAPH_BYTES_MAX {
            return Err(too_large(format!("{} bytes", json.len()), limits::GRAPH_BYTES_MAX));
        }
        let text = serde_json::from_str(json).map_err(|error| BadGraph::Unreadable(error.to_string()))?;
        Self::compile(text)
    }

    /// Checks a graph: names, edges, loops, and what each core step needs.
    pub fn compile(text: GraphText) -> Result<Self, BadGraph> {
        Self::compile_at(text, 0)
    }

    pub(crate) fn compile_at(text: GraphText, depth: usize) -> Result<Self, BadGraph> {
        if depth > limits::DEPTH_MAX {
            return Err(too_large("more graphs inside graphs than that".to_owned(), limits::DEPTH_MAX));
        }
        if text.steps.len() > limits::STEPS_MAX {
            return Err(too_large(format!("{} steps", text.steps.len()), limits::STEPS_MAX));
        }
        let mut by_id = BTreeMap::new();
        for (place, step) in text.steps.iter().enumerate() {
            check_id(step)?;
            if by_id.insert(step.id.clone(), place).is_some() {
                return Err(BadGraph::Twice(step.id.clone()));
            }
        }
        let (mut wired, mut formulas) = (BTreeSet::new(), BTreeMap::new());
        for step in &text.steps {
            check_edges(step, &by_id)?;
            crate::start::check(step, depth)?;
            read_formulas(step, &mut formulas)?;
            let named = step.after.iter().filter_map(|edge| Some((edge.step.clone(), edge.outcome.clone()?)));
            wired.extend(named);
            wired.extend(step.ends.iter().map(|outcome| (step.id.clone(), outcome.clone())));
        }
        let order = topological(&text.steps, &by_id)?;
        Ok(Self { text, by_id, order, wired, formulas })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.text.name
    }

    /// The graph as it was written.
    pub fn text(&self) -> &GraphText {
        &self.text
    }

    /// A step by its id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.by_id.get(id).and_then(|place| self.text.steps.get(*place))
    }

    /// The steps so that each comes after what it follows.
    pub fn in_order(&self) -> impl Iterator<Item = &Step> {
        self.order.iter().filter_map(|place| self.text.steps.get(*place))
    }

    /// Whether some step follows the failure of this one.
    pub fn routes_failure_of(&self, id: &str) -> bool {
        self.routes(id, "failed")
    }

    /// Whether some step follows this outcome of this one.
    pub fn routes(&self, id: &str, outcome: &str) -> bool {
        self.wired.contains(&(id.to_owned(), outcome.to_owned()))
    }

    /// What this step can see of a run.
    pub(crate) fn scope<'a>(&'a self, step: &'a Step, state: &'a RunState, now: Timestamp) -> Scope<'a> {
        Scope::of(state, now).with_facts(step.facts.as_deref()).with_formulas(&self.formulas)
    }
}

impl OnError {
    /// Why nothing goes on, and who must say how it does.
    pub(crate) fn asked(&self, why: &str) -> String {
        match &self.ask {
            Some(team) => short(&format!("{team} must decide: {why}")),
            None => short(why),
        }
    }

    /// The pause before this attempt (from 2): doubled each time, spread by `chance` in [0, 1000).
    pub fn pause(&self, attempt: u32, chance: u32) -> Duration {
        let doubled = self.pause_ms.saturating_mul(1 << attempt.saturating_sub(2).min(30));
        let full = doubled.min(self.pause_ms_max.max(self.pause_ms));
        // Between three and five quarters of it, so that a thousand failures do not return as one.
        Duration::from_millis(full * 3 / 4 + full / 2 * u64::from(chance.min(999)) / 1_000)
    }
}

fn too_large(what: String, limit: usize) -> BadGraph {
    BadGraph::TooLarge { what, limit }
}

fn check_id(step: &Step) -> Result<(), BadGraph> {
    let plain = step.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if step.id.is_empty() || step.id.len() > 63 || !plain {
        let reason = "an id is 1 to 63 letters, digits and dashes".to_owned();
        return Err(BadGraph::Step { step: step.id.chars().take(64).collect(), reason });
    }
    Ok(())
}

fn check_edges(step: &Step, by_id: &BTreeMap<String, usize>) -> Result<(), BadGraph> {
    if step.after.len() > limits::EDGES_MAX {
        return Err(too_large(format!("{} edges into `{}`", step.after.len(), step.id), limits::EDGES_MAX));
    }
    if let Join::AtLeast(count) = step.join
        && (count == 0 || count as usize > step.after.len())
    {
        let reason = format!("wants {count} of {} edges", step.after.len());
        return Err(BadGraph::Step { step: step.id.clone(), reason });
    }
    match step.after.iter().chain(&step.moot_after).find(|edge| !by_id.contains_key(&edge.step)) {
        Some(edge) => Err(BadGraph::Nowhere { step: step.id.clone(), missing: edge.step.clone() }),
        None => Ok(()),
    }
}

fn read_formulas(step: &Step, known: &mut BTreeMap<String, Formula>) -> Result<(), BadGraph> {
    let mut texts = BTreeSet::new();
    formula::within(&step.with, &mut texts);
    if let Some(compensate) = &step.compensate {
        formula::within(&compensate.with, &mut texts);
    }
    for text in texts {
        if let Entry::Vacant(free) = known.entry(text) {
            let read = Formula::parse(free.key());
            let read = read.map_err(|bad| BadGraph::Step { step: step.id.clone(), reason: bad.to_string() })?;
            free.insert(read);
        }
    }
    Ok(())
}

/// Each step after all that it follows; among those that can begin, in the order of the text.
fn topological(steps: &[Step], by_id: &BTreeMap<String, usize>) -> Result<Vec<usize>, BadGraph> {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    let mut open: Vec<usize> = Vec::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        open.push(step.after.len());
        for before in step.after.iter().filter_map(|edge| by_id.get(&edge.step)) {
            followers.get_mut(*before).into_iter().for_each(|known| known.push(place));
        }
    }
    let mut ready: BTreeSet<usize> =
        open.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| place).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(place) = ready.pop_first() {
        order.push(place);
        for follower in followers.get(place).into_iter().flatten() {
            if let Some(count) = open.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*follower);
                }
            }
        }
    }
    if order.len() == steps.len() {
        return Ok(order);
    }
    Err(BadGraph::Loop(a_loop(steps, by_id, &order.into_iter().collect())))
}

/// Walks backwards from any step that cannot begin until one comes up again.
fn a_loop(steps: &[Step], by_id: &BTreeMap<String, usize>, done: &BTreeSet<usize>) -> Vec<String> {
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..steps.len()).find(|place| !done.contains(place));
    while let Some(place) = next {
        if let Some(start) = path.iter().position(|seen| *seen == place) {
            let mut names: Vec<String> =
                path.iter().skip(start).filter_map(|p| steps.get(*p)).map(|step| step.id.clone()).collect();
            names.reverse();
            names.extend(names.first().cloned());
            return names;
        }
        path.push(place);
        next = steps.get(place).and_then(|step| {
            step.after.iter().filter_map(|edge| by_id.get(&edge.step).copied()).find(|p| !done.contains(p))
        });
    }
    Vec::new()
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Edge>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let words = match OneOrMany::deserialize(from)? {
        OneOrMany::One(word) => vec![word],
        OneOrMany::Many(words) => words,
    };
    words.into_iter().map(|word| Edge::try_from(word).map_err(serde::de::Error::custom)).collect()
}
