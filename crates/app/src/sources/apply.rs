//! Takes in what a reading found and nothing withholds: as events, several hundred rows a
//! transaction. Rows, events and how far it is commit together, so that whoever goes on after a
//! crash does nothing twice. A row that fails is put aside by name and the rest goes on.

use jiff::Timestamp;
use tenure_model::{Attributes, ConnectionName, Event, EventKind, PersonKey, Terms, Value, new_id};
use tenure_policy::feed::{Columns, Verdict, row};
use tenure_store::source_readings::{self as readings, KnownRow, Stage};
use tenure_store::{StoreError, Tx, engagements, values};

use super::survey::{Before, Staged};
use super::{Absent, Feed, Report, remap};
use crate::cx::Cx;
use crate::error::AppError;
use crate::estate::Estate;
use crate::events::accept::{self, Told};
use crate::events::mapped::{self, Through};
use crate::limits::APPLY_ROWS;

/// What one row comes to.
struct Step {
    kind: Option<EventKind>,
    known: KnownRow,
    is_withheld: bool,
    count: fn(&mut super::Applied),
}

/// Takes in everything that was put ready.
pub(super) async fn apply(cx: &Cx, feed: &Feed, person_key: &str, mut report: Report) -> Result<Report, AppError> {
    loop {
        let source = report.row.source.clone();
        let rows =
            cx.house.store.read(move |tx| Box::pin(async move { readings::staged(tx, &source, APPLY_ROWS).await }));
        let rows = rows.await.map_err(|error: StoreError| AppError::from(error))?;
        if rows.is_empty() {
            return Ok(report);
        }
        let together = batch(cx, feed, person_key, &report, rows.clone()).await;
        match together {
            Ok(next) => report = next,
            Err(AppError::Store(StoreError::Unavailable { .. } | StoreError::Full(_) | StoreError::Unwritable(_))) => {
                return together;
            }
            // One of them fails: each for itself, so that the others are not held up.
            Err(_) => {
                for row in rows {
                    report = alone(cx, feed, person_key, report, row).await?;
                }
            }
        }
        cx.house.nudge();
    }
}

async fn alone(
    cx: &Cx,
    feed: &Feed,
    person_key: &str,
    mut report: Report,
    row: (String, String),
) -> Result<Report, AppError> {
    let key = row.0.clone();
    match batch(cx, feed, person_key, &report, vec![row]).await {
        Ok(next) => Ok(next),
        Err(error) => {
            tracing::warn!(source = %report.row.source, %error, "a row of a feed was put aside");
            report.applied.put_aside(format!("row `{key}`: {error}"));
            let row = report.to_row(Stage::Applying, cx.house.clock.now())?;
            let forgotten = cx.house.store.write(move |tx| {
                Box::pin(async move {
                    readings::unstage(tx, &row.source, Some(&[key])).await?;
                    readings::update(tx, &row).await
                })
            });
            forgotten.await.map_err(|error: StoreError| AppError::from(error))?;
            Ok(report)
        }
    }
}

/// Takes in these rows in one transaction, or none of them.
async fn batch(
    cx: &Cx,
    feed: &Feed,
    person_key: &str,
    report: &Report,
    rows: Vec<(String, String)>,
) -> Result<Report, AppError> {
    let (own, feed, key, mut report) = (cx.clone(), feed.clone(), person_key.to_owned(), report.clone());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let (keys, mut known) = (rows.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), Vec::new());
            for (row_key, body) in &rows {
                let staged: Staged =
                    serde_json::from_str(body).map_err(|error| AppError::Corrupt(error.to_string()))?;
                let step = step(row_key, &staged, &feed, &report.verdict, report.row.started_at);
                report.applied.withheld += u64::from(step.is_withheld);
                if let Some(kind) = step.kind {
                    if tell(&own, tx, &report, &key, (row_key, &staged), kind).await? {
                        (step.count)(&mut report.applied);
                    }
                    known.push(step.known);
                }
            }
            readings::put(tx, &report.row.source, report.row.number, &known).await?;
            readings::unstage(tx, &report.row.source, Some(&keys)).await?;
            let row = report.to_row(Stage::Applying, own.house.clock.now())?;
            readings::update(tx, &row).await?;
            Ok::<_, AppError>(Report { row, ..report })
        })
    });
    job.await
}

