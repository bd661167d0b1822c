//! Reads a source now: survey, weigh, take in.

use jiff::Timestamp;
use tenure_model::{ConnectionName, NoticeKind};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::feed::{Ceiling, Reading, Verdict, weigh};
use tenure_store::source_readings::{self as readings, ReadingRow, Stage};
use tenure_store::{StoreError, notices};

use super::apply::apply;
use super::survey::{Keep, Survey};
use super::{Applied, Feed, Report, remap, stored};
use crate::cx::Cx;
use crate::error::AppError;
use crate::estate::Connection;
use crate::limits::{READING_LEFT_AFTER, READINGS_COMPARED};
use crate::notices::write;

/// What is done with what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// What is not withheld is taken in.
    Take,
    /// Nothing: it is only told what would be.
    DryRun,
    /// As much as this held reading would have taken is taken in too.
    Accept {
        /// Its number.
        number: i64,
    },
}

/// Reads a source. What was left by a process that died is finished first.
#[tracing::instrument(name = "app.sources.read", skip_all, fields(connection = %name))]
pub async fn read(cx: &Cx, name: &ConnectionName, how: How) -> Result<Report, AppError> {
    cx.allow(Action::ReadSource, &Thing::Connection(Some(name.clone())))?;
    let known = source(cx, name)?;
    let before = earlier(cx, name).await?;
    let ceiling = match &how {
        How::Accept { number } => accepted(&before, *number)?,
        How::Take | How::DryRun => Ceiling::default(),
    };
    let now = cx.house.clock.now();
    if let Some(open) = before.first().filter(|reading| reading.row.stage.is_open()) {
        let is_left = now.duration_since(open.row.touched_at) > READING_LEFT_AFTER;
        match (open.row.stage, is_left) {
            (_, false) => {
                return Err(AppError::Conflict(format!("reading {} of `{name}` is under way", open.row.number)));
            }
            (Stage::Applying, true) => return finish(cx, &known, open.clone(), None, None).await,
            (Stage::Surveying | Stage::Done | Stage::Held | Stage::Failed, true) => {
                fail(cx, open.clone(), "the process that read it ended".to_owned(), None).await?;
            }
        }
    }
    let fresh = blank(name, before.first().map_or(1, |last| last.row.number + 1), now);
    if how == How::DryRun {
        let found = surveyed(cx, name, &known.feed, now, Keep::Nothing).await?;
        let reading = beside(found.reading, &before);
        let verdict = weigh(&reading, &known.feed.guard, &ceiling);
        return Ok(Report { found: reading, verdict, applied: found.aside, ..fresh });
    }
    let mark = remap::mark(&cx.house.estate(), name);
    let (source, noted) = (name.clone(), mark.clone());
    let job = cx.house.store.read(move |tx| Box::pin(async move { remap::is_due(tx, &source, &noted).await }));
    let again = job.await.map_err(stored)?;
    begin(cx, &fresh).await?;
    let found = match surveyed(cx, name, &known.feed, now, if again { Keep::All } else { Keep::News }).await {
        Ok(found) => found,
        Err(error) => return failed(cx, fresh, &before, error).await,
    };
    let reading = beside(found.reading, &before);
    let verdict = weigh(&reading, &known.feed.guard, &ceiling);
    let report = Report { found: reading, verdict, applied: found.aside, ..fresh };
    let row = report.to_row(Stage::Applying, cx.house.clock.now())?;
    keep(cx, row.clone()).await?;
    finish(cx, &known, Report { row, ..report }, before.first(), Some(mark)).await
}

