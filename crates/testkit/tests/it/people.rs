//! Who people are, in an open house on each database: whose word counts, what they are called, and
//! who turns out to be one or two.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use jiff::civil::date;
use tenure_app::cases::resolve::{Answer, resolve};
use tenure_app::events::accept::{Accepted, accept};
use tenure_app::merges::{merge::merge, split, undo::undo};
use tenure_app::people::show::{self, Shown};
use tenure_app::people::{list::list, names};
use tenure_app::{AppError, Cx, cases};
use tenure_model::{Actor, Attributes, EventKind, IdentityKind, PersonKey, Value, Zone};
use tenure_server::house::{open, settings};
use tenure_testkit::company::Company;
use tenure_testkit::databases;

const DOCUMENTS: &str = r#"
apiVersion: tenure/v1
kind: Connection
metadata: { name: payroll }
spec: { connector: events, direction: source }
---
apiVersion: tenure/v1
kind: Mapping
metadata: { name: hr-in }
spec:
  from:
    connection: hr
    object: worker
    fields: { employeeId: text, first: text, preferred: text, family: text, email: text, mobile: text, boss: text, level: number }
  to: person
  match:
    - { left: worker.employeeId, right: person.employeeId }
    - { left: lower(worker.email), right: person.email, onHit: ask }
  set:
    employeeId: worker.employeeId
    givenName: worker.preferred ?? worker.first
    familyName: worker.family
    email: lower(worker.email)
    phone: worker.mobile
    desk: { value: worker.mobile, strength: initial }
    level: worker.level
    manager: ref("person", "employeeId", worker.boss)
---
apiVersion: tenure/v1
kind: Authority
metadata: { name: staff }
spec:
  for: [employee]
  attributes:
    phone: [payroll, hr]
    level: { from: hr, type: number }
  events:
    employment.ended: [hr]
---
apiVersion: tenure/v1
kind: Generator
metadata: { name: user-name }
spec:
  attribute: userName
  names: ['person.givenName.substring(0, 1) + person.familyName']
  reserved: [root]
"#;

struct World {
    cx: Cx,
    /// Holds the folder.
    _company: Company,
}

async fn each_world(test: impl AsyncFn(World)) {
    for database in databases::each().await {
        let company = Company::with_memory(&database.url, DOCUMENTS.trim_start());
        let config = settings(Some(&company.config()), None).unwrap();
        let opened = open(&config).await.unwrap();
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        test(World { cx, _company: company }).await;
    }
}

impl World {
    async fn tell(&self, source: &str, id: &str, key: &str, kind: EventKind) -> Result<Accepted, AppError> {
        let subject = PersonKey { attribute: "employeeId".into(), value: key.into() };
        accept(&self.cx, source.parse().unwrap(), id.into(), subject, kind).await
    }

    async fn join(&self, key: &str, values: &[(&str, &str)]) -> Accepted {
        let said = [("family", "Lovelace"), ("first", "Ada")].into_iter().chain(values.iter().copied());
        self.tell("hr", &format!("join-{key}"), key, started(said)).await.unwrap()
    }

    async fn show(&self, name: &str) -> Shown {
        show::show(&self.cx, name.into()).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    async fn value(&self, name: &str, attribute: &str) -> Option<String> {
        self.show(name).await.facts.person.attributes.get(attribute).map(ToString::to_string)
    }
}

fn started<'a>(said: impl IntoIterator<Item = (&'a str, &'a str)>) -> EventKind {
    EventKind::EmploymentStarted {
        kind: IdentityKind::Employee,
        first_day: date(2024, 3, 1),
        zone: Zone::utc(),
        attributes: attributes(said),
    }
}

fn changed<'a>(said: impl IntoIterator<Item = (&'a str, &'a str)>) -> EventKind {
    EventKind::PersonChanged { attributes: attributes(said) }
}

fn attributes<'a>(said: impl IntoIterator<Item = (&'a str, &'a str)>) -> Attributes {
    let value = |text: &str| if text == "-" { Value::Cleared } else { text.into() };
    said.into_iter().map(|(name, text)| (name.to_owned(), value(text))).collect()
}

