//! Groups gain and lose one member and keep the others.

use tenure_connect::{AnyConnector, Desired, Locator};
use tenure_testkit::slapd::{BASE_DN, Slapd};

use super::{ada, ada_dn, attributes, config, connector, create, done};

fn members(slapd: &Slapd, group: &str) -> Vec<String> {
    let found = slapd.search(&format!("cn={group},ou=groups,{BASE_DN}"), "(objectClass=*)", &["member"]);
    found.lines().filter_map(|line| line.strip_prefix("member: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn many_who_join_at_once_all_get_in_over_few_connections() {
    const MANY: usize = 40;
    let slapd = Slapd::start().await;
    let ldap = connector(config(&slapd));
    let staff = Locator::attribute("cn", "staff");
    let join = |number: usize| {
        let (ldap, staff) = (&ldap, staff.clone());
        async move {
            let account = Locator::attribute("employeeNumber", format!("E{number}"));
            let attributes = attributes(&format!("joiner{number}"));
            let desired = Desired::Present { account, attributes, hold: [staff].into() };
            for change in ldap.plan(&desired).await.unwrap() {
                done(ldap, &change).await;
            }
        }
    };
    futures::future::join_all((0..MANY).map(join)).await;
    // The placeholder was there before.
    assert_eq!(members(&slapd, "staff").len(), MANY + 1);
}

#[tokio::test]
async fn the_last_member_of_a_group_can_leave_it() {
    let slapd = Slapd::start().await;
    let mut settings = config(&slapd);
    settings.groups.placeholder = Some(format!("cn=empty,{BASE_DN}"));
    let ldap = connector(settings);
    done(&ldap, &create()).await;
    let staff = Locator::attribute("cn", "staff");
    let join = Desired::Entitlements { account: ada(), add: [staff.clone()].into(), remove: [].into() };
    for change in ldap.plan(&join).await.unwrap() {
        done(&ldap, &change).await;
    }
    slapd.remove_member(&format!("cn=staff,ou=groups,{BASE_DN}"), &format!("cn=nobody,{BASE_DN}"));
    assert_eq!(members(&slapd, "staff"), [ada_dn()]);

    let leave = Desired::Entitlements { account: ada(), add: [].into(), remove: [staff].into() };
    let plan = ldap.plan(&leave).await.unwrap();
    assert_eq!(plan[0].summary, "remove employeeNumber=E1042 from staff");
    assert!(done(&ldap, &plan[0]).await.holds.is_empty());
    assert_eq!(members(&slapd, "staff"), [format!("cn=empty,{BASE_DN}")]);
}
