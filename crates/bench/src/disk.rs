//! What the disk and the database give without an engine, in the same folder and the same run.

use std::io::Write as _;
use std::path::Path;
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
    let mut file = std::fs::File::create(path)?;
    let block = [7u8; limits::DISK_BYTES];
    let mut times = Vec::new();
    while clock.elapsed() < limits::DISK_TIME {
        let before = clock.elapsed();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(clock.elapsed().saturating_sub(before));
    }
    Ok(Times::new(times, clock.elapsed()).summary())
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
