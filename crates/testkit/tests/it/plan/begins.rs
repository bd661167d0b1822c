//! What a plan begins: only what is meant for each person, in the lane that the workflow has.

use std::collections::BTreeSet;

use tenure_app::plans::Asked;
use tenure_app::plans::simulate::Happens;
use tenure_store::{StoreError, runs};

use super::world::World;
use super::{free, staff};

#[tokio::test]
async fn a_plan_begins_what_is_meant_for_somebody_and_says_so_before() {
    let world = World::new(6, free()).await;
    let spec = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: money }\nspec:\n  trigger: { event: \
                person.changed, when: 'person.department == \"Finance\"' }\n  lane: own\n  steps:\n    - { id: ring, \
                use: lifecycle/emit, with: { event: custom.rich } }\n";
    let money = ("workflows/money.yaml".to_owned(), spec.to_owned());
    let (row, _) = world.plan(&[staff(), money], Asked::default()).await;
    let rings = |happens: &Happens| matches!(happens, Happens::Does { action, .. } if action == "lifecycle/emit");
    let outcomes = world.outcomes(row.id).await;
    let told = outcomes.iter().filter(|outcome| outcome.happens.iter().any(rings));
    assert_eq!((outcomes.len(), told.count()), (6, 2), "it was told of others");
    world.apply(row.id).await;
    world.idle().await;
    let filter = runs::RunFilter { name: Some("money".to_owned()), ..runs::RunFilter::default() };
    let job = world.house.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, None, 900).await }));
    let lanes: BTreeSet<String> =
        job.await.map_err(|error: StoreError| error).unwrap().into_iter().map(|run| run.lane).collect();
    let finance = [world.people[0], world.people[3]].map(|person| format!("{person}/money"));
    assert_eq!(lanes, finance.into(), "it began for others, or in another lane");
}
