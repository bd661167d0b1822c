//! Every workflow of the estate as a definition, or everything that is wrong with them.
//!
//! A workflow that runs another is compiled after it; two that run each other are refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use tenure_blueprint::{Code, Estate as Documents, Problem, Written};
use tenure_flow::language::{FaultKind, Known};
use tenure_model::Name;

use crate::estate::Workflow;

/// Compiles the workflows of these documents, and those that ship with the product beneath them.
pub fn workflows(shipped: &Documents, documents: &Documents) -> Result<BTreeMap<Name, Workflow>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut known = Known::default();
    for estate in [shipped, documents] {
        calendars(estate, &mut known, &mut problems);
        approvals(estate, &mut known, &mut problems);
        known.notices.extend(estate.notices.keys().map(ToString::to_string));
        let targets = estate.connections.values().filter(|connection| connection.direction.takes_accounts());
        known.systems.extend(targets.map(|connection| connection.name.to_string()));
    }
    let all: BTreeMap<&Name, &Written> = shipped.workflows.iter().chain(&documents.workflows).collect();
    let mut done = BTreeMap::new();
    let mut open: BTreeSet<&Name> = all.keys().copied().collect();
    while !open.is_empty() {
        let waits = |name: &&&Name| {
            all.get(**name).is_some_and(|written| {
                runs(written).iter().any(|other| open.iter().any(|known| known.as_str() == other))
            })
        };
        let ready: Vec<&Name> = open.iter().filter(|name| !waits(name)).copied().collect();
        if ready.is_empty() {
            problems.extend(open.iter().filter_map(|name| all.get(*name)).map(|written| in_a_circle(written)));
            break;
        }
        for name in ready {
            open.remove(name);
            let Some(written) = all.get(name) else { continue };
            match Workflow::compile(name, &written.spec, &known) {
                Ok((workflow, graph)) => {
                    known.workflows.insert(name.to_string(), graph);
                    done.insert(name.clone(), workflow);
                }
                Err(faults) => problems.extend(
                    faults
                        .into_iter()
                        .map(|fault| written.problem(&fault.at, code(fault.kind), fault.reason, fault.hint)),
                ),
            }
        }
    }
    if problems.is_empty() { Ok(done) } else { Err(problems) }
}

fn in_a_circle(written: &Written) -> Problem {
    let hint = "let one of them end without the other".to_owned();
    written.problem("/steps", Code::Unsound, "it runs itself, directly or by another workflow".to_owned(), hint)
}

/// The workflows that this one runs.
fn runs(written: &Written) -> Vec<String> {
    let steps = written.spec.get("steps").and_then(Json::as_array).into_iter().flatten();
    steps.filter_map(|step| step.pointer("/with/workflow")?.as_str().map(ToOwned::to_owned)).collect()
}

fn calendars(documents: &Documents, known: &mut Known, problems: &mut Vec<Problem>) {
    for (name, written) in &documents.calendars {
        let read = serde_json::from_value::<tenure_flow::Calendar>(written.spec.clone());
        let read = read.map_err(|error| error.to_string());
        match read.and_then(|calendar| calendar.check().map(|()| calendar).map_err(|bad| bad.to_string())) {
            Ok(calendar) => drop(known.calendars.insert(name.to_string(), calendar)),
            Err(reason) => {
                let hint = "write `hours: { mon: \"09:00-17:00\", … }` and `holidays: [2026-12-25]`".to_owned();
                problems.push(written.problem("", Code::BadValue, format!("this is no calendar: {reason}"), hint));
            }
        }
    }
}

fn approvals(documents: &Documents, known: &mut Known, problems: &mut Vec<Problem>) {
    for (name, written) in &documents.approvals {
        match serde_json::from_value(written.spec.clone()) {
            Ok(approval) => drop(known.approvals.insert(name.to_string(), approval)),
            Err(error) => {
                let hint = "write `steps: [{ ask: person.manager, within: 2d, else: team-identity }]`".to_owned();
                problems.push(written.problem("", Code::BadValue, format!("this is no approval: {error}"), hint));
            }
        }
    }
}

fn code(kind: FaultKind) -> Code {
    match kind {
        FaultKind::UnknownKey => Code::UnknownKey,
        FaultKind::MissingKey => Code::MissingKey,
        FaultKind::WrongType => Code::WrongType,
        FaultKind::BadValue => Code::BadValue,
        FaultKind::NamesNothing => Code::NamesNothing,
        FaultKind::BadExpression => Code::BadExpression,
        FaultKind::TooLarge => Code::TooLarge,
        FaultKind::Twice => Code::Duplicate,
        FaultKind::Unsound => Code::Unsound,
    }
}
