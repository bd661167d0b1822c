//! Every operation against a whole house: who gets in, what is answered, what is refused.

use futures::future::join_all;
use serde_json::{Value as Json, json};
use tenure_api::{Access, OPERATIONS, Operation};
use tenure_model::{Actor, ActorKind, Role};
use tenure_policy::authz::{Action, Extent, ThingKind};
use tokio::io::AsyncReadExt as _;

use crate::house::{LONG, read_all};
use crate::real::{DAY, Real, joiner, read};

const NOBODY: &str = "00000000000000000000000001";

/// A path of this operation that names nothing that is there, but for the connection.
fn path(operation: &Operation) -> String {
    let mut path = operation.path.replace("{connection}", "hr").replace("{index}", "999");
    for kind in [
        "person",
        "event",
        "exception",
        "deputy",
        "run",
        "case",
        "task",
        "entry",
        "notice",
        "token",
        "plan",
        "held",
        "drift",
        "merge",
        "set",
    ] {
        path = path.replace(&format!("{{{kind}}}"), &format!("{kind}_{NOBODY}"));
    }
    path
}

fn body(operation: &Operation) -> Json {
    match operation.id {
        "postEvent" => joiner("access", "E1", "Ada"),
        "redraftWorkflow" => json!({ "document": "x" }),
        "makeSet" => json!({ "workflow": "nothing", "where": "true" }),
        "startSet" => json!({ "people": 1, "reason": "x" }),
        "startRun" => json!({ "workflow": "nothing" }),
        "closeTask" | "whatIfPerson" | "makePlan" => json!({}),
        "rehearse" => json!({ "workflow": "joiner" }),
        "commentTask" => json!({ "text": "x" }),
        "addEvidence" => json!({ "reference": "x" }),
        "reassignTask" => json!({ "to": "person:ada", "reason": "x" }),
        "approveHeld" => json!({ "removals": 1, "reason": "x" }),
        "cancelRun" | "migrateRun" | "dropNotice" | "applyPlan" | "refuseHeld" | "acceptDrift" | "cancelSet" => {
            json!({ "reason": "x" })
        }
        "mergePeople" => json!({ "other": "E2", "reason": "x" }),
        "splitPerson" => json!({ "engagements": ["E1"], "reason": "x" }),
        "namePerson" => json!({ "generator": "mail" }),
        "sponsorPerson" => json!({ "sponsor": "E2", "reason": "x" }),
        "settleOrphan" => json!({ "do": "disable", "account": "x", "reason": "x" }),
        "signalRun" => json!({ "name": "go" }),
        "editRun" => json!({ "node": "a", "with": {}, "reason": "x" }),
        "undoRun" => json!({ "reason": "x" }),
        "skipRun" => json!({ "node": "a", "outcome": "done", "reason": "x" }),
        "resolveCase" => json!({ "answer": "new-person" }),
        "addDeputy" => json!({ "deputy": "x", "until": "2026-11-27T00:00:00Z", "reason": "x" }),
        "grantException" => letting("E1", "2026-11-27T00:00:00Z"),
        "createToken" => json!({ "name": "x", "roles": ["auditor"] }),
        _ => Json::Null,
    }
}

fn actor(real: &Real, name: &str) -> Actor {
    let token = real.token_id(name);
    let kind = match Role::from_word(name) {
        Some(role) => ActorKind::Caller { token, roles: [role].into() },
        None => ActorKind::Source { token, connection: "hr".parse().unwrap() },
    };
    Actor { name: name.to_owned(), kind }
}

