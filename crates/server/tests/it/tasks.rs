//! What humans are asked to do, through the doors: who sees it, who does it, and what follows.

use serde_json::{Value as Json, json};
use tenure_app::tasks::tend::tend;
use tenure_connect::{Desired, Locator};
use tenure_model::Value;
use tenure_store::StoreError;

use crate::real::{DAY, Real, joiner, read};
use crate::routes::until_it_is;

/// A run that waits for the desk to give a badge, and the path of the task.
async fn begun(real: &Real) -> (String, String) {
    real.start_engine();
    let started = read(&real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "by-hand" })).await);
    let run = format!("/v1/runs/{}", started["run"].as_str().unwrap());
    until_it_is(real, &run, "waiting").await;
    let task = only(&real.get("worker", "/v1/tasks").await);
    (run, format!("/v1/tasks/{}", task["id"].as_str().unwrap()))
}

/// What waits to be sealed.
async fn drafts(real: &Real) -> String {
    let drafts = real.house.store.read(|tx| {
        Box::pin(async move {
            let rows = tx.query("SELECT body FROM ledger_outbox ORDER BY id", &[]).await?;
            rows.iter().map(|row| row.of("ledger_outbox").string("body")).collect::<Result<Vec<_>, StoreError>>()
        })
    });
    drafts.await.unwrap().join("\n")
}

fn only(answer: &crate::house::Answer) -> Json {
    let items = read(answer)["items"].as_array().cloned().unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    items[0].clone()
}

#[tokio::test]
async fn a_task_is_done_by_whom_it_is_for_and_its_run_goes_on() {
    let real = Real::open().await;
    let (run, task) = begun(&real).await;
    let shown = read(&real.get("worker", &task).await);
    assert_eq!((&shown["for"], &shown["outcomes"]), (&json!("team:desk"), &json!(["done", "refused"])));
    let detail = read(&real.get("auditor", &run).await);
    assert!(detail["waits"][0]["reason"].as_str().unwrap().contains("waits for team:desk: give a badge"), "{detail}");

    // Who has nothing to do with it does not even learn that it is there.
    assert_eq!(real.get("help-desk", &task).await.problem().0, 404);
    assert_eq!(read(&real.get("help-desk", "/v1/tasks").await)["items"], json!([]));
    assert_eq!(real.ask("auditor", "POST", &format!("{task}/claim"), &Json::Null).await.problem().0, 403);

    assert_eq!(read(&real.ask("worker", "POST", &format!("{task}/claim"), &Json::Null).await)["claimedBy"], "worker");
    let taken = real.ask("operator", "POST", &format!("{task}/close"), &json!({})).await;
    assert_eq!(taken.problem(), (409, "TEN-E0114".into()));
    let bad = real.ask("worker", "POST", &format!("{task}/close"), &json!({ "outcome": "maybe" })).await;
    assert_eq!((bad.problem().0, read(&bad)["errors"][0]["pointer"].clone()), (422, json!("/outcome")));
    let silent = real.ask("worker", "POST", &format!("{task}/close"), &json!({ "outcome": "refused" })).await;
    assert_eq!((silent.problem().0, read(&silent)["errors"][0]["pointer"].clone()), (422, json!("/comment")));

    let brought = json!({ "reference": "badge.png", "content": "aGk=", "mediaType": "image/png" });
    let brought = real.ask("worker", "POST", &format!("{task}/evidence"), &brought).await;
    assert_eq!(brought.status, 201, "{}", brought.body);
    let entry = read(&brought)["id"].as_str().unwrap().to_owned();
    let fetched = read(&real.get("auditor", &format!("{task}/evidence/{entry}")).await);
    assert_eq!(fetched["content"], "aGk=");
    assert_eq!(fetched["sha256"], "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4");

    let closed = real.ask("worker", "POST", &format!("{task}/close"), &json!({ "comment": "number 7" })).await;
    assert_eq!(read(&closed)["end"]["outcome"], "done");
    assert_eq!(real.ask("worker", "POST", &format!("{task}/close"), &json!({})).await.problem().0, 409);
    approve(&real, &run).await;
    let seen = drafts(&real).await;
    for kind in ["task.opened", "task.claimed", "task.evidence", "task.closed"] {
        assert!(seen.contains(kind), "{kind}: {seen}");
    }
    assert!(!seen.contains("number 7"), "what somebody said is in the ledger in clear");
}

