//! An HTTP server in front of another one that misbehaves as real ones do, by a seed.
//!
//! A connector that speaks HTTP is pointed here instead of at its real counterpart. Everything
//! passes through; where the [`Trouble`] strikes, the answer is lost, late, cut, forged or stale.
//! What arrived behind is counted past every trouble, so that a test can say "once".

mod answer;
mod request;
mod trouble;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenure_connect::chaos::Dice;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use answer::{Answer, Delivery, deliver};
use request::Request;
pub use trouble::Trouble;

/// One time in so many does a seeded trouble strike.
const ODDS: u64 = 3;

/// A misbehaving server. It is stopped when dropped.
#[derive(Debug)]
pub struct ChaosPeer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    behind: String,
    trouble: Trouble,
    /// The text without which a request goes through untroubled.
    about: Option<&'static str>,
    client: reqwest::Client,
    state: Mutex<State>,
    struck: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// None where the trouble strikes always.
    dice: Option<Dice>,
    /// What was read where, as it was before the latest write.
    read: HashMap<String, Answer>,
    written: bool,
}

impl ChaosPeer {
    /// In front of this server (`http://host:port`), with a trouble that strikes whenever it can.
    pub async fn always(behind: &str, trouble: Trouble) -> std::io::Result<Self> {
        Self::start(behind, trouble, None, None).await
    }

    /// The same for what has this text in its body alone: where questions are writes by their
    /// method too, or somebody has to sign in first.
    pub async fn about(behind: &str, trouble: Trouble, text: &'static str) -> std::io::Result<Self> {
        Self::start(behind, trouble, None, Some(text)).await
    }

    /// The same with a trouble that strikes now and then, by the seed.
    pub async fn seeded(behind: &str, trouble: Trouble, seed: u64) -> std::io::Result<Self> {
        Self::start(behind, trouble, Some(Dice::new(seed)), None).await
    }

    async fn start(
        behind: &str,
        trouble: Trouble,
        dice: Option<Dice>,
        about: Option<&'static str>,
    ) -> std::io::Result<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let shared = Arc::new(Shared {
            behind: behind.trim_end_matches('/').to_owned(),
            trouble,
            about,
            client: client.map_err(std::io::Error::other)?,
            state: Mutex::new(State { dice, ..State::default() }),
            struck: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often the trouble struck.
    pub fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// How many writes reached the server behind.
    pub fn writes(&self) -> u64 {
        self.shared.writes.load(Ordering::SeqCst)
    }

    /// How many reads reached the server behind.
    pub fn reads(&self) -> u64 {
        self.shared.reads.load(Ordering::SeqCst)
    }
}

impl Drop for ChaosPeer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // A caller who goes away in the middle is no trouble of ours.
        tokio::spawn(async move { drop(serve(stream, &shared).await) });
    }
}

/// One request and its answer; the line is closed afterwards.
async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let Some(request) = Request::read(&mut stream).await? else { return Ok(()) };
    let delivery = shared.answer(&request).await;
    deliver(&mut stream, delivery).await
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strikes(&self, trouble: Trouble) -> bool {
        if self.trouble != trouble {
            return false;
        }
        let now = self.state().dice.as_mut().is_none_or(|dice| dice.roll(ODDS) == 0);
        self.struck.fetch_add(u64::from(now), Ordering::SeqCst);
        now
    }

    async fn answer(&self, request: &Request) -> Delivery {
        if self.about.is_some_and(|text| !String::from_utf8_lossy(&request.body).contains(text)) {
            return Delivery::Whole(self.pass(request).await);
        }
        if self.strikes(Trouble::RateLimit) {
            return Delivery::Whole(Answer::text(429, "slow down").with("retry-after", "1"));
        }
        if self.strikes(Trouble::Unavailable) {
            return Delivery::Whole(Answer::text(503, "down for maintenance"));
        }
        if self.strikes(Trouble::LoginPage) {
            return Delivery::Whole(Answer::html(200, "<!doctype html><title>Sign in</title>"));
        }
        if self.strikes(Trouble::Redirect) {
            return Delivery::Whole(Answer::text(302, "").with("location", "http://169.254.169.254/latest/"));
        }
        if self.strikes(Trouble::SlowLoris) {
            return Delivery::Stuck(self.pass(request).await);
        }
        if request.is_write() { self.answer_write(request).await } else { self.answer_read(request).await }
    }

    async fn answer_write(&self, request: &Request) -> Delivery {
        if self.strikes(Trouble::EmptySuccess) {
            return Delivery::Whole(Answer::json(200, &request.body));
        }
        if self.strikes(Trouble::DoubleDelivery) {
            self.pass(request).await;
        }
        let answer = self.pass(request).await;
        self.state().written = true;
        if self.strikes(Trouble::LostResponse) {
            return Delivery::Nothing;
        }
        Delivery::Whole(answer)
    }

    async fn answer_read(&self, request: &Request) -> Delivery {
        if request.is_later_page() && self.strikes(Trouble::PageTwoFails) {
            return Delivery::Whole(Answer::text(500, "something broke"));
        }
        let answer = self.pass(request).await;
        if answer.status != 200 {
            return Delivery::Whole(answer);
        }
        if !answer.is_list() && self.strikes(Trouble::HiddenAccount) {
            return Delivery::Whole(Answer::json(404, br#"{"detail":"not found"}"#));
        }
        if let Some(older) = self.older(request, &answer) {
            return Delivery::Whole(older);
        }
        if self.strikes(Trouble::PartialPage) {
            return Delivery::Whole(answer.without_last());
        }
        if self.strikes(Trouble::SchemaDrift) {
            return Delivery::Whole(answer.renamed());
        }
        if self.strikes(Trouble::TruncatedBody) {
            return Delivery::Cut(answer);
        }
        if self.strikes(Trouble::MalformedBody) {
            return Delivery::Whole(answer.garbled());
        }
        Delivery::Whole(answer)
    }

    /// What was read here before the latest write, where that is what is to be answered.
    fn older(&self, request: &Request, now: &Answer) -> Option<Answer> {
        let stale = self.trouble == Trouble::StaleReads;
        if !stale && self.trouble != Trouble::Eventual {
            return None;
        }
        let mut state = self.state();
        if !state.written {
            state.read.insert(request.path.clone(), now.clone());
            return None;
        }
        let older = if stale { state.read.get(&request.path).cloned() } else { state.read.remove(&request.path) };
        if older.is_none() {
            state.read.insert(request.path.clone(), now.clone());
        }
        self.struck.fetch_add(u64::from(older.is_some()), Ordering::SeqCst);
        older
    }

    async fn pass(&self, request: &Request) -> Answer {
        let counter = if request.is_write() { &self.writes } else { &self.reads };
        counter.fetch_add(1, Ordering::SeqCst);
        let method = request.method.parse().unwrap_or(reqwest::Method::GET);
        let mut asked = self.client.request(method, format!("{}{}", self.behind, request.path));
        for (name, value) in &request.headers {
            if !matches!(name.as_str(), "connection" | "content-length" | "accept-encoding") {
                asked = asked.header(name, value);
            }
        }
        match asked.body(request.body.clone()).send().await {
            Ok(response) => Answer::of(response).await,
            Err(error) => Answer::text(502, &format!("the server behind does not answer: {error}")),
        }
    }
}