/// Generated from the list of operations and the policies: a new operation is tested when it is listed.
#[tokio::test]
async fn every_door_opens_to_whom_the_table_says_and_to_nobody_else() {
    let real = Real::open().await;
    let mut names: Vec<&str> = Role::ALL.map(Role::word).to_vec();
    names.push("source");
    for operation in OPERATIONS {
        let (method, path, body) = (operation.method.as_str(), path(operation), body(operation));
        let stranger = real.with("", method, &path, &body).await;
        let action = match operation.access {
            Access::Action(action) => action,
            Access::Public => {
                assert_eq!(stranger.status, 200, "{}", operation.id);
                continue;
            }
            Access::Page(_) => {
                let fields = (method == "POST").then_some("outcome=done");
                let bearer = real.ask("owner", method, &path, &Json::Null).await;
                let browser = real.browse("", "same-origin", &path, fields).await;
                if operation.id != "comeOrGo" {
                    assert_eq!(browser.status, 401, "{}", operation.id);
                    assert!(browser.body.contains("name=\"token\""), "{}: no form to sign in", operation.id);
                }
                assert!([401, 403].contains(&bearer.status), "{}: a token of the API opens a page", operation.id);
                continue;
            }
            Access::Signed => {
                let owner = real.ask("owner", method, &path, &body).await;
                for answer in [stranger, owner] {
                    assert_eq!(answer.problem(), (401, "TEN-E0205".into()), "{}", operation.id);
                }
                continue;
            }
        };
        assert_eq!(stranger.problem(), (401, "TEN-E0201".into()), "{}", operation.id);
        let (mut let_in, mut sent_away) = (0, 0);
        for name in &names {
            let answer = real.ask(name, method, &path, &body).await;
            let action = Action::from_word(action).expect("the policies know every action");
            let extent = real.house.authz.extent(&actor(&real, name), action);
            // What is named here is nobody's own, but for the events of `hr`; of tasks and deputies
            // everybody may ask, and is told of their own.
            let has_own = action == Action::PostEvent || [ThingKind::Task, ThingKind::Deputy].contains(&action.thing());
            let expected = extent == Extent::Everything || (extent == Extent::Own && has_own);
            let place = format!("{} as {name}: {answer:?}", operation.id);
            if expected {
                assert!(![401, 403].contains(&answer.status) && answer.status < 500, "{place}");
                let_in += 1;
            } else {
                assert_eq!(answer.problem(), (403, "TEN-E0204".into()), "{place}");
                sent_away += 1;
            }
        }
        assert!(let_in > 0, "{} is open to nobody", operation.id);
        assert!(sent_away > 0 || operation.id == "whoAmI", "{} is closed to nobody", operation.id);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let real = Real::open().await;
    let not_pages = OPERATIONS.iter().filter(|one| !matches!(one.access, Access::Page(_)));
    for operation in not_pages.filter(|one| one.variables().any(|name| name != "connection")) {
        let answer = real.ask("owner", operation.method.as_str(), &path(operation), &body(operation)).await;
        assert_eq!(answer.problem(), (404, "TEN-E0107".into()), "{}", operation.id);
    }
    for path in
        ["/v1/connections/none", "/v1/connections/No%20Name", "/v1/runs/token_x", "/v1/ledger/x", "/v1/people/E9"]
    {
        assert_eq!(real.get("owner", path).await.problem().0, 404, "{path}");
    }
    let posted = real.ask("owner", "POST", "/v1/connections/none/events", &joiner("1", "E1", "Ada")).await;
    assert_eq!(posted.problem().0, 404);
    let target = real.ask("owner", "POST", "/v1/connections/ldap/events", &joiner("1", "E1", "Ada")).await;
    assert_eq!(target.problem(), (409, "TEN-E0114".into()));
}

#[tokio::test]
async fn an_event_sent_fifty_times_at_once_is_one_event() {
    let real = Real::open().await;
    let event = joiner("hr-1", "E1", "Ada");
    let answers = join_all((0..50).map(|_| real.ask("source", "POST", "/v1/connections/hr/events", &event))).await;
    let mut same: Vec<Json> = answers.iter().map(read).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 49);
    assert_eq!(same.iter().filter(|answer| answer["status"] == "accepted").count(), 1);
    for answer in &mut same {
        answer.as_object_mut().unwrap().remove("status");
    }
    same.dedup();
    assert_eq!(same.len(), 1);
    let events = read(&real.get("auditor", "/v1/events").await);
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    assert_eq!(events["items"][0]["answer"]["status"], "accepted");
    let id = events["items"][0]["id"].as_str().unwrap();
    assert_eq!(read(&real.get("auditor", &format!("/v1/events/{id}")).await)["externalId"], "hr-1");

    let other = real.ask("source", "POST", "/v1/connections/hr/events", &joiner("hr-1", "E1", "Eve")).await;
    assert_eq!(other.problem(), (422, "TEN-E0115".into()));
    assert_eq!(read(&other)["errors"][0]["pointer"], "/id");
}

