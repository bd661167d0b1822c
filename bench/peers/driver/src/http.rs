//! The little HTTP this program speaks: one kept connection, JSON in, JSON out, loopback only.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::limits::BODY_BYTES_MAX;
use crate::trouble::{Because, Result, Trouble};

/// Where to send a request: `http://127.0.0.1:PORT/PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address, always loopback: this program loads nobody else's machine.
    pub address: SocketAddr,
    /// The path, with its leading slash.
    pub path: String,
}

impl Target {
    /// A path on a port of 127.0.0.1.
    pub fn local(port: u16, path: &str) -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), path: path.to_owned() }
    }
}

impl std::str::FromStr for Target {
    type Err = Trouble;

    fn from_str(url: &str) -> Result<Self> {
        let wrong = || format!("`{url}` is not of the form `http://127.0.0.1:PORT/PATH`");
        let rest = url.strip_prefix("http://").ok_or_else(|| Trouble::new(wrong()))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.replace("localhost", "127.0.0.1");
        let address: SocketAddr = host.parse().because(wrong)?;
        if !IpAddr::is_loopback(&address.ip()) {
            return Err(Trouble::new(format!("`{url}` is not on loopback; only this machine may be put under load")));
        }
        Ok(Self { address, path: format!("/{path}") })
    }
}

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
}

impl Connection {
    /// Opens it.
    pub async fn open(target: &Target) -> Result<Self> {
        let refused = || format!("cannot connect to {}", target.address);
        let stream = TcpStream::connect(target.address).await.because(refused)?;
        stream.set_nodelay(true).because(refused)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.because(refused)?;
        // An error of the connection is seen by the next request.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self { sender, target: target.clone() })
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(&mut self, method: Method, body: String) -> Result<(StatusCode, Bytes)> {
        let failed = || format!("no answer from {}{}", self.target.address, self.target.path);
        self.sender.ready().await.because(failed)?;
        let request = Request::builder()
            .method(method)
            .uri(&self.target.path)
            .header(HOST, self.target.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .because(failed)?;
        let answer = self.sender.send_request(request).await.because(failed)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await.because(failed)?;
        Ok((status, body.to_bytes()))
    }
}

/// One request on a connection of its own, which must succeed.
pub async fn ask(target: &Target, method: Method, body: String) -> Result<Bytes> {
    let (status, answer) = Connection::open(target).await?.send(method, body).await?;
    if status.is_success() {
        return Ok(answer);
    }
    let said = String::from_utf8_lossy(&answer);
    Err(Trouble::new(format!("{}{} answers {status}: {said}", target.address, target.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_a_target() {
        let good: Target = "http://127.0.0.1:8080/v1/run".parse().unwrap();
        assert_eq!(good, Target::local(8080, "/v1/run"));
        assert_eq!("http://localhost:8080".parse::<Target>().unwrap(), Target::local(8080, "/"));
        let far = "http://192.168.0.1:80/".parse::<Target>().unwrap_err();
        assert!(far.chain().contains("only this machine"), "{}", far.chain());
        assert!("https://127.0.0.1:80/".parse::<Target>().is_err());
    }
}
