//! How fast a connection may go.

use std::time::Duration;

use crate::description::Description;
use crate::limits::{GOVERNED_QUEUE_MAX, GOVERNED_RESERVED_PERCENT, GOVERNED_WAIT_MAX};

/// How fast a connection may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Requests in flight.
    pub at_once_max: u32,
    /// Of them kept free for what takes access away.
    pub at_once_reserved: u32,
    /// Requests in a second; as many as it takes if none.
    pub per_second_max: Option<u32>,
    /// Of them kept free for what takes access away.
    pub per_second_reserved: u32,
    /// Callers who wait, of each lane; the next one is turned away.
    pub queue_max: usize,
    /// How long a caller waits before it is turned away.
    pub wait_max: Duration,
}

impl Pace {
    /// The pace that a description asks for.
    pub fn of(description: &Description) -> Self {
        let limits = &description.limits;
        let at_once_max = limits.requests_at_once_max.max(1);
        Self {
            at_once_max,
            at_once_reserved: reserved(at_once_max),
            per_second_max: limits.requests_per_second_max.map(|most| most.max(1)),
            per_second_reserved: limits.requests_per_second_max.map_or(0, reserved),
            queue_max: GOVERNED_QUEUE_MAX,
            wait_max: GOVERNED_WAIT_MAX,
        }
    }

    /// The same, with so many requests in a second and so many at once, where that is said.
    pub fn with(self, per_second: Option<u32>, at_once: Option<u32>) -> Self {
        let per_second_max = per_second.or(self.per_second_max).map(|most| most.max(1));
        let at_once_max = at_once.unwrap_or(self.at_once_max).max(1);
        Self {
            at_once_max,
            at_once_reserved: reserved(at_once_max),
            per_second_max,
            per_second_reserved: per_second_max.map_or(0, reserved),
            ..self
        }
    }

    /// Of so many requests, how many are kept free for what takes access away.
    pub(super) fn share(requests: u32) -> u32 {
        reserved(requests)
    }
}

/// The share that is kept free; none where it would leave nothing.
fn reserved(most: u32) -> u32 {
    if most < 2 { 0 } else { (most * GOVERNED_RESERVED_PERCENT / 100).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_reserved_and_something_is_always_left() {
        assert_eq!([0, 1, 2, 5, 10, 64].map(reserved), [0, 0, 1, 1, 2, 12]);
    }
}
