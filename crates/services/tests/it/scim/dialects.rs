//! One connector, many dialects: what each profile sends and how it reads, against real servers
//! where they can be made to speak it and against a small peer where they cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Change, Completeness, Locator, Page, Query, RefusalClass, Write};
use tenure_services::scim::ScimConnector;
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::scim::{ScimKind, ScimServer};
use tenure_testkit::wire::{Peer, Reply, Request};

use super::{ada, attributes, connector, create, disable, done, enable, settings};

fn with(server: &ScimServer, name: &str, value: Json) -> ScimConnector {
    let mut settings = settings(server);
    settings[name] = value;
    connector(settings)
}

/// Makes a few users, and reads them in pages of two.
async fn read_in_pages(scim: &ScimConnector) -> Vec<String> {
    for number in 0..5 {
        let account = Locator::attribute("externalId", format!("E{number}"));
        let attributes = attributes(&format!("user{number}"));
        done(scim, &Change::new(account, Write::Create { attributes })).await;
    }
    pages(scim).await
}

async fn pages(scim: &ScimConnector) -> Vec<String> {
    let (mut page, mut names) = (Page::first_of(2), Vec::new());
    loop {
        let batch = scim.read(&Query::accounts(), &page).await.unwrap();
        assert!(batch.objects.len() <= 2);
        names.extend(batch.objects.iter().map(|object| object.account().unwrap().name.clone()));
        let Some(next) = batch.next else {
            assert_eq!(batch.completeness, Completeness::Whole);
            names.sort();
            return names;
        };
        page = page.then(next);
    }
}

const FIVE: [&str; 5] = ["user0", "user1", "user2", "user3", "user4"];

#[tokio::test]
async fn a_cursor_is_followed_where_it_is_offered() {
    let server = ScimServer::start_saying(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true}, "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": 1000}, "changePassword": {"supported": true},
        "sort": {"supported": true}, "etag": {"supported": true}, "authenticationSchemes": [],
        "pagination": {"cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 1000, "cursorTimeout": 3600},
    }))
    .await;
    let scim = connector(settings(&server));
    assert_eq!(read_in_pages(&scim).await, FIVE);
    let first = scim.read(&Query::accounts(), &Page::first_of(2)).await.unwrap();
    assert!(first.next.unwrap().as_str().contains("Cursor"));
    let forged = Page::first_of(2).then(tenure_connect::PageToken::new(r#"{"Cursor":"forged"}"#));
    assert_eq!(scim.read(&Query::accounts(), &forged).await.unwrap_err().class, RefusalClass::Stale);
}

#[tokio::test]
async fn a_server_that_takes_no_changes_and_no_filters_is_given_whole_objects_and_read_whole() {
    let server = ScimServer::start_saying(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": false}, "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": false, "maxResults": 100}, "changePassword": {"supported": false},
        "sort": {"supported": false}, "etag": {"supported": false}, "authenticationSchemes": [],
    }))
    .await;
    let scim = connector(settings(&server));
    done(&scim, &create()).await;
    let staff =
        scim.read(&Query::entitlements().only(Locator::attribute("displayName", "staff")), &Page::first()).await;
    let staff = staff.unwrap().objects[0].entitlement().unwrap().clone();
    let grant = Write::Grant { entitlement: staff.native_id.clone(), name: staff.name.clone() };
    assert_eq!(done(&scim, &Change::new(ada(), grant)).await.holds, [staff.native_id.clone()].into());
    let title = [("title".to_owned(), "Countess".into())].into();
    let seen = done(&scim, &Change::new(ada(), Write::Set { attributes: title })).await;
    assert_eq!((seen.holds.len(), seen.attributes.len()), (1, 6));
    done(&scim, &disable()).await;
    done(&scim, &enable()).await;
    let revoke = Write::Revoke { entitlement: staff.native_id, name: staff.name };
    assert!(done(&scim, &Change::new(ada(), revoke)).await.holds.is_empty());
}

