//! Plans: what follows from which facts, and that planning again finds nothing.

use super::*;
use crate::account::{Deletion, Fill};
use crate::day::{Day, Edge};
use crate::group::Group;
use crate::role::{Birthright, Risk, RoleGrant};
use crate::rule::{Effect, Holding, Rule, Says};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use tenure_model::{AccountState, Attributes, GrantState, IdentityKind, Ids, SeededIds, Value, new_id};

const NOW: &str = "2026-11-30T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn role(text: &str, when: &str, lead_days: i16, grace_days: u16, grants: &[(&str, &str)]) -> Role {
    let grants = grants.iter().map(|(connection, entitlement)| RoleGrant {
        connection: name(connection),
        entitlement: entitlement.parse().unwrap(),
        when: None,
    });
    let from = Day { edge: Edge::FirstDay, days: -lead_days };
    Role {
        name: name(text),
        title: text.into(),
        owner: "team".into(),
        birthright: Some(Birthright { from, grace_days, ..Birthright::of(when.parse().unwrap()) }),
        requestable: None,
        includes: Vec::new(),
        grants: grants.collect(),
        risk: Risk::default(),
        review_days: None,
    }
}

fn target(connection: &str) -> (ConnectionName, Target) {
    let mut template = AccountTemplate::default();
    let fill = |text: &str| Fill::from(text.parse::<crate::Expression>().unwrap());
    template.set.insert("uid".into(), fill("lower(ascii(person.familyName))"));
    template.set.insert("mobile".into(), fill("person.mobile"));
    let entitlements = ["group/staff", "group/finance", "group/app"];
    let entitlements = entitlements.map(|known| (known.to_owned(), NativeId::new(format!("cn={known}"))));
    (name(connection), Target { template, entitlements: entitlements.into(), ..Target::default() })
}

fn rules() -> Rules {
    Rules {
        roles: vec![
            role("staff", "person.kind == 'employee'", 3, 0, &[("ldap", "group/staff")]),
            role(
                "finance",
                "person.department == 'Finance'",
                0,
                14,
                &[("ldap", "group/finance"), ("app", "group/app")],
            ),
        ],
        targets: [target("ldap"), target("app")].into(),
        ..Rules::default()
    }
}

/// The same with groups, roles inside roles, names by facts, and rules of every type.
fn ruled() -> Rules {
    let mut all = rules();
    let holding = |text: &str| text.parse::<Holding>().unwrap();
    let rule = |text: &str, says, effect| Rule {
        name: name(text),
        title: text.into(),
        owner: "team".into(),
        says,
        effect,
        exception: None,
        because: "it must be so".into(),
    };
    let both =
        Says::Conflict { never: vec![holding("role/finance"), holding("role/staff"), holding("app:group/staff")] };
    let few = Says::Limit { of: holding("ldap:group/finance"), holders_max: 1 };
    let first = Says::Prerequisite { of: holding("app:group/app"), needs: vec![holding("ldap:group/staff")] };
    all.rules = vec![
        rule("both", both, Effect::Hold),
        rule("few", few, Effect::Block),
        rule("first", first, Effect::Block),
        rule("warned", Says::Limit { of: holding("role/staff"), holders_max: 1 }, Effect::Warn),
    ];
    all.groups = vec![Group {
        name: name("movers"),
        title: "Movers".into(),
        owner: "team".into(),
        when: "person.department == 'Sales'".parse().unwrap(),
        except: None,
    }];
    let mut sales = role("sales", "inGroup('movers')", 0, 7, &[("app", "group/{lower(person.team)}")]);
    sales.includes = vec![name("staff")];
    all.roles.push(sales);
    for target in all.targets.values_mut() {
        target.deletion = Some(Deletion { after_days: 10, approval: "team".into() });
        target.reach = Reach { placing: ["uid".to_owned()].into(), restores: true, deletes: true };
    }
    all
}

fn person(department: Option<&str>) -> Person {
    let mut attributes = Attributes::from([("familyName".to_owned(), Value::from("Lovelace"))]);
    attributes.extend(department.map(|text| ("department".to_owned(), Value::from(text))));
    Person {
        id: new_id(&SeededIds::new(1)),
        kind: IdentityKind::Employee,
        display_name: "Ada Lovelace".into(),
        attributes,
        sponsor: None,
        version: 1,
        since: Timestamp::UNIX_EPOCH,
    }
}

