//! Opening: database, estate, ways to the connected systems, keys. Nothing listens yet.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use secrecy::ExposeSecret as _;
use serde_json::Value as Json;
use tenure_app::ledger::seal::Sealer;
use tenure_app::notices::deliver::LogChannel;
use tenure_app::population::Population;
use tenure_app::versions::take::take;
use tenure_app::{AppError, House, InForce, Live, NoProbe, Probe};
use tenure_blueprint::{self as blueprint, Connection, Via, Written};
use tenure_connect::fake::{FakeDesk, FakeTarget};
use tenure_connect::{AnyConnector, Channel, Desk, FileSecrets};
use tenure_connectors::file::{FileConfig, FileConnector};
use tenure_connectors::ldap::{AdConfig, LdapConfig, LdapConnector};
use tenure_connectors::sql::{SqlConfig, SqlConnector};
use tenure_ledger::{Origin, PublicKey, SigningKey};
use tenure_model::{Actor, Clock, Ids, Name, SystemClock, SystemIds};
use tenure_outside::{ManualConfig, ManualConnector, ProcessConfig, ProcessConnector, SshConfig, SshConnector};
use tenure_policy::authz::Authz;
use tenure_services::hook::Guard;
use tenure_services::hook::{HookChannel, HookConfig};
use tenure_services::mail::{MailChannel, MailConfig};
use tenure_services::rest::{RestConfig, RestConnector};
use tenure_services::scim::{ScimConfig, ScimConnector};
use tenure_services::web::HttpCaller;
use tenure_store::estates::EstateVersion;
use tenure_store::{DatabaseUrl, OpenError, Store, StoreError, StoreLimits, journal, settings};

use super::builder::DocumentBuilder;
use super::fault::HouseError;
use super::first::{First, first};
use super::keys;
use crate::config::Config;
use crate::hooks::{self, Hook, Hooks};
use crate::packs;

/// The setting of the database that names this installation.
const INSTALLATION: &str = "installation";

/// A house that stands and does nothing yet.
#[derive(Debug)]
pub struct Opened {
    /// The house.
    pub house: Arc<House>,
    /// The key that its ledger is checked with.
    pub pinned: PublicKey,
    origin: Origin,
    key: Arc<SigningKey>,
}

impl Opened {
    /// Whoever seals the ledger.
    pub fn sealer(&self) -> Sealer {
        Sealer::new(Arc::clone(&self.key), self.origin.clone())
    }
}

/// Opens the house that the settings describe.
pub async fn open(config: &Config) -> Result<Opened, HouseError> {
    open_watched(config, Arc::new(NoProbe)).await
}

/// The same with somebody who is told of the points of the walk.
pub async fn open_watched(config: &Config, probe: Arc<dyn Probe>) -> Result<Opened, HouseError> {
    open_at(config, Arc::new(SystemClock::new()), probe).await
}

/// The same by another clock than the machine's.
pub async fn open_at(config: &Config, clock: Arc<dyn Clock>, probe: Arc<dyn Probe>) -> Result<Opened, HouseError> {
    // Whoever else set a provider chose the same one: it is the only one that is built in.
    drop(rustls::crypto::ring::default_provider().install_default());
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::new(Arc::clone(&clock)));
    folder(&config.data_folder)?;
    let store = database(config).await?;
    store.migrate().await?;
    let first = first(config, &store).await?;
    let builder = DocumentBuilder::new(config, Arc::clone(&clock), Arc::clone(&ids));
    let built = match first.reason {
        Some(_) => builder.make_new(first.files.clone(), None)?,
        None => builder.make(first.files.clone(), None)?,
    };
    let desk = builder.desk();
    let authz = Authz::embedded()
        .map_err(|error| HouseError::Connection { connection: "policies".to_owned(), reason: error.to_string() })?;
    let web = HttpCaller::new(Guard::new(&config.calls_internal.0))
        .map_err(|error| HouseError::Connection { connection: "http".to_owned(), reason: error.to_string() })?;
    let origin = origin(&store, ids.as_ref()).await?;
    let key = keys::ledger_key(&config.data_folder, &origin, ids.as_ref())?;
    publish(&config.data_folder, key.public())?;
    let live = Live::new(InForce::new(first.version, first.hash.clone(), built), Arc::new(builder));
    let house = House {
        clock,
        ids,
        store,
        authz,
        live,
        web: Arc::new(web),
        engine: OnceLock::new(),
        probe,
        tasks_fallback: config.tasks_fallback.clone(),
        moved_by: config.owners_moved_by.0.clone(),
        public_url: config.public_url(),
        population: Population::default(),
    };
    let house = Arc::new(house);
    desk.stand_in(&house);
    keep(&house, first).await?;
    let pinned = key.public().clone();
    Ok(Opened { house, pinned, origin, key: Arc::new(key) })
}

