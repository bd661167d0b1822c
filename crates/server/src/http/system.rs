//! The operations that tell about the server itself: alive, ready, metrics, document, who asks.

use std::fmt;
use std::sync::Arc;

use axum::Json as Answer;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::future::BoxFuture;
use tenure_api::{Check, Code, Health, WhoAmI};

use super::gate::Caller;
use super::metrics::{METRICS_TYPE, Metrics};
use super::refusal::Refusal;
use super::routes::{MountError, Routes};
use crate::config::MetricsAccess;

/// Says what is wrong, if anything is.
type Probe = Arc<dyn Fn() -> BoxFuture<'static, Option<Code>> + Send + Sync>;

/// What readiness asks.
#[derive(Clone, Default)]
pub struct Readiness {
    probes: Vec<(&'static str, Probe)>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.probes.iter().map(|(name, _)| name)).finish()
    }
}

impl Readiness {
    /// Also asks this. It should answer fast; the time limit of requests holds for it.
    pub fn and(
        mut self,
        name: &'static str,
        probe: impl Fn() -> BoxFuture<'static, Option<Code>> + Send + Sync + 'static,
    ) -> Self {
        self.probes.push((name, Arc::new(probe)));
        self
    }

    /// Asks everything at once.
    pub async fn health(&self) -> Health {
        let asked = self.probes.iter().map(|(name, probe)| async move {
            let found = probe().await.map(|code| code.entry().title.to_owned());
            Check { name: (*name).to_owned(), ok: found.is_none(), found }
        });
        Health::of(futures::future::join_all(asked).await)
    }
}

/// Mounts the operations of this file.
pub fn mount<S: Clone + Send + Sync + 'static>(
    routes: Routes<S>,
    metrics: Metrics,
    readiness: Readiness,
    metrics_access: MetricsAccess,
) -> Result<Routes<S>, MountError> {
    let numbers = move || async move { ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.fresh_text().await) };
    let routes = match metrics_access {
        MetricsAccess::Token => routes.mount("getMetrics", numbers)?,
        MetricsAccess::Open => routes.mount_open("getMetrics", numbers)?,
    };
    routes
        .mount("getHealthz", || async { ([(header::CONTENT_TYPE, "text/plain")], "ok\n") })?
        .mount("getReadyz", move || ready(readiness.clone()))?
        .mount("getOpenapi", openapi)?
        .mount("whoAmI", who_am_i)
}

async fn ready(readiness: Readiness) -> Response {
    let health = readiness.health().await;
    let ok = health.checks.iter().all(|check| check.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Answer(health)).into_response()
}

async fn openapi() -> Result<Response, Refusal> {
    let text = tenure_api::openapi::text().map_err(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written");
        Refusal::new(Code::Internal)
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

async fn who_am_i(Caller(actor): Caller) -> Answer<WhoAmI> {
    Answer(WhoAmI::from(&actor))
}
