//! Lines that break, servers that are busy, fail or lie: what is unknown, and what is refused.

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, DoubtKind, Expectation, Outcome, Page, Query, RefusalClass};
use tenure_model::AccountState;
use tenure_services::scim::ScimConnector;
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::scim::{ScimKind, ScimServer};

use super::{ada, apply, attributes, connector, create, disable, done, settings};

/// A server behind a line that can be told to break, and a connector that is impatient with it.
pub async fn broken(kind: ScimKind) -> (ScimServer, FaultyLine, ScimConnector) {
    let server = ScimServer::start(kind).await;
    let line = FaultyLine::to(server.port()).await;
    let mut settings = settings(&server);
    settings["url"] = json!(line.url(server.path()));
    settings["requestSecondsMax"] = json!(1);
    let scim = connector(settings);
    (server, line, scim)
}

fn unknown(outcome: Outcome, kind: DoubtKind) {
    match outcome {
        Outcome::Unknown(doubt) => assert_eq!(doubt.kind, kind, "{}", doubt.message),
        other => panic!("ended otherwise: {other:?}"),
    }
}

async fn named(server: &ScimServer, name: &str) -> Vec<Json> {
    server.users().await.into_iter().filter(|user| user["userName"] == name).collect()
}

#[tokio::test]
async fn a_lost_answer_to_a_creation_never_makes_two() {
    for fault in [Fault::Lost, Fault::Silent, Fault::FailingAfter(502), Fault::FailingAfter(503)] {
        let (server, line, scim) = broken(ScimKind::Scimmy).await;
        line.order("POST", "/Users", fault);
        unknown(apply(&scim, &create()).await, DoubtKind::LostResponse);
        let made = scim.get(&ada()).await.unwrap().unwrap();
        assert_eq!(done(&scim, &create()).await.native_id, made.native_id, "{fault:?}");
        assert_eq!(named(&server, "ada").await.len(), 1);
        assert_eq!(line.forwarded()["POST"], 1, "it was sent a second time");
    }
}

#[tokio::test]
async fn half_an_answer_to_a_creation_is_done_when_it_is_seen() {
    let (server, line, scim) = broken(ScimKind::Scim2Server).await;
    line.order("POST", "/Users", Fault::Truncated);
    assert_eq!(done(&scim, &create()).await.state, AccountState::Active);
    assert_eq!(named(&server, "ada").await.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_change_is_unknown_and_the_next_look_finds_it_done() {
    for kind in ScimKind::ALL {
        let (_server, line, scim) = broken(kind).await;
        done(&scim, &create()).await;
        line.order("PATCH", "/Users", Fault::Lost);
        unknown(apply(&scim, &disable()).await, DoubtKind::LostResponse);
        assert!(scim.verify(&Expectation::after(&disable())).await.is_met());
        let before = line.forwarded()["PATCH"];
        assert_eq!(done(&scim, &disable()).await.state, AccountState::Disabled);
        assert_eq!(line.forwarded()["PATCH"], before, "it was written a second time");
    }
}

#[tokio::test]
async fn a_yes_without_effect_is_not_believed() {
    let (_server, line, scim) = broken(ScimKind::Scim2Server).await;
    done(&scim, &create()).await;
    line.order("PATCH", "/Users", Fault::Swallowed);
    unknown(apply(&scim, &disable()).await, DoubtKind::NotSeen);
    assert_eq!(scim.get(&ada()).await.unwrap().unwrap().state, AccountState::Active);
}

#[tokio::test]
async fn a_stale_read_after_a_write_is_a_doubt_unless_the_delay_is_declared() {
    let (server, line, scim) = broken(ScimKind::Scim2Server).await;
    let id = done(&scim, &create()).await.native_id.unwrap();
    // The look before the change, and then the one after it.
    line.order_after(1, "GET", &format!("/Users/{id}"), Fault::Stale);
    unknown(apply(&scim, &disable()).await, DoubtKind::NotSeen);

    let mut patient = settings(&server);
    patient["url"] = json!(line.url(server.path()));
    patient["seenAfterSeconds"] = json!(5);
    let patient = connector(patient);
    done(&patient, &super::enable()).await;
    line.order_after(1, "GET", &format!("/Users/{id}"), Fault::Stale);
    assert_eq!(done(&patient, &disable()).await.state, AccountState::Disabled);
    assert_eq!(line.injected()[Fault::Stale.word()], 2);
}

#[tokio::test]
async fn a_busy_server_is_waited_for_when_reading_and_told_when_writing() {
    let (_server, line, scim) = broken(ScimKind::Scim2Server).await;
    done(&scim, &create()).await;
    line.order("GET", "/Users", Fault::Busy(1));
    line.order("GET", "/Users", Fault::Failing(503));
    assert!(scim.get(&ada()).await.unwrap().is_some());
    line.order("PATCH", "/Users", Fault::Busy(7));
    match apply(&scim, &disable()).await {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.class, RefusalClass::Rate);
            assert_eq!(refusal.retry_after, Some(std::time::Duration::from_secs(7)));
        }
        other => panic!("ended otherwise: {other:?}"),
    }
    line.order("GET", "/Users", Fault::Busy(3_600));
    let refusal = scim.get(&ada()).await.unwrap_err();
    assert_eq!((refusal.class, refusal.retry()), (RefusalClass::Rate, true));
}

