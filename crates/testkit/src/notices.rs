//! Those whom notices go to, for one test: a mail server and a receiver of webhooks, both in
//! Python and by libraries of others. They are killed when the value is dropped.
#![expect(clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::{daemon, slapd, tools};

/// How often a start is looked at, every 10 ms.
const POLLS_MAX: u32 = 3_000;
const PYTHON: &str = "notices/bin/python";
const LOOK: Duration = Duration::from_millis(20);
/// How long something may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the line to a mail server is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// In the middle of the talk.
    Starttls,
    /// From the start.
    Implicit,
}

/// A running mail server. It refuses `gone@`, `later@` and `relay@` and subjects with `unwanted`.
#[derive(Debug)]
pub struct MailSink {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl MailSink {
    /// Starts one. `marks` are files that change how it is: `wants-auth`, `no-plain`.
    pub async fn start(tls: Tls, marks: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        slapd::certificates(folder.path());
        for mark in marks {
            fs::write(folder.path().join(mark), "").expect("a mark");
        }
        secret(&folder.path().join("password"), "only-for-tests");
        let word = match tls {
            Tls::None => "none",
            Tls::Starttls => "starttls",
            Tls::Implicit => "implicit",
        };
        let spawn = |port: u16| {
            let place = folder.path().display().to_string();
            python("sink.py", folder.path(), &[&port.to_string(), &place, word])
        };
        let (child, port) = daemon::start("the mail server", folder.path(), POLLS_MAX, spawn, listens).await;
        Self { child, folder, port }
    }

    /// Where it is, for the setting `server`.
    pub fn server(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// A file of it: `ca.crt`, `password`, `dkim.txt`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The mails that it took, as Python reads them.
    pub fn mails(&self) -> Vec<Json> {
        lines(&self.file("mails.jsonl"))
    }

    /// Waits until it took so many.
    pub async fn until(&self, count: usize) -> Vec<Json> {
        until(count, || self.mails()).await
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

/// A running receiver of webhooks.
#[derive(Debug)]
pub struct HookPeer {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl HookPeer {
    /// Starts one that verifies with these keys, each by itself.
    pub async fn start(keys: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the receiver");
        let spawn = |port: u16| {
            let (place, port) = (folder.path().display().to_string(), port.to_string());
            let words = [&["serve", port.as_str(), place.as_str()], keys].concat();
            python("hooks.py", folder.path(), &words)
        };
        let (child, port) = daemon::start("the receiver of webhooks", folder.path(), POLLS_MAX, spawn, listens).await;
        for (number, key) in keys.iter().enumerate() {
            secret(&folder.path().join(format!("key{number}")), key);
        }
        Self { child, folder, port }
    }

    /// Where it is called.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/in", self.port)
    }

    /// The file with one of its keys.
    pub fn key_file(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("key{number}"))
    }

    /// Lets it answer so from now on: a status, and headers as `name=value`.
    pub fn answer(&self, words: &str) {
        fs::write(self.folder.path().join("answer"), words).expect("its answer");
    }

    /// The calls that it got.
    pub fn calls(&self) -> Vec<Json> {
        lines(&self.folder.path().join("calls.jsonl"))
    }

    /// Waits until it got so many.
    pub async fn until(&self, count: usize) -> Vec<Json> {
        until(count, || self.calls()).await
    }
}

impl Drop for HookPeer {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

/// The signature that the reference library makes.
pub fn sign(key: &str, id: &str, seconds: i64, body: &str) -> String {
    let mut child = Command::new(tools::find(PYTHON))
        .arg(script("hooks.py"))
        .args(["sign", key, id, &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the reference library");
    child.stdin.take().expect("its input").write_all(body.as_bytes()).expect("its input");
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success(), "the reference library did not sign");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Writes a secret where only we can read it.
pub fn secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).expect("a secret");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notices").join(name)
}

fn python(name: &str, folder: &Path, words: &[&str]) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log");
    let mut command = Command::new(tools::find(PYTHON));
    command.arg(script(name)).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("Python")
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn lines(path: &Path) -> Vec<Json> {
    let text = fs::read_to_string(path).unwrap_or_default();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

async fn until(count: usize, look: impl Fn() -> Vec<Json>) -> Vec<Json> {
    for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
        let found = look();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(LOOK).await;
    }
    look()
}
