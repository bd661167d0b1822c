//! Whose turn it is: which connection is to be read now, and by whom.
//!
//! Any number of nodes may ask; a reading belongs to one of them for a while and is taken over
//! when that node dies. Everything that a reading came to is written at its end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_connect::{ChangeFeed, ObjectClass};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{Actor, ConnectionName};
use tenure_policy::drift::is_due;
use tenure_store::readings::{self, Reading, Tally};
use tenure_store::{StoreError, Tx};
use uuid::Uuid;

use super::act;
use super::follow::{Followed, follow};
use super::judge::Judged;
use super::whole::whole;
use crate::cx::House;
use crate::error::AppError;
use crate::estate::Connection;
use crate::limits::{FIRST_READING_AFTER, READING_AGAIN, READING_HOLD, READING_LEFT_AGAIN};
use crate::record;

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Read everything.
    Whole,
    /// Ask what changed.
    Follow,
}

/// The right to read a connection for a while.
#[derive(Debug)]
pub struct Hold<'h> {
    house: &'h House,
    connection: ConnectionName,
    holder: Uuid,
    renewed: Duration,
}

impl<'h> Hold<'h> {
    /// Takes it. Nothing if somebody else has it.
    pub(super) async fn take(
        house: &'h House,
        connection: &ConnectionName,
        holder: Uuid,
    ) -> Result<Option<Self>, AppError> {
        let renewed = house.clock.elapsed();
        let hold = Self { house, connection: connection.clone(), holder, renewed };
        Ok(hold.claim().await?.then_some(hold))
    }

    async fn claim(&self) -> Result<bool, AppError> {
        let (name, holder, now) = (self.connection.clone(), self.holder, self.house.clock.now());
        let until = now.checked_add(signed(READING_HOLD)).unwrap_or(Timestamp::MAX);
        let job = self
            .house
            .store
            .write(move |tx| Box::pin(async move { readings::claim(tx, &name, holder, now, until).await }));
        job.await.map_err(|error: StoreError| AppError::from(error))
    }

    /// Says that we still read. Fails if somebody else took it over.
    pub(super) async fn renew(&mut self) -> Result<(), AppError> {
        let now = self.house.clock.elapsed();
        if now.saturating_sub(self.renewed) < READING_HOLD / 4 {
            return Ok(());
        }
        self.renewed = now;
        if self.claim().await? {
            return Ok(());
        }
        Err(AppError::Conflict(format!("another node reads `{}` now", self.connection)))
    }
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

/// Connections that are to be read now. `began` is when this process did.
pub async fn due(house: &House, began: Timestamp) -> Result<Vec<(ConnectionName, Due)>, StoreError> {
    let known: Vec<Reading> = house.store.read(|tx| Box::pin(async move { readings::all(tx).await })).await?;
    let now = house.clock.now();
    let mut due = Vec::new();
    let estate = house.estate();
    for (name, connection) in estate.connections.iter().filter(|(_, known)| known.is_target) {
        let Some(connector) = house.connector(name) else { continue };
        let reading = known.iter().find(|reading| reading.connection == *name);
        let feed = connector.describe().feed(ObjectClass::Account);
        due.extend(what(connection, reading, feed, began, now).map(|what| (name.clone(), what)));
    }
    Ok(due)
}

fn what(
    connection: &Connection,
    reading: Option<&Reading>,
    feed: ChangeFeed,
    began: Timestamp,
    now: Timestamp,
) -> Option<Due> {
    let watching = &connection.watching;
    let warm = is_due(Some(began), Some(FIRST_READING_AFTER), now);
    let Some(reading) = reading else { return (watching.every.is_some() && warm).then_some(Due::Whole) };
    if reading.held_until > now {
        return None;
    }
    if reading.asked_at.is_some_and(|asked| reading.tried_at.is_none_or(|tried| tried < asked)) {
        return Some(Due::Whole);
    }
    let failed = reading.failure.is_some() || reading.tally.doubt.is_some();
    // Accounts that runs worked on were left out, and are not to wait for the next day.
    let at_most = match reading.tally.left {
        _ if failed => READING_AGAIN,
        0 => Duration::MAX,
        _ => READING_LEFT_AGAIN,
    };
    let every = watching.every.map(|every| every.min(at_most));
    let first = reading.tried_at.is_none();
    if is_due(reading.tried_at, every, now) && (!first || warm) {
        return Some(Due::Whole);
    }
    let follows = feed != ChangeFeed::None && reading.token.is_some();
    (follows && is_due(reading.followed_at.or(reading.whole_at), watching.follow, now)).then_some(Due::Follow)
}

/// Does it, unless somebody else does. What it came to, if it came to something.
pub async fn turn(
    house: &std::sync::Arc<House>,
    connection: &ConnectionName,
    due: Due,
    holder: Uuid,
) -> Result<Option<Tally>, AppError> {
    let Some(mut hold) = Hold::take(house, connection, holder).await? else { return Ok(None) };
    let began = house.clock.now();
    let before = load(house, connection).await?;
    let (reading, judged) = match due {
        Due::Whole => read_all(house, before, began, &mut hold).await?,
        Due::Follow => match follow(house, &before, &mut hold).await? {
            Followed::To { token, judged } => {
                (Reading { followed_at: Some(began), token: Some(token), failure: None, ..before }, judged)
            }
            Followed::Refused { why } => {
                (Reading { followed_at: Some(began), failure: Some(why), ..before }, Judged::default())
            }
            // The system does not remember that moment: everything is read again.
            Followed::Forgotten => read_all(house, before, began, &mut hold).await?,
        },
    };
    let told = act::act(house, connection, &reading, judged).await?;
    close(house, &reading, due, holder, told).await?;
    house.nudge();
    match reading.failure {
        Some(why) => Err(AppError::Conflict(why)),
        None => Ok(Some(reading.tally)),
    }
}

async fn load(house: &House, connection: &ConnectionName) -> Result<Reading, AppError> {
    let name = connection.clone();
    let job = house.store.read(move |tx| Box::pin(async move { readings::get(tx, &name).await }));
    let found = job.await.map_err(|error: StoreError| AppError::from(error))?;
    Ok(found.unwrap_or_else(|| Reading::never(connection.clone())))
}

/// A refusal of the system ends a reading and is kept; one of the database goes up.
async fn read_all(
    house: &std::sync::Arc<House>,
    before: Reading,
    began: Timestamp,
    hold: &mut Hold<'_>,
) -> Result<(Reading, Judged), AppError> {
    match whole(house, &before.connection.clone(), hold).await {
        Ok(read) => {
            let orphans = count_orphans(house, &before.connection).await?;
            let tally = Tally { orphans, ..read.tally };
            let believed = tally.doubt.is_none();
            let whole_at = if believed { Some(began) } else { before.whole_at };
            let reading = Reading {
                tried_at: Some(began),
                whole_at,
                followed_at: if believed { Some(began) } else { before.followed_at },
                token: read.token,
                tally,
                failure: None,
                ..before
            };
            Ok((reading, read.judged))
        }
        Err(AppError::Target(refused)) => {
            let reading = Reading { tried_at: Some(began), failure: Some(refused.message), ..before };
            Ok((reading, Judged::default()))
        }
        Err(other) => Err(other),
    }
}

async fn count_orphans(house: &House, connection: &ConnectionName) -> Result<u64, AppError> {
    let name = connection.clone();
    let job =
        house.store.read(move |tx| Box::pin(async move { tenure_store::observations::count_orphans(tx, &name).await }));
    let count = job.await.map_err(|error: StoreError| AppError::from(error))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Writes how far it came. The ledger hears of whole readings, and of others that found something.
async fn close(
    house: &std::sync::Arc<House>,
    reading: &Reading,
    due: Due,
    holder: Uuid,
    told: act::Told,
) -> Result<(), AppError> {
    let mut entry = record::entry(house.clock.as_ref(), &Actor::system("reconcile"), "reading.ended");
    entry.system = Some(reading.connection.clone());
    let worth = match (&reading.failure, &reading.tally.doubt) {
        (Some(_), _) => "refused",
        (None, Some(_)) => "doubted",
        (None, None) => "whole",
    };
    entry.decision = Some(Word::or_hash(if due == Due::Follow { "followed" } else { worth }));
    entry = entry.with(DetailKey::Count, i64::try_from(told.found).unwrap_or(i64::MAX));
    let entry = (due == Due::Whole || told.found > 0).then_some(entry);
    let (reading, ids) = (reading.clone(), std::sync::Arc::clone(&house.ids));
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            finish(tx, &reading, holder).await?;
            match entry {
                Some(entry) => record::write(tx, ids.as_ref(), &entry).await,
                None => Ok(()),
            }
        })
    });
    job.await.map_err(|error: StoreError| AppError::from(error))
}

