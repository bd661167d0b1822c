//! What is never touched, and what counts as power over a host.

use serde_json::json;
use tenure_connect::{AnyConnector, Artifact, Locator, Outcome, Page, Query, RefusalClass, Seen, Write};
use tenure_model::{EntitlementKind, NativeId, Value};
use tenure_testkit::host::Host;

use super::{ada, apply, attributes, connector, done, made};

#[tokio::test]
async fn root_ourselves_the_system_and_the_protected_are_never_touched() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let before = host.mark();
    for locator in [
        Locator::attribute("login", "root"),
        Locator::attribute("login", "tenure"),
        Locator::attribute("login", "daemon"),
        Locator::attribute("other", "G1"),
        Locator::native("0"),
        Locator::native("65534"),
    ] {
        let shell = [("shell".to_owned(), Value::from("/bin/false"))].into();
        for write in [
            Write::Create { attributes: attributes() },
            Write::Set { attributes: shell },
            Write::Disable,
            Write::Delete,
            Write::Grant { entitlement: NativeId::new("sudo"), name: "sudo".into() },
            Write::End { artifact: Artifact::Session },
            Write::End { artifact: Artifact::Key },
        ] {
            let outcome = apply(&connector, locator.clone(), write).await;
            let Outcome::Refused(refusal) = outcome else { panic!("{locator}: {outcome:?}") };
            assert_eq!(refusal.class, RefusalClass::Permission, "{locator}: {refusal}");
        }
        assert_eq!(connector.get(&locator).await.unwrap_err().class, RefusalClass::Permission);
    }
    assert_eq!(host.mark(), before);
    let batch = connector.read(&Query::accounts(), &Page::first()).await.unwrap();
    assert!(batch.objects.is_empty(), "{batch:?}");
    // Nor is a new one made among them.
    for (login, uid, class) in [
        ("glass2", Some(998), RefusalClass::Exists),
        ("low", Some(500), RefusalClass::Permission),
        ("daemon", None, RefusalClass::Exists),
        ("sudo", None, RefusalClass::Exists),
    ] {
        let mut wanted = attributes();
        wanted.insert("login".into(), login.into());
        wanted.extend(uid.map(|uid| ("uid".to_owned(), Value::Number(uid))));
        let outcome = apply(&connector, ada(), Write::Create { attributes: wanted }).await;
        let Outcome::Refused(refusal) = outcome else { panic!("{login}: {outcome:?}") };
        assert!(refusal.class == class || refusal.class == RefusalClass::Permission, "{login}: {refusal}");
    }
    assert_eq!(host.mark(), before);
}

#[tokio::test]
async fn power_over_the_host_is_seen_and_named() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    host.run("mkdir /etc/sudoers.d; echo 'User_Alias OPS = bob, ada\n%finance ALL=(ALL) ALL' >/etc/sudoers.d/ops");
    let batch = connector.read(&Query::entitlements(), &Page::first()).await.unwrap();
    let kind = |name: &str| {
        let mut all = batch.objects.iter().filter_map(Seen::entitlement);
        all.find(|seen| seen.name == name).map(|seen| seen.kind)
    };
    let (role, group) = (Some(EntitlementKind::Role), Some(EntitlementKind::Group));
    assert_eq!(["sudo", "finance", "line of sudoers", "staff", "tenure"].map(kind), [role, role, role, group, None]);
    let seen = made(&host, &connector).await;
    assert_eq!(seen.holds, [NativeId::new("line of sudoers")].into());
    let take = Write::Revoke { entitlement: NativeId::new("line of sudoers"), name: "sudoers".into() };
    let Outcome::Refused(refusal) = apply(&connector, ada(), take).await else { panic!("not refused") };
    assert_eq!(refusal.class, RefusalClass::Permission, "{refusal}");
    // A group that an account is made with is held like any other, and not to be taken by us.
    host.run("usermod -g finance ada");
    let seen = connector.get(&ada()).await.unwrap().unwrap();
    assert!(seen.holds.contains(&NativeId::new("finance")), "{seen:?}");
    let take = Write::Revoke { entitlement: NativeId::new("finance"), name: "finance".into() };
    let Outcome::Refused(refusal) = apply(&connector, ada(), take).await else { panic!("not refused") };
    assert!(refusal.message.contains("primary group"), "{refusal}");
    let give = Write::Grant { entitlement: NativeId::new("sudo"), name: "sudo".into() };
    assert!(done(&connector, ada(), give).await.holds.contains(&NativeId::new("sudo")));
    assert!(host.run("id -nG ada").contains("sudo"));
}

#[tokio::test]
async fn a_connection_that_only_reads_writes_nothing() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({ "readOnly": true }));
    let before = host.mark();
    let outcome = apply(&connector, ada(), Write::Create { attributes: attributes() }).await;
    assert!(matches!(outcome, Outcome::Refused(refusal) if refusal.class == RefusalClass::Unsupported));
    assert_eq!(host.mark(), before);
    let checked = connector.check().await.unwrap();
    assert!(checked.peer.contains("Debian") && checked.peer.contains("from 1000 to 60000"), "{checked:?}");
}