/// Sources whose next reading is due, and readings that somebody left.
pub async fn due(cx: &Cx) -> Result<Vec<ConnectionName>, AppError> {
    let (now, mut due) = (cx.house.clock.now(), Vec::new());
    for (name, known) in &cx.house.estate().connections {
        let Some(minutes) = known.feed.every_minutes.filter(|_| known.is_source) else { continue };
        let source = name.clone();
        let last = cx.house.store.read(move |tx| Box::pin(async move { readings::list(tx, &source, 1).await }));
        let last = last.await.map_err(stored)?;
        let since = |moment: Timestamp| now.duration_since(moment);
        let pause = jiff::SignedDuration::from_mins(minutes.into());
        let is_due = last.first().is_none_or(|last| match last.stage {
            Stage::Surveying | Stage::Applying => since(last.touched_at) > READING_LEFT_AFTER,
            Stage::Done | Stage::Held | Stage::Failed => since(last.started_at) >= pause,
        });
        due.extend(is_due.then(|| name.clone()));
    }
    Ok(due)
}

pub(super) fn source(cx: &Cx, name: &ConnectionName) -> Result<Connection, AppError> {
    match cx.house.estate().connections.get(name) {
        Some(known) if known.is_source => Ok(known.clone()),
        Some(_) => Err(AppError::Conflict(format!("connection `{name}` is not a source"))),
        None => Err(AppError::no("connection", name)),
    }
}

pub(super) async fn earlier(cx: &Cx, name: &ConnectionName) -> Result<Vec<Report>, AppError> {
    let source = name.clone();
    let rows =
        cx.house.store.read(move |tx| Box::pin(async move { readings::list(tx, &source, READINGS_COMPARED).await }));
    rows.await.map_err(stored)?.into_iter().map(Report::of).collect()
}

fn accepted(before: &[Report], number: i64) -> Result<Ceiling, AppError> {
    let held = before.iter().find(|reading| reading.row.number == number);
    let held = held.ok_or_else(|| AppError::no("reading", number))?;
    if held.row.stage != Stage::Held {
        return Err(AppError::Conflict(format!("reading {number} withholds nothing")));
    }
    Ok(Ceiling::of(&held.verdict.reasons))
}

fn blank(name: &ConnectionName, number: i64, now: Timestamp) -> Report {
    let row = ReadingRow {
        source: name.clone(),
        number,
        stage: Stage::Surveying,
        started_at: now,
        touched_at: now,
        found: "{}".to_owned(),
        verdict: "{}".to_owned(),
        applied: "{}".to_owned(),
        answer: None,
    };
    let (found, verdict, applied) = (Reading::default(), Verdict::default(), Applied::default());
    Report { row, found, failure: None, verdict, applied }
}

async fn begin(cx: &Cx, fresh: &Report) -> Result<(), AppError> {
    let (row, number) = (fresh.to_row(Stage::Surveying, fresh.row.started_at)?, fresh.row.number);
    let begun = cx.house.store.write(move |tx| {
        Box::pin(async move {
            readings::unstage(tx, &row.source, None).await?;
            readings::insert(tx, &row).await
        })
    });
    if begun.await.map_err(stored)? {
        return Ok(());
    }
    Err(AppError::Conflict(format!("reading {number} was begun by somebody else just now")))
}

async fn surveyed(
    cx: &Cx,
    name: &ConnectionName,
    feed: &Feed,
    now: Timestamp,
    keep: Keep,
) -> Result<super::survey::Surveyed, AppError> {
    let connector = cx.house.connector(name).ok_or_else(|| {
        AppError::Conflict(format!("connection `{name}` only delivers events; there is nothing to read"))
    })?;
    let today = now.to_zoned(feed.columns.zone_usual.rules()).date();
    Survey::new(&cx.house, name, feed, today, keep).run(connector.as_ref()).await
}

/// The reading beside those before it.
fn beside(reading: Reading, before: &[Report]) -> Reading {
    let good = |one: &&Report| matches!(one.row.stage, Stage::Done | Stage::Held);
    let mut rows: Vec<u64> =
        before.iter().filter(|one| one.row.stage == Stage::Done).take(7).map(|one| one.found.rows).collect();
    rows.sort_unstable();
    let rows_usual = rows.get(rows.len() / 2).copied();
    let mut marks = before.iter().filter(good);
    let is_last = marks.next().is_some_and(|last| last.found.mark == reading.mark);
    let same = marks.find(|one| one.found.mark == reading.mark && !is_last).map(|one| one.row.number);
    Reading { rows_usual, repeats: same, ..reading }
}

