//! Entries as a whole: deleted, renamed, given a password, and told of when they change.

use tenure_connect::{AnyConnector, Change, ChangeToken, Changed, Changes, Desired, Locator, ObjectClass, Write};
use tenure_model::Value;
use tenure_testkit::slapd::{BASE_DN, Slapd};

use super::{ada, ada_dn, config, connector, create, disable, done};

fn password(slapd: &Slapd, must_change: bool) -> Change {
    let secret = format!("file:{}", slapd.password_file().display()).parse().unwrap();
    Change::new(ada(), Write::SetPassword { secret, must_change })
}

async fn member_of_staff(connector: &dyn AnyConnector) {
    let staff = Locator::attribute("cn", "staff");
    let desired = Desired::Entitlements { account: ada(), add: [staff].into(), remove: [].into() };
    for change in connector.plan(&desired).await.unwrap() {
        done(connector, &change).await;
    }
}

fn staff(slapd: &Slapd) -> String {
    slapd.search(&format!("ou=groups,{BASE_DN}"), "(cn=staff)", &["member"])
}

#[tokio::test]
async fn a_password_that_is_set_signs_in_and_may_have_to_be_changed() {
    let slapd = Slapd::start().await;
    let connector = connector(config(&slapd));
    done(&connector, &create()).await;
    assert!(!slapd.can_bind(&ada_dn(), "only-for-tests"));
    done(&connector, &password(&slapd, false)).await;
    assert!(slapd.can_bind(&ada_dn(), "only-for-tests"));
    assert!(!slapd.search(BASE_DN, "(uid=ada)", &["userPassword"]).contains("only-for-tests"), "it is not hashed");
    done(&connector, &password(&slapd, true)).await;
    assert!(slapd.search(BASE_DN, "(uid=ada)", &["pwdReset"]).contains("pwdReset: TRUE"));
    done(&connector, &disable()).await;
    assert!(!slapd.can_bind(&ada_dn(), "only-for-tests"));
}

#[tokio::test]
async fn who_is_deleted_leaves_no_membership_to_the_next_of_the_name() {
    let slapd = Slapd::start().await;
    let connector = connector(config(&slapd));
    done(&connector, &create()).await;
    member_of_staff(&connector).await;
    assert!(staff(&slapd).contains("uid=ada"));
    done(&connector, &Change::new(ada(), Write::Delete)).await;
    assert!(!staff(&slapd).contains("uid=ada"), "{}", staff(&slapd));
    assert!(done(&connector, &create()).await.holds.is_empty());
}

#[tokio::test]
async fn who_is_renamed_is_the_same_and_keeps_memberships() {
    let slapd = Slapd::start().await;
    let connector = connector(config(&slapd));
    let before = done(&connector, &create()).await;
    member_of_staff(&connector).await;
    let desired = Desired::Present {
        account: ada(),
        attributes: [("uid".to_owned(), Value::from("ada,king=x"))].into(),
        hold: [].into(),
    };
    let plan = connector.plan(&desired).await.unwrap();
    assert!(matches!(plan.as_slice(), [Change { write: Write::Move { .. }, .. }]), "{plan:?}");
    let after = done(&connector, &plan[0]).await;
    assert_eq!((after.native_id, after.holds.len()), (before.native_id, 1));
    let members = staff(&slapd);
    assert!(!members.contains("uid=ada,ou") && members.matches("member:").count() == 2, "{members}");
    assert!(connector.plan(&desired).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_by_somebody_else_is_told() {
    let slapd = Slapd::start().await;
    let connector = connector(config(&slapd));
    let made = done(&connector, &create()).await;
    let Changes::Since { next, .. } = connector.changes(ObjectClass::Account, None).await.unwrap() else {
        panic!("a reset");
    };
    slapd.set_password(&ada_dn(), "another");
    let Changes::Since { changed, next, more } = connector.changes(ObjectClass::Account, Some(&next)).await.unwrap()
    else {
        panic!("a reset");
    };
    let [Changed::Now(seen)] = changed.as_slice() else { panic!("{changed:?}") };
    assert_eq!((&seen.account().unwrap().native_id, more), (&made.native_id, false));
    assert!(matches!(connector.changes(ObjectClass::Account, Some(&next)).await.unwrap(), Changes::Since { .. }));
    let far = ChangeToken::new("time:29990101000000Z");
    let Changes::Since { changed, .. } = connector.changes(ObjectClass::Account, Some(&far)).await.unwrap() else {
        panic!("a reset");
    };
    assert!(changed.is_empty());
}
