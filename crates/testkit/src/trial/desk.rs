//! A small service of a trial: it keeps users, and answers so many requests in a second and refuses
//! the next. It is ours and no product; what it counts is what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_model::{Clock as _, SystemClock};

use crate::wire::{Peer, Reply, Request};

/// The pack of it. `{most}` is how many requests it says that it takes in a second.
pub const PACK: &str = "apiVersion: tenure/v1
kind: Pack
metadata: { name: desk, title: Desk }
spec:
  about: A service of a trial.
  secrets: { token: any }
  auth: { kind: bearer, token: token }
  accounts:
    id: /id
    name: login
    list: { request: GET /users, items: /users }
    get: { request: \"GET /users/{id}\" }
    attributes:
      login: { at: /login, required: true, unique: true, find: { request: \"GET /users/{value}\" } }
      mail: { at: /mail }
    disabledIf: [{ at: /locked, is: true }]
    holds: { in: /groups, id: /id }
  entitlements:
    native: group
    id: /id
    name: /id
    list: { request: GET /groups, items: /groups }
    get: { request: \"GET /groups/{id}\" }
  operations:
    create: { undo: lossy, request: POST /users, body: { \"*\": \"{attributes}\" }, id: /id }
    set: { undo: exact, request: \"PATCH /users/{id}\", body: { \"*\": \"{attributes}\" } }
    disable: { undo: exact, request: \"PATCH /users/{id}\", body: { locked: true } }
    enable: { undo: exact, request: \"PATCH /users/{id}\", body: { locked: false } }
    grant: { undo: exact, request: \"PUT /users/{id}/groups/{entitlement}\" }
    revoke: { undo: exact, request: \"DELETE /users/{id}/groups/{entitlement}\" }
  artifacts: { session: none, token: none, app-password: none, key: none, license: none, ownership: none }
";

/// The only group of it.
pub const GROUP: &str = "crew";

/// The running service.
#[derive(Debug)]
pub struct Desk {
    peer: Peer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    clock: SystemClock,
    most: f64,
    left: f64,
    last: Duration,
    users: BTreeMap<String, Json>,
    made: BTreeMap<String, usize>,
    answered: usize,
    refused: usize,
}

/// What it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Users that can sign in.
    pub active: usize,
    /// Users that cannot.
    pub locked: usize,
    /// Groups that users are in, each for itself.
    pub held: usize,
    /// Users that were made more than once.
    pub twice: usize,
    /// Requests that it answered.
    pub answered: usize,
    /// Requests that came too soon after others.
    pub refused: usize,
}

impl Desk {
    /// Starts one that takes so many requests in a second.
    pub async fn start(most: u32) -> Self {
        let state = Arc::new(Mutex::new(State {
            clock: SystemClock::new(),
            most: f64::from(most),
            left: f64::from(most),
            last: Duration::ZERO,
            users: BTreeMap::new(),
            made: BTreeMap::new(),
            answered: 0,
            refused: 0,
        }));
        let own = Arc::clone(&state);
        let peer = Peer::start(move |request| lock(&own).answer(request)).await;
        Self { peer, state }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.peer.url()
    }

    /// What it saw so far.
    pub fn counted(&self) -> Counted {
        let state = lock(&self.state);
        let locked = state.users.values().filter(|user| user.get("locked") == Some(&json!(true))).count();
        Counted {
            active: state.users.len() - locked,
            locked,
            held: state.users.values().filter_map(|user| user.get("groups")?.as_array()).map(Vec::len).sum(),
            twice: state.made.values().filter(|times| **times > 1).count(),
            answered: state.answered,
            refused: state.refused,
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let now = self.clock.elapsed();
        let renewed = now.saturating_sub(self.last).as_secs_f64() * self.most;
        (self.last, self.left) = (now, (self.left + renewed).min(self.most));
        if self.left < 1.0 {
            self.refused += 1;
            return Reply::new(429, "{}").with("retry-after", "1".to_owned());
        }
        self.left -= 1.0;
        self.answered += 1;
        let id = request.target.strip_prefix("/users/").unwrap_or_default().to_owned();
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        if request.target.starts_with("/groups") {
            let group = json!({ "id": GROUP });
            let answer = if request.target == "/groups" { json!({ "groups": [group] }) } else { group };
            return Reply::new(200, answer.to_string());
        }
        if let Some((user, group)) = id.split_once("/groups/") {
            return self.member(user, group, request.method == "PUT");
        }
        match request.method.as_str() {
            "POST" => self.make(body),
            "PATCH" => match self.users.get_mut(&id).and_then(Json::as_object_mut) {
                Some(user) => {
                    user.extend(body.as_object().cloned().unwrap_or_default());
                    Reply::new(200, Json::Object(user.clone()).to_string())
                }
                None => Reply::new(404, "{}"),
            },
            _ if id.is_empty() => {
                Reply::new(200, json!({ "users": self.users.values().collect::<Vec<_>>() }).to_string())
            }
            _ => self.users.get(&id).map_or_else(|| Reply::new(404, "{}"), |user| Reply::new(200, user.to_string())),
        }
    }

    fn member(&mut self, user: &str, group: &str, is_in: bool) -> Reply {
        let Some(Json::Array(groups)) = self.users.get_mut(user).and_then(|user| user.get_mut("groups")) else {
            return Reply::new(404, "{}");
        };
        groups.retain(|one| one.get("id").and_then(Json::as_str) != Some(group));
        if is_in {
            groups.push(json!({ "id": group }));
        }
        Reply::new(204, "")
    }

    /// The id of a user is what they sign in by.
    fn make(&mut self, body: Json) -> Reply {
        let Some(login) = body.get("login").and_then(Json::as_str).map(str::to_owned) else {
            return Reply::new(400, "{}");
        };
        *self.made.entry(login.clone()).or_default() += 1;
        if self.users.contains_key(&login) {
            return Reply::new(409, "{}");
        }
        let mut user = body.as_object().cloned().unwrap_or_default();
        user.insert("id".to_owned(), login.clone().into());
        user.insert("locked".to_owned(), false.into());
        user.insert("groups".to_owned(), json!([]));
        let reply = Reply::new(201, Json::Object(user.clone()).to_string());
        self.users.insert(login, Json::Object(user));
        reply
    }
}
