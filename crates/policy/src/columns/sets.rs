//! What is asked of everybody together: entitlements that nobody may have both of, and how many
//! may have one.

use super::bits::Bits;
use super::difference::Difference;
use super::index::Index;
use super::spread::spread;
use super::terms::EntitlementName;

impl Index {
    /// Who has both of these, pair by pair, in the order of the pairs.
    pub fn with_both(&self, pairs: &[(EntitlementName, EntitlementName)]) -> Vec<Bits> {
        let both = |(one, other): &(EntitlementName, EntitlementName)| {
            let (one, other) = (self.sets_of(one), self.sets_of(other));
            let word = |sets: &[&Bits], place: usize| sets.iter().fold(0, |word, set| word | set.word(place));
            let words = (0..self.people.words()).map(|place| word(&one, place) & word(&other, place));
            Bits::from_words(words.collect())
        };
        spread(pairs.iter().collect(), both)
    }

    fn sets_of(&self, entitlement: &EntitlementName) -> Vec<&Bits> {
        self.clauses_of(entitlement).map(|clause| &clause.holds).collect()
    }

    /// Who would have both of these after a difference and has not now, for each pair of which
    /// there would be somebody.
    pub fn newly_with_both<'p>(
        &self,
        difference: &Difference,
        pairs: &'p [(EntitlementName, EntitlementName)],
    ) -> Vec<(&'p (EntitlementName, EntitlementName), Bits)> {
        let touched = |name: &EntitlementName| difference.delta(name).is_some();
        let mut found = Vec::new();
        for pair in pairs.iter().filter(|(one, other)| touched(one) || touched(other)) {
            let (one, other) = (self.who(&pair.0), self.who(&pair.1));
            let before = one.meet(&other);
            let after =
                |name, set: &Bits| difference.delta(name).map_or_else(|| set.clone(), |delta| delta.applied_to(set));
            let both = after(&pair.0, &one).meet(&after(&pair.1, &other));
            let new = both.without(&before);
            if !new.is_empty() {
                found.push((pair, new));
            }
        }
        found
    }

    /// How many would have an entitlement after a difference.
    pub fn count_after(&self, difference: &Difference, entitlement: &EntitlementName) -> usize {
        let before = self.who(entitlement);
        difference.delta(entitlement).map_or_else(|| before.count(), |delta| delta.applied_to(&before).count())
    }
}
