//! The step server: `POST /step/K {"n": N}` answers at once with `{"n": N, "step": K}`.
//!
//! It stands for the outside world and is the referee: it remembers which steps of which run it
//! saw, so that the driver can tell a run that did its three steps in order from one that only
//! said so. `GET /report` tells the counts, `POST /forget` empties the memory.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::limits::BODY_BYTES_MAX;
use crate::trouble::{Because, Result, Trouble};

/// Steps in a run.
pub const STEPS: u32 = 3;

/// What every request of this benchmark carries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Run {
    /// The number of the run.
    pub n: u64,
}

/// What the step server saw.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Runs with at least one step.
    pub seen: u64,
    /// Runs with all steps.
    pub complete: u64,
    /// Steps that came again.
    pub repeated: u64,
    /// Steps that came before the one they follow.
    pub out_of_order: u64,
}

#[derive(Debug, Default)]
struct Memory {
    /// One bit for each step, by run.
    done: HashMap<u64, u8>,
    report: Report,
}

impl Memory {
    fn note(&mut self, n: u64, step: u32) {
        let done = self.done.entry(n).or_insert_with(|| {
            self.report.seen += 1;
            0
        });
        let (bit, before) = (1u8 << (step - 1), (1u8 << (step - 1)) - 1);
        if *done & bit != 0 {
            self.report.repeated += 1;
            return;
        }
        if *done & before != before {
            self.report.out_of_order += 1;
        }
        *done |= bit;
        if done.count_ones() == STEPS {
            self.report.complete += 1;
        }
    }
}

/// Serves until the process ends.
pub async fn serve(listen: SocketAddr) -> Result<()> {
    if !listen.ip().is_loopback() {
        return Err(Trouble::new(format!("`{listen}` is not on loopback")));
    }
    let listener = TcpListener::bind(listen).await.because(|| format!("cannot listen on {listen}"))?;
    let memory = Arc::new(Mutex::new(Memory::default()));
    loop {
        let (stream, _) = listener.accept().await.because(|| format!("cannot accept on {listen}"))?;
        // Without it small answers would wait for acknowledgements; a refusal only costs speed.
        stream.set_nodelay(true).ok();
        let memory = Arc::clone(&memory);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&memory), request));
            // A client that goes away in the middle is its own affair.
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn answer(
    memory: Arc<Mutex<Memory>>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let (status, text) = reply(&memory, &path, &body);
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn reply(memory: &Mutex<Memory>, path: &str, body: &[u8]) -> (StatusCode, String) {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if path == "/report" {
        return (StatusCode::OK, serde_json::to_string(&memory.report).unwrap_or_default());
    }
    if path == "/forget" {
        *memory = Memory::default();
        return (StatusCode::OK, "{}".to_owned());
    }
    let step = path.strip_prefix("/step/").and_then(|step| step.parse().ok()).filter(|step| (1..=STEPS).contains(step));
    let Some(step) = step else { return (StatusCode::NOT_FOUND, "{}".to_owned()) };
    let Ok(run) = serde_json::from_slice::<Run>(body) else { return (StatusCode::BAD_REQUEST, "{}".to_owned()) };
    memory.note(run.n, step);
    (StatusCode::OK, format!("{{\"n\":{},\"step\":{step}}}", run.n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: &[(u64, u32)]) -> Report {
        let mut memory = Memory::default();
        for (n, step) in steps {
            memory.note(*n, *step);
        }
        memory.report
    }

    #[test]
    fn a_run_is_complete_with_its_three_steps_in_order() {
        let report = after(&[(1, 1), (2, 1), (1, 2), (1, 3)]);
        assert_eq!(report, Report { seen: 2, complete: 1, repeated: 0, out_of_order: 0 });
    }

    #[test]
    fn repeats_and_wrong_order_are_told_apart() {
        assert_eq!(after(&[(1, 1), (1, 1)]).repeated, 1);
        assert_eq!(after(&[(1, 2)]).out_of_order, 1);
        assert_eq!(after(&[(1, 1), (1, 1), (1, 1)]).complete, 0);
    }

    #[test]
    fn what_is_no_step_is_refused() {
        let memory = Mutex::new(Memory::default());
        assert_eq!(reply(&memory, "/step/4", b"{\"n\":1}").0, StatusCode::NOT_FOUND);
        assert_eq!(reply(&memory, "/step/1", b"x").0, StatusCode::BAD_REQUEST);
        assert_eq!(reply(&memory, "/step/1", b"{\"n\":1}"), (StatusCode::OK, "{\"n\":1,\"step\":1}".to_owned()));
        assert_eq!(memory.lock().unwrap().report.seen, 1);
    }
}
