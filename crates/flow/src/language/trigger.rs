//! What starts a workflow.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fault::{FaultKind, Faults};
use crate::formula::Formula;
use crate::moment::{Moment, Span};
use crate::schedule::Schedule;

/// Something that starts a workflow.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// An event about a person.
    Event {
        /// Its kind, such as `employment.ended`.
        event: String,
        /// Only from this source.
        source: Option<String>,
        /// Only if one of these attributes changed.
        changed: BTreeSet<String>,
        /// Only if this holds of the person.
        when: Option<Formula>,
    },
    /// A date of the person has come, or lies so far ahead or behind.
    Date {
        /// Which moment, such as `person.lastDay - 7d 09:00`.
        moment: Moment,
        /// As it was written.
        text: String,
        /// Up to how late it is still started, where the date became known too late.
        missed: Span,
        /// Only if this holds of the person then.
        when: Option<Formula>,
    },
    /// The same moment again and again, for everybody for whom it holds.
    Schedule {
        /// When.
        schedule: Schedule,
        /// For whom.
        when: Formula,
    },
    /// Somebody asks for it.
    Demand {
        /// Only for people of whom this holds, where it is started for several.
        when: Option<Formula>,
    },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    event: Option<String>,
    source: Option<String>,
    #[serde(default)]
    changed: BTreeSet<String>,
    date: Option<String>,
    missed: Option<Span>,
    every: Option<Span>,
    at: Option<String>,
    demand: Option<bool>,
    when: Option<String>,
}

/// How late a date may become known and still start something, unless it is said otherwise.
const MISSED_DAYS: u32 = 30;

/// Reads what starts a workflow: one trigger under `trigger`, or several under `triggers`.
pub(super) fn read(spec: &Json, faults: &mut Faults) -> Vec<Trigger> {
    let mut found = Vec::new();
    if let Some(trigger) = spec.get("trigger") {
        found.extend(one("/trigger", trigger, faults));
    }
    match spec.get("triggers") {
        None => {}
        Some(Json::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                found.extend(one(&format!("/triggers/{place}"), item, faults));
            }
        }
        Some(_) => faults.add("/triggers", FaultKind::WrongType, "`triggers` is not a list", "write `- { event: … }`"),
    }
    found
}

fn one(at: &str, trigger: &Json, faults: &mut Faults) -> Option<Trigger> {
    let written: Written = match serde_json::from_value(trigger.clone()) {
        Ok(written) => written,
        Err(error) => {
            let hint = "write `{ event: employment.ended }`, `{ date: person.lastDay - 7d }`, `{ every: 1d, when: … }` or `{ demand: true }`";
            faults.add(at, FaultKind::BadValue, format!("this is no trigger: {error}"), hint);
            return None;
        }
    };
    let when = match written.when.as_deref().map(Formula::parse) {
        Some(Err(bad)) => {
            faults.add(&format!("{at}/when"), FaultKind::BadExpression, bad.reason, bad.hint);
            return None;
        }
        Some(Ok(formula)) => Some(formula),
        None => None,
    };
    if written.at.is_some() && written.every.is_none() {
        let reason = "`at` is the hour of a schedule, and there is no `every`";
        faults.add(&format!("{at}/at"), FaultKind::UnknownKey, reason, "leave it out, or write the hour into `date`");
    }
    match (written.event, written.date, written.every, written.demand) {
        (Some(event), None, None, None) => {
            Some(Trigger::Event { event, source: written.source, changed: written.changed, when })
        }
        (None, Some(text), None, None) => match text.parse::<Moment>() {
            Ok(moment) => {
                Some(Trigger::Date { moment, text, missed: written.missed.unwrap_or(Span::Days(MISSED_DAYS)), when })
            }
            Err(bad) => {
                faults.add(&format!("{at}/date"), FaultKind::BadValue, bad, "a date of the person and a shift");
                None
            }
        },
        (None, None, Some(every), None) => {
            if when.is_none() {
                let reason = "a schedule without `when` starts it for everybody";
                faults.add(at, FaultKind::MissingKey, reason, "say for whom with `when`");
            }
            let schedule = Schedule::read(every, written.at.as_deref()).map_err(|bad| {
                faults.add(&format!("{at}/every"), FaultKind::BadValue, bad, "how far apart, such as `1d`, and `at`");
            });
            Some(Trigger::Schedule { schedule: schedule.ok()?, when: when? })
        }
        (None, None, None, Some(_)) => Some(Trigger::Demand { when }),
        _ => {
            let reason = "it names no `event`, or several things at once";
            faults.add(at, FaultKind::BadValue, reason, "name one of `event`, `date`, `every` and `demand`");
            None
        }
    }
}