async fn finish(tx: &mut Tx, reading: &Reading, holder: Uuid) -> Result<(), StoreError> {
    readings::finish(tx, reading, holder).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_policy::drift::Watching;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn connection(every: Option<Duration>) -> Connection {
        let watching = Watching { every, follow: Some(Duration::from_mins(1)), ..Watching::default() };
        let (title, connector, person_key) = (String::new(), String::new(), String::new());
        let feed = crate::sources::Feed::default();
        Connection { title, connector, is_source: false, is_target: true, person_key, watching, feed }
    }

    #[test]
    fn a_reading_comes_when_its_time_or_a_human_says_so() {
        let hourly = connection(Some(Duration::from_hours(1)));
        let never = connection(None);
        let read = Reading { tried_at: Some(at(0)), whole_at: Some(at(0)), ..Reading::never("ldap".parse().unwrap()) };
        let of = |known: &Connection, reading: Option<&Reading>, feed, minute| {
            what(known, reading, feed, at(-10), at(minute))
        };
        let none = ChangeFeed::None;
        assert_eq!(what(&hourly, None, none, at(0), at(0)), None);
        assert_eq!(what(&hourly, None, none, at(0), at(1)), Some(Due::Whole));
        assert_eq!(of(&never, None, none, 99), None);
        assert_eq!(of(&hourly, Some(&read), none, 59), None);
        assert_eq!(of(&hourly, Some(&read), none, 60), Some(Due::Whole));
        let asked = Reading { asked_at: Some(at(2)), ..read.clone() };
        assert_eq!(of(&never, Some(&asked), none, 3), Some(Due::Whole));
        let held = Reading { held_until: at(9), ..asked };
        assert_eq!(of(&never, Some(&held), none, 3), None);
        let failed = Reading { failure: Some("down".into()), ..read.clone() };
        assert_eq!(of(&hourly, Some(&failed), none, 5), Some(Due::Whole));
        let tally = Tally { left: 1, ..Tally::default() };
        let daily = connection(Some(Duration::from_hours(24)));
        let left = Reading { tally, ..read.clone() };
        assert_eq!(of(&daily, Some(&read), none, 60), None);
        assert_eq!(of(&daily, Some(&left), none, 60), Some(Due::Whole));
        let feeds = Reading { token: Some("7".into()), ..read };
        assert_eq!(of(&never, Some(&feeds), ChangeFeed::Precise, 1), Some(Due::Follow));
        assert_eq!(of(&never, Some(&feeds), none, 1), None);
    }
}
