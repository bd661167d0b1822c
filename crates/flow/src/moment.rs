//! Spans and moments as people write them: `2h`, `5bd`, `person.lastDay - 7d 18:00`.
//!
//! A day is a day on the calendar of a zone, also when the clock changes in between; a working day
//! and a working hour follow a [`Calendar`]. Everything here is worked out from what is handed in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::condition::Scope;
use crate::formula::ROOTS;
use crate::limits;

/// A length of time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// Hours, minutes, seconds, milliseconds: they pass for everybody alike.
    Exact(Duration),
    /// Days on the calendar.
    Days(u32),
    /// Days on which people work.
    WorkingDays(u32),
    /// Hours in which people work, in minutes.
    WorkingMinutes(u32),
}

/// Why a text is not a span or a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMoment(pub String);

impl FromStr for Span {
    type Err = BadMoment;
    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let bad = || {
            BadMoment(format!(
                "`{}` is no length of time; write `30s`, `15m`, `8h`, `3d`, `2w`, `5bd` (working days) or `8bh` (working hours)",
                text.chars().take(40).collect::<String>()
            ))
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at_checked(digits).ok_or_else(bad)?;
        let count: u32 = count.parse().map_err(|_| bad())?;
        let seconds = |each: u64| Self::Exact(Duration::from_secs(u64::from(count) * each));
        let span = match unit {
            "ms" => Self::Exact(Duration::from_millis(u64::from(count))),
            "s" => seconds(1),
            "m" => seconds(60),
            "h" => seconds(3_600),
            "d" => Self::Days(count),
            "w" => Self::Days(count.checked_mul(7).ok_or_else(bad)?),
            "bd" => Self::WorkingDays(count),
            "bh" => Self::WorkingMinutes(count.checked_mul(60).ok_or_else(bad)?),
            _ => return Err(bad()),
        };
        if span.days_about() > limits::SPAN_DAYS_MAX {
            return Err(BadMoment(format!("`{text}` is longer than {} days", limits::SPAN_DAYS_MAX)));
        }
        Ok(span)
    }
}

impl TryFrom<String> for Span {
    type Error = BadMoment;
    fn try_from(text: String) -> Result<Self, BadMoment> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(span) if span.subsec_millis() > 0 => write!(f, "{}ms", span.as_millis()),
            Self::Exact(span) if span.as_secs() % 3_600 == 0 && !span.is_zero() => {
                write!(f, "{}h", span.as_secs() / 3_600)
            }
            Self::Exact(span) if span.as_secs() % 60 == 0 && !span.is_zero() => write!(f, "{}m", span.as_secs() / 60),
            Self::Exact(span) => write!(f, "{}s", span.as_secs()),
            Self::Days(days) => write!(f, "{days}d"),
            Self::WorkingDays(days) => write!(f, "{days}bd"),
            Self::WorkingMinutes(minutes) => write!(f, "{}bh", minutes / 60),
        }
    }
}

impl Span {
    /// Whether only a calendar can say how long it is.
    pub fn is_of_work(self) -> bool {
        matches!(self, Self::WorkingDays(_) | Self::WorkingMinutes(_))
    }

    /// About how many days it takes, for limits.
    fn days_about(self) -> u64 {
        match self {
            Self::Exact(span) => span.as_secs() / 86_400,
            Self::Days(days) => u64::from(days),
            Self::WorkingDays(days) => u64::from(days) * 2,
            Self::WorkingMinutes(minutes) => u64::from(minutes) / 240,
        }
    }

    /// The moment that is this much later. Days keep the time of day in this zone.
    pub fn after(self, from: Timestamp, zone: &TimeZone, calendar: Option<&Calendar>) -> Result<Timestamp, BadMoment> {
        let needed = || BadMoment(format!("`{self}` needs a calendar; name one with `calendar`"));
        match self {
            Self::Exact(span) => later(from, span),
            Self::Days(days) => shifted(from, zone, i64::from(days)),
            Self::WorkingDays(days) => calendar.ok_or_else(needed)?.add_days(from, days, zone),
            Self::WorkingMinutes(minutes) => calendar.ok_or_else(needed)?.add_minutes(from, minutes, zone),
        }
    }

    /// The moment that is this much earlier. Working time is only counted forwards.
    pub fn before(self, from: Timestamp, zone: &TimeZone) -> Result<Timestamp, BadMoment> {
        match self {
            Self::Exact(span) => {
                let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
                from.checked_sub(span).map_err(|_| too_far())
            }
            Self::Days(days) => shifted(from, zone, -i64::from(days)),
            Self::WorkingDays(_) | Self::WorkingMinutes(_) => {
                Err(BadMoment(format!("`{self}` is counted forwards only; count backwards in `d` or `h`")))
            }
        }
    }
}

