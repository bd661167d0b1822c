//! So many at once, so many in a second, in two lanes, with a queue that has an end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_model::Clock;
use tokio::sync::Notify;

use super::Lane;
use super::pace::Pace;
use crate::limits::{GOVERNED_PAUSE_MAX, GOVERNED_PAUSE_USUAL};
use crate::pace::Allowance;
use crate::refusal::{Refusal, RefusalClass};

/// Tokens are counted in thousandths, so that slow paces fill up evenly.
const TOKEN: u64 = 1_000;

pub(super) struct Gate {
    clock: Arc<dyn Clock>,
    pace: Pace,
    state: Mutex<State>,
    changed: Notify,
}

/// Every time is the one that has passed on the clock.
#[derive(Debug)]
struct State {
    in_flight: u32,
    waiting_urgent: usize,
    waiting_ordinary: usize,
    tokens: u64,
    filled_at: Duration,
    paused_until: Option<Duration>,
    ordinary_until: Option<Duration>,
}

/// The right to make one call. It is given back when dropped.
pub(super) struct Pass<'a>(&'a Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_waiters();
    }
}

/// A caller who waits, until it is dropped.
struct Waiting<'a>(&'a Gate, Lane);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.state().waiting(self.1) -= 1;
        self.0.changed.notify_waiters();
    }
}

impl State {
    fn waiting(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Urgent => &mut self.waiting_urgent,
            Lane::Ordinary => &mut self.waiting_ordinary,
        }
    }

    fn fill(&mut self, per_second: u32, now: Duration) {
        let passed = u64::try_from(now.saturating_sub(self.filled_at).as_millis()).unwrap_or(u64::MAX);
        let full = u64::from(per_second) * TOKEN;
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(u64::from(per_second))).min(full);
        self.filled_at = now;
    }
}

impl Gate {
    pub(super) fn new(pace: Pace, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            in_flight: 0,
            waiting_urgent: 0,
            waiting_ordinary: 0,
            tokens: u64::from(pace.per_second_max.unwrap_or_default()) * TOKEN,
            filled_at: clock.elapsed(),
            paused_until: None,
            ordinary_until: None,
        };
        Self { clock, pace, state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, unless too many wait already or it takes too long.
    pub(super) async fn enter(&self, lane: Lane) -> Result<Pass<'_>, Refusal> {
        let _waiting = self.queue(lane)?;
        let deadline = self.clock.elapsed() + self.pace.wait_max;
        loop {
            // Listened to before looking, or a change between the two would be missed.
            let changed = self.changed.notified();
            let again = match self.admit(lane, self.clock.elapsed()) {
                Ok(pass) => return Ok(pass),
                Err(Some(at)) if at > deadline => {
                    let wait = at.saturating_sub(self.clock.elapsed());
                    return Err(busy("the system asks us to wait").after(wait));
                }
                Err(at) => at.unwrap_or(deadline),
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(again.saturating_sub(self.clock.elapsed())) => {
                    if again == deadline {
                        return Err(busy("all our requests to the system are in use"));
                    }
                }
            }
        }
    }

    fn queue(&self, lane: Lane) -> Result<Waiting<'_>, Refusal> {
        let mut state = self.state();
        let waiting = state.waiting(lane);
        if *waiting >= self.pace.queue_max {
            return Err(busy("too many requests to the system wait already"));
        }
        *waiting += 1;
        drop(state);
        Ok(Waiting(self, lane))
    }

    /// A pass, or when to look again; none for when something changes.
    fn admit(&self, lane: Lane, now: Duration) -> Result<Pass<'_>, Option<Duration>> {
        let pace = &self.pace;
        let mut state = self.state();
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        let (slots_kept, tokens_kept) = match lane {
            Lane::Urgent => (0, 0),
            Lane::Ordinary => {
                if let Some(until) = state.ordinary_until.filter(|until| *until > now) {
                    return Err(Some(until));
                }
                if state.waiting_urgent > 0 {
                    return Err(None);
                }
                (pace.at_once_reserved, pace.per_second_reserved)
            }
        };
        if state.in_flight + slots_kept >= pace.at_once_max {
            return Err(None);
        }
        if let Some(per_second) = pace.per_second_max {
            state.fill(per_second, now);
            let needed = u64::from(tokens_kept + 1) * TOKEN;
            if state.tokens < needed {
                let short = (needed - state.tokens).div_ceil(u64::from(per_second));
                return Err(Some(now + Duration::from_millis(short)));
            }
            state.tokens -= TOKEN;
        }
        state.in_flight += 1;
        Ok(Pass(self))
    }

    /// Lets nobody in until the system wants to hear from us again.
    pub(super) fn pause(&self, wait: Option<Duration>) {
        let until = self.clock.elapsed() + wait.unwrap_or(GOVERNED_PAUSE_USUAL).min(GOVERNED_PAUSE_MAX);
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// Keeps to what the system last said is left: the last share is for what takes access away.
    pub(super) fn allow(&self, allowance: &Allowance, renews_in: Duration) {
        let until = self.clock.elapsed() + renews_in.min(GOVERNED_PAUSE_MAX);
        let kept = super::pace::Pace::share(allowance.requests);
        let mut state = self.state();
        state.ordinary_until = (allowance.left <= kept).then_some(until);
        if allowance.left == 0 {
            state.paused_until = state.paused_until.max(Some(until));
        }
    }
}

fn busy(why: &str) -> Refusal {
    Refusal::new(RefusalClass::Rate, format!("{why}; try again later"))
}
