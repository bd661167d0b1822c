//! Addresses, certificates, credentials and bases, right and wrong.

use std::error::Error as _;

use tenure_connect::{AnyConnector, Outcome, Refusal, RefusalClass};
use tenure_connectors::ldap::AdConfig;
use tenure_testkit::samba::{ADMIN_PASSWORD, BASE_DN, Samba};
use tenure_testkit::slapd::Slapd;

use super::{apply, config, connector, create};
use crate::lossy::LossyLine;

async fn refusal(settings: AdConfig) -> Refusal {
    connector(settings).check().await.unwrap_err()
}

#[tokio::test]
async fn each_wrong_setting_is_named_with_the_way_out() {
    let samba = Samba::start().await;
    connector(config(&samba)).check().await.unwrap();
    let wrong = samba.file("wrong");
    std::fs::copy(samba.password_file(), &wrong).unwrap();
    std::fs::write(&wrong, "not-the-password").unwrap();
    let password = format!("file:{}", wrong.display()).parse().unwrap();
    let refused = refusal(AdConfig { password, ..config(&samba) }).await;
    assert_eq!(refused.class, RefusalClass::Auth);
    assert!(refused.message.contains("Administrator@lab.test") && refused.message.contains("`password`"), "{refused}");
    assert!(!format!("{refused} {:?}", refused.source()).contains("not-the-password"));
    assert!(!format!("{:?}", connector(config(&samba))).contains(ADMIN_PASSWORD));

    let refused = refusal(AdConfig { base_dn: "dc=nowhere,dc=test".into(), ..config(&samba) }).await;
    assert!(refused.message.contains("ou=people,dc=nowhere,dc=test") && !refused.retry(), "{refused}");

    let nobody = AdConfig { url: "ldaps://127.0.0.1:1".into(), ..config(&samba) };
    let refused = refusal(nobody).await;
    assert_eq!(refused.class, RefusalClass::Network);
    assert!(refused.message.contains("ldaps://127.0.0.1:1"), "{refused}");
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_refused_before_a_password_is_sent() {
    let (samba, slapd) = (Samba::start().await, Slapd::start().await);
    let stranger = AdConfig { ca_file: Some(slapd.ca_file()), ..config(&samba) };
    // The certificate is for 127.0.0.1, which also answers to this address.
    let line = LossyLine::to_samba(&samba).await;
    connector(AdConfig { url: line.url(), ..config(&samba) }).check().await.unwrap();
    let other_name = AdConfig { url: line.url().replace("127.0.0.1", "0.0.0.0"), ..config(&samba) };
    for wrong in [stranger, other_name] {
        let refused = refusal(wrong).await;
        assert_eq!(refused.class, RefusalClass::Invalid);
        assert!(refused.message.contains("caFile") && refused.message.contains("host name"), "{refused}");
    }
}

#[tokio::test]
async fn a_directory_that_is_no_domain_is_told() {
    let (samba, slapd) = (Samba::start().await, Slapd::start().await);
    let settings = AdConfig {
        url: slapd.tls_url(),
        ca_file: Some(slapd.ca_file()),
        bind_dn: tenure_testkit::slapd::ADMIN_DN.into(),
        password: format!("file:{}", slapd.password_file().display()).parse().unwrap(),
        base_dn: tenure_testkit::slapd::BASE_DN.into(),
        ..config(&samba)
    };
    let refused = refusal(settings).await;
    assert!(refused.class == RefusalClass::Unsupported && refused.message.contains("`ldap`"), "{refused}");
}

#[tokio::test]
async fn who_may_not_write_is_told_what_to_ask_for() {
    let samba = Samba::start().await;
    let admin = connector(config(&samba));
    super::done(&admin, &create()).await;
    let secret = format!("file:{}", samba.password_file().display()).parse().unwrap();
    super::done(&admin, &super::change(tenure_connect::Write::SetPassword { secret, must_change: false })).await;
    let ada = connector(AdConfig { bind_dn: "ada@lab.test".into(), ..config(&samba) });
    match apply(&ada, &super::change(tenure_connect::Write::Disable)).await {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.class, RefusalClass::Permission);
            assert!(refusal.message.contains("delegate") || refusal.message.contains("right"), "{refusal}");
        }
        other => panic!("ended otherwise: {other:?}"),
    }
    super::done(&admin, &super::change(tenure_connect::Write::Disable)).await;
    let refused = refusal(AdConfig { bind_dn: "ada@lab.test".into(), ..config(&samba) }).await;
    assert!(refused.class == RefusalClass::Auth && refused.message.contains("disabled; enable it"), "{refused}");
    assert!(!samba.search(BASE_DN, "(cn=ada)", &["unicodePwd"]).contains("unicodePwd"));
}
