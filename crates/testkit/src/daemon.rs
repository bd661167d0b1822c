//! A server of somebody else's as a child process: started on a free loopback port, awaited,
//! killed.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use tokio::net::TcpStream;

const POLL_INTERVAL: Duration = Duration::from_millis(10);
const STARTS_MAX: u32 = 5;
const PORT_FIRST: u16 = 20_000;
const PORTS: u16 = 12_000;
const PORT_TRIES_MAX: u32 = 1_000;

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

/// A port that nobody listens on, and that no other test is given while this one lives: a server
/// may take long to listen. It is below those that the system hands out to whoever calls.
pub(crate) fn free_port() -> u16 {
    let folder = std::env::temp_dir().join("tenure-test-ports");
    fs::create_dir_all(&folder).expect("a folder for the locks of ports");
    for _ in 0..PORT_TRIES_MAX {
        let chance = RandomState::new().hash_one(0_u8) % u64::from(PORTS);
        let port = PORT_FIRST + u16::try_from(chance).expect("fewer ports than numbers");
        if take(&folder, port) {
            return port;
        }
    }
    panic!("none of {PORT_TRIES_MAX} ports from {PORT_FIRST} on is free");
}

/// Whether the port is ours from now on, until this process ends.
fn take(folder: &Path, port: u16) -> bool {
    let Ok(lock) = fs::File::create(folder.join(port.to_string())) else { return false };
    if lock.try_lock().is_err() || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        return false;
    }
    // The lock goes with the process.
    Box::leak(Box::new(lock));
    true
}

/// Whether the tests are run by root, for whom some servers are started otherwise.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.starts_with(b"0\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_given_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        assert!(take(folder.path(), port), "nobody else has a lock there");
        assert!(!take(folder.path(), port), "it was given twice");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert!(!take(folder.path(), taken), "somebody listens there");
    }
}
