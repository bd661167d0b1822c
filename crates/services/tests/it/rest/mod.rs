//! The packs that ship, each against the application that it describes.

mod aws_iam;
mod dovecot;
mod graph_actions;
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
use tenure_connect::{AnyConnector as _, Artifact, Change, FileSecrets, Locator, SecretRef, Write};
use tenure_model::{Attributes, SystemClock, Value};
use tenure_services::rest::{Pack, RestConfig, RestConnector};
use tenure_testkit::act::apply;
use tenure_testkit::apps::{ADMIN_PASSWORD, App, pack};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::peer::{ChaosPeer, Trouble};
use tenure_testkit::plants::{Plant, miss, planted};

/// A connector by a pack that ships.
fn connector(name: &str, config: Json) -> RestConnector {
    connector_by(name, pack(name), config)
}

fn connector_by(name: &str, pack: Pack, mut config: Json) -> RestConnector {
    config["pack"] = name.into();
    let config: RestConfig = serde_json::from_value(config).unwrap();
    RestConnector::new(config, pack, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
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

impl Trial<'_> {
    fn fixture(&self) -> Fixture<'_> {
        let [one, two] = self.groups.unwrap_or(["none", "none"]);
        Fixture {
            identifying_attribute: self.identifying,
            attributes: self.attributes,
            free_attribute: self.free,
            naming_attribute: self.naming,
            entitlements: [Locator::attribute("name", one), Locator::attribute("name", two)],
            witness: self.witness,
        }
    }

    fn options(&self, password: &str) -> Options {
        let password: SecretRef = password.parse().unwrap();
        Options { password: Some(password), entitlements: self.groups.is_some(), ..Options::default() }
    }
}

async fn suite(rest: &RestConnector, password: &str, trial: &Trial<'_>) -> Report {
    run_with(rest, &trial.fixture(), &trial.options(password)).await
}

/// Plants each of these into the pack; the suite has to find it.
async fn plants_are_found(name: &str, settings: &Json, password: &str, trial: &Trial<'_>, plants: &[Plant]) {
    let (sound, mut missed) = (connector(name, settings.clone()), Vec::new());
    for (number, plant) in plants.iter().enumerate() {
        let options = Options { prefix: number.to_string(), ..trial.options(password) };
        let spoilt = connector_by(name, planted(name, plant.from, plant.to), settings.clone());
        let what = format!("`{}` for `{}`", plant.to, plant.from);
        missed.extend(miss(&what, plant.case, &sound, &spoilt, &trial.fixture(), &options).await);
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A pack that ends nothing may call it done: its caller looks, as the contract demands, and sees it.
async fn an_end_that_ends_nothing_is_seen(rest: &RestConnector, whose: &Locator, artifact: Artifact) {
    let outcome = apply(rest, &Change::new(whose.clone(), Write::End { artifact })).await;
    let left = rest.artifacts(whose, artifact).await.unwrap();
    assert!(!left.is_empty(), "{artifact} was ended by a request that ends nothing: {outcome:?}");
}