#[tokio::test]
async fn two_who_replace_the_same_group_both_get_in() {
    const MANY: usize = 12;
    let server = ScimServer::start(ScimKind::Scim2Server).await;
    // Two connectors stand for two nodes: no lock of ours holds between them.
    let nodes = [with(&server, "profile", json!("okta-put")), with(&server, "profile", json!("okta-put"))];
    let join = |number: usize| {
        let scim = &nodes[number % 2];
        async move {
            let account = Locator::attribute("userName", format!("joiner{number}"));
            let wanted = tenure_connect::Desired::Present {
                attributes: attributes(&format!("joiner{number}")),
                account,
                hold: [Locator::attribute("displayName", "staff")].into(),
            };
            for _ in 0..20 {
                let changes = scim.plan(&wanted).await.unwrap();
                if changes.is_empty() {
                    return;
                }
                for change in &changes {
                    // A group that changed too often is refused as stale, and planned anew.
                    if !matches!(super::apply(scim, change).await, tenure_connect::Outcome::Done { .. }) {
                        break;
                    }
                }
            }
            panic!("joiner{number} did not get in");
        }
    };
    futures::future::join_all((0..MANY).map(join)).await;
    let groups = server.groups().await;
    let staff = groups.iter().find(|group| group["displayName"] == "staff").unwrap();
    assert_eq!(staff["members"].as_array().unwrap().len(), MANY);
}

/// A group that was read before somebody else joined it is not put back as it was.
#[tokio::test]
async fn a_group_that_changed_under_our_hands_is_written_anew() {
    let server = ScimServer::start(ScimKind::Scim2Server).await;
    let line = FaultyLine::to(server.port()).await;
    let direct = with(&server, "profile", json!("okta-put"));
    let mut behind = settings(&server);
    behind["profile"] = json!("okta-put");
    behind["url"] = json!(line.url(server.path()));
    let behind = connector(behind);
    let bob = Locator::attribute("externalId", "E7");
    done(&direct, &create()).await;
    done(&direct, &Change::new(bob.clone(), Write::Create { attributes: attributes("bob") })).await;
    let staff = Query::entitlements().only(Locator::attribute("displayName", "staff"));
    let staff = direct.read(&staff, &Page::first()).await.unwrap().objects[0].entitlement().unwrap().clone();
    let grant = || Write::Grant { entitlement: staff.native_id.clone(), name: staff.name.clone() };

    // The line remembers the empty group; then bob joins by another way.
    let group = Query::entitlements().only(Locator::Native(staff.native_id.clone()));
    behind.read(&group, &Page::first()).await.unwrap();
    done(&direct, &Change::new(bob, grant())).await;
    let path = format!("/Groups/{}", staff.native_id);
    line.order("GET", &path, Fault::Stale);
    line.order("GET", &path, Fault::Stale);
    assert_eq!(done(&behind, &Change::new(ada(), grant())).await.holds.len(), 1);
    assert_eq!(line.forwarded()["PUT"], 2, "the first one was refused, and the second one was not");
    let groups = server.groups().await;
    let staff = groups.iter().find(|group| group["displayName"] == "staff").unwrap();
    assert_eq!(staff["members"].as_array().unwrap().len(), 2, "{staff}");
}

fn user(number: usize) -> Json {
    json!({"id": format!("u{number}"), "userName": format!("user{number}"), "active": true})
}

fn list(resources: &[Json], more: Json) -> Reply {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "Resources": resources});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Reply::new(200, body.to_string()).with("content-type", "application/scim+json")
}

async fn peer_of(profile: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Peer, ScimConnector) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let peer = Peer::start(reply).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.keep().join("token");
    std::fs::write(&token, "only-for-tests").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let auth = json!({"kind": "bearer", "token": format!("file:{}", token.display())});
    let scim = connector(json!({"url": peer.url(), "auth": auth, "profile": profile}));
    (peer, scim)
}

