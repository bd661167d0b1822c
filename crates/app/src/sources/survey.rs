//! Reads a source from its first page to its last and compares it with what is known. Nothing is
//! believed yet: what is new or changed is only put ready.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tenure_connect::{AnyConnector, Completeness, Page, Query};
use tenure_model::{Attributes, ConnectionName, Observed, Terms, Value};
use tenure_policy::feed::{Reading, RowFacts, row};
use tenure_store::source_readings::{self as readings, KnownRow};

use super::mark::{self, Marks};
use super::{Applied, Feed, stored};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{READING_GONE_PAGE, READING_PAGE, READING_ROWS_MAX};

/// A row that is to be taken in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Staged {
    /// What it says of the engagement; none if it is not in the reading any more.
    pub terms: Option<Terms>,
    /// What it says of the person.
    pub attributes: Attributes,
    /// What the source calls the engagement.
    pub engagement: Option<String>,
    /// The hash of all it says.
    pub hash: String,
    /// The hash of each value.
    pub marks: Marks,
    /// How it was known before, if it was.
    pub before: Option<Before>,
    /// It says the same, and is only mapped again.
    #[serde(default)]
    pub again: bool,
}

/// How a row was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Before {
    /// What it said of the engagement.
    pub terms: Terms,
    /// The hash of each value.
    pub marks: Marks,
    /// Whether it was missing.
    pub is_gone: bool,
}

/// What a survey found.
#[derive(Debug, Default)]
pub(super) struct Surveyed {
    /// The reading as a whole.
    pub reading: Reading,
    /// Rows that were put aside.
    pub aside: Applied,
}

/// What of a reading is put ready to be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is only looked.
    Nothing,
    /// What is new, changed or gone.
    News,
    /// All of it, since it is mapped otherwise than before.
    All,
}

/// One survey under way.
pub(super) struct Survey<'h> {
    house: &'h House,
    source: &'h ConnectionName,
    feed: &'h Feed,
    today: Date,
    keep: Keep,
    seen: HashSet<u128>,
    new_content: HashSet<String>,
    sum: u128,
    found: Surveyed,
}

impl<'h> Survey<'h> {
    pub(super) fn new(house: &'h House, source: &'h ConnectionName, feed: &'h Feed, today: Date, keep: Keep) -> Self {
        Self {
            house,
            source,
            feed,
            today,
            keep,
            seen: HashSet::new(),
            new_content: HashSet::new(),
            sum: 0,
            found: Surveyed::default(),
        }
    }

    /// Reads everything. `tell` hears how many rows were read so far.
    pub(super) async fn run(mut self, connector: &dyn AnyConnector) -> Result<Surveyed, AppError> {
        let (query, mut page) = (Query::accounts(), Page::first_of(READING_PAGE));
        let source = self.source.clone();
        let known =
            self.house.store.read(move |tx| Box::pin(async move { readings::count_present(tx, &source).await }));
        self.found.reading.known = known.await.map_err(stored)?;
        loop {
            let batch = connector.read(&query, &page).await.map_err(AppError::Target)?;
            let rows: Vec<&Observed> = batch.objects.iter().filter_map(tenure_connect::Seen::account).collect();
            self.take(&rows).await?;
            if self.seen.len() > READING_ROWS_MAX {
                return Err(AppError::Conflict(format!("the feed has more than {READING_ROWS_MAX} rows")));
            }
            match (batch.completeness, batch.next) {
                (Completeness::Partial { why }, _) => {
                    self.found.reading.partial = Some(why);
                    break;
                }
                (Completeness::Whole, _) => break,
                (Completeness::Open, Some(next)) => page = page.then(next),
                (Completeness::Open, None) => {
                    self.found.reading.partial = Some("the source stopped without saying that this is all".to_owned());
                    break;
                }
            }
        }
        self.absent().await?;
        self.found.reading.mark = format!("{:032x}", self.sum);
        Ok(self.found)
    }

    async fn take(&mut self, rows: &[&Observed]) -> Result<(), AppError> {
        let keys: Vec<String> = rows.iter().filter_map(|row| Some(row.native_id.as_ref()?.to_string())).collect();
        let source = self.source.clone();
        let known = self.house.store.read(move |tx| Box::pin(async move { readings::known(tx, &source, &keys).await }));
        let known: BTreeMap<String, KnownRow> =
            known.await.map_err(stored)?.into_iter().map(|row| (row.key.clone(), row)).collect();
        let mut ready = Vec::new();
        for row in rows {
            let key = row.native_id.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(staged) = self.weigh(&key, row, known.get(&key))? {
                ready.push((key, super::text(&staged)?));
            }
        }
        self.put_ready(ready).await
    }

