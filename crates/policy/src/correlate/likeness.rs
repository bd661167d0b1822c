//! How alike a value of a record and an attribute of a person are.

use tenure_model::Value;

use super::{folded, says};
use crate::transliterate::ascii;

/// Names are told apart below this likeness, in percent: two short names share much by chance.
const NAMES_ALIKE_MIN: i64 = 85;

/// When two values are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Letter by letter.
    Exact,
    /// But for case and spaces.
    Folded,
    /// As names of one person may be written: without accents, in another order, with a slip.
    Name,
}

impl Likeness {
    /// The words for it in documents.
    pub const WORDS: [&'static str; 3] = ["exact", "folded", "name"];

    /// The likeness of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "exact" => Some(Self::Exact),
            "folded" => Some(Self::Folded),
            "name" => Some(Self::Name),
            _ => None,
        }
    }

    /// How alike they are, from 0 to 100; none if there is nothing to compare.
    pub(super) fn percent(self, asked: &str, known: &Value) -> Option<i64> {
        if asked.trim().is_empty() || *known == Value::Cleared {
            return None;
        }
        match self {
            Self::Exact => Some(if says(known, &|text: &str| text == asked) { 100 } else { 0 }),
            Self::Folded => {
                let asked = folded(asked);
                Some(if says(known, &|text: &str| folded(text) == asked) { 100 } else { 0 })
            }
            Self::Name => known.as_text().map(|known| name_percent(asked, known)),
        }
    }
}

fn name_percent(one: &str, other: &str) -> i64 {
    let (one, other) = (parts(one), parts(other));
    if one.is_empty() || other.is_empty() {
        // Scripts that have no spelling in Latin letters cannot be compared by sound.
        return 0;
    }
    if one == other {
        return 100;
    }
    let percent = jaro_winkler(&one.join(" "), &other.join(" "));
    if percent < NAMES_ALIKE_MIN { 0 } else { percent }
}

/// The words of a name, plain and in order of the alphabet.
fn parts(name: &str) -> Vec<String> {
    let plain = ascii(name).to_ascii_lowercase();
    let mut parts: Vec<String> = plain
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    parts.sort();
    parts
}

/// The likeness of Jaro and Winkler, in percent: letters in common at about the same place, and a
/// premium for the same beginning.
fn jaro_winkler(one: &str, other: &str) -> i64 {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; other.len()];
    let mut common = Vec::new();
    for (place, letter) in one.iter().enumerate() {
        let window = other.iter().zip(taken.iter_mut()).enumerate();
        let mut near = window.skip(place.saturating_sub(reach)).take(place + reach + 1 - place.saturating_sub(reach));
        if let Some((_, (_, taken))) = near.find(|(_, (known, taken))| *known == letter && !**taken) {
            *taken = true;
            common.push(*letter);
        }
    }
    if common.is_empty() {
        return 0;
    }
    let theirs = other.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(letter, _)| *letter);
    let swapped = common.iter().zip(theirs).filter(|(mine, theirs)| *mine != theirs).count() / 2;
    let share = |part: usize, whole: usize| i64::try_from(part * 1_000_000 / whole.max(1)).unwrap_or(0);
    let jaro = (share(common.len(), one.len())
        + share(common.len(), other.len())
        + share(common.len() - swapped, common.len()))
        / 3;
    let same = one.iter().zip(&other).take(4).take_while(|(one, other)| one == other).count();
    let premium = i64::try_from(same).unwrap_or(0) * (1_000_000 - jaro) / 10;
    (jaro + premium + 5_000) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_person_are_alike() {
        for (one, other, least) in [
            ("Ada Lovelace", "LOVELACE, Ada", 100),
            ("Łukasz Müller", "Lukasz Mueller", 100),
            ("Jonathan Smith", "Jonathon Smith", 95),
            ("Наталья Жукова", "Natalia Zhukova", 100),
        ] {
            let found = name_percent(one, other);
            assert!(found >= least, "{one} / {other}: {found}");
        }
        for (one, other) in [("Ada Lovelace", "Grace Hopper"), ("Li Wei", "Bo Lee"), ("山田", "山田"), ("", "Ada")]
        {
            assert_eq!(name_percent(one, other), 0, "{one} / {other}");
        }
    }

    #[test]
    fn the_likeness_of_jaro_and_winkler_is_the_published_one() {
        for (one, other, wanted) in
            [("martha", "marhta", 96), ("dixon", "dicksonx", 81), ("dwayne", "duane", 84), ("a", "b", 0)]
        {
            assert_eq!(jaro_winkler(one, other), wanted, "{one} {other}");
        }
    }

    #[test]
    fn what_is_not_there_says_nothing() {
        assert_eq!(Likeness::Exact.percent(" ", &Value::from("x")), None);
        assert_eq!(Likeness::Exact.percent("x", &Value::Cleared), None);
        assert_eq!(Likeness::Folded.percent("A B", &Value::from("ab")), Some(100));
        assert_eq!(Likeness::Exact.percent("1990-01-02", &Value::Date(jiff::civil::date(1990, 1, 2))), Some(100));
    }
}
