//! Puts a word right that is almost another one: what stands in `backticks` behind "did you mean"
//! takes the place of what stands in `backticks` in front of it.

use crate::edit::Splice;
use crate::problem::Problem;
use crate::source::line_of;

/// What would put this problem right, if it is of a kind that can be. Whoever carries it out
/// reads the documents again, and keeps the old text if that is not better.
pub fn repair(text: &str, problem: &Problem) -> Option<Splice> {
    let right = problem.hint.strip_prefix("did you mean ").or_else(|| problem.hint.strip_prefix("write "));
    let right = words(right?).next()?;
    let found = words(&problem.reason).filter_map(|wrong| Some((locate(text, problem, wrong)?, wrong))).next_back();
    let (at, wrong) = found.filter(|(_, wrong)| *wrong != right)?;
    Some(Splice { at, length: wrong.len(), text: right.to_owned() })
}

/// Where a problem is to be seen: the bytes of the word that it is about, or of the value at its
/// place.
pub fn spot(text: &str, problem: &Problem) -> std::ops::Range<usize> {
    let word = words(&problem.reason).filter_map(|word| Some((locate(text, problem, word)?, word.len()))).next_back();
    if let Some((at, length)) = word {
        return at..at + length;
    }
    let start = place(text, problem);
    let rest = text.get(start..line_of(text, start).end).unwrap_or_default();
    let length = rest.find([',', '}', ']', '#']).unwrap_or(rest.len());
    start..start + rest.get(..length).unwrap_or_default().trim_end().len().max(1)
}

/// The byte at the place of a problem.
fn place(text: &str, problem: &Problem) -> usize {
    let line = usize::try_from(problem.place.line.saturating_sub(1)).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(problem.place.column.saturating_sub(1)).unwrap_or(0);
    let rest = text.get(start..).unwrap_or_default();
    start + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}

/// Where a word stands as a whole: from the place on, to the end of its line, or of its document
/// if the place is that of a whole document.
fn locate(text: &str, problem: &Problem, word: &str) -> Option<usize> {
    let start = place(text, problem);
    let whole = problem.place.column == 1;
    let end = if whole {
        text.get(start..)?.find("\n---").map_or(text.len(), |found| start + found)
    } else {
        line_of(text, start).end
    };
    let inside = text.get(start..end)?;
    let is_letter = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let stands_alone = |at: &usize| {
        let before = inside.get(..*at).and_then(|text| text.chars().next_back());
        let after = inside.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    };
    let found = inside.match_indices(word).map(|(at, _)| at).find(stands_alone);
    found.map(|at| start + at)
}

/// What stands in backticks.
fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let parts: Vec<&str> = text.split('`').collect();
    let inside: Vec<&str> = parts.into_iter().skip(1).step_by(2).filter(|word| !word.is_empty()).collect();
    inside.into_iter()
}
