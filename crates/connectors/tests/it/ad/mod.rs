//! The connector to Active Directory against a real domain controller of Samba.

mod faults;
mod feed;
mod groups;
mod life;
mod lines;

use std::sync::Arc;

use tenure_connect::{Change, Desired, FileSecrets, Locator, Write};
use tenure_connectors::ldap::{AdConfig, LdapConnector};
use tenure_model::{Attributes, Observed, SystemClock, Value};
use tenure_testkit::act::{apply, done};
use tenure_testkit::samba::{ADMIN, BASE_DN, Samba};

pub fn config(samba: &Samba) -> AdConfig {
    serde_json::from_value(serde_json::json!({
        "url": samba.url(),
        "caFile": samba.file("ca.crt"),
        "bindDn": ADMIN,
        "password": format!("file:{}", samba.password_file().display()),
        "baseDn": BASE_DN,
        "people": { "container": "ou=people" },
        "groups": { "container": "ou=groups" },
    }))
    .unwrap()
}

pub fn connector(config: AdConfig) -> LdapConnector {
    LdapConnector::new(config.into(), Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

/// With a `sAMAccountName` of the characters that one may have.
pub fn attributes(name: &str) -> Attributes {
    let plain = name.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "_");
    let all = [("cn", name), ("sAMAccountName", plain.as_str()), ("sn", "Lovelace"), ("displayName", "Ada Lovelace")];
    all.map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

fn ada() -> Locator {
    Locator::attribute("employeeID", "E1042")
}

fn create() -> Change {
    Change::new(ada(), Write::Create { attributes: attributes("ada") })
}

fn change(write: Write) -> Change {
    Change::new(ada(), write)
}

fn set(name: &str, value: Value) -> Change {
    change(Write::Set { attributes: [(name.to_owned(), value)].into() })
}

/// Everything that it takes to make it so.
async fn make_so(connector: &LdapConnector, desired: &Desired) -> Vec<String> {
    use tenure_connect::AnyConnector as _;
    let plan = connector.plan(desired).await.unwrap();
    for change in &plan {
        done(connector, change).await;
    }
    plan.into_iter().map(|change| change.summary).collect()
}

async fn seen(connector: &LdapConnector) -> Observed {
    use tenure_connect::AnyConnector as _;
    connector.get(&ada()).await.unwrap().unwrap()
}

fn entitlements(add: &[&str], remove: &[&str]) -> Desired {
    let groups = |names: &[&str]| names.iter().map(|name| Locator::attribute("cn", *name)).collect();
    Desired::Entitlements { account: ada(), add: groups(add), remove: groups(remove) }
}