/// Writes the version that the house begins with, if it is not written yet, and its workflows.
async fn keep(house: &Arc<House>, first: First) -> Result<(), HouseError> {
    let definitions = house.estate().definitions();
    let Some(reason) = first.reason else {
        house.store.write(move |tx| Box::pin(async move { journal::define(tx, definitions).await })).await?;
        return Ok(());
    };
    let actor = Actor::system("start");
    let (at, by) = (house.clock.now(), actor.name.clone());
    let version = EstateVersion { version: first.version, hash: first.hash, at, by, reason: reason.to_owned() };
    let own = Arc::clone(house);
    let job = house
        .store
        .write(move |tx| Box::pin(async move { take(&own, tx, &actor, &version, &first.files, definitions).await }));
    match job.await {
        // Another node that began at the same time was faster; what it wrote is followed.
        Err(AppError::Store(StoreError::Conflict { .. })) => Ok(()),
        ended => Ok(ended?),
    }
}

/// Leaves the public key where auditors find it.
fn publish(folder: &Path, key: &PublicKey) -> Result<(), HouseError> {
    let path = folder.join("ledger.pub");
    std::fs::write(&path, format!("{key}\n")).map_err(|source| HouseError::File {
        path: path.display().to_string(),
        what: "the public key of the ledger cannot be written".to_owned(),
        source: Box::new(source),
    })
}

/// Opens the database alone.
pub async fn database(config: &Config) -> Result<Store, HouseError> {
    let text = config.database_url.expose_secret();
    let url: DatabaseUrl = text.parse().map_err(|error: tenure_store::url::BadDatabaseUrl| HouseError::Connection {
        connection: "database.url".to_owned(),
        reason: error.to_string(),
    })?;
    if let DatabaseUrl::SqliteFile(path) = &url
        && let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty())
    {
        folder(parent)?;
    }
    let opened: Result<Store, OpenError> = Store::open(&url, StoreLimits::default()).await;
    Ok(opened?)
}

/// The log of this installation. Its name never changes, or its signatures would mean nothing.
async fn origin(store: &Store, ids: &dyn Ids) -> Result<Origin, HouseError> {
    let name = format!("tenure.invalid/{}", ids.uuid().simple());
    let kept = store
        .write(move |tx| Box::pin(async move { settings::put_once(tx, INSTALLATION, &name).await }))
        .await
        .map_err(|error: StoreError| HouseError::from(error))?;
    Origin::first(&kept)
        .map_err(|error| HouseError::Connection { connection: INSTALLATION.to_owned(), reason: error.to_string() })
}

/// The folders that connectors need: where secrets with a relative path are, and where they keep
/// what they must remember.
#[derive(Clone, Copy)]
pub(crate) struct Folders<'a> {
    /// Of the documents.
    pub(crate) estate: &'a Path,
    /// Of our own data.
    pub(crate) data: &'a Path,
    /// The packs of the estate, if it was read.
    pub(crate) packs: Option<&'a BTreeMap<Name, Written>>,
    /// Where humans are asked. With none they are only rehearsed: nobody is asked, nothing is kept.
    pub(crate) desk: Option<&'a Arc<dyn Desk>>,
}

impl<'a> Folders<'a> {
    /// Those of the settings.
    pub(crate) fn of(config: &'a Config) -> Self {
        Self { estate: &config.estate_folder, data: &config.data_folder, packs: None, desk: None }
    }

    /// With the packs of the estate.
    pub(crate) fn with(self, packs: &'a BTreeMap<Name, Written>) -> Self {
        Self { packs: Some(packs), ..self }
    }
}

