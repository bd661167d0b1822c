//! What is said of people, the names that are made for them, and who turned out to be one.

use futures::future::join_all;
use jiff::{Timestamp, ToSpan as _};
use tenure_model::{Name, PersonId, Statement, Strength, Value};
use tenure_store::merges::{self, Merge, MergeKind, MergeRecord};
use tenure_store::{Store, StoreError, accounts, names, people, values};

use crate::world::{account, each_db, new, now, person};

fn generator() -> Name {
    "user-name".parse().unwrap()
}

fn said(attribute: &str, source: &str, value: Value, refers_by: Option<&str>) -> Statement {
    Statement {
        attribute: attribute.into(),
        source: source.parse().unwrap(),
        value,
        strength: Strength::Authority,
        refers_by: refers_by.map(str::to_owned),
        seen_at: now(),
        event: None,
    }
}

async fn reserve(store: &Store, name: &str, person: PersonId, at: Timestamp) -> bool {
    let name = name.to_owned();
    let rested = at.checked_sub(240.hours()).unwrap();
    let job = store
        .write(move |tx| Box::pin(async move { names::reserve(tx, &generator(), &name, person, at, rested).await }));
    job.await.unwrap()
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_one_gets_it() {
    each_db(async |store| {
        let wishes = (0..12).map(|_| reserve(&store, "Ada", new(), now()));
        let got = join_all(wishes).await;
        assert_eq!(got.iter().filter(|got| **got).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_name_rests_before_somebody_else_gets_it() {
    each_db(async |store| {
        let (ada, bob): (PersonId, PersonId) = (new(), new());
        assert!(reserve(&store, "ada", ada, now()).await);
        let gone = now().checked_add(1.hour()).unwrap();
        let job = store.write(move |tx| {
            Box::pin(async move {
                assert_eq!(names::of_person(tx, ada).await?.len(), 1);
                assert_eq!(names::release(tx, &generator(), ada, Some("ADA"), gone).await?, 0, "it is kept");
                assert_eq!(names::release(tx, &generator(), ada, None, gone).await?, 1);
                assert_eq!(names::of_person(tx, ada).await?, []);
                Ok::<_, StoreError>(())
            })
        });
        job.await.unwrap();
        let soon = now().checked_add(239.hours()).unwrap();
        assert!(!reserve(&store, "ada", bob, soon).await, "it rests for ten days");
        let later = now().checked_add(242.hours()).unwrap();
        assert!(reserve(&store, "ada", bob, later).await);
        assert!(!reserve(&store, "ada", ada, later).await, "it is somebody else's now");
    })
    .await;
}

#[tokio::test]
async fn its_last_holder_gets_a_name_back_at_once() {
    each_db(async |store| {
        let ada: PersonId = new();
        assert!(reserve(&store, "ada", ada, now()).await);
        let job =
            store.write(move |tx| Box::pin(async move { names::release(tx, &generator(), ada, None, now()).await }));
        assert_eq!(job.await.unwrap(), 1);
        assert!(reserve(&store, "ada", ada, now()).await);
    })
    .await;
}

#[tokio::test]
async fn what_is_said_is_replaced_and_referrers_are_found() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let job = store.write(move |tx| {
            Box::pin(async move {
                people::insert(tx, &ada).await?;
                let manager = said("manager", "hr", " e7 ".into(), Some("employeeId"));
                let first = [
                    manager.clone(),
                    said("phone", "hr", "1".into(), None),
                    said("phone", "ldap", Value::Cleared, None),
                ];
                values::replace(tx, ada.id, &first).await?;
                assert_eq!(values::of_person(tx, ada.id).await?, first);
                assert_eq!(values::referring_to(tx, "employeeId", "E7").await?, [ada.id]);
                assert_eq!(values::referring_to(tx, "employeeId", "E8").await?, []);
                let second = [manager, said("phone", "hr", "2".into(), None)];
                values::replace(tx, ada.id, &second).await?;
                assert_eq!(values::of_person(tx, ada.id).await?, second);
                values::replace(tx, ada.id, &[]).await?;
                assert_eq!(values::of_person(tx, ada.id).await?, []);
                Ok::<_, StoreError>(())
            })
        });
        job.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_one_person_has_goes_to_another_and_back() {
    each_db(async |store| {
        let (ada, twin) = (person("Ada", "E1"), person("Ada", "E2"));
        let job = store.write(move |tx| {
            Box::pin(async move {
                people::insert(tx, &ada).await?;
                people::insert(tx, &twin).await?;
                let mut theirs = account("ada2");
                theirs.person = Some(twin.id);
                accounts::upsert(tx, &theirs).await?;
                let moved = merges::move_all(tx, twin.id, ada.id).await?;
                assert_eq!(accounts::of_person(tx, ada.id).await?.len(), 1);
                let merge = Merge {
                    id: new(),
                    kind: MergeKind::Merge,
                    kept: ada.id,
                    other: twin.id,
                    at: now(),
                    by: "grace".into(),
                    reason: "one and the same".into(),
                    record: MergeRecord {
                        kept_before: ada.clone(),
                        other_before: twin.clone(),
                        moved: moved.clone(),
                        names: vec![(generator(), "ada".into())],
                    },
                    undone: None,
                };
                merges::insert(tx, &merge).await?;
                assert_eq!(merges::get(tx, merge.id).await?, Some(merge.clone()));
                assert_eq!(merges::merged_into(tx, twin.id).await?, Some(ada.id));
                assert_eq!(people::list(tx, None, None, 10).await?, [ada.clone()], "who was merged is in no list");
                assert_eq!(merges::move_some(tx, &moved, ada.id, twin.id).await?, 1);
                merges::undo(tx, merge.id, now(), "grace").await?;
                assert_eq!(accounts::of_person(tx, twin.id).await?.len(), 1);
                assert_eq!(merges::merged_into(tx, twin.id).await?, None);
                assert_eq!(people::list(tx, None, None, 10).await?.len(), 2);
                let listed = merges::list(tx, Some(twin.id), None, 10).await?;
                assert_eq!(listed.first().and_then(|merge| merge.undone.clone()), Some((now(), "grace".into())));
                let again = merges::undo(tx, merge.id, now(), "grace").await;
                assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
                Ok::<_, StoreError>(())
            })
        });
        job.await.unwrap();
    })
    .await;
}
