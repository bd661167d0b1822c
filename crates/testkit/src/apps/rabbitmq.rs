//! RabbitMQ: a broker with its management, and somebody who comes in by its own protocol.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ADMIN_PASSWORD, App};
use crate::daemon;

const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// Where brokers of one machine ask for each other.
const NAMES: &str = "/usr/bin/epmd";
const NAMES_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a broker may take to hang up.
const END_TIME_MAX: Duration = Duration::from_secs(10);
/// Without a limit the runtime goes through every file that could be open, each time it starts a program.
const FILES_MAX: &str = "--nofile=1024";

impl App {
    /// Starts a broker with the virtual hosts `staff` and `finance`, of which `root` is the
    /// administrator.
    pub async fn rabbitmq() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // One of our own: the one that a broker starts for itself would outlive it.
        let names = Names::start().await;
        let port = names.port;
        let mut app = Self::start("rabbitmq", folder, |folder, management| command(folder, management, port)).await;
        app.lean_on(names);
        app.say("authorization", &basic("root"));
        for name in ["staff", "finance"] {
            app.must("PUT", &format!("/api/vhosts/{name}"), Some(json!({}))).await;
        }
        app
    }

    /// Lets somebody in who gives the password of these tests; none if the broker does not.
    pub async fn amqp(&self, user: &str, vhost: &str) -> Option<AmqpLine> {
        let port = fs::read_to_string(self.file("amqp")).expect("a port").parse().expect("a number");
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a line");
        AmqpLine(stream).come_in(user, vhost).await
    }
}

/// What says in a request that it comes from this user, with the password of these tests.
pub fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{ADMIN_PASSWORD}")))
}

fn command(folder: &Path, management: u16, names: u16) -> Command {
    let [amqp, node] = [daemon::free_port(), daemon::free_port()];
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
         default_user = root\ndefault_pass = {ADMIN_PASSWORD}\n"
    );
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a setting");
    write("amqp", &amqp.to_string());
    write("rabbitmq.conf", &settings);
    write("plugins", "[rabbitmq_management].");
    let mut command = Command::new("prlimit");
    command.arg(FILES_MAX).arg(PROGRAM).current_dir(folder).env("HOME", folder);
    command.env("RABBITMQ_NODENAME", format!("node{amqp}@localhost")).env("RABBITMQ_DIST_PORT", node.to_string());
    command.env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"));
    command.env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"));
    command.env("RABBITMQ_MNESIA_BASE", folder.join("kept")).env("RABBITMQ_LOG_BASE", folder.join("logs"));
    command.env("RABBITMQ_LOGS", "-").env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    // So that the process that we kill is the broker, and not a shell that waits for it.
    command.env("RUNNING_UNDER_SYSTEMD", "true");
    command.env("ERL_EPMD_PORT", names.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    command
}

/// The names of the brokers.
#[derive(Debug)]
struct Names {
    child: Child,
    port: u16,
}

impl Names {
    async fn start() -> Self {
        let port = daemon::free_port();
        let mut command = Command::new(NAMES);
        command.args(["-port", &port.to_string(), "-address", "127.0.0.1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("epmd");
        assert!(daemon::answers(&mut child, port, NAMES_TIME_MAX).await, "epmd does not answer");
        Self { child, port }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

/// A line to a broker in AMQP 0-9-1, opened and then at rest.
#[derive(Debug)]
pub struct AmqpLine(TcpStream);

impl AmqpLine {
    const TUNE: [u8; 4] = [0, 10, 0, 30];
    const OPEN_OK: [u8; 4] = [0, 10, 0, 41];

    async fn come_in(mut self, user: &str, vhost: &str) -> Option<Self> {
        self.0.write_all(b"AMQP\x00\x00\x09\x01").await.ok()?;
        self.frame().await?;
        let secret = format!("\0{user}\0{ADMIN_PASSWORD}");
        let mut start_ok = vec![0, 10, 0, 11, 0, 0, 0, 0];
        start_ok.extend(short("PLAIN"));
        start_ok.extend(u32::try_from(secret.len()).expect("a short secret").to_be_bytes());
        start_ok.extend(secret.bytes().chain(short("en_US")));
        self.send(&start_ok).await?;
        let tune = self.frame().await.filter(|frame| frame.starts_with(&Self::TUNE))?;
        let tune_ok: Vec<u8> = [0, 10, 0, 31].into_iter().chain(tune.iter().skip(4).copied()).collect();
        self.send(&tune_ok).await?;
        let open: Vec<u8> = [0, 10, 0, 40].into_iter().chain(short(vhost)).chain([0, 0]).collect();
        self.send(&open).await?;
        self.frame().await.filter(|frame| frame.starts_with(&Self::OPEN_OK))?;
        Some(self)
    }

    /// Whether the broker hangs up, or says that it will.
    pub async fn is_ended(mut self) -> bool {
        const HEARTBEAT: usize = 0;
        let ended = async {
            loop {
                match self.frame().await {
                    Some(frame) if frame.len() == HEARTBEAT => {}
                    _ => return,
                }
            }
        };
        tokio::time::timeout(END_TIME_MAX, ended).await.is_ok()
    }

    async fn send(&mut self, method: &[u8]) -> Option<()> {
        let mut frame = vec![1, 0, 0];
        frame.extend(u32::try_from(method.len()).expect("a short frame").to_be_bytes());
        frame.extend(method);
        frame.push(0xce);
        self.0.write_all(&frame).await.ok()
    }

    /// What the next frame holds; none once the line is closed.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).await.ok()?;
        let [_, _, _, length @ ..] = head;
        let mut held = vec![0; u32::from_be_bytes(length) as usize + 1];
        self.0.read_exact(&mut held).await.ok()?;
        held.pop();
        Some(held)
    }
}

fn short(text: &str) -> impl Iterator<Item = u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    [length].into_iter().chain(text.bytes())
}
