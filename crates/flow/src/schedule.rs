//! The same moment again and again: `every: 1d at 06:00 Europe/Berlin`.
//!
//! Time is cut into periods that are the same for everybody and for ever, so that whoever asks when
//! the present one began gets the same answer on every node and after every restart. Days are days
//! on the calendar of the zone, also when its clock changes; weeks begin on a Monday.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::limits::SCHEDULE_EVERY_MIN;
use crate::moment::{BadMoment, Span, moment, time};

/// The same moment again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    every: Every,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Every {
    /// Counted from the beginning of 1970.
    Exact(Duration),
    /// So many days, each beginning at this time of this zone.
    Days { days: u32, at: Time, zone: String },
}

/// A Monday, from which days are counted.
const MONDAY: Date = Date::constant(1970, 1, 5);

impl Schedule {
    /// Reads how far apart the periods are, and when a day begins: `06:00`, perhaps with a zone.
    pub fn read(every: Span, at: Option<&str>) -> Result<Self, BadMoment> {
        let every = match (every, at) {
            (Span::Exact(span), None) if span >= SCHEDULE_EVERY_MIN => Every::Exact(span),
            (Span::Exact(_), None) => {
                let least = Span::Exact(SCHEDULE_EVERY_MIN);
                return Err(BadMoment(format!(
                    "`{every}` is too often; everybody is looked at each time, so write `{least}` or more"
                )));
            }
            (Span::Exact(_), Some(_)) => {
                return Err(BadMoment(format!(
                    "`at` says when a day begins, and `{every}` is no number of days; leave one of the two out"
                )));
            }
            (Span::Days(days @ 1..), at) => {
                let (at, zone) = day_begins(at.unwrap_or("00:00"))?;
                Every::Days { days, at, zone }
            }
            (Span::Days(0) | Span::WorkingDays(_) | Span::WorkingMinutes(_), _) => {
                return Err(BadMoment(format!(
                    "`{every}` cannot come again and again; write such as `6h`, `1d` or `1w`"
                )));
            }
        };
        Ok(Self { every })
    }

    /// When the present period began.
    pub fn begun(&self, now: Timestamp) -> Timestamp {
        self.around(now).into_iter().filter(|begins| *begins <= now).max().unwrap_or(Timestamp::MIN)
    }

    /// When the next one begins.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        self.around(now).into_iter().filter(|begins| *begins > now).min().unwrap_or(Timestamp::MAX)
    }

    /// When the periods about this moment begin: before the hour of a first day it is still the
    /// period before.
    fn around(&self, now: Timestamp) -> [Timestamp; 3] {
        match &self.every {
            Every::Exact(span) => {
                let span = i128::try_from(span.as_millis()).unwrap_or(i128::MAX);
                let now = i128::from(now.as_millisecond());
                let begun = now - now.rem_euclid(span);
                [begun - span, begun, begun + span].map(|begins| {
                    let begins = i64::try_from(begins).unwrap_or(i64::MIN);
                    Timestamp::from_millisecond(begins).unwrap_or(Timestamp::MIN)
                })
            }
            Every::Days { days, at, zone } => {
                let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
                let today = now.to_zoned(zone.clone()).date();
                let since = today.duration_since(MONDAY).as_hours() / 24;
                let (days, first) = (i64::from(*days), since - since.rem_euclid(i64::from(*days)));
                [first - days, first, first + days].map(|day| {
                    MONDAY
                        .checked_add(day.days())
                        .ok()
                        .and_then(|day| moment(day, *at, &zone).ok())
                        .unwrap_or(Timestamp::MIN)
                })
            }
        }
    }
}

/// When a day begins, and where.
fn day_begins(text: &str) -> Result<(Time, String), BadMoment> {
    let bad = || {
        BadMoment(format!(
            "`{}` is no time of day; write `06:00` or `06:00 Europe/Berlin`",
            text.chars().take(60).collect::<String>()
        ))
    };
    let mut words = text.split_whitespace();
    let at = words.next().and_then(time).ok_or_else(bad)?;
    let zone = words.next().unwrap_or("UTC").to_owned();
    if words.next().is_some() || TimeZone::get(&zone).is_err() {
        return Err(bad());
    }
    Ok((at, zone))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.every {
            Every::Exact(span) => write!(f, "{}", Span::Exact(*span)),
            Every::Days { days, at, zone } => write!(f, "{days}d at {} {zone}", at.strftime("%H:%M")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(every: &str, at: Option<&str>) -> Result<Schedule, String> {
        Schedule::read(every.parse().unwrap(), at).map_err(|bad| bad.to_string())
    }

    #[test]
    fn a_period_begins_at_the_same_moment_for_whoever_asks() {
        for (every, at, now, begun) in [
            ("6h", None, "2026-11-28T05:59:59Z", "2026-11-28T00:00:00Z"),
            ("6h", None, "2026-11-28T06:00:00Z", "2026-11-28T06:00:00Z"),
            ("1d", None, "2026-11-28T23:59:59Z", "2026-11-28T00:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-11-28T04:59:59Z", "2026-11-27T05:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-11-28T05:00:00Z", "2026-11-28T05:00:00Z"),
            // The clocks of Berlin went back on the 25th and forward on the 29th; the hour stays.
            ("1d", Some("06:00 Europe/Berlin"), "2026-10-25T05:00:00Z", "2026-10-25T05:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-03-29T04:00:00Z", "2026-03-29T04:00:00Z"),
            // A time that the clocks leave out comes an hour later by them.
            ("1d", Some("02:30 Europe/Berlin"), "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),
            ("1w", Some("06:00"), "2026-11-28T12:00:00Z", "2026-11-23T06:00:00Z"),
            ("1w", Some("06:00"), "2026-11-23T05:59:00Z", "2026-11-16T06:00:00Z"),
            ("30d", None, "1969-12-31T00:00:00Z", "1969-12-06T00:00:00Z"),
        ] {
            let found = schedule(every, at).unwrap().begun(now.parse().unwrap());
            assert_eq!(found.to_string(), begun, "{every} {at:?} at {now}");
        }
    }

    #[test]
    fn the_next_period_begins_where_the_present_one_ends() {
        for (every, at, now, next) in [
            ("6h", None, "2026-11-28T06:00:00Z", "2026-11-28T12:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-11-28T04:59:59Z", "2026-11-28T05:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-11-28T05:00:00Z", "2026-11-29T05:00:00Z"),
            ("1d", Some("06:00 Europe/Berlin"), "2026-10-24T04:00:00Z", "2026-10-25T05:00:00Z"),
            ("1w", Some("06:00"), "2026-11-23T05:59:00Z", "2026-11-23T06:00:00Z"),
            ("1w", Some("06:00"), "2026-11-28T12:00:00Z", "2026-11-30T06:00:00Z"),
        ] {
            let schedule = schedule(every, at).unwrap();
            let found = schedule.next(now.parse().unwrap());
            assert_eq!(found.to_string(), next, "{every} {at:?} after {now}");
            assert_eq!(schedule.begun(found), found, "{every} {at:?} after {now}");
        }
    }

    #[test]
    fn what_cannot_come_again_and_again_is_refused() {
        for (every, at, why) in [
            ("1m", None, "too often"),
            ("6h", Some("06:00"), "no number of days"),
            ("5bd", None, "cannot come again"),
            ("0d", None, "cannot come again"),
            ("1d", Some("6 o'clock"), "no time of day"),
            ("1d", Some("06:00 Nowhere/City"), "no time of day"),
        ] {
            let refused = schedule(every, at).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