fn too_far() -> BadMoment {
    BadMoment("the moment is too far away".to_owned())
}

fn later(from: Timestamp, span: Duration) -> Result<Timestamp, BadMoment> {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    from.checked_add(span).map_err(|_| too_far())
}

fn shifted(from: Timestamp, zone: &TimeZone, days: i64) -> Result<Timestamp, BadMoment> {
    let there = from.to_zoned(zone.clone()).checked_add(days.days());
    there.map(|there| there.timestamp()).map_err(|_| too_far())
}

/// When people work: hours of each weekday, and the days on which they do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// The zone of the hours; without one they are those of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// From when until when, by weekday: `mon: "09:00-17:00"`.
    pub hours: BTreeMap<Day, Hours>,
    /// Days on which nobody works.
    #[serde(default)]
    pub holidays: BTreeSet<Date>,
}

/// A weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// From when until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: Time,
    until: Time,
}

impl TryFrom<String> for Hours {
    type Error = BadMoment;
    fn try_from(text: String) -> Result<Self, BadMoment> {
        let bad = || BadMoment(format!("`{text}` are no hours; write `09:00-17:00`"));
        let (from, until) = text.split_once('-').ok_or_else(bad)?;
        let (from, until) = (time(from.trim()).ok_or_else(bad)?, time(until.trim()).ok_or_else(bad)?);
        if from < until { Ok(Self { from, until }) } else { Err(bad()) }
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        format!("{}-{}", hours.from.strftime("%H:%M"), hours.until.strftime("%H:%M"))
    }
}

/// A time of day.
pub(crate) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl Calendar {
    /// Checks what the form alone cannot: that somebody works at all, and that the zone is one.
    pub fn check(&self) -> Result<(), BadMoment> {
        if self.hours.is_empty() {
            return Err(BadMoment(
                "nobody ever works by this calendar; give `hours` to at least one weekday".to_owned(),
            ));
        }
        match self.zone.as_deref().map(TimeZone::get) {
            Some(Err(_)) => {
                Err(BadMoment("`zone` is not a known time zone; use a name such as `Europe/Berlin`".to_owned()))
            }
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn zone<'a>(&self, theirs: &'a TimeZone) -> std::borrow::Cow<'a, TimeZone> {
        let own = self.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        own.map_or(std::borrow::Cow::Borrowed(theirs), std::borrow::Cow::Owned)
    }

    /// The hours of a day; none where nobody works.
    fn hours_of(&self, day: Date) -> Option<Hours> {
        if self.holidays.contains(&day) {
            return None;
        }
        let weekday = match day.weekday() {
            Weekday::Monday => Day::Mon,
            Weekday::Tuesday => Day::Tue,
            Weekday::Wednesday => Day::Wed,
            Weekday::Thursday => Day::Thu,
            Weekday::Friday => Day::Fri,
            Weekday::Saturday => Day::Sat,
            Weekday::Sunday => Day::Sun,
        };
        self.hours.get(&weekday).copied()
    }

    /// So many working days later at the same time of day, counted from when work next goes on.
    fn add_days(&self, from: Timestamp, days: u32, theirs: &TimeZone) -> Result<Timestamp, BadMoment> {
        let zone = self.zone(theirs);
        let begin = self.add_minutes(from, 0, theirs)?.to_zoned(zone.as_ref().clone()).datetime();
        let (mut day, mut left) = (begin.date(), days);
        for _ in 0..limits::CALENDAR_DAYS_MAX {
            if let Some(hours) = self.hours_of(day) {
                if left == 0 {
                    return moment(day, begin.time().clamp(hours.from, hours.until), &zone);
                }
                left -= 1;
            }
            day = day.tomorrow().map_err(|_| too_far())?;
        }
        Err(never())
    }

    /// So many minutes of work later: the clock stands still outside the hours.
    fn add_minutes(&self, from: Timestamp, minutes: u32, theirs: &TimeZone) -> Result<Timestamp, BadMoment> {
        let zone = self.zone(theirs);
        let mut left = SignedDuration::from_secs(i64::from(minutes) * 60);
        let mut day = from.to_zoned(zone.as_ref().clone()).date();
        for _ in 0..limits::CALENDAR_DAYS_MAX {
            if let Some(hours) = self.hours_of(day) {
                let begin = moment(day, hours.from, &zone)?.max(from);
                let end = moment(day, hours.until, &zone)?;
                let there = end.duration_since(begin);
                // Whoever asks at the end of a day begins on the next.
                if there.is_positive() && left <= there {
                    return begin.checked_add(left).map_err(|_| too_far());
                }
                left -= there.max(SignedDuration::ZERO);
            }
            day = day.tomorrow().map_err(|_| too_far())?;
        }
        Err(never())
    }
}

