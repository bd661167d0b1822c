//! What a feed is as a whole, beside the last good one: facts for the brakes, and the doubts that
//! follow from what is expected of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::Expect;
use super::memory::{Differences, Summary};

/// What a feed is as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedFacts {
    /// The mark of what was read, with which a human can say that it is right.
    pub mark: String,
    /// How many rows.
    pub rows: u64,
    /// How many rows were wrong and set aside.
    pub set_aside: u64,
    /// The first of those, each with its place.
    pub set_aside_first: Vec<String>,
    /// How many rows have a value in each column.
    pub fill: BTreeMap<String, u64>,
    /// How it differs from the last good reading, if there was one.
    pub since_last_good: Option<SinceLastGood>,
    /// Why absence is no fact in this reading.
    pub doubts: Vec<String>,
}

/// How a feed differs from the last good one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SinceLastGood {
    /// How many rows it had.
    pub rows: u64,
    /// Keys that are new.
    pub new: u64,
    /// Keys that are gone.
    pub lost: u64,
    /// Rows that changed.
    pub changed: u64,
    /// Columns that are new.
    pub columns_new: Vec<String>,
    /// Columns that are gone.
    pub columns_lost: Vec<String>,
}

/// Compares a reading with the last good one, and says what is to be doubted.
pub(super) fn weigh(
    now: &Summary,
    set_aside: (u64, Vec<String>),
    last: Option<(Summary, Differences)>,
    expect: &Expect,
    is_delta: bool,
) -> FeedFacts {
    let mut doubts = Vec::new();
    if set_aside.0 > 0 {
        doubts.push(format!("{} rows were wrong and set aside", set_aside.0));
    }
    let since = last.map(|(before, found)| {
        // A delta has other rows every time; only its columns can be compared.
        if !is_delta {
            compare(now, &before, found, expect, &mut doubts);
        }
        let only = |one: &Summary, other: &Summary| {
            one.fill.keys().filter(|name| !other.fill.contains_key(*name)).cloned().collect::<Vec<_>>()
        };
        let Differences { new, lost, changed } = found;
        let (columns_new, columns_lost) = (only(now, &before), only(&before, now));
        SinceLastGood { rows: before.rows, new, lost, changed, columns_new, columns_lost }
    });
    if let Some(since) = &since
        && !since.columns_lost.is_empty()
    {
        doubts.push(format!("columns `{}` are gone", since.columns_lost.join("`, `")));
    }
    let accepted = expect.accept.as_deref() == Some(now.mark.as_str());
    FeedFacts {
        mark: now.mark.clone(),
        rows: now.rows,
        set_aside: set_aside.0,
        set_aside_first: set_aside.1,
        fill: now.fill.clone(),
        since_last_good: since,
        doubts: if accepted { Vec::new() } else { doubts },
    }
}

fn compare(now: &Summary, before: &Summary, found: Differences, expect: &Expect, doubts: &mut Vec<String>) {
    let over = |part: u64, whole: u64, percent: u64| part * 100 > whole.saturating_mul(percent);
    let (rows, percent) = (before.rows, expect.keys_lost_percent_max);
    if over(found.lost, rows, percent) {
        doubts.push(format!("{} of {rows} keys are gone, more than {percent} %", found.lost));
    }
    let percent = expect.rows_changed_percent_max;
    if over(found.changed, rows, percent) {
        doubts.push(format!("{} of {rows} rows changed, more than {percent} %", found.changed));
    }
    let percent = expect.fill_lost_percent_max;
    for (name, filled) in &before.fill {
        let Some(still) = now.fill.get(name) else { continue };
        // In parts of a million of the rows of each reading.
        let share = |filled: u64, rows: u64| filled * 1_000_000 / rows.max(1);
        let (then, today) = (share(*filled, before.rows), share(*still, now.rows));
        if then.saturating_sub(today) > percent * 10_000 {
            let (then, today) = (then / 10_000, today / 10_000);
            doubts.push(format!("column `{name}` was filled in {then} % of the rows and is in {today} %"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(rows: u64, mail: u64) -> Summary {
        Summary { mark: "aa".into(), rows, fill: [("id".to_owned(), rows), ("mail".to_owned(), mail)].into() }
    }

    #[test]
    fn a_feed_that_shrank_changed_or_emptied_is_doubted_until_a_human_says_so() {
        let differ = |new, lost, changed| Differences { new, lost, changed };
        for (now, found, words) in [
            (summary(100, 100), differ(0, 0, 3), ""),
            (summary(89, 89), differ(0, 11, 0), "11 of 100 keys are gone"),
            (summary(100, 100), differ(100, 100, 0), "100 of 100 keys are gone"),
            (summary(100, 100), differ(0, 0, 51), "51 of 100 rows changed"),
            (summary(100, 70), differ(0, 0, 30), "column `mail` was filled in 100 % of the rows and is in 70 %"),
        ] {
            let last = || Some((summary(100, 100), found));
            let facts = weigh(&now, (0, Vec::new()), last(), &Expect::default(), false);
            assert_eq!(facts.doubts.is_empty(), words.is_empty(), "{facts:?}");
            assert!(facts.doubts.first().is_none_or(|doubt| doubt.contains(words)), "{facts:?}");
            let accept = Expect { accept: Some("aa".into()), ..Expect::default() };
            assert!(weigh(&now, (0, Vec::new()), last(), &accept, false).doubts.is_empty());
        }
    }
}
