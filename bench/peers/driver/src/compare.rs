//! The comparison: every repetition starts each system afresh, loads it, stops it, and goes on to
//! the next, so that whatever else this machine does meets all of them alike.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Method;
use tokio::time::sleep;

use crate::http::{Target, ask};
use crate::limits::{READY_PAUSE, READY_WAIT_MAX};
use crate::load::{Plan, Series, Watched, drive};
use crate::machine::{durable_appends_per_s, free_port, load, now, tell};
use crate::process::{Process, bound_to_us};
use crate::report::Measured;
use crate::settings::Settings;
use crate::steps::Report;
use crate::systems::{Places, System};
use crate::trouble::{Because, Result, Trouble};

/// What to compare and how.
#[derive(Debug)]
pub struct Comparison {
    /// The systems, in the order in which they take turns.
    pub systems: Vec<System>,
    /// Runs in flight; each system meets all of them in turn.
    pub in_flight: Vec<usize>,
    /// How often.
    pub repetitions: usize,
    /// How long nothing is counted.
    pub warm_up: Duration,
    /// How long it is.
    pub measure: Duration,
    /// Where `setup` has put the peers.
    pub installed: PathBuf,
    /// What is set about them.
    pub settings: Settings,
}

/// The step server as a process of its own, so that its work is not counted as ours.
#[derive(Debug)]
struct Steps {
    process: Process,
    port: u16,
}

impl Steps {
    async fn start(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let ourselves = std::env::current_exe().because(|| "cannot find our own program".to_owned())?;
        let mut command = bound_to_us(&ourselves);
        command.args(["steps", "--listen", &format!("127.0.0.1:{port}")]);
        let mut process = Process::start("steps", command, folder, "KILL")?;
        let start = now();
        while ask(&Target::local(port, "/report"), Method::GET, String::new()).await.is_err() {
            process.must_live()?;
            if start.elapsed() > READY_WAIT_MAX {
                return Err(Trouble::new(format!("the step server does not answer: {}", process.last_words())));
            }
            sleep(READY_PAUSE).await;
        }
        Ok(Self { process, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn forget(&self) -> Result<()> {
        ask(&Target::local(self.port, "/forget"), Method::POST, String::new()).await.map(drop)
    }

    async fn report(&self) -> Result<Report> {
        let text = ask(&Target::local(self.port, "/report"), Method::GET, String::new()).await?;
        serde_json::from_slice(&text).because(|| "cannot read the report of the step server".to_owned())
    }
}

impl Comparison {
    /// Measures everything. When something fails, the logs stay for the reader.
    pub async fn run(&self) -> Result<Vec<Measured>> {
        let folder = std::env::temp_dir().join(format!("tenure-peers-run-{}", std::process::id()));
        open_folder(&folder)?;
        let done = self.run_in(&folder).await;
        if done.is_err() {
            tell(&format!("data and logs are left in `{}`", folder.display()));
            return done;
        }
        fs::remove_dir_all(&folder).because(|| format!("cannot remove `{}`", folder.display()))?;
        done
    }

    async fn run_in(&self, folder: &Path) -> Result<Vec<Measured>> {
        let steps = Steps::start(folder).await?;
        let numbers = Arc::new(AtomicU64::new(1));
        let mut all = Vec::new();
        for repetition in 1..=self.repetitions {
            let rate = durable_appends_per_s(folder)?;
            tell(&format!("repetition {repetition}: {rate:.0} durable appends of 4 KiB a second, load {}", load()));
            for system in &self.systems {
                let places = Places {
                    installed: self.installed.clone(),
                    scratch: folder.join(format!("{repetition}-{}", system.name())),
                };
                all.extend(self.measure_system(system, &places, &steps, &numbers).await?);
            }
        }
        steps.process.stop().await?;
        Ok(all)
    }

    async fn measure_system(
        &self,
        system: &System,
        places: &Places,
        steps: &Steps,
        numbers: &Arc<AtomicU64>,
    ) -> Result<Vec<Measured>> {
        open_folder(&places.scratch)?;
        let first = numbers.fetch_add(1, Ordering::Relaxed);
        let running = system.start(places, &self.settings, &steps.url(), first).await?;
        let roots = running.roots();
        let mut found = Vec::new();
        for &in_flight in &self.in_flight {
            steps.forget().await?;
            let (warm_up, measure) = (self.warm_up, self.measure);
            let plan = Plan { target: running.target.clone(), in_flight, warm_up, measure };
            let watched = Watched { system: &roots, steps: steps.process.id() };
            let series = drive(plan, Arc::clone(numbers), watched).await?;
            let report = steps.report().await?;
            judge(system.name(), &series, &report)?;
            tell(&progress(system.name(), in_flight, &series));
            let (system, is_ours) = (system.name().to_owned(), system.is_ours());
            found.push(Measured { system, is_ours, in_flight, repeated: report.repeated, series });
        }
        running.stop().await?;
        fs::remove_dir_all(&places.scratch).because(|| format!("cannot remove `{}`", places.scratch.display()))?;
        Ok(found)
    }
}

/// Everybody may pass through it: PostgreSQL runs as another user below it.
fn open_folder(folder: &Path) -> Result<()> {
    let cannot = || format!("cannot make `{}`", folder.display());
    fs::create_dir_all(folder).because(cannot)?;
    fs::set_permissions(folder, Permissions::from_mode(0o711)).because(cannot)
}

/// A figure counts only if the step server saw what was acknowledged.
fn judge(system: &str, series: &Series, report: &Report) -> Result<()> {
    if report.complete < series.acknowledged || report.out_of_order > 0 {
        return Err(Trouble::new(format!(
            "`{system}` acknowledged {} runs, but {} did all their steps and {} steps came out of order",
            series.acknowledged, report.complete, report.out_of_order
        )));
    }
    if series.acknowledged == 0 {
        return Err(Trouble::new(format!("`{system}` finished no run; measure longer")));
    }
    Ok(())
}

fn progress(system: &str, in_flight: usize, series: &Series) -> String {
    let failures = match &series.first_failure {
        Some(said) => format!(", {} failed: {said}", series.failed),
        None => String::new(),
    };
    let (rate, p50, p99, cpu) = (series.runs_per_s, series.p50_ms, series.p99_ms, series.runs_per_cpu_s);
    format!(
        "  {system} at {in_flight}: {rate:.0} runs/s, p50 {p50:.1} ms, p99 {p99:.1} ms, {cpu:.0} runs/CPU-s{failures}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_says_done_without_the_steps_is_caught() {
        let series = Series { acknowledged: 10, ..Series::default() };
        let seen = |complete, out_of_order| Report { seen: 10, complete, repeated: 0, out_of_order };
        assert!(judge("x", &series, &seen(10, 0)).is_ok());
        assert!(judge("x", &series, &seen(9, 0)).is_err());
        assert!(judge("x", &series, &seen(10, 1)).is_err());
        assert!(judge("x", &Series::default(), &seen(0, 0)).is_err());
    }
}