#[tokio::test]
async fn a_page_to_sign_in_is_named_and_nothing_is_written_on_a_guess() {
    let (server, line, scim) = broken(ScimKind::Scim2Server).await;
    line.order("GET", "/Users", Fault::Page);
    let refusal = match apply(&scim, &create()).await {
        Outcome::Refused(refusal) => refusal,
        other => panic!("ended otherwise: {other:?}"),
    };
    assert!(refusal.message.contains("a web page where JSON was expected"), "{refusal}");
    assert!(refusal.message.contains("/Users") && !refusal.retry(), "{refusal}");
    assert!(named(&server, "ada").await.is_empty());
}

#[tokio::test]
async fn half_an_answer_to_a_reading_is_read_again() {
    let (_server, line, scim) = broken(ScimKind::Scimmy).await;
    done(&scim, &create()).await;
    line.order("GET", "/Users", Fault::Truncated);
    assert!(scim.get(&ada()).await.unwrap().is_some());
    assert_eq!(line.injected()[Fault::Truncated.word()], 1);
}

#[tokio::test]
async fn a_second_page_that_fails_is_no_end() {
    let (_server, line, scim) = broken(ScimKind::Scim2Server).await;
    for number in 0..3 {
        let account = tenure_connect::Locator::attribute("externalId", format!("E{number}"));
        let write = tenure_connect::Write::Create { attributes: attributes(&format!("user{number}")) };
        done(&scim, &tenure_connect::Change::new(account, write)).await;
    }
    let first = Page::first_of(2);
    let batch = scim.read(&Query::accounts(), &first).await.unwrap();
    for _ in 0..tenure_services::limits::HTTP_READ_TRIES_MAX {
        line.order("GET", "startIndex=2", Fault::Failing(500));
    }
    let second = first.then(batch.next.unwrap());
    let refusal = scim.read(&Query::accounts(), &second).await.unwrap_err();
    assert!(refusal.retry(), "{refusal}");
    let batch = scim.read(&Query::accounts(), &second).await.unwrap();
    assert_eq!((batch.objects.len(), batch.next), (1, None));
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_may_be_asked_again() {
    let mut server = ScimServer::start(ScimKind::Scimmy).await;
    let scim = connector(settings(&server));
    done(&scim, &create()).await;
    server.stop();
    match apply(&scim, &disable()).await {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.class, RefusalClass::Network);
            assert!(refusal.message.contains(&server.url()), "{refusal}");
        }
        other => panic!("ended otherwise: {other:?}"),
    }
}
