//! `GET /tasks/{task}` and `POST /tasks/{task}`: what somebody is asked, and their answer.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use tenure_app::limits::REASON_CHARS_MAX;
use tenure_app::tasks::close::{self, Answer};
use tenure_app::tasks::show::{Shown, show as look};
use tenure_model::{Actor, HumanTask, Name, TaskId, TaskKind};
use tenure_policy::template::to_the_minute;

use super::html::{Page, escaped, sentence};
use super::{Said, see, sign_in, who_are_you, words};
use crate::http::gate::Visitor;
use crate::http::v1::Doors;
use crate::http::{Form, Refusal};

pub(crate) async fn show(State(doors): State<Doors>, Visitor(actor): Visitor, Path(task): Path<String>) -> Response {
    let path = path(&task);
    match (actor, task.parse()) {
        (None, _) => who_are_you(&path),
        (Some(actor), Ok(task)) => page(&doors, actor, task, None, &Said::default()).await,
        (Some(actor), Err(_)) => absent(&actor),
    }
}

pub(crate) async fn answer(
    State(doors): State<Doors>,
    Visitor(actor): Visitor,
    Path(task): Path<String>,
    Form(said): Form<Said>,
) -> Response {
    let path = path(&task);
    if let Some(token) = &said.token {
        return sign_in(&doors, token, &path).await;
    }
    let Some(actor) = actor else { return who_are_you(&path) };
    let Ok(id) = task.parse::<TaskId>() else { return absent(&actor) };
    let Some(outcome) = said.outcome.as_deref().and_then(|word| word.parse::<Name>().ok()) else {
        return page(&doors, actor, id, Some("Choose one of the answers.".to_owned()), &said).await;
    };
    let comment = said.comment.clone().filter(|text| !text.trim().is_empty());
    let answer = Answer { outcome: Some(outcome), comment, chosen: said.chosen.clone() };
    match close::answer(&doors.cx(actor.clone()), id, answer).await {
        Ok(_) => see(&path),
        Err(error) => page(&doors, actor, id, Some(words(&Refusal::from(error))), &said).await,
    }
}

/// The path of a page, made of an id and not of what somebody wrote.
fn path(task: &str) -> String {
    task.parse::<TaskId>().map_or_else(|_| "/tasks".to_owned(), |id| format!("/tasks/{id}"))
}

fn absent(actor: &Actor) -> Response {
    let said = "There is no such task, or it is not for you.";
    Page::new("Not here").of(&actor.name).line("quiet", said).answer(StatusCode::NOT_FOUND)
}

