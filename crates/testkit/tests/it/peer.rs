//! What each trouble of the misbehaving server does to a plain client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tenure_testkit::peer::{ChaosPeer, Trouble};

type People = Arc<Mutex<Vec<Value>>>;

/// A small server that behaves.
async fn behind() -> (String, People) {
    let people: People = Arc::new(Mutex::new(vec![json!({"id": 0, "name": "ada"}), json!({"id": 1, "name": "bob"})]));
    let all = |State(people): State<People>| async move { Json(json!({"Resources": *people.lock().unwrap()})) };
    let one = |State(people): State<People>, Path(id): Path<usize>| async move {
        Json(people.lock().unwrap().get(id).cloned().unwrap_or_default())
    };
    let add = |State(people): State<People>, Json(body): Json<Value>| async move {
        people.lock().unwrap().push(body.clone());
        Json(body)
    };
    let router = Router::new()
        .route("/people", get(all).post(add))
        .route("/people/{id}", get(one))
        .with_state(Arc::clone(&people));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, people)
}

struct Seen {
    peer: ChaosPeer,
    people: People,
    client: reqwest::Client,
}

impl Seen {
    async fn with(trouble: Trouble) -> Self {
        let (url, people) = behind().await;
        let peer = ChaosPeer::always(&url, trouble).await.unwrap();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(2))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { peer, people, client }
    }

    async fn get(&self, path: &str) -> Result<(u16, Option<Value>), reqwest::Error> {
        let response = self.client.get(format!("{}{path}", self.peer.url())).send().await?;
        let status = response.status().as_u16();
        Ok((status, serde_json::from_slice(&response.bytes().await?).ok()))
    }

    async fn add(&self, name: &str) -> Result<u16, reqwest::Error> {
        let body = json!({ "id": 9, "name": name });
        let sent = self.client.post(format!("{}/people", self.peer.url())).json(&body).send().await?;
        Ok(sent.status().as_u16())
    }

    fn count(&self) -> usize {
        self.people.lock().unwrap().len()
    }
}

fn names(body: Option<Value>) -> usize {
    body.and_then(|body| body["Resources"].as_array().map(Vec::len)).unwrap_or_default()
}

#[tokio::test]
async fn without_trouble_everything_passes() {
    let seen = Seen::with(Trouble::None).await;
    assert_eq!(seen.add("eve").await.unwrap(), 200);
    let (status, body) = seen.get("/people").await.unwrap();
    assert_eq!((status, names(body), seen.peer.writes(), seen.peer.struck()), (200, 3, 1, 0));
}

#[tokio::test]
async fn a_lost_response_leaves_its_write_behind() {
    let seen = Seen::with(Trouble::LostResponse).await;
    assert!(seen.add("eve").await.is_err());
    assert_eq!((seen.count(), seen.peer.writes()), (3, 1));
}

#[tokio::test]
async fn a_double_delivery_writes_twice_and_an_empty_success_never() {
    let double = Seen::with(Trouble::DoubleDelivery).await;
    assert_eq!((double.add("eve").await.unwrap(), double.count()), (200, 4));
    let empty = Seen::with(Trouble::EmptySuccess).await;
    assert_eq!((empty.add("eve").await.unwrap(), empty.count()), (200, 2));
}

#[tokio::test]
async fn what_asks_to_come_back_does_nothing() {
    let seen = Seen::with(Trouble::RateLimit).await;
    let response = seen.client.get(format!("{}/people", seen.peer.url())).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    let down = Seen::with(Trouble::Unavailable).await;
    assert_eq!((down.add("eve").await.unwrap(), down.count(), down.peer.writes()), (503, 2, 0));
}

#[tokio::test]
async fn pages_lack_objects_or_break_after_the_first() {
    let partial = Seen::with(Trouble::PartialPage).await;
    assert_eq!(names(partial.get("/people").await.unwrap().1), 1);
    let broken = Seen::with(Trouble::PageTwoFails).await;
    for (path, status) in [("/people?startIndex=1", 200), ("/people?startIndex=3", 500), ("/people?cursor=x", 500)] {
        assert_eq!(broken.get(path).await.unwrap().0, status, "{path}");
    }
}

#[tokio::test]
async fn reads_are_stale_for_good_or_once() {
    for (trouble, then) in [(Trouble::StaleReads, 2), (Trouble::Eventual, 3)] {
        let seen = Seen::with(trouble).await;
        assert_eq!(names(seen.get("/people").await.unwrap().1), 2);
        seen.add("eve").await.unwrap();
        assert_eq!(names(seen.get("/people").await.unwrap().1), 2, "{trouble:?}");
        assert_eq!(names(seen.get("/people").await.unwrap().1), then, "{trouble:?}");
    }
}

#[tokio::test]
async fn an_object_that_is_there_is_not_found() {
    let seen = Seen::with(Trouble::HiddenAccount).await;
    assert_eq!(seen.get("/people/0").await.unwrap().0, 404);
    assert_eq!(seen.get("/people").await.unwrap().0, 200);
}

#[tokio::test]
async fn bodies_are_cut_garbled_renamed_or_never_end() {
    assert!(Seen::with(Trouble::TruncatedBody).await.get("/people").await.is_err());
    let garbled = Seen::with(Trouble::MalformedBody).await.get("/people").await.unwrap();
    assert_eq!(garbled, (200, None));
    let drifted = Seen::with(Trouble::SchemaDrift).await.get("/people/0").await.unwrap().1.unwrap();
    assert_eq!(drifted["name_v2"], "ada");
    let stuck = Seen::with(Trouble::SlowLoris).await.get("/people").await.unwrap_err();
    assert!(stuck.is_timeout(), "{stuck:?}");
}

#[tokio::test]
async fn something_else_answers() {
    let (status, body) = Seen::with(Trouble::LoginPage).await.get("/people").await.unwrap();
    assert_eq!((status, body), (200, None));
    assert_eq!(Seen::with(Trouble::Redirect).await.get("/people").await.unwrap().0, 302);
}

#[tokio::test]
async fn the_same_seed_strikes_at_the_same_places() {
    let mut strikes = Vec::new();
    for _ in 0..2 {
        let (url, _people) = behind().await;
        let peer = ChaosPeer::seeded(&url, Trouble::Unavailable, 7).await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..24 {
            statuses.push(reqwest::get(format!("{}/people", peer.url())).await.unwrap().status().as_u16());
        }
        assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
        strikes.push(statuses);
    }
    assert_eq!(strikes[0], strikes[1]);
}
