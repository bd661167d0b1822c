//! A running house in a process of its own, spoken to over HTTP.
#![expect(clippy::expect_used, reason = "a test whose server does not answer must stop and say why")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// A running house.
#[derive(Debug)]
pub struct Running {
    child: Child,
    url: String,
    token: String,
    client: reqwest::Client,
}

impl Running {
    /// Starts `program` (the binary `house`) with these settings, perhaps to die at a point.
    pub fn start(program: &Path, config: &Path, token: &str, die: Option<(&str, &Path)>) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut command = Command::new(program);
        command.arg(config).stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some((point, armed)) = die {
            command.arg(point).arg(armed);
        }
        let mut child = command.spawn().expect("the house starts");
        let mut address = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut address).expect("its address");
        let url = format!("http://{}", address.trim());
        Self { child, url, token: token.to_owned(), client: reqwest::Client::new() }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks; none if nobody answers.
    pub async fn get(&self, path: &str) -> Option<(u16, Json)> {
        answer(self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token)).await
    }

    /// Sends; none if nobody answers.
    pub async fn post(&self, path: &str, body: &Json) -> Option<(u16, Json)> {
        answer(self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body)).await
    }

    /// Waits until the runs of this answer to an event are done.
    pub async fn until_done(&self, answer: &Json) {
        let runs = answer.get("runs").and_then(Json::as_array).cloned().unwrap_or_default();
        assert!(!runs.is_empty(), "no run was started: {answer}");
        for run in runs.iter().filter_map(Json::as_str) {
            self.until_run_is_done(run).await;
        }
    }

    async fn until_run_is_done(&self, run: &str) {
        let mut last = None;
        for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
            last = self.get(&format!("/v1/runs/{run}")).await;
            let status = last.as_ref().and_then(|(_, body)| find_status(body));
            if status == Some("done") {
                return;
            }
            assert!(!matches!(status, Some("failed" | "cancelled")), "{last:?}");
            tokio::time::sleep(LOOK).await;
        }
        assert!(last.is_none(), "{run} did not come to its end in {PATIENCE:?}: {last:?}");
    }

    /// Waits until it died by itself.
    pub async fn until_dead(&mut self) -> ExitStatus {
        for _ in 0..(PATIENCE.as_millis() / LOOK.as_millis()) {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("its status")
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("its status");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Json)> {
    let response = request.timeout(PATIENCE).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.json().await.unwrap_or(Json::Null)))
}

fn find_status(body: &Json) -> Option<&str> {
    body.get("status").or_else(|| body.get("run")?.get("status")).and_then(Json::as_str)
}