/// The second step asks for a yes, which those who see to work cannot give.
async fn approve(real: &Real, run: &str) {
    let mut found = json!([]);
    for _ in 0..200 {
        found = read(&real.get("policy-approver", "/v1/tasks?mine=true").await)["items"].clone();
        if found.as_array().is_some_and(|items| !items.is_empty()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let approval = format!("/v1/tasks/{}", found[0]["id"].as_str().expect("nobody was asked"));
    for who in ["operator", "owner"] {
        let refused = real.ask(who, "POST", &format!("{approval}/close"), &json!({})).await;
        assert_eq!(refused.problem(), (403, "TEN-E0204".into()), "{who}");
    }
    let to = json!({ "to": "person:operator", "reason": "I am quicker" });
    assert_eq!(real.ask("operator", "POST", &format!("{approval}/reassign"), &to).await.problem().0, 409);
    let to = json!({ "to": "person:worker", "reason": "try" });
    assert_eq!(real.ask("operator", "POST", &format!("{approval}/reassign"), &to).await.status, 200);
    let barred = real.ask("worker", "POST", &format!("{approval}/close"), &json!({})).await;
    assert_eq!(barred.problem(), (403, "TEN-E0204".into()));
    let to = json!({ "to": "person:auditor", "reason": "she knows" });
    assert_eq!(real.ask("operator", "POST", &format!("{approval}/reassign"), &to).await.status, 200);
    assert_eq!(real.ask("auditor", "POST", &format!("{approval}/close"), &json!({})).await.status, 200);
    until_it_is(real, run, "done").await;
}

#[tokio::test]
async fn time_reminds_of_a_task_and_the_end_of_its_run_withdraws_it() {
    let real = Real::open().await;
    let (run, task) = begun(&real).await;
    let kinds = async || -> Vec<String> {
        let items = read(&real.get("auditor", "/v1/notices").await)["items"].clone();
        items.as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds().await, ["task.opened"]);
    tend(&real.house).await.unwrap();
    assert_eq!(kinds().await.len(), 1, "somebody was reminded too early");
    real.clock.advance(std::time::Duration::from_mins(46));
    tend(&real.house).await.unwrap();
    tend(&real.house).await.unwrap();
    assert_eq!(kinds().await, ["task.opened", "task.due"]);
    real.clock.advance(DAY);
    tend(&real.house).await.unwrap();
    tend(&real.house).await.unwrap();
    assert_eq!(kinds().await, ["task.opened", "task.due", "task.overdue"]);
    assert_eq!(read(&real.get("worker", &task).await)["overdue"], true);

    let cancel = json!({ "reason": "she left" });
    assert_eq!(real.ask("operator", "POST", &format!("{run}/cancel"), &cancel).await.status, 200);
    until_it_is(&real, &run, "cancelled").await;
    tend(&real.house).await.unwrap();
    assert_eq!(read(&real.get("worker", &task).await)["end"]["outcome"], "withdrawn");
    assert_eq!(read(&real.get("worker", "/v1/tasks").await)["items"], json!([]));
    assert_eq!(read(&real.get("worker", "/v1/tasks?closed=true").await)["items"].as_array().unwrap().len(), 1);
}

/// The only task that is for them, as soon as there is one.
async fn asked(real: &Real, who: &str) -> String {
    let mut found = json!([]);
    for _ in 0..200 {
        found = read(&real.get(who, "/v1/tasks?mine=true").await)["items"].clone();
        if found[0]["id"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    format!("/v1/tasks/{}", found[0]["id"].as_str().expect("nobody was asked"))
}

#[tokio::test]
async fn what_only_humans_can_do_is_done_by_one_seen_by_another_and_told_as_attested() {
    let real = Real::open().await;
    real.start_engine();
    let event = read(&real.ask("source", "POST", "/v1/connections/hr/events", &joiner("1", "E7", "Ada")).await);
    let person = event["person"].as_str().unwrap();
    let attributes = [("name".to_owned(), Value::from("Ada"))].into();
    let desired = Desired::Present { account: Locator::attribute("employeeId", "E7"), attributes, hold: [].into() };
    let wish = json!({ "person": person, "connection": "badges", "account": null, "desired": desired,
                       "action": "create-account", "why": ["she works here"] });
    let started = real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "change", "input": wish })).await;
    let run = format!("/v1/runs/{}", read(&started)["run"].as_str().unwrap());
    let work = asked(&real, "worker").await;
    until_it_is(&real, &run, "waiting").await;
    assert_eq!(real.ask("worker", "POST", &format!("{work}/close"), &json!({})).await.status, 200);

    let look = asked(&real, "help-desk").await;
    assert_eq!(read(&real.get("operator", &look).await)["barred"], json!(["worker"]));
    until_it_is(&real, &run, "waiting").await;
    let accounts = format!("/v1/people/{person}/accounts");
    assert_eq!(read(&real.get("auditor", &accounts).await), json!([]), "told before anybody looked");
    assert_eq!(real.ask("help-desk", "POST", &format!("{look}/close"), &json!({})).await.status, 200);
    until_it_is(&real, &run, "done").await;
    assert_eq!(read(&real.get("auditor", &run).await)["status"], "done");
    assert_eq!(read(&real.get("auditor", &accounts).await)[0]["state"], "active");
    let told = drafts(&real).await;
    assert!(told.contains("attested-active") && told.contains("attested-by-hand"), "{told}");
    assert!(!told.contains("verified-active"), "a machine is said to have looked: {told}");
}

#[tokio::test]
async fn an_account_that_was_noted_before_its_making_was_is_that_account_and_nobody_elses() {
    let real = Real::open().await;
    real.start_engine();
    let make = async |key: &str, number: &str| {
        let event = joiner(key, key, "Ada");
        let event = read(&real.ask("source", "POST", "/v1/connections/hr/events", &event).await);
        let person = event["person"].as_str().unwrap().to_owned();
        let attributes = [("employeeNumber".to_owned(), Value::from(number)), ("uid".to_owned(), number.into())].into();
        let account = Locator::attribute("employeeNumber", number);
        let desired = Desired::Present { account, attributes, hold: [].into() };
        let wish = json!({ "person": person, "connection": "ldap", "account": null, "desired": desired,
                           "action": "create-account", "why": ["she works here"] });
        let started = real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "change", "input": wish })).await;
        (person, format!("/v1/runs/{}", read(&started)["run"].as_str().unwrap()))
    };
    for _ in 0..2 {
        let (person, run) = make("E7", "e7").await;
        until_it_is(&real, &run, "done").await;
        let accounts = read(&real.get("auditor", &format!("/v1/people/{person}/accounts")).await);
        assert_eq!((accounts.as_array().unwrap().len(), &accounts[0]["state"]), (1, &json!("active")), "{accounts}");
    }
    let (_, run) = make("E8", "e7").await;
    until_it_is(&real, &run, "blocked").await;
    let waits = read(&real.get("auditor", &run).await)["waits"].to_string();
    assert!(waits.contains("is that of"), "{waits}");
}
