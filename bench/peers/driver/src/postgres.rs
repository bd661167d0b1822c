//! A throw-away PostgreSQL for one system in one repetition, the same for everybody who needs one.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::time::sleep;

use crate::limits::{POSTGRES_CONNECTIONS_MAX, READY_PAUSE, READY_WAIT_MAX};
use crate::machine::{chance, free_port, is_root, now};
use crate::process::{Process, finish};
use crate::trouble::{Because, Result, Trouble};

/// What differs from PostgreSQL's defaults. Durability is full and said aloud; the rest gives it
/// a cache that holds the benchmark.
const SETTINGS: &[&str] = &["fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB"];

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The server's process.
    pub process: Process,
    port: u16,
    password: String,
}

impl Server {
    /// Makes a cluster in a folder of its own below `scratch` and starts it.
    pub async fn start(scratch: &Path) -> Result<Self> {
        let programs = programs()?;
        let folder = scratch.join("postgres");
        DirBuilder::new().mode(0o700).create(&folder).because(|| format!("cannot make `{}`", folder.display()))?;
        let password = chance()?;
        let secret = folder.join("password");
        fs::write(&secret, &password).because(|| format!("cannot write `{}`", secret.display()))?;
        if is_root() {
            finish(Command::new("chown").args(["-R", "postgres:"]).arg(&folder))?;
        }
        let mut make = as_owner(&programs.join("initdb"), &folder);
        make.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(&secret);
        make.args(["--username=postgres", "--auth=password", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        finish(&mut make)?;
        let port = free_port()?;
        let mut serve = as_owner(&programs.join("postgres"), &folder);
        serve.arg("-D").arg(folder.join("data")).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        serve.arg("-k").arg(&folder).args(["-c", &format!("max_connections={POSTGRES_CONNECTIONS_MAX}")]);
        for setting in SETTINGS {
            serve.args(["-c", setting]);
        }
        // QUIT ends it at once and still gives back its shared memory, which KILL would not.
        let process = Process::start("postgres", serve, scratch, "QUIT")?;
        let mut server = Self { process, port, password };
        server.wait_until_ready(&programs).await?;
        Ok(server)
    }

    /// Where it is, for a client.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    async fn wait_until_ready(&mut self, programs: &Path) -> Result<()> {
        let start = now();
        while start.elapsed() < READY_WAIT_MAX {
            self.process.must_live()?;
            let mut ask = Command::new(programs.join("pg_isready"));
            if finish(ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])).is_ok() {
                return Ok(());
            }
            sleep(READY_PAUSE).await;
        }
        Err(Trouble::new(format!("PostgreSQL does not get ready: {}", self.process.last_words())))
    }
}

/// The folder with `initdb` and `postgres`: version 15 first, which the figures are about.
fn programs() -> Result<PathBuf> {
    let folders = [15, 16, 17, 14].map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let found = folders.into_iter().find(|folder| folder.join("initdb").exists());
    found.ok_or_else(|| Trouble::new("there is no PostgreSQL; install the package `postgresql-15`"))
}

/// PostgreSQL refuses to run as root.
fn as_owner(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program).current_dir(folder);
    command
}
