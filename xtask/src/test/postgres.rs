//! A throw-away PostgreSQL: its own folder, port and password, on loopback only.
//!
//! It must not outlive us, whatever ends us. A second copy of this program, the keeper, holds
//! the reading end of a pipe; when we end, for whatever reason, the pipe closes and the keeper
//! stops the server and removes the folder. It is in a process group of its own, so ctrl-c in
//! the terminal does not reach it.

use std::fs::{self, DirBuilder};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::packages;
use crate::limits::{PORT_TRIES_MAX, POSTGRES_CONNECTIONS_MAX, POSTGRES_WAIT_S_MAX};
use crate::machine;
use crate::trouble::{Because, Result, Trouble};

/// A running server.
#[derive(Debug)]
pub struct Server {
    keeper: Child,
    folder: PathBuf,
    port: u16,
    password: String,
}

impl Server {
    /// Makes a cluster and starts it.
    pub fn start() -> Result<Self> {
        let programs = packages::postgres_programs().ok_or_else(|| Trouble::new("test: there is no PostgreSQL"))?;
        let folder = make_folder()?;
        let keeper = start_keeper(&folder, &programs)?;
        let password = chance()?;
        initialise(&folder, &programs, &password)?;
        let port = start_on_free_port(&folder, &programs)?;
        machine::say(&format!("test: PostgreSQL from {} listens on 127.0.0.1:{port}", programs.display()));
        Ok(Self { keeper, folder, port, password })
    }

    /// What tests find in `TEST_PG`: the address of an empty database whose owner may make others.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    /// Stops it and removes its folder.
    pub fn stop(mut self) -> Result<()> {
        drop(self.keeper.stdin.take());
        let status = self.keeper.wait().because(|| "cannot wait for the keeper of PostgreSQL".to_owned())?;
        if status.success() && !self.folder.exists() {
            return Ok(());
        }
        Err(Trouble::new(format!(
            "test: PostgreSQL in `{}` was not cleared away; stop it by hand",
            self.folder.display()
        )))
    }
}

/// The keeper: waits for the pipe to close, then clears away.
pub fn keep(folder: &Path, programs: &Path) -> Result<()> {
    let mut nothing = Vec::new();
    // An error of the pipe means the same as its end: nobody is there any more.
    std::io::stdin().read_to_end(&mut nothing).ok();
    if folder.join("data/postmaster.pid").exists() {
        let seconds = POSTGRES_WAIT_S_MAX.to_string();
        for mode in ["fast", "immediate"] {
            let mut stop = as_owner(&programs.join("pg_ctl"), folder);
            stop.arg("-D").arg(folder.join("data")).args(["-w", "-t", &seconds, "-m", mode, "stop"]);
            if machine::output_quietly(&mut stop).is_ok() {
                break;
            }
        }
    }
    fs::remove_dir_all(folder).because(|| format!("cannot remove `{}`", folder.display()))
}

/// A new folder that only its owner may enter: the user `postgres` when we are root, because
/// PostgreSQL refuses to run as root.
fn make_folder() -> Result<PathBuf> {
    let folder =
        std::env::temp_dir().join(format!("tenure-test-{}-{}", std::process::id(), chance()?.get(..8).unwrap_or("x")));
    DirBuilder::new().mode(0o700).create(&folder).because(|| format!("cannot make `{}`", folder.display()))?;
    if machine::is_root() {
        machine::output_quietly(Command::new("chown").arg("postgres:").arg(&folder))?;
    }
    Ok(folder)
}

fn start_keeper(folder: &Path, programs: &Path) -> Result<Child> {
    let ourselves = std::env::current_exe().because(|| "cannot find our own program".to_owned())?;
    let mut command = Command::new(ourselves);
    command.arg("keep-postgres").arg(folder).arg(programs).stdin(Stdio::piped()).process_group(0);
    command.current_dir("/").spawn().because(|| "cannot start the keeper of PostgreSQL".to_owned())
}

fn initialise(folder: &Path, programs: &Path, password: &str) -> Result<()> {
    // By a file and not as an argument, which every user of the machine could read.
    let secret = folder.join("password");
    fs::write(&secret, password).because(|| format!("cannot write `{}`", secret.display()))?;
    let mut command = as_owner(&programs.join("initdb"), folder);
    command.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(&secret);
    // Text is ordered by its bytes, on both databases. Durability is as in production, except
    // for the making of the cluster itself.
    command.args(["--username=postgres", "--auth=password", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    machine::output(&mut command).map(|_| ())
}

/// Somebody may take the port between our asking and the server's start; then another is tried.
fn start_on_free_port(folder: &Path, programs: &Path) -> Result<u16> {
    let mut last = None;
    for _ in 0..PORT_TRIES_MAX {
        let port = free_port()?;
        let settings = format!(
            "-p {port} -k {} -h 127.0.0.1 -c max_connections={POSTGRES_CONNECTIONS_MAX} -c fsync=on -c synchronous_commit=on",
            folder.display()
        );
        let mut command = as_owner(&programs.join("pg_ctl"), folder);
        command.arg("-D").arg(folder.join("data")).args(["-w", "-t", &POSTGRES_WAIT_S_MAX.to_string()]);
        command.arg("-l").arg(folder.join("log")).args(["-o", &settings, "start"]);
        // Not `output`: the server inherits our pipes and would keep them open.
        match machine::run(command.stdin(Stdio::null()).stdout(Stdio::null())) {
            Ok(()) => return Ok(port),
            Err(trouble) => last = Some(trouble),
        }
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let end: Vec<&str> = log.lines().rev().take(3).collect();
    machine::complain(&format!("PostgreSQL says: {}", end.join(" / ")));
    Err(last.unwrap_or_else(|| Trouble::new("test: PostgreSQL did not start")))
}

fn free_port() -> Result<u16> {
    let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).because(|| "cannot find a free port".to_owned())
}

/// A command that runs as the owner of the folder.
fn as_owner(program: &Path, folder: &Path) -> Command {
    let mut command = if machine::is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

/// Sixteen bytes nobody can guess, in hexadecimal.
fn chance() -> Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0u8; 16];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.because(|| "cannot read `/dev/urandom`".to_owned())?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    }))
}
