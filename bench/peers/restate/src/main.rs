//! The three-step workload as a Restate service, written as the SDK's own examples are.
//!
//! Restate's server receives the start by HTTP, calls this service over HTTP/2 and journals each
//! `run`. Only Nagle's algorithm is switched off; the server's settings are in the README.

use std::net::SocketAddr;

use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};

#[derive(Serialize, Deserialize, Clone)]
struct Run {
    n: u64,
}

#[derive(Serialize, Deserialize)]
struct Stepped {
    n: u64,
    step: u32,
}

struct Bench {
    http: reqwest::Client,
    steps: String,
}

impl Bench {
    async fn step(&self, run: Run, step: u32) -> Result<Json<Stepped>, HandlerError> {
        let answer = self.http.post(format!("{}/step/{step}", self.steps)).json(&run).send().await?;
        Ok(Json(answer.error_for_status()?.json().await?))
    }
}

#[service]
impl Bench {
    #[handler]
    async fn three(&self, ctx: Context<'_>, Json(run): Json<Run>) -> HandlerResult<Json<Run>> {
        for step in 1..=3 {
            let asked = run.clone();
            let Json(seen) = ctx.run(|| self.step(asked, step)).name(format!("step-{step}")).await?;
            if seen.n != run.n || seen.step != step {
                return Err(TerminalError::new("the step server answered for another run").into());
            }
        }
        Ok(Json(run))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(steps)) = (arguments.next(), arguments.next()) else {
        return Err("usage: peer-restate LISTEN STEPS-URL".into());
    };
    let bench = Bench { http: reqwest::Client::new(), steps };
    HttpServer::new(Endpoint::builder().bind(bench).build()).serve(without_delay(listen.parse()?)?).await;
    Ok(())
}

/// The SDK's own server leaves Nagle's algorithm on, which costs some 40 ms a step when little is
/// in flight. Connections inherit the choice from the listener, so it can be made here.
fn without_delay(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    socket.bind(listen)?;
    socket.listen(1_024)
}
