//! Who stands in for whom, through the doors: what a deputy sees and does, and what never.

use serde_json::{Value as Json, json};
use tenure_app::tasks::open::{Opening, open};
use tenure_model::TaskKind;
use tenure_store::StoreError;

use crate::real::{DAY, Real, read};

/// Something to be asked of somebody.
pub fn asking(key: &str, kind: TaskKind, whom: &str, barred: &[&str]) -> Opening {
    Opening {
        key: key.to_owned(),
        kind,
        title: "give a badge".to_owned(),
        instructions: String::new(),
        assignee: whom.parse().unwrap(),
        barred: barred.iter().map(|name| (*name).to_owned()).collect(),
        outcomes: ["done", "refused"].map(|word| word.parse().unwrap()).into(),
        choices: Vec::new(),
        about: None,
        connection: None,
        due_at: Some("2026-11-20T11:00:00Z".parse().unwrap()),
        waits: None,
    }
}

/// Asks it, and gives the path of the task.
pub async fn opened(real: &Real, opening: Opening) -> String {
    let house = real.house.clone();
    let job = real.house.store.write(move |tx| Box::pin(async move { open(&house, tx, opening).await }));
    format!("/v1/tasks/{}", job.await.unwrap().id)
}

/// A column of a table, in order.
pub async fn column(real: &Real, sql: &'static str, name: &'static str) -> Vec<String> {
    let job = real.house.store.read(move |tx| {
        Box::pin(async move {
            let rows = tx.query(sql, &[]).await?;
            rows.iter().map(|row| row.of("it").string(name)).collect::<Result<Vec<_>, StoreError>>()
        })
    });
    job.await.unwrap()
}

/// What goes out about tasks: what, for whom, and in whose place.
pub async fn told(real: &Real) -> Vec<String> {
    let bodies = column(real, "SELECT body FROM notice ORDER BY id", "body").await;
    let bodies = bodies.iter().map(|body| serde_json::from_str::<Json>(body).unwrap());
    let told = bodies.map(|body| {
        let of = |name: &str| body["data"][name].as_str().unwrap_or("?").to_owned();
        format!("{} {} {}", body["type"].as_str().unwrap(), of("for"), of("insteadOf"))
    });
    told.collect()
}

/// The entries of the ledger of one kind that wait to be sealed.
pub async fn sealed(real: &Real, kind: &str) -> Vec<Json> {
    let bodies = column(real, "SELECT body FROM ledger_outbox ORDER BY id", "body").await;
    let entries = bodies.iter().map(|body| serde_json::from_str::<Json>(body).unwrap());
    entries.filter(|entry| entry["type"] == kind).collect()
}

/// Until tomorrow somebody stands in for somebody else; gives the path.
pub async fn stands_in(real: &Real, who: &str, whom: &str, name: &str) -> String {
    let body = json!({ "for": whom, "deputy": name, "until": "2026-11-21T09:00:00Z", "reason": "on leave" });
    let added = real.ask(who, "POST", "/v1/deputies", &body).await;
    assert_eq!(added.status, 201, "{}", added.body);
    format!("/v1/deputies/{}", read(&added)["id"].as_str().unwrap())
}

async fn mine(real: &Real, who: &str) -> usize {
    read(&real.get(who, "/v1/tasks?mine=true").await)["items"].as_array().unwrap().len()
}

async fn act(real: &Real, who: &str, path: &str, verb: &str) -> (u16, Json) {
    let body = if verb == "comments" { json!({ "text": "x" }) } else { json!({}) };
    let answer = real.ask(who, "POST", &format!("{path}/{verb}"), &body).await;
    (answer.status, read(&answer))
}

#[tokio::test]
async fn a_deputy_sees_and_does_what_is_asked_and_it_says_for_whom() {
    let real = Real::open().await;
    let deputy = stands_in(&real, "worker", "worker", "help-desk").await;
    let task = opened(&real, asking("1", TaskKind::Approval, "person:worker", &[])).await;
    assert_eq!(told(&real).await, ["task.opened person:worker ", "task.opened person:help-desk worker"]);
    real.clock.advance(DAY / 12);
    tenure_app::tasks::tend::tend(&real.house).await.unwrap();
    assert_eq!(told(&real).await[2..], ["task.overdue person:worker ", "task.overdue person:help-desk worker"]);

    assert_eq!((mine(&real, "help-desk").await, mine(&real, "worker").await), (1, 1));
    assert_eq!(act(&real, "help-desk", &task, "claim").await.1["claimedBy"], "help-desk");
    assert_eq!(act(&real, "help-desk", &task, "comments").await.0, 201);
    let (status, closed) = act(&real, "help-desk", &task, "close").await;
    assert_eq!(
        (status, &closed["end"]["by"], &closed["end"]["insteadOf"]),
        (200, &json!("help-desk"), &json!("worker"))
    );
    assert_eq!(closed["for"], "person:worker");
    let id = deputy.trim_start_matches("/v1/deputies/");
    for kind in ["task.claimed", "task.commented", "task.closed"] {
        let entries = sealed(&real, kind).await;
        assert_eq!(entries[0]["detail"]["deputy"], json!({ "id": id }), "{kind}: {entries:?}");
    }
    // Who does it in their own name says nothing of the kind.
    let own = opened(&real, asking("2", TaskKind::Work, "person:worker", &[])).await;
    assert_eq!(act(&real, "worker", &own, "close").await.1["end"].get("insteadOf"), None);
    assert_eq!(sealed(&real, "task.closed").await[1]["detail"].get("deputy"), None);
}

