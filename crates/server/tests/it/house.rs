//! A server on a port of this machine with operations made for tests, and two ways to talk to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tenure_api::operation::Body;
use tenure_api::operations::find;
use tenure_api::{Access, Code, EventIn, Method, OPERATIONS, Operation};
use tenure_model::{Actor, ActorKind, Ids, Role, SeededIds, SystemClock, new_id};
use tenure_server::config::{Config, Sources};
use tenure_server::http::metrics::Metrics;
use tenure_server::http::system::{self, Readiness};
use tenure_server::http::{Caller, Edge, EdgeLimits, Gate, GateUnavailable, Json, Known, Place, Refusal, Routes};
use tenure_server::listen::{Ended, Listener, Patience};
use tenure_server::token::{TokenHash, issue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

pub const LONG: Duration = Duration::from_secs(20);

/// Tokens in a map: the store of these tests.
#[derive(Debug, Default)]
pub struct Keys {
    known: Mutex<BTreeMap<[u8; 32], Known>>,
    pub looked_up: Mutex<Vec<[u8; 32]>>,
    pub broken: Mutex<bool>,
}

impl Keys {
    pub fn add(&self, known: Known, seed: u64) -> SecretString {
        let (secret, hash) = issue(&SeededIds::new(seed));
        self.known.lock().unwrap().insert(*hash.bytes(), known);
        secret
    }
}

impl Gate for Keys {
    fn who(&self, hash: TokenHash) -> BoxFuture<'_, Result<Known, GateUnavailable>> {
        async move {
            self.looked_up.lock().unwrap().push(*hash.bytes());
            if *self.broken.lock().unwrap() {
                return Err(GateUnavailable);
            }
            Ok(self.known.lock().unwrap().get(hash.bytes()).cloned().unwrap_or(Known::Not))
        }
        .boxed()
    }
    fn may(&self, actor: &Actor, action: &str) -> bool {
        let auditor = matches!(&actor.kind, ActorKind::Caller { roles, .. } if roles.contains(&Role::Auditor));
        action != "Change" || !auditor
    }
}

pub fn caller(name: &str, role: Role) -> Actor {
    let kind = ActorKind::Caller { token: new_id(&SeededIds::new(9)), roles: [role].into() };
    Actor { name: name.to_owned(), kind }
}

/// The operations that tell about the server, and some that behave badly.
fn operations() -> &'static [Operation] {
    let base = *find("whoAmI").unwrap();
    let public = |id, path| Operation { id, path, access: Access::Public, ..base };
    let system = ["getHealthz", "getReadyz", "getMetrics", "getOpenapi", "whoAmI"].map(|id| *find(id).unwrap());
    let takes = Some(Body { media_type: "application/json", schema: None });
    let extra = [
        public("panics", "/panics"),
        public("hangs", "/hangs"),
        public("waits", "/waits"),
        public("names", "/people/{person}"),
        Operation { method: Method::Post, takes, ..public("echoes", "/events") },
        Operation { method: Method::Post, id: "changes", path: "/changes", access: Access::Action("Change"), ..base },
    ];
    Box::leak(system.into_iter().chain(extra).collect::<Vec<_>>().into_boxed_slice())
}

/// A server for one test.
pub struct House {
    pub address: SocketAddr,
    pub keys: Arc<Keys>,
    pub token: SecretString,
    /// Lets `/waits` go on; it says on `entered` that it has begun.
    pub go: Arc<Notify>,
    pub entered: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Ended>,
}

pub struct Plan {
    pub settings: String,
    pub patience: Patience,
    pub limits: Option<EdgeLimits>,
    pub ready: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            settings: "listen = '127.0.0.1:0'".to_owned(),
            patience: Patience { head: LONG, handshake: LONG, drain: LONG },
            limits: None,
            ready: true,
        }
    }
}

impl House {
    pub async fn open() -> Self {
        Self::with(Plan::default()).await
    }

    pub async fn with(plan: Plan) -> Self {
        let config: Config = Sources::new().toml(&plan.settings, "test").unwrap().config().unwrap();
        let keys = Arc::new(Keys::default());
        let token = keys.add(Known::As(caller("ada", Role::Owner)), 1);
        let (go, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let clock = Arc::new(SystemClock::new());
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(5));
        let metrics = Metrics::new();
        let edge = Edge::new(clock, ids, metrics.clone(), plan.limits.unwrap_or_else(|| EdgeLimits::from(&config)));
        let ready = plan.ready;
        let readiness = Readiness::default()
            .and("database", move || std::future::ready((!ready).then_some(Code::StoreFull)).boxed());
        let routes =
            system::mount(Routes::of(operations(), keys.clone()), metrics, readiness, config.metrics_access).unwrap();
        let (wait_go, wait_entered) = (go.clone(), entered.clone());
        let router = routes
            .mount("panics", || async { assert!(OPERATIONS.is_empty(), "a planted panic") })
            .and_then(|routes| routes.mount("hangs", std::future::pending::<()>))
            .and_then(|routes| {
                routes.mount("waits", move || async move {
                    wait_entered.notify_one();
                    wait_go.notified().await;
                    "done"
                })
            })
            .and_then(|routes| {
                routes.mount("names", |Place(name): Place<String>| async move {
                    Err::<(), _>(Refusal::absent("person", &name))
                })
            })
            .and_then(|routes| {
                routes.mount("echoes", |Json(event): Json<EventIn>| async move { (StatusCode::ACCEPTED, event.id) })
            })
            .and_then(|routes| routes.mount("changes", |Caller(actor): Caller| async move { actor.name }))
            .and_then(|routes| routes.finish(edge, ()))
            .unwrap();
        let listener = Listener::bind(&config).await.unwrap().patience(plan.patience);
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listener.serve(router, async move {
            drop(stopped.await);
        }));
        Self { address, keys, token, go, entered, stop: Some(stop), served }
    }

    pub fn secret(&self) -> &str {
        self.token.expose_secret()
    }

    /// Asks the server to stop; the answer is how it ended.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn ended(self) -> Ended {
        tokio::time::timeout(LONG, self.served).await.expect("the server does not end").unwrap()
    }

    /// Sends these bytes and reads until the server closes the connection.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may refuse and close before everything was sent; what it said counts.
        drop(stream.write_all(bytes).await);
        read_all(&mut stream).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.raw_answer(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }

    pub async fn raw_answer(&self, request: &str) -> Answer {
        Answer::read(&self.raw(request.as_bytes()).await)
    }
}

pub async fn read_all(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    let read = async {
        while let Ok(count) = stream.read(&mut piece).await {
            if count == 0 {
                break;
            }
            all.extend_from_slice(&piece[..count]);
        }
    };
    tokio::time::timeout(LONG, read).await.expect("the server neither answers nor closes");
    String::from_utf8_lossy(&all).into_owned()
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Status and code of a refusal; fails when it is not problem+json with the request id.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: tenure_api::Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem.request_id.as_deref(), self.header("x-request-id"), "{self:?}");
        assert_eq!(problem.status, self.status);
        (self.status, problem.code)
    }
}
