//! What changes when people change, or when time passes.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use tenure_model::PersonId;

use super::bits::{Bits, place};
use super::difference::{Delta, Difference};
use super::index::Index;
use super::people::Put;
use super::spread::spread;
use crate::limits::COLUMN_WORDS_FOR_A_WORKER;
use crate::plan::PersonFacts;

impl Index {
    /// Takes in somebody, new or changed, and says what changed.
    pub fn put(&mut self, facts: &PersonFacts) -> Difference {
        self.put_all(std::iter::once(facts))
    }

    /// Takes in many, and says what changed.
    pub fn put_all<F: Borrow<PersonFacts>>(&mut self, all: impl IntoIterator<Item = F>) -> Difference {
        let now = self.now;
        let puts: Vec<Put> = all.into_iter().map(|facts| self.people.put(facts.borrow(), now)).collect();
        self.settle(&puts)
    }

    /// Forgets people, and says what they had.
    pub fn remove_all(&mut self, people: &[PersonId]) -> Difference {
        let puts: Vec<Put> = people.iter().filter_map(|person| self.people.remove(*person)).collect();
        self.settle(&puts)
    }

    /// Goes to another moment, and says what changed by the days alone. Whoever is [`Index::due`]
    /// is taken in again by the caller.
    pub fn advance(&mut self, now: Timestamp) -> Difference {
        self.now = now;
        let columns = self.questions.renew(&self.people, now);
        let clauses = self.readers_of(&columns);
        for clause in &clauses {
            if let Some(Some(clause)) = self.clauses.get_mut(*clause) {
                clause.plan.renew(&self.questions, &self.people);
            }
        }
        let everywhere: Vec<(usize, u64)> = (0..self.people.words()).map(|place| (place, u64::MAX)).collect();
        self.ask_again(&clauses, &everywhere)
    }

    /// What changes by the days alone at another moment. Afterwards everything is as before.
    pub fn forecast(&mut self, at: Timestamp) -> Difference {
        let now = self.now;
        let difference = self.advance(at);
        self.advance(now);
        difference
    }

    fn readers_of(&self, columns: &[usize]) -> BTreeSet<usize> {
        columns.iter().filter_map(|column| self.readers.get(column)).flatten().copied().collect()
    }

    fn settle(&mut self, puts: &[Put]) -> Difference {
        let columns: BTreeSet<usize> = puts.iter().flat_map(|put| &put.changed).copied().collect();
        let columns: Vec<usize> = columns.into_iter().collect();
        let clauses = self.readers_of(&columns);
        // Every answer stands before any table takes it over: a rule may look at several columns.
        let fresh: Vec<usize> =
            columns.into_iter().filter(|column| self.questions.extend(*column, &self.people, self.now)).collect();
        for reader in self.readers_of(&fresh) {
            if let Some(Some(clause)) = self.clauses.get_mut(reader) {
                clause.plan.extend(&self.questions, &self.people);
            }
        }
        let mut rows: BTreeMap<usize, u64> = BTreeMap::new();
        for put in puts {
            let (place, bit) = place(put.row);
            *rows.entry(place).or_default() |= bit;
        }
        self.ask_again(&clauses, &rows.into_iter().collect::<Vec<_>>())
    }

    /// Asks these clauses again of these rows, and says what changed.
    fn ask_again(&mut self, clauses: &BTreeSet<usize>, rows: &[(usize, u64)]) -> Difference {
        let clauses: Vec<usize> = clauses.iter().copied().collect();
        let news: HashMap<usize, Vec<u64>> = in_parts(&clauses, rows, |number| self.news(number, rows)).collect();
        let gives = |number: &usize| self.clauses.get(*number)?.as_ref().map(|clause| &clause.gives);
        let touched: BTreeSet<usize> = news.keys().filter_map(gives).flatten().copied().collect();
        let touched: Vec<usize> = touched.into_iter().collect();
        let deltas = in_parts(&touched, rows, |number| self.delta(number, rows, &news));
        let difference = Difference::of(deltas.map(|delta| (delta.entitlement.clone(), delta)).collect());
        for (number, words) in news {
            if let Some(Some(clause)) = self.clauses.get_mut(number) {
                store(&mut clause.holds, rows, &words);
            }
        }
        difference
    }

    /// The words of a clause for these rows, if they are others than before.
    fn news(&self, number: usize, rows: &[(usize, u64)]) -> Option<(usize, Vec<u64>)> {
        let clause = self.clauses.get(number)?.as_ref()?;
        let mut other = false;
        let mut words = Vec::with_capacity(rows.len());
        for (place, asked) in rows {
            let before = clause.holds.word(*place);
            let after = (before & !asked) | clause.plan.word(&self.people, *place, *asked);
            other |= before != after;
            words.push(after);
        }
        other.then_some((number, words))
    }

    fn delta(&self, number: usize, rows: &[(usize, u64)], news: &HashMap<usize, Vec<u64>>) -> Option<Delta> {
        let mut delta = Delta::new(self.entitlements.get(number)?.clone());
        let by = self.given_by.get(number)?;
        let sets: Vec<(&Bits, Option<&Vec<u64>>)> =
            by.iter().filter_map(|place| Some((&self.clauses.get(*place)?.as_ref()?.holds, news.get(place)))).collect();
        for (at, (place, _)) in rows.iter().enumerate() {
            let (mut before, mut after) = (0, 0);
            for (known, new) in &sets {
                let word = known.word(*place);
                before |= word;
                after |= new.and_then(|words| words.get(at)).copied().unwrap_or(word);
            }
            delta.note(*place, before, after);
        }
        Some(delta)
    }
}

/// Does this for each number, in parts that are worth a processor of their own.
fn in_parts<R: Send>(
    numbers: &[usize],
    rows: &[(usize, u64)],
    work: impl Fn(usize) -> Option<R> + Sync,
) -> impl Iterator<Item = R> {
    let each = (COLUMN_WORDS_FOR_A_WORKER / rows.len().max(1)).max(1);
    let of_part = |part: &[usize]| part.iter().filter_map(|number| work(*number)).collect::<Vec<_>>();
    spread(numbers.chunks(each).collect(), of_part).into_iter().flatten()
}

fn store(holds: &mut Bits, rows: &[(usize, u64)], words: &[u64]) {
    for ((place, _), word) in rows.iter().zip(words) {
        holds.set_word(*place, *word);
    }
}
