//! Accounts on a real host, over a real SSH server.

mod conformance;
mod drives;
mod faults;
mod folders;
mod life;
mod reach;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Change, FileSecrets, Locator, Operation, Outcome, Write};
use tenure_model::{Attributes, Observed, SystemClock, Value};
use tenure_outside::SshConnector;
use tenure_testkit::host::Host;

/// A connector that signs in as somebody who becomes root, with these settings besides.
pub fn connector(host: &Host, more: &Json) -> SshConnector {
    let mut config = json!({
        "host": "127.0.0.1", "port": host.port(), "user": "tenure", "sudo": true,
        "identity": format!("file:{}", host.file("client").display()), "knownHosts": host.file("known_hosts"),
        "protected": ["glass"],
        "authorizedKeys": [".ssh/authorized_keys", ".ssh/authorized_keys2", "/etc/ssh/keys/%u"],
        "archive": "/var/lib/tenure/archive", "drives": "/var/lib/drives",
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let config = serde_json::from_value(config).unwrap();
    SshConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

pub fn ada() -> Locator {
    Locator::attribute("other", "E1042")
}

pub fn attributes() -> Attributes {
    [("login", "ada"), ("fullName", "Ada Lovelace"), ("other", "E1042"), ("shell", "/bin/sh")]
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into()
}

pub async fn apply(connector: &SshConnector, account: Locator, write: Write) -> Outcome {
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    AnyConnector::apply(connector, &Change::new(account, write), &operation).await
}

pub async fn done(connector: &SshConnector, account: Locator, write: Write) -> Observed {
    match apply(connector, account, write).await {
        Outcome::Done { seen } => seen,
        other => panic!("{other:?}"),
    }
}

/// Makes Ada, who gets in by her key.
pub async fn made(host: &Host, connector: &SshConnector) -> Observed {
    let seen = done(connector, ada(), Write::Create { attributes: attributes() }).await;
    host.let_in("ada");
    assert!(host.lets_in("ada"));
    seen
}
