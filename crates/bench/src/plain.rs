//! HTTP/1.1 with as little as possible of everything: a server for the steps to call, and clients
//! that ask for runs. Whoever measures should cost little next to what is measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tenure_model::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::limits;
use crate::times::{Summary, Times};
use crate::trouble::{Because, Trouble};

/// Answers every request with `{"ok":true}`. Gives its address and the number of requests so far.
pub async fn target() -> Result<(SocketAddr, Arc<AtomicUsize>), Trouble> {
    let cannot = || "cannot listen for the steps of runs".to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.because(cannot)?;
    let (address, count) = (listener.local_addr().because(cannot)?, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&counted)));
        }
    });
    Ok((address, count))
}

async fn answer(stream: TcpStream, counted: Arc<AtomicUsize>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = Wire { stream, seen: Vec::new() };
    loop {
        wire.message().await?;
        counted.fetch_add(1, Ordering::Relaxed);
        let good = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";
        wire.stream.write_all(good.as_bytes()).await?;
    }
}

/// Asks once, however long it takes.
pub async fn call(address: SocketAddr, path: &str, body: &Json) -> Result<Json, Trouble> {
    let cannot = || format!("`{path}` of the measured process did not answer well");
    let mut wire = Wire::to(address).await.because(cannot)?;
    let answer = wire.ask(path, &body.to_string()).await.because(cannot)?;
    serde_json::from_slice(&answer).because(cannot)
}

/// Asks so many times over so many connections, each one request after the other. Every answer
/// must be a good one.
pub async fn ask(address: SocketAddr, path: &str, requests: usize, at_once: usize) -> Result<Summary, Trouble> {
    let clock = SystemClock::new();
    let next = Arc::new(AtomicUsize::new(0));
    let askers = (0..at_once).map(|_| {
        let (next, path) = (Arc::clone(&next), path.to_owned());
        tokio::spawn(async move {
            let mut times = Vec::new();
            let mut wire = Wire::to(address).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return Ok::<_, std::io::Error>(times);
                }
                let before = clock.elapsed();
                wire.run(&path, number).await?;
                times.push(clock.elapsed().saturating_sub(before));
            }
        })
    });
    let mut times = Vec::with_capacity(requests);
    for asker in askers.collect::<Vec<_>>() {
        let theirs = asker.await.because(|| "an asker broke down".to_owned())?;
        times.extend(theirs.because(|| format!("a run by `{path}` did not end well"))?);
    }
    Ok(Times::new(times, clock.elapsed()).summary())
}

/// Asks at a steady pace, until it is dropped. A time counts from when its turn came, so that a
/// stall is seen in everything that had to wait for it.
pub struct Paced {
    times: Arc<Mutex<Vec<Duration>>>,
    askers: Vec<tokio::task::JoinHandle<std::io::Result<()>>>,
}

impl Paced {
    /// Begins, so often in a second.
    pub fn start(address: SocketAddr, path: &str, per_second: f64, at_once: usize) -> Self {
        let clock = SystemClock::new();
        let (next, times) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let asker = |_| {
            let (next, times, path) = (Arc::clone(&next), Arc::clone(&times), path.to_owned());
            tokio::spawn(async move {
                let mut wire = Wire::to(address).await?;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let turn = Duration::from_secs_f64(crate::times::count(number) / per_second.max(1e-3));
                    tokio::time::sleep(turn.saturating_sub(clock.elapsed())).await;
                    wire.run(&path, number).await?;
                    let time = clock.elapsed().saturating_sub(turn);
                    times.lock().unwrap_or_else(PoisonError::into_inner).push(time);
                }
            })
        };
        let askers = (0..at_once).map(asker).collect();
        Self { times, askers }
    }

    /// The times since the last call, in this long; fails if an asker gave up.
    pub fn take(&self, took: Duration) -> Result<Summary, Trouble> {
        if self.askers.iter().any(tokio::task::JoinHandle::is_finished) {
            return Err(Trouble::new("a run of the soak did not end well"));
        }
        let times = std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Times::new(times, took).summary())
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.askers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

struct Wire {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Wire {
    async fn to(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, seen: Vec::new() })
    }

    /// Asks for one run and waits until it is over.
    async fn run(&mut self, path: &str, number: usize) -> std::io::Result<()> {
        let body = format!("{{\"n\":{number}}}");
        tokio::time::timeout(limits::RUN_TIME_MAX, self.ask(path, &body)).await?.map(drop)
    }

    async fn ask(&mut self, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let (head, body) = self.message().await?;
        if head.starts_with("HTTP/1.1 200") {
            return Ok(body);
        }
        let (status, reason) = (head.lines().next().unwrap_or(""), String::from_utf8_lossy(&body));
        Err(std::io::Error::other(format!("it answered `{status}`: {reason}")))
    }

    /// Reads one message with a length: its head and its body.
    async fn message(&mut self) -> std::io::Result<(String, Vec<u8>)> {
        loop {
            if let Some(end) = self.seen.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(self.seen.get(..end).unwrap_or_default()).into_owned();
                let length = |line: &str| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
                };
                let whole = end + 4 + head.lines().find_map(length).unwrap_or(0);
                while self.seen.len() < whole {
                    self.more().await?;
                }
                let body = self.seen.drain(..whole).skip(end + 4).collect();
                return Ok((head, body));
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> std::io::Result<()> {
        if self.seen.len() > limits::MESSAGE_BYTES_MAX {
            return Err(std::io::Error::other("the message is too long"));
        }
        match self.stream.read_buf(&mut self.seen).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
