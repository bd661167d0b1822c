//! One attribute of everybody: a small number for each row, and what the numbers stand for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use tenure_model::Value;

use super::bits::WORD;

/// What a row has here stands under this number: code `n` is entry `n - 2` of the dictionary.
pub(super) type Code = u32;
/// Nothing is known.
pub(super) const UNKNOWN: Code = 0;
/// Something is known that is too large to be asked about.
pub(super) const TOO_LARGE: Code = 1;
const FIRST: Code = 2;

/// The numbers of all rows: two bytes each as long as these are enough.
#[derive(Debug, Clone)]
enum Codes {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

/// One attribute of everybody, or several at once.
#[derive(Debug, Clone)]
pub(super) struct Column {
    codes: Codes,
    /// How many rows have each code.
    counts: Vec<u32>,
    pub(super) meaning: Meaning,
}

/// What the codes stand for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// Values.
    Values(Dictionary<Arc<Value>>),
    /// Pairs of codes of two other columns.
    Pairs(usize, usize, Dictionary<(Code, Code)>),
}

/// Different things, numbered as they come.
#[derive(Debug, Clone)]
pub(super) struct Dictionary<T> {
    things: Vec<T>,
    numbers: HashMap<T, Code, RandomState>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { things: Vec::new(), numbers: HashMap::default() }
    }
}

impl<T: Eq + Hash + Clone> Dictionary<T> {
    pub(super) fn code(&mut self, thing: T) -> Code {
        let next = FIRST + u32::try_from(self.things.len()).unwrap_or(u32::MAX - FIRST);
        *self.numbers.entry(thing).or_insert_with_key(|thing| {
            self.things.push(thing.clone());
            next
        })
    }

    pub(super) fn get(&self, code: Code) -> Option<&T> {
        self.things.get(code.checked_sub(FIRST)? as usize)
    }

    /// How many codes there are, with those that stand for nothing.
    fn codes(&self) -> usize {
        self.things.len() + FIRST as usize
    }
}

impl Dictionary<Arc<Value>> {
    fn code_of(&mut self, value: &Value) -> Code {
        match self.numbers.get(value) {
            Some(code) => *code,
            None => self.code(Arc::new(value.clone())),
        }
    }
}

impl Column {
    /// A column of values in which nothing is known of so many rows.
    pub(super) fn of_values(rows: usize) -> Self {
        Self::new(rows, Meaning::Values(Dictionary::default()))
    }

    /// A column of pairs in which nothing is known of so many rows.
    pub(super) fn of_pairs(rows: usize, left: usize, right: usize) -> Self {
        Self::new(rows, Meaning::Pairs(left, right, Dictionary::default()))
    }

    fn new(rows: usize, meaning: Meaning) -> Self {
        let counts = vec![u32::try_from(rows).unwrap_or(u32::MAX), 0];
        Self { codes: Codes::Narrow(vec![0; rows]), counts, meaning }
    }

    /// How many codes there are.
    pub(super) fn size(&self) -> usize {
        match &self.meaning {
            Meaning::Values(dictionary) => dictionary.codes(),
            Meaning::Pairs(_, _, dictionary) => dictionary.codes(),
        }
    }

    /// How many rows have this code.
    pub(super) fn count(&self, code: Code) -> usize {
        self.counts.get(code as usize).map_or(0, |count| *count as usize)
    }

    pub(super) fn get(&self, row: u32) -> Code {
        match &self.codes {
            Codes::Narrow(codes) => codes.get(row as usize).map_or(UNKNOWN, |code| Code::from(*code)),
            Codes::Wide(codes) => codes.get(row as usize).copied().unwrap_or(UNKNOWN),
        }
    }

    /// The code of this value, a new one if it is new.
    pub(super) fn code_of(&mut self, value: &Value) -> Code {
        match &mut self.meaning {
            Meaning::Values(dictionary) => dictionary.code_of(value),
            Meaning::Pairs(..) => UNKNOWN,
        }
    }

    /// The code of this pair, a new one if it is new. A pair of nothing is nothing.
    pub(super) fn code_of_pair(&mut self, pair: (Code, Code)) -> Code {
        match &mut self.meaning {
            Meaning::Pairs(_, _, dictionary) => dictionary.code(pair),
            Meaning::Values(_) => UNKNOWN,
        }
    }

    pub(super) fn value(&self, code: Code) -> Option<&Value> {
        match &self.meaning {
            Meaning::Values(dictionary) => dictionary.get(code).map(AsRef::as_ref),
            Meaning::Pairs(..) => None,
        }
    }

