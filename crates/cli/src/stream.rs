//! Reads a stream of server-sent events: the JSON of each, as it comes.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use crate::limits::STREAM_EVENT_BYTES_MAX;

/// A stream that is being read.
#[derive(Debug)]
pub struct Events {
    response: Response,
    lines: Lines,
}

/// What came next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// An event.
    Event(Value),
    /// Nothing, for as long as was to be waited.
    Quiet,
    /// The stream has ended, or broke.
    Ended,
}

impl Events {
    /// Reads this answer.
    pub fn new(response: Response) -> Self {
        Self { response, lines: Lines::default() }
    }

    /// Waits for an event. A sign of life of the server is not one.
    pub async fn next(&mut self, patience: Duration) -> Next {
        tokio::time::timeout(patience, self.event()).await.unwrap_or(Next::Quiet)
    }

    /// May be dropped at any await: what has come is kept in `lines`.
    async fn event(&mut self) -> Next {
        loop {
            if let Some(event) = self.lines.event() {
                return Next::Event(event);
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) if self.lines.push(&bytes) => {}
                Ok(_) | Err(_) => return Next::Ended,
            }
        }
    }
}

/// Bytes that are not yet a whole event.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    data: String,
}

impl Lines {
    /// Takes bytes in; false when an event is longer than any may be.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() + self.data.len() <= STREAM_EVENT_BYTES_MAX
    }

    /// The next whole event. One that is not JSON is passed over.
    fn event(&mut self) -> Option<Value> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                self.data.push('\n');
            } else if line.is_empty() && !self.data.is_empty() {
                let data = std::mem::take(&mut self.data);
                if let Ok(event) = serde_json::from_str(&data) {
                    return Some(event);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_whole_wherever_the_bytes_are_cut() {
        let text = ": alive\n\nid: 1\nevent: record\ndata: {\"a\":\ndata: \"ä\"}\n\ndata: no\n\ndata:2\r\n\r\n";
        for cut in 0..text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for part in [first, second] {
                assert!(lines.push(part));
                events.extend(std::iter::from_fn(|| lines.event()));
            }
            assert_eq!(events, [json!({"a": "ä"}), json!(2)], "{cut}");
        }
    }

    #[test]
    fn an_event_without_end_is_not_kept() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; STREAM_EVENT_BYTES_MAX]));
        assert!(!lines.push(b"x"));
    }
}
