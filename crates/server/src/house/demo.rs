//! The demo: a sample company in a folder of its own, served on this machine.
//!
//! It is the product with a sample estate; nothing in it is special but the directory, which is
//! in the memory of this process unless a real one is named.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use tenure_app::Cx;
use tenure_app::events::accept;
use tenure_model::{Actor, Attributes, EventKind, IdentityKind, PersonKey, Value, Zone};

use super::fault::HouseError;
use super::open::{Opened, folder};
use super::{owner_token, run};
use crate::config::Sources;
use crate::telemetry::Telemetry;

/// Where the sample directory is.
#[derive(Debug, Clone)]
pub struct DemoLdap {
    /// Its address.
    pub url: String,
    /// Under which everything is.
    pub base_dn: String,
    /// Who we are there.
    pub bind_dn: String,
    /// The file with our password.
    pub password_file: PathBuf,
}

/// What to show.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where the sample lives.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Forget what happened and begin anew.
    pub fresh: bool,
    /// How many people work there.
    pub people: usize,
    /// A real directory; one in memory if none.
    pub ldap: Option<DemoLdap>,
}

/// What to tell whoever watches.
#[derive(Debug, Clone)]
pub struct DemoReady {
    /// Where it answers.
    pub url: String,
    /// The file with the owner's token.
    pub token_file: PathBuf,
    /// The folder of the estate.
    pub estate: PathBuf,
    /// Which directory accounts are made in, in words.
    pub directory: String,
    /// How many people there are.
    pub people: usize,
}

/// Runs the demo until it is told to stop.
pub async fn demo(
    options: DemoOptions,
    ready: impl FnOnce(DemoReady) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), HouseError> {
    prepare(&options)?;
    let data = std::path::absolute(&options.data).unwrap_or_else(|_| options.data.clone());
    let path = |name: &str| data.join(name).display().to_string();
    let config = Sources::new()
        .flag("database.url", &format!("sqlite:{}", path("tenure.db")))?
        .flag("listen", &options.listen.to_string())?
        .flag("estate.folder", &path("estate"))?
        .flag("estate.apply", "at-start")?
        .flag("data.folder", &path("keys"))?
        .flag("log.level", "warn")?
        .config()?;
    let telemetry = Telemetry::start(&config).map_err(HouseError::telemetry)?;
    let token_file = data.join("token");
    let seed = super::open(&config).await?;
    if !token_file.exists() {
        let token = owner_token(&seed, Some("demo".to_owned()), None).await?;
        write_secret(&token_file, &token.secret)?;
    }
    seed_people(&seed, options.people).await?;
    drop(seed);
    let directory = match &options.ldap {
        Some(ldap) => format!("the LDAP directory at {}", ldap.url),
        None => "a directory in the memory of this process (it stands in for a real one, and is empty again after a restart)".to_owned(),
    };
    let told = |address: SocketAddr, _: &Opened| {
        let url = format!("http://{address}");
        ready(DemoReady { url, token_file, estate: data.join("estate"), directory, people: options.people });
    };
    let outcome = run(&config, stop, told).await;
    drop(tokio::task::spawn_blocking(move || telemetry.end()).await);
    outcome
}

fn prepare(options: &DemoOptions) -> Result<(), HouseError> {
    let fault = |path: &Path, source: std::io::Error| HouseError::File {
        path: path.display().to_string(),
        what: "the sample cannot be written".to_owned(),
        source: Box::new(source),
    };
    let marker = options.data.join(".tenure-demo");
    if options.fresh && options.data.exists() {
        if !marker.exists() {
            let path = options.data.display().to_string();
            let what = "refused to empty this folder: the demo did not make it; name another with `--data`".to_owned();
            return Err(HouseError::File { path, what, source: "there is no `.tenure-demo` in it".into() });
        }
        std::fs::remove_dir_all(&options.data).map_err(|source| fault(&options.data, source))?;
    }
    for name in ["estate/connections", "estate/roles", "keys"] {
        folder(&options.data.join(name))?;
    }
    std::fs::write(&marker, "").map_err(|source| fault(&marker, source))?;
    let documents = [
        (
            "estate/connections/hr.yaml",
            include_str!("../../../../examples/first-estate/connections/hr.yaml").to_owned(),
        ),
        ("estate/connections/ldap.yaml", directory(options)),
        ("estate/roles/staff.yaml", include_str!("../../../../examples/first-estate/roles/staff.yaml").to_owned()),
    ];
    for (name, text) in documents {
        let path = options.data.join(name);
        // What somebody changed in the sample stays as they left it; where the directory is may move.
        if name.ends_with("ldap.yaml") || !path.exists() {
            std::fs::write(&path, text).map_err(|source| fault(&path, source))?;
        }
    }
    Ok(())
}

