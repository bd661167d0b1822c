//! The packs that ship, each against the application that it describes.

mod aws_iam;
mod graph_simulated;
mod keystone;
mod pocketbase;
mod rabbitmq;
mod roundup;
mod rpc;
mod synapse;
mod zabbix;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::{FileSecrets, Locator, SecretRef};
use tenure_model::{Attributes, SystemClock, Value};
use tenure_services::rest::{RestConfig, RestConnector};
use tenure_testkit::apps::{ADMIN_PASSWORD, App, pack};
use tenure_testkit::peer::{ChaosPeer, Trouble};

/// A connector by a pack that ships.
fn connector(name: &str, mut config: Json) -> RestConnector {
    config["pack"] = name.into();
    let config: RestConfig = serde_json::from_value(config).unwrap();
    RestConnector::new(config, pack(name), Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

/// The password of whoever administers the application.
fn secret(app: &App) -> String {
    secret_in(app, "password")
}

fn secret_in(app: &App, file: &str) -> String {
    format!("file:{}", app.file(file).display())
}

fn attributes<const N: usize>(given: [(&str, &str); N]) -> Attributes {
    given.map(|(key, value)| (key.to_owned(), Value::from(value))).into()
}

/// What an application shows at some paths, asked for without the connector.
struct Paths<'a>(&'a App, &'a [&'a str]);

impl Witness for Paths<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let mut shown = Vec::new();
            for path in self.1 {
                shown.push(self.0.ask("GET", path, None).await);
            }
            format!("{shown:?}")
        }
        .boxed()
    }
}

/// How an application is held against the contract.
struct Trial<'a> {
    identifying: &'a str,
    naming: &'a str,
    free: Option<&'a str>,
    attributes: &'a (dyn Fn(&str) -> Attributes + Send + Sync),
    witness: &'a dyn Witness,
    groups: Option<[&'a str; 2]>,
}

async fn suite(rest: &RestConnector, app: &App, trial: Trial<'_>) -> Report {
    run(rest, &secret(app), trial).await
}

async fn run(rest: &RestConnector, password: &str, trial: Trial<'_>) -> Report {
    let [one, two] = trial.groups.unwrap_or(["none", "none"]);
    let fixture = Fixture {
        identifying_attribute: trial.identifying,
        attributes: trial.attributes,
        free_attribute: trial.free,
        naming_attribute: trial.naming,
        entitlements: [Locator::attribute("name", one), Locator::attribute("name", two)],
        witness: trial.witness,
    };
    let password: SecretRef = password.parse().unwrap();
    let options = Options { password: Some(password), entitlements: trial.groups.is_some(), ..Options::default() };
    run_with(rest, &fixture, &options).await
}
