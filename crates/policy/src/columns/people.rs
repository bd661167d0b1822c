//! Everybody as rows and columns: who has which row, and what is known of them.
//!
//! A column is kept for every attribute that has few different values or that a rule reads. One
//! whose values are nearly all different (a name, a number of an employee) is let go when nobody
//! asks for it, because it costs the most and says the least.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::civil::Date;
use tenure_model::{Engagement, PersonId, Value};

use super::column::{Code, Column, Meaning, TOO_LARGE, UNKNOWN};
use crate::limits::{COLUMN_VALUES_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX};
use crate::plan::{Moment, PersonFacts, Presence};

/// Where somebody stands for birthrights: here, coming on a day, or neither.
pub(super) const ARRIVAL: &str = "@arrival";
/// Where the person works, for what the day is.
pub(super) const ZONE: &str = "@zone";

/// Why a condition cannot be asked of everybody at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// It reads what is not kept.
    #[error("`{path}` has too many different values to be kept unasked")]
    TooMany {
        /// What it reads, such as `person.mail`.
        path: String,
    },
    /// It reads a person as a whole.
    #[error("`{condition}` looks at a person as a whole, which is decided for each person alone")]
    Whole {
        /// The part of the condition.
        condition: String,
    },
    /// What the rule says is more than columns can.
    #[error("{why}")]
    Beyond {
        /// What, as a sentence.
        why: &'static str,
    },
}

/// Everybody as rows and columns.
#[derive(Debug, Default)]
pub(super) struct People {
    ids: Vec<Option<PersonId>>,
    rows: HashMap<PersonId, u32, RandomState>,
    free: Vec<u32>,
    columns: Vec<Column>,
    names: HashMap<String, usize, RandomState>,
    pairs: HashMap<(usize, usize), usize>,
    /// Columns of pairs that a column is part of.
    joined: Vec<Vec<usize>>,
    /// What rules read, and what must therefore be kept.
    wanted: BTreeSet<String>,
    /// How many different values may be kept unasked.
    values_max: usize,
    /// What is not kept.
    dropped: BTreeSet<String>,
    due: BTreeSet<(Timestamp, u32)>,
    due_of: HashMap<u32, Timestamp, RandomState>,
}

/// What became of somebody's row.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) row: u32,
    /// The columns in which it changed.
    pub(super) changed: Vec<usize>,
}

impl People {
    /// Nobody yet. What is wanted is kept whatever it costs.
    pub(super) fn wanting(wanted: BTreeSet<String>) -> Self {
        Self { wanted, values_max: COLUMN_VALUES_MAX, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many words a set of rows has.
    pub(super) fn words(&self) -> usize {
        self.ids.len().div_ceil(super::bits::WORD)
    }

    pub(super) fn id(&self, row: u32) -> Option<PersonId> {
        self.ids.get(row as usize).copied().flatten()
    }

    pub(super) fn row(&self, person: PersonId) -> Option<u32> {
        self.rows.get(&person).copied()
    }

    pub(super) fn column(&self, place: usize) -> Option<&Column> {
        self.columns.get(place)
    }

    /// Columns of single attributes that are kept, by path.
    pub(super) fn attributes(&self) -> BTreeMap<&str, &Column> {
        let kept = self.names.iter().filter(|(name, _)| !name.starts_with('@') && !self.dropped.contains(*name));
        kept.filter_map(|(name, place)| Some((name.as_str(), self.columns.get(*place)?))).collect()
    }

    /// The column of this path, if it is kept.
    pub(super) fn find(&self, path: &str) -> Option<&Column> {
        self.names.get(path).and_then(|place| self.columns.get(*place))
    }

    /// The column of this path. What nobody was ever known to have is a column of nothing.
    pub(super) fn column_of(&mut self, path: &str) -> Result<usize, NotKept> {
        if self.dropped.contains(path) {
            return Err(NotKept::TooMany { path: path.to_owned() });
        }
        self.wanted.insert(path.to_owned());
        Ok(self.add(path))
    }

    fn add(&mut self, path: &str) -> usize {
        if let Some(place) = self.names.get(path) {
            return *place;
        }
        let place = self.push(Column::of_values(self.ids.len()));
        self.names.insert(path.to_owned(), place);
        place
    }

    fn push(&mut self, column: Column) -> usize {
        self.columns.push(column);
        self.joined.push(Vec::new());
        self.columns.len() - 1
    }

    /// The column of pairs of these two.
    pub(super) fn pair(&mut self, left: usize, right: usize) -> usize {
        if let Some(place) = self.pairs.get(&(left, right)) {
            return *place;
        }
        let mut column = Column::of_pairs(self.ids.len(), left, right);
        if let (Some(one), Some(other)) = (self.columns.get(left), self.columns.get(right)) {
            for row in 0..u32::try_from(self.ids.len()).unwrap_or(u32::MAX) {
                let code = column.code_of_pair((one.get(row), other.get(row)));
                column.set(row, code);
            }
        }
        let place = self.push(column);
        self.pairs.insert((left, right), place);
        for part in [left, right] {
            if let Some(joined) = self.joined.get_mut(part) {
                joined.push(place);
            }
        }
        place
    }

    /// How many columns there are, to go back to.
    pub(super) fn mark(&self) -> usize {
        self.columns.len()
    }

    /// Forgets the columns that were made since.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.columns.truncate(mark);
        self.joined.truncate(mark);
        self.names.retain(|_, place| *place < mark);
        self.pairs.retain(|_, place| *place < mark);
        for joined in &mut self.joined {
            joined.retain(|place| *place < mark);
        }
    }

    /// The values that a code of a column stands for, one for each attribute of it.
    pub(super) fn values<'p>(&'p self, column: &'p Column, code: Code, into: &mut Vec<Option<&'p Value>>) {
        match &column.meaning {
            Meaning::Values(_) => into.push(column.value(code)),
            Meaning::Pairs(left, right, dictionary) => {
                let Some((one, other)) = dictionary.get(code) else { return };
                for (part, code) in [(left, one), (right, other)] {
                    if let Some(part) = self.columns.get(*part) {
                        self.values(part, *code, into);
                    }
                }
            }
        }
    }

