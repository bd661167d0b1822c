//! Addresses, certificates and credentials, right and wrong.

use std::error::Error as _;

use tenure_connect::{AnyConnector, Refusal, RefusalClass};
use tenure_connectors::ldap::LdapConfig;
use tenure_testkit::slapd::{ADMIN_PASSWORD, Slapd};

use super::{config, connector, create, done};

async fn refusal(settings: LdapConfig) -> Refusal {
    connector(settings).check().await.unwrap_err()
}

#[tokio::test]
async fn tls_works_from_the_first_byte_and_after_the_first_request() {
    let slapd = Slapd::start().await;
    let ca_file = Some(slapd.ca_file());
    let ldaps = connector(LdapConfig { url: slapd.tls_url(), ca_file: ca_file.clone(), ..config(&slapd) });
    ldaps.check().await.unwrap();
    done(&ldaps, &create()).await;
    connector(LdapConfig { start_tls: true, ca_file, ..config(&slapd) }).check().await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let (slapd, other) = (Slapd::start().await, Slapd::start().await);
    let ca_file = Some(other.ca_file());
    for settings in [
        LdapConfig { url: slapd.tls_url(), ca_file: ca_file.clone(), ..config(&slapd) },
        LdapConfig { start_tls: true, ca_file: ca_file.clone(), ..config(&slapd) },
    ] {
        let refused = refusal(settings).await;
        assert_eq!(refused.class, RefusalClass::Invalid);
        assert!(refused.message.contains("caFile"), "{refused}");
    }
}

#[tokio::test]
async fn a_wrong_password_or_base_is_named_with_the_way_out() {
    let slapd = Slapd::start().await;
    let wrong = slapd.password_file().with_file_name("wrong");
    std::fs::copy(slapd.password_file(), &wrong).unwrap();
    std::fs::write(&wrong, "not-the-password").unwrap();
    let password = format!("file:{}", wrong.display()).parse().unwrap();
    let refused = refusal(LdapConfig { password, ..config(&slapd) }).await;
    assert_eq!(refused.class, RefusalClass::Auth);
    let told = format!("{refused} {:?} {:?}", refused, refused.source());
    assert!(told.contains("cn=admin") && !told.contains("not-the-password"), "{told}");

    let refused = refusal(LdapConfig { base_dn: "dc=example,dc=org,dc=nowhere".into(), ..config(&slapd) }).await;
    assert!(refused.message.contains("ou=people,dc=example,dc=org,dc=nowhere"), "{refused}");
    assert!(!refused.retry());
    assert!(!format!("{:?}", connector(config(&slapd))).contains(ADMIN_PASSWORD));
}