fn engagement(ids: &SeededIds, first_day: Date, last_day: Option<Date>) -> Engagement {
    Engagement {
        id: new_id(ids),
        person: new_id(&SeededIds::new(1)),
        kind: IdentityKind::Employee,
        source: name("hr"),
        key: "E1042".into(),
        spell: 1,
        zone: "Europe/Berlin".parse().unwrap(),
        first_day,
        last_day,
        leaves: Vec::new(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    }
}

fn facts(first_day: Date, last_day: Option<Date>) -> PersonFacts {
    PersonFacts {
        person: person(None),
        engagements: vec![engagement(&SeededIds::new(3), first_day, last_day)],
        urgent: BTreeSet::new(),
        accounts: Vec::new(),
        grants: Vec::new(),
        besides: Besides::default(),
    }
}

fn account(ids: &SeededIds, connection: &str, state: AccountState, holds: &[&str]) -> Account {
    Account {
        id: new_id(ids),
        connection: name(connection),
        person: Some(new_id(&SeededIds::new(1))),
        native_id: Some(NativeId::new("7f")),
        name: "uid=lovelace".into(),
        state,
        holds: holds.iter().map(|held| NativeId::new(format!("cn={held}"))).collect(),
        seen_at: None,
        version: 1,
    }
}

/// A world that does what it is told.
fn carry_out(facts: &mut PersonFacts, plan: &Plan, ids: &dyn Ids) {
    for change in &plan.changes {
        match &change.action {
            Action::CreateAccount { entitlements, attributes } => {
                let mut made = account(&SeededIds::new(99), change.connection.as_str(), AccountState::Active, &[]);
                made.id = new_id(ids);
                made.holds = entitlements.values().cloned().collect();
                facts.besides.seen.insert(made.id, attributes.clone());
                facts.accounts.push(made);
            }
            Action::DisableAccount { account } => find(facts, *account).state = AccountState::Disabled,
            Action::DeleteAccount { account, .. } => find(facts, *account).state = AccountState::Gone,
            Action::RestoreAccount { account } | Action::EnableAccount { account } => {
                find(facts, *account).state = AccountState::Active;
            }
            Action::SetAttributes { account, attributes, .. } => {
                facts.besides.seen.entry(*account).or_default().extend(attributes.clone());
            }
            Action::RemoveEntitlement { account, native_id, .. } => {
                assert!(find(facts, *account).holds.remove(native_id));
            }
            Action::AddEntitlement { account, native_id, .. } => {
                assert!(find(facts, *account).holds.insert(native_id.clone()));
            }
        }
    }
    for grant in &mut facts.grants {
        if plan.closing.contains(&grant.id) {
            grant.state = GrantState::Revoked;
        }
    }
    for wish in &plan.desired {
        remember(facts, wish, ids);
    }
}

fn remember(facts: &mut PersonFacts, wish: &Desired, ids: &dyn Ids) {
    let native = NativeId::new(format!("cn={}", wish.entitlement));
    let held = facts.accounts.iter().any(|account| {
        account.connection == wish.connection
            && account.state == AccountState::Active
            && account.holds.contains(&native)
    });
    let state = if held { GrantState::Held } else { GrantState::Pending };
    if let Some(grant) = facts.grants.iter_mut().find(|grant| Some(grant.id) == wish.grant) {
        grant.valid_until = wish.until;
        if held {
            grant.state = state;
        }
        return;
    }
    facts.grants.push(Grant {
        id: new_id(ids),
        person: facts.person.id,
        connection: wish.connection.clone(),
        entitlement: wish.entitlement.clone(),
        reason: wish.reason.clone(),
        valid_from: now(),
        valid_until: wish.until,
        state,
        version: 1,
    });
}

fn find(facts: &mut PersonFacts, id: AccountId) -> &mut Account {
    facts.accounts.iter_mut().find(|account| account.id == id).unwrap()
}

fn words(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| format!("{} {}", change.action.word(), change.connection)).collect()
}