#[tokio::test]
async fn a_source_posts_for_its_own_connection_only_and_learns_nothing_of_others() {
    let real = Real::open().await;
    let bad = json!({ "id": "1", "type": "person.changed", "person": {} });
    for connection in ["payroll", "ldap", "none"] {
        for body in [&bad, &joiner("1", "E1", "Ada")] {
            let answer = real.ask("source", "POST", &format!("/v1/connections/{connection}/events"), body).await;
            assert_eq!(answer.problem(), (403, "TEN-E0204".into()), "{connection}");
        }
    }
    let own = real.ask("source", "POST", "/v1/connections/hr/events", &bad).await;
    assert_eq!(own.problem(), (422, "TEN-E0103".into()));
    assert_eq!(read(&own)["errors"][0]["pointer"], "/person/employeeId");
}

#[tokio::test]
async fn a_person_is_shown_with_everything_by_id_and_by_key() {
    let real = Real::open().await;
    let posted = read(&real.ask("source", "POST", "/v1/connections/hr/events", &joiner("1", "E1", "Ada")).await);
    let id = posted["person"].as_str().unwrap().to_owned();
    for name in [id.as_str(), "E1"] {
        let person = read(&real.get("help-desk", &format!("/v1/people/{name}")).await);
        assert_eq!((&person["id"], &person["standing"]), (&json!(id), &json!("active")));
        assert_eq!(person["engagements"].as_array().unwrap().len(), 1);
    }
    assert_eq!(read(&real.get("help-desk", "/v1/people/E1/accounts").await), json!([]));
    let plan = read(&real.get("operator", "/v1/people/E1/plan").await);
    assert_eq!((&plan["presence"], &plan["changes"][0]["change"]), (&json!("here"), &json!("create-account")));
    assert_eq!(plan["desired"][0]["entitlement"], "group/staff");
    let why = read(&real.get("help-desk", "/v1/people/E1/why").await);
    assert!(why["chain"].as_array().unwrap().iter().any(|link| link["kind"] == "access"), "{why}");
}

#[tokio::test]
async fn values_tell_their_source_and_two_people_become_one_and_two_again() {
    let real = Real::open().await;
    for (id, key) in [("1", "E1"), ("2", "C7")] {
        real.ask("source", "POST", "/v1/connections/hr/events", &joiner(id, key, "Ada")).await;
    }
    let person = read(&real.get("help-desk", "/v1/people/E1").await);
    let value = person["values"].as_array().unwrap().iter().find(|value| value["attribute"] == "employeeId");
    let value = value.unwrap_or_else(|| panic!("{person}"));
    assert_eq!((&value["value"], &value["source"], &value["otherwise"]), (&json!("E1"), &json!("hr"), &json!([])));
    let wish = json!({"other": "C7", "reason": "one and the same"});
    assert_eq!(real.ask("auditor", "POST", "/v1/people/E1/merge", &wish).await.status, 403);
    let strange = json!({"other": "C7", "reason": "x", "force": true});
    assert_eq!(real.ask("operator", "POST", "/v1/people/E1/merge", &strange).await.problem().0, 422);
    let merged = real.ask("operator", "POST", "/v1/people/E1/merge", &wish).await;
    assert_eq!(merged.status, 200, "{}", read(&merged));
    let merged = read(&merged);
    let merge = merged["id"].as_str().unwrap().to_owned();
    assert_eq!((&merged["kind"], &merged["moved"]), (&json!("merge"), &json!(1)));
    assert_eq!(read(&real.get("auditor", "/v1/people").await)["items"].as_array().unwrap().len(), 1);
    assert_eq!(read(&real.get("auditor", "/v1/merges").await)["items"][0]["id"], json!(merge));
    let undo = format!("/v1/merges/{merge}/undo");
    assert_eq!(real.ask("help-desk", "POST", &undo, &json!({})).await.status, 403);
    assert_eq!(real.ask("operator", "POST", &undo, &json!({})).await.status, 200);
    assert_eq!(real.ask("operator", "POST", &undo, &json!({})).await.problem().0, 409);
    assert_eq!(read(&real.get("auditor", "/v1/people").await)["items"].as_array().unwrap().len(), 2);
    let unknown = real.ask("operator", "POST", "/v1/people/E1/name", &json!({"generator": "mail"})).await;
    assert_eq!(unknown.problem().0, 404);
}

