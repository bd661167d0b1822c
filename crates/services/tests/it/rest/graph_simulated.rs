//! The pack of Microsoft Graph against a simulator of it. Nothing here was seen on the real one.

use std::time::Duration;

use tenure_connect::{
    AnyConnector as _, Artifact, Change, ChangeToken, Changed, Changes, ObjectClass, Outcome, Page, Query,
    RefusalClass, Reversibility, Seen, Undo, Write,
};
use tenure_model::{AccountState, Observed};
use tenure_testkit::act::{apply, done};
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::graph::{GraphSim, PASSWORD, SECRET, TENANT};

use super::*;

const ADA: &str = "ada@contoso.example";

fn connect(config: Json) -> RestConnector {
    connector("microsoft-graph", config)
}

/// A connection on which writes are seen after so many seconds.
fn after(graph: &GraphSim, seconds: u64) -> Json {
    let mut settings = graph.settings();
    settings["seenAfterSeconds"] = seconds.into();
    settings
}

fn ada() -> Locator {
    Locator::attribute("employeeId", "E1042")
}

fn user(name: &str) -> Attributes {
    attributes([("userPrincipalName", name), ("displayName", "Ada Lovelace"), ("mailNickname", "ada")])
}

fn creation() -> Change {
    Change::new(ada(), Write::Create { attributes: user(ADA) })
}

fn password(graph: &GraphSim) -> Write {
    Write::SetPassword {
        secret: format!("file:{}", graph.file("password").display()).parse().unwrap(),
        must_change: false,
    }
}

/// Makes ada, with a password that she can sign in with.
async fn with_ada(graph: &GraphSim) -> (RestConnector, Observed) {
    let rest = connect(after(graph, 0));
    let made = done(&rest, &creation()).await;
    done(&rest, &Change::new(ada(), password(graph))).await;
    (rest, made)
}

async fn group(rest: &RestConnector, name: &str) -> Write {
    let batch = rest.read(&Query::entitlements(), &Page::first()).await.unwrap();
    let found = batch.objects.iter().filter_map(Seen::entitlement).find(|seen| seen.name == name).unwrap();
    Write::Grant { entitlement: found.native_id.clone(), name: name.to_owned() }
}

#[tokio::test]
async fn who_is_disabled_is_out_and_can_come_back() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    let session = graph.sign_in(ADA, PASSWORD).unwrap();
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert!(!graph.is_open(&session) && graph.sign_in(ADA, PASSWORD).is_none());
    done(&rest, &Change::new(ada(), Write::Enable)).await;
    assert!(graph.sign_in(ADA, PASSWORD).is_some());
}

#[tokio::test]
async fn ending_sessions_ends_what_was_signed_in_and_leaves_the_account() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    let session = graph.sign_in(ADA, PASSWORD).unwrap();
    assert!(graph.is_open(&session));
    let seen = done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Session })).await;
    assert_eq!(seen.state, AccountState::Active);
    assert!(!graph.is_open(&session), "the session goes on");
    assert!(graph.is_open(&graph.sign_in(ADA, PASSWORD).unwrap()));
}

#[tokio::test]
async fn a_licence_is_taken_away_and_one_that_comes_with_a_group_is_not_touched() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    graph.license(ADA, "sku-own", None);
    graph.license(ADA, "sku-of-staff", Some("staff"));
    let seen = rest.artifacts(&ada(), Artifact::License).await.unwrap();
    let ids: Vec<_> = seen.iter().map(|one| one.native_id.as_str()).collect();
    assert_eq!(ids, ["sku-own"]);
    done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::License })).await;
    assert!(rest.artifacts(&ada(), Artifact::License).await.unwrap().is_empty());
    let states = &graph.user(ADA).unwrap()["licenseAssignmentStates"];
    assert_eq!(states.as_array().unwrap().len(), 1, "{states}");
}

