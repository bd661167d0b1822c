//! Whether the columns say what Cedar says, and what the plan for one person says.

use std::collections::BTreeSet;
use std::time::Duration;

use tenure_model::{Clock as _, Reason, SystemClock};
use tenure_policy::columns::{EntitlementName, Index};
use tenure_policy::plan::{Rules, plan};

use super::Bed;
use super::company::{Chance, now};
use crate::figure::{Goal, Unit};
use crate::limits;
use crate::times::{Times, count};
use crate::trouble::{Because as _, Trouble};

impl Bed<'_> {
    /// Holds a sample against both.
    pub(super) fn compare(&mut self, index: &Index) -> Result<(), Trouble> {
        self.cedar(index)?;
        self.plans(index)
    }

    /// Half of the sample is of what somebody has, so that it is not a million times no.
    fn cedar(&mut self, index: &Index) -> Result<(), Trouble> {
        let start = SystemClock::new();
        let cedar = index.cedar().because(|| "the rules cannot be made into policies".to_owned())?;
        let (policies, beforehand) = cedar.counts();
        self.figure("Cedar", "policies", count(policies), Unit::Count, None);
        self.figure("Cedar", "parts of conditions that it cannot say", count(beforehand), Unit::Count, None);
        self.figure("Cedar", "made and validated", start.elapsed().as_secs_f64(), Unit::Seconds, None);
        let given: Vec<EntitlementName> = index.entitlements().cloned().collect();
        let mut chance = Chance::of(self.options.seed, 7, 0);
        let (mut differ, mut yes, mut times) = (0_usize, 0_usize, Vec::new());
        let mut asked = 0;
        while asked < self.options.samples {
            let number = chance.below(self.options.people);
            let facts = self.company.person(number, self.moved.get(&number).copied());
            let has: BTreeSet<&EntitlementName> = index.has(facts.person.id);
            let held: Vec<&EntitlementName> = has.iter().copied().collect();
            for turn in 0..limits::WHATIF_ASKED_OF_EACH.min(self.options.samples - asked) {
                let of_held = turn % 2 == 0 && !held.is_empty();
                let name = if of_held {
                    held.get(chance.place(held.len())).copied()
                } else {
                    given.get(chance.place(given.len()))
                };
                let Some(name) = name else { continue };
                let start = SystemClock::new();
                let decided =
                    cedar.decide(&facts, name, now()).because(|| format!("Cedar cannot decide about {name}"))?;
                times.push(start.elapsed());
                differ += usize::from(decided.given != has.contains(name));
                yes += usize::from(decided.given);
            }
            asked += limits::WHATIF_ASKED_OF_EACH;
        }
        let workload = format!("{} decisions of Cedar", times.len());
        self.figure(&workload, "given", count(yes), Unit::Count, None);
        self.figure(&workload, "other than the columns say", count(differ), Unit::Count, Some(Goal::Below(1.0)));
        let summary = Times::new(times, Duration::ZERO).summary();
        self.figure(&workload, "p50", summary.p50_ms, Unit::Milliseconds, None);
        self.figure(&workload, "p99", summary.p99_ms, Unit::Milliseconds, None);
        Ok(())
    }

    fn plans(&mut self, index: &Index) -> Result<(), Trouble> {
        let rules = Rules { roles: self.rules()?, ..Rules::default() };
        let mut chance = Chance::of(self.options.seed, 8, 0);
        let (mut differ, mut asked) = (0_usize, 0_usize);
        for _ in 0..limits::WHATIF_PLANS {
            let number = chance.below(self.options.people);
            let facts = self.company.person(number, self.moved.get(&number).copied());
            let desired = plan(&facts, &rules, now()).desired.into_iter();
            let by_right = desired.filter(|wish| matches!(wish.reason, Reason::Birthright { .. }));
            let wanted: BTreeSet<EntitlementName> = by_right
                .map(|wish| EntitlementName { connection: wish.connection, entitlement: wish.entitlement })
                .collect();
            let has: BTreeSet<EntitlementName> = index.has(facts.person.id).into_iter().cloned().collect();
            differ += wanted.symmetric_difference(&has).count();
            asked += wanted.len();
        }
        let workload = format!("plans for {} people, each alone", limits::WHATIF_PLANS);
        self.figure(&workload, "given", count(asked), Unit::Count, None);
        self.figure(&workload, "other than the columns say", count(differ), Unit::Count, Some(Goal::Below(1.0)));
        Ok(())
    }
}
