//! What is different in the documents about people (Mapping, Authority, Generator), for a plan.
//!
//! What sources told before is weighed anew, which needs nothing but what is known. Records are not kept, so a
//! mapping that makes something else of them is held against those that its source has now; what it would
//! say otherwise comes with the next reading (`sources::remap`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tenure_connect::{AnyConnector, Completeness, Page, Query, Seen};
use tenure_model::{Attributes, ConnectionName, EventKind, Value};
use tenure_policy::feed::row;

use crate::error::AppError;
use crate::estate::{Connection, Estate};
use crate::limits::{READING_PAGE, READING_ROWS_MAX, REPORT_FINDINGS_MAX};
use crate::live::InForce;
use crate::people::remerge::firmness;
use crate::sources::apply::{Row, through};
use crate::sources::remap::is_same;

/// What is different in the documents about people.
pub(crate) struct Remaking {
    /// What is in force.
    pub(crate) before: Arc<Estate>,
    /// Whether a mapping says something as firmly as it did not, so that all facts are weighed anew.
    pub(crate) weighs: bool,
    /// What sources would say otherwise, by what they call the engagement.
    remapped: BTreeMap<ConnectionName, BTreeMap<String, Attributes>>,
    /// What a human should know, and of how many records.
    pub(crate) notes: BTreeMap<String, u64>,
}

impl Remaking {
    /// What is different; nothing if the documents about people say the same. Reads sources of which a
    /// mapping makes something else.
    pub(crate) async fn of(in_force: &InForce, estate: &Estate, now: Timestamp) -> Option<Self> {
        let before = Arc::clone(&in_force.built.estate);
        let same = before.mappings == estate.mappings
            && before.authorities == estate.authorities
            && before.generators == estate.generators;
        if same {
            return None;
        }
        let weighs = firm(&before) != firm(estate);
        let mut remaking = Self { before, weighs, remapped: BTreeMap::new(), notes: BTreeMap::new() };
        let before = Arc::clone(&remaking.before);
        let sources: BTreeSet<&ConnectionName> = before.mappings.keys().chain(estate.mappings.keys()).collect();
        for source in sources {
            let (old, new) = (before.mappings.get(source), estate.mappings.get(source));
            let Some(known) = before.connections.get(source).filter(|_| !is_same(old, new)) else { continue };
            if old.map(|old| &old.matching) != new.map(|new| &new.matching) {
                remaking.note(format!("`{source}` finds people in another way; whom that would find is not shown"));
            }
            let Some(connector) = in_force.built.connectors.get(source) else {
                remaking.note(format!("`{source}` only delivers events; what it told before stays as it was mapped"));
                continue;
            };
            let weighing = Weighing { source, known, before: &before, after: estate, now };
            remaking.read(connector.as_ref(), &weighing).await;
        }
        Some(remaking)
    }

    /// What a source would say otherwise of whom it calls so.
    pub(crate) fn otherwise(&self, source: &ConnectionName, key: &str) -> Option<&Attributes> {
        self.remapped.get(source)?.get(key)
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < REPORT_FINDINGS_MAX || self.notes.contains_key(&note) {
            *self.notes.entry(note).or_default() += 1;
        }
    }

    /// Maps what a source has now by both mappings.
    async fn read(&mut self, connector: &dyn AnyConnector, weighing: &Weighing<'_>) {
        let source = weighing.source;
        let (query, mut page, mut rows) = (Query::accounts(), Page::first_of(READING_PAGE), 0);
        loop {
            let batch = match connector.read(&query, &page).await {
                Ok(batch) => batch,
                Err(refusal) => {
                    let why = refusal.message;
                    return self.note(format!("`{source}` cannot be read, so its new mapping is not shown: {why}"));
                }
            };
            rows += batch.objects.len();
            for record in batch.objects.iter().filter_map(Seen::account) {
                let key = record.native_id.as_ref().map(ToString::to_string).unwrap_or_default();
                match weighing.record(&key, &record.attributes) {
                    Ok(Some((key, said))) => {
                        self.remapped.entry(source.clone()).or_default().insert(key, said);
                    }
                    Ok(None) => {}
                    Err(error) => self.note(format!("a record of `{source}` would be put aside: {error}")),
                }
            }
            match (batch.completeness, batch.next) {
                (Completeness::Open, Some(next)) if rows < READING_ROWS_MAX => page = page.then(next),
                (Completeness::Whole, _) => return,
                _ => return self.note(format!("`{source}` was not read to its end; more may be otherwise")),
            }
        }
    }
}

/// How firmly each mapping says what.
fn firm(estate: &Estate) -> Vec<(&ConnectionName, Vec<crate::people::remerge::Firmness<'_>>)> {
    estate.mappings.iter().map(|(source, mapping)| (source, firmness(mapping))).collect()
}

/// Two mappings of one source.
struct Weighing<'a> {
    source: &'a ConnectionName,
    known: &'a Connection,
    before: &'a Estate,
    after: &'a Estate,
    now: Timestamp,
}

impl Weighing<'_> {
    /// What a record would say otherwise, and of whom, as the source calls them. What neither mapping
    /// understands is none.
    fn record(&self, key: &str, record: &Attributes) -> Result<Option<(String, Attributes)>, AppError> {
        let columns = &self.known.feed.columns;
        let today = self.now.to_zoned(columns.zone_usual.rules()).date();
        // A row that makes no sense is put aside by any mapping.
        let Ok(facts) = row::read(key, record, columns, today) else { return Ok(None) };
        let row = Row { key, attributes: &facts.attributes, engagement: facts.engagement.as_ref() };
        let mapped = |estate: &Estate| {
            let kind = EventKind::PersonChanged { attributes: facts.attributes.clone() };
            through(estate, self.source, &self.known.person_key, &row, kind, self.now)
        };
        let (old, new) = (mapped(self.before), mapped(self.after));
        let (new, own) = match (&old, new) {
            (Err(_), Err(_)) => return Ok(None),
            (Ok(_), Err(error)) => return Err(error),
            (_, Ok(new)) => new,
        };
        let was = old.as_ref().ok().and_then(|(old, _)| old.kind.attributes());
        let mut said = new.kind.attributes().cloned().unwrap_or_default();
        said.retain(|name, value: &mut Value| was.and_then(|was| was.get(name)) != Some(&*value));
        Ok((!said.is_empty()).then(|| (own.unwrap_or(new.subject.value), said)))
    }
}
