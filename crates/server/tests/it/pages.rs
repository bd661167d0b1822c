//! Pages for a browser: who gets in, what they see, and that nobody else can make them answer.

use serde_json::json;
use tenure_model::{Assignee, Choice, Name, TaskKind};
use tenure_store::StoreError;

use crate::house::Answer;
use crate::real::{DAY, Real, read};
use crate::routes::until_it_is;

/// The page of a task that the desk has.
async fn asked(real: &Real) -> String {
    real.start_engine();
    let started = read(&real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "by-hand" })).await);
    until_it_is(real, &format!("/v1/runs/{}", started["run"].as_str().unwrap()), "waiting").await;
    let tasks = read(&real.get("worker", "/v1/tasks").await);
    format!("/tasks/{}", tasks["items"][0]["id"].as_str().unwrap())
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.header(name).unwrap_or_default()
}

#[tokio::test]
async fn a_link_leads_to_a_task_and_whoever_signs_in_answers_it() {
    let real = Real::open().await;
    let page = asked(&real).await;

    let stranger = real.browse("", "cross-site", &page, None).await;
    assert_eq!(stranger.status, 401);
    assert!(!stranger.body.contains("badge"), "a stranger sees what is asked: {}", stranger.body);
    let fields = format!("token={}", real.secret("worker"));
    let came = real.browse("", "same-origin", &page, Some(&fields)).await;
    assert_eq!((came.status, header(&came, "location")), (303, page.as_str()));
    let cookie = header(&came, "set-cookie");
    for part in ["path=/tasks", "httponly", "samesite=lax", "max-age=28800"] {
        assert!(cookie.contains(part), "{part}");
    }
    assert!(!cookie.contains("secure"), "the tests listen without TLS");
    assert_eq!(cookie.split(';').next(), Some(real.cookie("worker").to_lowercase().as_str()));

    let own = real.cookie("worker");
    let shown = real.browse(&own, "cross-site", &page, None).await;
    assert_eq!((shown.status, header(&shown, "referrer-policy")), (200, "same-origin"));
    for words in ["give a badge", "Work for team:desk", "value=\"done\"", ">Refuse<"] {
        assert!(shown.body.contains(words), "{words}: {}", shown.body);
    }
    let inbox = real.browse(&own, "none", "/tasks", None).await;
    assert!(inbox.body.contains(&format!("href=\"{page}\"")), "{}", inbox.body);

    let silent = real.browse(&own, "same-origin", &page, Some("outcome=refused&comment=+")).await;
    assert_eq!(silent.status, 422);
    assert!(silent.body.contains("To end it as `refused`, say why"), "{}", silent.body);
    let odd = real.browse(&own, "same-origin", &page, Some("outcome=maybe&comment=%3Cb%3E+and")).await;
    assert!(odd.body.contains("This task can end as `done`") && odd.body.contains("&lt;b&gt; and"), "{}", odd.body);
    let ended = real.browse(&own, "same-origin", &page, Some("outcome=done&comment=number+7")).await;
    assert_eq!((ended.status, header(&ended, "location")), (303, page.as_str()));
    let over = real.browse(&own, "same-origin", &page, None).await;
    assert!(over.body.contains("done, by worker") && over.body.contains("number 7"), "{}", over.body);
    assert!(!over.body.contains("name=\"outcome\""), "what is over is asked again");
    let again = real.browse(&own, "same-origin", &page, Some("outcome=done")).await;
    assert_eq!(again.status, 422);

    let left = real.browse(&own, "same-origin", "/tasks", Some("leave=yes")).await;
    assert!(header(&left, "set-cookie").contains("max-age=0"));
}

#[tokio::test]
async fn nobody_answers_but_whom_it_is_for_at_a_page_of_ours() {
    let real = Real::open().await;
    let page = asked(&real).await;
    let own = real.cookie("worker");
    for site in ["cross-site", "same-site", "none"] {
        let answer = real.browse(&own, site, &page, Some("outcome=done")).await;
        assert_eq!(answer.problem(), (403, "TEN-E0204".into()), "{site}");
    }
    let other = real.browse(&real.cookie("help-desk"), "same-origin", &page, None).await;
    assert_eq!(other.status, 404);
    assert!(!other.body.contains("badge"), "{}", other.body);
    let source = real.browse("", "same-origin", &page, Some(&format!("token={}", real.secret("source")))).await;
    assert_eq!(source.status, 401);
    assert!(source.body.contains("opens no tasks") && header(&source, "set-cookie").is_empty());
    let none = real.browse("", "same-origin", &page, Some("token=tnr_x")).await;
    assert!(none.body.contains("There is no such token"), "{}", none.body);
    assert_eq!(real.browse("tenure_token=tnr_x", "same-origin", &page, Some("outcome=done")).await.status, 401);

    let revoke = format!("/v1/tokens/{}", real.token_id("worker"));
    assert_eq!(real.ask("owner", "DELETE", &revoke, &serde_json::Value::Null).await.status, 204);
    assert_eq!(real.browse(&own, "same-origin", &page, Some("outcome=done")).await.status, 401);
    let task = page.replace("/tasks", "/v1/tasks");
    assert_eq!(read(&real.get("operator", &task).await)["state"], "open", "somebody answered after all");
}

