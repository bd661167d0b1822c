//! What Graph does for accounts besides, against the simulator. Nothing here was seen on the real one.

use tenure_connect::{Act, AnyConnector as _, Change, DoubtKind, Operation, Sight, Write, WriteFault};
use tenure_testkit::act::done;
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::graph::GraphSim;

use super::*;

fn connect(graph: &GraphSim, url: Option<String>) -> RestConnector {
    let mut settings = graph.settings();
    settings["seenAfterSeconds"] = 0.into();
    if let Some(url) = url {
        settings["url"] = url.into();
    }
    connector("microsoft-graph", settings)
}

fn name(who: &str) -> String {
    format!("{who}@contoso.example")
}

fn locator(who: &str) -> Locator {
    Locator::attribute("userPrincipalName", name(who))
}

/// Makes somebody, and says by which id they are known.
async fn make(rest: &RestConnector, who: &str) -> String {
    let given = attributes([("userPrincipalName", &name(who)), ("displayName", who), ("mailNickname", who)]);
    let made = done(rest, &Change::new(locator(who), Write::Create { attributes: given })).await;
    made.native_id.unwrap().to_string()
}

fn act(action: &str, with: Json) -> Act {
    let with = serde_json::from_value(with).unwrap();
    Act { account: locator("ada"), action: action.to_owned(), with, back: None }
}

fn back(act: &Act, kept: Json) -> Act {
    Act { back: Some(kept), ..act.clone() }
}

async fn acted(rest: &RestConnector, act: &Act) -> Result<Sight, WriteFault> {
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    rest.actions().unwrap().act(act, &operation).await
}

#[tokio::test]
async fn a_mailbox_answers_and_then_says_again_what_it_said_before() {
    let graph = GraphSim::start().await;
    let rest = connect(&graph, None);
    make(&rest, "ada").await;
    let holiday = act("mailbox/auto-reply", json!({ "message": "on holiday" }));
    acted(&rest, &holiday).await.unwrap();
    let gone = act("mailbox/auto-reply", json!({ "message": "Müller & <Söhne> has left" }));
    let before = rest.actions().unwrap().look(&gone).await.unwrap();
    assert_eq!(before.so, Some(false));
    acted(&rest, &gone).await.unwrap();
    assert!(graph.answers(&name("ada")).unwrap().contains("Müller &amp; &lt;Söhne&gt; has left"));
    acted(&rest, &back(&gone, before.kept)).await.unwrap();
    assert!(graph.answers(&name("ada")).unwrap().contains("on holiday"));
    let nothing =
        json!({ "setting": { "status": "disabled", "internalReplyMessage": "", "externalReplyMessage": "" } });
    acted(&rest, &back(&holiday, nothing)).await.unwrap();
    assert_eq!(graph.answers(&name("ada")), None);
}

#[tokio::test]
async fn mail_goes_on_by_one_rule_although_the_answer_is_lost_and_others_rules_stay() {
    let graph = GraphSim::start().await;
    let rest = connect(&graph, None);
    make(&rest, "ada").await;
    let (bob, eve) = (make(&rest, "bob").await, make(&rest, "eve").await);
    acted(&rest, &act("mailbox/forward", json!({ "to": eve }))).await.unwrap();
    let line = FaultyLine::to(graph.port()).await;
    line.order("POST", "/messageRules", Fault::Lost);
    let lossy = connect(&graph, Some(line.url("/v1.0")));
    let forward = act("mailbox/forward", json!({ "to": bob }));
    let lost = acted(&lossy, &forward).await.unwrap_err();
    assert!(matches!(&lost, WriteFault::Doubt(doubt) if doubt.kind == DoubtKind::LostResponse), "{lost:?}");
    let writes = graph.writes();
    assert_eq!(acted(&lossy, &forward).await.unwrap().so, Some(true));
    assert_eq!((graph.writes(), graph.hung("messageRules", &name("ada")).len()), (writes, 2), "it was written again");
    let seen = rest.actions().unwrap().look(&forward).await.unwrap();
    // Whoever it went to has another address meanwhile, or none any more.
    done(&rest, &Change::new(locator("bob"), Write::Delete)).await;
    acted(&rest, &back(&forward, seen.kept)).await.unwrap();
    let left = graph.hung("messageRules", &name("ada"));
    assert_eq!(left.len(), 1);
    assert!(left[0].to_string().contains("eve@"), "{left:?}");
}

