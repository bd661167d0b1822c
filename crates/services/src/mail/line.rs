//! A line to a server, plain or in TLS: whole lines in, bytes out, nothing without a limit.

use std::io::{Error, ErrorKind};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::config::Settings;
use crate::limits::MAIL_LINE_BYTES_MAX;

trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for T {}

/// A line.
pub(super) struct Line {
    wire: Box<dyn Wire>,
    /// What came and was not asked for yet.
    ahead: Vec<u8>,
}

impl Line {
    /// Connects, without TLS.
    pub(super) async fn plain(settings: &Settings) -> std::io::Result<Self> {
        let stream = TcpStream::connect((settings.host.as_str(), settings.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { wire: Box::new(stream), ahead: Vec::new() })
    }

    /// The same line in TLS from here on. What came before TLS and is not read yet is refused:
    /// somebody in between may have put it there.
    pub(super) async fn secured(self, settings: &Settings) -> std::io::Result<Self> {
        if !self.ahead.is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, "something was said between STARTTLS and TLS"));
        }
        let name: ServerName<'static> = settings.server_name.clone();
        let stream = TlsConnector::from(settings.trust.clone()).connect(name, self.wire).await?;
        Ok(Self { wire: Box::new(stream), ahead: Vec::new() })
    }

    /// The next line, without its end.
    pub(super) async fn read(&mut self) -> std::io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let rest = self.ahead.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.ahead, rest);
                line.truncate(line.trim_ascii_end().len());
                return Ok(line);
            }
            if self.ahead.len() > MAIL_LINE_BYTES_MAX {
                return Err(Error::new(ErrorKind::InvalidData, "a line is too long"));
            }
            let mut piece = [0; 1024];
            match self.wire.read(&mut piece).await? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => self.ahead.extend_from_slice(piece.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Sends bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }
}
