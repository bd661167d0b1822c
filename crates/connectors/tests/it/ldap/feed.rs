//! The ways in which a directory tells what changed, and what each of them does not tell.

use tenure_connect::{AnyConnector, Change, ChangeToken, Changed, Changes, Desired, Locator, ObjectClass, Write};
use tenure_connectors::ldap::{ChangeSource, LdapConfig};
use tenure_testkit::slapd::{Keeps, Slapd};

use super::{ada, config, connector, create, done};

async fn changes(connector: &dyn AnyConnector, token: Option<&ChangeToken>) -> Changes {
    connector.changes(ObjectClass::Account, token).await.unwrap()
}

async fn since(connector: &dyn AnyConnector, token: Option<&ChangeToken>) -> (Vec<Changed>, ChangeToken) {
    match changes(connector, token).await {
        Changes::Since { changed, next, .. } => (changed, next),
        Changes::Reset { why } => panic!("a reset: {why}"),
    }
}

#[tokio::test]
async fn the_best_way_that_is_announced_is_taken() {
    for (keeps, word) in [(Keeps::Nothing, "time:"), (Keeps::Session, "sync:"), (Keeps::Log, "log:")] {
        let slapd = Slapd::start_keeping(keeps).await;
        let ldap = connector(config(&slapd));
        // Before the first write there is no log.
        done(&ldap, &create()).await;
        let (_, token) = since(&ldap, None).await;
        assert!(token.as_str().starts_with(word), "{token:?}");
    }
}

#[tokio::test]
async fn a_log_of_accesses_tells_memberships_and_who_vanished() {
    let slapd = Slapd::start_keeping(Keeps::Log).await;
    let ldap = connector(LdapConfig { changes: ChangeSource::Accesslog, ..config(&slapd) });
    let id = done(&ldap, &create()).await.native_id.unwrap();
    let (_, token) = since(&ldap, None).await;
    let staff = Locator::attribute("cn", "staff");
    let join = Desired::Entitlements { account: ada(), add: [staff].into(), remove: [].into() };
    for change in ldap.plan(&join).await.unwrap() {
        done(&ldap, &change).await;
    }
    let (changed, token) = since(&ldap, Some(&token)).await;
    let [Changed::Now(seen)] = changed.as_slice() else { panic!("{changed:?}") };
    assert_eq!((seen.account().unwrap().native_id.as_ref(), seen.account().unwrap().holds.len()), (Some(&id), 1));
    done(&ldap, &Change::new(ada(), Write::Delete)).await;
    let (changed, _) = since(&ldap, Some(&token)).await;
    assert!(matches!(changed.as_slice(), [Changed::Gone(gone)] if *gone == id), "{changed:?}");
    let forgotten = ChangeToken::new("log:20200101000000.000000Z");
    assert!(matches!(changes(&ldap, Some(&forgotten)).await, Changes::Reset { .. }));
}

#[tokio::test]
async fn a_server_that_cannot_tell_who_vanished_is_read_again() {
    let slapd = Slapd::start_keeping(Keeps::ContextAlone).await;
    let sure = connector(LdapConfig { changes: ChangeSource::Syncrepl, ..config(&slapd) });
    let other =
        Change::new(Locator::attribute("employeeNumber", "E2"), Write::Create { attributes: super::attributes("bob") });
    done(&sure, &create()).await;
    done(&sure, &other).await;
    let (_, token) = since(&sure, None).await;
    done(&sure, &Change::new(ada(), Write::Delete)).await;
    match changes(&sure, Some(&token)).await {
        Changes::Reset { why } => assert!(why.contains("syncprov-sessionlog"), "{why}"),
        told @ Changes::Since { .. } => panic!("{told:?}"),
    }
}

#[tokio::test]
async fn a_token_of_another_way_is_a_reset() {
    let slapd = Slapd::start_keeping(Keeps::Session).await;
    let ldap = connector(LdapConfig { changes: ChangeSource::Syncrepl, ..config(&slapd) });
    let (_, token) = since(&ldap, None).await;
    let mut elsewhere = config(&slapd);
    elsewhere.people.object_classes = vec!["person".into()];
    let other = changes(&connector(elsewhere), Some(&token)).await;
    assert!(matches!(other, Changes::Reset { .. }), "a token of another question: {other:?}");
    for token in ["time:20260101000000Z", "20260101000000Z", "sync:", "sync:***", "sync:AAAA", "sync:AAAA:AAAA"] {
        let answer = changes(&ldap, Some(&ChangeToken::new(token))).await;
        assert!(matches!(answer, Changes::Reset { .. }), "{token}: {answer:?}");
    }
}
