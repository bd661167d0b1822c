//! A system that does not answer is left alone, longer each time, and asked again by one read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_model::Clock;

use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_REST_FIRST, BREAKER_REST_MAX};

pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// Until when on the clock it is left alone, and for how long that is.
    open: Option<(Duration, Duration)>,
    trial: bool,
}

/// Whether the system may be asked.
pub(super) enum Standing<'a> {
    /// Yes.
    Closed,
    /// Not for so long.
    Open {
        /// For how long.
        wait: Duration,
    },
    /// By this one read.
    Trial(Trial<'a>),
}

/// The one read that shows whether the system is back. Given up when dropped.
pub(super) struct Trial<'a>(&'a Breaker);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.state().trial = false;
    }
}

impl Breaker {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn standing(&self) -> Standing<'_> {
        let mut state = self.state();
        let Some((until, _)) = state.open else { return Standing::Closed };
        let wait = until.saturating_sub(self.clock.elapsed());
        if !wait.is_zero() || state.trial {
            return Standing::Open { wait: wait.max(Duration::from_millis(1)) };
        }
        state.trial = true;
        Standing::Trial(Trial(self))
    }

    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.failures = 0;
        state.open = None;
    }

    pub(super) fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let rest = match state.open {
            // A call that was under way when the system was given up says nothing new.
            Some((until, _)) if until > self.clock.elapsed() => return,
            Some((_, rest)) => (rest * 2).min(BREAKER_REST_MAX),
            None if state.failures < BREAKER_FAILURES_MAX => return,
            None => BREAKER_REST_FIRST,
        };
        state.open = Some((self.clock.elapsed() + rest, rest));
    }
}
