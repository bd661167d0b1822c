//! The engine's process: started with what it needs, told to stop, never left behind.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_model::{Clock, SystemClock};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::trouble::{Because, Trouble};
use crate::{limits, plain};

/// The variable by which the process is told its PostgreSQL: everybody on the machine can read
/// its arguments.
pub const POSTGRES_VARIABLE: &str = "TENURE_BENCH_POSTGRES";
/// What the process says before its address, in a line of its own.
pub const LISTENING: &str = "listening on ";

/// Which database the process works on.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// The file `bench.db` in this folder.
    Sqlite(std::path::PathBuf),
    /// This server.
    Postgres(String),
}

impl Database {
    /// The word for it in figures.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }

    /// Its address.
    pub fn address(&self) -> String {
        match self {
            Self::Sqlite(folder) => sqlite_in(folder),
            Self::Postgres(address) => address.clone(),
        }
    }
}

/// The address of the SQLite database of the measurements in a folder.
pub fn sqlite_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("bench.db").display())
}

/// The running process.
pub(crate) struct Child {
    process: tokio::process::Child,
    id: u32,
    /// Where it answers.
    pub address: SocketAddr,
    /// How long it took from its start until it had brought a run to its end.
    pub ready_after: Duration,
}

impl Child {
    /// Starts it and waits until it has brought one run to its end. `engine` are the words of the
    /// program, to which this adds `--serve`, `--steps`, `--until-closed` and the database.
    pub async fn start(engine: &[OsString], steps: SocketAddr, database: &Database) -> Result<Self, Trouble> {
        let clock = SystemClock::new();
        let cannot = || "cannot start the process of the engine".to_owned();
        let (program, words) = engine.split_first().ok_or_else(|| Trouble::new(cannot()))?;
        let mut command = Command::new(program);
        command.args(words).args(["--serve", "127.0.0.1:0", "--until-closed", "--steps"]);
        command.arg(format!("http://{steps}")).env_remove(POSTGRES_VARIABLE);
        match database {
            Database::Sqlite(folder) => command.arg("--folder").arg(folder),
            Database::Postgres(address) => command.env(POSTGRES_VARIABLE, address),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().because(cannot)?;
        let address =
            tokio::time::timeout(limits::READY_TIME_MAX, address_of(&mut process)).await.because(cannot)??;
        let id = process.id().ok_or_else(|| Trouble::new("the process of the engine has ended"))?;
        tokio::time::timeout(limits::READY_TIME_MAX, plain::call(address, "/inner/3", &json!({})))
            .await
            .because(|| "the engine is not ready in time".to_owned())??;
        Ok(Self { process, id, address, ready_after: clock.elapsed() })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Asks it for something that takes as long as it takes.
    pub async fn call<T: serde::de::DeserializeOwned>(&self, path: &str, body: &Json) -> Result<T, Trouble> {
        let answer = plain::call(self.address, path, body).await?;
        serde_json::from_value(answer).because(|| format!("`{path}` of the measured process answered something else"))
    }

    /// Tells it to stop and waits until it has.
    pub async fn stop(&mut self) -> Result<(), Trouble> {
        drop(self.process.stdin.take());
        let ended = tokio::time::timeout(limits::END_TIME_MAX, self.process.wait()).await;
        let cannot = || "the process of the engine does not stop".to_owned();
        let status = ended.because(cannot)?.because(cannot)?;
        if status.success() { Ok(()) } else { Err(Trouble::new(format!("the process of the engine ended: {status}"))) }
    }
}

async fn address_of(process: &mut tokio::process::Child) -> Result<SocketAddr, Trouble> {
    let cannot = || "the process of the engine did not say where it listens".to_owned();
    let output = process.stdout.take().ok_or_else(|| Trouble::new(cannot()))?;
    let line = BufReader::new(output).lines().next_line().await.because(cannot)?.unwrap_or_default();
    line.trim_start_matches(LISTENING).parse().because(cannot)
}
