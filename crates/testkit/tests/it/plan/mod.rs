//! Plans for a set of people: nothing is written while they are made, and what is done is what was shown.

mod begins;
mod brakes;
mod owners;
mod random;
mod reorganisation;
mod values;
mod world;

use jiff::ToSpan as _;
use tenure_app::AppError;
use tenure_app::plans::report::Effect;
use tenure_app::plans::simulate::Happens;
use tenure_app::plans::whatif::{If, whatif};
use tenure_app::plans::{Asked, apply};
use tenure_model::Clock as _;
use tenure_policy::brakes::Limits;
use tenure_store::plans::PlanState;
use world::{World, predicted, role};

/// No brake at all, where something else is looked at.
fn free() -> Limits {
    Limits { bounds: Vec::new(), ..Limits::default() }
}

fn staff() -> (String, String) {
    role("staff", "person.kind == \"employee\"", 0, &[("ldap", "staff")])
}

#[tokio::test]
async fn a_plan_says_whom_it_touches_and_writes_nothing() {
    let world = World::new(9, free()).await;
    let finance = role("finance", "person.department == \"Finance\"", 0, &[("git", "finance"), ("ldap", "finance")]);
    let (row, report) = world.plan(&[staff(), finance], Asked::default()).await;
    assert_eq!(world.writes(), 0, "planning wrote to a system");
    assert_eq!((report.people, report.looked_at, report.systems), (9, 9, 2));
    // Nine accounts in the directory and three in git; what they hold comes with them.
    assert_eq!((report.writes, report.removals), (12, 0));
    let gains = |connection: &str, entitlement: &str| {
        let mut lines = report.lines.iter().filter(|line| line.effect == Effect::Gain);
        lines
            .find(|line| line.connection.as_str() == connection && line.entitlement == entitlement)
            .map(|line| line.people)
    };
    assert_eq!((gains("ldap", "group/staff"), gains("git", "group/finance")), (Some(9), Some(3)));
    assert_eq!(report.documents.documents.len(), 2);
    assert_eq!(report.notices, 9, "each run ends with a sealed record that is told of");
    let before = world.state();
    let (applied, _) = world.apply(row.id).await;
    assert_eq!((applied.state, applied.version), (PlanState::Applied, Some(2)));
    world.idle().await;
    assert_eq!(world.state(), predicted(before, &world.outcomes(row.id).await, |_, _| false));
    let (_, again) = world
        .plan(
            &[
                staff(),
                role("finance", "person.department == \"Finance\"", 0, &[("git", "finance"), ("ldap", "finance")]),
            ],
            Asked::default(),
        )
        .await;
    assert_eq!((again.people, again.writes), (0, 0), "what was done is not done again");
}

#[tokio::test]
async fn a_plan_is_not_applied_once_something_moved() {
    let world = World::new(4, free()).await;
    let (row, _) = world.plan(&[staff()], Asked::default()).await;
    world
        .change(world.people[2], |person| {
            person.attributes.insert("site".to_owned(), "lab".into());
        })
        .await;
    let (moved, _) = world.apply(row.id).await;
    assert_eq!(moved.state, PlanState::Moved);
    assert_eq!(moved.note.as_deref(), Some("what is known of E2 is not what it was; make a new plan"));
    world.idle().await;
    assert_eq!((world.writes(), world.house.live.now().version), (0, 1));
    let again = apply::apply(&world.owner(), row.id, "again".to_owned()).await;
    assert!(matches!(again, Err(AppError::Conflict(_))), "{again:?}");
}

#[tokio::test]
async fn two_plans_of_one_version_cannot_both_be_applied() {
    let world = World::new(3, free()).await;
    let (first, _) = world.plan(&[staff()], Asked::default()).await;
    let (second, _) = world.plan(&[role("other", "true", 0, &[("git", "lab")])], Asked::default()).await;
    assert_eq!(world.apply(first.id).await.0.state, PlanState::Applied);
    let (late, _) = world.apply(second.id).await;
    assert_eq!(late.state, PlanState::Moved);
    assert!(late.note.unwrap().contains("another version of the estate"));
}

