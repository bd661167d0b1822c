//! A server of somebody else's as a child process: started on a free loopback port, awaited,
//! killed.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use tokio::net::TcpStream;

const POLL_INTERVAL: Duration = Duration::from_millis(10);
const STARTS_MAX: u32 = 5;

/// Starts a server and waits until it is ready, asking so often at most. Another process may take
/// the free port first; then another one is tried. `folder` holds the server's `log`.
pub(crate) async fn start(
    what: &str,
    folder: &Path,
    polls_max: u32,
    spawn: impl Fn(u16) -> Child,
    ready: impl Fn(u16) -> bool,
) -> (Child, u16) {
    for _ in 0..STARTS_MAX {
        let port = free_port();
        let mut child = spawn(port);
        for _ in 0..polls_max {
            if ready(port) {
                return (child, port);
            }
            if !matches!(child.try_wait(), Ok(None)) {
                break;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        stop(&mut child);
    }
    panic!("{what} did not start; its log says:\n{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
}

/// Waits until the port answers, while the process lives.
pub(crate) async fn answers(child: &mut Child, port: u16, time_max: Duration) -> bool {
    let waiting = async {
        loop {
            if !matches!(child.try_wait(), Ok(None)) {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(time_max, waiting).await.unwrap_or(false)
}

/// Kills it. It may be gone already; then there is nothing to do.
pub(crate) fn stop(child: &mut Child) {
    if child.kill().is_ok() {
        child.wait().expect("the end of a server");
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Whether the tests are run by root, for whom some servers are started otherwise.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.starts_with(b"0\n")
}
