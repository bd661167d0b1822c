//! What a reading would come to, and what of it is withheld.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Guard;

/// What happened in one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnFacts {
    /// Known rows whose value is another one.
    pub changed: u64,
    /// Of those, rows that have no value any more.
    pub cleared: u64,
    /// Of those, rows whose new value is the old one read with the wrong charset.
    pub misread: u64,
}

/// A reading as a whole, beside what was known before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reading {
    /// A hash of every row; the same for the same content.
    pub mark: String,
    /// Why absence is no fact in it.
    pub partial: Option<String>,
    /// How many rows it has.
    pub rows: u64,
    /// How many rows were known before it.
    pub known: u64,
    /// Rows that are new.
    pub new: u64,
    /// Known rows that say something else.
    pub changed: u64,
    /// Known rows that are not in it.
    pub gone: u64,
    /// New rows that say what a row says that is gone: the same people under other keys.
    pub moved: u64,
    /// Known rows by which somebody would be over now or earlier than before.
    pub ending: u64,
    /// Rows that were put aside because they make no sense.
    pub quarantined: u64,
    /// Keys that came more than once.
    pub twice: u64,
    /// An earlier reading, not the last one, that was exactly the same.
    pub repeats: Option<i64>,
    /// The middle of the numbers of rows of the last readings.
    pub rows_usual: Option<u64>,
    /// What happened column by column.
    pub columns: BTreeMap<String, ColumnFacts>,
}

/// Why something is withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// In a word, the same whatever the numbers are.
    pub word: String,
    /// In which column, if it is one.
    pub column: Option<String>,
    /// How many rows.
    pub count: u64,
    /// As a sentence.
    pub sentence: String,
}

/// What is withheld. Everything else goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "what is withheld is a set of independent things")]
pub struct Withheld {
    /// That somebody is not there any more.
    pub gone: bool,
    /// What ends or shortens an engagement.
    pub ends: bool,
    /// Whoever is new.
    pub additions: bool,
    /// Everything that is said of somebody known.
    pub changes: bool,
    /// What is said in these columns.
    pub columns: BTreeSet<String>,
}

/// What a human has accepted: as much for the same reasons, and not more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ceiling(BTreeMap<String, u64>);

impl Ceiling {
    /// As much as these reasons count.
    pub fn of(reasons: &[Reason]) -> Self {
        Self(reasons.iter().map(|reason| (name(reason), reason.count)).collect())
    }

    fn covers(&self, reason: &Reason) -> bool {
        self.0.get(&name(reason)).is_some_and(|most| reason.count <= *most)
    }
}

fn name(reason: &Reason) -> String {
    let column = reason.column.as_deref().unwrap_or_default();
    format!("{}/{column}", reason.word)
}

/// What is withheld of a reading, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Verdict {
    /// What.
    pub withheld: Withheld,
    /// Why, each with its number.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// Whether everything goes on.
    pub fn is_free(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Weighs a reading. What a human accepted goes on as long as it is not more than they saw.
pub fn weigh(reading: &Reading, guard: &Guard, ceiling: &Ceiling) -> Verdict {
    let mut scale = Scale { ceiling, verdict: Verdict::default() };
    if reading.known > 0 {
        keys(reading, guard, &mut scale);
        absence(reading, guard, &mut scale);
        columns(reading, guard, &mut scale);
    }
    let bad = reading.quarantined + reading.twice;
    if bad > guard.disappear(reading.rows) {
        let sentence = format!("{bad} of {} rows make no sense, so the others are not believed either", reading.rows);
        let all = Withheld { gone: true, ends: true, changes: true, additions: true, columns: BTreeSet::new() };
        scale.put("nonsense", None, bad, sentence, all);
    }
    scale.verdict
}

struct Scale<'c> {
    ceiling: &'c Ceiling,
    verdict: Verdict,
}

