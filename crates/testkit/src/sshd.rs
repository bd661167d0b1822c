//! A real OpenSSH server on a free loopback port, for one test.
//!
//! It lets in the user that runs the test with one key, and gives SFTP. It is killed and its
//! folder removed when the value is dropped.
#![expect(clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::daemon;

const SSHD: &str = "/usr/sbin/sshd";
const READY_POLLS_MAX: u32 = 1_000;

/// A running server.
#[derive(Debug)]
pub struct Sshd {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Sshd {
    /// Starts one.
    pub async fn start() -> Self {
        assert!(
            Path::new(SSHD).exists(),
            "there is no {SSHD}; install it with `apt-get install -y --no-install-recommends openssh-server openssh-sftp-server`"
        );
        let folder = tempfile::tempdir().expect("a folder for sshd");
        key(folder.path(), "host");
        key(folder.path(), "client");
        key(folder.path(), "stranger");
        // Where the server gives up its rights; the package makes it at boot.
        if daemon::is_root() {
            fs::create_dir_all("/run/sshd").expect("/run/sshd");
        }
        let ready = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let path = folder.path();
        let (child, port) = daemon::start("sshd", path, READY_POLLS_MAX, |port| spawn(path, port), ready).await;
        let server = Self { child, folder, port };
        server.known_hosts_with("host", "known_hosts");
        server.known_hosts_with("stranger", "wrong_hosts");
        fs::write(server.folder.path().join("no_hosts"), "").expect("an empty file");
        server
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file of its folder: `client` and `stranger` are private keys, the first of which is let
    /// in; `known_hosts`, `wrong_hosts` and `no_hosts` know it rightly, wrongly and not.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The user who is let in.
    pub fn user() -> String {
        let output = Command::new("id").arg("-un").output().expect("id");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn known_hosts_with(&self, key: &str, name: &str) {
        let public = fs::read_to_string(self.file(&format!("{key}.pub"))).expect("a public key");
        fs::write(self.file(name), format!("[127.0.0.1]:{} {public}", self.port)).expect("known hosts");
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    fs::write(folder.join("config"), configuration(folder, port)).expect("its settings");
    let log = fs::File::create(folder.join("log")).expect("a log for sshd");
    Command::new(SSHD)
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("sshd")
}

/// A pair of keys without a password.
pub(crate) fn key(folder: &Path, name: &str) {
    let path = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
    assert!(made.expect("ssh-keygen").success(), "no key could be made");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile {folder}/pid\nUsePAM no\n\
         StrictModes no\nAuthorizedKeysFile {folder}/client.pub\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
}