    /// Counts a row, and says what is to be taken in of it.
    fn weigh(&mut self, key: &str, row: &Observed, known: Option<&KnownRow>) -> Result<Option<Staged>, AppError> {
        self.found.reading.rows += 1;
        if !self.seen.insert(mark::of_key(key)) {
            self.found.reading.twice += 1;
            self.found.aside.put_aside(format!("row `{key}`: its key comes more than once; only the first counts"));
            return Ok(None);
        }
        let content = mark::of_row(key, &row.attributes);
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(content) ^ mark::of_key(key));
        let hash = crate::estate::hex(&content);
        let is_same = known.is_some_and(|known| known.hash == hash && !known.is_gone);
        if is_same && self.keep != Keep::All {
            return Ok(None);
        }
        let facts = match row::read(key, &row.attributes, &self.feed.columns, self.today) {
            Ok(facts) => facts,
            Err(wrong) => {
                self.found.reading.quarantined += 1;
                self.found.aside.put_aside(wrong.to_string());
                return Ok(None);
            }
        };
        let marks = mark::of_values(key, &row.attributes);
        let before = known.map(before).transpose()?;
        match &before {
            None => {
                self.found.reading.new += 1;
                self.new_content.insert(hash.clone());
            }
            Some(before) if before.is_gone => self.found.reading.new += 1,
            Some(_) if is_same => {}
            Some(before) => self.compare(before, &facts, &marks, &row.attributes),
        }
        let RowFacts { terms, attributes, engagement } = facts;
        Ok(Some(Staged { terms: Some(terms), attributes, engagement, hash, marks, before, again: is_same }))
    }

    /// Counts what is different in a known row, column by column.
    fn compare(&mut self, before: &Before, facts: &RowFacts, marks: &Marks, row: &Attributes) {
        let reading = &mut self.found.reading;
        reading.changed += 1;
        reading.ending += u64::from(row::takes_away(&before.terms, &facts.terms, self.today));
        for name in before.marks.keys().chain(marks.keys().filter(|name| !before.marks.contains_key(*name))) {
            let (old, new) = (before.marks.get(name), marks.get(name));
            let column = reading.columns.entry(name.clone()).or_default();
            if old == new {
                continue;
            }
            column.changed += 1;
            column.cleared += u64::from(new.is_none());
            let value = row.get(name).and_then(Value::as_text);
            let rightly = value.and_then(mark::read_rightly).map(|text| mark::of_value(&Value::Text(text)));
            let lost = value.is_some_and(|text| text.contains('\u{fffd}'));
            column.misread += u64::from(lost || (rightly.is_some() && rightly.as_ref() == old));
        }
    }

    /// Finds who is known and was not seen.
    async fn absent(&mut self) -> Result<(), AppError> {
        let mut after = String::new();
        loop {
            let (source, from) = (self.source.clone(), after.clone());
            let page = self.house.store.read(move |tx| {
                Box::pin(async move { readings::present(tx, &source, &from, READING_GONE_PAGE).await })
            });
            let page = page.await.map_err(stored)?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.key);
            let mut ready = Vec::new();
            for known in page.iter().filter(|known| !self.seen.contains(&mark::of_key(&known.key))) {
                self.found.reading.gone += 1;
                self.found.reading.moved += u64::from(self.new_content.contains(&known.hash));
                let (hash, before) = (known.hash.clone(), before(known)?);
                let marks = before.marks.clone();
                let none = Attributes::new();
                let gone = Staged {
                    terms: None,
                    attributes: none,
                    engagement: None,
                    hash,
                    marks,
                    before: Some(before),
                    again: false,
                };
                ready.push((known.key.clone(), super::text(&gone)?));
            }
            self.put_ready(ready).await?;
        }
    }

    async fn put_ready(&self, ready: Vec<(String, String)>) -> Result<(), AppError> {
        if ready.is_empty() || self.keep == Keep::Nothing {
            return Ok(());
        }
        let source = self.source.clone();
        let put = self.house.store.write(move |tx| Box::pin(async move { readings::stage(tx, &source, &ready).await }));
        put.await.map_err(stored)
    }
}

fn before(known: &KnownRow) -> Result<Before, AppError> {
    let corrupt = |error: serde_json::Error| AppError::Corrupt(error.to_string());
    Ok(Before {
        terms: serde_json::from_str(&known.terms).map_err(corrupt)?,
        marks: serde_json::from_str(&known.marks).map_err(corrupt)?,
        is_gone: known.is_gone,
    })
}
