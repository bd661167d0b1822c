//! Pages for a browser, which need no script: what somebody is asked, and their answer. A mail leads
//! here by the `link` of its notice.
//!
//! A page shows nothing before somebody has signed in, changes nothing but by a form of its own, and
//! asks the same use cases as the API.

mod html;
pub(super) mod inbox;
pub mod session;
pub(super) mod task;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tenure_api::Code;

use super::gate::{Gate as _, Known};
use super::refusal::Refusal;
use super::v1::Doors;
use crate::gate::HouseGate;
use crate::token::{TokenHash, looks_right};
use html::{Page, sentence};

/// What a form of ours says.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<(String, String)>")]
pub(super) struct Said {
    /// A token, from somebody who signs in.
    token: Option<String>,
    /// Whoever is signed in wants to leave.
    leave: Option<String>,
    /// How a task ends.
    outcome: Option<String>,
    /// Why.
    comment: Option<String>,
    /// What was ticked.
    chosen: Vec<String>,
}

impl From<Vec<(String, String)>> for Said {
    fn from(fields: Vec<(String, String)>) -> Self {
        let mut said = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "token" => said.token = Some(value),
                "leave" => said.leave = Some(value),
                "outcome" => said.outcome = Some(value),
                "comment" => said.comment = Some(value),
                "chosen" => said.chosen.push(value),
                _ => {}
            }
        }
        said
    }
}

/// Lets somebody in who has a token that opens tasks, and shows them where they wanted to go.
async fn sign_in(doors: &Doors, token: &str, to: &str) -> Response {
    let gate = HouseGate::new(doors.house());
    let known = gate.who(TokenHash::of(token.trim())).await;
    let why = match known {
        Err(_) => return Refusal::new(Code::StoreUnavailable).into_response(),
        Ok(Known::As(actor)) if looks_right(token.trim()) && gate.may(&actor, "ListTasks") => {
            let mut response = see(to);
            if let Ok(cookie) = HeaderValue::from_str(&session::begin(token.trim(), doors.by_tls())) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            return response;
        }
        Ok(Known::As(_)) => "This token opens no tasks. Use your own, as `tenure token create` made it for you.",
        Ok(Known::Ended) => "This token has ended. Ask for a new one.",
        Ok(Known::Not) => "There is no such token. Take it as it was shown, from `tnr_` to its end.",
    };
    Page::new("Sign in").sign_in(to, Some(why)).answer(StatusCode::UNAUTHORIZED)
}

/// The form by which somebody signs in.
fn who_are_you(to: &str) -> Response {
    Page::new("Sign in").sign_in(to, None).answer(StatusCode::UNAUTHORIZED)
}

/// Forgets who came.
fn leave() -> Response {
    let mut response = see("/tasks");
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(session::END));
    response
}

/// Look there.
fn see(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// What was refused, in the words that the API has for it.
fn words(refusal: &Refusal) -> String {
    let problem = &refusal.0;
    let first = problem.errors.first().map(|error| error.reason.clone());
    sentence(&first.or_else(|| problem.detail.clone()).unwrap_or_else(|| problem.title.clone()))
}
