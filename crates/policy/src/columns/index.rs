//! Everybody and every rule, ready to be asked together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use tenure_model::{Id as _, Name, PersonId};

use super::bits::Bits;
use super::difference::{Delta, Difference};
use super::formula::{Formula, Maker, Plan, all};
use super::people::{NotKept, People};
use super::questions::Questions;
use super::spread::{spread, workers};
use super::terms::{EntitlementName, Terms};
use crate::expression::{Expression, Truth};
use crate::plan::PersonFacts;

/// Everybody and every rule.
///
/// It holds what birthrights come to from facts alone, at [`Index::now`]. What was asked for, what
/// is kept by grace, and what a system really says are beyond it: [`crate::plan()`] knows these.
#[derive(Debug)]
pub struct Index {
    pub(super) people: People,
    pub(super) questions: Questions,
    pub(super) clauses: Vec<Option<Clause>>,
    pub(super) entitlements: Vec<EntitlementName>,
    numbers: HashMap<EntitlementName, usize>,
    /// Which clauses give an entitlement.
    pub(super) given_by: Vec<Vec<usize>>,
    /// Which clauses look at a column.
    pub(super) readers: HashMap<usize, BTreeSet<usize>>,
    roles: BTreeMap<Name, Vec<usize>>,
    beyond: BTreeMap<Name, NotKept>,
    pub(super) now: Timestamp,
}

/// The terms of a rule over the columns.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) terms: Terms,
    pub(super) formula: Formula,
    pub(super) plan: Plan,
    /// Every column that it looks at.
    columns: BTreeSet<usize>,
    /// What it gives, by number.
    pub(super) gives: Vec<usize>,
    /// Whom.
    pub(super) holds: Bits,
}

/// The terms of a rule, before they are asked of anybody.
struct Draft {
    terms: Terms,
    formula: Formula,
    /// Every column that its conditions name.
    read: BTreeSet<usize>,
    gives: Vec<usize>,
}

impl Draft {
    /// Asks everybody.
    fn ask(self, questions: &Questions, people: &People) -> Clause {
        let Self { terms, formula, read, gives } = self;
        let plan = Plan::of(&formula, questions, people);
        let plan = Plan::All(vec![plan, Plan::Readable(read.iter().copied().collect())]);
        let asked = formula.questions();
        let mut columns = read;
        columns.extend(asked.iter().filter_map(|question| questions.get(*question)?.column));
        let words = (0..people.words()).map(|place| plan.word(people, place, u64::MAX)).collect();
        Clause { terms, formula, plan, columns, gives, holds: Bits::from_words(words) }
    }
}

/// Everybody, before the rules are asked. Each processor takes in its part of them.
#[derive(Debug)]
pub struct Intake {
    parts: Vec<People>,
    now: Timestamp,
}

impl Intake {
    /// Begins at this moment. What the rules read, and what is named besides, is kept whatever it
    /// costs.
    pub fn begin(rules: &BTreeMap<Name, Vec<Terms>>, besides: BTreeSet<String>, now: Timestamp) -> Self {
        let conditions = rules.values().flatten().flat_map(|terms| &terms.when);
        let wanted: BTreeSet<String> = conditions.flat_map(Expression::paths).cloned().chain(besides).collect();
        Self { parts: (0..workers()).map(|_| People::wanting(wanted.clone())).collect(), now }
    }

    /// In so many parts, each of which keeps so many different values unasked.
    #[cfg(test)]
    pub(super) fn in_parts(self, parts: usize, values_max: usize) -> Self {
        let part = |_| People::wanting(self.parts[0].wanted().clone()).keeping(values_max);
        Self { parts: (0..parts).map(part).collect(), ..self }
    }

    /// Takes people in: many at a time, so that every processor has something to do.
    pub fn add(&mut self, all: &[PersonFacts]) {
        let (now, count) = (self.now, self.parts.len() as u128);
        let parts = (0..count).zip(&mut self.parts).collect();
        spread(parts, |(number, part): (u128, &mut People)| {
            // The same person always comes to the same part.
            let theirs = |facts: &&PersonFacts| facts.person.id.uuid().as_u128() % count == number;
            all.iter().filter(theirs).for_each(|facts| drop(part.put(facts, now)));
        });
    }

    /// Asks every rule of everybody.
    pub fn finish(self, rules: &BTreeMap<Name, Vec<Terms>>) -> Index {
        let mut index = Index {
            people: self.parts.into_iter().reduce(People::and).unwrap_or_default(),
            questions: Questions::default(),
            clauses: Vec::new(),
            entitlements: Vec::new(),
            numbers: HashMap::new(),
            given_by: Vec::new(),
            readers: HashMap::new(),
            roles: BTreeMap::new(),
            beyond: BTreeMap::new(),
            now: self.now,
        };
        index.put_all_roles(rules);
        index
    }
}