#[test]
fn a_joiner_gets_an_account_with_groups_and_reasons() {
    let plan = plan(&facts(date(2026, 11, 1), None), &rules(), now());
    assert_eq!(words(&plan), ["create-account ldap"]);
    assert_eq!(plan.changes[0].why, ["role staff, because person.kind == 'employee'"]);
    let Action::CreateAccount { attributes, entitlements } = &plan.changes[0].action else { panic!() };
    assert_eq!(attributes.get("uid"), Some(&"lovelace".into()));
    assert_eq!(entitlements.keys().collect::<Vec<_>>(), ["group/staff"]);
    let told: Vec<String> = plan.findings.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "role finance is not given, because person.department is not known");
    assert_eq!(told[1], "an account at ldap is made without mobile, because person.mobile is not known");
}

#[test]
fn a_joiner_gets_nothing_before_the_lead_begins_in_their_own_zone() {
    let facts = facts(date(2026, 12, 4), None);
    let begins: Timestamp = "2026-11-30T23:00:00Z".parse().unwrap();
    assert!(plan(&facts, &rules(), begins - 1.second()).is_empty());
    assert_eq!(words(&plan(&facts, &rules(), begins)), ["create-account ldap"]);
}

#[test]
fn a_leaver_loses_every_account_that_may_be_usable_first_of_all() {
    let ids = SeededIds::new(4);
    let mut facts = facts(date(2020, 1, 1), Some(date(2026, 11, 29)));
    facts.person = person(Some("Finance"));
    for state in AccountState::ALL {
        facts.accounts.push(account(&ids, "ldap", state, &["group/staff", "group/own"]));
    }
    facts.accounts.push(account(&ids, "unheard-of", AccountState::Active, &[]));
    let plan = plan(&facts, &rules(), now());
    assert_eq!(words(&plan), ["disable-account ldap", "disable-account ldap", "disable-account unheard-of"]);
    assert_eq!(plan.changes[0].why, ["engagement E1042 of hr ended with 2026-11-29"]);
    assert!(plan.desired.is_empty());
}

#[test]
fn an_urgent_leaver_does_not_wait_for_the_last_day() {
    let mut facts = facts(date(2020, 1, 1), Some(date(2026, 12, 31)));
    facts.accounts.push(account(&SeededIds::new(4), "ldap", AccountState::Active, &["group/staff"]));
    assert!(plan(&facts, &rules(), now()).changes.is_empty());
    facts.urgent.insert(facts.engagements[0].id);
    let plan = plan(&facts, &rules(), now());
    assert_eq!(words(&plan), ["disable-account ldap"]);
    assert_eq!(plan.changes[0].why, ["engagement E1042 of hr ends at once"]);
}

#[test]
fn leaving_and_coming_back_later_is_leaving_now() {
    let mut facts = facts(date(2020, 1, 1), Some(date(2026, 11, 29)));
    facts.engagements.push(engagement(&SeededIds::new(8), date(2027, 3, 1), None));
    facts.accounts.push(account(&SeededIds::new(4), "ldap", AccountState::Active, &["group/staff"]));
    assert_eq!(words(&plan(&facts, &rules(), now())), ["disable-account ldap"]);
}

#[test]
fn not_hearing_of_somebody_is_not_their_leaving() {
    let mut facts = facts(date(2020, 1, 1), None);
    facts.engagements.clear();
    facts.accounts.push(account(&SeededIds::new(4), "ldap", AccountState::Active, &["group/staff"]));
    let plan = plan(&facts, &rules(), now());
    assert!(plan.is_empty());
    assert_eq!(plan.findings, [Finding::Unheard]);
}

#[test]
fn a_mover_keeps_access_for_the_days_of_grace_and_no_longer() {
    let ids = SeededIds::new(5);
    let mut facts = facts(date(2020, 1, 1), None);
    facts.person = person(Some("Finance"));
    let joined = plan(&facts, &rules(), now());
    carry_out(&mut facts, &joined, &ids);
    facts.person = person(Some("Sales"));
    let moved = plan(&facts, &rules(), now());
    assert!(moved.changes.is_empty(), "{moved:?}");
    carry_out(&mut facts, &moved, &ids);
    let end = now() + (14 * 24).hours();
    assert!(plan(&facts, &rules(), end - 1.second()).is_empty());
    let over = plan(&facts, &rules(), end);
    let expected = ["disable-account app", "remove-entitlement app", "remove-entitlement ldap"];
    assert_eq!(words(&over), expected);
    let why = "role finance, because person.department == 'Finance' no longer gives group/finance";
    assert_eq!(over.changes[2].why, [why]);
}

