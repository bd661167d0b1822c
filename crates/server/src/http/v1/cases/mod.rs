//! Questions that only a human can answer.

pub(super) mod list;
pub(super) mod resolve;
pub(super) mod show;

use jiff::Timestamp;
use tenure_api::{CaseView, LikelyView, PersonView};
use tenure_app::cases::show::Shown;

fn view(shown: Shown, now: Timestamp) -> CaseView {
    let Shown { case, candidates } = shown;
    let state = if case.resolution.is_some() { "resolved" } else { "open" };
    let (resolved_by, resolution) = case.resolution.map(|answer| (answer.by, answer.body)).unzip();
    CaseView {
        id: case.id,
        kind: case.detail.as_ref().map_or("correlation", |detail| detail.kind.as_str()).to_owned(),
        likely: case.detail.as_ref().map(|detail| likely(&detail.body)).unwrap_or_default(),
        state: state.to_owned(),
        question: case.question,
        event: Some(case.event),
        candidates: candidates.iter().map(|(person, theirs)| PersonView::of(person, theirs, now)).collect(),
        opened_at: case.opened_at,
        resolved_by,
        resolution: resolution.map(|body| in_words(&body)),
    }
}

/// What speaks for whom, as it was when the case was opened.
fn likely(body: &str) -> Vec<LikelyView> {
    let kept: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    kept.get("likely").cloned().and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
}

/// What is kept as JSON, as a sentence.
fn in_words(body: &str) -> String {
    let kept: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| kept.get(name).and_then(serde_json::Value::as_str);
    let answer = match text("answer") {
        Some("is") => "it is one who was known",
        Some("new") => "it is somebody new",
        Some("named") => "a name was chosen",
        Some("dismissed") => "the event is put aside",
        Some(_) | None => "answered",
    };
    text("comment").map_or_else(|| answer.to_owned(), |comment| format!("{answer}: {comment}"))
}
