//! TLS to databases, with verification that cannot be turned off.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tenure_connect::trust;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::{BadSqlConfig, Server};

/// Whom we believe, and by which name.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// What the settings of a server ask for; none where it is spoken to in the clear.
    pub(super) fn new(server: &Server) -> Result<Option<Self>, BadSqlConfig> {
        if !server.is_private() {
            return Ok(None);
        }
        let config =
            trust::client(server.ca_file.as_deref()).map_err(|source| BadSqlConfig::Certificates { source })?;
        let name = ServerName::try_from(server.host.clone()).map_err(|_| BadSqlConfig::Value {
            place: "database.host",
            reason: "is not a name that a certificate could have".to_owned(),
        })?;
        Ok(Some(Self { connector: TlsConnector::from(Arc::new(config)), name }))
    }

    /// Turns a line into a private one.
    pub(super) async fn wrap<S: AsyncRead + AsyncWrite + Unpin>(&self, line: S) -> io::Result<TlsStream<S>> {
        self.connector.connect(self.name.clone(), line).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Private<S>;
    type TlsConnect = Self;
    type Error = io::Error;
    fn make_tls_connect(&mut self, _: &str) -> io::Result<Self> {
        Ok(self.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Tls {
    type Stream = Private<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Private<S>>> + Send>>;
    fn connect(self, line: S) -> Self::Future {
        Box::pin(async move { Ok(Private(self.wrap(line).await?)) })
    }
}

/// A private line, as the PostgreSQL client takes it.
pub(super) struct Private<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Private<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate is verified against its authority and name, so nobody sits in between.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Private<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Private<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, from)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
