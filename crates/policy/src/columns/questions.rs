//! What is asked of everybody: each question once, whichever rules ask it, answered once for each
//! different value.
//!
//! The answers come from the same evaluator that decides about one person ([`Atom`]), so that a
//! part of a condition means here what it means there. A question about several attributes is
//! asked of the column of their pairs.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use tenure_model::{Value, Zone};

use super::column::Code;
use super::people::{ARRIVAL, NotKept, People, ZONE};
use super::spread::spread;
use crate::expression::{Atom, Truth};

/// Every question that some rule asks.
#[derive(Debug, Default)]
pub(super) struct Questions {
    list: Vec<Question>,
    /// How many of them have answers.
    answered: usize,
    by_words: HashMap<String, usize>,
    of_column: HashMap<usize, Vec<usize>>,
}

/// A question with its answers.
#[derive(Debug)]
pub(super) struct Question {
    words: String,
    asked: Asked,
    /// Whom it is asked about; none if it is the same for everybody.
    pub(super) column: Option<usize>,
    /// Whether the answers change with time alone.
    pub(super) timed: bool,
    /// For each code of the column.
    answers: Vec<Truth>,
}

#[derive(Debug)]
enum Asked {
    Condition(Box<Atom>, Vec<String>),
    /// Whether birthrights that lead by so many days have begun.
    Begun(u16),
}

impl Questions {
    pub(super) fn get(&self, place: usize) -> Option<&Question> {
        self.list.get(place)
    }

    /// Whether the answer for this code is this one.
    pub(super) fn is(&self, place: usize, code: Code, wanted: Truth) -> bool {
        self.list.get(place).and_then(|question| question.answers.get(code as usize)) == Some(&wanted)
    }

    /// Asks a part of a condition of everybody. What is the same for all is answered at once, and
    /// the rest by [`Self::answer`].
    pub(super) fn ask(&mut self, atom: &Atom, people: &mut People, now: Timestamp) -> Result<usize, NotKept> {
        let words = atom.expression.text().to_owned();
        if let Some(known) = self.by_words.get(&words) {
            return Ok(*known);
        }
        let names: Vec<String> = atom.expression.paths().iter().cloned().collect();
        let mut reads = names.iter().map(|path| people.column_of(path)).collect::<Result<Vec<_>, _>>()?;
        if atom.today {
            reads.push(people.column_of(ZONE)?);
        }
        let column = reads.iter().copied().reduce(|left, right| people.pair(left, right));
        let asked = Asked::Condition(Box::new(atom.clone()), names);
        Ok(self.push(Question { words, asked, column, timed: atom.today, answers: Vec::new() }, people, now))
    }

    /// Asks whether the time has come for birthrights that lead by so many days.
    pub(super) fn ask_begun(&mut self, lead_days: u16, people: &mut People, now: Timestamp) -> usize {
        let words = format!("@begun({lead_days})");
        if let Some(known) = self.by_words.get(&words) {
            return *known;
        }
        let column = people.column_of(ARRIVAL).ok();
        let asked = Asked::Begun(lead_days);
        self.push(Question { words, asked, column, timed: true, answers: Vec::new() }, people, now)
    }

    fn push(&mut self, mut question: Question, people: &People, now: Timestamp) -> usize {
        if question.column.is_none() {
            question.answer(people, now);
        }
        let place = self.list.len();
        self.by_words.insert(question.words.clone(), place);
        if let Some(column) = question.column {
            self.of_column.entry(column).or_default().push(place);
        }
        self.list.push(question);
        place
    }

    /// Answers what was asked since the last time.
    pub(super) fn answer(&mut self, people: &People, now: Timestamp) {
        let fresh = self.list.iter_mut().skip(self.answered).collect();
        spread(fresh, |question: &mut Question| question.answer(people, now));
        self.answered = self.list.len();
    }

    /// Answers for values that are new in this column. Says whether there were any.
    pub(super) fn extend(&mut self, column: usize, people: &People, now: Timestamp) -> bool {
        let mut any = false;
        for place in self.of_column.get(&column).into_iter().flatten() {
            if let Some(question) = self.list.get_mut(*place) {
                any |= question.answer(people, now);
            }
        }
        any
    }

