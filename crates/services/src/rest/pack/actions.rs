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
    /// How letters are written that would be read as something else.
    pub(in crate::rest) quotes: BTreeMap<char, String>,
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
    /// What must be so, or must not, before it is done.
    pub(in crate::rest) bars: Vec<Bar>,
}

/// Something in the way of an action.
#[derive(Debug, Clone)]
pub(in crate::rest) struct Bar {
    pub(in crate::rest) condition: Condition,
    /// Whether it is in the way when the condition holds, or when it does not.
    pub(in crate::rest) when: bool,
    pub(in crate::rest) why: String,
}

const KEYS: [&str; 12] =
    ["about", "takes", "givenIf", "undo", "why", "look", "doneIfAll", "notDoneIf", "keep", "back", "quotes", "refuses"];

const HOLES: [&str; 7] = ["id", "account", "object", "with", "quoted", "kept", "now"];

/// Reads every action.
pub(super) fn actions(at: &At<'_>, around: Around<'_>) -> Option<BTreeMap<String, ActionPlan>> {
    at.map()?.each().map(|(name, at)| Some((name.to_owned(), action(name, &at, around)?))).collect()
}

fn action(name: &str, at: &At<'_>, around: Around<'_>) -> Option<ActionPlan> {
    if !is_name(name) {
        return at.bad(format!("`{name}` is no name of an action"), "write it as `noun/verb`, in small letters");
    }
    let fields = at.map()?;
    let given = around.with(&[]).told(&fields, "givenIf")?;
    // Where nothing is said about letters, nothing would be quoted.
    let acting: Vec<&str> =
        HOLES.into_iter().filter(|hole| *hole != "quoted" || fields.get("quotes").is_some()).collect();
    let looking: Vec<&str> = acting.iter().copied().filter(|hole| !matches!(*hole, "kept" | "now")).collect();
    let seen = look(&fields, around.with(&looking));
    let steps = steps(at, around.with(&looking), &KEYS);
    let back = match fields.get("back") {
        Some(at) => Some(taken_back(&at, around.with(&acting))?),
        None => None,
    };
    let undo = fields.need("undo").and_then(|at| at.word(&UNDOES))?;
    if (undo == Reversibility::Irreversible) != back.is_none() {
        return at.bad("`undo` and `back` do not go together", "say in `back` how, or `undo: irreversible`");
    }
    let (about, takes) = (fields.text("about")?, takes(name, &fields)?);
    let quotes = fields.get("quotes").map_or(Some(BTreeMap::new()), |at| quotes(&at))?;
    Some(ActionPlan { about, takes, given, undo, quotes, seen: seen?, steps: steps?, back })
}

/// How it is taken back: a step, a list of them, or `steps` and how it is told that it is.
fn taken_back(at: &At<'_>, around: Around<'_>) -> Option<Back> {
    if at.json.get("steps").is_none() {
        return Some(Back { steps: around.one_or_several(at)?, seen: None });
    }
    let told = ["look", "doneIfAll", "notDoneIf"];
    let (fields, steps) = (at.map()?, steps(at, around, &told)?);
    let is_told = told.iter().any(|key| fields.get(key).is_some());
    let seen = if is_told { look(&fields, around)?.ok() } else { None };
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
        for key in ["doneIfAll", "notDoneIf", "keep", "refuses"] {
            if let Some(at) = fields.get(key) {
                return at.bad("nothing is looked at of which this could be said", "add `look`");
            }
        }
        let why = fields.maybe_text("why");
        let hint = "add `look` and `doneIfAll` or `notDoneIf`, or say `why` nobody can look";
        return why.map(Err).or_else(|| fields.at().bad("nobody could tell whether it is so", hint));
    };
    let (all, none) = (around.told(fields, "doneIfAll")?, around.told(fields, "notDoneIf")?);
    if all.is_empty() && none.is_empty() {
        return at.bad("nothing says how it looks when it is so", "add `doneIfAll` or `notDoneIf`");
    }
    if let Some(at) = fields.get("keep").and_then(|at| at.map()).and_then(|keep| keep.get("with")) {
        return at.bad("what was given is kept by this name", "call it something else");
    }
    let keep = match fields.get("keep") {
        Some(at) => at.map()?.each().map(|(name, at)| Some((name.to_owned(), at.pointer()?))).collect::<Option<_>>()?,
        None => BTreeMap::new(),
    };
    let bars = fields.list("refuses").iter().map(|at| bar(at, around)).collect::<Option<_>>()?;
    Some(Ok(ActionLook { question: around.lookup(&at)?, all, none, keep, bars }))
}