#[tokio::test]
async fn what_is_barred_to_either_side_a_deputy_does_not_do() {
    let real = Real::open().await;
    stands_in(&real, "worker", "worker", "help-desk").await;
    let known = json!({ "id": "1", "type": "employment.started", "firstDay": "2026-11-01",
                        "person": { "employeeId": "E5", "userName": "help-desk", "displayName": "Carol" } });
    assert!(real.ask("source", "POST", "/v1/connections/hr/events", &known).await.status < 300);
    for (place, kind) in [TaskKind::Work, TaskKind::Approval, TaskKind::Look].into_iter().enumerate() {
        // By the name of the deputy, by another name of hers, and by that of whom she stands in for.
        for barred in ["help-desk", "E5", "worker"] {
            let key = format!("{place}{barred}");
            let task = opened(&real, asking(&key, kind, "person:worker", &[barred])).await;
            assert_eq!(real.get("help-desk", &task).await.status, 200);
            for verb in ["claim", "comments", "close"] {
                assert_eq!(act(&real, "help-desk", &task, verb).await.0, 403, "{kind} {barred} {verb}");
            }
        }
    }
    // Nobody says yes about themselves in the place of another; work they do.
    let about = read(&real.get("auditor", "/v1/people/E5").await)["id"].as_str().unwrap().parse().unwrap();
    for (kind, status) in [(TaskKind::Approval, 403), (TaskKind::Look, 403), (TaskKind::Work, 200)] {
        let opening = Opening { about: Some(about), ..asking(kind.word(), kind, "person:worker", &[]) };
        let task = opened(&real, opening).await;
        assert_eq!(act(&real, "help-desk", &task, "close").await.0, status, "{kind}");
    }
    let told = told(&real).await;
    let hers = told.iter().filter(|told| told.contains("person:help-desk")).count();
    assert_eq!(hers, 1, "who may not do it was told of it: {told:?}");
}

#[tokio::test]
async fn who_does_not_stand_in_now_gets_nothing_and_neither_does_a_deputy_of_a_deputy() {
    let real = Real::open().await;
    let task = opened(&real, asking("1", TaskKind::Work, "person:worker", &[])).await;
    let team = opened(&real, asking("2", TaskKind::Work, "team:desk", &[])).await;
    let deputy = stands_in(&real, "worker", "worker", "help-desk").await;
    stands_in(&real, "help-desk", "help-desk", "connector-admin").await;
    assert_eq!(real.get("help-desk", &task).await.status, 200);
    assert_eq!(real.get("help-desk", &team).await.status, 404, "a deputy has the tasks of a team");
    for who in ["connector-admin", "policy-author"] {
        assert_eq!((mine(&real, who).await, real.get(who, &task).await.status), (0, 404), "{who}");
        assert_eq!(act(&real, who, &task, "close").await.0, 404, "{who}");
    }

    assert_eq!(act(&real, "help-desk", &deputy, "end").await.1["state"], "ended", "she may give it up");
    assert_eq!(act(&real, "worker", &deputy, "end").await.0, 409);
    assert_eq!((mine(&real, "help-desk").await, act(&real, "help-desk", &task, "close").await.0), (0, 404));

    let later = json!({ "deputy": "help-desk", "from": "2026-11-21T09:00:00Z", "until": "2026-11-22T09:00:00Z",
                        "reason": "x" });
    assert_eq!(real.ask("worker", "POST", "/v1/deputies", &later).await.status, 201);
    for (who, seen) in [(0, 404), (1, 200), (2, 404)] {
        assert_eq!(real.get("help-desk", &task).await.status, seen, "after {who} days");
        real.clock.advance(DAY);
    }
}

