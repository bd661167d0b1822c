//! Reading everything that a system has, page by page.
//!
//! Only after a whole reading is absence taken for a fact, and only if not too much is absent at
//! once: a system that forgot half of its accounts is more often ill than emptied.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_connect::{AnyConnector, ChangeFeed, Changes, Completeness, ObjectClass, Page, Query, Seen};
use tenure_model::ConnectionName;
use tenure_policy::drift::missing_max;
use tenure_store::readings::Tally;

use super::judge::{self, Judged};
use super::known::{Known, Met};
use super::turn::Hold;
use super::{Sighting, missing, observation};
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{EXPECTED_LESS_MAX, JUDGED_AT_ONCE, READING_PAGE, READING_PAGES_MAX};

/// What a whole reading came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    /// In numbers.
    pub(super) tally: Tally,
    /// Where the system's own list of changes goes on.
    pub(super) token: Option<String>,
    /// What was found, for whoever acts on it.
    pub(super) judged: Judged,
}

/// Reads everything.
#[tracing::instrument(name = "app.reconcile.whole", skip_all, fields(connection = %connection))]
pub(super) async fn whole(
    house: &Arc<House>,
    connection: &ConnectionName,
    hold: &mut Hold<'_>,
) -> Result<Read, AppError> {
    let connector = house.connector(connection).ok_or_else(|| AppError::no("way to connection", connection))?;
    // The token first: what changes while we read is then told once more, which does no harm.
    let token = first_token(connector.as_ref()).await?;
    let mut known = Known::load(house, connection).await?;
    let mut read = Read { token, ..Read::default() };
    let page = Page::first_of(READING_PAGE.min(connector.describe().limits.page_objects_max));
    let worth = pages(house, connection, connector.as_ref(), page, &mut known, &mut read, hold).await?;
    read.tally.doubt = worth.or_else(|| too_few(house, connection, &known));
    if read.tally.doubt.is_none() && known.missing() > 0 {
        let gone = missing::conclude(house, connection, connector.as_ref(), &known, hold).await?;
        read.tally.missing = gone.missing;
        read.judged.add(gone);
    }
    read.tally.new = read.judged.new;
    read.tally.linked = read.judged.linked;
    read.tally.changed = read.judged.changed;
    read.tally.left = read.judged.left;
    read.tally.drifts = u64::try_from(read.judged.drifts.len()).unwrap_or(u64::MAX);
    Ok(read)
}

async fn first_token(connector: &dyn AnyConnector) -> Result<Option<String>, AppError> {
    if connector.describe().feed(ObjectClass::Account) == ChangeFeed::None {
        return Ok(None);
    }
    match connector.changes(ObjectClass::Account, None).await.map_err(AppError::Target)? {
        Changes::Since { next, .. } => Ok(Some(next.as_str().to_owned())),
        Changes::Reset { .. } => Ok(None),
    }
}

/// Reads every page. Says why the reading is not whole, if it is not.
async fn pages(
    house: &Arc<House>,
    connection: &ConnectionName,
    connector: &dyn AnyConnector,
    mut page: Page,
    known: &mut Known,
    read: &mut Read,
    hold: &mut Hold<'_>,
) -> Result<Option<String>, AppError> {
    let query = Query::accounts();
    let mut waiting: Vec<Sighting> = Vec::new();
    let mut expected = None;
    for _ in 0..READING_PAGES_MAX {
        hold.renew().await?;
        let asked_at = house.clock.now();
        let batch = connector.read(&query, &page).await.map_err(AppError::Target)?;
        expected = batch.expected.or(expected);
        read.tally.read += u64::try_from(batch.objects.len()).unwrap_or(u64::MAX);
        waiting.extend(others(house, connection, &batch.objects, known, asked_at));
        while waiting.len() >= JUDGED_AT_ONCE {
            let rest = waiting.split_off(JUDGED_AT_ONCE);
            let part = std::mem::replace(&mut waiting, rest);
            read.judged.add(judge::judge(house, connection, part).await?);
        }
        match (batch.completeness, batch.next) {
            (Completeness::Open, Some(token)) => page = page.then(token),
            (worth, _) => {
                read.judged.add(judge::judge(house, connection, waiting).await?);
                return Ok(doubt(&worth, expected, read.tally.read));
            }
        }
    }
    read.judged.add(judge::judge(house, connection, waiting).await?);
    Ok(Some(format!("it did not come to an end within {READING_PAGES_MAX} pages")))
}

/// Those that are not as they were.
fn others(
    house: &House,
    connection: &ConnectionName,
    objects: &[Seen],
    known: &mut Known,
    asked_at: Timestamp,
) -> Vec<Sighting> {
    let accounts = objects.iter().filter_map(Seen::account);
    let seen = accounts.filter_map(|account| observation(house, connection, None, account));
    seen.filter(|seen| known.meet(&seen.native_id, &seen.hash) == Met::Other)
        .map(|seen| Sighting { seen, asked_at })
        .collect()
}

/// Why a reading that ended so says nothing about what was not in it.
fn doubt(worth: &Completeness, expected: Option<u64>, read: u64) -> Option<String> {
    match (worth, expected) {
        (Completeness::Partial { why }, _) => Some(format!("the system stopped before the end: {why}")),
        (Completeness::Open, _) => Some("the system said that there is more and did not say where".to_owned()),
        (Completeness::Whole, Some(all)) if all.saturating_sub(read) > EXPECTED_LESS_MAX.max(all / 1_000) => {
            Some(format!("the system says that it has {all} accounts and gave {read}"))
        }
        (Completeness::Whole, _) => None,
    }
}

fn too_few(house: &House, connection: &ConnectionName, known: &Known) -> Option<String> {
    let estate = house.estate();
    let watching = &estate.connections.get(connection)?.watching;
    let (missing, most) = (known.missing(), missing_max(watching, known.count));
    (missing > most).then(|| {
        let all = known.count;
        format!("{missing} of {all} known accounts were not there, and more than {most} are not believed at once")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_reading_of_all_there_is_says_something_about_the_rest() {
        assert_eq!(doubt(&Completeness::Whole, None, 3), None);
        assert_eq!(doubt(&Completeness::Whole, Some(3), 3), None);
        assert_eq!(doubt(&Completeness::Whole, Some(4), 3), None, "some went while we read");
        assert!(doubt(&Completeness::Whole, Some(400), 300).is_some());
        assert!(doubt(&Completeness::Open, None, 3).is_some());
        assert!(doubt(&Completeness::Partial { why: "limit".into() }, None, 3).is_some());
    }
}
