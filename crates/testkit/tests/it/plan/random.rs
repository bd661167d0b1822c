//! Random change sets: what a plan says is what its application does, and planning does nothing.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tenure_app::plans::Asked;
use tenure_model::Value;

use super::free;
use super::world::{GROUPS, TARGETS, World, predicted, role};

/// A condition, days of grace, and what is given: all but the days by their places.
type RoleSet = (usize, usize, Vec<(usize, usize)>);

/// One change set: roles as they would be, and what moves about people before the plan is made.
#[derive(Debug, Clone)]
struct ChangeSet {
    roles: Vec<RoleSet>,
    moves: Vec<(usize, usize)>,
    leavers: Vec<usize>,
}

const CONDITIONS: [&str; 6] = [
    "person.kind == \"employee\"",
    "person.department == \"Finance\"",
    "person.department != \"Finance\"",
    "person.site == \"lab\"",
    "person.site == \"lab\" && person.department == \"Sales\"",
    "false",
];

fn change_set(people: usize) -> impl Strategy<Value = ChangeSet> {
    let gives = prop::collection::btree_set((0..TARGETS.len(), 0..GROUPS.len()), 1..4);
    let role = (0..CONDITIONS.len(), prop::sample::select(vec![0_usize, 0, 7]), gives)
        .prop_map(|(when, grace, gives)| (when, grace, gives.into_iter().collect()));
    let roles = prop::collection::vec(role, 1..5);
    let moves = prop::collection::vec((0..people, 0..4_usize), 0..4);
    let leavers = prop::collection::vec(0..people, 0..2);
    (roles, moves, leavers).prop_map(|(roles, moves, leavers)| ChangeSet { roles, moves, leavers })
}

async fn hold(sets: usize, seed: u64) {
    let people = 12;
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let mut world = World::new(people, free()).await;
    let (mut writes, mut touched) = (0, 0);
    for number in 0..sets {
        // A fresh company now and then, so that leavers do not use one up.
        if number % 10 == 0 {
            world = World::new(people, free()).await;
        }
        let set = change_set(people).new_tree(&mut runner).unwrap().current();
        for (who, what) in set.moves.clone() {
            let (name, value) =
                [("department", "Finance"), ("department", "Sales"), ("site", "lab"), ("site", "office")][what];
            world
                .change(world.people[who], move |person| {
                    person.attributes.insert(name.to_owned(), Value::from(value));
                })
                .await;
        }
        for who in &set.leavers {
            world.leave(world.people[*who]).await;
        }
        let roles: Vec<(String, String)> = set
            .roles
            .iter()
            .enumerate()
            .map(|(at, (when, grace, gives))| {
                let gives: Vec<(&str, &str)> =
                    gives.iter().map(|(target, group)| (TARGETS[*target], GROUPS[*group])).collect();
                role(&format!("role-{at}"), CONDITIONS[*when], u16::try_from(*grace).unwrap(), &gives)
            })
            .collect();
        let (before, written) = (world.state(), world.writes());
        let (row, report) = world.plan(&roles, Asked::default()).await;
        assert_eq!(world.writes(), written, "set {number}: planning wrote to a system: {set:?}");
        let outcomes = world.outcomes(row.id).await;
        world.apply(row.id).await;
        world.idle().await;
        assert_eq!(world.state(), predicted(before, &outcomes, |_, _| false), "set {number}: {set:?}");
        writes += report.writes;
        touched += report.people;
    }
    assert!(
        writes > sets as u64 && touched > sets as u64,
        "the change sets do nothing: {writes} writes, {touched} people"
    );
}

#[tokio::test]
async fn what_is_done_is_what_was_shown() {
    hold(30, 1).await;
}

/// `cargo xtask test testkit --all --name a_thousand_random_change_sets`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_thousand_random_change_sets_do_what_was_shown() {
    hold(1_000, 2).await;
}