/// The way to the system of a connection; none where it only sends events.
pub(crate) fn connector(
    connection: &Connection,
    folders: Folders<'_>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn AnyConnector>>, HouseError> {
    make(connection, folders, clock)
        .map_err(|reason| HouseError::Connection { connection: connection.name.to_string(), reason })
}

type Made = Result<Option<Arc<dyn AnyConnector>>, String>;

fn make(connection: &Connection, folders: Folders<'_>, clock: &Arc<dyn Clock>) -> Made {
    let kind = connection.connector.as_str();
    let target = || with_secrets(&connection.config, folders.estate);
    let source = || without_person_key(target());
    let (secrets, clock) = (Arc::new(FileSecrets), Arc::clone(clock));
    match kind {
        "ad" => made(LdapConnector::new(settings_of::<AdConfig>(kind, target())?.into(), secrets, clock)),
        "events" | hooks::CONNECTOR => Ok(None),
        "file" => {
            let kept = folders.data.join("feeds");
            let settings: FileConfig = settings_of(kind, source())?;
            made(FileConnector::new(settings, &connection.name, &kept, secrets, clock))
        }
        "ldap" => made(LdapConnector::new(settings_of::<LdapConfig>(kind, target())?, secrets, clock)),
        "manual" => {
            let rehearsal = || Arc::new(FakeDesk::obedient(Arc::clone(&clock))) as Arc<dyn Desk>;
            let desk = folders.desk.map_or_else(rehearsal, Arc::clone);
            made(ManualConnector::new(&connection.name, settings_of::<ManualConfig>(kind, target())?, desk, clock))
        }
        "memory" => Ok(Some(Arc::new(memory(connection, &clock)))),
        "process" => {
            let mut settings: ProcessConfig = settings_of(kind, target())?;
            let folder = folders.estate.join(settings.folder);
            settings.folder = std::path::absolute(&folder).unwrap_or(folder);
            made(ProcessConnector::new(settings, secrets, clock))
        }
        "rest" => {
            let settings: RestConfig = settings_of(kind, target())?;
            let pack = packs::named(&settings.pack, folders.packs)?;
            made(RestConnector::new(settings, pack, secrets, clock))
        }
        "scim" => made(ScimConnector::new(settings_of::<ScimConfig>(kind, target())?, secrets, clock)),
        "sql" => made(SqlConnector::new(settings_of::<SqlConfig>(kind, source())?, secrets, clock)),
        "ssh" => made(SshConnector::new(settings_of::<SshConfig>(kind, target())?, secrets, clock)),
        other => Err(format!(
            "there is no connector `{other}`; there are `ad`, `events`, `file`, `ldap`, `manual`, `memory`, `process`, `rest`, `scim`, `sql`, `ssh` and `webhook`"
        )),
    }
}

fn settings_of<T: serde::de::DeserializeOwned>(kind: &str, settings: Json) -> Result<T, String> {
    serde_json::from_value(settings)
        .map_err(|error| format!("its `config` is of no use to the connector `{kind}`: {error}"))
}

fn made<C: AnyConnector + 'static, E: std::fmt::Display>(made: Result<C, E>) -> Made {
    made.map(|connector| Some(Arc::new(connector) as Arc<dyn AnyConnector>)).map_err(|error| error.to_string())
}

