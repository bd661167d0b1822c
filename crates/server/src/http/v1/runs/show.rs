//! `GET /v1/runs/{run}`: where a run stands, what it waits for, and what it did.

use axum::Json as Answer;
use axum::extract::State;
use serde_json::Value as Json;
use tenure_api::{RecordView, RunDetail, RunView, WaitView};
use tenure_app::runs::show::{Shown, show};
use tenure_engine::journal::RecordRow;
use tenure_engine::message::facts_of;
use tenure_flow::{Node, Record, Wait};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
) -> Result<Answer<RunDetail>, Refusal> {
    Ok(Answer(detail(show(&doors.cx(actor), run).await?)))
}

pub(super) fn detail(shown: Shown) -> RunDetail {
    let event = shown.state.input.get("event").and_then(Json::as_str).and_then(|text| text.parse().ok());
    let last = shown.records.last().map_or(0, |record| record.seq);
    let more_records = last < shown.row.seq;
    RunDetail {
        run: RunView { event, ..runs::view(shown.row) },
        waits: shown.waits.into_iter().map(wait).collect(),
        records: shown.records.into_iter().map(record).collect(),
        more_records,
    }
}

pub(super) fn wait(wait: Wait) -> WaitView {
    WaitView { node: wait.node, reason: wait.reason, until: wait.until }
}

/// One written record may hold several facts: the first names it, the sentence tells all.
fn record(row: RecordRow) -> RecordView {
    let facts: Vec<Record> =
        facts_of(&row.body).and_then(|facts| serde_json::from_str(&facts).ok()).unwrap_or_default();
    let said: Vec<(Option<&str>, &'static str, String)> = facts.iter().map(fact).collect();
    let (node, kind) = said.first().map_or((None, "queued"), |(node, kind, _)| (*node, *kind));
    let sentences: Vec<&str> = said.iter().map(|(_, _, sentence)| sentence.as_str()).collect();
    let summary = if said.is_empty() { "waits for its turn".to_owned() } else { sentences.join("; ") };
    RecordView {
        sequence: row.seq,
        at: row.at,
        node: node.map(str::to_owned),
        kind: kind.to_owned(),
        summary,
        body: serde_json::from_str(&row.body).unwrap_or(Json::String(row.body)),
    }
}

fn fact(record: &Record) -> (Option<&str>, &'static str, String) {
    match record {
        Record::Begun { .. } => (None, "begun", "the run began".to_owned()),
        Record::Node { id, now } => (Some(id), "node", format!("{id}: {}", stand(now))),
        Record::ChildAsked { id, iteration } => {
            (Some(id), "child-asked", format!("{id}: run number {iteration} was asked for"))
        }
        Record::ChildClosed { id, child, well, .. } => {
            let how = if *well { "well" } else { "badly" };
            (Some(id), "child-closed", format!("{id}: run {child} ended {how}"))
        }
        Record::Deadline { id, at } => (Some(id), "deadline", format!("{id}: must be over at {at}")),
        Record::SignalKept(signal) => (None, "signal-kept", format!("`{}` came and is kept", signal.name)),
        Record::SignalUsed { .. } => (None, "signal-used", "a kept signal was used".to_owned()),
        Record::Stopping(stop) => (None, "stopping", format!("{} stops it: {}", stop.by, stop.reason)),
        Record::UndoBegun => (None, "undo-begun", "what was done is taken back".to_owned()),
        Record::Edited { id, by, reason } => {
            (Some(id), "edited", format!("{id}: {by} changed what it is done with: {reason}"))
        }
        Record::Decided { by, what } => (None, "decided", format!("{by}: {what}")),
        Record::Closed { reason, .. } if reason.is_empty() => (None, "closed", "the run is over".to_owned()),
        Record::Closed { reason, .. } => (None, "closed", format!("the run is over: {reason}")),
    }
}

pub(super) fn stand(node: &Node) -> String {
    match node {
        Node::Acting { attempt, .. } => format!("under way, attempt {attempt}"),
        Node::Retrying { due, error, .. } => format!("went wrong: {error}; again at {due}"),
        Node::Asked { reason, .. } | Node::UndoAsked { reason, .. } => reason.clone(),
        Node::Sleeping { until } => format!("waits until {until}"),
        Node::Listening { signal, .. } => format!("waits for `{signal}`"),
        Node::Parent { total, .. } => format!("waits for {total} runs"),
        Node::Blocked { reason, .. } => format!("needs a human: {reason}"),
        Node::Done { outcome, .. } => format!("ended with `{outcome}`"),
        Node::Unreached => "is not reached".to_owned(),
        Node::Failed { reason, .. } => format!("failed: {reason}"),
        Node::Undoing { attempt, .. } => format!("is taken back, attempt {attempt}"),
        Node::UndoRetrying { due, error, .. } => format!("could not be taken back: {error}; again at {due}"),
        Node::UndoBlocked { reason, .. } => format!("taking it back needs a human: {reason}"),
        Node::Undone => "was taken back".to_owned(),
        Node::Left { reason } => format!("was left as it is: {reason}"),
    }
}
