//! A line that loses one answer: it lets a request of one kind through to an LDAP server, waits
//! until the server has answered, and hangs up without passing the answer on. Of a line in TLS it
//! is both ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tenure_testkit::samba::Samba;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The BER tags of the requests whose answers can be lost (RFC 4511).
pub const SEARCH: u8 = 0x63;
pub const MODIFY: u8 = 0x66;
pub const ADD: u8 = 0x68;
pub const DELETE: u8 = 0x4a;
pub const RENAME: u8 = 0x6c;

pub struct LossyLine {
    scheme: &'static str,
    port: u16,
    lose: Arc<AtomicU8>,
    task: tokio::task::JoinHandle<()>,
}

impl LossyLine {
    /// To a server that speaks in the clear on a port of this machine.
    pub async fn to(server_port: u16) -> Self {
        Self::open("ldap", SocketAddr::from(([127, 0, 0, 1], server_port)), None).await
    }

    /// To a domain controller, under its own certificate.
    pub async fn to_samba(samba: &Samba) -> Self {
        Self::open("ldaps", samba.address(), Some(tls(samba))).await
    }

    async fn open(scheme: &'static str, server: SocketAddr, tls: Option<(TlsAcceptor, TlsConnector)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lose = Arc::new(AtomicU8::new(0));
        let task = tokio::spawn({
            let lose = Arc::clone(&lose);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (lose, tls) = (Arc::clone(&lose), tls.clone());
                    tokio::spawn(async move {
                        let upstream = TcpStream::connect(server).await.unwrap();
                        let loses = |request: &[u8]| is_lost(request, &lose);
                        let Some((acceptor, connector)) = tls else { return carry(client, upstream, loses).await };
                        let upstream = connector.connect(ServerName::from(server.ip()), upstream).await.unwrap();
                        // Who does not believe the certificate hangs up.
                        if let Ok(client) = acceptor.accept(client).await {
                            carry(client, upstream, loses).await;
                        }
                    });
                }
            }
        });
        Self { scheme, port, lose, task }
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Loses the answer to the next request with this tag.
    pub fn lose_next(&self, tag: u8) {
        self.lose.store(tag, Ordering::SeqCst);
    }

    pub fn has_lost(&self) -> bool {
        self.lose.load(Ordering::SeqCst) == 0
    }
}

impl Drop for LossyLine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls(samba: &Samba) -> (TlsAcceptor, TlsConnector) {
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(samba.file("ca.crt")).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let chain = vec![CertificateDer::from_pem_file(samba.file("server.crt")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(samba.file("server.key")).unwrap();
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(chain, key).unwrap();
    (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
}

/// Carries what is said both ways, until an answer is to be lost: that to the first request of
/// which `loses` says so.
pub async fn carry<Client, Server>(mut client: Client, mut server: Server, loses: impl Fn(&[u8]) -> bool)
where
    Client: AsyncRead + AsyncWrite + Unpin,
    Server: AsyncRead + AsyncWrite + Unpin,
{
    let (mut asked, mut answered) = (vec![0u8; 65_536], vec![0u8; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                if server.write_all(&asked[..length]).await.is_err() { return }
                if loses(&asked[..length]) {
                    // The answer proves that the server did it; then nobody hears of it.
                    assert!(server.read(&mut answered).await.unwrap() > 0);
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() { return }
            }
        }
    }
}

fn is_lost(request: &[u8], lose: &AtomicU8) -> bool {
    let tag = operation_tag(request);
    tag.is_some_and(|tag| lose.compare_exchange(tag, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok())
}

/// The tag behind the outer sequence and the message number.
fn operation_tag(message: &[u8]) -> Option<u8> {
    let after_length = |at: usize| {
        let first = *message.get(at)?;
        Some(if first < 0x80 { at + 1 } else { at + 1 + usize::from(first & 0x7f) })
    };
    let number = after_length(1)?;
    let length = usize::from(*message.get(number + 1)?);
    message.get(number + 2 + length).copied()
}