#[tokio::test]
async fn an_old_plan_a_picture_of_later_and_one_past_its_bounds_are_refused() {
    let world = World::new(3, free()).await;
    let refused = async |id| match apply::apply(&world.owner(), id, "x".to_owned()).await {
        Err(AppError::Conflict(why)) => why,
        other => panic!("{other:?}"),
    };
    let (many, report) = world.plan(&[staff()], Asked { people_max: Some(2), ..Asked::default() }).await;
    assert_eq!(report.over, ["it touches 3 people, and at most 2 were wanted"]);
    assert!(refused(many.id).await.contains("past a bound"));
    let later = world.clock.now().checked_add(48.hours()).unwrap();
    let (picture, _) = world.plan(&[staff()], Asked { at: Some(later), ..Asked::default() }).await;
    assert!(refused(picture.id).await.contains("which has not come"));
    let (old, _) = world.plan(&[staff()], Asked::default()).await;
    world.clock.advance(std::time::Duration::from_hours(25));
    assert!(refused(old.id).await.contains("was good until"));
}

#[tokio::test]
async fn grace_is_told_as_what_is_lost_later_and_a_date_shows_it_gone() {
    let world = World::new(6, free()).await;
    let finance = |grace| role("finance", "person.department == \"Finance\"", grace, &[("ldap", "finance")]);
    let (row, _) = world.plan(&[staff(), finance(7)], Asked::default()).await;
    world.apply(row.id).await;
    world.idle().await;
    let writes = world.writes();
    let narrower =
        role("finance", "person.department == \"Finance\" && person.site == \"lab\"", 7, &[("ldap", "finance")]);
    let (_, report) = world.plan(&[staff(), narrower.clone()], Asked::default()).await;
    let later: Vec<_> = report.lines.iter().filter(|line| line.effect == Effect::LoseLater).collect();
    assert_eq!((later.len(), later[0].people, later[0].days), (1, 1, Some(7)), "{:?}", report.lines);
    assert_eq!(later[0].role.as_ref().map(ToString::to_string).as_deref(), Some("finance"));
    let at = world.clock.now().checked_add(240.hours()).unwrap();
    let (picture, report) = world.plan(&[staff(), narrower], Asked { at: Some(at), ..Asked::default() }).await;
    let lost: Vec<_> = report.lines.iter().filter(|line| line.effect == Effect::Lose).collect();
    assert_eq!((lost.len(), lost[0].people), (1, 1), "{:?}", report.lines);
    let outcome = &world.outcomes(picture.id).await[0];
    assert!(outcome.changes[0].at.unwrap() > world.clock.now(), "{outcome:?}");
    assert_eq!(world.writes(), writes, "planning wrote to a system");
}

#[tokio::test]
async fn a_what_if_shows_changes_and_what_happens_beside_them_and_writes_nothing() {
    let world = World::new(2, free()).await;
    let finance = role("finance", "person.department == \"Finance\"", 0, &[("git", "finance")]);
    let (row, _) = world.plan(&[staff(), finance], Asked::default()).await;
    world.apply(row.id).await;
    world.idle().await;
    let writes = world.writes();
    let if_so = If { set: [("department".to_owned(), "Finance".into())].into(), ..If::default() };
    let (_, outcome) = whatif(&world.owner(), "E1".to_owned(), if_so).await.unwrap();
    let outcome = outcome.unwrap();
    assert_eq!((outcome.changes.len(), outcome.changes[0].change.as_str()), (1, "create-account"));
    assert!(outcome.happens.iter().any(|one| matches!(one, Happens::Told { kind, .. } if kind == "run.sealed")));
    let (_, outcome) = whatif(&world.owner(), "E0".to_owned(), If { leave: true, ..If::default() }).await.unwrap();
    let outcome = outcome.unwrap();
    assert_eq!(outcome.presence, "over");
    assert_eq!(outcome.changes.iter().filter(|change| change.change == "disable-account").count(), 2);
    assert_eq!(world.writes(), writes);
}