    /// Asks again what changes with time, and says which columns have other answers.
    pub(super) fn renew(&mut self, people: &People, now: Timestamp) -> Vec<usize> {
        let mut changed = Vec::new();
        for question in self.list.iter_mut().filter(|question| question.timed) {
            let before = std::mem::take(&mut question.answers);
            question.answer(people, now);
            if before != question.answers {
                changed.extend(question.column);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    pub(super) fn mark(&self) -> usize {
        self.list.len()
    }

    /// Forgets the questions that were asked since.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.list.truncate(mark);
        self.answered = self.answered.min(mark);
        self.by_words.retain(|_, place| *place < mark);
        for places in self.of_column.values_mut() {
            places.retain(|place| *place < mark);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.list.iter().map(|question| question.answers.capacity() + 512).sum()
    }
}

impl Question {
    /// The part of a condition that it asks, if it is one.
    pub(super) fn atom(&self) -> Option<&Atom> {
        match &self.asked {
            Asked::Condition(atom, _) => Some(atom),
            Asked::Begun(_) => None,
        }
    }

    /// Of how many days before the first day it asks, if it is that.
    pub(super) fn lead_days(&self) -> Option<u16> {
        match &self.asked {
            Asked::Begun(days) => Some(*days),
            Asked::Condition(..) => None,
        }
    }

    /// Answers for the codes that have no answer yet. Says whether there were any.
    fn answer(&mut self, people: &People, now: Timestamp) -> bool {
        let known = self.answers.len();
        let size = self.column.and_then(|column| people.column(column)).map_or(1, super::column::Column::size);
        if known >= size {
            return false;
        }
        let codes: Vec<Code> = (known..size).filter_map(|code| Code::try_from(code).ok()).collect();
        let answers = match &self.asked {
            Asked::Begun(days) => codes.iter().map(|code| begun(self.column, *code, *days, people, now)).collect(),
            Asked::Condition(atom, names) => condition(atom, names, self.column, &codes, people, now),
        };
        self.answers.extend(answers);
        true
    }
}

fn begun(column: Option<usize>, code: Code, lead_days: u16, people: &People, now: Timestamp) -> Truth {
    let value = column.and_then(|column| people.column(column)).and_then(|column| column.value(code));
    let begun = match value {
        Some(Value::Flag(here)) => *here,
        Some(Value::List(items)) => match items.as_slice() {
            [Value::Date(first), Value::Text(zone)] => {
                let day = first.saturating_sub(i64::from(lead_days).days());
                zone.parse::<Zone>().is_ok_and(|zone| zone.start_of(day) <= now)
            }
            _ => false,
        },
        _ => false,
    };
    if begun { Truth::Holds } else { Truth::Fails }
}

/// Values that are asked about, and the day on which.
type Set<'p> = (Date, Vec<Option<&'p Value>>);

/// Asks each set of values and each day once, whatever zones share that day.
fn condition(
    atom: &Atom,
    names: &[String],
    column: Option<usize>,
    codes: &[Code],
    people: &People,
    now: Timestamp,
) -> Vec<Truth> {
    let mut days: HashMap<Option<&str>, Date> = HashMap::new();
    let mut sets: HashMap<Date, Vec<Vec<Option<&Value>>>> = HashMap::new();
    let mut places: HashMap<Set<'_>, usize> = HashMap::new();
    let mut wanted = Vec::with_capacity(codes.len());
    for code in codes {
        let mut values = Vec::new();
        if let Some(column) = column.and_then(|column| people.column(column)) {
            people.values(column, *code, &mut values);
        }
        let zone = if atom.today { values.pop().flatten().and_then(Value::as_text) } else { None };
        let day = *days.entry(zone).or_insert_with(|| day_in(zone, now));
        let key = (day, values);
        let place = if let Some(place) = places.get(&key) {
            *place
        } else {
            let of_day = sets.entry(day).or_default();
            of_day.push(key.1.clone());
            places.insert(key, of_day.len() - 1);
            of_day.len() - 1
        };
        wanted.push((day, place));
    }
    let answers: HashMap<Date, Vec<Truth>> =
        sets.into_iter().map(|(day, sets)| (day, atom.expression.truths(names, day, &sets))).collect();
    let answer = |(day, place): (Date, usize)| answers.get(&day)?.get(place).copied();
    wanted.into_iter().map(|one| answer(one).unwrap_or(Truth::Open)).collect()
}

fn day_in(zone: Option<&str>, now: Timestamp) -> Date {
    let zone: Zone = zone.and_then(|name| name.parse().ok()).unwrap_or_else(Zone::utc);
    now.to_zoned(zone.rules()).date()
}
