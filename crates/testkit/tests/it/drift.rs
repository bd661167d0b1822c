//! Readings of a connected system by a whole house: what somebody else changed is found and told
//! apart, taken back by runs where the document says so, and never made up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tenure_app::Cx;
use tenure_app::brakes;
use tenure_app::brakes::decide::{Said, decide};
use tenure_app::drift::{accept, adopt, compare, disable, link, list, restore};
use tenure_app::events::accept::accept as take_in;
use tenure_app::live::{InForce, Live};
use tenure_app::reconcile::show;
use tenure_app::reconcile::turn::{Due, turn};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{
    Batch, Change, ChangeToken, Changes, Checked, Completeness, Connector, Description, Desired, Expectation, Locator,
    ObjectClass, Operation, Outcome, Page, Query, Refusal, Verdict, Write,
};
use tenure_model::{
    AccountState, Actor, ActorKind, Attributes, ConnectionName, DriftKind, EventKind, IdentityKind, NativeId, Observed,
    PersonId, PersonKey, Role, RunId, Value, new_id,
};
use tenure_server::house::{Opened, Working, open, settings};
use tenure_store::readings::Tally;
use tenure_store::removals::HeldState;
use tenure_testkit::act;
use tenure_testkit::company::Company;
use tenure_testkit::databases;
use tenure_testkit::slapd::{BASE_DN, Slapd};

use crate::walk::until_done;

/// How a shy system lies about what it has.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Mood {
    Honest,
    /// It leaves everything out and says that it stopped early.
    Partial,
    /// It leaves everything out and says that this was all.
    Forgetful,
}

/// A system that may leave out what it has.
#[derive(Clone)]
struct Shy {
    target: FakeTarget,
    mood: Arc<AtomicU8>,
}

impl Shy {
    fn be(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }
    fn is(&self, mood: Mood) -> bool {
        self.mood.load(Ordering::SeqCst) == mood as u8
    }
    /// Somebody else writes to it.
    async fn foreign(&self, name: &str, write: Write) {
        act::done(&self.target, &Change::new(Locator::attribute("uid", name), write)).await;
    }
}

impl Connector for Shy {
    fn describe(&self) -> &Description {
        Connector::describe(&self.target)
    }
    async fn check(&self) -> Result<Checked, Refusal> {
        Connector::check(&self.target).await
    }
    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let batch = Connector::read(&self.target, query, page).await?;
        if self.is(Mood::Honest) || query.class != ObjectClass::Account {
            return Ok(batch);
        }
        let why = "size limit exceeded".to_owned();
        let completeness = if self.is(Mood::Partial) { Completeness::Partial { why } } else { Completeness::Whole };
        Ok(Batch { objects: Vec::new(), next: None, completeness, expected: None })
    }
    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        Connector::get(&self.target, locator).await
    }
    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        Connector::plan(&self.target, desired).await
    }
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        Connector::apply(&self.target, change, operation).await
    }
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        Connector::verify(&self.target, expectation).await
    }
    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        Connector::changes(&self.target, class, since).await
    }
}

/// A house with a shy system.
struct Scene {
    opened: Opened,
    working: Option<Working>,
    shy: Shy,
    cx: Cx,
    _company: Company,
}

impl Scene {
    async fn new(database: &str, lines: &str) -> Self {
        let company = Company::with_watched(database, lines);
        let mut opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
        let mut house = Arc::into_inner(opened.house).unwrap();
        let target = FakeTarget::new(Arc::clone(&house.clock)).with_groups(["staff", "finance", "admins"]);
        let shy = Shy { target, mood: Arc::new(AtomicU8::new(Mood::Honest as u8)) };
        let now = house.live.now();
        let mut built = now.built.clone();
        built.connectors.insert(ldap(), Arc::new(shy.clone()));
        house.live = Live::new(InForce::new(now.version, now.hash.clone(), built), house.live.builder());
        opened.house = Arc::new(house);
        let working = Some(Working::start(&opened, opened.sealer()));
        let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
        Self { opened, working, shy, cx, _company: company }
    }

    async fn join(&self, number: u32) -> PersonId {
        self.tell(number, "joins", joins(number)).await
    }

    async fn leave(&self, number: u32) -> PersonId {
        let ended = EventKind::EmploymentEnded { last_day: "2024-11-30".parse().unwrap(), urgent: true };
        self.tell(number, "leaves", ended).await
    }