    /// Takes somebody in, new or known.
    pub(super) fn put(&mut self, facts: &PersonFacts, now: Timestamp) -> Put {
        let person = facts.person.id;
        let (row, new) = match self.rows.get(&person) {
            Some(row) => (*row, false),
            None => (self.new_row(person), true),
        };
        let moment = Moment::plain(facts, now);
        let mut said = vec![false; self.columns.len()];
        let mut changed = Vec::new();
        for (name, value) in &facts.person.attributes {
            self.cell(row, &format!("person.{name}"), value, &mut said, &mut changed);
        }
        for (path, words) in moment.view().own() {
            if !self.dropped.contains(path) {
                self.cell(row, path, &Value::Text(words.into_owned()), &mut said, &mut changed);
            }
        }
        let zone = moment.engagement.map_or("UTC", |engagement| engagement.zone.as_str());
        self.cell(row, ZONE, &zone.into(), &mut said, &mut changed);
        if let Some(arrival) = arrival(&moment) {
            self.cell(row, ARRIVAL, &arrival, &mut said, &mut changed);
        }
        self.clear_rest(row, &said, &mut changed);
        self.rejoin(row, new, &mut changed);
        self.set_due(row, next_change(&facts.engagements, now));
        Put { row, changed }
    }

    /// Forgets somebody.
    pub(super) fn remove(&mut self, person: PersonId) -> Option<Put> {
        let row = self.rows.remove(&person)?;
        let mut changed = Vec::new();
        self.clear_rest(row, &[], &mut changed);
        self.rejoin(row, false, &mut changed);
        self.set_due(row, None);
        if let Some(id) = self.ids.get_mut(row as usize) {
            *id = None;
        }
        self.free.push(row);
        Some(Put { row, changed })
    }

    /// Whoever comes to something else by this moment, because an engagement begins, pauses or ends.
    pub(super) fn due(&self, now: Timestamp) -> Vec<PersonId> {
        self.due.iter().take_while(|(at, _)| *at <= now).filter_map(|(_, row)| self.id(*row)).collect()
    }

