//! A request as it came in.

use std::io::{Error, ErrorKind};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The longest body, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    /// With names in small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads one; none if the line was closed before it began.
    pub(super) async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Self>> {
        let bad = |what: &'static str| Error::new(ErrorKind::InvalidData, what);
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if bytes.len() > HEAD_BYTES_MAX {
                return Err(bad("the head is too long"));
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let mut body = bytes.split_off(end + 4);
        let head = String::from_utf8(bytes).map_err(|_| bad("the head is no text"))?;
        let mut lines = head.trim_end().split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path)) = (first.next(), first.next()) else { return Err(bad("no request line")) };
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or(Ok(0), |(_, n)| n.parse());
        let length: usize = length.map_err(|_| bad("the length is no number"))?;
        if length > BODY_BYTES_MAX || headers.iter().any(|(name, _)| name == "transfer-encoding") {
            return Err(bad("the body is too long, or comes in chunks"));
        }
        while body.len() < length {
            if stream.read_buf(&mut body).await? == 0 {
                return Err(bad("the body is cut"));
            }
        }
        Ok(Some(Self { method: method.to_owned(), path: path.to_owned(), headers, body }))
    }

    pub(super) fn is_write(&self) -> bool {
        // A search may be a POST, as SCIM has it.
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !self.path.contains("/.search")
    }

    /// Whether it asks for another page than the first, in any of the usual ways.
    pub(super) fn is_later_page(&self) -> bool {
        let Some((_, query)) = self.path.split_once('?') else { return false };
        query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| match name {
            "startIndex" | "page" => value != "1",
            "offset" | "skip" | "%24skip" | "$skip" => value != "0",
            "cursor" | "after" | "pageToken" | "page_token" | "%24skiptoken" | "$skiptoken" => !value.is_empty(),
            _ => false,
        })
    }
}
