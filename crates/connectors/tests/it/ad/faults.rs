//! Answers that are lost after the write: unknown, and never written twice.

use tenure_connect::{AnyConnector, Change, DoubtKind, Expectation, Outcome, Write};
use tenure_connectors::ldap::AdConfig;
use tenure_model::AccountState;
use tenure_testkit::samba::{BASE_DN, Samba};

use super::{ada, apply, change, config, connector, create, done, entitlements, seen, set};
use crate::lossy::{ADD, DELETE, LossyLine, MODIFY, RENAME};

/// Loses the answer to a write, and demands that it was made once.
async fn lose(samba: &Samba, line: &LossyLine, connector: &dyn AnyConnector, tag: u8, change: &Change) {
    line.lose_next(tag);
    match apply(connector, change).await {
        Outcome::Unknown(doubt) => assert_eq!(doubt.kind, DoubtKind::LostResponse),
        other => panic!("`{}` ended otherwise: {other:?}", change.summary),
    }
    assert!(line.has_lost());
    assert!(connector.verify(&Expectation::after(change)).await.is_met(), "{}", change.summary);
    let numbers = || samba.search(BASE_DN, "(|(objectClass=user)(objectClass=group))", &["uSNChanged"]);
    let before = numbers();
    done(connector, change).await;
    assert_eq!(numbers(), before, "`{}` was written a second time", change.summary);
}

#[tokio::test]
async fn a_lost_answer_is_never_a_second_write() {
    let samba = Samba::start().await;
    let line = LossyLine::to_samba(&samba).await;
    let ad = connector(AdConfig { url: line.url(), ..config(&samba) });
    lose(&samba, &line, &ad, ADD, &create()).await;
    let made = seen(&ad).await;
    assert_eq!(made.state, AccountState::Active);
    lose(&samba, &line, &ad, MODIFY, &set("title", "Analyst".into())).await;
    let grant = ad.plan(&entitlements(&["staff"], &[])).await.unwrap().remove(0);
    lose(&samba, &line, &ad, MODIFY, &grant).await;
    lose(&samba, &line, &ad, MODIFY, &change(Write::Disable)).await;
    let rename = change(Write::Move { attributes: [("cn".to_owned(), "Ada Lovelace".into())].into() });
    lose(&samba, &line, &ad, RENAME, &rename).await;
    let revoke = ad.plan(&entitlements(&[], &["staff"])).await.unwrap().remove(0);
    lose(&samba, &line, &ad, MODIFY, &revoke).await;
    assert_eq!(seen(&ad).await.native_id, made.native_id);
    lose(&samba, &line, &ad, DELETE, &change(Write::Delete)).await;
    assert_eq!(ad.get(&ada()).await.unwrap(), None);
}
