//! What is counted at the doors. Labels come from the list of operations and never from a
//! caller, so that nobody can make the numbers grow without end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The media type of the text.
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PathLabels {
    route: String,
}

#[derive(Debug, Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

/// The numbers of this process. Other rooms add theirs by [`Metrics::register`].
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<RouteLabels, Counter>,
    seconds: Family<PathLabels, Histogram, Buckets>,
    open: Gauge,
    refresh: Arc<Mutex<Vec<Refresh>>>,
}

/// Brings numbers up to date before they are read.
type Refresh = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Metrics {
    /// Numbers that start at nothing.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tenure");
        let build = Info::new(vec![("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        registry.register("build", "which Tenure this is", build);
        let requests = Family::<RouteLabels, Counter>::default();
        registry.register("http_requests", "requests by route and status", requests.clone());
        let seconds = Family::<PathLabels, Histogram, Buckets>::new_with_constructor(Buckets);
        registry.register("http_request_seconds", "time from head to answer", seconds.clone());
        let open = Gauge::default();
        registry.register("http_requests_open", "requests in work", open.clone());
        let refresh = Arc::default();
        Self { registry: Arc::new(Mutex::new(registry)), requests, seconds, open, refresh }
    }

    /// Lets another room add its numbers.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Calls this before the numbers are read. It should be fast and keep what is dear to find out.
    pub fn refresh_by(&self, refresh: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(refresh));
    }

    /// The numbers as text, brought up to date first.
    pub async fn fresh_text(&self) -> String {
        let refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner).clone();
        futures::future::join_all(refresh.iter().map(|refresh| refresh())).await;
        self.text()
    }

    /// The numbers as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a string cannot fail; half a text would be seen by its missing end mark.
        if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    }

    /// A request is in work until what this returns is dropped.
    pub(super) fn opened(&self) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }

    pub(super) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.requests.get_or_create(&RouteLabels { method, route: route.clone(), status }).inc();
        self.seconds.get_or_create(&PathLabels { route }).observe(took.as_secs_f64());
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A request in work.
#[derive(Debug)]
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
