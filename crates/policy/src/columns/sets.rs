//! What is asked of everybody together: entitlements that nobody may have both of, and how many
//! may have one.

use std::collections::BTreeMap;

use super::bits::Bits;
use super::difference::Difference;
use super::index::Index;
use super::terms::EntitlementName;

impl Index {
    /// Who has both of these, pair by pair, in the order of the pairs.
    pub fn with_both(&self, pairs: &[(EntitlementName, EntitlementName)]) -> Vec<Bits> {
        let mut known: BTreeMap<&EntitlementName, Bits> = BTreeMap::new();
        for name in pairs.iter().flat_map(|(one, other)| [one, other]) {
            if !known.contains_key(name) {
                known.insert(name, self.who(name));
            }
        }
        let both = |(one, other): &(EntitlementName, EntitlementName)| match (known.get(one), known.get(other)) {
            (Some(one), Some(other)) => one.meet(other),
            _ => Bits::default(),
        };
        pairs.iter().map(both).collect()
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
