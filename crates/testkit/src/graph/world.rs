//! The simulator as a whole: who is let in, what goes wrong, and what reads are shown.

use serde_json::{Value as Json, json};

use super::directory::Directory;
use super::odata::Asked;
use super::problem::{Answered, Problem};
use super::{CLIENT, SECRET, TENANT, routes};
use crate::wire::{Reply, Request};

/// Everything that it knows.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now: Directory,
    /// What reads are shown, and for how many of them still.
    shown: Option<(Directory, u32)>,
    pub(super) lag: u32,
    pub(super) throttled: u32,
    pub(super) pause_seconds: u32,
    pub(super) failing: u32,
    /// Which generation of tokens is good.
    pub(super) tokens: u32,
}

impl World {
    /// With the groups that every tenant of the tests has.
    pub(super) fn furnished() -> Self {
        let mut now = Directory::default();
        now.make_group(json!({ "displayName": "staff" }));
        now.make_group(json!({ "displayName": "finance" }));
        now.make_group(json!({ "displayName": "everyone", "groupTypes": ["DynamicMembership"] }));
        now.make_group(json!({ "displayName": "printers", "onPremisesSyncEnabled": true }));
        Self { now, ..Self::default() }
    }

    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        self.answered(request).unwrap_or_else(Problem::reply)
    }

    fn answered(&mut self, request: &Request) -> Answered<Reply> {
        let asked = Asked::of(request)?;
        if let [tenant, "oauth2", "v2.0", "token"] = asked.path().as_slice() {
            return Ok(self.token(tenant, &String::from_utf8_lossy(&request.body)));
        }
        if self.throttled > 0 {
            self.throttled -= 1;
            let problem = Problem::new(429, "TooManyRequests", "Too many requests");
            return Err(problem.with("retry-after", self.pause_seconds.to_string()));
        }
        if self.failing > 0 {
            self.failing -= 1;
            return Err(Problem::new(503, "serviceNotAvailable", "The service is not available now."));
        }
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if token != Some(self.good_token().as_str()) {
            let message = "Lifetime validation failed, the token is expired.";
            return Err(Problem::new(401, "InvalidAuthenticationToken", message));
        }
        if request.method == "GET" {
            return self.read(&asked).map(|json| reply(200, &json));
        }
        let body = serde_json::from_slice(&request.body).unwrap_or(Json::Null);
        let before = (self.lag > 0).then(|| self.now.clone());
        let (status, said) = routes::write(&mut self.now, &request.method, &asked, &body)?;
        self.now.ticks += 1;
        self.shown = before.map(|before| (before, self.lag));
        Ok(reply(status, &said))
    }

    fn read(&mut self, asked: &Asked) -> Answered<Json> {
        match &mut self.shown {
            Some((before, left)) if *left > 0 => {
                *left -= 1;
                routes::read(before, asked)
            }
            _ => routes::read(&self.now, asked),
        }
    }

    fn good_token(&self) -> String {
        format!("token-{}", self.tokens)
    }

    /// What the authorization server says, which has errors of its own kind.
    fn token(&self, tenant: &str, form: &str) -> Reply {
        let address = reqwest::Url::parse(&format!("http://x/?{form}"));
        let said = |name: &str| {
            let address = address.as_ref().ok()?;
            address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let no =
            |status, error: &str, words: &str| reply(status, &json!({ "error": error, "error_description": words }));
        if tenant != TENANT {
            return no(400, "invalid_request", "AADSTS90002: Tenant not found.");
        }
        if said("grant_type").as_deref() != Some("client_credentials") || said("client_id").as_deref() != Some(CLIENT) {
            return no(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.");
        }
        if said("client_secret").as_deref() != Some(SECRET) {
            return no(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
        }
        if !said("scope").is_some_and(|scope| scope.ends_with("/.default")) {
            return no(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.");
        }
        reply(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": self.good_token() }))
    }
}

fn reply(status: u16, json: &Json) -> Reply {
    let text = if status == 204 { String::new() } else { json.to_string() };
    Reply::new(status, text).with("content-type", "application/json")
}
