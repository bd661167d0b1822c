//! Who comes after somebody who has left or is away: up the line of managers, and never to somebody
//! who may not do it.

use serde_json::{Value as Json, json};
use tenure_app::limits::{SUCCESSION_PAGE, SUCCESSORS_MAX};
use tenure_app::tasks::open::Opening;
use tenure_app::tasks::succeed::look;
use tenure_model::TaskKind;

use crate::deputies::{asking, opened, sealed, stands_in, told};
use crate::real::{Real, read};

async fn post(real: &Real, event: Json) -> Json {
    let answer = real.ask("source", "POST", "/v1/connections/hr/events", &event).await;
    assert!(answer.status < 300, "{}", answer.body);
    read(&answer)
}

/// Somebody who works here, under a manager. The key is also what their mail begins with.
async fn hire(real: &Real, key: &str, manager: &str) -> Json {
    let person = json!({ "employeeId": key, "displayName": format!("Person {key}"), "manager": manager,
                         "email": format!("{key}@example.org") });
    post(
        real,
        json!({ "id": format!("hire-{key}"), "type": "employment.started", "firstDay": "2026-11-01",
                       "person": person }),
    )
    .await["person"]
        .clone()
}

async fn leaves(real: &Real, key: &str) {
    post(
        real,
        json!({ "id": format!("left-{key}"), "type": "employment.ended", "lastDay": "2026-11-19",
                       "person": { "employeeId": key } }),
    )
    .await;
}

async fn is_away(real: &Real, key: &str) {
    post(
        real,
        json!({ "id": format!("away-{key}"), "type": "leave.started", "from": "2026-11-19",
                       "person": { "employeeId": key } }),
    )
    .await;
}

async fn whom(real: &Real, task: &str) -> String {
    read(&real.get("operator", task).await)["for"].as_str().unwrap().to_owned()
}

/// For whom an approval is that was asked of somebody, who may be gone already.
async fn approval(real: &Real, key: &str, of: &str, barred: &[&str]) -> String {
    let task = opened(real, asking(key, TaskKind::Approval, of, barred)).await;
    whom(real, &task).await
}

