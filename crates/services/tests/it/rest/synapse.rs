//! Matrix Synapse: locked while disabled, deactivated for good when deleted.

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, Write};
use tenure_model::AccountState;

use super::*;
use tenure_testkit::act::{apply, done};

const ADA: &str = "@ada:example.org";

fn settings(app: &App) -> Json {
    json!({ "url": app.url(), "secrets": { "token": secret_in(app, "token") } })
}

fn ada() -> Locator {
    Locator::attribute("employee", "E1042")
}

async fn with_ada(app: &App) -> RestConnector {
    let rest = connector("synapse", settings(app));
    let create = Write::Create { attributes: attributes([("username", ADA), ("displayname", "Ada")]) };
    done(&rest, &Change::new(ada(), create)).await;
    let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada(), password)).await;
    rest
}

/// Whether a token still shows its owner who they are.
async fn is_let_in(app: &App, token: &str) -> bool {
    let who = format!("Bearer {token}");
    app.ask_with("authorization", &who, "GET", "/_matrix/client/v3/account/whoami", None).await.0 == 200
}

#[tokio::test]
async fn who_is_locked_is_out_at_once_and_finds_everything_as_it_was() {
    let app = App::synapse().await;
    let rest = with_ada(&app).await;
    let token = app.matrix_token("ada").await.unwrap();
    assert!(is_let_in(&app, &token).await);
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert!(!is_let_in(&app, &token).await, "an old token outlives the account");
    assert_eq!(app.matrix_token("ada").await, None);
    done(&rest, &Change::new(ada(), Write::Enable)).await;
    assert!(is_let_in(&app, &token).await, "something was lost");
}

#[tokio::test]
async fn devices_are_listed_and_ended_and_the_deleted_stay_out() {
    let app = App::synapse().await;
    let rest = with_ada(&app).await;
    let token = app.matrix_token("ada").await.unwrap();
    assert!(is_let_in(&app, &token).await);
    let devices = rest.artifacts(&ada(), Artifact::Session).await.unwrap();
    assert!(devices.len() == 1 && devices[0].used_at.is_some(), "{devices:?}");
    let idle = connector_by("synapse", planted("synapse", "DELETE /_synapse", "GET /_synapse"), settings(&app));
    an_end_that_ends_nothing_is_seen(&idle, &ada(), Artifact::Session).await;
    let seen = done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Session })).await;
    assert_eq!(seen.state, AccountState::Active);
    assert!(!is_let_in(&app, &token).await, "the token outlives its device");
    assert!(app.matrix_token("ada").await.is_some());
    done(&rest, &Change::new(ada(), Write::Delete)).await;
    assert_eq!(app.matrix_token("ada").await, None);
}

/// A write whose answer is lost is never called done or refused, and never made twice.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done() {
    let app = App::synapse().await;
    let rest = with_ada(&app).await;
    let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "locked").await.unwrap();
    let mut lossy = settings(&app);
    lossy["url"] = peer.url().into();
    lossy["requestSecondsMax"] = 10.into();
    let outcome = apply(&connector("synapse", lossy), &Change::new(ada(), Write::Disable)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
    done(&rest, &Change::new(ada(), Write::Disable)).await;
}

/// All that Synapse shows of everybody.
struct Everybody<'a>(&'a App);

impl Witness for Everybody<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let users = "/_synapse/admin/v2/users";
            let (_, all) = self.0.ask("GET", &format!("{users}?limit=1000&locked=true&deactivated=true"), None).await;
            let mut shown = vec![];
            for user in all["users"].as_array().unwrap() {
                let name = user["name"].as_str().unwrap();
                let (_, mut one) = self.0.ask("GET", &format!("{users}/{name}"), None).await;
                // Every request of the administrator moves this.
                one["last_seen_ts"] = Json::Null;
                shown.push(one);
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
        Plant { from: "body: { locked: true }", to: "body: { locked: false }", case: "disable_twice_is_disabled" },
        // The first page, taken for everything, and then in spite of the count.
        Plant {
            from: "next: /next_token, send: from, size: limit, sizeMax: 500 }\n      total: /total",
            to: "next: /no_token, send: from, size: limit, sizeMax: 500 }",
            case: "every_page_together_is_everything_once",
        },
        Plant { from: "next: /next_token", to: "next: /no_token", case: "every_page_together_is_everything_once" },
        Plant {
            from: "v1/auth_providers/tenure/users",
            to: "v1/auth_providers/nobody/users",
            case: "create_twice_is_one_account",
        },
        Plant {
            from: "request: POST /_synapse/admin/v1/deactivate/{id}\n      body: { erase: false }",
            to: "request: GET /_synapse/admin/v2/users/{id}",
            case: "delete_is_seen_as_gone",
        },
    ];

    #[tokio::test]
    async fn it_passes_the_suite_on_synapse() {
        let app = App::synapse().await;
        let rest = connector("synapse", settings(&app));
        let trial = Trial {
            identifying: "employee",
            naming: "username",
            free: Some("displayname"),
            attributes: &|name| {
                // A name holds small letters and digits only, and not digits alone.
                let slug: Vec<String> = name.bytes().map(|byte| format!("{byte:02x}")).collect();
                let user = format!("@u{}:example.org", slug.concat());
                attributes([("username", user.as_str()), ("displayname", "Ada")])
            },
            witness: &Everybody(&app),
            groups: None,
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-synapse", &Peer::real("Synapse", held::python("matrix-synapse")), &report);
        plants_are_found("synapse", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
