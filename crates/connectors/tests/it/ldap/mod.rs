//! The LDAP connector against a real OpenLDAP.

mod conformance;
mod dialects;
mod disable;
mod faults;
mod feed;
mod groups;
mod lines;
mod place;
mod ranges;
mod slow;

use std::sync::Arc;

use tenure_connect::{Change, FileSecrets, Locator, Write};
use tenure_connectors::ldap::{LdapConfig, LdapConnector};
use tenure_model::{Attributes, SystemClock, Value};
use tenure_testkit::act::{apply, done};
use tenure_testkit::slapd::{ADMIN_DN, BASE_DN, Slapd};

fn config(slapd: &Slapd) -> LdapConfig {
    serde_json::from_value(serde_json::json!({
        "url": slapd.url(),
        "bindDn": ADMIN_DN,
        "password": format!("file:{}", slapd.password_file().display()),
        "baseDn": BASE_DN,
    }))
    .unwrap()
}

fn connector(config: LdapConfig) -> LdapConnector {
    LdapConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

fn attributes(name: &str) -> Attributes {
    [("uid", name), ("cn", name), ("sn", "Lovelace")].map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

fn ada() -> Locator {
    Locator::attribute("employeeNumber", "E1042")
}

fn ada_dn() -> String {
    format!("uid=ada,ou=people,{BASE_DN}")
}

fn create() -> Change {
    Change::new(ada(), Write::Create { attributes: attributes("ada") })
}

fn disable() -> Change {
    Change::new(ada(), Write::Disable)
}

fn enable() -> Change {
    Change::new(ada(), Write::Enable)
}
