//! What the disk and the database give without an engine, in the same folder and the same minute.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tenure_model::{Clock, SystemClock};
use tenure_store::{Param, Store, StoreError};

use super::{Times, limits};

/// Appends and syncs, one after the other.
pub fn syncs(folder: &Path) -> std::io::Result<Times> {
    let clock = SystemClock::new();
    let mut file = std::fs::File::create(folder.join("bare"))?;
    let block = [7u8; limits::DISK_BYTES];
    let mut times = Vec::new();
    while clock.elapsed() < limits::DISK_TIME {
        let before = clock.elapsed();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(clock.elapsed().saturating_sub(before));
    }
    Ok(Times::new(times, clock.elapsed()))
}

/// Commits of one row, one after the other.
pub async fn commits(store: &Store) -> Result<Times, StoreError> {
    let clock = SystemClock::new();
    let mut times: Vec<Duration> = Vec::new();
    while clock.elapsed() < limits::DISK_TIME {
        let before = clock.elapsed();
        let name = format!("bare-{}", times.len());
        store
            .write(move |tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO definition (hash, name, body) VALUES ($1, $2, $3)";
                    tx.execute(sql, &[Param::from(&name), Param::from("bare"), Param::from("{}")]).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        times.push(clock.elapsed().saturating_sub(before));
    }
    Ok(Times::new(times, clock.elapsed()))
}
