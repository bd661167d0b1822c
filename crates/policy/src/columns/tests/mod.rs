//! The columns against the decision about one person, and against Cedar.

mod company;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use tenure_model::{PersonId, Reason, Value};

use super::*;
use crate::expression::Expression;
use crate::plan::{PersonFacts, Rules, plan};
use company::{Company, now};

/// What the plan for one person gives by birthright.
fn planned(facts: &PersonFacts, rules: &Rules, now: Timestamp) -> BTreeSet<EntitlementName> {
    let by_right = |reason: &Reason| matches!(reason, Reason::Birthright { .. });
    let desired = plan(facts, rules, now).desired.into_iter().filter(|wish| by_right(&wish.reason));
    desired.map(|wish| EntitlementName { connection: wish.connection, entitlement: wish.entitlement }).collect()
}

fn index_of(people: &[PersonFacts], rules: &Rules, now: Timestamp) -> Index {
    let terms = terms_of(rules);
    let mut intake = Intake::begin(&terms, BTreeSet::new(), now);
    intake.add(people);
    intake.finish(&terms)
}

/// Who gains and who loses what, by asking for everybody alone.
type Changes = BTreeSet<(PersonId, EntitlementName, bool)>;

fn changes(index: &Index, difference: &Difference) -> Changes {
    let person = |row| index.person(row).unwrap();
    let of = |delta: &Delta| {
        let gains = delta.gains().map(|row| (person(row), delta.entitlement.clone(), true)).collect::<Vec<_>>();
        let losses = delta.losses().map(|row| (person(row), delta.entitlement.clone(), false));
        gains.into_iter().chain(losses).collect::<Vec<_>>()
    };
    difference.deltas.iter().flat_map(of).collect()
}

type Held = BTreeMap<PersonId, BTreeSet<EntitlementName>>;

fn held(people: &[PersonFacts], rules: &Rules, now: Timestamp) -> Held {
    people.iter().map(|facts| (facts.person.id, planned(facts, rules, now))).collect()
}

fn between(before: &Held, after: &Held) -> Changes {
    let mut all = Changes::new();
    let nothing = BTreeSet::new();
    for person in before.keys().chain(after.keys()) {
        let (had, has) = (before.get(person).unwrap_or(&nothing), after.get(person).unwrap_or(&nothing));
        all.extend(has.difference(had).map(|name| (*person, name.clone(), true)));
        all.extend(had.difference(has).map(|name| (*person, name.clone(), false)));
    }
    all
}

fn check_all(index: &Index, people: &[PersonFacts], rules: &Rules, now: Timestamp, what: &str) {
    for facts in people {
        let found: BTreeSet<EntitlementName> = index.has(facts.person.id).into_iter().cloned().collect();
        assert_eq!(found, planned(facts, rules, now), "{what}: {:#?}\n{rules:#?}", facts.person);
    }
}

#[test]
fn everybody_has_what_the_plan_for_each_alone_gives() {
    for seed in 0..6 {
        let mut company = Company::new(seed);
        let (people, rules) = (company.people(50), company.rules(25));
        let index = index_of(&people, &rules, now());
        assert!(index.beyond().is_empty());
        check_all(&index, &people, &rules, now(), &format!("seed {seed}"));
    }
}

#[test]
fn it_does_not_matter_in_how_many_parts_people_are_taken_in() {
    let mut company = Company::new(4);
    let (people, rules) = (company.people(60), company.rules(25));
    let terms = terms_of(&rules);
    for parts in 1..5 {
        let mut intake = Intake::begin(&terms, BTreeSet::new(), now()).in_parts(parts, 1_000);
        people.chunks(7).for_each(|page| intake.add(page));
        // Whoever comes twice is the same person.
        intake.add(&people[..20]);
        let mut index = intake.finish(&terms);
        assert_eq!(index.len(), people.len());
        check_all(&index, &people, &rules, now(), &format!("{parts} parts"));
        let later = now() + 72.hours();
        let due = index.due(later);
        index.advance(later);
        let due: Vec<_> = people.iter().filter(|facts| due.contains(&facts.person.id)).collect();
        index.put_all(due);
        check_all(&index, &people, &rules, later, &format!("{parts} parts, later"));
    }
}

#[test]
fn cedar_decides_as_the_plan_does_and_names_the_policies() {
    let (mut said, mut beforehand, mut given) = (0, 0, 0);
    for seed in 100..103 {
        let mut company = Company::new(seed);
        let (people, rules) = (company.people(40), company.rules(25));
        let index = index_of(&people, &rules, now());
        let cedar = index.cedar().unwrap_or_else(|bad| panic!("seed {seed}: {bad}"));
        let (policies, asked) = cedar.counts();
        (said, beforehand) = (said + policies, beforehand + asked);
        for facts in &people {
            let wanted = planned(facts, &rules, now());
            for name in index.entitlements() {
                let decided = cedar.decide(facts, name, now()).unwrap();
                assert_eq!(decided.given, wanted.contains(name), "seed {seed} {name} {facts:#?}\n{}", cedar.text());
                assert_eq!(decided.given, !decided.by.is_empty());
                given += usize::from(decided.given);
            }
        }
    }
    assert!(said > 75 && given > 200, "{said} policies gave {given} things");
    // The generator asks much that Cedar cannot say; what it can say must not end there too.
    assert!(beforehand < said * 2, "{beforehand} of {said}");
}