#[tokio::test]
async fn keys_and_consents_are_ended_and_what_is_owned_is_shown() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    graph.add_key(ADA, "blue key");
    graph.consent(ADA, "mail reader");
    graph.own(ADA, "the project");
    let keys = "DELETE /users/{id}/authentication/fido2Methods/{item/id}";
    let consents = "DELETE /oauth2PermissionGrants/{item/id}";
    for (kind, name, hung, way) in [
        (Artifact::Key, "blue key", "fido2Methods", keys),
        (Artifact::Token, "mail reader", "oauth2PermissionGrants", consents),
    ] {
        let seen = rest.artifacts(&ada(), kind).await.unwrap();
        assert_eq!(seen.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [name]);
        let idle = planted("microsoft-graph", way, "GET /users/{id}");
        let idle = connector_by("microsoft-graph", idle, after(&graph, 0));
        an_end_that_ends_nothing_is_seen(&idle, &ada(), kind).await;
        done(&rest, &Change::new(ada(), Write::End { artifact: kind })).await;
        assert!(graph.hung(hung, ADA).is_empty());
    }
    let owned = rest.artifacts(&ada(), Artifact::Ownership).await.unwrap();
    assert_eq!(owned[0].name, "the project");
    let outcome = apply(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Ownership })).await;
    assert!(matches!(outcome, Outcome::Refused(no) if no.class == RefusalClass::Unsupported));
}

#[tokio::test]
async fn a_deletion_is_taken_back_with_everything_that_was_there() {
    let graph = GraphSim::start().await;
    let (rest, made) = with_ada(&graph).await;
    let staff = group(&rest, "staff").await;
    let before = done(&rest, &Change::new(ada(), staff)).await;
    let delete = Change::new(ada(), Write::Delete);
    let Undo::By { changes, class } = Undo::of(&delete, Some(&before), rest.describe()) else { panic!("no way back") };
    assert_eq!(class, Reversibility::Window);
    let gone = done(&rest, &delete).await;
    assert_eq!(gone.state, AccountState::SoftDeleted);
    assert!(graph.user(ADA).is_none());
    // Whoever comes back meanwhile is not made a second time.
    let outcome = apply(&rest, &creation()).await;
    assert!(matches!(&outcome, Outcome::Refused(no) if no.message.contains("restore it first")), "{outcome:?}");
    for change in &changes {
        done(&rest, change).await;
    }
    let after = rest.get(&ada()).await.unwrap().unwrap();
    assert_eq!((&after.native_id, after.holds, after.state), (&made.native_id, before.holds, AccountState::Active));
    assert!(graph.sign_in(ADA, PASSWORD).is_some());
}

#[tokio::test]
async fn who_is_out_of_the_bin_is_gone_and_can_be_made_anew() {
    let graph = GraphSim::start().await;
    let (rest, made) = with_ada(&graph).await;
    done(&rest, &Change::new(ada(), Write::Delete)).await;
    graph.purge();
    assert!(rest.get(&ada()).await.unwrap().is_none());
    let outcome = apply(&rest, &Change::new(ada(), Write::Restore)).await;
    assert!(matches!(outcome, Outcome::Refused(no) if no.class == RefusalClass::Gone));
    assert_ne!(done(&rest, &creation()).await.native_id, made.native_id);
}

#[tokio::test]
async fn what_is_seen_late_is_waited_for_and_never_called_done_before() {
    let graph = GraphSim::start().await;
    graph.lag(4);
    let outcome = apply(&connect(after(&graph, 0)), &creation()).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let rest = connect(after(&graph, 20));
    let staff = group(&rest, "staff").await;
    for write in [staff, Write::Disable, Write::Enable, Write::Delete, Write::Restore] {
        done(&rest, &Change::new(ada(), write)).await;
    }
    assert_eq!(graph.groups_of(ADA), ["staff"]);
}

/// The answer is lost, and what was made is not seen yet: nobody is made twice.
#[tokio::test]
async fn a_lost_creation_that_is_seen_late_is_found() {
    let graph = GraphSim::start().await;
    graph.lag(6);
    let line = FaultyLine::to(graph.port()).await;
    let mut lossy = after(&graph, 20);
    lossy["url"] = line.url("/v1.0").into();
    line.order("POST", "/users", Fault::Lost);
    let rest = connect(lossy);
    let outcome = apply(&rest, &creation()).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    done(&rest, &creation()).await;
    assert_eq!(graph.writes(), 1);
}

/// What was shown before the write was older than the write that we made before.
#[tokio::test]
async fn a_member_who_is_one_already_and_one_who_is_none_any_more_are_so() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    let staff = group(&rest, "staff").await;
    let Write::Grant { entitlement, name } = staff.clone() else { panic!("no grant") };
    let patient = connect(after(&graph, 20));
    graph.lag(12);
    for write in [staff, Write::Revoke { entitlement, name }] {
        let change = Change::new(ada(), write);
        let outcome = apply(&rest, &change).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
        let writes = graph.writes();
        done(&patient, &change).await;
        assert_eq!(graph.writes(), writes, "it was written again");
    }
}

