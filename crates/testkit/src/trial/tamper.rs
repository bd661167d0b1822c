//! Whoever stands between the engine and the steps, and lets some of them go wrong: refused for the
//! moment, done with the answer lost, refused for good. Every kind of step, by a seeded chance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenure_engine::sim::chance::Chance;
use tenure_engine::{Ended, Order, Performer};
use tenure_model::{Ending, RefusalClass};

/// How often, of a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// It is refused, and nothing is done.
    pub refused: usize,
    /// It is done, and nobody hears of it.
    pub lost: usize,
    /// It is refused for good.
    pub denied: usize,
}

/// How often it happened to one kind of step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tampered {
    /// Asked for.
    pub asked: usize,
    /// Refused for the moment.
    pub refused: usize,
    /// Done, and the answer lost.
    pub lost: usize,
    /// Refused for good.
    pub denied: usize,
}

/// What was done to whom. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<String, Tampered>>>);

impl Tally {
    /// By kind of step.
    pub fn all(&self) -> BTreeMap<String, Tampered> {
        self.lock().clone()
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut text = format!("{:<20} {:>8} {:>8} {:>8} {:>8}\n", "step", "asked", "refused", "lost", "denied");
        for (action, count) in self.all() {
            let Tampered { asked, refused, lost, denied } = count;
            // Writing to a string cannot fail.
            writeln!(text, "{action:<20} {asked:>8} {refused:>8} {lost:>8} {denied:>8}").unwrap_or_default();
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Tampered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, action: &str, count: impl FnOnce(&mut Tampered)) {
        count(self.lock().entry(action.to_owned()).or_default());
    }
}

/// Steps of which some go wrong.
pub struct Tamper<P> {
    inner: P,
    rates: Rates,
    spared: BTreeSet<&'static str>,
    chance: Mutex<Chance>,
    tally: Tally,
}

impl<P> Tamper<P> {
    /// Between the engine and these. What is `spared` is never denied.
    pub fn new(inner: P, rates: Rates, spared: impl IntoIterator<Item = &'static str>, seed: u64) -> (Self, Tally) {
        let tally = Tally::default();
        let (spared, chance) = (spared.into_iter().collect(), Mutex::new(Chance::new(seed)));
        (Self { inner, rates, spared, chance, tally: tally.clone() }, tally)
    }

    fn draw(&self) -> usize {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).below(1_000)
    }
}

impl<P: Performer> Performer for Tamper<P> {
    type Attachment = P::Attachment;

    async fn perform(&self, order: Order) -> Ended<P::Attachment> {
        let (draw, Rates { refused, lost, denied }) = (self.draw(), self.rates);
        let action = order.task.action.clone();
        self.tally.count(&action, |count| count.asked += 1);
        if draw < refused {
            self.tally.count(&action, |count| count.refused += 1);
            return no(RefusalClass::Transient, "not now, says the trial").into();
        }
        if draw < refused + lost {
            let ended = self.inner.perform(order).await;
            // Whoever was asked was asked; that is no answer that could be lost.
            if matches!(ended.ending, Ending::Asked { .. }) {
                return ended;
            }
            self.tally.count(&action, |count| count.lost += 1);
            return Ending::Unknown { message: "no answer came, says the trial".to_owned() }.into();
        }
        if draw < refused + lost + denied && !self.spared.contains(action.as_str()) {
            self.tally.count(&action, |count| count.denied += 1);
            return no(RefusalClass::Permanent, "never, says the trial").into();
        }
        self.inner.perform(order).await
    }
}

fn no(class: RefusalClass, message: &str) -> Ending {
    Ending::Refused { class, message: message.to_owned(), retry_after_ms: None }
}