#[tokio::test]
async fn pages_lead_through_everybody_once() {
    let real = Real::open().await;
    for number in 0..120 {
        let event = joiner(&format!("e{number}"), &format!("E{number}"), &format!("Person {:03}", number / 2));
        assert_eq!(real.ask("source", "POST", "/v1/connections/hr/events", &event).await.status, 202);
    }
    for list in ["/v1/people", "/v1/events"] {
        let (mut seen, mut next, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let after = next.map_or(String::new(), |next| format!("&after={next}"));
            let page = read(&real.get("auditor", &format!("{list}?limit=50{after}")).await);
            let ids = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
            seen.extend(ids);
            pages += 1;
            next = page["next"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len(), pages), (120, 120, 3), "{list}");
    }
    let page = read(&real.get("auditor", "/v1/events?limit=1").await);
    let foreign = page["next"].as_str().unwrap();
    for query in [format!("after={foreign}"), "after=".into(), "after=x".into(), "after=%00".into()] {
        let answer = real.get("auditor", &format!("/v1/people?{query}")).await;
        assert_eq!(answer.problem(), (400, "TEN-E0112".into()), "{query}");
    }
    for query in ["limit=0", "limit=501", "limit=x", "limit=-1", "unknown=1", "limit=1&limit=2"] {
        assert_eq!(real.get("auditor", &format!("/v1/people?{query}")).await.problem().0, 400, "{query}");
    }
    let found = read(&real.get("auditor", "/v1/people?search=person%20007").await);
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_opens_what_it_says_until_it_ends() {
    let real = Real::open().await;
    let wish = json!({ "name": "ci", "roles": ["auditor"], "days": 1 });
    let made = real.ask("owner", "POST", "/v1/tokens", &wish).await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")));
    let made = read(&made);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(real.with(secret, "GET", "/v1/people", &Json::Null).await.status, 200);
    assert_eq!(real.with(secret, "POST", "/v1/tokens", &wish).await.problem().0, 403);
    let listed = real.get("owner", "/v1/tokens").await;
    assert!(listed.body.contains(id) && !listed.body.contains(&secret[4..]));

    real.clock.advance(DAY);
    assert_eq!(real.with(secret, "GET", "/v1/people", &Json::Null).await.problem(), (401, "TEN-E0203".into()));
    let revoke = format!("/v1/tokens/{}", real.token_id("auditor"));
    for _ in 0..2 {
        assert_eq!(real.ask("admin", "DELETE", &revoke, &Json::Null).await.status, 204);
    }
    assert_eq!(real.get("auditor", "/v1/people").await.problem(), (401, "TEN-E0203".into()));
    let own = format!("/v1/tokens/{}", real.token_id("help-desk"));
    assert_eq!(real.ask("help-desk", "DELETE", &own, &Json::Null).await.status, 204);
}

#[tokio::test]
async fn an_admin_gets_no_hold_of_what_an_owner_may() {
    let real = Real::open().await;
    let owners = format!("/v1/tokens/{}", real.token_id("owner"));
    assert_eq!(real.ask("admin", "DELETE", &owners, &Json::Null).await.problem().0, 403);
    let wish = json!({ "name": "x", "roles": ["owner"] });
    assert_eq!(real.ask("admin", "POST", "/v1/tokens", &wish).await.problem().0, 403);
    assert_eq!(real.get("owner", "/v1/whoami").await.status, 200);
}

#[tokio::test]
async fn hostile_bodies_are_refused_with_their_place() {
    let real = Real::open().await;
    let path = "/v1/connections/hr/events";
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let deep: Json = serde_json::from_str(&deep[150..=250]).unwrap();
    let cases = [
        (json!({ "id": "1", "type": "x", "person": {}, "extra": 1 }), "/extra"),
        (json!({ "id": 1, "type": "x", "person": {} }), "/id"),
        (json!({ "id": "1", "type": "person.changed", "person": { "employeeId": "E1", "a": deep } }), "/person/a"),
        (json!({ "id": "1", "type": "person.changed", "person": { "employeeId": "E1", "../x": 1 } }), "/person/..~1x"),
        (json!({ "id": "\u{0}", "type": "person.changed", "person": { "employeeId": "E1" } }), "/id"),
        (json!(["1", "x"]), ""),
    ];
    for (body, pointer) in cases {
        let answer = real.ask("source", "POST", path, &body).await;
        assert_eq!(answer.problem().0, 422, "{body}");
        assert_eq!(read(&answer)["errors"][0]["pointer"], pointer, "{body}");
    }
    let start = json!({ "workflow": "../etc", "input": {} });
    assert_eq!(real.ask("operator", "POST", "/v1/runs", &start).await.problem().0, 422);
    assert_eq!(read(&real.get("auditor", "/v1/events").await)["items"], json!([]));
}

#[tokio::test]
async fn a_case_is_shown_and_answered_once() {
    let real = Real::open().await;
    let gone =
        json!({ "id": "1", "type": "employment.ended", "person": { "employeeId": "E7" }, "lastDay": "2026-11-30" });
    let held = real.ask("source", "POST", "/v1/connections/hr/events", &gone).await;
    assert_eq!(held.status, 202);
    let held = read(&held);
    assert_eq!(held["status"], "held");
    let case = format!("/v1/cases/{}", held["case"].as_str().unwrap());
    assert_eq!(read(&real.get("help-desk", "/v1/cases").await)["items"].as_array().unwrap().len(), 1);
    let release = json!({ "answer": "release", "comment": "x" });
    assert_eq!(real.ask("operator", "POST", &format!("{case}/resolve"), &release).await.problem().0, 422);
    let answer = json!({ "answer": "dismiss", "comment": "never worked here" });
    let resolved = read(&real.ask("operator", "POST", &format!("{case}/resolve"), &answer).await);
    assert_eq!((&resolved["state"], &resolved["resolvedBy"]), (&json!("resolved"), &json!("operator")));
    assert!(resolved["resolution"].as_str().unwrap().contains("never worked here"));
    assert_eq!(real.ask("operator", "POST", &format!("{case}/resolve"), &answer).await.problem().0, 409);
    assert_eq!(read(&real.get("help-desk", &case).await)["state"], "resolved");
    assert_eq!(read(&real.get("help-desk", "/v1/cases").await)["items"], json!([]));
}

fn letting(person: &str, until: &str) -> Json {
    json!({ "rule": "few-staff", "person": person, "until": until, "because": "year end" })
}

#[tokio::test]
async fn somebody_is_let_off_a_rule_by_somebody_else_and_not_for_ever() {
    let real = Real::open().await;
    for (id, person) in [("1", "E1"), ("2", "policy-approver")] {
        real.ask("source", "POST", "/v1/connections/hr/events", &joiner(id, person, "Ada")).await;
    }
    let grant = async |person: &str, until: &str| {
        real.ask("policy-approver", "POST", "/v1/exceptions", &letting(person, until)).await
    };
    let made = grant("E1", "2026-12-19T09:00:00Z").await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = read(&made);
    assert_eq!((&made["state"], &made["approvedBy"]), (&json!("in-force"), &json!("policy-approver")));
    for (person, until, problem) in [
        ("E1", "2026-12-20T09:00:01Z", (422, "TEN-E0103")),
        ("E1", "2026-11-20T09:00:00Z", (422, "TEN-E0103")),
        ("E9", "2026-11-21T09:00:00Z", (404, "TEN-E0107")),
        ("policy-approver", "2026-11-21T09:00:00Z", (409, "TEN-E0114")),
    ] {
        let refused = grant(person, until).await.problem();
        assert_eq!((refused.0, refused.1.as_str()), problem, "{person} {until}");
    }
    let other = json!({ "rule": "none", "person": "E1", "until": "2026-11-21T09:00:00Z", "because": "x" });
    assert_eq!(real.ask("owner", "POST", "/v1/exceptions", &other).await.problem().0, 404);
    let end = format!("/v1/exceptions/{}/end", made["id"].as_str().unwrap());
    let ended = read(&real.ask("owner", "POST", &end, &json!({})).await);
    assert_eq!((&ended["state"], &ended["endedBy"]), (&json!("ended"), &json!("owner")));
    assert_eq!(real.ask("owner", "POST", &end, &json!({})).await.problem().0, 409);
    let listed = read(&real.get("auditor", "/v1/exceptions").await);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["state"]), (1, &json!("ended")));
}