impl Scale<'_> {
    fn put(&mut self, word: &str, column: Option<&str>, count: u64, sentence: String, withholds: Withheld) {
        let reason = Reason { word: word.to_owned(), column: column.map(str::to_owned), count, sentence };
        if self.ceiling.covers(&reason) {
            return;
        }
        let all = &mut self.verdict.withheld;
        all.gone |= withholds.gone;
        all.ends |= withholds.ends;
        all.additions |= withholds.additions;
        all.changes |= withholds.changes;
        all.columns.extend(withholds.columns);
        self.verdict.reasons.push(reason);
    }
}

/// Whether these are the same people under the same keys at all.
fn keys(reading: &Reading, guard: &Guard, scale: &mut Scale<'_>) {
    let everything = || Withheld { gone: true, ends: true, additions: true, changes: true, columns: BTreeSet::new() };
    let Reading { known, gone, new, moved, .. } = *reading;
    let count = new + reading.changed + gone;
    if let Some(number) = reading.repeats.filter(|_| count > guard.people_max) {
        let sentence = format!("the feed is exactly what reading {number} was, and newer ones came since");
        scale.put("again", None, count, sentence, everything());
    }
    if moved > guard.disappear(known) {
        let sentence = format!("{moved} people have another key than before, of {known}");
        scale.put("keys", None, moved, sentence, everything());
    } else if new > guard.people_max && gone * 2 > known {
        let sentence = format!("only {} of {known} keys are known, and {new} are new", known - gone);
        scale.put("strange", None, gone.max(new), sentence, everything());
    }
}

fn absence(reading: &Reading, guard: &Guard, scale: &mut Scale<'_>) {
    let limit = guard.disappear(reading.known);
    let Reading { known, gone, ending, .. } = *reading;
    let losing = || Withheld { gone: true, ends: true, ..Withheld::default() };
    if let Some(why) = reading.partial.as_ref().filter(|_| gone > 0) {
        let sentence = format!(
            "the reading is not whole ({why}), so nobody's absence is believed; {gone} of {known} are not in it"
        );
        scale.put("partial", None, gone, sentence, Withheld { gone: true, ..Withheld::default() });
    }
    if gone + ending > limit {
        let sentence =
            format!("{gone} of {known} people are not in the feed and {ending} would end, more than {limit}");
        scale.put("leaving", None, gone + ending, sentence, losing());
    }
    if let Some(usual) = reading.rows_usual.filter(|usual| reading.rows * 2 < *usual) {
        let sentence = format!("the feed has {} rows, and usually {usual}", reading.rows);
        scale.put("shrunk", None, usual - reading.rows, sentence, losing());
    }
}

