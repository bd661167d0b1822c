//! Rules that would explain who has something: each value of each attribute is held against who
//! has it, then the best of them together with a second one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tenure_model::Value;

use super::bits::Bits;
use super::column::{Code, Column};
use super::index::Index;
use super::people::ARRIVAL;
use crate::limits::{PROPOSALS_MAX, PROPOSALS_WIDENED};

/// Attributes that name one person and explain nothing.
const NAMES: [&str; 4] = ["person.id", "person.displayName", "engagement.key", "person.standing"];

/// A condition that would give an entitlement to about those who have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The condition, as a rule would have it.
    pub when: String,
    /// Who fits it.
    pub fits: Bits,
    /// How many of those have it.
    pub hits: usize,
    /// How many have it in all.
    pub holders: usize,
}

impl Proposal {
    /// How many of a thousand who fit have it.
    pub fn precision(&self) -> usize {
        per_thousand(self.hits, self.fits.count())
    }

    /// How many of a thousand who have it fit.
    pub fn recall(&self) -> usize {
        per_thousand(self.hits, self.holders)
    }

    /// Who fits and has it not: a rule would give it to them.
    pub fn would_gain(&self, holders: &Bits) -> Bits {
        self.fits.without(holders)
    }

    /// Who has it and fits not: a rule would leave them as exceptions.
    pub fn left_over(&self, holders: &Bits) -> Bits {
        holders.without(&self.fits)
    }
}

fn per_thousand(part: usize, whole: usize) -> usize {
    (part * 1_000).checked_div(whole).unwrap_or(0)
}

/// One attribute with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trait {
    path: String,
    value: Value,
    /// Whether it is one item of a list.
    item: bool,
    fits: usize,
    hits: usize,
}

impl Trait {
    /// The harmonic mean of precision and recall, of a million: a whole number, so that equal is equal.
    fn score(&self, holders: usize) -> usize {
        per_million(2 * self.hits, self.fits + holders)
    }

    fn when(&self) -> String {
        let Self { path, value, item, .. } = self;
        match (value, item) {
            (value, true) => format!("{} in {path}", literal(value)),
            (Value::Flag(true), false) => path.clone(),
            (Value::Flag(false), false) => format!("!{path}"),
            (value, false) => format!("{path} == {}", literal(value)),
        }
    }
}

fn per_million(part: usize, whole: usize) -> usize {
    part.saturating_mul(1_000_000).checked_div(whole).unwrap_or(0)
}

impl Index {
    /// Conditions that would explain who has something, the best first. Only people who are here
    /// count, on both sides.
    pub fn mine(&self, holders: &Bits) -> Vec<Proposal> {
        let here = self.here();
        let holders = holders.meet(&here);
        let total = holders.count();
        if total == 0 {
            return Vec::new();
        }
        let mut single = self.traits(&here, &holders);
        single.sort_by(|left, right| right.score(total).cmp(&left.score(total)).then(left.path.cmp(&right.path)));
        let mut found: Vec<(usize, usize, Proposal)> = Vec::new();
        for one in single.iter().take(PROPOSALS_WIDENED) {
            let rows = self.rows_with(one).meet(&here);
            let both = holders.meet(&rows);
            for other in self.traits(&rows, &both) {
                // A second condition that takes nothing away says nothing.
                let says = other.path != one.path && other.fits < one.fits;
                if says && other.score(total) > one.score(total) {
                    let when = format!("{} && {}", one.when(), other.when());
                    let fits = rows.meet(&self.rows_with(&other));
                    let proposal = Proposal { when, fits, hits: other.hits, holders: total };
                    found.push((other.score(total), 2, proposal));
                }
            }
            found.sort_by(best_first);
            found.truncate(PROPOSALS_MAX);
        }
        for one in single.into_iter().take(PROPOSALS_MAX) {
            let fits = self.rows_with(&one).meet(&here);
            found.push((one.score(total), 1, Proposal { when: one.when(), fits, hits: one.hits, holders: total }));
        }
        found.sort_by(best_first);
        let mut proposals: Vec<Proposal> = Vec::new();
        for (_, _, proposal) in found {
            // The same people by a longer condition, or in another order, is the same.
            if !proposals.iter().any(|known| known.fits == proposal.fits) {
                proposals.push(proposal);
            }
        }
        proposals.truncate(PROPOSALS_MAX);
        proposals
    }