#[test]
fn grace_is_for_what_was_held_and_not_for_what_was_never_given() {
    for (state, until, kept) in [
        (GrantState::Held, None, true),
        (GrantState::Held, Some(now() + 1.hour()), true),
        (GrantState::Held, Some(now()), false),
        (GrantState::Pending, None, false),
        (GrantState::Leaving, None, false),
    ] {
        let mut facts = facts(date(2020, 1, 1), None);
        facts.person = person(Some("Sales"));
        let reason = Reason::Birthright { role: name("finance"), because: "it was so".into() };
        let mut grant = a_grant(&SeededIds::new(6), (true, 1, reason, 0, -1, None));
        (grant.state, grant.valid_until) = (state, until);
        facts.grants.push(grant);
        let plan = plan(&facts, &rules(), now());
        assert_eq!(plan.closing.is_empty(), kept, "{state} {until:?}");
    }
}

#[test]
fn what_somebody_else_did_is_left_alone_and_told() {
    let ids = SeededIds::new(5);
    for (state, why) in [
        (AccountState::Suspended, "somebody suspended it"),
        (AccountState::Unknown, "must be looked at first"),
        (AccountState::SoftDeleted, "can be restored"),
    ] {
        let mut facts = facts(date(2020, 1, 1), None);
        facts.accounts.push(account(&ids, "ldap", state, &[]));
        let plan = plan(&facts, &rules(), now());
        assert!(plan.changes.is_empty(), "{plan:?}");
        assert!(plan.findings.iter().any(|finding| finding.to_string().contains(why)), "{:?}", plan.findings);
    }
    let mut facts = facts(date(2020, 1, 1), None);
    let joined = plan(&facts, &rules(), now());
    carry_out(&mut facts, &joined, &ids);
    facts.accounts[0].state = AccountState::Disabled;
    let plan = plan(&facts, &rules(), now());
    assert!(plan.changes.is_empty());
    assert!(plan.findings.iter().any(|finding| finding.to_string().contains("while it was in use")));
}

#[test]
fn somebody_who_comes_back_is_enabled_again() {
    let ids = SeededIds::new(5);
    let mut facts = facts(date(2020, 1, 1), None);
    let joined = plan(&facts, &rules(), now());
    carry_out(&mut facts, &joined, &ids);
    facts.engagements[0].last_day = Some(date(2026, 11, 29));
    let left = plan(&facts, &rules(), now());
    assert_eq!(words(&left), ["disable-account ldap", "remove-entitlement ldap"]);
    carry_out(&mut facts, &left, &ids);
    facts.engagements[0].last_day = None;
    assert_eq!(words(&plan(&facts, &rules(), now())), ["enable-account ldap", "add-entitlement ldap"]);
}

#[test]
fn what_waits_for_its_day_does_not_go_with_this_plan() {
    let ids = SeededIds::new(5);
    let reason = Reason::Birthright { role: name("gone"), because: "it was so".into() };
    for state in [AccountState::SoftDeleted, AccountState::Active] {
        let mut facts = facts(date(2020, 1, 1), None);
        facts.accounts.push(account(&ids, "app", state, &["group/staff"]));
        facts.grants.push(a_grant(&ids, (false, 0, reason.clone(), 0, 1, None)));
        assert_eq!(facts.grants[0].state, GrantState::Pending);
        let plan = plan(&facts, &ruled(), now());
        assert!(plan.closing.is_empty());
        let stopped: Vec<&str> = plan.stopped.iter().map(|one| one.entitlement.as_str()).collect();
        assert_eq!(stopped, ["group/staff"], "role/staff is not held together with app:group/staff; {state:?}");
    }
}

fn any_date() -> impl Strategy<Value = Date> {
    (-40i64..40).prop_map(|days| date(2026, 11, 30).saturating_add(days.days()))
}

