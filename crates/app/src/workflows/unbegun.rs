//! Why what was told began nothing, in a sentence for whoever told it.
//!
//! It decides nothing: which workflows begin is decided in [`super::start`], and this says of each
//! that waits for such an event what kept it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_flow::language::Trigger;
use tenure_model::Name;
use tenure_policy::PersonFacts;

use super::start::{self, Happened};
use crate::estate::{Estate, Workflow};
use crate::limits::UNBEGUN_SHOWN_MAX;

/// Why nothing began by it, which may have been told by another name too, with those of the workflows
/// that a date begins for which it is to come.
pub(crate) fn why(
    estate: &Estate,
    known: Option<&PersonFacts>,
    happened: &Happened,
    (told_as, dated): (&str, &[(Name, Timestamp)]),
    now: Timestamp,
) -> String {
    let held: Vec<String> = start::meant(estate, known, happened, now).map(|held| format!("`{}`", held.name)).collect();
    let mut reasons = Vec::new();
    if held.is_empty() {
        let kept = estate.workflows.values().filter_map(|workflow| kept(workflow, known, happened, now));
        reasons.extend(kept.take(UNBEGUN_SHOWN_MAX));
    } else {
        let held = held.join(", ");
        reasons.push(format!("{held} begins too often and is held until a human says so; see `tenure held list`"));
    }
    if reasons.is_empty() {
        let names: BTreeSet<&str> = [told_as, happened.event.as_str()].into();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        reasons.push(format!("no workflow waits for {}", names.join(" or ")));
    }
    let later = dated.iter().filter(|(_, at)| *at > now).take(UNBEGUN_SHOWN_MAX);
    reasons.extend(later.map(|(name, at)| format!("`{name}` begins by date, at {at}")));
    reasons.join("; ")
}

/// What kept a workflow that waits for such an event.
fn kept(workflow: &Workflow, known: Option<&PersonFacts>, happened: &Happened, now: Timestamp) -> Option<String> {
    let name = &workflow.name;
    workflow.triggers.iter().find_map(|trigger| {
        let Trigger::Event { event, source, changed, when } = trigger else { return None };
        if *event != happened.event {
            return None;
        }
        if start::is_own_word(workflow, happened) {
            return Some(format!("`{name}` does not begin by its own word"));
        }
        if let Some(source) = source.as_ref().filter(|wanted| happened.source.as_ref() != Some(wanted)) {
            return Some(format!("`{name}` takes it from `{source}` only"));
        }
        if !changed.is_empty() && !changed.iter().any(|name| happened.changed.contains(name)) {
            let changed: Vec<String> = changed.iter().map(|name| format!("`{name}`")).collect();
            return Some(format!("`{name}` begins only when {} changed", changed.join(" or ")));
        }
        let when = when.as_ref().filter(|when| !start::holds(when, known, &happened.input, now))?;
        Some(format!("the `when` of `{name}` does not hold: {}", when.text()))
    })
}