#[tokio::test]
async fn a_connection_tells_what_the_last_look_found() {
    let real = Real::open().await;
    let names = read(&real.get("connector-admin", "/v1/connections?limit=2").await);
    assert_eq!((&names["items"][0]["name"], &names["items"][1]["name"]), (&json!("hr"), &json!("ldap")));
    assert!(names["next"].is_string());
    assert_eq!(read(&real.get("operator", "/v1/connections/ldap").await)["state"], "unchecked");
    assert_eq!(real.ask("operator", "POST", "/v1/connections/ldap/check", &Json::Null).await.status, 200);
    assert_eq!(read(&real.get("operator", "/v1/connections/ldap").await)["state"], "ok");
}

#[tokio::test]
async fn a_system_is_read_when_asked_and_tells_how_old_what_is_known_is() {
    let real = Real::open().await;
    assert_eq!(read(&real.get("auditor", "/v1/connections/ldap/reading").await)["read"], 0);
    assert_eq!(real.ask("connector-admin", "POST", "/v1/connections/ldap/reading", &Json::Null).await.status, 202);
    assert_eq!(real.ask("auditor", "POST", "/v1/connections/ldap/reading", &Json::Null).await.problem().0, 403);
    let hr = real.ask("operator", "POST", "/v1/connections/hr/reading", &Json::Null).await;
    assert_eq!(hr.problem(), (409, "TEN-E0114".into()));
    let readings = read(&real.get("operator", "/v1/readings").await);
    assert!(readings[0]["askedAt"].is_string(), "{readings}");
    for path in ["/v1/drift", "/v1/connections/ldap/orphans", "/v1/connections/ldap/gaps"] {
        assert_eq!(read(&real.get("auditor", path).await)["items"], json!([]), "{path}");
    }
    let wrong = json!({ "do": "sell", "account": "x" });
    assert_eq!(real.ask("operator", "POST", "/v1/connections/ldap/orphans", &wrong).await.problem().0, 422);
}

