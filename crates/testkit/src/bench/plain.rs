//! HTTP/1.1 with as little as possible of everything: a server for the steps to call and a client
//! that asks for runs. Whoever measures should cost little next to what is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenure_model::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Times, limits};

/// Answers every request with `{"ok":true}`. Gives its address and the number of requests so far.
pub async fn target() -> std::io::Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (address, count) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut wire = Wire { stream, seen: Vec::new() };
                while wire.message().await.is_ok() {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let answer =
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";
                    if wire.stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok((address, count))
}

/// Asks so many times over so many connections, each one request after the other. Every answer
/// must be a good one.
pub async fn ask(address: SocketAddr, path: &str, requests: usize, at_once: usize) -> std::io::Result<Times> {
    let clock = SystemClock::new();
    let left = Arc::new(AtomicUsize::new(requests));
    let begun = clock.elapsed();
    let askers = (0..at_once).map(|_| {
        let left = Arc::clone(&left);
        let request = format!("POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\n\r\n");
        tokio::spawn(async move {
            let mut times = Vec::new();
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut wire = Wire { stream, seen: Vec::new() };
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let before = clock.elapsed();
                wire.stream.write_all(request.as_bytes()).await?;
                let head = tokio::time::timeout(limits::RUN_TIME_MAX, wire.message()).await??;
                if !head.starts_with("HTTP/1.1 200") {
                    return Err(std::io::Error::other(format!("it answered `{}`", head.lines().next().unwrap_or(""))));
                }
                times.push(clock.elapsed().saturating_sub(before));
            }
            Ok(times)
        })
    });
    let mut times = Vec::with_capacity(requests);
    for asker in askers.collect::<Vec<_>>() {
        times.extend(asker.await??);
    }
    Ok(Times::new(times, clock.elapsed().saturating_sub(begun)))
}

struct Wire {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Wire {
    /// Reads one message with a length and gives its head.
    async fn message(&mut self) -> std::io::Result<String> {
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
                self.seen.drain(..whole);
                return Ok(head);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> std::io::Result<()> {
        if self.seen.len() > limits::HEAD_BYTES_MAX {
            return Err(std::io::Error::other("the message is too long"));
        }
        match self.stream.read_buf(&mut self.seen).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
