//! A system that only humans reach: what is asked of whom, what is taken for seen, and the suite
//! of the contract with humans who do what they are asked.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_connect::chaos::Trouble;
use tenure_connect::conformance::{Fixture, Options, ThroughReading, run_with};
use tenure_connect::fake::FakeDesk;
use tenure_connect::{
    AnyConnector, Change, DoubtKind, Locator, Operation, Outcome, RefusalClass, SecretRef, Witness, Write,
};
use tenure_model::{AccountState, Attributes, NativeId, SystemClock, TaskKind, Value};
use tenure_outside::{ManualConfig, ManualConnector};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;

fn settings() -> Json {
    json!({
        "system": "badges of the front desk", "for": "team:facilities", "look": { "for": "team:security" },
        "identify": "employeeId", "attributes": ["name", "photo"],
        "entitlements": [{ "id": "floor-1" }, { "id": "floor-2", "name": "second floor" }],
        "instructions": "Badges are in the safe. {{ change }}.",
    })
}

fn connector(settings: Json, desk: &FakeDesk) -> ManualConnector {
    let config: ManualConfig = serde_json::from_value(settings).unwrap();
    let name = "badges".parse().unwrap();
    ManualConnector::new(&name, config, Arc::new(desk.clone()), Arc::new(SystemClock::new())).unwrap()
}

fn ada() -> Locator {
    Locator::attribute("employeeId", "E7")
}

fn create() -> Change {
    let attributes = [("employeeId", "E7"), ("name", "Ada")].map(|(name, value)| (name.to_owned(), Value::from(value)));
    Change::new(ada(), Write::Create { attributes: attributes.into() })
}

async fn apply(badges: &dyn AnyConnector, change: &Change, key: &str) -> Outcome {
    badges.apply(change, &Operation { key: key.parse().unwrap(), generation: 1 }).await
}

/// The task that a write waits for.
async fn waits(badges: &dyn AnyConnector, change: &Change, key: &str) -> String {
    match apply(badges, change, key).await {
        Outcome::Unknown(doubt) if doubt.kind == DoubtKind::Asked => doubt.asked.unwrap(),
        other => panic!("nobody was asked: {other:?}"),
    }
}

fn attributes(name: &str) -> Attributes {
    [("name".to_owned(), Value::from(name))].into()
}

fn fixture<'a>(witness: &'a ThroughReading<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "employeeId",
        attributes: &attributes,
        free_attribute: Some("photo"),
        naming_attribute: "employeeId",
        entitlements: [Locator::native("floor-1"), Locator::attribute("name", "second floor")],
        witness,
    }
}

#[tokio::test]
async fn a_desk_of_humans_who_do_what_they_are_asked_passes_the_suite() {
    let desk = FakeDesk::obedient(Arc::new(SystemClock::new()));
    let badges = connector(settings(), &desk);
    let report = run_with(&badges, &fixture(&ThroughReading(&badges)), &Options::default()).await;
    held::hold("manual", &Peer::simulated("a desk in memory that does what it is asked", None), &report);
    assert!(report.left.is_empty(), "{report}");
}

#[tokio::test]
async fn every_trouble_that_is_planted_turns_it_red() {
    let desk = FakeDesk::obedient(Arc::new(SystemClock::new()));
    let badges = connector(settings(), &desk);
    let witness = ThroughReading(&badges);
    // Accounts are identified by their names, so nobody else can have the same name.
    let beyond = [Trouble::WrongClass];
    troubles_are_found(|| connector(settings(), &desk), &fixture(&witness), &Options::default(), &beyond).await;
}