/// Takes in what was put ready, and ends a reading. `mark`: the mapping that all of it went through.
async fn finish(
    cx: &Cx,
    known: &Connection,
    report: Report,
    last: Option<&Report>,
    mark: Option<String>,
) -> Result<Report, AppError> {
    let report = apply(cx, &known.feed, &known.person_key, report).await?;
    let is_held = report.applied.withheld > 0 || !report.verdict.is_free();
    let stage = if is_held { Stage::Held } else { Stage::Done };
    let row = report.to_row(stage, cx.house.clock.now())?;
    // The same feed once more is no news.
    let is_told = last.is_some_and(|last| last.row.stage == Stage::Held && last.found.mark == report.found.mark);
    let why = report.verdict.reasons.iter().map(|reason| reason.sentence.as_str()).collect::<Vec<_>>().join("; ");
    let tell = (is_held && !is_told).then_some((NoticeKind::FeedHeld, why));
    close(cx, row.clone(), tell, mark).await?;
    Ok(Report { row, ..report })
}

async fn failed(cx: &Cx, report: Report, before: &[Report], error: AppError) -> Result<Report, AppError> {
    let AppError::Target(refusal) = error else { return Err(error) };
    let why = refusal.message.clone();
    let is_told = before.first().is_some_and(|last| last.failure.as_ref() == Some(&why));
    let tell = (!is_told).then(|| (NoticeKind::FeedFailed, why.clone()));
    fail(cx, report, why, tell).await
}

async fn fail(cx: &Cx, report: Report, why: String, tell: Option<(NoticeKind, String)>) -> Result<Report, AppError> {
    let report = Report { failure: Some(why), ..report };
    let row = report.to_row(Stage::Failed, cx.house.clock.now())?;
    close(cx, row.clone(), tell, None).await?;
    Ok(Report { row, ..report })
}

async fn keep(cx: &Cx, row: ReadingRow) -> Result<(), AppError> {
    let kept = cx.house.store.write(move |tx| Box::pin(async move { readings::update(tx, &row).await }));
    kept.await.map_err(stored)
}

/// Ends a reading, and tells whoever asked to be told, once.
async fn close(
    cx: &Cx,
    row: ReadingRow,
    tell: Option<(NoticeKind, String)>,
    mark: Option<String>,
) -> Result<(), AppError> {
    let mut told = Vec::new();
    if let Some((kind, why)) = tell {
        let data = [
            ("connection".to_owned(), row.source.to_string()),
            ("reading".to_owned(), row.number.to_string()),
            ("why".to_owned(), why),
        ];
        told = write::of(&cx.house, kind, data.into(), None);
    }
    let entry = crate::record::entry(cx.house.clock.as_ref(), &cx.actor, "feed.read");
    let mut entry = tenure_ledger::Entry { system: Some(row.source.clone()), ..entry };
    entry.decision = Some(tenure_ledger::Word::or_hash(row.stage.word()));
    let ids = std::sync::Arc::clone(&cx.house.ids);
    // A reading in which nothing changed leaves its row and nothing else.
    let is_news = !told.is_empty() || row.applied != DONE_NOTHING;
    let closed = cx.house.store.write(move |tx| {
        Box::pin(async move {
            readings::unstage(tx, &row.source, None).await?;
            readings::update(tx, &row).await?;
            if let Some(mark) = mark {
                remap::note(tx, &row.source, &mark).await?;
            }
            for notice in told {
                notices::insert(tx, &notice).await?;
            }
            if is_news {
                crate::record::write(tx, ids.as_ref(), &entry).await?;
            }
            Ok(())
        })
    });
    closed.await.map_err(|error: StoreError| AppError::from(error))
}

const DONE_NOTHING: &str = r#"{"new":0,"changed":0,"gone":0,"withheld":0,"quarantined":0,"quarantinedFirst":[]}"#;