    /// Everybody who is here.
    fn here(&self) -> Bits {
        let begun = |column: &Column| {
            let size = column.size();
            let table: Vec<bool> = codes(size).map(|code| column.value(code) == Some(&Value::Flag(true))).collect();
            (0..self.people.words()).map(|place| column.pick(place, u64::MAX, &table)).collect()
        };
        self.people.find(ARRIVAL).map_or_else(Bits::default, |column| Bits::from_words(begun(column)))
    }

    /// How many of these rows have each value of each attribute, and how many of those hold.
    fn traits(&self, rows: &Bits, holders: &Bits) -> Vec<Trait> {
        let mut all = Vec::new();
        for (path, column) in self.people.attributes() {
            let field = path.split_once('.').map_or(path, |(_, field)| field);
            if NAMES.contains(&path) || !is_word(field) {
                continue;
            }
            let mut counts = vec![(0_usize, 0_usize); column.size()];
            for row in rows.rows() {
                if let Some((fits, hits)) = counts.get_mut(column.get(row) as usize) {
                    *fits += 1;
                    *hits += usize::from(holders.has(row));
                }
            }
            all.extend(values(path, column, &counts));
        }
        all
    }

    fn rows_with(&self, one: &Trait) -> Bits {
        let Some(column) = self.people.find(&one.path) else { return Bits::default() };
        let has = |value: &Value| match (value, one.item) {
            (Value::List(items), true) => items.contains(&one.value),
            (value, _) => !one.item && *value == one.value,
        };
        let table: Vec<bool> = codes(column.size()).map(|code| column.value(code).is_some_and(has)).collect();
        let mut rows = Bits::empty(self.people.words());
        for at in 0..self.people.words() {
            rows.set_word(at, column.pick(at, u64::MAX, &table));
        }
        rows
    }
}

fn best_first(left: &(usize, usize, Proposal), right: &(usize, usize, Proposal)) -> std::cmp::Ordering {
    right.0.cmp(&left.0).then(left.1.cmp(&right.1)).then_with(|| left.2.when.cmp(&right.2.when))
}

fn codes(size: usize) -> impl Iterator<Item = Code> {
    0..Code::try_from(size).unwrap_or(Code::MAX)
}

/// The values of a column that some holder has, and the items of its lists.
fn values(path: &str, column: &Column, counts: &[(usize, usize)]) -> Vec<Trait> {
    let mut items: BTreeMap<&Value, (usize, usize)> = BTreeMap::new();
    let mut all = Vec::new();
    for (code, (fits, hits)) in codes(counts.len()).zip(counts) {
        match column.value(code) {
            Some(Value::List(list)) => {
                let distinct: std::collections::BTreeSet<&Value> = list.iter().collect();
                for item in distinct {
                    let count = items.entry(item).or_default();
                    count.0 += fits;
                    count.1 += hits;
                }
            }
            Some(value) if *hits > 0 => {
                all.push(Trait { path: path.to_owned(), value: value.clone(), item: false, fits: *fits, hits: *hits });
            }
            Some(_) | None => {}
        }
    }
    let items = items.into_iter().filter(|(_, (_, hits))| *hits > 0);
    let path = path.to_owned();
    all.extend(items.map(|(value, (fits, hits))| Trait {
        path: path.clone(),
        value: value.clone(),
        item: true,
        fits,
        hits,
    }));
    all
}

/// Whether a name can stand in an expression as it is.
fn is_word(name: &str) -> bool {
    let starts = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    starts && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A value as an expression has it.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        other => {
            let mut text = String::from("'");
            for letter in other.to_string().chars() {
                match letter {
                    '\'' | '\\' => text.extend(['\\', letter]),
                    letter if letter.is_control() => write!(text, "\\u{:04x}", u32::from(letter)).unwrap_or_default(),
                    letter => text.push(letter),
                }
            }
            text.push('\'');
            text
        }
    }
}
