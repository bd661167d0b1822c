//! Roundup: its issues as tickets, and users who are retired and never disabled.

use tenure_connect::tickets::{NewTicket, Progress, SeenTicket, Tickets};
use tenure_connect::{AnyConnector as _, Change, RefusalClass, Write, WriteFault};
use tenure_testkit::act::done;
use tenure_testkit::faulty::{Fault, FaultyLine};

use super::*;

fn settings(app: &App, user: &str) -> Json {
    json!({ "url": app.url(), "settings": { "user": user }, "secrets": { "password": secret(app) } })
}

fn ticket(key: &str) -> NewTicket {
    NewTicket {
        key: key.to_owned(),
        title: "carry the desk".to_owned(),
        text: "By hand.".to_owned(),
        team: "facilities".parse().unwrap(),
        due_at: None,
    }
}

async fn found(rest: &RestConnector, key: &str) -> Option<SeenTicket> {
    rest.find(key).await.unwrap()
}

#[tokio::test]
async fn a_state_means_what_the_pack_says_and_nothing_else() {
    let app = App::roundup().await;
    let rest = connector("roundup", settings(&app, "tenure"));
    let id = rest.open(&ticket("task_1")).await.unwrap();
    let seen = found(&rest, "task_1").await.unwrap();
    assert_eq!((&seen.id, seen.progress, seen.state.as_str()), (&id, Progress::Open, "unread"));
    assert_eq!(seen.link, Some(format!("{}/issue{id}", app.url())));
    app.make_status("parked").await;
    for (state, means, words) in [
        ("in-progress", Progress::Open, None),
        ("parked", Progress::Unclear, Some("later")),
        ("done-cbb", Progress::Unclear, Some("later")),
        ("rejected", Progress::Refused, Some("no")),
        ("resolved", Progress::Done, Some("yes")),
    ] {
        app.change_issue("bob", id.as_str(), words, state).await;
        let seen = Tickets::get(&rest, &id).await.unwrap().unwrap();
        assert_eq!((seen.progress, seen.state.as_str(), seen.by.as_deref()), (means, state, Some("bob")));
        assert_eq!(seen.words.as_deref(), words.filter(|_| means != Progress::Open));
    }
    // What we said ourselves is nobody's word.
    rest.comment(&id, "thank you").await.unwrap();
    rest.close(&id).await.unwrap();
    let seen = Tickets::get(&rest, &id).await.unwrap().unwrap();
    assert_eq!((seen.progress, seen.words), (Progress::Done, None));
    app.retire_issue(id.as_str()).await;
    assert_eq!((Tickets::get(&rest, &id).await.unwrap(), found(&rest, "task_1").await), (None, None));
}

#[tokio::test]
async fn only_the_whole_key_is_a_key_and_two_of_it_are_refused() {
    let app = App::roundup().await;
    let rest = connector("roundup", settings(&app, "tenure"));
    rest.open(&ticket("task_1.2")).await.unwrap();
    for other in ["task_1", "1.2", "task%", "TASK_1.2"] {
        assert_eq!(found(&rest, other).await, None, "{other}");
    }
    rest.open(&ticket("task_1.2")).await.unwrap();
    let refusal = rest.find("task_1.2").await.unwrap_err();
    assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("close all but one"), "{refusal}");
}

#[tokio::test]
async fn an_opening_whose_answer_is_lost_is_unknown_and_found() {
    let app = App::roundup().await;
    let port = app.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let line = FaultyLine::to(port).await;
    let mut lossy = settings(&app, "tenure");
    lossy["url"] = line.url("").into();
    let rest = connector("roundup", lossy);
    line.order("POST", "/rest/data/issue", Fault::Lost);
    let fault = rest.open(&ticket("task_1")).await.unwrap_err();
    assert!(matches!(fault, WriteFault::Doubt(_)), "{fault:?}");
    assert!(found(&rest, "task_1").await.is_some());
    assert_eq!(app.issues("task_1").await.len(), 1);
}

#[tokio::test]
async fn a_check_says_whether_tickets_can_be_looked_for() {
    let app = App::roundup().await;
    let peer = connector("roundup", settings(&app, "tenure")).check().await.unwrap().peer;
    assert!(peer.contains("called `issue`"), "{peer}");
    let refusal = connector("roundup", settings(&app, "nobody")).check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Auth);
    assert!(!refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
}

#[tokio::test]
async fn who_is_retired_is_let_in_no_more_and_the_name_is_free() {
    let app = App::roundup().await;
    let rest = connector("roundup", settings(&app, "admin"));
    let ada = Locator::attribute("username", "ada");
    let create = Change::new(ada.clone(), Write::Create { attributes: attributes([("realname", "Ada")]) });
    let seen = done(&rest, &create).await;
    let password = Write::SetPassword { secret: secret(&app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada.clone(), password)).await;
    assert_eq!(app.roundup_lets_in("ada").await, 200);
    done(&rest, &Change::new(ada.clone(), Write::Delete)).await;
    assert_eq!(app.roundup_lets_in("ada").await, 401);
    assert_ne!(done(&rest, &create).await.native_id, seen.native_id);
}

mod slow {
    use super::*;

    #[tokio::test]
    async fn it_passes_the_suite_on_roundup() {
        let app = App::roundup().await;
        let rest = connector("roundup", settings(&app, "admin"));
        let trial = Trial {
            identifying: "username",
            naming: "username",
            free: Some("realname"),
            attributes: &|_| attributes([("realname", "Ada Lovelace")]),
            witness: &Paths(
                &app,
                &[
                    "/rest/data/user?@fields=username,realname,address,organisation,phone,roles,activity",
                    "/rest/data/issue?@fields=title,status,activity",
                ],
            ),
            groups: None,
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        let of_tickets = report.cases.iter().filter(|(name, ending)| {
            name.contains("ticket") && matches!(ending, tenure_connect::conformance::Ending::Passed)
        });
        assert_eq!(of_tickets.count(), 2, "{report}");
        held::hold("rest-roundup", &Peer::real("Roundup", held::python("roundup")), &report);
        let plants =
            [Plant { from: "action_name\": retire", to: "action_name\": restore", case: "delete_is_seen_as_gone" }];
        plants_are_found("roundup", &settings(&app, "admin"), &secret(&app), &trial, &plants).await;
    }
}
