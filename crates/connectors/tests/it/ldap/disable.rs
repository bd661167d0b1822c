//! Disabled means that nobody can bind, and enabled that they can again.

use tenure_connect::{AnyConnector, Change, Expectation, Outcome, Verdict, Write};
use tenure_connectors::ldap::{Disable, LdapConfig};
use tenure_model::AccountState;
use tenure_testkit::slapd::Slapd;

use super::{ada, ada_dn, apply, config, connector, create, disable, done, enable};

#[tokio::test]
async fn a_disabled_account_cannot_sign_in_and_an_enabled_one_can_again() {
    let slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    slapd.set_password(&ada_dn(), "analytical-engine");
    assert!(slapd.can_bind(&ada_dn(), "analytical-engine"));
    done(&ldap, &disable()).await;
    assert!(!slapd.can_bind(&ada_dn(), "analytical-engine"));
    done(&ldap, &enable()).await;
    assert!(slapd.can_bind(&ada_dn(), "analytical-engine"));
}

#[tokio::test]
async fn no_password_is_ever_among_what_was_seen() {
    let slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    slapd.set_password(&ada_dn(), "analytical-engine");
    let seen = ldap.get(&ada()).await.unwrap().unwrap();
    assert_eq!(seen.attributes.keys().collect::<Vec<_>>(), ["cn", "employeeNumber", "sn", "uid"]);
}

#[tokio::test]
async fn verify_sees_what_was_undone_behind_our_back() {
    let slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    done(&ldap, &disable()).await;
    let other = connector(config(&slapd));
    done(&other, &enable()).await;
    assert!(matches!(ldap.verify(&Expectation::after(&disable())).await, Verdict::Unmet { .. }));
}

#[tokio::test]
async fn an_attribute_of_your_own_can_be_the_lock() {
    let slapd = Slapd::start().await;
    let lock = |enabled: Option<&str>| Disable::Attribute {
        name: "employeeType".into(),
        value: "left".into(),
        enabled: enabled.map(str::to_owned),
    };
    for (enabled, after) in [(Some("works"), "employeeType: works\n"), (None, "")] {
        let ldap = connector(LdapConfig { disable: lock(enabled), ..config(&slapd) });
        done(&ldap, &create()).await;
        assert_eq!(done(&ldap, &disable()).await.state, AccountState::Disabled);
        assert!(slapd.search(&ada_dn(), "(uid=ada)", &["employeeType"]).contains("employeeType: left\n"));
        assert_eq!(done(&ldap, &enable()).await.state, AccountState::Active);
        assert!(slapd.search(&ada_dn(), "(uid=ada)", &["employeeType"]).contains(after));
    }
    assert!(!slapd.search(&ada_dn(), "(uid=ada)", &["employeeType"]).contains("employeeType"));
}

/// The password policy of OpenLDAP lifts a lock with a new password, whoever sets it.
#[tokio::test]
async fn a_password_lifts_no_lock() {
    let slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    done(&ldap, &create()).await;
    done(&ldap, &disable()).await;
    let secret = format!("file:{}", slapd.password_file().display()).parse().unwrap();
    let outcome = apply(&ldap, &Change::new(ada(), Write::SetPassword { secret, must_change: false })).await;
    assert!(matches!(&outcome, Outcome::Refused(no) if no.message.contains("enable the account first")), "{outcome:?}");
    assert_eq!(ldap.get(&ada()).await.unwrap().unwrap().state, AccountState::Disabled);
    let password = std::fs::read_to_string(slapd.password_file()).unwrap();
    assert!(!slapd.can_bind(&ada_dn(), password.trim_end()));
}
