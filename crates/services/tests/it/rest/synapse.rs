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
        let report = suite(&rest, &app, trial).await;
        assert!(report.is_green(), "{report}");
    }
}