#[tokio::test]
async fn those_who_report_to_somebody_report_to_somebody_else_and_back() {
    let graph = GraphSim::start().await;
    let rest = connect(&graph, None);
    make(&rest, "ada").await;
    let bob = make(&rest, "bob").await;
    let reports = act("reports/transfer", json!({ "to": bob }));
    // Of whom nobody reports to there is nothing to hand over.
    assert_eq!(rest.actions().unwrap().look(&reports).await.unwrap().so, Some(true));
    for who in ["eve", "joe", "kim"] {
        make(&rest, who).await;
        graph.report(&name(who), &name("ada"));
    }
    make(&rest, "lou").await;
    graph.report(&name("lou"), &name("bob"));
    let before = rest.actions().unwrap().look(&reports).await.unwrap();
    acted(&rest, &reports).await.unwrap();
    assert_eq!((graph.reports_of(&name("ada")).len(), graph.reports_of(&name("bob")).len()), (0, 4));
    // The answer to the second is lost on the way back, and the third has another manager by then.
    graph.report(&name("kim"), &name("lou"));
    let line = FaultyLine::to(graph.port()).await;
    let lossy = connect(&graph, Some(line.url("/v1.0")));
    line.order("PUT", "/manager", Fault::Lost);
    let lost = acted(&lossy, &back(&reports, before.kept.clone())).await.unwrap_err();
    assert!(matches!(&lost, WriteFault::Doubt(doubt) if doubt.kind == DoubtKind::LostResponse), "{lost:?}");
    acted(&lossy, &back(&reports, before.kept)).await.unwrap();
    let reports = |who: &str| graph.reports_of(&name(who)).len();
    assert_eq!((reports("ada"), reports("bob"), reports("lou")), (2, 1, 1));
}

#[tokio::test]
async fn a_calendar_is_shared_with_one_and_with_nobody_who_is_not_there() {
    let graph = GraphSim::start().await;
    let rest = connect(&graph, None);
    make(&rest, "ada").await;
    let bob = make(&rest, "bob").await;
    let share = act("calendar/share", json!({ "to": bob }));
    let before = rest.actions().unwrap().look(&share).await.unwrap();
    acted(&rest, &share).await.unwrap();
    assert!(graph.hung("calendarPermissions", &name("ada"))[0].to_string().contains("bob@"));
    // Whom it was shared with is called otherwise by then, and shown so.
    graph.is_renamed(&name("bob"), &name("robert"));
    acted(&rest, &back(&share, before.kept)).await.unwrap();
    assert!(graph.hung("calendarPermissions", &name("ada")).is_empty());
    make(&rest, "guest").await;
    graph.is_guest(&name("guest"));
    let guest = graph.user(&name("guest")).unwrap()["id"].clone();
    let writes = graph.writes();
    for (with, why) in [
        (json!({ "to": guest }), "`/to/account/userType` is another"),
        (json!({ "to": "00000000-0000-4000-8000-000000000000" }), "an account that is not there"),
        (json!({}), "needs `to`"),
        (json!({ "to": bob, "too": "x" }), "takes no `too`"),
    ] {
        let fault = acted(&rest, &act("calendar/share", with)).await.unwrap_err();
        assert!(matches!(&fault, WriteFault::Refused(no) if no.message.contains(why)), "{fault:?}");
    }
    assert_eq!(graph.writes(), writes);
}

/// A service that says yes and does nothing is not believed.
#[tokio::test]
async fn an_act_that_does_nothing_is_seen() {
    let graph = GraphSim::start().await;
    let rest = connect(&graph, None);
    make(&rest, "ada").await;
    let idle = planted("microsoft-graph", "          status: alwaysEnabled\n", "          status: disabled\n");
    let mut settings = graph.settings();
    settings["seenAfterSeconds"] = 0.into();
    let idle = connector_by("microsoft-graph", idle, settings);
    let fault = acted(&idle, &act("mailbox/auto-reply", json!({ "message": "gone" }))).await.unwrap_err();
    assert!(matches!(&fault, WriteFault::Doubt(doubt) if doubt.kind == DoubtKind::NotSeen), "{fault:?}");
}
