//! A line that loses one answer: it lets a request of one kind through to the server, waits until
//! the server has answered, and hangs up without passing the answer on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The BER tags of the requests whose answers can be lost (RFC 4511).
pub const SEARCH: u8 = 0x63;
pub const MODIFY: u8 = 0x66;
pub const ADD: u8 = 0x68;

pub struct LossyLine {
    port: u16,
    lose: Arc<AtomicU8>,
    task: tokio::task::JoinHandle<()>,
}

impl LossyLine {
    pub async fn to(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lose = Arc::new(AtomicU8::new(0));
        let task = tokio::spawn({
            let lose = Arc::clone(&lose);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, server_port, Arc::clone(&lose)));
                }
            }
        });
        Self { port, lose, task }
    }

    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
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

async fn carry(mut client: TcpStream, server_port: u16, lose: Arc<AtomicU8>) {
    let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
    let (mut asked, mut answered) = (vec![0u8; 65_536], vec![0u8; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                if server.write_all(&asked[..length]).await.is_err() { return }
                let tag = operation_tag(&asked[..length]);
                if tag.is_some_and(|tag| lose.compare_exchange(tag, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()) {
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