#[tokio::test]
async fn aws_is_read_by_cursor_and_asked_for_groups_by_member() {
    let (peer, scim) = peer_of("aws", |request| match request.target.split('?').next() {
        Some("/Users") if request.target.contains("cursor=two") => list(&[user(2)], json!({"itemsPerPage": 1})),
        Some("/Users") => list(&[user(0), user(1)], json!({"itemsPerPage": 2, "nextCursor": "two"})),
        Some("/Groups") if request.target.contains("nobody") => list(&[], json!({"totalResults": 0})),
        Some("/Groups") => {
            list(&[json!({"id": "g", "displayName": "staff", "members": []})], json!({"itemsPerPage": 1}))
        }
        _ => Reply::new(404, "{}"),
    })
    .await;
    assert_eq!(pages(&scim).await, ["user0", "user1", "user2"]);
    let batch = scim.read(&Query::accounts(), &Page::first()).await.unwrap();
    assert_eq!(batch.objects[0].account().unwrap().holds.len(), 1);
    let asked: Vec<String> = peer.asked().into_iter().map(|request| request.target).collect();
    assert!(asked.iter().any(|target| target.starts_with("/Users?cursor=&count=2")), "{asked:?}");
    assert!(asked.iter().any(|target| target.starts_with("/Groups?filter=members+eq+%22u0%22")), "{asked:?}");
}

#[tokio::test]
async fn google_is_read_whole_and_given_out_in_pages() {
    let (peer, scim) = peer_of("google", |request| match request.target.split('?').next() {
        Some("/Users") => list(&[user(0), user(1), user(2), user(3), user(4)], json!({"totalResults": 5})),
        Some("/Groups") => list(&[], json!({"totalResults": 0})),
        _ => Reply::new(404, "{}"),
    })
    .await;
    assert_eq!(pages(&scim).await, FIVE);
    let asked: Vec<String> = peer.asked().into_iter().map(|request| request.target).collect();
    assert_eq!(asked.iter().filter(|target| target.starts_with("/Users")).count(), 1, "{asked:?}");
    assert!(!asked.iter().any(|target| target.contains("startIndex") || target.contains("count")), "{asked:?}");
}

#[tokio::test]
async fn objects_that_move_between_two_pages_are_noticed() {
    let turn = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&turn);
    let (_peer, scim) = peer_of("rfc", move |request| match request.target.split('?').next() {
        Some("/Users") if request.target.contains("startIndex=1") => {
            list(&[user(0), user(1)], json!({"totalResults": 4}))
        }
        Some("/Users") => match seen.fetch_add(1, Ordering::Relaxed) {
            // user0 was deleted, so everybody moved up by one.
            0 => list(&[user(2), user(3)], json!({"totalResults": 3, "startIndex": 2})),
            // One came and one went, and the place is the same.
            _ => list(&[user(1), user(2), user(3)], json!({"totalResults": 5, "startIndex": 2})),
        },
        Some("/Groups") => list(&[], json!({"totalResults": 0})),
        _ => Reply::new(404, "{}"),
    })
    .await;
    let first = Page::first_of(2);
    let second = first.then(scim.read(&Query::accounts(), &first).await.unwrap().next.unwrap());
    let refusal = scim.read(&Query::accounts(), &second).await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Stale);
    assert!(refusal.message.contains("moved between two pages"), "{refusal}");
    let batch = scim.read(&Query::accounts(), &second).await.unwrap();
    assert!(batch.next.is_some() || matches!(batch.completeness, Completeness::Partial { .. }), "{batch:?}");
}

#[tokio::test]
async fn a_filter_that_is_not_heeded_makes_nobody_else_ours() {
    let (_peer, scim) = peer_of("rfc", |request| match request.target.split('?').next() {
        // It takes no notice of any filter.
        Some("/Users") if request.method == "GET" && request.target.contains("startIndex=1&count=2") => {
            list(&[user(0), user(1)], json!({"totalResults": 3, "startIndex": 1}))
        }
        Some("/Users") if request.method == "GET" => list(&[user(0), user(1), user(2)], json!({"totalResults": 3})),
        Some("/Users/u2") => Reply::new(200, user(2).to_string()),
        Some("/Groups") => list(&[], json!({"totalResults": 0})),
        _ => Reply::new(404, "{}"),
    })
    .await;
    let found = scim.get(&Locator::attribute("userName", "user2")).await.unwrap().unwrap();
    assert_eq!(found.name, "user2");
    assert!(scim.get(&Locator::attribute("userName", "user9")).await.unwrap().is_none());
}