/// Takes in what a row says. False if that is nothing.
async fn tell(
    cx: &Cx,
    tx: &mut Tx,
    report: &Report,
    person_key: &str,
    (row_key, staged): (&str, &Staged),
    kind: EventKind,
) -> Result<bool, AppError> {
    let now = cx.house.clock.now();
    // An expression may read what did not change, so that the mapping is given the whole row, but for
    // what is withheld.
    let estate = cx.house.estate();
    let is_mapped = estate.mappings.contains_key(&report.row.source);
    let kind = match kind.attributes() {
        Some(changed) if (is_mapped && !changed.is_empty()) || staged.again => {
            let mut whole = staged.attributes.clone();
            whole.retain(|name, _| !report.verdict.withheld.columns.contains(name));
            mapped::with(kind, whole)
        }
        Some(_) | None => kind,
    };
    let row = Row { key: row_key, attributes: &staged.attributes, engagement: staged.engagement.as_ref() };
    let (Through { subject, also, kind, .. }, own) = through(&estate, &report.row.source, person_key, &row, kind, now)?;
    let kind = if staged.again {
        let key = own.as_ref().unwrap_or(&subject.value);
        match otherwise(tx, &report.row.source, key, kind).await? {
            Some(kind) => kind,
            None => return Ok(false),
        }
    } else {
        kind
    };
    let event = Event {
        id: new_id(cx.house.ids.as_ref()),
        connection: report.row.source.clone(),
        external_id: format!("reading/{}/{row_key}", report.row.number),
        subject,
        kind,
        received_at: now,
    };
    let told = Told { as_of: Some(report.row.started_at), sequence: None, engagement: own, also };
    accept::take(cx, tx, &event, &told, now).await?;
    Ok(true)
}

/// A row of a source, as far as it says of whom it speaks.
pub(crate) struct Row<'a> {
    /// Its key.
    pub key: &'a str,
    /// What it says of the person.
    pub attributes: &'a Attributes,
    /// What it calls the engagement.
    pub engagement: Option<&'a String>,
}

/// What a row says by the mapping of its source, and what the engagement is called where it is not called
/// as the person is.
pub(crate) fn through(
    estate: &Estate,
    source: &ConnectionName,
    person_key: &str,
    row: &Row<'_>,
    kind: EventKind,
    now: Timestamp,
) -> Result<(Through, Option<String>), AppError> {
    let named = match row.attributes.get(person_key) {
        Some(Value::Text(text)) if !text.trim().is_empty() => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => row.key.to_owned(),
    };
    let key = PersonKey { attribute: person_key.to_owned(), value: named.clone() };
    let through = mapped::through(estate, source, key, kind, now)?;
    let own = row.engagement.or(through.engagement.as_ref()).cloned();
    let own = own.or_else(|| (named != row.key).then(|| row.key.to_owned()));
    Ok((through, own))
}

/// What a row that is mapped again says otherwise than is known; none if that is nothing.
async fn otherwise(
    tx: &mut Tx,
    source: &ConnectionName,
    key: &str,
    kind: EventKind,
) -> Result<Option<EventKind>, AppError> {
    let Some(known) = engagements::find_by_key(tx, source, key).await? else { return Ok(Some(kind)) };
    let said = values::of_person(tx, known.person).await?;
    let news = remap::news(&said, source, kind.attributes().cloned().unwrap_or_default());
    Ok((!news.is_empty()).then(|| mapped::with(kind, news)))
}

/// What a row comes to, with what is withheld taken out of it.
fn step(key: &str, staged: &Staged, feed: &Feed, verdict: &Verdict, at: Timestamp) -> Step {
    let withheld = &verdict.withheld;
    match (&staged.terms, &staged.before) {
        (None, before) => gone(key, staged, before.as_ref(), feed, withheld.gone, at),
        (Some(terms), None) => {
            let today = today(terms, at);
            let first_day = Some(terms.first_day.unwrap_or(today));
            let terms = Terms { first_day, ..terms.clone() };
            let kind = EventKind::EmploymentStated { terms: Box::new(terms), attributes: staged.attributes.clone() };
            let kind = Some(kind).filter(|_| !withheld.additions);
            Step { is_withheld: kind.is_none(), kind, known: known(key, staged), count: |applied| applied.new += 1 }
        }
        (Some(terms), Some(before)) if before.is_gone => {
            // Whoever is there again has no end any more, unless the row says one.
            let terms = Terms { last_day: Some(terms.last_day.flatten()), ..terms.clone() };
            let kind = EventKind::EmploymentStated { terms: Box::new(terms), attributes: staged.attributes.clone() };
            let kind = Some(kind).filter(|_| !withheld.additions);
            Step { is_withheld: kind.is_none(), kind, known: known(key, staged), count: |applied| applied.new += 1 }
        }
        (Some(terms), Some(before)) => changed(key, staged, terms, before, feed, verdict, at),
    }
}

