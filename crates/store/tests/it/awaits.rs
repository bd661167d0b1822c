//! What waits for something to happen to somebody: whoever looked first is not overwritten.

use serde_json::{Map, Value as Json};
use tenure_model::{Id as _, RunId};
use tenure_store::awaits::{self, Await};
use tenure_store::{StoreError, people};
use uuid::Uuid;

use crate::world::{each_db, person};

#[tokio::test]
async fn what_a_watch_saw_is_kept_only_over_what_it_saw_before() {
    each_db(async |store| {
        let (person, run) = (person("Ada", "E1"), RunId::from_uuid(Uuid::from_u128(7)));
        let seen = |count: u64| [("looks".to_owned(), count.into())].into_iter().collect::<Map<String, Json>>();
        let wait = Await {
            key: "k".to_owned(),
            run,
            person: person.id,
            event: "session/watch".to_owned(),
            wanted: Map::new(),
            until: None,
            came: None,
        };
        let opened: Result<Await, StoreError> = store
            .write(move |tx| {
                Box::pin(async move {
                    people::insert(tx, &person).await?;
                    awaits::open_once(tx, &wait).await
                })
            })
            .await;
        opened.unwrap();
        let keep = async |before: Map<String, Json>, now: Map<String, Json>| {
            store.write(move |tx| Box::pin(async move { awaits::keep(tx, "k", &before, &now).await })).await
        };
        keep(Map::new(), seen(1)).await.unwrap();
        let late = keep(Map::new(), seen(9)).await;
        assert!(matches!(late, Err(StoreError::Conflict { .. })), "a look that began before another overwrites it");
        keep(seen(1), seen(2)).await.unwrap();
        let found = store.read(|tx| Box::pin(async move { awaits::get(tx, "k").await }));
        let found: Option<Await> = found.await.map_err(|error: StoreError| error).unwrap();
        assert_eq!(found.unwrap().wanted, seen(2));
    })
    .await;
}
