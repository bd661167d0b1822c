//! Plans for a set of people.

pub(super) mod apply;
pub(super) mod list;
pub(super) mod make;
pub(super) mod people;
pub(super) mod show;

use serde_json::Value as Json;
use tenure_api::wire::value::AttributeMap;
use tenure_api::{OutcomeView, SetPlanView};
use tenure_app::plans::outcome::{Outcome, Write};
use tenure_app::plans::report::Report;
use tenure_app::plans::values::ValueChange;
use tenure_store::plans::PlanRow;

fn view(row: PlanRow, report: Option<Report>) -> SetPlanView {
    SetPlanView {
        id: row.id,
        state: row.state.word().to_owned(),
        made_by: row.made_by,
        made_at: row.made_at,
        good_until: row.good_until,
        base: row.base,
        looked_at: row.people,
        digest: row.digest,
        applied_by: row.applied_by,
        version: row.version,
        note: row.note,
        report: report.and_then(|report| serde_json::to_value(report).ok()),
    }
}

pub(super) fn outcome(outcome: Outcome) -> OutcomeView {
    // Names, texts and moments cannot fail to be written.
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.unwrap_or_default();
    OutcomeView {
        values: outcome.values.iter().map(value).collect(),
        changes: outcome.changes.iter().map(change).collect(),
        ends: json(serde_json::to_value(&outcome.ends)),
        happens: json(serde_json::to_value(&outcome.happens)),
        person: outcome.person,
        name: outcome.name,
        presence: outcome.presence,
        findings: outcome.findings,
    }
}

/// What else would be known, with the values as the wire has them.
fn value(value: &ValueChange) -> Json {
    let mut change = serde_json::to_value(value).unwrap_or_default();
    let both = [("before", &value.before), ("after", &value.after)].into_iter();
    let known = both.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
    if let Some(fields) = change.as_object_mut() {
        fields.extend(AttributeMap::show(&known).0);
    }
    change
}

/// A write, with the values of an account as the wire has them.
fn change(write: &Write) -> Json {
    let mut change = serde_json::to_value(write).unwrap_or_default();
    if let Some(fields) = change.as_object_mut().filter(|_| !write.attributes.is_empty()) {
        let attributes = serde_json::to_value(AttributeMap::show(&write.attributes)).unwrap_or_default();
        fields.insert("attributes".to_owned(), attributes);
    }
    change
}
