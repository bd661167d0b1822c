//! A life in a domain, looked at with a client of somebody else.

use tenure_connect::{AnyConnector, Change, Desired, Expectation, Locator, Outcome, RefusalClass, Usability, Write};
use tenure_model::{AccountState, NativeId, Value};
use tenure_testkit::samba::{ADMIN_PASSWORD, BASE_DN, Samba};

use super::{ada, apply, attributes, change, config, connector, create, done, entitlements, make_so, seen, set};

fn control(samba: &Samba) -> u32 {
    let found = samba.search(BASE_DN, "(employeeID=E1042)", &["userAccountControl"]);
    let line = found.lines().find_map(|line| line.strip_prefix("userAccountControl: "));
    line.unwrap_or_else(|| panic!("{found}")).parse().unwrap()
}

fn password(samba: &Samba, must_change: bool) -> Change {
    let secret = format!("file:{}", samba.password_file().display()).parse().unwrap();
    change(Write::SetPassword { secret, must_change })
}

#[tokio::test]
async fn somebody_comes_changes_goes_and_is_gone() {
    let samba = Samba::start().await;
    samba.change(&format!("dn: ou=sales,ou=people,{BASE_DN}\nchangetype: add\nobjectClass: organizationalUnit\n"));
    let ad = connector(config(&samba));
    assert!(ad.check().await.unwrap().peer.contains(&samba.url()));
    let joiner = Desired::Present {
        account: ada(),
        attributes: attributes("ada"),
        hold: [Locator::attribute("cn", "staff")].into(),
    };
    assert_eq!(make_so(&ad, &joiner).await, ["create employeeID=E1042", "add employeeID=E1042 to staff"]);
    let made = seen(&ad).await;
    assert_eq!((made.state, made.holds.len(), control(&samba)), (AccountState::Active, 1, 512));
    assert_eq!(make_so(&ad, &joiner).await, Vec::<String>::new());

    let mut moved = attributes("Ada, Countess");
    moved.insert("sAMAccountName".into(), "ada".into());
    moved.insert("container".into(), "OU=Sales, OU=People".into());
    moved.insert("title".into(), "Analyst".into());
    let mover = Desired::Present { account: ada(), attributes: moved, hold: [].into() };
    let summaries = make_so(&ad, &mover).await;
    assert_eq!(summaries, ["move employeeID=E1042 by its cn, container", "set title of employeeID=E1042"]);
    let after = seen(&ad).await;
    assert_eq!((&after.native_id, &after.holds), (&made.native_id, &made.holds));
    assert_eq!(after.attributes["container"], "ou=sales,ou=people".into());
    let staff = samba.search(BASE_DN, "(cn=staff)", &["member"]);
    assert!(staff.contains("member: CN=Ada\\, Countess,OU=sales,OU=people,"), "{staff}");

    make_so(&ad, &entitlements(&["finance"], &["staff"])).await;
    make_so(&ad, &Desired::Disabled { account: ada() }).await;
    assert_eq!((seen(&ad).await.state, control(&samba)), (AccountState::Disabled, 514));
    make_so(&ad, &Desired::Enabled { account: ada() }).await;
    make_so(&ad, &Desired::Deleted { account: ada() }).await;
    assert!(!samba.search(BASE_DN, "(cn=finance)", &["member"]).contains("member"));
    let gone = Expectation {
        usability: Some(Usability::Gone),
        ..Expectation::of(Locator::Native(made.native_id.clone().unwrap()))
    };
    assert!(ad.verify(&gone).await.is_met());
    assert_ne!(done(&ad, &create()).await.native_id, made.native_id);
}

#[tokio::test]
async fn a_lock_touches_one_bit_and_lets_nobody_sign_in() {
    let samba = Samba::start().await;
    let ad = connector(config(&samba));
    done(&ad, &create()).await;
    done(&ad, &password(&samba, false)).await;
    samba.sign_in("ada@lab.test", ADMIN_PASSWORD).unwrap();
    // The password does not expire and is stored irreversibly: other people's choices.
    let dn = format!("cn=ada,ou=people,{BASE_DN}");
    samba.change(&format!("dn: {dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n"));
    done(&ad, &change(Write::Disable)).await;
    assert_eq!(control(&samba), 66_050);
    assert!(samba.sign_in("ada@lab.test", ADMIN_PASSWORD).unwrap_err().contains("data 533"));
    done(&ad, &change(Write::Enable)).await;
    assert_eq!(control(&samba), 66_048);
    samba.sign_in("ada@lab.test", ADMIN_PASSWORD).unwrap();
}

