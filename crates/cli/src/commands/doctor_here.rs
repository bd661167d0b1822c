//! What the doctor sees on the machine of the server: configuration, folders, estate, database, port.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use tenure_blueprint::Estate;
use tenure_server::config::{Config, ConfigError, Named, Sources};
use tenure_server::house::{self, MigrateOptions};

use super::doctor::Findings;
use super::documents::files_of;
use super::in_process;
use crate::error::CliError;
use crate::exit::Exit;

/// Looks at everything that the configuration names.
pub async fn look(path: &Path, findings: &mut Findings) {
    let config = match read(path) {
        Ok(config) => config,
        Err(error) => return findings.fail("configuration", told(&error)),
    };
    findings.ok("configuration", format!("`{}` can be used", path.display()));
    data_folder(&config.data_folder, findings);
    estate(&config.estate_folder, findings);
    tickets(&config, findings).await;
    database(path, &config, findings).await;
    port(&config, findings);
}

fn read(path: &Path) -> Result<Config, ConfigError> {
    Sources::new().file(path, Named::ByUser)?.environment()?.config()
}

fn told(error: &ConfigError) -> CliError {
    let entry = error.code().entry();
    let told = CliError::new(Exit::Failed, entry.code, error.to_string());
    let told = match std::error::Error::source(error) {
        Some(source) => told.caused_by(source),
        None => told,
    };
    told.hint(entry.way_out)
}

fn data_folder(folder: &Path, findings: &mut Findings) {
    let shown = folder.display();
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            findings.warn("data folder", format!("`{shown}` is not there yet"), "the first start makes it");
        }
        Err(error) => findings.fail_because(
            "data folder",
            format!("`{shown}` cannot be looked at: {error}"),
            "run as the user of the server",
        ),
        Ok(metadata) if !metadata.is_dir() => {
            findings.fail_because("data folder", format!("`{shown}` is not a folder"), "name another in `data.folder`");
        }
        Ok(metadata) => match metadata.permissions().mode() & 0o777 {
            mode if mode & 0o022 != 0 => findings.fail_because(
                "data folder",
                format!("`{shown}` may be written by others ({mode:o})"),
                format!("`chmod 700 {shown}`"),
            ),
            mode if mode & 0o055 != 0 => findings.warn(
                "data folder",
                format!("`{shown}` may be read by others ({mode:o})"),
                format!("`chmod 700 {shown}`"),
            ),
            mode => findings.ok("data folder", format!("`{shown}` is closed to others ({mode:o})")),
        },
    }
}

fn estate(folder: &Path, findings: &mut Findings) {
    let files = match files_of(folder) {
        Ok(files) => files,
        Err(error) => return findings.fail("estate", error),
    };
    let count = files.len();
    match Estate::read(files) {
        Ok(estate) => findings.ok(
            "estate",
            format!(
                "`{}` reads well: {count} files, {} connections, {} roles, {} workflows",
                folder.display(),
                estate.connections.len(),
                estate.roles.len(),
                estate.workflows.len()
            ),
        ),
        Err(problems) => {
            for problem in problems {
                let place = format!("{}:{}:{}", problem.file, problem.place.line, problem.place.column);
                let found = format!("{}: {} {}", place, problem.code, problem.reason);
                findings.fail("estate", CliError::new(Exit::Failed, problem.code.word(), found).hint(problem.hint));
            }
        }
    }
}

/// Whether tickets can be opened where teams want them. An estate that cannot be read is told already.
async fn tickets(config: &Config, findings: &mut Findings) {
    for desk in house::desks::look(config).await.unwrap_or_default() {
        let teams = desk.teams.into_iter().collect::<Vec<_>>().join(", ");
        let check = format!("tickets of {teams}");
        match desk.found {
            Ok(peer) => findings.ok(&check, format!("`{}` is {peer}", desk.connection)),
            Err(why) => findings.fail_because(
                &check,
                format!("`{}` does not let us look for tickets: {why}", desk.connection),
                format!("`tenure connect check {}` tries it again", desk.connection),
            ),
        }
    }
}

async fn database(path: &Path, config: &Config, findings: &mut Findings) {
    // To open a file that is not there would make it, and the doctor changes nothing.
    let file = config.database_url.expose_secret().strip_prefix("sqlite:").map(PathBuf::from);
    if file.is_some_and(|file| !file.exists()) {
        return findings.warn("database", "there is none yet", "`tenure migrate` or the first start makes it");
    }
    let options = MigrateOptions { config: Some(path.to_owned()), dry_run: true };
    match house::migrate(options).await {
        Ok(pending) if pending.is_empty() => findings.ok("database", "is reached and has the form of this version"),
        Ok(pending) => {
            let found = format!("is reached, and {} migrations are to be done, to {}", pending.len(), last(&pending));
            findings.warn("database", found, "`tenure migrate`, or the next start, does them");
        }
        Err(error) => findings.fail("database", in_process::failed(error)),
    }
}

fn last(names: &[String]) -> &str {
    names.last().map_or("-", String::as_str)
}

fn port(config: &Config, findings: &mut Findings) {
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) => {
            findings.warn("port", format!("nobody listens at {address}"), "`tenure serve` starts the server there");
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            findings.ok("port", format!("somebody listens at {address}; the line `server` tells who"));
        }
        Err(error) => findings.fail_because(
            "port",
            format!("cannot listen at {address}: {error}"),
            "choose another `listen` address, or a port above 1023",
        ),
    }
}
