//! What the disk and the database give without an engine, in the same folder and the same run.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tenure_engine::journal::Definition;
use tenure_model::{Clock, SystemClock};
use tenure_store::journal::define;
use tenure_store::{Store, StoreError};

use crate::limits;
use crate::times::{Summary, Times};
use crate::trouble::{Because, Trouble};

/// Appends and syncs, one after the other.
pub fn syncs(folder: &Path) -> Result<Summary, Trouble> {
    let path = folder.join("bare");
    let measured = append(&path).because(|| format!("cannot write to `{}`", path.display()));
    std::fs::remove_file(&path).ok();
    measured
}

fn append(path: &Path) -> std::io::Result<Summary> {
    let clock = SystemClock::new();
    let mut file = File::create(path)?;
    let mut times = Vec::new();
    while clock.elapsed() < limits::DISK_TIME {
        times.push(sync(&mut file, &clock)?);
    }
    Ok(Times::new(times, clock.elapsed()).summary())
}

fn sync(file: &mut File, clock: &SystemClock) -> std::io::Result<Duration> {
    let before = clock.elapsed();
    file.write_all(&[7u8; limits::DISK_BYTES])?;
    file.sync_data()?;
    Ok(clock.elapsed().saturating_sub(before))
}

/// Now and then a sync of a file of its own, beside whatever else is done, until it is dropped: a
/// stall of the disk is seen here too, one of the engine is not.
pub struct Beside {
    path: PathBuf,
    times: Receiver<std::io::Result<Duration>>,
}

impl Beside {
    /// Begins.
    pub fn start(folder: &Path) -> Result<Self, Trouble> {
        let path = folder.join("beside");
        let mut file = File::create(&path).because(|| format!("cannot write to `{}`", path.display()))?;
        let (tell, times) = channel();
        std::thread::spawn(move || {
            let clock = SystemClock::new();
            while tell.send(sync(&mut file, &clock)).is_ok() {
                std::thread::park_timeout(limits::BESIDE_EVERY);
            }
        });
        Ok(Self { path, times })
    }

    /// Those since the last call, in this long.
    pub fn take(&self, took: Duration) -> Result<Summary, Trouble> {
        let times: std::io::Result<Vec<Duration>> = self.times.try_iter().collect();
        let times = times.because(|| format!("cannot write to `{}`", self.path.display()))?;
        Ok(Times::new(times, took).summary())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

/// Commits of one row, one after the other.
pub async fn commits(store: &Store) -> Result<Summary, Trouble> {
    let clock = SystemClock::new();
    let mut times: Vec<Duration> = Vec::new();
    while clock.elapsed() < limits::DISK_TIME {
        let before = clock.elapsed();
        let (hash, at) = (format!("bare-{}", times.len()), before.as_nanos());
        let row = Definition { hash, name: "bare".to_owned(), body: format!("{{\"at\":{at}}}") };
        let written: Result<(), StoreError> =
            store.write(move |tx| Box::pin(async move { define(tx, vec![row]).await })).await;
        written.because(|| "cannot write a row".to_owned())?;
        times.push(clock.elapsed().saturating_sub(before));
    }
    Ok(Times::new(times, clock.elapsed()).summary())
}