fn gone(key: &str, staged: &Staged, before: Option<&Before>, feed: &Feed, is_withheld: bool, at: Timestamp) -> Step {
    let known = KnownRow { is_gone: true, ..known(key, staged) };
    let today = before.map_or_else(|| at.to_zoned(jiff::tz::TimeZone::UTC).date(), |before| today(&before.terms, at));
    let kind = match feed.absent {
        Absent::End => EventKind::EmploymentEnded { last_day: today, urgent: false },
        Absent::Keep => EventKind::PersonChanged { attributes: Attributes::new() },
    };
    Step { kind: Some(kind).filter(|_| !is_withheld), known, is_withheld, count: |applied| applied.gone += 1 }
}

fn changed(
    key: &str,
    staged: &Staged,
    terms: &Terms,
    before: &Before,
    feed: &Feed,
    verdict: &Verdict,
    at: Timestamp,
) -> Step {
    let withheld = &verdict.withheld;
    let is_new = |name: &&String| before.marks.get(*name) != staged.marks.get(*name);
    let names: Vec<&String> = before.marks.keys().chain(staged.marks.keys()).filter(is_new).collect();
    let holds = |name: &str| withheld.changes || withheld.columns.contains(name);
    let takes_away = row::takes_away(&before.terms, terms, today(terms, at));
    let (mut said, mut row) = (row::changed(&before.terms, terms), known(key, staged));
    let mut is_withheld = false;
    if withheld.changes || (withheld.ends && takes_away) {
        is_withheld |= !said.is_empty();
        said = Terms::default();
    }
    is_withheld |= leave_out(&mut said, &feed.columns, &holds);
    let terms_held = is_withheld;
    is_withheld |= staged.again && withheld.changes;
    let mut attributes = Attributes::new();
    let mut marks = staged.marks.clone();
    for name in names {
        let is_kept = holds(name) || (is_term(&feed.columns, name) && terms_held);
        if is_kept {
            is_withheld |= holds(name);
            match before.marks.get(name) {
                Some(mark) => drop(marks.insert(name.clone(), mark.clone())),
                None => drop(marks.remove(name)),
            }
        } else if !is_term(&feed.columns, name) {
            attributes.insert(name.clone(), staged.attributes.get(name).cloned().unwrap_or(Value::Cleared));
        }
    }
    if is_withheld {
        // Not the hash of the row as it is: what was withheld is looked at again with the next reading.
        row.hash = String::new();
        row.marks = text(&marks);
        row.terms = text(&merged(&before.terms, &said));
    }
    let kind = match (said.is_empty(), attributes.is_empty()) {
        (true, true) if is_withheld => None,
        (true, _) => Some(EventKind::PersonChanged { attributes }),
        (false, _) => Some(EventKind::EmploymentStated { terms: Box::new(said), attributes }),
    };
    Step { kind, known: row, is_withheld, count: |applied| applied.changed += 1 }
}

/// Leaves out of the terms what is withheld in their columns. True if that was something.
fn leave_out(said: &mut Terms, columns: &Columns, holds: &impl Fn(&str) -> bool) -> bool {
    let held = |column: &Option<String>| column.as_deref().is_some_and(holds);
    let before = said.clone();
    if held(&columns.first_day) {
        said.first_day = None;
    }
    if held(&columns.last_day) {
        said.last_day = None;
    }
    if held(&columns.leave_from) || held(&columns.leave_until) {
        said.leave = None;
    }
    if held(&columns.kind) {
        said.kind = None;
    }
    if held(&columns.zone) {
        said.zone = None;
    }
    *said != before
}

fn is_term(columns: &Columns, name: &str) -> bool {
    [&columns.first_day, &columns.last_day, &columns.leave_from, &columns.leave_until, &columns.kind, &columns.zone]
        .into_iter()
        .any(|column| column.as_deref() == Some(name))
}

/// The terms as they are known once this was said.
fn merged(before: &Terms, said: &Terms) -> Terms {
    Terms {
        kind: said.kind.or(before.kind),
        zone: said.zone.clone().or_else(|| before.zone.clone()),
        first_day: said.first_day.or(before.first_day),
        last_day: said.last_day.or(before.last_day),
        leave: said.leave.clone().or_else(|| before.leave.clone()),
        primary: said.primary.or(before.primary),
    }
}

/// The day, where this engagement is.
fn today(terms: &Terms, at: Timestamp) -> jiff::civil::Date {
    let rules = terms.zone.as_ref().map_or(jiff::tz::TimeZone::UTC, tenure_model::Zone::rules);
    at.to_zoned(rules).date()
}

fn known(key: &str, staged: &Staged) -> KnownRow {
    let before = staged.before.as_ref();
    let terms = staged.terms.as_ref().or(before.map(|before| &before.terms));
    KnownRow {
        key: key.to_owned(),
        hash: staged.hash.clone(),
        marks: text(&staged.marks),
        terms: text(&terms.cloned().unwrap_or_default()),
        is_gone: false,
    }
}

/// Texts by names and days always have a JSON form.
fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