#[tokio::test]
async fn a_write_is_unknown_until_somebody_else_has_looked_and_is_told_with_their_name() {
    let desk = FakeDesk::silent(Arc::new(SystemClock::new()));
    let badges = connector(settings(), &desk);
    assert_eq!(badges.describe().witness, Witness::Attested);
    assert_eq!(waits(&badges, &create(), "aa").await, waits(&badges, &create(), "aa").await);
    let asked = desk.requests();
    assert_eq!(
        (asked.len(), asked[0].kind, asked[0].assignee.to_string()),
        (1, TaskKind::Work, "team:facilities".into())
    );
    assert!(asked[0].instructions.starts_with("Badges are in the safe. create employeeId=E7."), "{asked:?}");
    assert!(asked[0].instructions.contains("name: Ada"), "{asked:?}");
    assert_eq!(badges.get(&ada()).await.unwrap(), None, "what nobody attested was taken for seen");

    // Whoever did it may not be the one who looks.
    desk.say(0, true, "bob", None);
    waits(&badges, &create(), "aa").await;
    let asked = desk.requests();
    assert_eq!((asked.len(), asked[1].kind, asked[1].barred.clone()), (2, TaskKind::Look, ["bob".to_owned()].into()));
    assert_eq!(badges.get(&ada()).await.unwrap(), None, "the word of whoever did it was enough");

    // It is not so: it is asked for again, with what was seen.
    desk.say(1, false, "carol", Some("there is no badge"));
    waits(&badges, &create(), "aa").await;
    let asked = desk.requests();
    assert!(asked.len() == 3 && asked[2].instructions.contains("carol looked: there is no badge"), "{asked:?}");
    desk.say(2, true, "bob", None);
    waits(&badges, &create(), "aa").await;
    desk.say(3, true, "dan", None);
    let Outcome::Done { seen } = apply(&badges, &create(), "aa").await else { panic!("not done") };
    assert_eq!((seen.state, &seen.attributes["attestedBy"]), (AccountState::Active, &Value::from("dan")));
    assert_eq!(desk.requests().len(), 4);

    // The same again asks nobody, under whatever key.
    assert!(matches!(apply(&badges, &create(), "bb").await, Outcome::Done { .. }));
    assert_eq!(desk.requests().len(), 4);
}

#[tokio::test]
async fn a_human_can_say_no_and_what_makes_no_sense_is_asked_of_nobody() {
    let desk = FakeDesk::silent(Arc::new(SystemClock::new()));
    let badges = connector(settings(), &desk);
    waits(&badges, &create(), "aa").await;
    desk.say(0, false, "bob", Some("she never came"));
    let Outcome::Refused(refusal) = apply(&badges, &create(), "aa").await else { panic!("not refused") };
    assert!(refusal.class == RefusalClass::Permission && refusal.message.contains("she never came"), "{refusal}");

    let set = |name: &str, value: &str| Write::Set { attributes: [(name.to_owned(), Value::from(value))].into() };
    let secret: SecretRef = "file:/nowhere".parse().unwrap();
    let before = desk.requests().len();
    for write in [
        Write::Grant { entitlement: NativeId::new("floor-1"), name: "x".into() },
        set("name", "Ada"),
        Write::SetPassword { secret, must_change: false },
        Write::Create { attributes: [("shoe".to_owned(), Value::from("7"))].into() },
        Write::Create { attributes: [("name".to_owned(), Value::from("a\u{0}b"))].into() },
    ] {
        let outcome = apply(&badges, &Change::new(ada(), write), "cc").await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    assert_eq!(desk.requests().len(), before, "nonsense was asked of a human");
}

#[test]
fn settings_that_make_no_sense_are_refused_with_their_place() {
    for (setting, value) in [
        ("system", json!(" ")),
        ("withinHours", json!(0)),
        ("attributes", json!(["name", "name"])),
        ("attributes", json!(["attestedBy"])),
        ("entitlements", json!([{ "id": "a" }, { "id": "a" }])),
    ] {
        let mut settings = settings();
        settings[setting] = value.clone();
        let config: ManualConfig = serde_json::from_value(settings).unwrap();
        assert_eq!(config.check().unwrap_err().setting, setting, "{value}");
    }
    let mut stray = settings();
    stray["for"] = json!("somebody");
    assert!(serde_json::from_value::<ManualConfig>(stray).unwrap_err().to_string().contains("team:"));
}