#[tokio::test]
async fn words_of_others_are_words_and_the_page_is_small() {
    let real = Real::open().await;
    let opening = tenure_app::tasks::open::Opening {
        key: "hostile".to_owned(),
        kind: TaskKind::Approval,
        title: "<script>alert(1)</script>".to_owned(),
        instructions: "- \"><img src=x onerror=alert(1)>\n".repeat(150),
        assignee: Assignee::Team("desk".parse().unwrap()),
        barred: [].into(),
        outcomes: ["approved", "denied"].iter().map(|word| word.parse::<Name>().unwrap()).collect(),
        choices: Vec::new(),
        about: None,
        connection: None,
        due_at: Some(real.house.clock.now() - jiff::SignedDuration::from_hours(1)),
        waits: None,
    };
    let house = real.house.clone();
    let job = real
        .house
        .store
        .write(move |tx| Box::pin(async move { tenure_app::tasks::open::open(&house, tx, opening).await }));
    let task = job.await.unwrap();
    let page = real.browse(&real.cookie("worker"), "none", &format!("/tasks/{}", task.id), None).await;
    assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{}", page.body);
    assert!(page.body.contains("Approval for team:desk, until") && page.body.contains("which is over"));
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("form-action 'self'"));
    assert!(page.body.len() < 30_000, "{} bytes with the longest list", page.body.len());
    // Whoever is told has the way there; nobody has an address of a team.
    real.clock.advance(DAY);
    let rows = real.house.store.read(|tx| {
        Box::pin(async move {
            let rows = tx.query("SELECT body FROM notice ORDER BY id", &[]).await?;
            rows.iter().map(|row| row.of("notice").string("body")).collect::<Result<Vec<_>, StoreError>>()
        })
    });
    let link = format!("\"link\":\"https://tenure.test/tasks/{}\"", task.id);
    assert!(rows.await.unwrap().iter().any(|body| body.contains(&link)), "nobody is told where it is");
}

#[tokio::test]
async fn what_is_ticked_is_what_is_chosen_and_who_may_only_look_is_shown_no_form() {
    let real = Real::open().await;
    let choice = |name: &str| Choice { name: name.to_owned(), says: "asked for <b>".to_owned() };
    let opening = tenure_app::tasks::open::Opening {
        key: "review".to_owned(),
        kind: TaskKind::Review,
        title: "What does Ada need?".to_owned(),
        instructions: String::new(),
        assignee: Assignee::Team("desk".parse().unwrap()),
        barred: [].into(),
        outcomes: ["keep", "change"].iter().map(|word| word.parse::<Name>().unwrap()).collect(),
        choices: vec![choice("ldap lab"), choice("ldap \"wiki\"")],
        about: None,
        connection: None,
        due_at: None,
        waits: None,
    };
    let house = real.house.clone();
    let job = real
        .house
        .store
        .write(move |tx| Box::pin(async move { tenure_app::tasks::open::open(&house, tx, opening).await }));
    let task = job.await.unwrap().id;
    let page = format!("/tasks/{task}");
    let looks = real.browse(&real.cookie("operator"), "same-origin", &page, None).await;
    assert!(looks.body.contains("Somebody else answers it") && looks.body.contains("ldap lab"), "{}", looks.body);
    assert!(!looks.body.contains("name=\"outcome\""), "who may not answer is shown a form");

    let own = real.cookie("worker");
    let asked = real.browse(&own, "same-origin", &page, None).await;
    assert!(asked.body.contains("value=\"ldap &quot;wiki&quot;\"") && !asked.body.contains("<b>"), "{}", asked.body);
    let kept = real.browse(&own, "same-origin", &page, Some("outcome=keep&chosen=ldap+lab")).await;
    assert!(kept.status == 422 && kept.body.contains("value=\"ldap lab\" checked"), "{}", kept.body);
    let none = real.browse(&own, "same-origin", &page, Some("outcome=change&comment=why")).await;
    assert!(none.status == 422 && none.body.contains("at least one"), "{}", none.body);
    let said = "outcome=change&comment=left&chosen=ldap+%22wiki%22&chosen=ldap+lab";
    assert_eq!(real.browse(&own, "same-origin", &page, Some(said)).await.status, 303);
    let seen = read(&real.get("operator", &format!("/v1/tasks/{task}")).await);
    assert_eq!(seen["end"]["chosen"], serde_json::json!(["ldap lab", "ldap \"wiki\""]));
    assert_eq!(seen["choices"][0]["says"], "asked for <b>");
}