fn any_reason() -> impl Strategy<Value = Reason> {
    let birthright = |role| Reason::Birthright { role: name(role), because: "it was so".into() };
    prop_oneof![
        Just(birthright("staff")),
        Just(birthright("finance")),
        Just(birthright("gone")),
        Just(Reason::Request { request: "r1".into() }),
        Just(Reason::Adopted { by: "ada".into() }),
    ]
}

type AnyAccount = (bool, usize, Vec<bool>);
type AnyBesides = (bool, bool, bool, Option<i64>);
type AnyGrant = (bool, usize, Reason, usize, i64, Option<i64>);

fn any_facts() -> impl Strategy<Value = PersonFacts> {
    let department = proptest::option::of(prop_oneof![Just("Finance"), Just("Sales")]);
    let engagements = proptest::collection::vec((any_date(), proptest::option::of(any_date()), any::<bool>()), 0..4);
    let accounts =
        proptest::collection::vec((any::<bool>(), 0usize..8, proptest::collection::vec(any::<bool>(), 4)), 0..5);
    let grant = (any::<bool>(), 0usize..3, any_reason(), 0usize..4, -5i64..5, proptest::option::of(-5i64..5));
    let grants = proptest::collection::vec(grant, 0..8);
    let besides = (any::<bool>(), any::<bool>(), any::<bool>(), proptest::option::of(-5i64..5));
    (department, engagements, accounts, grants, any::<bool>(), besides).prop_map(
        |(department, engagements, accounts, grants, employee, besides)| {
            let ids = SeededIds::new(11);
            let mut facts = facts(date(2020, 1, 1), None);
            facts.person = person(department);
            if !employee {
                facts.person.kind = IdentityKind::AiAgent;
            }
            facts.engagements.clear();
            for (first_day, last_day, urgent) in engagements {
                let mut one = engagement(&ids, first_day, last_day);
                one.rescinded = last_day.is_some_and(|day| day < first_day);
                if urgent && last_day.is_some() {
                    facts.urgent.insert(one.id);
                }
                facts.engagements.push(one);
            }
            facts.accounts = accounts.into_iter().map(|one| an_account(&ids, one)).collect();
            facts.grants = grants.into_iter().map(|one| a_grant(&ids, one)).collect();
            facts.besides = some_besides(&ids, &facts, besides);
            if besides.1 {
                facts.person.attributes.insert("team".into(), Value::from("App"));
                facts.person.attributes.insert("mobile".into(), Value::from("1"));
            }
            facts
        },
    )
}

fn some_besides(ids: &SeededIds, facts: &PersonFacts, (seen, _, held, until): AnyBesides) -> Besides {
    let attributes = Attributes::from([("uid".to_owned(), Value::from("other")), ("mobile".into(), "2".into())]);
    let seen = facts.accounts.iter().filter(|_| seen).map(|account| (account.id, attributes.clone())).collect();
    let exceptions = until.into_iter().map(|days| Exception {
        id: new_id(ids),
        rule: name("both"),
        person: facts.person.id,
        approved_by: "cfo".into(),
        because: "year end".into(),
        valid_from: now() - (24 * 30).hours(),
        valid_until: now() + (24 * days).hours(),
        ended: None,
        version: 1,
    });
    let holders = if held { vec![new_id(ids)] } else { Vec::new() };
    Besides { seen, exceptions: exceptions.collect(), holders: [(name("few"), holders)].into(), last_sign_in: None }
}

fn an_account(ids: &SeededIds, (ldap, state, holds): AnyAccount) -> Account {
    let names = ["group/staff", "group/finance", "group/app", "group/own"];
    let holds: Vec<&str> = names.into_iter().zip(holds).filter_map(|(name, held)| held.then_some(name)).collect();
    account(ids, if ldap { "ldap" } else { "app" }, AccountState::ALL[state], &holds)
}

fn a_grant(ids: &SeededIds, (ldap, entitlement, reason, state, from, until): AnyGrant) -> Grant {
    Grant {
        id: new_id(ids),
        person: new_id(&SeededIds::new(1)),
        connection: name(if ldap { "ldap" } else { "app" }),
        entitlement: ["group/staff", "group/finance", "group/app"][entitlement].into(),
        reason,
        valid_from: now() + (from * 24).hours(),
        valid_until: until.map(|days| now() + (days * 24).hours()),
        state: GrantState::ALL[state],
        version: 1,
    }
}

