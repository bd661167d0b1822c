//! Work on many things at once, on as many processors as there are.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::limits::COLUMN_WORKERS_MAX;

/// How many things are worked on at once.
pub(super) fn workers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).min(COLUMN_WORKERS_MAX)
}

/// Works on each of these, and gives what came of each, in their order.
pub(super) fn spread<T, R>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R>
where
    T: Send,
    R: Send,
{
    let workers = workers().min(things.len());
    if workers < 2 {
        return things.into_iter().map(work).collect();
    }
    let queue = Mutex::new(things.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let one = || std::iter::from_fn(next).map(|(number, thing)| (number, work(thing))).collect::<Vec<_>>();
    let mut all = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().name("columns".to_owned()).spawn_scoped(scope, one);
        // Where no thread is to be had, those that are there do it all.
        let others: Vec<_> = (1..workers).map(spawn).filter_map(Result::ok).collect();
        let mut all = one();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_worked_on_once_and_the_order_stays() {
        for count in [0, 1, 2, 1_000] {
            let doubled = spread((0..count).collect(), |number| number * 2);
            assert_eq!(doubled, (0..count).map(|number| number * 2).collect::<Vec<u64>>());
        }
    }

    #[test]
    #[should_panic(expected = "the seventh")]
    fn what_goes_wrong_in_one_goes_wrong_in_all() {
        spread((0..100).collect(), |number| assert!(number != 7, "the seventh"));
    }
}