fn columns(reading: &Reading, guard: &Guard, scale: &mut Scale<'_>) {
    let (emptied, moved) = (guard.disappear(reading.known), guard.change(reading.known));
    let known = reading.known;
    let mut over = 0;
    for (name, facts) in &reading.columns {
        let withholds = || Withheld { columns: [name.clone()].into(), ..Withheld::default() };
        over += u64::from(facts.changed > moved);
        if facts.cleared > emptied {
            let sentence = format!("column `{name}` is empty for {} of {known} people who had a value", facts.cleared);
            scale.put("emptied", Some(name), facts.cleared, sentence, withholds());
        } else if facts.misread > 0 {
            let sentence =
                format!("column `{name}` is what it was, read with another charset, for {} people", facts.misread);
            scale.put("charset", Some(name), facts.misread, sentence, withholds());
        } else if facts.changed > moved {
            let sentence =
                format!("column `{name}` changed for {} of {known} people, more than {moved}", facts.changed);
            scale.put("changed", Some(name), facts.changed, sentence, withholds());
        }
    }
    if over > 1 && over * 2 > reading.columns.len() as u64 {
        let sentence =
            format!("{over} of {} columns changed for most people, as if they were shifted", reading.columns.len());
        let all = Withheld { ends: true, changes: true, ..Withheld::default() };
        scale.put("shifted", None, reading.changed, sentence, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calm() -> Reading {
        let columns = ["mail", "name", "team"].map(|name| (name.to_owned(), ColumnFacts::default()));
        Reading { rows: 1_000, known: 1_000, rows_usual: Some(1_000), columns: columns.into(), ..Reading::default() }
    }

    fn column(reading: &mut Reading, name: &str, facts: ColumnFacts) {
        reading.columns.insert(name.to_owned(), facts);
    }

    fn words(reading: &Reading) -> Vec<String> {
        weigh(reading, &Guard::default(), &Ceiling::default()).reasons.into_iter().map(|reason| reason.word).collect()
    }

    #[test]
    fn an_honest_reading_goes_on() {
        for reading in [
            calm(),
            Reading::default(),
            Reading { known: 0, new: 1_000, ..calm() },
            Reading { new: 400, rows: 1_400, ..calm() },
            Reading { gone: 50, ..calm() },
            Reading { gone: 20, ending: 30, ..calm() },
            Reading { known: 60, gone: 5, ..calm() },
            Reading { partial: Some("a delta".into()), ..calm() },
            Reading { moved: 50, new: 50, gone: 50, ..calm() },
            Reading { repeats: Some(3), changed: 5, ..calm() },
        ] {
            assert_eq!(words(&reading), Vec::<String>::new(), "{reading:?}");
        }
    }

    #[test]
    fn each_fault_of_a_feed_is_told_in_a_word_and_withholds_what_it_would_take() {
        let with = |change: &dyn Fn(&mut Reading)| {
            let mut reading = calm();
            change(&mut reading);
            reading
        };
        let changed = |count| ColumnFacts { changed: count, ..ColumnFacts::default() };
        for (reading, word) in [
            (with(&|one| one.gone = 51), "leaving"),
            (with(&|one| (one.gone, one.ending) = (26, 25)), "leaving"),
            (with(&|one| (one.known, one.gone) = (60, 6)), "leaving"),
            (with(&|one| (one.gone, one.partial) = (1, Some("cut".into()))), "partial"),
            (with(&|one| one.rows = 499), "shrunk"),
            (with(&|one| (one.repeats, one.changed) = (Some(3), 6)), "again"),
            (with(&|one| (one.moved, one.gone, one.new) = (51, 51, 51)), "keys"),
            (with(&|one| (one.gone, one.new) = (501, 400)), "strange"),
            (with(&|one| column(one, "mail", changed(501))), "changed"),
            (with(&|one| column(one, "mail", ColumnFacts { cleared: 51, ..changed(51) })), "emptied"),
            (with(&|one| column(one, "name", ColumnFacts { misread: 1, ..changed(1) })), "charset"),
            (with(&|one| one.quarantined = 51), "nonsense"),
        ] {
            let verdict = weigh(&reading, &Guard::default(), &Ceiling::default());
            assert!(verdict.reasons.iter().any(|reason| reason.word == word), "{word}: {verdict:?}");
            assert_ne!(verdict.withheld, Withheld::default(), "{word}");
        }
        let shifted = with(&|one| {
            column(one, "mail", changed(900));
            column(one, "name", changed(900));
        });
        assert!(weigh(&shifted, &Guard::default(), &Ceiling::default()).withheld.changes);
    }

    #[test]
    fn what_was_accepted_is_a_ceiling() {
        let guard = Guard::default();
        let held = weigh(&Reading { gone: 80, ..calm() }, &guard, &Ceiling::default());
        let accepted = Ceiling::of(&held.reasons);
        assert!(weigh(&Reading { gone: 80, ..calm() }, &guard, &accepted).is_free());
        assert!(weigh(&Reading { gone: 79, ..calm() }, &guard, &accepted).is_free());
        assert!(!weigh(&Reading { gone: 81, ..calm() }, &guard, &accepted).is_free());
        let other = Reading { gone: 80, rows: 400, ..calm() };
        assert!(!weigh(&other, &guard, &accepted).is_free());
    }
}