/// Read once: the reading of an expression costs more than a plan.
static RULES: std::sync::LazyLock<[Rules; 2]> = std::sync::LazyLock::new(|| [rules(), ruled()]);

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(facts in any_facts()) {
        for rules in RULES.clone() {
            let mut facts = facts.clone();
            let first = plan(&facts, &rules, now());
            prop_assert_eq!(&first, &plan(&facts, &rules, now()));
            carry_out(&mut facts, &first, &SeededIds::new(77));
            let mut second = plan(&facts, &rules, now());
            // What cannot be taken back waits until nothing else is left, and then is all there is.
            let deletes = |plan: &Plan| plan.changes.iter().any(|one| one.action.word() == "delete-account");
            if deletes(&second) && !deletes(&first) {
                prop_assert!(second.changes.iter().all(|one| one.action.word() == "delete-account"));
                carry_out(&mut facts, &second, &SeededIds::new(78));
                second = plan(&facts, &rules, now());
            }
            prop_assert!(second.is_empty(), "first {:#?}\nsecond {:#?}", first, second);
        }
    }

    #[test]
    fn revocations_come_first_and_every_change_says_why(facts in any_facts()) {
        for rules in RULES.clone() {
            let plan = plan(&facts, &rules, now());
            let takes: Vec<bool> = plan.changes.iter().map(|change| change.action.takes_away()).collect();
            prop_assert!(takes.is_sorted_by(|left, right| left >= right), "{:?}", takes);
            prop_assert!(plan.changes.iter().all(|change| !change.why.is_empty()));
        }
    }

    #[test]
    fn somebody_who_left_can_use_nothing_and_gets_nothing(facts in any_facts()) {
        for rules in RULES.clone() {
            let mut facts = facts.clone();
            facts.engagements.push(engagement(&SeededIds::new(12), date(2020, 1, 1), None));
            for engagement in &mut facts.engagements {
                engagement.last_day = Some(date(2026, 11, 29));
            }
            let first = plan(&facts, &rules, now());
            prop_assert_eq!(first.presence, Presence::Over);
            prop_assert!(first.changes.iter().all(|change| change.action.takes_away()));
            carry_out(&mut facts, &first, &SeededIds::new(77));
            prop_assert!(facts.accounts.iter().all(|account| !account.state.may_be_usable()));
        }
    }

    #[test]
    fn the_order_of_the_facts_does_not_matter(facts in any_facts()) {
        for mut rules in RULES.clone() {
            let mut turned = facts.clone();
            turned.accounts.reverse();
            turned.grants.reverse();
            turned.engagements.reverse();
            turned.besides.exceptions.reverse();
            let straight = plan(&facts, &rules, now());
            prop_assert_eq!(&straight, &plan(&turned, &rules, now()));
            rules.roles.reverse();
            rules.rules.reverse();
            prop_assert_eq!(&straight, &plan(&facts, &rules, now()));
        }
    }

    #[test]
    fn a_rule_gives_nothing_and_takes_nothing_that_was_in_use(facts in any_facts()) {
        let ruled = &RULES[1];
        let mut without = ruled.clone();
        without.rules.clear();
        let (free, bound) = (plan(&facts, &without, now()), plan(&facts, ruled, now()));
        let gives = |plan: &Plan| -> Vec<(ConnectionName, String)> {
            plan.desired.iter().map(|wish| (wish.connection.clone(), wish.entitlement.clone())).collect()
        };
        prop_assert!(gives(&bound).iter().all(|one| gives(&free).contains(one)));
        for stopped in &bound.stopped {
            let is_it = |grant: &&Grant| {
                grant.connection == stopped.connection
                    && grant.entitlement == stopped.entitlement
                    && grant.reason == stopped.reason
                    && grant.state == GrantState::Held
                    && grant.valid_from <= now()
                    && grant.valid_until.is_none_or(|end| now() < end)
            };
            prop_assert_eq!(facts.grants.iter().find(is_it), None, "{:?}", stopped);
        }
        let told = bound.findings.iter().filter(|finding| matches!(finding, Finding::Stopped { .. })).count();
        prop_assert!(bound.stopped.is_empty() || told > 0);
    }
}