    async fn tell(&self, number: u32, what: &str, kind: EventKind) -> PersonId {
        let key = PersonKey { attribute: "employeeId".into(), value: format!("E{number}") };
        let told = take_in(&self.cx, "hr".parse().unwrap(), format!("{what}-{number}"), key, kind).await.unwrap();
        until_done(&self.opened, &told.runs).await;
        told.person.unwrap()
    }

    async fn read(&self) -> Tally {
        self.turn(Due::Whole).await
    }

    /// Reads until nothing is left out because a run works on it.
    async fn read_all(&self) {
        for _ in 0..400 {
            if self.read().await.left == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("a run does not come to its end");
    }

    async fn turn(&self, due: Due) -> Tally {
        turn(&self.opened.house, &ldap(), due, self.opened.house.ids.uuid()).await.unwrap().unwrap()
    }

    async fn drift(&self) -> Vec<list::Shown> {
        list::list(&self.cx, Some(ldap()), None, 100).await.unwrap()
    }

    /// Until the runs that were started for what is open have settled it.
    async fn until_settled(&self) {
        let runs: Vec<RunId> = self.drift().await.iter().filter_map(|shown| shown.drift.run).collect();
        until_done(&self.opened, &runs).await;
    }

    async fn end(mut self) {
        if let Some(working) = self.working.take() {
            working.stop(std::time::Duration::from_secs(10)).await;
        }
    }
}

fn joins(number: u32) -> EventKind {
    let text = |value: String| Value::Text(value);
    let attributes = Attributes::from([
        ("employeeId".into(), text(format!("E{number}"))),
        ("givenName".into(), text(format!("Ada{number}"))),
        ("familyName".into(), text("Lovelace".into())),
        ("email".into(), text(format!("ada{number}@example.org"))),
        ("department".into(), text("Finance".into())),
    ]);
    EventKind::EmploymentStarted {
        kind: IdentityKind::Employee,
        first_day: "2024-03-01".parse().unwrap(),
        zone: "Europe/Berlin".parse().unwrap(),
        attributes,
    }
}

fn ldap() -> ConnectionName {
    "ldap".parse().unwrap()
}

fn set(name: &str, value: &str) -> Write {
    Write::Set { attributes: [(name.to_owned(), Value::from(value))].into() }
}

fn grant(group: &str) -> Write {
    Write::Grant { entitlement: NativeId::new(format!("group-{group}")), name: group.to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_changed_is_found_once_and_told_apart() {
    for database in databases::each().await {
        let scene = Scene::new(&database.url, "").await;
        scene.join(1).await;
        // What we made ourselves was kept as it was read back: nothing is new or changed.
        let first = scene.read().await;
        assert_eq!((first.read, first.new, first.changed, first.drifts), (1, 0, 0, 0), "{first:?}");
        scene.shy.foreign("alovelace", grant("admins")).await;
        scene.shy.foreign("alovelace", set("mail", "thief@example.org")).await;
        scene.shy.foreign("alovelace", set("description", "nobody watches this")).await;
        let found = scene.read().await;
        assert_eq!((found.changed, found.drifts), (1, 2), "{found:?}");
        let kinds: Vec<DriftKind> = scene.drift().await.iter().map(|shown| shown.drift.kind).collect();
        assert!(kinds.contains(&DriftKind::Attribute) && kinds.contains(&DriftKind::Membership), "{kinds:?}");
        let again = scene.read().await;
        assert_eq!((again.changed, again.drifts), (0, 0), "{again:?}");
        // Whoever sees to it themselves needs to tell nobody.
        scene.shy.foreign("alovelace", set("mail", "ada1@example.org")).await;
        scene.read().await;
        let left = scene.drift().await;
        assert_eq!(left.len(), 1, "{left:#?}");
        let gaps = compare::compare(&scene.cx, ldap(), None, 10).await.unwrap().gaps;
        assert!(gaps.iter().any(|gap| gap.what == "group-admins" && gap.why == "nobody decided this"), "{gaps:#?}");
        accept::accept(&scene.cx, left[0].drift.id, "agreed".into()).await.unwrap();
        assert_eq!(scene.drift().await, []);
        assert!(accept::accept(&scene.cx, left[0].drift.id, "twice".into()).await.is_err());
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_whole_reading_says_that_something_is_gone() {
    let scene = Scene::new("sqlite", "").await;
    scene.join(1).await;
    scene.read().await;
    scene.shy.be(Mood::Partial);
    let partial = scene.read().await;
    assert!(partial.doubt.is_some() && partial.missing == 0, "{partial:?}");
    assert_eq!(scene.drift().await, []);
    // A system that says that this was all is asked for each account before it is believed.
    scene.shy.be(Mood::Forgetful);
    let forgetful = scene.read().await;
    assert!(forgetful.missing == 0, "{forgetful:?}");
    assert_eq!(scene.drift().await, []);
    let fresh = show::show(&scene.cx, &ldap()).await.unwrap();
    assert!(fresh.true_since.is_some() && fresh.true_since <= fresh.reading.tried_at, "{fresh:?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_all_accounts_is_not_gone_at_once() {
    let scene = Scene::new("sqlite", "").await;
    for number in 1..=12 {
        let name = format!("stranger{number}");
        let attributes = [("uid".to_owned(), Value::from(name.as_str()))].into();
        scene.shy.foreign(&name, Write::Create { attributes }).await;
    }
    let first = scene.read().await;
    assert_eq!((first.new, first.orphans), (12, 12), "{first:?}");
    scene.shy.be(Mood::Forgetful);
    let shrunk = scene.read().await;
    assert!(shrunk.doubt.as_deref().is_some_and(|why| why.contains("not believed at once")), "{shrunk:?}");
    scene.shy.be(Mood::Honest);
    assert_eq!(scene.read().await.new, 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_document_says_is_taken_back_by_runs() {
    for database in databases::each().await {
        let scene = Scene::new(&database.url, "  drift: restore\n").await;
        scene.join(1).await;
        scene.read().await;
        scene.shy.foreign("alovelace", grant("admins")).await;
        scene.shy.foreign("alovelace", set("mail", "thief@example.org")).await;
        let revoke = Write::Revoke { entitlement: NativeId::new("group-staff"), name: "staff".into() };
        scene.shy.foreign("alovelace", revoke).await;
        scene.read().await;
        scene.until_settled().await;
        assert_eq!(scene.drift().await, []);
        let seen = scene.shy.target.account("alovelace").unwrap();
        assert_eq!(seen.attributes["mail"], Value::from("ada1@example.org"));
        let holds: Vec<&str> = seen.holds.iter().map(NativeId::as_str).collect();
        assert_eq!(holds, ["group-finance", "group-staff"]);
        // A leaver's account that somebody brings back is disabled again.
        scene.leave(1).await;
        scene.read().await;
        scene.shy.foreign("alovelace", Write::Enable).await;
        scene.read_all().await;
        assert!(scene.drift().await.iter().all(|shown| shown.drift.kind == DriftKind::Resurrected));
        scene.until_settled().await;
        assert_eq!(scene.shy.target.account("alovelace").unwrap().state, AccountState::Disabled);
        assert_eq!(scene.drift().await, []);
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_at_once_is_asked_and_one_of_it_can_be_restored() {
    let scene = Scene::new("sqlite", "  drift: { membership: restore }\n").await;
    for number in 1..=6 {
        scene.join(number).await;
    }
    scene.read().await;
    let names = ["alovelace", "alovelace2", "alovelace3", "alovelace4", "alovelace5", "alovelace6"];
    for name in names {
        scene.shy.foreign(name, grant("admins")).await;
    }
    scene.read().await;
    let held = scene.drift().await;
    assert!(held.len() == 6 && held.iter().all(|shown| shown.drift.run.is_none()), "{held:#?}");
    let run = restore::restore(&scene.cx, held[0].drift.id).await.unwrap();
    until_done(&scene.opened, &[run]).await;
    assert_eq!(scene.drift().await.len(), 5);
    // One after the other is as much as all at once: the sixth of an hour waits for two people.
    for shown in &held[1..] {
        let run = restore::restore(&scene.cx, shown.drift.id).await.unwrap();
        until_done(&scene.opened, &[run]).await;
    }
    let open = scene.drift().await;
    assert_eq!(open.len(), 1, "{open:#?}");
    let sets = brakes::list::list(&scene.cx, Some(HeldState::Open), None, 10).await.unwrap();
    assert_eq!(sets.len(), 1);
    for who in ["ada", "bob"] {
        let said = Said { yes: true, size: sets[0].size.removals, reason: "nobody wanted it".to_owned() };
        let token = new_id(scene.opened.house.ids.as_ref());
        let kind = ActorKind::Caller { token, roles: [Role::Operator].into() };
        let cx = Cx::new(Arc::clone(&scene.opened.house), Actor { name: who.to_owned(), kind });
        decide(&cx, sets[0].set.id, said).await.unwrap();
    }
    scene.until_settled().await;
    assert_eq!(scene.drift().await, []);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_nobody_get_an_owner_or_an_end() {
    let scene = Scene::new("sqlite", "  reconcile: { every: never }\n").await;
    let sponsor = scene.join(1).await;
    for name in ["svc-backup", "jdoe", "old-admin"] {
        let attributes = Attributes::from([("uid".to_owned(), Value::from(name))]);
        scene.shy.foreign(name, Write::Create { attributes }).await;
    }
    scene.shy.foreign("svc-backup", grant("staff")).await;
    assert_eq!(scene.read().await.orphans, 3);
    let other = scene.join(2).await;
    let adopted =
        adopt::adopt(&scene.cx, ldap(), "svc-backup".into(), sponsor, "nightly backups".into()).await.unwrap();
    assert_eq!((adopted.person.sponsor, adopted.grants.len()), (Some(sponsor), 1));
    let linked = link::link(&scene.cx, ldap(), "JDoe".into(), other).await.unwrap();
    until_done(&scene.opened, &linked.runs).await;
    let run = disable::disable(&scene.cx, ldap(), "old-admin".into(), "nobody claims it".into()).await.unwrap();
    until_done(&scene.opened, &[run]).await;
    assert_eq!(scene.shy.target.account("old-admin").unwrap().state, AccountState::Disabled);
    assert!(disable::disable(&scene.cx, ldap(), "svc-backup".into(), "it has an owner".into()).await.is_err());
    let orphans = show::orphans(&scene.cx, &ldap(), None, 10).await.unwrap();
    let names: Vec<&str> = orphans.iter().map(|seen| seen.name.as_str()).collect();
    assert_eq!(names, ["old-admin"]);
    // Somebody who has no account there is named by one: it is theirs without anybody saying so.
    let EventKind::EmploymentStarted { first_day, zone, attributes, .. } = joins(9) else { panic!("not a start") };
    let kind = IdentityKind::Contractor;
    scene.tell(9, "joins", EventKind::EmploymentStarted { kind, first_day, zone, attributes }).await;
    let named = [("uid".to_owned(), Value::from("freelance")), ("employeeNumber".to_owned(), Value::from("E9"))];
    scene.shy.foreign("freelance", Write::Create { attributes: named.into() }).await;
    let read = scene.read().await;
    assert_eq!((read.linked, read.orphans), (1, 1), "{read:?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_tells_what_changed_is_followed() {
    let scene = Scene::new("sqlite", "").await;
    scene.join(1).await;
    scene.read().await;
    scene.shy.foreign("alovelace", grant("admins")).await;
    scene.turn(Due::Follow).await;
    assert_eq!(scene.drift().await.len(), 1);
    // It forgot where we were: everything is read again, and nothing is found twice.
    scene.shy.target.forget_changes();
    let all = scene.turn(Due::Follow).await;
    assert_eq!((all.read, all.drifts), (1, 0), "{all:?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_directory_is_read_and_what_changed_there_is_found() {
    let slapd = Slapd::start().await;
    let company = Company::new("sqlite", &slapd);
    let opened = open(&settings(Some(&company.config()), None).unwrap()).await.unwrap();
    let working = Working::start(&opened, opened.sealer());
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("test"));
    let key = PersonKey { attribute: "employeeId".into(), value: "E1".into() };
    let told = take_in(&cx, "hr".parse().unwrap(), "1".into(), key, joins(1)).await.unwrap();
    until_done(&opened, &told.runs).await;
    let read = async || turn(&opened.house, &ldap(), Due::Whole, opened.house.ids.uuid()).await.unwrap().unwrap();
    let first = read().await;
    assert_eq!((first.changed, first.drifts, first.doubt), (0, 0, None));
    let found = slapd.search(BASE_DN, "(employeeNumber=E1)", &["mail"]);
    let dn = found.lines().find_map(|line| line.strip_prefix("dn: ")).unwrap().to_owned();
    slapd.change(&format!("dn: {dn}\nchangetype: modify\nreplace: mail\nmail: thief@example.org\n"));
    let changed = read().await;
    assert_eq!((changed.changed, changed.drifts), (1, 1), "{changed:?}");
    slapd.change(&format!("dn: {dn}\nchangetype: delete\n"));
    let gone = read().await;
    assert_eq!((gone.missing, gone.drifts), (1, 1), "{gone:?}");
    let kinds: Vec<DriftKind> =
        list::list(&cx, None, None, 10).await.unwrap().iter().map(|shown| shown.drift.kind).collect();
    assert_eq!(kinds, [DriftKind::Attribute, DriftKind::Missing]);
    working.stop(std::time::Duration::from_secs(10)).await;
}
