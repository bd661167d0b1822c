//! A line to a real HTTP server on which things go wrong: on order, or by a seeded chance.
//!
//! The server stays what it is; only what travels is tampered with. So a write can be done and its
//! answer lost, which no good server does when asked. Every fault is counted.
#![expect(clippy::expect_used, reason = "a test whose line cannot listen must stop")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{Reply, Request};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused as too early, to be made again after so many seconds; the server hears nothing.
    Busy(u64),
    /// It is answered with this status; the server hears nothing.
    Failing(u16),
    /// The server does it, and this status comes back.
    FailingAfter(u16),
    /// The line ends before the server hears anything.
    Cut,
    /// The server does it, and the line ends.
    Lost,
    /// The server does it, and no answer ever comes.
    Silent,
    /// The server does it, and half of what it says comes back.
    Truncated,
    /// A page to sign in comes back; the server hears nothing.
    Page,
    /// It is answered as done; the server hears nothing.
    Swallowed,
    /// What was answered to the same question before comes back again.
    Stale,
}

impl Fault {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Busy(_) => "429 with Retry-After",
            Self::Failing(_) => "5xx, nothing done",
            Self::FailingAfter(_) => "5xx after it was done",
            Self::Cut => "line cut before",
            Self::Lost => "line cut after it was done",
            Self::Silent => "time-out after it was done",
            Self::Truncated => "half an answer",
            Self::Page => "page to sign in",
            Self::Swallowed => "yes, and nothing done",
            Self::Stale => "stale answer",
        }
    }

    fn hears_nothing(self) -> bool {
        matches!(self, Self::Busy(_) | Self::Failing(_) | Self::Cut | Self::Page | Self::Swallowed)
    }
}

/// A fault that was ordered.
#[derive(Debug)]
struct Order {
    method: &'static str,
    target: String,
    after: usize,
    fault: Fault,
}

#[derive(Debug, Default)]
struct State {
    orders: Vec<Order>,
    chance: Option<(u64, u64, Vec<Fault>)>,
    injected: BTreeMap<&'static str, u64>,
    forwarded: BTreeMap<String, u64>,
    answers: BTreeMap<String, Vec<u8>>,
}

/// A line on which things go wrong.
#[derive(Debug)]
pub struct FaultyLine {
    port: u16,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl FaultyLine {
    /// Opens one to the server on this port of this machine.
    pub async fn to(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let state: Arc<Mutex<State>> = Arc::default();
        let task = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, server_port, Arc::clone(&state)));
                }
            }
        });
        Self { port, state, task }
    }

    /// Where this path of the server is by way of this line.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Lets the next request of this method go wrong whose path and query contain this text.
    pub fn order(&self, method: &'static str, target: &str, fault: Fault) {
        self.order_after(0, method, target, fault);
    }

    /// The same, after so many such requests that go well.
    pub fn order_after(&self, after: usize, method: &'static str, target: &str, fault: Fault) {
        lock(&self.state).orders.push(Order { method, target: target.to_owned(), after, fault });
    }

    /// Lets so many of a thousand requests go wrong, the same ones for the same seed and order.
    pub fn by_chance(&self, seed: u64, of_a_thousand: u64, faults: &[Fault]) {
        lock(&self.state).chance = Some((seed.max(1), of_a_thousand, faults.to_vec()));
    }

    /// From now on nothing goes wrong that was not ordered.
    pub fn calm(&self) {
        lock(&self.state).chance = None;
    }

    /// What went wrong so far, and how often.
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.state).injected.clone()
    }

    /// What the server heard so far, by method.
    pub fn forwarded(&self) -> BTreeMap<String, u64> {
        lock(&self.state).forwarded.clone()
    }
}

impl Drop for FaultyLine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn fault(&mut self, request: &Request) -> Option<Fault> {
        let fits = |order: &Order| order.method == request.method && request.target.contains(&order.target);
        let fault = match self.orders.iter_mut().position(|order| fits(order)) {
            Some(place) => {
                let order = self.orders.get_mut(place)?;
                if order.after > 0 {
                    order.after -= 1;
                    return None;
                }
                self.orders.remove(place).fault
            }
            None => self.by_chance(request)?,
        };
        *self.injected.entry(fault.word()).or_default() += 1;
        Some(fault)
    }

    fn by_chance(&mut self, request: &Request) -> Option<Fault> {
        let (seed, of_a_thousand, faults) = self.chance.as_mut()?;
        let mut next = || {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            *seed
        };
        if next() % 1_000 >= *of_a_thousand {
            return None;
        }
        let most = faults.len() as u64;
        let fault = *faults.get(usize::try_from(next().checked_rem(most)?).ok()?)?;
        let reading = request.method == "GET";
        let fits = match fault {
            Fault::Swallowed => !reading,
            Fault::Stale => reading && self.answers.contains_key(&request.target),
            _ => true,
        };
        fits.then_some(fault)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn carry(mut client: TcpStream, server_port: u16, state: Arc<Mutex<State>>) {
    let Ok(Some(request)) = Request::read(&mut client).await else { return };
    let fault = lock(&state).fault(&request);
    if let Some(fault) = fault.filter(|fault| fault.hears_nothing()) {
        let reply = match fault {
            Fault::Busy(seconds) => Reply::new(429, "{}").with("retry-after", seconds.to_string()),
            Fault::Failing(status) => Reply::new(status, ""),
            Fault::Page => Reply::new(200, "<!doctype html><title>Sign in</title>").with("content-type", "text/html"),
            Fault::Swallowed => Reply::new(204, ""),
            _ => return,
        };
        drop(client.write_all(&reply.bytes()).await);
        return;
    }
    let earlier = lock(&state).answers.get(&request.target).filter(|_| fault == Some(Fault::Stale)).cloned();
    if let Some(earlier) = earlier {
        drop(client.write_all(&earlier).await);
        return;
    }
    *lock(&state).forwarded.entry(request.method.clone()).or_default() += 1;
    let Some(answer) = forward(&request, server_port).await else { return };
    if request.method == "GET" {
        lock(&state).answers.insert(request.target.clone(), answer.clone());
    }
    match fault {
        Some(Fault::FailingAfter(status)) => drop(client.write_all(&Reply::new(status, "").bytes()).await),
        Some(Fault::Lost) => {}
        Some(Fault::Silent) => {
            // Until the client gives up.
            let mut nothing = [0];
            drop(client.read(&mut nothing).await);
        }
        Some(Fault::Truncated) => {
            let body = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
            let half = body + (answer.len() - body) / 2;
            drop(client.write_all(answer.get(..half).unwrap_or_default()).await);
        }
        _ => drop(client.write_all(&answer).await),
    }
}

async fn forward(request: &Request, server_port: u16) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.ok()?;
    server.write_all(&request.bytes()).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}