async fn read_until(stream: &mut tokio::net::TcpStream, all: &mut String, words: &str) {
    let mut piece = [0; 4096];
    while !all.contains(words) {
        let count = tokio::time::timeout(LONG, stream.read(&mut piece)).await.expect("nothing comes").unwrap();
        assert!(count > 0, "ended without `{words}`: {all}");
        all.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
}

#[tokio::test]
async fn a_run_is_started_watched_answered_and_done() {
    let real = Real::open().await;
    real.start_engine();
    let started = real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "ask" })).await;
    assert_eq!(started.status, 202);
    let run = format!("/v1/runs/{}", read(&started)["run"].as_str().unwrap());
    // It is taken in after the answer; there is nothing to see before.
    until_it_is(&real, &run, "waiting").await;
    let mut stream = real.open_stream("auditor", &format!("{run}/watch")).await;
    let mut heard = String::new();
    read_until(&mut stream, &mut heard, "event: run").await;
    read_until(&mut stream, &mut heard, r#""waits":[{"node":"ask""#).await;
    assert!(heard.to_lowercase().contains("content-type: text/event-stream"), "{heard}");
    let skip = json!({ "node": "ask", "outcome": "done", "reason": "" });
    assert_eq!(real.ask("operator", "POST", &format!("{run}/skip"), &skip).await.problem().0, 422);
    let answered = real.ask("operator", "POST", &format!("{run}/signal"), &json!({ "name": "go" })).await;
    assert_eq!(answered.status, 200);
    read_until(&mut stream, &mut heard, r#""status":"done""#).await;
    heard.push_str(&read_all(&mut stream).await);
    assert!(heard.contains("event: change"), "{heard}");
    let over = real.ask("operator", "POST", &format!("{run}/cancel"), &Json::Null).await;
    assert_eq!(over.problem(), (409, "TEN-E0114".into()));
    let detail = read(&real.get("auditor", &run).await);
    assert_eq!((&detail["workflow"], &detail["status"]), (&json!("ask"), &json!("done")));
    assert!(detail["records"].as_array().unwrap().iter().any(|one| one["summary"].as_str().unwrap().contains("`go`")));
    let done = read(&real.get("auditor", "/v1/runs?status=done&workflow=ask").await);
    assert_eq!(done["items"].as_array().unwrap().len(), 1);
    assert_eq!(real.get("auditor", "/v1/runs?status=asleep").await.problem().0, 400);
    let numbers = real.get("auditor", "/metrics").await.body;
    assert!(numbers.contains(r#"tenure_runs{status="done"} 1"#), "{numbers}");
    assert!(numbers.contains("tenure_engine_partitions 64"), "{numbers}");
}

pub async fn until_it_is(real: &Real, run: &str, status: &str) {
    let mut seen = serde_json::Value::Null;
    for _ in 0..1_000 {
        seen = read(&real.get("auditor", run).await);
        if seen["status"] == status {
            return;
        }
    }
    assert_eq!(seen["status"], status, "{seen}");
}

#[tokio::test]
async fn a_run_reads_again_from_its_records_and_says_when_something_else_is_kept() {
    let real = Real::open().await;
    real.start_engine();
    let started = read(&real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "ask" })).await);
    let run = format!("/v1/runs/{}", started["run"].as_str().unwrap());
    until_it_is(&real, &run, "waiting").await;
    let replay = format!("{run}/replay");
    let (shown, whole) = (read(&real.get("auditor", &run).await), read(&real.get("auditor", &replay).await));
    assert_eq!((&whole["status"], &whole["waits"]), (&shown["status"], &shown["waits"]), "{whole}");
    assert_eq!((&whole["agrees"], &whole["through"]), (&json!(true), &whole["of"]), "{whole}");
    let signal = real.ask("operator", "POST", &format!("{run}/signal"), &json!({ "name": "go" })).await;
    assert_eq!(signal.status, 200, "{}", signal.body);
    until_it_is(&real, &run, "done").await;
    let whole = read(&real.get("auditor", &replay).await);
    assert_eq!((&whole["status"], &whole["agrees"]), (&json!("done"), &json!(true)), "{whole}");
    for (until, status) in [(0, "queued"), (1, "waiting")] {
        let before = read(&real.get("auditor", &format!("{replay}?until={until}")).await);
        assert_eq!((&before["status"], &before["through"]), (&json!(status), &json!(until)), "{before}");
        assert_eq!(before["agrees"], Json::Null, "{before}");
    }
    assert_eq!(real.get("source", &replay).await.problem().0, 403);
    let forged: Result<_, tenure_store::StoreError> = real
        .house
        .store
        .write(|tx| Box::pin(async move { tx.execute("UPDATE run SET note = 'all is well'", &[]).await }))
        .await;
    forged.unwrap();
    let forged = read(&real.get("auditor", &replay).await);
    assert_eq!(forged["agrees"], json!(false), "{forged}");
    assert!(forged["differs"].as_str().unwrap().ends_with("and `all is well` is kept"), "{forged}");
}