    /// Every value that a row ever had.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        let things = match &self.meaning {
            Meaning::Values(dictionary) => dictionary.things.as_slice(),
            Meaning::Pairs(..) => &[],
        };
        things.iter().map(AsRef::as_ref)
    }

    /// Gives a row this code. Says whether it had another.
    pub(super) fn set(&mut self, row: u32, code: Code) -> bool {
        let before = self.get(row);
        let known = (row as usize) < self.rows();
        if known && before == code {
            return false;
        }
        if code > Code::from(u16::MAX) {
            self.widen();
        }
        match &mut self.codes {
            Codes::Narrow(codes) => put(codes, row, u16::try_from(code).unwrap_or(0)),
            Codes::Wide(codes) => put(codes, row, code),
        }
        if known {
            self.tally(before, -1);
        }
        self.tally(code, 1);
        before != code
    }

    /// Has so many rows; nothing is known of those that are new.
    pub(super) fn grow(&mut self, rows: usize) {
        let more = rows.saturating_sub(self.rows());
        match &mut self.codes {
            Codes::Narrow(codes) => codes.resize(codes.len() + more, 0),
            Codes::Wide(codes) => codes.resize(codes.len() + more, UNKNOWN),
        }
        if let Some(unknown) = self.counts.first_mut() {
            *unknown = unknown.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }

    /// Gives rows from this one on what the rows of another column of values have.
    pub(super) fn take_over(&mut self, first: u32, other: &Self) {
        let code = |code| other.value(code).map_or(code, |value| self.code_of(value));
        let codes: Vec<Code> = (0..u32::try_from(other.size()).unwrap_or(u32::MAX)).map(code).collect();
        for row in 0..u32::try_from(other.rows()).unwrap_or(u32::MAX) {
            let code = codes.get(other.get(row) as usize).copied().unwrap_or(UNKNOWN);
            self.set(first + row, code);
        }
    }

    fn rows(&self) -> usize {
        match &self.codes {
            Codes::Narrow(codes) => codes.len(),
            Codes::Wide(codes) => codes.len(),
        }
    }

    fn widen(&mut self) {
        if let Codes::Narrow(codes) = &self.codes {
            self.codes = Codes::Wide(codes.iter().copied().map(Code::from).collect());
        }
    }

    fn tally(&mut self, code: Code, by: i32) {
        let place = code as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add_signed(by);
        }
    }

    /// Which rows of one word have a code whose place in the table is set, among those asked for.
    pub(super) fn pick(&self, place: usize, asked: u64, table: &[bool]) -> u64 {
        match &self.codes {
            Codes::Narrow(codes) => pick(codes, place, asked, |code| table.get(usize::from(code)) == Some(&true)),
            Codes::Wide(codes) => pick(codes, place, asked, |code| table.get(code as usize) == Some(&true)),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let codes = match &self.codes {
            Codes::Narrow(codes) => codes.capacity() * 2,
            Codes::Wide(codes) => codes.capacity() * 4,
        };
        // What a value takes is not measured; most are short texts.
        codes + self.size() * 96
    }
}

fn put<T: Copy + Default>(codes: &mut Vec<T>, row: u32, code: T) {
    let place = row as usize;
    if place >= codes.len() {
        codes.resize(place + 1, T::default());
    }
    if let Some(slot) = codes.get_mut(place) {
        *slot = code;
    }
}

/// Below so many rows they are looked up one by one.
const FEW: u32 = 12;

fn pick<T: Copy>(codes: &[T], place: usize, asked: u64, set: impl Fn(T) -> bool) -> u64 {
    let first = place * WORD;
    let Some(rest) = codes.get(first..) else { return 0 };
    let part = rest.get(..WORD).unwrap_or(rest);
    if asked.count_ones() < FEW {
        let (mut word, mut rest) = (0, asked);
        while rest != 0 {
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            if part.get(bit as usize).is_some_and(|code| set(*code)) {
                word |= 1 << bit;
            }
        }
        return word;
    }
    let all = part.iter().enumerate().fold(0, |word, (bit, code)| word | (u64::from(set(*code)) << bit));
    all & asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_and_widen_when_two_bytes_are_not_enough() {
        let mut column = Column::of_values(3);
        let (red, blue) = (column.code_of(&"red".into()), column.code_of(&"blue".into()));
        assert!(column.set(0, red) && column.set(2, red) && !column.set(2, red) && column.set(5, blue));
        assert_eq!((column.count(UNKNOWN), column.count(red), column.count(blue)), (1, 2, 1));
        assert!(column.set(2, blue));
        assert_eq!((column.count(red), column.count(blue)), (1, 2));
        for number in 0..70_000 {
            let code = column.code_of(&Value::Number(number));
            column.set(u32::try_from(number).unwrap() + 10, code);
        }
        assert_eq!((column.get(0), column.get(2), column.get(5)), (red, blue, blue));
        let last = column.get(70_009);
        assert_eq!(column.value(last), Some(&Value::Number(69_999)));
        let mut table = vec![false; column.size()];
        table[last as usize] = true;
        table[red as usize] = true;
        assert_eq!(column.pick(70_009 / 64, u64::MAX, &table), 1 << (70_009 % 64));
        assert_eq!(column.pick(0, 0b101, &table), 1);
    }
}
