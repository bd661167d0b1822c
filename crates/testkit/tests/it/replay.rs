//! Decisions that were kept are made again, from what was known then, and come to the same; and
//! whoever asks why waits for no longer than it takes to read one screen.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::to_vec;
use sha2::{Digest as _, Sha256};
use tenure_app::Cx;
use tenure_app::events::accept::accept;
use tenure_app::people::why::why;
use tenure_model::{
    Account, AccountState, Actor, Attributes, Engagement, EventKind, Grant, GrantState, IdentityKind, NativeId, Person,
    PersonId, PersonKey, Reason, Value, new_id,
};
use tenure_policy::PersonFacts;
use tenure_server::house::{Opened, Working, open, settings};
use tenure_store::decisions::{Decision, Kept};
use tenure_store::{StoreError, accounts, decisions, engagements, grants, people};
use tenure_testkit::company::Company;
use tenure_testkit::databases;

use crate::walk::until_done;

/// What `why` may take for nineteen of twenty.
const WHY_MAX: Duration = Duration::from_millis(50);
const DEPARTMENTS: [&str; 4] = ["Finance", "Sales", "Support", "Engineering"];

fn told(department: &str) -> Attributes {
    let text = |value: &str| Value::Text(value.to_owned());
    Attributes::from([
        ("employeeId".into(), text("E1")),
        ("givenName".into(), text("Ada")),
        ("familyName".into(), text("Lovelace")),
        ("email".into(), text("ada@example.org")),
        ("department".into(), text(department)),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_tells_the_whole_chain_now_and_then() {
    for database in databases::each().await {
        let company = Company::with_memory(&database.url, "");
        let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
        let working = Working::start(&opened, opened.sealer());
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        let tell = async |id: &str, kind: EventKind| {
            let key = PersonKey { attribute: "employeeId".into(), value: "E1".into() };
            let told = accept(&cx, "hr".parse().unwrap(), id.to_owned(), key, kind).await.unwrap();
            until_done(&opened, &told.runs).await;
        };
        let (first_day, zone) = ("2024-03-01".parse().unwrap(), "Europe/Berlin".parse().unwrap());
        let kind = IdentityKind::Employee;
        tell("1", EventKind::EmploymentStarted { kind, first_day, zone, attributes: told("Finance") }).await;
        let before = opened.house.clock.now();
        let moved = Attributes::from([("department".into(), Value::from("Sales"))]);
        tell("2", EventKind::PersonChanged { attributes: moved }).await;

        let now = why(&cx, "E1".into(), Some("ldap/group/staff".into()), None).await.unwrap();
        let kinds: Vec<&str> = now.because[0].chain.iter().map(|link| link.kind).collect();
        assert_eq!(kinds, ["event", "engagement", "role", "grant", "decision", "account", "read-back"]);
        let value = why(&cx, "E1".into(), Some("person.department".into()), None).await.unwrap();
        assert!(value.because[0].chain[0].says.ends_with("department is Sales"), "{value:#?}");
        let missing = why(&cx, "E1".into(), Some("timer".into()), None).await.unwrap();
        assert!(!missing.because.is_empty());

        let then = why(&cx, "E1".into(), Some("group/finance".into()), Some(before)).await.unwrap();
        assert_eq!(then.replayed.map(|(_, same)| same), Some(true), "{then:#?}");
        assert_eq!(then.person.text("department"), Some("Finance"));
        let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
        let none = why(&cx, "E1".into(), None, Some(long_ago)).await.unwrap_err().to_string();
        assert!(none.contains("made until"), "{none}");
        working.stop(Duration::from_secs(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_made_again_for_some() {
    measure("sqlite", 300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_comes_to_something_else_now_is_told() {
    let company = Company::with_memory("sqlite", "");
    let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
    let (person, at) = populate(&opened, 1).await[0];
    let mut decision = opened
        .house
        .store
        .read(move |tx| Box::pin(async move { decisions::latest(tx, person, at).await }))
        .await
        .map_err(|error: StoreError| error)
        .unwrap()
        .unwrap();
    let later = at.checked_add(Duration::from_secs(1)).unwrap();
    (decision.id, decision.at, decision.result) = (opened.house.ids.uuid(), later, [7; 32]);
    let kept = opened.house.store.write(move |tx| Box::pin(async move { decisions::insert(tx, &decision).await }));
    kept.await.map_err(|error: StoreError| error).unwrap();
    for (moment, same) in [(at, true), (later, false)] {
        let then = why(&cx, person.to_string(), None, Some(moment)).await.unwrap();
        assert_eq!(then.replayed.map(|(_, same)| same), Some(same), "{moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: writes and asks about 100,000 people"]
async fn decisions_are_made_again_for_many() {
    for database in databases::each().await {
        measure(&database.url, 100_000).await;
    }
}

async fn measure(database: &str, count: usize) {
    let company = Company::with_memory(database, "");
    let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
    let people = populate(&opened, count).await;
    let clock = Arc::clone(&opened.house.clock);
    let mut same = 0;
    for (person, at) in &people {
        let then = why(&cx, person.to_string(), Some("nothing is called so".into()), Some(*at)).await.unwrap();
        same += usize::from(then.replayed.is_some_and(|(_, same)| same));
    }
    let mut times = Vec::new();
    for (person, _) in people.iter().step_by(count.div_ceil(2_000)) {
        let began = clock.elapsed();
        why(&cx, person.to_string(), None, None).await.unwrap();
        times.push(clock.elapsed().saturating_sub(began));
    }
    times.sort();
    let p95 = times[times.len() * 95 / 100];
    let kind = database.split(':').next().unwrap_or_default();
    #[expect(clippy::print_stdout, reason = "the figures are what this is run for")]
    {
        println!("{kind}: {same} of {count} decisions came to the same; why p95 {:.1} ms", p95.as_secs_f64() * 1e3);
    }
    assert_eq!(same, count);
    assert!(p95 < WHY_MAX, "{p95:?}");
}

/// People with what they hold, and a decision about each.
async fn populate(opened: &Opened, count: usize) -> Vec<(PersonId, Timestamp)> {
    let house = &opened.house;
    let rules = house.rules();
    let body = serde_json::to_string(rules.as_ref()).unwrap();
    let kept = Kept { hash: Sha256::digest(body.as_bytes()).into(), body: Some(body) };
    let mut made = Vec::with_capacity(count);
    for chunk in (0..count).collect::<Vec<_>>().chunks(200) {
        let mut rows = Vec::new();
        for number in chunk {
            let facts = facts(opened, *number);
            let at =
                Timestamp::from_second(1_700_000_000 + i64::try_from(number * 7_919 % 90_000_000).unwrap()).unwrap();
            let plan = tenure_policy::plan(&facts, &rules, at);
            let body = serde_json::to_string(&facts).unwrap();
            let decision = Decision {
                id: house.ids.uuid(),
                person: facts.person.id,
                at,
                run: None,
                facts: Kept { hash: Sha256::digest(body.as_bytes()).into(), body: Some(body) },
                rules: kept.clone(),
                result: Sha256::digest(to_vec(&plan).unwrap()).into(),
            };
            made.push((facts.person.id, at));
            rows.push((facts, decision));
        }
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                for (facts, decision) in rows {
                    people::insert(tx, &facts.person).await?;
                    for engagement in &facts.engagements {
                        engagements::insert(tx, engagement).await?;
                    }
                    for account in &facts.accounts {
                        accounts::upsert(tx, account).await?;
                    }
                    for grant in &facts.grants {
                        grants::insert(tx, grant).await?;
                    }
                    decisions::insert(tx, &decision).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        job.await.unwrap();
    }
    made
}

fn facts(opened: &Opened, number: usize) -> PersonFacts {
    let ids = opened.house.ids.as_ref();
    let (key, department) = (format!("E{number}"), DEPARTMENTS[number % DEPARTMENTS.len()]);
    let mut attributes = told(department);
    attributes.insert("employeeId".into(), Value::from(key.as_str()));
    let since = Timestamp::from_second(1_690_000_000).unwrap();
    let person = Person {
        id: new_id(ids),
        kind: if number.is_multiple_of(7) { IdentityKind::Contractor } else { IdentityKind::Employee },
        display_name: format!("Ada {number}"),
        attributes,
        sponsor: None,
        version: 1,
        since,
    };
    let engagement = Engagement {
        id: new_id(ids),
        person: person.id,
        kind: person.kind,
        source: "hr".parse().unwrap(),
        key,
        spell: 1,
        zone: "Europe/Berlin".parse().unwrap(),
        first_day: "2024-03-01".parse().unwrap(),
        last_day: number.is_multiple_of(5).then(|| "2025-06-30".parse().unwrap()),
        leaves: Vec::new(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    };
    let account = Account {
        id: new_id(ids),
        connection: "ldap".parse().unwrap(),
        person: Some(person.id),
        native_id: Some(NativeId::new(format!("account-{number}"))),
        name: format!("ada{number}"),
        state: AccountState::Active,
        holds: [NativeId::new("staff"), NativeId::new("unknown")].into(),
        seen_at: Some(since),
        version: 1,
    };
    let grant = |role: &str, entitlement: &str| Grant {
        id: new_id(ids),
        person: person.id,
        connection: "ldap".parse().unwrap(),
        entitlement: entitlement.to_owned(),
        reason: Reason::Birthright { role: role.parse().unwrap(), because: "person.kind == \"employee\"".into() },
        valid_from: since,
        valid_until: None,
        state: GrantState::Held,
        version: 1,
    };
    let grants = vec![grant("staff", "group/staff"), grant("finance", "group/finance")];
    PersonFacts {
        urgent: [].into(),
        engagements: vec![engagement],
        accounts: vec![account],
        grants,
        besides: tenure_policy::plan::Besides::default(),
        person,
    }
}
