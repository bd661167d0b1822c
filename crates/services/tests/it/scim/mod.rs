//! The SCIM connector against two real servers, and against peers that misbehave.

mod chaos;
mod conformance;
mod dialects;
mod faults;
mod life;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_connect::{Change, FileSecrets, Locator, Write};
use tenure_model::{Attributes, SystemClock, Value};
use tenure_services::scim::{ScimConfig, ScimConnector};
use tenure_testkit::act::{apply, done};
use tenure_testkit::scim::ScimServer;

fn settings(server: &ScimServer) -> Json {
    json!({
        "url": server.url(),
        "auth": { "kind": "bearer", "token": format!("file:{}", server.token_file().display()) },
    })
}

fn connector(settings: Json) -> ScimConnector {
    let config: ScimConfig = serde_json::from_value(settings).unwrap();
    ScimConnector::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

fn attributes(name: &str) -> Attributes {
    [
        ("userName", name),
        ("name.familyName", "Lovelace"),
        ("emails[type eq \"work\"].value", "ada@example.org"),
        ("department", "Engines"),
    ]
    .map(|(key, value)| (key.to_owned(), Value::from(value)))
    .into()
}

fn ada() -> Locator {
    Locator::attribute("externalId", "E1042")
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
