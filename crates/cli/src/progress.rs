//! A line that tells what we wait for, when it takes longer than a second and somebody watches.

use std::future::Future;
use std::time::Duration;

use crate::limits::PROGRESS_AFTER;
use crate::output::{Output, talk};

const EVERY: Duration = Duration::from_millis(500);
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// Waits for something and says so.
pub async fn during<T>(output: &Output, what: &str, work: impl Future<Output = T>) -> T {
    if !output.shows_progress() {
        return work.await;
    }
    tokio::pin!(work);
    let mut waited = PROGRESS_AFTER;
    if let Ok(done) = tokio::time::timeout(PROGRESS_AFTER, &mut work).await {
        return done;
    }
    loop {
        talk(&format!("{CLEAR_LINE}{what} … {} s", waited.as_secs()));
        if let Ok(done) = tokio::time::timeout(EVERY, &mut work).await {
            talk(CLEAR_LINE);
            return done;
        }
        waited += EVERY;
    }
}