#[tokio::test]
async fn a_throttled_read_waits_and_a_throttled_write_says_how_long() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    graph.throttle(1, 1);
    assert!(rest.get(&ada()).await.unwrap().is_some());
    graph.fail(2);
    assert!(rest.get(&ada()).await.unwrap().is_some());
    graph.throttle(1, 3_600);
    let refusal = rest.get(&ada()).await.unwrap_err();
    assert_eq!((refusal.class, refusal.retry_after), (RefusalClass::Rate, Some(Duration::from_hours(1))));

    let line = FaultyLine::to(graph.port()).await;
    let mut busy = after(&graph, 0);
    busy["url"] = line.url("/v1.0").into();
    let busy = connect(busy);
    line.order("PATCH", "/users/", Fault::Busy(7));
    let writes = graph.writes();
    match apply(&busy, &Change::new(ada(), Write::Disable)).await {
        Outcome::Refused(no) => {
            assert_eq!((no.class, no.retry_after), (RefusalClass::Rate, Some(Duration::from_secs(7))));
        }
        other => panic!("{other:?}"),
    }
    line.order("PATCH", "/users/", Fault::FailingAfter(503));
    let outcome = apply(&busy, &Change::new(ada(), Write::Disable)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)) && graph.writes() == writes + 1, "{outcome:?}");
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert_eq!(graph.writes(), writes + 1, "it was written again");
}

#[tokio::test]
async fn a_token_that_ended_is_fetched_again_and_a_wrong_secret_is_named_and_not_shown() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    graph.end_tokens();
    assert!(rest.get(&ada()).await.unwrap().is_some());
    graph.end_tokens();
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    let mut wrong = graph.settings();
    wrong["secrets"]["clientSecret"] = format!("file:{}", graph.file("password").display()).into();
    let mut elsewhere = graph.settings();
    elsewhere["settings"]["tenant"] = "other.example".into();
    for bad in [wrong, elsewhere] {
        let refusal = connect(bad).check().await.unwrap_err();
        assert_eq!(refusal.class, RefusalClass::Auth, "{refusal}");
        let words = format!("{refusal:?}");
        assert!(!words.contains(SECRET) && !words.contains(PASSWORD), "{words}");
    }
}

#[tokio::test]
async fn a_feed_tells_what_changed_until_the_moment_is_forgotten() {
    let graph = GraphSim::start().await;
    let rest = connect(after(&graph, 0));
    let now = |token: Option<ChangeToken>| {
        let rest = &rest;
        async move { rest.changes(ObjectClass::Account, token.as_ref()).await.unwrap() }
    };
    let Changes::Since { next: start, .. } = now(None).await else { panic!("no token") };
    let made = done(&rest, &creation()).await.native_id.unwrap();
    for name in ["bob", "eve"] {
        let locator = Locator::attribute("employeeId", name);
        let attributes = user(&format!("{name}@{TENANT}"));
        done(&rest, &Change::new(locator, Write::Create { attributes })).await;
    }
    done(&rest, &Change::new(ada(), Write::Delete)).await;
    let (mut told, mut token, mut pages) = (Vec::new(), start.clone(), 0);
    loop {
        let Changes::Since { changed, next, more } = now(Some(token)).await else { panic!("forgotten") };
        told.extend(changed);
        (token, pages) = (next, pages + 1);
        if !more {
            break;
        }
    }
    assert!(pages > 1 && told.contains(&Changed::Gone(made)), "{told:?}");
    let names = told.iter().filter(|one| matches!(one, Changed::Now(Seen::Account(_)))).count();
    assert_eq!(names, 2);
    graph.forget_moments();
    assert!(matches!(now(Some(token)).await, Changes::Reset { .. }));
    assert!(matches!(now(Some(ChangeToken::new("r1.http://elsewhere.example/"))).await, Changes::Reset { .. }));
}

#[tokio::test]
async fn everything_is_read_in_small_pages_and_groups_that_cannot_be_given_are_left_out() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    graph.put_into("everyone", ADA);
    graph.put_into("printers", ADA);
    graph.put_into("staff", ADA);
    for number in 0..4 {
        let locator = Locator::attribute("employeeId", format!("E{number}"));
        let attributes = user(&format!("person{number}@{TENANT}"));
        done(&rest, &Change::new(locator, Write::Create { attributes })).await;
    }
    let (mut page, mut seen, mut pages) = (Page::first_of(2), Vec::new(), 0);
    loop {
        let batch = rest.read(&Query::accounts(), &page).await.unwrap();
        seen.extend(batch.objects.iter().filter_map(Seen::account).map(|account| account.name.clone()));
        pages += 1;
        let Some(next) = batch.next else { break };
        page = page.then(next);
    }
    seen.sort();
    assert_eq!((pages, seen.len(), seen[0].as_str()), (3, 5, ADA));
    let groups = rest.read(&Query::entitlements(), &Page::first()).await.unwrap();
    assert_eq!(groups.objects.len(), 2);
    assert_eq!(rest.get(&ada()).await.unwrap().unwrap().holds.len(), 1);
}

