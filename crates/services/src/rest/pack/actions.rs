//! What a pack says of actions: how one is looked at, done and taken back.

use std::collections::BTreeMap;

use tenure_connect::actions::usual_parameters;
use tenure_connect::{Parameter, Reversibility};
use tenure_model::{Given, KnownAction};

use super::reader::{At, Fields};
use super::request::Around;
use super::take::{UNDOES, steps};
use super::{Condition, Lookup, Pointer, Step};

/// Something that a service does for an account besides keeping it.
#[derive(Debug, Clone)]
pub(in crate::rest) struct ActionPlan {
    pub(in crate::rest) about: String,
    pub(in crate::rest) takes: BTreeMap<String, Parameter>,
    pub(in crate::rest) undo: Reversibility,
    /// How it is looked at, or why it cannot be.
    pub(in crate::rest) seen: Result<ActionLook, String>,
    /// What must be so of what is given.
    pub(in crate::rest) given: Vec<Condition>,
    pub(in crate::rest) steps: Vec<Step>,
    /// How it is taken back; nothing where it cannot be.
    pub(in crate::rest) back: Option<Back>,
}

/// How it is taken back.
#[derive(Debug, Clone)]
pub(in crate::rest) struct Back {
    pub(in crate::rest) steps: Vec<Step>,
    /// How it is told that it is taken back, where that is more than that it is not so.
    pub(in crate::rest) seen: Option<ActionLook>,
}

/// How it is told whether something is so.
#[derive(Debug, Clone)]
pub(in crate::rest) struct ActionLook {
    pub(in crate::rest) question: Lookup,
    /// All of these say that it is so.
    pub(in crate::rest) all: Vec<Condition>,
    /// Any of these says that it is not.
    pub(in crate::rest) none: Vec<Condition>,
    /// What is kept of the answer, to take it back with.
    pub(in crate::rest) keep: BTreeMap<String, Pointer>,
}

const KEYS: [&str; 10] = ["about", "takes", "givenIf", "undo", "why", "look", "doneIfAll", "notDoneIf", "keep", "back"];

const HOLES: [&str; 5] = ["id", "account", "object", "with", "kept"];

/// Reads every action.
pub(super) fn actions(at: &At<'_>, around: Around<'_>) -> Option<BTreeMap<String, ActionPlan>> {
    at.map()?.each().map(|(name, at)| Some((name.to_owned(), action(name, &at, around)?))).collect()
}

fn action(name: &str, at: &At<'_>, around: Around<'_>) -> Option<ActionPlan> {
    if !is_name(name) {
        return at.bad(format!("`{name}` is no name of an action"), "write it as `noun/verb`, in small letters");
    }
    let fields = at.map()?;
    let [looking, acting] = [HOLES.get(..4).unwrap_or_default(), &HOLES];
    let seen = look(&fields, around.with(looking));
    let steps = steps(at, around.with(looking), &KEYS);
    let given = around.with(&[]).told(&fields, "givenIf")?;
    let back = match fields.get("back") {
        Some(at) => Some(taken_back(&at, around.with(acting))?),
        None => None,
    };
    let undo = fields.need("undo").and_then(|at| at.word(&UNDOES))?;
    if (undo == Reversibility::Irreversible) != back.is_none() {
        return at.bad("`undo` and `back` do not go together", "say in `back` how, or `undo: irreversible`");
    }
    let (about, takes) = (fields.text("about")?, takes(name, &fields)?);
    Some(ActionPlan { about, takes, given, undo, seen: seen?, steps: steps?, back })
}

/// How it is taken back: a step, a list of them, or `steps` and how it is told that it is.
fn taken_back(at: &At<'_>, around: Around<'_>) -> Option<Back> {
    if at.json.is_array() {
        let steps = at.list()?.iter().map(|at| around.step(at, &[])).collect::<Option<_>>()?;
        return Some(Back { steps, seen: None });
    }
    let fields = at.map()?;
    let Some(list) = fields.get("steps") else {
        return Some(Back { steps: vec![around.step(at, &[])?], seen: None });
    };
    at.fields(&["steps", "look", "doneIfAll", "notDoneIf"])?;
    let steps = list.list()?.iter().map(|at| around.step(at, &[])).collect::<Option<_>>()?;
    let seen = match fields.get("look") {
        Some(_) => look(&fields, around)?.ok(),
        None => None,
    };
    Some(Back { steps, seen })
}

fn is_name(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    name.split_once('/').is_some_and(|(noun, verb)| word(noun) && word(verb))
}

/// What it takes: known where its name is, and said otherwise.
fn takes(name: &str, fields: &Fields<'_>) -> Option<BTreeMap<String, Parameter>> {
    match (KnownAction::named(name), fields.get("takes")) {
        (Some(known), None) => Some(usual_parameters(known)),
        (Some(_), Some(at)) => {
            at.bad(format!("what `{name}` takes is the same everywhere"), "leave `takes` out, or give it another name")
        }
        (None, None) => Some(BTreeMap::new()),
        (None, Some(at)) => at.map()?.each().map(|(name, at)| Some((name.to_owned(), parameter(&at)?))).collect(),
    }
}

fn parameter(at: &At<'_>) -> Option<Parameter> {
    let fields = at.fields(&["given", "needed"])?;
    let words = Given::ALL.map(|given| (given.word(), given));
    Some(Parameter { given: fields.need("given")?.word(&words)?, needed: fields.flag("needed") })
}

fn look(fields: &Fields<'_>, around: Around<'_>) -> Option<Result<ActionLook, String>> {
    let Some(at) = fields.get("look") else {
        let why = fields.maybe_text("why");
        let hint = "add `look` and `doneIfAll` or `notDoneIf`, or say `why` nobody can look";
        return why.map(Err).or_else(|| fields.at().bad("nobody could tell whether it is so", hint));
    };
    let (all, none) = (around.told(fields, "doneIfAll")?, around.told(fields, "notDoneIf")?);
    if all.is_empty() && none.is_empty() {
        return at.bad("nothing says how it looks when it is so", "add `doneIfAll` or `notDoneIf`");
    }
    let keep = match fields.get("keep") {
        Some(at) => at.map()?.each().map(|(name, at)| Some((name.to_owned(), at.pointer()?))).collect::<Option<_>>()?,
        None => BTreeMap::new(),
    };
    Some(Ok(ActionLook { question: around.lookup(&at)?, all, none, keep }))
}
