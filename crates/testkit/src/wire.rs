//! Just enough HTTP/1.1 to stand between a client and a server, or to play a small server: one
//! request on each connection, bodies with a length.
#![expect(clippy::expect_used, reason = "a test whose peer cannot listen must stop")]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const HEAD_BYTES_MAX: usize = 64 << 10;

/// A request as it came over the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// Its headers, each on a line, without the first line.
    pub headers: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a small server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers besides those of the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// This status with this body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// With one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As it goes over the line.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let headers: String =
            self.headers.iter().flat_map(|(name, value)| [name, ": ", value.as_str(), "\r\n"]).collect();
        let length = self.body.len();
        let text = format!(
            "HTTP/1.1 {} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{}",
            self.status, self.body
        );
        text.into_bytes()
    }
}

impl Request {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let find = |line: &'_ str| -> Option<(usize, usize)> {
            let (key, _) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then_some((key.len() + 1, line.len()))
        };
        self.headers.lines().find_map(|line| find(line).and_then(|(from, to)| line.get(from..to)).map(str::trim))
    }

    /// As it goes over the line, with the connection to be closed after the answer.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.target);
        let own = |line: &&str| !line.to_ascii_lowercase().starts_with("connection:");
        for line in self.headers.lines().filter(own) {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads one; nothing if the line ends before there is one.
    pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let mut chunk = [0; 4_096];
            let read = stream.read(&mut chunk).await?;
            if read == 0 || bytes.len() > HEAD_BYTES_MAX {
                return Ok(None);
            }
            bytes.extend(chunk.iter().take(read));
        };
        let body = bytes.split_off(end + 4);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let (first, headers) = head.trim_end().split_once("\r\n").unwrap_or((head.trim_end(), ""));
        let mut words = first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let mut request = Self { method, target, headers: headers.to_owned(), body };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while request.body.len() < length {
            let mut chunk = [0; 4_096];
            let read = stream.read(&mut chunk).await?;
            if read == 0 {
                return Ok(None);
            }
            request.body.extend(chunk.iter().take(read));
        }
        Ok(Some(request))
    }
}

/// A server that says what a function tells it to say, and remembers what it was asked.
#[derive(Debug)]
pub struct Peer {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Peer {
    /// Starts one.
    pub async fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, reply) = (Arc::clone(&asked), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                tokio::spawn(async move {
                    if let Ok(Some(request)) = Request::read(&mut stream).await {
                        let answer = reply(&request).bytes();
                        kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        drop(stream.write_all(&answer).await);
                    }
                });
            }
        });
        Self { port, asked, task }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
