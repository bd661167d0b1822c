//! The three-step workload as a duroxide orchestration over SQLite, behind one HTTP endpoint.
//!
//! Two settings differ from the defaults, both in duroxide's favour or for equal durability:
//! the number of workers and the poll interval come from the command line, and every connection
//! of its pool is set to `synchronous = FULL` (its own word for it, `WAL`, SQLite does not know
//! and takes for `NORMAL`, under which the last commits may be lost with the power).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::registry::ActivityRegistry;
use duroxide::runtime::{OrchestrationStatus, Runtime, RuntimeOptions};
use duroxide::{ActivityContext, Client, OrchestrationContext, OrchestrationRegistry};
use serde_json::{Value, json};

type Trouble = Box<dyn std::error::Error>;

/// duroxide's pool has five connections.
const POOL_CONNECTIONS: u32 = 5;
/// How long a start may wait for its run.
const RUN_WAIT: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Result<(), Trouble> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, steps, file, workers, poll_ms] = arguments.as_slice() else {
        return Err("usage: peer-duroxide LISTEN STEPS-URL FILE WORKERS POLL-MS".into());
    };
    std::fs::File::create(file)?;
    let store = Arc::new(SqliteProvider::new(&format!("sqlite:{file}"), None).await?);
    make_durable(&store).await?;
    let options = RuntimeOptions {
        dispatcher_min_poll_interval: Duration::from_millis(poll_ms.parse()?),
        orchestration_concurrency: workers.parse()?,
        worker_concurrency: workers.parse()?,
        ..RuntimeOptions::default()
    };
    let _runtime = Runtime::start_with_options(store.clone(), activities(steps), orchestrations(), options).await;
    let app = Router::new().route("/run", post(start)).with_state(Arc::new(Client::new(store)));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    // Without it small answers could wait for acknowledgements; a refusal only costs speed.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await?;
    Ok(())
}

/// Sets every connection of the pool and reads each back.
async fn make_durable(store: &SqliteProvider) -> Result<(), Trouble> {
    let mut held = Vec::new();
    for _ in 0..POOL_CONNECTIONS {
        let mut connection = store.get_pool().acquire().await?;
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
        if level != 2 {
            return Err(format!("SQLite says `synchronous = {level}`, not FULL").into());
        }
        held.push(connection);
    }
    Ok(())
}

fn activities(steps: &str) -> ActivityRegistry {
    let http = reqwest::Client::new();
    let steps: Arc<str> = steps.into();
    let step = move |_: ActivityContext, input: String| {
        let (http, steps) = (http.clone(), steps.clone());
        async move { call(&http, &steps, &input).await.map_err(|error| error.to_string()) }
    };
    ActivityRegistry::builder().register("Step", step).build()
}

/// The input is `NUMBER-OF-STEP BODY`.
async fn call(http: &reqwest::Client, steps: &str, input: &str) -> Result<String, Trouble> {
    let (step, body) = input.split_once(' ').ok_or("the input names no step")?;
    let request = http.post(format!("{steps}/step/{step}")).header("content-type", "application/json");
    Ok(request.body(body.to_owned()).send().await?.error_for_status()?.text().await?)
}

fn orchestrations() -> OrchestrationRegistry {
    let three = |ctx: OrchestrationContext, input: String| async move {
        for step in 1..=3 {
            ctx.schedule_activity("Step", format!("{step} {input}")).await?;
        }
        Ok(input)
    };
    OrchestrationRegistry::builder().register("Three", three).build()
}

async fn start(State(client): State<Arc<Client>>, Json(run): Json<Value>) -> (StatusCode, Json<Value>) {
    match perform(&client, &run).await {
        Ok(()) => (StatusCode::OK, Json(run)),
        Err(trouble) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": trouble.to_string() }))),
    }
}

async fn perform(client: &Client, run: &Value) -> Result<(), Trouble> {
    let instance = format!("run-{}", run.get("n").ok_or("there is no `n`")?);
    client.start_orchestration(&instance, "Three", run.to_string()).await?;
    match client.wait_for_orchestration(&instance, RUN_WAIT).await? {
        OrchestrationStatus::Completed { .. } => Ok(()),
        other => Err(format!("the run ended as {other:?}").into()),
    }
}
