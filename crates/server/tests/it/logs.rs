//! What gets into the logs, and what never does.

use std::io;
use std::sync::{Arc, Mutex};

use tenure_server::config::Sources;
use tenure_server::telemetry::Telemetry;
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt::MakeWriter;

use crate::house::House;
use crate::real::{Real, joiner, read};

/// A place for logs that a test can read.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

// One test in this process sets the subscriber of everybody: connections run in tasks of their own.
#[tokio::test]
async fn logs_name_route_and_actor_and_never_a_secret() {
    let paper = Paper::default();
    let settings = "log.format = 'json'\nlog.level = 'trace'";
    let config = Sources::new().toml(settings, "test").unwrap().config().unwrap();
    let (subscriber, telemetry) = Telemetry::assemble(&config, paper.clone()).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let house = House::open().await;
    let secret = house.secret().to_owned();
    let asked = format!(
        "GET /v1/whoami?password=canary-query HTTP/1.1\r\nhost: x\r\nx-request-id: seen-1\r\ncookie: canary-cookie\r\nconnection: close\r\nauthorization: Bearer {secret}\r\n\r\n"
    );
    assert_eq!(house.raw_answer(&asked).await.status, 200);
    let wrong = asked.replace(&secret, &format!("{secret}x"));
    assert_eq!(house.raw_answer(&wrong).await.status, 401);
    let stolen = asked.replace("seen-1", &secret);
    assert_eq!(house.raw_answer(&stolen).await.status, 200);
    let body = r#"{"id":"canary-body","type":7}"#;
    let bad = format!(
        "POST /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(house.raw_answer(&bad).await.status, 422);
    assert_eq!(house.get("/canary-path").await.status, 404);
    let real = Real::open().await;
    let wish = serde_json::json!({ "name": "ci", "roles": ["auditor"] });
    let made = real.ask("owner", "POST", "/v1/tokens", &wish).await;
    let made = read(&made)["secret"].as_str().unwrap().to_owned();
    let event = joiner("canary-external", "canary-key", "canary-name");
    assert_eq!(real.ask("source", "POST", "/v1/connections/hr/events", &event).await.status, 202);
    assert_eq!(real.get("auditor", "/v1/people/canary-key?canary=1").await.status, 200);
    let text = async { paper.text() }.with_current_subscriber().await;
    let line = text.lines().find(|line| line.contains("seen-1") && line.contains("answered")).expect("no line");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["route"], "/v1/whoami");
    assert_eq!((&line["span"]["actor"], &line["fields"]["status"]), (&"ada".into(), &200.into()));
    assert!(!text.contains(&secret[4..]), "a token is in the logs");
    for token in [&made, real.secret("owner"), real.secret("source")] {
        assert!(!text.contains(&token[4..]), "a token of the house is in the logs");
    }
    assert!(!text.contains("canary"), "words of a caller are in the logs");
    telemetry.end();
}
