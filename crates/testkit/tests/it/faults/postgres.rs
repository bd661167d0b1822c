//! A PostgreSQL that is stopped under load and comes back: a cluster of the test's own, with its
//! own port and folder, started and stopped by itself.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tenure_store::{DatabaseUrl, StoreLimits};

use super::{Works, World, impatient};

/// A server of this test's own.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// None where PostgreSQL is not installed: this runs where `TEST_PG` says that it is.
    fn make() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin"));
        let programs = versions.filter(|bin| bin.join("initdb").exists()).max()?;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, programs, port };
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(cluster.folder.path()));
        }
        let mut init = cluster.as_owner("initdb");
        run(init.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]));
        cluster.start();
        Some(cluster)
    }

    fn url(&self) -> DatabaseUrl {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port).parse().unwrap()
    }

    fn start(&self) {
        let settings = format!("-p {} -k {} -h 127.0.0.1", self.port, self.folder.path().display());
        let mut start = self.as_owner("pg_ctl");
        run(start.args(["-w", "-t", "60", "-l"]).arg(self.folder.path().join("log")).args(["-o", &settings, "start"]));
    }

    fn stop(&self, how: &str) {
        run(self.as_owner("pg_ctl").args(["-w", "-t", "60", "-m", how, "stop"]));
    }

    /// PostgreSQL refuses to run as root.
    fn as_owner(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).arg("-D").arg(self.folder.path().join("data"));
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.as_owner("pg_ctl");
        drop(stop.args(["-w", "-m", "immediate", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

fn run(command: &mut Command) {
    // Not its output: the server would keep a pipe open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

mod slow {
    use super::*;

    const RUNS: usize = 600;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_stops_under_load_and_comes_back() {
        let Some(cluster) = Cluster::make() else {
            assert!(std::env::var_os("TEST_PG").is_none(), "a run with PostgreSQL has its programs");
            return;
        };
        let world = World::new();
        let works = Works::start(&cluster.url(), StoreLimits { connections_max: 6, ..impatient() }, &world).await;
        let (mut told, mut refused) = (Vec::new(), Vec::new());
        for number in 0..RUNS {
            match number {
                150 => cluster.stop("fast"),
                200 | 400 => cluster.start(),
                350 => cluster.stop("immediate"),
                _ => {}
            }
            match works.begin("line", Json::Null).await {
                Ok(run) => told.push(run),
                Err(error) => refused.push(error.to_string()),
            }
        }
        assert!(told.len() >= RUNS - 110 && refused.len() >= 90, "{} told, {} refused", told.len(), refused.len());
        let named = |text: &String| {
            text.starts_with("the database cannot be reached: ")
                || text == "the database is busy with others; try again"
        };
        assert!(refused.iter().all(named), "{refused:?}");
        works.keeps(&told, &world).await;
        works.stop().await;
    }
}
