//! The house as a whole: opened from the settings, kept running, closed in order.
//!
//! Opening reads everything there is to read and says everything that is wrong; nothing listens
//! before all of it is right. Next: [`open`], [`estate`], and [`serve`], which runs it.

mod acts;
mod aside;
mod builder;
pub mod conform;
pub mod demo;
pub mod desks;
pub mod estate;
mod fault;
mod first;
mod keys;
pub(crate) mod open;
pub mod preview;
pub mod rehearse;
pub mod scenario;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tenure_api::{Code, TokenCreated, TokenView};
use tenure_app::{Cx, NoProbe, Probe};
use tenure_model::Actor;
use tenure_store::migrate::Applied;
use tenure_store::tokens::Opens;

pub(crate) use builder::ForDoors;
pub use fault::HouseError;
pub use open::{Opened, open, open_at, open_watched};
pub use work::Working;

use crate::config::{Config, Named, Sources};
use crate::http::metrics::Metrics;
use crate::http::refuse::of_store;
use crate::http::system::Readiness;
use crate::listen::{Ended, Listener};
use crate::telemetry::Telemetry;

/// Where the settings are looked for unless they are named.
const CONFIG_FILE: &str = "tenure.toml";

/// How to serve.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// The settings; `tenure.toml` if none.
    pub config: Option<PathBuf>,
    /// Where to listen, instead of what the settings say.
    pub listen: Option<SocketAddr>,
    /// Only read the settings and the estate.
    pub check: bool,
}

/// What to migrate.
#[derive(Debug, Clone, Default)]
pub struct MigrateOptions {
    /// The settings; `tenure.toml` if none.
    pub config: Option<PathBuf>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// The first token of an installation.
#[derive(Debug, Clone, Default)]
pub struct BootstrapOptions {
    /// The settings; `tenure.toml` if none.
    pub config: Option<PathBuf>,
    /// Whose it is.
    pub name: Option<String>,
    /// How long it is good.
    pub days: Option<i64>,
}

/// Reads the settings: file, environment, command line.
pub fn settings(config: Option<&PathBuf>, listen: Option<SocketAddr>) -> Result<Config, HouseError> {
    let sources = match config {
        Some(path) => Sources::new().file(path, Named::ByUser)?,
        None => Sources::new().file(CONFIG_FILE.as_ref(), Named::ByDefault)?,
    };
    let sources = sources.environment()?;
    let sources = match listen {
        Some(address) => sources.flag("listen", &address.to_string())?,
        None => sources,
    };
    Ok(sources.config()?)
}

/// Runs the server until it is told to stop, and then lets work in hand come to its end.
pub async fn serve(options: ServeOptions, stop: impl Future<Output = ()> + Send) -> Result<(), HouseError> {
    let config = settings(options.config.as_ref(), options.listen)?;
    if options.check {
        estate::read(&config.estate_folder).await?;
        return Ok(());
    }
    let telemetry = Telemetry::start(&config).map_err(HouseError::telemetry)?;
    let outcome = run(&config, stop, |_, _| {}).await;
    // The export of the last traces blocks, so it must not hold up this thread's runtime.
    drop(tokio::task::spawn_blocking(move || telemetry.end()).await);
    outcome
}

/// Opens the house, serves it, closes it. `ready` is told once requests are answered.
pub async fn run(
    config: &Config,
    stop: impl Future<Output = ()> + Send,
    ready: impl FnOnce(SocketAddr, &Opened),
) -> Result<(), HouseError> {
    run_watched(config, Arc::new(NoProbe), stop, ready).await
}

/// The same with somebody who is told of the points of the walk.
pub async fn run_watched(
    config: &Config,
    probe: Arc<dyn Probe>,
    stop: impl Future<Output = ()> + Send,
    ready: impl FnOnce(SocketAddr, &Opened),
) -> Result<(), HouseError> {
    let listener = Listener::bind(config).await?;
    let opened = open_watched(config, probe).await?;
    opened.house.store.work_alone().await?;
    let working = Working::start(&opened, opened.sealer());
    let router = crate::http::v1::router(
        Arc::clone(&opened.house),
        Metrics::new(),
        readiness(&opened),
        config,
        opened.pinned.clone(),
    )?;
    tracing::info!(address = %listener.address(), scheme = listener.scheme(), "ready");
    ready(listener.address(), &opened);
    if let Ended::Cut(count) = listener.serve(router, stop).await {
        tracing::warn!(count, "requests were cut off at the end of the drain time");
    }
    working.stop(Duration::from_secs(20)).await;
    Ok(())
}

fn readiness(opened: &Opened) -> Readiness {
    let (database, engine) = (Arc::clone(&opened.house), Arc::clone(&opened.house));
    Readiness::default()
        .and("database", move || {
            let house = Arc::clone(&database);
            Box::pin(async move {
                match house.store.schema_version().await {
                    Ok(_) => house.store.trouble().map(|error| of_store(&error)),
                    Err(_) => Some(Code::StoreUnavailable),
                }
            })
        })
        .and("engine", move || {
            let found = match engine.engine.get() {
                None => Some(Code::NotReady),
                Some(engine) if engine.gauges().journal_answers => None,
                Some(_) => Some(Code::StoreUnavailable),
            };
            Box::pin(async move { found })
        })
}

/// Brings the database up to this version. Says what was done, or would be.
pub async fn migrate(options: MigrateOptions) -> Result<Vec<String>, HouseError> {
    let config = settings(options.config.as_ref(), None)?;
    let store = open::database(&config).await?;
    if options.dry_run {
        let have = store.schema_version().await?;
        let want = tenure_store::migrate::SCHEMA_VERSION;
        return Ok((have + 1..=want).map(|version| format!("migration {version}")).collect());
    }
    let applied: Vec<Applied> = store.migrate().await?;
    Ok(applied.into_iter().map(|applied| applied.name.to_owned()).collect())
}

/// Makes a token for the owner. Whoever can read the settings and write the database may do this.
pub async fn bootstrap_token(options: BootstrapOptions) -> Result<TokenCreated, HouseError> {
    let config = settings(options.config.as_ref(), None)?;
    let opened = open(&config).await?;
    owner_token(&opened, options.name, options.days).await
}

pub(crate) async fn owner_token(
    opened: &Opened,
    name: Option<String>,
    days: Option<i64>,
) -> Result<TokenCreated, HouseError> {
    let house = Arc::clone(&opened.house);
    let (secret, hash) = crate::token::issue(house.ids.as_ref());
    let cx = Cx::new(Arc::clone(&house), Actor::system("bootstrap"));
    let opens = Opens::Roles([tenure_model::Role::Owner].into());
    let name = name.unwrap_or_else(|| "owner".to_owned());
    let token = tenure_app::tokens::create::create(&cx, name, opens, days, *hash.bytes()).await?;
    let view = TokenView {
        id: token.id,
        name: token.owner,
        roles: [tenure_model::Role::Owner].map(|role| role.word().to_owned()).into(),
        connection: None,
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: None,
    };
    Ok(TokenCreated { token: view, secret: secret.expose_secret().to_owned() })
}