/// A new text for some roles: none of a role takes it away.
pub type Edit = BTreeMap<Name, Vec<Terms>>;

impl Index {
    /// The moment of which it speaks.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who has this row.
    pub fn person(&self, row: u32) -> Option<PersonId> {
        self.people.id(row)
    }

    /// The row of somebody.
    pub fn row(&self, person: PersonId) -> Option<u32> {
        self.people.row(person)
    }

    /// The rows of these people; whoever is not known has none.
    pub fn rows_of(&self, people: impl IntoIterator<Item = PersonId>) -> Bits {
        let mut rows = Bits::empty(self.people.words());
        people.into_iter().filter_map(|person| self.row(person)).for_each(|row| rows.insert(row));
        rows
    }

    /// Every entitlement that a rule gives.
    pub fn entitlements(&self) -> impl Iterator<Item = &EntitlementName> {
        self.entitlements.iter().zip(&self.given_by).filter(|(_, by)| !by.is_empty()).map(|(name, _)| name)
    }

    /// Roles that cannot be asked of everybody at once, and why.
    pub fn beyond(&self) -> &BTreeMap<Name, NotKept> {
        &self.beyond
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let sets: usize = self.clauses.iter().flatten().map(|clause| clause.holds.words().len() * 8 + 2_048).sum();
        self.people.bytes() + self.questions.bytes() + sets
    }

    /// Whoever comes to something else by this moment because an engagement begins, pauses or ends:
    /// take them in again.
    pub fn due(&self, now: Timestamp) -> Vec<PersonId> {
        self.people.due(now)
    }

    /// Who has an entitlement by some rule.
    pub fn who(&self, entitlement: &EntitlementName) -> Bits {
        let mut found = Bits::empty(self.people.words());
        for clause in self.clauses_of(entitlement) {
            found.join(&clause.holds);
        }
        found
    }

    /// The roles that give an entitlement, each with whom it gives it.
    pub fn who_by_role(&self, entitlement: &EntitlementName) -> BTreeMap<&Name, Bits> {
        let mut found: BTreeMap<&Name, Bits> = BTreeMap::new();
        for clause in self.clauses_of(entitlement) {
            found.entry(&clause.terms.role).or_default().join(&clause.holds);
        }
        found
    }

    /// Everything that somebody has by some rule.
    pub fn has(&self, person: PersonId) -> BTreeSet<&EntitlementName> {
        let Some(row) = self.row(person) else { return BTreeSet::new() };
        let held = self.clauses.iter().flatten().filter(|clause| clause.holds.has(row));
        held.flat_map(|clause| &clause.gives).filter_map(|number| self.entitlements.get(*number)).collect()
    }

    /// What would change if these roles had other terms. Nothing is kept of it.
    pub fn what_if(&mut self, edit: &Edit) -> Result<Difference, NotKept> {
        let marks = (self.people.mark(), self.questions.mark());
        let tried = self.compile_all(edit).map(|clauses| self.compare(edit, &clauses));
        self.people.back_to(marks.0);
        self.questions.back_to(marks.1);
        tried
    }

    /// Gives these roles other terms, and says what changed.
    pub fn set(&mut self, edit: &Edit) -> Result<Difference, NotKept> {
        let clauses = self.compile_all(edit)?;
        let difference = self.compare(edit, &clauses);
        for role in edit.keys() {
            self.take_role(role);
        }
        for clause in clauses {
            self.put_clause(clause);
        }
        Ok(difference)
    }

    pub(super) fn clauses_of(&self, entitlement: &EntitlementName) -> impl Iterator<Item = &Clause> {
        let by = self.numbers.get(entitlement).and_then(|number| self.given_by.get(*number));
        by.into_iter().flatten().filter_map(|clause| self.clauses.get(*clause)?.as_ref())
    }

    fn put_all_roles(&mut self, rules: &BTreeMap<Name, Vec<Terms>>) {
        let mut drafts = Vec::new();
        for (role, terms) in rules {
            match terms.iter().map(|terms| self.draft(terms)).collect::<Result<Vec<_>, _>>() {
                Ok(of_role) => drafts.extend(of_role),
                Err(why) => {
                    self.beyond.insert(role.clone(), why);
                }
            }
        }
        for clause in self.ask(drafts) {
            self.put_clause(clause);
        }
    }

