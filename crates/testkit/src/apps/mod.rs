//! Real applications on free loopback ports, for the packs: each with somebody who may administer
//! it, and, where it has groups, two of them: `staff` and `finance`. They are killed when the value is dropped.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that has no application must stop and say why"
)]

mod aws_iam;
mod dovecot;
mod keystone;
mod pocketbase;
mod rabbitmq;
mod roundup;
mod synapse;
mod zabbix;

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use tempfile::TempDir;
use tenure_services::rest::Pack;

use crate::daemon;
use crate::postgresql::Postgresql;
pub use dovecot::MailLine;
pub use rabbitmq::{AmqpLine, basic};

/// How often an application is asked whether it is ready.
const POLLS_MAX: u32 = 6_000;

/// The password of whoever administers an application, and of nobody else.
pub const ADMIN_PASSWORD: &str = "Adm1n-of-tests!";

/// A running application.
#[derive(Debug)]
pub struct App {
    child: Child,
    folder: TempDir,
    port: u16,
    client: reqwest::Client,
    /// What says in a request that it comes from the administrator.
    headers: HeaderMap,
    /// What it keeps everything in, where that is a server of its own.
    database: Option<Postgresql>,
    /// What else it cannot do without; ended after it.
    leans_on: Vec<Box<dyn fmt::Debug + Send + Sync>>,
}

/// The pack of this name that ships.
pub fn pack(name: &str) -> Pack {
    tenure_server::packs::named(name, None).expect("a pack that ships")
}

impl App {
    /// Starts a program; `command` gets the folder and the port.
    async fn start(what: &str, folder: TempDir, command: impl Fn(&std::path::Path, u16) -> Command) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let spawn = |port| {
            let log = fs::File::create(folder.path().join("log")).expect("a log");
            let errors = log.try_clone().expect("a log");
            let mut command = command(folder.path(), port);
            command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("the application")
        };
        let ready = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let (child, port) = daemon::start(what, folder.path(), POLLS_MAX, spawn, ready).await;
        // Every request has a line of its own: servers hang up on those that rest.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
        let app = Self { child, folder, port, client, headers: HeaderMap::new(), database: None, leans_on: Vec::new() };
        app.keep("password", ADMIN_PASSWORD);
        app
    }

    /// Keeps a secret in a file for a connector.
    pub fn keep(&self, name: &str, secret: &str) {
        let path = self.file(name);
        fs::write(&path, secret).expect("a secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    }

    /// Says in every request from now on who we are.
    fn say(&mut self, name: &'static str, value: &str) {
        let value = HeaderValue::from_str(value).expect("a header");
        self.headers.insert(HeaderName::from_static(name), value);
    }

    /// Keeps another server for as long as it runs.
    fn lean_on(&mut self, other: impl fmt::Debug + Send + Sync + 'static) {
        self.leans_on.push(Box::new(other));
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A file of it, such as `password`, in which its administrator's is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks it as its administrator, without any connector.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        self.ask_as(&self.headers, method, path, body).await
    }

    /// Asks it as nobody.
    pub async fn ask_as_nobody(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        self.ask_as(&HeaderMap::new(), method, path, body).await
    }

    /// Asks it as whoever this header says.
    pub async fn ask_with(
        &self,
        name: &'static str,
        value: &str,
        method: &str,
        path: &str,
        body: Option<Json>,
    ) -> (u16, Json) {
        let value = HeaderValue::from_str(value).expect("a header");
        let who = [(HeaderName::from_static(name), value)].into_iter().collect();
        self.ask_as(&who, method, path, body).await
    }

    async fn ask_as(&self, who: &HeaderMap, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url())).headers(who.clone());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the application answers");
        (response.status().as_u16(), response.json().await.unwrap_or(Json::Null))
    }

    /// The same, and it must be done.
    async fn must(&self, method: &str, path: &str, body: Option<Json>) -> Json {
        let (status, answer) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

impl Drop for App {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}
