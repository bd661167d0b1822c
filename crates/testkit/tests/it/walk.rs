//! The walk of ARCHITECTURE.md in one process: an HR leaver becomes a locked account and a
//! sealed record, and every room is passed in order.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use tenure_app::Cx;
use tenure_app::events::accept::accept;
use tenure_engine::journal::RunStatus;
use tenure_model::{Actor, Attributes, EventKind, IdentityKind, PersonKey, RunId, Value};
use tenure_server::house::{Opened, Working, open, settings};
use tenure_store::StoreError;
use tenure_store::runs;
use tenure_testkit::company::Company;
use tenure_testkit::databases;
use tenure_testkit::scim::{ScimKind, ScimServer};
use tenure_testkit::slapd::{BASE_DN, Slapd};
use tracing::span;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Remembers the names of spans in the order in which they began.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<&'static str>>>);

impl<S: tracing::Subscriber> Layer<S> for Names {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push(attributes.metadata().name());
    }
}

/// One subscriber for the process, whatever the number of tests in it.
fn names() -> Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES
        .get_or_init(|| {
            let names = Names::default();
            let subscriber = tracing_subscriber::registry().with(names.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            names
        })
        .clone()
}

pub async fn until_done(opened: &Opened, wanted: &[RunId]) {
    let mut open = Vec::new();
    for _ in 0..1_500 {
        open.clear();
        for run in wanted.iter().copied() {
            let row = opened.house.store.read(move |tx| Box::pin(async move { runs::get(tx, run).await }));
            let row = row.await.map_err(|error: StoreError| error).unwrap();
            open.extend(Some(row).filter(|row| row.as_ref().is_none_or(|row| row.status != RunStatus::Done)));
        }
        if open.is_empty() {
            return;
        }
        assert!(!open.iter().flatten().any(|row| row.status.is_closed()), "{open:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the runs did not come to their end: {open:#?}");
}

fn key() -> PersonKey {
    PersonKey { attribute: "employeeId".into(), value: "E1042".into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hr_leaver_becomes_a_locked_account_and_a_sealed_record() {
    let names = names();
    for database in databases::each().await {
        let slapd = Slapd::start().await;
        let company = Company::new(&database.url, &slapd);
        let config: PathBuf = company.config();
        let opened = open(&settings(Some(&config), None).unwrap()).await.unwrap();
        let working = Working::start(&opened, opened.sealer());
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        let hr = || "hr".parse().unwrap();

        let text = |value: &str| Value::Text(value.to_owned());
        let attributes = Attributes::from([
            ("employeeId".into(), text("E1042")),
            ("givenName".into(), text("Zoë")),
            ("familyName".into(), text("Müller")),
            ("email".into(), text("zoe@example.org")),
            ("department".into(), text("Finance")),
        ]);
        let started = EventKind::EmploymentStarted {
            kind: IdentityKind::Employee,
            first_day: "2024-03-01".parse().unwrap(),
            zone: "Europe/Berlin".parse().unwrap(),
            attributes,
        };
        let joined = accept(&cx, hr(), "hr-1".into(), key(), started).await.unwrap();
        until_done(&opened, &joined.runs).await;
        let entry = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["uid", "memberOf"]);
        assert!(
            entry.contains("uid: zmueller") && entry.contains("cn=staff") && entry.contains("cn=finance"),
            "{entry}"
        );

        // Somebody marries: the entry follows, and the name at sign-in stays.
        let attributes =
            [("familyName".to_owned(), text("Noether")), ("email".to_owned(), text("noether@example.org"))];
        let changed = EventKind::PersonChanged { attributes: attributes.into() };
        let moved = accept(&cx, hr(), "hr-2".into(), key(), changed).await.unwrap();
        until_done(&opened, &moved.runs).await;
        let entry = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["uid", "sn", "mail"]);
        assert!(entry.contains("sn: Noether") && entry.contains("mail: noether@example.org"), "{entry}");
        assert!(entry.contains("uid: zmueller"), "{entry}");

        names.0.lock().unwrap().clear();
        let ended = EventKind::EmploymentEnded { last_day: "2024-11-30".parse().unwrap(), urgent: false };
        let first = accept(&cx, hr(), "hr-991".into(), key(), ended.clone()).await.unwrap();
        let again = accept(&cx, hr(), "hr-991".into(), key(), ended).await.unwrap();
        assert!(again.repeated && again.runs == first.runs);
        until_done(&opened, &first.runs).await;
        let entry = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["pwdAccountLockedTime"]);
        assert!(entry.contains("pwdAccountLockedTime: 000001010000Z"), "{entry}");
        working.stop(std::time::Duration::from_secs(20)).await;

        let seen = names.0.lock().unwrap().clone();
        let mut rest = seen.iter();
        for wanted in WALK {
            assert!(
                rest.any(|name| *name == wanted),
                "{}: `{wanted}` is missing or too early in {seen:?}",
                database.kind
            );
        }
        let verdict = tenure_app::ledger::verify::verify(&cx, &opened.pinned).await.unwrap();
        assert!(verdict.is_sound(), "{}: {verdict:?}", database.kind);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_walk_ends_in_a_scim_service() {
    for kind in ScimKind::ALL {
        let server = ScimServer::start(kind).await;
        let company = Company::with_scim("sqlite", &server);
        let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
        let working = Working::start(&opened, opened.sealer());
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        let hr = || "hr".parse().unwrap();
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let started = EventKind::EmploymentStarted {
            kind: IdentityKind::Employee,
            first_day: "2024-03-01".parse().unwrap(),
            zone: "Europe/Berlin".parse().unwrap(),
            attributes: [
                text("employeeId", "E1042"),
                text("givenName", "Zoë"),
                text("familyName", "Müller"),
                text("email", "zoe@example.org"),
                text("department", "Finance"),
            ]
            .into(),
        };
        let joined = accept(&cx, hr(), "hr-1".into(), key(), started).await.unwrap();
        until_done(&opened, &joined.runs).await;
        let users = server.users().await;
        let user = &users[0];
        assert_eq!((users.len(), user["externalId"].as_str()), (1, Some("E1042")), "{users:?}");
        assert_eq!((user["name"]["givenName"].as_str(), user["active"].as_bool()), (Some("Zoë"), Some(true)));
        for group in server.groups().await {
            assert_eq!(group["members"][0]["value"], user["id"], "{group}");
        }
        let changed = EventKind::PersonChanged { attributes: [text("givenName", "Emmy")].into() };
        let moved = accept(&cx, hr(), "hr-2".into(), key(), changed).await.unwrap();
        until_done(&opened, &moved.runs).await;
        assert_eq!(server.users().await[0]["name"]["givenName"].as_str(), Some("Emmy"), "{}", kind.name());

        let ended = EventKind::EmploymentEnded { last_day: "2024-11-30".parse().unwrap(), urgent: false };
        let left = accept(&cx, hr(), "hr-991".into(), key(), ended).await.unwrap();
        until_done(&opened, &left.runs).await;
        assert_eq!(server.users().await[0]["active"].as_bool(), Some(false), "{}", kind.name());
        working.stop(std::time::Duration::from_secs(20)).await;
    }
}

/// The rooms of the walk, in order.
const WALK: [&str; 11] = [
    "app.events.accept",
    "app.events.meaning",
    "engine.turn",
    "flow.decide",
    "app.steps.perform",
    "policy.plan",
    "engine.turn",
    "app.steps.perform",
    "connectors.ldap.apply",
    "connectors.ldap.observe",
    "engine.turn",
];