    fn compile_all(&mut self, edit: &Edit) -> Result<Vec<Clause>, NotKept> {
        let drafts = edit.values().flatten().map(|terms| self.draft(terms)).collect::<Result<_, _>>()?;
        Ok(self.ask(drafts))
    }

    /// The terms over the columns, with the questions that they ask.
    fn draft(&mut self, terms: &Terms) -> Result<Draft, NotKept> {
        if let Some(why) = terms.beyond {
            return Err(NotKept::Beyond { why });
        }
        let mut maker = Maker { questions: &mut self.questions, people: &mut self.people, now: self.now };
        let mut parts = terms.when.iter().map(|when| maker.holds(when)).collect::<Result<Vec<_>, _>>()?;
        let begun = maker.questions.ask_begun(terms.lead_days, maker.people, self.now);
        parts.push(Formula::Asked(begun, Truth::Holds));
        let paths = terms.when.iter().flat_map(Expression::paths);
        let read = paths.map(|path| self.people.column_of(path)).collect::<Result<_, _>>()?;
        // A role may name the same thing twice, and gives it once.
        let gives: BTreeSet<usize> = terms.gives.iter().map(|name| self.number(name)).collect();
        Ok(Draft { terms: terms.clone(), formula: all(parts), read, gives: gives.into_iter().collect() })
    }

    /// Asks everybody, and finds whom each of these fits.
    fn ask(&mut self, drafts: Vec<Draft>) -> Vec<Clause> {
        self.questions.answer(&self.people, self.now);
        spread(drafts, |draft| draft.ask(&self.questions, &self.people))
    }

    fn number(&mut self, name: &EntitlementName) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.entitlements.len();
        self.entitlements.push(name.clone());
        self.given_by.push(Vec::new());
        self.numbers.insert(name.clone(), number);
        number
    }

    fn put_clause(&mut self, clause: Clause) {
        let place = self.clauses.iter().position(Option::is_none).unwrap_or(self.clauses.len());
        for number in &clause.gives {
            if let Some(by) = self.given_by.get_mut(*number) {
                by.push(place);
            }
        }
        for column in &clause.columns {
            self.readers.entry(*column).or_default().insert(place);
        }
        self.roles.entry(clause.terms.role.clone()).or_default().push(place);
        match self.clauses.get_mut(place) {
            Some(slot) => *slot = Some(clause),
            None => self.clauses.push(Some(clause)),
        }
    }

    fn take_role(&mut self, role: &Name) {
        self.beyond.remove(role);
        for place in self.roles.remove(role).unwrap_or_default() {
            let Some(clause) = self.clauses.get_mut(place).and_then(Option::take) else { continue };
            for number in &clause.gives {
                if let Some(by) = self.given_by.get_mut(*number) {
                    by.retain(|known| *known != place);
                }
            }
            for column in &clause.columns {
                if let Some(readers) = self.readers.get_mut(column) {
                    readers.remove(&place);
                }
            }
        }
    }

    /// What changes when the clauses of these roles are replaced by these.
    fn compare(&self, edit: &Edit, clauses: &[Clause]) -> Difference {
        let old: BTreeSet<usize> = edit.keys().filter_map(|role| self.roles.get(role)).flatten().copied().collect();
        let old_gives =
            old.iter().filter_map(|place| self.clauses.get(*place)?.as_ref()).flat_map(|clause| &clause.gives);
        let touched: BTreeSet<usize> =
            old_gives.chain(clauses.iter().flat_map(|clause| &clause.gives)).copied().collect();
        let mut deltas = BTreeMap::new();
        for number in touched {
            let Some(name) = self.entitlements.get(number) else { continue };
            let by = self.given_by.get(number).map(Vec::as_slice).unwrap_or_default();
            let known = |of_old: bool| -> Vec<&Bits> {
                let of = by.iter().filter(|place| old.contains(place) == of_old);
                of.filter_map(|place| Some(&self.clauses.get(*place)?.as_ref()?.holds)).collect()
            };
            let (before, kept) = (known(true), known(false));
            let after: Vec<&Bits> =
                clauses.iter().filter(|clause| clause.gives.contains(&number)).map(|clause| &clause.holds).collect();
            let word = |sets: &[&Bits], place: usize| sets.iter().fold(0, |word, set| word | set.word(place));
            let mut delta = Delta::new(name.clone());
            for place in 0..self.people.words() {
                let others = word(&kept, place);
                delta.note(place, word(&before, place) | others, word(&after, place) | others);
            }
            deltas.insert(name.clone(), delta);
        }
        Difference::of(deltas)
    }
}
