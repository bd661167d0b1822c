//! A set of rows, one bit each.

/// How many rows one word holds.
pub(super) const WORD: usize = 64;

/// A set of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set with room for so many words.
    pub(super) fn empty(words: usize) -> Self {
        Self { words: vec![0; words] }
    }

    pub(super) fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The rows of one word.
    pub(super) fn word(&self, place: usize) -> u64 {
        self.words.get(place).copied().unwrap_or(0)
    }

    pub(super) fn set_word(&mut self, place: usize, word: u64) {
        if place >= self.words.len() {
            self.words.resize(place + 1, 0);
        }
        if let Some(slot) = self.words.get_mut(place) {
            *slot = word;
        }
    }

    /// Whether a row is in it.
    pub fn has(&self, row: u32) -> bool {
        let (place, bit) = place(row);
        self.word(place) & bit != 0
    }

    pub(super) fn insert(&mut self, row: u32) {
        let (place, bit) = place(row);
        self.set_word(place, self.word(place) | bit);
    }

    /// How many rows are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Takes in every row of another set.
    pub(super) fn join(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine |= theirs;
        }
    }

    /// The rows in both.
    pub(super) fn meet(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(left, right)| left & right).collect() }
    }

    /// The rows in this set and not in the other.
    pub(super) fn without(&self, other: &Self) -> Self {
        let left = |(place, word): (usize, &u64)| word & !other.word(place);
        Self { words: self.words.iter().enumerate().map(left).collect() }
    }

    /// The rows in it, in order.
    pub fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| rows_of(place, *word))
    }
}

/// The rows of one word, in order.
pub(super) fn rows_of(place: usize, word: u64) -> impl Iterator<Item = u32> {
    let first = u32::try_from(place * WORD).unwrap_or(u32::MAX);
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let bit = rest.trailing_zeros();
        rest &= rest - 1;
        Some(first + bit)
    })
}

/// Where the bit of a row is.
pub(super) fn place(row: u32) -> (usize, u64) {
    ((row / 64) as usize, 1 << (row % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_in_order_whatever_the_word() {
        let mut bits = Bits::empty(1);
        for row in [200, 3, 63, 64, 0] {
            bits.insert(row);
        }
        assert_eq!(bits.rows().collect::<Vec<_>>(), [0, 3, 63, 64, 200]);
        assert_eq!((bits.count(), bits.has(64), bits.has(65), bits.has(9_999)), (5, true, false, false));
    }
}
