//! Primary groups, and groups within groups.

use std::collections::BTreeSet;

use tenure_connect::{AnyConnector, Page, Query};
use tenure_model::{NativeId, Value};
use tenure_testkit::samba::{BASE_DN, Samba};

use super::{ada, config, connector, create, done, entitlements, make_so, seen};

fn value(samba: &Samba, filter: &str, attribute: &str) -> String {
    let found = samba.search(BASE_DN, filter, &[attribute]);
    let prefix = format!("{attribute}: ");
    found.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{found}")).to_owned()
}

async fn held_by_reading(connector: &dyn AnyConnector) -> (BTreeSet<NativeId>, Option<Value>) {
    let batch = connector.read(&Query::accounts(), &Page::first()).await.unwrap();
    let account = batch.objects.iter().find_map(|seen| seen.account()).unwrap();
    (account.holds.clone(), account.attributes.get("nestedGroups").cloned())
}

#[tokio::test]
async fn a_primary_group_is_held_and_can_be_left() {
    let samba = Samba::start().await;
    let ad = connector(config(&samba));
    done(&ad, &create()).await;
    make_so(&ad, &entitlements(&["finance"], &[])).await;
    let held = seen(&ad).await.holds;
    let number = value(&samba, "(cn=finance)", "primaryGroupToken");
    let dn = format!("cn=ada,ou=people,{BASE_DN}");
    samba.change(&format!("dn: {dn}\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: {number}\n"));
    assert!(!samba.search(BASE_DN, "(cn=finance)", &["member"]).contains("member"), "the server hides it");

    let now = seen(&ad).await;
    assert_eq!((&now.holds, now.attributes["primaryGroupID"].to_string()), (&held, number));
    assert_eq!(held_by_reading(&ad).await.0, held);
    assert!(make_so(&ad, &entitlements(&["finance"], &[])).await.is_empty());

    make_so(&ad, &entitlements(&[], &["finance"])).await;
    assert!(seen(&ad).await.holds.is_empty());
    assert_eq!(value(&samba, "(cn=ada)", "primaryGroupID"), "513");
    assert!(!samba.search(BASE_DN, "(cn=finance)", &["member"]).contains("member"));
}

#[tokio::test]
async fn what_is_held_through_a_group_is_shown_apart() {
    let samba = Samba::start().await;
    let group = |name: &str, member: &str| {
        samba.change(&format!(
            "dn: cn={name},ou=groups,{BASE_DN}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n\
             member: cn={member},ou=groups,{BASE_DN}\n"
        ));
    };
    group("outer", "staff");
    group("outermost", "outer");
    let staff = format!("cn=staff,ou=groups,{BASE_DN}");
    samba.change(&format!("dn: {staff}\nchangetype: modify\nadd: member\nmember: cn=outer,ou=groups,{BASE_DN}\n"));
    let ad = connector(config(&samba));
    done(&ad, &create()).await;
    make_so(&ad, &entitlements(&["staff"], &[])).await;
    let now = seen(&ad).await;
    let Some(Value::List(through)) = now.attributes.get("nestedGroups") else { panic!("{now:?}") };
    assert_eq!((now.holds.len(), through.len()), (1, 2), "staff itself, and two around it in a circle");
    assert_eq!(held_by_reading(&ad).await, (now.holds.clone(), now.attributes.get("nestedGroups").cloned()));

    let mut settings = config(&samba);
    settings.groups.nested = false;
    let plain = connector(settings).get(&ada()).await.unwrap().unwrap();
    assert_eq!((plain.holds, plain.attributes.get("nestedGroups")), (now.holds, None));
}
