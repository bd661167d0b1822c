//! Logs for people or machines, and traces by OTLP over HTTP when that is configured.

use std::fmt;
use std::io;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{Config, LogFormat};
use crate::limits::EXPORT_TIMEOUT;

/// Why logs or traces cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The levels cannot be read.
    #[error("`log.level` is not a level such as `info` or levels by module such as `info,tenure_engine=debug`")]
    Level(#[source] tracing_subscriber::filter::ParseError),
    /// The exporter cannot be made.
    #[error(
        "traces cannot be sent to `otel.endpoint`; it has to be an address such as `http://127.0.0.1:4318/v1/traces`"
    )]
    Exporter(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is a subscriber already.
    #[error("logs were set up twice")]
    Twice(#[source] tracing::subscriber::SetGlobalDefaultError),
}

/// Keeps the export of traces alive; dropping it without [`Telemetry::end`] may lose the last ones.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs to the standard error and traces, for the whole process. Needs a runtime.
    pub fn start(config: &Config) -> Result<Self, TelemetryError> {
        let (subscriber, telemetry) = Self::assemble(config, io::stderr)?;
        tracing::subscriber::set_global_default(subscriber).map_err(TelemetryError::Twice)?;
        Ok(telemetry)
    }

    /// The same with another place for the logs, and for nobody yet.
    pub fn assemble<W>(
        config: &Config,
        writer: W,
    ) -> Result<(impl tracing::Subscriber + Send + Sync + 'static, Self), TelemetryError>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let filter = EnvFilter::try_new(&config.log_level).map_err(TelemetryError::Level)?;
        let logs: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
            LogFormat::Text => tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).boxed(),
            LogFormat::Json => tracing_subscriber::fmt::layer().json().with_writer(writer).boxed(),
        };
        let traces = config.otel_endpoint.as_deref().map(provider).transpose()?;
        let spans = traces.as_ref().map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("tenure")));
        let subscriber = tracing_subscriber::registry().with(logs).with(spans).with(filter);
        Ok((subscriber, Self { traces }))
    }

    /// Sends what is left and ends the export. Blocks for at most the time of one export.
    pub fn end(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(EXPORT_TIMEOUT)
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let client = Sender::new().map_err(TelemetryError::Exporter)?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|error| TelemetryError::Exporter(error.into()))?;
    let resource = Resource::builder().with_service_name("tenure").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Sends exports on our runtime: the exporter's own thread has none.
#[derive(Clone)]
struct Sender {
    client: reqwest::Client,
    runtime: Handle,
}

impl Sender {
    fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        // One provider of TLS for the whole process; that it is there already is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).build()?;
        Ok(Self { client, runtime: Handle::try_current()? })
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> futures::future::BoxFuture<'b, Result<Response<Bytes>, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?.error_for_status()?;
            let status = answer.status();
            let body = answer.bytes().await?;
            Ok::<_, HttpError>(Response::builder().status(status).body(body)?)
        });
        Box::pin(async move { sent.await? })
    }
}
