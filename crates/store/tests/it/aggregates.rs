//! Every aggregate: what is written is read back, and who comes second is told.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::{Timestamp, ToSpan, civil::date};
use tenure_model::{
    Engagement, Entitlement, EntitlementKind, Exception, Grant, GrantState, Id, IdentityKind, Leave, NativeId, Person,
    PersonId, Reason, Role, RunId, Value,
};
use tenure_store::cases::{Case, Detail, Resolution};
use tenure_store::events::Inserted;
use tenure_store::ledger::{Checkpoint, Draft};
use tenure_store::notices::{Count, Notice, Standing};
use tenure_store::people::PeopleCursor;
use tenure_store::tokens::{Opens, Token};
use tenure_store::{
    Store, StoreError, Tx, accounts, cases, engagements, entitlements, events, exceptions, grants, ledger, notices,
    people, settings, tokens,
};
use uuid::Uuid;

use crate::world::{account, each_db, event, new, now, person};

/// Runs a writing job that must end well.
async fn write<T, F>(store: &Store, job: F) -> T
where
    F: for<'t> FnOnce(&'t mut Tx) -> futures::future::BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    store.write(job).await.unwrap()
}

#[tokio::test]
async fn people_are_found_by_any_short_text() {
    each_db(async |store| {
        let mut ada = person("Ada Łovelace", "E1042");
        ada.attributes.insert("number".into(), Value::Number(7));
        ada.attributes.insert("essay".into(), Value::from("x".repeat(1000)));
        let twin = person("Ada", "e1042 ");
        let mut agent = person("Bot", "B");
        agent.kind = IdentityKind::AiAgent;
        agent.sponsor = Some(ada.id);
        let (a, t, b) = (ada.clone(), twin.clone(), agent.clone());
        write(&store, |tx| {
            Box::pin(async move {
                for person in [&a, &t, &b] {
                    people::insert(tx, person).await?;
                }
                assert_eq!(people::get(tx, b.id).await?, Some(b));
                assert_eq!(people::find_by_key(tx, "employeeId", " E1042").await?, [a.clone(), t]);
                assert_eq!(people::find_by_key(tx, "number", "7").await?, [a.clone()]);
                let changed = Person { version: 2, attributes: [("employeeId".into(), "E9".into())].into(), ..a };
                people::update(tx, &changed).await?;
                assert_eq!(people::find_by_key(tx, "number", "7").await?, []);
                assert_eq!(people::find_by_key(tx, "employeeId", "e9").await?, [changed]);
                assert_eq!(people::list(tx, Some("łOVE"), None, 10).await?.len(), 1);
                assert_eq!(people::list(tx, Some("%"), None, 10).await?.len(), 0);
                Ok(())
            })
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_second_is_told() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let first = ada.clone();
        write(&store, |tx| Box::pin(async move { people::insert(tx, &first).await })).await;
        let next = Person { version: 2, ..ada.clone() };
        let ended = join_all((0..8).map(|_| {
            let next = next.clone();
            store.write(move |tx| Box::pin(async move { people::update(tx, &next).await }))
        }))
        .await;
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1);
        let lost = ended.into_iter().find_map(Result::err).unwrap();
        assert!(matches!(lost, StoreError::Conflict { table: "person", .. }), "{lost:?}");
        let fresh = account("ada");
        let (one, three) = (fresh.clone(), tenure_model::Account { version: 3, ..fresh.clone() });
        write(&store, |tx| Box::pin(async move { accounts::upsert(tx, &one).await })).await;
        let lost = store.write(move |tx| Box::pin(async move { accounts::upsert(tx, &three).await })).await;
        assert!(matches!(lost, Err(StoreError::Conflict { table: "account", .. })), "{lost:?}");
    })
    .await;
}

#[tokio::test]
async fn pages_of_people_have_no_gap_and_no_repeat() {
    each_db(async |store| {
        for name in ["b", "a", "B", "é", "a", "a", "ł", "c", "a"] {
            let person = person(name, name);
            write(&store, |tx| Box::pin(async move { people::insert(tx, &person).await })).await;
        }
        let mut found: Vec<Person> = Vec::new();
        loop {
            let after = found.last().map(PeopleCursor::after);
            let page =
                write(&store, |tx| Box::pin(async move { people::list(tx, None, after.as_ref(), 2).await })).await;
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let names: Vec<&str> = found.iter().map(|person| person.display_name.as_str()).collect();
        assert_eq!(names, ["a", "a", "a", "a", "b", "B", "c", "é", "ł"]);
        assert_eq!(found.iter().map(|person| person.id).collect::<BTreeSet<PersonId>>().len(), 9);
    })
    .await;
}

#[tokio::test]
async fn engagements_and_grants_are_read_back() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let engagement = Engagement {
            id: new(),
            person: ada.id,
            kind: IdentityKind::Contractor,
            source: "hr".parse().unwrap(),
            key: "E1".into(),
            spell: 1,
            zone: "Australia/Melbourne".parse().unwrap(),
            first_day: date(2024, 3, 1),
            last_day: None,
            leaves: vec![Leave { from: date(2025, 1, 1), until: None }],
            handover: Some(date(2025, 3, 1)),
            primary: true,
            rescinded: false,
            cut_at: None,
            version: 1,
        };
        let grant = Grant {
            id: new(),
            person: ada.id,
            connection: "ldap".parse().unwrap(),
            entitlement: "group/finance".into(),
            reason: Reason::Birthright { role: "finance".parse().unwrap(), because: "department is finance".into() },
            valid_from: now(),
            valid_until: None,
            state: GrantState::Pending,
            version: 1,
        };
        write(&store, |tx| {
            Box::pin(async move {
                people::insert(tx, &ada).await?;
                engagements::insert(tx, &engagement).await?;
                grants::insert(tx, &grant).await?;
                assert_eq!(engagements::of_person(tx, ada.id).await?, [engagement.clone()]);
                assert_eq!(grants::of_person(tx, ada.id).await?, [grant.clone()]);
                let ended = Engagement { last_day: Some(date(2026, 11, 30)), version: 2, ..engagement };
                engagements::update(tx, &ended).await?;
                assert_eq!(engagements::get(tx, ended.id).await?, Some(ended.clone()));
                assert_eq!(engagements::find_by_key(tx, &ended.source, "E1").await?, Some(ended.clone()));
                let again = Engagement { id: new(), spell: 2, version: 1, ..ended.clone() };
                engagements::insert(tx, &again).await?;
                assert_eq!(engagements::find_by_key(tx, &ended.source, "E1").await?, Some(again.clone()));
                engagements::delete(tx, again.id).await?;
                assert_eq!(engagements::find_by_key(tx, &ended.source, "E1").await?, Some(ended));
                let held = grant.held().unwrap();
                grants::update(tx, &held).await?;
                assert_eq!(grants::get(tx, held.id).await?, Some(held));
                Ok(())
            })
        })
        .await;
        let orphan = Engagement { id: new(), key: "E2".into(), person: new(), ..sample() };
        let refused = store.write(move |tx| Box::pin(async move { engagements::insert(tx, &orphan).await })).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    })
    .await;
}

