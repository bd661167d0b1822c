//! `cargo xtask bench`: how fast the engine is on this machine, beside its disk.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use tenure_store::{DatabaseUrl, Store, StoreLimits};
use tenure_testkit::bench::{Times, cpu_time, disk, limits, plain, resident_kib, served};
use tenure_testkit::chaos::Trouble;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The same as in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "a command line tool talks to a terminal")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // The provider of TLS; another call would find it set already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["--serve", target] => match environment("TENURE_BENCH_DATABASE") {
            Some(database) => served::serve(&database, (*target).to_owned(), |port| say(&format!("port {port}"))).await,
            None => Err("a child needs a database".into()),
        },
        [folder, runs] => match runs.parse() {
            Ok(runs) => measure(Path::new(folder), runs).await,
            Err(_) => Err(format!("`{runs}` is not a number of runs").into()),
        },
        _ => Err("usage: bench-engine FOLDER RUNS".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("bench-engine: {trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(folder: &Path, runs: usize) -> Result<(), Trouble> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    say(&format!("bench-engine {} {runs}: {cores} cores, load before {}", folder.display(), load.trim()));
    line("disk: append 4 KiB and sync", &disk::syncs(folder)?, None);
    let file = format!("sqlite:{}", folder.join("bench.db").display());
    one("sqlite", &file, runs).await?;
    if let Some(server) = environment("TEST_PG") {
        one("postgres", &server, runs).await?;
    }
    Ok(())
}

async fn one(name: &str, database: &str, runs: usize) -> Result<(), Trouble> {
    let store = Store::open(&database.parse::<DatabaseUrl>()?, StoreLimits::default()).await?;
    store.migrate().await?;
    line(&format!("{name}: commits of one row, one by one"), &disk::commits(&store).await?, None);
    drop(store);
    let (target, calls) = plain::target().await?;
    let mut child = Command::new(own_program()?)
        .args(["--serve", &format!("http://{target}/step")])
        .env("TENURE_BENCH_DATABASE", database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let process = child.id().ok_or("the child has ended")?;
    let port = port_of(&mut child).await?;
    let door = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    plain::ask(door, "/http", runs / 20 + 1, limits::IN_FLIGHT).await?;
    let workloads = [
        ("/http", "3 steps over HTTP", 1),
        ("/http", "3 steps over HTTP", limits::IN_FLIGHT),
        ("/inner/3", "3 steps in process, asked over HTTP", limits::IN_FLIGHT),
        ("/inner/12", "12 steps in process, asked over HTTP", limits::IN_FLIGHT),
    ];
    for (path, what, at_once) in workloads {
        let (before, called) = (cpu_time(process), calls.load(std::sync::atomic::Ordering::Relaxed));
        let asked = if at_once == 1 { runs / 20 + 1 } else { runs };
        let times = plain::ask(door, path, asked, at_once).await?;
        let called = calls.load(std::sync::atomic::Ordering::Relaxed) - called;
        if path == "/http" && called < asked * 3 {
            return Err(format!("{called} calls for {asked} runs of three steps").into());
        }
        line(&format!("{name}: {what}, {at_once} in flight"), &times, Some(cpu_time(process).saturating_sub(before)));
    }
    let before = cpu_time(process);
    let client = reqwest::Client::builder().build()?;
    let flood =
        client.post(format!("http://{door}/flood/{}", runs * 2)).send().await?.error_for_status()?.text().await?;
    let cpu = cpu_time(process).saturating_sub(before).as_secs_f64();
    let per = f64::from(u32::try_from(runs * 2)?) / cpu.max(0.01);
    say(&format!("{:<58}{flood}   {per:.0} per CPU-second", format!("{name}: 3 steps, all in process, 256 in flight")));
    say(&format!("{name}: resident after all {} MiB", resident_kib(process) / 1024));
    Ok(())
}

async fn port_of(child: &mut Child) -> Result<u16, Trouble> {
    let output = child.stdout.take().ok_or("the child has no output")?;
    let mut lines = BufReader::new(output).lines();
    let line = tokio::time::timeout(limits::READY_TIME_MAX, lines.next_line()).await??.ok_or("the child ended")?;
    Ok(line.trim_start_matches("port ").parse()?)
}

fn line(what: &str, times: &Times, cpu: Option<std::time::Duration>) {
    let per = cpu.map_or_else(String::new, |cpu| {
        let runs = f64::from(u32::try_from(times.count()).unwrap_or(u32::MAX));
        format!("   {:.0} per CPU-second", runs / cpu.as_secs_f64().max(0.01))
    });
    say(&format!("{what:<58}{times}{per}"));
}

fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

#[expect(clippy::print_stdout, reason = "a command line tool talks to a terminal")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::disallowed_methods, reason = "a program of the tests is told by its environment where its server is")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
