//! A real PostgreSQL on a free loopback port, for one test.
//!
//! It wants a password from everybody who comes over the network, speaks TLS with a certificate of
//! its own authority, and is killed and its folder removed when the value is dropped.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::daemon;
use crate::slapd::certificates;

const READY_POLLS_MAX: u32 = 2_000;

/// The password of the user `tenure`, who owns the database `tenure`.
pub const PASSWORD: &str = "only-for-tests";

/// A running server.
#[derive(Debug)]
pub struct Postgresql {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Postgresql {
    /// Starts one with the database and user `tenure`.
    pub async fn start() -> Self {
        let folder = crate::slapd::folder_in_memory();
        let path = folder.path();
        certificates(path);
        fs::write(path.join("password"), PASSWORD).expect("the password file");
        fs::set_permissions(path.join("password"), fs::Permissions::from_mode(0o600)).expect("its mode");
        fs::write(path.join("pw"), PASSWORD).expect("the password for initdb");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
        fs::set_permissions(path.join("pw"), fs::Permissions::from_mode(0o644)).expect("its mode");
        let home = path.join("home");
        fs::create_dir(&home).expect("a folder for data");
        fs::copy(path.join("server.key"), home.join("server.key")).expect("its key");
        fs::set_permissions(home.join("server.key"), fs::Permissions::from_mode(0o600)).expect("its mode");
        if daemon::is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&home));
        }
        let data = home.join("data");
        run(as_postgres("initdb")
            .args(["-A", "scram-sha-256", "-U", "tenure", "--no-sync", "-E", "UTF8"])
            .arg("--pwfile")
            .arg(path.join("pw"))
            .arg("-D")
            .arg(&data));
        let (child, port) = launch(path).await;
        let server = Self { child, folder, port };
        server.run("CREATE DATABASE tenure");
        server
    }

    /// Stops it and starts it again with the same data, on another port.
    pub async fn restart(&mut self) {
        self.stop();
        (self.child, self.port) = launch(self.folder.path()).await;
    }

    /// A fast shutdown, which also ends its children.
    fn stop(&mut self) {
        drop(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status());
        drop(self.child.wait());
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with the password of `tenure`.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The `config` of a connection to it, as lines of a document; what stands in its tables comes after.
    pub fn config(&self) -> String {
        format!(
            "  config:\n    database: {{ kind: postgresql, host: localhost, port: {}, database: tenure, user: tenure, \
             password: {{ secret: \"file:{}\" }}, caFile: {} }}\n",
            self.port(),
            self.password_file().display(),
            self.ca_file().display()
        )
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// What the server's own client says to a statement in the database `tenure`.
    pub fn sql(&self, text: &str) -> String {
        self.client("tenure", "-c", text)
    }

    /// Runs the statements of a file in the database `tenure`.
    pub fn run_file(&self, file: &Path) {
        self.client("tenure", "-qf", &file.display().to_string());
    }

    fn run(&self, text: &str) {
        self.client("postgres", "-c", text);
    }

    fn client(&self, database: &str, how: &str, what: &str) -> String {
        let output = Command::new(programs().join("psql"))
            .env("PGPASSWORD", PASSWORD)
            .args(["-h", "127.0.0.1", "-U", "tenure", "-AtX", "-v", "ON_ERROR_STOP=1", "-p", &self.port.to_string()])
            .args(["-d", database, how, what])
            .output()
            .expect("psql");
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

impl Drop for Postgresql {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn launch(folder: &Path) -> (Child, u16) {
    let pid = folder.join("home/data/postmaster.pid");
    let ready = |_| fs::read_to_string(&pid).is_ok_and(|text| text.contains("ready"));
    daemon::start("PostgreSQL", folder, READY_POLLS_MAX, |port| spawn(folder, port), ready).await
}

fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).filter(|path| path.join("initdb").exists()).max();
    newest.expect("PostgreSQL; install it with `apt-get install -y --no-install-recommends postgresql-15`")
}

/// A program of PostgreSQL, which refuses to be run by root.
fn as_postgres(program: &str) -> Command {
    let program = programs().join(program);
    if !daemon::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn spawn(folder: &Path, port: u16) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log for PostgreSQL");
    let home = folder.join("home");
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(home.join("data"));
    for setting in [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", home.display()),
        "fsync=off".to_owned(),
        "wal_level=logical".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}/server.crt", folder.display()),
        format!("ssl_key_file={}/server.key", home.display()),
    ] {
        command.args(["-c", &setting]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("postgres")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
