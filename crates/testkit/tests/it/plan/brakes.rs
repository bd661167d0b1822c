//! The brakes on a whole set and on a slow stream: what gives goes on, what takes waits for two people.

use std::sync::Arc;
use std::time::Duration;

use tenure_app::AppError;
use tenure_app::brakes::decide::{Said, decide};
use tenure_app::brakes::list::list;
use tenure_app::brakes::show::Shown;
use tenure_app::plans::Asked;
use tenure_model::{PersonId, Role};
use tenure_policy::brakes::{Limits, Protected};
use tenure_store::StoreError;
use tenure_store::plans::PlanState;
use tenure_store::removals::HeldState;

use super::staff;
use super::world::{World, predicted, role};

fn lab(condition: &str) -> (String, String) {
    role("lab", condition, 0, &[("git", "lab")])
}

async fn open(world: &World) -> Vec<Shown> {
    list(&world.owner(), Some(HeldState::Open), None, 100).await.unwrap()
}

async fn alerts(world: &World) -> usize {
    let job = world.house.store.read(|tx| {
        let sql = "SELECT id FROM notice WHERE body LIKE '%held.opened%' ORDER BY id";
        Box::pin(async move { tx.query(sql, &[]).await })
    });
    job.await.map_err(|error: StoreError| error).unwrap().len()
}

fn usable(world: &World) -> usize {
    world.state().values().filter(|(usable, _)| *usable).count()
}

async fn yes(world: &World, who: &str, shown: &Shown) -> Result<Shown, AppError> {
    let said = Said { yes: true, size: shown.size.removals, reason: "meant".to_owned() };
    decide(&world.cx(who, Role::Operator), shown.set.id, said).await
}

/// Everybody is in the directory; those for whom it holds are in the lab.
async fn company(count: usize, limits: Limits) -> World {
    let world = World::new(count, limits).await;
    let (row, _) = world.plan(&[staff(), lab("person.site == \"lab\"")], Asked::default()).await;
    world.apply(row.id).await;
    world.idle().await;
    world
}

#[tokio::test]
async fn additions_go_on_and_removals_of_a_whole_set_wait_for_two_people() {
    let world = company(40, Limits::default()).await;
    let before = world.state();
    // The eight of the lab lose it, and the others get it.
    let (row, report) = world.plan(&[staff(), lab("person.site != \"lab\"")], Asked::default()).await;
    assert_eq!((report.held.len(), report.held[0].people), (1, 8), "{:?}", report.held);
    let (applied, _) = world.apply(row.id).await;
    assert_eq!(applied.state, PlanState::Applied);
    world.idle().await;
    let outcomes = world.outcomes(row.id).await;
    let expected = predicted(before.clone(), &outcomes, |connection, _| connection == "git");
    assert_eq!(world.state(), expected, "what gives did not go on, or what takes did");
    assert_eq!(alerts(&world).await, 1, "one alert for a set, however many it holds");
    let held = open(&world).await.remove(0);
    assert_eq!((held.size.people, held.set.yes_needed), (8, 2));

    let own = yes(&world, "owner", &held).await;
    assert!(matches!(&own, Err(AppError::Conflict(why)) if why.contains("somebody else")), "{own:?}");
    let blind = Said { yes: true, size: 3, reason: "x".to_owned() };
    assert!(decide(&world.cx("ada", Role::Operator), held.set.id, blind).await.is_err(), "a yes to what was not seen");
    assert_eq!(yes(&world, "ada", &held).await.unwrap().set.state, HeldState::Open);
    assert_eq!(yes(&world, "ada", &held).await.unwrap().set.state, HeldState::Open, "one person is not two");
    world.idle().await;
    assert_eq!(world.state(), expected, "one yes was enough");
    assert_eq!(yes(&world, "bob", &held).await.unwrap().set.state, HeldState::Approved);
    world.idle().await;
    assert_eq!(world.state(), predicted(before, &outcomes, |_, _| false));
}