#[tokio::test]
async fn every_value_tells_whose_word_it_is_and_who_says_otherwise() {
    each_world(async |world| {
        world.join("E1", &[("mobile", "111"), ("preferred", "Augusta"), ("level", "7")]).await;
        assert_eq!(world.value("E1", "givenName").await.as_deref(), Some("Augusta"));
        assert_eq!(
            world.show("E1").await.facts.person.attributes["level"],
            Value::Number(7),
            "a file knows only texts"
        );
        assert_eq!(world.value("E1", "phone").await.as_deref(), Some("111"));
        // Payroll comes first for the phone, and hr's word stays beside it.
        world.tell("payroll", "p1", "E1", changed([("phone", "222"), ("bank", "x")])).await.unwrap();
        let shown = world.show("E1").await;
        let phone = &shown.merged.attributes["phone"];
        assert_eq!(phone.by.as_ref().map(|by| (by.source.as_str(), by.value.clone())), Some(("payroll", "222".into())));
        assert_eq!(phone.others.iter().map(|said| said.value.clone()).collect::<Vec<_>>(), ["111".into()]);
        assert!(phone.is_disputed() && phone.why.contains("gives the word on `phone` to payroll"), "{}", phone.why);
        // A later word of hr changes nothing; silence clears nothing; to clear is to speak.
        world.tell("hr", "h2", "E1", changed([("mobile", "333")])).await.unwrap();
        assert_eq!(world.value("E1", "phone").await.as_deref(), Some("222"));
        assert_eq!(world.value("E1", "desk").await.as_deref(), Some("111"), "what is said to begin with stays");
        world.tell("payroll", "p2", "E1", changed([("bank", "y")])).await.unwrap();
        assert_eq!(world.value("E1", "phone").await.as_deref(), Some("222"));
        world.tell("payroll", "p3", "E1", changed([("phone", "-")])).await.unwrap();
        assert_eq!(world.value("E1", "phone").await, None);
        // Of what no document lists whoever speaks is believed.
        assert_eq!(world.value("E1", "bank").await.as_deref(), Some("y"));
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_source_without_the_word_is_noted_and_changes_nothing() {
    each_world(async |world| {
        world.join("E1", &[]).await;
        let ended = EventKind::EmploymentEnded { last_day: date(2024, 6, 1), urgent: true };
        let noted = world.tell("payroll", "p1", "E1", ended).await.unwrap();
        assert_eq!(
            noted.note.as_deref(),
            Some("hr has the word on employment.ended of the kind employee, not payroll")
        );
        assert_eq!((noted.case, noted.runs.len()), (None, 0));
        assert_eq!(world.show("E1").await.facts.engagements[0].last_day, None);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_makes_no_sense_is_refused_by_name_and_the_next_one_is_taken() {
    each_world(async |world| {
        let said = [("first", "Ada"), ("family", "Lovelace"), ("level", "high")];
        let refused = world.tell("hr", "j1", "E1", started(said)).await.unwrap_err().to_string();
        assert!(refused.contains("the record of employeeId E1 is left out by mapping `hr-in`"), "{refused}");
        assert!(refused.contains("`level`: it is not a number"), "{refused}");
        assert!(show::show(&world.cx, "E1".into()).await.is_err());
        world.join("E2", &[]).await;
        assert_eq!(world.value("E2", "givenName").await.as_deref(), Some("Ada"));
    })
    .await;
}

#[tokio::test]
async fn a_manager_who_appears_later_is_found() {
    each_world(async |world| {
        world.join("E1", &[("boss", "E9")]).await;
        assert_eq!(world.value("E1", "manager").await, None);
        let boss = world.join("E9", &[("boss", "E9")]).await.person.unwrap();
        assert_eq!(world.value("E1", "manager").await, Some(boss.to_string()));
        assert_eq!(world.value("E9", "manager").await, None, "nobody is their own manager");
        world.tell("hr", "h2", "E1", changed([("boss", "-")])).await.unwrap();
        assert_eq!(world.value("E1", "manager").await, None);
    })
    .await;
}

#[tokio::test]
async fn fifty_who_join_at_once_under_one_name_get_fifty_names() {
    each_world(async |world| {
        let keys: Vec<String> = (0..50).map(|number| format!("E{number}")).collect();
        join_all(keys.iter().map(|key| world.join(key, &[]))).await;
        let mut made = BTreeSet::new();
        for key in &keys {
            made.insert(world.value(key, "userName").await.unwrap());
        }
        assert_eq!(made.len(), 50, "{made:?}");
        assert!(made.contains("alovelace") && made.contains("alovelace50"), "{made:?}");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_no_rule_can_make_is_asked_for() {
    each_world(async |world| {
        let joined = world.join("E1", &[("first", "太郎"), ("family", "山田")]).await;
        let case = cases::show::show(&world.cx, joined.case.unwrap()).await.unwrap();
        assert!(
            case.case.question.contains("`太` has no spelling in Latin letters; choose one"),
            "{}",
            case.case.question
        );
        let again = world.tell("hr", "h2", "E1", changed([("first", "次郎")])).await.unwrap();
        assert_eq!(again.case, None, "it is asked once");
        let generator = || "user-name".parse().unwrap();
        for (name, wrong) in [("Yamada", "`Y` is not one of its letters"), ("root", "reserved"), ("a@b", "no address")]
        {
            let refused = names::give(&world.cx, "E1".into(), generator(), Some(name.into())).await.unwrap_err();
            assert!(refused.to_string().contains(wrong), "{refused}");
        }
        names::give(&world.cx, "E1".into(), generator(), Some("yamada".into())).await.unwrap();
        assert_eq!(world.value("E1", "userName").await.as_deref(), Some("yamada"));
        assert_eq!(cases::list::list(&world.cx, None, 10).await.unwrap(), []);
        // What somebody had rests, and goes to nobody else before its time.
        world.join("E2", &[]).await;
        let next = names::give(&world.cx, "E2".into(), generator(), None).await.unwrap();
        assert_eq!(next.name, "alovelace2");
        let taken = names::give(&world.cx, "E1".into(), generator(), Some("alovelace".into())).await.unwrap_err();
        assert!(taken.to_string().contains("rests until 365 days"), "{taken}");
        let taken = names::give(&world.cx, "E1".into(), generator(), Some("alovelace2".into())).await.unwrap_err();
        assert!(taken.to_string().contains("somebody else's"), "{taken}");
    })
    .await;
}

#[tokio::test]
async fn a_changed_key_is_a_question_and_never_a_second_person() {
    each_world(async |world| {
        let ada = world.join("E1", &[("email", "Ada@X.org")]).await.person.unwrap();
        let asked = world.join("E2000", &[("email", "ada@x.org")]).await;
        assert_eq!((asked.person, asked.runs.len()), (None, 0));
        let case = cases::show::show(&world.cx, asked.case.unwrap()).await.unwrap().case;
        assert_eq!(case.question, "hr calls somebody E2000 whom it seems to have called E1 until now");
        assert_eq!(case.detail.as_ref().map(|detail| detail.kind.as_str()), Some("key-change"));
        assert_eq!(list(&world.cx, None, None, 10).await.unwrap().len(), 1);
        let resolved = resolve(&world.cx, case.id, Answer::Is(ada), None).await.unwrap();
        assert!(!resolved.runs.is_empty());
        let shown = world.show("E2000").await;
        assert_eq!(shown.facts.person.id, ada);
        assert_eq!(shown.facts.engagements.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["E2000"]);
        assert_eq!(list(&world.cx, None, None, 10).await.unwrap().len(), 1);
    })
    .await;
}

/// Everything of a person that is not a count of changes.
fn still(shown: Shown) -> String {
    let mut facts = shown.facts;
    facts.person.version = 0;
    facts.engagements.iter_mut().for_each(|row| row.version = 0);
    facts.accounts.iter_mut().for_each(|row| row.version = 0);
    facts.grants.iter_mut().for_each(|row| row.version = 0);
    format!("{facts:#?} {:#?}", shown.merged)
}

/// The engine does not run here, so what waits in its inbox is taken for done.
async fn two(world: &World) -> [String; 2] {
    let ada = world.join("E1", &[("mobile", "111"), ("boss", "E2")]).await.person.unwrap();
    let other = world.join("C7", &[("email", "al@x.org")]).await.person.unwrap();
    world.tell("payroll", "p1", "C7", changed([("phone", "999"), ("bank", "y")])).await.unwrap();
    [ada.to_string(), other.to_string()]
}

#[tokio::test]
async fn a_merge_that_is_undone_leaves_no_trace_but_its_record() {
    each_world(async |world| {
        let [ada, other] = two(&world).await;
        let before = [still(world.show(&ada).await), still(world.show(&other).await)];
        let done = merge(&world.cx, ada.clone(), other.clone(), "one and the same".into()).await.unwrap();
        let shown = world.show(&other).await;
        assert_eq!(shown.facts.person.id.to_string(), ada, "who asks for the one means the other");
        assert_eq!(shown.facts.engagements.len(), 2);
        assert_eq!(world.value(&ada, "phone").await.as_deref(), Some("999"));
        assert_eq!(world.value(&ada, "bank").await.as_deref(), Some("y"));
        assert_eq!(list(&world.cx, None, None, 10).await.unwrap().len(), 1);
        assert!(!done.runs.is_empty());
        for (kept, wrong) in [(&ada, "is one person already"), (&other, "is merged into")] {
            let refused = merge(&world.cx, kept.clone(), ada.clone(), "x".into()).await.unwrap_err();
            assert!(refused.to_string().contains(wrong), "{refused}");
        }
        undo(&world.cx, done.merge.id).await.unwrap();
        assert_eq!([still(world.show(&ada).await), still(world.show(&other).await)], before);
        let twice = undo(&world.cx, done.merge.id).await.unwrap_err();
        assert!(twice.to_string().contains("is undone already"), "{twice}");
    })
    .await;
}

#[tokio::test]
async fn what_was_heard_after_a_merge_is_kept_when_it_is_undone() {
    each_world(async |world| {
        let [ada, other] = two(&world).await;
        let done = merge(&world.cx, ada.clone(), other.clone(), "one and the same".into()).await.unwrap();
        world.tell("hr", "h9", "E1", changed([("mobile", "555"), ("level", "9")])).await.unwrap();
        undo(&world.cx, done.merge.id).await.unwrap();
        assert_eq!(world.value(&ada, "level").await.as_deref(), Some("9"));
        assert_eq!(world.value(&ada, "phone").await.as_deref(), Some("555"));
        assert_eq!(world.value(&other, "phone").await.as_deref(), Some("999"));
    })
    .await;
}

#[tokio::test]
async fn a_split_that_is_undone_leaves_no_trace_but_its_record() {
    each_world(async |world| {
        let [ada, other] = two(&world).await;
        merge(&world.cx, ada.clone(), other, "by mistake".into()).await.unwrap();
        let before = still(world.show(&ada).await);
        let parted = |keys: &[&str]| split::Parted {
            engagements: keys.iter().map(|key| (*key).into()).collect(),
            accounts: Vec::new(),
        };
        for (keys, wrong) in [(&["E1", "C7"][..], "one must stay"), (&["X"][..], "there is no engagement `X`")] {
            let refused = split::split(&world.cx, ada.clone(), parted(keys), "two".into()).await.unwrap_err();
            assert!(refused.to_string().contains(wrong), "{refused}");
        }
        let done = split::split(&world.cx, ada.clone(), parted(&["C7"]), "two".into()).await.unwrap();
        let newcomer = done.merge.other.to_string();
        assert_eq!(world.show(&newcomer).await.facts.engagements.len(), 1);
        assert_eq!(world.show(&ada).await.facts.engagements.len(), 1);
        assert_eq!(list(&world.cx, None, None, 10).await.unwrap().len(), 2);
        undo(&world.cx, done.merge.id).await.unwrap();
        assert_eq!(list(&world.cx, None, None, 10).await.unwrap().len(), 1);
        assert_eq!(still(world.show(&ada).await), before);
    })
    .await;
}
