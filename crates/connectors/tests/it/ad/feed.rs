//! What changed: made, moved, deleted, and who came into a group or left it.

use tenure_connect::{AnyConnector, ChangeToken, Changed, Changes, Locator, ObjectClass, Write};
use tenure_connectors::ldap::AdConfig;
use tenure_connectors::ldap::ad::AdChanges;
use tenure_model::NativeId;
use tenure_testkit::samba::{BASE_DN, Samba};

use super::{ada, change, config, connector, create, done, entitlements, make_so};

async fn since(connector: &dyn AnyConnector, token: Option<&ChangeToken>) -> (Vec<Changed>, ChangeToken) {
    match connector.changes(ObjectClass::Account, token).await.unwrap() {
        Changes::Since { changed, next, .. } => (changed, next),
        Changes::Reset { why } => panic!("a reset: {why}"),
    }
}

fn ids(changed: &[Changed]) -> Vec<(NativeId, bool)> {
    let id = |one: &Changed| match one {
        Changed::Now(seen) => (seen.account().unwrap().native_id.clone().unwrap(), true),
        Changed::Gone(id) => (id.clone(), false),
    };
    changed.iter().map(id).collect()
}

#[tokio::test]
async fn a_membership_is_a_change_of_the_account() {
    let samba = Samba::start().await;
    let ad = connector(config(&samba));
    let id = done(&ad, &create()).await.native_id.unwrap();
    let (_, token) = since(&ad, None).await;
    assert_eq!(ids(&since(&ad, Some(&token)).await.0), []);
    make_so(&ad, &entitlements(&["staff"], &[])).await;
    let (changed, token) = since(&ad, Some(&token)).await;
    assert_eq!(ids(&changed), [(id.clone(), true)]);
    make_so(&ad, &entitlements(&[], &["staff"])).await;
    let (changed, token) = since(&ad, Some(&token)).await;
    let [Changed::Now(seen)] = changed.as_slice() else { panic!("{changed:?}") };
    assert!(seen.account().unwrap().holds.is_empty());
    done(&ad, &change(Write::Delete)).await;
    let (changed, token) = since(&ad, Some(&token)).await;
    assert_eq!(ids(&changed), [(id, false)]);
    assert_eq!(ids(&since(&ad, Some(&token)).await.0), []);
}

#[tokio::test]
async fn who_is_moved_to_where_we_do_not_look_is_gone_in_either_way() {
    let samba = Samba::start().await;
    for changes in [AdChanges::Dirsync, AdChanges::UpdateNumbers] {
        let ad = connector(AdConfig { changes, ..config(&samba) });
        let id = done(&ad, &create()).await.native_id.unwrap();
        let (_, token) = since(&ad, None).await;
        samba.change(&format!(
            "dn: cn=ada,ou=people,{BASE_DN}\nchangetype: moddn\nnewrdn: cn=ada\ndeleteoldrdn: 1\nnewsuperior: {BASE_DN}\n"
        ));
        assert_eq!(ids(&since(&ad, Some(&token)).await.0), [(id.clone(), false)], "{changes:?}");
        assert_eq!(ad.get(&Locator::Native(id)).await.unwrap(), None);
        assert_eq!(ad.get(&ada()).await.unwrap(), None);
        samba.change(&format!("dn: cn=ada,{BASE_DN}\nchangetype: delete\n"));
    }
}

#[tokio::test]
async fn a_token_of_another_controller_or_way_is_a_reset() {
    let samba = Samba::start().await;
    let ad = connector(AdConfig { changes: AdChanges::UpdateNumbers, ..config(&samba) });
    let (_, token) = since(&ad, None).await;
    let number = token.as_str().rsplit_once(':').unwrap().1;
    let other = format!("usn:28b0f7a5-fff5-4013-ac63-be35b821e511:{number}");
    let restored = format!("{}9", token.as_str());
    let (_, other_way) = since(&connector(config(&samba)), None).await;
    for token in [other.as_str(), &restored, other_way.as_str(), "usn:", "usn:x:-1"] {
        let answer = ad.changes(ObjectClass::Account, Some(&ChangeToken::new(token))).await.unwrap();
        assert!(matches!(answer, Changes::Reset { .. }), "{token}: {answer:?}");
    }
    let (dirsync, token) = (connector(config(&samba)), ChangeToken::new("dirsync:TVNEUwM=:TVNE"));
    assert!(matches!(dirsync.changes(ObjectClass::Account, Some(&token)).await.unwrap(), Changes::Reset { .. }));
}