#[tokio::test]
async fn a_slow_stream_trips_the_brake_as_a_burst_does_and_is_told_of_once() {
    let world = company(60, Limits::default()).await;
    let there = usable(&world);
    let leaving: Vec<PersonId> = world.people.iter().copied().take(30).collect();
    for person in &leaving {
        world.leave(*person).await;
        world.run("leaver", *person).await;
        world.idle().await;
        world.clock.advance(Duration::from_mins(1));
    }
    let directory = there - usable(&world);
    assert!((5..=14).contains(&directory), "{directory} accounts were disabled");
    let held = open(&world).await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(alerts(&world).await, 1);
    assert!(held[0].size.people >= 25 - 1, "{:?}", held[0].size);
}

#[tokio::test]
async fn a_yes_is_a_ceiling_and_what_comes_after_it_waits_anew() {
    let world = company(40, Limits::default()).await;
    let leaving: Vec<PersonId> = world.people.iter().copied().take(8).collect();
    for person in leaving {
        world.leave(person).await;
        world.run("leaver", person).await;
    }
    world.idle().await;
    let held = open(&world).await.remove(0);
    yes(&world, "ada", &held).await.unwrap();
    // One more comes while the second is thinking: the first yes was to less.
    world.leave(world.people[20]).await;
    world.run("leaver", world.people[20]).await;
    world.idle().await;
    let grown = yes(&world, "bob", &held).await;
    assert!(matches!(&grown, Err(AppError::Conflict(why)) if why.contains("look at it again")), "{grown:?}");
    let held = open(&world).await.remove(0);
    assert_eq!(yes(&world, "bob", &held).await.unwrap().set.state, HeldState::Open, "a yes to less counted");
    assert_eq!(yes(&world, "ada", &held).await.unwrap().set.state, HeldState::Approved);
    world.idle().await;
    let gone = usable(&world);
    world.leave(world.people[21]).await;
    world.run("leaver", world.people[21]).await;
    world.idle().await;
    assert_eq!(usable(&world), gone, "the yes let somebody go whom nobody had seen");
    assert_eq!(open(&world).await.len(), 1);
}

#[tokio::test]
async fn a_no_leaves_people_what_they_have() {
    let world = company(40, Limits::default()).await;
    for person in world.people.iter().copied().take(8) {
        world.leave(person).await;
        world.run("leaver", person).await;
    }
    world.idle().await;
    let (before, held) = (world.state(), open(&world).await.remove(0));
    let said = Said { yes: false, size: 0, reason: "half a file".to_owned() };
    let shown = decide(&world.cx("ada", Role::Operator), held.set.id, said).await.unwrap();
    assert_eq!(shown.set.state, HeldState::Refused);
    world.idle().await;
    assert_eq!(world.state(), before);
    assert!(yes(&world, "bob", &held).await.is_err(), "a set that is closed was answered");
}

#[tokio::test]
async fn the_protected_wait_even_alone_and_the_urgent_pass_a_storm() {
    let mut protected = Protected::default();
    protected.person(" e3 ", "they break the glass");
    let world = company(40, Limits { protected, ..Limits::default() }).await;
    world.leave(world.people[3]).await;
    world.run("leaver", world.people[3]).await;
    world.idle().await;
    let held = open(&world).await;
    assert_eq!((held.len(), held[0].set.family.as_str()), (1, "protected"));
    for person in world.people.iter().copied().skip(10).take(8) {
        world.leave(person).await;
        world.run("leaver", person).await;
    }
    world.idle().await;
    let before = usable(&world);
    let now = tenure_model::Clock::now(world.clock.as_ref());
    let urgent = world.people[30];
    let job = world.house.store.write(move |tx| {
        Box::pin(async move {
            for known in tenure_store::engagements::of_person(tx, urgent).await? {
                let cut = tenure_model::Engagement { cut_at: Some(now), version: known.version + 1, ..known };
                tenure_store::engagements::update(tx, &cut).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| error).unwrap();
    world.run("leaver", urgent).await;
    world.idle().await;
    assert!(usable(&world) < before, "the storm held up the one who had to go now");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_at_the_same_moment_do_not_both_take_the_last_place() {
    let world = Arc::new(company(40, Limits::default()).await);
    let there = usable(&world);
    for person in world.people.iter().copied().filter(|person| *person != world.people[0]).take(20) {
        world.leave(person).await;
        world.run("leaver", person).await;
    }
    world.idle().await;
    let gone: usize = there - usable(&world);
    assert!(gone <= 10, "{gone} accounts of two systems were disabled, and five people may lose theirs");
}
