//! Whether what a feed says can be right, before anything of it is believed.
//!
//! Whoever reads the feed counts; here is decided. An absent row is not a leaver, and a file of half
//! the people is not a mass lay-off.

use serde::{Deserialize, Serialize};
use tenure_model::ConnectionName;

use super::{Brake, share_of};

/// What was counted while a feed was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// The source.
    pub connection: ConnectionName,
    /// Whether the source says that this is everything.
    pub complete: bool,
    /// How many rows there were.
    pub rows: u64,
    /// How many rows the last good reads had, in the middle; none before the first.
    pub rows_median: Option<u64>,
    /// How many keys that were known are not there.
    pub disappeared: u64,
    /// How many keys were never seen before.
    pub appeared: u64,
    /// How many rows could not be read.
    pub bad_rows: u64,
    /// How many people changed in some value.
    pub changed: u64,
    /// For each attribute, how many people had a value that is empty now.
    pub emptied: Vec<(String, u64)>,
    /// For each attribute, how many people have another value now.
    pub rewritten: Vec<(String, u64)>,
    /// How many people would end.
    pub ended: u64,
}

/// Past which shares a feed waits for a human; in hundredths of a percent of the rows of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedLimits {
    /// So many people always may, whatever the share.
    pub people: u64,
    /// Fewer or more rows than before.
    pub rows: u64,
    /// Keys that are not there any more.
    pub disappear: u64,
    /// People who changed.
    pub change: u64,
    /// People who lost the value of one attribute.
    pub empty: u64,
    /// People who would end.
    pub end: u64,
    /// Rows that cannot be read.
    pub bad: u64,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { people: 5, rows: 500, disappear: 200, change: 1_500, empty: 200, end: 200, bad: 500 }
    }
}

/// What cannot be right about a feed; nothing if all can.
pub fn check(feed: &Feed, limits: &FeedLimits) -> Vec<Brake> {
    let before = feed.rows_median.unwrap_or(feed.rows);
    let over = |found: u64, share: u64| found > limits.people.max(share_of(before, share));
    let mut wrong = Vec::new();
    if !feed.complete {
        wrong.push("it is not complete".to_owned());
    }
    if before > 0 && feed.rows == 0 {
        wrong.push(format!("it is empty, and had {before} rows before"));
    } else if over(feed.rows.abs_diff(before), limits.rows) {
        wrong.push(format!("it has {} rows, and had {before} before", feed.rows));
    }
    // The same number gone and come is a key that was renamed, not people who left and others who came.
    if over(feed.disappeared, limits.disappear) {
        let came = feed.appeared.min(feed.disappeared);
        let renamed =
            if came * 2 > feed.disappeared { ", and about as many are new: was the key renamed?" } else { "" };
        wrong.push(format!("{} keys of {before} are not there any more{renamed}", feed.disappeared));
    }
    if over(feed.bad_rows, limits.bad) {
        wrong.push(format!("{} rows cannot be read", feed.bad_rows));
    }
    if over(feed.ended, limits.end) {
        wrong.push(format!("{} people of {before} would end", feed.ended));
    }
    let emptied = feed.emptied.iter().filter(|(_, found)| over(*found, limits.empty));
    wrong.extend(emptied.map(|(name, found)| format!("{found} people of {before} would lose their `{name}`")));
    let rewritten = feed.rewritten.iter().filter(|(_, found)| over(*found, limits.change));
    wrong.extend(rewritten.map(|(name, found)| format!("{found} people of {before} would get another `{name}`")));
    if over(feed.changed, limits.change) && wrong.is_empty() {
        wrong.push(format!("{} people of {before} would change", feed.changed));
    }
    let brake = |because| Brake::Feed { connection: feed.connection.clone(), because };
    wrong.into_iter().map(brake).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Feed {
        Feed {
            connection: "hr".parse().unwrap(),
            complete: true,
            rows: 1_000,
            rows_median: Some(1_000),
            disappeared: 3,
            appeared: 4,
            bad_rows: 0,
            changed: 40,
            emptied: vec![("department".to_owned(), 1)],
            rewritten: vec![("department".to_owned(), 30)],
            ended: 6,
        }
    }

    #[test]
    fn a_usual_day_passes_and_each_poison_has_its_sentence() {
        assert_eq!(check(&good(), &FeedLimits::default()), Vec::new());
        let cases: [(&str, Feed); 9] = [
            ("it is empty", Feed { rows: 0, ..good() }),
            ("it has 500 rows", Feed { rows: 500, ..good() }),
            ("it is not complete", Feed { complete: false, ..good() }),
            ("500 keys of 1000 are not there any more", Feed { disappeared: 500, ..good() }),
            ("was the key renamed?", Feed { disappeared: 900, appeared: 900, ..good() }),
            ("900 people of 1000 would end", Feed { ended: 900, ..good() }),
            ("would lose their `department`", Feed { emptied: vec![("department".to_owned(), 800)], ..good() }),
            ("would get another `department`", Feed { rewritten: vec![("department".to_owned(), 999)], ..good() }),
            ("60 rows cannot be read", Feed { bad_rows: 60, ..good() }),
        ];
        for (sentence, feed) in cases {
            let said: Vec<String> = check(&feed, &FeedLimits::default()).iter().map(Brake::sentence).collect();
            assert!(said.iter().any(|said| said.contains(sentence)), "{sentence}: {said:?}");
        }
    }

    #[test]
    fn a_small_company_may_change_by_a_few_people() {
        let small = Feed { rows: 8, rows_median: Some(10), disappeared: 2, ended: 2, changed: 3, ..good() };
        let small = Feed { rewritten: Vec::new(), emptied: Vec::new(), ..small };
        assert_eq!(check(&small, &FeedLimits::default()), Vec::new());
        assert!(!check(&Feed { rows: 0, ..small }, &FeedLimits::default()).is_empty());
    }
}
