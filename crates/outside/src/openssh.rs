//! The OpenSSH client of this machine, as a child process.
//!
//! It does what it is good at: keys, ciphers, and believing no host whose key is not in the file
//! that the settings name. It never asks anybody anything and reads no settings of its own. What
//! goes over its pipes is the business of whoever starts it.

use std::path::Path;
use std::process::Stdio;

use tenure_connect::{Refusal, RefusalClass};
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::limits::{SSH_COMPLAINT_BYTES_MAX, SSH_COMPLAINT_TIME_MAX, SSH_DIAL_TIME_MAX};

const SSH: &str = "/usr/bin/ssh";

/// Where to, and who we are there.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    /// The host.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The account there.
    pub user: &'a str,
    /// The file with our private key.
    pub identity: &'a Path,
    /// The file with the keys of the hosts that we believe.
    pub known_hosts: &'a Path,
    /// How the settings of these are called, up to their own names.
    pub settings: &'static str,
}

/// What is started there.
#[derive(Debug, Clone, Copy)]
pub enum Remote<'a> {
    /// A subsystem.
    Subsystem(&'a str),
    /// A line for the shell of the account.
    Shell(&'a str),
}

/// The client with its pipes. It ends when this is dropped.
pub struct Client {
    /// What goes there.
    pub input: ChildStdin,
    /// What comes from there.
    pub output: BufReader<ChildStdout>,
    errors: Option<ChildStderr>,
    _child: Child,
}

/// Whether a text is a host or an account, and never an option of the client.
pub fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
}

impl Host<'_> {
    /// Starts the client. Nothing is known of the host yet.
    pub fn start(&self, remote: Remote<'_>) -> Result<Client, Refusal> {
        let cannot = |error: std::io::Error| {
            let what = format!("`{SSH}` cannot be started; install the OpenSSH client (Debian: `openssh-client`)");
            Refusal::new(RefusalClass::Unsupported, what).because(error)
        };
        let mut child = self.command(remote).spawn().map_err(cannot)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| {
            Refusal::new(RefusalClass::Maintenance, "the SSH client has no pipes to talk over; try again later")
        })?;
        Ok(Client { input, output: BufReader::new(output), errors: child.stderr.take(), _child: child })
    }

    fn command(&self, remote: Remote<'_>) -> Command {
        let mut command = Command::new(SSH);
        let seconds = SSH_DIAL_TIME_MAX.as_secs();
        // What is given here comes before any file of settings, and there is none.
        command.env_clear().args(["-F", "/dev/null", "-T", "-x", "-a", "-p", &self.port.to_string(), "-l", self.user]);
        command.arg("-i").arg(self.identity);
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=/dev/null",
            "UpdateHostKeys=no",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "PreferredAuthentications=publickey",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "ServerAliveInterval=10",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
            &format!("ConnectTimeout={seconds}"),
            &format!("UserKnownHostsFile=\"{}\"", self.known_hosts.display()),
        ] {
            command.args(["-o", option]);
        }
        match remote {
            Remote::Subsystem(name) => command.args(["-s", "--", self.host, name]),
            Remote::Shell(line) => command.args(["--", self.host, line]),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// What the client says about a line that broke: the refusal that it means, if it means one,
    /// and its words.
    pub async fn complaint(&self, client: &mut Client) -> (Option<Refusal>, String) {
        let mut text = String::new();
        let Some(errors) = client.errors.take() else { return (None, text) };
        let read =
            timeout(SSH_COMPLAINT_TIME_MAX, errors.take(SSH_COMPLAINT_BYTES_MAX).read_to_string(&mut text)).await;
        drop(read);
        let (host, settings) = (self.host, self.settings);
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let (class, what) = if has(&["Host key verification failed", "host key is known"]) {
            let way =
                format!("compare the key with its owner, then put it into the file that `{settings}knownHosts` names");
            (RefusalClass::Invalid, format!("the key of `{host}` is not the one we know, or not known; {way}"))
        } else if has(&["UNPROTECTED PRIVATE KEY", "bad permissions"]) {
            (RefusalClass::Auth, "others can read our private key; use `chmod 600` on it".to_owned())
        } else if has(&["Permission denied (", "Load key", "Too many authentication failures"]) {
            let way = format!("correct `{settings}user` and `{settings}identity`, or have the key accepted there");
            (RefusalClass::Auth, format!("`{host}` does not let us in; {way}"))
        } else {
            return (None, text);
        };
        (Some(Refusal::new(class, what).because(std::io::Error::other(text.clone()))), text)
    }
}