async fn looked(real: &Real) {
    assert_eq!(look(&real.house, None).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_asked_of_somebody_who_has_left_is_asked_of_their_manager() {
    let real = Real::open().await;
    for (key, manager) in [("E1", "E2"), ("E2", "E3"), ("E3", "")] {
        hire(&real, key, manager).await;
    }
    let before = opened(&real, asking("1", TaskKind::Approval, "person:E1", &[])).await;
    let mail = opened(&real, asking("2", TaskKind::Work, "person:E1@example.org", &[])).await;
    let token = opened(&real, asking("3", TaskKind::Work, "person:worker", &[])).await;
    assert_eq!(real.ask("worker", "POST", &format!("{token}/claim"), &Json::Null).await.status, 200);
    assert_eq!(real.ask("operator", "POST", &format!("{mail}/claim"), &Json::Null).await.status, 200);
    looked(&real).await;
    assert_eq!(whom(&real, &before).await, "person:E1", "somebody who is there lost a task");

    leaves(&real, "E1").await;
    assert_eq!(told(&real).await.len(), 3);
    looked(&real).await;
    assert_eq!(whom(&real, &before).await, "person:E2");
    let shown = read(&real.get("operator", &mail).await);
    assert_eq!((&shown["for"], &shown["state"]), (&json!("person:E2@example.org"), &json!("open")));
    let shown = read(&real.get("operator", &before).await);
    assert_eq!(shown["entries"][0]["text"], "given to person:E2: person:E1 has left");
    assert_eq!(sealed(&real, "task.succeeded").await.len(), 2);
    let told_now = told(&real).await;
    assert_eq!(told_now[3..], ["task.opened person:E2 ", "task.opened person:E2@example.org "]);
    // Of whom we know nothing but a token keeps what they have.
    let kept = read(&real.get("worker", &token).await);
    assert_eq!((&kept["for"], &kept["claimedBy"]), (&json!("person:worker"), &json!("worker")));
    looked(&real).await;
    assert_eq!((sealed(&real, "task.succeeded").await.len(), told(&real).await.len()), (2, 5), "it was done twice");

    // What is asked now goes there at once, and only whoever it is for is told.
    assert_eq!(approval(&real, "4", "person:E1", &[]).await, "person:E2");
    assert_eq!(told(&real).await[5..], ["task.opened person:E2 "]);
    leaves(&real, "E2").await;
    looked(&real).await;
    assert_eq!(whom(&real, &before).await, "person:E3");
    let closed = read(&real.ask("operator", "POST", &format!("{mail}/close"), &json!({})).await);
    assert_eq!(closed["end"]["outcome"], "done");
    leaves(&real, "E3").await;
    looked(&real).await;
    assert_eq!(whom(&real, &before).await, "team:desk", "nobody is left, so it is whom the settings name");
    assert_eq!(whom(&real, &mail).await, "person:E3@example.org", "what is over was given away");
}

#[tokio::test]
async fn who_is_on_leave_keeps_what_a_deputy_can_do() {
    let real = Real::open().await;
    for (key, manager) in [("E1", "E2"), ("E2", ""), ("E4", "E2")] {
        hire(&real, key, manager).await;
    }
    let task = opened(&real, asking("1", TaskKind::Approval, "person:E1", &[])).await;
    let barred = opened(&real, asking("2", TaskKind::Approval, "person:E1", &["E4@example.org"])).await;
    let deputy = stands_in(&real, "operator", "E1", "E4").await;
    is_away(&real, "E1").await;
    looked(&real).await;
    assert_eq!(whom(&real, &task).await, "person:E1");
    assert_eq!(whom(&real, &barred).await, "person:E2", "the deputy may not do it, and nobody else was asked");
    assert_eq!(real.ask("operator", "POST", &format!("{deputy}/end"), &json!({})).await.status, 200);
    looked(&real).await;
    let shown = read(&real.get("operator", &task).await);
    assert_eq!(shown["for"], "person:E2");
    let why = "given to person:E2: person:E1 is on leave and nobody stands in";
    assert_eq!(shown["entries"][0]["text"], why);

    let again = opened(&real, asking("3", TaskKind::Approval, "person:E1", &[])).await;
    assert_eq!(whom(&real, &again).await, "person:E2");
    stands_in(&real, "operator", "E1", "E4").await;
    assert_eq!(approval(&real, "4", "person:E1", &[]).await, "person:E1");
    leaves(&real, "E4").await;
    assert_eq!(approval(&real, "5", "person:E1", &[]).await, "person:E2", "a deputy who has left stands in");
}

#[tokio::test]
async fn nobody_comes_after_who_is_gone_away_barred_or_in_a_circle() {
    let real = Real::open().await;
    for (key, manager) in [("E1", "E2"), ("E2", "E3"), ("E3", ""), ("A", "B"), ("B", "A"), ("C", "C"), ("D", "nobody")]
    {
        hire(&real, key, manager).await;
    }
    for key in ["E1", "A", "B", "C", "D"] {
        leaves(&real, key).await;
    }
    assert_eq!(approval(&real, "1", "person:E1", &["E9"]).await, "person:E2");
    for (key, barred) in [("2", "E2"), ("3", "e2@EXAMPLE.org"), ("4", "Person E2")] {
        assert_eq!(approval(&real, key, "person:E1", &[barred]).await, "person:E3", "given to `{barred}`");
    }
    assert_eq!(approval(&real, "5", "person:E1", &["E2", "E3"]).await, "team:desk");
    for (key, of) in [("6", "A"), ("7", "C"), ("8", "D")] {
        assert_eq!(approval(&real, key, &format!("person:{of}"), &[]).await, "team:desk", "{of}");
    }
    // Nobody says yes about themselves only because somebody left; work they may do.
    let about = read(&real.get("auditor", "/v1/people/E2").await)["id"].as_str().unwrap().parse().unwrap();
    for (key, kind, expected) in [
        ("9", TaskKind::Approval, "person:E3"),
        ("10", TaskKind::Look, "person:E3"),
        ("11", TaskKind::Work, "person:E2"),
    ] {
        let opening = Opening { about: Some(about), ..asking(key, kind, "person:E1", &[]) };
        let task = opened(&real, opening).await;
        assert_eq!(whom(&real, &task).await, expected, "{kind}");
    }
    is_away(&real, "E2").await;
    assert_eq!(approval(&real, "12", "person:E1", &[]).await, "person:E3");
    stands_in(&real, "operator", "E2", "worker").await;
    assert_eq!(approval(&real, "13", "person:E1", &[]).await, "person:E2", "somebody stands in for her");
    assert_eq!(approval(&real, "14", "person:E1", &["worker"]).await, "person:E3");
}

#[tokio::test]
async fn a_line_of_managers_is_followed_so_far_and_no_further() {
    let real = Real::open().await;
    let last = SUCCESSORS_MAX + 1;
    for place in 0..=last {
        hire(&real, &format!("M{place}"), &format!("M{}", place + 1)).await;
    }
    for place in 0..SUCCESSORS_MAX {
        leaves(&real, &format!("M{place}")).await;
    }
    assert_eq!(approval(&real, "1", "person:M0", &[]).await, format!("person:M{SUCCESSORS_MAX}"));
    leaves(&real, &format!("M{SUCCESSORS_MAX}")).await;
    assert_eq!(approval(&real, "2", "person:M0", &[]).await, "team:desk");
    assert_eq!(approval(&real, "3", "person:M1", &[]).await, format!("person:M{last}"));
}

#[tokio::test]
async fn a_look_goes_through_a_page_and_the_next_one_goes_on() {
    let real = Real::open().await;
    hire(&real, "E1", "").await;
    for place in 0..=SUCCESSION_PAGE {
        opened(&real, asking(&format!("k{place}"), TaskKind::Work, "person:E1", &[])).await;
    }
    leaves(&real, "E1").await;
    let next = look(&real.house, None).await.unwrap();
    assert!(next.is_some() && sealed(&real, "task.succeeded").await.len() == SUCCESSION_PAGE);
    assert_eq!(look(&real.house, next).await.unwrap(), None);
    assert_eq!(sealed(&real, "task.succeeded").await.len(), SUCCESSION_PAGE + 1);
}