#[tokio::test]
async fn a_name_with_an_apostrophe_is_asked_for_and_not_looked_for_in_everybody() {
    let graph = GraphSim::start().await;
    let rest = connect(after(&graph, 0));
    let name = format!("o'brien@{TENANT}");
    let locator = Locator::attribute("userPrincipalName", name.as_str());
    done(&rest, &Change::new(locator.clone(), Write::Create { attributes: user(&name) })).await;
    assert_eq!(rest.get(&locator).await.unwrap().unwrap().name, name);
    let asked = graph.asked();
    let whole = asked.iter().filter(|asked| asked.starts_with("GET /v1.0/users?") && !asked.contains("filter"));
    assert_eq!(whole.count(), 0, "{asked:?}");
}

#[tokio::test]
async fn it_can_be_demanded_that_another_password_is_chosen() {
    let graph = GraphSim::start().await;
    let (rest, _) = with_ada(&graph).await;
    let demanded = || graph.user(ADA).unwrap()["passwordProfile"]["forceChangePasswordNextSignIn"].clone();
    assert_eq!(demanded(), false);
    let Write::SetPassword { secret, .. } = password(&graph) else { panic!("no password") };
    done(&rest, &Change::new(ada(), Write::SetPassword { secret, must_change: true })).await;
    assert_eq!(demanded(), true);
}

/// Everything that the simulator holds.
struct Everything<'a>(&'a GraphSim);

impl Witness for Everything<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { self.0.mark() }.boxed()
    }
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 8] = [
        Plant {
            from: "body: { automaticRepliesSetting: \"{kept/setting}\" }",
            to: "body: { other: \"{kept/setting}\" }",
            case: "an_act_is_so_and_is_taken_back",
        },
        Plant {
            from: "DELETE /users/{id}/mailFolders/inbox/messageRules/{item/id}",
            to: "GET /users/{id}",
            case: "an_act_is_so_and_is_taken_back",
        },
        Plant {
            from: "body: { accountEnabled: false }",
            to: "body: { accountEnabled: true }",
            case: "disable_twice_is_disabled",
        },
        Plant {
            from: "next: /@odata.nextLink",
            to: "next: /@odata.noLink",
            case: "every_page_together_is_everything_once",
        },
        Plant { from: "employeeId eq '{value}'", to: "employeeId eq 'x{value}'", case: "create_twice_is_one_account" },
        Plant {
            from: "\"DELETE /groups/{entitlement}/members/{id}/$ref\"",
            to: "\"GET /groups/{entitlement}\"",
            case: "revoke_twice_is_not_held",
        },
        Plant { from: "\"DELETE /users/{id}\"", to: "\"GET /users/{id}\"", case: "delete_is_seen_as_gone" },
        Plant {
            from: "\"POST /directory/deletedItems/{id}/restore\"",
            to: "\"GET /directory/deletedItems/{id}\"",
            case: "restore_brings_back_the_same",
        },
    ];

    /// A name as Graph allows it, another one for another name.
    fn allowed(name: &str) -> String {
        let letter = |letter: char| match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '-' => letter.to_string(),
            other => format!("_{:x}", u32::from(other)),
        };
        name.chars().map(letter).collect()
    }

    #[tokio::test]
    async fn it_passes_the_suite_on_a_simulator_of_microsoft_graph() {
        let graph = GraphSim::start().await;
        let rest = connect(after(&graph, 0));
        let trial = Trial {
            identifying: "employeeId",
            naming: "userPrincipalName",
            free: Some("jobTitle"),
            attributes: &|name| user(&format!("{}@{TENANT}", allowed(name))),
            witness: &Everything(&graph),
            groups: Some(["staff", "finance"]),
        };
        let password = format!("file:{}", graph.file("password").display());
        let report = suite(&rest, &password, &trial).await;
        let peer = Peer::simulated("Microsoft Graph as played by our simulator", None);
        held::hold("rest-microsoft-graph", &peer, &report);
        plants_are_found("microsoft-graph", &after(&graph, 0), &password, &trial, &PLANTS).await;
    }
}