/// A way by which notices go out.
pub(super) fn channel(
    channel: &blueprint::Channel,
    name: &Name,
    estate: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Channel>, HouseError> {
    way_out(channel, estate, clock).map_err(|reason| HouseError::Channel { channel: name.to_string(), reason })
}

fn way_out(channel: &blueprint::Channel, estate: &Path, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Channel>, String> {
    let (settings, secrets) = (with_secrets(&channel.config, estate), Arc::new(FileSecrets));
    let useless = |error: serde_json::Error| format!("its `config` is of no use: {error}");
    match channel.via {
        Via::Log => Ok(Arc::new(LogChannel)),
        Via::Mail => {
            let settings: MailConfig = serde_json::from_value(settings).map_err(useless)?;
            Ok(Arc::new(MailChannel::new(settings, secrets).map_err(|error| error.to_string())?))
        }
        Via::Webhook => {
            let settings: HookConfig = serde_json::from_value(settings).map_err(useless)?;
            let hook = HookChannel::new(settings, secrets, Arc::clone(clock));
            Ok(Arc::new(hook.map_err(|error| error.to_string())?))
        }
    }
}

/// The connections that take webhooks.
pub(super) fn hooks(documents: &BTreeMap<Name, Connection>, estate: &Path, ids: &dyn Ids) -> Result<Hooks, HouseError> {
    let mut known = BTreeMap::new();
    for (name, connection) in documents.iter().filter(|(_, connection)| Hooks::is_one(connection)) {
        let hook = Hook::new(without_person_key(with_secrets(&connection.config, estate)))
            .map_err(|error| HouseError::Connection { connection: name.to_string(), reason: error.to_string() })?;
        known.insert(name.to_string(), hook);
    }
    Ok(Hooks::new(known, Arc::new(FileSecrets), ids))
}

/// A directory in the memory of this process, to try things without a directory.
fn memory(connection: &Connection, clock: &Arc<dyn Clock>) -> FakeTarget {
    let groups: Vec<&str> = connection.entitlements.values().map(tenure_model::NativeId::as_str).collect();
    FakeTarget::new(Arc::clone(clock)).with_groups(groups)
}

/// The settings without the one that is for whoever reads the source, not for the connector.
fn without_person_key(mut config: Json) -> Json {
    if let Json::Object(fields) = &mut config {
        fields.remove("personKey");
    }
    config
}

/// Connectors take a secret as a reference; a relative file is one of the estate.
fn with_secrets(config: &Json, estate: &Path) -> Json {
    match config {
        Json::Object(fields) => match (fields.len(), fields.get("secret").and_then(Json::as_str)) {
            (1, Some(reference)) => Json::String(match reference.strip_prefix("file:") {
                Some(path) if !path.starts_with('/') => {
                    let whole = std::path::absolute(estate.join(path)).unwrap_or_else(|_| estate.join(path));
                    format!("file:{}", whole.display())
                }
                Some(_) | None => reference.to_owned(),
            }),
            _ => fields.iter().map(|(name, value)| (name.clone(), with_secrets(value, estate))).collect(),
        },
        Json::Array(items) => items.iter().map(|item| with_secrets(item, estate)).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => config.clone(),
    }
}

/// Makes a folder that only we can look into, unless it is there.
pub(super) fn folder(path: &Path) -> Result<(), HouseError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| HouseError::File {
        path: path.display().to_string(),
        what: "the folder cannot be made".to_owned(),
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::house::estate;

    /// Every connection of the examples becomes a connector with the settings as they stand there.
    #[tokio::test]
    async fn the_examples_of_feeds_and_databases_are_settings_that_fit() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/feeds-and-databases");
        let data = std::env::temp_dir().join(format!("tenure-examples-{}", std::process::id()));
        let text = format!("estate.folder = '{examples}'\ndata.folder = '{}'", data.display());
        let config = Sources::new().toml(&text, "tenure.toml").unwrap().config().unwrap();
        let read = estate::read(&config.estate_folder).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let mut kinds = Vec::new();
        for connection in read.documents.connections.values() {
            let built = connector(connection, Folders::of(&config), &clock).unwrap().unwrap();
            assert_eq!(built.describe().surface.len(), tenure_connect::Artifact::ALL.len());
            kinds.push(built.describe().kind.clone());
        }
        assert_eq!(kinds, ["file", "file", "sql", "sql", "sql"]);
        assert!(!data.exists(), "a connector that was never asked anything left something behind");
    }

    #[tokio::test]
    async fn a_setting_that_a_connector_does_not_have_is_named() {
        let text = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: shop }\nspec:\n  connector: sql\n  \
                    direction: source\n  config: { tabel: users }\n";
        let read = estate::compile("here", vec![("shop.yaml".to_owned(), text.to_owned())]).unwrap();
        let config = Sources::new().config().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let shop = read.documents.connections.values().next().unwrap();
        let said = connector(shop, Folders::of(&config), &clock).err().unwrap().to_string();
        assert!(said.starts_with("connection `shop`: ") && said.contains("tabel"), "{said}");
    }
}
