//! `GET /tasks` and `POST /tasks`: what waits for whoever came; and coming and going.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tenure_app::tasks::list::{Wanted, list};

use super::html::{Page, escaped};
use super::{Said, leave, sign_in, task, who_are_you};
use crate::http::gate::Visitor;
use crate::http::v1::Doors;
use crate::http::{Form, Refusal};
use crate::limits::TASKS_SHOWN;

pub(crate) async fn show(State(doors): State<Doors>, Visitor(actor): Visitor) -> Response {
    let Some(actor) = actor else { return who_are_you("/tasks") };
    let name = actor.name.clone();
    let wanted = Wanted { mine: true, closed: false };
    let found = match list(&doors.cx(actor), wanted, None, TASKS_SHOWN + 1).await {
        Ok(found) => found,
        Err(error) => return Refusal::from(error).into_response(),
    };
    let page = Page::new("What waits for you").of(&name);
    if found.is_empty() {
        return page.line("quiet", "Nothing does.").answer(StatusCode::OK);
    }
    let now = doors.house().clock.now();
    let mut rows = String::new();
    for found in found.iter().take(TASKS_SHOWN) {
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<li><a href=\"/tasks/{}\">{}</a><br><span class=\"quiet\">{}</span></li>",
            found.id,
            escaped(&found.title),
            escaped(&task::facts(found, now))
        );
    }
    let page = page.html(&format!("<ul class=\"tasks\">{rows}</ul>"));
    let more = found.len() > TASKS_SHOWN;
    let page = if more { page.line("quiet", "There are more: `tenure tasks list --mine`.") } else { page };
    page.answer(StatusCode::OK)
}

pub(crate) async fn come_or_go(State(doors): State<Doors>, Form(said): Form<Said>) -> Response {
    match said.token {
        Some(token) => sign_in(&doors, &token, "/tasks").await,
        None if said.leave.is_some() => leave(),
        None => super::see("/tasks"),
    }
}
