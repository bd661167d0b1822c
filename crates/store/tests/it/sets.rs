//! Sets: everybody in one has one place, and whoever knows less never writes over it.

use tenure_model::{PersonId, RunId};
use tenure_store::sets::{self, SetPerson, SetPersonState, SetRow, SetState};
use tenure_store::{Store, StoreError};

use crate::world::{each_db, new, now};

fn set() -> SetRow {
    SetRow {
        id: new(),
        state: SetState::Looking,
        workflow: "survey".into(),
        definition: "d1".into(),
        input: r#"{"days":3}"#.into(),
        condition: Some("person.department == 'x'".into()),
        made_by: "ada".into(),
        made_at: now(),
        good_until: now(),
        progress: None,
        looked_at: 0,
        unclear: 0,
        started_by: None,
        started_at: None,
        reason: None,
        note: None,
        version: 1,
    }
}

fn person(place: i64, person: Option<PersonId>, state: SetPersonState) -> SetPerson {
    SetPerson { place, named: format!("E{place}"), person, state, why: None, run: None }
}

async fn write<T: Send + 'static>(
    store: &Store,
    job: impl for<'t> FnOnce(&'t mut tenure_store::Tx) -> futures::future::BoxFuture<'t, Result<T, StoreError>>
    + Send
    + 'static,
) -> Result<T, StoreError> {
    store.write(job).await
}

#[tokio::test]
async fn a_set_is_written_by_whoever_knows_how_it_stands() {
    each_db(async |store| {
        let first = set();
        let (own, later) = (first.clone(), set());
        write(&store, move |tx| {
            Box::pin(async move {
                sets::insert(tx, &own).await?;
                sets::insert(tx, &later).await?;
                let next = SetRow {
                    state: SetState::Starting,
                    progress: Some(new()),
                    looked_at: 7,
                    unclear: 2,
                    started_by: Some("bo".into()),
                    started_at: Some(now()),
                    reason: Some("why".into()),
                    note: Some("note".into()),
                    version: 2,
                    ..own.clone()
                };
                sets::update(tx, &next).await?;
                assert_eq!(sets::get(tx, own.id).await?, Some(next.clone()));
                let newest: Vec<_> = sets::list(tx, None, 10).await?.iter().map(|set| set.id).collect();
                assert_eq!(newest, [later.id, own.id]);
                assert_eq!(sets::list(tx, Some(later.id), 10).await?, [next]);
                Ok(())
            })
        })
        .await
        .unwrap();
        let stale = SetRow { version: 2, ..first };
        let refused = write(&store, move |tx| Box::pin(async move { sets::update(tx, &stale).await })).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn people_keep_their_places_and_nobody_has_two() {
    each_db(async |store| {
        let (own, who): (SetRow, PersonId) = (set(), new());
        let id = own.id;
        write(&store, move |tx| {
            Box::pin(async move {
                sets::insert(tx, &own).await?;
                let all: Vec<SetPerson> = (1..=100).map(|place| person(place, None, SetPersonState::Named)).collect();
                sets::put(tx, id, &all).await?;
                let run: RunId = new();
                let begun = SetPerson { run: Some(run), ..person(3, Some(who), SetPersonState::Begun) };
                let cannot = SetPerson { why: Some("no".into()), ..person(2, None, SetPersonState::Cannot) };
                sets::put(tx, id, &[begun.clone(), cannot.clone()]).await?;
                sets::put(tx, id, &[]).await?;
                assert_eq!(sets::people(tx, id, None, 1, 2).await?, [cannot, begun]);
                let named = sets::people(tx, id, Some(SetPersonState::Named), 0, 3).await?;
                assert_eq!(named.iter().map(|one| one.place).collect::<Vec<_>>(), [1, 4, 5]);
                let counts = sets::counts(tx, id).await?;
                let expected = [(SetPersonState::Named, 98), (SetPersonState::Cannot, 1), (SetPersonState::Begun, 1)];
                assert_eq!(counts, expected.into());
                assert_eq!(sets::places_of(tx, id, &[who, new()]).await?, [(who, 3)].into());
                assert!(sets::runs(tx, id).await?.is_empty());
                Ok(())
            })
        })
        .await
        .unwrap();
        let twice = person(9, Some(who), SetPersonState::Ready);
        let refused = write(&store, move |tx| Box::pin(async move { sets::put(tx, id, &[twice]).await })).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    })
    .await;
}