fn never() -> BadMoment {
    BadMoment(format!("the calendar has not that much work within {} days", limits::CALENDAR_DAYS_MAX))
}

/// The moment at which it is so late on a day of a zone.
pub(crate) fn moment(day: Date, time: Time, zone: &TimeZone) -> Result<Timestamp, BadMoment> {
    DateTime::from_parts(day, time).to_zoned(zone.clone()).map(|there| there.timestamp()).map_err(|_| too_far())
}

/// A moment as it is written: `person.lastDay - 7d 18:00 Europe/Berlin`.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    base: Base,
    shifts: Vec<(bool, Span)>,
    time: Option<Time>,
    zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Base {
    Place(String),
    Day(Date),
    Exactly(Timestamp),
}

impl FromStr for Moment {
    type Err = BadMoment;
    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let mut words = text.split_whitespace();
        let base = base(words.next().unwrap_or_default())?;
        let mut moment = Self { base, shifts: Vec::new(), time: None, zone: None };
        while let Some(word) = words.next() {
            let (sign, rest) = match word.split_at_checked(1) {
                Some(("-", rest)) => (Some(true), rest),
                Some(("+", rest)) => (Some(false), rest),
                _ => (None, word),
            };
            if let Some(earlier) = sign {
                let span = if rest.is_empty() { words.next().unwrap_or_default() } else { rest };
                moment.shifts.push((earlier, span.parse()?));
            } else if let Some(at) = time(word) {
                moment.time = Some(at);
            } else if word == "person.zone" || word == "person.tz" {
                moment.zone = None;
            } else if TimeZone::get(word).is_ok() {
                moment.zone = Some(word.to_owned());
            } else {
                return Err(BadMoment(format!(
                    "`{word}` is neither a shift such as `- 7d`, a time such as `18:00`, nor a zone such as `Europe/Berlin`"
                )));
            }
        }
        Ok(moment)
    }
}

fn base(word: &str) -> Result<Base, BadMoment> {
    if let Ok(exactly) = word.parse() {
        return Ok(Base::Exactly(exactly));
    }
    if let Ok(day) = word.parse() {
        return Ok(Base::Day(day));
    }
    let root = word.split('.').next().unwrap_or_default();
    if ROOTS.contains(&root) && word.len() > root.len() + 1 {
        return Ok(Base::Place(format!("/{}", word.replace('.', "/"))));
    }
    Err(BadMoment(format!(
        "`{}` is no moment; write one such as `person.lastDay 18:00`, `2026-12-01` or `input.until`",
        word.chars().take(60).collect::<String>()
    )))
}

impl Moment {
    /// The place that it reads, as a pointer.
    pub fn place(&self) -> Option<&str> {
        match &self.base {
            Base::Place(place) => Some(place),
            Base::Day(_) | Base::Exactly(_) => None,
        }
    }

    /// When that is. A day without a time begins where the person works.
    pub fn at(&self, scope: &Scope<'_>, calendar: Option<&Calendar>) -> Result<Timestamp, BadMoment> {
        let zone = self.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(|| scope.zone());
        let mut at = match &self.base {
            Base::Exactly(at) => *at,
            Base::Day(day) => start_of(*day, &zone)?,
            Base::Place(place) => {
                let found = scope.at(place).filter(|found| !found.is_null());
                let found = found.ok_or_else(|| {
                    BadMoment(format!("{} is not known", place.trim_start_matches('/').replace('/', ".")))
                })?;
                let text = found.as_str().unwrap_or_default();
                match (text.parse::<Timestamp>(), text.parse::<Date>()) {
                    (Ok(at), _) => at,
                    (_, Ok(day)) => start_of(day, &zone)?,
                    _ => return Err(BadMoment(format!("`{found}` is neither a day nor a moment"))),
                }
            }
        };
        for (earlier, span) in &self.shifts {
            at = if *earlier { span.before(at, &zone)? } else { span.after(at, &zone, calendar)? };
        }
        match self.time {
            Some(time) => moment(at.to_zoned(zone.clone()).date(), time, &zone),
            None => Ok(at),
        }
    }
}

fn start_of(day: Date, zone: &TimeZone) -> Result<Timestamp, BadMoment> {
    let there = day.to_zoned(zone.clone()).and_then(|there| there.start_of_day());
    there.map(|there| there.timestamp()).map_err(|_| too_far())
}

#[cfg(test)]
mod tests;
