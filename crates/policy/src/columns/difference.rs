//! Who gains and who loses what.

use std::collections::BTreeMap;

use super::bits::{Bits, rows_of};
use super::terms::EntitlementName;

/// Who gains and who loses what, by entitlement. Nobody is named: rows are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Only entitlements of which something changes, in their order.
    pub deltas: Vec<Delta>,
}

/// Who gains and who loses one entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// What.
    pub entitlement: EntitlementName,
    /// The word, who gains, who loses.
    words: Vec<(usize, u64, u64)>,
}

impl Delta {
    pub(super) fn new(entitlement: EntitlementName) -> Self {
        Self { entitlement, words: Vec::new() }
    }

    /// Notes one word before and after.
    pub(super) fn note(&mut self, place: usize, before: u64, after: u64) {
        if before != after {
            self.words.push((place, after & !before, before & !after));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many gain it.
    pub fn gain_count(&self) -> usize {
        self.words.iter().map(|(_, gains, _)| gains.count_ones() as usize).sum()
    }

    /// How many lose it.
    pub fn loss_count(&self) -> usize {
        self.words.iter().map(|(_, _, losses)| losses.count_ones() as usize).sum()
    }

    /// Who gains it.
    pub fn gains(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().flat_map(|(place, gains, _)| rows_of(*place, *gains))
    }

    /// Who loses it.
    pub fn losses(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().flat_map(|(place, _, losses)| rows_of(*place, *losses))
    }

    /// Who has it afterwards, of those who had it before.
    pub(super) fn applied_to(&self, before: &Bits) -> Bits {
        let mut after = before.clone();
        for (place, gains, losses) in &self.words {
            after.set_word(*place, (after.word(*place) | gains) & !losses);
        }
        after
    }
}

impl Difference {
    pub(super) fn of(deltas: BTreeMap<EntitlementName, Delta>) -> Self {
        Self { deltas: deltas.into_values().filter(|delta| !delta.is_empty()).collect() }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// How many things are gained and how many lost, each person and entitlement counted.
    pub fn counts(&self) -> (usize, usize) {
        let sum = |(gains, losses), delta: &Delta| (gains + delta.gain_count(), losses + delta.loss_count());
        self.deltas.iter().fold((0, 0), sum)
    }

    /// Everybody who gains something, and everybody who loses something.
    pub fn people(&self) -> (Bits, Bits) {
        let (mut gain, mut lose) = (Bits::default(), Bits::default());
        for (place, gains, losses) in self.deltas.iter().flat_map(|delta| &delta.words) {
            gain.set_word(*place, gain.word(*place) | gains);
            lose.set_word(*place, lose.word(*place) | losses);
        }
        (gain, lose)
    }

    /// What changes of this entitlement.
    pub fn delta(&self, entitlement: &EntitlementName) -> Option<&Delta> {
        let at = self.deltas.binary_search_by(|delta| delta.entitlement.cmp(entitlement)).ok()?;
        self.deltas.get(at)
    }
}
