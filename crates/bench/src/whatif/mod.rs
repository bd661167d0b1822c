//! What would change, for everybody: how fast the column engine answers for a large company.
//!
//! It is the engine of the product with people and rules made up from a seed. Nothing is stored
//! and no system is asked. At the end a sample of its answers is held against Cedar and against
//! the plan for one person.

mod company;
mod equal;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Duration;

use jiff::ToSpan as _;
use tenure_model::{Clock as _, Name, SystemClock};
use tenure_policy::columns::{Edit, EntitlementName, Index, Intake, Terms, of_role};
use tenure_policy::role::Role;

use crate::figure::{Figure, Goal, Unit};
use crate::measure::News;
use crate::times::{Times, count};
use crate::trouble::{Because as _, Trouble};
use crate::{limits, process};
use company::{Chance, Company, now};

/// How large the company is, and how much of it is tried.
#[derive(Debug, Clone)]
pub struct WhatIf {
    /// People.
    pub people: u64,
    /// Rules.
    pub rules: u64,
    /// Entitlements.
    pub entitlements: usize,
    /// Edits of rules.
    pub edits: usize,
    /// Decisions that are held against Cedar.
    pub samples: usize,
    /// What everything is made from.
    pub seed: u64,
}

/// Measures it.
pub fn what_if(options: &WhatIf, tell: &mut dyn FnMut(News<'_>)) -> Result<Vec<Figure>, Trouble> {
    let (load, cores) = process::load();
    let mut bed = Bed::new(options, tell);
    bed.doing(&format!(
        "{cores} cores, load {load}; {} people with 12 attributes, {} rules, {} entitlements, seed {}",
        options.people, options.rules, options.entitlements, options.seed
    ));
    let mut index = bed.build()?;
    bed.describe(&index)?;
    bed.edit_rules(&mut index)?;
    bed.change_people(&mut index);
    bed.reorganise(&mut index);
    bed.ask_all(&mut index)?;
    let memory = process::peak_mib(std::process::id());
    bed.figure("everything so far", "most memory", memory, Unit::Mebibytes, Some(Goal::Below(limits::GOAL_WHATIF_MIB)));
    bed.compare(&index)?;
    Ok(bed.figures)
}

/// What is measured, and what came out of it.
struct Bed<'a> {
    options: &'a WhatIf,
    company: Company,
    /// The version of each rule that is in force.
    versions: BTreeMap<u64, u64>,
    /// Who moved to which department.
    moved: BTreeMap<u64, u64>,
    figures: Vec<Figure>,
    tell: &'a mut dyn FnMut(News<'_>),
}

/// When something is made up, the time for that is not the engine's.
struct Making(Cell<Duration>);

impl Making {
    fn time<T>(&self, make: impl FnOnce() -> T) -> T {
        let start = SystemClock::new();
        let made = make();
        self.0.set(self.0.get() + start.elapsed());
        made
    }
}

