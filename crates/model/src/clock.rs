//! Time and chance, as parameters.
//!
//! The only place in the product that asks the operating system for the time or for random
//! bytes. Everything else is handed a [`Clock`] and an [`Ids`]; `clippy.toml` forbids the rest.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::Id;

/// Where the time comes from.
pub trait Clock: Send + Sync + Debug {
    /// The time of day, which may jump.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, which never goes back.
    fn elapsed(&self) -> Duration;
}

/// Where new ids and secrets come from.
pub trait Ids: Send + Sync + Debug {
    /// A new UUID of version 7, later than every one before it from this source.
    fn uuid(&self) -> Uuid;
    /// Fills a buffer with bytes nobody can guess (in tests: bytes from the seed).
    fn secret(&self, bytes: &mut [u8]);
}

/// A new id of the wanted kind.
pub fn new_id<I: Id>(ids: &dyn Ids) -> I {
    I::from_uuid(ids.uuid())
}

/// The time of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts counting elapsed time now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Ids from the machine's clock and random source.
#[derive(Debug)]
pub struct SystemIds {
    clock: Arc<dyn Clock>,
    last: Mutex<Sequence>,
}

impl SystemIds {
    /// Ids that carry the time of this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new(Sequence::default()) }
    }
}

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        let mut chance = [0u8; 8];
        self.secret(&mut chance);
        let millisecond = self.clock.now().as_millisecond();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.next(millisecond, u64::from_le_bytes(chance))
    }
    #[expect(clippy::expect_used, reason = "without random bytes nothing here is safe to go on")]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for random bytes")]
    fn secret(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has no random bytes");
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct SteppedClock {
    now_us: AtomicI64,
    elapsed_us: AtomicU64,
}

impl SteppedClock {
    /// Starts at this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self { now_us: AtomicI64::new(moment.as_microsecond()), elapsed_us: AtomicU64::new(0) }
    }
    /// Lets time pass, on both clocks.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.elapsed_us.fetch_add(micros, Ordering::SeqCst);
        self.now_us.fetch_add(i64::try_from(micros).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
    /// Sets the time of day, forwards or backwards, as an operator or NTP would.
    pub fn jump_to(&self, moment: Timestamp) {
        self.now_us.store(moment.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now_us.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed_us.load(Ordering::SeqCst))
    }
}

/// Ids that are the same for the same seed. For tests and simulations only: they can be guessed.
#[derive(Debug)]
pub struct SeededIds {
    state: Mutex<(u64, Sequence)>,
}

impl SeededIds {
    /// The same seed gives the same ids in the same order.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new((seed, Sequence::default())) }
    }
}

impl Ids for SeededIds {
    fn uuid(&self) -> Uuid {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let chance = split_mix(&mut state.0);
        // A fixed millisecond: the counter alone keeps the order.
        state.1.next(1_700_000_000_000, chance)
    }
    fn secret(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            for (byte, chance) in chunk.iter_mut().zip(split_mix(&mut state.0).to_le_bytes()) {
                *byte = chance;
            }
        }
    }
}

/// The time part and counter of the last id, so that ids of one source never go back.
#[derive(Debug, Default)]
struct Sequence {
    millisecond: u64,
    count: u32,
}

impl Sequence {
    /// Layout: 48 bits milliseconds, version, 12 high bits of the counter, variant, 10 low bits
    /// of the counter, 52 bits of chance.
    fn next(&mut self, millisecond: i64, chance: u64) -> Uuid {
        const COUNT_MAX: u32 = (1 << 22) - 1;
        let millisecond = u64::try_from(millisecond).unwrap_or(0);
        if millisecond > self.millisecond {
            (self.millisecond, self.count) = (millisecond, 0);
        } else if self.count == COUNT_MAX {
            (self.millisecond, self.count) = (self.millisecond + 1, 0);
        } else {
            self.count += 1;
        }
        let count = u128::from(self.count);
        Uuid::from_u128(
            (u128::from(self.millisecond & 0xffff_ffff_ffff) << 80)
                | (7 << 76)
                | ((count >> 10) << 64)
                | (0b10 << 62)
                | ((count & 0x3ff) << 52)
                | u128::from(chance >> 12),
        )
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_source_only_go_up_even_when_the_clock_goes_back() {
        let clock = Arc::new(SteppedClock::at(Timestamp::from_second(1_800_000_000).unwrap()));
        let ids = SystemIds::new(clock.clone());
        let before = ids.uuid();
        clock.jump_to(Timestamp::from_second(1_700_000_000).unwrap());
        let after = ids.uuid();
        assert!(before < after);
        assert_eq!(after.get_version_num(), 7);
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (a, b) = (SeededIds::new(7), SeededIds::new(7));
        assert_eq!((a.uuid(), a.uuid()), (b.uuid(), b.uuid()));
        assert_ne!(SeededIds::new(8).uuid(), SeededIds::new(7).uuid());
    }
}
