//! The brakes on sets of every size, with what was let go before them.

use super::*;
use tenure_model::{SeededIds, new_id};

fn ldap() -> ConnectionName {
    "ldap".parse().unwrap()
}

fn losing(count: usize) -> Vec<Removal> {
    let ids = SeededIds::new(1);
    let one = |_| Removal {
        person: new_id(&ids),
        connection: ldap(),
        kind: Kind::Account,
        account: new_id(&ids),
        what: String::new(),
        privileged: false,
        urgent: false,
        protected: None,
        administers: BTreeSet::new(),
    };
    (0..count).map(one).collect()
}

fn of(accounts: u64) -> Background {
    Background { population: [(ldap(), accounts)].into(), ..Background::default() }
}

fn families(held: &[Held]) -> Vec<&'static str> {
    held.iter().map(|held| held.brake.family()).collect()
}

#[test]
fn the_larger_of_number_and_share_counts() {
    for (leaving, accounts, goes) in [
        (0, 0, true),
        (1, 1, true),
        (5, 10, true),
        (6, 10, false),
        (6, 299, false),
        (6, 300, true),
        (20, 1_000, true),
        (21, 1_000, false),
    ] {
        let held = check(&losing(leaving), &Limits::default(), &of(accounts));
        assert_eq!(held.is_empty(), goes, "{leaving} of {accounts}: {held:?}");
        if let [held] = held.as_slice() {
            assert_eq!(held.removals.len(), leaving, "the whole set is withheld, not what is too much of it");
        }
    }
}

#[test]
fn what_was_let_go_before_counts_with_it() {
    let one = losing(1);
    let before = |window: usize, people: u64| Background { before: [((0, window, ldap()), people)].into(), ..of(100) };
    for (window, people, goes) in
        [(0, 4, true), (0, 5, false), (1, 9, true), (1, 10, false), (2, 29, true), (2, 30, false)]
    {
        let held = check(&one, &Limits::default(), &before(window, people));
        assert_eq!(held.is_empty(), goes, "{people} before in window {window}: {held:?}");
    }
}

#[test]
fn the_numbers_are_told() {
    let held = check(&losing(6), &Limits::default(), &of(10));
    let wanted = "6 people would lose access at ldap within an hour, of 10 accounts; more than 5 need a human's yes";
    assert_eq!(held[0].brake.sentence(), wanted);
}

#[test]
fn one_person_counts_once_however_much_they_lose() {
    let mut set = losing(5);
    let more: Vec<Removal> = set
        .iter()
        .map(|one| Removal { kind: Kind::Entitlement, what: "group/staff".to_owned(), ..one.clone() })
        .collect();
    set.extend(more);
    assert_eq!(check(&set, &Limits::default(), &of(10)), Vec::new());
}

#[test]
fn what_is_urgent_passes_a_storm_and_has_a_limit_of_its_own() {
    let mut set = losing(6);
    set[0].urgent = true;
    assert_eq!(
        check(&set[..1], &Limits::default(), &Background { before: [((0, 0, ldap()), 99)].into(), ..of(10) }),
        []
    );
    for one in &mut set {
        one.urgent = true;
    }
    assert_eq!(families(&check(&set, &Limits::default(), &of(10))), ["too-many"]);
}

#[test]
fn two_who_rule_over_others_are_one_too_many() {
    let mut set = losing(2);
    set[0].privileged = true;
    assert_eq!(check(&set, &Limits::default(), &of(10)), []);
    set[1].privileged = true;
    let held = check(&set, &Limits::default(), &of(10));
    assert!(matches!(&held[0].brake, Brake::TooMany { bound, .. } if bound == "privileged"), "{held:?}");
}

#[test]
fn only_the_protected_wait_and_the_others_go() {
    let mut set = losing(3);
    set[1].protected = Some("break glass".to_owned());
    let held = check(&set, &Limits::default(), &of(1_000));
    assert_eq!((families(&held), &held[0].removals), (vec!["protected"], &BTreeSet::from([1])));
}

#[test]
fn the_last_who_can_administer_stays_even_if_they_would_go_together() {
    let mut set = losing(2);
    let root = NativeId::new("cn=admins");
    for one in &mut set {
        one.administers = [root.clone()].into();
    }
    let holders = |more: usize| -> Background {
        let ids = SeededIds::new(9);
        let others = (0..more).map(|_| new_id(&ids));
        let all = set.iter().map(|one| one.account).chain(others).collect();
        Background { admins: [((ldap(), root.clone()), all)].into(), ..of(1_000) }
    };
    assert_eq!(families(&check(&set, &Limits::default(), &holders(0))), ["last-admin"]);
    assert_eq!(check(&set, &Limits::default(), &holders(1)), []);
    assert_eq!(check(&set[..1], &Limits::default(), &holders(0)), [], "the other one is left");
    assert_eq!(families(&check(&set[..1], &Limits::default(), &of(10))), ["last-admin"], "unknown counts as nobody");
}

#[test]
fn a_bound_may_be_about_one_attribute_of_one_system() {
    let mut set = losing(3);
    for one in &mut set {
        (one.kind, one.what) = (Kind::Attribute, "department".to_owned());
    }
    let window = Window { hours: 1, people: 2, share: 0 };
    let bound = |connection: &str, what: &str| Bound {
        name: "swept".to_owned(),
        connection: Some(connection.parse().unwrap()),
        kind: Some(Kind::Attribute),
        what: Some(what.to_owned()),
        privileged: false,
        urgent: false,
        windows: vec![window],
    };
    let limits = |bound| Limits { bounds: vec![bound], ..Limits::default() };
    assert_eq!(families(&check(&set, &limits(bound("ldap", "department")), &of(10))), ["too-many"]);
    assert_eq!(check(&set, &limits(bound("ldap", "title")), &of(10)), []);
    assert_eq!(check(&set, &limits(bound("scim", "department")), &of(10)), []);
}
