//! Real SCIM servers on free loopback ports, for one test: two that were written apart from each
//! other, in Python and in JavaScript, with different opinions.
//!
//! [`ScimKind::Scim2Server`] keeps versions and checks them, and answers a change with nothing.
//! [`ScimKind::Scimmy`] keeps none, answers a change with the user, and sends an `ETag` that means
//! nothing. Neither lists the groups of a user. They are killed when the value is dropped.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{daemon, tools};

const READY_TIME_MAX: Duration = Duration::from_secs(30);
const STARTS_MAX: u32 = 5;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimKind {
    /// The Python package `scim2-server`.
    Scim2Server,
    /// The JavaScript packages `scimmy` and `scimmy-routers`, with a store of ours behind them.
    Scimmy,
}

impl ScimKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Scim2Server, Self::Scimmy];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scim2Server => "scim2-server",
            Self::Scimmy => "scimmy",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Scim2Server => "/v2",
            Self::Scimmy => "/scim/v2",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct ScimServer {
    kind: ScimKind,
    child: Child,
    folder: TempDir,
    port: u16,
    token: String,
    client: reqwest::Client,
}

impl ScimServer {
    /// Starts one with the groups `staff` and `finance`.
    pub async fn start(kind: ScimKind) -> Self {
        Self::start_with(kind, None).await
    }

    /// Starts the Python server so that it is, and says that it is, as this
    /// `ServiceProviderConfig` has it.
    pub async fn start_saying(said: Json) -> Self {
        Self::start_with(ScimKind::Scim2Server, Some(said)).await
    }

    async fn start_with(kind: ScimKind, said: Option<Json>) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().expect("a folder for the server");
        // A token of its own, so that nobody who takes its port is mistaken for it.
        let token = folder.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let file = folder.path().join("token");
        fs::write(&file, &token).expect("the token file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
        // Every request has a line of its own: servers hang up on those that rest.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
        let config = said.map(|said| {
            let path = folder.path().join("config.json");
            fs::write(&path, said.to_string()).expect("the configuration");
            path
        });
        // Between finding a free port and using it somebody else may take it, so try again.
        for _ in 0..STARTS_MAX {
            let port = daemon::free_port();
            let mut child = spawn(kind, folder.path(), port, &token, config.as_deref());
            let asked = client.get(format!("http://127.0.0.1:{port}{}/ServiceProviderConfig", kind.path()));
            if !daemon::answers(&mut child, port, READY_TIME_MAX).await
                || !asked.bearer_auth(&token).send().await.is_ok_and(|answer| answer.status().is_success())
            {
                daemon::stop(&mut child);
                continue;
            }
            let server = Self { kind, child, folder, port, token, client };
            for group in ["staff", "finance"] {
                server.make_group(group).await;
            }
            return server;
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("{} did not start; its log says:\n{log}", kind.name());
    }

    /// Which one it is.
    pub fn kind(&self) -> ScimKind {
        self.kind
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path below which users and groups are.
    pub fn path(&self) -> &'static str {
        self.kind.path()
    }

    /// Where users and groups are.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path())
    }

    /// The file with the token that it takes.
    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// Asks it without any connector: the status, and the body if there is one.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> (u16, Json) {
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url())).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        let response = request.send().await.expect("the server answers");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Json::Null))
    }

    /// Everybody, with everything on them.
    pub async fn users(&self) -> Vec<Json> {
        self.all("/Users").await
    }

    /// Every group, with its members.
    pub async fn groups(&self) -> Vec<Json> {
        self.all("/Groups").await
    }

    async fn all(&self, path: &str) -> Vec<Json> {
        let mut all = Vec::new();
        loop {
            let (status, body) = self.ask("GET", &format!("{path}?startIndex={}&count=100", all.len() + 1), None).await;
            assert_eq!(status, 200, "{body}");
            let page = body.get("Resources").and_then(Json::as_array).cloned().unwrap_or_default();
            let total = body.get("totalResults").and_then(Json::as_u64).unwrap_or_default();
            let nothing = page.is_empty();
            all.extend(page);
            if nothing || all.len() as u64 >= total {
                return all;
            }
        }
    }

    /// Makes a group.
    pub async fn make_group(&self, name: &str) {
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
        let (status, body) = self.ask("POST", "/Groups", Some(&group)).await;
        assert_eq!(status, 201, "{body}");
    }

    /// Stops it for good.
    pub fn stop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

impl Drop for ScimServer {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

fn spawn(kind: ScimKind, folder: &Path, port: u16, token: &str, config: Option<&Path>) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log for the server");
    let mut command = match kind {
        ScimKind::Scim2Server => {
            let mut command = Command::new(tools::find("scim/python/bin/scim2-server"));
            command.args(["--port", &port.to_string(), "--bearer-token", token]);
            if let Some(config) = config {
                command.arg("--service-provider-config").arg(config);
            }
            command
        }
        ScimKind::Scimmy => {
            let mut command = Command::new("node");
            command.arg(tools::find("scim/node/server.mjs")).arg(port.to_string()).arg(token);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the server")
}