#[test]
fn what_a_role_names_twice_is_given_once() {
    let mut role = company::role("twice", "has(person.office)", 0);
    role.grants.extend(role.grants.clone());
    let people = Company::new(6).people(20);
    let rules = Rules { roles: vec![role], ..Rules::default() };
    let index = index_of(&people, &rules, now());
    check_all(&index, &people, &rules, now(), "twice");
    let cedar = index.cedar().unwrap();
    assert_eq!(cedar.counts(), (1, 0));
}

#[test]
fn a_policy_reads_as_the_rule_does() {
    let rule = company::role("paris", "person.department in ['Sales'] && !(person.office == \"Par'is\\\"*\")", 7);
    let mut company = Company::new(5);
    let people = company.people(30);
    let rules = Rules { roles: vec![rule], ..Rules::default() };
    let cedar = index_of(&people, &rules, now()).cedar().unwrap();
    let text = cedar.text();
    for part in [
        "@role(\"paris\")\n@owner(\"cfo-office\")\npermit (principal, action == Action::\"hold\"",
        "(principal has \"department\" && ([\"Sales\"].contains(principal[\"department\"])))",
        "(principal has \"office\" && !(principal[\"office\"] == \"Par'is\\\"*\"))",
        "principal[\"@startsIn\"] <= 7",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(cedar.schema().contains("\"department\"?: String"), "{}", cedar.schema());
    assert_eq!(cedar.counts().1, 0);
}

#[test]
fn a_changed_rule_tells_exactly_who_gains_and_who_loses() {
    for seed in 200..203 {
        let mut company = Company::new(seed);
        let (people, mut rules) = (company.people(40), company.rules(10));
        let mut index = index_of(&people, &rules, now());
        for _ in 0..5 {
            let before = held(&people, &rules, now());
            let edit = company.edit(&mut rules);
            let wanted = between(&before, &held(&people, &rules, now()));
            let tried = index.what_if(&edit).unwrap();
            assert_eq!(changes(&index, &tried), wanted, "seed {seed}");
            assert_eq!(index.what_if(&edit).unwrap(), tried, "a trial leaves nothing behind");
            assert_eq!(index.set(&edit).unwrap(), tried);
            check_all(&index, &people, &rules, now(), "after the edit");
        }
    }
}

#[test]
fn changed_people_and_the_days_tell_exactly_who_gains_and_who_loses() {
    for seed in 300..303 {
        let mut company = Company::new(seed);
        let (mut people, rules) = (company.people(40), company.rules(15));
        let mut index = index_of(&people, &rules, now());
        let mut at = now();
        for round in 0..5 {
            let before = held(&people, &rules, at);
            let (changed, gone) = company.change(&mut people);
            index.remove_all(&gone);
            let difference = index.put_all(&changed);
            let found = changes(&index, &difference);
            let wanted = between(&before, &held(&people, &rules, at));
            let left: BTreeSet<PersonId> = gone.iter().copied().collect();
            let wanted: Changes = wanted.into_iter().filter(|(person, _, _)| !left.contains(person)).collect();
            assert_eq!(found, wanted, "seed {seed} round {round}");
            check_all(&index, &people, &rules, at, "after the change");
            let next = at + (24 * (round + 1)).hours();
            let tomorrow = index.forecast(next);
            check_all(&index, &people, &rules, at, "after looking ahead");
            let by_days = index.advance(next);
            assert_eq!(tomorrow, by_days);
            let due: BTreeSet<PersonId> = index.due(next).into_iter().collect();
            let again: Vec<PersonFacts> =
                people.iter().filter(|facts| due.contains(&facts.person.id)).cloned().collect();
            index.put_all(&again);
            at = next;
            check_all(&index, &people, &rules, at, "another day");
        }
    }
}

#[test]
fn a_condition_that_might_go_over_its_budget_in_parts_is_asked_as_one() {
    let nested = "person.numbers.all(a, person.numbers.all(b, a + b >= 0))";
    let split = |text: &str| !matches!(Expression::parse(text).unwrap().shape(), crate::expression::Shape::Atom(_));
    assert!(split("person.a == 'x' && person.b.exists(b, b == 'y')"));
    assert!(split("person.a + '-' + person.b == 'x' && person.c == 'y'"));
    assert!(!split(&format!("{nested} || person.a == 'x'")));
    assert!(!split("person.a + person.b == ['x'] && person.c + person.d == ['y']"));
    // A choice in a choice's condition, many times over, is asked as one as well.
    let deep = (0..14).fold("person.a == 'x'".to_owned(), |inner, _| format!("(({inner}) ? person.b : person.c)"));
    let mut company = Company::new(1);
    let rules = Rules { roles: vec![company::role("deep", &deep, 0)], ..Rules::default() };
    let people = company.people(30);
    check_all(&index_of(&people, &rules, now()), &people, &rules, now(), "deep");
}

#[test]
fn what_reads_a_person_as_a_whole_or_what_is_not_kept_is_named() {
    let mut company = Company::new(9);
    let people = company.people(40);
    let whole = company::role("whole", "size(person) > 3", 0);
    let rules = Rules { roles: vec![whole.clone(), company::role("all", "true", 0)], ..Rules::default() };
    let terms = terms_of(&rules);
    // One part has too many itself; of two each keeps what it has, and both together have too many.
    for (parts, values_max) in [(1, 10), (2, 30)] {
        let mut intake = Intake::begin(&terms, BTreeSet::new(), now()).in_parts(parts, values_max);
        intake.add(&people);
        let mut index = intake.finish(&terms);
        assert_eq!(index.beyond().keys().map(ToString::to_string).collect::<Vec<_>>(), ["whole"]);
        let by_name = company::role("name", "person.displayName == 'Ada'", 0);
        let edit: Edit = [(by_name.name.clone(), of_role(&by_name))].into();
        assert_eq!(index.what_if(&edit), Err(NotKept::TooMany { path: "person.displayName".into() }));
        let edit: Edit = [(whole.name.clone(), of_role(&whole))].into();
        let why = index.what_if(&edit).unwrap_err().to_string();
        assert_eq!(why, "`(size(person) > 3)` looks at a person as a whole, which is decided for each person alone");
    }
}

#[test]
fn two_that_nobody_may_have_together_are_found_before_and_after() {
    let name = |text: &str| EntitlementName { connection: "ldap".parse().unwrap(), entitlement: text.into() };
    let mut company = Company::new(21);
    let people = company.people(200);
    let roles = vec![
        company::giving(company::role("pay", "person.department == 'Finance'", 0), "pay"),
        company::giving(company::role("approve", "person.office == 'Paris'", 0), "approve"),
    ];
    let mut index = index_of(&people, &Rules { roles, ..Rules::default() }, now());
    let pairs = [(name("pay"), name("approve")), (name("pay"), name("nothing"))];
    let both: Vec<usize> = index.with_both(&pairs).iter().map(Bits::count).collect();
    let brute = people.iter().filter(|facts| {
        let has = index.has(facts.person.id);
        has.contains(&name("pay")) && has.contains(&name("approve"))
    });
    let expected = brute.count();
    assert!(expected > 0);
    assert_eq!(both, [expected, 0]);
    let wider = company::giving(company::role("approve", "has(person.office)", 0), "approve");
    let difference = index.what_if(&[(wider.name.clone(), of_role(&wider))].into()).unwrap();
    let found = index.newly_with_both(&difference, &pairs);
    let (new, count) = (found[0].1.count(), index.count_after(&difference, &name("approve")));
    index.set(&[(wider.name.clone(), of_role(&wider))].into()).unwrap();
    assert_eq!(index.with_both(&pairs)[0].count(), expected + new);
    assert_eq!(index.who(&name("approve")).count(), count);
}

#[test]
fn mining_finds_the_rule_that_was_planted_and_names_the_exceptions() {
    let mut company = Company::new(33);
    let mut people = company.people(400);
    for facts in &mut people {
        facts.person.attributes.retain(|_, value| !matches!(value, Value::Text(words) if words.len() > 100));
    }
    let planted = "person.department == 'Finance' && 'git' in person.groups";
    let rules = Rules { roles: vec![company::giving(company::role("x", planted, 0), "x")], ..Rules::default() };
    let index = index_of(&people, &rules, now());
    let mut holders = index.who(&EntitlementName { connection: "ldap".parse().unwrap(), entitlement: "x".into() });
    let (first, outsider) = (holders.rows().next().unwrap(), (0..400).find(|row| !holders.has(*row)).unwrap());
    assert!(holders.count() >= 5, "{}", holders.count());
    // One who should have it and has not, and one who has it without the rule.
    holders = holders.without(&single(first));
    holders.insert(outsider);
    let proposals = index.mine(&holders);
    let best = &proposals[0];
    assert!(best.when.contains("'git' in person.groups") && best.when.contains("person.department == 'Finance'"));
    assert_eq!(best.would_gain(&holders).rows().collect::<Vec<_>>(), [first]);
    assert!(best.precision() < 1_000 && best.precision() > 700, "{}", best.precision());
    for proposal in &proposals {
        let rule = company::giving(company::role("tried", &proposal.when, 0), "tried");
        let mut index = index_of(&people, &rules, now());
        index.set(&[(rule.name.clone(), of_role(&rule))].into()).unwrap();
        let name = EntitlementName { connection: "ldap".parse().unwrap(), entitlement: "tried".into() };
        assert_eq!(
            index.who(&name).rows().collect::<Vec<_>>(),
            proposal.fits.rows().collect::<Vec<_>>(),
            "{}",
            proposal.when
        );
    }
}

fn single(row: u32) -> Bits {
    let mut bits = Bits::default();
    bits.insert(row);
    bits
}
