//! A simulator of Microsoft Graph: as much of it as the pack `microsoft-graph` asks for.
//!
//! It is not the real thing, which is a tenant in Microsoft's cloud. It was written from the public
//! documentation and has never been held against the service, so what passes here shows that the
//! pack does what the documentation says, and no more than that. It keeps users, groups and what
//! hangs on them, and it misbehaves as is documented: tokens end, reads lag behind writes, pages
//! are small, requests are throttled, what is deleted comes back, and moments are forgotten.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that has no simulator must stop and say why, and JSON says nothing where there is nothing"
)]

mod directory;
mod mailbox;
mod moments;
mod odata;
mod people;
mod problem;
mod routes;
mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

pub use people::Session;
use world::World;

use crate::wire::Peer;

/// The tenant, and the only domain that its users can be in.
pub const TENANT: &str = "contoso.example";
/// The application that may do everything.
pub const CLIENT: &str = "5c1d7a40-0000-4000-8000-000000000001";
/// Its secret, and nobody else's.
pub const SECRET: &str = "Graph~secret.of-tests";
/// A password that may be given to anybody.
pub const PASSWORD: &str = "Some0ne-of-tests!";

/// A running simulator. It is stopped when dropped.
#[derive(Debug)]
pub struct GraphSim {
    peer: Peer,
    world: Arc<Mutex<World>>,
    folder: TempDir,
}

impl GraphSim {
    /// Starts one with the groups `staff` and `finance`, a group `everyone` whose members follow
    /// from a rule, and a group `printers` that is kept elsewhere.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, secret) in [("secret", SECRET), ("password", PASSWORD)] {
            let path = folder.path().join(name);
            fs::write(&path, secret).expect("a secret");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
        }
        drop(rustls::crypto::ring::default_provider().install_default());
        let world = Arc::new(Mutex::new(World::furnished()));
        let answering = Arc::clone(&world);
        let peer = Peer::start(move |request| lock(&answering).answer(request)).await;
        Self { peer, world, folder }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("{}/v1.0", self.peer.url())
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.peer.port()
    }

    /// Where tokens are fetched, before the tenant.
    pub fn login(&self) -> String {
        self.peer.url()
    }

    /// The file with the `secret` of the application, or with a `password` for anybody.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// So many requests are answered with 429 from now on, to be made again after so many seconds.
    pub fn throttle(&self, requests: u32, seconds: u32) {
        let mut world = self.world();
        world.throttled = requests;
        world.pause_seconds = seconds;
    }

    /// So many requests are answered with 503 from now on, and nothing is done.
    pub fn fail(&self, requests: u32) {
        self.world().failing = requests;
    }

    /// After each write from now on, so many reads show what was there before it.
    pub fn lag(&self, reads: u32) {
        self.world().lag = reads;
    }

    /// Every token that was handed out is worthless from now on.
    pub fn end_tokens(&self) {
        self.world().tokens += 1;
    }

    /// Every moment that was handed out is forgotten.
    pub fn forget_moments(&self) {
        self.world().now.epoch += 1;
    }

    /// How many writes were done.
    pub fn writes(&self) -> u64 {
        self.world().now.ticks
    }

    /// What was asked and written so far: methods and paths with their queries.
    pub fn asked(&self) -> Vec<String> {
        self.peer.asked().iter().map(|request| format!("{} {}", request.method, request.target)).collect()
    }

    /// Everything, as one text.
    pub fn mark(&self) -> String {
        format!("{:?}", self.world().now)
    }

    /// A user by name, without any request; nothing if there is none.
    pub fn user(&self, name: &str) -> Option<Json> {
        self.world().now.named(name).cloned()
    }

    /// The names of the groups that a user is in.
    pub fn groups_of(&self, name: &str) -> Vec<String> {
        self.world().now.groups_of(name)
    }

    /// Puts somebody into a group past every rule.
    pub fn put_into(&self, group: &str, name: &str) {
        let mut world = self.world();
        let (id, group) = (world.now.id_of(name), world.now.group_named(group));
        world.now.members.insert((group, id));
    }

    /// A user for good out of the bin.
    pub fn purge(&self) {
        self.world().now.purge();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

/// The settings of a connection to it.
impl GraphSim {
    /// As they stand in a document, for the pack.
    pub fn settings(&self) -> Json {
        json!({
            "url": self.url(),
            "settings": { "tenant": TENANT, "clientId": CLIENT, "login": self.login() },
            "secrets": { "clientSecret": format!("file:{}", self.file("secret").display()) },
        })
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