fn sample() -> Engagement {
    Engagement {
        id: new(),
        person: new(),
        kind: IdentityKind::Employee,
        source: "hr".parse().unwrap(),
        key: "E1".into(),
        spell: 1,
        zone: "UTC".parse().unwrap(),
        first_day: date(2024, 3, 1),
        last_day: None,
        leaves: Vec::new(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    }
}

#[tokio::test]
async fn accounts_and_entitlements_are_read_back() {
    each_db(async |store| {
        write(&store, |tx| {
            Box::pin(async move {
                let (ada, connection) = (account("UID=Ada"), "ldap".parse().unwrap());
                accounts::upsert(tx, &ada).await?;
                assert_eq!(accounts::find(tx, &connection, &NativeId::new("native-UID=Ada")).await?, Some(ada.clone()));
                assert_eq!(accounts::find_by_name(tx, &connection, "uid=ada").await?, [ada.clone()]);
                let doubted = ada.doubted();
                accounts::upsert(tx, &doubted).await?;
                assert_eq!(accounts::get(tx, doubted.id).await?, Some(doubted.clone()));
                let owner = person("Ada", "E1");
                people::insert(tx, &owner).await?;
                let owned = tenure_model::Account { person: Some(owner.id), version: 3, ..doubted };
                accounts::upsert(tx, &owned).await?;
                assert_eq!(accounts::of_person(tx, owner.id).await?, [owned]);
                let group = Entitlement {
                    id: new(),
                    connection: connection.clone(),
                    kind: EntitlementKind::Group,
                    native_id: NativeId::new("g1"),
                    name: "finance".into(),
                    privileged: true,
                    contains: BTreeSet::from([new(), new()]),
                };
                entitlements::upsert(tx, &group).await?;
                entitlements::upsert(tx, &group).await?;
                assert_eq!(entitlements::by_native(tx, &connection, &group.native_id).await?, Some(group.clone()));
                assert_eq!(entitlements::get(tx, group.id).await?, Some(group.clone()));
                assert_eq!(entitlements::list(tx, None, 10).await?, [group.clone()]);
                assert_eq!(entitlements::list(tx, Some(group.id), 10).await?, []);
                Ok(())
            })
        })
        .await;
        let double = account("UID=Ada");
        let refused = store.write(move |tx| Box::pin(async move { accounts::upsert(tx, &double).await })).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_event_gets_its_first_answer() {
    each_db(async |store| {
        write(&store, |tx| {
            Box::pin(async move {
                let (first, repeat) = (event("hr-991"), event("hr-991"));
                assert_eq!(events::insert_once(tx, &first).await?, Inserted::New);
                events::set_answer(tx, first.id, "{\"run\":1}").await?;
                let before = events::insert_once(tx, &repeat).await?;
                let expected = Inserted::Before { event: Box::new(first.clone()), answer: Some("{\"run\":1}".into()) };
                assert_eq!(before, expected);
                let second = event("hr-992");
                events::insert_once(tx, &second).await?;
                let page = events::list(tx, Some(&second.connection), None, 1).await?;
                assert_eq!(page, [(second.clone(), None)]);
                let page = events::list(tx, None, Some(second.id), 10).await?;
                assert_eq!(page.len(), 1);
                assert_eq!(events::get(tx, first.id).await?.map(|(event, _)| event), Some(first.clone()));
                let case = Case {
                    id: new(),
                    event: first.id,
                    connection: first.connection.clone(),
                    question: "who is E1".into(),
                    candidates: vec![new(), new()],
                    detail: Some(Detail { kind: "key-change".into(), body: "{}".into() }),
                    opened_at: now(),
                    resolution: None,
                };
                cases::insert(tx, &case).await?;
                assert_eq!(cases::list_open(tx, None, 10).await?, [case.clone()]);
                assert_eq!(cases::open_of_kind(tx, "key-change", "{}").await?, [case.id]);
                assert_eq!(cases::open_of_kind(tx, "name", "{}").await?, []);
                let resolution = Resolution { at: now(), by: "grace".into(), body: "{}".into() };
                cases::resolve(tx, case.id, &resolution).await?;
                assert_eq!(cases::list_open(tx, None, 10).await?, []);
                assert_eq!(cases::open_of_kind(tx, "key-change", "{}").await?, []);
                let closed = Case { resolution: Some(resolution.clone()), ..case.clone() };
                assert_eq!(cases::get(tx, case.id).await?, Some(closed));
                let late = cases::resolve(tx, case.id, &resolution).await;
                assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
                Ok(())
            })
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_token_is_known_by_its_hash() {
    each_db(async |store| {
        write(&store, |tx| {
            Box::pin(async move {
                let token = Token {
                    id: new(),
                    owner: "grace".into(),
                    opens: Opens::Roles([Role::Owner, Role::Auditor].into()),
                    scopes: ["people".to_owned()].into(),
                    created_at: now(),
                    expires_at: now() + 1.hour(),
                    revoked_at: None,
                };
                let source = Token { id: new(), opens: Opens::Source("hr".parse().unwrap()), ..token.clone() };
                tokens::insert(tx, &token, &[1; 32]).await?;
                tokens::insert(tx, &source, &[2; 32]).await?;
                assert_eq!(tokens::find_by_hash(tx, &[1; 32]).await?, Some(token.clone()));
                assert_eq!(tokens::find_by_hash(tx, &[3; 32]).await?, None);
                assert_eq!(tokens::list(tx, Some(token.id), 10).await?, [source]);
                assert!(tokens::revoke(tx, token.id, now()).await?);
                assert!(!tokens::revoke(tx, token.id, now()).await?);
                let revoked = tokens::find_by_hash(tx, &[1; 32]).await?.unwrap();
                assert!(token.is_good(now()) && !token.is_good(now() + 1.hour()) && !revoked.is_good(now()));
                assert_eq!(settings::put_once(tx, "instance", "a").await?, "a");
                assert_eq!(settings::put_once(tx, "instance", "b").await?, "a");
                settings::put(tx, "instance", "c").await?;
                assert_eq!(settings::get(tx, "instance").await?.as_deref(), Some("c"));
                assert_eq!(settings::get(tx, "nothing").await?, None);
                Ok(())
            })
        })
        .await;
    })
    .await;
}

fn notice(due: Timestamp) -> Notice {
    Notice { id: new(), channel: "mail".into(), body: "{}".into(), created_at: now(), due, attempts: 0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_tried_by_one_at_a_time_until_it_arrives() {
    each_db(async |store| {
        let all: Vec<Notice> = (0..20).map(|_| notice(now())).chain([notice(now() + 1.hour())]).collect();
        let (first, second) = (all[0].id, all[1].id);
        write(&store, |tx| {
            Box::pin(async move {
                for notice in &all {
                    notices::insert(tx, notice).await?;
                }
                Ok(())
            })
        })
        .await;
        let until = now() + 1.minute();
        let taken =
            join_all((0..4).map(|_| write(&store, move |tx| Box::pin(notices::claim(tx, "mail", now(), until, 6)))))
                .await;
        let ids: Vec<_> = taken.iter().flatten().map(|notice| notice.id).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "a notice was given out twice");
        write(&store, move |tx| {
            Box::pin(async move {
                notices::claim(tx, "mail", now(), until, 100).await?;
                assert_eq!(notices::claim(tx, "mail", now(), until, 100).await?, [], "all of them are being tried");
                notices::delivered(tx, first).await?;
                notices::failed(tx, second, "nobody there", None).await?;
                let again = notices::claim(tx, "mail", until, until + 1.minute(), 100).await?;
                assert_eq!(again.len(), 18);
                assert!(again.iter().all(|notice| notice.attempts == 2));
                notices::failed(tx, again[0].id, "later", Some(until + 2.hours())).await?;
                let late = notices::delivered(tx, first).await;
                assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
                assert_eq!(notices::claim(tx, "other", until, until, 100).await?, [], "another channel has none");
                Ok(())
            })
        })
        .await;
    })
    .await;
}

fn draft(body: &str) -> Draft {
    Draft { id: new::<RunId>().uuid(), at: now(), body: body.into() }
}

#[tokio::test]
async fn the_ledger_has_no_holes() {
    each_db(async |store| {
        let drafts: Vec<Draft> = (0..100).map(|number| draft(&format!("{{\"n\":{number}}}"))).collect();
        let (written, expected) = (drafts.clone(), drafts.clone());
        write(&store, |tx| {
            Box::pin(async move {
                ledger::append(tx, &written).await?;
                assert_eq!(ledger::unsealed(tx, 1000).await?, expected);
                let leaves: Vec<(Uuid, [u8; 32])> = expected.iter().map(|draft| (draft.id, [7; 32])).collect();
                ledger::seal(tx, 0, &leaves[..60]).await?;
                ledger::seal(tx, 60, &leaves[60..]).await?;
                assert_eq!((ledger::size(tx).await?, ledger::unsealed(tx, 10).await?), (100, vec![]));
                let page = ledger::entries(tx, 58, 3).await?;
                assert_eq!(page.iter().map(|entry| entry.index).collect::<Vec<_>>(), [58, 59, 60]);
                assert_eq!(ledger::get(tx, 99).await?.map(|entry| entry.body), Some("{\"n\":99}".into()));
                assert_eq!(ledger::leaf_hashes(tx, 90, 100).await?, [[7; 32]; 10]);
                let checkpoint = Checkpoint { size: 100, root: [9; 32], at: now(), note: "signed".into() };
                ledger::insert_checkpoint(tx, &checkpoint).await?;
                assert_eq!(ledger::latest_checkpoint(tx).await?, Some(checkpoint));
                Ok(())
            })
        })
        .await;
        let (known, fresh) = (drafts[0].id, draft("{}"));
        let next = fresh.id;
        write(&store, |tx| Box::pin(async move { ledger::append(tx, &[fresh]).await })).await;
        for (from, id) in [(99, next), (101, next), (100, known), (100, Uuid::from_u128(1))] {
            let refused =
                store.write(move |tx| Box::pin(async move { ledger::seal(tx, from, &[(id, [0; 32])]).await }));
            let refused = refused.await;
            assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
        }
        write(&store, move |tx| Box::pin(async move { ledger::seal(tx, 100, &[(next, [0; 32])]).await })).await;
    })
    .await;
}

#[tokio::test]
async fn what_did_not_arrive_is_listed_until_it_arrives_or_is_put_aside() {
    each_db(async |store| {
        let all = [notice(now()), notice(now()), Notice { channel: "hook".into(), ..notice(now()) }];
        let [first, second, third] = all.each_ref().map(|notice| notice.id);
        write(&store, move |tx| {
            Box::pin(async move {
                for notice in &all {
                    notices::insert(tx, notice).await?;
                }
                assert_eq!(notices::due_channels(tx, now()).await?, ["hook", "mail"]);
                notices::claim(tx, "mail", now(), now() + 1.minute(), 100).await?;
                assert_eq!(notices::due_channels(tx, now()).await?, ["hook"], "the others are being tried");
                assert!(notices::failed(tx, first, "no such mailbox", None).await?);
                notices::delivered(tx, second).await?;
                let left = notices::list_undelivered(tx, None, None, 10).await?;
                assert_eq!(left.iter().map(|row| row.notice.id).collect::<Vec<_>>(), [first, third]);
                assert_eq!((left[0].standing, left[0].reason.as_deref()), (Standing::GivenUp, Some("no such mailbox")));
                let waiting = notices::list_undelivered(tx, Some(Standing::Waiting), None, 10).await?;
                assert_eq!(waiting.iter().map(|row| row.notice.id).collect::<Vec<_>>(), [third]);
                assert_eq!(notices::list_undelivered(tx, None, Some(first), 10).await?.len(), 1);
                let count = |channel: &str, standing| Count { channel: channel.into(), standing, count: 1 };
                let counts = [count("hook", Standing::Waiting), count("mail", Standing::GivenUp)];
                assert_eq!(notices::count_undelivered(tx).await?, counts);

                notices::retry(tx, first, now()).await?;
                let again = notices::claim(tx, "mail", now(), now() + 1.minute(), 100).await?;
                assert_eq!((again[0].id, again[0].attempts), (first, 1));
                notices::put_aside(tx, first, now(), "ada", "told by phone").await?;
                assert!(!notices::failed(tx, first, "busy", Some(now())).await?, "it is not woken up again");
                assert_eq!(notices::get_undelivered(tx, first).await?, None);
                assert_eq!(notices::count_undelivered(tx).await?.len(), 1);
                // It was on its way when it was put aside, and it arrived.
                notices::delivered(tx, first).await?;
                Ok(())
            })
        })
        .await;
        for id in [first, second] {
            let again = store.write(move |tx| Box::pin(async move { notices::retry(tx, id, now()).await })).await;
            assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn exceptions_are_kept_with_their_end_and_changed_once() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let one = Exception {
            id: new(),
            rule: "sod".parse().unwrap(),
            person: ada.id,
            approved_by: "cfo".into(),
            because: "year end".into(),
            valid_from: now(),
            valid_until: now() + 24.hours(),
            ended: None,
            version: 1,
        };
        let ended = one.clone().end("owner", now()).unwrap();
        write(&store, |tx| {
            Box::pin(async move {
                people::insert(tx, &ada).await?;
                exceptions::insert(tx, &one).await?;
                assert_eq!(exceptions::of_person(tx, ada.id).await?, [one.clone()]);
                exceptions::update(tx, &ended).await?;
                assert_eq!(exceptions::get(tx, one.id).await?, Some(ended.clone()));
                assert_eq!(exceptions::list(tx, None, 10).await?, [ended.clone()]);
                assert_eq!(exceptions::list(tx, Some(one.id), 10).await?, []);
                assert!(exceptions::update(tx, &ended).await.is_err(), "a second change of the same version");
                Ok(())
            })
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn holders_come_in_the_order_of_their_grants_and_by_role() {
    each_db(async |store| {
        let (first, second, other) = (person("A", "E1"), person("B", "E2"), person("C", "E3"));
        let grant = |holder: &Person, hours: i64, role: &str, state| Grant {
            id: new(),
            person: holder.id,
            connection: "ldap".parse().unwrap(),
            entitlement: "group/admin".into(),
            reason: Reason::Birthright { role: role.parse().unwrap(), because: "\"role\":\"admin\"".into() },
            valid_from: now() + hours.hours(),
            valid_until: None,
            state,
            version: 1,
        };
        let rows = [
            grant(&second, 2, "admin", GrantState::Pending),
            grant(&first, 1, "admin", GrantState::Held),
            grant(&first, 3, "staff", GrantState::Held),
            grant(&other, 0, "staff", GrantState::Held),
            grant(&other, 0, "admin", GrantState::Revoked),
        ];
        write(&store, |tx| {
            Box::pin(async move {
                for person in [&first, &second, &other] {
                    people::insert(tx, person).await?;
                }
                for row in &rows {
                    grants::insert(tx, row).await?;
                }
                let (ldap, admin) = ("ldap".parse().unwrap(), "admin".parse().unwrap());
                let all = grants::earliest_holders(tx, &ldap, "group/admin", None, 10).await?;
                let all: Vec<PersonId> = all.into_iter().map(|(_, holder)| holder).collect();
                assert_eq!(all, [other.id, first.id, second.id]);
                let role = grants::earliest_holders(tx, &ldap, "group/admin", Some(&admin), 10).await?;
                let role: Vec<PersonId> = role.into_iter().map(|(_, holder)| holder).collect();
                assert_eq!(role, [first.id, second.id]);
                assert_eq!(grants::earliest_holders(tx, &ldap, "group/admin", None, 1).await?.len(), 1);
                Ok(())
            })
        })
        .await;
    })
    .await;
}

fn seen(title: &str) -> tenure_model::Attributes {
    [("title".to_owned(), Value::from(title))].into()
}

#[tokio::test]
async fn what_accounts_were_seen_with_is_found_by_person() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let (mut known, stray) = (account("ada"), account("stray"));
        known.person = Some(ada.id);
        write(&store, |tx| {
            Box::pin(async move {
                people::insert(tx, &ada).await?;
                accounts::upsert(tx, &known).await?;
                accounts::upsert(tx, &stray).await?;
                for title in ["Duke", "Countess"] {
                    accounts::write_attributes(tx, known.id, &seen(title), now()).await?;
                }
                accounts::write_attributes(tx, stray.id, &seen("x"), now()).await?;
                let found = accounts::attributes_of_person(tx, ada.id).await?;
                assert_eq!(found, [(known.id, seen("Countess"))].into());
                Ok(())
            })
        })
        .await;
    })
    .await;
}
