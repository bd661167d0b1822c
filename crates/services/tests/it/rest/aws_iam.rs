//! AWS IAM: signed requests, answers in XML, and disabled by a policy that denies everything.

use std::time::Duration;

use tenure_connect::{AnyConnector as _, Artifact, Change, Outcome, RefusalClass, Write};
use tenure_model::{AccountState, NativeId};
use tenure_services::http::{Answer, Call, HttpClient, HttpConfig, Identity, SigV4, Speech};
use tenure_testkit::act::{apply, done};

use super::*;

const ALLOWED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn settings(app: &App) -> Json {
    json!({
        "url": app.url(), "secrets": { "keyId": secret_in(app, "keyId"), "key": secret_in(app, "key") },
    })
}

fn ada() -> Locator {
    Locator::attribute("employee", "E1042")
}

/// Somebody with a key, who asks without the connector.
struct Person(HttpClient);

impl Person {
    fn root(app: &App) -> Self {
        Self::with_key(app, [secret_in(app, "keyId"), secret_in(app, "key")])
    }

    fn with_key(app: &App, key: [String; 2]) -> Self {
        let [key_id, secret] = key.map(|reference| reference.parse().unwrap());
        let config = HttpConfig {
            url: app.url(),
            ca_file: None,
            allow_plain: false,
            auth: Identity::SigV4(SigV4 { key_id, secret, region: "us-east-1".into(), service: "iam".into() }),
            request_time_max: Duration::from_secs(30),
            media_type: "application/json",
            speaks: Speech::Xml,
        };
        Self(HttpClient::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap())
    }

    async fn ask(&self, action: &str, form: &[(&str, &str)]) -> Answer {
        let mut call = Call::new("POST".parse().unwrap(), []);
        let words = [("Action", action), ("Version", "2010-05-08")];
        call.form = words.iter().chain(form).map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.0.send(&call).await.unwrap()
    }

    async fn must(&self, action: &str, form: &[(&str, &str)]) -> Json {
        let answer = self.ask(action, form).await;
        assert!(answer.is_good(), "{action}: {answer:?}");
        answer.json().cloned().unwrap_or_default()
    }

    /// What comes of it when they ask for themselves.
    async fn asks(&self) -> u16 {
        self.ask("GetUser", &[("UserName", "ada")]).await.status
    }
}

/// All that IAM shows of users and groups.
impl Witness for Person {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let answer = self.must("GetAccountAuthorizationDetails", &[]).await;
            let mut shown = answer["GetAccountAuthorizationDetailsResponse"].clone();
            // Every answer has another one of these.
            shown["ResponseMetadata"] = Json::Null;
            shown.to_string()
        }
        .boxed()
    }
}

/// Makes ada, who may do everything until she is disabled, and hands back whoever has her key.
async fn with_ada(app: &App) -> (RestConnector, Person) {
    let rest = connector("aws-iam", settings(app));
    let create = Write::Create { attributes: attributes([("username", "ada"), ("title", "Countess")]) };
    done(&rest, &Change::new(ada(), create)).await;
    let root = Person::root(app);
    root.must("PutUserPolicy", &[("UserName", "ada"), ("PolicyName", "all"), ("PolicyDocument", ALLOWED)]).await;
    let made = root.must("CreateAccessKey", &[("UserName", "ada")]).await;
    let key = &made["CreateAccessKeyResponse"]["CreateAccessKeyResult"]["AccessKey"];
    app.keep("ada-id", key["AccessKeyId"].as_str().unwrap());
    app.keep("ada-key", key["SecretAccessKey"].as_str().unwrap());
    (rest, Person::with_key(app, ["ada-id", "ada-key"].map(|file| secret_in(app, file))))
}

#[tokio::test]
async fn whose_user_is_disabled_is_denied_everything_and_can_come_back() {
    let app = App::aws_iam().await;
    let (rest, ada_herself) = with_ada(&app).await;
    assert_eq!(ada_herself.asks().await, 200);
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert_eq!(ada_herself.asks().await, 403, "her key still opens doors");
    let seen = done(&rest, &Change::new(ada(), Write::Enable)).await;
    assert_eq!(seen.state, AccountState::Active);
    assert_eq!(ada_herself.asks().await, 200, "something was lost");
}

