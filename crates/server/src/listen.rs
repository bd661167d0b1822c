//! How connections come in and how the process ends: TCP, TLS when configured, limits for slow
//! and many clients, and a shutdown that lets requests finish.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tenure_api::Code;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::limits::{ACCEPT_PAUSE, HANDSHAKE_TIMEOUT, HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX, PEM_BYTES_MAX};

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not to be had.
    #[error("cannot listen on `{address}`; stop the program that uses the port, or set `listen` to another address")]
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate is of no use.
    #[error("cannot use the certificate in `{path}`; it has to be a chain in PEM that fits the key")]
    Certificate {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key is of no use.
    #[error("cannot use the private key in `{path}`; it has to be one in PEM, not encrypted")]
    Key {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Others may read the key.
    #[error("the private key in `{path}` may be read by others on this machine; run `chmod 600` on it")]
    OpenKey {
        /// Which file.
        path: String,
    },
}

impl ListenError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Address { .. } => Code::CannotListen,
            Self::Certificate { .. } | Self::Key { .. } | Self::OpenKey { .. } => Code::BadKeyFile,
        }
    }
}

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request was finished.
    Drained,
    /// The time was up and this many connections were cut.
    Cut(usize),
}

/// How long a client may take for what. Tests make these short.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, also of the next one on the same connection.
    pub head: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the last requests when the server stops.
    pub drain: Duration,
}

/// Told to every request: whether the server stops. An answer without an end must heed it.
#[derive(Debug, Clone)]
pub(crate) struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Waits until the server stops.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|closing| *closing).await.is_err() {
            tracing::debug!("the listener is gone");
        }
    }
}

/// A port that is ours, not yet answering.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    connections: Arc<Semaphore>,
    patience: Patience,
}

impl Listener {
    /// Takes the port and reads certificate and key.
    pub async fn bind(config: &Config) -> Result<Self, ListenError> {
        let tls = match (&config.tls_certificate, &config.tls_key) {
            (Some(certificate), Some(key)) => Some(Arc::new(tls_config(certificate, key)?)),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        let refused = |source| ListenError::Address { address: config.listen, source };
        let tcp = TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        let patience =
            Patience { head: HEAD_TIMEOUT, handshake: HANDSHAKE_TIMEOUT, drain: config.drain_seconds_max.get() };
        let connections = Arc::new(Semaphore::new(config.connections_max.size()));
        Ok(Self { tcp, address, tls, connections, patience })
    }

    /// With other patience.
    pub fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The address, with the port that the machine chose when `listen` said 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a browser would be pointed at.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Answers until `stop` is done, then lets the requests in work finish.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) -> Ended {
        let graceful = GracefulShutdown::new();
        let (closing, closed) = watch::channel(false);
        let router = router.layer(Extension(Closing(closed)));
        let acceptor = self.tls.clone().map(TlsAcceptor::from);
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, permit) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.accept() => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            let (router, patience) = (router.clone(), self.patience);
            let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
            tokio::spawn(connection(stream, permit, acceptor, router, watcher, patience));
        }
        drop(self.tcp);
        closing.send_replace(true);
        let waiting = graceful.count();
        tracing::info!(connections = waiting, "stopping");
        match tokio::time::timeout(self.patience.drain, graceful.shutdown()).await {
            Ok(()) => Ended::Drained,
            Err(_) => Ended::Cut(waiting),
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let permit = self.connections.clone().acquire_owned().await.ok()?;
        match self.tcp.accept().await {
            Ok((stream, _)) => Some((stream, permit)),
            Err(error) => {
                // Out of file handles, or the client went away: the next one may be luckier.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    watcher: Watcher,
    patience: Patience,
) {
    // Small answers should not wait for an acknowledgement; without it they are only slower.
    stream.set_nodelay(true).unwrap_or_else(|error| tracing::debug!(%error, "no delay could not be set"));
    match acceptor {
        None => serve_http(stream, router, watcher, patience).await,
        Some(acceptor) => match tokio::time::timeout(patience.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve_http(stream, router, watcher, patience).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
            Err(_) => tracing::debug!("the TLS handshake took too long"),
        },
    }
    drop(permit);
}

async fn serve_http<I>(stream: I, router: Router, watcher: Watcher, patience: Patience)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(http).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Done when the process is asked to end.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard; the process has to be killed to end");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn tls_config(certificate: &Path, key: &Path) -> Result<ServerConfig, ListenError> {
    let bad_certificate = |source| ListenError::Certificate { path: certificate.display().to_string(), source };
    let bad_key = |source| ListenError::Key { path: key.display().to_string(), source };
    let chain = read_pem(certificate)
        .and_then(|pem| Ok(CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>()?))
        .map_err(bad_certificate)?;
    if open_to_others(key) {
        return Err(ListenError::OpenKey { path: key.display().to_string() });
    }
    let private = read_pem(key).and_then(|pem| Ok(PrivateKeyDer::from_pem_slice(&pem)?)).map_err(bad_key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad_certificate(error.into()))?;
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad_certificate(error.into()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read_pem(path: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    use std::io::Read as _;
    let mut pem = Vec::new();
    std::fs::File::open(path)?.take(PEM_BYTES_MAX).read_to_end(&mut pem)?;
    Ok(pem)
}

fn open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}
