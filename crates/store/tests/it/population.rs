//! Everybody by id, what tells that somebody changed, and who holds something.

use futures::future::BoxFuture;
use jiff::civil::date;
use tenure_model::{Engagement, Grant, GrantState, IdentityKind, Person, PersonId, Reason};
use tenure_store::population::{Sums, Version, sums, versions};
use tenure_store::{Store, StoreError, Tx, engagements, grants, people};

use crate::world::{each_db, new, now, person};

async fn write<T, F>(store: &Store, job: F) -> T
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    store.write(job).await.unwrap()
}

fn engagement(person: PersonId, key: &str) -> Engagement {
    Engagement {
        id: new(),
        person,
        kind: IdentityKind::Employee,
        source: "hr".parse().unwrap(),
        key: key.to_owned(),
        zone: "UTC".parse().unwrap(),
        first_day: date(2026, 1, 1),
        last_day: None,
        leave: None,
        rescinded: false,
        cut_at: None,
        version: 1,
    }
}

fn grant(person: PersonId, state: GrantState) -> Grant {
    Grant {
        id: new(),
        person,
        connection: "ldap".parse().unwrap(),
        entitlement: "group/staff".into(),
        reason: Reason::Adopted { by: "ada".into() },
        valid_from: now(),
        valid_until: None,
        state,
        version: 1,
    }
}

#[tokio::test]
async fn a_change_of_anybody_shows_in_the_sums_and_in_their_version() {
    each_db(async |store| {
        let mut all: Vec<Person> = (0..5).map(|number| person("Ada", &format!("E{number}"))).collect();
        all.sort_by_key(|person| person.id);
        let (first, second) = (all[0].clone(), all[1].clone());
        let (one, other) = (engagement(first.id, "E1"), engagement(first.id, "E2"));
        let (written, theirs) = (all.clone(), [one.clone(), other.clone()]);
        write(&store, |tx| {
            Box::pin(async move {
                assert_eq!(sums(tx).await?, Sums::default());
                for person in &written {
                    people::insert(tx, person).await?;
                }
                for engagement in &theirs {
                    engagements::insert(tx, engagement).await?;
                }
                // Page by page, with nobody twice and nobody left out.
                let page = people::by_id(tx, None, 3).await?;
                let rest = people::by_id(tx, page.last().map(|person| person.id), 3).await?;
                assert_eq!(page.into_iter().chain(rest).collect::<Vec<_>>(), written);
                let wanted = [second.id, first.id, new()];
                let mut found = people::of_ids(tx, &wanted).await?;
                found.sort_by_key(|person| person.id);
                assert_eq!(found, [first.clone(), second.clone()]);
                assert_eq!(engagements::of_people(tx, &wanted).await?.len(), 2);
                let before = sums(tx).await?;
                assert_eq!(before, Sums { people: 5, versions: 5, engagements: 2, engagement_versions: 2 });
                let version = Version { person: first.id, own: 1, engagements: 4 };
                assert_eq!(versions(tx, None, 1).await?, [version]);
                let without = Version { person: second.id, own: 1, engagements: 0 };
                assert_eq!(versions(tx, Some(first.id), 1).await?, [without]);
                let changed = Engagement { person: second.id, version: 2, ..one };
                engagements::update(tx, &changed).await?;
                people::update(tx, &Person { version: 2, ..second.clone() }).await?;
                assert_eq!(sums(tx).await?, Sums { versions: 6, engagement_versions: 3, ..before });
                let found = versions(tx, None, 2).await?;
                assert_eq!(found.iter().map(|one| (one.own, one.engagements)).collect::<Vec<_>>(), [(1, 2), (2, 3)]);
                Ok(())
            })
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn whoever_holds_something_is_listed_once() {
    each_db(async |store| {
        let mut all: Vec<Person> = (0..3).map(|number| person("Ada", &format!("E{number}"))).collect();
        all.sort_by_key(|person| person.id);
        write(&store, |tx| {
            Box::pin(async move {
                for person in &all {
                    people::insert(tx, person).await?;
                }
                let states =
                    [(0, GrantState::Held), (0, GrantState::Held), (1, GrantState::Pending), (2, GrantState::Held)];
                for (place, state) in states {
                    grants::insert(tx, &grant(all[place].id, state)).await?;
                }
                let ldap = "ldap".parse().unwrap();
                let first = grants::holders(tx, &ldap, "group/staff", None, 1).await?;
                assert_eq!(first, [all[0].id]);
                assert_eq!(grants::holders(tx, &ldap, "group/staff", Some(all[0].id), 9).await?, [all[2].id]);
                assert_eq!(grants::holders(tx, &ldap, "group/other", None, 9).await?, []);
                Ok(())
            })
        })
        .await;
    })
    .await;
}