    /// About how many bytes all of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum::<usize>() + self.ids.len() * 64
    }

    fn new_row(&mut self, person: PersonId) -> u32 {
        let row = self.free.pop().unwrap_or_else(|| {
            self.ids.push(None);
            u32::try_from(self.ids.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(id) = self.ids.get_mut(row as usize) {
            *id = Some(person);
        }
        self.rows.insert(person, row);
        row
    }

    fn cell(&mut self, row: u32, path: &str, value: &Value, said: &mut Vec<bool>, changed: &mut Vec<usize>) {
        if *value == Value::Cleared || self.dropped.contains(path) {
            return;
        }
        let place = self.add(path);
        if place >= said.len() {
            said.resize(place + 1, false);
        }
        let Some(column) = self.columns.get_mut(place) else { return };
        let code = if too_large(value) { TOO_LARGE } else { column.code_of(value) };
        if column.size() > self.values_max && may_go(path, &self.wanted) {
            self.let_go(path);
            return;
        }
        let is_other = column.set(row, code);
        let Some(said) = said.get_mut(place) else { return };
        // What Tenure knows itself is said after what a source says under the same name.
        if is_other && !(*said && changed.contains(&place)) {
            changed.push(place);
        }
        *said = true;
    }

    /// Keeps this no more.
    fn let_go(&mut self, path: &str) {
        if let Some(column) = self.names.get(path).and_then(|place| self.columns.get_mut(*place)) {
            *column = Column::of_values(self.ids.len());
        }
        self.dropped.insert(path.to_owned());
    }

    /// These people and those, none of whom is among these, before there are columns of pairs.
    pub(super) fn and(mut self, those: Self) -> Self {
        let first = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        self.ids.extend(those.ids);
        self.rows.extend(those.rows.into_iter().map(|(person, row)| (person, first + row)));
        self.free.extend(those.free.into_iter().map(|row| first + row));
        self.due.extend(those.due.into_iter().map(|(at, row)| (at, first + row)));
        self.due_of.extend(those.due_of.into_iter().map(|(row, at)| (first + row, at)));
        for column in &mut self.columns {
            column.grow(self.ids.len());
        }
        let theirs: BTreeMap<usize, String> = those.names.into_iter().map(|(name, place)| (place, name)).collect();
        for ((_, path), column) in theirs.into_iter().zip(those.columns) {
            let place = self.add(&path);
            let Some(mine) = self.columns.get_mut(place) else { continue };
            mine.take_over(first, &column);
            let too_many = mine.size() > self.values_max && may_go(&path, &self.wanted);
            if too_many || self.dropped.contains(&path) || those.dropped.contains(&path) {
                self.let_go(&path);
            }
        }
        self
    }

    /// Nothing is known of what was not said.
    fn clear_rest(&mut self, row: u32, said: &[bool], changed: &mut Vec<usize>) {
        for (place, column) in self.columns.iter_mut().enumerate() {
            let stays = said.get(place).copied().unwrap_or(false) || matches!(column.meaning, Meaning::Pairs(..));
            if !stays && column.set(row, UNKNOWN) {
                changed.push(place);
            }
        }
    }

    /// Columns of pairs follow their parts. A pair stands after its parts, so one pass is enough.
    fn rejoin(&mut self, row: u32, new: bool, changed: &mut Vec<usize>) {
        let mut stale: BTreeSet<usize> = if new {
            self.pairs.values().copied().collect()
        } else {
            changed.iter().filter_map(|place| self.joined.get(*place)).flatten().copied().collect()
        };
        while let Some(place) = stale.pop_first() {
            let Some(Meaning::Pairs(left, right, _)) = self.columns.get(place).map(|column| &column.meaning) else {
                continue;
            };
            let code = |part: usize| self.columns.get(part).map_or(UNKNOWN, |column| column.get(row));
            let pair = (code(*left), code(*right));
            let Some(column) = self.columns.get_mut(place) else { continue };
            let code = column.code_of_pair(pair);
            if column.set(row, code) || new {
                changed.push(place);
                stale.extend(self.joined.get(place).into_iter().flatten());
            }
        }
    }

    fn set_due(&mut self, row: u32, at: Option<Timestamp>) {
        if let Some(before) = self.due_of.remove(&row) {
            self.due.remove(&(before, row));
        }
        if let Some(at) = at {
            self.due.insert((at, row));
            self.due_of.insert(row, at);
        }
    }
}

/// Whether it need not be kept if it has many different values.
fn may_go(path: &str, wanted: &BTreeSet<String>) -> bool {
    !path.starts_with('@') && !wanted.contains(path)
}

/// Where somebody stands for birthrights, as a value of a column.
fn arrival(moment: &Moment<'_>) -> Option<Value> {
    match (moment.presence, moment.engagement) {
        (Presence::Here, _) => Some(Value::Flag(true)),
        (Presence::Coming, Some(engagement)) => {
            Some(Value::List(vec![Value::Date(engagement.first_day), engagement.zone.as_str().into()]))
        }
        (Presence::Coming, None) | (Presence::Over | Presence::Unheard, _) => None,
    }
}

/// When the state of one of these engagements changes next.
fn next_change(engagements: &[Engagement], now: Timestamp) -> Option<Timestamp> {
    let turns = |known: &Engagement| {
        let start = |day: Date| (!known.zone.has_begun(day, now)).then(|| known.zone.start_of(day));
        let end = |day: Date| (!known.zone.has_ended(day, now)).then(|| known.zone.end_of(day));
        let over = if known.cut_at.is_some() { known.ends_at() } else { known.last_day.and_then(end) };
        let mut turns = vec![start(known.first_day), over, known.handover.and_then(end)];
        for leave in &known.leaves {
            turns.extend([start(leave.from), leave.until.and_then(end)]);
        }
        turns
    };
    engagements.iter().filter(|known| !known.rescinded).flat_map(turns).flatten().filter(|at| *at > now).min()
}

/// Whether an expression would refuse to look at this. What Tenure knows itself is never so large.
pub(super) fn too_large(value: &Value) -> bool {
    match value {
        Value::Text(words) => words.len() > TEXT_BYTES_MAX,
        Value::List(items) => items.len() > LIST_ITEMS_MAX || items.iter().any(too_large),
        Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::Cleared => false,
    }
}

#[cfg(test)]
impl People {
    /// Keeps so many different values unasked.
    pub(super) fn keeping(self, values_max: usize) -> Self {
        Self { values_max, ..self }
    }

    pub(super) fn wanted(&self) -> &BTreeSet<String> {
        &self.wanted
    }
}
