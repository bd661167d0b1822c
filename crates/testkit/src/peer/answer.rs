//! An answer, and what can become of it on its way.

use serde_json::{Map, Value as Json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// How an answer reaches the client.
pub(super) enum Delivery {
    /// As it is.
    Whole(Answer),
    /// Half of its body, and then the line is closed.
    Cut(Answer),
    /// Half of its body, and then nothing, with the line open.
    Stuck(Answer),
    /// Not at all; the line is closed.
    Nothing,
}

impl Answer {
    fn new(status: u16, kind: &str, body: &[u8]) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.to_vec() }
    }

    pub(super) fn text(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain", text.as_bytes())
    }

    pub(super) fn html(status: u16, text: &str) -> Self {
        Self::new(status, "text/html", text.as_bytes())
    }

    pub(super) fn json(status: u16, body: &[u8]) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let kept = |name: &str| !matches!(name, "content-length" | "transfer-encoding" | "connection");
        let headers = response.headers().iter().filter(|(name, _)| kept(name.as_str()));
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let headers = headers.collect();
        let body = response.bytes().await.map(|bytes| bytes.to_vec()).unwrap_or_default();
        Self { status, headers, body }
    }

    /// Whether it holds several objects.
    pub(super) fn is_list(&self) -> bool {
        serde_json::from_slice(&self.body).is_ok_and(|mut json: Json| list(&mut json).is_some())
    }

    /// Without the last object of its list.
    pub(super) fn without_last(mut self) -> Self {
        if let Ok(mut json) = serde_json::from_slice::<Json>(&self.body)
            && let Some(items) = list(&mut json)
        {
            items.pop();
            self.body = json.to_string().into_bytes();
        }
        self
    }

    /// With every attribute of every object under another name.
    pub(super) fn renamed(mut self) -> Self {
        if let Ok(mut json) = serde_json::from_slice::<Json>(&self.body) {
            match list(&mut json) {
                Some(items) => items.iter_mut().for_each(rename),
                None => rename(&mut json),
            }
            self.body = json.to_string().into_bytes();
        }
        self
    }

    /// With a body that ends in the middle of its JSON.
    pub(super) fn garbled(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    fn head(&self) -> String {
        let headers: String = self.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
        format!(
            "HTTP/1.1 {} -\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
            self.status,
            self.body.len()
        )
    }
}

/// The objects of an answer, wherever it keeps them.
fn list(json: &mut Json) -> Option<&mut Vec<Json>> {
    match json {
        Json::Array(items) => Some(items),
        Json::Object(fields) => {
            let name = ["Resources", "value", "items", "users", "data", "members", "result"]
                .into_iter()
                .find(|name| fields.get(*name).is_some_and(Json::is_array))?;
            fields.get_mut(name)?.as_array_mut()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

fn rename(object: &mut Json) {
    if let Json::Object(fields) = object {
        let renamed: Map<String, Json> =
            std::mem::take(fields).into_iter().map(|(name, value)| (format!("{name}_v2"), value)).collect();
        *fields = renamed;
    }
}

pub(super) async fn deliver(stream: &mut TcpStream, delivery: Delivery) -> std::io::Result<()> {
    let (answer, whole) = match &delivery {
        Delivery::Nothing => return Ok(()),
        Delivery::Whole(answer) => (answer, true),
        Delivery::Cut(answer) | Delivery::Stuck(answer) => (answer, false),
    };
    let end = if whole { answer.body.len() } else { answer.body.len() / 2 };
    stream.write_all(answer.head().as_bytes()).await?;
    stream.write_all(answer.body.get(..end).unwrap_or_default()).await?;
    stream.flush().await?;
    if matches!(delivery, Delivery::Stuck(_)) {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}
