//! Zabbix: JSON-RPC, and disabled by a group among others.

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, RefusalClass, Write};
use tenure_model::NativeId;
use tenure_testkit::act::{apply, done};

use super::*;

fn settings(app: &App) -> Json {
    json!({
        "url": app.url(), "settings": { "admin": "Admin", "group": kept(app, "people") },
        "secrets": { "password": secret(app) },
    })
}

fn kept(app: &App, name: &str) -> String {
    std::fs::read_to_string(app.file(name)).unwrap()
}

fn ada() -> Locator {
    Locator::attribute("username", "ada")
}

fn grant(app: &App, name: &str) -> Change {
    Change::new(ada(), Write::Grant { entitlement: NativeId::new(kept(app, name)), name: name.to_owned() })
}

async fn with_ada(app: &App) -> RestConnector {
    let rest = connector("zabbix", settings(app));
    let create = Write::Create { attributes: attributes([("username", "ada")]) };
    done(&rest, &Change::new(ada(), create)).await;
    let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada(), password)).await;
    rest
}

/// All that Zabbix shows of users and groups.
struct Everybody<'a>(&'a App);

impl Witness for Everybody<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let all =
                json!({ "output": "extend", "selectUsrgrps": "extend", "getAccess": true, "sortfield": "userid" });
            let users = self.0.zabbix_ask("user.get", all).await;
            let groups = self.0.zabbix_ask("usergroup.get", json!({ "selectUsers": "extend" })).await;
            format!("{users} {groups}")
        }
        .boxed()
    }
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 5] = [
        Plant {
            from: "[{ \"*\": \"{account/usrgrps}\" }, { usrgrpid: \"{setting.disabled}\" }]",
            to: "[{ \"*\": \"{account/usrgrps}\" }]",
            case: "disable_twice_is_disabled",
        },
        Plant {
            from: "getAccess: true }\n      items",
            to: "getAccess: true, limit: 2 }\n      items",
            case: "every_page_together_is_everything_once",
        },
        Plant {
            from: "filter: { username: \"{value}\" }",
            to: "filter: { surname: \"{value}\" }",
            case: "create_twice_is_one_account",
        },
        // Whoever is given one group loses the others.
        Plant {
            from: "[{ \"*\": \"{account/usrgrps}\" }, { usrgrpid: \"{entitlement}\" }]",
            to: "[{ usrgrpid: \"{setting.group}\" }, { usrgrpid: \"{entitlement}\" }]",
            case: "a_joiner_is_planned_applied_and_then_nothing_is_left",
        },
        Plant {
            from: "call: user.delete, params: [\"{id}\"]",
            to: "call: user.get, params: { userids: [\"{id}\"] }",
            case: "delete_is_seen_as_gone",
        },
    ];

    /// Whether what somebody signed in with still opens anything.
    async fn opens(app: &App, token: &str) -> bool {
        app.zabbix_ask_as(token, "user.get", json!({ "output": ["userid"] })).await.is_ok()
    }

    /// One Zabbix for several questions: it takes its time to start.
    #[tokio::test]
    async fn who_is_disabled_is_out_by_every_door_and_keeps_the_groups() {
        let app = App::zabbix().await;
        let rest = with_ada(&app).await;
        let (one, two) = (grant(&app, "staff"), grant(&app, "finance"));
        // The groups of a user can only be given all at once.
        let (one, two) = futures::join!(apply(&rest, &one), apply(&rest, &two));
        assert!(one.seen().is_some() && two.seen().is_some(), "{one:?} {two:?}");
        let before = rest.get(&ada()).await.unwrap().unwrap();
        assert_eq!(before.holds.len(), 2, "one of two grants was lost");
        let session = app.zabbix_session("ada", ADMIN_PASSWORD).await.unwrap();
        let made = json!({ "name": "script", "userid": before.native_id.as_ref().unwrap() });
        let made = app.zabbix_ask("token.create", made).await["tokenids"].take();
        let token = app.zabbix_ask("token.generate", made).await[0]["token"].as_str().unwrap().to_owned();
        assert!(opens(&app, &session).await && opens(&app, &token).await);

        done(&rest, &Change::new(ada(), Write::Disable)).await;
        assert!(!opens(&app, &session).await, "an old session outlives the account");
        assert!(!opens(&app, &token).await, "a token outlives the account");
        assert_eq!(app.zabbix_session("ada", ADMIN_PASSWORD).await, None);

        let seen = done(&rest, &Change::new(ada(), Write::Enable)).await;
        assert_eq!(seen.holds, before.holds);
        assert!(app.zabbix_session("ada", ADMIN_PASSWORD).await.is_some() && opens(&app, &token).await);
        let tokens = rest.artifacts(&ada(), Artifact::Token).await.unwrap();
        assert!(tokens.len() == 1 && tokens[0].made_at.is_some() && tokens[0].used_at.is_some(), "{tokens:?}");
        assert_eq!((tokens[0].name.as_str(), tokens[0].ends_at), ("script", None));
        let idle = planted("zabbix", "call: token.delete, params: [\"{item/tokenid}\"]", "call: token.get, params: {}");
        let idle = connector_by("zabbix", idle, settings(&app));
        an_end_that_ends_nothing_is_seen(&idle, &ada(), Artifact::Token).await;
        done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Token })).await;
        assert!(!opens(&app, &token).await, "the token goes on");

        our_own_session_is_opened_again(&app, &rest).await;
        a_wrong_password_is_named_as_such_and_not_shown(&app).await;
        a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done(&app, &rest).await;
    }

    /// Zabbix says in a good answer that it no longer knows us.
    async fn our_own_session_is_opened_again(app: &App, rest: &RestConnector) {
        app.zabbix_forget_sessions();
        assert!(rest.get(&ada()).await.unwrap().is_some());
        app.zabbix_forget_sessions();
        let change = Write::Set { attributes: attributes([("surname", "Lovelace")]) };
        done(rest, &Change::new(ada(), change)).await;
    }

    async fn a_wrong_password_is_named_as_such_and_not_shown(app: &App) {
        let mut wrong = settings(app);
        wrong["settings"]["admin"] = "nobody".into();
        let refusal = connector("zabbix", wrong).check().await.unwrap_err();
        assert_eq!(refusal.class, RefusalClass::Auth);
        assert!(refusal.message.contains("user.login") && !refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
    }

    /// A write whose answer is lost is never called done or refused, and never made twice.
    async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done(app: &App, rest: &RestConnector) {
        let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "\"usrgrps\"").await.unwrap();
        let mut lossy = settings(app);
        lossy["url"] = peer.url().into();
        lossy["requestSecondsMax"] = 2.into();
        let outcome = apply(&connector("zabbix", lossy), &Change::new(ada(), Write::Disable)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
        done(rest, &Change::new(ada(), Write::Disable)).await;
        assert_eq!(app.zabbix_session("ada", ADMIN_PASSWORD).await, None);
    }

    #[tokio::test]
    async fn it_passes_the_suite_on_zabbix() {
        let app = App::zabbix().await;
        let rest = connector("zabbix", settings(&app));
        let trial = Trial {
            identifying: "username",
            naming: "username",
            free: Some("surname"),
            attributes: &|_| attributes([("name", "Ada")]),
            witness: &Everybody(&app),
            groups: Some(["staff", "finance"]),
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-zabbix", &Peer::real("Zabbix", held::debian("zabbix-frontend-php")), &report);
        plants_are_found("zabbix", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
