//! Lines that break and servers that are down: what is unknown, and what is refused.

use tenure_connect::{AnyConnector, DoubtKind, Expectation, Outcome, RefusalClass};
use tenure_connectors::ldap::LdapConfig;
use tenure_connectors::limits::LDAP_DIAL_TIME_MAX;
use tenure_model::AccountState;
use tenure_testkit::slapd::{BASE_DN, Slapd};
use tokio::net::TcpListener;

use crate::lossy::{ADD, LossyLine, MODIFY, SEARCH};

use super::{ada, ada_dn, apply, config, connector, create, disable, done};

fn lost(outcome: Outcome) {
    match outcome {
        Outcome::Unknown(doubt) => assert_eq!(doubt.kind, DoubtKind::LostResponse),
        other => panic!("ended otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_change_is_unknown_and_the_next_look_finds_it_done() {
    let slapd = Slapd::start().await;
    let line = LossyLine::to(slapd.port()).await;
    let ldap = connector(LdapConfig { url: line.url(), ..config(&slapd) });
    done(&ldap, &create()).await;
    line.lose_next(MODIFY);
    lost(apply(&ldap, &disable()).await);
    assert!(line.has_lost());
    assert!(ldap.verify(&Expectation::after(&disable())).await.is_met());
    let before = slapd.search(&ada_dn(), "(uid=ada)", &["entryCSN"]);
    assert_eq!(done(&ldap, &disable()).await.state, AccountState::Disabled);
    assert_eq!(slapd.search(&ada_dn(), "(uid=ada)", &["entryCSN"]), before, "it was written a second time");
}

#[tokio::test]
async fn a_lost_answer_to_a_creation_never_makes_two() {
    let slapd = Slapd::start().await;
    let line = LossyLine::to(slapd.port()).await;
    let ldap = connector(LdapConfig { url: line.url(), ..config(&slapd) });
    line.lose_next(ADD);
    lost(apply(&ldap, &create()).await);
    let made = ldap.get(&ada()).await.unwrap().unwrap();
    assert_eq!(done(&ldap, &create()).await.native_id, made.native_id);
    let found = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["dn"]);
    assert_eq!(found.matches("dn: ").count(), 1);
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_may_be_asked_again() {
    let mut slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    slapd.stop();
    let refusal = ldap.check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Network);
    assert!(refusal.message.contains(&slapd.url()), "{refusal}");
    match apply(&ldap, &disable()).await {
        Outcome::Refused(refusal) => assert!(refusal.retry(), "{refusal}"),
        other => panic!("ended otherwise: {other:?}"),
    }
    slapd.restart().await;
    assert_eq!(done(&ldap, &disable()).await.state, AccountState::Disabled);
}

#[tokio::test]
async fn a_restart_between_two_writes_is_not_noticed() {
    let mut slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    slapd.restart().await;
    done(&ldap, &disable()).await;
}

#[tokio::test]
async fn a_line_that_rested_and_breaks_under_a_look_is_replaced() {
    let slapd = Slapd::start().await;
    let line = LossyLine::to(slapd.port()).await;
    let ldap = connector(LdapConfig { url: line.url(), ..config(&slapd) });
    done(&ldap, &create()).await;
    for _ in 0..2 {
        line.lose_next(SEARCH);
        assert!(ldap.get(&ada()).await.unwrap().is_some());
        assert!(line.has_lost());
    }
    line.lose_next(SEARCH);
    done(&ldap, &disable()).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up_after_the_limit() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "x").unwrap();
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let settings: LdapConfig = serde_json::from_value(serde_json::json!({
        "url": format!("ldap://{}", mute.local_addr().unwrap()), "bindDn": "cn=a", "baseDn": "dc=b",
        "password": format!("file:{}", password.display()),
    }))
    .unwrap();
    let started = tokio::time::Instant::now();
    let refusal = connector(settings).check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Network);
    assert!(started.elapsed() < LDAP_DIAL_TIME_MAX * 2);
}
