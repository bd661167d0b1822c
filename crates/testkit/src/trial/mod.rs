//! Trials of a whole house: real targets that are filled, steps that are tampered with, and a count
//! at the end by the targets' own clients. Each trial is a program in `src/bin`.

pub mod clock;
pub mod desk;
pub mod tamper;

use std::path::Path;
use std::time::Duration;

use tenure_engine::journal::RunRow;
use tenure_model::RunId;
use tenure_server::house::Opened;
use tenure_store::StoreError;
use tenure_store::runs::{Pulse, RunFilter, list, pulse};

/// Why a trial could not be held, or what it found.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

const LOOK: Duration = Duration::from_millis(100);
const PAGE: usize = 500;
/// Looks in a row that see the same: on a machine that is busy a look can come before the next step.
const QUIET_LOOKS: u128 = QUIET.as_millis() / LOOK.as_millis();

/// For how long [`until_quiet`] watches that nothing happens any more; it is no part of what it took.
pub const QUIET: Duration = Duration::from_secs(3);

/// Waits until nothing is left to do, timers aside; `each` is told how it stands, and says whether it
/// did something itself.
pub async fn until_quiet(
    opened: &Opened,
    patience: Duration,
    mut each: impl AsyncFnMut(&Pulse) -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let (mut quiet, mut last) = (0_u128, None);
    for _ in 0..patience.as_millis() / LOOK.as_millis() {
        tokio::time::sleep(LOOK).await;
        let now: Pulse = opened.house.store.read(|tx| Box::pin(async move { pulse(tx).await })).await?;
        let did = each(&now).await?;
        let rests = !did && now.letters == 0 && now.running == 0 && last.as_ref() == Some(&now);
        quiet = if rests { quiet + 1 } else { 0 };
        if quiet >= QUIET_LOOKS {
            return Ok(());
        }
        last = Some(now);
    }
    Err(format!("it took longer than {patience:?}: {last:?}").into())
}

/// Makes the folders of a house, and its settings, on this database or on a file of its own.
pub fn furnish(folder: &Path, database: Option<&str>, log_level: &str) -> std::io::Result<()> {
    let at = |name: &str| folder.join(name).display().to_string();
    for part in ["estate", "feed"] {
        std::fs::create_dir(folder.join(part))?;
    }
    let database = database.map_or_else(|| format!("sqlite:{}", at("tenure.db")), str::to_owned);
    let settings = format!(
        "listen = \"127.0.0.1:0\"\n[database]\nurl = \"{database}\"\n[estate]\nfolder = \"{}\"\n[data]\nfolder = \
         \"{}\"\n[log]\nlevel = \"{log_level}\"\n[calls]\ninternal = \"127.0.0.1\"\n",
        at("estate"),
        at("data")
    );
    std::fs::write(at("tenure.toml"), settings)
}

/// Every run of this kind.
pub async fn runs(opened: &Opened, filter: RunFilter) -> Result<Vec<RunRow>, Trouble> {
    let (mut all, mut before): (Vec<RunRow>, Option<RunId>) = (Vec::new(), None);
    loop {
        let filter = filter.clone();
        let job = opened.house.store.read(move |tx| Box::pin(async move { list(tx, &filter, before, PAGE).await }));
        let page = job.await.map_err(|error: StoreError| error)?;
        before = page.last().map(|row| row.id);
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// What this process used of the processors, its children left out.
pub fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default().to_owned();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process ever had, in MiB.
pub fn peak_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A count as a number to reckon with.
pub fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
