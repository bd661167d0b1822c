//! A real MariaDB on a free loopback port, for one test.
//!
//! The user `tenure` owns the database `tenure` and proves itself with a password; TLS is spoken
//! with a certificate of its own authority. It is killed and its folder removed when the value is
//! dropped.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::daemon;
use crate::slapd::certificates;

const MARIADBD: &str = "/usr/sbin/mariadbd";
const READY_POLLS_MAX: u32 = 3_000;

/// The password of the user `tenure`.
pub const PASSWORD: &str = "only-for-tests";

/// A running server.
#[derive(Debug)]
pub struct Mariadb {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Mariadb {
    /// Starts one.
    pub async fn start() -> Self {
        assert!(
            Path::new(MARIADBD).exists(),
            "there is no {MARIADBD}; install it with `apt-get install -y --no-install-recommends mariadb-server`"
        );
        let folder = crate::slapd::folder_in_memory();
        let path = folder.path();
        certificates(path);
        fs::write(path.join("password"), PASSWORD).expect("the password file");
        fs::set_permissions(path.join("password"), fs::Permissions::from_mode(0o600)).expect("its mode");
        let output = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}/data", path.display()))
            .arg(format!("--tmpdir={}", path.display()))
            .args(user())
            .output()
            .expect("mariadb-install-db");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ready = |_| client(path, "mysql", "SELECT 1").is_some();
        let (child, port) = daemon::start("MariaDB", path, READY_POLLS_MAX, |port| spawn(path, port), ready).await;
        let server = Self { child, folder, port };
        server.prepare();
        server
    }

    fn prepare(&self) {
        for text in [
            "CREATE DATABASE tenure CHARACTER SET utf8mb4",
            &format!("CREATE USER tenure@'%' IDENTIFIED BY '{PASSWORD}'"),
            "GRANT ALL ON tenure.* TO tenure@'%'",
        ] {
            client(self.folder.path(), "mysql", text).unwrap_or_else(|| panic!("`{text}` failed"));
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with the password of `tenure`.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// What the server's own client says to a statement in the database `tenure`.
    pub fn sql(&self, text: &str) -> String {
        client(self.folder.path(), "tenure", text).unwrap_or_else(|| panic!("`{text}` failed"))
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

/// MariaDB is started by root only when it is told so; its folder is ours.
fn user() -> Option<&'static str> {
    daemon::is_root().then_some("--user=root")
}

fn spawn(folder: &Path, port: u16) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log for MariaDB");
    let path = folder.display();
    Command::new(MARIADBD)
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"])
        .args(["--skip-log-bin", "--innodb-buffer-pool-size=32M"])
        .args([format!("--datadir={path}/data"), format!("--port={port}"), format!("--socket={path}/s")])
        .args([format!("--tmpdir={path}")])
        .args([format!("--pid-file={path}/pid"), format!("--ssl-ca={path}/ca.crt")])
        .args([format!("--ssl-cert={path}/server.crt"), format!("--ssl-key={path}/server.key")])
        .args(user())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("mariadbd")
}

fn client(folder: &Path, database: &str, text: &str) -> Option<String> {
    let output = Command::new("mariadb")
        .args(["--no-defaults", "-uroot", "-N", "-B", "--default-character-set=utf8mb4"])
        .args([format!("--socket={}/s", folder.display()), format!("--database={database}")])
        .args(["-e", text])
        .output()
        .expect("the client of MariaDB; install it with `apt-get install mariadb-client`");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
