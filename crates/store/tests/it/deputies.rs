//! Who stands in for whom: by their names, at a moment.

use jiff::ToSpan as _;
use tenure_model::Deputy;
use tenure_store::StoreError;
use tenure_store::deputies::{self, DeputyFilter};

use crate::world::{each_db, new, now};

fn deputy(whom: &str, name: &str, hours: [i64; 2]) -> Deputy {
    Deputy {
        id: new(),
        whom: whom.into(),
        name: name.into(),
        valid_from: now() + hours[0].hours(),
        valid_until: now() + hours[1].hours(),
        reason: "on leave".into(),
        by: whom.into(),
        ended: None,
        version: 1,
    }
}

#[tokio::test]
async fn who_stands_in_is_found_from_both_sides_while_it_holds() {
    each_db(async |store| {
        let (bob, later, over) =
            (deputy("bob", "carol", [0, 2]), deputy("bob", "dave", [1, 3]), deputy("bob", "erin", [-2, 0]));
        let (chain, gone) = (deputy("carol", "frank", [0, 2]), deputy("bob", "grace", [0, 2]));
        let job = store.write(move |tx| {
            Box::pin(async move {
                for one in [&bob, &later, &over, &chain, &gone] {
                    deputies::insert(tx, one).await?;
                }
                let ended = gone.clone().end("bob", now()).unwrap();
                deputies::update(tx, &ended).await?;
                assert!(matches!(deputies::update(tx, &ended).await, Err(StoreError::Conflict { .. })));
                assert_eq!(deputies::get(tx, ended.id).await?, Some(ended));
                let names = |found: Vec<Deputy>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
                assert_eq!(names(deputies::of(tx, "bob", now()).await?), ["carol"], "only those who stand in now");
                assert_eq!(names(deputies::of(tx, "bob", now() + 1.hours()).await?), ["carol", "dave"]);
                assert_eq!(names(deputies::of(tx, "bob", now() + 2.hours()).await?), ["dave"]);
                assert_eq!(deputies::held_by(tx, "carol", now()).await?, [bob.clone()]);
                assert_eq!(deputies::held_by(tx, "grace", now()).await?, [], "what was ended still holds");
                assert_eq!(deputies::held_by(tx, "erin", now()).await?, [], "what is over still holds");
                assert_eq!(deputies::count_of(tx, "bob", now()).await?, 2);
                assert!(deputies::ever(tx, "bob", "erin").await? && !deputies::ever(tx, "erin", "bob").await?);
                let of = |whom: Option<&str>, either: Option<&str>| DeputyFilter {
                    whom: whom.map(ToOwned::to_owned),
                    either: either.map(ToOwned::to_owned),
                };
                let all = deputies::list(tx, &DeputyFilter::default(), None, 10).await?;
                assert_eq!(all.len(), 5);
                assert_eq!(names(deputies::list(tx, &of(None, Some("carol")), None, 10).await?), ["carol", "frank"]);
                assert_eq!(names(deputies::list(tx, &of(Some("carol"), None), None, 10).await?), ["frank"]);
                assert_eq!(names(deputies::list(tx, &of(Some("bob"), Some("carol")), None, 10).await?), ["carol"]);
                let rest = deputies::list(tx, &DeputyFilter::default(), Some(all[3].id), 10).await?;
                assert_eq!(rest, all[4..]);
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    })
    .await;
}
