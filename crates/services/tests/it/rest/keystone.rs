//! OpenStack Keystone: a session in headers, and tokens that end with the account.

use std::time::Duration;

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, RefusalClass, Write};
use tenure_model::AccountState;
use tenure_testkit::act::{apply, done};

use super::*;

/// How often a token is asked for.
const TRIES_MAX: u32 = 50;

fn settings(app: &App) -> Json {
    json!({
        "url": format!("{}/v3", app.url()), "settings": { "admin": "admin" }, "secrets": { "password": secret(app) },
    })
}

fn ada() -> Locator {
    Locator::attribute("employee", "E1042")
}

/// Makes ada, with a password that she can sign in with, and hands back her id.
async fn with_ada(app: &App) -> (RestConnector, String) {
    let rest = connector("keystone", settings(app));
    let create = Write::Create { attributes: attributes([("username", "ada"), ("email", "ada@example.org")]) };
    let made = done(&rest, &Change::new(ada(), create)).await;
    let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada(), password)).await;
    (rest, made.native_id.unwrap().to_string())
}

/// Whether a token still shows its owner who they are.
async fn is_let_in(app: &App, token: &str, id: &str) -> bool {
    app.ask_with("x-auth-token", token, "GET", &format!("/v3/users/{id}"), None).await.0 == 200
}

/// The token of somebody who signs in. Keystone counts in seconds: one from the second in which
/// others were ended has ended with them, so it is asked for again until it holds.
async fn signed_in(app: &App, name: &str, id: &str) -> String {
    for _ in 0..TRIES_MAX {
        let token = app.keystone_token(name, ADMIN_PASSWORD).await.unwrap();
        if is_let_in(app, &token, id).await {
            return token;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no token of {name} holds");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_can_come_back() {
    let app = App::keystone().await;
    let (rest, id) = with_ada(&app).await;
    let token = signed_in(&app, "ada", &id).await;
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert!(!is_let_in(&app, &token, &id).await, "an old token outlives the account");
    assert_eq!(app.keystone_token("ada", ADMIN_PASSWORD).await, None);
    done(&rest, &Change::new(ada(), Write::Enable)).await;
    assert!(!is_let_in(&app, &token, &id).await, "an old token came back");
    assert!(app.keystone_token("ada", ADMIN_PASSWORD).await.is_some());
}

#[tokio::test]
async fn keys_are_listed_and_ended_and_the_user_stays() {
    let app = App::keystone().await;
    let (rest, id) = with_ada(&app).await;
    let key = json!({ "credential": { "user_id": id, "type": "cert", "blob": "hidden" } });
    assert_eq!(app.ask("POST", "/v3/credentials", Some(key)).await.0, 201);
    let keys = rest.artifacts(&ada(), Artifact::Key).await.unwrap();
    assert!(keys.len() == 1 && keys[0].name == "cert" && !format!("{keys:?}").contains("hidden"), "{keys:?}");
    assert!(rest.artifacts(&ada(), Artifact::AppPassword).await.unwrap().is_empty());
    let idle = planted("keystone", "DELETE /credentials/", "GET /credentials/");
    an_end_that_ends_nothing_is_seen(&connector_by("keystone", idle, settings(&app)), &ada(), Artifact::Key).await;
    let seen = done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Key })).await;
    assert_eq!(seen.state, AccountState::Active);
    let (_, left) = app.ask("GET", &format!("/v3/credentials?user_id={id}"), None).await;
    assert_eq!(left["credentials"], json!([]));
}

/// Our own session ends like any other; then another one is opened.
#[tokio::test]
async fn a_session_that_ended_is_opened_again_and_a_wrong_password_is_named() {
    let app = App::keystone().await;
    let (rest, _) = with_ada(&app).await;
    let (_, users) = app.ask("GET", "/v3/users?name=admin", None).await;
    let id = users["users"][0]["id"].as_str().unwrap();
    let admin = format!("/v3/users/{id}");
    // Every token of ours ends with this, and the password stays what it is.
    let same = json!({ "user": { "password": ADMIN_PASSWORD } });
    assert_eq!(app.ask("PATCH", &admin, Some(same)).await.0, 200);
    signed_in(&app, "admin", id).await;
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    let mut wrong = settings(&app);
    wrong["settings"]["admin"] = "nobody".into();
    let refusal = connector("keystone", wrong).check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Auth);
    assert!(!refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
}

/// A write whose answer is lost is never called done or refused, and never made twice.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done() {
    let app = App::keystone().await;
    let (rest, _) = with_ada(&app).await;
    let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "enabled").await.unwrap();
    let mut lossy = settings(&app);
    lossy["url"] = format!("{}/v3", peer.url()).into();
    lossy["requestSecondsMax"] = 10.into();
    let outcome = apply(&connector("keystone", lossy), &Change::new(ada(), Write::Disable)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
    done(&rest, &Change::new(ada(), Write::Disable)).await;
}

/// Everybody, and who is in which group.
struct Everything<'a>(&'a App);

impl Witness for Everything<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let (_, groups) = self.0.ask("GET", "/v3/groups", None).await;
            let mut shown = vec![self.0.ask("GET", "/v3/users", None).await];
            for group in groups["groups"].as_array().unwrap() {
                let members = format!("/v3/groups/{}/users", group["id"].as_str().unwrap());
                shown.push(self.0.ask("GET", &members, None).await);
            }
            format!("{shown:?}")
        }
        .boxed()
    }
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 5] = [
        Plant {
            from: "body: { user: { enabled: false } }",
            to: "body: { user: { enabled: true } }",
            case: "disable_twice_is_disabled",
        },
        Plant { from: "next: /links/next", to: "next: /links/none", case: "every_page_together_is_everything_once" },
        Plant {
            from: "\"PUT /groups/{entitlement}/users/{id}\"",
            to: "\"GET /groups/{entitlement}\"",
            case: "grant_twice_is_held_once",
        },
        Plant {
            from: "\"DELETE /groups/{entitlement}/users/{id}\"",
            to: "\"GET /groups/{entitlement}\"",
            case: "revoke_twice_is_not_held",
        },
        Plant { from: "\"DELETE /users/{id}\"", to: "\"GET /users/{id}\"", case: "delete_is_seen_as_gone" },
    ];

    #[tokio::test]
    async fn it_passes_the_suite_on_keystone() {
        let app = App::keystone().await;
        let rest = connector("keystone", settings(&app));
        let trial = Trial {
            identifying: "employee",
            naming: "username",
            free: Some("title"),
            attributes: &|name| attributes([("username", name)]),
            witness: &Everything(&app),
            groups: Some(["staff", "finance"]),
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-keystone", &Peer::real("Keystone", held::python("keystone")), &report);
        plants_are_found("keystone", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