impl<'a> Bed<'a> {
    fn new(options: &'a WhatIf, tell: &'a mut dyn FnMut(News<'_>)) -> Self {
        let company = Company { seed: options.seed, entitlements: options.entitlements };
        let versions = (0..options.rules).map(|number| (number, 0)).collect();
        Self { options, company, versions, moved: BTreeMap::new(), figures: Vec::new(), tell }
    }

    fn doing(&mut self, what: &str) {
        (self.tell)(News::Doing(what));
    }

    fn figure(&mut self, workload: &str, what: &str, value: f64, unit: Unit, goal: Option<Goal>) {
        let figure = Figure::new("columns", workload, what, value, unit, goal);
        (self.tell)(News::Figure(&figure));
        self.figures.push(figure);
    }

    fn times(&mut self, workload: &str, times: Vec<Duration>, p99_goal_ms: Option<f64>) {
        let summary = Times::new(times, Duration::ZERO).summary();
        self.figure(workload, "p50", summary.p50_ms, Unit::Milliseconds, None);
        self.figure(workload, "p99", summary.p99_ms, Unit::Milliseconds, p99_goal_ms.map(Goal::Below));
        self.figure(workload, "most", summary.most_ms, Unit::Milliseconds, None);
    }

    /// Every rule as it is in force.
    fn rules(&self) -> Result<Vec<Role>, Trouble> {
        self.versions.iter().map(|(number, version)| self.company.rule(*number, *version)).collect()
    }

    fn build(&mut self) -> Result<Index, Trouble> {
        let rules: BTreeMap<Name, Vec<Terms>> =
            self.rules()?.into_iter().map(|role| (role.name.clone(), of_role(&role))).collect();
        let making = Making(Cell::new(Duration::ZERO));
        let start = SystemClock::new();
        let mut intake = Intake::begin(&rules, BTreeSet::new(), now());
        let numbers: Vec<u64> = (0..self.options.people).collect();
        for page in numbers.chunks(limits::WHATIF_PAGE) {
            let people: Vec<_> = making.time(|| page.iter().map(|number| self.company.person(*number, None)).collect());
            intake.add(&people);
            making.time(|| drop(people));
        }
        let taken_in = start.elapsed().saturating_sub(making.0.get());
        let start = SystemClock::new();
        let index = intake.finish(&rules);
        let asked = start.elapsed();
        if let Some((role, why)) = index.beyond().iter().next() {
            return Err(Trouble::new(format!("rule {role} cannot be asked of everybody: {why}")));
        }
        self.figure("cold build", "people into columns", taken_in.as_secs_f64(), Unit::Seconds, None);
        self.figure("cold build", "every rule asked of everybody", asked.as_secs_f64(), Unit::Seconds, None);
        let goal = Some(Goal::Below(limits::GOAL_WHATIF_BUILD_S));
        self.figure("cold build", "together", (taken_in + asked).as_secs_f64(), Unit::Seconds, goal);
        Ok(index)
    }

    /// How much there is, so that nobody takes an easy company for a hard one.
    fn describe(&mut self, index: &Index) -> Result<(), Trouble> {
        let mut held = 0;
        for number in 0..self.options.entitlements {
            held += index.who(&Company::entitlement(number)?).count();
        }
        let people = count(index.len()).max(1.0);
        self.figure("company", "entitlements for each person", count(held) / people, Unit::Count, None);
        Ok(())
    }

    fn edit_rules(&mut self, index: &mut Index) -> Result<(), Trouble> {
        let mut chance = Chance::of(self.options.seed, 4, 0);
        let (mut tried, mut set, mut changed) = (Vec::new(), Vec::new(), 0_usize);
        for edit in 0..self.options.edits {
            let number = chance.below(self.options.rules);
            let version = 1 + edit as u64;
            let role = self.company.rule(number, version)?;
            // Now and then a rule goes altogether, or comes back.
            let terms = if edit % 25 == 24 { Vec::new() } else { of_role(&role) };
            let gone = terms.is_empty();
            let edit: Edit = [(role.name.clone(), terms)].into();
            let start = SystemClock::new();
            let difference = index.what_if(&edit).because(|| "a rule cannot be asked of everybody".to_owned())?;
            let (gains, losses) = difference.counts();
            let (gain, lose) = difference.people();
            black_box((gain.count(), lose.count()));
            tried.push(start.elapsed());
            changed += gains + losses;
            if !gone && tried.len().is_multiple_of(5) {
                let start = SystemClock::new();
                black_box(index.set(&edit).because(|| "a rule cannot be asked of everybody".to_owned())?.is_empty());
                set.push(start.elapsed());
                self.versions.insert(number, version);
            }
        }
        let each = count(changed) / count(self.options.edits).max(1.0);
        self.figure("a rule is edited, what if", "changes found for each edit", each, Unit::Count, None);
        self.times("a rule is edited, what if", tried, Some(limits::GOAL_WHATIF_EDIT_MS));
        self.times("a rule is edited and kept", set, None);
        Ok(())
    }

    fn change_people(&mut self, index: &mut Index) {
        let mut chance = Chance::of(self.options.seed, 5, 0);
        let mut times = Vec::new();
        for _ in 0..limits::WHATIF_MOVES.min(usize::try_from(self.options.people).unwrap_or(usize::MAX)) {
            let number = chance.below(self.options.people);
            let department = self.company.other_department(number);
            let facts = self.company.person(number, Some(department));
            let start = SystemClock::new();
            black_box(index.put(&facts).is_empty());
            times.push(start.elapsed());
            self.moved.insert(number, department);
        }
        self.times("one person moves", times, None);
    }

    fn reorganise(&mut self, index: &mut Index) {
        let moves = self.options.people / 10;
        let making = Making(Cell::new(Duration::ZERO));
        let start = SystemClock::new();
        // Every tenth moves to the department of another.
        let all = (0..moves).map(|number| {
            making.time(|| self.company.person(number * 10, Some(self.company.other_department(number + 1))))
        });
        let difference = index.put_all(all);
        let took = start.elapsed().saturating_sub(making.0.get());
        self.moved.extend((0..moves).map(|number| (number * 10, self.company.other_department(number + 1))));
        let workload = format!("{moves} people change department at once");
        let (gains, losses) = difference.counts();
        self.figure(&workload, "changes found", count(gains + losses), Unit::Count, None);
        let goal = Some(Goal::Below(limits::GOAL_WHATIF_REORGANISATION_S));
        self.figure(&workload, "time", took.as_secs_f64(), Unit::Seconds, goal);
    }

    /// Pairs that nobody may have both of, who has something, the next day, and what would explain it.
    fn ask_all(&mut self, index: &mut Index) -> Result<(), Trouble> {
        let mut chance = Chance::of(self.options.seed, 6, 0);
        let any = |chance: &mut Chance| Company::entitlement(chance.place(self.options.entitlements));
        let mut pairs: Vec<(EntitlementName, EntitlementName)> = Vec::new();
        for _ in 0..limits::WHATIF_PAIRS {
            pairs.push((any(&mut chance)?, any(&mut chance)?));
        }
        let asked = pairs.first().map(|(one, _)| one.clone());
        let start = SystemClock::new();
        let both: usize = index.with_both(&pairs).iter().map(tenure_policy::columns::Bits::count).sum();
        let took = start.elapsed();
        let workload = format!("{} pairs that nobody may have both of", pairs.len());
        self.figure(&workload, "found", count(both), Unit::Count, None);
        let goal = Some(Goal::Below(limits::GOAL_WHATIF_PAIRS_MS));
        self.figure(&workload, "time", took.as_secs_f64() * 1e3, Unit::Milliseconds, goal);
        let Some(asked) = asked else { return Ok(()) };
        let start = SystemClock::new();
        let holders = index.who(&asked);
        self.figure("who has one entitlement", "time", start.elapsed().as_secs_f64() * 1e3, Unit::Milliseconds, None);
        let start = SystemClock::new();
        black_box(index.mine(&holders).len());
        self.figure(
            "rules that would explain one",
            "time",
            start.elapsed().as_secs_f64() * 1e3,
            Unit::Milliseconds,
            None,
        );
        let start = SystemClock::new();
        let tomorrow = index.forecast(now() + 24.hours());
        self.figure(
            "what the next day changes by itself",
            "time",
            start.elapsed().as_secs_f64() * 1e3,
            Unit::Milliseconds,
            None,
        );
        let (gains, losses) = tomorrow.counts();
        self.figure("what the next day changes by itself", "changes found", count(gains + losses), Unit::Count, None);
        Ok(())
    }
}