fn bar(at: &At<'_>, around: Around<'_>) -> Option<Bar> {
    let fields = at.fields(&["if", "unless", "why"])?;
    let why = fields.text("why");
    match (fields.get("if"), fields.get("unless")) {
        (Some(at), None) => Some(Bar { condition: around.saying(&at)?, when: true, why: why? }),
        (None, Some(at)) => Some(Bar { condition: around.saying(&at)?, when: false, why: why? }),
        _ => at.bad("it is to say one thing that is in the way", "write `if` or `unless`, and `why`"),
    }
}

/// Letters, and how each is written.
fn quotes(at: &At<'_>) -> Option<BTreeMap<char, String>> {
    let one = |(name, at): (&str, At<'_>)| {
        let mut letters = name.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Some((letter, at.text()?.to_owned())),
            _ => at.bad(format!("`{name}` is not one letter"), "write a letter, and how it is written to be meant"),
        }
    };
    at.map()?.each().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rest::pack::Pack;

    /// What is wrong with a pack whose only action has these besides.
    fn wrong(besides: serde_json::Value) -> Vec<String> {
        let mut action = json!({
            "about": "a note", "undo": "irreversible", "look": { "request": "GET /notes/{id}" },
            "doneIfAll": [{ "at": "/text" }], "request": "POST /notes/{id}", "body": { "text": "{with/text}" },
            "takes": { "text": { "given": "text", "needed": true } },
        });
        for (key, value) in besides.as_object().into_iter().flatten() {
            action[key] = value.clone();
        }
        let none =
            ["session", "token", "app-password", "key", "license", "ownership"].map(|kind| (kind, json!("none")));
        let pack = Pack::check(&json!({
            "secrets": { "token": "a token" }, "auth": { "kind": "bearer", "token": "token" }, "operations": {},
            "accounts": {
                "id": "", "name": "name", "list": { "request": "GET /people", "items": "" },
                "attributes": { "name": { "at": "", "unique": true } },
            },
            "actions": { "note/write": action },
            "artifacts": none.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        }));
        pack.err().into_iter().flatten().map(|fault| format!("{}: {}", fault.at, fault.reason)).collect()
    }

    #[test]
    fn an_action_says_one_thing_at_a_time_that_is_in_the_way() {
        let bar = json!({ "unless": { "at": "/{id}/free", "is": "{with/text}" }, "why": "it is not free" });
        assert!(wrong(json!({ "refuses": [bar] })).is_empty());
        for bad in [json!({ "why": "no" }), json!({ "if": { "at": "/a" }, "unless": { "at": "/b" }, "why": "no" })] {
            let told = wrong(json!({ "refuses": [bad] })).concat();
            assert!(told.contains("/refuses/0: it is to say one thing"), "{told}");
        }
        assert!(wrong(json!({ "refuses": [{ "if": { "at": "/a" } }] })).concat().contains("`why` is missing"));
        assert!(wrong(json!({ "doneIfAll": [{ "at": "/{nobody}" }] })).concat().contains("`{nobody}` is not known"));
    }

    #[test]
    fn nothing_is_called_quoted_that_is_not() {
        let body = json!({ "text": "say \"{quoted/with/text}\"" });
        assert!(wrong(json!({ "body": body, "quotes": { "\"": "\\\"" } })).is_empty());
        assert!(wrong(json!({ "body": body })).concat().contains("`{quoted}` is not known here"));
        assert!(wrong(json!({ "quotes": { "ab": "c" } })).concat().contains("`ab` is not one letter"));
    }
}