/// The task with its form, or how it ended; what somebody had written is still there.
async fn page(doors: &Doors, actor: Actor, id: TaskId, wrong: Option<String>, said: &Said) -> Response {
    let name = actor.name.clone();
    let Shown { task, entries, may_answer, .. } = match look(&doors.cx(actor.clone()), id).await {
        Ok(shown) => shown,
        Err(error) => {
            let refusal = Refusal::from(error);
            if refusal.0.status == StatusCode::NOT_FOUND.as_u16() {
                return absent(&actor);
            }
            let status = StatusCode::from_u16(refusal.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Page::new("Not now").of(&name).alert(&words(&refusal)).answer(status);
        }
    };
    let mut page = Page::new(&task.title).of(&name).line("quiet", &facts(&task, doors.house().clock.now()));
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    if let Some(wrong) = wrong {
        page = page.alert(&wrong);
    }
    if !task.instructions.is_empty() {
        page = page.words(&task.instructions);
    }
    if !entries.is_empty() {
        page = page.html("<h2>What was said</h2>");
    }
    for entry in &entries {
        page = page.line("said", &format!("{}: {}", entry.by, entry.body)).line("quiet", &to_the_minute(entry.at));
    }
    page = match task.state.end() {
        None if may_answer => page.html(&form(&task, said)),
        None => {
            let seen =
                task.choices.iter().fold(page, |page, one| page.line("said", &one.name).line("quiet", &one.says));
            seen.line("end", "You may look at this. Somebody else answers it.")
        }
        Some(end) => {
            let outcome = end.outcome.as_ref().map_or("withdrawn", Name::as_str);
            let instead = end.instead_of.as_ref().map(|whom| format!(" in the place of {whom}")).unwrap_or_default();
            let told = page.html("<h2>It is over</h2>");
            let told =
                told.line("end", &format!("{outcome}, by {}{instead}", end.by)).line("quiet", &to_the_minute(end.at));
            let told = end.chosen.iter().fold(told, |told, name| told.line("end", name));
            match &end.comment {
                Some(comment) => told.words(comment),
                None => told,
            }
        }
    };
    page.html("<p><a href=\"/tasks\">What else waits for you</a></p>").answer(status)
}

fn form(task: &HumanTask, said: &Said) -> String {
    let hoped = task.outcomes.first().map_or("", Name::as_str);
    let mut form = format!("<form method=\"post\" action=\"/tasks/{}\">{}", task.id, choices(task, said));
    // Writing to a string cannot fail.
    let _ = write!(
        form,
        "<label for=\"comment\">Why</label>\
         <p class=\"quiet\" id=\"why\">Needed for every other answer than “{}”.</p>\
         <textarea id=\"comment\" name=\"comment\" rows=\"3\" maxlength=\"{REASON_CHARS_MAX}\" \
         aria-describedby=\"why\">{}</textarea>",
        spoken(hoped),
        escaped(said.comment.as_deref().unwrap_or_default())
    );
    for (place, outcome) in task.outcomes.iter().enumerate() {
        let class = if place == 0 { " class=\"first\"" } else { "" };
        let (word, verb) = (escaped(outcome.as_str()), spoken(outcome.as_str()));
        let _ = write!(form, "<button name=\"outcome\" value=\"{word}\"{class}>{verb}</button>");
    }
    form.push_str("</form>");
    form
}

/// The things that are asked about, each to be ticked.
fn choices(task: &HumanTask, said: &Said) -> String {
    if task.choices.is_empty() {
        return String::new();
    }
    let mut html = "<fieldset><legend>Tick what is not needed any more</legend>".to_owned();
    for choice in &task.choices {
        let ticked = if said.chosen.contains(&choice.name) { " checked" } else { "" };
        let (name, says) = (escaped(&choice.name), escaped(&choice.says));
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<label class=\"choice\"><input type=\"checkbox\" name=\"chosen\" value=\"{name}\"{ticked}>\
             <span>{name}<small>{says}</small></span></label>"
        );
    }
    html.push_str("</fieldset>");
    html
}

/// An outcome as it stands on a button.
fn spoken(word: &str) -> String {
    let usual = [
        ("approved", "Approve"),
        ("denied", "Deny"),
        ("rejected", "Reject"),
        ("refused", "Refuse"),
        ("keep", "Keep all of it"),
        ("change", "Take away what is ticked"),
    ];
    if let Some((_, verb)) = usual.iter().find(|(outcome, _)| *outcome == word) {
        return (*verb).to_owned();
    }
    escaped(&sentence(&word.replace('-', " ")))
}

/// What kind of thing is asked, of whom, and until when.
pub(super) fn facts(task: &HumanTask, now: Timestamp) -> String {
    let kind = match task.kind {
        TaskKind::Work => "Work",
        TaskKind::Approval => "Approval",
        TaskKind::Look => "Second look",
        TaskKind::Stuck => "A run that is stuck",
        TaskKind::Review => "Review",
    };
    let due = task.due_at.map(|due| {
        let late = if due < now && task.state.end().is_none() { ", which is over" } else { "" };
        format!(", until {}{late}", to_the_minute(due))
    });
    format!("{kind} for {}{}", task.assignee, due.unwrap_or_default())
}
