//! A workflow for many at once, through the doors: what is asked, who may see it, what is refused.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tenure_app::sets::make::{Who, make};
use tenure_app::sets::show::show;
use tenure_app::sets::start::start;
use tenure_model::{IdentityKind, Person, new_id};
use tenure_server::house::Working;
use tenure_store::StoreError;
use tenure_store::sets::{SetRow, SetState};

use crate::house::LONG;
use crate::live::Place;
use crate::real::{Real, joiner, read};
use crate::runs::{admin, force, workflow};

async fn company() -> Real {
    let real = Real::open().await;
    real.start_engine();
    for number in 1..=3 {
        let (event, key) = (format!("e{number}"), format!("E{number}"));
        let posted = real.ask("source", "POST", "/v1/connections/hr/events", &joiner(&event, &key, "Ada")).await;
        assert!(posted.status < 300, "{}", posted.body);
    }
    real
}

async fn until(real: &Real, path: &str, state: &str) -> Json {
    let mut seen = Json::Null;
    for _ in 0..LONG.as_millis() / 20 {
        seen = read(&real.get("auditor", path).await);
        let runs = seen["progress"]["runs"].as_object().is_some_and(|runs| runs.keys().all(|status| status == "done"));
        if seen["state"] == state && runs {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the set never came there: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_is_made_looked_at_started_and_followed() {
    let real = company().await;
    let wish = json!({ "workflow": "survey", "people": ["E1", "E3", "E9"], "input": { "days": 30 } });
    assert_eq!(real.ask("auditor", "POST", "/v1/sets", &wish).await.problem().0, 403);
    let made = real.ask("operator", "POST", "/v1/sets", &wish).await;
    assert_eq!((made.status, read(&made)["state"].clone()), (202, json!("looking")), "{}", made.body);
    let path = format!("/v1/sets/{}", read(&made)["id"].as_str().unwrap());
    let set = until(&real, &path, "ready").await;
    assert_eq!(set["progress"], json!({ "named": 0, "ready": 2, "cannot": 1, "begun": 0, "runs": {} }));
    let people = format!("{path}/people");
    let cannot = read(&real.get("auditor", &format!("{people}?state=cannot")).await);
    assert_eq!((&cannot["items"][0]["named"], &cannot["items"][0]["place"]), (&json!("E9"), &json!(3)));
    let first = read(&real.get("operator", &format!("{people}?limit=1")).await);
    assert_eq!((&first["items"][0]["named"], &first["items"][0]["name"]), (&json!("E1"), &json!("Ada")));
    let next = first["next"].as_str().unwrap();
    let second = read(&real.get("operator", &format!("{people}?limit=2&after={next}")).await);
    assert_eq!((second["items"].as_array().unwrap().len(), second.get("next")), (2, None));
    // Who connects systems sees that there is a set, and not who is in it.
    assert_eq!(real.get("connector-admin", &path).await.status, 200);
    assert_eq!(real.get("connector-admin", &people).await.problem().0, 403);
    let start = async |body: Json| real.ask("operator", "POST", &format!("{path}/start"), &body).await;
    assert_eq!(start(json!({ "people": 3, "reason": "x" })).await.problem(), (409, "TEN-E0114".into()));
    assert_eq!(start(json!({ "people": 2, "reason": "" })).await.problem().0, 422);
    let started = start(json!({ "people": 2, "reason": "spring" })).await;
    assert_eq!((started.status, read(&started)["startedBy"].clone()), (202, json!("operator")), "{}", started.body);
    let set = until(&real, &path, "started").await;
    assert_eq!(set["progress"], json!({ "named": 0, "ready": 0, "cannot": 1, "begun": 2, "runs": { "done": 2 } }));
    assert_eq!(read(&real.get("operator", "/v1/sets").await)["items"][0]["reason"], "spring");
    let begun = read(&real.get("operator", &format!("{people}?state=begun")).await);
    let run = read(&real.get("operator", &format!("/v1/runs/{}", begun["items"][0]["run"].as_str().unwrap())).await);
    let input = &run["records"][0]["body"]["facts"][0]["input"];
    assert_eq!((&input["days"], &input["because"]), (&json!(30), &json!("demand")), "{run}");
    let late = real.ask("operator", "POST", &format!("{path}/cancel"), &json!({ "reason": "x" })).await;
    assert_eq!(late.problem(), (409, "TEN-E0114".into()));
    real.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_set_is_refused_where_it_stands() {
    let real = company().await;
    let ask = async |body: Json| real.ask("operator", "POST", "/v1/sets", &body).await;
    for (body, place) in [
        (json!({ "workflow": "survey", "where": "true", "people": ["E1"], "input": { "days": 1 } }), "/people"),
        (json!({ "workflow": "survey", "input": { "days": 1 } }), "/people"),
        (json!({ "workflow": "survey", "where": "person.department ==", "input": { "days": 1 } }), "/where"),
        (json!({ "workflow": "survey", "where": "true" }), "/input"),
    ] {
        let refused = ask(body).await;
        assert_eq!((refused.status, &read(&refused)["errors"][0]["pointer"]), (422, &json!(place)), "{}", refused.body);
    }
    assert_eq!(ask(json!({ "workflow": "ask", "where": "true" })).await.problem(), (409, "TEN-E0114".into()));
    assert!(ask(json!({ "workflow": "survey", "wher": "true" })).await.status >= 400);
    // One that nobody wants any more is put away before anybody is begun.
    let made = read(&ask(json!({ "workflow": "survey", "where": "true", "input": { "days": 1 } })).await);
    let path = format!("/v1/sets/{}", made["id"].as_str().unwrap());
    until(&real, &path, "ready").await;
    let cancelled = real.ask("operator", "POST", &format!("{path}/cancel"), &json!({ "reason": "a slip" })).await;
    assert_eq!((&read(&cancelled)["state"], &read(&cancelled)["note"]), (&json!("cancelled"), &json!("a slip")));
    let start = real.ask("operator", "POST", &format!("{path}/start"), &json!({ "people": 3, "reason": "x" })).await;
    assert_eq!(start.problem(), (409, "TEN-E0114".into()));
    real.stop().await;
}

#[tokio::test]
async fn a_set_whose_workflow_is_another_by_then_begins_nobody() {
    let place = Place::new();
    place.write("walk.yaml", &workflow("core/set, with: { a: 1 }", ""));
    let opened = place.open("by-hand").await;
    let working = Working::start(&opened, opened.sealer());
    let (cx, house) = (admin(&opened), opened.house.clone());
    let person = Person {
        id: new_id(house.ids.as_ref()),
        kind: IdentityKind::Employee,
        display_name: "Ada".to_owned(),
        attributes: [("employeeId".to_owned(), "E1".into())].into(),
        sponsor: None,
        version: 1,
        since: house.clock.now(),
    };
    let job = house.store.write(move |tx| Box::pin(async move { tenure_store::people::insert(tx, &person).await }));
    job.await.map_err(|error: StoreError| error).unwrap();
    let set = make(&cx, "walk".parse().unwrap(), Who::Named(vec!["E1".to_owned()]), Map::new()).await.unwrap().id;
    let comes_to = async |state: SetState| -> SetRow {
        for _ in 0..LONG.as_millis() / 20 {
            let now = show(&cx, set).await.unwrap().set;
            if now.state == state {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the set never came to {state:?}");
    };
    comes_to(SetState::Ready).await;
    force(&opened, &workflow("core/set, with: { a: 2 }", "")).await;
    start(&cx, set, 1, "x".to_owned()).await.unwrap();
    let failed = comes_to(SetState::Failed).await;
    let note = failed.note.unwrap_or_default();
    assert!(note.contains("`walk` is another workflow by now"), "{note}");
    assert_eq!(show(&cx, set).await.unwrap().begun(), 0);
    working.stop(LONG).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_of_reviews_is_seen_by_whoever_may_see_runs() {
    let real = company().await;
    let none = read(&real.get("auditor", "/v1/reviews/look").await);
    assert_eq!((&none["people"], &none["questions"]["asked"]), (&json!(0), &json!(0)), "{none}");
    let run = json!({ "workflow": "look", "input": { "person": person_of(&real, "E1").await } });
    assert_eq!(real.ask("operator", "POST", "/v1/runs", &run).await.status, 202);
    let mut seen = Json::Null;
    for _ in 0..LONG.as_millis() / 20 {
        seen = read(&real.get("auditor", "/v1/reviews/look").await);
        if seen["runs"]["done"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What they hold follows from a rule, so there is nothing to ask.
    assert_eq!((&seen["people"], &seen["runs"]), (&json!(1), &json!({ "done": 1 })), "{seen}");
    assert_eq!(seen["things"]["shown"], 0, "{seen}");
    let all = read(&real.get("operator", "/v1/reviews").await);
    assert_eq!(all["items"][0]["workflow"], "look", "{all}");
    assert!(all["items"][0].get("things").is_none(), "{all}");
    assert_eq!(real.get("worker", "/v1/reviews").await.problem().0, 403);
    for (path, status) in [("/v1/reviews/ask", 404), ("/v1/reviews/nothing", 404)] {
        assert_eq!(real.get("auditor", path).await.problem().0, status, "{path}");
    }
    let bad = real.get("auditor", "/v1/reviews/look?since=yesterday").await;
    assert!([400, 422].contains(&bad.status), "{}", bad.body);
    real.stop().await;
}

/// The id of whom a source names so.
async fn person_of(real: &Real, key: &str) -> String {
    read(&real.get("operator", &format!("/v1/people/{key}")).await)["id"].as_str().unwrap().to_owned()
}