#[tokio::test]
async fn keys_are_listed_and_ended_and_the_user_stays() {
    let app = App::aws_iam().await;
    let (rest, ada_herself) = with_ada(&app).await;
    let keys = rest.artifacts(&ada(), Artifact::Key).await.unwrap();
    assert!(keys.len() == 1 && keys[0].made_at.is_some(), "{keys:?}");
    let end = "POST /\n          form: { Action: DeleteAccessKey";
    let idle = planted("aws-iam", end, "POST /\n          form: { Action: GetUser");
    an_end_that_ends_nothing_is_seen(&connector_by("aws-iam", idle, settings(&app)), &ada(), Artifact::Key).await;
    let seen = done(&rest, &Change::new(ada(), Write::End { artifact: Artifact::Key })).await;
    assert_eq!(seen.state, AccountState::Active);
    assert!(rest.artifacts(&ada(), Artifact::Key).await.unwrap().is_empty());
    assert_eq!(ada_herself.asks().await, 403);
}

#[tokio::test]
async fn a_user_is_deleted_with_all_that_hangs_on_it() {
    let app = App::aws_iam().await;
    let (rest, _) = with_ada(&app).await;
    let root = Person::root(&app);
    for _ in 0..2 {
        let password = Write::SetPassword { secret: secret(&app).parse().unwrap(), must_change: false };
        done(&rest, &Change::new(ada(), password)).await;
    }
    let device = root.must("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "ada")]).await;
    let device = &device["CreateVirtualMFADeviceResponse"]["CreateVirtualMFADeviceResult"]["VirtualMFADevice"];
    let device = device["SerialNumber"].as_str().unwrap();
    let codes = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")];
    let form: Vec<_> = [("UserName", "ada"), ("SerialNumber", device)].into_iter().chain(codes).collect();
    root.must("EnableMFADevice", &form).await;
    let policy = [("PolicyName", "more"), ("PolicyDocument", ALLOWED)];
    let policy = root.must("CreatePolicy", &policy).await;
    let policy = policy["CreatePolicyResponse"]["CreatePolicyResult"]["Policy"]["Arn"].as_str().unwrap();
    root.must("AttachUserPolicy", &[("UserName", "ada"), ("PolicyArn", policy)]).await;
    let grant = Write::Grant { entitlement: NativeId::new("staff"), name: "staff".to_owned() };
    done(&rest, &Change::new(ada(), grant)).await;
    done(&rest, &Change::new(ada(), Write::Delete)).await;
    assert_eq!(root.asks().await, 404);
}

#[tokio::test]
async fn a_wrong_key_is_named_as_such() {
    let app = App::aws_iam().await;
    for wrong in ["keyId", "key"] {
        let mut settings = settings(&app);
        settings["secrets"][wrong] = secret(&app).into();
        let refusal = connector("aws-iam", settings).check().await.unwrap_err();
        assert_eq!(refusal.class, RefusalClass::Auth, "{refusal}");
        assert!(!refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
    }
}

/// A write whose answer is lost is never called done or refused, and never made twice.
#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_second_attempt_finds_it_done() {
    let app = App::aws_iam().await;
    let (rest, ada_herself) = with_ada(&app).await;
    let peer = ChaosPeer::about(&app.url(), Trouble::LostResponse, "PutUserPolicy").await.unwrap();
    let mut lossy = settings(&app);
    lossy["url"] = peer.url().into();
    lossy["requestSecondsMax"] = 1.into();
    let outcome = apply(&connector("aws-iam", lossy), &Change::new(ada(), Write::Disable)).await;
    assert!(matches!(outcome, Outcome::Unknown(_)) && peer.struck() == 1, "{outcome:?}");
    done(&rest, &Change::new(ada(), Write::Disable)).await;
    assert_eq!(ada_herself.asks().await, 403);
}

mod slow {
    use super::*;

    /// Defects of the pack that the suite has to find; none in its pages, for moto gives only one.
    const PLANTS: [Plant; 4] = [
        Plant { from: "Action: PutUserPolicy", to: "Action: GetUser", case: "disable_twice_is_disabled" },
        Plant { from: "Action: UntagUser", to: "Action: GetUser", case: "a_set_is_taken_back" },
        Plant { from: "Action: RemoveUserFromGroup", to: "Action: GetUser", case: "revoke_twice_is_not_held" },
        Plant { from: "Action: DeleteUser,", to: "Action: GetUser,", case: "delete_is_seen_as_gone" },
    ];

    #[tokio::test]
    async fn it_passes_the_suite_on_aws_iam() {
        let app = App::aws_iam().await;
        let rest = connector("aws-iam", settings(&app));
        let trial = Trial {
            identifying: "employee",
            naming: "username",
            free: Some("title"),
            attributes: &|name| attributes([("username", name)]),
            witness: &Person::root(&app),
            groups: Some(["staff", "finance"]),
        };
        let report = suite(&rest, &secret(&app), &trial).await;
        held::hold("rest-aws-iam", &Peer::simulated("AWS IAM as played by moto", held::python("moto")), &report);
        plants_are_found("aws-iam", &settings(&app), &secret(&app), &trial, &PLANTS).await;
    }
}
