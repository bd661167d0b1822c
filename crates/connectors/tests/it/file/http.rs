//! Feeds over HTTP, from a server on this machine that answers as it is told.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tenure_connect::{AnyConnector, RefusalClass};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Place, all, said};

/// A server that gives one answer to everybody and keeps what it was asked.
struct Web {
    port: u16,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(answer.to_owned()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, asks) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 8_192];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let mut answer = answers.lock().unwrap().clone();
                if let Some(tag) = answer.split("etag: ").nth(1).and_then(|rest| rest.split("\r\n").next())
                    && request.contains(&format!("if-none-match: {tag}"))
                {
                    answer = "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned();
                }
                asks.lock().unwrap().push(request);
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self { port, answer, asked }
    }

    fn from(&self) -> serde_json::Value {
        json!({ "kind": "http", "url": format!("http://127.0.0.1:{}/feeds/hr.csv?key=hidden", self.port) })
    }

    fn set(&self, answer: String) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test]
async fn a_feed_is_fetched_with_our_token_and_only_when_it_changed() {
    let (web, place) = (Web::start(&ok("etag: \"a1\"\r\n", "id,name\nE1,Ada\n")).await, Place::new());
    let token = place.inbox().join("token");
    std::fs::write(&token, "open-sesame").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut from = web.from();
    from["auth"] = json!({ "kind": "bearer", "token": format!("file:{}", token.display()) });
    let feed = place.csv(json!({ "from": from }));
    assert_eq!(all(&feed).await.unwrap().0.len(), 1);
    assert_eq!(all(&feed).await.unwrap().0.len(), 1);
    let asked = web.asked();
    assert!(asked[0].contains("authorization: Bearer open-sesame") && !asked[0].contains("if-none-match"));
    assert!(asked[1].contains("if-none-match: \"a1\""));
    web.set(ok("etag: \"a2\"\r\n", "id,name\nE1,Ada\nE2,Bob\n"));
    assert_eq!(all(&feed).await.unwrap().0.len(), 2);
}

#[tokio::test]
async fn answers_that_are_no_feed_are_told_apart() {
    let (web, place) = (Web::start("").await, Place::new());
    let feed = place.csv(json!({ "from": web.from() }));
    for (answer, class, words) in [
        (
            ok("content-type: text/html\r\n", "<!doctype html><title>Sign in</title>"),
            RefusalClass::Invalid,
            "it is an HTML page",
        ),
        ("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n".to_owned(), RefusalClass::Auth, "from.auth"),
        ("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n".to_owned(), RefusalClass::Gone, "from.url"),
        ("HTTP/1.1 503 No\r\ncontent-length: 0\r\nretry-after: 7\r\n\r\n".to_owned(), RefusalClass::Maintenance, "503"),
        (
            "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.2:1/login\r\ncontent-length: 0\r\n\r\n".to_owned(),
            RefusalClass::Invalid,
            "sends us elsewhere",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nid,name\nE1,".to_owned(),
            RefusalClass::Network,
            "stopped in the middle",
        ),
        (
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 5u64 << 30),
            RefusalClass::Invalid,
            "is larger than 4096 MiB",
        ),
    ] {
        web.set(answer);
        let refused = feed.check().await.unwrap_err();
        assert_eq!(refused.class, class, "{refused}");
        assert!(refused.message.contains(words) && !refused.message.contains("hidden"), "{refused}");
    }
}

#[tokio::test]
async fn redirects_on_the_same_host_end() {
    let (web, place) = (Web::start("").await, Place::new());
    web.set(format!(
        "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:{}/again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        web.port
    ));
    let message = said(&place.csv(json!({ "from": web.from() }))).await;
    assert!(message.contains("sends us elsewhere"), "{message}");
    assert_eq!(web.asked().len(), 4);
}

#[tokio::test]
async fn only_safe_addresses_are_settings() {
    let place = Place::new();
    for bad in ["http://example.org/hr.csv", "ftp://x/y", "https://u:p@example.org/", "file:///etc/passwd", "x"] {
        let settings = json!({ "from": { "kind": "http", "url": bad }, "format": { "kind": "csv" }, "key": "id" });
        let (secrets, clock) = (Arc::new(tenure_connect::FileSecrets), Arc::new(tenure_model::SystemClock::new()));
        let config = serde_json::from_value(settings).unwrap();
        let made =
            tenure_connectors::file::FileConnector::new(config, &"hr".parse().unwrap(), &place.kept(), secrets, clock);
        assert!(made.is_err(), "{bad}");
    }
}