/// The sample's directory, as a document.
fn directory(options: &DemoOptions) -> String {
    let sample = include_str!("../../../../examples/first-estate/connections/ldap.yaml");
    let rest = sample.find("  account:").and_then(|place| sample.get(place..)).unwrap_or_default();
    let config = match &options.ldap {
        None => "  connector: memory\n  direction: target\n  config: {}\n".to_owned(),
        Some(ldap) => {
            let file = std::path::absolute(&ldap.password_file).unwrap_or_else(|_| ldap.password_file.clone());
            format!(
                "  connector: ldap\n  direction: target\n  config:\n    url: {}\n    bindDn: {}\n    \
                 password: {{ secret: \"file:{}\" }}\n    baseDn: {}\n",
                ldap.url,
                ldap.bind_dn,
                file.display(),
                ldap.base_dn
            )
        }
    };
    format!(
        "# The directory in which everybody has an account.\napiVersion: tenure/v1\nkind: Connection\n\
         metadata: {{ name: ldap, title: Company directory, owner: team-identity }}\nspec:\n{config}{rest}"
    )
}

fn write_secret(path: &Path, secret: &str) -> Result<(), HouseError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(secret.as_bytes())).map_err(|source| HouseError::File {
        path: path.display().to_string(),
        what: "the token cannot be kept".to_owned(),
        source: Box::new(source),
    })
}

const GIVEN: [&str; 20] = [
    "Ada", "Grace", "Łukasz", "Zoë", "Jürgen", "María", "Søren", "Çelik", "Anaïs", "Björn", "Chiara", "Dmitri",
    "Eilís", "Farah", "Goran", "Hana", "Ines", "Jamal", "Kaito", "Leïla",
];
const FAMILY: [&str; 17] = [
    "Lovelace",
    "Hopper",
    "Nowak",
    "Müller",
    "O’Neill",
    "García",
    "Jensen",
    "Demir",
    "Dubois",
    "Lindström",
    "Rossi",
    "Volkov",
    "Byrne",
    "Haddad",
    "Kovač",
    "Tanaka",
    "Okafor",
];
const DEPARTMENTS: [&str; 5] = ["Engineering", "Finance", "Sales", "People", "Support"];
const ZONES: [&str; 4] = ["Europe/Berlin", "Australia/Melbourne", "America/New_York", "UTC"];

/// The staff: sent as the HR system would, each once however often the demo is started.
async fn seed_people(opened: &Opened, people: usize) -> Result<(), HouseError> {
    let cx = Cx::new(Arc::clone(&opened.house), Actor::system("demo"));
    let pick = |from: &[&str], number: usize| from.get(number % from.len()).copied().unwrap_or_default().to_owned();
    for number in 0..people {
        let key = format!("E{}", 1000 + number);
        let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number));
        let text = |value: String| Value::Text(value);
        let attributes = Attributes::from([
            ("employeeId".to_owned(), text(key.clone())),
            ("givenName".to_owned(), text(given)),
            ("familyName".to_owned(), text(family)),
            ("email".to_owned(), text(format!("{}@example.org", key.to_lowercase()))),
            ("department".to_owned(), text(pick(&DEPARTMENTS, number))),
        ]);
        let days = i64::try_from(number % 900).unwrap_or(0);
        let first_day = Date::constant(2023, 1, 2).checked_add(days.days()).unwrap_or(Date::constant(2023, 1, 2));
        let zone: Zone = pick(&ZONES, number).parse().unwrap_or_else(|_| Zone::utc());
        let kind = EventKind::EmploymentStarted { kind: IdentityKind::Employee, first_day, zone, attributes };
        let subject = PersonKey { attribute: "employeeId".to_owned(), value: key };
        let hr = "hr".parse().map_err(|error: tenure_model::BadName| HouseError::Connection {
            connection: "hr".to_owned(),
            reason: error.to_string(),
        })?;
        accept::accept(&cx, hr, format!("demo-{number}"), subject, kind).await?;
    }
    Ok(())
}