#[tokio::test]
async fn a_watch_ends_when_the_server_stops() {
    let real = Real::open().await;
    real.start_engine();
    let run = read(&real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "ask" })).await);
    let run = format!("/v1/runs/{}", run["run"].as_str().unwrap());
    until_it_is(&real, &run, "waiting").await;
    let mut stream = real.open_stream("auditor", &format!("{run}/watch")).await;
    read_until(&mut stream, &mut String::new(), "event: run").await;
    assert_eq!(real.stop().await, tenure_server::listen::Ended::Drained);
}

#[tokio::test]
async fn a_run_that_was_sent_too_much_takes_no_more_signals_and_can_still_be_cancelled() {
    let real = Real::open().await;
    let started = real.ask("operator", "POST", "/v1/runs", &json!({ "workflow": "ask" })).await;
    let name = read(&started)["run"].as_str().unwrap().to_owned();
    real.start_engine();
    let path = format!("/v1/runs/{name}");
    until_it_is(&real, &path, "waiting").await;
    let run: tenure_model::RunId = name.parse().unwrap();
    let most = tenure_app::limits::LETTERS_OF_RUN_MAX;
    // The letter that started it is one of them.
    let noise = |number| {
        let signal = tenure_model::Signal { name: "noise".into(), by: "x".into(), body: Json::Null };
        let event = tenure_model::RunEvent::Signalled(signal);
        tenure_engine::message::event(
            run,
            &name,
            event,
            "test",
            &format!("{number}"),
            "2026-11-20T09:00:00Z".parse().unwrap(),
        )
    };
    let letters: Vec<_> = (2..most).map(noise).collect();
    let sent: Result<_, tenure_store::StoreError> = real
        .house
        .store
        .write(move |tx| Box::pin(async move { tenure_store::journal::send(tx, &letters).await }))
        .await;
    sent.unwrap();
    let signal = format!("{path}/signal");
    let last = real.ask("operator", "POST", &signal, &json!({ "name": "noise" })).await;
    assert_eq!(last.status, 200, "{}", last.body);
    let more = real.ask("operator", "POST", &signal, &json!({ "name": "noise" })).await;
    assert_eq!(more.problem(), (409, "TEN-E0116".into()));
    assert!(more.body.contains("was sent 10000 messages already"), "{}", more.body);
    let cancelled = real.ask("operator", "POST", &format!("{path}/cancel"), &json!({ "reason": "too much" })).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
}
