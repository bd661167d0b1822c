//! Traces leave by OTLP over HTTP, to a collector that these tests play.

use tenure_server::config::Sources;
use tenure_server::telemetry::{Telemetry, TelemetryError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::logs::Paper;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_reach_the_collector_before_the_end() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = format!("otel.endpoint = 'http://{}/v1/traces'", collector.local_addr().unwrap());
    let config = Sources::new().toml(&settings, "test").unwrap().config().unwrap();
    let (subscriber, telemetry) = Telemetry::assemble(&config, Paper::default()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("canary_span", route = "/healthz").in_scope(|| tracing::info!("hello"));
    });
    let (seen, mut read) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = collector.accept().await.unwrap();
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&all).contains("canary_span") {
            let count = stream.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "the exporter went away");
            all.extend_from_slice(&piece[..count]);
        }
        seen.send(String::from_utf8_lossy(&all).into_owned()).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    });
    tokio::task::spawn_blocking(move || telemetry.end()).await.unwrap();
    // The end waits for the collector, so everything is there now and not only some time later.
    let text = read.try_recv().expect("the end came before the export");
    assert!(text.starts_with("POST /v1/traces") && text.contains("/healthz"), "{text}");
}

#[tokio::test]
async fn a_level_that_is_none_is_refused() {
    let config = Sources::new().toml("log.level = 'info,=x=y'", "test").unwrap().config().unwrap();
    let refused = Telemetry::assemble(&config, Paper::default()).err();
    assert!(matches!(refused, Some(TelemetryError::Level(_))), "{refused:?}");
}
