//! Which known word a wrong one is closest to.

/// The nearest of the known words, if one is near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wrong.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(&wrong.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be put in, taken out or replaced.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, letter) in left.chars().enumerate() {
        let mut next = vec![place + 1];
        for (other, (pair, known)) in row.windows(2).zip(&right).enumerate() {
            let &[diagonal, above] = pair else { continue };
            let before = next.get(other).copied().unwrap_or(usize::MAX - 1);
            next.push((diagonal + usize::from(letter != *known)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_does_not() {
        assert_eq!(nearest("entitelment", ["connection", "entitlement"]), Some("entitlement"));
        assert_eq!(nearest("conection", ["connection", "entitlement"]), Some("connection"));
        assert_eq!(nearest("zebra", ["connection", "entitlement"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