#[tokio::test]
async fn a_password_may_have_to_be_changed_and_must_keep_the_rules() {
    let samba = Samba::start().await;
    let ad = connector(config(&samba));
    done(&ad, &create()).await;
    done(&ad, &password(&samba, true)).await;
    assert!(samba.sign_in("ada@lab.test", ADMIN_PASSWORD).unwrap_err().contains("data 773"));
    let weak = samba.file("weak");
    std::fs::copy(samba.password_file(), &weak).unwrap();
    std::fs::write(&weak, "short").unwrap();
    let secret = format!("file:{}", weak.display()).parse().unwrap();
    match apply(&ad, &change(Write::SetPassword { secret, must_change: false })).await {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.class, RefusalClass::Invalid);
            assert!(refusal.message.contains("rules of the domain") && !refusal.message.contains("short"), "{refusal}");
        }
        other => panic!("ended otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn the_last_day_the_home_and_the_mailbox_are_attributes() {
    let samba = Samba::start().await;
    let ad = connector(config(&samba));
    let addresses = Value::List(vec!["SMTP:ada@lab.test".into(), "smtp:a.l@lab.test".into()]);
    let mut wanted = attributes("ada");
    wanted.insert("accountExpires".into(), Value::Date("2027-03-31".parse().unwrap()));
    wanted.insert("homeDirectory".into(), r"\\files\home\ada".into());
    wanted.insert("homeDrive".into(), "H:".into());
    wanted.insert("profilePath".into(), r"\\files\profiles\ada".into());
    wanted.insert("proxyAddresses".into(), addresses.clone());
    let desired = Desired::Present { account: ada(), attributes: wanted, hold: [].into() };
    make_so(&ad, &desired).await;
    assert!(ad.plan(&desired).await.unwrap().is_empty());
    let found = samba.search(BASE_DN, "(employeeID=E1042)", &["accountExpires", "homeDrive", "proxyAddresses"]);
    for line in ["accountExpires: 134510112000000000", "homeDrive: H:", "proxyAddresses: SMTP:ada@lab.test"] {
        assert!(found.contains(line), "{found}");
    }
    let now = seen(&ad).await;
    assert_eq!(now.attributes["accountExpires"], Value::Instant("2027-04-01T00:00:00Z".parse().unwrap()));
    assert_eq!(now.attributes["proxyAddresses"], addresses);
    let sid = now.attributes["objectSid"].as_text().unwrap();
    assert!(sid.starts_with("S-1-5-21-"), "{sid}");

    done(&ad, &set("accountExpires", Value::Cleared)).await;
    let found = samba.search(BASE_DN, "(employeeID=E1042)", &["accountExpires"]);
    assert!(found.contains("accountExpires: 9223372036854775807"), "{found}");
    let two = Value::List(vec!["SMTP:a@lab.test".into(), "SMTP:b@lab.test".into()]);
    for (name, value, word) in [
        ("proxyAddresses", two, "primary"),
        ("accountExpires", "tomorrow".into(), "2027-03-31"),
        ("objectSid", "S-1-5".into(), "directory alone"),
        ("container", "ou=groups".into(), "ou=people,dc=lab,dc=test"),
        ("container", "sales".into(), "relative to the base"),
    ] {
        match apply(&ad, &set(name, value)).await {
            Outcome::Refused(refusal) => assert!(refusal.message.contains(word), "{refusal}"),
            other => panic!("ended otherwise: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_the_domain_itself_needs_is_not_seen() {
    let samba = Samba::start().await;
    let mut settings = config(&samba);
    settings.people.container = "cn=Users".into();
    settings.people.attributes.push("sAMAccountName".into());
    let ad = connector(settings);
    for name in ["krbtgt", "Administrator", "Guest"] {
        assert_eq!(ad.get(&Locator::attribute("sAMAccountName", name)).await.unwrap(), None, "{name}");
    }
    // A computer is a user, too, in the schema of a domain.
    samba.change(&format!(
        "dn: cn=pc,cn=Users,{BASE_DN}\nchangetype: add\nobjectClass: computer\nsAMAccountName: PC$\n"
    ));
    assert_eq!(ad.get(&Locator::attribute("sAMAccountName", "PC$")).await.unwrap(), None);
    let nobody = Locator::Native(NativeId::new("28b0f7a5-fff5-4013-ac63-be35b821e511"));
    assert_eq!(ad.get(&nobody).await.unwrap(), None);
}
