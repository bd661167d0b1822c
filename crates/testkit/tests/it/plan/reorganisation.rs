//! A hundred thousand people, and a reorganisation that touches all of them: planned in minutes, in
//! bounded memory, without a write. `cargo xtask test testkit --all --name reorganisation`

use tenure_app::plans::Asked;
use tenure_model::{
    Account, AccountState, Clock as _, Grant, GrantState, NativeId, PersonId, Reason, SystemClock, new_id,
};
use tenure_policy::brakes::Limits;
use tenure_store::{StoreError, accounts, grants};

use super::staff;
use super::world::{World, role};

const PEOPLE: usize = 100_000;

/// Everybody has what the first rules say, as if it had been done and read back.
async fn settle(world: &World) {
    let finance = |number: usize| number.is_multiple_of(3);
    for (chunk, people) in world.people.chunks(1_000).enumerate() {
        let (people, ids, now): (Vec<PersonId>, _, _) = (people.to_vec(), world.house.ids.clone(), world.clock.now());
        let job = world.house.store.write(move |tx| {
            Box::pin(async move {
                for (at, person) in people.into_iter().enumerate() {
                    let number = chunk * 1_000 + at;
                    let mut held = vec![("staff", "staff", "person.kind == \"employee\"")];
                    held.extend(finance(number).then_some(("finance", "finance", "person.department == \"Finance\"")));
                    let account = Account {
                        id: new_id(ids.as_ref()),
                        connection: "ldap".parse().unwrap(),
                        person: Some(person),
                        native_id: Some(NativeId::new(format!("account-{number}"))),
                        name: format!("E{number}"),
                        state: AccountState::Active,
                        holds: held.iter().map(|(_, group, _)| NativeId::new(format!("group-{group}"))).collect(),
                        seen_at: Some(now),
                        version: 1,
                    };
                    accounts::upsert(tx, &account).await?;
                    for (role, group, because) in held {
                        let grant = Grant {
                            id: new_id(ids.as_ref()),
                            person,
                            connection: "ldap".parse().unwrap(),
                            entitlement: format!("group/{group}"),
                            reason: Reason::Birthright { role: role.parse().unwrap(), because: because.to_owned() },
                            valid_from: now,
                            valid_until: None,
                            state: GrantState::Held,
                            version: 1,
                        };
                        grants::insert(tx, &grant).await?;
                    }
                }
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    }
}

fn finance(when: &str) -> (String, String) {
    role("finance", when, 0, &[("ldap", "finance")])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_reorganisation_of_a_hundred_thousand_is_planned_in_minutes_and_writes_nothing() {
    let mut world = World::new(0, Limits::default()).await;
    world.hire(PEOPLE).await;
    settle(&world).await;
    let clock = SystemClock::new();
    let began = clock.now();
    let (_, same) = world.plan(&[staff(), finance("person.department == \"Finance\"")], Asked::default()).await;
    assert_eq!((same.people, same.looked_at), (0, PEOPLE as u64), "what is so already is no change");
    let nothing = clock.now().duration_since(began);
    let began = clock.now();
    let (_, report) = world.plan(&[staff(), finance("person.department != \"Finance\"")], Asked::default()).await;
    let all = clock.now().duration_since(began);
    eprintln!("{PEOPLE} people: nothing to do {nothing:#}, everybody touched {all:#}");
    assert_eq!((report.people, report.writes), (PEOPLE as u64, PEOPLE as u64));
    assert_eq!(report.held.len(), 1, "a third of all would lose something, and no brake holds");
    assert_eq!(world.writes(), 0, "planning wrote to a system");
    assert!(all.as_secs() < 300, "{all:?}");
}