#[tokio::test]
async fn what_is_in_one_hand_goes_over_to_whoever_stands_in_and_back() {
    let real = Real::open().await;
    let task = opened(&real, asking("1", TaskKind::Work, "person:worker", &[])).await;
    let deputy = stands_in(&real, "worker", "worker", "help-desk").await;
    stands_in(&real, "worker", "worker", "policy-author").await;
    assert_eq!(act(&real, "worker", &task, "claim").await.0, 200);
    assert_eq!(act(&real, "help-desk", &task, "claim").await.1["claimedBy"], "help-desk");
    assert_eq!(act(&real, "policy-author", &task, "claim").await.0, 409, "one deputy took it from another");
    assert_eq!(act(&real, "worker", &deputy, "end").await.0, 200);
    assert_eq!(act(&real, "worker", &task, "claim").await.1["claimedBy"], "worker", "nobody can end it any more");
    let (status, closed) = act(&real, "policy-author", &task, "close").await;
    assert_eq!((status, &closed["end"]["insteadOf"]), (200, &json!("worker")));

    let taken = opened(&real, asking("2", TaskKind::Work, "person:worker", &[])).await;
    assert_eq!(act(&real, "operator", &taken, "claim").await.0, 200);
    for who in ["worker", "policy-author"] {
        assert_eq!(act(&real, who, &taken, "close").await.0, 409, "{who}");
    }
}

#[tokio::test]
async fn nobody_gives_an_approval_to_somebody_for_whom_they_stand_in() {
    let real = Real::open().await;
    stands_in(&real, "policy-approver", "policy-approver", "operator").await;
    for (key, kind, status) in [("1", TaskKind::Approval, 409), ("2", TaskKind::Look, 409), ("3", TaskKind::Work, 200)]
    {
        let task = opened(&real, asking(key, kind, "person:worker", &[])).await;
        let to = json!({ "to": "person:policy-approver", "reason": "she knows" });
        let given = real.ask("operator", "POST", &format!("{task}/reassign"), &to).await;
        assert_eq!(given.status, status, "{kind}: {}", given.body);
    }
}

#[tokio::test]
async fn everybody_names_their_own_deputy_and_those_who_see_to_it_name_others() {
    let real = Real::open().await;
    let body =
        |whom: &str, name: &str| json!({ "for": whom, "deputy": name, "until": "2026-11-21T09:00:00Z", "reason": "x" });
    let add = async |who: &str, body: &Json| real.ask(who, "POST", "/v1/deputies", body).await;
    for (who, whom, name, status) in [
        ("worker", "worker", "help-desk", 201),
        ("operator", "worker", "auditor", 201),
        ("worker", "auditor", "help-desk", 403),
        ("operator", "policy-approver", "operator", 403),
        ("owner", "policy-approver", "owner", 403),
        ("worker", "worker", "worker", 422),
        ("source", "hr", "worker", 403),
    ] {
        assert_eq!(add(who, &body(whom, name)).await.status, status, "{who}: {whom} {name}");
    }
    for (name, value, pointer) in [
        ("until", "2026-11-20T09:00:00Z", "/until"),
        ("until", "2027-11-22T09:00:00Z", "/until"),
        ("from", "2026-11-21T09:00:00Z", "/until"),
        ("deputy", " ", "/deputy"),
        ("reason", "", "/reason"),
    ] {
        let mut wrong = body("worker", "help-desk");
        wrong[name] = json!(value);
        let answer = add("worker", &wrong).await;
        assert_eq!((answer.status, &read(&answer)["errors"][0]["pointer"]), (422, &json!(pointer)), "{name}: {value}");
    }
    let mut stray = body("worker", "help-desk");
    stray["until_when"] = json!("x");
    assert_eq!(add("worker", &stray).await.status, 422);
    // One person by two names does not stand in for themselves.
    let known = json!({ "id": "1", "type": "employment.started", "firstDay": "2026-11-01",
                        "person": { "employeeId": "E5", "userName": "worker", "displayName": "Bob" } });
    assert!(real.ask("source", "POST", "/v1/connections/hr/events", &known).await.status < 300);
    assert_eq!(add("worker", &body("worker", "E5")).await.status, 422);

    let listed = async |who: &str, query: &str| {
        read(&real.get(who, &format!("/v1/deputies{query}")).await)["items"].as_array().unwrap().len()
    };
    assert_eq!((listed("auditor", "").await, listed("auditor", "?mine=true").await), (2, 1));
    assert_eq!((listed("help-desk", "").await, listed("policy-author", "").await), (1, 0));
    assert_eq!((listed("operator", "?for=worker").await, listed("operator", "?for=help-desk").await), (2, 0));
    let others = read(&real.get("auditor", "/v1/deputies?mine=true").await)["items"][0]["id"].clone();
    let end = format!("/v1/deputies/{}/end", others.as_str().unwrap());
    assert_eq!(real.ask("help-desk", "POST", &end, &json!({})).await.status, 404);
    for _ in 2..20 {
        assert_eq!(add("worker", &body("worker", "help-desk")).await.status, 201);
    }
    assert_eq!(add("worker", &body("worker", "help-desk")).await.problem().0, 409);
}
