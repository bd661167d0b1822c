//! Something on the network that answers, in order, what it was told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer {
    pub server: String,
    requests: Receiver<Request>,
}

pub struct Request {
    /// Method and path with query.
    pub line: String,
    /// In lower case.
    pub head: String,
    pub body: String,
}

/// An answer with this status, media type and body.
pub fn answer(status: &str, media_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

pub fn json(body: &str) -> String {
    answer("200 OK", "application/json", body)
}

pub fn problem(status: u16, code: &str, title: &str) -> String {
    let body = format!(
        r#"{{"type":"urn:tenure:error:{code}","title":"{title}","status":{status},"detail":"this very case","code":"{code}","requestId":"req_1"}}"#
    );
    answer(&format!("{status} X"), "application/problem+json", &body)
}

impl Peer {
    /// Gives one answer per connection; an empty one is silence.
    pub fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let (send, requests) = channel();
        thread::spawn(move || {
            let mut silent = Vec::new();
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let request = read(&stream);
                if send.send(request).is_err() {
                    return;
                }
                if answer.is_empty() {
                    silent.push(stream);
                } else {
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
            // The silent ones stay open until nobody asks any more.
            drop(listener.accept());
        });
        Self { server, requests }
    }

    /// The next request that came.
    pub fn request(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("nobody asked")
    }

    /// Whether no other request came.
    pub fn is_quiet(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "cut off: {head}");
    }
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Request { line, head: head.to_lowercase(), body: String::from_utf8(body).unwrap() }
}
