//! RabbitMQ: a password that fits nothing while somebody is disabled, and lines that are cut.

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, RefusalClass, Write};
use tenure_model::{AccountState, NativeId};
use tenure_testkit::act::{apply, done};
use tenure_testkit::apps::basic;

use super::*;

fn settings(app: &App) -> Json {
    json!({ "url": app.url(), "settings": { "admin": "root" }, "secrets": { "password": secret(app) } })
}

fn ada() -> Locator {
    Locator::attribute("username", "ada")
}

/// Makes ada, who may look at the broker and use the virtual host `staff`.
async fn with_ada(app: &App) -> RestConnector {
    let rest = connector("rabbitmq", settings(app));
    let mut attributes = attributes([("username", "ada")]);
    attributes.insert("tags".to_owned(), Value::List(vec!["management".into()]));
    done(&rest, &Change::new(ada(), Write::Create { attributes })).await;
    let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
    done(&rest, &Change::new(ada(), password)).await;
    let grant = Write::Grant { entitlement: NativeId::new("staff"), name: "staff".to_owned() };
    done(&rest, &Change::new(ada(), grant)).await;
    rest
}

/// What comes of it when somebody asks the management who they are.
async fn looks(app: &App, user: &str) -> u16 {
    app.ask_with("authorization", &basic(user), "GET", "/api/whoami", None).await.0
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 6] = [
        // The one door is closed and not the other.
        Plant { from: "body: { value: 0 }", to: "body: { value: 9 }", case: "disable_twice_is_disabled" },
        Plant {
            from: "hashing_algorithm: rabbit_password_hashing_md5 }\n    enable",
            to: "hashing_algorithm: \"{setting.hashing}\" }\n    enable",
            case: "disable_twice_is_disabled",
        },
        Plant {
            from: "onlyIfActive: true",
            to: "onlyIfActive: false",
            case: "a_password_lets_nobody_in_who_is_kept_out",
        },
        Plant {
            from: "request: GET /api/users, items: \"\"",
            to: "request: GET /api/users, query: { page: \"1\", page_size: \"2\" }, items: /items",
            case: "every_page_together_is_everything_once",
        },
        Plant {
            from: "DELETE /api/permissions/{entitlement}/{id}",
            to: "GET /api/users/{id}",
            case: "revoke_twice_is_not_held",
        },
        Plant { from: "\"DELETE /api/users/{id}\"", to: "\"GET /api/users/{id}\"", case: "delete_is_seen_as_gone" },
    ];

    /// One broker for several questions: it takes its time to start.
    #[tokio::test]
    async fn who_is_disabled_is_out_by_every_door_and_can_come_back() {
        let app = App::rabbitmq().await;
        let rest = with_ada(&app).await;
        let line = app.amqp("ada", "staff").await.expect("ada is let in");
        assert_eq!(looks(&app, "ada").await, 200);
        assert!(app.amqp("ada", "finance").await.is_none(), "nobody let her in there");
        let lines = rest.artifacts(&ada(), Artifact::Session).await.unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");

        done(&rest, &Change::new(ada(), Write::Disable)).await;
        assert!(line.is_ended().await, "the old line outlives the account");
        assert!(app.amqp("ada", "staff").await.is_none());
        assert_eq!(looks(&app, "ada").await, 401);
        a_password_opens_no_door(&app, &rest).await;

        let seen = done(&rest, &Change::new(ada(), Write::Enable)).await;
        assert_eq!(seen.attributes["tags"], Value::List(vec!["management".into()]));
        assert_eq!(looks(&app, "ada").await, 200, "the password was lost");
        let line = app.amqp("ada", "staff").await.expect("ada is let in again");
        let end = "end: { request: \"DELETE /api/connections/username/{id}\" }";
        let idle = planted("rabbitmq", end, "end: { request: \"GET /api/users/{id}\" }");
        let idle = connector_by("rabbitmq", idle, settings(&app));
        an_end_that_ends_nothing_is_seen(&idle, &ada(), Artifact::Session).await;
        done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Session })).await;
        assert!(line.is_ended().await, "the line goes on");
        assert!(app.amqp("ada", "staff").await.is_some(), "the account was to stay");

        who_is_half_disabled_is_neither(&app, &rest).await;
        nobody_but_an_administrator_is_told_so(&app).await;
        a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done(&app, &rest).await;
    }

    /// Another password would come with a hash that fits, and open the management to the disabled.
    async fn a_password_opens_no_door(app: &App, rest: &RestConnector) {
        let password = Write::SetPassword { secret: secret(app).parse().unwrap(), must_change: false };
        let outcome = apply(rest, &Change::new(ada(), password)).await;
        assert!(
            matches!(&outcome, Outcome::Refused(no) if no.message.contains("enable the account first")),
            "{outcome:?}"
        );
        assert_eq!(looks(app, "ada").await, 401, "a password opened the management");
        assert!(app.amqp("ada", "staff").await.is_none());
        assert_eq!(rest.get(&ada()).await.unwrap().unwrap().state, AccountState::Disabled);
    }

    /// Whoever was stopped half-way is not called disabled, and either way is gone to its end.
    async fn who_is_half_disabled_is_neither(app: &App, rest: &RestConnector) {
        let limit = "/api/user-limits/ada/max-connections";
        for way in [Write::Disable, Write::Enable] {
            assert_eq!(app.ask("PUT", limit, Some(json!({ "value": 0 }))).await.0, 204);
            let seen = rest.get(&ada()).await.unwrap().unwrap();
            assert_eq!(seen.state, AccountState::Unknown);
            done(rest, &Change::new(ada(), way)).await;
            done(rest, &Change::new(ada(), Write::Enable)).await;
        }
        assert!(app.amqp("ada", "staff").await.is_some());
    }

    async fn nobody_but_an_administrator_is_told_so(app: &App) {
        let mut settings = settings(app);
        for (user, class) in [("ada", RefusalClass::Permission), ("nobody", RefusalClass::Auth)] {
            settings["settings"]["admin"] = user.into();
            let refusal = connector("rabbitmq", settings.clone()).check().await.unwrap_err();
            assert_eq!(refusal.class, class, "{refusal}");
            assert!(!refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
        }
    }

    /// A write whose answer is lost is never called done or refused, and never made twice.
    async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done(app: &App, rest: &RestConnector) {
        let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "hashing_algorithm").await.unwrap();
        let mut lossy = settings(app);
        lossy["url"] = peer.url().into();
        lossy["requestSecondsMax"] = 1.into();
        let outcome = apply(&connector("rabbitmq", lossy), &Change::new(ada(), Write::Disable)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
        done(rest, &Change::new(ada(), Write::Disable)).await;
        assert_eq!(looks(app, "ada").await, 401);
    }

    #[tokio::test]
    async fn it_passes_the_suite_on_rabbitmq() {
        let app = App::rabbitmq().await;
        let rest = connector("rabbitmq", settings(&app));
        let trial = Trial {
            identifying: "username",
            naming: "username",
            // A user has a name and tags, and nothing else.
            free: None,
            attributes: &|_| attributes([]),
            witness: &Paths(&app, &["/api/users", "/api/permissions", "/api/user-limits"]),
            groups: Some(["staff", "finance"]),
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-rabbitmq", &Peer::real("RabbitMQ", held::debian("rabbitmq-server")), &report);
        plants_are_found("rabbitmq", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
