//! What estates do differently: groups of names, units within units, the lock of another server.

use tenure_connect::{AnyConnector, Change, Desired, Locator, Outcome, Page, Query, Write};
use tenure_connectors::ldap::{Disable, LdapConfig};
use tenure_model::{AccountState, Value};
use tenure_testkit::slapd::{BASE_DN, Slapd};

use super::{ada, ada_dn, apply, attributes, config, connector, create, disable, done, enable};

#[tokio::test]
async fn a_group_can_hold_names_that_follow_a_rename() {
    let slapd = Slapd::start().await;
    slapd.change(&format!(
        "dn: cn=unix,ou=groups,{BASE_DN}\nchangetype: add\nobjectClass: posixGroup\ngidNumber: 4711\nmemberUid: root\n"
    ));
    let mut settings = config(&slapd);
    settings.groups.object_class = "posixGroup".into();
    settings.groups.member = "memberUid".into();
    settings.groups.member_by = Some("uid".into());
    let ldap = connector(settings);
    let unix = Locator::attribute("cn", "unix");
    let desired = Desired::Present { account: ada(), attributes: attributes("ada"), hold: [unix].into() };
    for change in ldap.plan(&desired).await.unwrap() {
        done(&ldap, &change).await;
    }
    let members = || slapd.search(BASE_DN, "(cn=unix)", &["memberUid"]);
    assert!(members().contains("memberUid: ada\n") && members().contains("memberUid: root\n"), "{}", members());
    let rename = Change::new(ada(), Write::Move { attributes: [("uid".to_owned(), "countess".into())].into() });
    assert_eq!(done(&ldap, &rename).await.holds.len(), 1);
    assert!(members().contains("memberUid: countess\n") && !members().contains("memberUid: ada\n"), "{}", members());
    let batch = ldap.read(&Query::accounts(), &Page::first()).await.unwrap();
    assert_eq!(batch.objects[0].account().unwrap().holds.len(), 1);
    done(&ldap, &Change::new(ada(), Write::Delete)).await;
    assert!(!members().contains("countess") && members().contains("memberUid: root\n"), "{}", members());
}

#[tokio::test]
async fn somebody_moves_between_units_and_keeps_what_they_hold() {
    let slapd = Slapd::start().await;
    slapd.change(&format!("dn: ou=sales,ou=people,{BASE_DN}\nchangetype: add\nobjectClass: organizationalUnit\n"));
    let mut settings = config(&slapd);
    settings.people.attributes.push("container".into());
    let ldap = connector(settings);
    let before = done(&ldap, &create()).await;
    assert_eq!(before.attributes["container"], "ou=people".into());
    let staff = Locator::attribute("cn", "staff");
    let place = Value::from("OU=Sales,ou=People");
    let attributes = [("container".to_owned(), place), ("uid".to_owned(), "countess".into())].into();
    let desired = Desired::Present { account: ada(), attributes, hold: [staff].into() };
    for _ in 0..2 {
        for change in ldap.plan(&desired).await.unwrap() {
            done(&ldap, &change).await;
        }
    }
    assert!(ldap.plan(&desired).await.unwrap().is_empty());
    let back = [("container".to_owned(), "ou=people".into())].into();
    let after = done(&ldap, &Change::new(ada(), Write::Move { attributes: back })).await;
    assert_eq!((after.native_id, after.holds.len()), (before.native_id, 1));
    let members = slapd.search(BASE_DN, "(cn=staff)", &["member"]);
    assert!(members.contains(&format!("member: uid=countess,ou=people,{BASE_DN}")), "{members}");
    assert!(!members.contains("sales"), "{members}");
    for outside in ["ou=groups", "ou=nowhere,ou=people"] {
        let attributes = [("container".to_owned(), outside.into())].into();
        let outcome = apply(&ldap, &Change::new(ada(), Write::Move { attributes })).await;
        assert!(matches!(&outcome, Outcome::Refused(refusal) if !refusal.retry()), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_lock_of_389_directory_server_is_written_and_seen() {
    let slapd = Slapd::start().await;
    let mut settings = LdapConfig { disable: Disable::NsAccountLock, ..config(&slapd) };
    settings.people.object_classes.push("lockable".into());
    let ldap = connector(settings);
    done(&ldap, &create()).await;
    assert_eq!(done(&ldap, &disable()).await.state, AccountState::Disabled);
    assert!(slapd.search(&ada_dn(), "(uid=ada)", &["nsAccountLock"]).contains("nsAccountLock: true\n"));
    assert_eq!(done(&ldap, &enable()).await.state, AccountState::Active);
    assert!(!slapd.search(&ada_dn(), "(uid=ada)", &["nsAccountLock"]).contains("nsAccountLock"));
}
