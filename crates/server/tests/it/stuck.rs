//! Runs that cannot go on by themselves: who is asked, and what follows from what they say.

use serde_json::{Value as Json, json};
use tenure_app::tasks::tend::tend;

use crate::real::{Real, joiner, read};
use crate::routes::until_it_is;

/// Starts a run whose first step goes wrong for good; gives its path once it is stuck.
async fn stuck(real: &Real) -> String {
    stuck_about(real, &Json::Null).await
}

async fn stuck_about(real: &Real, person: &Json) -> String {
    let wish = json!({ "workflow": "nowhere", "input": { "person": person } });
    let started = read(&real.ask("operator", "POST", "/v1/runs", &wish).await);
    let run = format!("/v1/runs/{}", started["run"].as_str().unwrap());
    until_it_is(real, &run, "blocked").await;
    run
}

/// The open tasks that somebody sees after a look at what is stuck.
async fn asked(real: &Real, who: &str) -> Vec<Json> {
    tend(&real.house).await.unwrap();
    let listed = read(&real.get(who, "/v1/tasks").await);
    listed["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "stuck").cloned().collect()
}

async fn say(real: &Real, who: &str, task: &Json, said: &Json) -> u16 {
    let path = format!("/v1/tasks/{}/close", task["id"].as_str().unwrap());
    real.ask(who, "POST", &path, said).await.status
}

#[tokio::test]
async fn whom_the_workflow_names_is_asked_once_and_says_how_it_goes_on() {
    let real = Real::open().await;
    real.start_engine();
    let run = stuck(&real).await;
    let task = asked(&real, "help-desk").await.remove(0);
    assert_eq!(task["title"], "`nowhere` is stuck at `call`");
    assert_eq!(task["outcomes"], json!(["retry", "skip", "cancel"]));
    assert_eq!(asked(&real, "help-desk").await.len(), 1, "asked again while it is being asked");
    assert_eq!(asked(&real, "worker").await, [] as [Json; 0], "somebody is asked whom nobody named");

    // It goes wrong again, so it is asked again, and by another key.
    assert_eq!(say(&real, "help-desk", &task, &json!({})).await, 200);
    let mut again = Vec::new();
    for _ in 0..1_000 {
        again = asked(&real, "help-desk").await;
        if !again.is_empty() {
            break;
        }
    }
    assert_ne!(again[0]["id"], task["id"]);
    until_it_is(&real, &run, "blocked").await;

    let skip = json!({ "outcome": "skip" });
    assert_eq!(say(&real, "help-desk", &again[0], &skip).await, 422, "to go on without a step needs a reason");
    let skip = json!({ "outcome": "skip", "comment": "the shop is closed" });
    assert_eq!(say(&real, "auditor", &again[0], &skip).await, 403);
    assert_eq!(say(&real, "help-desk", &again[0], &skip).await, 200);
    until_it_is(&real, &run, "waiting").await;
    assert_eq!(asked(&real, "help-desk").await, [] as [Json; 0]);
    let records = read(&real.get("auditor", &run).await).to_string();
    assert!(records.contains("go on after `call` with `skipped`: the shop is closed"), "{records}");
}

#[tokio::test]
async fn what_nobody_is_named_for_is_asked_of_whom_the_settings_name_and_can_be_cancelled() {
    let real = Real::open().await;
    real.start_engine();
    let run = stuck(&real).await;
    let skip = json!({ "node": "call", "outcome": "skipped", "reason": "the shop is closed" });
    assert_eq!(real.ask("operator", "POST", &format!("{run}/skip"), &skip).await.status, 200);
    until_it_is(&real, &run, "waiting").await;
    let signal = json!({ "name": "go" });
    assert_eq!(real.ask("operator", "POST", &format!("{run}/signal"), &signal).await.status, 200);
    until_it_is(&real, &run, "blocked").await;
    assert_eq!(asked(&real, "help-desk").await, [] as [Json; 0]);
    let task = asked(&real, "worker").await.remove(0);
    assert_eq!((&task["title"], &task["for"]), (&json!("`nowhere` is stuck at `last`"), &json!("team:desk")));
    let cancel = json!({ "outcome": "cancel", "comment": "nobody needs it" });
    assert_eq!(say(&real, "worker", &task, &cancel).await, 200);
    until_it_is(&real, &run, "cancelled").await;
}

#[tokio::test]
async fn what_goes_on_by_another_word_is_asked_of_nobody_any_more() {
    let real = Real::open().await;
    real.start_engine();
    let run = stuck(&real).await;
    let task = asked(&real, "help-desk").await.remove(0);
    let skip = json!({ "node": "call", "outcome": "skipped", "reason": "the shop is closed" });
    assert_eq!(real.ask("operator", "POST", &format!("{run}/skip"), &skip).await.status, 200);
    until_it_is(&real, &run, "waiting").await;
    assert_eq!(asked(&real, "help-desk").await, [] as [Json; 0]);
    let shown = read(&real.get("help-desk", &format!("/v1/tasks/{}", task["id"].as_str().unwrap())).await);
    assert_eq!((&shown["state"], &shown["end"]["outcome"]), (&json!("closed"), &json!("withdrawn")));
}

#[tokio::test]
async fn whom_a_run_is_about_does_not_say_how_it_goes_on() {
    let real = Real::open().await;
    real.start_engine();
    // The one who is asked, by the name under which they act, is the one whom it is about.
    let told = real.ask("source", "POST", "/v1/connections/hr/events", &joiner("1", "help-desk", "Ada")).await;
    assert_eq!(told.status, 202, "{}", told.body);
    let people = read(&real.get("auditor", "/v1/people").await);
    let run = stuck_about(&real, &people["items"][0]["id"]).await;
    let task = asked(&real, "help-desk").await.remove(0);
    let skip = json!({ "outcome": "skip", "comment": "the shop is closed" });
    assert_eq!(say(&real, "help-desk", &task, &skip).await, 403);
    assert_eq!(say(&real, "operator", &task, &skip).await, 200);
    until_it_is(&real, &run, "waiting").await;
}
