//! The clock of the machine, which a trial may put forward.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_model::{Clock, SystemClock};

/// The clock of the machine, and how far it was put forward.
#[derive(Debug, Default)]
pub struct ForwardClock {
    machine: SystemClock,
    by: Mutex<SignedDuration>,
}

impl ForwardClock {
    /// It is this moment now; never earlier than it was.
    pub fn put_forward_to(&self, moment: Timestamp) {
        let ahead = moment.duration_since(self.machine.now());
        let mut by = self.by.lock().unwrap_or_else(PoisonError::into_inner);
        *by = ahead.max(*by);
    }
}

impl Clock for ForwardClock {
    fn now(&self) -> Timestamp {
        let by = *self.by.lock().unwrap_or_else(PoisonError::into_inner);
        self.machine.now().checked_add(by).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.machine.elapsed()
    }
}
